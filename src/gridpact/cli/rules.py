"""``gridpact rules``: market rule profiles."""

from pathlib import Path
from typing import Annotated

import typer

from gridpact.cli import completion
from gridpact.cli.options import AsJson
from gridpact.cli.output import ExitCode, print_json, problems_as_messages, say

rules_app = typer.Typer(help="List, show and check market rule profiles.", no_args_is_help=True)


@rules_app.command("list")
def rules_list(json: AsJson = False) -> None:
    """Print the rule profiles that come with gridpact."""
    with problems_as_messages():
        from gridpact.market.rules import load_rules, rule_names

        profiles = [load_rules(name) for name in rule_names()]
        if json:
            listed = [
                {"name": each.name, "market": str(each.market), "products": [str(product) for product in each.products]}
                for each in profiles
            ]
            print_json({"rules": listed})
            return
        from gridpact.report.terminal_rules import show_rules_list

        show_rules_list(profiles)


@rules_app.command("show")
def rules_show(
    name: Annotated[str, typer.Argument(metavar="NAME|FILE", autocompletion=completion.rules)], json: AsJson = False
) -> None:
    """Print a profile's values, each with its date, source and whether it was verified."""
    with problems_as_messages():
        from gridpact.market.rules import describe, load_rules

        profile = load_rules(name)
        rows = describe(profile)
        if json:
            print_json({"name": profile.name, "market": str(profile.market), "values": [row._asdict() for row in rows]})
            return
        from gridpact.report.terminal_rules import show_rules

        show_rules(profile, rows)


@rules_app.command("check")
def rules_check(path: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Check your own rule profile (YAML)."""
    with problems_as_messages():
        from gridpact.errors import InputError, MissingDataError
        from gridpact.market.rules import check_profile_file

        if not path.is_file():
            raise MissingDataError(f"{path} is not a file")
        try:
            check_profile_file(path)
        except InputError as problem:
            say(f"gridpact: {problem}")
            raise typer.Exit(ExitCode.PROBLEMS_FOUND) from None
        typer.echo(f"{path}: a usable rule profile")
