"""Processes that tests start import the same gridpact as the tests, in whatever folder and environment they start."""

import os
from pathlib import Path

import gridpact
from servers import postgres_server, postgres_url  # noqa: F401  fixtures for every test

os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(Path(gridpact.__file__).resolve().parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
)
# Commands that tests run keep no log, except where a test says where.
os.environ["GRIDPACT_STORE"] = "memory"
