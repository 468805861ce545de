"""What is left of a run's limits. It is reserved before a request and settled after, so that no two spend the same."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from gridpact.language.limits import Limits
from gridpact.language.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """What a request takes."""

    tokens: int
    microusd: int = 0


class Budget:
    """Requests, tokens, money and time of one run. Used from one event loop only."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        """Start with nothing spent; ``clock`` counts seconds."""
        self._most_requests = limits.requests
        self._most_tokens = limits.tokens
        self._most_microusd = None if limits.usd is None else int(limits.usd * 1_000_000)
        self._most_s = limits.seconds
        self._clock = clock
        self.requests, self.tokens, self.microusd = 0, 0, 0
        """Spent."""
        self._held_tokens, self._held_microusd, self._held_requests = 0, 0, 0
        self._spent_s = 0.0
        self._busy, self._since = 0, 0.0
        self._waiting: list[asyncio.Future[None]] = []

    def count(self, usage: Usage) -> None:
        """Count what an earlier attempt at the same run has spent."""
        self.requests += usage.attempts
        self.tokens += usage.tokens
        self.microusd += usage.cost_microusd

    async def reserve(self, need: Spend) -> bool:
        """Hold what a request takes at most; False where there is not enough left.

        Where only requests under way stand between, this waits until they are settled.
        """
        while True:
            if not self._fits(need, held=False) or self.seconds_left() <= 0:
                return False
            if self._fits(need, held=True):
                break
            settled = asyncio.get_running_loop().create_future()
            self._waiting.append(settled)
            await settled
        self._held_requests += 1
        self._held_tokens += need.tokens
        self._held_microusd += need.microusd
        return True

    def settle(self, need: Spend, spent: Spend) -> None:
        """Give back what was held and count what was spent."""
        self._held_requests -= 1
        self._held_tokens -= need.tokens
        self._held_microusd -= need.microusd
        self.requests += 1
        self.tokens += spent.tokens
        self.microusd += spent.microusd
        waiting, self._waiting = self._waiting, []
        for settled in waiting:
            if not settled.done():
                settled.set_result(None)

    def begin(self) -> None:
        """Start the run's clock, where it does not run already."""
        if self._busy == 0:
            self._since = self._clock()
        self._busy += 1

    def end(self) -> None:
        """Stop it when the last of those that began has ended."""
        self._busy -= 1
        if self._busy == 0:
            self._spent_s += self._clock() - self._since

    def seconds_left(self) -> float:
        """Time left for asking [s]."""
        running = self._clock() - self._since if self._busy else 0.0
        return self._most_s - self._spent_s - running

    def _fits(self, need: Spend, *, held: bool) -> bool:
        requests = self.requests + 1 + (self._held_requests if held else 0)
        tokens = self.tokens + need.tokens + (self._held_tokens if held else 0)
        microusd = self.microusd + need.microusd + (self._held_microusd if held else 0)
        return (
            requests <= self._most_requests
            and tokens <= self._most_tokens
            and (self._most_microusd is None or microusd <= self._most_microusd)
        )
