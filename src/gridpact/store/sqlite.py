"""A SQLite file as a store's database."""

import contextlib
import fcntl
import glob
import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from gridpact.errors import CorruptLogError, EventConflictError, StoreError
from gridpact.store.database import Database
from gridpact.store.versions import make_tables

APPLICATION_ID = 0x47524450
"""Bytes 68 to 71 of the file, "GRDP": tells a store from other SQLite files."""
PATIENCE_S = 10.0
"""How long a lock of another process is waited for."""
_PAGE_BYTES = 16384
_CHECKPOINT_PAGES = 4000
"""64 MiB of new pages are collected before they are moved into the main file."""

_ON_CONNECT = (
    "PRAGMA synchronous=FULL",
    "PRAGMA fullfsync=ON",
    "PRAGMA checkpoint_fullfsync=ON",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
    "PRAGMA cell_size_check=ON",
    "PRAGMA trusted_schema=OFF",
    f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}",
    f"PRAGMA journal_size_limit={_PAGE_BYTES * _CHECKPOINT_PAGES}",
)


class SqliteDatabase(Database):
    """One file with its write-ahead log beside it; writers wait for each other, readers wait for nobody."""

    def __init__(self, path: Path, *, patience_s: float = PATIENCE_S) -> None:
        """Open the file at ``path``; one that is not there is made first, with every table.

        Raises:
            StoreError: it cannot be made or opened, or it is another program's.
            CorruptLogError: it is damaged.
        """
        self.path = path
        self.name = f"store {path}"
        self._patience_s = patience_s
        engine = _engine(path, patience_s)
        self.reader = engine.execution_options(gridpact_begin="BEGIN")
        self.writer = engine.execution_options(gridpact_begin="BEGIN IMMEDIATE")
        try:
            self._open()
        except BaseException:
            engine.dispose()
            raise

    def _open(self) -> None:
        path = self.path
        try:
            if not path.exists():
                _create(path, self._patience_s)
            if path.is_dir():
                raise StoreError(f"{path} is a folder; name a file in it")
            self._beside = path.resolve()
            found = path.stat()
        except OSError as problem:
            raise StoreError(f"{self.name} cannot be opened: {problem.strerror}") from problem
        except (sqlite3.Error, SQLAlchemyError) as problem:
            raise self.explained(problem, None) from problem
        # SQLite itself takes an empty file for a new database.
        if not found.st_size:
            raise CorruptLogError(f"{self.name} is empty; restore it from a copy, or delete it to begin a new one")
        self._file = (found.st_dev, found.st_ino)
        # Only SQLite opens the file: as Python closed it, the locks of this process's other stores on it would end.
        with self.reading() as connection:
            if connection.exec_driver_sql("PRAGMA application_id").scalar() != APPLICATION_ID:
                raise StoreError(
                    f"{path} is a database of another program, or its beginning is damaged; name another file, or "
                    "restore it"
                )

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """See `Database`; what is written to a file that was deleted meanwhile would be lost."""
        try:
            found = self.path.stat()
        except OSError as problem:
            raise StoreError(f"{self.name} cannot be found: {problem.strerror}; nothing was changed") from problem
        if (found.st_dev, found.st_ino) != self._file:
            raise StoreError(f"{self.name} was replaced by another file; open it again; nothing was changed")
        with super().changing() as connection:
            yield connection

    def meaning(self, problem: DBAPIError) -> StoreError:
        """See `Database`."""
        origin = problem.orig
        code = getattr(origin, "sqlite_errorcode", None)
        text = str(origin)
        if code == sqlite3.SQLITE_NOTADB:
            return CorruptLogError(
                f"{self.name} is not a database, or its beginning is damaged; name another file, or restore it from a "
                "copy"
            )
        if code is None or code in _DAMAGE_CODES or code & 0xFF in _DAMAGE_CODES:
            return CorruptLogError(f"{self.name} is damaged ({text}); restore it from a copy")
        return StoreError(f"{self.name} {_WORDS.get(code & 0xFF, _OTHERWISE).format(text=text, s=self._patience_s)}")

    def undone(self, problem: Exception) -> bool:
        """See `Database`.

        A failed write leaves the transaction without its last page, and SQLite will pass over it. After a failed
        sync all pages are there, so the write-ahead log is emptied, and with it what was not kept.
        """
        if isinstance(problem, DBAPIError) and getattr(problem.orig, "sqlite_errorcode", None) in _WRITE_CODES:
            return True
        try:
            return self._emptied_log()
        except (sqlite3.Error, SQLAlchemyError):
            return False

    def take_turns(self, connection: Connection) -> None:
        """See `Database`: SQLite has one writer at a time anyway."""

    @contextmanager
    def sole_writer(self, run_id: str) -> Iterator[None]:
        """See `Database`: a lock of the operating system on a file of the run, which ends with its process."""
        path = self._beside.with_name(f"{self._beside.name}-{hashlib.sha256(run_id.encode()).hexdigest()[:16]}.lock")
        try:
            handle = _locked(path)
        except OSError as problem:
            raise StoreError(f"{path} cannot be locked: {problem.strerror}") from problem
        if handle is None:
            raise EventConflictError(
                f"run {run_id} of {self.name} is being written by process {_holder(path)}; "
                "wait until it ends, or stop it"
            )
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                path.unlink()
            _held.discard(handle)
            os.close(handle)

    def scrub(self) -> None:
        """See `Database`: the main file is written anew without free pages, and the write-ahead log is emptied."""
        left = (
            f"{self.name}: the words are deleted, but another process still reads the store, and its files may hold "
            "pieces of them; end that process and forget the owner again"
        )
        try:
            emptied = self._emptied_log(vacuum=True)
        except DBAPIError as problem:
            if getattr(problem.orig, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise StoreError(left) from problem
            raise
        if not emptied:
            raise StoreError(left)

    def files(self) -> tuple[Path, ...]:
        """See `Database`: the main file, what SQLite puts beside it, and what a killed process left of a new one."""
        beside = self.path.parent.glob(f"{glob.escape(self.path.name)}-*")
        making = self.path.parent.glob(f".{glob.escape(self.path.name)}.*")
        return (self.path, *sorted(path for path in (*beside, *making) if path.is_file()))

    def _emptied_log(self, *, vacuum: bool = False) -> bool:
        """Move every page into the main file and cut the write-ahead log to nothing; False if a reader hinders it."""
        engine = self.writer.execution_options(gridpact_begin=None)
        with engine.connect() as connection:
            # A reader of an old state would only make VACUUM's copy wait behind it: look first.
            busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
            if vacuum and not busy:
                connection.exec_driver_sql("VACUUM")
                busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
        return not busy


_DAMAGE_CODES = frozenset(
    (
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_ERROR,  # a table or column that every store has is not there
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_TOOBIG,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_IOERR_SHORT_READ,
        sqlite3.SQLITE_IOERR_CORRUPTFS,
    )
)
_WRITE_CODES = frozenset((sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE))
_OTHERWISE = "could not be used: {text}"
_WORDS = {
    sqlite3.SQLITE_FULL: "could not be written: the disk is full; make room and try again",
    sqlite3.SQLITE_READONLY: "cannot be written: the file or its folder is read-only; allow writing to both",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened ({text}); allow reading and writing of the file and its folder",
    sqlite3.SQLITE_PERM: "cannot be opened: no permission",
    sqlite3.SQLITE_AUTH: "cannot be opened: no permission",
    sqlite3.SQLITE_IOERR: "could not be read or written: the disk reports an error ({text}); check the disk",
    sqlite3.SQLITE_BUSY: "is locked by another process for more than {s:g} s; try again when that has ended",
    sqlite3.SQLITE_LOCKED: "is locked by another process for more than {s:g} s; try again when that has ended",
    sqlite3.SQLITE_NOMEM: "could not be read: no memory left, or the file is damaged",
}


def _prepare(connection: Any, record: Any) -> None:
    """Set a new connection up; transactions begin where `_begin` says so, not where the driver guesses."""
    del record
    connection.isolation_level = None
    for pragma in _ON_CONNECT:
        connection.execute(pragma)


def _begin(connection: Connection) -> None:
    statement = connection.get_execution_options().get("gridpact_begin")
    if statement is not None:
        connection.exec_driver_sql(statement)


def _create(path: Path, patience_s: float) -> None:
    """Make the file complete under another name first: an empty or half-made store is then always damage."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise StoreError(f"{path.parent} is a file; name a folder for {path.name}") from None
    making = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        os.close(os.open(making, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with _bare(making, patience_s) as bare:
            bare.execute(f"PRAGMA page_size={_PAGE_BYTES}")
            bare.execute(f"PRAGMA application_id={APPLICATION_ID}")
        engine = _engine(making, patience_s)
        try:
            with engine.execution_options(gridpact_begin="BEGIN IMMEDIATE").begin() as connection:
                make_tables(connection)
        finally:
            engine.dispose()
        # Last, so that all tables stand in the main file: the name that is given to it below is given to no other.
        with _bare(making, patience_s) as bare:
            bare.execute("PRAGMA synchronous=FULL")
            bare.execute("PRAGMA journal_mode=WAL")
        with contextlib.suppress(FileExistsError):  # another process was faster
            _name_finally(making, path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        for ending in ("", "-journal", "-wal", "-shm"):
            making.with_name(f"{making.name}{ending}").unlink(missing_ok=True)


@contextmanager
def _bare(path: Path, patience_s: float) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(path, timeout=patience_s, isolation_level=None)) as connection:
        yield connection


def _engine(path: Path, patience_s: float) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": patience_s, "check_same_thread": False},
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _name_finally(making: Path, path: Path) -> None:
    try:
        os.link(making, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        making.rename(path)


def _locked(path: Path) -> int | None:
    """Handle of a locked file at ``path`` with this process's number in it; None where another holds the lock."""
    while True:
        handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            try:  # the one before removes the file as it leaves
                same = os.stat(path).st_ino == os.fstat(handle).st_ino
            except FileNotFoundError:
                same = False
            if same:
                os.ftruncate(handle, 0)
                os.pwrite(handle, str(os.getpid()).encode(), 0)
                _held.add(handle)
                return handle
        except BlockingIOError:
            os.close(handle)
            return None
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _holder(path: Path) -> str:
    try:
        said = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        said = ""
    return f"{said} (this one)" if said == str(os.getpid()) else said or "unknown"


_held: set[int] = set()
"""Handles of locked files."""


def _let_go_in_child() -> None:
    """A forked process would keep its parent's locks alive after the parent's death."""
    for handle in _held:
        os.close(handle)
    _held.clear()


os.register_at_fork(after_in_child=_let_go_in_child)
