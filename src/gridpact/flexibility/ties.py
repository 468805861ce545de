"""Which of several equally cheap schedules is taken: the one with the least throughput, then the earliest.

Both models of a home minimise cost first and then this preference, in which every kWh through a device counts one and
a little more the later it is. Weights grow slightly faster than time, so that no two mixes of hours tie; where they
could swap hours, a further device draws first, then the vehicle charges, then the battery; a kWh of sun curtailed
counts a thousandth.
"""

import numpy as np

from gridpact.flexibility.home import Floats

SPILL = 1e-3
"""Weight of a curtailed kWh, relative to a kWh through a device."""
LATE = 1e-2
"""Weight of charging at the end of the horizon rather than at its start, relative to the kWh itself."""
LATE_VEHICLE = 1.1e-2
"""The same for the vehicle."""
LATE_DEVICE = 1.2e-2
"""The same for further devices."""
LATE_OUT = 0.1
"""How late a kWh is discharged, relative to how late it is charged."""


def lateness(periods: int) -> Floats:
    """How late each interval is, 0 to 1.25, shape (periods,)."""
    when = np.arange(periods) / periods
    return when + 0.25 * when * when
