"""Charging sessions around changes of the clock, and what a fleet reads of them."""

from pathlib import Path

import pandas as pd
import pytest

from gridpact.data.importers.convert import Imported, import_files
from gridpact.data.importers.options import ImportOptions
from gridpact.fleet.clock import check_plugged, plugged_times
from gridpact.horizon import Horizon

CHICAGO = ImportOptions(timezone="America/Chicago")


def imported(rows: list[str], folder: Path, options: ImportOptions = CHICAGO) -> tuple[Imported, pd.DataFrame]:
    source = folder / "cars.csv"
    source.write_text("\n".join(["car,arrive,depart,kwh", *rows]) + "\n", encoding="utf-8")
    done = import_files([source], out=folder / "sessions.parquet", options=options)
    return done, pd.read_csv(done.files[1], dtype=str)


def test_an_arrival_in_the_second_pass_is_never_too_early(tmp_path: Path) -> None:
    done, fleet = imported(["ev,2022-11-06T01:30:00-06:00,2022-11-06T07:00:00-06:00,9"], tmp_path)
    assert fleet.loc[0, "vehicle_arrive"] == "2022-11-06T02:00"
    assert "session_second_pass" in {finding.code for finding in done.report.findings}


def test_a_departure_in_the_second_pass_is_never_too_late(tmp_path: Path) -> None:
    _, fleet = imported(["ev,2022-11-05T18:00:00-05:00,2022-11-06T01:30:00-06:00,9"], tmp_path)
    arrive, depart = fleet.loc[0, "vehicle_arrive"], fleet.loc[0, "vehicle_depart"]
    check_plugged(arrive, depart)
    noon = pd.Timestamp("2022-11-05T17:00Z").to_pydatetime()
    horizon = Horizon.covering([(noon, noon + pd.Timedelta(hours=1))], timezone="America/Chicago")
    [span] = plugged_times(arrive, depart, horizon=horizon, timezone="America/Chicago")
    left = horizon.interval_starts[span.stop]
    assert left <= pd.Timestamp("2022-11-06T01:30:00-06:00")


def test_seconds_shorten_a_stay_to_whole_minutes(tmp_path: Path) -> None:
    _, fleet = imported(["ev,2022-07-13T18:00:01-05:00,2022-07-13T19:59:59-05:00,9"], tmp_path)
    assert (fleet.loc[0, "vehicle_arrive"], fleet.loc[0, "vehicle_depart"]) == ("2022-07-13T18:01", "2022-07-13T19:59")


def test_a_stay_without_a_whole_minute_is_counted_and_left_out_of_the_fleet(tmp_path: Path) -> None:
    rows = ["ev,2022-07-13T18:00:10-05:00,2022-07-13T18:00:50-05:00,0", "ev,2022-07-14T18:00,2022-07-14T19:00,5"]
    done, fleet = imported(rows, tmp_path)
    assert fleet.loc[0, "vehicle_arrive"] == "2022-07-14T18:00"
    assert [(change.kind, change.count) for change in done.report.changes] == [("sessions", 1)]
    assert done.rows == 2


@pytest.mark.parametrize(("by", "cars"), [(None, 1), ("car", 1), ("kwh", 2)])
def test_what_tells_cars_apart(by: str | None, cars: int, tmp_path: Path) -> None:
    rows = ["ev,2022-07-13T18:00,2022-07-13T19:00,9", "ev,2022-07-14T18:00,2022-07-14T19:00,5"]
    _, fleet = imported(rows, tmp_path, ImportOptions(timezone="America/Chicago", by=by))
    assert len(fleet) == cars
