"""An import from files to a file: nothing is written where something is wrong that the user did not accept."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from gridpact.data.files import beside, read_bytes
from gridpact.data.importers.findings import Outcome, Report
from gridpact.data.importers.frames import price_frame, profile_frame
from gridpact.data.importers.limits import MAX_FILE_BYTES, PARQUET_LIMITS
from gridpact.data.importers.load import Loaded, load, load_frame
from gridpact.data.importers.naming import slug
from gridpact.data.importers.options import ImportOptions
from gridpact.data.importers.registry import Kind
from gridpact.data.importers.sessions import fleet_frame, session_frame
from gridpact.data.json_text import parse_json
from gridpact.data.limits import MOST_DOCUMENT_BYTES
from gridpact.data.parquet import check_parquet
from gridpact.data.prices import read_prices
from gridpact.errors import InputError

SCHEMA = "gridpact.import/1"
METADATA_KEY = b"gridpact.import"
"""Where Parquet metadata hold the provenance."""
ENDINGS = (".parquet", ".csv")
MOST_ERRORS_TOLD = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A finished import."""

    files: tuple[Path, ...]
    """What was written."""
    rows: int
    report: Report
    provenance: dict[str, Any]


class ImportRefusedError(InputError):
    """Something is wrong with the files, and no repair was named for it; the findings are in ``report``."""

    def __init__(self, message: str, report: Report) -> None:
        super().__init__(message)
        self.report = report


def import_files(
    paths: Sequence[Path], *, out: Path, kind: str | None = None, options: ImportOptions | None = None
) -> Imported:
    """Read ``paths`` and write ``out``: prices for ``--prices``, profiles for ``--profiles``, or sessions.

    Args:
        paths: source files of one format.
        out: ``.parquet`` or ``.csv``. Charging sessions get a second file beside it, ``<out>.fleet.csv``.
        kind: name of an importer, or prices, profiles or sessions; what is left open is told from the content.
        options: declarations and named repairs.

    Raises:
        ImportRefusedError: the files have errors; nothing was written, and what was there stays.
        InputError: ``out`` cannot be used, or options contradict the data.
        MissingDataError: a file is not there.
    """
    _check_out(out, paths)
    return _finish(load(paths, kind=kind, options=options), out)


def import_frame(
    frame: pd.DataFrame, *, out: Path, name: str = "frame", options: ImportOptions | None = None
) -> Imported:
    """Write a gridstatus price frame to ``out`` as `import_files` does; rows count from 1.

    Raises:
        ImportRefusedError: the frame has errors; nothing was written.
        InputError: the columns are not those of such a frame, or ``out`` cannot be used.
    """
    _check_out(out, ())
    return _finish(load_frame(frame, name=name, options=options), out)


def _finish(loaded: Loaded, out: Path) -> Imported:
    _refuse(loaded)
    frame, beside = _frames(loaded, out)
    _refuse(loaded)
    if frame.empty:
        raise ImportRefusedError("no row is left after the repairs", loaded.report)
    provenance = _provenance(loaded, rows=len(frame))
    written = _write(frame, out, provenance, check=_price_check(loaded, frame))
    for path, table in beside.items():
        _replace(path, table.to_csv(index=False, lineterminator="\n").encode())
        written.append(path)
    return Imported(files=tuple(written), rows=len(frame), report=loaded.report, provenance=provenance)


def checked_files(paths: Sequence[Path], *, kind: str | None = None, options: ImportOptions | None = None) -> Loaded:
    """Read ``paths`` and do everything that an import does but write.

    Raises:
        InputError: options contradict the data.
        MissingDataError: a file is not there.
    """
    loaded = load(paths, kind=kind, options=options)
    if not loaded.report.errors:
        _frames(loaded, Path("checked.parquet"))
    return loaded


def _check_out(out: Path, paths: Sequence[Path]) -> None:
    if out.suffix.lower() not in ENDINGS:
        raise InputError(f"--out {out} must end in .parquet or .csv")
    if out.is_dir() or not out.parent.is_dir():
        raise InputError(f"--out {out} must be a file in a folder that exists")
    for path in paths:
        if path.exists() and out.exists() and path.samefile(out):
            raise InputError(f"--out {out} is the source itself; write to another file")


def _refuse(loaded: Loaded) -> None:
    report = loaded.report
    if not report.errors:
        return
    errors = [finding for finding in report.findings if finding.severity is Outcome.ERROR]
    told = "\n  ".join(str(finding) for finding in errors[:MOST_ERRORS_TOLD])
    more = report.errors - min(len(errors), MOST_ERRORS_TOLD)
    errors_told = "1 error" if report.errors == 1 else f"{report.errors:,} errors"
    tail = f"\n  and {more} more; gridpact data validate lists them" if more else ""
    raise ImportRefusedError(f"nothing was written; {errors_told}:\n  {told}{tail}", report)


def _frames(loaded: Loaded, out: Path) -> tuple[pd.DataFrame, dict[Path, pd.DataFrame]]:
    kind = loaded.importer.kind if loaded.importer is not None else Kind.PRICES
    if kind is Kind.PRICES:
        return price_frame(loaded), {}
    if kind is Kind.PROFILES:
        stem = slug(Path(loaded.sources[0].name).stem)
        return profile_frame(loaded, prefix=stem), {}
    fleet = fleet_frame(loaded.sessions, loaded.report)
    return session_frame(loaded.sessions), {out.with_name(f"{out.name}.fleet.csv"): fleet}


def _provenance(loaded: Loaded, *, rows: int) -> dict[str, Any]:
    """Where the data come from and what was done to them; no clock, so that equal imports give equal bytes."""
    return {
        "schema": SCHEMA,
        "version": version("gridpact"),
        "importer": "" if loaded.importer is None else loaded.importer.name,
        "sources": [{"name": one.name, "sha256": one.sha256, "bytes": one.size} for one in loaded.sources],
        "options": {name: _plain(value) for name, value in loaded.options.named().items()},
        "timezone": None if loaded.zone is None else loaded.zone.key,
        "notes": {name: value for name, value in loaded.drafts.notes.items() if value},
        "series": [
            {
                "name": series.name,
                "measures": series.quantity.value,
                "source_column": series.draft.column,
                "source_unit": series.draft.unit,
                "step_s": series.step_s,
                "readings": len(series.draft.times),
            }
            for series in loaded.series
        ],
        "rows": rows,
        "changes": [change.plain() for change in loaded.report.changes],
        "findings": {f"{code}:{severity.value}": n for (code, severity), n in sorted(loaded.report.counts.items())},
    }


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _price_check(loaded: Loaded, frame: pd.DataFrame) -> bool:
    """Whether the file must be one that `read_prices` takes."""
    prices = loaded.importer is not None and loaded.importer.kind is Kind.PRICES
    return prices and all("_usd_per_" in str(column) for column in frame.columns)


def _write(frame: pd.DataFrame, out: Path, provenance: dict[str, Any], *, check: bool) -> list[Path]:
    text = json.dumps(provenance, indent=1, sort_keys=True)
    with beside(out) as part:
        indexed = frame.index.name is not None
        if out.suffix.lower() == ".parquet":
            named = frame.reset_index() if indexed else frame
            table = pa.Table.from_pandas(named, preserve_index=False)
            table = table.replace_schema_metadata({**(table.schema.metadata or {}), METADATA_KEY: text.encode()})
            pq.write_table(table, part, compression="zstd")
        else:
            frame.to_csv(part, index=indexed, date_format="%Y-%m-%dT%H:%M:%SZ", lineterminator="\n")
        if check:
            read_prices(part)
    written = [out]
    if out.suffix.lower() == ".csv":
        origin = out.with_name(f"{out.name}.provenance.json")
        _replace(origin, f"{text}\n".encode())
        written.append(origin)
    return written


def _replace(path: Path, content: bytes) -> None:
    with beside(path) as part:
        part.write_bytes(content)


def provenance_of(path: Path) -> dict[str, Any] | None:
    """The provenance that an import left in or beside ``path``; None where there is none."""
    try:
        if path.suffix.lower() == ".parquet":
            content = read_bytes(path, most_bytes=MAX_FILE_BYTES)
            raw = (check_parquet(content, where=str(path), limits=PARQUET_LIMITS).schema.metadata or {}).get(
                METADATA_KEY
            )
        else:
            raw = read_bytes(path.with_name(f"{path.name}.provenance.json"), most_bytes=MOST_DOCUMENT_BYTES)
        found = None if raw is None else parse_json(raw)
    except InputError:
        return None
    return found if isinstance(found, dict) else None
