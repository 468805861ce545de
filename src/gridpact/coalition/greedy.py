"""Feasible coalitions for large instances: the dearest price first refused, shares and members kept, in whole watts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.coalition.dual import Bound, Pool, total_of
from gridpact.coalition.problem import MONEY_TOLERANCE, FormationProblem
from gridpact.coalition.terms import ceil_watt

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

REPAIRS = 8
"""How often homes are added to reach the least number of members."""
COARSE = 12
"""Totals tried across the whole range, before the search is narrowed."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Filler:
    """Fills totals in one order of preference."""

    pool: Pool
    width_w: Ints
    before_w: Ints
    member_w: Ints
    order: Ints
    """Options, best first; within a home in the order of its prices."""
    rank: Floats
    """What the order sorts by, in the price unit, shape (n,)."""

    @classmethod
    def of(cls, pool: Pool, merit_order: Ints, *, mu: float) -> "Filler":
        """Options in the order of (1 + mu) price less gain; ``merit_order`` breaks ties."""
        rank = (1.0 + mu) * pool.price - pool.gain
        width, before, member = (
            np.round(kw * 1000.0).astype(np.int64) for kw in (pool.width_kw, pool.before_kw, pool.member_kw)
        )
        order = merit_order[np.argsort(rank[merit_order], kind="stable")]
        return cls(pool=pool, width_w=width, before_w=before, member_w=member, order=order, rank=rank)

    def fill(self, total_w: int, base_w: Ints) -> Ints | None:
        """A coalition of ``total_w`` that holds ``base_w``, shape (n,); None where there is none [W]."""
        pool, cap = self.pool, np.iinfo(np.int64).max
        if pool.share is not None:
            cap = round(ceil_watt(pool.share * total_w / 1000.0) * 1000.0)
        room = np.maximum(np.clip(cap - self.before_w, 0, self.width_w), base_w)
        found = self._poured(base_w, room, total_w)
        if found is not None and np.isfinite(pool.most_members):
            room = self._few(found, base_w, room)
            found = self._poured(base_w, room, total_w)
        if found is None or not pool.members:
            return found
        base = base_w
        for _ in range(REPAIRS):
            homes = np.bincount(pool.home, weights=found, minlength=pool.homes)
            short = pool.able & (homes < self.member_w) & (self.member_w <= cap)
            missing = pool.members - int((pool.able & (homes >= self.member_w)).sum())
            if missing <= 0:
                return found
            if int(short.sum()) < missing:
                return None
            least = np.clip(self.member_w[pool.home] - self.before_w, 0, self.width_w)
            added = np.maximum(least - found, 0)
            marginal = float(self.rank[found > 0].max(initial=-np.inf))
            cost = np.bincount(pool.home, weights=(self.rank - marginal) * added, minlength=pool.homes)
            candidates = np.flatnonzero(short)
            joins = np.zeros(pool.homes, dtype=np.bool_)
            joins[candidates[np.argsort(cost[candidates], kind="stable")[:missing]]] = True
            # Homes that count already stay, so that what gives way is what they have beyond it.
            joins |= pool.able & (homes >= self.member_w)
            base = np.maximum(base_w, np.where(joins[pool.home], least, 0))
            if int(base.sum()) > total_w:
                return None
            again = self._poured(base, np.maximum(room, base), total_w)
            if again is None:
                return None
            found = again
        return None

    def _few(self, found_w: Ints, base_w: Ints, room_w: Ints) -> Ints:
        """``room_w`` of the homes that save most only, where ``found_w`` needs more homes than may take part."""
        pool, most = self.pool, int(self.pool.most_members)
        homes = np.bincount(pool.home, weights=found_w, minlength=pool.homes)
        if int((homes > 0).sum()) <= most:
            return room_w
        held = np.bincount(pool.home, weights=base_w, minlength=pool.homes) > 0
        dearest = float(self.rank[found_w > 0].max())
        room = np.bincount(pool.home, weights=room_w, minlength=pool.homes)
        saved = np.bincount(pool.home, weights=(dearest - self.rank) * found_w, minlength=pool.homes)
        missing = most - int(held.sum())
        best = np.zeros(pool.homes, dtype=np.bool_)
        total = int(found_w.sum())
        # What saves most first; where that is too little, what is largest.
        for order in (np.lexsort((-room, -saved)), np.argsort(-room, kind="stable")):
            best = held.copy()
            best[order[~held[order] & (room[order] > 0)][: max(missing, 0)]] = True
            if float(room[best].sum()) >= total:
                break
        return np.where(best[pool.home], room_w, base_w)

    def _poured(self, base_w: Ints, room_w: Ints, total_w: int) -> Ints | None:
        missing = total_w - int(base_w.sum())
        if missing < 0:
            return None
        free = (room_w - base_w)[self.order]
        ends = np.cumsum(free)
        if not len(ends) or ends[-1] < missing:
            return base_w if missing == 0 else None
        found = base_w.copy()
        found[self.order] += np.clip(missing - (ends - free), 0, free)
        return found


def nested_coalitions(problem: FormationProblem, pool: Pool, bounds: list[Bound]) -> Floats:
    """Coalitions for every scenario, from the lowest price up, each holding the one before, shape (n, S) [kW].

    Args:
        problem: what is formed.
        pool: its arrays.
        bounds: of each scenario; their totals are where the search begins, their mu another order that is tried.
    """
    merit = problem.merit_order()
    x = np.zeros((len(pool.price), problem.scenarios), dtype=np.int64)
    before = np.zeros(len(pool.price), dtype=np.int64)
    for s, bound in enumerate(bounds):
        best, worth = before, _worth(problem, pool, before, s)
        if bound.value > 0:
            weights = {0.0} if not pool.gain.any() else {0.0, bound.multipliers[1]}
            for mu in sorted(weights):
                filler = Filler.of(pool, merit, mu=mu)
                found = _best_fill(problem, filler, before, s, around_w=bound.total_w)
                if found is not None and _worth(problem, pool, found, s) > worth:
                    best, worth = found, _worth(problem, pool, found, s)
        x[:, s] = before = best
    return np.asarray(x / 1000.0)


def _worth(problem: FormationProblem, pool: Pool, x_w: Ints, scenario: int) -> float:
    return total_of(problem.prices[scenario] - pool.price + pool.gain, x_w)


def _best_fill(problem: FormationProblem, filler: Filler, base_w: Ints, scenario: int, *, around_w: int) -> Ints | None:
    """The coalition worth most, over totals in whole lots: a coarse grid, then golden steps around the best."""
    pool, limits = filler.pool, filler.pool.limits
    low = -(-max(limits.least, int(base_w.sum())) // limits.step)
    high = min(limits.most, int(filler.width_w.sum())) // limits.step
    payable = float(problem.payable_prices[scenario])
    known: dict[int, tuple[float, Ints | None]] = {}

    def value(lots: int) -> float:
        if lots not in known:
            x = filler.fill(lots * limits.step, base_w)
            worth = -np.inf
            if x is not None:
                cost, pay = total_of(pool.price, x), payable * float(x.sum())
                paid_for = cost <= pay + MONEY_TOLERANCE * max(abs(cost), abs(pay), 1.0) / 2
                if paid_for and cost / 1000.0 <= pool.cost_limit:
                    worth = _worth(problem, pool, x, scenario)
            known[lots] = (worth, x if worth > -np.inf else None)
        return known[lots][0]

    if low > high:
        return None
    grid = sorted({*np.linspace(low, high, COARSE).astype(int).tolist(), min(max(around_w // limits.step, low), high)})
    for lots in grid:
        value(lots)
    best = max(grid, key=value)
    place = grid.index(best)
    left, right = grid[max(place - 1, 0)], grid[min(place + 1, len(grid) - 1)]
    while right - left > 3:
        third = max((right - left) // 3, 1)
        one, two = left + third, right - third
        if value(one) > value(two) or value(two) == -np.inf:
            right = two
        else:
            left = one
    for lots in range(left, right + 1):
        value(lots)
    best = max(known, key=lambda lots: known[lots][0])
    return known[best][1]
