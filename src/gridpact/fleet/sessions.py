"""Times of every home's car at the plug, as columns."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from gridpact.fleet.clock import PluggedTime, plugged_times
from gridpact.fleet.fleet import Fleet
from gridpact.fleet.vehicle import Session
from gridpact.horizon import Horizon

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sessions:
    """Times at the plug of N homes, in the order of homes and of time; S in all. See `Session`. Read-only."""

    offset: Ints
    """Home i has the rows from ``offset[i]`` up to ``offset[i + 1]``, shape (N + 1,)."""
    first: Ints
    """Shape (S,), as all that follow."""
    stop: Ints
    start_kwh: Floats
    required_kwh: Floats

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for item in fields(self):
            getattr(self, item.name).setflags(write=False)

    def __len__(self) -> int:
        """Number of homes N."""
        return len(self.offset) - 1

    def __iter__(self) -> Iterator[tuple[Session, ...]]:
        """The times at the plug of each home, in order."""
        names = ("first", "stop", "start_kwh", "required_kwh")
        rows = list(map(Session._make, zip(*(getattr(self, name).tolist() for name in names), strict=True)))
        bounds = self.offset.tolist()
        return (tuple(rows[a:b]) for a, b in zip(bounds[:-1], bounds[1:], strict=True))

    @property
    def home(self) -> Ints:
        """Which home each row belongs to, shape (S,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.offset))


def sessions_of(fleet: Fleet, horizon: Horizon) -> Sessions:
    """Every car's times at the plug, clipped to ``horizon``, and the energies that go with them."""
    frame = fleet.frame
    counts = np.zeros(len(fleet), dtype=np.int64)
    spans: list[PluggedTime] = []
    known: dict[tuple[str, str, str], list[PluggedTime]] = {}
    has_car = (frame["vehicle_capacity_kwh"].to_numpy(dtype=np.float64) > 0).tolist()
    names = (frame[name].tolist() for name in ("vehicle_arrive", "vehicle_depart", "timezone"))
    for home, (car, arrive, depart, timezone) in enumerate(zip(has_car, *names, strict=True)):
        if not car or not arrive:
            continue
        key = (arrive, depart or "", timezone)
        if key not in known:
            known[key] = plugged_times(key[0], key[1], horizon=horizon, timezone=timezone)
        counts[home] = len(known[key])
        spans += known[key]
    owner = np.repeat(np.arange(len(fleet)), counts)
    first = np.array([span.first for span in spans], dtype=np.int64)
    stop = np.array([span.stop for span in spans], dtype=np.int64)
    after_h = np.array([span.hours_after for span in spans], dtype=np.float64)

    def column(name: str) -> Floats:
        return np.asarray(frame[f"vehicle_{name}"], dtype=np.float64)[owner]

    start = column("soc_fraction") * column("capacity_kwh")
    stored_kw = column("charge_kw") * column("charge_efficiency")
    return Sessions(
        offset=np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)]),
        first=first,
        stop=stop,
        start_kwh=start,
        required_kwh=required_kwh(
            start_kwh=start,
            wanted_kwh=column("required_soc_fraction") * column("capacity_kwh"),
            stored_kw=stored_kw,
            stored_kwh=stored_kw * horizon.step_h * (stop - first),
            after_h=after_h,
        ),
    )


def required_kwh(
    *, start_kwh: Floats, wanted_kwh: Floats, stored_kw: Floats, stored_kwh: Floats, after_h: Floats
) -> Floats:
    """Least energy at the end of each time at the plug, arrays of one shape [kWh].

    The car is wanted at ``wanted_kwh``, or at what full power reaches by then. Where the horizon ends first, it must be
    charged so far that full power afterwards still reaches it, and never below its start.

    Args:
        start_kwh: energy at the beginning.
        wanted_kwh: energy wanted at departure.
        stored_kw: energy stored per hour at full power [kW].
        stored_kwh: what full power stores by the end inside the horizon.
        after_h: how long the car stays beyond the horizon [h].
    """
    wanted = np.where(after_h > 0, np.maximum(start_kwh, wanted_kwh - stored_kw * after_h), wanted_kwh)
    return np.minimum(wanted, start_kwh + stored_kwh)
