"""Limits on what options ask and cost, on how little a home may offer, and on how many homes take part."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from gridpact.coalition.model import CoalitionModel, cvxpy
from gridpact.coalition.terms import CLOSE_KW, Coalition, Floats, Relaxed, Stretch, Term

CLOSE = 1e-9
"""Relative difference at which sums of money are equal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLimit(Term):
    """No option is called that asks more than ``limit``."""

    limit: float
    name: str = "max_owner_price"

    @property
    def price_limit(self) -> float:
        """The limit."""
        return self.limit

    def constraints(self, model: CoalitionModel) -> list[Any]:
        """None: dearer options have no width."""
        return []

    def relaxed(self, model: CoalitionModel) -> Relaxed:
        """The limit may rise to the dearest option that is called."""
        slack = model.slack()
        dear = np.flatnonzero(model.row_price > self.limit + CLOSE)
        constraints: list[Any] = []
        if dear.size:
            levels, level = np.unique(model.row_price[dear], return_inverse=True)
            called = model.booleans((len(levels),))
            most = np.asarray(model.row_kw)[dear]
            constraints = [
                model.x[dear, 0] <= cvxpy().multiply(most, called[level]),
                slack >= cvxpy().multiply(levels - self.limit, called),
            ]
        return Relaxed(constraints=constraints, slack=slack, scale=max(abs(self.limit), 1.0))

    def stretched(self, coalition: Coalition) -> Stretch:
        """Rise of the limit, in the price unit."""
        dearest = float(np.max(coalition.price, where=coalition.called_kw > CLOSE_KW, initial=self.limit))
        return Stretch(
            amount=dearest - self.limit,
            unit="price",
            text=f"raise {self.name} from {self.limit:.2f} to {dearest:.2f}",
        )

    def broken(self, coalition: Coalition) -> str | None:
        """States the dearest option called where it is above the limit."""
        dearest = float(np.max(coalition.price, where=coalition.called_kw > CLOSE_KW, initial=-math.inf))
        if dearest <= self.limit + CLOSE:
            return None
        return f"{self.name}: an option asks {dearest:.2f}, {self.limit:.2f} is allowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerBudget(Term):
    """What is called is agreed for at most ``limit_usd``, whatever the market clears at."""

    limit_usd: float
    usd_per_cost: float
    """USD per unit of option price times kW: hours by 1000."""
    name: str = "max_owner_pay_usd"

    @property
    def cost_limit(self) -> float:
        """The budget [price unit * kW]."""
        return self.limit_usd / self.usd_per_cost

    def constraints(self, model: CoalitionModel) -> list[Any]:
        """Each scenario's options together."""
        return [model.row_price @ model.x <= self.cost_limit - model.tightened_by]

    def relaxed(self, model: CoalitionModel) -> Relaxed:
        """The budget may rise."""
        slack = model.slack()
        return Relaxed(
            constraints=[model.row_price @ model.x <= self.cost_limit + slack],
            slack=slack,
            scale=max(self.cost_limit, 1.0),
        )

    def stretched(self, coalition: Coalition) -> Stretch:
        """Rise of the budget [USD]."""
        needed = float(coalition.price @ coalition.called_kw) * self.usd_per_cost
        return Stretch(
            amount=max(needed - self.limit_usd, 0.0),
            unit="USD",
            text=f"raise {self.name} from {self.limit_usd:.4f} to {math.ceil(needed * 1e4 - 1e-6) / 1e4:.4f} USD",
        )

    def broken(self, coalition: Coalition) -> str | None:
        """States the cost where it is above the budget."""
        cost = float(coalition.price @ coalition.called_kw)
        if cost <= self.cost_limit + CLOSE * max(abs(cost), self.cost_limit, 1.0):
            return None
        return f"{self.name}: options cost {cost * self.usd_per_cost:.4f} of {self.limit_usd:.4f} USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumOffer(Term):
    """A home that offers less than ``limit_kw`` in all is not called."""

    limit_kw: float
    offered_kw: Floats
    """What each home offers, shape (homes,) [kW]."""
    name: str = "min_offer_kw"

    @property
    def home_limit_kw(self) -> Floats:
        """Zero for homes that offer too little, shape (homes,) [kW]."""
        return np.where(self.offered_kw >= self.limit_kw - CLOSE_KW, math.inf, 0.0)

    def constraints(self, model: CoalitionModel) -> list[Any]:
        """None: options of such homes have no width."""
        return []

    def relaxed(self, model: CoalitionModel) -> Relaxed:
        """The minimum may fall to the smallest offer that is called."""
        slack = model.slack()
        offered = self.offered_kw[model.offering]
        small = np.flatnonzero(offered < self.limit_kw - CLOSE_KW)
        constraints: list[Any] = []
        if small.size:
            called = model.booleans((len(small),))
            constraints = [
                model.homes[small, 0] <= cvxpy().multiply(offered[small], called),
                slack >= cvxpy().multiply(self.limit_kw - offered[small], called),
            ]
        return Relaxed(constraints=constraints, slack=slack, scale=max(self.limit_kw, 1.0))

    def _smallest(self, coalition: Coalition) -> float:
        return float(np.min(self.offered_kw, where=coalition.homes_kw > CLOSE_KW, initial=math.inf))

    def stretched(self, coalition: Coalition) -> Stretch:
        """Fall of the minimum [kW]."""
        least = min(self._smallest(coalition), self.limit_kw)
        return Stretch(
            amount=self.limit_kw - least,
            unit="kW",
            text=f"lower {self.name} from {self.limit_kw:.3f} to {math.floor(least * 1000 + 1e-6) / 1000:.3f} kW",
        )

    def broken(self, coalition: Coalition) -> str | None:
        """States the smallest offer called where it is below the minimum."""
        least = self._smallest(coalition)
        if least >= self.limit_kw - CLOSE_KW:
            return None
        return f"{self.name}: a home that offers {least:.3f} kW is called, {self.limit_kw:.3f} is asked for"


@dataclass(frozen=True, slots=True, kw_only=True)
class MaximumMembers(Term):
    """At most ``count`` homes have anything."""

    count: int
    available_kw: Floats
    """What each home can be called for, shape (homes,) [kW]."""
    name: str = "max_members"

    @property
    def total_only(self) -> bool:
        """False: who makes up the total matters."""
        return False

    @property
    def most_members(self) -> float:
        """The count."""
        return self.count

    @property
    def most_kw(self) -> float:
        """What the largest homes have together [kW]."""
        largest = np.sort(self.available_kw)[::-1][: self.count]
        return float(np.round(largest, 3).sum())

    def _constraints(self, model: CoalitionModel, scenarios: int, most: Any) -> list[Any]:
        cp = cvxpy()
        member = model.booleans((len(model.offering), scenarios))
        available = np.repeat(self.available_kw[model.offering][:, None], scenarios, axis=1)
        return [model.homes <= cp.multiply(available, member), cp.sum(member, axis=0) <= most]

    def constraints(self, model: CoalitionModel) -> list[Any]:
        """Binary membership of each home in each scenario."""
        return self._constraints(model, model.problem.scenarios, self.count)

    def relaxed(self, model: CoalitionModel) -> Relaxed:
        """More members may join."""
        slack = model.slack()
        return Relaxed(
            constraints=self._constraints(model, 1, self.count + slack), slack=slack, scale=float(self.count)
        )

    def stretched(self, coalition: Coalition) -> Stretch:
        """Members too many."""
        members = int((coalition.homes_kw > CLOSE_KW).sum())
        return Stretch(
            amount=float(max(members - self.count, 0)),
            unit="homes",
            text=f"raise {self.name} from {self.count} to {members} homes",
        )

    def broken(self, coalition: Coalition) -> str | None:
        """States the number of members where it is too large."""
        members = int((coalition.homes_kw > CLOSE_KW).sum())
        return f"{self.name}: {members} homes, {self.count} are allowed" if members > self.count else None
