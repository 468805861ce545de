"""``gridpact explain``: a finished run in a few sentences, for its operator or for one owner."""

from typing import Annotated

import typer

from gridpact.cli.options import DEFAULT_STORE, AsJson, ConsentOf, Llm, LlmLimit, Store
from gridpact.cli.output import problems_as_messages, say
from gridpact.cli.talkers import opened_talker
from gridpact.cli.trail import Run, run_source


def explain(
    run: Run,
    home: Annotated[
        str | None, typer.Option("--home", metavar="HOME", help="Explain it to the owner of this home.")
    ] = None,
    llm: Llm = "none",
    llm_limit: LlmLimit = None,
    consent: ConsentOf = None,
    store: Store = DEFAULT_STORE,
    json: AsJson = False,
) -> None:
    """Explain a finished run: what was asked and sold, why, what it earned, and what limited it."""
    with problems_as_messages():
        from gridpact.operation.explain import explain_run

        with opened_talker(llm, limits=llm_limit, consent=consent) as talker, run_source(run, store) as source:
            told = explain_run(source, home_id=home, talker=talker)
        for each in told.paragraphs:
            if each.narrative.why_template is not None:
                say(f"gridpact: {llm} was not used for {each.heading!r}: {each.narrative.why_template}")
        if json:
            typer.echo(told.to_json(), nl=False)
            return
        from gridpact.report.terminal_trail import show_paragraphs

        show_paragraphs(told.title, [(each.heading, each.narrative.sentences) for each in told.paragraphs])
