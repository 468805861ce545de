"""Secrets are hidden wherever they stand in an event."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gridpact.operation.redaction import redact_event


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Events as they are written, in an environment of one's own."""

    def clean(environment: dict[str, str], **fields: Any) -> dict[str, Any]:
        monkeypatch.setattr("os.environ", environment)
        return dict(redact_event(None, "info", dict(fields)))

    return clean


def test_values_of_secret_variables_are_hidden_wherever_they_stand(hidden: Callable[..., dict[str, Any]]) -> None:
    environment = {
        "OPENAI_API_KEY": "sk-abcdef",
        "PGPASSWORD": "hunter2!",
        "GRIDPACT_STORE": "postgresql://keeper:s3%40cret@db/runs",
        "EDITOR": "vim-the-editor",
        "X_TOKEN": "abcde",
    }
    told = hidden(
        environment,
        url="postgresql://keeper:s3%40cret@db/runs",
        text="asked sk-abcdef, got hunter2! and s3@cret",
        deep={"list": ["sk-abcdef", Path("/hunter2!/x")], "sk-abcdef": 1},
        editor="vim-the-editor",
        short="abcde",
        count=3,
        exc_info=True,
    )
    assert told == {
        "url": "postgresql://keeper:[hidden]@db/runs",
        "text": "asked [hidden], got [hidden] and [hidden]",
        "deep": {"list": ["[hidden]", "/[hidden]/x"], "[hidden]": 1},
        "editor": "vim-the-editor",
        "short": "abcde",
        "count": 3,
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("https://user:p@ss/w:rd@host/x", "https://user:[hidden]@host/x"),
        ("postgresql://host/db?user=a&password=abc&x=1", "postgresql://host/db?user=a&password=[hidden]&x=1"),
        ("host=db password=abc dbname=runs", "host=db password=[hidden] dbname=runs"),
        ("Api-Key: abc", "Api-Key: [hidden]"),
        ("http://host:8080/path", "http://host:8080/path"),
    ],
)
def test_passwords_in_addresses_are_hidden_though_no_variable_holds_them(
    hidden: Callable[..., dict[str, Any]], text: str, said: str
) -> None:
    assert hidden({}, text=text) == {"text": said}
