"""How long the negotiation of one opportunity takes, stage by stage, at several sizes of fleet.

    .venv/bin/python bench/negotiation.py [--homes 6,100,1000,10000] [--runs 3] [--price 500]

Warm: the best of several days in one process, after one that is not counted. The column ``homes' model`` is the time
that the model of flexibility takes of it for baselines, cost curves and schedules. Cold: the whole process of
``gridpact negotiate`` with six homes, its run folder and report included.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gridpact.fleet.generator import generate_fleet
from gridpact.flexibility.batch import CurveBatch, HomeBatch, ScheduleBatch
from gridpact.flexibility.kernel_model import KernelModel
from gridpact.flexibility.model import FlexibilityModel, Tally
from gridpact.flexibility.promises import AskBatch, CommitmentBatch
from gridpact.operation.assembly import FinishedDay
from gridpact.operation.day import run_market_day
from gridpact.operation.inputs import DayRequest, MarketDay, prepare_day

STAGES = ("fleet", "baseline", "flexibility", "negotiation", "formation", "dispatch", "settlement", "result")
KW_PER_HOME = 3.0
GRIDPACT = Path(sys.executable).with_name("gridpact")


class Timed:
    """A model of flexibility that counts its own time."""

    def __init__(self, model: FlexibilityModel) -> None:
        """Wrap ``model``."""
        self.model = model
        self.seconds = 0.0

    @property
    def tally(self) -> Tally:
        """As the model's."""
        return self.model.tally

    def baselines(self, homes: HomeBatch) -> ScheduleBatch:
        """As the model's."""
        begun = time.perf_counter()
        try:
            return self.model.baselines(homes)
        finally:
            self.seconds += time.perf_counter() - begun

    def cost_curves(
        self,
        homes: HomeBatch,
        baselines: ScheduleBatch,
        commitments: CommitmentBatch,
        asks: AskBatch,
        levels: int = 8,
    ) -> CurveBatch:
        """As the model's."""
        begun = time.perf_counter()
        try:
            return self.model.cost_curves(homes, baselines, commitments, asks, levels)
        finally:
            self.seconds += time.perf_counter() - begun

    def schedules(
        self, homes: HomeBatch, baselines: ScheduleBatch, commitments: CommitmentBatch
    ) -> tuple[ScheduleBatch, Mapping[int, str]]:
        """As the model's."""
        begun = time.perf_counter()
        try:
            return self.model.schedules(homes, baselines, commitments)
        finally:
            self.seconds += time.perf_counter() - begun


def day_of(homes: int, price: float | None) -> MarketDay:
    """The default opportunity, 3 kW a home, at 20 price scenarios or one certain price."""
    fleet = None if homes == 6 else generate_fleet(homes, seed=7)
    return prepare_day(DayRequest(fleet=fleet, kw=KW_PER_HOME * homes, price=price, seed=1))


def timed(day: MarketDay, model: Timed) -> tuple[float, float, FinishedDay]:
    """Seconds of the day, seconds of the model in it, and the day."""
    model.seconds = 0.0
    begun = time.perf_counter()
    finished = run_market_day(day, model=model)
    return time.perf_counter() - begun, model.seconds, finished


def row(homes: int, *, price: float | None, runs: int) -> str:
    """One line of the table, of the fastest run."""
    day = day_of(homes, price)
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        model = Timed(KernelModel(spread=pool.map))
        timed(day, model)
        total, of_model, finished = min((timed(day, model) for _ in range(runs)), key=lambda found: found[0])
    parts = " | ".join(f"{finished.chronicle.timings_s.get(stage, 0.0) * 1e3:.1f}" for stage in STAGES)
    writing = ""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        finished.write(Path(folder) / "run")
        reported = finished.chronicle.timings_s.get("report", 0.0)
        writing = f"{(time.perf_counter() - begun - reported) * 1e3:.0f}"
    members, prices = len(finished.result.coalition.members), "scenarios" if price is None else f"{price:g} certain"
    return (
        f"| {homes} | {prices} | {members} | {parts} | {total * 1e3:.1f} | {of_model * 1e3:.1f} "
        f"| {(total - of_model) * 1e3:.1f} | {writing} |"
    )


def cold(runs: int) -> float:
    """Seconds of the fastest `gridpact negotiate` as a process of its own."""
    found = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            begun = time.perf_counter()
            subprocess.run(
                [str(GRIDPACT), "negotiate", "--out", str(Path(folder) / "run")], check=True, capture_output=True
            )
            found.append(time.perf_counter() - begun)
    return min(found)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--homes", default="6,100,1000,10000", help="sizes of fleets, joined by commas")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--price", type=float, default=500.0, help="the certain price of every second line [USD/MWh]")
    chosen = parser.parse_args()
    head = ["homes", "prices", "members", *STAGES, "all", "homes' model", "all else", "writing"]
    print("Warm, milliseconds, the best run; `writing` is the run folder without its report.\n")
    print("| " + " | ".join(head) + " |\n|" + "---:|" * len(head), flush=True)
    for homes in (int(part) for part in chosen.homes.split(",")):
        for price in (None, chosen.price):
            print(row(homes, price=price, runs=chosen.runs), flush=True)
    print(f"\nCold: `gridpact negotiate` with 6 homes, a whole process: {cold(chosen.runs) * 1e3:.0f} ms")


if __name__ == "__main__":
    main()
