"""Log lines of the command line: off by default, on standard error, one a line, without secrets."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from gridpact.cli.app import app
from gridpact.cli.logs import set_up_logs, set_up_spans


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_lines_are_json_or_pairs_and_never_more_than_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("debug,json", verbose=0, as_json=False)
    structlog.get_logger().debug("one", name='two\nlines "quoted"')
    line = capsys.readouterr().err
    assert json.loads(line)["name"] == 'two\nlines "quoted"'
    set_up_logs(None, verbose=1, as_json=False)
    log = structlog.get_logger()
    log.debug("left out")
    log.info("one", name='two\nlines "quoted"')
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "level=info event=one" in line


def test_secrets_are_hidden(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", 'sk-"abc"\ndef')
    for form in ("info", "info,json"):
        set_up_logs(form, verbose=0, as_json=False)
        structlog.get_logger().info("asked", path=Path('/x/sk-"abc"\ndef'), url="https://a:pa@ss@host/")
        line = capsys.readouterr().err
        assert "abc" not in line
        assert "pa@ss" not in line
        assert line.count("[hidden]") == 2


def test_the_louder_of_two_levels_counts(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("error", verbose=2, as_json=False)
    structlog.get_logger().debug("told")
    assert "told" in capsys.readouterr().err


def test_nothing_is_set_up_unless_asked_for() -> None:
    set_up_logs(None, verbose=0, as_json=False)
    set_up_logs("", verbose=0, as_json=False)
    assert not structlog.is_configured()


def test_an_unknown_level_is_refused() -> None:
    done = CliRunner().invoke(app, ["--log-level", "loud", "rules", "list"])
    assert done.exit_code == 2
    assert "debug, info, warning, error" in done.output


def test_start_up_imports_neither_logs_nor_spans() -> None:
    code = (
        "import sys\nfrom gridpact.cli.app import main\nsys.argv = ['gridpact', 'rules', 'list']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print([name for name in ('structlog', 'opentelemetry') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_day_with_lines_keeps_standard_output_for_data(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        app, ["-v", "--log-json", "negotiate", "-q", "--fleet", "1", "--price", "50", "--out", str(tmp_path / "run")]
    )
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [str(tmp_path / "run")]
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert {"stage done", "effect done", "run done", "outcome"} <= {line["event"] for line in lines}


def test_an_exporter_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set_up_spans({}) is None
    assert set_up_spans({"OTEL_TRACES_EXPORTER": "none"}) is None
    assert set_up_spans({"OTEL_TRACES_EXPORTER": "pigeon", "OTEL_SDK_DISABLED": "true"}) is None
    assert "'pigeon'" in str(set_up_spans({"OTEL_TRACES_EXPORTER": "pigeon"}))
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    assert "not installed" in str(set_up_spans({"OTEL_TRACES_EXPORTER": "otlp"}))


def test_spans_go_to_standard_error(tmp_path: Path) -> None:
    code = (
        "import os, sys\nos.environ |= {'OTEL_TRACES_EXPORTER': 'console'}\n"
        f"out = {str(tmp_path / 'r')!r}\n"
        "sys.argv = ['gridpact', 'negotiate', '-q', '--fleet', '1', '--price', '50', '--out', out]\n"
        "from gridpact.cli.app import main\nmain()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout.splitlines() == [str(tmp_path / "r")]
    assert '"gridpact stage negotiation"' in done.stderr
    assert '"service.name": "gridpact"' in done.stderr
