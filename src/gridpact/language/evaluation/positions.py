"""How picks in negotiation positions did: sensible or unwise, and what they were worth where the rest is known.

A case holds what a home or the aggregator knows, as steps of a scale, and what it does not: what it needs, and what the
market would pay. ``expected`` names sensible and unwise picks; other picks are neither.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gridpact.language.evaluation.cases import Case, read_cases
from gridpact.language.evaluation.score import Score
from gridpact.language.negotiator import ModelAdvisor
from gridpact.language.questions import Talker
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
from gridpact.negotiation.language import BANDS

NAME = "positions"
WILLINGNESS = {Eagerness.RELUCTANT: 0.45, Eagerness.MODERATE: 0.7, Eagerness.EAGER: 0.875}
"""Of the policy, which knows a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """What was picked in one position."""

    choice: str
    """A move, a reply, or pace and bonus with a slash between; empty where there was no valid reply."""
    part: float
    """Of what a home could give up, or of what the offer covers, 0 to 1."""
    valid: bool = True


def load(half: str) -> list[Case]:
    """Cases of one half."""
    return read_cases(NAME, half)


def answer(cases: Sequence[Case], talker: Talker) -> list[Picked]:
    """What ``talker`` picks, all homes' questions of a kind in one call; the policy's picks where it is nobody."""
    advisor = ModelAdvisor(talker=talker)
    bids = [case for case in cases if case.rest["task"] == "bid"]
    answers = [case for case in cases if case.rest["task"] == "answer"]
    found: dict[str, Picked | None] = {}
    for case, bid in zip(bids, advisor.advise_bids([bid_position(case) for case in bids]), strict=True):
        found[case.id] = None if bid is None else Picked(choice=bid.move.value, part=_given(bid.move, bid.concession))
    for case, said in zip(answers, advisor.advise_answers([answer_position(case) for case in answers]), strict=True):
        if said is None:
            found[case.id] = None
            continue
        part = {Reply.ACCEPT: 1.0, Reply.WAIT: 0.0}.get(said.reply, said.share)
        found[case.id] = Picked(choice=said.reply.value, part=part)
    for case in cases:
        if case.rest["task"] == "tactic":
            tactic = advisor.advise_tactic(market_position(case))
            choice = "" if tactic is None else f"{tactic.pace.value}/{tactic.bonus.value}"
            found[case.id] = None if tactic is None else Picked(choice=choice, part=0.0)
    nobody = talker.name == "none"
    return [found[case.id] or (policy(case) if nobody else Picked(choice="", part=0.0, valid=False)) for case in cases]


def score(case: Case, found: Picked) -> Score:
    """One field a case: the pick. Unsafe means unwise."""
    return score_positions(case.expected, found)


def score_positions(expected: Mapping[str, Any], found: Picked) -> Score:
    """How a pick did.

    Args:
        expected: ``sensible`` and ``unwise`` picks, and ``play``, what the party did not know.
        found: the pick.
    """
    right = found.valid and found.choice in expected["sensible"]
    unwise = found.valid and found.choice in expected["unwise"]
    deal, kept = _played(expected.get("play"), found)
    return Score(
        stated=1,
        found_right=int(right),
        missed=int(not found.valid),
        invented=0,
        unsafe=int(unwise),
        wrong=int(found.valid and not right),
        valid=found.valid,
        deal=deal,
        surplus_kept=kept,
    )


def policy(case: Case) -> Picked:
    """What the deterministic policy does: concession by the clock, the best response, the steady pace."""
    facts = case.facts
    if case.rest["task"] == "tactic":
        return Picked(choice=f"{Pace.STEADY.value}/{Bonus.NONE.value}", part=0.0)
    if case.rest["task"] == "answer":
        return Picked(choice=Reply.ACCEPT.value, part=1.0)
    eager = WILLINGNESS[Eagerness(facts["eagerness"])]
    left = _markup_left(facts["round"], facts["rounds"], eager)
    if facts["ask"] is None:
        given = 1.0 - (1.0 - eager) * left
    else:
        before = _markup_left(facts["round"] - 1, facts["rounds"], eager)
        given = 1.0 - left / before if before > 0 else 1.0
    return Picked(choice=nearest_move(given).value, part=given)


def _markup_left(round: int, rounds: int, eager: float) -> float:
    """What `Concession` still asks of its opening markup in a round."""
    time = (round - 1) / max(rounds - 1, 1)
    return float(1.0 - time ** ((1.0 - eager) / eager))


def nearest_move(given: float) -> Move:
    """The move whose band holds, or comes nearest to, the part given up."""
    return min(BANDS, key=lambda move: max(BANDS[move][0] - given, given - BANDS[move][1], 0.0))


def bid_position(case: Case) -> BidPosition:
    """A case's facts as a home's position before its bid."""
    facts = case.facts
    return BidPosition(
        opportunity_id=case.id,
        home_id=case.id,
        round=facts["round"],
        rounds=facts["rounds"],
        stage=Stage(facts["stage"]),
        eagerness=Eagerness(facts["eagerness"]),
        room=Gain(facts["room"]),
        outlook=Gain(facts["outlook"]),
        offer=Closeness(facts["offer"]),
        gain=Gain(facts["gain"]),
        movement=Movement(facts["movement"]),
        sold=Part(facts["sold"]),
        ask=facts["ask"],
        offered=facts["offered"],
        left_kw=facts["left_kw"],
    )


def answer_position(case: Case) -> AnswerPosition:
    """A case's facts as a home's position before its answer."""
    facts = case.facts
    return AnswerPosition(
        opportunity_id=case.id,
        home_id=case.id,
        round=facts["round"],
        rounds=facts["rounds"],
        stage=Stage(facts["stage"]),
        eagerness=Eagerness(facts["eagerness"]),
        gain=Gain(facts["gain"]),
        covers=Part(facts["covers"]),
        sold=Part(facts["sold"]),
        ask=facts["ask"],
        offered=facts["offered"],
        left_kw=facts["left_kw"],
    )


def market_position(case: Case) -> MarketPosition:
    """A case's facts as the aggregator's position."""
    facts = case.facts
    return MarketPosition(
        opportunity_id=case.id,
        round=facts["round"],
        rounds=facts["rounds"],
        stage=Stage(facts["stage"]),
        coverage=Coverage(facts["coverage"]),
        headroom=Headroom(facts["headroom"]),
        sold=Part(facts["sold"]),
    )


def _given(move: Move, concession: float) -> float:
    low, high = BANDS[move]
    return low + concession * (high - low)


def _played(play: Mapping[str, Any] | None, found: Picked) -> tuple[bool | None, float | None]:
    """Whether a deal came about, and the share kept of what it could have been worth."""
    if play is None:
        return None, None
    part = found.part if found.valid else 0.0
    if "worth" in play:
        ask = play["need"] + (1.0 - part) * (play["highest"] - play["need"])
        deal = ask <= play["worth"] + 1e-9
        room = play["worth"] - play["need"]
        return deal, min(max((ask - play["need"]) / room, 0.0), 1.0) if deal and room > 0 else 0.0
    now = play["offered"] - play["need"]
    later = 0.0 if play["later"] is None else play["later"] - play["need"]
    best = max(now, later)
    return part > 0 or later > 0, min((part * now + (1.0 - part) * later) / best, 1.0) if best > 0 else 0.0
