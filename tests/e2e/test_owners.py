"""Owners' words: listed, erased, and looked for wherever they could be left."""

import html
import json
import os
import sqlite3
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from gridpact.cli.app import app
from gridpact.operation.inputs import DayRequest
from gridpact.operation.owners import PIECE_BYTES, forget_owner
from gridpact.operation.runs import replay_run, verify_run
from gridpact.operation.system import IntegratedNegotiationSystem
from gridpact.store.base import digest_of
from gridpact.store.book import Book
from gridpact.store.memory import MemoryStore
from gridpact.store.opening import open_store
from servers import PASSWORD

WORDS = 'Never touch my battery before 22:30 — "Großmutter" needs <heat> & quiet'
LONG = " ".join(f"sentence number {number} about my evening habits" for number in range(2000))


def gridpact(*arguments: object, answer: str | None = None) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=answer)


@pytest.fixture
def where(tmp_path: Path) -> Path:
    """A store with a run of one home, and words of two owners."""
    path = tmp_path / "store.sqlite"
    done = gridpact("negotiate", "-q", "--fleet", 1, "--price", 50, "--store", path, "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    store = open_store(str(path))
    for text in (WORDS, LONG):
        store.keep_text("maple", text)
    store.keep_text("cedar", "other words that stay where they are")
    store.close()
    return path


def test_texts_are_listed(where: Path) -> None:
    assert WORDS in gridpact("owners", "texts", "maple", "--store", where).stdout
    listed = json.loads(gridpact("owners", "texts", "maple", "--store", where, "--json").stdout)
    assert listed == {"home_id": "maple", "texts": [WORDS, LONG]}
    assert "nobody: 0 texts" in gridpact("owners", "texts", "nobody", "--store", where).stdout


def test_forgetting_erases_and_proves_it(where: Path) -> None:
    assert WORDS.encode() in b"".join(path.read_bytes() for path in where.parent.glob("store.sqlite*"))
    done = gridpact("owners", "forget", "maple", "--store", where, "--yes", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["texts"] == 2
    assert told["remains"] == told["unsearched"] == told["folders_gone"] == []
    assert told["folders"] == [str(where.parent / "run")]
    assert told["books"] > 0
    assert told["files"] >= 15
    left = b"".join(path.read_bytes() for path in where.parent.rglob("*") if path.is_file())
    assert WORDS.encode() not in left
    assert b"my evening habits" not in left
    store = open_store(str(where))
    assert store.texts_of("maple") == ()
    assert store.texts_of("cedar") == ("other words that stay where they are",)
    (run_id,) = store.run_ids()
    assert verify_run(store, run_id).problems == ()
    assert replay_run(store, run_id).outcome
    store.close()


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_without_a_yes_nothing_is_erased(where: Path, answer: str) -> None:
    done = gridpact("owners", "forget", "maple", "--store", where, answer=answer)
    assert done.exit_code == 2
    assert "nothing was erased" in done.output
    assert "maple: 2 texts" in gridpact("owners", "texts", "maple", "--store", where).stdout


def test_a_yes_is_enough(where: Path) -> None:
    done = gridpact("owners", "forget", "maple", "--store", where, answer="y\n")
    assert done.exit_code == 0, done.output
    assert "nothing of them was found" in done.stdout


PLANTED = {
    "plain": b"x" + WORDS.encode() + b"x",
    "json": json.dumps({"a": WORDS}).encode(),
    "json without escapes": json.dumps({"a": WORDS}, ensure_ascii=False).encode(),
    "html": html.escape(WORDS).encode(),
    "csv": ('"' + WORDS.replace('"', '""') + '"').encode(),
    "a piece of a long text": LONG.encode()[5000 : 5000 + 2 * PIECE_BYTES],
}
"""Ways in which words may be left in a file of a run folder."""


@pytest.mark.parametrize("form", list(PLANTED))
def test_what_is_left_in_a_run_folder_is_found(where: Path, form: str) -> None:
    content = PLANTED[form]
    (where.parent / "run" / "report.html").write_bytes(content)
    done = gridpact("owners", "forget", "maple", "--store", where, "--yes")
    assert done.exit_code == 1
    assert f"FOUND: text {2 if b'habits' in content else 1} in {where.parent / 'run' / 'report.html'}" in done.stdout


def test_what_is_packed_is_unpacked(where: Path) -> None:
    run = where.parent / "run"
    pd.DataFrame({"reason": [LONG, "x"]}).to_parquet(run / "offers.parquet", compression="zstd")
    pd.DataFrame({"blackout": [[LONG], []]}).to_parquet(run / "fleet.parquet", compression="zstd")
    with zipfile.ZipFile(run / "r.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("book", Book(facts={"said": LONG}).to_bytes())
    packed = b"".join((run / name).read_bytes() for name in ("offers.parquet", "fleet.parquet", "r.zip"))
    assert b"about my evening habits sentence number" not in packed
    half_written = run.with_name(".run.tmp-0123")
    half_written.mkdir()
    (half_written / "events.jsonl").write_text(WORDS, encoding="utf-8")
    told = json.loads(gridpact("owners", "forget", "maple", "--store", where, "--yes", "--json").stdout)
    names = {str(Path(each["where"]).relative_to(where.parent)) for each in told["remains"]}
    assert names == {"run/offers.parquet", "run/fleet.parquet", "run/r.zip", ".run.tmp-0123/events.jsonl"}


def test_words_in_a_book_of_the_store_are_found() -> None:
    """A book's arrays are compressed: raw bytes would not show it."""
    from gridpact.results.events import EventLog
    from gridpact.store.base import Entry
    from settled_run import START

    store = MemoryStore()
    store.keep_text("maple", LONG)
    book = Book(arrays={"content": np.frombuffer(LONG.encode() * 3, dtype=np.uint8)}).to_bytes()
    assert LONG.encode() not in book
    log = EventLog()
    log.append("run_started", at=START, payload={"run": "r", "book": digest_of(book)})
    store.append("r", [Entry(line=log.line(0))], expected=0, books={digest_of(book): book})
    (found,) = forget_owner(store, "maple").remains
    assert found.where == f"memory: book {digest_of(book)[:12]}"


def test_short_texts_and_runs_of_spaces_are_not_found_by_chance(where: Path) -> None:
    store = open_store(str(where))
    store.keep_text("oak", "yes")
    store.keep_text("oak", " " * 300 + "keep my tank at fifty degrees" + " " * 300)
    done = forget_owner(store, "oak")
    store.close()
    assert (done.texts, done.too_short, done.remains) == (2, 1, ())


def test_folders_that_are_gone_are_named(where: Path) -> None:
    (where.parent / "run").rename(where.parent / "moved")
    done = gridpact("owners", "forget", "maple", "--store", where, "--yes")
    assert done.exit_code == 0, done.output
    assert f"not searched: {where.parent / 'run'}, which is not there now" in done.stdout


def test_links_and_pipes_are_named_and_not_followed(where: Path) -> None:
    (where.parent / "elsewhere").write_text(WORDS, encoding="utf-8")
    (where.parent / "run" / "link").symlink_to(where.parent / "elsewhere")
    os.mkfifo(where.parent / "run" / "pipe")
    done = gridpact("owners", "forget", "maple", "--store", where, "--yes", "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["remains"]) == (1, [])
    assert [Path(each.partition(":")[0]).name for each in told["unsearched"]] == ["link", "pipe"]


def test_a_run_that_cannot_be_read_is_not_called_clean(where: Path) -> None:
    with sqlite3.connect(where) as database:
        database.execute("UPDATE events SET line = x'7b7d' WHERE seq = 1")
    database.close()
    done = gridpact("owners", "forget", "maple", "--store", where, "--yes")
    assert done.exit_code == 1, done.output
    assert "not searched: " in done.stdout
    assert "nothing of them was found in what could be searched" in done.stdout


def test_no_store_is_made_to_forget_in(tmp_path: Path) -> None:
    done = gridpact("owners", "forget", "maple", "--yes", "--store", tmp_path / "none.sqlite")
    assert done.exit_code == 2
    assert not (tmp_path / "none.sqlite").exists()


def test_of_a_server_only_what_it_says_can_be_searched(postgres_url: str) -> None:
    store = open_store(postgres_url)
    store.keep_text("maple", WORDS)
    done = forget_owner(store, "maple")
    assert (done.texts, done.files, done.remains) == (1, 0, ())
    assert "the files of a server" in done.beyond[0]
    assert store.texts_of("maple") == ()
    store.close()
    told = gridpact("owners", "forget", "maple", "--yes", "--store", postgres_url)
    assert told.exit_code == 0, told.output
    assert "not searched: " in told.stdout
    assert PASSWORD not in told.output


def _script(path: Path, *messages: object) -> Path:
    """Messages of the demonstration's home maple, each in time."""
    times = ("2022-07-12T14:01:00Z", "2022-07-12T14:12:00Z")
    lines = [{"at": times[min(number, 1)], "message": message} for number, message in enumerate(messages)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines).replace("Infinity", "1e999"))
    return path


def test_words_in_a_script_of_messages_are_in_the_store_only_and_can_be_forgotten(tmp_path: Path) -> None:
    common = {"opportunity_id": "energy-20220714T0000Z", "home_id": "maple", "round": 1}
    bid = {"kind": "bid", "message_id": "1", **common, "segments": [{"quantity_kw": 3.0, "price": 65.0}]}
    answer = {"kind": "answer", "message_id": "2", **common, "total_kw": 3.0}
    script = _script(
        tmp_path / "messages.jsonl",
        {**bid, "note": f"SAID {WORDS}"},
        {**answer, "note": "SAID and applied"},
        {**answer, "message_id": "3", "note": "SAID too late"},
        {**answer, "message_id": "4", "note": "SAID too much " * 40},
        {**answer, "message_id": "5", "note": ["SAID in a list"]},
        {**answer, "message_id": "6", "note": "SAID\u0007"},
        {**answer, "message_id": "7", "notes": "SAID under another name"},
        {**answer, "message_id": "8", "note": "SAID \ud800"},
        {**answer, "message_id": "9", "note": "SAID", "total_kw": float("inf"), "price": -float("inf")},
        {**answer, "message_id": "10\udc00", "note": "SAID"},
        "SAID without a message",
    )
    where, out = tmp_path / "store.sqlite", tmp_path / "run"
    day = ("negotiate", "-q", "--outside", "maple", "--messages", script, "--store", where, "--out", out)
    done = gridpact(*day)
    assert done.exit_code == 0, done.output
    store = open_store(where)
    run_id = store.run_ids()[0]
    assert store.texts_of("maple") == (f"SAID {WORDS}", "SAID and applied")
    store.close()
    exported = tmp_path / "run.zip"
    assert gridpact("runs", "export", run_id, "--out", exported, "--store", where).exit_code == 0
    with zipfile.ZipFile(exported) as archive:
        assert not [name for name in archive.namelist() if b"SAID" in archive.read(name)]
    for each in (run_id, exported):
        replayed = gridpact("replay", each, "--store", where)
        assert replayed.exit_code == 0, replayed.output
    erased = gridpact("owners", "forget", "maple", "--store", where, "--yes")
    assert erased.exit_code == 0, erased.output
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and path != script]
    assert not [path for path in kept if b"SAID" in path.read_bytes()]
    script.unlink()
    again = gridpact("runs", "resume", run_id, "-q", "--store", where)
    assert again.exit_code == 0, again.output
    assert gridpact("replay", run_id, "--store", where).exit_code == 0


def test_a_run_gone_on_with_from_its_log_has_no_words_that_had_not_come(tmp_path: Path) -> None:
    common = {"opportunity_id": "energy-20220714T0000Z", "home_id": "maple", "round": 1}
    bid = {"kind": "bid", "message_id": "1", **common, "segments": [{"quantity_kw": 3.0, "price": 65.0}]}
    script = _script(tmp_path / "messages.jsonl", {**bid, "note": WORDS})
    where = tmp_path / "store.sqlite"
    store = open_store(where)

    def killed(stage: str) -> None:
        if "negotiating" in stage:
            raise KeyboardInterrupt

    request = DayRequest(outside=("maple",), messages=script)
    with pytest.raises(KeyboardInterrupt):
        IntegratedNegotiationSystem(store=store, progress=killed).run(request, out=tmp_path / "run")
    run_id = store.run_ids()[0]
    IntegratedNegotiationSystem(store=store).resume(run_id)
    assert store.texts_of("maple") == ()
    replay_run(store, run_id)
    IntegratedNegotiationSystem(store=store).run(request, out=tmp_path / "run")
    store.close()
