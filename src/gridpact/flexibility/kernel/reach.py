"""How much a home could promise at most, whatever it costs."""

import numpy as np

from gridpact.flexibility.home import Floats
from gridpact.flexibility.kernel.arrays import YES, ZERO, Home, Ladder, Work
from gridpact.flexibility.kernel.compiling import compiled, inlined
from gridpact.flexibility.kernel.coupling import BOX
from gridpact.flexibility.kernel.respond import respond

DONE_KWH = 1e-12
STEPS = 60
NO_KWH = 1e-11
"""A shortfall below this is none [kWh]."""
TIGHT_KWH = 1e-9
"""A bound of the shortfall this near to what a plan misses is the shortfall [kWh]."""
THRIFT = 1e-4
"""Price of energy through a device that keeps plans from wasting it, where a kWh missed costs one [per kWh]."""


@compiled
def _stored(home: Home, y_kw: float) -> float:
    return float(y_kw * home.into if y_kw > 0.0 else y_kw / home.out) * home.step_h


@compiled
def _fullest(home: Home, t: int) -> float:
    """Most power into the battery in interval ``t`` with all the sun used and the vehicle giving what it can [kW]."""
    room = home.most_kw[t] - home.need_kw[t] + home.solar_kw[t] + home.plug_out_kw[t]
    return float(min(home.charge_kw[t], room))


@compiled
def least_energy(home: Home, ladder: Ladder) -> None:
    """Least battery energy at each instant from which the rest of the day can be kept, into ``ladder``."""
    n = len(home.need_kw)
    ladder.energy_kwh[n] = home.floor_kwh[n]
    for t in range(n - 1, -1, -1):
        need = ladder.energy_kwh[t + 1] - _stored(home, _fullest(home, t)) - home.drift_kwh[t]
        ladder.energy_kwh[t] = max(need, home.floor_kwh[t])


@compiled
def most_energy_kw(home: Home, ladder: Ladder, first: int, stop: int, most_kw: float) -> float:
    """Largest constant delivery through the window that battery and power limits allow; below zero if none [kW].

    Exact without a vehicle and cycle limits, otherwise an upper limit (the vehicle gives its full power for nothing).
    The fullest path of the battery is concave and falling in the quantity, so Newton's method from above ends on the
    answer. The window's promised net load is read from ``most_kw`` of the home, at a quantity of zero.
    """
    least_energy(home, ladder)
    q = most_kw
    for t in range(first, stop):
        sources = home.solar_kw[t] + home.plug_out_kw[t] + home.discharge_kw[t]
        q = min(q, home.most_kw[t] - home.need_kw[t] + sources)
    start = home.start_kwh
    for t in range(first):
        start = min(home.ceiling_kwh[t + 1], start + _stored(home, _fullest(home, t)) + home.drift_kwh[t])
    for _ in range(STEPS):
        energy, falls = start, 0.0
        step = 0.0
        for t in range(first, stop):
            room = home.most_kw[t] - q - home.need_kw[t] + home.solar_kw[t] + home.plug_out_kw[t]
            y = min(home.charge_kw[t], room)
            energy += _stored(home, y) + home.drift_kwh[t]
            if y > 0.0:
                falls += home.into * home.step_h if room <= home.charge_kw[t] else 0.0
            else:
                falls += home.step_h / home.out
            if energy > home.ceiling_kwh[t + 1]:
                energy, falls = home.ceiling_kwh[t + 1], 0.0
            least = ladder.energy_kwh[t + 1] if t + 1 == stop else home.floor_kwh[t + 1]
            if energy < least - DONE_KWH:
                if falls <= 0.0:
                    return -1.0
                step = max(step, (least - energy) / falls)
        if step <= 0.0:
            break
        q -= step
    return float(q)


@compiled
def most_reserve_kw(
    home: Home, first: int, stop: int, most_kw: float, energy_h: float, limited: Floats, stand: Floats
) -> float:
    """As `most_energy_kw` for power held: headroom, and energy above the floor at the window's instants.

    Args:
        home: the home, with nothing held for this ask yet.
        first: window start.
        stop: window end.
        most_kw: limit from rules alone.
        energy_h: battery energy that each kW held needs [kWh per kW].
        limited: least net load on which the held power comes on top, -inf where there is none, shape (T,) [kW].
        stand: battery energy on which that of the held power comes on top, shape (T + 1,) [kWh].
    """
    r = most_kw
    energy = home.start_kwh
    for t in range(stop):
        if t >= first:
            r = min(r, (energy - stand[t]) / energy_h if energy_h > 0.0 else r)
            r = min(r, home.discharge_kw[t], _fullest(home, t) + home.discharge_kw[t])
            if limited[t] > -1e300:
                highest = min(home.most_kw[t], home.need_kw[t] + home.charge_kw[t] + home.plug_in_kw[t])
                r = min(r, highest - limited[t])
        energy = min(home.ceiling_kwh[t + 1], energy + _stored(home, _fullest(home, t)) + home.drift_kwh[t])
        if t >= first:
            r = min(r, (energy - stand[t + 1]) / energy_h if energy_h > 0.0 else r)
    return float(r)


@compiled
def vehicle_keeps_up(home: Home, first: int, stop: int) -> bool:
    """Whether the vehicle can do what `most_energy_kw` takes for granted, so that its answer is exact.

    That is to give its full power through the window, nothing where net load is promised otherwise, and to be full
    enough all the same. In other intervals it charges without being in the battery's way.
    """
    h = home.step_h
    for s in range(home.sessions):
        energy, least = home.session_kwh[s, 0], home.session_kwh[s, 1]
        for t in range(home.session[s, 0], home.session[s, 1]):
            energy += home.plug_drift_kwh[t]
            if first <= t < stop:
                energy -= home.plug_out_kw[t] / home.plug_out * h
            elif home.most_kw[t] >= home.need_kw[t] + home.charge_kw[t] + home.plug_in_kw[t] - DONE_KWH:
                energy = max(energy, min(energy + home.plug_in_kw[t] * home.plug_into * h, home.plug_capacity_kwh))
            elif home.plug_out_kw[t] > 0.0:
                return False
            if energy < least or energy > home.plug_capacity_kwh:
                return False
        if energy < home.session_kwh[s, 2]:
            return False
    return True


@compiled
def _in_the_way(home: Home, t: int) -> bool:
    """Whether battery and vehicle cannot both fill at full power in interval ``t``."""
    return bool(home.most_kw[t] < home.need_kw[t] + home.charge_kw[t] + home.plug_in_kw[t] - DONE_KWH)


@compiled
def most_shared_kw(home: Home, ladder: Ladder, first: int, stop: int, top_kw: float) -> float:
    """As `most_coupled_kw` where battery and vehicle only give in the window; NaN where that is not sure [kW].

    Both come to the window as full as can be and leave it as empty as the rest of the day allows, without being in each
    other's way. What they can give between them then bounds what the window takes. That is also enough if each has
    enough for what the other's power does not cover. ``ladder`` holds the battery's least energies and ``top_kw`` what
    comes of them, see `most_energy_kw`.
    """
    if home.sessions != 1:
        return float("nan")
    h, begin, end = home.step_h, home.session[0, 0], home.session[0, 1]
    full, floor, energy = home.session_kwh[0, 0], home.session_kwh[0, 1], home.start_kwh
    for t in range(max(stop, end)):
        within = begin <= t < end
        if within and not first <= t < stop:
            if _in_the_way(home, t):
                return float("nan")
            gain = home.plug_in_kw[t] * home.plug_into * h + home.plug_drift_kwh[t]
            full = min(full + gain, home.plug_capacity_kwh) if t < first else full
        elif within and (home.plug_out_kw[t] <= 0.0 or home.plug_drift_kwh[t] != 0.0):
            return float("nan")
        if t < first:
            energy = min(home.ceiling_kwh[t + 1], energy + _stored(home, _fullest(home, t)) + home.drift_kwh[t])
        elif t < stop and (
            home.drift_kwh[t] != 0.0
            or home.ceiling_kwh[t + 1] < energy
            or home.floor_kwh[t + 1] > ladder.energy_kwh[stop]
        ):
            return float("nan")
        if full < floor:
            return float("nan")
    least = max(home.session_kwh[0, 2], floor)
    for t in range(end - 1, stop - 1, -1):
        gain = home.plug_in_kw[t] * home.plug_into * h + home.plug_drift_kwh[t]
        least = max(least - gain, floor)
    battery_kwh, vehicle_kwh = (energy - ladder.energy_kwh[stop]) * home.out, (full - least) * home.plug_out
    asked, battery_most, vehicle_most = 0.0, 0.0, 0.0
    for t in range(first, stop):
        asked += (home.need_kw[t] - home.solar_kw[t] - home.most_kw[t]) * h
        battery_most += home.discharge_kw[t] * h
        vehicle_most += home.plug_out_kw[t] * h
    given = min(battery_kwh + vehicle_kwh, battery_kwh + vehicle_most, battery_most + vehicle_kwh)
    q = min(top_kw, (given - asked) / ((stop - first) * h))
    for t in range(first, stop):
        power = q + home.need_kw[t] - home.solar_kw[t] - home.most_kw[t]
        if power < 0.0 or power > home.discharge_kw[t] + home.plug_out_kw[t] + DONE_KWH:
            return float("nan")
        battery_kwh -= max(power - home.plug_out_kw[t], 0.0) * h
        vehicle_kwh -= max(power - home.discharge_kw[t], 0.0) * h
    return float(q) if q > 0.0 and min(battery_kwh, vehicle_kwh) >= -TIGHT_KWH else float("nan")


@inlined
def shortfall_kwh(
    home: Home, work: Work, first: int, stop: int, q: float, late: Floats, passes: int
) -> tuple[float, bool]:
    """Least energy by which the home misses delivering ``q`` in the window: a lower bound, and whether it is tight.

    The bound is NaN if it is unknown [kWh].

    Net load above the promise costs one per kWh and everything else nothing, so that the best response measures it.
    """
    nothing = work.ladder.nothing
    for t in range(len(home.need_kw)):
        work.ladder.probe_need_kw[t] = home.need_kw[t]
        work.ladder.probe_least_kw[t] = home.least_kw[t]
        work.ladder.probe_most_kw[t] = home.most_kw[t]
        work.ladder.probe_buy[t] = 0.0
        if first <= t < stop:
            work.ladder.probe_need_kw[t] -= work.ladder.target_kw[t] - q
            work.ladder.probe_least_kw[t] = 0.0
            most = work.ladder.probe_need_kw[t] + home.charge_kw[t] + home.plug_in_kw[t]
            work.ladder.probe_most_kw[t] = max(most, 0.0)
            work.ladder.probe_buy[t] = 1.0
    probe = Home(
        home.step_h,
        work.ladder.probe_need_kw,
        home.solar_kw,
        work.ladder.probe_least_kw,
        work.ladder.probe_most_kw,
        work.ladder.probe_buy,
        nothing,
        home.charge_kw,
        home.discharge_kw,
        home.drift_kwh,
        home.drawn_kwh,
        home.floor_kwh,
        home.ceiling_kwh,
        home.start_kwh,
        home.into,
        home.out,
        0.0,
        home.plug_in_kw,
        home.plug_out_kw,
        home.plug_drift_kwh,
        home.plug_into,
        home.plug_out,
        home.plug_capacity_kwh,
        home.session,
        home.session_kwh,
        home.sessions,
        home.cycle,
        home.cycle_kwh,
    )
    bound, cost, used, _ = respond(probe, work, 0.0, late, ZERO, nothing, nothing, YES, BOX, passes, 1e-13)
    if used >= passes or np.isnan(bound):
        return float("nan"), False
    bound = max(bound, 0.0)
    if cost - bound > TIGHT_KWH:
        # Energy costs nothing here, and a mix of plans that waste it may not fit; a little price makes them not waste.
        _, cost, used, _ = respond(probe, work, THRIFT, late, ZERO, nothing, nothing, YES, BOX, passes, 1e-13)
    return float(bound), bool(cost - bound <= TIGHT_KWH)


@inlined
def most_coupled_kw(home: Home, work: Work, first: int, stop: int, top_kw: float, late: Floats, passes: int) -> float:
    """Largest delivery at most ``top_kw`` with the vehicle's energy and cycle limits counted; NaN if unknown [kW].

    The shortfall is convex in the quantity and at most the window's length steep, so the secant from above ends on it.
    A secant through a lower bound that is not tight could lead too far; from there the steepest slope leads on.
    """
    steepest = (stop - first) * home.step_h
    upper, missed, was_tight = top_kw, 0.0, False
    q = top_kw
    for step in range(STEPS):
        now, tight = shortfall_kwh(home, work, first, stop, q, late, passes)
        if np.isnan(now):
            return float("nan")
        if now <= NO_KWH:
            return float(q) if tight else float("nan")
        if q <= 0.0:
            return 0.0
        steep = steepest
        if step > 0 and tight and was_tight:
            steep = (missed - now) / (upper - q)
            if steep <= 1e-9:
                return float("nan")
        upper, missed, was_tight = q, now, tight
        q = max(q - now / steep, 0.0)
        if q >= upper - 1e-12:
            return float(upper)
    return float("nan")
