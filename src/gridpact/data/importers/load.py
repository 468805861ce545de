"""From files to checked series: reading, placing in time, judging."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from gridpact.data.importers import gridstatus_frame, judge
from gridpact.data.importers.drafts import Draft, Drafts, Quantity, TooManyReadingsError
from gridpact.data.importers.findings import ReadingStoppedError, Report
from gridpact.data.importers.naming import slug
from gridpact.data.importers.options import ImportOptions
from gridpact.data.importers.registry import IMPORTERS, Importer, Kind, importer_named, sniffed
from gridpact.data.importers.regular import Series, regular_series
from gridpact.data.importers.sessions import Session, checked_sessions
from gridpact.data.importers.source import Opened, Source, open_source
from gridpact.data.importers.table import table_of_frame
from gridpact.errors import InputError


@dataclass(slots=True, kw_only=True)
class Loaded:
    """What was read, and what was found on the way."""

    report: Report
    options: ImportOptions
    importer: Importer | None = None
    sources: list[Opened] = field(default_factory=list)
    drafts: Drafts = field(default_factory=Drafts)
    series: list[Series] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)

    @property
    def zone(self) -> ZoneInfo | None:
        """Zone of local times."""
        if self.options.zone is not None:
            return self.options.zone
        return ZoneInfo(self.drafts.zone_name) if self.drafts.zone_name else None

    @property
    def day_zone(self) -> ZoneInfo | None:
        """Zone whose days the data's days are."""
        if self.options.zone is not None:
            return self.options.zone
        return ZoneInfo(self.drafts.day_zone_name) if self.drafts.day_zone_name else None


def load(paths: Sequence[Path], *, kind: str | None = None, options: ImportOptions | None = None) -> Loaded:
    """Read ``paths``, one format for all; everything that is wrong with them is in the report.

    Args:
        paths: files or archives.
        kind: name of an importer, or prices, profiles or sessions; what is left open is told from the content.
        options: declarations and named repairs.

    Raises:
        MissingDataError: a file is not there.
        InputError: no path, or no importer of that name.
    """
    if not paths:
        raise InputError("give at least one file")
    loaded = Loaded(report=Report(), options=options or ImportOptions())
    group = Kind(kind) if kind in set(Kind) else None
    loaded.importer = None if kind is None or group is not None else importer_named(kind)
    try:
        for path in paths:
            opened = open_source(path, loaded.report)
            loaded.sources.append(opened)
            _read_parts(opened, loaded, group)
        loaded.drafts.stop_if_empty(loaded.report, file=loaded.sources[-1].name)
        _place(loaded)
    except TooManyReadingsError as problem:
        action = "choose with --location, --only or --series, or import parts"
        loaded.report.add("too_large", str(problem), file=loaded.sources[-1].name, action=action)
    except ReadingStoppedError:
        loaded.series = []
        loaded.sessions = []
    return loaded


def load_frame(frame: pd.DataFrame, *, name: str = "frame", options: ImportOptions | None = None) -> Loaded:
    """Read a gridstatus price frame; rows count from 1.

    Raises:
        InputError: the columns are not those of such a frame.
    """
    table = table_of_frame(frame, name=name)
    if not gridstatus_frame.is_header(table.columns):
        raise InputError(f"{name} is no gridstatus price frame: it has {', '.join(table.columns)}")
    loaded = Loaded(report=Report(), options=options or ImportOptions(), importer=IMPORTERS["gridstatus"])
    try:
        gridstatus_frame.read_frame(table, loaded.drafts, loaded.options, loaded.report)
        loaded.drafts.stop_if_empty(loaded.report, file=name)
        _place(loaded)
    except ReadingStoppedError:
        loaded.series = []
    return loaded


def _read_parts(opened: Opened, loaded: Loaded, kind: Kind | None) -> None:
    found = [(part, loaded.importer or sniffed(part, kind=kind)) for part in opened.parts]
    if loaded.importer is None:
        loaded.importer = next((importer for _, importer in found if importer is not None), None)
    if loaded.importer is None:
        loaded.report.stop(
            "unknown_format",
            "no importer knows this format",
            file=opened.name,
            row=1,
            value=opened.parts[0].head.splitlines()[0] if opened.parts[0].head.strip() else "",
        )
    for part, importer in found:
        if len(found) > 1 and _foreign(part, importer, loaded.importer):
            loaded.report.add("part_ignored", f"it is not in the format {loaded.importer.name}", file=part.name)
            continue
        loaded.importer.read(part, loaded.drafts, loaded.options, loaded.report)


def _foreign(part: Source, importer: Importer | None, chosen: Importer) -> bool:
    return importer is not chosen or chosen.sniff(part) == 0


def _place(loaded: Loaded) -> None:
    options, report = loaded.options, loaded.report
    if loaded.importer is not None and loaded.importer.kind is Kind.SESSIONS:
        loaded.sessions = checked_sessions(loaded.drafts.sessions, options=options, report=report)
        return
    for draft in _chosen(loaded):
        if draft.quantity.is_price and options.ambiguous == "split":
            raise InputError("--ambiguous split shares energy between two hours; a price cannot be shared")
        series = regular_series(draft, zone=loaded.zone, options=options, report=report)
        if series is not None:
            clock = loaded.day_zone or _written_clock(draft)
            judge.judge_values(series, clock=clock, options=options, report=report)
            judge.judge_days(series, zone=loaded.day_zone, report=report)
            loaded.series.append(series)
    for group in _tables(loaded.series):
        judge.judge_coverage(group, options=options, report=report)
    if not loaded.series and not report.errors:
        report.stop("no_rows", "no reading is left", file=loaded.sources[-1].name if loaded.sources else "frame")


def _tables(all_series: Sequence[Series]) -> list[list[Series]]:
    """Series that must begin and end together: all prices, and a home's load with its controlled load."""
    groups: dict[str, list[Series]] = {}
    for series in all_series:
        if series.quantity.is_price:
            groups.setdefault("", []).append(series)
        elif series.quantity in (Quantity.LOAD, Quantity.CONTROLLED):
            groups.setdefault(series.name.removesuffix(series.quantity.value), []).append(series)
    return list(groups.values())


def _written_clock(draft: Draft) -> tzinfo | None:
    """The offset that a draft's times carry; None where it is UTC's, which may stand for any place."""
    clock = draft.times[0].tzinfo
    return clock if draft.times[0].utcoffset() else None


def _chosen(loaded: Loaded) -> list[Draft]:
    """The drafts that hold readings and that ``--series`` wants."""
    drafts = [draft for draft in loaded.drafts.series.values() if draft.times]
    names = {slug(name) for name in loaded.options.series}
    if not names:
        return drafts
    kept = [draft for draft in drafts if draft.name in names or any(draft.name.startswith(f"{n}_") for n in names)]
    if not kept:
        raise InputError(
            f"--series {', '.join(sorted(names))} is not in the file; it has {', '.join(d.name for d in drafts)}"
        )
    return kept


def has_exports(series: Series) -> bool:
    """Whether a series says that the meter fed in."""
    return series.quantity is Quantity.EXPORT and bool((series.values > 0).any())
