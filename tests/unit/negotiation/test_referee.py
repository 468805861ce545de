import numpy as np
import pytest

from gridpact.flexibility.batch import CurveBatch
from gridpact.messages.books import OfferBook
from gridpact.negotiation.referee import Agreed, AnswerRows, Referee, Refusal, reservations_frame
from gridpact.negotiation.supply import Supply
from negotiation_cases import curve, four_homes

CURVES = four_homes()
SUPPLY = Supply.from_curves(CurveBatch.of(CURVES), floors_usd_per_mwh=np.full(4, np.nan), window_h=2.0, reserve=False)
REFEREE = Referee(supply=SUPPLY)
OFFERS = OfferBook(
    opportunity_id="peak", round=2, home_ids=SUPPLY.home_ids, home_index=[0, 1], price=[55.0, 55.0], cap_kw=[3.0, 2.0]
)
NOTHING = Agreed(accepted_kw=np.zeros(4), pay_usd=np.zeros(4))


@pytest.mark.parametrize(
    ("asks", "previous", "refusal"),
    [
        ([40, 50, 60], None, Refusal.NONE),
        ([50, 50, 50], None, Refusal.NONE),
        ([39, 50, 70], None, Refusal.BELOW_RESERVATION),
        ([70, 60, 50], None, Refusal.FALLING),
        ([np.nan, 50, 60], None, Refusal.NOT_A_NUMBER),
        ([40, 50, np.inf], None, Refusal.NOT_A_NUMBER),
        ([40, 50, 2e9], None, Refusal.NOT_A_NUMBER),
        ([45, 55, 65], [50, 60, 70], Refusal.NONE),
        ([45, 55, 80], [50, 60, 70], Refusal.NONE),
        ([51, 55, 60], [50, 60, 70], Refusal.RETREAT),
        ([45, 55, 81], [50, 60, 70], Refusal.RETREAT),
    ],
)
def test_asks(asks, previous, refusal):
    home = np.array([0])
    tidy = REFEREE.tidy_asks(home, np.array([asks], dtype=float))
    codes = REFEREE.review_asks(home, tidy, None if previous is None else np.array([previous], dtype=float))
    assert codes.tolist() == [refusal]


def test_tidy_asks_ignore_segments_without_width():
    tidy = REFEREE.tidy_asks(np.array([1]), np.array([[55.001, np.nan, -7.0]]))
    assert tidy.tolist() == [[55.01, 55.01, 55.01]]


def judge(home, total_kw, *, round=2, price=55.0, agreed=NOTHING):
    rows = AnswerRows(
        home=np.atleast_1d(home),
        round=np.full(np.size(home), round),
        price=np.full(np.size(home), price),
        total_kw=np.full(np.size(home), total_kw, dtype=float),
    )
    return REFEREE.review_answers(rows, OFFERS, agreed).tolist()


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        ({"home": 0, "total_kw": 0.0}, Refusal.NONE),
        ({"home": 0, "total_kw": 2.5}, Refusal.NONE),
        ({"home": 0, "total_kw": 3.0}, Refusal.NONE),  # 165 paid against 150 needed
        ({"home": 1, "total_kw": 2.001}, Refusal.OVER_CAP),
        ({"home": 0, "total_kw": np.nan}, Refusal.NOT_A_NUMBER),
        ({"home": 0, "total_kw": 1e300}, Refusal.NOT_A_NUMBER),
        ({"home": 0, "total_kw": 1.0005}, Refusal.NOT_A_NUMBER),
        ({"home": 9, "total_kw": 1.0}, Refusal.UNKNOWN_HOME),
        ({"home": -1, "total_kw": 1.0}, Refusal.UNKNOWN_HOME),
        ({"home": 3, "total_kw": 1.0}, Refusal.NO_LIVE_OFFER),
        ({"home": 0, "total_kw": 1.0, "round": 3}, Refusal.NO_LIVE_OFFER),
        ({"home": 0, "total_kw": 1.0, "round": 1}, Refusal.LATE),
        ({"home": 0, "total_kw": 1.0, "price": 56.0}, Refusal.OTHER_PRICE),
        ({"home": 0, "total_kw": 1.0, "price": np.nan}, Refusal.OTHER_PRICE),
    ],
)
def test_answers(answer, refusal):
    assert judge(**answer) == [refusal]
    assert bool(refusal.text) == (refusal is not Refusal.NONE)


def test_answers_may_not_take_back_nor_sell_below_the_reservation():
    taken = Agreed(accepted_kw=np.array([2.0, 0, 0, 0]), pay_usd=np.array([0.18, 0, 0, 0]))
    assert judge(0, 1.0, agreed=taken) == [Refusal.TAKEN_BACK]
    # 0.18 for the first 2 kW is all they cost; the third costs 60 and 55 is paid.
    assert judge(0, 3.0, agreed=taken) == [Refusal.UNDERPAID]


def test_only_the_first_of_two_answers_counts():
    assert judge([0, 1, 0], 1.0) == [Refusal.NONE, Refusal.NONE, Refusal.TWICE]


def test_reservations_frame_is_the_true_curve():
    frame = reservations_frame("peak", CurveBatch.of([curve("a", [1], [40]), curve("b", [], [])]))
    assert list(frame.columns) == ["opportunity_id", "home_id", "quantity_kw", "cost_usd"]
    assert frame["home_id"].tolist() == ["a", "a", "b"]
    assert frame["cost_usd"].tolist() == [0.0, 0.08, 0.0]
    assert len(reservations_frame("peak", CurveBatch.of([]))) == 0
