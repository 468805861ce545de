"""The auditor on clean, empty, damaged and foreign folders, and how it speaks."""

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import gridpact_audit
from audit import synthetic
from audit.planting import Folder
from gridpact_audit import RulesUnreadableError, UnreadableFolderError, audit
from gridpact_audit.__main__ import main
from gridpact_audit.loading import json_schema
from gridpact_audit.tables import ALL_FILES, TABLES

SOURCE = Path(gridpact_audit.__file__).parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return synthetic.write(tmp_path / "run")


def test_a_run_worked_out_by_hand_holds_and_every_check_has_a_subject(folder: Path) -> None:
    report = audit(folder)
    assert report.holds, report.to_text()
    assert [check.name for check in report.checks if check.holds is not True] == []
    assert all(check.subjects > 0 for check in report.checks)


def declined(path: Path) -> Path:
    """The same day without any deal: nobody is offered enough, nothing is bid, everyone lives as the baseline."""
    synthetic.write(path)
    folder = Folder(path)
    for file in (
        "offers.parquet",
        "options.parquet",
        "coalition.parquet",
        "bids.parquet",
        "private/reservations.parquet",
    ):
        folder.save(file, [])
    rows = folder.table("dispatch.parquet")
    base = {(row["home_id"], row["interval_start"]): row for row in rows if row["phase"] == "baseline"}
    kept = [row for row in rows if row["phase"] == "baseline"]
    for phase in ("planned", "realised"):
        for home in synthetic.HOMES:
            if phase == "planned":
                kept += [{**row, "phase": phase} for key, row in base.items() if key[0] == home]
            else:
                kept += synthetic.rows_of(home, phase, synthetic.baseline_and_plan(home)[0])
    folder.save("dispatch.parquet", kept)
    folder.save_ledger(folder.ledger()[:1])
    result = folder.result
    result["outcome"] = "no_deal"
    for entry in result["outcomes"]:
        entry.update(outcome="no_deal", reason="nobody could sell", price=None)
    result["negotiation"].update(bids=0, offers=0, accepted=0, rounds=0, price_first=None, price_final=None)
    result["coalition"] = {"members": [], "options_kw": 0.0, "committed_kw": 0.0}
    for entry in result["bid"]:
        entry.update(segments=[], method=None, status=None, gap=None, solver=None)
    result["clearing"] = []
    result["delivery"] = dict.fromkeys(result["delivery"], 0.0)
    result["settlement"] = {**dict.fromkeys(result["settlement"], 0.0), "payment_rule": "as_agreed"}
    result["metrics"] = {**dict.fromkeys(result["metrics"]), "fill": 0.0}
    result["checks"].update(individually_rational=None, budget_balanced=None, deliverable=None, rules_ok=None)
    folder.save_result(result)
    folder.reseal()
    return path


def test_a_day_without_a_deal_holds_and_says_what_had_no_subject(tmp_path: Path) -> None:
    report = audit(declined(tmp_path / "run"))
    assert report.holds, report.to_text()
    empty = {check.name for check in report.checks if check.verdict == "nothing to check"}
    assert {"commitments.energy_kept", "negotiation.offers_hold", "money.rational_at_award"} <= empty
    text = report.to_text()
    line = next(line for line in text.splitlines() if "commitments.energy_kept" in line)
    assert line.split()[0:3] == ["nothing", "to", "check"]
    assert report.check("commitments.energy_kept").holds is None


def test_exit_codes_and_text(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder)]) == 0
    assert "Everything that could be checked holds." in capsys.readouterr().out
    Folder(folder).save_result({**Folder(folder).result, "outcome": "no_deal"})
    assert main([str(folder)]) == 1
    out = capsys.readouterr().out
    assert "DOES NOT HOLD    market.outcomes_fit_evidence" in out
    assert "result.json, outcome: no_deal" in out
    assert main([str(tmp_path / "nowhere")]) == 2
    assert main([str(folder / "result.json")]) == 2
    assert main([]) == 2
    empty = tmp_path / "empty"
    empty.mkdir()
    assert main([str(empty)]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_json_report(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["schema"] == "gridpact.audit/1"
    assert report["holds"] is True
    assert {check["verdict"] for check in report["checks"]} == {"holds"}


def test_runs_as_a_module_without_gridpact(folder: Path) -> None:
    code = (
        "import sys; sys.modules['gridpact'] = None; from gridpact_audit.__main__ import main;"
        f"sys.exit(main([{str(folder)!r}]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(SOURCE.parent)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_imports_nothing_of_gridpact() -> None:
    allowed = set(sys.stdlib_module_names) | {"numpy", "pandas", "pyarrow", "jsonschema", "yaml", "gridpact_audit"}
    for file in SOURCE.glob("**/*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert {name.split(".")[0] for name in names} <= allowed, file


def test_missing_files_are_named_and_dependents_not_checked(folder: Path) -> None:
    (folder / "dispatch.parquet").unlink()
    report = audit(folder)
    assert not report.holds
    assert any(problem.file == "dispatch.parquet" for problem in report.problems)
    check = report.check("physics.net_balance")
    assert check.holds is None
    assert check.verdict == "not checked"


@pytest.mark.parametrize("seed", range(24))
def test_damaged_bytes_never_break_the_auditor(folder: Path, seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(seed)
    file = folder / ALL_FILES[seed % len(ALL_FILES)]
    content = bytearray(file.read_bytes())
    if seed % 3 == 0:
        content = content[: len(content) // 2]
    else:
        for place in rng.integers(0, len(content), size=max(1, len(content) // (20 if seed % 3 == 1 else 400))):
            content[place] = rng.integers(0, 256)
    file.write_bytes(bytes(content))
    assert main([str(folder)]) in (0, 1)
    shown = capsys.readouterr()
    assert "Traceback" not in shown.out + shown.err
    if file.name not in ("performance.json", "report.html"):
        assert "DOES NOT HOLD" in shown.out, (seed, file)


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b"{", b'{"schema": NaN}', b"\xff\xfe", b"[" * 100_000])
@pytest.mark.parametrize("file", ["result.json", "events.jsonl", "ledger.csv", "performance.json"])
def test_foreign_content_is_a_problem_not_a_crash(folder: Path, file: str, content: bytes) -> None:
    (folder / file).write_bytes(content)
    report = audit(folder)
    assert any(problem.file == file for problem in report.problems)


def test_wrong_types_and_extra_columns_are_named(folder: Path) -> None:
    table = pq.read_table(folder / "bids.parquet")
    table = table.set_column(4, "quantity_kw", table.column("quantity_kw").cast(pa.float32()))
    pq.write_table(table.append_column("note", pa.nulls(len(table), pa.string())), folder / "bids.parquet")
    problems = audit(folder).check("schema.bids").problems
    assert {problem.column for problem in problems} == {"quantity_kw", "note"}


def test_naive_times_are_a_problem(folder: Path) -> None:
    table = pq.read_table(folder / "tariffs.parquet")
    naive = table.column("interval_start").cast(pa.timestamp("us", tz="UTC")).cast(pa.timestamp("us"))
    pq.write_table(table.set_column(1, "interval_start", naive), folder / "tariffs.parquet")
    assert audit(folder).check("schema.tariffs").problems[0].column == "interval_start"


def test_foreign_rules_need_their_file(folder: Path, tmp_path: Path) -> None:
    run = Folder(folder)
    result = run.result
    for opportunity in result["opportunities"]:
        opportunity["rules"] = "mine"
    run.save_result(result)
    run.reseal()
    assert not audit(folder).holds
    rules = Path(SOURCE / "rules.json")
    mine = {"schema": "gridpact.rules/1", "name": "mine", "market": "mine"}
    mine["rules"] = json.loads(rules.read_text(encoding="utf-8"))["profiles"]["demo"]
    given = tmp_path / "mine.yaml"
    given.write_text(json.dumps(mine), encoding="utf-8")
    assert audit(folder, rules=[given]).holds
    given.write_text("rules: [", encoding="utf-8")
    with pytest.raises(RulesUnreadableError):
        audit(folder, rules=[given])
    assert main([str(folder), "--rules", str(given)]) == 2


def test_earlier_promises_bind(folder: Path) -> None:
    """The plan also owes what earlier runs sold: h8 owes 1 kW that its plan does not give."""
    run = Folder(folder)
    result = run.result
    window = {"start": "2022-07-14T00:00:00+00:00", "end": "2022-07-14T01:00:00+00:00"}
    owed = {"run": "before", "opportunity_id": "sold-before", "home_id": "h8", "product": "energy", "rules": "demo"}
    result["commitments"] = [{**owed, **window, "quantity_kw": 1.0, "sustain_h": 0.0}]
    run.save_result(result)
    run.reseal()
    report = audit(folder)
    assert [check.name for check in report.failed if check.name != "metrics.own_checks"] == ["commitments.energy_kept"]
    assert report.check("commitments.energy_kept").problems[0].row is not None


def test_schemas_are_draft_2020_12_and_tables_have_units() -> None:
    for name in ("result", "event", "ledger", "performance"):
        assert json_schema(name)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for table in TABLES:
        for column in table.columns:
            assert column.unit or column.type != "float64", (table.file, column.name)


def test_unreadable_folder_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFolderError, match="not a folder"):
        audit(tmp_path / "nowhere")
    with pytest.raises(UnreadableFolderError, match="none of the files"):
        audit(tmp_path)


def test_links_are_not_the_folders_own_files(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    shutil.move(folder / "ledger.csv", outside)
    (folder / "ledger.csv").symlink_to(outside)
    assert any(problem.file == "ledger.csv" for problem in audit(folder).check("schema.files").problems)
