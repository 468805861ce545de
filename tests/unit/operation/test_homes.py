"""Baselines that are taken over from an earlier run."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from gridpact.errors import InputError
from gridpact.fleet.day import build_fleet_day
from gridpact.flexibility.kernel_model import KernelModel
from gridpact.operation.homes import freeze_baselines
from gridpact.operation.inputs import DayRequest, MarketDay, prepare_day
from gridpact.operation.system import IntegratedNegotiationSystem


@pytest.fixture(scope="module")
def later_day(tmp_path_factory: pytest.TempPathFactory) -> MarketDay:
    """A day whose homes are bound by an earlier one."""
    folder: Path = tmp_path_factory.mktemp("earlier") / "run"
    IntegratedNegotiationSystem().run(DayRequest(price=80.0), out=folder)
    return prepare_day(DayRequest(price=80.0, start="2022-07-13T22:00-05:00", commitments=(folder,)))


def freeze(day: MarketDay) -> None:
    earlier = day.earlier
    fleet_day = build_fleet_day(
        day.fleet, day.horizon, wholesale=None, seed=day.seed, profiles=earlier.profiles, tariffs=earlier.tariffs
    )
    freeze_baselines(day, fleet_day, KernelModel())


def spoiled(day: MarketDay, home: str, column: str, by: float) -> MarketDay:
    rows: pd.DataFrame = day.earlier.baselines[home].copy()
    place = rows.index[rows[column].notna()][7]
    rows.loc[place, column] += by
    return replace(day, earlier=replace(day.earlier, baselines={**day.earlier.baselines, home: rows}))


def test_what_an_earlier_run_froze_is_taken_over(later_day: MarketDay) -> None:
    freeze(later_day)
    freeze(spoiled(later_day, "maple", "net_kw", 4e-10))


@pytest.mark.parametrize(
    ("home", "column"),
    [("maple", "net_kw"), ("maple", "battery_soc_kwh"), ("cedar", "vehicle_soc_kwh"), ("maple", "battery_charge_kw")],
)
def test_a_baseline_that_contradicts_itself_is_refused(later_day: MarketDay, home: str, column: str) -> None:
    with pytest.raises(InputError, match=rf"baseline of home '{home}' at 2022-07-1.*restore the run folder"):
        freeze(spoiled(later_day, home, column, 1e-3))
