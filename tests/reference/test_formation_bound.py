"""Bounded formation against the exact solver: the bound holds, and what is claimed is no more than is true."""

from dataclasses import replace

import numpy as np
import pytest

from coalition_cases import random_problem, wide_problem
from gridpact.coalition import formation
from gridpact.coalition.dual import Pool, lowest_bound
from gridpact.coalition.lagrangian import can_bound, form_with_bound
from gridpact.coalition.problem import FormationProblem

ROUNDING_USD = 1e-7


def small(number: int) -> FormationProblem:
    rng = np.random.default_rng([7, number])
    problem = random_problem(rng, lots=bool(rng.random() < 0.4), members=bool(rng.random() < 0.5))
    if rng.random() < 0.4:
        problem = replace(problem, gain_usd_per_kw=rng.uniform(0.0, 0.02, problem.homes))
    return problem


def middle(number: int) -> FormationProblem:
    rng = np.random.default_rng([11, number])
    return wide_problem(rng, homes=int(rng.integers(8, 40)), scenarios=int(rng.integers(1, 7)))


def check(problem: FormationProblem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formation, "LARGEST_SOLVED", 10**9)
    exact = formation.form(problem)
    x, bound = form_with_bound(problem)
    found = problem.value_usd(x)
    for s in range(problem.scenarios):
        assert problem.broken(x[:, s], s) is None
        assert s == 0 or (x[:, s] >= x[:, s - 1] - 1e-9).all()
    assert bound >= exact.value_usd - ROUNDING_USD
    assert bound >= found - ROUNDING_USD
    # The gap that is reported is never smaller than the true one, and the coalitions are worth what the solver's are.
    assert bound - found >= exact.value_usd - found - ROUNDING_USD
    if exact.gap == 0.0 and exact.status == "optimal":
        assert found >= exact.value_usd * (1 - 0.02) - 1e-3


@pytest.mark.parametrize("number", range(30))
def test_bound_holds_on_small_problems(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    check(small(number), monkeypatch)


@pytest.mark.parametrize("number", range(10))
def test_bound_holds_on_middling_problems(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    check(middle(number), monkeypatch)


@pytest.mark.deep
@pytest.mark.parametrize("number", range(30, 250))
def test_bound_holds_on_many_small_problems(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    check(small(number), monkeypatch)


@pytest.mark.deep
@pytest.mark.parametrize("number", range(10, 130))
def test_bound_holds_on_many_middling_problems(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    check(middle(number), monkeypatch)


def test_every_multiplier_bounds() -> None:
    """Weak duality: wherever the search stops, the bound is one."""
    problem = middle(3)
    pool, best = Pool.of(problem), []
    for cuts in (1, 2, 5, 60):
        bounds = [
            lowest_bound(pool, price=float(p), payable=float(q), cuts=cuts).value
            for p, q in zip(problem.prices, problem.payable_prices, strict=True)
        ]
        best.append(float(problem.probabilities @ bounds))
    assert best == sorted(best, reverse=True)
    x, _ = form_with_bound(problem)
    assert best[-1] * problem.window_h / 1000 >= problem.value_usd(x) - ROUNDING_USD


def test_large_problems_are_bounded_and_say_so() -> None:
    rng = np.random.default_rng(5)
    problem = wide_problem(rng, homes=1500, scenarios=8)
    assert can_bound(problem)
    assert not problem.total_only
    result = formation.form(problem)
    assert result.solver == "Lagrangian bound"
    assert result.method == "optimal"
    assert result.gap is not None
    assert result.gap < 0.005
    assert result.status == ("optimal" if result.gap <= formation.SMALL_GAP else "limit")
