"""The referee: stands between every agent and the state, and alone sees what homes truly need.

Asks and answers come as rows. Each row is passed or refused with a reason; the engine puts the deterministic
policy in place of what is refused. The policy is: the previous ask (the reservation in round 1), and the best
response to the offer, or nothing new where even that would leave the home below its reservation.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact import units
from gridpact.flexibility.batch import CurveBatch
from gridpact.messages.books import Bools, Floats, Ints, OfferBook
from gridpact.negotiation.protocol import KW_SLACK
from gridpact.negotiation.supply import Supply, ceil_cents, cumulative_usd, money_slack, whole_watts

LARGEST_NUMBER = 1e9
"""Numbers beyond this, either way, are unusable: sums of money would lose their last digits."""


class Refusal(IntEnum):
    """Why a row was refused; zero where it was not."""

    NONE = 0
    NOT_A_NUMBER = 1
    FALLING = 2
    RETREAT = 3
    BELOW_RESERVATION = 4
    UNKNOWN_HOME = 5
    NO_LIVE_OFFER = 6
    LATE = 7
    OTHER_PRICE = 8
    TWICE = 9
    OVER_CAP = 10
    TAKEN_BACK = 11
    UNDERPAID = 12
    BELOW_LEAST = 13
    OTHER_QUANTITY = 14
    ABOVE_ASK = 15

    @property
    def text(self) -> str:
        """The reason in words."""
        return _TEXTS[self]


_TEXTS: dict[Refusal, str] = {
    Refusal.NONE: "",
    Refusal.NOT_A_NUMBER: "not a usable number",
    Refusal.FALLING: "the asked price falls from one segment to the next",
    Refusal.RETREAT: "asks more than in an earlier round",
    Refusal.BELOW_RESERVATION: "asks less than the home's cost or floor price",
    Refusal.UNKNOWN_HOME: "names a home that is not in this negotiation",
    Refusal.NO_LIVE_OFFER: "answers an offer that was not made",
    Refusal.LATE: "answers an offer that is no longer open",
    Refusal.OTHER_PRICE: "answers at another price than the one offered",
    Refusal.TWICE: "answers twice",
    Refusal.OVER_CAP: "accepts more than the cap or more than the home can deliver",
    Refusal.TAKEN_BACK: "takes back what was accepted before",
    Refusal.UNDERPAID: "accepts less than the home's cost or floor price",
    Refusal.BELOW_LEAST: "accepts so little that the home's earlier promises make it a loss",
    Refusal.OTHER_QUANTITY: "bids for another quantity than it can deliver or first bid for",
    Refusal.ABOVE_ASK: "accepts power for which its own ask is above the price",
}

Codes = NDArray[np.int8]
"""Values of `Refusal`, one a row."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AnswerRows:
    """Answers as they came from outside, shape (m,): nothing in them is trusted."""

    home: Ints
    """Index of the home that the row claims to speak for."""
    round: Ints
    price: Floats
    total_kw: Floats
    """Cumulative quantity accepted, earlier rounds included [kW]."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Agreed:
    """What has been agreed so far, shape (n,) each."""

    accepted_kw: Floats
    pay_usd: Floats
    """Pay if every option of the home were called [USD]."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Referee:
    """Judges rows against the homes' true supply."""

    supply: Supply

    def tidy_asks(self, homes: Ints, asks: Floats) -> Floats:
        """``asks``, shape (m, K), in whole cents rounded up; segments of zero width repeat the price before."""
        with np.errstate(all="ignore"):
            cents = ceil_cents(asks)
        live = self.supply.width_kw[homes] > 0
        place = np.maximum.accumulate(np.where(live, np.arange(live.shape[1]), 0), axis=1)
        return np.asarray(np.take_along_axis(cents, place, axis=1))

    def review_asks(self, homes: Ints, asks: Floats, previous: Floats | None) -> Codes:
        """Judge tidy asks.

        Args:
            homes: indices of the homes, shape (m,).
            asks: marginal prices in whole cents, shape (m, K).
            previous: standing asks of the same homes, shape (m, K); none in round 1.

        Returns:
            One code a row; total cost may never rise at any quantity nor lie below the reservation.
        """
        width, window_h = self.supply.width_kw[homes], self.supply.window_h
        codes = np.zeros(len(homes), dtype=np.int8)
        with np.errstate(invalid="ignore"):
            unusable = _any(~(np.abs(asks) <= LARGEST_NUMBER))
        usable = np.where(unusable[:, None], 0.0, asks)
        total = cumulative_usd(width, usable, window_h)
        slack = money_slack(self.supply.level_kw[homes], window_h)
        _mark(codes, _any(total < self.supply.reservation_usd[homes] - slack), Refusal.BELOW_RESERVATION)
        if previous is not None:
            _mark(codes, _any(total > cumulative_usd(width, previous, window_h) + slack), Refusal.RETREAT)
        _mark(codes, _any(np.diff(usable, axis=1) < 0), Refusal.FALLING)
        _mark(codes, unusable, Refusal.NOT_A_NUMBER)
        return codes

    def review_answers(self, rows: AnswerRows, offers: OfferBook, agreed: Agreed) -> Codes:
        """Judge answers to the live ``offers``; what is accepted must pay the home's reservation at every part of it.

        Pay grows linearly over what is newly accepted and the reservation is convex, so that checking the end
        of it (the start was checked before) covers every part.

        Returns:
            One code a row.
        """
        known = (rows.home >= 0) & (rows.home < self.supply.homes)
        home = np.where(known, rows.home, 0)
        price, cap_kw = _by_home(offers, self.supply.homes)
        finite = np.isfinite(rows.total_kw) & (np.abs(rows.total_kw) <= LARGEST_NUMBER)
        taken, kw = agreed.accepted_kw[home], np.where(finite, rows.total_kw, 0.0)
        cap = np.minimum(cap_kw[home], self.supply.deliverable_kw[home])
        added_usd = np.nan_to_num(price[home]) * (kw - taken) * self.supply.window_h / units.KW_PER_MW
        needed_usd = self.supply.reservation_at(home, kw) - money_slack(kw, self.supply.window_h)
        codes = np.zeros(len(home), dtype=np.int8)
        _mark(codes, (kw > taken) & (agreed.pay_usd[home] + added_usd < needed_usd), Refusal.UNDERPAID)
        _mark(codes, (kw > 0) & (kw < self.supply.least_kw[home] - KW_SLACK), Refusal.BELOW_LEAST)
        _mark(codes, kw < taken - KW_SLACK, Refusal.TAKEN_BACK)
        _mark(codes, kw > cap + KW_SLACK, Refusal.OVER_CAP)
        _mark(codes, ~finite | (np.abs(kw - whole_watts(kw)) > KW_SLACK), Refusal.NOT_A_NUMBER)
        _mark(codes, _repeated(rows.home), Refusal.TWICE)
        _mark(codes, rows.price != price[home], Refusal.OTHER_PRICE)
        _mark(codes, rows.round < offers.round, Refusal.LATE)
        _mark(codes, np.isnan(price[home]) | (rows.round > offers.round), Refusal.NO_LIVE_OFFER)
        _mark(codes, ~known, Refusal.UNKNOWN_HOME)
        return codes


def reservations_frame(opportunity_id: str, curves: CurveBatch) -> pd.DataFrame:
    """Columns of ``private/reservations.parquet``: each home's true cost curve, for auditors only."""
    names = np.repeat(np.array(curves.home_ids, dtype=object), curves.counts)
    real = np.arange(curves.quantity_kw.shape[1])[None, :] < curves.counts[:, None]
    return pd.DataFrame(
        {
            "opportunity_id": pd.Series([opportunity_id] * len(names), dtype="str"),
            "home_id": pd.Series(names, dtype="str"),
            "quantity_kw": curves.quantity_kw[real],
            "cost_usd": curves.cost_usd[real],
        }
    )


def _any(cells: Bools) -> Bools:
    """For each row, whether any cell is true."""
    return np.asarray(cells.any(axis=1))


def _mark(codes: Codes, rows: Bools, refusal: Refusal) -> None:
    """Later marks win: the gravest reason is marked last."""
    codes[rows] = refusal


def _by_home(offers: OfferBook, homes: int) -> tuple[Floats, Floats]:
    price, cap_kw = np.full(homes, np.nan), np.zeros(homes)
    price[offers.home_index], cap_kw[offers.home_index] = offers.price, offers.cap_kw
    return price, cap_kw


def _repeated(home: Ints) -> Bools:
    """True for every row of a home but its first."""
    again = np.ones(len(home), dtype=np.bool_)
    again[np.unique(home, return_index=True)[1]] = False
    return again
