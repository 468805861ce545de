"""Flags that several commands share, each with the environment variable that sets it."""

from pathlib import Path
from typing import Annotated

import typer

from gridpact.cli import completion

Fleet = Annotated[
    str | None,
    typer.Option(
        "--fleet",
        envvar="GRIDPACT_FLEET",
        metavar="FILE|N",
        help="Fleet file (CSV or Parquet), or a number of homes to generate. Default: the 6-home demonstration.",
    ),
]
OpportunityFiles = Annotated[
    list[Path] | None,
    typer.Option("--opportunity", metavar="FILE", help="Opportunity file (YAML or JSON); may be given several times."),
]
ProductName = Annotated[
    str | None,
    typer.Option(
        "--product",
        metavar="NAME",
        help="energy, spin or nonspin. Default: energy.",
        autocompletion=completion.products,
    ),
]
Start = Annotated[
    str | None,
    typer.Option(
        "--start",
        metavar="ISO",
        help="Window start with UTC offset. Default: the demonstration's, 2022-07-13T19:00-05:00.",
    ),
]
Hours = Annotated[float | None, typer.Option("--hours", metavar="H", help="Window length \\[h]. Default: 2.")]
Kw = Annotated[float | None, typer.Option("--kw", metavar="KW", help="Power requested \\[kW]. Default: 30.")]
MinimumKw = Annotated[
    float | None,
    typer.Option("--minimum-kw", metavar="KW", help="Least power that the buyer takes \\[kW]. Default: 0."),
]
Price = Annotated[
    float | None,
    typer.Option("--price", metavar="PRICE", help="One certain market price \\[USD/MWh, or USD/MW per h for reserve]."),
]
Prices = Annotated[
    Path | None,
    typer.Option(
        "--prices",
        envvar="GRIDPACT_PRICES",
        metavar="FILE",
        help="Market prices (CSV or Parquet, units in column names). Default: packaged ERCOT day-ahead prices.",
    ),
]
Location = Annotated[
    str | None,
    typer.Option(
        "--location",
        envvar="GRIDPACT_LOCATION",
        metavar="NAME",
        help="Price column (or its beginning) in the file of --prices, else an ERCOT hub or zone. Default: HB_HOUSTON.",
        autocompletion=completion.locations,
    ),
]
Rules = Annotated[
    str,
    typer.Option(
        "--rules",
        envvar="GRIDPACT_RULES",
        metavar="NAME|FILE",
        help="Market rule profile.",
        autocompletion=completion.rules,
    ),
]
StrategyName = Annotated[
    str,
    typer.Option(
        "--strategy",
        envvar="GRIDPACT_STRATEGY",
        metavar="NAME",
        help="How homes negotiate: truthful, concession, tit_for_tat, language (a model), or your own module:Class.",
        autocompletion=completion.strategies,
    ),
]
TacticName = Annotated[
    str,
    typer.Option(
        "--tactic",
        envvar="GRIDPACT_TACTIC",
        metavar="NAME",
        help="How offers to homes climb: patient, steady, fast, or language (a model picks).",
        autocompletion=completion.tactics,
    ),
]
Rounds = Annotated[
    int, typer.Option("--rounds", metavar="N", envvar="GRIDPACT_ROUNDS", help="Most negotiation rounds.")
]
Spec = Annotated[
    Path | None,
    typer.Option(
        "--spec", envvar="GRIDPACT_SPEC", metavar="FILE", help="Operator's terms (YAML); see docs/problem-spec.md."
    ),
]
Instruction = Annotated[
    str | None,
    typer.Option(
        "--instruction",
        metavar="TEXT",
        help="Operator's terms in plain words; with --spec the stricter of both counts. See gridpact strategy.",
    ),
]
PartialInstruction = Annotated[
    bool,
    typer.Option("--partial-instruction", help="Go on with the rest where a part of --instruction is not understood."),
]
Commitments = Annotated[
    list[Path] | None,
    typer.Option("--commitments", metavar="DIR", help="Run folder whose awards bind the homes; may be repeated."),
]
AllowLoss = Annotated[bool, typer.Option("--allow-loss", help="Bid even where it loses money, and show the loss.")]
Seed = Annotated[int, typer.Option("--seed", metavar="N", envvar="GRIDPACT_SEED", help="Seed of everything random.")]
Out = Annotated[Path | None, typer.Option("--out", envvar="GRIDPACT_OUT", metavar="DIR", help="Run folder to write.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output, and nothing else.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print only errors, and on standard output where the result lies.")
]
DropOut = Annotated[
    list[str] | None,
    typer.Option(
        "--drop-out",
        metavar="HOME[@before|@after]",
        help="A home that fails before gate closure (the coalition is formed again) or, by default, after the "
        "award (short delivery).",
        autocompletion=completion.drop_outs,
    ),
]
Profiles = Annotated[
    Path | None,
    typer.Option("--profiles", metavar="FILE", help="Your own load, solar and heat profiles; see docs/inputs.md."),
]
Tariffs = Annotated[
    Path | None, typer.Option("--tariffs", metavar="FILE", help="Your own retail tariffs; see docs/inputs.md.")
]
Store = Annotated[
    str,
    typer.Option(
        "--store",
        envvar="GRIDPACT_STORE",
        metavar="FILE|URL",
        help="Where runs are logged: a SQLite file, a postgresql:// address, or memory (no log is kept).",
    ),
]
Outside = Annotated[
    list[str] | None,
    typer.Option("--outside", metavar="HOME", help="A home that answers for itself by messages; several times."),
]
OutsideMarket = Annotated[
    bool, typer.Option("--outside-market", help="The market's award comes by message, not from the prices.")
]
Messages = Annotated[
    Path | None,
    typer.Option("--messages", metavar="FILE", help="Messages from outside and their times (JSON lines)."),
]
Preferences = Annotated[
    Path | None,
    typer.Option(
        "--preferences", metavar="FILE", help="Owners' wishes as 'gridpact preferences read' writes them (JSON lines)."
    ),
]
DEFAULT_STORE = "runs/store.sqlite"
Fresh = Annotated[
    bool,
    typer.Option("--fresh", help="Begin anew where the store has a log of the same day; that one is set aside."),
]
Llm = Annotated[
    str,
    typer.Option(
        "--llm",
        envvar="GRIDPACT_LLM",
        metavar="NAME",
        help="Language model: gemini:NAME, openai:NAME, anthropic:NAME, local:smollm2 or none; see docs/models.md.",
    ),
]
LlmLimit = Annotated[
    list[str] | None,
    typer.Option(
        "--llm-limit",
        envvar="GRIDPACT_LLM_LIMITS",
        metavar="NAME=VALUE",
        help="Limit of the language model (timeout_s, attempts, in_flight, requests, tokens, usd, seconds, ...); "
        "several times.",
    ),
]
ConsentOf = Annotated[
    str | None,
    typer.Option(
        "--consent",
        envvar="GRIDPACT_CONSENT",
        metavar="all|FILE",
        help="Homes whose owners agreed that a hosted language model reads of them: all, or a file with one a line.",
    ),
]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="Id of a run, its first letters, or an exported run (.zip).")]
