"""A store as plain lists of what was made durable, and a journal that goes over it."""

import hashlib
import json
import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis.stateful import initialize, invariant

from gridpact.results.events import EventKind
from gridpact.store.base import digest_of
from gridpact.store.book import Book
from gridpact.store.journal import Effect, Journal, run_rows
from gridpact.store.opening import open_store
from stateful import CountedMachine

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)
RUNS = ("day", "other")
BEGUN = EventKind.EFFECT_BEGUN.value
DONE = EventKind.EFFECT_DONE.value


@dataclass
class Row:
    """What the model remembers of one row."""

    kind: str
    at: datetime
    payload: dict[str, Any]
    key: str | None = None
    outcome: Any = None


@dataclass
class Run:
    """One log as the model knows it."""

    rows: list[Row] = field(default_factory=list)
    """What was made durable."""
    attempts: list[str | None] = field(default_factory=list)
    """The outcome of each attempt; none while it lasts."""


@dataclass
class Writing:
    """A journal that is open."""

    journal: Journal
    run_id: str
    base: int
    """Rows that were stored when it was opened."""
    over: int = 0
    """Of these, how many it has gone over."""
    waiting: list[Row] = field(default_factory=list)
    """Rows that it has and the store has not."""


def encode(value):
    return Book(facts={"value": value})


def decode(book):
    return book.facts["value"]


class JournalModel(CountedMachine):
    """A store, the journal of one process on it, and lists of what was made durable."""

    where = "memory"

    def __init__(self) -> None:
        super().__init__()
        self.ends = ExitStack()
        self.runs: dict[str, Run] = {}
        self.open: Writing | None = None
        self.texts: dict[str, tuple[str, str]] = {}
        """Home and words by digest."""
        self.asides: list[str] = []
        self.effects = 0
        self.path: Any = self.where
        self.store = None

    @initialize()
    def opened(self):
        if self.where != "memory":
            folder = Path(self.ends.enter_context(tempfile.TemporaryDirectory()))
            self.path = folder / "runs.db"
            shutil.copyfile(self.where, self.path)
        self.store = open_store(self.path)

    def stored(self, run_id):
        return self.runs[run_id].rows if run_id in self.runs else []

    def keep(self, run_id, rows):
        """These rows are durable now."""
        if rows:
            self.runs.setdefault(run_id, Run()).rows.extend(rows)

    def attempted(self, run_id):
        return self.runs[run_id].attempts if run_id in self.runs else []

    def check_log(self, run_id):
        """The log holds what was made durable and nothing else, in a chain that is worked out here again."""
        rows = self.stored(run_id)
        entries = self.store.entries(run_id)
        assert [entry.key for entry in entries] == [row.key for row in rows]
        before = None
        for number, (entry, row) in enumerate(zip(entries, rows, strict=True)):
            said = json.loads(entry.line)
            digest = said.pop("hash")
            assert said == {
                "seq": number,
                "at": row.at.isoformat(),
                "kind": row.kind,
                "payload": row.payload,
                "previous_hash": before,
            }
            text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            assert digest == hashlib.sha256(text.encode()).hexdigest()
            before = digest
            if row.kind == DONE:
                content = self.store.book(row.payload["book"])
                assert len(content) == row.payload["bytes"]
                assert decode(Book.from_bytes(content, source="here")) == row.outcome
        if rows:
            assert len(run_rows(self.store, run_id)) == len(rows)
        assert self.store.length(run_id) == len(rows)

    @invariant()
    def what_is_durable_is_there(self):
        if self.store is None:
            return
        if self.open is not None:
            going = self.open
            assert self.store.length(going.run_id) == len(self.stored(going.run_id))
            assert going.journal.recorded == going.base
            assert len(going.journal) == going.over + len(self.stored(going.run_id)[going.base :]) + len(going.waiting)

    def restart(self):
        """The process ends as it stands, and another opens the store."""
        self.open = None
        if self.where != "memory":
            self.store.close()
            self.store = open_store(self.path)

    def flush(self):
        if self.open is None:
            return
        self.open.journal.flush()
        self.keep(self.open.run_id, self.open.waiting)
        self.open.waiting = []

    def next_at(self):
        rows = self.stored(self.open.run_id) + self.open.waiting
        return BEGAN + timedelta(minutes=len(rows))

    @property
    def at_end(self):
        return self.open is not None and self.open.over == self.open.base

    def write(self, row):
        self.open.journal.append(row.kind, at=row.at, payload=row.payload)
        self.open.waiting.append(row)

    def go_over(self):
        """Do again what the stored log says comes next."""
        going = self.open
        rows = self.stored(going.run_id)
        row = rows[going.over]
        if row.kind != BEGUN:
            going.journal.append(row.kind, at=row.at, payload=row.payload)
            going.over += 1
            return
        if going.over + 1 < going.base:
            found = self.effect(row.payload["effect"], self.must_not_be_done, at=row.at)
            assert found == rows[going.over + 1].outcome
            assert type(found) is type(rows[going.over + 1].outcome)
            going.over += 2
            self.seen["effect answered from the log"] += 1
            return
        # A crash came between the two rows: the effect is done again under the same key.
        outcome = f"again {going.over}"
        assert self.effect(row.payload["effect"], lambda: outcome, at=row.at) == outcome
        going.over += 1
        self.keep(going.run_id, [self.done(row.payload["effect"], outcome, row.at)])
        self.seen["effect done again"] += 1

    def must_not_be_done(self):
        raise AssertionError("an effect was done whose outcome is durable")

    def effect(self, key, do, *, at):
        effect = Effect(key=key, what=f"the effect {key}", by="model")
        return self.open.journal.effect(effect, do, at=at, encode=encode, decode=decode)

    def done(self, key, outcome, at):
        content = encode(outcome).to_bytes()
        payload = {"effect": key, "book": digest_of(content), "bytes": len(content)}
        return Row(DONE, at, payload, key=f"done:{key}", outcome=outcome)

    def begun(self, key, at):
        return Row(BEGUN, at, {"effect": key, "what": f"the effect {key}", "by": "model"}, key=f"begun:{key}")

    def set_aside(self, store, run_id):
        number = 1
        while f"{run_id}~{number}" in self.runs:
            number += 1
        name = f"{run_id}~{number}"
        assert store.set_aside(run_id) == name
        self.runs = {name if old == run_id else old: run for old, run in self.runs.items()}
        self.asides.append(name)
        self.seen["set aside"] += 1
