"""The master program: mix known plans so that coupling rows hold at least cost (Dantzig and Wolfe, 1960).

    minimise   sum_j cost_j m_j + sum_k (up_k under_k - down_k over_k)
    subject to sum_j activity_kj m_j - slack_k + under_k - over_k = low_k,  0 <= slack_k <= high_k - low_k
               sum_j m_j = 1,  m, under, over >= 0

``under`` and ``over`` keep it feasible; their prices are a box around the multipliers, which steadies them. A bounded
revised simplex with an explicit inverse is enough for a handful of rows. Variables are numbered: plans from 0, then
slacks, unders and overs in blocks of ``BLOCK``.
"""

from gridpact.flexibility.kernel.arrays import COLUMNS, ROWS, Home, Work, compiled

BLOCK = 10_000
SLACK, UNDER, OVER = BLOCK, 2 * BLOCK, 3 * BLOCK
VEHICLE, CYCLES = 0, 1
PIVOTS = 300
"""Most simplex steps of one solve; a safeguard, tens are usual."""
assert COLUMNS < BLOCK > ROWS  # noqa: S101 - a fact about two constants


@compiled
def measure(home: Home, work: Work, k: int, column: int) -> float:
    """Activity of row ``k`` under plan ``column``: energy the vehicle gains, or energy drawn from the cells [kWh]."""
    total, h = 0.0, home.step_h
    if work.row[k, 0] == VEHICLE:
        for t in range(work.row[k, 1], work.row[k, 2]):
            z = work.vehicle_kw[column, t]
            total += (z * home.plug_into if z > 0.0 else z / home.plug_out) * h + home.plug_drift_kwh[t]
    else:
        for t in range(work.row[k, 1], work.row[k, 2]):
            y = work.battery_kw[column, t]
            total += home.drawn_kwh[t]
            if y < 0.0:
                total -= y * h / home.out
    return total


@compiled
def _price_of(work: Work, variable: int) -> float:
    if variable < SLACK:
        return float(work.cost[variable])
    if variable < UNDER:
        return 0.0
    if variable < OVER:
        return float(work.box_high[variable - UNDER])
    return -float(work.box_low[variable - OVER])


@compiled
def begin_master(work: Work, rows: int) -> None:
    """A first basis: plan 0, and per row whatever closes it."""
    for a in range(rows + 1):
        for b in range(rows + 1):
            work.inverse[a, b] = 0.0
    for k in range(rows):
        got = work.activity[k, 0]
        short = work.row_low[k] - got
        work.at_upper[k] = 0
        if short > 0.0:
            work.basic[k], work.inverse[k, k], work.inverse[k, rows], work.level[k] = UNDER + k, 1.0, -got, short
        elif got <= work.row_high[k]:
            work.basic[k], work.inverse[k, k], work.inverse[k, rows], work.level[k] = SLACK + k, -1.0, got, -short
        else:
            work.at_upper[k] = 1
            work.basic[k], work.inverse[k, k], work.inverse[k, rows] = OVER + k, -1.0, got
            work.level[k] = got - work.row_high[k]
    work.inverse[rows, rows] = 1.0
    work.basic[rows] = 0
    work.level[rows] = 1.0


@compiled
def add_row(work: Work, rows: int, plans: int) -> None:
    """Row number ``rows`` joins a running master; its activities are already measured."""
    k = rows
    m = rows + 1
    for a in range(m):
        work.inverse[a, m] = work.inverse[a, k]
        work.inverse[a, k] = 0.0
    mixed = 0.0
    for b in range(m + 1):
        work.direction[b] = 0.0
    for a in range(m):
        if work.basic[a] < SLACK:
            weight = work.activity[k, work.basic[a]]
            mixed += weight * work.level[a]
            for b in range(m + 1):
                work.direction[b] += weight * work.inverse[a, b]
    if mixed <= work.row_high[k]:
        sign = 1.0
        work.at_upper[k] = 0
        work.basic[m] = UNDER + k
        work.level[m] = work.row_low[k] - mixed
        if work.level[m] < 0.0:
            sign = -1.0
            work.basic[m] = SLACK + k
            work.level[m] = -work.level[m]
    else:
        sign = -1.0
        work.at_upper[k] = 1
        work.basic[m] = OVER + k
        work.level[m] = mixed - work.row_high[k]
    for b in range(m + 1):
        work.inverse[m, b] = -sign * work.direction[b]
    work.inverse[m, k] = sign


@compiled
def _entering(work: Work, rows: int, plans: int) -> tuple[int, float]:
    """The variable with the best reduced cost and its direction; -1 at the optimum."""
    best, entering, sign = -1e-15, -1, 1.0
    m = rows + 1
    for j in range(plans):
        reduced = work.cost[j] - work.dual[rows]
        for k in range(rows):
            reduced -= work.dual[k] * work.activity[k, j]
        if reduced < best * (1.0 + abs(work.cost[j])):
            known = False
            for a in range(m):
                known = known or work.basic[a] == j
            if not known:
                best, entering = reduced, j
    for k in range(rows):
        known = False
        for a in range(m):
            known = known or work.basic[a] == SLACK + k
        if not known:
            gain = work.dual[k] if work.at_upper[k] == 0 else -work.dual[k]
            if gain < best:
                best, entering = gain, SLACK + k
                sign = 1.0 if work.at_upper[k] == 0 else -1.0
        if work.box_high[k] - work.dual[k] < best:
            best, entering = work.box_high[k] - work.dual[k], UNDER + k
        if work.dual[k] - work.box_low[k] < best:
            best, entering = work.dual[k] - work.box_low[k], OVER + k
    if entering < SLACK or entering >= UNDER:
        sign = 1.0
    return entering, sign


@compiled
def _direct(work: Work, rows: int, variable: int) -> None:
    """The entering variable's column in terms of the basis."""
    for a in range(rows + 1):
        if variable < SLACK:
            total = work.inverse[a, rows]
            for k in range(rows):
                total += work.inverse[a, k] * work.activity[k, variable]
        elif variable < UNDER:
            total = -work.inverse[a, variable - SLACK]
        elif variable < OVER:
            total = work.inverse[a, variable - UNDER]
        else:
            total = -work.inverse[a, variable - OVER]
        work.direction[a] = total


@compiled
def solve_master(work: Work, rows: int, plans: int) -> tuple[float, float]:
    """The best mix; objective [USD] and how much of it still violates rows [kWh]. Multipliers go to ``theta``."""
    m = rows + 1
    for _ in range(PIVOTS):
        for b in range(m):
            total = 0.0
            for a in range(m):
                total += _price_of(work, work.basic[a]) * work.inverse[a, b]
            work.dual[b] = total
        entering, sign = _entering(work, rows, plans)
        if entering < 0:
            break
        _direct(work, rows, entering)
        step, leaving, to_upper = 1e300, -1, 0
        if SLACK <= entering < UNDER:
            step = work.row_high[entering - SLACK] - work.row_low[entering - SLACK]
        for a in range(m):
            d = work.direction[a] * sign
            if d > 1e-11:
                ratio = work.level[a] / d
                if ratio < step - 1e-14:
                    step, leaving, to_upper = ratio, a, 0
            elif d < -1e-11 and SLACK <= work.basic[a] < UNDER:
                k = work.basic[a] - SLACK
                ratio = (work.row_high[k] - work.row_low[k] - work.level[a]) / -d
                if ratio < step - 1e-14:
                    step, leaving, to_upper = ratio, a, 1
        if step > 1e299:
            break
        step = max(step, 0.0)
        for a in range(m):
            work.level[a] -= step * sign * work.direction[a]
        if leaving < 0:
            work.at_upper[entering - SLACK] = 1 - work.at_upper[entering - SLACK]
            continue
        gone = work.basic[leaving]
        if SLACK <= gone < UNDER:
            work.at_upper[gone - SLACK] = to_upper
        value = step
        if SLACK <= entering < UNDER and sign < 0.0:
            value = work.row_high[entering - SLACK] - work.row_low[entering - SLACK] - step
        pivot = 1.0 / work.direction[leaving]
        for b in range(m):
            work.inverse[leaving, b] *= pivot
        for a in range(m):
            factor = work.direction[a]
            if a != leaving and factor != 0.0:
                for b in range(m):
                    work.inverse[a, b] -= factor * work.inverse[leaving, b]
        work.basic[leaving] = entering
        work.level[leaving] = value
    objective, broken = 0.0, 0.0
    for a in range(m):
        objective += _price_of(work, work.basic[a]) * work.level[a]
        if work.basic[a] >= UNDER:
            broken += work.level[a]
    for k in range(rows):
        work.theta[k] = work.dual[k]
    return objective, broken
