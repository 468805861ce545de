"""What the durable log costs a market day: the same day with a log in a SQLite file, against one without any store.

    .venv/bin/python bench/log.py [--homes 6,10000] [--runs 5]

Both run in turn in one process, with everything solved and the run folder and report written each time; the least of
the runs counts. "No log" is the same code with nothing kept: no outcome is packed, digested or written.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from gridpact.flexibility.kernel_model import KernelModel
from gridpact.operation import system
from gridpact.operation.inputs import DayRequest
from gridpact.operation.kept import KeptInputs
from gridpact.operation.system import IntegratedNegotiationSystem
from gridpact.store.journal import Journal
from gridpact.store.opening import open_store

MOST_SHARE, MOST_SECONDS = 0.05, 0.020
"""Bars: share of a run of 10,000 homes, and seconds of one of 6."""


def seconds(work: Callable[[], Any]) -> float:
    """Time that ``work`` takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def with_log(request: DayRequest, root: Path) -> float:
    """One run whose log lies in a new SQLite file."""
    where = root / "store.sqlite"
    store = open_store(where)
    try:
        took = seconds(lambda: IntegratedNegotiationSystem(store=store).run(request, out=root / "run"))
    finally:
        store.close()
    for file in root.glob("store.sqlite*"):
        file.unlink()
    shutil.rmtree(root / "run")
    return took


def without_log(request: DayRequest, root: Path) -> float:
    """One run of which nothing is kept."""

    def effect(self: Journal, effect: Any, do: Callable[[], Any], **_: Any) -> Any:
        return do()

    with (
        mock.patch.object(Journal, "effect", effect),
        mock.patch.object(Journal, "flush"),
        mock.patch.object(system, "keep_inputs", return_value=KeptInputs()),
    ):
        took = seconds(lambda: IntegratedNegotiationSystem().run(request, out=root / "run"))
    shutil.rmtree(root / "run")
    return took


def main() -> None:
    """Print what the log costs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--homes", default="6,100,10000")
    parser.add_argument("--runs", type=int, default=5)
    flags = parser.parse_args()
    KernelModel()
    print("| homes | without log (ms) | with log (ms) | log (ms) | share |")
    print("|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for count in map(int, flags.homes.split(",")):
            request = DayRequest(fleet=str(count), kw=3.0 * count)
            with_log(request, root), without_log(request, root)
            pairs = [(without_log(request, root), with_log(request, root)) for _ in range(flags.runs)]
            bare, logged = (min(column) for column in zip(*pairs, strict=True))
            cost = logged - bare
            print(f"| {count:,} | {bare * 1e3:,.1f} | {logged * 1e3:,.1f} | {cost * 1e3:,.1f} | {cost / bare:.1%} |")


if __name__ == "__main__":
    main()
