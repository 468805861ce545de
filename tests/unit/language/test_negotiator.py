"""Positions become questions without ids and numbers; replies become picks; what fails becomes none."""

import re
from dataclasses import fields
from itertools import product
from typing import Any

import numpy as np
import pytest

from gridpact.errors import InputError
from gridpact.language import position_words
from gridpact.language.closed import closed_schema
from gridpact.language.evaluation import positions
from gridpact.language.evaluation.cases import HALVES
from gridpact.language.negotiator import AnswerReply, BidReply, ModelAdvisor, TacticReply
from gridpact.language.questions import Nobody, Question, Scripted
from gridpact.negotiation import advice
from gridpact.negotiation.advice import Bonus, Move, Pace
from gridpact.negotiation.aggregator import MarketWorth
from gridpact.negotiation.engine import CoreNegotiationEngine
from gridpact.negotiation.language import Language
from gridpact.negotiation.tactics import TACTICS, Always, check_tactic
from negotiation_cases import four_homes, opportunity


def talk(script: Any, *, words: dict[str, str] | None = None, rounds: int = 3) -> tuple[list[Question], Any, Language]:
    asked: list[Question] = []

    def remember(question: Question) -> Any:
        asked.append(question)
        return script(question)

    advisor = ModelAdvisor(talker=Scripted(remember), words=words or {})
    homes = Language(advisor)
    result = CoreNegotiationEngine(homes, rounds=rounds, tactics=advisor).negotiate(
        opportunity(),
        four_homes(),
        floors_usd_per_mwh=np.full(4, np.nan),
        willingness=0.7,
        worth=MarketWorth.certain(120.0, requested_kw=6.0),
    )
    return asked, result, homes


def patient(question: Question) -> Any:
    last = "the last round" in question.facts
    match question.task:
        case "bid":
            return {"move": "large" if last else "hold", "concession": 0.5}
        case "answer":
            return {"reply": "accept" if last else "wait", "share": 0.5}
        case _:
            return {"pace": "patient", "bonus": "none"}


def test_prompts_hold_words_and_no_ids_or_numbers() -> None:
    asked, _, _ = talk(patient)
    assert {question.task for question in asked} == {"bid", "answer", "tactic"}
    assert len({question.key for question in asked}) == len(asked)
    for question in asked:
        assert not re.search(r"\d", question.facts), question.facts
        assert "peak" not in question.facts
        assert question.words == ""
        assert question.home_id == (None if question.task == "tactic" else question.key.split("/")[-1])


def test_an_owners_words_go_to_its_own_questions_only() -> None:
    asked, _, _ = talk(patient, words={"a": "keep it gentle", "b": "sell all"})
    for question in asked:
        assert question.words == {"a": "keep it gentle", "b": "sell all"}.get(question.home_id or "", "")
        assert "gentle" not in question.instructions + question.facts


def test_who_waits_is_said_to_wait_and_is_paid_more_at_the_end() -> None:
    _, patiently, homes = talk(patient)
    _, hasty, _ = talk(lambda q: {"bid": {"move": "reservation", "concession": 1}}.get(q.task))
    assert "waits, although the price covers what it asks" in set(patiently.offers_frame()["reason"])
    assert patiently.summary.price_final > hasty.summary.price_final
    assert patiently.summary.replaced == 0
    assert all(pick.words for each in homes.advised for pick in each.picks if pick.choice)


def test_a_failed_reply_is_the_policy_for_that_home_and_round() -> None:
    _, result, homes = talk(lambda q: patient(q) if q.home_id == "a" else {"move": "sell the car"})
    chosen = {pick.home_id for each in homes.advised for pick in each.picks if pick.choice is not None}
    left = {pick.home_id for each in homes.advised for pick in each.picks if pick.choice is None}
    assert chosen == {"a"}
    assert left == {"b", "d"}
    rows = [event.payload for event in result.events if event.kind == "homes_advised"]
    assert sum(row["fallbacks"] for row in rows) == sum(each.fallbacks for each in homes.advised) > 0
    assert not any(event.payload["picked"] for event in result.events if event.kind == "tactic_chosen")


@pytest.mark.parametrize("reply", [BidReply, AnswerReply, TacticReply])
def test_reply_schemas_are_closed_and_bounded_on_both_sides(reply: type) -> None:
    schema = closed_schema(reply)
    for name, part in schema["properties"].items():
        if part.get("type") == "number":
            assert (part["minimum"], part["maximum"]) == (0.0, 1.0), name


def test_every_step_of_every_scale_has_words() -> None:
    for name, kind in (("_STAGE", advice.Stage), ("_EAGER", advice.Eagerness), ("_ROOM", advice.Gain)):
        assert set(getattr(position_words, name)) == set(kind)
    for name, kind in (("_OPENING", advice.Gain), ("_OUTLOOK", advice.Gain), ("_OFFER", advice.Closeness)):
        assert set(getattr(position_words, name)) == set(kind)
    for name, kind in (("_GAIN", advice.Gain), ("_MOVEMENT", advice.Movement), ("_SOLD", advice.Part)):
        assert set(getattr(position_words, name)) == set(kind)
    for name, kind in (("_COVERS", advice.Part), ("_COVERAGE", advice.Coverage), ("_HEADROOM", advice.Headroom)):
        assert set(getattr(position_words, name)) == set(kind)
    for pace, bonus in product(Pace, Bonus):
        assert pace.value in position_words.tactic_sentence(pace, bonus)


def test_tactics_by_name() -> None:
    assert set(TACTICS) == {"patient", "steady", "fast", "language"}
    assert [check_tactic(name) for name in TACTICS] == list(TACTICS)
    with pytest.raises(InputError, match="patient, steady, fast, language"):
        check_tactic("greedy")
    assert {each.name for each in fields(Always)} == {"tactic"}


@pytest.mark.parametrize("half", HALVES)
def test_the_positions_tell_sense_from_folly(half: str) -> None:
    cases = positions.load(half)
    assert len(cases) == 27

    def total(talker: Any) -> tuple[int, int, int]:
        scores = [positions.score(*each) for each in zip(cases, positions.answer(cases, talker), strict=True)]
        return (
            sum(each.found_right for each in scores),
            sum(each.unsafe for each in scores),
            sum(not each.valid for each in scores),
        )

    def best(question: Question) -> Any:
        pick = next(case for case in cases if case.id in question.key).expected["sensible"][0]
        pace, _, bonus = pick.partition("/")
        return {
            "bid": {"move": pick, "concession": 0.5},
            "answer": {"reply": pick, "share": 0.5},
            "tactic": {"pace": pace, "bonus": bonus},
        }[question.task]

    assert total(Scripted(best)) == (27, 0, 0)
    assert total(Scripted(lambda question: {}))[2] == 27
    right, unwise, invalid = total(Nobody())
    assert right > 10
    assert unwise > 0
    assert invalid == 0


def test_positions_are_well_made() -> None:
    for case in (*positions.load("development"), *positions.load("test")):
        sensible, unwise = set(case.expected["sensible"]), set(case.expected["unwise"])
        assert sensible
        assert not sensible & unwise
        if case.rest["task"] == "bid":
            assert sensible | unwise <= {move.value for move in Move}
            position_words.bid_facts(positions.bid_position(case))
