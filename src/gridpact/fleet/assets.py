"""The kinds of assets that a home can have, and what a fleet's table says of each.

This is the fleet's part of the seam for further assets; ``docs/assets.md`` lists the parts of the other layers.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One kind of asset as columns of a fleet's table."""

    name: str
    size: str
    """Column that is above zero where a home has the asset."""
    words: str
    """What messages call it, after "the home has a"."""
    powers: tuple[str, ...] = ()
    """Columns with a power, which mean nothing without the asset."""
    needed: tuple[str, ...] = ()
    """Those of them that a home with the asset must give."""


ASSETS: dict[str, Asset] = {
    asset.name: asset
    for asset in (
        Asset(
            name="battery",
            size="battery_capacity_kwh",
            words="battery",
            powers=("battery_charge_kw", "battery_discharge_kw"),
            needed=("battery_charge_kw", "battery_discharge_kw"),
        ),
        Asset(
            name="vehicle",
            size="vehicle_capacity_kwh",
            words="vehicle",
            powers=("vehicle_charge_kw", "vehicle_discharge_kw"),
            needed=("vehicle_charge_kw",),
        ),
        Asset(name="solar", size="solar_kw", words="roof"),
        Asset(
            name="heat",
            size="heat_capacity_kwh",
            words="heat store",
            powers=("heat_power_kw",),
            needed=("heat_power_kw",),
        ),
    )
}
"""Every kind of asset, by name."""
