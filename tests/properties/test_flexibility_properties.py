"""What holds for every home: convex curves, shorter windows offer more, promises add up."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridpact.flexibility.highs import HighsModel
from gridpact.flexibility.home import Ask
from reference.home_cases import case, commitment
from reference.home_truth import check_schedule

MODEL = HighsModel()
NUMBERS = st.integers(min_value=2000, max_value=10**6)
SOME = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


@SOME
@given(number=NUMBERS)
def test_curves_are_zero_at_zero_convex_and_rising(number: int) -> None:
    it = case(number)
    baseline = MODEL.baseline(it.home)
    for ask in it.asks:
        curve = MODEL.cost_curve(it.home, baseline, (), ask)
        assert curve.quantity_kw[0] == 0
        assert curve.cost_usd[0] == 0
        assert np.all(curve.cost_usd >= 0)
        assert np.array_equal(np.round(curve.quantity_kw * 1000), curve.quantity_kw * 1000) or np.allclose(
            np.round(curve.quantity_kw * 1000), curve.quantity_kw * 1000, atol=1e-9
        )
        widths = np.diff(curve.quantity_kw)
        assert np.all(widths > 0)
        slopes = np.diff(curve.cost_usd) / widths
        assert np.all(slopes >= 0)
        assert np.all(np.diff(slopes) >= -1e-6)
        assert curve.least_kw == 0
        assert curve.loss_usd >= 0
        assert curve.loss_kw >= 0


@SOME
@given(number=NUMBERS)
def test_longer_windows_offer_no_more_and_cost_no_less(number: int) -> None:
    home = case(number, periods=96, step_h=0.25).home
    baseline = MODEL.baseline(home)
    for reserve in (False, True):
        before = None
        for length in (1, 4, 16):
            ask = Ask(
                opportunity_id="x", first=28, stop=28 + length, reserve=reserve, sustain_h=1.0 if reserve else 0.0
            )
            curve = MODEL.cost_curve(home, baseline, (), ask, levels=4)
            if curve.inner_approximation:
                break
            if before is not None:
                assert curve.deliverable_kw <= before.deliverable_kw + 1e-6
                top = curve.deliverable_kw
                assert curve.cost_usd[-1] >= _least(MODEL, home, baseline, ask, top, before) - 1e-6
            before = curve


def _least(model, home, baseline, ask, quantity, shorter) -> float:
    """Exact cost of ``quantity`` in the shorter window."""
    if quantity == 0:
        return 0.0
    length = {4: 1, 16: 4}[ask.stop - ask.first]
    shorter_ask = Ask(
        opportunity_id="x", first=ask.first, stop=ask.first + length, reserve=ask.reserve, sustain_h=ask.sustain_h
    )
    return model.schedule(home, baseline, [commitment(shorter_ask, quantity)]).cost_usd - baseline.cost_usd


@SOME
@given(number=NUMBERS, share=st.floats(0.1, 1.0), more=st.floats(0.1, 1.0))
def test_energy_and_reserve_never_share_power(number: int, share: float, more: float) -> None:
    it = case(number)
    home = it.home
    baseline = MODEL.baseline(home)
    first = it.asks[0]
    second = Ask(opportunity_id="reserve", first=first.first, stop=first.stop, reserve=True, sustain_h=0.5)
    sold = []
    for ask, part in ((first, share), (second, more)):
        curve = MODEL.cost_curve(home, baseline, sold, ask, levels=4)
        quantity = round(part * curve.deliverable_kw, 3)
        if quantity >= max(curve.least_kw, 0.001):
            sold.append(commitment(ask, min(quantity, curve.deliverable_kw)))
    plan = MODEL.schedule(home, baseline, sold)
    check_schedule(home, plan, baseline=baseline, commitments=sold)
    window = slice(first.first, first.stop)
    power = home.battery_discharge_kw if home.battery_capacity_kwh > 0 else 0.0
    assert np.all(plan.battery_discharge_kw[window] + plan.reserve_kw[window] <= power + 1e-6)


@SOME
@given(number=NUMBERS)
def test_a_commitment_never_makes_the_home_cheaper(number: int) -> None:
    it = case(number)
    baseline = MODEL.baseline(it.home)
    curve = MODEL.cost_curve(it.home, baseline, (), it.asks[0], levels=2)
    if curve.deliverable_kw >= 0.001:
        plan = MODEL.schedule(it.home, baseline, [commitment(it.asks[0], curve.deliverable_kw)])
        assert plan.cost_usd >= baseline.cost_usd - 1e-7
