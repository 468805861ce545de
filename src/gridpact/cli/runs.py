"""``gridpact runs`` and ``gridpact replay``: what the store holds, going on with it, checking and replaying it."""

from pathlib import Path
from typing import Annotated

import typer

from gridpact.cli.options import DEFAULT_STORE, AsJson, Out, Quiet, RunId, Store
from gridpact.cli.output import ExitCode, print_json, problems_as_messages, say, show_day
from gridpact.cli.stores import check_there, opened, opened_run

runs_app = typer.Typer(help="Runs in the store: list, show, resume, verify, export.", no_args_is_help=True)


@runs_app.command("list")
def list_runs(store: Store = DEFAULT_STORE, json: AsJson = False) -> None:
    """List the runs of the store, oldest first."""
    with problems_as_messages():
        from gridpact.operation.runs import list_states
        from gridpact.results.plain import plain

        check_there(store)
        with opened(store) as runs:
            states = list_states(runs)
        if json:
            print_json({"store": store, "runs": [plain(state) for state in states]})
            return
        from gridpact.report.terminal_runs import show_list

        show_list(states, where=store)


@runs_app.command()
def show(run: RunId, store: Store = DEFAULT_STORE, json: AsJson = False) -> None:
    """Show how far a run came: its stages, effects and attempts."""
    with problems_as_messages():
        from gridpact.operation.runs import read_run
        from gridpact.results.plain import plain

        with opened_run(run, store) as (runs, run_id):
            state = read_run(runs, run_id)
        if json:
            print_json(plain(state))
            return
        from gridpact.report.terminal_runs import show_state

        show_state(state)


@runs_app.command()
def resume(
    run: RunId, out: Out = None, store: Store = DEFAULT_STORE, json: AsJson = False, quiet: Quiet = False
) -> None:
    """Go on with a run that was broken off; what is done already is not done again."""
    with problems_as_messages():
        from gridpact.cli.progress import StageProgress
        from gridpact.operation.system import IntegratedNegotiationSystem

        with opened_run(run, store) as (runs, run_id), StageProgress(quiet=quiet, only_live=json) as progress:
            system = IntegratedNegotiationSystem(progress=progress, counter=progress.count, store=runs)
            folder = system.resume(run_id, out=out)
        show_day(folder, json=json, quiet=quiet)


@runs_app.command()
def verify(run: RunId, store: Store = DEFAULT_STORE, json: AsJson = False) -> None:
    """Check a run's log, the books it refers to, and the folder it wrote."""
    with problems_as_messages():
        from gridpact.operation.runs import verify_run
        from gridpact.results.plain import plain

        with opened_run(run, store) as (runs, run_id):
            check = verify_run(runs, run_id)
        if json:
            print_json(plain(check))
        else:
            for problem in check.problems:
                typer.echo(problem)
            folder = "no folder known" if check.folder is None else f"the folder {check.folder}"
            verdict = f"{len(check.problems)} problems" if check.problems else "nothing wrong"
            typer.echo(f"{run_id}: {check.rows} rows, {check.books} books, {folder}: {verdict}")
        if check.problems:
            raise typer.Exit(ExitCode.PROBLEMS_FOUND)


@runs_app.command()
def export(
    run: RunId,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.zip", help="File to write.")],
    store: Store = DEFAULT_STORE,
) -> None:
    """Write a run's log and books to one file that `gridpact replay` reads anywhere."""
    with problems_as_messages():
        from gridpact.errors import InputError
        from gridpact.store.archive import write_archive

        if out.suffix.lower() != ".zip":
            raise InputError(f"--out {out} must end in .zip")
        with opened_run(run, store) as (runs, run_id):
            write_archive(runs, run_id, out)
        typer.echo(str(out))


def replay(
    run: RunId,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where to write the replayed result.json.")
    ] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Let an exported run import the code of the strategy that it names.")
    ] = False,
    store: Store = DEFAULT_STORE,
    quiet: Quiet = False,
) -> None:
    """Run a finished run again from its log alone, with no model and no solver, and compare every row."""
    with problems_as_messages():
        from gridpact.operation.runs import replay_run
        from gridpact.store.journal import DivergenceError, UnfinishedLogError

        with opened_run(run, store, trust=trust) as (runs, run_id):
            try:
                replayed = replay_run(runs, run_id)
            except (DivergenceError, UnfinishedLogError) as problem:
                say(f"gridpact: {problem}")
                raise typer.Exit(ExitCode.PROBLEMS_FOUND) from None
        if out is not None:
            out.write_bytes(replayed.result_json)
        if not quiet:
            typer.echo(
                f"{run_id}: {replayed.rows} rows gone over, all equal; result.json is the same, byte for byte "
                f"({replayed.outcome})"
            )
