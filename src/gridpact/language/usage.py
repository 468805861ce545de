"""What was asked of a language model and what it took, counted from the replies."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gridpact.language.questions import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Counts over the questions of a run. Two are added with ``+``."""

    calls: int = 0
    """Questions asked."""
    attempts: int = 0
    """Requests sent for them."""
    replies: int = 0
    """Questions with a valid reply."""
    fallbacks: Mapping[str, int] = field(default_factory=dict)
    """Questions without one, by `Failure`."""
    tokens_in: int = 0
    tokens_out: int = 0
    cost_microusd: int = 0
    """What the provider charges [micro-dollars]."""
    priced: bool = True
    """Whether the model's price is known; if not, the cost is not, and stands as zero here."""
    latency_s: float = field(default=0.0, compare=False)
    """Time that questions took, summed over them [s]. No part of results."""

    @classmethod
    def of(cls, replies: Iterable[Reply], *, priced: bool = True) -> "Usage":
        """The use that ``replies`` tell of."""
        found = list(replies)
        failed = Counter(reply.failure.value for reply in found if reply.failure is not None)
        return cls(
            calls=len(found),
            attempts=sum(reply.attempts for reply in found),
            replies=sum(reply.failure is None for reply in found),
            fallbacks=dict(sorted(failed.items())),
            tokens_in=sum(reply.tokens_in for reply in found),
            tokens_out=sum(reply.tokens_out for reply in found),
            cost_microusd=sum(reply.cost_microusd for reply in found),
            priced=priced,
            latency_s=sum(reply.latency_s for reply in found),
        )

    @property
    def fallback_count(self) -> int:
        """Questions without a valid reply."""
        return sum(self.fallbacks.values())

    @property
    def tokens(self) -> int:
        """Tokens in and out."""
        return self.tokens_in + self.tokens_out

    @property
    def cost_usd(self) -> float | None:
        """What the provider charges [USD]; None where its price is not known."""
        return self.cost_microusd / 1e6 if self.priced else None

    def __add__(self, other: "Usage") -> "Usage":
        """The use of both."""
        both = Counter(self.fallbacks) + Counter(other.fallbacks)
        return Usage(
            calls=self.calls + other.calls,
            attempts=self.attempts + other.attempts,
            replies=self.replies + other.replies,
            fallbacks=dict(sorted(both.items())),
            tokens_in=self.tokens_in + other.tokens_in,
            tokens_out=self.tokens_out + other.tokens_out,
            cost_microusd=self.cost_microusd + other.cost_microusd,
            priced=self.priced and other.priced,
            latency_s=self.latency_s + other.latency_s,
        )
