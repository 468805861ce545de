"""Local times of owners agree with the auditor's independent reading, and fleets survive their files."""

import tempfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.fleet.clock import WEEKDAYS, blackout_mask, plugged_times
from gridpact.fleet.fleet import Fleet
from gridpact.fleet.generator import generate_fleet
from gridpact.fleet.io import read_fleet, write_fleet
from gridpact.horizon import Horizon
from gridpact_audit import times

ZONES = (
    "America/Chicago",
    "America/St_Johns",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "America/Phoenix",
)
DAYS = (
    date(2022, 3, 13),
    date(2022, 11, 6),
    date(2022, 3, 27),
    date(2022, 10, 2),
    date(2022, 7, 13),
    date(2022, 12, 31),
)
clocks = st.builds(
    lambda quarter, odd: f"{quarter // 4:02d}:{quarter % 4 * 15 + odd:02d}", st.integers(0, 95), st.integers(0, 14)
)
weekdays = st.one_of(
    st.just(""),
    st.builds(lambda a, b: f"{a.title()}-{b.title()} ", st.sampled_from(WEEKDAYS), st.sampled_from(WEEKDAYS)),
    st.builds(lambda names: ",".join(names) + " ", st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=3)),
)
windows = st.builds(lambda days, start, end: f"{days}{start}-{end}", weekdays, clocks, clocks)


@st.composite
def horizons(draw: st.DrawFn) -> Horizon:
    market = draw(st.sampled_from(ZONES))
    day = draw(st.sampled_from(DAYS)) + timedelta(days=draw(st.integers(-1, 1)))
    start = datetime.combine(day, time(draw(st.integers(0, 23))), tzinfo=ZoneInfo(market))
    length = timedelta(hours=draw(st.integers(1, 30)))
    step = draw(st.sampled_from([5, 15, 30]))
    return Horizon.covering([(start, start + length)], timezone=market, step_minutes=step)


def grid_of(horizon: Horizon) -> times.Grid:
    return times.Grid(
        start=horizon.start, periods=horizon.periods, step_minutes=horizon.step_minutes, day_bounds=horizon.day_bounds
    )


@given(horizon=horizons(), written=st.lists(windows, min_size=1, max_size=3), home=st.sampled_from(ZONES))
@settings(max_examples=150, deadline=None)
def test_blackouts_are_the_auditors(horizon: Horizon, written: list[str], home: str) -> None:
    mine = blackout_mask(written, horizon=horizon, timezone=home)
    assert np.array_equal(mine, times.blackout(written, timezone=home, grid=grid_of(horizon)))


@given(horizon=horizons(), arrive=clocks, depart=clocks, home=st.sampled_from(ZONES))
@settings(max_examples=150, deadline=None)
def test_times_at_the_plug_are_the_auditors(horizon: Horizon, arrive: str, depart: str, home: str) -> None:
    mine = plugged_times(arrive, depart, horizon=horizon, timezone=home)
    theirs = times.sessions(arrive, depart, timezone=home, grid=grid_of(horizon))
    assert [(span.first, span.stop) for span in mine] == [(span.first, span.stop) for span in theirs]
    for span, other in zip(mine, theirs, strict=True):
        after_h = max(0.0, (other.departs - horizon.end).total_seconds() / 3600)
        assert span.hours_after == after_h
    assert all(a.stop <= b.first for a, b in zip(mine, mine[1:], strict=False))


@given(homes=st.integers(1, 40), seed=st.integers(0, 2**32 - 1), ending=st.sampled_from([".csv", ".parquet"]))
@settings(max_examples=25, deadline=None)
def test_fleets_survive_their_files(homes: int, seed: int, ending: str) -> None:
    made = generate_fleet(homes, seed=seed)
    assert Fleet.from_frame(made.frame) == made
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"fleet{ending}"
        write_fleet(made, path)
        assert read_fleet(path) == made


@given(homes=st.integers(1, 60), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_generated_homes_are_in_their_own_limits(homes: int, seed: int) -> None:
    for home in generate_fleet(homes, seed=seed).prosumers():
        if home.battery is not None:
            floor = home.battery.floor_kwh(backup_soc_fraction=home.preferences.backup_soc_fraction)
            assert floor <= home.battery.start_kwh <= home.battery.ceiling_kwh
            assert home.preferences.backup_soc_fraction * home.battery.capacity_kwh <= home.battery.start_kwh
        assert home.preferences.floor_usd_per_mwh >= 80
