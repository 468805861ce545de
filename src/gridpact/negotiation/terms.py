"""What a message may say within the terms of its letter: what can be told at the door, while it can be corrected.

Costs and earlier asks are for the referee, who judges whole rounds.
"""

from gridpact.messages.envelopes import (
    AnswerMessage,
    AwardMessage,
    BidMessage,
    BidSubmission,
    CallForBids,
    Incoming,
    Letter,
    OfferMessage,
)
from gridpact.messages.receipts import Reason
from gridpact.negotiation.protocol import KW_SLACK

_FINE = (Reason.NONE, "")


def broken_terms(letter: Letter, message: Incoming) -> tuple[Reason, str]:
    """Which term of ``letter`` its answer breaks, and the figures in words; `Reason.NONE` if none."""
    if isinstance(letter, CallForBids) and isinstance(message, BidMessage):
        return _bid(letter, message)
    if isinstance(letter, OfferMessage) and isinstance(message, AnswerMessage):
        return _answer(letter, message)
    if isinstance(letter, BidSubmission) and isinstance(message, AwardMessage):
        return _award(letter, message)
    raise TypeError(f"a {message.kind} does not answer a {letter.kind}")


def _bid(call: CallForBids, bid: BidMessage) -> tuple[Reason, str]:
    kw = bid.quantity_kw
    able = round(sum(step.quantity_kw for step in call.segments), 3)
    first = round(sum(step.quantity_kw for step in call.standing), 3)
    if kw > able + KW_SLACK:
        return Reason.OVER_QUANTITY, f"{kw:g} kW bid, {able:g} kW deliverable"
    if call.standing and abs(kw - first) > KW_SLACK:
        return Reason.OTHER_QUANTITY, f"{kw:g} kW bid, {first:g} kW in round 1"
    return _FINE


def _answer(offer: OfferMessage, answer: AnswerMessage) -> tuple[Reason, str]:
    kw = answer.total_kw
    if answer.price != offer.price:
        return Reason.OTHER_PRICE, f"{answer.price:.2f} answered, {offer.price:.2f} offered"
    if kw > offer.cap_kw + KW_SLACK:
        return Reason.OVER_CAP, f"{kw:g} kW accepted in all, the cap is {offer.cap_kw:g} kW"
    if kw < offer.accepted_kw - KW_SLACK:
        return Reason.TAKEN_BACK, f"{kw:g} kW accepted in all, {offer.accepted_kw:g} kW before"
    if kw > max(offer.asked_kw, offer.accepted_kw) + KW_SLACK:
        return Reason.ABOVE_ASK, f"{kw:g} kW accepted in all, {offer.asked_kw:g} kW asked at {offer.price:.2f} or less"
    if 0 < kw < offer.least_kw - KW_SLACK:
        return Reason.BELOW_LEAST, f"{kw:g} kW accepted in all; at least {offer.least_kw:g} kW, or nothing"
    return _FINE


def _award(submission: BidSubmission, award: AwardMessage) -> tuple[Reason, str]:
    kw, price = award.quantity_kw, award.price
    low, high = submission.lowest_price, submission.highest_price
    if low is not None and price < low:
        return Reason.OUTSIDE_RULES, f"price {price:g}, the market's lowest is {low:g}"
    if high is not None and price > high:
        return Reason.OUTSIDE_RULES, f"price {price:g}, the market's highest is {high:g}"
    if kw > submission.most_kw(price) + KW_SLACK:
        return Reason.OVER_BID, f"{kw:g} kW awarded, {submission.most_kw(price):g} kW bid at {price:g} or less"
    if 0 < kw < submission.minimum_kw - KW_SLACK:
        return Reason.OUTSIDE_RULES, f"{kw:g} kW awarded, the market's least is {submission.minimum_kw:g} kW"
    return _FINE
