"""The cost curve of one home: one linear program whose quantity moves, and the proof that its line can be kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gridpact import units
from gridpact.errors import SolverFailedError
from gridpact.flexibility.exact import ghost_patterns, solve_exactly
from gridpact.flexibility.home import Ask, Commitment, CostCurve, Floats, HomeProblem, Schedule
from gridpact.flexibility.linear import Solver
from gridpact.flexibility.meter import crossed_meter
from gridpact.flexibility.program import Ghosts, build
from gridpact.flexibility.settings import Settings, fits, mixes_fit, read_settings, settings_of
from gridpact.flexibility.terms import Terms, with_promises

SAME_USD = 1e-7
"""Costs closer than this are one cost [USD]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ladder:
    """Least costs at rising quantities, from one program."""

    quantity_kw: Floats
    """Starts at 0, shape (K,)."""
    total_usd: Floats
    """Whole cost of the home, shape (K,)."""
    settings: tuple[Settings, ...]


def trace_curve(
    home: HomeProblem,
    baseline: Schedule,
    commitments: Sequence[Commitment],
    ask: Ask,
    *,
    promised_usd: float,
    levels: int,
    node_limit: int,
) -> CostCurve:
    """The curve of ``ask`` on top of ``commitments``, which alone cost ``promised_usd``.

    The plain linear program prices each level. Its line is kept as it is if the solutions at every level, and all
    mixtures of neighbours, are schedules that an inverter can follow: then nothing cheaper exists and every quantity
    between has a schedule on the line. Otherwise the program with upper energy paths prices the levels, and the curve
    is marked as an inner approximation with its loss.
    """
    terms = with_promises(home, baseline, commitments, ask)
    nothing = CostCurve(home_id=home.home_id, quantity_kw=np.zeros(1), cost_usd=np.zeros(1))
    if terms.conflict is not None or terms.most_quantity_kw < 1e-3:
        return nothing
    crossed = bool(crossed_meter(home, terms).any())
    plain = _climb(home, terms, levels=levels, straight=crossed)
    if plain is None:
        return nothing
    ladder, inner = plain, crossed
    if not _can_be_kept(home, terms, plain):
        plain = _tidied(home, terms, plain, straight=crossed)
        ladder = plain
    if not _can_be_kept(home, terms, plain):
        climbs = [
            _climb(home, terms, levels=levels, straight=crossed, ghosts=ghosts)
            for ghosts in ghost_patterns(home, terms)
        ]
        usable = [climb for climb in climbs if climb is not None]
        if not usable:
            return nothing
        safe = max(usable, key=lambda climb: (climb.quantity_kw[-1], -climb.total_usd[-1]))
        ladder, inner = safe, crossed or not _same(safe, plain)
    line, bent = _convex_line(home, terms, ladder, promised_usd)
    jump = float(ladder.total_usd[0]) - promised_usd
    loss_usd, loss_kw = 0.0, 0.0
    if inner or bent:
        last = float(ladder.quantity_kw[-1])
        known = None if inner else float(ladder.total_usd[-1])
        loss_usd, loss_kw = _loss(
            home, terms, last_kw=last, line_usd=promised_usd + float(line[-1]), known_usd=known, node_limit=node_limit
        )
    if len(line) == 1 and not inner:
        return nothing
    return CostCurve(
        home_id=home.home_id,
        quantity_kw=ladder.quantity_kw,
        cost_usd=line,
        inner_approximation=inner or bent,
        loss_usd=loss_usd,
        loss_kw=loss_kw,
        least_kw=float(ladder.quantity_kw[1]) if jump > SAME_USD and len(line) > 1 else 0.0,
    )


def _climb(
    home: HomeProblem, terms: Terms, *, levels: int, straight: bool, ghosts: Ghosts | None = None
) -> _Ladder | None:
    """Most quantity, then least costs from it down to zero; None if not even a quantity of zero is possible."""
    made = build(home, terms, straight=straight, ghosts=ghosts)
    solver, at = Solver(made.program), made.layout
    upward = np.zeros(len(made.program.cost))
    upward[at.quantity] = -1.0
    solver.set_cost(upward)
    most = solver.solve()
    if most is None:
        return None
    top = units.floor_kw(max(0.0, -most.objective))
    quantities = sorted({units.floor_kw(top * k / levels) for k in range(levels + 1)})
    solver.set_cost(made.program.cost)
    totals, settings = [], []
    for quantity in reversed(quantities):
        if quantity == 0 and not terms.promised:
            continue
        solver.set_bounds([at.quantity], quantity, quantity)
        found = solver.solve()
        if found is None:
            return None
        mine = read_settings(home, terms, at, found.columns)
        totals.append(found.objective + terms.fixed_cost_usd(home, quantity))
        settings.append(mine)
    return _with_baseline_at_zero(quantities, totals[::-1], settings[::-1], terms)


def _with_baseline_at_zero(
    quantities: list[float], totals: list[float], settings: list[Settings], terms: Terms
) -> _Ladder:
    if len(totals) < len(quantities) and terms.baseline is not None:
        totals = [terms.baseline.cost_usd, *totals]
        settings = [settings_of(terms.baseline), *settings]
    return _Ladder(quantity_kw=np.array(quantities), total_usd=np.array(totals), settings=tuple(settings))


def _tidied(home: HomeProblem, terms: Terms, ladder: _Ladder, *, straight: bool) -> _Ladder:
    """The ladder with its ties broken as in the baseline: nothing burnt for nothing, and neighbours alike."""
    made = build(home, terms, straight=straight)
    settings = list(ladder.settings)
    for level, quantity in enumerate(ladder.quantity_kw):
        if quantity == 0 and not terms.promised:
            continue
        solver = Solver(made.program)
        solver.set_bounds([made.layout.quantity], quantity, quantity)
        found = solver.solve_in_order([made.program.cost, made.preference])
        if found is not None:
            settings[level] = read_settings(home, terms, made.layout, found.columns)
    return replace(ladder, settings=tuple(settings))


def _can_be_kept(home: HomeProblem, terms: Terms, ladder: _Ladder) -> bool:
    if not all(fits(home, settings) for settings in ladder.settings):
        return False
    pairs = zip(ladder.settings[:-1], ladder.settings[1:], strict=True)
    return all(mixes_fit(home, terms, low, high) for low, high in pairs)


def _same(one: _Ladder, other: _Ladder) -> bool:
    return np.array_equal(one.quantity_kw, other.quantity_kw) and bool(
        np.all(np.abs(one.total_usd - other.total_usd) <= SAME_USD)
    )


def _convex_line(home: HomeProblem, terms: Terms, ladder: _Ladder, promised_usd: float) -> tuple[Floats, bool]:
    """Costs at the ladder's quantities, zero at zero, convex, never below the ladder; and whether they had to bend.

    Where the window's export pays more than its import, the bill of the promised net load bends downward as the home
    passes from buying to selling; the line follows it only as far as convexity allows.
    """
    quantity = ladder.quantity_kw
    bends = _downward_bends(home, terms, top_kw=float(quantity[-1]))
    grid = np.union1d(quantity, bends)
    bill = np.array([terms.fixed_cost_usd(home, q) for q in grid])
    at_levels = np.array([terms.fixed_cost_usd(home, q) for q in quantity])
    cost = np.interp(grid, quantity, ladder.total_usd - at_levels) + bill - promised_usd
    cost[np.abs(cost) < 1e-9] = 0.0
    cost[0] = 0.0
    widths = np.diff(grid)
    slopes = np.maximum.accumulate(np.diff(cost) / widths) if len(widths) else widths
    line = np.concatenate([[0.0], np.cumsum(slopes * widths)])
    chosen = line[np.searchsorted(grid, quantity)]
    chosen[np.abs(chosen) < 1e-9] = 0.0
    return chosen, bool(len(bends)) and bool(np.max(line - cost) > SAME_USD)


def _downward_bends(home: HomeProblem, terms: Terms, *, top_kw: float) -> Floats:
    if terms.ask is None or terms.ask.reserve:
        return np.zeros(0)
    net = terms.fixed_net_kw
    crossed = home.export_usd_per_kwh > home.import_usd_per_kwh
    with np.errstate(invalid="ignore"):
        where = terms.ask_window & crossed & (net > 0) & (net < top_kw)
    return np.unique(net[where])


def _loss(
    home: HomeProblem, terms: Terms, *, last_kw: float, line_usd: float, known_usd: float | None, node_limit: int
) -> tuple[float, float]:
    """How far the line's last point lies from the exact problem's bounds: cost there [USD], power beyond it [kW]."""
    if known_usd is not None:
        return max(0.0, line_usd - known_usd), 0.0
    made = build(home, terms)
    upward = np.zeros(made.layout.size)
    upward[made.layout.quantity] = -1.0
    loss_usd, loss_kw = 0.0, 0.0
    try:
        if last_kw > 0:
            exact = solve_exactly(home, terms, quantity_kw=last_kw, node_limit=node_limit)
            if exact is not None:
                loss_usd = line_usd - exact.bound - terms.fixed_cost_usd(home, last_kw)
        most = solve_exactly(home, terms, objective=upward, node_limit=node_limit)
        if most is not None:
            loss_kw = units.floor_kw(max(0.0, -most.bound)) - last_kw
    except SolverFailedError:
        return float("nan"), float("nan")
    return (loss_usd if loss_usd > SAME_USD else 0.0), max(0.0, round(loss_kw, 6))
