"""Opens a store by what a person writes: a path, a database's address, or the word ``memory``."""

from pathlib import Path
from urllib.parse import urlsplit

from gridpact.errors import StoreError
from gridpact.store.base import Store

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
        if "://" in where:
            return _open_server(where)
        if not where.strip() or "\0" in where:
            raise StoreError("a store needs the path of a file, a postgresql:// address, or the word memory")
    from gridpact.store.sql import SqlStore
    from gridpact.store.sqlite import SqliteDatabase
    from gridpact.store.versions import bring_up

    database = SqliteDatabase(Path(where).expanduser().absolute())
    bring_up(database)
    return SqlStore(database)


def _open_server(address: str) -> Store:
    scheme = address.split("://", 1)[0]
    if scheme not in _SERVERS:
        raise StoreError(
            f"{scheme}:// is no store that gridpact knows; give a file's path, or postgresql://USER@HOST/DATABASE"
        )
    raise StoreError(f"no PostgreSQL yet: {urlsplit(address).hostname}")
