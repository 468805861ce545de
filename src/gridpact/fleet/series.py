"""Series that homes share by name: loads, sun and tariffs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.errors import InputError

Floats = NDArray[np.float64]
Pair = tuple[Floats, Floats]
"""Forecast and realised, or import and export: of one series, shape (T,), or of many, shape (names, T)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NamedSeries:
    """Pairs of series by name."""

    names: tuple[str, ...]
    first: Floats
    """Shape (names, T)."""
    second: Floats

    @classmethod
    def of(cls, pairs: Mapping[str, Pair]) -> "NamedSeries":
        """Single series, each of shape (T,)."""
        first, second = (np.array([pair[side] for pair in pairs.values()]) for side in (0, 1))
        return cls(names=tuple(pairs), first=first, second=second)

    def by_name(self) -> dict[str, Pair]:
        """Each pair of shape (T,), by its name."""
        return dict(zip(self.names, zip(self.first, self.second, strict=True), strict=True))

    def joined(self, more: "NamedSeries", *, column: str, clock: str) -> "NamedSeries":
        """These series and ``more``, which follow ``clock``.

        Raises:
            InputError: a name of ``column`` stands for another series already.
        """
        if not self.names:
            return more
        known = {name: row for row, name in enumerate(self.names)}
        fresh = np.array([name not in known for name in more.names])
        for row in np.flatnonzero(~fresh):
            name = more.names[row]
            before = known[name]
            if not (
                np.array_equal(self.first[before], more.first[row])
                and np.array_equal(self.second[before], more.second[row])
            ):
                raise InputError(
                    f"{column} {name!r} is used by homes in several time zones and would mean something else in each; "
                    f"write {name}@{clock} for those that follow that clock"
                )
        return NamedSeries(
            names=(*self.names, *(name for name, new in zip(more.names, fresh, strict=True) if new)),
            first=np.concatenate([self.first, more.first[fresh]]),
            second=np.concatenate([self.second, more.second[fresh]]),
        )

    def spread(self, names: Iterable[str | None], *, periods: int) -> Pair:
        """The series that each home names, shape (homes, T); zero where it names none."""
        place: dict[str | None, int] = {name: row for row, name in enumerate(self.names)}
        rows = np.array([place.get(name, -1) for name in names])
        if not self.names:
            return np.zeros((len(rows), periods)), np.zeros((len(rows), periods))
        found = self.first[rows], self.second[rows]
        for values in found:
            values[rows < 0] = 0.0
        return found


def long_frame(series: Mapping[str, Pair], columns: tuple[str, ...], starts: pd.DatetimeIndex) -> pd.DataFrame:
    """Rows of a run folder's table, sorted by name and time."""
    names = sorted(series)
    values = [np.concatenate([series[name][side] for name in names] or [np.zeros(0)]) for side in (0, 1)]
    times = pd.DatetimeIndex(np.tile(starts.tz_localize(None).to_numpy(), len(names))).tz_localize("UTC")
    return pd.DataFrame(
        {
            columns[0]: pd.Series(np.repeat(np.array(names, dtype=object), len(starts)), dtype=object),
            columns[1]: times.as_unit("us"),
            columns[2]: values[0],
            columns[3]: values[1],
        }
    )
