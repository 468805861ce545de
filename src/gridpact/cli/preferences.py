"""``gridpact preferences``: owners' words become wishes, to be looked at and confirmed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridpact.cli.options import DEFAULT_STORE, AsJson, ConsentOf, Fleet, LlmLimit, Quiet, Store
from gridpact.cli.output import print_json, problems_as_messages, say
from gridpact.cli.stores import opened

if TYPE_CHECKING:
    from collections.abc import Callable

preferences_app = typer.Typer(help="Owners' words: read, show and confirm what they ask for.", no_args_is_help=True)

Wishes = Annotated[Path, typer.Argument(metavar="FILE", help="Preferences file, as 'preferences read' writes it.")]
OneHome = Annotated[str | None, typer.Option("--home", metavar="HOME", help="Id of the owner's home.")]


@preferences_app.command()
def read(
    texts: Annotated[
        Path | None, typer.Argument(metavar="TEXTS", help="CSV with home_id and text, or JSON lines with these keys.")
    ] = None,
    home: OneHome = None,
    text: Annotated[str | None, typer.Option("--text", metavar="WORDS", help="The owner's words; with --home.")] = None,
    fleet: Fleet = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Preferences file to write; other homes in it stay.")
    ] = None,
    llm: Annotated[
        str, typer.Option("--llm", metavar="PROVIDER:MODEL", help="A language model that reads too. Default: none.")
    ] = "none",
    llm_limit: LlmLimit = None,
    consent: ConsentOf = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Seed of a generated fleet.")] = 0,
    store: Store = DEFAULT_STORE,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Read owners' words into wishes; nothing is loosened before the owner confirms."""
    with problems_as_messages():
        from gridpact.cli.talkers import opened_talker
        from gridpact.errors import InputError
        from gridpact.language.consent import read_consent
        from gridpact.operation.fleets import resolve_fleet
        from gridpact.operation.preferences import described, read_preferences, read_texts_file

        if (texts is None) == (home is None and text is None) or (home is None) != (text is None):
            raise InputError("give a file of texts, or --home HOME with --text WORDS")
        words = read_texts_file(texts) if texts is not None else {str(home): str(text)}
        homes = resolve_fleet(fleet, seed=seed).fleet
        agreed = read_consent(consent)
        with opened(store) as runs, opened_talker(llm, limits=llm_limit, consent=consent) as talker:
            done = read_preferences(
                words,
                fleet=homes,
                store=runs,
                out=out,
                talker=talker,
                consents=lambda home_id: agreed.everybody or home_id in agreed.homes,
                progress=_progress(quiet=quiet or json, of=len(words)),
            )
            shown = [described(done.records[each], store=runs, fleet=homes) for each in words]
        failed = [each for each in done.read if each.failure]
        if json:
            failures = {each.owner.home_id: each.failure for each in failed}
            print_json({"file": None if out is None else str(out), "homes": shown, "model_failures": failures})
            return
        if failed and not quiet:
            say(f"gridpact: note: the model did not read {len(failed)} of {len(words)} texts ({failed[0].failure})")
        if quiet:
            typer.echo("" if out is None else str(out))
            return
        for each in shown:
            _tell(each)
        if out is not None:
            typer.echo(f"written: {out}; 'gridpact preferences confirm' once the owner agrees")


@preferences_app.command()
def show(
    file: Wishes,
    home: OneHome = None,
    fleet: Fleet = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Seed of a generated fleet.")] = 0,
    store: Store = DEFAULT_STORE,
    json: AsJson = False,
) -> None:
    """Show what was understood, what was not, and what it changes in the fleet."""
    with problems_as_messages():
        from gridpact.errors import MissingDataError
        from gridpact.operation.fleets import resolve_fleet
        from gridpact.operation.preferences import described, read_file

        records = read_file(file)
        if home is not None and home not in records:
            raise MissingDataError(f"{file} has no home {home!r}")
        homes = resolve_fleet(fleet, seed=seed).fleet
        chosen = [records[home]] if home is not None else list(records.values())
        there = store != "memory" and ("://" in store or Path(store).expanduser().exists())
        if there:
            with opened(store) as runs:
                shown = [described(each, store=runs, fleet=homes) for each in chosen]
        else:
            shown = [described(each, fleet=homes) for each in chosen]
        if json:
            print_json({"file": str(file), "homes": shown})
            return
        for each in shown:
            _tell(each)


@preferences_app.command()
def confirm(
    file: Wishes,
    home: Annotated[str, typer.Option("--home", metavar="HOME", help="Id of the owner's home.")],
    field: Annotated[
        list[str] | None,
        typer.Option("--field", metavar="FIELD", help="Confirm this one; several times. Default: all."),
    ] = None,
    value: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="What the owner wants instead; FIELD= takes a wish away."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Note that the owner agrees with what was read, or what the owner wants instead."""
    with problems_as_messages():
        from gridpact.operation.preferences import confirm as note
        from gridpact.operation.preferences import described

        record = note(file, home, fields=tuple(field or ()), values=tuple(value or ()))
        if json:
            print_json(described(record))
        else:
            _tell(described(record))


def _progress(*, quiet: bool, of: int) -> "Callable[[int, int], None]":
    def tell(done: int, count: int) -> None:
        if not quiet and of > 500 and (done == count or done % 1024 == 0):
            say(f"gridpact: {done:,} of {count:,} texts read")

    return tell


def _tell(home: dict[str, Any]) -> None:
    from gridpact.report.page import label

    typer.echo(f"{label(home['home_id'], 80)}")
    if not home["wishes"]:
        typer.echo("  nothing was understood as a wish; the fleet's own values stay")
    for wish in home["wishes"]:
        words = f': "{label(wish["words"], 80)}"' if wish["words"] else ""
        state = "confirmed" if wish["confirmed"] else f"not confirmed, {wish['confidence']:.0%} sure"
        typer.echo(f"  {label(wish['meaning'], 300)} ({state}){words}")
    for note in home["not_read"]:
        words = f'"{label(note["words"], 60)}" ' if note["words"] else "something "
        typer.echo(f"  not taken: {words}{label(note['why'], 200)}")
    for name, change in home.get("changes", {}).items():
        typer.echo(f"  in the fleet: {name} {_cell(change['from'])} becomes {_cell(change['to'])}")
    for remark in home.get("remarks", ()):
        typer.echo(f"  note: {remark}")


def _cell(value: Any) -> str:
    if value is None or value == []:
        return "(empty)"
    return "; ".join(value) if isinstance(value, list) else str(value)
