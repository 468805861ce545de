"""Cost of one interval as a convex piecewise-linear function of the energy that the battery gains in it.

The battery's power y at its terminals [kWh per interval, positive into the battery] is supplied by the meter, the sun
and the vehicle in merit order; x = into * y or y / out is what the cells gain. Where the result is not convex (crossed
meter prices, negative prices where battery or vehicle turn), its lower convex hull is taken: the bound stays valid, and
a plan inside a hulled piece shows by its true cost being higher.
"""

from gridpact.flexibility.kernel.arrays import SEGMENTS, Costs, Home, Plans, Supply
from gridpact.flexibility.kernel.compiling import forced, whole
from gridpact.flexibility.ties import LATE, LATE_OUT, LATE_VEHICLE, SPILL

TINY = 1e-12
"""Pieces narrower than this are dropped [kWh]."""
METER, SUN, CAR = whole(0), whole(1), whole(2)


@forced
def meter_cost(home: Home, t: int, net_kw: float) -> float:
    """Bill of interval ``t`` at a net load [USD]."""
    if net_kw > 0.0:
        return float(home.buy[t] * net_kw * home.step_h)
    return float(home.sell[t] * net_kw * home.step_h)


@forced
def _insert(supply: Supply, first: int, stop: int, slope: float, width: float, kind: int) -> int:
    """Insert a source into the merit order ``first:stop``; the new stop."""
    j = stop
    while j > first and supply.slope[j - 1] > slope:
        supply.slope[j] = supply.slope[j - 1]
        supply.width[j] = supply.width[j - 1]
        supply.kind[j] = supply.kind[j - 1]
        j -= 1
    supply.slope[j] = slope
    supply.width[j] = width
    supply.kind[j] = kind
    return stop + 1


@forced
def _push(costs: Costs, first: int, stop: int, slope: float, width: float, gain: float) -> int:
    """Append a piece of F, pooling with its neighbours while slopes fall; the new stop."""
    if width <= TINY:
        return stop
    while stop > first and costs.slope[stop - 1] > slope:
        stop -= 1
        if costs.slope[stop] > slope + 1e-14:
            costs.bent[first // SEGMENTS] = 1
        whole = costs.width[stop] + width
        slope = (costs.slope[stop] * costs.width[stop] + slope * width) / whole
        width = whole
    costs.slope[stop] = slope
    costs.width[stop] = width
    costs.gain[stop] = gain
    return stop + 1


@forced
def price_interval(
    home: Home, costs: Costs, supply: Supply, t: int, tie: float, late: float, water: float, extra_wear: float
) -> bool:
    """Write F of interval ``t`` into ``costs`` and ``supply``; false if the interval allows nothing at all.

    Args:
        home: the home.
        costs: written.
        supply: written.
        t: the interval.
        tie: tie-breaking price of a kWh through a device, zero for none [USD/kWh].
        late: how late the interval is, 0 to about 1.
        water: value of a kWh in the vehicle [USD/kWh].
        extra_wear: extra cost of discharge [USD/kWh].
    """
    h = home.step_h
    o = t * SEGMENTS
    most_in, most_out = home.charge_kw[t] * h, home.discharge_kw[t] * h
    in_cost = tie * (1.0 + LATE * late)
    out_cost = home.wear + extra_wear + tie * (1.0 + LATE * LATE_OUT * late)
    least, most = home.least_kw[t], home.most_kw[t]
    sun = home.solar_kw[t]
    car_in, car_out = home.plug_in_kw[t], home.plug_out_kw[t]
    buy, sell = home.buy[t], home.sell[t]
    idle = home.need_kw[t] - sun

    n = o
    costs.bent[t], supply.turned[t] = 0, 0
    if (
        sell >= 0.0
        and buy >= sell
        and car_in == 0.0
        and car_out == 0.0
        and least <= 0.0 <= most
        and idle * h - most_out >= least * h - TINY
        and idle * h + most_in <= most * h + TINY
    ):
        # the ordinary interval: all sun is used, and the meter takes what the battery does
        supply.pieces[t] = -1
        low = -most_out
        cost = meter_cost(home, t, idle - home.discharge_kw[t])
        zero = -idle * h
        supply.slope[o] = sell
        supply.width[o] = zero - low
        supply.slope[o + 1] = buy
        supply.width[o + 1] = most_in - zero
        if zero <= low:
            supply.width[o] = 0.0
            supply.width[o + 1] = most_in - low
        elif zero >= most_in:
            supply.width[o] = most_in - low
            supply.width[o + 1] = 0.0
        n = o + 2
    else:
        low = (least - home.need_kw[t] - car_in) * h
        cost = meter_cost(home, t, least) + tie * SPILL * sun * h
        if least < 0.0 < most:
            if sell > buy:
                costs.bent[t] = 1
                n = _insert(supply, o, n, (buy * most - sell * least) / (most - least), (most - least) * h, METER)
            else:
                n = _insert(supply, o, n, sell, -least * h, METER)
                n = _insert(supply, o, n, buy, most * h, METER)
        elif most > least:
            n = _insert(supply, o, n, sell if most <= 0.0 else buy, (most - least) * h, METER)
        if sun > 0.0:
            n = _insert(supply, o, n, -tie * SPILL, sun * h, SUN)
        if car_in > 0.0 or car_out > 0.0:
            less = water * home.plug_into - tie * (1.0 + LATE_VEHICLE * late)
            more = water / home.plug_out + tie * (1.0 + LATE_VEHICLE * LATE_OUT * late)
            cost -= less * car_in * h
            if car_out > 0.0 and car_in > 0.0 and less > more:
                costs.bent[t], supply.turned[t] = 1, 1
                less = (less * car_in + more * car_out) / (car_in + car_out)
                more = less
            if car_in > 0.0:
                n = _insert(supply, o, n, less, car_in * h, CAR)
            if car_out > 0.0:
                n = _insert(supply, o, n, more, car_out * h, CAR)
        supply.pieces[t] = n - o
    supply.low[t] = low

    # from y to x
    first = low if low > -most_out else -most_out
    m = o
    at = low
    car, plugged = car_in * h, car_in > 0.0 or car_out > 0.0
    gained = car * home.plug_into
    for k in range(o, n):
        a = at
        b = a + supply.width[k]
        at = b
        s = supply.slope[k]
        lost = 0.0
        if plugged and supply.kind[k] == CAR:
            lost = home.plug_into if car > 0.0 else 1.0 / home.plug_out
            car -= supply.width[k]
        if b <= first:
            cost += supply.width[k] * s
            gained -= supply.width[k] * lost
            continue
        if a >= most_in:
            continue
        if a < first:
            cost += (first - a) * s
            gained -= (first - a) * lost
            a = first
        if b > most_in:
            b = most_in
        if a < 0.0:
            c = b if b < 0.0 else 0.0
            m = _push(costs, o, m, (s - out_cost) * home.out, (c - a) / home.out, -lost * home.out)
            a = c
        m = _push(costs, o, m, (s + in_cost) / home.into, (b - a) * home.into, -lost / home.into)
    costs.pieces[t] = m - o
    costs.low_gain[t] = gained
    costs.cost[t] = cost - out_cost * first if first < 0.0 else cost + in_cost * first
    costs.low[t] = (first / home.out if first < 0.0 else first * home.into) + home.drift_kwh[t]
    return bool(at >= first - 1e-9 and first <= most_in + 1e-9)


@forced
def read_interval(home: Home, supply: Supply, plans: Plans, t: int, gained_kwh: float, column: int) -> None:
    """Write the settings of interval ``t`` for a battery that gains ``gained_kwh`` into plan ``column``."""
    h = home.step_h
    x = gained_kwh - home.drift_kwh[t]
    y = x * home.out if x < 0.0 else x / home.into
    plans.battery_kw[column, t] = y / h
    plans.vehicle_kw[column, t] = 0.0
    plans.curtailed_kw[column, t] = 0.0
    plans.gain_kwh[column, t] = 0.0
    if supply.pieces[t] < 0:
        return
    o = t * SEGMENTS
    left = y - supply.low[t]
    unused_sun = home.solar_kw[t] * h
    car = home.plug_in_kw[t] * h
    for k in range(o, o + supply.pieces[t]):
        if left <= 0.0:
            break
        taken = supply.width[k] if supply.width[k] < left else left
        left -= taken
        if supply.kind[k] == SUN:
            unused_sun -= taken
        elif supply.kind[k] == CAR:
            car -= taken
    plans.curtailed_kw[column, t] = unused_sun / h
    plans.vehicle_kw[column, t] = car / h
    if supply.turned[t] != 0:
        most, least = home.plug_in_kw[t] * home.plug_into * h, -home.plug_out_kw[t] / home.plug_out * h
        share = (car / h + home.plug_out_kw[t]) / (home.plug_in_kw[t] + home.plug_out_kw[t])
        plans.gain_kwh[column, t] = least + share * (most - least)
    else:
        plans.gain_kwh[column, t] = car * home.plug_into if car > 0.0 else car / home.plug_out
