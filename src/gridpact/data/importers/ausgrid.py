"""Ausgrid's solar home data (2010 to 2013), as published and as one home's time series.

As published: a title line, then ``Customer``, ``Generator Capacity``, ``Postcode``, ``Consumption Category`` (GC
general consumption, CL controlled load, GG gross generation), ``date``, and 48 columns named by the end of their
half-hour, ``0:30`` to ``0:00``, in kWh. One home: ``local_time``, ``load_GC``, ``pv_GG``, at times ``load_CL``, whose
unit the file does not say. Clocks are Sydney's.
"""

import re
from datetime import datetime, timedelta

from gridpact.data.importers.cells import parse_number, parse_slashed
from gridpact.data.importers.drafts import Drafts, Quantity
from gridpact.data.importers.findings import Report
from gridpact.data.importers.naming import check_only, squash, wanted
from gridpact.data.importers.options import ImportOptions
from gridpact.data.importers.plain_household import Measure, add_measures, series_name
from gridpact.data.importers.source import Source
from gridpact.data.importers.table import Row, Table, first_rows, read_table
from gridpact.horizon import read_iso

SYDNEY = "Australia/Sydney"
CATEGORIES = {"GC": Quantity.LOAD, "CL": Quantity.CONTROLLED, "GG": Quantity.SOLAR}
_CHANNEL = re.compile(r"\w*_(GC|CL|GG)(?:_(kwh|kw|wh|w))?", re.IGNORECASE)
_SLOT = re.compile(r"(\d{1,2}):(00|30)")
_DAY = re.compile(r"(\d{1,2})[-\s]?([A-Za-z]{3})[-\s]?(\d{2}|\d{4})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def sniff(source: Source) -> int:
    """How surely the source is such data, 0 to 100."""
    rows = first_rows(source.head, 5)
    return 90 if any(_is_wide(row) or _is_home(row) for row in rows) else 0


def _is_wide(cells: "list[str] | tuple[str, ...]") -> bool:
    names = {squash(cell) for cell in cells}
    return {"customer", "consumptioncategory", "date"} <= names


def _is_home(cells: "list[str] | tuple[str, ...]") -> bool:
    return bool(cells) and squash(cells[0]) == "localtime" and any(_CHANNEL.fullmatch(cell) for cell in cells)


def read(source: Source, drafts: Drafts, options: ImportOptions, report: Report) -> None:
    """Read Ausgrid's data.

    Raises:
        ReadingStoppedError: it cannot be read, or the unit is not declared.
    """
    table = read_table(
        source,
        report,
        options,
        header=lambda cells: _is_wide(list(cells)) or _is_home(list(cells)),
        needs="Customer, Consumption Category and date, or local_time and load_GC",
    )
    check_only(table, options, report)
    drafts.zone_name = drafts.day_zone_name = SYDNEY
    drafts.notes["source"] = "Ausgrid solar home electricity data"
    if _is_wide(table.columns):
        _Wide(table, drafts, options, report).read()
    else:
        _read_home(table, drafts, options, report)


def _read_home(table: Table, drafts: Drafts, options: ImportOptions, report: Report) -> None:
    measures = []
    for column in table.columns[1:]:
        match = _CHANNEL.fullmatch(column)
        if match is None:
            report.add("columns_ignored", f"left out: {column}", file=table.name)
            continue
        unit = (match[2] or options.unit or "").lower()
        if not unit:
            report.add(
                "unit_missing",
                "neither the file nor --unit says whether it is kW or kWh",
                file=table.name,
                row=1,
                column=column,
                action="declare it with --unit kw or --unit kwh",
            )
            continue
        measures.append(Measure(column=column, quantity=CATEGORIES[match[1].upper()], unit=unit))
    if not measures:
        report.stop("unit_missing", "no column with a unit is left", file=table.name, row=1)
    for row in table:
        text = row.cells[table.columns[0]]
        try:
            moment = read_iso(text)
        except ValueError:
            report.add(
                "bad_time",
                "no time such as 2011-07-01 00:30:00",
                file=table.name,
                row=row.number,
                column=table.columns[0],
                value=text,
            )
            continue
        add_measures(row, moment, measures, drafts, options, file=table.name, home="", ends=options.label == "end")


class _Wide:
    """The table as published: a row for each customer, category and day."""

    def __init__(self, table: Table, drafts: Drafts, options: ImportOptions, report: Report) -> None:
        self.table, self.drafts, self.options, self.report = table, drafts, options, report
        self.columns = {squash(column): column for column in table.columns}
        self.slots: list[tuple[str, timedelta]] = []
        for column in table.columns:
            match = _SLOT.fullmatch(column)
            if match is not None:
                end = timedelta(hours=int(match[1]), minutes=int(match[2])) or timedelta(hours=24)
                self.slots.append((column, end - timedelta(minutes=30)))

    def read(self) -> None:
        if len(self.slots) != 48:
            self.report.stop(
                "missing_column", f"{len(self.slots)} half-hours instead of 48", file=self.table.name, row=1
            )
        for row in self.table:
            self._read_row(row)

    def _read_row(self, row: Row) -> None:
        customer, category = row.cells[self.columns["customer"]], row.cells[self.columns["consumptioncategory"]]
        if not wanted(row.cells, self.options, location=customer):
            return
        quantity = CATEGORIES.get(category.upper())
        if quantity is None:
            self._find("wrong_quantity", row, "consumptioncategory", "no category GC, CL or GG")
            return
        day = _day(row.cells[self.columns["date"]])
        if isinstance(day, str):
            self._find(day, row, "date", "no date such as 1/07/2012 or 1-Jul-10")
            return
        name = series_name(self.options.profile, customer, quantity)
        draft = self.drafts.get(name, quantity=quantity, unit="kwh", column=category)
        capacity = parse_number(row.cells.get(self.columns.get("generatorcapacity", ""), ""))
        if quantity is Quantity.SOLAR and isinstance(capacity, float) and capacity > 0:
            draft.solar_kw = capacity
        for column, since in self.slots:
            draft.add(
                day + since, row.cells[column], row=row.number, file=self.table.name, options=self.options, seconds=1800
            )

    def _find(self, code: str, row: Row, column: str, message: str) -> None:
        written = self.columns[column]
        self.report.add(code, message, file=self.table.name, row=row.number, column=written, value=row.cells[written])


def _day(text: str) -> datetime | str:
    match = _DAY.fullmatch(text.strip())
    if match is None:
        return parse_slashed(text, "dmy")
    if match[2].lower() not in _MONTHS:
        return "bad_time"
    year = int(match[3]) + (2000 if len(match[3]) == 2 else 0)
    try:
        return datetime(year, _MONTHS.index(match[2].lower()) + 1, int(match[1]))  # noqa: DTZ001
    except ValueError:
        return "bad_time"
