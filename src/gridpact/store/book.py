"""Books: arrays and a few facts as Arrow bytes, named by their digest. Arrays never pass through JSON."""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gridpact.errors import CorruptLogError
from gridpact.store.book_size import unpacked_bytes

FORMAT = "gridpact.book/1"
FACTS, SHAPES = b"gridpact.facts", b"gridpact.shapes"
LARGEST_BYTES = 2 << 30
"""Most that one book may unpack to."""
SPARE_BYTES = 1 << 20
"""What Arrow may keep beside the arrays themselves."""
_WRITING = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
_READING = pa.ipc.IpcReadOptions(use_threads=False)
_UNREADABLE = (
    pa.ArrowException,
    struct.error,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    MemoryError,
    StopIteration,
    OSError,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Book:
    """What came of an effect: arrays of any shape by name, and facts that JSON can hold exactly."""

    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Arrow IPC stream with one row: every array as one list, its shape and the facts beside it."""
        columns, shapes = [], {}
        for name, values in self.arrays.items():
            flat = np.ascontiguousarray(values).reshape(-1)
            if flat.dtype == np.bool_:
                flat = flat.view(np.uint8)
            shapes[name] = [values.dtype.str, list(values.shape)]
            offsets = pa.array([0, len(flat)], type=pa.int64())
            columns.append(pa.LargeListArray.from_arrays(offsets, pa.array(flat)))
        batch = pa.RecordBatch.from_arrays(columns, names=list(self.arrays))
        batch = batch.replace_schema_metadata(
            {b"format": FORMAT.encode(), FACTS: _json(self.facts), SHAPES: _json(shapes)}
        )
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema, options=_WRITING) as writer:
            writer.write_batch(batch)
        return bytes(sink.getvalue())

    @classmethod
    def from_bytes(cls, content: bytes, *, source: str) -> "Book":
        """The book in ``content``.

        Raises:
            CorruptLogError: it is not a book, or of a format that this gridpact does not read.
        """
        try:
            unpacked = unpacked_bytes(content)
            if unpacked > LARGEST_BYTES:
                raise ValueError(f"it unpacks to {unpacked:,} bytes, more than {LARGEST_BYTES:,}")
            with pa.ipc.open_stream(pa.py_buffer(content), options=_READING) as reader:
                known = reader.schema.metadata or {}
                shapes = json.loads(known[SHAPES])
                if known[b"format"].decode() != FORMAT:
                    raise ValueError(f"its format is {known[b'format'].decode()}, and this gridpact reads {FORMAT}")
                sizes = [np.dtype(kind).itemsize * int(np.prod(shape)) for kind, shape in shapes.values()]
                if min(sizes, default=0) < 0 or unpacked > 2 * sum(sizes) + SPARE_BYTES:
                    raise ValueError(f"it unpacks to {unpacked:,} bytes, and its arrays hold {sum(sizes):,}")
                batch = reader.read_next_batch()
                batch.validate(full=True)  # offsets that point outside end the process where they are used
            arrays = {}
            for name, (kind, shape) in shapes.items():
                column: Any = batch.column(name)
                values = column.flatten().to_numpy(zero_copy_only=False)
                array = values.view(np.dtype(kind)) if np.dtype(kind) == np.bool_ else values.astype(kind, copy=False)
                array = array.reshape(shape)
                array.setflags(write=False)
                arrays[name] = array
            facts = json.loads(known[FACTS])
            if not isinstance(facts, dict):
                raise TypeError("its facts are no object")
            return cls(arrays=arrays, facts=facts)
        except _UNREADABLE as problem:
            raise CorruptLogError(f"{source} is not a book of a run: {problem}") from problem


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
