"""Operators' words on the command line: shown, saved, used, logged, replayed, refused."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from gridpact.cli.app import app
from gridpact_audit.audit import audit

WORDS = "Never more than 40% from one home; keep 5% margin; no cars before 7; careful with price risk"


def gridpact(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_shows_terms_and_mathematics() -> None:
    result = gridpact("strategy", WORDS)
    assert result.exit_code == 0, result.output
    for said in ("max_share_per_home: 0.4", "a default level", "y[h,s] <= 0.4 Q[s]", "7 is read as 07:00"):
        assert said in result.output


def test_says_what_was_not_understood_and_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "spec.yaml"
    result = gridpact("strategy", "Keep 5% margin. Paint it black.", "--save", file)
    assert result.exit_code == 2
    assert "Paint it black" in result.output
    assert not file.exists()
    assert gridpact("strategy", "Paint it black.").exit_code == 1
    assert gridpact("strategy", "only maple; leave maple out").exit_code == 2
    assert (
        gridpact("strategy", "Keep 5% margin. Paint it black.", "--save", file, "--partial-instruction").exit_code == 1
    )
    assert yaml.safe_load(file.read_text(encoding="utf-8")) == {"margin": 0.05}


def test_json_is_one_document() -> None:
    found = json.loads(gridpact("strategy", "Leave mapel out; margin 5%", "--json").stdout)
    assert found["spec"] == {"margin": 0.05}
    assert "did you mean 'maple'" in found["not_understood"][0]["why"]
    assert found["mathematics"][0]["term"] == "margin"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("strategy")
    spec, store = folder / "spec.yaml", folder / "store.sqlite"
    spec.write_text("margin: 0.10\nmax_share_per_home: 0.5\n", encoding="utf-8")
    result = gridpact(
        "negotiate", "--price", 90, "--spec", spec, "--instruction", WORDS, "--out", folder / "run", "--store", store
    )
    assert result.exit_code == 0, result.output
    return folder / "run", store


def test_a_day_by_words_keeps_the_stricter_of_both(run: tuple[Path, Path]) -> None:
    folder, _ = run
    rows = [json.loads(line) for line in (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    read = next(row["payload"] for row in rows if row["kind"] == "inputs_read")
    assert read["spec"]["margin"] == 0.1
    assert read["spec"]["max_share_per_home"] == 0.4
    assert read["spec"]["risk_aversion"] == 0.5
    assert read["instruction"]["text"] == WORDS
    assert [term["name"] for term in read["instruction"]["terms"]][:2] == ["max_share_per_home", "margin"]
    report = audit(folder)
    assert report.holds, report.to_text()
    assert WORDS in (folder / "report.html").read_text(encoding="utf-8")


def test_it_replays(run: tuple[Path, Path]) -> None:
    folder, store = run
    name = json.loads((folder / "result.json").read_bytes())["run"]["id"]
    result = gridpact("replay", name, "--store", store)
    assert result.exit_code == 0, result.output


def test_words_that_are_not_understood_are_refused_unless_told(tmp_path: Path) -> None:
    day = ["negotiate", "--price", 90, "--store", "memory", "-q", "--out"]
    refused = gridpact(*day, tmp_path / "a", "--instruction", "Keep 5% margin. Paint it black.")
    assert refused.exit_code == 2
    assert "Paint it black" in refused.output
    assert not (tmp_path / "a").exists()
    told = gridpact(*day, tmp_path / "b", "--instruction", "Keep 5% margin. Paint it black.", "--partial-instruction")
    assert told.exit_code == 0, told.output
    assert "Paint it black" in told.output
    conflict = gridpact(*day, tmp_path / "c", "--instruction", "only maple; leave maple out")
    assert conflict.exit_code == 2
    assert "contradicts itself" in conflict.output


def test_the_auditor_finds_terms_broken(run: tuple[Path, Path], tmp_path: Path) -> None:
    """A log that names stricter terms than the day kept: each is found, whatever the digests say."""
    import shutil

    folder = Path(shutil.copytree(run[0], tmp_path / "run"))
    log = folder / "events.jsonl"
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    members = json.loads((folder / "result.json").read_bytes())["coalition"]
    assert members
    read = next(row["payload"] for row in rows if row["kind"] == "inputs_read")
    read["spec"] |= {
        "max_total_kw": 1.0,
        "max_kw_per_home": 0.2,
        "max_owner_price": 1.0,
        "max_rounds": 1,
        "min_bid_price": 99.0,
    }
    log.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    broken = {check.name for check in audit(folder).failed}
    assert {
        "terms.bids_keep_them",
        "terms.members_keep_them",
        "terms.options_keep_them",
        "terms.rounds_keep_them",
    } <= broken
