"""Kinds of damage for every importer: each is reported with its code and row, and stops an import if it is an error."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gridpact.data.importers.codes import CODES
from gridpact.data.importers.convert import ImportRefusedError, checked_files, import_files
from gridpact.data.importers.findings import Outcome
from gridpact.data.importers.options import ImportOptions
from import_samples import SAMPLES

Edit = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One kind of damage."""

    sample: str
    kind: str
    edit: Edit
    code: str
    row: int | None
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.sample}-{self.kind}"


def lines_of(content: bytes) -> list[bytes]:
    return content.splitlines(keepends=True)


def cell(row: int, column: int, text: str | Callable[[str], str], *, delimiter: str = ",") -> Edit:
    """Writes ``text`` into a cell; rows from 1, columns from 0."""

    def edit(content: bytes) -> bytes:
        lines = lines_of(content)
        line = lines[row - 1]
        cells = next(csv.reader([line.decode().rstrip("\r\n")], delimiter=delimiter))
        cells[column] = text(cells[column]) if callable(text) else text
        out = io.StringIO()
        csv.writer(out, delimiter=delimiter, lineterminator="\n").writerow(cells)
        lines[row - 1] = out.getvalue().encode()
        return b"".join(lines)

    return edit


def without(row: int, count: int = 1) -> Edit:
    return lambda content: b"".join([*lines_of(content)[: row - 1], *lines_of(content)[row - 1 + count :]])


def twice(row: int) -> Edit:
    return lambda content: b"".join([*lines_of(content)[:row], lines_of(content)[row - 1], *lines_of(content)[row:]])


def both(*edits: Edit) -> Edit:
    def edit(content: bytes) -> bytes:
        for one in edits:
            content = one(content)
        return content

    return edit


def swapped(row: int) -> Edit:
    def edit(content: bytes) -> bytes:
        lines = lines_of(content)
        lines[row - 1], lines[row] = lines[row], lines[row - 1]
        return b"".join(lines)

    return edit


def insert(row: int, text: bytes) -> Edit:
    def edit(content: bytes) -> bytes:
        lines = lines_of(content)
        lines[row - 1] = text + lines[row - 1]
        return b"".join(lines)

    return edit


def replaced(row: int, old: bytes, new: bytes) -> Edit:
    def edit(content: bytes) -> bytes:
        lines = lines_of(content)
        assert old in lines[row - 1]
        lines[row - 1] = lines[row - 1].replace(old, new, 1)
        return b"".join(lines)

    return edit


def rising(content: bytes) -> bytes:
    """Every load as the reading of a register."""
    for row in range(2, len(lines_of(content)) + 1):
        content = cell(row, 1, f"{50 + row * 0.25:.2f}")(content)
    return content


def broken_line(time: str) -> str:
    """``time`` with a line break where day and time of day meet, or inside the day."""
    for joint in (" ", "T"):
        if joint in time:
            return time.replace(joint, "\n", 1)
    return f"{time[:5]}\n{time[5:]}"


def rows_of(name: str) -> int:
    return len(SAMPLES[name].text.splitlines())


def csv_cases(
    name: str,
    *,
    value: int,
    time: int,
    delimiter: str = ",",
    off_grid: Edit | None = None,
    header: int = 1,
    last: int = 1,
) -> list[Case]:
    """Damage that every CSV of readings can have; the 20th row of data is hit."""
    row = header + 20

    def write(text: str | Callable[[str], str]) -> Edit:
        return cell(row, value, text, delimiter=delimiter)

    def case(kind: str, edit: Edit, code: str, at: int | None = row, **options: Any) -> Case:
        return Case(sample=name, kind=kind, edit=edit, code=code, row=at, options=options)

    end = rows_of(name)
    cases = [
        case("row_missing", without(row), "gap"),
        case("day_missing", without(row, 24), "gap"),
        case("row_twice", twice(row), "duplicate_identical", row + 1),
        case("row_twice_other_value", both(twice(row), write("17.25")), "duplicate_conflict", row + 1),
        case("text", write("abc"), "not_a_number"),
        case("letter_o", write("1O.5"), "not_a_number"),
        case("empty", write(""), "empty_cell"),
        case("nan", write("NaN"), "missing_value"),
        case("null", write("Null"), "missing_value"),
        case("n_e", write("n/e"), "missing_value"),
        case("spreadsheet_error", write("#REF!"), "spreadsheet_error"),
        case("hashes", write("########"), "spreadsheet_error"),
        case("infinite", write("-inf"), "not_finite"),
        case("thousands", write("1,234.5"), "thousands_separator"),
        case("apostrophe", write("1'234.5"), "thousands_separator"),
        case("comma", write("12,5"), "decimal_comma"),
        case("overflow", write("1e999"), "not_finite"),
        case("out_of_range", write("9e9"), "out_of_range"),
        case("no_time", cell(row, time, "yesterday", delimiter=delimiter), "bad_time"),
        case("time_on_two_lines", cell(row, time, broken_line, delimiter=delimiter), "bad_time"),
        case("swapped", swapped(row), "unsorted_rows", row + 1),
        case("cell_too_many", replaced(row, delimiter.encode(), delimiter.encode() * 3), "wrong_cell_count"),
        case(
            "cut_off",
            lambda content: b"".join(lines_of(content)[: row - 1]) + lines_of(content)[row - 1][:9],
            "truncated_file",
        ),
        case("no_final_newline", lambda content: content.rstrip(b"\r\n"), "no_final_newline", end),
        case("latin_1", insert(row, b"\xe9"), "wrong_encoding"),
        case("utf_16", lambda content: content.decode().encode("utf-16"), "wrong_encoding", 1),
        case("zero_byte", insert(row, b"\x00"), "binary_content"),
        case("byte_order_mark", lambda content: b"\xef\xbb\xbf" + content, "byte_order_mark", 1),
        case("quote_open", insert(row, b'"'), "broken_quoting"),
        case("empty_file", lambda content: b"", "empty_file", None),
        case("blank_file", lambda content: b" \n\n", "unknown_format", 1),
        case("header_only", lambda content: b"".join(lines_of(content)[:header]), "no_rows", header),
        case("header_gone", lambda content: b"".join(lines_of(content)[header:]), "no_header", 1),
        case("html_page", lambda content: b"<html><body>Too many requests</body></html>", "unknown_format", 1),
    ]
    if off_grid is not None:
        cases.append(case("off_grid", off_grid, "off_grid"))
    return cases


ROW = 21
CASES = [
    *csv_cases("caiso_lmp.csv", value=14, time=0),
    *csv_cases("ercot_dam.csv", value=3, time=0),
    *csv_cases("entsoe_old.csv", value=1, time=0),
    *csv_cases("entsoe_semicolon.csv", value=1, time=0, delimiter=";"),
    *csv_cases("gridstatus_lmp.csv", value=6, time=1),
    *csv_cases("prices.csv", value=1, time=0, off_grid=replaced(ROW, b":00:00-05:00", b":17:00-05:00")),
    *csv_cases("home.csv", value=1, time=0, off_grid=replaced(ROW, b":30:00-05:00", b":37:00-05:00")),
    *csv_cases("ausgrid_home.csv", value=1, time=0, off_grid=replaced(ROW, b":30:00,", b":37:00,")),
    *csv_cases("london.csv", value=3, time=2, off_grid=replaced(ROW, b":30:00.0", b":37:00.0")),
    *csv_cases("green_button.csv", value=4, time=1, header=6),
]


def special(sample: str, kind: str, edit: Edit, code: str, row: int | None, **options: Any) -> Case:
    return Case(sample=sample, kind=kind, edit=edit, code=code, row=row, options=options)


CASES += [
    # CAISO
    special("caiso_lmp.csv", "wrong_day", cell(ROW, 2, "2023-08-20"), "date_mismatch", ROW),
    special("caiso_lmp.csv", "ends_first", cell(ROW, 1, "2023-08-14T00:00:00-00:00"), "end_before_start", ROW),
    special("caiso_lmp.csv", "two_hours", cell(ROW, 1, "2023-08-15T05:00:00-00:00"), "duration_mismatch", ROW),
    special("caiso_lmp.csv", "other_market", cell(ROW, 8, "RTM"), "several_series", ROW),
    special("caiso_lmp.csv", "no_node", both(*(cell(ROW, k, "") for k in (5, 6, 7))), "empty_cell", ROW),
    special("caiso_lmp.csv", "no_price_column", cell(1, 14, "XYZ"), "missing_column", 1),
    special("caiso_as.csv", "unknown_product", cell(ROW, 6, "ZZ"), "wrong_quantity", ROW),
    # ERCOT
    special("ercot_dam.csv", "hour_25", cell(ROW, 1, "25:00"), "bad_time", ROW),
    special("ercot_dam.csv", "hour_0", cell(ROW, 1, "00:00"), "bad_time", ROW),
    special("ercot_dam.csv", "flag", cell(ROW, 4, "X"), "bad_flag", ROW),
    special("ercot_dam.csv", "day_first", cell(ROW, 0, "13/07/2022"), "bad_time", ROW),
    special("ercot_dam.csv", "spreadsheet_day", cell(ROW, 0, "44755"), "bad_time", ROW),
    special("ercot_rtm.csv", "interval_5", cell(ROW, 2, "5"), "bad_time", ROW),
    special("ercot_mcpc.csv", "service", cell(ROW, 2, "RRSPFR"), "wrong_quantity", ROW),
    special("ercot_mcpc_wide.csv", "starts_late", cell(2, 6, ""), "empty_cell", 2),
    # ENTSO-E
    special("entsoe_old.csv", "other_currency", cell(ROW, 2, "GBP"), "currency_mixed", ROW),
    special("entsoe_old.csv", "half_mtu", cell(ROW, 0, "01.06.2023 19:00"), "bad_time", ROW),
    special(
        "entsoe_old.csv", "ends_first", cell(ROW, 0, "01.06.2023 19:00 - 01.06.2023 18:00"), "end_before_start", ROW
    ),
    special("entsoe_new.csv", "sequence", cell(ROW, 2, "Sequence 2"), "several_series", ROW),
    special(
        "entsoe_new.csv", "hour", cell(ROW, 0, "02/10/2025 04:45:00 - 02/10/2025 05:45:00"), "duration_mismatch", ROW
    ),
    special("entsoe_new.csv", "clock", cell(1, 0, "MTU (Mars)"), "naive_time", 1),
    # gridstatus
    special("gridstatus_lmp.csv", "naive", cell(ROW, 1, "2023-08-14 19:00:00"), "naive_time", ROW),
    special("gridstatus_lmp.csv", "market", cell(ROW, 3, "REAL_TIME_5_MIN"), "several_series", ROW),
    special("gridstatus_lmp.csv", "ends_first", cell(ROW, 2, "2023-08-13 00:00:00-07:00"), "end_before_start", ROW),
    # plain prices
    special("prices.csv", "naive", replaced(ROW, b"-05:00", b""), "naive_time", ROW),
    special("prices.csv", "no_unit", cell(1, 1, "energy"), "unit_missing", 1),
    special("prices.csv", "currencies", cell(1, 1, "energy_eur_per_mwh"), "currency_mixed", 1),
    special("prices.csv", "day_number", cell(ROW, 0, "44755.8333"), "spreadsheet_date", ROW),
    special("prices.csv", "which_day", cell(ROW, 0, "07/08/2022 19:00"), "ambiguous_date", ROW),
    special("prices.csv", "far_future", cell(ROW, 0, "2122-07-13T19:00:00-05:00"), "span_too_long", ROW),
    special("prices.csv", "year_9999", cell(ROW, 0, "9999-12-31T23:00:00-05:00"), "bad_time", ROW),
    special("prices.csv", "column_twice", cell(1, 2, "energy_usd_per_mwh"), "duplicate_column", 1),
    # household
    special("home.csv", "negative", cell(ROW, 1, "-0.2"), "negative_load", ROW),
    special("home.csv", "no_unit", both(cell(1, 1, "load"), cell(1, 2, "solar")), "unit_missing", 1),
    special("home.csv", "night", cell(4, 2, "0.9"), "solar_at_night", 4),
    special("home.csv", "register", rising, "register_readings", 2),
    special("home.csv", "no_header_time", cell(1, 0, "when_it_was"), "unknown_format", 1),
    special("ausgrid_home.csv", "unit_not_declared", lambda content: content, "unit_missing", 1, unit=None),
    special("ausgrid_home.csv", "negative", cell(ROW, 1, "-0.2"), "negative_load", ROW),
    special("ausgrid_wide.csv", "category", cell(4, 3, "XX"), "wrong_quantity", 4),
    special("ausgrid_wide.csv", "date", cell(4, 4, "31/06/2012"), "bad_time", 4),
    special("ausgrid_wide.csv", "text", cell(4, 20, "abc"), "not_a_number", 4),
    special("ausgrid_wide.csv", "empty", cell(4, 20, ""), "empty_cell", 4),
    special("ausgrid_wide.csv", "day_missing", without(6, 3), "gap", 6),
    special("ausgrid_wide.csv", "day_twice", twice(6), "duplicate_identical", 7),
    special("ausgrid_wide.csv", "slot_missing", cell(2, 20, "oops"), "missing_column", 1),
    special("ausgrid_wide.csv", "cells", replaced(4, b",", b",,"), "wrong_cell_count", 4),
    special("london.csv", "no_zone", lambda content: content, "naive_time", 2, timezone=None),
    special("london.csv", "label", lambda content: content, "label_assumed", None, label=None),
    special("london.csv", "negative", cell(ROW, 3, "-1"), "negative_load", ROW),
    special("green_button.csv", "no_zone", lambda content: content, "naive_time", 7, timezone=None),
    special("green_button.csv", "unit", cell(26, 5, "therms"), "unit_unknown", 26),
    special("green_button.csv", "other_unit", cell(26, 5, "Wh"), "wrong_quantity", 26),
    special("green_button.csv", "ends_first", cell(26, 3, "00:00"), "end_before_start", 26),
    special("green_button.csv", "clock", cell(26, 2, "25:00"), "bad_time", 26),
    special("green_button.csv", "negative", cell(26, 4, "-1"), "negative_load", 26),
]


def xml(kind: str, old: str, new: str, code: str, row: int | None, count: int = 1) -> Case:
    def edit(content: bytes) -> bytes:
        assert old.encode() in content
        return content.replace(old.encode(), new.encode(), count)

    return special("green_button.xml", kind, edit, code, row)


READING = 16
"""Line of the 3rd reading of the XML sample."""
CASES += [
    special("green_button.xml", "reading_missing", without(READING), "gap", READING),
    special("green_button.xml", "reading_twice", twice(READING), "duplicate_identical", READING + 1),
    special(
        "green_button.xml",
        "reading_twice_other_value",
        both(twice(READING), replaced(READING, b"<value>", b"<value>1")),
        "duplicate_conflict",
        READING + 1,
    ),
    special("green_button.xml", "swapped", swapped(READING), "unsorted_rows", READING + 1),
    special("green_button.xml", "text", replaced(READING, b"<value>", b"<value>x"), "not_a_number", READING),
    special("green_button.xml", "no_value", replaced(READING, b"value>", b"worth>"), "broken_xml", READING),
    special("green_button.xml", "negative", replaced(READING, b"<value>", b"<value>-"), "negative_load", READING),
    special("green_button.xml", "start", replaced(READING, b"<start>", b"<start>x"), "bad_time", READING),
    special("green_button.xml", "far", replaced(READING, b"<start>1", b"<start>6"), "off_grid", READING),
    special("green_button.xml", "duration", replaced(READING, b">3600<", b">1800<"), "duration_mismatch", READING),
    special("green_button.xml", "no_duration", replaced(READING, b">3600<", b">0<"), "end_before_start", READING),
    special("green_button.xml", "cut_off", lambda content: content[: len(content) // 2], "broken_xml", None),
    xml("entity", "<feed", '<!DOCTYPE x [<!ENTITY a "b">]><feed', "unsafe_xml", 1),
    xml("deep", "</feed>", "<a>" * 100 + "</a>" * 100 + "</feed>", "unsafe_xml", None),
    xml("gas", "<uom>72</uom>", "<uom>169</uom>", "wrong_quantity", 1),
    xml("no_unit", "<uom>72</uom>", "", "unit_missing", None),
    xml("strange_unit", "<uom>72</uom>", "<uom>many</uom>", "unit_unknown", None),
    xml("power_of_ten", ">-3<", ">99<", "unit_unknown", None),
    xml("register", "<accumulationBehaviour>4", "<accumulationBehaviour>3", "register_readings", None),
    xml("kilo_for_milli", ">-3<", ">3<", "out_of_range", None),
    # Charging sessions
    special("sessions.csv", "reversed", cell(4, 2, "2022-07-10T07:30"), "session_reversed", 4),
    special("sessions.csv", "overlap", cell(4, 2, "2022-07-15T07:30"), "session_overlap", 6),
    special("sessions.csv", "open", cell(4, 2, ""), "session_open", 4),
    special("sessions.csv", "energy", cell(4, 3, "-3"), "session_energy", 4),
    special("sessions.csv", "watt_hours", cell(4, 3, "8000000"), "session_energy", 4),
    special("sessions.csv", "text", cell(4, 3, "full"), "not_a_number", 4),
    special("sessions.csv", "empty", cell(4, 3, ""), "empty_cell", 4),
    special("sessions.csv", "no_time", cell(4, 1, "noon"), "bad_time", 4),
    special("sessions.csv", "time_on_two_lines", cell(4, 1, broken_line), "bad_time", 4),
    special("sessions.csv", "formula", cell(4, 0, "=1+1"), "unusable_name", 4),
    special("sessions.csv", "twice", twice(4), "duplicate_identical", 5),
    special("sessions.csv", "twice_other", both(twice(4), cell(4, 3, "1")), "duplicate_conflict", 5),
    special("sessions.csv", "skipped_hour", cell(4, 1, "2022-03-13T02:30"), "nonexistent_time", 4),
    special("sessions.csv", "repeated_hour", cell(4, 2, "2022-11-06T01:30"), "ambiguous_time", 4),
    special("sessions.csv", "too_long", cell(13, 2, "2022-08-30T07:30"), "session_too_long", 13),
    special("sessions.csv", "no_zone", lambda content: content, "naive_time", 2, timezone=None),
    special("sessions.csv", "cells", replaced(4, b",", b",,"), "wrong_cell_count", 4),
    special("sessions.csv", "header_only", lambda content: lines_of(content)[0], "no_rows", 1),
    special("acn.json", "cut_off", lambda content: content[: len(content) // 2], "broken_json", None),
    special("acn.json", "comma", replaced(5, b'", "', b'" "'), "broken_json", 5),
    special("acn.json", "other_value", lambda content: content.replace(b"[\n", b"[\n7,\n"), "wrong_quantity", 3),
    special("acn.json", "time", replaced(5, b"Jan 2019", b"Foo 2019"), "bad_time", 5),
    special("acn.json", "time_on_two_lines", replaced(5, b" Jan 2019", b"\\nJan 2019"), "bad_time", 5),
    special("acn.json", "energy", replaced(5, b'"kWhDelivered": 1', b'"kWhDelivered": -1'), "session_energy", 5),
    special("acn.json", "missing", replaced(5, b'"kWhDelivered"', b'"energy"'), "empty_cell", 5),
    special("acn.json", "twice", twice(5), "duplicate_identical", 6),
    special("acn.json", "zone", replaced(5, b"Los_Angeles", b"Nowhere"), "bad_time", 5),
    special("acn.json", "open", replaced(5, b'"disconnectTime"', b'"later"'), "session_open", 5),
    special("acn.json", "empty", lambda content: b'{"connectionTime": 1, "_items": []}', "no_rows", 1),
    special("acn.json", "no_items", lambda content: b'{"connectionTime": 1}', "broken_json", 1),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_damage_is_reported_with_its_row(case: Case, tmp_path: Path) -> None:
    sample = SAMPLES[case.sample]
    source = tmp_path / sample.name
    source.write_bytes(case.edit(sample.text.encode()))
    options = ImportOptions(**{**sample.options, **case.options})
    kind = sample.importer if case.code == "no_header" else None
    loaded = checked_files([source], kind=kind, options=options)
    found = [(finding.code, finding.row) for finding in loaded.report.findings]
    assert case.code in {code for code, _ in found}, found
    if case.row is not None:
        assert (case.code, case.row) in found
    finding = next(finding for finding in loaded.report.findings if finding.code == case.code)
    assert finding.message
    assert finding.action
    if CODES[case.code].severity.value != "error":
        return
    out = tmp_path / "out.parquet"
    out.write_bytes(b"what was there")
    with pytest.raises(ImportRefusedError, match=case.code):
        import_files([source], out=out, kind=kind, options=options)
    assert out.read_bytes() == b"what was there"
    assert loaded.report.number(Outcome.ERROR) > 0


@pytest.mark.parametrize(
    ("prices", "outlier"),
    [
        ([20 + k for k in range(24)], -9999),
        ([20 + k for k in range(24)], 9999),
        ([20] * 24, 99_999),
        ([20 + k for k in range(24)], None),
        ([0] * 23 + [1], None),
    ],
)
def test_an_outlier_is_warned_of_even_in_one_day(prices: list[int], outlier: int | None, tmp_path: Path) -> None:
    if outlier is not None:
        prices[5] = outlier
    source = tmp_path / "day.csv"
    rows = [f"2023-08-14T{hour:02d}:00-05:00,{price}\n" for hour, price in enumerate(prices)]
    source.write_text("interval_start,hub_usd_per_mwh\n" + "".join(rows))
    report = checked_files([source], options=ImportOptions()).report
    found = [finding.row for finding in report.findings if finding.code == "outlier"]
    assert found == ([7] if outlier is not None else [])


def test_every_importer_has_at_least_ten_kinds_of_damage() -> None:
    kinds: dict[str, set[str]] = {}
    for case in CASES:
        kinds.setdefault(SAMPLES[case.sample].importer, set()).add(case.kind)
    assert {name: len(found) for name, found in kinds.items() if len(found) < 10} == {}
    assert set(kinds) == {sample.importer for sample in SAMPLES.values()}
