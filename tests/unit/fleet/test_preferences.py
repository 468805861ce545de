"""One backup share from the ways in which owners ask for it; device views."""

import numpy as np
import pytest

from gridpact.errors import UnitRangeError
from gridpact.fleet.battery import Battery
from gridpact.fleet.preferences import backup_soc_fraction
from gridpact.fleet.sessions import required_kwh
from gridpact.fleet.vehicle import Vehicle


def test_the_strictest_wish_wins() -> None:
    size = {"capacity_kwh": 10.0, "discharge_efficiency": 0.95}
    assert backup_soc_fraction(**size) == 0
    assert backup_soc_fraction(**size, backup_soc_fraction=0.3) == 0.3
    assert backup_soc_fraction(**size, backup_hours=6, critical_load_kw=0.5) == pytest.approx(3 / 0.95 / 10)
    assert backup_soc_fraction(**size, maximum_discharge_fraction=0.4) == pytest.approx(0.6)
    assert backup_soc_fraction(**size, backup_soc_fraction=0.3, maximum_discharge_fraction=0.8) == 0.3
    assert backup_soc_fraction(**size, backup_hours=48, critical_load_kw=2) == 1.0


@pytest.mark.parametrize(
    "wish",
    [
        {"capacity_kwh": 0.0},
        {"discharge_efficiency": 0.0},
        {"backup_hours": -1.0},
        {"critical_load_kw": float("nan")},
        {"backup_soc_fraction": 1.2},
        {"maximum_discharge_fraction": float("nan")},
    ],
)
def test_numbers_are_checked(wish: dict[str, float]) -> None:
    with pytest.raises(UnitRangeError, match=next(iter(wish))):
        backup_soc_fraction(**({"capacity_kwh": 10.0, "discharge_efficiency": 0.95} | wish))


def test_battery_floor_is_never_above_the_start() -> None:
    battery = Battery(
        capacity_kwh=10.0,
        charge_kw=5.0,
        discharge_kw=5.0,
        charge_efficiency=0.95,
        discharge_efficiency=0.95,
        soc_fraction=0.5,
        min_soc_fraction=0.1,
        max_soc_fraction=0.9,
        wear_usd_per_kwh=0.0,
    )
    assert battery.floor_kwh(backup_soc_fraction=0.0) == 1.0
    assert battery.floor_kwh(backup_soc_fraction=0.3) == 3.0
    assert battery.floor_kwh(backup_soc_fraction=0.7) == 5.0
    assert battery.ceiling_kwh == 9.0


def vehicle(**changes: float) -> Vehicle:
    values = {
        "capacity_kwh": 60.0,
        "charge_kw": 10.0,
        "discharge_kw": 0.0,
        "charge_efficiency": 0.9,
        "discharge_efficiency": 0.9,
        "soc_fraction": 0.5,
        "required_soc_fraction": 0.8,
    }
    return Vehicle(**(values | changes), arrive="18:00", depart="07:00")


def test_required_energy_by_hand() -> None:
    """9 kW go into the car; it comes with 30 kWh and is wanted with 48."""

    def required(car: Vehicle, *, intervals: int, hours_after: float = 0.0) -> float:
        stored_kw = car.charge_kw * car.charge_efficiency
        found = required_kwh(
            start_kwh=np.array([car.start_kwh]),
            wanted_kwh=np.array([car.required_soc_fraction * car.capacity_kwh]),
            stored_kw=np.array([stored_kw]),
            stored_kwh=np.array([stored_kw * 0.25 * intervals]),
            after_h=np.array([hours_after]),
        )
        return float(found[0])

    assert required(vehicle(), intervals=40) == 48.0
    assert required(vehicle(), intervals=4) == pytest.approx(39.0)
    assert required(vehicle(), intervals=40, hours_after=1.0) == pytest.approx(39.0)
    assert required(vehicle(), intervals=40, hours_after=7.0) == 30.0
    assert required(vehicle(), intervals=2, hours_after=1.0) == pytest.approx(34.5)
    assert required(vehicle(required_soc_fraction=0.3), intervals=40) == pytest.approx(18.0)
    assert required(vehicle(required_soc_fraction=0.3), intervals=40, hours_after=1.0) == 30.0


def test_vehicle_floor() -> None:
    assert vehicle().floor_kwh == 9.0
    assert vehicle(soc_fraction=0.1).floor_kwh == 6.0
