"""What is asked of a language model and what comes back: typed questions, typed replies, and why there is none.

A question holds fixed words of ours, facts that code has computed, and at most one party's own words. The reply is an
instance of a closed schema or nothing; nothing here knows a provider. In tests a function stands in for a model.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from pydantic import BaseModel


class Failure(StrEnum):
    """Why there is no reply, so that what asked goes on with its deterministic policy."""

    NO_MODEL = "no_model"
    TIMEOUT = "timeout"
    RATE_LIMIT = "rate_limit"
    PROVIDER = "provider_error"
    CONNECTION = "connection"
    REFUSED = "refused"
    """The provider or the model declined, or the key is not accepted."""
    TOO_LONG = "token_limit"
    NOT_JSON = "not_json"
    SCHEMA = "schema"
    """JSON that is not of the closed schema, NaN among it."""
    TOO_LARGE = "too_large"
    BUDGET = "budget"
    CIRCUIT = "circuit_open"
    NO_CONSENT = "no_consent"
    """The owner did not agree that a hosted model reads what concerns the home."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One call of a model."""

    key: str
    """What it is about, unique within a run, such as ``bid/energy/2/H-01``."""
    task: str
    """``read``, ``bid``, ``answer``, ``tactic``, ``instruction`` or ``narrate``."""
    instructions: str
    """Our own fixed words."""
    facts: str = ""
    """What code computed, in words or JSON."""
    words: str = ""
    """What one person wrote; never another party's, and never followed as instructions."""
    reply: type[BaseModel]
    """The closed schema that a reply must have."""
    most_tokens: int = 512
    """Most tokens of a reply."""
    home_id: str | None = None
    """Whose question it is; None for the operator's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came of a question."""

    value: BaseModel | None = None
    """An instance of the question's schema; None where there is none."""
    failure: Failure | None = None
    detail: str = ""
    """What was wrong, for people; holds no key and no owner's words."""
    attempts: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_microusd: int = 0
    """What the provider charges for all attempts [micro-dollars]; zero where its price is not known."""
    latency_s: float = 0.0
    """Not part of results: goes to performance.json."""


class Talker(Protocol):
    """Whatever answers questions: a hosted model, a local one, a script, or nobody."""

    @property
    def name(self) -> str:
        """Shown in results, such as ``gemini:gemini-2.5-flash`` or ``none``."""
        ...

    @property
    def hosted(self) -> bool:
        """Whether what is asked leaves this machine, which needs the owner's consent."""
        ...

    def ask(self, questions: Sequence[Question]) -> list[Reply]:
        """A reply for each question, in their order; never raises for what a model or its provider does."""
        ...


class Nobody:
    """No model: every question goes unanswered and its policy is followed."""

    name = "none"
    hosted = False

    def ask(self, questions: Sequence[Question]) -> list[Reply]:
        """No reply to any."""
        return [Reply(failure=Failure.NO_MODEL) for _ in questions]


@dataclass(frozen=True, slots=True)
class Scripted:
    """A function in a model's place: it returns plain values, which are checked as a model's reply is."""

    script: Callable[[Question], Any]
    name: str = "scripted"
    hosted: bool = False

    def ask(self, questions: Sequence[Question]) -> list[Reply]:
        """The script's values where they have the question's schema."""
        return [self._one(question) for question in questions]

    def _one(self, question: Question) -> Reply:
        try:
            value = question.reply.model_validate(self.script(question))
        except ValueError as problem:
            return Reply(failure=Failure.SCHEMA, detail=type(problem).__name__, attempts=1)
        return Reply(value=value, attempts=1)
