"""Real evenings: CAISO day-ahead energy and spinning reserve in one run, and the same bytes from the same seed."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from gridpact.cli.app import app
from gridpact.fleet.generator import generate_fleet
from gridpact.fleet.io import write_fleet
from gridpact.results.run_folder import RunFolder
from gridpact_audit.audit import audit

PRICES = Path(__file__).parents[3] / "shared" / "data" / "caiso_dam_energy_reserves_2023.parquet"
PACIFIC = ZoneInfo("America/Los_Angeles")
HOMES = 30
FIRST_EVENING = date(2023, 8, 14)
REQUESTED_KW = {"energy": 40.0, "spin": 20.0}

needs_prices = pytest.mark.skipif(not PRICES.is_file(), reason=f"{PRICES.name} is not beside this repository")


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """Files that a run reads."""

    fleet: Path
    prices: Path
    root: Path

    def command(self, evening: date, out: Path) -> list[str]:
        files = [self.opportunity(product, evening) for product in REQUESTED_KW]
        arguments = [
            "negotiate",
            "--fleet",
            str(self.fleet),
            "--prices",
            str(self.prices),
            "--location",
            "sp15_lmp_usd_mwh",
        ]
        return [*arguments, *(part for file in files for part in ("--opportunity", str(file))), "--out", str(out)]

    def opportunity(self, product: str, evening: date) -> Path:
        start = datetime.combine(evening, time(18), tzinfo=PACIFIC)
        content = {
            "id": f"{product}-{evening.isoformat()}",
            "product": product,
            "start": start.isoformat(),
            "end": (start + timedelta(hours=2)).isoformat(),
            "requested_kw": REQUESTED_KW[product],
            "reference_price": 60 if product == "energy" else 8,
            "rules": "demo",
        }
        file = self.root / f"{content['id']}.yaml"
        file.write_text(yaml.safe_dump(content), encoding="utf-8")
        return file


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Market:
    root = tmp_path_factory.mktemp("caiso")
    write_fleet(generate_fleet(HOMES, seed=11, zone="caiso"), root / "fleet.csv")
    return Market(fleet=root / "fleet.csv", prices=PRICES, root=root)


def run_evenings(market: Market, days: int, root: Path) -> pd.DataFrame:
    """Coalition rows of every evening, with the product."""
    rows = []
    for evening in (FIRST_EVENING + timedelta(days=day) for day in range(days)):
        out = root / evening.isoformat()
        done = CliRunner().invoke(app, market.command(evening, out))
        assert done.exit_code == 0, done.output
        report = audit(out)
        assert report.holds, report.to_text()
        folder = RunFolder.open(out)
        assert folder.result["checks"]["double_sold"] == 0
        assert folder.result["checks"]["preferences_broken"] == 0
        products = {item["id"]: item["product"] for item in folder.result["opportunities"]}
        assert sorted(products.values()) == sorted(REQUESTED_KW)
        for record in folder.result["clearing"]:
            assert record["price"] == pytest.approx(paid(record["opportunity_id"], evening))
        coalition = folder.table("coalition")
        rows.append(coalition.assign(product=coalition["opportunity_id"].map(products), evening=evening))
        never_the_same_power(folder)
    return pd.concat(rows, ignore_index=True)


def paid(opportunity_id: str, evening: date) -> float:
    """Mean of the two hours, straight from the file."""
    column = "spin_usd_mw_h" if opportunity_id.startswith("spin") else "sp15_lmp_usd_mwh"
    start = pd.Timestamp(datetime.combine(evening, time(18), tzinfo=PACIFIC)).tz_convert("UTC")
    series = pd.read_parquet(PRICES)[column]
    return float(series.loc[start : start + pd.Timedelta(hours=1)].mean())


def never_the_same_power(folder: RunFolder) -> None:
    """A battery's planned discharge and the reserve that it holds fit into its power together."""
    dispatch = folder.table("dispatch")
    limits = folder.table("fleet").set_index("home_id")["battery_discharge_kw"]
    planned = dispatch[(dispatch["phase"] == "planned") & (dispatch["reserve_kw"] > 0)]
    used = planned["battery_discharge_kw"] - planned["battery_charge_kw"] + planned["reserve_kw"]
    assert (used <= planned["home_id"].astype(str).map(limits) + 1e-4).all()


@needs_prices
def test_two_evenings(market: Market, tmp_path: Path) -> None:
    sold = run_evenings(market, 2, tmp_path)
    assert set(sold[sold["committed_kw"] > 0]["product"]) == set(REQUESTED_KW)


@needs_prices
@pytest.mark.deep
def test_week_of_evenings(market: Market, tmp_path: Path) -> None:
    sold = run_evenings(market, 7, tmp_path)
    awards = sold[sold["committed_kw"] > 0].groupby("product")["evening"].nunique()
    assert set(awards.index) == set(REQUESTED_KW)
    assert (sold["committed_kw"] >= 0).all()


@needs_prices
def test_same_seed_same_bytes(market: Market, tmp_path: Path) -> None:
    folders = []
    for number, hash_seed in enumerate(("1", "4242")):
        root = tmp_path / str(number)
        root.mkdir()
        # The same command to the letter, in two processes that order sets differently.
        subprocess.run(
            [sys.executable, "-m", "gridpact", *market.command(FIRST_EVENING, Path("run"))],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
            timeout=300,
        )
        folders.append(root / "run")
    first, second = (
        {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
        for folder in folders
    )
    assert first.keys() == second.keys()
    assert "report.html" in first
    assert [name for name in first if name != "performance.json" and first[name] != second[name]] == []
    assert json.loads(first["performance.json"]).keys() == json.loads(second["performance.json"]).keys()
