"""A model's weekdays have to be those of the words."""

import pytest

from gridpact.language.strategist import StatedTerm, StatedTerms, merged
from gridpact.optimization.instructions.reader import read_instruction


@pytest.mark.parametrize(
    ("days", "taken"), [("Mon 07:00-09:00", True), ("Sat 07:00-09:00", False), ("Mon,Sat 07:00-09:00", False)]
)
def test_a_weekday_that_the_words_do_not_name_is_not_taken(days: str, taken: bool) -> None:
    text = "zzz sell 07:00 qqq 09:00 on Monday"
    stated = StatedTerm(term="operating_windows", windows=(days,), evidence=text)
    found = merged(read_instruction(text), StatedTerms(terms=(stated,)), homes=(), by="model")
    assert bool(found.reading.terms) is taken
    assert bool(found.dropped) is not taken
