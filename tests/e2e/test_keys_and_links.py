"""Keys of the environment are nowhere in what a run leaves or says; links planted in folders lead nowhere."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from audit.spoiling import Folder
from gridpact.errors import InputError
from gridpact.market.opportunities import read_opportunities
from gridpact.operation.fetch import FetchFailedError, FetchRequest, fetch_prices
from gridpact.operation.inputs import DayRequest, prepare_day
from gridpact.operation.redaction import redact, redact_event, secrets_of
from gridpact.results.run_folder import RunFolder, check_destination
from gridpact_audit.audit import audit
from settled_run import event_log, run_files

PLANTED = {
    "GEMINI_API_KEY": "planted-gemini-4711",
    "GOOGLE_API_KEY": "planted-google-4712",
    "OPENAI_API_KEY": "sk-planted-openai-4713",
    "ANTHROPIC_API_KEY": "sk-ant-planted-4714",
    "DATABASE_URL": "postgresql://operator:planted-pass%2F4715@db.example/runs",
}
MARKS = (*list(PLANTED.values())[:4], "planted-pass", "pass/4715", "planted")
RAISING = """
import os
from gridpact.negotiation.strategy import Strategy

class Mine(Strategy):
    def asks(self, context):
        raise RuntimeError("request failed")
"""


def run_command(folder: Path, *arguments: str, environ: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "gridpact", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{os.environ['PYTHONPATH']}{os.pathsep}{folder}", **environ},
        capture_output=True,
        check=False,
        timeout=300,
    )


@pytest.mark.parametrize("place", ["environment", ".env"])
def test_no_byte_of_a_key_is_left_anywhere(place: str, tmp_path: Path) -> None:
    environ = PLANTED if place == "environment" else {}
    if place == ".env":
        (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in PLANTED.items()))
    (tmp_path / "mine.py").write_text(RAISING)
    (tmp_path / "o.yaml").write_text("id: [1\n")
    day = ("negotiate", "--price", "120", "--kw", "10", "--hours", "1")
    runs = [
        (0, run_command(tmp_path, *day, "--out", "run", environ=environ)),
        (0, run_command(tmp_path, *day, "--out", "run2", "--json", environ=environ)),
        (2, run_command(tmp_path, "negotiate", "--opportunity", "o.yaml", environ=environ)),
        (None, run_command(tmp_path, *day, "--strategy", "mine:Mine", "--out", "run3", environ=environ)),
        (0, run_command(tmp_path, "verify", "run", "--json", environ=environ)),
    ]
    said = b""
    for code, done in runs:
        assert code is None or done.returncode == code, done.stderr
        said += done.stdout + done.stderr
    written = [item for item in tmp_path.rglob("*") if item.is_file() and item.name not in (".env", "mine.py")]
    assert {"report.html", "performance.json", "events.jsonl"} <= {item.name for item in written}
    for mark in MARKS:
        assert mark.encode() not in said
        assert not [item for item in written if mark.encode() in item.read_bytes()]


def test_messages_of_other_programs_lose_their_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in PLANTED.items():
        monkeypatch.setenv(name, value)
    python = tmp_path / "python"
    python.write_text(
        f"#!{sys.executable}\nimport os, sys\nsys.exit('GET https://x.example/?key=' + os.environ['OPENAI_API_KEY'])\n"
    )
    python.chmod(0o755)
    request = FetchRequest(iso="caiso", dataset="lmp", start="2023-08-14", end="2023-08-15", python=python)
    with pytest.raises(FetchFailedError, match=r"key=\[hidden\]"):
        fetch_prices(request, out=tmp_path / "out.csv")


def test_what_counts_as_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    assert secrets_of(PLANTED) == tuple(
        sorted((*list(PLANTED.values())[:4], "planted-pass%2F4715", "planted-pass/4715"), key=lambda s: (-len(s), s))
    )
    assert secrets_of({"HOME": "/home/planted", "API_KEY": "short", "MONKEYS": "planted-zoo", "URL": "http://[@"}) == ()
    assert redact("a planted-gemini-4711 b", PLANTED) == "a [hidden] b"
    event = {"event": "asked", "url": "x?key=planted", "inner": {"deep": ["planted"]}, "n": 3}
    monkeypatch.setenv("TEST_PLANTED_TOKEN", "planted")
    found = redact_event(None, "info", event)
    assert found == {"event": "asked", "url": "x?key=[hidden]", "inner": {"deep": ["[hidden]"]}, "n": 3}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    files = run_files(tmp_path / "run")
    return files.write(events=event_log(files).to_jsonl(), performance={}, report_html="<html></html>").path


@pytest.mark.parametrize("file", ["result.json", "fleet.parquet", "private/reservations.parquet", "private"])
@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_planted_links_and_pipes_are_not_read(run: Path, file: str, kind: str, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    shutil.move(run / file, outside)
    if kind == "link":
        (run / file).symlink_to(outside)
    else:
        os.mkfifo(run / file)
    name = "private/reservations.parquet" if file == "private" else file
    with pytest.raises(InputError, match="is a link|is a pipe|cannot be read|not a whole"):
        RunFolder(run).read(name)
    report = audit(run)
    assert not report.holds
    assert any(problem.file == name for problem in report.problems)
    if kind == "link" or file == "result.json":  # what is replaced is not read, except to tell that it is a run
        with pytest.raises(InputError, match="is a link|no result"):
            check_destination(run)
    assert outside.exists()


@pytest.mark.parametrize("name", ["../x.json", "/etc/passwd", "private/../result.json", "result.json/../../x", ""])
def test_only_files_of_a_run_are_read(run: Path, name: str) -> None:
    with pytest.raises(InputError, match="a run has no file"):
        RunFolder(run).read(name)


def test_a_planted_link_is_not_put_in_a_runs_place(run: Path, tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    (tmp_path / ".new.old-aaaa").symlink_to(tmp_path / "victim")
    files = run_files(tmp_path / "new")
    files.write(events=event_log(files).to_jsonl(), performance={}, report_html="<html></html>")
    assert not (tmp_path / "new").is_symlink()
    assert list((tmp_path / "victim").iterdir()) == []


OPPORTUNITY = {
    "id": "a",
    "product": "energy",
    "start": "2022-07-13T19:00-05:00",
    "end": "2022-07-13T20:00-05:00",
    "requested_kw": 10,
    "reference_price": 100,
}


@pytest.mark.parametrize("rules", ["/etc/own.yaml", "../own.yaml", "link.yaml", "below/../../own.yaml"])
def test_an_opportunity_names_no_file_outside_its_folder(rules: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "own.yaml").write_text("x")
    (folder / "link.yaml").symlink_to(tmp_path / "own.yaml")
    (folder / "o.json").write_text(json.dumps({**OPPORTUNITY, "rules": rules}))
    with pytest.raises(InputError, match="rules is|not the name of a file inside|is a link"):
        read_opportunities(folder / "o.json")
    assert read_opportunities(folder / "o.json", rules=rules)[0].rules == rules  # the user named it
    (folder / "o.json").write_text(json.dumps({**OPPORTUNITY, "rules": "mine.yaml"}))
    assert read_opportunities(folder / "o.json")[0].rules == str(folder / "mine.yaml")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda r: r.update(run={}), "run.id"),
        (lambda r: r.update(run="x"), "run"),
        (lambda r: r.update(opportunities=[]), "opportunities"),
        (lambda r: r["opportunities"][0].update(start="soon"), "start"),
        (lambda r: r["opportunities"][0].update(start="2022-07-13T19:00"), "start"),
        (lambda r: r["opportunities"][0].update(step_minutes=1e400), "step_minutes|not JSON"),
        (lambda r: r.update(commitments=[{"run": "x"}]), "commitments"),
        (lambda r: r["opportunities"][0].update(rules="/etc/own.yaml"), "covers|rules"),
    ],
)
def test_a_hostile_result_is_a_message(run: Path, spoil: object, words: str) -> None:
    result = json.loads((run / "result.json").read_text())
    spoil(result)  # type: ignore[operator]
    (run / "result.json").write_text(json.dumps(result))
    Folder(run).reseal()
    with pytest.raises(InputError, match=words):
        prepare_day(DayRequest(commitments=(run,), price=120.0))
