"""Makes the tables of a new store, and brings those of an older one to today's form.

Alembic takes longer to import than most runs take to write, so it is imported only where tables are older.
"""

from sqlalchemy import Connection, select

from gridpact.errors import CorruptLogError, StoreError
from gridpact.store.database import Database
from gridpact.store.schema import NEWEST, REVISIONS, metadata, version


def make_tables(connection: Connection) -> None:
    """Every table in its newest form, as the migrations would leave it."""
    metadata.create_all(connection, checkfirst=False)
    version.create(connection)
    connection.execute(version.insert().values(version_num=NEWEST))


def bring_up(database: Database) -> None:
    """Migrate the tables if an older gridpact made them.

    Raises:
        StoreError: a newer gridpact made them.
        CorruptLogError: they do not say which version they are.
    """
    with database.reading() as connection:
        found = _found(connection, database.name)
    if found == NEWEST:
        return
    if found not in REVISIONS:
        raise StoreError(
            f"{database.name} has tables of version {found}, which this gridpact does not know "
            f"(it knows up to {NEWEST}); install the newest gridpact"
        )
    with database.changing() as connection:
        database.take_turns(connection)
        if _found(connection, database.name) != NEWEST:
            migrate(connection)


def migrate(connection: Connection, revision: str = NEWEST) -> None:
    """Run the migrations up to ``revision`` in the connection's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "gridpact.store:migrations")
    config.set_main_option("path_separator", "os")
    command.upgrade(config, revision)


def _found(connection: Connection, name: str) -> str:
    found = connection.execute(select(version.c.version_num)).scalars().all()
    if len(found) != 1:
        raise CorruptLogError(f"{name} is damaged: it does not say its version; restore it from a copy")
    return str(found[0])
