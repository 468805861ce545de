"""``gridpact fleet``: generate, describe and check fleets."""

from pathlib import Path
from typing import Annotated

import typer

from gridpact.cli.environment import load_env_file
from gridpact.cli.options import AsJson, Seed
from gridpact.cli.output import problems_as_messages

fleet_app = typer.Typer(help="Generate, describe and check fleets of homes.", no_args_is_help=True)


@fleet_app.command("generate")
def fleet_generate(
    homes: Annotated[int, typer.Argument(help="Number of homes.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="CSV or Parquet file to write.")],
    seed: Seed = 0,
) -> None:
    """Write a fleet with the reference adoption rates, sizes, personas and floors."""
    with problems_as_messages():
        from gridpact.operation.fleets import generate_to_file

        typer.echo(generate_to_file(homes, seed=seed, out=out))


@fleet_app.command("describe")
def fleet_describe(
    fleet: Annotated[str | None, typer.Argument(metavar="FILE|N", help="Fleet file or number of homes.")] = None,
    seed: Seed = 0,
    json: AsJson = False,
) -> None:
    """Print what a fleet can do and what its owners want."""
    with problems_as_messages():
        from gridpact.fleet.statistics import describe
        from gridpact.operation.fleets import resolve_fleet
        from gridpact.report.terminal import Terminal

        load_env_file()
        description = describe(resolve_fleet(fleet, seed=seed).fleet)
        if json:
            import json as json_module

            typer.echo(json_module.dumps(description, indent=2))
        else:
            Terminal().show_fleet(description)


@fleet_app.command("validate")
def fleet_validate(
    fleet: Annotated[str, typer.Argument(metavar="FILE", help="Fleet file to check.")],
) -> None:
    """Check a fleet file and say what is wrong, by row and column."""
    with problems_as_messages():
        from gridpact.operation.fleets import resolve_fleet

        resolved = resolve_fleet(fleet, seed=0)
        typer.echo(f"{fleet}: {len(resolved.fleet)} homes, no problem found")
