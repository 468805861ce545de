"""Every term that can be in a bid's way: it changes the bid, the bid keeps it, and the diagnosis names it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from coalition_cases import option_book
from gridpact.market.opportunity import MarketOpportunity, Product
from gridpact.market.rules import load_rules
from gridpact.market.scenarios import PriceScenarios
from gridpact.optimization.formulation import BidRequest
from gridpact.optimization.tool import BidDecision, OptimizationTool

OPTIONS = option_book([("b", 2, 40), ("b", 3, 60), ("a", 2, 40), ("a", 1.5, 70), ("c", 4, 75), ("d", 0.4, 20)])
HOURS = 2.0
Check = Callable[[BidDecision], bool]


def request(*prices: float, requested_kw: float = 9.0) -> BidRequest:
    opportunity = MarketOpportunity(
        opportunity_id="o",
        product=Product.ENERGY,
        start=datetime.fromisoformat("2022-07-13T19:00-05:00"),
        end=datetime.fromisoformat("2022-07-13T21:00-05:00"),
        requested_kw=requested_kw,
        reference_price=80.0,
    )
    scenarios = PriceScenarios(prices=np.array(prices), probabilities=np.full(len(prices), 1 / len(prices)))
    return BidRequest(opportunity=opportunity, rules=load_rules("demo"), scenarios=scenarios, options=OPTIONS)


def called(decision: BidDecision) -> np.ndarray:
    return decision.curve.activation_kw.sum(axis=1)


def homes(decision: BidDecision) -> np.ndarray:
    return np.bincount(OPTIONS.home_index, weights=called(decision), minlength=4)


def owners_usd(decision: BidDecision) -> float:
    return float(OPTIONS.price @ called(decision)) * HOURS / 1000


BINDING: list[tuple[dict[str, Any], Check]] = [
    ({"margin": 0.3}, lambda d: all(s.price * 0.7 * d.curve.total_kw >= 0 for s in d.curve.segments)),
    ({"max_kw_per_home": 1.5}, lambda d: homes(d).max() <= 1.5),
    ({"max_share_per_home": 0.4}, lambda d: homes(d).max() <= 0.4 * d.curve.total_kw + 0.001),
    ({"max_total_kw": 5.0}, lambda d: d.curve.total_kw <= 5.0),
    ({"min_total_kw": 8.5}, lambda d: d.curve.segments[0].quantity_kw >= 8.5),
    ({"min_members": 3}, lambda d: int((homes(d) >= 0.1).sum()) >= 3),
    ({"min_offer_kw": 1.0}, lambda d: homes(d)[3] == 0),
    ({"max_members": 2}, lambda d: int((homes(d) > 0).sum()) <= 2),
    ({"max_kwh_per_home": 4.0}, lambda d: homes(d).max() * HOURS <= 4.0 + 1e-9),
    ({"max_total_kwh": 7.0}, lambda d: d.curve.total_kw * HOURS <= 7.0 + 1e-9),
    ({"max_request_fraction": 0.5}, lambda d: d.curve.total_kw <= 4.5),
    ({"spare_fraction": 0.5}, lambda d: d.curve.total_kw <= 0.5 * 12.9 + 1e-9),
    ({"min_bid_price": 55.5}, lambda d: min(s.price for s in d.curve.segments) >= 55.5),
    ({"max_owner_price": 60.0}, lambda d: OPTIONS.price[called(d) > 0].max() <= 60.0),
    ({"max_owner_pay_usd": 0.5}, lambda d: owners_usd(d) <= 0.5 + 1e-9),
    ({"min_spread": 25.0}, lambda d: all(s.price >= 45.0 for s in d.curve.segments)),
    ({"max_bid_steps": 1}, lambda d: len(d.curve.segments) == 1),
]


@pytest.mark.parametrize(("terms", "kept"), BINDING, ids=lambda value: str(value) if isinstance(value, dict) else "")
def test_binds_and_is_kept(terms: dict[str, Any], kept: Check) -> None:
    tool, given = OptimizationTool(), request(50.0, 65.0, 80.0)
    free, bound = tool.solve(tool.formulate(None), given), tool.solve(tool.formulate(terms), given)
    assert kept(bound)
    assert not bound.declined
    assert [(s.quantity_kw, s.price) for s in bound.curve.segments] != [
        (s.quantity_kw, s.price) for s in free.curve.segments
    ] or not np.array_equal(called(free), called(bound))
    assert bound.expected_value_usd <= free.expected_value_usd + 1e-6
    for price in np.arange(10.0, 120.0, 2.5):
        x = bound.curve.activated(float(price))
        assert not x.any() or bound.problem.broken_at(x, price=float(price)) is None


IN_THE_WAY: list[tuple[str, dict[str, Any]]] = [
    ("max_kw_per_home", {"max_kw_per_home": 1.0, "min_total_kw": 8.0}),
    ("max_share_per_home", {"max_share_per_home": 0.2}),
    ("max_total_kw", {"max_total_kw": 0.3, "min_members": 4}),
    ("min_total_kw", {"max_total_kwh": 4.0, "min_total_kw": 8.0}),
    ("min_members", {"min_members": 5}),
    ("min_offer_kw", {"min_offer_kw": 6.0}),
    ("max_members", {"max_members": 1, "min_total_kw": 6.0}),
    ("max_kwh_per_home", {"max_kwh_per_home": 1.0, "min_total_kw": 8.0}),
    ("max_total_kwh", {"max_total_kwh": 4.0, "min_total_kw": 8.0}),
    ("max_request_fraction", {"max_request_fraction": 0.5, "min_total_kw": 8.0}),
    ("spare_fraction", {"spare_fraction": 0.6, "min_total_kw": 8.0}),
    ("min_bid_price", {"min_bid_price": 90.0}),
    ("max_owner_price", {"max_owner_price": 10.0}),
    ("max_owner_pay_usd", {"max_owner_pay_usd": 0.1, "min_total_kw": 8.0}),
    ("min_spread", {"min_spread": 61.0}),
    ("margin", {"margin": 0.8}),
    ("min_expected_profit_usd", {"min_expected_profit_usd": 5.0}),
]


@pytest.mark.parametrize(("name", "terms"), IN_THE_WAY, ids=lambda value: value if isinstance(value, str) else "")
def test_the_diagnosis_names_it(name: str, terms: dict[str, Any]) -> None:
    tool = OptimizationTool()
    decision = tool.solve(tool.formulate(terms), request(80.0))
    assert decision.declined
    assert decision.diagnosis is not None
    assert name in {change.term for change in (*decision.diagnosis.any_of, *decision.diagnosis.all_of)}
    assert name in decision.diagnosis.text


def test_what_the_diagnosis_says_is_enough() -> None:
    """The smallest change of a budget, of a price limit and of a least profit, made, gives a bid."""
    tool, given = OptimizationTool(), request(80.0)
    for terms, name, sign in (
        ({"max_owner_pay_usd": 0.1, "min_total_kw": 8.0}, "max_owner_pay_usd", 1),
        ({"max_owner_price": 10.0}, "max_owner_price", 1),
        ({"min_expected_profit_usd": 5.0}, "min_expected_profit_usd", -1),
        ({"min_bid_price": 90.0}, "min_bid_price", -1),
        ({"min_offer_kw": 6.0}, "min_offer_kw", -1),
        ({"min_spread": 61.0}, "min_spread", -1),
    ):
        diagnosis = tool.solve(tool.formulate(terms), given).diagnosis
        assert diagnosis is not None
        change = next(each for each in diagnosis.any_of if each.term == name)
        eased = {**terms, name: terms[name] + sign * (change.amount + 1e-4)}
        assert not tool.solve(tool.formulate(eased), given).declined
        less = {**terms, name: terms[name] + sign * (change.amount - 0.02)}
        assert tool.solve(tool.formulate(less), given).declined


def test_a_bid_that_does_not_earn_enough_is_not_made() -> None:
    tool, given = OptimizationTool(), request(50.0, 65.0, 80.0)
    free = tool.solve(tool.formulate(None), given)
    earned = free.expected_value_usd
    assert not tool.solve(tool.formulate({"min_expected_profit_usd": earned - 1e-6}), given).declined
    assert tool.solve(tool.formulate({"min_expected_profit_usd": earned + 1e-4}), given).declined


def test_risk_aversion_changes_a_curve_of_one_step() -> None:
    """One block for three prices: the mean wants the dear homes at the high price, the worst fifth does not."""
    tool, given = OptimizationTool(), request(50.0, 65.0, 160.0)
    neutral = tool.solve(tool.formulate({"max_bid_steps": 1}), given)
    averse = tool.solve(tool.formulate({"max_bid_steps": 1, "risk_aversion": 0.95, "risk_tail": 0.34}), given)
    low = lambda decision: float(decision.problem.profits_usd(decision.formation.x)[0])  # noqa: E731
    assert low(averse) > low(neutral)
    assert averse.expected_value_usd < neutral.expected_value_usd


def test_risk_aversion_is_nothing_where_every_price_has_its_own_best() -> None:
    tool, given = OptimizationTool(), request(50.0, 65.0, 160.0)
    neutral = tool.solve(tool.formulate(None), given)
    averse = tool.solve(tool.formulate({"risk_aversion": 0.95}), given)
    assert np.array_equal(neutral.formation.x, averse.formation.x)
    assert averse.expected_value_usd == pytest.approx(neutral.expected_value_usd)


def test_limits_hold_where_the_solver_fails() -> None:
    class Broken:
        name = "broken"

        def __call__(self, problem: object) -> None:
            raise ArithmeticError("singular basis")

    tool = OptimizationTool(solver=Broken())
    for terms, kept in BINDING:
        decision = tool.solve(tool.formulate({"max_share_per_home": 0.6, **terms}), request(50.0, 65.0, 80.0))
        assert decision.declined or kept(decision)
