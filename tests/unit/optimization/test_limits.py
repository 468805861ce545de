"""What limits are worth, against optima found in another way."""

from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest

from coalition_cases import option_book, random_problem
from gridpact.coalition.formation import form
from gridpact.coalition.limits import MaximumMembers, OwnerBudget, PriceLimit
from gridpact.coalition.problem import FormationProblem
from gridpact.coalition.terms import HomeCap, MinimumMembers, MinimumTotal, ShareCap, Term, TotalCap, WholeLots
from gridpact.optimization.compile import SpareCap
from gridpact.optimization.limits import LARGEST_INTEGER, binding_limits, measurable

OPTIONS = option_book([("b", 2, 40), ("b", 3, 60), ("a", 2, 40), ("a", 1.5, 70), ("c", 4, 95)])


def problem(**changes: object) -> FormationProblem:
    plain: dict[str, object] = {
        "options": OPTIONS,
        "prices": [30.0, 50.0, 80.0, 120.0],
        "probabilities": [0.25] * 4,
        "window_h": 2.0,
        "requested_kw": 9.0,
    }
    return FormationProblem(**{**plain, **changes})  # type: ignore[arg-type]


def best_usd(given: FormationProblem) -> float:
    """The optimum in raw CVXPY, for request, margin, caps and shares only; another formulation than the product's."""
    options, value = given.options, 0.0
    n, scenarios = len(options), given.scenarios
    x = cp.Variable((n, scenarios), nonneg=True)
    rules = [x <= np.tile(options.quantity_kw[:, None], (1, scenarios)), cp.sum(x, axis=0) <= given.requested_kw]
    rules += [x[:, s] <= x[:, s + 1] for s in range(scenarios - 1)]
    for s in range(scenarios):
        total = cp.sum(x[:, s])
        price = float(given.prices[s])
        rules.append(options.price @ x[:, s] <= (price - given.margin * abs(price) - given.min_spread) * total)
        for home in range(given.homes):
            mine = cp.sum(x[np.flatnonzero(options.home_index == home), s])
            for term in given.terms:
                if isinstance(term, HomeCap):
                    rules.append(mine <= term.limit_kw)
                if isinstance(term, ShareCap):
                    rules.append(mine <= term.fraction * total)
        rules += [total <= term.limit_kw for term in given.terms if isinstance(term, TotalCap)]
        for term in given.terms:
            if isinstance(term, PriceLimit):
                rules.append(x[np.flatnonzero(options.price > term.limit), s] == 0)
            if isinstance(term, OwnerBudget):
                rules.append(options.price @ x[:, s] * given.window_h / 1000 <= term.limit_usd)
        value = value + given.probabilities[s] * given.window_h / 1000 * (price * total - options.price @ x[:, s])
    solved = cp.Problem(cp.Maximize(value), rules)
    solved.solve(solver="CLARABEL")
    return float(solved.value)


def worth(given: FormationProblem) -> dict[str, tuple[float | None, float]]:
    return {each.limit: (each.worth_usd, each.cost_usd) for each in binding_limits(given, form(given)) or ()}


def test_one_more_kw_of_request_by_hand() -> None:
    found = binding_limits(problem(), form(problem()))
    assert [(each.limit, each.value, each.unit, each.step) for each in found] == [("request", 9.0, "kW", 1.0)]
    # At 120, the only price that fills the request, one more kW of the option at 95 gains 25; 3.5 kW are left of it.
    assert found[0].worth_usd == pytest.approx(0.25 * 2 / 1000 * 25)
    assert found[0].cost_usd == pytest.approx(0.25 * 2 / 1000 * 25 * 3.5)


def test_what_does_not_bind_is_not_named() -> None:
    assert worth(problem(requested_kw=50.0)) == {}
    assert set(worth(problem(terms=(HomeCap(limit_kw=30.0), TotalCap(limit_kw=30.0))))) == {"request"}


@pytest.mark.parametrize(
    "given",
    [
        problem(terms=(ShareCap(fraction=0.4),)),
        problem(terms=(TotalCap(limit_kw=7.0),)),
        problem(terms=(HomeCap(limit_kw=2.5), ShareCap(fraction=0.45)), margin=0.1),
        problem(margin=0.3, requested_kw=30.0),
        problem(terms=(PriceLimit(limit=69.5),)),
        problem(terms=(OwnerBudget(limit_usd=0.5, usd_per_cost=0.002), ShareCap(fraction=0.5))),
        problem(terms=(TotalCap(limit_kw=6.0, name="max_total_kwh", scale=2.0, unit="kWh"),)),
        problem(terms=(SpareCap(limit_kw=6.25, fraction=0.5, agreed_kw=12.5),)),
        problem(min_spread=12.0, requested_kw=30.0),
    ],
)
def test_linear_limits_agree_with_raw_cvxpy(given: FormationProblem) -> None:
    base, found = best_usd(given), binding_limits(given, form(given))
    assert found
    for each in found:
        one, none = _changed(given, each.limit)
        # Whole watts cost the product a little of the optimum.
        assert each.worth_usd == pytest.approx(best_usd(one) - base, abs=2e-4), each
        assert each.cost_usd == pytest.approx(best_usd(none) - base, abs=2e-4), each


def _changed(given: FormationProblem, limit: str) -> tuple[FormationProblem, FormationProblem]:
    if limit == "request":
        return replace(given, requested_kw=given.requested_kw + 1), replace(given, requested_kw=1e3)
    if limit == "margin":
        return replace(given, margin=given.margin - 0.01), replace(given, margin=0.0)
    if limit == "min_spread":
        return replace(given, min_spread=given.min_spread - 1), replace(given, min_spread=0.0)
    others = tuple(term for term in given.terms if term.name != limit)
    (term,) = (term for term in given.terms if term.name == limit)
    match term:
        case ShareCap():
            looser: Term = replace(term, fraction=term.fraction + 0.01)
        case PriceLimit():
            looser = replace(term, limit=term.limit + 1)
        case OwnerBudget():
            looser = replace(term, limit_usd=term.limit_usd + 1)
        case SpareCap():
            looser = TotalCap(limit_kw=term.agreed_kw * (1 - term.fraction + 0.01))
        case HomeCap() | TotalCap():
            looser = replace(term, limit_kw=term.limit_kw + 1 / term.scale)
    return replace(given, terms=(*others, looser)), replace(given, terms=others)


def test_integer_limits_have_exact_differences() -> None:
    given = problem(terms=(WholeLots(lot_kw=2.5), MinimumMembers(count=3, available_kw=OPTIONS.per_home_kw())))
    found = {each.limit: each for each in binding_limits(given, form(given)) or ()}
    lots = found["the market's quantity step"]
    assert (lots.value, lots.unit, lots.step, lots.worth_usd) == (2.5, "kW", None, None)
    base = form(given).value_usd
    assert lots.cost_usd == pytest.approx(form(replace(given, terms=given.terms[1:])).value_usd - base)
    assert found["min_members"].step == -1.0
    assert found["min_members"].cost_usd == pytest.approx(
        form(replace(given, terms=given.terms[:1])).value_usd - base, abs=1e-6
    )


def test_the_largest_number_of_homes_and_who_limits_the_steps() -> None:
    given = problem(terms=(MaximumMembers(count=1, available_kw=OPTIONS.per_home_kw()),), max_segments=1)
    found = {each.limit: each for each in binding_limits(given, form(given), own_steps=True) or ()}
    assert (found["max_members"].value, found["max_members"].unit, found["max_members"].step) == (1.0, "homes", 1.0)
    assert "max_bid_steps" in found
    lowest = problem(min_price=90.0, prices=[80.0, 120.0], probabilities=[0.5, 0.5])
    assert "min_bid_price" in {each.limit for each in binding_limits(lowest, form(lowest)) or ()}


@pytest.mark.parametrize("seed", range(12))
def test_loosening_never_costs_and_never_beats_having_no_limit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    given = random_problem(rng, lots=bool(seed % 3 == 0), members=bool(seed % 2))
    formed = form(given)
    for each in binding_limits(given, formed) or ():
        assert each.cost_usd > 0
        assert each.worth_usd is None or 0 <= each.worth_usd <= each.cost_usd
    if not formed.formed:
        assert binding_limits(given, formed) is None


def test_nothing_is_said_where_nothing_exact_can_be() -> None:
    assert not measurable(problem(allow_loss=True))
    wide = option_book([(f"h{k}", 1.0, 20.0 + k / 100) for k in range(LARGEST_INTEGER)])
    members = MinimumMembers(count=3, available_kw=wide.per_home_kw())
    assert not measurable(problem(options=wide, terms=(members,)))
    assert measurable(problem(options=wide, terms=(MinimumTotal(limit_kw=2.0),))), "only totals matter"
    failed = replace(form(problem()), method="fallback", gap=None)
    assert binding_limits(problem(), failed) is None
