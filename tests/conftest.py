"""Processes that tests start import the same gridpact as the tests, in whatever folder and environment they start."""

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


@pytest.fixture(autouse=True, scope="session")
def _no_calls_outside() -> Iterator[None]:
    """No test reaches another machine: models, prices and whatever else are stood in for on the loopback."""
    with lonely.only_loopback():
        yield
