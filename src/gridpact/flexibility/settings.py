"""Device settings that an inverter can follow: one direction at a time, energies recomputed from the settings."""

from dataclasses import dataclass

import numpy as np

from gridpact.flexibility.home import Floats, HomeProblem, Schedule
from gridpact.flexibility.problems import replay_cost
from gridpact.flexibility.program import Layout
from gridpact.flexibility.terms import Terms

ROOM_KWH = 1e-8
"""How far rounding may carry an energy above its ceiling [kWh]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Power into each device, arrays of shape (T,)."""

    battery_kw: Floats
    """Positive while charging."""
    vehicle_kw: Floats
    """Positive while charging."""
    curtailed_kw: Floats


def read_settings(home: HomeProblem, terms: Terms, layout: Layout, columns: Floats) -> Settings:
    """The settings in a program's solution; charge and discharge in one interval become their difference."""
    battery, vehicle, curtailed = (np.zeros(home.periods) for _ in range(3))
    if len(layout.charge):
        battery = _clean(columns[layout.charge] - columns[layout.discharge])
        battery = np.clip(battery, -home.battery_discharge_kw, home.battery_charge_kw)
    if len(layout.plugged):
        power = columns[layout.vehicle_charge].copy()
        if len(layout.vehicle_discharge):
            power -= columns[layout.vehicle_discharge]
        vehicle[layout.plugged] = np.clip(_clean(power), -home.vehicle_discharge_kw, home.vehicle_charge_kw)
    curtailed[layout.sunny] = np.clip(_clean(columns[layout.curtailed]), 0.0, home.solar_kw[layout.sunny])
    if terms.baseline is not None:
        ours = settings_of(terms.baseline)
        battery = np.where(terms.frozen_battery, ours.battery_kw, battery)
        vehicle = np.where(terms.frozen_vehicle, ours.vehicle_kw, vehicle)
        curtailed = np.where(terms.frozen_solar, ours.curtailed_kw, curtailed)
    return Settings(battery_kw=battery, vehicle_kw=vehicle, curtailed_kw=curtailed)


def settings_of(schedule: Schedule) -> Settings:
    """The settings of a schedule."""
    return Settings(
        battery_kw=schedule.battery_charge_kw - schedule.battery_discharge_kw,
        vehicle_kw=schedule.vehicle_charge_kw - schedule.vehicle_discharge_kw,
        curtailed_kw=schedule.curtailed_kw,
    )


def _clean(power_kw: Floats) -> Floats:
    return np.round(power_kw, 12) + 0.0


def battery_energy(home: HomeProblem, power_kw: Floats) -> Floats:
    """Battery energy at each interval's end, shape (..., T) as ``power_kw`` [kWh]."""
    into, out = home.battery_charge_efficiency, home.battery_discharge_efficiency
    stored = np.where(power_kw > 0, power_kw * into, power_kw / out) * home.step_h
    return home.battery_start_kwh + np.cumsum(stored, axis=-1)


def vehicle_energy(home: HomeProblem, power_kw: Floats) -> Floats:
    """Vehicle energy at each interval's end, NaN while away, shape (..., T) as ``power_kw`` [kWh]."""
    into, out = home.vehicle_charge_efficiency, home.vehicle_discharge_efficiency
    stored = np.where(power_kw > 0, power_kw * into, power_kw / out) * home.step_h
    energy = np.full(power_kw.shape, np.nan)
    for session in home.sessions:
        span = slice(session.first, session.stop)
        energy[..., span] = session.start_kwh + np.cumsum(stored[..., span], axis=-1)
    return energy


def fits(home: HomeProblem, settings: Settings) -> bool:
    """Whether the devices stay under their ceilings when they follow ``settings``."""
    return _battery_fits(home, settings.battery_kw) and _vehicle_fits(home, settings.vehicle_kw)


def mixes_fit(home: HomeProblem, one: Settings, other: Settings) -> bool:
    """Whether every weighted mean of two settings fits, given that both do.

    What a device stores is concave in its power, so the energy path is concave in the weight and piecewise linear with
    breaks only where a power passes through zero: checking those weights checks all.
    """
    battery = _mixes(one.battery_kw, other.battery_kw)
    if battery.size and not _battery_fits(home, battery):
        return False
    vehicle = _mixes(one.vehicle_kw, other.vehicle_kw)
    return not vehicle.size or _vehicle_fits(home, vehicle)


def _mixes(one: Floats, other: Floats) -> Floats:
    turning = one * other < 0
    weight = np.unique(one[turning] / (one[turning] - other[turning]))[:, None]
    return (1.0 - weight) * one + weight * other


def _battery_fits(home: HomeProblem, power_kw: Floats) -> bool:
    if not home.has_battery:
        return True
    return bool(np.max(battery_energy(home, power_kw)) <= home.battery_ceiling_kwh + ROOM_KWH)


def _vehicle_fits(home: HomeProblem, power_kw: Floats) -> bool:
    if not home.sessions or home.vehicle_discharge_kw <= 0:
        return True
    return bool(np.nanmax(vehicle_energy(home, power_kw)) <= home.vehicle_capacity_kwh + ROOM_KWH)


def to_schedule(home: HomeProblem, settings: Settings, *, reserve_kw: Floats) -> Schedule:
    """The schedule that follows from ``settings``, every energy and the cost recomputed."""
    battery, vehicle = settings.battery_kw, settings.vehicle_kw
    draft = Schedule(
        curtailed_kw=settings.curtailed_kw,
        battery_charge_kw=np.maximum(battery, 0.0),
        battery_discharge_kw=np.maximum(-battery, 0.0),
        vehicle_charge_kw=np.maximum(vehicle, 0.0),
        vehicle_discharge_kw=np.maximum(-vehicle, 0.0),
        net_kw=home.load_kw + battery + vehicle - (home.solar_kw - settings.curtailed_kw),
        battery_soc_kwh=battery_energy(home, battery) if home.has_battery else np.zeros(home.periods),
        vehicle_soc_kwh=vehicle_energy(home, vehicle),
        reserve_kw=reserve_kw.copy(),
        cost_usd=0.0,
    )
    arrays = {name: getattr(draft, name) for name in Schedule.__dataclass_fields__ if name != "cost_usd"}
    for array in arrays.values():
        array.setflags(write=False)
    return Schedule(**arrays, cost_usd=replay_cost(home, draft))
