"""The desk against a plain model: letters, messages, deadlines and restarts in any order; late, twice or forged."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from desk_cases import MINUTE, OPENING, SECRET, answer, award, bid, call, desk, offer, submission
from gridpact.errors import InputError, ProtocolViolationError
from gridpact.messages.envelopes import AskedStep, read_message
from gridpact.messages.receipts import Reason, Verdict
from gridpact.negotiation import desk as desk_module
from gridpact.negotiation.desk import MARKET, Desk
from stateful import QUICK, CountedMachine, finds, run_machine

HOMES = ("a", "b", "c")
OPPORTUNITIES = ("peak", "night")
PHASES = [(1, "bid"), (1, "answer"), (2, "bid"), (2, "answer"), (0, "award")]
"""In the order in which one home is asked; the award is the market's only one."""
REMEMBERED = 2
"""In place of `desk.MOST_REFUSED`, so that a sequence of this length comes to the end of what is remembered."""
STANDING = (AskedStep(quantity_kw=2.0, price=45.0), AskedStep(quantity_kw=1.0, price=70.0))
WRONG = {
    (1, "bid"): [({"segments": ((9.0, 1.0),)}, {Reason.OVER_QUANTITY})],
    (2, "bid"): [
        ({"segments": ((1.0, 1.0),)}, {Reason.OTHER_QUANTITY}),
        ({"segments": ((4.0, 1.0),)}, {Reason.OTHER_QUANTITY, Reason.OVER_QUANTITY}),
    ],
    (1, "answer"): [
        ({"price": 1.0}, {Reason.OTHER_PRICE}),
        ({"total_kw": 3.5}, {Reason.OVER_CAP, Reason.ABOVE_ASK}),
        ({"total_kw": 2.5}, {Reason.ABOVE_ASK}),
        ({"total_kw": 0.5}, {Reason.BELOW_LEAST}),
    ],
    (2, "answer"): [({"total_kw": 0.0}, {Reason.TAKEN_BACK}), ({"price": 54.99}, {Reason.OTHER_PRICE})],
    (0, "award"): [
        ({"quantity_kw": 12.5}, {Reason.OVER_BID}),
        ({"quantity_kw": 0.5}, {Reason.OUTSIDE_RULES}),
        ({"price": 1000.5}, {Reason.OUTSIDE_RULES}),
        ({"price": 49.0}, {Reason.OVER_BID}),
    ],
}
"""What breaks the terms of each letter, and all reasons for which it may be refused."""
RIGHT = {
    "bid": [{}, {"segments": ((3.0, 50.0),)}],
    "answer": [{}, {"total_kw": 2.0}, {"total_kw": 1.0}],
    "award": [{}, {"quantity_kw": 0.0}, {"price": 70.0, "quantity_kw": 12.0}],
}
WRITE = {"bid": bid, "answer": answer, "award": award}
UNREADABLE = [None, [], 7, "bid", {}, {"kind": "bid"}, {"kind": ["bid"]}, {"kind": "call_for_bids"}, {"kind": None}]


@dataclass
class Asked:
    """What the model remembers of one letter."""

    letter: Any
    closed: bool = False
    applied: dict[str, Any] | None = None
    refused: int = 0


def letter_of(name, opportunity_id, phase, **facts):
    round, kind = phase
    if kind == "award":
        return submission(opportunity_id, **facts)
    facts |= {"round": round, "opportunity_id": opportunity_id}
    if kind == "bid":
        return call(name, **facts, standing=STANDING if round > 1 else ())
    return offer(name, **facts, least_kw=1.0, accepted_kw=1.0 if round > 1 else 0.0)


def without_note(message):
    return {key: value for key, value in message.items() if key != "note"}


class DeskMachine(CountedMachine):
    """One desk, everything that it was told, and the model."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = desk(HOMES)
        self.before = self.desk.snapshot()
        self.told: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.now = OPENING
        self.asked: dict[tuple[str, str, tuple[int, str]], Asked] = {}
        self.latest: dict[tuple[str, str], int] = {}
        """Place in `PHASES` of the last letter, by sender and opportunity."""
        self.seen_ids: dict[tuple[str, str], tuple[dict[str, Any], Any]] = {}
        """Content and receipt by sender and message id."""
        self.left: set[str] = set()
        self.closed: set[str] = set()
        self.awards: dict[str, dict[str, Any]] = {}
        self.applied: Counter[Any] = Counter()
        self.sent: list[tuple[dict[str, Any], str, str, tuple[int, str], frozenset[Reason]]] = []
        """Every message that was delivered, whom it says it is of, what it answers, and which terms it breaks."""

    def tell(self, what, *args, **facts):
        self.told.append((what, args, facts))
        return getattr(self.desk, what)(*args, **facts)

    def refused(self, what, *args, **facts):
        """Illegal: an error, and nothing changes."""
        with pytest.raises(ProtocolViolationError):
            getattr(self.desk, what)(*args, **facts)
        assert self.desk.snapshot() == self.before
        self.seen[f"no {what}"] += 1

    def owing(self, opportunity_id, phase):
        return sum(
            not each.closed and each.applied is None and name not in self.left
            for (name, about, where), each in self.asked.items()
            if (about, where) == (opportunity_id, phase)
        )

    @rule(minutes=st.integers(1, 6))
    def time_passes(self, minutes):
        self.now += minutes * MINUTE

    @rule(
        name=st.sampled_from([*HOMES, MARKET]),
        opportunity_id=st.sampled_from(OPPORTUNITIES),
        opens=st.sampled_from([0, 0, 0, 2]),
        minutes=st.sampled_from([5, 10, 20]),
    )
    def next_letter(self, name, opportunity_id, opens, minutes):
        """What a home is asked next, or the market is."""
        first = PHASES.index((0, "award")) if name == MARKET else 0
        place = self.latest.get((name, opportunity_id), first - 1) + 1
        if place == len(PHASES):
            place = first  # the market has been asked before
        elif PHASES[place][1] == "award":
            name = MARKET
        self.letter(name, opportunity_id, place, opens, minutes, run="run-1")

    @rule(
        name=st.sampled_from([*HOMES, *HOMES, "in", "unknown"]),
        opportunity_id=st.sampled_from([*OPPORTUNITIES, *OPPORTUNITIES, "unknown"]),
        place=st.integers(0, len(PHASES) - 1),
        minutes=st.sampled_from([10, 10, 10, 0, -1]),
        run=st.sampled_from(["run-1"] * 4 + ["run-2"]),
    )
    def any_letter(self, name, opportunity_id, place, minutes, run):
        self.letter(MARKET if PHASES[place][1] == "award" else name, opportunity_id, place, 0, minutes, run)

    def letter(self, name, opportunity_id, place, opens, minutes, run):
        made = letter_of(name, opportunity_id, PHASES[place], opened=self.now + opens * MINUTE, minutes=minutes)
        made = made.model_copy(update={"run": run})
        legal = (
            run == "run-1"
            and opportunity_id in OPPORTUNITIES
            and opportunity_id not in self.closed
            and minutes > 0
            and (name in HOMES or name == MARKET)
            and name not in self.left
            and place > self.latest.get((name, opportunity_id), -1)
        )
        if not legal:
            self.refused("send", made)
            return
        sealed = self.tell("send", made)
        assert len(sealed.nonce) == 64
        assert sealed.model_copy(update={"nonce": ""}) == made
        assert all(sealed.nonce != each.letter.nonce for each in self.asked.values())
        self.asked[name, opportunity_id, PHASES[place]] = Asked(letter=sealed)
        self.latest[name, opportunity_id] = place
        self.changed(name)

    # Messages

    @rule(data=st.data(), name=st.sampled_from([*HOMES, MARKET]), opportunity_id=st.sampled_from(OPPORTUNITIES))
    def a_letter_is_answered_at_once(self, data, name, opportunity_id):
        """The next letter of a home, and a message that it takes."""
        self.next_letter(name, opportunity_id, 0, 10)
        key = next(reversed(self.asked), None)
        if key is not None and self.asked[key].letter.opened == self.now:
            name, opportunity_id, phase = key
            number = len(self.sent)
            message = WRITE[phase[1]](self.asked[key].letter, message_id=f"{name} at once {number}")
            self.deliver(data, message, name, opportunity_id, phase, frozenset())

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), wrong=st.sampled_from([False, False, True]), number=st.integers(0, 9))
    def an_answer(self, data, wrong, number):
        """To a letter, mostly the latest; within its terms or not."""
        keys = list(self.asked)
        if wrong:  # where nothing but the terms stands against it
            waiting = [key for key in keys if self.asked[key].applied is None and not self.asked[key].closed]
            keys = waiting or keys
        name, opportunity_id, phase = data.draw(st.sampled_from([keys[-1], *keys]))
        letter = self.asked[name, opportunity_id, phase].letter
        changes, broken = data.draw(st.sampled_from(WRONG[phase])) if wrong else ({}, set())
        changes = changes or dict(data.draw(st.sampled_from(RIGHT[phase[1]])))
        if data.draw(st.booleans()) and phase[1] != "award":
            changes = {**changes, "note": "please"}
        message = WRITE[phase[1]](letter, message_id=f"{name}{number}", **changes)
        self.deliver(data, message, name, opportunity_id, phase, frozenset(broken))

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), other_note=st.booleans())
    def once_more(self, data, other_note):
        """A message that came before, to the letter or with another note."""
        message, *rest = data.draw(st.sampled_from(self.sent))
        if other_note and message["kind"] != "award":
            message = {**message, "note": "another"}
        self.deliver(data, message, *rest)

    @precondition(lambda self: self.asked)
    @rule(
        data=st.data(),
        how=st.sampled_from(["nonce", "stolen", "run", "opportunity", "home", "inside", "not asked"]),
        number=st.integers(0, 9),
    )
    def a_forgery(self, data, how, number):
        name, opportunity_id, phase = data.draw(st.sampled_from(list(self.asked)))
        message = WRITE[phase[1]](self.asked[name, opportunity_id, phase].letter, message_id=f"{name}{number}")
        if how == "nonce":
            message["nonce"] = data.draw(
                st.sampled_from(["0" * 64, "", message["nonce"][:-1], message["nonce"].upper()])
            )
        elif how == "stolen":
            message["nonce"] = data.draw(st.sampled_from(list(self.asked.values()))).letter.nonce
        elif how == "run" and phase[1] != "award":
            message["run"] = "run-2"
        elif how == "opportunity":
            opportunity_id = message["opportunity_id"] = "unknown"
        elif how in ("home", "inside") and phase[1] != "award":
            name = message["home_id"] = "unknown" if how == "home" else "in"
        elif how == "not asked":
            name, phase = data.draw(st.sampled_from(HOMES)), data.draw(st.sampled_from(PHASES[:-1]))
            made = letter_of(name, opportunity_id, phase)
            message = WRITE[phase[1]](made, message_id=f"{name}{number}", nonce=message["nonce"])
        self.deliver(data, message, name, opportunity_id, phase, frozenset())

    def nothing_readable(self, message):
        receipt = self.tell("receive", message, now=self.now)
        assert (receipt.verdict, receipt.reason) == (Verdict.REFUSED, Reason.MALFORMED)
        assert self.desk.snapshot() == self.before

    def misaddressed(self, message, name, opportunity_id, phase):
        """Every reason for which the message is none of an addressee of this letter."""
        if message["kind"] != "award" and message["run"] != "run-1":
            return {Reason.UNKNOWN_RUN}
        if opportunity_id not in OPPORTUNITIES:
            return {Reason.UNKNOWN_OPPORTUNITY}
        if name not in HOMES and name != MARKET:
            return {Reason.NOT_OUTSIDE if name == "in" else Reason.UNKNOWN_HOME}
        if (name, opportunity_id, phase) not in self.asked:
            coming = PHASES.index(phase) > self.latest.get((name, opportunity_id), -1)
            return {
                Reason.CLOSED
                if opportunity_id in self.closed
                else Reason.TOO_EARLY
                if coming
                else Reason.NO_SUCH_REQUEST
            }
        holder = next((key for key, each in self.asked.items() if each.letter.nonce == message["nonce"]), None)
        if holder == (name, opportunity_id, phase):
            return set()
        if holder is None:
            return {Reason.WRONG_NONCE}
        return {Reason.OTHER_REQUEST if holder[0] == name else Reason.OTHER_HOME}

    def untimely(self, name, opportunity_id, phase, at):
        each = self.asked[name, opportunity_id, phase]
        found = {
            Reason.HOME_LEFT: name in self.left,
            Reason.CLOSED: opportunity_id in self.closed,
            Reason.SUPERSEDED: PHASES.index(phase) != self.latest[name, opportunity_id],
            Reason.SECOND_MESSAGE: each.applied is not None,
            Reason.LATE: at >= each.letter.deadline or each.closed,
            Reason.TOO_EARLY: at < each.letter.opened,
        }
        return {reason for reason, holds in found.items() if holds}

    def deliver(self, data, message, name, opportunity_id, phase, broken):
        at = self.now + data.draw(st.sampled_from([0, 0, 0, 1, -4])) * MINUTE
        as_text = data.draw(st.booleans())
        receipt = self.tell("receive", read_message(json.dumps(message)) if as_text else message, now=at)
        self.sent.append((message, name, opportunity_id, phase, broken))
        self.seen[receipt.verdict, receipt.reason] += 1
        known = self.seen_ids.get((name, message["message_id"]))
        asked = self.asked.get((name, opportunity_id, phase))
        misaddressed = self.misaddressed(message, name, opportunity_id, phase)
        if not misaddressed and known is not None and known[0] == without_note(message):
            assert (receipt.verdict, receipt.first) == (Verdict.REPEATED, known[1].verdict)
            assert (receipt.reason, receipt.words, receipt.at) == (known[1].reason, known[1].words, known[1].at)
            assert self.desk.snapshot() == self.before
            return
        if misaddressed or known is not None:
            assert receipt.verdict is Verdict.REFUSED
            assert receipt.reason in (misaddressed or {Reason.ID_REUSED})
            assert self.desk.snapshot() == self.before
            return
        untimely = self.untimely(name, opportunity_id, phase, at)
        assert (receipt.verdict is Verdict.APPLIED) == (not untimely and not broken)
        assert receipt.at == at
        if receipt.verdict is Verdict.APPLIED:
            assert (receipt.reason, receipt.words) == (Reason.NONE, "")
            self.applied[name, opportunity_id, phase] += 1
            assert self.applied[name, opportunity_id, phase] == 1
            asked.applied = without_note(message)
            if name == MARKET:
                self.awards[opportunity_id] = message
            self.seen_ids[name, message["message_id"]] = (without_note(message), receipt)
        else:
            assert receipt.reason in (untimely or broken)
            # "Too early" asks for another try, so it is said only where that can succeed.
            assert receipt.reason is not Reason.TOO_EARLY or untimely == {Reason.TOO_EARLY}
            if receipt.reason is Reason.TOO_EARLY or asked.refused >= REMEMBERED:
                assert self.desk.snapshot() == self.before
                return
            asked.refused += 1
            self.seen_ids[name, message["message_id"]] = (without_note(message), receipt)
        self.changed(name)

    def changed(self, name):
        """What is kept of the others is what it was."""
        after = self.desk.snapshot()
        for other in (*HOMES, MARKET):
            assert other == name or after["senders"][other] == self.before["senders"][other]
        self.before = after

    # Deadlines, leaving, closing, restarts

    @rule(data=st.data(), what=st.integers(0, 9), seldom=st.integers(0, 7))
    def something_beside(self, data, what, seldom):
        """A restart; or a home leaves, an opportunity is closed, or something arrives that is no message."""
        if what == 0:
            self.a_home_leaves(data.draw(st.sampled_from([*HOMES, "in", "unknown", MARKET])), seldom)
        elif what == 1:
            self.an_opportunity_is_closed(data.draw(st.sampled_from([*OPPORTUNITIES, "unknown"])), seldom)
        elif what in (2, 3):
            self.nothing_readable(data.draw(st.sampled_from(UNREADABLE)))
        else:
            self.restart(seldom > 3)

    @rule(data=st.data(), wait=st.sampled_from([0, 0, 5, 20]))
    def a_phase_is_closed(self, data, wait):
        asked = [key[1:] for key in self.asked if key[0] != MARKET]
        any_phase = st.tuples(st.sampled_from(OPPORTUNITIES), st.sampled_from(PHASES[:-1]))
        opportunity_id, phase = data.draw(st.sampled_from(asked) | any_phase if asked else any_phase)
        round, kind = phase
        at = self.now + wait * MINUTE
        here = {key[0]: each for key, each in self.asked.items() if key[1:] == (opportunity_id, phase)}
        what = "close_bids" if kind == "bid" else "close_answers"
        facts = {"round": round, "now": at}
        if self.owing(opportunity_id, phase) and any(at < each.letter.deadline for each in here.values()):
            self.refused(what, opportunity_id, **facts)
            return
        said = self.tell(what, opportunity_id, **facts)
        heard = {name: each.applied for name, each in here.items() if each.applied and name not in self.left}
        assert list(said) == list(heard)
        for name, message in said.items():
            assert without_note(message.to_dict()) == json.loads(json.dumps(heard[name]))
            assert message.note is None
        for each in here.values():
            each.closed = True
        self.before = self.desk.snapshot()
        self.seen["closed with some" if said else "closed with nothing"] += 1

    def a_home_leaves(self, name, seldom):
        if name not in HOMES or name in self.left:
            self.refused("withdraw", name, now=self.now)
        elif seldom > 4:
            self.tell("withdraw", name, now=self.now)
            self.left.add(name)
            self.changed(name)
        for home in HOMES:
            assert self.desk.has_left(home) == (home in self.left)

    def an_opportunity_is_closed(self, opportunity_id, seldom):
        if opportunity_id not in OPPORTUNITIES:
            self.refused("close", opportunity_id)
        elif seldom > 4:
            self.tell("close", opportunity_id)
            self.closed.add(opportunity_id)
            self.changed(None)

    def restart(self, other):
        kept = json.loads(json.dumps(self.before))
        if other and self.asked:
            with pytest.raises(InputError):
                Desk.restore(kept, secret=b"another secret of the same length")
        self.desk = Desk.restore(kept, secret=SECRET)
        assert self.desk.snapshot() == self.before
        self.seen["restart"] += 1

    @invariant()
    def desk_is_the_models(self):
        for opportunity_id in OPPORTUNITIES:
            for phase in PHASES:
                round, kind = phase
                found = self.desk.owing(opportunity_id, round=round, kind=kind)
                assert found == self.owing(opportunity_id, phase)
            awarded = self.desk.award(opportunity_id)
            assert (None if awarded is None else awarded.to_dict()) == self.awards.get(opportunity_id)

    def teardown(self):
        """The same calls from the beginning, without the restarts, give the same desk."""
        again = desk(HOMES)
        for what, args, facts in self.told:
            getattr(again, what)(*args, **facts)
        assert again.snapshot() == self.before == self.desk.snapshot()


@pytest.fixture(autouse=True)
def _remembers_little(monkeypatch):
    monkeypatch.setattr(desk_module, "MOST_REFUSED", REMEMBERED)


def test_the_desk_is_its_model():
    print(dict(run_machine(DeskMachine, sequences=QUICK // 2)))


@pytest.mark.deep
@pytest.mark.parametrize("batch", range(2))
def test_the_desk_is_its_model_deep(batch):
    seen = run_machine(DeskMachine, sequences=1000, fixed_seed=batch)
    print(dict(seen))
    reasons = {what[1] for what in seen if isinstance(what, tuple)}
    assert len(set(Reason) - reasons) <= 3
    assert min(seen[Verdict.APPLIED, Reason.NONE], seen["restart"], seen["closed with some"]) > 100


def takes_late_messages(desk, request, sender, phase, at):
    reason, words = REAL_TIMELY(desk, request, sender, phase, at)
    return (reason, words) if reason is not Reason.LATE else (Reason.NONE, "")


def takes_second_messages(desk, request, sender, phase, at):
    reason, words = REAL_TIMELY(desk, request, sender, phase, at)
    return (reason, words) if reason is not Reason.SECOND_MESSAGE else (Reason.NONE, "")


def forgets_at_a_restart(state, *, secret):
    for kept in state["senders"].values():
        kept["seen"] = []
    return REAL_RESTORE(state, secret=secret)


def closes_at_once(desk, phase, kind, now):
    desk._owing[phase] = 0
    return REAL_CLOSE(desk, phase, kind, now)


REAL_TIMELY, REAL_CLOSE, REAL_RESTORE = Desk._timely, Desk._close, Desk.restore


@pytest.mark.parametrize(
    ("name", "defect"),
    [
        ("_timely", takes_late_messages),
        ("_timely", takes_second_messages),
        ("restore", staticmethod(forgets_at_a_restart)),
        ("_close", closes_at_once),
    ],
)
def test_a_planted_defect_is_found(monkeypatch, name, defect):
    monkeypatch.setattr(Desk, name, defect)
    assert finds(DeskMachine)
