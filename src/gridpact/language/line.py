"""A line to a model: one request, one answer. Everything that can go wrong on it is a `TroubleError`."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from gridpact.language.questions import Failure, Question


class Finish(StrEnum):
    """Why a model stopped."""

    DONE = "done"
    CUT = "cut"
    """At its limit of tokens."""
    WITHHELD = "withheld"
    """The provider took the answer back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """An answer that was not valid, and what is said to it."""

    answered: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a model wrote and what it took."""

    text: str
    tokens_in: int
    tokens_out: int
    finish: Finish = Finish.DONE


class TroubleError(Exception):
    """A request without an answer."""

    def __init__(
        self,
        failure: Failure,
        detail: str,
        *,
        again: bool = False,
        after_s: float | None = None,
        charged: bool = False,
    ) -> None:
        """Say what was wrong.

        Args:
            failure: the kind.
            detail: in words; no key, nothing that a person or a server wrote.
            again: whether the same request may do better later.
            after_s: how long the provider asks to wait [s].
            charged: whether the provider may charge for it all the same.
        """
        super().__init__(detail)
        self.failure = failure
        self.detail = detail
        self.again = again
        self.after_s = after_s
        self.charged = charged


class Line(Protocol):
    """One model of one provider. Used within one event loop."""

    @property
    def extra_tokens(self) -> int:
        """Tokens that the model may use beside its reply, as for thinking that cannot be switched off."""
        ...

    async def send(self, question: Question, turns: Sequence[Turn]) -> Answer:
        """Ask once.

        Raises:
            TroubleError: there is no answer.
        """
        ...

    async def close(self) -> None:
        """Close connections."""
        ...
