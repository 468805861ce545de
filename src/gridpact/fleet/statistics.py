"""What a fleet consists of."""

from typing import Any

import numpy as np
import pandas as pd

from gridpact.fleet.assets import ASSETS
from gridpact.fleet.fleet import Fleet

CAPACITIES = (
    "battery_capacity_kwh",
    "battery_discharge_kw",
    "vehicle_capacity_kwh",
    "vehicle_charge_kw",
    "vehicle_discharge_kw",
    "solar_kw",
    "heat_capacity_kwh",
    "heat_power_kw",
)


def describe(fleet: Fleet) -> dict[str, Any]:
    """Statistics of a fleet as plain numbers.

    Returns:
        ``homes``; ``adoption``: share of homes by device, and of cars plugged in and of cars that discharge;
        ``totals`` by column [kWh, kW]; ``personas``, ``tariffs``, ``timezones``: homes by value;
        ``floor_usd_per_mwh``: minimum, median and maximum, in all and by persona.
    """
    frame = fleet.frame
    has = {
        asset.name: np.nan_to_num(frame[asset.size].to_numpy(dtype=np.float64)) > 0
        for asset in ASSETS.values()
        if asset.size in frame
    }
    plugged = np.array([arrive is not None for arrive in frame["vehicle_arrive"]])
    gives_back = np.nan_to_num(frame["vehicle_discharge_kw"].to_numpy(dtype=np.float64)) > 0
    persona = frame["persona"].fillna("none")
    return {
        "homes": len(fleet),
        "adoption": {
            **{device: _round(owned.mean()) for device, owned in has.items()},
            "vehicle_plugged_in": _round(plugged.mean()),
            "vehicle_discharges": _round((plugged & gives_back).mean()),
        },
        "totals": {column: _round(frame[column].sum()) for column in CAPACITIES if column in frame},
        "personas": _counts(persona),
        "tariffs": _counts(frame["tariff"]),
        "timezones": _counts(frame["timezone"]),
        "floor_usd_per_mwh": {
            "all": _spread(frame["floor_usd_per_mwh"]),
            **{str(name): _spread(floors) for name, floors in frame["floor_usd_per_mwh"].groupby(persona)},
        },
    }


def _counts(values: pd.Series) -> dict[str, int]:
    return {str(name): int(count) for name, count in sorted(values.value_counts().items())}


def _spread(values: pd.Series) -> dict[str, float]:
    return {"minimum": _round(values.min()), "median": _round(values.median()), "maximum": _round(values.max())}


def _round(value: float) -> float:
    return round(float(value), 3)
