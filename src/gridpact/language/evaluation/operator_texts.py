"""Operators' instructions as an evaluation set: the product's own reader, and the set's own scorer.

What is scored is what the product would take from a text: what its grammar reads, and what a model adds.
A model's failed reply leaves the grammar's answer, and counts as invalid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gridpact.errors import InputError
from gridpact.language.evaluation.cases import Case, read_cases
from gridpact.language.evaluation.instructions import score_instructions
from gridpact.language.evaluation.score import Score
from gridpact.language.questions import Talker
from gridpact.language.strategist import read_strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What the product takes from a text."""

    values: Mapping[str, Any]
    valid: bool = True
    """Whether the model that was asked gave a valid reply; true where none was."""


def load(half: str) -> list[Case]:
    """Instructions of one half."""
    return read_cases("instructions", half)


def unset(case: Case) -> Taken:
    """No term at all."""
    return Taken(values={})


def answer(cases: Sequence[Case], talker: Talker) -> list[Taken]:
    """Each instruction read alone; a model is asked only of what the grammar left."""
    return [_read(case, talker) for case in cases]


def score(case: Case, found: Taken) -> Score:
    """Term by term."""
    return replace(score_instructions(case.expected, found.values), valid=found.valid)


def _read(case: Case, talker: Talker) -> Taken:
    """Terms of one instruction; one that contradicts itself gives none."""
    valid = True
    try:
        strategy = read_strategy(case.text, talker, homes=case.rest.get("homes", ()))
        if talker.name != "none" and strategy.reply is not None:
            valid = strategy.reply.failure is None
        return Taken(values=strategy.reading.values, valid=valid)
    except InputError:
        return Taken(values={}, valid=valid)
