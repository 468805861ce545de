"""Market price tables that a user brings: CSV or Parquet, one column a series, units in the column names."""

import csv
import difflib
import io
import math
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
from numpy.typing import NDArray

from gridpact.data.files import open_plain, read_bytes
from gridpact.data.limits import MOST_PRICE_BYTES, MOST_PRICE_CELLS, MOST_PRICE_COLUMNS, MOST_PRICE_ROWS
from gridpact.data.parquet import ParquetLimits, check_parquet
from gridpact.errors import InputError, MissingDataError, NaiveDatetimeError, UnitRangeError
from gridpact.horizon import aware_utc

ENERGY_UNIT = "usd_per_mwh"
RESERVE_UNIT = "usd_per_mw_h"
UNIT_SUFFIXES = {
    "_usd_per_mwh": ENERGY_UNIT,
    "_usd_mwh": ENERGY_UNIT,
    "_usd_per_mw_h": RESERVE_UNIT,
    "_usd_mw_h": RESERVE_UNIT,
}
"""How a column's name ends, and the unit that says."""
TIME_COLUMNS = ("interval_start", "interval_start_utc")

MOST_NAME_LETTERS = 200
"""Letters of a column's name."""

_OFFSET = re.compile(r"(?:[zZ]|[+-]\d{2}(?::?\d{2})?)\s*$")
_HOUR = pd.Timedelta(hours=1)


def price_unit(column: str) -> str:
    """Unit that a column's name ends in: ``usd_per_mwh`` or ``usd_per_mw_h``.

    Raises:
        InputError: the name ends in no known unit.
    """
    for suffix, unit in UNIT_SUFFIXES.items():
        if column.lower().endswith(suffix) and len(column) > len(suffix):
            return unit
    if len(column) > MOST_NAME_LETTERS:
        raise InputError(f"the column {column[:40]!r}... has a name of {len(column):,} letters; write a short one")
    near = difflib.get_close_matches(
        column.lower(), [f"{_before_unit(column)}{suffix}" for suffix in UNIT_SUFFIXES], n=1, cutoff=0.8
    )
    if re.search(r"_(?:eur|gbp)_(?:per_)?mwh?(?:_h)?$", column.lower()):
        raise InputError(
            f"column {column!r} is not in USD; convert it with gridpact data import --fx RATE [USD for one unit]"
        )
    hint = f"did you mean {near[0]!r}? Energy" if near else "energy"
    raise InputError(
        f"column {column!r} has no unit in its name; {hint} prices end in _usd_per_mwh, "
        "reserve prices in _usd_per_mw_h; rename it, or remove it if it is no price"
    )


def _listed(names: list[str], most: int = 20) -> str:
    """``names``, the first of them where there are many."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _before_unit(column: str) -> str:
    return re.split(r"_(?:usd|cents?|eur|gbp)(?:_|$)", column.lower())[0]


def _stem(column: str) -> str:
    """What a column is called before its unit, with spinning and non-spinning written as products are."""
    name = column.lower()
    for suffix in UNIT_SUFFIXES:
        name = name.removesuffix(suffix)
    name = re.sub(r"[\s\-]+", "_", name)
    return name.replace("non_spin", "nonspin").replace("spinning", "spin")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PriceTable:
    """Price series on one UTC grid."""

    frame: pd.DataFrame
    """One column a series [by its name's unit]; index: aware UTC interval starts, ascending, no duplicates."""
    source: str
    """What to call the table in messages."""

    def __post_init__(self) -> None:
        """Check index, units and values.

        Raises:
            InputError: no rows, no columns, times that repeat or lie on no grid, a column without a unit.
            NaiveDatetimeError: times without an offset.
            UnitRangeError: a price is NaN or infinite.
        """
        object.__setattr__(self, "frame", _checked_frame(self.frame, source=self.source))

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the series."""
        return tuple(str(column) for column in self.frame.columns)

    @property
    def step(self) -> pd.Timedelta:
        """Length of an interval."""
        return series_step(self.frame.index)

    def unit(self, column: str) -> str:
        """Unit of a series: ``usd_per_mwh`` or ``usd_per_mw_h``."""
        return price_unit(column)

    def series(self, column: str) -> pd.Series:
        """The series called ``column``.

        Raises:
            MissingDataError: there is none; the message names those that exist.
        """
        if column not in self.columns:
            near = difflib.get_close_matches(column, self.columns, n=1)
            hint = f"did you mean {near[0]!r}? It" if near else "it"
            raise MissingDataError(f"{self.source} has no column {column!r}; {hint} has {', '.join(self.columns)}")
        return self.frame[column].copy()

    def energy(self, column: str | None = None) -> pd.Series:
        """Energy prices [USD/MWh].

        Args:
            column: a column, or a location that one column's name begins with (``np15`` for
                ``np15_lmp_usd_mwh``). None: the only energy column, else the only one called ``energy`` or
                ``lmp``, else the only one with ``lmp`` in its name.

        Raises:
            MissingDataError: there is no such energy column.
            InputError: several columns fit.
        """
        names = self._with_unit(ENERGY_UNIT)
        if column is not None:
            return self._energy_at(column, names)
        if not names:
            raise MissingDataError(
                f"{self.source} has no energy price: no column ends in _usd_per_mwh; it has {', '.join(self.columns)}"
            )
        plain = [name for name in names if _stem(name) in ("energy", "lmp", "energy_price")]
        lmp = [name for name in names if "lmp" in _stem(name).split("_")]
        fits = plain or lmp or names
        if len(fits) > 1:
            raise InputError(
                f"{self.source} has {len(fits)} energy prices; choose one with --location: {_listed(fits)}"
            )
        return self.series(fits[0])

    def _energy_at(self, column: str, names: list[str]) -> pd.Series:
        if column in self.columns:
            if column not in names:
                raise InputError(f"{self.source}: {column!r} is in {price_unit(column)}, not an energy price")
            return self.series(column)
        wanted = re.sub(r"[\s\-]+", "_", column.lower())
        exact = [name for name in names if _stem(name) == wanted]
        fits = exact or [name for name in names if _stem(name).startswith(f"{wanted}_")]
        if len(fits) > 1:
            raise InputError(f"{self.source}: {column!r} fits several columns; write one of {_listed(fits)}")
        return self.series(fits[0] if fits else column)

    def reserve(self, product: str) -> pd.Series:
        """Reserve prices [USD/MW per h] of ``product``, ``spin`` or ``nonspin``.

        Raises:
            MissingDataError: there is no such column; the message names those that exist.
            InputError: several columns fit, or the one that fits is in an energy unit.
        """
        wanted = _stem(product)
        names = self._with_unit(RESERVE_UNIT)
        exact = [name for name in names if _stem(name) == wanted]
        fits = exact or [name for name in names if wanted in _stem(name).split("_")]
        if len(fits) > 1:
            raise InputError(f"{self.source}: several columns fit {product!r}: {', '.join(fits)}; keep one")
        if fits:
            return self.series(fits[0])
        misnamed = [name for name in self.columns if wanted in _stem(name).split("_")]
        if misnamed:
            raise InputError(
                f"{self.source}: {misnamed[0]!r} says USD/MWh, but a {product} price is per MW and hour; "
                f"if it is, rename the column {_stem(misnamed[0])}_usd_per_mw_h"
            )
        kind = "only energy prices" if not names else "no such reserve price"
        raise MissingDataError(
            f"{self.source} has {kind}: there is no {product} column such as {wanted}_usd_per_mw_h; "
            f"it has {', '.join(self.columns)}"
        )

    def _with_unit(self, unit: str) -> list[str]:
        return [name for name in self.columns if price_unit(name) == unit]


def read_prices(path: Path | str) -> PriceTable:
    """The price table in a CSV or Parquet file, hourly or finer.

    Times are in a column (or, in Parquet, an index) called ``interval_start`` or ``interval_start_utc``, each with
    its UTC offset; every other column is a price whose name ends in its unit. Rows may come in any order and hours
    may be absent; a window that needs an absent one is refused later.

    Raises:
        MissingDataError: no such file, no time column, no rows, or an empty cell.
        NaiveDatetimeError: a time has no UTC offset.
        UnitRangeError: a price is NaN or infinite.
        InputError: the file is damaged, a time repeats, or a column has no unit in its name.
    """
    file = Path(path)
    kind = file.suffix.lower()
    if kind not in (".csv", ".parquet"):
        raise InputError(f"{file}: price files end in .csv or .parquet")
    if not file.is_file():
        raise MissingDataError(f"{file} is not a file")
    frame = _read_csv(file) if kind == ".csv" else _read_parquet(file)
    return PriceTable(frame=frame, source=str(file))


def series_step(index: pd.Index) -> pd.Timedelta:
    """Length of an interval of a price series: the shortest distance between two starts, one hour for a single row."""
    if len(index) < 2:
        return _HOUR
    return pd.Timedelta(int(np.diff(_nanoseconds(index)).min()), unit="ns")


def prices_at(series: pd.Series, instants: pd.DatetimeIndex) -> NDArray[np.float64]:
    """Price in force at each of ``instants`` (aware; NaT allowed); NaN where ``series`` has none."""
    starts = _nanoseconds(series.index)
    wanted = _nanoseconds(instants)
    place = np.searchsorted(starts, wanted, side="right") - 1
    inside = (place >= 0) & instants.notna()
    inside &= wanted < starts[np.maximum(place, 0)] + series_step(series.index).value
    return np.where(inside, series.to_numpy(dtype=np.float64)[np.maximum(place, 0)], np.nan)


def window_price(series: pd.Series, start: datetime, end: datetime) -> float:
    """Time-weighted mean of ``series`` from ``start`` to ``end`` (aware), in the series' unit.

    Raises:
        MissingDataError: part of the window has no price.
        InputError: the window is empty.
        NaiveDatetimeError: a time, or the series' index, has no UTC offset.
    """
    first, last = aware_utc(start, what="window start"), aware_utc(end, what="window end")
    if last <= first:
        raise InputError(f"a price window ends after it starts, not {first.isoformat()} to {last.isoformat()}")
    if not len(series):
        raise MissingDataError(f"no price from {first.isoformat()} to {last.isoformat()}: the series is empty")
    starts = _nanoseconds(series.index)
    step = series_step(series.index).value
    begin, stop = pd.Timestamp(first).as_unit("ns").value, pd.Timestamp(last).as_unit("ns").value
    low = int(np.searchsorted(starts, begin - step, side="right"))
    high = int(np.searchsorted(starts, stop, side="left"))
    overlap = np.minimum(starts[low:high] + step, stop) - np.maximum(starts[low:high], begin)
    if int(overlap.sum()) != stop - begin:
        covered_from, covered_to = series.index[0], series.index[-1] + pd.Timedelta(step, unit="ns")
        inside = covered_from <= first and last <= covered_to
        gap = "; intervals are missing in the data" if inside else "; that is outside the data"
        raise MissingDataError(
            f"no price for all of {first.isoformat()} to {last.isoformat()}{gap}: prices run from "
            f"{covered_from.isoformat()} to {covered_to.isoformat()}"
        )
    values = series.to_numpy(dtype=np.float64)[low:high]
    weights = overlap / float(stop - begin)
    mean = math.fsum((values * weights).tolist())
    return float(min(max(mean, values.min()), values.max()))


def _nanoseconds(index: pd.Index) -> NDArray[np.int64]:
    if not isinstance(index, pd.DatetimeIndex) or index.tz is None:
        raise NaiveDatetimeError("a price series needs interval starts with a UTC offset as its index")
    return index.as_unit("ns").asi8


def _checked_frame(frame: pd.DataFrame, *, source: str) -> pd.DataFrame:
    if not len(frame.columns):
        raise MissingDataError(f"{source} has no price column; add one such as energy_usd_per_mwh")
    if not len(frame):
        raise MissingDataError(f"{source} has no rows of prices")
    names = [str(column) for column in frame.columns]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"{source}: the column {twice!r} is there twice; keep one")
    for name in names:
        _priced(name, source=source)
    if not isinstance(frame.index, pd.DatetimeIndex) or frame.index.tz is None:
        raise NaiveDatetimeError(f"{source}: the times have no UTC offset; write them as 2022-07-13T19:00:00-05:00")
    if frame.index.hasnans:
        raise MissingDataError(f"{source}: a row has no interval_start; fill it in")
    index = frame.index.tz_convert("UTC")
    frame = frame.set_axis(index, axis=0).set_axis(names, axis=1).sort_index()
    repeated = frame.index[frame.index.duplicated()]
    if len(repeated):
        raise InputError(
            f"{source}: {len(repeated)} times are there more than once, the first {repeated[0].isoformat()}; keep one "
            "row for each interval (where clocks go back, the two hours differ in their UTC offset)"
        )
    for name in names:
        frame[name] = _numbers(frame[name], source=source)
    _check_grid(frame.index, source=source)
    return frame.rename_axis("interval_start")


def _priced(name: str, *, source: str) -> None:
    try:
        price_unit(name)
    except InputError as problem:
        raise InputError(f"{source}: {problem}") from None


def _numbers(column: pd.Series, *, source: str) -> pd.Series:
    if column.dtype == bool or not pd.api.types.is_numeric_dtype(column.dtype):
        raise InputError(f"{source}: column {column.name!r} holds {column.dtype}, not numbers")
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise UnitRangeError(
            f"{source}: column {column.name!r} is {values[bad[0]]} at {column.index[bad[0]].isoformat()} "
            f"({len(bad)} such cells); every price must be a finite number: fill them in or remove those rows"
        )
    return pd.Series(values, index=column.index, name=column.name)


def _check_grid(index: pd.Index, *, source: str) -> None:
    step = series_step(index)
    if step > _HOUR:
        raise InputError(f"{source}: the shortest distance between times is {step}; prices must be hourly or finer")
    if _HOUR.value % step.value or step.value % 60_000_000_000:
        raise InputError(f"{source}: times are {step} apart; use minutes that divide an hour: 5, 15, 60")
    off = np.flatnonzero((_nanoseconds(index) - _nanoseconds(index)[0]) % step.value)
    if len(off):
        raise InputError(f"{source}: {index[off[0]].isoformat()} is not on the {step} grid of the other times")


def _time_column(names: list[str], *, source: str) -> str:
    found = [name for name in names if name in TIME_COLUMNS]
    if len(found) > 1:
        raise InputError(f"{source}: both {found[0]!r} and {found[1]!r} are there; keep one")
    if not found:
        names = [name[:MOST_NAME_LETTERS] for name in names[:100]]
        near = [name for name in names if difflib.get_close_matches(name.lower().replace(" ", "_"), TIME_COLUMNS, n=1)]
        hint = (
            f"rename {near[0]!r}"
            if near
            else "rename the column of times, or bring the file in with gridpact data import"
        )
        raise MissingDataError(
            f"{source} has no column 'interval_start'; {hint}. It has {', '.join(names) or 'nothing'}"
        )
    return found[0]


def _read_parquet(file: Path) -> pd.DataFrame:
    limits = ParquetLimits(rows=MOST_PRICE_ROWS, columns=MOST_PRICE_COLUMNS, cells=MOST_PRICE_CELLS)
    parquet = check_parquet(read_bytes(file, most_bytes=MOST_PRICE_BYTES), where=str(file), limits=limits)
    names = parquet.names
    index = [name for name in parquet.index_names if name in names]
    indexed = index[0] if len(index) == 1 and _is_time(parquet.schema, index[0]) else None
    time = indexed or _time_column(names, source=str(file))
    columns = [name for name in names if name == time or name not in index]
    return _with_datetimes(parquet.frame(columns).set_index(time), source=str(file))


def _is_time(schema: pyarrow.Schema, name: str) -> bool:
    """Whether a column that was a frame's index holds the times."""
    return name in TIME_COLUMNS or (
        schema.names.count(name) == 1 and pyarrow.types.is_timestamp(schema.field(name).type)
    )


def _with_datetimes(frame: pd.DataFrame, *, source: str) -> pd.DataFrame:
    if isinstance(frame.index, pd.DatetimeIndex):
        return frame
    texts = [str(value) for value in frame.index]
    return frame.set_axis(_moments(texts, source=source, first_row=1), axis=0)


def _read_csv(file: Path) -> pd.DataFrame:
    rows: list[tuple[int, list[str]]] = []
    try:
        with open_plain(file, most_bytes=MOST_PRICE_BYTES) as raw:
            reader = csv.reader(io.TextIOWrapper(raw, encoding="utf-8-sig", newline=""), strict=True)
            for row in reader:
                if not row:
                    continue
                rows.append((reader.line_num, row))
                _check_size(len(rows), len(rows[0][1]), source=str(file))
    except UnicodeDecodeError as problem:
        raise InputError(f"{file} is not UTF-8 text (byte {problem.start}); save it as CSV UTF-8") from None
    except (OSError, csv.Error) as problem:
        raise InputError(f"{file} is not a whole CSV file in UTF-8: {problem}") from None
    if not rows:
        raise MissingDataError(f"{file} is empty")
    names = [name.strip() for name in rows[0][1]]
    time = _time_column(names, source=str(file))
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"{file}: the column {twice!r} is there twice; keep one")
    for line, row in rows[1:]:
        if len(row) != len(names):
            raise InputError(f"{file}, row {line}: {len(row)} cells, header {len(names)}; is the file cut off?")
    lines_of = [line for line, _ in rows[1:]]
    columns = {name: [row[k].strip() for _, row in rows[1:]] for k, name in enumerate(names)}
    index = _moments(columns.pop(time), source=str(file), lines=lines_of)
    prices = {name: _parsed(cells, lines_of, name=name, source=str(file)) for name, cells in columns.items()}
    return pd.DataFrame(prices, index=index)


def _check_size(rows: int, columns: int, *, source: str) -> None:
    for found, most, what in (
        (rows, MOST_PRICE_ROWS, "rows"),
        (columns, MOST_PRICE_COLUMNS, "columns"),
        (rows * columns, MOST_PRICE_CELLS, "cells"),
    ):
        if found > most:
            raise InputError(f"{source} has more than {most:,} {what}, which is the most that is read: split it")


def _moments(texts: list[str], *, source: str, lines: list[int] | None = None, first_row: int = 2) -> pd.DatetimeIndex:
    row_of = lines if lines is not None else list(range(first_row, first_row + len(texts)))
    for row, text in zip(row_of, texts, strict=True):
        if not text:
            raise MissingDataError(f"{source}, row {row}: interval_start is empty")
    parsed = pd.to_datetime(pd.Series(texts, dtype=object), utc=True, errors="coerce", format="ISO8601")
    bad = np.flatnonzero(parsed.isna() | np.array([not text.isprintable() for text in texts], dtype=np.bool_))
    if len(bad):
        raise InputError(f"{source}, row {row_of[bad[0]]}: interval_start {texts[bad[0]]!r} is not an ISO time")
    for row, text in zip(row_of, texts, strict=True):
        if not _OFFSET.search(text[len("2022-07-13") :]):
            raise NaiveDatetimeError(
                f"{source}, row {row}: interval_start {text!r} has no UTC offset; write it as 2022-07-13T19:00:00-05:00"
            )
    return pd.DatetimeIndex(parsed)


def _parsed(cells: list[str], rows: list[int], *, name: str, source: str) -> NDArray[np.float64]:
    values = np.empty(len(cells))
    for k, (row, cell) in enumerate(zip(rows, cells, strict=True)):
        if not cell:
            raise MissingDataError(f"{source}, row {row}: column {name!r} is empty; fill it in or remove the row")
        try:
            values[k] = float(cell.replace("_", "?"))
        except ValueError:
            _priced(name, source=source)
            raise InputError(f"{source}, row {row}: column {name!r} is {cell!r}, not a number") from None
        if not math.isfinite(values[k]):
            raise UnitRangeError(f"{source}, row {row}: column {name!r} is {cell}; every price must be finite")
    return values
