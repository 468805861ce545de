"""Tables from CSV text, Parquet files and data frames: cells as text, each with the row it stands in."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from gridpact.data.importers.findings import Report
from gridpact.data.importers.limits import MAX_COLUMNS, MAX_ROWS, PARQUET_LIMITS
from gridpact.data.importers.options import ImportOptions
from gridpact.data.importers.source import Source
from gridpact.data.parquet import TooLargeError, check_parquet
from gridpact.errors import InputError

DELIMITERS = (",", ";", "\t", "|")
MAX_CELLS_SHARED = 100_000
"""Texts that are kept once however often they occur, so that large reports fit into memory."""
MAX_PREAMBLE_ROWS = 40
"""Rows that may stand before the header, as utilities' exports have them."""
Header = Callable[[Sequence[str]], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a table."""

    number: int
    """Row in the file as an editor shows it, from 1."""
    cells: dict[str, str]
    """Trimmed text by column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of text."""

    name: str
    columns: tuple[str, ...]
    numbers: tuple[int, ...]
    """Row of each entry of ``cells``."""
    cells: tuple[tuple[str, ...], ...]
    preamble: tuple[tuple[int, tuple[str, ...]], ...] = ()
    """Rows before the header, with their number."""

    def __iter__(self) -> Iterator[Row]:
        """The rows in order."""
        for number, cells in zip(self.numbers, self.cells, strict=True):
            yield Row(number=number, cells=dict(zip(self.columns, cells, strict=False)))

    def need(self, columns: Sequence[str], report: Report) -> None:
        """Stop unless all ``columns`` are there.

        Raises:
            ReadingStoppedError: one is absent.
        """
        for column in columns:
            if column not in self.columns:
                report.stop(
                    "missing_column",
                    f"there is no column {column!r}; there are {', '.join(self.columns[:20])}",
                    file=self.name,
                    row=1,
                    column=column,
                )


def first_rows(head: str, count: int = MAX_PREAMBLE_ROWS) -> list[list[str]]:
    """The first rows of a text that may be CSV, trimmed, for telling formats apart."""
    lines = head.splitlines()[:count]
    rows = []
    for line in lines:
        try:
            rows.append([cell.strip() for cell in next(csv.reader([line], delimiter=_delimiter(line)), [])])
        except csv.Error:
            rows.append([])
    return rows


def read_table(
    source: Source, report: Report, options: ImportOptions, *, header: Header, needs: str, optional_tail: int = 0
) -> Table:
    """The table in CSV text or in a Parquet file.

    Args:
        source: the file.
        report: takes the findings.
        options: encoding.
        header: tells the header row from those before it.
        needs: says in messages what the header has.
        optional_tail: cells at the end of a row that may be absent.

    Raises:
        ReadingStoppedError: nothing can be read.
    """
    if source.is_parquet:
        return _checked(_read_parquet(source, report), report, header=header, needs=needs)
    text = source.text(report, encoding=options.encoding)
    lines = text.splitlines(keepends=False)
    skip = 1 if lines and lines[0].lower().startswith("sep=") else 0
    delimiter = _delimiter(
        next((line for line in lines[skip:] if _is_header(line, header)), lines[skip] if lines[skip:] else "")
    )
    rows = _csv_rows(text, delimiter, source.name, report)[skip:]
    place = next((k for k, (_, cells) in enumerate(rows[:MAX_PREAMBLE_ROWS]) if header(cells)), None)
    if place is None:
        shown = rows[0][1] if rows else []
        report.stop(
            "no_header",
            f"there is no header row with {needs}",
            file=source.name,
            row=rows[0][0] if rows else 1,
            value=delimiter.join(shown),
        )
    columns = list(rows[place][1])
    while columns and not columns[-1]:
        columns.pop()
    blanks = len(rows[place][1]) - len(columns)
    table = Table(
        name=source.name,
        columns=tuple(columns),
        numbers=(),
        cells=(),
        preamble=tuple((number, tuple(cells)) for number, cells in rows[:place]),
    )
    _check_columns(table, report, row=rows[place][0])
    numbers, cells = _whole_rows(rows[place + 1 :], len(columns), source.name, report, text, (optional_tail, blanks))
    if not numbers:
        if not report.errors:
            report.stop("no_rows", "there is no row after the header", file=source.name, row=rows[place][0])
        report.stop("no_rows", "no row is whole", file=source.name, row=rows[place][0])
    if not text.endswith(("\n", "\r")):
        report.add("no_final_newline", "the last row does not end in a line break", file=source.name, row=numbers[-1])
    return Table(
        name=table.name, columns=table.columns, numbers=tuple(numbers), cells=tuple(cells), preamble=table.preamble
    )


def table_of_frame(frame: pd.DataFrame, *, name: str) -> Table:
    """A data frame as a table of text; a named or time index becomes the first column, rows count from 1."""
    if frame.index.name is not None or isinstance(frame.index, pd.DatetimeIndex):
        index = "interval_start" if frame.index.name is None else str(frame.index.name)
        frame = frame.rename_axis(index=index).reset_index()
    columns = [[_text(value) for value in frame.iloc[:, place]] for place in range(frame.shape[1])]
    return Table(
        name=name,
        columns=tuple(str(column).strip() for column in frame.columns),
        numbers=tuple(range(1, len(frame) + 1)),
        cells=tuple(zip(*columns, strict=True)) if columns else (),
    )


def _text(value: object) -> str:
    if value is None or value is pd.NaT or value is pd.NA:
        return ""
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if isinstance(value, float):
        return repr(float(value))
    return str(value).strip()


def _delimiter(line: str) -> str:
    return max(DELIMITERS, key=line.count)


def _is_header(line: str, header: Header) -> bool:
    try:
        cells = next(csv.reader([line], delimiter=_delimiter(line)), [])
    except csv.Error:
        return False
    return header([cell.strip() for cell in cells])


def _csv_rows(text: str, delimiter: str, name: str, report: Report) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows = []
    before = 0
    known: dict[str, str] = {}
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                if len(known) < MAX_CELLS_SHARED:
                    cells = [known.setdefault(cell, cell) for cell in cells]
                else:
                    cells = [known.get(cell, cell) for cell in cells]
                rows.append((before + 1, cells))
            before = reader.line_num
            if len(rows) > MAX_ROWS:
                report.stop("too_large", f"there are more than {MAX_ROWS} rows", file=name, row=before)
    except csv.Error as problem:
        cut = before + 1 >= text.count("\n") + 1 and not text.endswith(("\n", "\r"))
        code = "truncated_file" if cut else "broken_quoting"
        report.stop(code, f"the row cannot be read as CSV ({problem})", file=name, row=before + 1)
    if not rows:
        report.stop("empty_file", "the file holds no text", file=name, row=1)
    return rows


def _whole_rows(
    rows: list[tuple[int, list[str]]], width: int, name: str, report: Report, text: str, spare: tuple[int, int]
) -> tuple[list[int], list[tuple[str, ...]]]:
    optional_tail, blanks = spare
    numbers: list[int] = []
    whole: list[tuple[str, ...]] = []
    for place, (number, cells) in enumerate(rows):
        if width < len(cells) <= width + blanks and not any(cells[width:]):
            cells = cells[:width]
        if width - optional_tail <= len(cells) < width:
            cells = [*cells, *[""] * (width - len(cells))]
        if len(cells) == width:
            numbers.append(number)
            whole.append(tuple(cells))
            continue
        cut = place == len(rows) - 1 and len(cells) < width and not text.endswith(("\n", "\r"))
        report.add(
            "truncated_file" if cut else "wrong_cell_count",
            f"{len(cells)} cells, but the header has {width}",
            file=name,
            row=number,
            value=",".join(cells),
        )
    return numbers, whole


def _check_columns(table: Table, report: Report, *, row: int) -> None:
    if len(table.columns) > MAX_COLUMNS:
        report.stop("too_large", f"there are more than {MAX_COLUMNS} columns", file=table.name, row=row)
    seen: set[str] = set()
    for column in table.columns:
        if column in seen:
            report.stop(
                "duplicate_column", f"the column {column!r} is there twice", file=table.name, row=row, column=column
            )
        seen.add(column)


def _read_parquet(source: Source, report: Report) -> Table:
    try:
        parquet = check_parquet(source.content, where="it", limits=PARQUET_LIMITS)
        frame = parquet.frame()
    except TooLargeError as problem:
        report.stop("too_large", str(problem), file=source.name)
    except InputError as problem:
        report.stop("broken_parquet", f"it cannot be read: {problem}", file=source.name)
    index = [name for name in parquet.index_names if name in frame.columns]
    if len(index) == 1:
        frame = frame.set_index(index[0])
        frame.index.name = None if index[0].startswith("__index_level_") else index[0]
    return table_of_frame(frame, name=source.name)


def _checked(table: Table, report: Report, *, header: Header, needs: str) -> Table:
    _check_columns(table, report, row=1)
    if not header(table.columns):
        report.stop("no_header", f"there are no columns {needs}", file=table.name, value=", ".join(table.columns[:20]))
    if not table.cells:
        report.stop("no_rows", "there is no row", file=table.name)
    return table
