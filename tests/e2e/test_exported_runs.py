"""Exported runs that were damaged or forged: refused in words by every command."""

import hashlib
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from gridpact.cli.app import app
from gridpact.results.plain import canonical
from gridpact.store.archive import write_archive
from gridpact.store.opening import open_store


def gridpact(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


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
