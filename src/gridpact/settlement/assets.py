"""Which further devices there are, and their facts in a fleet."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.errors import InputError
from gridpact.settlement.devices import Facts
from gridpact.settlement.heat import HeatFacts

Floats = NDArray[np.float64]

FACTS: Mapping[str, Callable[..., Facts]] = {"heat": HeatFacts.of_fleet}
"""How the facts of each kind of further device are read; a new kind is one more entry here."""


def facts_of_fleet(
    frame: pd.DataFrame, demand_kw: Mapping[str, Floats], *, step_h: float, periods: int
) -> dict[str, Facts]:
    """Facts of every further device that a home of ``frame`` has, by name.

    Raises:
        InputError: a device's demand is missing or has another shape.
    """
    found: dict[str, Facts] = {}
    for name, read in FACTS.items():
        if not any(str(column).startswith(f"{name}_") for column in frame.columns):
            continue
        demand = demand_kw.get(name)
        if demand is None or demand.shape != (len(frame), periods):
            shape = None if demand is None else demand.shape
            raise InputError(f"the demand of {name!r} has shape {shape}, not {(len(frame), periods)}")
        facts = read(frame, demand, step_h=step_h)
        if facts.owned.any():
            found[name] = facts
    return found
