"""Local wall-clock meanings on the UTC grid, with values counted by hand around changes of the clock."""

from datetime import UTC, datetime

import numpy as np
import pytest

from gridpact_audit import times


def grid(day: str, end: str, *, timezone: str = "America/Chicago", step: int = 60) -> times.Grid:
    return times.operating_days(
        [(datetime.fromisoformat(day), datetime.fromisoformat(end))], timezone=timezone, step_minutes=step
    )


def test_operating_day_runs_noon_to_noon() -> None:
    found = grid("2022-07-14T00:00+00:00", "2022-07-14T02:00+00:00")
    assert found.start == datetime(2022, 7, 13, 17, tzinfo=UTC)
    assert (found.periods, found.day_bounds) == (24, (0, 24))


def test_days_of_23_and_25_hours() -> None:
    assert grid("2022-03-13T03:00+00:00", "2022-03-13T04:00+00:00").periods == 23
    assert grid("2022-11-06T03:00+00:00", "2022-11-06T04:00+00:00").periods == 25


def test_a_window_over_noon_covers_two_days() -> None:
    found = grid("2022-07-13T16:00+00:00", "2022-07-13T18:00+00:00")
    assert found.day_bounds == (0, 24, 48)


def test_a_window_that_ends_at_noon_stays_in_its_day() -> None:
    assert grid("2022-07-13T16:00+00:00", "2022-07-13T17:00+00:00").day_bounds == (0, 24)


def test_daily_session_over_midnight() -> None:
    [session] = times.sessions(
        "18:00", "07:00", timezone="America/Chicago", grid=grid("2022-07-14T00:00+00:00", "2022-07-14T01:00+00:00")
    )
    assert (session.first, session.stop) == (6, 19)


@pytest.mark.parametrize(("day", "length"), [("2022-03-13T03:00+00:00", 12), ("2022-11-06T03:00+00:00", 14)])
def test_session_across_a_change_of_the_clock(day: str, length: int) -> None:
    found = grid(day, day.replace("03:00", "04:00"))
    [session] = times.sessions("18:00", "07:00", timezone="America/Chicago", grid=found)
    assert session.stop - session.first == length


def test_only_whole_intervals_count_as_plugged() -> None:
    found = grid("2022-07-14T00:00+00:00", "2022-07-14T01:00+00:00")
    [session] = times.sessions("18:30", "07:30", timezone="America/Chicago", grid=found)
    assert (session.first, session.stop) == (7, 19)


def test_dated_sessions_and_the_repeated_hour() -> None:
    found = grid("2022-11-06T03:00+00:00", "2022-11-06T04:00+00:00")
    [session] = times.sessions("2022-11-06T01:00", "2022-11-06T03:00", timezone="America/Chicago", grid=found)
    # 01:00 is the first of the two, 06:00 UTC; 03:00 is 09:00 UTC.
    assert (session.first, session.stop) == (13, 16)
    assert session.departs == datetime(2022, 11, 6, 9, tzinfo=UTC)


def test_blackout_overlaps_wraps_and_names_days() -> None:
    found = grid("2022-07-14T00:00+00:00", "2022-07-14T01:00+00:00")  # Wednesday noon to Thursday noon

    def hours(*windows: str) -> list[int]:
        return np.flatnonzero(times.blackout(list(windows), timezone="America/Chicago", grid=found)).tolist()

    assert hours("17:30-19:00") == [5, 6]
    assert hours("23:00-01:00") == [11, 12]
    assert hours("Wed 23:00-01:00") == [11, 12]
    assert hours("Thu 23:00-01:00") == []
    assert hours("Mon-Fri 08:00-10:00") == [20, 21]
    assert hours("Sat,Sun 08:00-10:00") == []
    assert hours("Wed-Thu 12:00-13:00; 00:00-24:00") == list(range(24))
    assert hours("Fri-Mon 08:00-10:00") == []


@pytest.mark.parametrize("text", ["25:00-26:00", "8-10", "Foo 08:00-10:00", "08:00", "08:61-09:00"])
def test_unreadable_windows(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no|does not"):
        times.blackout([text], timezone="UTC", grid=grid("2022-07-14T00:00+00:00", "2022-07-14T01:00+00:00"))


def test_calendar_days_follow_the_homes_zone() -> None:
    found = grid("2022-07-14T00:00+00:00", "2022-07-14T01:00+00:00")
    assert np.bincount(times.calendar_days(found, timezone="America/Chicago")).tolist() == [12, 12]
    assert np.bincount(times.calendar_days(found, timezone="America/New_York")).tolist() == [11, 13]
