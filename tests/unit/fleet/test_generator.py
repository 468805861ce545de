"""Generated fleets have the reference's figures."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gridpact.data.reference import ercot_prices
from gridpact.errors import InputError
from gridpact.fleet.day import build_fleet_day
from gridpact.fleet.generator import PERSONAS, demonstration_fleet, generate_fleet
from gridpact.fleet.statistics import describe
from gridpact.fleet.tariff import tariff_names
from gridpact.horizon import Horizon

BIG = generate_fleet(20_000, seed=11)


def shares(values: np.ndarray) -> dict[float, float]:
    names, counts = np.unique(values, return_counts=True)
    return dict(zip(names.tolist(), (counts / counts.sum()).tolist(), strict=True))


def test_adoption_and_sizes() -> None:
    frame = BIG.frame
    found = describe(BIG)
    assert found["assets"]["battery"]["share"] == pytest.approx(0.35, abs=0.015)
    assert found["assets"]["vehicle"]["share"] == pytest.approx(0.45, abs=0.015)
    assert found["assets"]["solar"]["share"] == pytest.approx(0.55, abs=0.015)
    assert found["vehicles"]["plugged_in_homes"] / found["assets"]["vehicle"]["homes"] == pytest.approx(0.80, abs=0.02)
    battery = frame[frame["battery_capacity_kwh"] > 0]
    expected = {5.0: 0.15, 10.0: 0.35, 13.5: 0.25, 16.0: 0.15, 20.0: 0.10}
    assert shares(battery["battery_capacity_kwh"].to_numpy()) == pytest.approx(expected, abs=0.02)
    pairs = {(5, 3), (10, 5), (13.5, 7), (16, 8), (20, 10)}
    assert set(zip(battery["battery_capacity_kwh"], battery["battery_discharge_kw"], strict=True)) == pairs
    solar = frame.loc[frame["solar_kw"] > 0, "solar_kw"].to_numpy()
    assert shares(solar) == pytest.approx({4: 0.20, 6: 0.30, 8: 0.25, 10: 0.15, 12: 0.10}, abs=0.02)
    cars = frame[frame["vehicle_capacity_kwh"] > 0]
    assert set(cars["vehicle_capacity_kwh"]) == {40, 64, 75, 82, 100}
    assert cars["vehicle_charge_kw"].between(7.2, 11.5).all()
    assert (cars["vehicle_required_soc_fraction"] == 0.8).all()


def test_batteries_start_between_40_and_80_percent_and_never_below_backup() -> None:
    battery = BIG.frame[BIG.frame["battery_capacity_kwh"] > 0]
    assert battery["battery_soc_fraction"].between(0.40, 0.80).all()
    assert (battery["battery_soc_fraction"] >= battery["backup_soc_fraction"]).all()
    assert battery["battery_min_soc_fraction"].between(0.10, 0.20).all()
    assert (battery["battery_charge_efficiency"] == 0.95).all()


@pytest.mark.parametrize(
    ("persona", "floors", "discharge"),
    [("conservative", (200, 350), 0.5), ("moderate", (120, 250), 0.7), ("aggressive", (80, 180), 0.85)],
)
def test_personas(persona: str, floors: tuple[float, float], discharge: float) -> None:
    owners = BIG.frame[BIG.frame["persona"] == persona]
    assert len(owners) / len(BIG) == pytest.approx(1 / len(PERSONAS), abs=0.02)
    assert owners["floor_usd_per_mwh"].min() == pytest.approx(floors[0], abs=2)
    assert owners["floor_usd_per_mwh"].max() == pytest.approx(floors[1], abs=2)
    assert owners["floor_usd_per_mwh"].between(*floors).all()
    backup = owners.loc[owners["battery_capacity_kwh"] > 0, "backup_soc_fraction"]
    assert (backup >= 1 - discharge - 0.01).all()


def test_same_seed_same_fleet() -> None:
    assert generate_fleet(30, seed=4) == generate_fleet(30, seed=4)
    assert generate_fleet(30, seed=4) != generate_fleet(30, seed=5)
    assert generate_fleet(30, seed=4).frame.to_csv() == generate_fleet(30, seed=4).frame.to_csv()


@pytest.mark.parametrize("zone", ["ercot", "caiso", "nyiso"])
def test_every_zone_gives_a_day(zone: str) -> None:
    made = generate_fleet(25, seed=2, zone=zone)
    local = ZoneInfo(made.row(made.home_ids[0])["timezone"])
    window = (datetime(2022, 7, 13, 19, tzinfo=local), datetime(2022, 7, 13, 21, tzinfo=local))
    horizon = Horizon.covering([window], timezone=str(local))
    day = build_fleet_day(made, horizon, wholesale=ercot_prices(), seed=0)
    assert np.isfinite(day.load_realised_kw).all()


def test_unusable_requests_are_refused() -> None:
    with pytest.raises(InputError, match="0 homes"):
        generate_fleet(0, seed=1)
    with pytest.raises(InputError, match="ercot"):
        generate_fleet(3, seed=1, zone="moon")


def test_demonstration_is_what_its_words_say() -> None:
    made = demonstration_fleet()
    assert len(made) == 6
    floors = made.frame.set_index("home_id")["floor_usd_per_mwh"]
    assert (floors > 45).all()
    assert (floors < 80).sum() == 5
    assert floors["oak"] == 220
    assert set(made.frame["tariff"]) <= set(tariff_names())
    assert made.frame["persona"].notna().all()


def test_description_counts() -> None:
    found = describe(demonstration_fleet())
    assert found["homes"] == 6
    assert found["assets"]["battery"]["quantities"]["battery_capacity_kwh"]["total"] == pytest.approx(67.0)
    assert found["homes_by"]["persona"] == {"aggressive": 3, "moderate": 2, "conservative": 1}
    floors = found["preferences"]["floor_usd_per_mwh"]["all"]
    assert (floors["minimum"], floors["median"], floors["maximum"]) == (50.0, 61.0, 220.0)
    assert found["vehicles"]["discharging_homes"] == 1
