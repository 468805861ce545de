"""The command line as a person uses it: scenarios, commitments, drop-outs, small and larger fleets, and killed runs."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from gridpact.cli.app import app
from gridpact.results.run_folder import RunFolder
from gridpact_audit.audit import audit

HEAVY = ("cvxpy", "highspy", "pandas", "plotly")
DAY = ["negotiate", "--price", "80"]


def gridpact(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def succeeded(*arguments: object) -> Result:
    result = gridpact(*arguments)
    assert result.exit_code == 0, result.output
    return result


def held(folder: Path) -> Mapping[str, Any]:
    """The result of the run in ``folder``, of which the independent auditor found everything to hold."""
    report = audit(folder)
    assert report.holds, report.to_text()
    result: Mapping[str, Any] = json.loads((folder / "result.json").read_bytes())
    return result


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demonstration") / "run"
    succeeded(*DAY, "--out", out)
    return out


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from gridpact.cli.app import main\n"
        "sys.argv = ['gridpact', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {HEAVY} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert "negotiate" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_scenarios_are_awarded_awarded_declined(tmp_path: Path) -> None:
    analysis = json.loads(succeeded("scenarios", "--out", tmp_path / "s", "--json").stdout)
    rows = {row["price"]: row for row in analysis["rows"]}
    assert {price: row["outcome"] for price, row in rows.items()} == {120: "awarded", 80: "awarded", 45: "no_bid"}
    for price in (120, 80):
        assert rows[price]["members"] >= 2
        assert rows[price]["delivered_kwh"] > 0
        assert rows[price]["operator_profit_usd"] > 0
        assert rows[price]["verdict"] == "viable"
    assert rows[45]["loss_avoided_usd"] > 0
    assert rows[45]["delivered_kwh"] == rows[45]["market_revenue_usd"] == 0
    assert analysis["break_even_price"] == 80
    for price in (120, 80, 45):
        assert held(tmp_path / "s" / f"price-{price}")["outcome"] == rows[price]["outcome"]


def test_scenario_prices_that_look_alike_have_their_own_folders(tmp_path: Path) -> None:
    succeeded("scenarios", "--prices", "80,80.00000001", "--fleet", 1, "--out", tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_one_bad_price_leaves_no_scenario_behind(tmp_path: Path) -> None:
    result = gridpact("scenarios", "--prices", "120,99999", "--out", tmp_path / "s")
    assert result.exit_code == 2
    assert "cap" in result.stderr
    assert not (tmp_path / "s").exists()


def test_allowed_loss_is_shown(tmp_path: Path) -> None:
    succeeded("negotiate", "--price", 45, "--allow-loss", "--out", tmp_path / "run")
    result = held(tmp_path / "run")
    assert result["outcome"] == "awarded"
    assert result["settlement"]["operator_profit_usd"] < 0
    assert result["checks"]["budget_balanced"] is False


def test_json_is_the_result(tmp_path: Path) -> None:
    done = succeeded(*DAY, "--json", "--out", tmp_path / "run")
    printed = json.loads(done.stdout)
    paths = printed.pop("paths")
    assert printed == json.loads((tmp_path / "run" / "result.json").read_bytes())
    assert {name: Path(path) for name, path in paths.items()} == {
        "folder": tmp_path / "run",
        "result": tmp_path / "run" / "result.json",
        "report": tmp_path / "run" / "report.html",
    }
    assert done.stderr == ""


def test_verify_says_what_it_found_by_exit_code(demonstration: Path, tmp_path: Path) -> None:
    assert succeeded("verify", demonstration).stdout
    assert json.loads(succeeded("verify", demonstration, "--json").stdout)["holds"] is True
    spoiled = tmp_path / "spoiled"
    for file in demonstration.rglob("*"):
        if file.is_file():
            copy = spoiled / file.relative_to(demonstration)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    result = json.loads((spoiled / "result.json").read_bytes())
    result["settlement"]["operator_profit_usd"] += 1
    (spoiled / "result.json").write_text(json.dumps(result))
    found = gridpact("verify", spoiled)
    assert found.exit_code == 1
    assert "operator_profit_usd" in found.stdout
    nothing = gridpact("verify", tmp_path / "nowhere")
    assert nothing.exit_code == 2
    assert "nowhere" in nothing.stderr


def test_own_rules_can_be_checked_used_and_verified(tmp_path: Path) -> None:
    packaged = Path(sys.modules["gridpact.market.rules"].__file__ or "").parent / "profiles" / "demo.yaml"
    own = tmp_path / "own.yaml"
    content = yaml.safe_load(packaged.read_text(encoding="utf-8"))
    content["name"] = "own_market"
    own.write_text(yaml.safe_dump(content), encoding="utf-8")
    assert "usable" in succeeded("rules", "check", own).stdout
    assert "own_market" in succeeded("rules", "show", own).stdout
    succeeded(*DAY, "--rules", own, "--out", tmp_path / "run")
    succeeded("verify", tmp_path / "run", "--rules", own)


def test_rules_that_come_along() -> None:
    listed = succeeded("rules", "list").stdout
    for name in ("demo", "caiso_dera", "caiso_ngr", "caiso_pdr", "ercot_ader"):
        assert name in listed
        assert succeeded("rules", "show", name).stdout
    assert gridpact("rules", "show", "nowhere").exit_code == 2
    assert gridpact("rules", "check", "nowhere.yaml").exit_code == 2


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_fleet_file_generated_described_validated(ending: str, tmp_path: Path) -> None:
    file = tmp_path / f"fleet.{ending}"
    succeeded("fleet", "generate", 12, "--seed", 5, "--out", file)
    first = file.read_bytes()
    succeeded("fleet", "generate", 12, "--seed", 5, "--out", file)
    assert file.read_bytes() == first
    assert "12 homes" in succeeded("fleet", "validate", file).stdout
    described = json.loads(succeeded("fleet", "describe", file, "--json").stdout)
    assert described == json.loads(succeeded("fleet", "describe", 12, "--seed", 5, "--json").stdout)
    assert succeeded("fleet", "describe", file).stdout
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_fleet_problems_are_messages(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for arguments in (
        ("generate", 0, "--out", tmp_path / "f.csv"),
        ("generate", 3, "--out", tmp_path / "f.xlsx"),
        ("generate", 3, "--out", tmp_path / "file" / "f.csv"),
        ("generate", 3, "--seed", -1, "--out", tmp_path / "f.csv"),
        ("describe", tmp_path / "nowhere.csv"),
        ("validate", tmp_path / "file"),
    ):
        result = gridpact("fleet", *arguments)
        assert result.exit_code == 2, arguments
        assert result.stderr.startswith("gridpact: "), arguments
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def committed(folder: Path) -> dict[str, float]:
    coalition = RunFolder.open(folder).table("coalition")
    members = coalition[coalition["committed_kw"] > 0]
    return dict(zip(members["home_id"], members["committed_kw"], strict=True))


def test_nothing_is_sold_twice(demonstration: Path, tmp_path: Path) -> None:
    bound = committed(demonstration)
    again = tmp_path / "again"
    succeeded(*DAY, "--price", 200, "--commitments", demonstration, "--out", again)
    result = held(again)
    assert result["checks"]["double_sold"] == 0
    assert {record["home_id"] for record in result["commitments"]} == set(bound)
    assert not set(committed(again)) & set(bound)
    reasons = RunFolder.open(again).table("coalition").set_index("home_id")["reason"]
    assert all("already promised" in reasons[home] for home in bound)

    later = tmp_path / "later"
    succeeded(
        *("negotiate", "--product", "spin", "--start", "2022-07-13T21:00-05:00", "--hours", 1, "--kw", 15),
        *("--price", 40, "--commitments", again, "--out", later),
    )
    chained = held(later)
    assert chained["outcome"] == "awarded"
    assert chained["checks"]["double_sold"] == 0
    assert len(chained["commitments"]) == len(bound) + len(committed(again))


def small_request(out: Path, *drop_outs: str) -> Mapping[str, Any]:
    """A request small enough at a good price that some options stay unused."""
    flags = [flag for drop_out in drop_outs for flag in ("--drop-out", drop_out)]
    succeeded("negotiate", "--price", 120, "--kw", 12, *flags, "--out", out)
    return held(out)


def test_member_that_drops_out_before_closure_is_replaced(tmp_path: Path) -> None:
    first = small_request(tmp_path / "first")
    gone = max(committed(tmp_path / "first").items(), key=lambda item: item[1])[0]
    second = small_request(tmp_path / "second", f"{gone}@before")
    members = committed(tmp_path / "second")
    assert gone not in members
    before = committed(tmp_path / "first")
    assert any(power > before.get(home, 0.0) + 1e-6 for home, power in members.items()), "nobody stepped in"
    assert sum(members.values()) == pytest.approx(sum(before.values()), rel=0.01)
    assert second["delivery"]["shortfall_kwh"] == first["delivery"]["shortfall_kwh"] == 0
    reasons = RunFolder.open(tmp_path / "second").table("coalition").set_index("home_id")["reason"]
    assert "dropped out" in reasons[gone]


def test_member_that_drops_out_after_the_award_falls_short(tmp_path: Path) -> None:
    small_request(tmp_path / "first")
    gone = next(iter(committed(tmp_path / "first")))
    result = small_request(tmp_path / "second", f"{gone}@after")
    assert gone in committed(tmp_path / "second")
    assert result["delivery"]["shortfall_kwh"] > 0
    assert result["settlement"]["penalty_usd"] > 0
    assert result["settlement"]["owner_payments_usd"] > 0
    assert (RunFolder.open(tmp_path / "second").table("coalition")["paid_usd"] >= 0).all()
    assert result["checks"]["ledger_sum_microusd"] == 0


@pytest.mark.parametrize(
    ("stage", "why"), [("before", "as it had agreed to nothing"), ("after", "as it had promised nothing")]
)
def test_dropping_out_without_effect_is_said(stage: str, why: str, tmp_path: Path) -> None:
    """On standard error, in the log and in the report; what the day comes to stays the same."""
    flags = ["--price", 120, "--kw", 12]
    succeeded("negotiate", *flags, "--out", tmp_path / "plain")
    plain = RunFolder.open(tmp_path / "plain")
    agreed = set(plain.table("options")["home_id"])
    idle = next(home for home in plain.table("fleet")["home_id"] if home not in agreed)
    result = succeeded("negotiate", *flags, "--drop-out", f"{idle}@{stage}", "--out", tmp_path / "run", "--json")
    assert result.stderr.startswith("gridpact: note: Dropping out ")
    assert f"had no effect, {why}: {idle}." in result.stderr
    assert f"had no effect, {why}: {idle}." in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert held(tmp_path / "run")["settlement"] == plain.result["settlement"]
    busy = next(iter(committed(tmp_path / "plain")))
    heard = succeeded("negotiate", *flags, "--drop-out", f"{busy}@{stage}", "--out", tmp_path / "heard")
    assert "no effect" not in heard.stderr
    assert "Dropped out" in heard.stdout


def test_everyone_dropping_out_is_a_result(tmp_path: Path, demonstration: Path) -> None:
    homes = [str(home) for home in RunFolder.open(demonstration).table("fleet")["home_id"]]
    for stage in ("before", "after"):
        flags = [flag for home in homes for flag in ("--drop-out", f"{home}@{stage}")]
        succeeded(*DAY, *flags, "--out", tmp_path / stage)
        result = held(tmp_path / stage)
        assert result["delivery"]["delivered_kwh"] == 0
        assert result["settlement"]["owner_payments_usd"] == 0
    assert held(tmp_path / "before")["settlement"]["penalty_usd"] == 0
    assert held(tmp_path / "after")["settlement"]["penalty_usd"] > 0


@pytest.mark.parametrize("homes", [1, 50])
def test_fleets_of_any_size(homes: int, tmp_path: Path) -> None:
    succeeded("negotiate", "--fleet", homes, "--price", 150, "--kw", 2 * homes, "--out", tmp_path / "run")
    result = held(tmp_path / "run")
    assert result["outcome"] in ("awarded", "no_deal", "no_bid")
    if homes == 50:
        assert result["outcome"] == "awarded"
        assert len(result["coalition"]["members"]) >= 2


def test_one_home_with_a_battery_sells(tmp_path: Path, demonstration: Path) -> None:
    member = max(committed(demonstration).items(), key=lambda item: item[1])[0]
    fleet = RunFolder.open(demonstration).table("fleet")
    fleet["blackout"] = fleet["blackout"].map(lambda windows: "" if windows is None else "; ".join(windows))
    fleet[fleet["home_id"] == member].to_csv(tmp_path / "one.csv", index=False)
    succeeded("negotiate", "--fleet", tmp_path / "one.csv", "--price", 120, "--kw", 5, "--out", tmp_path / "run")
    assert held(tmp_path / "run")["coalition"]["members"] == [member]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
@pytest.mark.parametrize("before", ["freezing", "writing"])
def test_killed_run_leaves_no_half_folder(before: str, tmp_path: Path, demonstration: Path) -> None:
    """Killed with signal 9 at a stage of its own telling, the run leaves the whole old folder or the whole new one."""
    out = tmp_path / "run"
    for file in demonstration.rglob("*"):
        if file.is_file():
            copy = out / file.relative_to(demonstration)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    for fresh in (out, tmp_path / "fresh"):
        command = [sys.executable, "-m", "gridpact", "negotiate", "--price", "90", "--out", str(fresh)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if before in line:
                    break
            time.sleep(0.02)
            process.send_signal(signal.SIGKILL)
        assert process.returncode in (0, -signal.SIGKILL)
        if fresh.exists():
            held(fresh)
    assert out.exists()
    # Whatever the killed run left aside does not hinder the next one.
    succeeded(*DAY, "--out", out)
    held(out)


def test_settings_from_environment_and_env_file(tmp_path: Path) -> None:
    """The environment wins over ``.env``, and a flag over both."""

    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "gridpact", "negotiate", "--price", "80", *arguments],
            cwd=tmp_path,
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    (tmp_path / ".env").write_text("GRIDPACT_STRATEGY=truthful\nGRIDPACT_OUT=from-env-file\n")
    assert run().returncode == 0
    assert set(held(tmp_path / "from-env-file")["negotiation"]["strategies"]) == {"truthful"}
    assert run("--out", "flag", GRIDPACT_STRATEGY="tit_for_tat").returncode == 0
    assert set(held(tmp_path / "flag")["negotiation"]["strategies"]) == {"tit_for_tat"}
    bad = run(GRIDPACT_ROUNDS="abc")
    assert bad.returncode == 2
    assert "GRIDPACT_ROUNDS" in bad.stderr
    assert "Traceback" not in bad.stderr
    (tmp_path / ".env").write_bytes(b"\xff\xfe\x00")
    unreadable = run()
    assert unreadable.returncode == 2
    assert unreadable.stderr.startswith("gridpact: ")
    assert "Traceback" not in unreadable.stderr
