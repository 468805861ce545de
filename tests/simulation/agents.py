"""Scripted agents of homes that err: what a confused, greedy or broken model might say."""

import numpy as np

from gridpact.messages.books import Floats
from gridpact.negotiation.strategy import AnswerContext, AskContext, Strategy, best_response


class Erratic(Strategy):
    """Says anything: garbage, wrong shapes, too little, too much, or raises, as its dice fall."""

    name = "erratic"

    def asks(self, context: AskContext) -> Floats:
        """See `Strategy`."""
        rng = context.rng
        asks = context.reservation_price * rng.uniform(0.3, 2.0, context.width_kw.shape)
        match int(rng.integers(8)):
            case 0:
                raise RuntimeError("the model's reply was cut off")
            case 1:
                return np.full(context.width_kw.shape, np.nan)
            case 2:
                return asks[:, :1]
            case 3:
                return -asks
            case 4:
                return np.full(context.width_kw.shape, 1e12)
            case 5:
                return asks[:, ::-1]
            case _:
                return np.maximum.accumulate(asks, axis=1)

    def answers(self, context: AnswerContext) -> Floats:
        """See `Strategy`."""
        rng = context.rng
        match int(rng.integers(7)):
            case 0:
                raise TimeoutError("the model did not answer")
            case 1:
                return context.cap_kw * 2
            case 2:
                return np.full(len(context.home_ids), np.inf)
            case 3:
                return context.cap_kw
            case 4:
                return np.zeros(len(context.home_ids))
            case _:
                return best_response(context)


class Generous(Strategy):
    """Asks less than it costs and accepts everything: only the referee keeps it from harm."""

    name = "generous"

    def asks(self, context: AskContext) -> Floats:
        """See `Strategy`."""
        return context.reservation_price * 0.5 - 1.0

    def answers(self, context: AnswerContext) -> Floats:
        """See `Strategy`."""
        return context.cap_kw


class Retreating(Strategy):
    """Asks more from round to round, which is not allowed."""

    name = "retreating"

    def asks(self, context: AskContext) -> Floats:
        """See `Strategy`."""
        return context.reservation_price + 10.0 * context.round
