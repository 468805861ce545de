"""The command line. Thin: it reads flags, calls ``operation``, and prints.

Exit codes: 0 for every outcome of a market day, 1 where ``verify`` finds something that does not hold, 2 for input
that cannot be used (one message, no traceback, existing output untouched).
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridpact.cli_data import data_app
from gridpact.errors import GridpactError

if TYPE_CHECKING:
    from gridpact.operation.inputs import DayRequest

app = typer.Typer(
    help="Run a virtual power plant's market day: negotiate with owners, bid, dispatch, settle, explain.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
fleet_app = typer.Typer(help="Generate, describe and check fleets of homes.", no_args_is_help=True)
rules_app = typer.Typer(help="List, show and check market rule profiles.", no_args_is_help=True)
app.add_typer(fleet_app, name="fleet")
app.add_typer(rules_app, name="rules")
app.add_typer(data_app, name="data")


@contextmanager
def _problems_as_messages() -> Iterator[None]:
    try:
        yield
    except GridpactError as problem:
        typer.echo(f"gridpact: {problem}", err=True)
        raise typer.Exit(2) from None
    except BrokenPipeError:
        sys.stderr.close()
        raise typer.Exit(0) from None
    except OSError as problem:
        where = "" if problem.filename is None else f"{problem.filename}: "
        typer.echo(f"gridpact: {where}{problem.strerror or problem}", err=True)
        raise typer.Exit(2) from None


def _version(show: bool) -> None:
    if show:
        from importlib.metadata import version

        typer.echo(version("gridpact"))
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    del version


Fleet = Annotated[
    str | None,
    typer.Option(
        "--fleet",
        envvar="GRIDPACT_FLEET",
        metavar="FILE|N",
        help="Fleet file (CSV or Parquet), or a number of homes to generate. Default: the 6-home demonstration.",
    ),
]
OpportunityFiles = Annotated[
    list[Path] | None,
    typer.Option("--opportunity", metavar="FILE", help="Opportunity file (YAML or JSON); may be given several times."),
]
ProductName = Annotated[str | None, typer.Option("--product", help="energy, spin or nonspin.")]
Start = Annotated[
    str | None,
    typer.Option("--start", metavar="ISO", help="Window start with UTC offset, e.g. 2022-07-13T19:00-05:00."),
]
Hours = Annotated[float | None, typer.Option("--hours", help="Window length \\[h].")]
Kw = Annotated[float | None, typer.Option("--kw", help="Power requested \\[kW].")]
MinimumKw = Annotated[float | None, typer.Option("--minimum-kw", help="Least power that the buyer takes \\[kW].")]
Price = Annotated[
    float | None, typer.Option("--price", help="One certain market price \\[USD/MWh, or USD/MW per h for reserve].")
]
Prices = Annotated[
    Path | None,
    typer.Option(
        "--prices",
        envvar="GRIDPACT_PRICES",
        metavar="FILE",
        help="Market prices (CSV or Parquet, units in column names). Default: packaged ERCOT day-ahead prices.",
    ),
]
Location = Annotated[
    str | None,
    typer.Option("--location", envvar="GRIDPACT_LOCATION", help="Price column or ERCOT hub or zone, e.g. HB_HOUSTON."),
]
Rules = Annotated[
    str, typer.Option("--rules", envvar="GRIDPACT_RULES", metavar="NAME|FILE", help="Market rule profile.")
]
StrategyName = Annotated[
    str,
    typer.Option(
        "--strategy",
        envvar="GRIDPACT_STRATEGY",
        metavar="NAME",
        help="How homes negotiate: truthful, concession, tit_for_tat, or your own module:Class.",
    ),
]
Rounds = Annotated[int, typer.Option("--rounds", envvar="GRIDPACT_ROUNDS", help="Most negotiation rounds.")]
Spec = Annotated[
    Path | None,
    typer.Option(
        "--spec", envvar="GRIDPACT_SPEC", metavar="FILE", help="Operator's terms (YAML); see docs/problem-spec.md."
    ),
]
Commitments = Annotated[
    list[Path] | None,
    typer.Option("--commitments", metavar="DIR", help="Run folder whose awards bind the homes; may be repeated."),
]
AllowLoss = Annotated[bool, typer.Option("--allow-loss", help="Bid even where it loses money, and show the loss.")]
Seed = Annotated[int, typer.Option("--seed", envvar="GRIDPACT_SEED", help="Seed of everything random.")]
Out = Annotated[Path | None, typer.Option("--out", envvar="GRIDPACT_OUT", metavar="DIR", help="Run folder to write.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
DropOut = Annotated[
    list[str] | None,
    typer.Option(
        "--drop-out",
        metavar="HOME[@before|@after]",
        help="A home that fails before gate closure (the coalition is formed again) or after the award (short "
        "delivery).",
    ),
]
Profiles = Annotated[
    Path | None, typer.Option("--profiles", metavar="FILE", help="Your own load and solar profiles (docs/formats.md).")
]
Tariffs = Annotated[
    Path | None, typer.Option("--tariffs", metavar="FILE", help="Your own retail tariffs (docs/formats.md).")
]


def _load_env_file() -> None:
    """Settings from ``.env`` in the working directory, where the environment does not set them already."""
    path = Path.cwd() / ".env"
    if not path.is_file():
        return
    from dotenv import load_dotenv

    try:
        load_dotenv(path, override=False)
    except (OSError, ValueError) as problem:
        typer.echo(f"gridpact: {path} cannot be read as settings: {problem}", err=True)
        sys.exit(2)


@app.command()
def negotiate(
    fleet: Fleet = None,
    opportunity: OpportunityFiles = None,
    product: ProductName = None,
    start: Start = None,
    hours: Hours = None,
    kw: Kw = None,
    minimum_kw: MinimumKw = None,
    price: Price = None,
    prices: Prices = None,
    location: Location = None,
    rules: Rules = "demo",
    strategy: StrategyName = "concession",
    rounds: Rounds = 3,
    spec: Spec = None,
    commitments: Commitments = None,
    allow_loss: AllowLoss = False,
    seed: Seed = 0,
    drop_out: DropOut = None,
    profiles: Profiles = None,
    tariffs: Tariffs = None,
    out: Out = None,
    json: AsJson = False,
) -> None:
    """Run one market day from negotiation to settlement and write a run folder."""
    from gridpact.operation.inputs import DayRequest

    _negotiate(
        DayRequest(
            fleet=fleet,
            opportunity_files=tuple(opportunity or ()),
            product=product,
            start=start,
            hours=hours,
            kw=kw,
            minimum_kw=minimum_kw,
            price=price,
            prices=prices,
            location=location,
            rules=rules,
            strategy=strategy,
            rounds=rounds,
            spec=spec,
            commitments=tuple(commitments or ()),
            allow_loss=allow_loss,
            seed=seed,
            drop_outs=tuple(drop_out or ()),
            profiles=profiles,
            tariffs=tariffs,
        ),
        out=out,
        json=json,
    )


def _negotiate(request: "DayRequest", *, out: Path | None, json: bool) -> None:
    with _problems_as_messages():
        from gridpact.operation.system import IntegratedNegotiationSystem
        from gridpact.report.terminal import Terminal

        terminal = Terminal(quiet=json)
        system = IntegratedNegotiationSystem(progress=terminal)
        folder = system.run(request, out=out)
        if json:
            typer.echo(folder.result_json(), nl=False)
        else:
            terminal.show_day(folder)


@app.command()
def scenarios(
    prices: Annotated[
        str, typer.Option("--prices", metavar="LIST", help="Market prices to try, comma-separated.")
    ] = "120,80,45",
    fleet: Fleet = None,
    product: ProductName = None,
    start: Start = None,
    hours: Hours = None,
    kw: Kw = None,
    minimum_kw: MinimumKw = None,
    rules: Rules = "demo",
    strategy: StrategyName = "concession",
    rounds: Rounds = 3,
    spec: Spec = None,
    allow_loss: AllowLoss = False,
    seed: Seed = 0,
    profiles: Profiles = None,
    tariffs: Tariffs = None,
    out: Out = None,
    json: AsJson = False,
) -> None:
    """Run the same day at several certain prices and compare whether it pays."""
    with _problems_as_messages():
        from gridpact.operation.inputs import DayRequest
        from gridpact.operation.scenarios import parse_prices
        from gridpact.operation.system import IntegratedNegotiationSystem
        from gridpact.report.terminal import Terminal

        request = DayRequest(
            fleet=fleet,
            product=product,
            start=start,
            hours=hours,
            kw=kw,
            minimum_kw=minimum_kw,
            rules=rules,
            strategy=strategy,
            rounds=rounds,
            spec=spec,
            allow_loss=allow_loss,
            seed=seed,
            profiles=profiles,
            tariffs=tariffs,
        )
        terminal = Terminal(quiet=json)
        system = IntegratedNegotiationSystem(progress=terminal)
        analysis = system.run_scenarios(request, prices=parse_prices(prices), out=out)
        if json:
            typer.echo(analysis.to_json(), nl=False)
        else:
            terminal.show_scenarios(analysis)


@app.command()
def verify(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Run folder to recheck.")],
    rules: Annotated[
        list[Path] | None,
        typer.Option("--rules", metavar="FILE", help="Your own market rules that the run used; may be repeated."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Recheck a run folder's physics and money with the independent auditor."""
    from gridpact_audit.__main__ import main as audit

    own = [argument for path in rules or () for argument in ("--rules", str(path))]
    raise typer.Exit(audit([*own, *(["--json"] if json else []), "--", str(directory)]))


@fleet_app.command("generate")
def fleet_generate(
    homes: Annotated[int, typer.Argument(help="Number of homes.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="CSV or Parquet file to write.")],
    seed: Seed = 0,
) -> None:
    """Write a fleet with the reference adoption rates, sizes, personas and floors."""
    with _problems_as_messages():
        from gridpact.operation.fleets import generate_to_file

        typer.echo(generate_to_file(homes, seed=seed, out=out))


@fleet_app.command("describe")
def fleet_describe(
    fleet: Annotated[str | None, typer.Argument(metavar="FILE|N", help="Fleet file or number of homes.")] = None,
    seed: Seed = 0,
    json: AsJson = False,
) -> None:
    """Print what a fleet can do and what its owners want."""
    with _problems_as_messages():
        from gridpact.fleet.statistics import describe
        from gridpact.operation.fleets import resolve_fleet
        from gridpact.report.terminal import Terminal

        _load_env_file()
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
    with _problems_as_messages():
        from gridpact.operation.fleets import resolve_fleet

        resolved = resolve_fleet(fleet, seed=0)
        typer.echo(f"{fleet}: {len(resolved.fleet)} homes, no problem found")


@rules_app.command("list")
def rules_list() -> None:
    """Print the rule profiles that come with gridpact."""
    with _problems_as_messages():
        from gridpact.market.rules import load_rules, rule_names
        from gridpact.report.terminal import Terminal

        Terminal().show_rules_list([load_rules(name) for name in rule_names()])


@rules_app.command("show")
def rules_show(name: Annotated[str, typer.Argument(metavar="NAME|FILE")]) -> None:
    """Print a profile's values, each with its date, source and whether it was verified."""
    with _problems_as_messages():
        from gridpact.market.rules import load_rules
        from gridpact.report.terminal import Terminal

        Terminal().show_rules(load_rules(name))


@rules_app.command("check")
def rules_check(path: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Check your own rule profile (YAML)."""
    with _problems_as_messages():
        from gridpact.market.rules import check_profile_file

        check_profile_file(path)
        typer.echo(f"{path}: a usable rule profile")


def main() -> None:
    """Entry point of the ``gridpact`` command."""
    _load_env_file()
    app()


if __name__ == "__main__":
    main()
