"""What a clause asks for: quantities and words of one clause become values of fields."""

from dataclasses import dataclass, field

from gridpact.language.reading.clauses import Clause
from gridpact.language.reading.quantities import Item
from gridpact.language.reading.times import all_day, clock_text, clocks_of, windows_of
from gridpact.language.reading.wishes import HomeFacts, Value

_SHARES = frozenset(("backup_soc_fraction", "maximum_discharge_fraction", "vehicle_required_soc_fraction"))


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


class Reading:
    """Reads one clause with what the earlier ones left open."""

    def __init__(self, clause: Clause, context: Context) -> None:
        """Look at a clause."""
        self.clause = clause
        self.context = context
        self.items = clause.items
        new_sentence = clause.sentence != context.sentence
        if new_sentence:
            context.days = None
            context.mode = ""
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
        self.fit: list[str] = []

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

    def read(self) -> None:
        """Everything that the clause asks for."""
        self._order = {id(item): place for place, item in enumerate(self.items)}
        if self.clause.has("OKNEG") and not self.clause.has("ALONE", "GE"):
            if self.clause.has("EXPORT"):
                self.add("export_allowed", True, self._item("EXPORT"), 0.7)
            self._remember()
            return
        before = len(self.context.found)
        for item in self.items:
            match item.tag:
                case "share" | "energy":
                    self._stored(item)
                case "money":
                    self._money(item)
                case "rate":
                    self._rate(item)
                case "duration":
                    self._duration(item)
                case "power":
                    self._power(item)
                case "distance":
                    self._distance(item)
                case "clock" | "hclock":
                    self._clock(item)
                case "span":
                    self._span(item)
                case "number":
                    self._number(item)
                case _:
                    pass
        self._words(quiet=len(self.context.found) > before)
        self._remember()

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
        names = ("GE", "LE", "BELOW", "ABOVE", "DOWNTO", "LASTPART", "TOPPART")
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
            if self.items[place - back].tag in names:
                return self.items[place - back].tag
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

    # -- quantities --------------------------------------------------------------------------------------------------

    def _stored(self, item: Item) -> None:
        """A share or an energy of the battery or of the car."""
        clause, subject = self.clause, self._subject(item)
        timed = clause.has("clock", "hclock") and not clause.has("span")
        if not subject:
            ready = clause.has("READY", "DEPART") or self.mode == "ready" or clause.has("FULL")
            subject = "CAR" if (ready or timed and clause.has("BY")) and not clause.has("OUTAGE", "DRAIN") else "BATT"
        if clause.has("OUTAGE") and "CAR" not in self.assets and not clause.has("DEPART"):
            subject = "BATT"
        share = self._as_share(item, subject)
        if share is None:
            return
        if not 0 <= share <= 1:
            self.note("is more than the whole", item)
            return
        if (
            clause.correcting
            and not self.assets
            and self.context.last in _SHARES
            and item.tag == "share"
            and not clause.has("KEEP", "GE", "BELOW", "LE")
        ):
            self.add(self.context.last, round(share, 6), item, 0.85)
            return
        if clause.has("PAYS") or clause.has("STATE") and not clause.has("WANT", "GE", "KEEP", "NEG", "LE", "BELOW"):
            self.note("says how it is, not what is wanted", item)
            return
        if subject == "CAR":
            self._for_car(item, share)
        else:
            self._for_battery(item, share)

    def _as_share(self, item: Item, subject: str) -> float | None:
        if item.tag == "share":
            return float(item.value)
        capacity = self.context.facts.vehicle_kwh if subject == "CAR" else self.context.facts.battery_kwh
        if capacity is None or capacity <= 0:
            if subject == "CAR":
                self.add("vehicle_required_kwh", float(item.value), item, 0.8)
            elif (
                self._compared(item) != "LE"
                and not self.clause.has("DRAIN", "USE", "SELL")
                or self._compared(item) == "GE"
            ):
                self.add("backup_kwh", float(item.value), item, 0.8)
            else:
                self.note("is an energy, and the battery's size is not known", item)
            return None
        return min(1.0, float(item.value) / capacity)

    def _for_car(self, item: Item, share: float) -> None:
        compared, clause = self._compared(item), self.clause
        if compared == "LE" or compared == "ABOVE" and self._negated(item):
            self.note("is a most for the car's charge, which the fleet's table cannot hold", item)
            return
        if (
            compared in ("TOPPART",)
            or clause.has("USE", "DRAIN", "V2G")
            and compared not in ("BELOW", "GE", "DOWNTO", "LASTPART")
            and not clause.has("READY", "KEEP", "FULL", "DEPART", "LEAVE", "WANT")
        ):
            self.note("is a share of the car's battery that may be drawn, which the fleet's table cannot hold", item)
            return
        if not self._wanted(item):
            self.note("is said, not asked for", item)
            return
        sure = 0.9 if clause.has("READY", "GE", "WANT", "KEEP", "BY") else 0.7
        self.add("vehicle_required_soc_fraction", share, item, sure)

    def _wanted(self, item: Item) -> bool:
        """Whether anything in the clause makes a quantity a wish, or the clause is as short as a note."""
        cues = ("KEEP", "WANT", "GE", "OUTAGE", "BELOW", "LE", "READY", "FULL", "USE", "DRAIN", "OK", "SELL", "DEPART")
        cues = (
            *cues,
            "LEAVE",
            "DOWNTO",
            "NEG",
            "ALONE",
            "BY",
            "ABOVE",
            "POLITE",
            "CORR",
            "LASTPART",
            "TOPPART",
            "ONLY",
            "BATT",
            "CAR",
            "REST",
        )
        if self.clause.has(*cues) or self.mode:
            return True
        return len([each for each in self.items if each.tag not in ("FILL", "COMMA", "CONJ")]) <= 3

    def _for_battery(self, item: Item, share: float) -> None:
        clause, compared = self.clause, self._compared(item)
        drawing = (
            self._before(item, "USE", "DRAIN", "SINK", "SELL", "EXPORT") is not None
            or (
                clause.has("DRAIN", "USE")
                and clause.has("OK", "ONLY", "LE")
                and not clause.has("KEEP", "LEAVE", "OUTAGE")
            )
            or (clause.has("USE", "DRAIN", "SELL") and not clause.has("KEEP", "LEAVE"))
        )
        keeping = self._before(item, "KEEP", "LEAVE") is not None or clause.has("OUTAGE")
        negated = self._negated(item)
        if not self._wanted(item):
            self.note("is said, not asked for", item)
            return
        last = self._place(item)
        to = last > 0 and any(each.tag in ("TO", "BY", "AT") for each in self.items[max(0, last - 2) : last])
        charging = clause.has("READY") and not clause.has(
            "KEEP", "OUTAGE", "GE", "DRAIN", "USE", "BELOW", "WANT", "LEAVE"
        )
        match compared:
            case "LASTPART":
                self._backup(item, share, 0.85)
            case "TOPPART":
                self._draw(item, share, 0.8)
            case "DOWNTO":
                self._backup(item, share, 0.85)
            case "GE":
                self._backup(item, share, 0.95)
            case "BELOW":
                below = next((each.text for each in self.items if each.tag == "BELOW"), "")
                if negated and drawing and ("than" in below) and not keeping:
                    self._backup(item, share, 0.5)
                elif negated or clause.has("ALONE", "DRAIN", "USE", "OUTAGE") or self.mode in ("alone",):
                    self._backup(item, share, 0.9)
                else:
                    self.note("is a most for the battery's charge, which the fleet's table cannot hold", item)
            case "ABOVE":
                more = next((each.text for each in self.items if each.tag == "ABOVE"), "")
                amount = more in (
                    "more than",
                    "exceed",
                    "mehr als",
                    "plus de",
                    "mas de",
                    "mas del",
                    "mas que",
                    "meer dan",
                    "greater than",
                    "in excess of",
                    "plus que",
                )
                if negated and not keeping and (amount or drawing and more in ("over", "uber")):
                    self._draw(item, share, 0.9)
                elif negated and not keeping:
                    self.note("is a most for the battery's charge, which the fleet's table cannot hold", item)
                else:
                    self._backup(item, share, 0.85)
            case "LE":
                if drawing or clause.has("CYC", "OK") or not keeping and not charging:
                    self._draw(item, share, 0.9 if drawing else 0.7)
                else:
                    self.note("is a most for the battery's charge, which the fleet's table cannot hold", item)
            case _:
                if charging and not negated:
                    self.note("is a charge to reach, not a share to keep", item)
                elif (
                    clause.has("OK", "ONLY", "USE", "DRAIN", "SELL", "SINK") and drawing and not keeping and not negated
                ):
                    up_to = any(
                        each.text in ("hasta", "jusqu'a", "tot", "bis", "bis zu")
                        for each in self.items[max(0, last - 3) : last]
                    )
                    if to and not (up_to and not clause.has("DRAIN", "SINK")):
                        self._backup(item, share, 0.8)
                    else:
                        self._draw(item, share, 0.8)
                else:
                    sure = 0.95 if keeping else 0.85 if clause.has("WANT", "BATT") else 0.6
                    self._backup(item, share, sure)

    def _backup(self, item: Item, share: float, confidence: float) -> None:
        self.add("backup_soc_fraction", round(share, 6), item, confidence)

    def _draw(self, item: Item, share: float, confidence: float) -> None:
        self.add("maximum_discharge_fraction", round(share, 6), item, confidence)

    def _money(self, item: Item) -> None:
        clause = self.clause
        unit, _, per = item.unit.partition("/")
        if per.startswith("x") or item.value < 0:
            self.note("is no price of energy", item)
            return
        selling = clause.has(
            "SELL", "EXPORT", "PRICE", "ONLY", "IF", "USE", "DRAIN", "UNLESS", "ALONE", "V2G"
        ) or self.mode in ("sell", "alone", "draw")
        if clause.has("PAYS", "STATE") and not clause.has("SELL", "GE", "BELOW", "ONLY", "WANT"):
            self.note("is what something costs, not a wish", item)
            return
        compared = self._compared(item)
        if clause.has("BUY") or clause.has("READY") and not selling:
            self.note("is a price to buy at, not to sell at", item)
            return
        selling = selling or clause.correcting and self.context.last == "floor_usd_per_mwh"
        if not selling and compared not in ("GE", "BELOW") and not clause.has("WANT"):
            self.note("is not said to be a price to sell at", item)
            return
        if compared == "LE" and not clause.has("NEG"):
            self.note("is a most, not a least price", item)
            return
        facts = self.context.facts
        if unit == "LOCAL" or unit == "":
            unit = facts.currency
        if unit != facts.currency:
            self.note(f"is in {unit}, and the fleet's money is {facts.currency}", item)
            return
        value, sure = float(item.value), 0.9
        if per.startswith("kwh"):
            value *= 1000.0
        elif not per.startswith("mwh"):
            if per.endswith("c") or value < 3:
                value, sure = value * 1000.0, 0.75
            else:
                sure = 0.5
        if value > 1e5:
            self.note("is no usable price", item)
            return
        if clause.has("UNLESS", "ONLY", "IF"):  # the price is when to use it, so it is not out altogether
            self.context.found = [
                each
                for each in self.context.found
                if each.sentence != clause.sentence
                or not (each.name.endswith("participates") or each.name == "export_allowed")
            ]
        self.add(
            "floor_usd_per_mwh", round(value, 6), item, sure if compared in ("GE", "BELOW", "ABOVE") else sure - 0.1
        )

    def _rate(self, item: Item) -> None:
        clause = self.clause
        if item.unit == "x":
            self.note("is not a number a day", item)
            return
        fits = (
            item.unit == "cycle"
            or clause.has("CYC", "DRAIN")
            or item.unit == "day"
            and (clause.has("USE", "BATT", "READY") or self.asset == "BATT")
        )
        if (
            not fits
            or clause.has("STATE")
            or self._subject(item) == "CAR"
            or item.unit == ""
            and not clause.has("CYC", "PDAY")
        ):
            if item.unit:
                self.note("is a number a day of something else", item)
            return
        compared = self._compared(item)
        value = float(item.value)
        if value > 24:
            self.note("is no usable number of cycles", item)
            return
        if compared == "GE":
            self.note("is a least number of cycles, which the fleet's table cannot hold", item)
            return
        sure = 0.9 if compared in ("LE", "ABOVE") or clause.has("ONLY") else 0.8
        self.add(
            "max_cycles_per_day", value, item, sure - (0.1 if item.unit == "cycle" and not clause.has("PDAY") else 0)
        )

    def _duration(self, item: Item) -> None:
        clause = self.clause
        if (
            clause.has("OUTAGE", "LOAD")
            or self.mode == "keep"
            and (self._subject(item) == "BATT" or clause.has("WANT", "KEEP"))
        ):
            if self._subject(item) == "CAR" and not clause.has("OUTAGE", "LOAD"):
                return
            self.add("backup_hours", round(float(item.value), 4), item, 0.85 if clause.has("OUTAGE") else 0.65)
        elif self.context.language in ("fr", "es") and item.unit == "HOUR" and float(item.value) < 25:
            self._clock(Item("clock", (int(item.value), 0), item.start, item.end, "", "24"), at=item)
        else:
            self.note("is a time, and not said of an outage", item)

    def _power(self, item: Item) -> None:
        if self.clause.has("LOAD", "OUTAGE") or any(each.name == "backup_hours" for each in self.context.found[-2:]):
            self.add("critical_load_kw", round(float(item.value), 6), item, 0.85)
        elif self.clause.has("duration"):
            self.add("critical_load_kw", round(float(item.value), 6), item, 0.6)
        else:
            self.note("is a power, and not said of an outage", item)

    def _distance(self, item: Item) -> None:
        clause = self.clause
        if clause.has("WANT", "GE", "RANGE", "KEEP", "READY", "CAR", "FULL", "BELOW") or self.asset == "CAR":
            if clause.has("STATE"):
                self.note("says how it is, not what is wanted", item)
                return
            if self._compared(item) == "LE":
                self.note("is a most, not a least range", item)
                return
            sure = 0.9 if clause.has("WANT", "GE", "RANGE", "KEEP", "READY") else 0.6
            self.add("vehicle_range_km", round(float(item.value), 3), item, sure)

    def _number(self, item: Item) -> None:
        """A number without a unit counts only where the words around it leave one unit."""
        clause, value = self.clause, float(item.value)
        previous = self._before(item, "BY", "AT", "AFTER", "DEPART", "LEAVE", back=2)
        if (
            previous is not None
            and len(item.text) in (3, 4)
            and item.text.isdigit()
            and value % 100 < 60
            and value < 2400
        ):
            self._clock(Item("clock", (int(value // 100), int(value % 100)), item.start, item.end, "", "24"), at=item)
            return
        if (
            previous is not None
            and value <= 24
            and not (previous.tag == "AT" and self._near(item, "KEEP", "GE", back=3, ahead=0))
        ):
            if (
                clause.has("CAR", "READY", "DEPART", "LEAVE", "FULL")
                or previous.tag in ("BY", "DEPART", "LEAVE")
                or self.mode in ("ready", "alone")
            ):
                self._clock(Item("clock", (int(value), 0), item.start, item.end, "", ""), at=item)
                return
        if clause.correcting and self.context.last:
            self._corrected(item, value)
            return
        if (
            5 <= value <= 100
            and float(value).is_integer()
            and clause.has("BATT", "CAR") | clause.has("KEEP", "GE", "READY", "OUTAGE")
            and clause.has(
                "KEEP", "GE", "BELOW", "OUTAGE", "READY", "AT", "LEAVE", "DOWNTO", "BY", "WANT", "TO", "DEPART", "FROM"
            )
            | (clause.has("BATT", "CAR") and bool(self.mode or self.context.mode) and value >= 10)
        ):
            if clause.has("days") and value < 10 or clause.has("LOAD", "HOUR", "clock") and not clause.has("CAR"):
                return
            self._stored(self._swap(item, "share", value / 100.0))
            self.fit.append("bare")
        elif clause.has("CYC") and value <= 24:
            self.add("max_cycles_per_day", value, item, 0.6)

    def _swap(self, item: Item, tag: str, value: float) -> Item:
        changed = Item(tag, value, item.start, item.end, item.text)
        self._order[id(changed)] = self._order[id(item)]
        self._kept = changed
        return changed

    def _corrected(self, item: Item, value: float) -> None:
        """``actually make it 60``: another value for what was said last."""
        name = self.context.last
        match name:
            case "backup_soc_fraction" | "vehicle_required_soc_fraction" | "maximum_discharge_fraction":
                if 1 < value <= 100:
                    self.add(name, value / 100.0, item, 0.85)
            case "vehicle_ready_by":
                self._clock(Item("clock", (int(value), 0), item.start, item.end, "", ""), at=item)
            case "floor_usd_per_mwh":
                before = next(each for each in reversed(self.context.found) if each.name == name)
                self.add(name, value * 10.0 if float(before.value) < 1000 and value < 100 else value, item, 0.6)  # type: ignore[arg-type]
            case "max_cycles_per_day" | "backup_hours" | "vehicle_range_km" | "critical_load_kw":
                self.add(name, value, item, 0.8)
            case _:
                self.note("corrects something that is not a number", item)

    # -- times -------------------------------------------------------------------------------------------------------

    def _clock(self, item: Item, *, at: Item | None = None) -> None:
        clause, place = self.clause, at or item
        if id(place) not in self._order:
            self._order[id(place)] = 0
        if item.tag == "hclock":
            if clause.has("OUTAGE") and self.context.language == "en":
                self.add("backup_hours", float(item.value), item, 0.8)
                return
            item = Item("clock", (int(item.value), 0), item.start, item.end, "", item.unit or "24")
        side = self._before(place, "BY", "AFTER", "FROM", "TO", back=2)
        if (
            self.mode == "alone"
            and not (clause.has("READY", "DEPART") and self._subject(place) == "CAR")
            and side is not None
        ):
            minutes = clocks_of(item, ready=False)
            if minutes is None:
                return
            window = (minutes[0] % 1440, 1440) if side.tag in ("AFTER", "FROM") else (0, minutes[-1])
            self._blackout([window], item, 0.6)
            return
        if clause.has("OUTAGE", "LOAD") and item.unit == "clock" and side is None and not item.value[1]:
            self.add("backup_hours", float(item.value[0]), item, 0.75)
            return
        carlike = (
            self._subject(place) == "CAR"
            or clause.has("READY", "DEPART", "LEAVE", "FULL")
            or self.mode == "ready"
            or clause.has("distance")
            or clause.correcting
            and self.context.last == "vehicle_ready_by"
        )
        if not carlike or clause.has("SELL", "OUTAGE"):
            self.note("is a time, and not said of the car or of a pause", item)
            return
        if (
            self._before(place, "ARRIVE", back=5) is not None
            and self._before(place, "ARRIVE", "BY", "DEPART", "LEAVE").tag == "ARRIVE"
        ):  # type: ignore[union-attr]
            self.note("is when the car comes, not when it leaves", item)
            return
        if side is not None and side.tag == "AFTER":
            self.note("is a time after which, not by which", item)
            return
        if self._negated(place) and not clause.has("READY", "DEPART", "FULL") or clause.has("ALONE"):
            return
        minutes = clocks_of(item, ready=True)
        if minutes is None:
            self.note("is no time of day", item)
            return
        sure = 0.9 if clause.has("BY", "READY", "DEPART", "LEAVE", "FULL") else 0.65
        self.add("vehicle_ready_by", clock_text(minutes[0] % 1440), item, sure if len(minutes) == 1 else sure - 0.25)

    def _span(self, item: Item) -> None:
        first, last = item.value
        if last.tag in ("share", "energy") and first.tag in ("number", "share", "energy"):
            self._stored_span(item, first, last)
            return
        if {first.tag, last.tag} <= {"number", "money"} and last.tag == "money":
            self._money(
                self._swap(item, "money", max(first.value / (100 if last.unit.endswith("c") else 1), last.value))
            )
            return
        if last.tag in ("duration",) and first.tag == "number":
            kept = self._swap(item, "duration", max(first.value, last.value))
            kept.unit = last.unit
            self._duration(kept)
            return
        if last.tag == "rate" or last.tag == "distance":
            self.note("is a range", item)
            return
        hint = self._part()
        windows = windows_of(first, last, hint=hint, language=self.context.language)
        if not windows:
            if first.tag == "number" and last.tag == "number" and self.clause.has("BATT", "CAR"):
                self.note("is a range of numbers without a unit", item)
            else:
                self.note("is not a time of day", item)
            return
        clause = self.clause
        subject = self._subject(item)
        if subject == "CAR" and clause.has("READY", "DEPART", "ARRIVE", "FULL") and not clause.has("ALONE", "NEG"):
            if clause.has("DEPART", "LEAVE", "FULL") and not clause.has("ARRIVE"):
                self.add("vehicle_ready_by", clock_text(min(window[0] for window in windows)), item, 0.5)
            return
        sure = 0.9 if len(windows) == 1 else 0.6
        outside = clause.has("OUTSIDE")
        excepted = clause.has("EXCEPT") and self._before(item, "EXCEPT") is not None
        if self.mode == "alone" or clause.has("NEG", "ALONE"):
            inverse = outside or excepted
        elif clause.has("ONLY") and (clause.has("USE", "DRAIN", "OK", "SELL", "EXPORT") or self.mode == "draw"):
            inverse = not outside
        elif excepted and clause.has("USE", "DRAIN", "OK", "SELL", "EXPORT"):
            inverse = False
        elif outside and clause.has("USE", "DRAIN", "OK"):
            inverse, sure = False, 0.6
        elif clause.has("KEEP", "FULL") and subject == "BATT" or clause.has("WANT") and subject == "BATT":
            inverse, sure = False, 0.5
        else:
            self.note("is a time in which nothing is said to pause", item)
            self.context.pending.append((windows, item, self._own_days()))
            return
        if inverse:
            windows = [(end % 1440, start if start else 1440) for start, end in windows[-1:]]
        self._blackout(windows, item, sure)

    def _part(self) -> str:
        return next((str(each.value) for each in self.items if each.tag in ("PART", "AMPM")), "")

    def _stored_span(self, item: Item, first: Item, last: Item) -> None:
        low, high = first.value, last.value
        if first.tag == "number" and last.tag == "share":
            low = low / 100.0
        keep = not self.clause.has("USE", "DRAIN", "SELL") or self.clause.has("KEEP", "GE")
        if (
            self.clause.has("READY")
            and self._subject(item) == "BATT"
            or self.clause.has("BTW")
            and keep
            and high - low > 0.25
        ):
            self._stored(self._swap(item, last.tag, min(low, high)))
        else:
            self._stored(self._swap(item, last.tag, max(low, high) if keep else min(low, high)))

    def _blackout(self, windows: list[tuple[int, int]], item: Item, confidence: float) -> None:
        from gridpact.language.reading.times import window_text

        texts = tuple(window_text(start, end, self._days()) for start, end in windows if start != end)
        if texts:
            self.add("blackout", texts, item, confidence)

    # -- words without a quantity --------------------------------------------------------------------------------------

    def _words(self, *, quiet: bool) -> None:
        has = self.clause.has
        if has("CONS", "MODE", "AGGR") and not has("NEG"):
            item = self._item("CONS", "MODE", "AGGR")
            self.add("persona", {"CONS": "conservative", "MODE": "moderate", "AGGR": "aggressive"}[item.tag], item, 0.8)
        if (
            has("EXPORT")
            or has("SELL")
            and has("GRID", "SOLAR")
            or has("NEG")
            and has("GRID")
            and has("TO", "WORD")
            and not has("OUTAGE", "CAR", "USE", "DRAIN", "STATE")
        ):
            self._export()
        if has("V2G"):
            self._v2g()
        if has("FULL") and has("clock", "hclock", "BY", "AT") and not has("share", "DRAIN", "EMPTY", "CYC", "distance"):
            self._full()
            return
        if quiet or has("money", "clock", "hclock"):
            return
        if has("span", "share", "energy", "rate"):
            return
        if self.context.pending and self._sits_out() and not self.clause.has("days"):
            windows, item, days = self.context.pending[-1]
            self.context.days = days or self.context.days
            self._blackout(windows, item, 0.7)
            return
        days = self._days()
        alone = (
            has("NEG")
            and self._own_days() is not None
            and not has("WANT", "READY", "DEPART", "KEEP", "FULL", "SELL", "EXPORT", "CYC", "OK")
        )
        if days is not None and (self._sits_out() or alone):
            self.add("blackout", all_day(days), self._item("days", "ALONE", "WHOLEOUT", "NEG"), 0.75)
            return
        if has("FULL", "ALLOFIT") and not has("EMPTY", "DRAIN", "CYC"):
            self._full()
            return
        if has("CAR") and has("NEG") and has("GRID") and not has("OK", "EXPORT", "V2G", "READY"):
            self.add("vehicle_discharge_allowed", False, self._item("NEG"), 0.75)
            return
        if self._own_days() is None and (self._sits_out() or self.mode == "alone" and self.clause.has("NEG")):
            self._out()

    def _sits_out(self) -> bool:
        return self.clause.has("ALONE") or self.clause.has("NEG") and self.clause.has("USE", "DRAIN")

    def _export(self) -> None:
        has = self.clause.has
        if has("money", "share", "span", "BTW", "days", "clock", "CYC", "rate", "BELOW"):
            return
        item = self._item("EXPORT", "SELL", "GRID")
        if "CAR" in self.assets:
            if has("NEG", "ALONE"):
                self.add("vehicle_discharge_allowed", False, item, 0.8)
            return
        if (
            has("NEG", "ALONE", "EMPTY")
            or any(each.tag == "number" and not each.value for each in self.items)
            or item.text.startswith("null")
        ):
            self.add("export_allowed", False, item, 0.9)
        elif has("OK") and not has("STATE"):
            self.add("export_allowed", True, item, 0.85)

    def _v2g(self) -> None:
        item = self._item("V2G")
        if self.clause.has("NEG", "ALONE"):
            self.add("vehicle_discharge_allowed", False, item, 0.95)
        elif self.clause.has("OK") and not self.clause.has("share"):
            self.add("vehicle_discharge_allowed", True, item, 0.85)

    def _full(self) -> None:
        item = self._item("FULL", "ALLOFIT")
        has = self.clause.has
        subject = self._subject(item)
        if has("ALLOFIT") and has("NEG", "ALONE"):
            self.add("battery_participates", False, item, 0.7)
            return
        if (
            has("NEG", "ALONE", "USE", "SELL", "PAST")
            or item.text
            in ("ganz", "completely", "entirely", "fully", "helemaal", "whole", "entire", "gesamte", "gesamten", "hele")
            and not has("READY", "KEEP")
        ):
            if has("NEG", "ALONE") and self._sits_out():
                self._out()
            return
        if subject == "CAR" or not subject and has("READY", "DEPART", "clock") and not has("OUTAGE"):
            if has("READY", "WANT", "KEEP", "DEPART", "BY") or len(self.items) <= 5:
                self.add("vehicle_required_soc_fraction", 1.0, item, 0.85)
        elif subject == "BATT" and has("KEEP", "WANT", "OUTAGE") or has("ALLOFIT") and has("KEEP", "OUTAGE"):
            self.add("backup_soc_fraction", 1.0, item, 0.85)

    def _out(self) -> None:
        has = self.clause.has
        if has(
            "EMPTY",
            "EXPORT",
            "V2G",
            "SELL",
            "CYC",
            "BELOW",
            "LE",
            "EXCEPT",
            "OUTSIDE",
            "DEPART",
            "FULL",
            "OUTAGE",
            "AFTER",
            "BY",
            "PART",
            "AMPM",
            "SOLAR",
            "PRICE",
            "HEAT",
        ) and not has("WHOLEOUT"):
            item = self.items[0]
            if has("PART", "AMPM", "AFTER", "BY"):
                self.note("names no time of day; say from when to when", item)
            return
        item = self._item("ALONE", "WHOLEOUT", "NEG")
        draws = has("DRAIN") or any(
            each.text
            in (
                "draw",
                "draws",
                "drawing",
                "take",
                "takes",
                "taking",
                "pull",
                "tap",
                "borrow",
                "use",
                "using",
                "used",
                "nehmen",
                "nehmt",
                "prendre",
                "prenez",
                "sacar",
                "saquen",
                "pakken",
                "nemen",
                "tomar",
                "tomen",
            )
            for each in self.items
            if each.tag == "USE"
        )
        battery_of_car = any(
            each.tag == "CAR" and "batt" in each.text or each.text in ("autoakku", "autoaccu") for each in self.items
        )
        if has("CAR"):
            if (
                draws
                and any(
                    w.text
                    in (
                        "power",
                        "energy",
                        "electricity",
                        "juice",
                        "strom",
                        "energie",
                        "energia",
                        "stroom",
                        "courant",
                        "from",
                    )
                    or w.tag == "FROM"
                    for w in self.items
                )
                or has("DRAIN")
                or battery_of_car
            ):
                self.add("vehicle_discharge_allowed", False, item, 0.85)
            else:
                self.add("vehicle_participates", False, item, 0.85)
            if "BATT" in self.assets and not battery_of_car:
                self.add("battery_participates", False, item, 0.8)
        elif has("IT") and self.asset == "CAR" and draws:
            self.add("vehicle_discharge_allowed", False, item, 0.8)
        elif has("BATT"):
            self.add("battery_participates", False, item, 0.85 if has("ATALL", "ALONE") else 0.7)
        elif has("WHOLEOUT"):
            self.add("participates", False, item, 0.85)
        elif has("IT") and self.asset:
            self.add("vehicle_participates" if self.asset == "CAR" else "battery_participates", False, item, 0.75)
        elif has("ALONE") and has("HOME", "IT") or has("ALONE") and has("ATALL"):
            self.add("participates", False, item, 0.7)
        elif has("HOME") and has("NEG") and has("USE"):
            self.add("participates", False, item, 0.7)
        elif self.asset == "CAR" and has("DRAIN"):
            self.add("vehicle_discharge_allowed", False, item, 0.75)
        elif self.asset and not has("WORD"):
            self.add("vehicle_participates" if self.asset == "CAR" else "battery_participates", False, item, 0.6)
