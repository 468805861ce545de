import numpy as np
import pytest

from coalition_cases import option_book
from gridpact.coalition.payments import PAYMENT_RULES, as_agreed, uniform
from gridpact.errors import InputError

OPTIONS = option_book([("a", 2, 40), ("a", 3, 60), ("b", 2, 50), ("c", 4, 95)])
CALLED = np.array([2.0, 1.0, 2.0, 0.0])


def test_as_agreed_is_the_average_of_what_is_activated() -> None:
    assert as_agreed(OPTIONS, CALLED).tolist()[:2] == pytest.approx([(2 * 40 + 60) / 3, 50])
    assert np.isnan(as_agreed(OPTIONS, CALLED)[2])


def test_uniform_pays_everyone_the_dearest_activated_price() -> None:
    assert uniform(OPTIONS, CALLED).tolist()[:2] == [60, 60]
    assert np.isnan(uniform(OPTIONS, CALLED)[2])
    assert np.isnan(uniform(OPTIONS, np.zeros(4))).all()


@pytest.mark.parametrize("rule", PAYMENT_RULES.values(), ids=lambda rule: rule.name)
def test_every_rule_covers_the_agreed_cost_and_says_what_it_does_not_guarantee(rule: object) -> None:
    prices = np.nan_to_num(rule.prices(OPTIONS, CALLED))  # type: ignore[attr-defined]
    power = np.bincount(OPTIONS.home_index, weights=CALLED, minlength=3)
    agreed = np.bincount(OPTIONS.home_index, weights=CALLED * OPTIONS.price, minlength=3)
    assert (prices * power >= agreed - 1e-9).all()
    assert rule.not_guaranteed  # type: ignore[attr-defined]


@pytest.mark.parametrize("called", [np.zeros(3), np.array([3.0, 0, 0, 0]), np.array([-1.0, 0, 0, 0])])
def test_activation_outside_the_options(called: np.ndarray) -> None:
    with pytest.raises(InputError):
        as_agreed(OPTIONS, called)
