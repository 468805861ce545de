"""Stores with known content, and the check that what is read from a damaged one is true or refused."""

import random
import shutil
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gridpact.errors import CorruptLogError, StoreError
from gridpact.results.events import EventLog, read_events
from gridpact.store import sqlite
from gridpact.store.base import Entry, Store, digest_of
from gridpact.store.opening import open_store

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class Truth:
    """What a store was given."""

    logs: dict[str, list[Entry]] = field(default_factory=dict)
    books: dict[str, bytes] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)


def write_run(store: Store, truth: Truth, run_id: str, *, appends: int, seed: int, largest: int = 60_000) -> None:
    """A log of three rows an append, each with a book; some rows are longer than a page."""
    draw = random.Random(seed)  # noqa: S311
    log = EventLog()
    truth.logs[run_id] = []
    for number in range(appends):
        book = draw.randbytes(draw.choice((0, 40, 3_000, largest)))
        truth.books[digest_of(book)] = book
        for part in range(3):
            padding = "x" * draw.choice((1, 30, 300, 5_000))
            payload = {"book": digest_of(book), "padding": padding, "number": number}
            log.append("offers_made", at=BEGAN + timedelta(minutes=number), payload=payload)
            line = log.to_jsonl().splitlines()[-1]
            truth.logs[run_id].append(Entry(line=line, key=f"{number}.{part}" if part else None))
        store.append(
            run_id, truth.logs[run_id][-3:], expected=len(truth.logs[run_id]) - 3, books={digest_of(book): book}
        )
    digest = store.keep_text(f"home of {run_id}", f"words about {run_id}")
    truth.texts[digest] = f"words about {run_id}"
    truth.attempts[run_id] = store.begin_attempt(run_id, began=BEGAN, place=f"/runs/{run_id}")


def check(store: Store, truth: Truth) -> str:
    """Read all there is: "whole" or "prefix"; an error of the store where it refuses; AssertionError for a lie."""
    whole = True
    names = store.run_ids()
    assert list(names) == list(truth.logs)[: len(names)]
    for run_id, true in truth.logs.items():
        entries = list(store.entries(run_id))
        assert entries == true[: len(entries)]
        assert store.length(run_id) == len(entries)
        assert bool(entries) == (run_id in names)
        rows = read_events(b"".join(entry.line + b"\n" for entry in entries))
        for digest in dict.fromkeys(row["payload"]["book"] for row in rows):
            assert store.book(digest) == truth.books[digest]
        whole &= len(entries) == len(true)
        attempts = store.attempts(run_id)
        assert [attempt.place for attempt in attempts] == [f"/runs/{run_id}"] * len(attempts)
        whole &= len(attempts) == truth.attempts[run_id]
    for digest, words in truth.texts.items():
        said = store.text(digest)
        assert said in (words, None)
        whole &= said is not None
    return "whole" if whole else "prefix"


def outcome(path: Path, truth: Truth) -> str:
    """What a reader of the store at ``path`` meets: "whole", "prefix", "damaged" or "refused"."""
    found, said = "", str(path)
    try:
        store = open_store(path)
        try:
            found = check(store, truth)
        finally:
            store.close()
    except CorruptLogError as problem:
        found, said = "damaged", str(problem)
    except StoreError as problem:
        found, said = "refused", str(problem)
    assert str(path) in said
    return found


@dataclass(frozen=True)
class Copied:
    """Files of a store as they stood at one moment."""

    main: bytes
    log: bytes | None

    def put(self, path: Path) -> None:
        """Write them at ``path``, in place of all that is there."""
        for old in path.parent.glob(f"{path.name}*"):
            old.unlink()
        path.write_bytes(self.main)
        if self.log is not None:
            path.with_name(f"{path.name}-wal").write_bytes(self.log)


def copied(path: Path) -> Copied:
    """The files of a store that may be open; nobody writes meanwhile."""
    log = path.with_name(f"{path.name}-wal")
    return Copied(main=path.read_bytes(), log=log.read_bytes() if log.exists() else None)


@dataclass(frozen=True)
class Samples:
    """One store in three states, and an older state of the same store."""

    truth: Truth
    older: Copied
    closed: Copied
    killed: Copied
    half_moved: Copied


def small_pages(monkeypatch: pytest.MonkeyPatch, *, page_bytes: int, checkpoint_pages: int = 4000) -> None:
    """Make stores with smaller pages, so that little content has every kind of page."""
    monkeypatch.setattr(sqlite, "_PAGE_BYTES", page_bytes)
    settings = [line for line in sqlite._ON_CONNECT if "autocheckpoint" not in line]
    monkeypatch.setattr(sqlite, "_ON_CONNECT", (*settings, f"PRAGMA wal_autocheckpoint={checkpoint_pages}"))


def samples(folder: Path, *, seed: int) -> Samples:
    """Two runs, with free pages from a text that was deleted; the second run stands in the write-ahead log."""
    path = folder / "sample.db"
    truth = Truth()
    store = open_store(path)
    write_run(store, truth, "first day", appends=8, seed=seed)
    store.keep_text("gone", "z" * 40_000)
    store.close()
    older = copied(path)
    store = open_store(path)
    write_run(store, truth, "second day", appends=8, seed=seed + 1)
    with pytest.MonkeyPatch.context() as patch:
        # Without the cleaning up that follows, free pages are left in the file.
        patch.setattr(sqlite.SqliteDatabase, "scrub", lambda self: None)
        store.forget("gone")
    killed = copied(path)
    with sqlite3.connect(path, isolation_level=None) as bare:
        bare.execute("PRAGMA wal_checkpoint(PASSIVE)")
        half_moved = copied(path)
    bare.close()
    store.close()
    closed = copied(path)
    assert killed.log
    assert half_moved.log
    assert closed.log is None
    assert int.from_bytes(closed.main[36:40], "big") > 1, "free pages"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return Samples(truth=truth, older=older, closed=closed, killed=killed, half_moved=half_moved)
