"""The columns agree with the written contract."""

import pyarrow as pa

from gridpact.fleet.columns import COLUMN_NAMES, FLEET_COLUMNS, Kind, fleet_schema

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
