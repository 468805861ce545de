"""Why nothing can be bid: an elastic solve that names the terms in conflict and how little would have to change."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gridpact.coalition.formation import form
from gridpact.coalition.model import CoalitionModel, cvxpy
from gridpact.coalition.problem import FormationProblem, money_requirement
from gridpact.coalition.solver import Highs, Solver, solve
from gridpact.coalition.terms import Relaxed, Term
from gridpact.errors import InfeasibleError, OptimizationError

SMALLEST_KW = 0.001
"""A bid is at least a watt [kW]."""
MATTERS = 1e-6
"""A term stretched by less than this is not stretched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxation:
    """One change that helps."""

    term: str
    """Key of the problem spec, the market's rule, ``price`` or ``margin``."""
    amount: float
    """How far it would have to give."""
    unit: str
    text: str
    """What to change, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Why there is no bid, and the smallest changes that would allow one."""

    text: str
    any_of: tuple[Relaxation, ...] = ()
    """Each of these alone is enough; smallest relative change first."""
    all_of: tuple[Relaxation, ...] = ()
    """Where no single change is enough: all of these together are."""


def diagnose(problem: FormationProblem, *, price_unit: str, solver: Solver | None = None) -> Diagnosis:
    """Explain why ``problem``, which has options, has no coalition at its highest price.

    Args:
        problem: what formation declined.
        price_unit: unit of its prices, for the words.
        solver: HiGHS by default; where it fails, the diagnosis says only what is plain from the prices.
    """
    by_price = _closed(problem, price_unit) or _price_alone(problem, price_unit)
    if by_price is not None:
        return by_price
    try:
        by_profit = _too_little(problem, solver or Highs())
        if by_profit is not None:
            return by_profit
        return _elastic(problem, price_unit, solver or Highs())
    except OptimizationError as failure:
        return Diagnosis(text=f"no coalition keeps every term; the diagnosis itself failed: {failure}")


def _closed(problem: FormationProblem, price_unit: str) -> Diagnosis | None:
    """The case in which no price that is expected is high enough to sell at."""
    best = float(problem.prices[-1])
    if problem.closed < problem.scenarios:
        return None
    text = f"lower min_bid_price from {problem.min_price:.2f} to {best:.2f} {price_unit}"
    lower = Relaxation(term="min_bid_price", amount=problem.min_price - best, unit=price_unit, text=text)
    return Diagnosis(
        text=f"min_bid_price is {problem.min_price:.2f} {price_unit}, above the best price expected, {best:.2f}",
        any_of=(lower,),
    )


def _too_little(problem: FormationProblem, solver: Solver) -> Diagnosis | None:
    """The case in which there are coalitions that keep every term, but none is expected to earn enough."""
    if problem.allow_loss or problem.min_profit_usd <= 0:
        return None
    asked = problem.min_profit_usd
    best = form(replace(problem, min_profit_usd=0.0, gain_usd_per_kw=None), solver=solver)
    if not best.formed:
        return None
    earned = float(problem.profits_usd(best.x) @ problem.probabilities)
    whole = max(np.floor(earned * 1e4) / 1e4, 0.0)
    lower = Relaxation(
        term="min_expected_profit_usd",
        amount=asked - earned,
        unit="USD",
        text=f"lower min_expected_profit_usd from {asked:.4f} to {whole:.4f} USD",
    )
    return Diagnosis(
        text=f"the best bid is expected to earn {earned:.4f} USD, min_expected_profit_usd asks for {asked:.4f}",
        any_of=(lower,),
    )


def _price_alone(problem: FormationProblem, price_unit: str) -> Diagnosis | None:
    """The case that needs no solver: not even the cheapest option pays."""
    cheapest, best = float(problem.options.price.min()), float(problem.prices[-1])
    if problem.allow_loss or cheapest <= problem.payable_prices[-1]:
        return None
    needed = money_requirement(cheapest, margin=problem.margin, spread=problem.min_spread)
    price = Relaxation(
        term="price",
        amount=needed - best,
        unit=price_unit,
        text=f"a market price of {needed:.2f} {price_unit} instead of {best:.2f}",
    )
    kept = best - problem.margin * abs(best)
    if problem.min_spread > 0 and cheapest <= kept:
        left = np.floor((kept - cheapest) * 100 + 1e-6) / 100
        spread = Relaxation(
            term="min_spread",
            amount=problem.min_spread - (kept - cheapest),
            unit=price_unit,
            text=f"lower min_spread from {problem.min_spread:.2f} to {left:.2f} {price_unit}",
        )
        return Diagnosis(
            text=f"the cheapest option asks {cheapest:.2f} {price_unit}; of the best price expected, {best:.2f}, "
            f"min_spread leaves {problem.payable_prices[-1]:.2f}",
            any_of=(spread, price),
        )
    if cheapest <= best and best > 0 and problem.margin > 0:
        allowed = max(1.0 - (cheapest + problem.min_spread) / best, 0.0)
        margin = Relaxation(
            term="margin",
            amount=problem.margin - allowed,
            unit="fraction",
            text=f"lower margin from {problem.margin:.4f} to {np.floor(allowed * 1e4) / 1e4:.4f}",
        )
        return Diagnosis(
            text=f"the cheapest option asks {cheapest:.2f} {price_unit}; of the best price expected, {best:.2f}, "
            f"the margin leaves {problem.payable_prices[-1]:.2f}",
            any_of=(margin, price),
        )
    return Diagnosis(
        text=f"the cheapest option asks {cheapest:.2f} {price_unit}, above the best price expected, {best:.2f}",
        any_of=(price,),
    )


def _elastic(problem: FormationProblem, price_unit: str, solver: Solver) -> Diagnosis:
    """Stretch each term alone; where that is never enough, all together by the least relative amount."""
    top = replace(
        problem,
        prices=problem.prices[-1:],
        probabilities=np.ones(1),
        believed=None,
        risk=None,
        unsold_probability=0.0,
        gain_usd_per_kw=None,
        min_profit_usd=0.0,
        max_segments=0,
    )
    names = [term.name for term in top.terms] + ([] if problem.allow_loss else ["price"])
    found = []
    for name in names:
        stretch = _stretch(top, {name}, price_unit, solver)
        if stretch is not None and len(stretch[1]) == 1:
            found.append((stretch[0], stretch[1][0]))
    alone = [relaxation for _, relaxation in sorted(found, key=lambda each: each[0])]
    if alone:
        joined = "; or ".join(relaxation.text for relaxation in alone)
        conflict = ", ".join(relaxation.term for relaxation in alone)
        return Diagnosis(
            text=f"these terms conflict: {conflict}. Any one of these changes is enough: {joined}", any_of=tuple(alone)
        )
    together = _stretch(top, set(names), price_unit, solver)
    if together is None or not together[1]:
        return Diagnosis(text="no coalition keeps every term, and no change of terms would allow one")
    joined = "; and ".join(relaxation.text for relaxation in together[1])
    conflict = ", ".join(relaxation.term for relaxation in together[1])
    return Diagnosis(
        text=f"these terms conflict: {conflict}. Together these changes are enough: {joined}", all_of=together[1]
    )


def _stretch(
    problem: FormationProblem, free: set[str], price_unit: str, solver: Solver
) -> tuple[float, tuple[Relaxation, ...]] | None:
    """Least relative stretch of the ``free`` terms that allows a bid, and what it comes to; None if there is none."""
    cp = cvxpy()
    options = problem.options
    model = CoalitionModel(problem, row_home=options.home_index, row_kw=options.quantity_kw, row_price=options.price)
    relaxed: list[tuple[Term | None, Relaxed]] = [(term, term.relaxed(model)) for term in problem.terms]
    if not problem.allow_loss:
        slack = model.slack()
        scale = max(abs(float(problem.prices[-1])), 1.0) * min(problem.requested_kw, model.available_kw)
        relaxed.append((None, Relaxed(constraints=[model.money_left() + slack >= 0], slack=slack, scale=scale)))
    constraints: list[Any] = [model.request, model.total >= SMALLEST_KW]
    cost: Any = 1e-6 * (options.price @ model.x)[0] / max(float(np.abs(options.price) @ options.quantity_kw), 1.0)
    for term, each in relaxed:
        constraints += each.constraints
        if (term.name if term else "price") in free:
            cost = cost + each.slack / each.scale
        else:
            constraints.append(each.slack == 0)
    constraints += model.extra
    elastic = cp.Problem(cp.Minimize(cost), constraints)
    try:
        solve(elastic, solver=solver)
    except InfeasibleError:
        return None
    called = np.clip(np.asarray(model.x.value)[:, 0], 0.0, None)
    total = float(called.sum())
    relaxations, size = [], 0.0
    for term, each in relaxed:
        stretch = float(each.slack.value) / each.scale
        if stretch <= MATTERS:
            continue
        size += stretch
        if term is not None:
            far = term.stretched(problem.coalition(called))
            amount, unit, text = far.amount, price_unit if far.unit == "price" else far.unit, far.text
        else:
            needed = money_requirement(
                float(options.price @ called) / total, margin=problem.margin, spread=problem.min_spread
            )
            best = float(problem.prices[-1])
            amount, unit = needed - best, price_unit
            text = f"a market price of {needed:.2f} {price_unit} instead of {best:.2f}"
        relaxations.append(Relaxation(term=term.name if term else "price", amount=amount, unit=unit, text=text))
    return size, tuple(relaxations)
