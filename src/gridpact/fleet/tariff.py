"""Retail tariffs: what a home pays for a kilowatt-hour and what it gets for one.

The kinds are typical of Texas in 2022; the numbers are this project's own round ones [USD/kWh], all charges by volume
included:

| name | import | export |
|---|---|---|
| flat | 0.15 | 0 |
| time_of_use | 0.28 from 16:00 to 21:00, 0.09 from 00:00 to 06:00, else 0.15; every day | 0.04 |
| net_metering | 0.15 | 0.15 |
| net_billing | 0.15 | 0.04 |
| wholesale_indexed | wholesale price + 0.045 for the wires | wholesale price |

Hours are the home's wall clock. Fixed charges change no decision and are left out.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact import units
from gridpact.data.grid import mean_of_pieces, on_grid, pieces
from gridpact.data.names import split_zone
from gridpact.errors import InputError, MissingDataError
from gridpact.fleet.findings import nearest

Floats = NDArray[np.float64]

RETAIL = 0.15
SURPLUS = 0.04
PEAK, PEAK_HOURS = 0.28, (16, 21)
NIGHT, NIGHT_HOURS = 0.09, (0, 6)
WIRES = 0.045

Prices = tuple[Floats, Floats]


def tariff_names() -> tuple[str, ...]:
    """Names of the tariffs that are built in."""
    return tuple(_BUILDERS)


def tariff_prices(name: str, interval_starts: pd.DatetimeIndex, timezone: str, wholesale: pd.Series | None) -> Prices:
    """Import and export price in each interval [USD/kWh], each of shape (T,).

    Args:
        name: one of `tariff_names`, with ``@Area/City`` to follow another clock than the home's.
        interval_starts: aware, in equal steps of a multiple of 5 minutes, shape (T,).
        timezone: IANA zone of the home.
        wholesale: wholesale price [USD/MWh] by interval start, aware; only ``wholesale_indexed`` needs it.

    Raises:
        InputError: there is no such tariff.
        MissingDataError: the tariff needs wholesale prices that are not there.
    """
    bare = split_zone(name)[0]
    if bare not in _BUILDERS:
        near = nearest(bare.replace(" ", "_"), _BUILDERS)
        hint = f"did you mean {near!r}? " if near else ""
        raise InputError(
            f"tariff {name!r} is neither in the tariffs given nor built in; {hint}built in are {', '.join(_BUILDERS)}"
        )
    return _BUILDERS[bare](interval_starts, timezone, wholesale)


def _flat(starts: pd.DatetimeIndex, timezone: str, wholesale: pd.Series | None) -> Prices:
    return np.full(len(starts), RETAIL), np.zeros(len(starts))


def _net_metering(starts: pd.DatetimeIndex, timezone: str, wholesale: pd.Series | None) -> Prices:
    return np.full(len(starts), RETAIL), np.full(len(starts), RETAIL)


def _net_billing(starts: pd.DatetimeIndex, timezone: str, wholesale: pd.Series | None) -> Prices:
    return np.full(len(starts), RETAIL), np.full(len(starts), SURPLUS)


def _time_of_use(starts: pd.DatetimeIndex, timezone: str, wholesale: pd.Series | None) -> Prices:
    parts, count = pieces(starts)
    hour = np.asarray(parts.tz_convert(timezone).hour)
    price = np.full(len(parts), RETAIL)
    price[(hour >= PEAK_HOURS[0]) & (hour < PEAK_HOURS[1])] = PEAK
    price[(hour >= NIGHT_HOURS[0]) & (hour < NIGHT_HOURS[1])] = NIGHT
    return mean_of_pieces(price, count), np.full(len(starts), SURPLUS)


def _wholesale_indexed(starts: pd.DatetimeIndex, timezone: str, wholesale: pd.Series | None) -> Prices:
    if wholesale is None:
        raise MissingDataError("tariff 'wholesale_indexed' needs wholesale prices; give a price file or another tariff")
    price = units.usd_per_kwh(1.0) * on_grid(wholesale, starts, what="the wholesale price")
    return price + WIRES, price


_BUILDERS: dict[str, Callable[[pd.DatetimeIndex, str, pd.Series | None], Prices]] = {
    "flat": _flat,
    "time_of_use": _time_of_use,
    "net_metering": _net_metering,
    "net_billing": _net_billing,
    "wholesale_indexed": _wholesale_indexed,
}
