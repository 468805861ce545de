"""What holds for every negotiation, whoever takes part."""

import pytest
from hypothesis import given, settings

from gridpact.messages.books import CalledOptions
from gridpact.negotiation.concession import Concession
from gridpact.negotiation.tit_for_tat import TitForTat
from gridpact.negotiation.truthful import Truthful
from negotiation_cases import outside
from negotiation_promises import check_everything, negotiations, run

SAMPLES = 120
DEEP = 3000


@settings(max_examples=SAMPLES, deadline=None)
@given(negotiations())
def test_every_negotiation_keeps_its_promises(case):
    check_everything(case)


@pytest.mark.deep
@settings(max_examples=DEEP, deadline=None)
@given(negotiations())
def test_every_negotiation_keeps_its_promises_deep(case):
    check_everything(case)


@settings(max_examples=40, deadline=None)
@given(negotiations(agents=(Truthful, Concession, TitForTat)))
def test_our_own_strategies_are_never_replaced(case):
    assert run(case).summary.replaced == 0


@settings(max_examples=25, deadline=None)
@given(negotiations())
def test_the_same_case_gives_the_same_bytes(case):
    first, second = run(case), run(case)
    assert CalledOptions.none_of(first.options).to_frame().equals(CalledOptions.none_of(second.options).to_frame())
    assert first.bids_frame().equals(second.bids_frame())
    assert first.offers_frame().equals(second.offers_frame())
    assert first.events == second.events


@settings(max_examples=60, deadline=None)
@given(negotiations(agents=(outside, Truthful)))
def test_many_homes_outside_keep_their_promises(case):
    check_everything(case)
    result = run(case)
    for offers, answers in result.offers:
        asked = dict.fromkeys(range(len(case["curves"])), 0.0)
        book = result.bids_frame()
        book = book[(book["round"] == offers.round)]
        for home, price in zip(offers.home_index.tolist(), offers.price.tolist(), strict=True):
            mine = book[(book["home_id"] == f"h{home}") & (book["price"] <= price)]
            asked[home] = float(mine["quantity_kw"].sum())
        before = result.offers_frame()
        before = before[before["round"] <= offers.round].groupby("home_id")["accepted_kw"].sum()
        for home, new_kw in zip(answers.home_index.tolist(), answers.accepted_kw.tolist(), strict=True):
            assert new_kw == 0 or before[f"h{home}"] <= asked[home] + 1e-6
