"""Drives one negotiation to its end: bids, counter-offers over rounds, options. No I/O, no clock."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gridpact import units
from gridpact.errors import InputError, UnitRangeError
from gridpact.flexibility.batch import CurveBatch
from gridpact.flexibility.home import CostCurve
from gridpact.market.opportunity import MarketOpportunity
from gridpact.messages.books import Answer, AnswerBook, BidBook, Bools, Floats, Ints, OfferBook
from gridpact.negotiation import aggregator, outcome, protocol, situations
from gridpact.negotiation.advice import MarketPosition, TacticAdvisor
from gridpact.negotiation.agents import Agents, Strategies, group_homes
from gridpact.negotiation.aggregator import MarketWorth
from gridpact.negotiation.language import Language
from gridpact.negotiation.outcome import NegotiationEvent, NegotiationResult, StandingAsks
from gridpact.negotiation.postbox import Postbox
from gridpact.negotiation.protocol import Phase, Standing, State
from gridpact.negotiation.referee import Agreed, Referee
from gridpact.negotiation.supply import Supply, floor_cents
from gridpact.negotiation.tactics import Chosen, choose_tactic

DEFAULT_STRATEGY = "concession"
DEFAULT_ROUNDS = 3

_TAKES_ALL = "takes all it can deliver"
_TAKES_PART = "takes the part that asks no more than the price"
_ASKS_MORE = "asks more than the price"
_WAITS = "waits, although the price covers what it asks"
_LEAVES_PART = "takes a part of what the price covers"
_SILENT = "no answer by the deadline"


class CoreNegotiationEngine:
    """Negotiates one opportunity with every home of a fleet."""

    def __init__(
        self,
        strategies: Strategies = DEFAULT_STRATEGY,
        *,
        rounds: int = DEFAULT_ROUNDS,
        allow_loss: bool = False,
        tactics: TacticAdvisor | None = None,
    ) -> None:
        """Set who speaks for the homes, and how long.

        Args:
            strategies: a name, ``module:Class`` or `Strategy` for every home, or a mapping by home id, in which
                ``*`` stands for every home that is not named. ``outside`` is who answers for itself by messages.
            rounds: most rounds, at least 1.
            allow_loss: let offers go above what the market is worth in order to fill the request.
            tactics: picks how each round's price is offered; by default offers climb steadily, without a bonus.

        Raises:
            InputError: no round at all.
        """
        if rounds < 1:
            raise InputError(f"a negotiation needs at least one round, not {rounds}")
        self.strategies = strategies
        self.rounds = rounds
        self.allow_loss = allow_loss
        self.tactics = tactics

    def negotiate(
        self,
        opportunity: MarketOpportunity,
        curves: CurveBatch | Sequence[CostCurve],
        *,
        floors_usd_per_mwh: ArrayLike,
        willingness: ArrayLike,
        worth: MarketWorth,
        silent: Mapping[str, int] | None = None,
        posted_price: float | None = None,
        seed: int = 0,
        postbox: Postbox | None = None,
        tell: Callable[[NegotiationEvent], None] = lambda event: None,
    ) -> NegotiationResult:
        """Negotiate until every home has accepted, refused or expired; at most ``rounds`` rounds.

        Args:
            opportunity: what the market asks for.
            curves: each home's cost curve, seen by that home and the referee only.
            floors_usd_per_mwh: owners' floor prices, shape (n,) [USD/MWh]; NaN for none. They bind energy only.
            willingness: 0 (would rather not) to 1 (eager), shape (n,) or one for all.
            worth: what the aggregator believes of the market.
            silent: round from which a home says nothing more, by home id (1: no bid at all).
            posted_price: one take-it-or-leave-it price instead of negotiating (one round).
            seed: for strategies that draw lots.
            postbox: reaches the homes whose strategy is ``outside``.
            tell: told of each event as it happens.

        Returns:
            The options agreed and the record of how. If the market is worth less than every ask, the last offer
            is a probe: the price that would fill the request, so that the loss avoided is known.

        Raises:
            InputError: curves, floors or willingness that do not fit together, an unknown strategy or home.
        """
        supply = Supply.from_curves(
            CurveBatch.of(curves),
            floors_usd_per_mwh=floors_usd_per_mwh,
            window_h=opportunity.window_h,
            reserve=opportunity.product.is_reserve,
        )
        if posted_price is not None and not np.isfinite(posted_price):
            raise UnitRangeError(f"posted_price is {posted_price}; it must be a finite number")
        rounds = self.rounds if posted_price is None else 1
        groups = group_homes(self.strategies, supply.home_ids, default=DEFAULT_STRATEGY, postbox=postbox)
        session = _Session(
            opportunity=opportunity,
            worth=worth,
            allow_loss=self.allow_loss,
            tell=tell,
            posted_price=posted_price,
            tactics=self.tactics,
            silent_from=_silent_from(silent or {}, supply.home_ids),
            agents=Agents(
                groups=groups,
                opportunity=opportunity,
                referee=Referee(supply=supply),
                rounds=rounds,
                willingness=_willingness(willingness, supply.homes),
                seed=seed,
            ),
            state=protocol.announce(supply.deliverable_kw, rounds=rounds),
            standing=supply.reservation_price.copy(),
            has_bid=np.zeros(supply.homes, dtype=np.bool_),
            silent_round=np.zeros(supply.homes, dtype=np.int64),
            pay_usd=np.zeros(supply.homes),
        )
        return session.run()


@dataclass(slots=True, kw_only=True)
class _Session:
    """One negotiation while it runs."""

    opportunity: MarketOpportunity
    worth: MarketWorth
    allow_loss: bool
    posted_price: float | None
    tactics: TacticAdvisor | None
    silent_from: Ints
    agents: Agents
    state: State
    standing: Floats
    """Standing asks, shape (n, K); the reservation until a home has bid."""
    has_bid: Bools
    silent_round: Ints
    pay_usd: Floats
    """Pay if every option were called, shape (n,) [USD]."""
    probe: bool = False
    offered: list[Floats] = field(default_factory=list)
    prices: list[float] = field(default_factory=list)
    bids: list[BidBook] = field(default_factory=list)
    offers: list[tuple[OfferBook, AnswerBook]] = field(default_factory=list)
    taken: list[tuple[Ints, Floats, Floats]] = field(default_factory=list)
    events: list[NegotiationEvent] = field(default_factory=list)
    advised: int = 0
    """Rounds of picks that are noted already."""
    tell: Callable[[NegotiationEvent], None]

    @property
    def supply(self) -> Supply:
        """What is for sale: all that homes can deliver, less where a bid from outside named less."""
        return self.agents.referee.supply

    def run(self) -> NegotiationResult:
        """Open, then do what the protocol wants until it is closed."""
        self._tell(protocol.Opened())
        while self.state.phase is not Phase.CLOSED:
            if self.state.phase is Phase.BIDDING:
                self._collect_bids()
            else:
                self._collect_answers(self._make_offers())
        return self._result()

    def _tell(self, event: protocol.Event) -> None:
        self.state, _ = protocol.step(self.state, event)

    def _collect_bids(self) -> None:
        number = self.state.round
        homes = self._speaking(self.state.talking)
        replaced = len(self.agents.replacements)
        asks, spoke = self.agents.asks(
            number,
            homes,
            standing=None if number == 1 else self.standing,
            offered=self.offered,
            accepted_kw=self.state.accepted_kw,
        )
        homes, asks = homes[spoke], asks[spoke]
        self.standing[homes] = asks
        self.has_bid[homes] = True
        book = outcome.bid_book(self.opportunity.opportunity_id, number, self.supply, homes, asks)
        self.bids.append(book)
        self._note(
            "bids_collected",
            homes=len(homes),
            asked_kw=round(float(book.quantity_kw.sum()), 3),
            lowest_ask=float(book.price.min()) if len(book) else None,
        )
        self._note_advice()
        self._note_replacements(replaced)
        if homes.size:
            able_kw = self.supply.deliverable_kw[homes] if self.agents.limited else None
            self._tell(protocol.BidsReceived(round=number, homes=homes, able_kw=able_kw))
        if self.state.phase is Phase.BIDDING:
            missing = np.flatnonzero(self.state.owing)
            self._tell(protocol.DeadlinePassed(round=number, phase=Phase.BIDDING))
            lost = missing[self.state.standing[missing] == Standing.EXPIRED]
            self.silent_round[lost] = number

    def _make_offers(self) -> OfferBook:
        homes = self.state.talking
        book = OfferBook(
            opportunity_id=self.opportunity.opportunity_id,
            round=self.state.round,
            home_ids=self.supply.home_ids,
            home_index=homes,
            price=self._home_prices(homes, self._price()),
            cap_kw=self.supply.deliverable_kw[homes],
        )
        self._note("offers_made", homes=len(homes), price=self.prices[-1], probe=self.probe)
        self._tell(protocol.OffersMade(round=book.round, homes=book.home_index, price=book.price, cap_kw=book.cap_kw))
        return book

    def _price(self) -> float:
        """This round's uniform price, remembered."""
        width, asks = self._live_widths(), self.standing
        number, last = self.state.round, self.state.round >= self.state.rounds
        if self.posted_price is not None:
            price = float(floor_cents(self.posted_price))
        else:
            price = aggregator.offer_price(
                width,
                asks,
                self.worth,
                round=number,
                rounds=self.state.rounds,
                previous=self.prices[-1] if self.prices else None,
                allow_loss=self.allow_loss,
                tactic=self._tactic().tactic,
            )
            nothing_agreed = not (self.state.accepted_kw > 0).any()
            if last and nothing_agreed and not self.allow_loss and aggregator.lowest_ask(width, asks) > price:
                probe = aggregator.probe_price(width, asks, self.worth)
                self.probe, price = probe > price, max(probe, price)
        self.prices.append(price)
        return price

    def _tactic(self) -> Chosen:
        """This round's tactic, noted where somebody is there to choose it."""
        chosen = choose_tactic(self.tactics, self._market_position)
        if self.tactics is not None:
            pick = chosen.tactic
            self._note("tactic_chosen", picked=chosen.picked, pace=pick.pace.value, bonus=pick.bonus.value)
        return chosen

    def _market_position(self) -> MarketPosition:
        width, asks, worth = self._live_widths(), self.standing, self.worth
        return situations.market_position(
            opportunity_id=self.opportunity.opportunity_id,
            round=self.state.round,
            rounds=self.state.rounds,
            asked_kw=float(width[asks <= worth.ceiling].sum()),
            requested_kw=worth.requested_kw,
            agreed_kw=float(self.state.accepted_kw.sum()),
            shadow=aggregator.filling_price(width, asks, worth.requested_kw),
            ceiling=worth.ceiling,
        )

    def _home_prices(self, homes: Ints, price: float) -> Floats:
        """What each of ``homes`` is offered at a uniform ``price``: a probe goes no higher than the home's own dearest
        ask within it, so that the loss avoided is the least that filling the request would have cost."""
        offered = np.full(len(homes), price)
        if self.probe:
            within = (self._live_widths()[homes] > 0) & (self.standing[homes] <= price)
            own = np.max(self.standing[homes], axis=1, where=within, initial=-np.inf)
            before = self.prices[-2] if len(self.prices) > 1 else -np.inf
            offered = np.maximum(np.where(np.isfinite(own), own, price), before)
        return offered

    def _live_widths(self) -> Floats:
        """Widths that could still be bought or are bought: all of who talks, what is agreed of the others."""
        width = self.supply.width_kw
        agreed = np.clip(self.state.accepted_kw[:, None] - (self.supply.level_kw - width), 0.0, width)
        talking = (self.state.standing == Standing.TALKING)[:, None]
        return np.where(talking, width, agreed)

    def _collect_answers(self, offers: OfferBook) -> None:
        before = self.state.accepted_kw
        homes = self._speaking(offers.home_index)
        replaced = len(self.agents.replacements)
        total_kw, spoke = self.agents.answers(
            homes, offers, standing=self.standing, agreed=Agreed(accepted_kw=before, pay_usd=self.pay_usd)
        )
        homes, total_kw = homes[spoke], total_kw[spoke]
        answers = self._answer_book(offers, homes, total_kw, before)
        heard = np.isin(offers.home_index, homes)
        new_kw = answers.accepted_kw[heard]
        self.taken.append((homes, answers.price[heard], new_kw))
        self.pay_usd[homes] += answers.price[heard] * new_kw * self.supply.window_h / units.KW_PER_MW
        self.offers.append((offers, answers))
        prices = np.full(self.supply.homes, np.nan)
        prices[offers.home_index] = offers.price
        self.offered.append(prices)
        counts = {str(kind): answers.answer.count(kind) for kind in Answer}
        self._note("answers_collected", **counts, accepted_kw=round(float(new_kw.sum()), 3))
        self._note_advice()
        self._note_replacements(replaced)
        number = self.state.round
        if homes.size:
            self._tell(
                protocol.AnswersReceived(round=number, homes=homes, price=answers.price[heard], accepted_kw=new_kw)
            )
        if self.state.phase is Phase.ANSWERING:
            self.silent_round[self.state.owing] = number
            self._tell(protocol.DeadlinePassed(round=number, phase=Phase.ANSWERING))

    def _answer_book(self, offers: OfferBook, homes: Ints, total_kw: Floats, before: Floats) -> AnswerBook:
        last = self.state.round >= self.state.rounds
        total = before.copy()
        total[homes] = total_kw
        rows = offers.home_index
        new_kw = np.round(total[rows] - before[rows], 3)
        full = total[rows] >= offers.cap_kw - protocol.KW_SLACK
        heard = np.isin(rows, homes)
        left = self._left_on_purpose(offers, total)
        answer, reason = [], []
        for spoke, all_taken, some, more in zip(
            heard.tolist(), full.tolist(), (new_kw > 0).tolist(), left.tolist(), strict=True
        ):
            if not spoke:
                answer.append(Answer.EXPIRED)
                reason.append(_SILENT)
            elif all_taken:
                answer.append(Answer.ACCEPT)
                reason.append(_TAKES_ALL)
            elif some:
                answer.append(Answer.ACCEPT if last else Answer.COUNTER)
                reason.append(_LEAVES_PART if more else _TAKES_PART)
            else:
                answer.append(Answer.REFUSE if last else Answer.COUNTER)
                reason.append(_WAITS if more else _ASKS_MORE)
        return AnswerBook(
            opportunity_id=offers.opportunity_id,
            round=offers.round,
            home_ids=offers.home_ids,
            home_index=rows,
            price=offers.price,
            accepted_kw=new_kw,
            answer=tuple(answer),
            reason=tuple(reason),
        )

    def _left_on_purpose(self, offers: OfferBook, total_kw: Floats) -> Bools:
        """Which homes of ``offers`` chose to take less than the price covers, shape (offers,)."""
        choosing = np.zeros(self.supply.homes, dtype=np.bool_)
        for group in self.agents.groups:
            choosing[group.homes] = isinstance(group.strategy, Language)
        rows = offers.home_index
        covered = np.where(self.standing[rows] <= offers.price[:, None], self.supply.width_kw[rows], 0.0).sum(axis=1)
        return np.asarray(choosing[rows] & (total_kw[rows] < np.minimum(covered, offers.cap_kw) - protocol.KW_SLACK))

    def _speaking(self, homes: Ints) -> Ints:
        return np.asarray(homes[self.silent_from[homes] > self.state.round])

    def _note(self, kind: str, **payload: Any) -> None:
        head = {"opportunity_id": self.opportunity.opportunity_id, "round": self.state.round}
        self.events.append(NegotiationEvent(kind=kind, payload=head | payload))
        self.tell(self.events[-1])

    def _note_advice(self) -> None:
        """What an adviser picked for homes in this round; the words to it are the homes' own and are left out."""
        said = [
            each
            for group in self.agents.groups
            if isinstance(group.strategy, Language)
            for each in group.strategy.advised
            if each.opportunity_id == self.opportunity.opportunity_id
        ]
        for each in said[self.advised :]:
            self._note(
                "homes_advised",
                what=each.what,
                fallbacks=each.fallbacks,
                picks=[
                    {"home_id": pick.home_id, "choice": pick.choice, "degree": pick.degree}
                    for pick in each.picks
                    if pick.choice is not None
                ],
            )
        self.advised = len(said)

    def _note_replacements(self, since: int) -> None:
        for each in self.agents.replacements[since:]:
            self._note(
                "replaced_by_policy",
                what=each.what,
                strategy=each.strategy,
                reason=each.reason,
                home_ids=[self.supply.home_ids[home] for home in each.homes],
            )

    def _result(self) -> NegotiationResult:
        options = outcome.collect_options(self.opportunity.opportunity_id, self.supply, self.taken)
        summary = outcome.summarise(
            self.state,
            options,
            groups=self.agents.groups,
            replacements=self.agents.replacements,
            has_bid=self.has_bid,
            offers=sum(len(offers) for offers, _ in self.offers),
            price_first=self.prices[0] if self.prices else None,
            probe=self.probe,
        )
        self._note(
            "negotiation_closed",
            options=len(options),
            options_kw=round(options.total_kw, 3),
            accepted=summary.accepted,
            refused=summary.refused,
            expired=summary.expired,
            unable=summary.unable,
        )
        return NegotiationResult(
            opportunity=self.opportunity,
            options=options,
            bids=tuple(self.bids),
            offers=tuple(self.offers),
            summary=summary,
            standing_asks=StandingAsks(width_kw=self.supply.width_kw, price=self.standing, has_bid=self.has_bid),
            state=self.state,
            silent_round=self.silent_round,
            events=tuple(self.events),
        )


def _silent_from(silent: Mapping[str, int], home_ids: tuple[str, ...]) -> Ints:
    """First silent round of each home; never, for those not named."""
    first = np.full(len(home_ids), np.iinfo(np.int64).max, dtype=np.int64)
    place = {home_id: index for index, home_id in enumerate(home_ids)}
    for home_id, number in silent.items():
        if home_id not in place:
            raise InputError(f"home {home_id!r} is named as silent, but is not in this run")
        first[place[home_id]] = number
    return first


def _willingness(values: ArrayLike, homes: int) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim > 1 or (array.ndim == 1 and len(array) != homes):
        raise InputError(f"willingness must be one number, or one for each of {homes} homes")
    if not ((array >= 0) & (array <= 1)).all():
        raise UnitRangeError("willingness must lie between 0 and 1")
    return np.array(np.broadcast_to(array, (homes,)))
