"""Picks change outcomes, and no audit fails whatever is picked: a few days here, a hundred in the deep run."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "language_ablation.py"
DAYS = (3,)
"""The policy comes to a deal on it."""


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("language_ablation", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def check(found: dict[str, dict[str, list[Any]]]) -> None:
    for rows in found.values():
        assert not any(day.audit_failed for days in rows.values() for day in days)
        for one, other in zip(rows["none"], rows["always invalid"], strict=True):
            assert (one.payments_usd, one.operator_usd) == (other.payments_usd, other.operator_usd)
        assert sum(day.fallbacks for day in rows["always invalid"]) > 0
        assert sum(day.questions for day in rows["none"]) == 0
    homes = {name: sum(day.owners_usd for day in days) for name, days in found["homes"].items()}
    assert homes["concedes at once"] < homes["none"] < homes["shrewd"]
    assert sum(day.deal for day in found["homes"]["refuses all"]) == 0
    operator = {name: sum(day.operator_usd for day in days) for name, days in found["aggregator"].items()}
    assert operator["gives most"] < operator["none"]


def test_picks_change_outcomes_and_no_audit_fails(tool: ModuleType) -> None:
    found = tool.run_all(DAYS)
    check(found)
    assert tool.tables(found).count("\n| ") == 2 * (6 + 2) - 1


@pytest.mark.deep
@pytest.mark.timeout(7200)
def test_a_hundred_days(tool: ModuleType) -> None:
    found = tool.run_all(range(100))
    check(found)
    deals = {name: sum(day.deal for day in days) for name, days in found["homes"].items()}
    assert deals["none"] >= 30
    assert deals["shrewd"] >= 0.9 * deals["none"]
