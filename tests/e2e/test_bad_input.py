"""Bad input: exit 2, one clear message, no traceback, and whatever lay in the output folder is untouched."""

import errno
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from gridpact.cli.app import app
from gridpact.fleet.generator import demonstration_fleet
from gridpact.fleet.io import write_fleet
from gridpact_audit.audit import audit

FLAGS = ["--product", "energy", "--start", "2022-07-13T19:00-05:00", "--hours", "2", "--kw", "20", "--price", "120"]


@dataclass
class Bench:
    """A folder with a good fleet, good opportunities and good prices to spoil."""

    root: Path
    earlier: Path
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

    def series(self, flag: str, spoil: Callable[[pd.DataFrame], pd.DataFrame]) -> list[str]:
        """A spoiled copy of what the earlier run of the same fleet and day kept of its profiles or tariffs."""
        path = self.root / "series.csv"
        spoil(pd.read_parquet(self.earlier / f"{flag[2:]}.parquet")).to_csv(path, index=False)
        return [flag, str(path), *FLAGS]

    def damaged(self, spoil: Callable[[Path], object]) -> list[str]:
        folder = self.root / "damaged"
        shutil.copytree(self.earlier, folder)
        spoil(folder)
        return ["--commitments", str(folder), *FLAGS]

    def files(self, *contents: str) -> list[str]:
        flags = []
        for number, content in enumerate(contents):
            flags += self.text("--opportunity", f"o{number}.yaml", content, [])
        return flags

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


BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in pairwise("abcdefghijklm")
)
RAISING = """
from gridpact.negotiation.strategy import Strategy

class Mine(Strategy):
    def asks(self, context):
        raise RuntimeError("private")
"""


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
    "excluded home nobody knows": (
        lambda b: b.text("--spec", "s.yaml", "exclude_homes: [mapel]\n"),
        ["exclude_homes", "mapel"],
    ),
    "drop-out nobody knows": (lambda b: ["--drop-out", "nobody", *FLAGS], ["nobody"]),
    "commitments that are no run": (lambda b: ["--commitments", str(b.root), *FLAGS], ["result.json"]),
    "NaN in prices": (
        lambda b: b.prices(hourly().assign(energy_usd_per_mwh=at_700("nan")), WINDOW),
        ["row 702", "nan"],
    ),
    "infinite price in prices": (
        lambda b: b.prices(hourly().assign(energy_usd_per_mwh=at_700("inf")), WINDOW),
        ["row 702", "inf"],
    ),
    "text in prices": (
        lambda b: b.prices(hourly().assign(energy_usd_per_mwh=at_700("dear")), WINDOW),
        ["row 702", "dear"],
    ),
    "prices per kWh": (lambda b: b.prices(hourly(column="energy_usd_per_kwh"), WINDOW), ["energy_usd_per_kwh", "unit"]),
    "prices in cents": (lambda b: b.prices(hourly(column="energy_cents_per_kwh"), WINDOW), ["energy_cents_per_kwh"]),
    "reserve priced as energy": (
        lambda b: b.prices(hourly().assign(spin_usd_per_mwh=4.0), SPIN),
        ["spin_usd_per_mw_h"],
    ),
    "energy priced as reserve": (lambda b: b.prices(hourly(column="energy_usd_per_mw_h"), WINDOW), ["_usd_per_mwh"]),
    "prices without rows": (lambda b: b.prices(hourly().iloc[:0], WINDOW), ["no rows"]),
    "prices without times": (lambda b: b.prices(hourly().drop(columns="interval_start"), WINDOW), ["interval_start"]),
    "prices lack an hour of the window": (
        lambda b: b.prices(hourly()[lambda f: f["interval_start"] != "2022-07-14 01:00:00+00:00"], WINDOW),
        ["missing"],
    ),
    "prices are garbage": (lambda b: b.text("--prices", "p.csv", bytes(range(256)) * 20, WINDOW), ["p.csv"]),
    "prices are a folder": (lambda b: folder_as(b, "--prices", "p.csv", WINDOW), ["p.csv"]),
    "unknown location in prices": (lambda b: [*b.prices(hourly(), WINDOW), "--location", "nowhere"], ["nowhere"]),
    "prices of several locations": (
        lambda b: b.prices(hourly(column="np15_lmp_usd_per_mwh").assign(sp15_lmp_usd_per_mwh=60.0), WINDOW),
        ["--location", "np15_lmp_usd_per_mwh", "sp15_lmp_usd_per_mwh"],
    ),
    "unknown location": (lambda b: ["--location", "HB_MOON", *WINDOW], ["HB_MOON", "HB_HOUSTON"]),
    "prices above the cap": (lambda b: b.prices(hourly(99999.0), WINDOW), ["cap"]),
    "a thousand million rounds": (lambda b: ["--rounds", str(10**9), *FLAGS], ["--rounds", "50"]),
    "huge power": (lambda b: ["--kw", "1e300", "--price", "80"], ["requested_kw"]),
    "infinite power": (lambda b: ["--kw", "inf", "--price", "80"], ["--kw"]),
    "minimum above request": (
        lambda b: ["--kw", "5", "--minimum-kw", "6", "--price", "80"],
        ["--minimum-kw is 6;", "--kw, 5"],
    ),
    "year 1": (lambda b: ["--start", "0001-01-01T00:00+00:00", "--price", "80"], ["0001-01-01"]),
    "year 1 east of Greenwich": (lambda b: ["--start", "0001-01-01T00:00+05:00", "--price", "80"], ["0001-01-01"]),
    "year 9999": (lambda b: ["--start", "9999-12-31T23:00+00:00", "--price", "80"], ["9999"]),
    "year 3000": (lambda b: ["--start", "3000-01-02T19:00+00:00", "--price", "80"], ["3000"]),
    "a day and an hour": (lambda b: ["--hours", "25", "--price", "80"], ["--hours"]),
    "part of a minute": (lambda b: ["--hours", "0.1001", "--price", "80"], ["--hours"]),
    "negative seed": (lambda b: ["--seed", "-1", *FLAGS], ["--seed"]),
    "no opportunity in a list": (lambda b: b.files("[]"), ["no opportunity"]),
    "no opportunity under the key": (lambda b: b.files("opportunities: []"), ["no opportunity"]),
    "no opportunity in an empty file": (lambda b: b.files(""), ["no opportunity"]),
    "YAML bomb": (lambda b: b.files(BOMB), ["200,000 values", "alias"]),
    "YAML that holds itself": (lambda b: b.files("&a [*a]"), ["o0.yaml"]),
    "YAML that would run code": (lambda b: b.files("!!python/object/apply:os.system ['exit 9']"), ["o0.yaml"]),
    "JSON nested deeply": (lambda b: b.text("--opportunity", "o.json", "[" * 100_000, []), ["nested more than 32"]),
    "opportunity key twice": (lambda b: b.files(OPPORTUNITY + "id: again\n"), ["'id'", "twice"]),
    "opportunity in MW": (lambda b: b.files(replaced("requested_kw: 20", "requested_kw: 20 MW")), ["20 MW"]),
    "opportunity id with line breaks": (lambda b: b.files(replaced("evening", '"a\\nb"')), ["id"]),
    "opportunity id of half a character": (
        lambda b: b.text("--opportunity", "o.json", json.dumps({**yaml.safe_load(OPPORTUNITY), "id": "\ud800"}), []),
        ["id"],
    ),
    "opportunity is a folder": (lambda b: folder_as(b, "--opportunity", "o.yaml", []), ["o.yaml"]),
    "opportunity is garbage": (lambda b: b.text("--opportunity", "o.yaml", bytes(range(256)), []), ["UTF-8"]),
    "two opportunities of one id": (lambda b: b.files(OPPORTUNITY, OPPORTUNITY), ["'evening'"]),
    "one price for two opportunities": (
        lambda b: [*b.files(OPPORTUNITY, replaced("evening", "night")), "--price", "80"],
        ["--price"],
    ),
    "opportunity file and flags": (lambda b: [*b.files(OPPORTUNITY), "--kw", "3"], ["--kw"]),
    "opportunities months apart": (
        lambda b: b.files(OPPORTUNITY, replaced("evening", "autumn").replace("07-13", "09-13")),
        ["7 operating days"],
    ),
    "opportunities of two steps": (
        lambda b: b.files(OPPORTUNITY, replaced("evening", "slow").replace("minutes: 15", "minutes: 30")),
        ["step_minutes"],
    ),
    "opportunity without rules takes the flag's": (
        lambda b: [*b.files(replaced("rules: demo", "")), "--rules", "caiso_dera"],
        ["caiso_dera", "100 kW"],
    ),
    "fleet is a folder": (lambda b: folder_as(b, "--fleet", "f.csv", FLAGS), ["f.csv"]),
    "fleet is garbage": (lambda b: b.text("--fleet", "bad.csv", bytes(range(256)) * 20), ["bad.csv"]),
    "fleet name of zero bytes": (lambda b: b.text("--fleet", "bad.csv", b"home_id\n\0\0\n"), ["home_id"]),
    "fleet of another kind": (lambda b: b.text("--fleet", "bad.xlsx", b"PK"), ["bad.xlsx"]),
    "fleet number in other digits": (lambda b: ["--fleet", "\u00b2", *FLAGS], ["--fleet"]),
    "fleet number without end": (lambda b: ["--fleet", "9" * 5000, *FLAGS], ["--fleet"]),
    "fleet number with two signs": (lambda b: ["--fleet", "+-3", *FLAGS], ["--fleet"]),
    "fleet name without end": (lambda b: ["--fleet", "x" * 5000, *FLAGS], ["--fleet"]),
    "price file name without end": (lambda b: ["--prices", "x" * 5000 + ".csv", *WINDOW], ["too long"]),
    "profiles lack a column": (
        lambda b: b.series("--profiles", lambda f: f.drop(columns="realised_kw")),
        ["realised_kw"],
    ),
    "profiles with naive times": (
        lambda b: b.series("--profiles", lambda f: f.assign(interval_start=f["interval_start"].dt.tz_localize(None))),
        ["offset"],
    ),
    "profiles with one naive time": (
        lambda b: b.series(
            "--profiles",
            lambda f: f.assign(interval_start=["2022-07-13T17:00:00", *f["interval_start"].astype(str)[1:]]),
        ),
        ["offset"],
    ),
    "profiles without a time": (
        lambda b: b.series("--profiles", lambda f: f.assign(interval_start=[None, *f["interval_start"][1:]])),
        ["interval_start", "row 2"],
    ),
    "profiles with a time on two lines": (
        lambda b: b.series(
            "--profiles",
            lambda f: f.assign(interval_start=["2022-07-13T17:00\n+00:00", *f["interval_start"].astype(str)[1:]]),
        ),
        ["interval_start", "row 2"],
    ),
    "prices with a time on two lines": (
        lambda b: b.prices(
            hourly().assign(interval_start=lambda f: ["2022-06-10T00:00\n+00:00", *f["interval_start"][1:]]), WINDOW
        ),
        ["interval_start", "row 3"],
    ),
    "start on two lines": (lambda b: [*WINDOW, "--start", "2022-07-13\n19:00-05:00"], ["--start"]),
    "opportunity on two lines": (
        lambda b: b.text("--opportunity", "o.yaml", replaced("13T19:00:00-05:00", "13\\n19:00:00-05:00"), []),
        ["start"],
    ),
    "profiles with words for times": (
        lambda b: b.series("--profiles", lambda f: f.assign(interval_start="soon")),
        ["soon"],
    ),
    "profiles with NaN": (
        lambda b: b.series("--profiles", lambda f: f.assign(realised_kw=[np.nan, *f["realised_kw"][1:]])),
        ["realised_kw"],
    ),
    "profiles with text": (
        lambda b: b.series("--profiles", lambda f: f.assign(realised_kw=["much", *f["realised_kw"][1:]])),
        ["realised_kw", "much"],
    ),
    "profiles below zero": (
        lambda b: b.series("--profiles", lambda f: f.assign(realised_kw=-1)),
        ["realised_kw", "-1"],
    ),
    "profiles in watts": (
        lambda b: b.series("--profiles", lambda f: f.assign(forecast_kw=f["forecast_kw"] * 1000)),
        ["forecast_kw", "1000"],
    ),
    "profiles of half a day": (
        lambda b: b.series("--profiles", lambda f: f.groupby("profile", observed=True).head(48)),
        ["no value at"],
    ),
    "profiles of another day": (
        lambda b: b.series(
            "--profiles", lambda f: f.assign(interval_start=f["interval_start"] + pd.Timedelta(days=30))
        ),
        ["no value at"],
    ),
    "profiles with a time twice": (
        lambda b: b.series("--profiles", lambda f: pd.concat([f, f.iloc[[3]]])),
        ["twice"],
    ),
    "profiles without rows": (lambda b: b.series("--profiles", lambda f: f.iloc[:0]), ["no rows"]),
    "profiles are garbage": (lambda b: b.text("--profiles", "x.csv", bytes(range(256)) * 9, FLAGS), ["x.csv"]),
    "profiles are a folder": (lambda b: folder_as(b, "--profiles", "x.csv", FLAGS), ["x.csv"]),
    "tariffs lack a column": (
        lambda b: b.series("--tariffs", lambda f: f.rename(columns={"import_usd_per_kwh": "import_cents_per_kwh"})),
        ["import_usd_per_kwh"],
    ),
    "tariffs per MWh": (
        lambda b: b.series("--tariffs", lambda f: f.assign(import_usd_per_kwh=f["import_usd_per_kwh"] * 1000)),
        ["import_usd_per_kwh"],
    ),
    "tariffs with NaN": (
        lambda b: b.series("--tariffs", lambda f: f.assign(export_usd_per_kwh=np.nan)),
        ["export_usd_per_kwh"],
    ),
    "tariffs of half a day": (
        lambda b: b.series("--tariffs", lambda f: f.groupby("tariff", observed=True).head(48)),
        ["no value at"],
    ),
    "commitments of another day": (
        lambda b: ["--commitments", str(b.earlier), "--start", "2022-08-13T19:00-05:00", "--price", "80"],
        ["operating day"],
    ),
    "commitments of another fleet": (
        lambda b: ["--commitments", str(b.earlier), "--fleet", "3", *FLAGS],
        ["same fleet"],
    ),
    "commitments in other steps": (
        lambda b: [*b.files(replaced("minutes: 15", "minutes: 30")), "--commitments", str(b.earlier)],
        ["steps of 30 min"],
    ),
    "commitments and profiles": (
        lambda b: [*b.series("--profiles", lambda f: f), "--commitments", str(b.earlier)],
        ["--profiles"],
    ),
    "commitments are a file": (lambda b: ["--commitments", str(b.root / "good.csv"), *FLAGS], ["good.csv"]),
    "commitments lack a table": (
        lambda b: b.damaged(lambda d: (d / "dispatch.parquet").unlink()),
        ["dispatch.parquet"],
    ),
    "commitments with half a table": (
        lambda b: b.damaged(lambda d: halve(d / "coalition.parquet")),
        ["coalition.parquet"],
    ),
    "commitments with half a result": (lambda b: b.damaged(lambda d: halve(d / "result.json")), ["result.json"]),
    "commitments with half a log": (lambda b: b.damaged(lambda d: halve(d / "events.jsonl")), ["events.jsonl"]),
    "commitments with a changed result": (
        lambda b: b.damaged(
            lambda d: (d / "result.json").write_text((d / "result.json").read_text().replace('"seed": 0', '"seed": 1'))
        ),
        ["result.json"],
    ),
    "strategy without its class": (
        lambda b: ["--strategy", "gridpact.negotiation.truthful:Missing", *FLAGS],
        ["Missing"],
    ),
    "strategy without its module": (lambda b: ["--strategy", "nowhere_at_all:Mine", *FLAGS], ["nowhere_at_all"]),
    "strategy that is no strategy": (lambda b: ["--strategy", "pathlib:Path", *FLAGS], ["Strategy"]),
    "strategy that leaves": (lambda b: plug_in(b, "raise SystemExit(3)"), ["ends the program"]),
    "strategy that cannot be read": (lambda b: plug_in(b, "def ("), ["syntax"]),
    "home that is a formula": (
        lambda b: b.cell("home_id", '=HYPERLINK("http://example.com")'),
        ["row 2", "home_id", "formula"],
    ),
    "home that is a command": (lambda b: b.cell("home_id", "+cmd|' /C calc'!A0"), ["row 2", "home_id", "'+'"]),
    "home with a wide sign": (lambda b: b.cell("home_id", "\uff1d1+1"), ["row 2", "home_id", "formula"]),
    "home with a tab": (lambda b: b.cell("home_id", "a\tb"), ["row 2", "home_id", "printed"]),
    "home with a mark of direction": (lambda b: b.cell("home_id", "a\u202eb"), ["row 2", "home_id", "printed"]),
    "home name without end": (lambda b: b.cell("home_id", "x" * 5000), ["row 2", "home_id", "5,000"]),
    "meter that is a formula": (lambda b: b.cell("meter_id", "@SUM(1)"), ["row 2", "meter_id", "'@'"]),
    "opportunity that is a formula": (
        lambda b: b.text("--opportunity", "o.yaml", replaced("id: evening", 'id: "-1+1"'), []),
        ["'-1+1'", "formula"],
    ),
    "power below zero": (lambda b: [*FLAGS, "--kw", "-5"], ["--kw is -5;"]),
    "least power that is none": (lambda b: [*FLAGS, "--minimum-kw", "nan"], ["--minimum-kw is nan"]),
    "least power above the request": (lambda b: [*FLAGS, "--minimum-kw", "50"], ["--minimum-kw is 50;", "--kw, 20"]),
    "location almost named": (lambda b: ["--location", "HB_HUSTON", *WINDOW], ["did you mean 'HB_HOUSTON'?"]),
    "prices in euro": (lambda b: b.prices(hourly(column="energy_eur_per_mwh"), WINDOW), ["not in USD", "--fx RATE"]),
    "prices of bytes": (lambda b: b.text("--prices", "p.csv", b"\xff\xfe\x94", WINDOW), ["not UTF-8 text (byte 0)"]),
    "profiles of bytes": (lambda b: b.text("--profiles", "p.csv", b"a\n\x94\n"), ["not UTF-8 text"]),
    "spec of bytes": (lambda b: b.text("--spec", "s.yaml", b"a: \x94"), ["not UTF-8 text (byte 3)"]),
    "drop-out almost named": (lambda b: ["--drop-out", "oka@after", *FLAGS], ["'oka'", "did you mean 'oak'?"]),
    "drop-out at another time": (lambda b: ["--drop-out", "oak@soon", *FLAGS], ["oak@soon"]),
    "drop-out twice": (lambda b: ["--drop-out", "oak@before", "--drop-out", "oak@after", *FLAGS], ["oak"]),
    "spec is a list": (lambda b: b.text("--spec", "s.yaml", "- 1\n"), ["s.yaml"]),
    "spec is a folder": (lambda b: folder_as(b, "--spec", "s.yaml", FLAGS), ["s.yaml"]),
    "spec window": (lambda b: b.text("--spec", "s.yaml", "operating_windows: [teatime]\n"), ["teatime"]),
    "rules cut short": (lambda b: b.text("--rules", "r.yaml", "name: x\n"), ["r.yaml"]),
}


def at_700(value: str) -> list[str]:
    """40 days of hourly prices, one of them spoiled."""
    return [value if hour == 700 else "50" for hour in range(24 * 40)]


def folder_as(bench: Bench, flag: str, name: str, extra: list[str]) -> list[str]:
    (bench.root / name).mkdir()
    return [flag, str(bench.root / name), *extra]


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def plug_in(bench: Bench, code: str) -> list[str]:
    """A strategy of the user's own in a module that `loose_modules` lets go of."""
    (bench.root / "own_strategy.py").write_text(code)
    sys.path.insert(0, str(bench.root))
    return ["--strategy", "own_strategy:Mine", *FLAGS]


@pytest.fixture(autouse=True)
def loose_modules(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    sys.modules.pop("own_strategy", None)


def half_parquet(bench: Bench) -> bytes:
    path = bench.root / "whole.parquet"
    write_fleet(demonstration_fleet(), path)
    return path.read_bytes()[: path.stat().st_size // 2]


@pytest.fixture
def bench(tmp_path: Path, earlier_run: Path) -> Bench:
    return Bench(tmp_path, earlier_run)


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


def test_strategy_that_raises_harms_no_home(bench: Bench) -> None:
    """Its homes ask what they must have at least; what the plug-in said of itself is nowhere in the files."""
    out = bench.root / "out"
    result = CliRunner().invoke(app, ["negotiate", *plug_in(bench, RAISING), "--out", str(out)])
    assert result.exit_code == 0, result.output
    report = audit(out)
    assert report.holds, report.to_text()
    assert b"raised RuntimeError" in (out / "events.jsonl").read_bytes()
    assert not [name for name, held in content(out).items() if b"RuntimeError('private')" in held]


@pytest.mark.parametrize("place", ["file", "file/below/run", "x" * 300])
def test_unusable_output_is_refused(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    result = CliRunner().invoke(app, ["negotiate", *FLAGS, "--out", str(tmp_path / place)])
    assert result.exit_code == 2
    assert "gridpact: " in result.stderr
    assert isinstance(result.exception, SystemExit)
    assert content(tmp_path) == {"file": b"mine"}


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
    assert "the disk is full" in second.stderr
    assert content(out) == existing
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_output_that_is_not_a_run_is_never_replaced(tmp_path: Path) -> None:
    out = tmp_path / "photos"
    existing = before(out)
    result = CliRunner().invoke(app, ["negotiate", *FLAGS, "--out", str(out)])
    assert result.exit_code == 2
    assert "photos" in result.stderr
    assert content(out) == existing
