"""Runs in a store from the command line: killed, gone on with, listed, checked, exported, replayed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gridpact import market
from gridpact.cli.app import app

DAY = ("--fleet", "fleet.csv", "--spec", "terms.yaml", "--price", "400", "--kw", "8")
FLEET = """home_id,battery_capacity_kwh,battery_charge_kw,battery_discharge_kw,battery_soc_fraction,tariff
ash,13.5,5,5,0.8,time_of_use
elm,10,4,4,0.6,wholesale_indexed
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with inputs, whose store is the default one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GRIDPACT_STORE")
    (tmp_path / "fleet.csv").write_text(FLEET)
    (tmp_path / "terms.yaml").write_text("margin: 0.1\n")
    return tmp_path


def call(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def run_id(place: Path) -> str:
    listed = json.loads(call("runs", "list", "--json").stdout)
    return str(listed["runs"][-1]["run_id"])


def test_a_run_is_listed_shown_checked_and_replayed(place: Path) -> None:
    assert call("negotiate", *DAY, "--out", "day", "--quiet").exit_code == 0
    name = run_id(place)
    assert "awarded" in call("runs", "list").stdout
    shown = json.loads(call("runs", "show", name[:4], "--json").stdout)
    assert shown["finished"]
    assert shown["homes"] == 2
    assert shown["effect_open"] is None
    assert shown["attempts"][0]["outcome"] == "finished"
    assert "nothing wrong" in call("runs", "verify", name).stdout
    replayed = call("replay", name, "--out", "again.json")
    assert replayed.exit_code == 0, replayed.output
    assert Path("again.json").read_bytes() == Path("day/result.json").read_bytes()


def test_an_exported_run_replays_elsewhere(place: Path) -> None:
    call("negotiate", *DAY, "--out", "day", "--quiet")
    assert call("runs", "export", run_id(place), "--out", "run.zip").exit_code == 0
    shutil.rmtree("runs")
    Path("fleet.csv").unlink()
    replayed = call("replay", "run.zip", "--out", "again.json")
    assert replayed.exit_code == 0, replayed.output
    assert Path("again.json").read_bytes() == Path("day/result.json").read_bytes()


@pytest.mark.parametrize("member", ["events.jsonl", "books/"])
def test_an_exported_run_that_was_changed_is_refused(member: str, place: Path) -> None:
    call("negotiate", *DAY, "--out", "day", "--quiet")
    call("runs", "export", run_id(place), "--out", "run.zip")
    with zipfile.ZipFile("run.zip") as archive, zipfile.ZipFile("bad.zip", "w") as spoiled:
        for entry in archive.namelist():
            content = bytearray(archive.read(entry))
            if entry.startswith(member):
                content[len(content) // 2] ^= 4
            spoiled.writestr(entry, bytes(content))
    replayed = call("replay", "bad.zip")
    assert replayed.exit_code == 2
    assert "Traceback" not in replayed.output
    assert len([line for line in replayed.stderr.splitlines() if line.startswith("gridpact: ")]) == 1


def test_a_killed_run_goes_on_with_the_same_command(place: Path) -> None:
    calm = call("negotiate", *DAY, "--out", "calm", "--store", "memory", "--quiet")
    assert calm.exit_code == 0
    for wait_s in (0.6, 1.0, 1.4):
        command = [sys.executable, "-m", "gridpact", "negotiate", *DAY, "--out", "day", "--quiet"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(wait_s)
            process.send_signal(signal.SIGKILL)
    done = call("negotiate", *DAY, "--out", "day", "--quiet")
    assert done.exit_code == 0, done.output
    for file in ("result.json", "events.jsonl", "ledger.csv", "dispatch.parquet"):
        assert (place / "day" / file).read_bytes() == (place / "calm" / file).read_bytes()
    assert "nothing wrong" in call("runs", "verify", run_id(place)).stdout


def test_a_run_that_did_not_finish_is_resumed_from_its_log_alone(place: Path) -> None:
    call("negotiate", *DAY, "--out", "day", "--quiet")
    expected = (place / "day" / "result.json").read_bytes()
    name = run_id(place)
    # As a kill would leave it before the market's word: the rows after that never came.
    _cut_off(place / "runs" / "store.sqlite", name, keep=16)
    shutil.rmtree("day")
    Path("fleet.csv").unlink()
    Path("terms.yaml").unlink()
    listed = call("runs", "list").stdout
    assert "not finished" in " ".join(listed.split())
    unfinished = call("replay", name)
    assert unfinished.exit_code == 1
    assert "did not finish" in unfinished.stderr
    resumed = call("runs", "resume", name, "--quiet")
    assert resumed.exit_code == 0, resumed.output
    assert (place / "day" / "result.json").read_bytes() == expected


def test_a_finished_run_answers_from_its_log_and_fresh_begins_anew(place: Path) -> None:
    call("negotiate", *DAY, "--out", "day", "--quiet")
    again = call("negotiate", *DAY, "--out", "elsewhere")
    assert again.exit_code == 0
    assert "going on with run" in again.stderr
    assert (place / "day" / "events.jsonl").read_bytes() == (place / "elsewhere" / "events.jsonl").read_bytes()
    fresh = call("negotiate", *DAY, "--out", "day", "--fresh")
    assert fresh.exit_code == 0
    names = {run["run_id"] for run in json.loads(call("runs", "list", "--json").stdout)["runs"]}
    assert len(names) == 2
    assert any(name.endswith("~1") for name in names)
    assert all(call("replay", name).exit_code == 0 for name in names)


def test_rules_beside_an_opportunity_file_are_kept(place: Path) -> None:
    demo = Path(market.__file__).parent / "profiles" / "demo.yaml"
    (place / "market").mkdir()
    (place / "market" / "mine.yaml").write_text(demo.read_text().replace("name: demo", "name: mine"))
    lines = ("id: evening", "product: energy", "start: 2022-07-13T19:00-05:00", "end: 2022-07-13T20:00-05:00")
    more = ("requested_kw: 8", "reference_price: 400", "rules: mine.yaml")
    (place / "market" / "evening.yaml").write_text("\n".join((*lines, *more)) + "\n")
    done = call("negotiate", "--fleet", "fleet.csv", "--opportunity", "market/evening.yaml", "--out", "day", "--quiet")
    assert done.exit_code == 0, done.output
    name = run_id(place)
    call("runs", "export", name, "--out", "run.zip")
    shutil.rmtree("market")
    for run in (name, "run.zip"):
        replayed = call("replay", run)
        assert replayed.exit_code == 0, replayed.output


def test_an_exported_run_imports_no_code_unless_it_is_trusted(place: Path) -> None:
    own = ("--strategy", "simulation.agents:Retreating")
    assert call("negotiate", *DAY, *own, "--out", "day", "--quiet").exit_code == 0
    name = run_id(place)
    call("runs", "export", name, "--out", "run.zip")
    refused = call("replay", "run.zip")
    assert refused.exit_code == 2
    assert "--trust" in refused.stderr
    assert call("replay", "run.zip", "--trust").exit_code == 0
    assert call("replay", name).exit_code == 0


def test_a_folder_that_was_changed_is_noticed(place: Path) -> None:
    call("negotiate", *DAY, "--out", "day", "--quiet")
    (place / "day" / "ledger.csv").write_text("nothing")
    checked = call("runs", "verify", run_id(place))
    assert checked.exit_code == 1
    assert "ledger.csv is not the file that the run wrote" in checked.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("runs", "list"), "there is no store"),
        (("runs", "show", "abc"), "there is no store"),
        (("replay", "abc"), "there is no store"),
        (("replay", "missing.zip"), "is not there"),
        (("runs", "show", "abc", "--store", "fleet.csv"), "fleet.csv"),
        (("runs", "list", "--store", "redis://here"), "redis"),
        (("negotiate", "--store", "."), "folder"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(words: tuple[str, ...], said: str, place: Path) -> None:
    result = call(*words)
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    lines = [line for line in result.stderr.splitlines() if line.startswith("gridpact: ")]
    assert len(lines) == 1
    assert said in lines[0]


def _cut_off(path: Path, name: str, *, keep: int) -> None:
    """Leave only the first ``keep`` rows of a log, as the store itself writes them."""
    from gridpact.store.opening import open_store

    old = open_store(path)
    entries, books = old.entries(name)[:keep], {}
    place = old.attempts(name)[0].place
    for entry in entries:
        payload = json.loads(entry.line)["payload"]
        for digest in (payload.get("book"), *payload.get("kept", {}).values()):
            if digest:
                books[digest] = old.book(digest)
    began = old.attempts(name)[0].began
    old.close()
    for file in path.parent.glob(f"{path.name}*"):
        os.unlink(file)
    new = open_store(path)
    new.append(name, entries, expected=0, books=books)
    new.begin_attempt(name, began=began, place=place)
    new.close()
