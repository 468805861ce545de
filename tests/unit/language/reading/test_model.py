"""What is kept of a model's reading, and how it joins the grammar's."""

from collections.abc import Callable
from typing import Any

import pytest

from gridpact.language.questions import Failure, Nobody, Question, Scripted
from gridpact.language.reading.batch import OwnerText, read_owners
from gridpact.language.reading.model import reading_question
from gridpact.language.reading.wishes import HomeFacts, Wishes

FACTS = HomeFacts(battery_kwh=10.0, vehicle_kwh=50.0)


def owner(text: str, home: str = "H-01") -> OwnerText:
    return OwnerText(home_id=home, text=text, digest=f"digest of {text}", facts=FACTS)


def read(text: str, *wishes: dict[str, Any]) -> Wishes:
    talker = Scripted(lambda question: {"wishes": list(wishes)})
    return read_owners([owner(text)], talker=talker, consents=lambda home: False)[0].wishes


def wish(field: str, value: Any, words: str) -> dict[str, Any]:
    return {"field": field, "value": value, "words": words}


def test_a_model_adds_what_the_text_says() -> None:
    found = read("my lad grabs the motor at 6:10", wish("vehicle_ready_by", "06:10", "at 6:10")).found
    assert found["vehicle_ready_by"].value == "06:10"
    assert found["vehicle_ready_by"].source == "model"
    assert not found["vehicle_ready_by"].confirmed


@pytest.mark.parametrize(
    "made_up",
    [
        wish("backup_soc_fraction", 0.6, "sixty percent"),  # not in the text
        wish("backup_soc_fraction", 0.6, "40 for the storage"),  # another number
        wish("floor_usd_per_mwh", 4000, "40 for the storage"),
        wish("export_allowed", True, "lovely weather"),
        wish("participates", False, "lovely weather"),
        wish("vehicle_ready_by", "07:00", "lovely weather"),
        wish("blackout", ["17:00-21:00"], "lovely weather"),
        wish("persona", "aggressive", "lovely weather"),
        wish("max_cycles_per_day", -1, "40 for the storage"),
    ],
)
def test_what_the_words_do_not_say_is_dropped(made_up: dict[str, Any]) -> None:
    assert read("lovely weather, and 40 for the storage", made_up).found.keys() <= {"backup_soc_fraction"}
    assert read("lovely weather, and 40 for the storage", made_up).values().get("backup_soc_fraction", 0.4) == 0.4


def test_a_model_only_tightens() -> None:
    text = "Keep 40% in the battery. 20% is what I had."
    looser = read(text, wish("backup_soc_fraction", 0.2, "20%"))
    assert looser.found["backup_soc_fraction"].value == 0.4
    tighter = read("Keep 40% in the battery. My cousin says 60% suits us", wish("backup_soc_fraction", 0.6, "60%"))
    assert tighter.found["backup_soc_fraction"].value == 0.6
    assert tighter.found["backup_soc_fraction"].confidence <= 0.5


def test_agreement_makes_surer() -> None:
    alone = read("Keep 40% in the battery.")
    both = read("Keep 40% in the battery.", wish("backup_soc_fraction", 0.4, "40%"))
    assert both.found["backup_soc_fraction"].source == "both"
    assert both.found["backup_soc_fraction"].confidence > alone.found["backup_soc_fraction"].confidence


def test_a_reply_of_another_schema_leaves_the_grammars_reading() -> None:
    talker = Scripted(lambda question: {"wishes": [{"field": "floor_of_H-02", "value": 0, "words": "x"}]})
    done = read_owners([owner("keep 30%")], talker=talker, consents=lambda home: False)[0]
    assert done.failure == Failure.SCHEMA.value
    assert done.wishes.values() == {"backup_soc_fraction": 0.3}


def test_one_owners_words_are_in_no_other_question() -> None:
    asked: list[Question] = []

    def script(question: Question) -> dict[str, Any]:
        asked.append(question)
        return {"wishes": []}

    read_owners(
        [owner("secret of one", "H-01"), owner("secret of two", "H-02")],
        talker=Scripted(script),
        consents=lambda home: False,
    )
    assert [question.words for question in asked] == ["secret of one", "secret of two"]
    for question in asked:
        assert "H-0" not in question.facts + question.instructions
        assert "secret" not in question.facts + question.instructions


@pytest.mark.parametrize(("agrees", "calls"), [(lambda home: True, 2), (lambda home: home == "H-02", 1)])
def test_a_hosted_model_is_asked_with_consent_only(agrees: Callable[[str], bool], calls: int) -> None:
    asked: list[str | None] = []

    def script(question: Question) -> dict[str, Any]:
        asked.append(question.home_id)
        return {"wishes": []}

    done = read_owners(
        [owner("keep 30%", "H-01"), owner("keep 40%", "H-02")],
        talker=Scripted(script, hosted=True),
        consents=agrees,
    )
    assert len(asked) == calls
    assert done[0].failure == ("" if calls == 2 else "no_consent")
    assert done[0].wishes.values() == {"backup_soc_fraction": 0.3}


def test_what_was_read_before_is_not_asked_again() -> None:
    count = 0

    def script(question: Question) -> dict[str, Any]:
        nonlocal count
        count += 1
        return {"wishes": []}

    talker = Scripted(script)
    first = read_owners([owner("keep 30%")], talker=talker, consents=lambda home: False)[0]
    known = {("H-01", first.key): first.wishes}
    again = read_owners([owner("keep 30%")], talker=talker, consents=lambda home: False, known=known)[0]
    assert count == 1
    assert again.wishes == first.wishes
    read_owners([owner("keep 35%")], talker=talker, consents=lambda home: False, known=known)
    assert count == 2


def test_nobody_is_no_failure() -> None:
    done = read_owners([owner("keep 30%")], talker=Nobody(), consents=lambda home: False)[0]
    assert done.failure == ""


def test_the_question_is_bounded() -> None:
    question = reading_question(key="k", home_id="H-01", text="x" * 1_000_000, facts=FACTS)
    assert len(question.words) <= 8_000
