"""Nonces: proof that whoever answers a letter was sent it. One a letter, derived, never drawn."""

import hmac
import json
from typing import Any

from gridpact.errors import InputError
from gridpact.messages.envelopes import Letter

LEAST_SECRET = 16
"""Shortest secret of a run [bytes]."""
_PURPOSE = b"gridpact.nonce/1\n"


def checked_secret(secret: bytes) -> bytes:
    """``secret``, if it is long enough to keep; raises InputError otherwise."""
    if len(secret) < LEAST_SECRET:
        raise InputError(f"the secret of a run must be at least {LEAST_SECRET} bytes")
    return secret


def nonce_of(letter: Letter, *, secret: bytes) -> str:
    """HMAC-SHA256 (RFC 2104) under the run's secret of everything the letter says but its nonce, 64 hex digits.

    Run, opportunity, home, round, kind, terms and deadline are all in it, so that a nonce is good for one letter only
    and a letter that is opened again after a restart has the same one.
    """
    return keyed_digest(letter.model_dump(mode="json", exclude={"nonce"}), secret=secret, purpose=_PURPOSE)


def keyed_digest(plain: Any, *, secret: bytes, purpose: bytes) -> str:
    """HMAC-SHA256 of canonical JSON, for one purpose, in hexadecimal."""
    content = json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    return hmac.digest(secret, purpose + content, "sha256").hex()


def same_nonce(one: str, other: str) -> bool:
    """Whether two nonces are the same, in time that does not tell where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())
