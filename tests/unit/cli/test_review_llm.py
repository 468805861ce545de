"""Consent, limits and addresses of a hosted model reach every command that may ask one."""

import pytest
from typer.testing import CliRunner

from gridpact.cli.app import app

READ = ["preferences", "read", "--home", "home-0001", "--text", "Keep 30%", "--fleet", "3", "--store", "memory"]
HOSTED = ["--llm", "openai:gpt-4o-mini", "--json"]


@pytest.fixture(autouse=True)
def _nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("GRIDPACT_LLM_LIMITS", "attempts=1")


def test_a_model_reads_what_its_owner_agreed_to() -> None:
    assert '"no_consent"' in CliRunner().invoke(app, [*READ, *HOSTED]).output
    assert '"connection"' in CliRunner().invoke(app, [*READ, *HOSTED, "--consent", "all"]).output


@pytest.mark.parametrize("command", [[*READ, *HOSTED, "--consent", "all"], ["strategy", "foo bar", *HOSTED]])
def test_limits_from_the_environment_hold(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDPACT_LLM_LIMITS", "requests=0")
    assert '"budget"' in CliRunner().invoke(app, command).output
    monkeypatch.setenv("GRIDPACT_LLM_LIMITS", "nonsense")
    assert CliRunner().invoke(app, command).exit_code == 2


def test_an_unusable_proxy_is_said_without_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    from gridpact.errors import InputError
    from gridpact.language.transport import open_client

    monkeypatch.setattr("urllib.request.getproxies", lambda: {"https": "junk://u:SECRET@h"})
    monkeypatch.setattr("urllib.request.proxy_bypass", lambda host: False)
    with pytest.raises(InputError, match="HTTPS_PROXY") as caught:
        open_client("https://models.example/v1", most_bytes=1024, timeout_s=1.0, connections=1)
    assert "SECRET" not in str(caught.value)
