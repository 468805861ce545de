"""A coalition too small for its market is refused by the market's rules: a result, not an error."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gridpact.cli.app import app
from gridpact_audit.audit import audit

HOUR = ["--start", "2022-07-13T19:00-05:00", "--hours", "1"]


@pytest.mark.parametrize(
    "flags",
    [
        ["--rules", "caiso_dera", "--kw", "100", "--price", "150"],
        ["--rules", "ercot_ader", "--product", "nonspin", "--kw", "200", "--price", "60"],
        ["--rules", "ercot_ader", "--kw", "100", "--price", "400"],
    ],
)
def test_six_homes_are_too_few_for_a_real_market(flags: list[str], tmp_path: Path) -> None:
    out = tmp_path / "run"
    run = CliRunner().invoke(app, ["negotiate", *HOUR, *flags, "--json", "--out", str(out)])
    assert run.exit_code == 0, run.output
    result = json.loads(run.stdout)
    assert result["outcome"] == "refused"
    assert "minimum" in result["outcomes"][0]["reason"]
    assert result["bid"][0]["segments"] == result["coalition"]["members"] == []
    assert result["settlement"]["operator_profit_usd"] == 0
    assert not audit(out).failed


def test_enough_homes_sell_in_a_real_market(tmp_path: Path) -> None:
    out = tmp_path / "run"
    flags = ["--fleet", "150", "--rules", "caiso_ngr", "--kw", "150", "--price", "900", "--strategy", "truthful"]
    run = CliRunner().invoke(app, ["negotiate", *HOUR, *flags, "--json", "--out", str(out)])
    assert run.exit_code == 0, run.output
    result = json.loads(run.stdout)
    assert result["outcome"] == "awarded"
    assert result["coalition"]["committed_kw"] >= 100
    assert not audit(out).failed
