"""How a reading of an operator's instruction did against what was said: terms of `ProblemSpec`."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gridpact.language.evaluation.score import Score
from gridpact.optimization.instructions.windows import week_of
from gridpact.optimization.stricter import LEAST, MOST

SET = Path(__file__).with_name("instructions.jsonl")


def read_instructions() -> list[dict[str, Any]]:
    """The cases of the set, one a line: ``id``, ``half``, ``text``, ``style``, ``homes``, ``expected``, ``unread``."""
    return [json.loads(line) for line in SET.read_text(encoding="utf-8").splitlines()]


def score_instructions(expected: Mapping[str, Any], found: Mapping[str, Any] | None) -> Score:
    """Compare terms as plain values.

    Args:
        expected: what the text states.
        found: what was read; None where there was no valid answer.
    """
    given = found or {}
    right = [name for name in expected if name in given and _same(name, expected[name], given[name])]
    wrong = [name for name in expected if name in given and name not in right]
    missed = [name for name in expected if name not in given]
    invented = [name for name in given if name not in expected]
    # A term that is missing lets through what it would not; one that is made up or off only if it is looser. A
    # worth of satisfaction that nobody stated spends profit.
    looser = [name for name in wrong if _looser(name, expected[name], given[name])]
    unsafe = len(looser) + sum(name == "satisfaction_weight_usd" for name in invented)
    return Score(
        stated=len(expected),
        found_right=len(right),
        missed=len(missed),
        invented=len(invented),
        unsafe=unsafe,
        wrong=len(wrong),
        valid=found is not None,
    )


def _same(name: str, one: Any, other: Any) -> bool:
    if name == "operating_windows":
        return bool((week_of(one) == week_of(other)).all())
    if name == "exclude_assets":
        return _weeks(one) == _weeks(other)
    if isinstance(one, list | tuple):
        return set(one) == set(other)
    return math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-9)


def _weeks(rules: Any) -> dict[str, bytes]:
    found: dict[str, Any] = {}
    for rule in rules:
        week = week_of(rule.get("windows", ("00:00-24:00",)))
        found[rule["asset"]] = found[rule["asset"]] | week if rule["asset"] in found else week
    return {asset: week.tobytes() for asset, week in found.items()}


def _looser(name: str, said: Any, found: Any) -> bool:
    """Whether ``found`` lets through what ``said`` does not."""
    if name in LEAST:
        return bool(found > said)
    if name in MOST:
        return bool(found < said)
    if name.startswith("exclude_") and name != "exclude_assets":
        return not set(said) <= set(found)
    if name.startswith("only_"):
        return not set(found) <= set(said)
    if name == "operating_windows":
        return bool((week_of(found) & ~week_of(said)).any())
    return True
