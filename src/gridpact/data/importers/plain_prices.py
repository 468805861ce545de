"""Plain price tables, CSV or Parquet: an interval start with its offset, and prices with the unit in the column's name.

The layout is the one that `gridpact.data.prices.read_prices` takes. Names in cents or per kWh, or in another currency,
are read too and converted by the unit they state.
"""

import re
from datetime import UTC

from gridpact.data.importers.cells import parse_time
from gridpact.data.importers.drafts import Drafts, Quantity
from gridpact.data.importers.findings import Report
from gridpact.data.importers.naming import check_only, slug, wanted
from gridpact.data.importers.options import ImportOptions
from gridpact.data.importers.source import Source
from gridpact.data.importers.table import Table, first_rows, read_table
from gridpact.data.prices import TIME_COLUMNS

_UNIT = re.compile(r"(?P<stem>.*?)_(?P<currency>[a-z]{3}|cents?)_(?:per_)?(?P<per>mwh|kwh|mw_h|kw_h)", re.IGNORECASE)
_PER_MW = {"mwh": 1.0, "mw_h": 1.0, "kwh": 1000.0, "kw_h": 1000.0}


def sniff(source: Source) -> int:
    """How surely the source is such a table, 0 to 100."""
    return 70 if any(_is_header(row) for row in first_rows(source.head, 3)) else 0


def _is_header(cells: "list[str] | tuple[str, ...]") -> bool:
    return any(cell in TIME_COLUMNS for cell in cells) and any(_UNIT.fullmatch(cell) for cell in cells)


def read(source: Source, drafts: Drafts, options: ImportOptions, report: Report) -> None:
    """Read a plain price table.

    Raises:
        ReadingStoppedError: it cannot be read.
    """
    table = read_table(
        source,
        report,
        options,
        header=lambda cells: _is_header(list(cells)),
        needs="interval_start and a price such as energy_usd_per_mwh",
    )
    read_plain(table, drafts, options, report)


def read_plain(table: Table, drafts: Drafts, options: ImportOptions, report: Report) -> None:
    """Read a plain price table as text.

    Raises:
        ReadingStoppedError: units are missing or currencies mixed.
    """
    check_only(table, options, report)
    time = next(column for column in table.columns if column in TIME_COLUMNS)
    prices = {}
    for column in table.columns:
        if column == time:
            continue
        match = _UNIT.fullmatch(column)
        if match is None:
            report.add(
                "unit_missing",
                "the name of the column ends in no unit such as _usd_per_mwh",
                file=table.name,
                row=1,
                column=column,
                action="rename it, or remove it if it is no price",
            )
            continue
        prices[column] = _declare(column, match, table, drafts, report)
    for row in table:
        if not wanted(row.cells, options, location=None):
            continue
        moment = parse_time(row.cells[time], options)
        if isinstance(moment, str):
            report.add(
                moment,
                "no time such as 2022-07-13T19:00-05:00",
                file=table.name,
                row=row.number,
                column=time,
                value=row.cells[time],
            )
            continue
        if moment.tzinfo is None and time.endswith("_utc"):
            moment = moment.replace(tzinfo=UTC)
        for column, name in prices.items():
            drafts.series[name].add(moment, row.cells[column], row=row.number, file=table.name, options=options)


def _declare(column: str, match: "re.Match[str]", table: Table, drafts: Drafts, report: Report) -> str:
    per = match["per"].lower()
    currency = match["currency"].lower()
    cents = currency.startswith("cent")
    currency = "usd" if cents else currency
    reserve = per.endswith("_h")
    priced = {draft.unit.partition("_")[0] for draft in drafts.series.values()}
    if priced and currency not in priced:
        report.stop(
            "currency_mixed", f"another column is in {priced.pop().upper()}", file=table.name, row=1, column=column
        )
    drafts.currency = currency
    name = slug(match["stem"])
    draft = drafts.get(
        name,
        quantity=Quantity.RESERVE_PRICE if reserve else Quantity.ENERGY_PRICE,
        unit=f"{currency}_per_{'mw_h' if reserve else 'mwh'}",
        column=column,
    )
    draft.scale = _PER_MW[per] * (0.01 if cents else 1.0)
    return name
