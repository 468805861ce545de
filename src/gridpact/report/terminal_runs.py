"""Runs of a store on a terminal."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from rich.console import Console
from rich.table import Table


class Attempted(Protocol):
    """One process that worked on a run."""

    @property
    def number(self) -> int: ...
    @property
    def began(self) -> datetime: ...
    @property
    def ended(self) -> datetime | None: ...
    @property
    def outcome(self) -> str | None: ...
    @property
    def place(self) -> str: ...


class Stored(Protocol):
    """What the log of a run says of it."""

    @property
    def run_id(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def seed(self) -> int: ...
    @property
    def homes(self) -> int: ...
    @property
    def opportunities(self) -> tuple[str, ...]: ...
    @property
    def rows(self) -> int: ...
    @property
    def stage(self) -> str: ...
    @property
    def outcome(self) -> str | None: ...
    @property
    def effects_done(self) -> tuple[str, ...]: ...
    @property
    def effect_open(self) -> str | None: ...
    @property
    def problem(self) -> str | None: ...
    @property
    def attempts(self) -> Sequence[Attempted]: ...


def show_list(states: Sequence[Stored], *, where: str, console: Console | None = None) -> None:
    """A line a run: id, how it ended or where it stands, homes, opportunities, attempts."""
    screen = console or Console()
    if not states:
        screen.print(f"{where} holds no runs")
        return
    table = Table(title=f"Runs in {where}", title_justify="left")
    for name, side in (("run", "left"), ("state", "left"), ("homes", "right"), ("opportunities", "left")):
        table.add_column(name, justify="right" if side == "right" else "left", overflow="fold")
    table.add_column("last attempt", overflow="fold")
    for state in states:
        last = state.attempts[-1] if state.attempts else None
        table.add_row(
            state.run_id,
            _standing(state),
            f"{state.homes:,}",
            ", ".join(state.opportunities),
            "" if last is None else f"{last.began:%Y-%m-%d %H:%M} UTC",
        )
    screen.print(table)


def show_state(state: Stored, *, console: Console | None = None) -> None:
    """How far a run came."""
    screen = console or Console()
    screen.print(f"Run {state.run_id} (gridpact {state.version}, seed {state.seed}): {_standing(state)}")
    screen.print(f"{state.homes:,} homes; opportunities: {', '.join(state.opportunities) or 'none yet'}")
    screen.print(f"{state.rows} rows, the last of them {state.stage.replace('_', ' ')}")
    screen.print(f"done: {', '.join(state.effects_done) or 'nothing yet'}")
    if state.effect_open is not None:
        screen.print(f"under way when the log ends: {state.effect_open}")
    for attempt in state.attempts:
        ended = attempt.outcome or "under way, or killed"
        screen.print(f"attempt {attempt.number}, {attempt.began:%Y-%m-%d %H:%M:%S} UTC: {ended}; to {attempt.place}")


def _standing(state: Stored) -> str:
    if state.problem is not None:
        return f"damaged: {state.problem}"
    if state.outcome is not None:
        return state.outcome.replace("_", " ")
    return f"not finished, at {state.stage.replace('_', ' ')}"
