"""A trail on a terminal: a heading for each stage of each opportunity, and a time and a sentence a line."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from rich.console import Console
from rich.text import Text

from gridpact.report.page import label
from gridpact.report.screen import open_console

MARGIN = 7
"""Characters before each sentence, for its time."""


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


def show_paragraphs(
    title: str, paragraphs: Sequence[tuple[str, Sequence[str]]], *, console: Console | None = None
) -> None:
    """Print headings, each with its sentences as a list, as wide as the terminal."""
    screen = console or open_console()
    screen.print(Text(label(title, 120), style="bold"))
    for heading, sentences in paragraphs:
        screen.print()
        screen.print(Text(heading, style="bold"))
        for sentence in sentences:
            begins = "- "
            for line in Text(label(sentence, len(sentence) + 1)).wrap(screen, max(10, screen.width - len(begins))):
                screen.print(Text(f"{begins}{line.plain.rstrip()}"))
                begins = "  "


def show_trail(title: str, entries: Sequence[Told], *, console: Console | None = None) -> None:
    """Print a trail, with the date and zone where they change."""
    screen = console or open_console()
    screen.print(Text(label(title, 120), style="bold"))
    room = max(10, screen.width - MARGIN)
    above: tuple[str, str] | None = None
    date = ""
    for entry in entries:
        place = (entry.stage, entry.opportunity_id)
        if place != above:
            about = f": {label(entry.opportunity_id, 80)}" if entry.opportunity_id else ""
            screen.print()
            screen.print(Text(f"{entry.stage.capitalize()}{about}", style="bold"))
            above = place
        local = entry.local
        if local is not None and f"{local:%Y-%m-%d} ({entry.timezone})" != date:
            date = f"{local:%Y-%m-%d} ({entry.timezone})"
            screen.print(Text(f"{'':<{MARGIN}}{date}", style="dim"))
        begins = "" if local is None else f"{local:%H:%M}"
        for line in Text(entry.text).wrap(screen, room):
            screen.print(Text(f"{begins:<{MARGIN}}{line.plain.rstrip()}".rstrip()))
            begins = ""
