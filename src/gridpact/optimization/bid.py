"""The bid curve: nested coalitions as priced segments."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact import units
from gridpact.coalition.problem import FormationProblem, money_requirement
from gridpact.market.clearing import BidSegment

Floats = NDArray[np.float64]

TICK = 0.01
"""Finest step of a price, per MWh or per MW and hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BidCurve:
    """Priced segments, each with the options that it calls."""

    segments: tuple[BidSegment, ...]
    """Prices rise strictly; widths in whole watts."""
    activation_kw: Floats
    """What each segment calls of each option, shape (n, segments) [kW]."""

    @property
    def total_kw(self) -> float:
        """All segments together [kW]."""
        return round(sum(segment.quantity_kw for segment in self.segments), 6)

    @property
    def mean_price(self) -> float | None:
        """Quantity-weighted price; None for an empty curve."""
        power = sum(segment.quantity_kw for segment in self.segments)
        return sum(segment.quantity_kw * segment.price for segment in self.segments) / power if power else None

    def activated(self, price: float) -> Floats:
        """Power called of each option where the market clears at ``price``, shape (n,) [kW]."""
        called = np.array([segment.price <= price for segment in self.segments], dtype=np.bool_)
        activated: Floats = np.round(self.activation_kw[:, called].sum(axis=1), 3)
        return activated

    @classmethod
    def empty(cls, options: int) -> "BidCurve":
        """A curve that sells nothing."""
        return cls(segments=(), activation_kw=np.zeros((options, 0)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One step in the making: everything called up to here, and its price."""

    called: Floats
    price: float
    block: int
    """Scenario at which it is first called."""

    @property
    def total(self) -> float:
        return float(self.called.sum())


def bid_curve(problem: FormationProblem, x: Floats, *, price_floor: float) -> BidCurve:
    """The bid that calls coalition ``x[:, s]`` at scenario price s, and the right part of it in between.

    What is first called at a scenario is bid at its dearest option's price, or at the average that its members and
    the margin need if that is more, above the scenario before and at most at its own: whatever the market clears
    at, what is called pays for itself. Where a part of it would keep every term alone, it is a
    segment of its own, so that between scenarios too the curve follows the marginal option cost. Segments beyond
    the limit are merged where that gives up least.

    Args:
        problem: what was formed, with its scenario prices in whole cents.
        x: nested activations, whole watts, shape (n, S) [kW].
        price_floor: lowest price that the market accepts.
    """
    steps: list[_Step] = []
    before = np.zeros(len(problem.options))
    for s in range(problem.scenarios):
        if (x[:, s] - before).sum() > 1e-6:
            least = price_floor if s == 0 else max(price_floor, float(problem.prices[s - 1]) + TICK)
            steps += _block(problem, before, x[:, s], least=least, most=float(problem.prices[s]), block=s)
            before = x[:, s]
    steps = _merge(steps, problem.max_segments)
    if not steps:
        return BidCurve.empty(len(problem.options))
    called: Floats = np.stack([np.zeros(len(problem.options)), *(step.called for step in steps)], axis=1)
    activation: Floats = np.round(np.diff(called, axis=1), 3)
    activation.setflags(write=False)
    segments = tuple(
        BidSegment(quantity_kw=round(float(activation[:, k].sum()), 3), price=steps[k].price) for k in range(len(steps))
    )
    return BidCurve(segments=segments, activation_kw=activation)


def _block(
    problem: FormationProblem, before: Floats, after: Floats, *, least: float, most: float, block: int
) -> list[_Step]:
    """Steps from one coalition to the next, priced within ``least`` to ``most``."""
    prices = problem.options.price
    added = after - before
    steps: list[_Step] = []
    for level in np.unique(prices[added > 1e-9]):
        called = np.where(prices <= level, after, before)
        price = _price(problem, called, level=float(level), least=least, most=most)
        if steps:
            price = max(price, steps[-1].price)
        last = bool((called == after).all())
        if last or problem.broken_at(called, price=price) is None:
            if steps and price <= steps[-1].price + TICK / 2:
                steps.pop()
            steps.append(_Step(called=called, price=price, block=block))
    return steps


def _price(problem: FormationProblem, called: Floats, *, level: float, least: float, most: float) -> float:
    wanted = level
    if not problem.allow_loss:
        average = float(problem.options.price @ called) / float(called.sum())
        wanted = max(level, money_requirement(average, margin=problem.margin, spread=problem.min_spread))
    return round(min(max(units.ceil_cent(wanted), least), most), 2)


def _merge(steps: list[_Step], limit: int) -> list[_Step]:
    """At most ``limit`` steps (0 is no limit): within a block, cheap power joins the next price at least loss."""
    steps = list(steps)
    while 0 < limit < len(steps):
        below = [0.0, *(step.total for step in steps)]
        losses = [
            (steps[k].total - below[k]) * (steps[k + 1].price - steps[k].price)
            if steps[k].block == steps[k + 1].block
            else np.inf
            for k in range(len(steps) - 1)
        ]
        k = int(np.argmin(losses))
        if not np.isfinite(losses[k]):
            break
        del steps[k]
    return steps
