"""Heat stores in a fleet: columns that come and go, defaults, demand on the grid, and generated ones."""

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from gridpact.data.heat_demand import heat_demands
from gridpact.errors import InputError, UnitRangeError
from gridpact.fleet.columns import COLUMN_NAMES, FURTHER_COLUMNS, fleet_schema
from gridpact.fleet.day import FleetDay, build_fleet_day
from gridpact.fleet.fleet import Fleet
from gridpact.fleet.generator import generate_fleet
from gridpact.fleet.io import read_fleet
from gridpact.fleet.statistics import describe
from gridpact.horizon import Horizon

NOON = datetime(2022, 7, 13, 13, tzinfo=ZoneInfo("America/Chicago"))
HORIZON = Horizon.covering([(NOON, NOON.replace(hour=14))], timezone="America/Chicago", step_minutes=60)
HEAT_COLUMNS = [column.name for column in FURTHER_COLUMNS["heat"]]
STORE = {"heat_capacity_kwh": 6, "heat_power_kw": 4.5}


def fleet(*rows: dict[str, Any]) -> Fleet:
    return Fleet.from_frame(pd.DataFrame([{"home_id": f"h{number}"} | row for number, row in enumerate(rows)]))


def build(homes: Fleet, **given: Any) -> FleetDay:
    return build_fleet_day(homes, HORIZON, wholesale=None, seed=1, **given)


def test_columns_are_there_only_where_a_home_has_a_store() -> None:
    assert list(fleet({}, STORE).frame.columns) == [*COLUMN_NAMES, *HEAT_COLUMNS]
    assert list(fleet({}, {"heat_capacity_kwh": 0}).frame.columns) == list(COLUMN_NAMES)
    assert fleet({}, {"heat_cop": 3.0}) == fleet({}, {})
    assert fleet({}, STORE).subset(["h0"]) == fleet({})
    assert fleet_schema([*COLUMN_NAMES, "heat_cop"]).names == [*COLUMN_NAMES, *HEAT_COLUMNS]


def test_defaults() -> None:
    made = fleet({}, STORE)
    heat = made.home("h1").heat
    assert heat is not None
    assert (heat.cop, heat.leak_fraction_per_h, heat.start_fraction) == (1.0, 0.01, 0.5)
    assert heat.demand_profile == "water:3000:2"
    assert heat.start_kwh == 3.0
    assert made.home("h0").heat is None
    assert made.frame["heat_cop"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("row", "error", "words"),
    [
        ({"heat_capacity_kwh": 6}, InputError, "row 1, heat_power_kw is empty, but the home has a heat store of 6 kWh"),
        ({"heat_power_kw": 2}, InputError, "row 1, heat_power_kw is 2, but heat_capacity_kwh is empty or 0"),
        (STORE | {"heat_cop": 0}, UnitRangeError, "row 1, heat_cop is 0; it must be at least 0.1 and at most 10"),
        (STORE | {"heat_leak_fraction_per_h": 1}, UnitRangeError, "row 1, heat_leak_fraction_per_h is 1"),
        ({"heat_capcity_kwh": 6}, InputError, "did you mean 'heat_capacity_kwh'"),
    ],
)
def test_unusable_cells_are_named(row: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        fleet(row)


def test_demand_is_the_profiles_and_realised_as_expected() -> None:
    day = build(fleet({}, STORE | {"heat_demand_profile": "space:9000:4"}))
    expected = heat_demands(["space:9000:4"], HORIZON.interval_starts, "America/Chicago")[0]
    np.testing.assert_array_equal(day.demand_kw["heat"], [np.zeros(HORIZON.periods), expected])
    rows = day.profiles_frame().query("profile == 'space:9000:4'")
    np.testing.assert_array_equal(rows["forecast_kw"], rows["realised_kw"])
    assert build(fleet({}, {})).demand_kw == {}


def own(forecast: float, realised: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "profile": "mine",
            "interval_start": HORIZON.interval_starts,
            "forecast_kw": forecast,
            "realised_kw": realised,
        }
    )


def test_the_owners_own_demand_wins_and_must_come_as_expected() -> None:
    homes = fleet(STORE | {"heat_demand_profile": "mine"})
    assert (build(homes, profiles=own(0.4, 0.4)).demand_kw["heat"] == 0.4).all()
    with pytest.raises(InputError, match="profile 'mine' is a heat demand, and its forecast_kw and realised_kw differ"):
        build(homes, profiles=own(0.4, 0.5))
    with pytest.raises(InputError, match="home 'h0', heat_demand_profile: heat demand 'nothing' is neither"):
        build(fleet(STORE | {"heat_demand_profile": "nothing"}))


def test_generated_stores_change_nothing_else() -> None:
    plain, heated = generate_fleet(4000, seed=7), generate_fleet(4000, seed=7, heat_share=0.4)
    assert heated.frame[list(plain.frame.columns)].equals(plain.frame)
    described, total = describe(heated)["assets"]["heat"], heated.frame["heat_capacity_kwh"].sum()
    assert described["share"] == pytest.approx(0.4, abs=0.03)
    assert described["quantities"]["heat_capacity_kwh"]["total"] == pytest.approx(total)
    assert "heat" not in describe(plain)["assets"]
    assert generate_fleet(50, seed=7, heat_share=0.4) == generate_fleet(50, seed=7, heat_share=0.4)
    stores = heated.frame[heated.frame["heat_capacity_kwh"] > 0]
    assert (stores["heat_cop"] == 1).mean() == pytest.approx(0.5, abs=0.05)
    for share in (-0.1, 1.1, float("nan")):
        with pytest.raises(InputError, match="heat share"):
            generate_fleet(4, seed=7, heat_share=share)


def test_a_spreadsheets_heat_is_read(tmp_path: Path) -> None:
    text = (
        "Home ID;Heat Capacity (kWh);HEAT POWER KW;heat_cop;heat_leak_fraction_per_h;heat_start_fraction\n"
        "a;6,5 kWh;3 kW;3,2;0,02;50 %\nb;;;;;\nc;4500 Wh;2000 W;1;2%;1\n"
    )
    (tmp_path / "f.csv").write_text(text, encoding="utf-8")
    frame = read_fleet(tmp_path / "f.csv").frame
    assert frame["heat_capacity_kwh"].tolist()[::2] == [6.5, 4.5]
    assert frame["heat_power_kw"].tolist()[::2] == [3.0, 2.0]
    assert frame["heat_leak_fraction_per_h"].tolist()[::2] == [0.02, 0.02]
    assert frame["heat_start_fraction"].tolist()[::2] == [0.5, 1.0]
    assert frame["heat_demand_profile"].tolist() == ["water:3000:1", None, "water:3000:3"]
