"""``gridpact rules``: market rule profiles."""

from pathlib import Path
from typing import Annotated

import typer

from gridpact.cli.output import problems_as_messages

rules_app = typer.Typer(help="List, show and check market rule profiles.", no_args_is_help=True)


@rules_app.command("list")
def rules_list() -> None:
    """Print the rule profiles that come with gridpact."""
    with problems_as_messages():
        from gridpact.market.rules import load_rules, rule_names
        from gridpact.report.terminal import Terminal

        Terminal().show_rules_list([load_rules(name) for name in rule_names()])


@rules_app.command("show")
def rules_show(name: Annotated[str, typer.Argument(metavar="NAME|FILE")]) -> None:
    """Print a profile's values, each with its date, source and whether it was verified."""
    with problems_as_messages():
        from gridpact.market.rules import load_rules
        from gridpact.report.terminal import Terminal

        Terminal().show_rules(load_rules(name))


@rules_app.command("check")
def rules_check(path: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Check your own rule profile (YAML)."""
    with problems_as_messages():
        from gridpact.market.rules import check_profile_file

        check_profile_file(path)
        typer.echo(f"{path}: a usable rule profile")
