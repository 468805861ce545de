"""Damage to the files of a store, and faults of the disk under it: what is read is true, or refused in words.

Every test runs a sample by default; the deep lane runs 1,000 of each kind. A failure names its number, which is the
seed of what was done.
"""

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from gridpact.store import sqlite
from stored_runs import Copied, Samples, outcome, samples, small_pages

DEEP = 1000


BATCH = 250  # deep counts run in batches, so that each ends well before the time limit of a test


def trials(few: int) -> pytest.MarkDecorator:
    """Numbers of trials: the first few by default, 1,000 in the deep lane."""
    deep = [range(first, first + BATCH) for first in range(0, DEEP, BATCH)]
    every = [
        pytest.param(range(few), id=f"{few}"),
        *(pytest.param(b, id=f"from {b[0]}", marks=pytest.mark.deep) for b in deep),
    ]
    return pytest.mark.parametrize("numbers", every)


@pytest.fixture(scope="module", params=[512, sqlite._PAGE_BYTES], ids=["small pages", "real pages"])
def stored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """A store with small pages has every kind of page, and trees of several levels."""
    with pytest.MonkeyPatch.context() as patch:
        small_pages(patch, page_bytes=request.param)
        return samples(tmp_path_factory.mktemp("samples") / "store", seed=5)


def page_bytes(main: bytes) -> int:
    size = int.from_bytes(main[16:18], "big")
    return 65536 if size == 1 else size


def pages(main: bytes) -> dict[str, list[int]]:
    """Offsets of pages by kind, told by their first byte; a page that is no tree's is free or overflow."""
    size = page_bytes(main)
    kinds: dict[str, list[int]] = {"interior": [], "leaf": [], "overflow or free": []}
    for offset in range(size, len(main), size):
        kinds[{2: "interior", 5: "interior", 10: "leaf", 13: "leaf"}.get(main[offset], "overflow or free")].append(
            offset
        )
    return kinds


def spots(copy: Copied) -> dict[str, Callable[[random.Random], tuple[bool, int]]]:
    """Regions of the files: each draws whether a byte is in the write-ahead log, and its offset."""
    size = page_bytes(copy.main)
    found: dict[str, Callable[[random.Random], tuple[bool, int]]] = {
        "header": lambda draw: (False, draw.randrange(100)),
        "first page": lambda draw: (False, draw.randrange(100, size)),
        "anywhere": lambda draw: (False, draw.randrange(len(copy.main))),
    }
    for kind, offsets in pages(copy.main).items():
        if offsets:
            found[kind] = lambda draw, offsets=offsets: (False, draw.choice(offsets) + draw.randrange(size))
            found[f"start of {kind}"] = lambda draw, offsets=offsets: (False, draw.choice(offsets) + draw.randrange(40))
    if copy.log:
        frames = (len(copy.log) - 32) // (size + 24)
        log = len(copy.log)
        found["log header"] = lambda draw: (True, draw.randrange(32))
        found["frame header"] = lambda draw: (True, 32 + draw.randrange(frames) * (size + 24) + draw.randrange(24))
        found["frame"] = lambda draw: (True, draw.randrange(32, log))
    return found


def changed(copy: Copied, in_log: bool, offset: int, content: bytes) -> Copied:
    whole = bytearray((copy.log if in_log else copy.main) or b"")
    whole[offset : offset + len(content)] = content
    return Copied(copy.main, bytes(whole)) if in_log else Copied(bytes(whole), copy.log)


def seen(stored: Samples, damaged: Copied, path: Path, what: object) -> str:
    damaged.put(path)
    try:
        return outcome(path, stored.truth)
    except Exception as problem:
        raise AssertionError(f"{what}: {problem!r}") from problem


def states(stored: Samples) -> list[tuple[str, Copied]]:
    return [("closed", stored.closed), ("killed", stored.killed), ("half moved", stored.half_moved)]


def test_whole_files_are_read_whole(stored: Samples, tmp_path: Path) -> None:
    for name, copy in states(stored):
        assert seen(stored, copy, tmp_path / "a.db", name) == "whole"
    assert seen(stored, stored.older, tmp_path / "a.db", "older") == "prefix"


@trials(24)
def test_flipped_bits(stored: Samples, tmp_path: Path, numbers: range) -> None:
    met: Counter[tuple[str, str, str]] = Counter()
    for number in numbers:
        draw = random.Random(number)  # noqa: S311
        state, copy = states(stored)[number % 3]
        regions = spots(copy)
        region = list(regions)[number // 3 % len(regions)]
        in_log, offset = regions[region](draw)
        byte = ((copy.log if in_log else copy.main) or b"")[offset] ^ 1 << draw.randrange(8)
        damaged = changed(copy, in_log, offset, bytes([byte]))
        found = seen(stored, damaged, tmp_path / "a.db", (number, state, region, offset))
        met[state, region, found] += 1
        # Only damage to a write-ahead log that is needed still may make the store read as it was before.
        if not in_log:
            assert found != "prefix", (number, state, region, offset)
    tell(met)


@trials(24)
def test_torn_and_lost_writes(stored: Samples, tmp_path: Path, numbers: range) -> None:
    """A sector of zeros or of garbage, a page as it was before, a page of another place."""
    met: Counter[tuple[str, str]] = Counter()
    size = page_bytes(stored.closed.main)
    for number in numbers:
        draw = random.Random(number)  # noqa: S311
        state, copy = states(stored)[number % 3]
        kind = ("zeros", "garbage", "older page", "other page", "zero page")[number // 3 % 5]
        in_log = bool(copy.log) and kind in ("zeros", "garbage") and draw.random() < 0.5
        whole = (copy.log if in_log else copy.main) or b""
        page = draw.randrange(len(whole) // size) * size
        match kind:
            case "zeros" | "garbage":
                offset = draw.randrange(len(whole) // 512) * 512
                content = bytes(512) if kind == "zeros" else draw.randbytes(512)
            case "older page":
                page = draw.randrange(len(stored.older.main) // size) * size
                offset, content = page, stored.older.main[page : page + size]
            case "other page":
                other = draw.randrange(len(whole) // size) * size
                offset, content = page, whole[other : other + size]
            case _:
                offset, content = page, bytes(size)
        damaged = changed(copy, in_log, offset, content)
        found = seen(stored, damaged, tmp_path / "a.db", (number, state, kind, offset))
        met[kind, found] += 1
        if not in_log:
            assert found != "prefix", (number, state, kind, offset)
    tell(met)


@trials(24)
def test_cut_off_files(stored: Samples, tmp_path: Path, numbers: range) -> None:
    met: Counter[tuple[str, str, str]] = Counter()
    size = page_bytes(stored.closed.main)
    for number in numbers:
        draw = random.Random(number)  # noqa: S311
        state, copy = states(stored)[number % 3]
        in_log = copy.log is not None and number % 2 == 1
        whole = (copy.log if in_log else copy.main) or b""
        step = size + 24 if in_log else size
        cut = draw.choice((draw.randrange(len(whole)), draw.randrange(len(whole) // step) * step + 32 * in_log))
        damaged = Copied(copy.main, whole[:cut]) if in_log else Copied(whole[:cut], copy.log)
        found = seen(stored, damaged, tmp_path / "a.db", (number, state, in_log, cut))
        met[state, "log" if in_log else "main", found] += 1
        if not in_log:
            assert found != "prefix", (number, state, cut)
    tell(met)


def tell(met: Counter[tuple[str, ...]]) -> None:
    """What was met, for whoever runs the tests with -s."""
    print()
    for key, count in sorted(met.items()):
        print(f"{count:6}  {', '.join(key)}")
