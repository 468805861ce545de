"""Language models as commands open them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gridpact.language.questions import Talker


@contextmanager
def opened_talker(name: str, *, limits: Sequence[str] | None = None, consent: str | None = None) -> Iterator["Talker"]:
    """Whoever answers under ``name``, closed after the block; of homes a hosted model is told only with consent.

    Raises:
        InputError: the name is not known, or its key or package is missing.
    """
    if name == "none":
        from gridpact.language.questions import Nobody

        yield Nobody()
        return
    from gridpact.language.consent import Consenting, read_consent
    from gridpact.language.limits import read_limits
    from gridpact.language.opening import open_talker

    agreed = read_consent(consent)
    talker = open_talker(name, limits=read_limits(limits or ()))
    try:
        yield talker if agreed.everybody else Consenting(talker, agreed)
    finally:
        close = getattr(talker, "close", None)
        if close is not None:
            close()
