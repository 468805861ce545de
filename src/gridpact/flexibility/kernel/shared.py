"""A level of a promise that a two-way vehicle shares: its answer from both sides of the window, part by part.

Where the vehicle runs empty within its session, that instant splits it into parts, each with a worth of its own. One
worth at a time is sought: two answers, one whose vehicle gains too little in the part and one whose gains too much, are
two lines above a concave function, which is highest where they cross or between. An answer there ends on their mix.
Whatever comes of it is checked as a plan; where it does not meet its bound, `respond` is asked.
"""

import numpy as np

from gridpact.flexibility.home import Floats
from gridpact.flexibility.kernel.arrays import NO, YES, Home, Mix, Plans, Rows, Values, Work
from gridpact.flexibility.kernel.compiling import compiled, inlined
from gridpact.flexibility.kernel.coupling import FITS_KWH, true_cost
from gridpact.flexibility.kernel.guess import NUDGE, top_up, worth_of_charge
from gridpact.flexibility.kernel.interval import price_interval, read_interval
from gridpact.flexibility.kernel.master import VEHICLE, measure
from gridpact.flexibility.kernel.sweep import meet
from gridpact.flexibility.kernel.value import ROOM, end_value, step_back, step_forward, step_over

FAINT = 1e-12
"""Tie-breaking price that keeps worthless energy still; too small to show in a cost [USD/kWh]."""
TRIES = 12
"""Most answers for one level."""
SAME_WORTH = 1e-10
"""Worths closer than this are one [USD/kWh]."""
EVEN_MORE = 0.01
"""Step past the last price there is [USD/kWh]."""
SPLITS = 6
"""Most parts of a session."""
EXACT_KWH = 1e-9
"""What the vehicle gains in a part is what it must within this [kWh]."""
EQUAL = 1e-9
"""See ``SAME`` of `respond`."""


@compiled
def solve_sides(home: Home, work: Work, tie: float, late: Floats, first: int, fresh: bool, column: int) -> float:
    """As `solve_storage`, by the least costs U up to instant ``first`` and the values V from it on."""
    prices, past, values, costs, supply = work.prices, work.past, work.values, work.costs, work.supply
    periods = len(home.need_kw)
    last, early = -1, first
    if fresh:
        end_value(home, values, periods)
        past.begin[0], past.length[0] = 0, 0
        past.low[0], past.top[0] = home.start_kwh, home.start_kwh
        past.cost[0], past.low_gain[0] = 0.0, 0.0
    for t in range(periods):
        plugged = home.plug_in_kw[t] > 0.0 or home.plug_out_kw[t] > 0.0
        if fresh or np.isnan(prices.wear_before[t]) or (plugged and prices.water[t] != prices.water_before[t]):
            if not price_interval(home, costs, supply, t, tie, late[t], prices.water[t], 0.0) or costs.bent[t] != 0:
                prices.wear_before[t] = np.nan
                return np.nan
            prices.water_before[t], prices.wear_before[t] = prices.water[t], 0.0
            if t >= first:
                last = t
            else:
                early = min(early, t)
    for t in range(last, first - 1, -1):
        if not step_over(home, values, costs, t, YES, YES):
            return np.nan
    for t in range(early, first):
        if not step_over(home, past, costs, t, NO, YES):
            return np.nan
    total, _, meeting = meet(past, values, first, first, 0.0, -np.inf, np.inf)
    if np.isnan(total):
        return np.nan
    energy = meeting
    for t in range(first - 1, -1, -1):
        x = step_back(past, costs, t, energy)
        energy -= x
        read_interval(home, supply, work.plans, t, x, column)
    energy = meeting
    for t in range(first, periods):
        x, _ = step_forward(values, costs, t, energy)
        energy += x
        read_interval(home, supply, work.plans, t, x, column)
    return total


@compiled
def _after(part: int, count: int) -> int:
    """The row that ends the part after that of row ``part``: instants come in order, and the departure, row 0, last."""
    return part + 1 if 0 < part < count - 1 else 0


@compiled
def spread_worths(home: Home, rows: Rows, water: Floats, count: int) -> float:
    """Worths, in ``theta``, as prices per interval and as ``aim`` of rows; the constant that they add to the bound."""
    for t in range(len(water)):
        water[t] = 0.0
    constant, begin, base = 0.0, rows.span[0, 1], 0.0
    row = min(1, count - 1)
    while True:
        worth = max(rows.theta[row] - NUDGE, 0.0)
        rows.aim[row] = rows.theta[row] if row == 0 else rows.theta[row] - rows.theta[_after(row, count)]
        constant += worth * (rows.low[row] - base)
        for t in range(begin, rows.span[row, 2]):
            water[t] = worth
            constant -= worth * home.plug_drift_kwh[t]
        begin, base = rows.span[row, 2], rows.low[row]
        if row == 0:
            return float(constant)
        row = _after(row, count)


@compiled
def off_part(rows: Rows, column: int, count: int) -> tuple[int, float]:
    """The first part in which a plan's vehicle does not gain what it must: its row, -1 for none, and the lack."""
    row, base, gained = min(1, count - 1), 0.0, 0.0
    while True:
        if row == 0 or rows.aim[row] > 0.0:
            lack = rows.low[row] - base - (rows.activity[row, column] - gained)
            if lack > EXACT_KWH or (lack < -EXACT_KWH and rows.theta[row] > 0.0):
                return row, lack
            base, gained = rows.low[row], rows.activity[row, column]
        if row == 0:
            return -1, 0.0
        row = _after(row, count)


@compiled
def set_worth(rows: Rows, row: int, count: int, worth: float) -> None:
    """Give the part that ends with ``row`` another worth; parts before it are worth no less, parts after it no more."""
    old, k = rows.theta[row], row
    for j in range(count):
        if rows.theta[j] != old and abs(rows.theta[j] - worth) < SAME_WORTH:
            worth = rows.theta[j]
    for j in range(row - 1 if row > 0 else count - 1, 0, -1):
        if rows.theta[j] <= max(worth, old):
            rows.theta[j] = worth if rows.theta[j] == old else max(rows.theta[j], worth)
    rows.theta[row] = worth
    while k != 0:
        k = _after(k, count)
        rows.theta[k] = min(rows.theta[k], worth)


@compiled
def part_of(rows: Rows, row: int, count: int) -> tuple[int, float]:
    """Where the part that ends with ``row`` begins, and what the vehicle must gain in it [kWh]."""
    before = -1
    for k in range(1, count):
        if rows.aim[k] > 0.0 and rows.span[k, 2] < rows.span[row, 2]:
            before = k
    if before < 0:
        return rows.span[0, 1], rows.low[row]
    return rows.span[before, 2], rows.low[row] - rows.low[before]


@compiled
def add_split(home: Home, rows: Rows, mix: Mix, count: int) -> tuple[int, int, float]:
    """Split the session where the plan's vehicle is emptiest below its least.

    Returns:
        The number of rows then, the row of that instant, -1 if there is none, and what the vehicle lacks there [kWh].
    """
    start, least = home.session_kwh[0, 0], home.session_kwh[0, 1]
    energy, worst, where = start, FITS_KWH, -1
    for t in range(home.session[0, 0], home.session[0, 1] - 1):
        energy += mix.gain_kwh[t]
        if least - energy > worst:
            worst, where = least - energy, t + 1
    if where < 0 or count >= SPLITS:
        return count, -1, worst
    at = 1
    for k in range(1, count):
        if rows.span[k, 2] == where:
            return count, k if rows.aim[k] <= 0.0 else -1, worst
        if rows.span[k, 2] < where:
            at = k + 1
    for k in range(count, at, -1):
        rows.span[k, 0], rows.span[k, 1], rows.span[k, 2] = VEHICLE, rows.span[0, 1], rows.span[k - 1, 2]
        rows.low[k], rows.theta[k] = rows.low[k - 1], rows.theta[k - 1]
    rows.span[at, 0], rows.span[at, 1], rows.span[at, 2] = VEHICLE, rows.span[0, 1], where
    rows.low[at] = least - start
    rows.theta[at] = rows.theta[_after(at, count + 1)]
    for k in range(count + 1):
        rows.aim[k] = rows.theta[k] if k == 0 else rows.theta[k] - rows.theta[_after(k, count + 1)]
    return count + 1, at, worst


@compiled
def blend(home: Home, plans: Plans, mix: Mix, one: int, other: int, weight: float) -> None:
    """Leave ``weight`` of plan ``one`` and the rest of plan ``other`` in ``mix``."""
    rest = 1.0 - weight
    for t in range(len(mix.battery_kw)):
        mix.battery_kw[t] = weight * plans.battery_kw[one, t] + rest * plans.battery_kw[other, t]
        mix.vehicle_kw[t] = weight * plans.vehicle_kw[one, t] + rest * plans.vehicle_kw[other, t]
        mix.curtailed_kw[t] = weight * plans.curtailed_kw[one, t] + rest * plans.curtailed_kw[other, t]
        gain = weight * plans.gain_kwh[one, t] + rest * plans.gain_kwh[other, t]
        mix.gain_kwh[t] = gain + home.plug_drift_kwh[t]


@compiled
def slope_at(values: Values, t: int, energy: float, below: bool) -> float:
    """Slope of the function of instant ``t`` just below or above ``energy``; infinite outside."""
    i, stop = values.begin[t], values.begin[t] + values.length[t]
    ahead = energy - values.low[t]
    if below and ahead <= ROOM:
        return -np.inf
    while i < stop and (values.width[i] < ahead - ROOM or (not below and values.width[i] <= ahead + ROOM)):
        ahead -= values.width[i]
        i += 1
    return float(values.slope[i]) if i < stop else np.inf


@compiled
def worth_by_window(
    home: Home, past: Values, values: Values, battery_kw: Floats, first: int, stop: int, lack: float
) -> float:
    """What the battery's energy makes a kWh in the vehicle worth, if it gives in the window what the vehicle lacks.

    Where net load is promised the two stand in for each other. Any price between the slopes on both sides of where they
    then meet will do; infinite where the battery cannot.
    """
    moved, most = 0.0, 0.0
    for t in range(first, stop):
        y = battery_kw[t]
        moved += (y * home.into if y > 0.0 else y / home.out) * home.step_h + home.drift_kwh[t]
        most += home.discharge_kw[t] / home.out * home.step_h
    moved -= lack * home.plug_out / home.out
    cost, _, energy = meet(past, values, first, stop, moved, -np.inf, np.inf)
    if np.isnan(cost) or moved < -most:
        return np.inf
    low = max(slope_at(past, first, energy, YES), -slope_at(values, stop, energy + moved, NO))
    high = min(slope_at(past, first, energy, NO), -slope_at(values, stop, energy + moved, YES))
    price = 0.5 * (low + high) if high < np.inf and low > -np.inf else max(low, min(high, low + EVEN_MORE))
    return float(home.plug_out * (home.wear + price / home.out))


@compiled
def next_worth(
    home: Home, work: Work, first: int, stop: int, row: int, count: int, column: int, lack: float, late: Floats
) -> float:
    """A worth of the part that ends with ``row`` on the other side of what it must gain, as far as can be told."""
    rows = work.rows
    begin, need = part_of(rows, row, count)
    end, worth, dearest = rows.span[row, 2], rows.theta[row], 0.0
    battery, vehicle = work.plans.battery_kw[column], work.plans.vehicle_kw[column]
    told = worth_of_charge(home, work.guess, battery, vehicle, begin, end, need, FAINT, late)
    if lack < 0.0:
        least = rows.theta[_after(row, count)] if row > 0 else 0.0
        return max(told, least) if told < worth - NUDGE else least
    told = told if told > worth + NUDGE else np.inf
    if begin < stop <= end:
        other = worth_by_window(home, work.past, work.values, battery, first, stop, lack)
        told = min(told, other if other > worth + NUDGE else np.inf)
    if told < np.inf:
        return told
    for t in range(begin, end):
        dearest = max(dearest, home.buy[t] / home.plug_into)
    return dearest if dearest > worth + NUDGE else 2.0 * worth + home.wear


@compiled
def own_cost(rows: Rows, column: int, count: int, value: float) -> float:
    """What a plan costs, without what worths paid or charged for what its vehicle gains or lacks [USD]."""
    row, base, gained = min(1, count - 1), 0.0, 0.0
    while True:
        lack = rows.low[row] - base - (rows.activity[row, column] - gained)
        value -= max(rows.theta[row] - NUDGE, 0.0) * lack
        base, gained = rows.low[row], rows.activity[row, column]
        if row == 0:
            return value
        row = _after(row, count)


@inlined
def price_shared(
    home: Home, work: Work, late: Floats, first: int, stop: int, fresh: bool, opened: int
) -> tuple[float, float, int]:
    """Cost of a level that the home is bound to, NaN where this way does not tell; its lower bound, -inf where there is
    none [USD]; and the parts of the session.

    The plan is left in ``work.mix``.

    Args:
        home: the home, with one session and no cycle limits.
        work: scratch, with the functions on both sides where not ``fresh``.
        late: how late each interval is.
        first: window start.
        stop: window end.
        fresh: whether nothing is known of the home.
        opened: parts of the session at the last level, in ``work.rows``; 0 for none.
    """
    rows, plans, mix, count, again = work.rows, work.plans, work.mix, opened, fresh
    start = home.session_kwh[0, 0]
    if count == 0:
        rows.span[0, 0], rows.span[0, 1], rows.span[0, 2] = VEHICLE, home.session[0, 0], home.session[0, 1]
        rows.low[0] = max(home.session_kwh[0, 2], home.session_kwh[0, 1]) - start
        nothing, need = work.ladder.nothing, home.session_kwh[0, 2] - start
        worth = worth_of_charge(home, work.guess, nothing, nothing, rows.span[0, 1], rows.span[0, 2], need, FAINT, late)
        rows.theta[0] = worth if worth < np.inf else 0.0
        count = 1
    fixed, bound, cost = 0.0, -np.inf, np.nan
    for t in range(len(home.need_kw)):
        fixed += home.wear * home.out * home.drawn_kwh[t]
    moving, since, known = -1, -1, 0
    below, above, below_usd, above_usd, lack_below, lack_above = -1, -1, 0.0, 0.0, 0.0, 0.0
    worth_below, worth_above = 0.0, 0.0
    for _ in range(TRIES):
        constant = spread_worths(home, rows, work.prices.water, count)
        value = solve_sides(home, work, FAINT, late, first, again, known)
        again = False
        if np.isnan(value):
            break
        value += fixed + constant
        bound = max(bound, value)
        for k in range(count):
            rows.activity[k, known] = measure(home, rows, plans, k, known)
        plans.cost[known] = own_cost(rows, known, count, value)
        top_up(home, plans, rows, FAINT, late, count, known + 1, YES)
        column = known + 1
        known += 2
        row, lack = off_part(rows, column, count)
        one, other, weight = column, column, 1.0
        if row >= 0:
            begin, _ = part_of(rows, row, count)
            if row != moving or begin != since:
                below, above, moving, since = -1, -1, row, begin
            if lack > 0.0:
                below, below_usd, lack_below, worth_below = column, value, lack, rows.theta[row]
            else:
                above, above_usd, lack_above, worth_above = column, value, lack, rows.theta[row]
            if below < 0 or above < 0:
                worth = next_worth(home, work, first, stop, row, count, column, lack, late)
                set_worth(rows, row, count, worth)
                continue
            one, other, weight = below, above, lack_above / (lack_above - lack_below)
        mixed = weight * plans.cost[one] + (1.0 - weight) * plans.cost[other]
        if mixed - bound > EQUAL * (1.0 + abs(mixed)):
            if row < 0:
                break
            worth = above_usd - below_usd + lack_below * worth_below - lack_above * worth_above
            worth = worth / (lack_below - lack_above) - NUDGE
            if abs(worth - rows.theta[row]) < SAME_WORTH:
                worth = rows.theta[row] + (2.0 if lack > 0.0 else -2.0) * NUDGE
            if not min(worth_below, worth_above) < worth < max(worth_below, worth_above):
                break
            set_worth(rows, row, count, worth)
            continue
        blend(home, plans, mix, one, other, weight)
        cost, worst = true_cost(home, mix)
        if worst <= FITS_KWH and cost - bound <= EQUAL * (1.0 + abs(cost)):
            return cost, bound, count
        cost = np.nan
        count, row, lack = add_split(home, rows, mix, count)
        if row < 0:
            break
        rows.aim[row] = 1.0
        moving, (since, _), above = row, part_of(rows, row, count), -1
        below, below_usd, lack_below, worth_below = column, value, lack, rows.theta[row]
        set_worth(rows, row, count, next_worth(home, work, first, stop, row, count, column, lack, late))
    return np.nan, bound, count
