"""Money, cycles, durations, powers, distances, spans and bare numbers of a clause."""

from gridpact.language.reading.moments import Moments
from gridpact.language.reading.quantities import Item
from gridpact.language.reading.times import clock_text, windows_of


class Amounts(Moments):
    """Every quantity that is no share and no time."""

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
        if previous is None and clause.has("CAR", "READY") and not clause.has("KEEP", "OUTAGE") and value <= 12:
            previous = self._before(item, "TO", back=1)
        if (
            previous is not None
            and len(item.text) in (3, 4)
            and item.text.isdigit()
            and value % 100 < 60
            and value < 2400
        ):
            self._clock(Item("clock", (int(value // 100), int(value % 100)), item.start, item.end, "", "24"), at=item)
            return
        if previous is not None and previous.tag == "LEAVE" and clause.has("BATT") and not clause.has("CAR"):
            previous = None
        if (
            previous is not None
            and value <= 24
            and not (previous.tag == "AT" and self._near(item, "KEEP", "GE", back=3, ahead=0))
        ) and (
            clause.has("CAR", "READY", "DEPART", "LEAVE", "FULL")
            or previous.tag in ("BY", "DEPART", "LEAVE", "TO")
            or self.mode in ("ready", "alone")
        ):
            self._clock(Item("clock", (int(value), 0), item.start, item.end, "", ""), at=item)
            return
        if self._before(item, "clock", "hclock", "duration", "number", back=3) and any(
            each.text in ("moins", "menos") for each in self._between(item)
        ):
            self.note("is a part of a time that is not read", item)
            return
        if clause.correcting and self.context.last:
            if previous is not None and previous.tag in ("AT", "BY") and self.context.last.startswith("vehicle_req"):
                self._clock(Item("clock", (int(value), 0), item.start, item.end, "", ""), at=item)
                return
            self._corrected(item, value)
            return
        if (
            5 <= value <= 100
            and float(value).is_integer()
            and clause.has("BATT", "CAR") | clause.has("KEEP", "GE", "READY", "OUTAGE")
            and clause.has(
                "KEEP", "GE", "BELOW", "OUTAGE", "READY", "AT", "LEAVE", "DOWNTO", "BY", "WANT", "TO", "DEPART", "FROM"
            )
            | (
                clause.has("BATT", "CAR")
                and bool(self.mode or self.context.mode or self.same and self.context.last)
                and value >= 10
            )
        ):
            if clause.has("days") and value < 10 or clause.has("LOAD", "HOUR", "clock") and not clause.has("CAR"):
                return
            self._stored(self._swap(item, "share", value / 100.0))
        elif clause.has("CYC") and value <= 24:
            self.add("max_cycles_per_day", value, item, 0.6)

    def _between(self, item: Item) -> list[Item]:
        """The two items before a number."""
        place = self._place(item)
        return self.items[max(0, place - 2) : place]

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
        if self.clause.has("EXPORT") and not self.clause.has("USE", "DRAIN"):
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
        nearest = self._before(item, "EXCEPT", "days")
        excepted = nearest is not None and nearest.tag == "EXCEPT"
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
        if not inverse:
            for earlier, there, days in self.context.pending:
                own, self.context.days = self.context.days, days
                self._blackout(earlier, there, 0.6, days=days)
                self.context.days = own
            self.context.pending.clear()
        self._blackout(windows, item, sure)
