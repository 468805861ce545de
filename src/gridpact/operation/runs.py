"""Runs by their logs: which there are, going on with one that was broken off, checking one, replaying one."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from gridpact.errors import CorruptLogError, GridpactError, InputError, StoreError
from gridpact.flexibility.batch import CurveBatch, HomeBatch, ScheduleBatch
from gridpact.flexibility.model import Tally
from gridpact.operation.day import run_market_day
from gridpact.operation.inputs import DayRequest, MarketDay, prepare_day
from gridpact.operation.kept import restore_request
from gridpact.operation.telemetry import watched_run
from gridpact.results.events import EventKind, read_events
from gridpact.results.run_folder import RunFiles, RunFolder
from gridpact.store.archive import books_of
from gridpact.store.base import Attempt, Store
from gridpact.store.journal import Journal, run_rows
from gridpact.store.upcasting import upcast


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """A run as its log tells it: a fold over the rows."""

    run_id: str
    version: str
    """Of the gridpact that ran it."""
    seed: int
    homes: int
    opportunities: tuple[str, ...]
    rows: int
    stage: str
    """Kind of the last row."""
    finished: bool
    outcome: str | None
    """The run's outcome once it is finished."""
    effects_done: tuple[str, ...]
    effect_open: str | None
    """What was under way when the log ends, in words."""
    kept: Mapping[str, str]
    """Books of what was asked."""
    attempts: tuple[Attempt, ...] = ()
    problem: str | None = None
    """What is wrong with the log, where it cannot be read."""


def list_states(store: Store) -> tuple[RunState, ...]:
    """Every run of a store, oldest first; one whose log is damaged says so."""
    found = []
    for run_id in store.run_ids():
        try:
            found.append(read_run(store, run_id))
        except CorruptLogError as problem:
            found.append(
                RunState(
                    run_id=run_id,
                    version="",
                    seed=0,
                    homes=0,
                    opportunities=(),
                    rows=0,
                    stage="",
                    finished=False,
                    outcome=None,
                    effects_done=(),
                    effect_open=None,
                    kept={},
                    problem=str(problem),
                )
            )
    return tuple(found)


def read_run(store: Store, run_id: str) -> RunState:
    """The state of a run.

    Raises:
        StoreError: the store has no such run.
        CorruptLogError: its log is damaged.
    """
    rows = run_rows(store, run_id)
    try:
        return fold(run_id, upcast(rows), store.attempts(run_id))
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise CorruptLogError(f"{store.name}: a row of run {run_id} is not of a known form: {problem!r}") from problem


def fold(run_id: str, rows: list[dict[str, Any]], attempts: tuple[Attempt, ...] = ()) -> RunState:
    """The state that ``rows`` lead to."""
    started, read = rows[0]["payload"], {}
    opportunities, done, open_effect, outcome = [], [], None, None
    for row in rows:
        payload = row["payload"]
        match row["kind"]:
            case EventKind.INPUTS_READ:
                read = payload
            case EventKind.OPPORTUNITY_ANNOUNCED:
                opportunities.append(str(payload["opportunity_id"]))
            case EventKind.EFFECT_BEGUN:
                open_effect = payload["what"]
            case EventKind.EFFECT_DONE:
                done.append(str(payload["effect"]))
                open_effect = None
            case EventKind.RUN_FINISHED:
                outcome = str(payload["outcome"])
    return RunState(
        run_id=run_id,
        version=str(started["version"]),
        seed=started["seed"],
        homes=read.get("homes", 0),
        opportunities=tuple(opportunities),
        rows=len(rows),
        stage=rows[-1]["kind"],
        finished=outcome is not None,
        outcome=outcome,
        effects_done=tuple(done),
        effect_open=open_effect,
        kept=dict(read.get("kept", {})),
        attempts=attempts,
    )


@contextmanager
def restored_day(store: Store, run_id: str, *, release: str | None = None) -> Iterator[tuple[DayRequest, MarketDay]]:
    """What a run was asked and the day that it makes, from its log alone; files of it stay for the block.

    Raises:
        StoreError: the log holds no inputs.
        CorruptLogError: what it holds is damaged, or makes another run.
    """
    state = read_run(store, run_id)
    if not state.kept:
        raise StoreError(f"the log of run {run_id} does not keep what the run was asked; run it again from its files")
    with TemporaryDirectory(prefix="gridpact-") as folder:
        request = restore_request(state.kept, store, folder=Path(folder))
        day = prepare_day(request, release=release or state.version)
        if day.run_id != run_id.split("~")[0] and request.messages is not None:
            day = prepare_day(request, release=release or state.version, digest_words=True)
        if day.run_id != run_id.split("~")[0]:
            raise CorruptLogError(f"{store.name}: what is kept of run {run_id} makes run {day.run_id}")
        yield request, day


def check_resumable(store: Store, run_id: str) -> RunState:
    """The state of a run that can be gone on with.

    Raises:
        InputError: another version of gridpact began it, or it was set aside.
    """
    state = read_run(store, run_id)
    if "~" in run_id:
        raise InputError(
            f"run {run_id} was set aside, and can be shown, verified and replayed; what goes on is run "
            f"{run_id.split('~')[0]}"
        )
    ours = version("gridpact")
    if state.version != ours:
        raise InputError(
            f"run {run_id} was begun by gridpact {state.version} and this is {ours}; finish it with that version, or "
            "run its inputs again with this one"
        )
    return state


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a replay of a log gives."""

    run_id: str
    rows: int
    """Rows that were gone over, every one equal."""
    result_json: bytes
    outcome: str


def replay_run(store: Store, run_id: str) -> Replayed:
    """Run a finished run again over its log, with no model and no solver, comparing every row.

    Raises:
        DivergenceError: the code that runs now comes to another row; the message names the first.
        UnfinishedLogError: the log ends before the run does.
        CorruptLogError: the log or a book is damaged.
    """
    rows, files = replayed_files(store, run_id)
    return Replayed(
        run_id=run_id,
        rows=len(rows),
        result_json=files.read("result.json"),
        outcome=rows[-1]["payload"]["outcome"],
    )


def replayed_files(store: Store, run_id: str) -> tuple[list[dict[str, Any]], RunFiles]:
    """The rows of a finished run and its files, as a replay makes them in memory.

    Raises:
        DivergenceError, UnfinishedLogError, CorruptLogError: see `replay_run`.
    """
    with restored_day(store, run_id) as (_, day):
        journal = Journal(store, run_id, replay=True)
        opportunities = [call.opportunity.opportunity_id for call in day.calls]
        with watched_run(day.run_id, homes=len(day.fleet), opportunity_ids=opportunities):
            finished = run_market_day(day, model=_NoModel(), journal=journal, kept=journal.kept)
            files = finished.seal(Path(run_id))
        return journal.rows(), files


def matching_folder(store: Store, run_id: str) -> RunFolder | None:
    """The folder that the run last wrote, where it is there and is whole, file by file, as the store's log says."""
    folder = _folder_of(store, run_id)
    if folder is None:
        return None
    rows = run_rows(store, run_id)
    try:
        found = RunFolder.open(folder)
        theirs = found.events()
        found.check_seals()
    except GridpactError:
        return None
    return found if theirs and theirs == rows[: len(theirs)] else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCheck:
    """What a check of a stored run looked at, and what it found wrong."""

    run_id: str
    rows: int
    books: int
    folder: str | None
    """The run folder that was compared; None if none is known."""
    problems: tuple[str, ...]


def verify_run(store: Store, run_id: str) -> RunCheck:
    """Check a stored run: the chain, every book, the order of effects, and the folder that it last wrote.

    Raises:
        StoreError: the store has no such run, or cannot be read.
    """
    problems: list[str] = []
    try:
        rows = run_rows(store, run_id)
    except CorruptLogError as problem:
        return RunCheck(run_id=run_id, rows=0, books=0, folder=None, problems=(str(problem),))
    digests = books_of(rows)
    for digest in digests:
        try:
            store.book(digest)
        except CorruptLogError as problem:
            problems.append(str(problem))
    problems += _effects_out_of_order(rows)
    try:
        read_run(store, run_id)
    except CorruptLogError as problem:
        problems.append(str(problem))
    folder = _folder_of(store, run_id)
    if folder is not None:
        problems += _folder_problems(folder, rows)
    return RunCheck(
        run_id=run_id,
        rows=len(rows),
        books=len(digests),
        folder=None if folder is None else str(folder),
        problems=tuple(problems),
    )


def _effects_out_of_order(rows: list[dict[str, Any]]) -> list[str]:
    problems, begun, done = [], set(), set()
    for number, row in enumerate(rows):
        key = row["payload"].get("effect")
        if row["kind"] == EventKind.EFFECT_BEGUN:
            if key in begun:
                problems.append(f"row {number}: the effect {key} begins twice")
            begun.add(key)
        elif row["kind"] == EventKind.EFFECT_DONE:
            if key not in begun or key in done:
                problems.append(f"row {number}: an outcome of {key}, which was not under way")
            done.add(key)
    return problems


def _folder_of(store: Store, run_id: str) -> Path | None:
    places = [attempt.place for attempt in store.attempts(run_id) if attempt.place]
    known = [Path(place) for place in places if (Path(place) / "events.jsonl").is_file()]
    return known[-1] if known else None


def _folder_problems(folder: Path, rows: list[dict[str, Any]]) -> list[str]:
    """Whether the folder's log is that of the store, and its files are those that the log names."""
    try:
        theirs = read_events((folder / "events.jsonl").read_bytes(), source=str(folder / "events.jsonl"))
    except (GridpactError, OSError) as problem:
        return [str(problem)]
    if not theirs or theirs[0]["payload"].get("run") != rows[0]["payload"].get("run"):
        return []  # another run has taken the folder since
    if theirs != rows[: len(theirs)]:
        return [f"{folder / 'events.jsonl'} is not the log that the store holds"]
    problems = []
    sealed: dict[str, str] = next(
        (row["payload"]["sha256"] for row in theirs if row["kind"] == EventKind.FILES_WRITTEN), {}
    )
    for file, digest in sealed.items():
        path = folder / file
        found = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
        if found != digest:
            problems.append(f"{path} is {'missing' if found is None else 'not the file that the run wrote'}")
    return problems


class _NoModel:
    """Stands where a replay must not ask a model."""

    tally = Tally()

    def baselines(self, homes: HomeBatch) -> ScheduleBatch:
        """Refuse."""
        self._refuse()

    def cost_curves(self, *_: object, **__: object) -> CurveBatch:
        """Refuse."""
        self._refuse()

    def schedules(self, *_: object, **__: object) -> NoReturn:
        """Refuse."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise StoreError("a replay asked the homes' model; this is a mistake in gridpact")
