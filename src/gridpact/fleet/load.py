"""What a household uses."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Household load other than battery and car; not controllable."""

    profile: str
    """Load [kW], a profile's name."""
