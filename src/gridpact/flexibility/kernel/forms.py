"""From homes' problems and what binds them to the kernel's arrays, for all homes at once."""

from typing import NamedTuple

import numpy as np

from gridpact.flexibility.batch import HomeBatch, Ints, ScheduleBatch
from gridpact.flexibility.home import Bools, Floats
from gridpact.flexibility.promises import AskBatch, CommitmentBatch

SLACK = 1e-9
"""How far rounding may carry a limit past another [kW, kWh]."""


class Forms(NamedTuple):
    """`Home` for m homes: arrays with a row a home, shape (m, T) where `Home` has (T,), and (m,) for its numbers."""

    step_h: float
    need_kw: Floats
    solar_kw: Floats
    least_kw: Floats
    most_kw: Floats
    buy: Floats
    sell: Floats
    charge_kw: Floats
    discharge_kw: Floats
    drift_kwh: Floats
    drawn_kwh: Floats
    floor_kwh: Floats
    ceiling_kwh: Floats
    start_kwh: Floats
    into: Floats
    out: Floats
    wear: Floats
    plug_in_kw: Floats
    plug_out_kw: Floats
    plug_drift_kwh: Floats
    plug_into: Floats
    plug_out: Floats
    plug_capacity_kwh: Floats
    session_offset: Ints
    """Home i has sessions ``session_offset[i]`` up to ``session_offset[i + 1]``, shape (m + 1,)."""
    session: Ints
    session_kwh: Floats
    cycle: Ints
    """Cycle windows of each group, padded with empty ones, shape (G, C, 2)."""
    cycle_group: Ints
    cycle_kwh: Floats
    possible: Bools
    """False where settings that are given already break a limit."""


class Promised(NamedTuple):
    """What earlier promises and the ask mean for m homes, beyond their forms."""

    conflict: Bools
    """Promises that contradict each other or the rules whatever the home does, shape (m,)."""
    promised: Bools
    """Homes with earlier promises, shape (m,)."""
    most_kw: Floats
    """Limit of the ask's quantity from rules alone, shape (m,) [kW]."""
    limited_kw: Floats
    """Net load on which held power comes on top, -inf where there is no such limit, shape (m, T) [kW]."""
    stand_kwh: Floats
    """Battery energy on which that of held power comes on top, -inf outside the window, shape (m, T + 1) [kWh]."""
    reserve_kw: Floats
    """Held for earlier promises, shape (m, T) [kW]."""


class _Binding(NamedTuple):
    """What binds net load, reserve and devices, arrays of shape (m, T)."""

    fixed: Bools
    target_kw: Floats
    least_kw: Floats
    most_kw: Floats
    reserve_kw: Floats
    reserve_kwh: Floats
    battery: Bools
    vehicle: Bools
    sun: Bools


def baseline_forms(homes: HomeBatch, rows: Ints) -> Forms:
    """The forms of the homes ``rows`` without a VPP."""
    shape = (len(rows), homes.periods)
    none = np.zeros(shape, dtype=np.bool_)
    binding = _Binding(
        fixed=none,
        target_kw=np.zeros(shape),
        least_kw=np.where(homes.export_allowed[rows, None], -np.inf, np.zeros(shape)),
        most_kw=np.full(shape, np.inf),
        reserve_kw=np.zeros(shape),
        reserve_kwh=np.zeros(shape),
        battery=none,
        vehicle=none,
        sun=none,
    )
    return _forms(homes, rows, binding, None)


def promise_forms(
    homes: HomeBatch, baselines: ScheduleBatch, commitments: CommitmentBatch, asks: AskBatch | None, rows: Ints
) -> tuple[Forms, Promised]:
    """The forms of the homes ``rows`` bound by their commitments and by ``asks`` at a quantity of zero."""
    shape = (len(rows), homes.periods)
    dark = homes.blackout[rows]
    net = baselines.net_kw[rows]
    promised, reserve_kw, reserve_kwh = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    energy, holds, reduction = (np.zeros(shape, dtype=np.bool_) for _ in range(3))
    battery, vehicle = dark.copy(), dark.copy()
    conflict, has_promise = np.zeros(len(rows), dtype=np.bool_), np.zeros(len(rows), dtype=np.bool_)
    for group, where, quantity in _groups(commitments, rows):
        first, stop, reserve, sustain_h, reduction_only, frozen_battery, frozen_vehicle = group
        at = np.ix_(where, np.arange(first, stop))
        has_promise[where] = True
        battery[at] |= frozen_battery
        vehicle[at] |= frozen_vehicle
        conflict[where] |= dark[at].any(axis=1)
        if reserve:
            holds[at] = True
            reserve_kw[at] += quantity[:, None]
            need = quantity * sustain_h / homes.battery_discharge_efficiency[rows[where]]
            reserve_kwh[at] += need[:, None]
            reduction[at] |= reduction_only
        else:
            energy[at] = True
            promised[at] += quantity[:, None]
    target = net - promised
    banned = ~homes.export_allowed[rows, None]
    least = np.where(banned | (holds & reduction), reserve_kw, -np.inf)
    has_battery = homes.has_battery[rows]
    conflict |= reserve_kw.any(axis=1) & ~has_battery
    conflict |= (energy & (target < least - 1e-6)).any(axis=1)
    most_quantity = np.zeros(len(rows))
    limited, stand = np.full(shape, -np.inf), np.full((len(rows), homes.periods + 1), -np.inf)
    if asks is not None:
        span = slice(asks.first, asks.stop)
        battery[:, span] |= asks.frozen_battery[rows, None]
        vehicle[:, span] |= asks.frozen_vehicle[rows, None]
        most_quantity = _most_quantity(homes, rows, asks, target=target, least=least, energy=energy, held=reserve_kw)
        most_quantity[dark[:, span].any(axis=1)] = -1.0
        if not asks.reserve:
            energy[:, span] = True
        else:
            holds[:, span] = True
            if asks.reduction_only:
                least[:, span] = np.maximum(least[:, span], reserve_kw[:, span])
            limited[:, span] = np.where(energy[:, span], -np.inf, least[:, span])
            lowest = _lowest_kwh(homes, rows, baselines)
            for side in (0, 1):
                instants = slice(asks.first + side, asks.stop + side)
                stand[:, instants] = np.maximum(stand[:, instants], lowest[:, instants] + reserve_kwh[:, span])
    binding = _Binding(
        fixed=energy,
        target_kw=target,
        least_kw=least,
        most_kw=np.where(holds, target, np.inf),
        reserve_kw=reserve_kw,
        reserve_kwh=reserve_kwh,
        battery=battery,
        vehicle=vehicle,
        sun=dark,
    )
    facts = Promised(
        conflict=conflict,
        promised=has_promise,
        most_kw=most_quantity,
        limited_kw=limited,
        stand_kwh=stand,
        reserve_kw=reserve_kw,
    )
    return _forms(homes, rows, binding, baselines), facts


def _groups(
    commitments: CommitmentBatch, rows: Ints
) -> list[tuple[tuple[int, int, bool, float, bool, bool, bool], Ints, Floats]]:
    """Promises of ``rows`` that differ in home and quantity alone, with each home at most once in a group."""
    if not len(commitments):
        return []
    place = np.full(commitments.homes, -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    mine = np.flatnonzero(place[commitments.home] >= 0)
    found: dict[tuple[object, ...], list[int]] = {}
    columns = (
        commitments.opportunity,
        commitments.first,
        commitments.stop,
        commitments.reserve,
        commitments.sustain_h,
        commitments.reduction_only,
        commitments.frozen_battery,
        commitments.frozen_vehicle,
    )
    for k, *parts in zip(mine.tolist(), *(column[mine].tolist() for column in columns), strict=True):
        found.setdefault(tuple(parts), []).append(k)
    groups = []
    for key, items in found.items():
        chosen = np.array(items, dtype=np.int64)
        while len(chosen):
            once = np.unique(commitments.home[chosen], return_index=True)[1]
            part = chosen[once]
            groups.append((key[1:], place[commitments.home[part]], commitments.quantity_kw[part]))
            chosen = np.delete(chosen, once)
    return groups  # type: ignore[return-value]


def _most_quantity(
    homes: HomeBatch, rows: Ints, asks: AskBatch, *, target: Floats, least: Floats, energy: Bools, held: Floats
) -> Floats:
    """Limit of the ask's quantity that follows from rules alone, shape (m,); inf if none [kW]."""
    span = slice(asks.first, asks.stop)
    if asks.reserve:
        room = target[:, span] - np.maximum(least[:, span], held[:, span] * asks.reduction_only)
        capped = energy[:, span] & (np.isfinite(least[:, span]) | asks.reduction_only)
        limit = np.where(capped, room, np.inf).min(axis=1)
        able = homes.has_battery[rows] & ~asks.frozen_battery[rows]
        return np.where(able, np.minimum(homes.battery_discharge_kw[rows], limit), 0.0)
    room = target[:, span] - least[:, span]
    if asks.reduction_only:
        room = np.minimum(room, target[:, span])
    return np.asarray(room.min(axis=1), dtype=np.float64)


def _forms(homes: HomeBatch, rows: Ints, binding: _Binding, base: ScheduleBatch | None) -> Forms:
    n, h = homes.periods, homes.step_h
    m = len(rows)

    def column(name: str) -> Floats:
        return np.asarray(getattr(homes, name)[rows][:, None])

    has_battery = homes.has_battery[rows]
    into, out = column("battery_charge_efficiency"), column("battery_discharge_efficiency")
    plug_into, plug_out = column("vehicle_charge_efficiency"), column("vehicle_discharge_efficiency")
    session_offset, session, session_kwh = _sessions(homes, rows, base)
    plugged = _plugged(session_offset, session, (m, n))
    need, solar = homes.load_kw[rows], homes.solar_kw[rows]
    charge = np.repeat(column("battery_charge_kw") * has_battery[:, None], n, axis=1)
    discharge = column("battery_discharge_kw") * has_battery[:, None] - binding.reserve_kw
    plug_in = np.where(plugged, column("vehicle_charge_kw"), 0.0)
    plug_give = np.where(plugged, column("vehicle_discharge_kw"), 0.0)
    drift, drawn, plug_drift = np.zeros((m, n)), np.zeros((m, n)), np.zeros((m, n))
    possible = np.ones(m, dtype=np.bool_)
    floor = _lowest_kwh(homes, rows, base)
    end = homes.battery_start_kwh[rows].copy()
    if base is not None:
        kept, filled = base.battery_discharge_kw[rows] * binding.battery, base.battery_charge_kw[rows] * binding.battery
        possible &= ~(binding.battery & (kept > discharge + SLACK)).any(axis=1)
        drawn = kept * h / out
        drift = filled * into * h - drawn
        here = binding.vehicle & plugged
        car_in, car_out = base.vehicle_charge_kw[rows] * here, base.vehicle_discharge_kw[rows] * here
        plug_drift = car_in * plug_into * h - car_out * h / plug_out
        need = need + (filled - kept) + (car_in - car_out)
        need = need - np.where(binding.sun, solar - base.curtailed_kw[rows], 0.0)
        solar = np.where(binding.sun, 0.0, solar)
        charge = np.where(binding.battery, 0.0, charge)
        discharge = np.where(binding.battery, 0.0, discharge)
        plug_in = np.where(binding.vehicle, 0.0, plug_in)
        plug_give = np.where(binding.vehicle, 0.0, plug_give)
        end = np.maximum(end, base.battery_soc_kwh[rows, -1])
    possible &= ~(discharge < -SLACK).any(axis=1)
    discharge = np.maximum(discharge, 0.0)
    held = np.zeros((m, n + 1))
    held[:, :-1] = binding.reserve_kwh
    held[:, 1:] = np.maximum(held[:, 1:], binding.reserve_kwh)
    floor += held
    floor[:, -1] = np.maximum(floor[:, -1], end)
    ceiling = np.repeat(column("battery_ceiling_kwh"), n + 1, axis=1)
    floor[~has_battery], ceiling[~has_battery] = 0.0, 0.0
    start = np.where(has_battery, homes.battery_start_kwh[rows], 0.0)
    possible &= (floor[:, 0] <= start + SLACK) & ~(floor > ceiling + SLACK).any(axis=1)
    least = np.maximum(binding.least_kw, need - solar - discharge - plug_give)
    most = np.minimum(binding.most_kw, need + charge + plug_in)
    least = np.where(binding.fixed, binding.target_kw, least)
    most = np.where(binding.fixed, binding.target_kw, most)
    possible &= ~(least > most + SLACK).any(axis=1)
    cycle = _cycle_windows(homes)
    return Forms(
        step_h=h,
        need_kw=np.ascontiguousarray(need),
        solar_kw=np.ascontiguousarray(solar),
        least_kw=least,
        most_kw=np.maximum(most, least),
        buy=homes.import_usd_per_kwh[rows],
        sell=homes.export_usd_per_kwh[rows],
        charge_kw=charge,
        discharge_kw=discharge,
        drift_kwh=drift,
        drawn_kwh=drawn,
        floor_kwh=floor,
        ceiling_kwh=np.maximum(ceiling, floor),
        start_kwh=start,
        into=into[:, 0].copy(),
        out=out[:, 0].copy(),
        wear=homes.battery_wear_usd_per_kwh[rows],
        plug_in_kw=plug_in,
        plug_out_kw=plug_give,
        plug_drift_kwh=plug_drift,
        plug_into=plug_into[:, 0].copy(),
        plug_out=plug_out[:, 0].copy(),
        plug_capacity_kwh=homes.vehicle_capacity_kwh[rows],
        session_offset=session_offset,
        session=session,
        session_kwh=session_kwh,
        cycle=cycle,
        cycle_group=homes.cycle_group[rows],
        cycle_kwh=homes.cycle_limit_kwh[rows],
        possible=possible,
    )


def _lowest_kwh(homes: HomeBatch, rows: Ints, base: ScheduleBatch | None) -> Floats:
    """Least battery energy at each instant, before promises and the end of the day, shape (m, T + 1) [kWh]."""
    floor = np.repeat(homes.battery_floor_kwh[rows, None], homes.periods + 1, axis=1)
    if base is not None:
        operator = np.minimum(homes.operator_reserve_kwh[rows, None], base.battery_soc_kwh[rows])
        floor[:, 1:] = np.maximum(floor[:, 1:], operator)
    return floor


def _sessions(homes: HomeBatch, rows: Ints, base: ScheduleBatch | None) -> tuple[Ints, Ints, Floats]:
    """Offsets of each home's sessions, their intervals, and their energies: start, least within, least at the end."""
    counts = np.diff(homes.session_offset)[rows]
    offset = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
    owner = np.repeat(np.arange(len(rows)), counts)
    at = homes.session_offset[rows][owner] + np.arange(len(owner)) - offset[:-1][owner]
    first, stop = homes.session_first[at], homes.session_stop[at]
    start, required = homes.session_start_kwh[at], homes.session_required_kwh[at]
    if base is not None:
        required = np.maximum(required, base.vehicle_soc_kwh[rows[owner], stop - 1])
    lowest = np.minimum(homes.vehicle_floor_kwh[rows][owner], start)
    return offset, np.column_stack([first, stop]), np.column_stack([start, lowest, required])


def _plugged(offset: Ints, session: Ints, shape: tuple[int, int]) -> Bools:
    plugged = np.zeros((shape[0], shape[1] + 1), dtype=np.int64)
    owner = np.repeat(np.arange(shape[0]), np.diff(offset))
    np.add.at(plugged, (owner, session[:, 0]), 1)
    np.add.at(plugged, (owner, session[:, 1]), -1)
    return np.asarray(np.cumsum(plugged, axis=1)[:, :-1] > 0)


def _cycle_windows(homes: HomeBatch) -> Ints:
    most = max((len(windows) for windows in homes.cycle_windows), default=0)
    padded = np.zeros((max(len(homes.cycle_windows), 1), most, 2), dtype=np.int64)
    for group, windows in enumerate(homes.cycle_windows):
        for k, span in enumerate(windows):
            padded[group, k] = span
    return padded
