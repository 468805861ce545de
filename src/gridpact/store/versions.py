"""Brings the tables of an older store to today's form. Alembic is imported only where there is something to do."""

from gridpact.errors import CorruptLogError, StoreError
from gridpact.store.database import Database
from gridpact.store.schema import NEWEST, REVISIONS, version


def bring_up(database: Database) -> None:
    """Migrate the tables if an older gridpact made them.

    Raises:
        StoreError: a newer gridpact made them.
        CorruptLogError: they do not say which version they are.
    """
    from sqlalchemy import select

    with database.reading() as connection:
        found = connection.execute(select(version.c.version_num)).scalars().all()
    if len(found) != 1:
        raise CorruptLogError(f"{database.name} is damaged: it does not say its version; restore it from a copy")
    if found[0] == NEWEST:
        return
    if found[0] not in REVISIONS:
        raise StoreError(
            f"{database.name} has tables of version {found[0]}, which this gridpact does not know "
            f"(it knows up to {NEWEST}); install the newest gridpact"
        )
    from gridpact.store.migrating import migrate

    migrate(database)
