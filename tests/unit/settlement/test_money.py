"""Ledger, settlement and statements: every micro-dollar has two sides."""

import numpy as np
import pandas as pd
import pytest

from gridpact.errors import InputError
from gridpact.settlement.delivery import Deliveries, Promise, PromiseBook
from gridpact.settlement.ledger import LEDGER_COLUMNS, Account, Kind, Ledger, statement
from gridpact.settlement.settle import Award, microusd_for_owners, pay_prices, penalty_price, settle
from gridpact.units import microusd_for_owner

HOMES = ("h1", "h2")


def delivery(home=0, quantity_kw=2.0, share=1.0, *, name="a", earlier=False):
    promise = Promise(
        opportunity_id=name, home=home, first=0, stop=4, quantity_kw=quantity_kw, reserve=False, earlier=earlier
    )
    return promise, share


def settled(awards, deliveries, book):
    promises = PromiseBook.of(promise for promise, _ in deliveries)
    owed = promises.quantity_kw * 2
    done = Deliveries(
        promises=promises, committed_kwh=owed, delivered_kwh=owed * np.array([share for _, share in deliveries])
    )
    return settle(awards, done, book, home_ids=HOMES)


def award(price=100.0, cleared_kw=3.0, *, penalty=100.0, name="a"):
    return Award(opportunity_id=name, price=price, cleared_kw=cleared_kw, window_h=2.0, penalty_price=penalty)


def options(*rows):
    return pd.DataFrame(rows, columns=["opportunity_id", "home_id", "segment", "quantity_kw", "price", "activated"])


OPTIONS = options(
    ("a", "h1", 1, 0.5, 60.0, True),
    ("a", "h1", 2, 1.5, 80.0, True),
    ("a", "h1", 3, 1.0, 99.0, False),
    ("a", "h2", 1, 1.0, 90.0, True),
)


def test_pay_is_the_average_of_what_was_activated():
    assert pay_prices(OPTIONS) == {("a", "h1"): 75.0, ("a", "h2"): 90.0}
    assert pay_prices(OPTIONS, payment_rule="uniform") == {("a", "h1"): 90.0, ("a", "h2"): 90.0}
    with pytest.raises(InputError, match="payment rule 'vcg' is not known"):
        pay_prices(OPTIONS, payment_rule="vcg")


def test_everything_delivered():
    done = settled([award()], [delivery(), delivery(1, 1.0)], OPTIONS)
    assert done.market_revenue_usd == pytest.approx(0.6)
    assert done.owner_payments_usd == pytest.approx(0.3 + 0.18)
    assert done.operator_profit_usd == pytest.approx(0.12)
    assert done.penalty_usd == 0.0
    assert (done.committed_kwh, done.delivered_kwh, done.shortfall_kwh) == (6.0, 6.0, 0.0)
    assert done.paid.to_dict("records")[1] == {
        "opportunity_id": "a",
        "home_id": "h2",
        "committed_kw": 1.0,
        "delivered_kwh": 2.0,
        "paid_usd": 0.18,
    }


def test_shortfall_is_penalised_and_not_paid_to_owners():
    done = settled([award(penalty=150.0)], [delivery(share=0.5), delivery(1, 1.0, 0.0)], OPTIONS)
    assert done.shortfall_kwh == 4.0
    assert done.penalty_usd == pytest.approx(0.6)
    assert done.owner_payments_usd == pytest.approx(0.15)
    assert done.operator_profit_usd == pytest.approx(0.6 - 0.6 - 0.15)
    assert done.ledger.total() == 0


def test_negative_price_makes_the_operator_pay():
    done = settled([award(price=-10.0, penalty=0.0)], [delivery(), delivery(1, 1.0)], OPTIONS)
    assert done.market_revenue_usd == pytest.approx(-0.06)
    assert done.ledger.total() == 0


@pytest.mark.parametrize(
    ("price", "multiplier", "wanted"), [(100.0, 1.5, 150.0), (100.0, 0.5, 100.0), (-20.0, 2.0, 0.0), (0.0, 1.0, 0.0)]
)
def test_penalty_price_gives_back_at_least_the_revenue(price, multiplier, wanted):
    assert penalty_price(price, multiplier) == wanted


def test_owner_is_rounded_up_to_a_microdollar():
    book = options(("a", "h1", 1, 2.0, 33.333333, True))
    done = settled([award(cleared_kw=2.0)], [delivery(share=1 / 3)], book)
    paid = done.ledger.total(account=Account.HOME)
    exact = 33.333333 * 4 / 3 * 1000
    assert exact <= paid < exact + 1


def test_many_owners_are_rounded_as_each_alone():
    rng = np.random.default_rng(3)
    price = np.concatenate([np.round(rng.uniform(-50, 2000, 4000), 9), np.round(rng.uniform(0, 200, 4000), 2), [0, 60]])
    energy = np.concatenate([np.round(rng.uniform(0, 30, 4000), 9), np.round(rng.uniform(0, 30, 4000), 3), [1.5, 1.25]])
    alone = [microusd_for_owner(price=p, energy_kwh=e) for p, e in zip(price.tolist(), energy.tolist(), strict=True)]
    assert microusd_for_owners(price=price, energy_kwh=energy) == alone


def test_an_amount_beyond_64_bits_is_exact():
    assert microusd_for_owners(price=[1e9, 1.0, -1e9], energy_kwh=[1e9, 1.0, 1e9]) == [10**21, 1000, -(10**21)]


def test_earlier_promises_are_settled_elsewhere():
    deliveries = [delivery(1, 5.0, name="z", earlier=True), delivery()]
    done = settled([award(cleared_kw=2.0)], deliveries, OPTIONS)
    assert list(done.paid["home_id"]) == ["h1"]
    assert done.committed_kwh == 4.0


@pytest.mark.parametrize(
    ("deliveries", "message"),
    [
        ([delivery()], "every kilowatt that is sold"),
        ([delivery(), delivery(1, 1.0), delivery(name="b")], "has no award"),
        ([delivery(quantity_kw=1.5), delivery(quantity_kw=1.5)], "two promises"),
    ],
)
def test_award_and_promises_must_fit(deliveries, message):
    with pytest.raises(InputError, match=message):
        settled([award()], deliveries, OPTIONS)


def test_promise_without_an_option_is_not_paid_silently():
    with pytest.raises(InputError, match="without an activated option"):
        settled([award(cleared_kw=2.0)], [delivery(home=1)], OPTIONS[OPTIONS["home_id"] == "h1"])


def test_nothing_awarded_nothing_posted():
    done = settled([], [], OPTIONS)
    assert done.ledger.to_csv() == ",".join(LEDGER_COLUMNS) + "\n"
    assert len(done.paid) == 0
    assert done.operator_profit_usd == 0.0


def post(ledger, amount, *, home_id="h1", payer=Account.OPERATOR, receiver=Account.HOME):
    ledger.post(
        opportunity_id="a",
        kind=Kind.OWNER_PAYMENT,
        payer=payer,
        receiver=receiver,
        amount_microusd=amount,
        memo='says "hello, owner"',
        home_id=home_id,
    )


def test_two_legs_balance_and_are_numbered_once_each():
    ledger = Ledger()
    post(ledger, 5)
    post(ledger, 0)
    post(ledger, 7, home_id="h2")
    assert [entry.entry_id for entry in ledger.entries] == ["00000001.1", "00000001.2", "00000002.1", "00000002.2"]
    assert ledger.total() == 0
    assert ledger.total(home_id="h2") == 7
    assert ledger.to_csv().splitlines()[2] == '00000001.2,a,home,h1,5,owner_payment,"says ""hello, owner"""'


@pytest.mark.parametrize(
    "wrong",
    [{"amount": 1.5}, {"amount": True}, {"home_id": ""}, {"receiver": Account.OPERATOR}, {"receiver": Account.MARKET}],
)
def test_half_a_transaction_cannot_be_posted(wrong):
    ledger = Ledger()
    with pytest.raises(InputError):
        post(ledger, wrong.pop("amount", 5), **wrong)
    assert ledger.entries == ()


def test_statement_pays_whole_cents_and_carries_the_rest():
    ledger = Ledger()
    post(ledger, 25_001)
    first = statement(ledger, "h1", carried_microusd=9_999)
    assert (first.paid_cents, first.carried_out_microusd) == (3, 5_000)
    assert first.carried_in_microusd + first.earned_microusd == first.paid_cents * 10_000 + first.carried_out_microusd
    assert statement(ledger, "h2").paid_cents == 0
    for wrong in (10_000, -1, 0.5, True, None):
        with pytest.raises(InputError, match="carried remainder"):
            statement(ledger, "h1", carried_microusd=wrong)
