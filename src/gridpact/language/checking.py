"""Whether a model's sentences say what code's sentences say: every number, unit, name, direction and word.

What cannot be matched is refused, right or wrong: a narrative is a courtesy, and the sentences that it would replace
are complete. A number is matched with one of the facts that its sentence names, to the rounding that it shows, with
its unit, and with nothing said of it that the fact does not say.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gridpact.language.lexicon import (
    ACTORS,
    ANY,
    ESSENTIAL,
    KINDS,
    NEGATION,
    NUMBER_WORDS,
    PLAIN,
    SENSES,
    UNITS,
)

MOST_CHARACTERS = 400
"""Of one sentence."""
LARGEST_ROUNDING = 0.01
"""Most that rounding may change a number, relative."""
_NUMBER = re.compile(r"[-−+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
_CLOCK = re.compile(r"\d{1,2}:\d{2}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_CLAUSES = re.compile(
    r"(?<!\d),|,(?!\d)|:(?!\d)|[;()?!…]|\.(?=\s|$)|\s[-–—]+\s"
    r"|\b(?:and|but|while|whereas|or|though|although|because|since|so|which|then|yet)\b"
)
_WEB = re.compile(r"://|www\.|@|\b[\w-]+\.(?=[a-z]{2,}\b)|[<>{}\[\]`|\\^_*#~]", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_EDGES = ".,;:!?()\"'“”‘’…"
_NAME = "Nn"
"""Stands for an identifier while a text is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A number or a time in a text, with what is said of it."""

    text: str
    value: float | None
    """None for a time, a date, and what is neither."""
    decimals: int
    unit: str
    senses: frozenset[str]
    actors: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A text as the check sees it."""

    said: tuple[Said, ...]
    senses: frozenset[str]
    """Every sense in it, ``not`` before those that are denied."""
    actors: frozenset[str]
    words: frozenset[str]
    names: frozenset[str]


def refusal(sentence: str, facts: Sequence[str], *, names: Sequence[str] = ()) -> str | None:
    """Why ``sentence`` may not be shown for ``facts``; None where it may.

    Args:
        sentence: a model's.
        facts: the sentences of ours that it is about.
        names: identifiers that may occur in any of them, such as a home's or an opportunity's.
    """
    form = _unfit(_nameless(sentence, names))
    if form is not None:
        return form
    told = read(sentence, names)
    known = [read(fact, names) for fact in facts]
    extra = told.names - frozenset().union(*(each.names for each in known))
    if extra:
        return f"it names {min(extra)!r}, which the facts do not"
    for said in told.said:
        if not any(_same(said, fact) for each in known for fact in each.said):
            return f"{said.text!r} is not what the facts say"
    for what in ("senses", "actors"):
        more = getattr(told, what) - frozenset().union(*(getattr(each, what) for each in known))
        if more:
            return f"the facts do not say {min(more)!r}"
    unknown = {word for word in told.words if not _allowed(word, known)}
    return f"the word {min(unknown)!r} is not among the facts' or the plain ones" if unknown else None


def left_out(sentences: Sequence[str], facts: Sequence[str], *, names: Sequence[str] = ()) -> str | None:
    """A number of ``facts`` that none of ``sentences`` tells; None where all are told."""
    told = [said for sentence in sentences for said in read(sentence, names).said]
    for fact in facts:
        for said in read(fact, names).said:
            if not any(_same(each, said) for each in told):
                return f"{said.text} {said.unit}".rstrip()
    return None


def _unfit(sentence: str) -> str | None:
    if not sentence.strip():
        return "it is empty"
    if len(sentence) > MOST_CHARACTERS:
        return f"it has more than {MOST_CHARACTERS} characters"
    for character in sentence:
        if unicodedata.category(character)[0] == "C" or unicodedata.category(character) in ("Zl", "Zp"):
            return "it holds a control character"
        if not character.isascii() and (character.isnumeric() or character.isdigit()):
            return f"{character!r} is not a plain digit"
        if not character.isascii() and character not in "’‘“”–—−…°\u00a0":
            return f"{character!r} is not a plain character"
    return "it holds an address or markup" if _WEB.search(sentence) else None


def _same(told: Said, fact: Said) -> bool:
    """Whether a number of a model's is the fact's, in all that is said of it."""
    if told.unit != fact.unit or not told.senses <= fact.senses or not told.actors <= fact.actors:
        return False
    if any(sense in ESSENTIAL or sense.startswith("not ") for sense in fact.senses - told.senses):
        return False
    if told.value is None or fact.value is None:
        return told.text == fact.text
    off = abs(told.value - fact.value)
    return off <= 1e-9 or (off <= 0.5 * 10.0**-told.decimals + 1e-9 and off <= LARGEST_ROUNDING * abs(fact.value))


def _allowed(word: str, known: Sequence[Reading]) -> bool:
    if word in PLAIN or word in UNITS or word in NUMBER_WORDS:
        return True
    stem = _stem(word)
    return any(word in each.words or stem in {_stem(other) for other in each.words} for each in known)


def _stem(word: str) -> str:
    """``word`` without the ending of a plural."""
    word = word.removesuffix("'s").removesuffix("’s")
    if word.endswith(("shes", "ches", "xes", "sses")):
        return word[:-2]
    return word.removesuffix("s") if len(word) > 3 and not word.endswith("ss") else word


def read(text: str, names: Sequence[str] = ()) -> Reading:
    """``text`` as numbers, senses, words and names."""
    found = {name for name in names if name and _places(name).search(text)}
    text = _nameless(text, found)
    said: list[Said] = []
    senses: set[str] = set()
    actors: set[str] = set()
    last_senses: dict[str, frozenset[str]] = {}
    last_actors: frozenset[str] = frozenset()
    for sentence in re.split(r"(?<=[.!?])\s+", text):
        for clause in _CLAUSES.split(sentence):
            lower = clause.lower().strip()
            here = _senses(lower)
            who = frozenset(actor for actor, pattern in ACTORS.items() if pattern.search(lower))
            senses |= here.keys()
            actors |= who
            last_actors = who or last_actors
            for kind in set(here.values()):
                last_senses[kind] = frozenset(sense for sense, each in here.items() if each == kind)
            for text_of, value, decimals, unit in _numbers(clause):
                kind = KINDS.get(unit.rpartition(" ")[2], "")
                # A clause of its own words speaks for its numbers; one without, for what stood before.
                of_kind = frozenset(s for s, each in here.items() if each == kind)
                if not here and not who:
                    of_kind = last_senses.get(kind, frozenset())
                of_any = frozenset(s for s, each in here.items() if each == ANY)
                said.append(
                    Said(
                        text=text_of,
                        value=value,
                        decimals=decimals,
                        unit=unit,
                        senses=of_kind | of_any,
                        actors=last_actors,
                    )
                )
        last_senses, last_actors = {}, frozenset()
    words = frozenset(word.lower() for word in _WORD.findall(text) if word != _NAME)
    return Reading(
        said=tuple(said),
        senses=frozenset(senses),
        actors=frozenset(actors),
        words=words,
        names=frozenset(found),
    )


def _nameless(text: str, names: Iterable[str]) -> str:
    for name in sorted(filter(None, names), key=len, reverse=True):
        text = _places(name).sub(_NAME, text)
    return text


def _places(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")


def _senses(clause: str) -> dict[str, str]:
    """Senses of a clause and the kind of numbers that each is about; denied ones begin with ``not``."""
    denied = "not " if NEGATION.search(clause) else ""
    found = {f"{denied}{sense}": kind for sense, (kind, pattern) in SENSES.items() if pattern.search(clause)}
    return found or ({"not": ANY} if denied else {})


def _numbers(clause: str) -> Iterator[tuple[str, float | None, int, str]]:
    """Text, value, decimals and unit of everything in a clause that is a number, a time, or holds a digit."""
    tokens = clause.split()
    bare = [token.strip(_EDGES) for token in tokens]
    for place, token in enumerate(bare):
        number = _value(token)
        if number is not None:
            value, decimals, attached = number
            ends = tokens[place][-1:] in (*_EDGES,) and tokens[place][-1:] not in ("'", '"')
            unit = attached or ("" if ends else _unit(bare, place + 1))
            unit = _part(bare, place, unit)
            if unit == "cent":
                value, decimals, unit = value / 100.0, decimals + 2, "USD"
            yield token, value, decimals, unit
        elif any(character.isdigit() for character in token):
            yield token, None, 0, ""


def _value(token: str) -> tuple[float, int, str] | None:
    """Value, decimals and attached unit of a number; None for what is no plain number."""
    word = NUMBER_WORDS.get(token.lower())
    if word is not None:
        return word, 9, ""
    attached = ""
    if token.startswith("$"):
        token, attached = token[1:], "USD"
    match = _NUMBER.match(token)
    if match is None:
        return None
    rest = token[match.end() :]
    if rest:
        if rest.lower() not in UNITS or attached:
            return None
        attached = UNITS[rest.lower()]
    digits = match.group().replace(",", "").replace("−", "-")
    return float(digits), len(digits.partition(".")[2]), attached


def _part(tokens: Sequence[str], place: int, unit: str) -> str:
    """The unit with the number's place in ``5 of 6 homes`` or ``20 to 30 kW``, which no telling may turn round."""

    def number(at: int) -> bool:
        return 0 <= at < len(tokens) and _value(tokens[at]) is not None

    after, before = tokens[place + 1 : place + 2], tokens[place - 1 : place] if place else []
    if after == ["to"] and number(place + 2):
        return f"from {unit}"
    if before == ["to"] and number(place - 2):
        return f"to {unit}"
    return f"all {unit}" if before == ["of"] and number(place - 2) else unit


def _unit(tokens: Sequence[str], place: int) -> str:
    """The unit or counted thing after a number; of ``5 of 6 homes`` it is homes for either."""
    if place >= len(tokens):
        return ""
    token = tokens[place].lower()
    if token in ("of", "to", "or") and place + 1 < len(tokens) and _value(tokens[place + 1]) is not None:
        further = _value(tokens[place + 1])
        return (further[2] if further else "") or _unit(tokens, place + 2)
    known = UNITS.get(token)
    return known if known is not None else _stem(token)
