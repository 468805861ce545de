"""One home: a typed view of a fleet's row."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gridpact.fleet.battery import Battery
from gridpact.fleet.heat import Heat
from gridpact.fleet.load import Load
from gridpact.fleet.preferences import Preferences
from gridpact.fleet.solar import Solar
from gridpact.fleet.vehicle import Vehicle


@dataclass(frozen=True, slots=True, kw_only=True)
class Prosumer:
    """A home with what it has and what its owner wants."""

    home_id: str
    zone: str
    timezone: str
    battery: Battery | None
    vehicle: Vehicle | None
    solar: Solar | None
    load: Load
    tariff: str
    preferences: Preferences
    persona: str | None
    meter_id: str
    heat: Heat | None = None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Prosumer":
        """The home of a checked fleet's row."""
        vehicle = _vehicle(row)
        return cls(
            home_id=row["home_id"],
            zone=row["zone"],
            timezone=row["timezone"],
            battery=_battery(row),
            vehicle=vehicle,
            solar=_solar(row),
            load=Load(profile=row["load_profile"]),
            tariff=row["tariff"],
            preferences=Preferences(
                backup_soc_fraction=row["backup_soc_fraction"],
                max_cycles_per_day=math.inf if math.isnan(row["max_cycles_per_day"]) else row["max_cycles_per_day"],
                blackout=tuple(row["blackout"]),
                floor_usd_per_mwh=row["floor_usd_per_mwh"],
                export_allowed=row["export_allowed"],
                vehicle_required_soc_fraction=None if vehicle is None else vehicle.required_soc_fraction,
                vehicle_ready_by=None if vehicle is None else vehicle.depart or None,
            ),
            persona=row["persona"],
            meter_id=row["meter_id"],
            heat=Heat.from_row(row),
        )


def _battery(row: Mapping[str, Any]) -> Battery | None:
    if not row["battery_capacity_kwh"] > 0:
        return None
    return Battery(**{name.removeprefix("battery_"): row[name] for name in row if name.startswith("battery_")})


def _vehicle(row: Mapping[str, Any]) -> Vehicle | None:
    if not row["vehicle_capacity_kwh"] > 0:
        return None
    values: dict[str, Any] = {name.removeprefix("vehicle_"): row[name] for name in row if name.startswith("vehicle_")}
    return Vehicle(**(values | {name: values[name] or "" for name in ("arrive", "depart")}))


def _solar(row: Mapping[str, Any]) -> Solar | None:
    if not row["solar_kw"] > 0:
        return None
    return Solar(installed_kw=row["solar_kw"], profile=row["solar_profile"])
