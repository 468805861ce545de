"""What a kWh in a vehicle is worth, guessed from a plan: exact where the battery does not answer to it.

A vehicle that must gain so much before it leaves takes the cheapest hours of its session: first sun that would be fed
in or curtailed, then import. One that discharges, too, gives up the hours that pay least. The price of the last one,
per kWh stored, is the multiplier of its departure.
"""

import numpy as np

from gridpact.flexibility.home import Floats
from gridpact.flexibility.kernel.arrays import ONE, Guess, Home, Plans, Rows, Values
from gridpact.flexibility.kernel.compiling import compiled, whole
from gridpact.flexibility.kernel.master import measure
from gridpact.flexibility.ties import LATE_OUT, LATE_VEHICLE, SPILL

NUDGE = 1e-11
"""How far below its worth, or above, a vehicle's energy is priced, so that hours at just that price stay empty, or are
taken [USD/kWh]."""
PINNED_KW = 1e-9
"""Limits of net load closer than this are a promise [kW]."""
FULL = whole(-1)
KEEP = -1.0
"""A box that stays where it is."""


@compiled
def _price_of(guess: Guess, count: int, need: float) -> float:
    """Price of the last of the cheapest hours that hold ``need``, by quickselect; of the dearest if all do not."""
    price, width = guess.price, guess.width
    begin, end, dearest = 0, count, price[0]
    while begin < end:
        pivot = price[(begin + end) // 2]
        dearest = max(dearest, pivot)
        below, equal = 0.0, 0.0
        i, low, high = begin, begin, end
        while i < high:
            p, w = price[i], width[i]
            if p < pivot:
                below += w
                price[i], width[i] = price[low], width[low]
                price[low], width[low] = p, w
                low += 1
                i += 1
            elif p > pivot:
                high -= 1
                price[i], width[i] = price[high], width[high]
                price[high], width[high] = p, w
            else:
                equal += w
                i += 1
        if low > begin and need <= below + 1e-9:
            end = low
        elif need <= below + equal + 1e-9:
            return float(pivot)
        else:
            need -= below + equal
            begin = high
    return float(dearest)


@compiled
def worth_of_charge(
    home: Home,
    guess: Guess,
    battery_kw: Floats,
    vehicle_kw: Floats,
    begin: int,
    end: int,
    need: float,
    tie: float,
    late: Floats,
) -> float:
    """What a kWh is worth to a vehicle that must gain ``need`` from ``begin`` to ``end`` [USD/kWh].

    The battery does ``battery_kw``, shape (T,), and where net load is promised, the vehicle does ``vehicle_kw``.
    Infinite where it has no choice at all.
    """
    h, count = home.step_h, 0
    for t in range(begin, end):
        need -= home.plug_drift_kwh[t]
        most, give = home.plug_in_kw[t], home.plug_out_kw[t]
        if most <= 0.0 and give <= 0.0:
            continue
        if home.most_kw[t] - home.least_kw[t] <= PINNED_KW:
            z = vehicle_kw[t]
            need -= (z * home.plug_into if z > 0.0 else z / home.plug_out) * h
            continue
        own = tie * (1.0 + LATE_VEHICLE * late[t])
        surplus = home.solar_kw[t] - home.need_kw[t] - battery_kw[t]
        fed_in = home.sell[t] if home.least_kw[t] < 0.0 and home.sell[t] > 0.0 else -tie * SPILL
        if surplus > 0.0 and most > 0.0:
            guess.price[count] = (fed_in + own) / home.plug_into
            guess.width[count] = min(surplus, most) * h * home.plug_into
            count += 1
        if surplus < most:
            guess.price[count] = (home.buy[t] + own) / home.plug_into
            guess.width[count] = (most - max(surplus, 0.0)) * h * home.plug_into
            count += 1
        if give > 0.0:
            own = tie * (1.0 + LATE_VEHICLE * LATE_OUT * late[t])
            give = min(give, -surplus - home.least_kw[t])
            used = min(give, -surplus)
            if used > 0.0:
                guess.price[count] = (home.buy[t] - own) * home.plug_out
                guess.width[count] = used / home.plug_out * h
                need += guess.width[count]
                count += 1
            if give > max(used, 0.0):
                guess.price[count] = (fed_in - own) * home.plug_out
                guess.width[count] = (give - max(used, 0.0)) / home.plug_out * h
                need += guess.width[count]
                count += 1
    if count == 0:
        return np.inf
    return max(_price_of(guess, count, need), 0.0) if need > 0.0 else 0.0


@compiled
def _worth_by_battery(
    home: Home, values: Values, battery_kw: Floats, vehicle_kw: Floats, begin: int, end: int, need: float
) -> float:
    """As `worth_of_charge` where what the vehicle lacks from ``begin`` to ``end`` comes from the battery instead.

    The two stand in for each other where net load is promised. The value of the battery's energy there tells the price,
    at the energy that is left when it has given what the promises and the vehicle lack.
    """
    h, last = home.step_h, -1
    for t in range(begin, end):
        if home.most_kw[t] - home.least_kw[t] <= PINNED_KW and home.plug_out_kw[t] > 0.0:
            last = t + 1
    if last < 0:
        return np.inf
    energy, lacking, room = home.start_kwh, 0.0, 0.0
    for t in range(end):
        y, z = battery_kw[t], vehicle_kw[t]
        if begin <= t:
            need -= (z * home.plug_into if z > 0.0 else z / home.plug_out) * h + home.plug_drift_kwh[t]
        if t < last:
            energy += (y * home.into if y > 0.0 else y / home.out) * h + home.drift_kwh[t]
            if home.most_kw[t] - home.least_kw[t] <= PINNED_KW:
                lacking += (home.need_kw[t] + y + z - home.solar_kw[t] - home.most_kw[t]) * h
                room += (home.discharge_kw[t] + y) * h
    lacking += need * home.plug_out
    if lacking > room:
        return np.inf
    ahead = energy - (lacking / home.out if lacking > 0.0 else lacking * home.into) - values.low[last]
    i, stop = values.begin[last], values.begin[last] + values.length[last]
    if i == stop or ahead < 0.0:
        return np.inf
    while i < stop - 1 and values.width[i] <= ahead:
        ahead -= values.width[i]
        i += 1
    return float(home.plug_out * (home.wear - values.slope[i] / home.out))


@compiled
def guess_worths(
    home: Home,
    guess: Guess,
    values: Values,
    rows: Rows,
    battery_kw: Floats,
    vehicle_kw: Floats,
    count: int,
    tie: float,
    late: Floats,
) -> None:
    """Aim at multipliers of a departure, row 0, and of instants within, the other rows, at which the vehicle is empty.

    Each instant splits the session, and each part has a worth of its own. They fall from part to part; where they would
    not, the vehicle need not be empty in between. ``values`` are asked only if there are such instants.
    """
    for k in range(count):
        rows.aim[k] = 1.0
    sorted_out, dearer = False, np.inf
    while not sorted_out:
        sorted_out = True
        begin, base, before, dearer = rows.span[0, 1], 0.0, -1, np.inf
        while sorted_out and begin < rows.span[0, 2]:
            k = next_row(rows, count, begin)
            end, need = rows.span[k, 2], rows.low[k] - base
            worth = worth_of_charge(home, guess, battery_kw, vehicle_kw, begin, end, need, tie, late)
            if k > 0:
                worth = min(worth, _worth_by_battery(home, values, battery_kw, vehicle_kw, begin, end, need))
            worth = max(worth, 0.0) if worth < np.inf else 0.0
            if before >= 0:
                rows.aim[before] = max(dearer - worth, 0.0)
                sorted_out = dearer - worth > 0.0
            before, dearer, begin, base = k, worth, end, rows.low[k]
    rows.aim[0] = dearer


@compiled
def next_row(rows: Rows, count: int, begin: int) -> int:
    """The row at whose end the part of a session ends that begins at ``begin``."""
    found = 0
    for k in range(1, count):
        if rows.aim[k] > 0.0 and begin < rows.span[k, 2] < rows.span[found, 2]:
            found = k
    return found


@compiled
def drop_slack(rows: Rows, count: int) -> int:
    """Leave out instants within a session that cost nothing; the number of rows left."""
    kept = ONE
    for k in range(1, count):
        if rows.theta[k] > 0.0:
            rows.span[kept, 0], rows.span[kept, 1], rows.span[kept, 2] = (
                rows.span[k, 0],
                rows.span[k, 1],
                rows.span[k, 2],
            )
            rows.low[kept], rows.high[kept] = rows.low[k], rows.high[k]
            kept += 1
    return kept


@compiled
def is_new(rows: Rows, count: int) -> bool:
    """Whether an aim is not where its box is."""
    moved = False
    for k in range(count):
        moved = moved or abs(rows.box_low[k] + rows.box_high[k] - 2.0 * rows.aim[k]) > 2.0 * NUDGE
    return moved


@compiled
def is_short(rows: Rows, count: int, plan: int) -> bool:
    """Whether a vehicle gains less in a plan than it must by an instant that is aimed at."""
    short = False
    for k in range(count):
        short = short or (rows.activity[k, plan] < rows.low[k] and (k == 0 or rows.aim[k] > 0.0))
    return short


@compiled
def take_aim(rows: Rows, count: int, raised: int, box: float) -> None:
    """Set multipliers a hair below their aim, but above it in the part that ends with row ``raised``, if any."""
    before, latest = -1, rows.span[0, 1]
    for k in range(count):
        rows.theta[k] = rows.aim[k]
        if box >= 0.0:
            rows.box_low[k], rows.box_high[k] = rows.aim[k] - box, rows.aim[k] + box
        if raised >= 0 and rows.aim[k] > 0.0 and latest < rows.span[k, 2] < rows.span[raised, 2]:
            before, latest = k, rows.span[k, 2]
    rows.theta[0] = max(rows.aim[0] - NUDGE, 0.0)
    if raised >= 0:
        rows.theta[raised] += 2.0 * NUDGE
    if before >= 0:
        rows.theta[before] -= 2.0 * NUDGE


@compiled
def top_up(home: Home, plans: Plans, rows: Rows, tie: float, late: Floats, count: int, known: int, apart: bool) -> int:
    """Make plan ``known`` from the one before: its vehicle gains what rows ask, in hours that cost what they aim at.

    ``apart``: what a part gains too much is no help to the next.

    Returns:
        The first row for which there are not enough such hours, which are all taken; ``FULL`` if there is none.
    """
    j, h, stuck = known - 1, home.step_h, FULL
    cost, begin, added, over = plans.cost[j], rows.span[0, 1], 0.0, 0.0
    for t in range(len(home.need_kw)):
        plans.battery_kw[known, t] = plans.battery_kw[j, t]
        plans.vehicle_kw[known, t] = plans.vehicle_kw[j, t]
        plans.curtailed_kw[known, t] = plans.curtailed_kw[j, t]
        plans.gain_kwh[known, t] = plans.gain_kwh[j, t]
    while begin < rows.span[0, 2]:
        row = next_row(rows, count, begin)
        short, worth = rows.low[row] - rows.activity[row, j] - added + over, NUDGE
        for k in range(count):
            if rows.span[k, 2] >= rows.span[row, 2]:
                worth += rows.aim[k]
        for t in range(begin, rows.span[row, 2]):
            if short <= 0.0:
                break
            z, spilled = plans.vehicle_kw[j, t], plans.curtailed_kw[j, t]
            net = home.need_kw[t] + plans.battery_kw[j, t] + z - home.solar_kw[t] + spilled
            # Sun, feed-in and import come one after the other, for a vehicle that gives less and then takes more.
            while short > 0.0 and z < home.plug_in_kw[t]:
                room = -z if z < 0.0 else home.plug_in_kw[t] - z
                gains = 1.0 / home.plug_out if z < 0.0 else home.plug_into
                own = tie * (1.0 + LATE_VEHICLE * late[t])
                if z < 0.0:
                    own = -tie * (1.0 + LATE_VEHICLE * LATE_OUT * late[t])
                if spilled > 1e-12:
                    price, room = own - tie * SPILL, min(room, spilled)
                elif net < -1e-12:
                    price, room = own + home.sell[t], min(room, -net, home.most_kw[t] - net)
                else:
                    price, room = own + home.buy[t], min(room, home.most_kw[t] - net)
                if price > worth * gains or room <= 1e-12:
                    break
                taken = min(room, short / (gains * h))
                if spilled > 1e-12:
                    spilled -= taken
                else:
                    net += taken
                z = 0.0 if z < 0.0 and taken == -z else z + taken
                added += taken * gains * h
                short = short - taken * gains * h if taken == room else 0.0
                cost += price * taken * h
                plans.vehicle_kw[known, t], plans.curtailed_kw[known, t] = z, spilled
                plans.gain_kwh[known, t] += taken * gains * h
        if short > 0.0 and stuck == FULL:
            stuck = row
        rows.activity[row, known] = rows.low[row] - short + over
        if apart:
            over -= short
        begin = rows.span[row, 2]
    plans.cost[known] = cost
    for k in range(1, count):
        if rows.aim[k] <= 0.0:
            rows.activity[k, known] = measure(home, rows, plans, k, known)
    return stuck
