"""Arrays that the compiled kernel works on: one home's day, and scratch memory that is used again for every home."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridpact.flexibility.home import Floats
from gridpact.flexibility.kernel.compiling import truth, whole

Ints = NDArray[np.int64]

ZERO, ONE = whole(0), whole(1)
YES, NO = truth(True), truth(False)
SEGMENTS = 8
"""Room for the pieces of one interval's cost: two of the meter, one of the sun, two of the car, one more where the
battery turns."""
ROWS = 24
"""Most coupling rows of one home: departures, inner limits of a two-way car, cycle windows."""
COLUMNS = 160
"""Most plans that are kept for mixing."""
LEVELS = 65
"""Most points of a cost curve."""


class Home(NamedTuple):
    """One home's day in the kernel's terms, over T intervals; powers [kW], energies [kWh], prices [USD/kWh].

    Devices that keep a given setting in an interval (frozen) have no power left there; what they do is part of
    ``need_kw``, ``drift_kwh``, ``drawn_kwh`` and ``plug_drift_kwh``.
    """

    step_h: float
    need_kw: Floats
    """Load and frozen devices, shape (T,)."""
    solar_kw: Floats
    """What may be used or curtailed, shape (T,)."""
    least_kw: Floats
    """Lower limit of net load, finite; equal to the upper one where net load is promised, shape (T,)."""
    most_kw: Floats
    buy: Floats
    sell: Floats
    charge_kw: Floats
    discharge_kw: Floats
    drift_kwh: Floats
    """Energy that a frozen battery gains, shape (T,)."""
    drawn_kwh: Floats
    """Energy that a frozen battery draws from its cells, shape (T,)."""
    floor_kwh: Floats
    """Least battery energy at every instant, shape (T + 1,)."""
    ceiling_kwh: Floats
    start_kwh: float
    into: float
    """Battery efficiencies: stored per charged, and given per drawn."""
    out: float
    wear: float
    """Per kWh discharged at the terminals."""
    plug_in_kw: Floats
    """Vehicle charging limit, zero while away or frozen, shape (T,)."""
    plug_out_kw: Floats
    plug_drift_kwh: Floats
    """Energy that a frozen vehicle gains, shape (T,)."""
    plug_into: float
    plug_out: float
    plug_capacity_kwh: float
    session: Ints
    """First and last + 1 interval of each session, shape (S, 2)."""
    session_kwh: Floats
    """Start, least within, least at the end of each session, shape (S, 3)."""
    sessions: int
    cycle: Ints
    """First and last + 1 interval of each cycle window, shape (C, 2)."""
    cycle_kwh: float
    """Most energy drawn from the cells within one cycle window; inf if unlimited."""


class Values(NamedTuple):
    """Value functions as pieces (slope, width) with ascending slopes; T + 1 of them, one after the other."""

    slope: Floats
    width: Floats
    begin: Ints
    """First piece of the function of each instant, shape (T + 1,)."""
    length: Ints
    low: Floats
    """Range of energies for which it is known, shape (T + 1,) [kWh]."""
    top: Floats
    cost: Floats
    """Its value at the lowest energy, shape (T + 1,), as all that follows only where sums are kept [USD]."""
    gain: Floats
    """What the vehicle gains along a piece for each kWh in the battery, as ``slope``."""
    low_gain: Floats
    """What the vehicle gains in all from the lowest energy, shape (T + 1,) [kWh]."""


class Costs(NamedTuple):
    """Interval costs F_t over the energy that the battery gains; ``SEGMENTS`` places for each interval."""

    slope: Floats
    width: Floats
    pieces: Ints
    low: Floats
    cost: Floats
    """F at its lowest argument."""
    bent: Ints
    """Whether an interval's cost is a hull rather than the cost itself."""
    gain: Floats
    """What the vehicle gains along a piece for each kWh that the battery gains, as ``slope``; not where bent."""
    low_gain: Floats
    """What the vehicle gains at the lowest argument, without what it gains frozen, shape (T,) [kWh]."""


class Supply(NamedTuple):
    """Where the battery's power comes from, in merit order; ``SEGMENTS`` places for each interval."""

    slope: Floats
    width: Floats
    kind: Ints
    pieces: Ints
    """-1 in ordinary intervals, where all sun is used and the meter takes the rest."""
    low: Floats
    turned: Ints
    """Whether energy in the vehicle is worth less than nothing, so that its gain is taken linear between its limits."""


class Prices(NamedTuple):
    """Multipliers as prices per interval, now and when costs were last made, shape (T,) [USD/kWh]."""

    water: Floats
    water_before: Floats
    extra_wear: Floats
    wear_before: Floats


class Plans(NamedTuple):
    """Answers of the dynamic program: settings, shape (COLUMNS, T) [kW], and cost, shape (COLUMNS,)."""

    battery_kw: Floats
    vehicle_kw: Floats
    curtailed_kw: Floats
    gain_kwh: Floats
    """Energy that the vehicle gains, as the bound counts it, shape (COLUMNS, T)."""
    cost: Floats


class Rows(NamedTuple):
    """Coupling rows, at most ``ROWS``."""

    span: Ints
    """Kind (0 vehicle, 1 cycles), first, last + 1."""
    low: Floats
    high: Floats
    theta: Floats
    """Multipliers."""
    box_low: Floats
    box_high: Floats
    activity: Floats
    """Of each plan, shape (ROWS, COLUMNS)."""
    aim: Floats
    """Multipliers as guessed."""


class Master(NamedTuple):
    """A basis of the master program."""

    inverse: Floats
    basic: Ints
    level: Floats
    dual: Floats
    direction: Floats
    at_upper: Ints


class Mix(NamedTuple):
    """The plan that comes out, shape (T,)."""

    battery_kw: Floats
    vehicle_kw: Floats
    curtailed_kw: Floats
    gain_kwh: Floats
    """Energy that the mixed plans' vehicle gains, before both directions are netted."""
    drawn_kwh: Floats
    """Energy drawn from the cells, likewise."""


class Ladder(NamedTuple):
    """What a cost curve needs beside single answers."""

    energy_kwh: Floats
    probe_need_kw: Floats
    """A second view of the home, to find how far its promises can go, shape (T,), as the next four."""
    probe_least_kw: Floats
    probe_most_kw: Floats
    probe_buy: Floats
    nothing: Floats
    target_kw: Floats
    """The home before the ask binds it, as the next two."""
    floor_kwh: Floats
    discharge_kw: Floats
    level_battery_kw: Floats
    """One row a level, as the next, shape (LEVELS, T)."""
    level_vehicle_kw: Floats
    level_kwh: Floats
    """Energy from which the settings of each level count, shape (LEVELS,)."""
    pending: Ints
    """Pairs of levels between which costs are still unknown, shape (2 * LEVELS, 2)."""


class Guess(NamedTuple):
    """Hours that a vehicle may charge in, or not discharge in, shape (4 T,): what a kWh costs, and how many."""

    price: Floats
    width: Floats


class Work(NamedTuple):
    """Scratch memory. Its content means nothing between homes. Functions take the part that they need, because
    passing all of it costs compile time."""

    values: Values
    past: Values
    """Least costs of reaching an energy, where `values` are those of going on from it."""
    costs: Costs
    supply: Supply
    prices: Prices
    plans: Plans
    rows: Rows
    master: Master
    mix: Mix
    ladder: Ladder
    guess: Guess


def work_for(periods: int) -> Work:
    """Scratch memory for homes of ``periods`` intervals."""
    places = periods * SEGMENTS

    def floats(*shape: int) -> Floats:
        return np.zeros(shape)

    def ints(*shape: int) -> Ints:
        return np.zeros(shape, dtype=np.int64)

    n, basis = periods, ROWS + 1
    # Functions lie one after the other; the k-th to be made has at most the pieces of k intervals and its own range.
    pieces = (n + 1) * ((SEGMENTS - 2) * n // 2 + SEGMENTS)

    def values() -> Values:
        return Values(
            np.empty(pieces),
            np.empty(pieces),
            ints(n + 1),
            ints(n + 1),
            floats(n + 1),
            floats(n + 1),
            floats(n + 1),
            np.empty(pieces),
            floats(n + 1),
        )

    return Work(
        values=values(),
        past=values(),
        costs=Costs(floats(places), floats(places), ints(n), floats(n), floats(n), ints(n), floats(places), floats(n)),
        supply=Supply(floats(places), floats(places), ints(places), ints(n), floats(n), ints(n)),
        prices=Prices(floats(n), floats(n), floats(n), floats(n)),
        plans=Plans(floats(COLUMNS, n), floats(COLUMNS, n), floats(COLUMNS, n), floats(COLUMNS, n), floats(COLUMNS)),
        rows=Rows(
            ints(ROWS, 3),
            floats(ROWS),
            floats(ROWS),
            floats(ROWS),
            floats(ROWS),
            floats(ROWS),
            floats(ROWS, COLUMNS),
            floats(ROWS),
        ),
        master=Master(floats(basis, basis), ints(basis), floats(basis), floats(basis), floats(basis), ints(ROWS)),
        mix=Mix(floats(n), floats(n), floats(n), floats(n), floats(n)),
        ladder=Ladder(
            floats(n + 1),
            floats(n),
            floats(n),
            floats(n),
            floats(n),
            floats(n),
            floats(n),
            floats(n + 1),
            floats(n),
            floats(LEVELS, n),
            floats(LEVELS, n),
            floats(LEVELS),
            ints(2 * LEVELS, 2),
        ),
        guess=Guess(floats(4 * n), floats(4 * n)),
    )
