"""The operator's terms as rules for the coalition of one opportunity."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact import units
from gridpact.coalition.limits import MaximumMembers, MinimumOffer, OwnerBudget, PriceLimit
from gridpact.coalition.problem import trim_to_homes
from gridpact.coalition.terms import Coalition, HomeCap, Stretch, Term, TotalCap
from gridpact.market.opportunity import MarketOpportunity
from gridpact.messages.books import OptionBook
from gridpact.optimization.spec import ProblemSpec

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpareCap(TotalCap):
    """A share of what homes agreed to is not bid."""

    fraction: float
    agreed_kw: float
    """What homes agreed to, within every limit on them [kW]."""
    name: str = "spare_fraction"

    def stretched(self, coalition: Coalition) -> Stretch:
        """Fall of the share [fraction]."""
        left = max(math.floor((1.0 - coalition.total_kw / self.agreed_kw) * 1e4) / 1e4, 0.0)
        return Stretch(
            amount=max(self.fraction - left, 0.0),
            unit="fraction",
            text=f"lower {self.name} from {self.fraction:.4f} to {left:.4f}",
        )


def compile_terms(spec: ProblemSpec, *, options: OptionBook, opportunity: MarketOpportunity) -> tuple[Term, ...]:
    """The terms that a coalition of ``options`` keeps for ``opportunity``, besides the margin and prices.

    Limits on single homes come first, because what they leave is what other terms count.
    """
    hours = opportunity.window_h
    agreed = options.per_home_kw()
    singles: list[Term] = []
    if spec.max_kwh_per_home is not None:
        singles.append(
            HomeCap(limit_kw=spec.max_kwh_per_home / hours, name="max_kwh_per_home", scale=hours, unit="kWh")
        )
    if spec.min_offer_kw > 0:
        singles.append(MinimumOffer(limit_kw=spec.min_offer_kw, offered_kw=agreed))
    if spec.max_owner_price is not None:
        singles.append(PriceLimit(limit=spec.max_owner_price))
    left = _left(options, singles)
    terms = [*spec.terms(available_kw=_per_home(options, left)), *singles]
    if spec.spare_fraction > 0:
        capped = float(_left(options, terms).sum())
        if capped > 0:
            limit = math.floor(capped * (1.0 - spec.spare_fraction) * 1000.0 + 1e-6) / 1000.0
            terms.append(SpareCap(limit_kw=limit, fraction=spec.spare_fraction, agreed_kw=capped))
    if spec.max_total_kwh is not None:
        terms.append(TotalCap(limit_kw=spec.max_total_kwh / hours, name="max_total_kwh", scale=hours, unit="kWh"))
    if spec.max_request_fraction is not None:
        requested = opportunity.requested_kw
        terms.append(
            TotalCap(
                limit_kw=spec.max_request_fraction * requested,
                name="max_request_fraction",
                scale=1.0 / requested,
                unit="of the request",
            )
        )
    if spec.max_owner_pay_usd is not None:
        terms.append(OwnerBudget(limit_usd=spec.max_owner_pay_usd, usd_per_cost=hours / units.KW_PER_MW))
    if spec.max_members is not None:
        terms.append(MaximumMembers(count=spec.max_members, available_kw=agreed))
    return tuple(terms)


def _per_home(options: OptionBook, kw: Floats) -> Floats:
    """Sum of ``kw`` (n,) over each home, shape (homes,) [kW]."""
    return np.bincount(options.home_index, weights=kw, minlength=len(options.home_ids)).astype(np.float64)


def _left(options: OptionBook, terms: list[Term]) -> Floats:
    """Width of each option that limits on single homes and prices leave, shape (n,) [kW]."""
    limit = np.full(len(options.home_ids), np.inf)
    dearest = math.inf
    for term in terms:
        limit = np.minimum(limit, term.home_limit_kw)
        dearest = min(dearest, term.price_limit)
    widths = trim_to_homes(options, limit)
    return np.where(options.price <= dearest + 1e-9, widths, 0.0)
