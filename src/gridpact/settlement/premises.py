"""What settlement knows of every home: the physical facts, and what its devices did or were told to do.

Everything is arrays over homes (and intervals), read from the fleet's own columns and not from the planners' problems.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.errors import InputError
from gridpact.horizon import Horizon
from gridpact.settlement.assets import facts_of_fleet
from gridpact.settlement.devices import DevicePlan, DeviceTrace, Facts

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

V2G_FLOOR_FRACTION = 0.15
"""A car that discharges is never taken below this share of its capacity, or its arrival energy if that is lower."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CarStays:
    """Times of cars at the plug, clipped to the horizon; columns of shape (S,), in the order of homes and of time."""

    home: Ints
    """Row of the fleet."""
    first: Ints
    stop: Ints
    """Intervals plugged, half open."""
    start_kwh: Floats
    required_kwh: Floats
    """Least energy at the end of interval ``stop - 1`` [kWh]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Premises:
    """The physical facts and owners' limits of H homes over T intervals. Zero means "has none"."""

    home_ids: tuple[str, ...]
    step_h: float
    battery_capacity_kwh: Floats
    """Shape (H,), as all arrays here unless stated."""
    battery_charge_kw: Floats
    battery_discharge_kw: Floats
    battery_charge_efficiency: Floats
    battery_discharge_efficiency: Floats
    battery_start_kwh: Floats
    battery_empty_kwh: Floats
    """Least energy that the battery's own limits allow: minimum SoC, or the start where that is lower [kWh]."""
    battery_full_kwh: Floats
    """Most energy: maximum SoC, or the start where that is higher [kWh]."""
    battery_backup_kwh: Floats
    """Least energy that the owner allows: minimum SoC or backup, or the start where that is lower [kWh]."""
    cycle_limit_kwh: Floats
    """Most energy drawn from the cells in a day; infinite where unlimited [kWh]."""
    vehicle_capacity_kwh: Floats
    vehicle_charge_kw: Floats
    vehicle_discharge_kw: Floats
    vehicle_charge_efficiency: Floats
    vehicle_discharge_efficiency: Floats
    has_solar: Bools
    export_allowed: Bools
    blackout: Bools
    """Intervals in which the owner wants nothing changed, shape (H, T)."""
    stays: CarStays
    day_of: tuple[NDArray[np.int64], ...]
    """Labels of the days within which the cycle limit holds, each of shape (H, T): operating days, calendar days."""
    devices: Mapping[str, Facts] = field(default_factory=dict)
    """Facts of further devices, by name, only of those that a home has."""

    @classmethod
    def of_fleet(
        cls,
        frame: pd.DataFrame,
        horizon: Horizon,
        *,
        stays: CarStays,
        blackout: Bools | None = None,
        demand_kw: Mapping[str, Floats] | None = None,
    ) -> "Premises":
        """Facts of the fleet ``frame`` (columns of ``fleet.parquet``) over ``horizon``.

        Args:
            frame: one row a home.
            horizon: the run's grid.
            stays: times of cars at the plug.
            blackout: intervals in which nothing may change, shape (H, T); none by default.
            demand_kw: what further devices must give, by name, each of shape (H, T) [kW]; none by default.

        Raises:
            InputError: ``stays``, ``blackout`` or ``demand_kw`` do not fit the fleet.
        """
        homes, periods = len(frame), horizon.periods
        if len(stays.home) and not 0 <= stays.home.min() <= stays.home.max() < homes:
            raise InputError(f"a car stays at home {stays.home.max()}; the fleet has {homes} homes")
        mask = np.zeros((homes, periods), dtype=np.bool_) if blackout is None else np.asarray(blackout, dtype=np.bool_)
        if mask.shape != (homes, periods):
            raise InputError(f"blackout has shape {mask.shape}, not {(homes, periods)}")

        def column(name: str, default: float = 0.0) -> Floats:
            values = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
            return np.where(np.isnan(values), default, values)

        capacity = column("battery_capacity_kwh")
        start = column("battery_soc_fraction") * capacity
        least = column("battery_min_soc_fraction")
        return cls(
            home_ids=tuple(map(str, frame["home_id"].tolist())),
            step_h=horizon.step_h,
            battery_capacity_kwh=capacity,
            battery_charge_kw=np.where(capacity > 0, column("battery_charge_kw"), 0.0),
            battery_discharge_kw=np.where(capacity > 0, column("battery_discharge_kw"), 0.0),
            battery_charge_efficiency=column("battery_charge_efficiency", 1.0),
            battery_discharge_efficiency=column("battery_discharge_efficiency", 1.0),
            battery_start_kwh=start,
            battery_empty_kwh=np.minimum(least * capacity, start),
            battery_full_kwh=np.maximum(column("battery_max_soc_fraction", 1.0) * capacity, start),
            battery_backup_kwh=np.minimum(np.maximum(least, column("backup_soc_fraction")) * capacity, start),
            cycle_limit_kwh=np.where(
                frame["max_cycles_per_day"].isna().to_numpy(), np.inf, column("max_cycles_per_day") * capacity
            ),
            vehicle_capacity_kwh=column("vehicle_capacity_kwh"),
            vehicle_charge_kw=column("vehicle_charge_kw"),
            vehicle_discharge_kw=column("vehicle_discharge_kw"),
            vehicle_charge_efficiency=column("vehicle_charge_efficiency", 1.0),
            vehicle_discharge_efficiency=column("vehicle_discharge_efficiency", 1.0),
            has_solar=column("solar_kw") > 0,
            export_allowed=frame["export_allowed"].fillna(True).to_numpy(dtype=np.bool_),
            blackout=mask,
            stays=stays,
            day_of=_days(frame, horizon),
            devices=facts_of_fleet(frame, demand_kw or {}, step_h=horizon.step_h, periods=periods),
        )

    @property
    def homes(self) -> int:
        """Number of homes H."""
        return len(self.home_ids)

    @property
    def periods(self) -> int:
        """Number of intervals T."""
        return int(self.blackout.shape[1])

    @property
    def has_battery(self) -> Bools:
        """Shape (H,)."""
        return self.battery_capacity_kwh > 0

    @property
    def has_vehicle(self) -> Bools:
        """Shape (H,)."""
        return self.vehicle_capacity_kwh > 0

    def plugged(self) -> Bools:
        """Intervals in which a car is at the plug, shape (H, T)."""
        # One up where a stay begins, one down where it ends; a stay may begin where another ends.
        steps = np.zeros((self.homes, self.periods + 1), dtype=np.int8)
        np.add.at(steps, (self.stays.home, self.stays.first), 1)
        np.add.at(steps, (self.stays.home, self.stays.stop), -1)
        return np.asarray(np.cumsum(steps, axis=1, dtype=np.int8)[:, :-1] > 0)


class Plans(Protocol):
    """Every home's settings, arrays of shape (H, T), however they were found."""

    @property
    def curtailed_kw(self) -> Floats: ...
    @property
    def battery_charge_kw(self) -> Floats: ...
    @property
    def battery_discharge_kw(self) -> Floats: ...
    @property
    def vehicle_charge_kw(self) -> Floats: ...
    @property
    def vehicle_discharge_kw(self) -> Floats: ...
    @property
    def net_kw(self) -> Floats: ...
    @property
    def battery_soc_kwh(self) -> Floats: ...
    @property
    def vehicle_soc_kwh(self) -> Floats: ...
    @property
    def reserve_kw(self) -> Floats: ...
    @property
    def devices(self) -> Mapping[str, DevicePlan]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What every home's devices do in one phase; all arrays of shape (H, T). Energies are at the interval's end."""

    load_kw: Floats
    solar_kw: Floats
    """Before curtailment."""
    curtailed_kw: Floats
    battery_charge_kw: Floats
    battery_discharge_kw: Floats
    vehicle_charge_kw: Floats
    vehicle_discharge_kw: Floats
    net_kw: Floats
    """Import positive."""
    battery_soc_kwh: Floats
    vehicle_soc_kwh: Floats
    """NaN where no car is plugged."""
    reserve_kw: Floats
    devices: Mapping[str, DeviceTrace] = field(default_factory=dict)
    """What further devices do, by name; zero for homes without."""

    def __post_init__(self) -> None:
        """Make the arrays read-only; raises InputError where shapes differ."""
        shape = np.shape(self.load_kw)
        for item in fields(self):
            if item.name == "devices":
                continue
            values = np.asarray(getattr(self, item.name), dtype=np.float64)
            if values.flags.writeable:
                values = values.copy()
            if values.shape != shape or values.ndim != 2:
                raise InputError(f"{item.name} has shape {values.shape}; a trace's arrays have shape (H, T) = {shape}")
            values.setflags(write=False)
            object.__setattr__(self, item.name, values)

    @classmethod
    def of_plans(cls, plans: Plans, *, load_kw: Floats, solar_kw: Floats) -> "Trace":
        """The plans of all homes, in fleet order, on a load and solar output of shape (H, T)."""
        names = [item.name for item in fields(cls) if item.name not in ("load_kw", "solar_kw", "devices")]
        return cls(
            load_kw=load_kw,
            solar_kw=solar_kw,
            **{name: getattr(plans, name) for name in names},
            devices={
                name: DeviceTrace(
                    power_kw=np.nan_to_num(plan.power_kw, nan=0.0), energy_kwh=np.nan_to_num(plan.energy_kwh, nan=0.0)
                )
                for name, plan in plans.devices.items()
            },
        )

    def drawn_kw(self, name: str) -> Floats:
        """A setting by its name in ``dispatch.parquet``, shape (H, T) [kW]."""
        device = self.devices.get(name.removesuffix("_kw"))
        values: Floats = getattr(self, name) if device is None else device.power_kw
        return values


def _days(frame: pd.DataFrame, horizon: Horizon) -> tuple[NDArray[np.int64], ...]:
    operating = np.zeros(horizon.periods, dtype=np.int64)
    for number, day in enumerate(horizon.days):
        operating[day] = number
    zones = [str(name) for name in frame["timezone"].tolist()]
    labels = {name: horizon.local(name).tz_localize(None).normalize().to_numpy() for name in set(zones)}
    numbers = {name: np.unique(days, return_inverse=True)[1].astype(np.int64) for name, days in labels.items()}
    place = {name: row for row, name in enumerate(numbers)}
    calendar = np.stack(list(numbers.values()))[[place[name] for name in zones]]
    return np.broadcast_to(operating, calendar.shape), calendar
