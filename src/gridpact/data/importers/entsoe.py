"""Day-ahead prices exported from ENTSO-E's transparency platform, old and new layout.

Old: ``MTU (CET/CEST)``, ``Day-ahead Price [EUR/MWh]``, ``Currency``, ``BZN|DE-LU``; times ``26.03.2023 00:00 - ...``.
New: ``MTU (CET/CEST)``, ``Area``, ``Sequence``, ``Day-ahead Price (EUR/MWh)``, intraday columns; times
``27/10/2024 02:45:00 (CEST) - 27/10/2024 02:00:00 (CET)``, where the marker stands beside hours that clocks change.
"""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gridpact.data.importers.cells import parse_slashed
from gridpact.data.importers.drafts import Drafts
from gridpact.data.importers.findings import Report
from gridpact.data.importers.naming import check_only, energy_price, wanted
from gridpact.data.importers.options import ImportOptions
from gridpact.data.importers.source import Source
from gridpact.data.importers.table import Row, Table, first_rows, read_table

_PRICE = re.compile(r"day-?ahead price\s*[\[(]\s*([A-Z]{3})\s*/\s*(MWh|kWh)\s*[\])]", re.IGNORECASE)
_MTU = re.compile(r"MTU(?:\s*\(([^)]*)\))?", re.IGNORECASE)
_SIDE = re.compile(r"([0-9./\-]+ [0-9:]+)(?: *\(([A-Z]+)\))?")
ZONES = {"CET": "Europe/Brussels", "EET": "Europe/Helsinki", "WET": "Europe/Lisbon", "UTC": "UTC"}
"""Zone of the clock that the heading names."""
SUMMER = frozenset({"CEST", "EEST", "WEST"})


def sniff(source: Source) -> int:
    """How surely the source is such an export, 0 to 100."""
    return 90 if any(_is_header(row) for row in first_rows(source.head, 10)) else 0


def _is_header(cells: "list[str] | tuple[str, ...]") -> bool:
    return any(_MTU.fullmatch(cell) for cell in cells) and any(_PRICE.fullmatch(cell) for cell in cells)


def read(source: Source, drafts: Drafts, options: ImportOptions, report: Report) -> None:
    """Read an export of day-ahead prices.

    Raises:
        ReadingStoppedError: it cannot be read.
    """
    table = read_table(
        source,
        report,
        options,
        header=lambda cells: _is_header(list(cells)),
        needs="'MTU (CET/CEST)' and 'Day-ahead Price [EUR/MWh]'",
    )
    check_only(table, options, report)
    mtu = next(column for column in table.columns if _MTU.fullmatch(column))
    price, (currency, per) = next((c, m.groups()) for c in table.columns if (m := _PRICE.fullmatch(c)))
    drafts.zone_name = _zone_name(mtu, table, options, report)
    drafts.day_zone_name = "Europe/Brussels" if drafts.zone_name == "UTC" else drafts.zone_name
    drafts.notes["market operator"] = "ENTSO-E transparency platform"
    drafts.currency = currency.lower()
    old_area = next((column for column in table.columns if column.startswith(("BZN|", "CTY|", "CTA|"))), None)
    ignored = [c for c in table.columns if c not in (mtu, price, "Area", "Sequence", "Currency", old_area)]
    if ignored:
        report.add("columns_ignored", f"left out: {', '.join(ignored)}", file=table.name)
    zone = ZoneInfo(drafts.zone_name)
    for row in table:
        area = row.cells.get("Area") or old_area or "day_ahead"
        if not wanted(row.cells, options, location=area.partition("|")[2] or area):
            continue
        _check_row(row, table, drafts, currency, report)
        sides = _sides(row.cells[mtu])
        if sides is None:
            report.add(
                "bad_time",
                "no MTU such as '01.01.2023 00:00 - 01.01.2023 01:00'",
                file=table.name,
                row=row.number,
                column=mtu,
                value=row.cells[mtu],
            )
            continue
        start, end, later = sides
        seconds = _seconds(start, end, zone)
        if seconds is not None and seconds <= 0:
            report.add(
                "end_before_start",
                "the interval ends before it starts",
                file=table.name,
                row=row.number,
                column=mtu,
                value=row.cells[mtu],
            )
            continue
        name = energy_price(
            drafts, area.partition("|")[2] or area, kind="day_ahead", column=price, currency=currency.lower()
        )
        draft = drafts.series[name]
        draft.scale = 1000.0 if per.lower() == "kwh" else 1.0
        draft.add(
            start, row.cells[price], row=row.number, file=table.name, options=options, later=later, seconds=seconds
        )


def _zone_name(mtu: str, table: Table, options: ImportOptions, report: Report) -> str:
    if options.timezone is not None:
        return options.timezone
    match = _MTU.fullmatch(mtu)
    clock = (match[1] or "") if match else ""
    name = ZONES.get(clock.partition("/")[0].strip().upper())
    if name is None:
        report.stop(
            "naive_time", "the heading names no clock such as CET/CEST", file=table.name, row=1, column=mtu, value=mtu
        )
    return name


def _check_row(row: Row, table: Table, drafts: Drafts, currency: str, report: Report) -> None:
    written = row.cells.get("Currency", "").upper()
    if written and written != currency.upper():
        report.add(
            "currency_mixed",
            f"the heading says {currency}",
            file=table.name,
            row=row.number,
            column="Currency",
            value=written,
        )
    sequence = row.cells.get("Sequence", "")
    known = drafts.notes.setdefault("sequence", sequence) if sequence else ""
    if sequence != known:
        report.stop(
            "several_series",
            f"the row is of {sequence!r}, earlier rows of {known!r}",
            file=table.name,
            row=row.number,
            column="Sequence",
            value=sequence,
        )


def _sides(cell: str) -> tuple[datetime, datetime, bool | None] | None:
    left, found, right = cell.partition(" - ")
    first, second = _SIDE.fullmatch(left.strip()), _SIDE.fullmatch(right.strip())
    if not found or first is None or second is None:
        return None
    start, end = parse_slashed(first[1], "dmy"), parse_slashed(second[1], "dmy")
    if isinstance(start, str) or isinstance(end, str):
        return None
    later = None if first[2] is None else first[2] not in SUMMER
    return start, end, later


def _seconds(start: datetime, end: datetime, zone: ZoneInfo) -> int | None:
    """Length of an interval [s]; None where clocks change during it, so that its walls do not tell."""
    try:
        near = {
            (moment + timedelta(hours=hours)).replace(tzinfo=zone, fold=fold).utcoffset()
            for moment in (start, end)
            for hours in (-1, 1)
            for fold in (0, 1)
        }
    except OverflowError:
        return None
    return None if len(near) > 1 else round((end - start).total_seconds())
