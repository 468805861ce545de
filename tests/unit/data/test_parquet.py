"""Parquet files: what is read is what was written; what multiplies is refused before it is unpacked."""

import io
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import hostile
from gridpact.data.parquet import ParquetLimits, TooLargeError, check_parquet
from gridpact.data.parquet_pages import PageError, pages
from gridpact.errors import InputError
from gridpact_audit.reading import ParquetContent, UnreadableError

LIMITS = ParquetLimits(rows=2_000_000_000, columns=300)
N = 4000
RANDOM = np.random.default_rng(1)
TABLE = pa.table(
    {
        "name": [f"h{k}" for k in range(N)],
        "few": pa.array(["a", None, "b", "b"] * (N // 4), pa.large_string()),
        "category": pa.array(["x", "y"] * (N // 2)).dictionary_encode(),
        "number": RANDOM.random(N),
        "gaps": pa.array([1.5, None] * (N // 2)),
        "whole": pa.array(RANDOM.integers(0, 9, N), pa.int16()),
        "truth": pa.array([True, False] * (N // 2)),
        "time": pa.array(pd.date_range("2022", periods=N, freq="h", tz="UTC")),
        "windows": pa.array([["17:00-19:00", "x"], None, [], ["y"]] * (N // 4)),
        "each": pa.array([[f"{k}"] for k in range(N)]),
        "nothing": pa.nulls(N),
        "money": pa.array(["1.25"] * N).cast(pa.decimal128(9, 2)),
        "dotted.name": ["z"] * N,
    }
)
WAYS: list[dict[str, Any]] = [
    {},
    {"compression": None},
    {"compression": "zstd", "row_group_size": 777},
    {"compression": "gzip", "data_page_version": "2.0"},
    {"compression": "brotli", "data_page_size": 100},
    {"compression": "lz4", "version": "1.0"},
    {"use_dictionary": False},
    {"use_dictionary": False, "column_encoding": {"whole": "DELTA_BINARY_PACKED", "name": "DELTA_LENGTH_BYTE_ARRAY"}},
    {"write_page_index": True, "write_page_checksum": True},
    {"store_schema": False},
    {"dictionary_pagesize_limit": 100, "write_batch_size": 10},
]


@pytest.mark.parametrize("how", WAYS, ids=str)
def test_what_is_read_is_what_was_written(how: dict[str, Any]) -> None:
    sink = io.BytesIO()
    pq.write_table(TABLE, sink, **how)
    frame = check_parquet(sink.getvalue(), where="f", limits=LIMITS).frame()
    assert list(frame.columns) == TABLE.column_names
    for name in TABLE.column_names:
        wanted, found = TABLE[name].to_pylist(), frame[name].tolist()
        if name == "money":
            wanted = [float(value) for value in wanted]
        assert [None if isinstance(v, float) and np.isnan(v) else v for v in found] == wanted, name
    if "column_encoding" in how:
        return  # no run is written so
    audited = ParquetContent(sink.getvalue()).table(["name", "windows", "each"], lists=["windows", "each"])
    assert [row["each"] for row in audited.to_pylist()] == TABLE["each"].to_pylist()


def test_some_columns_in_another_order() -> None:
    content = hostile.parquet(TABLE)
    frame = check_parquet(content, where="f", limits=LIMITS).frame(["windows", "name"])
    assert list(frame.columns) == ["windows", "name"]
    with pytest.raises(InputError, match="'there' is not times there"):
        check_parquet(content, where="f", limits=LIMITS).frame(["there"])


def test_no_rows_and_no_columns() -> None:
    frame = check_parquet(hostile.parquet(TABLE.slice(0, 0)), where="f", limits=LIMITS).frame()
    assert frame.shape == (0, TABLE.num_columns)
    assert check_parquet(hostile.parquet(pa.table({})), where="f", limits=LIMITS).frame().shape == (0, 0)


def audit_of(content: bytes) -> pa.Table:
    audited = ParquetContent(content)
    names = [str(each) for each in audited.schema.names]
    return audited.table(names, lists=[each for each in names if each == "blackout"])


@pytest.mark.parametrize("name", hostile.PARQUETS)
def test_what_multiplies_is_refused_or_kept_once(name: str) -> None:
    content = hostile.PARQUETS[name]()
    assert len(content) < 200_000
    if name == "long texts":
        frame = check_parquet(content, where="f", limits=LIMITS).frame()
        assert frame.shape == (100_000, 1)
        assert len({id(cell) for cell in frame["home_id"]}) <= 2
        return
    with pytest.raises(InputError, match="^f"):
        check_parquet(content, where="f", limits=ParquetLimits(rows=2_000_000_000, columns=256)).frame()
    with pytest.raises(UnreadableError):
        audit_of(content)


@pytest.mark.parametrize(
    "kind",
    [pa.struct({"a": pa.int64()}), pa.binary(), pa.binary(20), pa.list_(pa.int64()), pa.map_(pa.string(), pa.int64())],
    ids=str,
)
def test_kinds_that_are_not_read(kind: pa.DataType) -> None:
    content = hostile.parquet(pa.table({"ok": [1], "odd": pa.nulls(1, kind)}), store_schema=True)
    assert check_parquet(content, where="f", limits=LIMITS).frame(["ok"]).shape == (1, 1)
    with pytest.raises(InputError, match="column 'odd' has type .*, which is not read"):
        check_parquet(content, where="f", limits=LIMITS).frame()


def test_limits_of_a_table() -> None:
    content = hostile.parquet(pa.table({"a": [1, 2], "b": [1, 2]}))
    for limits, words in (
        (ParquetLimits(rows=1, columns=9), "2 rows; at most 1"),
        (ParquetLimits(rows=9, columns=1), "2 columns; at most 1"),
        (ParquetLimits(rows=9, columns=9, cells=3), "4 cells; at most 3"),
    ):
        with pytest.raises(TooLargeError, match=words):
            check_parquet(content, where="f", limits=limits)


def test_every_cut_and_many_flips_are_messages() -> None:
    content = hostile.parquet(TABLE.slice(0, 40))
    for end in range(0, len(content), 7):
        with pytest.raises(InputError, match="not a whole Parquet file"):
            check_parquet(content[:end], where="f", limits=LIMITS)
    random = np.random.default_rng(2)
    for _ in range(300):
        spoiled = bytearray(content)
        for place in random.integers(4, len(content), 3):
            spoiled[place] ^= int(random.integers(1, 256))
        with suppress(InputError):
            check_parquet(bytes(spoiled), where="f", limits=LIMITS).frame()


def test_a_page_that_lies_about_its_dictionary() -> None:
    content = hostile.parquet(pa.table({"a": ["x"] * 10}), compression=None)
    metadata = pq.ParquetFile(io.BytesIO(content)).metadata
    found = list(pages(memoryview(content), metadata, columns={0}))
    assert [(page.dictionary, page.values) for page in found] == [(True, 1), (False, 10)]
    start = metadata.row_group(0).column(0).dictionary_page_offset
    at = content.index(b"\x4c\x15\x02", start)  # dictionary header: field 7, then num_values = 1
    spoiled = content[: at + 2] + b"\x7e" + content[at + 3 :]
    with pytest.raises(PageError, match="more entries than bytes"):
        list(pages(memoryview(spoiled), metadata, columns={0}))


def test_the_index_of_a_frame_is_told_from_its_metadata() -> None:
    sink = io.BytesIO()
    pd.DataFrame({"a": [1.0]}, index=pd.Index([5], name="k")).to_parquet(sink)
    assert check_parquet(sink.getvalue(), where="f", limits=LIMITS).index_names == ["k"]
    table = pa.table({"a": [1]}).replace_schema_metadata({"pandas": "[" * 5000})
    assert check_parquet(hostile.parquet(table, store_schema=True), where="f", limits=LIMITS).index_names == []
