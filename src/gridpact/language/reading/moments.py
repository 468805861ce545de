"""Times of a clause: when the car leaves, and when nothing may change."""

from gridpact.language.reading.quantities import Item
from gridpact.language.reading.storing import Storing
from gridpact.language.reading.times import clock_text, clocks_of, window_text


class Moments(Storing):
    """Times and windows."""

    def _clock(self, item: Item, *, at: Item | None = None) -> None:
        clause, place = self.clause, at or item
        if id(place) not in self._order:
            self._order[id(place)] = 0
        if item.tag == "hclock":
            if clause.has("OUTAGE") and self.context.language == "en":
                self.add("backup_hours", float(item.value), item, 0.8)
                return
            item = Item("clock", (int(item.value), 0), item.start, item.end, "", item.unit or "24")
        if clause.has("EXPORT"):
            return
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
        coming = self._before(place, "ARRIVE", "BY", "DEPART", "LEAVE")
        if coming is not None and coming.tag == "ARRIVE" and self._before(place, "ARRIVE", back=5) is not None:
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

    def _part(self) -> str:
        return next((str(each.value) for each in self.items if each.tag in ("PART", "AMPM")), "")

    def _blackout(
        self, windows: list[tuple[int, int]], item: Item, confidence: float, *, days: frozenset[int] | None = None
    ) -> None:
        texts = tuple(window_text(start, end, days or self._days()) for start, end in windows if start != end)
        if texts:
            self.add("blackout", texts, item, confidence)

    # -- words without a quantity --------------------------------------------------------------------------------------
