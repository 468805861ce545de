"""Car charging sessions: ACN-Data as JSON or CSV, and plain tables of arrivals, departures and energy.

ACN-Data (Lee, Li, Low, e-Energy 2019) has ``connectionTime``, ``disconnectTime`` (RFC 1123, GMT), ``kWhDelivered``,
``timezone``, ``stationID`` and ``userID``.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

from gridpact.data.importers.cells import FIRST_YEAR, LAST_YEAR, parse_number, parse_time
from gridpact.data.importers.drafts import Drafts
from gridpact.data.importers.findings import ReadingStoppedError, Report
from gridpact.data.importers.naming import squash, wanted
from gridpact.data.importers.options import ImportOptions
from gridpact.data.importers.sessions import Session
from gridpact.data.importers.source import Source
from gridpact.data.importers.table import Row, first_rows, read_table
from gridpact.data.names import why_unusable

ARRIVES = ("connectiontime", "arrive", "arrival", "arrivaltime", "plugin", "pluggedin", "starttime", "start")
DEPARTS = ("disconnecttime", "depart", "departure", "departuretime", "plugout", "unplugged", "endtime", "end")
ENERGIES = ("kwhdelivered", "kwh", "energykwh", "deliveredkwh")
CARS = ("homeid", "vehicleid", "vehicle", "car", "carid", "evid", "stationid", "spaceid", "userid")
"""Columns that tell cars or plugs apart, the first that is there."""
NAMES = ("sessionid", "id")
MAX_JSON_DEPTH_CHARACTERS = 200
"""Opening brackets in a row that no session file has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns of a file."""

    arrive: str
    depart: str
    energy: str
    car: str | None
    name: str | None
    zone: str | None


def sniff(source: Source) -> int:
    """How surely the source holds charging sessions, 0 to 100."""
    head = source.head
    if head.lstrip()[:1] in ("{", "["):
        return 90 if "connectionTime" in head else 10
    return 85 if any(is_header(row) for row in first_rows(head, 3)) else 0


def is_header(cells: "list[str] | tuple[str, ...]") -> bool:
    """Whether ``cells`` are columns of sessions."""
    names = {squash(cell) for cell in cells}
    return all(names & set(group) for group in (ARRIVES, DEPARTS, ENERGIES))


def read(source: Source, drafts: Drafts, options: ImportOptions, report: Report) -> None:
    """Read charging sessions into ``drafts.sessions``.

    Raises:
        ReadingStoppedError: it cannot be read.
    """
    if source.head.lstrip()[:1] in ("{", "["):
        rows: list[Row] = list(_json_rows(source, options, report))
        names = {key: None for row in rows for key in row.cells}
        if rows and not is_header(list(names)):
            report.stop(
                "missing_column",
                "sessions lack connectionTime, disconnectTime or kWhDelivered",
                file=source.name,
                row=rows[0].number,
            )
        columns = tuple(names)
    else:
        table = read_table(
            source, report, options, header=lambda cells: is_header(list(cells)), needs="arrive, depart and kwh"
        )
        rows, columns = list(table), table.columns
    if not rows:
        report.stop("no_rows", "there is no session", file=source.name, row=1)
    found = _columns(columns, options, report, file=source.name)
    drafts.notes["source"] = "charging sessions"
    for row in rows:
        _read_row(row, found, drafts, options, report, file=source.name)


def _columns(names: tuple[str, ...], options: ImportOptions, report: Report, *, file: str) -> Columns:
    by = {squash(name): name for name in names}

    def first(group: tuple[str, ...]) -> str | None:
        return next((by[name] for name in group if name in by), None)

    if options.by is not None and options.by not in names:
        report.stop("missing_column", "--by names no column", file=file, row=1, column=options.by)
    for column, _ in options.only:
        if column not in names:
            report.stop("missing_column", "--only names no column", file=file, row=1, column=column)
    return Columns(
        arrive=first(ARRIVES) or "",
        depart=first(DEPARTS) or "",
        energy=first(ENERGIES) or "",
        car=options.by or first(CARS),
        name=first(NAMES),
        zone=by.get("timezone"),
    )


def _read_row(row: Row, columns: Columns, drafts: Drafts, options: ImportOptions, report: Report, *, file: str) -> None:
    cells = row.cells
    car = cells.get(columns.car or "", "") or "car"
    if not wanted(cells, options, location=car):
        return
    for column in (columns.car, columns.name):
        unusable = why_unusable(cells.get(column or "", ""))
        if unusable is not None:
            report.add(
                "unusable_name", f"it {unusable}", file=file, row=row.number, column=column, value=cells[column or ""]
            )
            return
    if not cells.get(columns.depart, "").strip() or cells[columns.depart].lower() in ("none", "null", "nat"):
        report.add(
            "session_open",
            "the car has not departed",
            file=file,
            row=row.number,
            column=columns.depart,
            value="",
            repaired=options.flag("bad_sessions"),
        )
        return
    times = []
    for column in (columns.arrive, columns.depart):
        moment = _time(cells.get(column, ""), options)
        if isinstance(moment, str):
            report.add(
                moment,
                "no time such as 2022-07-13T18:00-05:00",
                file=file,
                row=row.number,
                column=column,
                value=cells.get(column, ""),
            )
            return
        times.append(moment)
    parsed = parse_number(cells.get(columns.energy, ""), decimal=options.decimal)
    energy = None if isinstance(parsed, str) else parsed
    if isinstance(parsed, str):
        repaired = options.flag("bad_cells")
        report.add(
            parsed,
            "the energy is not a number",
            file=file,
            row=row.number,
            column=columns.energy,
            value=cells.get(columns.energy, ""),
            repaired=repaired,
        )
        if repaired is None:
            return
    drafts.sessions.append(
        Session(
            car=car,
            name=cells.get(columns.name or "", ""),
            arrive=times[0],
            depart=times[1],
            energy_kwh=energy,
            zone_name=cells.get(columns.zone or "", "") or None,
            row=row.number,
            file=file,
            arrive_column=columns.arrive,
            depart_column=columns.depart,
            energy_column=columns.energy,
        )
    )


def _time(text: str, options: ImportOptions) -> datetime | str:
    if "," in text:
        if not text.isprintable():
            return "bad_time"
        try:
            found = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            return "bad_time"
        return found if FIRST_YEAR <= found.year <= LAST_YEAR else "bad_time"
    return parse_time(text, options)


def _json_rows(source: Source, options: ImportOptions, report: Report) -> Iterator[Row]:
    """The sessions of a JSON list, or of ``_items`` in an object, each with the line it begins on."""
    text = source.text(report, encoding=options.encoding)
    if "[" * MAX_JSON_DEPTH_CHARACTERS in text:
        report.stop("broken_json", "brackets are nested without end", file=source.name, row=1)
    decoder = json.JSONDecoder()
    try:
        place = _list_begins(text, decoder)
        row, counted = 1, 0
        while True:
            place = _skip(text, place)
            if text[place] == "]":
                return
            row, counted = row + text.count("\n", counted, place), place
            item, place = decoder.raw_decode(text, place)
            if not isinstance(item, dict):
                report.add("wrong_quantity", "no session but another value", file=source.name, row=row, value=item)
            else:
                yield Row(number=row, cells={str(key): _cell(value) for key, value in item.items()})
            place = _skip(text, place)
            if text[place] == ",":
                place += 1
            elif text[place] != "]":
                raise json.JSONDecodeError("a comma is missing", text, place)
    except ReadingStoppedError:
        raise
    except json.JSONDecodeError as problem:
        report.stop("broken_json", problem.msg, file=source.name, row=problem.lineno)
    except (IndexError, RecursionError, ValueError) as problem:
        last = text.count("\n") + 1
        report.stop("broken_json", f"it ends too early ({type(problem).__name__})", file=source.name, row=last)


def _list_begins(text: str, decoder: json.JSONDecoder) -> int:
    """Where the items of the list of sessions begin."""
    place = _skip(text, 0)
    if text[place] == "[":
        return place + 1
    place = _skip(text, place + 1)
    while True:
        key, place = decoder.raw_decode(text, place)
        place = _skip(text, place)
        if text[place] != ":":
            raise json.JSONDecodeError("a colon is missing", text, place)
        place = _skip(text, place + 1)
        if key == "_items" and text[place] == "[":
            return place + 1
        _, place = decoder.raw_decode(text, place)
        place = _skip(text, place)
        if text[place] != ",":
            raise json.JSONDecodeError("there is no list of sessions called _items", text, place)
        place = _skip(text, place + 1)


def _skip(text: str, place: int) -> int:
    while text[place] in " \t\r\n\ufeff":
        place += 1
    return place


def _cell(value: object) -> str:
    if value is None:
        return ""
    return json.dumps(value) if isinstance(value, (dict, list)) else str(value)
