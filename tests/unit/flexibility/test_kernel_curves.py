"""Curves from value functions on both sides of the window are those of whole responses, level by level."""

from dataclasses import replace

import numpy as np
import pytest

from gridpact.flexibility.batch import HomeBatch
from gridpact.flexibility.home import HomeProblem
from gridpact.flexibility.kernel.arrays import LEVELS
from gridpact.flexibility.kernel_model import KernelModel, Ladders, ladders
from gridpact.flexibility.promises import AskBatch, CommitmentBatch
from reference.nasty_homes import Features, ask, home

ONE = np.zeros(1, dtype=np.int64)
NEVER_BINDS = 1e6
"""A cycle limit that changes nothing but the way a curve is found [kWh]."""


def feature(seed: int, *, car: str, periods: int = 96, tariff: str = "time_of_use", reserve: bool = False) -> Features:
    return Features(
        seed=seed,
        periods=periods,
        tariff=tariff,
        battery=True,
        car=car,
        sessions=1,
        solar=seed % 2 == 0,
        export_allowed=seed % 3 != 0,
        blackout=False,
        cycles=float("inf"),
        lossless=seed % 5 == 0,
        wear=seed % 4 != 0,
        start=0.5,
        reserve=reserve,
        reduction_only=False,
        frozen_battery=False,
        frozen_vehicle=False,
        operator_reserve=0.0,
        wish=0.4,
    )


def curve(problem: HomeProblem, it: Features, levels: int = 8) -> Ladders:
    batch = HomeBatch.of([problem])
    base = KernelModel().baselines(batch)
    nothing = CommitmentBatch.of({}, homes=1)
    return ladders(batch, base, nothing, AskBatch.to_all(ask(it), 1), ONE, base.cost_usd, levels)


@pytest.mark.parametrize("car", ["none", "charges", "two_way"])
@pytest.mark.parametrize("reserve", [False, True])
def test_both_ways_give_the_same_costs(car: str, reserve: bool) -> None:
    compared = 0
    for seed in range(60):
        it = feature(seed, car=car, tariff=("time_of_use", "wholesale", "flat")[seed % 3], reserve=reserve)
        problem = home(it)
        swept, whole = curve(problem, it), curve(replace(problem, cycle_limit_kwh=NEVER_BINDS), it)
        assert swept.sure[0] >= whole.sure[0]
        if not whole.sure[0]:
            continue
        compared += int(swept.counts[0]) > 1
        np.testing.assert_allclose(swept.top_kw, whole.top_kw, rtol=0, atol=1e-9)
        np.testing.assert_array_equal(swept.counts, whole.counts)
        np.testing.assert_allclose(swept.cost_usd, whole.cost_usd, rtol=1e-9, atol=2e-9)
    assert compared > 20


@pytest.mark.parametrize("car", ["none", "charges", "two_way"])
def test_long_days_and_many_levels_have_room(car: str) -> None:
    for seed in range(3):
        it = feature(seed, car=car, periods=300, tariff="wholesale")
        found = curve(home(it), it, levels=LEVELS - 1)
        count = int(found.counts[0])
        slopes = np.diff(found.cost_usd[0, :count]) / np.diff(found.quantity_kw[0, :count])
        assert np.all(np.isfinite(slopes))
        assert np.all(np.diff(slopes) >= -1e-6), "convex"
