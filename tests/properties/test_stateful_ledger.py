"""The ledger against a plain model: any sequence of postings, refusals, settlements and statements over many days."""

import csv
import io
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from gridpact.errors import InputError
from gridpact.settlement import ledger as books
from gridpact.settlement.delivery import Deliveries, Promise, PromiseBook
from gridpact.settlement.ledger import LEDGER_COLUMNS, Account, Kind, Ledger, statement
from gridpact.settlement.settle import PAYMENT_RULES, Award, penalty_price, settle
from stateful import QUICK, CountedMachine, finds, run_machine

CENT = 10_000
HOMES = ("h1", "=SUM(A1)", 'a "quoted", name', "Ünïcödé", "h10")
NAMES = ("peak", "night", "a,b", '"', " lead")
SIDES = [(payer, receiver) for payer in Account for receiver in Account if payer is not receiver]
AMOUNTS = st.one_of(
    st.integers(-(10**9), 10**9),
    st.integers(-3, 3),
    st.sampled_from([CENT, -CENT, CENT - 1, CENT + 1, 2**53 + 1, -(2**63), 2**64, 10**40, -(10**40)]),
)
NO_AMOUNTS = st.one_of(
    st.booleans(),
    st.floats(),
    st.none(),
    st.sampled_from(["1", b"1", Decimal(1), Fraction(1), 1 + 0j, np.int64(1), np.float64(1.0), np.bool_(True), [1]]),
)
NO_REMAINDERS = st.one_of(
    st.integers(max_value=-1),
    st.integers(min_value=CENT),
    st.booleans(),
    st.floats(),
    st.sampled_from([Decimal(1), None]),
)
WATTS = st.one_of(st.integers(1, 20_000), st.sampled_from([1, 10**9, 10**12])).map(lambda watts: watts / 1000)
CENTS = st.one_of(st.integers(-5_000, 200_000), st.sampled_from([0, 1, -1, 10**11, -(10**11)])).map(lambda c: c / 100)
SHARES = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 1.0, 1 / 3]))
FAULTS = ("no award", "not backed", "no option", "twice", "no rule")


@st.composite
def market_days(draw):
    """Opportunities by name: clearing price, hours, penalty multiplier, and each home's options and delivered share."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True))
    steps = st.lists(st.tuples(WATTS, CENTS), min_size=1, max_size=2)
    return {
        name: {
            "price": draw(CENTS),
            "hours": draw(st.sampled_from([0.25, 1.0, 4.0])),
            "multiplier": draw(st.sampled_from([0.0, 1.0, 2.5])),
            "homes": draw(st.dictionaries(st.sampled_from(HOMES), st.tuples(steps, SHARES), min_size=1, max_size=3)),
        }
        for name in names
    }


def settled(day, *, payment_rule, fault=""):
    """The settlement of ``day``, with one thing wrong if ``fault`` says so."""
    options, promises, committed, delivered, awards = [], [], [], [], []
    for name, facts in day.items():
        for home_id, (steps, share) in facts["homes"].items():
            power = sum(width for width, _ in steps)
            options += [(name, home_id, width, price, fault != "no option") for width, price in steps]
            for _ in range(2 if fault == "twice" else 1):
                promises.append(
                    Promise(
                        opportunity_id=name,
                        home=HOMES.index(home_id),
                        first=0,
                        stop=1,
                        quantity_kw=power,
                        reserve=False,
                    )
                )
                committed.append(power * facts["hours"])
                delivered.append(power * facts["hours"] * share)
        cleared = sum(each.quantity_kw for each in promises if each.opportunity_id == name)
        penalty = penalty_price(facts["price"], facts["multiplier"])
        awards.append(
            Award(
                opportunity_id=name,
                price=facts["price"],
                cleared_kw=cleared + (1.0 + cleared if fault == "not backed" else 0.0),
                window_h=facts["hours"],
                penalty_price=penalty,
            )
        )
    return settle(
        awards[1:] if fault == "no award" else awards,
        Deliveries(
            promises=PromiseBook.of(promises),
            committed_kwh=np.array(committed),
            delivered_kwh=np.array(delivered),
        ),
        pd.DataFrame(options, columns=["opportunity_id", "home_id", "quantity_kw", "price", "activated"]),
        home_ids=HOMES,
        payment_rule="generous" if fault == "no rule" else payment_rule,
    )


def exactly(value):
    return Fraction(repr(float(value)))


def near(found, exact, *, below, above):
    """Whether a whole number of micro-dollars lies about ``exact``, but for binary rounding of the product."""
    binary = abs(exact) * Fraction(1, 10**14)
    return exact - Fraction(below) - binary <= found <= exact + Fraction(above) + binary


def check_settlement(done, day, payment_rule):
    assert done.ledger.total() == 0
    paid = {(row.opportunity_id, row.home_id): row for row in done.paid.itertuples()}
    assert set(paid) == {(name, home_id) for name, facts in day.items() for home_id in facts["homes"]}
    for name, facts in day.items():
        hours, homes = Fraction(facts["hours"]), facts["homes"]
        power = {home_id: sum(exactly(width) for width, _ in steps) for home_id, (steps, _) in homes.items()}
        short = sum(power[home_id] * hours * (1 - exactly(share)) for home_id, (_, share) in homes.items())
        revenue = done.ledger.total(account=Account.MARKET, kind=Kind.MARKET_REVENUE, opportunity_id=name)
        assert near(-revenue, exactly(facts["price"]) * sum(power.values()) * hours * 1000, below="0.5", above="0.5")
        penalty = done.ledger.total(account=Account.MARKET, kind=Kind.SHORTFALL_PENALTY, opportunity_id=name)
        charged = max(Fraction(0), exactly(facts["price"]) * max(Fraction(1), exactly(facts["multiplier"])))
        # What is short is a difference of two sums of floats.
        slack = Fraction(1, 2) + charged * 1000 * sum(power.values()) * hours * Fraction(1, 10**14)
        assert near(penalty, charged * 1000 * short, below=slack, above=slack)
        dearest = max(exactly(price) for steps, _ in homes.values() for _, price in steps)
        for home_id, (steps, share) in homes.items():
            average = sum(exactly(width) * exactly(price) for width, price in steps) / power[home_id]
            price = dearest if payment_rule == "uniform" else average
            energy = exactly(paid[name, home_id].delivered_kwh)
            assert near(energy, power[home_id] * hours * exactly(share), below="1e-9", above="1e-9")
            # The average price is kept to a billionth; an owner's amount is rounded up.
            slack = energy * 1000 * (Fraction(1, 10**9) + abs(price) * Fraction(1, 10**15)) + Fraction(1, 10**6)
            amount = done.ledger.total(account=Account.HOME, opportunity_id=name, home_id=home_id)
            assert near(amount, price * energy * 1000, below=slack, above=slack + 1)
            assert amount / 10**6 == paid[name, home_id].paid_usd


class LedgerMachine(CountedMachine):
    """The ledger of a day, the days before it, and what a plain dictionary says of them."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger()
        self.rows: list[tuple[str, str, str, str, int, str, str]] = []
        """Of today, as in ``ledger.csv``."""
        self.sums: dict[tuple[str, str, str, str], int] = defaultdict(int)
        """Of today, by account, kind, opportunity and home."""
        self.carried = dict.fromkeys(HOMES, 0)
        self.paid_cents = dict.fromkeys(HOMES, 0)
        self.earned = dict.fromkeys(HOMES, 0)
        """Over all closed days."""

    def expect(self, name, kind, sides, amount, memo, home_id):
        if not amount:
            return
        number = len(self.rows) // 2 + 1
        for leg, (side, signed) in enumerate(zip(sides, (-amount, amount), strict=True), start=1):
            home = home_id if side == "home" else ""
            self.rows.append((f"{number:08d}.{leg}", name, str(side), home, signed, str(kind), memo))
            self.sums[str(side), str(kind), name, home] += signed

    def post(self, name, kind, sides, amount, memo, home_id):
        self.ledger.post(
            opportunity_id=name,
            kind=kind,
            payer=sides[0],
            receiver=sides[1],
            amount_microusd=amount,
            memo=memo,
            home_id=home_id,
        )

    @rule(
        name=st.sampled_from(NAMES),
        kind=st.sampled_from(Kind),
        sides=st.sampled_from(SIDES),
        amount=AMOUNTS,
        memo=st.sampled_from(["", "10.000 kW for 1 h at 5.00", 'two\nlines, and "quotes"']),
        home_id=st.sampled_from(HOMES),
    )
    def money_moves(self, name, kind, sides, amount, memo, home_id):
        home_id = home_id if Account.HOME in sides else ""
        self.post(name, kind, sides, amount, memo, home_id)
        self.expect(name, kind, sides, amount, memo, home_id)
        self.seen["posted" if amount else "nothing"] += 1

    @rule(
        name=st.sampled_from(NAMES),
        kind=st.sampled_from(Kind),
        sides=st.sampled_from(SIDES),
        amount=NO_AMOUNTS,
        home_id=st.sampled_from(HOMES),
    )
    def no_amount_is_refused(self, name, kind, sides, amount, home_id):
        self.refused(name, kind, sides, amount, home_id if Account.HOME in sides else "")

    @rule(name=st.sampled_from(NAMES), kind=st.sampled_from(Kind), data=st.data(), amount=AMOUNTS)
    def wrong_sides_are_refused(self, name, kind, data, amount):
        sides = data.draw(st.sampled_from(SIDES + [(side, side) for side in Account]))
        right = bool(sides[0] != sides[1] and Account.HOME in sides)
        home_id = data.draw(st.sampled_from(HOMES)) if not right else ""
        self.refused(name, kind, sides, amount, home_id)

    def refused(self, name, kind, sides, amount, home_id):
        with pytest.raises(InputError):
            self.post(name, kind, sides, amount, "refused", home_id)
        self.seen["refused"] += 1
        assert len(self.ledger.entries) == len(self.rows)

    @rule(
        account=st.none() | st.sampled_from(Account),
        kind=st.none() | st.sampled_from(Kind),
        name=st.none() | st.sampled_from([*NAMES, "unknown"]),
        home_id=st.none() | st.sampled_from([*HOMES, "nobody"]),
    )
    def totals_are_the_models(self, account, kind, name, home_id):
        asked = (account, kind, name, home_id)
        expected = sum(
            amount
            for key, amount in self.sums.items()
            if all(want is None or str(want) == part for want, part in zip(asked, key, strict=True))
        )
        assert self.ledger.total(account=account, kind=kind, opportunity_id=name, home_id=home_id) == expected

    @rule()
    def what_is_written_reads_back(self):
        content = self.ledger.to_csv()
        header, *read = csv.reader(io.StringIO(content, newline=""))
        assert tuple(header) == LEDGER_COLUMNS
        assert [(*row[:4], int(row[4]), *row[5:]) for row in read] == self.rows
        entries = self.ledger.entries
        assert [tuple(str(getattr(each, key)) for key in LEDGER_COLUMNS) for each in entries] == [
            tuple(map(str, row)) for row in self.rows
        ]
        frame = self.ledger.frame()
        assert tuple(frame.columns) == LEDGER_COLUMNS
        assert list(frame.itertuples(index=False, name=None)) == self.rows
        assert frame.to_csv(index=False, lineterminator="\n") == content

    @rule(remainder=NO_REMAINDERS, home_id=st.sampled_from(HOMES))
    def no_remainder_is_refused(self, remainder, home_id):
        with pytest.raises(InputError):
            statement(self.ledger, home_id, carried_microusd=remainder)
        self.seen["remainder refused"] += 1

    @precondition(lambda self: self.rows)
    @rule()
    def the_day_ends(self):
        for home_id in HOMES:
            told = statement(self.ledger, home_id, carried_microusd=self.carried[home_id])
            earned = sum(amount for key, amount in self.sums.items() if key[3] == home_id)
            assert [each.entry_id for each in told.entries] == [row[0] for row in self.rows if row[3] == home_id]
            assert (told.earned_microusd, told.carried_in_microusd) == (earned, self.carried[home_id])
            self.carried[home_id] = told.carried_out_microusd
            self.paid_cents[home_id] += told.paid_cents
            self.earned[home_id] += earned
            # To the cent over all days: what was paid and what is carried are what was earned.
            assert self.paid_cents[home_id] * CENT + self.carried[home_id] == self.earned[home_id]
            assert self.paid_cents[home_id] == self.earned[home_id] // CENT
            assert type(told.paid_cents) is int
        self.seen["days"] += 1
        self.ledger, self.rows, self.sums = Ledger(), [], defaultdict(int)

    @rule(data=st.data(), payment_rule=st.sampled_from(PAYMENT_RULES), fault=st.sampled_from(["", "", "", *FAULTS]))
    def a_market_day_is_settled(self, data, payment_rule, fault):
        day = data.draw(market_days())
        if fault:
            with pytest.raises(InputError):
                settled(day, payment_rule=payment_rule, fault=fault)
            self.seen["settlement refused"] += 1
            return
        done = settled(day, payment_rule=payment_rule)
        check_settlement(done, day, payment_rule)
        for payer, receiver in zip(done.ledger.entries[::2], done.ledger.entries[1::2], strict=True):
            facts = (payer.opportunity_id, payer.kind, (payer.account, receiver.account), receiver.amount_microusd)
            home_id = payer.home_id or receiver.home_id
            self.post(*facts, receiver.memo, home_id)
            self.expect(*facts, receiver.memo, home_id)
        self.seen["settled"] += 1

    @invariant()
    def money_sums_to_zero(self):
        assert self.ledger.total() == 0
        for account in Account:
            expected = sum(amount for key, amount in self.sums.items() if key[0] == account)
            assert self.ledger.total(account=account) == expected

    def teardown(self):
        self.what_is_written_reads_back()
        for account in Account:
            for kind in Kind:
                for name in NAMES:
                    self.totals_are_the_models(account, kind, name, None)


def loses_a_leg(ledger, **facts):
    REAL_POST(ledger, **facts)
    if facts["amount_microusd"] > 10**6 and facts["receiver"] is Account.HOME:
        ledger._sums[Account.HOME, facts["kind"], facts["opportunity_id"]] -= facts["amount_microusd"]


def takes_booleans(ledger, **facts):
    amount = facts["amount_microusd"]
    REAL_POST(ledger, **{**facts, "amount_microusd": int(amount) if isinstance(amount, bool) else amount})


def forgets_the_remainder(ledger, home_id, *, carried_microusd=0):
    told = REAL_STATEMENT(ledger, home_id, carried_microusd=carried_microusd)
    cents, rest = divmod(told.earned_microusd, CENT)
    return books.Statement(
        home_id=home_id,
        entries=told.entries,
        carried_in_microusd=carried_microusd,
        earned_microusd=told.earned_microusd,
        paid_cents=cents,
        carried_out_microusd=rest,
    )


REAL_POST, REAL_STATEMENT = Ledger.post, statement


def test_the_ledger_is_its_model():
    seen = run_machine(LedgerMachine, sequences=QUICK)
    print(dict(seen))


@pytest.mark.deep
@pytest.mark.parametrize("batch", range(4))
def test_the_ledger_is_its_model_deep(batch):
    seen = run_machine(LedgerMachine, sequences=1000, fixed_seed=batch)
    print(dict(seen))
    assert min(seen[what] for what in WHAT) > 100


WHAT = ("posted", "nothing", "refused", "remainder refused", "days", "settled", "settlement refused")


@pytest.mark.parametrize(
    ("place", "defect"),
    [
        ("gridpact.settlement.ledger.Ledger.post", loses_a_leg),
        ("gridpact.settlement.ledger.Ledger.post", takes_booleans),
        (f"{__name__}.statement", forgets_the_remainder),
    ],
)
def test_a_planted_defect_is_found(monkeypatch, place, defect):
    assert not finds(LedgerMachine, sequences=10)
    monkeypatch.setattr(place, defect)
    assert finds(LedgerMachine)
