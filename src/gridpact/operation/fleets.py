"""Fleets by file, by number, or the demonstration."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from gridpact.data.files import beside, sha256_of
from gridpact.data.limits import MOST_FLEET_BYTES
from gridpact.errors import CellProblem, InputError, MissingDataError, StoreError, TableError
from gridpact.fleet.columns import COLUMNS
from gridpact.fleet.findings import Findings, Note
from gridpact.fleet.fleet import Fleet
from gridpact.fleet.generator import demonstration_fleet, generate_fleet
from gridpact.fleet.io import read_fleet_file, write_fleet
from gridpact.fleet.named import check_named
from gridpact.fleet.statistics import describe
from gridpact.operation.series import read_profiles, read_tariffs
from gridpact.report.fleet_figure import FIGURE_ENDINGS, render_fleet_figure

MOST_GENERATED_HOMES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedFleet:
    """A fleet and the digest of what it came from."""

    fleet: Fleet
    sha256: str
    notes: tuple[Note, ...] = ()
    """What was read in another way than it is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetCheck:
    """What is to be said of a fleet file."""

    file: str
    homes: int | None
    """None where the file is not a usable fleet."""
    notes: tuple[Note, ...]
    problems: tuple[CellProblem, ...]
    """The first, sorted by row."""
    problem_count: int
    text: str
    """The problems in words; empty if there is none."""

    def to_json(self) -> str:
        """The check as JSON text."""
        content = {
            "schema": "gridpact.fleet_check/1",
            "file": self.file,
            "usable": not self.problem_count,
            "homes": self.homes,
            "problem_count": self.problem_count,
            "problems": [asdict(problem) for problem in self.problems],
            "notes": [asdict(note) for note in self.notes],
        }
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


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
    except (OSError, ValueError):
        there = False  # a name that no file system takes
    if not there:
        raise MissingDataError(f"--fleet {_shown(text)} is neither a file nor a number of homes")
    reading = read_fleet_file(path)
    return ResolvedFleet(fleet=reading.fleet, sha256=sha256_of(path, most_bytes=MOST_FLEET_BYTES), notes=reading.notes)


def check_fleet_file(path: Path, *, tariffs: Path | None = None, profiles: Path | None = None) -> FleetCheck:
    """Everything that is wrong with a fleet file, and what was read freely.

    Args:
        path: the file.
        tariffs: the owner's own tariffs, whose names the fleet may use.
        profiles: the owner's own profiles, likewise.

    Raises:
        InputError: a file is not there, or is no table at all.
    """
    own_tariffs, own_profiles = read_tariffs(tariffs)[0], read_profiles(profiles)[0]
    homes: int | None = None
    notes: tuple[Note, ...] = ()
    try:
        reading = read_fleet_file(path)
        homes, notes = len(reading.fleet), reading.notes
        findings = Findings(source=path.name, row_numbers=reading.row_numbers, order=tuple(COLUMNS))
        check_named(
            reading.fleet,
            findings,
            tariffs=() if own_tariffs is None else set(own_tariffs["tariff"].astype(str)),
            profiles=() if own_profiles is None else set(own_profiles["profile"].astype(str)),
        )
        findings.raise_if_any()
    except TableError as problem:
        return FleetCheck(
            file=str(path),
            homes=homes,
            notes=notes,
            problems=problem.problems,
            problem_count=problem.count,
            text=str(problem),
        )
    return FleetCheck(file=str(path), homes=homes, notes=notes, problems=(), problem_count=0, text="")


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
    _write_whole(out, lambda partial: write_fleet(fleet, partial))
    return f"{out}: {homes} homes (seed {seed})"


def check_figure_path(out: Path) -> None:
    """Raise where a figure could not be written because of its file's ending.

    Raises:
        InputError: the ending is not one of a figure.
    """
    if out.suffix.lower() not in FIGURE_ENDINGS:
        raise InputError(f"--figure {out} must end in {' or '.join(FIGURE_ENDINGS)}")


def draw_to_file(fleet: Fleet, *, out: Path, title: str) -> None:
    """Draw a fleet's statistics into a file for people.

    Raises:
        InputError: ``out`` does not end in .html or .svg.
        StoreError: the file cannot be written; what was there before is untouched.
    """
    check_figure_path(out)
    drawn = render_fleet_figure(fleet, describe(fleet), title=title, page=out.suffix.lower() != ".svg")
    _write_whole(out, lambda partial: partial.write_text(drawn, encoding="utf-8"))


def _write_whole(out: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside ``out`` and put it in its place in one step."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with beside(out) as partial:
            write(partial)
    except OSError as problem:
        raise StoreError(f"{out} could not be written: {problem.strerror or problem}") from problem
