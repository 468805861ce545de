"""A circuit breaker: after failures in a row nothing is asked for a while, then one question tries."""

from collections.abc import Callable
from dataclasses import dataclass

FAILURES_IN_A_ROW = 5
COOL_S = 20.0


@dataclass(frozen=True, slots=True)
class Ticket:
    """Leave to ask one question."""

    probe: bool
    """Whether it is the one that tries after a break."""


class Breaker:
    """Closed: everybody may ask. Open: nobody. Half open, once it has cooled: one question, which decides."""

    def __init__(
        self, clock: Callable[[], float], *, failures: int = FAILURES_IN_A_ROW, cool_s: float = COOL_S
    ) -> None:
        """Start closed; ``clock`` counts seconds."""
        self._clock = clock
        self._failures = failures
        self._cool_s = cool_s
        self._row = 0
        self._opened: float | None = None
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether questions are turned away, but for one that tries."""
        return self._opened is not None

    def enter(self) -> Ticket | None:
        """Leave to ask a question; None while the circuit is open. Every ticket goes back by `leave`."""
        if self._opened is None:
            return Ticket(probe=False)
        if self._probing or self._clock() - self._opened < self._cool_s:
            return None
        self._probing = True
        return Ticket(probe=True)

    def stands(self, ticket: Ticket) -> bool:
        """Whether a question that was let in may send one more request."""
        return ticket.probe or self._opened is None

    def leave(self, ticket: Ticket, *, reached: bool | None) -> None:
        """Note how a question ended: the model was reached, was not, or (None) that is not known."""
        if ticket.probe:
            self._probing = False
        if reached is None:
            return
        if reached:
            self._row = 0
            if ticket.probe:
                self._opened = None
            return
        self._row += 1
        if ticket.probe or (self._opened is None and self._row >= self._failures):
            self._opened = self._clock()
