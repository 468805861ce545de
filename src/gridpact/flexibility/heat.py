"""A heat store in a home's program: leakage and a comfort band. See `gridpact.fleet.heat` for its equation."""

from dataclasses import dataclass

import numpy as np

from gridpact.flexibility.devices import Bools, Draft, Floats, Indices

NEAR_KWH = 1e-9
"""Reach and need closer than this are equal [kWh]."""
ROOM_KWH = 1e-8
"""How far a plan may end below the baseline's energy, so that rounding does not leave it without a way [kWh]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThermalStore:
    """A water heater's tank or a heated house, as a `Device`.

    Per interval: E' = kept E + gain_h (cop p - q), with 0 <= p <= power_kw.

    **Comfort.** At each interval's end the energy is between 0 and the capacity, and at the horizon's end at least what
    it was at the start. Where the demand makes that impossible (a cold spell, a long bath), no more is asked than what
    full power from the start reaches: 0 becomes min(0, reach), the start becomes min(start, reach). So the owner always
    has a day without the VPP, and no plan makes that day worse.
    """

    capacity_kwh: float
    """Heat between the coldest and the warmest comfortable temperature [kWh]."""
    power_kw: float
    """Most electric power [kW]."""
    cop: float
    """Heat made per electricity taken."""
    kept: float
    """Share of the energy that is still there after an interval."""
    gain_h: float
    """Energy at an interval's end per kW of heat put in throughout it [h]."""
    start_kwh: float
    """Energy at the first instant, within the band [kWh]."""
    demand_kw: Floats
    """Heat drawn, shape (T,) [kW]."""

    @property
    def name(self) -> str:
        """See `Device`."""
        return "heat"

    @property
    def most_kw(self) -> float:
        """See `Device`."""
        return self.power_kw

    @property
    def own_columns(self) -> int:
        """Its energy at each interval's end."""
        return len(self.demand_kw)

    def reach_kwh(self) -> Floats:
        """Energy at each interval's end with full power from the start, never above the capacity, shape (T,) [kWh]."""
        most_kw = self.cop * self.power_kw
        reach, energy = np.empty(len(self.demand_kw)), self.start_kwh
        for t, demand in enumerate(self.demand_kw.tolist()):
            energy = min(self.capacity_kwh, self.kept * energy + self.gain_h * (most_kw - demand))
            reach[t] = energy
        return reach

    def constrain(self, draft: Draft, *, power: Indices, own: Indices, left_kwh: float) -> None:
        """See `Device`."""
        right = -self.gain_h * self.demand_kw
        right[0] += self.kept * self.start_kwh
        rows = draft.new_rows(right, right)
        draft.enter(rows, own, 1.0)
        draft.enter(rows[1:], own[:-1], -self.kept)
        draft.enter(rows, power, -self.gain_h * self.cop)
        reach = self.reach_kwh()
        owed = np.zeros(len(reach))
        owed[-1] = self.start_kwh
        least = np.minimum(owed, reach)
        least[-1] = max(least[-1], min(left_kwh - ROOM_KWH, reach[-1]))
        draft.bound(own, least, self.capacity_kwh)
        forced = _forced(reach <= owed + NEAR_KWH, full=reach >= self.capacity_kwh)
        draft.bound(own[forced], reach[forced], reach[forced])
        heating = forced & (reach < self.capacity_kwh)
        draft.bound(power[heating], self.power_kw, self.power_kw)

    def energy_kwh(self, power_kw: Floats) -> Floats:
        """See `Device`."""
        added = self.gain_h * (self.cop * power_kw - self.demand_kw)
        found, energy = np.empty(len(added)), self.start_kwh
        for t, more in enumerate(added.tolist()):
            energy = self.kept * energy + more
            found[t] = energy
        return found


def _forced(binding: Bools, *, full: Bools) -> Bools:
    """Intervals whose end must be as warm as full power makes it, shape (T,).

    Where full power only just reaches what is owed, there is one way to get there: full power since the store was last
    full. It is stated outright, because a solver that finds it by propagating bounds back through the leakage divides
    by what leaks, and then calls the program infeasible, or a worse point optimal.
    """
    forced = binding.copy()
    for t in range(len(binding) - 2, -1, -1):
        forced[t] |= forced[t + 1] and not full[t + 1]
    return forced
