"""What the devices of every home really do: planned settings on realised load, sun and cars, by equations of its own.

A battery that is told to do the impossible does what it can, and the difference is reported. A home that may not
export curtails its roof first, then discharges its car less, then its battery.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gridpact.errors import InputError
from gridpact.settlement.devices import DeviceTrace, settings_of_devices
from gridpact.settlement.premises import V2G_FLOOR_FRACTION, Bools, Floats, Ints, Premises, Trace

TOLERANCE_KW = 1e-5
BLOCK = 1024
"""Homes that are worked on at a time, so that their arrays stay in the processor's cache."""
SETTINGS = ("battery_charge_kw", "battery_discharge_kw", "vehicle_charge_kw", "vehicle_discharge_kw", "curtailed_kw")


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A setting that could not be followed."""

    home_id: str
    interval: int
    setting: str
    planned_kw: float
    realised_kw: float
    because_of_export_ban: bool
    """False means that the plan itself asked for what the device cannot do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Realisation:
    """What happened."""

    trace: Trace
    departures: tuple[Departure, ...]

    @property
    def plan_was_possible(self) -> bool:
        """Whether every departure follows from the export ban on realised load and sun."""
        return all(departure.because_of_export_ban for departure in self.departures)


def simulate(
    premises: Premises,
    *,
    planned: Trace,
    baseline: Trace,
    load_kw: Floats,
    solar_kw: Floats,
    dropped: Bools | None = None,
    reserve_energy_kwh: Floats | None = None,
    reduction_only: Bools | None = None,
) -> Realisation:
    """Replay settings on what really came.

    Args:
        premises: the homes.
        planned: settings of homes that keep their promise.
        baseline: settings of homes that dropped out after the award; those hold no reserve.
        load_kw: realised load, shape (H, T) [kW].
        solar_kw: realised solar output before curtailment, shape (H, T) [kW].
        dropped: homes that dropped out after the award, shape (H,); none by default.
        reserve_energy_kwh: energy above the owner's backup that stands behind the planned reserve in each interval,
            shape (H, T) [kWh in the cells]; reserve is held in the share that is really there. None by default.
        reduction_only: intervals in which reserve must be import that can fall, shape (H, T), on top of homes that
            may not export; none by default.

    Raises:
        InputError: an array has another shape.
    """
    shape = (premises.homes, premises.periods)
    for name, given in (("load_kw", load_kw), ("solar_kw", solar_kw), ("planned", planned.load_kw)):
        if given.shape != shape:
            raise InputError(f"{name} has shape {given.shape}, not (homes, intervals) = {shape}")
    gone = np.zeros(shape[0], dtype=np.bool_) if dropped is None else np.asarray(dropped, dtype=np.bool_)
    names = (*SETTINGS, *settings_of_devices(premises.devices))
    told = {name: _replaced(planned.drawn_kw(name), gone, baseline.drawn_kw(name)) for name in names}
    devices = {name: facts.replay(told[f"{name}_kw"]) for name, facts in premises.devices.items()}
    done, banned = _run(premises, told, load_kw=_with_devices(load_kw, devices), solar_kw=solar_kw)
    held = _replaced(planned.reserve_kw, gone, np.zeros(shape))
    trace = Trace(
        load_kw=load_kw,
        solar_kw=solar_kw,
        **done,
        reserve_kw=_still_held(premises, held, done, needed_kwh=reserve_energy_kwh, reduction_only=reduction_only),
        devices=devices,
    )
    done |= {f"{name}_kw": device.power_kw for name, device in devices.items()}
    told["curtailed_kw"] = np.minimum(told["curtailed_kw"], solar_kw)
    return Realisation(trace=trace, departures=_departures(premises, told, done, banned))


def _replaced(values: Floats, rows: Bools, others: Floats) -> Floats:
    """``values`` with the homes in the mask ``rows`` taken from ``others``, arrays of shape (H, T)."""
    if not rows.any():
        return values
    changed = values.copy()
    changed[rows] = others[rows]
    return changed


def baseline_net(baseline: Trace, *, load_kw: Floats, solar_kw: Floats) -> Floats:
    """Net load of the baseline's devices on realised load and solar, shape (H, T) [kW].

    The yardstick of delivery: load and weather that came otherwise than forecast cancel out of it.
    """
    generation = solar_kw - np.minimum(baseline.curtailed_kw, solar_kw)
    battery = baseline.battery_charge_kw - baseline.battery_discharge_kw
    vehicle = baseline.vehicle_charge_kw - baseline.vehicle_discharge_kw
    return np.asarray(_with_devices(load_kw, baseline.devices) + battery + vehicle - generation, dtype=np.float64)


def _with_devices(load_kw: Floats, devices: Mapping[str, DeviceTrace]) -> Floats:
    """Load and what further devices draw, shape (H, T) [kW]."""
    for device in devices.values():
        load_kw = load_kw + device.power_kw
    return load_kw


def _run(
    premises: Premises, told: dict[str, Floats], *, load_kw: Floats, solar_kw: Floats
) -> tuple[dict[str, Floats], Bools]:
    """Step every home through the horizon; what was done, and where the export ban has acted so far.

    ``load_kw`` is all that is drawn whatever battery, car and roof do: further devices count as load here.
    """
    shape = (premises.homes, premises.periods)
    done = {name: np.zeros(shape) for name in (*SETTINGS, "net_kw", "battery_soc_kwh")}
    done["vehicle_soc_kwh"] = np.full(shape, np.nan)
    banned = np.zeros(shape, dtype=np.bool_)
    stores = premises.has_battery | premises.has_vehicle
    for first in range(0, premises.homes, BLOCK):
        block = np.arange(first, min(first + BLOCK, premises.homes))
        for rows, step in ((block[stores[block]], _step), (block[~stores[block]], _without_devices)):
            if rows.size:
                mine = {name: told[name][rows] for name in SETTINGS}
                step(premises, rows, mine, done, banned, load_kw=load_kw[rows], solar_kw=solar_kw[rows])
    return done, banned


def _without_devices(
    premises: Premises,
    rows: Ints,
    told: dict[str, Floats],
    done: dict[str, Floats],
    banned: Bools,
    *,
    load_kw: Floats,
    solar_kw: Floats,
) -> None:
    """Homes ``rows`` that store nothing: all that can happen to them is that the roof is curtailed."""
    curtailed = np.clip(told["curtailed_kw"], 0.0, solar_kw)
    excess = np.where(premises.export_allowed[rows, None], 0.0, np.maximum(-(load_kw - (solar_kw - curtailed)), 0.0))
    banned[rows] = np.logical_or.accumulate(excess > TOLERANCE_KW, axis=1)
    curtailed = curtailed + np.minimum(excess, solar_kw - curtailed)
    done["curtailed_kw"][rows] = curtailed
    done["net_kw"][rows] = load_kw - (solar_kw - curtailed)


def _step(
    premises: Premises,
    rows: Ints,
    told: dict[str, Floats],
    done: dict[str, Floats],
    banned: Bools,
    *,
    load_kw: Floats,
    solar_kw: Floats,
) -> None:
    """Homes ``rows`` with a battery or a car, interval by interval."""
    h, shape = premises.step_h, (premises.periods, len(rows))
    plugged, arrival = _plugged(premises, rows)
    load, solar = np.ascontiguousarray(load_kw.T), np.ascontiguousarray(solar_kw.T)
    orders = {name: np.ascontiguousarray(values.T) for name, values in told.items()}
    found = {name: np.empty(shape) for name in done}
    acted_by = np.empty(shape, dtype=np.bool_)
    charge_kw, discharge_kw = premises.battery_charge_kw[rows], premises.battery_discharge_kw[rows]
    into_kw, out_kw = premises.vehicle_charge_kw[rows], premises.vehicle_discharge_kw[rows]
    full, empty, capacity = (
        values[rows]
        for values in (premises.battery_full_kwh, premises.battery_empty_kwh, premises.vehicle_capacity_kwh)
    )
    in_eff, out_eff, car_in, car_out = (
        _usable(values[rows])
        for values in (
            premises.battery_charge_efficiency,
            premises.battery_discharge_efficiency,
            premises.vehicle_charge_efficiency,
            premises.vehicle_discharge_efficiency,
        )
    )
    export_allowed = premises.export_allowed[rows]
    energy, car = premises.battery_start_kwh[rows], np.zeros(len(rows))
    car_low, car_high = np.zeros(len(rows)), capacity.copy()
    acted = np.zeros(len(rows), dtype=np.bool_)
    for t in range(premises.periods):
        charge, discharge = _exclusive(orders["battery_charge_kw"][t], orders["battery_discharge_kw"][t])
        room, stock = full - energy, energy - empty
        charge = _least(charge, charge_kw, np.maximum(room, 0.0) / (in_eff * h))
        discharge = _least(discharge, discharge_kw, np.maximum(stock, 0.0) * out_eff / h)

        came = ~np.isnan(arrival[t])
        if came.any():
            car = np.where(came, arrival[t], car)
            car_low = np.where(came, np.minimum(V2G_FLOOR_FRACTION * capacity, car), car_low)
            car_high = np.where(came, np.maximum(capacity, car), car_high)
        into, out = _exclusive(orders["vehicle_charge_kw"][t], orders["vehicle_discharge_kw"][t])
        here = plugged[t]
        into = _least(into, into_kw * here, np.maximum(car_high - car, 0.0) / (car_in * h))
        out = _least(out, out_kw * here, np.maximum(car - car_low, 0.0) * car_out / h)

        sun = solar[t]
        curtailed = np.clip(orders["curtailed_kw"][t], 0.0, sun)
        net = load[t] + charge - discharge + into - out - (sun - curtailed)
        excess = np.where(export_allowed, 0.0, np.maximum(-net, 0.0))
        acted |= excess > TOLERANCE_KW
        more = np.minimum(excess, sun - curtailed)
        less_out = np.minimum(excess - more, out)
        less_discharge = np.minimum(excess - more - less_out, discharge)
        curtailed, out, discharge = curtailed + more, out - less_out, discharge - less_discharge

        energy = energy + (in_eff * charge - discharge / out_eff) * h
        car = car + (car_in * into - out / car_out) * h
        acted_by[t] = acted
        found["battery_charge_kw"][t], found["battery_discharge_kw"][t] = charge, discharge
        found["vehicle_charge_kw"][t], found["vehicle_discharge_kw"][t] = into, out
        found["curtailed_kw"][t] = curtailed
        found["net_kw"][t] = load[t] + charge - discharge + into - out - (sun - curtailed)
        found["battery_soc_kwh"][t] = energy
        found["vehicle_soc_kwh"][t] = np.where(here, car, np.nan)
    for name, values in found.items():
        done[name][rows] = values.T
    banned[rows] = acted_by.T


def _plugged(premises: Premises, rows: Ints) -> tuple[Bools, Floats]:
    """When the cars of ``rows`` are at the plug, and with what energy they arrive (else NaN), shape (T, rows)."""
    stays = premises.stays
    low, high = np.searchsorted(stays.home, [rows[0], rows[-1] + 1])
    place, first = np.searchsorted(rows, stays.home[low:high]), stays.first[low:high]
    steps = np.zeros((premises.periods + 1, len(rows)), dtype=np.int8)
    np.add.at(steps, (first, place), 1)
    np.add.at(steps, (stays.stop[low:high], place), -1)
    arrival = np.full((premises.periods, len(rows)), np.nan)
    arrival[first, place] = stays.start_kwh[low:high]
    return np.cumsum(steps, axis=0, dtype=np.int8)[:-1] > 0, arrival


def _usable(efficiency: Floats) -> Floats:
    """Efficiencies with 1 for homes that do not have the device."""
    return np.where(efficiency > 0, efficiency, 1.0)


def _exclusive(into: Floats, out: Floats) -> tuple[Floats, Floats]:
    """One direction at a time: an inverter told to do both does the larger."""
    return np.where(into >= out, into, 0.0), np.where(into >= out, 0.0, out)


def _least(told: Floats, power: Floats, energy: Floats) -> Floats:
    """What is told, as far as the device's power and the energy at hand allow; never below zero."""
    return np.maximum(np.minimum(np.minimum(told, power), energy), 0.0)


def _still_held(
    premises: Premises,
    held_kw: Floats,
    done: dict[str, Floats],
    *,
    needed_kwh: Floats | None,
    reduction_only: Bools | None,
) -> Floats:
    """Reserve that could really have been called in each interval, shape (H, T) [kW]."""
    room = np.maximum(premises.battery_discharge_kw[:, None] - done["battery_discharge_kw"], 0.0)
    kept = np.minimum(held_kw, room)
    import_only = np.broadcast_to(~premises.export_allowed[:, None], kept.shape)
    if reduction_only is not None:
        import_only = import_only | reduction_only
    kept = np.where(import_only, np.minimum(kept, np.maximum(done["net_kw"], 0.0)), kept)
    if needed_kwh is not None:
        after = done["battery_soc_kwh"]
        spare = np.maximum(after - premises.battery_backup_kwh[:, None], 0.0)
        share = np.divide(spare, needed_kwh, out=np.ones_like(spare), where=needed_kwh > 0)
        # Energies carry the solver's rounding; a millionth less than promised is what was promised.
        share = np.where(spare >= needed_kwh - 1e-6, 1.0, share)
        kept = np.minimum(kept, held_kw * np.minimum(share, 1.0))
    return np.where(held_kw > 0, kept, 0.0)


def _departures(
    premises: Premises, told: dict[str, Floats], done: dict[str, Floats], banned: Bools
) -> tuple[Departure, ...]:
    found = []
    for first in range(0, premises.homes, BLOCK):
        block = slice(first, first + BLOCK)
        for name in told:
            planned, realised = told[name][block], done[name][block]
            for row, interval in np.argwhere(np.abs(planned - realised) > TOLERANCE_KW).tolist():
                found.append(
                    Departure(
                        home_id=premises.home_ids[first + row],
                        interval=interval,
                        setting=name,
                        planned_kw=float(planned[row, interval]),
                        realised_kw=float(realised[row, interval]),
                        because_of_export_ban=bool(banned[first + row, interval]),
                    )
                )
    return tuple(sorted(found, key=lambda departure: (departure.interval, departure.home_id, departure.setting)))
