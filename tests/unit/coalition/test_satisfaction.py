import numpy as np
import pytest

from gridpact.coalition.satisfaction import (
    comfort_satisfaction,
    member_satisfaction,
    pay_satisfaction,
    volume_satisfaction,
)
from gridpact.errors import InputError


@pytest.mark.parametrize(
    ("paid", "cost", "value", "share"),
    [
        (1.5, 1.0, 2.0, 0.5),
        (3.0, 1.0, 2.0, 1.0),
        (0.5, 1.0, 2.0, 0.0),
        (1.5, 1.0, 0.8, 1.0),
        (1.0, 1.0, 1.0, 1.0),
        (0.9, 1.0, 0.8, 0.0),
    ],
)
def test_pay(paid: float, cost: float, value: float, share: float) -> None:
    assert float(pay_satisfaction(paid_usd=paid, cost_usd=cost, value_usd=value)) == pytest.approx(share)


def test_volume_and_comfort() -> None:
    assert volume_satisfaction(activated_kw=[1, 0, 0], offered_kw=[4, 2, 0]).tolist()[:2] == [0.25, 0.0]
    assert np.isnan(volume_satisfaction(activated_kw=0, offered_kw=0))
    kept = comfort_satisfaction(lowest_kwh=[3, 1, 6, 2, np.nan], baseline_lowest_kwh=[5, 5, 5, 2, np.nan], floor_kwh=2)
    assert kept.tolist()[:3] == pytest.approx([1 / 3, 0, 1])
    assert np.isnan(kept[3:]).all(), "no margin in the baseline, and no battery"


def test_weights_and_absent_terms() -> None:
    assert float(member_satisfaction(pay=0.5, volume=1.0, comfort=0.0)) == pytest.approx(0.6 * 0.5 + 0.2)
    assert float(member_satisfaction(pay=0.5, volume=1.0, comfort=np.nan)) == pytest.approx((0.3 + 0.2) / 0.8)
    assert float(member_satisfaction(pay=np.nan, volume=np.nan, comfort=0.3)) == pytest.approx(0.3)
    assert np.isnan(member_satisfaction(pay=np.nan, volume=np.nan, comfort=np.nan))


def test_a_broken_preference_is_zero_whatever_was_paid() -> None:
    both = member_satisfaction(pay=[1.0, 1.0], volume=1.0, comfort=1.0, preference_broken=[True, False])
    assert both.tolist() == [0.0, 1.0]


def test_terms_outside_their_range() -> None:
    with pytest.raises(InputError):
        member_satisfaction(pay=1.2, volume=0.0, comfort=0.0)
