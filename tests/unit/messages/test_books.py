from dataclasses import replace

import numpy as np
import pytest

from gridpact.errors import InputError
from gridpact.messages.books import Answer, AnswerBook, BidBook, CalledOptions, OfferBook, OptionBook
from gridpact.messages.views import AggregatorOffer, CoalitionMember, ProsumerBid, ProsumerResponse

HOMES = ("a", "b", "c")


def options(**changes):
    columns = {
        "opportunity_id": "peak",
        "home_ids": HOMES,
        "home_index": [0, 0, 2],
        "segment": [1, 2, 1],
        "quantity_kw": [1.0, 2.0, 4.0],
        "price": [30.0, 40.0, 35.0],
    }
    return OptionBook(**(columns | changes))


def offers(**changes):
    columns = {"home_index": [0, 2], "price": [50.0, 50.0], "cap_kw": [3.0, 4.0]}
    return OfferBook(**({"opportunity_id": "peak", "round": 2, "home_ids": HOMES} | columns | changes))


def answers(**changes):
    columns = {
        "home_index": [0, 2],
        "price": [50.0, 50.0],
        "accepted_kw": [3.0, 0.0],
        "answer": (Answer.ACCEPT, Answer.COUNTER),
        "reason": ("takes all", "asks more"),
    }
    return AnswerBook(**({"opportunity_id": "peak", "round": 2, "home_ids": HOMES} | columns | changes))


def test_option_book_counts_and_selects():
    book = options()
    assert len(book) == 3
    assert book.total_kw == 7.0
    assert book.members == ("a", "c")
    np.testing.assert_array_equal(book.per_home_kw(), [3.0, 0.0, 4.0])
    rest = book.without({"a"})
    assert rest.members == ("c",)
    assert rest.home_ids == HOMES
    assert len(book.where(book.price < 36)) == 2
    np.testing.assert_array_equal(book.least_kw, np.zeros(3))
    np.testing.assert_array_equal(options(least_kw=[1.0, 0.0, 2.0]).without({"a"}).least_kw, [1.0, 0.0, 2.0])


def test_option_frame_has_the_columns_of_the_file():
    called = replace(CalledOptions.none_of(options()), activated=np.array([True, False, True]))
    frame = called.to_frame()
    assert list(frame.columns) == ["opportunity_id", "home_id", "segment", "quantity_kw", "price", "activated"]
    assert frame["home_id"].tolist() == ["a", "a", "c"]
    assert frame["activated"].tolist() == [True, False, True]
    assert called.offered_kw().tolist() == CalledOptions.none_of(options()).offered_kw().tolist()
    assert called.committed_kw().sum() == pytest.approx(called.quantity_kw[[0, 2]].sum())
    empty = CalledOptions.none_of(OptionBook.empty(HOMES)).to_frame()
    assert len(empty) == 0
    assert empty.dtypes.to_dict() == frame.dtypes.to_dict()


def test_books_are_read_only_copies():
    price = np.array([30.0, 40.0, 35.0])
    book = options(price=price)
    price[0] = 99.0
    assert book.price[0] == 30.0
    with pytest.raises(ValueError, match="read-only"):
        book.price[0] = 1.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"home_index": [0, 0, 3]}, "home_index must lie in"),
        ({"home_index": [2, 0, 0]}, "sorted by home"),
        ({"segment": [2, 1, 1]}, "rising segment"),
        ({"segment": [1.5, 2, 1]}, "whole numbers"),
        ({"quantity_kw": [1.0, 0.0, 4.0]}, "no width"),
        ({"quantity_kw": [1.0, 2.0]}, "differ in length"),
        ({"quantity_kw": [1.0, float("nan"), 4.0]}, "row 1 is not a finite number"),
        ({"price": [30.0, 30.0, 35.0]}, "rise strictly"),
        ({"price": [30.0, 20.0, 35.0]}, "must not fall"),
        ({"price": [[30.0], [40.0], [35.0]]}, "one column"),
        ({"least_kw": [1.0]}, "least_kw must be one"),
        ({"least_kw": [1.0, 0.0, -1.0]}, "least_kw must be one"),
        ({"price": ["x", "y", "z"]}, "cannot be read"),
    ],
)
def test_option_book_refuses_what_is_not_one(changes, message):
    with pytest.raises(InputError, match=message):
        options(**changes)


def test_bid_frame_and_view():
    book = BidBook(
        opportunity_id="peak",
        round=1,
        home_ids=HOMES,
        home_index=[1, 1],
        segment=[1, 2],
        quantity_kw=[1.0, 0.5],
        price=[30.0, 30.0],
    )
    assert list(book.to_frame().columns) == ["opportunity_id", "round", "home_id", "segment", "quantity_kw", "price"]
    assert ProsumerBid.of(book, "b").segments == ((1.0, 30.0), (0.5, 30.0))
    assert ProsumerBid.of(book, "a").segments == ()
    with pytest.raises(InputError, match="'z' is not in this run"):
        ProsumerBid.of(book, "z")


def test_offers_and_answers_make_the_offers_file():
    frame = answers().to_frame(offers())
    assert list(frame.columns) == [
        "opportunity_id", "round", "home_id", "price", "cap_kw", "answer", "accepted_kw", "reason",
    ]  # fmt: skip
    assert frame["answer"].tolist() == ["accept", "counter"]
    assert frame["cap_kw"].tolist() == [3.0, 4.0]
    with pytest.raises(InputError, match="do not belong"):
        answers(round=1).to_frame(offers())


@pytest.mark.parametrize(
    "build",
    [
        lambda: offers(home_index=[0, 0]),
        lambda: offers(cap_kw=[-1.0, 1.0]),
        lambda: answers(accepted_kw=[-1.0, 0.0]),
        lambda: answers(reason=("one",)),
    ],
)
def test_offer_and_answer_books_refuse_nonsense(build):
    with pytest.raises(InputError):
        build()


def test_single_views():
    assert AggregatorOffer.of(offers(), "c").cap_kw == 4.0
    response = ProsumerResponse.of(answers(), "a")
    assert (response.answer, response.accepted_kw) == (Answer.ACCEPT, 3.0)
    with pytest.raises(InputError, match="no row in round 2"):
        AggregatorOffer.of(offers(), "b")
    assert CoalitionMember.of(options(), "a", committed_kw=1.0).options == ((1.0, 30.0), (2.0, 40.0))
