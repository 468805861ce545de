"""Shares and energies of the battery and of the car."""

from gridpact.language.reading.quantities import Item
from gridpact.language.reading.speech import Speech

SHARES = frozenset(("backup_soc_fraction", "maximum_discharge_fraction", "vehicle_required_soc_fraction"))

_CUES = (
    *("KEEP", "WANT", "GE", "OUTAGE", "BELOW", "LE", "READY", "FULL", "USE", "DRAIN", "OK", "SELL", "DEPART", "LEAVE"),
    *("DOWNTO", "NEG", "ALONE", "BY", "ABOVE", "POLITE", "CORR", "LASTPART", "TOPPART", "ONLY", "BATT", "CAR", "REST"),
)
"""Tags that make a quantity beside them a wish."""


class Storing(Speech):
    """What is to stay in the battery, what may be drawn, and what the car needs."""

    def _stored(self, item: Item) -> None:
        """A share or an energy of the battery or of the car."""
        clause, subject = self.clause, self._subject(item)
        timed = clause.has("clock", "hclock") and not clause.has("span")
        if not subject:
            after = self.items[self._place(item) + 1 :][:1]
            ready = clause.has("READY", "DEPART") or self.mode == "ready" and not (after and after[0].tag == "FULL")
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
            and self.context.last in SHARES
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
        if self.clause.has(*_CUES) or self.mode:
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
        keeping = keeping or self._near(item, "KEEP", back=0, ahead=3) and not clause.has("REST")
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
            case "TOPPART" | "REST":
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
                if negated and self._before(item, "KEEP") is not None:
                    self.note("is a most for the battery's charge, which the fleet's table cannot hold", item)
                elif negated and not keeping and (amount or drawing and more in ("over", "uber")):
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

    def _swap(self, item: Item, tag: str, value: float) -> Item:
        changed = Item(tag, value, item.start, item.end, item.text)
        self._order[id(changed)] = self._order[id(item)]
        return changed

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
