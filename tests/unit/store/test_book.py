"""Books that somebody else made: refused in words, and never the end of the process."""

import numpy as np
import pyarrow as pa
import pytest

from gridpact.errors import CorruptLogError
from gridpact.store.book import FACTS, FORMAT, SHAPES, Book


def forged(*, shapes: bytes = b'{"a":["<f8",[2]]}', facts: bytes = b"{}", end: int = 2) -> bytes:
    """A book as no gridpact writes one; its digest is of course its own."""
    offsets = pa.array([0, end], type=pa.int64())
    column = pa.LargeListArray.from_arrays(offsets, pa.array([1.0, 2.0]))
    batch = pa.RecordBatch.from_arrays([column], names=["a"])
    batch = batch.replace_schema_metadata({b"format": FORMAT.encode(), FACTS: facts, SHAPES: shapes})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def test_the_forgery_reads_where_nothing_is_wrong() -> None:
    assert Book.from_bytes(forged(), source="a book").arrays["a"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "shapes", [b"[]", b"null", b'{"a":5}', b"[" * 100_000, b'{"a":["<f8",[-1]]}', b'{"b":["<f8",[2]]}']
)
def test_forged_shapes_are_refused(shapes: bytes) -> None:
    with pytest.raises(CorruptLogError):
        Book.from_bytes(forged(shapes=shapes), source="a book")


@pytest.mark.parametrize("facts", [b"[]", b"null", b"{" * 100_000, b"[" * 100_000])
def test_forged_facts_are_refused(facts: bytes) -> None:
    with pytest.raises(CorruptLogError):
        Book.from_bytes(forged(facts=facts), source="a book")


def test_offsets_outside_are_refused_before_they_end_the_process() -> None:
    content = Book(arrays={"a": np.arange(1000.0)}).to_bytes()
    length = (1000).to_bytes(8, "little")
    places = [place for place in range(len(content)) if content[place : place + 8] == length]
    assert places
    for place in places:
        for wrong in (-2, -1, 1 << 40, 1 << 62):
            hurt = content[:place] + wrong.to_bytes(8, "little", signed=True) + content[place + 8 :]
            with pytest.raises(CorruptLogError):
                Book.from_bytes(hurt, source="a book")
