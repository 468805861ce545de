"""The desk: every way in which a message is applied, repeated or refused."""

import json

import pytest

from desk_cases import MINUTE, OPENING, SECRET, answer, award, bid, call, desk, offer, submission
from gridpact.errors import InputError, ProtocolViolationError
from gridpact.messages.envelopes import AskedStep
from gridpact.messages.receipts import Reason, Receipt, Verdict
from gridpact.negotiation.desk import MOST_REFUSED, Desk

SOON = OPENING + MINUTE
DEADLINE = OPENING + 10 * MINUTE


def refused(office, message, reason, *, now=SOON):
    before = json.dumps(office.snapshot()["senders"])
    applied = before.count('"applied": {')
    receipt = office.receive(message, now=now)
    assert (receipt.verdict, receipt.reason) == (Verdict.REFUSED, reason), receipt
    assert receipt.words.startswith(reason.text)
    assert json.dumps(office.snapshot()["senders"]).count('"applied": {') == applied
    assert Receipt.from_dict(json.loads(json.dumps(receipt.to_dict()))) == receipt
    return receipt


def test_a_bid_is_applied_once_and_its_repeat_gets_the_first_receipt():
    office = desk()
    letter = office.send(call())
    first = office.receive(bid(letter), now=SOON)
    assert (first.verdict, first.reason, first.words) == (Verdict.APPLIED, Reason.NONE, "")
    again = [office.receive(bid(letter), now=SOON + k * MINUTE) for k in (0, 5, 500)]
    assert {(receipt.verdict, receipt.first, receipt.at) for receipt in again} == {
        (Verdict.REPEATED, Verdict.APPLIED, SOON)
    }
    said = office.close_bids("peak", round=1, now=SOON)
    assert said["a"].quantity_kw == 3.0
    assert [step.price for step in said["a"].segments] == [45.0, 70.0]


def test_an_answer_and_an_award_are_applied_once():
    office = desk()
    offered, sold = office.send(offer()), office.send(submission())
    assert office.receive(answer(offered), now=SOON).verdict is Verdict.APPLIED
    assert office.award("peak") is None
    assert office.receive(award(sold), now=SOON).verdict is Verdict.APPLIED
    refused(office, award(sold, message_id="m4", quantity_kw=12.0, price=80.0), Reason.SECOND_MESSAGE)
    refused(office, award(sold, quantity_kw=9.0), Reason.ID_REUSED)
    assert office.receive(award(sold), now=SOON).verdict is Verdict.REPEATED
    assert (office.award("peak").quantity_kw, office.award("peak").price) == (10.0, 62.125)
    assert office.close_answers("peak", round=1, now=SOON)["a"].total_kw == 1.5


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"run": "run-2"}, Reason.UNKNOWN_RUN),
        ({"opportunity_id": "noon"}, Reason.UNKNOWN_OPPORTUNITY),
        ({"home_id": "z"}, Reason.UNKNOWN_HOME),
        ({"home_id": "in"}, Reason.NOT_OUTSIDE),
        ({"home_id": "b"}, Reason.TOO_EARLY),
        ({"opportunity_id": "night"}, Reason.TOO_EARLY),
        ({"round": 2}, Reason.TOO_EARLY),
        ({"nonce": "0" * 64}, Reason.WRONG_NONCE),
        ({"nonce": ""}, Reason.WRONG_NONCE),
        ({"nonce": "É"}, Reason.WRONG_NONCE),
        ({"segments": [{"quantity_kw": 3.001, "price": 90.0}]}, Reason.OVER_QUANTITY),
        ({"segments": [{"quantity_kw": 1e9, "price": 90.0}]}, Reason.OVER_QUANTITY),
        ({"segments": None}, Reason.MALFORMED),
        ({"more": 1}, Reason.MALFORMED),
    ],
)
def test_bids_that_are_refused(changes, reason):
    office = desk()
    letter = office.send(call())
    refused(office, {**bid(letter), **changes}, reason)
    assert office.owing("peak", round=1, kind="bid") == 1
    assert office.receive(bid(letter, message_id="right"), now=SOON).verdict is Verdict.APPLIED


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"price": 55.01}, Reason.OTHER_PRICE),
        ({"total_kw": 3.001}, Reason.OVER_CAP),
        ({"total_kw": 2.001}, Reason.ABOVE_ASK),
        ({"total_kw": 0.999}, Reason.TAKEN_BACK),
        ({"total_kw": 1.2}, Reason.BELOW_LEAST),
    ],
)
def test_answers_outside_the_offer_are_refused_and_can_be_corrected(changes, reason):
    office = desk()
    letter = office.send(offer(accepted_kw=1.0, least_kw=1.5))
    refused(office, answer(letter, **changes), reason)
    assert office.receive(answer(letter, message_id="right"), now=SOON).verdict is Verdict.APPLIED


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"quantity_kw": 10.001}, Reason.OVER_BID),
        ({"price": 49.99}, Reason.OVER_BID),
        ({"price": 75.0, "quantity_kw": 12.001}, Reason.OVER_BID),
        ({"quantity_kw": 0.5}, Reason.OUTSIDE_RULES),
        ({"price": 1000.5}, Reason.OUTSIDE_RULES),
        ({"price": -151.0, "quantity_kw": 0.0}, Reason.OUTSIDE_RULES),
        ({"opportunity_id": "night"}, Reason.TOO_EARLY),
        ({"nonce": "f" * 64}, Reason.WRONG_NONCE),
    ],
)
def test_awards_that_are_refused_change_no_money(changes, reason):
    office = desk()
    letter = office.send(submission())
    refused(office, award(letter, **changes), reason)
    assert office.award("peak") is None
    assert office.receive(award(letter, message_id="right", price=75.0, quantity_kw=12.0), now=SOON).verdict is (
        Verdict.APPLIED
    )


def test_nothing_awarded_is_an_award_too():
    office = desk()
    letter = office.send(submission())
    assert office.receive(award(letter, price=20.0, quantity_kw=0.0), now=SOON).verdict is Verdict.APPLIED
    assert office.award("peak").quantity_kw == 0


def test_the_deadline_itself_is_late_and_the_last_moment_before_it_is_not():
    office = desk()
    letters = {home: office.send(call(home)) for home in "ab"}
    late = refused(office, bid(letters["a"]), Reason.LATE, now=DEADLINE)
    assert DEADLINE.isoformat() in late.words
    moment = DEADLINE - MINUTE.resolution
    assert office.receive(bid(letters["b"]), now=moment).verdict is Verdict.APPLIED
    sold = office.send(submission())
    refused(office, award(sold), Reason.LATE, now=DEADLINE)
    assert office.award("peak") is None


def test_before_the_opening_is_too_early_and_may_come_again():
    office = desk()
    letter = office.send(call())
    refused(office, bid(letter), Reason.TOO_EARLY, now=OPENING - MINUTE)
    assert office.receive(bid(letter), now=OPENING).verdict is Verdict.APPLIED


def test_out_of_order_and_superseded():
    office = desk()
    first = office.send(call())
    refused(office, answer(offer(), message_id="x1"), Reason.TOO_EARLY)
    offered = office.send(offer(opened=DEADLINE))
    refused(office, bid(first, message_id="x2"), Reason.SUPERSEDED)
    refused(office, bid(first, message_id="x3", round=2), Reason.TOO_EARLY)
    office.send(call(round=2, opened=OPENING + 20 * MINUTE))
    refused(office, answer(offered, message_id="x4"), Reason.SUPERSEDED, now=OPENING + 21 * MINUTE)
    refused(office, bid(first, message_id="x5", round=2), Reason.OTHER_REQUEST)


def test_a_request_that_was_passed_over_does_not_exist():
    office = desk()
    office.send(call(round=2))
    refused(office, bid(call(round=1)), Reason.NO_SUCH_REQUEST)


def test_a_nonce_is_good_for_one_home_round_kind_opportunity_and_run_only():
    office = desk()
    letters = [office.send(call(home)) for home in "ab"]
    refused(office, bid(letters[0], nonce=letters[1].nonce), Reason.OTHER_HOME)
    offered = office.send(offer(opened=DEADLINE))
    later = DEADLINE + MINUTE
    other = refused(office, answer(offered, nonce=letters[0].nonce), Reason.OTHER_REQUEST, now=later)
    assert "round 1's call for bids of 'peak'" in other.words
    refused(office, bid(letters[1], nonce=offered.nonce), Reason.OTHER_HOME)
    elsewhere = desk(secret=b"another secret of another run")
    forged = elsewhere.send(offer(opened=DEADLINE))
    assert forged.nonce != offered.nonce
    refused(office, answer(offered, nonce=forged.nonce), Reason.WRONG_NONCE, now=later)
    dearer = desk().send(offer(opened=DEADLINE, price=90.0))
    refused(office, answer(offered, nonce=dearer.nonce), Reason.WRONG_NONCE, now=later)
    sold = office.send(submission())
    refused(office, award(sold, nonce=offered.nonce), Reason.OTHER_HOME)


def test_a_second_message_is_refused_whatever_it_says():
    office = desk()
    letter = office.send(call())
    office.receive(bid(letter), now=SOON)
    second = refused(office, bid(letter, message_id="other", segments=()), Reason.SECOND_MESSAGE)
    assert "it is message 'm1'" in second.words
    refused(office, bid(letter, segments=((3.0, 99.0),)), Reason.ID_REUSED)
    assert office.receive(bid(letter, message_id="other", segments=()), now=SOON).first is Verdict.REFUSED


def test_an_id_is_one_message_of_a_home_in_all_rounds_and_another_home_may_use_it():
    office = desk()
    letters = [office.send(call(home)) for home in "ab"]
    assert [office.receive(bid(letter), now=SOON).verdict for letter in letters] == [Verdict.APPLIED] * 2
    offered = office.send(offer(opened=SOON))
    refused(office, answer(offered, message_id="m1"), Reason.ID_REUSED, now=SOON)


def test_a_forger_cannot_use_up_an_id():
    office = desk()
    letter = office.send(call())
    refused(office, bid(letter, nonce="0" * 64, segments=((1.0, 99.0),)), Reason.WRONG_NONCE)
    assert office.receive(bid(letter), now=SOON).verdict is Verdict.APPLIED


def test_a_note_is_kept_out_of_the_state_and_makes_no_other_message():
    office = desk()
    letter = office.send(call())
    office.receive(bid(letter, note="my mother visits"), now=SOON)
    assert "mother" not in json.dumps(office.snapshot())
    assert office.receive(bid(letter, note="forgotten"), now=SOON).verdict is Verdict.REPEATED
    assert office.close_bids("peak", round=1, now=SOON)["a"].note is None


def test_withdrawn_and_closed():
    office = desk()
    letters = [office.send(call(home)) for home in "abc"]
    office.receive(bid(letters[0]), now=SOON)
    office.withdraw("a", now=SOON)
    office.withdraw("b", now=SOON)
    assert office.owing("peak", round=1, kind="bid") == 1
    refused(office, bid(letters[1]), Reason.HOME_LEFT)
    office.receive(bid(letters[2]), now=SOON)
    assert list(office.close_bids("peak", round=1, now=SOON)) == ["c"]
    assert (office.has_left("a"), office.has_left("c"), office.has_left("in")) == (True, False, False)
    office.close("peak")
    refused(office, answer(offer("c")), Reason.CLOSED)
    refused(office, bid(letters[2], message_id="again"), Reason.CLOSED)
    assert office.receive(bid(letters[2]), now=DEADLINE).verdict is Verdict.REPEATED


def test_a_later_bid_is_for_the_quantity_of_the_first():
    office = desk()
    letter = office.send(call(round=2, standing=(AskedStep(quantity_kw=2.0, price=50.0),)))
    refused(office, bid(letter), Reason.OTHER_QUANTITY)
    refused(office, bid(letter, message_id="none", segments=()), Reason.OTHER_QUANTITY)
    assert office.receive(bid(letter, message_id="same", segments=((2.0, 45.0),)), now=SOON).verdict is Verdict.APPLIED


def test_a_phase_ends_when_all_have_spoken_or_at_the_deadline():
    office = desk()
    letters = [office.send(call(home)) for home in "cab"]
    office.receive(bid(letters[2]), now=SOON)
    with pytest.raises(ProtocolViolationError, match="2 homes still owe a bid of round 1"):
        office.close_bids("peak", round=1, now=DEADLINE - MINUTE)
    office.receive(bid(letters[0]), now=SOON)
    assert list(office.close_bids("peak", round=1, now=DEADLINE)) == ["c", "b"]
    refused(office, bid(letters[1]), Reason.LATE, now=SOON)
    assert office.close_bids("night", round=1, now=SOON) == {}


@pytest.mark.parametrize("junk", [None, 5, "bid", b"{}", [], {}, {"kind": []}, {"kind": "offer"}, [{"kind": "bid"}]])
def test_junk_is_refused_without_an_error(junk):
    receipt = desk().receive(junk, now=SOON)
    assert (receipt.reason, receipt.message_id) == (Reason.MALFORMED, "")


def test_letters_that_cannot_be_sent():
    office = desk()
    office.send(call())
    office.withdraw("c", now=SOON)
    office.close("night")
    for letter, words in (
        (call(), "round 1's call for bids after round 1's call for bids"),
        (call("in"), "not represented from outside"),
        (call("c"), "has left"),
        (call("b", run="run-2"), "run 'run-2'"),
        (call("b", opportunity_id="night"), "closed"),
        (call("b", minutes=0), "not after the opening"),
    ):
        with pytest.raises(ProtocolViolationError, match=words):
            office.send(letter)
    with pytest.raises(ProtocolViolationError, match="has left before"):
        office.withdraw("c", now=SOON)
    for home in ("in", ""):
        with pytest.raises(ProtocolViolationError, match="not represented"):
            office.withdraw(home, now=SOON)
    with pytest.raises(ProtocolViolationError, match="not in this run"):
        office.close("noon")


def test_desks_that_cannot_be_opened():
    with pytest.raises(InputError, match="at least 16 bytes"):
        desk(secret=b"short")
    with pytest.raises(InputError, match="not in this run"):
        Desk(run="r", secret=SECRET, home_ids=["a"], outside=["b"], opportunity_ids=[])
    with pytest.raises(InputError, match="printable"):
        desk(homes=("x" * 201,))


def test_a_desk_is_kept_and_taken_up_again():
    office = desk()
    letters = [office.send(call(home)) for home in "ab"]
    office.receive(bid(letters[0], note="hello"), now=SOON)
    office.receive(bid(letters[1], segments=((9.0, 9.0),)), now=SOON)
    sold = office.send(submission())
    office.receive(award(sold), now=SOON)
    office.withdraw("c", now=SOON)
    state = json.loads(json.dumps(office.snapshot()))
    again = Desk.restore(state, secret=SECRET)
    assert again.snapshot() == office.snapshot() == state
    assert again.owing("peak", round=1, kind="bid") == 1
    assert again.award("peak") == office.award("peak")
    for message in (bid(letters[0]), bid(letters[1], message_id="new"), award(sold), award(sold, message_id="x")):
        assert again.receive(message, now=SOON) == office.receive(message, now=SOON)
    assert again.close_bids("peak", round=1, now=SOON) == office.close_bids("peak", round=1, now=SOON)
    with pytest.raises(InputError, match="another secret"):
        Desk.restore(state, secret=b"another secret of another run")


def test_what_is_remembered_of_refused_messages_is_bounded():
    office = desk()
    letter = office.send(call())
    for number in range(3 * MOST_REFUSED):
        refused(office, bid(letter, message_id=f"x{number}", segments=((9.0, 9.0),)), Reason.OVER_QUANTITY)
    assert len(office.snapshot()["senders"]["a"]["seen"]) == MOST_REFUSED
    assert office.receive(bid(letter), now=SOON).verdict is Verdict.APPLIED


def test_the_secret_is_nowhere_in_the_state():
    office = desk()
    office.send(call())
    assert SECRET.decode() not in json.dumps(office.snapshot())
    assert "secret" not in repr(office)
