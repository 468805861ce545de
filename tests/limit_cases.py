"""Formation problems with the operator's limits, and the same decision written out for HiGHS without CVXPY."""

from dataclasses import replace

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from coalition_cases import random_problem
from gridpact.coalition.limits import MaximumMembers, MinimumOffer, OwnerBudget, PriceLimit
from gridpact.coalition.problem import FormationProblem
from gridpact.coalition.risk import RiskAversion
from gridpact.coalition.terms import HomeCap, MinimumTotal, ShareCap, Term, TotalCap, WholeLots


def limited_problem(seed: int, *, members: bool = True, risk: bool = True) -> FormationProblem:
    """A random problem with random limits, risk aversion, lowest price and least profit."""
    rng = np.random.default_rng([29, seed])
    problem = random_problem(rng, lots=bool(rng.random() < 0.3))
    options = problem.options
    terms: list[Term] = list(problem.terms)
    if rng.random() < 0.35:
        terms.append(PriceLimit(limit=float(rng.choice([39.99, 40.0, 60.0, 79.5]))))
    if rng.random() < 0.35:
        terms.append(
            OwnerBudget(limit_usd=round(float(rng.uniform(0.0, 0.6)), 4), usd_per_cost=problem.window_h / 1000.0)
        )
    if rng.random() < 0.3:
        terms.append(MinimumOffer(limit_kw=float(rng.choice([1.0, 2.0, 4.0])), offered_kw=options.per_home_kw()))
    if members and rng.random() < 0.4:
        terms.append(MaximumMembers(count=int(rng.integers(1, 4)), available_kw=options.per_home_kw()))
    believed = problem.probabilities
    shunned = RiskAversion(aversion=float(rng.choice([0.3, 0.8, 1.0])), tail=float(rng.choice([0.1, 0.4, 1.0])))
    averse = risk and rng.random() < 0.5
    return replace(
        problem,
        terms=tuple(terms),
        probabilities=shunned.weights(believed) if averse else believed,
        believed=believed if averse else None,
        risk=shunned if averse else None,
        min_spread=float(rng.choice([0.0, 0.0, 5.0, 20.0])),
        min_price=float(rng.choice([-np.inf, -np.inf, 30.0, 55.0, 500.0])),
        min_profit_usd=float(rng.choice([0.0, 0.0, 0.05, 0.2])),
        gain_usd_per_kw=rng.uniform(0.0, 0.02, problem.homes) if rng.random() < 0.2 else None,
    )


def raw_value(problem: FormationProblem) -> float:
    """Best (1 - a) E + a CVaR by Rockafellar and Uryasev's auxiliary variables, every term a row of its own."""
    n, count, options = len(problem.options), problem.scenarios, problem.options
    believed = problem.probabilities if problem.believed is None else problem.believed
    averse, tail = (problem.risk.aversion, problem.risk.tail) if problem.risk else (0.0, 1.0)
    homes = len(options.home_ids)
    scale = problem.window_h / 1000.0
    x = lambda i, s: i * count + s  # noqa: E731
    run, grow, lot = n * count, (n + 1) * count, (n + 2) * count
    short, level, member = (n + 3) * count, (n + 4) * count, (n + 4) * count + 1
    sold, size = member + homes * count, member + homes * count + 1
    worth = np.zeros((count, size))
    profit = np.zeros((count, size))
    for i in range(n):
        gain = 0.0 if problem.gain_usd_per_kw is None else problem.gain_usd_per_kw[options.home_index[i]]
        for s in range(count):
            profit[s, x(i, s)] = (problem.prices[s] - options.price[i]) * scale
            worth[s, x(i, s)] = profit[s, x(i, s)] + gain
    goal = (1.0 - averse) * (believed @ worth)
    goal[level] += averse
    goal[short : short + count] -= averse * believed / tail
    rows, low, high = [], [], []

    def add(row: np.ndarray, lower: float, upper: float) -> None:
        rows.append(row)
        low.append(lower)
        high.append(upper)

    def at(*entries: tuple[int, float]) -> np.ndarray:
        row = np.zeros(size)
        for column, value in entries:
            row[column] += value
        return row

    big = problem.requested_kw
    offered = options.per_home_kw()
    for s in range(count):
        total = at(*((x(i, s), 1.0) for i in range(n)))
        cost = at(*((x(i, s), float(options.price[i])) for i in range(n)))
        add(total, 0.0, problem.requested_kw if problem.prices[s] >= problem.min_price else 0.0)
        add(total - at((run + s, big)), -np.inf, 0.0)
        add(total - at((sold, big)), -np.inf, 0.0)
        before = at(*((x(i, s - 1), 1.0) for i in range(n))) if s else np.zeros(size)
        add(total - before - at((grow + s, big)), -np.inf, 0.0)
        if s:
            for i in range(n):
                add(at((x(i, s), 1.0), (x(i, s - 1), -1.0)), 0.0, np.inf)
        price = problem.prices[s]
        kept = price - problem.margin * abs(price) - problem.min_spread
        add(kept * total - cost, 0.0, np.inf)
        add(worth[s] + at((short + s, 1.0), (level, -1.0)), 0.0, np.inf)
        for term in problem.terms:
            if isinstance(term, MinimumTotal):
                add(total - at((run + s, term.limit_kw)), 0.0, np.inf)
            elif isinstance(term, TotalCap):
                add(total, 0.0, term.limit_kw)
            elif isinstance(term, WholeLots):
                add(total - at((lot + s, term.lot_kw)), 0.0, 0.0)
            elif isinstance(term, OwnerBudget):
                add(cost * scale, -np.inf, term.limit_usd)
            elif isinstance(term, PriceLimit):
                for i in np.flatnonzero(options.price > term.limit):
                    add(at((x(int(i), s), 1.0)), 0.0, 0.0)
            for h in range(homes):
                mine = at(*((x(i, s), 1.0) for i in range(n) if options.home_index[i] == h))
                if isinstance(term, HomeCap):
                    add(mine, 0.0, term.limit_kw)
                elif isinstance(term, ShareCap):
                    add(mine - term.fraction * total, -np.inf, 0.0)
                elif isinstance(term, MinimumOffer) and offered[h] < term.limit_kw:
                    add(mine, 0.0, 0.0)
                elif isinstance(term, MaximumMembers):
                    add(mine - at((member + h * count + s, float(offered[h]))), -np.inf, 0.0)
            if isinstance(term, MaximumMembers):
                add(at(*((member + h * count + s, 1.0) for h in range(homes))), 0.0, term.count)
    if problem.max_segments:
        add(at(*((grow + s, 1.0) for s in range(count))), 0.0, problem.max_segments)
    if problem.min_profit_usd > 0:
        weights = problem.probabilities
        add(weights @ profit - at((sold, problem.min_profit_usd)), 0.0, np.inf)
    integer = np.ones(size)
    integer[: n * count] = 0
    integer[short : level + 1] = 0
    upper, lower = np.ones(size), np.zeros(size)
    upper[: n * count] = np.repeat(options.quantity_kw, count)
    upper[lot : lot + count] = np.floor(problem.requested_kw / 0.5)
    upper[short : level + 1], lower[level] = 1e4, -1e4
    answer = milp(
        -goal,
        constraints=LinearConstraint(np.array(rows), low, high),
        integrality=integer,
        bounds=Bounds(lower, upper),
        options={"mip_rel_gap": 1e-8},
    )
    assert answer.success, answer.message
    return -float(answer.fun)
