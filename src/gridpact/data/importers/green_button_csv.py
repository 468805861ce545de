"""Usage exports of utilities under the name Green Button, as CSV (PG&E, PECO, ComEd, Seattle City Light and others).

A few lines about the account, then ``TYPE, DATE, START TIME, END TIME`` and ``USAGE`` with ``UNITS``, or
``USAGE (kWh)``, or ``IMPORT (kWh)`` and ``EXPORT (kWh)``; ``COST`` and ``NOTES`` are left out. ``00:59`` ends the hour
that ``00:00`` began. Times are the home's, without an offset: declare --timezone.
"""

import re
from datetime import datetime

from gridpact.data.importers.cells import parse_time
from gridpact.data.importers.drafts import ENERGY_UNITS, Drafts, Quantity
from gridpact.data.importers.findings import Report
from gridpact.data.importers.naming import check_only, squash, wanted
from gridpact.data.importers.options import ImportOptions
from gridpact.data.importers.plain_household import series_name
from gridpact.data.importers.source import Source
from gridpact.data.importers.table import Row, Table, first_rows, read_table
from gridpact.horizon import read_iso

_VALUE = re.compile(r"(USAGE|IMPORT|EXPORT)(?:\s*\((kWh|Wh|MWh)\))?", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?", re.ASCII)
_DAY_MINUTES = 24 * 60


def sniff(source: Source) -> int:
    """How surely the source is such an export, 0 to 100."""
    return 90 if any(_is_header(row) for row in first_rows(source.head, 30)) else 0


def _is_header(cells: "list[str] | tuple[str, ...]") -> bool:
    names = {squash(cell) for cell in cells}
    return {"type", "date", "starttime"} <= names and any(_VALUE.fullmatch(cell) for cell in cells)


def read(source: Source, drafts: Drafts, options: ImportOptions, report: Report) -> None:
    """Read a utility's export.

    Raises:
        ReadingStoppedError: it cannot be read.
    """
    table = read_table(
        source,
        report,
        options,
        header=lambda cells: _is_header(list(cells)),
        needs="TYPE, DATE, START TIME and USAGE",
        optional_tail=1,
    )
    check_only(table, options, report)
    drafts.notes["source"] = "Green Button CSV"
    columns = {squash(column): column for column in table.columns}
    values = {column: match for column in table.columns if (match := _VALUE.fullmatch(column))}
    others = 0
    for row in table:
        if not wanted(row.cells, options, location=None):
            continue
        if "electric" not in row.cells[columns["type"]].lower():
            others += 1
            continue
        _read_row(row, table, columns, values, drafts, options, report)
    if others:
        report.add("columns_ignored", f"{others} rows are not of electricity", file=table.name, column=columns["type"])


def _read_row(
    row: Row,
    table: Table,
    columns: dict[str, str],
    values: "dict[str, re.Match[str]]",
    drafts: Drafts,
    options: ImportOptions,
    report: Report,
) -> None:
    start = _start(row, columns, options)
    if isinstance(start, str):
        report.add(
            start,
            "no date and start time such as 2023-07-04 and 00:15",
            file=table.name,
            row=row.number,
            column=columns["date"],
            value=f"{row.cells[columns['date']]} {row.cells[columns['starttime']]}",
        )
        return
    seconds = None
    if "endtime" in columns:
        seconds = _seconds(start, row.cells[columns["endtime"]])
        if seconds is None:
            report.add(
                "end_before_start",
                "no end time after the start",
                file=table.name,
                row=row.number,
                column=columns["endtime"],
                value=row.cells[columns["endtime"]],
            )
            return
    for column, match in values.items():
        unit = (match[2] or row.cells.get(columns.get("units", ""), "") or options.unit or "").lower()
        if unit not in ENERGY_UNITS:
            report.add(
                "unit_unknown" if unit else "unit_missing",
                "no unit kWh, Wh or MWh",
                file=table.name,
                row=row.number,
                column=columns.get("units", column),
                value=unit,
            )
            continue
        quantity = Quantity.EXPORT if match[1].upper() == "EXPORT" else Quantity.LOAD
        name = series_name(options.profile, "", quantity)
        draft = drafts.get(name, quantity=quantity, unit=unit, column=column)
        if draft.unit != unit:
            report.add(
                "wrong_quantity",
                f"the unit is {unit}, earlier rows have {draft.unit}",
                file=table.name,
                row=row.number,
                column=columns.get("units", column),
                value=unit,
            )
            continue
        draft.add(start, row.cells[column], row=row.number, file=table.name, options=options, seconds=seconds)


def _start(row: Row, columns: dict[str, str], options: ImportOptions) -> datetime | str:
    written = row.cells[columns["starttime"]]
    if len(written) > 8:
        return parse_time(written, options)
    clock = _CLOCK.fullmatch(written)
    if clock is None or int(clock[1]) > 23 or int(clock[2]) > 59:
        return "bad_time"
    day = parse_time(row.cells[columns["date"]], options)
    return day if isinstance(day, str) else day.replace(hour=int(clock[1]), minute=int(clock[2]))


def _seconds(start: datetime, written: str) -> int | None:
    """Length of the interval [s]; ``00:59`` means up to 01:00."""
    if len(written) > 8:
        try:
            found = round((read_iso(written) - start).total_seconds())
        except (ValueError, TypeError):
            return None
        return found if found > 0 else None
    clock = _CLOCK.fullmatch(written)
    if clock is None or int(clock[1]) > 24 or int(clock[2]) > 59:
        return None
    minutes = int(clock[1]) * 60 + int(clock[2]) - (start.hour * 60 + start.minute)
    if minutes % 5 == 4:
        minutes += 1
    if minutes == -(start.hour * 60 + start.minute):
        minutes += _DAY_MINUTES
    return minutes * 60 if 0 < minutes <= 60 else None
