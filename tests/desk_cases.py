"""Letters and messages for tests of the desk, and homes outside that answer by themselves."""

from datetime import UTC, datetime, timedelta

from gridpact.messages.envelopes import AskedStep, BidSubmission, CallForBids, LeastStep, OfferMessage
from gridpact.negotiation.desk import Desk
from gridpact.negotiation.script import Arrival

SECRET = b"a secret of the run's own, 32 b."
OPENING = datetime(2024, 7, 1, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WINDOW = {"start": OPENING + 2 * timedelta(hours=1), "end": OPENING + 4 * timedelta(hours=1)}


def desk(homes=("a", "b", "c"), *, inside=("in",), opportunities=("peak", "night"), secret=SECRET) -> Desk:
    return Desk(run="run-1", secret=secret, home_ids=(*homes, *inside), outside=homes, opportunity_ids=opportunities)


def call(home_id="a", *, round=1, opportunity_id="peak", opened=OPENING, minutes=10, **changes) -> CallForBids:
    return CallForBids(
        **{
            "run": "run-1",
            "opportunity_id": opportunity_id,
            "home_id": home_id,
            "round": round,
            "rounds": 3,
            "product": "energy",
            "price_unit": "usd_per_mwh",
            **WINDOW,
            "reference_price": 80.0,
            "segments": (LeastStep(quantity_kw=2.0, least_price=40.0), LeastStep(quantity_kw=1.0, least_price=60.0)),
            "opened": opened,
            "deadline": opened + minutes * MINUTE,
            **changes,
        }
    )


def offer(home_id="a", *, round=1, opportunity_id="peak", opened=OPENING, minutes=10, **changes) -> OfferMessage:
    return OfferMessage(
        **{
            "run": "run-1",
            "opportunity_id": opportunity_id,
            "home_id": home_id,
            "round": round,
            "rounds": 3,
            "price_unit": "usd_per_mwh",
            "price": 55.0,
            "cap_kw": 3.0,
            "asked_kw": 2.0,
            "accepted_kw": 0.0,
            "opened": opened,
            "deadline": opened + minutes * MINUTE,
            **changes,
        }
    )


def submission(opportunity_id="peak", *, opened=OPENING, minutes=10, **changes) -> BidSubmission:
    return BidSubmission(
        **{
            "run": "run-1",
            "opportunity_id": opportunity_id,
            "product": "energy",
            "price_unit": "usd_per_mwh",
            **WINDOW,
            "segments": (AskedStep(quantity_kw=10.0, price=50.0), AskedStep(quantity_kw=5.0, price=70.0)),
            "requested_kw": 12.0,
            "minimum_kw": 1.0,
            "lowest_price": -150.0,
            "highest_price": 1000.0,
            "opened": opened,
            "deadline": opened + minutes * MINUTE,
            **changes,
        }
    )


def bid(letter, *, message_id="m1", segments=((2.0, 45.0), (1.0, 70.0)), **changes) -> dict:
    return {
        "kind": "bid",
        "message_id": message_id,
        "run": letter.run,
        "opportunity_id": letter.opportunity_id,
        "home_id": letter.home_id,
        "round": letter.round,
        "nonce": letter.nonce,
        "segments": [{"quantity_kw": kw, "price": price} for kw, price in segments],
        **changes,
    }


def answer(letter, *, message_id="m2", **changes) -> dict:
    return {
        "kind": "answer",
        "message_id": message_id,
        "run": letter.run,
        "opportunity_id": letter.opportunity_id,
        "home_id": letter.home_id,
        "round": letter.round,
        "nonce": letter.nonce,
        "price": letter.price,
        "total_kw": 1.5,
        **changes,
    }


def award(letter, *, message_id="m3", **changes) -> dict:
    return {
        "kind": "award",
        "message_id": message_id,
        "opportunity_id": letter.opportunity_id,
        "nonce": letter.nonce,
        "price": 62.125,
        "quantity_kw": 10.0,
        **changes,
    }


class Truthful:
    """Somebody outside who asks what the call says is least, and takes what the bid asks no more than the price for."""

    def __init__(self, *, after: timedelta = MINUTE) -> None:
        self.after = after
        self.letters = []

    def __call__(self, letter):
        self.letters.append(letter)
        at = letter.opened + self.after
        number = len(self.letters)
        if isinstance(letter, CallForBids):
            asked = letter.standing or letter.segments
            segments = [(step.quantity_kw, getattr(step, "price", None) or step.least_price) for step in asked]
            yield Arrival(at=at, message=bid(letter, message_id=f"t{number}", segments=segments))
        elif isinstance(letter, OfferMessage):
            total = max(letter.asked_kw, letter.accepted_kw)
            yield Arrival(at=at, message=answer(letter, message_id=f"t{number}", total_kw=total))
