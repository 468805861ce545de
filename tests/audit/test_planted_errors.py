"""Every single wrong cell, sealed again, is found and named."""

import shutil
from pathlib import Path

import pytest

from audit import synthetic
from audit.heat_plants import FOUND_BY
from audit.planting import DIGEST_ONLY, PLANTS, plant
from gridpact_audit import audit


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic.write(tmp_path_factory.mktemp("audit") / "run")


@pytest.fixture
def folder(clean: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(clean, tmp_path / "run"))


@pytest.mark.parametrize("name", sorted(PLANTS))
def test_found_with_file_and_row(name: str, folder: Path) -> None:
    planted = plant(folder, name)
    report = audit(folder)
    found = [
        (problem.file, problem.row)
        for check in report.failed
        if check.name != "log.files_are_the_sealed_ones" or planted.file == "events.jsonl"
        for problem in check.problems
    ]
    assert not report.holds
    assert any(file in planted.files and planted.row in (None, row) for file, row in found), (planted, report.to_text())


@pytest.mark.parametrize("name", sorted(FOUND_BY))
def test_heat_is_found_by_its_own_check(name: str, folder: Path) -> None:
    plant(folder, name)
    assert FOUND_BY[name] in {check.name for check in audit(folder).failed}


@pytest.mark.parametrize("name", sorted(DIGEST_ONLY))
def test_cells_that_only_digests_betray(name: str, folder: Path) -> None:
    plant(folder, name, reseal=True)
    assert audit(folder).holds, "now found by meaning: move it to PLANTS"


@pytest.mark.parametrize("name", sorted(DIGEST_ONLY))
def test_digests_betray_them(name: str, folder: Path) -> None:
    planted = plant(folder, name, reseal=False)
    report = audit(folder)
    assert [check.name for check in report.failed] == ["log.files_are_the_sealed_ones"]
    assert report.problems[0].file == planted.file


def test_there_are_plants_in_every_file() -> None:
    files = {kind.file for kind in PLANTS.values()}
    assert len(PLANTS) >= 40
    assert files >= {
        "fleet.parquet",
        "profiles.parquet",
        "tariffs.parquet",
        "bids.parquet",
        "offers.parquet",
        "options.parquet",
        "coalition.parquet",
        "dispatch.parquet",
        "private/reservations.parquet",
        "ledger.csv",
        "events.jsonl",
        "result.json",
        "performance.json",
        "report.html",
    }
