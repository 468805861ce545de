"""How well owners' texts are read: stated values found, invented, wrong, and unsafe, which is looser than the text."""

from collections.abc import Mapping, Sequence
from typing import Any

from gridpact.language.evaluation.cases import Case, read_cases
from gridpact.language.evaluation.score import Score
from gridpact.language.questions import Failure, Talker
from gridpact.language.reading.batch import OwnerText, read_owners
from gridpact.language.reading.wishes import FIELDS, HomeFacts, Value, covers, minutes_of

_PERMITS = frozenset(name for name, each in FIELDS.items() if each.strict == "false")
"""Truths that allow something where they are true."""
_TOLERANCE = {"": 1e-3, "1": 5e-3, "km": 1.0, "USD/MWh": 0.05}

Answer = Mapping[str, Value] | None
"""Values by field; None where there was no answer of the closed schema."""


def load(half: str) -> list[Case]:
    """Texts of owners, and what each states."""
    return read_cases("owners", half)


def answer(cases: Sequence[Case], talker: Talker) -> list[Answer]:
    """What is read of each text, by the grammar and by ``talker``; by the grammar alone where nobody answers."""
    owners = [
        OwnerText(home_id=case.id, text=case.text, digest=case.id, facts=HomeFacts(**case.facts)) for case in cases
    ]
    read = read_owners(owners, talker=talker, consents=lambda home: True)
    bad = (Failure.NOT_JSON.value, Failure.SCHEMA.value, Failure.TOO_LONG.value, Failure.TOO_LARGE.value)
    return [None if each.failure in bad else each.wishes.values() for each in read]


def score(case: Case, found: Answer) -> Score:
    """One text's score."""
    return score_owners(case.expected, found)


def unset(case: Case) -> Answer:
    """The answer that finds nothing."""
    del case
    return {}


def score_owners(expected: Mapping[str, Any], found: Answer) -> Score:
    """How what was read compares with what a text states.

    A value is right within rounding. It is unsafe where it allows more than the owner did: a wrong value that limits
    less than the stated one, or a permission that was not given. What is left unset is missed and not unsafe: the
    fleet's own value stays, and the owner is shown that nothing was understood.

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
