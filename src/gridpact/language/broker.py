"""The one place between questions and a model: deadlines, repetitions, budgets, and the check of every reply.

Nothing that a model, its provider or the network does comes out of here as an exception. Below, lines to models send
one request each; above, whoever asks gets a `Reply` for each `Question`, within a time that the limits state.
"""

import asyncio
import hashlib
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from pydantic import BaseModel

from gridpact.language.breaker import Breaker, Ticket
from gridpact.language.budget import Budget, Spend
from gridpact.language.closed import closed_schema, read_reply
from gridpact.language.limits import Limits
from gridpact.language.line import Answer, Finish, Line, TroubleError, Turn
from gridpact.language.prices import Price
from gridpact.language.prompts import repair_prompt, user_prompt
from gridpact.language.questions import Failure, Question, Reply
from gridpact.language.usage import Usage
from gridpact.language.worker import Worker

MOST_BACKOFF_S = 8.0
MOST_REPAIRS = 1
FRAME_TOKENS = 512
"""Allowed for what a provider writes around a prompt."""
MOST_REPEATED_BYTES = 8_192
"""Most of an answer that was not valid that is shown to the model again."""
_NOT_REACHED = {Failure.TIMEOUT, Failure.CONNECTION, Failure.PROVIDER, Failure.RATE_LIMIT, Failure.TOO_LARGE}

Jitter = Callable[[str, int], float]


def steady_jitter(key: str, attempt: int) -> float:
    """A part between 0 and 1 that differs between questions and is the same each time."""
    return int.from_bytes(hashlib.sha256(f"{key}#{attempt}".encode()).digest()[:4], "big") / 2**32


@dataclass(slots=True)
class _Asked:
    """What a question has taken so far."""

    attempts: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_microusd: int = 0
    repairs: int = 0
    troubles: int = 0
    turns: list[Turn] = field(default_factory=list)
    trouble: TroubleError | None = None


class Broker:
    """A `Talker` over a line to one model. May be called from several threads; close it, or leave it to the exit."""

    def __init__(
        self,
        line: Line,
        *,
        name: str,
        hosted: bool,
        limits: Limits,
        price: Price | None = None,
        free: bool = False,
        clock: Callable[[], float] = time.monotonic,
        jitter: Jitter = steady_jitter,
        breaker: Breaker | None = None,
    ) -> None:
        """Put a broker before a line.

        Args:
            line: sends single requests.
            name: of the model, as users write it.
            hosted: whether questions leave this machine.
            limits: of the run.
            price: what tokens cost; None where that is not known.
            free: whether they cost nothing.
            clock: counts seconds.
            jitter: part of the wait before a repetition, by the question's key and the attempt.
            breaker: turns questions away after failures in a row; by default one on ``clock``.
        """
        self.name = name
        self.hosted = hosted
        self.limits = limits
        self.priced = free or price is not None
        self._price = price
        self._line = line
        self._clock = clock
        self._jitter = jitter
        self._breaker = breaker or Breaker(clock)
        self._budget = Budget(limits, clock)
        self._seats = asyncio.Semaphore(limits.in_flight)
        self._worker = Worker(line.close)
        self._finalizer = weakref.finalize(self, self._worker.close)

    @property
    def spent(self) -> Spend:
        """Tokens and money that count against the limits so far; more than reported where a request was broken off."""
        return Spend(tokens=self._budget.tokens, microusd=self._budget.microusd)

    def ask(self, questions: Sequence[Question]) -> list[Reply]:
        """A reply for each question, in their order. Blocks until all are there.

        Raises:
            TypeError: a question's schema is not closed.
            RuntimeError: the broker is closed.
        """
        for schema in {question.reply for question in questions}:
            closed_schema(schema)
        return self._worker.run(self._ask_all(list(questions))) if questions else []

    def count_earlier(self, usage: Usage) -> None:
        """Count against the limits what an earlier attempt at the same run has used."""
        self._budget.count(usage)

    def close(self) -> None:
        """Close connections and end the thread; what is under way is broken off."""
        self._finalizer()

    def __enter__(self) -> "Broker":
        """The broker, closed at the end."""
        return self

    def __exit__(self, *problem: object) -> None:
        """Close it."""
        self.close()

    async def _ask_all(self, questions: list[Question]) -> list[Reply]:
        self._budget.begin()
        try:
            return list(await asyncio.gather(*(self._in_turn(question) for question in questions)))
        finally:
            self._budget.end()

    async def _in_turn(self, question: Question) -> Reply:
        async with self._seats:
            begun, asked = time.perf_counter(), _Asked()
            ticket = self._breaker.enter()
            if ticket is None:
                return _reply(asked, Failure.CIRCUIT, "the model failed several times in a row")
            reached: bool | None = None
            try:
                reply = await self._in_time(question, asked, ticket)
                reached = _reached(reply)
            finally:
                self._breaker.leave(ticket, reached=reached)
            return replace(reply, latency_s=time.perf_counter() - begun)

    async def _in_time(self, question: Question, asked: _Asked, ticket: Ticket) -> Reply:
        try:
            async with asyncio.timeout(min(self.limits.patience_s, max(0.0, self._budget.seconds_left()))):
                return await self._until_valid(question, asked, ticket)
        except TimeoutError:
            if self._budget.seconds_left() <= 0:
                return _reply(asked, Failure.BUDGET, "the run's time for asking is used up")
            return _reply(asked, Failure.TIMEOUT, f"no reply within {self.limits.patience_s:g} s")

    async def _until_valid(self, question: Question, asked: _Asked, ticket: Ticket) -> Reply:
        while True:
            if not self._breaker.stands(ticket):
                return _reply(asked, Failure.CIRCUIT, "the model failed several times in a row")
            need = self._need(question, asked)
            if not await self._budget.reserve(need):
                return _reply(asked, Failure.BUDGET, "the run's limit of requests, tokens, money or time is reached")
            try:
                answer = await self._once(question, asked, need)
            except TroubleError as trouble:
                asked.troubles += 1
                wait_s = self._wait_s(question.key, asked.troubles, trouble)
                if not trouble.again or asked.troubles >= self.limits.attempts or wait_s > self.limits.patience_s:
                    return _reply(asked, trouble.failure, trouble.detail)
                await asyncio.sleep(wait_s)
                continue
            if answer.finish is Finish.CUT:
                return _reply(asked, Failure.TOO_LONG, f"cut off at {question.most_tokens} tokens")
            if answer.finish is Finish.WITHHELD:
                return _reply(asked, Failure.REFUSED, "the provider withheld the answer")
            found = read_reply(answer.text, question.reply)
            if found.value is not None:
                return _reply(asked, value=found.value)
            if asked.repairs >= MOST_REPAIRS:
                return _reply(asked, found.failure or Failure.SCHEMA, found.detail)
            asked.repairs += 1
            asked.turns.append(Turn(answered=_shortened(answer.text), said=repair_prompt(found.detail)))

    async def _once(self, question: Question, asked: _Asked, need: Spend) -> Answer:
        """One request within its time; what was reserved for it is settled whatever happens."""
        asked.attempts += 1
        spent = need
        try:
            async with asyncio.timeout(self.limits.timeout_s):
                answer = await self._line.send(question, tuple(asked.turns))
            microusd = self._cost(answer.tokens_in, answer.tokens_out)
            spent = Spend(tokens=answer.tokens_in + answer.tokens_out, microusd=microusd)
            asked.tokens_in += answer.tokens_in
            asked.tokens_out += answer.tokens_out
            asked.cost_microusd += microusd
            return answer
        except TroubleError as trouble:
            if not trouble.charged:
                spent = Spend(tokens=0)
            raise
        except TimeoutError:
            raise TroubleError(
                Failure.TIMEOUT, f"no answer within {self.limits.timeout_s:g} s", again=True, charged=True
            ) from None
        except Exception as problem:
            raise TroubleError(Failure.PROVIDER, type(problem).__name__, charged=True) from None
        finally:
            self._budget.settle(need, spent)

    def _need(self, question: Question, asked: _Asked) -> Spend:
        """What the next request takes at most: no text has more tokens than bytes."""
        schema = closed_schema(question.reply)
        texts = [question.instructions, user_prompt(question), str(schema)]
        texts += [text for turn in asked.turns for text in (turn.answered, turn.said)]
        tokens_in = FRAME_TOKENS + sum(len(text.encode("utf-8", "replace")) for text in texts)
        tokens_out = question.most_tokens + self._line.extra_tokens
        return Spend(tokens=tokens_in + tokens_out, microusd=self._cost(tokens_in, tokens_out))

    def _cost(self, tokens_in: int, tokens_out: int) -> int:
        return self._price(tokens_in, tokens_out) if self._price else 0

    def _wait_s(self, key: str, troubles: int, trouble: TroubleError) -> float:
        backoff = min(MOST_BACKOFF_S, self.limits.backoff_s * 2.0 ** (troubles - 1))
        wait_s = backoff * (0.5 + 0.5 * self._jitter(key, troubles))
        return max(wait_s, trouble.after_s or 0.0)


def _reply(asked: _Asked, failure: Failure | None = None, detail: str = "", *, value: BaseModel | None = None) -> Reply:
    return Reply(
        value=value,
        failure=failure,
        detail=detail,
        attempts=asked.attempts,
        tokens_in=asked.tokens_in,
        tokens_out=asked.tokens_out,
        cost_microusd=asked.cost_microusd,
    )


def _reached(reply: Reply) -> bool | None:
    """Whether a question reached the model; None where none was sent."""
    if reply.failure in _NOT_REACHED or (reply.failure is Failure.REFUSED and not reply.tokens_in):
        return False
    if reply.failure in (Failure.BUDGET, Failure.CIRCUIT):
        return None
    return True


def _shortened(text: str) -> str:
    return text.encode("utf-8", "replace")[:MOST_REPEATED_BYTES].decode("utf-8", "ignore")
