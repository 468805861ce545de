"""Random negotiations, and what holds for every one of them, whoever takes part."""

import numpy as np
import pytest
from hypothesis import strategies as st

from gridpact.market.opportunity import Product
from gridpact.negotiation.aggregator import MarketWorth
from gridpact.negotiation.concession import Concession
from gridpact.negotiation.engine import CoreNegotiationEngine
from gridpact.negotiation.tit_for_tat import TitForTat
from gridpact.negotiation.truthful import Truthful
from negotiation_cases import MISBEHAVING, Babbles, curve, opportunity, outside

HOURS = 2.0


@st.composite
def homes(draw):
    segments = draw(st.integers(0, 4))
    widths = draw(st.lists(st.integers(1, 5000), min_size=segments, max_size=segments))
    prices = sorted(draw(st.lists(st.floats(-40, 200), min_size=segments, max_size=segments)))
    return [width / 1000 for width in widths], prices


@st.composite
def negotiations(draw, agents=(Truthful, Concession, TitForTat, outside, *MISBEHAVING)):
    """Inputs of one negotiation, and its rounds."""
    fleet = draw(st.lists(homes(), min_size=1, max_size=6))
    count = len(fleet)
    chosen = draw(st.lists(st.sampled_from(agents), min_size=count, max_size=count))
    silent = draw(st.dictionaries(st.integers(0, count - 1), st.integers(1, 4)))
    return {
        "curves": [
            curve(f"h{i}", widths, prices, hours=HOURS, least_kw=widths[0] if widths and draw(st.booleans()) else 0.0)
            for i, (widths, prices) in enumerate(fleet)
        ],
        "floors": draw(st.lists(st.one_of(st.just(np.nan), st.floats(-10, 120)), min_size=count, max_size=count)),
        "willingness": draw(st.lists(st.floats(0, 1), min_size=count, max_size=count)),
        "strategies": {f"h{i}": agent() for i, agent in enumerate(chosen)},
        "silent": {f"h{i}": first for i, first in silent.items()},
        "rounds": draw(st.integers(1, 6)),
        "price": draw(st.floats(-20, 250)),
        "requested_kw": draw(st.floats(0.5, 20)),
        "margin": draw(st.sampled_from([0.0, 0.1])),
        "price_cap": draw(st.sampled_from([60.0, float("inf")])),
        "allow_loss": draw(st.booleans()),
        "product": draw(st.sampled_from([Product.ENERGY, Product.SPIN])),
        "seed": draw(st.integers(0, 10)),
    }


def run(case):
    market = opportunity(product=case["product"], requested_kw=case["requested_kw"])
    worth = MarketWorth.certain(
        case["price"], requested_kw=case["requested_kw"], margin=case["margin"], price_cap=case["price_cap"]
    )
    engine = CoreNegotiationEngine(
        case["strategies"], rounds=case["rounds"], allow_loss=case["allow_loss"], tactics=case.get("tactics")
    )
    return engine.negotiate(
        market,
        case["curves"],
        floors_usd_per_mwh=case["floors"],
        willingness=case["willingness"],
        worth=worth,
        silent=case["silent"],
        seed=case["seed"],
        postbox=Babbles(case["seed"]),
    )


def pay_usd(segments, kw):
    """Pay for the first ``kw`` of segments (width, price) in order."""
    total = 0.0
    for width, price in segments:
        part = min(width, kw)
        total, kw = total + part * price * HOURS / 1000, kw - part
    return total


def reservation_usd(case, home, kw):
    """The larger of the true cost, on its chords, and the floor's line: written again, from the definition."""
    each = case["curves"][home]
    cost = float(np.interp(kw, each.quantity_kw, each.cost_usd))
    floor = case["floors"][home]
    if np.isnan(floor) or case["product"].is_reserve:
        return cost
    # Between the curve's points the reservation is a chord too, at or above the larger of the two.
    return max(cost, floor * kw * HOURS / 1000)


def check_everything(case):
    result = run(case)
    summary, options = result.summary, result.options
    # Termination: within R rounds, with a verdict for every home.
    assert summary.rounds <= case["rounds"]
    assert summary.accepted + summary.refused + summary.expired + summary.unable == summary.invited
    assert set(result.reasons()) == {each.home_id for each in case["curves"]}
    assert all(result.reasons().values())
    # Options never exceed what is deliverable, and are what the answers accepted.
    deliverable = np.array([each.deliverable_kw for each in case["curves"]])
    assert (options.per_home_kw() <= deliverable + 1e-9).all()
    assert result.offers_frame()["accepted_kw"].sum() == pytest.approx(options.total_kw, abs=1e-6)
    np.testing.assert_allclose(np.round(options.quantity_kw, 3), options.quantity_kw, rtol=0, atol=1e-9)
    np.testing.assert_allclose(np.round(options.price, 2), options.price, rtol=0, atol=1e-9)
    if np.isfinite(case["price_cap"]):
        assert (result.offers_frame()["price"] <= case["price_cap"]).all()
    if not case["allow_loss"] and not summary.probe:
        assert (result.offers_frame()["price"] <= case["price"] + 1e-6).all()
    for home, each in enumerate(case["curves"]):
        mine = options.home_index == home
        agreed = list(zip(options.quantity_kw[mine].tolist(), options.price[mine].tolist(), strict=True))
        most = sum(width for width, _ in agreed)
        points = np.unique(np.concatenate([np.linspace(0, most, 9), each.quantity_kw[each.quantity_kw <= most]]))
        for kw in points:
            assert pay_usd(agreed, kw) >= reservation_usd(case, home, kw) - 1e-7
        assert most == 0 or most >= each.least_kw - 1e-9
        check_asks(case, result, home)
    return result


def check_asks(case, result, home):
    home_id = f"h{home}"
    offered = result.offers_frame()[result.offers_frame()["home_id"] == home_id]
    assert offered["price"].is_monotonic_increasing
    assert offered["round"].is_unique
    asked = result.bids_frame()[result.bids_frame()["home_id"] == home_id]
    previous = None
    for _, bid in asked.groupby("round", sort=True):
        assert bid["price"].is_monotonic_increasing
        total = np.cumsum(bid["quantity_kw"].to_numpy() * bid["price"].to_numpy()) * HOURS / 1000
        for kw, asked_usd in zip(np.cumsum(bid["quantity_kw"].to_numpy()), total, strict=True):
            assert asked_usd >= reservation_usd(case, home, kw) - 1e-7
        if previous is not None:
            assert (total <= previous + 1e-7).all()
        previous = total
