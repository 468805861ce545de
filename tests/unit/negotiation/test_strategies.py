import numpy as np
import pytest

from gridpact.errors import InputError, UnitRangeError
from gridpact.negotiation.concession import Concession
from gridpact.negotiation.strategies import STRATEGIES, load_strategy
from gridpact.negotiation.strategy import AnswerContext, AskContext, best_response
from gridpact.negotiation.tit_for_tat import TitForTat


def context(*, round=1, rounds=5, willingness=(0.45, 0.875), previous_ask=None, offered=()):
    return AskContext(
        opportunity_id="peak",
        round=round,
        rounds=rounds,
        window_h=2.0,
        reference_price=80.0,
        home_ids=("a", "b"),
        width_kw=np.array([[1.0, 1.0], [1.0, 1.0]]),
        reservation_price=np.array([[-10.0, 100.0], [0.0, 100.0]]),
        previous_ask=previous_ask,
        offered=np.array(offered, dtype=float).reshape(len(offered), 2),
        accepted_kw=np.zeros(2),
        willingness=np.array(willingness),
        rng=np.random.default_rng(0),
    )


def test_concession_opens_with_a_markup_that_shrinks_with_willingness():
    asks = Concession().asks(context())
    np.testing.assert_allclose(asks, [[-10 + 0.275 * 80, 127.5], [0.0625 * 80, 106.25]])
    np.testing.assert_allclose(Concession().asks(context(round=1, rounds=1)), asks)


def test_concession_ends_at_the_reservation_and_never_rises():
    path = np.array([Concession().asks(context(round=r)) for r in range(1, 6)])
    assert (np.diff(path, axis=0) <= 0).all()
    np.testing.assert_allclose(path[-1], context().reservation_price)
    assert (np.diff(path, axis=2) >= 0).all()


def test_boulware_holds_out_longer_than_conceder():
    hard, soft = (Concession(beta=beta).asks(context(round=3)) for beta in (0.3, 3.0))
    assert (hard > soft).all()


@pytest.mark.parametrize("bad", [{"beta": 0.0}, {"beta": float("inf")}, {"opening_markup": 1.0}])
def test_concession_refuses_shapes_out_of_range(bad):
    with pytest.raises(UnitRangeError):
        Concession(**bad)


def test_tit_for_tat_cuts_by_the_last_rise():
    opening = np.array([[20.0, 150.0], [20.0, 150.0]])
    agent = TitForTat()
    np.testing.assert_allclose(agent.asks(context()), Concession().asks(context()))
    np.testing.assert_allclose(agent.asks(context(round=2, previous_ask=opening, offered=[[40, 40]])), opening)
    asks = agent.asks(context(round=3, previous_ask=opening, offered=[[40, 40], [50, 40]]))
    np.testing.assert_allclose(asks, [[16.0, 120.0], [20.0, 150.0]])
    asks = agent.asks(context(round=3, previous_ask=opening, offered=[[0, np.nan], [50, 40]]))
    np.testing.assert_allclose(asks, [[0.0, 100.0], [20.0, 150.0]])


def test_best_response_takes_every_segment_that_asks_no_more():
    answers = best_response(
        AnswerContext(
            opportunity_id="peak",
            round=1,
            rounds=1,
            window_h=2.0,
            home_ids=("a", "b", "c"),
            width_kw=np.array([[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]]),
            reservation_price=np.zeros((3, 2)),
            ask=np.array([[40.0, 60.0], [40.0, 50.0], [70.0, 80.0]]),
            price=np.full(3, 50.0),
            cap_kw=np.array([3.0, 2.5, 3.0]),
            accepted_kw=np.array([0.0, 0.0, 0.5]),
            least_kw=np.zeros(3),
            willingness=np.ones(3),
            rng=np.random.default_rng(0),
        )
    )
    assert answers.tolist() == [1.0, 2.5, 0.5]


def test_named_strategies_load():
    assert set(STRATEGIES) == {"truthful", "concession", "tit_for_tat", "language"}
    for name in STRATEGIES:
        assert load_strategy(name).name == name


def test_a_strategy_of_ones_own():
    assert load_strategy("negotiation_cases:Raises").name == "negotiation_cases:Raises"
    assert load_strategy("negotiation_cases:NotANumber").name == "nan"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("greedy", "concession, language, tit_for_tat, truthful"),
        ("no_such_module:X", "cannot be imported"),
        (":X", "cannot be imported"),
        ("negotiation_cases:Missing", "has no 'Missing'"),
        ("negotiation_cases:curve", "not a subclass"),
        ("gridpact.negotiation.strategy:Strategy", "cannot be made"),
    ],
)
def test_unusable_names_say_what_is_wrong(name, message):
    with pytest.raises(InputError, match=message):
        load_strategy(name)
