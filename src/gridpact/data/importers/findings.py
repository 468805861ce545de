"""What is wrong with a file: findings with row, column, value, reason and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn

from gridpact.data.importers.codes import CODES, Severity
from gridpact.data.importers.limits import MAX_FINDINGS_SHOWN
from gridpact.errors import InputError

_LONGEST_VALUE = 80


class Outcome(StrEnum):
    """What became of a finding."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    REPAIRED = "repaired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was noticed in a file."""

    code: str
    """Key of `CODES`."""
    severity: Outcome
    message: str
    """What is the matter, in words."""
    action: str
    """What to do about it, or which of the given flags settled it."""
    file: str
    row: int | None = None
    """Row in the source file, from 1, as an editor shows it; rows of Parquet files and frames count from 1."""
    column: str | None = None
    value: str | None = None
    """The cell as written."""

    def __str__(self) -> str:
        """One line for people."""
        place = self.file if self.row is None else f"{self.file}, row {self.row}"
        column = "" if self.column is None else f", column {self.column!r}"
        value = "" if self.value is None else f": {self.value!r}"
        return f"{self.severity.value} {self.code}: {place}{column}{value}: {self.message}; {self.action}"

    def plain(self) -> dict[str, Any]:
        """The finding as JSON takes it."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "file": self.file,
            "row": self.row,
            "column": self.column,
            "value": self.value,
            "message": self.message,
            "action": self.action,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that the import did to the data, by its format's meaning or because it was asked to."""

    kind: str
    rule: str
    """What was done, in words."""
    count: int
    """Values, rows or intervals that it touched."""
    examples: tuple[str, ...] = ()
    """The first places."""

    def plain(self) -> dict[str, Any]:
        """The change as JSON takes it."""
        return {"kind": self.kind, "rule": self.rule, "count": self.count, "examples": list(self.examples)}


class ReadingStoppedError(InputError):
    """A file is so damaged that nothing further can be said about it; the finding is in the report."""


@dataclass(slots=True, kw_only=True)
class Report:
    """Collects findings and changes while a file is read."""

    findings: list[Finding] = field(default_factory=list)
    counts: dict[tuple[str, Outcome], int] = field(default_factory=dict)
    """How often each code was found, also beyond those kept in full."""
    changes: list[Change] = field(default_factory=list)
    _seen: set[tuple[str, str, int]] = field(default_factory=set)

    def add(
        self,
        code: str,
        message: str,
        *,
        file: str,
        row: int | None = None,
        column: str | None = None,
        value: object = None,
        repaired: str | None = None,
        action: str | None = None,
    ) -> None:
        """Note a finding; its severity is the code's, or ``repaired`` where the user gave that flag."""
        meaning = CODES[code]
        severity = Outcome.REPAIRED if repaired is not None else Outcome(meaning.severity.value)
        key = (code, severity)
        self.counts[key] = self.counts.get(key, 0) + 1
        if self.counts[key] > MAX_FINDINGS_SHOWN:
            return
        text = None if value is None else str(value)
        if text is not None and len(text) > _LONGEST_VALUE:
            text = text[: _LONGEST_VALUE - 3] + "..."
        self.findings.append(
            Finding(
                code=code,
                severity=severity,
                message=_printable(message),
                action=action or (meaning.action if repaired is None else f"settled by {repaired}"),
                file=_printable(file),
                row=row,
                column=column,
                value=text,
            )
        )

    def add_once(self, code: str, message: str, *, file: str, row: int, **rest: Any) -> None:
        """Note a finding about a row's time, once for a row however many columns it has."""
        if (code, file, row) not in self._seen:
            self._seen.add((code, file, row))
            self.add(code, message, file=file, row=row, **rest)

    def stop(self, code: str, message: str, *, file: str, **rest: Any) -> NoReturn:
        """Note a finding and give up.

        Raises:
            ReadingStoppedError: always.
        """
        self.add(code, message, file=file, **rest)
        raise ReadingStoppedError(message)

    def changed(self, kind: str, rule: str, count: int, examples: Iterable[str] = ()) -> None:
        """Note what was done to the data; nothing where nothing was touched."""
        if count:
            self.changes.append(Change(kind=kind, rule=rule, count=count, examples=tuple(examples)[:5]))

    def number(self, severity: Outcome) -> int:
        """How many findings of ``severity`` there are."""
        return sum(count for (_, found), count in self.counts.items() if found is severity)

    @property
    def errors(self) -> int:
        """Findings that stop an import."""
        return self.number(Outcome.ERROR)

    def plain(self) -> dict[str, Any]:
        """Findings, counts and changes as JSON takes them."""
        return {
            "errors": self.errors,
            "warnings": self.number(Outcome.WARNING),
            "repaired": self.number(Outcome.REPAIRED),
            "findings": [finding.plain() for finding in self.findings],
            "counts": {f"{code}:{severity.value}": count for (code, severity), count in sorted(self.counts.items())},
            "changes": [change.plain() for change in self.changes],
        }


def _printable(text: str) -> str:
    """``text`` without characters that a terminal obeys."""
    return "".join(character if character.isprintable() else "?" for character in text)


__all__ = ["CODES", "Change", "Finding", "Outcome", "ReadingStoppedError", "Report", "Severity"]
