"""Questions that tests ask, and brokers before a fake provider."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from fakes.providers import Action, Fake, Request, serving
from gridpact.language.broker import Broker
from gridpact.language.limits import Limits
from gridpact.language.opening import open_talker
from gridpact.language.questions import Question

MODELS = {"gemini": "gemini-2.5-flash", "openai": "gpt-4o-mini", "anthropic": "claude-haiku-4-5"}
QUICK = Limits(timeout_s=0.5, patience_s=3.0, attempts=3, in_flight=16, backoff_s=0.01)


class Offer(BaseModel):
    """A closed reply."""

    model_config = ConfigDict(extra="forbid")
    level: Literal[1, 2, 3]
    home: Literal["H-1", "H-2"]
    share: float = Field(ge=0, le=1)


GOOD = json.dumps({"level": 2, "home": "H-1", "share": 0.5})


def question(number: int = 1, **changes: Any) -> Question:
    """A question that `GOOD` answers."""
    return replace(
        Question(
            key=f"bid/energy/1/{number}",
            task="bid",
            instructions="Choose a level.",
            facts='{"levels": 3}',
            words="I cook at seven.",
            reply=Offer,
            most_tokens=64,
            home_id="H-1",
        ),
        **changes,
    )


@contextmanager
def asking(
    provider: str, act: Callable[[Request, int], Action], *, limits: Limits = QUICK
) -> Iterator[tuple[Broker, Fake]]:
    """A broker before a fake that does what ``act`` says."""
    with serving(act) as fake:
        talker = open_talker(f"{provider}:{MODELS[provider]}", limits=limits, environment=fake.environment(provider))
        assert isinstance(talker, Broker)
        with talker:
            yield talker, fake
