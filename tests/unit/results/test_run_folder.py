"""A run folder is there whole or not at all, whatever happens while it is written."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gridpact.errors import CorruptLogError, InputError, MissingDataError, StoreError
from gridpact.results import exchange, run_folder
from gridpact.results.run_folder import RUN_FILES, RunFolder, check_destination, write_folder
from gridpact.settlement.ledger import LEDGER_COLUMNS
from settled_run import event_log, run_files


def save(path, *, seed=0):
    files = run_files(path, seed=seed)
    return files.write(events=event_log(files).to_jsonl(), performance={"baseline_s": 0.1}, report_html="<html></html>")


def contents(seed=0):
    files = run_files(Path("run"), seed=seed)
    sealed = {file: files.read(file) for file in RUN_FILES if file not in run_folder.UNSEALED_FILES}
    return sealed | {"events.jsonl": event_log(files).to_jsonl(), "performance.json": b"{}", "report.html": b"<html>"}


def bytes_of(path):
    return {item.relative_to(path).as_posix(): item.read_bytes() for item in sorted(path.rglob("*")) if item.is_file()}


def leftovers(parent):
    return [item.name for item in parent.iterdir() if ".tmp-" in item.name or ".old-" in item.name]


def test_round_trip(tmp_path):
    folder = save(tmp_path / "deep" / "run")
    assert sorted(bytes_of(folder.path)) == sorted(RUN_FILES)
    again = RunFolder.open(str(folder.path))
    assert again.result["outcome"] == "awarded"
    assert again.result_json() == run_files(folder.path).result_json()
    assert list(again.table("coalition")["home_id"]) == ["h1", "h2"]
    assert list(again.ledger()["amount_microusd"]) == [-480_000, 480_000]
    assert again.ledger()["memo"][0] == "2.000 kW, 2 h, at 120.00"
    assert again.ledger()["home_id"][0] == ""
    assert again.events()[-1]["kind"] == "run_finished"
    assert again.performance() == {"baseline_s": 0.1}
    assert len(again.reservations()) == 0
    again.check_seals()
    assert leftovers(folder.path.parent) == []


def test_same_run_same_bytes(tmp_path):
    first, second = save(tmp_path / "one"), save(tmp_path / "two")
    assert bytes_of(first.path) == bytes_of(second.path)


def test_existing_run_is_replaced_and_empty_folder_used(tmp_path):
    (tmp_path / "run").mkdir()
    save(tmp_path / "run", seed=1)
    (tmp_path / "run" / ".DS_Store").write_bytes(b"")
    folder = save(tmp_path / "run", seed=2)
    assert folder.result["run"]["seed"] == 2
    assert sorted(bytes_of(folder.path)) == sorted(RUN_FILES)
    assert leftovers(tmp_path) == []


def test_two_step_replacement_where_the_system_cannot_exchange(tmp_path, monkeypatch):
    monkeypatch.setattr(exchange, "_exchange", lambda one, other: False)
    save(tmp_path / "run", seed=1)
    assert save(tmp_path / "run", seed=2).result["run"]["seed"] == 2
    assert leftovers(tmp_path) == []


def test_two_step_replacement_puts_back(tmp_path, monkeypatch):
    save(tmp_path / "run", seed=1)
    before = bytes_of(tmp_path / "run")
    monkeypatch.setattr(exchange, "_exchange", lambda one, other: False)
    rename, calls = os.rename, []

    def failing(source, target):
        calls.append(source)
        if len(calls) == 3:
            raise OSError(errno.EIO, "Input/output error")
        rename(source, target)

    monkeypatch.setattr(exchange.os, "rename", failing)
    with pytest.raises(StoreError, match="Input/output error; nothing was changed"):
        save(tmp_path / "run", seed=2)
    assert bytes_of(tmp_path / "run") == before
    assert leftovers(tmp_path) == []


def test_run_set_aside_by_a_killed_replacement_comes_back(tmp_path):
    save(tmp_path / "run", seed=1)
    (tmp_path / "run").rename(tmp_path / ".run.old-0123456789ab")
    with pytest.raises(MissingDataError, match=r"lies in .*\.run\.old-0123456789ab"):
        RunFolder.open(tmp_path / "run")
    save(tmp_path / "run", seed=2)
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("name", ["notes.txt", "private/diary.txt", "deeper/result.json"])
def test_foreign_content_is_never_touched(tmp_path, name):
    save(tmp_path / "run")
    (tmp_path / "run" / name).parent.mkdir(exist_ok=True)
    (tmp_path / "run" / name).write_text("mine", encoding="utf-8")
    before = bytes_of(tmp_path / "run")
    with pytest.raises(InputError, match="which is no file of a run; nothing was written"):
        save(tmp_path / "run", seed=2)
    assert bytes_of(tmp_path / "run") == before


def test_destinations_that_are_not_a_runs(tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="is a file"):
        check_destination(tmp_path / "file")
    with pytest.raises(InputError, match="cannot be used"):
        check_destination(tmp_path / "bad\0name")
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "ledger.csv").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match=r"no result\.json of a run"):
        check_destination(tmp_path / "half")
    (tmp_path / "half" / "result.json").write_text('{"schema": "other/1"}', encoding="utf-8")
    with pytest.raises(InputError, match=r"no result\.json of a run"):
        check_destination(tmp_path / "half")
    with pytest.raises(InputError, match="no file of a run"):
        check_destination("/")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(InputError, match="cannot be used"):
        check_destination(tmp_path / "loop")
    check_destination(tmp_path / "new" / "run")
    assert not (tmp_path / "new").exists()


def test_link_to_a_folder_is_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "result.json").exists()


def test_parent_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises((StoreError, InputError)):
        save(tmp_path / "file" / "run")


def test_files_must_be_the_contracts(tmp_path):
    with pytest.raises(StoreError, match=r"needs the files .*ledger\.csv.* does not know \['x'\]"):
        write_folder(tmp_path / "run", {"result.json": b"{}", "x": b""})
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("existing", [True, False])
def test_full_disk_changes_nothing(tmp_path, monkeypatch, number, existing):
    if existing:
        save(tmp_path / "run", seed=1)
    before = bytes_of(tmp_path)
    written = []

    def full(handle):
        written.append(handle)
        if len(written) == 5:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(run_folder.os, "fsync", full)
    message = "could not be written" if number == errno.EIO else "the disk is full"
    with pytest.raises(StoreError, match=message):
        save(tmp_path / "run", seed=2)
    assert bytes_of(tmp_path) == before
    assert leftovers(tmp_path) == []


def test_really_full_disk(tmp_path):
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        pytest.skip("mounting a tiny file system needs root")
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run([mount, "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], capture_output=True).returncode:
        pytest.skip("a tiny file system cannot be mounted here")
    try:
        with pytest.raises(StoreError, match="the disk is full"):
            write_folder(small / "run", contents() | {"report.html": b"x" * 100_000})
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_folder_that_cannot_be_written():
    with pytest.raises(StoreError, match="nothing was changed there"):
        save(Path("/proc/gridpact/run"))


def test_interrupt_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(new, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(exchange, "into_place", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = [{tests!r}, {source!r}]
from gridpact.results import exchange, run_folder
from test_run_folder import contents
count, at = 0, int(sys.argv[2])
def die_in_time(real):
    def counted(*given, **named):
        global count
        count += 1
        if count == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*given, **named)
    return counted
class Deadly:
    fsync, rename = staticmethod(die_in_time(os.fsync)), staticmethod(die_in_time(os.rename))
    def __getattr__(self, name):
        return getattr(os, name)
run_folder.os = exchange.os = Deadly()
exchange._exchange = die_in_time(exchange._exchange)
run_folder.shutil.rmtree = die_in_time(run_folder.shutil.rmtree)
run_folder.write_folder(Path(sys.argv[1]), contents(2))
"""


SAMPLED = (3, 17, 18, 19, 20)
"""Of 14 files and 2 folders flushed, a rename tried, the exchange, the parent flushed, the old folder removed."""


@pytest.mark.parametrize(
    "at", [at if at in SAMPLED else pytest.param(at, marks=pytest.mark.deep) for at in range(1, 22)]
)
def test_killed_at_any_moment(tmp_path, at):
    save(tmp_path / "run", seed=1)
    here = Path(__file__).resolve()
    script = KILLED.format(tests=str(here.parents[2]), source=str(here.parents[3] / "src"))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here.parent), str(here.parents[2])])}
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "run"), str(at)], capture_output=True, text=True, env=environment
    )
    assert done.returncode in (-signal.SIGKILL, 0), done.stderr
    folder = RunFolder.open(tmp_path / "run")
    folder.check_seals()
    assert folder.result["run"]["seed"] == (1 if at <= 18 else 2)
    assert sorted(bytes_of(folder.path)) == sorted(RUN_FILES)
    save(tmp_path / "run", seed=3)


def test_what_killed_runs_left_is_removed_after_a_day(tmp_path):
    for name, age in ((".run.tmp-old", 90_000), (".run.tmp-new", 60), (".other.tmp-old", 90_000)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "result.json").write_text("{}", encoding="utf-8")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    save(tmp_path / "run")
    assert sorted(leftovers(tmp_path)) == [".other.tmp-old", ".run.tmp-new"]


def test_reading_what_is_not_a_run(tmp_path):
    with pytest.raises(MissingDataError, match="is not a folder"):
        RunFolder.open(tmp_path / "none")
    with pytest.raises(MissingDataError, match=r"result\.json is missing"):
        RunFolder.open(tmp_path)
    result = tmp_path / "result.json"
    for text, message in (
        ("{", "is not JSON"),
        ("[]", "has schema None"),
        ('{"schema": "gridpact.result/9"}', "this version of gridpact reads 'gridpact.result/1'"),
        ('{"schema": "gridpact.result/1"}', "lacks run, opportunities"),
        ("[" * 100_000, "is not JSON"),
    ):
        result.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=message):
            RunFolder.open(tmp_path)
    result.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="is not JSON"):
        RunFolder.open(tmp_path)


def test_damage_is_named(tmp_path):
    folder = save(tmp_path / "run")
    with pytest.raises(InputError, match="a run has no table 'secrets'"):
        folder.table("secrets")
    (folder.path / "options.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"options\.parquet is not a whole Parquet file"):
        folder.table("options")
    with pytest.raises(InputError, match=r"options\.parquet is not the file that the run wrote"):
        folder.check_seals()
    (folder.path / "bids.parquet").unlink()
    with pytest.raises(MissingDataError, match=r"bids\.parquet is missing"):
        folder.table("bids")
    (folder.path / "bids.parquet").mkdir()
    with pytest.raises(InputError, match=r"bids\.parquet cannot be read"):
        folder.table("bids")
    for text in ("a,b\n1,2\n", "", ",".join(LEDGER_COLUMNS) + "\n1,a,home,h,1.5,x,y\n"):
        (folder.path / "ledger.csv").write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=r"ledger\.csv is not a ledger"):
            folder.ledger()
    (folder.path / "performance.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="is not JSON"):
        folder.performance()
    (folder.path / "events.jsonl").write_text("{}\n", encoding="utf-8")
    with pytest.raises(CorruptLogError):
        folder.events()


def test_sealed_digests_cover_what_is_written(tmp_path):
    files = run_files(tmp_path / "run")
    assert set(files.digests()) == set(RUN_FILES) - {"events.jsonl", "performance.json", "report.html"}
    assert json.loads(files.result_json()) == files.result
    with pytest.raises(MissingDataError, match="not there yet"):
        files.read("report.html")
    with pytest.raises(StoreError, match="a run has the tables"):
        type(files).encode(tmp_path, result=None, tables={}, ledger=None)
