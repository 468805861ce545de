"""What a SQL store asks of the database under it; SQLite and PostgreSQL differ only here."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from gridpact.errors import CorruptLogError, GridpactError, StoreError

UNCHANGED = "nothing was changed"
UNCERTAIN = "whether the last change was kept shows when the store is opened again"


class Database(ABC):
    """Connections, transactions, locks and the meaning of a driver's errors."""

    name: str
    reader: Engine
    """Transactions of this engine see one state of the database."""
    writer: Engine
    """Transactions of this engine may write; in SQLite one at a time."""

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database."""
        with self.told(None), self.reader.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """A transaction that is kept whole when the block ends, and leaves no trace when it fails."""
        connection = None
        committing = False
        try:
            connection = self.writer.connect()
            transaction = connection.begin()
            yield connection
            committing = True
            transaction.commit()
        except BaseException as problem:
            if connection is not None and isinstance(problem, SQLAlchemyError):
                connection.invalidate()
            if not isinstance(problem, Exception) or isinstance(problem, GridpactError):
                raise
            if connection is not None:
                connection.close()
            outcome = UNCERTAIN if committing and not self.undone(problem) else UNCHANGED
            raise self.explained(problem, outcome) from problem
        finally:
            if connection is not None:
                connection.close()

    @contextmanager
    def told(self, outcome: str | None) -> Iterator[None]:
        """Errors of the block in words; ``outcome`` says what became of a change."""
        try:
            yield
        except GridpactError:
            raise
        except Exception as problem:
            raise self.explained(problem, outcome) from problem

    def explained(self, problem: Exception, outcome: str | None) -> GridpactError:
        """``problem`` as an error that says what happened and what to do."""
        if isinstance(problem, DBAPIError):
            found = self.meaning(problem)
        elif isinstance(problem, SQLAlchemyError):
            found = StoreError(f"{self.name}: {type(problem).__name__}")
        elif isinstance(problem, TypeError | ValueError | ArithmeticError | AttributeError | MemoryError):
            found = CorruptLogError(
                f"{self.name} is damaged: it holds something of the wrong kind; restore it from a copy"
            )
        else:
            found = StoreError(f"{self.name}: {problem}")
        return type(found)(f"{found}; {outcome}") if outcome else found

    @abstractmethod
    def meaning(self, problem: DBAPIError) -> StoreError:
        """A driver's error in words: CorruptLogError for damage, StoreError for the rest."""

    @abstractmethod
    def undone(self, problem: Exception) -> bool:
        """Make sure that a transaction whose COMMIT failed is not kept; False where that is not certain."""

    @abstractmethod
    def sole_writer(self, run_id: str) -> AbstractContextManager[None]:
        """See `Store.writing`."""

    @abstractmethod
    def take_turns(self, connection: Connection) -> None:
        """Let only one transaction at a time go on from here: for what counts over all runs or owners."""

    @abstractmethod
    def scrub(self) -> None:
        """Leave nothing of deleted owners' words in the files; StoreError where that cannot be completed now."""

    def files(self) -> tuple[Path, ...]:
        """See `Store.files`."""
        return ()

    def close(self) -> None:
        """Let go of every connection."""
        self.reader.dispose()
        self.writer.dispose()
