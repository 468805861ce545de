"""What a fleet consists of, what its owners want, and what in its data is worth a second look."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.fleet.assets import ASSETS
from gridpact.fleet.clock import parse_clock, split_windows
from gridpact.fleet.columns import PERSONA_NAMES, Kind, columns_with
from gridpact.fleet.fleet import Fleet

SCHEMA = "gridpact.fleet_statistics/1"
QUANTILES = {"minimum": 0.0, "p10": 0.1, "median": 0.5, "p90": 0.9, "maximum": 1.0}
EXAMPLES = 3
"""Homes that an oddity names."""
MOST_POINTS = 2000
"""Most points of a scatter plot; of more, every k-th is taken."""

_BATTERY_SIZE = ("capacity_kwh", "charge_kw", "discharge_kw")
_ALL_DAY = {"00:00-24:00", "00:00-00:00", "0:00-24:00", "0:00-0:00"}

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def describe(fleet: Fleet) -> dict[str, Any]:
    """Statistics of a fleet as plain numbers; docs/fleet.md lists every key.

    Quantities of a device are taken over the homes that have it. Quantiles interpolate linearly between homes.
    """
    frame = fleet.frame
    has = owners(fleet)
    persona = frame["persona"].fillna("none").astype(str)
    floors = _numbers(frame, "floor_usd_per_mwh")
    plugged, left_out = plugged_share(fleet)
    cars = has.get("vehicle", np.zeros(len(fleet), dtype=np.bool_))
    gives_back = np.nan_to_num(_numbers(frame, "vehicle_discharge_kw")) > 0
    at_the_plug = np.array([arrive is not None for arrive in frame["vehicle_arrive"]])
    return {
        "schema": SCHEMA,
        "homes": len(fleet),
        "homes_by": {
            "persona": _counts(persona),
            "asset_mix": _counts(asset_mix(fleet)),
            "zone": _counts(frame["zone"]),
            "timezone": _counts(frame["timezone"]),
            "tariff": _counts(frame["tariff"]),
        },
        "assets": {device: _asset(frame, device, owned) for device, owned in has.items()},
        "vehicles": {
            "plugged_in_homes": int((cars & at_the_plug).sum()),
            "discharging_homes": int((cars & at_the_plug & gives_back).sum()),
            "plugged_share_by_hour": plugged,
            "left_out_with_dated_times": left_out,
        },
        "preferences": {
            "floor_usd_per_mwh": {
                "all": spread(floors),
                **{str(name): spread(floors[rows]) for name, rows in _groups(persona)},
            },
            "backup_soc_fraction": _preference(frame, "backup_soc_fraction", has["battery"]),
            "max_cycles_per_day": _preference(frame, "max_cycles_per_day", has["battery"]),
            "blackout_homes": int(sum(bool(windows) for windows in frame["blackout"])),
            "export_refused_homes": int((~frame["export_allowed"].to_numpy(dtype=np.bool_)).sum()),
        },
        "oddities": oddities(fleet),
    }


def owners(fleet: Fleet) -> dict[str, Bools]:
    """Which homes have each device, shape (homes,); without further devices that no home has."""
    frame = fleet.frame
    return {
        asset.name: np.nan_to_num(_numbers(frame, asset.size)) > 0 for asset in ASSETS.values() if asset.size in frame
    }


def asset_mix(fleet: Fleet) -> pd.Series:
    """Each home's devices, such as ``battery + solar``, shape (homes,)."""
    parts = pd.DataFrame({device: np.where(owned, device, "") for device, owned in owners(fleet).items()})
    unique = parts.drop_duplicates()
    words = {
        tuple(row): " + ".join(filter(None, row)) or "no device" for row in unique.itertuples(index=False, name=None)
    }
    return pd.Series([words[row] for row in parts.itertuples(index=False, name=None)], dtype=object)


def plugged_share(fleet: Fleet) -> tuple[list[float], int]:
    """Share of electric cars at the plug in each hour of the local day, and how many cars have dated times only.

    Cars that are away all day count as not plugged in; cars with dated times are left out.
    """
    frame = fleet.frame
    cars = owners(fleet)["vehicle"]
    pairs = frame.loc[cars, ["vehicle_arrive", "vehicle_depart"]].fillna("").value_counts()
    edges = np.arange(25, dtype=np.float64)
    total, left_out, hours = 0, 0, np.zeros(24)
    for (arrive, depart), count in zip(pairs.index.tolist(), pairs.tolist(), strict=True):
        if "T" in arrive:
            left_out += int(count)
            continue
        total += int(count)
        if not split_windows(arrive):
            continue
        begins, ends = (parse_clock(text).total_seconds() / 3600 for text in (arrive, depart))
        spans = [(begins, ends)] if ends > begins else [(begins, 24.0), (0.0, ends)]
        for first, last in spans:
            hours += count * np.clip(np.minimum(edges[1:], last) - np.maximum(edges[:-1], first), 0.0, 1.0)
    return [_round(hour / total) if total else 0.0 for hour in hours], left_out


def scatter_sample(fleet: Fleet, x: str, y: str, *, most: int = MOST_POINTS) -> tuple[Floats, Floats, int]:
    """Two columns of the homes that have both, and how many those are; of more than ``most``, every k-th."""
    first, second = _numbers(fleet.frame, x), _numbers(fleet.frame, y)
    rows = np.flatnonzero((np.nan_to_num(first) > 0) & ~np.isnan(second))
    taken = rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]
    return first[taken], second[taken], len(rows)


def spread(values: Floats) -> dict[str, float] | None:
    """Mean and quantiles of what is there; None where nothing is."""
    known = values[~np.isnan(values)]
    if not len(known):
        return None
    found = np.quantile(known, list(QUANTILES.values()))
    return {"mean": _round(known.mean()), **dict(zip(QUANTILES, map(_round, found), strict=True))}


def _asset(frame: pd.DataFrame, device: str, owned: Bools) -> dict[str, Any]:
    quantities = {}
    for column in columns_with(frame.columns):
        if column.kind is Kind.NUMBER and (column.name == ASSETS[device].size or column.device == device):
            values = _numbers(frame, column.name)[owned]
            total = _round(np.nansum(values)) if column.unit in ("kW", "kWh") else None
            quantities[column.name] = {"unit": column.unit, "total": total, "spread": spread(values)}
    return {"homes": int(owned.sum()), "share": _round(owned.mean()), "quantities": quantities}


def _preference(frame: pd.DataFrame, column: str, among: Bools) -> dict[str, Any]:
    values = _numbers(frame, column)
    wanted = among & (np.nan_to_num(values) > 0)
    return {"homes": int(wanted.sum()), "of": int(among.sum()), "spread": spread(values[wanted])}


def oddities(fleet: Fleet) -> list[dict[str, Any]]:
    """What is allowed but unusual, with how many homes it concerns and the first of them."""
    frame, ids = fleet.frame, fleet.home_ids
    with np.errstate(invalid="ignore"):
        found = {**_odd_devices(frame, owners(fleet)), **_odd_wishes(frame, owners(fleet))}
    return [
        {"what": what, "homes": int(rows.sum()), "examples": [ids[row] for row in np.flatnonzero(rows)[:EXAMPLES]]}
        for what, rows in found.items()
        if rows.any()
    ]


def _odd_devices(frame: pd.DataFrame, has: Mapping[str, Bools]) -> dict[str, Bools]:
    battery, car = has["battery"], has["vehicle"]
    kwh, charge_kw, discharge_kw = (_numbers(frame, f"battery_{part}") for part in _BATTERY_SIZE)
    most_kw = np.fmax(charge_kw, discharge_kw)
    round_trip = _numbers(frame, "battery_charge_efficiency") * _numbers(frame, "battery_discharge_efficiency")
    wanted, arrives = (_numbers(frame, f"vehicle_{part}_fraction") for part in ("required_soc", "soc"))
    movable = np.logical_or.reduce([owned for device, owned in has.items() if device != "solar"])
    return {
        "have nothing that could move energy": ~movable,
        "have a battery that fills or empties in under 20 minutes": battery & (most_kw > 3 * kwh),
        "have a battery that needs over 20 hours to fill or empty": battery & (most_kw < kwh / 20),
        "have a battery with a round trip below 70%": battery & (round_trip < 0.7),
        "have a battery without losses": battery & (round_trip >= 1),
        "have a car that charges with more than 22 kW": car & (_numbers(frame, "vehicle_charge_kw") > 22),
        "have a car that arrives with more than its owner wants at departure": car & (wanted < arrives),
        "have over 50 kW of solar": _numbers(frame, "solar_kw") > 50,
        "share their load profile with another home, so their loads move as one": (
            frame["load_profile"].duplicated(keep=False).to_numpy(dtype=np.bool_)
        ),
    }


def _odd_wishes(frame: pd.DataFrame, has: Mapping[str, Bools]) -> dict[str, Bools]:
    battery, backup = has["battery"], _numbers(frame, "backup_soc_fraction")
    low, start, high = (_numbers(frame, f"battery_{part}_fraction") for part in ("min_soc", "soc", "max_soc"))
    floors, personas = _numbers(frame, "floor_usd_per_mwh"), frame["persona"]
    others = personas.notna() & ~personas.isin(PERSONA_NAMES)
    return {
        "want backup that leaves nothing of the battery": battery & (np.fmax(low, backup) >= high),
        "have a battery that starts below its owner's backup": battery & (start < backup),
        "want backup but have no battery": ~battery & (backup > 0),
        "sell at any price: their floor is 0": floors == 0,
        "have a floor above 2,000 USD/MWh": floors > 2000,
        "have a blackout around the clock": np.array([bool(_ALL_DAY & set(windows)) for windows in frame["blackout"]]),
        "have a persona of their own, which counts as moderately willing": others.to_numpy(dtype=np.bool_),
    }


def _groups(persona: pd.Series) -> list[tuple[str, NDArray[np.int64]]]:
    return sorted((str(name), np.asarray(rows)) for name, rows in persona.groupby(persona).indices.items())


def _numbers(frame: pd.DataFrame, column: str) -> Floats:
    return frame[column].to_numpy(dtype=np.float64)


def _counts(values: pd.Series) -> dict[str, int]:
    """Homes by value, the commonest first."""
    counted = values.value_counts()
    return {str(name): int(count) for name, count in sorted(counted.items(), key=lambda item: (-item[1], str(item[0])))}


def _round(value: float) -> float:
    return round(float(value), 4)
