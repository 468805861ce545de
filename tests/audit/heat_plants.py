"""Errors to plant in a run in which a home has a heat store; see `audit.planting`."""

from collections.abc import Callable
from typing import Any

from audit.spoiling import Folder, NothingToPlantError, Plant, Row, cell, first, rows_changed

FLEET, PROFILES, DISPATCH = "fleet.parquet", "profiles.parquet", "dispatch.parquet"


def _plus(amount: float) -> Callable[[float], float]:
    return lambda value: value + amount


def _to(value: Any) -> Callable[[Any], Any]:
    return lambda _: value


def _has_heat(row: Row, folder: Folder) -> bool:
    return (row.get("heat_capacity_kwh") or 0.0) > 0


def _heats(row: Row, folder: Folder) -> bool:
    return (row.get("heat_kw") or 0.0) > 0.05


def _warm(row: Row, folder: Folder) -> bool:
    return row.get("heat_kwh") is not None


def _drawn(row: Row, folder: Folder) -> bool:
    names = {home.get("heat_demand_profile") for home in folder.table(FLEET)}
    return row["profile"] in names and row["forecast_kw"] > 0


def _columns(file: str, *names: str) -> Plant:
    def apply(folder: Folder) -> None:
        rows = folder.table(file)
        if names[0] not in rows[0]:
            raise NothingToPlantError
        folder.save(file, [{key: value for key, value in row.items() if key not in names} for row in rows])

    return Plant(file=file, column=names[0], apply=apply, shows_in=(FLEET, DISPATCH))


def _follow(rows: list[Row], folder: Folder, *, phase: str, change: Callable[[list[Row], Row], int]) -> int:
    """Change one home's settings in one phase, and let net load and heat follow as physics would have it."""
    home = first(folder.table(FLEET), lambda row: _has_heat(row, folder))
    facts = folder.table(FLEET)[home]
    mine = [row for row in rows if row["home_id"] == facts["home_id"] and row["phase"] == phase]
    demand = {
        row["interval_start"]: row["forecast_kw"]
        for row in folder.table(PROFILES)
        if row["profile"] == facts["heat_demand_profile"]
    }
    step_h = (mine[1]["interval_start"] - mine[0]["interval_start"]).total_seconds() / 3600.0
    place = change(mine, facts)
    share = (1.0 - facts["heat_leak_fraction_per_h"]) ** step_h
    hours = sum(share ** ((k + 0.5) / 1000) for k in range(1000)) / 1000 * step_h
    energy = facts["heat_start_fraction"] * facts["heat_capacity_kwh"]
    for row in mine:
        energy = share * energy + hours * (facts["heat_cop"] * row["heat_kw"] - demand[row["interval_start"]])
        row["heat_kwh"] = energy
        row["net_kw"] = row["load_kw"] + sum(
            sign * (row[name] or 0.0)
            for name, sign in (
                ("battery_charge_kw", 1),
                ("battery_discharge_kw", -1),
                ("vehicle_charge_kw", 1),
                ("vehicle_discharge_kw", -1),
                ("heat_kw", 1),
                ("solar_kw", -1),
                ("curtailed_kw", 1),
            )
        )
    return rows.index(mine[place]) + 1


def _planned(change: Callable[[list[Row], Row], int]) -> Callable[[list[Row], Folder], int]:
    return lambda rows, folder: _follow(rows, folder, phase="planned", change=change)


def _never(mine: list[Row], facts: Row) -> int:
    """No heat at all: the store runs cold."""
    for row in mine:
        row["heat_kw"] = 0.0
    return len(mine) - 1


def _always(mine: list[Row], facts: Row) -> int:
    """Full power all day: the store boils."""
    for row in mine:
        row["heat_kw"] = facts["heat_power_kw"]
    return len(mine) - 1


def _less_at_the_end(mine: list[Row], facts: Row) -> int:
    for row in reversed(mine):
        if row["heat_kw"] > 0.01:
            row["heat_kw"] -= 0.01
            return len(mine) - 1
    raise NothingToPlantError


def _in_a_blackout(mine: list[Row], facts: Row) -> int:
    """A little heat where the owner wants nothing changed (08:00 to 10:00 by the clock of Chicago)."""
    if not facts["blackout"]:
        raise NothingToPlantError
    place = first(mine, lambda row: row["interval_start"].hour == 13)
    mine[place]["heat_kw"] += 0.1
    return place


def _negative(mine: list[Row], facts: Row) -> int:
    mine[0]["heat_kw"] = -0.2
    return 0


def _not_replayed(rows: list[Row], folder: Folder) -> int:
    def change(mine: list[Row], facts: Row) -> int:
        mine[0]["heat_kw"] += 0.1
        return 0

    return _follow(rows, folder, phase="realised", change=change)


_SHOWS = (DISPATCH,)
HEAT_PLANTS: dict[str, Plant] = {
    "fleet_heat_start": cell(FLEET, "heat_start_fraction", lambda v: v * 0.9, _has_heat, shows_in=_SHOWS),
    "fleet_heat_power_cut": cell(FLEET, "heat_power_kw", _to(0.01), _has_heat, shows_in=_SHOWS),
    "fleet_heat_cop_off": cell(FLEET, "heat_cop", _plus(0.1), _has_heat, shows_in=_SHOWS),
    "fleet_heat_cop_absurd": cell(FLEET, "heat_cop", _to(11.0), _has_heat),
    "fleet_heat_leak_off": cell(FLEET, "heat_leak_fraction_per_h", lambda v: v * 0.9, _has_heat, shows_in=_SHOWS),
    "fleet_heat_leak_everything": cell(FLEET, "heat_leak_fraction_per_h", _to(1.0), _has_heat),
    "fleet_heat_cop_empty": cell(FLEET, "heat_cop", _to(None), _has_heat),
    "fleet_heat_demand_empty": cell(FLEET, "heat_demand_profile", _to(None), _has_heat),
    "fleet_heat_demand_unknown": cell(FLEET, "heat_demand_profile", _to("no-such"), _has_heat),
    "fleet_heat_gone": cell(FLEET, "heat_capacity_kwh", _to(None), _has_heat, shows_in=(FLEET, DISPATCH)),
    "fleet_heat_columns_gone": _columns(
        FLEET,
        "heat_capacity_kwh",
        "heat_power_kw",
        "heat_cop",
        "heat_leak_fraction_per_h",
        "heat_start_fraction",
        "heat_demand_profile",
    ),
    "fleet_heat_column_gone": _columns(FLEET, "heat_cop"),
    "profiles_heat_expected_off": cell(PROFILES, "forecast_kw", _plus(0.5), _drawn, shows_in=(PROFILES, DISPATCH)),
    "profiles_heat_drawn_off": cell(PROFILES, "realised_kw", _plus(0.5), _drawn),
    "dispatch_heat_power_off": cell(DISPATCH, "heat_kw", lambda v: v * 0.5, _heats),
    "dispatch_heat_energy_off": cell(DISPATCH, "heat_kwh", _plus(0.05), _warm),
    "dispatch_heat_empty": cell(DISPATCH, "heat_kwh", _to(None), _warm),
    "dispatch_heat_without_store": cell(
        DISPATCH, "heat_kwh", _to(1.0), lambda row, folder: "heat_kwh" in row and row["heat_kwh"] is None
    ),
    "dispatch_heat_columns_gone": _columns(DISPATCH, "heat_kw", "heat_kwh"),
    "dispatch_heat_negative": rows_changed(DISPATCH, _planned(_negative)),
    "dispatch_heat_runs_cold": rows_changed(DISPATCH, _planned(_never)),
    "dispatch_heat_boils": rows_changed(DISPATCH, _planned(_always)),
    "dispatch_heat_less_at_the_end": rows_changed(DISPATCH, _planned(_less_at_the_end)),
    "dispatch_heat_in_a_blackout": rows_changed(DISPATCH, _planned(_in_a_blackout)),
    "dispatch_heat_not_replayed": rows_changed(DISPATCH, _not_replayed),
}

FOUND_BY = {
    "dispatch_heat_without_store": "physics.heat_present",
    "dispatch_heat_columns_gone": "physics.heat_present",
    "fleet_heat_cop_empty": "physics.heat_present",
    "fleet_heat_gone": "physics.heat_present",
    "fleet_heat_demand_unknown": "keys.references",
    "profiles_heat_drawn_off": "physics.heat_demand",
    "profiles_heat_expected_off": "physics.heat_energy",
    "fleet_heat_power_cut": "physics.heat_power",
    "dispatch_heat_negative": "physics.heat_power",
    "dispatch_heat_power_off": "physics.net_balance",
    "dispatch_heat_energy_off": "physics.heat_energy",
    "fleet_heat_leak_off": "physics.heat_energy",
    "dispatch_heat_runs_cold": "physics.heat_band",
    "dispatch_heat_boils": "physics.heat_band",
    "dispatch_heat_less_at_the_end": "physics.heat_end",
    "dispatch_heat_in_a_blackout": "preferences.blackout",
    "dispatch_heat_not_replayed": "physics.realised_replays_plan",
}
"""The check that must find it, whatever else does."""
