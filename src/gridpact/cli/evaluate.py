"""``gridpact eval``: how well models and rules read, and negotiate."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridpact.cli.options import AsJson, LlmLimit, Quiet
from gridpact.cli.output import print_json, problems_as_messages, say

if TYPE_CHECKING:
    from gridpact.language.evaluation.run import Measured

eval_app = typer.Typer(
    help="Evaluation of language models on the data sets that gridpact carries.", no_args_is_help=True
)


@eval_app.callback()
def _evaluate() -> None:
    """Evaluation of language models on the data sets that gridpact carries."""


@eval_app.command()
def language(
    model: Annotated[
        str,
        typer.Option(
            "--model",
            metavar="MODEL",
            envvar="GRIDPACT_LLM",
            help="gemini:NAME, openai:NAME, anthropic:NAME, local:smollm2, or none for the baselines alone.",
        ),
    ] = "none",
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME", help="owners, instructions or positions; several times. Default: all."),
    ] = None,
    half: Annotated[
        str, typer.Option("--half", metavar="HALF", help="development, or test, which nothing was tuned on.")
    ] = "test",
    llm_limit: LlmLimit = None,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", help="Only the first N cases of each set.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", metavar="FILE", help="Page whose tables are brought up to date.")
    ] = None,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Measure a model beside the two answers that need none: nothing found, and fixed rules."""
    with problems_as_messages():
        from gridpact.cli.progress import StageProgress
        from gridpact.cli.talkers import opened_talker
        from gridpact.errors import MissingDataError
        from gridpact.language.evaluation.cases import SETS
        from gridpact.language.evaluation.run import measure, open_set

        names = list(dict.fromkeys(sets or SETS))
        done: list[Measured] = []
        interrupted = False
        with (
            opened_talker(model, limits=llm_limit, consent="all") as talker,
            StageProgress(quiet=quiet, only_live=json, what="cases") as progress,
        ):
            try:
                for name in names:
                    try:
                        open_set(name)
                    except MissingDataError as problem:
                        if sets:
                            raise
                        say(f"gridpact: {problem}; left out")
                        continue
                    for each in measure(
                        name, half=half, talker=talker, limit=limit, progress=progress, count=progress.count
                    ):
                        done.append(each)
            except KeyboardInterrupt:
                interrupted = True
        if not done and not interrupted:
            raise MissingDataError("none of the evaluation sets is part of this installation; nothing was measured")
        _show(done, json=json, quiet=quiet)
        if markdown is not None and done:
            _write(markdown, done, _command(model, sets, half, limit), by_style=limit is None and not interrupted)
        if interrupted:
            raise KeyboardInterrupt


def _command(model: str, sets: list[str] | None, half: str, limit: int | None) -> str:
    parts = ["gridpact eval language", f"--model {model}", *(f"--set {name}" for name in sets or []), f"--half {half}"]
    return " ".join(parts + ([] if limit is None else [f"--limit {limit}"]))


def _show(done: "list[Measured]", *, json: bool, quiet: bool) -> None:
    if json:
        print_json({"schema": "gridpact.evaluation/1", "measured": [each.to_dict() for each in done]})
        return
    if quiet:
        return
    from gridpact.report.terminal_evaluation import show_measured

    show_measured([each.to_dict() for each in done])


def _write(path: Path, done: "list[Measured]", command: str, *, by_style: bool) -> None:
    from datetime import UTC, datetime

    from gridpact.language.evaluation.table import write_page

    write_page(path, done, date=datetime.now(UTC).date().isoformat(), command=command, by_style=by_style)
    say(f"gridpact: {path} is up to date")
