"""The simulation finds every planted bug, and nothing where none is planted: a check that cannot fail is no check."""

from pathlib import Path

import pytest

from simulation.bugs import BUGS, FOUND_BY
from simulation.driver import simulate
from simulation.watch import BrokenError

SEARCHED = range(60)


def test_every_bug_is_listed() -> None:
    assert set(BUGS) == set(FOUND_BY)
    assert len(BUGS) >= 15


@pytest.mark.parametrize("seed", sorted(set(FOUND_BY.values())))
def test_without_a_bug_these_days_hold(seed: int, tmp_path: Path) -> None:
    simulate(seed, tmp_path)


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found(name: str, tmp_path: Path) -> None:
    seed = FOUND_BY[name]
    with BUGS[name](), pytest.raises(BrokenError, match=f"seed {seed}:"):
        simulate(seed, tmp_path)


@pytest.mark.deep
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found_by_searching(name: str, tmp_path: Path) -> None:
    for seed in SEARCHED:
        try:
            with BUGS[name]():
                simulate(seed, tmp_path)
        except BrokenError:
            assert seed == FOUND_BY[name], f"{name} is found by seed {seed} already"
            return
    pytest.fail(f"no seed in {SEARCHED} finds that {name}")
