"""A home's agent that follows somebody's picks, a language model's above all, where every pick is safe.

An adviser picks a move from a closed set and a place within its band; code makes the numbers of it. An ask lies between
the reservation and the standing ask (in the first round, the highest opening that any home makes), never falls along
the curve and never rises from round to round. An answer lies between what is accepted already and the best response
to the standing ask. So a foolish pick costs its home some of its gain, or the deal, and never more; and nobody else's
cost, reservation or limits are within reach. Where there is no usable pick, the home follows `Concession` for that
round, and that is counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from gridpact.messages.books import Floats
from gridpact.negotiation import situations
from gridpact.negotiation.advice import Advisor, AnswerAdvice, BidAdvice, Move, Reply
from gridpact.negotiation.concession import OPENING_MARKUP, Concession, markup_base
from gridpact.negotiation.protocol import KW_SLACK
from gridpact.negotiation.strategy import AnswerContext, AskContext, Strategy, best_response
from gridpact.negotiation.supply import ceil_cents, whole_watts

BANDS: dict[Move, tuple[float, float]] = {
    Move.HOLD: (0.0, 0.0),
    Move.SMALL: (0.05, 0.25),
    Move.MEDIUM: (0.25, 0.5),
    Move.LARGE: (0.5, 0.9),
    Move.RESERVATION: (1.0, 1.0),
}
"""What a move gives up of the way from the standing ask to the reservation, at concession 0 and 1."""

A = TypeVar("A", BidAdvice, AnswerAdvice)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """What was picked for one home in one round, or why the policy was followed."""

    home_id: str
    choice: str | None
    """A `Move` or a `Reply`; None where the policy was followed."""
    degree: float | None = None
    """Place within the move's band, or share of the offer, from 0 to 1."""
    words: str = ""
    """For people only, and the home's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advised:
    """The picks of one group of homes for one round's asks or answers."""

    opportunity_id: str
    round: int
    what: str
    """``ask`` or ``answer``."""
    picks: tuple[Pick, ...]

    @property
    def fallbacks(self) -> int:
        """Homes that followed the policy although there was something to pick."""
        return sum(pick.choice is None for pick in self.picks)


class Language(Strategy):
    """Bids and answers as an adviser picks; as `Concession` where it does not."""

    name = "language"

    def __init__(self, advisor: Advisor | None = None) -> None:
        """Set who picks; without anybody, the policy is followed throughout."""
        self._advisor = advisor
        self._policy = Concession()
        self.advised: list[Advised] = []
        """Every round's picks, in order."""

    def asks(self, context: AskContext) -> Floats:
        """The standing ask less what the move gives up, at least the reservation, in whole cents."""
        need = context.reservation_price
        highest = _highest_opening(context) if context.previous_ask is None else context.previous_ask
        asks = np.minimum(ceil_cents(self._policy.asks(context)), highest)
        open_to_change = situations.may_change_ask(context, highest)
        positions = situations.bid_positions(context, highest, np.flatnonzero(open_to_change))
        advice = self._heard("advise_bids", positions, BidAdvice)
        picks = []
        for row, position, said in zip(np.flatnonzero(open_to_change), positions, advice, strict=True):
            move = None if said is None else _member(Move, said.move)
            if said is None or move is None:
                picks.append(Pick(home_id=position.home_id, choice=None))
                continue
            degree = _fraction(said.concession)
            low, high = BANDS[move]
            given = low + degree * (high - low)
            asks[row] = need[row] + (1.0 - given) * (highest[row] - need[row])
            picks.append(Pick(home_id=position.home_id, choice=move.value, degree=degree, words=_text(said.words)))
        self._note(context.opportunity_id, context.round, "ask", picks)
        return _orderly(asks, least=need, most=highest)

    def answers(self, context: AnswerContext) -> Floats:
        """What the reply takes of what the offer covers, between what is accepted already and the best response."""
        best, before = best_response(context), context.accepted_kw
        # Less than a home's least quantity would make its earlier promises a loss.
        sells = (best > before + KW_SLACK) & (best >= context.least_kw - KW_SLACK)
        total = np.where(sells, best, before)
        rows = np.flatnonzero(sells)
        positions = situations.answer_positions(context, best, rows)
        advice = self._heard("advise_answers", positions, AnswerAdvice)
        picks = []
        for row, position, said in zip(rows, positions, advice, strict=True):
            reply = None if said is None else _member(Reply, said.reply)
            if said is None or reply is None:
                picks.append(Pick(home_id=position.home_id, choice=None))
                continue
            share = {Reply.ACCEPT: 1.0, Reply.WAIT: 0.0}.get(reply, _fraction(said.share))
            total[row] = _part(before[row], best[row], share, least_kw=float(context.least_kw[row]))
            picks.append(Pick(home_id=position.home_id, choice=reply.value, degree=share, words=_text(said.words)))
        self._note(context.opportunity_id, context.round, "answer", picks)
        return total

    def _heard(self, method: str, positions: Sequence[Any], kind: type[A]) -> list[A | None]:
        """One pick or None for each position, whatever the adviser does."""
        if self._advisor is None or not positions:
            return [None] * len(positions)
        try:
            said = list(getattr(self._advisor, method)(positions))
        except Exception:  # an adviser may raise anything; its homes follow the policy
            return [None] * len(positions)
        if len(said) != len(positions):
            return [None] * len(positions)
        return [each if isinstance(each, kind) else None for each in said]

    def _note(self, opportunity_id: str, round: int, what: str, picks: list[Pick]) -> None:
        if picks:
            self.advised.append(Advised(opportunity_id=opportunity_id, round=round, what=what, picks=tuple(picks)))


def _highest_opening(context: AskContext) -> Floats:
    """The opening of a home with no willingness at all, in whole cents: no home opens higher."""
    base = markup_base(context.reservation_price, context.reference_price)
    return np.maximum.accumulate(ceil_cents(context.reservation_price + OPENING_MARKUP * base), axis=1)


def _orderly(asks: Floats, *, least: Floats, most: Floats) -> Floats:
    """In whole cents, never falling along a row, within bounds that never fall along a row themselves."""
    rising = np.maximum.accumulate(ceil_cents(asks), axis=1)
    return np.asarray(np.maximum(np.minimum(rising, most), least))


def _part(before_kw: float, best_kw: float, share: float, *, least_kw: float) -> float:
    """Whole watts between ``before_kw`` and ``best_kw``, and not so few that the home's promises make them a loss."""
    if share >= 1.0:
        return best_kw
    total = min(max(float(whole_watts(before_kw + share * (best_kw - before_kw))), before_kw), best_kw)
    if 0 < total < least_kw - KW_SLACK:
        return min(max(float(whole_watts(least_kw + 0.001 - KW_SLACK)), before_kw), best_kw)
    return total


def _fraction(value: Any) -> float:
    """A number from 0 to 1; the middle where it is none."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return 0.5
    return min(max(number, 0.0), 1.0) if number == number else 0.5


def _member(kind: Any, value: Any) -> Any:
    """The member of a closed set, or None."""
    try:
        return kind(value)
    except (TypeError, ValueError):
        return None


def _text(words: Any) -> str:
    return words if isinstance(words, str) else ""
