"""Fleet files."""

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from gridpact.errors import InputError, MissingDataError, TableError
from gridpact.fleet.columns import fleet_schema
from gridpact.fleet.generator import demonstration_fleet, generate_fleet
from gridpact.fleet.io import read_fleet, read_fleet_file, write_fleet


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".CSV"])
def test_what_is_written_is_read_again(tmp_path: Path, ending: str) -> None:
    for made in (generate_fleet(80, seed=5), demonstration_fleet()):
        path = tmp_path / f"fleet{ending}"
        write_fleet(made, path)
        assert read_fleet(path) == made
        first = path.read_bytes()
        write_fleet(read_fleet(path), path)
        assert path.read_bytes() == first


def test_parquet_has_the_contract_types(tmp_path: Path) -> None:
    write_fleet(demonstration_fleet(), tmp_path / "fleet.parquet")
    assert pq.read_schema(tmp_path / "fleet.parquet").equals(fleet_schema(), check_metadata=False)
    frame = pq.read_table(tmp_path / "fleet.parquet").to_pandas()
    assert frame["vehicle_capacity_kwh"].isna().sum() == 3


def written(tmp_path: Path, text: str | bytes, name: str = "f.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_spreadsheets_csv_is_read(tmp_path: Path) -> None:
    text = '\ufeffhome_id,blackout,export_allowed\r\na,"17:00-19:00; Mon-Fri 08:00-09:00",FALSE\r\n\r\nb,,\r\n'
    made = read_fleet(written(tmp_path, text))
    assert made.home("a").preferences.blackout == ("17:00-19:00", "Mon-Fri 08:00-09:00")
    assert not made.home("a").preferences.export_allowed
    assert made.home("b").preferences.export_allowed


@pytest.mark.parametrize(
    ("written_as", "name"),
    [("Time Zone", "timezone"), ("FloorUSD/MWh", "floor_usd_per_mwh"), ("BackupSocFraction", "backup_soc_fraction")],
)
def test_headers_are_told_by_their_letters_however_they_are_cut(tmp_path: Path, written_as: str, name: str) -> None:
    cell = "Europe/Berlin" if name == "timezone" else "0.5"
    frame = read_fleet(written(tmp_path, f"Home ID,{written_as}\nh,{cell}\n")).frame
    assert str(frame[name].iloc[0]) == cell


def test_rows_are_numbered_as_a_spreadsheet_shows_them(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"f\.csv row 5, solar_kw is 'x'"):
        read_fleet(written(tmp_path, 'home_id,solar_kw\na,4\n\n"b",6\nc,x\n'))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "f.csv is empty"),
        ("\n\n", "f.csv is empty"),
        ("home_id\n", "no home"),
        ("home_id,solar_kw\na\n", "row 2 has 1 cells, but the header has 2"),
        ("home_id,solar_kw\na,1,2\n", "row 2 has 3 cells"),
        ('home_id,solar_kw\n"a,1\n', "cannot be read as CSV"),
        (b"home_id\n\xff\xfe\n", "not UTF-8"),
        ("home_id,solar_kv\na,1\n", "'solar_kv' .column B. is not a column of a fleet; did you mean 'solar_kw'"),
        ("home_id,solar_kw\na,NaN\n", "row 2, solar_kw is 'NaN'"),
    ],
)
def test_bad_csv_is_refused(tmp_path: Path, content: str | bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_fleet(written(tmp_path, content))


def test_damaged_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "whole.parquet"
    write_fleet(demonstration_fleet(), path)
    for content in (b"", path.read_bytes()[:500], b"PAR1" + bytes(100) + b"PAR1"):
        with pytest.raises(InputError, match=r"bad\.parquet is not a whole Parquet file"):
            read_fleet(written(tmp_path, content, "bad.parquet"))


def test_a_parquet_of_something_else_is_refused(tmp_path: Path) -> None:
    pd.DataFrame({"price": [1.0]}).to_parquet(tmp_path / "p.parquet")
    with pytest.raises(InputError, match="'price' is not a column"):
        read_fleet(tmp_path / "p.parquet")


def test_files_must_be_there_and_of_a_known_kind(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="nowhere"):
        read_fleet(tmp_path / "nowhere.csv")
    with pytest.raises(InputError, match=r"\.csv or \.parquet"):
        read_fleet(tmp_path / "fleet.xlsx")
    with pytest.raises(InputError, match=r"\.csv or \.parquet"):
        write_fleet(demonstration_fleet(), tmp_path / "fleet.json")


def test_all_problems_are_named_at_once_by_row(tmp_path: Path) -> None:
    text = (
        "home_id,solar_kw,battery_capacity_kwh,battery_charge_kw,battery_discharge_kw,timezone,persona,sollar_kw,"
        "backup_soc_fraction\n"
        "a,x,13500,5,5,America/Chcago,moderat,,50\n"
        "b,5,,5,,America/Chicago,,,0\n"
        "a,5,ten,5,,America/Chicago,investor,,0\n"
    )
    with pytest.raises(TableError) as raised:
        read_fleet(written(tmp_path, text))
    problem = raised.value
    assert problem.count == len(problem.problems) == 9
    assert [(each.row, each.column) for each in problem.problems] == [
        (1, "sollar_kw"),
        (2, "timezone"),
        (2, "battery_capacity_kwh"),
        (2, "solar_kw"),
        (2, "backup_soc_fraction"),
        (2, "persona"),
        (3, "battery_charge_kw"),
        (4, "home_id"),
        (4, "battery_capacity_kwh"),
    ]
    for words in (
        "f.csv: 9 problems",
        "'sollar_kw' (column H) is not a column of a fleet; did you mean 'solar_kw'?",
        "did you mean 'America/Chicago'?",
        "write 13.5 or '13500 Wh'",
        "write 0.5 or 50%",
        "'moderat'; did you mean 'moderate'?",
        "row 3, battery_charge_kw is 5, but battery_capacity_kwh is empty",
        "row 4, home_id is 'a' again, as in row 2",
    ):
        assert words in str(problem)


def test_a_long_list_of_problems_is_capped_and_counted(tmp_path: Path) -> None:
    rows = "".join(f"h{number},{'x' if number % 2 else 2000}\n" for number in range(3000))
    with pytest.raises(TableError, match="and 2,980 more; the first 20 are listed") as raised:
        read_fleet(written(tmp_path, "home_id,solar_kw\n" + rows))
    assert raised.value.count == 3000
    assert [each.row for each in raised.value.problems] == list(range(2, 22))


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("solar_kw", "1,250", "may be 1.25 or 1250"),
        ("solar_kw", "13. Mai", "a date"),
        ("solar_kw", "5/13/2026", "a date"),
        ("solar_kw", "#REF!", "an error of the spreadsheet"),
        ("solar_kw", "n/a", "leave the cell empty"),
        ("solar_kw", "5 mW", "'mW' is not"),
        ("solar_kw", "5 kWh", "column is in kW, and 'kWh' is not"),
        ("solar_kw", "50%", "column is in kW, and '%' is not"),
        ("solar_kw", "1_000", "not a number"),
        ("solar_kw", "1,25,0", "not a number"),
        ("solar_kw", "-4 kW", "is -4; it must be at least 0 and at most 1000 kW .the cell says '-4 kW'."),
        ("floor_usd_per_mwh", "€80", "'€' is not"),
        ("backup_soc_fraction", "120%", "is 1.2; it must be"),
        ("backup_soc_fraction", "20 kWh", "shares from 0 to 1"),
        ("vehicle_arrive", "07/08/2022 18:00", "month/day or day/month"),
        ("vehicle_arrive", "0.75", "a part of a day"),
        ("vehicle_arrive", "6 o'clock", "is not a local time"),
        ("meter_id", "1.23457E+11", "shortened a long number"),
        ("home_id", "#N/A", "an error of the spreadsheet"),
        ("export_allowed", "maybe", "write true or false"),
        ("blackout", "17:00–", "not a local window"),
    ],
)
def test_what_has_no_one_meaning_is_refused(tmp_path: Path, column: str, cell: str, words: str) -> None:
    names = ["home_id", "solar_kw", "vehicle_capacity_kwh", "vehicle_charge_kw", "vehicle_arrive", "vehicle_depart"]
    cells = dict.fromkeys([*names, column], "")
    cells |= {"home_id": "h", "vehicle_capacity_kwh": "60", "vehicle_charge_kw": "7", "vehicle_depart": "07:00"}
    cells |= {"vehicle_arrive": "18:00", column: cell}
    text = ",".join(cells) + "\n" + ",".join(f'"{value}"' for value in cells.values()) + "\n"
    with pytest.raises(TableError, match=f"row 2, {column}.*{words}"):
        read_fleet(written(tmp_path, text))


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ("solar_kw", "5 kWp", 5.0),
        ("solar_kw", "5500 W", 5.5),
        ("solar_kw", "0.006 MW", 6.0),
        ("battery_capacity_kwh", "13.5 KWH", 13.5),
        ("battery_capacity_kwh", "13500 Wh", 13.5),
        ("battery_capacity_kwh", "1.35e1", 13.5),
        ("floor_usd_per_mwh", "$1,080.50", 1080.5),
        ("floor_usd_per_mwh", "80 USD/MWh", 80.0),
        ("floor_usd_per_mwh", "0.08 $ per kWh", 80.0),
        ("battery_wear_usd_per_kwh", "$0.03/kWh", 0.03),
        ("backup_soc_fraction", "33.3 %", 0.333),
        ("max_cycles_per_day", "1.5 per day", 1.5),
        ("export_allowed", "Nein", False),
        ("vehicle_arrive", "6:30 PM", "18:30"),
        ("vehicle_arrive", "12 a.m.", "00:00"),
        ("vehicle_arrive", "18:00:00", "18:00"),
        ("timezone", "america/los angeles", "America/Los_Angeles"),
        ("persona", "Aggressive", "aggressive"),
        ("blackout", "Mon-Fri 5:00 PM – 7:00 PM", ("Mon-Fri 17:00-19:00",)),
        ("blackout", "17:00:00-19:00:00\n22:00-06:00", ("17:00-19:00", "22:00-06:00")),
    ],
)
def test_what_has_one_meaning_is_read_and_noted(tmp_path: Path, column: str, cell: str, value: object) -> None:
    cells = {"home_id": "h", "battery_capacity_kwh": "10", "battery_charge_kw": "5", "battery_discharge_kw": "5"}
    cells |= {"vehicle_capacity_kwh": "60", "vehicle_charge_kw": "7", "vehicle_arrive": "18:00"}
    cells |= {"vehicle_depart": "07:00", column: cell}
    text = ",".join(cells) + "\n" + ",".join(f'"{value}"' for value in cells.values()) + "\n"
    reading = read_fleet_file(written(tmp_path, text))
    assert reading.fleet.row("h")[column] == value
    if cell != "1.35e1":
        assert [(note.row, note.column, note.cells) for note in reading.notes] == [(2, column, 1)]
        assert cell in reading.notes[0].text.encode().decode("unicode_escape") or repr(cell) in reading.notes[0].text


def test_dated_times_that_a_spreadsheet_reformatted_are_read(tmp_path: Path) -> None:
    text = (
        "home_id,vehicle_capacity_kwh,vehicle_charge_kw,vehicle_arrive,vehicle_depart\n"
        "a,60,7,2022-07-13 18:00:00,14.07.2022 07:00\n"
    )
    row = read_fleet(written(tmp_path, text)).row("a")
    assert (row["vehicle_arrive"], row["vehicle_depart"]) == ("2022-07-13T18:00", "2022-07-14T07:00")


def test_a_file_with_commas_and_points_as_decimal_marks_is_refused_cell_by_cell(tmp_path: Path) -> None:
    text = 'home_id;solar_kw;floor_usd_per_mwh\na;"4,5";80\nb;4.5;80\nc;6,25;80\n'
    with pytest.raises(TableError) as raised:
        read_fleet(written(tmp_path, text))
    assert [(each.row, each.column) for each in raised.value.problems] == [(2, "solar_kw"), (4, "solar_kw")]
    assert "the file writes decimal points (row 3, solar_kw '4.5')" in str(raised.value)


def test_thousands_are_told_from_decimals_by_the_rest_of_the_file(tmp_path: Path) -> None:
    german = read_fleet(written(tmp_path, "home_id;solar_kw;floor_usd_per_mwh\na;4,5;1.250\n"))
    assert german.row("a")["floor_usd_per_mwh"] == 1250
    english = read_fleet(written(tmp_path, 'home_id,solar_kw,floor_usd_per_mwh\na,4.5,"1,250"\n'))
    assert english.row("a")["floor_usd_per_mwh"] == 1250
    plain = read_fleet(written(tmp_path, "home_id,solar_kw,floor_usd_per_mwh\na,4,1.250\n"))
    assert plain.row("a")["floor_usd_per_mwh"] == 1.25
    with pytest.raises(TableError, match=r"may be 1\.25 or 1250"):
        read_fleet(written(tmp_path, "home_id;solar_kw;floor_usd_per_mwh\na;4;1.250\n"))


def test_columns_that_excel_leaves_out_at_the_end_of_a_block_are_empty(tmp_path: Path) -> None:
    rows = [f"h{number},4,{'x' if number < 15 else ''}" for number in range(40)]
    excel = [row if number < 15 else row.rstrip(",") for number, row in enumerate(rows)]
    whole = "home_id,solar_kw,persona\n" + "\n".join(excel) + "\n"
    reading = read_fleet_file(written(tmp_path, whole))
    assert reading.fleet == read_fleet(written(tmp_path, "home_id,solar_kw,persona\n" + "\n".join(rows) + "\n"))
    assert any("Excel leaves out" in note.text for note in reading.notes)
    for damaged in (whole[:-1], whole.replace("h20,4", "h20"), whole.replace("h3,4,x", "h3,4")):
        with pytest.raises(InputError, match="the file may be cut off"):
            read_fleet(written(tmp_path, damaged))


def test_a_column_without_a_name_that_holds_something_is_refused(tmp_path: Path) -> None:
    assert len(read_fleet(written(tmp_path, "home_id,,solar_kw,,\na,,4,,\n,,,,\n"))) == 1
    with pytest.raises(TableError, match="column B has no name, but row 3 holds 'note'"):
        read_fleet(written(tmp_path, "home_id,,solar_kw\na,,4\nb,note,5\n"))
    with pytest.raises(TableError, match="'solar_kw' is there twice: as 'Solar kW' and as 'solar_kw'"):
        read_fleet(written(tmp_path, "home_id,Solar kW,solar_kw\na,4,4\n"))


def test_a_page_in_the_header_makes_no_page_of_a_message(tmp_path: Path) -> None:
    with pytest.raises(TableError) as raised:
        read_fleet(written(tmp_path, f"home_id,{'x' * 5000}\na,{'y' * 5000}\n"))
    assert len(str(raised.value)) < 1500
    assert raised.value.problems[0].column == "x" * 60 + "..."
