"""A store in which things go wrong when a seed says so: crashes, full disks, lost acknowledgements, flipped bits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from gridpact.errors import EventConflictError, StoreError
from gridpact.store.base import Entry, Store


class Crash(BaseException):
    """The process ends here: no handler may run anything that matters."""


class FaultKind(StrEnum):
    """What goes wrong around one write."""

    KILLED_BEFORE = "killed before the write"
    KILLED_AFTER = "killed after the write"
    DISK_FULL = "the disk is full"
    ACKNOWLEDGEMENT_LOST = "written, but reported as failed"
    ROW_FLIPPED = "a bit of a row flips before the log is opened again"
    BOOK_FLIPPED = "a bit of a book flips before the log is opened again"


@dataclass(slots=True)
class FaultyStore:
    """Passes everything on to ``inner``, except where ``faults`` says otherwise; dead after a crash until `reopen`."""

    inner: Store
    faults: Mapping[int, FaultKind] = field(default_factory=dict)
    """By number of the write, from 1, over all attempts."""
    seen: Callable[[str, Sequence[Entry]], None] = lambda run_id, entries: None
    """Told of every row that has become durable."""
    writes: int = 0
    happened: list[FaultKind] = field(default_factory=list)
    dead: bool = False
    flipped: FaultKind | None = None
    """What reads wrong until it is noticed."""

    def __getattr__(self, name: str) -> Any:
        if self.dead and name not in ("writing",):
            raise Crash
        return getattr(self.inner, name)

    def reopen(self) -> None:
        """A new process."""
        self.dead = False

    def append(
        self, run_id: str, entries: Sequence[Entry], *, expected: int, books: Mapping[str, bytes] | None = None
    ) -> None:
        """Write, unless this is the write at which something goes wrong."""
        if self.dead:
            raise Crash
        self.writes += 1
        if self.writes % 4 == 0:
            self._intrude(run_id)
        fault = self.faults.get(self.writes)
        if fault is not None:
            self.happened.append(fault)
        if fault is FaultKind.KILLED_BEFORE:
            self._die()
        if fault is FaultKind.DISK_FULL:
            raise StoreError("the disk is full")
        self.inner.append(run_id, entries, expected=expected, books=books)
        self.seen(run_id, entries)
        if fault is FaultKind.KILLED_AFTER:
            self._die()
        if fault is FaultKind.ACKNOWLEDGEMENT_LOST:
            raise StoreError("the connection was lost; whether the write was done is not known")
        if fault in (FaultKind.ROW_FLIPPED, FaultKind.BOOK_FLIPPED):
            self.flipped = fault
            self._die()

    def entries(self, run_id: str, *, start: int = 0) -> tuple[Entry, ...]:
        """Rows, one of them damaged where a bit flipped."""
        if self.dead:
            raise Crash
        found = self.inner.entries(run_id, start=start)
        if self.flipped is FaultKind.ROW_FLIPPED and found:
            place = self.writes % len(found)
            line = bytearray(found[place].line)
            line[(self.writes * 7919) % len(line)] ^= 1 << (self.writes % 7)
            damaged = Entry(line=bytes(line), key=found[place].key)
            return (*found[:place], damaged, *found[place + 1 :])
        return found

    def book(self, digest: str) -> bytes:
        """A book; as it is, since a store checks it against its digest (`test_store_faults` flips those bits)."""
        if self.dead:
            raise Crash
        content = self.inner.book(digest)
        if self.flipped is FaultKind.BOOK_FLIPPED:
            from gridpact.store.base import checked

            damaged = bytearray(content)
            damaged[(self.writes * 7919) % len(damaged)] ^= 1 << (self.writes % 7)
            return checked(digest, bytes(damaged), source=self.inner.name)
        return content

    def _intrude(self, run_id: str) -> None:
        """Another process tries to write the same run."""
        try:
            with self.inner.writing(run_id):
                raise AssertionError("two writers of one run at a time")
        except EventConflictError:
            pass

    def _die(self) -> None:
        self.dead = True
        raise Crash


def draw_faults(rng: np.random.Generator, *, writes: int) -> dict[int, FaultKind]:
    """Up to four faults among the first ``writes`` writes; none for a third of the seeds."""
    if rng.random() < 1 / 3:
        return {}
    count = int(rng.integers(1, 5))
    kinds = list(FaultKind)
    return {int(rng.integers(1, writes + 1)): kinds[int(rng.integers(len(kinds)))] for _ in range(count)}
