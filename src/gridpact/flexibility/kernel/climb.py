"""A home's cost at rising quantities: the ladder that a cost curve is made of."""

import numpy as np

from gridpact.flexibility.home import Floats
from gridpact.flexibility.kernel.arrays import ONE, ZERO, Home, Ladder, Mix, Work
from gridpact.flexibility.kernel.compiling import compiled, whole
from gridpact.flexibility.kernel.coupling import BOX, FITS_KWH
from gridpact.flexibility.kernel.reach import most_coupled_kw, most_energy_kw, most_reserve_kw
from gridpact.flexibility.kernel.respond import NEAR, SAME, respond
from gridpact.flexibility.kernel.value import end_value, mark

UNSURE, SURE = 0, 1
ANEW, LOST = whole(-1), whole(-2)
STRAIGHT_USD = 1e-10
"""A middle this close to the line of its ends shows that the cost, which is convex, is that line [USD]."""
FAINT = 1e-12
"""Tie-breaking price that keeps worthless energy still; too small to show in a cost [USD/kWh]."""


@compiled
def _whole_watts(quantity_kw: float) -> float:
    return float(np.floor(quantity_kw * 1000.0 + 1e-6) / 1000.0)


@compiled
def _promise(
    home: Home,
    work: Work,
    first: int,
    stop: int,
    q: float,
    reserve: bool,
    energy_h: float,
    limited: Floats,
    stand: Floats,
) -> None:
    """Bind the home to ``q`` in the window, and have what that changes redone."""
    ladder = work.ladder
    for t in range(first, stop):
        mark(work.prices, t)
        if not reserve:
            home.least_kw[t] = ladder.target_kw[t] - q
            home.most_kw[t] = ladder.target_kw[t] - q
        else:
            home.discharge_kw[t] = max(ladder.discharge_kw[t] - q, 0.0)
            if ladder.probe_least_kw[t] < ladder.target_kw[t]:
                home.least_kw[t] = min(max(ladder.probe_least_kw[t], limited[t] + q), home.most_kw[t])
    if reserve:
        for t in range(first, stop + 1):
            home.floor_kwh[t] = min(max(ladder.floor_kwh[t], stand[t] + q * energy_h), home.ceiling_kwh[t])
        if stop < len(home.need_kw):
            mark(work.prices, stop)
        else:
            end_value(home, work.values, stop)


@compiled
def _keep_level(mix: Mix, ladder: Ladder, level: int) -> None:
    for t in range(len(mix.battery_kw)):
        ladder.level_battery_kw[level, t] = mix.battery_kw[t]
        ladder.level_vehicle_kw[level, t] = mix.vehicle_kw[t]


@compiled
def _extra(one: float, other: float, into: float, out: float) -> float:
    """Most energy by which a mix of two powers of opposite sign stores more than the mix of what they store [per h]."""
    if one * other >= 0.0:
        return 0.0
    weight = one / (one - other)
    first = one * into if one > 0.0 else one / out
    second = other * into if other > 0.0 else other / out
    return -((1.0 - weight) * first + weight * second)


@compiled
def _mixes_fit(home: Home, ladder: Ladder, low: int, high: int) -> bool:
    """Whether every mean of two levels can be followed at the mean of their costs.

    In free intervals costs are convex in what is stored, so a mean of what is stored is a plan. Where net load is
    promised, devices that turn leave the mean fuller; the excess must fit under the ceiling for the rest of the day.
    """
    h = home.step_h
    excess, one, other = 0.0, home.start_kwh, home.start_kwh
    for t in range(len(home.need_kw)):
        a, b = ladder.level_battery_kw[low, t], ladder.level_battery_kw[high, t]
        one += (a * home.into if a > 0.0 else a / home.out) * h + home.drift_kwh[t]
        other += (b * home.into if b > 0.0 else b / home.out) * h + home.drift_kwh[t]
        if home.most_kw[t] - home.least_kw[t] <= 1e-9:
            excess += _extra(a, b, home.into, home.out) * h
        if excess > 0.0 and max(one, other) + excess > home.ceiling_kwh[t + 1] + FITS_KWH:
            return False
    for s in range(home.sessions):
        excess, one, other = 0.0, home.session_kwh[s, 0], home.session_kwh[s, 0]
        for t in range(home.session[s, 0], home.session[s, 1]):
            a, b = ladder.level_vehicle_kw[low, t], ladder.level_vehicle_kw[high, t]
            one += (a * home.plug_into if a > 0.0 else a / home.plug_out) * h + home.plug_drift_kwh[t]
            other += (b * home.plug_into if b > 0.0 else b / home.plug_out) * h + home.plug_drift_kwh[t]
            if home.most_kw[t] - home.least_kw[t] <= 1e-9 or home.plug_out_kw[t] > 0.0:
                excess += _extra(a, b, home.plug_into, home.plug_out) * h
            if excess > 0.0 and max(one, other) + excess > home.plug_capacity_kwh + FITS_KWH:
                return False
    return True


@compiled
def _price_level(
    home: Home,
    work: Work,
    late: Floats,
    passes: int,
    opened: int,
    first: int,
    stop: int,
    level: int,
    reserve: bool,
    energy_h: float,
    limited: Floats,
    stand: Floats,
    quantity_kw: Floats,
    total_usd: Floats,
) -> int:
    """Find the cost of one level; the rows that its answer leaves open, ``LOST`` where it is not certain.

    ``opened`` is what the level before returned, ``ANEW`` for the first one.
    """
    _promise(home, work, first, stop, quantity_kw[level], reserve, energy_h, limited, stand)
    box = NEAR if opened >= 0 else BOX
    bound, cost, _, rows = respond(home, work, FAINT, late, max(opened, ZERO), opened < 0, box, passes, SAME)
    if not (cost < 1e300 and cost - bound <= SAME * (1.0 + abs(cost))):
        return LOST
    for t in range(len(home.need_kw)):
        if work.costs.bent[t] != 0:
            return LOST
    total_usd[level] = cost
    _keep_level(work.mix, work.ladder, level)
    return rows


@compiled
def climb(
    home: Home,
    work: Work,
    late: Floats,
    passes: int,
    first: int,
    stop: int,
    reserve: bool,
    energy_h: float,
    limited: Floats,
    stand: Floats,
    most_kw: float,
    levels: int,
    below_usd: float,
    below_battery_kw: Floats,
    below_vehicle_kw: Floats,
    quantity_kw: Floats,
    total_usd: Floats,
) -> tuple[int, int, float]:
    """The least cost of each quantity: number of points, whether their line can be kept, exact largest quantity.

    Args:
        home: the home, bound by its earlier promises and by the ask at a quantity of zero; left bound to a level.
        work: scratch.
        late: how late each interval is.
        passes: most dynamic programs of one level.
        first: window start.
        stop: window end.
        reserve: power held rather than delivered.
        energy_h: battery energy per kW held [kWh per kW].
        limited: see `most_reserve_kw`, as for the next.
        stand: shape (T + 1,) [kWh].
        most_kw: limit of the quantity from rules alone [kW].
        levels: number of steps.
        below_usd: cost at a quantity of zero where that is the baseline's, NaN where promises make it something else.
        below_battery_kw: settings of the baseline where devices are not frozen, shape (T,) [kW].
        below_vehicle_kw: as ``below_battery_kw``.
        quantity_kw: written, shape (levels + 1,).
        total_usd: written, whole cost at each quantity, shape (levels + 1,).
    """
    for t in range(len(home.need_kw)):
        work.ladder.target_kw[t] = home.most_kw[t]
        work.ladder.discharge_kw[t] = home.discharge_kw[t]
        work.ladder.floor_kwh[t] = home.floor_kwh[t]
    work.ladder.floor_kwh[len(home.need_kw)] = home.floor_kwh[len(home.need_kw)]
    quantity_kw[0], total_usd[0] = 0.0, below_usd
    if reserve:
        top = most_reserve_kw(home, first, stop, most_kw, energy_h, limited, stand)
    else:
        top = most_energy_kw(home, work.ladder, first, stop, most_kw)
        if (home.sessions > 0 or home.cycle_kwh < 1e300) and top > 0.0:
            top = most_coupled_kw(home, work, first, stop, top, late, passes)
            if np.isnan(top):
                return 1, UNSURE, top
    for t in range(len(home.need_kw)):
        work.ladder.probe_least_kw[t] = home.least_kw[t]
    top = max(top, 0.0)
    count = ONE
    for k in range(1, levels + 1):
        q = _whole_watts(_whole_watts(top) * k / levels)
        if q > quantity_kw[count - 1]:
            quantity_kw[count] = q
            count += 1
    for t in range(len(home.need_kw)):
        work.ladder.level_battery_kw[0, t] = below_battery_kw[t]
        work.ladder.level_vehicle_kw[0, t] = below_vehicle_kw[t]
    # The top first, and without a cost at zero that too; then halves, until a middle lies on the line of its ends.
    opened, pending = ANEW, work.ladder.pending
    top_due, zero_due = count > 1, np.isnan(below_usd)
    pending[0, 0], pending[0, 1], waiting = 0, count - 1, min(count - 1, ONE)
    while opened != LOST and (top_due or zero_due or waiting > 0):
        low, high, halving = ZERO, ZERO, False
        if top_due:
            level, top_due = count - 1, False
        elif zero_due:
            level, zero_due = ZERO, False
        else:
            waiting -= 1
            low, high = pending[waiting, 0], pending[waiting, 1]
            level, halving = (low + high) // 2, True
            if high - low == 1:
                if not _mixes_fit(home, work.ladder, low, high):
                    opened = LOST
                continue
        opened = _price_level(
            home,
            work,
            late,
            passes,
            opened,
            first,
            stop,
            level,
            reserve,
            energy_h,
            limited,
            stand,
            quantity_kw,
            total_usd,
        )
        if opened == LOST or not halving:
            continue
        steep = (total_usd[high] - total_usd[low]) / (quantity_kw[high] - quantity_kw[low])
        line = total_usd[low] + steep * (quantity_kw[level] - quantity_kw[low])
        straight = abs(total_usd[level] - line) <= STRAIGHT_USD
        if straight and _mixes_fit(home, work.ladder, low, level) and _mixes_fit(home, work.ladder, level, high):
            for k in range(low + 1, high):
                total_usd[k] = total_usd[low] + steep * (quantity_kw[k] - quantity_kw[low])
        else:
            pending[waiting, 0], pending[waiting, 1] = low, level
            pending[waiting + 1, 0], pending[waiting + 1, 1] = level, high
            waiting += 2
    return count, UNSURE if opened == LOST else SURE, top
