"""Time-dependent concession: start with a markup and give it up by the last round.

P. Faratin, C. Sierra, N. R. Jennings, Negotiation decision functions for autonomous agents, Robotics and
Autonomous Systems 24 (1998), section 4.1. Time runs from 0 in the first round to 1 in the last; a shape beta
below 1 holds out (Boulware), above 1 gives in early (Conceder).
"""

import numpy as np

from gridpact.errors import UnitRangeError
from gridpact.messages.books import Floats
from gridpact.negotiation.strategy import AskContext, Strategy

OPENING_MARKUP = 0.5
"""Markup of a home with no willingness at all, as a fraction of its price or the reference price."""


def markup_base(reservation_price: Floats, reference_price: float) -> Floats:
    """What a markup is a fraction of: the reservation or the reference price, whichever is larger in size.

    A home whose energy costs it nothing would otherwise never ask for anything.
    """
    return np.asarray(np.maximum(np.abs(reservation_price), abs(reference_price)))


def opening_ask(context: AskContext, opening_markup: float) -> Floats:
    """Reservation plus the first round's markup, which shrinks with willingness, shape (m, K)."""
    markup = opening_markup * (1.0 - np.clip(context.willingness, 0.0, 1.0))
    base = markup_base(context.reservation_price, context.reference_price)
    return np.asarray(context.reservation_price + markup[:, None] * base)


class Concession(Strategy):
    """Markup(t) = opening markup * (1 - t ** (1 / beta)), with t from 0 to 1 over the rounds."""

    name = "concession"

    def __init__(self, *, beta: float | None = None, opening_markup: float = OPENING_MARKUP) -> None:
        """Set the shape.

        Args:
            beta: shape for every home; by default willingness / (1 - willingness) of each, so that the eager
                concede early and the reluctant hold out.
            opening_markup: markup of a home with no willingness, in [0, 1).

        Raises:
            UnitRangeError: a value outside its range.
        """
        if beta is not None and not 0 < beta < float("inf"):
            raise UnitRangeError(f"beta is {beta}; it must be above 0")
        if not 0 <= opening_markup < 1:
            raise UnitRangeError(f"opening_markup is {opening_markup}; it must lie in [0, 1)")
        self.beta = beta
        self.opening_markup = opening_markup

    def asks(self, context: AskContext) -> Floats:
        """Reservation plus what is left of the markup; with one round, the whole opening markup."""
        eager = np.clip(context.willingness, 0.05, 0.95)
        beta = eager / (1.0 - eager) if self.beta is None else np.full(len(eager), self.beta)
        time = (context.round - 1) / max(context.rounds - 1, 1)
        left = 1.0 - time ** (1.0 / beta)
        opening = opening_ask(context, self.opening_markup)
        return np.asarray(context.reservation_price + left[:, None] * (opening - context.reservation_price))
