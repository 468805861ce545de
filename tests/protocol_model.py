"""A negotiation as one home at a time would tell it, and what a move of the protocol is compared with."""

from dataclasses import dataclass, fields

import numpy as np
import pytest
from hypothesis.stateful import invariant

from gridpact.errors import ProtocolViolationError
from gridpact.negotiation.protocol import (
    Phase,
    Standing,
    announce,
    step,
)
from stateful import CountedMachine

ORDER = list(Phase)
MOVES = {
    Standing.TALKING: {Standing.ACCEPTED, Standing.REFUSED, Standing.EXPIRED, Standing.FAILED},
    Standing.ACCEPTED: {Standing.FAILED},
    Standing.REFUSED: set(),
    Standing.EXPIRED: {Standing.FAILED},
    Standing.UNABLE: {Standing.FAILED},
    Standing.FAILED: set(),
}
"""Where a home may stand next."""


@dataclass
class Home:
    """What the model remembers of one home; power in watts, prices in cents."""

    able: int
    standing: Standing
    owing: bool = False
    offered: int | None = None
    cap: int = 0
    accepted: int = 0


def bits(state):
    """Everything that a state holds, to the last bit."""
    values = [getattr(state, each.name) for each in fields(state)]
    return [(each.dtype.str, each.shape, each.tobytes()) if isinstance(each, np.ndarray) else each for each in values]


def kw(watts):
    return np.array(watts, dtype=np.float64) / 1000


class ProtocolModel(CountedMachine):
    """One negotiation, every event that it was told, and the model."""

    def announced(self, able, rounds):
        self.able = able
        self.state = announce(kw(able), rounds=rounds)
        self.homes = [Home(able=each, standing=Standing.TALKING if each else Standing.UNABLE) for each in able]
        self.rounds, self.round, self.phase = rounds, 0, Phase.ANNOUNCED
        self.events = []
        """Those that were legal."""
        self.deadlines = 0
        self.rightly = self.together = False
        """Whether only what is legal is said, and by all who are wanted."""
        self.late = 0
        """Illegal events since the close."""

    def talking(self):
        return [number for number, home in enumerate(self.homes) if home.standing is Standing.TALKING]

    def next_round(self):
        if self.round == self.rounds or not self.talking():
            return self.closing()
        self.round, self.phase = self.round + 1, Phase.BIDDING
        for home in self.homes:
            home.owing = home.standing is Standing.TALKING
        return self.talking()

    def offering(self):
        if not self.talking():
            return self.closing()
        self.phase = Phase.OFFERING
        return self.talking()

    def closing(self):
        self.phase = Phase.CLOSED
        for home in self.homes:
            home.owing = False
            if home.standing is Standing.TALKING:
                home.standing = Standing.ACCEPTED if home.accepted else Standing.REFUSED
        return []

    def all_said(self):
        """Go on if nobody owes anything more: the homes that are asked next, or None."""
        if any(home.owing for home in self.homes):
            return None
        return self.offering() if self.phase is Phase.BIDDING else self.next_round()

    def expire(self):
        for home in self.homes:
            if home.owing:
                home.owing, home.standing = False, Standing.EXPIRED

    def wanted(self, phase, round, numbers):
        """Whether these homes, each once, owe what is wanted in this phase and round."""
        return (
            (self.phase, self.round) == (phase, round)
            and len(set(numbers)) == len(numbers)
            and all(0 <= number < len(self.homes) and self.homes[number].owing for number in numbers)
        )

    def legal(self, event, asked):
        """``event`` is taken; ``asked`` are the homes asked next, or None where the phase goes on."""
        before = bits(self.state)
        old = self.state
        self.state, requests = step(self.state, event)
        assert bits(old) == before
        self.events.append(event)
        if asked is None:
            assert requests == ()
        else:
            (request,) = requests
            assert (request.phase, request.round, request.homes.tolist()) == (self.phase, self.round, asked)
        self.seen[type(event).__name__] += 1
        self.moved(old)

    def illegal(self, event):
        before = bits(self.state)
        with pytest.raises(ProtocolViolationError):
            step(self.state, event)
        assert bits(self.state) == before
        self.late += self.phase is Phase.CLOSED
        self.seen[f"no {type(event).__name__}"] += 1

    def moved(self, old):
        """What holds of every move, said without the model."""
        new = self.state
        places = [(each.round, ORDER.index(each.phase)) for each in (old, new)]
        assert places[0] <= places[1] or new.phase is Phase.CLOSED
        assert new.round <= new.rounds
        fallen = new.offer_price < old.offer_price
        assert not fallen.any()
        assert not (np.isnan(new.offer_price) & ~np.isnan(old.offer_price)).any()
        lost = new.accepted_kw < old.accepted_kw
        assert (new.standing[lost] == Standing.FAILED).all()
        assert (new.accepted_kw <= new.cap_kw + 1e-9).all()
        assert (new.accepted_kw <= new.able_kw + 1e-9).all()
        assert (new.able_kw <= old.able_kw).all()
        for was, now in zip(old.standing.tolist(), new.standing.tolist(), strict=True):
            assert was == now or Standing(now) in MOVES[Standing(was)]
        if new.phase is Phase.CLOSED:
            assert not (new.standing == Standing.TALKING).any()

    def owing(self):
        return [number for number, home in enumerate(self.homes) if home.owing]

    @invariant()
    def state_is_the_models(self):
        if not hasattr(self, "state"):
            return
        state = self.state
        assert (state.phase, state.round, state.rounds) == (self.phase, self.round, self.rounds)
        assert state.standing.tolist() == [home.standing for home in self.homes]
        assert state.owing.tolist() == [home.owing for home in self.homes]
        for array, watts in (
            (state.able_kw, [home.able for home in self.homes]),
            (state.cap_kw, [home.cap for home in self.homes]),
            (state.accepted_kw, [home.accepted for home in self.homes]),
        ):
            assert np.allclose(array * 1000, watts, rtol=1e-12, atol=1e-9)
        prices = [np.nan if home.offered is None else home.offered / 100 for home in self.homes]
        assert np.array_equal(state.offer_price, np.array(prices), equal_nan=True)
