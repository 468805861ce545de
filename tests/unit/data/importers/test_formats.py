"""Every format: recognised, read without a finding that stops it, and with the right numbers at the right instants."""

import io
import zipfile
from pathlib import Path

import pandas as pd
import pytest

import import_samples as samples
from gridpact.data.importers import plain_household
from gridpact.data.importers.convert import ImportRefusedError, import_files, import_frame, provenance_of
from gridpact.data.importers.describe import describe_loaded
from gridpact.data.importers.load import load, load_frame
from gridpact.data.importers.options import ImportOptions
from gridpact.data.importers.registry import IMPORTERS
from gridpact.data.importers.sessions import FLEET_COLUMNS, SESSION_COLUMNS
from gridpact.data.prices import read_prices
from gridpact.errors import InputError
from gridpact.fleet import day
from gridpact.fleet.clock import check_plugged
from gridpact.fleet.columns import COLUMN_NAMES
from import_samples import SAMPLES, Sample, price


def written(sample: Sample, folder: Path) -> Path:
    path = folder / sample.name
    path.write_text(sample.text, encoding="utf-8", newline="")
    return path


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sound_file_is_recognised_and_has_no_errors(name: str, tmp_path: Path) -> None:
    sample = SAMPLES[name]
    loaded = load([written(sample, tmp_path)], options=sample.import_options)
    assert loaded.importer is not None
    assert loaded.importer.name == sample.importer
    assert [str(finding) for finding in loaded.report.findings if finding.severity in ("error", "warning")] == []
    assert loaded.series or loaded.sessions


def test_a_kind_of_data_narrows_the_choice(tmp_path: Path) -> None:
    source = written(SAMPLES["prices.csv"], tmp_path)
    assert load([source], kind="prices").report.errors == 0
    assert [finding.code for finding in load([source], kind="sessions").report.findings] == ["unknown_format"]
    with pytest.raises(InputError, match="no importer"):
        load([source], kind="weather")


def test_there_is_a_sample_of_every_importer() -> None:
    assert {sample.importer for sample in SAMPLES.values()} == set(IMPORTERS)


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("ending", [".parquet", ".csv"])
def test_an_import_is_written_with_its_provenance_and_is_the_same_twice(name: str, ending: str, tmp_path: Path) -> None:
    sample = SAMPLES[name]
    source = written(sample, tmp_path)
    out = tmp_path / f"out{ending}"
    done = import_files([source], out=out, options=sample.import_options)
    first = out.read_bytes()
    found = provenance_of(out)
    assert found is not None
    assert found["importer"] == sample.importer
    assert found["sources"][0]["name"] == sample.name
    assert found["rows"] == done.rows > 0
    import_files([source], out=out, options=sample.import_options)
    assert out.read_bytes() == first


def series_of(text: str, folder: Path, **options: object) -> dict[str, pd.Series]:
    source = folder / "source.csv"
    source.write_text(text, encoding="utf-8")
    loaded = load([source], options=ImportOptions(**options))  # type: ignore[arg-type]
    assert loaded.report.errors == 0, [str(finding) for finding in loaded.report.findings]
    return {
        one.name: pd.Series(one.values, index=pd.DatetimeIndex(one.micros.view("M8[us]")).tz_localize("UTC"))
        for one in loaded.series
    }


def test_caiso_prices_start_at_pacific_midnight(tmp_path: Path) -> None:
    found = series_of(samples.caiso_lmp(), tmp_path)["th_sp15_gen_apnd_lmp"]
    assert found.index[0] == pd.Timestamp("2023-08-14T00:00-07:00")
    assert found.tolist() == pytest.approx([price(k) for k in range(72)])


def test_caiso_reserves_are_told_apart_and_mileage_is_left_out(tmp_path: Path) -> None:
    found = series_of(samples.caiso_reserves(), tmp_path)
    assert set(found) == {f"as_caiso_exp_{name}" for name in ("spin", "nonspin", "regup", "regdown")}


def test_caiso_components_are_no_prices_and_several_nodes_are_several_series(tmp_path: Path) -> None:
    text = samples.caiso_lmp() + samples.caiso_lmp(node="TH_NP15_GEN-APND").partition("\n")[2]
    text += text.splitlines()[1].replace(",LMP,LMP_PRC,", ",MCC,LMP_CONG_PRC,") + "\n"
    assert set(series_of(text, tmp_path)) == {"th_sp15_gen_apnd_lmp", "th_np15_gen_apnd_lmp"}
    only = series_of(text, tmp_path, locations=("TH_NP15_GEN-APND",))
    assert set(only) == {"th_np15_gen_apnd_lmp"}


def test_ercot_quarter_hours_and_energy_weighted_zones(tmp_path: Path) -> None:
    found = series_of(samples.ercot_rtm(), tmp_path)
    assert set(found) == {"lz_houston_spp", "lz_houston_ew_spp"}
    assert found["lz_houston_spp"].index[5] == pd.Timestamp("2023-01-15T01:15-06:00")


@pytest.mark.parametrize(("day", "count"), [((2022, 3, 13), 23), ((2022, 11, 6), 25)])
def test_ercot_days_when_clocks_change(day: tuple[int, int, int], count: int, tmp_path: Path) -> None:
    text = samples.ercot_dam(first=samples.local("America/Chicago", *day), count=count)
    found = series_of(text, tmp_path)["hb_houston_spp"]
    assert len(found) == count
    assert found.tolist() == pytest.approx([price(k) for k in range(count)])
    assert found.index[-1] + pd.Timedelta(hours=1) == pd.Timestamp(*day).tz_localize("America/Chicago") + pd.DateOffset(
        days=1
    )


def test_ercot_services_before_ecrs_existed(tmp_path: Path) -> None:
    lines = ["Delivery Date,Hour Ending,Repeated Hour Flag,REGDN,REGUP ,RRS,NSPIN,ECRS"]
    lines += [f"06/09/2023,{hour:02d}:00,N,1,2,3,4," for hour in range(1, 25)]
    found = series_of("\n".join(lines) + "\n", tmp_path)
    assert set(found) == {"regdown", "regup", "rrs", "nonspin"}


@pytest.mark.parametrize(("day", "count"), [((2023, 3, 26), 23), ((2023, 10, 29), 25), ((2023, 6, 1), 24)])
def test_entsoe_old_layout_on_days_when_clocks_change(day: tuple[int, int, int], count: int, tmp_path: Path) -> None:
    text = samples.entsoe_old(first=samples.local("Europe/Brussels", *day), count=count)
    found = series_of(text, tmp_path)["de_lu_day_ahead"]
    assert found.tolist() == pytest.approx([price(k) for k in range(count)])
    assert found.index[0] == pd.Timestamp(*day).tz_localize("Europe/Brussels")


@pytest.mark.parametrize(("day", "count"), [((2024, 3, 31), 92), ((2024, 10, 27), 100)])
def test_entsoe_new_layout_marks_the_clock(day: tuple[int, int, int], count: int, tmp_path: Path) -> None:
    text = samples.entsoe_new(first=samples.local("Europe/Brussels", *day), count=count)
    assert "(CEST)" in text
    found = series_of(text, tmp_path)["de_lu_day_ahead"]
    assert found.tolist() == pytest.approx([price(k) for k in range(count)])


def test_entsoe_row_of_the_skipped_hour_without_a_price_is_no_error(tmp_path: Path) -> None:
    lines = samples.entsoe_old(first=samples.local("Europe/Brussels", 2023, 3, 26), count=23).splitlines()
    lines.insert(3, '"26.03.2023 02:00 - 26.03.2023 03:00","-","EUR",""')
    found = series_of("\n".join(lines) + "\n", tmp_path)["de_lu_day_ahead"]
    assert len(found) == 23


def test_entsoe_in_euros_converts_only_when_asked(tmp_path: Path) -> None:
    source = tmp_path / "entsoe.csv"
    source.write_text(samples.entsoe_old(), encoding="utf-8")
    kept = import_files([source], out=tmp_path / "eur.parquet")
    assert "currency_not_usd" in {finding.code for finding in kept.report.findings}
    assert list(pd.read_parquet(tmp_path / "eur.parquet").columns) == ["interval_start", "de_lu_day_ahead_eur_per_mwh"]
    import_files([source], out=tmp_path / "usd.parquet", options=ImportOptions(fx=1.1))
    table = read_prices(tmp_path / "usd.parquet")
    assert table.energy("de_lu").to_numpy() == pytest.approx([price(k) * 1.1 for k in range(72)])


def test_gridstatus_frames_are_read_as_they_are() -> None:
    frame = pd.read_csv(io.StringIO(samples.gridstatus_lmp()))
    for column in ("Time", "Interval Start", "Interval End"):
        frame[column] = pd.to_datetime(frame[column], utc=True).dt.tz_convert("America/Los_Angeles")
    loaded = load_frame(frame)
    assert [one.name for one in loaded.series] == ["th_sp15_gen_apnd_lmp"]
    frame.loc[4, "LMP"] = float("nan")
    worse = load_frame(frame)
    assert [(f.code, f.row) for f in worse.report.findings if f.severity == "error"] == [
        ("missing_value", 5),
        ("gap", 6),
    ]
    with pytest.raises(InputError, match="no gridstatus price frame"):
        load_frame(frame[["Time"]])


def test_plain_prices_in_cents_per_kwh_state_their_conversion(tmp_path: Path) -> None:
    source = tmp_path / "cents.csv"
    source.write_text(
        "interval_start,energy_cents_per_kwh\n2022-07-13T00:00Z,4.5\n2022-07-13T01:00Z,5\n", encoding="utf-8"
    )
    done = import_files([source], out=tmp_path / "out.csv")
    assert read_prices(tmp_path / "out.csv").energy().tolist() == pytest.approx([45.0, 50.0])
    assert [change.kind for change in done.report.changes] == ["unit"]


@pytest.mark.parametrize("name", ["home.csv", "ausgrid_wide.csv", "london.csv", "green_button.xml", "green_button.csv"])
def test_energy_stays_the_same(name: str, tmp_path: Path) -> None:
    sample = SAMPLES[name]
    import_files([written(sample, tmp_path)], out=tmp_path / "out.parquet", options=sample.import_options)
    frame = pd.read_parquet(tmp_path / "out.parquet")
    load_rows = frame[frame["profile"].str.endswith("load")]
    step_h = load_rows["interval_start"].diff().median() / pd.Timedelta(hours=1)
    wanted = {
        "home.csv": sum(round(samples.load_kwh(k), 3) for k in range(144)),
        "ausgrid_wide.csv": 3
        * sum(round(samples.load_kwh(k), 3) + round(samples.load_kwh(k) / 2, 3) for k in range(48)),
        "london.csv": sum(round(samples.load_kwh(k), 3) for k in range(144)),
        "green_button.xml": sum(round(samples.load_kwh(k) * 1e6) * 1e-6 for k in range(72)),
        "green_button.csv": sum(float(f"{samples.load_kwh(k) / 4:.3f}") for k in range(288)),
    }
    assert load_rows["realised_kw"].sum() * step_h == pytest.approx(wanted[name], rel=1e-12)


def test_ausgrid_as_published_is_per_installed_kilowatt_and_adds_controlled_load(tmp_path: Path) -> None:
    sample = SAMPLES["ausgrid_wide.csv"]
    done = import_files([written(sample, tmp_path)], out=tmp_path / "out.parquet", options=sample.import_options)
    frame = pd.read_parquet(tmp_path / "out.parquet").set_index(["profile", "interval_start"])
    noon = pd.Timestamp("2012-07-01T12:00+10:00")
    assert frame.loc[("ausgrid_wide_12_solar", noon), "realised_kw"] == pytest.approx(0.05 * 10 * 2 / 3.78)
    first = pd.Timestamp("2012-07-01T00:00+10:00")
    assert frame.loc[("ausgrid_wide_12_load", first), "realised_kw"] == pytest.approx(2 * 0.3)
    assert {change.kind for change in done.report.changes} == {"unit", "controlled_load", "solar_size"}


def test_interval_ends_are_moved_to_starts(tmp_path: Path) -> None:
    lines = ["timestamp,load_kw"]
    lines += [f"2022-07-13T{hour:02d}:00-05:00,{hour}" for hour in range(1, 24)]
    found = series_of("\n".join(lines) + "\n", tmp_path, label="end")["load"]
    assert found.index[0] == pd.Timestamp("2022-07-13T00:00-05:00")


def test_what_was_fed_in_hides_the_load(tmp_path: Path) -> None:
    source = tmp_path / "both.xml"
    source.write_text(samples.green_button_xml(reverse=True), encoding="utf-8")
    with pytest.raises(ImportRefusedError, match="exports_present"):
        import_files([source], out=tmp_path / "out.parquet")
    done = import_files([source], out=tmp_path / "out.parquet", options=ImportOptions(exports="ignore"))
    assert set(pd.read_parquet(done.files[0])["profile"]) == {"both_load"}


def test_sessions_become_dated_times_at_the_plug(tmp_path: Path) -> None:
    sample = SAMPLES["acn.json"]
    done = import_files([written(sample, tmp_path)], out=tmp_path / "sessions.parquet", options=sample.import_options)
    fleet = pd.read_csv(done.files[1], dtype=str)
    assert fleet.loc[0, "home_id"] == "2-39-78-362"
    assert fleet.loc[0, "vehicle_arrive"].startswith("2019-01-02T08:58;2019-01-03T08:58")
    assert fleet.loc[0, "vehicle_depart"].startswith("2019-01-02T17:11;")
    check_plugged(fleet.loc[0, "vehicle_arrive"], fleet.loc[0, "vehicle_depart"])
    table = pd.read_parquet(done.files[0])
    assert tuple(table.columns) == SESSION_COLUMNS
    assert table["energy_kwh"].tolist() == pytest.approx([9.68 + k for k in range(12)])


def test_profiles_have_the_columns_that_runs_read() -> None:
    assert plain_household.PROFILE_COLUMNS == day.PROFILE_COLUMNS
    assert set(FLEET_COLUMNS) <= set(COLUMN_NAMES)


def test_descriptions_say_span_step_and_unit(tmp_path: Path) -> None:
    loaded = load([written(SAMPLES["prices.csv"], tmp_path)])
    found = describe_loaded(loaded)["series"][0]
    assert (found["unit"], found["step_minutes"], found["readings"], found["gaps"]) == ("usd_per_mwh", 60, 72, 0)
    assert found["max"] == pytest.approx(max(price(k) for k in range(72)))
    assert len(found["shape"]) == 40


@pytest.mark.parametrize("name", SAMPLES)
def test_what_was_written_can_be_described(name: str, tmp_path: Path) -> None:
    sample = SAMPLES[name]
    done = import_files([written(sample, tmp_path)], out=tmp_path / "out.parquet", options=sample.import_options)
    loaded = load([done.files[0]])
    assert loaded.report.errors == 0, [str(finding) for finding in loaded.report.findings]
    found = describe_loaded(loaded)
    assert found["sessions"] or sum(one["readings"] for one in found["series"]) > 0


def test_homes_of_one_file_may_begin_on_different_days(tmp_path: Path) -> None:
    text = samples.london() + samples.london(count=100).partition("\n")[2].replace("MAC000002", "MAC000003")
    found = series_of(text, tmp_path, timezone="Europe/London", label="start")
    assert {name: len(values) for name, values in found.items()} == {"mac000002_load": 144, "mac000003_load": 100}


def test_a_date_and_a_time_in_two_columns(tmp_path: Path) -> None:
    lines = ["date,time,kwh", *(f"2022-07-13,{hour:02d}:00,{hour}" for hour in range(24))]
    found = series_of("\n".join(lines) + "\n", tmp_path, timezone="America/Chicago")["load"]
    assert found.index[3] == pd.Timestamp("2022-07-13T03:00-05:00")


@pytest.mark.parametrize("zone", [None, "America/Chicago"])
def test_a_column_that_says_utc_is_utc(zone: str | None, tmp_path: Path) -> None:
    text = "interval_start_utc,energy_usd_per_mwh\n2022-07-13T00:00,4.5\n2022-07-13T01:00,5\n"
    assert series_of(text, tmp_path, timezone=zone)["energy"].index[0] == pd.Timestamp("2022-07-13T00:00Z")


def test_sun_at_night_by_the_offset_that_times_carry(tmp_path: Path) -> None:
    source = tmp_path / "home.csv"
    source.write_text(samples.plain_household().replace("-05:00", "+07:00"), encoding="utf-8")
    assert load([source]).report.counts == {}
    lines = samples.plain_household().splitlines()
    lines[3] = lines[3].rpartition(",")[0] + ",0.9"
    source.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert "solar_at_night" in {finding.code for finding in load([source]).report.findings}


def test_oasis_days_rewritten_by_a_spreadsheet_are_the_same_days(tmp_path: Path) -> None:
    found = series_of(samples.caiso_lmp().replace(",2023-08-14,", ",8/14/2023,"), tmp_path)
    assert len(found["th_sp15_gen_apnd_lmp"]) == 72


def test_frames_are_imported_without_a_file(tmp_path: Path) -> None:
    frame = pd.read_csv(io.StringIO(samples.gridstatus_lmp()))
    done = import_frame(frame, out=tmp_path / "out.parquet", name="caiso")
    assert done.rows == 72
    assert read_prices(tmp_path / "out.parquet").energy("th_sp15_gen_apnd").iloc[0] == pytest.approx(price(0))
    with pytest.raises(ImportRefusedError, match="caiso, row 4"):
        import_frame(frame.drop(index=3), out=tmp_path / "out.parquet", name="caiso")


def test_sessions_with_errors_are_left_out_when_named(tmp_path: Path) -> None:
    source = tmp_path / "sessions.csv"
    text = samples.charging_csv()
    text += "ev1,2022-08-01T18:00,2022-08-01T17:00,3\nev1,2022-08-02T18:00,,3\n"
    text += "ev1,2022-07-12T01:00,2022-07-12T02:00,1\n"
    text += "ev1,2022-08-03T18:00,2022-08-03T19:00,9000\n"
    source.write_text(text, encoding="utf-8")
    options = ImportOptions(timezone="America/Chicago", bad_sessions="drop")
    done = import_files([source], out=tmp_path / "out.parquet", options=options)
    assert done.rows == 12
    codes = {finding.code for finding in done.report.findings if finding.severity == "repaired"}
    assert codes == {"session_reversed", "session_open", "session_overlap", "session_energy"}


def test_green_button_with_prefixed_names_and_one_reading_type_after_the_readings(tmp_path: Path) -> None:
    begin = int(pd.Timestamp("2023-08-14T00:00-07:00").timestamp())
    readings = "".join(
        "<ns1:IntervalReading><ns1:timePeriod><ns1:duration>900</ns1:duration>"
        f"<ns1:start>{begin + 900 * k}</ns1:start></ns1:timePeriod><ns1:value>{100 + k}</ns1:value>"
        "<ns1:ReadingQuality><ns1:quality>19</ns1:quality></ns1:ReadingQuality></ns1:IntervalReading>\r\n"
        for k in range(96)
    )
    text = (
        '<?xml version="1.0"?>\r\n<ns0:feed xmlns:ns0="http://www.w3.org/2005/Atom" xmlns:ns1="http://naesb.org/espi">'
        f"<ns0:entry><ns0:content><ns1:IntervalBlock>{readings}</ns1:IntervalBlock></ns0:content></ns0:entry>"
        "<ns0:entry><ns0:content><ns1:ReadingType><ns1:powerOfTenMultiplier>0</ns1:powerOfTenMultiplier>"
        "<ns1:uom>72</ns1:uom></ns1:ReadingType></ns0:content></ns0:entry></ns0:feed>"
    )
    source = tmp_path / "espi.xml"
    source.write_text(text, encoding="utf-8", newline="")
    import_files([source], out=tmp_path / "out.parquet")
    frame = pd.read_parquet(tmp_path / "out.parquet")
    assert frame["realised_kw"].tolist() == pytest.approx([(100 + k) * 4 / 1000 for k in range(96)])
    assert frame["interval_start"][0] == pd.Timestamp("2023-08-14T00:00-07:00")


@pytest.mark.parametrize("header", ["USAGE (kWh),NOTES", "USAGE (kWh),COST,NOTES", "IMPORT (kWh),EXPORT (kWh),NOTES"])
def test_utilities_headings(header: str, tmp_path: Path) -> None:
    lines = [
        "Name,WILLIAM PENN",
        'Address,"1 S BROAD ST, PHILADELPHIA"',
        "Account Number,1776",
        "Service,Service 1",
        "",
    ]
    extra = {"USAGE (kWh),NOTES": "", "USAGE (kWh),COST,NOTES": ",$0.10,", "IMPORT (kWh),EXPORT (kWh),NOTES": ",0.0,"}[
        header
    ]
    lines += [f"TYPE,DATE,START TIME,END TIME,{header}"]
    lines += [f"Electric usage,2023-07-04,{hour:02d}:00,{hour:02d}:59,0.{hour + 10}{extra}" for hour in range(24)]
    found = series_of("\n".join(lines) + "\n", tmp_path, timezone="America/New_York")
    assert found["load"].index[0] == pd.Timestamp("2023-07-04T00:00-04:00")
    assert found["load"].iloc[5] == pytest.approx(0.15)


def test_gas_beside_electricity_in_a_utilitys_archive(tmp_path: Path) -> None:
    archive = tmp_path / "usage.zip"
    with zipfile.ZipFile(archive, "w") as parts:
        parts.writestr("electric.csv", samples.green_button_csv())
        parts.writestr("gas.csv", "TYPE,DATE,USAGE,UNITS,COST,NOTES\nNatural gas usage,2023-08-14,1.02,therms,$0.97,\n")
    loaded = load([archive], options=ImportOptions(timezone="America/Los_Angeles"))
    assert [(finding.code, finding.file) for finding in loaded.report.findings] == [
        ("part_ignored", "usage.zip:gas.csv")
    ]
    assert [series.name for series in loaded.series] == ["load"]
