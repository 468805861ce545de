"""Parquet files from anywhere: checked before they are unpacked, and unpacked without copying their texts."""

import inspect
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from gridpact.data.json_text import parse_json
from gridpact.data.limits import (
    LEAST_UNPACKED_BYTES,
    MOST_FOOTER_BYTES,
    MOST_ROW_GROUPS,
    MOST_SCHEMA_DEPTH,
    MOST_UNPACKED_RATIO,
)
from gridpact.data.parquet_pages import PageError, pages
from gridpact.errors import InputError

_MAGIC = b"PAR1"
_BROKEN = (pa.ArrowException, OSError, ValueError, TypeError, KeyError, OverflowError, NotImplementedError, MemoryError)
_CELL_BYTES = 8
_KNOWN_DEPTH = "schema_depth_limit" in inspect.signature(pq.ParquetFile).parameters


class TooLargeError(InputError):
    """A table is larger than is read, or would unpack to more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParquetLimits:
    """How large a table may be."""

    rows: int
    columns: int
    cells: int = 2**63


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedParquet:
    """A Parquet file whose footer was read and found within the limits; nothing is unpacked yet."""

    where: str
    content: bytes
    schema: pa.Schema
    """Columns as they were written."""
    metadata: pq.FileMetaData
    limits: ParquetLimits

    @property
    def names(self) -> list[str]:
        """Columns in the file's order."""
        return [str(name) for name in self.schema.names]

    @property
    def rows(self) -> int:
        """Rows as the footer has them."""
        return int(self.metadata.num_rows)

    @property
    def index_names(self) -> list[str]:
        """Columns that were the index of the pandas frame that was written; none where another program wrote it."""
        raw = (self.schema.metadata or {}).get(b"pandas")
        try:
            about = None if raw is None else parse_json(raw)
        except InputError:
            return []
        listed = about.get("index_columns") if isinstance(about, dict) else None
        return [name for name in listed or [] if isinstance(name, str)] if isinstance(listed, list) else []

    def table(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The columns (all, unless named); texts as dictionaries, so that each is kept once however often it is there.

        Raises:
            InputError: a column has a type that is not read, the table would unpack to more than is read, or the file
                is damaged.
        """
        wanted = self.names if columns is None else list(columns)
        for name in wanted:
            if self.names.count(name) != 1:
                raise InputError(f"{self.where}: the column {name!r} is {self.names.count(name) or 'not'} times there")
            kind = self.schema.field(name).type
            if not _is_read(kind):
                raise InputError(
                    f"{self.where}: column {name!r} has type {str(kind)[:60]}, which is not read; write numbers, "
                    "times, true or false, or text"
                )
        roots = set(wanted)
        schema = self.metadata.schema
        leaves = {k: schema.column(k) for k in range(len(schema)) if schema.column(k).path.split(".")[0] in roots}
        leaves |= {k: schema.column(k) for k in range(len(schema)) if schema.column(k).path in roots}
        plain, longest = self._check_pages(sorted(leaves))
        texts = [leaf.path for k, leaf in leaves.items() if k not in plain and _is_text(leaf)]
        nested = [name for name in wanted if _is_list(self.schema.field(name).type)]
        try:
            file = _open(self.content, read_dictionary=texts)
            table = file.read(columns=[name for name in wanted if name not in nested], use_threads=False)
            for place, column in enumerate(table.columns):
                if _is_read_text(column.type):
                    table = table.set_column(place, table.column_names[place], column.dictionary_encode())
            for name in nested:
                table = table.append_column(name, self._lists(file, name, longest))
            table.validate(full=True)
        except InputError:
            raise
        except _BROKEN as problem:
            raise InputError(f"{self.where} is not a whole Parquet file: {_one_line(problem)}") from None
        return table.select(wanted).replace_schema_metadata(None)

    def _lists(self, file: pq.ParquetFile, name: str, longest: int) -> "pa.ChunkedArray[Any]":
        """A column of lists, row group by row group, as Arrow reads their texts as dictionaries."""
        chunks: list[Any] = []
        chunk: Any
        pieces: list[Any]
        for group in range(self.metadata.num_row_groups):
            try:
                chunks += file.read_row_group(group, columns=[name], use_threads=False).column(0).chunks
            except pa.ArrowNotImplementedError:
                # Part of the group's texts are in no dictionary; those that are must not be long and many.
                if self.metadata.row_group(group).num_rows * longest > self._allowed:
                    raise TooLargeError(f"{self.where}: column {name!r} unpacks to more than is read") from None
                pieces = _open(self.content).read_row_group(group, columns=[name], use_threads=False).column(0).chunks
                for chunk in pieces:
                    words = chunk.values.cast(pa.string()).dictionary_encode()
                    chunks.append(pa.ListArray.from_arrays(chunk.offsets.cast(pa.int32()), words, mask=chunk.is_null()))
        if not chunks:
            chunks.append(pa.array([], type=pa.list_(pa.dictionary(pa.int32(), pa.string()))))
        return pa.chunked_array(chunks)

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """As `table`, as a frame: numbers and times as NumPy has them, texts and lists as objects, None where empty."""
        return frame_of(self.table(columns), where=self.where)

    @property
    def _allowed(self) -> int:
        """Bytes that the file may unpack to."""
        return max(LEAST_UNPACKED_BYTES, len(self.content) * MOST_UNPACKED_RATIO)

    def _check_pages(self, leaves: Sequence[int]) -> tuple[set[int], int]:
        """Compare what the pages of some columns unpack to with the limits.

        Returns:
            The columns whose texts Arrow does not read as dictionaries, and the bytes of the longest dictionary.
        """
        allowed = self._allowed
        values = unpacked = longest = 0
        plain: set[int] = set()
        try:
            for leaf in leaves:
                before, dictionary = values, 0
                for page in pages(memoryview(self.content), self.metadata, columns={leaf}):
                    unpacked += page.unpacked_bytes
                    if page.dictionary:
                        dictionary = max(dictionary, page.unpacked_bytes)
                    else:
                        values += page.values
                    if page.by_length:
                        plain.add(leaf)
                    if max(unpacked, values * _CELL_BYTES) > allowed or values > self.limits.cells:
                        self._refuse_size()
                if leaf in plain and (values - before) * dictionary > allowed:
                    self._refuse_size()
                longest = max(longest, dictionary)
        except PageError as problem:
            raise InputError(f"{self.where} is not a whole Parquet file: {problem}") from None
        return plain, longest

    def _refuse_size(self) -> NoReturn:
        raise TooLargeError(
            f"{self.where} unpacks to more than is read of a Parquet file of its size ({self._allowed:,} bytes, "
            f"{min(self.limits.cells, self._allowed // _CELL_BYTES):,} cells); write it again with fewer rows or "
            "columns, or as CSV"
        )


def check_parquet(content: bytes, *, where: str, limits: ParquetLimits) -> CheckedParquet:
    """Read the footer of a Parquet file and compare it with the limits.

    Raises:
        InputError: it is no Parquet file, its footer is damaged, or it has more rows or columns than are read.
    """
    footer = int.from_bytes(content[-8:-4], "little")
    if len(content) < 12 or content[:4] != _MAGIC or content[-4:] != _MAGIC or footer > len(content) - 12:
        raise InputError(f"{where} is not a whole Parquet file: it does not begin and end as one; is it cut off?")
    if footer > MOST_FOOTER_BYTES:
        raise TooLargeError(f"{where}: the footer has {footer:,} bytes; at most {MOST_FOOTER_BYTES:,} are read")
    try:
        file = _open(content)
        metadata, schema = file.metadata, file.schema_arrow
    except RecursionError:
        raise InputError(f"{where} is not a whole Parquet file: its schema is nested too deeply") from None
    except _BROKEN as problem:
        raise InputError(f"{where} is not a whole Parquet file: {_one_line(problem)}") from None
    for found, most, what in (
        (metadata.num_rows, limits.rows, "rows"),
        (metadata.num_columns, limits.columns, "columns"),
        (metadata.num_row_groups, MOST_ROW_GROUPS, "row groups"),
        (metadata.num_rows * max(1, metadata.num_columns), limits.cells, "cells"),
    ):
        if not 0 <= found <= most:
            raise TooLargeError(f"{where} has {found:,} {what}; at most {most:,} are read: split it or leave some out")
    return CheckedParquet(where=where, content=content, schema=schema, metadata=metadata, limits=limits)


def frame_of(table: pa.Table, *, where: str) -> pd.DataFrame:
    """A table as `CheckedParquet.table` gives it, as a frame; raises InputError where cells have no form in one."""
    try:
        cells = {k: plain_cells(table.column(k)) for k in range(table.num_columns)}
    except _BROKEN as problem:
        raise InputError(f"{where} is not a whole Parquet file: {_one_line(problem)}") from None
    frame = pd.DataFrame(cells, index=pd.RangeIndex(table.num_rows))
    return frame.set_axis(pd.Index(table.column_names, dtype=object), axis=1)


def plain_cells(cells: "pa.ChunkedArray[Any]") -> pd.Series:
    """One column of a table for a frame: equal texts share one object (which a column of pandas' texts would undo)."""
    kind = cells.type
    if pa.types.is_dictionary(kind):
        return _objects(cells) if _is_read_text(kind.value_type) else plain_cells(cells.cast(kind.value_type))
    if _is_list(kind):
        return _lists(cells)
    if pa.types.is_null(kind):
        return pd.Series(np.full(len(cells), None, dtype=object), dtype=object)
    if pa.types.is_decimal(kind):
        cells = cells.cast(pa.float64())
    return cells.to_pandas(date_as_object=False, use_threads=False)


def _objects(cells: "pa.ChunkedArray[Any]") -> pd.Series:
    found = np.empty(len(cells), dtype=object)
    place = 0
    chunk: Any
    for chunk in cells.chunks:
        words: Any = np.empty(len(chunk.dictionary) + 1, dtype=object)
        words[:-1] = chunk.dictionary.to_pylist()
        codes = chunk.indices.fill_null(len(chunk.dictionary)).to_numpy(zero_copy_only=False)
        found[place : place + len(chunk)] = words[codes]
        place += len(chunk)
    return pd.Series(found, dtype=object)


def _lists(cells: "pa.ChunkedArray[Any]") -> pd.Series:
    found = np.empty(len(cells), dtype=object)
    place = 0
    chunk: Any
    for chunk in cells.chunks:
        values = plain_cells(pa.chunked_array([chunk.values])).to_numpy()
        offsets = chunk.offsets.to_pylist()
        for row, here in enumerate(chunk.is_valid().to_pylist()):
            found[place + row] = list(values[offsets[row] : offsets[row + 1]]) if here else None
        place += len(chunk)
    return pd.Series(found, dtype=object)


def read_own(source: Path | IO[bytes]) -> pa.Table:
    """A Parquet file that comes with gridpact or was written by it, read as it is.

    Nothing here uses Arrow's threads: one that still runs when the process ends aborts it (apache/arrow#34314).
    """
    return pq.ParquetFile(source, pre_buffer=False).read(use_threads=False)


def _open(content: bytes, *, read_dictionary: Sequence[str] = ()) -> pq.ParquetFile:
    deepest: dict[str, Any] = {"schema_depth_limit": MOST_SCHEMA_DEPTH} if _KNOWN_DEPTH else {}
    return pq.ParquetFile(
        io.BytesIO(content),
        pre_buffer=False,
        read_dictionary=list(read_dictionary) or None,
        thrift_string_size_limit=MOST_FOOTER_BYTES,
        thrift_container_size_limit=MOST_FOOTER_BYTES,
        **deepest,
    )


def _is_text(leaf: Any) -> bool:
    text = leaf.logical_type.type == "STRING" or leaf.converted_type == "UTF8"
    return bool(text and leaf.physical_type == "BYTE_ARRAY")


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def _is_read(kind: Any) -> bool:
    if pa.types.is_dictionary(kind):
        return bool(_is_read_text(kind.value_type) or _is_number(kind.value_type))
    if _is_list(kind):
        inner = kind.value_type
        return _is_read_text(inner.value_type if pa.types.is_dictionary(inner) else inner)
    return _is_read_text(kind) or _is_number(kind)


def _is_read_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_number(kind: pa.DataType) -> bool:
    tests = (
        pa.types.is_boolean,
        pa.types.is_integer,
        pa.types.is_floating,
        pa.types.is_decimal,
        pa.types.is_timestamp,
        pa.types.is_date,
        pa.types.is_null,
    )
    return any(test(kind) for test in tests)


def _one_line(problem: Exception) -> str:
    return " ".join(str(problem).split())[:200] or type(problem).__name__
