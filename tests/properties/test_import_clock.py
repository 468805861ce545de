"""Any local clock, any day: what a file says in local time comes back at the instants it was written for."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.data.importers.convert import import_files
from gridpact.data.importers.load import load
from gridpact.data.importers.options import ImportOptions

ZONES = (
    "America/Chicago",
    "America/Los_Angeles",
    "Europe/Brussels",
    "Europe/London",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Asia/Kolkata",
    "Pacific/Auckland",
)
"""Among them a change by half an hour, half-hour offsets, and the southern hemisphere."""
CHANGES = ((2022, 3, 12), (2022, 11, 5), (2022, 3, 26), (2022, 10, 29), (2022, 4, 2), (2022, 10, 1), (2022, 9, 24))


@st.composite
def written_days(draw: st.DrawFn) -> tuple[str, list[datetime], int, bool]:
    zone = draw(st.sampled_from(ZONES))
    day = draw(
        st.one_of(st.sampled_from([date(*change) for change in CHANGES]), st.dates(date(2015, 1, 1), date(2030, 1, 1)))
    )
    minutes = draw(st.sampled_from([15, 30, 60]))
    start = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    count = 3 * 24 * 60 // minutes
    return zone, [start + timedelta(minutes=minutes * k) for k in range(count)], minutes, draw(st.booleans())


def check(case: tuple[str, list[datetime], int, bool]) -> None:
    zone, moments, minutes, newest_first = case
    local = [moment.astimezone(ZoneInfo(zone)) for moment in moments]
    values = [0.25 + 0.125 * (k % 13) for k in range(len(local))]
    rows = [f"{moment:%Y-%m-%d %H:%M},{value}" for moment, value in zip(local, values, strict=True)]
    lines = ["timestamp,load_kwh", *(reversed(rows) if newest_first else rows)]
    with TemporaryDirectory() as folder:
        source = Path(folder) / "home.csv"
        source.write_text("\n".join(lines) + "\n", encoding="utf-8")
        options = ImportOptions(timezone=zone)
        loaded = load([source], options=options)
        half_lost = [finding for finding in loaded.report.findings if finding.code == "ambiguous_time"]
        if half_lost:
            # Hourly readings cannot all be told apart where clocks change by half an hour.
            assert (zone, minutes) == ("Australia/Lord_Howe", 60)
            return
        assert loaded.report.errors == 0, [str(finding) for finding in loaded.report.findings]
        out = Path(folder) / "out.parquet"
        import_files([source], out=out, options=options)
        frame = pd.read_parquet(out)
    assert frame["interval_start"].tolist() == [pd.Timestamp(moment) for moment in moments]
    assert np.allclose(frame["realised_kw"].to_numpy() * minutes / 60, values, rtol=1e-12, atol=0)


@given(written_days())
@settings(max_examples=15, deadline=None)
def test_local_times_come_back_at_their_instants(case: tuple[str, list[datetime], int, bool]) -> None:
    check(case)


@pytest.mark.deep
@given(written_days())
@settings(max_examples=1000, deadline=None)
def test_many_local_times_come_back_at_their_instants(case: tuple[str, list[datetime], int, bool]) -> None:
    check(case)
