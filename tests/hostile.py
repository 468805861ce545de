"""Files made to exhaust memory or time, each about 100 kB or less, and where such a file is read."""

import bz2
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ZEROS = bytes(2**20)


def parquet(table: pa.Table, **how: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **{"compression": "zstd", "store_schema": False, **how})
    return sink.getvalue()


def repeated(value: object, count: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, dtype=np.int32)), pa.array([value]))


def many_numbers(name: str = "home_id") -> bytes:
    return parquet(pa.table({name: repeated(1.0, 9_000_000)}))


def long_texts(name: str = "home_id") -> bytes:
    """A text of 20 kB, a hundred thousand times: 2 GB in a file of 437 bytes."""
    return parquet(pa.table({name: repeated("a" * 20_000, 100_000)}), row_group_size=100_000)


def many_empty(name: str = "home_id") -> bytes:
    return parquet(pa.table({name: pa.nulls(12_000_000, pa.string())}))


def long_list(name: str = "blackout") -> bytes:
    values = repeated("a" * 100, 9_000_000)
    return parquet(
        pa.table({"home_id": ["a"], name: pa.ListArray.from_arrays(pa.array([0, 9_000_000], pa.int32()), values)})
    )


def prefixed(name: str = "home_id") -> bytes:
    """Texts that repeat the text before them: the encoding itself multiplies."""
    table = pa.table({name: ["a" * 10_000] * 3_000})
    return parquet(table, use_dictionary=False, column_encoding={name: "DELTA_BYTE_ARRAY"})


def large_page(name: str = "home_id") -> bytes:
    """One page that unpacks to 80 MB."""
    table = pa.table({name: ["a" * 1_000_000] * 80})
    return parquet(table, use_dictionary=False, data_page_size=2**30)


def deep(name: str = "home_id") -> bytes:
    values = pa.array([1])
    for _ in range(60):
        values = pa.ListArray.from_arrays(pa.array([0, 1], pa.int32()), values)
    return parquet(pa.table({name: values}))


def many_columns() -> bytes:
    return parquet(pa.table({f"c{k}": [1] for k in range(400)}))


PARQUETS: dict[str, Callable[[], bytes]] = {
    "numbers": many_numbers,
    "long texts": long_texts,
    "empty cells": many_empty,
    "a long list": long_list,
    "prefixes": prefixed,
    "a large page": large_page,
    "deep lists": deep,
    "columns": many_columns,
}


def laughing_yaml() -> bytes:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]" for k in range(1, 12)]
    return "\n".join([*lines, "id: *a11", "product: *a11"]).encode()


def merged_yaml() -> bytes:
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{k}: &a{k} {{<<: [{', '.join([f'*a{k - 1}'] * 8)}]}}" for k in range(1, 12)]
    return "\n".join(lines).encode()


DOCUMENTS: dict[str, bytes] = {
    "laughing.yaml": laughing_yaml(),
    "merged.yaml": merged_yaml(),
    "itself.yaml": b"&a [*a, *a]",
    "deep.yaml": b"[" * 50_000,
    "deep_blocks.yaml": b"".join(b" " * k + b"- \n" for k in range(400)),
    "number.yaml": b"id: a\nstep_minutes: 0x" + b"f" * 100_000,
    "sexagesimal.yaml": b"step_minutes: 1" + b":10" * 30_000,
    "python.yaml": b"!!python/object/apply:os.system ['exit 9']",
    "nul.yaml": b"id: \x00",
    "deep.json": b"[" * 100_000,
    "deep_objects.json": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "number.json": b'{"id": "a", "step_minutes": ' + b"9" * 100_000 + b"}",
    "long_number.json": b'{"id": "a", "step_minutes": ' + b"9" * 4_000 + b"}",
    "nan.json": b'{"id": NaN}',
    "twice.json": b'{"id": "a", "id": "b"}',
    "halves.json": b'{"id": "\\ud800"}',
    "utf16.json": '{"id": "a"}'.encode("utf-16"),
    "lists.json": b"[" + b"[]," * 33_000 + b"[]]",
}


def zipped(content: bytes, *, method: int = zipfile.ZIP_DEFLATED, name: str = "a.csv") -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        archive.writestr(name, content)
    return sink.getvalue()


def lying_zip() -> bytes:
    """A member that says it is small, and is 100 MB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join(packer.compress(ZEROS) for _ in range(100)) + packer.flush()
    name = b"a.csv"
    local = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 33, 0, len(packed), 10, len(name), 0) + name + packed
    central = struct.pack(
        "<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 8, 0, 33, 0, len(packed), 10, len(name), 0, 0, 0, 0, 0, 0
    )
    central += name
    return local + central + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, len(central), len(local), 0)


ARCHIVES: dict[str, Callable[[], bytes]] = {
    "deflate.zip": lambda: zipped(ZEROS * 90),
    "bzip2.zip": lambda: zipped(ZEROS * 400, method=zipfile.ZIP_BZIP2),
    "lzma.zip": lambda: zipped(ZEROS * 400, method=zipfile.ZIP_LZMA),
    "lying.zip": lying_zip,
    "nested.zip": lambda: zipped(zipped(ZEROS)),
    "outside.zip": lambda: zipped(b"interval_start,x_usd_per_mwh\n", name="../../outside.csv"),
    "many.zip": lambda: _many(),
}


def _many() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for number in range(1001):
            archive.writestr(f"{number}", b"")
    return sink.getvalue()


XMLS: dict[str, bytes] = {
    "laughing.xml": b'<!DOCTYPE f [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + k, b"&%c;" % (97 + k) * 10) for k in range(9))
    + b']><feed xmlns="http://naesb.org/espi"><IntervalReading>&j;</IntervalReading></feed>',
    "outside.xml": b'<!DOCTYPE f [<!ENTITY a SYSTEM "file:///etc/passwd">]><feed xmlns="http://naesb.org/espi">&a;</feed>',
    "deep.xml": b'<feed xmlns="http://naesb.org/espi">' + b"<a>" * 30_000,
    "attributes.xml": b'<feed xmlns="http://naesb.org/espi" ' + b" ".join(b'a%d=""' % k for k in range(9_000)) + b"/>",
}

CSVS: dict[str, bytes] = {
    "commas.csv": b"," * 100_000,
    "wide.csv": b"home_id" + b",a" * 40_000 + b"\n" + b"a\n" * 5_000,
    "wide_empty.csv": b"home_id" + b"," * 50_000 + b"x\n" + b"a\n" * 20_000,
    "quote.csv": b'home_id\n"' + b"a" * 100_000,
    "lines.csv": b"\n" * 100_000,
    "returns.csv": b"\r" * 100_000,
    "nul.csv": b"home_id\n" + b"\x00" * 1_000,
    "cell.csv": b"home_id\n" + b"a" * 140_000 + b"\n",
    "separator.csv": b'sep="\nhome_id\na\n',
    "utf16.csv": "home_id\na\n".encode("utf-16")[:-1],
    "gzip.csv": zlib.compress(b"home_id\n"),
    "bzip2.csv": bz2.compress(ZEROS),
    "years.csv": b"interval_start,energy_usd_per_mwh\n1901-01-01T00:00Z,1\n1901-01-01T00:05Z,1\n2099-01-01T00:00Z,1\n",
}

RESULT = {
    "schema": "gridpact.result/1",
    **dict.fromkeys(
        ("run", "opportunities", "outcome", "outcomes", "coalition", "bid", "clearing", "delivery", "settlement"), {}
    ),
}
RESULTS: dict[str, bytes] = {
    "deep": b'{"schema":"gridpact.result/1","run":' + b"[" * 50_000,
    "wrong shapes": json.dumps(RESULT).encode(),
    "null": b"null",
    "list": b"[]",
    "digits": b'{"schema":"gridpact.result/1","run":' + b"9" * 5_000 + b"}",
}
