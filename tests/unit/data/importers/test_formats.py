"""Every format: recognised, read without a finding that stops it, and with the right numbers at the right instants."""

from pathlib import Path

import pandas as pd
import pytest
from import_samples import SAMPLES, Sample, price

from gridpact.data.importers.convert import import_files, provenance_of
from gridpact.data.importers.load import load
from gridpact.data.importers.registry import IMPORTERS


def written(sample: Sample, folder: Path) -> Path:
    path = folder / sample.name
    path.write_text(sample.text, encoding="utf-8", newline="")
    return path


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sound_file_is_recognised_and_has_no_errors(name: str, tmp_path: Path) -> None:
    sample = SAMPLES[name]
    loaded = load([written(sample, tmp_path)], options=sample.import_options)
    assert loaded.importer is not None
    assert loaded.importer.name == sample.importer
    assert [str(finding) for finding in loaded.report.findings if finding.severity in ("error", "warning")] == []
    assert loaded.series or loaded.sessions


def test_there_is_a_sample_of_every_importer() -> None:
    assert {sample.importer for sample in SAMPLES.values()} == set(IMPORTERS)


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("ending", [".parquet", ".csv"])
def test_an_import_is_written_with_its_provenance_and_is_the_same_twice(name: str, ending: str, tmp_path: Path) -> None:
    sample = SAMPLES[name]
    source = written(sample, tmp_path)
    out = tmp_path / f"out{ending}"
    done = import_files([source], out=out, options=sample.import_options)
    first = out.read_bytes()
    found = provenance_of(out)
    assert found is not None
    assert found["importer"] == sample.importer
    assert found["sources"][0]["name"] == sample.name
    assert found["rows"] == done.rows > 0
    import_files([source], out=out, options=sample.import_options)
    assert out.read_bytes() == first


