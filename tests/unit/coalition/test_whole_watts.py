import numpy as np

from gridpact.coalition.whole_watts import round_nested, watts_below


def test_a_solver_number_just_below_a_watt_is_that_watt() -> None:
    assert watts_below(np.array([0.9999999, 1.0, 0.9994])).tolist() == [999 + 1, 1000, 999]


def test_thirds_add_up_nest_and_keep_limits() -> None:
    homes = np.array([[1 / 3, 2 / 3], [1 / 3, 2 / 3], [1 / 3, 2 / 3]])
    watts = round_nested(
        homes,
        np.array([1000, 2000]),
        available_w=np.array([5000, 5000, 5000]),
        limit_w=lambda total: np.full(3, -(-total // 3)),
    )
    assert watts.sum(axis=0).tolist() == [1000, 2000]
    assert (np.diff(watts, axis=1) >= 0).all()
    assert watts[:, 0].max() == 334


def test_a_watt_given_early_is_never_taken_back() -> None:
    homes = np.array([[0.5, 0.5], [0.5, 0.5], [0.5, 1.0], [0.5, 1.0]]) / 1000
    watts = round_nested(homes, np.array([2, 3]), available_w=np.full(4, 9), limit_w=lambda total: np.full(4, 9))
    assert watts.sum(axis=0).tolist() == [2, 3]
    assert (np.diff(watts, axis=1) >= 0).all()


def test_no_room() -> None:
    watts = round_nested(
        np.array([[1.0]]), np.array([1000]), available_w=np.array([600]), limit_w=lambda total: np.array([900])
    )
    assert watts.tolist() == [[600]]
