"""Whatever an owner writes: no exception, nothing out of range, evidence in the text, and only this owner's record."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.language.evaluation.owners import load
from gridpact.language.reading.reader import read_text
from gridpact.language.reading.wishes import FIELDS, HomeFacts, problem_with

HOME = HomeFacts(battery_kwh=13.5, vehicle_kwh=60.0)
_CASES = [case.text for case in load("development")]
_WORDS = sorted({word for text in _CASES for word in text.split()})
_SPACE = " "


def _check(text: str) -> None:
    read = read_text(text, HOME)
    assert list(read.found) == [name for name in FIELDS if name in read.found]
    for name, wish in read.found.items():
        assert problem_with(name, wish.value) == ""
        assert 0 < wish.confidence <= 1
        assert not wish.confirmed
        assert 0 <= wish.evidence.start < wish.evidence.end <= len(text)
    for note in read.notes:
        assert 0 <= note.start <= note.end <= len(text)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    _check(text)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(_WORDS), max_size=40))
def test_any_order_of_owners_words_can_be_read(words: list[str]) -> None:
    _check(_SPACE.join(words))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([word for word in _WORDS if word.isalpha()]), max_size=25))
def test_numbers_come_from_the_text(words: list[str]) -> None:
    """Without a digit, a number word or a fraction in the text, no number is found but whole and none."""
    from gridpact.language.reading.plain import make_plain
    from gridpact.language.reading.tokens import tokenise

    text = _SPACE.join(words)
    tags = {token.tag for token in tokenise(make_plain(text).text)[0]}
    if tags & {"NUM", "HUND", "FRAC", "HALFWORD", "ONCE", "NOON", "MIDN"}:
        return
    for name, value in read_text(text, HOME).values().items():
        if FIELDS[name].kind in ("number", "clock"):
            assert value == 1.0, (text, name, value)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(_CASES), st.sampled_from(["\u200b", "\u202e", "\u2066", "\x00", "\ufeff", "\u0301"]), st.data())
def test_hidden_characters_never_loosen_or_fail(text: str, hidden: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(text)))
    _check(text[:place] + hidden + text[place:])


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(_CASES), st.sampled_from(_CASES))
def test_reading_depends_on_nothing_but_the_text(one: str, other: str) -> None:
    first = read_text(one, HOME)
    read_text(other, HOME)
    assert read_text(one, HOME) == first
