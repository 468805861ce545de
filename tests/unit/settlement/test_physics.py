"""The physics step does what devices can do, and no more."""

import numpy as np
import pytest

from gridpact.errors import InputError
from gridpact.settlement.physics import baseline_net, simulate
from settled_run import BATTERY, STAY, VEHICLE, T, idle, premises


def at(t, value, homes=1):
    cells = np.zeros((homes, T))
    cells[:, t] = value
    return cells


def replay(facts, planned, baseline=None, **given):
    given.setdefault("load_kw", planned.load_kw)
    given.setdefault("solar_kw", planned.solar_kw)
    return simulate(facts, planned=planned, baseline=baseline or idle(facts), **given)


def test_possible_plan_is_followed_to_the_watt():
    facts = premises(BATTERY | VEHICLE)
    planned = idle(facts, battery_discharge_kw=at(7, 2.0), battery_charge_kw=at(15, 3.0), vehicle_charge_kw=at(8, 7.0))
    done = replay(facts, planned)
    assert done.departures == ()
    assert done.plan_was_possible
    np.testing.assert_allclose(done.trace.net_kw, planned.net_kw, atol=1e-12)
    np.testing.assert_allclose(done.trace.battery_soc_kwh, planned.battery_soc_kwh, atol=1e-12)
    np.testing.assert_allclose(done.trace.vehicle_soc_kwh, planned.vehicle_soc_kwh, atol=1e-12)


def test_energies_by_hand():
    facts = premises(BATTERY | VEHICLE)
    planned = idle(facts, battery_discharge_kw=at(0, 1.9), vehicle_charge_kw=at(6, 4.0))
    trace = replay(facts, planned).trace
    assert trace.battery_soc_kwh[0, 0] == pytest.approx(5.0 - 2.0)
    assert trace.vehicle_soc_kwh[0, 6] == pytest.approx(30.0 + 3.6)
    assert np.isnan(trace.vehicle_soc_kwh[0, 5])
    assert np.isnan(trace.vehicle_soc_kwh[0, STAY[1]])


def test_net_follows_realised_load_and_sun():
    facts = premises({"solar_kw": 5.0})
    planned = idle(facts, load_kw=1.0, solar_kw=4.0, curtailed_kw=at(3, 3.0))
    trace = replay(facts, planned, load_kw=np.full((1, T), 2.0), solar_kw=np.full((1, T), 1.0)).trace
    assert trace.curtailed_kw[0, 3] == 1.0
    assert trace.net_kw[0, 3] == 2.0
    assert trace.net_kw[0, 4] == 1.0


def test_impossible_plan_is_clipped_and_reported():
    facts = premises(BATTERY)
    done = replay(facts, idle(facts, battery_discharge_kw=at(0, 9.0)))
    assert done.trace.battery_discharge_kw[0, 0] == pytest.approx(4.0 * 0.95)
    assert done.trace.battery_soc_kwh[0, 0] == pytest.approx(1.0)
    (departure,) = done.departures
    assert (departure.home_id, departure.interval, departure.setting) == ("h1", 0, "battery_discharge_kw")
    assert not departure.because_of_export_ban
    assert not done.plan_was_possible


def test_full_battery_takes_no_more():
    facts = premises(BATTERY)
    done = replay(facts, idle(facts, battery_charge_kw=5.0))
    assert done.trace.battery_soc_kwh.max() == pytest.approx(10.0)
    assert done.trace.battery_charge_kw[0, -1] == 0.0


def test_inverter_told_to_do_both_does_the_larger():
    facts = premises(BATTERY)
    done = replay(facts, idle(facts, battery_charge_kw=at(2, 1.0), battery_discharge_kw=at(2, 2.0)))
    assert done.trace.battery_charge_kw[0, 2] == 0.0
    assert done.trace.battery_discharge_kw[0, 2] == 2.0
    assert not done.plan_was_possible


def test_car_that_is_away_does_nothing():
    facts = premises(VEHICLE)
    done = replay(facts, idle(facts, vehicle_charge_kw=at(2, 5.0)))
    assert done.trace.vehicle_charge_kw[0, 2] == 0.0


def test_car_keeps_its_share():
    facts = premises(VEHICLE)
    done = replay(facts, idle(facts, vehicle_discharge_kw=7.2))
    assert np.nanmin(done.trace.vehicle_soc_kwh) == pytest.approx(9.0)


def test_export_ban_curtails_first_then_discharges_less():
    facts = premises(BATTERY | VEHICLE | {"solar_kw": 5.0, "export_allowed": False})
    planned = idle(facts, load_kw=6.0, solar_kw=1.0, battery_discharge_kw=at(7, 2.0), vehicle_discharge_kw=at(7, 3.0))
    sunny = np.full((1, T), 2.0)
    done = replay(facts, planned, load_kw=np.full((1, T), 4.0), solar_kw=sunny).trace
    assert done.curtailed_kw[0, 7] == 2.0
    assert done.vehicle_discharge_kw[0, 7] == pytest.approx(2.0)
    assert done.battery_discharge_kw[0, 7] == 2.0
    assert (done.net_kw >= -1e-12).all()
    lower = replay(facts, planned, load_kw=np.full((1, T), 1.0), solar_kw=np.zeros((1, T)))
    assert lower.trace.vehicle_discharge_kw[0, 7] == 0.0
    assert lower.trace.battery_discharge_kw[0, 7] == pytest.approx(1.0)
    assert lower.plan_was_possible


def test_ban_leaves_the_battery_full_and_later_charging_short():
    facts = premises(BATTERY | {"export_allowed": False})
    planned = idle(facts, load_kw=4.0, battery_discharge_kw=at(7, 3.8), battery_charge_kw=at(8, 4.0) + at(9, 5.0))
    done = replay(facts, planned, load_kw=np.zeros((1, T)))
    assert done.trace.battery_soc_kwh.max() <= 10.0 + 1e-9
    assert {departure.setting for departure in done.departures} == {"battery_charge_kw", "battery_discharge_kw"}
    assert done.plan_was_possible


def test_dropped_home_follows_its_baseline_and_holds_no_reserve():
    facts = premises(BATTERY, BATTERY)
    baseline = idle(facts, battery_charge_kw=at(14, 1.0, homes=2))
    planned = idle(facts, battery_discharge_kw=at(7, 2.0, homes=2), reserve_kw=at(8, 1.0, homes=2))
    done = replay(facts, planned, baseline, dropped=np.array([True, False])).trace
    np.testing.assert_allclose(done.net_kw[0], baseline.net_kw[0])
    assert done.reserve_kw[0].sum() == 0.0
    np.testing.assert_allclose(done.net_kw[1], planned.net_kw[1])
    assert done.reserve_kw[1, 8] == 1.0


def test_reserve_counts_only_with_energy_power_and_import_behind_it():
    facts = premises(BATTERY)
    planned = idle(facts, load_kw=4.0, reserve_kw=at(7, 3.0))
    half = np.zeros((1, T))
    half[0, 7] = 6.0
    assert replay(facts, planned, reserve_energy_kwh=half).trace.reserve_kw[0, 7] == pytest.approx(3.0 * 3.0 / 6.0)
    assert replay(facts, planned, reserve_energy_kwh=half / 2).trace.reserve_kw[0, 7] == 3.0
    busy = idle(facts, load_kw=4.0, reserve_kw=at(7, 3.0), battery_discharge_kw=at(7, 3.0))
    assert replay(facts, busy).trace.reserve_kw[0, 7] == pytest.approx(2.0)
    low = np.full((1, T), 1.0)
    assert replay(facts, planned, load_kw=low).trace.reserve_kw[0, 7] == 3.0
    only = np.ones((1, T), dtype=bool)
    assert replay(facts, planned, load_kw=low, reduction_only=only).trace.reserve_kw[0, 7] == 1.0
    banned = premises(BATTERY | {"export_allowed": False})
    assert replay(banned, planned, load_kw=low).trace.reserve_kw[0, 7] == 1.0


def test_baseline_net_replays_devices_not_forecasts():
    facts = premises(BATTERY | {"solar_kw": 5.0})
    baseline = idle(facts, load_kw=1.0, solar_kw=3.0, curtailed_kw=at(3, 2.0), battery_charge_kw=at(3, 1.0))
    net = baseline_net(baseline, load_kw=np.full((1, T), 2.0), solar_kw=np.full((1, T), 1.5))
    assert net[0, 3] == pytest.approx(2.0 + 1.0 - 0.0)
    assert net[0, 4] == pytest.approx(0.5)


def test_wrong_shapes_are_refused():
    facts = premises(BATTERY)
    with pytest.raises(InputError, match="load_kw has shape"):
        replay(facts, idle(facts), load_kw=np.zeros((2, T)))
