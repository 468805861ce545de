"""What `homes.py` finds, and the tables that it writes."""

import importlib.util
import os
import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

import numpy as np

from gridpact.flexibility.batch import ScheduleBatch
from gridpact.flexibility.home import Floats, HomeProblem

COLD, WARM, PLAN, CURVE = "best response, cold", "best response, warm", "plan, ties broken", "9-level curve"
COLD_AGAIN = "best response, cold, at the prices of warm"
ALL_PLANS, ALL_CURVES = "`KernelModel.baselines`, all in", "`KernelModel.cost_curves`, all in"
"""With arrays made and schedules read out, as a market day runs them, on one thread."""
TASKS = (COLD, COLD_AGAIN, WARM, PLAN, ALL_PLANS, CURVE, ALL_CURVES)
HEAD = "<!-- figures of bench/homes.py -->"
TAIL = "<!-- end of the figures -->"


@dataclass(slots=True, kw_only=True)
class Answer:
    """What the kernel found, and how long it took."""

    seconds: list[float]
    """For all homes, of each repetition."""
    cost_usd: Floats
    """Shape (N,), or (N, levels + 1) for curves; NaN where the kernel leaves the home open; empty if not kept."""
    passes: float = float("nan")
    """Dynamic programs a home."""

    @property
    def open_homes(self) -> str:
        """How many homes are left to HiGHS, of how many."""
        if not self.cost_usd.size:
            return "-"
        rows = self.cost_usd.reshape(len(self.cost_usd), -1)
        return f"{np.isnan(rows[:, 0]).sum()} of {len(rows)}"


@dataclass(slots=True, kw_only=True)
class Peer:
    """One peer on one task."""

    name: str
    task: str
    homes: int
    build_s: float
    """For all its homes, of the fastest repetition, as the next."""
    solve_s: float
    worst: float
    """Largest difference from the kernel's cost, relative to one plus the cost."""


@dataclass(slots=True, kw_only=True)
class Kind:
    """All about one kind of home."""

    name: str
    homes: list[HomeProblem]
    answers: dict[str, Answer] = field(default_factory=dict)
    peers: list[Peer] = field(default_factory=list)
    quantity_kw: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    """Levels of the curves, shape (N, levels + 1)."""
    counts: Floats = field(default_factory=lambda: np.zeros(0))
    baselines: ScheduleBatch | None = None


def kernel_table(kinds: list[Kind]) -> list[str]:
    """Markdown."""
    lines = [
        "| homes | task | median [us] | least [us] | passes a home | left to HiGHS |",
        "| --- | --- " + "| ---: " * 4 + "|",
    ]
    for kind in kinds:
        for task, answer in kind.answers.items():
            each = [second / len(kind.homes) * 1e6 for second in answer.seconds]
            passes = "-" if np.isnan(answer.passes) else f"{answer.passes:.1f}"
            times = f"{median(each):.1f} | {min(each):.1f}"
            lines.append(f"| {kind.name} | {task} | {times} | {passes} | {answer.open_homes} |")
    return lines


def peer_table(kinds: list[Kind]) -> list[str]:
    """Markdown; ratios are of least times."""
    lines = [
        "| homes | task | peer | build [us] | solve [us] | solve / kernel | both / kernel | largest difference |",
        "| --- | --- | --- " + "| ---: " * 5 + "|",
    ]
    for kind in kinds:
        for peer in sorted(kind.peers, key=lambda peer: TASKS.index(peer.task)):
            own = min(kind.answers[peer.task].seconds) / len(kind.homes)
            build, solve = peer.build_s / peer.homes, peer.solve_s / peer.homes
            built = f"{build * 1e6:.0f}" if build else "within"
            lines.append(
                f"| {kind.name} | {peer.task} | {peer.name} | {built} | {solve * 1e6:.0f} | {solve / own:.0f} "
                f"| {(build + solve) / own:.0f} | {peer.worst:.0e} |"
            )
    return lines


def machine() -> str:
    """What the figures were measured on."""
    info = Path("/proc/cpuinfo")
    names = (
        [line.split(":")[1].strip() for line in info.read_text().splitlines() if "model name" in line]
        if info.exists()
        else []
    )
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("numba", "highspy", "linopy", "oemof-solph") if has(name)
    )
    name = names[0] if names else platform.machine()
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {name}, {os.cpu_count()} processors, "
        f"load average {load:.1f} at the end, Python {platform.python_version()}, {packages}."
    )


def has(package: str) -> bool:
    """Whether a peer is installed."""
    module = {"oemof-solph": "oemof.solph"}.get(package, package)
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def write_figures(path: Path, lines: list[str]) -> None:
    """Replace what stands between the two marks in ``path``."""
    text = path.read_text(encoding="utf-8")
    if HEAD not in text or TAIL not in text:
        raise SystemExit(f"{path} has no lines {HEAD!r} and {TAIL!r} to write between")
    before, after = text.split(HEAD)[0], text.split(TAIL)[1]
    path.write_text("\n".join([before + HEAD, "", *lines, "", TAIL]) + after, encoding="utf-8")
