"""What a kWh in a vehicle is worth, guessed from a battery plan: exact where the battery does not answer to it.

A vehicle that must gain so much before it leaves takes the cheapest hours of its session: first sun that would be fed
in or curtailed, then import. The price of the last one, per kWh stored, is the multiplier of its departure.
"""

from gridpact.flexibility.home import Floats
from gridpact.flexibility.kernel.arrays import Guess, Home
from gridpact.flexibility.kernel.compiling import compiled
from gridpact.flexibility.ties import LATE_VEHICLE, SPILL

GAPS = 132, 57, 23, 10, 4, 1
"""Steps of a Shell sort (Ciura, 2001)."""


@compiled
def _sort(guess: Guess, count: int) -> None:
    """Order the first ``count`` hours by price."""
    for gap in GAPS:
        for i in range(gap, count):
            price, width = guess.price[i], guess.width[i]
            j = i
            while j >= gap and guess.price[j - gap] > price:
                guess.price[j] = guess.price[j - gap]
                guess.width[j] = guess.width[j - gap]
                j -= gap
            guess.price[j] = price
            guess.width[j] = width


@compiled
def worth_of_charge(home: Home, guess: Guess, battery_kw: Floats, s: int, tie: float, late: Floats) -> float:
    """The multiplier of session ``s``'s departure if the battery did ``battery_kw``, shape (T,) [USD/kWh]."""
    h, count = home.step_h, 0
    need = home.session_kwh[s, 2] - home.session_kwh[s, 0]
    for t in range(home.session[s, 0], home.session[s, 1]):
        need -= home.plug_drift_kwh[t]
        most = home.plug_in_kw[t]
        if most <= 0.0 or home.most_kw[t] - home.least_kw[t] <= 1e-9:
            continue
        own = tie * (1.0 + LATE_VEHICLE * late[t])
        surplus = home.solar_kw[t] - home.need_kw[t] - battery_kw[t]
        if surplus > 0.0:
            fed_in = home.sell[t] if home.least_kw[t] < 0.0 and home.sell[t] > 0.0 else -tie * SPILL
            guess.price[count] = (fed_in + own) / home.plug_into
            guess.width[count] = min(surplus, most) * h * home.plug_into
            count += 1
        if surplus < most:
            guess.price[count] = (home.buy[t] + own) / home.plug_into
            guess.width[count] = (most - max(surplus, 0.0)) * h * home.plug_into
            count += 1
    if need <= 0.0 or count == 0:
        return 0.0
    _sort(guess, count)
    for k in range(count):
        need -= guess.width[k]
        if need <= 1e-9:
            return float(max(guess.price[k], 0.0))
    return float(max(guess.price[count - 1], 0.0))
