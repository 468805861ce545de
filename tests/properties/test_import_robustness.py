"""Random damage: an import ends with findings or a message, never with another exception or half a file."""

import io
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gridpact.data.importers.cells import parse_number, parse_time
from gridpact.data.importers.convert import ImportRefusedError, checked_files, import_files
from gridpact.data.importers.options import ImportOptions
from gridpact.data.importers.registry import IMPORTERS
from gridpact.errors import GridpactError
from import_samples import SAMPLES, Sample

REPAIRS = ImportOptions(
    timezone="America/Chicago",
    unit="kwh",
    fx=1.1,
    fill_gaps="linear",
    max_gap_h=100.0,
    duplicates="mean",
    ambiguous="earlier",
    nonexistent="drop",
    bad_cells="gap",
    negative="zero",
    exports="ignore",
)
PIECES = (
    b"",
    b",",
    b'"',
    b"\n",
    b"\x00",
    b"\xff\xfe",
    b"9" * 40,
    b"-",
    b"NaN",
    b"<",
    b"&a;",
    b"{",
    b"[[[[",
    b"#REF!",
    b"1e308",
    b";",
    b"9999",
    b"24:00",
)


def damaged(content: bytes, random: np.random.Generator) -> bytes:
    """``content`` with one to four pieces cut, doubled, flipped or written over."""
    data = bytearray(content)
    for _ in range(int(random.integers(1, 5))):
        begin = int(random.integers(0, max(1, len(data))))
        length = int(random.integers(0, 40))
        kind = int(random.integers(0, 5))
        if kind == 0:
            del data[begin : begin + length]
        elif kind == 1:
            data[begin:begin] = data[begin : begin + length * 20]
        elif kind == 2:
            for place in range(begin, min(len(data), begin + 3)):
                data[place] ^= int(random.integers(1, 256))
        elif kind == 3:
            data[begin : begin + length // 8] = PIECES[int(random.integers(0, len(PIECES)))]
        else:
            del data[begin:]
    return bytes(data)


def forms_of(sample: Sample) -> dict[str, bytes]:
    """The sample as it is, zipped, and, where it is a CSV with one header row, as Parquet."""
    forms = {sample.name: sample.text.encode()}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(sample.name, sample.text)
    forms[f"{sample.name}.zip"] = packed.getvalue()
    if sample.importer in ("plain-prices", "gridstatus", "plain-household"):
        parquet = io.BytesIO()
        pd.read_csv(io.StringIO(sample.text)).to_parquet(parquet)
        forms[f"{sample.name}.parquet"] = parquet.getvalue()
    return forms


def check(path: Path, content: bytes, sample: Sample, folder: Path) -> None:
    path.write_bytes(content)
    out = folder / "out.parquet"
    out.write_bytes(b"before")
    for options, kind in ((sample.import_options, None), (REPAIRS, None), (REPAIRS, sample.importer)):
        try:
            loaded = checked_files([path], kind=kind, options=options)
            assert all(finding.message and finding.action for finding in loaded.report.findings)
            import_files([path], out=out, kind=kind, options=options)
            assert loaded.report.errors == 0
            out.write_bytes(b"before")
        except ImportRefusedError:
            assert out.read_bytes() == b"before"
        except GridpactError:
            pass  # a message about options that do not fit the file
    assert sorted(one.name for one in folder.iterdir() if "part" in one.name) == []


def run(name: str, folder: Path, count: int) -> None:
    sample = SAMPLES[name]
    for number, (form, content) in enumerate(forms_of(sample).items()):
        random = np.random.default_rng([number, *name.encode()])
        for _ in range(count):
            check(folder / form, damaged(content, random), sample, folder)


@pytest.mark.parametrize("name", SAMPLES)
def test_random_damage_is_a_finding_or_a_message(name: str, tmp_path: Path) -> None:
    run(name, tmp_path, 3)


@pytest.mark.deep
@pytest.mark.parametrize("name", SAMPLES)
def test_much_random_damage_is_a_finding_or_a_message(name: str, tmp_path: Path) -> None:
    run(name, tmp_path, 300)


@pytest.mark.parametrize("kind", IMPORTERS)
@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_of_another_format_is_a_finding_or_a_message(kind: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(SAMPLES[name].text, encoding="utf-8")
    if kind == SAMPLES[name].importer:
        return
    with suppress(GridpactError):
        loaded = checked_files([path], kind=kind, options=REPAIRS)
        assert loaded.report.findings or loaded.series


@pytest.mark.parametrize(
    "text", ["1_000", "0x10", "١٢", "1e5e5", "++1", "True", "1,2,3", "1 000,5", "−5", "5€", "1.2.3"]
)
def test_texts_that_are_no_numbers(text: str) -> None:
    assert isinstance(parse_number(text), str)


@pytest.mark.parametrize(
    ("text", "value"), [(" 1.5 ", 1.5), ("-0.25", -0.25), ("1e3", 1000.0), (".5", 0.5), ("7.", 7.0)]
)
def test_texts_that_are_numbers(text: str, value: float) -> None:
    assert parse_number(text) == value


@pytest.mark.parametrize(
    "text", ["", "2022-13-01", "2022-02-30", "24:00", "44755", "0001-01-01", "٢٠٢٢-٠١-٠١", "1/2", "99/99/9999"]
)
def test_texts_that_are_no_times(text: str) -> None:
    assert isinstance(parse_time(text, ImportOptions()), str)
