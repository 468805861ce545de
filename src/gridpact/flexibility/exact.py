"""Homes whose exact problem is not convex: the mixed-integer program and the upper energy paths."""

from dataclasses import dataclass, replace

import numpy as np

from gridpact.flexibility.home import Floats, HomeProblem
from gridpact.flexibility.layout import Indices
from gridpact.flexibility.linear import Solver
from gridpact.flexibility.meter import crossed_meter
from gridpact.flexibility.program import Binaries, Ghosts, HomeProgram, build
from gridpact.flexibility.settings import Settings, fits, read_settings, settings_of
from gridpact.flexibility.terms import Terms

BOTH_KW = 1e-7
"""Charge and discharge above this in one interval count as both [kW]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact:
    """What a mixed-integer solve found."""

    settings: Settings
    columns: Floats
    bound: float
    """Proven lower bound of the objective, without the bill of promised intervals."""


def ghost_patterns(home: HomeProblem, terms: Terms) -> tuple[Ghosts, ...]:
    """Slopes of the upper energy paths, in the few ways that are tried.

    Where the baseline charges or discharges, its mode sets the slope, so that the baseline stays possible. Where it
    idles, the device is taken to discharge (1) inside windows only, (2) everywhere, (3) where import costs more than on
    average. They depend on nothing but the baseline and the windows: what one pattern promised, the same pattern keeps.
    """
    if terms.baseline is None:
        raise ValueError("upper energy paths follow a baseline, and there is none yet")
    baseline = settings_of(terms.baseline)
    price = home.import_usd_per_kwh
    patterns = []
    for discharging in (terms.windows, np.ones(home.periods, dtype=np.bool_), price > price.mean()):
        paths = [
            np.where((power > 0) | ((power == 0) & ~discharging), into, 1.0 / out)
            for power, into, out in (
                (baseline.battery_kw, home.battery_charge_efficiency, home.battery_discharge_efficiency),
                (baseline.vehicle_kw, home.vehicle_charge_efficiency, home.vehicle_discharge_efficiency),
            )
        ]
        patterns.append(Ghosts(battery=paths[0], vehicle=paths[1]))
    return tuple(patterns)


def solve_exactly(
    home: HomeProblem,
    terms: Terms,
    *,
    objective: Floats | None = None,
    quantity_kw: float | None = None,
    node_limit: int,
) -> Exact | None:
    """The mixed-integer optimum, or the best found within ``node_limit``; None if nothing is feasible.

    Binaries stand where burning energy can pay (a negative price, a promised net load) and where export pays more than
    import; further intervals join when a solution burns there.

    Args:
        home: the home.
        terms: what binds it.
        objective: cost of each column instead of the home's own.
        quantity_kw: fixes the ask's quantity.
        node_limit: bound of the search, so that it repeats exactly.

    Raises:
        SolverFailedError: the limit was met before any schedule was found.
    """
    negative = np.minimum(home.import_usd_per_kwh, home.export_usd_per_kwh) < 0
    chosen = negative | terms.fixed
    binaries = Binaries(
        battery=chosen & ~terms.frozen_battery, vehicle=chosen & ~terms.frozen_vehicle, meter=crossed_meter(home, terms)
    )
    while True:
        made = build(home, terms, binaries=binaries)
        solver = Solver(made.program, node_limit=node_limit)
        at = made.layout
        if objective is not None:
            solver.set_cost(np.append(objective, np.zeros(len(made.program.cost) - len(objective))))
        if quantity_kw is not None:
            solver.set_bounds([at.quantity], quantity_kw, quantity_kw)
        found = solver.solve()
        if found is None:
            return None
        settings = read_settings(home, terms, at, found.columns)
        if fits(home, settings) or (binaries.battery.all() and binaries.vehicle.all()):
            return Exact(settings=settings, columns=found.columns[: at.size], bound=found.bound)
        binaries = _more(home, made, binaries, found.columns)


def _more(home: HomeProblem, made: HomeProgram, binaries: Binaries, columns: Floats) -> Binaries:
    at = made.layout
    battery, vehicle = binaries.battery.copy(), binaries.vehicle.copy()
    if len(at.charge):
        battery |= np.minimum(columns[at.charge], columns[at.discharge]) > BOTH_KW
    if len(at.vehicle_discharge):
        both = np.minimum(columns[at.vehicle_charge], columns[at.vehicle_discharge]) > BOTH_KW
        vehicle[at.plugged[both]] = True
    if np.array_equal(battery, binaries.battery) and np.array_equal(vehicle, binaries.vehicle):
        battery, vehicle = np.ones(home.periods, dtype=np.bool_), np.ones(home.periods, dtype=np.bool_)
    return replace(binaries, battery=battery, vehicle=vehicle)


def settle_modes(home: HomeProblem, terms: Terms, exact: Exact) -> Settings:
    """The tie-broken optimum among schedules with the modes of ``exact``."""
    made = build(home, terms)
    solver, at = Solver(made.program), made.layout
    if len(at.charge):
        charging = exact.settings.battery_kw > 0
        free = ~terms.frozen_battery
        _close(solver, at.discharge[charging & free])
        _close(solver, at.charge[~charging & free & (exact.settings.battery_kw < 0)])
        _close(solver, at.discharge[free & (exact.settings.battery_kw == 0)])
    if len(at.vehicle_discharge):
        power, free = exact.settings.vehicle_kw[at.plugged], ~terms.frozen_vehicle[at.plugged]
        _close(solver, at.vehicle_charge[free & (power < 0)])
        _close(solver, at.vehicle_discharge[free & (power >= 0)])
    meter = np.flatnonzero(crossed_meter(home, terms))
    buying = exact.columns[at.buy[meter]] >= exact.columns[at.sell[meter]]
    _close(solver, at.sell[meter[buying]])
    _close(solver, at.buy[meter[~buying]])
    found = solver.solve_in_order([made.program.cost, made.preference])
    if found is None:
        return exact.settings
    settings = read_settings(home, terms, at, found.columns)
    return settings if fits(home, settings) else exact.settings


def _close(solver: Solver, columns: Indices) -> None:
    if len(columns):
        solver.set_bounds(columns, 0.0, 0.0)
