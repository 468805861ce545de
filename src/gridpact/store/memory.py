"""A store that lives as long as its process."""

import hmac
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from threading import Lock

from gridpact.errors import CorruptLogError, EventConflictError, StoreError
from gridpact.store.base import Attempt, Entry, Store, checked, checked_name, encoded, moment_in_utc


class MemoryStore(Store):
    """For runs that leave nothing but their folder, and for tests."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._logs: dict[str, list[Entry]] = {}
        self._keys: dict[str, set[str]] = {}
        self._books: dict[str, bytes] = {}
        self._attempts: dict[str, list[Attempt]] = {}
        self._writing: set[str] = set()
        self._secrets: dict[str, bytes] = {}
        self._texts: dict[str, dict[str, str]] = {}

    @property
    def name(self) -> str:
        """See `Store`."""
        return "memory"

    def run_ids(self) -> tuple[str, ...]:
        """See `Store`."""
        return tuple(self._logs)

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
        with self._lock:
            log, known = self._logs.get(run_id, []), self._keys.get(run_id, set())
            if len(log) != expected:
                raise EventConflictError(
                    f"the log of run {run_id} has {len(log)} rows, not {expected}: another process wrote"
                )
            keys = [entry.key for entry in entries if entry.key is not None]
            if len(keys) != len(set(keys)) or not known.isdisjoint(keys):
                raise EventConflictError(f"the log of run {run_id} holds one of the new rows' keys already")
            for digest, content in (books or {}).items():
                self._books.setdefault(digest, bytes(content))
            self._logs.setdefault(run_id, log).extend(entries)
            self._keys.setdefault(run_id, known).update(keys)

    def length(self, run_id: str) -> int:
        """See `Store`."""
        return len(self._logs.get(run_id, ()))

    def entries(self, run_id: str, *, start: int = 0) -> tuple[Entry, ...]:
        """See `Store`."""
        if start < 0:
            raise StoreError(f"a log has no row {start}")
        return tuple(self._logs.get(run_id, ())[start:])

    def book(self, digest: str) -> bytes:
        """See `Store`."""
        if digest not in self._books:
            raise CorruptLogError(f"{self.name}: book {digest[:12]} is missing")
        return self._books[digest]

    @contextmanager
    def writing(self, run_id: str) -> Iterator[None]:
        """See `Store`."""
        checked_name(run_id, what="a run's id")
        with self._lock:
            if run_id in self._writing:
                raise EventConflictError(
                    f"run {run_id} of the store in memory is being written by this process; wait until it ends"
                )
            self._writing.add(run_id)
        try:
            yield
        finally:
            self._writing.discard(run_id)

    def set_aside(self, run_id: str) -> str:
        """See `Store`."""
        number = 1
        while f"{run_id}~{number}" in self._logs or f"{run_id}~{number}" in self._attempts:
            number += 1
        aside = f"{run_id}~{number}"
        if run_id not in self._logs:
            raise StoreError(f"the store has no run {run_id}")
        self._logs = {aside if name == run_id else name: log for name, log in self._logs.items()}
        self._keys[aside] = self._keys.pop(run_id)
        if run_id in self._attempts:
            self._attempts[aside] = self._attempts.pop(run_id)
        return aside

    def begin_attempt(self, run_id: str, *, began: datetime, place: str) -> int:
        """See `Store`."""
        checked_name(run_id, what="a run's id")
        moment = moment_in_utc(began, what="the beginning of an attempt")
        known = self._attempts.setdefault(run_id, [])
        known.append(Attempt(number=len(known) + 1, began=moment, ended=None, outcome=None, place=place))
        return len(known)

    def end_attempt(self, run_id: str, number: int, *, ended: datetime, outcome: str) -> None:
        """See `Store`."""
        moment = moment_in_utc(ended, what="the end of an attempt")
        known = self._attempts.get(run_id, [])
        if not 1 <= number <= len(known):
            raise StoreError(f"run {run_id} has no attempt {number}")
        known[number - 1] = replace(known[number - 1], ended=moment, outcome=outcome)

    def attempts(self, run_id: str) -> tuple[Attempt, ...]:
        """See `Store`."""
        return tuple(self._attempts.get(run_id, ()))

    def keep_text(self, home_id: str, text: str) -> str:
        """See `Store`."""
        checked_name(home_id, what="a home's id")
        words = encoded(text)
        secret = self._secrets.setdefault(home_id, secrets.token_bytes(32))
        digest = hmac.new(secret, words, "sha256").hexdigest()
        self._texts.setdefault(home_id, {})[digest] = text
        return digest

    def text(self, digest: str) -> str | None:
        """See `Store`."""
        return next((texts[digest] for texts in self._texts.values() if digest in texts), None)

    def texts_of(self, home_id: str) -> tuple[str, ...]:
        """See `Store`."""
        return tuple(self._texts.get(home_id, {}).values())

    def forget(self, home_id: str) -> int:
        """See `Store`."""
        self._secrets.pop(home_id, None)
        return len(self._texts.pop(home_id, {}))

    def close(self) -> None:
        """See `Store`."""
