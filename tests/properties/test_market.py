"""Properties of clearing, window prices, scenarios and gate closure."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.data.prices import window_price
from gridpact.errors import MarketRuleError
from gridpact.market.clearing import BidSegment, clear
from gridpact.market.opportunity import MarketOpportunity, Product
from gridpact.market.rules import load_rules, rule_names
from gridpact.market.scenarios import PriceScenarios

WATTS = st.integers(1, 100_000).map(lambda watts: watts / 1000)
PRICES = st.integers(-50_000, 500_000).map(lambda cents: cents / 100)
BIDS = st.lists(st.builds(BidSegment, quantity_kw=WATTS, price=PRICES), max_size=12)
MOMENTS = st.datetimes(datetime(2021, 1, 1), datetime(2023, 12, 31)).map(  # noqa: DTZ001 (made aware at once)
    lambda moment: moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0, tzinfo=UTC)
)


@settings(deadline=None)
@given(BIDS, PRICES, PRICES, WATTS, WATTS)
def test_a_higher_price_or_request_never_clears_less(
    segments: list[BidSegment], one: float, other: float, requested: float, more: float
) -> None:
    low, high = sorted((one, other))
    cleared = clear(segments, low, requested)
    assert cleared.quantity_kw <= requested + 1e-9
    assert cleared.quantity_kw <= sum(s.quantity_kw for s in segments if s.price <= low) + 1e-9
    assert clear(segments, high, requested).quantity_kw >= cleared.quantity_kw
    assert clear(segments, low, requested + more).quantity_kw >= cleared.quantity_kw
    assert round(cleared.quantity_kw * 1000) == pytest.approx(cleared.quantity_kw * 1000, abs=1e-6)
    assert 0 <= cleared.segments_cleared <= len(segments)


@settings(deadline=None)
@given(BIDS, PRICES, WATTS, WATTS)
def test_below_the_minimum_nothing_clears(
    segments: list[BidSegment], price: float, requested: float, minimum: float
) -> None:
    free, bound = clear(segments, price, requested), clear(segments, price, requested, minimum_kw=minimum)
    assert bound.quantity_kw == (free.quantity_kw if free.quantity_kw >= minimum else 0)


@settings(deadline=None)
@given(st.lists(PRICES, min_size=1, max_size=40), st.data())
def test_a_window_price_lies_between_the_prices_and_adds_up(values: list[float], data: st.DataObject) -> None:
    first = datetime(2022, 7, 1, tzinfo=UTC)
    series = pd.Series(values, index=pd.date_range(first, periods=len(values), freq="h"))
    end = data.draw(st.integers(1, 60 * len(values)))
    start = data.draw(st.integers(0, end - 1))
    a, b = first + timedelta(minutes=start), first + timedelta(minutes=end)
    mean = window_price(series, a, b)
    assert min(values) <= mean <= max(values)
    if end - start > 1:
        middle = a + timedelta(minutes=data.draw(st.integers(1, end - start - 1)))
        parts = window_price(series, a, middle) * ((middle - a) / (b - a)) + window_price(series, middle, b) * (
            (b - middle) / (b - a)
        )
        assert mean == pytest.approx(parts, abs=1e-9)


@settings(deadline=None)
@given(MOMENTS, st.integers(1, 96), st.sampled_from(rule_names()))
def test_gate_closure_is_before_the_window_on_the_day_before(start: datetime, quarters: int, name: str) -> None:
    rules = load_rules(name)
    opportunity = MarketOpportunity(
        opportunity_id="o",
        product=Product.ENERGY,
        start=start,
        end=start + timedelta(minutes=15 * quarters),
        requested_kw=200,
        reference_price=50,
    )
    market = ZoneInfo(rules.timezone)
    closes = rules.gate_closure(opportunity).astimezone(market)
    assert closes < start
    assert (start.astimezone(market).date() - closes.date()).days == 1
    assert (closes.hour, closes.minute) == (10, 0)
    on_the_hour = start.minute == 0 and quarters % 4 == 0
    if name == "demo" or on_the_hour:
        rules.check_opportunity(opportunity)
    else:
        with pytest.raises(MarketRuleError, match="grid"):
            rules.check_opportunity(opportunity)


@settings(deadline=None)
@given(MOMENTS, st.integers(1, 96), st.integers(0, 2**32 - 1), st.integers(1, 25))
def test_scenarios_are_a_distribution_of_the_past_only(start: datetime, quarters: int, seed: int, count: int) -> None:
    opportunity = MarketOpportunity(
        opportunity_id="o",
        product=Product.ENERGY,
        start=start,
        end=start + timedelta(minutes=15 * quarters),
        requested_kw=200,
        reference_price=50,
    )
    closes = load_rules("demo").gate_closure(opportunity)
    index = pd.date_range(start - timedelta(days=60), start + timedelta(days=10), freq="h").floor("h")
    prices = np.random.default_rng(seed).normal(50, 30, len(index))
    series = pd.Series(prices, index=index)
    found = PriceScenarios.from_history(series, opportunity, closes, "America/Chicago", count=count)
    assert 1 <= len(found) <= count
    assert (np.diff(found.prices) > 0).all()
    assert found.probabilities.sum() == pytest.approx(1)
    assert prices.min() - 0.01 <= found.prices[0] <= found.mean + 1e-9
    future = series.where(series.index < closes, 1e6)
    again = PriceScenarios.from_history(future, opportunity, closes, "America/Chicago", count=count)
    assert again.prices.tolist() == found.prices.tolist()
    assert again.basis == found.basis
