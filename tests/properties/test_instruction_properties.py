"""Whatever is written: no error but a clean one, nothing out of thin air, only the fleet's homes, always the same."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.errors import InputError
from gridpact.optimization.instructions.reader import read_instruction
from gridpact.optimization.instructions.words import NUMBERS, words
from gridpact.optimization.spec import ProblemSpec

HOMES = ("maple", "oak", "H-01", "12", "no", "Größe 5")
PIECES = st.one_of(
    st.sampled_from(sorted(words())),
    st.sampled_from(["5 kW", "20%", "$45/MWh", "7", "07:30", "3 homes", ",", ";", "."]),
    st.sampled_from(["maple", "H-01", "H-77", "0", "-3"]),
    st.sampled_from(sorted(NUMBERS)),
    st.text(max_size=8),
)
TEXTS = st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=14).map(" ".join))


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_any_text(text: str) -> None:
    found = read_instruction(text, homes=HOMES)
    assert found == read_instruction(text, homes=HOMES)
    for term in found.terms:
        assert text[term.start : term.end] == term.evidence
        ProblemSpec.from_mapping({term.name: term.value})
        if term.name in ("only_homes", "exclude_homes"):
            assert set(term.value) <= set(HOMES)
            assert all(home.casefold() in term.evidence.casefold() for home in term.value)
    for piece in found.not_understood:
        assert text[piece.start : piece.end] == piece.text
    if not found.conflicts:
        found.spec()


@settings(max_examples=80, deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=10).map(" ".join))
def test_every_word_is_read_or_left(text: str) -> None:
    """No sentence vanishes: where there are words that are no greeting, there is a term or something left over."""
    found = read_instruction(text, homes=HOMES)
    spoken = [word for word in text.split() if words().get(word.casefold()) not in ("HELLO", "AND") and word.isalpha()]
    joined = text.casefold()
    if spoken and not any(kind == "HELLO" and phrase in joined for phrase, kind in words().items()):
        assert found.terms or found.not_understood


@given(st.integers(0, 10**7))
@settings(max_examples=40, deadline=None)
def test_numbers_are_the_texts(number: int) -> None:
    try:
        found = read_instruction(f"at most {number} kW in total", homes=())
    except InputError:
        return
    assert [term.value for term in found.terms] == ([float(number)] if number else [])
