"""Log lines and spans of the command line: off unless asked for, on standard error, without secrets."""

import sys
from collections.abc import Mapping
from typing import Any

LEVELS = ("debug", "info", "warning", "error")


def set_up_logs(level: str | None, *, verbose: int, as_json: bool) -> None:
    """Have log lines written from ``level`` up; nothing is imported or written where none is asked for.

    Args:
        level: one of ``LEVELS``, with ``,json`` behind it for JSON lines.
        verbose: how often ``-v`` was given: once for info, twice for debug.
        as_json: one JSON object a line instead of ``key=value`` pairs.

    Raises:
        InputError: the level is not known.
    """
    word, _, form = (level or "").strip().lower().partition(",")
    if not word and not verbose and not as_json and not form:
        return
    from gridpact.errors import InputError

    if word not in ("", *LEVELS) or form.strip() not in ("", "json"):
        raise InputError(f"log level {level!r} is not one of {', '.join(LEVELS)} (in GRIDPACT_LOG also info,json)")
    import structlog

    from gridpact.operation.redaction import redact_event

    asked = word or "info"
    if verbose:
        asked = min(asked, "debug" if verbose > 1 else "info", key=LEVELS.index)
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json or form.strip() == "json"
        else structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], bool_as_flag=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redact_event,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(asked),
        logger_factory=structlog.PrintLoggerFactory(_StandardError()),  # type: ignore[arg-type]
        cache_logger_on_first_use=False,
    )


class _StandardError:
    """Standard error as it is when a line is written, so that live progress can make room for it."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def set_up_spans(environment: Mapping[str, str]) -> str | None:
    """Have spans exported as ``OTEL_TRACES_EXPORTER`` asks, where nobody set up a tracer provider; else do nothing.

    Returns:
        What is in the way, in words; None where all is well or nothing was asked for.
    """
    names = [name.strip().lower() for name in environment.get("OTEL_TRACES_EXPORTER", "").split(",")]
    names = [name for name in names if name not in ("", "none")]
    if not names or environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    try:
        from opentelemetry import trace
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        return "OTEL_TRACES_EXPORTER is set, but OpenTelemetry is not installed; pip install 'gridpact[opentelemetry]'"
    if not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return None
    named = environment.get("OTEL_SERVICE_NAME") or "service.name=" in environment.get("OTEL_RESOURCE_ATTRIBUTES", "")
    provider = TracerProvider(resource=Resource.create(None if named else {"service.name": "gridpact"}))
    for name in names:
        try:
            exporter = _exporter(name, environment)
        except Exception as problem:  # an exporter's own settings
            return f"the exporter {name} of OTEL_TRACES_EXPORTER cannot be used: {type(problem).__name__}"
        if exporter is None:
            return f"OTEL_TRACES_EXPORTER names {name!r}, and no such exporter is installed; spans are not exported"
        provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return None


def _exporter(name: str, environment: Mapping[str, str]) -> Any:
    from importlib.metadata import entry_points

    if name == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        # Standard output is data.
        return ConsoleSpanExporter(out=sys.stderr)
    protocol = environment.get("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
    wanted = (name, f"otlp_proto_{protocol.partition('/')[0]}") if name == "otlp" else (name,)
    for each in wanted:
        for entry in entry_points(group="opentelemetry_traces_exporter", name=each):
            return entry.load()()
    return None
