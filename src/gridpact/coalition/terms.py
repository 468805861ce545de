"""Terms that a coalition keeps beside the market's request: caps, shares, minimums, lots, members.

A term says the same thing three ways: as CVXPY constraints for the optimiser, as constraints with a slack for the
diagnosis of what is in the way, and as a plain check of numbers that everything submitted must pass, whoever found it.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridpact.coalition.model import CoalitionModel, cvxpy

Floats = NDArray[np.float64]

MEMBER_KW = 0.1
"""A home counts as a member from this power, or from all that it offers if that is less [kW]."""
CLOSE_KW = 1e-6
"""Powers this close are equal: a thousandth of a watt [kW]."""


def ceil_watt(kw: float) -> float:
    """``kw`` rounded up to a whole watt, infinite as it is [kW]."""
    return math.ceil(kw * 1000.0 - 1e-6) / 1000.0 if math.isfinite(kw) else kw


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coalition:
    """What is called, as plain numbers."""

    called_kw: Floats
    """Of each option, shape (n,) [kW]."""
    price: Floats
    """Of each option, shape (n,)."""
    homes_kw: Floats
    """Of each home, shape (homes,) [kW]."""
    total_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxed:
    """A term that may be stretched, for the diagnosis."""

    constraints: list[Any]
    slack: Any
    """CVXPY scalar, at least zero: how far the term is stretched."""
    scale: float
    """Size of the term, so that stretching different terms can be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """How far a coalition stretches a term."""

    amount: float
    unit: str
    text: str
    """What to change, in words."""


class Term(ABC):
    """A rule for the coalition of one scenario. No coalition at all keeps every term."""

    __slots__ = ()

    name: str
    """Key of the problem spec, or the market's rule."""

    @property
    def total_only(self) -> bool:
        """Whether limits on homes, prices, costs, and on the total are all there is to it."""
        return True

    @property
    def home_limit_kw(self) -> float | Floats:
        """Most that one home may have, in any coalition; one number, or one for each home, shape (homes,) [kW]."""
        return math.inf

    @property
    def price_limit(self) -> float:
        """Most that an option may ask, in the options' unit; dearer ones are not called."""
        return math.inf

    @property
    def cost_limit(self) -> float:
        """Most that the options called may cost together [price unit * kW]."""
        return math.inf

    @property
    def most_members(self) -> float:
        """Largest number of homes that have anything at all."""
        return math.inf

    @property
    def least_kw(self) -> float:
        """Least total of a coalition [kW]."""
        return 0.0

    @property
    def most_kw(self) -> float:
        """Largest total of a coalition [kW]."""
        return math.inf

    @property
    def step_kw(self) -> float:
        """Totals are whole numbers of this; 0 for any total [kW]."""
        return 0.0

    def share_kw(self, total_kw: float) -> float:
        """Most that one home may have in a coalition of ``total_kw``, before rounding up to a whole watt [kW]."""
        return math.inf

    @abstractmethod
    def constraints(self, model: CoalitionModel) -> list[Any]:
        """CVXPY constraints of the hard term, for every scenario."""

    @abstractmethod
    def relaxed(self, model: CoalitionModel) -> Relaxed:
        """The term with a slack, for one scenario in which there is a coalition."""

    @abstractmethod
    def stretched(self, coalition: Coalition) -> Stretch:
        """How far a coalition stretches the term."""

    @abstractmethod
    def broken(self, coalition: Coalition) -> str | None:
        """What a coalition breaks, in words; None if it keeps the term."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeCap(Term):
    """No home has more than ``limit_kw``."""

    limit_kw: float
    name: str = "max_kw_per_home"
    scale: float = 1.0
    """Units of the operator's term per kW, such as the window's hours where it is in kWh."""
    unit: str = "kW"

    @property
    def home_limit_kw(self) -> float:
        """The cap in whole watts [kW]."""
        return math.floor(self.limit_kw * 1000.0 + 1e-6) / 1000.0

    def constraints(self, model: CoalitionModel) -> list[Any]:
        """None: formation trims each home's options to the cap."""
        return []

    def relaxed(self, model: CoalitionModel) -> Relaxed:
        """The cap may rise."""
        slack = model.slack()
        return Relaxed(constraints=[model.homes <= self.limit_kw + slack], slack=slack, scale=max(self.limit_kw, 1.0))

    def stretched(self, coalition: Coalition) -> Stretch:
        """Rise of the cap [kW]."""
        needed = float(coalition.homes_kw.max(initial=0.0))
        return Stretch(
            amount=max(needed - self.limit_kw, 0.0) * self.scale,
            unit=self.unit,
            text=f"raise {self.name} from {self.limit_kw * self.scale:.3f} to {needed * self.scale:.3f} {self.unit}",
        )

    def broken(self, coalition: Coalition) -> str | None:
        """States the largest member where it is above the cap."""
        most = float(coalition.homes_kw.max(initial=0.0))
        if most <= self.limit_kw + CLOSE_KW:
            return None
        return f"{self.name}: a home has {most:.3f} of {self.limit_kw:.3f} kW"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareCap(Term):
    """No home has more than ``fraction`` of the total, rounded up to a whole watt."""

    fraction: float
    name: str = "max_share_per_home"

    @property
    def total_only(self) -> bool:
        """False: who makes up the total matters."""
        return False

    def share_kw(self, total_kw: float) -> float:
        """The share of the total."""
        return self.fraction * total_kw

    def constraints(self, model: CoalitionModel) -> list[Any]:
        """Each home against the scenario's total."""
        return [model.homes <= self.fraction * model.total_by_home]

    def relaxed(self, model: CoalitionModel) -> Relaxed:
        """Every home may exceed its share by the same power."""
        slack = model.slack()
        return Relaxed(
            constraints=[model.homes <= self.fraction * model.total_by_home + slack],
            slack=slack,
            scale=max(self.fraction * model.problem.requested_kw, 1.0),
        )

    def stretched(self, coalition: Coalition) -> Stretch:
        """Rise of the share [fraction]."""
        needed = float(coalition.homes_kw.max(initial=0.0)) / coalition.total_kw if coalition.total_kw > 0 else 0.0
        return Stretch(
            amount=max(needed - self.fraction, 0.0),
            unit="fraction",
            text=f"raise {self.name} from {self.fraction:.3f} to {math.ceil(needed * 1000 - 1e-6) / 1000:.3f}",
        )

    def broken(self, coalition: Coalition) -> str | None:
        """States the largest share where it is above the cap."""
        most = float(coalition.homes_kw.max(initial=0.0))
        if most <= ceil_watt(self.share_kw(coalition.total_kw)) + CLOSE_KW:
            return None
        return f"{self.name}: a home has {most / coalition.total_kw:.4f} of the total, {self.fraction:.4f} is allowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalCap(Term):
    """The coalition has at most ``limit_kw``."""

    limit_kw: float
    name: str = "max_total_kw"
    scale: float = 1.0
    """Units of the operator's term per kW."""
    unit: str = "kW"

    @property
    def most_kw(self) -> float:
        """The cap [kW]."""
        return self.limit_kw

    def constraints(self, model: CoalitionModel) -> list[Any]:
        """Each scenario's total."""
        return [model.total <= self.limit_kw]

    def relaxed(self, model: CoalitionModel) -> Relaxed:
        """The cap may rise."""
        slack = model.slack()
        return Relaxed(constraints=[model.total <= self.limit_kw + slack], slack=slack, scale=max(self.limit_kw, 1.0))

    def stretched(self, coalition: Coalition) -> Stretch:
        """Rise of the cap [kW]."""
        return Stretch(
            amount=max(coalition.total_kw - self.limit_kw, 0.0) * self.scale,
            unit=self.unit,
            text=f"raise {self.name} from {self.limit_kw * self.scale:.3f} to "
            f"{coalition.total_kw * self.scale:.3f} {self.unit}",
        )

    def broken(self, coalition: Coalition) -> str | None:
        """States the total where it is above the cap."""
        if coalition.total_kw <= self.limit_kw + CLOSE_KW:
            return None
        return f"{self.name}: {coalition.total_kw:.3f} kW exceed {self.limit_kw:.3f} kW"


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumTotal(Term):
    """The coalition has at least ``limit_kw``, or does not exist."""

    limit_kw: float
    market: bool = False
    """True where the market sets it, so that the operator cannot lower it."""
    name: str = "min_total_kw"

    @property
    def least_kw(self) -> float:
        """The minimum [kW]."""
        return self.limit_kw

    def constraints(self, model: CoalitionModel) -> list[Any]:
        """Each scenario in which there is a coalition."""
        return [model.total >= self.limit_kw * model.running()]

    def relaxed(self, model: CoalitionModel) -> Relaxed:
        """The minimum may fall."""
        slack = model.slack()
        return Relaxed(constraints=[model.total >= self.limit_kw - slack], slack=slack, scale=max(self.limit_kw, 1.0))

    def stretched(self, coalition: Coalition) -> Stretch:
        """Power missing [kW]."""
        missing = max(self.limit_kw - coalition.total_kw, 0.0)
        change = "" if self.market else "lower it or "
        return Stretch(
            amount=missing,
            unit="kW",
            text=f"{self.name} asks for {self.limit_kw:.3f} kW: {change}find {missing:.3f} kW more",
        )

    def broken(self, coalition: Coalition) -> str | None:
        """States the total where it is below the minimum."""
        if coalition.total_kw >= self.limit_kw - CLOSE_KW:
            return None
        return f"{self.name}: {coalition.total_kw:.3f} kW is less than {self.limit_kw:.3f} kW"


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeLots(Term):
    """The coalition's total is a whole number of lots of ``lot_kw``."""

    lot_kw: float
    name: str = "the market's quantity step"

    @property
    def step_kw(self) -> float:
        """The lot [kW]."""
        return self.lot_kw

    def _most(self, requested_kw: float) -> int:
        return math.floor(requested_kw / self.lot_kw + 1e-9)

    def constraints(self, model: CoalitionModel) -> list[Any]:
        """Each scenario's total is an integer times the lot."""
        lots = model.integers(model.problem.scenarios, most=self._most(model.problem.requested_kw))
        return [model.total == self.lot_kw * lots]

    def relaxed(self, model: CoalitionModel) -> Relaxed:
        """The last lot may be filled by power that nobody has offered yet."""
        slack = model.slack()
        lots = model.integers(1, most=self._most(model.problem.requested_kw) + 1)
        return Relaxed(
            constraints=[model.total + slack == self.lot_kw * lots, lots >= 1, slack <= self.lot_kw],
            slack=slack,
            scale=self.lot_kw,
        )

    def stretched(self, coalition: Coalition) -> Stretch:
        """Power missing to the next whole lot [kW]."""
        missing = max(
            max(math.ceil(coalition.total_kw / self.lot_kw - 1e-6), 1) * self.lot_kw - coalition.total_kw, 0.0
        )
        return Stretch(
            amount=missing, unit="kW", text=f"{self.name} is {self.lot_kw:.3f} kW: find {missing:.3f} kW more"
        )

    def broken(self, coalition: Coalition) -> str | None:
        """States the total where it is not a whole number of lots."""
        if abs(coalition.total_kw - round(coalition.total_kw / self.lot_kw) * self.lot_kw) <= CLOSE_KW:
            return None
        return f"{self.name}: {coalition.total_kw:.3f} kW is not a whole number of {self.lot_kw:.3f} kW"


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumMembers(Term):
    """At least ``count`` homes take part, or the coalition does not exist."""

    count: int
    available_kw: Floats
    """What each home offers, shape (homes,): a home that offers less than `MEMBER_KW` counts with all of it [kW]."""
    name: str = "min_members"

    @property
    def total_only(self) -> bool:
        """False: who makes up the total matters."""
        return False

    @property
    def member_kw(self) -> Floats:
        """Power from which each home counts, shape (homes,) [kW]."""
        return np.minimum(self.available_kw, MEMBER_KW)

    def _members(self, model: CoalitionModel, scenarios: int) -> tuple[Any, list[Any]]:
        cp = cvxpy()
        member = model.booleans((len(model.offering), scenarios))
        least = np.repeat(self.member_kw[model.offering][:, None], scenarios, axis=1)
        return cp.sum(member, axis=0), [model.homes >= cp.multiply(least, member)]

    def constraints(self, model: CoalitionModel) -> list[Any]:
        """Binary membership of each home in each scenario."""
        members, constraints = self._members(model, model.problem.scenarios)
        return [*constraints, members >= self.count * model.running()]

    def relaxed(self, model: CoalitionModel) -> Relaxed:
        """Fewer members may do."""
        slack = model.slack()
        members, constraints = self._members(model, 1)
        return Relaxed(constraints=[*constraints, members >= self.count - slack], slack=slack, scale=float(self.count))

    def members(self, homes_kw: Floats) -> int:
        """How many homes count as members."""
        return int(((homes_kw >= self.member_kw - CLOSE_KW) & (homes_kw > CLOSE_KW)).sum())

    def stretched(self, coalition: Coalition) -> Stretch:
        """Members missing."""
        members = self.members(coalition.homes_kw)
        missing = max(self.count - members, 0)
        return Stretch(
            amount=float(missing),
            unit="homes",
            text=f"{self.name} asks for {self.count} homes: lower it to {members} or find {missing} more",
        )

    def broken(self, coalition: Coalition) -> str | None:
        """States the number of members where it is too small."""
        members = self.members(coalition.homes_kw)
        return f"{self.name}: {members} of {self.count} homes" if members < self.count else None
