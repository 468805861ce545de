"""A model that is opened when it is first needed: a run that is answered from its log needs none, and no key."""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from gridpact.language.limits import Limits
from gridpact.language.opening import open_talker, split_name
from gridpact.language.questions import Question, Reply, Talker
from gridpact.language.usage import Usage


@runtime_checkable
class _Counting(Protocol):
    def count_earlier(self, usage: Usage) -> None: ...


@runtime_checkable
class _Closing(Protocol):
    def close(self) -> None: ...


class LateTalker:
    """A `Talker` that opens the model of its name at the first question."""

    def __init__(self, name: str, *, limits: Limits | None = None, opener: Callable[..., Talker] = open_talker) -> None:
        """Remember what to open.

        Raises:
            InputError: no model has that name.
        """
        provider, model = split_name(name)
        self._limits = limits or Limits()
        self._opener = opener
        self._talker: Talker | None = None
        self._earlier = Usage()
        self.name = f"{provider}:{model}" if model else provider
        self.hosted = provider not in ("none", "local")
        self.priced = True
        """Whether its price is known, once it is open."""

    def open(self) -> Talker:
        """The model, opened now if it was not before.

        Raises:
            InputError: as `open_talker` does.
        """
        if self._talker is None:
            self._talker = self._opener(self.name, limits=self._limits)
            self.priced = bool(getattr(self._talker, "priced", True))
            if isinstance(self._talker, _Counting):
                self._talker.count_earlier(self._earlier)
        return self._talker

    def ask(self, questions: Sequence[Question]) -> list[Reply]:
        """See `Talker.ask`."""
        return self.open().ask(questions) if questions else []

    def count_earlier(self, usage: Usage) -> None:
        """Count against the limits what an earlier attempt at the same run has used."""
        if isinstance(self._talker, _Counting):
            self._talker.count_earlier(usage)
        else:
            self._earlier = self._earlier + usage

    def close(self) -> None:
        """Close it, if it was opened."""
        if isinstance(self._talker, _Closing):
            self._talker.close()
