"""Bid curves with a limited number of steps: which scenarios share a coalition."""

import numpy as np
from numpy.typing import NDArray

from gridpact import units
from gridpact.coalition.problem import FormationProblem

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def rises(x: Floats) -> int:
    """Number of scenarios at which the coalition grows, given activations (n, S)."""
    return int((np.diff(x.sum(axis=0), prepend=0.0) > 1e-6).sum())


def group_scenarios(problem: FormationProblem, x: Floats) -> Ints:
    """Which scenarios should share a coalition where the curve may have only so many steps, shape (S,).

    Args:
        problem: with a segment limit.
        x: nested coalitions without the limit, shape (n, S) [kW].

    Returns:
        The index of the coalition of ``x`` that is best for each scenario, -1 for none.
    """
    scenarios = problem.scenarios
    cost, total = problem.options.price @ x, x.sum(axis=0)
    gain = np.zeros(scenarios)
    if problem.gain_usd_per_kw is not None:
        gain = problem.gain_usd_per_kw[problem.options.home_index] @ x * units.KW_PER_MW / problem.window_h
    worth = problem.probabilities[:, None] * (problem.prices[:, None] * total - cost + gain)
    pays = problem.payable_prices[:, None] * total - cost >= -1e-9 * np.maximum(np.abs(cost), 1.0)
    barred = np.where(pays | problem.allow_loss, 0.0, -np.inf)
    best = np.full((problem.max_segments + 1, scenarios + 1), -np.inf)
    choice = np.zeros((problem.max_segments + 1, scenarios + 1, 2), dtype=np.int64)
    best[0] = 0.0
    sums = np.vstack([np.zeros(scenarios), np.cumsum(worth, axis=0)])
    for groups in range(1, problem.max_segments + 1):
        for stop in range(1, scenarios + 1):
            value = best[groups - 1, :stop, None] + sums[stop] - sums[:stop] + barred[:stop]
            first, coalition = np.unravel_index(int(np.argmax(value)), value.shape)
            best[groups, stop], choice[groups, stop] = value[first, coalition], (first, coalition)
    labels = np.full(scenarios, -1, dtype=np.int64)
    groups, stop = int(np.argmax(best[:, scenarios])), scenarios
    while groups > 0 and stop > 0:
        first, coalition = choice[groups, stop]
        labels[first:stop] = coalition
        stop, groups = int(first), groups - 1
    return labels
