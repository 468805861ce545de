"""A store of heat that electricity fills: a water heater's tank, or a house that a heat pump keeps warm.

Energies count from the coldest that the owner finds comfortable: 0 there, the capacity at the warmest. What a store at
its coldest loses all the time belongs to the demand; what it loses beyond that is the leak, in proportion to the energy
stored. With power p and demand q constant through an interval of h hours, the energy obeys

    dE/dt = -k E + cop p - q,   k = -ln(1 - leak fraction per hour),

whose exact solution is E' = E exp(-k h) + (cop p - q) (1 - exp(-k h)) / k.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """A heat store; values were checked with the fleet's table. Energies are of heat."""

    capacity_kwh: float
    """Heat between the coldest and the warmest comfortable temperature [kWh]."""
    power_kw: float
    """Most electric power [kW]."""
    cop: float
    """Heat made per electricity taken."""
    leak_fraction_per_h: float
    """Share of the stored heat lost in an hour."""
    start_fraction: float
    """Share of the capacity at the run's first instant."""
    demand_profile: str
    """Heat drawn [kW], a profile's name."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Heat | None":
        """The store of a checked fleet's row; None where the home has none."""
        if not row.get("heat_capacity_kwh", 0.0) > 0:
            return None
        return cls(**{str(name).removeprefix("heat_"): row[name] for name in row if str(name).startswith("heat_")})

    @property
    def start_kwh(self) -> float:
        """Energy at the run's first instant [kWh]."""
        return self.start_fraction * self.capacity_kwh

    def kept(self, step_h: float) -> float:
        """Share of the energy that is still there after an interval, exp(-k h)."""
        return math.exp(step_h * math.log1p(-self.leak_fraction_per_h))

    def gain_h(self, step_h: float) -> float:
        """Energy at an interval's end per kW of heat put in throughout it, (1 - exp(-k h)) / k [h]."""
        rate = -math.log1p(-self.leak_fraction_per_h)
        return -math.expm1(-rate * step_h) / rate if rate > 1e-12 else step_h
