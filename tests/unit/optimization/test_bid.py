import numpy as np

from coalition_cases import option_book
from gridpact.coalition.formation import form
from gridpact.coalition.problem import FormationProblem, money_requirement
from gridpact.optimization.bid import BidCurve, bid_curve


def formed(options: list[tuple[str, float, float]], prices: list[float], **changes: object) -> FormationProblem:
    return FormationProblem(
        options=option_book(options),
        prices=prices,
        probabilities=np.full(len(prices), 1 / len(prices)),
        window_h=1.0,
        requested_kw=50.0,
        **changes,  # type: ignore[arg-type]
    )


def test_merging_gives_up_the_least() -> None:
    problem = formed([("a", 5, 20), ("b", 0.1, 30), ("c", 5, 60)], [100.0], max_segments=2)
    curve = bid_curve(problem, form(problem).x, price_floor=-500)
    # 0.1 kW joins the dearer step: giving it up between 30 and 60 costs 3, giving up 5 kW between 20 and 30 costs 50
    assert [(s.quantity_kw, s.price) for s in curve.segments] == [(5.0, 20.0), (5.1, 60.0)]
    assert curve.activation_kw.tolist() == [[5, 0], [0, 0.1], [0, 5]]


def test_what_was_left_out_at_one_price_is_bid_above_it() -> None:
    problem = formed([("a", 5, 20), ("b", 5, 60)], [30.0, 100.0], max_segments=1)
    result = form(problem)
    curve = bid_curve(problem, result.x, price_floor=-500)
    assert result.totals_kw.tolist() in ([5, 5], [0, 10])
    assert curve.activated(30.0).sum() == result.totals_kw[0]
    assert curve.activated(100.0).sum() == result.totals_kw[1]


def test_bids_start_at_the_markets_floor() -> None:
    problem = formed([("a", 5, -40)], [10.0])
    curve = bid_curve(problem, form(problem).x, price_floor=0.0)
    assert [s.price for s in curve.segments] == [0.0]


def test_empty() -> None:
    curve = BidCurve.empty(3)
    assert curve.activated(1e9).tolist() == [0, 0, 0]
    assert curve.mean_price is None
    assert curve.total_kw == 0


def test_mean_price() -> None:
    problem = formed([("a", 1, 20), ("b", 3, 60)], [100.0])
    assert bid_curve(problem, form(problem).x, price_floor=-500).mean_price == 50.0


def test_price_that_leaves_a_margin() -> None:
    for cost in (-50.0, 0.0, 80.0):
        price = money_requirement(cost, margin=0.2)
        assert abs(price - 0.2 * abs(price) - cost) < 1e-9
