"""The HiGHS model on homes whose answers can be worked out by hand."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from gridpact.errors import InfeasibleError
from gridpact.flexibility.exact import solve_exactly
from gridpact.flexibility.highs import HighsModel
from gridpact.flexibility.home import VehicleSession
from gridpact.flexibility.linear import Solver
from gridpact.flexibility.program import Binaries, build
from gridpact.flexibility.terms import with_promises
from unit.flexibility.homes import PERIODS, energy, home, promise, reserve, with_battery, with_car

MODEL = HighsModel()
BLACKOUT = np.arange(PERIODS) == 3


def test_a_home_without_devices_buys_its_load_and_can_promise_nothing() -> None:
    plain = home()
    baseline = MODEL.baseline(plain)
    assert baseline.cost_usd == pytest.approx(8 * 0.2)
    assert np.array_equal(baseline.net_kw, plain.load_kw)
    assert np.all(np.isnan(baseline.vehicle_soc_kwh))
    for ask in (energy(2, 4), reserve(2, 4)):
        curve = MODEL.cost_curve(plain, baseline, (), ask)
        assert curve.quantity_kw.tolist() == [0.0]
        assert curve.cost_usd.tolist() == [0.0]


def test_ties_go_to_least_throughput_then_earliest_charging() -> None:
    baseline = MODEL.baseline(with_car(battery_capacity_kwh=10.0, battery_charge_kw=4.0, battery_discharge_kw=4.0))
    assert baseline.vehicle_charge_kw.tolist() == [0, 3, 3, 0, 0, 0, 0, 0]
    assert not np.any(baseline.battery_charge_kw + baseline.battery_discharge_kw)


def test_the_cost_of_deferring_a_car_is_the_price_difference() -> None:
    prices = np.array([0.2, 0.2, 0.2, 0.25, 0.25, 0.3, 0.3, 0.2])
    car = with_car(import_usd_per_kwh=prices, export_usd_per_kwh=np.zeros(PERIODS))
    baseline = MODEL.baseline(car)
    curve = MODEL.cost_curve(car, baseline, (), energy(1, 3), levels=4)
    assert curve.quantity_kw.tolist() == [0.0, 0.75, 1.5, 2.25, 3.0]
    np.testing.assert_allclose(curve.cost_usd, 2 * 0.05 * curve.quantity_kw, atol=1e-9)
    assert not curve.inner_approximation


def test_energy_limits_bind_over_the_whole_window() -> None:
    store = with_battery()
    baseline = MODEL.baseline(store)
    offers = [MODEL.cost_curve(store, baseline, (), energy(2, stop)).deliverable_kw for stop in (3, 4, 7)]
    assert offers == [4.0, 4.0, pytest.approx(9 / 5)]
    wear = MODEL.cost_curve(store, baseline, (), energy(2, 3)).cost_usd[-1]
    assert wear == pytest.approx(4 * 0.03)


def test_the_battery_ends_no_lower_than_the_baseline() -> None:
    store = with_battery(import_usd_per_kwh=np.array([0.1] * 2 + [0.2] * 6), export_usd_per_kwh=np.full(PERIODS, 0.05))
    baseline = MODEL.baseline(store)
    plan = MODEL.schedule(store, baseline, [promise(energy(3, 5), 2.0)])
    assert plan.battery_soc_kwh[-1] >= baseline.battery_soc_kwh[-1] - 1e-9
    np.testing.assert_allclose(plan.net_kw[3:5], baseline.net_kw[3:5] - 2.0, atol=1e-9)


def test_reserve_needs_headroom_and_energy_called_or_not() -> None:
    store = with_battery(battery_discharge_efficiency=0.8)
    baseline = MODEL.baseline(store)
    assert MODEL.cost_curve(store, baseline, (), reserve(2, 4, sustain_h=0.5)).deliverable_kw == 4.0
    assert MODEL.cost_curve(store, baseline, (), reserve(0, 2, sustain_h=2.0)).deliverable_kw == pytest.approx(1.6)
    sold = promise(energy(2, 4), 1.0)
    left = MODEL.cost_curve(store, baseline, [sold], reserve(2, 4, sustain_h=0.5))
    assert left.deliverable_kw == pytest.approx(3.0)
    plan = MODEL.schedule(store, baseline, [sold, promise(reserve(2, 4, sustain_h=0.5), 3.0)])
    assert plan.reserve_kw.tolist() == [0, 0, 3, 3, 0, 0, 0, 0]
    assert np.all(plan.battery_discharge_kw[2:4] + 3.0 <= 4.0 + 1e-9)


def test_a_blackout_stops_offers_and_keeps_every_setting() -> None:
    store = replace(with_battery(), blackout=BLACKOUT)
    baseline = MODEL.baseline(store)
    assert MODEL.cost_curve(store, baseline, (), energy(2, 4)).deliverable_kw == 0.0
    assert MODEL.cost_curve(store, baseline, (), energy(4, 5)).deliverable_kw == 4.0
    with pytest.raises(InfeasibleError, match="evening overlaps a blackout"):
        MODEL.schedule(store, baseline, [promise(energy(2, 4), 1.0)])


def test_reduction_only_stops_at_the_imports_of_the_baseline() -> None:
    store = with_battery()
    baseline = MODEL.baseline(store)
    assert MODEL.cost_curve(store, baseline, (), energy(2, 3, reduction_only=True)).deliverable_kw == 1.0
    assert MODEL.cost_curve(store, baseline, (), reserve(2, 3, reduction_only=True)).deliverable_kw == 1.0
    banned = replace(store, export_allowed=False)
    assert MODEL.cost_curve(banned, MODEL.baseline(banned), (), energy(2, 3)).deliverable_kw == 1.0


def test_frozen_devices_do_not_move_in_the_window() -> None:
    store = with_battery()
    baseline = MODEL.baseline(store)
    assert MODEL.cost_curve(store, baseline, (), energy(2, 3, frozen_battery=True)).deliverable_kw == 0.0
    car = with_car()
    assert MODEL.cost_curve(car, MODEL.baseline(car), (), energy(1, 2, frozen_vehicle=True)).deliverable_kw == 0.0


def test_a_cycle_limit_bounds_what_is_drawn() -> None:
    store = with_battery(cycle_limit_kwh=2.0)
    assert MODEL.cost_curve(store, MODEL.baseline(store), (), energy(2, 4)).deliverable_kw == pytest.approx(1.0)


def test_a_second_sale_says_from_where_its_line_holds() -> None:
    """The energy sold first is cheapest taken back in the second window; giving that up costs at once."""
    prices = np.array([0.3, 0.3, 0.3, 0.3, 0.1, 0.1, 0.3, 0.3])
    store = with_battery(import_usd_per_kwh=prices, export_usd_per_kwh=np.zeros(PERIODS), load_kw=np.full(PERIODS, 5.0))
    store = replace(store, battery_start_kwh=10.0, battery_wear_usd_per_kwh=0.3)
    baseline = MODEL.baseline(store)
    sold = promise(energy(1, 3), 2.0)
    curve = MODEL.cost_curve(store, baseline, [sold], energy(4, 6))
    assert curve.least_kw == curve.quantity_kw[1] > 0
    start = MODEL.schedule(store, baseline, [sold]).cost_usd
    for quantity in (curve.least_kw, curve.deliverable_kw):
        plan = MODEL.schedule(store, baseline, [sold, promise(energy(4, 6), quantity)])
        assert plan.cost_usd - start <= np.interp(quantity, curve.quantity_kw, curve.cost_usd) + 1e-7


def test_no_promise_is_the_baseline() -> None:
    store = with_battery()
    baseline = MODEL.baseline(store)
    assert MODEL.schedule(store, baseline, ()) is baseline
    assert MODEL.schedule(store, baseline, [promise(energy(2, 3), 0.0)]) is baseline


def test_export_that_pays_more_than_import_keeps_the_line_convex_and_kept() -> None:
    """Past 1 kW the home would sell at 0.5 instead of buying at 0.2: the true cost bends down, the line does not."""
    store = with_battery(export_usd_per_kwh=np.full(PERIODS, 0.1), battery_wear_usd_per_kwh=0.6)
    dear = store.export_usd_per_kwh.copy()
    dear[2] = 0.5
    store = replace(store, export_usd_per_kwh=dear)
    baseline = MODEL.baseline(store)
    curve = MODEL.cost_curve(store, baseline, (), energy(2, 3))
    assert curve.inner_approximation
    assert curve.loss_usd > 0
    slopes = np.diff(curve.cost_usd) / np.diff(curve.quantity_kw)
    assert np.all(np.diff(slopes) >= -1e-9)
    for quantity in np.arange(1, 40) / 10:
        plan = MODEL.schedule(store, baseline, [promise(energy(2, 3), float(quantity))])
        line = np.interp(quantity, curve.quantity_kw, curve.cost_usd)
        assert plan.cost_usd - baseline.cost_usd <= line + 1e-7


def test_negative_prices_do_not_burn_energy() -> None:
    prices = np.array([0.2, -0.3, -0.3, -0.3, -0.3, -0.3, -0.3, 0.2])
    store = with_battery(
        import_usd_per_kwh=prices,
        export_usd_per_kwh=prices - 0.05,
        battery_charge_efficiency=0.9,
        battery_discharge_efficiency=0.9,
    )
    baseline = MODEL.baseline(store)
    assert not np.any((baseline.battery_charge_kw > 0) & (baseline.battery_discharge_kw > 0))
    curve = MODEL.cost_curve(store, baseline, (), energy(3, 5))
    for quantity in (0.4 * curve.deliverable_kw, curve.deliverable_kw):
        plan = MODEL.schedule(store, baseline, [promise(energy(3, 5), round(quantity, 3))])
        assert not np.any((plan.battery_charge_kw > 0) & (plan.battery_discharge_kw > 0))
        line = np.interp(round(quantity, 3), curve.quantity_kw, curve.cost_usd)
        assert plan.cost_usd - baseline.cost_usd <= line + 1e-7


def test_fixed_charging_in_a_blackout_may_need_energy_to_be_lost_before_it() -> None:
    """The reserve keeps the battery full; a blackout then charges it as the baseline does, so it must be emptied first.

    Export is not allowed, so only the load and the battery's own losses can take the energy. The plain linear program
    would charge and discharge at once to lose more.
    """
    blackout = np.array([False] * 5 + [True] * 3)
    prices = np.array([0.3, 0.28, 0.3, 0.3, 0.3, 0.05, 0.05, 0.3])
    store = with_battery(
        import_usd_per_kwh=prices,
        export_usd_per_kwh=np.zeros(PERIODS),
        battery_start_kwh=9.0,
        battery_charge_efficiency=0.9,
        battery_discharge_efficiency=0.9,
        export_allowed=False,
        blackout=blackout,
    )
    baseline = MODEL.baseline(store)
    for ask in (reserve(1, 4, sustain_h=1.0), reserve(2, 3, sustain_h=1.5)):
        curve = MODEL.cost_curve(store, baseline, (), ask)
        for share in (0.3, 1.0):
            quantity = round(share * curve.deliverable_kw, 3)
            if quantity:
                plan = MODEL.schedule(store, baseline, [promise(ask, quantity)])
                assert plan.battery_soc_kwh.max() <= 10.0 + 1e-6
                line = np.interp(quantity, curve.quantity_kw, curve.cost_usd)
                assert plan.cost_usd - baseline.cost_usd <= line + 1e-7


@pytest.mark.parametrize(
    ("broken", "cause"),
    [
        (with_battery(battery_ceiling_kwh=4.0), "battery starts at 5 kWh, above its most of 4 kWh"),
        (with_battery(battery_floor_kwh=6.0), "battery starts at 5 kWh, below its least of 6 kWh"),
        (
            with_car(sessions=(VehicleSession(first=1, stop=3, start_kwh=20.0, required_kwh=30.0),)),
            "needs 30 kWh at the end of session 1, and can reach 26 kWh",
        ),
        (home(export_allowed=False, load_kw=np.full(PERIODS, -1.0)), "export is not allowed, and its load is below"),
    ],
)
def test_a_home_without_any_schedule_says_why(broken, cause: str) -> None:
    with pytest.raises(InfeasibleError, match=f"'test-home' has no schedule of its own.*{cause}"):
        MODEL.baseline(broken)


def test_a_promise_that_cannot_be_kept_is_named() -> None:
    store = with_battery()
    baseline = MODEL.baseline(store)
    good, bad = promise(energy(2, 3), 3.0), promise(reserve(2, 3), 2.0)
    with pytest.raises(InfeasibleError, match="'test-home' cannot keep 2 kW of reserve promised to spin"):
        MODEL.schedule(store, baseline, [good, bad])
    with pytest.raises(InfeasibleError, match="only a battery can hold reserve"):
        MODEL.schedule(home(), MODEL.baseline(home()), [bad])
    with pytest.raises(InfeasibleError, match="cannot keep 2 kW"):
        MODEL.cost_curve(store, baseline, [good, bad], energy(5, 6))


def test_the_same_home_gives_the_same_bytes() -> None:
    store = with_battery(export_usd_per_kwh=np.full(PERIODS, 0.1))
    one, two = (MODEL.baseline(store) for _ in range(2))
    assert one.battery_soc_kwh.tobytes() == two.battery_soc_kwh.tobytes()
    curves = [MODEL.cost_curve(store, one, (), energy(2, 4)) for _ in range(2)]
    assert curves[0].cost_usd.tobytes() == curves[1].cost_usd.tobytes()


def test_nothing_ends_lower_than_the_baseline_would_have_left_it() -> None:
    """A negative price fills battery and car beyond what is required; a plan that gives that up must make up for it."""
    prices = np.array([0.3] * 6 + [-0.2] * 2)
    store = with_battery(
        import_usd_per_kwh=prices, export_usd_per_kwh=prices - 0.01, battery_charge_kw=2.0, battery_floor_kwh=5.0
    )
    full = MODEL.baseline(store)
    assert full.battery_soc_kwh[-1] == pytest.approx(9.0)
    curve = MODEL.cost_curve(store, full, (), energy(7, 8))
    plan = MODEL.schedule(store, full, [promise(energy(7, 8), 1.0)])
    assert plan.battery_soc_kwh[-1] >= 9.0 - 1e-9
    assert plan.cost_usd - full.cost_usd <= np.interp(1.0, curve.quantity_kw, curve.cost_usd) + 1e-7
    assert plan.cost_usd - full.cost_usd == pytest.approx(0.3 + 0.2)
    car = with_car(
        import_usd_per_kwh=prices,
        export_usd_per_kwh=prices - 0.01,
        sessions=(VehicleSession(first=1, stop=8, start_kwh=20.0, required_kwh=21.0),),
    )
    charged = MODEL.baseline(car)
    assert charged.vehicle_soc_kwh[7] == pytest.approx(26.0)
    plan = MODEL.schedule(car, charged, [promise(energy(7, 8), 1.0)])
    assert plan.vehicle_soc_kwh[7] >= 26.0 - 1e-9
    assert plan.cost_usd - charged.cost_usd == pytest.approx(0.3 + 0.2)


def test_a_blackout_keeps_curtailment_too() -> None:
    sun = np.array([0, 0, 6.0, 6.0, 0, 0, 0, 0])
    store = with_battery(
        solar_kw=sun,
        battery_wear_usd_per_kwh=0.25,
        export_allowed=False,
        blackout=BLACKOUT,
        battery_start_kwh=9.0,
    )
    baseline = MODEL.baseline(store)
    assert baseline.curtailed_kw.tolist() == [0, 0, 5, 5, 0, 0, 0, 0]
    plan = MODEL.schedule(store, baseline, [promise(energy(1, 2), 1.0)])
    assert plan.curtailed_kw.tolist() == [0, 0, 4, 5, 0, 0, 0, 0]
    later = MODEL.schedule(replace(store, blackout=np.arange(PERIODS) == 2), baseline, [promise(energy(1, 2), 1.0)])
    assert later.curtailed_kw.tolist() == [0, 0, 5, 4, 0, 0, 0, 0]


@pytest.mark.parametrize("cheap", [3, 4, 5, 6])
def test_a_battery_charges_in_the_earliest_of_equal_hours(cheap: int) -> None:
    prices = np.array([0.1] * cheap + [0.4] * (PERIODS - cheap))
    store = with_battery(
        import_usd_per_kwh=prices,
        export_usd_per_kwh=np.zeros(PERIODS),
        battery_charge_kw=1.0,
        battery_floor_kwh=5.0,
        load_kw=np.full(PERIODS, 1.0),
        cycle_limit_kwh=2.0,
    )
    charge = MODEL.baseline(store).battery_charge_kw
    np.testing.assert_allclose(charge, [1.0, 1.0] + [0.0] * 6, atol=1e-9)


def test_a_baseline_read_from_a_run_folder_is_kept_although_it_is_rounded() -> None:
    """The folder keeps nine decimals; presolve took what they leave out for a contradiction where a battery is full."""
    held = with_battery(
        load_kw=np.full(PERIODS, 1.0000000004),
        cycle_limit_kwh=16.0,
        battery_capacity_kwh=16.0,
        battery_charge_kw=8.0,
        battery_discharge_kw=8.0,
        battery_charge_efficiency=0.95,
        battery_discharge_efficiency=0.95,
        battery_start_kwh=11.68,
        battery_floor_kwh=8.0,
        battery_ceiling_kwh=16.0,
    )
    found = MODEL.baseline(held)
    baseline = replace(found, net_kw=np.round(found.net_kw, 9))
    kept = MODEL.schedule(held, baseline, [promise(reserve(3, 5), 7.6)])
    assert kept.battery_soc_kwh[2:5] == pytest.approx([16.0, 16.0, 16.0])


def test_a_promise_beside_negative_prices_is_kept_although_the_baseline_is_rounded() -> None:
    """As above, where the home needs the mixed-integer program; the answer is the best of all 256 sets of modes."""
    price = np.full(PERIODS, 0.2)
    price[6] = -0.05
    held = with_battery(
        load_kw=np.full(PERIODS, 1.0000000012132715),
        import_usd_per_kwh=price,
        export_usd_per_kwh=price,
        cycle_limit_kwh=16.0,
        battery_capacity_kwh=16.0,
        battery_charge_kw=8.0,
        battery_discharge_kw=8.0,
        battery_charge_efficiency=0.95,
        battery_discharge_efficiency=0.95,
        battery_start_kwh=11.68,
        battery_floor_kwh=8.0,
        battery_ceiling_kwh=16.0,
    )
    found = MODEL.baseline(held)
    baseline = replace(found, net_kw=np.round(found.net_kw, 9))
    terms = with_promises(held, baseline, [promise(reserve(3, 5), 7.6)])
    every = np.ones(PERIODS, dtype=np.bool_)
    program = build(held, terms, binaries=Binaries(battery=every, vehicle=every, meter=~every)).program
    modes = np.flatnonzero(program.integer)
    costs = []
    for choice in itertools.product((0.0, 1.0), repeat=len(modes)):
        solver = Solver(replace(program, integer=np.zeros(0, dtype=np.bool_)))
        solver.set_bounds(modes, np.array(choice), np.array(choice))
        best = solver.solve()
        costs += [] if best is None else [best.objective]
    exact = solve_exactly(held, terms, node_limit=2000)
    assert exact is not None
    assert exact.bound == pytest.approx(min(costs), abs=1e-7)
    kept = MODEL.schedule(held, baseline, [promise(reserve(3, 5), 7.6)])
    assert kept.cost_usd == pytest.approx(min(costs), abs=1e-7)


def test_a_promise_that_no_mode_keeps_stays_infeasible() -> None:
    price = np.full(PERIODS, 0.2)
    price[6] = -0.05
    store = with_battery(import_usd_per_kwh=price, export_usd_per_kwh=price)
    terms = with_promises(store, MODEL.baseline(store), [promise(energy(3, 5), 5.0)])
    assert solve_exactly(store, terms, node_limit=2000) is None
