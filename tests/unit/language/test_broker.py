"""Budgets, breaker, repetition and order, with a line in memory instead of a network."""

import asyncio
import threading
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from fakes.asking import GOOD, question
from gridpact.language.breaker import Breaker
from gridpact.language.broker import Broker
from gridpact.language.limits import Limits
from gridpact.language.line import Answer, Finish, TroubleError, Turn
from gridpact.language.questions import Failure, Question, Reply
from gridpact.language.usage import Usage

SWIFT = Limits(timeout_s=1.0, patience_s=5.0, backoff_s=0.0)


class FakeLine:
    """Answers by a function of the question and the number of the request."""

    extra_tokens = 0

    def __init__(self, act: Callable[[Question, int], Answer | Exception | float]) -> None:
        self.act = act
        self.sent = 0
        self.at_once = self.most_at_once = 0
        self.closed = 0

    async def send(self, asked: Question, turns: Sequence[Turn]) -> Answer:
        number, self.sent = self.sent, self.sent + 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            found = self.act(asked, number)
            await asyncio.sleep(found if isinstance(found, float) else 0)
            if isinstance(found, Exception):
                raise found
            return found if isinstance(found, Answer) else good()
        finally:
            self.at_once -= 1

    async def close(self) -> None:
        self.closed += 1


def good(tokens_in: int = 10, tokens_out: int = 5) -> Answer:
    return Answer(text=GOOD, tokens_in=tokens_in, tokens_out=tokens_out)


def broker(line: FakeLine, limits: Limits = SWIFT, **options: object) -> Broker:
    return Broker(line, name="fake:one", hosted=False, limits=limits, **options)  # type: ignore[arg-type]


def test_replies_come_in_the_order_of_the_questions() -> None:
    def act(asked: Question, number: int) -> Answer | float:
        return 0.05 if asked.key == "slow" else good(tokens_in=int(asked.key))

    with broker(FakeLine(act)) as talker:
        found = talker.ask([question(key="slow"), question(key="1"), question(key="2")])
    assert [reply.tokens_in for reply in found] == [10, 1, 2]
    assert talker.ask.__self__ is talker  # type: ignore[attr-defined]


def test_no_questions_start_nothing() -> None:
    before = threading.active_count()
    with broker(FakeLine(lambda asked, number: good())) as talker:
        assert talker.ask([]) == []
        assert threading.active_count() == before


@settings(max_examples=25, deadline=None)
@given(
    costs=st.lists(st.tuples(st.integers(0, 900), st.integers(0, 64)), min_size=1, max_size=40),
    tokens=st.integers(0, 12_000),
    requests=st.integers(0, 30),
    cents=st.integers(0, 2_000),
    in_flight=st.integers(1, 16),
    troubles=st.sets(st.integers(0, 40)),
)
def test_no_budget_is_overspent_however_many_ask_at_once(
    costs: list[tuple[int, int]], tokens: int, requests: int, cents: int, in_flight: int, troubles: set[int]
) -> None:
    def act(asked: Question, number: int) -> Answer | Exception:
        if number in troubles:
            return TroubleError(Failure.PROVIDER, "HTTP 500", again=True, charged=bool(number % 2))
        into, out = costs[int(asked.key)]
        return good(into, out)

    limits = Limits(
        timeout_s=5,
        patience_s=20,
        backoff_s=0,
        tokens=tokens,
        requests=requests,
        usd=cents / 1e6,
        in_flight=in_flight,
    )
    line = FakeLine(act)
    with broker(line, limits, price=lambda into, out: into + 2 * out) as talker:
        replies = talker.ask([question(key=str(number)) for number in range(len(costs))])
        spent = talker.spent
    usage = Usage.of(replies)
    assert line.sent == usage.attempts <= requests
    assert usage.tokens <= spent.tokens <= tokens
    assert usage.cost_microusd <= spent.microusd <= cents
    assert line.most_at_once <= in_flight
    assert usage.calls == len(costs) == usage.replies + usage.fallback_count
    assert set(usage.fallbacks) <= {"budget", "provider_error", "circuit_open"}


def test_a_budget_that_is_held_by_others_is_waited_for() -> None:
    """Room for two reservations and eight answers: all eight are answered, as each takes little in the end."""
    with broker(FakeLine(lambda asked, number: 0.01)) as talker:
        need = talker._need(question(), _nothing()).tokens
    limits = Limits(timeout_s=1, patience_s=5, tokens=2 * need, in_flight=8)
    line = FakeLine(lambda asked, number: 0.01)
    with broker(line, limits) as talker:
        assert Usage.of(talker.ask([question(number) for number in range(8)])).replies == 8
    assert line.most_at_once == 2


def _nothing() -> object:
    from gridpact.language.broker import _Asked

    return _Asked()


def test_what_an_earlier_attempt_used_counts() -> None:
    line = FakeLine(lambda asked, number: good())
    with broker(line, Limits(requests=5)) as talker:
        talker.count_earlier(Usage(calls=4, attempts=4, replies=4))
        found = talker.ask([question(number) for number in range(3)])
    assert [reply.failure for reply in found].count(Failure.BUDGET) == 2
    assert line.sent == 1


def test_time_for_asking_ends() -> None:
    line = FakeLine(lambda asked, number: 0.5)
    limits = Limits(timeout_s=5, patience_s=5, seconds=0.9, in_flight=1)
    with broker(line, limits) as talker:
        found = talker.ask([question(number) for number in range(4)])
    assert [reply.failure for reply in found] == [None, Failure.BUDGET, Failure.BUDGET, Failure.BUDGET]
    assert 1 <= line.sent <= 2


def test_patience_covers_all_requests_of_a_question() -> None:
    line = FakeLine(lambda asked, number: 5.0)
    limits = Limits(timeout_s=0.2, patience_s=0.5, attempts=10, backoff_s=0.0)
    with broker(line, limits) as talker:
        (reply,) = talker.ask([question()])
    assert (reply.failure, reply.attempts) == (Failure.TIMEOUT, 3)
    assert 0.4 < reply.latency_s < 10


def test_a_repair_is_asked_for_once() -> None:
    line = FakeLine(lambda asked, number: Answer(text="{}", tokens_in=1, tokens_out=1))
    with broker(line) as talker:
        (reply,) = talker.ask([question()])
    assert (reply.failure, reply.attempts, line.sent) == (Failure.SCHEMA, 2, 2)
    assert reply.detail == "level: missing; home: missing; share: missing"


def test_an_answer_that_is_cut_off_is_not_repaired() -> None:
    line = FakeLine(lambda asked, number: Answer(text=GOOD, tokens_in=1, tokens_out=1, finish=Finish.CUT))
    with broker(line) as talker:
        assert talker.ask([question()])[0].failure is Failure.TOO_LONG
    assert line.sent == 1


def test_what_a_line_raises_by_mistake_is_a_failure_and_shows_no_words() -> None:
    line = FakeLine(lambda asked, number: KeyError("I cook at seven"))
    with broker(line) as talker:
        (reply,) = talker.ask([question()])
    assert reply == Reply(failure=Failure.PROVIDER, detail="KeyError", attempts=1, latency_s=reply.latency_s)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_breaker_opens_and_one_question_tries() -> None:
    clock = Clock()
    ill = True

    def act(asked: Question, number: int) -> Answer | Exception:
        return TroubleError(Failure.CONNECTION, "refused", again=True) if ill else good()

    line = FakeLine(act)
    limits = Limits(attempts=1, in_flight=1, seconds=1e6, patience_s=50, timeout_s=10)
    with broker(line, limits, clock=clock) as talker:
        found = talker.ask([question(number) for number in range(8)])
        assert [reply.failure for reply in found] == [Failure.CONNECTION] * 5 + [Failure.CIRCUIT] * 3
        assert line.sent == 5
        clock.now = 19.9
        assert talker.ask([question()])[0].failure is Failure.CIRCUIT
        clock.now = 20.0
        found = talker.ask([question(number) for number in range(3)])
        assert [reply.failure for reply in found] == [Failure.CONNECTION, Failure.CIRCUIT, Failure.CIRCUIT]
        assert line.sent == 6
        clock.now, ill = 40.0, False
        assert Usage.of(talker.ask([question(number) for number in range(3)])).replies == 3
        ill = True
        assert talker.ask([question()])[0].failure is Failure.CONNECTION  # It counts from none again.


def test_only_one_probe_at_a_time() -> None:
    clock = Clock()
    breaker = Breaker(clock, failures=1, cool_s=10)
    first = breaker.enter()
    assert first is not None
    breaker.leave(first, reached=False)
    assert breaker.is_open
    assert not breaker.stands(first)
    clock.now = 10
    probe = breaker.enter()
    assert probe is not None
    assert probe.probe
    assert breaker.enter() is None
    breaker.leave(probe, reached=None)  # Broken off: another may try.
    again = breaker.enter()
    assert again is not None
    breaker.leave(again, reached=True)
    assert not breaker.is_open


def test_invalid_replies_do_not_open_the_breaker() -> None:
    line = FakeLine(lambda asked, number: Answer(text="no", tokens_in=1, tokens_out=1))
    with broker(line) as talker:
        found = talker.ask([question(number) for number in range(30)])
    assert {reply.failure for reply in found} == {Failure.NOT_JSON}


def test_an_open_schema_is_a_mistake_of_whoever_asks() -> None:
    class Loose(BaseModel):
        level: int

    with broker(FakeLine(lambda asked, number: good())) as talker, pytest.raises(TypeError, match="not closed"):
        talker.ask([question(reply=Loose)])


def test_closing_breaks_off_and_may_be_repeated() -> None:
    line = FakeLine(lambda asked, number: 30.0)
    talker = broker(line, Limits())
    ended: list[BaseException] = []

    def ask() -> None:
        try:
            talker.ask([question()])
        except BaseException as problem:
            ended.append(problem)

    thread = threading.Thread(target=ask)
    thread.start()
    while not line.sent:
        pass
    talker.close()
    thread.join(5)
    talker.close()
    assert not thread.is_alive()
    assert line.closed == 1
    assert len(ended) == 1
    with pytest.raises(RuntimeError, match="closed"):
        talker.ask([question()])


def test_an_interrupt_breaks_off_what_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    from concurrent.futures import Future

    line = FakeLine(lambda asked, number: 30.0)
    with broker(line, Limits()) as talker:

        def interrupted(self: object, timeout: float | None = None) -> object:
            while not line.sent:
                pass
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(Future, "result", interrupted)
            with pytest.raises(KeyboardInterrupt):
                talker.ask([question()])
        for _ in range(1_000):
            if not line.at_once:
                break
            threading.Event().wait(0.005)
        assert line.at_once == 0


def test_it_may_be_called_within_a_running_loop() -> None:
    with broker(FakeLine(lambda asked, number: good())) as talker:

        async def within() -> list[Reply]:
            return talker.ask([question()])

        assert asyncio.run(within())[0].failure is None
