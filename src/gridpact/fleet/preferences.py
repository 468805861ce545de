"""What an owner wants. Hard wishes are constraints of every plan, never weights."""

from dataclasses import dataclass

from gridpact.errors import UnitRangeError


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """One owner's wishes; values were checked with the fleet's table."""

    backup_soc_fraction: float
    """Share of the battery kept for outages."""
    max_cycles_per_day: float
    """Most full cycles in an operating day or a calendar day; infinite if unlimited [1/day]."""
    blackout: tuple[str, ...]
    """Local windows in which every device does what it would without the VPP."""
    floor_usd_per_mwh: float
    """Least price of energy [USD/MWh]."""
    export_allowed: bool
    """Whether the home may feed in."""
    vehicle_required_soc_fraction: float | None
    """State of charge wanted when the car departs; None without a car."""
    vehicle_ready_by: str | None
    """Local departure by which it is wanted; None without a car or while it is away."""


def backup_soc_fraction(
    *,
    capacity_kwh: float,
    discharge_efficiency: float,
    backup_soc_fraction: float = 0.0,
    backup_hours: float = 0.0,
    critical_load_kw: float = 0.0,
    maximum_discharge_fraction: float = 1.0,
) -> float:
    """The one share of a battery that satisfies every way of asking for backup.

    Args:
        capacity_kwh: usable energy of the battery [kWh].
        discharge_efficiency: energy delivered per energy drawn.
        backup_soc_fraction: share asked for as such.
        backup_hours: how long an outage should be bridged [h].
        critical_load_kw: load in an outage [kW].
        maximum_discharge_fraction: most of the capacity that may be drawn.

    Returns:
        The largest of the three shares, at most 1: nobody can keep more than the battery holds.

    Raises:
        UnitRangeError: a value is not a number or outside its range.
    """
    positive = {"capacity_kwh": capacity_kwh, "discharge_efficiency": discharge_efficiency}
    for name, value in positive.items():
        if not 0 < value < float("inf"):
            raise UnitRangeError(f"{name} is {value}; it must be above 0")
    for name, value in {"backup_hours": backup_hours, "critical_load_kw": critical_load_kw}.items():
        if not 0 <= value < float("inf"):
            raise UnitRangeError(f"{name} is {value}; it must be at least 0")
    shares = {"backup_soc_fraction": backup_soc_fraction, "maximum_discharge_fraction": maximum_discharge_fraction}
    for name, value in shares.items():
        if not 0 <= value <= 1:
            raise UnitRangeError(f"{name} is {value}; it must lie between 0 and 1")
    by_hours = backup_hours * critical_load_kw / discharge_efficiency / capacity_kwh
    return min(1.0, max(backup_soc_fraction, by_hours, 1.0 - maximum_discharge_fraction))
