"""Cells as people and spreadsheets write them: numbers and times, read strictly."""

import re
from datetime import datetime
from functools import lru_cache

from gridpact.data.importers.options import ImportOptions
from gridpact.horizon import read_iso

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:[,'\u00a0\u202f ]\d{3})+(?:\.\d+)?", re.ASCII)
_THOUSANDS_OF_COMMA = re.compile(r"[+-]?\d{1,3}(?:[.'\u00a0\u202f ]\d{3})+(?:,\d+)?", re.ASCII)
_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d{1,3})?", re.ASCII)
_MISSING = frozenset({"nan", "null", "none", "n/a", "na", "n/e", "-", "--", "nat", "missing", "."})
_SPREADSHEET = re.compile(r"#(?:REF!|VALUE!|DIV/0!|N/A|NAME\?|NUM!|NULL!|SPILL!|CALC!|#+)?.*", re.IGNORECASE)
_DAY_NUMBER = re.compile(r"[2-9]\d{4}(?:[.,]\d+)?", re.ASCII)
_SLASHED = re.compile(
    r"(\d{1,4})[/.\-](\d{1,2})[/.\-](\d{1,4})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.0+)?)? *([AaPp][Mm])?)?",
    re.ASCII,
)
BEYOND = 1e15
"""Nothing that is measured here is as large; products stay finite below it."""
FIRST_YEAR, LAST_YEAR = 1971, 2199
"""Years outside are typing errors."""
_INFINITE = frozenset({"inf", "infinity"})


def parse_number(text: str, *, decimal: str = "point") -> float | str:
    """The number in ``text``, or the code of the finding that says why it is none."""
    cell = text.strip()
    if not cell:
        return "empty_cell"
    if cell.lower() in _MISSING:
        return "missing_value"
    if cell.startswith("#"):
        return "spreadsheet_error" if _SPREADSHEET.fullmatch(cell) else "not_a_number"
    if cell.lower().lstrip("+-") in _INFINITE:
        return "not_finite"
    if decimal == "comma":
        if _THOUSANDS_OF_COMMA.fullmatch(cell):
            return "thousands_separator"
        if "." in cell:
            return "not_a_number"
        if _COMMA.fullmatch(cell):
            cell = cell.replace(",", ".")
    elif _THOUSANDS.fullmatch(cell):
        return "thousands_separator"
    elif _COMMA.fullmatch(cell):
        return "decimal_comma"
    if not _NUMBER.fullmatch(cell):
        return "not_a_number"
    value = float(cell)
    if abs(value) == float("inf"):
        return "not_finite"
    return value if abs(value) < BEYOND else "out_of_range"


def parse_time(text: str, options: ImportOptions) -> datetime | str:
    """The time in ``text``, aware where it has an offset, or the code of the finding that says why it is none."""
    return _time_of(text.strip(), options.date_order)


@lru_cache(maxsize=65536)
def _time_of(cell: str, date_order: str | None) -> datetime | str:
    if _DAY_NUMBER.fullmatch(cell):
        return "spreadsheet_date"
    try:
        found = read_iso(cell)
    except ValueError:
        return parse_slashed(cell, date_order)
    return found if FIRST_YEAR <= found.year <= LAST_YEAR else "bad_time"


def parse_slashed(cell: str, order: str | None) -> datetime | str:
    """The time in ``cell`` such as 13.07.2022 19:00 or 2022/07/13, without an offset.

    Args:
        cell: the text.
        order: ``dmy`` or ``mdy`` where the year comes last; None: only where it is plain.
    """
    cell = cell.strip()
    match = _SLASHED.fullmatch(cell)
    if match is None:
        return "bad_time"
    first, second, third = int(match[1]), int(match[2]), int(match[3])
    if len(match[1]) == 4:
        year, month, day = first, second, third
    elif len(match[3]) != 4:
        return "bad_time"
    else:
        year = third
        if order is None:
            if first > 12:
                order = "dmy"
            elif second > 12:
                order = "mdy"
            elif first != second:
                return "ambiguous_date"
        day, month = (first, second) if order == "dmy" else (second, first)
    hour, minute, second_ = (int(part or 0) for part in match.group(4, 5, 6))
    if match[7]:
        if not 1 <= hour <= 12:
            return "bad_time"
        hour = hour % 12 + (12 if match[7].lower() == "pm" else 0)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return "bad_time"
    try:
        return datetime(year, month, day, hour, minute, second_)  # noqa: DTZ001 - its zone is declared elsewhere
    except ValueError:
        return "bad_time"
