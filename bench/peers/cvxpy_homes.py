"""The peer of `run.py`: a battery home's baseline and cost curve as anyone would write them in CVXPY."""

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

from gridpact.flexibility.home import HomeProblem

Floats = NDArray[np.float64]


def can_be_compared(home: HomeProblem) -> bool:
    """Whether the plain linear program is exact: a battery, no car, no blackout, export never above import."""
    buy, sell = home.import_usd_per_kwh, home.export_usd_per_kwh
    orderly = bool(np.all(buy >= sell) and np.all(sell >= 0))
    return home.has_battery and not home.sessions and not home.blackout.any() and orderly


def baseline_and_curve(home: HomeProblem, *, first: int, stop: int, quantities_kw: Floats) -> tuple[float, Floats]:
    """The baseline's cost [USD], and what each quantity costs on top of it, shape (K,) [USD].

    The net load of the window is the baseline's less the quantity (a parameter, so that the model is compiled once a
    home); the battery ends no emptier than in the baseline. Of several cheapest baselines, the one with least
    throughput and then the earliest charging, as in gridpact: it fixes what the deliveries are measured from.
    """
    periods, hours = home.periods, home.step_h
    buy, sell, charge, discharge, curtailed = (cp.Variable(periods, nonneg=True) for _ in range(5))
    into, out = home.battery_charge_efficiency, home.battery_discharge_efficiency
    energy = home.battery_start_kwh + cp.cumsum(charge * into - discharge / out) * hours
    net = home.load_kw - (home.solar_kw - curtailed) + charge - discharge
    rules = [
        net == buy - sell,
        charge <= home.battery_charge_kw,
        discharge <= home.battery_discharge_kw,
        curtailed <= home.solar_kw,
        energy >= home.battery_floor_kwh,
        energy <= home.battery_ceiling_kwh,
        energy[-1] >= home.battery_start_kwh,
    ]
    if not home.export_allowed:
        rules.append(sell == 0)
    if np.isfinite(home.cycle_limit_kwh):
        rules += [cp.sum(discharge[a:b]) * hours / out <= home.cycle_limit_kwh for a, b in home.cycle_windows]
    bill = home.import_usd_per_kwh @ buy - home.export_usd_per_kwh @ sell
    cost = hours * (bill + home.battery_wear_usd_per_kwh * cp.sum(discharge))
    least = _solve(cp.Problem(cp.Minimize(cost), rules))
    throughput = hours * (cp.sum(charge + discharge) + 1e-3 * cp.sum(curtailed))
    tied = [*rules, cost <= least + 1e-8]
    work = _solve(cp.Problem(cp.Minimize(throughput), tied))
    late = charge @ (np.arange(periods) + 1.0)
    _solve(cp.Problem(cp.Minimize(late), [*tied, throughput <= work + 1e-8]))
    baseline_net, end_kwh = np.asarray(net.value), float(energy.value[-1])
    quantity = cp.Parameter(nonneg=True)
    asked = cp.Problem(
        cp.Minimize(cost),
        [*rules, net[first:stop] == baseline_net[first:stop] - quantity, energy[-1] >= end_kwh - 1e-9],
    )
    costs = np.zeros(len(quantities_kw))
    for k, kw in enumerate(quantities_kw):
        if kw > 0:
            quantity.value = float(kw)
            costs[k] = _solve(asked) - least
    return least, costs


def _solve(problem: cp.Problem) -> float:
    problem.solve(solver=cp.HIGHS, primal_feasibility_tolerance=1e-9)
    if problem.status != "optimal":
        raise RuntimeError(f"the peer's program ended {problem.status}")
    return float(problem.value)
