"""The reference model of a home in CVXPY and a check of schedules by arithmetic, written from the design alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import cvxpy as cp
import numpy as np

from gridpact.flexibility.heat import ThermalStore
from gridpact.flexibility.home import Commitment, HomeProblem, Schedule

DEVICES = ("battery_charge_kw", "battery_discharge_kw", "vehicle_charge_kw", "vehicle_discharge_kw", "curtailed_kw")


@dataclass
class Truth:
    """A home in CVXPY; promises are added as constraints."""

    home: HomeProblem
    exclusive: bool

    def __post_init__(self) -> None:
        home, n, h = self.home, self.home.periods, self.home.step_h
        self.rules: list[cp.Constraint] = []
        self.buy, self.sell, self.u = (cp.Variable(n, nonneg=True) for _ in range(3))
        self.c, self.d, self.v, self.w = (cp.Variable(n, nonneg=True) for _ in range(4))
        battery = home.battery_capacity_kwh > 0
        self.e = home.battery_start_kwh + cp.cumsum(
            self.c * home.battery_charge_efficiency * h - self.d * h / home.battery_discharge_efficiency
        )
        self.rules += [self.c <= home.battery_charge_kw * battery, self.d <= home.battery_discharge_kw * battery]
        if battery:
            self.rules += [
                self.e >= home.battery_floor_kwh,
                self.e <= home.battery_ceiling_kwh,
                self.e[n - 1] >= home.battery_start_kwh,
            ]
            if np.isfinite(home.cycle_limit_kwh):
                for a, b in home.cycle_windows:
                    drawn = cp.sum(self.d[a:b]) * h / home.battery_discharge_efficiency
                    self.rules.append(drawn <= home.cycle_limit_kwh)
        plugged = np.zeros(n)
        self.ends = []
        for s in home.sessions:
            plugged[s.first : s.stop] = 1
            gain = self.v[s.first : s.stop] * home.vehicle_charge_efficiency * h
            drain = self.w[s.first : s.stop] * h / home.vehicle_discharge_efficiency
            energy = s.start_kwh + cp.cumsum(gain - drain)
            self.ends.append(energy[s.stop - s.first - 1])
            self.rules += [
                energy <= home.vehicle_capacity_kwh,
                energy >= min(home.vehicle_floor_kwh, s.start_kwh),
                self.ends[-1] >= s.required_kwh,
            ]
        self.rules += [self.v <= home.vehicle_charge_kw * plugged, self.w <= home.vehicle_discharge_kw * plugged]
        self.net = home.load_kw + self.c - self.d + self.v - self.w - (home.solar_kw - self.u)
        self.p = cp.Variable(n, nonneg=True)
        self.heat = heat_of(home)
        if self.heat is None:
            self.rules.append(self.p == 0)
        else:
            self.warmth = cp.Variable(n)
            before = cp.hstack([self.heat.start_kwh, self.warmth[: n - 1]])
            made = self.heat.cop * self.p - self.heat.demand_kw
            self.rules += [
                self.p <= self.heat.power_kw,
                self.warmth == self.heat.kept * before + self.heat.gain_h * made,
                self.warmth <= self.heat.capacity_kwh,
                self.warmth >= coldest_kwh(self.heat),
                self.warmth[n - 1] >= min(self.heat.start_kwh, full_power_kwh(self.heat)[-1]),
            ]
            self.net = self.net + self.p
        self.rules += [self.u <= home.solar_kw, self.net == self.buy - self.sell]
        if not home.export_allowed:
            self.rules.append(self.sell == 0)
        if self.exclusive:
            big = float(np.max(home.load_kw + home.solar_kw)) + 100.0 + (self.heat.power_kw if self.heat else 0.0)
            one, two, three = (cp.Variable(n, boolean=True) for _ in range(3))
            self.rules += [self.c <= 20 * one, self.d <= 20 * (1 - one), self.v <= 20 * two, self.w <= 20 * (1 - two)]
            self.rules += [self.buy <= big * three, self.sell <= big * (1 - three)]
        self.cost = h * (
            home.import_usd_per_kwh @ self.buy
            - home.export_usd_per_kwh @ self.sell
            + home.battery_wear_usd_per_kwh * cp.sum(self.d)
        )

    def promise(self, baseline: Schedule, commitments: Sequence[tuple[Commitment, object]]) -> None:
        """Bind to commitments, each with its quantity (a number or a CVXPY expression)."""
        home = self.home
        if home.battery_capacity_kwh > 0:
            self.rules.append(self.e[home.periods - 1] >= float(baseline.battery_soc_kwh[-1]) - 1e-9)
        for end, s in zip(self.ends, home.sessions, strict=True):
            self.rules.append(end >= float(baseline.vehicle_soc_kwh[s.stop - 1]) - 1e-9)
        dark = np.flatnonzero(home.blackout) if home.blackout.size else np.zeros(0, int)
        if self.heat is not None:
            self.rules.append(self.warmth[home.periods - 1] >= float(baseline.devices["heat"].energy_kwh[-1]) - 1e-8)
        self._keep(dark, baseline, battery=True, vehicle=True, solar=True, heat=True)
        for t in range(home.periods):
            here = [(c, q) for c, q in commitments if c.first <= t < c.stop]
            if not here:
                continue
            energy = [q for c, q in here if not c.reserve]
            reserve = [(c, q) for c, q in here if c.reserve]
            target = baseline.net_kw[t] - sum(energy)
            if energy:
                self.rules.append(self.net[t] == target)
            for c, _ in here:
                self._keep(
                    np.array([t]),
                    baseline,
                    battery=c.frozen_battery,
                    vehicle=c.frozen_vehicle,
                    solar=False,
                    heat="heat" in c.frozen_devices,
                )
                if not c.reserve and c.reduction_only:
                    self.rules.append(cp.Constant(0) + target >= min(0.0, float(baseline.net_kw[t])))
            if reserve:
                held = sum(q for _, q in reserve)
                need = sum(q * c.sustain_h for c, q in reserve) / home.battery_discharge_efficiency
                self.rules.append(self.d[t] + held <= home.battery_discharge_kw * (home.battery_capacity_kwh > 0))
                before = cp.Constant(home.battery_start_kwh) if t == 0 else self.e[t - 1]
                self.rules += [before >= home.battery_floor_kwh + need, self.e[t] >= home.battery_floor_kwh + need]
                self.rules.append(self.net[t] <= target)
                if not home.export_allowed or any(c.reduction_only for c, _ in reserve):
                    self.rules.append(self.net[t] - held >= 0)

    def _keep(
        self, where: np.ndarray, baseline: Schedule, *, battery: bool, vehicle: bool, solar: bool, heat: bool
    ) -> None:
        if not len(where):
            return
        if heat and self.heat is not None:
            self.rules.append(self.p[where] == baseline.devices["heat"].power_kw[where])
        if battery:
            self.rules.append(self.c[where] == baseline.battery_charge_kw[where])
            self.rules.append(self.d[where] == baseline.battery_discharge_kw[where])
        if vehicle:
            self.rules.append(self.v[where] == baseline.vehicle_charge_kw[where])
            self.rules.append(self.w[where] == baseline.vehicle_discharge_kw[where])
        if solar:
            self.rules.append(self.u[where] == baseline.curtailed_kw[where])

    def least_cost(self) -> float:
        """Optimal cost, inf if infeasible [USD]."""
        return _value(cp.Problem(cp.Minimize(self.cost), self.rules))

    def least_throughput(self, cost_usd: float) -> float:
        """Least device throughput at that cost [kWh]."""
        through = cp.sum(self.c + self.d + self.v + self.w + self.p) * self.home.step_h
        return _value(cp.Problem(cp.Minimize(through), [*self.rules, self.cost <= cost_usd]))


def heat_of(home: HomeProblem) -> ThermalStore | None:
    """The home's heat store, the only further device there is."""
    assert len(home.devices) <= 1
    return home.devices[0] if home.devices else None  # type: ignore[return-value]


def full_power_kwh(heat: ThermalStore) -> np.ndarray:
    """Heat in a store that draws full power until it is full, and then holds that, shape (T,) [kWh]."""
    energy, found = heat.start_kwh, []
    for demand in heat.demand_kw:
        power = heat.power_kw
        after = heat.kept * energy + heat.gain_h * (heat.cop * power - demand)
        energy = min(after, heat.capacity_kwh)
        found.append(energy)
    return np.array(found)


def coldest_kwh(heat: ThermalStore) -> np.ndarray:
    """Least heat that the owner is owed, shape (T,) [kWh]."""
    return np.minimum(full_power_kwh(heat), 0.0)


def _value(problem: cp.Problem) -> float:
    tight = {"primal_feasibility_tolerance": 1e-9}
    options = tight | ({"mip_rel_gap": 0.0, "mip_abs_gap": 1e-8} if problem.is_mixed_integer() else {})
    problem.solve(solver=cp.HIGHS, **options)
    return float(problem.value) if problem.status == "optimal" else float("inf")


def convex(home: HomeProblem) -> bool:
    """Whether burning energy and trading with oneself can never pay without a promise."""
    buy, sell = home.import_usd_per_kwh, home.export_usd_per_kwh
    return bool(np.all(buy >= sell) and np.all(sell >= 0))


def least_cost(
    home: HomeProblem, baseline: Schedule | None = None, commitments: Sequence[Commitment] = (), *, exclusive: bool
) -> float:
    """Least cost of keeping commitments [USD]."""
    truth = Truth(home, exclusive)
    if baseline is not None:
        truth.promise(baseline, [(c, c.quantity_kw) for c in commitments])
    return truth.least_cost()


def most_quantity(
    home: HomeProblem, baseline: Schedule, commitments: Sequence[Commitment], ask: Commitment, *, exclusive: bool
) -> float:
    """Most that can be promised of ``ask`` on top of commitments, -inf if nothing at all [kW]."""
    truth = Truth(home, exclusive)
    q = cp.Variable(nonneg=True)
    truth.promise(baseline, [*((c, c.quantity_kw) for c in commitments), (ask, q)])
    if home.blackout.size and home.blackout[ask.first : ask.stop].any():
        return 0.0
    return -_value(cp.Problem(cp.Minimize(-q), truth.rules))


def check_schedule(
    home: HomeProblem, plan: Schedule, *, baseline: Schedule | None = None, commitments: Sequence[Commitment] = ()
) -> None:
    """Every rule, from the settings alone."""
    n, h = home.periods, home.step_h
    c, d, v, w, u = (
        plan.battery_charge_kw,
        plan.battery_discharge_kw,
        plan.vehicle_charge_kw,
        plan.vehicle_discharge_kw,
        plan.curtailed_kw,
    )
    for x in (c, d, v, w, u):
        assert np.all(x >= 0)
        assert x.shape == (n,)
    assert not np.any((c > 0) & (d > 0))
    assert not np.any((v > 0) & (w > 0))
    net = home.load_kw + c - d + v - w - home.solar_kw + u
    heat = heat_of(home)
    if heat is None:
        assert not plan.devices
    else:
        net = net + plan.devices["heat"].power_kw
        _check_heat(heat, plan, baseline)
    np.testing.assert_allclose(plan.net_kw, net, atol=1e-9)
    bill = home.import_usd_per_kwh * net.clip(0) - home.export_usd_per_kwh * (-net).clip(0)
    cost = h * np.sum(bill + home.battery_wear_usd_per_kwh * d)
    assert abs(cost - plan.cost_usd) < 1e-9
    assert np.all(u <= home.solar_kw + 1e-9)
    tight = 1e-6
    if not home.export_allowed:
        assert np.all(net >= -tight)
    if home.battery_capacity_kwh > 0:
        e = home.battery_start_kwh + np.cumsum(
            h * (c * home.battery_charge_efficiency - d / home.battery_discharge_efficiency)
        )
        np.testing.assert_allclose(plan.battery_soc_kwh, e, atol=1e-9)
        assert np.all(e >= home.battery_floor_kwh - tight)
        assert np.all(e <= home.battery_ceiling_kwh + tight)
        assert e[-1] >= max(home.battery_start_kwh, 0 if baseline is None else baseline.battery_soc_kwh[-1]) - tight
        assert np.all(c <= home.battery_charge_kw)
        assert np.all(d <= home.battery_discharge_kw)
        for a, b in home.cycle_windows:
            assert np.sum(d[a:b]) * h / home.battery_discharge_efficiency <= home.cycle_limit_kwh + tight
    else:
        assert not np.any(c + d + plan.battery_soc_kwh)
    away = np.ones(n, dtype=bool)
    for s in home.sessions:
        span = slice(s.first, s.stop)
        away[span] = False
        e = s.start_kwh + np.cumsum(
            h * (v[span] * home.vehicle_charge_efficiency - w[span] / home.vehicle_discharge_efficiency)
        )
        np.testing.assert_allclose(plan.vehicle_soc_kwh[span], e, atol=1e-9)
        assert np.all(e >= min(home.vehicle_floor_kwh, s.start_kwh) - tight)
        assert np.all(e <= home.vehicle_capacity_kwh + tight)
        assert e[-1] >= max(s.required_kwh, 0 if baseline is None else baseline.vehicle_soc_kwh[s.stop - 1]) - tight
    assert np.all(v <= home.vehicle_charge_kw)
    assert np.all(w <= home.vehicle_discharge_kw)
    assert not np.any(v[away] + w[away])
    assert np.all(np.isnan(plan.vehicle_soc_kwh) == away)
    if baseline is not None:
        _check_promises(home, plan, baseline, commitments)


def _check_heat(heat: ThermalStore, plan: Schedule, baseline: Schedule | None) -> None:
    power, energy = plan.devices["heat"].power_kw, plan.devices["heat"].energy_kwh
    assert np.all(power >= 0)
    assert np.all(power <= heat.power_kw)
    before = heat.start_kwh
    for t, after in enumerate(energy):
        before = heat.kept * before + heat.gain_h * (heat.cop * power[t] - heat.demand_kw[t])
        assert abs(after - before) < 1e-9
    assert np.all(energy <= heat.capacity_kwh + 1e-6)
    assert np.all(energy >= coldest_kwh(heat) - 1e-6)
    left = -np.inf if baseline is None else baseline.devices["heat"].energy_kwh[-1]
    assert energy[-1] >= max(min(heat.start_kwh, full_power_kwh(heat)[-1]), left) - 1e-6


def _check_promises(home: HomeProblem, plan: Schedule, baseline: Schedule, commitments: Sequence[Commitment]) -> None:
    tight = 1e-6
    if home.blackout.size:
        for name in DEVICES:
            assert np.array_equal(getattr(plan, name)[home.blackout], getattr(baseline, name)[home.blackout])
        for name, trace in plan.devices.items():
            assert np.array_equal(trace.power_kw[home.blackout], baseline.devices[name].power_kw[home.blackout])
    held = np.zeros(home.periods)
    for c in commitments:
        held[c.first : c.stop] += c.quantity_kw if c.reserve else 0.0
    np.testing.assert_allclose(plan.reserve_kw, held, atol=1e-12)
    for t in range(home.periods):
        here = [c for c in commitments if c.first <= t < c.stop]
        target = baseline.net_kw[t] - sum(c.quantity_kw for c in here if not c.reserve)
        if any(not c.reserve for c in here):
            assert abs(plan.net_kw[t] - target) < tight
        reserve = [c for c in here if c.reserve]
        if reserve:
            assert plan.battery_discharge_kw[t] + held[t] <= home.battery_discharge_kw + tight
            need = sum(c.quantity_kw * c.sustain_h for c in reserve) / home.battery_discharge_efficiency
            before = home.battery_start_kwh if t == 0 else plan.battery_soc_kwh[t - 1]
            assert min(before, plan.battery_soc_kwh[t]) >= home.battery_floor_kwh + need - tight
            assert plan.net_kw[t] <= target + tight
            if not home.export_allowed or any(c.reduction_only for c in reserve):
                assert plan.net_kw[t] - held[t] >= -tight
