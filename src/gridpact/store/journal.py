"""A run's log as the run writes it: rows already stored are checked and skipped, effects already done are not repeated.

A run is a function of its inputs and of what came of its effects (model calls, solver runs, bids, files). The log holds
both. To go on after a crash, or to replay, the run is simply run again over its own log: rows that it would write are
compared with those that are there, and an effect whose outcome is there is answered from it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from gridpact.errors import CorruptLogError, EventConflictError, StoreError
from gridpact.results.events import EventKind, EventLog, read_events
from gridpact.results.plain import canonical
from gridpact.store.base import Entry, Store, digest_of
from gridpact.store.book import Book
from gridpact.store.memory import MemoryStore
from gridpact.store.upcasting import upcast

T = TypeVar("T")


class DivergenceError(EventConflictError):
    """The run would write another row than the one that its log holds."""


class UnfinishedLogError(StoreError):
    """A replay came to an effect that the log holds no outcome of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Something done outside the run's own arithmetic, and how its outcome is kept."""

    key: str
    """Name within the run; the same for every attempt."""
    what: str
    """In words, for people."""
    by: str
    """Whose it is: ``homes' model``, ``solver``, ``market`` or ``language model``."""


class Journal:
    """The log of one run while it runs. Rows reach the store before and after every effect, and at the end."""

    def __init__(self, store: Store | None = None, run_id: str = "run", *, replay: bool = False) -> None:
        """Open the log of ``run_id`` in ``store`` (by default a new one in memory).

        Args:
            store: where the log lies.
            run_id: the run.
            replay: write nothing, do no effect, and stop where the log ends.

        Raises:
            CorruptLogError: the log's chain is broken.
        """
        self._store = store if store is not None else MemoryStore()
        self._run_id = run_id
        self._replay = replay
        stored = self._store.entries(run_id)
        self._lines = [entry.line for entry in stored]
        content = b"".join(line + b"\n" for line in self._lines)
        self._recorded = upcast(read_events(content, source=f"{self._store.name}, run {run_id}"))
        self._log = EventLog()
        self._waiting: list[Entry] = []
        self._books: dict[str, bytes] = {}
        """Keys of effects that were done now, not answered from the log."""

    def __len__(self) -> int:
        """Rows that the run has written or gone over."""
        return len(self._log)

    @property
    def run_id(self) -> str:
        """The run."""
        return self._run_id

    @property
    def replaying(self) -> bool:
        """Whether nothing is written and no effect done."""
        return self._replay

    @property
    def recorded(self) -> int:
        """Rows that were stored when the journal was opened."""
        return len(self._recorded)

    @property
    def kept(self) -> dict[str, str] | None:
        """Books of what the run was asked, where the stored log names them."""
        read = next((row for row in self._recorded if row["kind"] == EventKind.INPUTS_READ), None)
        return None if read is None else dict(read["payload"]["kept"])

    def next_recorded(self) -> dict[str, Any] | None:
        """What the stored log says in the row that comes next; None where it ends."""
        number = len(self._log)
        return dict(self._recorded[number]["payload"]) if number < len(self._recorded) else None

    def append(
        self, kind: EventKind | str, *, at: datetime, payload: Mapping[str, Any], key: str | None = None
    ) -> None:
        """Go on by one row: compare it with the stored one, or keep it for the next write.

        Raises:
            DivergenceError: the log holds another row here; the message names the first difference.
        """
        number = len(self._log)
        self._log.append(kind, at=at, payload=payload)
        if number < len(self._recorded):
            difference = first_difference(self._recorded[number], self._log.row(number))
            if difference:
                raise DivergenceError(
                    f"run {self._run_id}, row {number} ({self._recorded[number]['kind']}) of its log: {difference}. "
                    "The log was made from other inputs or by other code"
                )
            # The stored row stands, also where it is of an older form.
            self._log.adopt(number, self._lines[number])
            return
        if self._replay:
            raise UnfinishedLogError(
                f"the log of run {self._run_id} ends at row {number}, before {EventKind(kind)}: the run did not finish"
            )
        self._waiting.append(Entry(line=self._log.line(number), key=key))

    def flush(self) -> None:
        """Have every row so far durable."""
        if self._waiting:
            first = len(self._log) - len(self._waiting)
            self._store.append(self._run_id, self._waiting, expected=first, books=self._books)
            self._waiting, self._books = [], {}

    def effect(
        self,
        effect: Effect,
        do: Callable[[], T],
        *,
        at: datetime,
        encode: Callable[[T], Book],
        decode: Callable[[Book], T],
    ) -> T:
        """What came of ``effect``: from the log where it is done already, else by doing it between two durable rows.

        An effect that a crash interrupted is done again under the same key.

        Raises:
            UnfinishedLogError: in a replay, the log holds no outcome.
            DivergenceError: the log went another way here.
            CorruptLogError: the outcome's book is missing or damaged.
        """
        head = {"effect": effect.key, "what": effect.what, "by": effect.by}
        self.append(EventKind.EFFECT_BEGUN, at=at, payload=head, key=f"begun:{effect.key}")
        number = len(self._log)
        if number < len(self._recorded):
            row = self._recorded[number]
            payload = row["payload"]
            if row["kind"] != EventKind.EFFECT_DONE or payload.get("effect") != effect.key:
                raise DivergenceError(
                    f"run {self._run_id}, row {number} of its log is {row['kind']}, not the outcome of {effect.key}"
                )
            book = self._book(str(payload["book"]))
            self.append(EventKind.EFFECT_DONE, at=at, payload=payload)
            return decode(book)
        if self._replay:
            raise UnfinishedLogError(
                f"the log of run {self._run_id} ends while {effect.what} was under way: the run did not finish"
            )
        self.flush()
        found = do()
        content = encode(found).to_bytes()
        digest = digest_of(content)
        self._books[digest] = content
        done = {"effect": effect.key, "book": digest, "bytes": len(content)}
        self.append(EventKind.EFFECT_DONE, at=at, payload=done, key=f"done:{effect.key}")
        self.flush()
        return found

    def keep_text(self, home_id: str, text: str | None) -> str | None:
        """Keep an owner's words outside the log; their keyed digest, or what the stored log has here.

        Args:
            home_id: whose they are.
            text: the words; None where there were some that are not known any more.
        """
        before = self.next_recorded()
        if before is not None:
            said = before.get("note")
            return None if said is None else str(said)
        if self._replay:
            raise UnfinishedLogError(f"the log of run {self._run_id} ends before a message that the run received")
        return None if text is None else self._store.keep_text(home_id, text)

    def keep(self, contents: Mapping[str, bytes]) -> None:
        """Have books written with the next rows."""
        if not self._replay:
            self._books.update(contents)

    def rows(self) -> list[dict[str, Any]]:
        """All rows so far."""
        return self._log.rows()

    def to_jsonl(self) -> bytes:
        """Content of ``events.jsonl``: one row a line."""
        return self._log.to_jsonl()

    def _book(self, digest: str) -> Book:
        return Book.from_bytes(self._store.book(digest), source=f"{self._store.name}: book {digest[:12]}")


def first_difference(stored: Mapping[str, Any], found: Mapping[str, Any]) -> str | None:
    """The first place where two rows differ, in words; hashes and numbers follow from content and are left out."""
    for part in ("kind", "at", "payload"):
        place = _difference(stored.get(part), found.get(part), part)
        if place:
            return place
    return None


def _difference(stored: Any, found: Any, place: str) -> str | None:
    if isinstance(stored, dict) and isinstance(found, dict):
        for key in sorted(stored.keys() | found.keys()):
            if key not in stored or key not in found:
                return f"{place}.{key} is only in the {'log' if key in stored else 'run'}"
            deeper = _difference(stored[key], found[key], f"{place}.{key}")
            if deeper:
                return deeper
        return None
    if isinstance(stored, list) and isinstance(found, list):
        if len(stored) != len(found):
            return f"{place} has {len(stored)} entries in the log and {len(found)} in the run"
        for number, (one, other) in enumerate(zip(stored, found, strict=True)):
            deeper = _difference(one, other, f"{place}[{number}]")
            if deeper:
                return deeper
        return None
    if canonical(stored) == canonical(found):
        return None
    return f"{place} is {_short(stored)} in the log and {_short(found)} in the run"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."


def run_rows(store: Store, run_id: str) -> list[dict[str, Any]]:
    """Every stored row of a run, its chain checked.

    Raises:
        StoreError: the store has no such run.
        CorruptLogError: the chain is broken.
    """
    entries = store.entries(run_id)
    if not entries:
        raise StoreError(f"{store.name} holds no run {run_id!r}; 'gridpact runs list' shows those that it has")
    content = b"".join(entry.line + b"\n" for entry in entries)
    rows = read_events(content, source=f"{store.name}, run {run_id}")
    if rows[0]["kind"] != EventKind.RUN_STARTED or rows[0]["payload"].get("run") not in (run_id, run_id.split("~")[0]):
        raise CorruptLogError(f"{store.name}: the log under {run_id!r} is not that run's")
    return rows
