"""Bad input: exit 2, one clear message, no traceback, and whatever lay in the output folder is untouched."""

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from gridpact.cli import app
from gridpact.fleet.generator import demonstration_fleet
from gridpact.fleet.io import write_fleet

FLAGS = ["--product", "energy", "--start", "2022-07-13T19:00-05:00", "--hours", "2", "--kw", "20", "--price", "120"]


@dataclass
class Bench:
    """A folder with a good fleet, good opportunities and good prices to spoil."""

    root: Path
    frame: pd.DataFrame = field(init=False)

    def __post_init__(self) -> None:
        write_fleet(demonstration_fleet(), self.root / "good.csv")
        self.frame = pd.read_csv(self.root / "good.csv")

    def fleet(self, spoil: Callable[[pd.DataFrame], pd.DataFrame | None]) -> list[str]:
        frame = self.frame.copy().astype(object)
        frame = result if (result := spoil(frame)) is not None else frame
        path = self.root / "bad.csv"
        frame.to_csv(path, index=False)
        return ["--fleet", str(path), *FLAGS]

    def cell(self, column: str, value: object) -> list[str]:
        return self.fleet(lambda frame: frame.__setitem__(column, [value, *frame[column].iloc[1:]]))

    def text(self, flag: str, name: str, content: str | bytes, extra: list[str] | None = None) -> list[str]:
        path = self.root / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return [flag, str(path), *(FLAGS if extra is None else extra)]

    def prices(self, frame: pd.DataFrame, extra: list[str]) -> list[str]:
        path = self.root / "prices.csv"
        frame.to_csv(path, index=False)
        return ["--prices", str(path), *extra]


def hourly(values: float = 50.0, *, column: str = "energy_usd_per_mwh", days: int = 40) -> pd.DataFrame:
    starts = pd.date_range("2022-06-10", periods=24 * days, freq="h", tz="UTC")
    return pd.DataFrame({"interval_start": starts.astype(str), column: values})


WINDOW = ["--product", "energy", "--start", "2022-07-13T19:00-05:00", "--hours", "2", "--kw", "20"]
SPIN = ["--product", "spin", *WINDOW[2:]]
OPPORTUNITY = """
id: evening
product: energy
direction: up
start: "2022-07-13T19:00:00-05:00"
end: "2022-07-13T21:00:00-05:00"
step_minutes: 15
requested_kw: 20
minimum_kw: 0
reference_price: 120
price_unit: usd_per_mwh
rules: demo
"""


def replaced(old: str, new: str) -> str:
    assert old in OPPORTUNITY
    return OPPORTUNITY.replace(old, new)


def first_battery(bench: Bench) -> int:
    return int(np.flatnonzero(bench.frame["battery_capacity_kwh"].notna())[0])


def at_battery(column: str, value: object) -> Callable[[Bench], list[str]]:
    def arguments(bench: Bench) -> list[str]:
        row = first_battery(bench)

        def spoil(frame: pd.DataFrame) -> None:
            frame.loc[row, column] = value

        return bench.fleet(spoil)

    return arguments


CASES: dict[str, tuple[Callable[[Bench], list[str]], list[str]]] = {
    # name: (arguments, words that the message must contain)
    "missing column": (lambda b: b.fleet(lambda f: f.drop(columns="home_id")), ["home_id"]),
    "unknown column": (
        lambda b: b.fleet(lambda f: f.rename(columns={"battery_capacity_kwh": "battery_capcity_kwh"})),
        ["battery_capcity_kwh", "battery_capacity_kwh"],
    ),
    "NaN as text": (at_battery("battery_charge_kw", "banana"), ["battery_charge_kw"]),
    "infinite capacity": (at_battery("battery_capacity_kwh", "inf"), ["battery_capacity_kwh"]),
    "negative capacity": (at_battery("battery_capacity_kwh", -5), ["battery_capacity_kwh", "-5"]),
    "battery power missing": (at_battery("battery_charge_kw", np.nan), ["battery_charge_kw"]),
    "SoC above 1": (at_battery("battery_soc_fraction", 55), ["battery_soc_fraction", "55"]),
    "SoC below minimum above maximum": (at_battery("battery_min_soc_fraction", 0.99), ["battery_min_soc_fraction"]),
    "efficiency above 1": (at_battery("battery_charge_efficiency", 95), ["battery_charge_efficiency"]),
    "backup above 1": (at_battery("backup_soc_fraction", 12), ["backup_soc_fraction"]),
    "unknown time zone": (lambda b: b.cell("timezone", "Mars/Olympus"), ["Mars/Olympus"]),
    "unknown tariff": (lambda b: b.cell("tariff", "free_lunch"), ["free_lunch"]),
    "unknown load profile": (lambda b: b.cell("load_profile", "nobody"), ["nobody"]),
    "unreadable blackout": (lambda b: b.cell("blackout", "around teatime"), ["blackout"]),
    "NaN floor": (lambda b: b.cell("floor_usd_per_mwh", "nan?"), ["floor_usd_per_mwh"]),
    "duplicate home": (lambda b: b.fleet(lambda f: pd.concat([f, f.iloc[[0]]])), ["home_id"]),
    "duplicate meter": (
        lambda b: b.fleet(lambda f: f.__setitem__("meter_id", "same")),
        ["meter_id"],
    ),
    "empty fleet": (lambda b: b.fleet(lambda f: f.iloc[:0]), ["no home"]),
    "empty file": (lambda b: b.text("--fleet", "bad.csv", ""), ["bad.csv"]),
    "fleet file cut in half": (
        lambda b: b.text("--fleet", "bad.csv", (b.root / "good.csv").read_bytes()[:1500]),
        ["bad.csv"],
    ),
    "parquet fleet cut in half": (lambda b: b.text("--fleet", "bad.parquet", half_parquet(b)), ["bad.parquet"]),
    "fleet of zero": (lambda b: ["--fleet", "0", *FLAGS], ["0"]),
    "no such fleet": (lambda b: ["--fleet", "nowhere.csv", *FLAGS], ["nowhere.csv"]),
    "naive start": (lambda b: ["--start", "2022-07-13T19:00", "--price", "80"], ["offset"]),
    "start is no time": (lambda b: ["--start", "soon", "--price", "80"], ["soon"]),
    "off the grid": (lambda b: ["--start", "2022-07-13T19:07-05:00", "--price", "80"], ["grid"]),
    "zero hours": (lambda b: ["--hours", "0", "--price", "80"], ["--hours"]),
    "negative power": (lambda b: ["--kw", "-3", "--price", "80"], ["-3"]),
    "NaN price": (lambda b: ["--price", "nan"], ["--price"]),
    "price outside the cap": (lambda b: [*FLAGS[:-1], "99999"], ["cap"]),
    "unknown product": (lambda b: ["--product", "sunshine", "--price", "80"], ["sunshine", "spin"]),
    "unknown strategy": (lambda b: ["--strategy", "bluff", *FLAGS], ["bluff", "truthful"]),
    "unknown rules": (lambda b: ["--rules", "ercot_adr", *FLAGS], ["ercot_adr", "ercot_ader"]),
    "too small for the rules": (lambda b: ["--rules", "caiso_dera", *FLAGS], ["100"]),
    "no rounds": (lambda b: ["--rounds", "0", *FLAGS], ["--rounds"]),
    "window outside the data": (lambda b: ["--start", "2031-07-13T19:00-05:00"], ["2031"]),
    "reserve without a reserve price": (lambda b: SPIN, ["spin"]),
    "price file without reserve": (lambda b: b.prices(hourly(), SPIN), ["spin"]),
    "price file without unit": (lambda b: b.prices(hourly(column="price"), WINDOW), ["unit"]),
    "price file with naive times": (
        lambda b: b.prices(hourly().assign(interval_start=lambda f: f["interval_start"].str[:19]), WINDOW),
        ["offset"],
    ),
    "price file with a hole": (
        lambda b: b.prices(hourly().assign(energy_usd_per_mwh=[np.nan] + [50.0] * (24 * 40 - 1)), WINDOW),
        ["energy_usd_per_mwh"],
    ),
    "price file with twice the same hour": (
        lambda b: b.prices(pd.concat([hourly(), hourly().iloc[[5]]]), WINDOW),
        ["2022-06-10"],
    ),
    "no such price file": (lambda b: ["--prices", "nowhere.csv", *WINDOW], ["nowhere.csv"]),
    "opportunity file is no YAML": (lambda b: b.text("--opportunity", "o.yaml", "a: [1", []), ["o.yaml"]),
    "opportunity with unknown key": (
        lambda b: b.text("--opportunity", "o.yaml", replaced("requested_kw", "requestd_kw"), []),
        ["requestd_kw", "requested_kw"],
    ),
    "opportunity with wrong unit": (
        lambda b: b.text("--opportunity", "o.yaml", replaced("usd_per_mwh", "usd_per_mw_h"), []),
        ["price_unit"],
    ),
    "opportunity downward": (lambda b: b.text("--opportunity", "o.yaml", replaced("up", "down"), []), ["direction"]),
    "opportunity naive": (
        lambda b: b.text("--opportunity", "o.yaml", replaced("19:00:00-05:00", "19:00:00"), []),
        ["offset"],
    ),
    "opportunity ends before it starts": (
        lambda b: b.text("--opportunity", "o.yaml", replaced("21:00:00", "18:00:00"), []),
        ["end"],
    ),
    "opportunity NaN": (lambda b: b.text("--opportunity", "o.yaml", replaced("120", ".nan"), []), ["reference_price"]),
    "spec with unknown term": (lambda b: b.text("--spec", "s.yaml", "margins: 0.2\n"), ["margins", "margin"]),
    "spec margin above 1": (lambda b: b.text("--spec", "s.yaml", "margin: 15\n"), ["margin"]),
    "drop-out nobody knows": (lambda b: ["--drop-out", "nobody", *FLAGS], ["nobody"]),
    "commitments that are no run": (lambda b: ["--commitments", str(b.root), *FLAGS], ["result.json"]),
}


def half_parquet(bench: Bench) -> bytes:
    path = bench.root / "whole.parquet"
    write_fleet(demonstration_fleet(), path)
    return path.read_bytes()[: path.stat().st_size // 2]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def before(out: Path) -> dict[str, bytes]:
    out.mkdir()
    (out / "keep.txt").write_text("mine")
    return content(out)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def earlier_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good run of the demonstration fleet on 2022-07-13."""
    out = tmp_path_factory.mktemp("earlier") / "run"
    result = CliRunner().invoke(app, ["negotiate", *FLAGS, "--out", str(out)])
    assert result.exit_code == 0, result.output
    return out


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused_in_one_message(name: str, bench: Bench, earlier_run: Path) -> None:
    arguments, words = CASES[name]
    out = bench.root / "out"
    shutil.copytree(earlier_run, out)
    existing = content(out)
    result = CliRunner().invoke(app, ["negotiate", *arguments(bench), "--out", str(out)])
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    message = [line for line in result.stderr.splitlines() if line.startswith("gridpact: ")]
    assert len(message) == 1, result.stderr
    for word in words:
        assert word in result.stderr
    assert content(out) == existing
    assert not [path for path in bench.root.iterdir() if ".tmp-" in path.name]


def test_full_disk_leaves_an_earlier_run_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "run"
    first = CliRunner().invoke(app, ["negotiate", *FLAGS, "--out", str(out)])
    assert first.exit_code == 0, first.output
    existing = content(out)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    second = CliRunner().invoke(app, ["negotiate", *FLAGS, "--seed", "7", "--out", str(out)])
    assert second.exit_code == 2
    assert "No space left" in second.stderr
    assert content(out) == existing
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_output_that_is_not_a_run_is_never_replaced(tmp_path: Path) -> None:
    out = tmp_path / "photos"
    existing = before(out)
    result = CliRunner().invoke(app, ["negotiate", *FLAGS, "--out", str(out)])
    assert result.exit_code == 2
    assert "photos" in result.stderr
    assert content(out) == existing
