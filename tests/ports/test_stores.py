"""One suite that every store must pass: in memory, in a SQLite file, in PostgreSQL."""

import hashlib
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from gridpact.errors import CorruptLogError, EventConflictError, NaiveDatetimeError, StoreError
from gridpact.store.base import Entry, Store, digest_of
from gridpact.store.opening import open_store

KINDS = ("memory", "sqlite", "postgres")
SHARED = ("sqlite", "postgres")
BEGAN = datetime(2026, 3, 1, 8, tzinfo=UTC)


@pytest.fixture(params=KINDS)
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """What to open."""
    if request.param == "memory":
        return "memory"
    return str(tmp_path / "runs.db") if request.param == "sqlite" else request.getfixturevalue("postgres_url")


@pytest.fixture
def opened(where: str) -> Iterator[Callable[[], Store]]:
    """Opens the same store again and again; closed at the end."""
    stores: list[Store] = []

    def again() -> Store:
        stores.append(open_store(where))
        return stores[-1]

    yield again
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Callable[[], Store]) -> Store:
    return opened()


shared = pytest.mark.parametrize("where", SHARED, indirect=True)


def rows(*numbers: int) -> list[Entry]:
    return [Entry(line=f'{{"seq":{number}}}'.encode(), key=f"row {number}") for number in numbers]


def test_a_log_keeps_its_rows_in_order(store: Store) -> None:
    assert (store.run_ids(), store.length("day"), store.entries("day")) == ((), 0, ())
    store.append("day", rows(0, 1), expected=0)
    store.append("day", [Entry(line=b"no key"), Entry(line=b"no key")], expected=2)
    store.append("other", rows(7), expected=0)
    whole = (*rows(0, 1), Entry(line=b"no key"), Entry(line=b"no key"))
    assert store.entries("day") == whole
    assert [store.entries("day", start=start) for start in range(1, 6)] == [whole[start:] for start in range(1, 6)]
    assert (store.length("day"), store.length("other"), store.length("none")) == (4, 1, 0)
    assert store.entries("other") == tuple(rows(7))


def test_runs_are_listed_in_order_of_their_first_append(store: Store) -> None:
    for name in ("zebra", "ant", "mole", "Ant"):
        store.append(name, rows(0), expected=0)
    store.append("zebra", rows(1), expected=1)
    assert store.run_ids() == ("zebra", "ant", "mole", "Ant")


@pytest.mark.parametrize("expected", [0, 1, 3, -1])
def test_another_length_than_expected_is_a_conflict(store: Store, expected: int) -> None:
    store.append("day", rows(0, 1), expected=0)
    with pytest.raises(EventConflictError, match=f"run day has 2 rows, not {expected}: another process wrote"):
        store.append("day", rows(2), expected=expected)
    assert store.entries("day") == tuple(rows(0, 1))
    with pytest.raises(EventConflictError, match="run new has 0 rows, not 3"):
        store.append("new", rows(0), expected=3)
    assert store.run_ids() == ("day",)


def test_a_key_stands_once_in_a_run(store: Store) -> None:
    store.append("day", rows(0, 1), expected=0)
    for again in (rows(2, 1), rows(3, 3)):
        with pytest.raises(EventConflictError, match="run day holds one of the new rows' keys already"):
            store.append("day", again, expected=2)
    assert store.entries("day") == tuple(rows(0, 1))
    store.append("other", rows(0, 1), expected=0)
    store.append("day", rows(2, 3), expected=2)
    assert store.length("day") == 4


def test_rows_and_books_are_kept_together_or_not_at_all(store: Store) -> None:
    good, other = b"a book", b"another"
    store.append("day", rows(0), expected=0, books={digest_of(good): good})
    assert store.book(digest_of(good)) == good
    for entries, books, expected in (
        (rows(0), {digest_of(other): other}, 1),
        (rows(1), {digest_of(other): other}, 0),
        (rows(1), {digest_of(other): other, "0" * 64: b"not this"}, 1),
    ):
        with pytest.raises(StoreError):
            store.append("day", entries, expected=expected, books=books)
        with pytest.raises(CorruptLogError, match="missing"):
            store.book(digest_of(other))
    assert store.entries("day") == tuple(rows(0))
    store.append("day", rows(1), expected=1, books={digest_of(good): good, digest_of(other): other})
    assert (store.book(digest_of(good)), store.book(digest_of(other))) == (good, other)


def test_nothing_is_no_append(store: Store) -> None:
    with pytest.raises(StoreError, match="nothing to append"):
        store.append("day", [], expected=0)
    with pytest.raises(StoreError, match="no row -1"):
        store.entries("day", start=-1)
    assert store.run_ids() == ()


@pytest.mark.parametrize("size", [0, 1, 2**23 - 1, 2**23, 2**23 + 1, 3 * 2**23 + 5])
def test_books_of_every_size(store: Store, size: int) -> None:
    content = os.urandom(size)
    store.append("day", rows(0), expected=0, books={digest_of(content): content})
    assert store.book(digest_of(content)) == content


def test_names_and_words_of_every_alphabet(opened: Callable[[], Store]) -> None:
    store = opened()
    odd = ("Straße 7/ünï…", "日本 の家", "🏠🔋", "it's; DROP TABLE runs --", "%_~1", " lead and trail ", "e\u0301", "é")
    for number, name in enumerate(odd):
        store.append(name, [Entry(line=name.encode(), key=name)], expected=0)
        digest = store.keep_text(name, f"{name}\0\n{number}")
        assert store.text(digest) == f"{name}\0\n{number}"
        assert store.texts_of(name) == (f"{name}\0\n{number}",)
        assert store.begin_attempt(name, began=BEGAN, place=name) == 1
    assert store.run_ids() == odd
    assert [store.entries(name)[0].key for name in odd] == list(odd)
    assert store.entries(odd[0])[0].line == odd[0].encode()


@pytest.mark.parametrize("name", ["", "zero\0zero", "half \ud83d pair", "x" * 501])
def test_what_is_no_name_is_refused_everywhere(store: Store, name: str) -> None:
    for attempt in (
        lambda: store.append(name, rows(0), expected=0),
        lambda: store.append("day", [Entry(line=b"", key=name)], expected=0),
        lambda: store.begin_attempt(name, began=BEGAN, place=""),
        lambda: store.keep_text(name, "words"),
        lambda: store.writing(name).__enter__(),
    ):
        with pytest.raises(StoreError, match="has to be 1 to 500 characters of text"):
            attempt()
    with pytest.raises(StoreError, match="half a character"):
        store.keep_text("home", "half \ud83d pair")
    assert store.run_ids() == ()


def test_rows_hold_any_bytes(store: Store) -> None:
    lines = [b"", b"\x00\xff\n", os.urandom(100_000)]
    store.append("day", [Entry(line=line) for line in lines], expected=0)
    assert [entry.line for entry in store.entries("day")] == lines


def test_a_run_set_aside_makes_room(store: Store) -> None:
    store.append("other", rows(0), expected=0)
    for number in (1, 2):
        store.append("day", rows(0, number), expected=0)
        store.begin_attempt("day", began=BEGAN, place=f"place {number}")
        assert store.set_aside("day") == f"day~{number}"
        assert store.length("day") == 0
        assert store.attempts("day") == ()
        assert store.entries(f"day~{number}") == tuple(rows(0, number))
        assert store.attempts(f"day~{number}")[0].place == f"place {number}"
    store.append("day~2", rows(5), expected=2)
    assert store.run_ids() == ("other", "day~1", "day~2")
    with pytest.raises(StoreError, match="the store has no run day"):
        store.set_aside("day")


def test_attempts_are_counted_from_one(store: Store) -> None:
    there = datetime(2026, 3, 1, 10, tzinfo=timezone(timedelta(hours=1)))
    assert store.attempts("day") == ()
    assert store.begin_attempt("day", began=BEGAN, place="/runs/day") == 1
    assert store.begin_attempt("day", began=there, place="") == 2
    assert store.begin_attempt("other", began=BEGAN, place="") == 1
    store.end_attempt("day", 2, ended=there + timedelta(seconds=1.25), outcome="finished ✓")
    first, second = store.attempts("day")
    assert (first.number, first.began, first.ended, first.outcome, first.place) == (1, BEGAN, None, None, "/runs/day")
    assert (second.began, second.ended, second.outcome) == (there, there + timedelta(seconds=1.25), "finished ✓")
    assert second.began.tzinfo == UTC
    assert store.run_ids() == ()
    for number in (0, 3):
        with pytest.raises(StoreError, match=f"run day has no attempt {number}"):
            store.end_attempt("day", number, ended=BEGAN, outcome="")
    with pytest.raises(NaiveDatetimeError):
        store.begin_attempt("day", began=BEGAN.replace(tzinfo=None), place="")
    with pytest.raises(NaiveDatetimeError):
        store.end_attempt("day", 1, ended=BEGAN.replace(tzinfo=None), outcome="")


def test_words_are_known_by_a_digest_that_only_the_store_can_make(store: Store) -> None:
    words = "I am home on Friday"
    digest = store.keep_text("H1", words)
    assert store.keep_text("H1", words) == digest
    assert store.keep_text("H2", words) != digest
    assert digest not in (digest_of(words.encode()), hashlib.sha256(b"H1" + words.encode()).hexdigest())
    store.keep_text("H1", "")
    store.keep_text("H1", "and away on Sunday")
    assert store.texts_of("H1") == (words, "", "and away on Sunday")
    assert store.text(digest) == words
    assert (store.text("0" * 64), store.texts_of("nobody")) == (None, ())


def test_an_owner_who_is_forgotten_leaves_nothing(opened: Callable[[], Store]) -> None:
    store = opened()
    kept = store.keep_text("H2", "stays")
    gone = [store.keep_text("H1", f"words {number}") for number in range(3)]
    store.append("day", [Entry(line=gone[0].encode())], expected=0)
    assert store.forget("H1") == 3
    assert store.forget("H1") == 0
    assert [store.text(digest) for digest in gone] == [None] * 3
    assert store.texts_of("H1") == ()
    assert store.text(kept) == "stays"
    assert store.entries("day")[0].line == gone[0].encode()
    assert store.keep_text("H1", "words 0") != gone[0]


def test_a_run_has_one_writer(store: Store) -> None:
    with store.writing("day"), store.writing("other"):
        with (
            pytest.raises(EventConflictError, match="run day of .* is being written by .*; wait until it ends"),
            store.writing("day"),
        ):
            raise AssertionError("two writers")
        refused: list[str] = []

        def try_too() -> None:
            try:
                with store.writing("day"):
                    refused.append("got in")
            except EventConflictError as problem:
                refused.append(str(problem))

        thread = threading.Thread(target=try_too)
        thread.start()
        thread.join()
        assert "is being written by" in refused[0]
    with store.writing("day"):
        pass
    with pytest.raises(RuntimeError), store.writing("day"):
        raise RuntimeError
    with store.writing("day"):
        store.append("day", rows(0), expected=0)


def test_threads_share_a_store(store: Store) -> None:
    wins: list[int] = []

    def work(name: int) -> None:
        for _ in range(15):
            length = store.length("day")
            try:
                store.append("day", [Entry(line=f"{name}".encode())], expected=length)
            except EventConflictError:
                continue
            wins.append(length)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(wins) == list(range(len(wins)))
    assert store.length("day") == len(wins) >= 15


def test_ten_thousand_rows(store: Store) -> None:
    line = os.urandom(300)
    start = time.monotonic()
    for first in range(0, 10_000, 500):
        entries = [Entry(line=line, key=str(number)) for number in range(first, first + 500)]
        store.append("day", entries, expected=first)
    assert len(store.entries("day")) == 10_000
    assert store.entries("day", start=9_999)[0].key == "9999"
    # A sanity limit on a shared machine, an order above what it takes.
    assert time.monotonic() - start < 15


@shared
def test_what_is_kept_outlives_its_store(opened: Callable[[], Store]) -> None:
    book = os.urandom(9 * 2**20)
    first = opened()
    first.append("day", rows(0, 1), expected=0, books={digest_of(book): book})
    first.begin_attempt("day", began=BEGAN, place="here")
    digest = first.keep_text("H1", "words")
    first.close()
    second, third = opened(), opened()
    second.append("day", rows(2), expected=2)
    for store in (second, third):
        assert store.entries("day") == tuple(rows(0, 1, 2))
        assert store.book(digest_of(book)) == book
        assert store.text(digest) == "words"
        assert store.attempts("day")[0].place == "here"
    with second.writing("day"), pytest.raises(EventConflictError), third.writing("day"):
        raise AssertionError("two writers")
    assert second.keep_text("H1", "words") == digest


@shared
def test_threads_begin_many_runs_at_once(opened: Callable[[], Store]) -> None:
    stores = [opened() for _ in range(3)]
    problems: list[Exception] = []

    def work(store: Store, name: str) -> None:
        try:
            for number in range(12):
                store.append(f"{name} {number}", rows(0), expected=0)
                with pytest.raises(EventConflictError):
                    store.append(f"{name} none", rows(0), expected=4)
                store.begin_attempt(name, began=BEGAN, place="")
                store.keep_text(f"{name} {number}", "words")
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(store, name)) for store, name in zip(stores, "ABC", strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(stores[0].run_ids()) == 36
    assert [len(stores[0].attempts(name)) for name in "ABC"] == [12] * 3


def compete(where: str, name: str, count: int, won: "multiprocessing.Queue[tuple[str, int]]") -> None:
    """Append until the log has ``count`` rows; tell which were one's own."""
    store = open_store(where)
    while (length := store.length("day")) < count:
        book = f"{name} {length}".encode()
        shared_book = f"book of row {length}".encode()
        books = {digest_of(book): book, digest_of(shared_book): shared_book}
        try:
            store.append("day", [Entry(line=book, key=str(length))], expected=length, books=books)
        except EventConflictError:
            continue
        won.put((name, length))
    won.put((name, -1))
    store.close()


@shared
def test_of_two_processes_exactly_one_writes_each_row(opened: Callable[[], Store], where: str) -> None:
    store = opened()
    context = multiprocessing.get_context("spawn")
    won: multiprocessing.Queue[tuple[str, int]] = context.Queue()
    workers = [context.Process(target=compete, args=(where, name, 60, won)) for name in ("A", "B")]
    for worker in workers:
        worker.start()
    winners: dict[int, str] = {}
    ended = 0
    while ended < 2:
        name, row = won.get(timeout=60)
        ended += row < 0
        if row >= 0:
            assert row not in winners
            winners[row] = name
    for worker in workers:
        worker.join(timeout=60)
        assert worker.exitcode == 0
    assert [entry.line.decode() for entry in store.entries("day")] == [
        f"{winners[row]} {row}" for row in range(store.length("day"))
    ]
    assert 60 <= len(winners) == store.length("day")
    for entry in store.entries("day"):
        assert store.book(digest_of(entry.line)) == entry.line


HOLDS = """
import sys, time
from gridpact.store.opening import open_store
with open_store(sys.argv[1]).writing("day"):
    print("holds", flush=True)
    time.sleep(60)
"""


@shared
def test_a_writer_that_is_killed_lets_go(opened: Callable[[], Store], where: str) -> None:
    store = opened()
    with subprocess.Popen([sys.executable, "-c", HOLDS, where], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"holds\n"
        with pytest.raises(EventConflictError, match=f"process {holder.pid}"), store.writing("day"):
            raise AssertionError("two writers")
        holder.kill()
        holder.wait()
        deadline = time.monotonic() + 20
        while True:  # a server needs a moment to see that its client is gone
            try:
                with store.writing("day"):
                    break
            except EventConflictError:
                assert time.monotonic() < deadline
                time.sleep(0.05)


@shared
def test_two_processes_may_make_the_same_store(where: str) -> None:
    made = [
        subprocess.Popen(
            [sys.executable, "-c", "import sys; from gridpact.store.opening import open_store\n"
             "s = open_store(sys.argv[1]); s.keep_text('H', 'w'); s.close()", where],
            stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]  # fmt: skip
    for process in made:
        assert process.communicate()[1] == b""
        assert process.returncode == 0
    store = open_store(where)
    assert store.texts_of("H") == ("w",)
    store.close()
