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
_IN_ADDRESS = re.compile(r"(://[^\s/:@]*:)[^\s]*@")
"""A password in any address, also of one that no variable holds; to the last @, since people write @ in passwords."""
_NAMED = re.compile(
    r"(?i)\b(password|passwd|pwd|passphrase|api[-_]?key|access[-_]?key|token|secret)(\s*[=:]\s*)[^\s&;,\"']+"
)
_TRACES = ("exc_info", "exception", "stack", "stack_info")
"""Parts of an event that may quote anything."""
_NAMES = re.compile(
    r"(?:^|_|PG)(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?)(?:_|$)|APIKEY", re.IGNORECASE
)


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
    """``text`` without the secrets of ``environ``, the process's own unless given, and without what is called one."""
    return _without(text, secrets_of(os.environ if environ is None else environ))


def redact_event(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: an event without tracebacks, and every text of it as `redact` leaves it."""
    del logger, method
    secrets = secrets_of(os.environ)
    return {_without(key, secrets): _clean(value, secrets) for key, value in event.items() if key not in _TRACES}


def _clean(value: Any, secrets: tuple[str, ...]) -> Any:
    match value:
        case None | bool() | int() | float():
            return value
        case Mapping():
            return {_without(str(key), secrets): _clean(item, secrets) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_clean(item, secrets) for item in value]
        case BaseException():
            return _without(f"{type(value).__name__}: {value}", secrets)
        case _:
            return _without(str(value), secrets)


def _without(text: str, secrets: tuple[str, ...]) -> str:
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    text = _IN_ADDRESS.sub(rf"\g<1>{HIDDEN}@", text)
    return _NAMED.sub(rf"\g<1>\g<2>{HIDDEN}", text)


def _password(address: str) -> str:
    try:
        return urlsplit(address.strip()).password or ""
    except ValueError:
        return ""
