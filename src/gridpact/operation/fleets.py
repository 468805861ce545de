"""Fleets by file, by number, or the demonstration."""

import hashlib
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gridpact.errors import InputError, MissingDataError, StoreError
from gridpact.fleet.fleet import Fleet
from gridpact.fleet.generator import demonstration_fleet, generate_fleet
from gridpact.fleet.io import read_fleet, write_fleet

MOST_GENERATED_HOMES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedFleet:
    """A fleet and the digest of what it came from."""

    fleet: Fleet
    sha256: str


def resolve_fleet(source: str | Fleet | None, *, seed: int) -> ResolvedFleet:
    """The fleet that ``source`` names: a file, a number of homes, a `Fleet`, or None for the demonstration.

    Raises:
        InputError: the number is not usable, or the file is not there or not a fleet.
    """
    if isinstance(source, Fleet):
        return ResolvedFleet(fleet=source, sha256=_digest_of(source))
    if source is None:
        fleet = demonstration_fleet()
        return ResolvedFleet(fleet=fleet, sha256=_digest_of(fleet))
    text = source.strip()
    if re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        return _generated(int(text), seed=seed)
    path = Path(text)
    try:
        there = path.is_file()
    except OSError:
        there = False  # a name that no file system takes
    if not there:
        raise MissingDataError(f"--fleet {_shown(text)} is neither a file nor a number of homes")
    return ResolvedFleet(fleet=read_fleet(path), sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def _shown(text: str) -> str:
    return repr(text if len(text) <= 200 else f"{text[:200]}...")


def _generated(homes: int, *, seed: int, heat_share: float = 0.0) -> ResolvedFleet:
    if not 1 <= homes <= MOST_GENERATED_HOMES:
        raise InputError(f"a fleet of {homes} homes cannot be generated; use 1 to {MOST_GENERATED_HOMES:,}")
    if seed < 0:
        raise InputError(f"--seed is {seed}; use a whole number from 0")
    fleet = generate_fleet(homes, seed=seed, heat_share=heat_share)
    return ResolvedFleet(fleet=fleet, sha256=_digest_of(fleet))


def _digest_of(fleet: Fleet) -> str:
    return hashlib.sha256(fleet.frame.to_csv(index=False).encode()).hexdigest()


def generate_to_file(homes: int, *, seed: int, out: Path, heat_share: float = 0.0) -> str:
    """Write a generated fleet, a share of whose homes has a heat store, and say what was written.

    Raises:
        InputError: the number or the share is not usable, or ``out`` does not end in .csv or .parquet.
        StoreError: the file cannot be written; what was there before is untouched.
    """
    if out.suffix.lower() not in (".csv", ".parquet"):
        raise InputError(f"--out {out} must end in .csv or .parquet")
    fleet = _generated(homes, seed=seed, heat_share=heat_share).fleet
    partial = out.with_name(f".{out.stem}.tmp-{os.getpid()}{out.suffix}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_fleet(fleet, partial)
        partial.replace(out)
    except OSError as problem:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise StoreError(f"{out} could not be written: {problem.strerror or problem}") from problem
    return f"{out}: {homes} homes (seed {seed})"
