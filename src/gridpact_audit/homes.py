"""What each home's owner data mean on the run's grid: car sessions with energies, blackouts, limits."""

from dataclasses import dataclass

import numpy as np

from gridpact_audit import times
from gridpact_audit.run import Bools, Floats, Run, UnusableError

V2G_FLOOR_FRACTION = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class CarSession:
    """One time at the plug with the energies that the contract fixes."""

    home: int
    first: int
    stop: int
    start_kwh: float
    required_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cars:
    """All sessions of all homes, as a list and as arrays over homes and intervals."""

    sessions: tuple[CarSession, ...]
    plugged: Bools
    begins: Bools
    start_kwh: Floats
    """Energy before the first interval of the session that an interval belongs to; zero elsewhere [kWh]."""


def cars(run: Run) -> Cars:
    """Sessions of every home, computed once; raises UnusableError where a time cannot be read."""
    if "cars" not in run.memo:
        run.memo["cars"] = _cars(run)
    found: Cars = run.memo["cars"]
    return found


def _cars(run: Run) -> Cars:
    fleet, grid = run.fleet, run.grid
    shape = (len(fleet), grid.periods)
    plugged, begins, start = np.zeros(shape, bool), np.zeros(shape, bool), np.zeros(shape)
    found = []
    capacity, power = run.amounts("vehicle_capacity_kwh"), run.amounts("vehicle_charge_kw")
    efficiency = run.amounts("vehicle_charge_efficiency")
    arrival, wanted = run.amounts("vehicle_soc_fraction"), run.amounts("vehicle_required_soc_fraction")
    for home in np.flatnonzero(capacity > 0):
        arrive, depart = fleet["vehicle_arrive"].iloc[home], fleet["vehicle_depart"].iloc[home]
        if not arrive or not depart:
            continue
        try:
            spans = times.sessions(arrive, depart, timezone=str(fleet["timezone"].iloc[home]), grid=grid)
        except (ValueError, OSError, KeyError) as problem:
            raise UnusableError(f"fleet.parquet row {home + 1}, vehicle_arrive or vehicle_depart: {problem}") from None
        for span in spans:
            start_kwh = arrival[home] * capacity[home]
            rate = power[home] * efficiency[home]
            reachable = start_kwh + rate * grid.step_h * (span.stop - span.first)
            required = wanted[home] * capacity[home]
            after_h = (span.departs - grid.end).total_seconds() / 3600.0
            if after_h > 0:
                required = max(start_kwh, required - rate * after_h)
            found.append(
                CarSession(
                    home=int(home),
                    first=span.first,
                    stop=span.stop,
                    start_kwh=start_kwh,
                    required_kwh=min(required, reachable),
                )
            )
            plugged[home, span.first : span.stop] = True
            begins[home, span.first] = True
            start[home, span.first : span.stop] = start_kwh
    return Cars(sessions=tuple(found), plugged=plugged, begins=begins, start_kwh=start)


def blackouts(run: Run) -> Bools:
    """Intervals in which an owner wants nothing changed, shape (homes, intervals)."""
    mask = np.zeros((len(run.fleet), run.grid.periods), dtype=np.bool_)
    for home, (windows, zone) in enumerate(zip(run.fleet["blackout"], run.fleet["timezone"], strict=True)):
        if windows is None or len(windows) == 0:
            continue
        try:
            mask[home] = times.blackout(list(windows), timezone=str(zone), grid=run.grid)
        except (ValueError, OSError, KeyError) as problem:
            raise UnusableError(f"fleet.parquet row {home + 1}, blackout: {problem}") from None
    return mask


def day_groups(run: Run) -> list[tuple[str, Floats]]:
    """Sets of intervals in which a cycle limit holds: (kind, membership of shape (homes, days, intervals))."""
    grid = run.grid
    operating = np.zeros((1, len(grid.day_bounds) - 1, grid.periods))
    for day, (first, stop) in enumerate(zip(grid.day_bounds[:-1], grid.day_bounds[1:], strict=True)):
        operating[0, day, first:stop] = 1.0
    zones = [str(zone) for zone in run.fleet["timezone"]]
    numbers = {zone: times.calendar_days(grid, timezone=zone) for zone in set(zones)}
    most = max(int(number.max()) + 1 for number in numbers.values())
    member = {zone: np.eye(most)[:, number] for zone, number in numbers.items()}
    calendar = np.stack([member[zone] for zone in zones])
    return [
        ("operating day", np.broadcast_to(operating, (len(zones), *operating.shape[1:]))),
        ("calendar day", calendar),
    ]
