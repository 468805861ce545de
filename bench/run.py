"""Speed, as ratios against a peer in the same run where there is one, so that figures of different machines compare.

    .venv/bin/python bench/run.py

Medians and minimums; nothing here fails on a slow machine, only on an answer that differs from the peer's.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TypeVar

import numpy as np

from gridpact import units
from gridpact.coalition.formation import form
from gridpact.coalition.problem import FormationProblem
from gridpact.fleet.day import build_fleet_day
from gridpact.fleet.generator import generate_fleet
from gridpact.flexibility.highs import HighsModel
from gridpact.flexibility.home import Ask, CostCurve, HomeProblem
from gridpact.flexibility.problems import home_problems
from gridpact.messages.books import OptionBook
from gridpact.operation.inputs import DayRequest, prepare_day
from peers.cvxpy_homes import baseline_and_curve, can_be_compared

Result = TypeVar("Result")

SAME_USD = 1e-6
HOMES = 8
FORMED = ((20, 1), (200, 10))
"""Options and price scenarios of the formation problems."""
RUNS = 5
GRIDPACT = Path(sys.executable).with_name("gridpact")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table."""

    what: str
    ours: list[float]
    """Seconds of each repetition."""
    peer: list[float] | None = None

    def text(self) -> str:
        """Markdown."""
        ours = f"{median(self.ours) * 1e3:.1f} | {min(self.ours) * 1e3:.1f}"
        if self.peer is None:
            return f"| {self.what} | {ours} | - | - |"
        ratio = median(mine / theirs for mine, theirs in zip(self.ours, self.peer, strict=True))
        return f"| {self.what} | {ours} | {median(self.peer) * 1e3:.1f} | {ratio:.3g} |"


def battery_homes() -> tuple[list[HomeProblem], Ask]:
    """Battery homes that the peer's plain program can follow, and a two-hour evening ask."""
    fleet = generate_fleet(120, seed=1)
    day = prepare_day(DayRequest(fleet=fleet, price=300.0, seed=1))
    fleet_day = build_fleet_day(
        fleet, day.horizon, wholesale=None if day.wholesale is None else day.wholesale.series, seed=1
    )
    opportunity = day.calls[0].opportunity
    window = day.horizon.window(opportunity.start, opportunity.end)
    ask = Ask(opportunity_id=opportunity.opportunity_id, first=window.start, stop=window.stop, reserve=False)
    return [home for home in home_problems(fleet_day) if can_be_compared(home)], ask


def homes_against_cvxpy() -> Line:
    """One home's baseline and 8-level curve, by `HighsModel` and by the peer; both must agree."""
    model = HighsModel()
    homes, ask = battery_homes()
    ours: list[float] = []
    peer: list[float] = []
    worst = 0.0
    for home in homes:
        took, (cost, curve) = _timed(lambda home=home: _ours(model, home, ask))
        if curve.deliverable_kw <= 0 or curve.inner_approximation:
            continue
        theirs_took, (least, costs) = _timed(
            lambda home=home, curve=curve: baseline_and_curve(
                home, first=ask.first, stop=ask.stop, quantities_kw=curve.quantity_kw
            )
        )
        worst = max(worst, abs(cost - least), float(np.abs(curve.cost_usd - costs).max()))
        ours.append(took)
        peer.append(theirs_took)
        if len(ours) > HOMES:
            break
    if worst > SAME_USD:
        raise SystemExit(f"gridpact and the peer differ by {worst:.3g} USD")
    print(f"{len(ours) - 1} battery homes: costs agree with the peer within {worst:.1e} USD", flush=True)
    return Line(what="one home: baseline and 8-level curve, peer raw CVXPY + HiGHS", ours=ours[1:], peer=peer[1:])


def _ours(model: HighsModel, home: HomeProblem, ask: Ask) -> tuple[float, CostCurve]:
    baseline = model.baseline(home)
    return baseline.cost_usd, model.cost_curve(home, baseline, (), ask)


def formation_against_greedy(options: int, scenarios: int) -> Line:
    """Formation by CVXPY and HiGHS against a loop in Python that sorts once; equal values without further terms."""
    rng = np.random.default_rng(options)
    book = OptionBook(
        opportunity_id="bench",
        home_ids=tuple(f"home-{k:04d}" for k in range(options)),
        home_index=np.arange(options),
        segment=np.ones(options, dtype=np.int64),
        quantity_kw=np.round(rng.uniform(0.5, 6.0, options), 3),
        price=np.round(rng.uniform(50.0, 300.0, options), 2),
    )
    problem = FormationProblem(
        options=book,
        prices=np.round(np.linspace(120.0, 260.0, scenarios), 2),
        probabilities=np.full(scenarios, 1.0 / scenarios),
        window_h=2.0,
        requested_kw=round(1.5 * options, 3),
    )
    ours, peer = [], []
    form(problem)
    for _ in range(RUNS):
        took, formed = _timed(lambda: form(problem))
        theirs_took, value = _timed(lambda: greedy_value_usd(problem))
        ours.append(took)
        peer.append(theirs_took)
        if abs(formed.value_usd - value) > SAME_USD:
            raise SystemExit(f"formation is worth {formed.value_usd:.6f} USD, the greedy {value:.6f} USD")
    return Line(
        what=f"formation of {options} options, {scenarios} price scenario(s), peer plain Python greedy",
        ours=ours,
        peer=peer,
    )


def greedy_value_usd(problem: FormationProblem) -> float:
    """Expected value of the cheapest options first, up to the request, in each scenario [USD]."""
    pairs = sorted(zip(problem.options.price.tolist(), problem.options.quantity_kw.tolist(), strict=True))
    value = 0.0
    for price, probability in zip(problem.prices.tolist(), problem.probabilities.tolist(), strict=True):
        room = problem.requested_kw
        for asked, width in pairs:
            taken = min(room, width)
            if asked > price or taken <= 0:
                break
            value += probability * (price - asked) * taken * problem.window_h / units.KW_PER_MW
            room -= taken
    return value


def command(what: str, *arguments: str) -> Line:
    """Wall time of ``gridpact`` in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        seconds = []
        for number in range(RUNS):
            filled = [part.format(out=f"{folder}/{number}") for part in arguments]
            took, _ = _timed(lambda filled=filled: subprocess.run([GRIDPACT, *filled], check=True, capture_output=True))
            seconds.append(took)
    return Line(what=what, ours=seconds)


def _timed(work: Callable[[], Result]) -> tuple[float, Result]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def main() -> None:
    """Measure and print."""
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Python {sys.version.split()[0]}")
    lines = [
        homes_against_cvxpy(),
        *(formation_against_greedy(options, scenarios) for options, scenarios in FORMED),
        command(f"gridpact --help ({RUNS} fresh processes)", "--help"),
        command(f"6-home run ({RUNS} fresh processes)", "negotiate", "--price", "80", "--out", "{out}"),
    ]
    print("\n| what | median [ms] | least [ms] | peer's median [ms] | ratio, ours / peer |")
    print("| --- | ---: | ---: | ---: | ---: |")
    print("\n".join(line.text() for line in lines))


if __name__ == "__main__":
    main()
