"""Books that somebody else made: refused in words, and never the end of the process."""

import contextlib
import struct

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gridpact.errors import CorruptLogError
from gridpact.store.book import FACTS, FORMAT, SHAPES, Book
from gridpact.store.book_size import unpacked_bytes


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


def test_a_book_says_how_large_it_is_before_it_is_unpacked() -> None:
    arrays = {"zeros": np.zeros(5_000_000), "flags": np.ones(7, dtype=np.bool_), "none": np.zeros((0, 3))}
    content = Book(arrays=arrays, facts={}).to_bytes()
    assert len(content) < 1_000_000
    assert 40_000_000 <= unpacked_bytes(content) < 40_010_000
    assert Book.from_bytes(content, source="a book").arrays["zeros"].shape == (5_000_000,)


def test_a_book_that_unpacks_to_far_more_than_its_arrays_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = Book(arrays={"a": np.zeros(5_000_000)}, facts={}).to_bytes()
    small = bomb.replace(b'"a":["<f8",[5000000]]', b'"a":["<f8",[0000002]]')
    assert len(small) == len(bomb)
    assert small != bomb
    small = small.replace(b"[0000002]", b"[2      ]")
    before = pa.total_allocated_bytes()
    with pytest.raises(CorruptLogError, match="unpacks to 40,0"):
        Book.from_bytes(small, source="a book")
    assert pa.total_allocated_bytes() == before


def test_a_length_that_nothing_could_hold_is_refused_unread() -> None:
    content = bytearray(Book(arrays={"a": np.arange(100_000.0)}, facts={}).to_bytes())
    place = bytes(content).index((800_000).to_bytes(8, "little"))
    content[place : place + 8] = (1 << 50).to_bytes(8, "little")
    with pytest.raises(CorruptLogError, match="unpacks to 1,125,"):
        Book.from_bytes(bytes(content), source="a book")


@settings(max_examples=1000, deadline=None)
@example(place=21, value=5, kept=1.0)
@given(st.integers(0, 1000), st.integers(0, 255), st.floats(0, 1))
def test_any_damage_is_measured_or_refused(place: int, value: int, kept: float) -> None:
    content = bytearray(Book(arrays={"a": np.arange(50.0), "b": np.ones(3, dtype=np.int8)}, facts={"x": 1}).to_bytes())
    content[place % len(content)] = value
    with contextlib.suppress(ValueError, struct.error):
        assert unpacked_bytes(bytes(content[: int(kept * len(content))])) >= 0
