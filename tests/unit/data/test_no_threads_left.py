"""Reading and writing files starts no thread that could still run when the process ends, and abort it then."""

import subprocess
import sys

import pytest

WORK = """
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from gridpact.cli import app
from gridpact.data.prices import read_prices
from gridpact.data.reference import ercot_prices, solar_profiles
from gridpact.fleet.generator import generate_fleet
from gridpact.fleet.io import read_fleet_file, write_fleet
from gridpact.store.book import Book
from gridpact_audit.reading import ParquetContent

folder = Path(sys.argv[1])
count = lambda: len(os.listdir("/proc/self/task"))
pd.DataFrame({"words": ["a", "b"], "numbers": [1.0, 2.0]}).to_dict()
before = count()
ercot_prices()
solar_profiles()
write_fleet(generate_fleet(50, seed=1), folder / "fleet.parquet")
read_fleet_file(folder / "fleet.parquet")
ParquetContent((folder / "fleet.parquet").read_bytes()).table(["home_id"], lists=[])
frame = pd.DataFrame(
    {"energy_usd_per_mwh": np.ones(20_000)}, index=pd.date_range("2026-01-01", periods=20_000, freq="h", tz="UTC")
)
frame.rename_axis("interval_start").reset_index().to_parquet(folder / "prices.parquet")
written = count()
read_prices(folder / "prices.parquet")
Book(arrays={"a": np.arange(100_000.0)}, facts={}).to_bytes()
Book.from_bytes(Book(arrays={"a": np.arange(100_000.0)}, facts={}).to_bytes(), source="here")
print(before, written, count())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts threads as Linux shows them")
def test_files_are_read_without_threads(tmp_path: object) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WORK, str(tmp_path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    before, written, after = map(int, done.stdout.split())
    assert before == written == after
