"""From an operator's files to a market day: prices, a home's profile and a car's sessions, through the command line."""

import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

import import_samples as samples
from gridpact.cli.app import app
from gridpact.data.prices import read_prices
from gridpact_audit.audit import audit

SHARED = Path(__file__).parents[3] / "shared" / "data"
CAISO = SHARED / "caiso_dam_energy_reserves_2023.parquet"
AUSGRID = SHARED / "ausgrid_customer12_30min_2011-07_2012-06.csv"
needs_caiso = pytest.mark.skipif(not CAISO.is_file(), reason=f"{CAISO.name} is not beside this repository")
needs_ausgrid = pytest.mark.skipif(not AUSGRID.is_file(), reason=f"{AUSGRID.name} is not beside this repository")
DAYS = 24


def gridpact(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def oasis_zip(folder: Path) -> Path:
    path = folder / "oasis.zip"
    first = samples.local("America/Los_Angeles", 2023, 8, 1)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("20230801_20230824_PRC_LMP_DAM.csv", samples.caiso_lmp(first=first, count=24 * DAYS))
    return path


def usage_csv(folder: Path) -> Path:
    path = folder / "usage.csv"
    text = samples.green_button_csv(count=96 * DAYS)
    path.write_text(text, encoding="utf-8")
    return path


def fleet_csv(folder: Path, sessions: Path) -> Path:
    car = pd.read_csv(sessions, dtype=str).iloc[0]
    path = folder / "fleet.csv"
    columns = {
        "home_id": "maple",
        "timezone": "America/Los_Angeles",
        "battery_capacity_kwh": 13.5,
        "battery_charge_kw": 5.0,
        "battery_discharge_kw": 5.0,
        "vehicle_capacity_kwh": 60.0,
        "vehicle_charge_kw": 7.0,
        "vehicle_arrive": car["vehicle_arrive"],
        "vehicle_depart": car["vehicle_depart"],
        "load_profile": "maple_load",
    }
    pd.DataFrame([columns]).to_csv(path, index=False)
    return path


def test_a_day_runs_on_imported_prices_profile_and_sessions(tmp_path: Path) -> None:
    prices, profiles, plugged = tmp_path / "prices.parquet", tmp_path / "maple.parquet", tmp_path / "sessions.parquet"
    assert gridpact("data", "import", oasis_zip(tmp_path), "--out", prices).exit_code == 0
    usage = gridpact(
        "data", "import", usage_csv(tmp_path), "--timezone", "America/Los_Angeles", "--profile", "maple",
        "--forecast", "day-before", "--out", profiles,
    )  # fmt: skip
    assert usage.exit_code == 0, usage.output
    (tmp_path / "cars.csv").write_text(
        "car,arrive,depart,kwh\nev,2023-08-21T18:00,2023-08-22T07:30,20\nev,2023-08-22T17:30,2023-08-23T07:00,15\n",
        encoding="utf-8",
    )
    cars = gridpact("data", "import", tmp_path / "cars.csv", "--timezone", "America/Los_Angeles", "--out", plugged)
    assert cars.exit_code == 0, cars.output
    run = tmp_path / "run"
    done = gridpact(
        "negotiate", "--fleet", fleet_csv(tmp_path, tmp_path / "sessions.parquet.fleet.csv"), "--prices", prices,
        "--location", "th_sp15_gen_apnd", "--profiles", profiles, "--product", "energy", "--start",
        "2023-08-22T20:00-07:00", "--hours", 1, "--kw", 4, "--out", run, "--json",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["schema"] == "gridpact.result/1"
    loads = pd.read_parquet(run / "profiles.parquet").set_index(["profile", "interval_start"])["realised_kw"]
    source = pd.read_parquet(profiles).set_index(["profile", "interval_start"])["realised_kw"]
    assert loads.to_numpy() == pytest.approx(source[loads.index].to_numpy())
    assert audit(run).failed == ()


@needs_caiso
def test_the_real_caiso_year_comes_back_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "caiso.parquet"
    done = gridpact("data", "import", CAISO, "--out", out, "--json")
    assert done.exit_code == 0, done.output
    before, after = read_prices(CAISO), read_prices(out)
    assert len(before.columns) == len(after.columns) == 7
    for old, new in zip(before.columns, after.columns, strict=True):
        pd.testing.assert_series_equal(before.series(old), after.series(new), check_names=False, check_freq=False)
    assert json.loads(done.stdout)["changes"] == []


@needs_caiso
def test_the_real_caiso_year_with_damage_is_refused_by_row(tmp_path: Path) -> None:
    frame = pd.read_parquet(CAISO).drop(index=pd.read_parquet(CAISO).index[[100, 101, 5000]])
    frame.to_csv(tmp_path / "caiso.csv", date_format="%Y-%m-%dT%H:%M:%SZ")
    found = gridpact("data", "validate", tmp_path / "caiso.csv", "--json")
    assert found.exit_code == 2
    gaps = [one["row"] for one in json.loads(found.stdout)["findings"] if one["code"] == "gap"]
    assert gaps == [102, 5000]


@needs_ausgrid
def test_the_real_sydney_home_is_imported_only_with_its_clock_explained(tmp_path: Path) -> None:
    out = tmp_path / "sydney.parquet"
    assert "unit_missing" in gridpact("data", "import", AUSGRID, "--out", out).stderr
    refused = gridpact("data", "import", AUSGRID, "--unit", "kw", "--out", out)
    assert refused.exit_code == 2
    for row, code in ((4470, "nonexistent_time"), (4471, "nonexistent_time"), (13206, "ambiguous_time")):
        assert f"{code}: {AUSGRID.name}, row {row}" in refused.stderr
    assert not out.exists()
    done = gridpact(
        "data", "import", AUSGRID, "--unit", "kw", "--nonexistent", "drop", "--ambiguous", "split", "--solar-kw", 1.04,
        "--profile", "sydney", "--out", out,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    frame = pd.read_parquet(out)
    raw = pd.read_csv(AUSGRID)
    load = frame[frame["profile"] == "sydney_load"]
    assert len(load) == len(raw)
    assert load["realised_kw"].sum() == pytest.approx(raw["load_GC"].sum())
    solar = frame[frame["profile"] == "sydney_solar"]
    assert solar["realised_kw"].sum() * 1.04 == pytest.approx(raw["pv_GG"].sum())


@needs_ausgrid
def test_a_day_runs_on_the_real_sydney_home(tmp_path: Path) -> None:
    profiles, fleet, run = tmp_path / "sydney.csv", tmp_path / "fleet.csv", tmp_path / "run"
    done = gridpact(
        "data", "import", AUSGRID, "--unit", "kw", "--nonexistent", "drop", "--ambiguous", "split", "--solar-kw", 1.04,
        "--profile", "sydney", "--forecast", "day-before", "--out", profiles,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    fleet.write_text(
        "home_id,timezone,battery_capacity_kwh,battery_charge_kw,battery_discharge_kw,solar_kw,load_profile,solar_profile\n"
        "syd,Australia/Sydney,13.5,5,5,1.04,sydney_load,sydney_solar\n",
        encoding="utf-8",
    )
    day = gridpact(
        "negotiate", "--fleet", fleet, "--profiles", profiles, "--product", "energy", "--price", 400, "--start",
        "2012-01-10T19:00+11:00", "--hours", 1, "--kw", 3, "--out", run, "--json",
    )  # fmt: skip
    assert day.exit_code == 0, day.output
    assert audit(run).failed == ()
    dispatch = pd.read_parquet(run / "dispatch.parquet").set_index(["phase", "interval_start"])
    raw = pd.read_csv(AUSGRID, index_col="local_time")
    noon = pd.Timestamp("2012-01-10T12:00+11:00")
    assert dispatch.loc[("realised", noon), "load_kw"] == pytest.approx(raw.loc["2012-01-10 12:00:00", "load_GC"])
    assert dispatch.loc[("realised", noon), "solar_kw"] == pytest.approx(raw.loc["2012-01-10 12:00:00", "pv_GG"])


def test_the_command_line_says_what_it_finds(tmp_path: Path) -> None:
    source = tmp_path / "dam.csv"
    lines = samples.ercot_dam().splitlines()
    source.write_text("\n".join([*lines[:30], *lines[31:]]) + "\n", encoding="utf-8")
    out = tmp_path / "out.csv"
    refused = gridpact("data", "import", source, "--out", out)
    assert refused.exit_code == 2
    assert "row 31" in refused.stderr
    assert "--fill-gaps" in refused.stderr
    assert not out.exists()
    as_json = gridpact("data", "import", source, "--out", out, "--json")
    assert as_json.exit_code == 2
    assert json.loads(as_json.stdout)["written"] == []
    done = gridpact("data", "import", source, "--out", out, "--fill-gaps", "linear")
    assert done.exit_code == 0
    assert "repaired gap" in done.stderr
    assert (tmp_path / "out.csv.provenance.json").is_file()
    described = gridpact("data", "describe", source)
    assert described.exit_code == 0
    assert "1 interval missing in 1 gap" in described.stdout
    assert "changed fill_gaps" in gridpact("data", "describe", out).stdout
    assert json.loads(gridpact("data", "describe", out, "--json").stdout)["provenance"]["importer"] == "ercot"
    assert "caiso" in gridpact("data", "formats").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("data", "validate", "nowhere.csv"),
        ("data", "validate", "FILE", "--kind", "nothing"),
        ("data", "validate", "FILE", "--only", "x"),
        ("data", "validate", "FILE", "--only", "x=1"),
        ("data", "validate", "FILE", "--location", "HB_MOON"),
        ("data", "validate", "FILE", "--series", "moon"),
        ("data", "import", "FILE", "--out", "no/where.csv"),
        ("data", "import", "FILE", "--out", "o.csv", "--ambiguous", "split"),
        ("data", "import", "FILE", "--out", "o.csv", "--fx", "1.1"),
        ("data", "fetch", "moon", "lmp", "--start", "2023-01-01", "--end", "2023-01-02", "--out", "o.csv"),
    ],
)
def test_what_cannot_be_meant_is_one_message(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dam.csv").write_text(samples.ercot_dam(), encoding="utf-8")
    done = gridpact(*(argument.replace("FILE", "dam.csv") for argument in arguments))
    assert done.exit_code == 2
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr
