"""Fleets as spreadsheets export them read back equal, and a damaged cell is named by row and column."""

import csv
import io
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.errors import GridpactError, TableError
from gridpact.fleet.columns import COLUMN_NAMES, COLUMNS, Kind
from gridpact.fleet.fleet import Fleet
from gridpact.fleet.generator import generate_fleet
from gridpact.fleet.io import read_fleet, read_fleet_file, write_fleet


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How one program in one country writes a table."""

    separator: str = ","
    encoding: str = "utf-8"
    ending: str = "\r\n"
    decimal: str = "."
    group: str = ""
    percent: str = ""
    """What follows a share, which is then in hundredths."""
    units: bool = False
    truths: tuple[str, str] = ("true", "false")
    seconds: bool = False
    header: Callable[[str], str] = field(default=lambda name: name)
    quoting: int = csv.QUOTE_MINIMAL
    empty_columns: int = 0
    empty_rows: int = 0
    first_line: str = ""
    name: str = "fleet.csv"

    def number(self, value: float, unit: str) -> str:
        exact = Decimal(repr(value))
        share = bool(self.percent) and unit == "1"
        text = format(exact.scaleb(2) if share else exact, "f")
        whole, _, part = text.partition(".")
        if self.group and len(whole) > 3:
            whole = f"{int(whole):,}".replace(",", self.group)
        part = part.rstrip("0")
        if len(part) == 3:
            part += "0"  # a spreadsheet's cell format has two digits or four; three could be thousands
        text = whole + (self.decimal + part if part else "")
        tail = self.percent if share else f" {unit}" if self.units and unit not in ("1", "1/day") else ""
        return text + tail

    def cell(self, name: str, value: object) -> str:
        column = COLUMNS[name]
        if value is None or (isinstance(value, float) and np.isnan(value)):
            return ""
        if column.kind is Kind.NUMBER:
            return self.number(float(value), column.unit)  # type: ignore[arg-type]
        if column.kind is Kind.TRUTH:
            return self.truths[0 if value else 1]
        if column.kind is Kind.WINDOWS:
            text = "; ".join(value)  # type: ignore[arg-type]
            return re.sub(r"(\d\d:\d\d)-(\d\d:\d\d)", r"\1:00–\2:00", text) if self.seconds else text
        if name in ("vehicle_arrive", "vehicle_depart") and self.seconds:
            return re.sub(r"(\d\d:\d\d)", r"\1:00", str(value))
        return str(value)

    def write(self, fleet: Fleet, folder: Path) -> Path:
        out = io.StringIO(newline="")
        writer = csv.writer(out, delimiter=self.separator, lineterminator=self.ending, quoting=self.quoting)
        edge = [""] * self.empty_columns
        writer.writerow([self.header(name) for name in COLUMN_NAMES] + edge)
        columns = [fleet.frame[name].tolist() for name in COLUMN_NAMES]
        for row in zip(*columns, strict=True):
            writer.writerow([self.cell(name, value) for name, value in zip(COLUMN_NAMES, row, strict=True)] + edge)
        for _ in range(self.empty_rows):
            writer.writerow([""] * len(COLUMN_NAMES) + edge)
        path = folder / self.name
        path.write_bytes((self.first_line + out.getvalue()).encode(self.encoding))
        return path


def spoken(name: str) -> str:
    """A header as people type it: ``Battery Capacity (kWh)``, ``Floor USD/MWh``."""
    words = name.replace("_per_", "/").replace("_", " ").title()
    return re.sub(r" (Kwh|Kw)$", lambda match: f" ({match[1].replace('Kw', 'kW')})", words)


DIALECTS = {
    "Excel, CSV UTF-8": Dialect(encoding="utf-8-sig", truths=("TRUE", "FALSE"), seconds=True),
    "Excel, German": Dialect(
        encoding="utf-8-sig", separator=";", decimal=",", group=".", percent="%", truths=("WAHR", "FALSCH")
    ),
    "Excel, French": Dialect(
        separator=";", decimal=",", group="\u202f", percent="\u00a0%", truths=("VRAI", "FAUX"), seconds=True
    ),
    "Excel, Swiss": Dialect(separator=";", group="’", percent="%", truths=("TRUE", "FALSE")),
    "Excel, Unicode text": Dialect(encoding="utf-16", separator="\t", truths=("TRUE", "FALSE"), name="fleet.txt"),
    "Excel, with its own first line": Dialect(separator=";", decimal=",", first_line="sep=;\r\n"),
    "LibreOffice, quoted": Dialect(quoting=csv.QUOTE_ALL, ending="\n", group=",", percent="%", seconds=True),
    "LibreOffice, UTF-16 big end first": Dialect(encoding="utf-16-be", first_line="\ufeff", group=","),
    "Google": Dialect(header=spoken, truths=("TRUE", "FALSE"), group=",", percent="%", empty_rows=30),
    "Google, in a comma country": Dialect(decimal=",", percent="%", header=str.upper, empty_columns=4),
    "Numbers, old Macintosh": Dialect(separator=";", ending="\r", decimal=",", empty_rows=2, empty_columns=1),
    "typed units": Dialect(units=True, percent=" %", truths=("yes", "no"), header=spoken, group=" "),
    "typed units, tabs": Dialect(units=True, separator="\t", decimal=",", truths=("1", "0"), name="fleet.tsv"),
}


@pytest.mark.parametrize("dialect", DIALECTS)
@given(homes=st.integers(1, 40), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=8, deadline=None)
def test_fleets_read_back_equal_from_every_dialect(dialect: str, homes: int, seed: int) -> None:
    made = generate_fleet(homes, seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        reading = read_fleet_file(DIALECTS[dialect].write(made, Path(folder)))
    assert reading.fleet == made
    if DIALECTS[dialect].separator != ",":
        assert any("separated by" in note.text for note in reading.notes)


@given(value=st.decimals(0, 1000, places=4), decimal=st.sampled_from(".,"), group=st.sampled_from(["", " ", "'", "x"]))
def test_a_number_in_a_known_style_is_itself(value: Decimal, decimal: str, group: str) -> None:
    mark = "." if (group, decimal) == ("x", ",") else "," if group == "x" else group
    whole, _, part = format(value, "f").partition(".")
    text = f"{int(whole):,}".replace(",", mark) + (decimal + part if part else "")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f.csv"
        path.write_text(f'home_id;solar_kw;floor_usd_per_mwh\na;"{text}";0{decimal}5\n', encoding="utf-8")
        assert read_fleet(path).row("a")["solar_kw"] == float(value)


def refusal(path: Path) -> GridpactError | None:
    """Why the fleet cannot be read; any other error fails the test."""
    try:
        read_fleet(path)
    except GridpactError as problem:
        return problem
    return None


WORDS = st.one_of(
    st.text(max_size=12),
    st.text(alphabet="0123456789.,-+%eE $€'kWhMU/:; ", max_size=12),
    st.sampled_from(
        ["#N/A", "nan", "inf", "-inf", "1e999", "5 kW", "13.5 kWh", "50%", "TRUE", "24:00", "Mai 13", "=1+1"]
    ),
    st.sampled_from(["1,250", "1.250", "07/08/2022 18:00", "0.75", "\ud7ff", "x" * 5000, "1,23457E+11", "01:00-01:00"]),
)


@given(seed=st.integers(0, 99), data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_damaged_cell_is_read_or_named_by_row_and_column(seed: int, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fleet.csv"
        write_fleet(generate_fleet(5, seed=seed), path)
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
        hit = set()
        for _ in range(data.draw(st.integers(1, 3))):
            row, place = data.draw(st.integers(0, 5)), data.draw(st.integers(0, len(COLUMN_NAMES) - 1))
            rows[row][place] = data.draw(WORDS)
            hit.add((row + 1, COLUMN_NAMES[place]))
        out = io.StringIO(newline="")
        csv.writer(out).writerows(rows)
        path.write_bytes(out.getvalue().encode("utf-8", "surrogatepass"))
        found = refusal(path)
    if isinstance(found, TableError):
        rows_named = [each.row for each in found.problems if each.row is not None]
        assert len(rows_named) == len(found.problems) > 0
        assert rows_named == sorted(rows_named)
        assert found.count >= len(found.problems)
        for each in found.problems:
            assert f"row {each.row}" in each.text
            assert each.column is None or each.column in each.text or repr(each.column) in each.text
    elif found is not None:
        assert re.search("row [0-9]+", str(found)), str(found)


@given(
    content=st.binary(max_size=300),
    mark=st.sampled_from([b"", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"home_id\n"]),
)
@settings(max_examples=150, deadline=None)
def test_garbage_is_refused_in_a_message(content: bytes, mark: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fleet.csv"
        path.write_bytes(mark + content)
        found = refusal(path)
    assert found is None or "fleet.csv" in str(found)
