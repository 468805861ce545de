"""Whatever options, scenarios and terms: the bid curve nests, rises, keeps every term and never loses money."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coalition_cases import random_problem
from gridpact.coalition.formation import form
from gridpact.coalition.merit_order import form_by_merit
from gridpact.coalition.problem import FormationProblem
from gridpact.market.clearing import clear
from gridpact.optimization.bid import BidCurve, bid_curve

FLOOR = -500.0


def check_curve(problem: FormationProblem, x: np.ndarray, curve: BidCurve) -> None:
    prices = [segment.price for segment in curve.segments]
    assert prices == sorted(set(prices))
    assert all(abs(price * 100 - round(price * 100)) < 1e-6 for price in prices)
    if problem.max_segments:
        assert len(prices) <= problem.max_segments
    assert (curve.activation_kw >= 0).all()
    widths = [segment.quantity_kw for segment in curve.segments]
    assert np.allclose(curve.activation_kw.sum(axis=0), widths, atol=1e-9)
    for s, price in enumerate(problem.prices):
        assert np.allclose(curve.activated(float(price)), x[:, s], atol=1e-9), "the curve is the nested coalitions"
    for price in np.unique(np.r_[prices, np.arange(-20.0, 150.0, 1.0), problem.prices]):
        called = curve.activated(float(price))
        assert problem.broken_at(called, price=float(price)) is None
        clearing = clear(curve.segments, float(price), problem.requested_kw)
        assert clearing.quantity_kw == pytest.approx(called.sum(), abs=1e-6)
        money = (price * called - problem.options.price * called).sum()
        assert money >= problem.margin * abs(price) * called.sum() - 1e-6


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), lots=st.booleans(), members=st.booleans())
def test_curve_of_the_optimum(seed: int, lots: bool, members: bool) -> None:
    problem = random_problem(np.random.default_rng(seed), lots=lots, members=members)
    x = form(problem).x
    check_curve(problem, x, bid_curve(problem, x, price_floor=FLOOR))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), lots=st.booleans(), members=st.booleans())
def test_curve_of_the_fallback(seed: int, lots: bool, members: bool) -> None:
    problem = random_problem(np.random.default_rng(seed), lots=lots, members=members)
    x = form_by_merit(problem)
    check_curve(problem, x, bid_curve(problem, x, price_floor=FLOOR))
