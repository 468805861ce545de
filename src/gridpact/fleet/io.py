"""Fleets in files: CSV or Parquet, the same columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from gridpact.data.files import read_bytes
from gridpact.data.limits import MOST_FLEET_BYTES, MOST_FLEET_COLUMNS, MOST_HOMES
from gridpact.data.parquet import ParquetLimits, check_parquet
from gridpact.errors import InputError, MissingDataError
from gridpact.fleet.columns import Kind, columns_with, fleet_schema
from gridpact.fleet.findings import Note
from gridpact.fleet.fleet import Fleet
from gridpact.fleet.sheet import read_sheet
from gridpact.fleet.written import make_plain

TEXT_ENDINGS = (".csv", ".tsv", ".txt")
SPREADSHEET_ENDINGS = (".xlsx", ".xlsm", ".xls", ".ods", ".numbers")


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetReading:
    """A fleet, and what was read in another way than it is written."""

    fleet: Fleet
    notes: tuple[Note, ...]
    row_numbers: Sequence[int]
    """Number of each home's row as its file shows it, shape (homes,)."""


def read_fleet(path: Path) -> Fleet:
    """The fleet in a ``.csv`` or ``.parquet`` file. Only ``home_id`` must be there; see `FLEET_COLUMNS` for the rest.

    Raises:
        InputError: as `read_fleet_file`.
    """
    return read_fleet_file(path).fleet


def read_fleet_file(path: Path) -> FleetReading:
    """The fleet in a file and how it was read.

    Text files (``.csv``, ``.tsv``, ``.txt``) may be written as spreadsheets export them; docs/fleet.md says what is
    understood. Nothing with two meanings is guessed.

    Raises:
        MissingDataError: there is no such file.
        TableError: cells cannot be used; the message names row and column of each.
        InputError: the file is of another kind, damaged, or not a table.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in (*TEXT_ENDINGS, ".parquet"):
        hint = "; save the sheet as CSV UTF-8" if ending in SPREADSHEET_ENDINGS else ""
        raise InputError(f"fleet {path} must end in .csv or .parquet{hint}")
    if not path.is_file():
        raise MissingDataError(f"fleet {path} is not a file")
    if ending == ".parquet":
        fleet = Fleet.from_frame(_read_parquet(path), source=path.name)
        return FleetReading(fleet=fleet, notes=(), row_numbers=range(1, len(fleet) + 1))
    sheet = read_sheet(path)
    fleet = Fleet.checked(make_plain(sheet), sheet.findings)
    return FleetReading(fleet=fleet, notes=sheet.notes.listed(), row_numbers=sheet.findings.row_numbers)


def write_fleet(fleet: Fleet, path: Path) -> None:
    """Write ``fleet`` to a ``.csv`` or ``.parquet`` file; equal fleets give equal bytes.

    Raises:
        InputError: ``path`` has another ending.
        OSError: the file cannot be written.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending == ".csv":
        path.write_text(_as_csv(fleet), encoding="utf-8", newline="")
    elif ending == ".parquet":
        pq.write_table(fleet_table(fleet), path, compression="zstd")
    else:
        raise InputError(f"fleet {path} must end in .csv or .parquet")


def fleet_table(fleet: Fleet) -> pa.Table:
    """The fleet with the types of ``fleet.parquet``; empty cells are null."""
    arrays = []
    for column in columns_with(fleet.frame.columns):
        values = fleet.frame[column.name]
        if column.kind is Kind.NUMBER:
            arrays.append(pa.array(values.to_numpy(dtype="float64"), type=column.arrow_type, from_pandas=True))
        elif column.kind is Kind.WINDOWS:
            arrays.append(pa.array([list(windows) or None for windows in values], type=column.arrow_type))
        else:
            arrays.append(pa.array(values.tolist(), type=column.arrow_type))
    return pa.Table.from_arrays(arrays, schema=fleet_schema(fleet.frame.columns))


def _as_csv(fleet: Fleet) -> str:
    frame = fleet.frame.copy()
    frame["blackout"] = ["; ".join(windows) for windows in frame["blackout"]]
    frame["export_allowed"] = ["true" if allowed else "false" for allowed in frame["export_allowed"]]
    return frame.to_csv(index=False, lineterminator="\n")


def _read_parquet(path: Path) -> pd.DataFrame:
    content = read_bytes(path, most_bytes=MOST_FLEET_BYTES)
    limits = ParquetLimits(rows=MOST_HOMES, columns=MOST_FLEET_COLUMNS)
    return check_parquet(content, where=path.name, limits=limits).frame()
