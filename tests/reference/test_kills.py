"""Kill -9 before and after every durable write of a run: going on comes to the same end and repeats nothing done.

Every run is begun and gone on with in processes of their own, forked once everything is imported, so that a kill is a
real one: nothing is cleaned up, no handler runs.
"""

import hashlib
import json
import os
import signal
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest

from gridpact.flexibility.kernel_model import KernelModel, compile_ahead
from gridpact.operation import assembly
from gridpact.operation.inputs import DayRequest, prepare_day
from gridpact.operation.system import IntegratedNegotiationSystem
from gridpact.results.run_folder import SEALED_FILES
from gridpact.store.base import Store
from gridpact.store.journal import Effect, Journal
from gridpact.store.opening import open_store
from servers import postgres_url
from simulation.driver import draw_request

__all__ = ["postgres_url"]

RUNS = tuple(range(1, 21))
"""Seeds of 20 varied days: products, strategies, drop-outs, silence, several opportunities, messages from outside."""
SAMPLED = (3, 16)
KINDS = ("sqlite", "postgresql")
WRITES = ("append", "begin_attempt", "end_attempt")
KILLED = -signal.SIGKILL


class KillingStore:
    """Ends the process before or after one of its writes."""

    def __init__(self, inner: Store, *, at: int, after: bool) -> None:
        self._inner, self._at, self._after, self._count = inner, at, after, 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in WRITES:
            return found

        def write(*args: Any, **how: Any) -> Any:
            self._count += 1
            if self._count == self._at and not self._after:
                os.kill(os.getpid(), signal.SIGKILL)
            result = found(*args, **how)
            if self._count == self._at:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return write

    @property
    def writes(self) -> int:
        """Writes so far."""
        return self._count


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a process left behind: how it ended, what it did, and the digest of the run's outcome if it came to one."""

    status: int
    done: tuple[str, ...]
    writes: int = 0
    outcome: str = ""


def in_child(work: Callable[[Path], dict[str, Any]], notes: Path) -> Ended:
    """Do ``work`` in a forked process; it is told where to note effects as it does them."""
    notes.unlink(missing_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            found = work(notes)
            (notes.with_suffix(".json")).write_text(json.dumps(found))
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(7)
    _, status = os.waitpid(child, 0)
    done = tuple(notes.read_text().split()) if notes.exists() else ()
    result = notes.with_suffix(".json")
    found = json.loads(result.read_text()) if result.exists() else {}
    result.unlink(missing_ok=True)
    return Ended(status=os.waitstatus_to_exitcode(status), done=done, **found)


def live(
    where: str, request: DayRequest, out: Path, notes: Path, *, at: int = 0, after: bool = False
) -> dict[str, Any]:
    """Run or go on with ``request`` in the store at ``where``; the outcome's digest and how often it wrote."""
    counter = os.open(notes, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    original = Journal.effect

    def effect(self: Journal, effect: Effect, do: Callable[[], Any], **how: Any) -> Any:
        def counted() -> Any:
            os.write(counter, f"{effect.key}\n".encode())
            return do()

        return original(self, effect, counted, **how)

    store = KillingStore(open_store(where), at=at, after=after)
    with (
        mock.patch.object(Journal, "effect", effect),
        mock.patch.object(assembly, "render_report", _no_report),
    ):
        system = IntegratedNegotiationSystem(model=KernelModel(), store=store)  # type: ignore[arg-type]
        run_id = prepare_day(request).run_id
        folder = system.resume(run_id, out=out) if store.length(run_id) else system.run(request, out=out)
    content = b"".join(folder.read(file) for file in SEALED_FILES)
    log = b"".join(_told(entry.line) for entry in store.entries(run_id))
    return {"outcome": hashlib.sha256(content + log).hexdigest(), "writes": store.writes}


def _told(line: bytes) -> bytes:
    """A row without what is keyed with the secrets of one store: the digest of an owner's note, and so the chain."""
    row = json.loads(line)
    for keyed in ("note", "events_sha256"):
        row["payload"].pop(keyed, None)
    return json.dumps([row["seq"], row["at"], row["kind"], row["payload"]], sort_keys=True).encode()


def _no_report(*_: object, **__: object) -> str:
    return "-"


def done_effects(where: str, run_id: str) -> set[str]:
    """Effects whose outcome is durable."""
    store = open_store(where)
    try:
        rows = [json.loads(entry.line) for entry in store.entries(run_id)]
    finally:
        store.close()
    return {row["payload"]["effect"] for row in rows if row["kind"] == "effect_done"}


@pytest.fixture(params=KINDS)
def fresh_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Gives the address of a store in which a run has not begun."""
    numbers = iter(range(1_000_000))
    if request.param == "sqlite":
        yield lambda run_id: str(tmp_path / f"store-{next(numbers)}.sqlite")
        return
    where = request.getfixturevalue("postgres_url")

    def emptied(run_id: str) -> str:
        store = open_store(where)
        try:
            if store.length(run_id):
                store.set_aside(run_id)
        finally:
            store.close()
        return str(where)

    yield emptied


def kill_everywhere(
    seed: int, fresh_store: Callable[[str], str], tmp_path: Path, *, chosen: Callable[[int], list[tuple[int, bool]]]
) -> int:
    """Kill day ``seed`` at the chosen points and go on; how many points there were."""
    compile_ahead()
    request = draw_request(seed, tmp_path)
    # Whatever is loaded when it is first used is loaded here, once, and not again in every process.
    IntegratedNegotiationSystem(model=KernelModel()).run(request, out=tmp_path / "warm")
    run_id, notes, out = prepare_day(request).run_id, tmp_path / "notes", tmp_path / "out"
    where = fresh_store(run_id)
    calm = in_child(partial(live, where, request, out), notes)
    assert calm.status == 0
    assert len(set(calm.done)) == len(calm.done)
    points = chosen(calm.writes)
    for at, after in points:
        where = fresh_store(run_id)
        killed = in_child(partial(live, where, request, out, at=at, after=after), notes)
        assert killed.status == KILLED, f"write {at}, {'after' if after else 'before'}: it was not killed"
        finished = done_effects(where, run_id)
        again = in_child(partial(live, where, request, out), notes)
        place = f"seed {seed}, killed {'after' if after else 'before'} write {at}"
        assert again.status == 0, place
        assert again.outcome == calm.outcome, f"{place}: another outcome"
        assert not finished & set(again.done), f"{place}: done again: {sorted(finished & set(again.done))}"
        assert finished <= set(killed.done), place
    return len(points)


def every_point(writes: int) -> list[tuple[int, bool]]:
    return [(at, after) for at in range(1, writes + 1) for after in (False, True)]


@pytest.mark.parametrize("seed", SAMPLED)
def test_killed_at_some_points(seed: int, fresh_store: Callable[[str], str], tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)

    def some(writes: int) -> list[tuple[int, bool]]:
        points = every_point(writes)
        return [points[k] for k in sorted(rng.choice(len(points), size=min(50, len(points)), replace=False))]

    assert kill_everywhere(seed, fresh_store, tmp_path, chosen=some) >= 20


@pytest.mark.deep
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", RUNS)
def test_killed_at_every_point(seed: int, fresh_store: Callable[[str], str], tmp_path: Path) -> None:
    assert kill_everywhere(seed, fresh_store, tmp_path, chosen=every_point) >= 20
