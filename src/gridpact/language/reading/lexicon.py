"""The reader's words in five languages, as tags: what a word does in a wish, whatever language it is of."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from rapidfuzz.distance import OSA

from gridpact.language.reading.cutting import cut

LANGUAGES = {"en": "english", "de": "german", "fr": "french", "es": "spanish", "nl": "dutch"}
_FUZZY_TAGS = frozenset(
    [
        "BATT",
        "CAR",
        "KEEP",
        "NEG",
        "PCT",
        "DAY",
        "DSET",
        "GE",
        "LE",
        "BELOW",
        "ABOVE",
        "SELL",
        "EXPORT",
        "DRAIN",
        "SINK",
        "CYC",
        "OUTAGE",
        "KWH",
        "HOUR",
        "CENT",
        "CUR",
        "AMPM",
        "PART",
        "MIDN",
        "NOON",
        "BTW",
        "READY",
        "FULL",
        "NUM",
        "FRAC",
        "HALFWORD",
        "SOLAR",
        "ALONE",
        "MILE",
        "KM",
        "DEPART",
        "GRID",
        "TO",
        "FROM",
        "BY",
        "AFTER",
        "WANT",
    ]
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What a word or a phrase does."""

    tag: str
    value: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """Words and phrases of one language, and the English ones that it leaves free."""

    language: str
    words: Mapping[str, Entry]
    phrases: Mapping[str, tuple[tuple[tuple[str, ...], Entry], ...]]
    """By first word, the longest first."""
    near: Mapping[str, tuple[str, ...]]
    """Words that a slip may be of, by first letter."""

    def mended(self, word: str) -> str | None:
        """The one word of the reader's that ``word`` is a slip of; None if there is none."""
        length = len(word)
        if length < 5 or length > 20 or word in _not_slips():
            return None
        most = 1 if length < 9 else 2
        best, found = most + 1, None
        for known in self.near.get(word[0], ()):
            if abs(len(known) - length) <= most:
                distance = OSA.distance(word, known, score_cutoff=most)
                if distance < best:
                    best, found = distance, known
        return found


def pieces(phrase: str) -> tuple[str, ...]:
    """A phrase as the tokeniser cuts it."""
    return tuple(text for _, text, _, _ in cut(phrase))


@cache
def lexicon(language: str) -> Lexicon:
    """The words of a language, by its code."""
    entries: dict[tuple[str, ...], Entry] = {}
    names = ["en"] if language == "en" else ["en", language]
    for name in names:
        foreign = name != language
        for phrase, entry in (*_entries(name), *_numbers(name)):
            key = pieces(phrase)
            small = entry.tag in _ENGLISH_ONLY or len(key) == 1 and len(key[0]) < 4
            if key and not (foreign and small and entry.tag not in _UNIVERSAL):
                entries[key] = entry
    phrases: dict[str, list[tuple[tuple[str, ...], Entry]]] = {}
    for key, entry in entries.items():
        if len(key) > 1:
            phrases.setdefault(key[0], []).append((key, entry))
    words = {key[0]: entry for key, entry in entries.items() if len(key) == 1}
    near: dict[str, list[str]] = {}
    for word, entry in words.items():
        if len(word) >= 5 and entry.tag in _FUZZY_TAGS and word.isalpha():
            near.setdefault(word[0], []).append(word)
    return Lexicon(
        language=language,
        words=words,
        phrases={first: tuple(sorted(found, key=lambda each: -len(each[0]))) for first, found in phrases.items()},
        near={first: tuple(found) for first, found in near.items()},
    )


_UNIVERSAL = frozenset(["PCT", "KWH", "KW", "KM", "CUR", "V2G", "AMPM"])
_ENGLISH_ONLY = frozenset(["FILL", "HE", "FIRST", "IT", "TO", "BY", "AT", "FROM", "AFTER", "CONJ", "QWORD"])


def language_of(words: list[str]) -> str:
    """The language with the most common words in ``words``; English where that is open."""
    best, most = "en", 0
    for code, common in _known_words().items():
        count = sum(word in common for word in words)
        if count > most:
            best, most = code, count
    return best


@cache
def _not_slips() -> frozenset[str]:
    """Common words that are one slip away from one of the reader's, and are not meant as it."""
    return frozenset(_file("en")["@NOT_SLIPS"])


@cache
def _known_words() -> Mapping[str, frozenset[str]]:
    """Common words of each language and the single words that the reader knows of it."""
    return {
        code: frozenset(_file(code)["@COMMON"]) | {phrase for phrase, _ in _entries(code) if phrase.isalpha()}
        for code in LANGUAGES
    }


@cache
def _file(language: str) -> Mapping[str, tuple[str, ...]]:
    """The words of a language's file by what stands before the colon."""
    text = resources.files(f"{__package__}.words").joinpath(f"{LANGUAGES[language]}.txt").read_text(encoding="utf-8")
    found: dict[str, tuple[str, ...]] = {}
    for line in re.sub(r"\n\s+", " ", text).splitlines():
        head, colon, body = line.partition(": ")
        if colon and not head.startswith("#"):
            words = tuple(phrase.strip() for phrase in body.split(",") if phrase.strip())
            found[head] = found.get(head, ()) + words
    return found


def _entries(language: str) -> Iterator[tuple[str, Entry]]:
    for head, phrases in _file(language).items():
        if not head.startswith("@"):
            tag, _, value = head.partition("=")
            entry = Entry(tag, _value(tag, value))
            yield from ((phrase, entry) for phrase in phrases)


def _value(tag: str, value: str) -> object:
    if tag == "DSET":
        return frozenset(map(int, value))
    if tag == "DAY":
        return frozenset((int(value),))
    if tag in ("FRAC", "FRACS", "ONCE"):
        return float(value)
    return value or None


def _numbers(language: str) -> Iterator[tuple[str, Entry]]:
    """Number words from zero to ninety-nine, and a hundred."""
    file = _file(language)
    names = [word.split("|") for word in file["@ONES"]]
    tens = [word.split("|") for word in file["@TENS"]]
    for value, forms in enumerate(names):
        for form in forms:
            yield form, Entry("NUM", float(value))
    for place, forms in enumerate(tens, start=2):
        for ten in forms:
            yield ten, Entry("NUM", float(10 * place))
            for unit in range(1, 10):
                for form in names[unit]:
                    for text in _compound(language, ten, form, unit):
                        yield text, Entry("NUM", float(10 * place + unit))
            if language == "fr" and place in (7, 9):
                base = ten.removesuffix("-dix")
                for unit in range(1, 10):
                    for form in names[10 + unit]:
                        yield f"{base}-{form}", Entry("NUM", float(10 * place + unit))
                        yield f"{base} {form}", Entry("NUM", float(10 * place + unit))
    for form in file["@HUNDRED"]:
        yield form, Entry("HUND", 100.0)


def _compound(language: str, ten: str, unit: str, value: int) -> tuple[str, ...]:
    match language:
        case "de":
            return (f"{unit}und{ten}",)
        case "nl":
            return (f"{unit}en{ten}", f"{unit} en {ten}")
        case "fr":
            return (f"{ten} et {unit}", f"{ten}-et-{unit}") if value == 1 else (f"{ten}-{unit}", f"{ten} {unit}")
        case "es":
            joined = {"veinte": "veinti"}.get(ten)
            return (f"{joined}{unit}", f"veinte y {unit}") if joined else (f"{ten} y {unit}",)
        case _:
            return (f"{ten} {unit}", f"{ten}-{unit}", f"{ten}{unit}")
