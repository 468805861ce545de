"""What is known of a window's price before gate closure: a few prices and how likely each is."""

import calendar
import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.data.prices import prices_at, series_step
from gridpact.errors import InputError, MissingDataError, UnitRangeError
from gridpact.horizon import aware_utc, zone
from gridpact.market.opportunity import MarketOpportunity

Floats = NDArray[np.float64]

FEWEST_DAYS = 5
"""With fewer days of the month than this, the months before and after are used too."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PriceScenarios:
    """Possible prices of one window, cheapest first."""

    prices: Floats
    """Rising, shape (S,), in the opportunity's unit; read-only."""
    probabilities: Floats
    """Of each price, summing to 1, shape (S,); read-only."""
    basis: str = "given"
    """Where they come from, in words."""

    def __post_init__(self) -> None:
        """Check and freeze both arrays.

        Raises:
            InputError: no scenario, or shapes that differ.
            UnitRangeError: prices that are not finite and rising, probabilities that are no distribution.
        """
        prices = np.array(self.prices, dtype=np.float64)
        probabilities = np.array(self.probabilities, dtype=np.float64)
        if prices.ndim != 1 or not len(prices) or prices.shape != probabilities.shape:
            raise InputError(
                f"price scenarios need as many prices as probabilities, at least one; there are {prices.shape} and "
                f"{probabilities.shape}"
            )
        if not np.isfinite(prices).all() or (np.diff(prices) <= 0).any():
            raise UnitRangeError(
                "scenario prices must be finite and rise from one to the next; sort and merge equal ones"
            )
        if not (probabilities >= 0).all() or abs(math.fsum(probabilities.tolist()) - 1.0) > 1e-9:
            raise UnitRangeError("scenario probabilities must be zero or more and sum to 1")
        prices.flags.writeable = False
        probabilities.flags.writeable = False
        object.__setattr__(self, "prices", prices)
        object.__setattr__(self, "probabilities", probabilities)

    def __len__(self) -> int:
        """Number of scenarios."""
        return len(self.prices)

    @property
    def mean(self) -> float:
        """Expected price."""
        return math.fsum((self.prices * self.probabilities).tolist())

    @classmethod
    def certain(cls, price: float) -> "PriceScenarios":
        """One price that is sure.

        Raises:
            UnitRangeError: it is not finite.
        """
        return cls(prices=np.array([price]), probabilities=np.array([1.0]), basis="one certain price")

    @classmethod
    def from_history(
        cls,
        series: pd.Series,
        opportunity: MarketOpportunity,
        gate_closure: datetime,
        timezone: str,
        count: int = 20,
    ) -> "PriceScenarios":
        """Equally likely window prices of earlier days that resemble the opportunity's.

        A day counts where it lies in the opportunity's calendar month (of any year), is over, as is the window on
        it, by ``gate_closure``, and has prices for the whole window. The window's pieces are matched by wall clock:
        a window from 19:00 to 21:00 takes 19:00 to 21:00 local time on every day, whichever side of a clock change
        it lies on. A day on which one of those local times does not exist is left out; of a local time that occurs
        twice the first counts. The most recent ``count`` days are used. If fewer than 5 are found, the months before
        and after are searched as well. Prices are rounded to cents, the finest that is bid, and equal ones merged.

        Args:
            series: prices at UTC interval starts, in the opportunity's unit.
            opportunity: its window and step.
            gate_closure: nothing later than this is known.
            timezone: the market's.
            count: most days to use.

        Raises:
            MissingDataError: no such day has prices.
            InputError: ``count`` is below 1.
        """
        if count < 1:
            raise InputError(f"the number of price scenarios is {count}; use at least 1")
        gate = pd.Timestamp(aware_utc(gate_closure, what="gate closure"))
        zone(timezone)
        month = opportunity.start.astimezone(zone(timezone)).month
        around = [month]
        days = _window_means(series, opportunity, gate, timezone, months=around)
        if len(days) < FEWEST_DAYS:
            around = [(month - 2) % 12 + 1, month, month % 12 + 1]
            days = _window_means(series, opportunity, gate, timezone, months=around)
        if not len(days):
            first = "none" if not len(series) else f"{series.index[0].isoformat()} to {series.index[-1].isoformat()}"
            raise MissingDataError(
                f"opportunity {opportunity.opportunity_id!r}: no earlier day around the same month has prices for this "
                f"window before gate closure {gate.isoformat()}; prices: {first}. Use a longer "
                "history, or one certain price"
            )
        used = days.iloc[-count:]
        prices, counts = np.unique(np.round(used.to_numpy(), 2) + 0.0, return_counts=True)
        return cls(
            prices=prices,
            probabilities=counts / counts.sum(),
            basis=_basis(used, found=len(days), months=around, opportunity=opportunity, timezone=timezone),
        )


def _window_means(
    series: pd.Series, opportunity: MarketOpportunity, gate: pd.Timestamp, timezone: str, *, months: list[int]
) -> pd.Series:
    """Mean price of the window's wall-clock hours on each usable day, by local date, oldest first."""
    if not len(series):
        return pd.Series(dtype=np.float64)
    step = math.gcd(int(series_step(series.index).total_seconds()), opportunity.step_minutes * 60)
    pieces = pd.date_range(opportunity.start, opportunity.end, freq=f"{step}s", inclusive="left")
    weights = np.minimum((pd.Timestamp(opportunity.end) - pieces).total_seconds().to_numpy(), step)
    wall = pieces.tz_convert(timezone).tz_localize(None)
    offsets = wall - wall[0].normalize()
    first = series.index[0].tz_convert(timezone).tz_localize(None).normalize() - pd.Timedelta(days=1)
    last = min(series.index[-1], gate).tz_convert(timezone).tz_localize(None).normalize()
    days = pd.date_range(first, last, freq="D") if first <= last else pd.DatetimeIndex([])
    days = days[days.month.isin(months)]
    days_end = (days + pd.Timedelta(days=1)).tz_localize(timezone, ambiguous=True, nonexistent="shift_forward")
    days = days[days_end.tz_convert("UTC") <= gate]
    if not len(days):
        return pd.Series(dtype=np.float64)
    clock = pd.DatetimeIndex((days.to_numpy()[:, None] + offsets.to_numpy()[None, :]).ravel())
    instants = clock.tz_localize(timezone, ambiguous=np.ones(len(clock), dtype=bool), nonexistent="NaT").tz_convert(
        "UTC"
    )
    prices = prices_at(series, instants).reshape(len(days), len(pieces))
    ends = (instants + pd.Timedelta(seconds=step)) <= gate
    prices = np.where(ends.reshape(prices.shape), prices, np.nan)
    means = pd.Series(prices @ (weights / weights.sum()), index=days)
    return means.dropna()


def _basis(used: pd.Series, *, found: int, months: list[int], opportunity: MarketOpportunity, timezone: str) -> str:
    market = zone(timezone)
    start, end = opportunity.start.astimezone(market), opportunity.end.astimezone(market)
    names = [calendar.month_name[month] for month in months]
    month = names[0] if len(names) == 1 else f"{names[1]} and the months beside it, because it alone has too few days"
    part = f"the most recent {len(used)} of {found} days" if found > len(used) else f"{found} days"
    return (
        f"{part} in {month} before gate closure ({used.index[0]:%Y-%m-%d} to {used.index[-1]:%Y-%m-%d}), local hours "
        f"{start:%H:%M} to {end:%H:%M} {timezone}, equally likely"
    )
