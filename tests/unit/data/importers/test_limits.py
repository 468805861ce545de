"""Archives, operators' error messages, and files that are larger than they look."""

import gzip
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gridpact.data.importers import codes, drafts, limits, source, table
from gridpact.data.importers.load import Loaded, load
from import_samples import SAMPLES, caiso_lmp, ercot_dam, local

ERROR = """<?xml version="1.0" encoding="UTF-8"?>
<m:OASISReport xmlns:m="http://www.caiso.com/soa/OASISReport_v1.xsd"><m:MessagePayload><m:RTO><m:name>CAISO</m:name>
<m:ERROR><m:ERR_CODE>1000</m:ERR_CODE><m:ERR_DESC>No data returned for the specified selection</m:ERR_DESC></m:ERROR>
</m:RTO></m:MessagePayload></m:OASISReport>
"""


def zipped(folder: Path, members: dict[str, bytes], name: str = "report.zip") -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return path


def codes_of(loaded: Loaded) -> list[str]:
    return [finding.code for finding in loaded.report.findings]


def test_an_archive_of_one_or_several_csv(tmp_path: Path) -> None:
    days = {
        f"2023081{k}_PRC_LMP_DAM.csv": caiso_lmp(first=local("America/Los_Angeles", 2023, 8, 10 + k), count=24).encode()
        for k in (4, 5, 6)
    }
    loaded = load([zipped(tmp_path, days)])
    assert codes_of(loaded) == []
    assert len(loaded.series[0].values) == 72
    assert loaded.report.errors == 0


def test_a_finding_names_the_member(tmp_path: Path) -> None:
    content = ercot_dam().replace("54.00", "abc", 1).encode()
    loaded = load([zipped(tmp_path, {"dam.csv": content})])
    assert [(f.file, f.code) for f in loaded.report.findings][0] == ("report.zip:dam.csv", "not_a_number")


def test_several_files_are_one_series(tmp_path: Path) -> None:
    paths = []
    for day in (13, 14):
        path = tmp_path / f"{day}.csv"
        path.write_text(ercot_dam(first=local("America/Chicago", 2022, 7, day), count=24), encoding="utf-8")
        paths.append(path)
    assert len(load(paths).series[0].values) == 48
    again = load([*paths, paths[0]])
    assert set(codes_of(again)) == {"duplicate_identical", "unsorted_rows"}
    assert {finding.file for finding in again.report.findings} == {"13.csv"}


@pytest.mark.parametrize("archive", [True, False])
def test_the_operators_error_message_is_told(archive: bool, tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    path.write_text(ERROR, encoding="utf-8")
    loaded = load([zipped(tmp_path, {"INVALID_REQUEST.xml": ERROR.encode()}) if archive else path])
    assert codes_of(loaded) == ["operator_error"]
    assert "1000: No data returned" in loaded.report.findings[0].message


def test_a_member_of_another_format_is_left_out_aloud(tmp_path: Path) -> None:
    loaded = load([zipped(tmp_path, {"a.csv": ercot_dam().encode(), "readme.txt": b"hello\n"})])
    assert codes_of(loaded) == ["part_ignored"]


def test_archives_that_are_damaged_or_unsafe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = zipped(tmp_path, {"a.csv": ercot_dam().encode()})
    cut = tmp_path / "cut.zip"
    cut.write_bytes(whole.read_bytes()[:-40])
    assert codes_of(load([cut])) == ["broken_archive"]
    flipped = bytearray(whole.read_bytes())
    flipped[60] ^= 0xFF
    cut.write_bytes(bytes(flipped))
    assert codes_of(load([cut])) == ["broken_archive"]
    assert codes_of(load([zipped(tmp_path, {"inner.zip": whole.read_bytes()}, "nested.zip")])) == ["unsafe_archive"]
    assert codes_of(load([zipped(tmp_path, {"bomb.csv": b"0" * 3_000_000}, "bomb.zip")])) == ["unsafe_archive"]
    monkeypatch.setattr(source, "MAX_ZIP_MEMBERS", 2)
    many = {f"{k}.csv": b"a,b\n" for k in range(3)}
    assert codes_of(load([zipped(tmp_path, many, "many.zip")])) == ["unsafe_archive"]
    encrypted = bytearray(whole.read_bytes())
    encrypted[encrypted.index(b"PK\x01\x02") + 8] |= 1
    cut.write_bytes(bytes(encrypted))
    assert codes_of(load([cut])) == ["unsafe_archive"]
    assert codes_of(load([zipped(tmp_path, {}, "empty.zip")])) == ["empty_file"]


def test_size_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "prices.csv"
    path.write_text(SAMPLES["prices.csv"].text, encoding="utf-8")
    monkeypatch.setattr(table, "MAX_ROWS", 10)
    assert codes_of(load([path])) == ["too_large"]
    monkeypatch.setattr(table, "MAX_ROWS", limits.MAX_ROWS)
    monkeypatch.setattr(table, "MAX_COLUMNS", 2)
    assert codes_of(load([path])) == ["too_large"]
    monkeypatch.setattr(source, "MAX_FILE_BYTES", 10)
    assert codes_of(load([path])) == ["too_large"]


def test_parquet_that_is_damaged_or_of_other_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"interval_start": ["2022-07-13T00:00Z"], "energy_usd_per_mwh": [1.0]}), path)
    assert codes_of(load([path])) == []
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert codes_of(load([path], kind="plain-prices")) == ["broken_parquet"]
    pq.write_table(pa.table({"a": [1]}), path)
    assert codes_of(load([path])) == ["unknown_format"]
    assert codes_of(load([path], kind="ercot")) == ["no_header"]
    pq.write_table(
        pa.table({"interval_start": pa.array([], pa.string()), "x_usd_per_mwh": pa.array([], pa.float64())}), path
    )
    assert codes_of(load([path])) == ["no_rows"]


def test_spreadsheets_and_other_compressions_say_what_to_do(tmp_path: Path) -> None:
    sheet = zipped(tmp_path, {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<x/>"}, "prices.xlsx")
    loaded = load([sheet])
    assert codes_of(loaded) == ["unknown_format"]
    assert "save the sheet as CSV" in loaded.report.findings[0].action
    packed = tmp_path / "prices.csv.gz"
    packed.write_bytes(gzip.compress(b"a,b\n"))
    assert "unpack it" in load([packed]).report.findings[0].action


def test_more_readings_than_an_import_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "MAX_READINGS", 100)
    path = tmp_path / "prices.csv"
    path.write_text(SAMPLES["prices.csv"].text, encoding="utf-8")
    loaded = load([path])
    assert codes_of(loaded) == ["too_large"]
    assert loaded.series == []


def test_findings_of_one_kind_are_counted_beyond_those_shown(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text(SAMPLES["prices.csv"].text.replace(",2.", ",x2.").replace(",3.", ",x3."), encoding="utf-8")
    loaded = load([path])
    shown = codes_of(loaded).count("not_a_number")
    assert shown == limits.MAX_FINDINGS_SHOWN < loaded.report.errors


def test_every_code_is_explained_in_the_manual() -> None:
    page = (Path(__file__).parents[4] / "docs" / "data.md").read_text(encoding="utf-8")
    rows = {line.split("|")[1].strip().strip("`") for line in page.splitlines() if line.startswith("| `")}
    assert set(codes.CODES) <= rows
