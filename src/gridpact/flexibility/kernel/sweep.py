"""All levels of a promise at once: what leads up to the window and what follows it do not depend on the quantity.

U(e) is the least cost of reaching energy e at the window's start, V(e) that of going on from its end. A level only
takes V through the window's own intervals and adds U. A vehicle that only charges, for one departure, is priced a hair
below the last hour that it needs; what the plan then lacks is charged in hours that cost no more, outside the window.
"""

import numpy as np

from gridpact.flexibility.home import Floats
from gridpact.flexibility.kernel.arrays import NO, YES, Costs, Guess, Home, Ladder, Supply, Values
from gridpact.flexibility.kernel.compiling import compiled
from gridpact.flexibility.kernel.guess import NUDGE, worth_of_charge
from gridpact.flexibility.kernel.interval import meter_cost, price_interval
from gridpact.flexibility.kernel.value import ROOM, step_forward, step_over
from gridpact.flexibility.ties import LATE_VEHICLE

MET_KWH = 1e-9
"""How far rounding may carry what a vehicle gains past what it needs [kWh]."""


@compiled
def run_back(
    home: Home,
    values: Values,
    costs: Costs,
    supply: Supply,
    tie: float,
    late: Floats,
    water: float,
    end: int,
    begin: int,
) -> bool:
    """Make V from instant ``end`` back to ``begin``; false if there is no way on, or a cost is only its hull."""
    for t in range(end - 1, begin - 1, -1):
        if not price_interval(home, costs, supply, t, tie, late[t], water, 0.0) or costs.bent[t] != 0:
            return False
        if not step_over(home, values, costs, t, YES, YES):
            return False
    return True


@compiled
def run_ahead(
    home: Home, past: Values, costs: Costs, supply: Supply, tie: float, late: Floats, water: float, end: int
) -> bool:
    """Make U from the start of the day to instant ``end``; false as in `run_back`."""
    past.begin[0], past.length[0] = 0, 0
    past.low[0], past.top[0] = home.start_kwh, home.start_kwh
    past.cost[0], past.low_gain[0] = 0.0, 0.0
    for t in range(end):
        if not price_interval(home, costs, supply, t, tie, late[t], water, 0.0) or costs.bent[t] != 0:
            return False
        if not step_over(home, past, costs, t, NO, YES):
            return False
    return True


@compiled
def meet(
    past: Values, values: Values, at: int, then: int, moved: float, least: float, most: float
) -> tuple[float, float, float]:
    """Least U(e) + V(e + moved), U of instant ``at`` and V of ``then``, over e from ``least`` to ``most`` [kWh].

    Returns:
        The cost, NaN if there is no such e [USD]; what the vehicle gains [kWh]; and e [kWh].
    """
    energy = max(past.low[at], values.low[then] - moved, least)
    most = min(past.top[at], values.top[then] - moved, most)
    if energy > most + ROOM:
        return np.nan, 0.0, energy
    cost, gain = past.cost[at] + values.cost[then], past.low_gain[at] + values.low_gain[then]
    i, i_stop = past.begin[at], past.begin[at] + past.length[at]
    j, j_stop = values.begin[then], values.begin[then] + values.length[then]
    i_left, j_left = 0.0, 0.0
    ahead = energy - past.low[at]
    while i < i_stop and past.width[i] <= ahead:
        cost += past.width[i] * past.slope[i]
        gain += past.width[i] * past.gain[i]
        ahead -= past.width[i]
        i += 1
    if i < i_stop:
        cost += ahead * past.slope[i]
        gain += ahead * past.gain[i]
        i_left = past.width[i] - ahead
    ahead = energy + moved - values.low[then]
    while j < j_stop and values.width[j] <= ahead:
        cost += values.width[j] * values.slope[j]
        gain += values.width[j] * values.gain[j]
        ahead -= values.width[j]
        j += 1
    if j < j_stop:
        cost += ahead * values.slope[j]
        gain += ahead * values.gain[j]
        j_left = values.width[j] - ahead
    while i < i_stop and j < j_stop and energy < most and past.slope[i] + values.slope[j] < 0.0:
        step = min(i_left, j_left, most - energy)
        cost += step * (past.slope[i] + values.slope[j])
        gain += step * (past.gain[i] + values.gain[j])
        energy += step
        if i_left <= j_left:
            j_left -= step
            i += 1
            if i < i_stop:
                i_left = past.width[i]
        else:
            i_left -= step
            j += 1
            if j < j_stop:
                j_left = values.width[j]
    return cost, gain, energy


@compiled
def leaves_no_choice(home: Home, first: int, stop: int) -> bool:
    """Whether promised net load alone settles what the battery does in the window: there is no sun and no vehicle."""
    for t in range(first, stop):
        if home.solar_kw[t] > 0.0 or home.plug_in_kw[t] > 0.0 or home.plug_out_kw[t] > 0.0:
            return False
    return True


@compiled
def slide(home: Home, first: int, stop: int) -> tuple[float, float, float, float]:
    """What a window that `leaves_no_choice` costs, NaN if it cannot be kept [USD], and adds to the battery's energy.

    The last two are the limits of the energy at its start that follow from those within [kWh].
    """
    h = home.step_h
    cost, moved, least, most = 0.0, 0.0, -np.inf, np.inf
    for t in range(first, stop):
        y = home.most_kw[t] - home.need_kw[t]
        if y > home.charge_kw[t] + ROOM or y < -home.discharge_kw[t] - ROOM:
            return np.nan, moved, least, most
        cost += meter_cost(home, t, home.most_kw[t])
        if y < 0.0:
            cost -= home.wear * y * h
            moved += y * h / home.out
        else:
            moved += y * h * home.into
        moved += home.drift_kwh[t]
        least = max(least, home.floor_kwh[t + 1] - moved)
        most = min(most, home.ceiling_kwh[t + 1] - moved)
    return cost, moved, least, most


@compiled
def walk(home: Home, values: Values, costs: Costs, ladder: Ladder, level: int, begin: int, energy: float) -> None:
    """Keep what the battery does at a level from instant ``begin`` on."""
    ladder.level_kwh[level] = energy
    for t in range(begin, len(home.need_kw)):
        x, _ = step_forward(values, costs, t, energy)
        energy += x
        x -= home.drift_kwh[t]
        ladder.level_battery_kw[level, t] = (x * home.out if x < 0.0 else x / home.into) / home.step_h


@compiled
def departure(
    home: Home, guess: Guess, nothing: Floats, tie: float, late: Floats, first: int, stop: int
) -> tuple[float, float, float]:
    """Of a vehicle's one departure: the least it must gain beside what it gains frozen, the most [kWh], and its worth.

    The worth is NaN where hours outside the window that cost no more do not hold all that it needs, whatever else
    happens: see the module.
    """
    start, within, required = home.session_kwh[0, 0], home.session_kwh[0, 1], home.session_kwh[0, 2]
    low = max(required, within) - start
    high = max(home.plug_capacity_kwh - start, low)
    begin, end = home.session[0, 0], home.session[0, 1]
    worth = worth_of_charge(home, guess, nothing, nothing, begin, end, required - start, tie, late)
    worth = worth if worth < np.inf else 0.0
    room = 0.0
    for t in range(begin, end):
        low -= home.plug_drift_kwh[t]
        high -= home.plug_drift_kwh[t]
        most = home.plug_in_kw[t]
        dear = home.buy[t] + tie * (1.0 + LATE_VEHICLE * late[t]) > worth * home.plug_into + NUDGE
        bound = home.most_kw[t] < home.need_kw[t] + home.charge_kw[t] + most - 1e-9
        if not dear and not bound and not first <= t < stop:
            room += most * home.plug_into * home.step_h
    return low, high, worth if worth == 0.0 or room >= low else np.nan
