"""Mixtures of schedules on an inverter that goes one way at a time."""

from dataclasses import replace

import numpy as np
import pytest

from gridpact.flexibility.highs import HighsModel
from gridpact.flexibility.home import Floats
from gridpact.flexibility.settings import Settings, battery_energy, fits, mixes_fit
from gridpact.flexibility.terms import without_vpp
from unit.flexibility.homes import PERIODS, with_battery

LOSSY = with_battery(
    battery_charge_efficiency=0.9, battery_discharge_efficiency=0.9, battery_start_kwh=8.2, battery_charge_kw=5.0
)


def _settings(*battery_kw: float) -> Settings:
    power: Floats = np.array([*battery_kw, *[0.0] * (PERIODS - len(battery_kw))])
    return Settings(battery_kw=power, vehicle_kw=np.zeros(PERIODS), curtailed_kw=np.zeros(PERIODS))


FULL_AT_ONCE = _settings(2.0, 0.1, 0.0)
FULL_LATER = _settings(-2.0, 4.4, 0.0)


def test_a_mean_of_two_plans_stores_more_than_the_mean() -> None:
    """Halfway between, nothing is lost by charging and discharging, so that the second hour would overfill."""
    full = replace(LOSSY, battery_start_kwh=8.11)
    assert fits(full, FULL_AT_ONCE)
    assert fits(full, FULL_LATER)
    halfway = (FULL_AT_ONCE.battery_kw + FULL_LATER.battery_kw) / 2
    assert battery_energy(full, halfway).max() > 10.1
    terms = without_vpp(full)
    promised = np.full(PERIODS, np.nan)
    promised[:2] = 1.0
    assert not mixes_fit(full, replace(terms, fixed_net_kw=promised), FULL_AT_ONCE, FULL_LATER)


def test_it_may_charge_less_later_where_the_home_is_free_and_energy_is_worth_something() -> None:
    full = replace(LOSSY, battery_start_kwh=8.11)
    free = without_vpp(full)
    one, other = _settings(2.0, 0.05, 0.0), _settings(-2.0, 4.2, 0.0)
    assert fits(full, one)
    assert fits(full, other)
    assert not mixes_fit(full, free, one, other)
    one, other = _settings(1.0, 1.1, 0.0), _settings(-1.0, 3.33, 0.0)
    assert mixes_fit(full, free, one, other)
    assert not mixes_fit(replace(full, import_usd_per_kwh=np.full(PERIODS, -0.1)), free, one, other)
    frozen = replace(free, frozen_battery=np.ones(PERIODS, dtype=bool))
    assert not mixes_fit(full, frozen, one, other)


@pytest.mark.parametrize("number", range(3))
def test_no_schedule_is_both_ways_at_once(number: int) -> None:
    prices = np.random.default_rng(number).normal(0.0, 0.2, PERIODS)
    plan = HighsModel().baseline(replace(LOSSY, import_usd_per_kwh=prices, export_usd_per_kwh=prices - 0.01))
    assert not np.any((plan.battery_charge_kw > 0) & (plan.battery_discharge_kw > 0))
