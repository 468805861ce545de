"""Local times on the UTC axis: hours that clocks skip or repeat are found, never guessed."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from gridpact.data.importers.drafts import Draft
from gridpact.data.importers.findings import Report
from gridpact.data.importers.options import ImportOptions

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_LOCAL = _EPOCH.replace(tzinfo=None)
_MICROSECOND = timedelta(microseconds=1)
MICROSECONDS_PER_SECOND = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Instants:
    """Where each kept reading of a draft lies."""

    place: NDArray[np.int64]
    """Entry of the draft."""
    micros: NDArray[np.int64]
    """Interval start, microseconds since 1970 UTC."""
    halved: NDArray[np.bool_]
    """Whether the reading stands for both passes of a repeated hour and half of it belongs here."""


def micros_of(moment: datetime) -> int:
    """Microseconds from 1970 UTC to an aware moment."""
    return (moment - _EPOCH) // _MICROSECOND


def instants_of(
    draft: Draft, *, zone: ZoneInfo | None, options: ImportOptions, report: Report, step_s: int | None
) -> Instants:
    """Place the readings of ``draft`` on the UTC axis.

    Args:
        draft: the readings.
        zone: zone of times without an offset.
        options: how to read ambiguous and nonexistent times.
        report: takes the findings.
        step_s: how long an interval is [s], where times are ends.

    Raises:
        ReadingStoppedError: times have no offset and there is no zone.
    """
    back = timedelta(seconds=step_s or 0) if draft.ends else timedelta(0)
    fold = _Folds(draft, zone, options, report, back)
    place: list[int] = []
    micros: list[int] = []
    halved: list[bool] = []
    for entry in range(len(draft.times)):
        for start, half in fold.starts(entry):
            place.append(entry)
            micros.append(start)
            halved.append(half)
    fold.tell()
    return Instants(
        place=np.array(place, dtype=np.int64),
        micros=np.array(micros, dtype=np.int64),
        halved=np.array(halved, dtype=np.bool_),
    )


def step_seconds(draft: Draft) -> int | None:
    """The most common distance between neighbouring times of a draft [s]; None where there is none."""
    stated = Counter(seconds for seconds in draft.seconds if seconds)
    if stated:
        return stated.most_common(1)[0][0]
    walls = sorted({_wall(moment) for moment in draft.times})
    gaps = Counter(b - a for a, b in zip(walls, walls[1:], strict=False))
    if not gaps:
        return None
    step = gaps.most_common(1)[0][0] // MICROSECONDS_PER_SECOND
    return step or None


def _wall(moment: datetime) -> int:
    if moment.tzinfo is None:
        return (moment - _EPOCH_LOCAL) // _MICROSECOND
    return micros_of(moment)


class _Folds:
    """Decides for every reading which instants it stands for."""

    def __init__(
        self, draft: Draft, zone: ZoneInfo | None, options: ImportOptions, report: Report, back: timedelta
    ) -> None:
        self.draft, self.zone, self.options, self.report, self.back = draft, zone, options, report, back
        self.offsets: dict[datetime, tuple[int, int]] = {}
        self.passes: dict[int, bool] = {}
        self.single: set[int] = set()
        self.by_order = self.dropped = self.chosen = 0
        self._count_passes()

    def _count_passes(self) -> None:
        """Tell the passes of repeated hours apart by order, where the file does not say."""
        if self.zone is None:
            return
        entries: dict[datetime, list[int]] = {}
        for entry, moment in enumerate(self.draft.times):
            if moment.tzinfo is None and self.draft.later[entry] is None:
                before, after = self._offsets(moment - self.back)
                if before > after:
                    entries.setdefault(moment, []).append(entry)
        falling = self._falls()
        for found in entries.values():
            if len(found) == 1:
                self.single.add(found[0])
                continue
            for number, entry in enumerate(reversed(found) if falling else found):
                self.passes[entry] = number > 0
            self.by_order += len(found)

    def _falls(self) -> bool:
        """Whether the file runs from the newest reading to the oldest."""
        walls = [_wall(moment) for moment in self.draft.times]
        signs = Counter(b > a for a, b in zip(walls, walls[1:], strict=False) if a != b)
        return signs[False] > signs[True]

    def _offsets(self, moment: datetime) -> tuple[int, int]:
        """Seconds ahead of UTC at the first and second reading of a local time."""
        found = self.offsets.get(moment)
        if found is None:
            zoned = [moment.replace(tzinfo=self.zone, fold=fold).utcoffset() for fold in (0, 1)]
            first, second = (0 if offset is None else round(offset.total_seconds()) for offset in zoned)
            found = self.offsets[moment] = (first, second)
        return found

    def starts(self, entry: int) -> list[tuple[int, bool]]:
        """Interval starts that reading ``entry`` stands for; empty where it is left out."""
        moment = self.draft.times[entry]
        if moment.tzinfo is not None:
            return [(micros_of(moment) - self.back // _MICROSECOND, False)]
        if self.zone is None:
            self.report.stop(
                "naive_time",
                "the time has no UTC offset and no zone was declared",
                file=self.draft.files[entry],
                row=self.draft.rows[entry],
                column=self.draft.column,
                value=moment.isoformat(),
            )
        local = moment - self.back
        before, after = self._offsets(local)
        wall = (local - _EPOCH_LOCAL) // _MICROSECOND
        first, second = (wall - offset * MICROSECONDS_PER_SECOND for offset in (before, after))
        if before < after:
            return self._skipped(entry)
        if before == after:
            return [(first, False)]
        if entry in self.single:
            return self._single(entry, first, second)
        later = self.draft.later[entry]
        return [(second if (self.passes[entry] if later is None else later) else first, False)]

    def _skipped(self, entry: int) -> list[tuple[int, bool]]:
        if entry in self.draft.bad and self.draft.bad.pop(entry)[0] in ("empty_cell", "missing_value"):
            self._find("skipped_hour_placeholder", entry, "clocks skipped this hour and the row has no value")
            return []
        repaired = self.options.flag("nonexistent")
        self.dropped += repaired is not None
        zone = getattr(self.zone, "key", "the zone")
        self._find("nonexistent_time", entry, f"clocks in {zone} skipped this time", repaired=repaired)
        return []

    def _single(self, entry: int, first: int, second: int) -> list[tuple[int, bool]]:
        choice = self.options.ambiguous
        zone = getattr(self.zone, "key", "the zone")
        self._find(
            "ambiguous_time",
            entry,
            f"this time came twice in {zone}, the file has it once",
            repaired=self.options.flag("ambiguous"),
        )
        self.chosen += choice is not None
        if choice == "split":
            return [(first, True), (second, True)]
        return [(second if choice == "later" else first, False)]

    def _find(self, code: str, entry: int, message: str, *, repaired: str | None = None) -> None:
        draft = self.draft
        self.report.add_once(
            code,
            message,
            file=draft.files[entry],
            row=draft.rows[entry],
            column=draft.column,
            value=draft.times[entry].isoformat(sep=" "),
            repaired=repaired,
        )

    def tell(self) -> None:
        """Note what was decided."""
        name = self.draft.name
        if self.by_order:
            self.report.add(
                "repeated_hour_by_order",
                f"{self.by_order} readings of {name} in repeated hours were told apart by their order",
                file=self.draft.files[0],
                column=self.draft.column,
            )
        if self.dropped:
            self.report.changed("nonexistent", f"{name}: readings at skipped local times left out", self.dropped)
        if self.chosen:
            rule = {
                "split": "shared equally between both passes",
                "earlier": "given to the first pass",
                "later": "given to the second pass",
            }[self.options.ambiguous or "earlier"]
            self.report.changed("ambiguous", f"{name}: single readings of a repeated hour {rule}", self.chosen)
