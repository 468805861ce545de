"""`gridpact runs` and `gridpact replay` as a user meets them: going on, other folders, what is refused."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gridpact.cli.app import app
from gridpact.errors import InputError
from gridpact.operation.inputs import DayRequest
from gridpact.operation.system import IntegratedNegotiationSystem
from gridpact.store.opening import open_store


def gridpact(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_run_that_was_set_aside_is_replayed_and_not_gone_on_with(tmp_path: Path) -> None:
    where, out = tmp_path / "store.sqlite", tmp_path / "run"
    day = ("negotiate", "-q", "--fleet", 1, "--price", 50, "--store", where, "--out", out)
    assert gridpact(*day).exit_code == 0
    before = {path.name: path.read_bytes() for path in out.glob("*.jsonl")} | {"r": (out / "result.json").read_bytes()}
    assert gridpact(*day, "--fresh").exit_code == 0
    after = {path.name: path.read_bytes() for path in out.glob("*.jsonl")} | {"r": (out / "result.json").read_bytes()}
    assert after == before
    store = open_store(where)
    aside, run_id = store.run_ids()
    store.close()
    assert aside == f"{run_id}~1"
    assert gridpact("replay", aside, "--store", where).exit_code == 0
    assert gridpact("runs", "verify", aside, "--store", where).exit_code == 0
    refused = gridpact("runs", "resume", aside, "--store", where)
    assert refused.exit_code == 2
    assert "was set aside" in refused.stderr


def test_a_folder_whose_name_is_no_text_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    out = Path(os.fsdecode(os.fsencode(tmp_path) + b"/run\xff"))
    done = gridpact("negotiate", "-q", "--fleet", 1, "--store", tmp_path / "store.sqlite", "--out", out)
    assert done.exit_code == 2
    assert "not UTF-8" in done.stderr
    assert not out.exists()


def test_a_file_that_changes_while_it_is_read_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text("margin: 0.01\n")

    def edited() -> bool:
        spec.write_text("margin: 0.50\n")
        return True

    store = open_store(tmp_path / "store.sqlite")
    monkeypatch.setattr("gridpact.operation.system.is_compiled", edited)
    request = DayRequest(fleet="1", price=50.0, spec=spec)
    with pytest.raises(InputError, match="was changed while it was read"):
        IntegratedNegotiationSystem(store=store).run(request, out=tmp_path / "run")
    assert store.run_ids() == ()
    store.close()


def test_a_message_that_comes_after_the_day_does_not_move_its_clock(tmp_path: Path) -> None:
    script, out = tmp_path / "messages.jsonl", tmp_path / "run"
    script.write_text('{"at": "9999-12-31T23:59:59Z", "message": {"kind": "bid"}}\n')
    done = gridpact("negotiate", "-q", "--outside", "maple", "--messages", script, "--store", "memory", "--out", out)
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in (out / "events.jsonl").read_text().splitlines()]
    assert max(row["at"] for row in rows) < "2022-07-15"
    assert [row["payload"]["arrived"] for row in rows if row["kind"] == "message_received"] == [
        "9999-12-31T23:59:59+00:00"
    ]
