"""What the demonstration homes' evening costs them, by a linear programme of this test's own."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import cvxpy as cp
import numpy as np
import pytest
from numpy.typing import NDArray

from gridpact.data.reference import ercot_prices
from gridpact.fleet.day import FleetDay, build_fleet_day
from gridpact.fleet.generator import demonstration_fleet
from gridpact.horizon import Horizon

START, END = (datetime(2022, 7, 13, hour, tzinfo=ZoneInfo("America/Chicago")) for hour in (19, 21))
WINDOW_H = 2.0


@dataclass
class Plan:
    cost_usd: float
    net_kw: NDArray[np.float64]
    battery_end_kwh: float
    car_end_kwh: list[float]


def cheapest(day: FleetDay, number: int, *, deliver_kw: float = 0.0, baseline: Plan | None = None) -> Plan | None:
    home, h, periods = day.fleet.home(day.fleet.home_ids[number]), day.horizon.step_h, day.horizon.periods
    charge, discharge, car_in, car_out, curtailed, buy, sell = (cp.Variable(periods, nonneg=True) for _ in range(7))
    net = (
        day.load_forecast_kw[number] + charge - discharge + car_in - car_out - day.solar_forecast_kw[number] + curtailed
    )
    limits = [net == buy - sell, curtailed <= day.solar_forecast_kw[number]]
    wear = 0.0
    stored = cp.Constant(np.zeros(periods))
    if home.battery is None:
        limits += [charge == 0, discharge == 0]
    else:
        battery = home.battery
        stored = battery.start_kwh + h * cp.cumsum(
            battery.charge_efficiency * charge - discharge / battery.discharge_efficiency
        )
        limits += [
            charge <= battery.charge_kw,
            discharge <= battery.discharge_kw,
            stored >= battery.floor_kwh(backup_soc_fraction=home.preferences.backup_soc_fraction),
            stored <= battery.ceiling_kwh,
            stored[-1] >= battery.start_kwh,
        ]
        if np.isfinite(home.preferences.max_cycles_per_day):
            drawn = h * cp.sum(discharge) / battery.discharge_efficiency
            limits.append(drawn <= home.preferences.max_cycles_per_day * battery.capacity_kwh)
        wear = battery.wear_usd_per_kwh * h * cp.sum(discharge)
    plugged, ends = np.zeros(periods), []
    for first, stop, start_kwh, required_kwh in tuple(day.sessions)[number]:
        car, span = home.vehicle, slice(first, stop)
        assert car is not None
        plugged[span] = 1.0
        energy = start_kwh + h * cp.cumsum(
            car.charge_efficiency * car_in[span] - car_out[span] / car.discharge_efficiency
        )
        limits += [energy >= car.floor_kwh, energy <= car.capacity_kwh, energy[-1] >= required_kwh - 1e-9]
        ends.append(energy[-1])
    power = (0.0, 0.0) if home.vehicle is None else (home.vehicle.charge_kw, home.vehicle.discharge_kw)
    limits += [car_in <= power[0] * plugged, car_out <= power[1] * plugged]
    if baseline is not None:
        window = day.horizon.window(START, END)
        limits.append(net[window] == baseline.net_kw[window] - deliver_kw)
        limits.append(stored[-1] >= baseline.battery_end_kwh - 1e-7)
        limits += [end >= least - 1e-7 for end, least in zip(ends, baseline.car_end_kwh, strict=True)]
    bill = h * (day.import_usd_per_kwh[number] @ buy - day.export_usd_per_kwh[number] @ sell)
    early = 1e-7 * np.arange(periods) @ (car_in + charge) + 1e-6 * cp.sum(charge + discharge + car_in + car_out)
    problem = cp.Problem(cp.Minimize(bill + wear + early), limits)
    problem.solve(solver=cp.HIGHS)
    if problem.status != cp.OPTIMAL:
        return None
    cost_usd = float((bill + wear).value) if home.battery is not None else float(bill.value)
    return Plan(cost_usd, net.value, float(stored.value[-1]), [float(end.value) for end in ends])


@pytest.fixture(scope="module")
def day() -> FleetDay:
    horizon = Horizon.covering([(START, END)], timezone="America/Chicago")
    return build_fleet_day(demonstration_fleet(), horizon, wholesale=ercot_prices(), seed=0)


@pytest.fixture(scope="module")
def baselines(day: FleetDay) -> list[Plan]:
    plans = [cheapest(day, number) for number in range(len(day.fleet))]
    assert all(plan is not None for plan in plans)
    return [plan for plan in plans if plan is not None]


@pytest.mark.parametrize(
    ("home", "deliver_kw", "usd_per_mwh"),
    [("maple", 3.0, 54), ("cedar", 7.0, 0), ("willow", 4.0, 66), ("juniper", 3.0, 54), ("sycamore", 2.0, 105)],
)
def test_cost_of_delivering_is_what_the_words_say(
    home: str, deliver_kw: float, usd_per_mwh: float, day: FleetDay, baselines: list[Plan]
) -> None:
    number = day.fleet.position(home)
    plan = cheapest(day, number, deliver_kw=deliver_kw, baseline=baselines[number])
    assert plan is not None
    cost = (plan.cost_usd - baselines[number].cost_usd) / deliver_kw / WINDOW_H * 1000
    assert cost == pytest.approx(usd_per_mwh, abs=1.0)


def test_who_sells_at_45_80_and_120(day: FleetDay, baselines: list[Plan]) -> None:
    """At 1 kW, what each home must at least ask: its cost or its floor."""
    asks = {}
    for number, home in enumerate(day.fleet.home_ids):
        plan = cheapest(day, number, deliver_kw=1.0, baseline=baselines[number])
        assert plan is not None
        cost = (plan.cost_usd - baselines[number].cost_usd) / WINDOW_H * 1000
        asks[home] = max(cost, day.fleet.home(home).preferences.floor_usd_per_mwh)
    assert {home for home, ask in asks.items() if ask <= 45} == set()
    assert {home for home, ask in asks.items() if ask <= 80} == {"maple", "cedar", "willow", "juniper"}
    assert {home for home, ask in asks.items() if ask <= 120} == {"maple", "cedar", "willow", "juniper", "sycamore"}
