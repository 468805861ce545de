"""Live progress on a terminal, plain lines elsewhere: always on standard error, never mixed with results."""

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import Progress, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text


class _Count(ProgressColumn):
    """``12/100`` where the stage counts its homes."""

    def render(self, task: Task) -> Text:
        return Text("" if task.total is None else f"{task.completed:,.0f}/{task.total:,.0f}", style="dim")


def _stage_column() -> Column:
    return Column(ratio=1, no_wrap=True, overflow="ellipsis")


class StageProgress:
    """Shows each stage as it begins: with a clock and a count of homes on a terminal, as one line elsewhere.

    Use it as a context manager, pass it as a run's ``progress`` and its method `count` as the run's ``counter``.
    """

    def __init__(self, *, quiet: bool = False, only_live: bool = False, what: str = "homes") -> None:
        """Show nothing where ``quiet``; nothing but the live display where ``only_live``; ``what`` is counted."""
        self._what = what
        self._console = Console(stderr=True, highlight=False)
        self._live = not quiet and sys.stderr.isatty() and self._console.is_interactive
        self._lines = not quiet and not self._live and not only_live
        self._unicode = self._console.encoding.lower().startswith("utf")
        self._display: Progress | None = None
        self._task: TaskID | None = None
        self._stage = ""

    def __enter__(self) -> Self:
        if self._live:
            self._display = self._begin_display()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finish(failed=kind is not None)
        if self._display is not None:
            self._display.stop()
            self._display = None

    def __call__(self, stage: str) -> None:
        """Say that a stage has begun, which ends the one before."""
        if self._lines:
            self._console.print(f"{'·' if self._unicode else '-'} {stage}", markup=False, soft_wrap=True, style="dim")
        self._finish(failed=False)
        self._stage = stage
        if self._display is not None:
            self._task = self._display.add_task(stage, total=None)

    def count(self, done: int, total: int) -> None:
        """Show how many homes of ``total`` the stage has done."""
        if self._display is not None and self._task is not None:
            self._display.update(self._task, completed=done, total=total)

    def _begin_display(self) -> Progress:
        display = Progress(
            SpinnerColumn("dots" if self._unicode else "line"),
            TextColumn("{task.description}", markup=False, table_column=_stage_column()),
            _Count(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            expand=True,
        )
        display.start()
        return display

    def _finish(self, *, failed: bool) -> None:
        """Leave a line behind for the stage that ends."""
        display, number = self._display, self._task
        if display is None or number is None:
            return
        task = next(task for task in display.tasks if task.id == number)
        marks = ("✗", "✓") if self._unicode else ("x", "ok")
        line = Table.grid(padding=(0, 1), expand=True)
        line.add_column(no_wrap=True)
        line.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        line.add_column(justify="right", no_wrap=True)
        line.add_column(justify="right", no_wrap=True, min_width=7)
        line.add_row(
            Text(marks[not failed], style="red" if failed else "green"),
            Text(self._stage),
            Text("" if task.total is None else f"{task.completed:,.0f} {self._what}", style="dim"),
            Text(f"{task.elapsed or 0.0:.1f} s", style="dim"),
        )
        display.remove_task(number)
        self._task = None
        display.console.print(line)
