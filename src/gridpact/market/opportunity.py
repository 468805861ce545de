"""What a market asks for: one product, one window, one direction."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gridpact import horizon, units
from gridpact.data.names import MOST_LETTERS, why_unusable
from gridpact.errors import InputError, UnitRangeError

MOST_KW = 1e9
"""More than the power of any grid [kW]."""
YEARS = (1950, 2200)
"""Years that time zones and price series know."""


class Product(StrEnum):
    """What is sold."""

    ENERGY = "energy"
    """Energy delivered at constant power through the window."""
    SPIN = "spin"
    """Spinning reserve: power held ready and paid for being held."""
    NONSPIN = "nonspin"
    """Non-spinning reserve: as spinning, slower, often with a longer sustained duration."""

    @property
    def is_reserve(self) -> bool:
        """Whether capacity is paid rather than energy."""
        return self is not Product.ENERGY

    @property
    def price_unit(self) -> str:
        """Unit of every price of this product."""
        return "usd_per_mw_h" if self.is_reserve else "usd_per_mwh"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketOpportunity:
    """A request by a market for constant power through one window, upward (less import or more export)."""

    opportunity_id: str
    product: Product
    start: datetime
    """Window start, aware; kept in UTC."""
    end: datetime
    """Window end, aware; kept in UTC."""
    requested_kw: float
    """Most power that the market takes [kW]."""
    minimum_kw: float = 0.0
    """Least power that the market takes, if any is offered [kW]."""
    reference_price: float
    """Expected price in ``price_unit``."""
    rules: str = "demo"
    """Name of the rule profile."""
    step_minutes: int = 15
    """Length of an interval of the run's grid [min]."""

    def __post_init__(self) -> None:
        """Check and normalise; raises InputError, UnitRangeError or NaiveDatetimeError."""
        what = f"opportunity {self.opportunity_id!r}"
        if not self.opportunity_id:
            raise InputError("an opportunity needs a non-empty id")
        unusable = why_unusable(self.opportunity_id)
        if unusable is not None:
            raise InputError(f"opportunity {self.opportunity_id[:MOST_LETTERS]!r}: the id {unusable}")
        object.__setattr__(self, "start", horizon.aware_utc(self.start, what=f"{what}: start"))
        object.__setattr__(self, "end", horizon.aware_utc(self.end, what=f"{what}: end"))
        for moment in (self.start, self.end):
            if not YEARS[0] <= moment.year <= YEARS[1]:
                raise InputError(f"{what}: {moment.isoformat()} is not in the years {YEARS[0]} to {YEARS[1]}")
        if self.end <= self.start:
            raise InputError(f"{what}: end {self.end.isoformat()} is not after start {self.start.isoformat()}")
        for name in ("requested_kw", "minimum_kw", "reference_price"):
            value = getattr(self, name)
            if not isinstance(value, int | float) or not float("-inf") < value < float("inf"):
                raise UnitRangeError(f"{what}: {name} is {value!r}; it must be a finite number")
        if self.requested_kw <= 0:
            raise UnitRangeError(f"{what}: requested_kw is {self.requested_kw}; it must be above zero")
        if self.requested_kw > MOST_KW:
            raise UnitRangeError(f"{what}: requested_kw is {self.requested_kw:g}; it must be at most {MOST_KW:g} kW")
        if not 0 <= self.minimum_kw <= self.requested_kw:
            raise UnitRangeError(
                f"{what}: minimum_kw is {self.minimum_kw}; it must lie between 0 and requested_kw {self.requested_kw}"
            )

    @property
    def direction(self) -> str:
        """Always ``up``: less import or more export."""
        return "up"

    @property
    def price_unit(self) -> str:
        """Unit of the opportunity's prices."""
        return self.product.price_unit

    @property
    def window_h(self) -> float:
        """Length of the window [h]."""
        return units.hours(self.end - self.start)
