"""The compiled kernel against HiGHS on homes with any mix of awkward features."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from gridpact.errors import InfeasibleError, SolverFailedError
from gridpact.flexibility.batch import HomeBatch, ScheduleBatch
from gridpact.flexibility.highs import HighsModel
from gridpact.flexibility.home import Ask, Commitment, HomeProblem, Schedule
from gridpact.flexibility.kernel.forms import baseline_forms
from gridpact.flexibility.kernel_model import KernelModel, ladders, solve
from gridpact.flexibility.linear import Solver
from gridpact.flexibility.program import build
from gridpact.flexibility.promises import AskBatch, CommitmentBatch
from gridpact.flexibility.terms import with_promises
from reference.home_truth import check_schedule
from reference.nasty_homes import Features, ask, features, home

REFERENCE = HighsModel(node_limit=200)
ONE = np.zeros(1, dtype=np.int64)
STRAIGHT = ("flat", "time_of_use", "net_metering", "wholesale", "free_export")
RELAXED = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}


def same(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-9 * (1 + abs(other))


def compare(it: Features, seen: Counter[str]) -> None:
    problem = home(it)
    batch = HomeBatch.of([problem])
    plans = solve(baseline_forms(batch, ONE))
    closed = bool(plans.closed[0])
    try:
        truth = REFERENCE.baseline(problem)
    except InfeasibleError:
        assert not closed
        seen["infeasible"] += 1
        return
    except SolverFailedError:
        return
    seen[f"{it.tariff} {it.car}"] += 1
    cost = truth.cost_usd
    assert plans.bound_usd[0] <= cost + 1e-9 * (1 + abs(cost))
    if not closed:
        seen[f"{it.tariff} {it.car} open"] += 1
        # Hypothesis tries many variants of one home; it counts once.
        seen["open"] += not seen[f"open {it.seed}"]
        seen[f"open {it.seed}"] += 1
    else:
        assert same(plans.cost_usd[0], cost)
        mine = KernelModel(reference=REFERENCE).baselines(batch).home(0)
        check_schedule(problem, mine)
        assert same(mine.cost_usd, cost)
    compare_curve(it, problem, truth, seen)


def compare_curve(it: Features, problem: HomeProblem, baseline: Schedule, seen: Counter[str]) -> None:
    wanted = ask(it)
    batch, base = HomeBatch.of([problem]), ScheduleBatch.of([baseline])
    nothing = CommitmentBatch.of({}, homes=1)
    found = ladders(batch, base, nothing, AskBatch.to_all(wanted, 1), ONE, base.cost_usd, 8)
    seen["curves"] += 1
    if not found.sure[0]:
        seen["curves open"] += 1
        seen[f"curves open {it.tariff}"] += 1
        return
    count = int(found.counts[0])
    quantity, cost = found.quantity_kw[0, :count], found.cost_usd[0, :count]
    slopes = np.diff(cost) / np.diff(quantity)
    assert np.all(np.diff(slopes) >= -1e-6), "convex"
    terms = with_promises(problem, baseline, (), wanted)
    if terms.conflict is not None or terms.most_quantity_kw < 1e-3:
        assert count == 1
        return
    made = build(problem, terms)
    solver = Solver(made.program)
    upward = np.zeros(len(made.program.cost))
    upward[made.layout.quantity] = -1.0
    solver.set_cost(upward)
    most = solver.solve()
    assert most is not None
    # Without negative prices the linear program is exact, and so is the kernel's limit.
    if it.tariff in STRAIGHT and found.top_kw[0] < terms.most_quantity_kw:
        assert same(found.top_kw[0], max(0.0, -most.objective))
    assert found.top_kw[0] <= max(0.0, -most.objective) + 1e-8
    solver.set_cost(made.program.cost)
    for q, usd in zip(quantity[1:], cost[1:], strict=True):
        seen["points"] += 1
        solver.set_bounds([made.layout.quantity], q, q)
        least = solver.solve()
        assert least is not None
        truth = least.objective + terms.fixed_cost_usd(problem, q)
        if it.tariff not in STRAIGHT and usd + baseline.cost_usd > truth:
            # The linear program may buy and sell at once where only the window's prices are crossed.
            promise = Commitment(quantity_kw=q, **{name: getattr(wanted, name) for name in Ask.__dataclass_fields__})
            truth = REFERENCE.schedule(problem, baseline, (promise,)).cost_usd
        assert same(usd + baseline.cost_usd, truth)
    if count > 1:
        keep(problem, baseline, wanted, found.quantity_kw[0, :count], cost)


def keep(problem: HomeProblem, baseline: Schedule, wanted: Ask, quantity: np.ndarray, cost: np.ndarray) -> None:
    """Promises on and between the levels can be kept at the line's cost."""
    batch, base = HomeBatch.of([problem]), ScheduleBatch.of([baseline])
    for share in (0.3, 0.83, 1.0):
        q = round(share * float(quantity[-1]), 3)
        if q <= 0 or q > quantity[-1]:
            continue
        promise = Commitment(quantity_kw=q, **{name: getattr(wanted, name) for name in Ask.__dataclass_fields__})
        model = KernelModel(reference=REFERENCE)
        plans, broken = model.schedules(batch, base, CommitmentBatch.of({0: [promise]}, homes=1))
        assert not broken
        plan = plans.home(0)
        check_schedule(problem, plan, baseline=baseline, commitments=(promise,))
        assert plan.cost_usd - baseline.cost_usd <= np.interp(q, quantity, cost) + 1e-7


def run(examples: int, *, tariffs: tuple[str, ...]) -> Counter[str]:
    seen: Counter[str] = Counter()

    @settings(max_examples=examples, **RELAXED)
    @given(features(tariffs=tariffs))
    def each(it: Features) -> None:
        compare(it, seen)

    each()
    print(dict(sorted(seen.items())))
    return seen


def test_the_kernel_agrees_with_highs_on_ordinary_prices() -> None:
    seen = run(120, tariffs=STRAIGHT)
    assert seen["open"] <= 0.05 * 120
    assert seen["points"] > 100


def test_the_kernel_agrees_with_highs_on_negative_and_crossed_prices() -> None:
    run(25, tariffs=("negative", "crossed"))


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_the_kernel_agrees_with_highs_on_thousands_of_homes() -> None:
    seen = run(4000, tariffs=STRAIGHT)
    assert seen["open"] <= 0.015 * 4000
    run(1000, tariffs=("negative", "crossed"))


def test_the_largest_quantity_with_a_two_way_car_and_a_cycle_limit() -> None:
    compare(
        Features(
            seed=21,
            periods=12,
            tariff="flat",
            battery=True,
            car="two_way",
            sessions=1,
            solar=True,
            export_allowed=True,
            blackout=False,
            cycles=0.3,
            lossless=False,
            wear=True,
            start=0.5,
            reserve=False,
            reduction_only=False,
            frozen_battery=False,
            frozen_vehicle=False,
            operator_reserve=0.0,
            wish=0.4,
        ),
        Counter(),
    )
