"""Series of other resolutions on a run's time grid."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.errors import InputError, MissingDataError, NaiveDatetimeError

PIECE = pd.Timedelta(minutes=5)
DEFAULT_STEP = pd.Timedelta(minutes=15)


def aware_index(interval_starts: pd.DatetimeIndex, *, what: str = "interval_starts") -> pd.DatetimeIndex:
    """``interval_starts`` in UTC.

    Raises:
        NaiveDatetimeError: the index has no time zone.
    """
    if interval_starts.tz is None:
        raise NaiveDatetimeError(f"{what} has no UTC offset; give aware times")
    return interval_starts.tz_convert("UTC")


def step_of(interval_starts: pd.DatetimeIndex) -> pd.Timedelta:
    """Length of the equal intervals that ``interval_starts`` begin; 15 minutes where there is only one.

    Raises:
        InputError: the intervals are not equal or not whole multiples of 5 minutes.
    """
    if len(interval_starts) < 2:
        return DEFAULT_STEP
    gaps = np.diff(interval_starts.as_unit("us").asi8)
    step = pd.Timedelta(int(gaps[0]), unit="us")
    if (gaps != gaps[0]).any() or step <= pd.Timedelta(0) or step % PIECE:
        raise InputError("interval starts must rise in equal steps of a whole number of 5 minutes")
    return step


def pieces(interval_starts: pd.DatetimeIndex) -> tuple[pd.DatetimeIndex, int]:
    """Starts of the equal pieces of each interval, and how many pieces an interval has.

    A piece is 15 minutes long where that divides the interval and 5 minutes otherwise, so that a rule that
    changes on quarter hours of any time zone is constant in each piece.
    """
    starts = aware_index(interval_starts).as_unit("us")
    step = step_of(starts)
    piece = PIECE if step % DEFAULT_STEP else DEFAULT_STEP
    count = int(step // piece)
    if count == 1:
        return starts, 1
    ticks = starts.asi8[:, None] + np.arange(count) * (piece // pd.Timedelta(microseconds=1))
    return pd.DatetimeIndex(ticks.ravel().view("M8[us]")).tz_localize("UTC"), count


def mean_of_pieces(values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Interval means of values per piece, shape (..., pieces) to (..., intervals)."""
    if count == 1:
        return values
    return np.asarray(values.reshape(*values.shape[:-1], -1, count).mean(axis=-1))


def on_grid(series: pd.Series, interval_starts: pd.DatetimeIndex, *, what: str) -> NDArray[np.float64]:
    """Mean of ``series`` over each interval, shape (T,), in the unit of ``series``.

    Args:
        series: values that hold from their index time (aware) until the next; the shortest distance between two of
            them is how long each holds.
        interval_starts: the grid, UTC.
        what: names the series in messages.

    Raises:
        MissingDataError: part of the grid is not covered.
        InputError: the series is empty, has a time twice or is finer than 5 minutes.
    """
    if series.empty:
        raise MissingDataError(f"{what} is empty")
    source = aware_index(pd.DatetimeIndex(series.index), what=what).as_unit("us")
    order = np.argsort(source.asi8, kind="stable")
    ticks = source.asi8[order]
    values = np.asarray(series, dtype=np.float64)[order]
    gaps = np.diff(ticks)
    if (gaps <= 0).any():
        raise InputError(f"{what} has {_instant(ticks[1:][gaps <= 0][0])} twice")
    grid = aware_index(interval_starts).as_unit("us")
    grid_step = step_of(grid) // pd.Timedelta(microseconds=1)
    hold = int(gaps.min()) if gaps.size else int(grid_step)
    piece = PIECE // pd.Timedelta(microseconds=1)
    if hold < piece:
        raise InputError(f"{what} has values less than 5 minutes apart; average them first")
    count = int(grid_step // piece)
    at = grid.asi8[:, None] + np.arange(count) * piece
    row = np.searchsorted(ticks, at, side="right") - 1
    bare = (row < 0) | (at - ticks[np.maximum(row, 0)] >= hold)
    if bare.any():
        raise MissingDataError(
            f"{what} has no value at {_instant(at[bare][0])}; it covers {_instant(ticks[0])} to "
            f"{_instant(ticks[-1] + hold)}" + (" with gaps" if gaps.size and gaps.max() > hold else "")
        )
    whole = row[:, 0] == row[:, -1]
    return np.asarray(np.where(whole, values[row[:, 0]], values[row].mean(axis=1)))


def _instant(tick: int) -> str:
    return pd.Timestamp(int(tick), unit="us", tz="UTC").isoformat()
