"""A store in a SQL database: SQLite or PostgreSQL."""

import hmac
import secrets as randomness
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from gridpact.errors import CorruptLogError, EventConflictError, StoreError
from gridpact.store.base import Attempt, Entry, Store, checked, checked_name, encoded, moment_in_utc
from gridpact.store.database import Database
from gridpact.store.schema import attempts, books, events, parts, runs, secrets, tallies, texts
from gridpact.store.seals import START, seal_of

PART_BYTES = 8 * 2**20
"""Books are kept in parts of at most this size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """What the store knows of a run's log."""

    number: int
    length: int
    seal: bytes


class SqlStore(Store):
    """See `Store`. Every row of a log is sealed with the rows above it, and the run with its length and last row."""

    def __init__(self, database: Database) -> None:
        """A store in ``database``, whose tables are there and of this version."""
        self._database = database

    @property
    def name(self) -> str:
        """See `Store`."""
        return self._database.name

    def files(self) -> tuple[Path, ...]:
        """See `Store`."""
        return self._database.files()

    def run_ids(self) -> tuple[str, ...]:
        """See `Store`."""
        with self._database.reading() as connection:
            return self._known_runs(connection)

    def append(
        self, run_id: str, entries: Sequence[Entry], *, expected: int, books: Mapping[str, bytes] | None = None
    ) -> None:
        """See `Store`."""
        checked_name(run_id, what="a run's id")
        for entry in entries:
            if entry.key is not None:
                checked_name(entry.key, what="a row's key")
        if not entries:
            raise StoreError("nothing to append")
        for digest, content in (books or {}).items():
            checked(digest, content, source=self.name)
        with self._database.changing() as connection:
            head = self._head(connection, run_id, to_write=True)
            length = 0 if head is None else head.length
            if length != expected:
                raise self._overtaken(run_id, length, expected)
            rows, seal = _sealed(entries, after=head)
            if head is None:
                number = (connection.execute(_LAST_RUN).scalar() or 0) + 1
                connection.execute(_NEW_RUN, _run_row(number, run_id, len(rows), seal))
            else:
                number = head.number
                values = _run_row(number, run_id, length + len(rows), seal)
                moved = connection.execute(_MOVE_HEAD, {**values, "at": number, "from": length})
                if moved.rowcount != 1:
                    raise self._overtaken(run_id, None, expected)
            try:
                connection.execute(_NEW_EVENT, [{"run": number, **row} for row in rows])
            except IntegrityError as problem:
                if any(name in str(problem.orig) for name in ("events.key", "uq_events_run_key")):
                    raise EventConflictError(f"the log of run {run_id} holds one of the new rows' keys already") from (
                        problem
                    )
                raise
            # In order of their digests: two writers that wait for each other's books would wait forever.
            for digest in sorted(books or {}):
                _keep_book(connection, digest, (books or {})[digest])

    def length(self, run_id: str) -> int:
        """See `Store`."""
        with self._database.reading() as connection:
            head = self._head(connection, run_id)
        return 0 if head is None else head.length

    def entries(self, run_id: str, *, start: int = 0) -> tuple[Entry, ...]:
        """See `Store`."""
        if start < 0:
            raise StoreError(f"a log has no row {start}")
        with self._database.reading() as connection:
            head = self._head(connection, run_id)
            if head is None or start >= head.length:
                return ()
            found = list(connection.execute(_EVENTS, {"run": head.number, "first": max(start - 1, 0)}))
            if [row[0] for row in found] != list(range(max(start - 1, 0), head.length)):
                raise self._damaged(f"rows of the log of run {run_id} are missing")
            above = found.pop(0)[3] if start else START
            for seq, line, key, seal in found:
                if type(line) is not bytes or seal_of(above, key, line) != seal:
                    raise self._damaged(f"row {seq} of the log of run {run_id} was changed")
                above = seal
            if above != head.seal:
                raise self._damaged(f"the log of run {run_id} does not end as it did")
            return tuple(Entry(line=line, key=key) for _, line, key, _ in found)

    def book(self, digest: str) -> bytes:
        """See `Store`."""
        with self._database.reading() as connection:
            said = connection.execute(_BOOK, {"wanted": digest}).scalar()
            found = connection.execute(_PARTS, {"wanted": digest}).all() if said is not None else []
            if said is None:
                raise CorruptLogError(f"{self.name}: book {digest[:12]} is missing; restore the store from a copy")
            if [row[0] for row in found] != list(range(_parts_of(said))) or sum(len(row[1]) for row in found) != said:
                raise self._damaged(f"book {digest[:12]} is cut off")
            return checked(digest, b"".join(row[1] for row in found), source=self.name)

    def writing(self, run_id: str) -> AbstractContextManager[None]:
        """See `Store`."""
        checked_name(run_id, what="a run's id")
        return self._database.sole_writer(run_id)

    def set_aside(self, run_id: str) -> str:
        """See `Store`."""
        with self._database.changing() as connection:
            self._database.take_turns(connection)
            head = self._head(connection, run_id, to_write=True)
            if head is None:
                raise StoreError(f"the store has no run {run_id}")
            count = 1
            while any(connection.execute(name, {"wanted": f"{run_id}~{count}"}).first() for name in (_RUN, _ATTEMPTS)):
                count += 1
            aside = checked_name(f"{run_id}~{count}", what="a run's id")
            values = _run_row(head.number, aside, head.length, head.seal)
            moved = connection.execute(_MOVE_HEAD, {**values, "at": head.number, "from": head.length})
            if moved.rowcount != 1:
                raise self._overtaken(run_id, None, head.length)
            for row in connection.execute(_ATTEMPTS, {"wanted": run_id}).all():
                attempt = self._attempt(run_id, row)
                connection.execute(delete(attempts).where(attempts.c.run == run_id, attempts.c.number == row[0]))
                connection.execute(insert(attempts), _attempt_row(aside, attempt))
            return aside

    def begin_attempt(self, run_id: str, *, began: datetime, place: str) -> int:
        """See `Store`."""
        checked_name(run_id, what="a run's id")
        moment = moment_in_utc(began, what="the beginning of an attempt")
        with self._database.changing() as connection:
            self._count(connection, _ATTEMPTS_TOLD, more=1)
            known = connection.execute(_ATTEMPTS, {"wanted": run_id}).all()
            attempt = Attempt(number=len(known) + 1, began=moment, ended=None, outcome=None, place=place)
            connection.execute(insert(attempts), _attempt_row(run_id, attempt))
            return attempt.number

    def end_attempt(self, run_id: str, number: int, *, ended: datetime, outcome: str) -> None:
        """See `Store`."""
        moment = moment_in_utc(ended, what="the end of an attempt")
        with self._database.changing() as connection:
            told = self._count(connection, _ATTEMPTS_TOLD, more=0)
            known = {row[0]: row for row in connection.execute(_ATTEMPTS, {"wanted": run_id})}
            if number not in known:
                raise StoreError(f"run {run_id} has no attempt {number}")
            begun = self._attempt(run_id, known[number])
            if begun.ended is None:
                self._tell(connection, _ATTEMPTS_TOLD, told + 1)
            attempt = Attempt(number=number, began=begun.began, ended=moment, outcome=outcome, place=begun.place)
            connection.execute(
                update(attempts)
                .where(attempts.c.run == run_id, attempts.c.number == number)
                .values(_attempt_row(run_id, attempt))
            )

    def attempts(self, run_id: str) -> tuple[Attempt, ...]:
        """See `Store`."""
        with self._database.reading() as connection:
            found = tuple(self._attempt(run_id, row) for row in connection.execute(_ATTEMPTS, {"wanted": run_id}))
            self._count(connection, _ATTEMPTS_TOLD)
            return found

    def keep_text(self, home_id: str, text: str) -> str:
        """See `Store`."""
        checked_name(home_id, what="a home's id")
        words = encoded(text)
        with self._database.changing() as connection:
            owners = self._count(connection, _OWNERS, more=0)
            owner = self._owner(connection, home_id)
            secret, count = owner or (randomness.token_bytes(32), 0)
            digest = hmac.new(secret, words, "sha256").hexdigest()
            if connection.execute(_TEXT, {"wanted": digest}).first() is not None:
                return digest
            row = _owner_row(home_id, secret, count + 1)
            if owner is None:
                self._tell(connection, _OWNERS, owners + 1)
                connection.execute(insert(secrets), row)
            else:
                connection.execute(update(secrets).where(secrets.c.home == home_id).values(row))
            kept = {"digest": digest, "home": home_id, "number": count + 1, "words": words}
            connection.execute(insert(texts), kept)
        return digest

    def text(self, digest: str) -> str | None:
        """See `Store`."""
        with self._database.reading() as connection:
            found = connection.execute(_TEXT, {"wanted": digest}).first()
            if found is not None:
                return self._words(*found)
            # Forgotten, or there under a damaged name: the names of the others tell.
            there = [self._words(*row) for row in connection.execute(_ALL_TEXTS)]
            if len(there) != (connection.execute(_TEXTS_TOLD).scalar() or 0):
                raise self._damaged("texts are missing")
            self._count(connection, _OWNERS)
            return None

    def texts_of(self, home_id: str) -> tuple[str, ...]:
        """See `Store`."""
        with self._database.reading() as connection:
            owner = self._owner(connection, home_id)
            found = connection.execute(_TEXTS, {"wanted": home_id}).all()
            if [row[3] for row in found] != list(range(1, (owner[1] if owner else 0) + 1)):
                raise self._damaged("texts of an owner are missing")
            return tuple(self._words(*row[:3]) for row in found)

    def forget(self, home_id: str) -> int:
        """See `Store`."""
        with self._database.changing() as connection:
            owners = self._count(connection, _OWNERS, more=0)
            gone = connection.execute(delete(texts).where(texts.c.home == home_id)).rowcount
            if connection.execute(delete(secrets).where(secrets.c.home == home_id)).rowcount:
                self._tell(connection, _OWNERS, owners - 1)
        with self._database.told("the words are deleted, but pieces may be left in files; forget the owner again"):
            self._database.scrub()
        return int(gone)

    def close(self) -> None:
        """See `Store`."""
        with self._database.told(None):
            self._database.close()

    def _head(self, connection: Connection, run_id: str, *, to_write: bool = False) -> _Head | None:
        """Length and last seal of a run's log, checked against its rows; None for a run that is not there.

        A transaction that writes sees what others commit meanwhile, so it looks for a new run only when it is its turn.
        """
        found = connection.execute(_HEAD, {"wanted": run_id}).first()
        if found is None and to_write:
            self._database.take_turns(connection)
            found = connection.execute(_HEAD, {"wanted": run_id}).first()
        if found is None:
            if run_id in self._known_runs(connection):
                raise self._damaged(f"run {run_id} is there, but cannot be found by its name")
            return None
        number, length, head, seal, last, top = found
        if seal_of(number, run_id, length, head) != seal:
            raise self._damaged(f"the head of the log of run {run_id} was changed")
        if top is None or top + 1 != length or last != head:
            raise self._damaged(f"the log of run {run_id} has not the {length} rows that it had")
        return _Head(number=number, length=length, seal=head)

    def _known_runs(self, connection: Connection) -> tuple[str, ...]:
        """Names of all runs, none missing; runs are numbered from 1 and never deleted."""
        found = connection.execute(_RUNS).all()
        for number, (said, name, length, head, seal) in enumerate(found, start=1):
            if said != number or seal_of(number, name, length, head) != seal:
                raise self._damaged(f"run {number} is missing or was changed")
        last = connection.execute(_LAST_WITH_ROWS).scalar()
        if (last or 0) != len(found):
            raise self._damaged(f"it has {len(found)} runs, but rows of logs up to run {last}")
        return tuple(row[1] for row in found)

    def _owner(self, connection: Connection, home_id: str) -> tuple[bytes, int] | None:
        """An owner's secret, and how many texts there are; None for an owner who is not there."""
        found = connection.execute(_OWNER, {"wanted": home_id}).first()
        if found is None:
            self._count(connection, _OWNERS)
            return None
        secret, count, seal = found
        if seal_of(home_id, secret, count) != seal:
            raise self._damaged("an owner's secret was changed")
        return secret, count

    def _count(self, connection: Connection, tally: "_Tally", *, more: int | None = None) -> int:
        """What the tally says and the rows confirm, plus ``more``; a number for ``more`` also locks the tally."""
        if more is not None:
            self._database.take_turns(connection)
        found = connection.execute(_TALLY, {"wanted": tally.name}).first()
        told = 0
        if found is not None:
            told, seal = found
            if seal_of(tally.name, told) != seal:
                raise self._damaged(f"the number of {tally.name} was changed")
        there = connection.execute(tally.rows).scalar()
        if there != told:
            raise self._damaged(f"rows of {tally.name} are missing")
        if more:
            self._tell(connection, tally, told + more)
        return told + (more or 0)

    def _tell(self, connection: Connection, tally: "_Tally", number: int) -> None:
        connection.execute(_SET_TALLY, {"name": tally.name, "number": number, "seal": seal_of(tally.name, number)})

    def _words(self, digest: Any, words: Any, secret: Any) -> str:
        if hmac.new(secret, words, "sha256").hexdigest() != digest:
            raise self._damaged(f"the text {digest[:12]} was changed")
        return str(words, "utf-8")

    def _attempt(self, run_id: str, row: Iterable[Any]) -> Attempt:
        number, began, ended, outcome, place, seal = row
        if seal_of(run_id, number, began, ended, outcome, place) != seal:
            raise self._damaged(f"attempt {number} at run {run_id} was changed")
        return Attempt(
            number=number,
            began=datetime.fromisoformat(began),
            ended=None if ended is None else datetime.fromisoformat(ended),
            outcome=outcome,
            place=place,
        )

    def _damaged(self, what: str) -> CorruptLogError:
        return CorruptLogError(f"{self.name} is damaged: {what}; restore it from a copy")

    @staticmethod
    def _overtaken(run_id: str, length: int | None, expected: int) -> EventConflictError:
        has = "other rows" if length is None else f"{length} rows"
        return EventConflictError(f"the log of run {run_id} has {has}, not {expected}: another process wrote")


def _sealed(entries: Sequence[Entry], *, after: _Head | None) -> tuple[list[dict[str, Any]], bytes]:
    """Rows for the table of events without their run, and the seal of the last."""
    seq, seal = (0, START) if after is None else (after.length, after.seal)
    rows = []
    for entry in entries:
        seal = seal_of(seal, entry.key, entry.line)
        rows.append({"seq": seq, "line": entry.line, "key": entry.key, "seal": seal})
        seq += 1
    return rows, seal


def _run_row(number: int, name: str, length: int, head: bytes) -> dict[str, Any]:
    seal = seal_of(number, name, length, head)
    return {"number": number, "name": name, "length": length, "head": head, "seal": seal}


def _owner_row(home_id: str, secret: bytes, count: int) -> dict[str, Any]:
    return {"home": home_id, "secret": secret, "texts": count, "seal": seal_of(home_id, secret, count)}


def _attempt_row(run_id: str, attempt: Attempt) -> dict[str, Any]:
    began = attempt.began.isoformat()
    ended = None if attempt.ended is None else attempt.ended.isoformat()
    row: dict[str, str | int | None] = {"run": run_id, "number": attempt.number, "began": began, "ended": ended}
    row |= {"outcome": attempt.outcome, "place": attempt.place}
    return {**row, "seal": seal_of(*row.values())}


def _parts_of(length: int) -> int:
    return -(-length // PART_BYTES)


def _keep_book(connection: Connection, digest: str, content: bytes) -> None:
    if connection.execute(_NEW_BOOK, {"digest": digest, "length": len(content)}).rowcount:
        view = memoryview(content)
        for part in range(_parts_of(len(content))):
            piece = view[part * PART_BYTES : (part + 1) * PART_BYTES]
            connection.execute(insert(parts), {"digest": digest, "part": part, "content": piece})


_own = events.alias()
_HEAD = select(
    runs.c.number,
    runs.c.length,
    runs.c.head,
    runs.c.seal,
    select(_own.c.seal).where(_own.c.run == runs.c.number, _own.c.seq == runs.c.length - 1).scalar_subquery(),
    select(func.max(_own.c.seq)).where(_own.c.run == runs.c.number).scalar_subquery(),
).where(runs.c.name == bindparam("wanted"))
_RUNS = select(runs.c.number, runs.c.name, runs.c.length, runs.c.head, runs.c.seal).order_by(runs.c.number)
_RUN = select(runs.c.number).where(runs.c.name == bindparam("wanted"))
_LAST_RUN = select(func.max(runs.c.number))
_LAST_WITH_ROWS = select(func.max(events.c.run))
_NEW_RUN = insert(runs)
_MOVE_HEAD = update(runs).where(runs.c.number == bindparam("at"), runs.c.length == bindparam("from"))
_EVENTS = (
    select(events.c.seq, events.c.line, events.c.key, events.c.seal)
    .where(events.c.run == bindparam("run"), events.c.seq >= bindparam("first"))
    .order_by(events.c.seq)
)
_NEW_EVENT = insert(events)
_BOOK = select(books.c.length).where(books.c.digest == bindparam("wanted"))
_PARTS = select(parts.c.part, parts.c.content).where(parts.c.digest == bindparam("wanted")).order_by(parts.c.part)
_NEW_BOOK = text("INSERT INTO books (digest, length) VALUES (:digest, :length) ON CONFLICT DO NOTHING")
_ATTEMPTS = (
    select(attempts.c.number, attempts.c.began, attempts.c.ended, attempts.c.outcome, attempts.c.place, attempts.c.seal)
    .where(attempts.c.run == bindparam("wanted"))
    .order_by(attempts.c.number)
)
_OWNER = select(secrets.c.secret, secrets.c.texts, secrets.c.seal).where(secrets.c.home == bindparam("wanted"))
_ALL_TEXTS = select(texts.c.digest, texts.c.words, secrets.c.secret).outerjoin_from(
    texts, secrets, texts.c.home == secrets.c.home
)
_TEXT = _ALL_TEXTS.where(texts.c.digest == bindparam("wanted"))
_TEXTS = _ALL_TEXTS.add_columns(texts.c.number).where(texts.c.home == bindparam("wanted")).order_by(texts.c.number)
_TEXTS_TOLD = select(func.sum(secrets.c.texts))
_TALLY = select(tallies.c.number, tallies.c.seal).where(tallies.c.name == bindparam("wanted"))
_SET_TALLY = text(
    "INSERT INTO tallies (name, number, seal) VALUES (:name, :number, :seal) "
    "ON CONFLICT (name) DO UPDATE SET number = excluded.number, seal = excluded.seal"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tally:
    """A number that the store keeps of a table, and the statement that counts its rows."""

    name: str
    rows: Select[Any]


_OWNERS = _Tally(name="owners", rows=select(func.count()).select_from(secrets))
# Beginning and end of an attempt count one each.
_ATTEMPTS_TOLD = _Tally(name="attempts", rows=select(func.count() + func.count(attempts.c.ended)).select_from(attempts))
