"""What the sender of a message is told: applied once, repeated, or refused with a reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What became of a message."""

    APPLIED = "applied"
    REPEATED = "repeated"
    """The same message came before; the rest of the receipt is the first one's."""
    REFUSED = "refused"


class Reason(StrEnum):
    """Why a message was refused; each has one sentence for people."""

    NONE = "none"
    MALFORMED = "malformed"
    UNKNOWN_RUN = "unknown_run"
    UNKNOWN_OPPORTUNITY = "unknown_opportunity"
    UNKNOWN_HOME = "unknown_home"
    NOT_OUTSIDE = "not_outside"
    NO_SUCH_REQUEST = "no_such_request"
    TOO_EARLY = "too_early"
    WRONG_NONCE = "wrong_nonce"
    OTHER_REQUEST = "other_request"
    OTHER_HOME = "other_home"
    ID_REUSED = "id_reused"
    HOME_LEFT = "home_left"
    CLOSED = "closed"
    SUPERSEDED = "superseded"
    LATE = "late"
    SECOND_MESSAGE = "second_message"
    OVER_QUANTITY = "over_quantity"
    OTHER_QUANTITY = "other_quantity"
    OTHER_PRICE = "other_price"
    OVER_CAP = "over_cap"
    ABOVE_ASK = "above_ask"
    TAKEN_BACK = "taken_back"
    BELOW_LEAST = "below_least"
    OVER_BID = "over_bid"
    OUTSIDE_RULES = "outside_rules"

    @property
    def text(self) -> str:
        """The reason in words."""
        return _TEXTS[self]


_TEXTS: dict[Reason, str] = {
    Reason.NONE: "",
    Reason.MALFORMED: "the message cannot be read",
    Reason.UNKNOWN_RUN: "the message names another run",
    Reason.UNKNOWN_OPPORTUNITY: "the message names an opportunity that this run does not have",
    Reason.UNKNOWN_HOME: "the message names a home that this run does not have",
    Reason.NOT_OUTSIDE: "this home is represented by the run itself, not from outside",
    Reason.NO_SUCH_REQUEST: "nothing of the kind was asked for",
    Reason.TOO_EARLY: "nothing of the kind has been asked for yet",
    Reason.WRONG_NONCE: "the nonce is not the one that was sent with the request",
    Reason.OTHER_REQUEST: "the nonce belongs to another request",
    Reason.OTHER_HOME: "the nonce was not given to this home",
    Reason.ID_REUSED: "another message came before under the same message_id",
    Reason.HOME_LEFT: "this home has left the negotiation",
    Reason.CLOSED: "this opportunity is closed",
    Reason.SUPERSEDED: "a later request has taken this one's place",
    Reason.LATE: "the deadline has passed",
    Reason.SECOND_MESSAGE: "the request was answered before, and the first answer stands",
    Reason.OVER_QUANTITY: "the bid is for more than the home can deliver",
    Reason.OTHER_QUANTITY: "a later bid is for the same quantity as the first",
    Reason.OTHER_PRICE: "the price is not the one that was offered",
    Reason.OVER_CAP: "accepts more than the cap",
    Reason.ABOVE_ASK: "accepts power for which the standing bid asks more than the price",
    Reason.TAKEN_BACK: "takes back what was accepted before",
    Reason.BELOW_LEAST: "accepts so little that the home's earlier promises make it a loss",
    Reason.OVER_BID: "awards more than was bid at that price",
    Reason.OUTSIDE_RULES: "the award breaks the rules that the bid was submitted under",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The desk's word on one message."""

    verdict: Verdict
    first: Verdict
    """For a repeated message, what became of it the first time; else the verdict."""
    reason: Reason
    words: str
    """The reason and its figures, for people; empty where the message was applied."""
    at: datetime
    """When it was decided, by the clock that the desk was given; for a repeated message, the first time."""
    kind: str = ""
    """bid, answer or award; empty, as all that follow, where the message could not be read."""
    message_id: str = ""
    opportunity_id: str = ""
    home_id: str = ""
    """Empty for an award."""
    round: int = 0
    """0 for an award."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "verdict": self.verdict.value,
            "first": self.first.value,
            "reason": self.reason.value,
            "words": self.words,
            "at": self.at.isoformat(),
            "kind": self.kind,
            "message_id": self.message_id,
            "opportunity_id": self.opportunity_id,
            "home_id": self.home_id,
            "round": self.round,
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Receipt":
        """The receipt that `to_dict` wrote."""
        return cls(
            verdict=Verdict(plain["verdict"]),
            first=Verdict(plain["first"]),
            reason=Reason(plain["reason"]),
            words=str(plain["words"]),
            at=datetime.fromisoformat(plain["at"]),
            kind=str(plain["kind"]),
            message_id=str(plain["message_id"]),
            opportunity_id=str(plain["opportunity_id"]),
            home_id=str(plain["home_id"]),
            round=int(plain["round"]),
        )
