"""What a kWh in a vehicle is worth, guessed from a plan: exact where the battery does not answer to it.

A vehicle that must gain so much before it leaves takes the cheapest hours of its session: first sun that would be fed
in or curtailed, then import. One that discharges, too, gives up the hours that pay least. The price of the last one,
per kWh stored, is the multiplier of its departure.
"""

from gridpact.flexibility.home import Floats
from gridpact.flexibility.kernel.arrays import Guess, Home, Plans, Rows
from gridpact.flexibility.kernel.compiling import compiled
from gridpact.flexibility.ties import LATE_OUT, LATE_VEHICLE, SPILL

NUDGE = 1e-11
"""How far below its worth, or above, a vehicle's energy is priced, so that hours at just that price stay empty, or are
taken [USD/kWh]."""
PINNED_KW = 1e-9
"""Limits of net load closer than this are a promise [kW]."""


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
    home: Home, guess: Guess, battery_kw: Floats, vehicle_kw: Floats, s: int, tie: float, late: Floats
) -> float:
    """The multiplier of session ``s``'s departure if the battery did ``battery_kw``, shape (T,) [USD/kWh].

    Where net load is promised, the vehicle does ``vehicle_kw``.
    """
    h, count = home.step_h, 0
    need = home.session_kwh[s, 2] - home.session_kwh[s, 0]
    for t in range(home.session[s, 0], home.session[s, 1]):
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
    if need <= 0.0 or count == 0:
        return 0.0
    return max(_price_of(guess, count, need), 0.0)


@compiled
def top_up(home: Home, plans: Plans, rows: Rows, tie: float, late: Floats, worth: float, known: int) -> bool:
    """Make plan ``known`` from the one before: its vehicle gains what row 0 asks, in hours that cost at most ``worth``.

    False, and no plan, if there are not enough of them.
    """
    j, h = known - 1, home.step_h
    short, cost = rows.low[0] - rows.activity[0, j], plans.cost[j]
    for t in range(len(home.need_kw)):
        plans.battery_kw[known, t] = plans.battery_kw[j, t]
        plans.vehicle_kw[known, t] = plans.vehicle_kw[j, t]
        plans.curtailed_kw[known, t] = plans.curtailed_kw[j, t]
        plans.gain_kwh[known, t] = plans.gain_kwh[j, t]
    for t in range(rows.span[0, 1], rows.span[0, 2]):
        z, spilled = plans.vehicle_kw[j, t], plans.curtailed_kw[j, t]
        net = home.need_kw[t] + plans.battery_kw[j, t] + z - home.solar_kw[t] + spilled
        # Sun, feed-in and import come one after the other, for a vehicle that gives less and then takes more.
        while short > 0.0 and z < home.plug_in_kw[t]:
            room = -z if z < 0.0 else home.plug_in_kw[t] - z
            gains = 1.0 / home.plug_out if z < 0.0 else home.plug_into
            own = -tie * (1.0 + LATE_VEHICLE * LATE_OUT * late[t]) if z < 0.0 else tie * (1.0 + LATE_VEHICLE * late[t])
            if spilled > 1e-12:
                price, room = own - tie * SPILL, min(room, spilled)
            elif net < -1e-12:
                price, room = own + home.sell[t], min(room, -net, home.most_kw[t] - net)
            else:
                price, room = own + home.buy[t], min(room, home.most_kw[t] - net)
            if price > (worth + NUDGE) * gains or room <= 1e-12:
                break
            taken = min(room, short / (gains * h))
            if spilled > 1e-12:
                spilled -= taken
            else:
                net += taken
            z = 0.0 if z < 0.0 and taken == -z else z + taken
            short = short - taken * gains * h if taken == room else 0.0
            cost += price * taken * h
            plans.vehicle_kw[known, t], plans.curtailed_kw[known, t] = z, spilled
            plans.gain_kwh[known, t] += taken * gains * h
    plans.cost[known] = cost
    rows.activity[0, known] = rows.low[0]
    return bool(short <= 0.0)
