"""A model's telling is used only where all of it holds."""

from typing import Any

import pytest

from gridpact.language.narrator import MODEL, TEMPLATE, Fact, Story, narrate, question_of
from gridpact.language.questions import Nobody, Question, Scripted

STORY = Story(
    key="narrate/maple",
    reader="the owner of this home",
    facts=(
        Fact(text="You are in: 6.2 kW were called at 96.10 USD/MWh.", must=True),
        Fact(text="Every wish of yours was kept."),
        Fact(text="In all you earned 1.373654 USD.", must=True),
    ),
    home_id="maple",
)
GOOD = [
    {"text": "6.2 kW of yours were called at 96.10 USD/MWh, and your wishes were kept.", "facts": [1, 2]},
    {"text": "In all you earned 1.37 USD.", "facts": [3]},
]


def told(sentences: Any) -> Any:
    (narrative,) = narrate([STORY], Scripted(lambda question: {"sentences": sentences}))
    return narrative


def test_without_a_model_the_template_is_complete() -> None:
    (narrative,) = narrate([STORY], Nobody())
    assert narrative.sentences == tuple(fact.text for fact in STORY.facts)
    assert (narrative.source, narrative.why_template, narrative.model) == (TEMPLATE, None, "none")


def test_a_true_telling_is_used() -> None:
    narrative = told(GOOD)
    assert (narrative.source, narrative.why_template) == (MODEL, None)
    assert narrative.sentences[1] == "In all you earned 1.37 USD."


@pytest.mark.parametrize(
    ("sentences", "why"),
    [
        ([GOOD[0]], "fact 3 must be told"),
        ([GOOD[0], {"text": "You earned well.", "facts": [3]}], "'well'"),
        ([GOOD[0], {"text": "In all you earned the sum.", "facts": [3]}], "1.373654 USD is left out"),
        ([GOOD[0], {"text": "In all you earned 1.37 USD.", "facts": [2]}], "1.37"),
        ([GOOD[0], {"text": "In all you earned 1.37 USD.", "facts": [9]}], "fact 9"),
        ([GOOD[0], {"text": "In all you lost 1.37 USD.", "facts": [3]}], "sentence 2"),
        ([*GOOD, {"text": "Visit https://x.example", "facts": [1]}], "address"),
        ([], "schema"),
        ([{"text": "x" * 500, "facts": [1]}], "schema"),
        ("text", "schema"),
        ([{**GOOD[0], "html": "x"}], "schema"),
    ],
)
def test_anything_else_falls_back_whole(sentences: Any, why: str) -> None:
    narrative = told(sentences)
    assert narrative.source == TEMPLATE
    assert narrative.sentences == tuple(fact.text for fact in STORY.facts)
    assert why in narrative.why_template


def test_the_question_holds_the_facts_and_nobodys_words() -> None:
    question = question_of(STORY)
    assert (question.task, question.home_id, question.words) == ("narrate", "maple", "")
    assert "1*. You are in" in question.facts
    assert "2. Every wish" in question.facts


def test_each_story_is_asked_alone() -> None:
    asked: list[Question] = []

    def script(question: Question) -> Any:
        asked.append(question)
        return {"sentences": GOOD}

    narrate([STORY, STORY], Scripted(script))
    assert len(asked) == 2
