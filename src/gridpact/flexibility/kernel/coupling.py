"""What couples a day's intervals: rows for vehicles and cycle limits, and the plan that a mix of answers makes."""

from gridpact.flexibility.kernel.arrays import COLUMNS, ROWS, Home, Master, Mix, Plans, Prices, Rows
from gridpact.flexibility.kernel.compiling import compiled
from gridpact.flexibility.kernel.interval import meter_cost
from gridpact.flexibility.kernel.master import CYCLES, VEHICLE, add_row, measure

FITS_KWH = 1e-8
"""How far rounding and mixing may carry an energy past its limit [kWh]."""
BOX = 0.005
"""First half width of the box around a multiplier [USD/kWh]."""


@compiled
def spread_multipliers(home: Home, rows: Rows, prices: Prices, count: int) -> float:
    """Multipliers as prices per interval; the constant that they add to the bound."""
    constant = 0.0
    for t in range(len(home.need_kw)):
        prices.water[t] = 0.0
        prices.extra_wear[t] = 0.0
    for k in range(count):
        q = rows.theta[k]
        constant += q * (rows.low[k] if q > 0.0 else rows.high[k])
        if q == 0.0:
            continue
        if rows.span[k, 0] == VEHICLE:
            for t in range(rows.span[k, 1], rows.span[k, 2]):
                prices.water[t] += q
                constant -= q * home.plug_drift_kwh[t]
        else:
            for t in range(rows.span[k, 1], rows.span[k, 2]):
                prices.extra_wear[t] -= q / home.out
                constant -= q * home.drawn_kwh[t]
    return constant


@compiled
def open_row(
    rows: Rows, k: int, kind: int, first: int, last: int, low: float, high: float, guess: float, box: float
) -> None:
    rows.span[k, 0], rows.span[k, 1], rows.span[k, 2] = kind, first, last
    rows.low[k], rows.high[k] = low, high
    rows.theta[k] = guess
    rows.box_low[k], rows.box_high[k] = guess - box, guess + box


@compiled
def mix_plans(home: Home, plans: Plans, master: Master, mix: Mix, count: int) -> None:
    h = home.step_h
    for t in range(len(home.need_kw)):
        mix.battery_kw[t] = 0.0
        mix.vehicle_kw[t] = 0.0
        mix.curtailed_kw[t] = 0.0
        mix.gain_kwh[t] = home.plug_drift_kwh[t]
        mix.drawn_kwh[t] = home.drawn_kwh[t]
    for a in range(count + 1):
        j, weight = master.basic[a], master.level[a]
        if j < COLUMNS and weight > 0.0:
            for t in range(len(home.need_kw)):
                y, z = plans.battery_kw[j, t], plans.vehicle_kw[j, t]
                mix.battery_kw[t] += weight * y
                mix.vehicle_kw[t] += weight * z
                mix.curtailed_kw[t] += weight * plans.curtailed_kw[j, t]
                mix.gain_kwh[t] += weight * plans.gain_kwh[j, t]
                if y < 0.0:
                    mix.drawn_kwh[t] -= weight * y * h / home.out


@compiled
def _join(
    home: Home,
    plans: Plans,
    rows: Rows,
    master: Master,
    count: int,
    known: int,
    kind: int,
    first: int,
    last: int,
    low: float,
    high: float,
) -> int:
    """Open one more row, unless it is there already or there is no room; the new number of rows."""
    if count >= ROWS - 1:
        return count
    for k in range(count):
        if rows.span[k, 0] == kind and rows.span[k, 1] == first and rows.span[k, 2] == last:
            return count
    open_row(rows, count, kind, first, last, low, high, 0.0, BOX)
    for j in range(known):
        rows.activity[count, j] = measure(home, rows, plans, count, j)
    add_row(rows, master, count)
    return count + 1


@compiled
def open_broken_rows(
    home: Home, plans: Plans, rows: Rows, master: Master, mix: Mix, count: int, known: int, inner: bool
) -> int:
    """Open a row for every inner vehicle limit and cycle limit that the mixed plan breaks; the new number of rows."""
    if inner:
        for s in range(home.sessions):
            begin, least = home.session_kwh[s, 0], home.session_kwh[s, 1]
            energy, worst, where = begin, FITS_KWH, -1
            for t in range(home.session[s, 0], home.session[s, 1] - 1):
                energy += mix.gain_kwh[t]
                broken = max(least - energy, energy - home.plug_capacity_kwh)
                if broken > worst:
                    worst, where = broken, t
            if where >= 0:
                low, high = least - begin, home.plug_capacity_kwh - begin
                first = home.session[s, 0]
                count = _join(home, plans, rows, master, count, known, VEHICLE, first, where + 1, low, high)
    if home.cycle_kwh < 1e300:
        for c in range(len(home.cycle)):
            drawn = 0.0
            for t in range(home.cycle[c, 0], home.cycle[c, 1]):
                drawn += mix.drawn_kwh[t]
            if drawn > home.cycle_kwh + FITS_KWH:
                first, stop = home.cycle[c, 0], home.cycle[c, 1]
                count = _join(home, plans, rows, master, count, known, CYCLES, first, stop, 0.0, home.cycle_kwh)
    return count


@compiled
def true_cost(home: Home, mix: Mix) -> tuple[float, float]:
    """What the mixed plan costs when followed [USD], and the worst violation of an energy limit [kWh].

    Both directions of a device within an interval have become their difference, which leaves it fuller, never emptier.
    """
    h = home.step_h
    energy, cost, worst = home.start_kwh, 0.0, 0.0
    for t in range(len(home.need_kw)):
        y, z = mix.battery_kw[t], mix.vehicle_kw[t]
        net = home.need_kw[t] + y + z - home.solar_kw[t] + mix.curtailed_kw[t]
        cost += meter_cost(home, t, net) + home.wear * home.out * home.drawn_kwh[t]
        if y < 0.0:
            cost -= home.wear * y * h
            energy += y * h / home.out
        else:
            energy += y * h * home.into
        energy += home.drift_kwh[t]
        worst = max(worst, home.floor_kwh[t + 1] - energy, energy - home.ceiling_kwh[t + 1])
        worst = max(worst, home.least_kw[t] - net, net - home.most_kw[t])
    for s in range(home.sessions):
        energy = home.session_kwh[s, 0]
        for t in range(home.session[s, 0], home.session[s, 1]):
            z = mix.vehicle_kw[t]
            energy += (z * home.plug_into if z > 0.0 else z / home.plug_out) * h + home.plug_drift_kwh[t]
            worst = max(worst, home.session_kwh[s, 1] - energy, energy - home.plug_capacity_kwh)
        worst = max(worst, home.session_kwh[s, 2] - energy)
    if home.cycle_kwh < 1e300:
        for c in range(len(home.cycle)):
            drawn = 0.0
            for t in range(home.cycle[c, 0], home.cycle[c, 1]):
                drawn += home.drawn_kwh[t]
                if mix.battery_kw[t] < 0.0:
                    drawn -= mix.battery_kw[t] * h / home.out
            worst = max(worst, drawn - home.cycle_kwh)
    return cost, worst
