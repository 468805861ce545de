"""The trail of real runs: from the store, an exported file, a folder and a replay; what an owner may see."""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from gridpact.cli.app import app
from gridpact.fleet.fleet import Fleet
from gridpact.fleet.generator import generate_fleet
from gridpact.operation.inputs import DayRequest
from gridpact.operation.owner_trail import owner_trail
from gridpact.operation.system import IntegratedNegotiationSystem
from gridpact.operation.trail import Trail, folder_source, operator_trail
from gridpact.results.run_folder import RunFolder
from gridpact.store.opening import open_store
from random_days import random_request

NUMBER = re.compile(r"\d+(?:\.\d+)?")


def gridpact(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store and the folder of the demonstration, one home of which drops out early and one late."""
    place = tmp_path_factory.mktemp("trail")
    done = gridpact(
        *("negotiate", "-q", "--price", 120, "--drop-out", "cedar@before", "--drop-out", "maple@after"),
        *("--store", place / "store.sqlite", "--out", place / "run"),
    )
    assert done.exit_code == 0, done.output
    return place


def run_id(place: Path) -> str:
    return str(json.loads((place / "run" / "result.json").read_bytes())["run"]["id"])


def test_the_operator_reads_every_row(home: Path) -> None:
    done = gridpact("trail", home / "run", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    rows = RunFolder.open(home / "run").events()
    assert [entry["number"] for entry in told["entries"]] == [row["seq"] for row in rows]
    assert [entry["kind"] for entry in told["entries"]] == [row["kind"] for row in rows]
    assert all(entry["local"].endswith("-05:00") and entry["at"].endswith("+00:00") for entry in told["entries"])
    words = " ".join(entry["text"] for entry in told["entries"])
    for said in (
        "cedar dropped out before gate closure; the coalition is formed again without cedar.",
        "maple dropped out after the award",
        "penalties took",
        "The market cleared at 120.00 USD/MWh",
    ):
        assert said in words
    assert not re.search(r"None|nan|\{|_", words.replace("energy_", "").replace("private/", ""))


def test_store_archive_folder_and_replay_tell_the_same(home: Path, tmp_path: Path) -> None:
    store = home / "store.sqlite"
    assert gridpact("runs", "export", run_id(home), "--store", store, "--out", tmp_path / "r.zip").exit_code == 0
    moved, name = tmp_path / "elsewhere", run_id(home)
    for flags in (["--home", "willow", "--json"], ["--home", "maple", "--csv", "-"], ["--home", "cedar"]):
        by_folder = gridpact("trail", home / "run", *flags)
        by_store = gridpact("trail", run_id(home)[:6], "--store", store, *flags)
        by_archive = gridpact("trail", tmp_path / "r.zip", *flags)
        assert by_folder.exit_code == 0, by_folder.output
        assert by_folder.stdout == by_store.stdout == by_archive.stdout
        (home / "run").rename(moved)
        try:
            replayed = gridpact("trail", name, "--store", store, *flags)
        finally:
            moved.rename(home / "run")
        assert replayed.stdout == by_folder.stdout
    # The store knows one row more than the folder: that the folder was written.
    stored = gridpact("trail", run_id(home), "--store", store, "--csv", "-").stdout
    assert stored.startswith(gridpact("trail", home / "run", "--csv", "-").stdout)


def test_what_an_owner_reads_of_its_own_day(home: Path) -> None:
    late = gridpact("trail", home / "run", "--home", "maple").stdout
    for said in ("you asked for", "you were offered", "You are in:", "dropped out after the award", "are paid"):
        assert said in late
    early = gridpact("trail", home / "run", "--home", "cedar").stdout
    assert "You are out. Why: dropped out before gate closure." in early
    assert "are paid" not in early
    facts = json.loads(gridpact("trail", home / "run", "--home", "willow", "--json").stdout)
    (opportunity,) = facts["opportunities"]
    (line,) = facts["ledger"]
    assert line["amount_microusd"] == round(opportunity["paid_usd"] * 1e6)
    window = opportunity["window"]
    assert window["baseline"]["net_kwh"] - window["planned"]["net_kwh"] == pytest.approx(
        opportunity["promised_kw"] * 2, abs=1e-3
    )


def test_a_folder_that_was_tampered_with_is_refused(home: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(home / "run", tmp_path / "run")
    ledger = tmp_path / "run" / "ledger.csv"
    ledger.write_text(ledger.read_text().replace("owner_payment", "owner_payments"))
    done = gridpact("trail", tmp_path / "run", "--home", "maple")
    assert done.exit_code == 2
    assert "not the file that the run wrote" in done.output


def test_messages_name_no_other_home(home: Path) -> None:
    done = gridpact("trail", home / "run", "--home", "mapel")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert not any(name in done.output for name in RunFolder.open(home / "run").table("fleet")["home_id"])


def test_csv_reads_back_and_holds_no_formula(tmp_path: Path) -> None:
    fleet = generate_fleet(2, seed=1).frame.assign(home_id=["=1+1", "@two"])
    folder = run(DayRequest(fleet=Fleet.from_frame(fleet), price=900.0), tmp_path / "run")
    done = gridpact("trail", folder.path, "--csv", tmp_path / "t.csv")
    assert done.exit_code == 0, done.output
    rows = list(csv.DictReader(io.StringIO((tmp_path / "t.csv").read_text(encoding="utf-8"))))
    assert len(rows) == len(folder.events())
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_an_unfinished_run_has_a_trail_but_no_owners_view(tmp_path: Path) -> None:
    where = tmp_path / "store.sqlite"

    def stop(stage: str) -> None:
        if stage == "dispatching":
            raise KeyboardInterrupt

    store = open_store(str(where))
    system = IntegratedNegotiationSystem(store=store, progress=stop)
    with pytest.raises(KeyboardInterrupt):
        system.run(DayRequest(fleet="2", price=400.0), out=tmp_path / "run")
    (name,) = store.run_ids()
    store.close()
    done = gridpact("trail", name, "--store", where)
    assert done.exit_code == 0, done.output
    assert "had its answer" in done.stdout
    home = generate_fleet(2, seed=0).home_ids[0]
    refused = gridpact("trail", name, "--store", where, "--home", home)
    assert refused.exit_code == 2
    assert "not finished" in refused.output


def test_messages_of_a_home_that_speaks_for_itself(tmp_path: Path) -> None:
    """Its own refused messages and notes are told to it, by whom nobody knows not; its words to nobody."""
    words, opportunity = "please be gentle with my battery", "energy-20220714T0000Z"
    head = {"opportunity_id": opportunity, "home_id": "maple", "round": 1}
    bid = {**head, "kind": "bid", "segments": [{"quantity_kw": 2.0, "price": 100.0}]}
    said = [
        ("2022-07-12T14:01:00Z", {**bid, "message_id": "forged", "nonce": "x" * 32}),
        ("2022-07-12T14:02:00Z", {**bid, "message_id": "one", "note": words}),
        ("2022-07-12T14:03:00Z", {**bid, "message_id": "two"}),
    ]
    script = tmp_path / "script.jsonl"
    script.write_text("\n".join(json.dumps({"at": at, "message": message}) for at, message in said), encoding="utf-8")
    request = DayRequest(price=120.0, outside=("maple",), messages=script, rounds=1)
    folder = run(request, tmp_path / "run")
    source = folder_source(folder.path)
    told = operator_trail(source)
    messages = [entry.text for entry in told.entries if entry.kind == "message_received"]
    assert len(messages) == 3
    assert "Round 1: the bid of maple came and counts. A note came with it" in messages[1]
    mine = owner_trail(source, "maple")
    assert [each["reason"] for each in mine.head["opportunities"][0]["refused_messages"]] == [
        "no such message was owed any more"
    ]
    assert mine.head["opportunities"][0]["notes"] == 1
    assert "refused, because no such message was owed any more" in mine.to_csv()
    assert words not in told.to_json() + mine.to_json()
    assert "refused" not in owner_trail(source, "oak").to_csv()


# What other homes may change without an owner seeing it.


def run(request: DayRequest, out: Path) -> RunFolder:
    return IntegratedNegotiationSystem().run(request, out=out)


def shown(folder: RunFolder, home_id: str) -> str:
    """Everything that an owner can be shown: JSON, CSV and the page."""
    from rich.console import Console

    from gridpact.report.terminal_trail import show_trail

    told = owner_trail(folder_source(folder.path), home_id)
    page = io.StringIO()
    show_trail(told.title, told.entries, console=Console(file=page, width=100))
    return told.to_json() + told.to_csv() + page.getvalue()


def own(folder: RunFolder, home_id: str) -> str:
    """What the owner experienced: asks, offers, answers, options, promise, delivery and pay."""
    coalition = folder.table("coalition", home_id=home_id).drop(columns=["reason", "satisfaction"])
    tables = [folder.table(name, home_id=home_id) for name in ("bids", "offers", "options")]
    return "\n".join(frame.to_csv(index=False) for frame in (*tables, coalition))


def meddled(fleet: Fleet, mine: str, rng: np.random.Generator) -> Fleet:
    """Another name for every other home, and for some another persona, battery or wish."""
    frame = fleet.frame.copy()
    for place in range(len(frame)):
        if frame.loc[place, "home_id"] == mine:
            continue
        frame.loc[place, "home_id"] = f"other-{rng.integers(1 << 40):x}"
        frame.loc[place, "meter_id"] = f"meter-{rng.integers(1 << 40):x}"
        match int(rng.integers(5)):
            case 0:
                frame.loc[place, "persona"] = str(rng.choice(["conservative", "moderate", "aggressive"]))
            case 1:
                frame.loc[place, "battery_capacity_kwh"] *= float(rng.uniform(1.01, 2.0))
            case 2:
                frame.loc[place, "floor_usd_per_mwh"] = 9e4
            case 3:
                frame.at[place, "blackout"] = ["00:00-23:59"]
    return Fleet.from_frame(frame)


def pairs(numbers: range, tmp_path: Path) -> Iterator[tuple[RunFolder, RunFolder, str]]:
    """Two days that were the same for one home, which others spent differently."""
    for number in numbers:
        request = random_request(number, most_homes=12)
        fleet = request.fleet
        if not isinstance(fleet, Fleet) or len(fleet) < 2:
            continue
        rng = np.random.default_rng([7, number])
        mine = str(rng.choice(list(fleet.home_ids)))
        drop_outs = tuple(each for each in request.drop_outs if each.startswith(f"{mine}@"))
        silent = {home: since for home, since in request.silent.items() if home == mine}
        request = replace(request, drop_outs=drop_outs, silent=silent)
        first = run(request, tmp_path / f"{number}-a")
        second = run(replace(request, fleet=meddled(fleet, mine, rng)), tmp_path / f"{number}-b")
        if own(first, mine) == own(second, mine):
            yield first, second, mine


def check_pairs(numbers: range, tmp_path: Path, *, at_least: int) -> None:
    same = 0
    for first, second, mine in pairs(numbers, tmp_path):
        text = shown(first, mine)
        assert text == shown(second, mine), f"{first.path}: home {mine}"
        for folder in (first, second):
            check_nothing_of_others(text, folder, mine)
        same += 1
    assert same >= at_least


def check_nothing_of_others(text: str, folder: RunFolder, mine: str) -> None:
    """No id of another home, and no figure of one that is not also one of the owner's own."""
    others = [home for home in folder.table("fleet")["home_id"] if home != mine]
    assert not any(re.search(rf"\b{re.escape(home)}\b", text) for home in others)
    assert folder.result["run"]["id"] not in text
    seen = set(NUMBER.findall(text.replace(",", "")))
    theirs: set[str] = set()
    owned: set[str] = set()
    for name in ("bids", "offers", "options", "coalition"):
        frame = folder.table(name)
        columns = [column for column in frame.columns if frame[column].dtype == np.float64]
        for column in columns:
            for home, value in zip(frame["home_id"], frame[column], strict=True):
                figure = f"{value:.6f}".rstrip("0").rstrip(".")
                if len(figure.replace(".", "").strip("0")) >= 4:
                    (owned if home == mine else theirs).add(figure)
    totals = [*folder.result["settlement"].values(), *folder.result["delivery"].values()]
    theirs |= {f"{value:.6f}".rstrip("0") for value in totals if isinstance(value, float) and value > 1}
    mean = folder.result["negotiation"]["price_final"]
    theirs |= {f"{mean:.6f}".rstrip("0")} if mean else set()
    assert not (theirs - owned) & seen - own_figures(folder, mine)


def own_figures(folder: RunFolder, mine: str) -> set[str]:
    """Figures of the owner's own energy, which may equal a total where nobody else took part."""
    facts = owner_trail(folder_source(folder.path), mine).head
    return set(NUMBER.findall(json.dumps([facts["opportunities"], facts["day"], facts["ledger"]])))


def test_others_cannot_be_seen(tmp_path: Path) -> None:
    check_pairs(range(300, 305), tmp_path, at_least=1)


@pytest.mark.deep
def test_others_cannot_be_seen_deep(tmp_path: Path) -> None:
    check_pairs(range(305, 450), tmp_path, at_least=40)


def test_operators_read_every_random_day(tmp_path: Path) -> None:
    for number in range(2):
        folder = run(random_request(number, most_homes=8), tmp_path / str(number))
        told: Trail = operator_trail(folder_source(folder.path))
        text = " ".join(entry.text for entry in told.entries)
        assert not re.search(r"\bNone\b|\bnan\b", text)
        entries: Any = json.loads(told.to_json())["entries"]
        assert [entry["kind"] for entry in entries] == [row["kind"] for row in folder.events()]
