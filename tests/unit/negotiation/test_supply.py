import numpy as np
import pytest

from gridpact.errors import InputError
from gridpact.flexibility.batch import CurveBatch
from gridpact.flexibility.home import CostCurve
from gridpact.negotiation.supply import Supply, ceil_cents, floor_cents, whole_watts
from gridpact.units import ceil_cent, floor_kw
from negotiation_cases import curve, four_homes


def supply(curves, floors=None, *, reserve=False):
    lowest = np.full(len(curves), np.nan) if floors is None else floors
    return Supply.from_curves(CurveBatch.of(curves), floors_usd_per_mwh=lowest, window_h=2.0, reserve=reserve)


def test_curves_become_padded_segments():
    laid = supply(four_homes())
    np.testing.assert_allclose(laid.width_kw, [[1, 1, 1], [2.5, 0, 0], [0, 0, 0], [1, 3, 0]])
    np.testing.assert_allclose(laid.reservation_price, [[40, 50, 60], [55, 55, 55], [0, 0, 0], [-5, 100, 100]])
    np.testing.assert_allclose(laid.deliverable_kw, [3, 2.5, 0, 4])


def test_floor_lifts_the_reservation_to_the_line_and_binds_energy_only():
    curves = [curve("a", [1, 1, 1], [10, 20, 90])]
    laid = supply(curves, [30.0])
    # max(C, line): 30 and 30 along the line, then C(3) = 120 * 2 / 1000 against the line's 90.
    np.testing.assert_allclose(laid.reservation_price, [[30, 30, 60]])
    np.testing.assert_allclose(laid.reservation_usd, [[0.06, 0.12, 0.24]])
    np.testing.assert_allclose(supply(curves, [30.0], reserve=True).reservation_price, [[10, 20, 90]])
    np.testing.assert_allclose(supply(four_homes()[3:], [0.0]).reservation_price[0, 0], 0.0)


def test_prices_are_rounded_up_and_quantities_down():
    laid = supply([curve("a", [1.0006, 1.0], [33.333, 44.444])])
    np.testing.assert_allclose(laid.level_kw, [[1.0, 2.0]])
    assert (laid.reservation_price[0] >= [33.333, 44.43]).all()
    np.testing.assert_allclose(np.round(laid.reservation_price * 100) / 100, laid.reservation_price)


def test_levels_within_one_watt_are_one():
    tight = CostCurve(
        home_id="a", quantity_kw=np.array([0, 0.0004, 1.0, 1.0003]), cost_usd=np.array([0, 1e-5, 0.1, 0.2])
    )
    np.testing.assert_allclose(supply([tight]).level_kw, [[1.0]])


def test_reservation_between_levels_lies_on_the_chord():
    laid = supply(four_homes())
    np.testing.assert_allclose(laid.reservation_at([0, 3], [1.5, 0.5]), [(40 + 25) * 2 / 1000, -2.5 * 2 / 1000])


@pytest.mark.parametrize(
    "broken",
    [
        CostCurve(home_id="x", quantity_kw=np.array([0.0, 1.0]), cost_usd=np.array([0.0, np.nan])),
        CostCurve(home_id="x", quantity_kw=np.array([0.0, 2.0, 1.0]), cost_usd=np.zeros(3)),
        CostCurve(home_id="x", quantity_kw=np.array([1.0, 2.0]), cost_usd=np.zeros(2)),
        CostCurve(home_id="x", quantity_kw=np.array([0.0, 2.0]), cost_usd=np.array([0.5, 1.0])),
    ],
)
def test_a_broken_curve_is_named(broken):
    with pytest.raises(InputError, match="home 'x'"):
        supply([curve("a", [1], [10]), broken])


def test_misfits_are_refused():
    with pytest.raises(InputError, match="'a' has more than one"):
        supply([curve("a", [1], [10]), curve("a", [1], [10])])
    with pytest.raises(InputError, match="floors_usd_per_mwh"):
        supply(four_homes(), [1.0])
    with pytest.raises(InputError, match="as many costs"):
        supply([CostCurve(home_id="x", quantity_kw=np.zeros(2), cost_usd=np.zeros(1))])


def test_no_home_at_all():
    assert supply([]).deliverable_kw.shape == (0,)


def test_roundings_agree_with_units():
    rng = np.random.default_rng(3)
    values = np.concatenate([rng.uniform(-200, 200, 500), np.round(rng.uniform(-200, 200, 500), 2)])
    np.testing.assert_array_equal(ceil_cents(values), [ceil_cent(value) for value in values])
    np.testing.assert_array_equal(whole_watts(values), [floor_kw(value) for value in values])
    np.testing.assert_array_equal(floor_cents(values), -ceil_cents(-values))


def test_less_for_sale_cuts_segments_and_moves_nothing_else():
    plain = supply(four_homes())
    cut = plain.limited(np.array([1.5004, 9.0, 0.0, 0.0]))
    assert cut.width_kw[0].tolist() == [1.0, 0.5, 0.0]
    assert cut.level_kw[0].tolist() == [1.0, 1.5, 1.5]
    assert cut.deliverable_kw.tolist() == [1.5, 2.5, 0.0, 0.0]
    np.testing.assert_array_equal(cut.reservation_price, plain.reservation_price)
    np.testing.assert_array_equal(cut.width_kw[1], plain.width_kw[1])
    np.testing.assert_allclose(cut.reservation_usd[0], plain.reservation_at([0, 0, 0], [1.0, 1.5, 1.5]), atol=1e-15)
    assert cut.reservation_at([0], [1.25]) == pytest.approx(plain.reservation_at([0], [1.25]))
