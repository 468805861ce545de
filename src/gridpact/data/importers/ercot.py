"""ERCOT's reports: settlement point prices day ahead (NP4-190-CD) and real time (NP6-905-CD), bus prices, and clearing
prices for capacity (NP4-188-CD, and its yearly table NP4-181-ER).

Times are Central local time; an hour is named by its end, ``01:00`` to ``24:00``; ``DSTFlag`` or ``Repeated Hour
Flag`` is Y in the second pass of the hour that clocks repeat.
"""

import re
from datetime import date, datetime, timedelta

from gridpact.data.importers.cells import parse_slashed
from gridpact.data.importers.drafts import Draft, Drafts
from gridpact.data.importers.findings import Report
from gridpact.data.importers.naming import check_only, energy_price, reserve_price, squash, wanted
from gridpact.data.importers.options import ImportOptions
from gridpact.data.importers.source import Source
from gridpact.data.importers.table import Row, Table, first_rows, read_table

CENTRAL = "America/Chicago"
POINTS = ("settlementpoint", "settlementpointname", "busname")
PRICES = ("settlementpointprice", "lmp")
FLAGS = ("dstflag", "repeatedhourflag")
SERVICES = ("regdn", "regup", "rrs", "nspin", "ecrs")
ECRS_BEGINS = date(2023, 6, 10)
"""ERCOT's contingency reserve service has prices since then; earlier cells are empty by nature."""
_HOUR = re.compile(r"(\d{1,2})(?::00)?(?::00)?", re.ASCII)


def sniff(source: Source) -> int:
    """How surely the source is such a report, 0 to 100."""
    return 90 if any(_is_header(row) for row in first_rows(source.head, 5)) else 0


def _is_header(cells: "list[str] | tuple[str, ...]") -> bool:
    names = {squash(cell) for cell in cells}
    hour = "hourending" in names or {"deliveryhour", "deliveryinterval"} <= names
    value = bool(names & set(PRICES)) or "mcpc" in names or len(names & set(SERVICES)) >= 2
    return "deliverydate" in names and hour and value


def read(source: Source, drafts: Drafts, options: ImportOptions, report: Report) -> None:
    """Read an ERCOT report.

    Raises:
        ReadingStoppedError: it cannot be read.
    """
    table = read_table(
        source,
        report,
        options,
        header=lambda cells: _is_header(list(cells)),
        needs="DeliveryDate, HourEnding (or DeliveryHour and DeliveryInterval) and a price",
    )
    check_only(table, options, report)
    drafts.zone_name = drafts.day_zone_name = CENTRAL
    drafts.notes["market operator"] = "ERCOT"
    columns = {squash(column): column for column in table.columns}
    reader = _Reader(table, columns, drafts, options, report)
    if "mcpc" in columns:
        table.need([columns.get("ancillarytype", "AncillaryType")], report)
        reader.services_long()
    elif any(price in columns for price in PRICES):
        reader.energy()
    else:
        reader.services_wide()


class _Reader:
    """The rows of one table."""

    def __init__(
        self, table: Table, columns: dict[str, str], drafts: Drafts, options: ImportOptions, report: Report
    ) -> None:
        self.table, self.columns, self.drafts, self.options, self.report = table, columns, drafts, options, report
        self.flag = next((columns[flag] for flag in FLAGS if flag in columns), None)
        self.quarters = "deliveryinterval" in columns

    def energy(self) -> None:
        point = next((self.columns[name] for name in POINTS if name in self.columns), None)
        if point is None:
            self.report.stop("missing_column", "there is no SettlementPoint", file=self.table.name, row=1)
        price = next(self.columns[name] for name in PRICES if name in self.columns)
        kind = "lmp" if squash(price) == "lmp" else "spp"
        weighted = self.columns.get("settlementpointtype", "")
        for row in self.table:
            location = row.cells[point]
            if not location:
                self._find("empty_cell", row, point, "the row names no settlement point")
                continue
            if row.cells.get(weighted, "").endswith("EW"):
                location = f"{location}_EW"
            if wanted(row.cells, self.options, location=location):
                name = energy_price(self.drafts, location, kind=kind, column=price)
                self._add(self.drafts.series[name], row, price)

    def services_long(self) -> None:
        service, price = self.columns["ancillarytype"], self.columns["mcpc"]
        for row in self.table:
            product = row.cells[service]
            if not wanted(row.cells, self.options, location=None):
                continue
            if squash(product) not in SERVICES:
                self._find("wrong_quantity", row, service, "no ancillary service of ERCOT")
                continue
            name = reserve_price(self.drafts, product, region=None, column=price)
            self._add(self.drafts.series[name], row, price)

    def services_wide(self) -> None:
        for row in self.table:
            if not wanted(row.cells, self.options, location=None):
                continue
            day = self._day(row, report=False)
            for service in SERVICES:
                column = self.columns.get(service)
                if column is None or (service == "ecrs" and not row.cells[column] and day and day < ECRS_BEGINS):
                    continue
                name = reserve_price(self.drafts, service, region=None, column=column)
                self._add(self.drafts.series[name], row, column)

    def _add(self, draft: Draft, row: Row, column: str) -> None:
        start = self._start(row)
        if start is None:
            return
        later: bool | None = None
        if self.flag is not None:
            written = row.cells[self.flag].upper()
            if written not in ("Y", "N"):
                self._find("bad_flag", row, self.flag, "the flag is neither Y nor N")
                return
            later = written == "Y"
        draft.add(
            start,
            row.cells[column],
            row=row.number,
            file=self.table.name,
            options=self.options,
            later=later,
            seconds=900 if self.quarters else 3600,
        )

    def _day(self, row: Row, *, report: bool) -> date | None:
        column = self.columns["deliverydate"]
        found = parse_slashed(row.cells[column], "mdy")
        if isinstance(found, str):
            if report:
                self._find(found, row, column, "no date such as 07/13/2022")
            return None
        return found.date()

    def _start(self, row: Row) -> datetime | None:
        day = self._day(row, report=True)
        if day is None:
            return None
        column = self.columns["deliveryhour" if self.quarters else "hourending"]
        hour = self._whole(row, column, most=24)
        if hour is None:
            return None
        minutes = 0
        if self.quarters:
            quarter = self._whole(row, self.columns["deliveryinterval"], most=4)
            if quarter is None:
                return None
            minutes = 15 * (quarter - 1)
        return datetime(day.year, day.month, day.day, hour - 1) + timedelta(minutes=minutes)  # noqa: DTZ001

    def _whole(self, row: Row, column: str, *, most: int) -> int | None:
        match = _HOUR.fullmatch(row.cells[column])
        if match is None or not 1 <= int(match[1]) <= most:
            self._find("bad_time", row, column, f"no number from 1 to {most}")
            return None
        return int(match[1])

    def _find(self, code: str, row: Row, column: str, message: str) -> None:
        self.report.add_once(
            code, message, file=self.table.name, row=row.number, column=column, value=row.cells[column]
        )
