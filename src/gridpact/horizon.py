"""The time grid of a run: UTC intervals that cover whole operating days.

An operating day runs from local noon to the next local noon of the market's time zone, so that an evening
peak, the night's charging and the morning's departures lie in one piece; it has 23 or 25 hours where the
clocks change. A run covers every operating day that one of its windows touches.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from gridpact.errors import InputError, NaiveDatetimeError

OPERATING_DAY_START = time(12, 0)
STEP_MINUTES_ALLOWED = (5, 10, 15, 20, 30, 60)
_ISO = re.compile(r"[\dW-]+(?:[Tt ][\d:.,+\-Zz]+)?", re.ASCII)


def read_iso(text: str) -> datetime:
    """The date or time in ``text``, by ISO 8601, with T or a space between the two.

    `datetime.fromisoformat` takes any character there, a line break too.

    Raises:
        ValueError: it is none.
    """
    if not _ISO.fullmatch(text):
        raise ValueError(f"Invalid isoformat string: {text!r}")
    return datetime.fromisoformat(text)


def aware_utc(moment: datetime, *, what: str) -> datetime:
    """``moment`` in UTC.

    Raises:
        NaiveDatetimeError: ``moment`` carries no UTC offset; ``what`` names it in the message.
    """
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise NaiveDatetimeError(
            f"{what} is {moment.isoformat()}, which has no UTC offset; write it as "
            f"{moment.isoformat()}+00:00 or with the local offset"
        )
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise InputError(f"{what} is {moment.isoformat()}, which is no usable date") from None


def zone(name: str, *, what: str = "time zone") -> ZoneInfo:
    """The IANA time zone ``name``.

    Raises:
        InputError: there is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError) as problem:
        raise InputError(f"{what} {name!r} is not an IANA time zone such as 'America/Chicago'") from problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """A run's grid of equal UTC intervals."""

    start: datetime
    """First instant, aware, UTC."""
    periods: int
    """Number of intervals."""
    step_minutes: int
    """Length of an interval [min]."""
    timezone: str
    """Market time zone, whose noons bound the operating days."""
    day_bounds: tuple[int, ...]
    """Interval indices at which operating days begin, and ``periods`` at the end."""

    @classmethod
    def covering(
        cls, windows: Sequence[tuple[datetime, datetime]], *, timezone: str, step_minutes: int = 15
    ) -> "Horizon":
        """The whole operating days that ``windows`` (aware start, end) touch.

        Raises:
            InputError: no window, an unusable step, or windows more than a week apart.
        """
        if not windows:
            raise InputError("a horizon needs at least one window")
        if step_minutes not in STEP_MINUTES_ALLOWED:
            raise InputError(f"step_minutes is {step_minutes}; use one of {STEP_MINUTES_ALLOWED}")
        market = zone(timezone, what="market time zone")
        first = min(start for start, _ in windows)
        last = max(end for _, end in windows)
        noons = [_noon_at_or_before(first, market)]
        while noons[-1] < last:
            if len(noons) > 7:
                raise InputError(
                    f"the windows from {first.isoformat()} to {last.isoformat()} span more than 7 operating "
                    "days; run them as separate days"
                )
            noons.append(_next_noon(noons[-1], market))
        step = timedelta(minutes=step_minutes)
        bounds = tuple((noon - noons[0]) // step for noon in noons)
        return cls(start=noons[0], periods=bounds[-1], step_minutes=step_minutes, timezone=timezone, day_bounds=bounds)

    @property
    def step_h(self) -> float:
        """Length of an interval [h]."""
        return self.step_minutes / 60.0

    @property
    def end(self) -> datetime:
        """Instant after the last interval, UTC."""
        return self.start + self.periods * timedelta(minutes=self.step_minutes)

    @property
    def interval_starts(self) -> pd.DatetimeIndex:
        """Start of every interval, UTC, shape (periods,)."""
        return pd.date_range(self.start, periods=self.periods, freq=f"{self.step_minutes}min", unit="us")

    @property
    def days(self) -> tuple[slice, ...]:
        """One slice of interval indices for each operating day."""
        return tuple(slice(a, b) for a, b in zip(self.day_bounds[:-1], self.day_bounds[1:], strict=True))

    def local(self, timezone: str) -> pd.DatetimeIndex:
        """Start of every interval in ``timezone``, shape (periods,)."""
        return self.interval_starts.tz_convert(timezone)

    def window(self, start: datetime, end: datetime, *, what: str = "window") -> slice:
        """Interval indices of the half-open window from ``start`` to ``end``.

        Raises:
            InputError: the window is empty, off the grid or outside the horizon.
        """
        first = aware_utc(start, what=f"{what} start")
        last = aware_utc(end, what=f"{what} end")
        step = timedelta(minutes=self.step_minutes)
        if last <= first:
            raise InputError(f"{what} ends at {last.isoformat()}, not after its start {first.isoformat()}")
        if (first - self.start) % step or (last - self.start) % step:
            raise InputError(
                f"{what} {first.isoformat()} to {last.isoformat()} is not on the {self.step_minutes}-minute grid"
            )
        if first < self.start or last > self.end:
            raise InputError(
                f"{what} {first.isoformat()} to {last.isoformat()} is outside the run's "
                f"{self.start.isoformat()} to {self.end.isoformat()}"
            )
        return slice((first - self.start) // step, (last - self.start) // step)


def _noon_at_or_before(moment: datetime, market: ZoneInfo) -> datetime:
    day = moment.astimezone(market).date()
    noon = _noon(day, market)
    return noon if noon <= moment else _noon(day - timedelta(days=1), market)


def _next_noon(noon: datetime, market: ZoneInfo) -> datetime:
    return _noon(noon.astimezone(market).date() + timedelta(days=1), market)


def _noon(day: date, market: ZoneInfo) -> datetime:
    return datetime.combine(day, OPERATING_DAY_START, tzinfo=market).astimezone(UTC)
