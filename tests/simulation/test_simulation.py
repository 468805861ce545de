"""Market days with faults on the real code, by seed: `gridpact` must keep every promise through all of them."""

from collections import Counter
from pathlib import Path

import pytest

from simulation.driver import digest, simulate
from simulation.faults import FaultKind

SAMPLE = range(24)
DEEP = range(1_000, 11_000)
BATCHES = 40
AUDITED = 4
"""Every so many of the deep days the auditor rechecks the folder too; every day has all other checks."""


@pytest.mark.parametrize("batch", range(4))
def test_simulated_days(batch: int, tmp_path: Path) -> None:
    for seed in SAMPLE[batch::4]:
        simulate(seed, tmp_path)


def test_the_same_seed_is_the_same_day(tmp_path: Path) -> None:
    assert digest(simulate(5, tmp_path / "one")) == digest(simulate(5, tmp_path / "two"))


@pytest.mark.deep
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("batch", range(BATCHES))
def test_ten_thousand_simulated_days(batch: int, tmp_path: Path) -> None:
    outcomes: Counter[str] = Counter()
    faults: Counter[FaultKind] = Counter()
    for seed in DEEP[batch::BATCHES]:
        day = simulate(seed, tmp_path, audited=seed % AUDITED == 0)
        outcomes[day.outcome] += 1
        faults.update(day.faults)
    assert outcomes["awarded"] >= 0.3 * sum(outcomes.values()), outcomes
    assert set(faults) == set(FaultKind), faults
