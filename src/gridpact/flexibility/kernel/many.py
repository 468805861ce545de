"""The kernel over many homes: loops in compiled code, one scratch memory a loop."""

from typing import NamedTuple

import numpy as np

from gridpact.flexibility.batch import Ints
from gridpact.flexibility.home import Floats
from gridpact.flexibility.kernel.arrays import ROWS, YES, ZERO, Home, Work
from gridpact.flexibility.kernel.climb import SURE, UNSURE, climb
from gridpact.flexibility.kernel.compiling import compiled
from gridpact.flexibility.kernel.coupling import BOX
from gridpact.flexibility.kernel.forms import Forms
from gridpact.flexibility.kernel.respond import NEAR, SAME, respond
from gridpact.flexibility.kernel.shared import FAINT

TIE, FINE_TIE = 1e-5, 1e-6
"""Tie-breaking prices; the finer one where the first one would cost money [USD/kWh]."""
EXACT = 1e-14
"""The tie-broken plan is sought until bound and plan differ by less than this share."""


class Memory(NamedTuple):
    """Answers of N homes: open rows and their multipliers, see `Rows`, and settings, shape (N, T) [kW]."""

    opened: Ints
    span: Ints
    low: Floats
    high: Floats
    theta: Floats
    battery_kw: Floats
    vehicle_kw: Floats


def memory_of(homes: int, periods: int) -> Memory:
    """Memory that holds nothing yet."""
    rows, settings = (homes, ROWS), (homes, periods)
    return Memory(
        opened=np.zeros(homes, dtype=np.int64),
        span=np.zeros((*rows, 3), dtype=np.int64),
        low=np.zeros(rows),
        high=np.zeros(rows),
        theta=np.zeros(rows),
        battery_kw=np.zeros(settings),
        vehicle_kw=np.zeros(settings),
    )


@compiled
def pick(forms: Forms, i: int) -> Home:
    """The form of home ``i``; its arrays are views."""
    a, b = forms.session_offset[i], forms.session_offset[i + 1]
    return Home(
        forms.step_h,
        forms.need_kw[i],
        forms.solar_kw[i],
        forms.least_kw[i],
        forms.most_kw[i],
        forms.buy[i],
        forms.sell[i],
        forms.charge_kw[i],
        forms.discharge_kw[i],
        forms.drift_kwh[i],
        forms.drawn_kwh[i],
        forms.floor_kwh[i],
        forms.ceiling_kwh[i],
        forms.start_kwh[i],
        forms.into[i],
        forms.out[i],
        forms.wear[i],
        forms.plug_in_kw[i],
        forms.plug_out_kw[i],
        forms.plug_drift_kwh[i],
        forms.plug_into[i],
        forms.plug_out[i],
        forms.plug_capacity_kwh[i],
        forms.session[a:b],
        forms.session_kwh[a:b],
        b - a,
        forms.cycle[forms.cycle_group[i]],
        forms.cycle_kwh[i],
    )


@compiled
def respond_many(
    forms: Forms, work: Work, late: Floats, memory: Memory, passes: int, bound_usd: Floats, cost_usd: Floats
) -> int:
    """Every home's least cost without breaking ties, for prices that change often; the passes used in all.

    ``memory`` keeps each home's answer between calls, which is a warm start. A single departure is priced anew from the
    settings: where prices move, so does its worth.
    """
    total = ZERO
    for i in range(len(cost_usd)):
        opened = memory.opened[i]
        if opened == 1 and forms.session_offset[i + 1] - forms.session_offset[i] == 1:
            opened = ZERO
        for k in range(opened):
            work.rows.theta[k], work.rows.low[k] = memory.theta[i, k], memory.low[i, k]
            work.rows.high[k] = memory.high[i, k]
            for j in range(3):
                work.rows.span[k, j] = memory.span[i, k, j]
        box = NEAR if opened > 0 else BOX
        home = pick(forms, i)
        battery, vehicle = memory.battery_kw[i], memory.vehicle_kw[i]
        bound_usd[i], cost_usd[i], used, opened = respond(
            home, work, FAINT, late, opened, battery, vehicle, YES, box, passes, SAME
        )
        memory.opened[i] = opened
        if opened > 0 and cost_usd[i] < 1e300:
            for t in range(len(battery)):
                battery[t], vehicle[t] = work.mix.battery_kw[t], work.mix.vehicle_kw[t]
        for k in range(opened):
            memory.theta[i, k], memory.low[i, k] = work.rows.theta[k], work.rows.low[k]
            memory.high[i, k] = work.rows.high[k]
            for j in range(3):
                memory.span[i, k, j] = work.rows.span[k, j]
        total += used
    return total


@compiled
def plan_many(
    forms: Forms,
    work: Work,
    late: Floats,
    passes: int,
    closed: Ints,
    bound_usd: Floats,
    cost_usd: Floats,
    battery_kw: Floats,
    vehicle_kw: Floats,
    curtailed_kw: Floats,
) -> None:
    """Every home's cheapest plan, ties broken: settings where ``closed`` is 1, the bound always."""
    for i in range(len(closed)):
        closed[i] = 0
        if not forms.possible[i]:
            bound_usd[i] = cost_usd[i] = float("inf")
            continue
        home = pick(forms, i)
        nothing = work.ladder.nothing
        bound, cost, _, opened = respond(home, work, FAINT, late, ZERO, nothing, nothing, YES, BOX, passes, SAME)
        bound_usd[i], cost_usd[i] = bound, cost
        if not (cost < 1e300 and cost - bound <= SAME * (1.0 + abs(cost))):
            continue
        tie = TIE
        if opened == 1 and home.sessions == 1:
            opened = ZERO
        for _ in range(2):
            battery, vehicle = work.mix.battery_kw, work.mix.vehicle_kw
            _, tied, _, _ = respond(home, work, tie, late, opened, battery, vehicle, YES, 10.0 * tie, passes, EXACT)
            if tied - cost <= SAME * (1.0 + abs(cost)):
                closed[i] = 1
                cost_usd[i] = tied
                for t in range(len(home.need_kw)):
                    battery_kw[i, t] = work.mix.battery_kw[t]
                    vehicle_kw[i, t] = work.mix.vehicle_kw[t]
                    curtailed_kw[i, t] = work.mix.curtailed_kw[t]
                break
            tie = FINE_TIE


@compiled
def climb_many(
    forms: Forms,
    work: Work,
    late: Floats,
    passes: int,
    first: int,
    stop: int,
    reserve: bool,
    energy_h: Floats,
    limited_kw: Floats,
    stand_kwh: Floats,
    most_kw: Floats,
    levels: int,
    below_usd: Floats,
    below_battery_kw: Floats,
    below_vehicle_kw: Floats,
    count: Ints,
    sure: Ints,
    top_kw: Floats,
    quantity_kw: Floats,
    total_usd: Floats,
) -> None:
    """Every home's ladder of least costs, see `climb`; ``sure`` is 0 where open, ``top_kw`` the exact limit."""
    for i in range(len(count)):
        count[i], sure[i] = 1, SURE
        if most_kw[i] < 1e-3:
            continue
        if not forms.possible[i]:
            sure[i] = UNSURE
            continue
        count[i], sure[i], top_kw[i] = climb(
            pick(forms, i),
            work,
            late,
            passes,
            first,
            stop,
            reserve,
            energy_h[i],
            limited_kw[i],
            stand_kwh[i],
            most_kw[i],
            levels,
            below_usd[i],
            below_battery_kw[i],
            below_vehicle_kw[i],
            quantity_kw[i],
            total_usd[i],
        )
