"""Small negotiations for tests: curves from marginal prices, an opportunity, and strategies that misbehave."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from gridpact.flexibility.home import CostCurve
from gridpact.market.opportunity import MarketOpportunity, Product
from gridpact.negotiation.postbox import OUTSIDE, SpokenAnswers, SpokenBids
from gridpact.negotiation.strategy import AnswerContext, AskContext, Strategy, best_response

START = datetime(2024, 7, 1, 22, tzinfo=UTC)


def opportunity(*, requested_kw: float = 6.0, hours: int = 2, product: Product = Product.ENERGY) -> MarketOpportunity:
    return MarketOpportunity(
        opportunity_id="peak",
        product=product,
        start=START,
        end=START + timedelta(hours=hours),
        requested_kw=requested_kw,
        reference_price=80.0,
    )


def curve(
    home_id: str, widths_kw: Sequence[float], prices: Sequence[float], *, hours: float = 2.0, least_kw: float = 0.0
) -> CostCurve:
    """A cost curve of segments of these widths and marginal prices per MW and hour."""
    widths = np.array(widths_kw, dtype=np.float64)
    return CostCurve(
        home_id=home_id,
        quantity_kw=np.concatenate([[0.0], np.cumsum(widths)]),
        cost_usd=np.concatenate([[0.0], np.cumsum(widths * np.array(prices, dtype=np.float64)) * hours / 1000]),
        least_kw=least_kw,
    )


def four_homes() -> list[CostCurve]:
    return [
        curve("a", [1, 1, 1], [40, 50, 60]),
        curve("b", [2.5], [55]),
        curve("c", [], []),
        curve("d", [1, 3], [-5, 100]),
    ]


class Raises(Strategy):
    def asks(self, context: AskContext):
        raise RuntimeError("no")

    def answers(self, context: AnswerContext):
        raise KeyError("no")


class NotANumber(Strategy):
    name = "nan"

    def asks(self, context: AskContext):
        return np.full_like(context.width_kw, np.nan)

    def answers(self, context: AnswerContext):
        return np.full_like(context.price, np.nan)


class WrongShape(Strategy):
    def asks(self, context: AskContext):
        return context.reservation_price[:, :1].ravel()[:0]

    def answers(self, context: AnswerContext):
        return None


class Undercuts(Strategy):
    """Sells below cost, and accepts more than it has."""

    def asks(self, context: AskContext):
        return context.reservation_price - 1000.0

    def answers(self, context: AnswerContext):
        return context.width_kw.sum(axis=1) + 5.0


class Retreats(Strategy):
    """Asks more each round, and takes back what it accepted."""

    def asks(self, context: AskContext):
        return context.reservation_price + 10.0 * context.round

    def answers(self, context: AnswerContext):
        return np.where(context.accepted_kw > 0, 0.0, context.cap_kw)


class Scribbles(Strategy):
    """Overwrites everything it was handed, then answers at random."""

    def asks(self, context: AskContext):
        raw = context.reservation_price + context.rng.normal(scale=30.0, size=context.width_kw.shape)
        for array in (context.width_kw, context.reservation_price, context.accepted_kw, context.willingness):
            array.setflags(write=True)
            array[...] = -1e300
        if context.previous_ask is not None:
            context.previous_ask[...] = np.inf
        return raw

    def answers(self, context: AnswerContext):
        raw = context.rng.uniform(-1.0, 2.0, size=len(context.price)) * context.cap_kw
        for array in (context.width_kw, context.ask, context.price, context.cap_kw, context.accepted_kw):
            array[...] = -1e300
        return raw


class Huge(Strategy):
    def asks(self, context: AskContext):
        return np.full_like(context.width_kw, 1e308)

    def answers(self, context: AnswerContext):
        return np.full_like(context.price, 1e308)


class Block(Strategy):
    """Asks its average cost for every segment: dear at first, cheap at the end, never below cost in all."""

    def asks(self, context: AskContext):
        width = context.width_kw
        total = (width * context.reservation_price).sum(axis=1)
        average = np.divide(total, width.sum(axis=1))
        return np.repeat(average[:, None], width.shape[1], axis=1)


MISBEHAVING = (Raises, NotANumber, WrongShape, Undercuts, Retreats, Scribbles, Huge, Block)


class Babbles:
    """A postbox that hears anything from anybody: silence, sense, part of it, and nonsense."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def collect_bids(self, context: AskContext) -> SpokenBids:
        rng = np.random.default_rng([self.seed, context.round, 0])
        homes, able = len(context.home_ids), context.width_kw.sum(axis=1)
        asks = np.maximum.accumulate(context.reservation_price, axis=1) * rng.choice([1.0, 1.0, 1.3, 0.9], (homes, 1))
        quantity = np.round(able * rng.choice([1.0, 1.0, 0.4, 2.0], homes), 3) if context.previous_ask is None else able
        asks[rng.uniform(size=homes) < 0.1] = np.nan
        return SpokenBids(spoke=rng.uniform(size=homes) < 0.8, asks=asks, quantity_kw=quantity)

    def collect_answers(self, context: AnswerContext) -> SpokenAnswers:
        rng = np.random.default_rng([self.seed, context.round, 1])
        homes, best = len(context.home_ids), best_response(context)
        total = np.where(rng.uniform(size=homes) < 0.6, best, np.round(rng.uniform(-1, 2, homes) * context.cap_kw, 3))
        price = np.where(rng.uniform(size=homes) < 0.9, context.price, context.price + 1.0)
        return SpokenAnswers(spoke=rng.uniform(size=homes) < 0.8, price=price, total_kw=total)


def outside() -> str:
    """In place of a strategy: the home is represented from outside."""
    return OUTSIDE
