"""One run's log and books as a file that travels: a ZIP with ``events.jsonl`` and ``books/DIGEST``. Read only."""

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from gridpact.errors import CorruptLogError, StoreError
from gridpact.results.events import read_events
from gridpact.store.base import Attempt, Entry, Store, checked

LOG = "events.jsonl"
LARGEST_LOG_BYTES = 256 << 20
LARGEST_BOOK_BYTES = 1 << 30
_WHEN = (1980, 1, 1, 0, 0, 0)


def books_of(rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Digests of every book that a log refers to, each once, in order."""
    found: dict[str, None] = {}
    for row in rows:
        payload = row["payload"]
        if isinstance(payload.get("book"), str):
            found[payload["book"]] = None
        if isinstance(payload.get("kept"), dict):
            found |= dict.fromkeys(map(str, payload["kept"].values()))
    return tuple(found)


def write_archive(store: Store, run_id: str, path: Path) -> None:
    """Write a run's log and books to ``path``; equal logs give equal bytes.

    Raises:
        StoreError: the run is not there, or the file cannot be written.
        CorruptLogError: its log or a book is damaged.
    """
    entries = store.entries(run_id)
    if not entries:
        raise StoreError(f"{store.name} holds no run {run_id!r}")
    content = b"".join(entry.line + b"\n" for entry in entries)
    rows = read_events(content, source=f"{store.name}, run {run_id}")
    books = {digest: store.book(digest) for digest in books_of(rows)}
    partial = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(partial, "w") as archive:
            archive.writestr(zipfile.ZipInfo(LOG, _WHEN), content, compress_type=zipfile.ZIP_DEFLATED)
            for digest, book in sorted(books.items()):
                archive.writestr(zipfile.ZipInfo(f"books/{digest}", _WHEN), book)
        partial.replace(path)
    except OSError as problem:
        raise StoreError(f"{path} could not be written: {problem.strerror or problem}") from problem
    finally:
        partial.unlink(missing_ok=True)


class ArchiveStore(Store):
    """A run in a file that `write_archive` made. Nothing can be added to it."""

    def __init__(self, path: Path, *, foreign: bool = True) -> None:
        """Read the log; ``foreign`` false for a file that is trusted like one's own store.

        Raises:
            StoreError: the file cannot be read.
            CorruptLogError: it is not such a file, or its log is damaged.
        """
        self._path = path
        self.foreign = foreign
        try:
            self._archive = zipfile.ZipFile(path)
            self._lines = self._read(LOG, LARGEST_LOG_BYTES).splitlines()
        except FileNotFoundError as problem:
            raise StoreError(f"{path} is not there") from problem
        except OSError as problem:
            raise StoreError(f"{path} cannot be read: {problem.strerror or problem}") from problem
        except zipfile.BadZipFile as problem:
            raise CorruptLogError(f"{path} is not an exported run: {problem}") from problem
        rows = read_events(b"".join(line + b"\n" for line in self._lines), source=f"{path}: {LOG}")
        if not rows:
            raise CorruptLogError(f"{path} holds an empty log")
        self._run_id = str(rows[0]["payload"].get("run", ""))

    @property
    def name(self) -> str:
        """See `Store`."""
        return str(self._path)

    def files(self) -> tuple[Path, ...]:
        """See `Store`."""
        return (self._path,)

    def run_ids(self) -> tuple[str, ...]:
        """See `Store`."""
        return (self._run_id,)

    def length(self, run_id: str) -> int:
        """See `Store`."""
        return len(self._lines) if run_id == self._run_id else 0

    def entries(self, run_id: str, *, start: int = 0) -> tuple[Entry, ...]:
        """See `Store`; keys are not kept."""
        return tuple(Entry(line=line) for line in self._lines[start:]) if run_id == self._run_id else ()

    def book(self, digest: str) -> bytes:
        """See `Store`."""
        return checked(digest, self._read(f"books/{digest}", LARGEST_BOOK_BYTES), source=self.name)

    def _read(self, name: str, most: int) -> bytes:
        try:
            with self._archive.open(name) as member:
                content = member.read(most + 1)
        except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as problem:
            raise CorruptLogError(f"{self._path}: {name} is missing or damaged: {problem}") from problem
        if len(content) > most:
            raise CorruptLogError(f"{self._path}: {name} is larger than {most:,} bytes")
        return content

    def append(
        self, run_id: str, entries: Sequence[Entry], *, expected: int, books: Mapping[str, bytes] | None = None
    ) -> None:
        """See `Store`; always refused."""
        self._refuse()

    def writing(self, run_id: str) -> AbstractContextManager[None]:
        """See `Store`; always refused."""
        self._refuse()

    def set_aside(self, run_id: str) -> str:
        """See `Store`; always refused."""
        self._refuse()

    def begin_attempt(self, run_id: str, *, began: datetime, place: str) -> int:
        """See `Store`; always refused."""
        self._refuse()

    def end_attempt(self, run_id: str, number: int, *, ended: datetime, outcome: str) -> None:
        """See `Store`; always refused."""
        self._refuse()

    def attempts(self, run_id: str) -> tuple[Attempt, ...]:
        """See `Store`; an exported run has none."""
        return ()

    def keep_text(self, home_id: str, text: str) -> str:
        """See `Store`; always refused."""
        self._refuse()

    def text(self, digest: str) -> str | None:
        """See `Store`; owners' words are never exported."""
        return None

    def texts_of(self, home_id: str) -> tuple[str, ...]:
        """See `Store`; owners' words are never exported."""
        return ()

    def forget(self, home_id: str) -> int:
        """See `Store`; there is nothing to forget."""
        return 0

    def close(self) -> None:
        """See `Store`."""
        self._archive.close()

    def _refuse(self) -> NoReturn:
        raise StoreError(f"{self._path} is an exported run: it can be read and replayed, not written")
