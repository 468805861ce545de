"""The aggregator's side: what the market is worth, the shadow price of one more kW, and the next offer."""

from dataclasses import dataclass

import numpy as np

from gridpact.errors import InputError, UnitRangeError
from gridpact.messages.books import Floats, column
from gridpact.negotiation.advice import Bonus, Pace
from gridpact.negotiation.supply import floor_cents

OPTION_MARGIN = 1.25
"""Options sought per kW requested: the spare ones let the coalition be formed again when a member drops out."""

PACES: dict[Pace, float] = {Pace.PATIENT: 2.0, Pace.FAST: 0.5}
"""Round r of R covers (r/R) ** p of what would be sold at the shadow price; the steady pace has p = 1."""
BONUSES: dict[Bonus, float] = {Bonus.NONE: 0.0, Bonus.SMALL: 0.05, Bonus.MEDIUM: 0.15}
"""Share of the room between the shadow price and the market's worth after the margin that a bonus gives away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tactic:
    """How a round's price is offered; every one of them is safe, and the default is the plain climb."""

    pace: Pace = Pace.STEADY
    bonus: Bonus = Bonus.NONE


PLAIN = Tactic()


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketWorth:
    """What the aggregator believes of the market, in the opportunity's price unit."""

    prices: Floats
    """Price scenarios, rising, shape (S,)."""
    probabilities: Floats
    """Shape (S,), summing to 1."""
    requested_kw: float
    """Most that the market takes [kW]."""
    margin: float = 0.0
    """Fraction of the price that the aggregator keeps, in [0, 1)."""
    min_spread: float = 0.0
    """Least that the aggregator keeps of each unit sold, on top of the margin."""
    price_cap: float = float("inf")
    """The market's highest bid price; or the operator's for owners; nothing above it is offered to homes."""

    def __post_init__(self) -> None:
        """Check and freeze; raises InputError or UnitRangeError."""
        prices = column(self.prices, np.float64, what="MarketWorth.prices")
        probabilities = column(self.probabilities, np.float64, what="MarketWorth.probabilities")
        if not len(prices) or len(prices) != len(probabilities):
            raise InputError(f"MarketWorth: {len(prices)} prices and {len(probabilities)} probabilities")
        if (np.diff(prices) < 0).any():
            raise InputError("MarketWorth: prices must be sorted upward")
        if (probabilities < 0).any() or abs(float(probabilities.sum()) - 1.0) > 1e-6:
            raise InputError("MarketWorth: probabilities must not be negative and must sum to 1")
        if not 0.0 <= self.margin < 1.0:
            raise UnitRangeError(f"MarketWorth: margin is {self.margin}; it must lie in [0, 1)")
        if not 0.0 <= self.min_spread < float("inf"):
            raise UnitRangeError(f"MarketWorth: min_spread is {self.min_spread}; it must be at least 0 and finite")
        if not 0.0 < self.requested_kw < float("inf"):
            raise UnitRangeError(f"MarketWorth: requested_kw is {self.requested_kw}; it must be above zero")
        if np.isnan(self.price_cap):
            raise UnitRangeError("MarketWorth: price_cap is NaN; use infinity where there is none")
        object.__setattr__(self, "prices", prices)
        object.__setattr__(self, "probabilities", probabilities)

    @classmethod
    def certain(
        cls, price: float, *, requested_kw: float, margin: float = 0.0, price_cap: float = float("inf")
    ) -> "MarketWorth":
        """One price for sure."""
        return cls(
            prices=np.array([price]),
            probabilities=np.ones(1),
            requested_kw=requested_kw,
            margin=margin,
            price_cap=price_cap,
        )

    @property
    def ceiling(self) -> float:
        """Worth of one more kW in the best scenario, after the margin, and not above the price cap."""
        best = float(self.prices[-1])
        return min(best - self.margin * abs(best) - self.min_spread, self.price_cap)


def filling_price(width_kw: Floats, price: Floats, quantity_kw: float) -> float:
    """Lowest ask at which segments asking that or less add up to ``quantity_kw``; the highest if all do not.

    Args:
        width_kw: widths of segments, any shape [kW].
        price: their asks, the same shape.
        quantity_kw: how much is to be filled [kW].

    Returns:
        The price, or infinity where no segment has a width.
    """
    live = width_kw > 0
    widths, asks = width_kw[live], price[live]
    if not asks.size:
        return float("inf")
    order = np.argsort(asks, kind="stable")
    enough = np.searchsorted(np.cumsum(widths[order]), quantity_kw - 1e-9)
    return float(asks[order][min(int(enough), len(order) - 1)])


def lowest_ask(width_kw: Floats, price: Floats) -> float:
    """Lowest ask of any segment that has a width; infinity where there is none."""
    return float(np.min(price, where=width_kw > 0, initial=float("inf")))


def offer_price(
    width_kw: Floats,
    price: Floats,
    worth: MarketWorth,
    *,
    round: int,
    rounds: int,
    previous: float | None,
    allow_loss: bool = False,
    tactic: Tactic = PLAIN,
) -> float:
    """The uniform price offered in a round: up the standing asks towards the shadow price, never falling.

    The shadow price of one more kW is the ask that fills `OPTION_MARGIN` times the request, but not more than
    the market's worth. With ``allow_loss`` it is the ask that fills the request, whatever that is worth. Round r of R
    offers the ask that fills r/R of what would be sold at the shadow price, so that cheap power is agreed at cheap
    prices first: an option is paid what it was agreed at, and a dear option clears in fewer price scenarios. A
    negotiation of a single round, which pays everybody one price, offers `single_price` instead.

    A tactic climbs sooner or later, or offers a little more than that. Whatever it is, the price does not fall, does
    not pass the market's worth after the margin or the price cap, and comes to the shadow price in the last round.

    Args:
        width_kw: widths of the standing asks, shape (n, K) [kW].
        price: the standing asks, shape (n, K).
        worth: what the market is worth.
        round: this round, from 1.
        rounds: most rounds there can be.
        previous: the last price offered, if any.
        allow_loss: whether the operator accepts a loss to fill the request; then there is no bonus.
        tactic: the pace of the climb and the bonus on top.

    Returns:
        The price in whole cents.
    """
    if allow_loss:
        shadow = min(filling_price(width_kw, price, worth.requested_kw), worth.price_cap)
    else:
        shadow = min(filling_price(width_kw, price, OPTION_MARGIN * worth.requested_kw), worth.ceiling)
    within = (width_kw > 0) & (price <= shadow)
    if within.any():
        # No more than the dearest ask that it covers: nobody else would agree at a little more.
        shadow = float(price[within].max())
    if rounds == 1 and not allow_loss:
        goal = single_price(width_kw, price, worth, most=shadow)
    elif round >= rounds:
        goal = shadow
    else:
        sold_kw = float(width_kw[within].sum())
        steady_kw = sold_kw * round / rounds
        power = PACES.get(tactic.pace)
        goal_kw = steady_kw if power is None else sold_kw * (round / rounds) ** power
        goal = min(filling_price(width_kw, price, goal_kw), shadow)
    share = BONUSES[tactic.bonus]
    if share and not allow_loss and np.isfinite(worth.ceiling):
        goal += share * max(worth.ceiling - max(goal, shadow), 0.0)
    offered = float(floor_cents(goal))
    return offered if previous is None else max(offered, previous)


def single_price(width_kw: Floats, price: Floats, worth: MarketWorth, *, most: float) -> float:
    """The one price, of the asks up to ``most``, that is expected to be worth most to homes and aggregator together.

    Offered p, the homes that ask at most p agree, the VPP bids p and sells in the scenarios that pay it: expected is
    the sum over those scenarios of probability x (scenario price - ask) x power, the cheapest up to the request.
    ``most`` itself where there is no ask below it. With one certain price it is ``most``, or the ask that fills the
    request if that is less.
    """
    live = (width_kw > 0) & (price <= most)
    if not live.any():
        return most
    order = np.argsort(price[live], kind="stable")
    asks, widths = price[live][order], width_kw[live][order]
    sold = np.clip(worth.requested_kw - (np.cumsum(widths) - widths), 0.0, widths)
    power, cost = np.cumsum(sold), np.cumsum(sold * asks)
    kept = worth.prices - worth.margin * np.abs(worth.prices) - worth.min_spread
    sells = kept[None, :] >= asks[:, None] - 1e-9
    expected = (sells * worth.probabilities * (worth.prices[None, :] * power[:, None] - cost[:, None])).sum(axis=1)
    best = float(expected.max())
    # Of equal worth the highest: spare options cost nothing until they are called.
    return float(asks[np.flatnonzero(expected >= best - 1e-9 * max(abs(best), 1.0))[-1]])


def probe_price(width_kw: Floats, price: Floats, worth: MarketWorth) -> float:
    """The ask at which the request, or everything, would be filled, in whole cents and within the price cap."""
    return float(floor_cents(min(filling_price(width_kw, price, worth.requested_kw), worth.price_cap)))
