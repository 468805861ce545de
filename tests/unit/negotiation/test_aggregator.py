import numpy as np
import pytest

from gridpact.errors import InputError, UnitRangeError
from gridpact.negotiation.aggregator import MarketWorth, filling_price, lowest_ask, offer_price, probe_price

WIDTH = np.array([[1.0, 1.0], [2.0, 0.0]])
ASK = np.array([[20.0, 60.0], [40.0, 40.0]])


def test_filling_price_walks_up_the_stack():
    assert [filling_price(WIDTH, ASK, kw) for kw in (0.5, 1.0, 1.001, 3.0, 3.5, 99.0)] == [20, 20, 40, 40, 60, 60]
    assert filling_price(np.zeros((1, 1)), np.zeros((1, 1)), 1.0) == float("inf")
    assert lowest_ask(WIDTH, ASK) == 20
    assert lowest_ask(np.zeros((1, 1)), np.zeros((1, 1))) == float("inf")


def offer(worth, **changes):
    return offer_price(WIDTH, ASK, worth, **({"round": 1, "rounds": 1, "previous": None} | changes))


def test_one_round_offers_the_shadow_price():
    # 1.25 * 2.4 = 3 kW are sought: filled at 40.
    assert offer(MarketWorth.certain(100.0, requested_kw=2.4)) == 40.0
    assert offer(MarketWorth.certain(100.0, requested_kw=2.5)) == 60.0
    assert offer(MarketWorth.certain(50.0, requested_kw=2.5, margin=0.1)) == 40.0
    assert offer(MarketWorth.certain(100.0, requested_kw=2.5, price_cap=30.0)) == 20.0


def test_offers_rise_from_the_lowest_ask_and_never_fall():
    worth = MarketWorth.certain(100.0, requested_kw=2.4)
    assert [offer(worth, round=r, rounds=3) for r in (1, 2, 3)] == [20.0, 40.0, 40.0]
    assert offer(worth, round=1, rounds=3, previous=35.0) == 35.0
    assert offer(MarketWorth.certain(10.0, requested_kw=2.4), round=1, rounds=3) == 10.0


def test_a_single_offer_weighs_how_likely_each_price_is():
    """Asks 20 and 40, 1 kW each: 40 sells only at 50 (half the time); 20 sells always."""
    width, ask = np.array([[1.0], [1.0]]), np.array([[20.0], [40.0]])
    likely_low = MarketWorth(prices=[30.0, 50.0], probabilities=[0.9, 0.1], requested_kw=2.0)
    assert offer_price(width, ask, likely_low, round=1, rounds=1, previous=None) == 20.0
    likely_high = MarketWorth(prices=[30.0, 50.0], probabilities=[0.1, 0.9], requested_kw=2.0)
    assert offer_price(width, ask, likely_high, round=1, rounds=1, previous=None) == 40.0


def test_allow_loss_fills_the_request_whatever_it_is_worth():
    assert offer(MarketWorth.certain(10.0, requested_kw=3.0), allow_loss=True) == 40.0
    assert offer(MarketWorth.certain(10.0, requested_kw=9.0, price_cap=55.5), allow_loss=True) == 40.0


def test_probe_fills_the_request_within_the_cap():
    assert probe_price(WIDTH, ASK, MarketWorth.certain(10.0, requested_kw=3.0)) == 40.0
    assert probe_price(WIDTH, ASK, MarketWorth.certain(10.0, requested_kw=99.0, price_cap=50.0)) == 50.0


def test_worth_is_of_the_best_scenario_after_the_margin():
    worth = MarketWorth(prices=[10.0, 80.0], probabilities=[0.5, 0.5], requested_kw=1.0, margin=0.25)
    assert worth.ceiling == 60.0
    assert MarketWorth.certain(-10.0, requested_kw=1.0, margin=0.1).ceiling == -11.0


@pytest.mark.parametrize(
    "changes",
    [
        {"prices": [], "probabilities": []},
        {"prices": [2.0, 1.0]},
        {"probabilities": [0.5, 0.4]},
        {"probabilities": [1.5, -0.5]},
        {"margin": 1.0},
        {"margin": float("nan")},
        {"requested_kw": 0.0},
        {"price_cap": float("nan")},
    ],
)
def test_worth_refuses_nonsense(changes):
    with pytest.raises((InputError, UnitRangeError)):
        MarketWorth(**({"prices": [1.0, 2.0], "probabilities": [0.5, 0.5], "requested_kw": 1.0} | changes))
