"""What every device did, read from the dispatch table into arrays: the one place that knows which devices there are."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PHASES = ("baseline", "planned", "realised")
PHASE_WORDS = {"baseline": "Baseline (no sale, forecast)", "planned": "Planned", "realised": "Realised"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A kind of device that may stand in a home, by its columns of ``dispatch.parquet``."""

    key: str
    singular: str
    plural: str
    takes_kw: str
    """Power into the device."""
    gives_kw: str | None
    """Power out of it, where it has such a column."""
    energy_kwh: str | None
    """Energy in it at the interval's end."""
    capacity_kwh: str
    """Fleet column of its size, by which a home is known to have one."""
    start_fraction: str | None = None
    """Fleet column of the share of its size that it holds at the first instant; None where it does not stay put."""
    note: str = ""


DEVICES = (
    Device(
        key="battery",
        singular="Battery",
        plural="Batteries",
        takes_kw="battery_charge_kw",
        gives_kw="battery_discharge_kw",
        energy_kwh="battery_soc_kwh",
        capacity_kwh="battery_capacity_kwh",
        start_fraction="battery_soc_fraction",
    ),
    Device(
        key="vehicle",
        singular="Car",
        plural="Cars",
        takes_kw="vehicle_charge_kw",
        gives_kw="vehicle_discharge_kw",
        energy_kwh="vehicle_soc_kwh",
        capacity_kwh="vehicle_capacity_kwh",
        note="Cars at the plug only, so the energy jumps as they come and go.",
    ),
    Device(
        key="heat",
        singular="Heat",
        plural="Heat stores",
        takes_kw="heat_kw",
        gives_kw=None,
        energy_kwh="heat_kwh",
        capacity_kwh="heat_capacity_kwh",
        start_fraction="heat_start_fraction",
    ),
)
"""Devices whose columns a run has are drawn; a run without a device's columns is drawn without it."""


class Traces:
    """Dispatch as one array over homes and intervals for each phase and column."""

    def __init__(self, dispatch: pd.DataFrame, fleet: pd.DataFrame, *, step_minutes: int) -> None:
        """Read the rows of ``dispatch`` in any order.

        Args:
            dispatch: columns of ``dispatch.parquet``; more devices may have come with a newer version.
            fleet: columns of ``fleet.parquet``; rows of other homes are left out.
            step_minutes: length of an interval.
        """
        moments = dispatch["interval_start"]
        self.starts = pd.DatetimeIndex(np.sort(moments.unique()))
        self.step_h = step_minutes / 60.0
        self.fleet = fleet
        self.homes = tuple(str(home) for home in fleet["home_id"])
        self._dispatch = dispatch
        self._rows: dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}
        place = pd.Index(self.homes).get_indexer(pd.Index(dispatch["home_id"]))
        when = self.starts.get_indexer(pd.DatetimeIndex(moments))
        cell = np.where(place >= 0, place * len(self.starts) + when, -1)
        phases = dispatch["phase"].to_numpy()
        for phase in PHASES:
            rows = np.flatnonzero((phases == phase) & (cell >= 0))
            if len(rows):
                self._rows[phase] = (rows, cell[rows])
        self._cache: dict[tuple[str, str], Floats] = {}

    @property
    def phases(self) -> tuple[str, ...]:
        """Phases that the table holds."""
        return tuple(self._rows)

    @property
    def hours(self) -> Floats:
        """Bounds of the intervals, elapsed since the first start, shape (T+1,) [h]."""
        return np.linspace(0.0, len(self.starts) * self.step_h, len(self.starts) + 1, dtype=np.float64)

    def hour(self, moment: str) -> float:
        """Elapsed time of an ISO time [h]."""
        return float((pd.Timestamp(moment) - self.starts[0]).total_seconds() / 3600.0)

    def has(self, column: str) -> bool:
        """Whether the table knows ``column`` at all."""
        return column in self._dispatch.columns

    def of(self, phase: str, column: str) -> Floats:
        """A column of a phase, shape (H, T); NaN where a cell is empty or there is no such row or column."""
        key = (phase, column)
        if key not in self._cache:
            cells = np.full(len(self.homes) * len(self.starts), np.nan)
            rows, places = self._rows[phase]
            if self.has(column):
                cells[places] = self._dispatch[column].to_numpy(dtype=np.float64, na_value=np.nan)[rows]
            self._cache[key] = cells.reshape(len(self.homes), len(self.starts))
        return self._cache[key]

    @property
    def devices(self) -> tuple[Device, ...]:
        """Kinds of devices that at least one home has and the table knows."""
        return tuple(device for device in DEVICES if self.has(device.takes_kw) and self.owners(device).any())

    def owners(self, device: Device) -> NDArray[np.bool_]:
        """Which homes have ``device``, shape (H,): by the fleet, or by its cells where the fleet has no such column."""
        if device.capacity_kwh in self.fleet:
            size = self.fleet[device.capacity_kwh].to_numpy(dtype=np.float64, na_value=0.0)
            return np.asarray(np.nan_to_num(size) > 0, dtype=np.bool_)
        owned = np.zeros(len(self.homes), dtype=np.bool_)
        for column in (device.takes_kw, device.energy_kwh):
            if column is not None and self.has(column):
                owned |= np.isfinite(self.of(self.phases[0], column)).any(axis=1)
        return owned

    @cached_property
    def has_solar(self) -> NDArray[np.bool_]:
        """Which homes have panels, shape (H,): by the fleet, or by their output where the fleet does not say."""
        if "solar_kw" in self.fleet:
            size = self.fleet["solar_kw"].to_numpy(dtype=np.float64, na_value=0.0)
            return np.asarray(np.nan_to_num(size) > 0, dtype=np.bool_)
        return np.asarray(np.nan_to_num(self.of(self.phases[0], "solar_kw")).max(axis=1) > 0, dtype=np.bool_)

    def solar_output_kw(self, phase: str) -> Floats:
        """What panels give after curtailment, shape (H, T) [kW]; NaN where the home has none."""
        used: Floats = self.of(phase, "solar_kw") - np.nan_to_num(self.of(phase, "curtailed_kw"))
        return np.where(self.has_solar[:, None], used, np.nan)

    def power_kw(self, phase: str, device: Device) -> Floats:
        """Power into the device less power out of it, shape (H, T) [kW]; NaN where the home has none."""
        taken = self.of(phase, device.takes_kw)
        if device.gives_kw is None or not self.has(device.gives_kw):
            return taken
        given = self.of(phase, device.gives_kw)
        none = np.isnan(taken) & np.isnan(given)
        net: Floats = np.where(none, np.nan, np.nan_to_num(taken) - np.nan_to_num(given))
        return net

    def baseline_on_the_day_kw(self) -> Floats:
        """Net load of the baseline's devices on realised load and sun, the reference of delivery, shape (H, T) [kW]."""
        load = np.nan_to_num(self.of("realised", "load_kw"))
        sun = np.nan_to_num(self.of("realised", "solar_kw"))
        curtailed = np.minimum(np.nan_to_num(self.of("baseline", "curtailed_kw")), sun)
        net: Floats = load - sun + curtailed
        for device in DEVICES:
            if self.has(device.takes_kw):
                net = net + np.nan_to_num(self.power_kw("baseline", device))
        return net

    def change_kw(self) -> Mapping[str, Floats]:
        """Reduction against the baseline, planned and realised, each of shape (H, T) [kW]."""
        change: dict[str, Floats] = {}
        if {"baseline", "planned"} <= set(self.phases):
            change["planned"] = self.of("baseline", "net_kw") - self.of("planned", "net_kw")
        if {"baseline", "realised"} <= set(self.phases):
            change["realised"] = self.baseline_on_the_day_kw() - self.of("realised", "net_kw")
        return change

    def clock(self, timezone: str) -> list[str]:
        """Local time of every interval's bounds, shape (T+1,)."""
        bounds = self.starts[0].tz_convert(timezone) + pd.to_timedelta(self.hours, unit="h")
        return [f"{moment:%a %H:%M %Z}" for moment in bounds]

    def ticks(self, timezone: str) -> tuple[tuple[float, str], ...]:
        """Local full hours at their elapsed time: every 3 h, or wider apart; dated first and at midnight."""
        every = next(step for step in (3, 6, 12, 24) if self.hours[-1] / step <= 9 or step == 24)
        found: list[tuple[float, str]] = []
        for elapsed, moment in zip(self.hours, self.starts.tz_convert(timezone), strict=False):
            if moment.minute == 0 and moment.hour % every == 0:
                dated = not found or moment.hour == 0
                found.append((float(elapsed), f"{moment:%H:%M}" + (f"\n{moment.day} {moment:%b}" if dated else "")))
        return tuple(found)
