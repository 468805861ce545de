"""Independent checks of what was planned and done: owners' limits, kept promises, nothing sold twice."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gridpact.settlement.delivery import Promise, reserve_energy_kwh, total_kw
from gridpact.settlement.devices import settings_of_devices
from gridpact.settlement.physics import SETTINGS
from gridpact.settlement.premises import Bools, Floats, Premises, Trace

POWER_TOL_KW = 1e-5
ENERGY_TOL_KWH = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """One limit or promise that one home did not keep; its first interval and the worst excess."""

    home_id: str
    phase: str
    limit: str
    """backup, blackout, car_ready, export, cycles, car_left_short, battery_left_short, energy, reserve_power,
    reserve_energy, reserve_net, heat_comfort or heat_left_short."""
    interval: int
    excess: float
    """By how much, in the limit's unit [kW or kWh]."""


def broken_preferences(
    premises: Premises, traces: Mapping[str, Trace], *, baseline: str = "baseline"
) -> tuple[Breach, ...]:
    """Owners' hard limits that a phase breaks: backup, blackout, car ready, no export, cycles, warmth; and less energy
    left in a battery, car or heat store than without the VPP.

    Args:
        premises: the homes.
        traces: by phase; must contain ``baseline``. Blackouts bind plans, so they are checked in "planned" only.
        baseline: name of the phase without the VPP.
    """
    found: list[Breach] = []
    without = traces[baseline]
    for phase, trace in traces.items():
        battery = premises.has_battery[:, None]
        short = premises.battery_backup_kwh[:, None] - trace.battery_soc_kwh
        found += _breaches(premises, phase, "backup", np.where(battery, short, 0.0), ENERGY_TOL_KWH)
        exported = np.where(premises.export_allowed[:, None], 0.0, -trace.net_kw)
        found += _breaches(premises, phase, "export", exported, POWER_TOL_KW)
        found += _cycles(premises, phase, trace)
        found += _cars(premises, phase, trace, without)
        for name, facts in premises.devices.items():
            for limit, short in facts.shortfalls(trace.devices[name], without.devices[name]).items():
                found += _breaches(premises, phase, limit, short, ENERGY_TOL_KWH)
        if phase != baseline:
            left = np.zeros(trace.net_kw.shape)
            left[:, -1] = np.where(
                premises.has_battery,
                np.maximum(without.battery_soc_kwh[:, -1], premises.battery_start_kwh) - trace.battery_soc_kwh[:, -1],
                0.0,
            )
            found += _breaches(premises, phase, "battery_left_short", left, ENERGY_TOL_KWH)
        if phase == "planned":
            settings = (*SETTINGS, *settings_of_devices(premises.devices))
            moved = np.max([np.abs(trace.drawn_kw(name) - without.drawn_kw(name)) for name in settings], axis=0)
            found += _breaches(premises, phase, "blackout", np.where(premises.blackout, moved, 0.0), POWER_TOL_KW)
    return tuple(found)


def broken_promises(
    premises: Premises, promises: Sequence[Promise], *, planned: Trace, baseline: Trace
) -> tuple[Breach, ...]:
    """Promises that the plan does not carry: energy to the kilowatt, reserve with its power, energy and net load.

    A home that holds reserve draws no more than its baseline, and where export does not count or is not allowed its
    reserve is import that can fall.
    """
    shape = planned.net_kw.shape
    sold, held = total_kw(promises, reserve=False, shape=shape), total_kw(promises, reserve=True, shape=shape)
    needed = reserve_energy_kwh(promises, discharge_efficiency=premises.battery_discharge_efficiency, shape=shape)
    off = planned.net_kw - (baseline.net_kw - sold)
    found = _breaches(premises, "planned", "energy", np.where(sold > 0, np.abs(off), 0.0), POWER_TOL_KW)
    over = held + planned.battery_discharge_kw - premises.battery_discharge_kw[:, None]
    found += _breaches(premises, "planned", "reserve_power", np.where(held > 0, over, 0.0), POWER_TOL_KW)
    start = np.broadcast_to(premises.battery_start_kwh[:, None], (shape[0], 1))
    before = np.concatenate([start, planned.battery_soc_kwh[:, :-1]], axis=1)
    short = premises.battery_backup_kwh[:, None] + needed - planned.battery_soc_kwh
    short = np.where(needed > 0, short, 0.0)
    for promise in promises:
        if promise.reserve:
            at = (promise.home, promise.first)
            behind = _needed_from(promises, premises, promise)
            short[at] = max(short[at], premises.battery_backup_kwh[promise.home] + behind - before[at])
    found += _breaches(premises, "planned", "reserve_energy", short, ENERGY_TOL_KWH)
    import_only = np.zeros(shape, dtype=np.bool_)
    for promise in promises:
        if promise.reduction_only or (promise.reserve and not premises.export_allowed[promise.home]):
            import_only[promise.home, promise.first : promise.stop] = True
    below = np.where(import_only, held - planned.net_kw, 0.0)
    drawn = np.where((held > 0) & (sold == 0), off, 0.0)
    found += _breaches(premises, "planned", "reserve_net", np.maximum(below, drawn), POWER_TOL_KW)
    return tuple(found)


def double_sold(
    premises: Premises, promises: Sequence[Promise], *, planned: Trace, baseline: Trace, meter_ids: Sequence[str] = ()
) -> int:
    """How often something is sold twice: homes whose overlapping promises the plan cannot carry together, homes with
    two promises on one opportunity, and meters that belong to two homes."""
    overlapping = set()
    ordered = sorted(promises, key=lambda promise: (promise.home, promise.first))
    for promise, following in zip(ordered[:-1], ordered[1:], strict=True):
        if promise.home == following.home and following.first < promise.stop:
            overlapping.add(premises.home_ids[promise.home])
    broken = {breach.home_id for breach in broken_promises(premises, promises, planned=planned, baseline=baseline)}
    keys = [(promise.earlier, promise.opportunity_id, promise.home) for promise in promises]
    return len(overlapping & broken) + (len(keys) - len(set(keys))) + (len(meter_ids) - len(set(meter_ids)))


def _needed_from(promises: Sequence[Promise], premises: Premises, of: Promise) -> float:
    """Energy that must stand in the battery when the window of ``of`` begins, for reserves beginning then [kWh]."""
    efficiency = float(premises.battery_discharge_efficiency[of.home])
    return sum(
        promise.quantity_kw * promise.sustain_h / efficiency
        for promise in promises
        if promise.reserve and promise.home == of.home and promise.first == of.first
    )


def _breaches(premises: Premises, phase: str, limit: str, excess: Floats, tolerance: float) -> list[Breach]:
    """One breach for each home with an excess above the tolerance; NaN is one."""
    bad: Bools = ~(excess <= tolerance)
    return [
        Breach(
            home_id=premises.home_ids[home],
            phase=phase,
            limit=limit,
            interval=int(np.argmax(bad[home])),
            excess=float(np.max(excess[home])),
        )
        for home in np.flatnonzero(bad.any(axis=1))
    ]


def _cycles(premises: Premises, phase: str, trace: Trace) -> Iterator[Breach]:
    efficiency = np.where(premises.has_battery, premises.battery_discharge_efficiency, 1.0)[:, None]
    drawn = trace.battery_discharge_kw * premises.step_h / efficiency
    limited = np.flatnonzero(np.isfinite(premises.cycle_limit_kwh) & premises.has_battery)
    for labels in premises.day_of:
        for home in limited:
            used = np.bincount(labels[home], weights=drawn[home])
            day = int(np.argmax(used))
            if used[day] > premises.cycle_limit_kwh[home] + ENERGY_TOL_KWH:
                inside = np.flatnonzero((labels[home] == day) & (drawn[home] > 0))
                yield Breach(
                    home_id=premises.home_ids[home],
                    phase=phase,
                    limit="cycles",
                    interval=int(inside[-1]),
                    excess=float(used[day] - premises.cycle_limit_kwh[home]),
                )


def _cars(premises: Premises, phase: str, trace: Trace, without: Trace) -> Iterator[Breach]:
    for stay in premises.stays:
        last = (stay.home, stay.stop - 1)
        left = float(without.vehicle_soc_kwh[last])
        for limit, least in (("car_ready", stay.required_kwh), ("car_left_short", left)):
            short = least - float(trace.vehicle_soc_kwh[last])
            if not short <= ENERGY_TOL_KWH:
                yield Breach(
                    home_id=premises.home_ids[stay.home],
                    phase=phase,
                    limit=limit,
                    interval=stay.stop - 1,
                    excess=short,
                )
