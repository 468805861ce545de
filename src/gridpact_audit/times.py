"""Local wall-clock meanings as UTC intervals: operating days, calendar days, car sessions, blackout windows."""

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NOON = time(12, 0)
MOST_WINDOW_LETTERS = 200
"""Letters of one window; telling a longer text from one takes the square of them."""
_CLOCK = re.compile(r"^(\d{1,2}):(\d{2})$")
_WINDOW = re.compile(r"^(?:(?P<days>[A-Za-z,\- ]+?)\s+)?(?P<start>\d{1,2}:\d{2})\s*-\s*(?P<end>\d{1,2}:\d{2})$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Equal UTC intervals that cover whole operating days."""

    start: datetime
    periods: int
    step_minutes: int
    day_bounds: tuple[int, ...]

    @property
    def step(self) -> timedelta:
        """Length of an interval."""
        return timedelta(minutes=self.step_minutes)

    @property
    def step_h(self) -> float:
        """Length of an interval [h]."""
        return self.step_minutes / 60.0

    @property
    def end(self) -> datetime:
        """Instant after the last interval."""
        return self.start + self.periods * self.step

    @property
    def starts(self) -> pd.DatetimeIndex:
        """Start of every interval, UTC."""
        return pd.date_range(self.start, periods=self.periods, freq=f"{self.step_minutes}min", unit="us")

    def index(self, moment: datetime) -> float:
        """Position of ``moment`` on the grid, in intervals (not rounded)."""
        return (moment - self.start) / self.step


def operating_days(windows: list[tuple[datetime, datetime]], *, timezone: str, step_minutes: int) -> Grid:
    """The grid from the local noon at or before the first window to the first local noon at or after the last."""
    market = ZoneInfo(timezone)
    first, last = min(start for start, _ in windows), max(end for _, end in windows)
    day = first.astimezone(market).date()
    if _local(day, NOON, market) > first:
        day -= timedelta(days=1)
    noons = [_local(day, NOON, market)]
    while noons[-1] < last and len(noons) < 60:
        day += timedelta(days=1)
        noons.append(_local(day, NOON, market))
    step = timedelta(minutes=step_minutes)
    bounds = tuple((noon - noons[0]) // step for noon in noons)
    return Grid(start=noons[0], periods=bounds[-1], step_minutes=step_minutes, day_bounds=bounds)


def _local(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, of a local wall-clock time; the first of two where the clock repeats (fold 0)."""
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)


def _clock(text: str) -> timedelta:
    match = _CLOCK.match(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a local time such as 18:00")
    hour, minute = int(match[1]), int(match[2])
    if minute > 59 or hour > 24 or (hour == 24 and minute):
        raise ValueError(f"{text!r} is not a local time between 00:00 and 24:00")
    return timedelta(hours=hour, minutes=minute)


def _on(day: date, clock: timedelta, zone: ZoneInfo) -> datetime:
    whole = datetime.combine(day, time(0, 0)) + clock
    return _local(whole.date(), whole.time(), zone)


def calendar_days(grid: Grid, *, timezone: str) -> NDArray[np.int64]:
    """A number for each interval's local calendar day, shape (periods,)."""
    local = grid.starts.tz_convert(timezone)
    return np.asarray(local.normalize().factorize()[0], dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One time at the plug: half-open interval range inside the horizon, and when the car really leaves."""

    first: int
    stop: int
    departs: datetime


def sessions(arrive: str, depart: str, *, timezone: str, grid: Grid) -> list[Session]:
    """Times at the plug from daily "HH:MM" or dated "YYYY-MM-DDTHH:MM" local times (lists joined by ";").

    Only intervals wholly inside a session count. A daily departure at or before the arrival is on the next day.

    Raises:
        ValueError: a time cannot be read, or arrivals and departures do not pair.
    """
    zone = ZoneInfo(timezone)
    arrivals = [part.strip() for part in arrive.split(";") if part.strip()]
    departures = [part.strip() for part in depart.split(";") if part.strip()]
    if len(arrivals) != len(departures):
        raise ValueError(f"{len(arrivals)} arrivals but {len(departures)} departures")
    spans: list[tuple[datetime, datetime]] = []
    for come, go in zip(arrivals, departures, strict=True):
        if "T" in come or "T" in go:
            dated = [datetime.fromisoformat(part) for part in (come, go)]
            if any(moment.tzinfo is not None for moment in dated):
                raise ValueError(f"{come!r} to {go!r}: local times without an offset are expected")
            spans.append(
                (_local(dated[0].date(), dated[0].time(), zone), _local(dated[1].date(), dated[1].time(), zone))
            )
            continue
        start, end = _clock(come), _clock(go)
        for day in _days(grid, zone):
            leaves = day if end > start else day + timedelta(days=1)
            spans.append((_on(day, start, zone), _on(leaves, end, zone)))
    found = []
    for come_at, go_at in sorted(spans):
        first = max(0, math.ceil(grid.index(come_at) - 1e-9))
        stop = min(grid.periods, math.floor(grid.index(go_at) + 1e-9))
        if stop > first:
            found.append(Session(first=first, stop=stop, departs=go_at))
    return found


def _days(grid: Grid, zone: ZoneInfo) -> list[date]:
    day = grid.start.astimezone(zone).date() - timedelta(days=2)
    last = grid.end.astimezone(zone).date() + timedelta(days=1)
    return [day + timedelta(days=number) for number in range((last - day).days + 1)]


def blackout(windows: list[str], *, timezone: str, grid: Grid) -> NDArray[np.bool_]:
    """Intervals that overlap any of an owner's local windows, shape (periods,).

    A window that ends at or before its start goes on to the next day; a day prefix names the day it starts on.

    Raises:
        ValueError: a window cannot be read.
    """
    zone = ZoneInfo(timezone)
    mask = np.zeros(grid.periods, dtype=np.bool_)
    for text in (part.strip() for window in windows for part in window.split(";") if part.strip()):
        match = _WINDOW.match(text) if len(text) <= MOST_WINDOW_LETTERS else None
        if match is None:
            raise ValueError(f"{text[:MOST_WINDOW_LETTERS]!r} is no window such as 17:00-19:00 or Mon-Fri 08:00-10:00")
        weekdays = _weekdays(match["days"])
        start, end = _clock(match["start"]), _clock(match["end"])
        for day in _days(grid, zone):
            if day.weekday() not in weekdays:
                continue
            begins = _on(day, start, zone)
            ends = _on(day if end > start else day + timedelta(days=1), end, zone)
            first = max(0, math.floor(grid.index(begins) + 1e-9))
            stop = min(grid.periods, math.ceil(grid.index(ends) - 1e-9))
            mask[first : max(first, stop)] = True
    return mask


def _weekdays(text: str | None) -> set[int]:
    if text is None:
        return set(range(7))
    found: set[int] = set()
    for part in text.split(","):
        names = [name.strip()[:3].lower() for name in part.split("-")]
        if not all(name in DAY_NAMES for name in names) or len(names) > 2:
            raise ValueError(f"{text!r} does not name days such as Mon,Tue or Mon-Fri")
        first, last = DAY_NAMES.index(names[0]), DAY_NAMES.index(names[-1])
        found |= {(first + step) % 7 for step in range((last - first) % 7 + 1)}
    return found
