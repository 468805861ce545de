"""What a run may ask of a language model at most: time, requests, tokens and money."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from gridpact.errors import InputError, UnitRangeError

MOST_IN_FLIGHT = 256
MOST_ATTEMPTS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of one run's use of a model. What would go beyond them is not asked; its policy is followed instead."""

    timeout_s: float = 30.0
    """Most time of one request, from connecting to the last byte of its answer [s]."""
    patience_s: float = 90.0
    """Most time of one question: all its requests and the waits between them, once it is its turn [s]."""
    attempts: int = 3
    """Most requests for one question that fail on the way; one more may ask for a reply that was not valid."""
    in_flight: int = 8
    """Questions asked at a time."""
    requests: int = 5_000
    """Most requests of a run, repeated ones among them."""
    tokens: int = 5_000_000
    """Most tokens of a run, in and out."""
    usd: float | None = None
    """Most that a run may cost [USD]; None for no limit of its own. Needs a model whose price is known."""
    seconds: float = 3_600.0
    """Most time of a run that is spent on asking [s]."""
    backoff_s: float = 0.5
    """Wait before the first repetition; it doubles each time, up to 8 s [s]."""
    reply_bytes: int = 1 << 20
    """Most bytes that are read of an answer."""

    def __post_init__(self) -> None:
        """Check every limit.

        Raises:
            UnitRangeError: a limit is not a finite number, or outside its range.
        """
        for name, least, most in _RANGES:
            value = getattr(self, name)
            if value is None and name == "usd":
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise UnitRangeError(f"the language model's limit {name} is {value!r}; use a finite number")
            if not least <= value <= most:
                raise UnitRangeError(f"the language model's limit {name} is {value:g}; use {least:g} to {most:g}")
            if name in _WHOLE and value != int(value):
                raise UnitRangeError(f"the language model's limit {name} is {value:g}; use a whole number")
            # One form of each number, as limits are part of what a run is known by.
            object.__setattr__(self, name, int(value) if name in _WHOLE else float(value))

    def to_dict(self) -> dict[str, Any]:
        """Plain values by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @classmethod
    def from_dict(cls, values: dict[str, Any], *, source: str) -> "Limits":
        """Limits from plain values.

        Raises:
            InputError: a name is not known or a value cannot be used; ``source`` is named.
        """
        unknown = sorted(set(values) - {each.name for each in fields(cls)})
        if unknown:
            raise InputError(f"{source}: {unknown[0]!r} is no limit of a language model")
        try:
            return cls(**values)
        except UnitRangeError as problem:
            raise InputError(f"{source}: {problem}") from None


def read_limits(entries: Sequence[str]) -> Limits:
    """Limits as a user writes them, each ``name=value``; the others keep their defaults.

    Raises:
        InputError: an entry is not of that form, names no limit, or names one twice.
        UnitRangeError: a limit is outside its range.
    """
    known = {each.name for each in fields(Limits)}
    found: dict[str, int | float | None] = {}
    for entry in entries:
        name, equals, text = (part.strip() for part in entry.partition("="))
        if name not in known or not equals:
            raise InputError(f"--llm-limit {entry!r} is not NAME=VALUE with one of {', '.join(sorted(known))}")
        if name in found:
            raise InputError(f"--llm-limit names {name} twice")
        try:
            found[name] = int(text) if name in _WHOLE else float(text)
        except ValueError:
            raise InputError(
                f"--llm-limit {entry!r}: {text!r} is not a {'whole ' if name in _WHOLE else ''}number"
            ) from None
    return Limits(**found)  # type: ignore[arg-type]


_RANGES = (
    ("timeout_s", 0.01, 3_600.0),
    ("patience_s", 0.01, 86_400.0),
    ("attempts", 1, MOST_ATTEMPTS),
    ("in_flight", 1, MOST_IN_FLIGHT),
    ("requests", 0, 10**9),
    ("tokens", 0, 10**12),
    ("usd", 0.0, 1e9),
    ("seconds", 0.0, 1e7),
    ("backoff_s", 0.0, 60.0),
    ("reply_bytes", 1 << 10, 1 << 26),
)
_WHOLE = {"attempts", "in_flight", "requests", "tokens", "reply_bytes"}
