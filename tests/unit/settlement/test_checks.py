"""Broken limits and promises are found, kept ones are not reported."""

from dataclasses import replace

import numpy as np
import pytest

from gridpact.errors import InputError
from gridpact.settlement.checks import broken_preferences, broken_promises, double_sold
from gridpact.settlement.delivery import Promise, PromiseBook
from gridpact.settlement.premises import Premises, Trace
from settled_run import BATTERY, HORIZON, VEHICLE, T, fleet_frame, idle, premises


def at(*cells):
    array = np.zeros((1, T))
    for t, value in cells:
        array[0, t] = value
    return array


CHARGED = at((8, 7.0))
"""Brings the car from 30 to 36.3 kWh; it needs 36."""


def limits(facts, planned, baseline):
    return {breach.limit for breach in broken_preferences(facts, {"baseline": baseline, "planned": planned})}


def test_kept_limits_are_not_reported():
    facts = premises(BATTERY | VEHICLE | {"max_cycles_per_day": 1.0, "export_allowed": False})
    baseline = idle(facts, load_kw=2.0, vehicle_charge_kw=CHARGED)
    moved = {"battery_discharge_kw": at((7, 1.9)), "battery_charge_kw": at((15, 2.5))}
    planned = idle(facts, load_kw=2.0, vehicle_charge_kw=CHARGED, **moved)
    assert limits(facts, planned, baseline) == set()


@pytest.mark.parametrize(
    ("changes", "settings", "wanted"),
    [
        ({}, {"battery_discharge_kw": at((7, 3.5)), "battery_charge_kw": at((15, 4.5))}, {"backup"}),
        ({}, {"battery_discharge_kw": at((7, 1.0))}, {"battery_left_short"}),
        (
            {"export_allowed": False},
            {"battery_discharge_kw": at((7, 2.5)), "battery_charge_kw": at((15, 3.0))},
            {"export"},
        ),
        (
            {"max_cycles_per_day": 0.3},
            {"battery_discharge_kw": at((7, 1.9), (9, 1.9)), "battery_charge_kw": at((8, 2.5), (15, 2.5))},
            {"cycles"},
        ),
        ({}, {"vehicle_charge_kw": at((8, 6.0))}, {"car_ready", "car_left_short"}),
        ({}, {"vehicle_charge_kw": at((8, 6.8))}, {"car_left_short"}),
    ],
)
def test_each_broken_limit_is_named(changes, settings, wanted):
    facts = premises(BATTERY | VEHICLE | changes)
    baseline = idle(facts, load_kw=2.0, vehicle_charge_kw=CHARGED)
    assert limits(facts, idle(facts, load_kw=2.0, **({"vehicle_charge_kw": CHARGED} | settings)), baseline) == wanted


def test_cycles_count_in_calendar_days_too():
    # Noon to noon holds 19:00 to 24:00 of one date and 00:00 to 12:00 of the next.
    facts = premises(BATTERY | {"max_cycles_per_day": 0.3})
    moved = {"battery_discharge_kw": at((9, 1.9), (13, 1.9)), "battery_charge_kw": at((11, 2.2), (16, 2.2))}
    (breach,) = broken_preferences(facts, {"baseline": idle(facts), "planned": idle(facts, **moved)})
    assert breach.limit == "cycles"
    assert len({int(labels[0, 9]) == int(labels[0, 13]) for labels in facts.day_of}) == 2


def test_blackout_binds_the_plan():
    mask = np.zeros((1, T), dtype=bool)
    mask[0, 7] = True
    facts = premises(BATTERY, blackout=mask)
    moved = {"battery_discharge_kw": at((7, 1.0)), "battery_charge_kw": at((9, 1.2))}
    assert limits(facts, idle(facts, **moved), idle(facts)) == {"blackout"}
    later = {"battery_discharge_kw": at((8, 1.0)), "battery_charge_kw": at((9, 1.2))}
    assert limits(facts, idle(facts, **later), idle(facts)) == set()


def promise(quantity_kw=2.0, *, reserve=False, name="a", first=7, stop=9, **more):
    return Promise(
        opportunity_id=name,
        home=0,
        first=first,
        stop=stop,
        quantity_kw=quantity_kw,
        reserve=reserve,
        sustain_h=1.0 if reserve else 0.0,
        **more,
    )


def broken(facts, promises, planned):
    book, baseline = PromiseBook.of(promises), idle(facts, load_kw=2.0)
    return {breach.limit for breach in broken_promises(facts, book, planned=planned, baseline=baseline)}


def test_promises_kept_and_broken():
    facts = premises(BATTERY)
    one = idle(facts, load_kw=2.0, battery_discharge_kw=at((7, 1.0), (8, 1.0)))
    assert broken(facts, [promise(1.0)], one) == set()
    assert broken(facts, [promise(1.5)], one) == {"energy"}
    still = idle(facts, load_kw=2.0)
    assert broken(facts, [promise(2.5, reserve=True)], still) == set()
    assert broken(facts, [promise(2.9, reserve=True)], still) == {"reserve_energy"}
    assert broken(facts, [promise(2.0, reserve=True)], idle(facts, load_kw=2.0, battery_charge_kw=at((7, 1.0)))) == {
        "reserve_net"
    }
    assert broken(facts, [promise(2.5, reserve=True, reduction_only=True)], still) == {"reserve_net"}
    strong = premises(BATTERY | {"battery_soc_fraction": 1.0, "battery_discharge_kw": 3.0})
    assert broken(strong, [promise(3.5, reserve=True)], idle(strong, load_kw=2.0)) == {"reserve_power"}


def test_reserve_energy_is_needed_when_the_window_begins():
    facts = premises(BATTERY)
    late = idle(facts, load_kw=2.0, battery_discharge_kw=at((6, 1.0)), battery_charge_kw=at((7, 5.0)))
    names = broken(facts, [promise(2.6, reserve=True)], late)
    assert "reserve_energy" in names


def test_double_sale_is_counted():
    facts = premises(BATTERY)
    baseline = idle(facts, load_kw=2.0)
    planned = idle(facts, load_kw=2.0, battery_discharge_kw=at((7, 1.0), (8, 1.0)))

    def count(*promises, meter_ids=()):
        book = PromiseBook.of(promises)
        unkept = broken_promises(facts, book, planned=planned, baseline=baseline)
        return double_sold(facts, book, unkept=unkept, meter_ids=meter_ids)

    assert count(promise(1.0)) == 0
    assert count(promise(1.0), promise(1.0, name="b")) == 1
    assert count(promise(0.4), promise(0.6, name="b")) == 0
    assert count(promise(0.5), promise(0.5)) == 1
    assert count(promise(1.0), meter_ids=("m1", "m1")) == 1


def test_premises_must_fit_the_fleet():
    frame = fleet_frame(BATTERY)
    stays = premises(BATTERY, BATTERY | VEHICLE).stays
    with pytest.raises(InputError, match="a car stays at home 1; the fleet has 1 homes"):
        Premises.of_fleet(frame, HORIZON, stays=stays)
    with pytest.raises(InputError, match="blackout has shape"):
        Premises.of_fleet(frame, HORIZON, stays=premises(BATTERY).stays, blackout=np.zeros((2, 2), dtype=bool))


def test_home_without_devices_has_none():
    facts = premises({})
    assert not facts.has_battery[0]
    assert not facts.has_vehicle[0]
    assert facts.cycle_limit_kwh[0] == np.inf
    assert limits(facts, idle(facts), idle(facts)) == set()


def test_trace_is_read_only_and_of_one_shape():
    facts = premises(BATTERY)
    trace = idle(facts)
    with pytest.raises(ValueError, match="read-only"):
        trace.net_kw[0, 0] = 1.0
    with pytest.raises(InputError, match="solar_kw has shape"):
        replace(trace, solar_kw=np.zeros((1, 2)))


def test_trace_of_plans_takes_settings_from_the_plans_and_load_and_sun_from_outside():
    facts = premises(BATTERY, BATTERY)
    trace = idle(facts)
    built = Trace.of_plans(trace, load_kw=trace.load_kw + 1.0, solar_kw=trace.solar_kw)
    np.testing.assert_array_equal(built.net_kw, trace.net_kw)
    np.testing.assert_array_equal(built.load_kw, trace.load_kw + 1.0)
