"""Random homes with a heat store: every awkward home of `home_cases`, and stores that are awkward themselves."""

import math
from dataclasses import replace

import numpy as np

from gridpact.fleet.heat import Heat
from gridpact.flexibility.heat import ThermalStore
from gridpact.flexibility.home import HomeProblem
from reference.home_cases import Case, case

STORES = ("tank", "house", "cold_spell", "tiny", "leaky", "weak", "tight", "full", "empty", "no_demand")


def heat_case(number: int, *, periods: int = 24, step_h: float = 1.0) -> Case:
    """Home ``number`` with a heat store, whose kind goes round with the number as the home's feature does."""
    kind = STORES[number % len(STORES)]
    rng = np.random.default_rng([77, number])
    base = case(number, periods=periods, step_h=step_h)
    store = _store(rng, kind, periods, step_h)
    asks = tuple(
        replace(ask, frozen_devices=("heat",) if not ask.reserve and rng.random() < 0.1 else ()) for ask in base.asks
    )
    return Case(name=f"{base.name}:{kind}", home=replace(base.home, devices=(store,)), asks=asks)


def water_heater() -> HomeProblem:
    """Nothing but a tank of 2 kWh and 4.5 kW that draws a kilowatt in the evening, noon to noon in quarter hours."""
    hour = (12 + np.arange(96) / 4) % 24
    plain = case(1, periods=96, step_h=0.25).home
    facts = Heat(
        capacity_kwh=2.0,
        power_kw=4.5,
        cop=1.0,
        leak_fraction_per_h=0.015,
        start_fraction=0.5,
        demand_profile="",
    )
    store = ThermalStore(
        capacity_kwh=facts.capacity_kwh,
        power_kw=facts.power_kw,
        cop=facts.cop,
        kept=facts.kept(0.25),
        gain_h=facts.gain_h(0.25),
        start_kwh=facts.start_kwh,
        demand_kw=np.where((hour >= 17) & (hour < 22), 1.0, 0.1),
    )
    return replace(
        plain,
        home_id="water-heater",
        solar_kw=np.zeros(96),
        import_usd_per_kwh=np.where((hour >= 16) & (hour < 21), 0.48, np.where(hour < 6, 0.12, 0.27)),
        export_usd_per_kwh=np.full(96, 0.04),
        battery_capacity_kwh=0.0,
        battery_charge_kw=0.0,
        battery_discharge_kw=0.0,
        battery_start_kwh=0.0,
        battery_floor_kwh=0.0,
        battery_ceiling_kwh=0.0,
        cycle_limit_kwh=float("inf"),
        sessions=(),
        export_allowed=True,
        blackout=np.zeros(0, dtype=bool),
        devices=(store,),
    )


def _store(rng: np.random.Generator, kind: str, periods: int, step_h: float) -> ThermalStore:
    hour = (12 + np.arange(periods) * step_h) % 24
    house = kind in ("house", "cold_spell") or rng.random() < 0.3
    draws = rng.exponential(1.0, periods) * np.where((hour >= 6) & (hour < 9) | (hour >= 18) & (hour < 22), 1.0, 0.15)
    winter = 2.0 + 1.5 * np.cos((hour - 5) / 12 * math.pi) + rng.uniform(0, 1)
    demand = winter if house else draws
    power = float(rng.choice([1.5, 2.0, 4.5]))
    cop = float(rng.choice([2.5, 3.3, 4.0])) if house else float(rng.choice([0.9, 1.0]))
    capacity = float(rng.choice([3.0, 6.0, 12.0]))
    if kind == "cold_spell":
        first = int(rng.integers(0, periods))
        demand = demand + np.where((np.arange(periods) >= first) & (np.arange(periods) < first + periods // 3), 15.0, 0)
    demand = {"no_demand": 0.0 * demand, "tight": np.full(periods, power * cop)}.get(kind, demand)
    start = {"full": 1.0, "empty": 0.0}.get(kind, float(rng.choice([0.0, 0.3, 0.5, 1.0])))
    facts = Heat(
        capacity_kwh={"tiny": 0.2}.get(kind, capacity),
        power_kw={"weak": 0.05}.get(kind, power),
        cop=cop,
        leak_fraction_per_h={"leaky": 0.2, "no_demand": 0.1}.get(kind, float(rng.choice([0.0, 1e-15, 0.005, 0.03]))),
        start_fraction=start,
        demand_profile="",
    )
    return ThermalStore(
        capacity_kwh=facts.capacity_kwh,
        power_kw=facts.power_kw,
        cop=facts.cop,
        kept=facts.kept(step_h),
        gain_h=facts.gain_h(step_h),
        start_kwh=facts.start_kwh,
        demand_kw=demand,
    )
