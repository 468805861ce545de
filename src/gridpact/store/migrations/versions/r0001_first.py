"""The first form of the tables.

A revision stays as it is for ever, so it says every column again and imports nothing from the models.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "runs",
        sa.Column("number", _COUNT, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("length", _COUNT, nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_runs"),
        sa.UniqueConstraint("name", name="uq_runs_name"),
    )
    op.create_table(
        "events",
        sa.Column("run", _COUNT, autoincrement=False, nullable=False),
        sa.Column("seq", _COUNT, autoincrement=False, nullable=False),
        sa.Column("line", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.Text()),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("run", "seq", name="pk_events"),
        sa.UniqueConstraint("run", "key", name="uq_events_run_key"),
        sa.ForeignKeyConstraint(["run"], ["runs.number"], name="fk_events_run"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "books",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("length", _COUNT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_books"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "parts",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("part", _COUNT, autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", "part", name="pk_parts"),
        sa.ForeignKeyConstraint(["digest"], ["books.digest"], name="fk_parts_digest"),
    )
    op.create_table(
        "attempts",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("number", _COUNT, autoincrement=False, nullable=False),
        sa.Column("began", sa.Text(), nullable=False),
        sa.Column("ended", sa.Text()),
        sa.Column("outcome", sa.Text()),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("run", "number", name="pk_attempts"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "secrets",
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("texts", _COUNT, nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("home", name="pk_secrets"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "texts",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("number", _COUNT, nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_texts"),
        sa.UniqueConstraint("home", "number", name="uq_texts_home_number"),
        sa.ForeignKeyConstraint(["home"], ["secrets.home"], name="fk_texts_home"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tallies",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", _COUNT, nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_tallies"),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        # Parquet is compressed already.
        op.execute("ALTER TABLE parts ALTER COLUMN content SET STORAGE EXTERNAL")
