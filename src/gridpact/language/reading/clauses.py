"""Sentences cut into clauses, and which of them are wishes: not questions, hearsay, the past, or about others."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from gridpact.language.reading.quantities import Item

QUANTITIES = frozenset(
    ["share", "energy", "power", "distance", "money", "duration", "rate", "number", "clock", "hclock", "span", "days"]
)
_VALUES = QUANTITIES - {"days", "number"}
_STARTS = frozenset(
    ["KEEP", "NEG", "ALONE", "WHOLEOUT", "WANT", "SELL", "EXPORT", "POLITE", "OK", "USE", "OKNEG", "DRAIN"]
)
_IGNORED = frozenset(("FILL", "CONJ", "COMMA", "COLON", "WORD", "QUOTE"))


@dataclass(slots=True, kw_only=True)
class Clause:
    """A part of a sentence with one thing to say."""

    items: list[Item]
    sentence: int
    blocked: str = ""
    """Why nothing in it is a wish; empty: it may hold one."""
    correcting: bool = False
    dropped: bool = False
    """Whether it takes back what was said before."""
    tags: frozenset[str] = field(default=frozenset())

    def has(self, *names: str) -> bool:
        """Whether any of these tags is in the clause."""
        return not self.tags.isdisjoint(names)

    def index(self, *names: str, before: int | None = None) -> int:
        """Place of the last item with one of these tags, before a place if one is given; -1 if there is none."""
        stop = len(self.items) if before is None else before
        return next((place for place in range(stop - 1, -1, -1) if self.items[place].tag in names), -1)


def clauses_of(items: list[Item]) -> list[Clause]:
    """Clauses in the order of the text."""
    found: list[Clause] = []
    told = False
    for number, (sentence, mark) in enumerate(_sentences(items)):
        clauses = [Clause(items=part, sentence=number, tags=_tags(part)) for part in _parts(sentence)]
        _judge(clauses, mark)
        told = _still_told(clauses, told)
        found.extend(clauses)
    return found


def _still_told(clauses: list[Clause], told: bool) -> bool:
    """Block what follows an instruction to the program until the owner speaks again; whether it still lasts."""
    if any(clause.blocked == "instruction" for clause in clauses):
        return True
    if not told or any(clause.has("FIRST", "KEEP", "WANT", "NEG", "ALONE") for clause in clauses):
        return False
    for clause in clauses:
        clause.blocked = clause.blocked or "instruction"
    return True


def _tags(part: list[Item]) -> frozenset[str]:
    tags = {each.tag for each in part}
    return frozenset(tags | {"ALONE"}) if "WHOLEOUT" in tags else frozenset(tags)


def _sentences(items: list[Item]) -> Iterator[tuple[list[Item], str]]:
    sentence: list[Item] = []
    for item in items:
        if item.tag == "STOP":
            if sentence:
                yield sentence, str(item.value)
            sentence = []
        else:
            sentence.append(item)
    if sentence:
        yield sentence, ""


def _parts(sentence: list[Item]) -> Iterator[list[Item]]:
    part: list[Item] = []
    has_value = has_verb = False
    for place, item in enumerate(sentence):
        tag = item.tag
        if tag in ("CONJ", "COMMA", "COLON", "CORR", "UNLESS", "IF", "DROPPED"):
            if tag in ("COMMA", "CONJ") and part and _only_days(sentence, place + 1):
                part.append(item)
                continue
            if _holds_on(part, tag, sentence[place + 1 : place + 7]):
                part.append(item)
                continue
            if part and not _only_words(part):
                yield part
                part, has_value, has_verb = [], False, False
            part.append(item)
            continue
        following = sentence[place + 1].tag if place + 1 < len(sentence) else ""
        if has_value and part and place + 1 < len(sentence):
            fresh = (
                (
                    tag in _STARTS
                    and part[-1].tag not in ("CONJ", "TO", "NEG", "FIRST", "WANT", "OK", "FROM", "BY", "KEEP", "PRICE")
                )
                or (
                    tag in ("BATT", "CAR")
                    and following
                    in (
                        "WANT",
                        "READY",
                        "KEEP",
                        "NEG",
                        "ALONE",
                        "GE",
                        "FULL",
                        "COLON",
                        "share",
                        "clock",
                        "TO",
                        "AT",
                        "BY",
                    )
                    and part[-1].tag not in ("FILL", "FIRST", "FROM", "KEEP")
                )
                or (tag == "FIRST" and following in ("WANT", "NEG", "DEPART", "LEAVE", "OK", "ALONE"))
                or (
                    tag == "FIRST"
                    and following == "CAR"
                    and part[-1].tag == "share"
                    and any(each.tag == "BATT" for each in part)
                )
            )
            if fresh and (has_verb or tag in ("FIRST", "BATT", "CAR", "NEG", "ALONE")) and _splits(part, tag):
                moved: list[Item] = []
                while part and part[-1].tag == "FILL":
                    moved.insert(0, part.pop())
                if part:
                    yield part
                part, has_value, has_verb = moved, False, False
        part.append(item)
        has_value = has_value or tag in _VALUES
        has_verb = has_verb or tag in _STARTS or tag in ("READY", "DEPART", "FULL")
    if part:
        yield part


def _only_days(sentence: list[Item], place: int) -> bool:
    """Whether nothing but days stands from here to the next comma."""
    said = False
    for item in sentence[place:]:
        if item.tag in ("COMMA", "CONJ", "COLON"):
            break
        if item.tag == "days":
            said = True
        elif item.tag not in ("FILL", "EXCEPT", "AT") and not (
            item.tag == "WORD" and item.text in ("on", "only", "am", "le", "los", "op")
        ):
            return False
    return said


def _holds_on(part: list[Item], tag: str, ahead: list[Item]) -> bool:
    """Whether a clause goes on after a comma, a colon or an ``if``."""
    said = [each for each in part if each.tag not in _IGNORED]
    if tag == "COLON":
        return bool(said) and len(said) <= 4 and not any(each.tag in _VALUES for each in said)
    if tag == "COMMA":
        return len(said) > 1 and said[-1].tag == "NEG"
    if tag == "IF":
        return (
            bool(said)
            and any(each.tag == "OUTAGE" for each in ahead)
            and not any(each.tag == "STORM" for each in ahead)
        )
    return False


def _splits(part: list[Item], tag: str) -> bool:
    """Whether a clause that has its value ends before ``tag``; a time may come before what it is about."""
    last = next((each for each in reversed(part) if each.tag in QUANTITIES), None)
    if last is not None and last.tag in ("span", "days", "clock") and not any(each.tag in _STARTS for each in part):
        return False
    return not (
        tag in ("USE", "DRAIN", "SELL", "EXPORT", "OK") and part[-1].tag in ("WORD", "IT", "CAR", "BATT", "FIRST")
    )


def _only_words(part: list[Item]) -> bool:
    return all(each.tag in _IGNORED for each in part)


def _first(clause: Clause) -> str:
    return next((each.tag for each in clause.items if each.tag not in _IGNORED), "")


def _judge(clauses: list[Clause], mark: str) -> None:
    """Say which clauses of a sentence are no wishes; what blocks one lasts until a new subject speaks."""
    blocked, quoting = "", False
    asks = False
    for number, clause in enumerate(clauses):
        first, tags = _first(clause), clause.tags
        before = clauses[number - 1] if number else None
        clause.correcting = "CORR" in tags or (
            before is not None
            and (before.correcting or number > 1 and _bare_no(before))
            and not any(each.tag in QUANTITIES for each in before.items)
        )
        clause.dropped = "DROPPED" in tags
        lead = next((each for each in clause.items if each.tag not in ("COMMA", "FILL")), None)
        head = "" if lead is None else lead.tag
        resets = head == "CONJ" and first in (
            "FIRST",
            "KEEP",
            "NEG",
            "ALONE",
            "WANT",
            "POLITE",
            "OK",
            "SELL",
            "CORR",
            "OKNEG",
        )
        resets = resets or first in ("POLITE", "CORR") or head == "CORR"
        resets = resets or (
            first in ("FIRST", "KEEP", "ALONE", "NEG", "WANT")
            and number > 0
            and blocked in ("hearsay", "past", "hypothetical")
        )
        mine = clause.has("WANT") and not tags & {"SAY", "THIRD", "HE"} and blocked == "hearsay"
        resets = resets or mine and head == "CONJ" and lead is not None and lead.text in _BUT
        resets = resets or blocked == "past" and clause.has("WANT") and "PAST" not in tags
        if clause.items and clause.items[0].text in ("otherwise", "sonst", "sinon", "anders"):
            resets = True
        if resets and blocked != "instruction":
            blocked = ""
        quotes = sum(each.tag == "QUOTE" for each in clause.items)
        reason = _reason(clause, first, quoted=quoting or quotes > 0)
        if quotes % 2:
            quoting = not quoting
        if reason == "question" and "POLITE" in tags:
            reason = ""
        asks = asks or reason == "question"
        blocked = reason or blocked
        clause.blocked = blocked
    if mark == "?" and not asks and clauses:
        polite = any("POLITE" in clause.tags for clause in clauses)
        wishing = any(
            _first(clause) in ("KEEP", "WANT", "ALONE", "NEG", "SELL")
            or "WANT" in clause.tags
            and "FIRST" in clause.tags
            for clause in clauses
        )
        if not polite and not wishing:
            for clause in clauses:
                clause.blocked = clause.blocked or "question"
    conditional = next((number for number, clause in enumerate(clauses) if clause.blocked == "condition"), None)
    if conditional is not None and conditional > 0 and clauses[conditional].items[0].tag == "IF":
        before = clauses[conditional - 1]
        if not before.blocked and any(
            each.tag in QUANTITIES or each.tag in ("FULL", "ALLOFIT") for each in before.items
        ):
            before.blocked = "condition"


def _bare_no(clause: Clause) -> bool:
    said = [each.text for each in clause.items if each.tag not in _IGNORED]
    return len(said) == 1 and said[0] in ("no", "nein", "non", "nee", "nope", "not")


def _reason(clause: Clause, first: str, *, quoted: bool) -> str:
    tags = clause.tags
    if "INJECT" in tags:
        return "instruction"
    if "OTHERS" in tags:
        return "others"
    if "DROPPED" in tags:
        return "taken back"
    if "IF" in tags and not _is_purpose(clause):
        return "condition"
    if "QWORD" in tags and (first == "QWORD" or _starts_asking(clause)):
        return "question"
    if "DUNNO" in tags:
        return "undecided"
    if (
        "THIRD" in tags
        and "EXCEPT" not in tags
        or (tags & {"SAY"} and (tags & {"HE", "THIRD"} or quoted or first == "SAY"))
    ):
        third = clause.index("THIRD")
        mine = next((n for n, each in enumerate(clause.items) if each.tag == "FIRST" and each.text not in _OWNING), -1)
        needs = next((n for n, each in enumerate(clause.items) if each.tag in ("WANT", "DEPART") and n > third), -1)
        if (
            0 <= third < needs
            and "SAY" not in tags
            and any(each.tag in ("FIRST", "CAR") for each in clause.items[needs:])
        ):
            return ""
        if "SAY" in tags or "HE" in tags or not (0 <= mine < third) or first == "THIRD":
            return "hearsay"
    if "SAY" in tags and clause.has("FIRST") and clause.index("SAY") > clause.index("FIRST") and not clause.has("NEG"):
        verb = next(each.text for each in clause.items if each.tag == "SAY")
        if verb not in ("say", "said"):
            return "hearsay"
    if quoted and ("SAY" in tags or "THIRD" in tags):
        return "hearsay"
    if "HYPO" in tags and not (clause.has("IF") and clause.has("OUTAGE") and clause.index("HYPO") > clause.index("IF")):
        return "hypothetical"
    if "PAST" in tags:
        return "past"
    return ""


_OWNING = frozenset(
    [
        "my",
        "our",
        "mine",
        "mein",
        "meine",
        "meinen",
        "unser",
        "unsere",
        "mon",
        "ma",
        "mes",
        "notre",
        "mi",
        "mis",
        "nuestro",
        "mijn",
        "onze",
    ]
)
_BUT = ("but", "aber", "mais", "pero", "maar", "yet", "however")
_ASKING = frozenset(("wondering", "curious", "tell me", "explain", "what if", "how much", "how many", "wieviel"))


def _starts_asking(clause: Clause) -> bool:
    first = next(place for place, each in enumerate(clause.items) if each.tag == "QWORD")
    wishing = next(
        (n for n, each in enumerate(clause.items) if each.tag in ("KEEP", "WANT", "ALONE", "NEG", "SELL")), -1
    )
    return clause.items[first].text in _ASKING and not (0 <= wishing < first)


def _is_purpose(clause: Clause) -> bool:
    """Whether an ``if`` says what a reserve is for, or at what price to sell, rather than when a wish holds."""
    if clause.has("OUTAGE") and not clause.has("STORM"):
        return True
    if clause.has("money", "PRICE"):
        return True
    words = {each.text for each in clause.items}
    if words & {"only if", "only when", "provided", "as long as"}:
        return True
    return clause.has("OK") and not clause.has("share", "money", "span", "clock")
