"""Repairs: only the named ones, each counted and listed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gridpact.data.importers.convert import ImportRefusedError, import_files
from gridpact.data.importers.options import ImportOptions
from gridpact.errors import InputError, UnitRangeError
from import_samples import ausgrid_home, plain_household, plain_prices, price

Lines = list[str]


def imported(text: str, folder: Path, **options: Any) -> tuple[pd.DataFrame, list[Any]]:
    source = folder / "source.csv"
    source.write_text(text, encoding="utf-8")
    done = import_files([source], out=folder / "out.parquet", options=ImportOptions(**options))
    return pd.read_parquet(folder / "out.parquet"), done.report.changes


def edited(text: str, edit: Callable[[Lines], Lines]) -> str:
    return "\n".join(edit(text.splitlines())) + "\n"


def without(*rows: int) -> Callable[[Lines], Lines]:
    return lambda lines: [line for number, line in enumerate(lines, start=1) if number not in rows]


@pytest.mark.parametrize(("method", "value"), [("linear", (price(18) + price(21)) / 2), ("previous", price(18))])
def test_gaps_are_filled_and_counted(method: str, value: float, tmp_path: Path) -> None:
    text = edited(plain_prices(), without(21, 22))
    with pytest.raises(ImportRefusedError, match="gap"):
        imported(text, tmp_path)
    frame, changes = imported(text, tmp_path, fill_gaps=method)
    assert len(frame) == 72
    assert frame["energy_usd_per_mwh"][19:21].mean() == pytest.approx(value)
    filled = [change for change in changes if change.kind == "fill_gaps"]
    assert [change.count for change in filled] == [2, 2]
    assert filled[0].examples == ("2022-07-14T00:00:00+00:00", "2022-07-14T01:00:00+00:00")


def test_gaps_longer_than_allowed_stay_errors(tmp_path: Path) -> None:
    text = edited(plain_prices(), without(21, 22, 23, 24))
    with pytest.raises(ImportRefusedError, match="gap_too_long"):
        imported(text, tmp_path, fill_gaps="linear")
    frame, _ = imported(text, tmp_path, fill_gaps="linear", max_gap_h=4.0)
    assert len(frame) == 72


@pytest.mark.parametrize(
    ("row", "flag"), [("text", "--bad-cells gap"), ("gap", "--fill-gaps linear"), ("twice", "--duplicates first")]
)
def test_a_repaired_line_names_the_flag_that_settled_it(row: str, flag: str, tmp_path: Path) -> None:
    """And no longer advises to give it."""

    def spoil(lines: Lines) -> Lines:
        if row == "twice":
            return [*lines[:20], lines[19], *lines[20:]]
        return [*lines[:20], *(["2022-07-13T19:00-05:00,abc,1"] if row == "text" else []), *lines[21:]]

    source = tmp_path / "source.csv"
    source.write_text(edited(plain_prices(), spoil), encoding="utf-8")
    name = flag[2:].split()[0].replace("-", "_")
    options = ImportOptions(**{"fill_gaps": "linear", name: flag.split()[1]})
    report = import_files([source], out=tmp_path / "out.parquet", options=options).report
    settled = [finding for finding in report.findings if finding.severity == "repaired" and flag in finding.action]
    assert settled
    assert all(finding.action == f"settled by {flag}" for finding in settled)
    assert str(settled[0]).endswith(f"; settled by {flag}")


def test_gaps_can_be_left_out(tmp_path: Path) -> None:
    frame, changes = imported(edited(plain_prices(), without(21, 22)), tmp_path, fill_gaps="leave")
    assert len(frame) == 70
    assert {change.kind for change in changes} == {"fill_gaps"}


def test_same_hour_of_last_week(tmp_path: Path) -> None:
    text = edited(plain_household(count=48 * 9), without(48 * 8))
    frame, _ = imported(text, tmp_path, fill_gaps="same-hour-last-week", solar_kw=1.0)
    loads = frame[frame["profile"] == "source_load"]["realised_kw"].to_numpy()
    assert loads[48 * 8 - 2] == loads[48 - 2]
    with pytest.raises(ImportRefusedError, match="gap_unfillable"):
        imported(edited(plain_household(count=48 * 9), without(40)), tmp_path, fill_gaps="same-hour-last-week")


@pytest.mark.parametrize(("choice", "value"), [("first", price(20)), ("last", 10.0), ("mean", (price(20) + 10.0) / 2)])
def test_duplicates_are_chosen_from(choice: str, value: float, tmp_path: Path) -> None:
    lines = plain_prices().splitlines()
    moment = lines[21].split(",")[0]
    lines.insert(22, f"{moment},10.0,1.0")
    text = "\n".join(lines) + "\n"
    frame, changes = imported(text, tmp_path, duplicates=choice)
    assert frame["energy_usd_per_mwh"][20] == pytest.approx(value)
    assert [(change.kind, change.count) for change in changes] == [("duplicates", 1), ("duplicates", 1)]
    with pytest.raises(ImportRefusedError, match="duplicate_conflict"):
        imported(text, tmp_path, duplicates="identical")


def test_identical_duplicates_are_dropped_by_their_own_name(tmp_path: Path) -> None:
    lines = plain_prices().splitlines()
    frame, _ = imported("\n".join([*lines, lines[9]]) + "\n", tmp_path, duplicates="identical")
    assert len(frame) == 72


def test_bad_cells_become_gaps_that_need_a_repair_of_their_own(tmp_path: Path) -> None:
    lines = plain_prices().splitlines()
    lines[20] = lines[20].split(",")[0] + ",#REF!,1.0"
    text = "\n".join(lines) + "\n"
    with pytest.raises(ImportRefusedError, match="error gap"):
        imported(text, tmp_path, bad_cells="gap")
    frame, changes = imported(text, tmp_path, bad_cells="gap", fill_gaps="previous")
    assert frame["energy_usd_per_mwh"][19] == pytest.approx(price(18))
    assert {change.kind for change in changes} == {"bad_cells", "fill_gaps"}


def test_negative_load_becomes_zero_when_named(tmp_path: Path) -> None:
    lines = plain_household().splitlines()
    moment, _, sun = lines[20].split(",")
    lines[20] = f"{moment},-0.1,{sun}"
    frame, changes = imported("\n".join(lines) + "\n", tmp_path, negative="zero", solar_kw=1.0)
    assert frame[frame["profile"] == "source_load"]["realised_kw"].iloc[19] == 0.0
    assert ("negative", 1) in {(change.kind, change.count) for change in changes}


def test_sydney_home_on_the_day_clocks_go_forward(tmp_path: Path) -> None:
    text = ausgrid_home(first=pd.Timestamp("2011-10-01").to_pydatetime(), count=144)
    with pytest.raises(ImportRefusedError, match="nonexistent_time"):
        imported(text, tmp_path, unit="kw")
    frame, _ = imported(text, tmp_path, unit="kw", nonexistent="drop", solar_kw=1.0)
    loads = frame[frame["profile"] == "source_load"]
    assert len(loads) == 142
    assert loads["interval_start"].diff().dropna().eq(pd.Timedelta(minutes=30)).all()


@pytest.mark.parametrize(("choice", "count"), [("earlier", 144), ("later", 144), ("split", 146)])
def test_sydney_home_on_the_day_clocks_go_back(choice: str, count: int, tmp_path: Path) -> None:
    text = ausgrid_home(first=pd.Timestamp("2012-03-31").to_pydatetime(), count=144)
    with pytest.raises(ImportRefusedError, match="ambiguous_time"):
        imported(text, tmp_path, unit="kw")
    frame, changes = imported(text, tmp_path, unit="kw", ambiguous=choice, fill_gaps="leave", solar_kw=1.0)
    loads = frame[frame["profile"] == "source_load"]
    assert len(loads) == count
    total = sum(float(line.split(",")[1]) for line in text.splitlines()[1:])
    assert loads["realised_kw"].sum() == pytest.approx(total)
    assert "ambiguous" in {change.kind for change in changes}


@pytest.mark.parametrize("minutes", [5, 10, 15, 30, 60])
def test_resampling_keeps_energy(minutes: int, tmp_path: Path) -> None:
    frame, changes = imported(plain_household(), tmp_path, resample_minutes=minutes, solar_kw=1.0)
    loads = frame[frame["profile"] == "source_load"]["realised_kw"]
    total = sum(float(line.split(",")[1]) for line in plain_household().splitlines()[1:])
    assert loads.sum() * minutes / 60 == pytest.approx(total, rel=1e-12)
    assert ("resample" in {change.kind for change in changes}) == (minutes != 30)


def test_resampling_that_would_change_energy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--resample 20"):
        imported(plain_household(), tmp_path, resample_minutes=20)


@pytest.mark.parametrize(("forecast", "left"), [("perfect", 144), ("day-before", 96)])
def test_forecasts(forecast: str, left: int, tmp_path: Path) -> None:
    frame, _ = imported(plain_household(), tmp_path, forecast=forecast, solar_kw=1.0)
    loads = frame[frame["profile"] == "source_load"].reset_index()
    assert len(loads) == left
    whole, _ = imported(plain_household(), tmp_path, solar_kw=1.0)
    values = whole[whole["profile"] == "source_load"]["realised_kw"].to_numpy()
    assert np.array_equal(loads["forecast_kw"].to_numpy(), values[:left])
    assert np.array_equal(loads["realised_kw"].to_numpy(), values[144 - left :])


@pytest.mark.parametrize(
    "options",
    [
        {"fill_gaps": "guess"},
        {"duplicates": "any"},
        {"timezone": "Mars"},
        {"encoding": "nope"},
        {"resample_minutes": 7},
    ],
)
def test_unknown_choices_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="--"):
        ImportOptions(**options)


@pytest.mark.parametrize("options", [{"fx": -1.0}, {"fx": float("nan")}, {"max_gap_h": 0.0}, {"solar_kw": 0.0}])
def test_numbers_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UnitRangeError, match="--"):
        ImportOptions(**options)


def test_the_source_is_never_the_output(tmp_path: Path) -> None:
    source = tmp_path / "prices.csv"
    source.write_text(plain_prices(), encoding="utf-8")
    with pytest.raises(InputError, match="source itself"):
        import_files([source], out=source)
    with pytest.raises(InputError, match=r"\.parquet or \.csv"):
        import_files([source], out=tmp_path / "out.xlsx")
    with pytest.raises(InputError, match="folder that exists"):
        import_files([source], out=tmp_path / "none" / "out.csv")
