"""Retail tariffs."""

import numpy as np
import pandas as pd
import pytest

from gridpact.errors import InputError, MissingDataError
from gridpact.fleet.tariff import tariff_names, tariff_prices

DAY = pd.date_range("2022-07-13T05:00Z", periods=96, freq="15min")
HOUR = np.arange(96) // 4
WHOLESALE = pd.Series(np.arange(24.0) - 3.0, index=pd.date_range("2022-07-13T05:00Z", periods=24, freq="h"))


@pytest.mark.parametrize(
    ("name", "importing", "exporting"), [("flat", 0.15, 0), ("net_metering", 0.15, 0.15), ("net_billing", 0.15, 0.04)]
)
def test_constant_tariffs(name: str, importing: float, exporting: float) -> None:
    buy, sell = tariff_prices(name, DAY, "America/Chicago", None)
    assert set(buy) == {importing}
    assert set(sell) == {exporting}


def test_time_of_use_follows_the_homes_clock() -> None:
    buy, sell = tariff_prices("time_of_use", DAY, "America/Chicago", None)
    expected = np.where((HOUR >= 16) & (HOUR < 21), 0.28, np.where(HOUR < 6, 0.09, 0.15))
    assert np.array_equal(buy, expected)
    assert set(sell) == {0.04}
    east, _ = tariff_prices("time_of_use", DAY, "America/New_York", None)
    assert np.array_equal(east[:-4], expected[4:])


def test_a_boundary_inside_an_interval_is_weighed() -> None:
    hours = pd.date_range("2022-07-13T06:00Z", periods=24, freq="h")
    buy, _ = tariff_prices("time_of_use", hours, "Asia/Kolkata", None)
    half = pd.date_range("2022-07-13T06:00Z", periods=48, freq="30min")
    fine, _ = tariff_prices("time_of_use", half, "Asia/Kolkata", None)
    np.testing.assert_allclose(buy, fine.reshape(24, 2).mean(axis=1))


def test_wholesale_indexed_passes_the_price_on() -> None:
    buy, sell = tariff_prices("wholesale_indexed", DAY, "America/Chicago", WHOLESALE)
    np.testing.assert_allclose(sell, (HOUR - 3.0) / 1000)
    np.testing.assert_allclose(buy - sell, 0.045)
    with pytest.raises(MissingDataError, match="wholesale"):
        tariff_prices("wholesale_indexed", DAY, "America/Chicago", None)
    with pytest.raises(MissingDataError, match="wholesale price has no value"):
        tariff_prices("wholesale_indexed", DAY, "America/Chicago", WHOLESALE.iloc[:-1])


@pytest.mark.parametrize("name", tariff_names())
def test_import_never_costs_less_than_export_pays(name: str) -> None:
    buy, sell = tariff_prices(name, DAY, "America/Chicago", WHOLESALE)
    assert (buy >= sell).all()


def test_unknown_tariff_names_those_that_exist() -> None:
    with pytest.raises(InputError, match="free_lunch.*time_of_use"):
        tariff_prices("free_lunch", DAY, "America/Chicago", None)
