"""Heat stores: the equation against an integrator, comfort by hand, and stores at the edge of what can be."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from gridpact.fleet.heat import Heat
from gridpact.flexibility.batch import HomeBatch
from gridpact.flexibility.heat import ThermalStore
from gridpact.flexibility.highs import HighsModel
from gridpact.flexibility.kernel_model import KernelModel
from gridpact.flexibility.promises import AskBatch, CommitmentBatch
from gridpact.settlement.heat import HeatFacts
from reference.home_truth import check_schedule, full_power_kwh
from unit.flexibility.homes import PERIODS, energy, home, promise, with_battery

MODEL = HighsModel()
EVENING = np.where(np.arange(PERIODS) >= 4, 0.5, 0.1)
"""A tariff with a dear second half [USD/kWh]."""


def store(step_h: float = 1.0, **changes: Any) -> ThermalStore:
    """10 kWh of water, half warm, 2 kW with COP 1, tight, 1 kW drawn."""
    leak = changes.pop("leak", 0.0)
    facts = Heat(
        capacity_kwh=10.0, power_kw=2.0, cop=1.0, leak_fraction_per_h=leak, start_fraction=0.5, demand_profile="d"
    )
    values: dict[str, Any] = {
        "capacity_kwh": facts.capacity_kwh,
        "power_kw": facts.power_kw,
        "cop": facts.cop,
        "kept": facts.kept(step_h),
        "gain_h": facts.gain_h(step_h),
        "start_kwh": facts.start_kwh,
        "demand_kw": np.ones(PERIODS),
    }
    return ThermalStore(**{**values, **changes})


@pytest.mark.parametrize("leak", [0.0, 1e-15, 1e-9, 0.01, 0.3, 0.9])
def test_equation_is_the_exact_solution(leak: float) -> None:
    rate, step_h = -math.log1p(-leak), 0.25
    rng = np.random.default_rng(1)
    power, demand = rng.uniform(0, 3, PERIODS), rng.uniform(0, 4, PERIODS)
    it = store(step_h, leak=leak, cop=3.2, demand_kw=demand)
    now = it.start_kwh
    for t, after in enumerate(it.energy_kwh(power)):
        gain = 3.2 * power[t] - demand[t]
        there = solve_ivp(lambda _, e, gain=gain: -rate * e + gain, (0, step_h), [now], rtol=1e-10, atol=1e-12)
        now = there.y[0, -1]
        assert after == pytest.approx(now, abs=1e-7)


def test_leak_is_the_share_lost_in_an_hour() -> None:
    it = store(0.25, leak=0.04, demand_kw=np.zeros(PERIODS))
    assert it.energy_kwh(np.zeros(PERIODS))[3] == pytest.approx(5.0 * 0.96)


def test_heats_before_the_dear_hours_and_ends_as_warm_as_it_began() -> None:
    it = home(import_usd_per_kwh=EVENING, export_usd_per_kwh=np.zeros(PERIODS), devices=(store(),))
    plan = MODEL.baseline(it)
    check_schedule(it, plan)
    heat = plan.devices["heat"]
    np.testing.assert_allclose(heat.power_kw[:4], 2.0)
    # Drawn is 8, so 8 must be made: all but nothing before the dear hours.
    assert heat.power_kw.sum() == pytest.approx(8.0)
    assert heat.power_kw[4:].sum() == pytest.approx(0.0)
    assert heat.energy_kwh[-1] == pytest.approx(5.0)
    assert plan.cost_usd == pytest.approx(EVENING.sum() + 0.8)


def test_a_heat_pump_needs_less_power_for_the_same_heat() -> None:
    plan = MODEL.baseline(home(devices=(store(cop=4.0),)))
    assert plan.devices["heat"].power_kw.sum() == pytest.approx(2.0)


def test_leakage_heats_late_where_the_price_is_flat() -> None:
    plan = MODEL.baseline(home(devices=(store(leak=0.1, demand_kw=np.zeros(PERIODS)),)))
    power = plan.devices["heat"].power_kw
    assert np.all(power[:-2] == 0)
    assert power[-1] > 0


def test_without_leakage_the_earliest_of_equal_hours_wins() -> None:
    power = MODEL.baseline(home(devices=(store(demand_kw=np.full(PERIODS, 0.5)),))).devices["heat"].power_kw
    np.testing.assert_allclose(power, [2.0, 2.0, 0, 0, 0, 0, 0, 0], atol=1e-9)


def test_a_cold_spell_asks_for_no_more_than_full_power_reaches() -> None:
    cold = np.where(np.arange(PERIODS) == 3, 20.0, 0.5)
    it = home(import_usd_per_kwh=EVENING, devices=(store(demand_kw=cold),))
    plan = MODEL.baseline(it)
    check_schedule(it, plan)
    heat = plan.devices["heat"]
    # 5 + 4 x 2 - 1.5 - 20 = -8.5 after the spell, then 1.5 an hour more until it is where it began, or time is up.
    np.testing.assert_allclose(heat.power_kw, 2.0, atol=1e-6)
    assert heat.energy_kwh[3] == pytest.approx(-8.5)
    assert heat.energy_kwh[-1] == pytest.approx(-2.5)


def test_sells_within_a_dear_evening_at_the_price_of_its_leak() -> None:
    """The whole evening costs 0.5, a window inside it is sold by heating before it, which leaks a little more."""
    it = home(
        import_usd_per_kwh=EVENING,
        export_usd_per_kwh=np.zeros(PERIODS),
        devices=(store(leak=0.02, capacity_kwh=5.0, demand_kw=np.full(PERIODS, 1.0)),),
    )
    baseline = MODEL.baseline(it)
    window = energy(6, 7)
    assert baseline.devices["heat"].power_kw[6] == pytest.approx(2.0)
    curve = MODEL.cost_curve(it, baseline, (), window)
    assert 1.5 < curve.deliverable_kw < 2.0
    per_kwh = curve.cost_usd[-1] / curve.deliverable_kw
    # Each hour earlier, one part in fifty is lost on the way.
    assert 0.0 < per_kwh <= 0.5 * (1 / 0.98**3 - 1)
    sold = MODEL.schedule(it, baseline, (promise(window, curve.deliverable_kw),))
    check_schedule(it, sold, baseline=baseline, commitments=(promise(window, curve.deliverable_kw),))
    assert sold.net_kw[6] == pytest.approx(baseline.net_kw[6] - curve.deliverable_kw, abs=1e-9)


def test_heat_holds_no_reserve_and_keeps_its_baseline_where_frozen() -> None:
    it = with_battery(import_usd_per_kwh=EVENING, devices=(store(),))
    baseline = MODEL.baseline(it)
    window = energy(1, 3, frozen_devices=("heat",), frozen_battery=True)
    assert MODEL.cost_curve(it, baseline, (), window).deliverable_kw == 0.0
    free = replace(window, frozen_devices=())
    assert MODEL.cost_curve(it, baseline, (), free).deliverable_kw > 0.5
    alone = home(devices=(store(),))
    reserve = replace(window, reserve=True, sustain_h=1.0, frozen_devices=(), frozen_battery=False)
    assert MODEL.cost_curve(alone, MODEL.baseline(alone), (), reserve).deliverable_kw == 0.0


@pytest.mark.parametrize("number", range(60))
def test_every_store_has_a_day(number: int) -> None:
    """However leaky, weak, small or overdrawn: there is a schedule, and no warmer one is owed than full power gives."""
    rng = np.random.default_rng([5, number])
    step_h = float(rng.choice([0.25, 1.0]))
    it = store(
        step_h,
        leak=float(rng.choice([0.0, 1e-12, 0.3, 0.5, 0.9])),
        capacity_kwh=float(rng.choice([1e-6, 1.0, 1000.0])),
        power_kw=float(rng.choice([0.0, 0.01, 2.0, 1000.0])),
        cop=float(rng.choice([0.1, 1.0, 10.0])),
        demand_kw=float(rng.choice([0.0, 1.0, 50.0])) * rng.exponential(1.0, PERIODS),
    )
    it = replace(it, start_kwh=float(rng.choice([0.0, 0.5, 1.0])) * it.capacity_kwh)
    price = rng.normal(0.1, 0.2, PERIODS)
    whole = home(step_h=step_h, import_usd_per_kwh=price, export_usd_per_kwh=price - 0.05, devices=(it,))
    plan = MODEL.baseline(whole)
    check_schedule(whole, plan)
    np.testing.assert_allclose(it.reach_kwh(), full_power_kwh(it), rtol=1e-9, atol=1e-9)


def test_homes_with_and_without_heat_in_one_batch() -> None:
    """The compiled model leaves homes with heat to the reference, and rows of one kind do not touch the other."""
    plain, heated = (
        with_battery(import_usd_per_kwh=EVENING),
        home(import_usd_per_kwh=EVENING, devices=(store(leak=0.02),)),
    )
    both = with_battery(import_usd_per_kwh=EVENING, devices=(store(cop=3.0),))
    batch = HomeBatch.of([replace(it, home_id=f"h{k}") for k, it in enumerate((plain, heated, plain, both))])
    assert batch.has_devices.tolist() == [False, True, False, True]
    model, asked = KernelModel(), AskBatch.to_all(energy(3, 5), 4)
    nothing = CommitmentBatch.of({}, homes=4)
    baselines = model.baselines(batch)
    curves = model.cost_curves(batch, baselines, nothing, asked)
    promises = CommitmentBatch.to_ask(asked, 0.5 * curves.deliverable_kw)
    plans, broken = model.schedules(batch, baselines, promises)
    assert not broken
    assert not HomeBatch.of([plain, plain]).has_devices.any()
    for number, it in enumerate((plain, heated, plain, both)):
        base, plan = baselines.home(number), plans.home(number)
        assert set(base.devices) == set(plan.devices) == {device.name for device in it.devices}
        assert base.cost_usd == pytest.approx(MODEL.baseline(it).cost_usd, abs=1e-7)
        check_schedule(it, base)
        check_schedule(it, plan, baseline=base, commitments=promises.of_home(number))
        curve = MODEL.cost_curve(it, base, (), asked.home(number))
        assert curves.home(number).deliverable_kw == pytest.approx(curve.deliverable_kw, abs=2e-3)
    assert plans.take(np.array([3, 0])).home(0).devices.keys() == {"heat"}
    assert plans.take(np.array([3, 0])).home(1).devices == {}


def test_what_the_operator_leaves_out_travels_with_the_promise() -> None:
    asks = AskBatch.to_all(energy(3, 5, frozen_devices=("heat",)), 3)
    promises = CommitmentBatch.to_ask(asks, np.array([1.0, 0.0, 2.0]))
    later = CommitmentBatch.of({0: [promise(energy(6, 7), 1.0)]}, homes=3)
    joined = promises.followed_by(later)
    assert [item.frozen_devices for item in joined.of_home(0)] == [("heat",), ()]
    assert [item.frozen_devices for item in joined.where(joined.first > 5).of_home(0)] == [()]
    assert joined.of_home(2)[0].frozen_devices == asks.home(1).frozen_devices == ("heat",)


def test_settlement_knows_the_same_physics() -> None:
    rng = np.random.default_rng(3)
    for leak in (0.0, 1e-14, 0.02, 0.6):
        it = store(0.25, leak=leak, cop=2.7, demand_kw=rng.uniform(0, 2, PERIODS))
        facts = HeatFacts(
            capacity_kwh=np.array([10.0]),
            power_kw=np.array([2.0]),
            cop=np.array([2.7]),
            leak_per_h=np.array([-math.log1p(-leak)]),
            start_kwh=np.array([5.0]),
            demand_kw=it.demand_kw[None],
            step_h=0.25,
        )
        power = rng.uniform(0, 0.5, (1, PERIODS))
        done = facts.replay(power)
        np.testing.assert_array_equal(done.power_kw, power)
        np.testing.assert_allclose(done.energy_kwh[0], it.energy_kwh(power[0]), atol=1e-12)
        full = facts.replay(np.full((1, PERIODS), 99.0))
        np.testing.assert_allclose(full.energy_kwh[0], it.reach_kwh(), atol=1e-9)
        assert np.all(full.power_kw <= 2.0)
