"""A run folder: written whole or not at all, and read back file by file."""

import errno
import glob
import hashlib
import io
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from gridpact.data.files import checked_member, read_member
from gridpact.data.json_text import parse_json
from gridpact.data.limits import (
    MOST_EVENTS_BYTES,
    MOST_LEDGER_BYTES,
    MOST_PERFORMANCE_BYTES,
    MOST_REPORT_BYTES,
    MOST_RESULT_BYTES,
    MOST_RUN_TABLE_BYTES,
)
from gridpact.errors import InputError, MissingDataError, StoreError
from gridpact.results import exchange
from gridpact.results.events import EventKind, read_events
from gridpact.results.plain import pretty
from gridpact.results.result import SCHEMA, RunResult
from gridpact.results.tables import FORMS, RESERVATIONS, read_table, write_table
from gridpact.settlement.ledger import LEDGER_COLUMNS, Ledger

UNSEALED_FILES = ("events.jsonl", "performance.json", "report.html")
"""Files that the log's ``files_written`` does not cover."""
SEALED_FILES = ("result.json", "ledger.csv", *(form.file for form in FORMS.values()))
RUN_FILES = (*SEALED_FILES, *UNSEALED_FILES)
"""Every file of a run folder; there are no others."""
MOST_BYTES = {
    **{form.file: MOST_RUN_TABLE_BYTES for form in FORMS.values()},
    "result.json": MOST_RESULT_BYTES,
    "ledger.csv": MOST_LEDGER_BYTES,
    "events.jsonl": MOST_EVENTS_BYTES,
    "performance.json": MOST_PERFORMANCE_BYTES,
    "report.html": MOST_REPORT_BYTES,
}
"""How long each file may be."""
STALE_AFTER_S = 86_400.0
"""A temporary folder older than this was left by a killed run and is removed by the next."""
_HARMLESS = {".DS_Store", "Thumbs.db"}


class RunContent(ABC):
    """The files of one run, wherever they lie."""

    @property
    @abstractmethod
    def path(self) -> Path:
        """Where the folder is, or will be."""

    @abstractmethod
    def read(self, file: str) -> bytes:
        """Content of one of ``RUN_FILES``; raises MissingDataError where it is not there."""

    @property
    def result(self) -> dict[str, Any]:
        """Content of ``result.json``."""
        return _parse_result(self.read("result.json"), source=f"{self.path / 'result.json'}")

    def result_json(self) -> str:
        """Text of ``result.json``."""
        return self.read("result.json").decode("utf-8")

    def table(self, name: str, *, home_id: str | None = None) -> pd.DataFrame:
        """A Parquet file by its name without ending, such as ``dispatch``; with ``home_id`` that home's rows only.

        Raises:
            InputError: there is no such table, or its file is damaged.
        """
        if name not in FORMS:
            raise InputError(f"a run has no table {name!r}; it has {', '.join(FORMS)}")
        where = str(self.path / FORMS[name].file)
        return read_table(self.read(FORMS[name].file), name, source=where, home_id=home_id)

    def reservations(self) -> pd.DataFrame:
        """Private costs; for auditors and the run's own referee, never for an agent or a report."""
        return self.table(RESERVATIONS)

    def ledger(self) -> pd.DataFrame:
        """``ledger.csv`` with amounts as integers and other cells as text."""
        where = self.path / "ledger.csv"
        try:
            content, header = self.read("ledger.csv"), ",".join(LEDGER_COLUMNS).encode()
            if content[: len(header) + 1].rstrip(b"\r\n") != header:
                raise ValueError(f"its header is not {header.decode()}")
            frame = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
            frame["amount_microusd"] = frame["amount_microusd"].map(int).astype("int64")
        except (ValueError, OverflowError) as problem:
            raise InputError(f"{where} is not a ledger: {problem}") from problem
        return frame

    def events(self) -> list[dict[str, Any]]:
        """Rows of ``events.jsonl``; raises CorruptLogError where the chain is broken."""
        return read_events(self.read("events.jsonl"), source=str(self.path / "events.jsonl"))

    def performance(self) -> dict[str, Any]:
        """Content of ``performance.json``."""
        where = self.path / "performance.json"
        try:
            content: dict[str, Any] = parse_json(self.read("performance.json"))
        except ValueError as problem:
            raise InputError(f"{where} is not JSON: {problem}") from problem
        return content


class RunFiles(RunContent):
    """The sealed files of a run that is about to be written: what a report is drawn from."""

    def __init__(self, path: Path, files: Mapping[str, bytes]) -> None:
        self._path = path
        self._files = dict(files)

    @classmethod
    def encode(cls, path: Path, *, result: RunResult, tables: Mapping[str, pd.DataFrame], ledger: Ledger) -> "RunFiles":
        """Everything that the log seals, as bytes.

        Args:
            path: where the folder will be.
            result: the run's result.
            tables: a frame for every name in ``FORMS``.
            ledger: the run's books.

        Raises:
            StoreError: a table is missing, unknown or does not fit the contract.
        """
        if set(tables) != set(FORMS):
            raise StoreError(f"a run has the tables {', '.join(FORMS)}; got {', '.join(tables)}")
        homes = [str(home) for home in tables["fleet"]["home_id"]]
        opportunities = [record.id for record in result.opportunities]
        files = {"result.json": result.to_json().encode("utf-8"), "ledger.csv": ledger.to_csv().encode("utf-8")}
        for name, form in FORMS.items():
            files[form.file] = write_table(tables[name], name, home_ids=homes, opportunity_ids=opportunities)
        return cls(path, files)

    @property
    def path(self) -> Path:
        """Where the folder will be."""
        return self._path

    def read(self, file: str) -> bytes:
        """Content of one file."""
        if file not in self._files:
            raise MissingDataError(f"{file} of this run is not there yet")
        return self._files[file]

    def digests(self) -> dict[str, str]:
        """SHA-256 of every sealed file, for the log's ``files_written``."""
        return {file: hashlib.sha256(self._files[file]).hexdigest() for file in sorted(SEALED_FILES)}

    def write(self, *, events: bytes, performance: Mapping[str, Any], report_html: str) -> "RunFolder":
        """Write the folder whole, ``events`` being the log's lines; see `write_folder`."""
        write_folder(
            self._path,
            {
                **self._files,
                "events.jsonl": events,
                "performance.json": pretty(performance).encode("utf-8"),
                "report.html": report_html.encode("utf-8"),
            },
        )
        return RunFolder.open(self._path)


class RunFolder(RunContent):
    """A run folder on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def open(cls, path: str | Path) -> "RunFolder":
        """The run in ``path``; its files are read when asked for.

        Raises:
            MissingDataError: there is no such folder, or it holds no ``result.json``.
            InputError: it is not a run folder of a version that this gridpact reads.
        """
        folder = cls(Path(path))
        if not folder.path.is_dir():
            aside = exchange.set_aside(folder.path)
            hint = f"; a run that was being replaced lies in {aside}" if aside else ""
            raise MissingDataError(f"{path} is not a folder; give the folder of a finished run{hint}")
        _parse_result(folder.read("result.json"), source=str(folder.path / "result.json"))
        return folder

    @property
    def path(self) -> Path:
        """Where the folder is."""
        return self._path

    def read(self, file: str) -> bytes:
        """Content of one file, which lies in the folder itself: links are not followed.

        Raises:
            MissingDataError: it is not there.
            InputError: it is no file of a run, a link or no plain file, longer than is read, or cannot be read.
        """
        if file not in MOST_BYTES:
            raise InputError(f"a run has no file {file!r}; it has {', '.join(RUN_FILES)}")
        try:
            return read_member(self._path, file, most_bytes=MOST_BYTES[file])
        except MissingDataError:
            raise MissingDataError(f"{self._path / file} is missing; this is not a whole run folder") from None

    def check_seals(self) -> None:
        """Compare every sealed file with the digest that the run's log holds of it.

        Raises:
            CorruptLogError: the log itself is damaged.
            InputError: a file is not the one that the run wrote.
        """
        written = [row["payload"] for row in self.events() if row["kind"] == EventKind.FILES_WRITTEN]
        digests = written[-1].get("sha256") if written and isinstance(written[-1], dict) else None
        digests = digests if isinstance(digests, dict) else {}
        for file in SEALED_FILES:
            if hashlib.sha256(self.read(file)).hexdigest() != digests.get(file):
                raise InputError(
                    f"{self._path / file} is not the file that the run wrote; restore the folder from a copy"
                )


def check_destination(path: str | Path) -> None:
    """Raise where a run could not be written to ``path``: before hours of work, not after.

    Raises:
        InputError: it is a file, or a folder with content that is not a run's.
    """
    _destination(Path(path))


def write_folder(path: str | Path, files: Mapping[str, bytes]) -> None:
    """Write a run folder whole: a reader sees the old folder, or the new one, never a mixture.

    Everything goes to a temporary folder beside ``path``, is flushed to disk and takes its place in one step. A run
    folder that is there already is replaced; whatever goes wrong before that leaves it as it was.

    Args:
        path: the folder. Folders above it are made where missing.
        files: content of every one of ``RUN_FILES``.

    Raises:
        InputError: ``path`` is a file, or a folder with content that is not a run's.
        StoreError: files are missing or unknown, the disk is full, or the folder cannot be written.
    """
    if set(files) != set(RUN_FILES):
        missing, unknown = sorted(set(RUN_FILES) - set(files)), sorted(set(files) - set(RUN_FILES))
        raise StoreError(f"a run folder needs the files {missing} and does not know {unknown}")
    target = _destination(Path(path))
    temporary = target.parent / f".{target.name}.tmp-{os.urandom(6).hex()}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir()
        _remove_stale(target, temporary)
        exchange.put_back(target)
        for file, content in files.items():
            _write_file(temporary / file, content)
        for folder in sorted({(temporary / file).parent for file in files}, reverse=True):
            _flush_folder(folder)
        exchange.into_place(temporary, target)
        _flush_folder(target.parent)
    except OSError as problem:
        raise StoreError(_why(problem, target)) from problem
    finally:
        # The unfinished folder, or the old one that has just been replaced.
        shutil.rmtree(temporary, ignore_errors=True)


def _destination(path: Path) -> Path:
    """``path`` without links, checked."""
    advice = "nothing was written. Give an empty or new folder"
    try:
        target = path.resolve()
        for folder in (target, *target.parents):
            if folder.exists() and not folder.is_dir():
                raise InputError(f"{folder} is a file, so {path} cannot be a run folder; {advice}")
        present = sorted(item.name for item in target.iterdir()) if target.exists() else []
        if "private" in present and (target / "private").is_dir() and not (target / "private").is_symlink():
            present.remove("private")
            present += sorted(f"private/{item.name}" for item in (target / "private").iterdir())
    except (OSError, RuntimeError, ValueError) as problem:
        if isinstance(problem, InputError):
            raise
        raise InputError(f"{path} cannot be used for a run: {problem}") from problem
    strange = [file for file in present if file not in (*RUN_FILES, "private") and Path(file).name not in _HARMLESS]
    if strange:
        raise InputError(f"{path} holds {strange[0]}, which is no file of a run; {advice}")
    for item in present:
        checked_member(target, item)
    for item in present:
        checked_member(target, item)
    if present and not _is_run(target):
        raise InputError(f"{path} has content but no result.json of a run; {advice}")
    return target


def _is_run(folder: Path) -> bool:
    try:
        content = parse_json(read_member(folder, "result.json", most_bytes=MOST_RESULT_BYTES))
    except InputError:
        return False
    return isinstance(content, dict) and str(content.get("schema", "")).startswith(SCHEMA.split("/")[0] + "/")


def _parse_result(content: bytes, *, source: str) -> dict[str, Any]:
    try:
        result = parse_json(content)
    except InputError as problem:
        raise InputError(f"{source} is not JSON that is read: {problem}") from None
    schema = result.get("schema") if isinstance(result, dict) else None
    if schema != SCHEMA:
        raise InputError(f"{source} has schema {schema!r}; this version of gridpact reads {SCHEMA!r}")
    needed = ("run", "opportunities", "outcome", "outcomes", "coalition", "bid", "clearing", "delivery", "settlement")
    missing = [key for key in needed if key not in result]
    if missing:
        raise InputError(f"{source} lacks {', '.join(missing)}; it is not the result of a whole run")
    return dict(result)


def _write_file(path: Path, content: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as problem:
        # Some file systems have no such call for folders; their renames are as durable as they get.
        if problem.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(handle)


def _remove_stale(target: Path, temporary: Path) -> None:
    """Remove what killed runs left beside ``target``, by the file system's own clock."""
    now = temporary.stat().st_mtime
    for left in target.parent.glob(f".{glob.escape(target.name)}.tmp-*"):
        try:
            old = now - left.stat().st_mtime > STALE_AFTER_S
        except OSError:
            continue
        if old and left != temporary:
            shutil.rmtree(left, ignore_errors=True)


def _why(problem: OSError, target: Path) -> str:
    place = f"the run could not be written to {target}"
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full: {place}; nothing was changed there. Free space, or give another folder"
    return f"{place}: {problem.strerror or problem}; nothing was changed there"
