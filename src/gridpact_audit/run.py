"""A run folder as the auditor sees it: tables as frames, and arrays over homes and intervals derived from them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact_audit import times
from gridpact_audit.rulebook import RuleBook
from gridpact_audit.tables import PHASES, TABLES

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

BASELINE, PLANNED, REALISED = range(3)
DEVICES = ("battery_charge_kw", "battery_discharge_kw", "vehicle_charge_kw", "vehicle_discharge_kw", "curtailed_kw")
FURTHER = ("heat_kw",)
"""Power of further devices, which only draw; the columns are there where a home has the device."""
_FURTHER_COLUMNS = {column.name for table in TABLES for group in table.further for column in group}
FEWEST_CELLS = 2_000_000
"""Rows of dispatch that homes and windows may ask for, whatever is there; more must be there at least by half."""
POWER_TOL_KW = 1e-5
ENERGY_TOL_KWH = 1e-5
USD_TOL = 1e-6


class UnusableError(Exception):
    """Something that checks need cannot be derived from the folder; the message says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opportunity:
    """One entry of ``result.opportunities``."""

    id: str
    position: int
    product: str
    start: datetime
    end: datetime
    requested_kw: float
    minimum_kw: float
    reference_price: float
    rules: str
    first: int
    stop: int

    @property
    def reserve(self) -> bool:
        """Whether capacity, not energy, is sold."""
        return self.product != "energy"

    @property
    def window_h(self) -> float:
        """Length of the window [h]."""
        return (self.end - self.start).total_seconds() / 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What one home owes in one window: from this run, or from an earlier run that binds it."""

    opportunity_id: str
    home: int
    quantity_kw: float
    first: int
    stop: int
    reserve: bool
    sustain_h: float
    reduction_only: bool
    earlier: bool
    file: str
    row: int


class Run:
    """A readable run folder. Derived values are computed when first asked for.

    Attributes:
        path: the folder.
        book: the market rules that the auditor knows.
        result: content of ``result.json``.
        tables: frames by file name, each with a column ``_row`` (row of the file, from 1).
        ledger: ``ledger.csv`` with ``amount_microusd`` as Python integers and ``_row`` as line numbers.
        events: rows of ``events.jsonl`` as (line number, object).
        performance: content of ``performance.json``.
    """

    def __init__(self, path: Path, book: RuleBook) -> None:
        self.path = path
        self.book = book
        self.result: dict[str, Any] = {}
        self.tables: dict[str, pd.DataFrame] = {}
        self.ledger: pd.DataFrame = pd.DataFrame()
        self.events: list[tuple[int, dict[str, Any]]] = []
        self.performance: dict[str, Any] = {}
        self.memo: dict[str, Any] = {}

    def rule(self, opportunity: "Opportunity", name: str) -> Any:
        """One market rule for an opportunity, on the day it begins; None where the rules set nothing."""
        return self.book.value(opportunity.rules, name, product=opportunity.product, on=opportunity.start.date())

    @cached_property
    def fleet(self) -> pd.DataFrame:
        """``fleet.parquet``."""
        return self.tables["fleet.parquet"]

    @cached_property
    def home_ids(self) -> list[str]:
        """Homes in the fleet's order."""
        return [str(home) for home in self.fleet["home_id"]]

    @cached_property
    def home_at(self) -> dict[str, int]:
        """Position of each home."""
        return {home: place for place, home in enumerate(self.home_ids)}

    @cached_property
    def timezone(self) -> str:
        """Market time zone: the rules', or the fleet's commonest where the rules are not known."""
        first = self.result["opportunities"][0]
        named = self.book.value(first["rules"], "timezone", on=moment(first["start"]).date())
        return str(named) if named is not None else str(self.fleet["timezone"].mode().iloc[0])

    @cached_property
    def grid(self) -> times.Grid:
        """Every operating day that an opportunity's window touches."""
        windows = [(moment(entry["start"]), moment(entry["end"])) for entry in self.result["opportunities"]]
        step = int(self.result["opportunities"][0]["step_minutes"])
        grid = times.operating_days(windows, timezone=self.timezone, step_minutes=step)
        cells, rows = len(self.fleet) * grid.periods * len(PHASES), len(self.tables["dispatch.parquet"])
        if cells > max(FEWEST_CELLS, 2 * rows):
            raise ValueError(f"{cells:,} rows of dispatch are needed, but there are {rows:,}")
        return grid

    @cached_property
    def opportunities(self) -> list[Opportunity]:
        """Opportunities in the result's order, which is award order."""
        found = []
        for position, entry in enumerate(self.result["opportunities"]):
            start, end = moment(entry["start"]), moment(entry["end"])
            found.append(
                Opportunity(
                    id=entry["id"],
                    position=position,
                    product=entry["product"],
                    start=start,
                    end=end,
                    requested_kw=float(entry["requested_kw"]),
                    minimum_kw=float(entry["minimum_kw"]),
                    reference_price=float(entry["reference_price"]),
                    rules=entry["rules"],
                    first=round(self.grid.index(start)),
                    stop=round(self.grid.index(end)),
                )
            )
        return found

    @cached_property
    def opportunity_at(self) -> dict[str, Opportunity]:
        """Opportunities by id."""
        return {opportunity.id: opportunity for opportunity in self.opportunities}

    def amounts(self, column: str) -> Floats:
        """A numeric fleet column with zero where a home does not have it, shape (homes,)."""
        if column not in self.fleet and column in _FURTHER_COLUMNS:
            return np.zeros(len(self.fleet))
        return np.asarray(np.nan_to_num(self.fleet[column].to_numpy(dtype=np.float64), nan=0.0))

    @cached_property
    def export_allowed(self) -> Bools:
        """Shape (homes,)."""
        return np.array([allowed is not False for allowed in self.fleet["export_allowed"].tolist()], dtype=np.bool_)

    @cached_property
    def has_battery(self) -> Bools:
        """Homes with a battery, shape (homes,)."""
        return self.amounts("battery_capacity_kwh") > 0

    @cached_property
    def battery_start_kwh(self) -> Floats:
        """Energy at the horizon's start, shape (homes,) [kWh]."""
        return self.amounts("battery_soc_fraction") * self.amounts("battery_capacity_kwh")

    @cached_property
    def battery_floor_kwh(self) -> Floats:
        """Larger of minimum SoC and backup, not above the start, shape (homes,) [kWh]."""
        share = np.maximum(self.amounts("battery_min_soc_fraction"), self.amounts("backup_soc_fraction"))
        return np.minimum(share * self.amounts("battery_capacity_kwh"), self.battery_start_kwh)

    @cached_property
    def _cells(self) -> tuple[dict[str, Floats], Ints]:
        frame = self.tables["dispatch.parquet"]
        shape = (len(PHASES), len(self.home_ids), self.grid.periods)
        phase = frame["phase"].map({name: place for place, name in enumerate(PHASES)}).to_numpy(dtype=np.float64)
        home = frame["home_id"].map(self.home_at).to_numpy(dtype=np.float64)
        start = pd.DatetimeIndex(frame["interval_start"])
        at = start.as_unit("us").asi8 - pd.DatetimeIndex([self.grid.start]).as_unit("us").asi8[0]
        step = self.grid.step_minutes * 60_000_000
        on_grid = (at % step == 0) & (at >= 0) & (at < step * self.grid.periods) & np.asarray(start.notna())
        known = np.asarray(on_grid & ~np.isnan(phase) & ~np.isnan(home), dtype=np.bool_)
        place = (phase[known].astype(np.int64), home[known].astype(np.int64), (at[known] // step).astype(np.int64))
        rows = np.zeros(shape, dtype=np.int64)
        rows[place] = frame["_row"].to_numpy(dtype=np.int64)[known]
        cells = {}
        for column in frame.columns:
            if column.endswith(("_kw", "_kwh")):
                values = np.full(shape, np.nan)
                values[place] = frame[column].to_numpy(dtype=np.float64)[known]
                cells[column] = values
        return cells, rows

    @property
    def rows(self) -> Ints:
        """Row of ``dispatch.parquet`` for each (phase, home, interval); 0 where there is none."""
        return self._cells[1]

    def cube(self, column: str) -> Floats:
        """A dispatch column as given, shape (phases, homes, intervals); NaN where empty or missing."""
        cells, rows = self._cells
        if column not in cells and column in _FURTHER_COLUMNS:
            cells[column] = np.full(rows.shape, np.nan)
        return cells[column]

    @cached_property
    def settings(self) -> tuple[str, ...]:
        """Columns of every device's power in this run."""
        return (*DEVICES, *(name for name in FURTHER if name in self.tables["dispatch.parquet"]))

    @cached_property
    def _filled(self) -> dict[str, Floats]:
        return {}

    def power(self, column: str) -> Floats:
        """A dispatch column with zero where empty, shape (phases, homes, intervals)."""
        if column not in self._filled:
            self._filled[column] = np.nan_to_num(self.cube(column), nan=0.0)
        return self._filled[column]

    @cached_property
    def baseline_replay_kw(self) -> Floats:
        """Net load of the baseline's devices on realised load and solar, shape (homes, intervals) [kW]."""
        solar = self.power("solar_kw")[REALISED]
        curtailed = np.minimum(self.power("curtailed_kw")[BASELINE], solar)
        device = {name: self.power(name)[BASELINE] for name in DEVICES}
        return np.asarray(
            self.power("load_kw")[REALISED]
            + device["battery_charge_kw"]
            - device["battery_discharge_kw"]
            + device["vehicle_charge_kw"]
            - device["vehicle_discharge_kw"]
            + sum(self.power(name)[BASELINE] for name in FURTHER)
            - (solar - curtailed)
        )

    @cached_property
    def promises(self) -> list[Promise]:
        """Commitments in award order: earlier runs' first, then this run's."""
        found = []
        for place, entry in enumerate(self.result.get("commitments") or []):
            start, end = self.grid.index(moment(entry["start"])), self.grid.index(moment(entry["end"]))
            if entry["home_id"] not in self.home_at or end <= 0 or start >= self.grid.periods:
                continue
            found.append(
                Promise(
                    opportunity_id=entry["opportunity_id"],
                    home=self.home_at[entry["home_id"]],
                    quantity_kw=float(entry["quantity_kw"]),
                    first=max(0, round(start)),
                    stop=min(self.grid.periods, round(end)),
                    reserve=entry["product"] != "energy",
                    sustain_h=float(entry.get("sustain_h") or 0.0),
                    reduction_only=self.book.value(
                        entry.get("rules", ""), "export_counts", on=moment(entry["start"]).date()
                    )
                    is False,
                    earlier=True,
                    file="result.json",
                    row=place + 1,
                )
            )
        frame = self.tables["coalition.parquet"]
        order = {opportunity.id: opportunity.position for opportunity in self.opportunities}
        mine = [row for row in records(frame, "opportunity_id", "home_id", "committed_kw", "_row") if row[2] > 0]
        mine = [row for row in mine if row[0] in order and row[1] in self.home_at]
        for name, home, committed, row in sorted(mine, key=lambda entry: order[entry[0]]):
            opportunity = self.opportunity_at[name]
            found.append(
                Promise(
                    opportunity_id=opportunity.id,
                    home=self.home_at[home],
                    quantity_kw=committed,
                    first=opportunity.first,
                    stop=opportunity.stop,
                    reserve=opportunity.reserve,
                    sustain_h=float(self.rule(opportunity, "sustain_h") or 0.0),
                    reduction_only=self.rule(opportunity, "export_counts") is False,
                    earlier=False,
                    file="coalition.parquet",
                    row=row,
                )
            )
        return found

    def total_kw(self, *, reserve: bool) -> Floats:
        """Energy or reserve promised in every interval, shape (homes, intervals) [kW]."""
        total = np.zeros((len(self.home_ids), self.grid.periods))
        for promise in self.promises:
            if promise.reserve == reserve:
                total[promise.home, promise.first : promise.stop] += promise.quantity_kw
        return total

    @cached_property
    def dropped(self) -> set[str]:
        """Homes that a ``member_dropped`` event names anywhere in its payload."""
        texts = [json.dumps(event.get("payload")) for _, event in self.events if event.get("kind") == "member_dropped"]
        return {home for home in self.home_ids if any(json.dumps(home) in text for text in texts)}

    @cached_property
    def cost_curves(self) -> dict[tuple[str, str], tuple[Floats, Floats]]:
        """The private cost curves: cumulative power [kW] and total cost [USD], starting at zero."""
        found = {}
        frame = self.tables["private/reservations.parquet"].sort_values("quantity_kw", kind="stable")
        for key, group in frame.groupby(["opportunity_id", "home_id"], sort=False):
            quantity, cost = group["quantity_kw"].to_numpy(), group["cost_usd"].to_numpy()
            if quantity[0] > 0:
                quantity, cost = np.insert(quantity, 0, 0.0), np.insert(cost, 0, 0.0)
            found[str(key[0]), str(key[1])] = (quantity, cost)
        return found

    def cost_at(self, opportunity_id: str, home_id: str, quantity_kw: float) -> float:
        """A home's private cost of ``quantity_kw`` [USD]; NaN where its curve is missing or ends before it."""
        curve = self.cost_curves.get((opportunity_id, home_id))
        if curve is None or quantity_kw > curve[0][-1] + POWER_TOL_KW:
            return 0.0 if quantity_kw == 0 else float("nan")
        return float(np.interp(quantity_kw, *curve))


def records(frame: pd.DataFrame, *columns: str) -> Iterator[tuple[Any, ...]]:
    """Rows of some columns as plain Python values."""
    return zip(*(frame[column].tolist() for column in columns), strict=True)


def moment(text: str) -> datetime:
    """An aware ISO time in UTC; raises ValueError where it has no offset."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset")
    return found.astimezone(UTC)
