"""Truthful: ask exactly the reservation, in every round."""

from gridpact.messages.books import Floats
from gridpact.negotiation.strategy import AskContext, Strategy


class Truthful(Strategy):
    """No markup: what a home asks is what it needs."""

    name = "truthful"

    def asks(self, context: AskContext) -> Floats:
        """The marginal reservation."""
        return context.reservation_price
