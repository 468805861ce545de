"""One seed, one market day with faults on the real code: run, crash, go on, until it is done; then every check."""

import hashlib
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from gridpact.errors import CorruptLogError, GridpactError, StoreError
from gridpact.fleet.fleet import Fleet
from gridpact.flexibility.kernel_model import KernelModel
from gridpact.operation import assembly
from gridpact.operation.inputs import DayRequest, prepare_day
from gridpact.operation.runs import fold, read_run, replay_run, verify_run
from gridpact.operation.system import IntegratedNegotiationSystem
from gridpact.store.journal import Effect, Journal
from gridpact.store.memory import MemoryStore
from gridpact_audit.audit import audit
from random_days import random_request
from simulation.faults import Crash, FaultKind, FaultyStore, draw_faults
from simulation.senders import write_script
from simulation.watch import BrokenError, Watch

MOST_ATTEMPTS = 40
STRATEGIES = (
    "truthful",
    "concession",
    "concession",
    "tit_for_tat",
    "simulation.agents:Erratic",
    "simulation.agents:Generous",
    "simulation.agents:Retreating",
)
MOST_WRITES = 18
UNSEEN_REPORT = "<!doctype html><html><body>a simulated day</body></html>"


@dataclass(slots=True, kw_only=True)
class Day:
    """What became of one simulated day."""

    seed: int
    outcome: str
    faults: list[FaultKind] = field(default_factory=list)
    attempts: int = 1
    rows: int = 0
    messages: Counter[str] = field(default_factory=Counter)
    """By verdict, those refused by reason."""
    executed: Counter[str] = field(default_factory=Counter)


def draw_request(seed: int, root: Path, *, most_homes: int = 6) -> DayRequest:
    """The day that ``seed`` stands for; a script of messages is written below ``root``."""
    rng = np.random.default_rng([7, seed])
    # Every third random day has heat stores, which are solved one by one: a few of those are enough.
    number = seed * 3 + (0 if rng.random() < 0.02 else int(rng.integers(1, 3)))
    request = random_request(number, most_homes=most_homes)
    request = replace(request, strategy=str(rng.choice(STRATEGIES)), seed=seed)
    if rng.random() < 0.6:
        return request
    return _with_messages(request, root / f"messages-{seed}.jsonl", rng)


def _with_messages(request: DayRequest, path: Path, rng: np.random.Generator) -> DayRequest:
    """The same day with some homes, and sometimes the market, outside."""
    fleet = request.fleet
    assert isinstance(fleet, Fleet)
    outside = tuple(home for home in fleet.home_ids if rng.random() < 0.7)
    market = not outside or bool(rng.random() < 0.4)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    request = replace(request, outside=outside, outside_market=market, messages=path)
    write_script(prepare_day(request), path, rng, market=market)
    return request


def simulate(seed: int, root: Path, *, audited: bool = True, request: DayRequest | None = None) -> Day:
    """Live through day ``seed``; raises an AssertionError that names the seed where anything is wrong."""
    try:
        return _simulate(seed, root, audited=audited, request=request or draw_request(seed, root))
    except AssertionError as problem:
        raise BrokenError(f"seed {seed}: {problem}") from problem
    except (GridpactError, ArithmeticError, LookupError, TypeError, ValueError) as problem:
        raise BrokenError(f"seed {seed}: {type(problem).__name__}: {problem}") from problem


def _simulate(seed: int, root: Path, *, audited: bool, request: DayRequest) -> Day:
    rng = np.random.default_rng([11, seed])
    watch = Watch()
    store = FaultyStore(MemoryStore(), draw_faults(rng, writes=MOST_WRITES), seen=watch)
    run_id = prepare_day(request).run_id
    day = Day(seed=seed, outcome="")
    out = root / f"day-{seed}"
    with counted(day.executed, drawn=seed % 8 == 0):
        folder = None
        while folder is None:
            before = set(watch.done)
            day.executed.clear()
            system = IntegratedNegotiationSystem(model=KernelModel(), store=store)  # type: ignore[arg-type]
            try:
                if store.inner.length(run_id) and rng.random() < 0.7:
                    folder = system.resume(run_id, out=out)
                else:
                    folder = system.run(request, out=out)
            except Crash:
                store.reopen()
            except CorruptLogError:
                assert store.flipped is not None, "the log is called corrupt, and nothing happened to it"
                store.flipped = None  # restored from a copy
            except StoreError:
                assert store.happened, "the store is said to have failed, and it did not"
            again = before & set(day.executed)
            assert not again, f"done effects were repeated: {sorted(again)}"
            twice = [key for key, times in day.executed.items() if times > 1]
            assert not twice, f"effects were done twice in one attempt: {twice}"
            day.attempts += 1
            assert day.attempts < MOST_ATTEMPTS, "the day never ends"
            if store.flipped is FaultKind.ROW_FLIPPED:
                assert folder is None, "a flipped bit of the log went unnoticed"
    assert watch.rows[-1]["kind"] == "published"
    state, folded = read_run(store.inner, run_id), fold(run_id, watch.rows)
    assert replace(state, attempts=()) == folded, "the stored state is not the fold of what was seen"
    check = verify_run(store.inner, run_id)
    assert not check.problems, check.problems
    content = folder.read("result.json")
    assert replay_run(store.inner, run_id).result_json == content, "a replay gives another result"
    result = folder.result
    assert result["checks"]["ledger_sum_microusd"] == 0, "the ledger does not sum to zero"
    assert result["checks"]["preferences_broken"] == result["checks"]["double_sold"] == 0
    if audited:
        report = audit(folder.path)
        assert not report.failed, report.to_text()
    if day.attempts > 2 and seed % 5 == 0:
        calm = IntegratedNegotiationSystem(model=KernelModel()).run(request, out=root / f"calm-{seed}")
        # Digests of owners' words are keyed with secrets of the store, so that logs with any differ between stores; and
        # words that were not received before a crash are lost to a run that goes on from its log alone.
        noted = b'"note":"' in calm.read("events.jsonl") + folder.read("events.jsonl")
        for file in ("result.json", "ledger.csv", "dispatch.parquet", *(() if noted else ("events.jsonl",))):
            assert calm.read(file) == folder.read(file), f"faults changed {file}"
    shutil.rmtree(out, ignore_errors=True)
    shutil.rmtree(root / f"calm-{seed}", ignore_errors=True)
    day.messages.update(_verdict(row["payload"]["receipt"]) for row in watch.rows if row["kind"] == "message_received")
    day.outcome, day.faults, day.rows = str(result["outcome"]), store.happened, len(watch.rows)
    return day


@contextmanager
def counted(executed: Counter[str], *, drawn: bool) -> Iterator[None]:
    """Count from outside every effect that is really done; the report is drawn only where ``drawn``."""
    original = Journal.effect

    def effect(self: Journal, effect: Effect, do: Callable[[], Any], **how: Any) -> Any:
        def done() -> Any:
            executed[effect.key] += 1
            return do()

        return original(self, effect, done, **how)

    with (
        mock.patch.object(Journal, "effect", effect),
        mock.patch.object(assembly, "render_report", assembly.render_report if drawn else _no_report),
    ):
        yield


def _no_report(*_: object, **__: object) -> str:
    return UNSEEN_REPORT


def _verdict(receipt: dict[str, Any]) -> str:
    return str(receipt["reason"] if receipt["verdict"] == "refused" else receipt["verdict"])


def digest(day: Day) -> str:
    """A day's outcome as text that must be the same each time."""
    return hashlib.sha256(repr((day.seed, day.outcome, day.faults, day.attempts, day.rows)).encode()).hexdigest()
