"""From a fleet's day to one problem per home, and what a schedule costs."""

from datetime import datetime, time, timedelta

import numpy as np

from gridpact.fleet.day import FleetDay
from gridpact.fleet.prosumer import Prosumer
from gridpact.flexibility.devices import Device
from gridpact.flexibility.heat import ThermalStore
from gridpact.flexibility.home import HomeProblem, Schedule, VehicleSession
from gridpact.flexibility.terms import energy_bill_usd
from gridpact.horizon import Horizon, zone


def home_problems(fleet_day: FleetDay, *, operator_soc_reserve: float = 0.0) -> list[HomeProblem]:
    """The problem of every home, in the fleet's order, on forecasts.

    Args:
        fleet_day: the fleet on the run's grid.
        operator_soc_reserve: share of every battery that plans keep, on top of the owners' own wishes [fraction].
    """
    spans: dict[str, tuple[tuple[int, int], ...]] = {}
    problems = []
    for number, home in enumerate(fleet_day.fleet.prosumers()):
        if home.timezone not in spans:
            spans[home.timezone] = cycle_windows(fleet_day.horizon, home.timezone)
        problems.append(
            _problem(fleet_day, number, home, spans[home.timezone], operator_soc_reserve=operator_soc_reserve)
        )
    return problems


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


def replay_cost(home: HomeProblem, schedule: Schedule) -> float:
    """Energy bill plus battery wear of a schedule's settings [USD]."""
    wear = float(schedule.battery_discharge_kw.sum()) * home.step_h * home.battery_wear_usd_per_kwh
    return energy_bill_usd(home, schedule.net_kw) + wear


def _problem(
    fleet_day: FleetDay,
    number: int,
    home: Prosumer,
    spans: tuple[tuple[int, int], ...],
    *,
    operator_soc_reserve: float,
) -> HomeProblem:
    battery, vehicle, wishes = home.battery, home.vehicle, home.preferences
    blackout = fleet_day.blackout[number]
    return HomeProblem(
        home_id=home.home_id,
        step_h=fleet_day.horizon.step_h,
        cycle_windows=spans,
        load_kw=fleet_day.load_forecast_kw[number],
        solar_kw=fleet_day.solar_forecast_kw[number],
        import_usd_per_kwh=fleet_day.import_usd_per_kwh[number],
        export_usd_per_kwh=fleet_day.export_usd_per_kwh[number],
        battery_capacity_kwh=battery.capacity_kwh if battery else 0.0,
        battery_charge_kw=battery.charge_kw if battery else 0.0,
        battery_discharge_kw=battery.discharge_kw if battery else 0.0,
        battery_charge_efficiency=battery.charge_efficiency if battery else 1.0,
        battery_discharge_efficiency=battery.discharge_efficiency if battery else 1.0,
        battery_start_kwh=battery.start_kwh if battery else 0.0,
        battery_floor_kwh=battery.floor_kwh(backup_soc_fraction=wishes.backup_soc_fraction) if battery else 0.0,
        battery_ceiling_kwh=battery.ceiling_kwh if battery else 0.0,
        battery_wear_usd_per_kwh=battery.wear_usd_per_kwh if battery else 0.0,
        cycle_limit_kwh=wishes.max_cycles_per_day * battery.capacity_kwh if battery else float("inf"),
        vehicle_capacity_kwh=vehicle.capacity_kwh if vehicle else 0.0,
        vehicle_charge_kw=vehicle.charge_kw if vehicle else 0.0,
        vehicle_discharge_kw=vehicle.discharge_kw if vehicle else 0.0,
        vehicle_charge_efficiency=vehicle.charge_efficiency if vehicle else 1.0,
        vehicle_discharge_efficiency=vehicle.discharge_efficiency if vehicle else 1.0,
        vehicle_floor_kwh=vehicle.floor_kwh if vehicle else 0.0,
        sessions=tuple(VehicleSession(**session._asdict()) for session in fleet_day.sessions[number]),
        export_allowed=wishes.export_allowed,
        blackout=blackout if blackout.any() else np.zeros(0, dtype=np.bool_),
        floor_usd_per_mwh=wishes.floor_usd_per_mwh,
        operator_reserve_kwh=operator_soc_reserve * battery.capacity_kwh if battery else 0.0,
        devices=_devices(fleet_day, number, home),
    )


def _devices(fleet_day: FleetDay, number: int, home: Prosumer) -> tuple[Device, ...]:
    """The further devices of one home; a new kind of device is one more entry here."""
    found: list[Device] = []
    step_h = fleet_day.horizon.step_h
    if home.heat is not None:
        found.append(
            ThermalStore(
                capacity_kwh=home.heat.capacity_kwh,
                power_kw=home.heat.power_kw,
                cop=home.heat.cop,
                kept=home.heat.kept(step_h),
                gain_h=home.heat.gain_h(step_h),
                start_kwh=home.heat.start_kwh,
                demand_kw=fleet_day.demand_kw["heat"][number],
            )
        )
    return tuple(found)
