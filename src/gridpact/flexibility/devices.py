"""The seam for further devices of a home: what the program, its schedules and the tie-break need of each.

Battery, vehicle and solar are built into the program, because two of them charge and discharge and may then need modes
of their own. A further device only draws power, in any amount up to its most, and what it stores is linear in that
power. So the program stays as convex as it was, every solution can be followed, and a mean of two settings is one.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTrace:
    """What one further device does over T intervals; in a batch, with a row a home."""

    power_kw: Floats
    """Power it draws at the meter, shape (T,) [kW]."""
    energy_kwh: Floats
    """What it stores at each interval's end, in its own kind of energy, shape (T,) [kWh]."""


class Draft(Protocol):
    """What a device may do to a program under construction."""

    def new_rows(self, lower: Floats, upper: Floats) -> Indices:
        """Add rows with these bounds and return their numbers."""
        ...

    def enter(self, rows: Any, columns: Any, values: Any) -> None:
        """Add entries to the matrix; the three arguments broadcast against each other."""
        ...

    def bound(self, columns: Indices, lower: Any, upper: Any) -> None:
        """Set the bounds of columns."""
        ...


class Device(Protocol):
    """One further device of a home. Its power columns come from the program, which couples them to the meter, holds
    them at the baseline in blackouts, and breaks ties by least power, then earliest."""

    @property
    def name(self) -> str:
        """Name of the asset; also the stem of its columns in ``dispatch.parquet``."""
        ...

    @property
    def most_kw(self) -> float:
        """Most power that it draws [kW]; the least is zero."""
        ...

    @property
    def own_columns(self) -> int:
        """How many columns it wants beside its power."""
        ...

    def constrain(self, draft: Draft, *, power: Indices, own: Indices, left_kwh: float) -> None:
        """Add its rows, and the bounds of its own columns, which are free from zero up.

        Args:
            draft: the program.
            power: columns of its power, one an interval, already bounded.
            own: its own columns.
            left_kwh: what a plan must leave in it at the end because the baseline does; -inf for the baseline [kWh].
        """
        ...

    def energy_kwh(self, power_kw: Floats) -> Floats:
        """What it stores at each interval's end if it draws ``power_kw``, shape (T,)."""
        ...
