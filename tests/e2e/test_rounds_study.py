"""The study of rounds on a few fleets: figures in their ranges, and the same page twice."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from gridpact.flexibility.highs import HighsModel

TOOL = Path(__file__).resolve().parents[2] / "tools" / "rounds_study.py"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rounds_study", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_figures_of_a_few_fleets_are_sane(tool: ModuleType) -> None:
    study = tool.run_study(4, seed=0)
    rows = [*study.rounds.values(), *study.posted_each.values(), *study.posted.values()]
    assert study.full.sum() > 0
    assert (study.floors <= study.full + tool.CENT).all()
    for row in rows:
        assert (row.surplus >= -tool.CENT).all(), row.name
        assert (row.surplus <= study.full + tool.CENT).all(), row.name
        assert (row.surplus <= study.floors + tool.CENT).all(), row.name
        assert 0 <= row.deals <= 4
        if row.surplus.sum() > tool.CENT:
            assert -1e-6 <= row.owners_share <= 1 + 1e-6, row.name
    for strategy in ("concession", "tit_for_tat"):
        one, three = study.rounds[strategy, 1], study.rounds[strategy, 3]
        assert three.surplus.sum() >= one.surplus.sum(), strategy
    even = np.arange(4) % 2 == 0
    for name, (first, second) in study.chosen.items():
        each, mixed = study.posted_each, study.posted[name].surplus
        assert np.array_equal(mixed[even], each[name, first].surplus[even])
        assert np.array_equal(mixed[~even], each[name, second].surplus[~even])
    text = tool.page(study, command="x")
    assert tool.table(study) in text
    assert "nan" not in text.lower()


def test_truthful_owners_take_more_posted_prices_than_those_who_hold_to_a_markup(tool: ModuleType) -> None:
    case = tool.draw_case(0, seed=0, model=HighsModel())
    truthful, concession, tit_for_tat = (
        tool.play(case, strategy=name, posted_price=0.7 * case.price)
        for name in ("truthful", "concession", "tit_for_tat")
    )
    assert truthful.sold_kw > concession.sold_kw > 0
    assert tit_for_tat == concession


def test_one_fleet_is_too_few_for_two_halves(tool: ModuleType) -> None:
    with pytest.raises(SystemExit, match="at least 2"):
        tool.run_study(1)
