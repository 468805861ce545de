"""The columns agree with the written contract."""

import re
from pathlib import Path

import pyarrow as pa

from gridpact.fleet.columns import COLUMN_NAMES, COLUMNS, FLEET_COLUMNS, Kind, fleet_schema
from gridpact.fleet.io import read_fleet

PAGE = Path(__file__).resolve().parents[3] / "docs" / "fleet.md"

FORMATS_ORDER = """home_id, zone, timezone, battery_capacity_kwh, battery_charge_kw, battery_discharge_kw,
battery_charge_efficiency, battery_discharge_efficiency, battery_soc_fraction, battery_min_soc_fraction,
battery_max_soc_fraction, battery_wear_usd_per_kwh, vehicle_capacity_kwh, vehicle_charge_kw, vehicle_discharge_kw,
vehicle_charge_efficiency, vehicle_discharge_efficiency, vehicle_soc_fraction, vehicle_required_soc_fraction,
vehicle_arrive, vehicle_depart, solar_kw, load_profile, solar_profile, tariff, backup_soc_fraction, max_cycles_per_day,
blackout, floor_usd_per_mwh, export_allowed, persona, meter_id"""


def test_columns_are_those_of_the_contract_in_its_order() -> None:
    assert list(COLUMN_NAMES) == FORMATS_ORDER.replace("\n", " ").replace(", ", ",").split(",")


def test_every_column_says_what_it_means() -> None:
    for column in FLEET_COLUMNS:
        assert column.doc.endswith((".", ";", "00.")), column.name
        if column.kind is Kind.NUMBER:
            assert column.unit
            assert column.low < column.high < float("inf")


def test_schema_has_the_contract_types() -> None:
    schema = fleet_schema()
    assert schema.field("blackout").type == pa.list_(pa.string())
    assert schema.field("export_allowed").type == pa.bool_()
    assert schema.field("solar_kw").type == pa.float64()
    assert schema.field("persona").type == pa.string()


def test_the_page_on_fleet_files_names_every_column_with_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for name, _, _, _ in rows] == list(COLUMNS)
    for name, default, unit, meaning in rows:
        column = COLUMNS[name]
        assert (unit, meaning) == (column.unit or "-", column.doc)
        if column.default is not None:
            shown = f"{column.default:g}" if isinstance(column.default, float) else str(column.default)
            assert default.strip("`") == (shown.lower() if isinstance(column.default, bool) else shown)


def test_the_fleet_on_the_page_is_read(tmp_path: Path) -> None:
    block = re.search(r"```\n(home_id,.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    (tmp_path / "f.csv").write_text(block[1], encoding="utf-8")
    assert read_fleet(tmp_path / "f.csv").home("cedar").vehicle is not None
