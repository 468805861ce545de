"""A fleet on the run's grid."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from gridpact.data.household import load_profile
from gridpact.data.reference import ercot_prices, solar_profile
from gridpact.errors import InputError, MissingDataError, UnitRangeError
from gridpact.fleet.day import PROFILE_COLUMNS, TARIFF_COLUMNS, FleetDay, build_fleet_day
from gridpact.fleet.fleet import Fleet
from gridpact.fleet.generator import demonstration_fleet, generate_fleet
from gridpact.horizon import Horizon

CHICAGO = ZoneInfo("America/Chicago")


def horizon(day: datetime = datetime(2022, 7, 13, 19, tzinfo=CHICAGO), *, step: int = 15) -> Horizon:
    return Horizon.covering([(day, day.replace(hour=day.hour + 1))], timezone="America/Chicago", step_minutes=step)


def fleet(*rows: dict[str, Any]) -> Fleet:
    return Fleet.from_frame(pd.DataFrame([{"home_id": f"h{number}"} | row for number, row in enumerate(rows)]))


def build(homes: Fleet, grid: Horizon | None = None, **given: Any) -> FleetDay:
    return build_fleet_day(homes, grid or horizon(), **({"wholesale": ercot_prices(), "seed": 1} | given))


def test_arrays_are_those_of_the_profiles_and_sizes() -> None:
    day = build(
        fleet({"load_profile": "model:5000:3"}, {"solar_kw": 6, "solar_profile": "tucson:west", "tariff": "flat"})
    )
    starts = day.horizon.interval_starts
    assert np.array_equal(day.load_realised_kw[0], load_profile("model:5000:3", starts, "America/Chicago"))
    assert np.array_equal(day.solar_realised_kw[1], 6 * solar_profile("tucson:west", starts, "America/Chicago"))
    assert not day.solar_realised_kw[0].any()
    assert set(day.import_usd_per_kwh[1]) == {0.15}
    assert day.blackout.shape == day.load_forecast_kw.shape == (2, 96)
    assert tuple(day.sessions) == ((), ())
    with pytest.raises(ValueError, match="read-only"):
        day.load_realised_kw[0, 0] = 1


def test_forecasts_differ_from_what_happens_but_resemble_it() -> None:
    day = build(generate_fleet(60, seed=8))
    assert (day.load_forecast_kw >= 0).all()
    assert (day.solar_forecast_kw >= 0).all()
    assert np.array_equal(day.solar_forecast_kw > 0, day.solar_realised_kw > 0)
    assert not np.array_equal(day.load_forecast_kw, day.load_realised_kw)
    ratio = day.load_forecast_kw.sum(axis=1) / day.load_realised_kw.sum(axis=1)
    assert np.abs(ratio - 1).max() < 0.12
    assert abs(ratio.mean() - 1) < 0.02


def test_errors_hang_on_the_seed_and_not_on_the_horizon() -> None:
    homes = generate_fleet(10, seed=8)
    one, same, other = build(homes), build(homes), build(homes, seed=2)
    assert np.array_equal(one.load_forecast_kw, same.load_forecast_kw)
    assert np.array_equal(one.load_realised_kw, other.load_realised_kw)
    assert not np.array_equal(one.load_forecast_kw, other.load_forecast_kw)
    windows = [
        (datetime(2022, 7, day, 19, tzinfo=CHICAGO), datetime(2022, 7, day, 20, tzinfo=CHICAGO)) for day in (13, 14)
    ]
    longer = build(homes, Horizon.covering(windows, timezone="America/Chicago"))
    assert np.array_equal(longer.solar_forecast_kw[:, :96], one.solar_forecast_kw)
    np.testing.assert_allclose(longer.load_forecast_kw[:, :90], one.load_forecast_kw[:, :90])


@pytest.mark.parametrize(("day", "periods"), [((2022, 3, 12), 92), ((2022, 11, 5), 100), ((2022, 7, 13), 96)])
def test_days_of_23_and_25_hours(day: tuple[int, int, int], periods: int) -> None:
    made = build(demonstration_fleet(), horizon(datetime(*day, 19, tzinfo=CHICAGO)))
    assert made.load_forecast_kw.shape == (6, periods)
    assert len(made.profiles_frame()) % periods == 0


def test_frames_are_the_contracts_and_give_the_same_day_again() -> None:
    homes = generate_fleet(20, seed=3)
    day = build(homes)
    assert list(day.profiles_frame().columns) == list(PROFILE_COLUMNS)
    assert list(day.tariffs_frame().columns) == list(TARIFF_COLUMNS)
    for frame in (day.profiles_frame(), day.tariffs_frame()):
        key = list(frame.columns[:2])
        assert not frame.duplicated(key).any()
        assert frame.equals(frame.sort_values(key, ignore_index=True))
        assert frame["interval_start"].dt.tz is UTC or str(frame["interval_start"].dt.tz) == "UTC"
    again = build(homes, wholesale=None, seed=99, profiles=day.profiles_frame(), tariffs=day.tariffs_frame())
    for name in (
        "load_forecast_kw",
        "solar_forecast_kw",
        "load_realised_kw",
        "import_usd_per_kwh",
        "export_usd_per_kwh",
    ):
        assert np.array_equal(getattr(day, name), getattr(again, name))
    assert again.profiles_frame().equals(day.profiles_frame())
    assert again.tariffs_frame().equals(day.tariffs_frame())


def own(
    values: list[float], *, name: str = "mine", freq: str = "60min", kind: tuple[str, ...] = PROFILE_COLUMNS
) -> pd.DataFrame:
    starts = pd.date_range("2022-07-13T17:00Z", periods=len(values), freq=freq)
    return pd.DataFrame({kind[0]: name, kind[1]: starts, kind[2]: values, kind[3]: values})


def test_the_owners_own_series_win() -> None:
    hourly = [float(hour) for hour in range(24)]
    homes = fleet({"load_profile": "mine", "tariff": "flat"})
    day = build(homes, profiles=own(hourly), tariffs=own(hourly, name="flat", kind=TARIFF_COLUMNS))
    assert np.array_equal(day.load_realised_kw[0], np.repeat(hourly, 4))
    assert np.array_equal(day.export_usd_per_kwh[0], np.repeat(hourly, 4))


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ([1.0] * 23, MissingDataError, "profile 'mine', forecast_kw has no value at 2022-07-14T16:00"),
        ([1.0] * 23 + [-2.0], UnitRangeError, "is -2; it must be at least 0"),
        ([1.0] * 23 + [float("nan")], UnitRangeError, "empty or infinite at 2022-07-14T16:00"),
    ],
)
def test_the_owners_own_series_are_checked(values: list[float], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        build(fleet({"load_profile": "mine"}), profiles=own(values))


def test_missing_columns_are_named() -> None:
    with pytest.raises(MissingDataError, match="realised_kw"):
        build(fleet({}), profiles=own([1.0] * 24).drop(columns="realised_kw"))


@pytest.mark.parametrize(
    ("row", "error", "words"),
    [
        ({"load_profile": "nobody"}, InputError, "home 'h1', load_profile: load profile 'nobody'"),
        ({"solar_kw": 3, "solar_profile": "moon:south"}, MissingDataError, "home 'h1', solar_profile.*moon:south"),
        ({"tariff": "free_lunch"}, InputError, "home 'h1', tariff.*free_lunch"),
        ({"tariff": "flat@Mars/Olympus"}, InputError, "Mars/Olympus"),
    ],
)
def test_unknown_names_are_refused_with_the_home(row: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        build(fleet({}, row))


def test_wholesale_prices_are_needed_only_by_tariffs_that_follow_them() -> None:
    build(fleet({"tariff": "flat"}), wholesale=None)
    with pytest.raises(MissingDataError, match="home 'h0', tariff.*wholesale"):
        build(fleet({"tariff": "wholesale_indexed"}), wholesale=None)


def test_one_name_means_one_series() -> None:
    west = {"timezone": "America/Denver"}
    with pytest.raises(InputError, match="write time_of_use@America/Denver"):
        build(fleet({}, west))
    day = build(
        fleet({}, west | {"tariff": "time_of_use@America/Denver"}, west | {"tariff": "time_of_use@America/Chicago"})
    )
    assert np.array_equal(day.import_usd_per_kwh[1][4:], day.import_usd_per_kwh[0][:-4])
    assert np.array_equal(day.import_usd_per_kwh[2], day.import_usd_per_kwh[0])
    build(fleet({"tariff": "flat"}, west | {"tariff": "flat"}))


def test_sessions_and_blackouts_of_a_summer_evening() -> None:
    size = {"vehicle_capacity_kwh": 60.0, "vehicle_charge_kw": 10.0, "vehicle_charge_efficiency": 0.9}
    car = size | {"vehicle_arrive": "18:00", "vehicle_depart": "07:00"}
    day = build(
        fleet(
            car | {"blackout": "Wed 17:50-18:10"},
            car | {"vehicle_arrive": "18:05", "vehicle_depart": "18:55"},
            car | {"vehicle_arrive": "09:00", "vehicle_depart": "14:00", "blackout": "23:00-01:00"},
            {"blackout": "Thu 17:00-18:00"},
            car | {"vehicle_arrive": "2022-07-13T20:00", "vehicle_depart": "2022-07-15T08:00"},
        )
    )
    stays = tuple(day.sessions)
    assert stays[0] == ((24, 76, 30.0, 48.0),)
    assert stays[1] == ((25, 27, 30.0, 34.5),)
    assert stays[2] == ((0, 8, 30.0, 48.0), (84, 96, 30.0, 30.0))
    assert stays[4] == ((32, 96, 30.0, 30.0),)
    assert np.flatnonzero(day.blackout[0]).tolist() == [23, 24]
    assert np.flatnonzero(day.blackout[2]).tolist() == list(range(44, 52))
    assert not day.blackout[3].any()
