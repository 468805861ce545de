"""An electric car at a home's plug."""

from dataclasses import dataclass
from typing import NamedTuple

V2G_FLOOR_FRACTION = 0.15


class Session(NamedTuple):
    """One time at the plug, clipped to the horizon."""

    first: int
    """First interval plugged."""
    stop: int
    """Interval after the last one plugged."""
    start_kwh: float
    """Energy when ``first`` begins [kWh]."""
    required_kwh: float
    """Least energy when interval ``stop - 1`` ends [kWh]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """A car; values were checked with the fleet's table."""

    capacity_kwh: float
    """Usable energy [kWh]."""
    charge_kw: float
    """Most charging power at the plug [kW]."""
    discharge_kw: float
    """Most discharging power at the plug [kW]; zero: charges only."""
    charge_efficiency: float
    discharge_efficiency: float
    soc_fraction: float
    """State of charge when a time at the plug begins."""
    required_soc_fraction: float
    """State of charge wanted at departure."""
    arrive: str
    """Daily or dated local arrivals; empty if away all day."""
    depart: str
    """Daily or dated local departures; empty if away all day."""

    @property
    def start_kwh(self) -> float:
        """Energy when a time at the plug begins [kWh]."""
        return self.soc_fraction * self.capacity_kwh

    @property
    def floor_kwh(self) -> float:
        """Energy below which the car is never discharged [kWh]."""
        return min(V2G_FLOOR_FRACTION * self.capacity_kwh, self.start_kwh)
