"""What holds for every test: the same gridpact in every process, only the loopback, an hour for full counts."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import gridpact
import lonely
from servers import postgres_server, postgres_url  # noqa: F401  fixtures for every test

os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(Path(gridpact.__file__).resolve().parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
)
# Commands that tests run keep no log, except where a test says where.
os.environ["GRIDPACT_STORE"] = "memory"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give tests at their full counts an hour, where they do not say otherwise; a busy machine needs it."""
    for item in items:
        if item.get_closest_marker("deep") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(3600))


@pytest.fixture(autouse=True, scope="session")
def _no_calls_outside() -> Iterator[None]:
    """No test reaches another machine: models, prices and whatever else are stood in for on the loopback."""
    with lonely.only_loopback():
        yield
