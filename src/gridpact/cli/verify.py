"""``gridpact verify``: the independent auditor."""

from contextlib import nullcontext, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Annotated

import typer

from gridpact.cli import completion
from gridpact.cli.options import AsJson
from gridpact.cli.output import problems_as_messages


def verify(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Run folder to recheck.", autocompletion=completion.run_folders)
    ],
    rules: Annotated[
        list[Path] | None,
        typer.Option("--rules", metavar="FILE", help="Your own market rules that the run used; may be repeated."),
    ] = None,
    json: AsJson = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing but errors; the exit code tells.")
    ] = False,
) -> None:
    """Recheck a run folder's physics and money with the independent auditor."""
    with problems_as_messages():
        from gridpact_audit.__main__ import main as audit

        own = [argument for path in rules or () for argument in ("--rules", str(path))]
        arguments = [*own, *(["--json"] if json else []), "--", str(directory)]
        with redirect_stdout(StringIO()) if quiet and not json else nullcontext():
            code = audit(arguments)
        raise typer.Exit(code)
