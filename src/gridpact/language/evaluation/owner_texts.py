"""Owners' texts as an evaluation set: the product's own reader, and the set's own scorer.

What is scored is what the product would take from a text: what its grammar reads, and what a model adds or tightens.
A model's failed reply leaves the grammar's answer, and counts as invalid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gridpact.language.evaluation.cases import Case, read_cases
from gridpact.language.evaluation.owners import facts_of, score_owners
from gridpact.language.evaluation.score import Score
from gridpact.language.questions import Talker
from gridpact.language.reading.batch import OwnerText, read_owners


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What the product takes from a text."""

    values: Mapping[str, Any]
    valid: bool = True
    """Whether the model that was asked gave a valid reply; true where none was."""


def load(half: str) -> list[Case]:
    """Texts of one half."""
    return read_cases("owners", half)


def unset(case: Case) -> Taken:
    """No wish at all."""
    return Taken(values={})


def answer(cases: Sequence[Case], talker: Talker) -> list[Taken]:
    """Each text read alone. The texts were written for this, so that nobody's consent is needed."""
    owners = [
        OwnerText(home_id=case.id, text=case.text, digest=case.id, facts=facts_of({"facts": case.facts}))
        for case in cases
    ]
    read = read_owners(owners, talker=talker, consents=lambda home: True)
    return [Taken(values=each.wishes.values(), valid=not each.failure) for each in read]


def score(case: Case, found: Taken) -> Score:
    """Field by field."""
    return replace(score_owners(case.expected, dict(found.values)), valid=found.valid)
