"""Dynamic programming over convex piecewise-linear value functions of the battery's energy.

V_t(e) is the least cost of intervals t.. from energy e: V_t(e) = min over x of F_t(x) + V_{t+1}(e + x), an infimal
convolution, which merges the sorted slopes of V_{t+1} with the mirrored slopes of F_t. Only slopes and widths are kept;
costs are summed on the way forward. See Bemporad, Borrelli and Morari (2003) for value functions of this kind.
"""

import numpy as np

from gridpact.flexibility.home import Floats
from gridpact.flexibility.kernel.arrays import NO, SEGMENTS, YES, Costs, Home, Prices, Values, Work
from gridpact.flexibility.kernel.compiling import compiled, forced
from gridpact.flexibility.kernel.interval import price_interval, read_interval

ROOM = 1e-9
"""How far rounding may carry an energy outside its limits [kWh]."""


@forced
def end_value(home: Home, values: Values, periods: int) -> None:
    """The value of energy after the last interval: none, within its limits."""
    values.begin[periods], values.length[periods] = 0, 1
    values.low[periods] = home.floor_kwh[periods]
    values.top[periods] = home.ceiling_kwh[periods]
    values.cost[periods], values.low_gain[periods] = 0.0, 0.0
    values.slope[0], values.gain[0] = 0.0, 0.0
    values.width[0] = home.ceiling_kwh[periods] - home.floor_kwh[periods]


@forced
def step_over(home: Home, values: Values, costs: Costs, t: int, back: bool, sums: bool) -> bool:
    """Make V_t from V_{t+1} and F_t; or, not ``back``, U_{t+1} from U_t, the least cost of reaching instant t.

    ``sums``: keep the function's value at its lowest energy and what the vehicle gains, too. False if no energy leads
    on.
    """
    o, n = t * SEGMENTS, costs.pieces[t]
    here, there = (t + 1, t) if back else (t, t + 1)
    i, stop = values.begin[here], values.begin[here] + values.length[here]
    reach, cost, gain = 0.0, 0.0, 0.0
    for j in range(o, o + n):
        reach += costs.width[j]
        if sums and back:
            cost += costs.width[j] * costs.slope[j]
            gain += costs.width[j] * costs.gain[j]
    if sums:
        cost += values.cost[here] + costs.cost[t]
        gain += values.low_gain[here] + costs.low_gain[t]
    low = values.low[here] - costs.low[t] - reach if back else values.low[here] + costs.low[t]
    top = values.top[here] - costs.low[t] if back else values.top[here] + costs.low[t] + reach
    floor, ceiling = home.floor_kwh[there], home.ceiling_kwh[there]
    if top < floor:
        if top < floor - ROOM:
            return False
        floor = top
    if low > ceiling:
        if low > ceiling + ROOM:
            return False
        ceiling = low
    first = stop
    k = first
    for c in range(n):
        j = o + n - 1 - c if back else o + c
        s, w = -costs.slope[j] if back else costs.slope[j], costs.width[j]
        g = -costs.gain[j] if back else costs.gain[j]
        while i < stop and values.slope[i] <= s:
            values.slope[k] = values.slope[i]
            values.width[k] = values.width[i]
            if sums:
                values.gain[k] = values.gain[i]
            k += 1
            i += 1
        if k > first and values.slope[k - 1] == s and (not sums or values.gain[k - 1] == g):
            values.width[k - 1] += w
        else:
            values.slope[k] = s
            values.width[k] = w
            if sums:
                values.gain[k] = g
            k += 1
    while i < stop:
        values.slope[k] = values.slope[i]
        values.width[k] = values.width[i]
        if sums:
            values.gain[k] = values.gain[i]
        k += 1
        i += 1
    cut = floor - low
    if cut > 0.0:
        while first < k and values.width[first] <= cut:
            cut -= values.width[first]
            if sums:
                cost += values.width[first] * values.slope[first]
                gain += values.width[first] * values.gain[first]
            first += 1
        if first < k:
            values.width[first] -= cut
            if sums:
                cost += cut * values.slope[first]
                gain += cut * values.gain[first]
        low = floor
    cut = top - ceiling
    if cut > 0.0:
        while k > first and values.width[k - 1] <= cut:
            cut -= values.width[k - 1]
            k -= 1
        if k > first:
            values.width[k - 1] -= cut
        top = ceiling
    values.begin[there] = first
    values.length[there] = k - first
    values.low[there] = low
    values.top[there] = top
    if sums:
        values.cost[there], values.low_gain[there] = cost, gain
    return True


@forced
def step_forward(values: Values, costs: Costs, t: int, energy: float) -> tuple[float, float]:
    """Energy gained in interval ``t`` from ``energy`` on an optimal path, and the interval's cost."""
    o = t * SEGMENTS
    j, last = o, o + costs.pieces[t]
    i, stop = values.begin[t + 1], values.begin[t + 1] + values.length[t + 1]
    x, cost = costs.low[t], costs.cost[t]
    used = 0.0
    left = 0.0
    low = values.low[t + 1]
    if energy + x < low:
        short = low - energy - x
        while j < last and short >= costs.width[j]:
            short -= costs.width[j]
            x += costs.width[j]
            cost += costs.width[j] * costs.slope[j]
            j += 1
        if j < last:
            used = short
            x += short
            cost += short * costs.slope[j]
        if i < stop:
            left = values.width[i]
    else:
        past = energy + x - low
        while i < stop and values.width[i] <= past:
            past -= values.width[i]
            i += 1
        if i < stop:
            left = values.width[i] - past
    if j >= last:
        return x, cost
    free = costs.width[j] - used
    while i < stop and costs.slope[j] + values.slope[i] < 0.0:
        if free <= left:
            x += free
            cost += free * costs.slope[j]
            left -= free
            j += 1
            if j >= last:
                break
            free = costs.width[j]
        else:
            x += left
            cost += left * costs.slope[j]
            free -= left
            i += 1
            if i < stop:
                left = values.width[i]
    return x, cost


@forced
def step_back(past: Values, costs: Costs, t: int, energy: float) -> float:
    """Energy gained in interval ``t`` on a cheapest path that has ``energy`` after it; ``past`` are least costs U."""
    o = t * SEGMENTS
    j, last = o, o + costs.pieces[t]
    i, stop = past.begin[t], past.begin[t] + past.length[t]
    x, ahead = costs.low[t], energy - past.low[t] - costs.low[t]
    while ahead > 0.0 and j < last:
        if i < stop and past.slope[i] <= costs.slope[j]:
            ahead -= past.width[i]
            i += 1
        else:
            x += min(costs.width[j], ahead)
            ahead -= costs.width[j]
            j += 1
    return float(x)


@forced
def mark(prices: Prices, t: int) -> None:
    """Have interval ``t`` redone: something else than its multipliers changed."""
    prices.wear_before[t] = np.nan


@compiled
def solve_storage(home: Home, work: Work, tie: float, late: Floats, fresh: bool, column: int) -> float:
    """The battery's best plan at the current multipliers, written into plan ``column``; its cost, NaN if there is none.

    ``fresh`` false: only intervals whose multipliers changed since the last call (`mark` makes it so), and those before
    them, are redone.
    """
    prices = work.prices
    periods = len(home.need_kw)
    last = periods - 1
    if fresh:
        end_value(home, work.values, periods)
    else:
        last = -1
    for t in range(periods):
        if (
            fresh
            or (prices.water[t] != prices.water_before[t] and (home.plug_in_kw[t] > 0.0 or home.plug_out_kw[t] > 0.0))
            or prices.extra_wear[t] != prices.wear_before[t]
        ):
            if not price_interval(
                home,
                work.costs,
                work.supply,
                t,
                tie,
                late[t],
                prices.water[t],
                prices.extra_wear[t],
            ):
                return np.nan
            prices.water_before[t] = prices.water[t]
            prices.wear_before[t] = prices.extra_wear[t]
            if t > last:
                last = t
    for t in range(last, 0, -1):
        if not step_over(home, work.values, work.costs, t, YES, NO):
            return np.nan
    energy, total = home.start_kwh, 0.0
    for t in range(periods):
        x, cost = step_forward(work.values, work.costs, t, energy)
        energy += x
        total += cost
        if energy > work.values.top[t + 1] + ROOM or energy < work.values.low[t + 1] - ROOM:
            return np.nan
        read_interval(home, work.supply, work.plans, t, x, column)
    return total
