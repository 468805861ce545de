"""Formation where only totals matter, by an exact scan of the merit order: no solver, any number of homes.

With minimums, lots, caps and a segment limit on the total alone, the cheapest way to any total is the merit order, so
a coalition is one number. Scenarios that share a coalition are neighbours, and the best total of such a group is found
from its mean price. A higher group's best total is never smaller, because the average option cost never falls along
the merit order, so groups can be chosen one by one; a dynamic programme chooses how to group.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gridpact import units
from gridpact.coalition.problem import VOLUME_BONUS, FormationProblem
from gridpact.coalition.whole_watts import watts_below

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalLimits:
    """What the terms and the request allow a coalition's total to be, in watts; zero is always allowed."""

    least: int
    most: int
    step: int

    @classmethod
    def of(cls, problem: FormationProblem) -> "TotalLimits":
        """Limits of ``problem`` from its terms."""
        steps = {round(term.step_kw * 1000.0) for term in problem.terms if term.step_kw > 0}
        step = math.lcm(*steps) if steps else 1
        least = max((term.least_kw for term in problem.terms), default=0.0)
        most = min((term.most_kw for term in problem.terms), default=math.inf)
        return cls(
            least=max(math.ceil(least * 1000.0 / step - 1e-6), 1) * step,
            most=math.floor(min(most, problem.requested_kw) * 1000.0 / step + 1e-6) * step,
            step=step,
        )

    def down(self, watts: float) -> int:
        """Largest allowed number of lots at or below ``watts``, minimum aside."""
        return min(math.floor(watts / self.step + 1e-9) * self.step, self.most)


def limits_of(problem: FormationProblem) -> TotalLimits:
    """Limits of ``problem`` from its terms, and from what a budget buys at the cheapest."""
    limits = TotalLimits.of(problem)
    budget = min((term.cost_limit for term in problem.terms), default=math.inf)
    if math.isinf(budget):
        return limits
    return replace(limits, most=limits.down(_Ladder.of(problem).bought_for(budget)))


def best_totals(problem: FormationProblem) -> Ints:
    """Totals of the nested coalitions that are worth most, shape (S,) [W].

    Exact for a problem of which `FormationProblem.total_only` is true.
    """
    limits = limits_of(problem)
    ladder = _Ladder.of(problem)
    scenarios = problem.scenarios
    if problem.allow_loss:
        total = limits.down(ladder.available)
        return np.full(scenarios, total if total >= limits.least else 0, dtype=np.int64)
    affordable = [limits.down(ladder.affordable(float(price))) for price in problem.payable_prices]

    def best(first: int, last: int) -> tuple[int, float]:
        weights = problem.probabilities[first : last + 1]
        value = float(weights @ problem.prices[first : last + 1])
        return _best_of_group(ladder, limits, affordable=affordable[first], weight=float(weights.sum()), value=value)

    alone = np.maximum.accumulate(np.array([best(s, s)[0] for s in range(scenarios)], dtype=np.int64))
    if not 0 < problem.max_segments < int((np.diff(alone, prepend=0) > 0).sum()):
        return alone
    totals = np.zeros((scenarios, scenarios), dtype=np.int64)
    values = np.full((scenarios, scenarios), -np.inf)
    for first in range(scenarios):
        for last in range(first, scenarios):
            totals[first, last], values[first, last] = best(first, last)
    return _grouped(totals, values, most=problem.max_segments)


def shadow_prices(problem: FormationProblem, totals_w: Ints) -> tuple[str, ...]:
    """What a little more of each binding limit would be worth, in words; none where a coalition must come in lots.

    Args:
        problem: of which `FormationProblem.total_only` is true.
        totals_w: its `best_totals`, with no segment limit in their way, shape (S,) [W].
    """
    if problem.allow_loss or any(term.least_kw > 0 or term.step_kw > 0 for term in problem.terms):
        return ()
    ladder, most = _Ladder.of(problem), limits_of(problem).most
    by_budget = most < TotalLimits.of(problem).most
    scale = problem.window_h / units.KW_PER_MW
    by_limit = by_margin = by_usd = 0.0
    for total, price, payable, probability in zip(
        totals_w.tolist(), problem.prices, problem.payable_prices, problem.probabilities, strict=True
    ):
        if total >= ladder.available:
            continue
        asked = ladder.price_after(total)
        gain = float(probability * (price - asked))
        if gain <= 0:
            continue
        if total >= most:
            by_limit += gain
            by_usd += gain / asked if asked > 0 else 0.0
        elif asked > payable:
            by_margin += gain / float(asked - payable) * abs(float(price)) * total / 1000.0 * 0.01
    words = []
    if by_budget and by_usd > 0:
        words.append(f"one more USD of max_owner_pay_usd would be worth {by_usd:.4f} USD")
    elif by_limit > 0.01 and not by_budget:
        tightest = min(problem.terms, key=lambda term: term.most_kw, default=None)
        bound = tightest is not None and tightest.most_kw < problem.requested_kw
        name = tightest.name if tightest is not None and bound else "request"
        words.append(f"one more kW of {name} would be worth {by_limit * scale:.4f} USD")
    if problem.margin > 0 and by_margin > 0.01:
        words.append(f"one percentage point less of margin would be worth {by_margin * scale:.4f} USD")
    return tuple(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ladder:
    """Options in merit order: widths, prices, and their running sums."""

    price: Floats
    above: Ints
    """Total including each rung [W]."""
    cost: Floats
    """Cost of everything below each rung [price unit * W]."""

    @classmethod
    def of(cls, problem: FormationProblem) -> "_Ladder":
        order = problem.merit_order()
        widths = watts_below(problem.usable_kw())[order]
        price = problem.options.price[order]
        spent = np.cumsum(widths * price)
        return cls(price=price, above=np.cumsum(widths), cost=spent - widths * price)

    @property
    def available(self) -> int:
        return int(self.above[-1]) if len(self.above) else 0

    def cost_of(self, total: int) -> float:
        """Cheapest cost of ``total`` [price unit * W]."""
        if total <= 0:
            return 0.0
        rung = int(np.searchsorted(self.above, total))
        below = int(self.above[rung - 1]) if rung else 0
        return float(self.cost[rung] + (total - below) * self.price[rung])

    def at_most(self, price: float) -> int:
        """Everything that asks ``price`` or less [W]."""
        rungs = int(np.searchsorted(self.price, price, side="right"))
        return int(self.above[rungs - 1]) if rungs else 0

    def price_after(self, total: int) -> float:
        """Price of the watt that follows ``total``, which is less than all."""
        return float(self.price[int(np.searchsorted(self.above, total, side="right"))])

    def bought_for(self, budget: float) -> int:
        """Largest total that costs at most ``budget``, which is not negative [W]; cost is convex and begins at 0."""
        cost = np.append(self.cost[1:], self.cost_of(self.available)) / 1000.0 if len(self.above) else self.cost
        slack = 1e-9 * max(budget, 1.0)
        over = np.flatnonzero(cost > budget + slack)
        if not over.size:
            return self.available
        rung = int(over[0])
        below = int(self.above[rung - 1]) if rung else 0
        return below + int((budget + slack - float(self.cost[rung]) / 1000.0) * 1000.0 / float(self.price[rung]))

    def affordable(self, payable: float) -> int:
        """Largest total whose average cost is at most ``payable`` [W]; the average never falls along the ladder."""
        spare = payable * self.above - np.append(self.cost[1:], self.cost_of(self.available))
        rungs = int(np.count_nonzero(np.logical_and.accumulate(spare >= -1e-6 * np.maximum(self.above, 1))))
        if rungs == len(self.above):
            return self.available
        below = int(self.above[rungs - 1]) if rungs else 0
        left = payable * below - float(self.cost[rungs])
        excess = float(self.price[rungs]) - payable
        return below + (int(max(left / excess, 0.0) + 1e-9) if excess > 0 else 0)


def _best_of_group(
    ladder: _Ladder, limits: TotalLimits, *, affordable: int, weight: float, value: float
) -> tuple[int, float]:
    """Best total for scenarios of total probability ``weight`` and expected price ``value``, and its worth."""
    mean = value / weight if weight > 0 else -math.inf
    most = min(affordable, limits.down(ladder.available))
    wanted = limits.down(min(ladder.at_most(mean + VOLUME_BONUS), most))
    best, worth = 0, 0.0
    for total in (wanted, min(wanted + limits.step, most), limits.least):
        if limits.least <= total <= most:
            gain = (value + VOLUME_BONUS * weight) * total - weight * ladder.cost_of(total)
            if gain > worth or (gain == worth and total > best):
                best, worth = total, gain
    return best, worth


def _grouped(totals: Ints, values: Floats, *, most: int) -> Ints:
    """Best grouping of scenarios into at most ``most`` groups with a coalition, after those without."""
    scenarios = len(totals)
    best = np.full((most + 1, scenarios + 1), -np.inf)
    start = np.zeros((most + 1, scenarios + 1), dtype=np.int64)
    best[0, :] = 0.0
    for groups in range(1, most + 1):
        for stop in range(1, scenarios + 1):
            worth = best[groups - 1, :stop] + values[:stop, stop - 1]
            start[groups, stop] = int(np.argmax(worth))
            best[groups, stop] = worth[start[groups, stop]]
    groups = int(np.argmax(best[:, scenarios]))
    result = np.zeros(scenarios, dtype=np.int64)
    stop = scenarios
    while groups > 0 and stop > 0:
        first = int(start[groups, stop])
        result[first:stop] = totals[first, stop - 1]
        stop, groups = first, groups - 1
    return np.maximum.accumulate(result)
