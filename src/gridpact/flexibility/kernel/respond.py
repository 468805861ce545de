"""A home's best response: the battery by dynamic programming, what else couples intervals by multipliers.

A vehicle's departure, the inner limits of a two-way vehicle and cycle limits are rows over the whole day. Priced by a
multiplier each, they leave a problem of the battery alone (`value`); the master program (`master`) mixes its answers
until the mix costs what the bound says. Rows that are rarely tight join when they are broken.
"""

import numpy as np

from gridpact.flexibility.home import Floats
from gridpact.flexibility.kernel.arrays import COLUMNS, NO, ROWS, ZERO, Home, Work
from gridpact.flexibility.kernel.compiling import compiled
from gridpact.flexibility.kernel.coupling import (
    FITS_KWH,
    mix_plans,
    open_broken_rows,
    open_row,
    spread_multipliers,
    true_cost,
)
from gridpact.flexibility.kernel.guess import (
    FULL,
    KEEP,
    NUDGE,
    drop_slack,
    guess_worths,
    is_new,
    is_short,
    take_aim,
    top_up,
    worth_of_charge,
)
from gridpact.flexibility.kernel.master import VEHICLE, begin_master, measure, solve_master
from gridpact.flexibility.kernel.value import solve_storage

SAME = 1e-9
"""Bound and plan closer than this, relative to one plus the cost, are one [USD]."""
NEAR = 1e-4
"""How far to look from the multipliers of a problem much like this one [USD/kWh]."""
GUESSES = 3
"""Most times that multipliers of a home whose vehicle comes once are guessed anew."""
WIDEST = 1e4
"""Widest half width of the box around a multiplier; a row that still is broken then has no plan [USD/kWh]."""
WIDE = 0.3
"""How far to look from multipliers that were guessed, once guesses do not lead on [USD/kWh]."""
LOOSE = 0.02
"""Inner limits of a two-way vehicle join once the gap is below this share."""


@compiled
def respond(
    home: Home,
    work: Work,
    tie: float,
    late: Floats,
    opened: int,
    battery_kw: Floats,
    vehicle_kw: Floats,
    fresh: bool,
    box: float,
    passes: int,
    same: float,
) -> tuple[float, float, int, int]:
    """The cheapest plan: its lower bound, its cost (inf if it cannot be followed) [USD], passes used, and open rows.

    The plan is left in ``work.mix``.

    The bound is NaN where the battery alone already has no plan, and where there are more sessions than room.

    Args:
        home: the home.
        work: scratch.
        tie: tie-breaking price [USD/kWh]; the bound is for the problem that includes it.
        late: how late each interval is, shape (T,).
        opened: rows that an answer for much the same home left in ``work``, a warm start; 0 to begin anew.
        battery_kw: settings of a plan that is likely near the answer, shape (T,), as the next; read before any is made.
        vehicle_kw: see ``battery_kw``; both only where no rows are open.
        fresh: false where ``work`` still holds the value functions of this home, and changed intervals are marked.
        box: how far from their multipliers to look first [USD/kWh].
        passes: most dynamic programs.
        same: bound and plan closer than this, relative to one plus the cost, are one.
    """
    if home.sessions >= ROWS:
        return np.nan, np.inf, ZERO, ZERO
    rows, count, guessed = work.rows, opened, home.sessions == 1 and (opened == 0 or not fresh)
    for k in range(count):
        rows.box_low[k], rows.box_high[k] = rows.theta[k] - box, rows.theta[k] + box
        guessed = guessed and rows.span[k, 0] == VEHICLE and rows.theta[k] >= 0.0
    if opened == 0:
        for s in range(home.sessions):
            low = max(home.session_kwh[s, 2], home.session_kwh[s, 1]) - home.session_kwh[s, 0]
            high = max(home.plug_capacity_kwh - home.session_kwh[s, 0], low)
            first, last = home.session[s, 0], home.session[s, 1]
            worth = 0.0
            if not guessed:
                need = home.session_kwh[s, 2] - home.session_kwh[s, 0]
                worth = worth_of_charge(home, work.guess, battery_kw, vehicle_kw, first, last, need, tie, late)
            open_row(rows, count, VEHICLE, first, last, low, high, worth if worth < np.inf else 0.0, box)
            count += 1
    elif guessed:
        count = drop_slack(rows, opened)
    if guessed:
        box = WIDE if count > 1 else box
        guess_worths(home, work.guess, work.values, rows, battery_kw, vehicle_kw, count, tie, late)
        take_aim(rows, count, FULL, box)
    below, raised, filled, stuck, tries = guessed, False, False, FULL, ZERO
    two_way = False
    for t in range(len(home.need_kw)):
        two_way = two_way or home.plug_out_kw[t] > 0.0
    fixed = 0.0
    for t in range(len(home.need_kw)):
        fixed += home.wear * home.out * home.drawn_kwh[t]
    bound, objective, broken = -np.inf, np.inf, 0.0
    known, runs, width = ZERO, ZERO, box
    another = True
    while True:
        if another:
            constant = spread_multipliers(home, rows, work.prices, count)
            value = solve_storage(home, work, tie, late, fresh and runs == 0, known)
            runs += 1
            if np.isnan(value):
                return np.nan, np.inf, runs, count
            value += fixed
            bound = max(bound, value + constant)
            # The plan's own cost is the value without what the multipliers paid or charged for its activities.
            own = value + constant
            for k in range(count):
                rows.activity[k, known] = measure(home, rows, work.plans, k, known)
                q = rows.theta[k]
                own -= q * ((rows.low[k] if q > 0.0 else rows.high[k]) - rows.activity[k, known])
            work.plans.cost[known] = own
            known += 1
            if runs == 1:
                begin_master(rows, work.master, count)
            # Priced a hair below its worth, the vehicle takes all hours that cost less; those at its worth fill up.
            stuck, filled = FULL, False
            if below and known + passes - runs < COLUMNS and is_short(rows, count, known - 1):
                stuck = top_up(home, work.plans, rows, tie, late, count, known, NO)
                filled = stuck == FULL
                known += 1
        objective, broken = solve_master(work.plans, rows, work.master, count, known)
        closed = objective - bound <= same * (1.0 + abs(objective)) or runs >= passes
        early = two_way and broken <= 1e-9 and objective - bound <= LOOSE * (1.0 + abs(objective))
        if not closed and not early:
            another = True
            below = False
            lacks = stuck != FULL and not raised
            guessed = guessed and (two_way or runs <= GUESSES)
            if guessed and not two_way and lacks:
                take_aim(rows, count, stuck, width if count > 1 else KEEP)
                below, raised = True, True
            elif guessed and tries < GUESSES and not (filled and count == 1):
                battery, vehicle = work.plans.battery_kw[known - 1], work.plans.vehicle_kw[known - 1]
                last = rows.aim[0]
                guess_worths(home, work.guess, work.values, rows, battery, vehicle, count, tie, late)
                if is_new(rows, count) if count > 1 else abs(rows.aim[0] - last) > NUDGE:
                    tries += 1
                    take_aim(rows, count, FULL, width if count > 1 else KEEP)
                    below, raised = True, False
                elif lacks:
                    take_aim(rows, count, stuck, width if count > 1 else KEEP)
                    below, raised = True, True
                else:
                    guessed = False
            continue
        if broken > 1e-9 and runs < passes:
            width *= 10.0
            if width > WIDEST:
                return bound, np.inf, runs, count
            for k in range(count):
                rows.box_low[k], rows.box_high[k] = rows.theta[k] - width, rows.theta[k] + width
            another = False
            continue
        mix_plans(home, work.plans, work.master, work.mix, count)
        if runs < passes:
            more = open_broken_rows(home, work.plans, rows, work.master, work.mix, count, known, two_way)
            if more > count:
                guessed = guessed and tries < GUESSES
                for k in range(count, more):
                    guessed = guessed and rows.span[k, 0] == VEHICLE and work.master.at_upper[k] == 0
                count, another = more, guessed
                if guessed:
                    width = max(width, WIDE)
                    battery, vehicle = work.mix.battery_kw, work.mix.vehicle_kw
                    guess_worths(home, work.guess, work.values, rows, battery, vehicle, count, tie, late)
                    take_aim(rows, count, FULL, width)
                    below, raised = True, False
                continue
        if closed:
            break
        another = True
    cost, worst = true_cost(home, work.mix)
    if broken > 1e-9 or worst > FITS_KWH:
        cost = np.inf
    return bound, cost, runs, count
