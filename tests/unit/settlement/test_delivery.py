"""Delivery is measured as the contract says."""

import numpy as np
import pytest

from gridpact.errors import InputError
from gridpact.settlement.delivery import Promise, PromiseBook, measure, rebound_kwh, reserve_energy_kwh, total_kw


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
    book = PromiseBook.of(promises)
    return measure(book, baseline_net_kw=given, realised_net_kw=np.zeros_like(given), held_kw=held, step_h=0.5)


def test_delivery_is_clipped_to_the_promise_in_each_interval():
    done = measured([promise()], [9, 3.0, 1.5, 9])
    assert done.committed_kwh.tolist() == [2.0]
    assert done.delivered_kwh.tolist() == [pytest.approx((2.0 + 1.5) * 0.5)]
    assert done.shortfall_kwh.tolist() == [pytest.approx(0.25)]
    assert measured([promise()], [0, -4.0, 0.0, 0]).delivered_kwh.tolist() == [0.0]


def test_solver_noise_is_no_shortfall():
    done = measured([promise()], [0, 2.0 - 1e-7, 2.0, 0])
    assert done.delivered_kwh.tolist() == done.committed_kwh.tolist() == [2.0]
    assert done.shortfall_kwh.tolist() == [0.0]


def test_overlapping_energy_goes_to_the_earlier_award_first():
    done = measured([promise(name="a"), promise(name="b", first=2, stop=4)], [0, 2.0, 3.0, 1.0])
    assert done.delivered_kwh.tolist() == pytest.approx([2.0, (1.0 + 1.0) * 0.5])


def test_reserve_is_what_was_held_and_energy_does_not_use_it_up():
    done = measured([promise(), promise(reserve=True, name="r")], [0, 2, 2, 0], held=[0, 2, 1, 0])
    assert done.shortfall_kwh[0] == 0.0
    assert done.delivered_kwh[1] == pytest.approx(1.5)


def test_rebound_is_taken_back_outside_the_windows_by_bound_homes():
    baseline, realised = np.zeros((2, 4)), np.array([[1.0, 5.0, -2.0, 3.0], [9.0, 9.0, 9.0, 9.0]])

    def back(*promises):
        book = PromiseBook.of(promises)
        return rebound_kwh(book, baseline_net_kw=baseline, realised_net_kw=realised, step_h=0.5).tolist()

    assert back(promise()) == [2.0, 0.0]
    assert back(promise(earlier=True)) == [0.0, 0.0]


def test_totals_and_energy_behind_reserve():
    promises = PromiseBook.of([promise(), promise(first=2, stop=4), promise(reserve=True)])
    assert total_kw(promises, reserve=False, shape=(1, 5)).tolist() == [[0, 2, 4, 2, 0]]
    needed = reserve_energy_kwh(promises, discharge_efficiency=np.array([0.8]), shape=(1, 5))
    assert needed.tolist() == [[0, 2.5, 2.5, 0, 0]]


@pytest.mark.parametrize("bad", [{"quantity_kw": 0.0}, {"first": 3}, {"quantity_kw": float("nan")}])
def test_empty_promise_is_refused(bad):
    with pytest.raises(InputError, match="window and a quantity"):
        promise(**bad)


def test_homes_are_measured_as_if_one_by_one():
    rng = np.random.default_rng(5)
    drawn = (rng.integers(0, 4, 30), rng.integers(0, 6, 30), rng.uniform(0.1, 3, 30), rng.random(30) < 0.4)
    promises = [
        promise(first=first, stop=first + 3, quantity_kw=kw, home=home, reserve=reserve, name=str(number))
        for number, (home, first, kw, reserve) in enumerate(zip(*drawn, strict=True))
    ]
    given, held = rng.uniform(-1, 6, (4, 9)), rng.uniform(0, 6, (4, 9))
    done = measured(promises, given, held)
    for row, each in enumerate(promises):
        before = [other for other in promises[:row] if (other.home, other.reserve) == (each.home, each.reserve)]
        alone = measured([*before, each], given, held)
        assert done.delivered_kwh[row] == alone.delivered_kwh[-1]
    total = total_kw(PromiseBook.of(promises), reserve=True, shape=(4, 9))
    for home in range(4):
        mine = [each for each in promises if each.home == home and each.reserve]
        by_hand = sum(np.where((np.arange(9) >= p.first) & (np.arange(9) < p.stop), p.quantity_kw, 0.0) for p in mine)
        np.testing.assert_allclose(total[home], by_hand)
