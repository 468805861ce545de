"""A home's best response: the battery by dynamic programming, what else couples intervals by multipliers.

A vehicle's departure, the inner limits of a two-way vehicle and cycle limits are rows over the whole day. Priced by a
multiplier each, they leave a problem of the battery alone (`value`); the master program (`master`) mixes its answers
until the mix costs what the bound says. Rows that are rarely tight join when they are broken.
"""

import numpy as np

from gridpact.flexibility.home import Floats
from gridpact.flexibility.kernel.arrays import COLUMNS, ROWS, Home, Work, compiled
from gridpact.flexibility.kernel.interval import meter_cost
from gridpact.flexibility.kernel.master import (
    CYCLES,
    VEHICLE,
    add_row,
    begin_master,
    measure,
    solve_master,
)
from gridpact.flexibility.kernel.value import solve_storage

SAME = 1e-9
"""Bound and plan closer than this, relative to one plus the cost, are one [USD]."""
FITS_KWH = 1e-8
"""How far rounding and mixing may carry an energy past its limit [kWh]."""
BOX = 0.05
"""First half width of the box around a multiplier [USD/kWh]."""
WIDEST = 1e4
LOOSE = 0.1
"""Inner limits of a two-way vehicle join once the gap is below this share."""


@compiled
def _spread_multipliers(home: Home, work: Work, rows: int) -> float:
    """Multipliers as prices per interval; the constant that they add to the bound."""
    constant = 0.0
    for t in range(len(home.need_kw)):
        work.water[t] = 0.0
        work.extra_wear[t] = 0.0
    for k in range(rows):
        q = work.theta[k]
        constant += q * (work.row_low[k] if q > 0.0 else work.row_high[k])
        if q == 0.0:
            continue
        if work.row[k, 0] == VEHICLE:
            for t in range(work.row[k, 1], work.row[k, 2]):
                work.water[t] += q
                constant -= q * home.plug_drift_kwh[t]
        else:
            for t in range(work.row[k, 1], work.row[k, 2]):
                work.extra_wear[t] -= q / home.out
                constant -= q * home.drawn_kwh[t]
    return constant


@compiled
def _first_guess(home: Home, work: Work, s: int) -> float:
    """The value of a kWh in the vehicle if it charged alone in the cheapest intervals [USD/kWh]."""
    first, last = home.session[s, 0], home.session[s, 1]
    fullest = 0.0
    for t in range(first, last):
        fullest = max(fullest, home.plug_in_kw[t])
    need = home.session_kwh[s, 2] - home.session_kwh[s, 0]
    if need <= 0.0 or fullest <= 0.0:
        return 0.0
    wanted = min(int(np.ceil(need / (home.plug_into * fullest * home.step_h) - 1e-9)), last - first)
    for n in range(last - first):
        price = home.buy[first + n]
        a = n
        while a > 0 and work.energy_kwh[a - 1] > price:
            work.energy_kwh[a] = work.energy_kwh[a - 1]
            a -= 1
        work.energy_kwh[a] = price
    return float(max(work.energy_kwh[wanted - 1] / home.plug_into, 0.0))


@compiled
def _open_row(work: Work, k: int, kind: int, first: int, last: int, low: float, high: float, guess: float) -> None:
    work.row[k, 0], work.row[k, 1], work.row[k, 2] = kind, first, last
    work.row_low[k], work.row_high[k] = low, high
    work.theta[k] = guess
    work.box_low[k], work.box_high[k] = guess - BOX, guess + BOX
    work.at_upper[k] = 0


@compiled
def _mix(home: Home, work: Work, rows: int) -> None:
    h = home.step_h
    for t in range(len(home.need_kw)):
        work.mix_battery_kw[t] = 0.0
        work.mix_vehicle_kw[t] = 0.0
        work.mix_curtailed_kw[t] = 0.0
        work.mix_gain_kwh[t] = home.plug_drift_kwh[t]
        work.mix_drawn_kwh[t] = home.drawn_kwh[t]
    for a in range(rows + 1):
        j, weight = work.basic[a], work.level[a]
        if j < COLUMNS and weight > 0.0:
            for t in range(len(home.need_kw)):
                y, z = work.battery_kw[j, t], work.vehicle_kw[j, t]
                work.mix_battery_kw[t] += weight * y
                work.mix_vehicle_kw[t] += weight * z
                work.mix_curtailed_kw[t] += weight * work.curtailed_kw[j, t]
                work.mix_gain_kwh[t] += weight * (z * home.plug_into if z > 0.0 else z / home.plug_out) * h
                if y < 0.0:
                    work.mix_drawn_kwh[t] -= weight * y * h / home.out


@compiled
def _join(
    home: Home, work: Work, rows: int, plans: int, kind: int, first: int, last: int, low: float, high: float
) -> int:
    """Open one more row, unless it is there already or there is no room; the new number of rows."""
    if rows >= ROWS - 1:
        return rows
    for k in range(rows):
        if work.row[k, 0] == kind and work.row[k, 1] == first and work.row[k, 2] == last:
            return rows
    _open_row(work, rows, kind, first, last, low, high, 0.0)
    for j in range(plans):
        work.activity[rows, j] = measure(home, work, rows, j)
    add_row(work, rows, plans)
    return rows + 1


@compiled
def _open_broken_rows(home: Home, work: Work, rows: int, plans: int, inner: bool) -> int:
    """Open a row for every inner vehicle limit and cycle limit that the mixed plan breaks; the new number of rows."""
    if inner:
        for s in range(home.sessions):
            begin, least = home.session_kwh[s, 0], home.session_kwh[s, 1]
            energy, worst, where = begin, FITS_KWH, -1
            for t in range(home.session[s, 0], home.session[s, 1] - 1):
                energy += work.mix_gain_kwh[t]
                broken = max(least - energy, energy - home.plug_capacity_kwh)
                if broken > worst:
                    worst, where = broken, t
            if where >= 0:
                low, high = least - begin, home.plug_capacity_kwh - begin
                rows = _join(home, work, rows, plans, VEHICLE, home.session[s, 0], where + 1, low, high)
    if home.cycle_kwh < 1e300:
        for c in range(len(home.cycle)):
            drawn = 0.0
            for t in range(home.cycle[c, 0], home.cycle[c, 1]):
                drawn += work.mix_drawn_kwh[t]
            if drawn > home.cycle_kwh + FITS_KWH:
                rows = _join(home, work, rows, plans, CYCLES, home.cycle[c, 0], home.cycle[c, 1], 0.0, home.cycle_kwh)
    return rows


@compiled
def true_cost(home: Home, work: Work) -> tuple[float, float]:
    """What the mixed plan costs when followed [USD], and the worst violation of an energy limit [kWh].

    Both directions of a device within an interval have become their difference, which leaves it fuller, never emptier.
    """
    h = home.step_h
    energy, cost, worst = home.start_kwh, 0.0, 0.0
    for t in range(len(home.need_kw)):
        y, z = work.mix_battery_kw[t], work.mix_vehicle_kw[t]
        net = home.need_kw[t] + y + z - home.solar_kw[t] + work.mix_curtailed_kw[t]
        cost += meter_cost(home, t, net) + home.wear * home.out * home.drawn_kwh[t]
        if y < 0.0:
            cost -= home.wear * y * h
            energy += y * h / home.out
        else:
            energy += y * h * home.into
        energy += home.drift_kwh[t]
        worst = max(worst, home.floor_kwh[t + 1] - energy, energy - home.ceiling_kwh[t + 1])
        worst = max(worst, home.least_kw[t] - net, net - home.most_kw[t])
    for s in range(home.sessions):
        energy = home.session_kwh[s, 0]
        for t in range(home.session[s, 0], home.session[s, 1]):
            z = work.mix_vehicle_kw[t]
            energy += (z * home.plug_into if z > 0.0 else z / home.plug_out) * h + home.plug_drift_kwh[t]
            worst = max(worst, home.session_kwh[s, 1] - energy, energy - home.plug_capacity_kwh)
        worst = max(worst, home.session_kwh[s, 2] - energy)
    if home.cycle_kwh < 1e300:
        for c in range(len(home.cycle)):
            drawn = 0.0
            for t in range(home.cycle[c, 0], home.cycle[c, 1]):
                drawn += home.drawn_kwh[t]
                if work.mix_battery_kw[t] < 0.0:
                    drawn -= work.mix_battery_kw[t] * h / home.out
            worst = max(worst, drawn - home.cycle_kwh)
    return cost, worst


@compiled
def respond(
    home: Home, work: Work, tie: float, late: Floats, start: Floats, warm: bool, passes: int, same: float
) -> tuple[float, float, int]:
    """The cheapest plan: its lower bound, its cost (inf if it cannot be followed) [USD], and passes used.

    The plan is left in ``work.mix_*``.

    The bound is NaN where the battery alone already has no plan.

    Args:
        home: the home.
        work: scratch.
        tie: tie-breaking price [USD/kWh]; the bound is for the problem that includes it.
        late: how late each interval is, shape (T,).
        start: multipliers per session, read where ``warm`` and written at the end, shape (at least S,) [USD/kWh].
        warm: whether ``start`` is worth starting from.
        passes: most dynamic programs.
    """
    rows = 0
    for s in range(home.sessions):
        guess = start[s] if warm else _first_guess(home, work, s)
        low = max(home.session_kwh[s, 2], home.session_kwh[s, 1]) - home.session_kwh[s, 0]
        high = max(home.plug_capacity_kwh - home.session_kwh[s, 0], low)
        _open_row(work, rows, VEHICLE, home.session[s, 0], home.session[s, 1], low, high, guess)
        rows += 1
    two_way = False
    for t in range(len(home.need_kw)):
        two_way = two_way or home.plug_out_kw[t] > 0.0
    fixed = 0.0
    for t in range(len(home.need_kw)):
        fixed += home.wear * home.out * home.drawn_kwh[t]
    bound, objective, broken = -np.inf, np.inf, 0.0
    plans, width = 0, BOX
    another = True
    while True:
        if another:
            constant = _spread_multipliers(home, work, rows)
            value = solve_storage(home, work, tie, late, plans == 0, plans)
            if np.isnan(value):
                return np.nan, np.inf, plans + 1
            value += fixed
            bound = max(bound, value + constant)
            # The plan's own cost is the value without what the multipliers paid or charged for its activities.
            own = value + constant
            for k in range(rows):
                work.activity[k, plans] = measure(home, work, k, plans)
                q = work.theta[k]
                own -= q * ((work.row_low[k] if q > 0.0 else work.row_high[k]) - work.activity[k, plans])
            work.cost[plans] = own
            plans += 1
            if plans == 1:
                begin_master(work, rows)
        objective, broken = solve_master(work, rows, plans)
        closed = objective - bound <= same * (1.0 + abs(objective)) or plans >= passes
        early = two_way and broken <= 1e-9 and objective - bound <= LOOSE * (1.0 + abs(objective))
        if not closed and not early:
            another = True
            continue
        if broken > 1e-9 and plans < passes:
            width *= 4.0
            if width > WIDEST:
                return bound, np.inf, plans
            for k in range(rows):
                work.box_low[k], work.box_high[k] = work.theta[k] - width, work.theta[k] + width
            another = False
            continue
        _mix(home, work, rows)
        if plans < passes:
            more = _open_broken_rows(home, work, rows, plans, two_way)
            if more > rows:
                rows = more
                another = False
                continue
        if closed:
            break
        another = True
    for s in range(home.sessions):
        start[s] = work.theta[s]
    cost, worst = true_cost(home, work)
    if broken > 1e-9 or worst > FITS_KWH:
        cost = np.inf
    return bound, cost, plans
