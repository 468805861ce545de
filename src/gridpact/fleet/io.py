"""Fleets in files: CSV or Parquet, the same columns."""

import csv
import io
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from gridpact.errors import InputError, MissingDataError
from gridpact.fleet.columns import Kind, columns_with, fleet_schema
from gridpact.fleet.fleet import Fleet


def read_fleet(path: Path) -> Fleet:
    """The fleet in a ``.csv`` or ``.parquet`` file. Only ``home_id`` must be there; see `FLEET_COLUMNS` for the rest.

    Raises:
        MissingDataError: there is no such file.
        InputError: the file is of another kind, damaged, or not a usable fleet; the message names row and column.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in (".csv", ".parquet"):
        raise InputError(f"fleet {path} must end in .csv or .parquet")
    if not path.is_file():
        raise MissingDataError(f"fleet {path} is not a file")
    if ending == ".parquet":
        return Fleet.from_frame(_read_parquet(path), source=path.name)
    frame, row_numbers = _read_csv(path)
    return Fleet.from_frame(frame, source=path.name, row_numbers=row_numbers)


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
    try:
        with path.open("rb") as file:
            return pq.read_table(file).to_pandas()
    except (pa.ArrowException, OSError, ValueError) as problem:
        raise InputError(f"{path.name} cannot be read as Parquet: {str(problem).splitlines()[0]}") from None


def _read_csv(path: Path) -> tuple[pd.DataFrame, list[int]]:
    """Cells as text, and the number of each row as a spreadsheet shows it."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as problem:
        raise InputError(f"{path.name} is not UTF-8 text (byte {problem.start}); save it as CSV UTF-8") from None
    except OSError as problem:
        raise InputError(f"{path.name} cannot be read: {problem.strerror or problem}") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    row_numbers: list[int] = []
    header: list[str] | None = None
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = [cell.strip() for cell in cells]
                continue
            if len(cells) != len(header):
                raise InputError(
                    f"{path.name} row {number} has {len(cells)} cells, but the header has {len(header)}; "
                    "the file may be cut off"
                )
            rows.append(cells)
            row_numbers.append(number)
    except csv.Error as problem:
        raise InputError(f"{path.name} row {number + 1} cannot be read as CSV: {problem}") from None
    if header is None:
        raise InputError(f"{path.name} is empty; a fleet needs a header row with home_id and a row for each home")
    frame = pd.DataFrame(rows, columns=header, dtype=object)
    return frame, row_numbers
