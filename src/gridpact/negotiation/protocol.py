"""The negotiation as a pure state machine: who may say what, when. No I/O, no clock, no prices of its own.

    ANNOUNCED -> BIDDING -> OFFERING -> ANSWERING -> BIDDING (next round) ... -> CLOSED

`step` takes a state and an event and returns the next state and what is wanted next. An event that the state
does not allow raises ProtocolViolationError and changes nothing. A deadline moves every phase on, so that a
negotiation of R rounds ends after at most 3R of them, whoever is silent.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridpact.errors import InputError, ProtocolViolationError
from gridpact.messages.books import Bools, Floats, Ints

KW_SLACK = 1e-9
"""Quantities closer than this are equal: a thousandth of a thousandth of a watt."""


class Phase(StrEnum):
    """What the negotiation waits for."""

    ANNOUNCED = "announced"
    BIDDING = "bidding"
    OFFERING = "offering"
    ANSWERING = "answering"
    CLOSED = "closed"


class Standing(IntEnum):
    """Where one home stands."""

    TALKING = 0
    ACCEPTED = 1
    """Has sold all it can, or holds an option at the close."""
    REFUSED = 2
    """Talked to the end and holds no option."""
    EXPIRED = 3
    """Fell silent. Options agreed before stay agreed."""
    UNABLE = 4
    """Had nothing to deliver and was never asked."""
    FAILED = 5
    """Dropped out: its options are void."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class State:
    """Everything the protocol remembers; arrays have one entry a home, shape (n,)."""

    rounds: int
    """Most rounds."""
    round: int
    """Current round from 1; 0 before the first."""
    phase: Phase
    standing: NDArray[np.int8]
    """Values of `Standing`."""
    owing: Bools
    """Homes whose bid or answer is still wanted in this phase."""
    able_kw: Floats
    """Most that each home can promise, or less where it has put less up for sale [kW]."""
    offer_price: Floats
    """Last price offered; NaN before the first offer."""
    cap_kw: Floats
    """Cap of the last offer; zero before the first [kW]."""
    accepted_kw: Floats
    """Accepted so far [kW]."""

    @property
    def talking(self) -> Ints:
        """Indices of the homes that are still negotiating."""
        return np.flatnonzero(self.standing == Standing.TALKING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The opportunity has been announced to every home."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BidsReceived:
    """Bids of these homes have been checked and stand."""

    round: int
    homes: Ints
    able_kw: Floats | None = None
    """How much each puts up for sale, where that may be less than it can promise, shape of ``homes`` [kW]."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OffersMade:
    """The aggregator offers each of these homes a price and a cap."""

    round: int
    homes: Ints
    price: Floats
    cap_kw: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AnswersReceived:
    """Answers of these homes have been checked: how much each newly accepts at which offered price."""

    round: int
    homes: Ints
    price: Floats
    accepted_kw: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlinePassed:
    """The time for this phase of this round is over."""

    round: int
    phase: Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberFailed:
    """A home has dropped out for good."""

    home: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """The aggregator ends the negotiation."""


Event = Opened | BidsReceived | OffersMade | AnswersReceived | DeadlinePassed | MemberFailed | Withdrawn


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Request:
    """What is wanted next: ``phase`` says from whom (homes, or the aggregator in OFFERING)."""

    phase: Phase
    round: int
    homes: Ints
    """Homes that are to bid or answer, or may be offered something; empty at the close."""


Step = tuple[State, tuple[Request, ...]]


def announce(able_kw: Floats, *, rounds: int) -> State:
    """The state before the first event.

    Args:
        able_kw: most that each home can promise, shape (n,) [kW]; homes with zero are not asked.
        rounds: most rounds, at least 1.

    Raises:
        InputError: no round, or quantities that are negative or not finite.
    """
    if rounds < 1:
        raise InputError(f"a negotiation needs at least one round, not {rounds}")
    able = np.array(able_kw, dtype=np.float64)
    if able.ndim != 1 or not np.isfinite(able).all() or (able < 0).any():
        raise InputError("able_kw must be one finite quantity of at least 0 for each home")
    return State(
        rounds=rounds,
        round=0,
        phase=Phase.ANNOUNCED,
        standing=np.where(able > 0, Standing.TALKING, Standing.UNABLE).astype(np.int8),
        owing=np.zeros(len(able), dtype=np.bool_),
        able_kw=able,
        offer_price=np.full(len(able), np.nan),
        cap_kw=np.zeros(len(able)),
        accepted_kw=np.zeros(len(able)),
    )


def step(state: State, event: Event) -> Step:
    """Apply one event.

    Returns:
        The new state, and a request where a new phase has begun (none while the phase still waits).

    Raises:
        ProtocolViolationError: the state does not allow this event; the message says why.
    """
    if state.phase is Phase.CLOSED:
        raise ProtocolViolationError(f"{type(event).__name__} after the negotiation was closed")
    handler = _HANDLERS.get(type(event))
    if handler is None:
        raise ProtocolViolationError(f"{type(event).__name__} is not an event of the negotiation")
    return handler(state, event)


def _opened(state: State, event: Opened) -> Step:
    if state.phase is not Phase.ANNOUNCED:
        raise ProtocolViolationError(f"the negotiation was opened twice (it is {state.phase} in round {state.round})")
    return _next_round(state)


def _bids(state: State, event: BidsReceived) -> Step:
    homes = _expected(state, event.round, event.homes, Phase.BIDDING, what="bid")
    able_kw = state.able_kw
    if event.able_kw is not None:
        named = _numbers(event.able_kw, homes, what="able_kw")
        if (named < state.accepted_kw[homes] - KW_SLACK).any() or (named > able_kw[homes] + KW_SLACK).any():
            raise ProtocolViolationError("a bid is for less than the home has accepted, or more than it can deliver")
        able_kw = _with(able_kw, homes, named)
    waiting = replace(state, owing=_without(state.owing, homes), able_kw=able_kw)
    return _offering(waiting) if not waiting.owing.any() else (waiting, ())


def _offers(state: State, event: OffersMade) -> Step:
    _on_time(state, event.round, Phase.OFFERING, what="offer")
    homes = _distinct(state, event.homes, what="offer")
    price, cap_kw = _numbers(event.price, homes, what="price"), _numbers(event.cap_kw, homes, what="cap_kw")
    silent = state.standing[homes] != Standing.TALKING
    if silent.any():
        home = int(homes[np.argmax(silent)])
        standing = Standing(state.standing[home]).name.lower()
        raise ProtocolViolationError(f"home {home} is {standing}: no offer can follow")
    if (price < state.offer_price[homes] - KW_SLACK).any():
        raise ProtocolViolationError(f"an offer of round {event.round} is below that home's earlier offer")
    if (cap_kw < state.accepted_kw[homes] - KW_SLACK).any() or (cap_kw > state.able_kw[homes] + KW_SLACK).any():
        raise ProtocolViolationError("a cap must lie between what the home has accepted and what it can deliver")
    owing = np.zeros_like(state.owing)
    owing[homes] = True
    offered = replace(
        state,
        phase=Phase.ANSWERING,
        owing=owing,
        offer_price=_with(state.offer_price, homes, price),
        cap_kw=_with(state.cap_kw, homes, cap_kw),
    )
    if not homes.size:
        return _next_round(offered)
    return offered, (Request(phase=Phase.ANSWERING, round=state.round, homes=homes),)


def _answers(state: State, event: AnswersReceived) -> Step:
    homes = _expected(state, event.round, event.homes, Phase.ANSWERING, what="answer")
    price = _numbers(event.price, homes, what="price")
    accepted = _numbers(event.accepted_kw, homes, what="accepted_kw")
    if (price != state.offer_price[homes]).any():
        raise ProtocolViolationError("an answer names a price that was not offered")
    # Before they are added: the largest numbers would overflow.
    fits = bool(((accepted >= 0) & (accepted <= state.cap_kw[homes] + KW_SLACK)).all())
    total = np.round(state.accepted_kw[homes] + accepted, 3) if fits else accepted
    if not fits or (total > state.cap_kw[homes] + KW_SLACK).any():
        raise ProtocolViolationError("an answer accepts less than nothing or more than the cap")
    standing = state.standing.copy()
    standing[homes[total >= state.able_kw[homes] - KW_SLACK]] = Standing.ACCEPTED
    waiting = replace(
        state,
        standing=standing,
        owing=_without(state.owing, homes),
        accepted_kw=_with(state.accepted_kw, homes, total),
    )
    return _next_round(waiting) if not waiting.owing.any() else (waiting, ())


def _deadline(state: State, event: DeadlinePassed) -> Step:
    if (event.round, event.phase) != (state.round, state.phase):
        raise ProtocolViolationError(
            f"the deadline of {event.phase} in round {event.round} came in {state.phase} of round {state.round}"
        )
    if state.phase is Phase.BIDDING:
        # After the first round a missing bid means that the earlier one stands.
        return _offering(_expire(state) if state.round == 1 else replace(state, owing=np.zeros_like(state.owing)))
    if state.phase is Phase.ANSWERING:
        return _next_round(_expire(state))
    return _close(state)


def _failed(state: State, event: MemberFailed) -> Step:
    if not _is_index(event.home, len(state.standing)):
        raise ProtocolViolationError(f"home {event.home} is not in this negotiation")
    if state.standing[event.home] == Standing.FAILED:
        raise ProtocolViolationError(f"home {event.home} has failed already")
    standing, accepted = state.standing.copy(), state.accepted_kw.copy()
    standing[event.home], accepted[event.home] = Standing.FAILED, 0.0
    gone = replace(
        state,
        standing=standing,
        accepted_kw=accepted,
        owing=_without(state.owing, np.array([event.home], dtype=np.int64)),
    )
    if state.owing.any() and not gone.owing.any():
        return _offering(gone) if state.phase is Phase.BIDDING else _next_round(gone)
    return gone, ()


def _withdrawn(state: State, event: Withdrawn) -> Step:
    return _close(state)


def _next_round(state: State) -> Step:
    if state.round >= state.rounds or not state.talking.size:
        return _close(state)
    opened = replace(
        state, round=state.round + 1, phase=Phase.BIDDING, owing=np.asarray(state.standing == Standing.TALKING)
    )
    return opened, (Request(phase=Phase.BIDDING, round=opened.round, homes=opened.talking),)


def _offering(state: State) -> Step:
    if not state.talking.size:
        return _close(state)
    ready = replace(state, phase=Phase.OFFERING)
    return ready, (Request(phase=Phase.OFFERING, round=ready.round, homes=ready.talking),)


def _expire(state: State) -> State:
    standing = np.where(state.owing, np.int8(Standing.EXPIRED), state.standing)
    return replace(state, standing=standing, owing=np.zeros_like(state.owing))


def _close(state: State) -> Step:
    talking = state.standing == Standing.TALKING
    verdict = np.where(state.accepted_kw > 0, np.int8(Standing.ACCEPTED), np.int8(Standing.REFUSED))
    closed = replace(
        state,
        phase=Phase.CLOSED,
        standing=np.where(talking, verdict, state.standing),
        owing=np.zeros_like(state.owing),
    )
    return closed, (Request(phase=Phase.CLOSED, round=state.round, homes=np.zeros(0, dtype=np.int64)),)


def _on_time(state: State, round: int, phase: Phase, *, what: str) -> None:
    if state.phase is not phase:
        raise ProtocolViolationError(f"no {what} is wanted while the negotiation is {state.phase}")
    if round != state.round:
        raise ProtocolViolationError(f"{what} for round {round} came in round {state.round}")


def _expected(state: State, round: int, homes: Ints, phase: Phase, *, what: str) -> Ints:
    _on_time(state, round, phase, what=what)
    known = _distinct(state, homes, what=what)
    if not state.owing[known].all():
        home = int(known[np.argmin(state.owing[known])])
        raise ProtocolViolationError(
            f"no {what} of home {home} is wanted in round {round}: it gave one, or was not asked"
        )
    return known


def _distinct(state: State, homes: Ints, *, what: str) -> Ints:
    known = np.asarray(homes)
    if known.ndim != 1 or (known.size and known.dtype.kind not in "iu"):
        raise ProtocolViolationError(f"homes of a {what} must be one column of indices")
    known = known.astype(np.int64)
    if known.size and (known.min() < 0 or known.max() >= len(state.standing)):
        raise ProtocolViolationError(f"a {what} names a home that is not in this negotiation")
    rising = bool((np.diff(known) > 0).all())
    if not rising and len(np.unique(known)) != len(known):
        raise ProtocolViolationError(f"a home gave more than one {what}")
    return known


def _is_index(value: object, count: int) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(0 <= value < count)


def _numbers(values: Floats, homes: Ints, *, what: str) -> Floats:
    numbers = np.asarray(values)
    fits = numbers.dtype.kind in "iuf" and numbers.shape == homes.shape
    numbers = numbers.astype(np.float64) if fits else numbers
    if not fits or not np.isfinite(numbers).all():
        raise ProtocolViolationError(f"{what} must be one finite number for each home named")
    return numbers


def _with(array: Floats, homes: Ints, values: Floats) -> Floats:
    changed = array.copy()
    changed[homes] = values
    return changed


def _without(owing: Bools, homes: Ints) -> Bools:
    changed = owing.copy()
    changed[homes] = False
    return changed


_HANDLERS: dict[type, Callable[[State, Any], Step]] = {
    Opened: _opened,
    BidsReceived: _bids,
    OffersMade: _offers,
    AnswersReceived: _answers,
    DeadlinePassed: _deadline,
    MemberFailed: _failed,
    Withdrawn: _withdrawn,
}
