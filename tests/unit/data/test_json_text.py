"""JSON from files: what is read, and what is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridpact.data.json_text import parse_json
from gridpact.errors import InputError
from gridpact_audit.reading import parse_json as audited

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=30,
)


@given(values, st.booleans())
def test_what_json_writes_is_read(value: object, escaped: bool) -> None:
    text = json.dumps(value, ensure_ascii=escaped)
    assert parse_json(text.encode()) == parse_json(text) == audited(text) == value


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


@pytest.mark.parametrize("mark", ['"[[[[[[{{{{"', '"\\\\"', '"\\"[[["', "1"])
def test_depth_counts_brackets_outside_texts(mark: str) -> None:
    text = "[" * 64 + mark + "]" * 64
    assert json.dumps(parse_json(text)) == json.dumps(json.loads(text))
    assert audited(text) == json.loads(text)
    for read in (parse_json, audited):
        with pytest.raises(ValueError, match="nested more than 64 deep"):
            read(f"[{text}]")


def test_many_siblings_are_not_deep() -> None:
    text = "[" + ",".join(["[[]]"] * 1000) + "]"
    assert parse_json(text) == audited(text) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[NaN]", "not a JSON number"),
        ("[-Infinity]", "not a JSON number"),
        ('{"a": 1, "a": 2}', "twice"),
        ("9" * 1001, "digits"),
        ('"\\ud800"', "half a character"),
        ("[" * 100_000, "deep"),
        ("{", "Expecting"),
        ("", "Expecting"),
    ],
)
def test_what_is_refused(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse_json(text.encode())
    with pytest.raises(ValueError, match="surrogates" if words == "half a character" else words):
        audited(text)


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(InputError, match="byte 2 is not UTF-8"):
        parse_json(b'["\xff"]')
    with pytest.raises(InputError):
        parse_json('{"a": 1}'.encode("utf-16"))


def test_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gridpact.data.json_text.MOST_JSON_GROUPS", 3)
    assert parse_json("[[],[]]") == [[], []]
    with pytest.raises(InputError, match="more than 3 objects"):
        parse_json("[[],[],[]]")
