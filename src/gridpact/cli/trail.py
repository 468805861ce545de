"""``gridpact trail``: what happened in a run, in plain words; whole for the operator, one owner's part for an owner."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridpact.cli import completion
from gridpact.cli.options import DEFAULT_STORE, AsJson, Store
from gridpact.cli.output import problems_as_messages
from gridpact.cli.stores import opened_run

if TYPE_CHECKING:
    from gridpact.operation.trail import RunSource


Run = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="Id of a run, its first letters, an exported run (.zip), or a run folder.",
        autocompletion=completion.run_folders,
    ),
]


def trail(
    run: Run,
    home: Annotated[
        str | None,
        typer.Option("--home", metavar="HOME", help="Tell only what the owner of this home may see."),
    ] = None,
    csv: Annotated[
        str | None, typer.Option("--csv", metavar="FILE|-", help="Write CSV to a file, or to standard output.")
    ] = None,
    store: Store = DEFAULT_STORE,
    json: AsJson = False,
) -> None:
    """Tell a run step by step in plain words: who asked what, what was offered, agreed, sold, delivered and paid."""
    with problems_as_messages():
        from gridpact.errors import InputError
        from gridpact.operation.owner_trail import owner_trail
        from gridpact.operation.trail import operator_trail

        if json and csv is not None:
            raise InputError("give --csv or --json, not both")
        with run_source(run, store) as source:
            told = operator_trail(source) if home is None else owner_trail(source, home)
        if json:
            typer.echo(told.to_json(), nl=False)
        elif csv == "-":
            typer.echo(told.to_csv(), nl=False)
        elif csv is not None:
            Path(csv).write_text(told.to_csv(), encoding="utf-8", newline="")
        else:
            from gridpact.report.terminal_trail import show_trail

            show_trail(told.title, told.entries)


@contextmanager
def run_source(run: str, store: str) -> Iterator["RunSource"]:
    """The run as a folder where ``run`` is one, else from the store or the exported file."""
    from gridpact.operation.trail import folder_source, stored_source

    if Path(run).is_dir():
        yield folder_source(Path(run))
        return
    with opened_run(run, store) as (runs, run_id):
        yield stored_source(runs, run_id)
