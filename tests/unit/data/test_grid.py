"""Series on a run's grid."""

import numpy as np
import pandas as pd
import pytest

from gridpact.data.grid import on_grid
from gridpact.data.names import split_zone
from gridpact.errors import InputError, MissingDataError, NaiveDatetimeError


def series(periods: int, freq: str, start: str = "2022-07-13T17:00Z") -> pd.Series:
    return pd.Series(np.arange(periods, dtype=float) ** 1.1, index=pd.date_range(start, periods=periods, freq=freq))


@pytest.mark.parametrize(
    ("source", "grid"), [("60min", "15min"), ("30min", "5min"), ("15min", "15min"), ("20min", "20min")]
)
def test_coarser_values_hold(source: str, grid: str) -> None:
    given = series(24, source)
    starts = pd.date_range(given.index[0], periods=12, freq=grid)
    found = on_grid(given, starts, what="x")
    assert np.array_equal(found, given.reindex(starts, method="ffill").to_numpy())


def test_finer_values_are_averaged_and_order_does_not_matter() -> None:
    given = series(48, "5min")
    starts = pd.date_range(given.index[0], periods=4, freq="60min")
    found = on_grid(given.sample(frac=1, random_state=3), starts, what="x")
    np.testing.assert_allclose(found, given.to_numpy().reshape(4, 12).mean(axis=1))


def test_straddling_values_are_weighed_by_time() -> None:
    given = series(4, "30min")
    found = on_grid(given, pd.date_range(given.index[0], periods=6, freq="20min"), what="x")
    values = given.to_numpy()
    np.testing.assert_allclose(found[:3], [values[0], (values[0] + values[1]) / 2, values[1]])


def test_holes_and_ends_are_missing_data() -> None:
    given = series(24, "60min")
    starts = pd.date_range(given.index[0], periods=96, freq="15min")
    assert len(on_grid(given, starts, what="x")) == 96
    with pytest.raises(MissingDataError, match="2022-07-13T20:00.*with gaps"):
        on_grid(given.drop(given.index[3]), starts, what="x")
    with pytest.raises(MissingDataError, match="2022-07-14T17:00"):
        on_grid(given, starts + pd.Timedelta(minutes=15), what="x")
    with pytest.raises(MissingDataError, match="2022-07-13T16:45"):
        on_grid(given, starts - pd.Timedelta(minutes=15), what="x")
    with pytest.raises(MissingDataError, match="empty"):
        on_grid(given.iloc[:0], starts, what="x")


def test_unusable_series_are_refused() -> None:
    given = series(4, "60min")
    starts = pd.date_range(given.index[0], periods=4, freq="15min")
    with pytest.raises(InputError, match="twice"):
        on_grid(pd.concat([given, given.iloc[[2]]]), starts, what="x")
    with pytest.raises(InputError, match="5 minutes"):
        on_grid(series(60, "1min"), starts, what="x")
    with pytest.raises(NaiveDatetimeError):
        on_grid(given.tz_localize(None), starts, what="x")


def test_split_zone() -> None:
    assert split_zone("flat") == ("flat", None)
    assert split_zone("model:9800:17@America/Denver") == ("model:9800:17", "America/Denver")
