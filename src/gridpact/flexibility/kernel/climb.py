"""A home's cost at rising quantities: the ladder that a cost curve is made of."""

import numpy as np

from gridpact.flexibility.home import Floats
from gridpact.flexibility.kernel.arrays import ONE, ZERO, Home, Work
from gridpact.flexibility.kernel.compiling import compiled, whole
from gridpact.flexibility.kernel.levels import (
    ANEW,
    LOST,
    is_shared,
    keep_given,
    price_between,
    price_level,
    promise,
    sweep_day,
)
from gridpact.flexibility.kernel.mixes import ANYWHERE, NOWHERE, mixes_fit
from gridpact.flexibility.kernel.reach import (
    most_coupled_kw,
    most_energy_kw,
    most_reserve_kw,
    most_shared_kw,
    vehicle_keeps_up,
)
from gridpact.flexibility.kernel.sweep import leaves_no_choice

UNSURE, SURE = whole(0), whole(1)
STRAIGHT_USD = 1e-10
"""A middle this close to the line of its ends shows that the cost, which is convex, is that line [USD]."""


@compiled
def _whole_watts(quantity_kw: float) -> float:
    return float(np.floor(quantity_kw * 1000.0 + 1e-6) / 1000.0)


@compiled
def _price_levels(
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
    below_battery_kw: Floats,
    below_vehicle_kw: Floats,
    count: int,
    both_sides: bool,
    shared: bool,
    quantity_kw: Floats,
    total_usd: Floats,
) -> int:
    """Write the costs of ``count`` levels, see `climb`, and whether they are sure.

    The top comes first, and without a cost at zero that too; then halves, until a middle lies on the line of its ends.
    ``both_sides``: from value functions on both sides of the window, made once. ``shared``: see `price_shared`.
    """
    turned, low_kwh, high_kwh, worth, fixed, begin = ANYWHERE, 0.0, 0.0, 0.0, 0.0, ZERO
    if both_sides:
        top_kw, begin = quantity_kw[count - 1], first
        turned, low_kwh, high_kwh, worth, fixed = sweep_day(home, work, late, first, stop, reserve, top_kw)
        if turned == ANYWHERE:
            return UNSURE
    plain = turned == NOWHERE and not reserve and leaves_no_choice(home, first, stop)
    if turned != NOWHERE:
        keep_given(home, work.ladder, begin, below_battery_kw, below_vehicle_kw)
    opened, pending = ANEW, work.ladder.pending
    parts = ANEW if shared else LOST
    top_due, zero_due = count > 1, np.isnan(total_usd[0])
    pending[0, 0], pending[0, 1], waiting = 0, count - 1, min(count - 1, ONE)
    while top_due or zero_due or waiting > 0:
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
                if turned != NOWHERE and not mixes_fit(home, work.ladder, low, high, begin):
                    return UNSURE
                continue
        promise(home, work, first, stop, quantity_kw[level], reserve, energy_h, limited, stand)
        if both_sides:
            cost = price_between(home, work, late, first, stop, reserve, plain, level, turned, low_kwh, high_kwh, worth)
            total_usd[level] = cost + fixed
        else:
            total_usd[level], opened, parts = price_level(home, work, late, passes, first, stop, opened, parts, level)
        if np.isnan(total_usd[level]):
            return UNSURE
        if not halving:
            continue
        steep = (total_usd[high] - total_usd[low]) / (quantity_kw[high] - quantity_kw[low])
        line = total_usd[low] + steep * (quantity_kw[level] - quantity_kw[low])
        straight = abs(total_usd[level] - line) <= STRAIGHT_USD
        if straight and turned != NOWHERE:
            straight = mixes_fit(home, work.ladder, low, level, begin) and mixes_fit(
                home, work.ladder, level, high, begin
            )
        if straight:
            for k in range(low + 1, high):
                total_usd[k] = total_usd[low] + steep * (quantity_kw[k] - quantity_kw[low])
        else:
            pending[waiting, 0], pending[waiting, 1] = low, level
            pending[waiting + 1, 0], pending[waiting + 1, 1] = level, high
            waiting += 2
    return SURE


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
        coupled = home.cycle_kwh < 1e300 or not vehicle_keeps_up(home, first, stop)
        if coupled and top > 0.0:
            shared = most_shared_kw(home, work.ladder, first, stop, top) if home.cycle_kwh >= 1e300 else np.nan
            if np.isnan(shared):
                shared = most_coupled_kw(home, work, first, stop, top, late, passes)
            top = shared
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
    sure, shared = UNSURE, is_shared(home, reserve)
    for way in range(3):
        if way == 1 and not shared:
            continue
        total_usd[0] = below_usd
        sure = _price_levels(
            home,
            work,
            late,
            passes,
            first,
            stop,
            reserve,
            energy_h,
            limited,
            stand,
            below_battery_kw,
            below_vehicle_kw,
            count,
            way == 0,
            way == 1,
            quantity_kw,
            total_usd,
        )
        if sure == SURE:
            break
    return count, sure, top
