"""What follows from devices' settings: net loads, energies and costs.

One arithmetic for both models of a home, in rows: m homes at once, or m settings of one home.
"""

from collections.abc import Mapping

import numpy as np

from gridpact.flexibility.batch import HomeBatch, Ints, ScheduleBatch
from gridpact.flexibility.devices import DeviceTrace
from gridpact.flexibility.home import Floats


def stored_kwh(power_kw: Floats, *, into: Floats | float, out: Floats | float, step_h: float) -> Floats:
    """What a store gains in each interval, shape as ``power_kw`` [kWh].

    Args:
        power_kw: power at its terminals, positive while charging [kW].
        into: efficiency of charging, a number or of a shape that broadcasts [fraction].
        out: efficiency of discharging, likewise [fraction].
        step_h: length of an interval [h].
    """
    return np.where(power_kw > 0, power_kw * into, power_kw / out) * step_h


def session_energy_kwh(stored: Floats, *, owner: Ints, first: Ints, stop: Ints, start_kwh: Floats) -> Floats:
    """Vehicle energy at each interval's end, NaN while away, shape (m, T) [kWh].

    Args:
        stored: what each vehicle gains in each interval, shape (m, T) [kWh].
        owner: row of each session, shape (S,), as the next three.
        first: first interval of each session.
        stop: interval after the last of each session.
        start_kwh: energy at each session's start [kWh].
    """
    summed = np.concatenate([np.zeros((len(stored), 1)), np.cumsum(stored, axis=1)], axis=1)
    energy = np.full(stored.shape, np.nan)
    length = stop - first
    row = np.repeat(owner, length)
    column = np.repeat(first, length) + np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    energy[row, column] = np.repeat(start_kwh - summed[owner, first], length) + summed[row, column + 1]
    return energy


def costs_usd(homes: HomeBatch, rows: Ints, *, net_kw: Floats, battery_discharge_kw: Floats) -> Floats:
    """Energy bill plus battery wear of the homes ``rows``, shape (m,) [USD].

    Args:
        homes: the homes.
        rows: which of them, shape (m,).
        net_kw: net load of each, shape (m, T) [kW].
        battery_discharge_kw: what each battery gives, shape (m, T) [kW].
    """
    buy, sell = homes.import_usd_per_kwh[rows], homes.export_usd_per_kwh[rows]
    bill = np.sum(buy * np.maximum(net_kw, 0.0) - sell * np.maximum(-net_kw, 0.0), axis=1) * homes.step_h
    wear = battery_discharge_kw.sum(axis=1) * homes.step_h * homes.battery_wear_usd_per_kwh[rows]
    return np.asarray(bill + wear)


def schedules_of(
    homes: HomeBatch,
    rows: Ints,
    *,
    battery_kw: Floats,
    vehicle_kw: Floats,
    curtailed_kw: Floats,
    reserve_kw: Floats,
    devices: Mapping[str, DeviceTrace] | None = None,
) -> ScheduleBatch:
    """The schedules that follow from settings of the homes ``rows``, every energy and cost computed from them.

    Args:
        homes: the homes.
        rows: which of them, shape (m,).
        battery_kw: power into each battery, shape (m, T), as the next three [kW].
        vehicle_kw: power into each vehicle [kW].
        curtailed_kw: solar output not used [kW].
        reserve_kw: power that each battery keeps ready [kW].
        devices: what further devices do, arrays of shape (m, T), by name; NaN for homes without.
    """
    devices = devices or {}
    net = homes.load_kw[rows] + battery_kw + vehicle_kw - (homes.solar_kw[rows] - curtailed_kw)
    for trace in devices.values():
        net = net + np.nan_to_num(trace.power_kw)
    stored = stored_kwh(
        battery_kw,
        into=homes.battery_charge_efficiency[rows, None],
        out=homes.battery_discharge_efficiency[rows, None],
        step_h=homes.step_h,
    )
    energy = homes.battery_start_kwh[rows, None] + np.cumsum(stored, axis=1)
    given = np.maximum(-battery_kw, 0.0)
    return ScheduleBatch(
        curtailed_kw=curtailed_kw,
        battery_charge_kw=np.maximum(battery_kw, 0.0),
        battery_discharge_kw=given,
        vehicle_charge_kw=np.maximum(vehicle_kw, 0.0),
        vehicle_discharge_kw=np.maximum(-vehicle_kw, 0.0),
        net_kw=net,
        battery_soc_kwh=np.where(homes.has_battery[rows, None], energy, 0.0),
        vehicle_soc_kwh=_vehicles_kwh(homes, rows, vehicle_kw),
        reserve_kw=reserve_kw.copy(),
        cost_usd=costs_usd(homes, rows, net_kw=net, battery_discharge_kw=given),
        devices=devices,
    )


def _vehicles_kwh(homes: HomeBatch, rows: Ints, vehicle_kw: Floats) -> Floats:
    counts = np.diff(homes.session_offset)[rows]
    owner = np.repeat(np.arange(len(rows)), counts)
    at = homes.session_offset[rows][owner] + np.arange(len(owner)) - (np.cumsum(counts) - counts)[owner]
    return session_energy_kwh(
        stored_kwh(
            vehicle_kw,
            into=homes.vehicle_charge_efficiency[rows, None],
            out=homes.vehicle_discharge_efficiency[rows, None],
            step_h=homes.step_h,
        ),
        owner=owner,
        first=homes.session_first[at],
        stop=homes.session_stop[at],
        start_kwh=homes.session_start_kwh[at],
    )
