"""The protocol's state machine against a plain model of one home at a time: events in any order, legal or not."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from gridpact.negotiation import protocol
from gridpact.negotiation.protocol import (
    AnswersReceived,
    BidsReceived,
    DeadlinePassed,
    MemberFailed,
    OffersMade,
    Opened,
    Phase,
    Standing,
    Withdrawn,
    announce,
    step,
)
from protocol_model import ProtocolModel, bits, kw
from stateful import QUICK, finds, run_machine

INSIDE = (Phase.BIDDING, Phase.OFFERING, Phase.ANSWERING)
WATTS = st.one_of(st.integers(0, 9), st.sampled_from([1, 1000, 5000, 10**12]))
CENTS = st.one_of(st.integers(-500, 500), st.sampled_from([0, 10**11, -(10**11)]))
NO_NUMBERS = [float("nan"), float("inf"), -float("inf")]
HUGE = [1.7e308, -1.7e308, 1e300]
NO_EVENTS = [
    None,
    "opened",
    7,
    object(),
    Opened,
    [],
    protocol.Request(phase=Phase.BIDDING, round=1, homes=np.arange(1)),
]
NO_HOMES = [-1, 99, 2**40, 0.5, None, True, "0", np.nan]

FLEETS = st.one_of(st.lists(st.integers(1, 9_000), min_size=1, max_size=5), st.lists(WATTS, max_size=5))

ongoing = precondition(lambda self: self.phase is not Phase.CLOSED or self.late < 3)


class ProtocolMachine(ProtocolModel):
    """Events of every kind, in and out of turn."""

    @initialize(able=FLEETS, rounds=st.integers(1, 3))
    def first_announced(self, able, rounds):
        self.announced(able, rounds)

    @precondition(lambda self: self.phase is Phase.CLOSED)
    @rule(able=FLEETS, rounds=st.integers(1, 3))
    def another_announced(self, able, rounds):
        self.teardown()
        self.announced(able, rounds)

    # The model: what each event does, written from the protocol's description.

    # Telling the protocol

    @precondition(lambda self: self.phase is Phase.ANNOUNCED)
    @rule()
    def opened(self):
        self.legal(Opened(), self.next_round())

    @precondition(lambda self: self.phase in INSIDE)
    @rule(data=st.data())
    def the_right_one_speaks(self, data):
        self.rightly = True
        self.speak(data, self.phase)

    @precondition(lambda self: self.phase in INSIDE)
    @rule(data=st.data())
    def all_of_them_speak(self, data):
        self.rightly = self.together = True
        self.speak(data, self.phase)
        self.together = False

    @ongoing
    @rule(data=st.data(), phase=st.sampled_from(INSIDE))
    def somebody_speaks(self, data, phase):
        """Out of turn, or in turn with something that may be wrong."""
        self.rightly = False
        self.speak(
            data, phase if self.late or self.phase not in INSIDE else data.draw(st.sampled_from([self.phase, phase]))
        )

    def speak(self, data, phase):
        told = {Phase.BIDDING: self.bids, Phase.OFFERING: self.offers, Phase.ANSWERING: self.answers}
        told[phase](data)

    def some_homes(self, data, right):
        """Homes for an event, mostly ``right`` ones."""
        if self.together:
            return right
        if self.rightly:
            return (
                data.draw(st.just(right) | st.lists(st.sampled_from(right), unique=True, min_size=1)) if right else []
            )
        return data.draw(
            st.one_of(
                st.just(right),
                st.lists(st.sampled_from(right), unique=True) if right else st.just([]),
                st.lists(st.integers(-1, len(self.homes)), max_size=3),
            )
        )

    def some_round(self, data):
        if self.rightly:
            return self.round
        return data.draw(st.sampled_from([self.round] * 5 + [self.round - 1, self.round + 1]))

    def watts_between(self, data, low, high):
        """A quantity, mostly within bounds."""
        if self.rightly:
            return data.draw(st.sampled_from([low, high, (low + high) // 2]))
        return data.draw(st.one_of(st.integers(low, max(low, high)), st.sampled_from([low, high, high + 1, low - 1])))

    def bids(self, data):
        named = data.draw(st.booleans())
        homes, round = self.some_homes(data, self.owing()), self.some_round(data)
        event = BidsReceived(round=round, homes=np.array(homes, dtype=np.int64))
        right = self.wanted(Phase.BIDDING, round, homes)
        able = None
        if named and all(0 <= number < len(self.homes) for number in homes):
            able = [self.watts_between(data, self.homes[n].accepted, self.homes[n].able) for n in homes]
            event = replace(event, able_kw=kw(able))
            right &= all(
                self.homes[n].accepted <= each <= self.homes[n].able for n, each in zip(homes, able, strict=True)
            )
        if not right:
            self.illegal(event)
            return
        for place, number in enumerate(homes):
            self.homes[number].owing = False
            if able is not None:
                self.homes[number].able = able[place]
        self.legal(event, self.all_said())

    def offers(self, data):
        homes, round = self.some_homes(data, self.talking()), self.some_round(data)
        known = all(0 <= number < len(self.homes) for number in homes)
        prices = [data.draw(CENTS) for _ in homes]
        caps = [0 for _ in homes]
        if known:
            earlier = [self.homes[n].offered for n in homes]
            prices = [
                p if last is None else last + data.draw(st.integers(0, 300) | st.integers(0 if self.rightly else -1, 1))
                for last, p in zip(earlier, prices, strict=True)
            ]
            caps = [self.watts_between(data, self.homes[n].accepted, self.homes[n].able) for n in homes]
        event = OffersMade(
            round=round, homes=np.array(homes, dtype=np.int64), price=np.array(prices) / 100, cap_kw=kw(caps)
        )
        right = known and (self.phase, self.round) == (Phase.OFFERING, round) and len(set(homes)) == len(homes)
        for n, price, cap in zip(homes, prices, caps, strict=True):
            right = (
                right
                and self.homes[n].standing is Standing.TALKING
                and (self.homes[n].offered is None or price >= self.homes[n].offered)
                and self.homes[n].accepted <= cap <= self.homes[n].able
            )
        if not right:
            self.illegal(event)
            return
        self.phase = Phase.ANSWERING
        for n, price, cap in zip(homes, prices, caps, strict=True):
            self.homes[n].owing, self.homes[n].offered, self.homes[n].cap = True, price, cap
        self.legal(event, homes if homes else self.next_round())

    def answers(self, data):
        homes, round = self.some_homes(data, self.owing()), self.some_round(data)
        right = self.wanted(Phase.ANSWERING, round, homes)
        prices, new = [0.0] * len(homes), [0] * len(homes)
        if right:
            wrong = 0 if self.rightly else data.draw(st.sampled_from([0, 0, 1, -1]))
            prices = [self.homes[n].offered + wrong for n in homes]
            new = [self.watts_between(data, 0, self.homes[n].cap - self.homes[n].accepted) for n in homes]
            right = not (wrong and homes) and all(
                0 <= each <= self.homes[n].cap - self.homes[n].accepted for n, each in zip(homes, new, strict=True)
            )
        event = AnswersReceived(
            round=round, homes=np.array(homes, dtype=np.int64), price=np.array(prices) / 100, accepted_kw=kw(new)
        )
        if not right:
            self.illegal(event)
            return
        for number, each in zip(homes, new, strict=True):
            home = self.homes[number]
            home.owing = False
            home.accepted += each
            if home.accepted == home.able:
                home.standing = Standing.ACCEPTED
        self.legal(event, self.all_said())

    @ongoing
    @rule(data=st.data(), number=st.integers(0, 5))
    def deadline(self, data, number):
        on_time, self.rightly = number == 5, False
        round = self.round if on_time else self.some_round(data)
        phase = self.phase if on_time else data.draw(st.sampled_from(Phase))
        event = DeadlinePassed(round=round, phase=phase)
        if self.phase is Phase.CLOSED or (round, phase) != (self.round, self.phase):
            self.illegal(event)
            return
        self.passes(event)

    def passes(self, event):
        self.deadlines += 1
        if self.phase is Phase.BIDDING:
            if self.round == 1:
                self.expire()
            for home in self.homes:
                home.owing = False
            asked = self.offering()
        elif self.phase is Phase.ANSWERING:
            self.expire()
            asked = self.next_round()
        else:
            asked = self.closing()
        self.legal(event, asked)

    @ongoing
    @rule(data=st.data(), what=st.sampled_from(["failed", "failed", "out of place", "nonsense", "withdrawn"]))
    def disturbance(self, data, what):
        if what == "failed":
            self.drops_out(data)
        elif what == "nonsense":
            self.nonsense(data)
        elif self.phase is Phase.CLOSED:
            self.illegal(Withdrawn())
        elif what == "withdrawn" and len(self.events) > 5:
            self.legal(Withdrawn(), self.closing())
        elif self.phase is not Phase.ANNOUNCED:
            self.illegal(Opened())

    def drops_out(self, data):
        number = data.draw(st.one_of(st.integers(-1, len(self.homes)), st.sampled_from([-1, len(self.homes)])))
        event = MemberFailed(home=number)
        known = 0 <= number < len(self.homes)
        if self.phase is Phase.CLOSED or not known or self.homes[number].standing is Standing.FAILED:
            self.illegal(event)
            return
        home = self.homes[number]
        last = self.owing() == [number]
        home.standing, home.accepted, home.owing = Standing.FAILED, 0, False
        self.legal(event, self.all_said() if last else None)

    def nonsense(self, data):
        """Events of a right kind in the right place, with figures or homes that are none; and what is no event."""
        what = data.draw(st.sampled_from(["event", "failed", "homes", "figures", "shape"]))
        homes = np.array(self.owing() or self.talking(), dtype=np.int64)
        if what == "event" or not homes.size:
            self.illegal(data.draw(st.sampled_from(NO_EVENTS)))
        elif what == "failed":
            self.illegal(MemberFailed(home=data.draw(st.sampled_from(NO_HOMES))))
        else:
            bad_homes, bad = homes, np.full(len(homes), data.draw(st.sampled_from(NO_NUMBERS + HUGE)))
            if what == "homes":
                bad_homes = data.draw(
                    st.sampled_from(
                        [homes.astype(float), homes[:, None], np.r_[homes, homes], homes > 0, homes + 2**40]
                    )
                )
            elif what == "shape":
                bad = data.draw(
                    st.sampled_from(
                        [bad[:, None], np.r_[bad, bad], bad[0], bad.astype(str), np.array([None] * len(bad))]
                    )
                )
            facts = {"round": self.round, "homes": bad_homes}
            offered = self.state.offer_price[homes]
            self.illegal(
                data.draw(
                    st.sampled_from(
                        [
                            BidsReceived(**facts, able_kw=bad),
                            OffersMade(**facts, price=bad, cap_kw=bad),
                            AnswersReceived(**facts, price=bad, accepted_kw=bad),
                            AnswersReceived(**facts, price=offered, accepted_kw=bad),
                        ]
                    )
                )
            )

    @precondition(lambda self: len(self.events) % 4 == 3)
    @rule()
    def taken_up_again(self):
        """The same events from the beginning give the same state to the bit."""
        again = announce(kw(self.able), rounds=self.rounds)
        for event in self.events:
            again, _ = step(again, event)
        assert bits(again) == bits(self.state)
        self.state = again
        self.seen["taken up again"] += 1

    def teardown(self):
        """Whoever is silent now, the deadlines alone end it, and all of them are at most three a round."""
        if not hasattr(self, "state"):
            return
        while self.phase is not Phase.CLOSED:
            if self.phase is Phase.OFFERING:  # the longest way: the aggregator goes on, and nobody answers
                homes = self.talking()
                offered = OffersMade(
                    round=self.round,
                    homes=np.array(homes, dtype=np.int64),
                    price=np.array([(self.homes[n].offered or 0) + 600 for n in homes]) / 100,
                    cap_kw=kw([self.homes[n].able for n in homes]),
                )
                self.phase = Phase.ANSWERING
                for n in homes:
                    self.homes[n].offered = (self.homes[n].offered or 0) + 600
                    self.homes[n].cap, self.homes[n].owing = self.homes[n].able, True
                self.legal(offered, homes if homes else self.next_round())
            else:
                self.passes(DeadlinePassed(round=self.round, phase=self.phase))
            self.state_is_the_models()
        assert self.deadlines <= 3 * self.rounds
        self.taken_up_again() if self.events else None


def lets_offers_fall(state, event):
    return REAL_OFFERS(replace(state, offer_price=np.full_like(state.offer_price, np.nan)), event)


def takes_more_than_the_cap(state, event):
    return REAL_ANSWERS(replace(state, cap_kw=state.able_kw), event)


def keeps_the_silent(state, event):
    silent = np.flatnonzero(state.owing)
    done, requests = REAL_DEADLINE(state, event)
    standing = done.standing.copy()
    standing[silent] = Standing.TALKING if done.phase is not Phase.CLOSED else Standing.REFUSED
    return replace(done, standing=standing), requests


def changes_in_place(state, event):
    state.owing[:] = False
    return REAL_FAILED(state, event)


REAL_OFFERS, REAL_ANSWERS = protocol._offers, protocol._answers
REAL_DEADLINE, REAL_FAILED = protocol._deadline, protocol._failed


def test_the_protocol_is_its_model():
    print(dict(run_machine(ProtocolMachine, sequences=QUICK // 2)))


@pytest.mark.deep
@pytest.mark.parametrize("batch", range(2))
def test_the_protocol_is_its_model_deep(batch):
    seen = run_machine(ProtocolMachine, sequences=1000, fixed_seed=batch)
    print(dict(seen))
    for event in (Opened, BidsReceived, OffersMade, AnswersReceived, DeadlinePassed, MemberFailed):
        assert seen[event.__name__] > 100
        assert seen[f"no {event.__name__}"] > 100


@pytest.mark.parametrize(
    ("event", "defect"),
    [
        (OffersMade, lets_offers_fall),
        (AnswersReceived, takes_more_than_the_cap),
        (DeadlinePassed, keeps_the_silent),
        (MemberFailed, changes_in_place),
    ],
)
def test_a_planted_defect_is_found(monkeypatch, event, defect):
    monkeypatch.setitem(protocol._HANDLERS, event, defect)
    assert finds(ProtocolMachine)
