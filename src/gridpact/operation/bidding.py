"""One opportunity from announcement to award: ask costs, negotiate, form the coalition, bid, clear."""

from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from gridpact import units
from gridpact.coalition.terms import WholeLots
from gridpact.flexibility.model import FlexibilityModel
from gridpact.flexibility.promises import CommitmentBatch
from gridpact.market.clearing import Clearing, clear
from gridpact.market.opportunity import MarketOpportunity
from gridpact.messages.books import CalledOptions, Floats, OptionBook
from gridpact.negotiation.aggregator import MarketWorth
from gridpact.negotiation.engine import CoreNegotiationEngine
from gridpact.negotiation.outcome import NegotiationEvent, NegotiationResult
from gridpact.operation.chronicle import TALKS_BEFORE_GATE, Chronicle
from gridpact.operation.homes import Homes, Quotes, quote
from gridpact.operation.inputs import MarketCall, MarketDay
from gridpact.operation.outside import LoggedPostbox, award_by_message, strategies_of, talk_times
from gridpact.operation.recorded import solve_formation, submit_bid
from gridpact.operation.speaking import Speakers
from gridpact.optimization.formulation import MARKET_MINIMUM, BidRequest, formation_problem
from gridpact.optimization.tool import BidDecision, OptimizationTool, decide
from gridpact.results.events import EventKind
from gridpact.results.result import Outcome

WILLINGNESS = {"conservative": 0.45, "moderate": 0.7, "aggressive": 0.875}
"""Middle of each persona's range of willingness to sell: .3 to .6, .6 to .8, .8 to .95."""
WILLINGNESS_UNKNOWN = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Award:
    """What became of one opportunity."""

    call: MarketCall
    quotes: Quotes
    talks: NegotiationResult
    decision: BidDecision
    outcome: Outcome
    reason: str | None
    clearing: Clearing | None
    """None where nothing was bid."""
    options: CalledOptions
    committed_kw: Floats
    """Power promised by each home of the fleet, zero for who is no member, shape (homes,) [kW]."""
    dropped: tuple[str, ...]
    """Homes that failed between the talks and gate closure."""

    @property
    def loss_avoided_usd(self) -> float | None:
        """For no_bid: what filling the request would have lost [USD]."""
        return (self.decision.loss_avoided_usd or 0.0) if self.outcome is Outcome.NO_BID else None


def bid_for(
    homes: Homes,
    call: MarketCall,
    *,
    day: MarketDay,
    model: FlexibilityModel,
    chronicle: Chronicle,
    postbox: LoggedPostbox,
    speakers: Speakers,
) -> Award:
    """Negotiate, bid and clear one opportunity; members are bound by what is awarded."""
    opportunity = call.opportunity
    opening = call.gate_closure - TALKS_BEFORE_GATE
    chronicle.note(
        EventKind.OPPORTUNITY_ANNOUNCED,
        at=opening,
        payload={
            "opportunity_id": opportunity.opportunity_id,
            "product": opportunity.product.value,
            "start": opportunity.start,
            "end": opportunity.end,
            "requested_kw": opportunity.requested_kw,
            "reference_price": opportunity.reference_price,
            "rules": call.rules.name,
            "rules_not_yet_in_force": list(call.rules.not_yet_in_force),
            "gate_closure": call.gate_closure,
            "prices": call.price.basis,
            "scenarios": [
                {"price": float(price), "probability": float(probability)}
                for price, probability in zip(
                    call.price.scenarios.prices, call.price.scenarios.probabilities, strict=True
                )
            ],
        },
    )
    with chronicle.stage("flexibility", about=opportunity.opportunity_id):
        quotes = quote(homes, call, spec=day.spec, model=model)
    with chronicle.stage("negotiation", about=opportunity.opportunity_id):
        talks = _talk(homes, call, quotes, day=day, chronicle=chronicle, postbox=postbox, speakers=speakers)
    with chronicle.stage("formation", about=opportunity.opportunity_id):
        decision, dropped = _decide(call, talks, day=day, chronicle=chronicle)
    chronicle.note(
        EventKind.COALITION_FORMED,
        at=call.gate_closure,
        payload={
            "opportunity_id": opportunity.opportunity_id,
            "method": decision.method,
            "status": decision.status,
            "expected_value_usd": decision.expected_value_usd,
            "loss_avoided_usd": decision.loss_avoided_usd,
            "shadow_prices": list(decision.shadow_prices),
            "diagnosis": None if decision.diagnosis is None else decision.diagnosis.text,
            "notes": list(decision.notes),
            "inner_approximations": int(quotes.curves.inner_approximation.sum()),
            "inner_approximation_loss_kw": sum(quotes.curves.loss_kw.tolist()),
            "inner_approximation_loss_usd": sum(quotes.curves.loss_usd.tolist()),
        },
    )
    award = _clear(call, quotes, talks, decision, dropped, day=day, chronicle=chronicle, postbox=postbox)
    postbox.desk.close(opportunity.opportunity_id)
    homes.awarded.append(CommitmentBatch.to_ask(quotes.asks, award.committed_kw))
    return award


def willingness_of(homes: Homes) -> Floats:
    """How eager each owner is to sell, by persona, shape (homes,)."""
    personas = homes.fleet.frame["persona"].tolist()
    return np.array([WILLINGNESS.get(persona, WILLINGNESS_UNKNOWN) for persona in personas])


def floors_of(homes: Homes) -> Floats:
    """Owners' floor prices, NaN for none, shape (homes,) [USD/MWh]."""
    floors = homes.fleet.frame["floor_usd_per_mwh"].to_numpy(dtype=np.float64)
    return np.where(floors > 0, floors, np.nan)


def _talk(
    homes: Homes,
    call: MarketCall,
    quotes: Quotes,
    *,
    day: MarketDay,
    chronicle: Chronicle,
    postbox: LoggedPostbox,
    speakers: Speakers,
) -> NegotiationResult:
    times = talk_times(call, rounds=day.rounds)

    def tell(event: NegotiationEvent) -> None:
        # Who answers within the run answers when the time is up; a phase with homes outside ends when all have spoken.
        answers = event.kind == EventKind.ANSWERS_COLLECTED
        number = max(int(event.payload["round"]), 1)
        moment = (
            postbox.ended(opportunity.opportunity_id) if day.outside else times.deadline(round=number, answers=answers)
        )
        chronicle.note(event.kind, at=moment, payload=dict(event.payload))

    opportunity, scenarios = call.opportunity, call.price.scenarios
    worth = MarketWorth(
        prices=scenarios.prices,
        probabilities=day.spec.weighed(scenarios.probabilities),
        requested_kw=opportunity.requested_kw,
        margin=day.spec.margin,
        min_spread=day.spec.min_spread,
        price_cap=min(call.rules.bid_price_cap(opportunity.product), day.spec.most_for_owners),
    )
    engine = CoreNegotiationEngine(
        strategies_of(day, speakers.homes), rounds=day.rounds, allow_loss=day.allow_loss, tactics=speakers.tactics
    )
    return engine.negotiate(
        opportunity,
        quotes.curves,
        floors_usd_per_mwh=floors_of(homes),
        willingness=willingness_of(homes),
        worth=worth,
        silent=day.silent,
        seed=day.seed,
        postbox=postbox,
        tell=tell,
    )


def _decide(
    call: MarketCall, talks: NegotiationResult, *, day: MarketDay, chronicle: Chronicle
) -> tuple[BidDecision, tuple[str, ...]]:
    """The bid, formed again without members that fail before gate closure."""
    request = BidRequest(
        opportunity=call.opportunity,
        rules=call.rules,
        options=talks.options,
        scenarios=call.price.scenarios,
        ask_price=last_asks(talks),
        allow_loss=day.allow_loss,
    )
    decision = _solve(request, day=day, attempt=1, chronicle=chronicle)
    holders = set(talks.options.members)
    dropped = tuple(home for home, stage in day.drop_outs.items() if stage == "before" and home in holders)
    if dropped:
        for home in dropped:
            chronicle.note(
                EventKind.MEMBER_DROPPED,
                at=call.gate_closure - timedelta(minutes=1),
                payload={
                    "opportunity_id": call.opportunity.opportunity_id,
                    "home_id": home,
                    "formed_again_without": list(dropped),
                },
            )
        decision = _solve(request.without(dropped), day=day, attempt=2, chronicle=chronicle)
    return decision, dropped


def _solve(request: BidRequest, *, day: MarketDay, attempt: int, chronicle: Chronicle) -> BidDecision:
    problem = formation_problem(day.spec, request)
    answer = solve_formation(OptimizationTool(), problem, request, attempt=attempt, chronicle=chronicle)
    return decide(problem, answer, request)


def last_asks(talks: NegotiationResult) -> Floats:
    """What each option's home last asked for it: the mean of its ask over the option's place in it, shape (n,)."""
    options, asks = talks.options, talks.standing_asks
    high = np.zeros(len(options))
    for place in range(1, int(options.segment.max(initial=0)) + 1):
        rows = np.flatnonzero(options.segment == place)
        high[rows] = options.quantity_kw[rows] + (high[rows - 1] if place > 1 else 0.0)
    low = np.where(options.segment > 1, np.roll(high, 1), 0.0)
    width, price = asks.width_kw[options.home_index], asks.price[options.home_index]
    ends = np.cumsum(width, axis=1)
    begins = np.concatenate([np.zeros((len(options), 1)), ends[:, :-1]], axis=1)
    part = np.maximum(0.0, np.minimum(high[:, None], ends) - np.maximum(low[:, None], begins))
    covered, spent = (np.cumsum(values, axis=1)[:, -1] for values in (part, part * price))
    dearest = np.max(price, axis=1, where=width > 0, initial=-np.inf)
    return np.asarray(np.divide(spent, covered, out=dearest, where=covered > 0))


def _clear(
    call: MarketCall,
    quotes: Quotes,
    talks: NegotiationResult,
    decision: BidDecision,
    dropped: tuple[str, ...],
    *,
    day: MarketDay,
    chronicle: Chronicle,
    postbox: LoggedPostbox,
) -> Award:
    opportunity, segments = call.opportunity, decision.curve.segments
    award = Award(
        call=call,
        quotes=quotes,
        talks=talks,
        decision=decision,
        outcome=Outcome.NO_DEAL,
        reason=None,
        clearing=None,
        options=CalledOptions.none_of(talks.options),
        committed_kw=np.zeros(len(talks.options.home_ids)),
        dropped=dropped,
    )
    if not segments:
        outcome, reason = _why_nothing(award)
        return replace(award, outcome=outcome, reason=reason)
    broken = call.rules.check_bid(opportunity, segments)
    chronicle.note(
        EventKind.BID_SUBMITTED,
        at=call.gate_closure,
        payload={
            "opportunity_id": opportunity.opportunity_id,
            "segments": [
                {"quantity_kw": segment.quantity_kw, "price": segment.price, "owners_usd": owners_usd}
                for segment, owners_usd in zip(segments, _option_costs(opportunity, decision), strict=True)
            ],
            "rules_broken": broken,
        },
    )
    if broken:
        return replace(award, outcome=Outcome.REFUSED, reason="; ".join(broken))
    if day.outside_market:
        heard = award_by_message(postbox, call, segments, run_id=day.run_id)
        if heard is None:
            reason = "the market sent no award before its deadline"
            return replace(award, outcome=Outcome.NOT_CLEARED, reason=reason)
        clearing = heard
    else:
        least_kw = call.rules.least_kw(opportunity)
        clearing = submit_bid(
            opportunity.opportunity_id,
            lambda: clear(segments, call.price.clearing_price, opportunity.requested_kw, minimum_kw=least_kw),
            chronicle=chronicle,
        )
    chronicle.note(
        EventKind.MARKET_CLEARED,
        at=call.gate_closure,
        payload={
            "opportunity_id": opportunity.opportunity_id,
            "price": clearing.price,
            "quantity_kw": clearing.quantity_kw,
        },
    )
    if clearing.quantity_kw <= 0:
        lowest = min(segment.price for segment in segments)
        reason = f"the market cleared at {clearing.price:.2f}, below the lowest bid of {lowest:.2f}"
        if clearing.price >= lowest:
            reason = f"the market awarded nothing, at a price of {clearing.price:.2f}"
        return replace(award, outcome=Outcome.NOT_CLEARED, reason=reason, clearing=clearing)
    activated_kw = _within(
        decision.curve.activated(clearing.price), decision.problem.options, quantity_kw=clearing.quantity_kw
    )
    options = _with_activation(talks.options, decision.problem.options, activated_kw)
    return replace(
        award,
        outcome=Outcome.AWARDED,
        clearing=clearing,
        options=options,
        committed_kw=options.committed_kw(),
    )


def _within(activated_kw: Floats, options: OptionBook, *, quantity_kw: float) -> Floats:
    """What is activated of each option where the market took less than was bid at its price: the dearest gives way.

    What would be left of a home below its least quantity goes too, so that less than ``quantity_kw`` may be left.
    """
    over = round(float(activated_kw.sum()) - quantity_kw, 3)
    if over <= 0:
        return activated_kw
    left = activated_kw.copy()
    for row in np.lexsort((-options.segment, -options.home_index, -options.price)):
        cut = min(float(left[row]), over)
        left[row], over = round(float(left[row]) - cut, 3), round(over - cut, 3)
        if over <= 0:
            break
    of_home = np.bincount(options.home_index, weights=left, minlength=len(options.home_ids))
    least = np.zeros(len(options.home_ids))
    if options.least_kw.size:
        least = np.broadcast_to(options.least_kw, (len(options.home_ids),))
    short = (of_home > 0) & (of_home < least - 1e-9)
    return np.where(short[options.home_index], 0.0, left)


def _option_costs(opportunity: MarketOpportunity, decision: BidDecision) -> list[float]:
    """What the options behind each segment cost at their agreed prices, if all of it is delivered [USD]."""
    per_h = decision.problem.options.price @ decision.curve.activation_kw
    return [
        units.window_value_usd(price=1.0, quantity_kw=float(worth), window_h=opportunity.window_h) for worth in per_h
    ]


def _with_activation(agreed: OptionBook, used: OptionBook, activated_kw: Floats) -> CalledOptions:
    """All options with what was activated of them; a part of an option is a row of its own."""
    most = int(agreed.segment.max(initial=0)) + 1
    called = np.zeros(len(agreed))
    place = np.searchsorted(agreed.home_index * most + agreed.segment, used.home_index * most + used.segment)
    called[place] = activated_kw
    part = np.round(np.minimum(called, agreed.quantity_kw), 3)
    rest = np.round(agreed.quantity_kw - part, 3)
    widths = np.stack([part, rest], axis=1)
    row, side = np.nonzero(widths > 0)
    home = agreed.home_index[row]
    return CalledOptions(
        opportunity_id=agreed.opportunity_id,
        home_ids=agreed.home_ids,
        home_index=home,
        segment=np.arange(len(home)) - np.searchsorted(home, home) + 1,
        quantity_kw=widths[row, side],
        price=agreed.price[row],
        activated=side == 0,
    )


def _why_nothing(award: Award) -> tuple[Outcome, str]:
    """The outcome without a bid, and its reason in words."""
    decision, talks = award.decision, award.talks
    if not len(talks.options):
        if award.quotes.deliverable_kw <= 0:
            return Outcome.NO_DEAL, "no home can deliver anything through the whole window"
        return Outcome.NO_DEAL, f"none of {talks.summary.invited} homes agreed to anything"
    if not len(decision.problem.options):
        return Outcome.NO_BID, "every home that had agreed dropped out before gate closure"
    diagnosis = decision.diagnosis
    if diagnosis is None:
        return Outcome.NO_BID, "no coalition is worth its cost"
    market = {MARKET_MINIMUM, WholeLots(lot_kw=1.0).name}
    by_market = any(change.term in market for change in diagnosis.any_of)
    if by_market or (diagnosis.all_of and all(change.term in market for change in diagnosis.all_of)):
        return Outcome.REFUSED, diagnosis.text
    return Outcome.NO_BID, diagnosis.text
