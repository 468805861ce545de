"""`IntegratedNegotiationSystem`: a market day from request to run folder, and scenario analysis."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from gridpact.errors import InputError, StoreError
from gridpact.flexibility.kernel_model import KernelModel, compile_ahead, is_compiled
from gridpact.flexibility.model import FlexibilityModel
from gridpact.language.questions import Talker
from gridpact.language.opening import check_openable
from gridpact.operation.day import run_market_day
from gridpact.operation.inputs import DayRequest, MarketDay, prepare_day, with_price
from gridpact.operation.kept import keep_inputs
from gridpact.operation.runs import check_resumable, restored_day
from gridpact.operation.scenarios import ScenarioAnalysis, analyse, folder_name
from gridpact.operation.telemetry import watched_run
from gridpact.results.run_folder import RunFolder, check_destination
from gridpact.store.base import Store
from gridpact.store.journal import Journal
from gridpact.store.memory import MemoryStore

RUNS = Path("runs")


class IntegratedNegotiationSystem:
    """Runs market days end to end and writes their run folders."""

    def __init__(
        self,
        *,
        model: FlexibilityModel | None = None,
        progress: Callable[[str], None] = lambda stage: None,
        counter: Callable[[int, int], None] = lambda done, total: None,
        store: Store | None = None,
        talker: Talker | None = None,
    ) -> None:
        """Set what prices flexibility, who is told of each stage and of how many homes it has done, and the store.

        By default the compiled kernel, on all processors; only that one counts homes. Without a store, logs lie in
        memory while a run is under way: it leaves its folder, and cannot be gone on with after a crash. ``talker`` is a
        language model that is open already.
        """
        self._store = store
        self._talker = talker
        self._model = model
        self._progress = progress
        self._counter = counter

    def run(self, request: DayRequest | None = None, *, out: Path | None = None, fresh: bool = False) -> RunFolder:
        """Run one market day and write its folder, ``runs/<run id>`` by default.

        A day whose log is in the store already is gone on with from where it was broken off, and answered from the log
        where it is finished. ``fresh`` sets that log aside and begins anew.

        Raises:
            InputError: the request cannot be used; nothing is written.
            MarketRuleError: an opportunity breaks its market's rules.
            InfeasibleError: a home's own data allow no schedule.
            StoreError: the folder or the log cannot be written; what was there is untouched.
            EventConflictError: another process runs the same day in the same store.
            DivergenceError: the log of the same day was made by other code.
        """
        if out is not None:
            check_destination(out)
        request = request or DayRequest()
        day = prepare_day(request)
        check_openable(day.llm, limits=day.limits)
        target = out if out is not None else RUNS / day.run_id
        check_destination(target)
        self._say_how_read(day)
        return self._run(day, request, target, fresh=fresh)

    def resume(self, run_id: str, *, out: Path | None = None) -> RunFolder:
        """Go on with a run of the store from what its log keeps, and write its folder where it was to be.

        Raises:
            InputError: another version of gridpact began it.
            StoreError: there is no store, or it has no such run.
            CorruptLogError: its log is damaged.
        """
        if self._store is None:
            raise StoreError("there is no store to resume a run from")
        state = check_resumable(self._store, run_id)
        places = [Path(attempt.place) for attempt in state.attempts if attempt.place]
        target = out or (places[-1] if places else RUNS / run_id)
        check_destination(target)
        with restored_day(self._store, run_id) as (request, day):
            return self._run(day, request, target)

    def run_scenarios(
        self,
        request: DayRequest | None = None,
        *,
        prices: Sequence[float] = (120.0, 80.0, 45.0),
        out: Path | None = None,
    ) -> ScenarioAnalysis:
        """Run the same day at each of ``prices`` [USD/MWh, or USD/MW per h], and judge whether it pays.

        Raises:
            InputError: as for `run`.
        """
        base = request or DayRequest()
        check_openable(base.llm, limits=base.limits)
        root = out if out is not None else RUNS / "scenarios"
        # Every day is checked before the first one is written.
        days = []
        for price in prices:
            target = root / folder_name(price)
            check_destination(target)
            days.append((price, prepare_day(with_price(base, price)), target))
        folders = []
        self._say_how_read(days[0][1])
        for price, day, target in days:
            self._progress(f"market price {price:g}")
            folders.append((price, self._run(day, with_price(base, price), target)))
        return analyse(folders, path=root)

    def _say_how_read(self, day: MarketDay) -> None:
        if day.fleet_notes:
            self._progress(
                f"reading the fleet, with {len(day.fleet_notes)} of the notes that 'gridpact fleet validate' lists"
            )

    def _run(self, day: MarketDay, request: DayRequest, target: Path, *, fresh: bool = False) -> RunFolder:
        place = str(target.resolve())
        if any("\ud800" <= sign <= "\udfff" for sign in place):
            raise InputError(f"the name of the run folder is not UTF-8 text: {place!r}; choose another with --out")
        if self._model is None and not is_compiled():
            self._progress("compiling for this machine, once (half a minute)")
            compile_ahead()
        store = self._store if self._store is not None else MemoryStore()
        opportunities = [call.opportunity.opportunity_id for call in day.calls]
        with ExitStack() as stack:
            stack.enter_context(watched_run(day.run_id, homes=len(day.fleet), opportunity_ids=opportunities))
            stack.enter_context(store.writing(day.run_id))
            if fresh and store.length(day.run_id):
                self._progress(f"setting the earlier log aside as {store.set_aside(day.run_id)}")
            journal = Journal(store, day.run_id)
            if journal.recorded:
                self._progress(f"going on with run {day.run_id} after {journal.recorded} rows of its log")
            attempt = store.begin_attempt(day.run_id, began=datetime.now(UTC), place=place)
            stack.push(partial(_end_attempt, store, day.run_id, attempt))
            names = journal.kept
            if names is None:
                kept = keep_inputs(request, day)
                journal.keep(kept.books)
                names = kept.names
            pool = stack.enter_context(ThreadPoolExecutor(max_workers=os.cpu_count()))
            model = self._model or KernelModel(spread=pool.map, counter=self._counter)
            finished = run_market_day(
                day, model=model, journal=journal, kept=names, progress=self._progress, talker=self._talker
            )
            self._progress("writing the run folder and the report")
            return finished.write(target)


def _end_attempt(
    store: Store,
    run_id: str,
    number: int,
    kind: type[BaseException] | None,
    problem: BaseException | None,
    trace: object,
) -> None:
    """Note how an attempt ended; never instead of what ended it."""
    outcome = "finished" if kind is None else f"{kind.__name__}: {problem}"
    try:
        store.end_attempt(run_id, number, ended=datetime.now(UTC), outcome=outcome[:500])
    except StoreError:
        if kind is None:
            raise
