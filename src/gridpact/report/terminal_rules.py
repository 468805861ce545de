"""Market rule profiles on the terminal: a table where there is room, a list where there is not."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from gridpact.report.screen import MEDIUM, open_console, plain_table

WIDE = 130
"""From this width on the values, their dates and their sources fit side by side [characters]."""


def show_rules_list(profiles: Sequence[Any], *, console: Console | None = None) -> None:
    """Names and one line on each profile."""
    out = console or open_console()
    if out.width < MEDIUM:
        for profile in profiles:
            out.print(f"[bold]{escape(profile.name)}[/bold]")
            out.print(Padding(escape(f"{profile.market}: {', '.join(map(str, profile.products))}"), (0, 0, 0, 2)))
        return
    table = plain_table("Rule profiles")
    for column in ("rules", "market", "products"):
        table.add_column(column, overflow="fold")
    for profile in profiles:
        table.add_row(escape(profile.name), escape(str(profile.market)), ", ".join(map(str, profile.products)))
    out.print(table)


def show_rules(profile: Any, rows: Sequence[Any], *, console: Console | None = None) -> None:
    """Every value of a profile with its unit, date and source, and whether it was verified.

    Args:
        profile: the profile.
        rows: its values, see `gridpact.market.rules.describe`.
        console: where to print, standard output if not given.
    """
    out = console or open_console()
    out.print(f"[bold]{escape(profile.name)}[/bold]: {escape(str(profile.market))}")
    unverified = sum(row.verified != "yes" for row in rows)
    out.print(f"{len(rows)} values, {unverified} of them not verified against their source")
    if out.width >= WIDE:
        table = plain_table("")
        for column in ("rule", "value", "from", "verified", "source"):
            table.add_column(column, overflow="fold", no_wrap=column in ("from", "verified"))
        for row in rows:
            table.add_row(*map(escape, (row.rule, _value(row), row.effective_from, row.verified, row.source)))
        out.print(table)
        return
    indent = max(len(row.rule) for row in rows) + 2 if out.width >= MEDIUM else 2
    for row in rows:
        verified = "verified" if row.verified == "yes" else "not verified"
        out.print()
        head = f"[bold]{escape(row.rule)}[/bold]"
        if out.width >= MEDIUM:
            out.print(f"{head}{' ' * (indent - len(row.rule))}{escape(_value(row))}")
        else:
            out.print(f"{head}: {escape(_value(row))}")
        out.print(
            Padding(f"[dim]{escape(f'from {row.effective_from}, {verified}: {row.source}')}[/dim]", (0, 0, 0, indent))
        )


def _value(row: Any) -> str:
    return f"{row.value} {row.unit}".strip()
