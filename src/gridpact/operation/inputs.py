"""What a user asks for (flags, files, numbers) becomes a checked market day."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from gridpact.data.files import read_bytes, sha256_of
from gridpact.data.limits import MOST_DOCUMENT_BYTES, MOST_PRICE_BYTES
from gridpact.errors import InputError, MissingDataError, UnitRangeError
from gridpact.fleet.findings import Note, nearest
from gridpact.fleet.fleet import Fleet
from gridpact.horizon import Horizon, aware_utc, read_iso
from gridpact.language.consent import Consent
from gridpact.language.limits import Limits
from gridpact.language.opening import split_name
from gridpact.language.reading.apply import apply_records
from gridpact.language.reading.records import read_records
from gridpact.market.opportunities import read_opportunities
from gridpact.market.opportunity import MarketOpportunity, Product
from gridpact.market.rules import RuleProfile, load_rules
from gridpact.negotiation.script import Arrival, read_script, without_words
from gridpact.negotiation.strategies import load_strategy
from gridpact.negotiation.tactics import PLAIN_TACTIC, check_tactic
from gridpact.operation import prices as price_sources
from gridpact.operation.commitments import EarlierAwards, read_earlier_awards
from gridpact.operation.fleets import ResolvedFleet, resolve_fleet
from gridpact.operation.series import read_profiles, read_tariffs
from gridpact.optimization.instructions.reader import Reading, read_instruction
from gridpact.optimization.spec import ProblemSpec
from gridpact.optimization.stricter import stricter

DEMONSTRATION_START = "2022-07-13T19:00-05:00"
DEMONSTRATION_HOURS = 2.0
DEMONSTRATION_KW = 30.0
DROP_OUT_STAGES = ("before", "after")
MOST_ROUNDS = 50
MOST_SCRIPT_BYTES = 256 << 20
MOST_PREFERENCES_BYTES = 256 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRequest:
    """A market day as a user asks for it; everything has a default, and the defaults are the demonstration."""

    fleet: str | Fleet | None = None
    """File, number of homes, a `Fleet`, or None for the 6-home demonstration."""
    opportunity_files: tuple[Path, ...] = ()
    opportunities: tuple[MarketOpportunity, ...] = ()
    product: str | None = None
    start: str | datetime | None = None
    hours: float | None = None
    kw: float | None = None
    minimum_kw: float | None = None
    price: float | None = None
    prices: Path | None = None
    location: str | None = None
    rules: str = "demo"
    strategy: str = "concession"
    rounds: int = 3
    spec: Path | ProblemSpec | None = None
    instruction: str | Reading | None = None
    """The operator's words, or what was read of them before; with ``spec`` the stricter of both counts."""
    partial_instruction: bool = False
    """Whether to go on with the rest where a part of the words is not understood."""
    commitments: tuple[Path, ...] = ()
    allow_loss: bool = False
    seed: int = 0
    drop_outs: tuple[str, ...] = ()
    """Each "HOME", "HOME@before" or "HOME@after" (of gate closure)."""
    silent: Mapping[str, int] = field(default_factory=dict)
    """Homes whose agent stops answering, and the round from which it does."""
    profiles: Path | pd.DataFrame | None = None
    tariffs: Path | pd.DataFrame | None = None
    outside: tuple[str, ...] = ()
    """Homes that answer for themselves by messages."""
    outside_market: bool = False
    """Whether the award comes by message too."""
    messages: Path | None = None
    """Script of the messages and their times, see `read_script`."""
    preferences: Path | None = None
    """Owners' wishes read from their words, see `gridpact.language.reading.records`."""
    tactic: str = PLAIN_TACTIC
    """How the aggregator's offers climb: patient, steady, fast, or language (a model picks)."""
    rule_files: Mapping[str, Path] = field(default_factory=dict)
    """Where a user's own rule profiles lie now, by the path that opportunities know them by."""
    llm: str = "none"
    """The language model, as `open_talker` knows it."""
    limits: Limits = field(default_factory=Limits)
    """What may be asked of it at most."""
    consent: Consent = field(default_factory=Consent)
    """Whose homes a hosted model may read of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketCall:
    """One opportunity with its rules and what is known of its price."""

    opportunity: MarketOpportunity
    rules: RuleProfile
    gate_closure: datetime
    price: price_sources.PriceView


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketDay:
    """A checked market day, ready to run."""

    fleet: Fleet
    fleet_notes: tuple[Note, ...]
    """What was read of the fleet's file in another way than it is written."""
    horizon: Horizon
    calls: tuple[MarketCall, ...]
    """In order of gate closure."""
    wholesale: price_sources.WholesaleView | None
    strategy: str
    rounds: int
    spec: ProblemSpec
    """The terms in force."""
    instruction: Reading | None
    """What was read of the operator's words."""
    allow_loss: bool
    seed: int
    drop_outs: Mapping[str, str]
    silent: Mapping[str, int]
    profiles: pd.DataFrame | None
    tariffs: pd.DataFrame | None
    earlier: EarlierAwards
    outside: tuple[str, ...]
    outside_market: bool
    messages: tuple[Arrival, ...]
    tactic: str
    inputs_sha256: Mapping[str, str]
    run_id: str
    version: str
    llm: str = "none"
    limits: Limits = field(default_factory=Limits)
    consent: Consent = field(default_factory=Consent)


def prepare_day(request: DayRequest, *, release: str | None = None, digest_words: bool = False) -> MarketDay:
    """Read and check everything that ``request`` names.

    Args:
        request: what a user asks for.
        release: version of gridpact that the run is of; this one by default. A replay is of the one that ran.
        digest_words: let owners' notes in a script count for the run's id, as in the first logs. A digest without a
            key gives words away to who guesses them.

    Raises:
        InputError: a file, flag or number cannot be used; the message says which and why.
        MarketRuleError: an opportunity breaks its market's rules.
    """
    _check_numbers(request)
    resolved = resolve_fleet(request.fleet, seed=request.seed)
    resolved, wishes_digest = _with_wishes(request.preferences, resolved)
    spec, spec_bytes = _spec(request.spec)
    instruction = _instruction(request, resolved.fleet)
    if instruction is not None:
        spec = _both(spec, instruction)
    for home in spec.exclude_homes:
        _known_home(home, resolved.fleet, flag="exclude_homes")
    for home in spec.only_homes:
        _known_home(home, resolved.fleet, flag="only_homes")
    asked = _opportunities(request)
    source = price_sources.PriceSource.open(request.prices, location=request.location)
    calls = _calls(asked, request, source=source)
    steps = {call.opportunity.step_minutes for call in calls}
    if len(steps) > 1:
        raise InputError(f"opportunities of one run share one step; these have step_minutes {sorted(steps)}")
    horizon = Horizon.covering(
        [(call.opportunity.start, call.opportunity.end) for call in calls],
        timezone=calls[0].rules.timezone,
        step_minutes=steps.pop(),
    )
    for call in calls:
        opportunity = call.opportunity
        horizon.window(opportunity.start, opportunity.end, what=f"opportunity {opportunity.opportunity_id!r}")
    own_rules = {
        name: request.rule_files.get(name, name)
        for name in (request.rules, *(call.opportunity.rules for call in calls), *request.rule_files)
    }
    earlier = read_earlier_awards(request.commitments, fleet=resolved.fleet, horizon=horizon, rules=own_rules)
    profiles, profiles_digest = read_profiles(request.profiles)
    tariffs, tariffs_digest = read_tariffs(request.tariffs)
    if earlier.runs and (profiles is not None or tariffs is not None):
        raise InputError(
            "--profiles and --tariffs cannot change what earlier runs were frozen on; drop --commitments or them"
        )
    if earlier.runs:
        profiles, tariffs = earlier.profiles, earlier.tariffs
    wholesale = None
    known_tariffs = set() if tariffs is None else set(tariffs["tariff"])
    if "wholesale_indexed" in set(resolved.fleet.frame["tariff"]) - known_tariffs:
        wholesale = price_sources.wholesale_over(source, horizon)
    load_strategy(request.strategy)
    check_tactic(request.tactic)
    messages, script_digest = _messages(request, resolved.fleet, digest_words=digest_words)
    settings: dict[str, object] = {
        "strategy": request.strategy,
        "rounds": request.rounds,
        "allow_loss": request.allow_loss,
        "price": request.price,
        "location": request.location,
        "drop_outs": sorted(request.drop_outs),
        "silent": dict(sorted(request.silent.items())),
        "rules": {call.rules.name: _digest(repr(call.rules).encode()) for call in calls},
    }
    if request.tactic != PLAIN_TACTIC:
        settings["tactic"] = request.tactic
    if request.outside or request.outside_market:
        settings |= {"outside": sorted(request.outside), "outside_market": request.outside_market}
    llm = ":".join(filter(None, split_name(request.llm)))
    if llm != "none":
        for home in sorted(request.consent.homes):
            _known_home(home, resolved.fleet, flag="--consent")
        settings["language"] = _language_settings(llm, request)
    digests = {
        "fleet": resolved.sha256,
        "opportunities": _digest(_canonical([_facts(call.opportunity) for call in calls])),
        "prices": _digest(
            _canonical([[list(map(float, c.price.scenarios.prices)), float(c.price.clearing_price)] for c in calls])
        ),
        "settings": _digest(_canonical(settings)),
    }
    if request.prices is not None:
        digests["prices_file"] = sha256_of(request.prices, most_bytes=MOST_PRICE_BYTES)
    if spec_bytes is not None:
        digests["spec"] = _digest(spec_bytes)
    if instruction is not None:
        digests["instruction"] = _digest(_canonical(instruction_facts(instruction)))
    if profiles_digest is not None:
        digests["profiles"] = profiles_digest
    if tariffs_digest is not None:
        digests["tariffs"] = tariffs_digest
    if script_digest is not None:
        digests["messages"] = script_digest
    if wishes_digest is not None:
        digests["preferences"] = wishes_digest
    for number, run in enumerate(earlier.runs, start=1):
        digests[f"commitments_{number}"] = run.sha256
    release = release or version("gridpact")
    return MarketDay(
        fleet=resolved.fleet,
        fleet_notes=resolved.notes,
        horizon=horizon,
        calls=calls,
        wholesale=wholesale,
        strategy=request.strategy,
        rounds=request.rounds if spec.max_rounds is None else min(request.rounds, spec.max_rounds),
        spec=spec,
        instruction=instruction,
        allow_loss=request.allow_loss,
        seed=request.seed,
        drop_outs=_drop_outs(request.drop_outs, resolved.fleet),
        silent=_silent(request.silent, resolved.fleet),
        profiles=profiles,
        tariffs=tariffs,
        earlier=earlier,
        outside=tuple(sorted(request.outside)),
        outside_market=request.outside_market,
        messages=messages,
        tactic=request.tactic,
        inputs_sha256=digests,
        run_id=_digest(_canonical({"seed": request.seed, "version": release, "inputs": digests}))[:16],
        version=release,
        llm=llm,
        limits=request.limits,
        consent=request.consent,
    )


def _language_settings(llm: str, request: DayRequest) -> dict[str, object]:
    consent = request.consent
    return {
        "model": llm,
        "limits": request.limits.to_dict(),
        "consent": "all" if consent.everybody else sorted(consent.homes),
    }


def with_price(request: DayRequest, price: float) -> DayRequest:
    """The same request at one certain market price."""
    return replace(request, price=price, prices=None)


def _check_numbers(request: DayRequest) -> None:
    if not 1 <= request.rounds <= MOST_ROUNDS:
        raise InputError(f"--rounds is {request.rounds}; use 1 to {MOST_ROUNDS}")
    if request.seed < 0:
        raise InputError(f"--seed is {request.seed}; use a whole number from 0")
    for flag, value in (
        ("--hours", request.hours),
        ("--kw", request.kw),
        ("--minimum-kw", request.minimum_kw),
        ("--price", request.price),
    ):
        if value is not None and not math.isfinite(value):
            raise UnitRangeError(f"{flag} is {value}; it must be a finite number")


def _opportunities(request: DayRequest) -> list[MarketOpportunity]:
    flags = {
        "--product": request.product,
        "--start": request.start,
        "--hours": request.hours,
        "--kw": request.kw,
        "--minimum-kw": request.minimum_kw,
    }
    if request.opportunity_files or request.opportunities:
        given = [flag for flag, value in flags.items() if value is not None]
        if given:
            raise InputError(
                f"{', '.join(given)} cannot be combined with opportunities from a file; use one or the other"
            )
        asked = list(request.opportunities)
        for path in request.opportunity_files:
            asked.extend(read_opportunities(path, rules=request.rules))
        ids = [opportunity.opportunity_id for opportunity in asked]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise InputError(f"opportunity id {twice[0]!r} is used more than once in this run; give each its own id")
        if not asked:
            raise InputError("the opportunity files name no opportunity")
        if request.price is not None and len(asked) > 1:
            raise InputError(
                "--price sets one price, but there are several opportunities; put reference_price in the files"
            )
        return asked
    return [_opportunity_from_flags(request)]


def _opportunity_from_flags(request: DayRequest) -> MarketOpportunity:
    name = (request.product or "energy").strip().lower()
    if name not in set(Product):
        raise InputError(f"--product {request.product!r} is not known; use one of {', '.join(Product)}")
    product = Product(name)
    start = _moment(request.start if request.start is not None else DEMONSTRATION_START)
    window_h = DEMONSTRATION_HOURS if request.hours is None else request.hours
    if not 0 < window_h <= 24:
        raise UnitRangeError(f"--hours is {window_h}; a window is longer than 0 and at most 24 hours")
    asked_kw = DEMONSTRATION_KW if request.kw is None else request.kw
    least_kw = 0.0 if request.minimum_kw is None else request.minimum_kw
    if asked_kw <= 0:
        raise UnitRangeError(f"--kw is {asked_kw:g}; it must be above 0")
    if not 0 <= least_kw <= asked_kw:
        raise UnitRangeError(f"--minimum-kw is {least_kw:g}; it must be at least 0 and at most --kw, {asked_kw:g}")
    minutes = window_h * 60
    if abs(minutes - round(minutes)) > 1e-9:
        raise UnitRangeError(f"--hours is {window_h}; it must be a whole number of minutes")
    try:
        end = start + timedelta(minutes=round(minutes))
    except OverflowError:
        raise InputError(f"--start {start.isoformat()} is no usable date") from None
    return MarketOpportunity(
        opportunity_id=f"{product.value}-{start:%Y%m%dT%H%MZ}",
        product=product,
        start=start,
        end=end,
        requested_kw=asked_kw,
        minimum_kw=least_kw,
        reference_price=0.0 if request.price is None else request.price,
        rules=request.rules,
    )


def _moment(value: str | datetime) -> datetime:
    if isinstance(value, datetime):
        return aware_utc(value, what="--start")
    try:
        moment = read_iso(value)
    except ValueError:
        raise InputError(f"--start {value!r} is not an ISO time such as 2022-07-13T19:00-05:00") from None
    return aware_utc(moment, what="--start")


def _calls(
    asked: list[MarketOpportunity], request: DayRequest, *, source: price_sources.PriceSource
) -> tuple[MarketCall, ...]:
    calls = []
    from_file = bool(request.opportunity_files or request.opportunities)
    for opportunity in asked:
        rules = load_rules(request.rule_files.get(opportunity.rules, opportunity.rules), on=opportunity.start.date())
        gate = rules.gate_closure(opportunity)
        if request.price is not None:
            view = price_sources.certain_price(request.price)
        elif from_file and request.prices is None:
            view = price_sources.certain_price(opportunity.reference_price)
        else:
            view = price_sources.price_from_history(source, opportunity, gate_closure=gate, timezone=rules.timezone)
        if not from_file or request.price is not None:
            opportunity = replace(opportunity, reference_price=round(view.scenarios.mean, 6))
        rules.check_opportunity(opportunity)
        calls.append(MarketCall(opportunity=opportunity, rules=rules, gate_closure=gate, price=view))
    order = sorted(range(len(calls)), key=lambda k: (calls[k].gate_closure, k))
    return tuple(calls[k] for k in order)


def _spec(spec: Path | ProblemSpec | None) -> tuple[ProblemSpec, bytes | None]:
    if spec is None:
        return ProblemSpec(), None
    if isinstance(spec, ProblemSpec):
        return spec, json.dumps(spec.facts(), separators=(",", ":"), ensure_ascii=False).encode()
    if not spec.is_file():
        raise MissingDataError(f"--spec {spec} is not a file")
    return ProblemSpec.from_yaml(spec), read_bytes(spec, most_bytes=MOST_DOCUMENT_BYTES)


def instruction_facts(reading: Reading) -> dict[str, object]:
    """An instruction for logs: the words, the terms that were read, and what was not understood."""
    return {
        "text": reading.text,
        "terms": [asdict(term) for term in reading.terms],
        "not_understood": [asdict(each) for each in reading.not_understood],
    }


def _instruction(request: DayRequest, fleet: Fleet) -> Reading | None:
    given = request.instruction
    if given is None or isinstance(given, Reading):
        return given
    reading = read_instruction(given, homes=fleet.home_ids)
    if not request.partial_instruction:
        if reading.not_understood:
            listed = "; ".join(f"{each.text!r} ({each.why})" for each in reading.not_understood)
            raise InputError(
                f"--instruction: not understood: {listed}. Say it in other words, see `gridpact strategy`, or add "
                "--partial-instruction to go on with the rest"
            )
        if not reading.terms:
            raise InputError("--instruction states no term; see `gridpact strategy`")
    return reading


def _both(spec: ProblemSpec, reading: Reading) -> ProblemSpec:
    try:
        return stricter(spec, reading.spec())
    except InputError as problem:
        raise InputError(f"--instruction: {problem}") from None


def _with_wishes(path: Path | None, resolved: ResolvedFleet) -> tuple[ResolvedFleet, str | None]:
    """The fleet with its owners' wishes in it, and the digest of the file that holds them."""
    if path is None:
        return resolved, None
    content = read_bytes(path, most_bytes=MOST_PREFERENCES_BYTES)
    source = f"--preferences {path}"
    applied = apply_records(resolved.fleet, read_records(content, source=source), source=source)
    return replace(resolved, fleet=applied.fleet), _digest(content)


def _messages(request: DayRequest, fleet: Fleet, *, digest_words: bool) -> tuple[tuple[Arrival, ...], str | None]:
    """The script of messages and its digest."""
    for home in request.outside:
        _known_home(home, fleet, flag="--outside")
    if len(set(request.outside)) < len(request.outside):
        raise InputError("--outside names a home twice")
    if request.messages is None:
        if request.outside or request.outside_market:
            raise InputError("--outside and --outside-market need --messages FILE, the script of what is sent when")
        return (), None
    if not (request.outside or request.outside_market):
        raise InputError("--messages needs --outside HOME or --outside-market: who sends them")
    content = read_bytes(request.messages, most_bytes=MOST_SCRIPT_BYTES)
    source = str(request.messages)
    counted = content if digest_words else without_words(content, source=source)
    return read_script(content, source=source), _digest(counted)


def _drop_outs(entries: tuple[str, ...], fleet: Fleet) -> dict[str, str]:
    stages: dict[str, str] = {}
    for entry in entries:
        home, _, stage = entry.rpartition("@") if entry.rpartition("@")[2] in DROP_OUT_STAGES else (entry, "", "after")
        _known_home(home, fleet, flag="--drop-out")
        if stages.setdefault(home, stage) != stage:
            raise InputError(f"--drop-out has home {home!r} fail both before and after gate closure; give one")
    return stages


def _silent(silent: Mapping[str, int], fleet: Fleet) -> dict[str, int]:
    for home in silent:
        _known_home(home, fleet, flag="silent")
    return dict(silent)


def _known_home(home: str, fleet: Fleet, *, flag: str) -> None:
    if home not in set(fleet.home_ids):
        near = nearest(home, fleet.home_ids)
        hint = f"; did you mean {near!r}?" if near else ""
        raise InputError(f"{flag} names home {home!r}, which the fleet does not have{hint}")


def _facts(opportunity: MarketOpportunity) -> dict[str, object]:
    return {
        "id": opportunity.opportunity_id,
        "product": opportunity.product.value,
        "start": opportunity.start.isoformat(),
        "end": opportunity.end.isoformat(),
        "requested_kw": opportunity.requested_kw,
        "minimum_kw": opportunity.minimum_kw,
        "reference_price": opportunity.reference_price,
        "rules": opportunity.rules,
        "step_minutes": opportunity.step_minutes,
    }


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
