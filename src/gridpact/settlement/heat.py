"""Heat stores as settlement knows them: leakage and the comfort band, by equations of its own.

Between instants the energy follows dE/dt = -k E + cop p - q with k the leak rate [1/h]. Over an interval of h hours the
share 1 - exp(-k h) of the way from E to the balance energy (cop p - q) / k is gone.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.settlement.devices import DeviceTrace

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

TIGHT_PER_H = 1e-12
"""Below this leak rate a store counts as tight [1/h]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatFacts:
    """Heat stores of H homes over T intervals; zero means "has none". Energies are of heat."""

    capacity_kwh: Floats
    """Shape (H,), as all arrays here unless stated."""
    power_kw: Floats
    cop: Floats
    leak_per_h: Floats
    """Rate k of the leak."""
    start_kwh: Floats
    demand_kw: Floats
    """Heat drawn, shape (H, T)."""
    step_h: float

    @classmethod
    def of_fleet(cls, frame: pd.DataFrame, demand_kw: Floats, *, step_h: float) -> "HeatFacts":
        """Facts of the fleet ``frame``, with the heat drawn, shape (H, T) [kW]."""

        def column(name: str) -> Floats:
            return np.asarray(np.nan_to_num(frame[name].to_numpy(dtype=np.float64, na_value=np.nan), nan=0.0))

        capacity = column("heat_capacity_kwh")
        owned = capacity > 0
        return cls(
            capacity_kwh=capacity,
            power_kw=np.where(owned, column("heat_power_kw"), 0.0),
            cop=np.where(owned, column("heat_cop"), 1.0),
            leak_per_h=-np.log1p(-np.where(owned, column("heat_leak_fraction_per_h"), 0.0)),
            start_kwh=column("heat_start_fraction") * capacity,
            demand_kw=np.where(owned[:, None], demand_kw, 0.0),
            step_h=step_h,
        )

    @property
    def owned(self) -> Bools:
        """Shape (H,)."""
        return self.capacity_kwh > 0

    def _after(self, energy_kwh: Floats, heat_kw: Floats) -> Floats:
        """Energy after an interval that begins at ``energy_kwh`` and gains ``heat_kw`` throughout."""
        gone = -np.expm1(-self.leak_per_h * self.step_h)
        tight = self.leak_per_h < TIGHT_PER_H
        hours = np.where(tight, self.step_h, gone / np.where(tight, 1.0, self.leak_per_h))
        return np.asarray(energy_kwh - gone * energy_kwh + hours * heat_kw)

    def replay(self, told_kw: Floats) -> DeviceTrace:
        """What the stores really do: a store that is warm enough takes no more, and no heater exceeds its power."""
        done, energies = np.zeros(told_kw.shape), np.zeros(told_kw.shape)
        energy = self.start_kwh.copy()
        # One kW of heat through an interval from nothing.
        gain_h = self._after(np.zeros_like(energy), np.ones_like(energy))
        for t in range(told_kw.shape[1]):
            cold = self._after(energy, -self.demand_kw[:, t])
            room_kw = np.maximum(self.capacity_kwh - cold, 0.0) / (gain_h * self.cop)
            done[:, t] = np.maximum(np.minimum(np.minimum(told_kw[:, t], self.power_kw), room_kw), 0.0)
            energy = cold + gain_h * self.cop * done[:, t]
            energies[:, t] = np.where(self.owned, energy, 0.0)
        return DeviceTrace(power_kw=done, energy_kwh=energies)

    def shortfalls(self, trace: DeviceTrace, without: DeviceTrace) -> Mapping[str, Floats]:
        """Heat that owners lack, or have too much: outside the band, or less at the end than without the VPP.

        Where even full power from the start cannot keep the band, what it reaches is what the owner is owed.
        """
        reach = self.replay(np.broadcast_to(self.power_kw[:, None], self.demand_kw.shape)).energy_kwh
        comfort = np.maximum(np.minimum(reach, 0.0) - trace.energy_kwh, trace.energy_kwh - self.capacity_kwh[:, None])
        left = np.zeros(comfort.shape)
        owed = np.maximum(np.minimum(self.start_kwh, reach[:, -1]), without.energy_kwh[:, -1])
        left[:, -1] = owed - trace.energy_kwh[:, -1]
        return {"heat_comfort": comfort, "heat_left_short": left}
