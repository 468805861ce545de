"""The way to a provider: straight to its own address, and never more bytes of an answer than are wanted.

Only `gridpact.language.hosted` imports this, where a model is used.
"""

import urllib.request
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx2

from gridpact.errors import InputError


class ReplyTooLargeError(Exception):
    """An answer has more bytes than are read."""


class CompressedReplyError(Exception):
    """An answer is compressed, though that was not asked for: its true size is not known."""


class _Capped(httpx2.AsyncByteStream):
    """A stream that ends with an error once it has given too much."""

    def __init__(self, stream: httpx2.AsyncByteStream, most_bytes: int) -> None:
        self._stream = stream
        self._most_bytes = most_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for part in self._stream:
            read += len(part)
            if read > self._most_bytes:
                raise ReplyTooLargeError(f"more than {self._most_bytes} bytes")
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


class CappedTransport(httpx2.AsyncBaseTransport):
    """Reads at most ``most_bytes`` of an answer, and none that is compressed."""

    def __init__(self, transport: httpx2.AsyncBaseTransport, *, most_bytes: int) -> None:
        """Wrap a transport."""
        self._transport = transport
        self._most_bytes = most_bytes

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; its answer's body is read within the limit."""
        request.headers["accept-encoding"] = "identity"
        response = await self._transport.handle_async_request(request)
        stream = response.stream
        if not isinstance(stream, httpx2.AsyncByteStream):
            raise TypeError("an asynchronous transport gave another kind of stream")
        problem: Exception | None = None
        if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            problem = CompressedReplyError("compressed")
        elif _stated_bytes(response) > self._most_bytes:
            problem = ReplyTooLargeError(f"more than {self._most_bytes} bytes")
        if problem is not None:
            await stream.aclose()
            raise problem
        response.stream = _Capped(stream, self._most_bytes)
        return response

    async def aclose(self) -> None:
        """Close connections."""
        await self._transport.aclose()


def open_client(base_url: str, *, most_bytes: int, timeout_s: float, connections: int) -> httpx2.AsyncClient:
    """A client for one provider's address. Redirects are not followed: a key goes nowhere else."""
    transport = httpx2.AsyncHTTPTransport(
        retries=0,
        proxy=_proxy_for(base_url),
        limits=httpx2.Limits(max_connections=connections, max_keepalive_connections=connections),
    )
    return httpx2.AsyncClient(
        transport=CappedTransport(transport, most_bytes=most_bytes),
        timeout=httpx2.Timeout(timeout_s),
        follow_redirects=False,
        trust_env=False,
    )


def _proxy_for(base_url: str) -> str | None:
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if host in ("localhost", "127.0.0.1", "::1") or urllib.request.proxy_bypass(host):
        return None
    proxies = urllib.request.getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if proxy:
        try:
            httpx2.Proxy(proxy)
        except (ValueError, httpx2.InvalidURL):
            name = f"{parts.scheme.upper()}_PROXY"
            raise InputError(f"{name} or ALL_PROXY is no address such as http://proxy.example:3128") from None
    return proxy


def _stated_bytes(response: httpx2.Response) -> int:
    try:
        return int(response.headers.get("content-length", "0"))
    except ValueError:
        return 0
