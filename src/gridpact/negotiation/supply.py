"""What homes could sell, as arrays of homes by levels, and prices in whole cents.

A curve's levels become segments: a width [kW] and a cumulative reservation [USD], the least for which the
home may sell up to the segment's end, max(C(q), floor price * energy). Homes have different numbers of
levels; missing ones are segments of zero width that repeat the last price.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from gridpact import units
from gridpact.errors import InputError
from gridpact.flexibility.batch import CurveBatch
from gridpact.messages.books import Floats

CENT_SLACK = 1e-6
"""Fractions of a cent below this are binary rounding, as in `units.ceil_cent`."""


def ceil_cents(prices: ArrayLike) -> Floats:
    """Prices rounded up to whole cents, element by element; see `units.ceil_cent`."""
    return np.asarray(np.ceil(np.asarray(prices, dtype=np.float64) * 100.0 - CENT_SLACK) / 100.0 + 0.0)


def floor_cents(prices: ArrayLike) -> Floats:
    """Prices rounded down to whole cents, element by element."""
    return np.asarray(np.floor(np.asarray(prices, dtype=np.float64) * 100.0 + CENT_SLACK) / 100.0 + 0.0)


def whole_watts(quantity_kw: ArrayLike) -> Floats:
    """Quantities rounded down to whole watts [kW], element by element; see `units.floor_kw`."""
    return np.asarray(np.floor(np.asarray(quantity_kw, dtype=np.float64) * 1000.0 + 1e-6) / 1000.0 + 0.0)


def money_slack(quantity_kw: Floats, window_h: float) -> Floats:
    """How far two sums of money [USD] may differ by rounding a price at the millionth of a cent."""
    return np.asarray(1e-9 + 2e-8 * np.abs(quantity_kw) * window_h / units.KW_PER_MW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """Segments of n homes by K levels. Only a home and the referee may see its row of ``reservation_usd``."""

    home_ids: tuple[str, ...]
    window_h: float
    width_kw: Floats
    """Shape (n, K) [kW], whole watts; zero where a home has fewer levels."""
    level_kw: Floats
    """Cumulative quantity at each segment's end, shape (n, K) [kW]."""
    reservation_usd: Floats
    """max(C, floor price * energy) at each segment's end, convex along a row, shape (n, K) [USD]."""
    reservation_price: Floats
    """Marginal reservation rounded up to cents, never falling along a row, shape (n, K)."""
    least_kw: Floats
    """A home sells at least this or nothing, shape (n,); zero for most, see `CostCurve.least_kw` [kW]."""

    @classmethod
    def from_curves(
        cls, curves: CurveBatch, *, floors_usd_per_mwh: ArrayLike, window_h: float, reserve: bool
    ) -> "Supply":
        """Lay out ``curves``, one a home, with floor prices, shape (n,) [USD/MWh]; NaN means no floor.

        Floors bind energy only: a reserve that is not called delivers none.

        Raises:
            InputError: a home twice, a curve that is not one (falling, not finite, not zero at zero), or floors
                of another length.
        """
        home_ids = curves.home_ids
        if len(set(home_ids)) != len(home_ids):
            raise InputError(f"home {_first_repeated(home_ids)!r} has more than one cost curve")
        floors = np.asarray(floors_usd_per_mwh, dtype=np.float64)
        if floors.shape != (len(curves),) or np.isinf(floors).any():
            raise InputError(f"floors_usd_per_mwh must be one finite number (or NaN) for each of {len(curves)} homes")
        level_kw, cost_usd = _levels(curves)
        lowest = np.full(len(curves), -np.inf) if reserve else np.where(np.isnan(floors), -np.inf, floors)
        with np.errstate(invalid="ignore"):
            line = np.where(level_kw > 0, lowest[:, None] * level_kw * window_h / units.KW_PER_MW, 0.0)
        reservation = np.maximum(cost_usd, line)
        width = np.round(np.diff(level_kw, axis=1, prepend=0.0), 3)
        price = _marginal_price(width, reservation, window_h)
        return cls(
            home_ids=home_ids,
            window_h=window_h,
            width_kw=_frozen(width),
            level_kw=_frozen(level_kw),
            reservation_usd=_frozen(reservation),
            reservation_price=_frozen(price),
            least_kw=_frozen(curves.least_kw.copy()),
        )

    def limited(self, most_kw: Floats) -> "Supply":
        """The same homes with no more than ``most_kw`` for sale, shape (n,) [kW]; prices stay.

        What lies beyond becomes segments of zero width.
        """
        level = np.minimum(self.level_kw, whole_watts(most_kw)[:, None])
        width = np.clip(np.round(level - (self.level_kw - self.width_kw), 3), 0.0, None)
        rise = np.diff(self.reservation_usd, axis=1, prepend=0.0)
        share = np.divide(width, self.width_kw, out=np.zeros_like(width), where=self.width_kw > 0)
        return replace(
            self,
            width_kw=_frozen(width),
            level_kw=_frozen(level),
            reservation_usd=_frozen(np.cumsum(share * rise, axis=1)),
        )

    @property
    def homes(self) -> int:
        """Number of homes n."""
        return len(self.home_ids)

    @property
    def deliverable_kw(self) -> Floats:
        """Most that each home can promise, shape (n,) [kW]."""
        return np.asarray(self.level_kw[:, -1]) if self.homes else np.zeros(0)

    def total_usd(self, price: Floats) -> Floats:
        """Cumulative cost [USD] at each segment's end of marginal prices, both of shape (n, K)."""
        return cumulative_usd(self.width_kw, price, self.window_h)

    def reservation_at(self, homes: ArrayLike, quantity_kw: ArrayLike) -> Floats:
        """Reservation [USD] of selling ``quantity_kw`` by each of ``homes`` (indices), both of shape (m,)."""
        rows = np.asarray(homes, dtype=np.int64)
        width = self.width_kw[rows]
        rise = np.diff(self.reservation_usd[rows], axis=1, prepend=0.0)
        part = np.clip(np.asarray(quantity_kw)[:, None] - (self.level_kw[rows] - width), 0.0, width)
        share = np.divide(part, width, out=np.zeros_like(part), where=width > 0)
        return np.asarray((share * rise).sum(axis=1))


def cumulative_usd(width_kw: Floats, price: Floats, window_h: float) -> Floats:
    """Total [USD] at each segment's end of marginal prices, arrays of shape (n, K)."""
    return np.asarray(np.cumsum(width_kw * price, axis=1) * window_h / units.KW_PER_MW)


def _levels(curves: CurveBatch) -> tuple[Floats, Floats]:
    """Cumulative whole-watt quantities and their cost, both (n, K), without the point at zero."""
    if not len(curves):
        return np.zeros((0, 1)), np.zeros((0, 1))
    real = np.arange(curves.quantity_kw.shape[1])[None, :] < curves.counts[:, None]
    home, column = np.nonzero(real)
    quantity, cost = curves.quantity_kw[real], curves.cost_usd[real]
    first = column == 0
    rise = np.where(first, 0.0, np.diff(quantity, prepend=0.0))
    wrong = ~np.isfinite(quantity) | ~np.isfinite(cost) | (rise < 0) | (first & ((quantity != 0) | (cost != 0)))
    if wrong.any():
        culprit = curves.home_ids[int(home[np.argmax(wrong)])]
        raise InputError(f"the cost curve of home {culprit!r} must be finite, start at (0, 0) and rise in quantity")
    # Down to whole watts along the curve's own chord, which keeps it convex and at or above the true cost.
    watts = whole_watts(quantity)
    slope = np.divide(np.diff(cost, prepend=0.0), rise, out=np.zeros_like(rise), where=~first & (rise > 0))
    cost = cost - slope * (quantity - watts)
    kept = ~first & np.concatenate([[False], watts[1:] > watts[:-1]])
    home, watts, cost = home[kept], watts[kept], cost[kept]
    segments = np.bincount(home, minlength=len(curves))
    depth = max(1, int(segments.max(initial=0)))
    place = np.arange(len(home)) - np.repeat(np.cumsum(segments) - segments, segments)
    level_kw, cost_usd = np.full((len(curves), depth), np.nan), np.full((len(curves), depth), np.nan)
    level_kw[home, place], cost_usd[home, place] = watts, cost
    last = np.maximum(segments - 1, 0)[:, None]
    missing = np.arange(depth)[None, :] >= segments[:, None]
    empty = segments == 0
    level_kw[empty, 0], cost_usd[empty, 0] = 0.0, 0.0
    level_kw = np.where(missing, np.take_along_axis(level_kw, last, axis=1), level_kw)
    cost_usd = np.where(missing, np.take_along_axis(cost_usd, last, axis=1), cost_usd)
    return level_kw, cost_usd


def _marginal_price(width_kw: Floats, total_usd: Floats, window_h: float) -> Floats:
    rise = np.diff(total_usd, axis=1, prepend=0.0)
    price = np.divide(rise * units.KW_PER_MW, width_kw * window_h, out=np.full_like(rise, -np.inf), where=width_kw > 0)
    price = np.maximum.accumulate(price, axis=1)
    return ceil_cents(np.where(np.isfinite(price), price, 0.0))


def _frozen(array: Floats) -> Floats:
    array.setflags(write=False)
    return array


def _first_repeated(names: tuple[str, ...]) -> str:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return ""
