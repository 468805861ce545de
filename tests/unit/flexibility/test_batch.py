"""Batches are the same homes, schedules and curves as their single views."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from gridpact.errors import InputError
from gridpact.flexibility.batch import CurveBatch, HomeBatch
from gridpact.flexibility.highs import HighsModel
from gridpact.flexibility.home import Ask, Commitment, CostCurve
from gridpact.flexibility.promises import AskBatch, CommitmentBatch
from unit.flexibility.homes import home, with_battery, with_car

HOMES = [home(), replace(with_battery(), home_id="b", blackout=np.arange(8) > 6), replace(with_car(), home_id="c")]
ASK = Ask(opportunity_id="o", first=2, stop=4, reserve=False)


def same(one: Any, other: Any) -> None:
    for item in fields(one):
        a, b = getattr(one, item.name), getattr(other, item.name)
        if isinstance(a, np.ndarray):
            np.testing.assert_array_equal(a, b, err_msg=item.name)
        else:
            assert a == b, item.name


def test_a_home_survives_the_batch() -> None:
    batch = HomeBatch.of(HOMES)
    assert (len(batch), batch.periods) == (3, 8)
    for before, after in zip(HOMES, batch, strict=True):
        same(before, after)
    assert batch.has_battery.tolist() == [False, True, False]
    assert batch.has_sessions.tolist() == [False, False, True]
    with pytest.raises(ValueError, match="read-only"):
        batch.load_kw[0, 0] = 1.0


def test_batches_refuse_what_does_not_fit_together() -> None:
    with pytest.raises(InputError, match="same intervals"):
        HomeBatch.of([home(), home(step_h=0.5)])
    with pytest.raises(InputError, match="at least one home"):
        HomeBatch.of([])
    batch = HomeBatch.of(HOMES)
    with pytest.raises(InputError, match=r"HomeBatch.solar_kw has shape \(3, 7\)"):
        replace(batch, solar_kw=batch.solar_kw[:, 1:])


def test_a_model_of_single_homes_answers_for_a_batch() -> None:
    model, batch = HighsModel(), HomeBatch.of(HOMES)
    baselines = model.baselines(batch)
    for number, each in enumerate(HOMES):
        same(model.baseline(each), baselines.home(number))
    asks = replace(AskBatch.to_all(ASK, 3), asked=np.array([True, True, False]))
    nothing = CommitmentBatch.of({}, homes=3)
    curves = model.cost_curves(batch, baselines, nothing, asks)
    same(model.cost_curve(HOMES[1], baselines.home(1), (), ASK), curves.home(1))
    assert curves.counts[2] == 1
    quantity = curves.deliverable_kw / 2
    promised = CommitmentBatch.to_ask(asks, quantity)
    assert promised.bound.tolist() == np.flatnonzero(quantity > 0).tolist()
    plans, broken = model.schedules(batch, baselines, promised)
    assert not broken
    same(model.schedule(HOMES[1], baselines.home(1), promised.of_home(1)), plans.home(1))
    same(baselines.home(2), plans.home(2))


def test_what_cannot_be_kept_is_said() -> None:
    model, batch = HighsModel(), HomeBatch.of(HOMES)
    baselines = model.baselines(batch)
    promise = Commitment(opportunity_id="o", first=2, stop=4, quantity_kw=500.0, reserve=False)
    plans, broken = model.schedules(batch, baselines, CommitmentBatch.of({1: (promise,)}, homes=3))
    assert list(broken) == [1]
    assert "500 kW" in broken[1]
    same(baselines.home(1), plans.home(1))


def test_curves_are_padded_with_their_last_point() -> None:
    one = CostCurve(home_id="a", quantity_kw=np.array([0.0, 1.0, 2.0]), cost_usd=np.array([0.0, 0.5, 2.0]))
    none = CostCurve(home_id="b", quantity_kw=np.zeros(1), cost_usd=np.zeros(1))
    batch = CurveBatch.of([none, one])
    assert batch.deliverable_kw.tolist() == [0.0, 2.0]
    assert CurveBatch.of(batch) is batch
    same(one, batch.home(1))
    same(none, batch.home(0))
    assert batch.without(np.array([False, True])).deliverable_kw.tolist() == [0.0, 0.0]


def test_promises_keep_the_order_of_award() -> None:
    def of(name: str, **homes: float) -> CommitmentBatch:
        items = {
            int(key[1:]): (Commitment(opportunity_id=name, first=0, stop=2, quantity_kw=kw, reserve=True),)
            for key, kw in homes.items()
        }
        return CommitmentBatch.of(items, homes=4)

    joined = of("first", h0=1.0, h3=2.0).followed_by(of("second", h0=3.0, h1=4.0))
    assert [item.opportunity_id for item in joined.of_home(0)] == ["first", "second"]
    assert [item.quantity_kw for number in range(4) for item in joined.of_home(number)] == [1.0, 3.0, 4.0, 2.0]
    assert joined.bound.tolist() == [0, 1, 3]
