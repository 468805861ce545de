from dataclasses import replace

import numpy as np
import pytest

from coalition_cases import option_book
from gridpact.coalition.formation import form
from gridpact.coalition.merit_order import form_by_merit
from gridpact.coalition.problem import FormationProblem
from gridpact.coalition.segments import group_scenarios, rises
from gridpact.coalition.terms import HomeCap, MinimumMembers, MinimumTotal, ShareCap, TotalCap, WholeLots
from gridpact.errors import InputError, SolverFailedError, UnitRangeError
from gridpact.optimization.bid import bid_curve

OPTIONS = option_book([("b", 2, 40), ("b", 3, 60), ("a", 2, 40), ("a", 1.5, 70), ("c", 4, 95)])


def problem(**changes: object) -> FormationProblem:
    plain: dict[str, object] = {
        "options": OPTIONS,
        "prices": [30.0, 50.0, 80.0, 120.0],
        "probabilities": [0.25] * 4,
        "window_h": 2.0,
        "requested_kw": 9.0,
    }
    return FormationProblem(**{**plain, **changes})  # type: ignore[arg-type]


def test_activates_what_each_price_pays_for() -> None:
    result = form(problem())
    assert result.totals_kw.tolist() == [0.0, 4.0, 8.5, 9.0]
    assert result.x[:, 1].tolist() == [2, 0, 2, 0, 0]
    # 0.25 * 2 h / 1000 * (10*4 + (40*4 + 20*3 + 10*1.5) + (80*4 + 60*3 + 50*1.5 + 25*0.5)) by hand
    assert result.value_usd == pytest.approx(0.25 * 2 / 1000 * (40 + 235 + 587.5))
    assert (result.method, result.status, result.gap, result.solver) == ("optimal", "optimal", 0.0, "merit-order scan")


def test_curve_is_the_marginal_option_cost_where_nothing_else_binds() -> None:
    options = option_book([(f"h{k}", 0.5 + k / 4, 20.0 + 7.37 * k) for k in range(9)])
    given = problem(options=options, prices=[65.0, 200.0], probabilities=[0.6, 0.4], requested_kw=100.0)
    curve = bid_curve(given, form(given).x, price_floor=-500)
    order = np.argsort(options.price)
    assert [segment.price for segment in curve.segments] == pytest.approx(options.price[order].tolist())
    assert [segment.quantity_kw for segment in curve.segments] == pytest.approx(options.quantity_kw[order].tolist())


def test_equal_prices_go_by_home_id_not_by_order_of_the_fleet() -> None:
    result = form(problem(requested_kw=3.0, prices=[45.0], probabilities=[1.0]))
    called = dict(zip(OPTIONS.home_index.tolist(), result.x[:, 0].tolist(), strict=False))
    assert OPTIONS.home_ids == ("b", "a", "c")
    assert result.x[2, 0] == 2.0, "a first"
    assert result.x[0, 0] == 1.0, "then b"
    assert len(called) == 3


def test_a_price_that_only_just_pays_is_taken() -> None:
    assert form(problem(prices=[40.0], probabilities=[1.0])).totals_kw.tolist() == [4.0]
    assert form(problem(prices=[39.99], probabilities=[1.0])).totals_kw.tolist() == [0.0]


def test_negative_prices() -> None:
    options = option_book([("a", 1, -20), ("b", 1, -5)])
    given = problem(options=options, prices=[-30.0, -10.0], probabilities=[0.5, 0.5], margin=0.1)
    assert form(given).totals_kw.tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("terms", "totals"),
    [
        ((MinimumTotal(limit_kw=5.0),), [0, 5, 8.5, 9]),
        ((WholeLots(lot_kw=2.5),), [0, 5, 7.5, 7.5]),
        ((HomeCap(limit_kw=2.5), TotalCap(limit_kw=7.0)), [0, 4, 5, 7]),
        ((ShareCap(fraction=0.4),), [0, 0, 8.75, 9]),
        ((MinimumMembers(count=3, available_kw=OPTIONS.per_home_kw()),), [0, 4.1, 8.6, 9]),
        ((MinimumMembers(count=4, available_kw=OPTIONS.per_home_kw()),), [0, 0, 0, 0]),
        ((MinimumTotal(limit_kw=12.0),), [0, 0, 0, 0]),
    ],
)
def test_terms(terms: tuple, totals: list[float]) -> None:
    given = problem(terms=terms)
    result = form(given)
    assert result.totals_kw.tolist() == pytest.approx(totals)
    fallback = form_by_merit(given)
    assert given.value_usd(fallback) <= result.value_usd + 1e-9


def test_a_loss_leader_is_called_to_reach_the_minimum_and_the_average_still_pays() -> None:
    result = form(problem(terms=(MinimumTotal(limit_kw=5.0),), prices=[50.0], probabilities=[1.0]))
    assert result.totals_kw.tolist() == [5.0]
    assert OPTIONS.price @ result.x[:, 0] <= 50 * 5
    assert form(problem(terms=(MinimumTotal(limit_kw=8.0),), prices=[50.0], probabilities=[1.0])).formed is False


def test_segment_limit() -> None:
    for limit in (1, 2, 3):
        result = form(problem(max_segments=limit))
        assert rises(result.x) <= limit
    assert form(problem(max_segments=1)).totals_kw.tolist() == [0, 0, 9, 9]
    shared = problem(max_segments=1, terms=(ShareCap(fraction=0.4),))
    assert rises(form(shared).x) == 1


def test_margin_counts_over_the_whole_coalition() -> None:
    result = form(problem(margin=0.3))
    for s, price in enumerate((30.0, 50.0, 80.0, 120.0)):
        assert OPTIONS.price @ result.x[:, s] <= 0.7 * price * result.totals_kw[s] + 1e-9
    assert result.totals_kw.tolist() == [0, 0, 8.5, 9]


def test_allow_loss_fills_the_request_at_least_cost() -> None:
    result = form(problem(allow_loss=True, prices=[10.0], probabilities=[1.0]))
    assert result.totals_kw.tolist() == [9.0]
    assert result.x[:, 0].tolist() == [2, 3, 2, 1.5, 0.5]
    assert result.value_usd < 0


def test_satisfaction_can_draw_in_a_home_but_never_at_a_loss() -> None:
    gain = np.array([0.0, 0.0, 0.2])
    plain = form(problem(prices=[94.0], probabilities=[1.0], requested_kw=20.0))
    keen = form(problem(prices=[94.0], probabilities=[1.0], requested_kw=20.0, gain_usd_per_kw=gain))
    assert plain.x[4, 0] == 0
    assert keen.x[4, 0] == 4
    assert OPTIONS.price @ keen.x[:, 0] <= 94 * keen.totals_kw[0]


def test_shadow_prices_are_in_words() -> None:
    assert form(problem()).shadow_prices == ("one more kW of request would be worth 0.0125 USD",)
    words = form(problem(terms=(TotalCap(limit_kw=7.0),))).shadow_prices
    assert words[0].startswith("one more kW of max_total_kw would be worth")


def test_nothing_to_choose_from() -> None:
    result = form(problem(options=option_book([("a", 1, 40)]).without(["a"])))
    assert result.formed is False
    assert result.x.shape == (0, 4)


def test_same_bytes_twice() -> None:
    given = problem(terms=(ShareCap(fraction=0.4),))
    assert form(given).x.tobytes() == form(given).x.tobytes()


class Broken:
    name = "broken"

    def __call__(self, cvxpy_problem: object) -> None:
        raise RuntimeError("licence expired")


class Liar:
    name = "liar"

    def __call__(self, cvxpy_problem: object) -> None:
        for variable in cvxpy_problem.variables():  # type: ignore[attr-defined]
            variable.save_value(np.full(variable.shape, 1e3))
        cvxpy_problem._status = "optimal"  # type: ignore[attr-defined]


@pytest.mark.parametrize("solver", [Broken(), Liar()])
def test_a_failing_or_lying_solver_is_an_error(solver: object) -> None:
    with pytest.raises(SolverFailedError, match=r"broken failed: RuntimeError: licence|liar"):
        form(problem(terms=(ShareCap(fraction=0.4),)), solver=solver)  # type: ignore[arg-type]


def test_fallback_equals_the_optimum_where_only_caps_bind() -> None:
    for terms in ((), (HomeCap(limit_kw=2.5),), (TotalCap(limit_kw=7.0), HomeCap(limit_kw=3.0))):
        given = problem(terms=terms)
        assert form_by_merit(given).tolist() == form(given).x.tolist()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"prices": [50.0, 50.0, 80.0, 120.0]}, InputError),
        ({"prices": [float("nan"), 50.0, 80.0, 120.0]}, InputError),
        ({"probabilities": [0.5, 0.5, 0.5, 0.5]}, UnitRangeError),
        ({"probabilities": [1.0]}, InputError),
        ({"window_h": 0.0}, UnitRangeError),
        ({"requested_kw": float("inf")}, UnitRangeError),
        ({"margin": 1.0}, UnitRangeError),
        ({"max_segments": -1}, UnitRangeError),
        ({"gain_usd_per_kw": np.zeros(2)}, InputError),
    ],
)
def test_bad_problems(changes: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        problem(**changes)


def test_broken_names_the_term() -> None:
    given = problem(terms=(HomeCap(limit_kw=1.0),))
    assert "max_kw_per_home" in str(given.broken_at(np.array([2.0, 0, 0, 0, 0]), price=80.0))
    given = replace(given, terms=())
    assert "requested" in str(given.broken_at(OPTIONS.quantity_kw, price=800.0))
    assert "beyond its width" in str(given.broken_at(OPTIONS.quantity_kw * 0.5 + 2, price=800.0))
    assert "after the margin" in str(given.broken_at(np.array([0.0, 0, 0, 0, 1]), price=80.0))


def test_scenarios_are_never_grouped_under_a_coalition_that_their_price_does_not_pay_for() -> None:
    given = problem(prices=[45.0, 80.0, 120.0], probabilities=[0.05, 0.05, 0.9], max_segments=1)
    x = form(problem(prices=[45.0, 80.0, 120.0], probabilities=[0.05, 0.05, 0.9])).x
    labels = group_scenarios(given, x)
    assert labels.tolist() == [-1, 2, 2]
    for s, label in enumerate(labels):
        assert label < 0 or given.broken(x[:, label], s) is None
