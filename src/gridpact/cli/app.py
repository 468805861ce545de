"""The command line. Thin: each module of this package reads flags, calls ``operation``, and prints.

Standard output is data, standard error is progress and problems; ``output.EXIT_CODES`` says what commands end with.
"""

import os
import sys
from typing import Annotated

import typer

from gridpact.cli.data import data_app
from gridpact.cli.environment import load_env_file
from gridpact.cli.evaluate import eval_app
from gridpact.cli.explain import explain
from gridpact.cli.fleet import fleet_app
from gridpact.cli.logs import set_up_logs, set_up_spans
from gridpact.cli.negotiate import negotiate, scenarios
from gridpact.cli.output import EXIT_CODES, ExitCode, problems_as_messages, say, write_what_can_be_shown
from gridpact.cli.owners import owners_app
from gridpact.cli.preferences import preferences_app
from gridpact.cli.rules import rules_app
from gridpact.cli.runs import replay, runs_app
from gridpact.cli.strategy import strategy
from gridpact.cli.trail import trail
from gridpact.cli.usage import Commands
from gridpact.cli.verify import verify

COMPLETING = "_GRIDPACT_COMPLETE"
"""Set in the environment while the shell asks for completions, which must not wait for settings or fail on them."""

NAMED_SHELL = "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION"
"""Typer's only switch for that."""

app = typer.Typer(
    cls=Commands,
    help="Run a virtual power plant's market day: negotiate with owners, bid, dispatch, settle, explain.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(negotiate)
app.command()(scenarios)
app.command()(strategy)
app.command()(verify)
app.command()(replay)
app.command()(trail)
app.command()(explain)
app.add_typer(fleet_app, name="fleet")
app.add_typer(rules_app, name="rules")
app.add_typer(data_app, name="data")
app.add_typer(runs_app, name="runs")
app.add_typer(owners_app, name="owners")
app.add_typer(preferences_app, name="preferences")
app.add_typer(eval_app, name="eval")


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
    log_level: Annotated[
        str | None,
        typer.Option(
            "--log-level",
            envvar="GRIDPACT_LOG",
            metavar="LEVEL",
            help="Write log lines on standard error: debug, info, warning or error. In GRIDPACT_LOG also info,json.",
        ),
    ] = None,
    verbose: Annotated[
        int,
        typer.Option("--verbose", "-v", count=True, show_default=False, help="Log lines: -v for info, -vv for debug."),
    ] = 0,
    log_json: Annotated[bool, typer.Option("--log-json", help="Log lines as JSON, one object a line.")] = False,
) -> None:
    del version
    with problems_as_messages():
        set_up_logs(log_level, verbose=verbose, as_json=log_json)
    trouble = set_up_spans(os.environ)
    if trouble is not None:
        say(f"gridpact: {trouble}")


def main() -> None:
    """Entry point of the ``gridpact`` command."""
    write_what_can_be_shown()
    # --show-completion and --install-completion take the shell's name rather than guess it from the parent process.
    os.environ.setdefault(NAMED_SHELL, "1")
    try:
        if COMPLETING not in os.environ:
            load_env_file()
        app(prog_name="gridpact")
    except (KeyboardInterrupt, SystemExit) as leaving:
        # Typer ends an interrupted command with this code, after its files and its progress have been put away.
        if isinstance(leaving, SystemExit) and leaving.code != ExitCode.INTERRUPTED:
            raise
        say("gridpact: interrupted; no half-written file or folder is left")
        sys.exit(ExitCode.INTERRUPTED)
