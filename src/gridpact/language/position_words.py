"""Positions in words: what a prompt says of them, and our own sentences about a pick. A model compares no numbers."""

from gridpact.negotiation.advice import (
    AnswerPosition,
    BidPosition,
    Bonus,
    Closeness,
    Coverage,
    Eagerness,
    Gain,
    Headroom,
    MarketPosition,
    Move,
    Movement,
    Pace,
    Part,
    Reply,
    Stage,
)

_STAGE = {
    Stage.ONLY: "This is the only round.",
    Stage.FIRST: "This is the first round; more follow.",
    Stage.MIDDLE: "Rounds have passed and more follow.",
    Stage.LAST: "This is the last round.",
}
_EAGER = {
    Eagerness.RELUCTANT: "The owner would rather not sell cheaply.",
    Eagerness.MODERATE: "The owner is willing to sell.",
    Eagerness.EAGER: "The owner is eager to sell.",
}
_ROOM = {
    Gain.UNKNOWN: "Your asked price is not set yet.",
    Gain.LOSS: "You ask what you need.",
    Gain.THIN: "You ask hardly more than you need.",
    Gain.FAIR: "You ask somewhat more than you need.",
    Gain.LARGE: "You ask much more than you need.",
}
_OPENING = {
    Gain.UNKNOWN: "You have not asked yet.",
    Gain.LOSS: "You have not asked yet; there is no room above what you need.",
    Gain.THIN: "You have not asked yet; holding opens hardly above what you need.",
    Gain.FAIR: "You have not asked yet; holding opens somewhat above what you need.",
    Gain.LARGE: "You have not asked yet; holding opens far above what you need.",
}
_OUTLOOK = {
    Gain.UNKNOWN: "The market's expected price is not known.",
    Gain.LOSS: "The market's expected price does not cover what you need.",
    Gain.THIN: "The market's expected price barely covers what you need.",
    Gain.FAIR: "The market's expected price is clearly above what you need.",
    Gain.LARGE: "The market's expected price is far above what you need.",
}
_OFFER = {
    Closeness.NONE: "There is no offer yet.",
    Closeness.COVERED: "The last offer covers your asked price.",
    Closeness.SLIGHTLY_BELOW: "The last offer is slightly below your asked price.",
    Closeness.BELOW: "The last offer is clearly below your asked price.",
    Closeness.FAR_BELOW: "The last offer is far below your asked price.",
}
_GAIN = {
    Gain.UNKNOWN: "",
    Gain.LOSS: "The offer does not cover what you need.",
    Gain.THIN: "The offer barely covers what you need.",
    Gain.FAIR: "The offer is clearly above what you need.",
    Gain.LARGE: "The offer is far above what you need.",
}
_MOVEMENT = {
    Movement.UNKNOWN: "",
    Movement.STILL: "The offer has not risen since the round before.",
    Movement.ROSE_A_LITTLE: "The offer rose a little since the round before.",
    Movement.ROSE_CLEARLY: "The offer rose clearly since the round before.",
}
_SOLD = {
    Part.NOTHING: "Nothing is sold yet.",
    Part.SOME: "A smaller part is sold already.",
    Part.MOST: "Most is sold already.",
    Part.ALL: "All is sold already.",
}
_COVERS = {
    Part.NOTHING: "The offer covers none of your asks.",
    Part.SOME: "The offer covers your asks for a smaller part of what is left.",
    Part.MOST: "The offer covers your asks for most of what is left.",
    Part.ALL: "The offer covers your asks for all that is left.",
}
_COVERAGE = {
    Coverage.NOTHING: "No home asks for a price that the market is worth.",
    Coverage.SOME: "Homes with acceptable asks fill only a part of the request.",
    Coverage.ENOUGH: "Homes with acceptable asks fill the request.",
    Coverage.PLENTY: "Homes with acceptable asks fill the request at least twice.",
}
_HEADROOM = {
    Headroom.NONE: "There is no room between the price that fills the request and what the market is worth.",
    Headroom.LITTLE: "There is a little room between the price that fills the request and what the market is worth.",
    Headroom.MUCH: "There is much room between the price that fills the request and what the market is worth.",
}
_AGREED = {
    Part.NOTHING: "Nothing is agreed yet.",
    Part.SOME: "A smaller part of the request is agreed.",
    Part.MOST: "Most of the request is agreed.",
    Part.ALL: "The request is agreed in full.",
}


def bid_facts(position: BidPosition) -> str:
    """What a prompt says of a home that is asked for a bid."""
    asked = _OPENING[position.room] if position.ask is None else _ROOM[position.room]
    lines = (
        _STAGE[position.stage],
        _EAGER[position.eagerness],
        asked,
        _OUTLOOK[position.outlook],
        _OFFER[position.offer],
        _GAIN[position.gain],
        _MOVEMENT[position.movement],
        _SOLD[position.sold],
    )
    return "\n".join(line for line in lines if line)


def answer_facts(position: AnswerPosition) -> str:
    """What a prompt says of a home that has an offer."""
    lines = (
        _STAGE[position.stage],
        _EAGER[position.eagerness],
        _COVERS[position.covers],
        _GAIN[position.gain],
        _SOLD[position.sold],
    )
    return "\n".join(line for line in lines if line)


def market_facts(position: MarketPosition) -> str:
    """What a prompt says of the aggregator."""
    lines = (
        _STAGE[position.stage],
        _COVERAGE[position.coverage],
        _HEADROOM[position.headroom],
        _AGREED[position.sold],
    )
    return "\n".join(lines)


_MOVED = {
    Move.HOLD: "keeps its asked price",
    Move.SMALL: "comes down a little",
    Move.MEDIUM: "comes down clearly",
    Move.LARGE: "comes down a long way",
    Move.RESERVATION: "asks what the home needs and no more",
}
_REPLIED = {
    Reply.ACCEPT: "sells all that the offer of {offered:.2f} covers",
    Reply.PART: "sells a part of what the offer of {offered:.2f} covers",
    Reply.WAIT: "sells nothing at the offer of {offered:.2f}",
}
_LAST_OFFER = {
    Closeness.NONE: "",
    Closeness.COVERED: "; the last offer of {offered:.2f} covers the ask of {ask:.2f}",
    Closeness.SLIGHTLY_BELOW: "; the last offer of {offered:.2f} is slightly below the ask of {ask:.2f}",
    Closeness.BELOW: "; the last offer of {offered:.2f} is below the ask of {ask:.2f}",
    Closeness.FAR_BELOW: "; the last offer of {offered:.2f} is far below the ask of {ask:.2f}",
}


def bid_sentence(position: BidPosition, move: Move) -> str:
    """Our own words for a move."""
    known = position.offered is not None and position.ask is not None
    offer = _LAST_OFFER[position.offer].format(offered=position.offered, ask=position.ask) if known else ""
    return f"Round {position.round} of {position.rounds}: your agent {_MOVED[move]}{offer}."


def answer_sentence(position: AnswerPosition, reply: Reply) -> str:
    """Our own words for a reply."""
    said = _REPLIED[reply].format(offered=position.offered)
    return f"Round {position.round} of {position.rounds}: your agent {said}."


def tactic_sentence(pace: Pace, bonus: Bonus) -> str:
    """Our own words for a tactic."""
    extra = "no bonus" if bonus is Bonus.NONE else f"a {bonus.value} bonus"
    return f"Offers climb at a {pace.value} pace with {extra}."
