"""The program's own run folders: clean ones hold, and every error that can be planted in them is found."""

import shutil
from pathlib import Path

import pytest

from audit.planting import PLANTS, NothingToPlantError, plant
from gridpact_audit import audit

system = pytest.importorskip("gridpact.operation.system", reason="the program cannot run a market day yet")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from gridpact.operation.inputs import DayRequest

    out = tmp_path_factory.mktemp("real") / "run"
    system.IntegratedNegotiationSystem(progress=lambda stage: None).run(DayRequest(price=120.0, seed=1), out=out)
    return out


def test_the_demonstration_holds(real: Path) -> None:
    report = audit(real)
    assert report.holds, report.to_text()


@pytest.mark.parametrize("name", sorted(PLANTS))
def test_planted_errors_are_found(name: str, real: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(real, tmp_path / "run"))
    try:
        planted = plant(folder, name)
    except NothingToPlantError:
        pytest.skip("this run has nothing to spoil that way")
    report = audit(folder)
    found = [(problem.file, problem.row) for check in report.failed for problem in check.problems]
    assert any(file in planted.files and planted.row in (None, row) for file, row in found), report.to_text()
