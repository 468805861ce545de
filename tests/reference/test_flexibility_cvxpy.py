"""The HiGHS model against an independent CVXPY formulation on random awkward homes."""

import numpy as np
import pytest

from gridpact.flexibility.highs import HighsModel
from gridpact.flexibility.home import Ask, Commitment, CostCurve, HomeProblem, Schedule
from reference.heat_cases import heat_case, water_heater
from reference.home_cases import Case, case, commitment
from reference.home_truth import Truth, check_schedule, convex, least_cost, most_quantity

MODEL = HighsModel()
SAME = 2e-6
SAME_WITH_HEAT = 1e-7


def compare_home(it: Case, *, same: float = SAME) -> None:
    home = it.home
    baseline = MODEL.baseline(home)
    check_schedule(home, baseline)
    exclusive = not convex(home)
    assert baseline.cost_usd == pytest.approx(least_cost(home, exclusive=exclusive), abs=same), it.name
    if not exclusive:
        devices = (
            baseline.battery_charge_kw
            + baseline.battery_discharge_kw
            + baseline.vehicle_charge_kw
            + baseline.vehicle_discharge_kw
            + sum(trace.power_kw for trace in baseline.devices.values())
        )
        least = Truth(home, exclusive=False).least_throughput(baseline.cost_usd + 1e-9)
        assert devices.sum() * home.step_h <= least + 1e-3, it.name
    promises: tuple[Commitment, ...] = ()
    for ask in it.asks:
        curve = MODEL.cost_curve(home, baseline, promises, ask, levels=4)
        compare_curve(home, baseline, promises, ask, curve, name=f"{it.name} {ask.opportunity_id}", same=same)
        quantity = round(curve.deliverable_kw * 0.6, 3)
        if quantity >= max(curve.least_kw, 0.001):
            promises = (*promises, commitment(ask, quantity))


def compare_curve(
    home: HomeProblem,
    baseline: Schedule,
    promises: tuple[Commitment, ...],
    ask: Ask,
    curve: CostCurve,
    *,
    name: str,
    same: float,
) -> None:
    assert curve.quantity_kw[0] == 0
    assert curve.cost_usd[0] == 0
    promised = MODEL.schedule(home, baseline, promises)
    exclusive = not convex(home) or curve.inner_approximation
    most = most_quantity(home, baseline, promises, commitment(ask, 0.0), exclusive=exclusive)
    top = curve.deliverable_kw
    assert top <= max(most, 0.0) + 1e-6, name
    if promises and top == 0:
        return
    assert max(most, 0.0) <= top + curve.loss_kw + 0.0011, name
    for k in range(1, len(curve.quantity_kw)):
        quantity, cost = float(curve.quantity_kw[k]), float(curve.cost_usd[k])
        kept = (*promises, commitment(ask, quantity))
        true = least_cost(home, baseline, kept, exclusive=exclusive) - promised.cost_usd
        assert true <= cost + same, f"{name}: {quantity} kW costs {true}, the curve says {cost}"
        if not curve.inner_approximation and curve.least_kw == 0:
            assert cost <= true + same, f"{name}: {quantity} kW costs {true}, the curve says {cost}"
        elif k == len(curve.quantity_kw) - 1 and curve.inner_approximation:
            assert cost <= true + curve.loss_usd + same, name
    for share in (0.13, 0.5, 0.77, 1.0):
        quantity = round(share * top, 3)
        if not max(curve.least_kw, 0.001) <= quantity <= top:
            continue
        kept = (*promises, commitment(ask, quantity))
        plan = MODEL.schedule(home, baseline, kept)
        check_schedule(home, plan, baseline=baseline, commitments=kept)
        line = float(np.interp(quantity, curve.quantity_kw, curve.cost_usd))
        assert plan.cost_usd - promised.cost_usd <= line + 1e-7, f"{name}: promise of {quantity} kW"


@pytest.mark.parametrize("number", range(42))
def test_homes_agree_with_cvxpy(number: int) -> None:
    compare_home(case(number))


@pytest.mark.parametrize("number", range(40))
def test_homes_with_heat_agree_with_cvxpy(number: int) -> None:
    compare_home(heat_case(number), same=SAME_WITH_HEAT)


@pytest.mark.deep
@pytest.mark.parametrize("number", range(42, 1042))
def test_a_thousand_homes_agree_with_cvxpy(number: int) -> None:
    compare_home(case(number))


def test_a_water_heater_on_a_time_of_use_tariff_sells_the_evening() -> None:
    """The peak lasts from 16:00 to 21:00; its last two hours are sold by heating before them, for what that leaks."""
    home = water_heater()
    baseline = MODEL.baseline(home)
    assert baseline.cost_usd == pytest.approx(least_cost(home, exclusive=False), abs=SAME_WITH_HEAT)
    window = Ask(opportunity_id="evening", first=28, stop=36, reserve=False)
    curve = MODEL.cost_curve(home, baseline, (), window)
    compare_curve(home, baseline, (), window, curve, name="water heater", same=SAME_WITH_HEAT)
    assert curve.deliverable_kw > 0.3
    assert not curve.inner_approximation
    per_mwh = curve.cost_usd / np.maximum(curve.quantity_kw * 2.0, 1e-9) * 1000
    # Peak power costs 480; what is stored for an hour or two leaks two or three parts in a hundred.
    assert 0.0 < per_mwh[1] < 30.0


@pytest.mark.deep
@pytest.mark.parametrize("number", range(40, 440))
def test_four_hundred_homes_with_heat_agree_with_cvxpy(number: int) -> None:
    compare_home(heat_case(number), same=SAME_WITH_HEAT)


@pytest.mark.parametrize("number", [3, 9])
def test_quarter_hours_agree_with_cvxpy(number: int) -> None:
    home = case(number, periods=96, step_h=0.25).home
    baseline = MODEL.baseline(home)
    check_schedule(home, baseline)
    assert baseline.cost_usd == pytest.approx(least_cost(home, exclusive=False), abs=SAME)
