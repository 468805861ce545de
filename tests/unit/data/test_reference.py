"""The packaged prices and solar profiles."""

import hashlib
from importlib import resources

import numpy as np
import pandas as pd
import pytest

from gridpact.data import reference
from gridpact.errors import InputError, MissingDataError, NaiveDatetimeError


def test_prices_are_two_whole_years_of_hours_in_utc() -> None:
    prices = reference.ercot_prices("HB_HOUSTON")
    expected = pd.date_range("2021-01-01T06:00Z", "2023-01-01T05:00Z", freq="h")
    assert prices.index.equals(expected.as_unit("us"))
    assert len(prices) == 2 * 8760
    assert np.isfinite(prices).all()


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2021-03-14", 23), ("2021-11-07", 25), ("2022-03-13", 23), ("2022-11-06", 25), ("2022-07-13", 24)],
)
def test_local_days_have_the_hours_that_the_clock_gives_them(day: str, hours: int) -> None:
    local = reference.ercot_prices().tz_convert("America/Chicago")
    assert len(local[day]) == hours


@pytest.mark.parametrize(
    ("hour", "price"),
    [
        # Read in the source file: delivery date 07/13/2022, hour ending 16:00 and 20:00, HB_HOUSTON.
        ("2022-07-13T15:00-05:00", 889.35),
        ("2022-07-13T19:00-05:00", 214.88),
        # 02/16/2021, hour ending 19:00: the price cap of the winter storm, less a little.
        ("2021-02-16T18:00-06:00", None),
    ],
)
def test_hour_ending_became_interval_start(hour: str, price: float | None) -> None:
    found = reference.ercot_prices()[pd.Timestamp(hour).tz_convert("UTC")]
    if price is None:
        assert found > 5_000
    else:
        assert found == price


def test_unknown_location_names_those_that_exist() -> None:
    with pytest.raises(MissingDataError, match="HB_HOUSTON"):
        reference.ercot_prices("HB_MOON")


def test_hubs_and_zones_are_there() -> None:
    assert {"HB_HUBAVG", "HB_WEST", "LZ_HOUSTON", "LZ_AEN"} <= set(reference.ercot_locations())


def test_files_are_those_that_the_provenance_names() -> None:
    files = reference.provenance()["files"]
    assert set(files) == {reference.PRICES_FILE, reference.SOLAR_FILE}
    folder = resources.files("gridpact.data").joinpath("extracts")
    for name, entry in files.items():
        assert hashlib.sha256(folder.joinpath(name).read_bytes()).hexdigest() == entry["sha256"]
        assert entry["licence"].startswith("CC BY 4.0")
    assert "not the price year" in files[reference.SOLAR_FILE]["content"]


YEAR = pd.date_range("2022-01-01T06:00Z", periods=8760, freq="h")


def test_solar_yield_is_that_of_the_place() -> None:
    # PVWatts' own yields for these places lie around 1,800 and 1,250 to 1,350 kWh per kW and year.
    assert 1_700 < reference.solar_profile("el_paso:south", YEAR, "America/Chicago").sum() < 1_950
    assert 1_200 < reference.solar_profile("chicago:south", YEAR, "America/Chicago").sum() < 1_400


@pytest.mark.parametrize("name", reference.solar_profiles())
def test_solar_is_a_share_of_the_installed_power_and_dark_at_midnight(name: str) -> None:
    output = reference.solar_profile(name, YEAR, "America/Chicago")
    assert output.min() == 0
    assert 0.6 < output.max() <= 1
    if not name.startswith("fairbanks"):
        assert output.reshape(365, 24)[:, [0, 1, 2, 23]].max() == 0


def test_roofs_face_the_sun_at_their_hours() -> None:
    def centre(facing: str) -> float:
        by_hour = reference.solar_profile(f"tucson:{facing}", YEAR, "America/Chicago").reshape(365, 24).sum(axis=0)
        return float(by_hour @ np.arange(24) / by_hour.sum())

    assert centre("east") < centre("south") < centre("west")


def test_solar_follows_local_standard_time_through_daylight_saving() -> None:
    """The sun does not change with the clocks: 12:00 standard time is 13:00 on a summer clock."""
    noon = pd.DatetimeIndex(["2022-07-13T13:00-05:00"]).tz_convert("UTC")
    assert reference.standard_hour_of_year(noon, "America/Chicago")[0] == (193 * 24) + 12
    winter = pd.DatetimeIndex(["2022-01-13T12:00-06:00"]).tz_convert("UTC")
    assert reference.standard_hour_of_year(winter, "America/Chicago")[0] == 12 * 24 + 12


@pytest.mark.parametrize("zone", ["America/Chicago", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata"])
def test_every_standard_hour_comes_once_a_year(zone: str) -> None:
    starts = pd.date_range("2023-01-01", periods=8760, freq="h", tz=zone).tz_convert("UTC")
    hours = reference.standard_hour_of_year(starts, zone)
    assert sorted(hours) == list(range(8760)) or zone == "Australia/Lord_Howe"
    assert np.isin(np.diff(hours) % 8760, (0, 1, 2)).all()


def test_29_february_repeats_the_28th() -> None:
    day = pd.date_range("2024-02-28T06:00Z", periods=48, freq="h")
    output = reference.solar_profile("el_paso:south", day, "America/Chicago")
    assert np.array_equal(output[:24], output[24:])
    march = pd.DatetimeIndex(["2024-03-01T12:00-06:00"]).tz_convert("UTC")
    assert reference.standard_hour_of_year(march, "America/Chicago")[0] == 59 * 24 + 12


def test_quarter_hours_average_to_the_hour() -> None:
    quarters = pd.date_range("2022-07-13T05:00Z", periods=96, freq="15min")
    hours = pd.date_range("2022-07-13T05:00Z", periods=24, freq="h")
    fine = reference.solar_profile("el_paso:west", quarters, "America/Chicago").reshape(24, 4).mean(axis=1)
    np.testing.assert_allclose(fine, reference.solar_profile("el_paso:west", hours, "America/Chicago"))


def test_unknown_solar_profile_names_those_that_exist() -> None:
    with pytest.raises(MissingDataError, match="el_paso:south"):
        reference.solar_profile("atlantis:south", YEAR, "America/Chicago")


def test_naive_times_are_refused() -> None:
    with pytest.raises(NaiveDatetimeError):
        reference.solar_profile("el_paso:south", YEAR.tz_localize(None), "America/Chicago")


def test_uneven_steps_are_refused() -> None:
    with pytest.raises(InputError, match="equal steps"):
        reference.solar_profile("el_paso:south", YEAR[[0, 1, 3]], "America/Chicago")
