"""A trail on a terminal: a heading for each stage of each opportunity, and a time and a sentence a line."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gridpact.report.page import label
from gridpact.report.screen import open_console


class Told(Protocol):
    """One line of a trail."""

    @property
    def local(self) -> datetime | None: ...
    @property
    def timezone(self) -> str: ...
    @property
    def stage(self) -> str: ...
    @property
    def opportunity_id(self) -> str: ...
    @property
    def text(self) -> str: ...


def show_trail(title: str, entries: Sequence[Told], *, console: Console | None = None) -> None:
    """Print a trail, with the date and zone where they change."""
    screen = console or open_console()
    screen.print(Text(label(title, 120), style="bold"))
    above: tuple[str, str] | None = None
    date = ""
    lines: Table | None = None
    for entry in entries:
        place = (entry.stage, entry.opportunity_id if entry.stage != "start" else "")
        if place != above or lines is None:
            if lines is not None:
                screen.print(lines)
            about = f": {label(place[1], 80)}" if place[1] else ""
            screen.print()
            screen.print(Text(f"{entry.stage.capitalize()}{about}", style="bold"))
            lines, above = _grid(), place
        local = entry.local
        if local is not None and f"{local:%Y-%m-%d} ({entry.timezone})" != date:
            date = f"{local:%Y-%m-%d} ({entry.timezone})"
            lines.add_row("", Text(date, style="dim"))
        lines.add_row("" if local is None else f"{local:%H:%M}", Text(entry.text))
    if lines is not None:
        screen.print(lines)


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, min_width=5)
    grid.add_column(overflow="fold")
    return grid
