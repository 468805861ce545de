"""Opens a store by what a person writes: a path, a database's address, or the word ``memory``."""

from pathlib import Path
from typing import TYPE_CHECKING

from gridpact.errors import StoreError
from gridpact.store.base import Store

if TYPE_CHECKING:
    from gridpact.store.database import Database

_SERVERS = ("postgresql", "postgresql+psycopg", "postgres")


def open_store(where: str | Path) -> Store:
    """The store at ``where``; a new one is made, an older one brought to today's form.

    Args:
        where: path of a SQLite file, ``postgresql://USER@HOST/DATABASE``, or ``memory`` for one that ends with the
            process.

    Raises:
        StoreError: it cannot be reached, read or written, a newer gridpact made it, or it is another program's.
        CorruptLogError: it is damaged.
    """
    if isinstance(where, str):
        if where == "memory":
            from gridpact.store.memory import MemoryStore

            return MemoryStore()
        if "://" in where or where.startswith(("postgres:", "postgresql:")):
            return _open_server(where)
        if not where.strip() or "\0" in where:
            raise StoreError("a store needs the path of a file, a postgresql:// address, or the word memory")
    from gridpact.store.sqlite import SqliteDatabase

    return _opened(SqliteDatabase(Path(where).expanduser().absolute()))


def _open_server(address: str) -> Store:
    scheme, slashes, _ = address.partition("://")
    if scheme not in _SERVERS or not slashes:
        # Whatever else it holds may be a password.
        called = f"{scheme}://" if scheme.replace("+", "").isalnum() else "this address"
        raise StoreError(
            f"{called} is no store that gridpact knows; give a file's path, or postgresql://USER@HOST/DATABASE"
        )
    from gridpact.store.postgres import PostgresDatabase

    return _opened(PostgresDatabase(address))


def _opened(database: "Database") -> Store:
    from gridpact.store.sql import SqlStore
    from gridpact.store.versions import bring_up

    try:
        bring_up(database)
    except BaseException:
        database.close()
        raise
    return SqlStore(database)
