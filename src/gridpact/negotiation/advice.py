"""What an adviser is told of a home's or the aggregator's situation, and what it may pick: closed sets, no free hand.

Comparisons are made here, by code, and told as steps of a scale: whoever picks compares no numbers. Nothing of one
party's position is in another's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol


class Stage(StrEnum):
    """Where in the talks this round lies."""

    ONLY = "only"
    """The first round and the last."""
    FIRST = "first"
    MIDDLE = "middle"
    LAST = "last"

    @classmethod
    def of(cls, round: int, rounds: int) -> "Stage":
        """The stage of round ``round``, from 1, of ``rounds``."""
        if round >= rounds:
            return cls.ONLY if rounds == 1 else cls.LAST
        return cls.FIRST if round == 1 else cls.MIDDLE


class Eagerness(StrEnum):
    """How much the owner wants to sell."""

    RELUCTANT = "reluctant"
    MODERATE = "moderate"
    EAGER = "eager"


class Gain(StrEnum):
    """A price against what the home needs to lose nothing."""

    UNKNOWN = "unknown"
    """There is no such price yet."""
    LOSS = "loss"
    THIN = "thin"
    FAIR = "fair"
    LARGE = "large"


class Closeness(StrEnum):
    """The market's last offer against what the home asks."""

    NONE = "none"
    """There is no offer yet."""
    COVERED = "covered"
    SLIGHTLY_BELOW = "slightly_below"
    BELOW = "below"
    FAR_BELOW = "far_below"


class Movement(StrEnum):
    """What the market's offer did since the round before."""

    UNKNOWN = "unknown"
    STILL = "still"
    ROSE_A_LITTLE = "rose_a_little"
    ROSE_CLEARLY = "rose_clearly"


class Part(StrEnum):
    """How much of the whole."""

    NOTHING = "nothing"
    SOME = "some"
    MOST = "most"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class BidPosition:
    """What one home knows when it is asked for a bid."""

    opportunity_id: str
    home_id: str
    round: int
    rounds: int
    stage: Stage
    eagerness: Eagerness
    room: Gain
    """What it asks now, or at most may ask, against what it needs."""
    outlook: Gain
    """The opportunity's published price against what it needs."""
    offer: Closeness
    gain: Gain
    """The last offer against what it needs."""
    movement: Movement
    sold: Part
    ask: float | None
    """What it asks for the next kW, in the opportunity's price unit; None before the first bid."""
    offered: float | None
    left_kw: float
    """Power not sold yet [kW]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPosition:
    """What one home knows when an offer covers some of its asks."""

    opportunity_id: str
    home_id: str
    round: int
    rounds: int
    stage: Stage
    eagerness: Eagerness
    gain: Gain
    """The offer against what it needs for the next kW."""
    covers: Part
    """Of the power not sold yet, how much is asked for at no more than the offer."""
    sold: Part
    ask: float
    offered: float
    left_kw: float
    """Power not sold yet [kW]."""


class Move(StrEnum):
    """What a home may do about its ask."""

    HOLD = "hold"
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"
    RESERVATION = "reservation"


class Reply(StrEnum):
    """What a home may do about an offer."""

    ACCEPT = "accept"
    PART = "part"
    WAIT = "wait"


@dataclass(frozen=True, slots=True, kw_only=True)
class BidAdvice:
    """A pick for one home's ask. Nothing of it is trusted: see `gridpact.negotiation.language`."""

    move: Any
    """A `Move`."""
    concession: Any = None
    """Where within the move's band, from 0 to 1; its middle where there is none."""
    words: Any = ""
    """For people only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerAdvice:
    """A pick for one home's answer."""

    reply: Any
    """A `Reply`."""
    share: Any = None
    """For ``part``: how much of what the offer covers, from 0 to 1; half where there is none."""
    words: Any = ""


class Advisor(Protocol):
    """Whoever picks for homes: a language model, a script, a person."""

    def advise_bids(self, positions: Sequence[BidPosition]) -> Sequence[BidAdvice | None]:
        """A pick for each position, in their order; None where there is none and the policy is to be followed."""
        ...

    def advise_answers(self, positions: Sequence[AnswerPosition]) -> Sequence[AnswerAdvice | None]:
        """As `advise_bids`, for answers."""
        ...


class Coverage(StrEnum):
    """Asks within the market's worth, against the request."""

    NOTHING = "nothing"
    SOME = "some"
    ENOUGH = "enough"
    PLENTY = "plenty"


class Headroom(StrEnum):
    """How far the market's worth lies above the price that fills the request."""

    NONE = "none"
    LITTLE = "little"
    MUCH = "much"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketPosition:
    """What the aggregator knows before it makes a round's offers."""

    opportunity_id: str
    round: int
    rounds: int
    stage: Stage
    coverage: Coverage
    headroom: Headroom
    sold: Part
    """Of the request, how much is agreed."""


class Pace(StrEnum):
    """How fast offers climb to the shadow price."""

    PATIENT = "patient"
    STEADY = "steady"
    FAST = "fast"


class Bonus(StrEnum):
    """What is offered above the shadow price, of the room up to the market's worth after the margin."""

    NONE = "none"
    SMALL = "small"
    MEDIUM = "medium"


@dataclass(frozen=True, slots=True, kw_only=True)
class TacticAdvice:
    """A pick for one round's offers."""

    pace: Any
    """A `Pace`."""
    bonus: Any = Bonus.NONE
    words: Any = ""


class TacticAdvisor(Protocol):
    """Whoever picks the aggregator's tactic."""

    def advise_tactic(self, position: MarketPosition) -> TacticAdvice | None:
        """A pick for this round; None for the steady pace without a bonus."""
        ...
