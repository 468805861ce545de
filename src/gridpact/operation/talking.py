"""The questions of a run to a language model, each chunk of them between two durable rows of the run's log.

The log holds the replies and digests of what was asked, never the words: a replay reads the replies and asks nobody,
and what an owner wrote can still be erased. How long a model took is in no book; it goes to ``performance.json``.
"""

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from pydantic import ValidationError

from gridpact.errors import CorruptLogError
from gridpact.language.consent import Consent, Consenting
from gridpact.language.late import LateTalker
from gridpact.language.questions import Failure, Nobody, Question, Reply, Talker
from gridpact.language.usage import Usage
from gridpact.operation.chronicle import Chronicle
from gridpact.operation.inputs import MarketDay
from gridpact.results.plain import canonical
from gridpact.results.result import LanguageRecord
from gridpact.store.book import Book
from gridpact.store.journal import DivergenceError, Effect

BY = "language model"
_VALUES = "values"


class LoggedTalker:
    """A `Talker` whose every reply goes through the run's log."""

    def __init__(self, talker: Talker, chronicle: Chronicle, *, in_flight: int) -> None:
        """Log what ``talker`` replies, ``in_flight`` questions at a time."""
        self._talker = talker
        self._chronicle = chronicle
        self._in_flight = max(1, in_flight)
        self._chunks = 0
        self.usage = Usage()
        """What was asked for this run, in whichever attempt; without times."""

    @property
    def name(self) -> str:
        """See `Talker.name`."""
        return self._talker.name

    @property
    def hosted(self) -> bool:
        """See `Talker.hosted`."""
        return self._talker.hosted

    def ask(self, questions: Sequence[Question]) -> list[Reply]:
        """See `Talker.ask`. The replies are those of the log where it has them."""
        asked = list(questions)
        replies: list[Reply] = []
        for first in range(0, len(asked), self._in_flight):
            replies += self._chunk(asked[first : first + self._in_flight])
        return replies

    def record(self) -> LanguageRecord:
        """What goes into ``result.json``."""
        return language_record(self.name, self.usage)

    def _chunk(self, asked: list[Question]) -> list[Reply]:
        self._chunks += 1
        keys = hashlib.sha256(canonical([question.key for question in asked])).hexdigest()[:16]
        what = f"{len(asked)} {'question' if len(asked) == 1 else 'questions'} to {self.name}"
        answered_now = False

        def do() -> Book:
            nonlocal answered_now
            answered_now = True
            begun = time.perf_counter()
            replies = self._talker.ask(asked)
            self._chronicle.model_latency_s += time.perf_counter() - begun
            return replies_book(asked, replies, priced=bool(getattr(self._talker, "priced", True)))

        book = self._chronicle.effect(
            Effect(key=f"talk/{self._chunks}/{keys}", what=what, by=BY),
            do,
            encode=lambda found: found,
            decode=lambda found: found,
        )
        # Replies made now take the same way as replies of the log, so that a replay is of the same bytes.
        replies = replies_of(book, asked)
        usage = Usage.of(replies, priced=bool(book.facts["priced"]))
        self.usage = self.usage + usage
        if not answered_now and isinstance(self._talker, LateTalker | _LoggedConsent):
            self._talker.count_earlier(usage)
        return replies


class _LoggedConsent(Consenting):
    """`Consenting` before a model that is opened late."""

    def __init__(self, talker: LateTalker, consent: Consent) -> None:
        super().__init__(talker, consent)
        self._late = talker

    @property
    def priced(self) -> bool:
        return self._late.priced

    def count_earlier(self, usage: Usage) -> None:
        self._late.count_earlier(usage)


@contextmanager
def day_talker(day: MarketDay, chronicle: Chronicle) -> Iterator[LoggedTalker | Nobody]:
    """Whoever answers the questions of ``day``, logged; nobody where no model is asked for. Closed at the end.

    The model is opened at the first question that the log does not answer.
    """
    if day.llm == "none":
        yield Nobody()
        return
    late = LateTalker(day.llm, limits=day.limits)
    try:
        yield LoggedTalker(_LoggedConsent(late, day.consent), chronicle, in_flight=day.limits.in_flight)
    finally:
        late.close()


def language_record(name: str, usage: Usage) -> LanguageRecord:
    """The use of a model as ``result.json`` shows it."""
    return LanguageRecord(
        model=name, calls=usage.calls, fallbacks=usage.fallback_count, tokens=usage.tokens, cost_usd=usage.cost_usd
    )


def replies_book(asked: Sequence[Question], replies: Sequence[Reply], *, priced: bool) -> Book:
    """Replies as a book: their values as canonical JSON, and what each took; no words and no times."""
    values = [None if each.value is None else each.value.model_dump(mode="json", by_alias=True) for each in replies]
    facts = [
        {
            "asked": digest_of_question(question),
            "failure": None if reply.failure is None else reply.failure.value,
            "detail": reply.detail,
            "attempts": reply.attempts,
            "tokens_in": reply.tokens_in,
            "tokens_out": reply.tokens_out,
            "cost_microusd": reply.cost_microusd,
        }
        for question, reply in zip(asked, replies, strict=True)
    ]
    content = np.frombuffer(canonical(values), dtype=np.uint8)
    return Book(arrays={_VALUES: content}, facts={"replies": facts, "priced": priced})


def replies_of(book: Book, asked: Sequence[Question]) -> list[Reply]:
    """Replies in a book.

    Raises:
        DivergenceError: the book answers other questions.
        CorruptLogError: it holds something that the questions' schemas do not take.
    """
    try:
        values = json.loads(book.arrays[_VALUES].tobytes())
        facts = book.facts["replies"]
        if len(values) != len(asked) or len(facts) != len(asked):
            raise DivergenceError(f"the log answers {len(facts)} questions here, the run asks {len(asked)}")
        return [_reply(*each) for each in zip(asked, values, facts, strict=True)]
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise CorruptLogError(f"the log's replies of a language model cannot be read: {problem!r}") from problem


def digest_of_question(question: Question) -> str:
    """Digest of what a question says but for the person's own words, which can be erased from the store."""
    said: dict[str, Any] = {
        "key": question.key,
        "task": question.task,
        "instructions": question.instructions,
        "facts": question.facts,
        "schema": question.reply.model_json_schema(),
        "most_tokens": question.most_tokens,
        "home_id": question.home_id,
    }
    return hashlib.sha256(canonical(said)).hexdigest()


def _reply(question: Question, value: Any, facts: dict[str, Any]) -> Reply:
    if facts["asked"] != digest_of_question(question):
        raise DivergenceError(
            f"the log's answer for {question.key} is to another question. The log was made from other inputs or by "
            "other code"
        )
    found = None
    if value is not None:
        try:
            found = question.reply.model_validate_json(canonical(value), strict=True)
        except ValidationError as problem:
            raise CorruptLogError(
                f"the log's answer for {question.key} does not have its schema ({problem.error_count()} places)"
            ) from None
    return Reply(
        value=found,
        failure=None if facts["failure"] is None else Failure(facts["failure"]),
        detail=str(facts["detail"]),
        **{name: int(facts[name]) for name in ("attempts", "tokens_in", "tokens_out", "cost_microusd")},
    )
