"""Whole market days by the compiled kernel and by HiGHS alone come to the same result."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from gridpact.errors import SolverFailedError
from gridpact.fleet.day import build_fleet_day
from gridpact.flexibility.highs import HighsModel
from gridpact.flexibility.kernel_model import KernelModel
from gridpact.flexibility.model import FlexibilityModel
from gridpact.operation.day import run_market_day
from gridpact.operation.homes import freeze_baselines, quote
from gridpact.operation.inputs import MarketDay, prepare_day
from random_days import random_request

SAME = 1e-6


def differences(one: Any, other: Any, at: str = "") -> list[str]:
    """Where two results differ by more than `SAME`, relative to one plus the value."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted(set(one) | set(other))
        return [d for key in keys for d in differences(one.get(key), other.get(key), f"{at}.{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [d for k, pair in enumerate(zip(one, other, strict=True)) for d in differences(*pair, f"{at}[{k}]")]
    if isinstance(one, float | int) and isinstance(other, float | int) and not isinstance(one, bool):
        return [] if abs(one - other) <= SAME * (1 + abs(other)) else [f"{at}: {one} and {other}"]
    return [] if one == other else [f"{at}: {one!r} and {other!r}"]


def approximate(day: MarketDay) -> bool:
    """Whether HiGHS draws any home's curve as an inner approximation, which the kernel may improve on."""
    fleet_day = build_fleet_day(
        day.fleet,
        day.horizon,
        wholesale=None if day.wholesale is None else day.wholesale.series,
        seed=day.seed,
        profiles=day.profiles,
        tariffs=day.tariffs,
    )
    model = HighsModel()
    homes = freeze_baselines(day, fleet_day, model)
    return any(quote(homes, call, spec=day.spec, model=model).curves.loss_usd.any() for call in day.calls)


def compare(number: int, seen: Counter[str]) -> None:
    day = prepare_day(random_request(number, most_homes=15))

    def result(model: FlexibilityModel) -> Any:
        return run_market_day(day, model=model).result.to_dict()

    try:
        slow = result(HighsModel())
    except SolverFailedError:
        return
    found = differences(result(KernelModel()), slow)
    seen["days"] += 1
    seen[slow["outcome"]] += 1
    if found and approximate(day):
        seen["better than HiGHS's approximation"] += 1
        return
    assert not found, f"day {number}: {found[:6]}"


@pytest.mark.parametrize("number", range(4))
def test_days_agree(number: int) -> None:
    compare(number, Counter())


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_a_hundred_days_agree() -> None:
    seen: Counter[str] = Counter()
    for number in range(4, 108):
        compare(number, seen)
    print(dict(seen))
    assert seen["days"] >= 100
    assert seen["awarded"] >= 40
    assert seen["better than HiGHS's approximation"] <= 5


def test_differences_are_found() -> None:
    assert differences({"a": [1.0, 2.0]}, {"a": [1.0, 2.0 + 1e-4]}) == [".a[1]: 2.0 and 2.0001"]
    assert differences({"a": 1}, {"b": 1})
    assert not differences({"a": np.float64(1.0)}, {"a": 1.0 + 1e-9})
