"""What `open_store` takes, makes and refuses, in words that help and never hold a password."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from gridpact.errors import CorruptLogError, EventConflictError, StoreError
from gridpact.store import versions
from gridpact.store.base import Entry, Store, digest_of
from gridpact.store.memory import MemoryStore
from gridpact.store.opening import open_store
from gridpact.store.schema import NEWEST, REVISIONS, VERSION_TABLE, metadata
from gridpact.store.sql import PART_BYTES, SqlStore
from gridpact.store.sqlite import SqliteDatabase
from gridpact.store.versions import make_tables, migrate
from servers import PASSWORD, PostgresServer

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with one row."""
    place = tmp_path / "deep" / "er" / "runs #1?mode=ro%.db"
    store = open_store(place)
    store.append("day", [Entry(line=b"x")], expected=0)
    store.keep_text("H1", "words")
    store.keep_text("H1", "more words")
    for _ in range(2):
        store.begin_attempt("day", began=BEGAN, place="")
    store.end_attempt("day", 1, ended=BEGAN, outcome="ended")
    store.close()
    return place


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as bare:
        for statement in statements:
            bare.execute(statement)
        bare.commit()


def test_folders_are_made_and_only_the_owner_reads(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    store = open_store(path)
    store.append("day", [Entry(line=b"y")], expected=1)
    modes = {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    names = {file.name.removeprefix(path.name) for file in path.parent.iterdir()}
    store.close()
    assert (modes, names) == ({0o600}, {"", "-wal", "-shm"})
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_memory_is_a_word_and_a_file_of_that_name_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert isinstance(open_store("memory"), MemoryStore)
    open_store(Path("memory")).close()
    open_store(":memory:").close()
    monkeypatch.setenv("HOME", str(tmp_path))
    open_store("~/home.db").close()
    assert sorted(file.name for file in tmp_path.iterdir()) == [":memory:", "home.db", "memory"]


def test_nothing_heavy_is_imported_before_it_is_needed(tmp_path: Path) -> None:
    program = """
import sys
from gridpact.store.opening import open_store
assert not {"sqlalchemy", "alembic", "psycopg", "pandas"} & set(sys.modules)
open_store("memory")
assert not {"sqlalchemy", "alembic", "psycopg", "pandas"} & set(sys.modules)
open_store(sys.argv[1]).close()
assert not {"alembic", "psycopg", "pandas"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "a.db")], check=True)


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"", CorruptLogError, "is empty; restore it from a copy, or delete it"),
        (b"some text, and no database at all" * 10, CorruptLogError, "is not a database, or its beginning is damaged"),
        (b"SQLite format 3\x00 cut off", CorruptLogError, "is not a database, or its beginning is damaged"),
    ],
)
def test_files_that_are_no_store(tmp_path: Path, content: bytes, error: type[Exception], words: str) -> None:
    place = tmp_path / "a.db"
    place.write_bytes(content)
    with pytest.raises(error, match=words):
        open_store(place)
    assert place.read_bytes() == content


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "a.db"
    execute(place, "CREATE TABLE runs (number)")
    before = place.read_bytes()
    with pytest.raises(StoreError, match="is a database of another program"):
        open_store(place)
    assert place.read_bytes() == before
    with pytest.raises(StoreError, match=f"{tmp_path} is a folder; name a file in it"):
        open_store(tmp_path)
    with pytest.raises(StoreError, match=f"{place} is a file; name a folder for below.db"):
        open_store(place / "below.db")


def test_a_newer_store_is_refused(path: Path) -> None:
    execute(path, "UPDATE gridpact_version SET version_num = '0999'")
    with pytest.raises(StoreError, match="has tables of version 0999, which this gridpact does not know.*install the"):
        open_store(path)
    execute(path, "DELETE FROM gridpact_version")
    with pytest.raises(CorruptLogError, match="does not say its version"):
        open_store(path)


def test_an_older_store_is_brought_up_whole_or_not_at_all(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one form so far; what stands for the next is a table more."""
    ended: list[Exception] = [RuntimeError("the migration failed")]

    def add_table(connection: sqlalchemy.Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE more (a INTEGER)")
        connection.exec_driver_sql("UPDATE gridpact_version SET version_num = '0002'")
        for problem in ended:
            raise problem

    monkeypatch.setattr(versions, "REVISIONS", ("0001", "0002"))
    monkeypatch.setattr(versions, "NEWEST", "0002")
    monkeypatch.setattr(versions, "migrate", add_table)
    with pytest.raises(StoreError, match="the migration failed; nothing was changed"):
        open_store(path)
    ended.clear()
    store = open_store(path)
    assert store.length("day") == 1
    store.close()
    execute(path, "DROP TABLE more")
    open_store(path).close()
    monkeypatch.undo()
    with pytest.raises(StoreError, match="version 0002"):
        open_store(path)


def test_lost_tables_are_damage(path: Path) -> None:
    execute(path, "DROP TABLE parts", "DROP TABLE books")
    store = open_store(path)
    assert store.length("day") == 1
    with pytest.raises(CorruptLogError, match=r"is damaged \(no such table: books\); restore it from a copy"):
        store.book("0" * 64)
    store.close()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM events",
        "DELETE FROM runs",
        "UPDATE runs SET name = 'dax'",
        "UPDATE runs SET length = 2",
        "UPDATE runs SET length = 'one'",
        "UPDATE runs SET length = 1.0, head = 7",
        "UPDATE runs SET number = 2",
        "UPDATE events SET run = 2",
        "UPDATE events SET seq = 1",
        "UPDATE events SET line = x'79'",
        "UPDATE events SET line = 'x'",
        "UPDATE events SET line = 99999999999999",
        "UPDATE events SET key = 'key'",
        "UPDATE events SET seal = zeroblob(32)",
        "INSERT INTO events VALUES (1, 1, x'78', NULL, zeroblob(32))",
        "INSERT INTO events VALUES (2, 0, x'78', NULL, zeroblob(32))",
        "DELETE FROM attempts",
        "DELETE FROM attempts WHERE number = 2",
        "UPDATE attempts SET ended = NULL",
        "UPDATE attempts SET outcome = 'better'",
        "DELETE FROM texts",
        "DELETE FROM texts WHERE number = 2",
        "UPDATE texts SET words = x'79'",
        "UPDATE texts SET digest = 'a' || number",
        "DELETE FROM secrets",
        "UPDATE secrets SET secret = zeroblob(32)",
        "DELETE FROM tallies",
        "UPDATE tallies SET number = number + 1",
        "INSERT INTO runs VALUES (2, 'more', 1, zeroblob(32), zeroblob(32))",
    ],
)
def test_changed_rows_are_damage(path: Path, statement: str) -> None:
    execute(path, "PRAGMA foreign_keys=OFF", statement)
    store = open_store(path)
    with pytest.raises(CorruptLogError, match="is damaged"):
        read(store)
    before = path.read_bytes()
    if not any(
        part in statement for part in (" line", " key", "(2, ", "texts", "secrets", "attempts", "tallies")
    ):  # an append reads no old rows
        with pytest.raises(CorruptLogError):
            store.append("day", [Entry(line=b"y")], expected=1)
    store.close()
    assert path.read_bytes() == before


def read(store: Store) -> None:
    assert store.run_ids() == ("day",)
    assert store.entries("day") == (Entry(line=b"x"),)
    assert store.texts_of("nobody") == ()
    assert store.texts_of("H1") == ("words", "more words")
    digest = store.keep_text("H1", "words")
    assert store.text(digest) == "words"
    assert store.text("0" * 64) is None
    assert [attempt.outcome for attempt in store.attempts("day")] == ["ended", None]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM books",
        "DELETE FROM parts",
        "DELETE FROM parts WHERE part = 1",
        "UPDATE parts SET part = 2 WHERE part = 1",
        "UPDATE parts SET content = substr(content, 2) WHERE part = 1",
        "UPDATE parts SET content = zeroblob(length(content)) WHERE part = 1",
        "UPDATE parts SET content = 'text'",
        "UPDATE parts SET content = 7",
        "UPDATE books SET length = length - 1",
        "UPDATE books SET length = 'long'",
        "UPDATE books SET length = 9e18",
        "UPDATE parts SET digest = 'another'",
    ],
)
def test_missing_short_and_altered_books_are_damage(path: Path, statement: str) -> None:
    book = os.urandom(PART_BYTES + 50_000)
    store = open_store(path)
    store.append("day", [Entry(line=b"y")], expected=1, books={digest_of(book): book})
    assert store.book(digest_of(book)) == book
    store.close()
    execute(path, "PRAGMA foreign_keys=OFF", statement)
    store = open_store(path)
    with pytest.raises(CorruptLogError, match="restore"):
        store.book(digest_of(book))
    store.close()


def test_a_file_that_is_deleted_or_replaced_is_noticed(path: Path) -> None:
    store = open_store(path)
    path.rename(path.with_name("moved.db"))
    with pytest.raises(StoreError, match="cannot be found: No such file or directory; nothing was changed"):
        store.append("day", [Entry(line=b"y")], expected=1)
    other = open_store(path)
    with pytest.raises(StoreError, match="was replaced by another file; open it again; nothing was changed"):
        store.append("day", [Entry(line=b"y")], expected=1)
    other.close()
    store.close()


def test_opening_a_store_again_keeps_the_locks_of_the_first(path: Path) -> None:
    """POSIX ends all locks of a process on a file as it closes any handle of that file."""
    first = open_store(path)
    first.append("day", [Entry(line=b"y")], expected=1)
    open_store(path).close()
    program = "import sys; from gridpact.store.opening import open_store\nopen_store(sys.argv[1]).close()"
    subprocess.run([sys.executable, "-c", program, str(path)], check=True)
    # The last to close empties and removes the log beside the file; the other process was not the last.
    assert path.with_name(f"{path.name}-wal").stat().st_size > 0
    first.append("day", [Entry(line=b"z")], expected=2)
    first.close()
    again = open_store(path)
    assert again.length("day") == 3
    again.close()


def test_a_forked_process_does_not_keep_a_lock(path: Path) -> None:
    program = """
import os, sys, time
from gridpact.store.opening import open_store
told, tell = os.pipe()
with open_store(sys.argv[1]).writing("day"):
    if os.fork() == 0:
        os.write(tell, b"let go")
        time.sleep(60)
    os.read(told, 1)
    print(os.getpid(), flush=True)
    os.kill(os.getpid(), 9)
"""
    link = path.with_name("link.db")
    link.symlink_to(path)
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", program, str(path)], stdout=subprocess.PIPE, start_new_session=True
    ) as holder:
        assert holder.wait() == -signal.SIGKILL
        with (
            closing(open_store(link)) as one,
            one.writing("day"),
            closing(open_store(path)) as other,
            pytest.raises(EventConflictError),
            other.writing("day"),
        ):
            raise AssertionError("two writers by two names of one file")
        os.killpg(holder.pid, signal.SIGKILL)


def test_a_lock_of_another_process_is_waited_for_and_then_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SqlStore(SqliteDatabase(path, patience_s=0.2))
    with closing(sqlite3.connect(path, isolation_level=None)) as bare:
        bare.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"is locked by another process for more than 0\.2 s.*nothing was changed"):
            store.append("day", [Entry(line=b"y")], expected=1)
        assert store.length("day") == 1
        bare.execute("ROLLBACK")
    store.append("day", [Entry(line=b"y")], expected=1)
    store.close()


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sqlalchemy.Engine]:
    """An empty database without gridpact's settings."""
    if request.param == "sqlite":
        made = sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'bare.db'}")
    else:
        made = sqlalchemy.create_engine(request.getfixturevalue("postgres_url").replace("://", "+psycopg://", 1))
    yield made
    made.dispose()


def form(engine: sqlalchemy.Engine) -> object:
    """Everything that the database says of its tables."""
    found = sqlalchemy.inspect(engine)
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_schema ORDER BY name").all()
        return [(name, " ".join(sorted(str(sql).replace(",", " ").split()))) for name, sql in rows]
    with engine.connect() as connection:
        storage = connection.exec_driver_sql(
            "SELECT attrelid::regclass::text, attname, attstorage FROM pg_attribute "
            "JOIN pg_class c ON attrelid = c.oid "
            "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND attnum > 0 ORDER BY 1, 2"
        ).all()
    return storage, {
        name: (
            found.get_pk_constraint(name),
            sorted(map(str, found.get_unique_constraints(name))),
            sorted(map(str, found.get_foreign_keys(name))),
            sorted(map(str, found.get_columns(name))),
        )
        for name in found.get_table_names()
    }


def test_models_and_migrations_make_the_same_tables(engine: sqlalchemy.Engine) -> None:
    with engine.begin() as connection:
        migrate(connection)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == NEWEST
    migrated = form(engine)
    with engine.begin() as connection:
        for table in (*reversed(metadata.sorted_tables), sqlalchemy.Table(VERSION_TABLE, sqlalchemy.MetaData())):
            table.drop(connection)
        make_tables(connection)
    assert form(engine) == migrated


def test_every_revision_is_known_in_order() -> None:
    config = Config()
    config.set_main_option("script_location", "gridpact.store:migrations")
    config.set_main_option("path_separator", "os")
    found = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert found[::-1] == list(REVISIONS)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("mysql://u:s3cret-w0rd@h/d", "mysql:// is no store that gridpact knows"),
        ("u:s3cret-w0rd@postgresql://h/d", "this address is no store that gridpact knows"),
        ("sqlite:///s3cret-w0rd", "sqlite:// is no store that gridpact knows; give a file's path"),
        ("postgresql:/u:s3cret-w0rd@h/d", "is no store that gridpact knows"),
        ("postgresql://u:s3cret-w0rd@h", "cannot be read; it has the form postgresql://USER@HOST/DATABASE"),
        ("postgresql://u:s3cret-w0rd@h:port/d", "cannot be read"),
        ("postgresql://u:s3cret@w0rd@h/d", "holds @ more than once; write one in a password as %40"),
        ("postgresql://u:s3cret-w0rd@127.0.0.1:1/d", "cannot be reached .*Connection refused.*that the server runs"),
        ("postgresql://u@127.0.0.1:1/d?password=s3cret-w0rd", "cannot be reached"),
        ("postgresql://u@127.0.0.1:1/d?sslmode=s3cret-w0rd&password=s3cret-w0rd", "invalid sslmode"),
        ("postgresql://u:s3cret-w0rd@127.0.0.1:1/d?nonsense=1", "nonsense"),
        ("", "needs the path of a file"),
        ("a\0b", "needs the path of a file"),
    ],
)
def test_addresses_that_cannot_be_used(address: str, words: str) -> None:
    with pytest.raises(StoreError, match=words) as caught:
        open_store(address)
    whole = "".join(traceback.format_exception(caught.value, chain=False))
    assert "s3cret" not in whole.splitlines()[-1]
    assert "w0rd" not in str(caught.value)


def test_a_missing_driver_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"postgresql://u@h/d needs .*pip install 'gridpact\[postgres\]'"):
        open_store("postgresql://u:s3cret@h/d")


def test_what_a_server_refuses(postgres_server: PostgresServer, postgres_url: str) -> None:
    name = postgres_url.rpartition("/")[2]
    with pytest.raises(StoreError, match="cannot be (reached|opened).*password authentication failed") as caught:
        open_store(postgres_server.url(name, password="wr0ng%20word"))  # noqa: S106
    assert "wr0ng" not in str(caught.value)
    with pytest.raises(StoreError, match='database "nowhere" does not exist'):
        open_store(postgres_server.url("nowhere"))
    open_store(postgres_url.replace("postgresql://", "postgres://")).close()
    open_store(postgres_url.replace("postgresql://", "postgresql+psycopg://")).close()
    postgres_server.run("CREATE TABLE events (a int); DROP TABLE IF EXISTS nothing", database="postgres")
    with pytest.raises(StoreError, match="holds tables of another program; give gridpact a database of its own"):
        open_store(postgres_server.url("postgres"))
    postgres_server.run("DROP TABLE events")
    role = f"reader_{os.getpid()}"
    postgres_server.run(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
    with pytest.raises(StoreError, match="no permission"):
        open_store(postgres_server.url(name, user=role))
    postgres_server.run(f"CREATE DATABASE {name}_latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(StoreError, match="is encoded in LATIN1; make one with ENCODING 'UTF8'"):
        open_store(postgres_server.url(f"{name}_latin"))
    postgres_server.run(f"DROP DATABASE {name}_latin")
    postgres_server.run(f"DROP ROLE {role}")


def test_a_lost_connection_is_told_and_made_again(
    postgres_server: PostgresServer, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = postgres_url.rpartition("/")[2]
    store = open_store(postgres_url)
    assert store.name == f"store postgresql://postgres@127.0.0.1:{postgres_server.port}/{name}"
    store.append("day", [Entry(line=b"x")], expected=0)
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' "
    cut += f"AND datname = '{name}'"
    postgres_server.run(cut)
    assert store.length("day") == 1
    real = SqlStore._head

    def cut_off(*given: object, **named: object) -> object:
        postgres_server.run(cut)
        return real(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(SqlStore, "_head", cut_off)
    with pytest.raises(StoreError, match="(not available|connection was lost).*; nothing was changed"):
        store.append("day", [Entry(line=b"y")], expected=1)
    monkeypatch.undo()
    with store.writing("day"):
        postgres_server.run(cut)
    store.append("day", [Entry(line=b"y")], expected=1)
    assert store.length("day") == 2
    postgres_server.run(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    postgres_server.run(cut)
    with pytest.raises(StoreError, match=r"it is read-only \(a standby server\?\).*; nothing was changed"):
        store.append("day", [Entry(line=b"z")], expected=2)
    store.close()
