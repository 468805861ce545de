"""From a fleet's day to the problems of its homes, and what their schedules cost."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta

import numpy as np

from gridpact.fleet.columns import FURTHER_COLUMNS
from gridpact.fleet.day import FleetDay
from gridpact.fleet.heat import Heat
from gridpact.fleet.vehicle import V2G_FLOOR_FRACTION
from gridpact.flexibility.batch import HomeBatch, ScheduleBatch
from gridpact.flexibility.devices import Device
from gridpact.flexibility.following import costs_usd
from gridpact.flexibility.heat import ThermalStore
from gridpact.flexibility.home import Floats
from gridpact.horizon import Horizon, zone


def home_problems(fleet_day: FleetDay, *, operator_soc_reserve: float = 0.0) -> HomeBatch:
    """The problem of every home, in the fleet's order, on forecasts.

    Args:
        fleet_day: the fleet on the run's grid.
        operator_soc_reserve: share of every battery that plans keep, on top of the owners' own wishes [fraction].
    """
    frame, sessions = fleet_day.fleet.frame, fleet_day.sessions
    zones, group = np.unique(frame["timezone"].to_numpy(dtype=str), return_inverse=True)

    def column(name: str) -> Floats:
        return frame[name].to_numpy(dtype=np.float64)

    def owned(device: str, name: str, otherwise: float = 0.0) -> Floats:
        """A device's column; ``otherwise`` where a home has no such device."""
        return np.where(column(f"{device}_capacity_kwh") > 0, column(f"{device}_{name}"), otherwise)

    capacity, car = owned("battery", "capacity_kwh"), owned("vehicle", "capacity_kwh")
    start = owned("battery", "soc_fraction") * capacity
    floor = np.maximum(owned("battery", "min_soc_fraction"), column("backup_soc_fraction")) * capacity
    cycles = column("max_cycles_per_day")
    limited = (capacity > 0) & ~np.isnan(cycles)
    return HomeBatch(
        home_ids=fleet_day.fleet.home_ids,
        step_h=fleet_day.horizon.step_h,
        cycle_windows=tuple(cycle_windows(fleet_day.horizon, str(name)) for name in zones),
        cycle_group=group.astype(np.int64),
        load_kw=fleet_day.load_forecast_kw,
        solar_kw=fleet_day.solar_forecast_kw,
        import_usd_per_kwh=fleet_day.import_usd_per_kwh,
        export_usd_per_kwh=fleet_day.export_usd_per_kwh,
        battery_capacity_kwh=capacity,
        battery_charge_kw=owned("battery", "charge_kw"),
        battery_discharge_kw=owned("battery", "discharge_kw"),
        battery_charge_efficiency=owned("battery", "charge_efficiency", 1.0),
        battery_discharge_efficiency=owned("battery", "discharge_efficiency", 1.0),
        battery_start_kwh=start,
        battery_floor_kwh=np.minimum(floor, start),
        battery_ceiling_kwh=owned("battery", "max_soc_fraction") * capacity,
        battery_wear_usd_per_kwh=owned("battery", "wear_usd_per_kwh"),
        cycle_limit_kwh=np.where(limited, np.where(limited, cycles, 0.0) * capacity, np.inf),
        vehicle_capacity_kwh=car,
        vehicle_charge_kw=owned("vehicle", "charge_kw"),
        vehicle_discharge_kw=owned("vehicle", "discharge_kw"),
        vehicle_charge_efficiency=owned("vehicle", "charge_efficiency", 1.0),
        vehicle_discharge_efficiency=owned("vehicle", "discharge_efficiency", 1.0),
        vehicle_floor_kwh=np.minimum(V2G_FLOOR_FRACTION * car, owned("vehicle", "soc_fraction") * car),
        session_offset=sessions.offset,
        session_first=sessions.first,
        session_stop=sessions.stop,
        session_start_kwh=sessions.start_kwh,
        session_required_kwh=sessions.required_kwh,
        export_allowed=frame["export_allowed"].to_numpy(dtype=np.bool_),
        blackout=fleet_day.blackout,
        floor_usd_per_mwh=column("floor_usd_per_mwh"),
        operator_reserve_kwh=operator_soc_reserve * capacity,
        devices=_devices(fleet_day),
    )


def _devices(fleet_day: FleetDay) -> tuple[tuple[Device, ...], ...]:
    """The further devices of every home, empty where no home has any; a new kind of device is one more entry here."""
    found: dict[int, list[Device]] = {}
    for number, store in _heat_stores(fleet_day):
        found.setdefault(number, []).append(store)
    return tuple(tuple(found.get(number, ())) for number in range(len(fleet_day.fleet))) if found else ()


def _heat_stores(fleet_day: FleetDay) -> Iterator[tuple[int, Device]]:
    if "heat" not in fleet_day.demand_kw:
        return
    names = [column.name for column in FURTHER_COLUMNS["heat"]]
    step_h, demand_kw = fleet_day.horizon.step_h, fleet_day.demand_kw["heat"]
    columns = [fleet_day.fleet.frame[name].tolist() for name in names]
    for number, row in enumerate(zip(*columns, strict=True)):
        heat = Heat.from_row(dict(zip(names, row, strict=True)))
        if heat is not None:
            yield (
                number,
                ThermalStore(
                    capacity_kwh=heat.capacity_kwh,
                    power_kw=heat.power_kw,
                    cop=heat.cop,
                    kept=heat.kept(step_h),
                    gain_h=heat.gain_h(step_h),
                    start_kwh=heat.start_kwh,
                    demand_kw=demand_kw[number],
                ),
            )


def cycle_windows(horizon: Horizon, timezone: str) -> tuple[tuple[int, int], ...]:
    """Interval ranges of every operating day and of every calendar day in ``timezone``, clipped to the horizon."""
    local = zone(timezone)
    step = timedelta(minutes=horizon.step_minutes)
    day = horizon.start.astimezone(local).date()
    spans = {(part.start, part.stop) for part in horizon.days}
    first = 0
    while first < horizon.periods:
        day += timedelta(days=1)
        midnight = datetime.combine(day, time(), tzinfo=local).astimezone(horizon.start.tzinfo)
        stop = min(horizon.periods, -((horizon.start - midnight) // step))
        if stop > first:
            spans.add((first, stop))
        first = max(first, stop)
    return tuple(sorted(spans))


def replay_costs(homes: HomeBatch, schedules: ScheduleBatch) -> Floats:
    """What the settings of each home's schedule cost, energy bill plus battery wear, shape (N,) [USD]."""
    everyone = np.arange(len(homes))
    return costs_usd(homes, everyone, net_kw=schedules.net_kw, battery_discharge_kw=schedules.battery_discharge_kw)
