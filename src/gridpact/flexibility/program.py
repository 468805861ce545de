"""One home's schedule as a linear program, with the parts that non-convex homes need.

Columns are those of `layout`.

    buy - sell = load - solar + charge - discharge + vehicle charge - vehicle discharge + curtailed + devices

In intervals with a promised net load the left side is that number (less the asked quantity), and the bill of those
intervals is a constant that `Terms.fixed_cost_usd` adds.

Three options serve homes whose exact problem is not convex:

* ``ghosts``: the plain program may charge and discharge in one interval, which burns energy. Replacing the pair by its
  difference keeps the net load and leaves the battery *fuller*: what is stored is concave in power, so never fuller
  than a second, upper energy path that grows by ``slope * (charge - discharge)`` with the slope of either mode. If
  that path too stays under the ceiling, the difference is a schedule that a real inverter can follow. This is a convex
  inner approximation, exact wherever the mode behind the slope is the mode used.
* ``straight``: where export pays more than import the bill is concave in net load. It is replaced by its tangent at the
  baseline (the import price if the home buys there, else the export price), which is never below it.
* ``binaries``: the exact mixed-integer program.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from gridpact.flexibility.home import Bools, Floats, HomeProblem
from gridpact.flexibility.layout import Indices, Layout, lay_out
from gridpact.flexibility.linear import Program, TripletMatrix
from gridpact.flexibility.meter import crossed_meter, most_buy_kw, most_sell_kw
from gridpact.flexibility.terms import Terms
from gridpact.flexibility.ties import LATE, LATE_DEVICE, LATE_OUT, LATE_VEHICLE, SPILL, lateness


@dataclass(frozen=True, slots=True, kw_only=True)
class Ghosts:
    """Slopes of the upper energy paths: energy at the cells per kWh of net charging."""

    battery: Floats
    """Shape (T,)."""
    vehicle: Floats
    """Shape (T,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """Intervals in which a mixed-integer program decides the mode."""

    battery: Bools
    vehicle: Bools
    meter: Bools


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeProgram:
    """A program and how to read its columns."""

    program: Program
    layout: Layout
    preference: Floats
    """Second objective, see `ties`: energy through the devices, a little more the later [kWh]."""


def vehicle_lowest_kwh(home: HomeProblem, session: int) -> float:
    """Energy below which the vehicle is never taken in a session [kWh]."""
    return min(home.vehicle_floor_kwh, home.sessions[session].start_kwh)


def build(
    home: HomeProblem,
    terms: Terms,
    *,
    ghosts: Ghosts | None = None,
    straight: bool = False,
    binaries: Binaries | None = None,
) -> HomeProgram:
    """The program of ``home`` under ``terms``."""
    layout = lay_out(home, ask=terms.ask is not None)
    draft = _Draft(home, terms, layout)
    draft.meter(straight=straight)
    draft.battery()
    draft.vehicle()
    draft.solar()
    draft.devices()
    if terms.ask is not None:
        draft.ask()
    if ghosts is not None:
        draft.ghosts(ghosts)
    if binaries is not None:
        draft.binaries(binaries)
    return draft.finish()


class _Draft:
    """A program under construction."""

    def __init__(self, home: HomeProblem, terms: Terms, layout: Layout) -> None:
        self.home, self.terms, self.at = home, terms, layout
        self.matrix = TripletMatrix()
        self.cost = np.zeros(layout.size)
        self.lower = np.zeros(layout.size)
        self.upper = np.full(layout.size, np.inf)
        self.row_lower: list[Floats] = []
        self.row_upper: list[Floats] = []
        self.rows = 0
        self.integers = 0

    def new_rows(self, lower: Floats, upper: Floats) -> Indices:
        rows = np.arange(self.rows, self.rows + len(lower))
        self.rows += len(lower)
        self.row_lower.append(np.asarray(lower, dtype=float))
        self.row_upper.append(np.asarray(upper, dtype=float))
        return rows

    def new_columns(self, lower: Floats, upper: Floats) -> Indices:
        columns = np.arange(len(self.cost), len(self.cost) + len(lower))
        self.cost = np.append(self.cost, np.zeros(len(lower)))
        self.lower, self.upper = np.append(self.lower, lower), np.append(self.upper, upper)
        return columns

    def enter(self, rows: Any, columns: Any, values: Any) -> None:
        self.matrix.add(rows, columns, values)

    def bound(self, columns: Indices, lower: Any, upper: Any) -> None:
        self.lower[columns], self.upper[columns] = lower, upper

    def hold(self, columns: Indices, value: Floats) -> None:
        self.lower[columns] = self.upper[columns] = value

    def meter(self, *, straight: bool) -> None:
        home, terms, at = self.home, self.terms, self.at
        fixed = terms.fixed
        right = home.load_kw - home.solar_kw - np.where(fixed, terms.fixed_net_kw, 0.0)
        rows = self.new_rows(right, right)
        self.balance = rows
        self.matrix.add(rows, at.buy, 1.0)
        self.matrix.add(rows, at.sell, -1.0)
        buy, sell = home.import_usd_per_kwh, home.export_usd_per_kwh
        if straight and terms.baseline is not None:
            crossed = crossed_meter(home, terms)
            buying = terms.baseline.net_kw > 0
            buying |= (terms.baseline.net_kw == 0) & ~terms.windows
            sell = np.where(crossed & buying, buy, sell)
            buy = np.where(crossed & ~buying, sell, buy)
        self.cost[at.buy] = np.where(fixed, 0.0, buy) * home.step_h
        self.cost[at.sell] = np.where(fixed, 0.0, -sell) * home.step_h
        most, least = terms.most_net_kw, terms.least_net_kw
        self.lower[at.buy] = np.where(fixed, 0.0, np.maximum(least, 0.0))
        self.upper[at.buy] = np.where(fixed, 0.0, np.minimum(most_buy_kw(home), np.maximum(most, 0.0)))
        self.lower[at.sell] = np.where(fixed, 0.0, np.maximum(-most, 0.0))
        self.upper[at.sell] = np.where(fixed, 0.0, np.minimum(most_sell_kw(home), np.maximum(-least, 0.0)))

    def floor_kwh(self) -> Floats:
        """Least battery energy at the start and at every interval's end, shape (T + 1,) [kWh]."""
        home = self.home
        floor = np.full(home.periods + 1, home.battery_floor_kwh)
        if self.terms.baseline is not None and home.operator_reserve_kwh > 0:
            kept = np.minimum(home.operator_reserve_kwh, self.terms.baseline.battery_soc_kwh)
            floor[1:] = np.maximum(floor[1:], kept)
        return floor

    def battery(self) -> None:
        home, terms, at = self.home, self.terms, self.at
        if not len(at.charge):
            return
        h, into, out = home.step_h, home.battery_charge_efficiency, home.battery_discharge_efficiency
        self.matrix.add(self.balance, at.charge, -1.0)
        self.matrix.add(self.balance, at.discharge, 1.0)
        rows = self.new_rows(np.zeros(home.periods), np.zeros(home.periods))
        self.matrix.add(rows, at.energy[1:], 1.0)
        self.matrix.add(rows, at.energy[:-1], -1.0)
        self.matrix.add(rows, at.charge, -into * h)
        self.matrix.add(rows, at.discharge, h / out)
        self.upper[at.charge] = home.battery_charge_kw
        self.upper[at.discharge] = home.battery_discharge_kw - terms.reserve_kw
        need = terms.reserve_energy_kwh
        self.lower[at.energy] = self.floor_kwh() + np.maximum(np.append(need, 0.0), np.insert(need, 0, 0.0))
        self.upper[at.energy] = home.battery_ceiling_kwh
        self.lower[at.energy[-1]] = max(self.lower[at.energy[-1]], terms.battery_end_kwh)
        start = at.energy[0]
        if self.lower[start] <= home.battery_start_kwh + 1e-9:
            self.lower[start] = home.battery_start_kwh
        self.upper[start] = home.battery_start_kwh
        self.cost[at.discharge] = home.battery_wear_usd_per_kwh * h
        if np.isfinite(home.cycle_limit_kwh):
            spans = home.cycle_windows
            limits = self.new_rows(np.full(len(spans), -np.inf), np.full(len(spans), home.cycle_limit_kwh))
            for row, (first, stop) in zip(limits, spans, strict=True):
                self.matrix.add(row, at.discharge[first:stop], h / out)
        if terms.baseline is not None:
            frozen = terms.frozen_battery
            self.hold(at.charge[frozen], terms.baseline.battery_charge_kw[frozen])
            self.hold(at.discharge[frozen], terms.baseline.battery_discharge_kw[frozen])
            held = self.lower[at.discharge] > home.battery_discharge_kw - terms.reserve_kw
            self.upper[at.discharge[held]] = (home.battery_discharge_kw - terms.reserve_kw)[held]

    def vehicle(self) -> None:
        home, terms, at = self.home, self.terms, self.at
        if not len(at.plugged):
            return
        h, into, out = home.step_h, home.vehicle_charge_efficiency, home.vehicle_discharge_efficiency
        self.matrix.add(self.balance[at.plugged], at.vehicle_charge, -1.0)
        firsts = np.flatnonzero(np.diff(at.session, prepend=-1))
        lasts = np.flatnonzero(np.diff(at.session, append=-1))
        start = np.zeros(len(at.plugged))
        start[firsts] = [session.start_kwh for session in home.sessions]
        rows = self.new_rows(start, start)
        inner = np.setdiff1d(np.arange(len(at.plugged)), firsts)
        self.matrix.add(rows, at.vehicle_energy, 1.0)
        self.matrix.add(rows[inner], at.vehicle_energy[inner - 1], -1.0)
        self.matrix.add(rows, at.vehicle_charge, -into * h)
        self.upper[at.vehicle_charge] = home.vehicle_charge_kw
        lowest = np.array([vehicle_lowest_kwh(home, k) for k in range(len(home.sessions))])
        self.lower[at.vehicle_energy] = lowest[at.session]
        self.upper[at.vehicle_energy] = home.vehicle_capacity_kwh
        ends = at.vehicle_energy[lasts]
        self.lower[ends] = np.maximum(self.lower[ends], terms.session_end_kwh)
        if len(at.vehicle_discharge):
            self.matrix.add(self.balance[at.plugged], at.vehicle_discharge, 1.0)
            self.matrix.add(rows, at.vehicle_discharge, h / out)
            self.upper[at.vehicle_discharge] = home.vehicle_discharge_kw
        if terms.baseline is not None:
            frozen = terms.frozen_vehicle[at.plugged]
            self.hold(at.vehicle_charge[frozen], terms.baseline.vehicle_charge_kw[at.plugged[frozen]])
            if len(at.vehicle_discharge):
                self.hold(at.vehicle_discharge[frozen], terms.baseline.vehicle_discharge_kw[at.plugged[frozen]])

    def solar(self) -> None:
        home, terms, at = self.home, self.terms, self.at
        self.matrix.add(self.balance[at.sunny], at.curtailed, -1.0)
        self.upper[at.curtailed] = home.solar_kw[at.sunny]
        if terms.baseline is not None:
            frozen = terms.frozen_solar[at.sunny]
            self.hold(at.curtailed[frozen], terms.baseline.curtailed_kw[at.sunny[frozen]])

    def devices(self) -> None:
        baseline = self.terms.baseline
        for device, power, own in zip(self.home.devices, self.at.devices, self.at.device_own, strict=True):
            self.matrix.add(self.balance, power, -1.0)
            self.upper[power] = device.most_kw
            left_kwh = -np.inf if baseline is None else float(baseline.devices[device.name].energy_kwh[-1])
            device.constrain(self, power=power, own=own, left_kwh=left_kwh)
            if baseline is not None:
                frozen = self.terms.frozen_devices[device.name]
                self.hold(power[frozen], baseline.devices[device.name].power_kw[frozen])

    def ask(self) -> None:
        terms, at = self.terms, self.at
        window = np.flatnonzero(terms.ask_window)
        self.upper[at.quantity] = terms.most_quantity_kw
        if terms.ask is None or not terms.ask.reserve:
            self.matrix.add(self.balance[window], at.quantity, -1.0)
            return
        rows = self.new_rows(np.full(len(window), -np.inf), self.home.battery_discharge_kw - terms.reserve_kw[window])
        self.matrix.add(rows, at.discharge[window], 1.0)
        self.matrix.add(rows, at.quantity, 1.0)
        lowest = self.floor_kwh()
        for side in (0, 1):
            floor = lowest[window + side] + terms.reserve_energy_kwh[window]
            rows = self.new_rows(floor, np.full(len(window), np.inf))
            self.matrix.add(rows, at.energy[window + side], 1.0)
            self.matrix.add(rows, at.quantity, -terms.ask_energy_h)
        limited = window[np.isfinite(terms.least_net_kw[window]) & ~terms.fixed[window]]
        rows = self.new_rows(terms.least_net_kw[limited], np.full(len(limited), np.inf))
        self.matrix.add(rows, at.buy[limited], 1.0)
        self.matrix.add(rows, at.sell[limited], -1.0)
        self.matrix.add(rows, at.quantity, -1.0)

    def ghosts(self, ghosts: Ghosts) -> None:
        home, at = self.home, self.at
        h = home.step_h
        if len(at.charge):
            path = self.new_columns(np.zeros(home.periods), np.full(home.periods, home.battery_ceiling_kwh))
            right = np.zeros(home.periods)
            right[0] = home.battery_start_kwh
            rows = self.new_rows(right, right)
            self.matrix.add(rows, path, 1.0)
            self.matrix.add(rows[1:], path[:-1], -1.0)
            self.matrix.add(rows, at.charge, -ghosts.battery * h)
            self.matrix.add(rows, at.discharge, ghosts.battery * h)
        if len(at.vehicle_discharge):
            spots = len(at.plugged)
            path = self.new_columns(np.zeros(spots), np.full(spots, home.vehicle_capacity_kwh))
            firsts = np.flatnonzero(np.diff(at.session, prepend=-1))
            right = np.zeros(spots)
            right[firsts] = [session.start_kwh for session in home.sessions]
            rows = self.new_rows(right, right)
            inner = np.setdiff1d(np.arange(spots), firsts)
            slope = ghosts.vehicle[at.plugged] * h
            self.matrix.add(rows, path, 1.0)
            self.matrix.add(rows[inner], path[inner - 1], -1.0)
            self.matrix.add(rows, at.vehicle_charge, -slope)
            self.matrix.add(rows, at.vehicle_discharge, slope)

    def binaries(self, binaries: Binaries) -> None:
        home, at = self.home, self.at
        self.integers = len(self.cost)
        if len(at.charge):
            chosen = np.flatnonzero(binaries.battery)
            self._either(
                at.charge[chosen],
                np.full(len(chosen), home.battery_charge_kw),
                at.discharge[chosen],
                np.full(len(chosen), home.battery_discharge_kw),
            )
        if len(at.vehicle_discharge):
            spots = np.flatnonzero(binaries.vehicle[at.plugged])
            self._either(
                at.vehicle_charge[spots],
                np.full(len(spots), home.vehicle_charge_kw),
                at.vehicle_discharge[spots],
                np.full(len(spots), home.vehicle_discharge_kw),
            )
        chosen = np.flatnonzero(binaries.meter)
        self._either(at.buy[chosen], most_buy_kw(home)[chosen], at.sell[chosen], most_sell_kw(home)[chosen])

    def _either(self, one: Indices, most_one: Floats, other: Indices, most_other: Floats) -> None:
        """At most one of two columns is above zero."""
        if not len(one):
            return
        switch = self.new_columns(np.zeros(len(one)), np.ones(len(one)))
        rows = self.new_rows(np.full(len(one), -np.inf), np.zeros(len(one)))
        self.matrix.add(rows, one, 1.0)
        self.matrix.add(rows, switch, -most_one)
        rows = self.new_rows(np.full(len(one), -np.inf), most_other)
        self.matrix.add(rows, other, 1.0)
        self.matrix.add(rows, switch, most_other)

    def finish(self) -> HomeProgram:
        home, at, size = self.home, self.at, len(self.cost)
        starts, indices, values = self.matrix.compressed(size)
        integer = np.zeros(0, dtype=np.bool_)
        if self.integers and self.integers < size:
            integer = np.arange(size) >= self.integers
        preference, late = np.zeros(size), lateness(home.periods)
        preference[at.charge] = 1.0 + LATE * late[: len(at.charge)]
        preference[at.discharge] = 1.0 + LATE * LATE_OUT * late[: len(at.discharge)]
        preference[at.vehicle_charge] = 1.0 + LATE_VEHICLE * late[at.plugged]
        if len(at.vehicle_discharge):
            preference[at.vehicle_discharge] = 1.0 + LATE_VEHICLE * LATE_OUT * late[at.plugged]
        preference[at.curtailed] = SPILL
        for power in at.devices:
            preference[power] = 1.0 + LATE_DEVICE * late
        return HomeProgram(
            program=Program(
                cost=self.cost,
                lower=self.lower,
                upper=self.upper,
                row_lower=np.concatenate(self.row_lower),
                row_upper=np.concatenate(self.row_upper),
                starts=starts,
                indices=indices,
                values=values,
                integer=integer,
            ),
            layout=at,
            preference=preference * home.step_h,
        )
