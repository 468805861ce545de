"""Arrays that the compiled kernel works on: one home's day, and scratch memory that is used again for every home."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gridpact.flexibility.home import Floats

Ints = NDArray[np.int64]

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile ``function`` by Numba and keep the machine code beside its source.

    The interpreter's lock is free while it runs. Inner functions allocate nothing, so reference counting is switched
    off: it costs more than the arithmetic.
    """
    options: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}
    return cast(F, njit(**options)(function))


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


class Work(NamedTuple):
    """Scratch memory. Its content means nothing between homes."""

    # value functions: pieces (slope, width) of V_t, ascending slopes
    slope: Floats
    width: Floats
    begin: Ints
    length: Ints
    low: Floats
    top: Floats
    # interval costs over the change of stored energy
    f_slope: Floats
    f_width: Floats
    f_count: Ints
    f_low: Floats
    f_cost: Floats
    # the same over the battery's power at its terminals: where each kWh comes from, in merit order
    y_slope: Floats
    y_width: Floats
    y_kind: Ints
    y_count: Ints
    y_low: Floats
    bent: Ints
    """Whether an interval's cost is a hull rather than the cost itself."""
    # multipliers spread over the intervals
    water: Floats
    water_before: Floats
    extra_wear: Floats
    wear_before: Floats
    # plans: power into battery and vehicle, curtailed power
    battery_kw: Floats
    vehicle_kw: Floats
    curtailed_kw: Floats
    cost: Floats
    activity: Floats
    # coupling rows
    row: Ints
    """Kind (0 vehicle, 1 cycles), first, last + 1."""
    row_low: Floats
    row_high: Floats
    theta: Floats
    box_low: Floats
    box_high: Floats
    # master program
    inverse: Floats
    basic: Ints
    level: Floats
    dual: Floats
    direction: Floats
    at_upper: Ints
    # the plan that comes out
    mix_battery_kw: Floats
    mix_vehicle_kw: Floats
    mix_curtailed_kw: Floats
    mix_gain_kwh: Floats
    """Energy that the mixed plans' vehicle gains, before both directions are netted."""
    mix_drawn_kwh: Floats
    energy_kwh: Floats
    # a second view of the home, to find how far its promises can go
    probe_need_kw: Floats
    probe_least_kw: Floats
    probe_most_kw: Floats
    probe_buy: Floats
    nothing: Floats
    target_kw: Floats
    floor_kwh: Floats
    discharge_kw: Floats
    # one row a level of a curve
    level_battery_kw: Floats
    level_vehicle_kw: Floats


def work_for(periods: int) -> Work:
    """Scratch memory for homes of ``periods`` intervals."""
    pieces = (SEGMENTS - 2) * periods + SEGMENTS
    ints: Any = np.int64
    return Work(
        slope=np.empty((periods + 1) * pieces),
        width=np.empty((periods + 1) * pieces),
        begin=np.empty(periods + 1, ints),
        length=np.empty(periods + 1, ints),
        low=np.empty(periods + 1),
        top=np.empty(periods + 1),
        f_slope=np.empty(periods * SEGMENTS),
        f_width=np.empty(periods * SEGMENTS),
        f_count=np.empty(periods, ints),
        f_low=np.empty(periods),
        f_cost=np.empty(periods),
        y_slope=np.empty(periods * SEGMENTS),
        y_width=np.empty(periods * SEGMENTS),
        y_kind=np.empty(periods * SEGMENTS, ints),
        y_count=np.empty(periods, ints),
        y_low=np.empty(periods),
        bent=np.zeros(periods, ints),
        water=np.zeros(periods),
        water_before=np.zeros(periods),
        extra_wear=np.zeros(periods),
        wear_before=np.zeros(periods),
        battery_kw=np.empty((COLUMNS, periods)),
        vehicle_kw=np.zeros((COLUMNS, periods)),
        curtailed_kw=np.empty((COLUMNS, periods)),
        cost=np.empty(COLUMNS),
        activity=np.empty((ROWS, COLUMNS)),
        row=np.empty((ROWS, 3), ints),
        row_low=np.empty(ROWS),
        row_high=np.empty(ROWS),
        theta=np.empty(ROWS),
        box_low=np.empty(ROWS),
        box_high=np.empty(ROWS),
        inverse=np.empty((ROWS + 1, ROWS + 1)),
        basic=np.empty(ROWS + 1, ints),
        level=np.empty(ROWS + 1),
        dual=np.empty(ROWS + 1),
        direction=np.empty(ROWS + 1),
        at_upper=np.empty(ROWS, ints),
        mix_battery_kw=np.empty(periods),
        mix_vehicle_kw=np.empty(periods),
        mix_curtailed_kw=np.empty(periods),
        mix_gain_kwh=np.empty(periods),
        mix_drawn_kwh=np.empty(periods),
        energy_kwh=np.empty(periods + 1),
        probe_need_kw=np.empty(periods),
        probe_least_kw=np.empty(periods),
        probe_most_kw=np.empty(periods),
        probe_buy=np.empty(periods),
        nothing=np.zeros(periods),
        target_kw=np.empty(periods),
        floor_kwh=np.empty(periods + 1),
        discharge_kw=np.empty(periods),
        level_battery_kw=np.empty((LEVELS, periods)),
        level_vehicle_kw=np.empty((LEVELS, periods)),
    )
