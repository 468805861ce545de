"""Rows of older logs in today's form. What is stored is never rewritten: this is done as it is read."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gridpact.errors import CorruptLogError
from gridpact.results.events import LOG_VERSION, EventKind

Row = dict[str, Any]

STEPS: Mapping[int, Callable[[Row], Row]] = {}
"""From a version to the next, row by row."""


def version_of(rows: Sequence[Mapping[str, Any]]) -> int:
    """The form of a log, from its first row.

    Raises:
        CorruptLogError: the log does not begin as one does, or its form is newer than this gridpact knows.
    """
    if not rows:
        return LOG_VERSION
    payload = rows[0].get("payload")
    version = payload.get("log") if isinstance(payload, Mapping) else None
    if rows[0].get("kind") != EventKind.RUN_STARTED or not isinstance(version, int):
        raise CorruptLogError("the log does not begin with run_started and the version of its form")
    if not 1 <= version <= LOG_VERSION:
        raise CorruptLogError(
            f"the log has form {version}; this gridpact reads 1 to {LOG_VERSION}. Use a newer gridpact"
        )
    return version


def upcast(rows: Sequence[Row]) -> list[Row]:
    """``rows`` of one log in today's form; hashes stay those of the stored rows."""
    found = list(rows)
    for version in range(version_of(found), LOG_VERSION):
        found = [STEPS[version](row) for row in found]
    return found
