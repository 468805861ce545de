"""The household load model."""

import numpy as np
import pandas as pd
import pytest

from gridpact.data.household import load_profile, load_profiles
from gridpact.errors import InputError, UnitRangeError

YEAR = pd.date_range("2022-01-01T06:00Z", periods=8760 * 4, freq="15min")
ZONE = "America/Chicago"


@pytest.mark.parametrize(("annual_kwh", "variant"), [(9800, 17), (4000, 1), (25000.5, 999_999_999_999), (11000, 0)])
@pytest.mark.parametrize("year", [2021, 2024])
def test_a_year_uses_what_the_name_says(annual_kwh: float, variant: int, year: int) -> None:
    starts = pd.date_range(f"{year}-01-01", f"{year + 1}-01-01", freq="15min", tz=ZONE, inclusive="left")
    used_kwh = load_profile(f"model:{annual_kwh}:{variant}", starts.tz_convert("UTC"), ZONE).sum() / 4
    assert used_kwh == pytest.approx(annual_kwh, rel=0.02)


def test_shape_of_day_week_and_year() -> None:
    names = [f"model:9800:{variant}" for variant in range(40)]
    load = load_profiles(names, YEAR, ZONE).mean(axis=0)
    local = YEAR.tz_convert(ZONE)
    by_hour = pd.Series(load).groupby(local.hour).mean()
    assert by_hour.idxmax() in (17, 18, 19, 20)
    assert by_hour[7] > 1.3 * by_hour[3]
    assert by_hour[19] > 1.3 * by_hour[12]
    by_month = pd.Series(load).groupby(local.month).mean()
    assert by_month.idxmax() == 7
    assert by_month[1] > by_month[4]
    weekend = local.day_of_week >= 5
    assert load[weekend].mean() > 1.03 * load[~weekend].mean()
    night_then, morning_then = (load[(local.hour == hour) & ~weekend].mean() for hour in (7, 10))
    assert night_then > morning_then * 0.8


def test_same_name_same_load_whatever_the_horizon_step_and_company() -> None:
    day = slice(96 * 180, 96 * 181)
    whole = load_profile("model:9800:17", YEAR, ZONE)[day]
    alone = load_profile("model:9800:17", YEAR[day], ZONE)
    among = load_profiles(["model:5000:3", "model:9800:17"], YEAR[day], ZONE)[1]
    assert np.array_equal(whole, alone)
    assert np.array_equal(whole, among)
    for minutes in (5, 10, 20, 30, 60):
        starts = pd.date_range(YEAR[day][0], periods=1440 // minutes, freq=f"{minutes}min")
        stepped = load_profile("model:9800:17", starts, ZONE)
        hourly = stepped.reshape(24, -1).mean(axis=1)
        np.testing.assert_allclose(hourly, whole.reshape(24, 4).mean(axis=1))


def test_variants_differ_and_scale_is_linear() -> None:
    one, other = load_profiles(["model:9800:1", "model:9800:2"], YEAR[:960], ZONE)
    assert np.abs(one - other).mean() > 0.05
    np.testing.assert_allclose(load_profile("model:19600:1", YEAR[:960], ZONE), 2 * one)


def test_known_values_stay_the_same() -> None:
    """A change of the model changes every result; it must be meant."""
    starts = pd.date_range("2022-07-14T00:00Z", periods=3, freq="15min")
    np.testing.assert_allclose(
        load_profile("model:9800:17", starts, ZONE), [3.680800004, 2.836073518, 3.603519024], rtol=1e-6
    )


@pytest.mark.parametrize(
    "name", ["nobody", "model:9800", "model:-3:1", "model:9800:x", "model:nan:1", "model:1e3:1", ""]
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="model:9800:17"):
        load_profile(name, YEAR[:4], ZONE)


@pytest.mark.parametrize("name", ["model:0:1", "model:99999999:1"])
def test_energy_has_limits(name: str) -> None:
    with pytest.raises(UnitRangeError, match="kWh"):
        load_profile(name, YEAR[:4], ZONE)
