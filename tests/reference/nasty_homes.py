"""Homes with every awkward feature in any mix, and what may be asked of them; written without the models under test."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from gridpact.flexibility.home import Ask, HomeProblem, VehicleSession

TARIFFS = ("flat", "time_of_use", "net_metering", "wholesale", "free_export", "negative", "crossed")
CARS = ("none", "charges", "two_way")


@dataclass(frozen=True, kw_only=True)
class Features:
    """What a home has; the rest follows from ``seed``."""

    seed: int
    periods: int
    tariff: str
    battery: bool
    car: str
    sessions: int
    solar: bool
    export_allowed: bool
    blackout: bool
    cycles: float
    lossless: bool
    wear: bool
    start: float
    reserve: bool
    reduction_only: bool
    frozen_battery: bool
    frozen_vehicle: bool
    operator_reserve: float
    wish: float
    """How much of what full power reaches the car needs, 0 to 1."""


def features(*, tariffs: tuple[str, ...] = TARIFFS) -> st.SearchStrategy[Features]:
    """Any mix."""
    return st.builds(
        Features,
        seed=st.integers(0, 2**32 - 1),
        periods=st.sampled_from([12, 24, 24, 48, 96]),
        tariff=st.sampled_from(tariffs),
        battery=st.booleans() | st.just(True),
        car=st.sampled_from(CARS),
        sessions=st.sampled_from([1, 1, 2]),
        solar=st.booleans(),
        export_allowed=st.booleans() | st.just(True),
        blackout=st.sampled_from([False, False, True]),
        cycles=st.sampled_from([float("inf"), float("inf"), 0.3, 1.0]),
        lossless=st.sampled_from([False, False, False, True]),
        wear=st.booleans(),
        start=st.sampled_from([0.1, 0.5, 0.9, 1.0]),
        reserve=st.booleans(),
        reduction_only=st.sampled_from([False, False, True]),
        frozen_battery=st.sampled_from([False] * 7 + [True]),
        frozen_vehicle=st.sampled_from([False] * 7 + [True]),
        operator_reserve=st.sampled_from([0.0, 0.0, 0.3]),
        wish=st.sampled_from([0.0, 0.4, 0.9, 1.0]),
    )


def home(it: Features) -> HomeProblem:
    """The home of ``it``."""
    rng = np.random.default_rng(it.seed)
    n, h = it.periods, 24 / it.periods
    hour = (12 + np.arange(n) * h) % 24
    load = (0.3 + 0.7 * np.exp(-(((hour - 19) / 2.5) ** 2))) * rng.lognormal(0, 0.4, n)
    load[rng.random(n) < 0.03] = 0.0
    size = float(rng.choice([2.0, 5.0, 12.0])) if it.solar else 0.0
    sun = size * np.clip(np.sin((hour - 6) / 12 * np.pi), 0, None) * rng.uniform(0.3, 1, n)
    sun[(hour <= 6) | (hour >= 18)] = 0.0
    buy, sell = _prices(rng, it.tariff, hour)
    capacity = float(rng.choice([4.0, 10.0, 13.5])) if it.battery else 0.0
    power = capacity / float(rng.choice([1.0, 2.7, 4.0]))
    floor = min(float(rng.choice([0.0, 0.1, 0.3])), it.start) * capacity
    car = float(rng.choice([30.0, 77.0])) if it.car != "none" else 0.0
    car_kw = float(rng.choice([2.3, 7.4, 11.0])) if it.car != "none" else 0.0
    blackout = np.zeros(n, dtype=bool)
    if it.blackout:
        first = int(rng.integers(0, n - 1))
        blackout[first : first + int(rng.integers(1, n // 4 + 1))] = True
    into, out = (1.0, 1.0) if it.lossless else (float(rng.choice([0.88, 0.95])), float(rng.choice([0.9, 0.97])))
    return HomeProblem(
        home_id=f"{it.tariff}-{it.seed}",
        step_h=h,
        cycle_windows=((0, n), (0, n // 2), (n // 2, n)),
        load_kw=load,
        solar_kw=sun,
        import_usd_per_kwh=buy,
        export_usd_per_kwh=sell,
        battery_capacity_kwh=capacity,
        battery_charge_kw=power,
        battery_discharge_kw=power * float(rng.choice([1.0, 0.7])),
        battery_charge_efficiency=into,
        battery_discharge_efficiency=out,
        battery_start_kwh=it.start * capacity,
        battery_floor_kwh=floor,
        battery_ceiling_kwh=capacity,
        battery_wear_usd_per_kwh=float(rng.choice([0.01, 0.05])) if it.wear else 0.0,
        cycle_limit_kwh=it.cycles * capacity if capacity else float("inf"),
        vehicle_capacity_kwh=car,
        vehicle_charge_kw=car_kw,
        vehicle_discharge_kw=car_kw * float(rng.choice([0.5, 1.0])) if it.car == "two_way" else 0.0,
        vehicle_charge_efficiency=into,
        vehicle_discharge_efficiency=out,
        vehicle_floor_kwh=0.15 * car,
        sessions=_sessions(rng, it, car, car_kw * into * h),
        export_allowed=it.export_allowed,
        blackout=blackout if it.blackout else np.zeros(0, dtype=bool),
        operator_reserve_kwh=it.operator_reserve * capacity,
    )


def ask(it: Features) -> Ask:
    """What is asked of the home of ``it``."""
    rng = np.random.default_rng([it.seed, 1])
    n = it.periods
    length = max(1, int(rng.choice([1, 2, 4]) * n // 24))
    first = int(rng.integers(0, n - length + 1)) if rng.random() < 0.5 else min(7 * n // 24, n - length)
    return Ask(
        opportunity_id="ask",
        first=first,
        stop=first + length,
        reserve=it.reserve,
        sustain_h=float(rng.choice([0.5, 1.0, 4.0])) if it.reserve else 0.0,
        reduction_only=it.reduction_only,
        frozen_battery=it.frozen_battery,
        frozen_vehicle=it.frozen_vehicle,
    )


def _prices(rng: np.random.Generator, tariff: str, hour: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    wholesale = 0.07 + 0.05 * np.sin((hour - 9) / 24 * 4 * np.pi) + 0.03 * rng.standard_normal(len(hour))
    if tariff == "flat":
        return np.full(len(hour), 0.3), np.full(len(hour), float(rng.choice([0.0, 0.1, 0.3])))
    if tariff == "net_metering":
        return np.full(len(hour), 0.25), np.full(len(hour), 0.25)
    if tariff == "time_of_use":
        peak = np.where((hour >= 16) & (hour < 21), 0.48, np.where(hour < 6, 0.12, 0.27))
        return peak, np.full(len(hour), float(rng.choice([0.0, 0.06, 0.12])))
    if tariff == "free_export":
        return np.maximum(wholesale, 0.0) + 0.05, np.zeros(len(hour))
    if tariff == "negative":
        buy = wholesale - float(rng.choice([0.05, 0.15]))
        return buy, buy - float(rng.choice([0.0, 0.03]))
    if tariff == "crossed":
        return np.maximum(wholesale, 0.0) + 0.08, np.maximum(wholesale, 0.0) + np.where(hour > 18, 0.15, 0.0)
    return np.maximum(wholesale, 0.0) + 0.04, np.maximum(wholesale, 0.0)


def _sessions(rng: np.random.Generator, it: Features, car: float, step_kwh: float) -> tuple[VehicleSession, ...]:
    if not car:
        return ()
    n = it.periods
    spans = [(n // 4, 5 * n // 6)] if it.sessions == 1 else [(0, n // 5), (2 * n // 5, n)]
    if it.sessions == 1 and rng.random() < 0.3:
        spans = [(0, n)]
    found = []
    for first, stop in spans:
        start = float(rng.choice([0.05, 0.4, 0.8])) * car
        reach = min(car, start + step_kwh * (stop - first))
        found.append(
            VehicleSession(first=first, stop=stop, start_kwh=start, required_kwh=start + it.wish * (reach - start))
        )
    return tuple(found)
