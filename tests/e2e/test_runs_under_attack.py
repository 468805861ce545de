"""`gridpact runs` and `gridpact replay` as a user meets them: going on, other folders, what is refused."""

import hashlib
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from gridpact.cli.app import app
from gridpact.errors import InputError
from gridpact.operation.inputs import DayRequest
from gridpact.operation.system import IntegratedNegotiationSystem
from gridpact.results.plain import canonical
from gridpact.store.archive import write_archive
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
    assert f"Run {run_id} " in gridpact("runs", "show", run_id[:6], "--store", where).stdout
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


def _exported(tmp_path: Path) -> Path:
    where, file = tmp_path / "store.sqlite", tmp_path / "run.zip"
    done = gridpact("negotiate", "-q", "--fleet", 1, "--price", 50, "--store", where, "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    store = open_store(where)
    write_archive(store, store.run_ids()[0], file)
    store.close()
    return file


def test_an_exported_run_with_any_bit_flipped_is_refused_or_the_same(tmp_path: Path) -> None:
    file = _exported(tmp_path)
    content = file.read_bytes()
    with zipfile.ZipFile(file) as archive:
        packed = archive.getinfo("events.jsonl").compress_size
    rng = np.random.default_rng(5)
    # The log is packed: most flips there are found by the unpacking, some only by the chain.
    for place in (*rng.integers(0, packed + 60, 150), *rng.integers(0, len(content), 50)):
        hurt = bytearray(content)
        hurt[place] ^= 1 << int(rng.integers(8))
        file.write_bytes(bytes(hurt))
        done = gridpact("runs", "show", file)
        assert isinstance(done.exception, SystemExit | None), f"byte {place}: {done.exception!r}"
        assert done.exit_code in (0, 2)


@pytest.mark.parametrize(
    ("kind", "part", "value"),
    [
        ("run_started", "payload", []),
        ("run_started", "payload", {"log": 3, "run": "x"}),
        ("inputs_read", "payload", None),
        ("inputs_read", "payload", {"kept": {"request": {}}}),
        ("inputs_read", "payload", {"kept": 5}),
        ("effect_begun", "payload", {}),
        ("effect_done", "payload", "x"),
        ("effect_done", "kind", []),
        ("opportunity_announced", "payload", {}),
        ("files_written", "payload", {"sha256": None}),
        ("run_finished", "payload", {}),
        ("run_finished", "at", "yesterday"),
        ("run_finished", "at", None),
    ],
)
def test_a_forged_log_whose_chain_holds_is_refused_in_words(
    kind: str, part: str, value: object, tmp_path: Path
) -> None:
    file = _exported(tmp_path)
    with zipfile.ZipFile(file) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    rows = [json.loads(line) for line in content["events.jsonl"].splitlines()]
    next(row for row in rows if row["kind"] == kind)[part] = value
    previous = None
    for row in rows:
        del row["hash"]
        row["previous_hash"] = previous
        previous = hashlib.sha256(canonical(row)).hexdigest()
        row["hash"] = previous
    content["events.jsonl"] = b"".join(canonical(row) + b"\n" for row in rows)
    with zipfile.ZipFile(file, "w") as archive:
        for name, each in content.items():
            archive.writestr(name, each)
    for command in (("replay",), ("runs", "show"), ("runs", "verify"), ("trail",)):
        done = gridpact(*command, file)
        assert isinstance(done.exception, SystemExit | None), f"{command}: {done.exception!r}"
    assert gridpact("replay", file).exit_code in (1, 2)


def test_tables_that_another_release_of_parquet_wrote_are_no_divergence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _exported(tmp_path)
    monkeypatch.setattr("gridpact.operation.assembly.pa.__version__", "0.0.1")
    done = gridpact("replay", file)
    assert done.exit_code == 0, done.output
