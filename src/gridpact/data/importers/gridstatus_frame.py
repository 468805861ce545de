"""Price frames of gridstatus, as CSV or Parquet written from them, or as data frames.

Columns (gridstatus' documentation): ``Interval Start``, ``Interval End``, ``Market``, ``Location``, ``LMP`` or ``SPP``
with components beside it, or one column for each reserve product with a ``Region`` or ``Zone``; the hosted service
writes the same names in lower case with underscores.
"""

from datetime import UTC, datetime

from gridpact.data.importers.cells import parse_time
from gridpact.data.importers.drafts import Draft, Drafts
from gridpact.data.importers.findings import Report
from gridpact.data.importers.naming import RESERVE_NAMES, check_only, energy_price, reserve_price, squash, wanted
from gridpact.data.importers.options import ImportOptions
from gridpact.data.importers.source import Source
from gridpact.data.importers.table import Row, Table, first_rows, read_table

STARTS = ("intervalstart", "intervalstartutc", "intervalstartlocal", "time")
"""Older frames have ``Time`` alone."""
ENDS = ("intervalend", "intervalendutc", "intervalendlocal")
ENERGY = ("lmp", "spp")
PLACES = ("location", "region", "zone")
NOT_USED = frozenset(
    {"time", "market", "locationtype", "energy", "congestion", "loss", "ghg", "node", "locationid", "locationshortname"}
)
RESERVES = frozenset(name for name in RESERVE_NAMES if len(name) > 5)
"""Long names; operators' short ones are other files' headings."""


def sniff(source: Source) -> int:
    """How surely the source is such a frame, 0 to 100."""
    return 80 if any(is_header(row) for row in first_rows(source.head, 3)) else 0


def is_header(cells: "list[str] | tuple[str, ...]") -> bool:
    """Whether ``cells`` are the columns of such a frame."""
    names = {squash(cell) for cell in cells}
    return bool(names & set(STARTS)) and bool(names & set(ENERGY) or names & RESERVES)


def read(source: Source, drafts: Drafts, options: ImportOptions, report: Report) -> None:
    """Read a file written from a gridstatus frame.

    Raises:
        ReadingStoppedError: it cannot be read.
    """
    table = read_table(
        source,
        report,
        options,
        header=lambda cells: is_header(list(cells)),
        needs="'Interval Start' and 'LMP', 'SPP' or reserve products",
    )
    read_frame(table, drafts, options, report)


def read_frame(table: Table, drafts: Drafts, options: ImportOptions, report: Report) -> None:
    """Read a frame as a table of text.

    Raises:
        ReadingStoppedError: a column is not there.
    """
    check_only(table, options, report)
    columns = {squash(column): column for column in table.columns}
    start = next(columns[name] for name in STARTS if name in columns)
    end = next((columns[name] for name in ENDS if name in columns), None)
    place = next((columns[name] for name in PLACES if name in columns), None)
    energy = [columns[name] for name in ENERGY if name in columns]
    reserves = [columns[name] for name in columns if name in RESERVES]
    used = {start, end, place, *energy, *reserves}
    ignored = [c for c in table.columns if c not in used and squash(c) not in NOT_USED]
    if ignored:
        report.add("columns_ignored", f"left out: {', '.join(ignored)}", file=table.name)
    drafts.notes["market operator"] = "through gridstatus"
    for row in table:
        location = row.cells[place] if place is not None else None
        if not wanted(row.cells, options, location=location):
            continue
        times = _times(row, table, start, end, options, report)
        if times is None:
            continue
        market = row.cells.get("Market") or row.cells.get("market") or ""
        known = drafts.notes.setdefault("market run", market)
        if market != known:
            report.stop(
                "several_series",
                f"the row is of market {market!r}, earlier rows of {known!r}",
                file=table.name,
                row=row.number,
                column="Market",
                value=market,
            )
        for column in energy:
            name = energy_price(drafts, location or "system", kind=squash(column), column=column)
            _add(drafts.series[name], row, column, times, table, options)
        for column in reserves:
            name = reserve_price(drafts, column, region=location, column=column)
            _add(drafts.series[name], row, column, times, table, options)


def _times(
    row: Row, table: Table, start: str, end: str | None, options: ImportOptions, report: Report
) -> tuple[datetime, int | None] | None:
    found = []
    for column in (start, end):
        if column is None:
            continue
        moment = parse_time(row.cells[column], options)
        if isinstance(moment, str):
            report.add(
                moment,
                "no time such as 2023-01-12 00:00:00-08:00",
                file=table.name,
                row=row.number,
                column=column,
                value=row.cells[column],
            )
            return None
        if moment.tzinfo is None and squash(column).endswith("utc"):
            moment = moment.replace(tzinfo=UTC)
        found.append(moment)
    if len(found) == 1 or found[0].tzinfo is None or found[1].tzinfo is None:
        return found[0], None
    seconds = round((found[1] - found[0]).total_seconds())
    if seconds <= 0:
        report.add(
            "end_before_start",
            "the interval ends before it starts",
            file=table.name,
            row=row.number,
            column=end,
            value=row.cells[end or ""],
        )
        return None
    return found[0], seconds


def _add(
    draft: Draft, row: Row, column: str, times: tuple[datetime, int | None], table: Table, options: ImportOptions
) -> None:
    draft.add(times[0], row.cells[column], row=row.number, file=table.name, options=options, seconds=times[1])
