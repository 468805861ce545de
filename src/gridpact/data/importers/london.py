"""Half-hourly smart meter readings as the Low Carbon London trial published them.

Columns: ``LCLid``, ``stdorToU``, ``DateTime``, ``KWH/hh (per half hour) ``; a missing reading is ``Null``. The files do
not say whether times are starts or ends, nor which clock they follow: declare it with --label and --timezone.
"""

from gridpact.data.importers.cells import parse_time
from gridpact.data.importers.drafts import Drafts, Quantity
from gridpact.data.importers.findings import Report
from gridpact.data.importers.naming import check_only, squash, wanted
from gridpact.data.importers.options import ImportOptions
from gridpact.data.importers.plain_household import Measure, add_measures
from gridpact.data.importers.source import Source
from gridpact.data.importers.table import first_rows, read_table

_VALUES = ("kwhhhperhalfhour", "energykwhhh")


def sniff(source: Source) -> int:
    """How surely the source is such a file, 0 to 100."""
    return 90 if any(_is_header(row) for row in first_rows(source.head, 3)) else 0


def _is_header(cells: "list[str] | tuple[str, ...]") -> bool:
    names = {squash(cell) for cell in cells}
    return "lclid" in names and bool(names & set(_VALUES))


def read(source: Source, drafts: Drafts, options: ImportOptions, report: Report) -> None:
    """Read half-hourly readings.

    Raises:
        ReadingStoppedError: it cannot be read.
    """
    table = read_table(
        source, report, options, header=lambda cells: _is_header(list(cells)), needs="LCLid and KWH/hh (per half hour)"
    )
    check_only(table, options, report)
    columns = {squash(column): column for column in table.columns}
    time = next((columns[name] for name in ("datetime", "tstp") if name in columns), None)
    if time is None:
        report.stop("missing_column", "there is no column DateTime", file=table.name, row=1)
    value = next(columns[name] for name in _VALUES if name in columns)
    if options.label is None:
        report.add("label_assumed", "DateTime was read as the interval's start", file=table.name, column=time)
    measures = [Measure(column=value, quantity=Quantity.LOAD, unit="kwh")]
    for row in table:
        home = row.cells[columns["lclid"]]
        if not wanted(row.cells, options, location=home):
            continue
        moment = parse_time(row.cells[time], options)
        if isinstance(moment, str):
            report.add(
                moment,
                "no time such as 2012-10-12 00:30:00.0000000",
                file=table.name,
                row=row.number,
                column=time,
                value=row.cells[time],
            )
            continue
        add_measures(
            row,
            moment,
            measures,
            drafts,
            options,
            file=table.name,
            home=home,
            ends=options.label == "end",
            seconds=1800,
        )
