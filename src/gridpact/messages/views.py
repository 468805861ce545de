"""Single messages, as a model or a person reads them: typed views of a book's rows."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gridpact.errors import InputError
from gridpact.messages.books import Answer, AnswerBook, BidBook, OfferBook, OptionBook


def _home(home_ids: tuple[str, ...], home_id: str) -> int:
    try:
        return home_ids.index(home_id)
    except ValueError as problem:
        raise InputError(f"home {home_id!r} is not in this run") from problem


def _row(book: OfferBook | AnswerBook, home_id: str) -> int:
    rows = np.flatnonzero(book.home_index == _home(book.home_ids, home_id))
    if not rows.size:
        raise InputError(f"home {home_id!r} has no row in round {book.round}'s {type(book).__name__}")
    return int(rows[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class ProsumerBid:
    """What one home asks in one round."""

    opportunity_id: str
    round: int
    home_id: str
    segments: tuple[tuple[float, float], ...]
    """Width [kW] and marginal price of each segment, prices never falling."""

    @classmethod
    def of(cls, book: BidBook, home_id: str) -> "ProsumerBid":
        """The home's bid in ``book`` (no segments where it made none); raises InputError for an unknown home."""
        mine = book.home_index == _home(book.home_ids, home_id)
        return cls(
            opportunity_id=book.opportunity_id,
            round=book.round,
            home_id=home_id,
            segments=tuple(zip(book.quantity_kw[mine].tolist(), book.price[mine].tolist(), strict=True)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregatorOffer:
    """What the aggregator offers one home in one round."""

    opportunity_id: str
    round: int
    home_id: str
    price: float
    cap_kw: float

    @classmethod
    def of(cls, book: OfferBook, home_id: str) -> "AggregatorOffer":
        """The offer to one home; raises InputError where there is none."""
        row = _row(book, home_id)
        return cls(
            opportunity_id=book.opportunity_id,
            round=book.round,
            home_id=home_id,
            price=float(book.price[row]),
            cap_kw=float(book.cap_kw[row]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProsumerResponse:
    """What one home answers to one offer."""

    opportunity_id: str
    round: int
    home_id: str
    price: float
    answer: Answer
    accepted_kw: float
    """Newly accepted in this round [kW]."""
    reason: str

    @classmethod
    def of(cls, book: AnswerBook, home_id: str) -> "ProsumerResponse":
        """The answer of one home; raises InputError where there is none."""
        row = _row(book, home_id)
        return cls(
            opportunity_id=book.opportunity_id,
            round=book.round,
            home_id=home_id,
            price=float(book.price[row]),
            answer=book.answer[row],
            accepted_kw=float(book.accepted_kw[row]),
            reason=book.reason[row],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CoalitionMember:
    """One home's options in one opportunity, and how much of them is called."""

    opportunity_id: str
    home_id: str
    options: tuple[tuple[float, float], ...]
    """Width [kW] and agreed price of each option, prices rising."""
    committed_kw: float = 0.0

    @classmethod
    def of(cls, book: OptionBook, home_id: str, *, committed_kw: float = 0.0) -> "CoalitionMember":
        """The home's options in ``book``; raises InputError for an unknown home."""
        mine = book.home_index == _home(book.home_ids, home_id)
        return cls(
            opportunity_id=book.opportunity_id,
            home_id=home_id,
            options=tuple(zip(book.quantity_kw[mine].tolist(), book.price[mine].tolist(), strict=True)),
            committed_kw=committed_kw,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NegotiationSummary:
    """How a negotiation went. ``accepted + refused + expired + unable`` is ``invited``."""

    rounds: int
    """Rounds held."""
    invited: int
    bids: int
    """Homes that made at least one bid."""
    offers: int
    """Offers made, over all rounds."""
    accepted: int
    """Homes that hold an option at the end."""
    refused: int
    """Homes that talked to the end and hold none."""
    expired: int
    """Homes that fell silent and hold none."""
    unable: int
    """Homes that had nothing to deliver and were not asked."""
    price_first: float | None
    """First price offered; none where no offer was made."""
    price_final: float | None
    """Quantity-weighted price of the options; none where there are none."""
    strategies: Mapping[str, int]
    """Homes by the strategy that spoke for them."""
    replaced: int
    """Asks and answers refused by the referee and replaced by the deterministic policy."""
    replaced_reasons: Mapping[str, int]
    probe: bool = False
    """True where the last offer was above what the market is worth, made only to learn the loss avoided."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        plain = asdict(self)
        plain["strategies"] = dict(self.strategies)
        plain["replaced_reasons"] = dict(self.replaced_reasons)
        return plain
