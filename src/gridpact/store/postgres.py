"""A PostgreSQL database as a store's database."""

import contextlib
import hashlib
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from gridpact.errors import CorruptLogError, EventConflictError, StoreError
from gridpact.store.database import Database
from gridpact.store.schema import VERSION_TABLE
from gridpact.store.versions import make_tables

PATIENCE_S = 10.0
"""How long a connection, or a lock of another session, is waited for."""
_ADDRESS = "postgresql://USER@HOST/DATABASE"
_MAKING, _TURN = 0x67726470_00000001, 0x67726470_00000002
"""Advisory locks, "grdp" and a number: making the tables, and what counts over all runs or owners."""


class PostgresDatabase(Database):
    """A database of its own on a server."""

    def __init__(self, address: str, *, patience_s: float = PATIENCE_S) -> None:
        """Connect to the server; an empty database gets every table.

        Raises:
            StoreError: the address is wrong, the driver is not installed, or the server cannot be used.
        """
        url = _read(address)
        self.name = f"store {_shown(url)}"
        self._secrets = _passwords(url)
        self._patience_s = patience_s
        try:
            import psycopg  # noqa: F401
        except ImportError:
            raise StoreError(
                f"{self.name} needs the PostgreSQL driver, which is not installed; run: "
                "pip install 'gridpact[postgres]'"
            ) from None
        settings: dict[str, Any] = {
            "connect_timeout": max(2, round(patience_s)),
            "application_name": f"gridpact on {socket.gethostname()} process {os.getpid()}"[:63],
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
        }
        engine = create_engine(
            url,
            connect_args={name: value for name, value in settings.items() if name not in url.query},
            pool_pre_ping=True,
            hide_parameters=True,
        )
        event.listen(engine, "connect", self._prepare)
        self.reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self.writer = engine.execution_options(isolation_level="READ COMMITTED")
        try:
            self._make_if_empty()
        except BaseException:
            engine.dispose()
            raise

    def meaning(self, problem: DBAPIError) -> StoreError:
        """See `Database`."""
        origin = problem.orig
        state = getattr(origin, "sqlstate", None)
        said = self._redacted(origin)
        if state is None:
            if problem.connection_invalidated:
                return StoreError(f"{self.name}: the connection was lost ({said}); try again when the server is back")
            return StoreError(f"{self.name} cannot be reached ({said}); check the address, and that the server runs")
        if state in _DAMAGE_STATES or state.startswith("23"):  # a row stands where none should
            return CorruptLogError(f"{self.name} is damaged ({said}); restore it from a copy")
        for start, words in _WORDS:
            if state.startswith(start):
                return StoreError(f"{self.name} {words.format(said=said, s=self._patience_s)}")
        return StoreError(f"{self.name} could not be used: {said} (SQLSTATE {state})")

    def undone(self, problem: Exception) -> bool:
        """See `Database`: a server that could still answer has rolled the transaction back."""
        if not isinstance(problem, DBAPIError) or problem.connection_invalidated:
            return False
        state = getattr(problem.orig, "sqlstate", None)
        return state is not None and not state.startswith(("08", "57P"))

    def take_turns(self, connection: Connection) -> None:
        """See `Database`."""
        connection.execute(_WAIT_FOR_LOCK, {"lock": _TURN})

    @contextmanager
    def sole_writer(self, run_id: str) -> Iterator[None]:
        """See `Database`: an advisory lock, which the server lets go of with its connection."""
        lock = int.from_bytes(hashlib.sha256(b"gridpact run " + run_id.encode()).digest()[:8], "big", signed=True)
        with self.told(None):
            connection = self.writer.connect().execution_options(isolation_level="AUTOCOMMIT")
            connection.detach()
        try:
            with self.told(None):
                if not connection.execute(_TRY_LOCK, {"lock": lock}).scalar():
                    holder = connection.execute(_HOLDER, {"lock": lock}).scalar() or "another process"
                    raise EventConflictError(
                        f"run {run_id} of {self.name} is being written by {holder}; wait until it ends, or stop it"
                    )
            try:
                yield
            finally:
                with contextlib.suppress(SQLAlchemyError):
                    connection.execute(_UNLOCK, {"lock": lock})
        finally:
            with contextlib.suppress(SQLAlchemyError):
                connection.close()

    def scrub(self) -> None:
        """See `Database`: the tables of words are written anew. Archives of the server are its keeper's business."""
        warnings: list[str] = []
        with self.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            self._wait_for_old_readers(connection)
            driver: Any = connection.connection.driver_connection

            def note(diagnostic: Any) -> None:
                if diagnostic.sqlstate != "00000":
                    warnings.append(str(diagnostic.message_primary))

            driver.add_notice_handler(note)
            try:
                connection.exec_driver_sql("VACUUM (FULL) texts, secrets")
            finally:
                driver.remove_notice_handler(note)
        if warnings:
            raise StoreError(
                f"{self.name}: the words are deleted, but pieces may be left in files of the server "
                f"({warnings[0]}); let the owner of the tables run: VACUUM FULL texts, secrets"
            )

    def _wait_for_old_readers(self, connection: Connection) -> None:
        """Until no transaction can see what was deleted: VACUUM would keep it for that one."""
        mark = connection.execute(text("SELECT CAST(CAST(pg_current_xact_id() AS xid) AS text)")).scalar()
        deadline = time.monotonic() + self._patience_s
        while connection.execute(_OLD_READERS, {"mark": mark}).scalar():
            if time.monotonic() > deadline:
                raise StoreError(
                    f"{self.name}: the words are deleted, but another session still reads the database as it was, "
                    "and the server keeps them for it; end that session and forget the owner again"
                )
            time.sleep(0.05)

    def _make_if_empty(self) -> None:
        with self.changing() as connection:
            encoding = connection.execute(text("SHOW server_encoding")).scalar()
            if encoding != "UTF8":
                raise StoreError(f"{self.name} is encoded in {encoding}; make one with ENCODING 'UTF8'")
            if not inspect(connection).has_table(VERSION_TABLE):
                connection.execute(_WAIT_FOR_LOCK, {"lock": _MAKING})
                if not inspect(connection).has_table(VERSION_TABLE):
                    make_tables(connection)

    def _prepare(self, connection: Any, record: Any) -> None:
        """Set a new connection up: waits end, and what was confirmed is on the server's disk."""
        del record
        connection.autocommit = True
        connection.execute(f"SET lock_timeout = {round(self._patience_s * 1000)}")
        connection.execute(
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )
        connection.autocommit = False

    def _redacted(self, origin: object) -> str:
        said = "; ".join(line.strip() for line in str(origin).splitlines() if line.strip())
        for secret in self._secrets:
            said = said.replace(secret, "***")
        return said or type(origin).__name__


_DAMAGE_STATES = frozenset(
    (
        "XX001",  # data_corrupted
        "XX002",  # index_corrupted
        "42P01",  # undefined_table
        "42703",  # undefined_column
    )
)
_WORDS = (
    ("53100", "could not be written: the server's disk is full; make room and try again"),
    ("53", "could not be used: the server is out of resources ({said}); try again later"),
    ("58", "could not be read or written: the server reports an error of its system ({said}); check its disk"),
    ("25006", "cannot be written: it is read-only (a standby server?); name the primary server"),
    ("42501", "cannot be used: no permission ({said}); grant it to the user"),
    ("42P07", "holds tables of another program; give gridpact a database of its own"),
    ("28", "cannot be opened: the server refuses the user ({said}); check user and password"),
    ("3D000", "is not there ({said}); make it with: createdb"),
    ("55P03", "is locked by another process for more than {s:g} s; try again when that has ended"),
    ("40", "was changed by another process at the same time; try again"),
    ("57P", "is not available: the server stops or starts ({said}); try again when it is back"),
    ("08", "the connection was lost ({said}); try again when the server is back"),
)
_WAIT_FOR_LOCK = text("SELECT pg_advisory_xact_lock(:lock)")
_TRY_LOCK = text("SELECT pg_try_advisory_lock(:lock)")
_UNLOCK = text("SELECT pg_advisory_unlock(:lock)")
_HOLDER = text(
    "SELECT application_name || ' (server process ' || a.pid || ', since ' || "
    "date_trunc('second', backend_start) || ')' FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid "
    "WHERE locktype = 'advisory' AND objsubid = 1 AND granted "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND (CAST(classid AS bigint) << 32 | CAST(objid AS bigint)) = :lock"
)
_OLD_READERS = text(
    "SELECT (SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database() "
    "AND backend_type <> 'autovacuum worker' AND backend_xmin IS NOT NULL "
    "AND age(backend_xmin) >= age(CAST(:mark AS xid))) + "
    "(SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database()) + "
    "(SELECT count(*) FROM pg_replication_slots WHERE xmin IS NOT NULL)"
)


def _read(address: str) -> URL:
    """The address in parts; no message repeats it, as it may hold a password."""
    if address.split("?", 1)[0].count("@") > 1:
        raise StoreError(
            f"the address of the database holds @ more than once; write one in a password as %40: {_ADDRESS}"
        )
    try:
        url = make_url(address)
        if not url.database:
            raise ValueError
    except (SQLAlchemyError, ValueError):
        raise StoreError(f"the address of the database cannot be read; it has the form {_ADDRESS}") from None
    return url.set(drivername="postgresql+psycopg")


def _shown(url: URL) -> str:
    host = url.host or url.query.get("host") or "local socket"
    user = f"{quote(url.username)}@" if url.username else ""
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{user}{host if isinstance(host, str) else ','.join(host)}{port}/{url.database}"


def _passwords(url: URL) -> tuple[str, ...]:
    found = [str(url.password)] if url.password else []
    for name in ("password", "sslpassword"):
        value = url.query.get(name, ())
        found += [value] if isinstance(value, str) else list(value)
    return tuple(sorted({form for secret in found for form in (secret, quote(secret, safe=""))} - {""}, key=len))[::-1]
