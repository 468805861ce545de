"""Clauses as what they hold: bounds, windows, names, kinds, and words. The grammar is ``grammar.lark``."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import lark
import numpy as np
from lark.lexer import Lexer

from gridpact.optimization.instructions.tokens import Token
from gridpact.optimization.instructions.windows import DAY, Week, span

IGNORED = frozenset({"FILLER", "HELLO"})
PERSONAS = {"CONSERVATIVE": "conservative", "MODERATE": "moderate", "AGGRESSIVE": "aggressive"}
PRODUCTS = {"ENERGY": ("energy",), "SPIN": ("spin",), "NONSPIN": ("nonspin",), "RESERVES": ("spin", "nonspin")}
ASSETS = {"BATTERY": "battery", "VEHICLE": "vehicle", "HEAT": "heat"}
NIGHT = (22 * 60, 6 * 60)
"""What "at night" is taken for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A quantity, and whether it is a most or a least."""

    op: str | None
    """``ATMOST``, ``ATLEAST``, ``MORE``, ``LESS`` or None."""
    unit: str
    value: float
    about: bool = False


@dataclass(slots=True, kw_only=True)
class Clause:
    """What a clause holds, in no order."""

    bounds: list[Bound] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    """Windows of a day as minutes."""
    days: set[int] = field(default_factory=set)
    names: list[str] = field(default_factory=list)
    personas: list[str] = field(default_factory=list)
    products: list[str] = field(default_factory=list)
    assets: list[str] = field(default_factory=list)
    words: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)
    """Limits whose number stands elsewhere in the clause."""
    vague: bool = False

    @property
    def week(self) -> Week | None:
        """Minutes that its windows and weekdays name together; None where it names none."""
        if not self.spans and not self.days:
            return None
        days = self.days or set(range(7))
        week = np.zeros(7 * DAY, dtype=np.bool_)
        for start, end in self.spans or [(0, DAY)]:
            week |= span(days, start, end)
        return week


class _Given(Lexer):
    """Hands tokens that are there already to the parser."""

    __future_interface__ = 0

    def __init__(self, conf: Any) -> None:
        del conf

    def lex(self, data: Sequence[Token]) -> Iterator[lark.Token]:  # type: ignore[override]
        for token in data:
            yield lark.Token(token.kind, token)


@cache
def _parser() -> lark.Lark:
    grammar = (Path(__file__).parent / "grammar.lark").read_text(encoding="utf-8")
    return lark.Lark(grammar, parser="earley", lexer=_Given, ambiguity="resolve")


class NotAClauseError(Exception):
    """The tokens do not follow the grammar, or name an impossible time."""


def parse_clause(tokens: Sequence[Token]) -> Clause:
    """What ``tokens`` say.

    Raises:
        NotAClauseError: they are no clause.
    """
    kept = [token for token in tokens if token.kind not in IGNORED]
    for before, here, after in zip(kept, kept[1:], kept[2:], strict=False):
        if here.kind in ("ATMOST", "ATLEAST") and _is_quantity(before) and _is_quantity(after):
            raise NotAClauseError("the limit could belong to either number")
    if not kept:
        raise NotAClauseError("nothing is said")
    _refuse_exceptions_of_a_kind(kept)
    try:
        tree = _parser().parse(kept)
    except lark.exceptions.LarkError:
        raise NotAClauseError("no term is said in this way") from None
    clause = Clause()
    for part in tree.children:
        _add(clause, part)
    if clause.loose:
        if len(clause.loose) > 1 or len(clause.bounds) != 1 or clause.bounds[0].op is not None:
            raise NotAClauseError("it is not clear which number is the limit")
        clause.bounds = [replace(clause.bounds[0], op=clause.loose[0])]
    return clause


def _refuse_exceptions_of_a_kind(tokens: Sequence[Token]) -> None:
    """Refuse "weekdays except Friday", "before 7 except on Sundays" and "energy except spin".

    A clause holds what it names in no order, so that the exception could not be told from what it is taken from.
    """
    places = [place for place, token in enumerate(tokens) if token.kind == "EXCEPT"]
    for kinds in _EXCEPTABLE:
        named = [place for place, token in enumerate(tokens) if token.kind in kinds]
        if any(named and named[0] < place < named[-1] for place in places):
            raise NotAClauseError("an exception from the same kind of thing is not read; say each part by itself")


_EXCEPTABLE = (
    {"CLOCK", "NUM", "MIDNIGHT", "NIGHT", "DAYS"},
    {"NAME"},
    set(PERSONAS),
    set(PRODUCTS),
    set(ASSETS),
)
_HALF_DAY = re.compile(r"[ap]\.?\s?m\b|noon|midnight|^0", re.IGNORECASE)


def _is_quantity(token: Token) -> bool:
    return token.kind in ("PCT", "KW", "KWH", "PRICEQ", "USD", "NUM", "TIMES")


def _add(clause: Clause, part: Any) -> None:
    match part.data:
        case "word":
            clause.words[part.children[0].type] += 1
        case "loose":
            clause.loose.append(part.children[0].type)
        case "bounded":
            clause.bounds.append(_bound(part))
        case "days":
            for each in part.find_data("dayspan"):
                first, *last = [str(_token(day).value) for day in each.children if day.type == "DAYS"]
                clause.days |= set(map(int, first)) if not last else _from_to(first, last[0])
        case "night":
            clause.spans.append(NIGHT)
            clause.vague = True
            clause.notes.append("at night is read as 22:00 to 06:00")
        case "names":
            clause.names += [str(_token(each).value) for each in part.children if each.type == "NAME"]
        case "personas":
            clause.personas += [PERSONAS[each.children[0].type] for each in part.find_data("persona")]
        case "products":
            clause.products += [name for each in part.find_data("product") for name in PRODUCTS[each.children[0].type]]
        case "assets":
            clause.assets += [ASSETS[each.children[0].type] for each in part.find_data("asset")]
        case "windows":
            for each in part.children:
                if isinstance(each, lark.Tree):
                    _add(clause, each)
        case kind:
            times = [_token(each) for each in part.scan_values(lambda each: each.type in ("CLOCK", "NUM", "MIDNIGHT"))]
            clocks = [_minute_of(time, clause) for time in times]
            start, end = (0, clocks[0]) if kind == "before" else (clocks[0], DAY)
            if kind == "between":
                start, end = _afternoon(clocks[0] % DAY, clocks[1], times, clause), clocks[1]
            if start == end:
                raise NotAClauseError("the window has no length")
            clause.spans.append((start, end))


def _afternoon(start: int, end: int, times: Sequence[Token], clause: Clause) -> int:
    """Of "5 to 9 pm" the 5 is 17:00: a first time without its half of the day shares that of the second."""
    first, last = times[0], times[1]
    if _HALF_DAY.search(first.text) or not re.search(r"p\.?\s?m\b", last.text, re.IGNORECASE):
        return start
    if not 60 <= start < DAY // 2 or start + DAY // 2 >= end:
        return start
    start += DAY // 2
    if first.kind == "NUM":
        clause.notes.pop(0)
    clause.notes.append(f"{first.text} is read as {start // 60:02d}:{start % 60:02d}")
    return start


def _from_to(first: str, last: str) -> set[int]:
    if len(first) > 1 or len(last) > 1:
        raise NotAClauseError("from and to name single weekdays")
    start, end = int(first), int(last)
    return {(start + step) % 7 for step in range((end - start) % 7 + 1)}


def _token(given: Any) -> Token:
    found: Token = given.value
    return found


def _minute_of(token: Token, clause: Clause) -> int:
    if token.kind == "MIDNIGHT":
        return DAY
    value = float(token.value or 0)
    if token.kind == "CLOCK":
        return int(value)
    if value != int(value) or not 0 <= value <= 24:
        raise NotAClauseError(f"{token.text} is no time of day")
    if 1 <= value <= 12:
        clause.notes.append(f"{token.text} is read as {int(value):02d}:00")
    return int(value) * 60


def _bound(part: Any) -> Bound:
    op, about, quantity = None, False, None
    for each in part.children:
        if isinstance(each, lark.Token):
            about = True
        elif each.data in ("op", "post"):
            op = each.children[0].type
        else:
            quantity = _token(each.children[0])
    if quantity is None:
        raise NotAClauseError("a limit has no number")
    return Bound(op=op, unit=quantity.kind, value=float(quantity.value or 0), about=about)
