from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from coalition_cases import option_book
from gridpact.coalition.solver import Highs
from gridpact.errors import InputError
from gridpact.market.opportunity import MarketOpportunity, Product
from gridpact.market.rules import load_rules
from gridpact.market.scenarios import PriceScenarios
from gridpact.optimization.formulation import MARKET_MINIMUM, BidRequest
from gridpact.optimization.spec import ProblemSpec
from gridpact.optimization.tool import BidDecision, OptimizationTool

OPTIONS = option_book([("b", 2, 40), ("b", 3, 60), ("a", 2, 40), ("a", 1.5, 70), ("c", 4, 95)])


class BrokenSolver:
    name = "broken"

    def __call__(self, problem: object) -> None:
        raise ArithmeticError("singular basis")


def request(
    *prices: float, requested_kw: float = 9.0, minimum_kw: float = 0.0, rules: str = "demo", **changes: Any
) -> BidRequest:
    opportunity = MarketOpportunity(
        opportunity_id="o",
        product=Product.ENERGY,
        start=datetime.fromisoformat("2022-07-13T19:00-05:00"),
        end=datetime.fromisoformat("2022-07-13T21:00-05:00"),
        requested_kw=requested_kw,
        minimum_kw=minimum_kw,
        reference_price=80.0,
        rules=rules,
    )
    scenarios = PriceScenarios(prices=np.array(prices), probabilities=np.full(len(prices), 1 / len(prices)))
    plain: dict[str, Any] = {"options": OPTIONS, **changes}
    return BidRequest(opportunity=opportunity, rules=load_rules(rules), scenarios=scenarios, **plain)


def decide(terms: Mapping[str, Any] | None, given: BidRequest, *, tool: OptimizationTool | None = None) -> BidDecision:
    tool = tool or OptimizationTool()
    decision = tool.solve(tool.formulate(terms), given)
    if not decision.declined:
        assert given.rules.check_bid(given.opportunity, decision.curve.segments) == []
        assert decision.loss_avoided_usd is None
        assert decision.diagnosis is None
    return decision


def steps(decision: BidDecision) -> list[tuple[float, float]]:
    return [(segment.quantity_kw, segment.price) for segment in decision.curve.segments]


def test_bids_the_marginal_option_cost() -> None:
    decision = decide(None, request(30.0, 50.0, 80.0, 120.337))
    assert steps(decision) == [(4.0, 40.0), (3.0, 60.0), (1.5, 70.0), (0.5, 95.0)]
    assert (decision.method, decision.status, decision.gap, decision.solver) == (
        "optimal",
        "optimal",
        0.0,
        "merit-order scan",
    )
    assert decision.curve.activated(69.99).tolist() == [2, 3, 2, 0, 0]
    assert decision.curve.total_kw == 9.0


def test_margin_raises_the_bid_so_that_any_clearing_price_leaves_it() -> None:
    decision = decide({"margin": 0.3}, request(30.0, 50.0, 80.0, 120.0))
    for price in np.arange(30, 140, 0.5):
        called = decision.curve.activated(float(price))
        assert OPTIONS.price @ called <= 0.7 * price * called.sum() + 1e-9


def test_a_low_price_is_declined_with_the_loss_avoided() -> None:
    decision = decide(None, request(20.0))
    assert decision.declined
    # cheapest 9 kW: 4 at 40, 3 at 60, 1.5 at 70, 0.5 at 95; worth 20 each, over 2 h
    assert decision.loss_avoided_usd == pytest.approx((160 + 180 + 105 + 47.5 - 9 * 20) * 2 / 1000)
    assert "cheapest option asks 40.00 USD/MWh" in str(decision.diagnosis and decision.diagnosis.text)


def test_allow_loss_bids_all_the_same() -> None:
    decision = decide(None, request(20.0, allow_loss=True))
    assert steps(decision) == [(9.0, 20.0)]
    assert decision.expected_value_usd == pytest.approx(-(160 + 180 + 105 + 47.5 - 180) * 2 / 1000)


def test_market_minimum_and_lots_of_a_real_market() -> None:
    options = option_book([(f"h{k:03d}", 3.0, 40.0 + k) for k in range(60)])
    decision = decide(None, request(60.0, 200.0, requested_kw=150.0, rules="ercot_ader", options=options))
    step = load_rules("ercot_ader").quantity_step_kw
    assert decision.curve.segments[0].quantity_kw >= 100
    assert all(abs(s.quantity_kw / step - round(s.quantity_kw / step)) < 1e-6 for s in decision.curve.segments)


def test_no_options_at_all() -> None:
    decision = decide(None, request(80.0, options=OPTIONS.without(["a", "b", "c"])))
    assert decision.declined
    assert decision.diagnosis is None
    assert decision.loss_avoided_usd is None


def test_reforms_without_homes_that_failed() -> None:
    tool, given = OptimizationTool(), request(100.0, ask_price=OPTIONS.price - 1.0)
    decision = tool.reform(ProblemSpec(), given, dropped=["b"])
    assert steps(decision) == [(2.0, 40.0), (1.5, 70.0), (4.0, 95.0)]
    assert decision.problem.options.members == ("a", "c")
    assert tool.reform(ProblemSpec(), given, dropped=["a", "b", "c"]).declined


def test_satisfaction_weighs_pay_and_volume_but_never_loses_money() -> None:
    given = request(94.0, requested_kw=20.0, ask_price=OPTIONS.price - 5.0)
    assert decide(None, given).curve.total_kw == 8.5
    keen = decide({"satisfaction_weight_usd": 0.5}, given)
    assert keen.curve.total_kw > 8.5
    called = keen.curve.activated(94.0)
    assert OPTIONS.price @ called <= 94.0 * called.sum()


def test_solver_failure_falls_back_to_merit_order() -> None:
    given = request(30.0, 50.0, 80.0, 120.0)
    tool = OptimizationTool(solver=BrokenSolver())
    loose = {"max_share_per_home": 0.9}
    decision = decide(loose, given, tool=tool)
    assert (decision.method, decision.status, decision.gap) == ("fallback", "failed", None)
    assert "broken failed" in decision.solver
    assert "singular basis" in decision.notes[0]
    assert steps(decision) == steps(decide(loose, given)), "with nothing that binds, merit order is the optimum"


@pytest.mark.parametrize(
    "terms",
    [
        {"max_share_per_home": 0.4},
        {"min_members": 3},
        {"margin": 0.2, "max_kw_per_home": 2.5, "max_share_per_home": 0.6},
        {"min_total_kw": 5.0, "max_share_per_home": 0.5},
    ],
)
def test_fallback_keeps_every_term_and_never_loses_money(terms: dict[str, Any]) -> None:
    given = request(30.0, 50.0, 80.0, 120.0)
    decision = decide(terms, given, tool=OptimizationTool(solver=BrokenSolver()))
    best = decide(terms, given)
    assert decision.method == "fallback"
    assert decision.expected_value_usd <= best.expected_value_usd + 1e-9
    for s in range(decision.problem.scenarios):
        assert decision.problem.broken(decision.formation.x[:, s], s) is None


def test_fallback_that_declines_still_says_why() -> None:
    decision = decide({"max_share_per_home": 0.2}, request(80.0), tool=OptimizationTool(solver=BrokenSolver()))
    assert decision.declined
    assert "diagnosis itself failed" in str(decision.diagnosis and decision.diagnosis.text)


@pytest.mark.parametrize(
    ("terms", "given", "changes"),
    [
        (
            {"min_total_kw": 9.0, "max_kw_per_home": 2.0},
            request(80.0, 120.0),
            {"min_total_kw": (3.0, "kW"), "max_kw_per_home": (1.0, "kW")},
        ),
        ({"min_members": 5}, request(120.0), {"min_members": (2.0, "homes")}),
        ({"max_share_per_home": 0.2}, request(120.0), {"max_share_per_home": (1 / 3 - 0.2, "fraction")}),
        (None, request(50.0, minimum_kw=8.0), {"price": (1.25, "USD/MWh"), MARKET_MINIMUM: (0.5, "kW")}),
        ({"margin": 0.9}, request(80.0), {"margin": (0.4, "fraction"), "price": (320.0, "USD/MWh")}),
        ({"min_total_kw": 20.0}, request(120.0), {"min_total_kw": (11.0, "kW")}),
    ],
)
def test_diagnosis_names_terms_and_smallest_relaxations(
    terms: dict[str, Any] | None, given: BidRequest, changes: dict[str, tuple[float, str]]
) -> None:
    decision = decide(terms, given)
    assert decision.declined
    assert decision.diagnosis is not None
    found = {change.term: (change.amount, change.unit) for change in decision.diagnosis.any_of}
    assert set(found) == set(changes)
    for term, (amount, unit) in changes.items():
        assert found[term][0] == pytest.approx(amount, abs=1e-4)
        assert found[term][1] == unit
        assert term in decision.diagnosis.text or term == "price"


@pytest.mark.parametrize(
    ("term", "change"), [("min_total_kw", -3.0), ("max_kw_per_home", 1.0), ("max_share_per_home", 0.1334)]
)
def test_making_the_change_that_the_diagnosis_asks_for_allows_a_bid(term: str, change: float) -> None:
    terms: dict[str, Any] = {"max_share_per_home": 0.2}
    if term != "max_share_per_home":
        terms = {"min_total_kw": 9.0, "max_kw_per_home": 2.0}
    given = request(80.0, 200.0)
    assert decide(terms, given).declined
    assert not decide({**terms, term: terms[term] + change}, given).declined


def test_where_no_single_change_is_enough_all_are_named() -> None:
    decision = decide({"max_share_per_home": 0.2, "min_members": 4}, request(120.0))
    assert decision.diagnosis is not None
    assert decision.diagnosis.any_of == ()
    assert {change.term for change in decision.diagnosis.all_of} == {"max_share_per_home", "min_members"}


def test_formulate(tmp_path: Path) -> None:
    tool = OptimizationTool()
    path = tmp_path / "spec.yaml"
    path.write_text("margin: 0.2\n", encoding="utf-8")
    assert tool.formulate() == ProblemSpec()
    assert tool.formulate({"margin": 0.2}) == tool.formulate(path) == tool.formulate(ProblemSpec(margin=0.2))
    with pytest.raises(InputError, match="InstructionReader"):
        tool.formulate("keep a fifth of the revenue")


def test_words_go_through_a_reader_and_the_same_checks() -> None:
    class Reader:
        def read(self, instruction: str) -> Mapping[str, Any]:
            return {"margin": 0.2} if "fifth" in instruction else {"margin": 7}

    tool = OptimizationTool(reader=Reader())
    assert tool.formulate("keep a fifth") == ProblemSpec(margin=0.2)
    with pytest.raises(InputError, match="the instruction: margin is 7"):
        tool.formulate("keep seven")


def test_ask_prices_must_fit_the_options() -> None:
    with pytest.raises(InputError, match="ask_price"):
        request(80.0, ask_price=np.zeros(2))


def test_prices_are_cut_to_the_markets_limits_and_to_cents() -> None:
    decision = decide(None, request(39.999, 40.0049, 7000.0))
    assert decision.problem.prices.tolist() == [39.99, 40.0, 5000.0]
    assert decision.problem.probabilities.sum() == pytest.approx(1.0)
    assert decision.curve.segments[0].price == 40.0


def test_the_default_solver_is_highs() -> None:
    assert OptimizationTool().solver == Highs()
