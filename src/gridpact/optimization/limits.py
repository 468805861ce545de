"""What each limit of a bid was worth: the problem solved again with the limit loosened, and without it.

A dual value says what an infinitely small change is worth, and a mixed-integer problem has none. People ask what one
more kW or one percentage point is worth; that is a difference of two optima, so two optima are what is compared
(Wolsey and Nemhauser, Integer and Combinatorial Optimization, II.3.4, on why the value function of an integer
programme has no gradient to read off).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from gridpact.coalition.formation import LARGEST_SOLVED, FormationResult, form
from gridpact.coalition.limits import MaximumMembers, MinimumOffer
from gridpact.coalition.problem import FormationProblem
from gridpact.coalition.solver import Highs, Solver
from gridpact.coalition.terms import HomeCap, MinimumMembers, MinimumTotal, ShareCap, Term, TotalCap
from gridpact.errors import OptimizationError

SMALLEST_USD = 1e-6
"""A gain below a micro-dollar is none."""
LARGEST_INTEGER = 1_000
"""Options times scenarios up to which a mixed-integer problem is solved again for every limit."""
REQUEST = "request"
MARKET_MAXIMUM = "the market's maximum"
MARGIN = "margin"
SEGMENTS = "max_segments"
SPREAD = "min_spread"
LOWEST_PRICE = "min_bid_price"


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitWorth:
    """A limit that binds, and what it keeps the bid from being worth; all else as it was, homes' options included."""

    limit: str
    """``request``, ``margin``, ``max_segments``, a key of the problem spec, or the market's rule."""
    value: float | None
    """Where the limit stands, in ``unit``; None for a term that is not one number."""
    unit: str
    """``kW``, ``fraction``, ``homes`` or ``steps``; empty where there is no value."""
    step: float | None
    """By how much it was loosened, in ``unit``, with its sign; None where only its absence was tried."""
    worth_usd: float | None
    """Expected value of the best bid with the limit loosened by ``step``, less that of the bid made [USD]."""
    cost_usd: float
    """The same with no such limit at all [USD]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    limit: str
    without: FormationProblem
    value: float | None = None
    unit: str = ""
    step: float | None = None
    loosened: FormationProblem | None = None


def measurable(problem: FormationProblem) -> bool:
    """Whether optima of ``problem`` are exact and quick enough to compare.

    Where money does not count (``allow_loss``) or beyond the solver's reach, they are not.
    """
    if problem.allow_loss:
        return False
    if problem.total_only:
        return True
    integer = problem.max_segments > 0 or any(
        isinstance(term, MinimumMembers | MaximumMembers) or term.least_kw > 0 or term.step_kw > 0
        for term in problem.terms
    )
    size = len(problem.options) * problem.scenarios
    return size <= (LARGEST_INTEGER if integer else LARGEST_SOLVED)


def binding_limits(
    problem: FormationProblem,
    formation: FormationResult,
    *,
    market_maximum: bool = False,
    solver: Solver | None = None,
) -> tuple[LimitWorth, ...] | None:
    """The limits that cost something, dearest first.

    Args:
        problem: what was solved.
        formation: its optimum.
        market_maximum: whether the most that is bid is the market's maximum and not the request.
        solver: HiGHS by default.

    Returns:
        None where nothing was measured: `measurable` says no, or ``formation`` is no optimum. A limit whose gain is no
        larger than the gaps of the two solutions is left out.
    """
    if formation.method != "optimal" or not formation.formed or not measurable(problem):
        return None
    solver = solver or Highs()
    found = []
    for candidate in _candidates(problem, REQUEST if not market_maximum else MARKET_MAXIMUM):
        cost = _gain(candidate.without, formation, solver)
        if cost is None:
            continue
        worth = None if candidate.loosened is None else _gain(candidate.loosened, formation, solver) or 0.0
        found.append(
            LimitWorth(
                limit=candidate.limit,
                value=candidate.value,
                unit=candidate.unit,
                step=candidate.step,
                worth_usd=worth,
                cost_usd=max(cost, worth or 0.0),
            )
        )
    return tuple(sorted(found, key=lambda each: (-each.cost_usd, each.limit)))


def _gain(changed: FormationProblem, formation: FormationResult, solver: Solver) -> float | None:
    """What the changed problem's optimum is worth more; None where that is nothing, or cannot be told."""
    try:
        other = form(changed, solver=solver)
    except OptimizationError:
        return None
    unsure = sum((each.gap or 0.0) * abs(each.value_usd) for each in (formation, other))
    gain = other.value_usd - formation.value_usd
    return gain if gain > max(unsure, SMALLEST_USD) else None


def _candidates(problem: FormationProblem, most: str) -> Iterator[_Candidate]:
    available = float(problem.options.quantity_kw.sum())
    if available > problem.requested_kw:
        yield _Candidate(
            limit=most,
            value=problem.requested_kw,
            unit="kW",
            step=1.0,
            loosened=replace(problem, requested_kw=problem.requested_kw + 1.0),
            without=replace(problem, requested_kw=available),
        )
    if problem.margin > 0:
        step = min(0.01, problem.margin)
        yield _Candidate(
            limit=MARGIN,
            value=problem.margin,
            unit="fraction",
            step=-step,
            loosened=replace(problem, margin=problem.margin - step),
            without=replace(problem, margin=0.0),
        )
    if problem.min_spread > 0:
        yield _Candidate(limit=SPREAD, without=replace(problem, min_spread=0.0))
    if problem.closed:
        yield _Candidate(limit=LOWEST_PRICE, without=replace(problem, min_price=-math.inf))
    if problem.max_segments > 0:
        yield _Candidate(
            limit=SEGMENTS,
            value=float(problem.max_segments),
            unit="steps",
            step=1.0,
            loosened=replace(problem, max_segments=problem.max_segments + 1),
            without=replace(problem, max_segments=0),
        )
    for place, term in enumerate(problem.terms):
        yield _of_term(problem, place, term)


def _of_term(problem: FormationProblem, place: int, term: Term) -> _Candidate:
    before, after = problem.terms[:place], problem.terms[place + 1 :]
    value: float | None = None
    unit, step = "", None
    looser: Term | None = None
    match term:
        case HomeCap() | TotalCap():
            value, unit, step = term.limit_kw, "kW", 1.0
            looser = replace(term, limit_kw=value + step)
        case MinimumOffer():
            value, unit, step = term.limit_kw, "kW", -min(1.0, term.limit_kw)
            looser = replace(term, limit_kw=value + step)
        case MaximumMembers():
            value, unit, step = float(term.count), "homes", 1.0
            looser = replace(term, count=term.count + 1)
        case ShareCap():
            value, unit, step = term.fraction, "fraction", min(0.01, 1.0 - term.fraction)
            looser = replace(term, fraction=value + step)
        case MinimumTotal():
            value, unit, step = term.limit_kw, "kW", -min(1.0, term.limit_kw)
            looser = replace(term, limit_kw=value + step)
        case MinimumMembers():
            value, unit, step = float(term.count), "homes", -1.0
            looser = replace(term, count=term.count - 1)
        case _ if term.step_kw > 0:
            value, unit = term.step_kw, "kW"
    return _Candidate(
        limit=term.name,
        value=value,
        unit=unit,
        step=step,
        loosened=None if looser is None else replace(problem, terms=(*before, looser, *after)),
        without=replace(problem, terms=(*before, *after)),
    )
