"""The model of heat demand."""

import numpy as np
import pandas as pd
import pytest

from gridpact.data.heat_demand import heat_demands
from gridpact.errors import GridpactError, InputError, UnitRangeError

CHICAGO = "America/Chicago"
NAMES = [f"{kind}:6000:{variant}" for kind in ("water", "space") for variant in range(1, 9)]


def starts(first: str, hours: float, minutes: int = 15) -> pd.DatetimeIndex:
    begin = pd.Timestamp(first, tz=CHICAGO).tz_convert("UTC")
    return pd.date_range(begin, periods=int(hours * 60 / minutes), freq=f"{minutes}min")


def test_a_year_has_the_heat_of_its_name() -> None:
    year = heat_demands(NAMES, starts("2022-01-01", 8760), CHICAGO)
    np.testing.assert_allclose(year[:8].sum(axis=1) / 4, 6000.0, rtol=0.04)
    # The weather of one year.
    np.testing.assert_allclose(year[8:].sum(axis=1) / 4, 6000.0, rtol=0.1)
    assert year.min() >= 0.0
    assert year.max() < 50.0


def test_houses_are_heated_in_winter_and_water_all_year() -> None:
    summer, winter = (
        heat_demands(NAMES, starts(day, 240), CHICAGO).mean(axis=1) for day in ("2022-07-10", "2022-01-10")
    )
    assert (summer[8:] == 0).all()
    assert (winter[8:] > 6000 / 8760).all()
    assert (summer[:8] > 0.3 * winter[:8]).all()


def test_water_is_drawn_in_the_morning_and_the_evening() -> None:
    days = heat_demands(NAMES[:8], starts("2022-03-01", 2400, 60), CHICAGO).mean(axis=0).reshape(100, 24).mean(axis=0)
    assert days[[6, 7, 18, 19]].min() > 2 * days[[1, 2, 3]].max()


def test_the_same_name_gives_the_same_heat_whatever_the_horizon_or_step() -> None:
    long = heat_demands(NAMES, starts("2022-02-01", 48), CHICAGO)
    short = heat_demands(NAMES[::-1], starts("2022-02-02", 12), CHICAGO)[::-1]
    np.testing.assert_array_equal(long[:, 96:144], short)
    hourly = heat_demands(NAMES, starts("2022-02-01", 48, 60), CHICAGO)
    np.testing.assert_allclose(hourly, long.reshape(len(NAMES), 48, 4).mean(axis=2))
    assert len(np.unique(long.round(9), axis=0)) == len(NAMES)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("water", InputError),
        ("air:3000:1", InputError),
        ("water:-1:1", InputError),
        ("space:0:1", UnitRangeError),
        ("water:2e6:1", InputError),
        ("water:2000000:1", UnitRangeError),
        ("model:9800:1", InputError),
    ],
)
def test_names_that_mean_nothing_are_refused(name: str, error: type[GridpactError]) -> None:
    with pytest.raises(error, match=name.split(":")[0]):
        heat_demands([name], starts("2022-02-01", 1), CHICAGO)
