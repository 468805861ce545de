"""From the operator's spec, the market's rules and the homes' options to a formation problem."""

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gridpact import units
from gridpact.coalition.problem import FormationProblem
from gridpact.coalition.satisfaction import PAY_WEIGHT, VOLUME_WEIGHT, pay_satisfaction
from gridpact.coalition.terms import MinimumTotal, Term, WholeLots
from gridpact.errors import InputError
from gridpact.market.opportunity import MarketOpportunity
from gridpact.market.rules import RuleProfile
from gridpact.market.scenarios import PriceScenarios
from gridpact.messages.books import OptionBook
from gridpact.optimization.compile import compile_terms
from gridpact.optimization.spec import ProblemSpec

Floats = NDArray[np.float64]

FINEST_KW = 0.001
"""Everything is traded in whole watts, so a market step of a watt adds nothing."""
MARKET_MINIMUM = "the market's minimum"


@dataclass(frozen=True, slots=True, kw_only=True)
class BidRequest:
    """Everything known when a bid is made."""

    opportunity: MarketOpportunity
    rules: RuleProfile
    options: OptionBook
    scenarios: PriceScenarios
    ask_price: Floats | None = None
    """What each option's home last asked for it, shape (n,); only satisfaction uses it."""
    allow_loss: bool = False

    def __post_init__(self) -> None:
        """Check shapes; raises InputError."""
        if self.ask_price is not None and np.shape(self.ask_price) != (len(self.options),):
            raise InputError(f"ask_price has shape {np.shape(self.ask_price)}; there are {len(self.options)} options")

    def without(self, home_ids: Collection[str]) -> "BidRequest":
        """The same request without the options of some homes."""
        gone = set(home_ids)
        stays = np.array([self.options.home_ids[k] not in gone for k in self.options.home_index], dtype=np.bool_)
        asks = None if self.ask_price is None else np.asarray(self.ask_price, dtype=np.float64)[stays]
        return replace(self, options=self.options.where(stays), ask_price=asks)


def formation_problem(spec: ProblemSpec, request: BidRequest) -> FormationProblem:
    """The problem that ``spec`` and the market pose for ``request``.

    Scenario prices are cut to the market's price limits and down to whole cents, because bids are in cents; equal
    ones are merged.
    """
    opportunity, rules, product = request.opportunity, request.rules, request.opportunity.product
    prices, probabilities = _in_cents(
        request.scenarios, floor=rules.price_floor(product), cap=rules.bid_price_cap(product)
    )
    terms: list[Term] = list(compile_terms(spec, options=request.options, opportunity=opportunity))
    least = rules.least_kw(opportunity)
    if least > 0:
        terms.append(MinimumTotal(limit_kw=least, market=True, name=MARKET_MINIMUM))
    if rules.quantity_step_kw > FINEST_KW + 1e-9:
        terms.append(WholeLots(lot_kw=rules.quantity_step_kw))
    return FormationProblem(
        options=request.options,
        prices=prices,
        probabilities=spec.weighed(probabilities),
        believed=None if spec.risk is None else probabilities,
        risk=spec.risk,
        window_h=opportunity.window_h,
        requested_kw=min(opportunity.requested_kw, rules.maximum_kw(product)),
        margin=spec.margin,
        min_spread=spec.min_spread,
        min_price=-math.inf if spec.min_bid_price is None else units.ceil_cent(spec.min_bid_price),
        min_profit_usd=0.0 if request.allow_loss else spec.min_expected_profit_usd,
        max_segments=_fewest(rules.max_segments, spec.max_bid_steps),
        allow_loss=request.allow_loss,
        terms=tuple(terms),
        gain_usd_per_kw=_satisfaction_gain(spec, request) if spec.satisfaction_weight_usd > 0 else None,
    )


def _fewest(market: int, operator: int | None) -> int:
    """Most steps of a bid curve; 0 is no limit."""
    return min((limit for limit in (market, operator or 0) if limit > 0), default=0)


def _in_cents(scenarios: PriceScenarios, *, floor: float, cap: float) -> tuple[Floats, Floats]:
    cents = np.floor(np.clip(scenarios.prices, floor, cap) * 100.0 + 1e-6) / 100.0
    prices, which = np.unique(np.round(cents, 2), return_inverse=True)
    probabilities = np.bincount(which, weights=scenarios.probabilities)
    return prices, probabilities / probabilities.sum()


def _satisfaction_gain(spec: ProblemSpec, request: BidRequest) -> Floats:
    """Worth of satisfaction per kW activated of each home, shape (homes,) [USD/kW].

    A home's satisfaction when all that it offers is activated, spread evenly over its offer. Pay counts where its last
    ask is known, volume always; comfort is not known yet and drops.
    """
    options = request.options
    offered = options.per_home_kw()
    score = np.ones(len(offered))
    if request.ask_price is not None:
        homes = len(options.home_ids)

        def over_homes(price: Floats | float) -> Floats:
            weights = np.broadcast_to(np.asarray(price, dtype=np.float64), (len(options),)) * options.quantity_kw
            total: Floats = np.bincount(options.home_index, weights=weights, minlength=homes).astype(np.float64)
            return total * request.opportunity.window_h / units.KW_PER_MW

        pay = pay_satisfaction(
            paid_usd=over_homes(options.price),
            cost_usd=over_homes(np.asarray(request.ask_price, dtype=np.float64)),
            value_usd=over_homes(request.opportunity.reference_price),
        )
        score = (PAY_WEIGHT * pay + VOLUME_WEIGHT) / (PAY_WEIGHT + VOLUME_WEIGHT)
    return np.where(offered > 0, spec.satisfaction_weight_usd * score / np.where(offered > 0, offered, 1.0), 0.0)


def loss_avoided_usd(problem: FormationProblem) -> float | None:
    """What filling the request from the cheapest options would lose at the expected price, at least 0 [USD].

    None where there is no option.
    """
    widths = problem.usable_kw()[problem.merit_order()]
    if not widths.sum() > 0:
        return None
    before = np.cumsum(widths) - widths
    taken = np.clip(problem.requested_kw - before, 0.0, widths)
    cost = float(problem.options.price[problem.merit_order()] @ taken)
    worth = float(problem.prices @ problem.probabilities) * float(taken.sum())
    return max((cost - worth) * problem.window_h / units.KW_PER_MW, 0.0)
