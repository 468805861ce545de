"""Rows of older logs in today's form. What is stored is never rewritten: this is done as it is read."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gridpact.errors import CorruptLogError
from gridpact.results.events import LOG_VERSION, EventKind

Row = dict[str, Any]


def _name_doers(row: Row) -> Row:
    """From 1 to 2: an effect says whose it is. It was the first part of its key, in other words."""
    if row["kind"] != EventKind.EFFECT_BEGUN:
        return _in_form(row, 2)
    doers = {"homes": "homes' model", "formation": "solver", "bid": "market"}
    doer = doers.get(str(row["payload"].get("effect", "")).partition("/")[0], "")
    return {**row, "payload": {**row["payload"], "by": doer}}


def _applied_words(row: Row) -> Row:
    """From 2 to 3: words are kept of applied messages only, for who is refused may have used another's name."""
    if row["kind"] != EventKind.MESSAGE_RECEIVED or row["payload"]["receipt"]["verdict"] == "applied":
        return _in_form(row, 3)
    return {**row, "payload": {**row["payload"], "note": None}}


def _in_form(row: Row, version: int) -> Row:
    """The first row with the version that it is brought to."""
    if row["kind"] != EventKind.RUN_STARTED:
        return row
    return {**row, "payload": {**row["payload"], "log": version}}


STEPS: Mapping[int, Callable[[Row], Row]] = {1: _name_doers, 2: _applied_words}
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
