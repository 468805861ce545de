"""Market prices over the network, through gridstatus: in this environment, or in another Python's."""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from gridpact.data.importers.convert import Imported, import_files
from gridpact.data.importers.options import ImportOptions
from gridpact.errors import GridpactError, InputError, MissingDataError
from gridpact.operation import gridstatus_worker
from gridpact.operation.redaction import redact

DEFAULT_MARKET = "DAY_AHEAD_HOURLY"
LONGEST_S = 1800
_HOW = (
    "pip install 'gridpact[fetch]' in an environment of its own (gridstatus needs pandas below 3), and run gridpact "
    "there, or give that environment's Python with --python"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """What to fetch."""

    iso: str
    dataset: str
    """lmp, spp or as."""
    start: str
    """First local day."""
    end: str
    """Day after the last."""
    market: str | None = None
    locations: Sequence[str] = ()
    python: Path | None = None
    """Python of another environment that has gridstatus."""


class FetchFailedError(GridpactError):
    """gridstatus or the network did not give the data."""


def fetch_prices(request: FetchRequest, *, out: Path, options: ImportOptions | None = None) -> Imported:
    """Fetch prices and import them into ``out`` as any gridstatus file.

    Raises:
        InputError: the request is not one that gridstatus has, or the answer has errors.
        MissingDataError: gridstatus is not installed.
        FetchFailedError: gridstatus or the network failed.
    """
    asked = _checked(request)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"gridstatus_{request.iso}_{request.dataset}.csv"
        if request.python is None:
            _fetch_here(asked, file)
        else:
            _fetch_there(asked, file, request.python)
        if not file.is_file() or not file.stat().st_size:
            raise FetchFailedError("gridstatus answered nothing; check the dates and the location")
        wanted = options or ImportOptions()
        return import_files(
            [file], out=out, kind="gridstatus", options=replace(wanted, locations=tuple(request.locations))
        )


def _checked(request: FetchRequest) -> dict[str, object]:
    if request.iso not in gridstatus_worker.CLASSES:
        raise InputError(f"{request.iso!r} is not one of {', '.join(gridstatus_worker.CLASSES)}")
    if request.dataset not in gridstatus_worker.DATASETS:
        raise InputError(f"{request.dataset!r} is not one of {', '.join(gridstatus_worker.DATASETS)}")
    days = []
    for flag, text in (("--start", request.start), ("--end", request.end)):
        try:
            days.append(date.fromisoformat(text))
        except ValueError:
            raise InputError(f"{flag} {text!r} is not a day such as 2023-08-14") from None
    if days[1] <= days[0]:
        raise InputError(f"--end {request.end} must be after --start {request.start}")
    market = None if request.dataset == "as" else request.market or DEFAULT_MARKET
    return {
        "iso": request.iso,
        "dataset": request.dataset,
        "start": request.start,
        "end": request.end,
        "market": market,
        "locations": list(request.locations),
    }


def _fetch_here(asked: dict[str, object], file: Path) -> None:
    try:
        gridstatus_worker.fetch(asked, file)
    except ImportError as problem:
        raise MissingDataError(f"gridstatus is not installed here ({problem}); {_HOW}") from None
    except GridpactError:
        raise
    except Exception as problem:
        raise FetchFailedError(f"gridstatus: {_one_line(str(problem)) or type(problem).__name__}") from problem


def _fetch_there(asked: dict[str, object], file: Path, python: Path) -> None:
    if not python.is_file():
        raise MissingDataError(f"--python {python} is not a file")
    order = file.with_suffix(".json")
    order.write_text(json.dumps(asked), encoding="utf-8")
    try:
        done = subprocess.run(  # noqa: S603 - the user names the interpreter
            [str(python), str(Path(gridstatus_worker.__file__)), str(order), str(file)],
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as problem:
        raise FetchFailedError(f"{python}: {_one_line(str(problem))}") from None
    if done.returncode:
        said = _one_line(next(iter(done.stderr.strip().splitlines()[-1:]), f"exit {done.returncode}"))
        if "ModuleNotFoundError" in said or "ImportError" in said:
            raise MissingDataError(f"{python} has no gridstatus ({said}); {_HOW}")
        raise FetchFailedError(f"gridstatus: {said}")


def _one_line(text: str) -> str:
    return " ".join(redact(text).split())[:300]
