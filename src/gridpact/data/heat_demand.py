"""Heat that a home draws from its store: a model, not a measurement.

``water:<annual_kwh>:<variant>`` is hot water, ``space:<annual_kwh>:<variant>`` what keeps a house at the coldest that
its owner finds comfortable. The number is heat in a year; the variant draws the home's habits.

- water: draws by hour of day with a morning and an evening peak, in bursts of half an hour, 12% more in midwinter and
  less in midsummer because cold water is colder; peaks up to an hour earlier or later by home.
- space: winter only, highest before sunrise, colder and milder days that all homes share; up to 20% flatter or more
  peaked over the day by home. Smooth, because a house evens out what the weather does within the hour.

Hours are the home's wall clock, seasons the northern hemisphere's. Shapes are set by judgement. The same name gives the
same demand at the same instant, whatever the horizon or step.
"""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.data import noise
from gridpact.data.grid import mean_of_pieces, pieces
from gridpact.data.names import split_zone
from gridpact.errors import InputError, UnitRangeError

Floats = NDArray[np.float64]

HOURS_PER_YEAR = 8760.0
MOST_ANNUAL_KWH = 1e6
_NAME = re.compile(r"(water|space):([0-9]+(?:\.[0-9]+)?):([0-9]{1,18})")
_COLD = noise.key("heat demand", "weather")
_WATER = np.array([1, 1, 1, 1, 2, 4, 10, 13, 9, 6, 5, 4, 5, 4, 3, 3, 4, 6, 9, 11, 10, 7, 4, 2], dtype=np.float64)
"""Hot water by hour of day, relative."""
_SPACE = 1.0 + 0.35 * np.cos(2.0 * np.pi * (np.arange(24) + 0.5 - 5.0) / 24.0)
"""Space heat by hour of day, mean one."""


def parse_heat_demand(name: str) -> tuple[str, float, int]:
    """Kind, heat in a year [kWh] and variant that ``name`` stands for.

    Raises:
        InputError: ``name`` is neither ``water:<annual_kwh>:<variant>`` nor ``space:<annual_kwh>:<variant>``.
        UnitRangeError: the heat is not above zero or above a million kWh.
    """
    match = _NAME.fullmatch(split_zone(name)[0])
    if match is None:
        raise InputError(
            f"heat demand {name!r} is neither in the profiles given nor a model's name such as 'water:3000:17' or "
            "'space:12000:17' (kWh of heat in a year, variant)"
        )
    annual_kwh = float(match[2])
    if not 0 < annual_kwh <= MOST_ANNUAL_KWH:
        raise UnitRangeError(
            f"heat demand {name!r}: {annual_kwh:g} kWh a year is not between 0 and {MOST_ANNUAL_KWH:g}"
        )
    return match[1], annual_kwh, int(match[3])


def heat_demands(names: Sequence[str], interval_starts: pd.DatetimeIndex, timezone: str) -> Floats:
    """Mean heat demand of several homes in one time zone [kW], shape (names, T).

    Args:
        names: ``water:<annual_kwh>:<variant>`` or ``space:<annual_kwh>:<variant>``.
        interval_starts: aware, in equal steps of a multiple of 5 minutes, shape (T,).
        timezone: IANA zone of the homes' wall clocks.

    Raises:
        InputError, UnitRangeError: a name cannot be used.
        NaiveDatetimeError: the times have no offset.
    """
    models = [parse_heat_demand(name) for name in names]
    keys = np.array([noise.key("heat demand", kind, variant) for kind, _, variant in models], dtype=np.uint64)
    mean_kw = np.array([annual_kwh for _, annual_kwh, _ in models]) / HOURS_PER_YEAR
    water = np.array([kind == "water" for kind, _, _ in models])
    starts, count = pieces(interval_starts)
    local = starts.tz_convert(timezone)
    hour = np.asarray(local.hour + local.minute / 60.0, dtype=np.float64)
    season = 2.0 * np.pi * (np.minimum(np.asarray(local.day_of_year), 365) - 15.0) / 365.0
    calendar_day = np.asarray(local.tz_localize(None).normalize().as_unit("s").asi8) // 86_400
    habit = noise.uniform(keys, np.arange(1))
    shape = np.empty((len(models), len(starts)))
    shape[water] = _water(habit[water], keys[water], starts, hour, season)
    shape[~water] = _space(habit[~water], hour, season, calendar_day)
    return mean_of_pieces(mean_kw[:, None] * shape, count)


def _water(habit: Floats, keys: NDArray[np.uint64], starts: pd.DatetimeIndex, hour: Floats, season: Floats) -> Floats:
    """Mean one over a year, shape (homes, pieces)."""
    slots, place = np.unique(starts.as_unit("s").asi8 // 1800, return_inverse=True)
    bursts = -np.log(noise.uniform(keys + np.uint64(1), slots))[:, place]
    shifted = (hour[None, :] + 2.0 * habit - 1.0) % 24.0
    by_hour = (_WATER / _WATER.mean())[shifted.astype(np.int64)]
    return np.asarray(by_hour * bursts * (1.0 + 0.12 * np.cos(season)))


def _space(habit: Floats, hour: Floats, season: Floats, calendar_day: NDArray[np.int64]) -> Floats:
    """Mean one over a year, but for the weather, shape (homes, pieces)."""
    days, place = np.unique(calendar_day, return_inverse=True)
    cold = 0.5 + noise.uniform(np.array([_COLD], dtype=np.uint64), days)[0][place]
    # The mean of the clipped cosine over a year is 1 / pi.
    winter = np.pi * np.clip(np.cos(season), 0.0, None)
    peaked = 1.0 + (0.8 + 0.4 * habit) * (_SPACE[hour.astype(np.int64)] - 1.0)
    return np.asarray(peaked * winter * cold)
