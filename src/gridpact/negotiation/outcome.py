"""What a negotiation leaves behind: options, frames for the run folder, reasons in words, a summary."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridpact.market.opportunity import MarketOpportunity
from gridpact.messages.books import AnswerBook, BidBook, Bools, Floats, Ints, OfferBook, OptionBook
from gridpact.messages.views import NegotiationSummary
from gridpact.negotiation.agents import Group, Replacement
from gridpact.negotiation.protocol import Standing, State
from gridpact.negotiation.supply import Supply


@dataclass(frozen=True, slots=True, kw_only=True)
class NegotiationEvent:
    """Something for the run's event log."""

    kind: str
    """bids_collected, offers_made, answers_collected, replaced_by_policy or negotiation_closed."""
    payload: Mapping[str, Any]
    """Plain values."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StandingAsks:
    """Every home's final ask, as segments of n homes by K levels."""

    width_kw: Floats
    """Shape (n, K); zero where a home has fewer segments [kW]."""
    price: Floats
    """Marginal prices, never falling along a row, shape (n, K)."""
    has_bid: Bools
    """Homes that asked for anything at all, shape (n,)."""

    def of(self, home: int) -> tuple[tuple[float, float], ...]:
        """One home's (width [kW], marginal price); empty if it made no bid."""
        if not self.has_bid[home]:
            return ()
        row = zip(self.width_kw[home].tolist(), self.price[home].tolist(), strict=True)
        return tuple((width, price) for width, price in row if width > 0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NegotiationResult:
    """Everything that later stages and the run folder need of one negotiation."""

    opportunity: MarketOpportunity
    options: OptionBook
    bids: tuple[BidBook, ...]
    """One a round."""
    offers: tuple[tuple[OfferBook, AnswerBook], ...]
    summary: NegotiationSummary
    standing_asks: StandingAsks
    state: State
    """Where every home stood at the close."""
    silent_round: Ints
    """Round from which a home said nothing more, 0 for who never fell silent, shape (n,)."""
    events: tuple[NegotiationEvent, ...]

    def bids_frame(self) -> pd.DataFrame:
        """Columns of ``bids.parquet``."""
        return bids_frame(self.opportunity.opportunity_id, self.options.home_ids, self.bids)

    def offers_frame(self) -> pd.DataFrame:
        """Columns of ``offers.parquet``."""
        return offers_frame(self.opportunity.opportunity_id, self.options.home_ids, self.offers)

    def reasons(self) -> dict[str, str]:
        """For every invited home, why it is in or out as far as the negotiation goes."""
        return explain(self.opportunity, self.state, self.options, self.standing_asks, self.silent_round)


def collect_options(opportunity_id: str, supply: Supply, taken: Sequence[tuple[Ints, Floats, Floats]]) -> OptionBook:
    """Options from each round's (homes, price, newly accepted kW); equal prices of a home become one option."""
    if not taken:
        return OptionBook.empty(supply.home_ids, opportunity_id=opportunity_id)
    home = np.concatenate([rows for rows, _, _ in taken])
    price = np.concatenate([prices for _, prices, _ in taken])
    quantity = np.concatenate([kw for _, _, kw in taken])
    home, price, quantity = home[quantity > 0], price[quantity > 0], quantity[quantity > 0]
    order = np.lexsort((price, home))
    home, price, quantity = home[order], price[order], quantity[order]
    new = np.ones(len(home), dtype=np.bool_)
    new[1:] = (np.diff(home) != 0) | (np.diff(price) != 0)
    option = np.cumsum(new) - 1
    width: Floats = np.zeros(int(new.sum()))
    np.add.at(width, option, quantity)
    home, price = home[new], price[new]
    place = np.arange(len(home)) - np.searchsorted(home, home)
    return OptionBook(
        opportunity_id=opportunity_id,
        home_ids=supply.home_ids,
        home_index=home,
        segment=place + 1,
        quantity_kw=np.asarray(np.round(width, 3)),
        price=price,
        least_kw=supply.least_kw,
    )


def bids_frame(opportunity_id: str, home_ids: tuple[str, ...], books: Sequence[BidBook]) -> pd.DataFrame:
    """Every round's bids in one frame; the right columns also where there are none."""
    if not books:
        nothing, none = np.zeros(0), np.zeros(0, dtype=np.int64)
        books = [
            BidBook(
                opportunity_id=opportunity_id,
                round=0,
                home_ids=home_ids,
                home_index=none,
                segment=none,
                quantity_kw=nothing,
                price=nothing,
            )
        ]
    return pd.concat([book.to_frame() for book in books], ignore_index=True)


def offers_frame(
    opportunity_id: str, home_ids: tuple[str, ...], books: Sequence[tuple[OfferBook, AnswerBook]]
) -> pd.DataFrame:
    """Every round's offers with their answers in one frame; the right columns also where there are none."""
    if not books:
        nothing, none = np.zeros(0), np.zeros(0, dtype=np.int64)
        offers = OfferBook(
            opportunity_id=opportunity_id, round=0, home_ids=home_ids, home_index=none, price=nothing, cap_kw=nothing
        )
        answers = AnswerBook(
            opportunity_id=opportunity_id,
            round=0,
            home_ids=home_ids,
            home_index=none,
            price=nothing,
            accepted_kw=nothing,
            answer=(),
            reason=(),
        )
        books = [(offers, answers)]
    return pd.concat([answers.to_frame(offers) for offers, answers in books], ignore_index=True)


def bid_book(opportunity_id: str, round: int, supply: Supply, homes: Ints, asks: Floats) -> BidBook:
    """The asks of ``homes``, shape (m, K), as rows; segments without a width are left out."""
    width = supply.width_kw[homes]
    row, level = np.nonzero(width > 0)
    first = np.searchsorted(row, row)
    return BidBook(
        opportunity_id=opportunity_id,
        round=round,
        home_ids=supply.home_ids,
        home_index=homes[row],
        segment=np.arange(len(row)) - first + 1,
        quantity_kw=width[row, level],
        price=asks[row, level],
    )


def explain(
    opportunity: MarketOpportunity, state: State, options: OptionBook, asks: StandingAsks, silent_round: Ints
) -> dict[str, str]:
    """In plain words, for each home, what came of its negotiation; ``silent_round`` is 0 for who never fell silent."""
    unit = "USD/MW per h" if opportunity.product.is_reserve else "USD/MWh"
    homes = np.arange(len(options.home_ids))
    first = np.searchsorted(options.home_index, homes).tolist()
    after = np.searchsorted(options.home_index, homes, side="right").tolist()
    prices, powers = options.price.tolist(), options.quantity_kw
    ables, offered = state.able_kw.tolist(), state.offer_price.tolist()
    lowest = np.min(asks.price, axis=1, where=asks.width_kw > 0, initial=np.inf).tolist()
    words = {}
    for home, (home_id, code, since) in enumerate(
        zip(options.home_ids, state.standing.tolist(), silent_round.tolist(), strict=True)
    ):
        asked = bool(asks.has_bid[home]) and math.isfinite(lowest[home])
        if code == Standing.UNABLE:
            words[home_id] = "nothing deliverable in this window"
        elif after[home] > first[home]:
            low, high = prices[first[home]], prices[after[home] - 1]
            kw = float(powers[first[home] : after[home]].sum())
            text = f"agreed to {kw:g} of {ables[home]:g} kW at {low:.2f}" + (f" to {high:.2f}" if high > low else "")
            words[home_id] = f"{text} {unit}" + (f"; stopped answering in round {since}" if since else "")
        elif code == Standing.EXPIRED:
            words[home_id] = (
                f"stopped answering in round {since}; nothing was agreed" if asked else "made no bid in time"
            )
        elif asked and math.isfinite(offered[home]):
            words[home_id] = f"asked at least {lowest[home]:.2f} {unit}; the best offer was {offered[home]:.2f} {unit}"
        else:
            words[home_id] = "was offered nothing"
    return words


def summarise(
    state: State,
    options: OptionBook,
    *,
    groups: Sequence[Group],
    replacements: Sequence[Replacement],
    has_bid: Bools,
    offers: int,
    price_first: float | None,
    probe: bool,
) -> NegotiationSummary:
    """The negotiation in numbers."""
    holds = options.per_home_kw() > 0
    standing = state.standing
    reasons: Counter[str] = Counter()
    for each in replacements:
        reasons[each.reason] += len(each.homes)
    able = standing != Standing.UNABLE
    strategies: Counter[str] = Counter()
    for group in groups:
        strategies[group.name] += int(able[group.homes].sum())
    total = options.total_kw
    return NegotiationSummary(
        rounds=state.round,
        invited=len(standing),
        bids=int(has_bid.sum()),
        offers=offers,
        accepted=int(holds.sum()),
        refused=int((~holds & (standing == Standing.REFUSED)).sum()),
        expired=int((~holds & (standing == Standing.EXPIRED)).sum()),
        unable=int((~able).sum()),
        price_first=price_first,
        price_final=float((options.quantity_kw * options.price).sum()) / total if total > 0 else None,
        strategies=dict(sorted(strategies.items())),
        replaced=sum(reasons.values()),
        replaced_reasons=dict(sorted(reasons.items())),
        probe=probe,
    )
