"""What an audit says: checks, their subjects, and each problem's file, row and column."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LISTED = 40
"""Most problems that one check lists; the rest are counted."""

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that does not hold, and where."""

    file: str
    """File name inside the run folder."""
    row: int | None
    """Row from 1 for Parquet files; line of the file for CSV (the header is line 1) and JSON lines; None for a file."""
    column: str | None
    """Column, or the key's path in a JSON file."""
    message: str

    @property
    def place(self) -> str:
        """File, row and column in words."""
        row = "" if self.row is None else f" row {self.row}"
        column = "" if self.column is None else f", {self.column}"
        return f"{self.file}{row}{column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One statement about the run."""

    name: str
    holds: bool | None
    """None where there was nothing to check, or where it could not be checked: never a pass."""
    problems: tuple[Problem, ...]
    """The first `LISTED` problems."""
    problem_count: int
    """All problems."""
    subjects: int
    """How many rows, homes, intervals or files the statement was tried on."""
    note: str
    """Why ``holds`` is None."""

    @property
    def verdict(self) -> str:
        """``holds``, ``does not hold``, ``nothing to check`` or ``not checked``."""
        if self.holds is None:
            return self.note.split(":", 1)[0]
        return "holds" if self.holds else "does not hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """Every check of one run folder."""

    path: str
    checks: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing was found that does not hold. What could not be checked has a cause that does not hold."""
        return all(check.holds is not False for check in self.checks)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every listed problem."""
        return tuple(problem for check in self.checks for problem in check.problems)

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that do not hold."""
        return tuple(check for check in self.checks if check.holds is False)

    def check(self, name: str) -> Check:
        """The check called ``name``; raises KeyError."""
        for check in self.checks:
            if check.name == name:
                return check
        raise KeyError(name)

    def to_json(self) -> str:
        """The report as one JSON object."""
        content: dict[str, Any] = {
            "schema": "gridpact.audit/1",
            "path": self.path,
            "holds": self.holds,
            "checks": [
                {
                    "name": check.name,
                    "verdict": check.verdict,
                    "holds": check.holds,
                    "subjects": check.subjects,
                    "note": check.note,
                    "problem_count": check.problem_count,
                    "problems": [
                        {"file": p.file, "row": p.row, "column": p.column, "message": p.message} for p in check.problems
                    ],
                }
                for check in self.checks
            ],
        }
        return json.dumps(content, indent=2, ensure_ascii=False)

    def to_text(self) -> str:
        """The report for people: one line a check, then its problems."""
        lines = [f"Audit of {self.path}"]
        for check in self.checks:
            verdict = check.verdict.upper() if check.holds is False else check.verdict
            lines.append(f"  {verdict:<16} {check.name:<42} {_subjects(check)}")
            lines.extend(f"      {problem.place}: {problem.message}" for problem in check.problems)
            hidden = check.problem_count - len(check.problems)
            if hidden > 0:
                lines.append(f"      and {hidden} more")
        counts = {
            verdict: sum(check.verdict == verdict for check in self.checks)
            for verdict in ("holds", "does not hold", "nothing to check", "not checked")
        }
        lines.append(
            f"{counts['holds']} checks hold, {counts['does not hold']} do not hold, {counts['nothing to check']} had "
            f"nothing to check, {counts['not checked']} could not be checked."
        )
        lines.append("Everything that could be checked holds." if self.holds else "THIS RUN DOES NOT HOLD.")
        return "\n".join(lines) + "\n"


def _subjects(check: Check) -> str:
    if check.holds is None:
        return check.note.partition(": ")[2]
    return f"{check.subjects:,} {'subject' if check.subjects == 1 else 'subjects'}"


class Finding:
    """Collects what one check tried and what it found."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._problems: list[Problem] = []
        self._count = 0
        self._subjects = 0

    def tried(self, subjects: int) -> None:
        """Count ``subjects`` more things that the check was tried on."""
        self._subjects += int(subjects)

    def add(self, file: str, row: int | None, column: str | None, message: str) -> None:
        """Record one problem."""
        self._count += 1
        if len(self._problems) < LISTED:
            place = None if row is None or row <= 0 else int(row)
            self._problems.append(Problem(file=file, row=place, column=column, message=message))

    def where(self, bad: Bools, *, file: str, rows: Ints, column: str, say: Callable[[tuple[int, ...]], str]) -> None:
        """Record a problem at every true cell of ``bad``; ``rows`` has its shape, ``say`` words one index."""
        places = np.argwhere(bad)
        room = max(0, LISTED - len(self._problems))
        for place in places[:room]:
            index = tuple(int(part) for part in place)
            self.add(file, int(rows[index]), column, say(index))
        self._count += max(0, len(places) - room)

    def done(self) -> Check:
        """The finished check."""
        if self._count:
            return self._check(holds=False, note="")
        if not self._subjects:
            return self._check(holds=None, note="nothing to check: the run has no subject for this")
        return self._check(holds=True, note="")

    def skipped(self, why: str) -> Check:
        """The check as one that could not be carried out."""
        return self._check(holds=None, note=f"not checked: {why}")

    def _check(self, *, holds: bool | None, note: str) -> Check:
        return Check(
            name=self.name,
            holds=holds,
            problems=tuple(self._problems),
            problem_count=self._count,
            subjects=self._subjects,
            note=note,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A check to carry out: its name, the files it reads, and the function that tries it."""

    name: str
    needs: tuple[str, ...]
    """Files without which it cannot be tried, by name in the run folder."""
    test: Callable[..., None]
