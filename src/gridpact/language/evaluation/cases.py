"""What the evaluation asks of a data set: its cases, how a talker answers them, and how an answer is scored.

A set is a file ``NAME.jsonl`` beside this one and a module ``NAME.py`` with these three names::

    def load(half: str) -> list[Case]: ...                                   # usually read_cases("owners", half)
    def answer(cases: Sequence[Case], talker: Talker) -> list[Found]: ...     # one for each, in order
    def score(case: Case, found: Found) -> Score: ...                         # may call score_owners(expected, found)

``answer`` gets several cases at once and should ask ``talker`` for all of them in one call where it can: the talker
does what it is able to do at the same time. It runs the same code as the product does, so that with
`gridpact.language.questions.Nobody` it gives the deterministic reader's answer. It never raises for what a model did:
a failed or unusable reply is an answer whose score has ``valid=False``. Tokens, cost and latency are
counted by the harness, from the talker's replies.

Optional: ``def unset(case: Case) -> Found`` is the answer that finds nothing, for the baseline "all unset";
without it, the baseline is left out.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Protocol

from gridpact.errors import InputError, MissingDataError
from gridpact.language.evaluation.score import Score
from gridpact.language.questions import Talker

HALVES = ("development", "test")
"""Prompts and rules are written looking at the first alone; the second is only measured."""
SETS = ("owners", "instructions", "positions")

Found = Any
"""What a set's own answer is; only its own scorer looks into it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One line of a data set."""

    id: str
    half: str
    """``development`` or ``test``."""
    style: tuple[str, ...]
    """Tags, such as ``typo`` or ``attack``."""
    expected: Mapping[str, Any]
    """What is stated, and nothing else."""
    text: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    rest: Mapping[str, Any] = field(default_factory=dict)
    """Other keys of the line."""


class EvaluationSet(Protocol):
    """A module of this package that holds a data set's three functions."""

    def load(self, half: str) -> list[Case]:
        """Cases of one half, in the file's order."""
        ...

    def answer(self, cases: Sequence[Case], talker: Talker) -> list[Found]:
        """An answer for each case, in order; never raises for what a model or its provider does."""
        ...

    def score(self, case: Case, found: Found) -> Score:
        """How the answer did."""
        ...


def read_cases(name: str, half: str) -> list[Case]:
    """Cases of ``NAME.jsonl`` in this package that belong to ``half``.

    Raises:
        MissingDataError: there is no such data set.
        InputError: a line is not a case.
    """
    if half not in HALVES:
        raise InputError(f"half {half!r} is not one of {', '.join(HALVES)}")
    file = resources.files("gridpact.language.evaluation").joinpath(f"{name}.jsonl")
    if not file.is_file():
        raise MissingDataError(f"the evaluation set {name!r} is not part of this installation ({name}.jsonl)")
    lines = file.read_text(encoding="utf-8").splitlines()
    cases = [_case(name, number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    ids = [case.id for case in cases]
    if len(set(ids)) < len(ids):
        raise InputError(f"{name}.jsonl: an id stands twice: {next(each for each in ids if ids.count(each) > 1)!r}")
    return [case for case in cases if case.half == half]


def _case(name: str, number: int, line: str) -> Case:
    where = f"{name}.jsonl, line {number}"
    try:
        row = json.loads(line)
    except ValueError as problem:
        raise InputError(f"{where}: not JSON: {problem}") from problem
    if not isinstance(row, dict) or not {"id", "half", "style", "expected"} <= row.keys():
        raise InputError(f"{where}: a case needs id, half, style, expected, and text or facts")
    if row["half"] not in HALVES:
        raise InputError(f"{where}: half {row['half']!r} is not one of {', '.join(HALVES)}")
    known = ("id", "half", "style", "expected", "text", "facts")
    return Case(
        id=str(row["id"]),
        half=row["half"],
        style=tuple(row["style"]),
        expected=row["expected"],
        text=str(row.get("text", "")),
        facts=row.get("facts", {}),
        rest={key: value for key, value in row.items() if key not in known},
    )
