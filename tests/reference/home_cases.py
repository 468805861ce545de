"""Random homes with every awkward feature, and what may be asked of them. Not taken from the model under test."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gridpact.flexibility.home import Ask, Commitment, HomeProblem, VehicleSession

FEATURES = (
    "plain",
    "no_battery",
    "car_only",
    "two_way_car",
    "two_sessions",
    "export_ban",
    "blackout",
    "cycle_limit",
    "lossless_free",
    "net_metering",
    "negative",
    "crossed",
    "full_and_windowed",
    "everything",
)


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    home: HomeProblem
    asks: tuple[Ask, ...]


def case(number: int, *, periods: int = 24, step_h: float = 1.0) -> Case:
    """Home ``number``; the feature goes round with the number."""
    feature = FEATURES[number % len(FEATURES)]
    rng = np.random.default_rng([20260, number])
    home = _home(rng, feature, number, periods, step_h)
    asks = []
    for reserve in (False, True):
        length = max(1, round(float(rng.choice([1, 2, 4])) / step_h))
        first = int(rng.integers(0, periods - length + 1)) if rng.random() < 0.4 else round(7 / step_h)
        first = min(first, periods - length)
        asks.append(
            Ask(
                opportunity_id=f"{'reserve' if reserve else 'energy'}-{number}",
                first=first,
                stop=first + length,
                reserve=reserve,
                sustain_h=float(rng.choice([0.5, 1.0, 4.0])) if reserve else 0.0,
                reduction_only=bool(rng.random() < 0.2),
                frozen_battery=bool(not reserve and rng.random() < 0.1),
                frozen_vehicle=bool(rng.random() < 0.1),
            )
        )
    return Case(name=f"{number}:{feature}", home=home, asks=tuple(asks))


def _home(rng: np.random.Generator, feature: str, number: int, periods: int, h: float) -> HomeProblem:
    everything = feature == "everything"
    hour = (12 + np.arange(periods) * h) % 24
    load = (0.4 + 0.6 * np.exp(-(((hour - 19) / 2.5) ** 2))) * rng.lognormal(0, 0.3, periods)
    size = float(rng.choice([0.0, 3.0, 6.0, 12.0]))
    sun = size * np.clip(np.sin((hour - 6) / 12 * np.pi), 0, None) * rng.uniform(0.5, 1, periods)
    sun[(hour <= 6) | (hour >= 18)] = 0.0
    buy, sell = _prices(rng, "negative" if everything else feature, hour)
    if everything and rng.random() < 0.5:
        sell = buy + rng.choice([-0.05, 0.04], periods)

    capacity = 0.0 if feature in ("no_battery", "car_only") else float(rng.choice([5.0, 10.0, 13.5]))
    power = capacity / float(rng.choice([2.0, 2.7, 4.0]))
    free = feature == "lossless_free"
    start = float(rng.choice([0.1, 0.5, 0.9, 1.0])) * capacity
    if feature == "full_and_windowed":
        start = capacity
    car = feature in ("car_only", "two_way_car", "two_sessions") or everything or rng.random() < 0.3
    vehicle = float(rng.choice([40.0, 75.0])) if car else 0.0
    vehicle_kw = float(rng.choice([3.7, 7.4, 11.0])) if car else 0.0
    two_way = car and (feature == "two_way_car" or everything or rng.random() < 0.3)
    blackout = np.zeros(periods, dtype=bool)
    if feature == "blackout" or (everything and rng.random() < 0.5):
        first = int(rng.integers(0, periods - 2))
        blackout[first : first + int(rng.integers(1, 4))] = True
    limited = feature == "cycle_limit" or everything
    return HomeProblem(
        home_id=f"home-{number}",
        step_h=h,
        cycle_windows=((0, periods), (0, periods // 2), (periods // 2, periods)),
        load_kw=load,
        solar_kw=sun,
        import_usd_per_kwh=buy,
        export_usd_per_kwh=sell,
        battery_capacity_kwh=capacity,
        battery_charge_kw=power,
        battery_discharge_kw=power * float(rng.choice([1.0, 0.8])),
        battery_charge_efficiency=1.0 if free else float(rng.choice([0.9, 0.95])),
        battery_discharge_efficiency=1.0 if free else float(rng.choice([0.9, 0.97])),
        battery_start_kwh=start,
        battery_floor_kwh=min(float(rng.choice([0.05, 0.2])) * capacity, start),
        battery_ceiling_kwh=capacity,
        battery_wear_usd_per_kwh=0.0 if free else float(rng.choice([0.0, 0.02, 0.05])),
        cycle_limit_kwh=float(rng.choice([0.3, 0.8, 1.5])) * capacity if limited and capacity else float("inf"),
        vehicle_capacity_kwh=vehicle,
        vehicle_charge_kw=vehicle_kw,
        vehicle_discharge_kw=vehicle_kw * float(rng.choice([0.5, 1.0])) if two_way else 0.0,
        vehicle_charge_efficiency=1.0 if free else 0.92,
        vehicle_discharge_efficiency=1.0 if free else 0.9,
        vehicle_floor_kwh=0.15 * vehicle,
        sessions=_sessions(rng, feature, vehicle, vehicle_kw, periods, h) if car else (),
        export_allowed=not (feature == "export_ban" or (everything and rng.random() < 0.4)),
        blackout=blackout if blackout.any() else np.zeros(0, dtype=bool),
    )


def _prices(rng: np.random.Generator, feature: str, hour: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    tou = np.where((hour >= 16) & (hour < 21), 0.48, np.where(hour < 6, 0.12, 0.27))
    wholesale = 0.06 + 0.05 * np.sin((hour - 9) / 24 * 4 * np.pi) + 0.03 * rng.standard_normal(len(hour))
    if feature == "net_metering":
        return np.full(len(hour), 0.25), np.full(len(hour), 0.25)
    if feature == "negative":
        buy = wholesale - float(rng.choice([0.05, 0.1]))
        return buy, buy - float(rng.choice([0.0, 0.02]))
    if feature == "crossed":
        return wholesale + 0.08, np.where((hour > 16) & (hour < 21), wholesale + 0.2, wholesale - 0.01).clip(0.0)
    if feature == "lossless_free" and rng.random() < 0.5:
        return np.where(hour < 6, 0.0, 0.3), np.zeros(len(hour))
    if rng.random() < 0.4:
        buy = np.maximum(wholesale, 0.0) + 0.05
        return buy, np.maximum(wholesale, 0.0)
    return tou, np.full(len(hour), float(rng.choice([0.0, 0.06, 0.1])))


def _sessions(
    rng: np.random.Generator, feature: str, vehicle: float, power: float, periods: int, h: float
) -> tuple[VehicleSession, ...]:
    start = float(rng.choice([0.1, 0.4, 0.7])) * vehicle
    spans: Sequence[tuple[int, int]] = [(round(6 / h), round(20 / h))]
    if feature == "two_sessions":
        spans = [(0, round(5 / h)), (round(9 / h), periods)]
    elif rng.random() < 0.2:
        spans = [(0, periods)]
    made = []
    for first, stop in spans:
        reach = start + 0.92 * power * (stop - first) * h
        required = min(float(rng.choice([0.5, 0.8, 1.0])) * vehicle, reach)
        made.append(VehicleSession(first=first, stop=stop, start_kwh=start, required_kwh=required))
    return tuple(made)


def commitment(ask: Ask, quantity_kw: float) -> Commitment:
    """What a home promises when it is awarded ``quantity_kw`` of ``ask``."""
    return Commitment(
        opportunity_id=ask.opportunity_id,
        first=ask.first,
        stop=ask.stop,
        quantity_kw=quantity_kw,
        reserve=ask.reserve,
        sustain_h=ask.sustain_h,
        reduction_only=ask.reduction_only,
        frozen_battery=ask.frozen_battery,
        frozen_vehicle=ask.frozen_vehicle,
        frozen_devices=ask.frozen_devices,
    )
