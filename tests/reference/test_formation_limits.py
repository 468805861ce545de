"""Formation with budgets, price limits, members and risk, against HiGHS without CVXPY and against its own bound."""

from dataclasses import replace

import numpy as np
import pytest

from gridpact.coalition import formation
from gridpact.coalition.lagrangian import can_bound, form_with_bound
from gridpact.coalition.merit_order import form_by_merit
from gridpact.coalition.problem import FormationProblem
from gridpact.coalition.risk import RiskAversion
from limit_cases import limited_problem, raw_value

WHOLE_WATTS_USD = 5e-5
SAMPLES = range(60)


def worth(problem: FormationProblem, x: np.ndarray) -> float:
    outcomes = problem.worths_usd(x)
    return (
        float(outcomes @ problem.probabilities)
        if problem.risk is None
        else problem.risk.weighed(outcomes, problem.believed)
    )


def keeps(problem: FormationProblem, x: np.ndarray) -> None:
    assert (np.diff(x, axis=1) >= -1e-9).all()
    for s in range(problem.scenarios):
        assert problem.broken(x[:, s], s) is None
    assert not x[:, problem.prices < problem.min_price].any()
    assert not x.any() or not problem.earns_too_little(x)


def compare(seed: int) -> None:
    problem = limited_problem(seed)
    best = raw_value(problem)
    found = formation.form(problem)
    keeps(problem, found.x)
    value = worth(problem, found.x)
    assert value <= best + WHOLE_WATTS_USD
    gap = (found.gap or 0.0) * max(abs(found.value_usd), value)
    # An expected profit just above or below what is asked may fall to the other side in whole watts.
    close = problem.min_profit_usd > 0 and not found.formed and best <= problem.min_profit_usd * 1.01
    assert value >= best - gap - WHOLE_WATTS_USD or close
    keeps(problem, form_by_merit(problem))
    assert worth(problem, form_by_merit(problem)) <= best + WHOLE_WATTS_USD


@pytest.mark.parametrize("seed", SAMPLES)
def test_equals_raw_highs(seed: int) -> None:
    compare(seed)


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(60, 600))
def test_equals_raw_highs_often(seed: int) -> None:
    compare(seed)


def bounded(seed: int) -> None:
    problem = limited_problem(seed, risk=False)
    problem = replace(problem, min_price=-np.inf, min_profit_usd=0.0)
    if not problem.usable_kw().any():
        return
    assert can_bound(problem)
    x, bound = form_with_bound(problem)
    keeps(problem, x)
    best = raw_value(problem)
    assert bound >= best - WHOLE_WATTS_USD
    assert problem.value_usd(x) <= bound + 1e-7


@pytest.mark.parametrize("seed", range(30))
def test_the_bound_holds(seed: int) -> None:
    bounded(seed)


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(30, 400))
def test_the_bound_holds_often(seed: int) -> None:
    bounded(seed)


def test_at_any_size_every_limit_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The path of large fleets, closed scenarios and least profit among it."""
    monkeypatch.setattr(formation, "LARGEST_SOLVED", 0)
    formed = 0
    for seed in range(60):
        problem = limited_problem(seed)
        found = formation.form(problem)
        keeps(problem, found.x)
        formed += found.formed
    assert formed > 10


@pytest.mark.parametrize("seed", range(40))
def test_weights_are_the_worst_mean(seed: int) -> None:
    """CVaR by its definition: the best of Rockafellar and Uryasev's levels."""
    rng = np.random.default_rng([31, seed])
    outcomes, probabilities = rng.normal(size=7), rng.dirichlet(np.ones(7))
    averse = RiskAversion(aversion=float(rng.uniform(0, 1)), tail=float(rng.uniform(0.05, 1.0)))
    tails = [level - probabilities @ np.maximum(level - outcomes, 0.0) / averse.tail for level in outcomes]
    expected = (1 - averse.aversion) * (probabilities @ outcomes) + averse.aversion * max(tails)
    assert averse.weighed(outcomes, probabilities) == pytest.approx(expected)
