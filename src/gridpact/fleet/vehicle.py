"""An electric car at a home's plug."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gridpact.fleet.clock import PluggedTime

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

    def sessions(self, plugged: Sequence[PluggedTime], *, step_h: float) -> tuple[Session, ...]:
        """The energies that go with each time at the plug.

        The car is wanted at ``required_soc_fraction``, or at what full power reaches by then. Where the horizon ends
        first, it must be charged so far that full power afterwards still reaches it, and never below its start.
        """
        stored_kw = self.charge_kw * self.charge_efficiency
        found = []
        for span in plugged:
            required = self.required_soc_fraction * self.capacity_kwh
            if span.hours_after > 0:
                required = max(self.start_kwh, required - stored_kw * span.hours_after)
            reachable = self.start_kwh + stored_kw * step_h * (span.stop - span.first)
            found.append(Session(span.first, span.stop, self.start_kwh, min(required, reachable)))
        return tuple(found)
