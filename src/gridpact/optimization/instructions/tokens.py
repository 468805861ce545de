"""From text to tokens: quantities with their units, times, weekdays, homes of the fleet, and known words."""

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from gridpact.optimization.instructions.words import FRACTIONS, MOST_WORDS, NUMBERS, TIMES, words

MOST_LETTERS = 4_000
"""Longest instruction that is read."""
LEAST_ID_LETTERS = 3
"""Shorter words are not taken for a home's misspelt name."""
MOST_TOKENS = 800
"""Most tokens of an instruction."""

_POWER = {"w": 0.001, "kw": 1.0, "mw": 1000.0, "gw": 1e6}
_ENERGY = {"wh": 0.001, "kwh": 1.0, "mwh": 1000.0}
_USD = r"(?:us\s?\$|\$|usd|us dollars?|dollars?|bucks)"
_CENT = r"(?:cents?|ct|¢|usc)"
_EURO = r"(?:€|eur|euros?)"
_PER = r"\s*(?:/|per|a|an)\s*"
_NUMBER = r"(?<![\w.,])[-−]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?|\.\d+)"
_END = r"(?![A-Za-z0-9_])"
_UNITS: tuple[tuple[str, str, float], ...] = (
    (rf"{_EURO}(?:{_PER}[km]wh?)?", "EURO", 1.0),
    (rf"{_USD}{_PER}(?:mwh|megawatt[- ]?hours?)", "PRICE", 1.0),
    (rf"{_USD}{_PER}(?:kwh|kilowatt[- ]?hours?)", "PRICE", 1000.0),
    (rf"{_USD}{_PER}(?:mw|megawatts?)(?:{_PER}h(?:our)?|\s+(?:and|per)\s+hour)?", "PRICE", 1.0),
    (rf"{_CENT}{_PER}(?:kwh|kilowatt[- ]?hours?)", "PRICE", 10.0),
    (_USD, "USD", 1.0),
    (_CENT, "USD", 0.01),
    (r"%|percent|per\s?cent|pct\.?", "PCT", 0.01),
    (r"(?:kilowatt|megawatt|watt)[- ]?hours?", "ENERGYWORD", 1.0),
    (r"[kmKM]?[wW][hH]", "KWH", 1.0),
    (r"(?:kilowatts?|megawatts?|watts?)", "POWERWORD", 1.0),
    (r"[kmgKMG]?[wW]", "KW", 1.0),
)
_QUANTITY = re.compile(
    rf"(?P<money>(?:us\s?\$|\$|usd\s?))?(?P<number>{_NUMBER})(?P<rest>\s*-?\s*(?P<unit>"
    + "|".join(f"(?:{pattern})" for pattern, _, _ in _UNITS)
    + rf"){_END}|(?<=%))?",
    re.IGNORECASE,
)
_AFTER_MONEY = re.compile(rf"{_PER}(?P<unit>mwh|kwh|mw(?:{_PER}h(?:our)?)?){_END}", re.IGNORECASE)
_CLOCK = re.compile(
    r"(?<![\w:])(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?\s*(?P<half>am|pm|a\.m\.|p\.m\.|o'clock|h|hrs|uhr)?"
    r"(?P<part>\s+in the (?:morning|afternoon|evening)|\s+at night)?(?![\w:])",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_](?:[\w'’.-]*[\w'’])?|[<>]=?|[≤≥&,–—-]|\S", re.UNICODE)
_QUOTED = re.compile(r"[\"“”']([^\"“”'\n]{1,80})[\"“”']")
_ID_LIKE = re.compile(r"[A-Za-z]+[-_]?\d[\w-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A piece of an instruction."""

    kind: str
    start: int
    end: int
    value: float | str | None = None
    text: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """Names that an instruction may use: the fleet's homes."""

    homes: tuple[str, ...] = ()
    _by_name: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, homes: Collection[str]) -> "Vocabulary":
        """Names of homes, found whatever the case of their letters unless that confuses two."""
        by_name: dict[str, str] = {}
        for home in homes:
            key = home.casefold()
            by_name[key] = "" if key in by_name else home
        by_name |= {home: home for home in homes}
        return cls(homes=tuple(homes), _by_name={name: home for name, home in by_name.items() if home})

    def home(self, name: str) -> str | None:
        """The id of a home that is called ``name``."""
        return self._by_name.get(name) or self._by_name.get(name.casefold())

    def nearest(self, name: str) -> str:
        """A hint at the home that is nearest to ``name``; empty where none is."""
        near = difflib.get_close_matches(name.casefold(), list(self._by_name)[:20_000], n=1, cutoff=0.75)
        return f"did you mean {self._by_name[near[0]]!r}?" if near else ""


def tokens_of(text: str, vocabulary: Vocabulary) -> list[Token]:
    """The tokens of ``text``, in order and without gaps but for spaces; what is not known has the kind ``UNKNOWN``."""
    found: list[Token] = []
    at = 0
    while at < len(text) and len(found) < MOST_TOKENS:
        if text[at].isspace():
            at += 1
            continue
        token = (
            _named(text, at, vocabulary, found)
            or _quantity(text, at, found)
            or _phrase(text, at)
            or _word(text, at, vocabulary)
        )
        if token.kind == "HOME" and found and found[-1].kind == "NUM" and found[-1].value == 1:
            # "One home" is each of them, and no count.
            found[-1] = replace(found[-1], kind="EACH")
        found.append(token)
        at = max(token.end, at + 1)
    return found


def _token(kind: str, text: str, start: int, end: int, value: float | str | None = None, note: str = "") -> Token:
    return Token(kind=kind, start=start, end=end, value=value, text=text[start:end], note=note)


def _named(text: str, at: int, vocabulary: Vocabulary, before: list[Token]) -> Token | None:
    """A home: quoted, after the word home, or a name that is no word of the language."""
    quoted = _QUOTED.match(text, at)
    if quoted is not None and (at == 0 or not text[at - 1].isalnum()):
        home = vocabulary.home(quoted[1].strip())
        kind, note = ("NAME", "") if home else ("STRANGER", vocabulary.nearest(quoted[1].strip()))
        return _token(kind, text, at, quoted.end(), home or quoted[1], note)
    if at and (text[at - 1].isalnum() or text[at - 1] == "_"):
        return None
    called = bool(before) and before[-1].kind in ("HOME", "HOMES") and before[-1].end <= at
    for match in _candidates(text, at):
        home = vocabulary.home(match)
        plain = match.casefold() in words() or match.casefold() in NUMBERS or match.replace(".", "").isdigit()
        if home is not None and (called or not plain):
            return _token("NAME", text, at, at + len(match), home)
    like = _ID_LIKE.match(text, at)
    if like is not None and not _QUANTITY.fullmatch(like[0]):
        return _token("STRANGER", text, at, like.end(), like[0], vocabulary.nearest(like[0]))
    return None


def _candidates(text: str, at: int) -> list[str]:
    """Runs of up to four words that begin here, longest first."""
    ends, place = [], at
    for _ in range(4):
        word = re.compile(r"[^\s,;!?()\"“”]+").match(text, place)
        if word is None:
            break
        ends.append(word.end())
        ends.append(word.start() + len(word[0].rstrip(".:'’")))
        space = re.compile(r"[ \t]+").match(text, word.end())
        if space is None:
            break
        place = space.end()
    return [text[at:end] for end in sorted(set(ends), reverse=True) if end > at]


def _quantity(text: str, at: int, before: list[Token]) -> Token | None:
    """A number with its unit, or a time of day."""
    clock = _CLOCK.match(text, at)
    if clock is not None and (clock["minute"] or clock["half"] or clock["part"]):
        return _time(text, clock)
    match = _QUANTITY.match(text, at)
    if match is None:
        return None
    value = _value(match["number"])
    if value is None:
        return _token("UNKNOWN", text, at, match.end())
    if before and before[-1].end == at and before[-1].kind not in ("AND", "DASH", "ATMOST", "ATLEAST", "MORE", "LESS"):
        glued = text[at - 1]
        if glued.isalnum() or glued in "_.":
            return _token("UNKNOWN", text, at, match.end())
    end = match.end()
    if match["money"]:
        per = _AFTER_MONEY.match(text, match.end())
        if match["unit"]:
            return (
                _token("UNKNOWN", text, at, end)
                if not re.match(_USD, match["unit"], re.I)
                else _money(text, match, value)
            )
        if per is not None:
            factor = 1000.0 if per["unit"].lower().startswith("kwh") else 1.0
            return _token("PRICEQ", text, at, per.end(), value * factor)
        return _token("USD", text, at, end, value)
    if match["unit"]:
        return _with_unit(text, match, value)
    percent = re.compile(r"\s*%").match(text, end)
    if percent is not None:
        return _token("PCT", text, at, percent.end(), round(value / 100.0, 9))
    if re.compile(r"[A-Za-z_]").match(text, end):
        return _token("UNKNOWN", text, at, re.compile(r"\w*").match(text, end).end())  # type: ignore[union-attr]
    if end < len(text) and text[end : end + 1] == "x" or value < 0:
        return _token("UNKNOWN", text, at, end)
    return _token("NUM", text, at, end, value)


def _money(text: str, match: re.Match[str], value: float) -> Token:
    kind = "PRICEQ" if re.search(r"w", match["unit"], re.I) else "USD"
    return _token(kind, text, match.start(), match.end(), value)


def _value(written: str) -> float | None:
    plain = written.replace("−", "-")
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", plain):
        plain = plain.replace(",", "")
    value = float(plain.replace(",", "."))
    return value if abs(value) < 1e12 else None


def _with_unit(text: str, match: re.Match[str], value: float) -> Token:
    unit = match["unit"]
    low = unit.lower()
    for pattern, kind, factor in _UNITS:
        if re.fullmatch(pattern, unit, re.IGNORECASE) is None:
            continue
        if kind == "KW":
            # mW is a milliwatt to a physicist, and never meant here.
            factor = _POWER[low]
        elif kind == "KWH":
            factor = _ENERGY[low]
        elif kind in ("POWERWORD", "ENERGYWORD"):
            factor = {"k": 1.0, "m": 1000.0, "w": 0.001}[low[0]]
            kind = "KW" if kind == "POWERWORD" else "KWH"
        kind = "PRICEQ" if kind == "PRICE" else kind
        if value < 0 and kind != "PRICEQ":
            kind = "UNKNOWN"
        return _token(kind, text, match.start(), match.end(), round(value * factor, 9))
    return _token("UNKNOWN", text, match.start(), match.end())


def _time(text: str, clock: re.Match[str]) -> Token:
    hour, minute = int(clock["hour"]), int(clock["minute"] or 0)
    half = (clock["half"] or "").replace(".", "").lower()
    part = (clock["part"] or "").lower()
    afternoon = half == "pm" or "afternoon" in part or "evening" in part or ("night" in part and hour >= 6)
    if (afternoon or half == "am" or "morning" in part or part) and not 1 <= hour <= 12:
        return _token("UNKNOWN", text, clock.start(), clock.end())
    if afternoon and hour < 12:
        hour += 12
    elif (half == "am" or "morning" in part or "night" in part) and hour == 12:
        hour = 24 if "night" in part else 0
    if minute > 59 or hour * 60 + minute > 1440:
        return _token("UNKNOWN", text, clock.start(), clock.end())
    return _token("CLOCK", text, clock.start(), clock.end(), float(hour * 60 + minute))


def _phrase(text: str, at: int) -> Token | None:
    """The longest known phrase that begins here."""
    if at and (text[at - 1].isalnum() or text[at - 1] == "_") and text[at].isalnum():
        return None
    ends, said, place = [], [], at
    for _ in range(MOST_WORDS):
        match = _WORD.match(text, place)
        if match is None:
            break
        said.append(match[0].casefold().replace("’", "'"))
        ends.append(match.end())
        space = re.compile(r"[ \t\r\n]+").match(text, match.end())
        if space is None:
            break
        place = space.end()
    for count in range(len(said), 0, -1):
        phrase, end = " ".join(said[:count]), ends[count - 1]
        if phrase in FRACTIONS:
            return _token("PCT", text, at, end, FRACTIONS[phrase])
        if phrase in TIMES:
            return _token("TIMES", text, at, end, TIMES[phrase])
        if phrase in NUMBERS:
            return _token("NUM", text, at, end, NUMBERS[phrase], "word")
        kind = words().get(phrase)
        if kind is None:
            continue
        name, _, value = kind.partition(":")
        if name == "CLOCK":
            return _token("CLOCK", text, at, end, 720.0)
        return _token(name, text, at, end, value or None)
    return None


def _word(text: str, at: int, vocabulary: Vocabulary) -> Token:
    match = _WORD.match(text, at)
    end = match.end() if match else at + 1
    hint = vocabulary.nearest(text[at:end]) if end - at >= LEAST_ID_LETTERS else ""
    return _token("UNKNOWN", text, at, end, note=hint)
