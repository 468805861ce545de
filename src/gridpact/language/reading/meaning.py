"""What a clause asks for: quantities and words of one clause become values of fields."""

from gridpact.language.reading.amounts import Amounts
from gridpact.language.reading.times import all_day

_ELSEWHERE = (
    *("EMPTY", "EXPORT", "V2G", "CYC", "BELOW", "LE", "EXCEPT", "OUTSIDE", "DEPART", "FULL", "OUTAGE", "AFTER", "BY"),
    *("PART", "AMPM", "SOLAR", "PRICE", "HEAT"),
)
"""Tags that make a refusal one of something else than a device as such."""
_HELD = frozenset(
    (
        *("hardly", "barely", "rarely", "seldom", "scarcely", "until", "when", "law", "legal", "legally", "contract"),
        *("utility", "regulations", "far", "would", "kaum", "selten", "solange", "wenn", "gesetz", "vertrag"),
        *("rarement", "quand", "loi", "contrat", "apenas", "raramente", "cuando", "ley", "contrato"),
        *("nauwelijks", "zelden", "wanneer", "wet"),
    )
)
"""Words beside which "allowed" is no permission of the owner's, or not one that always holds."""


class Reading(Amounts):
    """Reads one clause with what the earlier ones left open."""

    def read(self) -> None:
        """Everything that the clause asks for."""
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
        if has("NEG") and has("JOIN") and not has("OK", "KEEP"):
            self._out()
            return
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
        timed = has("span", "BTW", "days", "clock", "PART", "AFTER")
        if has("money", "share", "CYC", "rate", "BELOW") or timed and not has("EXPORT"):
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
            # At some times only: the table has one answer for the whole day, and the strict one holds.
            self.add("export_allowed", False, item, 0.4 if timed else 0.9)
        elif has("OK") and not timed and self._permits():
            self.add("export_allowed", True, item, 0.85)

    def _v2g(self) -> None:
        item = self._item("V2G")
        if self.clause.has("NEG", "ALONE"):
            self.add("vehicle_discharge_allowed", False, item, 0.95)
        elif self.clause.has("OK") and not self.clause.has("share") and self._permits():
            self.add("vehicle_discharge_allowed", True, item, 0.85)

    def _permits(self) -> bool:
        """Whether a permission is this owner's, and holds without anything more."""
        held = self.clause.has("STATE", "THIRD", "HE", "OTHERS", "ONLY", "UNLESS", "IF", "HYPO")
        return not held and not any(each.text in _HELD for each in self.items)

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
        selling = has("SELL") and not has("BATT")
        if (selling or has(*_ELSEWHERE)) and not has("WHOLEOUT"):
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
        elif has("WHOLEOUT") or has("JOIN"):
            self.add("participates", False, item, 0.85)
        elif has("IT") and self.asset:
            self.add("vehicle_participates" if self.asset == "CAR" else "battery_participates", False, item, 0.75)
        elif has("ALONE") and has("HOME", "IT", "ATALL") or has("HOME") and has("NEG") and has("USE"):
            self.add("participates", False, item, 0.7)
        elif self.asset == "CAR" and has("DRAIN"):
            self.add("vehicle_discharge_allowed", False, item, 0.75)
        elif self.asset and not has("WORD"):
            self.add("vehicle_participates" if self.asset == "CAR" else "battery_participates", False, item, 0.6)
