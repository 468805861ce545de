"""Delivery is measured as the contract says."""

import numpy as np
import pytest

from gridpact.errors import InputError
from gridpact.settlement.delivery import Promise, measure, rebound_kwh, reserve_energy_kwh, total_kw


def promise(first=1, stop=3, quantity_kw=2.0, *, home=0, reserve=False, name="a", earlier=False):
    return Promise(
        opportunity_id=name,
        home=home,
        first=first,
        stop=stop,
        quantity_kw=quantity_kw,
        reserve=reserve,
        sustain_h=1.0 if reserve else 0.0,
        earlier=earlier,
    )


def measured(promises, given, held=None):
    given = np.atleast_2d(np.array(given, dtype=float))
    held = np.zeros_like(given) if held is None else np.atleast_2d(np.array(held, dtype=float))
    return measure(promises, baseline_net_kw=given, realised_net_kw=np.zeros_like(given), held_kw=held, step_h=0.5)


def test_delivery_is_clipped_to_the_promise_in_each_interval():
    (done,) = measured([promise()], [9, 3.0, 1.5, 9])
    assert done.committed_kwh == 2.0
    assert done.delivered_kwh == pytest.approx((2.0 + 1.5) * 0.5)
    assert done.shortfall_kwh == pytest.approx(0.25)
    (none,) = measured([promise()], [0, -4.0, 0.0, 0])
    assert none.delivered_kwh == 0.0


def test_solver_noise_is_no_shortfall():
    (done,) = measured([promise()], [0, 2.0 - 1e-7, 2.0, 0])
    assert done.delivered_kwh == done.committed_kwh == 2.0
    assert done.shortfall_kwh == 0.0


def test_overlapping_energy_goes_to_the_earlier_award_first():
    first, second = measured([promise(name="a"), promise(name="b", first=2, stop=4)], [0, 2.0, 3.0, 1.0])
    assert first.delivered_kwh == pytest.approx(2.0)
    assert second.delivered_kwh == pytest.approx((1.0 + 1.0) * 0.5)


def test_reserve_is_what_was_held_and_energy_does_not_use_it_up():
    energy, reserve = measured([promise(), promise(reserve=True, name="r")], [0, 2, 2, 0], held=[0, 2, 1, 0])
    assert energy.shortfall_kwh == 0.0
    assert reserve.delivered_kwh == pytest.approx(1.5)


def test_rebound_is_taken_back_outside_the_windows_by_bound_homes():
    baseline, realised = np.zeros((2, 4)), np.array([[1.0, 5.0, -2.0, 3.0], [9.0, 9.0, 9.0, 9.0]])
    back = rebound_kwh([promise()], baseline_net_kw=baseline, realised_net_kw=realised, step_h=0.5)
    assert back.tolist() == [2.0, 0.0]
    none = rebound_kwh([promise(earlier=True)], baseline_net_kw=baseline, realised_net_kw=realised, step_h=0.5)
    assert none.sum() == 0.0


def test_totals_and_energy_behind_reserve():
    promises = [promise(), promise(first=2, stop=4), promise(reserve=True)]
    assert total_kw(promises, reserve=False, shape=(1, 5)).tolist() == [[0, 2, 4, 2, 0]]
    needed = reserve_energy_kwh(promises, discharge_efficiency=np.array([0.8]), shape=(1, 5))
    assert needed.tolist() == [[0, 2.5, 2.5, 0, 0]]


@pytest.mark.parametrize("bad", [{"quantity_kw": 0.0}, {"first": 3}, {"quantity_kw": float("nan")}])
def test_empty_promise_is_refused(bad):
    with pytest.raises(InputError, match="window and a quantity"):
        promise(**bad)
