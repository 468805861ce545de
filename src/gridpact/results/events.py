"""The event log of a run: rows of canonical JSON, each holding the hash of the row before."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from gridpact.data.files import read_bytes
from gridpact.data.json_text import parse_json
from gridpact.data.limits import MOST_EVENTS_BYTES
from gridpact.errors import CorruptLogError, InputError, StoreError
from gridpact.horizon import aware_utc
from gridpact.results.plain import canonical, plain


class EventKind(StrEnum):
    """What can happen in a run."""

    RUN_STARTED = "run_started"
    INPUTS_READ = "inputs_read"
    BASELINE_FROZEN = "baseline_frozen"
    OPPORTUNITY_ANNOUNCED = "opportunity_announced"
    BIDS_COLLECTED = "bids_collected"
    OFFERS_MADE = "offers_made"
    ANSWERS_COLLECTED = "answers_collected"
    MESSAGE_RECEIVED = "message_received"
    HOMES_ADVISED = "homes_advised"
    """What a language model picked for homes."""
    TACTIC_CHOSEN = "tactic_chosen"
    """How the aggregator makes a round's offers, where it is not the plain way."""
    REPLACED_BY_POLICY = "replaced_by_policy"
    NEGOTIATION_CLOSED = "negotiation_closed"
    MEMBER_DROPPED = "member_dropped"
    COALITION_FORMED = "coalition_formed"
    BID_SUBMITTED = "bid_submitted"
    MARKET_CLEARED = "market_cleared"
    DISPATCHED = "dispatched"
    SETTLED = "settled"
    FILES_WRITTEN = "files_written"
    RUN_FINISHED = "run_finished"
    EFFECT_BEGUN = "effect_begun"
    EFFECT_DONE = "effect_done"
    PUBLISHED = "published"
    """Only in a store, after what the run folder holds."""


TALKS_BEFORE_GATE = timedelta(hours=1)
"""Simulated time at which the talks for an opportunity begin."""

LOG_VERSION = 3
"""Form of the rows that are written, see `gridpact.store.upcasting`."""


class EventLog:
    """Rows in order of simulated time. A row is never changed once appended."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._previous: str | None = None
        self._latest: datetime | None = None

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._lines)

    def append(self, kind: EventKind | str, *, at: datetime, payload: Mapping[str, Any]) -> str:
        """Add a row and return its hash.

        Args:
            kind: what happened.
            at: simulated time, aware; not before the row above.
            payload: facts; arrays, times and numbers are made plain, numbers to a billionth.

        Raises:
            StoreError: the kind is not known, time runs backward, or the log is finished.
            NaiveDatetimeError: ``at`` has no offset.
        """
        try:
            known = EventKind(kind)
        except ValueError as problem:
            raise StoreError(f"{kind!r} is not a kind of event") from problem
        moment = aware_utc(at, what=f"the time of {known}")
        if self._latest is not None and moment < self._latest:
            raise StoreError(f"{known} at {moment.isoformat()} is before the row above, {self._latest.isoformat()}")
        row = {
            "seq": len(self._lines),
            "at": moment.isoformat(),
            "kind": known.value,
            "payload": plain(payload),
            "previous_hash": self._previous,
        }
        digest = hashlib.sha256(canonical(row)).hexdigest()
        self._lines.append(canonical({**row, "hash": digest}))
        self._previous, self._latest = digest, moment
        return digest

    def line(self, number: int) -> bytes:
        """A row as canonical JSON."""
        return self._lines[number]

    def row(self, number: int) -> dict[str, Any]:
        """One row."""
        row: dict[str, Any] = json.loads(self._lines[number])
        return row

    def adopt(self, number: int, line: bytes) -> None:
        """Put the stored form of the last row in its place, so that the chain goes on from what is stored.

        Raises:
            StoreError: it is not the last row.
        """
        if number != len(self._lines) - 1:
            raise StoreError(f"row {number} is not the last of {len(self._lines)}")
        self._lines[number] = line
        self._previous = json.loads(line)["hash"]

    def rows(self) -> list[dict[str, Any]]:
        """All rows."""
        return [json.loads(line) for line in self._lines]

    def to_jsonl(self) -> bytes:
        """Content of ``events.jsonl``: one row a line."""
        return b"".join(line + b"\n" for line in self._lines)


def read_events(content: bytes, *, source: str = "events.jsonl") -> list[dict[str, Any]]:
    """Rows of a log whose chain is whole.

    Raises:
        CorruptLogError: a line is not JSON, a row was changed, left out or moved, or the end is cut off in a line.
    """
    rows: list[dict[str, Any]] = []
    previous = None
    lines = content.split(b"\n")
    if lines[-1] != b"":
        raise CorruptLogError(f"{source} line {len(lines)} is cut off; restore the file from a copy of the run")
    for number, line in enumerate(lines[:-1], start=1):
        try:
            row = parse_json(line)
            found = hashlib.sha256(canonical({key: row[key] for key in row if key != "hash"})).hexdigest()
            seq, before, said = row["seq"], row["previous_hash"], row["hash"]
            if not (isinstance(row["kind"], str) and isinstance(row["payload"], dict)):
                raise TypeError("its kind is no text, or its payload no object")
            aware_utc(datetime.fromisoformat(row["at"]), what="its time")
        except (ValueError, KeyError, TypeError, RecursionError, InputError) as problem:
            raise CorruptLogError(f"{source} line {number} is not a row of a run's log: {problem}") from problem
        for wrong, what in (
            (seq != number - 1, f"has seq {seq}, not {number - 1}"),
            (before != previous, "does not follow from the row above"),
            (said != found or canonical(row) != line, "was changed after it was written"),
        ):
            if wrong:
                raise CorruptLogError(f"{source} line {number} {what}; restore the file from a copy of the run")
        rows.append(row)
        previous = said
    return rows


def verify_chain(path: Path) -> list[dict[str, Any]]:
    """Rows of the log at ``path``, checked as `read_events` does.

    Raises:
        CorruptLogError: the chain is broken.
        StoreError: the file cannot be read.
    """
    try:
        content = read_bytes(path, most_bytes=MOST_EVENTS_BYTES)
    except InputError as problem:
        raise StoreError(f"the log cannot be read: {problem}") from None
    return read_events(content, source=str(path))
