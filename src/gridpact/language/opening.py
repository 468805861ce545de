"""From what a user writes after ``--llm`` to something that answers questions."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from gridpact.errors import InputError
from gridpact.language.limits import Limits
from gridpact.language.questions import Nobody, Talker

FORMS = "gemini:NAME, openai:NAME, anthropic:NAME, local:smollm2 or none"
_MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,199}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Provider:
    keys: tuple[str, ...]
    """Environment variables that may hold the key, first things first."""
    address: tuple[str, ...]
    """Those that may hold another address."""
    usual: str


_PROVIDERS: Mapping[str, _Provider] = {
    "gemini": _Provider(
        keys=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        address=("GRIDPACT_GEMINI_BASE_URL",),
        usual="https://generativelanguage.googleapis.com",
    ),
    "openai": _Provider(
        keys=("OPENAI_API_KEY",),
        address=("GRIDPACT_OPENAI_BASE_URL", "OPENAI_BASE_URL"),
        usual="https://api.openai.com/v1",
    ),
    "anthropic": _Provider(
        keys=("ANTHROPIC_API_KEY",),
        address=("GRIDPACT_ANTHROPIC_BASE_URL", "ANTHROPIC_BASE_URL"),
        usual="https://api.anthropic.com",
    ),
}


def split_name(name: str) -> tuple[str, str]:
    """Provider and model of what a user wrote; ``("none", "")`` for no model.

    Raises:
        InputError: it names no provider or no model.
    """
    provider, _, model = name.strip().partition(":")
    provider = provider.strip().lower()
    if provider in ("", "none") and not model:
        return "none", ""
    if provider not in (*_PROVIDERS, "local"):
        raise InputError(f"--llm {name!r} names no provider that is known; use {FORMS}")
    model = model.strip()
    if provider == "local":
        if model != "smollm2":
            raise InputError(f"--llm {name!r}: the local model is local:smollm2; use {FORMS}")
        return provider, model
    if not _MODEL_NAME.fullmatch(model):
        raise InputError(f"--llm {name!r} names no model; write the provider's name for it, such as gemini:NAME")
    return provider, model


def open_talker(name: str, *, limits: Limits | None = None, environment: Mapping[str, str] | None = None) -> Talker:
    """Whoever answers questions under ``name``. Nothing is sent yet.

    Args:
        name: ``gemini:NAME``, ``openai:NAME``, ``anthropic:NAME``, ``local:smollm2`` or ``none``.
        limits: of the run; the defaults of `Limits` if None.
        environment: where keys and addresses stand; by default the process's own.

    Raises:
        InputError: the name is not known, the key is missing or unusable, a package is missing, or a limit on money
            is set for a model whose price is not known.
    """
    limits = limits or Limits()
    provider, model = split_name(name)
    if provider == "none":
        return Nobody()
    if provider == "local":
        from gridpact.language.local import open_local

        return open_local(limits)
    settings = os.environ if environment is None else environment
    known = _PROVIDERS[provider]
    base_url, own = _address(known, settings)
    key = _key(provider, known, settings, own_address=own)

    from gridpact.language.broker import Broker
    from gridpact.language.hosted import HostedLine
    from gridpact.language.prices import price_of

    price = price_of(provider, model)
    if price is None and limits.usd is not None:
        raise InputError(
            f"the price of {provider}:{model} is not known, so a limit in dollars cannot be kept; "
            "leave --llm-limit usd=... out and set tokens=..., or choose another model"
        )
    line = HostedLine(provider, model, key=key, base_url=base_url, limits=limits)
    return Broker(line, name=f"{provider}:{model}", hosted=True, limits=limits, price=price)


def check_openable(name: str, *, limits: Limits | None = None) -> None:
    """Have whatever keeps ``name`` from being opened said now; nothing is loaded or sent.

    Raises:
        InputError: as `open_talker` does.
    """
    if split_name(name)[0] == "local":
        from gridpact.language.local import check_installed

        check_installed()
        return
    talker = open_talker(name, limits=limits)
    if not isinstance(talker, Nobody):
        talker.close()  # type: ignore[attr-defined]


def _address(known: _Provider, settings: Mapping[str, str]) -> tuple[str, bool]:
    for variable in known.address:
        address = settings.get(variable, "").strip()
        if not address:
            continue
        try:
            parts = urlsplit(address)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
            parts = urlsplit("")
        if not usable or not address.isascii() or not address.isprintable() or " " in address:
            raise InputError(f"{variable} is no address such as https://models.example/v1")
        if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
            raise InputError(f"{variable} holds more than an address; put the key into {known.keys[0]}")
        return address.rstrip("/"), True
    return known.usual, False


def _key(provider: str, known: _Provider, settings: Mapping[str, str], *, own_address: bool) -> str:
    for variable in known.keys:
        key = settings.get(variable, "").strip()
        if not key:
            continue
        if not key.isascii() or not key.isprintable() or " " in key or len(key) > 4_096:
            raise InputError(f"{variable} holds something that is no key: it has spaces or signs outside ASCII")
        return key
    if provider == "openai" and own_address:
        return "none"  # Many servers of one's own ask for no key.
    variables = " or ".join(known.keys)
    raise InputError(
        f"--llm {provider}:... needs a key: set {variables} in the environment or in a file .env here, "
        "or run with --llm none"
    )
