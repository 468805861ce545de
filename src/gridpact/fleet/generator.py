"""Fleets made up from documented shares: any number of homes, or six homes for a demonstration."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.errors import InputError
from gridpact.fleet.fleet import Fleet

Floats = NDArray[np.float64]
Objects = NDArray[np.object_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """Ranges from which owners of one kind are drawn evenly."""

    backup_h: tuple[float, float]
    """Outage to bridge [h]."""
    floor_usd_per_mwh: tuple[float, float]
    maximum_discharge: tuple[float, float]
    """Share of the battery that may be drawn."""
    max_cycles_per_day: float
    """NaN if unlimited."""


PERSONAS = MappingProxyType(
    {
        "conservative": Persona(
            backup_h=(6, 12), floor_usd_per_mwh=(200, 350), maximum_discharge=(0.30, 0.50), max_cycles_per_day=1.0
        ),
        "moderate": Persona(
            backup_h=(3, 8), floor_usd_per_mwh=(120, 250), maximum_discharge=(0.50, 0.70), max_cycles_per_day=1.5
        ),
        "aggressive": Persona(
            backup_h=(1, 4),
            floor_usd_per_mwh=(80, 180),
            maximum_discharge=(0.70, 0.85),
            max_cycles_per_day=float("nan"),
        ),
    }
)
ADOPTION = MappingProxyType({"battery": 0.35, "vehicle": 0.45, "solar": 0.55})
BATTERIES_KWH_KW = ((5.0, 3.0), (10.0, 5.0), (13.5, 7.0), (16.0, 8.0), (20.0, 10.0))
BATTERY_SHARES = (0.15, 0.35, 0.25, 0.15, 0.10)
SOLAR_KW = (4.0, 6.0, 8.0, 10.0, 12.0)
SOLAR_SHARES = (0.20, 0.30, 0.25, 0.15, 0.10)
VEHICLES_KWH = (40.0, 64.0, 75.0, 82.0, 100.0)
CHARGERS_KW = (7.2, 9.6, 11.5)
PLUGGED_IN = 0.80
MOST_BACKUP = 0.80

ORIENTATIONS, ORIENTATION_SHARES = ("south", "west", "east"), (0.6, 0.2, 0.2)
DISCHARGING_VEHICLES = 0.10
NO_EXPORT = 0.05
HEAT_PUMPS = 0.5
WITH_BLACKOUT = 0.10
BLACKOUTS = ("Mon-Fri 17:00-19:00", "07:00-08:00", "22:00-05:00")
TARIFFS_WITH_SOLAR = MappingProxyType(
    {"net_billing": 0.45, "net_metering": 0.25, "time_of_use": 0.20, "wholesale_indexed": 0.10}
)
TARIFFS_WITHOUT_SOLAR = MappingProxyType({"flat": 0.45, "time_of_use": 0.45, "wholesale_indexed": 0.10})
ZONES = MappingProxyType(
    {
        "ercot": ("America/Chicago", "el_paso"),
        "caiso": ("America/Los_Angeles", "san_diego"),
        "nyiso": ("America/New_York", "new_york"),
    }
)
"""Market zone: time zone of its homes, and the site whose sun they get."""


def generate_fleet(homes: int, *, seed: int, zone: str = "ercot", heat_share: float = 0.0) -> Fleet:
    """A fleet drawn from the reference figures.

    Given by the reference: adoption (battery 35%, car 45%, solar 55%), sizes and their shares, SoC at the start (40
    to 80%), efficiency (95% each way), cars (40 to 100 kWh, 7.2 to 11.5 kW, 80% plugged in, 80% wanted at about 07:00),
    and the owners' backup, floors and largest discharge by persona. A battery starts no lower than its owner's backup,
    and no owner keeps more than 80% for backup (a longer outage is not bridged). The solar profile's losses (14%) lie
    in the middle of the reference's 10 to 20%.

    Not given there, and this project's own choice: personas in equal thirds; critical load 0.3 to 0.7 kW; minimum SoC
    10 to 20%; wear 0.02 to 0.05 USD/kWh; 10% of cars can discharge; arrival around
    18:00 at 30 to 60%; household use around 11,000 kWh a year; tariffs; 10% of homes with a blackout; 5% without leave
    to export; cycle limits by persona; heat stores, which are drawn apart from everything else: half of them electric
    water heaters (150 to 300 l over a band of 15 to 25 K, 4.5 kW, 1 to 2% lost in an hour, 2,000 to 4,000 kWh of hot
    water a year), half heat pumps for the house (5 to 15 kWh for two kelvin of comfort, 2 to 4 kW, 2.5 to 4 times as
    much heat as electricity, 1 to 4% lost in an hour, 4,000 to 10,000 kWh a year).

    Args:
        homes: how many.
        seed: the same seed gives the same fleet.
        zone: market zone, one of `ZONES`.
        heat_share: share of homes with a heat store, 0 to 1; the rest of the fleet is the same whatever it is.

    Raises:
        InputError: ``homes`` is below 1, the zone is not known, or the share is not one.
    """
    if homes < 1:
        raise InputError(f"a fleet of {homes} homes cannot be generated; use 1 or more")
    if zone not in ZONES:
        raise InputError(f"zone {zone!r} is not known to the generator; use one of {', '.join(ZONES)}")
    if not 0 <= heat_share <= 1:
        raise InputError(f"a heat share of {heat_share:g} is not between 0 and 1")
    rng = np.random.default_rng(seed)
    timezone, site = ZONES[zone]
    kinds = rng.integers(len(PERSONAS), size=homes)
    owned = {device: rng.random(homes) < share for device, share in ADOPTION.items()}
    orientation = rng.choice(ORIENTATIONS, size=homes, p=ORIENTATION_SHARES)
    annual_kwh = np.round(np.clip(11_000 * np.exp(0.35 * rng.standard_normal(homes)), 4_000, 30_000), -2).astype(int)
    width = max(4, len(str(homes)))
    table: dict[str, Any] = {
        "home_id": [f"home-{number:0{width}d}" for number in range(1, homes + 1)],
        "zone": [zone] * homes,
        "timezone": [timezone] * homes,
        **_vehicles(rng, owned["vehicle"]),
        "solar_kw": _where(owned["solar"], rng.choice(SOLAR_KW, size=homes, p=SOLAR_SHARES)),
        "solar_profile": _texts(owned["solar"], np.array([f"{site}:{facing}" for facing in orientation])),
        "load_profile": [
            f"model:{kwh}:{variant}" for variant, kwh in enumerate(annual_kwh, start=seed % 1_000_000 * 1_000_000 + 1)
        ],
        "tariff": np.where(
            owned["solar"], _drawn(rng, TARIFFS_WITH_SOLAR, homes), _drawn(rng, TARIFFS_WITHOUT_SOLAR, homes)
        ),
        "persona": np.array(list(PERSONAS))[kinds],
        "floor_usd_per_mwh": np.round(_by_persona(rng, kinds, "floor_usd_per_mwh")),
        "export_allowed": rng.random(homes) >= NO_EXPORT,
        "blackout": _texts(rng.random(homes) < WITH_BLACKOUT, rng.choice(BLACKOUTS, size=homes)),
    }
    table.update(_batteries(rng, owned["battery"], kinds))
    if heat_share > 0:
        table.update(_heat_stores(homes, seed=seed, share=heat_share))
    return Fleet.from_frame(pd.DataFrame(table), source=f"generated fleet (seed {seed})")


def _batteries(rng: np.random.Generator, owned: NDArray[np.bool_], kinds: NDArray[np.int64]) -> dict[str, Any]:
    homes = len(owned)
    capacity_kwh, power_kw = np.array(BATTERIES_KWH_KW)[rng.choice(len(BATTERY_SHARES), size=homes, p=BATTERY_SHARES)].T
    critical_kw = rng.uniform(0.3, 0.7, homes)
    minimum = np.round(rng.uniform(0.10, 0.20, homes), 2)
    by_hours = _by_persona(rng, kinds, "backup_h") * critical_kw / 0.95 / capacity_kwh
    by_discharge = 1.0 - _by_persona(rng, kinds, "maximum_discharge")
    backup = np.round(np.minimum(MOST_BACKUP, np.maximum(by_hours, by_discharge)), 2)
    start = np.maximum(np.round(rng.uniform(0.40, 0.80, homes), 2), np.maximum(backup, minimum))
    cycles = np.array([persona.max_cycles_per_day for persona in PERSONAS.values()])[kinds]
    columns = {
        "battery_capacity_kwh": capacity_kwh,
        "battery_charge_kw": power_kw,
        "battery_discharge_kw": power_kw,
        "battery_charge_efficiency": np.full(homes, 0.95),
        "battery_discharge_efficiency": np.full(homes, 0.95),
        "battery_soc_fraction": start,
        "battery_min_soc_fraction": minimum,
        "battery_wear_usd_per_kwh": np.round(rng.uniform(0.02, 0.05, homes), 3),
        "max_cycles_per_day": cycles,
    }
    found = {name: _where(owned, values) for name, values in columns.items()}
    found["backup_soc_fraction"] = np.where(owned, backup, 0.0)
    return found


def _vehicles(rng: np.random.Generator, owned: NDArray[np.bool_]) -> dict[str, Any]:
    homes = len(owned)
    charge_kw = rng.choice(CHARGERS_KW, size=homes)
    plugged = owned & (rng.random(homes) < PLUGGED_IN)
    discharge_kw = np.where(rng.random(homes) < DISCHARGING_VEHICLES, charge_kw, 0.0)
    return {
        "vehicle_capacity_kwh": _where(owned, rng.choice(VEHICLES_KWH, size=homes)),
        "vehicle_charge_kw": _where(owned, charge_kw),
        "vehicle_discharge_kw": _where(owned, discharge_kw),
        "vehicle_soc_fraction": _where(owned, np.round(rng.uniform(0.30, 0.60, homes), 2)),
        "vehicle_required_soc_fraction": _where(owned, np.full(homes, 0.80)),
        "vehicle_arrive": _texts(plugged, _clock_times(rng.normal(18.0, 1.0, homes), 15.0, 22.0)),
        "vehicle_depart": _texts(plugged, _clock_times(rng.normal(7.0, 0.5, homes), 5.5, 9.0)),
    }


def _heat_stores(homes: int, *, seed: int, share: float) -> dict[str, Any]:
    rng = np.random.default_rng([seed, 0x48454154])
    owned, pump = rng.random(homes) < share, rng.random(homes) < HEAT_PUMPS
    litres, kelvin = rng.choice([150.0, 200.0, 300.0], size=homes), rng.uniform(15.0, 25.0, homes)
    # Water holds 1.163 Wh per litre and kelvin.
    tank_kwh = np.round(1.163e-3 * litres * kelvin, 1)
    annual_kwh = np.round(np.where(pump, rng.uniform(4_000, 10_000, homes), rng.uniform(2_000, 4_000, homes)), -2)
    names = [
        f"{'space' if warms else 'water'}:{int(kwh)}:{variant}"
        for variant, (warms, kwh) in enumerate(
            zip(pump, annual_kwh, strict=True), start=seed % 1_000_000 * 1_000_000 + 1
        )
    ]
    columns = {
        "heat_capacity_kwh": np.where(pump, np.round(rng.uniform(5.0, 15.0, homes), 1), tank_kwh),
        "heat_power_kw": np.where(pump, rng.choice([2.0, 3.0, 4.0], size=homes), 4.5),
        "heat_cop": np.where(pump, np.round(rng.uniform(2.5, 4.0, homes), 1), 1.0),
        "heat_leak_fraction_per_h": np.round(
            np.where(pump, rng.uniform(0.01, 0.04, homes), rng.uniform(0.01, 0.02, homes)), 3
        ),
        "heat_start_fraction": np.round(rng.uniform(0.3, 0.8, homes), 2),
    }
    return {
        **{name: _where(owned, values) for name, values in columns.items()},
        "heat_demand_profile": _texts(owned, np.array(names)),
    }


def _clock_times(hour: Floats, low: float, high: float) -> Objects:
    quarters = np.round(np.clip(hour, low, high) * 4).astype(int)
    return np.array([f"{quarter // 4:02d}:{quarter % 4 * 15:02d}" for quarter in quarters], dtype=object)


def _by_persona(rng: np.random.Generator, kinds: NDArray[np.int64], name: str) -> Floats:
    """A value for each home, drawn evenly from its persona's range."""
    low, high = np.array([getattr(persona, name) for persona in PERSONAS.values()], dtype=np.float64).T
    return np.asarray(low[kinds] + (high - low)[kinds] * rng.random(len(kinds)))


def _drawn(rng: np.random.Generator, shares: MappingProxyType[str, float], homes: int) -> NDArray[Any]:
    return np.asarray(rng.choice(list(shares), size=homes, p=list(shares.values())))


def _where(owned: NDArray[np.bool_], values: Floats) -> Floats:
    return np.where(owned, values, np.nan)


def _texts(owned: NDArray[np.bool_], values: NDArray[Any]) -> Objects:
    return np.array([str(value) if has else None for has, value in zip(owned, values, strict=True)], dtype=object)


def demonstration_fleet() -> Fleet:
    """Six homes that show why owners sell in a summer evening, and why some rightly do not.

    Their floors are chosen for the demonstration and lie below the reference's ranges for the personas, because most
    homes with those decline at 80 USD/MWh; `generate_fleet` keeps the ranges. Costs are those of delivering from 19:00
    to 21:00 local time on 2022-07-13 [USD/MWh]; they change from day to day.

    - maple: 12 kW solar, 20 kWh battery, net_billing. Stores surplus that would earn 40 and sells it: 54 with wear for
      about 3 kW, then 110 (energy that the night needs). Floor 55.
    - cedar: car at 7.2 kW, flat. Charges on arrival because no hour is cheaper, and can wait: 0. Floor 50.
    - willow: 82 kWh car that discharges at 9.6 kW, time_of_use. Refills at night for 90 and 15% losses: 66. Floor 60.
    - juniper: 10 kW solar to the west, 20 kWh battery, time_of_use. As maple, once its own peak is covered: 54 for
      about 3 kW, then 110. Floor 62.
    - sycamore: 13.5 kWh battery and a car, wholesale_indexed. Charges at night for 45 and the wires, but that day its
      own tariff pays it more than 80: 105. Floor 70.
    - oak: 6 kW solar, 13.5 kWh battery, net_billing. Conservative: keeps 60% for outages and asks 220.

    So at 45 USD/MWh nobody sells, at 80 four homes do, at 120 sycamore joins, and oak stays out.
    """
    away = {"vehicle_arrive": None, "vehicle_depart": None}
    rows = [away | home | (_EFFICIENCY if "battery_capacity_kwh" in home else {}) for home in _DEMONSTRATION]
    return Fleet.from_frame(pd.DataFrame(rows), source="demonstration fleet")


_EFFICIENCY = {
    "battery_charge_efficiency": 0.95,
    "battery_discharge_efficiency": 0.95,
    "battery_min_soc_fraction": 0.10,
}
_DEMONSTRATION: tuple[dict[str, Any], ...] = (
    {
        "home_id": "maple",
        "persona": "moderate",
        "tariff": "net_billing",
        "load_profile": "model:5200:101",
        "solar_kw": 12.0,
        "solar_profile": "el_paso:south",
        "battery_capacity_kwh": 20.0,
        "battery_charge_kw": 10.0,
        "battery_discharge_kw": 10.0,
        "battery_soc_fraction": 0.50,
        "battery_wear_usd_per_kwh": 0.05,
        "backup_soc_fraction": 0.10,
        "floor_usd_per_mwh": 55.0,
    },
    {
        "home_id": "cedar",
        "persona": "aggressive",
        "tariff": "flat",
        "load_profile": "model:10400:102",
        "vehicle_capacity_kwh": 64.0,
        "vehicle_charge_kw": 7.2,
        "vehicle_soc_fraction": 0.45,
        "vehicle_required_soc_fraction": 0.80,
        "vehicle_arrive": "18:00",
        "vehicle_depart": "07:00",
        "floor_usd_per_mwh": 50.0,
    },
    {
        "home_id": "willow",
        "persona": "aggressive",
        "tariff": "time_of_use",
        "load_profile": "model:9800:103",
        "vehicle_capacity_kwh": 82.0,
        "vehicle_charge_kw": 11.5,
        "vehicle_discharge_kw": 9.6,
        "vehicle_soc_fraction": 0.60,
        "vehicle_required_soc_fraction": 0.80,
        "vehicle_arrive": "17:30",
        "vehicle_depart": "07:00",
        "floor_usd_per_mwh": 60.0,
    },
    {
        "home_id": "juniper",
        "persona": "moderate",
        "tariff": "time_of_use",
        "load_profile": "model:5600:104",
        "solar_kw": 10.0,
        "solar_profile": "el_paso:west",
        "battery_capacity_kwh": 20.0,
        "battery_charge_kw": 10.0,
        "battery_discharge_kw": 10.0,
        "battery_soc_fraction": 0.45,
        "battery_wear_usd_per_kwh": 0.05,
        "backup_soc_fraction": 0.10,
        "floor_usd_per_mwh": 62.0,
    },
    {
        "home_id": "sycamore",
        "persona": "aggressive",
        "tariff": "wholesale_indexed",
        "load_profile": "model:11200:105",
        "battery_capacity_kwh": 13.5,
        "battery_charge_kw": 7.0,
        "battery_discharge_kw": 7.0,
        "battery_soc_fraction": 0.60,
        "battery_wear_usd_per_kwh": 0.03,
        "backup_soc_fraction": 0.15,
        "vehicle_capacity_kwh": 75.0,
        "vehicle_charge_kw": 11.5,
        "vehicle_soc_fraction": 0.40,
        "vehicle_required_soc_fraction": 0.80,
        "vehicle_arrive": "18:30",
        "vehicle_depart": "07:30",
        "floor_usd_per_mwh": 70.0,
    },
    {
        "home_id": "oak",
        "persona": "conservative",
        "tariff": "net_billing",
        "load_profile": "model:12000:106",
        "solar_kw": 6.0,
        "solar_profile": "el_paso:south",
        "battery_capacity_kwh": 13.5,
        "battery_charge_kw": 7.0,
        "battery_discharge_kw": 7.0,
        "battery_soc_fraction": 0.70,
        "battery_wear_usd_per_kwh": 0.04,
        "backup_soc_fraction": 0.60,
        "max_cycles_per_day": 1.0,
        "blackout": "Mon-Fri 17:00-18:00",
        "floor_usd_per_mwh": 220.0,
    },
)
