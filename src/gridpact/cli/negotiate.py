"""``gridpact negotiate`` and ``gridpact scenarios``: market days."""

from typing import Annotated

import typer

from gridpact.cli.options import (
    DEFAULT_STORE,
    AllowLoss,
    AsJson,
    Commitments,
    ConsentOf,
    DropOut,
    Fleet,
    Fresh,
    Hours,
    Instruction,
    Kw,
    Llm,
    LlmLimit,
    Location,
    Messages,
    MinimumKw,
    OpportunityFiles,
    Out,
    Outside,
    OutsideMarket,
    PartialInstruction,
    Preferences,
    Price,
    Prices,
    ProductName,
    Profiles,
    Quiet,
    Rounds,
    Rules,
    Seed,
    Spec,
    Start,
    Store,
    StrategyName,
    TacticName,
    Tariffs,
)
from gridpact.cli.output import problems_as_messages, say, show_day
from gridpact.cli.stores import opened


def negotiate(
    fleet: Fleet = None,
    opportunity: OpportunityFiles = None,
    product: ProductName = None,
    start: Start = None,
    hours: Hours = None,
    kw: Kw = None,
    minimum_kw: MinimumKw = None,
    price: Price = None,
    prices: Prices = None,
    location: Location = None,
    rules: Rules = "demo",
    strategy: StrategyName = "concession",
    tactic: TacticName = "steady",
    rounds: Rounds = 3,
    spec: Spec = None,
    instruction: Instruction = None,
    partial_instruction: PartialInstruction = False,
    commitments: Commitments = None,
    allow_loss: AllowLoss = False,
    seed: Seed = 0,
    drop_out: DropOut = None,
    profiles: Profiles = None,
    tariffs: Tariffs = None,
    outside: Outside = None,
    outside_market: OutsideMarket = False,
    messages: Messages = None,
    llm: Llm = "none",
    llm_limit: LlmLimit = None,
    consent: ConsentOf = None,
    preferences: Preferences = None,
    out: Out = None,
    store: Store = DEFAULT_STORE,
    fresh: Fresh = False,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run one market day from negotiation to settlement and write a run folder."""
    with problems_as_messages():
        from gridpact.cli.progress import StageProgress
        from gridpact.language.consent import read_consent
        from gridpact.language.limits import read_limits
        from gridpact.operation.inputs import DayRequest
        from gridpact.operation.system import IntegratedNegotiationSystem

        request = DayRequest(
            fleet=fleet,
            opportunity_files=tuple(opportunity or ()),
            product=product,
            start=start,
            hours=hours,
            kw=kw,
            minimum_kw=minimum_kw,
            price=price,
            prices=prices,
            location=location,
            rules=rules,
            strategy=strategy,
            tactic=tactic,
            rounds=rounds,
            spec=spec,
            instruction=instruction,
            partial_instruction=partial_instruction,
            commitments=tuple(commitments or ()),
            allow_loss=allow_loss,
            seed=seed,
            drop_outs=tuple(drop_out or ()),
            profiles=profiles,
            tariffs=tariffs,
            outside=tuple(outside or ()),
            outside_market=outside_market,
            messages=messages,
            llm=llm,
            limits=read_limits(llm_limit or ()),
            consent=read_consent(consent),
            preferences=preferences,
        )
        with opened(store) as runs, StageProgress(quiet=quiet, only_live=json) as progress:
            system = IntegratedNegotiationSystem(progress=progress, counter=progress.count, store=runs)
            folder = system.run(request, out=out, fresh=fresh)
        if partial_instruction:
            read = next(event["payload"] for event in folder.events() if event["kind"] == "inputs_read")
            for each in read.get("instruction", {}).get("not_understood", ()):
                say(f"gridpact: note: of --instruction this was not understood and does nothing: {each['text']!r}")
        if drop_out and not quiet:
            from gridpact.report.words import drop_out_sentences

            for sentence in drop_out_sentences(folder.events(), in_vain=True):
                say(f"gridpact: note: {sentence}")
        show_day(folder, json=json, quiet=quiet)


def scenarios(
    prices: Annotated[
        str, typer.Option("--prices", metavar="LIST", help="Market prices to try, comma-separated.")
    ] = "120,80,45",
    fleet: Fleet = None,
    product: ProductName = None,
    start: Start = None,
    hours: Hours = None,
    kw: Kw = None,
    minimum_kw: MinimumKw = None,
    rules: Rules = "demo",
    strategy: StrategyName = "concession",
    tactic: TacticName = "steady",
    rounds: Rounds = 3,
    spec: Spec = None,
    instruction: Instruction = None,
    partial_instruction: PartialInstruction = False,
    allow_loss: AllowLoss = False,
    seed: Seed = 0,
    profiles: Profiles = None,
    tariffs: Tariffs = None,
    llm: Llm = "none",
    llm_limit: LlmLimit = None,
    consent: ConsentOf = None,
    out: Out = None,
    store: Store = DEFAULT_STORE,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run the same day at several certain prices and compare whether it pays."""
    with problems_as_messages():
        from gridpact.cli.progress import StageProgress
        from gridpact.language.consent import read_consent
        from gridpact.language.limits import read_limits
        from gridpact.operation.inputs import DayRequest
        from gridpact.operation.scenarios import parse_prices
        from gridpact.operation.system import IntegratedNegotiationSystem

        request = DayRequest(
            fleet=fleet,
            product=product,
            start=start,
            hours=hours,
            kw=kw,
            minimum_kw=minimum_kw,
            rules=rules,
            strategy=strategy,
            tactic=tactic,
            rounds=rounds,
            spec=spec,
            instruction=instruction,
            partial_instruction=partial_instruction,
            allow_loss=allow_loss,
            seed=seed,
            profiles=profiles,
            tariffs=tariffs,
            llm=llm,
            limits=read_limits(llm_limit or ()),
            consent=read_consent(consent),
        )
        with opened(store) as runs, StageProgress(quiet=quiet, only_live=json) as progress:
            system = IntegratedNegotiationSystem(progress=progress, counter=progress.count, store=runs)
            analysis = system.run_scenarios(request, prices=parse_prices(prices), out=out)
        if json:
            typer.echo(analysis.to_json(), nl=False)
        elif quiet:
            typer.echo(str(analysis.path))
        else:
            from gridpact.report.terminal import Terminal

            Terminal().show_scenarios(analysis)
