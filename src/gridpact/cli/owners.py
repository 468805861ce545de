"""``gridpact owners``: the words of an owner that a store keeps, and erasing them."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from gridpact.cli.options import DEFAULT_STORE, AsJson, Store
from gridpact.cli.output import ExitCode, print_json, problems_as_messages, say
from gridpact.cli.stores import check_there, opened

if TYPE_CHECKING:
    from gridpact.operation.owners import Forgotten

owners_app = typer.Typer(help="Words of owners in the store: list, erase.", no_args_is_help=True)

Home = Annotated[str, typer.Argument(metavar="HOME", help="Id of the owner's home.")]


@owners_app.command()
def texts(home: Home, store: Store = DEFAULT_STORE, json: AsJson = False) -> None:
    """List an owner's words that the store keeps, oldest first."""
    with problems_as_messages():
        check_there(store)
        with opened(store) as runs:
            kept = runs.texts_of(home)
        if json:
            print_json({"home_id": home, "texts": list(kept)})
            return
        from gridpact.report.page import label
        from gridpact.report.words import counted

        typer.echo(f"kept of {label(home, 80)}: {counted(len(kept), 'text')}")
        for number, text in enumerate(kept, start=1):
            typer.echo(f"{number}. {label(text, len(text) + 1)}")


@owners_app.command()
def forget(
    home: Home,
    store: Store = DEFAULT_STORE,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: AsJson = False,
) -> None:
    """Erase an owner's words, then search the store's files and its runs' folders for anything left of them."""
    with problems_as_messages():
        from gridpact.operation.owners import forget_owner

        check_there(store)
        with opened(store) as runs:
            if not yes:
                _confirm(home, len(runs.texts_of(home)))
            done = forget_owner(runs, home)
        if json:
            print_json(asdict(done))
        else:
            _tell(done)
        if done.remains or done.unsearched:
            raise typer.Exit(ExitCode.PROBLEMS_FOUND)


def _confirm(home: str, count: int) -> None:
    from gridpact.errors import InputError
    from gridpact.report.words import counted

    try:
        agreed = typer.confirm(f"Erase {counted(count, 'text')} of {home!r} for good?", err=True)
    except typer.Abort:
        say("")
        raise InputError("nobody answered, and nothing was erased; --yes erases without asking") from None
    if not agreed:
        raise InputError("nothing was erased")


def _tell(done: "Forgotten") -> None:
    from gridpact.report.page import label
    from gridpact.report.words import counted

    typer.echo(f"erased of {label(done.home_id, 80)}: {counted(done.texts, 'text')}")
    typer.echo(
        f"searched {counted(done.files, 'file')} ({done.bytes:,} bytes), {counted(done.books, 'book')} of the store "
        f"and {counted(len(done.folders), 'run folder')}"
    )
    for folder in done.folders_gone:
        typer.echo(f"not searched: {folder}, which is not there now; if it was moved, search it yourself")
    for place in (*done.unsearched, *done.beyond):
        typer.echo(f"not searched: {place}")
    if done.too_short:
        typer.echo(
            f"{done.too_short} of the texts are too short to be told from other content, and were not looked for"
        )
    for each in done.remains:
        typer.echo(f"FOUND: text {each.text} in {each.where} (or the same words of somebody else)")
    if done.unsearched and not done.remains:
        typer.echo("nothing of them was found in what could be searched; look into the rest yourself")
    elif not done.remains:
        typer.echo("nothing of them was found; copies and back-ups made elsewhere are not reached from here")
