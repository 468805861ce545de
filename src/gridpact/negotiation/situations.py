"""Homes' and the aggregator's situations, compared by code: numbers become steps of a scale."""

import numpy as np

from gridpact.messages.books import Bools, Floats, Ints
from gridpact.negotiation.advice import (
    AnswerPosition,
    BidPosition,
    Closeness,
    Coverage,
    Eagerness,
    Gain,
    Headroom,
    MarketPosition,
    Movement,
    Part,
    Stage,
)
from gridpact.negotiation.concession import markup_base
from gridpact.negotiation.protocol import KW_SLACK
from gridpact.negotiation.strategy import AnswerContext, AskContext

CENT = 0.005
"""Prices closer than this are the same."""
THIN, FAIR = 0.05, 0.25
"""Gains below these, as fractions of the price or the reference price, whichever is larger, are thin and fair."""
SLIGHT, CLEAR = 0.05, 0.2
"""Offers that are less than this below the ask are slightly below and below it."""
RECENT = 0.03
"""An offer that rose by less than this rose a little."""
RELUCTANT, EAGER = 0.5, 0.8
MOST = 0.5
"""More than this much is most."""
LITTLE_HEADROOM = 0.15


def may_change_ask(context: AskContext, highest: Floats) -> Bools:
    """Homes whose ask could still fall and that have something left to sell, shape (m,)."""
    unsold = context.width_kw.sum(axis=1) - context.accepted_kw > KW_SLACK
    room = ((highest - context.reservation_price > CENT) & (context.width_kw > 0)).any(axis=1)
    return np.asarray(unsold & room)


def bid_positions(context: AskContext, highest: Floats, rows: Ints) -> list[BidPosition]:
    """Positions of the homes in ``rows``, shape (k,); ``highest`` is what each asks now or may ask at most, (m, K)."""
    place = _next_segment(context.width_kw, context.accepted_kw)
    every = np.arange(len(place))
    need, ask = context.reservation_price[every, place], highest[every, place]
    scale = np.maximum(markup_base(need, context.reference_price), 0.01)
    nothing = np.full(len(place), np.nan)
    offered = context.offered[-1] if len(context.offered) else nothing
    before = context.offered[-2] if len(context.offered) > 1 else nothing
    left = context.width_kw.sum(axis=1) - context.accepted_kw
    found = []
    for row in rows.tolist():
        found.append(
            BidPosition(
                opportunity_id=context.opportunity_id,
                home_id=context.home_ids[row],
                round=context.round,
                rounds=context.rounds,
                stage=Stage.of(context.round, context.rounds),
                eagerness=_eagerness(float(context.willingness[row])),
                room=_gain(float(ask[row] - need[row]), float(scale[row])),
                outlook=_gain(float(context.reference_price - need[row]), float(scale[row])),
                offer=_closeness(float(offered[row]), float(ask[row]), float(scale[row])),
                gain=_gain(float(offered[row] - need[row]), float(scale[row])),
                movement=_movement(float(before[row]), float(offered[row]), float(scale[row])),
                sold=_part(float(context.accepted_kw[row]), float(left[row] + context.accepted_kw[row])),
                ask=None if context.previous_ask is None else round(float(ask[row]), 2),
                offered=None if np.isnan(offered[row]) else round(float(offered[row]), 2),
                left_kw=round(float(left[row]), 3),
            )
        )
    return found


def answer_positions(context: AnswerContext, best_kw: Floats, rows: Ints) -> list[AnswerPosition]:
    """Positions of the homes in ``rows``, shape (k,), where ``best_kw``, shape (m,), is the best response [kW]."""
    place = _next_segment(context.width_kw, context.accepted_kw)
    every = np.arange(len(place))
    need, ask = context.reservation_price[every, place], context.ask[every, place]
    scale = np.maximum(np.maximum(np.abs(need), np.abs(context.price)), 0.01)
    left = context.width_kw.sum(axis=1) - context.accepted_kw
    found = []
    for row in rows.tolist():
        found.append(
            AnswerPosition(
                opportunity_id=context.opportunity_id,
                home_id=context.home_ids[row],
                round=context.round,
                rounds=context.rounds,
                stage=Stage.of(context.round, context.rounds),
                eagerness=_eagerness(float(context.willingness[row])),
                gain=_gain(float(context.price[row] - need[row]), float(scale[row])),
                covers=_part(float(best_kw[row] - context.accepted_kw[row]), float(left[row])),
                sold=_part(float(context.accepted_kw[row]), float(left[row] + context.accepted_kw[row])),
                ask=round(float(ask[row]), 2),
                offered=round(float(context.price[row]), 2),
                left_kw=round(float(left[row]), 3),
            )
        )
    return found


def market_position(
    *,
    opportunity_id: str,
    round: int,
    rounds: int,
    asked_kw: float,
    requested_kw: float,
    agreed_kw: float,
    shadow: float,
    ceiling: float,
) -> MarketPosition:
    """The aggregator's position: power asked for within the market's worth, against the request.

    Args:
        opportunity_id: what is negotiated.
        round: this round, from 1.
        rounds: most rounds.
        asked_kw: width of all asks within the worth [kW].
        requested_kw: most that the market takes [kW].
        agreed_kw: what homes have agreed to [kW].
        shadow: price that fills the request, in the opportunity's unit.
        ceiling: the market's worth after the margin and within the price cap.
    """
    room = (ceiling - shadow) / max(abs(ceiling), 0.01)
    return MarketPosition(
        opportunity_id=opportunity_id,
        round=round,
        rounds=rounds,
        stage=Stage.of(round, rounds),
        coverage=_coverage(asked_kw, requested_kw),
        headroom=Headroom.NONE if room <= 0 else Headroom.LITTLE if room < LITTLE_HEADROOM else Headroom.MUCH,
        sold=_part(agreed_kw, requested_kw),
    )


def _next_segment(width_kw: Floats, accepted_kw: Floats) -> Ints:
    """The first segment of each row that is not sold whole, shape (m,)."""
    unsold = (np.cumsum(width_kw, axis=1) > accepted_kw[:, None] + KW_SLACK) & (width_kw > 0)
    return np.asarray(np.argmax(unsold, axis=1))


def _eagerness(willingness: float) -> Eagerness:
    if willingness < RELUCTANT:
        return Eagerness.RELUCTANT
    return Eagerness.EAGER if willingness >= EAGER else Eagerness.MODERATE


def _gain(difference: float, scale: float) -> Gain:
    if np.isnan(difference):
        return Gain.UNKNOWN
    if difference < -CENT:
        return Gain.LOSS
    share = difference / scale
    return Gain.THIN if share < THIN else Gain.FAIR if share < FAIR else Gain.LARGE


def _closeness(offered: float, ask: float, scale: float) -> Closeness:
    if np.isnan(offered):
        return Closeness.NONE
    if offered >= ask - CENT:
        return Closeness.COVERED
    share = (ask - offered) / scale
    return Closeness.SLIGHTLY_BELOW if share < SLIGHT else Closeness.BELOW if share < CLEAR else Closeness.FAR_BELOW


def _movement(before: float, offered: float, scale: float) -> Movement:
    if np.isnan(before) or np.isnan(offered):
        return Movement.UNKNOWN
    rise = offered - before
    if rise <= CENT:
        return Movement.STILL
    return Movement.ROSE_A_LITTLE if rise / scale < RECENT else Movement.ROSE_CLEARLY


def _part(part_kw: float, whole_kw: float) -> Part:
    if part_kw <= KW_SLACK:
        return Part.NOTHING
    if part_kw >= whole_kw - KW_SLACK:
        return Part.ALL
    return Part.MOST if part_kw > MOST * whole_kw else Part.SOME


def _coverage(asked_kw: float, requested_kw: float) -> Coverage:
    if asked_kw <= KW_SLACK:
        return Coverage.NOTHING
    if asked_kw < requested_kw - KW_SLACK:
        return Coverage.SOME
    return Coverage.ENOUGH if asked_kw < 2 * requested_kw else Coverage.PLENTY
