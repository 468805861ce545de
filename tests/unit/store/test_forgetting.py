"""An owner's words and secret are in no file of the store once they are forgotten."""

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from gridpact.errors import StoreError
from gridpact.store.base import Entry, Store, digest_of
from gridpact.store.opening import open_store
from gridpact.store.sql import SqlStore
from gridpact.store.sqlite import SqliteDatabase
from servers import PASSWORD, PostgresServer

NEEDLE = "vacation in Lisbon"


def fill(store: Store) -> None:
    """Words of two owners in many pages, edited back and forth so that copies of them are left behind."""
    book = bytes(200_000)
    store.append("day", [Entry(line=b"x")], expected=0, books={digest_of(book): book})
    for number in range(60):
        store.keep_text("H1", f"{NEEDLE} {number} " + "long " * (number * 80))
        store.keep_text("H2", f"stays {number}")
        store.keep_text(f"other {number}", "stays")
        if number == 30:
            store.forget(f"other {number}")


def holding(folder: Path, needle: bytes) -> list[str]:
    return sorted(file.name for file in folder.rglob("*") if file.is_file() and needle in file.read_bytes())


def secret_of(path: Path) -> bytes:
    with closing(sqlite3.connect(path)) as bare:
        return bytes(bare.execute("SELECT secret FROM secrets WHERE home = 'H1'").fetchone()[0])


def test_no_file_holds_the_words(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    store, other = open_store(path), open_store(path)
    fill(store)
    secret = secret_of(path)
    assert holding(tmp_path, NEEDLE.encode())
    assert other.texts_of("H1")
    assert other.forget("H1") == 60
    for needle in (NEEDLE.encode(), secret, b"H1"):
        assert holding(tmp_path, needle) == []
    assert len(store.texts_of("H2")) == 60
    assert store.texts_of("H1") == ()
    assert store.entries("day")[0].line == b"x"
    store.append("day", [Entry(line=b"y")], expected=1)
    store.close()
    other.close()
    assert holding(tmp_path, NEEDLE.encode()) == []


def test_while_another_reads_it_is_not_complete_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    store = SqlStore(SqliteDatabase(path, patience_s=0.2))
    fill(store)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM texts").fetchone()
        with pytest.raises(
            StoreError, match="the words are deleted, but another process still reads.*forget the owner"
        ):
            store.forget("H1")
        assert store.texts_of("H1") == ()
        assert holding(tmp_path, NEEDLE.encode())
        reader.execute("ROLLBACK")
    assert store.forget("H1") == 0
    assert holding(tmp_path, NEEDLE.encode()) == []
    store.close()


def test_a_writer_in_between_does_not_hinder(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    store = open_store(path)
    fill(store)
    stop = threading.Event()
    written = [1]

    def write() -> None:
        other = open_store(path)
        while not stop.is_set():
            other.append("day", [Entry(line=b"z")], expected=written[0])
            written[0] += 1
            time.sleep(0.002)
        other.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert store.forget("H1") == 60
    finally:
        stop.set()
        thread.join()
    assert store.length("day") == written[0]
    store.close()
    assert holding(tmp_path, NEEDLE.encode()) == []


def relations(server: PostgresServer, url: str) -> list[Path]:
    """Files of the database's tables, as the server has them."""
    oid = server.run(f"SELECT oid FROM pg_database WHERE datname = '{url.rpartition('/')[2]}'")[0][0]  # noqa: S608
    server.run("CHECKPOINT")
    return [file for file in (server.folder / "data" / "base" / str(oid)).iterdir() if file.is_file()]


def test_no_table_of_a_server_holds_the_words(postgres_server: PostgresServer, postgres_url: str) -> None:
    store = open_store(postgres_url)
    fill(store)
    assert any(NEEDLE.encode() in file.read_bytes() for file in relations(postgres_server, postgres_url))
    assert store.forget("H1") == 60
    assert not any(NEEDLE.encode() in file.read_bytes() for file in relations(postgres_server, postgres_url))
    assert len(store.texts_of("H2")) == 60
    store.close()


def test_an_old_snapshot_on_a_server_is_told(
    postgres_server: PostgresServer, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gridpact.store import postgres

    store = SqlStore(postgres.PostgresDatabase(postgres_url, patience_s=0.3))
    fill(store)
    with psycopg.connect(postgres_url) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.execute("SELECT count(*) FROM runs")
        with pytest.raises(StoreError, match="the words are deleted, but another session still reads the database"):
            store.forget("H1")
    assert store.forget("H1") == 0
    assert not any(NEEDLE.encode() in file.read_bytes() for file in relations(postgres_server, postgres_url))
    store.close()


def test_a_user_who_may_not_clean_up_is_told(postgres_server: PostgresServer, postgres_url: str) -> None:
    open_store(postgres_url).close()
    name = postgres_url.rpartition("/")[2]
    role = f"{name}_user"
    postgres_server.run(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
    postgres_server.run(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}", database=name)
    store = open_store(postgres_server.url(name, user=role))
    store.keep_text("H1", NEEDLE)
    with pytest.raises(StoreError, match="let the owner of the tables run: VACUUM FULL texts, secrets"):
        store.forget("H1")
    assert store.texts_of("H1") == ()
    store.close()
    postgres_server.run(f"DROP OWNED BY {role}; DROP ROLE {role}", database=name)
