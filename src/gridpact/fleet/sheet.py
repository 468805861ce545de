"""A spreadsheet's CSV as rows of text: encodings, separators, empty edges, and the header's names."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gridpact.data.files import read_bytes
from gridpact.data.limits import MOST_FLEET_BYTES, MOST_FLEET_COLUMNS, MOST_HOMES
from gridpact.errors import InputError
from gridpact.fleet.columns import COLUMNS, hint_for
from gridpact.fleet.findings import MOST_LETTERS, Findings, Notes

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
EXCEL_BLOCK = 16
"""Excel writes text in blocks of this many rows and leaves out the columns that are empty at the end of a block."""
_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32", "UTF-32"),
    (b"\x00\x00\xfe\xff", "utf-32", "UTF-32"),
    (b"\xff\xfe", "utf-16", "UTF-16"),
    (b"\xfe\xff", "utf-16", "UTF-16"),
)
_SEPARATOR_LINE = re.compile(r"sep=(.)[ \t;,]*(?:\r\n|\r|\n)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table of text."""

    frame: pd.DataFrame
    """Cells as text, under the names of fleet columns where the header means one."""
    separator: str
    findings: Findings
    """What is wrong with the header already."""
    notes: Notes


def read_sheet(path: Path) -> Sheet:
    """The table in the text file ``path``.

    Raises:
        InputError: the file is not text, or its rows do not fit its header.
    """
    notes = Notes()
    text = _text(path, notes)
    named = _SEPARATOR_LINE.match(text)
    separator = named[1] if named else _separator(text)
    body = text[named.end() :] if named else text
    header, header_row, rows, row_numbers = _rows(body, separator, path.name)
    if separator != ",":
        notes.of_table(f"cells are separated by {SEPARATORS.get(separator, repr(separator))}")
    findings = Findings(source=path.name, row_numbers=row_numbers, order=tuple(COLUMNS), header_row=header_row)
    rows = _full_rows(header, header_row, rows, row_numbers, notes=notes, source=path.name, whole=_is_whole(body))
    names = _names(header, header_row, rows, row_numbers, findings, notes)
    kept = [place for place, name in enumerate(names) if name is not None]
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    frame = pd.DataFrame({place: pd.Series(columns[place], dtype=object) for place in kept})
    frame.columns = pd.Index([names[place] for place in kept], dtype=object)
    return Sheet(frame=frame, separator=separator, findings=findings, notes=notes)


def _text(path: Path, notes: Notes) -> str:
    content = read_bytes(path, most_bytes=MOST_FLEET_BYTES)
    for mark, encoding, name in _MARKS:
        if content.startswith(mark):
            try:
                text = content.decode(encoding)
            except UnicodeDecodeError:
                raise InputError(f"{path.name} is damaged {name} text; save it as CSV UTF-8") from None
            notes.of_table(f"the file is {name} text")
            return text
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise InputError(f"{path.name} is not UTF-8 text (byte {problem.start}); save it as CSV UTF-8") from None
    if text.count("\0") > len(text) / 4:
        raise InputError(f"{path.name} looks like UTF-16 text without its mark; save it as CSV UTF-8")
    return text


def _separator(text: str) -> str:
    """The character that splits the header into the most names of columns, the comma if in doubt."""
    best, most = ",", (0, 0)
    for candidate in SEPARATORS:
        try:
            header = next((cells for cells in _records(text, candidate) if any(map(str.strip, cells))), [])
        except csv.Error:
            continue
        found = (sum(_plain_name(cell) in COLUMNS for cell in header), len(header))
        if found > most:
            best, most = candidate, found
    return best


def _records(text: str, separator: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)


def _is_whole(body: str) -> bool:
    return body.endswith(("\n", "\r"))


def _rows(body: str, separator: str, source: str) -> tuple[list[str], int, list[list[str]], list[int]]:
    """The header, its number, and the rows that hold anything with their numbers as a spreadsheet shows them."""
    header: list[str] = []
    header_row, number = 0, 0
    rows: list[list[str]] = []
    row_numbers: list[int] = []
    try:
        for number, cells in enumerate(_records(body, separator), start=1):
            if not any(cell.strip() for cell in cells):
                continue
            if not header_row:
                if len(cells) > MOST_FLEET_COLUMNS:
                    raise InputError(
                        f"{source} row {number}: the header has {len(cells):,} cells; at most {MOST_FLEET_COLUMNS} are "
                        "read: delete the empty columns beside the table"
                    )
                header.extend(map(_tidy, cells))
                header_row = number
                continue
            if len(rows) == MOST_HOMES:
                raise InputError(f"{source} has more than {MOST_HOMES:,} homes, which is the most that is read")
            rows.append(cells)
            row_numbers.append(number)
    except InputError:
        raise
    except (csv.Error, ValueError) as problem:
        raise InputError(f"{source} row {number + 1} cannot be read as CSV: {problem}") from None
    if not header_row:
        raise InputError(f"{source} is empty; a fleet needs a header row with home_id and a row for each home")
    while header and not header[-1]:
        header.pop()
    return header, header_row, rows, row_numbers


def _tidy(cell: str) -> str:
    return " ".join(cell.replace("\ufeff", "").split())


def _full_rows(
    header: Sequence[str],
    header_row: int,
    rows: Sequence[list[str]],
    row_numbers: Sequence[int],
    *,
    notes: Notes,
    source: str,
    whole: bool,
) -> list[list[str]]:
    """Rows of the header's length: without empty cells beyond it, and with those that Excel leaves out."""
    width = len(header)
    short = _left_out_by_excel(header_row, rows, row_numbers, width) if whole else set()
    full, first = [], 0
    for cells, number in zip(rows, row_numbers, strict=True):
        if len(cells) < width and number in short:
            first = first or number
            cells = [*cells, *[""] * (width - len(cells))]
        beyond = next((place for place in range(width, len(cells)) if cells[place].strip()), None)
        if len(cells) < width or beyond is not None:
            raise InputError(
                f"{source} row {number} has {len(cells)} cells, but the header has {width}; "
                + ("the file may be cut off" if beyond is None else "quote a cell that holds the separator")
            )
        full.append(cells[:width])
    if first:
        notes.of_table(
            f"rows from {first} on have fewer cells than the header; Excel leaves out columns that are empty through "
            f"{EXCEL_BLOCK} rows, so they are read as empty",
            row=first,
        )
    return full


def _left_out_by_excel(header_row: int, rows: Sequence[list[str]], row_numbers: Sequence[int], width: int) -> set[int]:
    """Numbers of rows in blocks, after the header's, whose rows all end at the same column before the header's end."""
    blocks: dict[int, list[tuple[int, int]]] = {}
    for cells, number in zip(rows, row_numbers, strict=True):
        blocks.setdefault((number - 1) // EXCEL_BLOCK, []).append((number, len(cells)))
    first = (header_row - 1) // EXCEL_BLOCK
    return {
        number
        for block, members in blocks.items()
        if block != first and len({cells for _, cells in members}) == 1 and members[0][1] < width
        for number, _ in members
    }


def _names(
    header: Sequence[str],
    header_row: int,
    rows: Sequence[list[str]],
    row_numbers: Sequence[int],
    findings: Findings,
    notes: Notes,
) -> list[str | None]:
    """The fleet column that each cell of the header means; None for an empty column."""
    names: list[str | None] = []
    used: dict[str, str] = {}
    for place, written in enumerate(header):
        if not written:
            filled = next((k for k, cells in enumerate(rows) if cells[place].strip()), None)
            if filled is not None:
                findings.refuse_header(
                    None,
                    f"column {letters(place)} has no name, but row {row_numbers[filled]} holds "
                    f"{rows[filled][place].strip()!r} in it; name the column or empty it",
                )
            names.append(None)
            continue
        name = written if written in COLUMNS else _plain_name(written)
        if name not in COLUMNS:
            brief = written if len(written) <= MOST_LETTERS else f"{written[:MOST_LETTERS]}..."
            where = f"{brief!r} (column {letters(place)})"
            findings.refuse_header(brief, f"{where} is not a column of a fleet; {hint_for(name)}")
            names.append(None)
            continue
        if name in used:
            also = "" if written == used[name] else f": as {used[name]!r} and as {written!r}"
            findings.refuse_header(name, f"column {name!r} is there twice{also} (column {letters(place)})")
            names.append(None)
            continue
        used[name] = written
        if written != name:
            notes.of_table(f"column {written!r} is read as {name}", row=header_row, column=name)
        names.append(name)
    return names


def _plain_name(written: str) -> str:
    """A column's name as fleets write it: small letters and underscores, ``per`` for a stroke, no brackets."""
    text = re.sub(r"\s*/\s*", " per ", _tidy(written).lower())
    name = re.sub(r"[^a-z0-9]+", "_", text).strip("_")
    return _WITHOUT_SPACES.get(name.replace("_", ""), name)


_WITHOUT_SPACES = {name.replace("_", ""): name for name in COLUMNS}
"""Columns by their letters alone, for ``Time Zone`` and ``Battery SoC Fraction`` however they are cut into words."""


def letters(place: int) -> str:
    """A column's name in a spreadsheet: A, B, ..., Z, AA, ...; ``place`` counts from 0."""
    name = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
