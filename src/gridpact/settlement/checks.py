"""Independent checks of what was planned and done: owners' limits, kept promises, nothing sold twice."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gridpact.settlement.delivery import PromiseBook, reserve_energy_kwh, total_kw
from gridpact.settlement.devices import settings_of_devices
from gridpact.settlement.physics import SETTINGS
from gridpact.settlement.premises import Bools, Floats, Ints, Premises, Trace

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
        battery, banned = np.flatnonzero(premises.has_battery), np.flatnonzero(~premises.export_allowed)
        short = premises.battery_backup_kwh[battery, None] - trace.battery_soc_kwh[battery]
        found += _breaches(premises, phase, "backup", short, ENERGY_TOL_KWH, homes=battery)
        found += _breaches(premises, phase, "export", -trace.net_kw[banned], POWER_TOL_KW, homes=banned)
        found += _cycles(premises, phase, trace)
        found += _cars(premises, phase, trace, without)
        for name, facts in premises.devices.items():
            owners = np.flatnonzero(facts.owned)
            for limit, short in facts.shortfalls(trace.devices[name], without.devices[name]).items():
                found += _breaches(premises, phase, limit, short[owners], ENERGY_TOL_KWH, homes=owners)
        if phase != baseline:
            least = np.maximum(without.battery_soc_kwh[battery, -1], premises.battery_start_kwh[battery])
            left = np.zeros((len(battery), premises.periods))
            left[:, -1] = least - trace.battery_soc_kwh[battery, -1]
            found += _breaches(premises, phase, "battery_left_short", left, ENERGY_TOL_KWH, homes=battery)
        if phase == "planned":
            bound = np.flatnonzero(premises.blackout.any(axis=1))
            settings = (*SETTINGS, *settings_of_devices(premises.devices))
            changes = [np.abs(trace.drawn_kw(name)[bound] - without.drawn_kw(name)[bound]) for name in settings]
            moved = np.where(premises.blackout[bound], np.max(changes, axis=0), 0.0)
            found += _breaches(premises, phase, "blackout", moved, POWER_TOL_KW, homes=bound)
    return tuple(found)


def broken_promises(
    premises: Premises, promises: PromiseBook, *, planned: Trace, baseline: Trace
) -> tuple[Breach, ...]:
    """Promises that the plan does not carry: energy to the kilowatt, reserve with its power, energy and net load.

    A home that holds reserve draws no more than its baseline, and where export does not count or is not allowed its
    reserve is import that can fall.
    """
    bound = np.unique(promises.home)
    shape = planned.net_kw.shape
    sold, held = (total_kw(promises, reserve=reserve, shape=shape)[bound] for reserve in (False, True))
    needed = reserve_energy_kwh(promises, discharge_efficiency=premises.battery_discharge_efficiency, shape=shape)[
        bound
    ]
    net, stored = planned.net_kw[bound], planned.battery_soc_kwh[bound]
    off = net - (baseline.net_kw[bound] - sold)
    backup = premises.battery_backup_kwh[bound, None]

    def breaches(limit: str, excess: Floats, tolerance: float) -> list[Breach]:
        return _breaches(premises, "planned", limit, excess, tolerance, homes=bound)

    found = breaches("energy", np.where(sold > 0, np.abs(off), 0.0), POWER_TOL_KW)
    over = held + planned.battery_discharge_kw[bound] - premises.battery_discharge_kw[bound, None]
    found += breaches("reserve_power", np.where(held > 0, over, 0.0), POWER_TOL_KW)
    before = np.concatenate([premises.battery_start_kwh[bound, None], stored[:, :-1]], axis=1)
    short = np.where(needed > 0, backup + needed - stored, 0.0)
    at = np.searchsorted(bound, promises.home[promises.reserve]), promises.first[promises.reserve]
    behind = _beginning_kwh(promises, premises, bound)
    short[at] = np.maximum(short[at], backup[at[0], 0] + behind[at] - before[at])
    found += breaches("reserve_energy", short, ENERGY_TOL_KWH)
    import_only = np.zeros(sold.shape, dtype=np.bool_)
    which = promises.reduction_only | (promises.reserve & ~premises.export_allowed[promises.home])
    for rows, window in promises.in_turn(which):
        import_only[np.searchsorted(bound, promises.home[rows]), window] = True
    below = np.where(import_only, held - net, 0.0)
    drawn = np.where((held > 0) & (sold == 0), off, 0.0)
    found += breaches("reserve_net", np.maximum(below, drawn), POWER_TOL_KW)
    return tuple(found)


def double_sold(
    premises: Premises, promises: PromiseBook, *, unkept: Iterable[Breach], meter_ids: Sequence[str] = ()
) -> int:
    """How often something is sold twice: homes whose overlapping promises the plan cannot carry together, homes with
    two promises on one opportunity, and meters that belong to two homes.

    Args:
        premises: the homes.
        promises: of all runs.
        unkept: see `broken_promises`.
        meter_ids: of the homes.
    """
    order = np.lexsort((promises.first, promises.home))
    home, first, stop = (values[order] for values in (promises.home, promises.first, promises.stop))
    following = (home[1:] == home[:-1]) & (first[1:] < stop[:-1])
    overlapping = {premises.home_ids[row] for row in home[:-1][following].tolist()}
    broken = {breach.home_id for breach in unkept}
    names = np.array([promises.opportunity_ids.index(name) for name in promises.opportunity_ids], dtype=np.int64)
    keys = np.stack([promises.earlier, names[promises.opportunity], promises.home])
    again = len(promises) - int(np.unique(keys, axis=1).shape[1])
    return len(overlapping & broken) + again + (len(meter_ids) - len(set(meter_ids)))


def _beginning_kwh(promises: PromiseBook, premises: Premises, bound: Ints) -> Floats:
    """Energy that must stand in the battery for reserves that begin with an interval, shape (bound homes, T) [kWh]."""
    behind = np.zeros((len(bound), premises.periods))
    drawn = promises.quantity_kw * promises.sustain_h / premises.battery_discharge_efficiency[promises.home]
    for rows, window in promises.in_turn(promises.reserve):
        behind[np.searchsorted(bound, promises.home[rows]), window.start] += drawn[rows]
    return behind


def _breaches(
    premises: Premises, phase: str, limit: str, excess: Floats, tolerance: float, *, homes: Ints
) -> list[Breach]:
    """One breach for each of ``homes``, shape (m,), with an excess, shape (m, T), above the tolerance; NaN is one."""
    bad: Bools = ~(excess <= tolerance)
    return [
        Breach(
            home_id=premises.home_ids[homes[row]],
            phase=phase,
            limit=limit,
            interval=int(np.argmax(bad[row])),
            excess=float(np.max(excess[row])),
        )
        for row in np.flatnonzero(bad.any(axis=1))
    ]


def _cycles(premises: Premises, phase: str, trace: Trace) -> Iterator[Breach]:
    limited = np.flatnonzero(np.isfinite(premises.cycle_limit_kwh) & premises.has_battery)
    efficiency = premises.battery_discharge_efficiency[limited, None]
    drawn = trace.battery_discharge_kw[limited] * premises.step_h / efficiency
    limit = premises.cycle_limit_kwh[limited]
    for labels in premises.day_of:
        days = int(labels.max(initial=0)) + 1
        place = labels[limited] + days * np.arange(len(limited))[:, None]
        used = np.bincount(place.ravel(), weights=drawn.ravel(), minlength=days * len(limited)).reshape(-1, days)
        worst = used.argmax(axis=1)
        most = np.take_along_axis(used, worst[:, None], axis=1)[:, 0]
        for row in np.flatnonzero(most > limit + ENERGY_TOL_KWH).tolist():
            home, day = limited[row], int(worst[row])
            inside = np.flatnonzero((labels[home] == day) & (drawn[row] > 0))
            yield Breach(
                home_id=premises.home_ids[home],
                phase=phase,
                limit="cycles",
                interval=int(inside[-1]),
                excess=float(most[row] - limit[row]),
            )


def _cars(premises: Premises, phase: str, trace: Trace, without: Trace) -> Iterator[Breach]:
    stays = premises.stays
    last = (stays.home, stays.stop - 1)
    reached = trace.vehicle_soc_kwh[last]
    shorts = {"car_ready": stays.required_kwh - reached, "car_left_short": without.vehicle_soc_kwh[last] - reached}
    bad = ~np.all([short <= ENERGY_TOL_KWH for short in shorts.values()], axis=0)
    for row in np.flatnonzero(bad).tolist():
        for limit, short in shorts.items():
            if not short[row] <= ENERGY_TOL_KWH:
                yield Breach(
                    home_id=premises.home_ids[stays.home[row]],
                    phase=phase,
                    limit=limit,
                    interval=int(stays.stop[row]) - 1,
                    excess=float(short[row]),
                )
