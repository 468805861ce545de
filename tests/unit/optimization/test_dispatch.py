from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from gridpact.errors import InfeasibleError, InputError
from gridpact.flexibility.batch import SCHEDULE_SERIES, HomeBatch, ScheduleBatch
from gridpact.flexibility.home import Ask, Commitment, CostCurve, HomeProblem, Schedule
from gridpact.flexibility.model import OneByOne
from gridpact.flexibility.promises import CommitmentBatch
from gridpact.optimization.dispatch import DispatchPlan, plan_dispatch

PERIODS = 4


def promise(name: str, kw: float) -> Commitment:
    return Commitment(opportunity_id=name, first=0, stop=4, quantity_kw=kw, reserve=False)


def problem(home_id: str) -> HomeProblem:
    series = ("load_kw", "solar_kw", "import_usd_per_kwh", "export_usd_per_kwh")
    values: dict[str, Any] = {name: np.zeros(PERIODS) for name in series}
    for name in HomeProblem.__dataclass_fields__:
        if name.startswith(("battery", "vehicle", "cycle_limit")):
            values[name] = 0.0
    return HomeProblem(home_id=home_id, step_h=1.0, cycle_windows=((0, PERIODS),), **values)


def schedule(cost_usd: float) -> Schedule:
    return Schedule(**{name: np.full(PERIODS, cost_usd) for name in SCHEDULE_SERIES}, cost_usd=cost_usd)


@dataclass(frozen=True)
class UpTo(OneByOne):
    """A stand-in model: a home can keep promises of so many kW in all; a plan costs 10 per promise."""

    limit_kw: float

    def baseline(self, home: HomeProblem) -> Schedule:
        raise NotImplementedError

    def cost_curve(
        self, home: HomeProblem, baseline: Schedule, commitments: Sequence[Commitment], ask: Ask, levels: int = 8
    ) -> CostCurve:
        raise NotImplementedError

    def schedule(self, home: HomeProblem, baseline: Schedule, commitments: Sequence[Commitment]) -> Schedule:
        if sum(each.quantity_kw for each in commitments) > self.limit_kw:
            raise InfeasibleError(f"home {home.home_id!r} cannot keep {commitments[-1].opportunity_id!r}")
        return schedule(10.0 * len(commitments))


HOMES = HomeBatch.of([problem("a"), problem("b"), problem("c")])
BASELINES = ScheduleBatch.of([schedule(1.0), schedule(2.0), schedule(3.0)])


def plan(commitments: dict[int, Sequence[Commitment]]) -> DispatchPlan:
    return plan_dispatch(HOMES, BASELINES, CommitmentBatch.of(commitments, homes=3), UpTo(5.0))


def test_homes_without_promises_keep_their_baseline() -> None:
    result = plan({1: (promise("o", 2.0),)})
    assert result.schedules.cost_usd.tolist() == [1.0, 10.0, 3.0]
    assert result.schedules.net_kw[:, 0].tolist() == [1.0, 10.0, 3.0]
    assert result.broken == ()
    assert plan({}).schedules.cost_usd.tolist() == [1.0, 2.0, 3.0]


def test_the_latest_award_gives_way_and_is_reported() -> None:
    early, late = promise("early", 4.0), promise("late", 3.0)
    result = plan({1: (early, late), 2: (promise("big", 9.0),)})
    assert result.schedules.cost_usd.tolist() == [1.0, 10.0, 3.0]
    assert [(each.home_id, each.commitment.opportunity_id) for each in result.broken] == [("b", "late"), ("c", "big")]
    assert "late" in result.broken[0].reason
    assert result.broken[0].commitment == late


def test_several_promises_may_have_to_go() -> None:
    result = plan({0: (promise("first", 3.0), promise("second", 6.0), promise("third", 1.0)), 2: (promise("o", 1.0),)})
    assert [each.commitment.opportunity_id for each in result.broken] == ["third", "second"]
    assert result.schedules.cost_usd.tolist() == [10.0, 2.0, 10.0]


def test_uneven_lists() -> None:
    with pytest.raises(InputError, match="3 homes, 2 baselines"):
        plan_dispatch(
            HOMES,
            BASELINES.take(np.arange(2)),
            CommitmentBatch.of({}, homes=3),
            UpTo(5.0),
        )
    with pytest.raises(InputError, match="sorted by home"):
        CommitmentBatch.of({7: (promise("o", 1.0),)}, homes=3)


def test_reports_are_values() -> None:
    first = plan({2: (promise("big", 9.0),)}).broken[0]
    assert replace(first, reason="x").home_id == "c"
