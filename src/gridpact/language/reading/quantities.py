"""Quantities in a run of tokens, by an LALR grammar: shares, energies, money, times, windows, days."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lark import Lark, Transformer
from lark import Token as Terminal
from lark.exceptions import UnexpectedInput
from lark.lexer import Lexer

from gridpact.language.reading.tokens import Token

_NUMERIC = frozenset(
    ["NUM", "HUND", "CLOCK", "HCLK", "NOON", "MIDN", "HPAST", "QPAST", "QTO", "HALB", "FRAC", "HALFWORD", "CUR"]
)
_ENDS = _NUMERIC | frozenset(
    [
        "AMPM",
        "OCLOCK",
        "PCT",
        "HOUR",
        "HPOST",
        "QPOST",
        "QTOPOST",
        "KWH",
        "CENT",
        "PKWH",
        "PMWH",
        "KM",
        "MILE",
        "KW",
        "TIMES",
        "CYC",
    ]
)
GRAMMATICAL = frozenset(
    [
        "NUM",
        "HUND",
        "PCT",
        "FRAC",
        "FRACS",
        "HALFWORD",
        "CLOCK",
        "HCLK",
        "AMPM",
        "OCLOCK",
        "HOUR",
        "NOON",
        "MIDN",
        "HPAST",
        "QPAST",
        "QTO",
        "HALB",
        "HPOST",
        "QPOST",
        "QTOPOST",
        "CUR",
        "CENT",
        "PKWH",
        "PMWH",
        "PERX",
        "KWH",
        "KW",
        "WATT",
        "KM",
        "MILE",
        "MINUTE",
        "DAYDUR",
        "CYC",
        "PDAY",
        "TIMES",
        "ONCE",
        "DAY",
        "DSET",
        "DTO",
        "RTO",
        "PART",
    ]
)
_RANGES = frozenset(("TO", "DASH"))
_SKIPPED = frozenset(("FILL", "AT"))
KM_PER_MILE = 1.609344


@dataclass(slots=True)
class Item:
    """A quantity or a word that matters, in the order of the text."""

    tag: str
    value: Any
    start: int
    end: int
    text: str = ""
    unit: str = ""
    """Of money ``CUR/kwh``, ``CUR/mwh``, ``CUR/``; of a clock ``am``, ``pm``, ``night``, ``24`` or empty."""
    mended: bool = False


class _Run(Lexer):
    """Hands tokens that are tagged already to the parser."""

    def __init__(self, lexer_conf: Any) -> None:
        del lexer_conf

    def lex(self, data: Any) -> Iterator[Terminal]:  # type: ignore[override]
        for number, token in enumerate(data):
            yield Terminal(token.tag, token, start_pos=number)


class _Build(Transformer[Any, Any]):
    """Items from what the grammar finds. Children are terminals whose value is a `Token`, or items."""

    def start(self, children: list[Any]) -> list[Item]:
        return children

    def item(self, children: list[Item]) -> Item:
        return children[0]

    def number(self, children: list[Any]) -> Item:
        tokens = [_token(child) for child in children]
        values = [_amount(token) for token in tokens]
        value = values[0] if len(values) == 1 else values[0] * 100 + (values[2] if len(values) == 3 else 0.0)
        return _item("number", value, tokens[0], tokens[-1])

    def figure(self, children: list[Item]) -> Item:
        return children[0]

    def share(self, children: list[Any]) -> Item:
        first, last = _outer(children)
        if isinstance(children[0], Item):
            unit = _token(children[1])
            value = children[0].value / (100.0 if unit.tag == "PCT" else float(str(unit.value)))
        else:
            token = _token(children[0])
            value = 0.5 if token.tag == "HALFWORD" else float(str(token.value))
        return _item("share", value, first, last)

    def clock(self, children: list[Any]) -> Item:
        first, last = _outer(children)
        head, half = children[0], ""
        for child in children[1:]:
            token = _token(child)
            if token.tag == "AMPM":
                half = str(token.value)
            elif token.tag == "OCLOCK":
                half = half or "clock"
        if isinstance(head, Item):
            return _clock(*_hour(head), half, first, last)
        token = _token(head)
        if token.tag == "NOON":
            return _clock(12, 0, "24", first, last)
        if token.tag == "MIDN":
            return _clock(24, 0, "24", first, last)
        if token.tag == "HCLK":
            return _item("hclock", float(str(token.value)), first, last, half)
        hour, minute = _pair(token)
        if not half and (hour > 12 or token.text[0] == "0" or hour == 0):
            half = "24"
        return _clock(hour, minute, half, first, last)

    def later(self, children: list[Any]) -> Item:
        first, last = _outer(children)
        kind = _token(children[0]).tag
        half = next((str(_token(c).value) for c in children[2:] if _token(c).tag == "AMPM"), "")
        minutes = children[1].value * 60 + {"HPAST": 30, "QPAST": 15, "QTO": -15, "HALB": -30}[kind]
        return _clock(int(minutes // 60), int(minutes % 60), half, first, last)

    def after(self, children: list[Any]) -> Item:
        first, last = _outer(children)
        tokens = [_token(child) for child in children[1:]]
        half = next((str(token.value) for token in tokens if token.tag == "AMPM"), "")
        add = next(({"HPOST": 30, "QPOST": 15, "QTOPOST": -15}[t.tag] for t in tokens if t.tag.endswith("POST")), 0)
        hour = children[0].value if isinstance(children[0], Item) else float(str(_token(children[0]).value))
        minutes = hour * 60 + add
        return _clock(int(minutes // 60), int(minutes % 60), half, first, last)

    def per(self, children: list[Any]) -> Any:
        return children[0]

    def money(self, children: list[Any]) -> Item:
        first, last = _outer(children)
        value, currency, per, cent = 0.0, "", "", False
        for child in children:
            if isinstance(child, Item):
                value = child.value
                continue
            token = _token(child)
            if token.tag in ("CUR", "CENT"):
                currency, cent = str(token.value), cent or token.tag == "CENT"
            else:
                per = {"PKWH": "kwh", "PMWH": "mwh"}.get(token.tag, "x")
        return _item("money", value / 100 if cent else value, first, last, f"{currency}/{per}{'c' if cent else ''}")

    def energy(self, children: list[Any]) -> Item:
        return _item("energy", children[0].value, *_outer(children))

    def power(self, children: list[Any]) -> Item:
        scale = 1.0 if _token(children[1]).tag == "KW" else 0.001
        return _item("power", children[0].value * scale, *_outer(children))

    def distance(self, children: list[Any]) -> Item:
        scale = 1.0 if _token(children[1]).tag == "KM" else KM_PER_MILE
        return _item("distance", children[0].value * scale, *_outer(children))

    def duration(self, children: list[Any]) -> Item:
        scale = {"HOUR": 1.0, "MINUTE": 1 / 60, "DAYDUR": 24.0}[_token(children[1]).tag]
        if isinstance(children[0], Item):
            value = children[0].value
        else:
            token = _token(children[0])
            value = 0.5 if token.tag == "HALFWORD" else float(str(token.value))
        return _item("duration", value * scale, *_outer(children), _token(children[1]).tag)

    def rate(self, children: list[Any]) -> Item:
        tags = [child.tag if isinstance(child, Item) else _token(child).tag for child in children]
        head = children[0]
        if isinstance(head, Item):
            value = head.value
        else:
            token = _token(head)
            value = 0.5 if token.tag == "HALFWORD" else float(str(token.value))
        unit = "x" if "PERX" in tags else "cycle" if "CYC" in tags else "day" if "PDAY" in tags else ""
        return _item("rate", value, *_outer(children), unit)

    def days(self, children: list[Any]) -> Item:
        tokens = [_token(child) for child in children]
        if len(tokens) == 3:
            begin, end = (min(token.value) for token in (tokens[0], tokens[2]))  # type: ignore[call-overload]
            value = frozenset((begin + step) % 7 for step in range((end - begin) % 7 + 1))
        else:
            value = tokens[0].value  # type: ignore[assignment]
        return _item("days", value, tokens[0], tokens[-1])

    def loose(self, children: list[Any]) -> Item:
        token = _token(children[0])
        return Item(token.tag, token.value, token.start, token.end, token.text)

    def span(self, children: list[Any]) -> Item:
        first, _, last = children
        return Item("span", (first, last), first.start, last.end)


def _pair(token: Token) -> tuple[int, int]:
    return token.value  # type: ignore[return-value]


def _amount(token: Token) -> float:
    return float(token.value)  # type: ignore[arg-type]


def _token(child: Any) -> Token:
    return child.value  # type: ignore[no-any-return]


def _outer(children: list[Any]) -> tuple[Any, Any]:
    ends = [child if isinstance(child, Item) else _token(child) for child in children]
    return ends[0], ends[-1]


def _item(tag: str, value: Any, first: Any, last: Any, unit: str = "") -> Item:
    return Item(tag, value, first.start, last.end, first.text, unit)


def _clock(hour: int, minute: int, half: str, first: Any, last: Any) -> Item:
    return Item("clock", (hour, minute), first.start, last.end, "", half)


def _hour(number: Item) -> tuple[int, int]:
    """The clock of a plain number: ``7``, ``7.30``, ``730`` or ``1930``."""
    text, value = number.text, number.value
    if value >= 100 and float(value).is_integer():
        return int(value // 100), int(value % 100)
    if "." in text or "," in text:
        minute = text.replace(",", ".").partition(".")[2]
        if len(minute) == 2 and int(minute) < 60:
            return int(value), int(minute)
    return (int(value), 0) if float(value).is_integer() else (99, 0)


def _parsed(run: list[Token]) -> list[Item]:
    """The items of a run; raises UnexpectedInput where the grammar has no reading of it."""
    found: Any = _parser().parse(run)
    return list(found)


@cache
def _parser() -> Lark:
    grammar = (Path(__file__).parent / "quantities.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer=_Run, transformer=_Build())


def items_of(tokens: list[Token]) -> list[Item]:
    """What matters in ``tokens``: quantities read, other words as they are tagged."""
    tokens = _joined(tokens)
    found: list[Item] = []
    run: list[Token] = []
    for token in tokens:
        if token.tag in GRAMMATICAL:
            run.append(token)
            continue
        if run:
            found.extend(_read(run))
            run = []
        found.append(Item(token.tag, token.value, token.start, token.end, token.text, "", token.mended))
    if run:
        found.extend(_read(run))
    return found


def _read(run: list[Token]) -> list[Item]:
    found: list[Item] = []
    rest = run
    while rest:
        if len(rest) == 1 and rest[0].tag in ("DAY", "DSET", "PART", "CYC", "AMPM", "PDAY"):
            token = rest[0]
            tag = "days" if token.tag in ("DAY", "DSET") else token.tag
            found.append(Item(tag, token.value, token.start, token.end, token.text))
            break
        try:
            found.extend(_parsed(rest))
            break
        except UnexpectedInput as problem:
            at = getattr(getattr(problem, "token", None), "start_pos", None)
            at = len(rest) if at is None or getattr(problem.token, "type", "") == "$END" else at  # type: ignore[attr-defined]
            stop = at if 0 < at < len(rest) else len(rest) - 1
            while stop > 0:
                try:
                    found.extend(_parsed(rest[:stop]))
                    break
                except UnexpectedInput:
                    stop -= 1
            cut = max(stop, 0)
            if cut == 0:
                token = rest[0]
                found.append(Item(token.tag, token.value, token.start, token.end, token.text))
                cut = 1
            rest = rest[cut:]
    return found


def _joined(tokens: list[Token]) -> list[Token]:
    """Ranges marked, units and clocks put together, and words between the parts of a quantity left out."""
    tokens = _merged(tokens)
    found: list[Token] = []
    between = 0
    count = len(tokens)
    for place, token in enumerate(tokens):
        tag = token.tag
        if tag == "BTW":
            between = 8
        elif tag in ("FROM",):
            between = max(between, 1)
        is_range = tag in _RANGES or (
            between > 1
            and (tag == "CONJ" and token.text in ("and", "&", "und", "et", "y", "en") or tag in ("TO", "RAND"))
        )
        between = max(0, between - 1) if tag not in ("BTW", "FROM") else between
        if is_range or False:
            before = next((each for each in reversed(found) if each.tag not in _SKIPPED), None)
            ahead = next(
                (
                    each
                    for each in tokens[place + 1 : place + 5]
                    if each.tag not in _SKIPPED and each.tag not in ("BY", "FROM")
                ),
                None,
            )
            if before is not None and ahead is not None:
                if before.tag == "DAY" and ahead.tag == "DAY" and (tag != "CONJ"):
                    _drop_skipped(found)
                    found.append(Token("DTO", None, token.text, token.start, token.end))
                    continue
                if before.tag in _ENDS and ahead.tag in _NUMERIC and _alike(before, ahead, tokens):
                    _drop_skipped(found)
                    found.append(Token("RTO", None, token.text, token.start, token.end))
                    between = 0
                    continue
        if tag in _SKIPPED and found and (found[-1].tag == "RTO" or found[-1].tag == "DTO"):
            continue
        if tag in ("BY", "FROM") and found and found[-1].tag == "RTO":
            continue
        if tag in ("CONJ", "COMMA", "RAND", "SLASH") and found and found[-1].tag in ("DAY", "DSET"):
            ahead = next(
                (each for each in tokens[place + 1 : place + 4] if each.tag not in ("FILL", "AT", "CONJ")), None
            )
            if ahead is not None and ahead.tag in ("DAY", "DSET"):
                continue
        if tag == "SLASH":
            token.tag = "COMMA"
        if tag == "RAND":
            token.tag = "CONJ"
        if tag == "DASH":
            token.tag = "COMMA" if place and place + 1 < count and tokens[place + 1].start > token.end else "WORD"
        found.append(token)
    return found


def _alike(before: Token, ahead: Token, tokens: list[Token]) -> bool:
    """Whether two quantities may be the ends of one range: ``20% to 30%``, and not ``80% to 7``."""
    if before.tag not in ("PCT", "KWH", "KM", "MILE", "FRAC", "HALFWORD", "CENT", "PKWH", "PMWH"):
        return True
    place = next(number for number, each in enumerate(tokens) if each is ahead)
    return any(each.tag == before.tag for each in tokens[place : place + 2])


def _drop_skipped(found: list[Token]) -> None:
    while found and found[-1].tag in _SKIPPED:
        found.pop()


def _merged(tokens: list[Token]) -> list[Token]:
    found: list[Token] = []
    count = len(tokens)
    place = 0
    while place < count:
        token = tokens[place]
        following = tokens[place + 1] if place + 1 < count else None
        third = tokens[place + 2] if place + 2 < count else None
        if (
            token.tag == "SLASH"
            and following is not None
            and following.tag in ("KWH", "PMWH", "KW", "PERX", "PDAY")
            or (
                token.tag == "SLASH"
                and following is not None
                and following.text in ("day", "tag", "jour", "dia", "dag", "d")
            )
        ):
            tag = {"KWH": "PKWH", "PMWH": "PMWH", "KW": "PKWH"}.get(following.tag, "PDAY")
            found.append(Token(tag, None, token.text + following.text, token.start, following.end))
            place += 2
            continue
        if token.tag == "NUM" and following is not None:
            value = _amount(token)
            if third is not None and found and found[-1].tag in ("BY", "AT") and _is_spoken(token, following, third):
                minutes = _amount(third) * 60 + (value if following.text in ("past", "after") else -value)
                clock = (int(minutes // 60), int(minutes % 60))
                found.append(Token("CLOCK", clock, "x", token.start, third.end))
                place += 3
                continue
            if following.tag == "SLASH" and third is not None and _is_fraction(token, third):
                found.append(Token("FRAC", value / _amount(third), token.text, token.start, third.end))
                place += 3
                continue
            if following.tag == "OCLOCK" and third is not None and third.tag == "NUM" and _is_minute(tokens, place + 2):
                found.append(Token("CLOCK", (int(value), int(_amount(third))), token.text, token.start, third.end))
                place += 3
                continue
            if following.tag == "NUM" and value <= 24 and value == int(value) and _is_clock_pair(tokens, place):
                minute = int(_amount(following))
                found.append(Token("CLOCK", (int(value), minute), "x", token.start, following.end))
                place += 2
                continue
        if (
            token.text in ("oh", "o")
            and found
            and found[-1].tag == "NUM"
            and following is not None
            and following.tag == "NUM"
        ):
            spoken_h, spoken_minutes = _amount(found[-1]), _amount(following)
            if spoken_h <= 12 and 1 <= spoken_minutes <= 9:
                found[-1] = Token("CLOCK", (int(spoken_h), int(spoken_minutes)), "x", found[-1].start, following.end)
                place += 2
                continue
        if (
            token.tag == "FILL"
            and found
            and found[-1].tag in ("NUM",)
            and following is not None
            and following.tag in ("PCT",)
        ):
            place += 1
            continue
        found.append(token)
        place += 1
    return found


def _is_spoken(minutes: Token, side: Token, hour: Token) -> bool:
    """Whether three tokens are a time such as ``ten to seven``."""
    spoken = not minutes.text[0].isdigit() and _amount(minutes) in (5, 10, 20, 25)
    return spoken and side.text in ("to", "past", "after", "till") and hour.tag == "NUM" and 1 <= _amount(hour) <= 12


def _is_fraction(over: Token, under: Token) -> bool:
    digits = over.text.isdigit() and under.text.isdigit()
    return digits and under.tag == "NUM" and _amount(over) < _amount(under) <= 10


def _is_minute(tokens: list[Token], place: int) -> bool:
    token = tokens[place]
    after = tokens[place + 1].tag if place + 1 < len(tokens) else ""
    minute = _amount(token)
    return (
        minute < 60
        and minute >= 5
        and minute == int(minute)
        and after not in ("PCT", "KWH", "KM", "MILE", "CENT", "CUR", "OCLOCK")
    )


def _is_clock_pair(tokens: list[Token], place: int) -> bool:
    """Whether two numbers in a row are an hour and its minutes."""
    first, second = tokens[place], tokens[place + 1]
    minute = _amount(second)
    if not (10 <= minute < 60 and minute == int(minute)):
        return False
    after = tokens[place + 2].tag if place + 2 < len(tokens) else ""
    if after in ("PCT", "KWH", "KM", "MILE", "CENT", "CUR", "HUND", "HOUR"):
        return False
    spoken = not first.text[0].isdigit() and not second.text[0].isdigit()
    return spoken or after in ("AMPM", "OCLOCK")
