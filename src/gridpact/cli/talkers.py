"""Language models as commands open them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gridpact.language.questions import Talker


@contextmanager
def opened_talker(name: str) -> Iterator["Talker"]:
    """Whoever answers under ``name``, closed after the block.

    Raises:
        InputError: the name is not known, or its key or package is missing.
    """
    if name == "none":
        from gridpact.language.questions import Nobody

        yield Nobody()
        return
    from gridpact.language.opening import open_talker

    talker = open_talker(name)
    try:
        yield talker
    finally:
        close = getattr(talker, "close", None)
        if close is not None:
            close()
