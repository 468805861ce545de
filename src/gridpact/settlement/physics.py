"""What the devices of every home really do: planned settings on realised load, sun and cars, by equations of its own.

A battery that is told to do the impossible does what it can, and the difference is reported. A home that may not
export curtails its roof first, then discharges its car less, then its battery.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gridpact.errors import InputError
from gridpact.settlement.devices import DeviceTrace, settings_of_devices
from gridpact.settlement.premises import V2G_FLOOR_FRACTION, Bools, Floats, Premises, Trace

TOLERANCE_KW = 1e-5
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
    further = settings_of_devices(premises.devices)
    told = {
        name: np.where(gone[:, None], baseline.drawn_kw(name), planned.drawn_kw(name)).astype(np.float64)
        for name in (*SETTINGS, *further)
    }
    devices = {name: facts.replay(told[f"{name}_kw"]) for name, facts in premises.devices.items()}
    done = {name: np.zeros(shape) for name in (*SETTINGS, "net_kw", "battery_soc_kwh", "vehicle_soc_kwh")}
    banned = np.zeros(shape, dtype=np.bool_)
    _run(premises, told, done, banned, load_kw=load_kw + _drawn(devices), solar_kw=solar_kw)
    held = np.where(gone[:, None], 0.0, planned.reserve_kw)
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


def baseline_net(baseline: Trace, *, load_kw: Floats, solar_kw: Floats) -> Floats:
    """Net load of the baseline's devices on realised load and solar, shape (H, T) [kW].

    The yardstick of delivery: load and weather that came otherwise than forecast cancel out of it.
    """
    generation = solar_kw - np.minimum(baseline.curtailed_kw, solar_kw)
    battery = baseline.battery_charge_kw - baseline.battery_discharge_kw
    vehicle = baseline.vehicle_charge_kw - baseline.vehicle_discharge_kw
    return np.asarray(load_kw + _drawn(baseline.devices) + battery + vehicle - generation, dtype=np.float64)


def _drawn(devices: Mapping[str, DeviceTrace]) -> Floats | float:
    """Power of all further devices together, shape (H, T), or 0 without any [kW]."""
    return sum((device.power_kw for device in devices.values()), 0.0)


def _run(
    premises: Premises,
    told: dict[str, Floats],
    done: dict[str, Floats],
    banned: Bools,
    *,
    load_kw: Floats,
    solar_kw: Floats,
) -> None:
    """Step every home through the horizon, filling ``done`` and where the export ban has acted so far.

    ``load_kw`` is all that is drawn whatever battery, car and roof do: further devices count as load here.
    """
    h = premises.step_h
    arrival = np.full(load_kw.shape, np.nan)
    for stay in premises.stays:
        arrival[stay.home, stay.first] = stay.start_kwh
    plugged = premises.plugged()
    in_eff, out_eff = _usable(premises.battery_charge_efficiency), _usable(premises.battery_discharge_efficiency)
    car_in, car_out = _usable(premises.vehicle_charge_efficiency), _usable(premises.vehicle_discharge_efficiency)
    energy, car = premises.battery_start_kwh.copy(), np.zeros(premises.homes)
    car_low, car_high = np.zeros(premises.homes), premises.vehicle_capacity_kwh.copy()
    acted = np.zeros(premises.homes, dtype=np.bool_)
    for t in range(premises.periods):
        charge, discharge = _exclusive(told["battery_charge_kw"][:, t], told["battery_discharge_kw"][:, t])
        room, stock = premises.battery_full_kwh - energy, energy - premises.battery_empty_kwh
        charge = _least(charge, premises.battery_charge_kw, np.maximum(room, 0.0) / (in_eff * h))
        discharge = _least(discharge, premises.battery_discharge_kw, np.maximum(stock, 0.0) * out_eff / h)

        came = ~np.isnan(arrival[:, t])
        car = np.where(came, arrival[:, t], car)
        car_low = np.where(came, np.minimum(V2G_FLOOR_FRACTION * premises.vehicle_capacity_kwh, car), car_low)
        car_high = np.where(came, np.maximum(premises.vehicle_capacity_kwh, car), car_high)
        into, out = _exclusive(told["vehicle_charge_kw"][:, t], told["vehicle_discharge_kw"][:, t])
        here = plugged[:, t]
        into = _least(into, premises.vehicle_charge_kw * here, np.maximum(car_high - car, 0.0) / (car_in * h))
        out = _least(out, premises.vehicle_discharge_kw * here, np.maximum(car - car_low, 0.0) * car_out / h)

        sun = solar_kw[:, t]
        curtailed = np.clip(told["curtailed_kw"][:, t], 0.0, sun)
        net = load_kw[:, t] + charge - discharge + into - out - (sun - curtailed)
        excess = np.where(premises.export_allowed, 0.0, np.maximum(-net, 0.0))
        acted |= excess > TOLERANCE_KW
        more = np.minimum(excess, sun - curtailed)
        less_out = np.minimum(excess - more, out)
        less_discharge = np.minimum(excess - more - less_out, discharge)
        curtailed, out, discharge = curtailed + more, out - less_out, discharge - less_discharge

        energy = energy + (in_eff * charge - discharge / out_eff) * h
        car = car + (car_in * into - out / car_out) * h
        banned[:, t] = acted
        done["battery_charge_kw"][:, t], done["battery_discharge_kw"][:, t] = charge, discharge
        done["vehicle_charge_kw"][:, t], done["vehicle_discharge_kw"][:, t] = into, out
        done["curtailed_kw"][:, t] = curtailed
        done["net_kw"][:, t] = load_kw[:, t] + charge - discharge + into - out - (sun - curtailed)
        done["battery_soc_kwh"][:, t] = energy
        done["vehicle_soc_kwh"][:, t] = np.where(plugged[:, t], car, np.nan)


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
    for name in told:
        for home, interval in np.argwhere(np.abs(told[name] - done[name]) > TOLERANCE_KW):
            found.append(
                Departure(
                    home_id=premises.home_ids[home],
                    interval=int(interval),
                    setting=name,
                    planned_kw=float(told[name][home, interval]),
                    realised_kw=float(done[name][home, interval]),
                    because_of_export_ban=bool(banned[home, interval]),
                )
            )
    return tuple(sorted(found, key=lambda departure: (departure.interval, departure.home_id, departure.setting)))
