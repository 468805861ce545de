"""``gridpact strategy``: an operator's words as terms, before they are used."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridpact.cli.options import AsJson, Fleet, LlmLimit
from gridpact.cli.output import ExitCode, print_json, problems_as_messages, say
from gridpact.cli.talkers import opened_talker

if TYPE_CHECKING:
    from gridpact.language.strategist import Strategy

Words = Annotated[str, typer.Argument(metavar="TEXT", help="What the operator wants, in plain words; - reads them.")]
Llm = Annotated[
    str,
    typer.Option(
        "--llm",
        envvar="GRIDPACT_LLM",
        metavar="MODEL",
        help="Model that may read what the grammar does not understand.",
    ),
]
Save = Annotated[Path | None, typer.Option("--save", metavar="FILE", help="Write the terms as YAML for --spec.")]
Partial = Annotated[
    bool, typer.Option("--partial-instruction", help="With --save: write what was understood, and leave out the rest.")
]


def strategy(
    text: Words,
    fleet: Fleet = None,
    llm: Llm = "none",
    llm_limit: LlmLimit = None,
    save: Save = None,
    partial_instruction: Partial = False,
    json: AsJson = False,
) -> None:
    """Show what terms a sentence states, in words and in mathematics, and what was not understood."""
    with problems_as_messages():
        from gridpact.errors import InputError
        from gridpact.language.strategist import read_strategy
        from gridpact.operation.fleets import resolve_fleet

        words = typer.get_text_stream("stdin").read() if text == "-" else text
        homes = resolve_fleet(fleet, seed=0).fleet.home_ids
        with opened_talker(llm, limits=llm_limit) as talker:
            found = read_strategy(words, talker, homes=homes)
        reading = found.reading
        if json:
            print_json(_facts(found))
        else:
            _show(found)
        if save is not None:
            if reading.not_understood and not partial_instruction:
                raise InputError(f"{save} is not written: a part was not understood; say it in other words")
            _write(save, reading.values)
    if reading.conflicts:
        raise typer.Exit(ExitCode.UNUSABLE)
    if reading.not_understood:
        raise typer.Exit(ExitCode.PROBLEMS_FOUND)


def _facts(found: "Strategy") -> dict[str, Any]:
    from dataclasses import asdict

    from gridpact.operation.inputs import instruction_facts
    from gridpact.optimization.formulas import LEGEND, formulas_of, formulation_class

    reading = found.reading
    spec = None if reading.conflicts else reading.spec()
    return {
        "form": "gridpact.strategy/1",
        **instruction_facts(reading),
        "conflicts": list(reading.conflicts),
        "spec": None if spec is None else reading.values,
        "mathematics": [] if spec is None else [asdict(each) for each in formulas_of(spec)],
        "legend": LEGEND,
        "problem": None if spec is None else formulation_class(spec),
        "model": {
            "dropped": list(found.dropped),
            "failure": None if found.reply is None else found.reply.failure,
        },
    }


def _show(found: "Strategy") -> None:
    from gridpact.optimization.formulas import LEGEND, formulas_of, formulation_class, words_of

    reading = found.reading
    if not reading.terms:
        typer.echo("No term was read.")
    for term in reading.terms:
        level = ", a default level" if term.vague else ""
        who = "" if term.by == "words" else f", by model {term.by}"
        typer.echo(f'{term.name}: {words_of(term.value)}   from "{term.evidence}" ({term.confidence:g}{level}{who})')
        for note in term.notes:
            typer.echo(f"    {note}")
    for each in reading.not_understood:
        typer.echo(f'Not understood: "{each.text}": {each.why}')
    for reason in found.dropped:
        typer.echo(f"Not taken from the model: {reason}")
    if found.reply is not None and found.reply.failure not in (None, "no_model"):
        say(f"gridpact: the model gave no answer ({found.reply.failure}); the grammar's reading stands")
    for conflict in reading.conflicts:
        typer.echo(f"Contradiction: {conflict}")
    if reading.terms and not reading.conflicts:
        spec = reading.spec()
        typer.echo("\nIn mathematics:")
        for formula in formulas_of(spec):
            typer.echo(f"  {formula.term}: {formula.formula}   [{formula.shape}]")
        typer.echo(f"  {LEGEND}")
        typer.echo(f"  Formation: {formulation_class(spec)}")


def _write(path: Path, values: dict[str, Any]) -> None:
    import yaml

    from gridpact.errors import InputError

    if path.suffix.lower() not in (".yaml", ".yml"):
        raise InputError(f"--save {path}: the name must end in .yaml or .yml")
    path.write_text(yaml.safe_dump(values, sort_keys=False, allow_unicode=True), encoding="utf-8")
