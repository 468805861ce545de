"""Local windows as minutes of a week, so that they can be joined, cut and turned around."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from gridpact.fleet.clock import WEEKDAYS, LocalWindow

Week = NDArray[np.bool_]
"""Minutes of a week from Monday's midnight, shape (10080,)."""
DAY = 1440


def week_of(windows: Iterable[str]) -> Week:
    """Minutes that lie in one of ``windows``."""
    week = np.zeros(7 * DAY, dtype=np.bool_)
    for window in map(LocalWindow.parse, windows):
        start, end = (int(moment.total_seconds()) // 60 for moment in (window.start, window.end))
        length = end - start if end > start else end + DAY - start
        for day in window.weekdays:
            week[(day * DAY + start + np.arange(length)) % (7 * DAY)] = True
    return week


def span(days: Iterable[int], start: int, end: int) -> Week:
    """From minute ``start`` to ``end`` of some weekdays, over midnight where it ends no later than it starts."""
    week = np.zeros(7 * DAY, dtype=np.bool_)
    length = end - start if end > start else end + DAY - start
    for day in days:
        week[(day * DAY + start + np.arange(length)) % (7 * DAY)] = True
    return week


def windows_of(week: Week) -> tuple[str, ...]:
    """``week`` as windows, each within a day, days that are alike together."""
    by_run: dict[tuple[int, int], list[int]] = {}
    for day in range(7):
        edges = np.flatnonzero(np.diff(np.r_[False, week[day * DAY : (day + 1) * DAY], False].astype(np.int8)))
        for start, end in edges.reshape(-1, 2).tolist():
            by_run.setdefault((start, end), []).append(day)
    return tuple(f"{_days(days)}{_clock(start)}-{_clock(end)}" for (start, end), days in sorted(by_run.items()))


def _days(days: list[int]) -> str:
    if len(days) == 7:
        return ""
    names = [WEEKDAYS[day].capitalize() for day in days]
    if len(days) > 2 and days == list(range(days[0], days[-1] + 1)):
        return f"{names[0]}-{names[-1]} "
    return f"{','.join(names)} "


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
