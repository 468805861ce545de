"""What Alembic runs for each migration: on the connection that it was given, in one transaction."""

from alembic import context

from gridpact.store.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
context.run_migrations()
