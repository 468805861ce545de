"""Device settings that an inverter can follow: one direction at a time, energies recomputed from the settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gridpact.flexibility.batch import HomeBatch
from gridpact.flexibility.devices import DeviceTrace
from gridpact.flexibility.following import schedules_of, session_energy_kwh, stored_kwh
from gridpact.flexibility.home import Floats, HomeProblem, Schedule
from gridpact.flexibility.layout import Layout
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
    devices: Mapping[str, Floats] = field(default_factory=dict)
    """Power of each further device, by name."""


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
    devices = {
        device.name: np.clip(_clean(columns[power]), 0.0, device.most_kw)
        for device, power in zip(home.devices, layout.devices, strict=True)
    }
    if terms.baseline is not None:
        ours = settings_of(terms.baseline)
        battery = np.where(terms.frozen_battery, ours.battery_kw, battery)
        vehicle = np.where(terms.frozen_vehicle, ours.vehicle_kw, vehicle)
        curtailed = np.where(terms.frozen_solar, ours.curtailed_kw, curtailed)
        devices = {
            name: np.where(terms.frozen_devices[name], ours.devices[name], power) for name, power in devices.items()
        }
    return Settings(battery_kw=battery, vehicle_kw=vehicle, curtailed_kw=curtailed, devices=devices)


def settings_of(schedule: Schedule) -> Settings:
    """The settings of a schedule."""
    return Settings(
        battery_kw=schedule.battery_charge_kw - schedule.battery_discharge_kw,
        vehicle_kw=schedule.vehicle_charge_kw - schedule.vehicle_discharge_kw,
        curtailed_kw=schedule.curtailed_kw,
        devices={name: trace.power_kw for name, trace in schedule.devices.items()},
    )


def _clean(power_kw: Floats) -> Floats:
    return np.round(power_kw, 12) + 0.0


def battery_energy(home: HomeProblem, power_kw: Floats) -> Floats:
    """Battery energy at each interval's end, shape (..., T) as ``power_kw`` [kWh]."""
    into, out = home.battery_charge_efficiency, home.battery_discharge_efficiency
    return home.battery_start_kwh + np.cumsum(stored_kwh(power_kw, into=into, out=out, step_h=home.step_h), axis=-1)


def vehicle_energy(home: HomeProblem, power_kw: Floats) -> Floats:
    """Vehicle energy at each interval's end, NaN while away, shape (..., T) as ``power_kw`` [kWh]."""
    into, out = home.vehicle_charge_efficiency, home.vehicle_discharge_efficiency
    stored = stored_kwh(np.atleast_2d(power_kw), into=into, out=out, step_h=home.step_h)
    rows, sessions = len(stored), len(home.sessions)

    def each(values: list[float], dtype: type) -> Any:
        return np.tile(np.array(values, dtype=dtype), rows)

    return session_energy_kwh(
        stored,
        owner=np.repeat(np.arange(rows), sessions),
        first=each([session.first for session in home.sessions], np.int64),
        stop=each([session.stop for session in home.sessions], np.int64),
        start_kwh=each([session.start_kwh for session in home.sessions], np.float64),
    ).reshape(power_kw.shape)


def fits(home: HomeProblem, settings: Settings) -> bool:
    """Whether the devices stay under their ceilings when they follow ``settings``."""
    return _battery_fits(home, settings.battery_kw) and _vehicle_fits(home, settings.vehicle_kw)


def mixes_fit(home: HomeProblem, terms: Terms, one: Settings, other: Settings) -> bool:
    """Whether every weighted mean of two settings that fit can be followed at the weighted mean of their costs or less.

    What a device stores is concave in its power, so a mean of two settings leaves it fuller than the mean of their
    energies wherever one charges and the other discharges. The excess must fit under the ceiling until there is a free
    interval in which both charge and energy is worth something: there the mean may charge less, which saves money.
    """
    spare = _spare_import(home, terms, one, other)
    battery = not home.has_battery or _mixes_fit(
        one.battery_kw,
        other.battery_kw,
        spare_kw=np.where(terms.frozen_battery, 0.0, spare),
        energies=(battery_energy(home, one.battery_kw), battery_energy(home, other.battery_kw)),
        ceiling_kwh=home.battery_ceiling_kwh,
        efficiencies=(home.battery_charge_efficiency, home.battery_discharge_efficiency),
        step_h=home.step_h,
    )
    if not battery or home.vehicle_discharge_kw <= 0:
        return battery
    energies = vehicle_energy(home, one.vehicle_kw), vehicle_energy(home, other.vehicle_kw)
    return all(
        _mixes_fit(
            one.vehicle_kw[span],
            other.vehicle_kw[span],
            spare_kw=np.where(terms.frozen_vehicle, 0.0, spare)[span],
            energies=(energies[0][span], energies[1][span]),
            ceiling_kwh=home.vehicle_capacity_kwh,
            efficiencies=(home.vehicle_charge_efficiency, home.vehicle_discharge_efficiency),
            step_h=home.step_h,
        )
        for span in (slice(session.first, session.stop) for session in home.sessions)
    )


def _spare_import(home: HomeProblem, terms: Terms, one: Settings, other: Settings) -> Floats:
    """Power that either device could charge less, in both settings, at no loss, shape (T,) [kW]."""
    room = np.full(home.periods, np.inf)
    limited = np.isfinite(terms.least_net_kw)
    if limited.any():
        least = np.maximum(terms.least_net_kw[limited], 0.0)
        rooms = [
            _net(home, each)[limited] - least + (home.solar_kw - each.curtailed_kw)[limited] for each in (one, other)
        ]
        room[limited] = np.maximum(0.0, np.minimum(*rooms)) / 2
        room[limited & terms.ask_window] = 0.0
    worthless = np.minimum(home.import_usd_per_kwh, home.export_usd_per_kwh) < 0
    return np.where(terms.fixed | terms.frozen_solar | worthless, 0.0, room)


def _mixes_fit(
    one: Floats,
    other: Floats,
    *,
    spare_kw: Floats,
    energies: tuple[Floats, Floats],
    ceiling_kwh: float,
    efficiencies: tuple[float, float],
    step_h: float,
) -> bool:
    """`mixes_fit` for one device and one stretch of time."""
    turning = one * other < 0
    if not turning.any():
        return True
    into, out = efficiencies
    # The excess of a weight's energy path is concave and piecewise linear, with breaks where a power passes zero.
    weight = np.unique(one[turning] / (one[turning] - other[turning]))[:, None]

    def stored(power: Floats) -> Floats:
        return stored_kwh(power, into=into, out=out, step_h=step_h)

    gain = stored((1.0 - weight) * one + weight * other) - (1.0 - weight) * stored(one) - weight * stored(other)
    excess = np.cumsum(gain, axis=1)
    energy = (1.0 - weight) * energies[0] + weight * energies[1] + excess
    if np.max(energy) <= ceiling_kwh + ROOM_KWH:
        return True
    shed = np.maximum(0.0, np.minimum(np.minimum(one, other), spare_kw)) * into * step_h
    after = np.flatnonzero((shed > 0) & (np.arange(len(one)) > np.argmax(turning)))
    start = int(after[0]) if len(after) else len(one)
    if np.max(energy[:, :start], initial=0.0) > ceiling_kwh + ROOM_KWH:
        return False
    most_gain, room = gain.max(axis=0), ceiling_kwh - np.maximum(*energies)
    left = float(excess[:, start - 1].max())
    for t in range(start, len(one)):
        left = max(0.0, left + most_gain[t] - shed[t])
        if left > room[t] + ROOM_KWH:
            return False
    return True


def _battery_fits(home: HomeProblem, power_kw: Floats) -> bool:
    if not home.has_battery:
        return True
    return bool(np.max(battery_energy(home, power_kw)) <= home.battery_ceiling_kwh + ROOM_KWH)


def _vehicle_fits(home: HomeProblem, power_kw: Floats) -> bool:
    if not home.sessions or home.vehicle_discharge_kw <= 0:
        return True
    return bool(np.nanmax(vehicle_energy(home, power_kw)) <= home.vehicle_capacity_kwh + ROOM_KWH)


def _net(home: HomeProblem, settings: Settings) -> Floats:
    net = home.load_kw + settings.battery_kw + settings.vehicle_kw - (home.solar_kw - settings.curtailed_kw)
    for power in settings.devices.values():
        net = net + power
    return net


def to_schedule(home: HomeProblem, settings: Settings, *, reserve_kw: Floats) -> Schedule:
    """The schedule that follows from ``settings``, every energy and the cost recomputed."""
    found = schedules_of(
        HomeBatch.of([home]),
        np.zeros(1, dtype=np.int64),
        battery_kw=settings.battery_kw[None, :],
        vehicle_kw=settings.vehicle_kw[None, :],
        curtailed_kw=settings.curtailed_kw[None, :],
        reserve_kw=reserve_kw[None, :],
        devices={
            device.name: DeviceTrace(
                power_kw=settings.devices[device.name][None, :],
                energy_kwh=device.energy_kwh(settings.devices[device.name])[None, :],
            )
            for device in home.devices
        },
    )
    return found.home(0)
