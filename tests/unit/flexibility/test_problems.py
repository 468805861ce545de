"""From a fleet's day to one problem per home."""

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from gridpact.fleet.day import build_fleet_day
from gridpact.fleet.fleet import Fleet
from gridpact.flexibility.highs import HighsModel
from gridpact.flexibility.home import Commitment
from gridpact.flexibility.kernel_model import KernelModel
from gridpact.flexibility.problems import cycle_windows, home_problems, replay_costs
from gridpact.horizon import Horizon, zone

CENTRAL = "America/Chicago"


def _horizon(day: int = 13, month: int = 7) -> Horizon:
    local = zone(CENTRAL)
    window = (datetime(2022, month, day, 18, tzinfo=local), datetime(2022, month, day, 19, tzinfo=local))
    return Horizon.covering([window], timezone=CENTRAL)


def _fleet() -> Fleet:
    return Fleet.from_frame(
        pd.DataFrame(
            [
                {
                    "home_id": "full",
                    "battery_capacity_kwh": 10.0,
                    "battery_charge_kw": 5.0,
                    "battery_discharge_kw": 4.0,
                    "battery_soc_fraction": 0.8,
                    "battery_min_soc_fraction": 0.1,
                    "battery_max_soc_fraction": 0.9,
                    "backup_soc_fraction": 0.3,
                    "max_cycles_per_day": 1.5,
                    "vehicle_capacity_kwh": 60.0,
                    "vehicle_charge_kw": 7.0,
                    "vehicle_soc_fraction": 0.5,
                    "vehicle_required_soc_fraction": 0.8,
                    "vehicle_arrive": "18:00",
                    "vehicle_depart": "07:00",
                    "solar_kw": 5.0,
                    "blackout": "17:00-18:00",
                    "export_allowed": False,
                    "floor_usd_per_mwh": 55.0,
                },
                {"home_id": "bare"},
            ]
        )
    )


def test_every_number_reaches_the_problem() -> None:
    day = build_fleet_day(_fleet(), _horizon(), wholesale=None, seed=1)
    full, bare = home_problems(day)
    assert (full.home_id, bare.home_id) == ("full", "bare")
    assert (full.battery_start_kwh, full.battery_floor_kwh, full.battery_ceiling_kwh) == pytest.approx((8.0, 3.0, 9.0))
    assert full.cycle_limit_kwh == 15.0
    assert full.vehicle_floor_kwh == pytest.approx(9.0)
    assert full.floor_usd_per_mwh == 55.0
    assert not full.export_allowed
    session = full.sessions[0]
    assert (session.first, session.stop, session.start_kwh, session.required_kwh) == (24, 76, 30.0, 48.0)
    assert np.flatnonzero(full.blackout).tolist() == [20, 21, 22, 23]
    assert np.array_equal(full.load_kw, day.load_forecast_kw[0])
    assert np.array_equal(full.solar_kw, day.solar_forecast_kw[0])
    assert not bare.has_battery
    assert not bare.sessions
    assert not bare.blackout.size


def test_the_operators_reserve_binds_plans_as_far_as_the_baseline_itself_keeps_it() -> None:
    day = build_fleet_day(_fleet(), _horizon(), wholesale=None, seed=1)
    home = home_problems(day, operator_soc_reserve=0.5).home(0)
    assert home.battery_floor_kwh == pytest.approx(3.0), "the owner's own floor stays"
    assert home.operator_reserve_kwh == pytest.approx(5.0)
    model = HighsModel()
    baseline = model.baseline(home)
    promise = Commitment(opportunity_id="o", first=30, stop=34, quantity_kw=0.2, reserve=False)
    planned = model.schedule(home, baseline, (promise,))
    kept = np.minimum(5.0, baseline.battery_soc_kwh)
    assert (planned.battery_soc_kwh >= kept - 1e-6).all()


def test_replayed_cost_is_the_schedules_cost() -> None:
    homes = home_problems(build_fleet_day(_fleet(), _horizon(), wholesale=None, seed=1))
    for model in (HighsModel(), KernelModel()):
        baselines = model.baselines(homes)
        assert replay_costs(homes, baselines) == pytest.approx(baselines.cost_usd, abs=1e-12)


def test_cycles_are_counted_by_operating_day_and_by_the_homes_calendar_day() -> None:
    assert cycle_windows(_horizon(), CENTRAL) == ((0, 48), (0, 96), (48, 96))
    assert cycle_windows(_horizon(), "America/Los_Angeles") == ((0, 56), (0, 96), (56, 96))


def test_calendar_days_follow_the_clock_change() -> None:
    spring = _horizon(day=12, month=3)
    assert spring.periods == 92
    assert cycle_windows(spring, CENTRAL) == ((0, 48), (0, 92), (48, 92))
