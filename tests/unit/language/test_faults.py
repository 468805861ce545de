"""Every fault of every provider ends in a typed reply within its time, over real HTTP."""

import email.utils
import json
import logging
import threading
import time
import tracemalloc

import pytest

from fakes.asking import GOOD, MODELS, QUICK, Offer, asking, question
from fakes.providers import KEY, Action, Drip, Flood, Hang, Http, Request, Reset, Say, Truncate, unused_port
from gridpact.language.breaker import Breaker
from gridpact.language.broker import Broker
from gridpact.language.limits import Limits
from gridpact.language.opening import open_talker
from gridpact.language.questions import Failure
from gridpact.language.usage import Usage

PROVIDERS = sorted(MODELS)
each_provider = pytest.mark.parametrize("provider", PROVIDERS)


@each_provider
def test_a_question_and_its_typed_reply(provider: str) -> None:
    with asking(provider, lambda request, number: Say(text=GOOD, tokens_in=111, tokens_out=22)) as (broker, fake):
        (reply,) = broker.ask([question()])
        (request,) = fake.requests
    assert reply.value == Offer(level=2, home="H-1", share=0.5)
    assert (reply.failure, reply.attempts, reply.tokens_in, reply.tokens_out) == (None, 1, 111, 22)
    assert reply.cost_microusd > 0
    assert reply.latency_s > 0
    assert request.provider == provider
    assert request.model == MODELS[provider]
    assert request.key == KEY
    assert (request.most_tokens, request.temperature) == (64, 0.0)
    properties = request.schema["properties"]
    assert properties["home"]["enum"] == ["H-1", "H-2"]
    assert set(properties) == set(request.schema["required"]) == {"level", "home", "share"}
    assert request.schema["additionalProperties"] is False
    assert "Choose a level." in request.text
    assert "I cook at seven." in request.text
    assert KEY not in request.text


FAULTS: dict[str, tuple[Action, Failure, int]] = {
    "rate limit": (Http(status=429), Failure.RATE_LIMIT, 3),
    "server error": (Http(status=500), Failure.PROVIDER, 3),
    "not there for a while": (Http(status=503), Failure.PROVIDER, 3),
    "overloaded": (Http(status=529), Failure.PROVIDER, 3),
    "wrong key": (Http(status=401), Failure.REFUSED, 1),
    "no such model": (Http(status=404), Failure.REFUSED, 1),
    "bad request": (Http(status=400), Failure.REFUSED, 1),
    "elsewhere": (Http(status=302, headers={"location": "http://203.0.113.1/"}), Failure.PROVIDER, 3),
    "cut in the middle": (Truncate(), Failure.CONNECTION, 3),
    "reset": (Reset(), Failure.CONNECTION, 3),
    "no JSON around it": (Http(status=200, body=b"<html>busy</html>"), Failure.PROVIDER, 3),
    "a bomb": (Http(status=200, headers={"content-encoding": "gzip"}, body=b"\x1f\x8b"), Failure.PROVIDER, 1),
    "no JSON": (Say(text="certainly, level 2"), Failure.NOT_JSON, 2),
    "nothing": (Say(text=""), Failure.NOT_JSON, 2),
    "another schema": (Say(text='{"level": 9, "home": "H-1", "share": 0.5}'), Failure.SCHEMA, 2),
    "a key more": (Say(text='{"level": 1, "home": "H-1", "share": 0.5, "price": 1}'), Failure.SCHEMA, 2),
    "a home that is not asked": (Say(text='{"level": 1, "home": "H-3", "share": 0.5}'), Failure.SCHEMA, 2),
    "a number in quotes": (Say(text='{"level": 1, "home": "H-1", "share": "0.5"}'), Failure.SCHEMA, 2),
    "NaN": (Say(text='{"level": 1, "home": "H-1", "share": NaN}'), Failure.SCHEMA, 2),
    "infinity": (Say(text='{"level": 1, "home": "H-1", "share": 1e999}'), Failure.SCHEMA, 2),
    "a key twice": (Say(text='{"level": 1, "level": 2, "home": "H-1", "share": 0.5}'), Failure.SCHEMA, 2),
    "cut off": (Say(text='{"level": 1, "ho', stop="length"), Failure.TOO_LONG, 1),
    "withheld": (Say(text="", stop="filter"), Failure.REFUSED, 1),
}


@each_provider
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_has_its_name_and_number_of_attempts(provider: str, fault: str) -> None:
    action, failure, attempts = FAULTS[fault]
    with asking(provider, lambda request, number: action) as (broker, fake):
        begun = time.monotonic()
        (reply,) = broker.ask([question()])
        took = time.monotonic() - begun
    assert (reply.failure, reply.value) == (failure, None), reply
    assert reply.attempts == len(fake.requests) == attempts
    assert took < QUICK.patience_s
    assert KEY not in repr(reply)


@each_provider
@pytest.mark.parametrize("action", [Hang(), Drip()], ids=["hang", "drip"])
def test_a_server_that_never_ends_is_cut_off(provider: str, action: Action) -> None:
    limits = Limits(timeout_s=0.2, patience_s=5.0, attempts=2, in_flight=4, backoff_s=0.01)
    with asking(provider, lambda request, number: action, limits=limits) as (broker, fake):
        begun = time.monotonic()
        replies = broker.ask([question(number) for number in range(4)])
        took = time.monotonic() - begun
        deadline = time.monotonic() + 5
        while fake.lost < len(fake.requests) and time.monotonic() < deadline:
            time.sleep(0.01)
        # Every socket was closed on our side; a request may be cut off before the server has read it.
        assert 0 < fake.lost == len(fake.requests) <= 8
    assert {reply.failure for reply in replies} == {Failure.TIMEOUT}
    assert {reply.attempts for reply in replies} == {2}
    assert took < limits.patience_s


@each_provider
def test_a_flood_is_cut_off_without_filling_memory(provider: str) -> None:
    with asking(provider, lambda request, number: Flood(size=64 << 20)) as (broker, _):
        broker.ask([question()])
        tracemalloc.start()
        (reply,) = broker.ask([question(2)])
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert (reply.failure, reply.attempts) == (Failure.TOO_LARGE, 1)
    assert most < 16 << 20


@each_provider
def test_a_stated_length_that_is_too_great_is_not_read(provider: str) -> None:
    action = Http(status=200, headers={"content-length": str(10 << 20)}, body=b"{}")
    with asking(provider, lambda request, number: action) as (broker, _):
        (reply,) = broker.ask([question()])
    assert reply.failure is Failure.TOO_LARGE


@each_provider
def test_nobody_listens(provider: str) -> None:
    names = {"gemini": "GEMINI", "openai": "OPENAI", "anthropic": "ANTHROPIC"}
    environment = {
        f"{names[provider]}_API_KEY": KEY,
        f"GRIDPACT_{names[provider]}_BASE_URL": f"http://127.0.0.1:{unused_port()}",
    }
    talker = open_talker(f"{provider}:{MODELS[provider]}", limits=QUICK, environment=environment)
    assert isinstance(talker, Broker)
    with talker:
        (reply,) = talker.ask([question()])
        assert talker.spent.tokens == 0
    assert (reply.failure, reply.attempts) == (Failure.CONNECTION, 3)


@each_provider
def test_a_burst_passes(provider: str) -> None:
    def act(request: Request, number: int) -> Action:
        return Http(status=503) if number < 2 else Say(text=GOOD)

    with asking(provider, act) as (broker, _):
        (reply,) = broker.ask([question()])
    assert (reply.failure, reply.attempts) == (None, 3)


@each_provider
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_honoured(provider: str, form: str) -> None:
    def act(request: Request, number: int) -> Action:
        if number:
            return Say(text=GOOD)
        after = "1" if form == "seconds" else email.utils.formatdate(time.time() + 2, usegmt=True)
        return Http(status=429, headers={"retry-after": after})

    with asking(provider, act) as (broker, _):
        begun = time.monotonic()
        (reply,) = broker.ask([question()])
        took = time.monotonic() - begun
    assert (reply.failure, reply.attempts) == (None, 2)
    assert 0.8 < took < 20


@each_provider
def test_a_wait_that_is_longer_than_anybody_has_is_not_begun(provider: str) -> None:
    act = Http(status=429, headers={"retry-after": "3600"})
    with asking(provider, lambda request, number: act) as (broker, _):
        begun = time.monotonic()
        (reply,) = broker.ask([question()])
        assert time.monotonic() - begun < 1.0
    assert (reply.failure, reply.attempts) == (Failure.RATE_LIMIT, 1)


@each_provider
def test_one_repair_is_asked_for_and_counted(provider: str) -> None:
    def act(request: Request, number: int) -> Action:
        return Say(text=GOOD) if number else Say(text='{"level": 7, "home": "H-1", "share": 0.5, "secret": 1}')

    with asking(provider, act) as (broker, fake):
        (reply,) = broker.ask([question()])
    assert (reply.failure, reply.attempts, reply.tokens_in, reply.tokens_out) == (None, 2, 200, 40)
    assert "That was not valid" in fake.requests[1].text
    assert "level" in fake.requests[1].text


def test_a_fence_around_the_answer_is_no_fault() -> None:
    with asking("openai", lambda request, number: Say(text=f"```json\n{GOOD}\n```")) as (broker, _):
        assert broker.ask([question()])[0].failure is None


def test_a_planted_key_is_in_no_reply_log_or_exception(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("openai", "anthropic", "httpx2", "httpcore2", "google_genai"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    echo = Http(status=401, body=json.dumps({"error": {"message": f"bad key {KEY}", "code": KEY}}).encode())
    for provider in PROVIDERS:
        for action in (echo, Say(text=KEY), Reset(), Http(status=200, body=KEY.encode())):
            with asking(provider, lambda request, number, action=action: action) as (broker, _):  # type: ignore[misc]
                (reply,) = broker.ask([question()])
                assert KEY not in repr(reply)
                assert KEY not in repr(vars(broker).get("name"))
    output = capfd.readouterr()
    written = caplog.text + output.out + output.err
    assert KEY not in written
    assert "I cook at seven" not in written


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 1.0])
def test_faults_are_counted_exactly(part: float) -> None:
    _counted(part, questions=40)


def test_a_breaker_spares_a_provider_that_fails_always() -> None:
    _counted(1.0, questions=120, breaks=True)


@pytest.mark.deep
@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 1.0])
def test_faults_are_counted_exactly_over_a_thousand_calls(part: float, provider: str) -> None:
    _counted(part, questions=1_000, provider=provider)


_KINDS: list[tuple[Action, Failure]] = [
    (Http(status=429), Failure.RATE_LIMIT),
    (Http(status=500), Failure.PROVIDER),
    (Http(status=503), Failure.PROVIDER),
    (Hang(), Failure.TIMEOUT),
    (Drip(), Failure.TIMEOUT),
    (Truncate(), Failure.CONNECTION),
    (Http(status=200, body=b"{"), Failure.PROVIDER),
    (Say(text="no"), Failure.NOT_JSON),
    (Say(text='{"level": 4}'), Failure.SCHEMA),
    (Say(text='{"level": 1, "home": "H-9", "share": NaN}'), Failure.SCHEMA),
    (Say(text="{", stop="length"), Failure.TOO_LONG),
    (Flood(size=2 << 20), Failure.TOO_LARGE),
    (Reset(), Failure.CONNECTION),
]


def _counted(part: float, *, questions: int, provider: str = "gemini", breaks: bool = False) -> None:
    """Questions of which ``part`` meet a fault at every request; without a breaker each has the fault's own name."""
    asked = [question(number, facts=f"number {number};") for number in range(questions)]
    bad = {number for number in range(questions) if (number * 7919) % 1000 < part * 1000}

    def act(request: Request, number: int) -> Action:
        which = int(request.text.split("number ")[1].split(";")[0])
        return _KINDS[which % len(_KINDS)][0] if which in bad else Say(text=GOOD)

    timeout_s = 4.0
    limits = Limits(
        timeout_s=timeout_s, patience_s=4 * timeout_s, attempts=2, in_flight=16, backoff_s=0.01, requests=10**6
    )
    with asking(provider, act, limits=limits) as (broker, fake):
        if not breaks:
            broker._breaker = Breaker(time.monotonic, failures=10**9)
        begun = time.monotonic()
        replies = broker.ask(asked)
        took = time.monotonic() - begun
    usage = Usage.of(replies)
    assert usage.calls == questions == usage.replies + usage.fallback_count
    # A request may be cut off on its way, before the server has read it.
    assert 0 <= usage.attempts - len(fake.requests) <= 2 + questions // 100
    assert took < limits.patience_s * (questions / limits.in_flight + 1)
    assert max(reply.latency_s for reply in replies) < limits.patience_s + 1
    for number, reply in enumerate(replies):
        wanted = {_KINDS[number % len(_KINDS)][1]} if number in bad else {None}
        assert reply.failure in wanted | ({Failure.CIRCUIT} if breaks else set()), (number, reply)
    if breaks and part == 1.0:
        assert usage.fallbacks["circuit_open"] > questions / 2
        assert len(fake.requests) < questions


def test_many_questions_hold_no_memory() -> None:
    limits = Limits(timeout_s=20, patience_s=25, in_flight=16)
    with asking("gemini", lambda request, number: Say(text=GOOD), limits=limits) as (broker, fake):
        broker.ask([question(number) for number in range(30)])
        fake.requests.clear()
        tracemalloc.start()
        kept = []
        for first in range(0, 90, 30):
            assert not Usage.of(broker.ask([question(first + number) for number in range(30)])).fallbacks
            fake.requests.clear()
            kept.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        assert fake.most_at_once <= 16
    assert kept[-1] - kept[0] < 1 << 20


@pytest.mark.deep
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_thousand_questions_at_sixteen_in_flight_take_less_than_half_a_minute(provider: str) -> None:
    limits = Limits(timeout_s=20, patience_s=25, in_flight=16)
    with asking(provider, lambda request, number: Say(text=GOOD), limits=limits) as (broker, fake):
        begun = time.monotonic()
        assert Usage.of(broker.ask([question(number) for number in range(1_000)])).replies == 1_000
        took = time.monotonic() - begun
        assert fake.most_at_once <= 16
    print(f"{provider}: {took:.1f} s")
    assert took < 30


def test_threads_share_a_broker() -> None:
    with asking("openai", lambda request, number: Say(text=GOOD)) as (broker, fake):
        found: list[Failure | None] = []

        def ask(start: int) -> None:
            found.extend(reply.failure for reply in broker.ask([question(start + n) for n in range(10)]))

        threads = [threading.Thread(target=ask, args=(10 * number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [None] * 40
        assert fake.most_at_once <= QUICK.in_flight
