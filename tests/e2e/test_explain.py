"""`gridpact explain` as people meet it: for the operator and for owners, with and without a model, in the report."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gridpact.cli.app import app
from gridpact.language.questions import Question, Scripted
from gridpact.results.run_folder import RunFolder
from gridpact_audit.audit import audit

HOMES = ("maple", "cedar", "willow", "juniper", "sycamore", "oak")
SPEC = "margin: 0.1\nmax_share_per_home: 0.3\nsoc_reserve_fraction: 0.2\n"


def gridpact(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store, and the run folder of a day whose request and share cap bind."""
    place = tmp_path_factory.mktemp("explain")
    (place / "spec.yaml").write_text(SPEC)
    done = gridpact(
        *("negotiate", "-q", "--kw", 10, "--price", 140, "--spec", place / "spec.yaml"),
        *("--store", place / "store.sqlite", "--out", place / "run"),
    )
    assert done.exit_code == 0, done.output
    return place


def explained(*arguments: object) -> Any:
    done = gridpact("explain", *arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def sentences(told: Any) -> list[str]:
    return [sentence for paragraph in told["paragraphs"] for sentence in paragraph["sentences"]]


def test_the_operator_reads_what_limited_the_result(place: Path) -> None:
    told = explained(place / "run")
    assert [each["heading"] for each in told["paragraphs"]] == ["The day in words", "What limited the result"]
    limits = RunFolder.open(place / "run").result["bid"][0]["limits"]
    assert [each["limit"] for each in limits] == ["request", "max_share_per_home"]
    words = " ".join(sentences(told))
    for each in limits:
        assert f"{each['cost_usd']:.4f}".rstrip("0") in words
        assert f"{each['worth_usd']:.4f}".rstrip("0") in words
    for said in ("The share cap of 30% binds", "one more kW would be", "Owners' floors", "The batteries' reserve"):
        assert said in words


def test_limits_are_sealed_audited_and_replayed(place: Path) -> None:
    assert audit(place / "run").holds
    run_id = RunFolder.open(place / "run").result["run"]["id"]
    done = gridpact("replay", run_id, "--store", place / "store.sqlite", "--out", place / "again.json")
    assert done.exit_code == 0, done.output
    assert (place / "again.json").read_bytes() == (place / "run" / "result.json").read_bytes()
    assert explained(run_id, "--store", place / "store.sqlite") == explained(place / "run")


def test_an_owner_reads_the_own_day_and_nobody_elses(place: Path) -> None:
    run = RunFolder.open(place / "run")
    ledger = run.ledger()
    for home in HOMES:
        told = explained(place / "run", "--home", home)
        words = " ".join(sentences(told))
        assert not [other for other in HOMES if other != home and other in json.dumps(told)]
        mine = ledger[ledger["home_id"] == home]["amount_microusd"].sum()
        assert ("You earned nothing." in words) == (mine == 0)
        if mine:
            assert f"In all you earned {mine / 1e6:.6f}".rstrip("0") + " USD." in words
        assert re.search(r"You are (in|out)", words)


def test_the_report_tells_the_same(place: Path) -> None:
    page = (place / "run" / "report.html").read_text(encoding="utf-8")
    plain = page.replace("&#x27;", "'").replace("&amp;", "&")
    for sentence in sentences(explained(place / "run")):
        assert sentence in plain
    for home in HOMES:
        for sentence in sentences(explained(place / "run", "--home", home)):
            assert sentence in plain, (home, sentence)


def test_a_terminal_shows_it_whole(place: Path) -> None:
    shown = gridpact("explain", place / "run", "--home", "oak")
    assert shown.exit_code == 0
    assert " ".join(sentences(explained(place / "run", "--home", "oak"))) in " ".join(
        shown.stdout.replace("\n- ", " ").split()
    )


@contextmanager
def spoken(script: Any, **_: object) -> Iterator[Any]:
    yield Scripted(script, name="test:model")


def test_a_model_may_tell_it_where_every_word_holds(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Question] = []
    fixed = sentences(explained(place / "run", "--home", "cedar"))

    def script(question: Question) -> Any:
        asked.append(question)
        facts = [line.partition(" ")[2] for line in question.facts.splitlines()[1:]]
        return {"sentences": [{"text": text, "facts": [place]} for place, text in enumerate(facts, 1)][::-1]}

    monkeypatch.setattr("gridpact.cli.explain.opened_talker", lambda name, **more: spoken(script))
    told = explained(place / "run", "--home", "cedar", "--llm", "test:model")
    assert told["paragraphs"][0]["source"] == "model"
    assert told["language"]["used"] == 1
    assert sentences(told) == fixed[::-1]
    assert not [other for other in HOMES if other != "cedar" and other in asked[0].facts]
    assert asked[0].home_id == "cedar"


def test_a_model_that_lies_is_replaced_and_counted(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def script(question: Question) -> Any:
        return {"sentences": [{"text": "You earned 99 USD, and maple earned less.", "facts": [1]}]}

    monkeypatch.setattr("gridpact.cli.explain.opened_talker", lambda name, **more: spoken(script))
    done = gridpact("explain", place / "run", "--home", "cedar", "--llm", "test:model", "--json")
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert told["language"]["replaced"] == 1
    assert "99" not in json.dumps(told["paragraphs"][0]["sentences"])
    assert "test:model was not used" in done.stderr


def test_what_cannot_be_explained_is_said(place: Path, tmp_path: Path) -> None:
    for arguments, words in (
        ((place / "run", "--home", "nobody"), "no home 'nobody'"),
        ((tmp_path,), ""),
        ((place / "run", "--llm", "nobody:x"), "nobody:x"),
        (("feed", "--store", place / "store.sqlite"), "no run"),
    ):
        done = gridpact("explain", *arguments)
        assert done.exit_code == 2, done.output
        assert words in done.output
        assert "Traceback" not in done.output
