"""What services may watch of a run while it runs: log lines by structlog and spans by OpenTelemetry.

Both only where they were set up: structlog by the command line (``--log-level``) or by the program that uses gridpact,
spans by a tracer provider. Where neither is, nothing of them is imported and nothing is done. What is told is picked
here, field by field: names of stages and effects, counts, times. Nothing of an owner's words, and no message of an
error, ever is.
"""

import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, Protocol

from gridpact.results.events import EventKind

Fields = Mapping[str, Any]
_OPPORTUNITY = "opportunity_id"


class Watcher(Protocol):
    """Is told of runs, stages and effects as they begin and end, and of what was not as usual."""

    def run(self, run_id: str, *, homes: int, opportunity_ids: Sequence[str]) -> AbstractContextManager[None]:
        """A run is under way while the block lasts."""

    def stage(self, name: str, about: str) -> AbstractContextManager[None]:
        """A stage is, for the opportunity ``about`` or, where that is empty, for the day."""

    def effect(self, key: str, what: str, how: str) -> AbstractContextManager[None]:
        """An effect is; ``how`` is ``done``, ``done again`` after a crash, or ``from the log``."""

    def noticed(self, kind: str, payload: Fields) -> None:
        """A row was added to the log."""


def watchers() -> tuple[Watcher, ...]:
    """Who watches runs of this process now; nobody where nothing was set up."""
    found: list[Watcher] = []
    structlog = sys.modules.get("structlog")
    if structlog is not None and structlog.is_configured():
        found.append(_Lines(structlog))
    tracer = _tracer()
    if tracer is not None:
        found.append(_Spans(tracer))
    return tuple(found)


@contextmanager
def watched_run(run_id: str, *, homes: int, opportunity_ids: Sequence[str]) -> Iterator[None]:
    """Tell everybody who watches that a run is under way."""
    with ExitStack() as stack:
        for watcher in watchers():
            stack.enter_context(watcher.run(run_id, homes=homes, opportunity_ids=opportunity_ids))
        yield


class _Lines:
    """Log lines: when something began is ``debug``, when it ended ``info``, what was not as usual ``warning``."""

    def __init__(self, structlog: Any) -> None:
        self._bound = structlog.contextvars.bound_contextvars
        self._log = structlog.get_logger("gridpact")

    @contextmanager
    def run(self, run_id: str, *, homes: int, opportunity_ids: Sequence[str]) -> Iterator[None]:
        with self._bound(run=run_id), self._timed("run", homes=homes, opportunities=len(opportunity_ids)):
            yield

    @contextmanager
    def stage(self, name: str, about: str) -> Iterator[None]:
        with self._bound(stage=name, **({"opportunity": about} if about else {})), self._timed("stage"):
            yield

    @contextmanager
    def effect(self, key: str, what: str, how: str) -> Iterator[None]:
        if how == "done again":
            self._log.warning("effect retried", effect=key, what=what)
        with self._timed("effect", effect=key, what=what, how=how):
            yield

    def noticed(self, kind: str, payload: Fields) -> None:
        about = {"opportunity": payload[_OPPORTUNITY]} if _OPPORTUNITY in payload else {}
        match kind:
            case EventKind.REPLACED_BY_POLICY:
                told = {name: payload[name] for name in ("round", "what", "strategy", "reason")}
                self._log.warning("fallback: built-in policy", homes=len(payload["home_ids"]), **told, **about)
            case EventKind.COALITION_FORMED if payload.get("method") == "fallback":
                self._log.warning("fallback: simpler coalition", status=payload.get("status"), **about)
            case EventKind.DISPATCHED if payload.get("problems_by_highs"):
                count, solved = payload["problems_by_highs"], payload["problems_solved"]
                self._log.info("fallback: second solver", homes=count, of=solved)
            case EventKind.MEMBER_DROPPED:
                self._log.warning("member dropped out", **about)
            case EventKind.RUN_FINISHED:
                self._log.info("outcome", outcome=payload.get("outcome"))

    @contextmanager
    def _timed(self, name: str, /, **fields: Any) -> Iterator[None]:
        begun = time.perf_counter()
        self._log.debug(f"{name} begun", **fields)
        try:
            yield
        except BaseException as problem:
            self._log.error(f"{name} failed", **fields, error=type(problem).__name__, seconds=_since(begun))
            raise
        self._log.info(f"{name} done", **fields, seconds=_since(begun))


def _since(begun: float) -> float:
    return round(time.perf_counter() - begun, 4)


class _Spans:
    """A span for each run, in it one for each stage, and in that one for each effect."""

    def __init__(self, tracer: Any) -> None:
        self._tracer = tracer

    def run(self, run_id: str, *, homes: int, opportunity_ids: Sequence[str]) -> AbstractContextManager[None]:
        facts = {
            "gridpact.run.id": run_id,
            "gridpact.homes": homes,
            "gridpact.opportunity.ids": tuple(opportunity_ids),
        }
        return self._span("gridpact run", facts)

    def stage(self, name: str, about: str) -> AbstractContextManager[None]:
        facts = {"gridpact.stage": name, **({"gridpact.opportunity.id": about} if about else {})}
        return self._span(f"gridpact stage {name}", facts)

    def effect(self, key: str, what: str, how: str) -> AbstractContextManager[None]:
        # A key may name a home further on; its first part is the kind of effect.
        kind = key.split("/", maxsplit=1)[0]
        return self._span(f"gridpact effect {kind}", {"gridpact.effect.kind": kind, "gridpact.effect.how": how})

    def noticed(self, kind: str, payload: Fields) -> None:
        """Spans tell only of time."""

    @contextmanager
    def _span(self, name: str, facts: Fields) -> Iterator[None]:
        from opentelemetry.trace import Status, StatusCode

        quiet = {"record_exception": False, "set_status_on_exception": False}
        with self._tracer.start_as_current_span(name, attributes=dict(facts), **quiet) as span:
            try:
                yield
            except BaseException as problem:
                # The message may name homes and files.
                span.set_status(Status(StatusCode.ERROR, type(problem).__name__))
                raise


def _tracer() -> Any:
    """The tracer of a provider that somebody set up; None where nobody did."""
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None or os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    provider = trace.get_tracer_provider()
    return (
        None
        if isinstance(provider, trace.ProxyTracerProvider | trace.NoOpTracerProvider)
        else trace.get_tracer("gridpact")
    )
