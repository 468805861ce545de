"""Small homes whose answers can be worked out by hand. Hourly, eight hours."""

from typing import Any

import numpy as np

from gridpact.flexibility.home import Ask, Commitment, HomeProblem, VehicleSession

PERIODS = 8


def home(**changes: Any) -> HomeProblem:
    """A home with 1 kW of load, a flat tariff of 0.20 USD/kWh both ways, and nothing else."""
    values: dict[str, Any] = {
        "home_id": "test-home",
        "step_h": 1.0,
        "cycle_windows": ((0, PERIODS),),
        "load_kw": np.ones(PERIODS),
        "solar_kw": np.zeros(PERIODS),
        "import_usd_per_kwh": np.full(PERIODS, 0.2),
        "export_usd_per_kwh": np.full(PERIODS, 0.2),
        "battery_capacity_kwh": 0.0,
        "battery_charge_kw": 0.0,
        "battery_discharge_kw": 0.0,
        "battery_charge_efficiency": 1.0,
        "battery_discharge_efficiency": 1.0,
        "battery_start_kwh": 0.0,
        "battery_floor_kwh": 0.0,
        "battery_ceiling_kwh": 0.0,
        "battery_wear_usd_per_kwh": 0.0,
        "cycle_limit_kwh": float("inf"),
        "vehicle_capacity_kwh": 0.0,
        "vehicle_charge_kw": 0.0,
        "vehicle_discharge_kw": 0.0,
        "vehicle_charge_efficiency": 1.0,
        "vehicle_discharge_efficiency": 1.0,
        "vehicle_floor_kwh": 0.0,
    }
    return HomeProblem(**{**values, **changes})


def with_battery(**changes: Any) -> HomeProblem:
    """As `home`, with 10 kWh, 4 kW each way, half full, 0.03 USD/kWh of wear and no losses."""
    return home(
        **{
            "battery_capacity_kwh": 10.0,
            "battery_charge_kw": 4.0,
            "battery_discharge_kw": 4.0,
            "battery_start_kwh": 5.0,
            "battery_floor_kwh": 1.0,
            "battery_ceiling_kwh": 10.0,
            "battery_wear_usd_per_kwh": 0.03,
            **changes,
        }
    )


def with_car(**changes: Any) -> HomeProblem:
    """As `home`, with a car that is plugged for hours 1 to 6 and takes 6 kWh more at up to 3 kW."""
    return home(
        **{
            "vehicle_capacity_kwh": 40.0,
            "vehicle_charge_kw": 3.0,
            "vehicle_floor_kwh": 6.0,
            "sessions": (VehicleSession(first=1, stop=7, start_kwh=20.0, required_kwh=26.0),),
            **changes,
        }
    )


def energy(first: int, stop: int, **changes: Any) -> Ask:
    """Energy in a window."""
    return Ask(opportunity_id="evening", first=first, stop=stop, reserve=False, **changes)


def reserve(first: int, stop: int, *, sustain_h: float = 1.0, **changes: Any) -> Ask:
    """Reserve in a window."""
    return Ask(opportunity_id="spin", first=first, stop=stop, reserve=True, sustain_h=sustain_h, **changes)


def promise(ask: Ask, quantity_kw: float) -> Commitment:
    """The commitment to ``quantity_kw`` of ``ask``."""
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
    )
