"""What holds of every settlement: devices keep their limits, energy balances, money sums to zero."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gridpact.settlement.delivery import Deliveries, Promise, PromiseBook, measure
from gridpact.settlement.ledger import Account, statement
from gridpact.settlement.physics import SETTINGS, simulate
from gridpact.settlement.settle import PAYMENT_RULES, Award, pay_prices, penalty_price, settle
from settled_run import BATTERY, VEHICLE, T, idle, premises

FACTS = premises(
    BATTERY | VEHICLE | {"solar_kw": 5.0}, BATTERY | VEHICLE | {"solar_kw": 5.0, "export_allowed": False}, VEHICLE
)
POWER = arrays(np.float64, (3, T), elements=st.floats(0, 12, width=32))
SUN = POWER.map(lambda cells: np.where(FACTS.has_solar[:, None], cells, 0.0))
WATTS = st.integers(1, 20_000).map(lambda watts: watts / 1000)
CENTS = st.integers(0, 200_000).map(lambda cents: cents / 100)


@given(told=st.fixed_dictionaries(dict.fromkeys(SETTINGS, POWER)), load=POWER, sun=SUN)
@settings(max_examples=60, deadline=None)
def test_devices_stay_within_their_limits_whatever_they_are_told(told, load, sun):
    done = simulate(FACTS, planned=idle(FACTS, **told), baseline=idle(FACTS), load_kw=load, solar_kw=sun).trace
    supply = done.battery_discharge_kw + done.vehicle_discharge_kw + sun - done.curtailed_kw + done.net_kw
    np.testing.assert_allclose(supply, load + done.battery_charge_kw + done.vehicle_charge_kw, atol=1e-9)
    battery = done.battery_soc_kwh[:2]
    assert battery.min() >= 1.0 - 1e-9
    assert battery.max() <= 10.0 + 1e-9
    assert np.nanmin(done.vehicle_soc_kwh) >= 9.0 - 1e-9
    assert np.nanmax(done.vehicle_soc_kwh) <= 60.0 + 1e-9
    assert (np.minimum(done.battery_charge_kw, done.battery_discharge_kw) == 0).all()
    assert (np.minimum(done.vehicle_charge_kw, done.vehicle_discharge_kw) == 0).all()
    assert (done.net_kw[1] >= -1e-9).all()
    assert (done.curtailed_kw <= sun + 1e-12).all()
    for name in SETTINGS:
        assert (getattr(done, name) >= 0).all()
        if name != "curtailed_kw":
            assert (getattr(done, name) <= told[name] + 1e-12).all()


@given(
    windows=st.lists(st.tuples(st.integers(0, 8), st.integers(1, 4), WATTS, st.booleans()), min_size=1, max_size=6),
    given_kw=arrays(np.float64, (1, 12), elements=st.floats(-5, 40, width=32)),
    held_kw=arrays(np.float64, (1, 12), elements=st.floats(0, 40, width=32)),
)
@settings(deadline=None)
def test_no_kilowatt_counts_twice(windows, given_kw, held_kw):
    promises = [
        Promise(opportunity_id=str(n), home=0, first=first, stop=first + length, quantity_kw=power, reserve=reserve)
        for n, (first, length, power, reserve) in enumerate(windows)
    ]
    done = measure(
        PromiseBook.of(promises),
        baseline_net_kw=given_kw,
        realised_net_kw=np.zeros_like(given_kw),
        held_kw=held_kw,
        step_h=0.25,
    )
    assert ((done.delivered_kwh >= 0) & (done.delivered_kwh <= done.committed_kwh + 1e-9)).all()
    for reserve, source in ((False, given_kw), (True, held_kw)):
        total = done.delivered_kwh[done.promises.reserve == reserve].sum()
        assert total <= np.clip(source, 0, None).sum() * 0.25 + len(promises) * 1e-4


@given(data=st.data(), rule=st.sampled_from(PAYMENT_RULES))
@settings(deadline=None)
def test_money_sums_to_zero_and_owners_get_their_price(data, rule):
    homes = data.draw(st.integers(1, 5))
    segments = [data.draw(st.lists(st.tuples(WATTS, CENTS), min_size=1, max_size=3)) for _ in range(homes)]
    rows = [
        ("a", f"h{home}", number, width, price, True)
        for home, steps in enumerate(segments)
        for number, (width, price) in enumerate(steps, start=1)
    ]
    book = pd.DataFrame(rows, columns=["opportunity_id", "home_id", "segment", "quantity_kw", "price", "activated"])
    owed, shares = [], []
    for home, steps in enumerate(segments):
        power = sum(width for width, _ in steps)
        owed.append(Promise(opportunity_id="a", home=home, first=0, stop=4, quantity_kw=power, reserve=False))
        shares.append(data.draw(st.floats(0, 1)))
    promises = PromiseBook.of(owed)
    deliveries = Deliveries(
        promises=promises,
        committed_kwh=promises.quantity_kw,
        delivered_kwh=promises.quantity_kw * np.array(shares),
    )
    price = data.draw(st.floats(-50, 2000).map(lambda value: round(value, 2)))
    award = Award(
        opportunity_id="a",
        price=price,
        cleared_kw=sum(promises.quantity_kw.tolist()),
        window_h=1.0,
        penalty_price=penalty_price(price, 1.0),
    )
    ids = [f"h{home}" for home in range(homes)]
    done = settle([award], deliveries, book, home_ids=ids, payment_rule=rule)
    assert done.ledger.total() == 0
    assert sum(done.ledger.total(account=account) for account in Account) == 0
    assert done.market_revenue_usd - done.owner_payments_usd - done.penalty_usd == pytest.approx(
        done.operator_profit_usd, abs=1e-9
    )
    prices = pay_prices(book, payment_rule=rule)
    for row in done.paid.itertuples():
        exact = prices["a", row.home_id] * row.delivered_kwh * 1000
        assert exact - 0.01 <= round(row.paid_usd * 1e6) <= exact + 1.01
        paid = statement(done.ledger, row.home_id)
        assert paid.paid_cents * 10_000 + paid.carried_out_microusd == paid.earned_microusd
    if price >= 0 and done.delivered_kwh == 0:
        assert done.market_revenue_usd - done.penalty_usd == pytest.approx(0, abs=1e-6)
