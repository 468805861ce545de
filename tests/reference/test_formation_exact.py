"""Formation against two independent formulations: enumeration of nested totals, and raw HiGHS on increments."""

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from coalition_cases import random_problem
from gridpact.coalition.formation import form
from gridpact.coalition.merit_order import form_by_merit
from gridpact.coalition.problem import FormationProblem
from gridpact.coalition.terms import HomeCap, MinimumMembers, MinimumTotal, ShareCap, TotalCap, WholeLots

SAMPLES = range(60)
ALL = range(60, 500)
WHOLE_WATTS_USD = 5e-5
"""What rounding to whole watts may cost in these instances."""


def the(problem, kind):
    return next((term for term in problem.terms if isinstance(term, kind)), None)


def cheapest_cost(problem: FormationProblem, total: float) -> float | None:
    """Cost of ``total`` filled by price with home caps and shares; None if it cannot be filled."""
    cap = min(
        the(problem, HomeCap).limit_kw if the(problem, HomeCap) else np.inf,
        the(problem, ShareCap).fraction * total if the(problem, ShareCap) else np.inf,
    )
    left, cost, used = total, 0.0, {}
    for k in np.argsort(problem.options.price, kind="stable"):
        home = int(problem.options.home_index[k])
        take = min(float(problem.options.quantity_kw[k]), cap - used.get(home, 0.0), left)
        if take > 0:
            used[home] = used.get(home, 0.0) + take
            cost += take * float(problem.options.price[k])
            left -= take
    return cost if left < 1e-9 else None


def enumerated_value(problem: FormationProblem) -> float:
    """Best expected surplus over every nested sequence of whole lots."""
    step = the(problem, WholeLots).lot_kw
    most = min(problem.requested_kw, the(problem, TotalCap).limit_kw if the(problem, TotalCap) else np.inf)
    least = the(problem, MinimumTotal).limit_kw if the(problem, MinimumTotal) else 0.0
    totals = [k * step for k in range(int(np.floor(most / step + 1e-9)) + 1)]
    costs = {total: cheapest_cost(problem, total) for total in totals if total == 0 or total >= least - 1e-9}
    limit = problem.max_segments or problem.scenarios

    def best(s: int, floor: float, steps: int) -> float:
        if s == problem.scenarios:
            return 0.0
        price, found = float(problem.prices[s]), -np.inf
        payable = price - problem.margin * abs(price)
        for total, cost in costs.items():
            if total < floor - 1e-9 or cost is None or cost > payable * total + 1e-7:
                continue
            grows = total > floor + 1e-9
            if grows and steps == limit:
                continue
            later = best(s + 1, total, steps + grows)
            found = max(found, float(problem.probabilities[s]) * (price * total - cost) + later)
        return found

    return best(0, 0.0, 0) * problem.window_h / 1000


def raw_milp_value(problem: FormationProblem) -> float:
    """The same decision in increments d[i, s] >= 0, written out row by row for HiGHS without CVXPY."""
    n, count = len(problem.options), problem.scenarios
    members, share = the(problem, MinimumMembers), the(problem, ShareCap)
    homes = len(problem.options.home_ids)
    price, home = problem.options.price, problem.options.home_index
    d = lambda i, s: i * count + s  # noqa: E731
    grow, run, lot, member = n * count, n * count + count, n * count + 2 * count, n * count + 3 * count
    size = n * count + 3 * count + (homes * count if members else 0)
    gain = np.zeros(size)
    for i in range(n):
        for s in range(count):
            gain[d(i, s)] = sum(problem.probabilities[t] * (problem.prices[t] - price[i]) for t in range(s, count))
    rows, low, high = [], [], []

    def add(entries: dict[int, float], lower: float, upper: float) -> None:
        row = np.zeros(size)
        for column, value in entries.items():
            row[column] += value
        rows.append(row)
        low.append(lower)
        high.append(upper)

    def total(s: int, scale: float = 1.0) -> dict[int, float]:
        return {d(i, t): scale for i in range(n) for t in range(s + 1)}

    big = problem.requested_kw
    for i in range(n):
        add({d(i, s): 1.0 for s in range(count)}, 0, float(problem.options.quantity_kw[i]))
    for s in range(count):
        add(total(s), 0, problem.requested_kw)
        add({**total(s), run + s: -big}, -np.inf, 0)
        add({**{d(i, s): 1.0 for i in range(n)}, grow + s: -big}, -np.inf, 0)
        payable = problem.prices[s] - problem.margin * abs(problem.prices[s])
        add({d(i, t): payable - price[i] for i in range(n) for t in range(s + 1)}, 0, np.inf)
        for term in problem.terms:
            if isinstance(term, MinimumTotal):
                add({**total(s), run + s: -term.limit_kw}, 0, np.inf)
            if isinstance(term, TotalCap):
                add(total(s), 0, term.limit_kw)
            if isinstance(term, WholeLots):
                add({**total(s), lot + s: -term.lot_kw}, 0, 0)
        for h in range(homes):
            mine = {d(i, t): 1.0 for i in range(n) if home[i] == h for t in range(s + 1)}
            if the(problem, HomeCap):
                add(mine, 0, the(problem, HomeCap).limit_kw)
            if share:
                row = total(s, -share.fraction)
                for column in mine:
                    row[column] += 1.0
                add(row, -np.inf, 0)
            if members:
                add({**mine, member + h * count + s: -min(0.1, float(members.available_kw[h]))}, 0, np.inf)
        if members:
            add({**{member + h * count + s: 1.0 for h in range(homes)}, run + s: -float(members.count)}, 0, np.inf)
    if problem.max_segments:
        add({grow + s: 1.0 for s in range(count)}, 0, problem.max_segments)
    integer = np.r_[np.zeros(n * count), np.ones(size - n * count)]
    upper = np.ones(size)
    upper[: n * count] = np.repeat(problem.options.quantity_kw, count)
    upper[lot : lot + count] = np.floor(problem.requested_kw / 0.5)
    answer = milp(
        -gain,
        constraints=LinearConstraint(np.array(rows), low, high),
        integrality=integer,
        bounds=Bounds(0, upper),
        options={"mip_rel_gap": 1e-7},
    )
    assert answer.success, answer.message
    return -answer.fun * problem.window_h / 1000


def check_kept(problem: FormationProblem, x: np.ndarray) -> None:
    assert (np.diff(x, axis=1) >= -1e-9).all()
    assert np.allclose(x * 1000, np.round(x * 1000), atol=1e-6)
    for s in range(problem.scenarios):
        assert problem.broken(x[:, s], s) is None
    if problem.max_segments:
        assert (np.diff(x.sum(axis=0), prepend=0) > 1e-6).sum() <= problem.max_segments


def compare_with_enumeration(seed: int) -> None:
    print(f"seed {seed}")
    problem = random_problem(np.random.default_rng([11, seed]), lots=True)
    result = form(problem)
    check_kept(problem, result.x)
    best = enumerated_value(problem)
    assert result.value_usd == pytest.approx(best, abs=1e-9)
    fallback = form_by_merit(problem)
    check_kept(problem, fallback)
    assert problem.value_usd(fallback) <= best + 1e-9


def compare_with_raw_highs(seed: int) -> None:
    print(f"seed {seed}")
    rng = np.random.default_rng([13, seed])
    problem = random_problem(rng, lots=bool(rng.random() < 0.3), members=bool(rng.random() < 0.4))
    result = form(problem)
    check_kept(problem, result.x)
    best = raw_milp_value(problem)
    assert result.value_usd == pytest.approx(best, abs=WHOLE_WATTS_USD)
    check_kept(problem, form_by_merit(problem))


@pytest.mark.parametrize("seed", SAMPLES)
def test_equals_enumeration_of_every_nested_sequence(seed: int) -> None:
    compare_with_enumeration(seed)


@pytest.mark.parametrize("seed", SAMPLES)
def test_equals_raw_highs_on_increments(seed: int) -> None:
    compare_with_raw_highs(seed)


@pytest.mark.deep
def test_equals_both_formulations_in_full() -> None:
    for seed in ALL:
        compare_with_enumeration(seed)
        compare_with_raw_highs(seed)
