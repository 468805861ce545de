"""Homes to measure on: 96 quarter hours from noon to noon, in three ordinary kinds and a set of awkward ones."""

import sys
from pathlib import Path

import numpy as np

from gridpact.flexibility.home import Floats, HomeProblem, VehicleSession

STEPS, STEP_H = 96, 0.25
EVENING = (28, 36)
"""19:00 to 21:00, as the intervals of an ask."""
KINDS = ("no car", "charge-only car", "two-way car", "awkward")
DEARER_USD = 0.11
"""What importing costs above the wholesale price: network, taxes, margin [USD/kWh]."""


def make_homes(kind: str, count: int, *, seed: int) -> list[HomeProblem]:
    """``count`` homes of one of ``KINDS``; the same ones for the same ``seed``."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    if kind == "awkward":
        return [_awkward(rng) for _ in range(count)]
    wholesale = _wholesale(rng)
    return [_ordinary(rng, kind, number, wholesale) for number in range(count)]


def _ordinary(rng: np.random.Generator, kind: str, number: int, wholesale: Floats) -> HomeProblem:
    """A home with a battery, on a time-of-use or a wholesale tariff; 7 in 10 have sun."""
    hour = (12 + np.arange(STEPS) * STEP_H) % 24
    morning, evening = np.exp(-(((hour - 7.5) / 1.2) ** 2)), np.exp(-(((hour - 19.5) / 2.2) ** 2))
    load = rng.uniform(0.6, 1.6) * (0.25 + 0.5 * morning + 0.9 * evening) * rng.lognormal(0, 0.35, STEPS)
    size = rng.uniform(3.0, 9.0) if rng.random() < 0.7 else 0.0
    clouds = np.clip(np.repeat(rng.beta(4, 1.5, 24), 4) * rng.normal(1, 0.05, STEPS), 0.05, 1.0)
    sun = size * np.clip(np.sin((hour - 6) / 12 * np.pi), 0, None) ** 1.3 * clouds
    sun[(hour <= 6) | (hour >= 18)] = 0.0
    if rng.random() < 0.5:
        buy = np.where((hour >= 16) & (hour < 21), 0.44, np.where(hour < 6, 0.14, 0.27))
        sell = np.full(STEPS, 0.07)
    else:
        buy, sell = wholesale + DEARER_USD, wholesale
    capacity = float(rng.choice([5.0, 10.0, 13.5]))
    power = {5.0: 2.5, 10.0: 4.6, 13.5: 5.0}[capacity]
    car = float(rng.choice([40.0, 60.0, 77.0])) if kind != "no car" else 0.0
    car_kw = float(rng.choice([7.4, 11.0])) if car else 0.0
    return HomeProblem(
        home_id=f"{kind} {number}",
        step_h=STEP_H,
        cycle_windows=((0, STEPS),),
        load_kw=load,
        solar_kw=sun,
        import_usd_per_kwh=buy,
        export_usd_per_kwh=sell,
        battery_capacity_kwh=capacity,
        battery_charge_kw=power,
        battery_discharge_kw=power,
        battery_charge_efficiency=0.95,
        battery_discharge_efficiency=0.95,
        battery_start_kwh=rng.uniform(0.3, 0.8) * capacity,
        battery_floor_kwh=0.1 * capacity,
        battery_ceiling_kwh=capacity,
        battery_wear_usd_per_kwh=float(rng.choice([0.01, 0.02, 0.04])),
        cycle_limit_kwh=float("inf"),
        vehicle_capacity_kwh=car,
        vehicle_charge_kw=car_kw,
        vehicle_discharge_kw=min(car_kw, 7.4) if kind == "two-way car" else 0.0,
        vehicle_charge_efficiency=0.93 if car else 1.0,
        vehicle_discharge_efficiency=0.93 if car else 1.0,
        vehicle_floor_kwh=0.2 * car,
        sessions=(_evening(rng, car),) if car else (),
    )


def _evening(rng: np.random.Generator, car_kwh: float) -> VehicleSession:
    """Home between 17:00 and 20:00, off between 6:30 and 8:30, with 8 to 22 kWh driven in between."""
    arrived = rng.uniform(0.35, 0.6) * car_kwh
    return VehicleSession(
        first=int(rng.integers(20, 33)),
        stop=int(rng.integers(74, 83)),
        start_kwh=arrived,
        required_kwh=min(0.95 * car_kwh, arrived + rng.uniform(8.0, 22.0)),
    )


def _wholesale(rng: np.random.Generator) -> Floats:
    """Hourly prices with a midday low and an evening peak, never below zero, shape (96,) [USD/kWh]."""
    hour = (12 + np.arange(24)) % 24
    shape = 0.07 + 0.06 * np.exp(-(((hour - 19) / 2) ** 2)) + 0.03 * np.exp(-(((hour - 8) / 1.5) ** 2))
    shape -= 0.05 * np.exp(-(((hour - 13) / 2.5) ** 2))
    return np.repeat(np.maximum(shape + 0.006 * rng.standard_normal(24), 0.0), 4)


def _awkward(rng: np.random.Generator) -> HomeProblem:
    """Any mix of the features that the kernel is tested with, but for negative and crossed prices."""
    tests = str(Path(__file__).parents[2] / "tests")
    if tests not in sys.path:
        sys.path.append(tests)
    from reference.nasty_homes import Features, home

    return home(
        Features(
            seed=int(rng.integers(0, 2**32)),
            periods=STEPS,
            tariff=str(rng.choice(["flat", "time_of_use", "net_metering", "wholesale", "free_export"])),
            battery=bool(rng.random() < 0.75),
            car=str(rng.choice(["none", "charges", "two_way"])),
            sessions=int(rng.choice([1, 1, 2])),
            solar=bool(rng.random() < 0.5),
            export_allowed=bool(rng.random() < 0.75),
            blackout=bool(rng.random() < 0.3),
            cycles=float(rng.choice([np.inf, np.inf, 0.3, 1.0])),
            lossless=bool(rng.random() < 0.25),
            wear=bool(rng.random() < 0.5),
            start=float(rng.choice([0.1, 0.5, 0.9, 1.0])),
            reserve=False,
            reduction_only=False,
            frozen_battery=False,
            frozen_vehicle=False,
            operator_reserve=float(rng.choice([0.0, 0.0, 0.3])),
            wish=float(rng.choice([0.0, 0.4, 0.9, 1.0])),
        )
    )
