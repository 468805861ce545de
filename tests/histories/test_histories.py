"""Every history that was ever recorded is read, checked and replayed to the same bytes by the code of today."""

import hashlib
import json
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from gridpact.operation.runs import read_run, replay_run, verify_run
from gridpact.results.events import LOG_VERSION, EventKind
from gridpact.store.archive import ArchiveStore

RECORDED = sorted((Path(__file__).parent / "recorded").glob("*.zip"))
LEAST = 50


def test_histories_of_every_form_are_there() -> None:
    assert len(RECORDED) >= LEAST
    forms = Counter(path.name.partition("-")[0] for path in RECORDED)
    assert set(forms) == {f"v{version}" for version in range(1, LOG_VERSION + 1)}, "record some in the new form"
    outcomes = Counter(path.stem.rpartition("-")[2] for path in RECORDED)
    assert {"awarded", "no_deal", "no_bid"} <= set(outcomes)


@pytest.mark.parametrize("path", RECORDED, ids=[path.stem for path in RECORDED])
def test_a_history_replays_to_the_same_bytes(path: Path) -> None:
    store = ArchiveStore(path, foreign=False)
    (run_id,) = store.run_ids()
    assert not verify_run(store, run_id).problems
    state = read_run(store, run_id)
    assert state.finished
    replayed = replay_run(store, run_id)
    # What the run itself wrote is named by its log, whatever the form of the log is.
    rows = [json.loads(line) for line in zipfile.ZipFile(path).read("events.jsonl").splitlines()]
    written = next(row["payload"]["sha256"] for row in rows if row["kind"] == EventKind.FILES_WRITTEN)
    assert hashlib.sha256(replayed.result_json).hexdigest() == written["result.json"]
    assert replayed.outcome == state.outcome
    store.close()
