"""The deterministic reader: an operator's sentences to terms of `ProblemSpec`, and what was not understood.

A clause becomes terms only where every one of its words is accounted for; whatever is left over is reported, never
guessed. The same text and fleet give the same reading.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gridpact.errors import InputError
from gridpact.optimization.instructions.clauses import Found, meaning
from gridpact.optimization.instructions.parse import IGNORED, NotAClauseError, parse_clause
from gridpact.optimization.instructions.tokens import MOST_LETTERS, MOST_TOKENS, Token, Vocabulary, tokens_of
from gridpact.optimization.spec import ProblemSpec
from gridpact.optimization.stricter import stricter_value

MOST_JOINTS = 12
"""Most commas and ands of one sentence between which clauses are looked for."""
MOST_CLAUSE = 60
"""Most tokens of one clause."""
_SENTENCE = re.compile(r"[;!?\n]+|(?<!\bmax)(?<!\bmin)(?<!\bca)(?<!approx)\.(?=\s|$)|…", re.IGNORECASE)
BY_WORDS = "words"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTerm:
    """A term that was read, and where."""

    name: str
    value: Any
    start: int
    """Where its evidence begins in the text."""
    end: int
    evidence: str
    confidence: float
    """1 as stated, 0.8 where something usual is implied, 0.7 for "about", 0.5 for a default level."""
    vague: bool = False
    """Whether the value is a documented default and not the operator's."""
    notes: tuple[str, ...] = ()
    by: str = BY_WORDS
    """``words`` for the deterministic reader, or the model's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A piece of text that no term came of."""

    start: int
    end: int
    text: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What an instruction says."""

    text: str
    terms: tuple[ReadTerm, ...]
    """In the order of the text; several may be of one name."""
    not_understood: tuple[Unread, ...]
    conflicts: tuple[str, ...]
    """Terms that cannot all be kept, in words; the text then gives no spec."""

    @property
    def values(self) -> dict[str, Any]:
        """Terms as plain values: of two of one name the stricter.

        Raises:
            InputError: the text contradicts itself.
        """
        if self.conflicts:
            raise InputError(f"the instruction contradicts itself: {'; '.join(self.conflicts)}")
        return _together(self.terms)

    def spec(self) -> ProblemSpec:
        """The terms, checked.

        Raises:
            InputError: the text contradicts itself.
        """
        return ProblemSpec.from_mapping(self.values, source="the instruction")

    def with_terms(self, terms: tuple[ReadTerm, ...], *, not_understood: tuple[Unread, ...]) -> "Reading":
        """The same text read otherwise."""
        return replace(self, terms=terms, not_understood=not_understood, conflicts=conflicts_of(terms))


def read_instruction(text: str, *, homes: Collection[str] = ()) -> Reading:
    """Read an operator's ``text``.

    Args:
        text: in plain words.
        homes: ids that it may name; others are not understood.

    Raises:
        InputError: the text is longer than is read.
    """
    if len(text) > MOST_LETTERS:
        raise InputError(f"the instruction has {len(text):,} letters; write at most {MOST_LETTERS:,}")
    tokens = tokens_of(text, Vocabulary.of(homes))
    if len(tokens) >= MOST_TOKENS:
        raise InputError(f"the instruction has more than {MOST_TOKENS} words and numbers; write less")
    terms: list[ReadTerm] = []
    unread: list[Unread] = []
    for sentence, asks in _sentences(text, tokens):
        _read_sentence(text, sentence, asks=asks, terms=terms, unread=unread)
    found = tuple(_checked(terms, unread))
    return Reading(text=text, terms=found, not_understood=tuple(unread), conflicts=conflicts_of(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeterministicReader:
    """An `InstructionReader` by grammar."""

    homes: tuple[str, ...] = ()

    def read(self, instruction: str) -> Mapping[str, Any]:
        """Terms as plain values.

        Raises:
            InputError: something was not understood, or contradicts itself.
        """
        reading = read_instruction(instruction, homes=self.homes)
        refuse_unread(reading)
        return reading.values


def refuse_unread(reading: Reading) -> None:
    """Raise InputError that lists what was not understood, if anything was."""
    if reading.not_understood:
        listed = "; ".join(f"{each.text!r} ({each.why})" for each in reading.not_understood)
        raise InputError(f"not understood: {listed}")


def conflicts_of(terms: Collection[ReadTerm]) -> tuple[str, ...]:
    """What contradicts itself in ``terms``, in words."""
    try:
        ProblemSpec.from_mapping(_together(terms), source="the instruction")
    except InputError as problem:
        return (str(problem).removeprefix("the instruction: "),)
    return ()


def _together(terms: Collection[ReadTerm]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for term in terms:
        values[term.name] = (
            stricter_value(term.name, values[term.name], term.value) if term.name in values else term.value
        )
    return values


def _checked(terms: list[ReadTerm], unread: list[Unread]) -> list[ReadTerm]:
    """Terms whose values the spec takes; the others were not understood."""
    good = []
    for term in terms:
        try:
            ProblemSpec.from_mapping({term.name: term.value})
        except InputError as problem:
            why = str(problem).removeprefix("problem spec: ")
            unread.append(Unread(start=term.start, end=term.end, text=term.evidence, why=why))
        else:
            good.append(term)
    return good


def _sentences(text: str, tokens: list[Token]) -> list[tuple[list[Token], bool]]:
    """Tokens between full stops and the like, and whether the sentence asks something."""
    ends = [match for match in _SENTENCE.finditer(text) if not any(t.start < match.start() < t.end - 1 for t in tokens)]
    marks = {place for match in ends for place in range(match.start(), match.end())}
    found: list[tuple[list[Token], bool]] = []
    bounds = [*((match.start(), "?" in match[0]) for match in ends), (len(text) + 1, False)]
    rest = [token for token in tokens if not all(place in marks for place in range(token.start, token.end))]
    for end, asks in bounds:
        sentence = [token for token in rest if token.start < end]
        rest = rest[len(sentence) :]
        if sentence:
            found.append((sentence, asks))
    return found


def _read_sentence(text: str, tokens: list[Token], *, asks: bool, terms: list[ReadTerm], unread: list[Unread]) -> None:
    if all(token.kind == "HELLO" or token.kind == "AND" for token in tokens):
        return
    if asks:
        unread.append(_unread(text, tokens, "a question states no term"))
        return
    joints = [place for place, token in enumerate(tokens) if token.kind == "AND"]
    if len(joints) > MOST_JOINTS or len(tokens) > MOST_CLAUSE * 4:
        unread.append(_unread(text, tokens, "too long a sentence; write one wish in each"))
        return
    edges = [0, *(place + 1 for place in joints), len(tokens) + 1]
    # Best reading of what comes before each edge: fewest words left over, then fewest clauses.
    best: list[tuple[int, int, list[tuple[list[Token], list[Found], str]]]] = [(0, 0, [])]
    for stop in range(1, len(edges)):
        options = []
        for first in range(stop):
            piece = tokens[edges[first] : edges[stop] - 1]
            left, clauses, before = best[first]
            found, why = _read_clause(piece)
            lost = 0 if found or _idle(piece) else len(piece)
            options.append((left + lost, clauses + 1, [*before, (piece, found, why)]))
        best.append(min(options, key=lambda each: each[:2]))
    about_devices = False
    for piece, found, why in best[-1][2]:
        names = {each.name for each in found}
        if about_devices and names == {"operating_windows"} and all(token.kind != "BID" for token in piece):
            # "Batteries not before 7 and not after 22": the second half may still speak of batteries.
            unread.append(_unread(text, piece, "it is not clear whether it is about selling or devices"))
            continue
        about_devices = about_devices or "exclude_assets" in names
        for each in found:
            start, end = piece[0].start, piece[-1].end
            terms.append(
                ReadTerm(
                    name=each.name,
                    value=each.value,
                    start=start,
                    end=end,
                    evidence=text[start:end],
                    confidence=each.confidence,
                    vague=each.vague,
                    notes=each.notes,
                )
            )
        if not found and not _idle(piece):
            unread.append(_unread(text, piece, why))


def _idle(tokens: list[Token]) -> bool:
    """Whether a piece holds greetings only."""
    return all(token.kind in ("HELLO", "AND") for token in tokens)


def _read_clause(tokens: list[Token]) -> tuple[list[Found], str]:
    while tokens and tokens[0].kind == "HELLO":
        tokens = tokens[1:]
    if not tokens or len(tokens) > MOST_CLAUSE:
        return [], "nothing is said" if not tokens else "too long a clause"
    strange = [token for token in tokens if token.kind in ("UNKNOWN", "STRANGER", "EURO", "UNKNOWABLE")]
    if strange:
        return [], _why_strange(strange)
    if all(token.kind in IGNORED for token in tokens):
        return [], "it states no term"
    try:
        found = meaning(parse_clause(tokens))
    except NotAClauseError as problem:
        return [], str(problem)
    return found, "no term is said in this way" if not found else ""


def _why_strange(tokens: list[Token]) -> str:
    for token in tokens:
        if token.kind == "STRANGER":
            return f"the fleet has no home {token.value!r}" + (f"; {token.note}" if token.note else "")
        if token.kind == "EURO":
            return "terms are in US dollars, and no rate of exchange is assumed"
    words = ", ".join(repr(token.text) for token in tokens[:4])
    hint = next((token.note for token in tokens if token.note), "")
    return f"{words} {'is' if len(tokens) == 1 else 'are'} not among the words that are read" + (
        f"; {hint}" if hint else ""
    )


def _unread(text: str, tokens: list[Token], why: str) -> Unread:
    start, end = tokens[0].start, tokens[-1].end
    return Unread(start=start, end=end, text=text[start:end], why=why)
