"""Tables of a SQL store. What is said here and what the migrations make is compared by a test."""

from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    event,
)

REVISIONS = ("0001",)
"""Every form that the tables have had, oldest first; each is a migration in ``migrations/versions``."""
NEWEST = REVISIONS[-1]
VERSION_TABLE = "gridpact_version"


class Raw(TypeDecorator[Any]):
    """Bytes as the driver gives them: in a damaged database a column may hold anything, and the reader looks first."""

    impl = LargeBinary
    cache_ok = True

    def result_processor(self, dialect: Any, coltype: Any) -> None:
        """None: no conversion."""
        del dialect, coltype


_COUNT = BigInteger().with_variant(Integer, "sqlite")
"""In SQLite only a column of type INTEGER can be the row's own number."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)

version = Table(
    VERSION_TABLE,
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name=f"{VERSION_TABLE}_pkc"),
)
"""Alembic's own table, read without Alembic."""

runs = Table(
    "runs",
    metadata,
    Column("number", _COUNT, primary_key=True, autoincrement=False, doc="order of first appends, from 1"),
    Column("name", Text, nullable=False, unique=True, doc="the run's id"),
    Column("length", _COUNT, nullable=False, doc="rows of its log"),
    Column("head", Raw, nullable=False, doc="seal of its last row"),
    Column("seal", Raw, nullable=False, doc="SHA-256 over this row"),
)

events = Table(
    "events",
    metadata,
    Column("run", _COUNT, ForeignKey("runs.number"), primary_key=True, autoincrement=False),
    Column("seq", _COUNT, primary_key=True, autoincrement=False, doc="from 0"),
    Column("line", Raw, nullable=False, doc="canonical JSON with its hash"),
    Column("key", Text, doc="idempotency key"),
    Column("seal", Raw, nullable=False, doc="SHA-256 over the seal above, key and line"),
    UniqueConstraint("run", "key"),
    sqlite_with_rowid=False,
)

books = Table(
    "books",
    metadata,
    Column("digest", Text, primary_key=True, doc="SHA-256 of the content, hexadecimal"),
    Column("length", _COUNT, nullable=False, doc="bytes"),
    sqlite_with_rowid=False,
)

parts = Table(
    "parts",
    metadata,
    Column("digest", Text, ForeignKey("books.digest"), primary_key=True),
    Column("part", _COUNT, primary_key=True, autoincrement=False, doc="from 0"),
    Column("content", Raw, nullable=False, doc="at most 8 MiB"),
)

event.listen(
    parts,
    "after_create",
    # Parquet is compressed already.
    DDL(  # type: ignore[no-untyped-call]
        "ALTER TABLE parts ALTER COLUMN content SET STORAGE EXTERNAL"
    ).execute_if(dialect="postgresql"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("run", Text, primary_key=True, doc="a run's id; it may have no row yet"),
    Column("number", _COUNT, primary_key=True, autoincrement=False, doc="from 1"),
    Column("began", Text, nullable=False, doc="ISO 8601, UTC"),
    Column("ended", Text, doc="ISO 8601, UTC"),
    Column("outcome", Text),
    Column("place", Text, nullable=False),
    Column("seal", Raw, nullable=False, doc="SHA-256 over this row"),
    sqlite_with_rowid=False,
)

secrets = Table(
    "secrets",
    metadata,
    Column("home", Text, primary_key=True),
    Column("secret", Raw, nullable=False, doc="key of the digests of this owner's words"),
    Column("texts", _COUNT, nullable=False, doc="how many texts of this owner there are"),
    Column("seal", Raw, nullable=False, doc="SHA-256 over this row"),
    sqlite_with_rowid=False,
)

texts = Table(
    "texts",
    metadata,
    Column("digest", Text, primary_key=True, doc="HMAC-SHA-256 of the words with the owner's secret, hexadecimal"),
    Column("home", Text, ForeignKey("secrets.home"), nullable=False),
    Column("number", _COUNT, nullable=False, doc="order of the owner's words, from 1"),
    Column("words", Raw, nullable=False, doc="UTF-8"),
    UniqueConstraint("home", "number"),
    sqlite_with_rowid=False,
)

tallies = Table(
    "tallies",
    metadata,
    Column("name", Text, primary_key=True, doc="of a table"),
    Column("number", _COUNT, nullable=False, doc="what its rows have to count up to"),
    Column("seal", Raw, nullable=False, doc="SHA-256 over this row"),
    sqlite_with_rowid=False,
)
"""Rows of owners and attempts come and go, so that a lost page of them would look like any other state."""
