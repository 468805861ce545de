"""One regular series from readings in any order: duplicates, gaps and off-grid times, and the named repairs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from gridpact.data.importers.drafts import ENERGY_UNITS, POWER_UNITS, Draft, Quantity
from gridpact.data.importers.findings import Report
from gridpact.data.importers.instants import MICROSECONDS_PER_SECOND, Instants, instants_of, step_seconds
from gridpact.data.importers.limits import MAX_GRID_INTERVALS
from gridpact.data.importers.options import ImportOptions

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
HOUR_S = 3600
WEEK_MICROS = 7 * 24 * HOUR_S * MICROSECONDS_PER_SECOND


@dataclass(slots=True, kw_only=True)
class Series:
    """A series on a regular UTC grid; intervals that are left out are NaN."""

    draft: Draft
    """Where it comes from."""
    start_micros: int
    """First interval start, microseconds since 1970 UTC."""
    step_s: int
    values: Floats
    """In the draft's unit."""
    entries: Ints
    """Entry of the draft behind each interval; -1 where there is none."""

    @property
    def name(self) -> str:
        """What it is called."""
        return self.draft.name

    @property
    def quantity(self) -> Quantity:
        """What it measures."""
        return self.draft.quantity

    @property
    def micros(self) -> Ints:
        """Interval starts, microseconds since 1970 UTC."""
        return self.start_micros + np.arange(len(self.values), dtype=np.int64) * self.step_s * MICROSECONDS_PER_SECOND

    def place_of(self, interval: int) -> tuple[str, int | None]:
        """File and row behind an interval; no row where it was filled."""
        entry = int(self.entries[interval])
        if entry < 0:
            return self.draft.files[0], None
        return self.draft.files[entry], self.draft.rows[entry]

    @property
    def stop_micros(self) -> int:
        """End of the last interval."""
        return self.start_micros + len(self.values) * self.step_s * MICROSECONDS_PER_SECOND


def kw_per_unit(series: Series) -> float:
    """Factor from a household series' unit to mean power [kW]."""
    unit = series.draft.unit
    return POWER_UNITS[unit] if unit in POWER_UNITS else ENERGY_UNITS[unit] * HOUR_S / series.step_s


def regular_series(draft: Draft, *, zone: ZoneInfo | None, options: ImportOptions, report: Report) -> Series | None:
    """Place a draft on a regular grid; None where its step cannot be told, with the finding in the report.

    Raises:
        ReadingStoppedError: times have no offset and there is no zone.
    """
    step_s = step_seconds(draft)
    if step_s is None:
        step_s = HOUR_S
        if len(draft.times) > 1:
            report.add(
                "duplicate_conflict" if len(set(draft.values)) > 1 else "duplicate_identical",
                "every row has the same time",
                file=draft.files[0],
                row=draft.rows[1],
                column=draft.column,
                value=draft.times[1].isoformat(),
            )
            return None
    at = instants_of(draft, zone=zone, options=options, report=report, step_s=step_s)
    _report_bad_cells(draft, at, options, report)
    if not len(at.place):
        return None
    values = np.asarray(draft.values)[at.place] * np.where(at.halved, 0.5, 1.0)
    _check_order(draft, at, report)
    order = np.argsort(at.micros, kind="stable")
    at = Instants(place=at.place[order], micros=at.micros[order], halved=at.halved[order])
    values = values[order]
    at, values = _without_bad(draft, at, values)
    if not len(at.place):
        return None
    at, values = _without_duplicates(draft, at, values, options, report)
    return _on_grid(draft, at, values, step_s=step_s, zone=zone, options=options, report=report)


def _report_bad_cells(draft: Draft, at: Instants, options: ImportOptions, report: Report) -> None:
    repaired = options.flag("bad_cells")
    kept = set(at.place.tolist())
    said = {
        "empty_cell": "the value is empty",
        "missing_value": "the value is written as missing",
        "not_finite": "the value is infinite",
        "out_of_range": "the number is beyond anything that is measured",
        "spreadsheet_error": "a spreadsheet's error stands in place of the value",
        "thousands_separator": "the number has a separator of thousands",
        "decimal_comma": "the number has a decimal comma",
    }
    count = 0
    for entry, (code, text) in draft.bad.items():
        if entry in kept:
            count += 1
            report.add(
                code,
                said.get(code, "the value is not a number"),
                file=draft.files[entry],
                row=draft.rows[entry],
                column=draft.column,
                value=text,
                repaired=repaired,
            )
    if repaired:
        report.changed("bad_cells", f"{draft.name}: cells without a number counted as gaps", count)


def _check_order(draft: Draft, at: Instants, report: Report) -> None:
    first = np.unique(at.place, return_index=True)[1]
    back = np.flatnonzero(np.diff(at.micros[first]) < 0)
    if len(back):
        entry = int(at.place[first[back[0] + 1]])
        report.add_once(
            "unsorted_rows",
            f"{len(back)} rows of {draft.column!r} are earlier than the row before",
            file=draft.files[entry],
            row=draft.rows[entry],
            value=draft.times[entry].isoformat(),
        )


def _without_bad(draft: Draft, at: Instants, values: Floats) -> tuple[Instants, Floats]:
    keep = ~np.isin(at.place, np.fromiter(draft.bad, dtype=np.int64, count=len(draft.bad)))
    return Instants(place=at.place[keep], micros=at.micros[keep], halved=at.halved[keep]), values[keep]


def _without_duplicates(
    draft: Draft, at: Instants, values: Floats, options: ImportOptions, report: Report
) -> tuple[Instants, Floats]:
    """One reading for each time; those that are there twice are reported, and chosen from as the user said."""
    firsts = np.flatnonzero(np.concatenate([[True], np.diff(at.micros) > 0]))
    if len(firsts) == len(at.micros):
        return at, values
    stops = np.append(firsts[1:], len(at.micros))
    kept = firsts.copy()
    chosen = values[firsts].copy()
    dropped = 0
    for number in np.flatnonzero(stops - firsts > 1):
        begin, end = firsts[number], stops[number]
        same = bool(np.all(values[begin:end] == values[begin]))
        repaired = options.flag("duplicates", where=same or options.duplicates != "identical")
        dropped += int(end - begin - 1) if repaired else 0
        for place in range(begin + 1, end):
            entry = int(at.place[place])
            report.add(
                "duplicate_identical" if same else "duplicate_conflict",
                f"this time is also in row {draft.rows[int(at.place[begin])]}"
                + ("" if same else f" with {values[begin]:g}, here {values[place]:g}"),
                file=draft.files[entry],
                row=draft.rows[entry],
                column=draft.column,
                value=draft.times[entry].isoformat(),
                repaired=repaired,
            )
        if repaired and options.duplicates == "last":
            kept[number], chosen[number] = end - 1, values[end - 1]
        elif repaired and options.duplicates == "mean":
            chosen[number] = float(np.mean(values[begin:end]))
    report.changed("duplicates", f"{draft.name}: kept {options.duplicates} of readings at one time", dropped)
    return Instants(place=at.place[kept], micros=at.micros[kept], halved=at.halved[kept]), chosen


def _on_grid(
    draft: Draft,
    at: Instants,
    values: Floats,
    *,
    step_s: int,
    zone: ZoneInfo | None,
    options: ImportOptions,
    report: Report,
) -> Series | None:
    step = step_s * MICROSECONDS_PER_SECOND
    for entry in at.place.tolist():
        stated = draft.seconds[entry]
        if stated is not None and stated != step_s:
            report.add_once(
                "duration_mismatch" if stated > 0 else "end_before_start",
                f"the interval is {stated} s long, the others are {step_s} s",
                file=draft.files[entry],
                row=draft.rows[entry],
                column=draft.column,
                value=draft.times[entry].isoformat(),
            )
    phases, counts = np.unique(at.micros % step, return_counts=True)
    phase = int(phases[np.argmax(counts)])
    for entry in at.place[at.micros % step != phase].tolist():
        report.add_once(
            "off_grid",
            f"the time is not on the {timedelta(seconds=step_s)} grid of the others",
            file=draft.files[entry],
            row=draft.rows[entry],
            column=draft.column,
            value=draft.times[entry].isoformat(),
        )
    on = at.micros % step == phase
    place, micros, values = at.place[on], at.micros[on], values[on]
    length = int((micros[-1] - micros[0]) // step) + 1
    if length > MAX_GRID_INTERVALS or length > 1000 * (len(micros) + 10):
        entry = int(place[-1])
        report.add(
            "span_too_long",
            f"the times span {length} intervals of {step_s} s, of which the file has {len(micros)}",
            file=draft.files[entry],
            row=draft.rows[entry],
            value=draft.times[entry].isoformat(),
        )
        return None
    slots = (micros - micros[0]) // step
    grid = np.full(length, np.nan)
    entries = np.full(length, -1, dtype=np.int64)
    grid[slots] = values
    entries[slots] = place
    series = Series(draft=draft, start_micros=int(micros[0]), step_s=step_s, values=grid, entries=entries)
    _gaps(series, place, slots, zone=zone, options=options, report=report)
    return series


def _gaps(
    series: Series, place: Ints, slots: Ints, *, zone: ZoneInfo | None, options: ImportOptions, report: Report
) -> None:
    """Report what is missing inside the span, and fill it as the user said."""
    draft = series.draft
    filled: list[str] = []
    left = 0
    before = series.values.copy()
    for number in np.flatnonzero(np.diff(slots) > 1):
        low, high = int(slots[number]) + 1, int(slots[number + 1])
        entry = int(place[number + 1])
        missing = high - low
        hours = missing * series.step_s / HOUR_S
        first = _moment(int(series.micros[low]))
        here: dict[str, Any] = {"file": draft.files[entry], "row": draft.rows[entry], "value": first.isoformat()}
        message = f"{missing} intervals ({hours:g} h) are missing before this row, from {first.isoformat()}"
        method = options.fill_gaps
        code = "repeated_hour_missing" if zone is not None and _second_pass(first, zone, hours) else "gap"
        if method is None:
            report.add_once(code, message, **here)
        elif method == "leave":
            report.add_once(code, f"{message}; left out as asked", repaired=options.flag("fill_gaps"), **here)
            left += missing
        elif hours > options.max_gap_h:
            report.add_once("gap_too_long", f"{message}; --max-gap is {options.max_gap_h:g} h", **here)
        elif _filled(series, before, low, high, method):
            report.add_once(code, f"{message}; filled by {method}", repaired=options.flag("fill_gaps"), **here)
            filled += [_moment(int(micro)).isoformat() for micro in series.micros[low:high]]
        else:
            report.add_once("gap_unfillable", f"{message}; {method} has nothing to fill it from", **here)
    report.changed("fill_gaps", f"{series.name}: missing intervals filled by {options.fill_gaps}", len(filled), filled)
    report.changed("fill_gaps", f"{series.name}: missing intervals left out", left)


def _filled(series: Series, before: Floats, low: int, high: int, method: str) -> bool:
    if method == "linear":
        width = high - low + 1
        part = np.arange(1, width) / width
        series.values[low:high] = before[low - 1] * (1 - part) + before[high] * part
    elif method == "previous":
        series.values[low:high] = before[low - 1]
    else:
        week = WEEK_MICROS // (series.step_s * MICROSECONDS_PER_SECOND)
        if low < week:
            return False
        series.values[low:high] = series.values[low - week : high - week]
    return bool(np.isfinite(series.values[low:high]).all())


def _second_pass(first: datetime, zone: ZoneInfo, hours: float) -> bool:
    return hours <= 1 and first.astimezone(zone).fold == 1


def _moment(micros: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
