"""Replies that have the closed schema, and those that do not; what is said of them repeats none of their words."""

import json
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from fakes.asking import GOOD, Offer, question
from gridpact.language.closed import closed_schema, read_reply
from gridpact.language.prompts import user_prompt
from gridpact.language.questions import Failure


class Mood(StrEnum):
    """A closed list."""

    CALM = "calm"


class Inner(BaseModel):
    """Part of a reply."""

    model_config = ConfigDict(extra="forbid")
    mood: Mood
    at: float | None


class Outer(BaseModel):
    """A reply with parts."""

    model_config = ConfigDict(extra="forbid")
    parts: list[Inner]


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        (GOOD, None),
        (f"  ```json\n{GOOD}\n```  ", None),
        (f"```\n{GOOD}```", None),
        ("", Failure.NOT_JSON),
        ("{", Failure.NOT_JSON),
        ("null", Failure.SCHEMA),
        (f"[{GOOD}]", Failure.SCHEMA),
        (GOOD + GOOD, Failure.NOT_JSON),
        ("[" * 100_000, Failure.NOT_JSON),
        ('{"level":1,"home":"H-1","share":' + "9" * 5_000 + "}", None),
        ('{"level":true,"home":"H-1","share":0.5}', Failure.SCHEMA),
        ('{"level":1,"home":"h-1","share":0.5}', Failure.SCHEMA),
        ('{"level":1,"home":"H-1","share":-0.001}', Failure.SCHEMA),
        ('{"level":1,"home":"H-1","share":-Infinity}', Failure.SCHEMA),
    ],
)
def test_kinds(text: str, failure: Failure | None) -> None:
    found = read_reply(text, Offer)
    if "99999" in text:
        assert found.failure in (Failure.SCHEMA, Failure.NOT_JSON)
        return
    assert found.failure is failure
    assert (found.value is None) == (failure is not None)


def test_parts_and_lists_are_checked() -> None:
    assert read_reply('{"parts": [{"mood": "calm", "at": null}]}', Outer).failure is None
    found = read_reply('{"parts": [{"mood": "wild", "at": 1, "I was told": 2}]}', Outer)
    assert found.failure is Failure.SCHEMA
    assert "wild" not in found.detail
    assert "told" not in found.detail
    assert found.detail == "parts.0.mood: enum; parts.0.?: extra_forbidden"


def test_a_part_that_is_open_is_a_mistake() -> None:
    class Part(BaseModel):
        at: int

    class Whole(BaseModel):
        model_config = ConfigDict(extra="forbid")
        part: Part

    assert closed_schema(Outer)["additionalProperties"] is False
    with pytest.raises(TypeError, match="Whole is not closed: Part"):
        closed_schema(Whole)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["level", "home", "share", "x"]), inner)
    ),
    max_leaves=8,
)


@given(st.text(max_size=200) | _JSON.map(json.dumps))
def test_whatever_comes_is_a_value_or_a_failure(text: str) -> None:
    found = read_reply(text, Offer)
    assert (found.value is None) != (found.failure is None)


@given(st.text(max_size=300))
def test_no_words_close_their_own_marks(words: str) -> None:
    prompt = user_prompt(question(words=words, facts="known"))
    if not words:
        assert "<words" not in prompt
        return
    mark = prompt.split("<words ")[1].split(">")[0]
    assert prompt.count(f"</words {mark}>") == 1
    assert mark not in words
