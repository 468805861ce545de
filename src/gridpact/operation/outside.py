"""Homes and a market that speak for themselves: their messages reach the day through a desk, each with its receipt.

Every message becomes a row of the log when it is received. Owners' notes are kept outside the log, which holds their
keyed digests only.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from gridpact.market.clearing import BidSegment, Clearing
from gridpact.messages.envelopes import AskedStep, BidSubmission, Letter
from gridpact.messages.receipts import Receipt, Verdict
from gridpact.negotiation.desk import Desk
from gridpact.negotiation.language import Language
from gridpact.negotiation.postbox import OUTSIDE, TalkTimes
from gridpact.negotiation.script import WITHHELD, ScriptedPostbox
from gridpact.negotiation.strategy import Strategy
from gridpact.operation.chronicle import TALKS_BEFORE_GATE, Chronicle
from gridpact.operation.inputs import MarketCall, MarketDay
from gridpact.results.events import EventKind

AWARD_WITHIN = timedelta(hours=1)
"""How long after gate closure the market may say what it takes."""
_PRIVATE = ("nonce", "note")
"""Parts of a message that no row holds."""


class LoggedPostbox(ScriptedPostbox):
    """A script's messages, each noted in the run's log when it is received."""

    def __init__(self, day: MarketDay, chronicle: Chronicle, *, agents: Sequence[Callable[[Letter], Any]] = ()) -> None:
        """Open the desk of ``day``.

        Raises:
            InputError: an id that messages cannot carry.
        """
        desk = Desk(
            run=day.run_id,
            # A script is written by whoever runs the day, so there is nobody to keep its nonces from.
            secret=hashlib.sha256(f"gridpact.script/1 {day.run_id}".encode()).digest(),
            home_ids=day.fleet.home_ids,
            outside=day.outside,
            opportunity_ids=[call.opportunity.opportunity_id for call in day.calls],
        )
        super().__init__(
            desk=desk,
            opportunities=[call.opportunity for call in day.calls],
            times={call.opportunity.opportunity_id: talk_times(call, rounds=day.rounds) for call in day.calls},
            arrivals=day.messages,
            agents=agents,
        )
        self._chronicle = chronicle
        self._until = day.horizon.end

    def _deliver(self, at: datetime, message: Any) -> None:
        super()._deliver(at, message)
        note_message(self._chronicle, self.receipts[-1], message, at=at, until=self._until)


def note_message(chronicle: Chronicle, receipt: Receipt, message: Any, *, at: datetime, until: datetime) -> None:
    """A message and its receipt as a row; an owner's note goes to the store's words, outside the log.

    What came after ``until``, the end of the day, moves the day's clock no further: the row says when it came.
    """
    said: Mapping[str, Any] = message if isinstance(message, Mapping) else {}
    applied = receipt.verdict is Verdict.APPLIED
    note = said.get("note")
    digest = None
    # Who is refused may have given somebody else's name, so that only what was applied is anybody's words.
    if applied and isinstance(note, str) and note and receipt.home_id:
        digest = chronicle.log.keep_text(receipt.home_id, None if note == WITHHELD else note)
    # What a refused message says of homes and opportunities is only its sender's word, so it stays in the receipt.
    known = {"opportunity_id": receipt.opportunity_id, "home_id": receipt.home_id or None} if applied else {}
    chronicle.note(
        EventKind.MESSAGE_RECEIVED,
        at=min(at, until),
        payload={
            "receipt": receipt.to_dict(),
            "arrived": at,
            "message": {key: value for key, value in said.items() if key not in _PRIVATE} if applied else {},
            "note": digest,
            **{key: value for key, value in known.items() if value},
        },
    )


def talk_times(call: MarketCall, *, rounds: int) -> TalkTimes:
    """When the talks about one opportunity take place: in the hour before its gate closes."""
    return TalkTimes.even(call.gate_closure - TALKS_BEFORE_GATE, call.gate_closure, rounds=rounds)


def strategies_of(day: MarketDay, language: Language) -> str | Strategy | dict[str, str | Strategy]:
    """Who speaks for whom; ``language`` is who speaks by the strategy of that name."""
    inside = language if day.strategy == Language.name else day.strategy
    return {"*": inside, **dict.fromkeys(day.outside, OUTSIDE)} if day.outside else inside


def award_by_message(
    postbox: LoggedPostbox, call: MarketCall, segments: Sequence[BidSegment], *, run_id: str
) -> Clearing | None:
    """Send the bid and wait for the market's award; None where none came in time."""
    opportunity, rules = call.opportunity, call.rules
    submission = BidSubmission(
        run=run_id,
        opportunity_id=opportunity.opportunity_id,
        product=opportunity.product.value,
        price_unit=opportunity.price_unit,
        start=opportunity.start,
        end=opportunity.end,
        segments=tuple(AskedStep(quantity_kw=each.quantity_kw, price=each.price) for each in segments),
        requested_kw=opportunity.requested_kw,
        minimum_kw=rules.least_kw(opportunity),
        lowest_price=rules.price_floor(opportunity.product),
        highest_price=rules.price_cap(opportunity.product),
        opened=call.gate_closure,
        deadline=call.gate_closure + AWARD_WITHIN,
    )
    postbox.submit(submission)
    award = postbox.desk.award(opportunity.opportunity_id)
    if award is None:
        return None
    asked = sum(each.price <= award.price for each in segments)
    return Clearing(price=award.price, quantity_kw=award.quantity_kw, segments_cleared=int(asked))
