"""What the kernel has no room for goes to HiGHS, and nothing is written past its memory."""

from dataclasses import replace

import numpy as np
import pytest

from gridpact.flexibility.batch import HomeBatch
from gridpact.flexibility.highs import HighsModel
from gridpact.flexibility.home import Ask, HomeProblem, VehicleSession
from gridpact.flexibility.kernel.arrays import LEVELS, ROWS
from gridpact.flexibility.kernel_model import KernelModel
from gridpact.flexibility.promises import AskBatch, CommitmentBatch
from unit.flexibility.homes import home, with_battery, with_car


def many_sessions(count: int) -> HomeProblem:
    car = with_car()
    periods = 3 * count
    price = np.where(np.arange(periods) % 3 == 1, 0.1, 0.3)
    return replace(
        car,
        load_kw=np.ones(periods),
        solar_kw=np.zeros(periods),
        import_usd_per_kwh=price,
        export_usd_per_kwh=np.zeros(periods),
        cycle_windows=((0, periods),),
        sessions=tuple(
            VehicleSession(first=3 * k, stop=3 * k + 2, start_kwh=10.0, required_kwh=10.5) for k in range(count)
        ),
    )


@pytest.mark.parametrize("count", [1, ROWS - 1, ROWS, 2 * ROWS])
def test_a_car_may_come_and_go_often(count: int) -> None:
    problem = many_sessions(count)
    model = KernelModel()
    plan = model.baselines(HomeBatch.of([problem])).home(0)
    assert plan.cost_usd == pytest.approx(HighsModel().baseline(problem).cost_usd, abs=1e-9)
    assert model.tally.by_highs == (1 if count >= ROWS else 0)


def test_a_home_gets_the_same_answer_alone_and_among_others() -> None:
    homes = [home(), with_battery(), with_car()]
    batch, model = HomeBatch.of(homes * 200), KernelModel()
    together = model.baselines(batch)
    for number, one in enumerate(homes):
        alone = model.baselines(HomeBatch.of([one])).home(0)
        for row in range(number, len(batch), 3):
            np.testing.assert_array_equal(together.home(row).net_kw, alone.net_kw)
            assert together.cost_usd[row] == alone.cost_usd


def test_more_levels_than_there_is_room_for_are_refused() -> None:
    batch, model = HomeBatch.of([with_battery()]), KernelModel()
    asks = AskBatch.to_all(Ask(opportunity_id="o", first=2, stop=4, reserve=False), 1)
    with pytest.raises(ValueError, match="levels is 65"):
        model.cost_curves(batch, model.baselines(batch), CommitmentBatch.of({}, homes=1), asks, levels=LEVELS)
