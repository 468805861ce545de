"""Household load: a model, not a measurement.

A name ``model:<annual_kwh>:<variant>`` stands for one home: how much it uses in a year, and a number that draws its
habits. Load is a sum of four parts, each with a yearly mean of one before it takes its share:

- base: constant (refrigerator, standby);
- activity: a morning peak and a higher evening peak, later mornings and more at midday on weekends, weekends 14% above
  weekdays, 10% more in winter than in spring (light), in bursts of half an hour (appliances);
- cooling: summer, highest around 17:00, hotter and cooler days that all homes share, compressor cycles;
- heating: winter, highest around 06:00.

Seasons are the northern hemisphere's, hours are the home's wall clock. Energy over a year is within 2% of
``annual_kwh``; the difference is the noise. Shares and hours differ by variant within the ranges in `_habits`; they are
set by judgement to resemble a detached house in Texas. The same name gives the same load at the same instant, whatever
the horizon or step.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.data import noise
from gridpact.data.grid import mean_of_pieces, pieces
from gridpact.data.names import split_zone
from gridpact.errors import InputError, UnitRangeError

Floats = NDArray[np.float64]

QUARTERS = 96
HOURS_PER_YEAR = 8760.0
MOST_ANNUAL_KWH = 1e6
_NAME = re.compile(r"model:([0-9]+(?:\.[0-9]+)?):([0-9]{1,18})")
_HOUR = (np.arange(QUARTERS) + 0.5) / 4.0
_WEEKDAY_FACTOR, _WEEKEND_FACTOR = 6.72 / 7.0, 7.7 / 7.0
_WEATHER = noise.key("household", "weather")


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdModel:
    """What a model's name says."""

    annual_kwh: float
    """Energy in a year [kWh]."""
    variant: int
    """Draws the home's habits."""

    @classmethod
    def parse(cls, name: str) -> "HouseholdModel":
        """The model that ``name`` stands for.

        Raises:
            InputError: ``name`` is not ``model:<annual_kwh>:<variant>``.
            UnitRangeError: the energy is not above zero or above a million kWh.
        """
        match = _NAME.fullmatch(split_zone(name)[0])
        if match is None:
            raise InputError(
                f"load profile {name!r} is neither in the profiles given nor a model's name such as 'model:9800:17' "
                "(kWh in a year, variant)"
            )
        annual_kwh = float(match[1])
        if not 0 < annual_kwh <= MOST_ANNUAL_KWH:
            raise UnitRangeError(
                f"load profile {name!r}: {annual_kwh:g} kWh a year is not between 0 and {MOST_ANNUAL_KWH:g}"
            )
        return cls(annual_kwh=annual_kwh, variant=int(match[2]))


def load_profile(name: str, interval_starts: pd.DatetimeIndex, timezone: str) -> Floats:
    """Mean load in each interval [kW], shape (T,). See `load_profiles`."""
    return np.asarray(load_profiles([name], interval_starts, timezone)[0])


def load_profiles(names: Sequence[str], interval_starts: pd.DatetimeIndex, timezone: str) -> Floats:
    """Mean load of several homes in one time zone [kW], shape (names, T).

    Args:
        names: ``model:<annual_kwh>:<variant>``.
        interval_starts: aware, in equal steps of a multiple of 5 minutes, shape (T,).
        timezone: IANA zone of the homes' wall clocks.

    Raises:
        InputError, UnitRangeError: a name cannot be used.
        NaiveDatetimeError: the times have no offset.
    """
    models = [HouseholdModel.parse(name) for name in names]
    keys = noise.keys("household", last=[model.variant for model in models])
    mean_kw = np.array([model.annual_kwh for model in models]) / HOURS_PER_YEAR
    starts, count = pieces(interval_starts)
    local = starts.tz_convert(timezone)
    quarter = np.asarray(local.hour * 4 + local.minute // 15)
    weekend = np.asarray(local.day_of_week >= 5).astype(np.int64)
    day_of_year = np.minimum(np.asarray(local.day_of_year), 365) - 1
    seconds = starts.as_unit("s").asi8
    calendar_day = np.asarray(local.tz_localize(None).normalize().as_unit("s").asi8) // 86_400

    habits = _habits(keys)
    bursts = 0.5 - 0.5 * _by_slot(keys, seconds // 1800, salt=1)
    cycles = 0.7 + 0.6 * _by_slot(keys, seconds // 900, salt=2, log=False)
    activity = _activity(habits, weekend, quarter) * _LIGHT[day_of_year] * bursts
    cooling = _COOLING_HOUR[quarter] * _COOLING_DAY[day_of_year] * _hot_days(calendar_day) * cycles
    heating = _HEATING_HOUR[quarter] * _HEATING_DAY[day_of_year]
    load = (
        habits["base"][:, None]
        + habits["activity"][:, None] * activity
        + habits["cooling"][:, None] * cooling
        + habits["heating"][:, None] * heating
    )
    return mean_of_pieces(mean_kw[:, None] * load, count)


def _habits(keys: NDArray[np.uint64]) -> dict[str, Floats]:
    """Shares of the four parts, and hours and widths of the peaks [h], each of shape (homes,)."""
    draw = noise.uniform(keys, np.arange(16))
    ranges = {
        "base": (0.22, 0.36),
        "cooling": (0.14, 0.30),
        "heating": (0.03, 0.12),
        "morning_hour": (6.25, 8.25),
        "evening_hour": (18.0, 20.5),
        "morning_width": (0.9, 1.6),
        "evening_width": (1.6, 2.6),
        "morning_height": (0.35, 0.75),
        "midday_height": (0.10, 0.30),
    }
    found = {name: low + (high - low) * draw[:, place] for place, (name, (low, high)) in enumerate(ranges.items())}
    found["activity"] = 1.0 - found["base"] - found["cooling"] - found["heating"]
    return found


def _activity(habits: dict[str, Floats], weekend: NDArray[np.int64], quarter: NDArray[np.int64]) -> Floats:
    """Activity in each piece, shape (homes, pieces), by its quarter hour and whether it is on a weekend.

    The mean over a week is one.
    """
    evening = _bump(habits["evening_hour"], habits["evening_width"])
    midday = _bump(np.array([13.0]), np.array([2.5]))
    found = np.empty((len(evening), len(quarter)))
    for kind, later_h, midday_factor, scale in ((0, 0.0, 1.0, _WEEKDAY_FACTOR), (1, 1.5, 2.5, _WEEKEND_FACTOR)):
        now = weekend == kind
        if not now.any():
            continue
        morning = habits["morning_height"][:, None] * _bump(habits["morning_hour"] + later_h, habits["morning_width"])
        shape = morning + evening + midday_factor * habits["midday_height"][:, None] * midday + 0.08
        found[:, now] = (shape / shape.mean(axis=1, keepdims=True) * scale)[:, quarter[now]]
    return found


def _bump(centre_hour: Floats, width_h: Floats) -> Floats:
    """A peak around an hour of the day, across midnight, shape (homes, 96)."""
    away = (_HOUR[None, :] - centre_hour[:, None] + 12.0) % 24.0 - 12.0
    return np.asarray(np.exp(-0.5 * (away / width_h[:, None]) ** 2))


def _season(peak_day: float) -> Floats:
    """A season around a day of the year, zero in the opposite half, mean one, shape (365,)."""
    wave = np.clip(np.cos(2.0 * np.pi * (np.arange(365) - peak_day) / 365.0), 0.0, None) ** 1.5
    return np.asarray(wave / wave.mean())


def _hours(shape: Floats) -> Floats:
    return np.asarray(shape / shape.mean())


_LIGHT = 1.0 + 0.1 * np.cos(2.0 * np.pi * (np.arange(365) - 10.0) / 365.0)
_COOLING_DAY, _HEATING_DAY = _season(204.0), _season(14.0)
_COOLING_HOUR = _hours(0.3 + _bump(np.array([17.0]), np.array([3.5]))[0])
_HEATING_HOUR = _hours(1.0 + 0.5 * np.cos(2.0 * np.pi * (_HOUR - 6.0) / 24.0))


def _hot_days(calendar_day: NDArray[np.int64]) -> Floats:
    """How hot each day is beside its season, 0.5 to 1.5, the same for all homes, shape (pieces,)."""
    days, place = np.unique(calendar_day, return_inverse=True)
    return np.asarray(0.5 + noise.uniform(np.array([_WEATHER], dtype=np.uint64), days)[0][place])


def _by_slot(keys: NDArray[np.uint64], slot: NDArray[np.int64], *, salt: int, log: bool = True) -> Floats:
    """One draw per home and slot of time, shape (homes, pieces): uniform, or its logarithm."""
    slots, place = np.unique(slot, return_inverse=True)
    draw = noise.uniform(keys + np.uint64(salt), slots)
    return np.asarray((np.log(draw) if log else draw)[:, place])
