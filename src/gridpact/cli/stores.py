"""Stores of runs as commands open them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gridpact.store.base import Store

EXPORTED = ".zip"


@contextmanager
def opened(where: str) -> Iterator["Store"]:
    """The store at ``where``, closed after the block.

    Raises:
        StoreError: it cannot be opened.
    """
    from gridpact.store.opening import open_store

    store = open_store(where)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def opened_run(run: str, where: str, *, trust: bool = False) -> Iterator[tuple["Store", str]]:
    """The store that holds ``run``, and the run's whole id; ``run`` may be its first letters or an exported run.

    Raises:
        InputError: no run, or more than one, begins with those letters.
        StoreError: the store is not there or cannot be opened.
    """
    from gridpact.errors import InputError, StoreError
    from gridpact.store.archive import ArchiveStore

    if run.lower().endswith(EXPORTED):
        archive = ArchiveStore(Path(run), foreign=not trust)
        try:
            yield archive, archive.run_ids()[0]
        finally:
            archive.close()
        return
    check_there(where)
    with opened(where) as store:
        known = store.run_ids()
        found = [run] if run in known else [each for each in known if run and each.startswith(run)]
        if len(found) > 1 and "~" not in run:  # letters stand for runs, and for logs set aside where there is no other
            found = [each for each in found if "~" not in each] or found
        if len(found) > 1:
            raise InputError(f"{run!r} could be any of {', '.join(found[:5])}; give more letters")
        if not found:
            raise StoreError(f"{store.name} holds no run {run!r}; 'gridpact runs list' shows those that it has")
        yield store, found[0]


def check_there(where: str) -> None:
    """Refuse to make a new store where one is to be read.

    Raises:
        MissingDataError: it is a file that is not there.
    """
    from gridpact.errors import MissingDataError

    if where != "memory" and "://" not in where and not Path(where).expanduser().exists():
        raise MissingDataError(
            f"there is no store at {where}; 'gridpact negotiate' makes one, and --store names another"
        )
