"""Counting what an evaluation found."""

import pytest

from gridpact.errors import InputError, MissingDataError
from gridpact.language.evaluation.cases import read_cases
from gridpact.language.evaluation.score import Rate, Score, add_up

RIGHT = Score(stated=2, found_right=2, missed=0, invented=0, unsafe=0, wrong=0, valid=True)
POOR = Score(stated=3, found_right=1, missed=1, invented=1, unsafe=2, wrong=1, valid=True)
NONE = Score(stated=2, found_right=0, missed=2, invented=0, unsafe=0, wrong=0, valid=False)


def test_totals_count_fields_and_cases() -> None:
    total = add_up([RIGHT, POOR, NONE])
    assert (total.cases, total.stated, total.found_right, total.invalid) == (3, 7, 3, 1)
    assert (total.unsafe, total.unsafe_cases, total.perfect) == (2, 1, 1)
    assert (total.field_accuracy.part, total.field_accuracy.whole) == (3, 8)
    assert total.deal_rate.value is None
    assert total.surplus_kept is None


def test_deals_count_where_one_was_possible() -> None:
    common = {"stated": 0, "found_right": 0, "missed": 0, "invented": 0, "unsafe": 0, "wrong": 0, "valid": True}
    total = add_up([Score(**common, deal=True, surplus_kept=0.5), Score(**common, deal=False, surplus_kept=0.0),
                    Score(**common)])  # fmt: skip
    assert (total.deals, total.deals_possible, total.surplus_kept) == (1, 2, 0.25)


@pytest.mark.parametrize(
    "changes",
    [{"stated": 3}, {"missed": -1, "found_right": 3}, {"unsafe": 1}, {"surplus_kept": 1.5}],
)
def test_contradictions_are_refused(changes: dict[str, float]) -> None:
    good = {"stated": 2, "found_right": 2, "missed": 0, "invented": 0, "unsafe": 0, "wrong": 0, "valid": True}
    with pytest.raises(ValueError, match="Score"):
        Score(**(good | changes))


def test_wilson_interval_has_published_values() -> None:
    """Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3: 81/263, 15/148, 0/20, 1/29."""
    published = {(81, 263): (0.2553, 0.3662), (15, 148): (0.0624, 0.1605), (0, 20): (0.0, 0.1611),
                 (1, 29): (0.0061, 0.1718)}  # fmt: skip
    for (part, whole), bounds in published.items():
        assert Rate(part=part, whole=whole).interval == pytest.approx(bounds, abs=6e-5)
    assert Rate(part=0, whole=0).interval is None


def test_a_missing_set_or_half_is_named() -> None:
    with pytest.raises(MissingDataError, match="no_such_set"):
        read_cases("no_such_set", "test")
    with pytest.raises(InputError, match="training"):
        read_cases("owners", "training")
