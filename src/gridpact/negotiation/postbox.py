"""Homes that are represented from outside: what the engine asks of them, and how a desk answers.

The engine talks to a `Postbox` as it talks to a strategy: a context with a row a home. Unlike a strategy a postbox may
have heard nothing from a home; unlike a strategy's, its errors are the operator's own and stop the run. What homes say
passes the same referee.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

import numpy as np

from gridpact.errors import InputError
from gridpact.horizon import aware_utc
from gridpact.market.opportunity import MarketOpportunity
from gridpact.messages.books import Bools, Floats
from gridpact.messages.envelopes import AskedStep, BidMessage, CallForBids, LeastStep, Letter, OfferMessage
from gridpact.negotiation.desk import Desk
from gridpact.negotiation.strategy import AnswerContext, AskContext, best_response

SECOND = timedelta(seconds=1)
OUTSIDE = "outside"
"""Named as a strategy: the home is represented from outside."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpokenBids:
    """Bids of m homes by K segments of their own supply."""

    spoke: Bools
    """Who bid, shape (m,); what follows is read for those only."""
    asks: Floats
    """Marginal prices, shape (m, K)."""
    quantity_kw: Floats
    """How much each bids in all, shape (m,) [kW]; less than it can deliver puts the rest out of the talks."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpokenAnswers:
    """Answers of m homes."""

    spoke: Bools
    """Who answered, shape (m,); what follows is read for those only."""
    price: Floats
    """The price that is answered, shape (m,)."""
    total_kw: Floats
    """Cumulative acceptance, shape (m,) [kW]."""


@runtime_checkable
class Postbox(Protocol):
    """Carries letters to homes outside and brings back what they say by the deadline."""

    def collect_bids(self, context: AskContext) -> SpokenBids:
        """Call each home of ``context`` for a bid."""
        ...

    def collect_answers(self, context: AnswerContext) -> SpokenAnswers:
        """Offer each home of ``context`` its price."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkTimes:
    """When the talks about one opportunity take place."""

    opening: datetime
    """The first call goes out."""
    deadlines: tuple[datetime, ...]
    """Ends of bidding in round 1, answering in round 1, bidding in round 2, ...; rising."""

    def __post_init__(self) -> None:
        """Check; raises InputError or NaiveDatetimeError."""
        times = [aware_utc(each, what="a time of the talks") for each in (self.opening, *self.deadlines)]
        if len(times) < 3 or len(times) % 2 == 0:
            raise InputError("talks need a deadline for the bids and one for the answers of every round")
        if any(late <= early for early, late in zip(times[:-1], times[1:], strict=True)):
            raise InputError("the deadlines of talks must rise, from after their opening")
        object.__setattr__(self, "opening", times[0])
        object.__setattr__(self, "deadlines", tuple(times[1:]))

    @classmethod
    def even(cls, opening: datetime, closing: datetime, *, rounds: int) -> "TalkTimes":
        """Phases of the same length, and at least as much left after the last for forming and sending the bid.

        Lengths are whole seconds, unless there is less than a second for each.

        Args:
            opening: the first call goes out.
            closing: gate closure.
            rounds: most rounds.

        Raises:
            InputError: no round, or no time.
        """
        if rounds < 1:
            raise InputError(f"a negotiation needs at least one round, not {rounds}")
        phases = 2 * rounds
        step = (closing - opening) / (phases + 1)
        if step > SECOND:
            step -= step % SECOND
        return cls(opening=opening, deadlines=tuple(opening + number * step for number in range(1, phases + 1)))

    def deadline(self, *, round: int, answers: bool) -> datetime:
        """End of one phase; raises InputError for a round that has no time."""
        place = 2 * (round - 1) + int(answers)
        if not 0 <= place < len(self.deadlines):
            raise InputError(f"the talks have time for {len(self.deadlines) // 2} rounds, not for round {round}")
        return self.deadlines[place]


class DeskPostbox(ABC):
    """A postbox over a desk: it writes the letters and reads what was applied; how messages come in is its subclass's.

    A phase ends when every home of it has spoken, or at its deadline; the next one opens at that moment.
    """

    def __init__(
        self, *, desk: Desk, opportunities: Sequence[MarketOpportunity], times: Mapping[str, TalkTimes]
    ) -> None:
        """Set the desk, the run's opportunities and, by opportunity id, when each is talked about."""
        self.desk = desk
        self._opportunities = {each.opportunity_id: each for each in opportunities}
        self._times = dict(times)
        self._ended: dict[str, datetime] = {}

    @abstractmethod
    def wait(self, letters: Sequence[Letter], *, opened: datetime, deadline: datetime) -> datetime:
        """Deliver ``letters``, all of one phase, and let the desk receive until it owes nothing or the deadline.

        Returns:
            When the phase ended: not before ``opened``, nor after ``deadline``, which it is if a home still owes.
        """

    def ended(self, opportunity_id: str) -> datetime:
        """When the last phase of the talks about an opportunity ended; their opening before the first."""
        return self._ended.get(opportunity_id, self._times[opportunity_id].opening)

    def collect_bids(self, context: AskContext) -> SpokenBids:
        """Call for bids, wait, and lay what came over the homes' own segments."""
        opportunity_id, round = context.opportunity_id, context.round
        opened, deadline = self._span(opportunity_id, round, answers=False)
        letters = [
            self.desk.send(self._call(context, row, opened=opened, deadline=deadline))
            for row, home_id in enumerate(context.home_ids)
            if not self.desk.has_left(home_id)
        ]
        self._ended[opportunity_id] = ended = self.wait(letters, opened=opened, deadline=deadline)
        said = self.desk.close_bids(opportunity_id, round=round, now=ended)
        return lay_bids(context, said)

    def collect_answers(self, context: AnswerContext) -> SpokenAnswers:
        """Send offers, wait, and read the answers."""
        opportunity_id, round = context.opportunity_id, context.round
        opened, deadline = self._span(opportunity_id, round, answers=True)
        asked_kw = best_response(context)
        letters = [
            self.desk.send(self._offer(context, row, float(asked_kw[row]), opened=opened, deadline=deadline))
            for row, home_id in enumerate(context.home_ids)
            if not self.desk.has_left(home_id)
        ]
        self._ended[opportunity_id] = ended = self.wait(letters, opened=opened, deadline=deadline)
        said = self.desk.close_answers(opportunity_id, round=round, now=ended)
        spoke, price, total_kw = np.zeros(len(asked_kw), dtype=np.bool_), context.price.copy(), np.zeros(len(asked_kw))
        for row, home_id in enumerate(context.home_ids):
            answer = said.get(home_id)
            if answer is not None:
                spoke[row], price[row], total_kw[row] = True, answer.price, answer.total_kw
        return SpokenAnswers(spoke=spoke, price=price, total_kw=total_kw)

    def _span(self, opportunity_id: str, round: int, *, answers: bool) -> tuple[datetime, datetime]:
        if opportunity_id not in self._times:
            raise InputError(f"no time is set for the talks about opportunity {opportunity_id!r}")
        return self.ended(opportunity_id), self._times[opportunity_id].deadline(round=round, answers=answers)

    def _call(self, context: AskContext, row: int, *, opened: datetime, deadline: datetime) -> CallForBids:
        market = self._opportunities[context.opportunity_id]
        live = np.flatnonzero(context.width_kw[row] > 0)
        widths, least = context.width_kw[row, live].tolist(), context.reservation_price[row, live].tolist()
        before = [] if context.previous_ask is None else context.previous_ask[row, live].tolist()
        return CallForBids(
            run=self.desk.run,
            opportunity_id=context.opportunity_id,
            home_id=context.home_ids[row],
            round=context.round,
            rounds=context.rounds,
            product=market.product.value,
            price_unit=market.price_unit,
            start=market.start,
            end=market.end,
            reference_price=float(context.reference_price),
            segments=tuple(LeastStep(quantity_kw=kw, least_price=low) for kw, low in zip(widths, least, strict=True)),
            standing=tuple(AskedStep(quantity_kw=kw, price=ask) for kw, ask in zip(widths, before, strict=False)),
            opened=opened,
            deadline=deadline,
        )

    def _offer(
        self, context: AnswerContext, row: int, asked_kw: float, *, opened: datetime, deadline: datetime
    ) -> OfferMessage:
        market = self._opportunities[context.opportunity_id]
        return OfferMessage(
            run=self.desk.run,
            opportunity_id=context.opportunity_id,
            home_id=context.home_ids[row],
            round=context.round,
            rounds=context.rounds,
            price_unit=market.price_unit,
            price=float(context.price[row]),
            cap_kw=float(context.cap_kw[row]),
            asked_kw=asked_kw,
            accepted_kw=float(context.accepted_kw[row]),
            least_kw=float(context.least_kw[row]),
            opened=opened,
            deadline=deadline,
        )


def lay_bids(context: AskContext, said: Mapping[str, BidMessage]) -> SpokenBids:
    """Bids over the segments of ``context``: each segment's price is the mean of what the bid asks over it.

    So the total asked is the bid's own at the end of every segment. A home that declined did not speak.
    Beyond a bid's quantity the prices mean nothing; they repeat the last.
    """
    spoke = np.zeros(len(context.home_ids), dtype=np.bool_)
    asks, quantity_kw = context.reservation_price.copy(), np.zeros(len(context.home_ids))
    for row, home_id in enumerate(context.home_ids):
        bid = said.get(home_id)
        if bid is None or not bid.segments:
            continue
        spoke[row], quantity_kw[row] = True, bid.quantity_kw
        asks[row] = _over(context.width_kw[row], bid)
    return SpokenBids(spoke=spoke, asks=asks, quantity_kw=quantity_kw)


def _over(width_kw: Floats, bid: BidMessage) -> Floats:
    kw = np.array([step.quantity_kw for step in bid.segments])
    price = np.array([step.price for step in bid.segments])
    ends, total = np.concatenate([[0.0], np.cumsum(kw)]), np.concatenate([[0.0], np.cumsum(kw * price)])
    high = np.minimum(np.cumsum(width_kw), ends[-1])
    cost = np.interp(high, ends, total)
    part, rise = np.diff(high, prepend=0.0), np.diff(cost, prepend=0.0)
    mean = np.divide(rise, part, out=np.full(len(part), -np.inf), where=part > 1e-6)
    # Means over neighbouring stretches of prices that do not fall do not fall; what falls is binary rounding.
    return np.asarray(np.maximum.accumulate(np.maximum(mean, price[0])))
