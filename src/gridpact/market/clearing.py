"""What a bid curve sells at the market's price."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gridpact import units
from gridpact.errors import UnitRangeError


@dataclass(frozen=True, slots=True, kw_only=True)
class BidSegment:
    """One step of a bid curve: a width at a price."""

    quantity_kw: float
    """Width of the step [kW]; above zero."""
    price: float
    """Least price at which the step is sold, in the opportunity's unit."""

    def __post_init__(self) -> None:
        """Check both numbers; raises UnitRangeError."""
        if not math.isfinite(self.quantity_kw) or self.quantity_kw <= 0:
            raise UnitRangeError(f"a bid segment's quantity_kw is {self.quantity_kw}; it must be above zero and finite")
        if not math.isfinite(self.price):
            raise UnitRangeError(f"a bid segment's price is {self.price}; it must be finite")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearing:
    """What the market takes of a bid."""

    price: float
    """Market price, in the opportunity's unit; every cleared kilowatt is paid this."""
    quantity_kw: float
    """Cleared power [kW]; zero where nothing cleared."""
    segments_cleared: int
    """How many segments, cheapest first, cleared at least in part."""

    @property
    def cleared(self) -> bool:
        """Whether anything was sold."""
        return self.quantity_kw > 0


def clear(segments: Sequence[BidSegment], price: float, requested_kw: float, *, minimum_kw: float = 0.0) -> Clearing:
    """Sell the segments that ask at most ``price``, cheapest first, up to ``requested_kw``.

    The VPP is a price taker: ``price`` does not move with its quantity. A segment that asks exactly the price
    clears. The last segment may clear in part, where the request is full. Equal prices keep the given order.

    Args:
        segments: the bid curve.
        price: realised market price, in the opportunity's unit; may be negative.
        requested_kw: most that the market takes [kW].
        minimum_kw: least that the market takes; less than this clears nothing [kW].

    Returns:
        The price, the cleared power [kW, whole watts] and how many segments it took.

    Raises:
        UnitRangeError: a number is not finite or ``requested_kw`` is not above zero.
    """
    if not math.isfinite(price):
        raise UnitRangeError(f"the market price is {price}; it must be finite")
    if not math.isfinite(requested_kw) or requested_kw <= 0:
        raise UnitRangeError(f"requested_kw is {requested_kw}; it must be above zero and finite")
    if not math.isfinite(minimum_kw) or minimum_kw < 0:
        raise UnitRangeError(f"minimum_kw is {minimum_kw}; it must be zero or more and finite")
    sold = 0.0
    count = 0
    for segment in sorted(segments, key=lambda segment: segment.price):
        if segment.price > price or sold >= requested_kw:
            break
        sold = min(sold + segment.quantity_kw, requested_kw)
        count += 1
    quantity = units.floor_kw(sold)
    if quantity <= 0 or quantity < minimum_kw - 1e-9:
        return Clearing(price=price, quantity_kw=0.0, segments_cleared=0)
    return Clearing(price=price, quantity_kw=quantity, segments_cleared=count)
