"""An event loop in a thread of its own, for callers that have none or another."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
CLOSING_S = 5.0


class Worker:
    """Runs coroutines for threads that wait for them. Its thread starts with the first of them."""

    def __init__(self, wind_up: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Set what is done within the loop before it ends."""
        self._wind_up = wind_up
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What comes of ``work``. If the wait is broken off (Ctrl-C), so is the work.

        Raises:
            RuntimeError: it is closed.
        """
        try:
            loop = self._started()
        except RuntimeError:
            work.close()
            raise
        future = asyncio.run_coroutine_threadsafe(work, loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """Break off what is under way, wind up, and end the thread. May be called again."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            try:
                loop, thread = self._begun()
            except RuntimeError:  # The interpreter ends and starts no thread any more: nothing was under way.
                return
            self._loop = self._thread = None
        asyncio.run_coroutine_threadsafe(self._end(), loop)
        if thread is not threading.current_thread():
            thread.join(CLOSING_S)

    async def _end(self) -> None:
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        try:
            async with asyncio.timeout(CLOSING_S / 2):
                await asyncio.gather(*others, return_exceptions=True)
                await self._wind_up()
        except Exception:  # noqa: S110 - it ends all the same
            pass
        finally:
            asyncio.get_running_loop().stop()

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._closed:
                raise RuntimeError("this model is closed")
            return self._begun()[0]

    def _begun(self) -> tuple[asyncio.AbstractEventLoop, threading.Thread]:
        if self._loop is None or self._thread is None:
            loop = asyncio.new_event_loop()
            thread = threading.Thread(target=_run, args=(loop,), name="gridpact language model", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                loop.close()
                raise
            self._loop, self._thread = loop, thread
        return self._loop, self._thread


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
