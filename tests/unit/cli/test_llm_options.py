"""``--llm`` and its fellows on the command line: one message, exit code 2, nothing written, no key shown."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fakes.providers import KEY
from gridpact.cli.app import app

DAY = ("negotiate", "--price", "400", "--kw", "8", "--quiet", "--out", "day")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without keys in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--llm", "oracle:1"), "use gemini:NAME, openai:NAME, anthropic:NAME, local:smollm2 or none"),
        (("--llm", "gemini:gemini-2.5-flash"), "set GEMINI_API_KEY or GOOGLE_API_KEY"),
        (("--llm", "openai:gpt-5-mini"), "set OPENAI_API_KEY"),
        (("--llm-limit", "attempts=0"), "attempts is 0; use 1 to 10"),
        (("--llm-limit", "speed=1"), "NAME=VALUE"),
        (("--consent", "nowhere.txt"), "neither 'all' nor a file"),
        (("--llm", "openai:mine", "--llm-limit", "usd=1"), "price of openai:mine is not known"),
    ],
)
def test_what_cannot_be_used_is_said(
    place: Path, words: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "openai:mine" in words:
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
    found = CliRunner().invoke(app, [*DAY, *words])
    assert found.exit_code == 2
    assert said in " ".join(found.stderr.split())
    assert "Traceback" not in found.output
    assert KEY not in found.output
    assert not (place / "day").exists()


def test_scenarios_take_a_model_too(place: Path) -> None:
    found = CliRunner().invoke(app, ["scenarios", "--llm", "anthropic:claude-haiku-4-5", "--quiet"])
    assert found.exit_code == 2
    assert "ANTHROPIC_API_KEY" in found.stderr


def test_a_day_without_a_model_has_its_old_form(place: Path) -> None:
    assert CliRunner().invoke(app, [*DAY, "--llm", "none"]).exit_code == 0
    result = json.loads((place / "day" / "result.json").read_text())
    assert result["negotiation"]["language"] == {"calls": 0, "fallbacks": 0, "tokens": 0, "cost_usd": 0.0}


def test_the_key_may_stand_in_a_file(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gridpact.cli.environment import load_env_file
    from gridpact.language.opening import check_openable

    monkeypatch.setenv("GEMINI_API_KEY", "")
    monkeypatch.delenv("GEMINI_API_KEY")
    (place / ".env").write_text(f"GEMINI_API_KEY={KEY}\n")
    load_env_file()
    check_openable("gemini:gemini-2.5-flash")
    monkeypatch.delenv("GEMINI_API_KEY")
