"""Fleets from tables: defaults, checks and views."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gridpact.errors import InputError, MissingDataError, UnitRangeError
from gridpact.fleet.columns import COLUMN_NAMES
from gridpact.fleet.fleet import Fleet

BATTERY = {"battery_capacity_kwh": 10.0, "battery_charge_kw": 5.0, "battery_discharge_kw": 4.0}
CAR = {"vehicle_capacity_kwh": 60.0, "vehicle_charge_kw": 7.2}


def fleet(*rows: dict[str, Any]) -> Fleet:
    return Fleet.from_frame(
        pd.DataFrame([{"home_id": f"h{number}"} | row for number, row in enumerate(rows)]), source="t"
    )


def test_only_home_id_is_needed_and_the_rest_has_defaults() -> None:
    made = fleet({}, {})
    row = made.row("h1")
    assert list(made.frame.columns) == list(COLUMN_NAMES)
    assert row["timezone"] == "America/Chicago"
    assert row["zone"] == "ercot"
    assert row["tariff"] == "time_of_use"
    assert row["load_profile"] == "model:9800:2"
    assert row["meter_id"] == "h1"
    assert row["export_allowed"] is True
    assert row["blackout"] == ()
    assert row["floor_usd_per_mwh"] == 0
    assert math.isnan(row["battery_capacity_kwh"])
    assert math.isnan(row["battery_charge_efficiency"])
    assert row["solar_profile"] is None
    home = made.home("h1")
    assert home.battery is None
    assert home.vehicle is None
    assert home.solar is None
    assert home.preferences.max_cycles_per_day == math.inf


def test_devices_take_their_own_defaults() -> None:
    home = fleet(BATTERY | CAR | {"solar_kw": 6}).home("h0")
    assert home.battery is not None
    assert (home.battery.charge_efficiency, home.battery.min_soc_fraction, home.battery.wear_usd_per_kwh) == (
        0.95,
        0.1,
        0.03,
    )
    assert home.vehicle is not None
    assert (home.vehicle.discharge_kw, home.vehicle.arrive, home.vehicle.depart) == (0.0, "18:00", "07:00")
    assert home.solar is not None
    assert home.solar.profile == "el_paso:south"


def test_an_empty_arrival_is_away_but_a_missing_column_is_a_default() -> None:
    away = fleet(CAR | {"vehicle_arrive": None, "vehicle_depart": ""}).home("h0")
    assert away.vehicle is not None
    assert away.vehicle.arrive == ""
    assert away.preferences.vehicle_ready_by is None


def test_zero_means_zero_and_empty_means_has_not() -> None:
    made = fleet({"battery_capacity_kwh": 0.0, "solar_kw": 0.0, "battery_charge_efficiency": 0.9})
    assert made.row("h0")["battery_capacity_kwh"] == 0
    assert math.isnan(made.row("h0")["battery_charge_efficiency"])
    assert made.home("h0").battery is None


@pytest.mark.parametrize(
    ("row", "error", "words"),
    [
        ({"home_id": ""}, InputError, "row 1, home_id is empty"),
        ({"timezone": "Mars/Olympus"}, InputError, "row 1, timezone.*Mars/Olympus"),
        (BATTERY | {"battery_capacity_kwh": "ten"}, InputError, "battery_capacity_kwh is 'ten'"),
        (BATTERY | {"battery_capacity_kwh": "nan"}, InputError, "not a number"),
        (BATTERY | {"battery_capacity_kwh": True}, InputError, "not a number"),
        (BATTERY | {"battery_capacity_kwh": float("inf")}, UnitRangeError, "battery_capacity_kwh is inf"),
        (BATTERY | {"battery_capacity_kwh": "inf"}, UnitRangeError, "battery_capacity_kwh is inf"),
        (BATTERY | {"battery_capacity_kwh": 13500}, UnitRangeError, "at most 1000 kWh"),
        (BATTERY | {"battery_charge_kw": -1}, UnitRangeError, "battery_charge_kw is -1; it must be at least 0"),
        ({"battery_capacity_kwh": 10.0, "battery_charge_kw": 5.0}, InputError, "battery_discharge_kw is empty"),
        ({"battery_charge_kw": 5.0}, InputError, "battery_capacity_kwh is empty"),
        ({"vehicle_capacity_kwh": 60.0}, InputError, "vehicle_charge_kw is empty"),
        ({"vehicle_discharge_kw": 3.0}, InputError, "vehicle_capacity_kwh is empty"),
        (BATTERY | {"battery_charge_efficiency": 95}, UnitRangeError, "battery_charge_efficiency is 95"),
        (BATTERY | {"battery_charge_efficiency": 0}, UnitRangeError, "at least 0.1"),
        (BATTERY | {"battery_soc_fraction": 55}, UnitRangeError, "battery_soc_fraction is 55"),
        (BATTERY | {"battery_min_soc_fraction": 0.9}, InputError, "battery_min_soc_fraction is 0.9, above"),
        (BATTERY | {"battery_max_soc_fraction": 0.4}, InputError, "battery_soc_fraction is 0.5, above"),
        (CAR | {"vehicle_arrive": "18:00", "vehicle_depart": None}, InputError, "one is empty"),
        (CAR | {"vehicle_arrive": "25:00", "vehicle_depart": "07:00"}, InputError, "'25:00'"),
        (CAR | {"vehicle_arrive": "18:00;19:00", "vehicle_depart": "07:00"}, InputError, "2 arrivals but 1"),
        (CAR | {"vehicle_arrive": "18:00;20:00", "vehicle_depart": "19:00;21:00"}, InputError, "one daily time"),
        (
            CAR | {"vehicle_arrive": "2022-07-13T18:00", "vehicle_depart": "2022-07-13T07:00"},
            InputError,
            "not after it arrives",
        ),
        (
            CAR
            | {
                "vehicle_arrive": "2022-07-13T18:00;2022-07-14T06:00",
                "vehicle_depart": "2022-07-14T07:00;2022-07-14T09:00",
            },
            InputError,
            "before it has departed",
        ),
        (
            CAR | {"vehicle_arrive": "2022-07-13T18:00Z", "vehicle_depart": "2022-07-14T07:00Z"},
            InputError,
            "without offset",
        ),
        ({"blackout": "around teatime"}, InputError, "row 1, blackout.*teatime"),
        ({"blackout": "Mun 17:00-18:00"}, InputError, "weekdays"),
        ({"blackout": 17}, InputError, "blackout is 17"),
        ({"export_allowed": "maybe"}, InputError, "export_allowed is 'maybe'"),
        ({"floor_usd_per_mwh": -5}, UnitRangeError, "floor_usd_per_mwh is -5"),
        ({"backup_soc_fraction": 12}, UnitRangeError, "backup_soc_fraction is 12"),
        ({"tariff": ["flat"]}, InputError, "text is expected"),
    ],
)
def test_bad_cells_are_refused_with_row_and_column(row: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        fleet(row)


def test_names_must_be_unique() -> None:
    with pytest.raises(InputError, match="row 2, home_id is 'h' again, as in row 1"):
        fleet({"home_id": "h"}, {"home_id": "h"})
    with pytest.raises(InputError, match=r"row 2, meter_id is 'h0' again.*twice"):
        fleet({}, {"meter_id": "h0"})


def test_columns_must_be_known() -> None:
    with pytest.raises(InputError, match="did you mean 'battery_capacity_kwh'"):
        Fleet.from_frame(pd.DataFrame({"home_id": ["a"], "battery_capcity_kwh": [3]}))
    with pytest.raises(InputError, match="no column 'home_id'"):
        Fleet.from_frame(pd.DataFrame({"zone": ["a"]}))
    with pytest.raises(InputError, match="no home"):
        Fleet.from_frame(pd.DataFrame({"home_id": []}))
    with pytest.raises(InputError, match="twice"):
        Fleet.from_frame(pd.DataFrame([["a", "b"]], columns=["home_id", "home_id"]))


def test_views_rows_and_subsets() -> None:
    made = fleet(BATTERY, CAR | {"blackout": ["Mon-Fri 17:00-18:00", "22:00-06:00"]}, {"home_id": 7})
    assert made.home_ids == ("h0", "h1", "7")
    assert len(made) == 3
    assert [home.home_id for home in made.prosumers()] == list(made.home_ids)
    assert [made.home(name) for name in made.home_ids] == list(made.prosumers())
    assert made.home("h1").preferences.blackout == ("Mon-Fri 17:00-18:00", "22:00-06:00")
    part = made.subset(["7", "h0"])
    assert part.home_ids == ("7", "h0")
    assert part.row("7")["load_profile"] == made.row("7")["load_profile"]
    with pytest.raises(MissingDataError, match="'nobody'"):
        made.home("nobody")
    with pytest.raises(InputError, match="no home"):
        made.subset([])
    assert Fleet.from_frame(made.frame) == made
    assert part != made


def test_the_table_given_is_left_alone() -> None:
    given = pd.DataFrame({"home_id": ["a"], "solar_kw": [np.nan], "solar_profile": ["x"]})
    before = given.copy()
    Fleet.from_frame(given)
    pd.testing.assert_frame_equal(given, before)
