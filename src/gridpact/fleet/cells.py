"""From plain cells to typed fleet columns; what cannot be used is recorded by row and column."""

import math
import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.errors import InputError
from gridpact.fleet.clock import split_windows
from gridpact.fleet.columns import FleetColumn, Kind
from gridpact.fleet.findings import Findings

Floats = NDArray[np.float64]
Objects = NDArray[np.object_]
Bools = NDArray[np.bool_]

TRUE_WORDS = ("true", "yes", "1", "1.0")
FALSE_WORDS = ("false", "no", "0", "0.0")
PLAIN_NUMBER = re.compile(
    r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?|[+-]?inf(?:inity)?", re.IGNORECASE
)

MOST_TEXT_LETTERS = 1000
"""Letters of a name."""
MOST_TIMES_LETTERS = 20_000
"""Letters of a list of times; a year of daily arrivals has 6,000."""
SPREADSHEET_ERROR = re.compile(
    r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|ERROR!|#+)|Err:[0-9]+", re.IGNORECASE
)


def is_empty(cell: Any) -> bool:
    """Whether a cell holds nothing."""
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return True
    if isinstance(cell, str):
        return not cell.strip()
    return isinstance(cell, float | np.floating) and bool(np.isnan(cell))


def expected(column: FleetColumn) -> str:
    """What a number column takes, in words."""
    unit = "" if column.unit == "1" else f" {column.unit}"
    return f"at least {column.low:g}" + ("" if math.isinf(column.high) else f" and at most {column.high:g}") + unit


def numbers(cells: pd.Series, column: FleetColumn, findings: Findings) -> Floats:
    """A numeric column, NaN where a cell is empty, no number, infinite or outside the column's range."""
    plain = pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_bool_dtype(cells.dtype)
    if plain:
        values = cells.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    else:
        read: dict[str, float | None] = {}
        values = np.empty(len(cells))
        for row, cell in enumerate(cells):
            values[row] = _number(cell, row, column, findings, read)
    with np.errstate(invalid="ignore"):
        outside = ~np.isnan(values) & ~((values >= column.low) & (values <= column.high) & np.isfinite(values))
    if outside.any():
        findings.refuse_where(
            outside,
            column.name,
            lambda row: f"is {values[row]:g}; it must be {expected(column)}{_slip(float(values[row]), column)}",
            out_of_range=True,
        )
        values[outside] = np.nan
    return values


def _number(cell: Any, row: int, column: FleetColumn, findings: Findings, read: dict[str, float | None]) -> float:
    if isinstance(cell, str):
        if cell not in read:
            text = cell.strip()
            read[cell] = math.nan if not text else float(text) if PLAIN_NUMBER.fullmatch(text) else None
        value = read[cell]
    elif is_empty(cell):
        return math.nan
    else:
        try:
            value = None if isinstance(cell, bool | np.bool_) else float(cell)
        except (TypeError, ValueError, OverflowError):
            value = None
    if value is None:
        findings.refuse(
            row,
            column.name,
            f" is {cell!r}, which is not a number; write one, {expected(column)}, or leave the cell empty for none",
        )
        return math.nan
    return value


def _slip(value: float, column: FleetColumn) -> str:
    """What may have been meant by a number outside its range."""
    if column.unit == "1" and column.low <= value / 100 <= column.high and value > 1:
        return f". For a share of {value:g}%, write {value / 100:g} or {value:g}%"
    if column.unit in ("kW", "kWh") and column.high < value <= column.high * 1000:
        return f". If it is in {column.unit[1:]}, write {value / 1000:g} or '{value:g} {column.unit[1:]}'"
    return ""


def texts(cells: Iterable[Any], column: FleetColumn, findings: Findings) -> Objects:
    """A text column, trimmed, None where a cell is empty or cannot be used; whole numbers become text without a
    decimal point.
    """
    return _objects(_text(cell, row, column, findings) for row, cell in enumerate(cells))


def _text(cell: Any, row: int, column: FleetColumn, findings: Findings) -> str | None:
    if isinstance(cell, str):
        most = MOST_TIMES_LETTERS if column.name.startswith("vehicle_") else MOST_TEXT_LETTERS
        if len(cell) > most:
            findings.refuse(row, column.name, f" has {len(cell):,} letters; at most {most:,} are read")
            return None
        text = cell.strip()
        if not text.isprintable():
            findings.refuse(row, column.name, f" is {cell!r}, which holds characters that cannot be printed")
            return None
        if SPREADSHEET_ERROR.fullmatch(text):
            findings.refuse(row, column.name, f" is {text!r}, an error of the spreadsheet; mend or empty the cell")
            return None
        return text or None
    if is_empty(cell):
        return None
    if isinstance(cell, int | np.integer) and not isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    findings.refuse(row, column.name, f" is {cell!r}; text is expected")
    return None


def truths(cells: Iterable[Any], column: FleetColumn, findings: Findings) -> Bools:
    """A column of true and false; an empty cell takes the column's default."""
    found = np.empty(len(findings.row_numbers), dtype=np.bool_)
    for row, cell in enumerate(cells):
        word = str(cell).strip().lower()
        found[row] = bool(column.default)
        if word in TRUE_WORDS or word in FALSE_WORDS:
            found[row] = word in TRUE_WORDS
        elif not is_empty(cell):
            findings.refuse(row, column.name, f" is {cell!r}; write true or false")
    return found


def windows(
    cells: Iterable[Any], column: FleetColumn, findings: Findings, *, check: Callable[[str], object]
) -> Objects:
    """A column of tuples of local windows, an empty tuple where there are none; ``check`` raises for a bad window."""
    known: dict[Any, tuple[str, ...]] = {}
    return _objects(_windows(cell, row, column, findings, check, known) for row, cell in enumerate(cells))


def _windows(
    cell: Any,
    row: int,
    column: FleetColumn,
    findings: Findings,
    check: Callable[[str], object],
    known: dict[Any, tuple[str, ...]],
) -> tuple[str, ...]:
    if isinstance(cell, list | tuple | np.ndarray):
        listed = list(cell)
    elif isinstance(cell, str):
        listed = [cell]
    elif is_empty(cell):
        return ()
    else:
        listed = [cell]
    if not all(isinstance(part, str) for part in listed):
        findings.refuse(row, column.name, f" is {cell!r}; windows such as '17:00-19:00' are expected")
        return ()
    key = tuple(listed)
    if key not in known:
        found = tuple(window for part in listed for window in split_windows(part))
        try:
            for window in found:
                check(window)
        except InputError as problem:
            findings.refuse(row, column.name, f": {problem}")
            return ()
        known[key] = found
    return known[key]


def _objects(cells: Iterable[Any]) -> Objects:
    listed = list(cells)
    found = np.empty(len(listed), dtype=np.object_)
    for row, cell in enumerate(listed):
        found[row] = cell
    return found


def parsed(
    cells: pd.Series, column: FleetColumn, findings: Findings, *, check_window: Callable[[str], object]
) -> NDArray[Any]:
    """``cells`` as the column's type; empty cells stay empty except in a true or false column."""
    if column.kind is Kind.NUMBER:
        return numbers(cells, column, findings)
    if column.kind is Kind.TRUTH:
        return truths(cells, column, findings)
    if column.kind is Kind.WINDOWS:
        return windows(cells, column, findings, check=check_window)
    return texts(cells, column, findings)
