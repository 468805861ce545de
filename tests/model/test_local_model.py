"""The local model answers typed questions, the same each time, on this machine only."""

import socket
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict

from gridpact.language.broker import Broker
from gridpact.language.limits import Limits
from gridpact.language.opening import open_talker
from gridpact.language.questions import Failure, Question


class Position(BaseModel):
    """What an owner's agent may say."""

    model_config = ConfigDict(extra="forbid")
    home: Literal["maple"]
    stance: Literal["firm", "steady", "ready"]
    share: Literal[0, 25, 50, 75, 100]


def position(number: int = 1, **changes: object) -> Question:
    """A question as a negotiation asks it."""
    settings: dict[str, object] = {
        "key": f"bid/energy/{number}/maple",
        "task": "bid",
        "instructions": "You speak for the home maple. Choose a stance and a share of the range.",
        "facts": "The offer is slightly low. The evening is far away.",
        "words": "I would rather not sell below my price.",
        "reply": Position,
        "most_tokens": 64,
        "home_id": "maple",
    }
    return Question(**settings | changes)  # type: ignore[arg-type]


def test_it_answers_in_the_closed_schema(smollm2: Broker) -> None:
    assert (smollm2.name, smollm2.hosted, smollm2.priced) == ("local:smollm2", False, True)
    (reply,) = smollm2.ask([position()])
    assert isinstance(reply.value, Position), reply
    assert reply.tokens_in > 20
    assert reply.tokens_out > 5
    assert reply.cost_microusd == 0


def test_it_says_the_same_each_time(smollm2: Broker) -> None:
    first = smollm2.ask([position(number) for number in range(3)])
    assert len({reply.value.model_dump_json() for reply in first if reply.value}) == 1
    again = smollm2.ask([position(9)])[0]
    assert again.value == first[0].value


def test_a_second_instance_says_the_same(smollm2: Broker) -> None:
    with open_talker("local:smollm2", limits=Limits(timeout_s=300, patience_s=600)) as other:  # type: ignore[attr-defined]
        assert other.ask([position()])[0].value == smollm2.ask([position()])[0].value


def test_a_limit_of_tokens_is_kept(smollm2: Broker) -> None:
    (reply,) = smollm2.ask([position(most_tokens=4)])
    assert (reply.failure, reply.value) == (Failure.TOO_LONG, None)
    assert reply.tokens_out <= 4


def test_a_question_longer_than_it_reads_is_no_crash(smollm2: Broker) -> None:
    (reply,) = smollm2.ask([position(words="so it goes on. " * 4_000)])
    assert reply.value is None
    assert smollm2.ask([position()])[0].failure is None


def test_time_is_kept_and_the_model_goes_on() -> None:
    talker = open_talker("local:smollm2", limits=Limits(timeout_s=0.05, patience_s=0.2, attempts=1))
    with talker:  # type: ignore[attr-defined]
        (reply,) = talker.ask([position(most_tokens=512)])
        assert reply.failure is Failure.TIMEOUT
        assert reply.latency_s < 5


def test_others_on_this_machine_cannot_ask_it(smollm2: Broker) -> None:
    import httpx2

    address = smollm2._line._server.listening_address  # type: ignore[attr-defined]
    assert address.startswith("http://127.0.0.1:")
    answer = httpx2.post(f"{address}/v1/chat/completions", json={"messages": [], "max_tokens": 1}, timeout=10)
    assert answer.status_code == 401


def test_closing_ends_it() -> None:
    talker = open_talker("local:smollm2")
    address = talker._line._server.listening_address  # type: ignore[attr-defined]
    talker.close()  # type: ignore[attr-defined]
    port = int(address.rsplit(":", 1)[1])
    with socket.socket() as probe, pytest.raises(OSError, match="refused"):
        probe.connect(("127.0.0.1", port))
