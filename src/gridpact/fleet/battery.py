"""A home battery."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """A stationary battery behind the meter; values were checked with the fleet's table."""

    capacity_kwh: float
    """Usable energy [kWh]."""
    charge_kw: float
    """Most charging power at the terminals [kW]."""
    discharge_kw: float
    """Most discharging power at the terminals [kW]."""
    charge_efficiency: float
    discharge_efficiency: float
    soc_fraction: float
    """State of charge at the run's first instant."""
    min_soc_fraction: float
    max_soc_fraction: float
    wear_usd_per_kwh: float
    """Cost of wear per kWh discharged at the terminals [USD/kWh]."""

    @property
    def start_kwh(self) -> float:
        """Energy at the run's first instant [kWh]."""
        return self.soc_fraction * self.capacity_kwh

    @property
    def ceiling_kwh(self) -> float:
        """Most energy [kWh]."""
        return self.max_soc_fraction * self.capacity_kwh

    def floor_kwh(self, *, backup_soc_fraction: float) -> float:
        """Least energy [kWh]: minimum or backup, whichever is more, but not above the start."""
        return min(max(self.min_soc_fraction, backup_soc_fraction) * self.capacity_kwh, self.start_kwh)
