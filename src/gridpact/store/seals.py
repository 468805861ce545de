"""SHA-256 over rows, so that a store can tell damage in what it reads. No proof against forgery: there is no key."""

import hashlib

START = bytes(32)
"""What stands for the seal above a log's first row."""


def seal_of(*values: str | bytes | int | None) -> bytes:
    """SHA-256 over the values, their types and their lengths; TypeError for anything else."""
    digest = hashlib.sha256()
    for value in values:
        match value:
            case None:
                kind, content = b"n", b""
            case bytes():
                kind, content = b"b", value
            case str():
                kind, content = b"t", value.encode()
            case int():
                kind, content = b"i", str(value).encode()
            case _:
                raise TypeError(f"{type(value).__name__} cannot be sealed")
        digest.update(kind + len(content).to_bytes(8, "big"))
        digest.update(content)
    return digest.digest()
