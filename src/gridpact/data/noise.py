"""Numbers that look random and depend on nothing but a name and an instant.

A profile must not change with the horizon, the step or the order of homes it is computed for, so its noise is a hash of
(key, counter): SplitMix64 (Steele, Lea, Flood 2014), computed on whole arrays.
"""

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)

Words = NDArray[np.uint64]
Floats = NDArray[np.float64]


def key(*parts: str | int) -> int:
    """A 64-bit key of a name's parts."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "little")


def keys(*parts: str | int, last: Iterable[str | int]) -> Words:
    """The keys of many names that differ in their ``last`` part only, shape (names,); see `key`."""
    begun = hashlib.sha256("\x1f".join(map(str, (*parts, ""))).encode())
    words = bytearray()
    for part in last:
        digest = begun.copy()
        digest.update(str(part).encode())
        words += digest.digest()[:8]
    return np.frombuffer(bytes(words), dtype="<u8").astype(np.uint64)


def uniform(keys: Words, counters: NDArray[np.int64]) -> Floats:
    """Values in (0, 1), shape (keys, counters)."""
    lanes = _mixed(np.atleast_1d(keys))[:, None] + np.atleast_1d(counters).astype(np.uint64)[None, :] * _GOLDEN
    return ((_mixed(lanes) >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53


def normal(keys: Words, counters: NDArray[np.int64]) -> Floats:
    """Standard normal values, shape (keys, counters), by the method of Box and Muller (1958)."""
    doubled = np.atleast_1d(counters) * 2
    radius = np.sqrt(-2.0 * np.log(uniform(keys, doubled)))
    return np.asarray(radius * np.cos(2.0 * np.pi * uniform(keys, doubled + 1)))


def _mixed(words: Words) -> Words:
    word = words + _GOLDEN
    word = (word ^ (word >> np.uint64(30))) * _FIRST
    word = (word ^ (word >> np.uint64(27))) * _SECOND
    return np.asarray(word ^ (word >> np.uint64(31)))
