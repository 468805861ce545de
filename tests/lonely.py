"""A guard: connections go to the loopback or a local socket, or fail."""

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


class LiveCallError(AssertionError):
    """A test tried to reach another machine."""


def _check(address: Any) -> None:
    if not isinstance(address, tuple):
        return  # A local socket.
    host = str(address[0]).split("%")[0]
    if host in ("localhost", ""):
        return
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local:
        raise LiveCallError(f"a test would connect to {host!r}; use a stand-in on the loopback")


@contextmanager
def only_loopback() -> Iterator[None]:
    """Refuse connections and look-ups that leave this machine."""
    connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _check(address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _check(address)
        return connect_ex(self, address)

    def guarded_look_up(host: Any, *args: Any, **options: Any) -> Any:
        if host is not None:
            _check((host if isinstance(host, str) else bytes(host).decode(),))
        return look_up(host, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_look_up)
        yield
