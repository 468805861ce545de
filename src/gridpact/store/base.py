"""What every store of runs offers: append-only logs, books that they refer to, and owners' words outside both."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gridpact.errors import CorruptLogError, StoreError

LONGEST_NAME = 500
"""Characters of a run's, home's or row's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of a run's log as it is stored."""

    line: bytes
    """Canonical JSON with the row's own hash, see `gridpact.results.events`."""
    key: str | None = None
    """Idempotency key: a run holds at most one row with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One process that worked on a run. Outside the log: by the wall clock, and different each time."""

    number: int
    """From 1."""
    began: datetime
    ended: datetime | None
    """None while it runs, and for one that was killed."""
    outcome: str | None
    """How it ended, in words."""
    place: str
    """The folder it writes to; empty if none."""


def digest_of(content: bytes) -> str:
    """Name of a book: the SHA-256 of its content in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def checked(digest: str, content: bytes, *, source: str) -> bytes:
    """``content`` if it is the book ``digest``; raises CorruptLogError otherwise."""
    if digest_of(content) != digest:
        raise CorruptLogError(f"{source}: book {digest[:12]} was changed or cut off; restore the store from a copy")
    return content


def checked_name(name: str, *, what: str) -> str:
    """``name`` if every store can keep it as an id or key: 1 to 500 characters of text.

    Raises:
        StoreError: it is empty or too long, or holds a zero character or half a surrogate pair.
    """
    if not 1 <= len(name) <= LONGEST_NAME or "\0" in name or any("\ud800" <= c <= "\udfff" for c in name):
        raise StoreError(
            f"{what} is {name[:40]!r}; it has to be 1 to {LONGEST_NAME} characters of text, without a zero character"
        )
    return name


def moment_in_utc(moment: datetime, *, what: str) -> datetime:
    """``moment`` in UTC; raises NaiveDatetimeError without an offset."""
    from gridpact.horizon import aware_utc  # brings pandas, which opening and reading a store need not wait for

    return aware_utc(moment, what=what)


def encoded(words: str) -> bytes:
    """Words as UTF-8; raises StoreError for half a surrogate pair."""
    try:
        return words.encode()
    except UnicodeEncodeError:
        raise StoreError("a text holds half a character (a lone surrogate) and cannot be kept") from None


class Store(ABC):
    """Logs of runs. Every method is atomic and durable: once it returns, a power cut loses nothing of it.

    Methods raise StoreError where the store cannot be reached, read or written (full disk, no permission), and
    CorruptLogError where what it holds is damaged. Nothing is ever changed in silence. Ids of runs and homes, and keys
    of rows, are 1 to 500 characters of text; StoreError otherwise. Times need an offset; NaiveDatetimeError otherwise.
    """

    foreign: bool = False
    """Whether what it holds may come from strangers: a run of it then imports no code that it names."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What to call the store in messages; never with a password in it."""

    def files(self) -> tuple[Path, ...]:
        """Files of this machine that hold what the store keeps; none where it lies in memory or on a server."""
        return ()

    @abstractmethod
    def run_ids(self) -> tuple[str, ...]:
        """Every run that has at least one row, in order of their first append."""

    @abstractmethod
    def append(
        self, run_id: str, entries: Sequence[Entry], *, expected: int, books: Mapping[str, bytes] | None = None
    ) -> None:
        """Add rows, and the books that they refer to, in one transaction: all of it or nothing.

        Args:
            run_id: the run; a new one begins with its first rows.
            entries: at least one, continuing the run's log.
            expected: how many rows the writer believes the log has.
            books: content by digest; one that is there already is not written again.

        Raises:
            EventConflictError: the log has another length, or holds one of the keys already. Nothing is written.
        """

    @abstractmethod
    def length(self, run_id: str) -> int:
        """How many rows the run's log has; 0 for an unknown run."""

    @abstractmethod
    def entries(self, run_id: str, *, start: int = 0) -> tuple[Entry, ...]:
        """Rows of the run's log from number ``start``, in order.

        Raises:
            CorruptLogError: a row is missing or out of place, or the log is shorter or longer than its head says.
                Whether the hash chain holds is for the reader to check, see `gridpact.results.events.read_events`.
        """

    @abstractmethod
    def book(self, digest: str) -> bytes:
        """Content of a book, checked against its digest.

        Raises:
            CorruptLogError: it is missing, cut off or changed.
        """

    @abstractmethod
    def writing(self, run_id: str) -> AbstractContextManager[None]:
        """Be the run's only writer for the block; a process that dies lets go of it.

        Raises:
            EventConflictError: another process, or another block of this one, writes the run now.
        """

    @abstractmethod
    def set_aside(self, run_id: str) -> str:
        """Give the run's log another id, ``RUN~N``, so that the run can begin anew; the new id.

        The rows stay as they are.
        """

    @abstractmethod
    def begin_attempt(self, run_id: str, *, began: datetime, place: str) -> int:
        """Note that a process works on the run; the attempt's number."""

    @abstractmethod
    def end_attempt(self, run_id: str, number: int, *, ended: datetime, outcome: str) -> None:
        """Note how an attempt ended."""

    @abstractmethod
    def attempts(self, run_id: str) -> tuple[Attempt, ...]:
        """Every attempt at the run, in order."""

    @abstractmethod
    def keep_text(self, home_id: str, text: str) -> str:
        """Keep an owner's words outside every log; their digest, keyed with a secret of that owner in this store.

        The same words of the same owner have the same digest.
        """

    @abstractmethod
    def text(self, digest: str) -> str | None:
        """An owner's words by their digest; None where they were forgotten."""

    @abstractmethod
    def texts_of(self, home_id: str) -> tuple[str, ...]:
        """All words kept of one owner, oldest first."""

    @abstractmethod
    def forget(self, home_id: str) -> int:
        """Erase an owner's words and secret from the store and from its files on disk; how many texts there were.

        Digests in logs stay, and can no longer be tied to any words.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of connections and files."""
