"""Spans and log lines of a day: there where they were set up, with nothing private, and nothing where they were not."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from structlog.testing import LogCapture

from gridpact.flexibility.model import Tally
from gridpact.operation.inputs import DayRequest
from gridpact.operation.runs import replay_run
from gridpact.operation.system import IntegratedNegotiationSystem
from gridpact.operation.telemetry import watchers
from gridpact.store.memory import MemoryStore
from gridpact.store.opening import open_store

DAY = DayRequest(price=120.0, drop_outs=("cedar@before",))


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    yield exporter
    provider.shutdown()


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    capture = LogCapture()
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, capture])
    yield capture.entries
    structlog.reset_defaults()


def named(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in exporter.get_finished_spans() if span.name == name]


def test_nobody_watches_where_nothing_was_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not structlog.is_configured()
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")
    monkeypatch.setattr(trace, "get_tracer_provider", trace.ProxyTracerProvider)
    assert watchers() == ()
    monkeypatch.delitem(sys.modules, "opentelemetry.trace")
    monkeypatch.delitem(sys.modules, "structlog")
    assert watchers() == ()
    assert "opentelemetry.trace" not in sys.modules
    assert "structlog" not in sys.modules


def test_the_sdk_can_be_switched_off(spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(watchers()) == 1
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert watchers() == ()


def test_spans_of_a_day(spans: InMemorySpanExporter, tmp_path: Path) -> None:
    store = MemoryStore()
    folder = IntegratedNegotiationSystem(store=store).run(DAY, out=tmp_path / "run")
    (run,) = named(spans, "gridpact run")
    run_id = folder.result["run"]["id"]
    (opportunity,) = [each["id"] for each in folder.result["opportunities"]]
    assert dict(run.attributes or {}) == {
        "gridpact.run.id": run_id,
        "gridpact.homes": 6,
        "gridpact.opportunity.ids": (opportunity,),
    }
    found = spans.get_finished_spans()
    by_id = {span.context.span_id: span for span in found if span.context is not None}
    above = {span.name: by_id[span.parent.span_id].name for span in found if span.parent is not None}
    assert above["gridpact stage negotiation"] == "gridpact run"
    assert above["gridpact stage report"] == "gridpact run"
    assert above["gridpact effect formation"] == "gridpact stage formation"
    assert len(named(spans, "gridpact effect formation")) == 2
    (formation,) = named(spans, "gridpact stage formation")
    assert (formation.attributes or {})["gridpact.opportunity.id"] == opportunity
    told = str([(span.name, dict(span.attributes or {}), span.events) for span in found])
    assert not any(home in told for home in folder.table("fleet")["home_id"])
    spans.clear()
    replay_run(store, run_id)
    hows = {(span.attributes or {})["gridpact.effect.how"] for span in named(spans, "gridpact effect homes")}
    assert hows == {"from the log"}


def test_a_failing_span_tells_the_kind_of_error_only(spans: InMemorySpanExporter) -> None:
    (watcher,) = watchers()
    with pytest.raises(ValueError, match="maple"), watcher.stage("fleet", ""):
        raise ValueError("maple said no")
    (span,) = spans.get_finished_spans()
    assert (span.status.status_code.name, span.status.description, len(span.events)) == ("ERROR", "ValueError", 0)


def test_lines_of_a_day(lines: list[Any], tmp_path: Path) -> None:
    folder = IntegratedNegotiationSystem().run(DAY, out=tmp_path / "run")
    events = [line["event"] for line in lines]
    assert events.count("run done") == 1
    assert events.count("effect begun") == events.count("effect done") == 6
    assert "member dropped out" in events
    assert {line["run"] for line in lines} == {folder.result["run"]["id"]}
    done = [line for line in lines if line["event"] == "effect done"]
    assert all(line["seconds"] >= 0 and line["how"] == "done" for line in done)
    stages = [line.get("stage") for line in done]
    assert stages == ["baseline", "flexibility", "formation", "formation", None, "dispatch"]
    assert not any(home in str(lines) for home in folder.table("fleet")["home_id"])


def test_an_effect_that_a_crash_interrupted_is_told_as_retried(lines: list[Any], tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "store.sqlite"))

    class Fails:
        """A model that is interrupted once it is asked."""

        tally = Tally()

        def baselines(self, homes: object) -> Any:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        IntegratedNegotiationSystem(model=Fails(), store=store).run(DAY, out=tmp_path / "run")  # type: ignore[arg-type]
    failed = [line for line in lines if line["event"].endswith("failed")]
    assert {line["error"] for line in failed} == {"KeyboardInterrupt"}
    lines.clear()
    IntegratedNegotiationSystem(store=store).run(DAY, out=tmp_path / "run")
    store.close()
    (retried,) = [line for line in lines if line["event"] == "effect retried"]
    assert (retried["effect"], retried["log_level"]) == ("homes/1", "warning")


def test_fallbacks_are_told(lines: list[Any]) -> None:
    (watcher,) = watchers()
    watcher.noticed(
        "replaced_by_policy",
        {"opportunity_id": "e", "round": 1, "what": "ask", "strategy": "s", "reason": "r", "home_ids": ["oak", "elm"]},
    )
    watcher.noticed("coalition_formed", {"opportunity_id": "e", "method": "fallback", "status": "time_limit"})
    watcher.noticed("coalition_formed", {"opportunity_id": "e", "method": "optimal", "status": "optimal"})
    watcher.noticed("dispatched", {"problems_by_highs": 2, "problems_solved": 17})
    assert [line["event"] for line in lines] == [
        "fallback: built-in policy",
        "fallback: simpler coalition",
        "fallback: second solver",
    ]
    assert lines[0]["homes"] == 2
    assert "oak" not in str(lines)
