"""Conversions between units. Names carry units everywhere else; numbers change unit only here.

Power [kW], energy [kWh], retail prices [USD/kWh], wholesale energy prices [USD/MWh], reserve prices
[USD/MW per h], money in the ledger [micro-dollar, integer].
"""

import math
from datetime import timedelta
from decimal import ROUND_CEILING, Decimal

KW_PER_MW = 1000.0
MICROUSD_PER_USD = 1_000_000
MICROUSD_PER_CENT = 10_000


def hours(duration: timedelta) -> float:
    """Length of ``duration`` [h]."""
    return duration.total_seconds() / 3600.0


def usd_per_kwh(usd_per_mwh: float) -> float:
    """Price per kilowatt-hour [USD/kWh] of a price per megawatt-hour [USD/MWh]."""
    return usd_per_mwh / KW_PER_MW


def usd_per_mwh(usd_per_kwh_: float) -> float:
    """Price per megawatt-hour [USD/MWh] of a price per kilowatt-hour [USD/kWh]."""
    return usd_per_kwh_ * KW_PER_MW


def window_value_usd(*, price: float, quantity_kw: float, window_h: float) -> float:
    """Worth [USD] of ``quantity_kw`` held or delivered for ``window_h`` at ``price`` per MW and hour."""
    return price * quantity_kw * window_h / KW_PER_MW


def microusd(usd: float) -> int:
    """Nearest whole micro-dollar of an amount [USD]."""
    return round(usd * MICROUSD_PER_USD)


def microusd_for_owner(*, price: float, energy_kwh: float) -> int:
    """What an owner is paid [micro-dollar] for ``energy_kwh`` at ``price`` [USD/MWh], rounded up.

    A micro-dollar is a thousandth of one USD/MWh times one kWh, so the product needs no division by 1000.
    Anything within a millionth of a micro-dollar above a whole number is that number, so that binary
    rounding never pays an extra unit.
    """
    exact = Decimal(repr(price)) * Decimal(repr(energy_kwh)) * 1000
    return int((exact - Decimal("0.000001")).to_integral_value(rounding=ROUND_CEILING))


def usd(microusd_: int) -> float:
    """Dollars of an integer amount of micro-dollars."""
    return microusd_ / MICROUSD_PER_USD


def floor_kw(quantity_kw: float) -> float:
    """``quantity_kw`` rounded down to a whole watt [kW], the finest quantity that is traded."""
    return math.floor(quantity_kw * 1000.0 + 1e-6) / 1000.0


def ceil_cent(price: float) -> float:
    """``price`` rounded up to 0.01 per MWh or per MW and hour, the finest price that is traded."""
    return math.ceil(price * 100.0 - 1e-6) / 100.0
