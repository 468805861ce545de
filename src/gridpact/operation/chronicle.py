"""What a run writes down as it goes: events in simulated time, and how long each stage took."""

import platform
import resource
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from gridpact.errors import StoreError
from gridpact.operation.telemetry import Watcher, watchers
from gridpact.results.events import TALKS_BEFORE_GATE as TALKS_BEFORE_GATE
from gridpact.results.events import EventKind
from gridpact.store.book import Book
from gridpact.store.journal import Effect, Journal

T = TypeVar("T")


@dataclass(slots=True)
class Chronicle:
    """Event log and stop-watch of one run. Simulated time never runs backward."""

    log: Journal = field(default_factory=Journal)
    timings_s: dict[str, float] = field(default_factory=dict)
    model_latency_s: float = 0.0
    """Time spent waiting for a language model [s]."""
    now: datetime | None = None
    watchers: tuple[Watcher, ...] = field(default_factory=watchers)

    def note(self, kind: EventKind | str, *, at: datetime, payload: Mapping[str, Any]) -> None:
        """Append an event at ``at``, or at the latest event's time if that is later."""
        self.now = at if self.now is None else max(self.now, at)
        self.log.append(kind, at=self.now, payload=payload)
        if len(self.log) > self.log.recorded:
            for watcher in self.watchers:
                watcher.noticed(str(kind), payload)

    def effect(
        self, effect: Effect, do: Callable[[], T], *, encode: Callable[[T], Book], decode: Callable[[Book], T]
    ) -> T:
        """What comes of ``effect`` at the latest event's time, see `Journal.effect`."""
        if self.now is None:
            raise StoreError("a run's first row is its start, not an effect")
        place = len(self.log)
        how = "from the log" if place + 1 < self.log.recorded else "done again" if place < self.log.recorded else "done"
        with ExitStack() as stack:
            for watcher in self.watchers:
                stack.enter_context(watcher.effect(effect.key, effect.what, how))
            return self.log.effect(effect, do, at=self.now, encode=encode, decode=decode)

    @contextmanager
    def stage(self, name: str, *, about: str = "") -> Iterator[None]:
        """Add the time that the block takes to stage ``name``; ``about`` is the opportunity that it is for, if any."""
        begun = time.perf_counter()
        try:
            with ExitStack() as stack:
                for watcher in self.watchers:
                    stack.enter_context(watcher.stage(name, about))
                yield
        finally:
            self.timings_s[name] = self.timings_s.get(name, 0.0) + time.perf_counter() - begun

    def performance(self) -> dict[str, Any]:
        """Content of ``performance.json``: stage timings [s], peak memory [MiB], machine."""
        return {
            "stages_s": {name: round(seconds, 4) for name, seconds in self.timings_s.items()},
            "total_s": round(sum(self.timings_s.values()), 4),
            "peak_memory_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
            "model_latency_s": round(self.model_latency_s, 4),
            "machine": {
                "system": platform.system(),
                "machine": platform.machine(),
                "python": platform.python_version(),
            },
        }
