"""What follows from settings is the same for one home and for many."""

import numpy as np
import pytest

from gridpact.flexibility.batch import HomeBatch
from gridpact.flexibility.following import schedules_of
from gridpact.flexibility.settings import Settings, battery_energy, to_schedule, vehicle_energy
from unit.flexibility.homes import PERIODS, home, with_battery, with_car

HOMES = (home(), with_battery(battery_charge_efficiency=0.9, battery_discharge_efficiency=0.8), with_car())


def _power(size_kw: float) -> np.ndarray:
    return size_kw * np.sin(np.arange(PERIODS))


def test_one_home_follows_as_it_does_among_many() -> None:
    battery = np.stack([_power(size) for size in (0.0, 1.0, 0.0)])
    vehicle = np.stack([np.maximum(_power(size), 0.0) for size in (0.0, 0.0, 2.0)])
    none = np.zeros_like(battery)
    many = schedules_of(
        HomeBatch.of(HOMES), np.arange(3), battery_kw=battery, vehicle_kw=vehicle, curtailed_kw=none, reserve_kw=none
    )
    for number, each in enumerate(HOMES):
        settings = Settings(battery_kw=battery[number], vehicle_kw=vehicle[number], curtailed_kw=none[number])
        single = to_schedule(each, settings, reserve_kw=none[number])
        assert single.cost_usd == many.home(number).cost_usd
        np.testing.assert_array_equal(single.battery_soc_kwh, many.home(number).battery_soc_kwh)
        np.testing.assert_array_equal(single.vehicle_soc_kwh, many.home(number).vehicle_soc_kwh)


def test_energies_by_hand() -> None:
    lossy = HOMES[1]
    power = np.array([1.0, -1.0, *[0.0] * (PERIODS - 2)])
    assert battery_energy(lossy, power)[:3] == pytest.approx([5.9, 5.9 - 1 / 0.8, 5.9 - 1 / 0.8])
    car = HOMES[2]
    session = car.sessions[0]
    inside = np.arange(PERIODS)
    inside = (inside >= session.first) & (inside < session.stop)
    several = vehicle_energy(car, np.stack([inside * 1.0, inside * 2.0]))
    assert (np.isnan(several) == ~inside).all()
    hours = np.arange(1, inside.sum() + 1) * car.vehicle_charge_efficiency
    np.testing.assert_allclose(several[:, inside] - session.start_kwh, [hours, 2 * hours], atol=1e-12)
    np.testing.assert_array_equal(vehicle_energy(car, inside * 1.0), several[0])
