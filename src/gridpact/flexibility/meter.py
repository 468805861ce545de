"""What can pass a home's meter, and where buying and selling cross."""

import numpy as np

from gridpact.flexibility.home import Bools, Floats, HomeProblem
from gridpact.flexibility.terms import Terms


def most_buy_kw(home: HomeProblem) -> Floats:
    """Most that the meter can import with every device at full power, shape (T,) [kW]."""
    load = home.load_kw + home.battery_charge_kw * home.has_battery
    for session in home.sessions:
        load[session.first : session.stop] += home.vehicle_charge_kw
    for device in home.devices:
        load += device.most_kw
    return np.maximum(load, 0.0)


def most_sell_kw(home: HomeProblem) -> Floats:
    """Most that the meter can export, shape (T,) [kW]."""
    if not home.export_allowed:
        return np.zeros(home.periods)
    surplus = home.solar_kw - home.load_kw + home.battery_discharge_kw * home.has_battery
    for session in home.sessions:
        surplus[session.first : session.stop] += home.vehicle_discharge_kw
    return np.maximum(surplus, 0.0)


def crossed_meter(home: HomeProblem, terms: Terms) -> Bools:
    """Free intervals in which export pays more than import and the home could do either."""
    either = (most_sell_kw(home) > 0) & (most_buy_kw(home) > 0)
    return (home.export_usd_per_kwh > home.import_usd_per_kwh) & either & ~terms.fixed
