"""What formation decides: how much of each option to activate at each price the market may clear at."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gridpact import units
from gridpact.coalition.risk import RiskAversion
from gridpact.coalition.terms import Coalition, Term
from gridpact.errors import InputError, UnitRangeError
from gridpact.messages.books import OptionBook

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

VOLUME_BONUS = 1e-4
"""Worth of one more MWh or MW-h beyond its price, a hundredth of a cent: at no gain and no loss, owners may sell."""
MONEY_TOLERANCE = 1e-9
"""Rounding allowed when money is compared, relative to the sums compared."""


def money_requirement(average_cost: float, *, margin: float, spread: float = 0.0) -> float:
    """Least clearing price at which an average cost leaves ``margin`` of the price, and ``spread``, to the operator.

    Solves ``average_cost = price - margin*abs(price) - spread``, so that a margin also protects at negative prices.
    """
    needed = average_cost + spread
    return needed / (1.0 - margin) if needed >= 0 else needed / (1.0 + margin)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormationProblem:
    """Options to choose from, price scenarios to choose for, and the terms to keep.

    Maximises the expected market value less option cost plus the worth of satisfaction, over activations that
    never shrink as the price rises, so that coalitions nest and their totals are a bid curve.
    """

    options: OptionBook
    """n options; within a home their prices rise."""
    prices: Floats
    """Market price of each scenario, rising, in the options' unit, shape (S,)."""
    probabilities: Floats
    """Weight of each scenario, shape (S,); with `unsold_probability` they sum to one. Risk aversion is in them."""
    window_h: float
    """Length of the window [h]."""
    requested_kw: float
    """Most that the market takes [kW]."""
    margin: float = 0.0
    """Share of the market's pay that the operator keeps at least, in every scenario; 0 means it never loses money."""
    min_spread: float = 0.0
    """Least that the market pays above the average option price, in the options' unit, on top of the margin."""
    min_price: float = -math.inf
    """Nothing is sold at a clearing price below this, in the options' unit."""
    unsold_probability: float = 0.0
    """Weight of scenarios that were left out because nothing may be sold in them."""
    min_profit_usd: float = 0.0
    """Expected profit below which there is no coalition at all [USD]; 0 asks for none. Ignored with ``allow_loss``."""
    believed: Floats | None = None
    """What the probabilities are where ``probabilities`` weigh risk, shape (S,)."""
    risk: RiskAversion | None = None
    """What ``probabilities`` were weighed by."""
    max_segments: int = 0
    """Most steps of the bid curve; 0 is no limit."""
    allow_loss: bool = False
    """Fill the request as far as options go, at least cost, whatever the price."""
    terms: tuple[Term, ...] = ()
    """Everything else that a coalition must keep."""
    gain_usd_per_kw: Floats | None = None
    """Worth of satisfaction per kW activated of each home, shape (homes,) [USD/kW]; None counts none."""

    def __post_init__(self) -> None:
        """Check and freeze; raises InputError or UnitRangeError."""
        for name in ("prices", "probabilities"):
            array = np.array(getattr(self, name), dtype=np.float64)
            if array.ndim != 1 or not array.size or not np.isfinite(array).all():
                raise InputError(f"formation: {name} must be a non-empty column of finite numbers")
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        if len(self.prices) != len(self.probabilities):
            raise InputError(f"formation: {len(self.prices)} prices but {len(self.probabilities)} probabilities")
        if (np.diff(self.prices) <= 0).any():
            raise InputError("formation: scenario prices must rise strictly; merge equal ones")
        mass = float(self.probabilities.sum()) + self.unsold_probability
        if (self.probabilities < 0).any() or self.unsold_probability < 0 or abs(mass - 1.0) > 1e-9:
            raise UnitRangeError("formation: scenario probabilities must not be negative and must sum to 1")
        for name in ("window_h", "requested_kw"):
            if not 0 < getattr(self, name) < float("inf"):
                raise UnitRangeError(f"formation: {name} is {getattr(self, name)}; it must be above zero and finite")
        if not 0 <= self.margin < 1:
            raise UnitRangeError(f"formation: margin is {self.margin}; it must be at least 0 and below 1")
        for name in ("min_spread", "min_profit_usd"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise UnitRangeError(f"formation: {name} is {getattr(self, name)}; it must be at least 0 and finite")
        if self.max_segments < 0:
            raise UnitRangeError(f"formation: max_segments is {self.max_segments}; use 0 for no limit")
        if self.gain_usd_per_kw is not None:
            gain = np.array(self.gain_usd_per_kw, dtype=np.float64)
            if gain.shape != (len(self.options.home_ids),) or not np.isfinite(gain).all():
                raise InputError(f"formation: gain_usd_per_kw must hold {len(self.options.home_ids)} finite numbers")
            gain.setflags(write=False)
            object.__setattr__(self, "gain_usd_per_kw", gain)

    @property
    def scenarios(self) -> int:
        """Number of price scenarios S."""
        return len(self.prices)

    @property
    def homes(self) -> int:
        """Number of homes that options point into."""
        return len(self.options.home_ids)

    @property
    def total_only(self) -> bool:
        """Whether only the coalition's total matters beyond each option's own width."""
        return self.gain_usd_per_kw is None and all(term.total_only for term in self.terms)

    @property
    def payable_prices(self) -> Floats:
        """Highest average option price that each scenario can pay once the margin is kept, shape (S,)."""
        return self.prices - self.margin * np.abs(self.prices) - self.min_spread

    @property
    def closed(self) -> int:
        """How many of the lowest scenarios lie below `min_price`."""
        return int(np.count_nonzero(self.prices < self.min_price - 1e-9))

    def opened(self) -> "FormationProblem":
        """The same without the scenarios in which nothing may be sold; at least one must be left."""
        shut = self.closed
        if not shut:
            return self
        return replace(
            self,
            prices=self.prices[shut:],
            probabilities=self.probabilities[shut:],
            believed=None if self.believed is None else self.believed[shut:],
            unsold_probability=self.unsold_probability + float(self.probabilities[:shut].sum()),
        )

    def merit_order(self) -> Ints:
        """Option indices by price, then home id, then segment, shape (n,)."""
        ids = np.array(self.options.home_ids, dtype=object)
        by_name = np.empty(len(ids), dtype=np.int64)
        by_name[np.argsort(ids, kind="stable")] = np.arange(len(ids))
        home = by_name[self.options.home_index] if len(self.options) else self.options.home_index
        return np.lexsort((self.options.segment, home, self.options.price))

    def usable_kw(self) -> Floats:
        """Width of each option that the terms on single homes leave, cheapest first, shape (n,) [kW]."""
        limit = np.full(self.homes, np.inf)
        for term in self.terms:
            limit = np.minimum(limit, term.home_limit_kw)
        widths = trim_to_homes(self.options, limit)
        # Within a home prices rise, so that what a price limit takes away lies above what a home's limit leaves.
        dearest = min((term.price_limit for term in self.terms), default=math.inf)
        return np.where(self.options.price <= dearest + 1e-9, widths, 0.0)

    def home_totals(self, x: Floats) -> Floats:
        """Sum of ``x`` (n,) over each home, shape (homes,) [kW]."""
        return np.bincount(self.options.home_index, weights=x, minlength=self.homes).astype(np.float64)

    def coalition(self, x: Floats) -> Coalition:
        """What ``x`` (n,) calls, for terms to judge."""
        return Coalition(called_kw=x, price=self.options.price, homes_kw=self.home_totals(x), total_kw=float(x.sum()))

    def profits_usd(self, x: Floats) -> Floats:
        """Market value less option cost of each scenario, shape (S,) [USD], of activations ``x``, shape (n, S)."""
        spread = self.prices[None, :] - self.options.price[:, None]
        return np.asarray((spread * x).sum(axis=0) * self.window_h / units.KW_PER_MW)

    def worths_usd(self, x: Floats) -> Floats:
        """Profit and the worth of satisfaction in each scenario, shape (S,) [USD], of ``x``, shape (n, S)."""
        if self.gain_usd_per_kw is None:
            return self.profits_usd(x)
        return self.profits_usd(x) + self.gain_usd_per_kw[self.options.home_index] @ x

    def earns_too_little(self, x: Floats) -> bool:
        """Whether ``x``, shape (n, S), has an expected profit below `min_profit_usd`."""
        if self.allow_loss or self.min_profit_usd <= 0:
            return False
        earned = float(self.profits_usd(x) @ self.probabilities)
        return earned < self.min_profit_usd - MONEY_TOLERANCE * max(self.min_profit_usd, 1.0)

    def value_usd(self, x: Floats) -> float:
        """Expected surplus [USD] of activations ``x``, shape (n, S), with the worth of satisfaction."""
        gain = 0.0 if self.gain_usd_per_kw is None else self.gain_usd_per_kw[self.options.home_index][:, None]
        spread = self.prices[None, :] - self.options.price[:, None]
        per_kw = spread * self.window_h / units.KW_PER_MW + gain
        return float(((per_kw * x) @ self.probabilities).sum())

    def broken(self, x: Floats, scenario: int) -> str | None:
        """What the coalition ``x`` (n,) breaks at a scenario's price, in words; None if nothing."""
        return self.broken_at(x, price=float(self.prices[scenario]))

    def broken_at(self, x: Floats, *, price: float) -> str | None:
        """What the coalition ``x`` (n,) breaks at a clearing price, in words; None if nothing."""
        total = float(x.sum())
        if total <= 0:
            return None
        if (x < -1e-9).any() or (x > self.options.quantity_kw + 1e-9).any():
            return "an option is activated beyond its width"
        if total > self.requested_kw + 1e-6:
            return f"{total:.3f} kW exceed the {self.requested_kw:.3f} kW requested"
        if price < self.min_price - 1e-9:
            return f"sold at {price:.2f}, below the lowest price of {self.min_price:.2f}"
        coalition = self.coalition(x)
        for term in self.terms:
            text = term.broken(coalition)
            if text is not None:
                return text
        cost = float(self.options.price @ x)
        pay = (price - self.margin * abs(price) - self.min_spread) * total
        if not self.allow_loss and cost > pay + MONEY_TOLERANCE * max(abs(cost), abs(pay), 1.0):
            return f"options cost {cost:.4f} where the market leaves {pay:.4f} after the margin"
        return None


def trim_to_homes(options: OptionBook, limit_kw: Floats) -> Floats:
    """Widths of ``options`` cut so that each home's sum keeps ``limit_kw`` (homes,), dearest cut first [kW]."""
    widths = options.quantity_kw
    if not len(options) or not np.isfinite(limit_kw).any():
        return widths.copy()
    before = cumulative_within_homes(options.home_index, widths)
    return np.clip(limit_kw[options.home_index] - before, 0.0, widths)


def cumulative_within_homes(home_index: Ints, widths: Floats) -> Floats:
    """For rows sorted by home, the sum of ``widths`` of the same home's earlier rows, shape (n,)."""
    running = np.cumsum(widths) - widths
    first = np.r_[True, np.diff(home_index) != 0]
    starts = np.maximum.accumulate(np.where(first, np.arange(len(widths)), 0))
    return np.round(running - running[starts], 9)
