"""From cells as people write them to typed fleet columns; the message for a bad cell names row and column."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.errors import InputError, UnitRangeError
from gridpact.fleet.clock import split_windows
from gridpact.fleet.columns import FleetColumn, Kind

Floats = NDArray[np.float64]
Objects = NDArray[np.object_]
Bools = NDArray[np.bool_]

TRUE_WORDS = ("true", "yes", "1", "1.0")
FALSE_WORDS = ("false", "no", "0", "0.0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a table's rows come from, for messages."""

    source: str
    row_numbers: Sequence[int]
    """Number of each row as its source shows it, shape (n,)."""

    def of(self, row: int, column: str) -> str:
        """Words for one cell."""
        return f"{self.source} row {self.row_numbers[row]}, {column}"


def is_empty(cell: Any) -> bool:
    """Whether a cell holds nothing."""
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return True
    if isinstance(cell, str):
        return not cell.strip()
    return isinstance(cell, float | np.floating) and bool(np.isnan(cell))


def numbers(cells: pd.Series, column: FleetColumn, place: Place) -> Floats:
    """A numeric column, NaN where a cell is empty.

    Raises:
        InputError: a cell is not a number.
        UnitRangeError: a number is infinite or outside the column's range.
    """
    plain = pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_bool_dtype(cells.dtype)
    if plain:
        values = cells.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    else:
        values = np.array([_number(cell, row, column, place) for row, cell in enumerate(cells)], dtype=np.float64)
    outside = ~np.isnan(values) & ~((values >= column.low) & (values <= column.high) & np.isfinite(values))
    if outside.any():
        row = int(np.flatnonzero(outside)[0])
        upper = "" if math.isinf(column.high) else f" and at most {column.high:g}"
        unit = "" if column.unit == "1" else f" {column.unit}"
        raise UnitRangeError(
            f"{place.of(row, column.name)} is {values[row]:g}; it must be at least {column.low:g}{upper}{unit}"
        )
    return values


def _number(cell: Any, row: int, column: FleetColumn, place: Place) -> float:
    if is_empty(cell):
        return math.nan
    try:
        value = math.nan if isinstance(cell, bool | np.bool_) else float(cell)
    except (TypeError, ValueError):
        value = math.nan
    if math.isnan(value):
        raise InputError(
            f"{place.of(row, column.name)} is {cell!r}, which is not a number; leave the cell empty for none"
        )
    return value


def texts(cells: Iterable[Any], column: FleetColumn, place: Place) -> Objects:
    """A text column, trimmed, None where a cell is empty; whole numbers become text without a decimal point.

    Raises:
        InputError: a cell holds something else.
    """
    return _objects(_text(cell, row, column, place) for row, cell in enumerate(cells))


def _text(cell: Any, row: int, column: FleetColumn, place: Place) -> str | None:
    if isinstance(cell, str):
        if not cell.strip().isprintable():
            raise InputError(f"{place.of(row, column.name)} is {cell!r}, which holds characters that cannot be printed")
        return cell.strip() or None
    if is_empty(cell):
        return None
    if isinstance(cell, int | np.integer) and not isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    raise InputError(f"{place.of(row, column.name)} is {cell!r}; text is expected")


def truths(cells: Iterable[Any], column: FleetColumn, place: Place) -> Bools:
    """A column of true and false; an empty cell takes the column's default.

    Raises:
        InputError: a cell is neither.
    """
    found = np.empty(len(place.row_numbers), dtype=np.bool_)
    for row, cell in enumerate(cells):
        word = str(cell).strip().lower()
        if is_empty(cell):
            found[row] = bool(column.default)
        elif word in TRUE_WORDS or word in FALSE_WORDS:
            found[row] = word in TRUE_WORDS
        else:
            raise InputError(f"{place.of(row, column.name)} is {cell!r}; write true or false")
    return found


def windows(cells: Iterable[Any], column: FleetColumn, place: Place, *, check: Callable[[str], object]) -> Objects:
    """A column of tuples of local windows, an empty tuple where there are none.

    Raises:
        InputError: a cell is neither text nor a list of texts, or ``check`` refuses a window.
    """
    known: dict[Any, tuple[str, ...]] = {}
    return _objects(_windows(cell, row, column, place, check, known) for row, cell in enumerate(cells))


def _windows(
    cell: Any,
    row: int,
    column: FleetColumn,
    place: Place,
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
        raise InputError(f"{place.of(row, column.name)} is {cell!r}; windows such as '17:00-19:00' are expected")
    key = tuple(listed)
    if key not in known:
        found = tuple(window for part in listed for window in split_windows(part))
        try:
            for window in found:
                check(window)
        except InputError as problem:
            raise InputError(f"{place.of(row, column.name)}: {problem}") from None
        known[key] = found
    return known[key]


def _objects(cells: Iterable[Any]) -> Objects:
    listed = list(cells)
    found = np.empty(len(listed), dtype=np.object_)
    for row, cell in enumerate(listed):
        found[row] = cell
    return found


def parsed(
    cells: pd.Series, column: FleetColumn, place: Place, *, check_window: Callable[[str], object]
) -> NDArray[Any]:
    """``cells`` as the column's type; empty cells stay empty except in a true or false column."""
    if column.kind is Kind.NUMBER:
        return numbers(cells, column, place)
    if column.kind is Kind.TRUTH:
        return truths(cells, column, place)
    if column.kind is Kind.WINDOWS:
        return windows(cells, column, place, check=check_window)
    return texts(cells, column, place)
