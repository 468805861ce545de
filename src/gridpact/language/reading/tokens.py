"""A plain text cut into tagged tokens."""

import re
from dataclasses import dataclass

from gridpact.language.reading.cutting import cut
from gridpact.language.reading.lexicon import Lexicon, language_of, lexicon

_ELISION = re.compile(r"(?:l|d|j|n|s|c|m|t|qu|jusqu|lorsqu)'(?=[a-z])")
_SYMBOLS = {
    "%": ("PCT", None),
    "$": ("CUR", "USD"),
    "€": ("CUR", "EUR"),
    "£": ("CUR", "GBP"),
    "¢": ("CENT", "USD"),
    "-": ("DASH", None),
    "~": ("FILL", None),
    "/": ("SLASH", None),
    "&": ("CONJ", "and"),
    "+": ("CONJ", "and"),
    ">": ("GE", None),
    "≥": ("GE", None),
    "≤": ("LE", None),
    "<": ("BELOW", None),
    '"': ("QUOTE", None),
    "@": ("AT", None),
    "=": ("FILL", None),
    "*": ("FILL", None),
    ".": ("STOP", "."),
    "!": ("STOP", "!"),
    "?": ("STOP", "?"),
    ";": ("STOP", ";"),
    "\n": ("STOP", "\n"),
    ",": ("COMMA", None),
    ":": ("COLON", None),
    "(": ("FILL", None),
    ")": ("FILL", None),
}


@dataclass(slots=True)
class Token:
    """A word, a phrase, a number or a sign, and what it does."""

    tag: str
    value: object
    text: str
    start: int
    end: int
    mended: bool = False


def tokenise(text: str) -> tuple[list[Token], str]:
    """The tokens of a plain text, and its language."""
    parts = list(cut(text))
    words = [part[1] for part in parts if part[0] == "word"]
    language = language_of(words)
    if language in ("fr", "nl", "es", "de"):
        parts = [piece for part in parts for piece in _elided(part)]
    return _tagged(parts, lexicon(language)), language


def _elided(part: tuple[str, str, int, int]) -> list[tuple[str, str, int, int]]:
    kind, text, start, end = part
    match = _ELISION.match(text) if kind == "word" and "'" in text else None
    if match is None:
        return [part]
    middle = start + match.end()
    return [(kind, text[: match.end()], start, middle), (kind, text[match.end() :], middle, end)]


def _tagged(parts: list[tuple[str, str, int, int]], known: Lexicon) -> list[Token]:
    found: list[Token] = []
    texts = [part[1] for part in parts]
    number, count = 0, len(parts)
    phrases, words = known.phrases, known.words
    while number < count:
        kind, text, start, end = parts[number]
        for phrase, entry in phrases.get(text, ()):
            stop = number + len(phrase)
            if stop <= count and tuple(texts[number:stop]) == phrase:
                last = parts[stop - 1][3]
                found.append(Token(entry.tag, entry.value, " ".join(phrase), start, last))
                number = stop
                break
        else:
            found.append(_single(kind, text, start, end, known, words))
            number += 1
    return found


def _single(kind: str, text: str, start: int, end: int, known: Lexicon, words: object) -> Token:
    if kind == "word":
        entry = known.words.get(text) or known.words.get(text.removesuffix("'s"))
        if entry is not None:
            return Token(entry.tag, entry.value, text, start, end)
        mended = known.mended(text)
        if mended is not None:
            entry = known.words[mended]
            return Token(entry.tag, entry.value, mended, start, end, True)
        return Token("WORD", None, text, start, end)
    if kind == "num":
        return Token("NUM", _number(text, known.language), text, start, end)
    if kind == "clock":
        hour, minute = re.split("[:h]", text)
        if int(hour) <= 24 and int(minute) < 60:
            return Token("CLOCK", (int(hour), int(minute)), text, start, end)
        return Token("WORD", None, text, start, end)
    if kind == "hclk":
        return Token("HCLK", float(text.rstrip("h ")), text, start, end)
    if kind == "home":
        return Token("OTHERS", None, text, start, end)
    if kind == "ampm":
        return Token("AMPM", text[0] + "m", text, start, end)
    if kind == "v2g":
        return Token("V2G", None, text, start, end)
    tag, value = _SYMBOLS.get(text, ("WORD", None))
    return Token(tag, value, text, start, end)


def _number(text: str, language: str) -> float:
    """A number as people write it: ``0,5`` and ``0.5``, ``1,000`` and ``1.000``."""
    text = text[:18]
    marks = [mark for mark in text if mark in ".,"]
    if not marks:
        return float(text)
    last = max(text.rfind("."), text.rfind(","))
    whole, rest = text[:last], text[last + 1 :]
    grouped = len(rest) == 3 and whole.lstrip("0") and (marks[-1] == "," or language != "en" or len(marks) > 1)
    digits = "".join(mark for mark in whole if mark not in ".,") or "0"
    return float(digits + rest) if grouped else float(f"{digits}.{rest or 0}")
