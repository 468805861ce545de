"""What the flexibility model sees of one home: arrays over the run's horizon, and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gridpact.flexibility.devices import Device, DeviceTrace

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleSession:
    """One contiguous time at the plug, clipped to the horizon."""

    first: int
    """First interval plugged."""
    stop: int
    """Interval after the last one plugged."""
    start_kwh: float
    """Energy at the start of ``first`` [kWh]."""
    required_kwh: float
    """Least energy at the end of interval ``stop - 1`` [kWh]; already capped at what full power can reach,
    and, where the horizon cuts the session, at what leaves the deadline reachable afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeProblem:
    """Everything that decides one home's cheapest schedule. T is the number of intervals.

    A home without a battery has ``battery_capacity_kwh`` 0 and zero powers; without a vehicle ``sessions`` is empty.
    """

    home_id: str
    step_h: float
    cycle_windows: tuple[tuple[int, int], ...]
    """Half-open interval ranges within each of which the cycle limit holds: every operating day and every local
    calendar day."""
    load_kw: Floats
    """Forecast load, shape (T,) [kW]."""
    solar_kw: Floats
    """Forecast solar output before curtailment, shape (T,) [kW]."""
    import_usd_per_kwh: Floats
    """Shape (T,)."""
    export_usd_per_kwh: Floats
    """Shape (T,)."""
    battery_capacity_kwh: float
    battery_charge_kw: float
    battery_discharge_kw: float
    battery_charge_efficiency: float
    battery_discharge_efficiency: float
    battery_start_kwh: float
    battery_floor_kwh: float
    """Least energy at any interval's end: the larger of minimum SoC and backup, but not above the start [kWh]."""
    battery_ceiling_kwh: float
    battery_wear_usd_per_kwh: float
    """Per kWh discharged (at the terminals)."""
    cycle_limit_kwh: float
    """Most energy drawn from the cells (discharge / efficiency) within one of ``cycle_windows``; inf if none [kWh]."""
    vehicle_capacity_kwh: float
    vehicle_charge_kw: float
    vehicle_discharge_kw: float
    """Zero for a charge-only vehicle."""
    vehicle_charge_efficiency: float
    vehicle_discharge_efficiency: float
    vehicle_floor_kwh: float
    """A vehicle that discharges is never taken below this or its arrival energy, whichever is lower [kWh]."""
    sessions: tuple[VehicleSession, ...] = ()
    export_allowed: bool = True
    """If false, net load stays at or above zero in every interval."""
    blackout: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    """Intervals in which every device keeps its baseline setting, shape (T,) (empty array = none)."""
    floor_usd_per_mwh: float = 0.0
    operator_reserve_kwh: float = 0.0
    """Energy that the operator's plans keep at every interval's end, or what the baseline keeps where that is less
    [kWh]; it never binds the baseline."""
    devices: tuple[Device, ...] = ()
    """Further devices, each of another kind; a model that does not know them must not take the home."""

    @property
    def periods(self) -> int:
        """Number of intervals T."""
        return len(self.load_kw)

    @property
    def has_battery(self) -> bool:
        """Whether a battery can do anything at all."""
        return self.battery_capacity_kwh > 0 and (self.battery_charge_kw > 0 or self.battery_discharge_kw > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One home's feasible plan, arrays of shape (T,). Energies are at the interval's end."""

    curtailed_kw: Floats
    battery_charge_kw: Floats
    battery_discharge_kw: Floats
    vehicle_charge_kw: Floats
    vehicle_discharge_kw: Floats
    net_kw: Floats
    battery_soc_kwh: Floats
    """Zero throughout for a home without a battery."""
    vehicle_soc_kwh: Floats
    """NaN where no vehicle is plugged."""
    reserve_kw: Floats
    cost_usd: float
    """Energy bill plus wear over the horizon [USD]."""
    devices: Mapping[str, DeviceTrace] = field(default_factory=dict)
    """What the home's further devices do, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """A promise that binds a home's schedule."""

    opportunity_id: str
    first: int
    stop: int
    """Window as interval indices, half open."""
    quantity_kw: float
    reserve: bool
    """True: hold ``quantity_kw``; false: net load is the baseline's minus ``quantity_kw``."""
    sustain_h: float = 0.0
    """How long a reserve must be able to run once called [h]."""
    reduction_only: bool = False
    """As for the `Ask` that it answers; so are the next two."""
    frozen_battery: bool = False
    frozen_vehicle: bool = False
    frozen_devices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is wanted of a home: a product in a window, on top of commitments."""

    opportunity_id: str
    first: int
    stop: int
    reserve: bool
    sustain_h: float = 0.0
    reduction_only: bool = False
    """True where the market does not count export: delivery is capped at the baseline's import."""
    frozen_battery: bool = False
    """True where the operator keeps batteries at their baseline in this window."""
    frozen_vehicle: bool = False
    """True where the operator keeps vehicles at their baseline in this window."""
    frozen_devices: tuple[str, ...] = ()
    """Names of further devices that the operator keeps at their baseline in this window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostCurve:
    """Convex cost of delivering or holding power through a window; zero at zero.

    Linear between points, and never below the true cost: what the home gives up is at most this.
    """

    home_id: str
    quantity_kw: Floats
    """Increasing, starts at 0; the last is the most the home can promise, in whole watts, shape (K,) [kW]."""
    cost_usd: Floats
    """Total cost over the window, shape (K,) [USD]."""
    inner_approximation: bool = False
    """True where prices made the home's problem non-convex and the curve is a safe inner approximation."""
    loss_usd: float = 0.0
    """For an inner approximation: at most this much lies between the cost at the last point and the true cost there;
    NaN if the solver's limit left it unknown, as for the next [USD]."""
    loss_kw: float = 0.0
    """For an inner approximation: power that the exact problem could promise beyond the last point [kW]."""
    least_kw: float = 0.0
    """Below this the line may lie under the true cost: earlier promises make the first watt cost something at once
    (the home has to return to its baseline in the window), and no line through zero covers that. Zero without them."""

    @property
    def deliverable_kw(self) -> float:
        """Most power the home can promise [kW]."""
        return float(self.quantity_kw[-1])
