"""A clause in its context: who and what is talked about, and how a quantity in it is compared."""

from dataclasses import dataclass, field

from gridpact.language.reading.clauses import Clause
from gridpact.language.reading.quantities import Item
from gridpact.language.reading.wishes import HomeFacts, Value


@dataclass(slots=True, kw_only=True)
class Found:
    """A value, where it was said, and how sure it is."""

    name: str
    value: Value
    start: int
    end: int
    confidence: float
    correcting: bool
    sentence: int


@dataclass(slots=True, kw_only=True)
class Context:
    """What earlier clauses leave open: who ``it`` is, and what was being said."""

    facts: HomeFacts
    language: str
    asset: str = ""
    mode: str = ""
    """``alone``, ``keep``, ``draw``, ``sell``, ``ready`` or empty: the last clause's verb."""
    sentence: int = -1
    days: frozenset[int] | None = None
    last: str = ""
    """Field of the last quantity."""
    found: list[Found] = field(default_factory=list)
    notes: list[tuple[str, int, int]] = field(default_factory=list)
    pending: list[tuple[list[tuple[int, int]], Item, frozenset[int] | None]] = field(default_factory=list)
    """Windows of this sentence of which nothing was said yet."""


class Speech:
    """One clause, and what earlier ones leave open."""

    def __init__(self, clause: Clause, context: Context) -> None:
        """Look at a clause."""
        self.clause = clause
        self.context = context
        self.same = clause.sentence == context.sentence
        self.items = clause.items
        new_sentence = clause.sentence != context.sentence
        if new_sentence:
            context.days = None
            context.mode = ""
            if not clause.has("THENTIME"):
                context.pending.clear()
        context.sentence = clause.sentence
        self.assets = [item.tag for item in self.items if item.tag in ("BATT", "CAR")]
        if self.assets:
            self.asset = self.assets[0]
        elif clause.has("HOME", "HEAT", "SOLAR") and not clause.has("IT"):
            self.asset = ""
        elif clause.has("IT") or not new_sentence:
            self.asset = context.asset
        else:
            self.asset = ""
        self.mode = self._mode()
        self._order = {id(item): place for place, item in enumerate(self.items)}

    def _mode(self) -> str:
        has = self.clause.has
        if has("OKNEG"):
            return ""
        if has("READY", "DEPART", "FULL") and not has("DRAIN", "SELL") and not (has("ALONE") and not has("CAR")):
            return "ready"
        if has("ALONE"):
            return "alone"
        if has("NEG") and has("USE", "DRAIN", "SELL", "EXPORT"):
            return "alone"
        if has("SELL") or has("EXPORT") and has("money"):
            return "sell"
        if has("KEEP", "OUTAGE"):
            return "keep"
        if has("USE", "DRAIN", "EXPORT"):
            return "draw"
        if has("NEG") and has("CYC"):
            return "alone"
        if has("NEG") and has("span") and not has("share", "money"):
            return "alone"
        if has("WANT", "BATT", "CAR", "FIRST", "OK") and not (
            self.clause.items and self.clause.items[0].tag in ("CONJ", "COMMA") and not has("BATT", "CAR")
        ):
            return ""
        return self.context.mode

    def add(self, name: str, value: Value, item: Item, confidence: float) -> None:
        """A value of a field, said by ``item``; the evidence begins at the cue before it."""
        start, end = self._extent(item)
        confidence -= 0.15 * any(each.mended for each in self.items)
        self.context.found.append(
            Found(
                name=name,
                value=value,
                start=start,
                end=end,
                confidence=round(max(0.05, min(1.0, confidence)), 2),
                correcting=self.clause.correcting,
                sentence=self.clause.sentence,
            )
        )
        self.context.last = name

    def note(self, what: str, item: Item) -> None:
        """Something that was not made a wish."""
        self.context.notes.append((what, item.start, item.end))

    def _extent(self, item: Item) -> tuple[int, int]:
        words = [each for each in self.items if each.tag not in ("CONJ", "COMMA", "COLON", "FILL", "QUOTE")]
        first = min([item.start, *(each.start for each in words)])
        last = max([item.end, *(each.end for each in words)])
        return (first, last) if last - first <= 160 else (item.start, item.end)

    def _remember(self) -> None:
        if self.assets:
            self.context.asset = self.assets[-1]
        elif self.clause.has("SOLAR", "HEAT"):
            self.context.asset = ""
        if self.mode:
            self.context.mode = self.mode
        days = self._own_days()
        if days is not None and not self.clause.has("share", "span", "clock", "money"):
            self.context.days = days

    # -- helpers -----------------------------------------------------------------------------------------------------

    def _place(self, item: Item) -> int:
        return self._order[id(item)]

    def _item(self, *tags: str) -> Item:
        return next(item for item in self.items if item.tag in tags)

    def _near(self, item: Item, *tags: str, back: int = 4, ahead: int = 3) -> bool:
        place = self._place(item)
        around = self.items[max(0, place - back) : place] + self.items[place + 1 : place + 1 + ahead]
        return any(each.tag in tags for each in around)

    def _before(self, item: Item, *tags: str, back: int = 99) -> Item | None:
        place = self._place(item)
        near = self.items[max(0, place - back) : place]
        return next((each for each in reversed(near) if each.tag in tags), None)

    def _compared(self, item: Item) -> str:
        """The comparison that governs a quantity: GE, LE, BELOW, ABOVE, DOWNTO, LASTPART, TOPPART or none."""
        place = self._place(item)
        names = ("GE", "LE", "BELOW", "ABOVE", "DOWNTO", "LASTPART", "TOPPART", "REST")
        for back in range(1, 5):
            if place - back < 0 or self.items[place - back].tag in (
                "share",
                "money",
                "energy",
                "clock",
                "span",
                "rate",
            ):
                break
            near = self.items[place - back]
            if near.tag == "REST" and ("above" in near.text or "over" in near.text):
                return "ABOVE"
            if near.tag in names:
                return near.tag
        for ahead in range(1, 4):
            if place + ahead >= len(self.items) or self.items[place + ahead].tag in ("share", "money", "clock", "span"):
                break
            tag = self.items[place + ahead].tag
            if tag in ("GE", "LE") or tag in ("BELOW", "ABOVE") and ahead == 1:
                return tag
        return ""

    def _subject(self, item: Item) -> str:
        """Whose quantity it is: BATT, CAR or empty."""
        place = self._place(item)
        before = next((each.tag for each in reversed(self.items[:place]) if each.tag in ("BATT", "CAR")), "")
        if before:
            return before
        after = next((each.tag for each in self.items[place + 1 :] if each.tag in ("BATT", "CAR")), "")
        return after or self.asset

    def _negated(self, item: Item) -> bool:
        return self._before(item, "NEG", "ALONE") is not None

    def _own_days(self) -> frozenset[int] | None:
        found: set[int] = set()
        said = False
        taken: set[int] = set()
        excepted = False
        for item in self.items:
            if item.tag == "EXCEPT":
                excepted = True
            elif item.tag == "days":
                said = True
                (taken if excepted else found).update(item.value)
        if not said:
            return None
        return frozenset((found or set(range(7))) - taken)

    def _days(self) -> frozenset[int] | None:
        own = self._own_days()
        return own if own is not None else self.context.days
