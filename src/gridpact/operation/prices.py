"""Which prices a day uses: wholesale for tariffs, scenarios before gate closure, and the clearing price."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd

from gridpact.data.prices import PriceTable, read_prices, window_price
from gridpact.data.reference import ercot_locations, ercot_prices
from gridpact.errors import InputError, MissingDataError
from gridpact.fleet.findings import nearest
from gridpact.horizon import Horizon
from gridpact.market.opportunity import MarketOpportunity, Product
from gridpact.market.scenarios import PriceScenarios

DEFAULT_LOCATION = "HB_HOUSTON"
WEEK = pd.Timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSource:
    """Where a day's market prices come from: a file of the user's, or the packaged ERCOT day-ahead prices."""

    table: PriceTable | None
    location: str | None
    name: str
    """What to call the source in messages and in the run's log."""

    @classmethod
    def open(cls, path: Path | None, *, location: str | None) -> "PriceSource":
        """Read ``path``, or take the packaged prices at ``location`` (a hub or zone of ERCOT) if it is None."""
        if path is not None:
            return cls(table=read_prices(path), location=location, name=str(path.name))
        if location is not None and location not in ercot_locations():
            near = nearest(location, ercot_locations())
            raise InputError(
                f"--location {location!r} is not in the packaged ERCOT prices"
                + (f" (did you mean {near!r}?)" if near else "")
                + f", which have {', '.join(ercot_locations())}; for other prices give --prices FILE"
            )
        return cls(table=None, location=location, name=f"packaged ERCOT day-ahead {location or DEFAULT_LOCATION}")

    def energy(self) -> pd.Series:
        """Energy prices [USD/MWh], UTC interval starts."""
        if self.table is not None:
            return self.table.energy(self.location)
        return ercot_prices(self.location or DEFAULT_LOCATION)

    def series(self, product: Product) -> pd.Series:
        """Prices of ``product`` in its own unit.

        Raises:
            MissingDataError: the source has no prices for this product.
        """
        if not product.is_reserve:
            return self.energy()
        if self.table is None:
            raise MissingDataError(
                f"there is no {product.value} price: the packaged ERCOT prices are for energy only; give --price P "
                f"[USD/MW per h] or --prices FILE with a {product.value}_usd_per_mw_h column"
            )
        return self.table.reserve(product.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceView:
    """What is known of one opportunity's price, before and after the market clears."""

    scenarios: PriceScenarios
    clearing_price: float
    """Realised price over the window, in the opportunity's unit."""
    basis: str
    """Where both come from, in words."""


def certain_price(price: float) -> PriceView:
    """One certain scenario that also clears."""
    return PriceView(scenarios=PriceScenarios.certain(price), clearing_price=price, basis="one certain price")


def price_from_history(
    source: PriceSource, opportunity: MarketOpportunity, *, gate_closure: datetime, timezone: str
) -> PriceView:
    """Scenarios from history before ``gate_closure``, and the realised window price that clears.

    Raises:
        MissingDataError: the window or its history is outside the source's prices.
    """
    series = source.series(opportunity.product)
    try:
        clearing = window_price(series, opportunity.start, opportunity.end)
    except MissingDataError as problem:
        raise MissingDataError(
            f"opportunity {opportunity.opportunity_id!r}: {source.name}: {problem}; choose a window inside the data, "
            "or give --price P"
        ) from None
    scenarios = PriceScenarios.from_history(series, opportunity, gate_closure, timezone)
    column = "" if source.table is None else f", column {series.name}"
    return PriceView(scenarios=scenarios, clearing_price=clearing, basis=f"{source.name}{column}: {scenarios.basis}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WholesaleView:
    """Wholesale prices over the horizon for tariffs that follow them."""

    series: pd.Series
    substituted_hours: int
    """Hours that the source does not cover, taken from the same weekday and hour of the nearest week that it does."""
    name: str

    @property
    def note(self) -> str:
        """One sentence on where the prices come from."""
        if not self.substituted_hours:
            return f"wholesale-indexed tariffs follow {self.name}"
        return (
            f"{self.name} does not cover {self.substituted_hours} h of this run; wholesale-indexed tariffs use the "
            "same weekday and hour of the nearest week that it covers, as typical prices"
        )


def wholesale_over(source: PriceSource, horizon: Horizon) -> WholesaleView:
    """The energy prices of ``source`` at every hour of ``horizon``, by the nearest covered week where it has none."""
    series = source.energy().sort_index()
    first = pd.Timestamp(horizon.start).floor("h")
    hourly = pd.date_range(first, pd.Timestamp(horizon.end), freq="h", inclusive="left", unit="us")
    grid = series.resample("h").mean()
    values = grid.reindex(hourly)
    missing = values.index[values.isna()]
    known = grid.dropna()
    for moment in missing:
        values[moment] = _nearest_week(known, moment, name=source.name)
    return WholesaleView(series=values, substituted_hours=len(missing), name=source.name)


def _nearest_week(known: pd.Series, moment: pd.Timestamp, *, name: str) -> float:
    first, last = known.index[0], known.index[-1]
    weeks = 0
    if moment > last:
        years_beyond = -(-(moment - last) // WEEK)
        weeks = -int(years_beyond)
    elif moment < first:
        weeks = int(-(-(first - moment) // WEEK))
    for shift in range(60):
        for candidate in {weeks + shift, weeks - shift}:
            value = known.get(moment + candidate * WEEK)
            if value is not None:
                return float(value)
    raise MissingDataError(f"{name} has no prices at the weekday and hour of {moment.isoformat()}")
