"""The columns of one home's program, and what stands where.

Columns per interval: buy, sell, battery charge and discharge, vehicle charge and discharge (plugged intervals only),
curtailment (sunny intervals only), battery and vehicle energy, power and own columns of each further device; and one
column for the quantity of an ask, so that a whole cost curve is one program with one bound that moves.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.flexibility.home import HomeProblem

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where each variable stands among the columns."""

    size: int
    plugged: Indices
    """Intervals with a vehicle, in order; vehicle columns follow it."""
    session: Indices
    """Session of each plugged interval."""
    sunny: Indices
    """Intervals with solar output; curtailment columns follow it."""
    buy: Indices
    sell: Indices
    charge: Indices
    discharge: Indices
    energy: Indices
    """T + 1 instants; empty without a battery, like charge and discharge."""
    vehicle_charge: Indices
    vehicle_discharge: Indices
    """Empty for a charge-only vehicle."""
    vehicle_energy: Indices
    curtailed: Indices
    devices: tuple[Indices, ...]
    """Power of each further device, in the home's order."""
    device_own: tuple[Indices, ...]
    """Its own columns."""
    quantity: int
    """Column of the ask's quantity; -1 without an ask."""


def lay_out(home: HomeProblem, *, ask: bool) -> Layout:
    """Number the columns."""
    periods = home.periods
    plugged = [np.arange(s.first, s.stop) for s in home.sessions]
    session = [np.full(s.stop - s.first, k) for k, s in enumerate(home.sessions)]
    spots = np.concatenate(plugged) if plugged else np.zeros(0, dtype=np.int64)
    sunny = np.flatnonzero(home.solar_kw > 0)
    battery = periods if home.has_battery else 0
    two_way = len(spots) if home.vehicle_discharge_kw > 0 else 0
    instants = battery + 1 if battery else 0
    sizes = [periods, periods, battery, battery, instants, len(spots), two_way, len(spots), len(sunny)]
    sizes += [count for device in home.devices for count in (periods, device.own_columns)]
    edges = np.cumsum([0, *sizes])
    blocks = [np.arange(a, b) for a, b in zip(edges[:-1], edges[1:], strict=True)]
    size = int(edges[-1])
    return Layout(
        size=size + 1 if ask else size,
        plugged=spots,
        session=np.concatenate(session) if session else np.zeros(0, dtype=np.int64),
        sunny=sunny,
        buy=blocks[0],
        sell=blocks[1],
        charge=blocks[2],
        discharge=blocks[3],
        energy=blocks[4],
        vehicle_charge=blocks[5],
        vehicle_discharge=blocks[6],
        vehicle_energy=blocks[7],
        curtailed=blocks[8],
        devices=tuple(blocks[9::2]),
        device_own=tuple(blocks[10::2]),
        quantity=size if ask else -1,
    )
