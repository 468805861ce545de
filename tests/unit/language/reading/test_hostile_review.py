"""Readings that a hostile review found looser than the text, and files that ended in a traceback."""

import json

import pytest

from gridpact.errors import InputError
from gridpact.language.reading.reader import read_text
from gridpact.language.reading.records import read_records
from gridpact.language.reading.wishes import HomeFacts

TWICE = '900,"value":1'
FACTS = HomeFacts(battery_kwh=10.0, vehicle_kwh=60.0)


@pytest.mark.parametrize(
    "text",
    [
        "You may export. Just kidding, you may not.",
        "You may export, but I don't want it.",
        "Exporting is fine. Actually no.",
        "Export ist erlaubt. Nein, doch nicht.",
        "Ihr dürft einspeisen, aber ich will das nicht.",
        "Je mag terugleveren. Of nee, toch niet.",
        "Export is allowed by law, but I don't want it.",
        "My contract allows export.",
        "The utility allows export.",
        "We let the neighbours export, not us.",
        "I can hardly allow exports.",
        "Export is allowed until December.",
        "You may export when I say so.",
        "Kaum Einspeisung erlaubt.",
        "Feel free to use v2g. On second thought, don't.",
    ],
)
def test_no_permission_is_read_that_is_taken_back_or_held(text: str) -> None:
    values = read_text(text, FACTS).values()
    assert values.get("export_allowed") is not True
    assert values.get("vehicle_discharge_allowed") is not True


@pytest.mark.parametrize("text", ["You may export.", "Einspeisen ist erlaubt.", "Exporting is fine with me."])
def test_a_plain_permission_is_still_read(text: str) -> None:
    assert read_text(text, FACTS).values() == {"export_allowed": True}


@pytest.mark.parametrize(
    "text",
    [
        "Car full by noon is fine; actually I need it at ten.",
        "voiture prête à sept heures moins dix",
        "El coche listo a las siete menos diez.",
    ],
)
def test_a_part_of_a_time_is_no_charge(text: str) -> None:
    assert read_text(text, FACTS).values().get("vehicle_required_soc_fraction", 1.0) == 1.0


def test_a_quarter_before_an_hour_with_its_sign() -> None:
    found = read_text("La voiture doit être prête à 7h moins le quart avec 80 %.", FACTS).values()
    assert found == {"vehicle_required_soc_fraction": 0.8, "vehicle_ready_by": "06:45"}


def _line(fields: str = "{}", more: str = "") -> bytes:
    return f'{{"schema":"gridpact.preferences/1","home_id":"A","fields":{fields}{more}}}'.encode()


def _field(value: str) -> str:
    return f'{{"value":{value},"start":0,"end":1,"confidence":0.5,"confirmed":true,"source":"owner"}}'


@pytest.mark.parametrize(
    "content",
    [
        _line(f'{{"floor_usd_per_mwh":{_field("1" + "0" * 400)}}}'),
        _line(more=',"notes":[{"what":"\\ud800","start":0,"end":1}]'),
        _line(f'{{"export_allowed":{_field("false")}}}', more=',"fields":{}'),
        _line(f'{{"floor_usd_per_mwh":{_field(TWICE)}}}'),
    ],
    ids=["a whole number beyond floats", "half a surrogate pair", "fields twice", "value twice"],
)
def test_a_broken_record_is_said(content: bytes) -> None:
    with pytest.raises(InputError, match="line 1"):
        read_records(content, source="wishes.jsonl")


def test_a_whole_record_is_read() -> None:
    record = read_records(_line(f'{{"floor_usd_per_mwh":{_field("900")}}}'), source="wishes.jsonl")["A"]
    assert json.dumps(record.wishes.values()) == '{"floor_usd_per_mwh": 900}'
