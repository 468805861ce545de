"""What owners write in local wall-clock time, on a run's UTC grid: blackout windows and times at the plug."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from gridpact.errors import InputError
from gridpact.horizon import Horizon, read_iso, zone

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")
_WINDOW = re.compile(r"(?:(?P<days>[A-Za-z]+(?:\s*[-,]\s*[A-Za-z]+)*)\s+)?(?P<start>[\d:]+)\s*-\s*(?P<end>[\d:]+)")
_SLACK = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalWindow:
    """A window of local wall-clock time that recurs on some weekdays."""

    weekdays: frozenset[int]
    """Days on which it starts, Monday is 0."""
    start: timedelta
    """Since local midnight."""
    end: timedelta
    """Since local midnight; at or before ``start`` means on the next day."""

    @classmethod
    def parse(cls, text: str) -> "LocalWindow":
        """The window written as ``17:00-19:00``, ``Mon-Fri 08:00-10:00`` or ``Mon,Wed 22:00-06:00``.

        Raises:
            InputError: ``text`` is not such a window.
        """
        match = _WINDOW.fullmatch(text.strip())
        if match is None:
            raise InputError(f"{text!r} is not a local window such as '17:00-19:00' or 'Mon-Fri 08:00-10:00'")
        return cls(weekdays=_weekdays(match["days"]), start=parse_clock(match["start"]), end=parse_clock(match["end"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class PluggedTime:
    """One time at the plug, clipped to the horizon, in whole intervals."""

    first: int
    stop: int
    """Interval after the last one that lies wholly before the departure."""
    hours_after: float
    """How long the car stays plugged after the horizon's end [h]; zero if it leaves inside."""


def parse_clock(text: str) -> timedelta:
    """Time since local midnight of "HH:MM", 00:00 to 24:00.

    Raises:
        InputError: ``text`` is not such a time.
    """
    match = _CLOCK.fullmatch(text.strip())
    if match is not None:
        found = timedelta(hours=int(match[1]), minutes=int(match[2]))
        if int(match[2]) < 60 and found <= timedelta(hours=24):
            return found
    raise InputError(f"{text!r} is not a local time such as '18:00'")


def split_windows(text: str) -> tuple[str, ...]:
    """The windows joined by ";" in ``text``, trimmed."""
    return tuple(part.strip() for part in text.split(";") if part.strip())


def blackout_mask(windows: Sequence[str], *, horizon: Horizon, timezone: str) -> NDArray[np.bool_]:
    """Intervals that overlap any of ``windows``, shape (T,).

    Raises:
        InputError: a window cannot be read.
    """
    mask = np.zeros(horizon.periods, dtype=np.bool_)
    local = zone(timezone)
    for window in map(LocalWindow.parse, windows):
        for day in _days(horizon, local):
            if day.weekday() not in window.weekdays:
                continue
            begins, ends = _span(day, window.start, window.end, local)
            first = max(0, math.floor(_position(horizon, begins) + _SLACK))
            stop = min(horizon.periods, math.ceil(_position(horizon, ends) - _SLACK))
            mask[first : max(first, stop)] = True
    return mask


def check_plugged(arrive: str, depart: str) -> None:
    """Check local times at the plug.

    Raises:
        InputError: they cannot be read, do not pair, mix daily and dated, or overlap.
    """
    pairs = _pairs(arrive, depart)
    dated = sorted((come, go) for come, go in pairs if isinstance(come, datetime) and isinstance(go, datetime))
    if len(dated) < len(pairs) and len(pairs) > 1:
        raise InputError(
            "a car has either one daily time at the plug or dated ones such as 2022-07-13T18:00 joined by ';'"
        )
    left = None
    for come, go in dated:
        if go <= come:
            raise InputError(f"the car departs at {go.isoformat()}, not after it arrives at {come.isoformat()}")
        if left is not None and come < left:
            raise InputError(f"the car arrives at {come.isoformat()} before it has departed at {left.isoformat()}")
        left = go


def plugged_times(arrive: str, depart: str, *, horizon: Horizon, timezone: str) -> list[PluggedTime]:
    """Times at the plug inside ``horizon``, in order.

    Args:
        arrive: daily local "HH:MM" or dated "YYYY-MM-DDTHH:MM" times joined by ";"; empty if never plugged.
        depart: as ``arrive``; a daily departure at or before the arrival is on the next day.
        horizon: the run's grid.
        timezone: the home's.

    Raises:
        InputError: a time cannot be read.
    """
    local = zone(timezone)
    spans: list[tuple[datetime, datetime]] = []
    for begins, ends in _pairs(arrive, depart):
        if isinstance(begins, datetime) and isinstance(ends, datetime):
            spans.append((begins.replace(tzinfo=local).astimezone(UTC), ends.replace(tzinfo=local).astimezone(UTC)))
        elif isinstance(begins, timedelta) and isinstance(ends, timedelta):
            spans.extend(_span(day, begins, ends, local) for day in _days(horizon, local))
    found = []
    for begins_at, ends_at in sorted(spans):
        first = max(0, math.ceil(_position(horizon, begins_at) - _SLACK))
        stop = min(horizon.periods, math.floor(_position(horizon, ends_at) + _SLACK))
        if stop > first:
            after_h = max(0.0, (ends_at - horizon.end).total_seconds() / 3600.0)
            found.append(PluggedTime(first=first, stop=stop, hours_after=after_h))
    return found


def _pairs(arrive: str, depart: str) -> list[tuple[datetime, datetime] | tuple[timedelta, timedelta]]:
    arrivals, departures = split_windows(arrive), split_windows(depart)
    if len(arrivals) != len(departures):
        raise InputError(f"{len(arrivals)} arrivals but {len(departures)} departures; each arrival needs a departure")
    found: list[tuple[datetime, datetime] | tuple[timedelta, timedelta]] = []
    for come, go in zip(arrivals, departures, strict=True):
        if "T" in come or "T" in go:
            found.append((parse_dated(come), parse_dated(go)))
        else:
            found.append((parse_clock(come), parse_clock(go)))
    return found


def parse_dated(text: str) -> datetime:
    """The local date and time written as ``2022-07-13T18:00``, without offset.

    Raises:
        InputError: ``text`` is not such a time.
    """
    try:
        moment = read_iso(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None or "T" not in text:
        raise InputError(f"{text!r} is not a local date and time without offset such as '2022-07-13T18:00'")
    return moment


def _weekdays(text: str | None) -> frozenset[int]:
    if text is None:
        return frozenset(range(7))
    found: set[int] = set()
    for part in text.split(","):
        names = [name.strip().lower() for name in part.split("-")]
        if len(names) > 2 or not all(_is_weekday(name) for name in names):
            raise InputError(f"{text!r} does not name weekdays such as 'Mon,Tue' or 'Mon-Fri'")
        first, last = WEEKDAYS.index(names[0][:3]), WEEKDAYS.index(names[-1][:3])
        found.update((first + step) % 7 for step in range((last - first) % 7 + 1))
    return frozenset(found)


def _is_weekday(name: str) -> bool:
    full = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    return len(name) >= 3 and any(day.startswith(name) for day in full)


def _span(day: date, start: timedelta, end: timedelta, local: ZoneInfo) -> tuple[datetime, datetime]:
    return _on(day, start, local), _on(day if end > start else day + timedelta(days=1), end, local)


def _on(day: date, clock: timedelta, local: ZoneInfo) -> datetime:
    """The instant of a local wall-clock time: the first of two where the clock repeats."""
    wall = datetime.combine(day, time()) + clock
    return wall.replace(tzinfo=local).astimezone(UTC)


def _days(horizon: Horizon, local: ZoneInfo) -> list[date]:
    first = horizon.start.astimezone(local).date() - timedelta(days=2)
    last = horizon.end.astimezone(local).date() + timedelta(days=1)
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _position(horizon: Horizon, moment: datetime) -> float:
    return (moment - horizon.start) / timedelta(minutes=horizon.step_minutes)
