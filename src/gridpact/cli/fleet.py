"""``gridpact fleet``: generate, describe and check fleets."""

from pathlib import Path
from typing import Annotated

import typer

from gridpact.cli.options import AsJson, Profiles, Quiet, Seed, Tariffs
from gridpact.cli.output import ExitCode, print_json, problems_as_messages, say
from gridpact.report.words import counted

fleet_app = typer.Typer(help="Generate, describe and check fleets of homes.", no_args_is_help=True)


@fleet_app.command("generate")
def fleet_generate(
    homes: Annotated[int, typer.Argument(metavar="HOMES", help="Number of homes.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="CSV or Parquet file to write.")],
    seed: Seed = 0,
    heat_share: Annotated[
        float, typer.Option("--heat-share", metavar="SHARE", help="Share of homes with a heat store, 0 to 1.")
    ] = 0.0,
    quiet: Quiet = False,
) -> None:
    """Write a fleet with the reference adoption rates, sizes, personas and floors."""
    with problems_as_messages():
        from gridpact.operation.fleets import generate_to_file

        said = generate_to_file(homes, seed=seed, out=out, heat_share=heat_share)
        typer.echo(str(out) if quiet else said)


@fleet_app.command("describe")
def fleet_describe(
    fleet: Annotated[str | None, typer.Argument(metavar="FILE|N", help="Fleet file or number of homes.")] = None,
    seed: Seed = 0,
    figure: Annotated[
        Path | None,
        typer.Option("--figure", metavar="FILE", help="Also draw the fleet into an .html or .svg file."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Print what a fleet can do, what its owners want, and what in its data is unusual."""
    with problems_as_messages():
        from gridpact.fleet.statistics import describe
        from gridpact.operation.fleets import check_figure_path, draw_to_file, resolve_fleet

        if figure is not None:
            check_figure_path(figure)
        resolved = resolve_fleet(fleet, seed=seed)
        description = describe(resolved.fleet)
        if figure is not None:
            draw_to_file(resolved.fleet, out=figure, title=_title(fleet))
        if json:
            print_json({**description, "figure": None if figure is None else str(figure)})
            return
        from gridpact.report.terminal_fleet import show_fleet

        show_fleet(description, title=_title(fleet))
        if resolved.notes:
            say(f"gridpact: {len(resolved.notes)} notes on how the file was read: gridpact fleet validate {fleet}")
        if figure is not None:
            typer.echo(f"Figure: {figure}")


def _title(fleet: str | None) -> str:
    if fleet is None:
        return "Demonstration fleet"
    return f"Generated fleet of {fleet} homes" if fleet.strip().lstrip("+-").isdigit() else f"Fleet {Path(fleet).name}"


@fleet_app.command("validate")
def fleet_validate(
    fleet: Annotated[Path, typer.Argument(metavar="FILE", help="Fleet file to check.")],
    tariffs: Tariffs = None,
    profiles: Profiles = None,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Check a fleet file: every problem by row and column, and every cell that was read freely.

    Exit code 0 where the file is a usable fleet, 1 where problems were found, 2 where it is no table at all.
    """
    with problems_as_messages():
        from gridpact.operation.fleets import check_fleet_file

        check = check_fleet_file(fleet, tariffs=tariffs, profiles=profiles)
        if json:
            typer.echo(check.to_json(), nl=False)
        elif check.problem_count:
            say(f"gridpact: {check.text}")
        elif not quiet:
            typer.echo(f"{fleet}: {counted(check.homes or 0, 'home')}, no problem found")
        if not json and not quiet:
            for note in check.notes:
                typer.echo(f"note: {note.text}")
        if check.problem_count:
            raise typer.Exit(ExitCode.PROBLEMS_FOUND)
