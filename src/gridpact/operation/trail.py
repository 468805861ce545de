"""The trail of a run: its log as a timeline in plain words, whole for the operator."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from gridpact.errors import GridpactError, InputError
from gridpact.market.rules import load_rules, rule_names
from gridpact.operation.runs import matching_folder, replayed_files, restored_day
from gridpact.report.log_words import LogWords, opportunity_of, stages
from gridpact.results.events import EventKind
from gridpact.results.plain import plain, pretty
from gridpact.results.run_folder import RunContent, RunFolder
from gridpact.store.base import Store
from gridpact.store.journal import run_rows
from gridpact.store.upcasting import upcast

SCHEMA = "gridpact.trail/1"
Row = Mapping[str, Any]
_RISKY = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailEntry:
    """One line of a trail."""

    number: int
    """The row of the log, from 0; in an owner's trail the line, from 1."""
    at: datetime | None
    """Simulated time; none where an owner's trail must not tell it."""
    timezone: str
    """Zone of the local time."""
    stage: str
    opportunity_id: str
    """Empty for the day as a whole."""
    kind: str
    text: str

    @property
    def local(self) -> datetime | None:
        """Simulated local time."""
        return None if self.at is None else self.at.astimezone(ZoneInfo(self.timezone))

    def cells(self) -> dict[str, Any]:
        """The entry as plain values, for JSON and CSV."""
        local = self.local
        return {
            "number": self.number,
            "at": None if self.at is None else plain(self.at),
            "local": None if local is None else local.isoformat(),
            "timezone": self.timezone,
            "stage": self.stage,
            "opportunity_id": self.opportunity_id,
            "kind": self.kind,
            "text": self.text,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """What is told of one run, to the operator or to one owner."""

    view: str
    """``operator`` or ``owner``."""
    title: str
    head: Mapping[str, Any]
    """Whose trail it is, and for an owner the figures behind the words; plain values."""
    entries: tuple[TrailEntry, ...]

    def to_json(self) -> str:
        """One JSON document; the same run gives the same bytes."""
        entries = [entry.cells() for entry in self.entries]
        return pretty({"schema": SCHEMA, "view": self.view, **self.head, "entries": entries})

    def to_csv(self) -> str:
        """A header and a line for each entry. What a spreadsheet would take for a formula begins with an apostrophe."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        for number, entry in enumerate(self.entries):
            cells = entry.cells()
            if not number:
                writer.writerow(cells)
            writer.writerow([_harmless(value) for value in cells.values()])
        return text.getvalue()


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_RISKY) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSource:
    """Where a trail's facts come from."""

    rows: Sequence[Row]
    """The log, its chain checked."""
    timezones: Mapping[str, str]
    """Zone of each opportunity's market."""
    content: Callable[[], RunContent]
    """The run's files, read or replayed when they are asked for."""

    @property
    def timezone(self) -> str:
        """Zone of what belongs to no opportunity: that of the first one's market."""
        return next(iter(self.timezones.values()), "UTC")

    @property
    def finished(self) -> bool:
        """Whether the run came to its end."""
        return any(row["kind"] == EventKind.RUN_FINISHED for row in self.rows)


def folder_source(path: Path) -> RunSource:
    """A run folder on disk; no store is needed.

    Raises:
        MissingDataError: it is no run folder.
        InputError: a file is not the one that the run wrote.
        CorruptLogError: its log is damaged.
    """
    folder = RunFolder.open(path)
    folder.check_seals()
    rows = upcast(folder.events())

    def fallback() -> str:
        zones = folder.table("fleet")["timezone"].mode()
        return str(zones.iloc[0])

    return RunSource(rows=rows, timezones=_timezones(rows, fallback), content=lambda: folder)


def stored_source(store: Store, run_id: str) -> RunSource:
    """A run of a store, which must stay open; its files are those of its folder, or a replay's where that is gone.

    Raises:
        StoreError: the store has no such run.
        CorruptLogError: its log is damaged.
    """
    rows = upcast(run_rows(store, run_id))

    def fallback() -> str:
        try:
            with restored_day(store, run_id) as (_, day):
                return day.calls[0].rules.timezone
        except GridpactError:
            return "UTC"

    def content() -> RunContent:
        return matching_folder(store, run_id) or replayed_files(store, run_id)[1]

    return RunSource(rows=rows, timezones=_timezones(rows, fallback), content=content)


def _timezones(rows: Sequence[Row], fallback: Callable[[], str]) -> dict[str, str]:
    """Zone of each opportunity's market, where its rules ship with gridpact; else what ``fallback`` says."""
    found: dict[str, str] = {}
    known = set(rule_names())
    other: str | None = None
    for row in rows:
        if row["kind"] != EventKind.OPPORTUNITY_ANNOUNCED:
            continue
        rules = str(row["payload"].get("rules"))
        if rules in known:
            found[str(row["payload"].get("opportunity_id"))] = load_rules(rules).timezone
        else:
            other = other or fallback()
            found[str(row["payload"].get("opportunity_id"))] = other
    return found


def operator_trail(source: RunSource) -> Trail:
    """Every row of the log as one sentence, by the market's local time.

    Raises:
        InputError: a row lacks what its kind always has.
    """
    run_id = str(source.rows[0]["payload"].get("run", ""))
    tell = LogWords()
    entries = []
    try:
        columns = zip(source.rows, stages(source.rows), opportunity_of(source.rows), strict=True)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise InputError(f"a row of the log is not of a known form: {problem!r}") from problem
    for number, (row, stage, opportunity_id) in enumerate(columns):
        tell.timezone = source.timezones.get(opportunity_id, source.timezone)
        try:
            text = tell.sentence(row)
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            raise InputError(
                f"row {number} of the log ({row['kind']}) is not of a known form: {problem!r}"
            ) from problem
        entries.append(
            TrailEntry(
                number=number,
                at=datetime.fromisoformat(row["at"]),
                timezone=tell.timezone,
                stage=stage,
                opportunity_id=opportunity_id,
                kind=str(row["kind"]),
                text=text,
            )
        )
    return Trail(
        view="operator",
        title=f"Run {run_id}",
        head={"run": run_id, "finished": source.finished, "timezone": source.timezone},
        entries=tuple(entries),
    )
