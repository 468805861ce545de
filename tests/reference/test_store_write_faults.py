"""Faults of the disk while a store writes: after each, the store holds what it held before or all of what was new."""

import itertools
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from gridpact.errors import StoreError
from gridpact.store.base import Entry, Store, digest_of
from gridpact.store.opening import open_store
from sqlite_faults import Disk, disk, library
from stored_runs import Copied, copied, small_pages

DEEP = 1000
hooked = pytest.mark.skipif(
    not sys.platform.startswith("linux") or library() is None,
    reason="the SQLite library that Python uses cannot be reached (not on Linux, or linked statically)",
)
FAULTS = (
    ("write", "ENOSPC", "the disk is full"),
    ("write", "EIO", "the disk reports an error"),
    ("write", "torn", "the disk reports an error"),
    ("write", "short", ""),
    ("write", "EDQUOT", "the disk reports an error"),
    ("sync", "EIO", "the disk reports an error"),
    ("truncate", "EIO", "the disk reports an error"),
    ("open", "EACCES", "cannot be opened"),
    ("open", "EMFILE", "cannot be opened"),
    ("any", "EIO", ""),
)


BATCH = 250  # deep counts run in batches, so that each ends well before the time limit of a test


def trials(few: int) -> pytest.MarkDecorator:
    """Numbers of trials: the first few by default, 1,000 in the deep lane."""
    deep = [range(first, first + BATCH) for first in range(0, DEEP, BATCH)]
    every = [
        pytest.param(range(few), id=f"{few}"),
        *(pytest.param(b, id=f"from {b[0]}", marks=pytest.mark.deep) for b in deep),
    ]
    return pytest.mark.parametrize("numbers", every)


@pytest.fixture(params=[4000, 4], ids=["seldom moved", "often moved"])
def moving(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How often pages go from the write-ahead log to the main file: at the end, or after nearly every append."""
    small_pages(monkeypatch, page_bytes=1024, checkpoint_pages=request.param)


def content(number: int) -> tuple[list[Entry], dict[str, bytes]]:
    """What append ``number`` writes."""
    draw = random.Random(f"content {number}")  # noqa: S311
    books = [draw.randbytes(draw.choice((10, 900, 20_000))) for _ in range(2)]
    named = ",".join(map(digest_of, books)).encode()
    rows = [Entry(line=named + bytes([part]) * draw.choice((1, 2_000)), key=f"{number}.{part}") for part in range(3)]
    return rows, {digest_of(book): book for book in books}


def appends_in(store: Store) -> int:
    """How many appends the store holds, each whole and as written; AssertionError otherwise."""
    found = store.entries("day")
    assert len(found) % 3 == 0
    for number in range(len(found) // 3):
        rows, books = content(number)
        assert list(found[3 * number : 3 * number + 3]) == rows
        for digest, book in books.items():
            assert store.book(digest) == book
    assert store.run_ids() == (("day",) if found else ())
    return len(found) // 3


def failing(kind: str, fault: str, at: int, for_ever: bool) -> Callable[[str, int], str | None]:
    """The call ``at`` of its kind, or of any kind, fails, or all from there on."""
    calls = itertools.count(1)

    def decide(called: str, number: int) -> str | None:
        if kind == "any":
            number = next(calls)
        elif called != kind:
            return None
        return fault if number == at or (for_ever and number > at) else None

    return decide


def appends_at(path: Path) -> int:
    store = open_store(path)
    try:
        return appends_in(store)
    finally:
        store.close()


def append(store: Store, number: int) -> None:
    rows, books = content(number)
    store.append("day", rows, expected=3 * number, books=books)


@pytest.fixture
def held(tmp_path: Path, moving: None) -> Copied:
    """A store with two appends."""
    path = tmp_path / "held" / "a.db"
    store = open_store(path)
    append(store, 0)
    append(store, 1)
    store.close()
    return copied(path)


@hooked
@trials(10)
def test_a_fault_leaves_the_old_log_or_the_new(held: Copied, tmp_path: Path, numbers: range) -> None:
    met: Counter[tuple[str, str, str]] = Counter()
    path, after = tmp_path / "a.db", tmp_path / "after.db"
    for trial in numbers:
        draw = random.Random(trial)  # noqa: S311
        kind, fault, words = FAULTS[trial % len(FAULTS)]
        for_ever = draw.random() < 0.5
        at = draw.randrange(1, {"write": 90, "sync": 3, "truncate": 1, "open": 1, "any": 95}[kind] + 1)
        what = (trial, kind, fault, at, for_ever)
        held.put(path)
        said = ""
        with disk(Disk()) as under:
            store = open_store(path)
            if draw.random() < 0.7:
                appends_in(store)
            old = 2
            if draw.random() < 0.5:  # then closing after the fault has earlier pages to move, and may fail in turn
                append(store, old)
                old += 1
            under.counts.clear()
            under.decide = failing(kind, fault, at, for_ever)
            try:
                append(store, old)
            except StoreError as problem:
                said = str(problem)
            crashed = copied(path)
            hit = (sum(under.counts.values()) if kind == "any" else under.counts.get(kind, 0)) >= at
            under.decide = lambda called, number: None
            now = appends_in(store)
            crashed.put(after)
            later = appends_at(after)
            assert {now, later} <= {old, old + 1}, what
            if said:
                assert hit, (what, said)
                assert words or kind == "any", (what, said)
                assert words in said, (what, said)
                if "nothing was changed" in said:
                    assert (now, later) == (old, old), (what, said)
                else:
                    assert "whether the last change was kept shows" in said, (what, said)
                    assert kind in ("sync", "any"), (what, said)
            else:
                assert (now, later) == (old + 1, old + 1), what
            # The fault has passed: the same store works on, and what it says then is what is on disk.
            append(store, now)
            assert appends_in(store) == now + 1, what
            store.close()
        assert appends_at(path) == now + 1, what
        met[kind, fault, ("refused" if said else "kept") if hit else "not reached"] += 1
    print()
    for key, number in sorted(met.items()):
        print(f"{number:6}  {', '.join(key)}")


@hooked
@trials(10)
def test_a_fault_as_a_store_is_made_or_opened(tmp_path: Path, moving: None, numbers: range) -> None:
    for trial in numbers:
        draw = random.Random(trial)  # noqa: S311
        kind, fault, _ = FAULTS[trial % len(FAULTS)]
        for_ever = draw.random() < 0.5
        at = draw.randrange(1, {"write": 80, "sync": 12, "truncate": 5, "open": 15, "any": 110}[kind] + 1)
        what = (trial, kind, fault, at, for_ever)
        path = tmp_path / str(trial) / "a.db"
        said = ""
        with disk(Disk()) as under:
            under.decide = failing(kind, fault, at, for_ever)
            try:
                open_store(path).close()
            except StoreError as problem:
                said = str(problem)
        assert path.exists() if not said else str(path) in said, what
        assert {file.name for file in path.parent.glob("*")} <= {"a.db", "a.db-wal", "a.db-shm"}, what
        assert appends_at(path) == 0, what
        assert not list(path.parent.glob(".*")), what


@hooked
@trials(40)
def test_a_power_cut_at_any_moment(tmp_path: Path, moving: None, numbers: range) -> None:
    """Of what was written since a file's last sync, a power cut keeps any part, sector by sector."""
    done: list[tuple[object, ...]] = []
    path = tmp_path / "a.db"
    with disk(Disk()) as under:
        store = open_store(path)
        append(store, 0)
        start = copied(path)
        under.note = lambda *call: done.append(call)
        for number in range(1, 6):
            append(store, number)
            done.append(("confirmed", number + 1))
        store.close()
        done.append(("closed", ""))
    met: Counter[tuple[bool, int]] = Counter()
    after = tmp_path / "after.db"
    for trial in numbers:
        draw = random.Random(trial)  # noqa: S311
        cut = draw.randrange(len(done) + 1)
        confirmed = max([1, *(int(str(call[1])) for call in done[:cut] if call[0] == "confirmed")])
        found = after_power_cut(start, done[:cut], path, draw)
        found.put(after)
        try:
            held = appends_at(after)
        except StoreError as problem:
            raise AssertionError(f"trial {trial}, cut at {cut}: {problem}") from problem
        assert confirmed <= held <= confirmed + 1, (trial, cut)
        met[held > confirmed, confirmed] += 1
    print()
    print(met)


def after_power_cut(start: Copied, done: list[tuple[object, ...]], path: Path, draw: random.Random) -> Copied:
    """Files as a disk may hold them that was cut off after the calls ``done``."""
    log = f"{path}-wal"
    files: dict[str, bytearray] = {str(path): bytearray(start.main), log: bytearray(start.log or b"")}
    sure = {name: bytes(held) for name, held in files.items()}
    pending: dict[str, list[Callable[[bytearray, bool], None]]] = {name: [] for name in files}
    keeps = draw.choice((0.0, 0.1, 0.5, 0.9, 1.0))

    def write(offset: int, content: bytes) -> Callable[[bytearray, bool], None]:
        def apply(held: bytearray, whole: bool) -> None:
            for first in range(0, len(content), 512):
                if whole or draw.random() < keeps:
                    piece = content[first : first + 512]
                    held.extend(bytes(max(0, offset + first + len(piece) - len(held))))
                    held[offset + first : offset + first + len(piece)] = piece

        return apply

    def truncate(size: int) -> Callable[[bytearray, bool], None]:
        def apply(held: bytearray, whole: bool) -> None:
            if whole or draw.random() < keeps:
                del held[size:]
                held.extend(bytes(size - len(held)))

        return apply

    for call in done:
        name = str(call[1])
        match call[0]:
            case "write" if name in files:
                pending[name].append(write(int(str(call[2])), bytes(call[3])))  # type: ignore[call-overload]
            case "truncate" if name in files:
                pending[name].append(truncate(int(str(call[2]))))
            case "sync" if name in files:
                held = bytearray(sure[name])
                for change in pending[name]:
                    change(held, True)
                sure[name], pending[name] = bytes(held), []
            case "unlink" if name == log and draw.random() < keeps:
                sure[name], pending[name] = b"", []
    for name, changes in pending.items():
        held = bytearray(sure[name])
        for change in changes:
            change(held, False)
        sure[name] = bytes(held)
    return Copied(main=sure[str(path)], log=sure[log])


KILLS = """
import os, random, signal, sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from gridpact.store.opening import open_store
from reference.test_store_write_faults import append, appends_at, appends_in
from stored_runs import small_pages
import pytest

path, numbers = Path(sys.argv[2]), range(int(sys.argv[3]), int(sys.argv[4]))
patch = pytest.MonkeyPatch()
confirmed = killed_at_work = 0
for trial in numbers:
    draw = random.Random(trial)
    small_pages(patch, page_bytes=4096, checkpoint_pages=draw.choice((4, 50, 4000)))
    if confirmed > 30:
        for old in path.parent.glob("a.db*"):
            old.unlink()
        confirmed = 0
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        with open_store(path).writing("day"):
            store = open_store(path)
            number = store.length("day") // 3
            while True:
                append(store, number)
                number += 1
                os.write(theirs, b"x")
    os.close(theirs)
    first = os.read(ours, 1)
    time.sleep(draw.random() * 0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while more := os.read(ours, 1000):
        first += more
    os.close(ours)
    confirmed += len(first)
    held = appends_at(path)
    assert confirmed <= held <= confirmed + 1, (trial, confirmed, held)
    killed_at_work += held > confirmed
    confirmed = held
    with open_store(path).writing("day"):
        pass
print("killed", len(numbers), "of which between commit and answer", killed_at_work)
"""


@trials(6)
def test_kills_in_the_middle_of_appends(tmp_path: Path, numbers: range) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KILLS, str(Path(__file__).parents[1]), str(tmp_path / "a.db")]
        + [str(numbers.start), str(numbers.stop)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    print(done.stdout)


READ_ONLY = """
import os, sys
from pathlib import Path
from gridpact.errors import StoreError
from gridpact.store.base import Entry
from gridpact.store.opening import open_store

def refused(what):
    try:
        what()
        print(case, "went through")
    except StoreError as problem:
        print(case, type(problem).__name__, problem)

with_store = Path(sys.argv[1]) / "warm.db"
open_store(with_store).close()
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
for case in ("file", "folder", "unreadable", "new"):
    folder = Path(sys.argv[1]) / case
    folder.mkdir()
    path = folder / "a.db"
    store = open_store(path)
    store.append("day", [Entry(line=b"kept")], expected=0)
    store.close()
    os.chmod(path, {"file": 0o400, "unreadable": 0}.get(case, 0o600))
    os.chmod(folder, 0o500 if case in ("folder", "new") else 0o700)
    wanted = folder / "deeper" / "new.db" if case == "new" else path
    refused(lambda: open_store(wanted).append("day", [Entry(line=b"more")], expected=1))
    if case == "folder":
        refused(lambda: store.writing("day").__enter__())
    os.chmod(folder, 0o700)
    os.chmod(path, 0o600)
    print(open_store(path).length("day"))
"""


def test_files_and_folders_without_permission() -> None:
    with tempfile.TemporaryDirectory() as name:
        # Root may write everywhere, so the process becomes nobody, and nobody needs a folder.
        Path(name).chmod(0o777)
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", READ_ONLY, name], capture_output=True, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (0, "")
    said = done.stdout.splitlines()
    assert [line for line in said if line.isdigit()] == ["1"] * 4
    told = [line for line in said if not line.isdigit()]
    expected = (
        ("file StoreError", "the file or its folder is read-only; allow writing to both; nothing was changed"),
        ("folder StoreError", "the file or its folder is read-only; allow writing to both"),
        ("folder StoreError", "cannot be locked: Permission denied"),
        ("unreadable StoreError", "allow reading and writing of the file and its folder"),
        ("new StoreError", "cannot be opened: Permission denied"),
    )
    for line, (start, end) in zip(told, expected, strict=True):
        assert line.startswith(start)
        assert line.endswith(end)
