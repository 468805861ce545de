"""Best responses, plans and cost curves of homes: the compiled kernel against peers on the same homes and problems.

    .venv/bin/python bench/homes.py [--homes 200] [--repeats 15] [--markdown docs/performance.md]

One core. Every answer of a peer must equal the kernel's; the run fails on that, and never on a slow machine. Peers
that are not installed (extra ``bench``) are left out. Times are the processor's, in microseconds a home, so that other
work on the machine counts as little as it can; on an idle machine they are the clock's, as all runs on one thread.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gridpact.flexibility.batch import HomeBatch
from gridpact.flexibility.highs import HighsModel
from gridpact.flexibility.home import Ask, Floats, HomeProblem
from gridpact.flexibility.kernel.arrays import work_for
from gridpact.flexibility.kernel.forms import Forms, baseline_forms, promise_forms
from gridpact.flexibility.kernel.many import Memory, climb_many, memory_of, plan_many, respond_many
from gridpact.flexibility.kernel_model import PASSES, KernelModel
from gridpact.flexibility.promises import AskBatch, CommitmentBatch
from gridpact.flexibility.ties import lateness
from peers.cases import EVENING, KINDS, STEPS, make_homes
from peers.figures import (
    ALL_CURVES,
    ALL_PLANS,
    COLD,
    COLD_AGAIN,
    CURVE,
    PLAN,
    WARM,
    Answer,
    Kind,
    Peer,
    has,
    kernel_table,
    machine,
    peer_table,
    write_figures,
)
from peers.highs_homes import HighsHome, write_program

SAME = 1e-6
"""Costs closer than this, relative to one plus the cost, are equal."""
CLOSED = 1e-9
"""The kernel's bound and plan are one within this, on the same scale; else it leaves the home to HiGHS."""
LEVELS = 9
SHIFT = 0.005
"""How far prices move between a cold and a warm answer."""


def timed(work: Callable[[], object]) -> float:
    """Seconds that ``work`` takes."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def repriced(homes: list[HomeProblem], *, seed: int) -> list[tuple[Floats, Floats]]:
    """Import and export prices of each home, moved by up to 0.5 percent, both of an interval alike."""
    rng = np.random.default_rng(seed)
    moved = [1.0 + SHIFT * rng.uniform(-1.0, 1.0, STEPS) for _ in homes]
    return [(home.import_usd_per_kwh * by, home.export_usd_per_kwh * by) for home, by in zip(homes, moved, strict=True)]


def run_kernel(kind: Kind, prices: list[tuple[Floats, Floats]], *, repeats: int) -> None:
    """The kernel's answers; its arrays are made before the clock runs."""
    batch = HomeBatch.of(kind.homes)
    rows = np.arange(len(batch))
    forms = baseline_forms(batch, rows)
    moved = forms._replace(buy=np.array([buy for buy, _ in prices]), sell=np.array([sell for _, sell in prices]))
    unknown = memory_of(len(batch), STEPS)
    cold, known = respond(forms, unknown, repeats=repeats)
    kind.answers[COLD] = cold
    kind.answers[COLD_AGAIN], _ = respond(moved, unknown, repeats=repeats)
    kind.answers[WARM], _ = respond(moved, known, repeats=repeats)
    kind.answers[PLAN] = plan(forms, repeats=repeats)
    model = KernelModel()
    kind.baselines = base = model.baselines(batch)
    kind.answers[ALL_PLANS] = whole(lambda: model.baselines(batch), repeats=repeats)
    kind.answers[CURVE] = climb(kind, batch, repeats=repeats)
    asks, nothing = ask_all(batch), CommitmentBatch.of({}, homes=len(batch))
    kind.answers[ALL_CURVES] = whole(lambda: model.cost_curves(batch, base, nothing, asks, LEVELS), repeats=repeats)


def whole(work: Callable[[], object], *, repeats: int) -> Answer:
    """The time of ``work`` with everything around the kernel."""
    return Answer(seconds=[timed(work) for _ in range(repeats)], cost_usd=np.zeros(0))


def ask_all(batch: HomeBatch) -> AskBatch:
    """Two hours of the evening, asked of every home."""
    ask = Ask(opportunity_id="bench", first=EVENING[0], stop=EVENING[1], reserve=False)
    return AskBatch.to_all(ask, len(batch))


def respond(forms: Forms, start: Memory, *, repeats: int) -> tuple[Answer, Memory]:
    """Best responses from the rows and multipliers in ``start``, and those at the end."""
    count, work, late = len(forms.need_kw), work_for(STEPS), lateness(STEPS)
    bound, cost, memory, seconds, passes = np.zeros(count), np.zeros(count), start, [], 0
    for _ in range(repeats + 1):
        memory = Memory(*(part.copy() for part in start))
        begun = time.process_time()
        passes = respond_many(forms, work, late, memory, PASSES, bound, cost)
        seconds.append(time.process_time() - begun)
    known = np.where(np.isfinite(cost) & (cost - bound <= CLOSED * (1.0 + np.abs(cost))), cost, np.nan)
    return Answer(seconds=seconds[1:], cost_usd=known, passes=passes / count), memory


def plan(forms: Forms, *, repeats: int) -> Answer:
    """Tie-broken plans."""
    count, work, late = len(forms.need_kw), work_for(STEPS), lateness(STEPS)
    closed, bound, cost = np.zeros(count, dtype=np.int64), np.zeros(count), np.zeros(count)
    battery, vehicle, curtailed = (np.zeros((count, STEPS)) for _ in range(3))
    seconds = []
    for _ in range(repeats + 1):
        begun = time.process_time()
        plan_many(forms, work, late, PASSES, closed, bound, cost, battery, vehicle, curtailed)
        seconds.append(time.process_time() - begun)
    return Answer(seconds=seconds[1:], cost_usd=np.where(closed == 1, cost, np.nan))


def climb(kind: Kind, batch: HomeBatch, *, repeats: int) -> Answer:
    """Costs of rising deliveries through the evening window."""
    assert kind.baselines is not None
    base, rows = kind.baselines, np.arange(len(batch))
    asks, nothing = ask_all(batch), CommitmentBatch.of({}, homes=len(batch))
    made, facts = promise_forms(batch, base, nothing, asks, rows)
    battery = base.battery_charge_kw - base.battery_discharge_kw
    vehicle = base.vehicle_charge_kw - base.vehicle_discharge_kw
    battery, vehicle = np.where(made.drift_kwh != 0, 0.0, battery), np.where(made.plug_drift_kwh != 0, 0.0, vehicle)
    work, late = work_for(STEPS), lateness(STEPS)
    count, sure, top = np.ones(len(batch), dtype=np.int64), np.zeros(len(batch), dtype=np.int64), np.zeros(len(batch))
    quantity, total = np.zeros((len(batch), LEVELS + 1)), np.zeros((len(batch), LEVELS + 1))
    seconds = []
    for _ in range(repeats + 1):
        # The kernel binds the arrays to each level in place, so every repetition gets its own.
        forms = Forms(*(part.copy() if isinstance(part, np.ndarray) else part for part in made))
        most = np.where(facts.conflict, 0.0, facts.most_kw)
        begun = time.process_time()
        climb_many(
            forms,
            work,
            late,
            PASSES,
            *EVENING,
            False,
            np.zeros(len(batch)),
            facts.limited_kw,
            facts.stand_kwh,
            most,
            LEVELS,
            base.cost_usd,
            battery,
            vehicle,
            count,
            sure,
            top,
            quantity,
            total,
        )
        seconds.append(time.process_time() - begun)
    kind.quantity_kw, kind.counts = quantity, count
    return Answer(seconds=seconds[1:], cost_usd=np.where(sure[:, None] == 1, total, np.nan))


def difference(kernel: Floats, peer: Floats) -> float:
    """Largest difference where the kernel has an answer, relative to one plus the cost."""
    apart = np.abs(kernel - peer) / (1.0 + np.abs(peer))
    known = ~np.isnan(kernel)
    return float(np.where(np.isnan(apart), np.inf, apart)[known].max(initial=0.0))


def run_highs(kind: Kind, prices: list[tuple[Floats, Floats]], *, repeats: int) -> None:
    """HiGHS by highspy, a program a home: cold, warm from the last basis; one program for all levels of a curve."""
    assert kind.baselines is not None
    homes, count = kind.homes, len(kind.homes)
    found = {task: np.full(count, np.nan) for task in (COLD, WARM)}
    curves = np.full((count, LEVELS + 1), np.nan)
    fastest: dict[str, tuple[float, float]] = {}
    for _ in range(repeats):
        took = {task: [0.0, 0.0] for task in (COLD, WARM, CURVE)}
        for i, home in enumerate(homes):
            begun = time.process_time()
            made = write_program(home)
            solver = HighsHome(made)
            built = time.process_time()
            found[COLD][i] = solver.solve()
            solved = time.process_time()
            cost = made.cost.copy()
            cost[made.buy], cost[made.sell] = prices[i][0] * home.step_h, -prices[i][1] * home.step_h
            changed = time.process_time()
            solver.reprice(cost)
            found[WARM][i] = solver.solve()
            ended = time.process_time()
            took[COLD][0] += built - begun
            took[COLD][1] += solved - built
            took[WARM][0] += changed - solved
            took[WARM][1] += ended - changed
            build_s, solve_s = trace(kind, i, curves[i])
            took[CURVE][0] += build_s
            took[CURVE][1] += solve_s
        for task, (build_s, solve_s) in took.items():
            fastest[task] = min(fastest.get(task, (np.inf, np.inf)), (build_s, solve_s), key=sum)
    for task, costs in ((COLD, found[COLD]), (WARM, found[WARM]), (CURVE, curves)):
        kernel = kind.answers[task].cost_usd
        if task == CURVE:
            beyond = np.arange(LEVELS + 1)[None, :] >= kind.counts[:, None]
            kernel = np.where(beyond | np.isnan(costs), np.nan, kernel)
        kind.peers.append(
            Peer(
                name="HiGHS, one program a home",
                task=task,
                homes=count,
                build_s=fastest[task][0],
                solve_s=fastest[task][1],
                worst=difference(kernel, costs),
            )
        )
    kind.peers.append(run_reference(kind))


def trace(kind: Kind, number: int, costs: Floats) -> tuple[float, float]:
    """HiGHS's cost of each of the kernel's quantities into ``costs``; seconds of building and of solving."""
    assert kind.baselines is not None
    points = int(kind.counts[number])
    if points <= 1 or np.isnan(kind.answers[CURVE].cost_usd[number, 0]):
        return 0.0, 0.0
    base = kind.baselines.home(number)
    begun = time.process_time()
    solver = HighsHome(write_program(kind.homes[number], base))
    built = time.process_time()
    first, stop = EVENING
    for k in range(1, points):
        solver.promise(first, stop, base.net_kw[first:stop] - kind.quantity_kw[number, k])
        costs[k] = solver.solve()
        if np.isnan(costs[k]):
            raise SystemExit(
                f"HiGHS finds no plan for {kind.homes[number].home_id} at {kind.quantity_kw[number, k]} kW"
            )
    return built - begun, time.process_time() - built


def run_reference(kind: Kind) -> Peer:
    """gridpact's own model on HiGHS, which breaks ties by a second program."""
    model, costs = HighsModel(), []
    seconds = timed(lambda: costs.extend(model.baseline(home).cost_usd for home in kind.homes))
    return Peer(
        name="HiGHS, two programs a home (`HighsModel`)",
        task=PLAN,
        homes=len(costs),
        build_s=0.0,
        solve_s=seconds,
        worst=difference(kind.answers[PLAN].cost_usd, np.array(costs)),
    )


def run_linopy(kind: Kind, *, stack: int, repeats: int) -> None:
    """Homes stacked in one model."""
    from peers import linopy_homes

    homes = [home for home, cost in zip(kind.homes, kind.answers[COLD].cost_usd, strict=True) if cost == cost]
    homes = homes[:stack]
    known = kind.answers[COLD].cost_usd
    expected = float(known[~np.isnan(known)][:stack].sum())
    best, total = (np.inf, np.inf), float("nan")
    for _ in range(repeats):
        begun = time.process_time()
        model = linopy_homes.write_model(homes)
        built = time.process_time()
        total = linopy_homes.solve_model(model)
        best = min(best, (built - begun, time.process_time() - built), key=sum)
    kind.peers.append(
        Peer(
            name=f"linopy, {len(homes)} homes in one program",
            task=COLD,
            homes=len(homes),
            build_s=best[0],
            solve_s=best[1],
            worst=difference(np.array([expected]), np.array([total])),
        )
    )


def run_oemof(kind: Kind, *, most: int) -> None:
    """A few homes, one after the other."""
    from peers import oemof_homes

    known = kind.answers[COLD].cost_usd
    chosen = [i for i, home in enumerate(kind.homes) if oemof_homes.can_be_written(home) and known[i] == known[i]][
        :most
    ]
    oemof_homes.solve_model(oemof_homes.write_model(kind.homes[chosen[0]]))
    costs, build_s, solve_s = [], 0.0, 0.0
    for i in chosen:
        begun = time.process_time()
        model = oemof_homes.write_model(kind.homes[i])
        built = time.process_time()
        costs.append(oemof_homes.solve_model(model))
        build_s, solve_s = build_s + built - begun, solve_s + time.process_time() - built
    kind.peers.append(
        Peer(
            name="oemof-solph, one model a home",
            task=COLD,
            homes=len(chosen),
            build_s=build_s,
            solve_s=solve_s,
            worst=difference(known[chosen], np.array(costs)),
        )
    )


def feasible(homes: list[HomeProblem]) -> list[HomeProblem]:
    """Those of ``homes`` that have a plan at all, by HiGHS."""
    return [home for home in homes if not np.isnan(HighsHome(write_program(home)).solve())]


def main() -> None:
    """Measure, print, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--homes", type=int, default=200, help="homes of each kind")
    parser.add_argument("--repeats", type=int, default=15, help="repetitions of the kernel")
    parser.add_argument("--peer-repeats", type=int, default=2, help="repetitions of HiGHS and linopy")
    parser.add_argument("--stack", type=int, default=50, help="homes in one linopy model")
    parser.add_argument("--oemof", type=int, default=3, help="homes of each kind for oemof-solph")
    parser.add_argument("--kinds", default=",".join(KINDS), help="kinds of homes, joined by commas")
    parser.add_argument("--kernel-only", action="store_true", help="leave all peers out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--markdown", type=Path, help="a file to write the figures into")
    chosen = parser.parse_args()
    peers = {name: has(name) and not chosen.kernel_only for name in ("linopy", "oemof-solph")}
    for name, there in peers.items():
        if not there:
            print(f"without {name}: " + ("left out" if has(name) else "it is not installed, see the extra 'bench'"))
    kinds = []
    for name in chosen.kinds.split(","):
        homes = make_homes(name, chosen.homes, seed=chosen.seed)
        kind = Kind(name=name, homes=feasible(homes) if name == "awkward" else homes)
        kinds.append(kind)
        prices = repriced(kind.homes, seed=chosen.seed)
        run_kernel(kind, prices, repeats=chosen.repeats)
        if not chosen.kernel_only:
            run_highs(kind, prices, repeats=chosen.peer_repeats)
        if peers["linopy"]:
            run_linopy(kind, stack=chosen.stack, repeats=chosen.peer_repeats)
        if peers["oemof-solph"]:
            run_oemof(kind, most=chosen.oemof)
        print(f"{name}: {len(kind.homes)} homes measured", file=sys.stderr, flush=True)
    lines = [machine(), "", *kernel_table(kinds), "", *peer_table(kinds)]
    print("\n".join(lines))
    worst = max((peer.worst for kind in kinds for peer in kind.peers), default=0.0)
    print(f"\nLargest difference of a cost from a peer's: {worst:.1e} of one plus the cost")
    if worst > SAME:
        raise SystemExit(f"the kernel and a peer differ by {worst:.1e}, more than {SAME:g}")
    if chosen.markdown is not None:
        write_figures(chosen.markdown, lines)


if __name__ == "__main__":
    main()
