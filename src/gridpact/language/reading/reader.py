"""The deterministic reader: an owner's text, and what is known of the home, become wishes."""

from gridpact.language.reading.clauses import Clause, clauses_of
from gridpact.language.reading.meaning import Reading
from gridpact.language.reading.plain import MOST_CHARACTERS, PlainText, make_plain
from gridpact.language.reading.quantities import items_of
from gridpact.language.reading.speech import Context, Found
from gridpact.language.reading.tokens import tokenise
from gridpact.language.reading.wishes import Evidence, HomeFacts, Note, Wish, Wishes, problem_with, stricter

READER_VERSION = "2"
"""Changes with what is read of the same text."""
_PERMISSIONS = ("export_allowed", "vehicle_discharge_allowed")
_WHY = {
    "question": "is a question",
    "hearsay": "is what somebody else says or does",
    "past": "is how it was",
    "hypothetical": "is not decided",
    "undecided": "is not decided",
    "condition": "holds only under a condition that nobody can check",
    "others": "is about other homes",
    "instruction": "is not a wish of this owner",
    "taken back": "was taken back",
}


def read_text(text: str, facts: HomeFacts | None = None) -> Wishes:
    """What ``text`` asks for; never raises, whatever the text holds, and sets nothing that it does not say.

    Args:
        text: an owner's own words, in English, German, French, Spanish or Dutch.
        facts: what is known of the home.

    Returns:
        Values with their evidence as places in ``text``. Where a text contradicts itself the stricter value stands,
        with less confidence.
    """
    plain = make_plain(text)
    tokens, language = tokenise(plain.text)
    context = Context(facts=facts or HomeFacts(), language=language)
    for clause in clauses_of(items_of(tokens)):
        if clause.dropped and context.found:
            last = context.found[-1].sentence
            context.found = [each for each in context.found if each.sentence != last]
        if clause.blocked:
            quantity = next((item for item in clause.items if item.tag.islower()), None)
            if quantity is not None and clause.blocked in _WHY:
                context.notes.append((_WHY[clause.blocked], quantity.start, quantity.end))
            continue
        before = len(context.found)
        Reading(clause, context).read()
        if len(context.found) == before and _refuses(clause):
            _take_back_permissions(context, clause.sentence)
    return _wishes(text, plain, context)


def _refuses(clause: Clause) -> bool:
    """Whether a clause says no to something that it does not name."""
    return clause.has("NEG", "DROPPED") and not clause.has("OKNEG")


def _take_back_permissions(context: Context, sentence: int) -> None:
    """Drop what this sentence or the one before permits: "you may export ... no, you may not"."""
    context.found = [
        each
        for each in context.found
        if not (each.name in _PERMISSIONS and each.value is True and each.sentence >= sentence - 2)
    ]


def _wishes(text: str, plain: PlainText, context: Context) -> Wishes:
    found: dict[str, Wish] = {}
    for each in context.found:
        if problem_with(each.name, each.value):
            continue
        wish = _wish(text, plain, each)
        known = found.get(each.name)
        if known is None or each.correcting and known.value != wish.value:
            found[each.name] = wish
        elif known.value == wish.value:
            found[each.name] = wish if wish.confidence > known.confidence else known
        else:
            found[each.name] = _both(each.name, known, wish)
    notes = [
        Note(what=what, start=plain.place(start), end=plain.place(end, end=True)) for what, start, end in context.notes
    ]
    if plain.cut:
        notes.append(
            Note(
                what=f"comes after {MOST_CHARACTERS} characters and was not read", start=MOST_CHARACTERS, end=len(text)
            )
        )
    if plain.hidden or plain.cut:
        found = {name: _less_sure(wish) for name, wish in found.items()}
    return Wishes(found=found, notes=tuple(notes), language=context.language).ordered()


def _wish(text: str, plain: PlainText, each: Found) -> Wish:
    start, end = plain.place(each.start), plain.place(each.end, end=True)
    return Wish(
        value=each.value, evidence=Evidence(start=start, end=end, words=text[start:end]), confidence=each.confidence
    )


def _both(name: str, one: Wish, other: Wish) -> Wish:
    """Two different values of a field: the stricter, or all windows."""
    value = stricter(name, one.value, other.value)
    if name == "blackout":
        start, end = min(one.evidence.start, other.evidence.start), max(one.evidence.end, other.evidence.end)
        confidence = min(one.confidence, other.confidence)
        return Wish(value=value, evidence=Evidence(start=start, end=end), confidence=confidence)
    kept = one if value == one.value else other
    return Wish(value=value, evidence=kept.evidence, confidence=min(0.5, one.confidence, other.confidence))


def _less_sure(wish: Wish) -> Wish:
    return Wish(value=wish.value, evidence=wish.evidence, confidence=round(wish.confidence / 2, 2))
