"""A roof."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Solar:
    """Photovoltaics; output is the installed power times the profile."""

    installed_kw: float
    """Installed power (direct current, standard test conditions) [kW]."""
    profile: str
    """Output per installed kW, a profile's name."""
