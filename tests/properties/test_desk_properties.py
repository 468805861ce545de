"""What holds at the desk whatever arrives, how often, when and in which order."""

import json
from collections import Counter, defaultdict
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk_cases import MINUTE, OPENING, SECRET, Truthful, answer, award, bid, call, desk, offer, submission
from gridpact.messages.receipts import Reason, Verdict
from gridpact.negotiation.aggregator import MarketWorth
from gridpact.negotiation.desk import MARKET, Desk
from gridpact.negotiation.engine import CoreNegotiationEngine
from gridpact.negotiation.postbox import OUTSIDE, TalkTimes
from gridpact.negotiation.script import Arrival, ScriptedPostbox
from negotiation_cases import four_homes, opportunity

HOMES = ("a", "b", "c")
OPPORTUNITIES = ("peak", "night")
ROUNDS = 2
PHASES = [(round, kind) for round in range(1, ROUNDS + 1) for kind in ("bid", "answer")] + [(0, "award")]
LENGTH = 10 * MINUTE
SAMPLES, DEEP = 150, 3000


def letter_of(home, opportunity_id, phase):
    round, kind = PHASES[phase]
    facts = {"opportunity_id": opportunity_id, "opened": OPENING + phase * LENGTH}
    if kind == "award":
        return submission(**facts)
    return (call if kind == "bid" else offer)(home, round=round, **facts)


def drive(deliveries, *, homes=HOMES, kept_at=None):
    """Open every phase in its time, deliver in order of arrival, close every phase at its deadline.

    Returns the desk, one receipt a delivery, and what each phase closed with. With ``kept_at`` the desk is kept and
    taken up again before that delivery.
    """
    office, receipts, closed, number = desk(homes=HOMES), [], {}, 0
    queue = sorted(deliveries, key=lambda delivery: delivery[0])
    for phase, (round, kind) in enumerate(PHASES):
        for name in OPPORTUNITIES:
            for home in homes if kind != "award" else ("",):
                office.send(letter_of(home, name, phase))
        ends = OPENING + (phase + 1) * LENGTH
        while number < len(queue) and (queue[number][0] < ends or phase == len(PHASES) - 1):
            if number == kept_at:
                office = Desk.restore(json.loads(json.dumps(office.snapshot())), secret=SECRET)
            receipts.append(office.receive(queue[number][1], now=queue[number][0]))
            number += 1
        for name in OPPORTUNITIES:
            if kind == "bid":
                closed[name, phase] = office.close_bids(name, round=round, now=ends)
            elif kind == "answer":
                closed[name, phase] = office.close_answers(name, round=round, now=ends)
            else:
                closed[name, phase] = {"": office.award(name)}
    return office, receipts, closed, queue


SEALED = {
    (home, name, phase): desk(homes=HOMES).send(letter_of(home, name, phase))
    for name in OPPORTUNITIES
    for phase, (_, kind) in enumerate(PHASES)
    for home in (HOMES if kind != "award" else ("",))
}
WRITE = {"bid": bid, "answer": answer, "award": award}
CHANGES = {
    "bid": [{}, {"segments": ((1.0, 70.0),)}, {"segments": ()}, {"segments": ((9.0, 1.0),)}],
    "answer": [{}, {"total_kw": 2.0}, {"total_kw": 0.0}, {"price": 1.0}],
    "award": [{}, {"quantity_kw": 5.0}, {"quantity_kw": 0.0}, {"quantity_kw": 500.0}],
}


@st.composite
def messages(draw):
    """A message of somebody, right or wrong in one way."""
    key = draw(st.sampled_from(sorted(SEALED)))
    kind = PHASES[key[2]][1]
    message = WRITE[kind](
        SEALED[key],
        message_id=draw(st.sampled_from([f"{key}", f"{key}!", "shared"])),
        **draw(st.sampled_from(CHANGES[kind])),
    )
    wrong = draw(st.sampled_from(["", "", "", "", "nonce", "stolen", "key", "run", "junk"]))
    if wrong == "nonce":
        message["nonce"] = "0" * 64
    elif wrong == "stolen":
        message["nonce"] = SEALED[draw(st.sampled_from(sorted(SEALED)))].nonce
    elif wrong == "key":
        message["more"] = 1
    elif wrong == "run" and kind != "award":
        message["run"] = "another"
    return message if wrong != "junk" else draw(st.sampled_from([None, [], 7, {"kind": "bid"}]))


@st.composite
def storms(draw):
    """Messages, each delivered any number of times at any times; ties in any order."""
    deliveries = []
    for message in draw(st.lists(messages(), max_size=25)):
        for minute in draw(st.lists(st.integers(-2, 60), max_size=3)):
            deliveries.append((OPENING + minute * MINUTE, message))
    return draw(st.permutations(deliveries))


def sender_of(message):
    if not isinstance(message, dict):
        return None
    return MARKET if message.get("kind") == "award" else message.get("home_id")


def check_storm(deliveries, kept_at):
    office, receipts, closed, queue = drive(deliveries)
    assert len(receipts) == len(queue)

    applied = Counter(
        (receipt.opportunity_id, receipt.home_id, receipt.round, receipt.kind)
        for receipt in receipts
        if receipt.verdict is Verdict.APPLIED
    )
    assert all(count == 1 for count in applied.values())

    firsts, repeats = {}, defaultdict(set)
    for receipt, (_, message) in zip(receipts, queue, strict=True):
        text = json.dumps(message, sort_keys=True)
        if receipt.verdict is Verdict.REPEATED:
            repeats[text].add(receipt)
            assert (receipt.first, receipt.reason, receipt.at) == (
                firsts[text].verdict,
                firsts[text].reason,
                firsts[text].at,
            )
        else:
            firsts[text] = receipt
            assert (receipt.reason is Reason.NONE) == (receipt.verdict is Verdict.APPLIED)
    assert all(len(same) == 1 for same in repeats.values())

    once = [delivery for receipt, delivery in zip(receipts, queue, strict=True) if receipt.verdict is Verdict.APPLIED]
    once.sort(key=lambda delivery: json.dumps(delivery[1], sort_keys=True))
    _, clean_receipts, clean, _ = drive(once)
    assert {receipt.verdict for receipt in clean_receipts} <= {Verdict.APPLIED}
    assert clean == closed
    assert [list(rows) for rows in clean.values()] == [list(rows) for rows in closed.values()]

    again, same_receipts, _, _ = drive(deliveries)
    assert (again.snapshot(), same_receipts) == (office.snapshot(), receipts)
    taken_up, other_receipts, _, _ = drive(deliveries, kept_at=kept_at)
    assert (taken_up.snapshot(), other_receipts) == (office.snapshot(), receipts)

    for home in (*HOMES, MARKET):
        alone, own, _, own_queue = drive([row for row in deliveries if sender_of(row[1]) == home])
        assert alone.snapshot()["senders"][home] == office.snapshot()["senders"][home]
        assert own == [receipt for receipt, row in zip(receipts, queue, strict=True) if sender_of(row[1]) == home]
        assert len(own) == len(own_queue)


@given(storms(), st.integers(0, 60))
@settings(max_examples=SAMPLES, deadline=None)
def test_every_storm(deliveries, kept_at):
    check_storm(deliveries, kept_at)


@pytest.mark.deep
@given(storms(), st.integers(0, 60))
@settings(max_examples=DEEP, deadline=None)
def test_every_storm_deep(deliveries, kept_at):
    check_storm(deliveries, kept_at)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_the_talks_depend_only_on_what_was_applied(seed):
    """Lost, late, doubled, forged and reordered messages: the same books as the applied ones alone, each once."""
    rng = np.random.default_rng(seed)
    honest, log = Truthful(), []

    def stormy(letter):
        for arrival in honest(letter):
            forged = {**arrival.message, "message_id": "forged", "nonce": "f" * 64}
            changed = {**arrival.message, "message_id": "changed"}
            for message in rng.permutation(np.array([arrival.message, arrival.message, forged, changed, None])):
                if rng.uniform() < 0.8:
                    yield Arrival(at=letter.opened + timedelta(minutes=rng.uniform(-1, 12)), message=message)

    def talk(**sources):
        postbox = ScriptedPostbox(
            desk=Desk(run="run-1", secret=SECRET, home_ids="abcd", outside="abcd", opportunity_ids=["peak"]),
            opportunities=[opportunity()],
            times={"peak": TalkTimes.even(OPENING, OPENING + timedelta(hours=1), rounds=3)},
            **sources,
        )
        receive = postbox.desk.receive

        def noting(message, *, now):
            receipt = receive(message, now=now)
            log.append((receipt, Arrival(at=now, message=message)))
            return receipt

        postbox.desk.receive = noting
        result = CoreNegotiationEngine(OUTSIDE, rounds=3).negotiate(
            opportunity(),
            four_homes(),
            floors_usd_per_mwh=np.full(4, np.nan),
            willingness=0.5,
            worth=MarketWorth.certain(90.0, requested_kw=6.0),
            postbox=postbox,
        )
        postbox.finish()
        return result, postbox

    result, postbox = talk(agents=[stormy])
    applied = [arrival for receipt, arrival in log if receipt.verdict is Verdict.APPLIED]
    log.clear()
    clean, quiet = talk(arrivals=applied[::-1])
    assert {receipt.verdict for receipt, _ in log} <= {Verdict.APPLIED}
    assert len(log) == len(applied)
    assert clean.bids_frame().equals(result.bids_frame())
    assert clean.offers_frame().equals(result.offers_frame())
    assert clean.reasons() == result.reasons()
    assert clean.events == result.events
    assert postbox.ended("peak") == quiet.ended("peak")


OTHERWISE = {"bid": {"segments": []}, "answer": {"total_kw": 0.5}, "award": {"price": 51.0, "quantity_kw": 9.0}}
STORM = 15_000
FULL_STORM = 100_000


def storm(count, *, seed=5):
    """``count`` deliveries over many opportunities, homes and rounds, in order of arrival, with what was sent when.

    One opportunity in order of the day after another, each of `PHASES`; every genuine message is delivered once to many
    times, some of it late, between forged, stolen, changed, stale and unreadable ones.
    """
    rng = np.random.default_rng(seed)
    homes = [f"home-{number}" for number in range(8)]
    names = [f"window-{number}" for number in range(max(1, count // 400))]
    office = Desk(run="run-1", secret=SECRET, home_ids=homes, outside=homes, opportunity_ids=names)
    timeline, genuine = [], []
    for place, name in enumerate(names):
        for phase, (round, kind) in enumerate(PHASES):
            opened = OPENING + place * MINUTE + phase * LENGTH
            for home in homes if kind != "award" else ("",):
                facts = {"opportunity_id": name, "opened": opened}
                letter = submission(**facts) if kind == "award" else None
                letter = letter or (call if kind == "bid" else offer)(home, round=round, **facts)
                timeline.append((opened, len(timeline), "send", letter))
                sealed = Desk(run="run-1", secret=SECRET, home_ids=homes, outside=homes, opportunity_ids=[name]).send(
                    letter
                )
                message = WRITE[kind](sealed, message_id=f"{name}/{kind}/{round}")
                genuine.append((sealed, message))
    for sealed, message in genuine:
        if rng.uniform() < 0.97:
            timeline.append((sealed.opened + rng.uniform(0.0, 0.99) * LENGTH, len(timeline), "message", message))
    sent = len(timeline) - len(genuine)
    for _ in range(count - sent):
        sealed, message = genuine[rng.integers(len(genuine))]
        twist = rng.integers(8)
        if twist == 0:
            message = {**message, "nonce": f"{rng.integers(2**62):064x}"}
        elif twist == 1:
            message = {**message, "nonce": genuine[rng.integers(len(genuine))][0].nonce}
        elif twist == 2:
            message = {**message, "message_id": f"again-{rng.integers(1000)}"}
        elif twist == 3:
            message = {**message, **OTHERWISE[message["kind"]]}
        elif twist == 4:
            message = {**message, **OTHERWISE[message["kind"]], "message_id": "otherwise"}
        elif twist == 5 and rng.uniform() < 0.3:
            message = {**message, "more": 1}
        at = sealed.opened + rng.uniform(-1.0, 6.0) * LENGTH
        timeline.append((at, len(timeline), "message", message))
    timeline.sort(key=lambda row: row[:2])
    return office, timeline, names


def weather(count):
    """Drive a storm through; receipts, and what each opportunity was awarded at first and at last."""
    office, timeline, names = storm(count)
    receipts, first = [], {}
    for at, _, what, item in timeline:
        if what == "send":
            office.send(item)
            continue
        receipts.append(office.receive(item, now=at))
        name = receipts[-1].opportunity_id
        if receipts[-1].kind == "award" and name not in first and office.award(name) is not None:
            first[name] = office.award(name)
    return office, receipts, names, first


@pytest.mark.parametrize("count", [STORM, pytest.param(FULL_STORM, marks=pytest.mark.deep)])
def test_each_award_once_and_stale_ones_refused(count, record_property):
    office, receipts, names, first = weather(count)
    assert len(receipts) == count
    counts = Counter((receipt.verdict.value, receipt.reason.value) for receipt in receipts)
    for (verdict, reason), number in sorted(counts.items()):
        record_property(f"{verdict} {reason}", number)
        print(f"{verdict:9} {reason:16} {number:7,}")
    applied = Counter(
        (receipt.opportunity_id, receipt.home_id, receipt.round, receipt.kind)
        for receipt in receipts
        if receipt.verdict is Verdict.APPLIED
    )
    assert set(applied.values()) == {1}
    awarded = {name for name, home, _, _ in applied if home == MARKET}
    assert awarded == set(first)
    assert len(awarded) > 0.95 * len(names)
    for name in names:
        assert office.award(name) == first.get(name)
    stale = {Reason.LATE, Reason.SUPERSEDED, Reason.TOO_EARLY, Reason.SECOND_MESSAGE, Reason.ID_REUSED}
    forged = {Reason.WRONG_NONCE, Reason.OTHER_HOME, Reason.OTHER_REQUEST, Reason.MALFORMED}
    assert stale | forged <= {receipt.reason for receipt in receipts}
    assert sum(counts.values()) == count
