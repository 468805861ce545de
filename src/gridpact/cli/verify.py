"""``gridpact verify``: the independent auditor."""

from pathlib import Path
from typing import Annotated

import typer

from gridpact.cli.options import AsJson


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
