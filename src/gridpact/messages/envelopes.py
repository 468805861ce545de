"""Messages that cross the boundary: letters to homes' agents and the market, and what they send back.

What comes in is untrusted: `read_message` takes JSON text and `parse_message` what a JSON reader made of it; both
give a typed message or an InputError in words, which never holds the sender's own text beyond a key's name.
Quantities are whole watts written in kW, prices of homes whole cents in the opportunity's price unit.
"""

import json
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, ValidationError, model_validator

from gridpact.errors import InputError
from gridpact.horizon import aware_utc

MOST_BYTES = 65_536
"""Longest message [bytes of UTF-8]."""
MOST_ID_LENGTH = 200
"""Longest id of a message, run, opportunity or home [characters]."""
MOST_NOTE_LENGTH = 500
"""Longest note of an owner [characters]."""
MOST_SEGMENTS = 100
"""Most segments of a bid."""
MOST_ROUNDS = 1000
LARGEST_NUMBER = 1e9
"""Largest price and quantity, either way."""
_SLACK = 1e-9
_DIRECTION_MARKS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_MOST_PROBLEMS = 3


def _whole(decimals: int, *, what: str) -> Callable[[float], float]:
    def check(value: float) -> float:
        rounded = round(value, decimals) + 0.0
        if abs(rounded - value) > _SLACK:
            raise ValueError(f"is not in whole {what}")
        return rounded

    return check


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("holds characters that cannot be printed")
    return text


def _readable(text: str) -> str:
    for sign in text:
        if (unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\n\t") or sign in _DIRECTION_MARKS:
            raise ValueError("holds control characters; write plain text")
    return text


def _aware(moment: datetime) -> datetime:
    return aware_utc(moment, what="the time")


Name = Annotated[str, Field(min_length=1, max_length=MOST_ID_LENGTH), AfterValidator(_printable)]
Round = Annotated[int, Field(ge=1, le=MOST_ROUNDS)]
Nonce = Annotated[str, Field(max_length=MOST_ID_LENGTH), AfterValidator(_printable)]
Note = Annotated[str, Field(max_length=MOST_NOTE_LENGTH), AfterValidator(_readable)]
Price = Annotated[float, Field(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]
Cents = Annotated[Price, AfterValidator(_whole(2, what="cents"))]
Power = Annotated[float, Field(ge=0.0, le=LARGEST_NUMBER)]
Watts = Annotated[Power, AfterValidator(_whole(3, what="watts (0.001 kW)"))]
Moment = Annotated[datetime, AfterValidator(_aware), PlainSerializer(datetime.isoformat, when_used="json")]


class _Closed(BaseModel):
    """Closed schema, whole types, finite numbers, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; what is not given is left out."""
        return self.model_dump(mode="json", exclude_none=True)


class PricedStep(_Closed):
    """One segment: a width and the marginal price asked for it."""

    quantity_kw: Annotated[Watts, Field(gt=0.0)]
    price: Cents


class LeastStep(_Closed):
    """One segment that a home can deliver, and the least price that covers its cost and its owner's floor."""

    quantity_kw: float
    least_price: float


class AskedStep(_Closed):
    """One segment of what stands or is submitted: a width and its marginal price."""

    quantity_kw: float
    price: float


PricedSteps = Annotated[tuple[PricedStep, ...], Field(strict=False, max_length=MOST_SEGMENTS)]


class BidMessage(_Closed):
    """A home's answer to a call for bids."""

    kind: Literal["bid"] = "bid"
    message_id: Name
    """Chosen by the sender, one for each message of a home; a message sent again keeps its id."""
    run: Name
    opportunity_id: Name
    home_id: Name
    round: Round
    nonce: Nonce
    """The call's."""
    segments: PricedSteps
    """Prices never fall from one segment to the next; no segment at all declines."""
    note: Note | None = None
    """The owner's words, for people only: nothing reads them."""

    @model_validator(mode="after")
    def _rising(self) -> "BidMessage":
        for number in range(1, len(self.segments)):
            if self.segments[number].price < self.segments[number - 1].price:
                raise ValueError(f"segments[{number}].price falls below the segment before")
        return self

    @property
    def quantity_kw(self) -> float:
        """All segments together [kW]."""
        return round(sum(step.quantity_kw for step in self.segments), 3)


class AnswerMessage(_Closed):
    """A home's answer to an offer."""

    kind: Literal["answer"] = "answer"
    message_id: Name
    run: Name
    opportunity_id: Name
    home_id: Name
    round: Round
    nonce: Nonce
    """The offer's."""
    price: Cents
    """The offered price, repeated."""
    total_kw: Watts
    """Accepted in all, earlier rounds included; what was accepted before for nothing new [kW]."""
    note: Note | None = None
    """The owner's words, for people only: nothing reads them."""


class AwardMessage(_Closed):
    """The market's answer to a bid submission."""

    kind: Literal["award"] = "award"
    message_id: Name
    opportunity_id: Name
    nonce: Nonce
    """The submission's."""
    price: Price
    """What every awarded kilowatt is paid, in the opportunity's price unit."""
    quantity_kw: Watts
    """Zero where nothing was awarded [kW]."""


class CallForBids(_Closed):
    """Asks one home for a bid. It holds that home's own least prices and is for that home only."""

    kind: Literal["call_for_bids"] = "call_for_bids"
    run: Name
    opportunity_id: Name
    home_id: Name
    round: Round
    rounds: Round
    """Most rounds."""
    product: Name
    price_unit: Name
    start: Moment
    end: Moment
    reference_price: float
    """The market's published expected price."""
    segments: tuple[LeastStep, ...]
    """What the home can deliver. Bids are read at the ends of these segments."""
    standing: tuple[AskedStep, ...] = ()
    """What it asks as of the round before; none in round 1. A later bid is for the same quantity."""
    opened: Moment
    deadline: Moment
    """First moment at which a bid is late."""
    nonce: Nonce = ""


class OfferMessage(_Closed):
    """Offers one home a price."""

    kind: Literal["offer"] = "offer"
    run: Name
    opportunity_id: Name
    home_id: Name
    round: Round
    rounds: Round
    price_unit: Name
    price: float
    cap_kw: Power
    """Most that the aggregator would take in all [kW]."""
    asked_kw: Power
    """Most that can be accepted in all: what the standing bid asks no more than the price for [kW]."""
    accepted_kw: Power
    """Accepted in earlier rounds, which stays accepted [kW]."""
    least_kw: Power = 0.0
    """In all, the home accepts at least this or nothing [kW]."""
    opened: Moment
    deadline: Moment
    """First moment at which an answer is late."""
    nonce: Nonce = ""


class BidSubmission(_Closed):
    """Offers the market a bid curve."""

    kind: Literal["bid_submission"] = "bid_submission"
    run: Name
    opportunity_id: Name
    product: Name
    price_unit: Name
    start: Moment
    end: Moment
    segments: tuple[AskedStep, ...]
    requested_kw: Power
    """Most that the market may award [kW]."""
    minimum_kw: Power = 0.0
    """Least that the market may award, if anything [kW]."""
    lowest_price: float | None = None
    """The market's own limits of a clearing price; none where it has none."""
    highest_price: float | None = None
    opened: Moment
    deadline: Moment
    """First moment at which an award is late."""
    nonce: Nonce = ""

    def most_kw(self, price: float) -> float:
        """Most that may be awarded at ``price`` [kW]."""
        asked = sum(step.quantity_kw for step in self.segments if step.price <= price)
        return min(round(asked, 3), self.requested_kw)


Incoming = BidMessage | AnswerMessage | AwardMessage
Letter = CallForBids | OfferMessage | BidSubmission

_INCOMING: dict[str, type[Incoming]] = {"bid": BidMessage, "answer": AnswerMessage, "award": AwardMessage}
_LETTERS: dict[str, type[Letter]] = {
    "call_for_bids": CallForBids,
    "offer": OfferMessage,
    "bid_submission": BidSubmission,
}


def check_name(text: str, *, what: str) -> str:
    """``text``, if messages can carry it as an id; raises InputError otherwise."""
    if not (0 < len(text) <= MOST_ID_LENGTH and text.isprintable()):
        raise InputError(f"{what} {text!r:.60} must be 1 to {MOST_ID_LENGTH} printable characters; messages name it")
    return text


def is_note(text: str) -> bool:
    """Whether a message can carry ``text`` as its note."""
    try:
        return len(_readable(text)) <= MOST_NOTE_LENGTH
    except ValueError:
        return False


def read_json(content: bytes | str, *, what: str = "the message") -> Any:
    """What JSON text holds, strictly: UTF-8, no key twice, no NaN or Infinity, at most `MOST_BYTES`.

    Raises:
        InputError: it is something else.
    """
    try:
        if len(content if isinstance(content, bytes) else content.encode()) > MOST_BYTES:
            raise InputError(f"{what} is longer than {MOST_BYTES} bytes")
        text = content.decode() if isinstance(content, bytes) else content
        return json.loads(text, object_pairs_hook=_each_key_once, parse_constant=_no_constant)
    except InputError as problem:
        raise InputError(str(problem) if str(problem).startswith(what) else f"{what} {problem}") from None
    except UnicodeError:
        raise InputError(f"{what} is not UTF-8 text") from None
    except (ValueError, RecursionError):
        raise InputError(f"{what} is not JSON") from None


def read_message(content: bytes | str) -> Incoming:
    """The message in JSON text.

    Raises:
        InputError: the text is no JSON, or no message.
    """
    return parse_message(read_json(content))


def parse_message(value: object) -> Incoming:
    """The message that a JSON object states.

    Raises:
        InputError: a key is missing or unknown, a value is of another type, not finite, too long or out of range.
    """
    if isinstance(value, BidMessage | AnswerMessage | AwardMessage):
        return value
    if not isinstance(value, Mapping):
        raise InputError("a message is a JSON object")
    kind = value.get("kind")
    model = _INCOMING.get(kind) if isinstance(kind, str) else None
    if model is None:
        raise InputError(f"kind must be one of {', '.join(_INCOMING)}")
    try:
        return model.model_validate(dict(value))
    except ValidationError as problem:
        raise InputError(f"{kind}: {_words(problem)}") from None


def letter_from_dict(plain: Mapping[str, Any]) -> Letter:
    """The letter that `to_dict` wrote.

    Raises:
        InputError: it is no letter.
    """
    model = _LETTERS.get(str(plain.get("kind")))
    if model is None:
        raise InputError(f"kind must be one of {', '.join(_LETTERS)}")
    try:
        return model.model_validate_json(json.dumps(plain))
    except ValidationError as problem:
        raise InputError(f"{plain['kind']}: {_words(problem)}") from None


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InputError("has a key twice")
    return found


def _no_constant(name: str) -> float:
    raise InputError(f"holds {name}, which is no number of JSON")


def _words(problem: ValidationError) -> str:
    errors = problem.errors(include_url=False, include_input=False)
    parts = [_one(error["type"], error["loc"], error["msg"]) for error in errors[:_MOST_PROBLEMS]]
    more = len(errors) - _MOST_PROBLEMS
    return "; ".join(parts) + (f"; and {more} more" if more > 0 else "")


def _one(type_: str, place: tuple[int | str, ...], text: str) -> str:
    where = ""
    for part in place:
        where += f"[{part}]" if isinstance(part, int) else f".{_short(part)}" if where else _short(part)
    if type_ == "missing":
        return f"{where} is missing"
    if type_ == "extra_forbidden":
        return f"{where} is not a known key"
    if type_ == "value_error":
        return f"{where} {text.removeprefix('Value error, ')}".strip()
    return f"{where}: {text[:1].lower()}{text[1:]}"


def _short(key: str) -> str:
    return key if key.isidentifier() and key.isascii() and len(key) <= 40 else ascii(key)[:42]
