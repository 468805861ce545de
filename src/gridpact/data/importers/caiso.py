"""CAISO's OASIS reports PRC_LMP, PRC_INTVL_LMP, PRC_RTPD_LMP, PRC_HASP_LMP and PRC_AS, as CSV or ZIP.

Column names are those of the "Interface Specification for OASIS" (CAISO): the price is in ``MW`` (day ahead), ``PRC``
(15 minutes) or ``VALUE`` (5 minutes); rows with another ``LMP_TYPE`` than LMP are its components.
"""

from datetime import UTC, datetime
from typing import NoReturn
from zoneinfo import ZoneInfo

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from gridpact.data.importers.cells import parse_slashed, parse_time
from gridpact.data.importers.drafts import Draft, Drafts
from gridpact.data.importers.findings import Report
from gridpact.data.importers.naming import check_only, energy_price, reserve_price, wanted
from gridpact.data.importers.options import ImportOptions
from gridpact.data.importers.source import Source
from gridpact.data.importers.table import Row, Table, first_rows, read_table

START, END = "INTERVALSTARTTIME_GMT", "INTERVALENDTIME_GMT"
PACIFIC = "America/Los_Angeles"
VALUES = ("MW", "PRC", "VALUE", "LMP_PRC")
NODES = ("NODE", "NODE_ID", "NODE_ID_XML")
CLEARING = {"SR": "SP_CLR_PRC", "NR": "NS_CLR_PRC", "RU": "RU_CLR_PRC", "RD": "RD_CLR_PRC"}
"""Item that holds the clearing price of a reserve product."""
MILEAGE = ("RMU", "RMD")
MAX_ERROR_BYTES = 1024**2
"""An error message is smaller; larger XML is data in another form than is read."""


def sniff(source: Source) -> int:
    """How surely the source is an OASIS report, 0 to 100."""
    head = source.head
    if "OASISReport" in head[:4000]:
        return 95
    return 95 if any(START in row for row in first_rows(head, 5)) else 0


def read(source: Source, drafts: Drafts, options: ImportOptions, report: Report) -> None:
    """Read an OASIS report.

    Raises:
        ReadingStoppedError: it cannot be read, or OASIS answered with an error.
    """
    if source.content.lstrip()[:1] == b"<":
        _stop_at_error(source, report)
    table = read_table(source, report, options, header=lambda cells: START in cells, needs=START)
    check_only(table, options, report)
    value = next((column for column in VALUES if column in table.columns), None)
    if value is None:
        report.stop("missing_column", f"there is no price column ({', '.join(VALUES)})", file=table.name, row=1)
    table.need([END], report)
    drafts.day_zone_name = PACIFIC
    drafts.notes["market operator"] = "CAISO"
    if "ANC_TYPE" in table.columns:
        _read_reserves(table, value, drafts, options, report)
    else:
        table.need(["LMP_TYPE"], report)
        _read_energy(table, value, drafts, options, report)


def _read_energy(table: Table, value: str, drafts: Drafts, options: ImportOptions, report: Report) -> None:
    node = next((column for column in NODES if column in table.columns), None)
    if node is None:
        report.stop("missing_column", f"there is no column {' or '.join(NODES)}", file=table.name, row=1)
    components = 0
    for row in table:
        location = next((row.cells[column] for column in NODES if row.cells.get(column)), "")
        if not wanted(row.cells, options, location=location):
            continue
        if row.cells["LMP_TYPE"] != "LMP":
            components += 1
            continue
        if not location:
            report.add("empty_cell", "the row names no node", file=table.name, row=row.number, column=node, value="")
            continue
        _same_market(row, table, drafts, report)
        _add(
            drafts.series[energy_price(drafts, location, kind="lmp", column=value)], row, value, table, options, report
        )
    if components:
        report.add(
            "columns_ignored", f"{components} rows are components of the price", file=table.name, column="LMP_TYPE"
        )


def _read_reserves(table: Table, value: str, drafts: Drafts, options: ImportOptions, report: Report) -> None:
    table.need(["ANC_REGION"], report)
    others = 0
    for row in table:
        region, product = row.cells["ANC_REGION"], row.cells["ANC_TYPE"]
        if not wanted(row.cells, options, location=region):
            continue
        item = row.cells.get("XML_DATA_ITEM") or CLEARING.get(product, "")
        if product in MILEAGE or (product in CLEARING and item != CLEARING[product]):
            others += 1
            continue
        if product not in CLEARING:
            report.add(
                "wrong_quantity",
                "no reserve product of OASIS",
                file=table.name,
                row=row.number,
                column="ANC_TYPE",
                value=product,
            )
            continue
        _same_market(row, table, drafts, report)
        name = reserve_price(drafts, product, region=region, column=value)
        _add(drafts.series[name], row, value, table, options, report)
    if others:
        report.add("columns_ignored", f"{others} rows are no clearing prices", file=table.name, column="XML_DATA_ITEM")


def _same_market(row: Row, table: Table, drafts: Drafts, report: Report) -> None:
    market = row.cells.get("MARKET_RUN_ID", "")
    known = drafts.notes.setdefault("market run", market)
    if market != known:
        report.stop(
            "several_series",
            f"the row is of market run {market!r}, earlier rows of {known!r}",
            file=table.name,
            row=row.number,
            column="MARKET_RUN_ID",
            value=market,
        )


def _add(draft: Draft, row: Row, value: str, table: Table, options: ImportOptions, report: Report) -> None:
    moments = []
    for column in (START, END):
        found = parse_time(row.cells[column], options)
        if isinstance(found, str):
            report.add(
                found,
                "not a GMT time as OASIS writes it",
                file=table.name,
                row=row.number,
                column=column,
                value=row.cells[column],
            )
            return
        moments.append(found.replace(tzinfo=UTC) if found.tzinfo is None else found)
    start, end = moments
    if end <= start:
        report.add(
            "end_before_start",
            "the interval ends before it starts",
            file=table.name,
            row=row.number,
            column=END,
            value=row.cells[END],
        )
        return
    if not _same_day(row.cells.get("OPR_DT", ""), start):
        report.add(
            "date_mismatch",
            f"the interval starts on {start.astimezone(ZoneInfo(PACIFIC)).date()} Pacific time",
            file=table.name,
            row=row.number,
            column="OPR_DT",
            value=row.cells["OPR_DT"],
        )
    draft.add(
        start,
        row.cells[value],
        row=row.number,
        file=table.name,
        options=options,
        seconds=round((end - start).total_seconds()),
    )


def _same_day(day: str, start: datetime) -> bool:
    try:
        local = start.astimezone(ZoneInfo(PACIFIC))
    except (OverflowError, ValueError):
        return False
    if not day:
        return True
    found = parse_slashed(day, "mdy")
    return not isinstance(found, str) and found.date() == local.date()


def _stop_at_error(source: Source, report: Report) -> None:
    if len(source.content) > MAX_ERROR_BYTES:
        _stop_at_xml(source, report)
    try:
        root = fromstring(source.content, forbid_dtd=True)
    except DefusedXmlException:
        report.stop("unsafe_xml", "the XML declares a document type or entities", file=source.name, row=1)
    except (ParseError, ValueError, LookupError) as problem:
        report.stop("broken_xml", f"this is no CSV, and as XML it is broken: {problem}", file=source.name, row=1)
    said = {element.tag.rpartition("}")[2]: (element.text or "").strip() for element in root.iter()}
    if "ERR_DESC" in said or "ERR_CODE" in said:
        report.stop(
            "operator_error",
            f"OASIS answered {said.get('ERR_CODE', '')}: {said.get('ERR_DESC', '')}",
            file=source.name,
            row=1,
            value=said.get("ERR_DESC"),
        )
    _stop_at_xml(source, report)


def _stop_at_xml(source: Source, report: Report) -> NoReturn:
    report.stop(
        "unknown_format",
        "this is an OASIS report as XML",
        file=source.name,
        row=1,
        action="download it as CSV (resultformat=6)",
    )
