"""What the terminal's pages have in common: a console, plain tables and sparklines, at any width and encoding."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII_BLOCKS = "_.-:=+*#"
NARROW, MEDIUM = 60, 78
"""Below these widths tables leave columns out [characters]."""

Floats = NDArray[np.float64]


def open_console() -> Console:
    """Standard output for results; what is redirected has no colours."""
    return Console(highlight=False, soft_wrap=False)


def shows_unicode(console: Console) -> bool:
    """Whether the output's encoding has block characters."""
    return console.encoding.lower().startswith("utf")


def plain_table(title: str) -> Table:
    """A table without vertical rules, which leaves the words more room."""
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)


def sparkline(values: Sequence[float] | Floats, *, low: float, high: float, unicode: bool) -> str:
    """One character a value, from ``low`` to ``high``."""
    blocks = BLOCKS if unicode else ASCII_BLOCKS
    room = high - low
    levels = np.zeros(len(values)) if room <= 0 else (np.asarray(values, dtype=np.float64) - low) / room
    steps = np.clip(np.floor(levels * len(blocks)), 0, len(blocks) - 1).astype(int)
    return "".join(blocks[step] for step in steps.tolist())


def squeezed(values: Floats, most: int) -> Floats:
    """At most ``most`` values: means of equal runs, so that a run's ends fall on the same places in every series."""
    count = len(values)
    if count <= most:
        return values
    edges = cuts(count, most)
    return np.array([values[first:stop].mean() for first, stop in zip(edges, edges[1:], strict=False)])


def cuts(count: int, most: int) -> list[int]:
    """Where ``count`` values are cut into at most ``most`` runs of one length; the last may be shorter."""
    length = -(-count // most)
    return [*range(0, count, length), count]
