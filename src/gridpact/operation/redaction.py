"""Keeps keys and passwords of the environment out of what is printed, logged or written.

Nothing in gridpact writes the environment anywhere; but a message of another program or library may quote the address
or the header of a request, with a key in it.
"""

import os
import re
from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import unquote, urlsplit

HIDDEN = "[hidden]"
SHORTEST = 6
"""A value with fewer letters is left alone: it would be found inside ordinary words."""
_NAMES = re.compile(r"(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?)(?:_|$)|APIKEY", re.IGNORECASE)


def secrets_of(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Values that must not be shown, the longest first: of variables named for keys, and passwords in addresses."""
    found = set()
    for name, value in environ.items():
        if _NAMES.search(name):
            found.add(value.strip())
        if "://" in value and "@" in value:
            password = _password(value)
            found |= {password, unquote(password)}
    return tuple(sorted((each for each in found if len(each) >= SHORTEST), key=lambda each: (-len(each), each)))


def redact(text: str, environ: Mapping[str, str] | None = None) -> str:
    """``text`` without the secrets of ``environ``, the process's own unless given."""
    for secret in secrets_of(os.environ if environ is None else environ):
        text = text.replace(secret, HIDDEN)
    return text


def redact_event(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: every text of an event without the secrets of the environment."""
    del logger, method
    return {str(key): _redacted(value) for key, value in event.items()}


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {key: _redacted(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(item) for item in value]
    if isinstance(value, BaseException):
        return redact(f"{type(value).__name__}: {value}")
    return value


def _password(address: str) -> str:
    try:
        return urlsplit(address.strip()).password or ""
    except ValueError:
        return ""
