"""A stand-in for providers on the loopback: real HTTP, the shapes of Gemini, OpenAI and Anthropic, faults on demand."""

import asyncio
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

KEY = "planted-key-7c1f0a"
"""What every request must carry, and nothing else may show."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any

    @property
    def provider(self) -> str:
        """Whose interface it speaks."""
        if ":generateContent" in self.path:
            return "gemini"
        return "anthropic" if self.path.split("?")[0].endswith("/messages") else "openai"

    @property
    def model(self) -> str:
        """The model that it names."""
        if self.provider == "gemini":
            return self.path.split("/models/")[1].split(":")[0]
        return str(self.body["model"])

    @property
    def schema(self) -> Any:
        """The schema that the answer must have."""
        match self.provider:
            case "gemini":
                return self.body["generationConfig"].get("responseJsonSchema") or self.body["generationConfig"].get(
                    "responseSchema"
                )
            case "openai":
                return self.body["response_format"]["json_schema"]["schema"]
            case _:
                if self.body.get("tools"):
                    return self.body["tools"][0]["input_schema"]
                return self.body["output_config"]["format"]["schema"]

    @property
    def key(self) -> str:
        """The key that it carries."""
        match self.provider:
            case "gemini":
                return self.headers.get("x-goog-api-key", "")
            case "openai":
                return self.headers.get("authorization", "").removeprefix("Bearer ")
            case _:
                return self.headers.get("x-api-key") or self.headers.get("authorization", "").removeprefix("Bearer ")

    @property
    def most_tokens(self) -> int:
        """The limit of the answer."""
        match self.provider:
            case "gemini":
                return int(self.body["generationConfig"]["maxOutputTokens"])
            case "openai":
                return int(self.body.get("max_completion_tokens") or self.body["max_tokens"])
            case _:
                return int(self.body["max_tokens"])

    @property
    def temperature(self) -> float | None:
        """How random the answer may be."""
        settings = self.body["generationConfig"] if self.provider == "gemini" else self.body
        return settings.get("temperature")

    @property
    def text(self) -> str:
        """Everything that it says, as JSON."""
        return json.dumps(self.body, ensure_ascii=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """An answer in the provider's own shape."""

    text: str
    stop: str = "done"
    """``done``, ``length`` or ``filter``."""
    tokens_in: int = 100
    tokens_out: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Http:
    """An answer of any status and body."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b'{"error": {"message": "no", "type": "fault", "code": "fault"}}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Hang:
    """Nothing at all, until the other side gives up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drip:
    """Good headers, then a byte at a time, for ever."""

    every_s: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncate:
    """A body that ends before its stated length."""

    text: str = '{"level": 1}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """The connection is reset before an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """A good answer with far too many bytes, with no stated length."""

    size: int = 10 << 20


Action = Say | Http | Hang | Drip | Truncate | Reset | Flood


def shaped(request: Request, say: Say) -> dict[str, Any]:
    """An answer in the shape that the request's provider gives it."""
    match request.provider:
        case "gemini":
            stop = {"done": "STOP", "length": "MAX_TOKENS", "filter": "SAFETY"}[say.stop]
            return {
                "candidates": [
                    {"content": {"role": "model", "parts": [{"text": say.text}]}, "finishReason": stop, "index": 0}
                ],
                "usageMetadata": {
                    "promptTokenCount": say.tokens_in,
                    "candidatesTokenCount": say.tokens_out,
                    "totalTokenCount": say.tokens_in + say.tokens_out,
                },
                "modelVersion": request.model,
                "responseId": "r-1",
            }
        case "openai":
            stop = {"done": "stop", "length": "length", "filter": "content_filter"}[say.stop]
            return {
                "id": "c-1",
                "object": "chat.completion",
                "created": 1,
                "model": request.model,
                "choices": [{"index": 0, "message": {"role": "assistant", "content": say.text}, "finish_reason": stop}],
                "usage": {
                    "prompt_tokens": say.tokens_in,
                    "completion_tokens": say.tokens_out,
                    "total_tokens": say.tokens_in + say.tokens_out,
                },
            }
        case _:
            stop = {"done": "end_turn", "length": "max_tokens", "filter": "refusal"}[say.stop]
            content: dict[str, Any] = {"type": "text", "text": say.text}
            if request.body.get("tools"):
                with suppress(ValueError):
                    content = {"type": "tool_use", "id": "t-1", "name": "reply", "input": json.loads(say.text)}
            return {
                "id": "m-1",
                "type": "message",
                "role": "assistant",
                "model": request.model,
                "content": [content],
                "stop_reason": stop,
                "stop_sequence": None,
                "usage": {"input_tokens": say.tokens_in, "output_tokens": say.tokens_out},
            }


class Fake:
    """A server in a thread of its own. ``act`` says what each request gets; every request is kept."""

    def __init__(self, act: Callable[[Request, int], Action]) -> None:
        self.act = act
        self.requests: list[Request] = []
        self.lost = 0
        """Connections that the other side closed while an answer was under way."""
        self.at_once, self.most_at_once = 0, 0
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.port = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self, provider: str, *, key: str = KEY) -> dict[str, str]:
        """Settings under which ``provider`` is this server."""
        names = {"gemini": "GEMINI", "openai": "OPENAI", "anthropic": "ANTHROPIC"}
        path = "/v1" if provider == "openai" else ""
        return {
            f"{names[provider]}_API_KEY": key,
            f"GRIDPACT_{names[provider]}_BASE_URL": f"{self.address}{path}",
        }

    def start(self) -> None:
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the fake did not start")

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._server = self._loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)
        self._loop.stop()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        request = Request(method, path, headers, json.loads(body) if body else None)
        number = len(self.requests)
        self.requests.append(request)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self._act(self.act(request, number), request, reader, writer)
        except ConnectionError:
            self.lost += 1
            raise
        finally:
            self.at_once -= 1

    async def _act(
        self, action: Action, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        match action:
            case Say():
                body = json.dumps(shaped(request, action)).encode()
                await _write(writer, 200, {"content-length": str(len(body))}, body)
                return True
            case Http():
                await _write(
                    writer,
                    action.status,
                    {"content-length": str(len(action.body)), **action.headers},
                    action.body,
                )
                return True
            case Hang():
                await reader.read(1)
                self.lost += 1
                return False
            case Drip():
                await _write(writer, 200, {"content-length": "1000000"}, b"")
                gone = asyncio.ensure_future(reader.read(1))
                try:
                    while not gone.done():
                        writer.write(b" ")
                        await writer.drain()
                        await asyncio.wait({gone}, timeout=action.every_s)
                finally:
                    gone.cancel()
                    await asyncio.wait({gone})
                    if not gone.cancelled():
                        gone.exception()
                self.lost += 1
                return False
            case Truncate():
                body = json.dumps(shaped(request, Say(text=action.text))).encode()
                await _write(writer, 200, {"content-length": str(len(body))}, body[: len(body) // 2])
                return False
            case Reset():
                raw = writer.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
                return False
            case Flood():
                await _write(writer, 200, {"connection": "close"}, b'{"pad": "')
                for _ in range(action.size >> 16):
                    writer.write(b"x" * (1 << 16))
                    await writer.drain()
                return False


async def _write(writer: asyncio.StreamWriter, status: int, headers: Mapping[str, str], body: bytes) -> None:
    lines = [f"HTTP/1.1 {status} x", *(f"{name}: {value}" for name, value in headers.items())]
    if "content-type" not in headers:
        lines.append("content-type: application/json")
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    await writer.drain()


@contextmanager
def serving(act: Callable[[Request, int], Action]) -> Iterator[Fake]:
    """A started `Fake`, stopped at the end."""
    fake = Fake(act)
    fake.start()
    try:
        yield fake
    finally:
        fake.stop()


def unused_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
