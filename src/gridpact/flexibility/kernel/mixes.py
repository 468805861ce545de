"""Whether a home can follow the straight line between two levels of a curve: every mean of two plans, at its mean cost.

In free intervals costs are convex in what devices store, so a mean of what is stored is a plan. Where net load is
promised, a device that charges in one plan and discharges in the other leaves the mean fuller. The excess must fit
under the ceiling for the rest of the day, unless sun can be curtailed for it.
"""

from gridpact.flexibility.home import Floats
from gridpact.flexibility.kernel.arrays import Home, Ladder
from gridpact.flexibility.kernel.compiling import compiled, whole
from gridpact.flexibility.kernel.coupling import FITS_KWH
from gridpact.flexibility.kernel.guess import PINNED_KW

NOWHERE, WITHIN, ANYWHERE = whole(0), whole(1), whole(2)


@compiled
def _extra(one: float, other: float, into: float, out: float) -> float:
    """Most energy by which a mix of two powers of opposite sign stores more than the mix of what they store [per h]."""
    if one * other >= 0.0:
        return 0.0
    weight = one / (one - other)
    first = one * into if one > 0.0 else one / out
    second = other * into if other > 0.0 else other / out
    return -((1.0 - weight) * first + weight * second)


@compiled
def mixes_fit(home: Home, ladder: Ladder, low: int, high: int, begin: int) -> bool:
    """Whether all means of two levels, whose settings are known from instant ``begin`` on, can be followed."""
    h = home.step_h
    excess, one, other = 0.0, ladder.level_kwh[low], ladder.level_kwh[high]
    for t in range(begin, len(home.need_kw)):
        a, b = ladder.level_battery_kw[low, t], ladder.level_battery_kw[high, t]
        one += (a * home.into if a > 0.0 else a / home.out) * h + home.drift_kwh[t]
        other += (b * home.into if b > 0.0 else b / home.out) * h + home.drift_kwh[t]
        if home.most_kw[t] - home.least_kw[t] <= PINNED_KW:
            excess += _extra(a, b, home.into, home.out) * h
        if excess > 0.0 and max(one, other) + excess > home.ceiling_kwh[t + 1] + FITS_KWH:
            return False
    for s in range(home.sessions):
        excess, one, other = 0.0, home.session_kwh[s, 0], home.session_kwh[s, 0]
        for t in range(home.session[s, 0], home.session[s, 1]):
            a, b = ladder.level_vehicle_kw[low, t], ladder.level_vehicle_kw[high, t]
            one += (a * home.plug_into if a > 0.0 else a / home.plug_out) * h + home.plug_drift_kwh[t]
            other += (b * home.plug_into if b > 0.0 else b / home.plug_out) * h + home.plug_drift_kwh[t]
            if home.most_kw[t] - home.least_kw[t] <= PINNED_KW or home.plug_out_kw[t] > 0.0:
                excess += _extra(a, b, home.plug_into, home.plug_out) * h
            if excess > 0.0 and max(one, other) + excess > home.plug_capacity_kwh + FITS_KWH:
                return False
    return True


@compiled
def stored_by(home: Home, battery_kw: Floats, end: int) -> float:
    """Energy at instant ``end`` of a battery that does ``battery_kw`` [kWh]."""
    energy = home.start_kwh
    for t in range(end):
        y = battery_kw[t]
        energy += (y * home.into if y > 0.0 else y / home.out) * home.step_h + home.drift_kwh[t]
    return energy


@compiled
def where_turned(home: Home, target_kw: Floats, first: int, stop: int, q: float) -> int:
    """Where plans for quantities up to ``q`` could turn the battery so that a mean does not fit, whatever they are.

    ``NOWHERE``, only ``WITHIN`` the window and only for want of a promise there, or ``ANYWHERE``; for a home whose
    vehicle, if any, only charges. A window of no length stands for an ask that promises no net load.

    Where a battery that charges does so from sun, or the vehicle's and the house's needs leave it no choice, the mean
    can curtail or import less: with c the net load beyond the load, the battery does c - vehicle + sun used, so that at
    c <= 0 all it charges is sun, and at c above the vehicle's power it never discharges. In free intervals a vehicle's
    and a battery's plans mix if less net load is possible and costs no more.
    """
    found = NOWHERE
    for t in range(len(home.need_kw)):
        if home.charge_kw[t] <= 0.0 or home.discharge_kw[t] <= 0.0:
            continue
        car, need, least = home.plug_in_kw[t], home.need_kw[t], home.least_kw[t]
        within = first <= t < stop
        if within or home.most_kw[t] - least <= PINNED_KW:
            upper = (target_kw[t] if within else home.most_kw[t]) - need
            lower = upper - car - (q if within else 0.0)
            if upper > 0.0 and lower < 0.0:
                if not within or car > 0.0:
                    return ANYWHERE
                found = WITHIN
        elif car > 0.0:
            free = least <= need - home.solar_kw[t] - home.discharge_kw[t] + PINNED_KW or (need >= 0.0 and least <= 0.0)
            if not free or home.sell[t] < 0.0 or home.buy[t] < home.sell[t]:
                return ANYWHERE
    return found
