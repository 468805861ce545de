import json

import numpy as np
import pytest

from gridpact.errors import InputError, UnitRangeError
from gridpact.market.opportunity import Product
from gridpact.messages.books import CalledOptions
from gridpact.negotiation.aggregator import MarketWorth
from gridpact.negotiation.engine import CoreNegotiationEngine
from gridpact.negotiation.strategy import Strategy
from negotiation_cases import MISBEHAVING, Block, Raises, Undercuts, curve, four_homes, opportunity


def negotiate(
    strategies="truthful", *, rounds=3, price=80.0, allow_loss=False, curves=None, price_cap=float("inf"), **more
):
    curves = four_homes() if curves is None else curves
    market = opportunity(product=more.pop("product", Product.ENERGY))
    settings = {"floors_usd_per_mwh": np.full(len(curves), np.nan), "willingness": 0.7} | more
    worth = MarketWorth.certain(price, requested_kw=market.requested_kw, price_cap=price_cap)
    engine = CoreNegotiationEngine(strategies, rounds=rounds, allow_loss=allow_loss)
    return engine.negotiate(market, curves, worth=worth, **settings)


def rows(result):
    frame = CalledOptions.none_of(result.options).to_frame()[["home_id", "segment", "quantity_kw", "price"]]
    return list(frame.itertuples(index=False, name=None))


def test_one_truthful_round_buys_everything_below_the_worth():
    result = negotiate(rounds=1)
    assert rows(result) == [("a", 1, 3.0, 60.0), ("b", 1, 2.5, 60.0), ("d", 1, 1.0, 60.0)]
    assert result.summary.price_first == result.summary.price_final == 60.0
    assert result.offers_frame()["answer"].tolist() == ["accept", "accept", "accept"]
    assert result.reasons()["c"] == "nothing deliverable in this window"
    assert result.reasons()["d"] == "agreed to 1 of 4 kW at 60.00 USD/MWh"
    assert result.standing_asks.of(3) == ((1.0, -5.0), (3.0, 100.0))


def test_three_truthful_rounds_pay_less_for_the_cheap_part():
    result = negotiate()
    # 6.5 kW ask at most the worth of 80. A third of it is filled at 50, two thirds at 55, all at 60.
    assert rows(result) == [
        ("a", 1, 2.0, 50.0), ("a", 2, 1.0, 60.0), ("b", 1, 2.5, 55.0), ("d", 1, 1.0, 50.0),
    ]  # fmt: skip
    assert result.summary.to_dict() | {"price_final": None} == {
        "rounds": 3, "invited": 4, "bids": 3, "offers": 8, "accepted": 3, "refused": 0, "expired": 0, "unable": 1,
        "price_first": 50.0, "price_final": None, "strategies": {"truthful": 3}, "replaced": 0,
        "replaced_reasons": {}, "probe": False,
    }  # fmt: skip
    assert result.summary.price_final == pytest.approx((3 * 50 + 2.5 * 55 + 60) / 6.5)
    frame = result.offers_frame()
    assert frame["accepted_kw"].sum() == result.options.total_kw
    assert frame[frame["home_id"] == "d"]["answer"].tolist() == ["counter", "counter", "refuse"]


def test_concession_needs_rounds_to_come_to_a_deal():
    dear = [curve("a", [3.0], [75.0])]
    assert negotiate("concession", rounds=1, curves=dear).summary.probe
    result = negotiate("concession", rounds=3, curves=dear)
    assert rows(result) == [("a", 1, 3.0, 80.0)]
    assert result.standing_asks.of(0)[0][1] < 80.0
    assert not result.summary.probe


def test_it_stops_early_once_everything_is_taken():
    result = negotiate(rounds=6, curves=[curve("a", [2.0], [40.0])])
    assert result.summary.rounds == 1


def test_too_cheap_a_market_ends_in_a_probe_that_fills_the_request():
    curves = four_homes()[:2]
    result = negotiate(price=20.0, curves=curves)
    assert result.summary.probe
    assert result.offers_frame()["price"].tolist() == [20.0, 20.0, 20.0, 20.0, 60.0, 55.0]
    assert result.options.total_kw == 5.5
    probes = [event.payload["probe"] for event in result.events if event.kind == "offers_made"]
    assert probes == [False, False, True]


def test_a_probe_stays_within_the_price_cap():
    result = negotiate(price=20.0, curves=four_homes()[:2], price_cap=35.0)
    assert len(result.options) == 0
    assert result.summary.refused == 2
    assert result.reasons()["b"] == "asked at least 55.00 USD/MWh; the best offer was 35.00 USD/MWh"


def test_allow_loss_fills_the_request():
    result = negotiate(price=20.0, allow_loss=True)
    assert not result.summary.probe
    assert result.options.total_kw >= 6.0


def test_floors_bind_energy_and_not_reserve():
    floors = np.array([70.0, np.nan, np.nan, np.nan])
    result = negotiate(floors_usd_per_mwh=floors)
    assert result.options.price[result.options.home_index == 0].min() >= 70.0
    result = negotiate(floors_usd_per_mwh=floors, product=Product.SPIN)
    assert result.options.price[result.options.home_index == 0].min() < 70.0
    assert "USD/MW per h" in result.reasons()["a"]


def test_silent_homes_expire_and_keep_what_they_agreed():
    result = negotiate(silent={"b": 1, "a": 3})
    assert "b" not in set(result.offers_frame()["home_id"])
    assert result.reasons()["b"] == "made no bid in time"
    assert result.reasons()["a"] == "agreed to 2 of 3 kW at 40.00 to 50.00 USD/MWh; stopped answering in round 3"
    assert (result.summary.accepted, result.summary.expired) == (2, 1)
    assert result.offers_frame()[result.offers_frame()["home_id"] == "a"]["answer"].tolist()[-1] == "expired"
    result = negotiate(silent={"a": 2, "b": 2, "d": 2}, price=20.0)
    assert result.reasons()["a"] == "stopped answering in round 2; nothing was agreed"


@pytest.mark.parametrize("silence", [1, 2])
def test_everyone_silent_is_a_result(silence):
    curves = four_homes()[:2]
    result = negotiate(curves=curves, price=20.0, silent={"a": silence, "b": silence})
    assert len(result.options) == 0
    assert result.summary.expired == 2
    assert result.summary.rounds == silence


def test_nothing_deliverable_is_a_result():
    result = negotiate(curves=[curve("a", [], [])])
    assert (result.summary.rounds, result.summary.unable, result.summary.price_first) == (0, 1, None)
    assert list(result.bids_frame().columns) == [
        "opportunity_id",
        "round",
        "home_id",
        "segment",
        "quantity_kw",
        "price",
    ]
    assert len(result.offers_frame()) == len(result.bids_frame()) == 0
    assert len(negotiate(curves=[]).options) == 0


def test_posted_price_is_one_offer_for_all():
    result = negotiate(rounds=6, posted_price=52.0)
    assert result.summary.rounds == 1
    assert rows(result) == [("a", 1, 2.0, 52.0), ("d", 1, 1.0, 52.0)]


def test_strategies_by_home():
    result = negotiate({"a": "truthful", "b": Raises(), "*": "concession"})
    assert result.summary.strategies == {"Raises": 1, "concession": 1, "truthful": 1}
    # Two asks, and two answers for b, which has sold everything by then.
    assert result.summary.replaced_reasons == {"asks raised RuntimeError": 2, "answers raised KeyError": 2}
    replaced = [event.payload for event in result.events if event.kind == "replaced_by_policy"]
    assert all(each["home_ids"] == ["b"] and each["strategy"] == "Raises" for each in replaced)


@pytest.mark.parametrize("strategy", MISBEHAVING)
def test_misbehaving_strategies_are_replaced_and_counted(strategy):
    truthful = negotiate()
    result = negotiate(strategy())
    assert (result.summary.replaced > 0) == (strategy is not Block)
    assert result.summary.replaced == sum(result.summary.replaced_reasons.values())
    assert result.options.total_kw <= 9.5
    if strategy.__name__ in {"Raises", "NotANumber", "WrongShape", "Huge", "Undercuts"}:
        assert rows(result) == rows(truthful)


def test_undercutting_is_counted_by_reason():
    reasons = negotiate(Undercuts()).summary.replaced_reasons
    assert set(reasons) == {
        "asks less than the home's cost or floor price",
        "accepts more than the cap or more than the home can deliver",
    }


class Nibbles(Strategy):
    def asks(self, context):
        return context.reservation_price

    def answers(self, context):
        return context.accepted_kw + 0.25


def test_a_home_sells_its_least_or_nothing():
    curves = [curve("a", [1, 1], [40, 50], least_kw=1.0)]
    result = negotiate(Nibbles(), curves=curves, rounds=1, posted_price=45.0)
    assert rows(result) == [("a", 1, 1.0, 45.0)]
    assert result.summary.replaced == 1
    assert result.options.least_kw.tolist() == [1.0]
    assert rows(negotiate(Nibbles(), curves=curves, posted_price=35.0)) == []


def test_same_inputs_same_result_and_plain_events():
    first, second = (negotiate(MISBEHAVING[5](), seed=7) for _ in range(2))
    assert rows(first) == rows(second)
    assert [json.dumps(dict(event.payload)) for event in first.events] == [
        json.dumps(dict(event.payload)) for event in second.events
    ]
    assert first.events[-1].kind == "negotiation_closed"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"willingness": 1.5}, UnitRangeError),
        ({"willingness": np.nan}, UnitRangeError),
        ({"willingness": [0.5]}, InputError),
        ({"silent": {"zz": 1}}, InputError),
        ({"strategies": {"zz": "truthful"}}, InputError),
        ({"strategies": {"a": 3}}, InputError),
        ({"strategies": "nobody"}, InputError),
        ({"posted_price": float("nan")}, UnitRangeError),
        ({"rounds": 0}, InputError),
    ],
)
def test_arguments_are_checked(changes, error):
    with pytest.raises(error):
        negotiate(**changes)
