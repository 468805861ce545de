"""What a Parquet file will unpack to, counted from the headers of its pages before anything is unpacked.

The auditor's own, as it shares no code with what it audits.

A file's footer says how long its columns are, but whoever made the file may have written anything there. The header of
each page is what a reader's memory follows: it allots what a page header asks for and reads as many values as it names.
So the headers are walked here as readers walk them. They are Thrift's compact protocol; see "Apache Parquet format",
parquet.thrift (PageHeader), and "Thrift compact protocol encoding" of the Apache Thrift project.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow.parquet as pq

_STOP, _TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(13)
_DATA, _INDEX, _DICTIONARY, _DATA_V2 = range(4)
_DELTA_BYTE_ARRAY = 7
_DEEPEST = 6


class PageError(ValueError):
    """A page's header is damaged or asks for something that is not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a column, as its header describes it."""

    values: int
    """Values, empty ones included; of a dictionary, its entries."""
    unpacked_bytes: int
    dictionary: bool


def pages(content: memoryview, metadata: pq.FileMetaData, *, columns: set[int]) -> Iterator[Page]:
    """The pages of some columns (leaf numbers) in the order of the file's row groups.

    Raises:
        PageError: a header is damaged, lies outside the file, or uses an encoding whose values cannot be counted.
    """
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        for number in sorted(columns):
            chunk = row_group.column(number)
            if chunk.file_path:
                raise PageError("a column lies in another file")
            start, length = chunk.data_page_offset, chunk.total_compressed_size
            entry = chunk.dictionary_page_offset
            if entry is not None and 0 < entry < start:
                start = entry
            if start < 0 or length < 0 or start + length > len(content) or chunk.num_values < 0:
                raise PageError("a column lies outside the file")
            yield from _of_chunk(content, start, start + length, chunk.num_values)


def _of_chunk(content: memoryview, place: int, end: int, wanted: int) -> Iterator[Page]:
    seen = 0
    while seen < wanted:
        header, place = _struct(content, place, end, 0)
        unpacked, packed = header.get(2), header.get(3)
        if not isinstance(unpacked, int) or not isinstance(packed, int) or unpacked < 0 or packed < 0:
            raise PageError("a page has no length")
        place += packed
        if place > end:
            raise PageError("a page is longer than its column")
        kind = header.get(1)
        if kind == _INDEX:
            continue
        about = header.get({_DATA: 5, _DICTIONARY: 7, _DATA_V2: 8}.get(kind if isinstance(kind, int) else -1, 0))
        if not isinstance(about, dict):
            raise PageError("a page is of an unknown kind")
        values, encoding = about.get(1), about.get(4 if kind == _DATA_V2 else 2)
        if not isinstance(values, int) or values < 0:
            raise PageError("a page does not say how many values it has")
        if encoding == _DELTA_BYTE_ARRAY:
            raise PageError("a column has the encoding DELTA_BYTE_ARRAY, which is not read; write it as PLAIN")
        if kind == _DICTIONARY:
            if values > unpacked:
                raise PageError("a dictionary has more entries than bytes")
        else:
            seen += values
        yield Page(values=values, unpacked_bytes=unpacked, dictionary=kind == _DICTIONARY)


_Fields = dict[int, "int | _Fields"]


def _struct(content: memoryview, place: int, end: int, depth: int) -> tuple[_Fields, int]:
    """The whole numbers and structs in the Thrift struct at ``place``, by field number, and where it ends."""
    if depth > _DEEPEST:
        raise PageError("a page's header is nested too deeply")
    fields: _Fields = {}
    number = 0
    while True:
        head, place = _byte(content, place, end)
        kind = head & 0x0F
        if kind == _STOP:
            return fields, place
        if head >> 4:
            number += head >> 4
        else:
            number, place = _zigzag(content, place, end)
        if kind in (_I32, _STRUCT):
            if number in fields:
                raise PageError("a page's header has a field twice")
            if kind == _I32:
                fields[number], place = _zigzag(content, place, end)
            else:
                fields[number], place = _struct(content, place, end, depth + 1)
        else:
            place = _skip(content, place, end, kind, depth + 1)


def _skip(content: memoryview, place: int, end: int, kind: int, depth: int) -> int:
    """Where a value of ``kind`` at ``place`` ends."""
    if kind in (_TRUE, _FALSE):
        return place
    if kind in (_I16, _I32, _I64):
        return _varint(content, place, end)[1]
    if kind in (_BYTE, _DOUBLE):
        place += 1 if kind == _BYTE else 8
    elif kind == _BINARY:
        length, place = _varint(content, place, end)
        place += length
    elif kind in (_LIST, _SET):
        if depth > _DEEPEST:
            raise PageError("a page's header is nested too deeply")
        head, place = _byte(content, place, end)
        count = head >> 4
        if count == 15:
            count, place = _varint(content, place, end)
        if count > end - place:
            raise PageError("a page's header has a list longer than itself")
        for _ in range(count):
            # A truth value takes a byte of its own inside a list.
            inner = head & 0x0F
            place = _skip(content, place, end, _BYTE if inner in (_TRUE, _FALSE) else inner, depth + 1)
    elif kind == _STRUCT:
        return _struct(content, place, end, depth)[1]
    else:
        raise PageError("a page's header holds a value of an unknown kind")
    if place > end:
        raise PageError("a page's header is cut off")
    return place


def _byte(content: memoryview, place: int, end: int) -> tuple[int, int]:
    if place >= end:
        raise PageError("a page's header is cut off")
    return content[place], place + 1


def _varint(content: memoryview, place: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte, place = _byte(content, place, end)
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
        if shift > 63:
            raise PageError("a page's header has a number that is too long")


def _zigzag(content: memoryview, place: int, end: int) -> tuple[int, int]:
    value, place = _varint(content, place, end)
    number = (value >> 1) ^ -(value & 1)
    if not -(2**31) <= number < 2**31:
        raise PageError("a page's header has a number out of range")
    return number, place
