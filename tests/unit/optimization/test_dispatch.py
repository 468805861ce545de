from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest

from gridpact.errors import InfeasibleError, InputError
from gridpact.flexibility.home import Commitment
from gridpact.optimization.dispatch import plan_dispatch


def promise(name: str, kw: float) -> Commitment:
    return Commitment(opportunity_id=name, first=0, stop=4, quantity_kw=kw, reserve=False)


@dataclass(frozen=True)
class UpTo:
    """A stand-in model: a home can keep promises of so many kW in all."""

    limit_kw: float

    def schedule(self, home: Any, baseline: Any, commitments: Any) -> Any:
        if sum(each.quantity_kw for each in commitments) > self.limit_kw:
            raise InfeasibleError(f"home {home.home_id!r} cannot keep {commitments[-1].opportunity_id!r}")
        return f"plan of {home.home_id} for {len(commitments)}"


HOMES = [SimpleNamespace(home_id="a"), SimpleNamespace(home_id="b"), SimpleNamespace(home_id="c")]
BASELINES: list[Any] = ["base a", "base b", "base c"]


def plan(commitments: dict[str, Any], **changes: Any) -> Any:
    return plan_dispatch(HOMES, BASELINES, commitments, UpTo(5.0), **changes)  # type: ignore[arg-type]


def test_homes_without_promises_keep_their_baseline() -> None:
    result = plan({"b": (promise("o", 2.0),)})
    assert result.schedules == ("base a", "plan of b for 1", "base c")
    assert result.broken == ()


def test_the_latest_award_gives_way_and_is_reported() -> None:
    early, late = promise("early", 4.0), promise("late", 3.0)
    result = plan({"b": (early, late), "c": (promise("big", 9.0),)})
    assert result.schedules == ("base a", "plan of b for 1", "base c")
    assert [(each.home_id, each.commitment.opportunity_id) for each in result.broken] == [("b", "late"), ("c", "big")]
    assert "late" in result.broken[0].reason


def test_spreading_is_the_callers() -> None:
    seen = []

    def backwards(function: Any, items: Any) -> Any:
        items = list(items)
        seen.append(len(items))
        return reversed([function(item) for item in reversed(items)])

    assert plan({"a": (promise("o", 1.0),)}, spread=backwards).schedules[0] == "plan of a for 1"
    assert seen == [3]


def test_unknown_homes_and_uneven_lists() -> None:
    with pytest.raises(InputError, match="'z'"):
        plan({"z": ()})
    with pytest.raises(InputError, match="3 homes but 2 baselines"):
        plan_dispatch(HOMES, BASELINES[:2], {}, UpTo(5.0))  # type: ignore[arg-type]


def test_reports_are_values() -> None:
    first = plan({"c": (promise("big", 9.0),)}).broken[0]
    assert replace(first, reason="x").home_id == "c"
