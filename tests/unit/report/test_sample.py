"""Which homes are shown one by one."""

import numpy as np
import pytest

from gridpact.report.sample import choose

HOMES = [f"home-{k:04d}" for k in range(1000)]


def test_all_are_shown_where_they_fit() -> None:
    chosen, rule = choose(HOMES[:200], paid_usd=np.zeros(200), agreed_kw=np.zeros(200))
    assert chosen.tolist() == list(range(200))
    assert rule == ""


def test_the_top_the_spread_and_the_left_out_are_shown() -> None:
    paid = np.where(np.arange(1000) < 600, np.arange(1000) / 10.0, 0.0)
    agreed = np.where(np.arange(1000) < 900, 1.0, 0.0)
    chosen, rule = choose(HOMES, paid_usd=paid, agreed_kw=agreed, most=100)
    assert len(chosen) == len(set(chosen)) == 100
    assert set(range(575, 600)) <= set(chosen)  # the top quarter of the places
    members = [home for home in chosen if paid[home] > 0]
    assert min(members) <= 2  # the least paid too
    gaps = np.diff(sorted(set(members) - set(range(575, 600))))
    assert gaps.max() <= 13  # evenly spaced
    assert sum(1 for home in chosen if paid[home] == 0 and agreed[home] > 0) == 25
    assert rule == "25 top earners, 50 spread evenly over what the others earned, 25 left out though willing"


def test_parts_of_the_sample_that_are_empty_are_not_named() -> None:
    _, rule = choose(HOMES, paid_usd=np.zeros(1000), agreed_kw=np.zeros(1000), most=100)
    assert rule == "100 that sold nothing"


@pytest.mark.parametrize("sold", [0, 3, 40, 997])
def test_places_are_filled_whatever_was_sold(sold: int) -> None:
    paid = np.where(np.arange(1000) < sold, 1.0, 0.0)
    agreed = np.where(np.arange(1000) < min(1000, sold + 2), 1.0, 0.0)
    chosen, rule = choose(HOMES, paid_usd=paid, agreed_kw=agreed, most=60)
    assert len(chosen) == 60
    assert (np.diff(chosen) > 0).all()
    assert rule


def test_the_fleets_order_does_not_matter() -> None:
    rng = np.random.default_rng(2)
    paid, agreed = rng.uniform(0, 5, 1000).round(1), np.ones(1000)
    order = rng.permutation(1000)
    first, _ = choose(HOMES, paid_usd=paid, agreed_kw=agreed, most=50)
    second, _ = choose([HOMES[k] for k in order], paid_usd=paid[order], agreed_kw=agreed[order], most=50)
    assert {HOMES[k] for k in first} == {HOMES[order[k]] for k in second}
