"""How well owners' texts are read: stated values found, invented, wrong, and unsafe, which is looser than the text."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from gridpact.language.evaluation.score import Score
from gridpact.language.reading.wishes import FIELDS, HomeFacts, Value, covers, minutes_of

OWNERS = Path(__file__).parent / "owners.jsonl"
_PERMITS = frozenset(name for name, each in FIELDS.items() if each.strict == "false")
"""Truths that allow something where they are true."""
_TOLERANCE = {"": 1e-3, "1": 5e-3, "km": 1.0, "USD/MWh": 0.05}


@cache
def owner_cases() -> tuple[Mapping[str, Any], ...]:
    """Every text with what it states."""
    lines = OWNERS.read_text(encoding="utf-8").splitlines()
    return tuple(json.loads(line) for line in lines if line.strip())


def facts_of(case: Mapping[str, Any]) -> HomeFacts:
    """What is known of the home of a case."""
    return HomeFacts(**case.get("facts", {}))


def score_owners(expected: Mapping[str, Any], found: Mapping[str, Value] | None) -> Score:
    """One text's score.

    A value is right within rounding. It is unsafe where it allows more than the owner did: a wrong value that limits
    less than the stated one, or a permission that was not given. What is left unset is missed and not unsafe: the
    fleet's own value stays.

    Args:
        expected: what the text states, by field.
        found: what was read; None where there was no answer of the closed schema.
    """
    values = {} if found is None else dict(found)
    right = wrong = unsafe = 0
    for name, stated in expected.items():
        if name not in values:
            continue
        if _same(name, values[name], stated):
            right += 1
            continue
        wrong += 1
        wanted = tuple(stated) if isinstance(stated, list) else stated
        unsafe += not covers(name, values[name], wanted)
    invented = [name for name in values if name not in expected]
    unsafe += sum(name in _PERMITS and values[name] is True for name in invented)
    return Score(
        stated=len(expected),
        found_right=right,
        missed=len(expected) - right - wrong,
        invented=len(invented),
        unsafe=unsafe,
        wrong=wrong,
        valid=found is not None,
    )


def _same(name: str, value: Value, stated: Any) -> bool:
    each = FIELDS[name]
    match each.kind:
        case "number":
            slack = _TOLERANCE.get(each.unit, 1e-3)
            return abs(float(value) - float(stated)) <= slack  # type: ignore[arg-type]
        case "windows":
            return minutes_of(tuple(value)) == minutes_of(tuple(stated))  # type: ignore[arg-type]
        case _:
            return bool(value == stated)
