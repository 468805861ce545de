"""Formation beyond the solver's reach: greedy coalitions, and a proven bound of how much better others could be."""

import numpy as np
from numpy.typing import NDArray

from gridpact import units
from gridpact.coalition.dual import Bound, Pool, lowest_bound
from gridpact.coalition.greedy import nested_coalitions
from gridpact.coalition.limits import MaximumMembers, MinimumOffer, OwnerBudget, PriceLimit
from gridpact.coalition.problem import FormationProblem
from gridpact.coalition.segments import group_scenarios, rises
from gridpact.coalition.terms import HomeCap, MinimumMembers, MinimumTotal, ShareCap, TotalCap, WholeLots

Floats = NDArray[np.float64]

KNOWN_TERMS = (
    HomeCap,
    ShareCap,
    TotalCap,
    MinimumTotal,
    WholeLots,
    MinimumMembers,
    MaximumMembers,
    MinimumOffer,
    OwnerBudget,
    PriceLimit,
)
GROUP_CUTS = 6
"""Evaluations for a group of scenarios, which begins from its scenarios' own multipliers."""


def can_bound(problem: FormationProblem) -> bool:
    """Whether every term is one that the relaxation knows, and money is to be made, not merely power to be found."""
    return not problem.allow_loss and all(isinstance(term, KNOWN_TERMS) for term in problem.terms)


def form_with_bound(problem: FormationProblem) -> tuple[Floats, float]:
    """Coalitions that keep every term, and the most that any could be worth.

    Args:
        problem: of which `can_bound` is true.

    Returns:
        Nested activations in whole watts, shape (n, S) [kW], and the bound of `FormationProblem.value_usd`.
    """
    pool = Pool.of(problem)
    bounds: list[Bound] = []
    for s in range(problem.scenarios):
        price, payable = float(problem.prices[s]), float(problem.payable_prices[s])
        bounds.append(lowest_bound(pool, price=price, payable=payable))
    x = nested_coalitions(problem, pool, bounds)
    most = float(problem.probabilities @ [bound.value for bound in bounds])
    if 0 < problem.max_segments < rises(x):
        label = group_scenarios(problem, x)
        x = np.where(label >= 0, x[:, np.maximum(label, 0)], 0.0)
        most = min(most, _grouped_bound(problem, pool, bounds))
    return x, most * problem.window_h / units.KW_PER_MW


def _grouped_bound(problem: FormationProblem, pool: Pool, bounds: list[Bound]) -> float:
    """Bound with at most ``max_segments`` different coalitions: the best way to group neighbouring scenarios.

    Scenarios below the first group have no coalition; each group is bounded as one scenario at its mean price, whose
    pay must do at its lowest price.
    """
    scenarios = problem.scenarios
    lam, mu, nu = (np.array(column) for column in zip(*(bound.multipliers for bound in bounds), strict=True))
    values = np.full((scenarios, scenarios), -np.inf)
    for first in range(scenarios):
        for last in range(first, scenarios):
            weight = float(problem.probabilities[first : last + 1].sum())
            price = float(problem.prices[first : last + 1] @ problem.probabilities[first : last + 1])
            price = price / weight if weight > 0 else float(problem.prices[first])
            start = tuple(float(np.interp(price, problem.prices, column)) for column in (lam, mu, nu))
            if first == last:
                values[first, last] = weight * bounds[first].value
                continue
            found = lowest_bound(
                pool,
                price=price,
                payable=float(problem.payable_prices[first]),
                start=(start[0], start[1], start[2]),
                cuts=GROUP_CUTS,
            )
            together = float(problem.probabilities[first : last + 1] @ [b.value for b in bounds[first : last + 1]])
            values[first, last] = min(weight * found.value, together)
    best = np.zeros(scenarios + 1)
    for _ in range(problem.max_segments):
        after = best.copy()
        for stop in range(1, scenarios + 1):
            after[stop] = max(after[stop], float((best[:stop] + values[:stop, stop - 1]).max()))
        best = after
    return float(best[scenarios])
