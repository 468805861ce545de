"""Charging sessions: checks, a table, and the dated times at the plug that a fleet file takes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd

from gridpact.data.importers.findings import Outcome, Report
from gridpact.data.importers.options import ImportOptions
from gridpact.errors import InputError
from gridpact.horizon import zone as zone_of

MOST_CHARGE_KW = 400.0
"""Above any charger for cars."""
LONGEST = timedelta(days=14)
SESSION_COLUMNS = ("home_id", "session", "timezone", "arrive", "depart", "energy_kwh")
FLEET_COLUMNS = ("home_id", "timezone", "vehicle_arrive", "vehicle_depart")
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One time at a plug, as the file has it."""

    car: str
    name: str
    arrive: datetime
    depart: datetime
    energy_kwh: float | None
    zone_name: str | None
    """Zone that the file states."""
    row: int
    file: str
    arrive_column: str
    depart_column: str
    energy_column: str


def checked_sessions(sessions: Sequence[Session], *, options: ImportOptions, report: Report) -> list[Session]:
    """The sessions with aware times, in order of car and arrival; what is wrong goes into the report.

    Raises:
        ReadingStoppedError: local times cannot be told.
    """
    placed = [found for session in sessions if (found := _placed(session, options, report)) is not None]
    placed.sort(key=lambda session: (session.car, session.arrive, session.depart))
    kept: list[Session] = []
    longest: Session | None = None
    dropped = bad = 0
    for session in placed:
        if not _check(session, options, report):
            bad += 1
            continue
        before = kept[-1] if kept and kept[-1].car == session.car else None
        if before is not None and (before.arrive, before.depart) == (session.arrive, session.depart):
            same = before.energy_kwh == session.energy_kwh
            repaired = options.flag("duplicates", where=same or options.duplicates != "identical")
            _find(
                report,
                "duplicate_identical" if same else "duplicate_conflict",
                session,
                session.arrive_column,
                f"the session is also in row {before.row}",
                session.arrive,
                repaired=repaired,
            )
            dropped += repaired is not None
            if repaired and options.duplicates == "last":
                kept[-1] = session
            elif repaired and options.duplicates == "mean" and None not in (before.energy_kwh, session.energy_kwh):
                kept[-1] = replace(before, energy_kwh=((before.energy_kwh or 0) + (session.energy_kwh or 0)) / 2)
            continue
        if before is None:
            longest = session
        elif longest is not None and session.arrive < longest.depart:
            _find(
                report,
                "session_overlap",
                session,
                session.arrive_column,
                f"car {session.car!r} departs only at {longest.depart.isoformat()} (row {longest.row})",
                session.arrive,
                repaired=options.flag("bad_sessions"),
            )
            if options.bad_sessions == "drop":
                bad += 1
                continue
        if longest is None or session.depart > longest.depart:
            longest = session
        kept.append(session)
    bad += report.counts.get(("session_open", Outcome.REPAIRED), 0)
    report.changed("bad_sessions", "sessions with an error left out", bad)
    unknown = sum(session.energy_kwh is None for session in kept)
    report.changed("bad_cells", "sessions whose energy is not known", unknown)
    report.changed("duplicates", f"kept {options.duplicates} of sessions that are there twice", dropped)
    return kept


def _placed(session: Session, options: ImportOptions, report: Report) -> Session | None:
    name = options.timezone or session.zone_name
    if name is None:
        report.stop(
            "naive_time",
            "neither the file nor --timezone says the local clock of the plug",
            file=session.file,
            row=session.row,
            column=session.arrive_column,
            value=session.arrive.isoformat(),
        )
    try:
        zone = zone_of(name)
    except InputError:
        _find(report, "bad_time", session, "timezone", "no IANA zone", name)
        return None
    moments = []
    for moment, column in ((session.arrive, session.arrive_column), (session.depart, session.depart_column)):
        aware = moment if moment.tzinfo is not None else _aware(moment, column, zone, session, options, report)
        if aware is None:
            return None
        moments.append(aware.astimezone(UTC))
    return replace(session, arrive=moments[0], depart=moments[1], zone_name=name)


def _aware(
    moment: datetime, column: str, zone: ZoneInfo, session: Session, options: ImportOptions, report: Report
) -> datetime | None:
    first, second = (moment.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    before, after = first.utcoffset() or timedelta(), second.utcoffset() or timedelta()
    if before < after:
        _find(report, "nonexistent_time", session, column, f"clocks in {zone.key} skipped this time", moment)
        return None
    if before > after:
        choice = options.ambiguous if options.ambiguous in ("earlier", "later") else None
        _find(
            report,
            "ambiguous_time",
            session,
            column,
            f"this time came twice in {zone.key}",
            moment,
            repaired=options.flag("ambiguous", where=choice is not None),
        )
        return second if choice == "later" else first
    return first


def _check(session: Session, options: ImportOptions, report: Report) -> bool:
    """Whether a session goes on: it is sound, or its error stays one and stops the import."""
    stay = session.depart - session.arrive
    repaired = options.flag("bad_sessions")
    if stay <= timedelta(0):
        message = f"the arrival is {session.arrive.isoformat()}"
        _find(report, "session_reversed", session, session.depart_column, message, session.depart, repaired=repaired)
        return False
    if stay > LONGEST:
        _find(report, "session_too_long", session, session.depart_column, f"it lasts {stay}", session.depart)
    energy = session.energy_kwh
    if energy is not None and (energy < 0 or energy > MOST_CHARGE_KW * stay.total_seconds() / 3600):
        message = f"it is not between 0 and {MOST_CHARGE_KW:g} kW over {stay}"
        _find(report, "session_energy", session, session.energy_column, message, f"{energy:g}", repaired=repaired)
        return repaired is None
    return True


def _find(
    report: Report,
    code: str,
    session: Session,
    column: str,
    message: str,
    value: object,
    *,
    repaired: str | None = None,
) -> None:
    text = value.isoformat() if isinstance(value, datetime) else value
    report.add(code, message, file=session.file, row=session.row, column=column, value=text, repaired=repaired)


def session_frame(sessions: Sequence[Session]) -> pd.DataFrame:
    """A row for each session; times UTC, energy [kWh]."""
    return pd.DataFrame(
        {
            "home_id": pd.Series([session.car for session in sessions], dtype=object),
            "session": pd.Series([session.name for session in sessions], dtype=object),
            "timezone": pd.Series([session.zone_name for session in sessions], dtype=object),
            "arrive": pd.DatetimeIndex([session.arrive for session in sessions]).as_unit("us"),
            "depart": pd.DatetimeIndex([session.depart for session in sessions]).as_unit("us"),
            "energy_kwh": pd.Series(
                [math.nan if session.energy_kwh is None else session.energy_kwh for session in sessions], dtype=float
            ),
        }
    )


def fleet_frame(sessions: Sequence[Session], report: Report) -> pd.DataFrame:
    """The columns of a fleet file that say when each car is at its plug.

    Arrivals are rounded up and departures down to the minute. A fleet reads a local time that came twice as its first
    pass: an arrival in the second pass is written as that hour's end, so that the car is never promised too early.
    """
    rows: dict[str, tuple[str, list[str], list[str]]] = {}
    short = 0
    for session in sessions:
        zone = zone_of(session.zone_name or "UTC")
        arrive, depart = _ceil(session.arrive).astimezone(zone), _floor(session.depart).astimezone(zone)
        while arrive.fold:
            arrive = (arrive.astimezone(UTC) + _MINUTE).astimezone(zone)
        if depart.fold or arrive != _ceil(session.arrive):
            report.add(
                "session_second_pass",
                "the plug time was shortened to the part that has a name",
                file=session.file,
                row=session.row,
            )
        if arrive.replace(tzinfo=None) >= depart.replace(tzinfo=None):
            short += 1
            continue
        _, arrivals, departures = rows.setdefault(session.car, (session.zone_name or "UTC", [], []))
        arrivals.append(arrive.strftime("%Y-%m-%dT%H:%M"))
        departures.append(depart.strftime("%Y-%m-%dT%H:%M"))
    report.changed("sessions", "sessions without a whole local minute left out of the fleet columns", short)
    return pd.DataFrame(
        [(car, zone, ";".join(come), ";".join(go)) for car, (zone, come, go) in rows.items()],
        columns=list(FLEET_COLUMNS),
    )


def _floor(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _ceil(moment: datetime) -> datetime:
    floor = _floor(moment)
    return floor if floor == moment else floor + _MINUTE
