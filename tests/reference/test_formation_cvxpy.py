"""Formation against a raw CVXPY rewrite, and the bid curve against the marginal cost of options.

The rewrite knows nothing of the package's model: it works with each home's total in each scenario and a separate
on-or-off of every market condition, and is solved by HiGHS through CVXPY.
"""

import cvxpy as cp
import numpy as np
import pytest

from coalition_cases import random_options, random_problem
from gridpact.coalition.formation import form
from gridpact.coalition.problem import FormationProblem
from gridpact.coalition.terms import HomeCap, MinimumMembers, MinimumTotal, ShareCap, TotalCap, WholeLots
from gridpact.optimization.bid import bid_curve

WHOLE_WATTS_USD = 5e-5
"""What rounding to whole watts may cost in these instances."""


def cvxpy_value(problem: FormationProblem) -> float:
    """Best expected surplus [USD]."""
    options, count = problem.options, problem.scenarios
    x = [cp.Variable(len(options), nonneg=True) for _ in range(count)]
    of_home = np.array([[float(h == k) for k in options.home_index] for h in range(len(options.home_ids))])
    rules: list[cp.Constraint] = []
    objective: cp.Expression = cp.Constant(0.0)
    rises = []
    for s in range(count):
        price, total, homes = float(problem.prices[s]), cp.sum(x[s]), of_home @ x[s]
        before = x[s - 1] if s else np.zeros(len(options))
        sold, risen = cp.Variable(boolean=True), cp.Variable(boolean=True)
        rises.append(risen)
        rules += [x[s] <= options.quantity_kw, x[s] >= before, total <= problem.requested_kw * sold]
        rules += [cp.sum(x[s] - before) <= problem.requested_kw * risen]
        payable = price - problem.margin * abs(price)
        rules += [options.price @ x[s] <= payable * total]
        for term in problem.terms:
            match term:
                case HomeCap():
                    rules.append(homes <= term.limit_kw)
                case ShareCap():
                    rules.append(homes <= term.fraction * total)
                case TotalCap():
                    rules.append(total <= term.limit_kw)
                case MinimumTotal():
                    rules.append(total >= term.limit_kw * sold)
                case WholeLots():
                    rules.append(total == term.lot_kw * cp.Variable(integer=True))
                case MinimumMembers():
                    member = cp.Variable(len(options.home_ids), boolean=True)
                    least = np.minimum(0.1, term.available_kw)
                    rules += [homes >= cp.multiply(least, member), cp.sum(member) >= term.count * sold]
        objective += problem.probabilities[s] * (price * total - options.price @ x[s])
    if problem.max_segments:
        rules.append(cp.sum(cp.hstack(rises)) <= problem.max_segments)
    whole = cp.Problem(cp.Maximize(objective), rules)
    whole.solve(solver=cp.HIGHS, mip_rel_gap=1e-8)
    assert whole.status == cp.OPTIMAL
    return float(whole.value) * problem.window_h / 1000


def compare(seed: int) -> None:
    print(f"seed {seed}")
    rng = np.random.default_rng([17, seed])
    problem = random_problem(rng, lots=bool(rng.random() < 0.3), members=bool(rng.random() < 0.3))
    assert form(problem).value_usd == pytest.approx(cvxpy_value(problem), abs=WHOLE_WATTS_USD)


@pytest.mark.parametrize("seed", range(40))
def test_equals_raw_cvxpy(seed: int) -> None:
    compare(seed)


@pytest.mark.deep
@pytest.mark.parametrize("batch", range(10))
def test_equals_raw_cvxpy_in_full(batch: int) -> None:
    for seed in range(40 + batch, 500, 10):
        compare(seed)


@pytest.mark.parametrize("seed", range(100))
def test_unconstrained_the_curve_is_the_marginal_option_cost(seed: int) -> None:
    """At every price, also between scenarios: the bid sells exactly what asks at most that price."""
    rng = np.random.default_rng([19, seed])
    options = random_options(rng, homes=int(rng.integers(1, 11)))
    prices = np.sort(rng.choice(np.arange(-10.0, 140.0, 7.5), size=int(rng.integers(1, 8)), replace=False))
    problem = FormationProblem(
        options=options,
        prices=prices,
        probabilities=np.full(len(prices), 1.0 / len(prices)),
        window_h=1.0,
        requested_kw=options.total_kw + 1.0,
    )
    curve = bid_curve(problem, form(problem).x, price_floor=-500.0)
    for price in [*prices, *rng.uniform(-20.0, prices[-1], size=30)]:
        wanted = options.quantity_kw[options.price <= price].sum()
        assert curve.activated(float(price)).sum() == pytest.approx(wanted, abs=1e-6)
