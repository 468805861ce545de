"""Cells as people type them and spreadsheets export them, made plain; what could mean two things is refused.

Plain cells pass untouched. Everything else that has one meaning is rewritten and noted; the rest is recorded as a
problem with its row and column.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

import numpy as np
import pandas as pd

from gridpact.errors import InputError
from gridpact.fleet.cells import SPREADSHEET_ERROR
from gridpact.fleet.clock import LocalWindow, parse_clock, parse_dated, split_windows
from gridpact.fleet.columns import COLUMNS, PERSONA_NAMES, FleetColumn, Kind
from gridpact.fleet.findings import MOST_LETTERS, Findings, Notes
from gridpact.fleet.numerals import Marks, decimal_marks, read_number
from gridpact.fleet.sheet import Sheet
from gridpact.horizon import zone

TRUTHS = {
    **dict.fromkeys(("y", "t", "on", "wahr", "ja", "vrai", "oui", "verdadero", "vero", "verdadeiro", "waar"), "true"),
    **dict.fromkeys(("n", "f", "off", "falsch", "nein", "faux", "non", "falso", "onwaar", "nee"), "false"),
}
_CLOCK = re.compile(
    r"(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{2}))?(?P<second>:00(?:\.0+)?)?\s*(?P<half>[ap]\.?m\.?)?", re.IGNORECASE
)
_DATED = re.compile(
    r"(?:(?P<year>[0-9]{4})(?P<stroke>[-/])(?P<month>[0-9]{1,2})(?P=stroke)(?P<day>[0-9]{1,2})"
    r"|(?P<dot_day>[0-9]{1,2})\.(?P<dot_month>[0-9]{1,2})\.(?P<dot_year>[0-9]{4}))"
    r"(?:[ T]+)(?P<clock>[0-9].*)"
)
_PLAIN_CLOCK = re.compile(r"[0-9]{1,2}:[0-9]{2}")
_STROKED_DATE = re.compile(r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{2,4}\b.*")
_WINDOW = re.compile(r"(?P<days>[A-Za-z][A-Za-z, -]*\s)?\s*(?P<start>[0-9][^-]*?)\s*-\s*(?P<end>[0-9][^-]*)")
_SPACES = str.maketrans(dict.fromkeys("\u00a0\u202f\u2007\u2009", " "))
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a cell says in plain words, or why it cannot be read."""

    text: str
    """The plain cell; empty where there is a problem."""
    how: str = ""
    """How the cell is written, for a note: ``written as a percentage``."""
    problem: str = ""
    """The end of a message, with its own leading space or colon."""


def make_plain(sheet: Sheet) -> pd.DataFrame:
    """The cells of ``sheet`` as a plain CSV file would have them; adds to its findings and notes."""
    columns = {str(name): cells for name, cells in sheet.frame.items()}
    numbers = [(name, cells) for name, cells in columns.items() if COLUMNS[name].kind is Kind.NUMBER]
    marks = decimal_marks(numbers, separator=sheet.separator, findings=sheet.findings)
    if marks.note:
        sheet.notes.of_table(marks.note)
    return pd.DataFrame(
        {name: _column(cells, COLUMNS[name], marks, sheet.findings, sheet.notes) for name, cells in columns.items()},
        columns=list(columns),
    )


def _column(cells: pd.Series, column: FleetColumn, marks: Marks, findings: Findings, notes: Notes) -> pd.Series:
    read = _reader(column, marks)
    if read is None:
        return cells
    codes, distinct = pd.factorize(cells)
    readings = [_read(cell, read) for cell in distinct]
    if not any(readings):
        return cells
    counts, firsts = np.bincount(codes), np.unique(codes, return_index=True)[1]
    plain = distinct.to_numpy(dtype=object, copy=True)
    for number, found in enumerate(readings):
        if found is None:
            continue
        plain[number] = found.text
        if found.how and not found.problem:
            notes.of_cells(
                column.name,
                found.how,
                first_row=findings.row_numbers[int(firsts[number])],
                written=distinct[number].strip(),
                read=found.text,
                cells=int(counts[number]),
            )
    changed = plain[codes]
    findings.written[column.name] = (cells.to_numpy(), changed)
    if any(found is not None and found.problem for found in readings):
        for row, code in enumerate(codes.tolist()):
            found = readings[code]
            if found is not None and found.problem:
                findings.refuse(row, column.name, found.problem)
    return pd.Series(changed, dtype=object)


def _read(cell: str, read: Callable[[str], Reading | None]) -> Reading | None:
    """None for a cell that is plain already."""
    text = cell.strip()
    if not text:
        return None
    if SPREADSHEET_ERROR.fullmatch(text):
        return Reading(text="", problem=f" is {text!r}, an error of the spreadsheet; mend or empty the cell")
    found = read(text)
    return None if found is not None and found.text == text else found


def _reader(column: FleetColumn, marks: Marks) -> Callable[[str], Reading | None] | None:
    if column.kind is Kind.NUMBER:
        return lambda text: _number(text, column, marks)
    if column.kind is Kind.TRUTH:
        return _truth
    if column.kind is Kind.WINDOWS:
        return _windows
    return {
        "vehicle_arrive": _moments,
        "vehicle_depart": _moments,
        "timezone": _timezone,
        "persona": _persona,
    }.get(column.name, _spaced)


def _number(text: str, column: FleetColumn, marks: Marks) -> Reading | None:
    found = read_number(text, column, marks)
    return None if found is None else Reading(text=found.text, how=found.how, problem=found.problem)


def _truth(text: str) -> Reading | None:
    word = TRUTHS.get(text.lower())
    return None if word is None else Reading(text=word, how="in other words than true and false")


def _spaced(text: str) -> Reading | None:
    tidy = text.translate(_SPACES)
    return None if tidy == text else Reading(text=" ".join(tidy.split()), how="with special spaces")


def _persona(text: str) -> Reading | None:
    """A known persona in other letters' case; any other word stays as it is."""
    word = text.lower()
    if word in PERSONA_NAMES and word != text:
        return Reading(text=word, how="with another spelling of the persona")
    return _spaced(text)


def _timezone(text: str) -> Reading | None:
    """A time zone in other letters' case or with spaces for underscores."""
    if is_zone(text):
        return None
    word = "_".join(text.translate(_SPACES).split()).lower()
    name = _timezones().get(word)
    return None if name is None or name == text else Reading(text=name, how="with another spelling of the time zone")


def is_zone(name: str) -> bool:
    """Whether ``name`` is a time zone as it stands."""
    try:
        zone(name)
    except InputError:
        return False
    return True


@cache
def _timezones() -> Mapping[str, str]:
    return {name.lower(): name for name in available_timezones()}


def _moments(text: str) -> Reading | None:
    """Local times, daily or dated, joined by ``;`` or line breaks."""
    found: list[Reading] = []

    def rewrite(part: re.Match[str]) -> str:
        found.append(_moment(part[0].strip()))
        return found[-1].text

    plain = re.sub(r"[^;\s](?:[^;\n]*[^;\s])?", rewrite, text.translate(_SPACES)).replace("\n", ";")
    bad = next((part for part in found if part.problem), None)
    how = next((part.how for part in found if part.how), "")
    return bad or (Reading(text=plain, how=how or "with line breaks") if plain != text else None)


def _moment(text: str) -> Reading:
    if len(text) > MOST_LETTERS or _is_plain(text):
        return Reading(text=text)
    dated = _DATED.fullmatch(text)
    if dated is not None:
        year, month, day = (dated[part] or dated[f"dot_{part}"] for part in ("year", "month", "day"))
        clock = _clock(dated["clock"])
        if clock.text and not clock.problem and year != "1899" and year != "1900":
            return Reading(
                text=f"{year}-{int(month):02d}-{int(day):02d}T{clock.text:0>5}", how="as a spreadsheet shows a date"
            )
        return Reading(text=text)
    if _STROKED_DATE.fullmatch(text):
        return Reading(
            text="",
            problem=f" is {text!r}, which may be month/day or day/month; write the date as 2022-07-13T18:00",
        )
    if re.fullmatch(r"0?[.,][0-9]+", text):
        return Reading(
            text="", problem=f" is {text!r}, a part of a day; format the column as text and write a time such as 18:00"
        )
    return _clock(text)


def _is_plain(text: str) -> bool:
    try:
        parse_dated(text) if "T" in text else parse_clock(text)
    except InputError:
        return False
    return True


def _clock(text: str) -> Reading:
    match = _CLOCK.fullmatch(text.strip())
    if match is None or (match["minute"] is None and match["half"] is None):
        return Reading(text=text)
    hour, minute = int(match["hour"]), match["minute"] or "00"
    if match["half"] is None:
        plain = f"{match['hour']}:{minute}"
    elif 1 <= hour <= 12:
        plain = f"{hour % 12 + (12 if match['half'].lower().startswith('p') else 0):02d}:{minute}"
    else:
        return Reading(text=text)
    try:
        parse_clock(plain)
    except InputError:
        return Reading(text=text)
    return Reading(text=plain, how="" if plain == text else "as a spreadsheet shows a time")


def _windows(text: str) -> Reading | None:
    try:
        for window in split_windows(text):
            LocalWindow.parse(window)
    except InputError:
        pass
    else:
        return None
    parts = split_windows(text.translate(_SPACES).translate(_DASHES).replace("\n", ";"))
    plain = []
    for part in parts:
        match = None if len(part) > MOST_LETTERS else _WINDOW.fullmatch(part)
        if match is None:
            return None
        clocks = [_clock(match[end]).text for end in ("start", "end")]
        if not all(_PLAIN_CLOCK.fullmatch(clock) for clock in clocks):
            return None
        plain.append(f"{match['days'] or ''}{clocks[0]}-{clocks[1]}")
    return Reading(text="; ".join(plain), how="as a spreadsheet or a word processor shows them")
