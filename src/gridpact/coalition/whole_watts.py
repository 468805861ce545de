"""Solver output in whole watts, the finest quantity that is traded, without breaking what it satisfied."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SOLVER_WATT = 0.01
"""A solver's number this close below a whole watt is that watt [W]."""


def watts_below(kw: Floats) -> Ints:
    """Whole watts at or below ``kw``, allowing for a solver's rounding [W]."""
    return np.floor(kw * 1000.0 + SOLVER_WATT).astype(np.int64)


def round_nested(home_kw: Floats, totals_w: Ints, *, available_w: Ints, limit_w: Callable[[int], Ints]) -> Ints:
    """Home totals in whole watts that add up to ``totals_w`` and never fall from one scenario to the next.

    Each scenario starts from the watts at or below its own numbers and from the scenario before, then the
    homes with the largest remainders give or take single watts; ties go to the earlier home.

    Args:
        home_kw: solver's home totals, shape (homes, S) [kW].
        totals_w: wanted totals, not falling, shape (S,) [W].
        available_w: most each home has, shape (homes,), or in each scenario, shape (homes, S) [W].
        limit_w: most each home may have in a coalition of so many watts, shape (homes,) [W].

    Returns:
        Home totals, shape (homes, S) [W]; a column adds up to less than wanted where limits leave no room.
    """
    homes, scenarios = home_kw.shape
    result = np.zeros((homes, scenarios), dtype=np.int64)
    below = np.zeros(homes, dtype=np.int64)
    room = np.broadcast_to(available_w.reshape(homes, -1), (homes, scenarios))
    for s in range(scenarios):
        wanted_w = home_kw[:, s] * 1000.0
        ceiling = np.maximum(np.minimum(room[:, s], limit_w(int(totals_w[s]))), below)
        watts = np.clip(watts_below(home_kw[:, s]), below, ceiling)
        for _ in range(homes + 1):
            missing = int(totals_w[s] - watts.sum())
            if missing == 0:
                break
            remainder = wanted_w - watts
            if missing > 0:
                able = np.flatnonzero(watts < ceiling)
                step, order = 1, np.argsort(-remainder[able], kind="stable")
            else:
                able = np.flatnonzero(watts > below)
                step, order = -1, np.argsort(remainder[able], kind="stable")
            if not able.size:
                break
            watts[able[order[: abs(missing)]]] += step
        result[:, s] = watts
        below = watts
    return result
