"""The master program: mix known plans so that coupling rows hold at least cost (Dantzig and Wolfe, 1960).

    minimise   sum_j cost_j m_j + sum_k (up_k under_k - down_k over_k)
    subject to sum_j activity_kj m_j - slack_k + under_k - over_k = low_k,  0 <= slack_k <= high_k - low_k
               sum_j m_j = 1,  m, under, over >= 0

``under`` and ``over`` keep it feasible; their prices are a box around the multipliers, which steadies them. A bounded
revised simplex with an explicit inverse is enough for a handful of rows. Variables are numbered: plans from 0, then
slacks, unders and overs in blocks of ``BLOCK``.
"""

from gridpact.flexibility.kernel.arrays import COLUMNS, ROWS, Home, Master, Plans, Rows
from gridpact.flexibility.kernel.compiling import compiled, whole

BLOCK = 10_000
SLACK, UNDER, OVER = BLOCK, 2 * BLOCK, 3 * BLOCK
VEHICLE, CYCLES = whole(0), whole(1)
PIVOTS = 300
"""Most simplex steps of one solve; a safeguard, tens are usual."""
assert COLUMNS < BLOCK > ROWS  # noqa: S101 - a fact about two constants


@compiled
def measure(home: Home, rows: Rows, plans: Plans, k: int, column: int) -> float:
    """Activity of row ``k`` under plan ``column``: energy the vehicle gains, or energy drawn from the cells [kWh]."""
    total, h = 0.0, home.step_h
    if rows.span[k, 0] == VEHICLE:
        for t in range(rows.span[k, 1], rows.span[k, 2]):
            total += plans.gain_kwh[column, t] + home.plug_drift_kwh[t]
    else:
        for t in range(rows.span[k, 1], rows.span[k, 2]):
            y = plans.battery_kw[column, t]
            total += home.drawn_kwh[t]
            if y < 0.0:
                total -= y * h / home.out
    return total


@compiled
def _price_of(plans: Plans, rows: Rows, variable: int) -> float:
    if variable < SLACK:
        return float(plans.cost[variable])
    if variable < UNDER:
        return 0.0
    if variable < OVER:
        return float(rows.box_high[variable - UNDER])
    return -float(rows.box_low[variable - OVER])


@compiled
def begin_master(rows: Rows, master: Master, count: int) -> None:
    """A first basis: plan 0, and per row whatever closes it."""
    for a in range(count + 1):
        for b in range(count + 1):
            master.inverse[a, b] = 0.0
    for k in range(count):
        got = rows.activity[k, 0]
        short = rows.low[k] - got
        master.at_upper[k] = 0
        if short > 0.0:
            master.basic[k], master.level[k] = UNDER + k, short
            master.inverse[k, k], master.inverse[k, count] = 1.0, -got
        elif got <= rows.high[k]:
            master.basic[k], master.level[k] = SLACK + k, -short
            master.inverse[k, k], master.inverse[k, count] = -1.0, got
        else:
            master.at_upper[k] = 1
            master.basic[k], master.inverse[k, k], master.inverse[k, count] = OVER + k, -1.0, got
            master.level[k] = got - rows.high[k]
    master.inverse[count, count] = 1.0
    master.basic[count] = 0
    master.level[count] = 1.0


@compiled
def add_row(rows: Rows, master: Master, count: int) -> None:
    """Row number ``count`` joins a running master; its activities are already measured."""
    k = count
    m = count + 1
    for a in range(m):
        master.inverse[a, m] = master.inverse[a, k]
        master.inverse[a, k] = 0.0
    mixed = 0.0
    for b in range(m + 1):
        master.direction[b] = 0.0
    for a in range(m):
        if master.basic[a] < SLACK:
            weight = rows.activity[k, master.basic[a]]
            mixed += weight * master.level[a]
            for b in range(m + 1):
                master.direction[b] += weight * master.inverse[a, b]
    if mixed <= rows.high[k]:
        sign = 1.0
        master.at_upper[k] = 0
        master.basic[m] = UNDER + k
        master.level[m] = rows.low[k] - mixed
        if master.level[m] < 0.0:
            sign = -1.0
            master.basic[m] = SLACK + k
            master.level[m] = -master.level[m]
    else:
        sign = -1.0
        master.at_upper[k] = 1
        master.basic[m] = OVER + k
        master.level[m] = mixed - rows.high[k]
    for b in range(m + 1):
        master.inverse[m, b] = -sign * master.direction[b]
    master.inverse[m, k] = sign


@compiled
def _entering(plans: Plans, rows: Rows, master: Master, count: int, known: int) -> tuple[int, float]:
    """The variable with the best reduced cost and its direction; -1 at the optimum."""
    best, entering, sign = -1e-15, -1, 1.0
    m = count + 1
    for j in range(known):
        reduced = plans.cost[j] - master.dual[count]
        for k in range(count):
            reduced -= master.dual[k] * rows.activity[k, j]
        if reduced < best * (1.0 + abs(plans.cost[j])):
            basic = False
            for a in range(m):
                basic = basic or master.basic[a] == j
            if not basic:
                best, entering = reduced, j
    for k in range(count):
        basic = False
        for a in range(m):
            basic = basic or master.basic[a] == SLACK + k
        if not basic:
            gain = master.dual[k] if master.at_upper[k] == 0 else -master.dual[k]
            if gain < best:
                best, entering = gain, SLACK + k
                sign = 1.0 if master.at_upper[k] == 0 else -1.0
        if rows.box_high[k] - master.dual[k] < best:
            best, entering = rows.box_high[k] - master.dual[k], UNDER + k
        if master.dual[k] - rows.box_low[k] < best:
            best, entering = master.dual[k] - rows.box_low[k], OVER + k
    if entering < SLACK or entering >= UNDER:
        sign = 1.0
    return entering, sign


@compiled
def _direct(rows: Rows, master: Master, count: int, variable: int) -> None:
    """The entering variable's column in terms of the basis."""
    for a in range(count + 1):
        if variable < SLACK:
            total = master.inverse[a, count]
            for k in range(count):
                total += master.inverse[a, k] * rows.activity[k, variable]
        elif variable < UNDER:
            total = -master.inverse[a, variable - SLACK]
        elif variable < OVER:
            total = master.inverse[a, variable - UNDER]
        else:
            total = -master.inverse[a, variable - OVER]
        master.direction[a] = total


@compiled
def solve_master(plans: Plans, rows: Rows, master: Master, count: int, known: int) -> tuple[float, float]:
    """The best mix; objective [USD] and how much of it still violates rows [kWh]. Multipliers go to ``theta``."""
    m = count + 1
    for _ in range(PIVOTS):
        for b in range(m):
            total = 0.0
            for a in range(m):
                total += _price_of(plans, rows, master.basic[a]) * master.inverse[a, b]
            master.dual[b] = total
        entering, sign = _entering(plans, rows, master, count, known)
        if entering < 0:
            break
        _direct(rows, master, count, entering)
        step, leaving, to_upper = 1e300, -1, 0
        if SLACK <= entering < UNDER:
            step = rows.high[entering - SLACK] - rows.low[entering - SLACK]
        for a in range(m):
            d = master.direction[a] * sign
            if d > 1e-11:
                ratio = master.level[a] / d
                if ratio < step - 1e-14:
                    step, leaving, to_upper = ratio, a, 0
            elif d < -1e-11 and SLACK <= master.basic[a] < UNDER:
                k = master.basic[a] - SLACK
                ratio = (rows.high[k] - rows.low[k] - master.level[a]) / -d
                if ratio < step - 1e-14:
                    step, leaving, to_upper = ratio, a, 1
        if step > 1e299:
            break
        step = max(step, 0.0)
        for a in range(m):
            master.level[a] -= step * sign * master.direction[a]
        if leaving < 0:
            master.at_upper[entering - SLACK] = 1 - master.at_upper[entering - SLACK]
            continue
        gone = master.basic[leaving]
        if SLACK <= gone < UNDER:
            master.at_upper[gone - SLACK] = to_upper
        value = step
        if SLACK <= entering < UNDER and sign < 0.0:
            value = rows.high[entering - SLACK] - rows.low[entering - SLACK] - step
        pivot = 1.0 / master.direction[leaving]
        for b in range(m):
            master.inverse[leaving, b] *= pivot
        for a in range(m):
            factor = master.direction[a]
            if a != leaving and factor != 0.0:
                for b in range(m):
                    master.inverse[a, b] -= factor * master.inverse[leaving, b]
        master.basic[leaving] = entering
        master.level[leaving] = value
    objective, broken = 0.0, 0.0
    for a in range(m):
        objective += _price_of(plans, rows, master.basic[a]) * master.level[a]
        if master.basic[a] >= UNDER:
            broken += master.level[a]
    for k in range(count):
        rows.theta[k] = master.dual[k]
    return objective, broken
