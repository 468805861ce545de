"""Clearing: cheapest first, the price itself clears, never more than requested."""

import math

import pytest

from gridpact.errors import UnitRangeError
from gridpact.market.clearing import BidSegment, clear

CURVE = [
    BidSegment(quantity_kw=10, price=40),
    BidSegment(quantity_kw=5, price=60),
    BidSegment(quantity_kw=20, price=90.5),
]


@pytest.mark.parametrize(
    ("price", "requested", "quantity", "segments"),
    [
        (39.99, 100, 0, 0),
        (40, 100, 10, 1),
        (60, 100, 15, 2),
        (5000, 100, 35, 3),
        (5000, 12.5, 12.5, 2),
        (5000, 10, 10, 1),
        (-500, 100, 0, 0),
    ],
)
def test_segments_up_to_the_price_are_sold(price: float, requested: float, quantity: float, segments: int) -> None:
    cleared = clear(CURVE, price, requested)
    assert cleared.price == price
    assert cleared.quantity_kw == quantity
    assert cleared.segments_cleared == segments
    assert cleared.cleared == (quantity > 0)


def test_segments_out_of_order_are_taken_cheapest_first() -> None:
    assert clear(CURVE[::-1], 60, 100) == clear(CURVE, 60, 100)


def test_no_segment_clears_nothing() -> None:
    assert not clear([], 100, 10).cleared


def test_a_negative_ask_clears_at_a_negative_price() -> None:
    assert clear([BidSegment(quantity_kw=3, price=-20)], -10, 5).quantity_kw == 3


def test_less_than_the_minimum_clears_nothing() -> None:
    assert clear(CURVE, 40, 100, minimum_kw=10).quantity_kw == 10
    assert not clear(CURVE, 40, 100, minimum_kw=10.001).cleared


def test_many_small_widths_lose_no_watt() -> None:
    assert clear([BidSegment(quantity_kw=0.1, price=k) for k in range(30)], 99, 50).quantity_kw == 3.0


@pytest.mark.parametrize(
    ("quantity", "price"), [(0, 1), (-1, 1), (math.nan, 1), (math.inf, 1), (1, math.nan), (1, -math.inf)]
)
def test_a_segment_needs_a_width_and_a_finite_price(quantity: float, price: float) -> None:
    with pytest.raises(UnitRangeError, match="segment"):
        BidSegment(quantity_kw=quantity, price=price)


@pytest.mark.parametrize(("price", "requested", "minimum"), [(math.nan, 1, 0), (1, 0, 0), (1, math.inf, 0), (1, 1, -1)])
def test_numbers_that_are_no_market_are_refused(price: float, requested: float, minimum: float) -> None:
    with pytest.raises(UnitRangeError):
        clear(CURVE, price, requested, minimum_kw=minimum)
