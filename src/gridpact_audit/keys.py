"""Keys: unique, sorted, pointing at something that exists, and covering every home and interval."""

from functools import partial
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from gridpact_audit import times
from gridpact_audit.report import Finding, Rule
from gridpact_audit.run import Bools, Floats, Run, records
from gridpact_audit.tables import PHASES, TABLES, Table

_ALL_TABLES = tuple(table.file for table in TABLES)


def unique_and_sorted(run: Run, finding: Finding) -> None:
    """No key twice; rows in order of opportunity, phase, home and time. Homes go as in the fleet, or by name."""
    for table in TABLES:
        frame = run.tables[table.file]
        finding.tried(len(frame))
        keys = frame[list(table.key)]
        twice = keys.duplicated().to_numpy()
        rows = frame["_row"].to_numpy()
        finding.where(
            twice,
            file=table.file,
            rows=rows,
            column=", ".join(table.key),
            say=partial(_twice, keys),
        )
        if twice.any() or len(frame) < 2 or table.file == "fleet.parquet":
            continue
        falls = [_falls(run, table, keys, by_name=by_name) for by_name in (False, True)]
        best = min(falls, key=lambda mask: int(mask.sum()))
        finding.where(
            best, file=table.file, rows=rows, column=", ".join(table.key), say=lambda _: "the row is out of order"
        )


def _twice(keys: pd.DataFrame, place: tuple[int, ...]) -> str:
    return f"this key is there twice: {', '.join(map(str, keys.iloc[place[0]]))}"


def _falls(run: Run, table: Table, keys: pd.DataFrame, *, by_name: bool) -> Bools:
    """Rows whose key does not come after the row before."""
    opportunities = [entry["id"] for entry in run.result["opportunities"]]
    codes: list[Floats] = []
    for name in table.key:
        cells = keys[name]
        if name == "home_id" and not by_name:
            ranks = run.home_at
        elif name == "opportunity_id" and not by_name:
            ranks = {known: place for place, known in enumerate(opportunities)}
        elif name == "phase":
            ranks = {known: place for place, known in enumerate(PHASES)}
        elif cells.dtype == object:
            ranks = {known: place for place, known in enumerate(sorted(set(cells)))}
        else:
            raw = pd.DatetimeIndex(cells).as_unit("us").asi8 if name == "interval_start" else cells.to_numpy()
            codes.append(np.asarray(raw, dtype=np.float64))
            continue
        codes.append(np.array([ranks.get(cell, -1) for cell in cells], dtype=np.float64))
    falls = np.zeros(len(keys), dtype=np.bool_)
    undecided = np.ones(len(keys) - 1, dtype=np.bool_)
    for code in codes:
        step = np.diff(code)
        falls[1:] |= undecided & (step < 0)
        undecided &= step == 0
    return falls


def references(run: Run, finding: Finding) -> None:
    """Every home, opportunity, profile and tariff that is named exists; meters are one a home."""
    opportunities = [entry["id"] for entry in run.result["opportunities"]]
    for place, name in enumerate(opportunities):
        finding.tried(1)
        if opportunities.index(name) != place:
            finding.add("result.json", None, f"opportunities.{place}.id", f"{name!r} is there twice")
    known = {"home_id": set(run.home_ids), "opportunity_id": set(opportunities)}
    frames = [(table.file, run.tables[table.file]) for table in TABLES if table.file != "fleet.parquet"]
    ledger = run.ledger[run.ledger["home_id"] != ""]
    for file, frame, columns in [
        *((file, frame, known) for file, frame in frames),
        ("ledger.csv", run.ledger, {"opportunity_id": known["opportunity_id"]}),
        ("ledger.csv", ledger, {"home_id": known["home_id"]}),
    ]:
        for column, names in columns.items():
            if column in frame:
                _named(
                    finding, file, frame, column, names, "result.json" if column == "opportunity_id" else "the fleet"
                )
    fleet = run.fleet
    for column, file, source in (
        ("load_profile", "profiles.parquet", "profile"),
        ("solar_profile", "profiles.parquet", "profile"),
        ("heat_demand_profile", "profiles.parquet", "profile"),
        ("tariff", "tariffs.parquet", "tariff"),
    ):
        if column not in fleet:
            continue
        used = fleet[fleet[column].notna()]
        if column == "solar_profile":
            used = used[np.nan_to_num(used["solar_kw"].to_numpy(dtype=float)) > 0]
        _named(finding, "fleet.parquet", used, column, set(run.tables[file][source]), file)
    for key in ("bid", "clearing", "outcomes"):
        for place, entry in enumerate(run.result[key]):
            finding.tried(1)
            if entry["opportunity_id"] not in opportunities:
                finding.add(
                    "result.json", None, f"{key}.{place}.opportunity_id", f"no opportunity {entry['opportunity_id']!r}"
                )
            if [other["opportunity_id"] for other in run.result[key]].index(entry["opportunity_id"]) != place:
                finding.add("result.json", None, f"{key}.{place}.opportunity_id", "a second entry for one opportunity")


def _named(finding: Finding, file: str, frame: pd.DataFrame, column: str, names: set[str], where: str) -> None:
    finding.tried(len(frame))
    odd = ~frame[column].isin(names).to_numpy()
    finding.where(
        odd,
        file=file,
        rows=frame["_row"].to_numpy(),
        column=column,
        say=lambda place: f"{frame[column].iloc[place[0]]!r} is not in {where}",
    )


def coverage(run: Run, finding: Finding) -> None:
    """Every home in every interval of whole operating days, in every phase; profiles and tariffs likewise."""
    grid = run.grid
    for opportunity in run.opportunities:
        finding.tried(1)
        for edge, when in (("start", opportunity.start), ("end", opportunity.end)):
            at = grid.index(when)
            if abs(at - round(at)) > 1e-9:
                finding.add("result.json", None, f"opportunities.{opportunity.position}.{edge}", "is not on the grid")
        if opportunity.end <= opportunity.start:
            finding.add("result.json", None, f"opportunities.{opportunity.position}.end", "is not after start")
    steps = {entry["step_minutes"] for entry in run.result["opportunities"]}
    if len(steps) > 1:
        finding.add("result.json", None, "opportunities", f"one run has one step_minutes, not {sorted(steps)}")
    rows = run.rows
    finding.tried(rows.size)
    for phase, home in np.argwhere((rows == 0).any(axis=2)):
        gaps = np.flatnonzero(rows[phase, home] == 0)
        finding.add(
            "dispatch.parquet",
            None,
            "interval_start",
            f"{PHASES[phase]} of {run.home_ids[home]} lacks {len(gaps)} of {grid.periods} intervals, first "
            f"{grid.starts[gaps[0]].isoformat()}",
        )
    frame = run.tables["dispatch.parquet"]
    unknown = ~frame["interval_start"].isin(grid.starts).to_numpy()
    finding.where(
        unknown,
        file="dispatch.parquet",
        rows=frame["_row"].to_numpy(),
        column="interval_start",
        say=lambda place: (
            f"{frame['interval_start'].iloc[place[0]]} is not an interval of this run "
            f"({grid.start.isoformat()} to {grid.end.isoformat()})"
        ),
    )
    for file, name in (("profiles.parquet", "profile"), ("tariffs.parquet", "tariff")):
        series = run.tables[file]
        for key, group in series.groupby(name, sort=False):
            finding.tried(len(group))
            absent = grid.starts.difference(pd.DatetimeIndex(group["interval_start"]))
            if len(absent):
                finding.add(
                    file, None, "interval_start", f"{key} lacks {len(absent)} intervals, first {absent[0].isoformat()}"
                )


def owner_texts(run: Run, finding: Finding) -> None:
    """Time zones, times at the plug and blackout windows can be read."""
    columns = ("_row", "timezone", "vehicle_arrive", "vehicle_depart", "blackout")
    for row, zone, arrive, depart, windows in records(run.fleet, *columns):
        finding.tried(1)
        try:
            ZoneInfo(zone)
        except (ValueError, OSError, TypeError, KeyError):
            finding.add("fleet.parquet", row, "timezone", f"{zone!r} is not an IANA time zone")
            continue
        try:
            if arrive and depart:
                times.sessions(arrive, depart, timezone=zone, grid=run.grid)
        except ValueError as problem:
            finding.add("fleet.parquet", row, "vehicle_arrive", str(problem))
        try:
            times.blackout(list(windows or []), timezone=zone, grid=run.grid)
        except ValueError as problem:
            finding.add("fleet.parquet", row, "blackout", str(problem))


def one_meter_a_home(run: Run, finding: Finding) -> None:
    """A premise takes part once: no meter is in the fleet twice."""
    frame = run.fleet
    finding.tried(len(frame))
    finding.where(
        frame["meter_id"].duplicated().to_numpy(),
        file="fleet.parquet",
        rows=frame["_row"].to_numpy(),
        column="meter_id",
        say=lambda place: f"meter {frame['meter_id'].iloc[place[0]]!r} belongs to another home already",
    )


RULES = (
    Rule(name="keys.unique_and_sorted", needs=(*_ALL_TABLES, "result.json"), test=unique_and_sorted),
    Rule(name="keys.references", needs=(*_ALL_TABLES, "result.json", "ledger.csv"), test=references),
    Rule(
        name="keys.coverage",
        needs=("dispatch.parquet", "fleet.parquet", "profiles.parquet", "tariffs.parquet", "result.json"),
        test=coverage,
    ),
    Rule(name="keys.owner_texts", needs=("fleet.parquet", "result.json"), test=owner_texts),
    Rule(name="keys.one_meter_a_home", needs=("fleet.parquet",), test=one_meter_a_home),
)
