"""Load, solar and tariff series of the user's own, in the shape that a run folder has them."""

import csv
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from gridpact.data.files import read_bytes
from gridpact.data.limits import MOST_SERIES_BYTES, MOST_SERIES_COLUMNS, MOST_SERIES_ROWS
from gridpact.data.parquet import ParquetLimits, check_parquet
from gridpact.errors import InputError, MissingDataError, NaiveDatetimeError
from gridpact.fleet.day import PROFILE_COLUMNS, TARIFF_COLUMNS

OwnSeries = tuple[pd.DataFrame | None, str | None]
"""A table and the digest of what it came from; None where there is none."""
WITH_OFFSET = r"\d:\d\d.*(?:Z|[+-]\d\d:?\d\d)$"
"""A time of day followed by a UTC offset."""
MOST_HEADER_BYTES = 64 * 1024


def read_profiles(source: Path | pd.DataFrame | None) -> OwnSeries:
    """Load and solar profiles with the columns of ``profiles.parquet``; see `build_fleet_day` for further checks."""
    return _read(source, PROFILE_COLUMNS, flag="--profiles")


def read_tariffs(source: Path | pd.DataFrame | None) -> OwnSeries:
    """Retail tariffs with the columns of ``tariffs.parquet``; see `build_fleet_day` for further checks."""
    return _read(source, TARIFF_COLUMNS, flag="--tariffs")


def _read(source: Path | pd.DataFrame | None, columns: Sequence[str], *, flag: str) -> OwnSeries:
    if source is None:
        return None, None
    if isinstance(source, pd.DataFrame):
        return source, hashlib.sha256(source.to_csv(index=False).encode()).hexdigest()
    if not source.is_file():
        raise MissingDataError(f"{flag} {source} is not a file")
    content = read_bytes(source, most_bytes=MOST_SERIES_BYTES)
    frame = _table(content, columns, where=f"{flag} {source}", parquet=source.suffix.lower() == ".parquet")
    if frame.empty:
        raise MissingDataError(f"{flag} {source} has no rows")
    for column in columns[2:]:
        if not pd.api.types.is_numeric_dtype(frame[column]):
            raise InputError(f"{flag} {source}: {column} holds {_first_text(frame[column])}, which is no number")
    starts = frame["interval_start"]
    if starts.isna().any():
        raise MissingDataError(f"{flag} {source}: interval_start is empty in row {int(starts.isna().argmax()) + 2}")
    if not isinstance(starts.dtype, pd.DatetimeTZDtype):
        written = starts.astype(str)
        try:
            starts = pd.to_datetime(written, format="ISO8601", utc=True)
        except ValueError as problem:
            reason = _one_line(problem).partition(". You might")[0]
            raise InputError(f"{flag} {source}: interval_start holds something that is no time: {reason}") from None
        broken = written.str.contains(r"[^ -~]")
        if broken.any():
            row = int(broken.argmax())
            raise InputError(f"{flag} {source}, row {row + 2}: interval_start is {written[row]!r}, which is no time")
        if not written.str.contains(WITH_OFFSET).all():
            raise NaiveDatetimeError(
                f"{flag} {source}: interval_start has no UTC offset; write times like 2022-07-13T12:00Z"
            )
    frame["interval_start"] = starts.dt.tz_convert("UTC")
    return frame[list(columns)], hashlib.sha256(content).hexdigest()


def _table(content: bytes, columns: Sequence[str], *, where: str, parquet: bool) -> pd.DataFrame:
    if parquet:
        limits = ParquetLimits(rows=MOST_SERIES_ROWS, columns=MOST_SERIES_COLUMNS)
        checked = check_parquet(content, where=where, limits=limits)
        _check_columns(checked.names, columns, where=where)
        return checked.frame(columns)
    try:
        header = next(csv.reader(io.StringIO(content[:MOST_HEADER_BYTES].decode("utf-8", errors="replace"))), [])
        if len(header) > MOST_SERIES_COLUMNS:
            raise InputError(f"{where} has {len(header):,} columns; at most {MOST_SERIES_COLUMNS} are read")
        frame = pd.read_csv(io.BytesIO(content), compression=None)
    except InputError:
        raise
    except UnicodeDecodeError:
        raise InputError(f"{where} is not UTF-8 text; save it as CSV UTF-8") from None
    except (ValueError, OSError, OverflowError, csv.Error, pd.errors.ParserError) as problem:
        raise InputError(f"{where} cannot be read as a table: {_one_line(problem)}") from None
    _check_columns([str(column) for column in frame.columns], columns, where=where)
    return frame


def _check_columns(found: Sequence[str], columns: Sequence[str], *, where: str) -> None:
    missing = [column for column in columns if column not in found]
    if missing:
        needs = "" if len(missing) == len(columns) else f"; it needs {', '.join(columns)}"
        raise MissingDataError(f"{where} lacks the columns {', '.join(missing)}{needs}")


def _first_text(column: pd.Series) -> str:
    """The first cell that is no number, or the column's type where the cells do not show it."""
    bad = column[pd.to_numeric(column, errors="coerce").isna() & column.notna()]
    return f"values of type {column.dtype}" if bad.empty else repr(bad.iloc[0])


def _one_line(problem: Exception) -> str:
    return next(iter(str(problem).splitlines()), type(problem).__name__)
