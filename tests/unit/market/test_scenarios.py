"""Price scenarios: only the past, same wall-clock hours, the same month first."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from gridpact.data.prices import read_prices, window_price
from gridpact.errors import InputError, MissingDataError, NaiveDatetimeError, UnitRangeError
from gridpact.market.opportunity import MarketOpportunity, Product
from gridpact.market.rules import load_rules
from gridpact.market.scenarios import PriceScenarios

CHICAGO = ZoneInfo("America/Chicago")
CAISO = Path(__file__).parents[4] / "shared" / "data" / "caiso_dam_energy_reserves_2023.parquet"


def asked(start: str, hours: float, *, product: Product = Product.ENERGY, fold: int = 0) -> MarketOpportunity:
    begin = datetime.fromisoformat(start).replace(tzinfo=CHICAGO, fold=fold).astimezone(UTC)
    return MarketOpportunity(
        opportunity_id="w",
        product=product,
        start=begin,
        end=begin + timedelta(hours=hours),
        requested_kw=10,
        reference_price=0,
    )


def by_local(first: str, last: str, value, freq: str = "h") -> pd.Series:
    """A price for every step, from a function of local time."""
    index = pd.date_range(first, last, freq=freq, tz="UTC")
    return pd.Series([float(value(moment)) for moment in index.tz_convert(CHICAGO)], index=index)


def gate(opportunity: MarketOpportunity) -> datetime:
    return load_rules("demo").gate_closure(opportunity)


def test_days_of_the_month_before_gate_closure() -> None:
    series = by_local("2022-05-01", "2022-08-01", lambda t: t.month * 100 + t.day + (0.5 if t.hour == 20 else 0))
    window = asked("2022-07-13T19:00", 2)
    found = PriceScenarios.from_history(series, window, gate(window), "America/Chicago")
    # Gate closure is 10:00 on 12 July, so 11 July is the last whole day.
    assert found.prices.tolist() == [700 + day + 0.25 for day in range(1, 12)]
    assert np.allclose(found.probabilities, 1 / 11)
    assert "July" in found.basis
    assert "2022-07-11" in found.basis
    assert found.mean == pytest.approx(706.25)


def test_the_most_recent_are_kept_and_other_years_count() -> None:
    series = by_local("2021-07-01T05:00", "2022-07-20", lambda t: (t.year - 2020) * 100 + t.day)
    window = asked("2022-07-13T19:00", 1)
    found = PriceScenarios.from_history(series, window, gate(window), "America/Chicago")
    assert found.prices.tolist() == [*(100.0 + day for day in range(23, 32)), *(200.0 + day for day in range(1, 12))]
    assert "most recent 20 of 42" in found.basis
    few = PriceScenarios.from_history(series, window, gate(window), "America/Chicago", count=3)
    assert few.prices.tolist() == [209, 210, 211]


def test_neighbouring_months_only_where_the_month_is_too_short() -> None:
    series = by_local("2022-06-25", "2022-08-01", lambda t: t.month * 100 + t.day)
    window = asked("2022-07-05T19:00", 1)
    found = PriceScenarios.from_history(series, window, gate(window), "America/Chicago")
    assert found.prices.min() < 700
    assert found.prices.max() == 703
    assert "too few days" in found.basis
    later = asked("2022-07-07T19:00", 1)
    assert PriceScenarios.from_history(series, later, gate(later), "America/Chicago").prices.min() == 701


def test_nothing_after_gate_closure_is_used() -> None:
    window = asked("2022-07-13T19:00", 2)
    closes = gate(window)
    known = by_local("2022-06-01", "2022-08-01", lambda t: t.day)
    spoiled = known.copy()
    spoiled[spoiled.index >= closes] = 4999.0
    a = PriceScenarios.from_history(known, window, closes, "America/Chicago")
    b = PriceScenarios.from_history(spoiled, window, closes, "America/Chicago")
    assert a.prices.tolist() == b.prices.tolist()


def test_no_earlier_day_is_an_error_that_says_so() -> None:
    series = by_local("2022-07-12T06:00", "2022-08-01", lambda t: t.day)
    window = asked("2022-07-13T19:00", 2)
    with pytest.raises(MissingDataError, match=r"no earlier day.*2022-07-12"):
        PriceScenarios.from_history(series, window, gate(window), "America/Chicago")
    with pytest.raises(MissingDataError, match="none"):
        PriceScenarios.from_history(series.iloc[:0], window, gate(window), "America/Chicago")
    with pytest.raises(InputError, match="at least 1"):
        PriceScenarios.from_history(series, window, gate(window), "America/Chicago", count=0)
    with pytest.raises(NaiveDatetimeError):
        PriceScenarios.from_history(series, window, datetime(2022, 7, 12, 10), "America/Chicago")  # noqa: DTZ001
    with pytest.raises(InputError, match="Mars"):
        PriceScenarios.from_history(series, window, gate(window), "Mars/Olympus")


@pytest.mark.parametrize(
    "day", [date(2022, 3, 12), date(2022, 3, 13), date(2022, 3, 14), date(2022, 11, 6), date(2022, 11, 7)]
)
def test_local_hours_are_matched_by_the_wall_clock(day: date) -> None:
    series = by_local("2021-10-01", "2022-12-01", lambda t: t.hour)
    window = asked(f"{day}T19:00", 2)
    found = PriceScenarios.from_history(series, window, gate(window), "America/Chicago")
    assert found.prices.tolist() == [19.5]
    assert found.probabilities.tolist() == [1.0]


def test_windows_over_a_clock_change() -> None:
    series = by_local("2021-01-01", "2022-12-01", lambda t: t.hour)
    # 13 March 2022 has no 02:00: the two hours from 01:00 are the hours 1 and 3 of the clock.
    spring = asked("2022-03-13T01:00", 2)
    assert PriceScenarios.from_history(series, spring, gate(spring), "America/Chicago").prices.tolist() == [2.0]
    # 6 November 2022 has 01:00 twice: the three hours from 00:00 are the hours 0, 1 and 1.
    autumn = asked("2022-11-06T00:00", 3)
    assert PriceScenarios.from_history(series, autumn, gate(autumn), "America/Chicago").prices.tolist() == [0.67]
    second = asked("2022-11-06T01:00", 1, fold=1)
    assert PriceScenarios.from_history(series, second, gate(second), "America/Chicago").prices.tolist() == [1.0]


def test_a_day_that_lacks_the_local_hour_is_left_out() -> None:
    series = by_local("2022-02-01", "2022-04-01", lambda t: t.day)
    window = asked("2022-03-16T02:00", 1)
    found = PriceScenarios.from_history(series, window, gate(window), "America/Chicago")
    assert found.prices.tolist() == [float(day) for day in range(1, 15) if day != 13]


def test_a_window_past_midnight_and_finer_prices() -> None:
    series = by_local("2022-07-01", "2022-07-31", lambda t: t.hour * 60 + t.minute, freq="5min")
    window = asked("2022-07-20T23:30", 1.25)
    found = PriceScenarios.from_history(series, window, gate(window), "America/Chicago")
    late, early = np.arange(23 * 60 + 30, 24 * 60, 5), np.arange(0, 45, 5)
    assert found.prices.tolist() == [round(float(np.mean([*late, *early])), 2)]


def test_days_with_holes_are_left_out() -> None:
    series = by_local("2022-07-01", "2022-07-31", lambda t: t.day)
    local = series.index.tz_convert(CHICAGO)
    series = series[~((local.day == 5) & (local.hour == 20))]
    window = asked("2022-07-13T19:00", 2)
    found = PriceScenarios.from_history(series, window, gate(window), "America/Chicago")
    assert 5.0 not in found.prices
    assert len(found) == 10


def test_one_certain_price() -> None:
    sure = PriceScenarios.certain(-12.5)
    assert (sure.mean, len(sure), sure.probabilities.tolist()) == (-12.5, 1, [1.0])
    with pytest.raises(UnitRangeError):
        PriceScenarios.certain(float("nan"))


@pytest.mark.parametrize(
    ("prices", "probabilities", "error"),
    [
        ([], [], InputError),
        ([1, 2], [1], InputError),
        ([[1]], [[1]], InputError),
        ([2, 1], [0.5, 0.5], UnitRangeError),
        ([1, 1], [0.5, 0.5], UnitRangeError),
        ([1, np.inf], [0.5, 0.5], UnitRangeError),
        ([1, 2], [0.5, 0.4], UnitRangeError),
        ([1, 2], [1.5, -0.5], UnitRangeError),
        ([1, 2], [np.nan, 1], UnitRangeError),
    ],
)
def test_what_is_no_distribution_is_refused(prices: list, probabilities: list, error: type[Exception]) -> None:
    with pytest.raises(error):
        PriceScenarios(prices=np.array(prices, dtype=float), probabilities=np.array(probabilities, dtype=float))


def test_arrays_are_read_only_copies() -> None:
    mine = np.array([1.0, 2.0])
    scenarios = PriceScenarios(prices=mine, probabilities=np.array([0.5, 0.5]))
    mine[0] = 9
    assert scenarios.prices[0] == 1
    with pytest.raises(ValueError, match="read-only"):
        scenarios.prices[0] = 3


@pytest.mark.skipif(not CAISO.is_file(), reason="the shared CAISO prices are not beside this repository")
@pytest.mark.parametrize("product", list(Product))
def test_real_prices(product: Product) -> None:
    table = read_prices(CAISO)
    series = table.reserve(product.value) if product.is_reserve else table.energy("np15")
    begin = datetime(2023, 9, 20, 18, tzinfo=ZoneInfo("America/Los_Angeles")).astimezone(UTC)
    window = MarketOpportunity(
        opportunity_id="w",
        product=product,
        start=begin,
        end=begin + timedelta(hours=3),
        requested_kw=500,
        reference_price=0,
    )
    closes = load_rules("caiso_dera", on=begin.date()).gate_closure(window)
    found = PriceScenarios.from_history(series, window, closes, "America/Los_Angeles")
    means = [
        round(window_price(series, begin - timedelta(days=back), begin - timedelta(days=back) + timedelta(hours=3)), 2)
        for back in range(2, 20)
    ]
    assert found.prices.tolist() == sorted(set(means))
    assert found.mean == pytest.approx(np.mean(means))
