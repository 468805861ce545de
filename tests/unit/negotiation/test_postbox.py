"""Homes outside in a negotiation: what they say counts as if they had been asked in person."""

import json
from datetime import timedelta

import numpy as np
import pytest

from desk_cases import MINUTE, OPENING, SECRET, Truthful, award, bid, submission
from gridpact.errors import InputError, NegotiationError
from gridpact.messages.books import Answer
from gridpact.messages.envelopes import CallForBids, OfferMessage, parse_message
from gridpact.messages.receipts import Reason, Verdict
from gridpact.negotiation.aggregator import MarketWorth
from gridpact.negotiation.desk import Desk
from gridpact.negotiation.engine import CoreNegotiationEngine
from gridpact.negotiation.postbox import OUTSIDE, DeskPostbox, Postbox, SpokenAnswers, SpokenBids, TalkTimes
from gridpact.negotiation.protocol import Standing
from gridpact.negotiation.referee import Refusal
from gridpact.negotiation.script import Arrival, ScriptedPostbox, read_script
from gridpact.negotiation.truthful import Truthful as InPerson
from negotiation_cases import curve, four_homes, opportunity

CLOSING = OPENING + timedelta(hours=1)


def scripted(*, rounds=3, outside=("a", "b", "c", "d"), arrivals=(), agents=()) -> ScriptedPostbox:
    return ScriptedPostbox(
        desk=Desk(run="run-1", secret=SECRET, home_ids="abcd", outside=outside, opportunity_ids=["peak"]),
        opportunities=[opportunity()],
        times={"peak": TalkTimes.even(OPENING, CLOSING, rounds=rounds)},
        arrivals=arrivals,
        agents=agents,
    )


def talk(postbox, *, curves=None, strategies=OUTSIDE, rounds=3, price=100.0, **changes):
    homes = curves or four_homes()
    return CoreNegotiationEngine(strategies, rounds=rounds).negotiate(
        opportunity(),
        homes,
        floors_usd_per_mwh=np.full(len(homes), np.nan),
        willingness=0.5,
        worth=MarketWorth.certain(price, requested_kw=6.0),
        postbox=postbox,
        **changes,
    )


def said_of(result):
    return (
        result.bids_frame().to_csv(),
        result.offers_frame().to_csv(),
        result.options.quantity_kw.tolist(),
        result.options.price.tolist(),
        result.reasons(),
        result.state.standing.tolist(),
    )


def test_truthful_homes_outside_are_the_truthful_strategy():
    postbox = scripted(agents=[Truthful()])
    outside, inside = talk(postbox), talk(None, strategies="truthful")
    assert said_of(outside) == said_of(inside)
    assert outside.summary.strategies == {"outside": 3}
    assert outside.summary.replaced == 0
    assert {receipt.verdict for receipt in postbox.finish()} == {Verdict.APPLIED}


def test_some_outside_and_some_not():
    postbox = scripted(outside=("b", "d"), agents=[Truthful()])
    mixed = talk(postbox, strategies={"b": OUTSIDE, "d": OUTSIDE, "*": "truthful"})
    assert said_of(mixed) == said_of(talk(None, strategies="truthful"))
    assert mixed.summary.strategies == {"outside": 2, "truthful": 1}
    assert postbox.desk.owing("peak", round=1, kind="bid") == 0


def test_a_home_outside_needs_a_postbox():
    with pytest.raises(InputError, match="'a' is to be represented from outside, but this run has no postbox"):
        talk(None, strategies={"a": OUTSIDE})


def test_phases_end_when_all_have_spoken():
    agent = Truthful(after=MINUTE)
    postbox = scripted(agents=[agent])
    talk(postbox)
    opened = sorted({letter.opened for letter in agent.letters})
    assert opened == [OPENING + number * MINUTE for number in range(len(opened))]
    assert postbox.ended("peak") == opened[-1] + MINUTE
    deadlines = {(letter.kind, letter.round): letter.deadline for letter in agent.letters}
    assert deadlines["call_for_bids", 1] == OPENING + timedelta(seconds=3600 // 7)
    assert deadlines["offer", 1] == OPENING + timedelta(seconds=2 * (3600 // 7))


def test_silence_in_round_one_is_no_bid_and_silence_to_an_offer_ends_the_talks():
    nobody = scripted()
    quiet = talk(nobody)
    assert quiet.summary.expired == 3
    assert len(quiet.options) == 0
    assert set(quiet.reasons().values()) == {"made no bid in time", "nothing deliverable in this window"}
    assert nobody.ended("peak") == OPENING + timedelta(minutes=8, seconds=34)

    only_bids = scripted(agents=[kinds(Truthful(), CallForBids)])
    silent = talk(only_bids)
    assert silent.summary.expired == 3
    assert set(silent.offers[0][1].answer) == {Answer.EXPIRED}
    assert silent.reasons()["a"] == "stopped answering in round 1; nothing was agreed"


def kinds(agent, *wanted, rounds=(1, 2, 3)):
    """Only the letters of these kinds and rounds reach the agent."""
    return lambda letter: agent(letter) if isinstance(letter, wanted) and letter.round in rounds else ()


def test_a_missing_later_bid_means_that_the_earlier_one_stands():
    both = Truthful()
    postbox = scripted(agents=[kinds(both, CallForBids, rounds=(1,)), kinds(both, OfferMessage)])
    result = talk(postbox)
    assert said_of(result) == said_of(talk(None, strategies="truthful"))


def test_a_bid_for_part_of_what_is_deliverable_keeps_the_rest_out():
    """Home a could sell 3 kW in three steps and bids 1.5; nothing more is ever asked of it or bought from it."""

    answering = Truthful()

    def part(letter):
        if isinstance(letter, CallForBids):
            segments = [(1.0, 45.0), (0.5, 52.0)] if letter.home_id == "a" else [(1.0, 100.0)]
            return [Arrival(at=letter.opened, message=bid(letter, message_id=f"r{letter.round}", segments=segments))]
        return answering(letter)

    postbox = scripted(agents=[part], outside=("a",))
    result = talk(postbox, strategies={"a": OUTSIDE, "*": "truthful"})
    assert result.standing_asks.of(0) == ((1.0, 45.0), (0.5, 52.0))
    assert result.options.per_home_kw()[0] == 1.5
    assert {receipt.reason for receipt in postbox.finish()} == {Reason.NONE}
    frame = result.bids_frame()
    assert frame[frame["home_id"] == "a"].groupby("round")["quantity_kw"].sum().tolist() == [1.5]
    assert result.offers[0][0].cap_kw[0] == 1.5
    assert result.state.standing[0] == Standing.ACCEPTED
    assert result.reasons()["a"].startswith("agreed to 1.5 of 1.5 kW")
    others = talk(None, strategies="truthful")
    assert result.standing_asks.of(3) == others.standing_asks.of(3)


def test_a_bid_in_other_steps_is_read_at_the_ends_of_the_homes_own():
    """1 kW at 60 and 2 kW at 90, over steps of 1, 1 and 1 kW; and one price over all."""

    def other(letter):
        if isinstance(letter, CallForBids):
            segments = {"a": [(1.5, 60.0), (1.5, 90.0)], "b": [(1.0, 60.0), (1.5, 75.0)]}[letter.home_id]
            return [Arrival(at=letter.opened, message=bid(letter, message_id=f"r{letter.round}", segments=segments))]
        return ()

    result = talk(scripted(agents=[other], outside=("a", "b")), strategies={"a": OUTSIDE, "b": OUTSIDE})
    assert result.standing_asks.of(0) == ((1.0, 60.0), (1.0, 75.0), (1.0, 90.0))
    assert result.standing_asks.of(1) == ((2.5, 69.0),)


def test_the_referee_judges_what_the_door_lets_in():
    """Below cost: the reservation stands, as the next call says. Dearer than before: the earlier ask stands."""
    calls = []

    def careless(letter):
        if isinstance(letter, CallForBids):
            calls.append(letter)
            price = 10.0 if letter.round == 1 else 900.0
            message = bid(letter, message_id=f"r{letter.round}", segments=[(3.0, price)])
            return [Arrival(at=letter.opened, message=message)]
        total = letter.accepted_kw
        return [Arrival(at=letter.opened, message=parse_answer(letter, total))]

    result = talk(scripted(agents=[careless], outside=("a",)), strategies={"a": OUTSIDE, "*": "truthful"})
    assert [step.price for step in calls[1].standing] == [40.0, 50.0, 60.0]
    assert result.summary.replaced_reasons == {
        "asks less than the home's cost or floor price": 1,
        "asks more than in an earlier round": 2,
    }
    assert result.options.per_home_kw()[0] == 0


def parse_answer(letter, total):
    return parse_message(
        {
            "kind": "answer",
            "message_id": f"{letter.home_id}-answer-{letter.round}",
            "run": letter.run,
            "opportunity_id": letter.opportunity_id,
            "home_id": letter.home_id,
            "round": letter.round,
            "nonce": letter.nonce,
            "price": letter.price,
            "total_kw": total,
        }
    )


def test_declining_ends_a_phase_at_once():
    decline = lambda letter: [Arrival(at=letter.opened, message=bid(letter, segments=()))]  # noqa: E731
    postbox = scripted(agents=[decline])
    assert talk(postbox).summary.expired == 3
    assert postbox.ended("peak") == OPENING


def test_who_has_left_is_written_no_letter_and_counts_as_silent():
    agent = Truthful()
    postbox = scripted(agents=[agent])
    postbox.desk.withdraw("b", now=OPENING)
    result = talk(postbox)
    assert "b" not in {letter.home_id for letter in agent.letters}
    assert result.reasons()["b"] == "made no bid in time"


def test_a_script_may_leave_out_what_is_copied_from_the_letter():
    lines = [
        {
            "at": "2024-07-01T20:01:00Z",
            "message": {
                "kind": "bid",
                "message_id": "one",
                "opportunity_id": "peak",
                "home_id": "b",
                "round": 1,
                "segments": [{"quantity_kw": 2.5, "price": 60.0}],
            },
        },
        {
            "at": "2024-07-01T22:02:00+02:00",
            "message": {
                "kind": "answer",
                "message_id": "two",
                "opportunity_id": "peak",
                "home_id": "b",
                "round": 1,
                "total_kw": 2.5,
            },
        },
        {"at": "2024-07-01T20:01:30Z", "message": "noise"},
        {"at": "2024-07-01T20:59:00Z", "message": {"kind": "bid", "opportunity_id": "peak", "round": []}},
    ]
    early = {"at": "2024-07-01T19:00:00Z", "message": {**lines[0]["message"], "message_id": "early"}}
    text = "\n".join(map(json.dumps, [*lines, early])) + "\n\n"
    postbox = scripted(arrivals=read_script(text.encode(), source="day.jsonl"), outside=("b",))
    result = talk(postbox, strategies={"b": OUTSIDE, "*": "truthful"}, rounds=1, posted_price=62.0)
    assert result.options.per_home_kw()[1] == 2.5
    receipts = {receipt.message_id: receipt for receipt in postbox.finish()}
    assert (receipts["one"].verdict, receipts["two"].verdict) == (Verdict.APPLIED, Verdict.APPLIED)
    assert receipts["early"].reason is Reason.TOO_EARLY
    assert receipts[""].reason is Reason.MALFORMED
    assert len(postbox.receipts) == 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"\xff", "day.jsonl is not UTF-8"),
        ("\n{", "day.jsonl line 2 is not JSON"),
        ('{"at": "2024-07-01T20:00:00Z"}', "day.jsonl line 1 must be"),
        ('{"at": "2024-07-01T20:00:00Z", "message": 1, "x": 1}', "day.jsonl line 1 must be"),
        ('{"at": "soon", "message": 1}', "line 1: at is not an ISO time"),
        ('{"at": 5, "message": 1}', "line 1: at is not an ISO time"),
        ('{"at": "2024-07-01T20:00:00", "message": 1}', "line 1: at"),
    ],
)
def test_scripts_that_cannot_be_read(text, words):
    with pytest.raises(InputError, match=words):
        read_script(text, source="day.jsonl")


def test_the_market_answers_a_submission():
    postbox = scripted(agents=[market])
    sealed = postbox.submit(submission())
    assert len(sealed.nonce) == 64
    assert postbox.desk.award("peak").quantity_kw == 10.0
    assert [receipt.verdict for receipt in postbox.finish()] == [Verdict.APPLIED, Verdict.REPEATED]
    alone = scripted()
    alone.submit(submission())
    assert alone.desk.award("peak") is None


def market(letter):
    return [Arrival(at=letter.opened + k * MINUTE, message=award(letter)) for k in (1, 2)]


def test_times_of_talks():
    times = TalkTimes.even(OPENING, CLOSING, rounds=2)
    assert [late - OPENING for late in times.deadlines] == [k * timedelta(minutes=12) for k in (1, 2, 3, 4)]
    quick = TalkTimes.even(OPENING, OPENING + timedelta(seconds=1), rounds=2)
    assert quick.deadlines[-1] == OPENING + timedelta(milliseconds=800)
    assert times.deadline(round=2, answers=True) == OPENING + timedelta(minutes=48)
    for wrong in (
        lambda: times.deadline(round=3, answers=False),
        lambda: times.deadline(round=0, answers=False),
        lambda: TalkTimes.even(OPENING, CLOSING, rounds=0),
        lambda: TalkTimes.even(CLOSING, OPENING, rounds=1),
        lambda: TalkTimes(opening=OPENING, deadlines=(CLOSING,)),
        lambda: TalkTimes(opening=OPENING.replace(tzinfo=None), deadlines=(OPENING, CLOSING)),
        lambda: talk(scripted(rounds=1, agents=[Truthful()]), price=40.0),
    ):
        with pytest.raises(InputError):
            wrong()


class Careless:
    """A postbox of somebody's own, that says whatever it is made with."""

    def __init__(self, **said):
        self.said = said

    def collect_bids(self, context):
        m, k = context.width_kw.shape
        everything = {"spoke": np.ones(m), "asks": context.reservation_price, "quantity_kw": context.width_kw.sum(1)}
        return SpokenBids(
            **{
                **everything,
                **{
                    key: np.full((m, k) if key == "asks" else m, self.said[key])
                    for key in everything.keys() & self.said.keys()
                },
            }
        )

    def collect_answers(self, context):
        m = len(context.price)
        everything = {"spoke": np.ones(m), "price": context.price, "total_kw": context.accepted_kw}
        return SpokenAnswers(
            **{key: np.full(m, self.said[key]) if key in self.said else everything[key] for key in everything}
        )


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ({"asks": np.nan}, Refusal.NOT_A_NUMBER),
        ({"asks": -500.0}, Refusal.BELOW_RESERVATION),
        ({"quantity_kw": np.nan}, Refusal.OTHER_QUANTITY),
        ({"quantity_kw": 1e9}, Refusal.OTHER_QUANTITY),
        ({"quantity_kw": 0.0}, Refusal.OTHER_QUANTITY),
        ({"total_kw": np.nan}, Refusal.NOT_A_NUMBER),
        ({"total_kw": 1e6}, Refusal.OVER_CAP),
        ({"total_kw": -1.0}, Refusal.TAKEN_BACK),
        ({"price": 1.0}, Refusal.OTHER_PRICE),
        ({"asks": 1000.0, "total_kw": 1.0}, Refusal.ABOVE_ASK),
    ],
)
def test_nothing_is_accepted_in_the_name_of_a_home_outside(said, refusal):
    postbox = Careless(**said)
    assert isinstance(postbox, Postbox)
    result = talk(postbox, price=200.0, posted_price=150.0)
    assert refusal.text in result.summary.replaced_reasons
    assert len(result.options) == 0


def test_a_postbox_that_returns_another_shape_stops_the_run():
    class Short(Careless):
        def collect_bids(self, context):
            return SpokenBids(spoke=np.ones(1), asks=np.ones((1, 1)), quantity_kw=np.ones(1))

    with pytest.raises(NegotiationError, match="shape"):
        talk(Short())


def test_another_home_is_untouched_by_what_an_outside_one_leaves_unsold():
    """With and without home a's limit, what is asked of and known about the others has the same bits."""
    homes = [*four_homes(), curve("e", [0.3, 0.7], [33, 44])]
    plain = talk(None, curves=homes, strategies=InPerson())
    limited = talk(Careless(quantity_kw=0.7), curves=homes, strategies={"a": OUTSIDE, "*": InPerson()})
    assert np.array_equal(plain.standing_asks.width_kw[1:], limited.standing_asks.width_kw[1:])
    assert np.array_equal(plain.standing_asks.price[1:], limited.standing_asks.price[1:])
    assert limited.standing_asks.of(0) == ((0.7, 40.0),)


class Live(DeskPostbox):
    """A postbox as a server has one: a log of what came when, and perhaps a crash after some messages."""

    def __init__(self, *, log, agent, crash_after=None, **facts):
        super().__init__(**facts)
        self.log, self.agent, self.crash_after = log, agent, crash_after
        self.replayed, self.receipts = 0, []

    def wait(self, letters, *, opened, deadline):
        coming = sorted((row for letter in letters for row in self.agent(letter)), key=lambda row: row.at)
        now = opened
        while letters and self.desk.owing("peak", round=letters[0].round, kind=KIND[letters[0].kind]):
            if self.replayed < len(self.log):
                at, message = self.log[self.replayed]
                coming = [row for row in coming if (row.at, row.message) != (at, message)]
            elif coming:
                row = coming.pop(0)
                at, message = row.at, row.message
                if at < deadline:
                    self.log.append((at, message))
            else:
                return deadline
            if at >= deadline:
                return deadline
            self.replayed += 1
            self.receipts.append(self.desk.receive(message, now=at))
            now = max(now, at)
            if self.replayed == self.crash_after:
                raise KeyboardInterrupt
        return now


KIND = {"call_for_bids": "bid", "offer": "answer"}


def test_a_run_taken_up_again_after_a_crash_at_any_message_ends_the_same():
    """The log is all that is left: letters, nonces, receipts and books are made again from it."""

    def agent(letter):
        for number, arrival in enumerate(Truthful()(letter)):
            message = {**arrival.message, "message_id": f"{letter.kind}-{letter.round}-{number}"}
            yield Arrival(at=letter.opened + (2 + ord(letter.home_id) % 3) * MINUTE, message=message)
            if letter.home_id == "b":
                yield Arrival(at=letter.opened + MINUTE, message={**message, "nonce": "", "message_id": "x"})

    def live(log, **more):
        facts = scripted()
        return Live(
            log=log,
            agent=agent,
            desk=facts.desk,
            opportunities=[opportunity()],
            times={"peak": TalkTimes.even(OPENING, CLOSING, rounds=3)},
            **more,
        )

    whole = live([])
    wanted = said_of(talk(whole))
    assert len(whole.log) > 10
    for crash_after in range(1, len(whole.log)):
        log = []
        with pytest.raises(KeyboardInterrupt):
            talk(live(log, crash_after=crash_after))
        assert log == whole.log[:crash_after]
        again = live(log)
        assert said_of(talk(again)) == wanted
        assert again.desk.snapshot() == whole.desk.snapshot()
        assert again.receipts == whole.receipts
