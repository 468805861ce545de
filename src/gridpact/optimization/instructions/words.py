"""The words that instructions are read by: each phrase stands for a kind of token; no other is understood."""

from functools import cache
from pathlib import Path

_SMALL = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_TEENS = ("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety", "hundred")
NUMBERS: dict[str, float] = {
    **{word: float(value) for value, word in enumerate((*_SMALL, *_TEENS))},
    **{word: 20.0 + 10.0 * place for place, word in enumerate(_TENS)},
    "dozen": 12.0,
}
"""Numbers in words."""
FRACTIONS: dict[str, float] = {
    "half": 1 / 2,
    "a half": 1 / 2,
    "one half": 1 / 2,
    "a third": 1 / 3,
    "one third": 1 / 3,
    "two thirds": 2 / 3,
    "a quarter": 1 / 4,
    "one quarter": 1 / 4,
    "three quarters": 3 / 4,
    "a fifth": 1 / 5,
    "one fifth": 1 / 5,
    "two fifths": 2 / 5,
    "a sixth": 1 / 6,
    "an eighth": 1 / 8,
    "one eighth": 1 / 8,
    "a tenth": 1 / 10,
    "one tenth": 1 / 10,
}
"""Fractions in words."""
TIMES: dict[str, float] = {"once": 1, "twice": 2, "thrice": 3, "one time": 1, "two times": 2, "three times": 3}
"""How often."""
MOST_WORDS = 6
"""Longest phrase."""


@cache
def words() -> dict[str, str]:
    """Kind of token by phrase, in small letters."""
    found: dict[str, str] = {}
    for file in sorted(Path(__file__).parent.glob("words_*.txt")):
        for line in file.read_text(encoding="utf-8").splitlines():
            kind, _, phrases = line.partition(" = ")
            if phrases and not line.startswith("#"):
                found |= {" ".join(phrase.split()): kind for phrase in phrases.split(" | ")}
    return found
