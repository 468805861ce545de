"""Parquet files keep the contract's columns, types and order, and refuse what does not fit."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from gridpact.errors import InputError, StoreError
from gridpact.results.dispatch import dispatch_frame
from gridpact.results.tables import FORMS, PHASES, empty_table, read_table, write_table
from settled_run import BATTERY, HORIZON, VEHICLE, T, fleet_frame, idle, premises

HOMES = ("h1", "h2")
CONTRACT = {
    "profiles": "profile, interval_start, forecast_kw, realised_kw",
    "tariffs": "tariff, interval_start, import_usd_per_kwh, export_usd_per_kwh",
    "bids": "opportunity_id, round, home_id, segment, quantity_kw, price",
    "offers": "opportunity_id, round, home_id, price, cap_kw, answer, accepted_kw, reason",
    "options": "opportunity_id, home_id, segment, quantity_kw, price, activated",
    "coalition": "opportunity_id, home_id, committed_kw, delivered_kwh, paid_usd, satisfaction, reason",
    "dispatch": "phase, home_id, interval_start, load_kw, solar_kw, curtailed_kw, battery_charge_kw, "
    "battery_discharge_kw, vehicle_charge_kw, vehicle_discharge_kw, net_kw, battery_soc_kwh, vehicle_soc_kwh, "
    "reserve_kw",
    "private/reservations": "opportunity_id, home_id, quantity_kw, cost_usd",
}


def written(frame, name):
    return write_table(frame, name, home_ids=HOMES, opportunity_ids=("b", "a"))


@pytest.mark.parametrize("name", CONTRACT)
def test_columns_are_the_contracts(name):
    assert ", ".join(FORMS[name].schema.names) == CONTRACT[name]


@pytest.mark.parametrize("name", FORMS)
def test_empty_tables_keep_their_types(name, tmp_path):
    path = tmp_path / "table.parquet"
    path.write_bytes(write_table(empty_table(name), name))
    assert pq.read_schema(path).equals(FORMS[name].schema)
    frame = read_table(path.read_bytes(), name)
    assert list(frame.columns) == FORMS[name].schema.names
    assert len(frame) == 0


def options():
    rows = [("a", "h2", 1, 1.0, 60.0, True), ("a", "h1", 2, 1.0, 70.0, False), ("a", "h1", 1, 1.0, 50.0, True)]
    rows += [("b", "h1", 1, 0.5, 40.0, False)]
    return pd.DataFrame(rows, columns=FORMS["options"].schema.names)


def test_rows_follow_the_runs_order_whatever_order_they_came_in():
    content = written(options(), "options")
    frame = read_table(content, "options")
    assert list(zip(frame["opportunity_id"], frame["home_id"], frame["segment"], strict=True)) == [
        ("b", "h1", 1),
        ("a", "h1", 1),
        ("a", "h1", 2),
        ("a", "h2", 1),
    ]
    assert frame["activated"].dtype == bool
    assert written(options().sample(frac=1.0, random_state=1), "options") == content
    assert written(options()[options().columns[::-1]], "options") == content


def test_fleet_round_trip_keeps_lists_and_gaps():
    frame = fleet_frame(BATTERY | {"blackout": ["Mon-Fri 08:00-10:00", "22:00-06:00"]}, VEHICLE | {"blackout": None})
    back = read_table(write_table(frame, "fleet"), "fleet")
    assert back["blackout"][0] == ["Mon-Fri 08:00-10:00", "22:00-06:00"]
    assert back["blackout"][1] is None
    assert back["vehicle_arrive"][0] is None
    assert np.isnan(back["solar_kw"][0])
    assert write_table(back, "fleet") == write_table(frame, "fleet")


def test_times_are_utc_microseconds():
    starts = HORIZON.interval_starts.tz_convert("America/Chicago").as_unit("ns")
    prices = {"import_usd_per_kwh": 0.15, "export_usd_per_kwh": 0.0}
    frame = pd.DataFrame({"tariff": "flat", "interval_start": starts, **prices})
    content = write_table(frame, "tariffs")
    back = read_table(content, "tariffs")
    assert str(back["interval_start"].dtype) == "datetime64[us, UTC]"
    assert back["interval_start"][0] == HORIZON.interval_starts[0]
    with pytest.raises(StoreError, match="without a UTC offset"):
        write_table(frame.assign(interval_start=frame["interval_start"].dt.tz_localize(None)), "tariffs")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop(columns="price"), r"needs the columns \['price'\]"),
        (lambda frame: frame.assign(colour="red"), r"does not know \['colour'\]"),
        (lambda frame: frame.assign(home_id="h9"), "'h9' in home_id is not one of the run's"),
        (lambda frame: frame.assign(segment=1), "the key a, h1, 1 is there twice"),
        (lambda frame: frame.assign(price=np.inf), "price is infinite"),
        (lambda frame: frame.assign(price=np.nan), "row 1: price is empty"),
        (lambda frame: frame.assign(price="dear"), "is not double"),
        (lambda frame: frame.assign(activated="yes"), "is not bool"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    with pytest.raises(StoreError, match=message):
        written(change(options()), "options")


def test_damaged_files_are_refused():
    content = written(options(), "options")
    with pytest.raises(InputError, match="not a whole Parquet file"):
        read_table(content[: len(content) // 2], "options")
    with pytest.raises(InputError, match="lacks the column"):
        read_table(content, "coalition", source="run/coalition.parquet")


def test_dispatch_is_empty_where_there_is_no_device():
    facts = premises(BATTERY | {"solar_kw": 4.0}, VEHICLE)
    trace = idle(facts, battery_charge_kw=np.where(np.arange(T) == 3, -1e-8, 0.0))
    frame = dispatch_frame(facts, dict.fromkeys(PHASES, trace), HORIZON.interval_starts)
    assert len(frame) == 3 * 2 * T
    first, second = frame[frame["home_id"] == "h1"], frame[frame["home_id"] == "h2"]
    assert first["vehicle_charge_kw"].isna().all()
    assert first["battery_charge_kw"].eq(0.0).all()
    assert first["solar_kw"].notna().all()
    assert second[["battery_soc_kwh", "reserve_kw", "solar_kw", "curtailed_kw"]].isna().all().all()
    assert second["vehicle_charge_kw"].notna().all()
    assert second["vehicle_soc_kwh"].notna().sum() == 3 * (19 - 6)
    again = read_table(write_table(frame, "dispatch", home_ids=HOMES), "dispatch")
    assert list(again["phase"].unique()) == list(PHASES)
    with pytest.raises(InputError, match="dispatch needs the phases"):
        dispatch_frame(facts, {"baseline": trace}, HORIZON.interval_starts)


def test_contract_page_agrees():
    page = Path(__file__).parents[3] / "docs" / "formats.md"
    if not page.exists():
        pytest.skip("docs/formats.md is not there")
    text = page.read_text(encoding="utf-8")
    for name, form in FORMS.items():
        missing = [column for column in form.schema.names if not re.search(rf"\b{column}\b", text)]
        assert not missing, f"{name}: docs/formats.md does not mention {missing}"
