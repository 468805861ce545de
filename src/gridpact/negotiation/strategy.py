"""What a home's agent is told and what it may say.

A strategy speaks for a group of homes at once: arrays have a row a home. It sees its own homes only: their
own reservation, their own offers, never another group's asks or the aggregator's worth. Everything it returns
goes through the referee, so that a strategy can be clever, silly or hostile without harm to its homes.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from gridpact.messages.books import Floats
from gridpact.negotiation.supply import whole_watts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AskContext:
    """What m homes know when they are asked for a bid. Prices are in the opportunity's unit."""

    opportunity_id: str
    round: int
    """From 1."""
    rounds: int
    window_h: float
    reference_price: float
    """The opportunity's published expected price."""
    home_ids: tuple[str, ...]
    width_kw: Floats
    """Segments, shape (m, K) [kW]; zero where a home has fewer."""
    reservation_price: Floats
    """Marginal price below which the home would lose or go under its floor, never falling along a row, (m, K)."""
    previous_ask: Floats | None
    """Standing asks, shape (m, K); none in round 1."""
    offered: Floats
    """Prices offered so far, shape (round - 1, m); NaN where none was."""
    accepted_kw: Floats
    """Accepted so far, shape (m,) [kW]."""
    willingness: Floats
    """0 (would rather not) to 1 (eager), shape (m,)."""
    rng: np.random.Generator


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AnswerContext:
    """What m homes know when they answer an offer."""

    opportunity_id: str
    round: int
    rounds: int
    window_h: float
    home_ids: tuple[str, ...]
    width_kw: Floats
    """Shape (m, K) [kW]."""
    reservation_price: Floats
    """Shape (m, K)."""
    ask: Floats
    """Standing asks, shape (m, K)."""
    price: Floats
    """Price offered, shape (m,)."""
    cap_kw: Floats
    """Most that can be accepted in all, shape (m,) [kW]."""
    accepted_kw: Floats
    """Accepted in earlier rounds, shape (m,) [kW]."""
    least_kw: Floats
    """In all, a home accepts at least this or nothing, shape (m,); zero for most [kW]."""
    willingness: Floats
    rng: np.random.Generator


class Strategy(ABC):
    """How homes bid and answer. Subclass it for a strategy of your own and name it ``module:Class``."""

    name: str = ""
    """Shown in results; the class's name where empty."""

    @abstractmethod
    def asks(self, context: AskContext) -> Floats:
        """Marginal prices asked, shape (m, K), never falling along a row and never rising from round to round."""

    def answers(self, context: AnswerContext) -> Floats:
        """Cumulative quantity accepted at the offered price, shape (m,) [kW]; `best_response` unless overridden."""
        return best_response(context)


def best_response(context: AnswerContext) -> Floats:
    """The q within the cap that maximises price * q * H - A(q): every segment that asks no more than the price.

    Returns:
        Cumulative quantity [kW], whole watts, shape (m,); not below what is accepted already.
    """
    # Asks never fall along a row, so the willing segments are the first ones.
    willing = np.where(context.ask <= context.price[:, None], context.width_kw, 0.0).sum(axis=1)
    return np.maximum(np.minimum(whole_watts(willing), context.cap_kw), context.accepted_kw)
