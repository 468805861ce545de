"""Homes with heat stores on a market day: sold, audited, chained, frozen and left out."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from gridpact.cli.app import app
from gridpact.fleet.fleet import Fleet
from gridpact.fleet.io import write_fleet
from gridpact.results.run_folder import RunFolder
from gridpact_audit.audit import audit

WINTER = ("--start", "2022-01-12T18:00-06:00", "--hours", 2)


def gridpact(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def held(*arguments: object, out: Path) -> Mapping[str, Any]:
    """The result of `gridpact negotiate` with these flags, which the auditor found to hold."""
    done = gridpact("negotiate", *arguments, "--out", out)
    assert done.exit_code == 0, done.output
    report = audit(out)
    assert report.holds, report.to_text()
    assert report.check("physics.heat_energy").holds
    result: Mapping[str, Any] = json.loads((out / "result.json").read_bytes())
    return result


def committed(folder: Path) -> dict[str, float]:
    coalition = RunFolder.open(folder).table("coalition")
    members = coalition[coalition["committed_kw"] > 0]
    return dict(zip(members["home_id"], members["committed_kw"], strict=True))


@pytest.fixture(scope="module")
def heated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three homes with nothing but heat on a flat tariff, one with everything, one that may not export, one plain."""
    store = {"heat_capacity_kwh": 8.0, "heat_power_kw": 3.0, "heat_demand_profile": "water:9000:3"}
    house = {**store, "heat_cop": 3.0, "heat_leak_fraction_per_h": 0.03, "heat_demand_profile": "space:15000:3"}
    battery = {"battery_capacity_kwh": 10.0, "battery_charge_kw": 5.0, "battery_discharge_kw": 5.0}
    car = {"vehicle_capacity_kwh": 60.0, "vehicle_charge_kw": 7.0, "vehicle_soc_fraction": 0.4}
    rows = [
        {**store},
        {**house, "blackout": "20:30-22:00"},
        {**house, "heat_demand_profile": "space:40000:9"},
        {**house, **battery, **car, "solar_kw": 6.0, "tariff": "time_of_use"},
        {**store, **battery, "solar_kw": 10.0, "export_allowed": False, "tariff": "wholesale_indexed"},
        {},
    ]
    frame = pd.DataFrame([{"home_id": f"h{k}", "tariff": "flat", **row} for k, row in enumerate(rows)])
    path = tmp_path_factory.mktemp("heat") / "fleet.csv"
    write_fleet(Fleet.from_frame(frame), path)
    return path


def test_heat_alone_sells_the_evening(heated: Path, tmp_path: Path) -> None:
    result = held("--fleet", heated, *WINTER, "--price", 400, "--kw", 30, out=tmp_path / "run")
    assert result["outcome"] == "awarded"
    assert {"h0", "h1"} <= set(committed(tmp_path / "run"))
    assert result["delivery"]["shortfall_kwh"] == 0
    run = RunFolder.open(tmp_path / "run")
    dispatch = run.table("dispatch")
    baseline, realised = (
        dispatch[(dispatch["phase"] == phase) & (dispatch["home_id"] == "h0")] for phase in ("baseline", "realised")
    )
    assert (baseline["heat_kw"].to_numpy() != realised["heat_kw"].to_numpy()).any()
    assert dispatch.loc[dispatch["home_id"] == "h5", "heat_kw"].isna().all()
    assert run.table("fleet")["heat_capacity_kwh"].notna().sum() == 5


def test_a_run_without_heat_has_no_heat_columns(tmp_path: Path) -> None:
    assert gridpact("negotiate", "--price", 80, "--out", tmp_path / "run").exit_code == 0
    run = RunFolder.open(tmp_path / "run")
    assert not [name for table in ("fleet", "dispatch") for name in run.table(table) if name.startswith("heat")]
    assert audit(tmp_path / "run").check("physics.heat_energy").verdict == "nothing to check"


def test_promises_of_heat_bind_later_runs(heated: Path, tmp_path: Path) -> None:
    first, again = tmp_path / "first", tmp_path / "again"
    held("--fleet", heated, *WINTER, "--price", 400, "--kw", 30, out=first)
    later = ("--start", "2022-01-12T21:00-06:00", "--hours", 1)
    held("--fleet", heated, *later, "--price", 500, "--kw", 30, "--commitments", first, out=again)
    baselines = [
        frame[frame["phase"] == "baseline"].reset_index(drop=True)
        for frame in (RunFolder.open(path).table("dispatch") for path in (first, again))
    ]
    pd.testing.assert_frame_equal(*baselines)
    refused = gridpact("negotiate", *later, "--price", 500, "--commitments", first, "--out", tmp_path / "other")
    assert refused.exit_code == 2
    assert "use the same fleet" in refused.stderr


def test_another_fleet_without_heat_is_refused_by_column(heated: Path, tmp_path: Path) -> None:
    first = tmp_path / "first"
    held("--fleet", heated, *WINTER, "--price", 400, "--kw", 30, out=first)
    frame = pd.read_csv(heated)
    frame.drop(columns=[name for name in frame if name.startswith("heat")]).to_csv(tmp_path / "cold.csv", index=False)
    refused = gridpact(
        *("negotiate", "--fleet", tmp_path / "cold.csv", *WINTER, "--price", 400),
        *("--commitments", first, "--out", tmp_path / "other"),
    )
    assert refused.exit_code == 2
    assert "home 'h0' has heat_capacity_kwh 8.0 there and None here" in refused.stderr


def test_the_operator_can_leave_heat_alone(heated: Path, tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text("exclude_assets: [{asset: heat}]\n", encoding="utf-8")
    held("--fleet", heated, *WINTER, "--price", 400, "--kw", 30, "--spec", spec, out=tmp_path / "run")
    assert not {"h0", "h1", "h2"} & set(committed(tmp_path / "run"))
    reasons = RunFolder.open(tmp_path / "run").table("coalition").set_index("home_id")["reason"]
    assert reasons["h0"]


def test_who_drops_out_heats_as_without_the_vpp(heated: Path, tmp_path: Path) -> None:
    result = held(
        *("--fleet", heated, *WINTER, "--price", 400, "--kw", 30, "--drop-out", "h0@after"), out=tmp_path / "run"
    )
    assert result["delivery"]["shortfall_kwh"] > 0
    dispatch = RunFolder.open(tmp_path / "run").table("dispatch")
    mine = dispatch[dispatch["home_id"] == "h0"]
    baseline, realised = (mine.loc[mine["phase"] == phase, "heat_kw"].to_numpy() for phase in ("baseline", "realised"))
    assert (baseline == realised).all()


def test_generated_by_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "fleet.parquet"
    made = gridpact("fleet", "generate", 20, "--seed", 3, "--heat-share", 0.7, "--out", file)
    assert made.exit_code == 0, made.output
    described = json.loads(gridpact("fleet", "describe", file, "--json").stdout)
    assert described["assets"]["heat"]["share"] > 0.4
    assert described["assets"]["heat"]["quantities"]["heat_power_kw"]["total"] > 0
    held("--fleet", file, *WINTER, "--price", 300, "--kw", 40, out=tmp_path / "run")
    wrong = gridpact("fleet", "generate", 20, "--heat-share", 70, "--out", tmp_path / "no.csv")
    assert wrong.exit_code == 2
    assert "heat share of 70" in wrong.stderr
