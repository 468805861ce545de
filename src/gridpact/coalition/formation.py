"""Coalition formation: which options to activate at which price, by CVXPY and HiGHS.

A linear programme where terms are linear; otherwise a mixed-integer one, or an exact scan of the merit order where only
the coalition's total matters. Formation with the bid *curve* as the variable is what keeps it
linear: a bid price times a quantity would not be.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridpact import units
from gridpact.coalition.lagrangian import can_bound, form_with_bound
from gridpact.coalition.limits import MaximumMembers
from gridpact.coalition.merit_order import fill_by_merit, fill_homes
from gridpact.coalition.model import CoalitionModel, cvxpy
from gridpact.coalition.problem import VOLUME_BONUS, FormationProblem
from gridpact.coalition.scan import best_totals, shadow_prices
from gridpact.coalition.segments import group_scenarios, rises
from gridpact.coalition.solver import Highs, Solved, Solver, solve
from gridpact.coalition.terms import MinimumMembers, ceil_watt
from gridpact.coalition.whole_watts import round_nested, watts_below
from gridpact.errors import SolverFailedError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LARGEST_SOLVED = 5_000
"""Options times scenarios (and members times scenarios) up to which the solver is asked, see docs/design.md."""
HALF_WATT_KW = 0.0005
"""What rounds to nothing [kW]."""
SMALL_GAP = 1e-4
"""Relative gap that counts as optimal where scenarios were grouped for the segment limit."""
EXACT_SIZE = 400
"""Options times scenarios up to which a binding segment limit is solved exactly with terms on single homes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormationResult:
    """Nested coalitions, one for each price scenario."""

    x: Floats
    """Activation of each option in each scenario, whole watts, shape (n, S) [kW]."""
    method: str
    """``optimal``, or ``fallback`` for merit order after a solver failed."""
    status: str
    """What the solver said: ``optimal``, ``limit``, or ``failed`` for the fallback."""
    gap: float | None
    """Relative distance to the proven bound; None for the fallback."""
    solver: str
    value_usd: float
    """Expected market value less option cost plus the worth of satisfaction [USD]."""
    shadow_prices: tuple[str, ...] = ()
    """What one more unit of each binding limit would be worth, in words; only linear problems have them."""

    @property
    def totals_kw(self) -> Floats:
        """The bid curve's quantity at each scenario's price, shape (S,) [kW]."""
        totals: Floats = self.x.sum(axis=0)
        return totals

    @property
    def formed(self) -> bool:
        """Whether there is a coalition at the highest price at least."""
        return bool(self.x.size) and bool(self.x[:, -1].any())


def form(problem: FormationProblem, *, solver: Solver | None = None) -> FormationResult:
    """The coalitions that are worth most.

    Linear problems, and those with terms on single homes, go to the solver. Where only totals matter and a minimum,
    lots or a segment limit make the problem integer, `best_totals` scans the merit order, exactly and at any size.
    With terms on single homes a segment limit that binds is met in two steps: scenarios are grouped by what is
    best with the coalitions found without it, then solved again so grouped; the gap to the value without the limit
    is reported, and small problems with a gap are solved exactly as mixed-integer programmes.

    Equal prices are taken in the order of home id and segment wherever only totals matter; with terms on single
    homes the solver chooses. Powers come back in whole watts, checked again as plain numbers against every term.

    Args:
        problem: options, price scenarios and terms.
        solver: HiGHS by default.

    Raises:
        OptimizationError: the solver failed, or what it returned does not keep the terms.
    """
    solver = solver or Highs()
    if problem.closed == problem.scenarios:
        return _result(problem, np.zeros((len(problem.options), problem.scenarios)), solver="none needed")
    found = _weighed(problem, _earning(problem.opened(), solver))
    return replace(found, x=_padded(found.x, problem.closed))


def _padded(x: Floats, closed: int) -> Floats:
    whole = np.hstack([np.zeros((len(x), closed)), x])
    whole.setflags(write=False)
    return whole


def _weighed(problem: FormationProblem, found: FormationResult) -> FormationResult:
    """``found`` with what weighing the lowest prices instead of the worst outcomes may have cost."""
    opened = problem.opened()
    if problem.risk is None or problem.believed is None or problem.allow_loss:
        return found
    shut = np.zeros(problem.closed)
    worth = np.append(shut, opened.worths_usd(found.x))
    lost = max(found.value_usd - problem.risk.weighed(worth, problem.believed), 0.0)
    gap = lost / max(abs(found.value_usd), 1e-9)
    if gap <= SMALL_GAP or found.gap is None:
        return found
    return replace(found, gap=found.gap + gap, status="limit")


def _earning(problem: FormationProblem, solver: Solver) -> FormationResult:
    """The best coalitions, or none where they are not expected to earn enough."""
    best = _best(problem, solver)
    if not problem.earns_too_little(best.x):
        return best
    if problem.gain_usd_per_kw is not None:
        # The most that can be earned, in case that happier homes cost what is missing.
        earning = _best(replace(problem, gain_usd_per_kw=None), solver)
        if not problem.earns_too_little(earning.x):
            value = problem.value_usd(earning.x)
            gap = max(best.value_usd - value, 0.0) / max(abs(value), 1e-9) + (best.gap or 0.0)
            return replace(earning, value_usd=value, gap=gap, status="optimal" if gap <= SMALL_GAP else "limit")
    none = _result(problem, np.zeros_like(best.x), solver=best.solver)
    # Without satisfaction the best is what earns most: where it is proven, so is that nothing earns enough.
    proven = best.gap is not None and best.value_usd * (1.0 + best.gap) < problem.min_profit_usd
    return none if proven or best.gap == 0.0 else replace(none, gap=best.gap, status="limit")


def _best(problem: FormationProblem, solver: Solver) -> FormationResult:
    n, scenarios = len(problem.options), problem.scenarios
    if not watts_below(problem.usable_kw()).any():
        return _result(problem, np.zeros((n, scenarios)), solver="none needed")
    if problem.total_only:
        return _scan(problem)
    if _rows(problem) > LARGEST_SOLVED and can_bound(problem):
        return _bounded(problem)
    result = _checked(problem, solver)
    if not 0 < problem.max_segments < rises(result.x):
        return result
    grouped = _checked(problem, solver, groups=group_scenarios(problem, result.x))
    gap = max(result.value_usd - grouped.value_usd, 0.0) / max(abs(result.value_usd), 1e-9) + (result.gap or 0.0)
    if gap > SMALL_GAP and result.x.size <= EXACT_SIZE:
        return _checked(problem, solver, limit_segments=True)
    return replace(grouped, gap=gap, status="optimal" if gap <= SMALL_GAP else "limit")


def _rows(problem: FormationProblem) -> int:
    """Size of the solver's problem: activations, and whether each home is a member where that matters."""
    members = any(isinstance(term, MinimumMembers | MaximumMembers) for term in problem.terms)
    homes = len(np.unique(problem.options.home_index)) if members else 0
    return (len(problem.options) + homes) * problem.scenarios


def _bounded(problem: FormationProblem) -> FormationResult:
    """Greedy coalitions with a gap that Lagrangian bounds prove."""
    x, bound = form_with_bound(problem)
    trouble = _broken(problem, x)
    if trouble:
        raise SolverFailedError(f"the greedy coalitions do not keep the terms: {trouble}")
    result = _result(problem, x, solver="Lagrangian bound")
    gap = max(bound - result.value_usd, 0.0) / max(abs(result.value_usd), 1e-9)
    return replace(result, gap=gap, status="optimal" if gap <= SMALL_GAP else "limit")


def _scan(problem: FormationProblem) -> FormationResult:
    totals = best_totals(problem)
    x = fill_by_merit(problem, totals)
    trouble = _broken(problem, x)
    if trouble:
        raise SolverFailedError(f"the merit-order scan does not keep the terms: {trouble}")
    limited = 0 < problem.max_segments == rises(x)
    words = () if limited else shadow_prices(problem, totals)
    return replace(_result(problem, x, solver="merit-order scan"), shadow_prices=words)


def _checked(
    problem: FormationProblem, solver: Solver, *, groups: Ints | None = None, limit_segments: bool = False
) -> FormationResult:
    """Solve by CVXPY, round to whole watts, and check; once more with money in hand if rounding cost too much."""
    spread = float(np.ptp(np.append(problem.options.price, problem.prices)))
    rounding_kw = 0.002 * min(problem.homes, len(problem.options))
    trouble = ""
    for tightened_by in (0.0, rounding_kw * (spread + 0.01)):
        attempt = _Attempt(problem, tightened_by=tightened_by, groups=groups, limit_segments=limit_segments)
        solved = attempt.solve(solver)
        x = attempt.whole_watts()
        trouble = _broken(problem, x)
        if not trouble:
            return replace(
                _result(problem, x, solver=solver.name),
                status=solved.status,
                gap=solved.gap,
                shadow_prices=attempt.shadow_prices() if groups is None else (),
            )
    raise SolverFailedError(f"{solver.name}'s solution does not keep the terms in whole watts: {trouble}")


def _broken(problem: FormationProblem, x: Floats) -> str:
    for s in range(problem.scenarios):
        if s and (x[:, s] < x[:, s - 1] - 1e-9).any():
            return "coalitions do not nest"
        text = problem.broken(x[:, s], s)
        if text is not None:
            return text
    return ""


def _result(problem: FormationProblem, x: Floats, *, solver: str) -> FormationResult:
    x.setflags(write=False)
    return FormationResult(
        x=x, method="optimal", status="optimal", gap=0.0, solver=solver, value_usd=problem.value_usd(x)
    )


class _Attempt:
    """One CVXPY problem, and its answer read back."""

    def __init__(
        self, problem: FormationProblem, *, tightened_by: float, groups: Ints | None, limit_segments: bool
    ) -> None:
        cp = cvxpy()
        self.problem = problem
        options, usable = problem.options, problem.usable_kw()
        rows = np.flatnonzero(watts_below(usable))
        if problem.total_only:
            row_price, level = np.unique(options.price[rows], return_inverse=True)
            row_kw = np.bincount(level, weights=usable[rows]).astype(np.float64)
            row_home = np.zeros(len(row_kw), dtype=np.int64)
        else:
            row_price, row_kw = options.price[rows], usable[rows]
            row_home = options.home_index[rows]
        self.rows = rows
        self.model = model = CoalitionModel(
            problem, row_home=row_home, row_kw=row_kw, row_price=row_price, tightened_by=tightened_by
        )
        self.named = {term.name: (term, term.constraints(model)) for term in problem.terms}
        self.money = None if problem.allow_loss else model.money_left() >= 0
        self.steps = self._segment_limit() if limit_segments else None
        constraints = [model.request, *model.nesting, *(c for _, group in self.named.values() for c in group)]
        if self.money is not None:
            constraints.append(self.money)
        constraints += model.extra
        for s, label in enumerate(() if groups is None else groups):
            if label < 0:
                constraints.append(model.x[:, s] == 0)
            elif s and groups is not None and label == groups[s - 1]:
                constraints.append(model.x[:, s] == model.x[:, s - 1])
        gain = np.zeros(len(row_kw))
        if problem.gain_usd_per_kw is not None:
            gain = problem.gain_usd_per_kw[row_home] * units.KW_PER_MW / problem.window_h
        worth = problem.prices + VOLUME_BONUS
        if problem.allow_loss:
            worth = np.full(problem.scenarios, row_price.max() + 100.0 * (np.ptp(row_price) + np.ptp(gain) + 1.0))
        weight = (worth[None, :] - row_price[:, None] + gain[:, None]) * problem.probabilities[None, :]
        self.cvxpy = cp.Problem(cp.Maximize(cp.sum(cp.multiply(weight, model.x))), constraints)

    def _segment_limit(self) -> Any:
        cp = cvxpy()
        limit, model = self.problem.max_segments, self.model
        rises = model.booleans((self.problem.scenarios,))
        most = min(self.problem.requested_kw, model.available_kw)
        model.extra += [
            model.total[0] <= most * rises[0],
            cp.diff(model.total) <= most * rises[1:],
            cp.sum(rises) <= limit,
        ]
        return rises

    def solve(self, solver: Solver) -> Solved:
        return solve(self.cvxpy, solver=solver)

    def whole_watts(self) -> Floats:
        """Activations of the options in whole watts, shape (n, S) [kW]."""
        problem, model = self.problem, self.model
        value = np.asarray(model.x.value, dtype=np.float64)
        totals = np.maximum.accumulate(watts_below(value.sum(axis=0)))
        totals = np.minimum(totals, int(np.floor(problem.requested_kw * 1000.0 + 1e-6)))
        totals = self._at_integers(totals)
        if problem.total_only:
            return fill_by_merit(problem, totals)
        homes = np.zeros((problem.homes, problem.scenarios))
        np.add.at(homes, problem.options.home_index[self.rows], value)
        available = watts_below(problem.home_totals(problem.usable_kw()))
        room = np.repeat(available[:, None], problem.scenarios, axis=1)
        if any(np.isfinite(term.most_members) for term in problem.terms):
            # A watt given to a home that has nothing would be one member more.
            homes = np.where(homes >= HALF_WATT_KW, homes, 0.0)
            room = np.where(homes > 0, room, 0)

        def limit_w(total_w: int) -> Ints:
            limit = ceil_watt(min((term.share_kw(total_w / 1000.0) for term in problem.terms), default=np.inf))
            return available if np.isinf(limit) else np.full(problem.homes, round(limit * 1000.0))

        return fill_homes(problem, round_nested(homes, totals, available_w=room, limit_w=limit_w))

    def _at_integers(self, totals: Ints) -> Ints:
        """Totals without the watts that a big-M constraint lets through at nearly integer values."""
        totals = totals.copy()
        if self.model.has_running:
            totals[np.asarray(self.model.running().value) < 0.5] = 0
        rises = getattr(self.steps, "value", None)
        if rises is not None:
            for s in range(len(totals)):
                if rises[s] < 0.5:
                    totals[s] = totals[s - 1] if s else 0
        return totals

    def shadow_prices(self) -> tuple[str, ...]:
        """Dual values in words."""
        problem = self.problem
        if self.cvxpy.is_mixed_integer() or problem.allow_loss:
            return ()
        scale = problem.window_h / units.KW_PER_MW
        totals = np.asarray(self.model.total.value)
        words = []

        def worth(constraint: object, weight: Floats | float = 1.0) -> float:
            dual = getattr(constraint, "dual_value", None)
            return 0.0 if dual is None else float(np.abs(np.asarray(dual) * weight).sum()) * scale

        per_kw = worth(self.model.request)
        if per_kw > scale * 0.01:
            words.append(f"one more kW of request would be worth {per_kw:.4f} USD")
        for name, (term, group) in self.named.items():
            if term.name == "max_total_kw":
                per_kw = sum(worth(constraint) for constraint in group)
                if per_kw > scale * 0.01:
                    words.append(f"one more kW of {name} would be worth {per_kw:.4f} USD")
            elif term.name == "max_share_per_home":
                per_point = sum(worth(constraint, totals * 0.01) for constraint in group)
                if per_point > scale * 0.01:
                    words.append(f"one more percentage point of {name} would be worth {per_point:.4f} USD")
        if problem.margin > 0:
            per_point = worth(self.money, np.abs(problem.prices) * totals * 0.01)
            if per_point > scale * 0.01:
                words.append(f"one percentage point less of margin would be worth {per_point:.4f} USD")
        return tuple(words)
