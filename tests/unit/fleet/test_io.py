"""Fleet files."""

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from gridpact.errors import InputError, MissingDataError
from gridpact.fleet.columns import fleet_schema
from gridpact.fleet.generator import demonstration_fleet, generate_fleet
from gridpact.fleet.io import read_fleet, write_fleet


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
        ("home_id,solar_kW\na,1\n", "did you mean 'solar_kw'"),
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
        with pytest.raises(InputError, match=r"bad\.parquet cannot be read as Parquet"):
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
