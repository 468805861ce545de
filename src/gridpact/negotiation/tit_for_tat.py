"""Tit for tat: concede in the proportion in which the other side has just conceded.

The relative form of P. Faratin, C. Sierra, N. R. Jennings (1998), section 4.3: a home lowers its ask by the same
fraction by which the aggregator last raised its offer, down to the reservation.
"""

import numpy as np

from gridpact.messages.books import Floats
from gridpact.negotiation.concession import OPENING_MARKUP, opening_ask
from gridpact.negotiation.strategy import AskContext, Strategy


class TitForTat(Strategy):
    """Opens like `Concession`, then answers the aggregator's last relative price rise with an equal cut."""

    name = "tit_for_tat"

    def asks(self, context: AskContext) -> Floats:
        """The opening ask in round 1; later the previous ask, cut by the last relative rise of the offer."""
        if context.previous_ask is None:
            return opening_ask(context, OPENING_MARKUP)
        if len(context.offered) < 2:
            return context.previous_ask
        before, last = context.offered[-2], context.offered[-1]
        scale = np.maximum(np.maximum(np.abs(before), np.abs(last)), 0.01)
        rise = np.clip(np.nan_to_num((last - before) / scale), 0.0, 1.0)
        cut = rise[:, None] * np.abs(context.previous_ask)
        return np.asarray(np.maximum(context.previous_ask - cut, context.reservation_price))
