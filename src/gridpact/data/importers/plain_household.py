"""Interval data of a home: a time, and load or solar columns with the unit in their name.

Examples of columns: ``timestamp``, ``kwh``; ``interval_start``, ``load_kw``, ``solar_kw``; ``time``, ``usage [Wh]``.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from gridpact.data.importers.cells import parse_time
from gridpact.data.importers.drafts import ENERGY_UNITS, POWER_UNITS, Drafts, Quantity
from gridpact.data.importers.findings import Report
from gridpact.data.importers.naming import check_only, slug, squash, wanted
from gridpact.data.importers.options import ImportOptions
from gridpact.data.importers.source import Source
from gridpact.data.importers.table import Row, Table, first_rows, read_table

TIMES = ("timestamp", "datetime", "intervalstart", "start", "starttime", "localtime", "time", "timeutc", "timestamputc")
TIMES_UTC = ("intervalstartutc", "timeutc", "timestamputc", "utc", "datetimeutc")
END_TIMES = ("intervalend", "endtime", "end", "periodend")
HOMES = ("homeid", "home", "meterid", "meter", "customer", "customerid", "household", "dataid")
PROFILE_COLUMNS = ("profile", "interval_start", "forecast_kw", "realised_kw")
"""Columns of the profiles that runs read."""
_UNIT = re.compile(r"(?P<stem>.*?)(?:^|[\s_\[(/])(?P<unit>kwh|wh|mwh|kw|w|mw)[\])]?", re.IGNORECASE)
_SOLAR = re.compile(r"solar|pv|generation|production|gg\b", re.IGNORECASE)
_EXPORT = re.compile(r"export|feed.?in|to.?grid|returned", re.IGNORECASE)
_CONTROLLED = re.compile(r"controlled|_cl\b", re.IGNORECASE)
_LOAD = re.compile(r"load|usage|consum|import|demand|energy|power|value|delivered", re.IGNORECASE)
_NO_LOAD = re.compile(r"cost|price|temp|quality|note|rate|usd|eur|mwh_price", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A column of readings."""

    column: str
    quantity: Quantity
    unit: str


def sniff(source: Source) -> int:
    """How surely the source is such a table, 0 to 100."""
    return 50 if any(is_header(row) for row in first_rows(source.head, 3)) else 0


def is_header(cells: "list[str] | tuple[str, ...]") -> bool:
    """Whether ``cells`` hold a time and something that is measured."""
    names = {squash(cell) for cell in cells}
    timed = bool(names & {*TIMES, *TIMES_UTC, *END_TIMES})
    return timed and any(_measured(cell) for cell in cells if squash(cell) not in (*TIMES, *TIMES_UTC))


def _measured(cell: str) -> bool:
    if _NO_LOAD.search(cell):
        return False
    return bool(_UNIT.fullmatch(cell) or _SOLAR.search(cell) or _LOAD.search(cell))


def read(source: Source, drafts: Drafts, options: ImportOptions, report: Report) -> None:
    """Read a table of interval data.

    Raises:
        ReadingStoppedError: it cannot be read, or units are missing.
    """
    table = read_table(
        source,
        report,
        options,
        header=lambda cells: is_header(list(cells)),
        needs="a time (timestamp, interval_start) and readings such as kwh or load_kw",
    )
    check_only(table, options, report)
    if set(PROFILE_COLUMNS) <= set(table.columns):
        _read_profiles(table, drafts, options, report)
        return
    columns = {squash(column): column for column in table.columns}
    time, utc, ends = _time_column(columns, options)
    home = next((columns[name] for name in HOMES if name in columns), None)
    date = columns.get("date") if squash(time) in ("time", "starttime", "start", "endtime", "end") else None
    measures = _measures(table, skip={time, home, date}, options=options, report=report)
    for row in table:
        who = row.cells[home] if home is not None else ""
        if not wanted(row.cells, options, location=who if home is not None else None):
            continue
        written = row.cells[time] if date is None else f"{row.cells[date]} {row.cells[time]}"
        moment = parse_time(written, options)
        if isinstance(moment, str):
            report.add(
                moment,
                "no time such as 2022-07-13T19:00-05:00",
                file=table.name,
                row=row.number,
                column=time,
                value=written,
            )
            continue
        if utc and moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        add_measures(row, moment, measures, drafts, options, file=table.name, home=who, ends=ends)


def _read_profiles(table: Table, drafts: Drafts, options: ImportOptions, report: Report) -> None:
    """Profiles as runs read them: each is a series of what came; the forecast beside it is left out."""
    report.add("columns_ignored", "left out: forecast_kw", file=table.name)
    for row in table:
        profile = row.cells["profile"]
        if not wanted(row.cells, options, location=profile):
            continue
        moment = parse_time(row.cells["interval_start"], options)
        if isinstance(moment, str):
            report.add(
                moment,
                "no time such as 2022-07-13T19:00Z",
                file=table.name,
                row=row.number,
                column="interval_start",
                value=row.cells["interval_start"],
            )
            continue
        draft = drafts.get(slug(profile), quantity=quantity_of(profile), unit="kw", column="realised_kw")
        draft.add(moment, row.cells["realised_kw"], row=row.number, file=table.name, options=options)


def _time_column(columns: dict[str, str], options: ImportOptions) -> tuple[str, bool, bool]:
    """The column of times, whether it says UTC, and whether times are interval ends."""
    for name in TIMES_UTC:
        if name in columns:
            return columns[name], True, options.label == "end"
    for name in TIMES:
        if name in columns:
            return columns[name], False, options.label == "end"
    return next(columns[name] for name in END_TIMES if name in columns), False, options.label != "start"


def add_measures(
    row: Row,
    moment: datetime,
    measures: list[Measure],
    drafts: Drafts,
    options: ImportOptions,
    *,
    file: str,
    home: str,
    ends: bool,
    seconds: int | None = None,
) -> None:
    """Add one row's readings to the home's series."""
    for measure in measures:
        name = series_name(options.profile, home, measure.quantity)
        draft = drafts.get(name, quantity=measure.quantity, unit=measure.unit, column=measure.column, ends=ends)
        draft.add(moment, row.cells[measure.column], row=row.number, file=file, options=options, seconds=seconds)


def series_name(profile: str | None, home: str, quantity: Quantity) -> str:
    """Name of a home's series; the profile's name comes before it when it is written."""
    parts = [part for part in (profile, slug(home) if home else "") if part]
    return "_".join([*parts, quantity.value])


def _measures(table: Table, *, skip: set[str | None], options: ImportOptions, report: Report) -> list[Measure]:
    found: list[Measure] = []
    ignored = []
    for column in table.columns:
        if column in skip or squash(column) in (*TIMES, *TIMES_UTC, *END_TIMES):
            continue
        match = _UNIT.fullmatch(column)
        if not _measured(column):
            ignored.append(column)
            continue
        unit = match["unit"].lower() if match is not None else options.unit
        if unit is None:
            report.add(
                "unit_missing",
                "the name of the column ends in no unit such as _kw or _kwh",
                file=table.name,
                row=1,
                column=column,
            )
            continue
        if unit not in POWER_UNITS and unit not in ENERGY_UNITS:
            report.add("unit_unknown", f"the unit {unit!r} is not known", file=table.name, row=1, column=column)
            continue
        quantity = quantity_of(column)
        if any(measure.quantity is quantity for measure in found):
            report.add(
                "several_series",
                f"another column measures {quantity.value} too",
                file=table.name,
                row=1,
                column=column,
                action="remove one of the columns",
            )
            continue
        found.append(Measure(column=column, quantity=quantity, unit=unit))
    if ignored:
        report.add("columns_ignored", f"left out: {', '.join(ignored)}", file=table.name)
    if not found:
        report.stop("unit_missing", "no column with a unit is left", file=table.name, row=1)
    return found


def quantity_of(column: str) -> Quantity:
    """What a column measures, by its name."""
    for pattern, quantity in ((_EXPORT, Quantity.EXPORT), (_SOLAR, Quantity.SOLAR), (_CONTROLLED, Quantity.CONTROLLED)):
        if pattern.search(column):
            return quantity
    return Quantity.LOAD
