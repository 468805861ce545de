"""Activation in the order of price: who makes up a given total, and the fallback where the solver fails."""

import numpy as np
from numpy.typing import NDArray

from gridpact.coalition.problem import FormationProblem, cumulative_within_homes
from gridpact.coalition.scan import TotalLimits
from gridpact.coalition.terms import ceil_watt
from gridpact.coalition.whole_watts import watts_below

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def fill_by_merit(problem: FormationProblem, totals_w: Ints, *, limit_by_scenario_kw: Floats | None = None) -> Floats:
    """Cheapest activation of each scenario's total, shape (n, S) [kW].

    Args:
        totals_w: wanted totals, shape (S,) [W].
        limit_by_scenario_kw: most that one home may have in each scenario, shape (S,); no limit by default.

    Returns:
        Whole watts in the order of price, home id and segment; less than wanted where options run out.
    """
    order = problem.merit_order()
    usable = watts_below(problem.usable_kw())
    x = np.zeros((len(usable), len(totals_w)), dtype=np.int64)
    earlier = cumulative_within_homes(problem.options.home_index, usable.astype(np.float64)).round().astype(np.int64)
    for s, total in enumerate(totals_w):
        widths = usable
        if limit_by_scenario_kw is not None and np.isfinite(limit_by_scenario_kw[s]):
            limit = watts_below(limit_by_scenario_kw[s : s + 1])[0]
            widths = np.clip(limit - earlier, 0, usable)
        ordered = widths[order]
        before = np.cumsum(ordered) - ordered
        x[order, s] = np.clip(int(total) - before, 0, ordered)
    activated: Floats = x / 1000.0
    return activated


def fill_homes(problem: FormationProblem, home_w: Ints) -> Floats:
    """Cheapest activation of each home's total, shape (n, S) [kW]; ``home_w`` has shape (homes, S) [W]."""
    usable = watts_below(problem.usable_kw())
    earlier = cumulative_within_homes(problem.options.home_index, usable.astype(np.float64)).round().astype(np.int64)
    mine = home_w[problem.options.home_index]
    activated: Floats = np.clip(mine - earlier[:, None], 0, usable[:, None]) / 1000.0
    return activated


def form_by_merit(problem: FormationProblem) -> Floats:
    """Fallback coalitions: every option that its scenario's price pays for, cheapest first, within the terms.

    Keeps the request, home caps, shares, totals, minimums, lots, members and the segment limit, and never loses
    money unless ``allow_loss``; a scenario whose coalition still breaks a term gets none. What it does not do is
    weigh one scenario or home against another: with such terms it may earn less than the optimum.

    Returns:
        Activations that nest along the scenarios, shape (n, S) [kW].
    """
    if problem.closed == problem.scenarios:
        return np.zeros((len(problem.options), problem.scenarios))
    if problem.closed:
        later = form_by_merit(problem.opened())
        return np.hstack([np.zeros((len(later), problem.closed)), later])
    usable = watts_below(problem.usable_kw())
    wanted = np.zeros(problem.scenarios, dtype=np.int64)
    for s, payable in enumerate(problem.payable_prices):
        affordable = usable if problem.allow_loss else np.where(problem.options.price <= payable, usable, 0)
        wanted[s] = _largest_total(problem, affordable)
    wanted = _few_steps(np.maximum.accumulate(wanted), problem.max_segments)
    x = fill_by_merit(
        problem, wanted, limit_by_scenario_kw=np.array([ceil_watt(_share(problem, int(w))) for w in wanted])
    )
    for s in reversed(range(problem.scenarios)):
        nests = s + 1 == problem.scenarios or bool((x[:, s] <= x[:, s + 1] + 1e-9).all())
        if not nests or problem.broken(x[:, s], s) is not None:
            x[:, : s + 1] = 0.0
            break
    return np.zeros_like(x) if problem.earns_too_little(x) else x


def _share(problem: FormationProblem, total_w: int) -> float:
    return min((term.share_kw(total_w / 1000.0) for term in problem.terms), default=np.inf)


def _largest_total(problem: FormationProblem, affordable_w: Ints) -> int:
    """Largest total [W] that keeps every term with the options given."""
    homes = np.bincount(problem.options.home_index, weights=affordable_w, minlength=problem.homes)
    low, high = 0, min(int(np.floor(problem.requested_kw * 1000.0 + 1e-6)), int(affordable_w.sum()))
    while low < high:
        middle = (low + high + 1) // 2
        fits = np.minimum(homes, _share(problem, middle) * 1000.0).sum() >= middle * (1.0 - 1e-9)
        fits = fits and _within_budget(problem, affordable_w, middle)
        low, high = (middle, high) if fits else (low, middle - 1)
    return TotalLimits.of(problem).down(low)


def _within_budget(problem: FormationProblem, affordable_w: Ints, total_w: int) -> bool:
    """Whether the cheapest of ``affordable_w`` (n,) that add up to ``total_w`` keep every budget."""
    budget = min((term.cost_limit for term in problem.terms), default=np.inf)
    if np.isinf(budget):
        return True
    share = ceil_watt(_share(problem, total_w))
    earlier = cumulative_within_homes(problem.options.home_index, affordable_w.astype(np.float64))
    widths = affordable_w if np.isinf(share) else np.clip(share * 1000.0 - earlier, 0, affordable_w)
    order = problem.merit_order()
    before = np.cumsum(widths[order]) - widths[order]
    taken = np.clip(total_w - before, 0, widths[order])
    return float(problem.options.price[order] @ taken) / 1000.0 <= budget + 1e-9 * max(budget, 1.0)


def _few_steps(totals_w: Ints, most: int) -> Ints:
    """Totals with at most ``most`` rises (0 is no limit): the smallest rises are put off to the next one."""
    totals = totals_w.copy()
    while most > 0:
        rises = np.flatnonzero(np.diff(totals, prepend=0) > 0)
        if len(rises) <= most:
            break
        sizes = np.diff(totals, prepend=0)[rises[:-1]]
        k = int(np.argmin(sizes))
        first, stop = int(rises[k]), int(rises[k + 1])
        totals[first:stop] = totals[first - 1] if first else 0
    return totals
