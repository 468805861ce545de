"""What homes' private costs say of a day."""

import numpy as np

from gridpact.flexibility.batch import CurveBatch
from gridpact.flexibility.home import CostCurve
from gridpact.operation.surplus import costs_at


def test_costs_are_linear_between_the_points_of_each_home() -> None:
    rng = np.random.default_rng(2)
    curves, asked = [], []
    for number in range(200):
        points = int(rng.integers(1, 10))
        quantity = np.concatenate([[0.0], np.cumsum(np.round(rng.uniform(0.01, 2, points - 1), 3))])
        cost = np.concatenate([[0.0], np.cumsum(np.sort(rng.uniform(-1, 3, points - 1)))])
        curves.append(CostCurve(home_id=str(number), quantity_kw=quantity, cost_usd=cost))
        asked.append(float(rng.choice([0.0, quantity[-1], rng.choice(quantity), rng.uniform(0, quantity[-1] + 1)])))
    found = costs_at(CurveBatch.of(curves), np.array(asked))
    for curve, kw, cost in zip(curves, asked, found, strict=True):
        assert cost == np.interp(kw, curve.quantity_kw, curve.cost_usd)
