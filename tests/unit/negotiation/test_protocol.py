import numpy as np
import pytest

from gridpact.errors import InputError, ProtocolViolationError
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


def ints(*values):
    return np.array(values, dtype=np.int64)


def offers(*homes, round=1, price=50.0, cap_kw=2.0):
    return OffersMade(
        round=round, homes=ints(*homes), price=np.full(len(homes), price), cap_kw=np.full(len(homes), cap_kw)
    )


def answers(*homes, round=1, price=50.0, accepted_kw=0.0):
    return AnswersReceived(
        round=round, homes=ints(*homes), price=np.full(len(homes), price), accepted_kw=np.full(len(homes), accepted_kw)
    )


def play(*events, able_kw=(2.0, 2.0, 0.0), rounds=2):
    state = announce(np.array(able_kw), rounds=rounds)
    requests = ()
    for event in events:
        state, requests = step(state, event)
    return state, requests


BID = BidsReceived(round=1, homes=ints(0, 1))


def test_a_whole_negotiation():
    state, requests = play(Opened())
    assert (state.phase, state.round) == (Phase.BIDDING, 1)
    assert requests[0].homes.tolist() == [0, 1]
    state, requests = play(Opened(), BID)
    assert requests[0].phase is Phase.OFFERING
    state, requests = play(Opened(), BID, offers(0, 1), answers(0, accepted_kw=2.0))
    assert requests == ()
    state, requests = play(Opened(), BID, offers(0, 1), answers(0, accepted_kw=2.0), answers(1, accepted_kw=0.5))
    assert (state.phase, state.round) == (Phase.BIDDING, 2)
    assert requests[0].homes.tolist() == [1]
    state, requests = play(
        Opened(),
        BID,
        offers(0, 1),
        answers(0, 1, accepted_kw=0.0),
        BidsReceived(round=2, homes=ints(1, 0)),
        offers(1, 0, round=2, price=60.0),
        answers(1, round=2, price=60.0, accepted_kw=1.0),
        answers(0, round=2, price=60.0),
    )
    assert requests[0].phase is Phase.CLOSED
    assert state.standing.tolist() == [Standing.REFUSED, Standing.ACCEPTED, Standing.UNABLE]
    assert state.accepted_kw.tolist() == [0.0, 1.0, 0.0]


def test_events_leave_the_earlier_state_alone():
    before, _ = play(Opened(), BID, offers(0, 1))
    step(before, answers(0, 1, accepted_kw=2.0))
    assert before.accepted_kw.tolist() == [0.0, 0.0, 0.0]
    assert before.owing.tolist() == [True, True, False]


def test_silence_from_the_start_ends_it():
    for rounds in (1, 2, 5):
        state, _ = play(Opened(), rounds=rounds)
        state, _ = step(state, DeadlinePassed(round=1, phase=Phase.BIDDING))
        assert state.phase is Phase.CLOSED
        assert state.standing.tolist() == [Standing.EXPIRED, Standing.EXPIRED, Standing.UNABLE]


def test_deadlines_and_offers_alone_end_it():
    state, _ = play(Opened(), BID, rounds=5)
    moves = 0
    while state.phase is not Phase.CLOSED:
        # Nobody answers, and offers go to nobody: each round is still over.
        quiet = state.phase is Phase.OFFERING
        event = offers(round=state.round) if quiet else DeadlinePassed(round=state.round, phase=state.phase)
        state, _ = step(state, event)
        moves += 1
    assert moves <= 3 * 5


def test_a_missing_later_bid_lets_the_earlier_one_stand():
    state, _ = play(Opened(), BID, offers(0, 1), answers(0, 1), DeadlinePassed(round=2, phase=Phase.BIDDING))
    assert state.phase is Phase.OFFERING
    assert state.talking.tolist() == [0, 1]


def test_silence_after_an_offer_expires_but_keeps_what_was_agreed():
    state, _ = play(
        Opened(),
        BID,
        offers(0, 1),
        answers(0, 1, accepted_kw=0.5),
        DeadlinePassed(round=2, phase=Phase.BIDDING),
        offers(0, 1, round=2),
        DeadlinePassed(round=2, phase=Phase.ANSWERING),
    )
    assert state.standing.tolist() == [Standing.EXPIRED, Standing.EXPIRED, Standing.UNABLE]
    assert state.accepted_kw.tolist() == [0.5, 0.5, 0.0]


def test_a_failed_member_loses_its_options_and_holds_nobody_up():
    state, requests = play(Opened(), BidsReceived(round=1, homes=ints(0)), MemberFailed(home=1))
    assert requests[0].phase is Phase.OFFERING
    state, requests = play(
        Opened(), BID, offers(0, 1), answers(0, accepted_kw=1.0), MemberFailed(home=0), MemberFailed(home=1)
    )
    assert state.phase is Phase.CLOSED
    assert state.accepted_kw.tolist() == [0.0, 0.0, 0.0]


def test_nobody_able_or_nobody_offered():
    state, requests = play(Opened(), able_kw=(0.0,))
    assert requests[0].phase is Phase.CLOSED
    state, _ = play(Opened(), BID, offers())
    assert (state.phase, state.round) == (Phase.BIDDING, 2)


def test_withdrawing_closes_at_once():
    state, _ = play(Opened(), BID, Withdrawn())
    assert state.phase is Phase.CLOSED
    assert state.standing.tolist() == [Standing.REFUSED, Standing.REFUSED, Standing.UNABLE]


ILLEGAL = {
    "bids before opening": ([], BID),
    "opened twice": ([Opened()], Opened()),
    "bid twice": ([Opened(), BidsReceived(round=1, homes=ints(0))], BidsReceived(round=1, homes=ints(0))),
    "bid twice in one": ([Opened()], BidsReceived(round=1, homes=ints(0, 0))),
    "bid for a later round": ([Opened()], BidsReceived(round=2, homes=ints(0))),
    "bid of a stranger": ([Opened()], BidsReceived(round=1, homes=ints(7))),
    "bid of the unable": ([Opened()], BidsReceived(round=1, homes=ints(2))),
    "homes are not indices": ([Opened()], BidsReceived(round=1, homes=np.array([0.5]))),
    "offer before bids": ([Opened()], offers(0)),
    "offer to the unable": ([Opened(), BID], offers(2)),
    "offer without a number": ([Opened(), BID], offers(0, price=float("nan"))),
    "cap above what it can": ([Opened(), BID], offers(0, cap_kw=2.5)),
    "answer before offer": ([Opened(), BID], answers(0)),
    "answer without offer": ([Opened(), BID, offers(0)], answers(1)),
    "answer twice": ([Opened(), BID, offers(0, 1), answers(0)], answers(0)),
    "answer at another price": ([Opened(), BID, offers(0, 1)], answers(0, price=51.0)),
    "answer above the cap": ([Opened(), BID, offers(0, 1, cap_kw=1.0)], answers(0, accepted_kw=1.5)),
    "answer beyond all numbers": ([Opened(), BID, offers(0, 1)], answers(0, accepted_kw=1.7e308)),
    "offer in words": ([Opened(), BID], OffersMade(round=1, homes=ints(0), price=np.array(["low"]), cap_kw=np.ones(1))),
    "negative acceptance": ([Opened(), BID, offers(0, 1)], answers(0, accepted_kw=-1.0)),
    "late answer": ([Opened(), BID, offers(0, 1), answers(0, 1), BidsReceived(round=2, homes=ints(0, 1)),
                     offers(0, 1, round=2)], answers(0)),
    "falling offer": ([Opened(), BID, offers(0, 1), answers(0, 1), BidsReceived(round=2, homes=ints(0, 1))],
                      offers(0, round=2, price=49.0)),
    "cap below what was taken": ([Opened(), BID, offers(0, 1), answers(0, 1, accepted_kw=1.0),
                                  BidsReceived(round=2, homes=ints(0, 1))], offers(0, round=2, cap_kw=0.5)),
    "stale deadline": ([Opened(), BID], DeadlinePassed(round=1, phase=Phase.BIDDING)),
    "stranger fails": ([Opened()], MemberFailed(home=9)),
    "half a home fails": ([Opened()], MemberFailed(home=0.5)),
    "a truth value fails": ([Opened()], MemberFailed(home=True)),
    "fails twice": ([Opened(), MemberFailed(home=0)], MemberFailed(home=0)),
    "after the close": ([Opened(), Withdrawn()], Withdrawn()),
    "not an event": ([Opened()], "hello"),
}  # fmt: skip


@pytest.mark.parametrize("name", ILLEGAL)
def test_illegal_moves(name):
    before, event = ILLEGAL[name]
    state, _ = play(*before)
    with pytest.raises(ProtocolViolationError):
        step(state, event)


@pytest.mark.parametrize(("able_kw", "rounds"), [([1.0], 0), ([-1.0], 1), ([np.nan], 1), ([[1.0]], 1)])
def test_announcing_nonsense(able_kw, rounds):
    with pytest.raises(InputError):
        announce(np.array(able_kw), rounds=rounds)


def test_a_bid_may_put_less_up_for_sale():
    state, _ = play(Opened(), BidsReceived(round=1, homes=ints(0, 1), able_kw=np.array([0.5, 2.0])))
    assert state.able_kw.tolist() == [0.5, 2.0, 0.0]
    with pytest.raises(ProtocolViolationError, match="cap"):
        step(state, offers(0, 1))
    offered, _ = step(state, OffersMade(round=1, homes=ints(0), price=np.array([50.0]), cap_kw=np.array([0.5])))
    taken, _ = step(offered, answers(0, accepted_kw=0.5))
    assert taken.standing[0] == Standing.ACCEPTED
    for wrong in ([2.5, 2.0], [-1.0, 2.0], [np.nan, 2.0], [2.0]):
        with pytest.raises(ProtocolViolationError):
            play(Opened(), BidsReceived(round=1, homes=ints(0, 1), able_kw=np.array(wrong)))
