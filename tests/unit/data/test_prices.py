"""Price tables: what reads, what is refused and with which words, and window means."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gridpact.data.prices import PriceTable, price_unit, prices_at, read_prices, series_step, window_price
from gridpact.errors import InputError, MissingDataError, NaiveDatetimeError, UnitRangeError

CAISO = Path(__file__).parents[4] / "shared" / "data" / "caiso_dam_energy_reserves_2023.parquet"
needs_caiso = pytest.mark.skipif(not CAISO.is_file(), reason="the shared CAISO prices are not beside this repository")


def hourly(hours: int = 48, **columns: float) -> pd.DataFrame:
    index = pd.date_range("2022-07-01", periods=hours, freq="h", tz="UTC", name="interval_start")
    columns = columns or {"energy_usd_per_mwh": 50.0}
    return pd.DataFrame({name: np.arange(hours) + first for name, first in columns.items()}, index=index)


def as_csv(folder: Path, frame: pd.DataFrame) -> Path:
    path = folder / "p.csv"
    frame.to_csv(path)
    return path


def table(**columns: float) -> PriceTable:
    return PriceTable(frame=hourly(**columns), source="p.csv")


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("name", ["interval_start", "interval_start_utc"])
@pytest.mark.parametrize("zone", ["UTC", "America/Chicago"])
def test_files_read_the_same_in_both_kinds(kind: str, name: str, zone: str, tmp_path: Path) -> None:
    frame = hourly(energy_usd_per_mwh=50.25, spin_usd_per_mw_h=3.0).tz_convert(zone).rename_axis(name)
    path = tmp_path / f"p.{kind}"
    frame.to_csv(path) if kind == "csv" else frame.to_parquet(path)
    found = read_prices(path)
    assert found.columns == ("energy_usd_per_mwh", "spin_usd_per_mw_h")
    assert found.frame.index.tz is not None
    assert str(found.frame.index.tz) == "UTC"
    assert found.energy().tolist() == (np.arange(48) + 50.25).tolist()
    assert found.energy().index[0] == pd.Timestamp("2022-07-01", tz="UTC")
    assert found.step == pd.Timedelta(hours=1)


@pytest.mark.parametrize("texts", [False, True])
def test_times_in_a_parquet_column(texts: bool, tmp_path: Path) -> None:
    frame = hourly().reset_index()
    if texts:
        frame["interval_start"] = frame["interval_start"].map(lambda moment: moment.isoformat())
    frame.to_parquet(tmp_path / "p.parquet")
    assert len(read_prices(tmp_path / "p.parquet").energy()) == 48


def test_rows_in_any_order_gaps_byte_order_mark_and_spaces(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    rows = [
        "2022-11-06T01:00:00-06:00, 3",
        "2022-11-06T00:00:00-05:00, 1",
        "2022-11-06T01:00:00-05:00, 2",
        "",
        "2022-11-07T05Z, 9",
    ]
    path.write_text("\ufeffinterval_start, lmp_usd_mwh\n" + "\n".join(rows), encoding="utf-8")
    assert read_prices(str(path)).energy().tolist() == [1, 2, 3, 9]


@needs_caiso
def test_the_caiso_file_reads_as_it_is() -> None:
    found = read_prices(CAISO)
    assert len(found.frame) == 8496
    with pytest.raises(InputError, match="--location: np15_lmp_usd_mwh, sp15_lmp_usd_mwh, zp26_lmp_usd_mwh"):
        found.energy()
    assert found.energy("sp15").name == "sp15_lmp_usd_mwh"
    assert found.energy("ZP26_lmp").name == "zp26_lmp_usd_mwh"
    assert found.reserve("spin").name == "spin_usd_mw_h"
    assert found.reserve("nonspin").name == "nonspin_usd_mw_h"
    assert found.reserve("regup").name == "regup_usd_mw_h"
    first = datetime(2023, 1, 12, 8, tzinfo=UTC)
    assert window_price(found.energy("np15"), first, first + timedelta(hours=2)) == pytest.approx(
        (137.79688 + 132.21107) / 2
    )
    with pytest.raises(MissingDataError, match="sp15_lmp_usd_mwh"):
        found.energy("sp16")
    with pytest.raises(InputError, match="not an energy price"):
        found.energy("spin_usd_mw_h")


@pytest.mark.parametrize(
    ("column", "unit"),
    [
        ("energy_usd_per_mwh", "usd_per_mwh"),
        ("np15_lmp_usd_mwh", "usd_per_mwh"),
        ("spin_usd_per_mw_h", "usd_per_mw_h"),
        ("Spin_USD_MW_h", "usd_per_mw_h"),
    ],
)
def test_units_are_read_from_names(column: str, unit: str) -> None:
    assert price_unit(column) == unit
    assert table(**{column: 1.0}).unit(column) == unit


@pytest.mark.parametrize("column", ["price", "energy_chf_per_mwh", "usd_per_mwh", "_usd_mwh", "energy_usd_per_kwh", ""])
def test_names_without_a_unit_are_refused(column: str) -> None:
    with pytest.raises(InputError, match="no unit in its name"):
        price_unit(column)


def test_prices_in_another_currency_are_sent_to_the_import() -> None:
    with pytest.raises(InputError, match="not in USD; convert it with gridpact data import --fx RATE"):
        price_unit("spin_eur_per_mw_h")


def test_the_nearest_name_is_offered() -> None:
    with pytest.raises(InputError, match="did you mean 'energy_usd_per_mwh'"):
        price_unit("energy_usd_per_mhw")
    with pytest.raises(
        MissingDataError, match=r"did you mean 'np15_lmp_usd_mwh'.*It has np15_lmp_usd_mwh, spin_usd_mw_h"
    ):
        table(np15_lmp_usd_mwh=1.0, spin_usd_mw_h=1.0).series("np15_lpm_usd_mwh")


def test_which_energy_column_is_the_default() -> None:
    assert table(spin_usd_mw_h=1, houston_usd_mwh=1).energy().name == "houston_usd_mwh"
    assert table(a_lmp_usd_mwh=1, b_lambda_usd_mwh=1).energy().name == "a_lmp_usd_mwh"
    with pytest.raises(InputError, match=r"p\.csv has 2 energy prices.*--location: a_lmp_usd_mwh, b_lmp_usd_mwh"):
        table(a_lmp_usd_mwh=1, b_lmp_usd_mwh=1).energy()
    with pytest.raises(InputError, match="n19_lmp_usd_mwh and 5 more"):
        table(**{f"n{number:02}_lmp_usd_mwh": 1.0 for number in range(25)}).energy()
    assert table(a_lmp_usd_mwh=1, energy_usd_mwh=1).energy().name == "energy_usd_mwh"
    with pytest.raises(InputError, match="--location: a_usd_mwh, b_usd_mwh"):
        table(a_usd_mwh=1, b_usd_mwh=1).energy()
    with pytest.raises(MissingDataError, match="no energy price"):
        table(spin_usd_mw_h=1).energy()
    with pytest.raises(InputError, match="several columns"):
        table(a_lmp_usd_mwh=1, a_rt_usd_mwh=1).energy("a")


def test_which_column_is_a_reserve() -> None:
    both = table(energy_usd_mwh=1, non_spin_usd_mw_h=1, spinning_usd_mw_h=1)
    assert both.reserve("spin").name == "spinning_usd_mw_h"
    assert both.reserve("nonspin").name == "non_spin_usd_mw_h"
    assert table(np15_spin_usd_mw_h=1, np15_nonspin_usd_mw_h=1).reserve("spin").name == "np15_spin_usd_mw_h"
    with pytest.raises(MissingDataError, match="only energy prices.*spin_usd_per_mw_h.*energy_usd_per_mwh"):
        table(energy_usd_per_mwh=1).reserve("spin")
    with pytest.raises(MissingDataError, match="no such reserve price"):
        table(nonspin_usd_mw_h=1).reserve("spin")
    with pytest.raises(InputError, match="says USD/MWh"):
        table(spin_usd_per_mwh=1).reserve("spin")
    with pytest.raises(InputError, match="several columns fit"):
        table(np15_spin_usd_mw_h=1, sp15_spin_usd_mw_h=1).reserve("spin")


def test_a_series_is_a_copy() -> None:
    prices = table()
    mine = prices.energy()
    mine.iloc[0] = -1.0
    assert prices.energy().iloc[0] == 50.0


HEADER = "interval_start,energy_usd_per_mwh\n"
START = "2022-07-01T00:00:00+00:00"
BAD_TEXT: dict[str, tuple[str, type[InputError], list[str]]] = {
    "empty file": ("", MissingDataError, ["empty"]),
    "only a header": (HEADER, MissingDataError, ["no rows"]),
    "no price column": (f"interval_start\n{START}\n", MissingDataError, ["no price column"]),
    "no time column": ("start,energy_usd_per_mwh\n1,2\n", MissingDataError, ["interval_start"]),
    "time column misspelt": ("Interval Start,energy_usd_per_mwh\n1,2\n", MissingDataError, ["rename 'Interval Start'"]),
    "two time columns": ("interval_start,interval_start_utc\n1,2\n", InputError, ["both"]),
    "column without unit": (f"interval_start,price\n{START},50\n", InputError, ["'price'", "unit"]),
    "text column": (f"interval_start,location\n{START},HB_HOUSTON\n", InputError, ["'location'", "unit"]),
    "column twice": (f"interval_start,a_usd_mwh,a_usd_mwh\n{START},1,2\n", InputError, ["'a_usd_mwh'", "twice"]),
    "naive": (f"{HEADER}{START},1\n2022-07-01T01:00:00,2\n", NaiveDatetimeError, ["row 3", "offset"]),
    "naive without T": (f"{HEADER}2022-07-01 01:00,2\n", NaiveDatetimeError, ["row 2", "offset"]),
    "only a date": (f"{HEADER}2022-07-01,2\n", NaiveDatetimeError, ["row 2", "offset"]),
    "no time": (f"{HEADER}noon,2\n", InputError, ["row 2", "noon"]),
    "no such time": (f"{HEADER}2022-02-30T00:00:00Z,2\n", InputError, ["row 2", "2022-02-30"]),
    "a number for a time": (f"{HEADER}1656633600,2\n", InputError, ["row 2"]),
    "beyond the calendar": (f"{HEADER}99999-02-03T00:00:00Z,2\n", InputError, ["row 2"]),
    "empty time": (f"{HEADER},2\n", MissingDataError, ["row 2", "interval_start"]),
    "empty price": (f"{HEADER}{START},1\n2022-07-01T01:00:00Z,\n", MissingDataError, ["row 3", "energy_usd_per_mwh"]),
    "NaN": (f"{HEADER}{START},NaN\n", UnitRangeError, ["row 2", "energy_usd_per_mwh"]),
    "infinite": (f"{HEADER}{START},-inf\n", UnitRangeError, ["row 2", "-inf"]),
    "overflow": (f"{HEADER}{START},1e999\n", UnitRangeError, ["row 2", "1e999"]),
    "banana": (f"{HEADER}{START},banana\n", InputError, ["row 2", "banana"]),
    "thousands": (f'{HEADER}{START},"1,000"\n', InputError, ["row 2", "1,000"]),
    "underscore": (f"{HEADER}{START},1_000\n", InputError, ["row 2", "1_000"]),
    "currency": (f"{HEADER}{START},$50\n", InputError, ["$50"]),
    "row too long": (f"{HEADER}{START},1,2\n", InputError, ["row 2", "3 cells"]),
    "row cut off": (f"{HEADER}{START},1\n2022-07-01T0", InputError, ["row 3", "cut off"]),
    "open quote": (f'{HEADER}"{START},1\n', InputError, ["p.csv"]),
    "semicolons": (f"interval_start;energy_usd_per_mwh\n{START};5\n", MissingDataError, ["interval_start"]),
    "same time twice": (
        f"{HEADER}{START},1\n2022-06-30T19:00:00-05:00,1\n",
        InputError,
        ["2022-07-01T00:00", "more than once"],
    ),
    "daily": (f"{HEADER}{START},1\n2022-07-02T00:00:00Z,1\n", InputError, ["hourly or finer"]),
    "off the grid": (
        f"{HEADER}{START},1\n2022-07-01T01:00:00Z,1\n2022-07-01T02:30:00Z,1\n",
        InputError,
        ["2022-07-01T02:30"],
    ),
    "seven minutes": (f"{HEADER}{START},1\n2022-07-01T00:07:00Z,1\n", InputError, ["divide an hour"]),
    "ten seconds": (f"{HEADER}{START},1\n2022-07-01T00:00:10Z,1\n", InputError, ["divide an hour"]),
}


@pytest.mark.parametrize("name", BAD_TEXT)
def test_bad_csv_is_refused(name: str, tmp_path: Path) -> None:
    text, error, words = BAD_TEXT[name]
    path = tmp_path / "p.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(error) as caught:
        read_prices(path)
    for word in ("p.csv", *words):
        assert word in str(caught.value)


BAD_FRAMES: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], type[InputError], str]] = {
    "naive": (lambda f: f.tz_localize(None), NaiveDatetimeError, "offset"),
    "naive column": (lambda f: f.tz_localize(None).reset_index(), NaiveDatetimeError, "offset"),
    "naive text": (
        lambda f: (
            f.tz_localize(None).set_axis([f"2022-07-01 {k:02}:00" for k in range(24)]).rename_axis("interval_start")
        ),
        NaiveDatetimeError,
        "offset",
    ),
    "no time": (lambda f: f.reset_index(drop=True), MissingDataError, "interval_start"),
    "NaN": (lambda f: f.where(f != 53), UnitRangeError, "energy_usd_per_mwh.*2022-07-01T03:00"),
    "infinite": (lambda f: f.replace(53, np.inf), UnitRangeError, "energy_usd_per_mwh"),
    "null": (lambda f: f.astype("Int64").replace(53, pd.NA), UnitRangeError, "energy_usd_per_mwh"),
    "text": (lambda f: f.astype(str), InputError, "not numbers"),
    "yes and no": (lambda f: f > 53, InputError, "not numbers"),
    "unit": (lambda f: f.rename(columns={"energy_usd_per_mwh": "energy"}), InputError, "unit"),
    "twice": (lambda f: pd.concat([f, f.iloc[[5]]]), InputError, "2022-07-01T05:00"),
    "empty": (lambda f: f.iloc[:0], MissingDataError, "no rows"),
    "no columns": (lambda f: f[[]], MissingDataError, "no price column"),
    "missing time": (
        lambda f: f.set_axis([pd.NaT, *f.index[1:]]).rename_axis("interval_start"),
        MissingDataError,
        "interval_start",
    ),
}


@pytest.mark.parametrize("name", BAD_FRAMES)
def test_bad_parquet_is_refused(name: str, tmp_path: Path) -> None:
    spoil, error, words = BAD_FRAMES[name]
    path = tmp_path / "p.parquet"
    spoil(hourly(24)).to_parquet(path)
    with pytest.raises(error, match=rf"p\.parquet.*{words}"):
        read_prices(path)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_parquet_cut_off_is_refused(share: float, tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    hourly(2000).to_parquet(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(InputError, match=r"p\.parquet is not a whole Parquet file"):
        read_prices(path)


def test_what_is_no_file_of_prices(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="nowhere"):
        read_prices(tmp_path / "nowhere.csv")
    with pytest.raises(InputError, match=r"\.csv or \.parquet"):
        read_prices(tmp_path / "p.xlsx")
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    with pytest.raises(MissingDataError, match="not a file"):
        read_prices(folder)
    binary = tmp_path / "b.csv"
    binary.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(InputError, match="UTF-8"):
        read_prices(binary)


def test_a_window_mean_is_weighted_by_time() -> None:
    series = hourly().iloc[:, 0]
    first = datetime(2022, 7, 1, tzinfo=UTC)
    assert window_price(series, first, first + timedelta(hours=1)) == 50
    assert window_price(series, first + timedelta(minutes=30), first + timedelta(minutes=75)) == pytest.approx(
        (30 * 50 + 15 * 51) / 45
    )
    assert window_price(series, first, first + timedelta(hours=48)) == pytest.approx(73.5)


@pytest.mark.parametrize(("start", "end"), [(-1, 1), (47, 49), (200, 201), (-5, -4), (-1, 49)])
def test_a_window_outside_the_data_is_named(start: int, end: int) -> None:
    first = datetime(2022, 7, 1, tzinfo=UTC)
    with pytest.raises(MissingDataError, match="outside the data.*2022-07-01T00:00:00.*2022-07-03T00:00:00"):
        window_price(hourly().iloc[:, 0], first + timedelta(hours=start), first + timedelta(hours=end))


def test_a_window_over_a_hole_is_refused() -> None:
    series = hourly().iloc[:, 0].drop(pd.Timestamp("2022-07-01T05:00Z"))
    first = datetime(2022, 7, 1, 4, tzinfo=UTC)
    with pytest.raises(MissingDataError, match="no price for all of"):
        window_price(series, first, first + timedelta(hours=2))
    assert window_price(series, first, first + timedelta(hours=1)) == 54


def test_windows_and_series_that_are_none() -> None:
    series, first = hourly().iloc[:, 0], datetime(2022, 7, 1, tzinfo=UTC)
    with pytest.raises(InputError, match="ends after it starts"):
        window_price(series, first, first)
    with pytest.raises(NaiveDatetimeError):
        window_price(series, first.replace(tzinfo=None), first)
    with pytest.raises(NaiveDatetimeError):
        window_price(series.tz_localize(None), first, first + timedelta(hours=1))
    with pytest.raises(MissingDataError, match="empty"):
        window_price(series.iloc[:0], first, first + timedelta(hours=1))


def test_prices_at_instants() -> None:
    series = hourly().iloc[:, 0]
    instants = pd.DatetimeIndex(
        ["2022-06-30T23:59Z", "2022-07-01T00:00Z", "2022-07-01T01:59Z", None, "2022-07-03T00:00Z"]
    )
    found = prices_at(series, instants)
    assert found[1:3].tolist() == [50, 51]
    assert [math.isnan(value) for value in found] == [True, False, False, True, True]
    assert series_step(series.index) == pd.Timedelta(hours=1)
    assert series_step(series.index[:1]) == pd.Timedelta(hours=1)
