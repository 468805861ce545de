"""A fleet with its owners' wishes in it: unconfirmed ones only tighten what it says, confirmed ones replace it."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gridpact.errors import InputError
from gridpact.fleet.clock import parse_clock, parse_dated, split_windows
from gridpact.fleet.columns import PERSONA_NAMES
from gridpact.fleet.findings import nearest
from gridpact.fleet.fleet import Fleet
from gridpact.fleet.preferences import backup_soc_fraction
from gridpact.language.reading.records import Record
from gridpact.language.reading.wishes import Wish

KWH_PER_KM = 0.25
"""Energy that a car is taken to need [kWh/km]: more than most do, so that a range asked for is kept."""
ALL_DAY = "00:00-24:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A fleet with wishes in it, and what could not be put into it."""

    fleet: Fleet
    remarks: tuple[str, ...]
    changed: tuple[str, ...]
    """Homes of which a cell is another than before."""


def apply_records(fleet: Fleet, records: Mapping[str, Record], *, source: str) -> Applied:
    """``fleet`` with the wishes of ``records``; rows of other homes stay as they are.

    Raises:
        InputError: a record is of no home of the fleet.
        TableError: a confirmed value does not fit the home's other columns.
    """
    frame = fleet.frame.copy()
    remarks: list[str] = []
    changed: list[str] = []
    columns = {name: frame[name].tolist() for name in frame.columns}
    homes = set(fleet.home_ids)
    for home_id, record in records.items():
        if home_id not in homes:
            near = nearest(home_id, fleet.home_ids)
            hint = f"; did you mean {near!r}?" if near else ""
            raise InputError(f"{source} has wishes of home {home_id!r}, which the fleet does not have{hint}")
        row = fleet.row(home_id)
        place = fleet.position(home_id)
        cells = cells_for(row, record.wishes.found, remark=lambda text, home=home_id: remarks.append(f"{home}: {text}"))
        if any(not _equal(row[name], value) for name, value in cells.items()):
            changed.append(home_id)
        for name, value in cells.items():
            columns[name][place] = value
    if not changed:
        return Applied(fleet=fleet, remarks=tuple(remarks), changed=())
    for name in frame.columns:
        frame[name] = pd.Series(columns[name], index=frame.index, dtype=frame[name].dtype)
    return Applied(fleet=Fleet.from_frame(frame, source=source), remarks=tuple(remarks), changed=tuple(changed))


def cells_for(row: Mapping[str, Any], found: Mapping[str, Wish], *, remark: Any) -> dict[str, Any]:
    """Cells of a home's row that wishes change, by column."""
    cells: dict[str, Any] = {}
    _backup(row, found, cells, remark)
    for name, column, choose in (
        ("max_cycles_per_day", "max_cycles_per_day", min),
        ("floor_usd_per_mwh", "floor_usd_per_mwh", max),
    ):
        wish = found.get(name)
        if wish is not None:
            old = row[column]
            empty = isinstance(old, float) and math.isnan(old)
            cells[column] = wish.value if wish.confirmed or empty else choose(old, wish.value)
    export = found.get("export_allowed")
    if export is not None:
        cells["export_allowed"] = (
            bool(export.value) if export.confirmed else bool(row["export_allowed"]) and bool(export.value)
        )
    _windows(row, found, cells)
    _vehicle(row, found, cells, remark)
    persona = found.get("persona")
    if persona is not None and (persona.confirmed or _milder(row["persona"], str(persona.value))):
        cells["persona"] = persona.value
    return cells


def _milder(old: str | None, new: str) -> bool:
    rank = PERSONA_NAMES.index(old) if old in PERSONA_NAMES else 1
    return PERSONA_NAMES.index(new) < rank


def _backup(row: Mapping[str, Any], found: Mapping[str, Wish], cells: dict[str, Any], remark: Any) -> None:
    names = ("backup_soc_fraction", "backup_kwh", "backup_hours", "maximum_discharge_fraction")
    asked = {name: found[name] for name in names if name in found}
    if not asked:
        return
    capacity = row["battery_capacity_kwh"]
    if not capacity > 0:
        remark("asks for backup, but the home has no battery")
        return
    shares = {name: _share(name, wish, row, found, capacity, remark) for name, wish in asked.items()}
    confirmed = [shares[name] for name, wish in asked.items() if wish.confirmed]
    base = max(confirmed) if confirmed else float(row["backup_soc_fraction"])
    cells["backup_soc_fraction"] = round(
        max([base, *(shares[name] for name, wish in asked.items() if not wish.confirmed)]), 9
    )


def _share(
    name: str, wish: Wish, row: Mapping[str, Any], found: Mapping[str, Wish], capacity: float, remark: Any
) -> float:
    value = float(wish.value)  # type: ignore[arg-type]
    match name:
        case "backup_soc_fraction":
            return value
        case "backup_kwh":
            return min(1.0, value / capacity)
        case "maximum_discharge_fraction":
            return 1.0 - value
        case _:
            load = found.get("critical_load_kw")
            if load is None:
                remark(
                    "asks for hours of backup and does not say for what load, so the whole battery is kept; "
                    "set critical_load_kw"
                )
                return 1.0
            return backup_soc_fraction(
                capacity_kwh=capacity,
                discharge_efficiency=float(row["battery_discharge_efficiency"]),
                backup_hours=value,
                critical_load_kw=float(load.value),  # type: ignore[arg-type]
            )


def _windows(row: Mapping[str, Any], found: Mapping[str, Wish], cells: dict[str, Any]) -> None:
    old = tuple(row["blackout"])
    wish = found.get("blackout")
    if wish is not None:
        asked = tuple(wish.value)  # type: ignore[arg-type]
        cells["blackout"] = asked if wish.confirmed else (*old, *(each for each in asked if each not in old))
    # The fleet's table can leave out a home, not one of its devices; leaving out more than was asked is safe.
    if any(
        name in found and found[name].value is False
        for name in ("participates", "battery_participates", "vehicle_participates")
    ):
        cells["blackout"] = (ALL_DAY,)


def _vehicle(row: Mapping[str, Any], found: Mapping[str, Wish], cells: dict[str, Any], remark: Any) -> None:
    names = (
        "vehicle_required_soc_fraction",
        "vehicle_required_kwh",
        "vehicle_range_km",
        "vehicle_ready_by",
        "vehicle_discharge_allowed",
    )
    asked = {name: found[name] for name in names if name in found}
    if not asked:
        return
    capacity = row["vehicle_capacity_kwh"]
    if not capacity > 0:
        remark("asks something of a car, but the home has no electric car")
        return
    shares = []
    for name, scale in (
        ("vehicle_required_soc_fraction", 1.0),
        ("vehicle_required_kwh", 1 / capacity),
        ("vehicle_range_km", KWH_PER_KM / capacity),
    ):
        if name in asked:
            shares.append((min(1.0, float(asked[name].value) * scale), asked[name].confirmed))  # type: ignore[arg-type]
    if shares:
        confirmed = [share for share, sure in shares if sure]
        base = max(confirmed) if confirmed else float(row["vehicle_required_soc_fraction"])
        cells["vehicle_required_soc_fraction"] = round(max([base, *(share for share, sure in shares if not sure)]), 9)
    discharge = asked.get("vehicle_discharge_allowed")
    if discharge is not None and discharge.value is False:
        cells["vehicle_discharge_kw"] = 0.0
    ready = asked.get("vehicle_ready_by")
    if ready is not None:
        if not row["vehicle_depart"]:
            remark("asks for the car at a time, but the fleet has it away all day")
        else:
            cells["vehicle_depart"] = ";".join(_departures(row, str(ready.value), confirmed=ready.confirmed))


def _departures(row: Mapping[str, Any], ready_by: str, *, confirmed: bool) -> Iterator[str]:
    """Departures of a row, moved to ``ready_by``: earlier ones only, unless the owner has confirmed the time."""
    wanted = parse_clock(ready_by)
    for come, go in zip(split_windows(row["vehicle_arrive"]), split_windows(row["vehicle_depart"]), strict=True):
        if "T" in go:
            arrival, departure = parse_dated(come), parse_dated(go)
            moved = departure.replace(hour=0, minute=0, second=0) + wanted
            if moved > departure and not confirmed:
                moved -= _DAY
            usable = moved > arrival and (moved < departure or confirmed)
            yield moved.isoformat(timespec="minutes") if usable else go
            continue
        arrival_h, departure_h = parse_clock(come), parse_clock(go)
        stay = (departure_h - arrival_h) % _DAY or _DAY
        asked = (wanted - arrival_h) % _DAY or _DAY
        yield ready_by if confirmed or asked < stay else go


_DAY = parse_clock("24:00")


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one) and math.isnan(other):
        return True
    return bool(one == other)
