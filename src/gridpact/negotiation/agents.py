"""The homes' agents: strategies asked group by group, their words checked by the referee.

Whatever a strategy does (raise, return nonsense, lie), its homes end up with a valid ask or answer, and every
replacement by the deterministic policy is recorded with its reason. Homes that are represented from outside speak
through a postbox, or not at all; nothing is ever accepted in their name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gridpact.errors import InputError, NegotiationError
from gridpact.market.opportunity import MarketOpportunity
from gridpact.messages.books import Bools, Floats, Ints, OfferBook
from gridpact.negotiation.postbox import OUTSIDE, Postbox
from gridpact.negotiation.protocol import KW_SLACK
from gridpact.negotiation.referee import Agreed, AnswerRows, Codes, Referee, Refusal
from gridpact.negotiation.strategies import load_strategy
from gridpact.negotiation.strategy import AnswerContext, AskContext, Strategy, best_response
from gridpact.negotiation.supply import whole_watts

EVERY_OTHER_HOME = "*"
Strategies = str | Strategy | Mapping[str, str | Strategy]
"""One strategy for all, or one by home id, with ``*`` for every home that is not named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """Rows that the referee refused."""

    round: int
    what: str
    """``ask`` or ``answer``."""
    strategy: str
    reason: str
    homes: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Group:
    """The homes that one strategy speaks for."""

    name: str
    strategy: Strategy | Postbox
    """A postbox for homes that are represented from outside."""
    homes: Ints


def group_homes(
    strategies: Strategies, home_ids: tuple[str, ...], *, default: str, postbox: Postbox | None = None
) -> tuple[Group, ...]:
    """Homes by strategy, in order of first appearance; ``outside`` means the postbox.

    Raises:
        InputError: an unknown strategy, a strategy for a home that is not in this run, or no postbox to reach one.
    """
    if isinstance(strategies, str | Strategy):
        strategies = {EVERY_OTHER_HOME: strategies}
    known = set(home_ids)
    for home_id in strategies:
        if home_id != EVERY_OTHER_HOME and home_id not in known:
            raise InputError(f"a strategy is named for home {home_id!r}, which is not in this run")
    other = strategies.get(EVERY_OTHER_HOME, default)
    chosen = [strategies.get(home_id, other) for home_id in home_ids] if strategies.keys() - {EVERY_OTHER_HOME} else []
    loaded: dict[str, Strategy | Postbox] = {}
    for home_id, choice in zip(home_ids, chosen or [other] * bool(home_ids), strict=False):
        if isinstance(choice, str) and choice not in loaded:
            loaded[choice] = _postbox(postbox, home_id) if choice == OUTSIDE else load_strategy(choice)
        elif not isinstance(choice, str | Strategy):
            raise InputError(f"the strategy of home {home_id!r} is {choice!r}, not a name or a Strategy")

    def speaker(choice: str | Strategy) -> Strategy | Postbox:
        return loaded[choice] if isinstance(choice, str) else choice

    if not chosen:
        everyone = np.arange(len(home_ids))
        return (_group(speaker(other), everyone),) if home_ids else ()
    members: dict[int, tuple[Strategy | Postbox, list[int]]] = {}
    for index, choice in enumerate(chosen):
        members.setdefault(id(speaker(choice)), (speaker(choice), []))[1].append(index)
    return tuple(_group(strategy, np.array(homes, dtype=np.int64)) for strategy, homes in members.values())


def _group(strategy: Strategy | Postbox, homes: Ints) -> Group:
    name = (strategy.name or type(strategy).__name__) if isinstance(strategy, Strategy) else OUTSIDE
    return Group(name=name, strategy=strategy, homes=homes)


def _postbox(postbox: Postbox | None, home_id: str) -> Postbox:
    if postbox is None:
        raise InputError(f"home {home_id!r} is to be represented from outside, but this run has no postbox")
    return postbox


@dataclass(slots=True, kw_only=True)
class Agents:
    """Asks strategies for bids and answers, and keeps the record of what was replaced."""

    groups: Sequence[Group]
    opportunity: MarketOpportunity
    referee: Referee
    rounds: int
    willingness: Floats
    seed: int
    replacements: list[Replacement] = field(default_factory=list)
    limited: bool = False
    """Whether a bid from outside has put up less than the home can deliver."""

    def asks(
        self, round: int, homes: Ints, *, standing: Floats | None, offered: Sequence[Floats], accepted_kw: Floats
    ) -> tuple[Floats, Bools]:
        """Valid asks of ``homes``, shape (m, K), in whole cents, and who of them asks at all, shape (m,).

        Whoever is represented from outside and says nothing in round 1 does not ask; later, its earlier ask stands.

        Args:
            round: this round.
            homes: indices of the homes that bid, shape (m,).
            standing: everyone's standing asks, shape (n, K); none in round 1.
            offered: everyone's offered prices in earlier rounds, each of shape (n,).
            accepted_kw: everyone's accepted quantity, shape (n,) [kW].
        """
        supply = self.referee.supply
        policy = supply.reservation_price if standing is None else standing
        said, spoke = policy[homes].copy(), np.ones(len(homes), dtype=np.bool_)
        for number, group in enumerate(self.groups):
            place = np.flatnonzero(np.isin(homes, group.homes))
            rows = homes[place]
            if not rows.size:
                continue
            history = np.array([prices[rows] for prices in offered]).reshape(len(offered), len(rows))
            context = AskContext(
                opportunity_id=self.opportunity.opportunity_id,
                round=round,
                rounds=self.rounds,
                window_h=supply.window_h,
                reference_price=self.opportunity.reference_price,
                home_ids=_names(supply.home_ids, rows),
                width_kw=supply.width_kw[rows],
                reservation_price=supply.reservation_price[rows],
                previous_ask=None if standing is None else standing[rows],
                offered=history,
                accepted_kw=accepted_kw[rows],
                willingness=self.willingness[rows],
                rng=np.random.default_rng([self.seed, round, number, 0]),
            )
            if not isinstance(group.strategy, Strategy):
                asks, codes, heard = self._outside_asks(group.strategy, context, rows, standing)
                spoke[place] = heard | (standing is not None)
                self._record(round, "ask", group, codes, rows)
                passed = heard & (codes == Refusal.NONE)
                said[place[passed]] = asks[passed]
                continue
            raw = self._heard(group.strategy, "asks", context, supply.width_kw[rows].shape)
            if isinstance(raw, str):
                self._replace(round, "ask", group, raw, rows)
                continue
            asks = self.referee.tidy_asks(rows, raw)
            codes = self.referee.review_asks(rows, asks, None if standing is None else standing[rows])
            self._record(round, "ask", group, codes, rows)
            said[place[codes == Refusal.NONE]] = asks[codes == Refusal.NONE]
        return said, spoke

    def _outside_asks(
        self, postbox: Postbox, context: AskContext, rows: Ints, standing: Floats | None
    ) -> tuple[Floats, Codes, Bools]:
        """Tidy asks, what the referee says of them, and who spoke; in round 1 a bid also says how much is for sale."""
        said = postbox.collect_bids(context)
        heard = _as_shape(said.spoke, (len(rows),), np.bool_)
        raw = np.where(heard[:, None], _as_shape(said.asks, context.width_kw.shape), 0.0)
        quantity_kw = np.where(heard, _as_shape(said.quantity_kw, (len(rows),)), 0.0)
        able_kw = self.referee.supply.deliverable_kw[rows]
        usable = np.isfinite(quantity_kw) & (quantity_kw > 0) & (quantity_kw <= able_kw + KW_SLACK)
        if standing is None and (heard & usable & (quantity_kw < able_kw - KW_SLACK)).any():
            most_kw = self.referee.supply.deliverable_kw.copy()
            most_kw[rows] = np.where(heard & usable, np.minimum(quantity_kw, able_kw), able_kw)
            self.referee, self.limited = Referee(supply=self.referee.supply.limited(most_kw)), True
        elif standing is not None:
            usable &= np.abs(quantity_kw - able_kw) <= KW_SLACK
        asks = self.referee.tidy_asks(rows, raw)
        previous = None if standing is None else standing[rows]
        codes = self.referee.review_asks(rows, asks, previous)
        codes[~usable] = Refusal.OTHER_QUANTITY
        codes[~heard] = Refusal.NONE
        return asks, codes, heard

    def answers(self, homes: Ints, offers: OfferBook, *, standing: Floats, agreed: Agreed) -> tuple[Floats, Bools]:
        """Valid cumulative acceptances of ``homes``, shape (m,) [kW], whole watts, and who answers at all, shape (m,).

        Args:
            homes: indices of the homes that answer, all of them in ``offers``, shape (m,).
            offers: this round's offers.
            standing: everyone's standing asks, shape (n, K).
            agreed: what has been agreed before this round.
        """
        supply = self.referee.supply
        said, spoke = agreed.accepted_kw[homes].copy(), np.ones(len(homes), dtype=np.bool_)
        price, cap_kw = np.full(supply.homes, np.nan), np.zeros(supply.homes)
        price[offers.home_index], cap_kw[offers.home_index] = offers.price, offers.cap_kw
        for number, group in enumerate(self.groups):
            place = np.flatnonzero(np.isin(homes, group.homes))
            rows = homes[place]
            if not rows.size:
                continue

            def context(rows: Ints = rows, number: int = number) -> AnswerContext:
                """A fresh one each time: a strategy may have scribbled on the last."""
                return AnswerContext(
                    opportunity_id=self.opportunity.opportunity_id,
                    round=offers.round,
                    rounds=self.rounds,
                    window_h=supply.window_h,
                    home_ids=_names(supply.home_ids, rows),
                    width_kw=supply.width_kw[rows],
                    reservation_price=supply.reservation_price[rows],
                    ask=standing[rows],
                    price=price[rows],
                    cap_kw=cap_kw[rows],
                    accepted_kw=agreed.accepted_kw[rows],
                    least_kw=supply.least_kw[rows],
                    willingness=self.willingness[rows],
                    rng=np.random.default_rng([self.seed, offers.round, number, 1]),
                )

            def review(total_kw: Floats, rows: Ints = rows, at: Floats = price[rows]) -> Codes:
                spoken = AnswerRows(home=rows, round=np.full(len(rows), offers.round), price=at, total_kw=total_kw)
                return self.referee.review_answers(spoken, offers, agreed)

            if not isinstance(group.strategy, Strategy):
                answered = group.strategy.collect_answers(context())
                heard = _as_shape(answered.spoke, (len(rows),), np.bool_)
                total_kw = np.where(heard, _as_shape(answered.total_kw, (len(rows),)), said[place])
                codes = review(total_kw, at=np.where(heard, _as_shape(answered.price, (len(rows),)), price[rows]))
                above = (codes == Refusal.NONE) & (total_kw > best_response(context()) + KW_SLACK)
                codes[above] = Refusal.ABOVE_ASK
                codes[~heard] = Refusal.NONE
                self._record(offers.round, "answer", group, codes, rows)
                passed = heard & (codes == Refusal.NONE)
                # Nothing is accepted in the name of somebody who is asked for their own word.
                said[place[passed]] = total_kw[passed]
                spoke[place] = heard
                continue
            policy = best_response(context())
            fallback = np.where(review(policy) == Refusal.NONE, policy, agreed.accepted_kw[rows])
            raw = self._heard(group.strategy, "answers", context(), (len(rows),))
            if isinstance(raw, str):
                self._replace(offers.round, "answer", group, raw, rows)
                said[place] = fallback
                continue
            with np.errstate(all="ignore"):
                total_kw = whole_watts(raw)
            codes = review(total_kw)
            # Whoever wants to sell more at this price asks less first: an answer never contradicts the standing ask.
            codes[(codes == Refusal.NONE) & (total_kw > policy + KW_SLACK)] = Refusal.ABOVE_ASK
            self._record(offers.round, "answer", group, codes, rows)
            said[place] = np.where(codes == Refusal.NONE, total_kw, fallback)
        return said, spoke

    def _heard(
        self, strategy: Strategy, method: str, context: AskContext | AnswerContext, shape: tuple[int, ...]
    ) -> Floats | str:
        """What the strategy returned as an array of ``shape``, or why it cannot be used."""
        try:
            raw = np.array(getattr(strategy, method)(context), dtype=np.float64)
        except (Exception, SystemExit) as problem:  # a plug-in may raise anything; its homes must not suffer for it
            return f"{method} raised {type(problem).__name__}"
        if raw.shape != shape:
            return f"{method} returned shape {raw.shape} where {shape} is wanted"
        return raw

    def _record(self, round: int, what: str, group: Group, codes: Codes, rows: Ints) -> None:
        for code in np.unique(codes[codes != Refusal.NONE]):
            self._replace(round, what, group, Refusal(int(code)).text, rows[codes == code])

    def _replace(self, round: int, what: str, group: Group, reason: str, rows: Ints) -> None:
        self.replacements.append(
            Replacement(
                round=round, what=what, strategy=group.name, reason=reason, homes=tuple(int(row) for row in rows)
            )
        )


def _as_shape(values: Any, shape: tuple[int, ...], dtype: type = np.float64) -> Any:
    """What a postbox returned, as an array; raises NegotiationError where its shape is not that of the homes asked."""
    array: Any = np.array(values, dtype=dtype)
    if array.shape != shape:
        raise NegotiationError(f"the postbox returned shape {array.shape} where {shape} is wanted")
    return array


def _names(home_ids: tuple[str, ...], rows: Ints) -> tuple[str, ...]:
    return home_ids if len(rows) == len(home_ids) else tuple(map(home_ids.__getitem__, rows.tolist()))
