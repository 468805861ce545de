"""Wishes in a fleet: unconfirmed ones tighten, confirmed ones replace, and no other home's row changes."""

import pandas as pd
import pytest

from gridpact.errors import InputError
from gridpact.fleet.fleet import Fleet
from gridpact.fleet.generator import generate_fleet
from gridpact.language.reading.apply import apply_records
from gridpact.language.reading.records import Record, read_records, value_from, write_records
from gridpact.language.reading.wishes import FIELDS, Evidence, Value, Wish, Wishes, covers, stricter

NOWHERE = Evidence(start=0, end=0)


@pytest.fixture
def fleet() -> Fleet:
    frame = pd.DataFrame(
        {
            "home_id": ["A", "B", "C"],
            "battery_capacity_kwh": [10.0, 10.0, None],
            "battery_charge_kw": [5.0, 5.0, None],
            "battery_discharge_kw": [5.0, 5.0, None],
            "vehicle_capacity_kwh": [50.0, 50.0, None],
            "vehicle_charge_kw": [7.0, 7.0, None],
            "vehicle_discharge_kw": [7.0, 7.0, None],
            "vehicle_arrive": ["18:00", "2022-07-13T18:00;2022-07-14T19:00", None],
            "vehicle_depart": ["07:00", "2022-07-14T08:00;2022-07-15T08:00", None],
            "backup_soc_fraction": [0.5, 0.5, 0.0],
            "floor_usd_per_mwh": [100.0, 100.0, 0.0],
            "blackout": ["12:00-13:00", None, None],
            "export_allowed": [False, True, True],
        }
    )
    return Fleet.from_frame(frame)


def record(home: str, **values: Value) -> dict[str, Record]:
    found = {name: Wish(value=value, evidence=NOWHERE, confidence=0.9) for name, value in values.items()}
    return {home: Record(home_id=home, text="", wishes=Wishes(found=found))}


def confirmed(home: str, **values: Value) -> dict[str, Record]:
    found = {name: Wish(value=v, evidence=NOWHERE, confidence=1.0, confirmed=True) for name, v in values.items()}
    return {home: Record(home_id=home, text="", wishes=Wishes(found=found))}


@pytest.mark.parametrize(
    ("wish", "column", "cell", "agreed"),
    [
        ({"backup_soc_fraction": 0.7}, "backup_soc_fraction", 0.7, 0.7),
        ({"backup_soc_fraction": 0.2}, "backup_soc_fraction", 0.5, 0.2),
        ({"maximum_discharge_fraction": 0.9}, "backup_soc_fraction", 0.5, 0.1),
        ({"backup_kwh": 8.0}, "backup_soc_fraction", 0.8, 0.8),
        ({"backup_hours": 4.0}, "backup_soc_fraction", 1.0, 1.0),
        ({"max_cycles_per_day": 2.0}, "max_cycles_per_day", 2.0, 2.0),
        ({"floor_usd_per_mwh": 50.0}, "floor_usd_per_mwh", 100.0, 50.0),
        ({"floor_usd_per_mwh": 150.0}, "floor_usd_per_mwh", 150.0, 150.0),
        ({"export_allowed": True}, "export_allowed", False, True),
        ({"blackout": ("17:00-18:00",)}, "blackout", ("12:00-13:00", "17:00-18:00"), ("17:00-18:00",)),
        ({"vehicle_ready_by": "06:00"}, "vehicle_depart", "06:00", "06:00"),
        ({"vehicle_ready_by": "08:00"}, "vehicle_depart", "07:00", "08:00"),
        ({"vehicle_required_soc_fraction": 0.4}, "vehicle_required_soc_fraction", 0.8, 0.4),
        ({"vehicle_range_km": 190.0}, "vehicle_required_soc_fraction", 0.95, 0.95),
        ({"vehicle_discharge_allowed": False}, "vehicle_discharge_kw", 0.0, 0.0),
        ({"vehicle_participates": False}, "blackout", ("00:00-24:00",), ("00:00-24:00",)),
    ],
)
def test_unconfirmed_tightens_and_confirmed_replaces(
    fleet: Fleet, wish: dict[str, Value], column: str, cell: object, agreed: object
) -> None:
    assert apply_records(fleet, record("A", **wish), source="t").fleet.row("A")[column] == cell
    assert apply_records(fleet, confirmed("A", **wish), source="t").fleet.row("A")[column] == agreed


def test_dated_departures_move_earlier_within_the_stay(fleet: Fleet) -> None:
    row = apply_records(fleet, record("B", vehicle_ready_by="06:30"), source="t").fleet.row("B")
    assert row["vehicle_depart"] == "2022-07-14T06:30;2022-07-15T06:30"
    kept = apply_records(fleet, record("B", vehicle_ready_by="09:00"), source="t").fleet.row("B")
    assert kept["vehicle_depart"] == fleet.row("B")["vehicle_depart"]


def test_hours_with_a_load_are_a_share(fleet: Fleet) -> None:
    row = apply_records(fleet, record("A", backup_hours=6.0, critical_load_kw=1.0), source="t").fleet.row("A")
    assert row["backup_soc_fraction"] == pytest.approx(6.0 / 0.95 / 10.0)


def test_wishes_of_what_a_home_does_not_have_are_remarked(fleet: Fleet) -> None:
    done = apply_records(fleet, record("C", backup_soc_fraction=0.5, vehicle_ready_by="07:00"), source="t")
    assert done.fleet == fleet
    assert len(done.remarks) == 2


def test_only_that_homes_row_changes() -> None:
    fleet = generate_fleet(40, seed=3)
    home = fleet.home_ids[7]
    wishes = record(home, backup_soc_fraction=0.93, floor_usd_per_mwh=900.0, blackout=("01:00-02:00",))
    changed = apply_records(fleet, wishes, source="t")
    others = [number for number in range(40) if number != 7]
    assert changed.changed == (home,)
    pd.testing.assert_frame_equal(changed.fleet.frame.iloc[others], fleet.frame.iloc[others])
    assert not changed.fleet.frame.iloc[[7]].equals(fleet.frame.iloc[[7]])


def test_a_home_that_the_fleet_does_not_have_is_refused(fleet: Fleet) -> None:
    with pytest.raises(InputError, match="does not have"):
        apply_records(fleet, record("Z", backup_soc_fraction=0.5), source="t")


def test_a_preferences_file_reads_as_it_was_written() -> None:
    records = record("A", backup_soc_fraction=0.7, blackout=("Mon-Fri 08:00-10:00",), export_allowed=False)
    assert read_records(write_records(records.values()).encode(), source="f") == records


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nonsense", "not JSON"),
        ("[]", "not a record"),
        ('{"schema":"gridpact.preferences/1","home_id":""}', "home_id"),
        ('{"schema":"gridpact.preferences/1","home_id":"A","fields":{"x":{}}}', "no field"),
        (
            '{"schema":"gridpact.preferences/1","home_id":"A","fields":{"backup_soc_fraction":'
            '{"value":7,"start":0,"end":1,"confidence":1,"confirmed":true,"source":"owner"}}}',
            "between 0 and 1",
        ),
        (
            '{"schema":"gridpact.preferences/1","home_id":"A","fields":{"backup_soc_fraction":'
            '{"value":NaN,"start":0,"end":1,"confidence":1,"confirmed":true,"source":"owner"}}}',
            "must be a number",
        ),
    ],
)
def test_a_damaged_file_is_refused_with_its_line(line: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        read_records(f"\n{line}\n".encode(), source="f")
    assert "f line 2" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "one", "other", "kept"),
    [
        ("backup_soc_fraction", 0.3, 0.5, 0.5),
        ("max_cycles_per_day", 1.0, 2.0, 1.0),
        ("maximum_discharge_fraction", 0.3, 0.5, 0.3),
        ("floor_usd_per_mwh", 10.0, 20.0, 20.0),
        ("export_allowed", True, False, False),
        ("vehicle_ready_by", "07:00", "06:59", "06:59"),
        ("persona", "aggressive", "moderate", "moderate"),
    ],
)
def test_the_stricter_value(name: str, one: Value, other: Value, kept: Value) -> None:
    assert stricter(name, one, other) == stricter(name, other, one) == kept
    assert covers(name, kept, one)
    assert covers(name, kept, other)
    assert not covers(name, other if kept == one else one, kept)


def test_values_are_typed_as_people_do() -> None:
    assert value_from("backup_soc_fraction", "40%") == 0.4
    assert value_from("export_allowed", "no") is False
    assert value_from("blackout", "17:00-19:00; Sat 08:00-09:00") == ("17:00-19:00", "Sat 08:00-09:00")
    for name in FIELDS:
        with pytest.raises(InputError):
            value_from(name, "what?")
