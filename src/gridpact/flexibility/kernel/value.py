"""Dynamic programming over convex piecewise-linear value functions of the battery's energy.

V_t(e) is the least cost of intervals t.. from energy e: V_t(e) = min over x of F_t(x) + V_{t+1}(e + x), an infimal
convolution, which merges the sorted slopes of V_{t+1} with the mirrored slopes of F_t. Only slopes and widths are kept;
costs are summed on the way forward. See Bemporad, Borrelli and Morari (2003) for value functions of this kind.
"""

import numpy as np

from gridpact.flexibility.home import Floats
from gridpact.flexibility.kernel.arrays import SEGMENTS, Home, Work, compiled
from gridpact.flexibility.kernel.interval import price_interval, read_interval

ROOM = 1e-9
"""How far rounding may carry an energy outside its limits [kWh]."""


@compiled
def end_value(home: Home, work: Work, periods: int) -> None:
    """The value of energy after the last interval: none, within its limits."""
    pieces = (SEGMENTS - 2) * periods + SEGMENTS
    work.begin[periods] = periods * pieces
    work.length[periods] = 1
    work.low[periods] = home.floor_kwh[periods]
    work.top[periods] = home.ceiling_kwh[periods]
    work.slope[periods * pieces] = 0.0
    work.width[periods * pieces] = home.ceiling_kwh[periods] - home.floor_kwh[periods]


@compiled
def step_back(home: Home, work: Work, t: int, pieces: int) -> bool:
    """Make V_t from V_{t+1} and F_t; false if no energy at instant ``t`` leads on."""
    o, n = t * SEGMENTS, work.f_count[t]
    i, stop = work.begin[t + 1], work.begin[t + 1] + work.length[t + 1]
    reach = 0.0
    for j in range(o, o + n):
        reach += work.f_width[j]
    low = work.low[t + 1] - work.f_low[t] - reach
    top = work.top[t + 1] - work.f_low[t]
    floor, ceiling = home.floor_kwh[t], home.ceiling_kwh[t]
    if top < floor:
        if top < floor - ROOM:
            return False
        floor = top
    if low > ceiling:
        if low > ceiling + ROOM:
            return False
        ceiling = low
    first = t * pieces
    k = first
    for j in range(o + n - 1, o - 1, -1):
        s, w = -work.f_slope[j], work.f_width[j]
        while i < stop and work.slope[i] <= s:
            work.slope[k] = work.slope[i]
            work.width[k] = work.width[i]
            k += 1
            i += 1
        if k > first and work.slope[k - 1] == s:
            work.width[k - 1] += w
        else:
            work.slope[k] = s
            work.width[k] = w
            k += 1
    while i < stop:
        work.slope[k] = work.slope[i]
        work.width[k] = work.width[i]
        k += 1
        i += 1
    cut = floor - low
    if cut > 0.0:
        while first < k and work.width[first] <= cut:
            cut -= work.width[first]
            first += 1
        if first < k:
            work.width[first] -= cut
        low = floor
    cut = top - ceiling
    if cut > 0.0:
        while k > first and work.width[k - 1] <= cut:
            cut -= work.width[k - 1]
            k -= 1
        if k > first:
            work.width[k - 1] -= cut
        top = ceiling
    work.begin[t] = first
    work.length[t] = k - first
    work.low[t] = low
    work.top[t] = top
    return True


@compiled
def step_forward(work: Work, t: int, energy: float) -> tuple[float, float]:
    """Energy gained in interval ``t`` from ``energy`` on an optimal path, and the interval's cost."""
    o = t * SEGMENTS
    j, last = o, o + work.f_count[t]
    i, stop = work.begin[t + 1], work.begin[t + 1] + work.length[t + 1]
    x, cost = work.f_low[t], work.f_cost[t]
    used = 0.0
    left = 0.0
    low = work.low[t + 1]
    if energy + x < low:
        short = low - energy - x
        while j < last and short >= work.f_width[j]:
            short -= work.f_width[j]
            x += work.f_width[j]
            cost += work.f_width[j] * work.f_slope[j]
            j += 1
        if j < last:
            used = short
            x += short
            cost += short * work.f_slope[j]
        if i < stop:
            left = work.width[i]
    else:
        past = energy + x - low
        while i < stop and work.width[i] <= past:
            past -= work.width[i]
            i += 1
        if i < stop:
            left = work.width[i] - past
    if j >= last:
        return x, cost
    free = work.f_width[j] - used
    while i < stop and work.f_slope[j] + work.slope[i] < 0.0:
        if free <= left:
            x += free
            cost += free * work.f_slope[j]
            left -= free
            j += 1
            if j >= last:
                break
            free = work.f_width[j]
        else:
            x += left
            cost += left * work.f_slope[j]
            free -= left
            i += 1
            if i < stop:
                left = work.width[i]
    return x, cost


@compiled
def solve_storage(home: Home, work: Work, tie: float, late: Floats, fresh: bool, column: int) -> float:
    """The battery's best plan at the current multipliers, written into plan ``column``; its cost, NaN if there is none.

    ``fresh`` false: only intervals whose multipliers changed since the last call, and those before them, are redone.
    """
    periods = len(home.need_kw)
    pieces = (SEGMENTS - 2) * periods + SEGMENTS
    last = periods - 1
    if fresh:
        end_value(home, work, periods)
    else:
        last = -1
    for t in range(periods):
        if (
            fresh
            or (work.water[t] != work.water_before[t] and (home.plug_in_kw[t] > 0.0 or home.plug_out_kw[t] > 0.0))
            or work.extra_wear[t] != work.wear_before[t]
        ):
            if not price_interval(home, work, t, tie, late[t]):
                return np.nan
            work.water_before[t] = work.water[t]
            work.wear_before[t] = work.extra_wear[t]
            if t > last:
                last = t
    for t in range(last, 0, -1):
        if not step_back(home, work, t, pieces):
            return np.nan
    energy, total = home.start_kwh, 0.0
    for t in range(periods):
        x, cost = step_forward(work, t, energy)
        energy += x
        total += cost
        if energy > work.top[t + 1] + ROOM or energy < work.low[t + 1] - ROOM:
            return np.nan
        read_interval(home, work, t, x, column)
    return total
