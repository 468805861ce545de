"""The least cost of one level of a curve: by the day's two value functions where they do, else by a whole response."""

import numpy as np

from gridpact.flexibility.home import Floats
from gridpact.flexibility.kernel.arrays import ZERO, Home, Ladder, Mix, Work
from gridpact.flexibility.kernel.compiling import compiled, inlined, whole
from gridpact.flexibility.kernel.coupling import BOX
from gridpact.flexibility.kernel.guess import NUDGE
from gridpact.flexibility.kernel.mixes import ANYWHERE, WITHIN, stored_by, where_turned
from gridpact.flexibility.kernel.respond import NEAR, SAME, respond
from gridpact.flexibility.kernel.shared import FAINT, price_shared
from gridpact.flexibility.kernel.sweep import MET_KWH, departure, meet, run_ahead, run_back, slide, walk
from gridpact.flexibility.kernel.value import end_value, mark

ANEW, LOST = whole(-1), whole(-2)
FAINTEST = 1e-15
"""The same where the price is counted in the cost."""


@inlined
def promise(
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


@inlined
def _keep_level(home: Home, mix: Mix, ladder: Ladder, level: int) -> None:
    ladder.level_kwh[level] = home.start_kwh
    for t in range(len(mix.battery_kw)):
        ladder.level_battery_kw[level, t] = mix.battery_kw[t]
        ladder.level_vehicle_kw[level, t] = mix.vehicle_kw[t]


@inlined
def price_alone(home: Home, work: Work, late: Floats, passes: int, opened: int, level: int) -> tuple[float, int]:
    """Cost of a level that the home is bound to [USD], and the rows that its answer leaves open; ``LOST`` if not sure.

    ``opened`` is what the level before returned, ``ANEW`` for the first one.
    """
    box, battery, vehicle = BOX, work.ladder.nothing, work.ladder.nothing
    if opened >= 0:
        box, battery, vehicle = NEAR, work.mix.battery_kw, work.mix.vehicle_kw
    # A single departure is guessed anew; so it is where the other rows turned out to be slack.
    rows = ZERO if home.sessions == 1 else max(opened, ZERO)
    for k in range(home.sessions, opened):
        if work.rows.theta[k] != 0.0:
            rows = opened
    bound, cost, _, rows = respond(home, work, FAINT, late, rows, battery, vehicle, opened < 0, box, passes, SAME)
    if not (cost < 1e300 and cost - bound <= SAME * (1.0 + abs(cost))):
        return np.nan, LOST
    for t in range(len(home.need_kw)):
        if work.costs.bent[t] != 0:
            return np.nan, LOST
    _keep_level(home, work.mix, work.ladder, level)
    return cost, rows


@compiled
def is_shared(home: Home, reserve: bool) -> bool:
    """Whether `price_shared` is a way: a vehicle that gives, too, comes once, and no cycle limit counts."""
    two_way = False
    for t in range(len(home.need_kw)):
        two_way = two_way or home.plug_out_kw[t] > 0.0
    return bool(two_way and not reserve and home.sessions == 1 and home.cycle_kwh >= 1e300)


@inlined
def price_level(
    home: Home, work: Work, late: Floats, passes: int, first: int, stop: int, opened: int, parts: int, level: int
) -> tuple[float, int, int]:
    """Cost of a level that the home is bound to [USD], and what its answer leaves behind, see `price_alone`.

    ``parts`` is how many parts of the vehicle's session the level before left behind, `ANEW` where nothing is known,
    `LOST` where only a whole response is a way.
    """
    if parts != LOST:
        cost, bound, count = price_shared(home, work, late, first, stop, parts == ANEW, max(parts, ZERO))
        if not np.isnan(cost):
            _keep_level(home, work.mix, work.ladder, level)
            return cost, ANEW, count
        opened = ANEW
        parts = ANEW if bound > -np.inf else LOST
    cost, opened = price_alone(home, work, late, passes, opened, level)
    return cost, opened, parts


@inlined
def sweep_day(
    home: Home, work: Work, late: Floats, first: int, stop: int, reserve: bool, top_kw: float
) -> tuple[int, float, float, float, float]:
    """Make the value functions up to the window and after it, at what the vehicle's energy is worth.

    Returns:
        Where levels' plans may turn the battery, ``ANYWHERE`` also where this way is none for the home; see `departure`
        for the next three; and the cost of what is frozen [USD].
    """
    low, high, worth, fixed = 0.0, 0.0, 0.0, 0.0
    if home.sessions > 1 or home.cycle_kwh < 1e300:
        return ANYWHERE, low, high, worth, fixed
    for t in range(len(home.need_kw)):
        fixed += home.wear * home.out * home.drawn_kwh[t]
        if home.plug_out_kw[t] > 0.0:
            return ANYWHERE, low, high, worth, fixed
    turned = where_turned(home, work.ladder.target_kw, first, first if reserve else stop, top_kw)
    if turned == ANYWHERE:
        return ANYWHERE, low, high, worth, fixed
    if home.sessions > 0:
        low, high, worth = departure(home, work.guess, work.ladder.nothing, FAINTEST, late, first, stop)
        if np.isnan(worth):
            return ANYWHERE, low, high, worth, fixed
    water, end = max(worth - NUDGE, 0.0), len(home.need_kw)
    after = _after(home, stop, reserve)
    end_value(home, work.values, end)
    if not run_back(home, work.values, work.costs, work.supply, FAINTEST, late, water, end, after) or not run_ahead(
        home, work.past, work.costs, work.supply, FAINTEST, late, water, first
    ):
        return ANYWHERE, low, high, worth, fixed
    return turned, low, high, worth, fixed


@inlined
def _after(home: Home, stop: int, reserve: bool) -> int:
    """The instant from which on nothing depends on the level: energy held counts at the window's end, too."""
    return min(stop + 1, len(home.need_kw)) if reserve else stop


@inlined
def price_between(
    home: Home,
    work: Work,
    late: Floats,
    first: int,
    stop: int,
    reserve: bool,
    plain: bool,
    level: int,
    turned: int,
    low: float,
    high: float,
    worth: float,
) -> float:
    """Cost of a level that the home is bound to, from the functions on both sides of the window; NaN if not sure [USD].

    ``plain``: the window `leaves_no_choice`, and no path through it is asked for. See `sweep_day` for ``turned`` and
    what follows.
    """
    water = max(worth - NUDGE, 0.0)
    end = _after(home, stop, reserve)
    settled, moved, least, most = 0.0, 0.0, -np.inf, np.inf
    if plain:
        settled, moved, least, most = slide(home, first, stop)
        end = stop
    elif run_back(home, work.values, work.costs, work.supply, FAINTEST, late, water, end, first):
        end = first
    else:
        return np.nan
    cost, gain, energy = meet(work.past, work.values, first, end, moved, least, most)
    cost += settled
    if np.isnan(cost):
        return np.nan
    if turned == WITHIN:
        walk(home, work.values, work.costs, work.ladder, level, first, energy)
    if home.sessions == 0:
        return cost
    short = low - gain
    if water == 0.0:
        return cost if short <= MET_KWH and gain <= high + MET_KWH else np.nan
    cost += water * gain + worth * short
    return cost if short >= -MET_KWH and NUDGE * short <= SAME * (1.0 + abs(cost)) else np.nan


@inlined
def keep_given(home: Home, ladder: Ladder, begin: int, battery_kw: Floats, vehicle_kw: Floats) -> None:
    """Keep the baseline's settings as those of level 0, from instant ``begin`` on."""
    ladder.level_kwh[0] = stored_by(home, battery_kw, begin)
    for t in range(begin, len(home.need_kw)):
        ladder.level_battery_kw[0, t] = battery_kw[t]
        ladder.level_vehicle_kw[0, t] = vehicle_kw[t]
