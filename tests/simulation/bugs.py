"""Bugs to plant in the real code, each as small as a slip of a pen; the simulation must find every one."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest import mock

import numpy as np

from gridpact.market.clearing import Clearing
from gridpact.messages.receipts import Reason
from gridpact.negotiation import agents, aggregator, desk
from gridpact.negotiation.desk import Desk
from gridpact.negotiation.referee import Referee, Refusal
from gridpact.operation import bidding, homes
from gridpact.optimization.formulation import BidRequest
from gridpact.results.events import EventLog
from gridpact.settlement import physics, settle
from gridpact.settlement.ledger import Kind, Ledger
from gridpact.store import journal
from gridpact.store.journal import Journal
from gridpact.store.memory import MemoryStore

Plant = Callable[[], AbstractContextManager[Any]]


def _replace(owner: Any, name: str, make: Callable[[Any], Any]) -> Plant:
    """Put something made of the original in its place."""
    return lambda: mock.patch.object(owner, name, make(getattr(owner, name)))


def _without(code: Refusal) -> Callable[[Any], Any]:
    def make(original: Any) -> Any:
        def review(self: Referee, *args: Any, **how: Any) -> Any:
            codes = original(self, *args, **how)
            return np.where(codes == code, Refusal.NONE, codes)

        return review

    return make


def _penalty_swapped(original: Any) -> Any:
    def post(self: Ledger, *, kind: Kind, **how: Any) -> None:
        if kind is Kind.SHORTFALL_PENALTY:
            how["payer"], how["receiver"] = how["receiver"], how["payer"]
        original(self, kind=kind, **how)

    return post


def _one_sided(original: Any) -> Any:
    def rows(self: Ledger) -> Any:
        return [row for number, row in enumerate(original(self)) if number != 1]

    return rows


def _rounded_down(original: Any) -> Any:
    def amounts(*, price: Any, energy_kwh: Any) -> list[int]:
        return [int(value) for value in np.floor(np.asarray(price) * np.asarray(energy_kwh) * 1000.0)]

    return amounts


def _paid_as_promised(original: Any) -> Any:
    def pay(award: Any, deliveries: Any, here: Any, *args: Any, **how: Any) -> Any:
        object.__setattr__(deliveries, "delivered_kwh", deliveries.committed_kwh.copy())
        return original(award, deliveries, here, *args, **how)

    return pay


def _efficiency_turned(original: Any) -> Any:
    return lambda efficiency: 1.0 / original(efficiency)


def _promises_forgotten(original: Any) -> Any:
    def commitments(self: homes.Homes) -> Any:
        return self.earlier

    return property(commitments)


def _falling_offers(original: Any) -> Any:
    def price(*args: Any, previous: float | None, **how: Any) -> float:
        found = original(*args, previous=previous, **how)
        return float(found if previous is None else min(found, previous - 1.0))

    return price


def _cleared_too_much(original: Any) -> Any:
    def clear(*args: Any, **how: Any) -> Clearing:
        found: Clearing = original(*args, **how)
        return Clearing(price=found.price, quantity_kw=found.quantity_kw + 0.5, segments_cleared=found.segments_cleared)

    return clear


def _cleared_too_little(original: Any) -> Any:
    def clear(segments: Any, price: float, *args: Any, **how: Any) -> Any:
        found = original(segments, min(segment.price for segment in segments), *args, **how)
        return Clearing(price=price, quantity_kw=found.quantity_kw, segments_cleared=found.segments_cleared)

    return clear


def _done_again(original: Any) -> Any:
    def effect(self: Journal, effect: Any, do: Any, **how: Any) -> Any:
        done = {row["payload"]["effect"] for row in self._recorded if row["kind"] == "effect_done"}
        if effect.key in done and not self.replaying:
            do()
        return original(self, effect, do, **how)

    return effect


def _books_lost(original: Any) -> Any:
    def append(self: MemoryStore, run_id: str, entries: Any, *, expected: int, books: Any = None) -> None:
        original(self, run_id, entries, expected=expected, books={} if expected > 5 else books)

    return append


def _unlocked(original: Any) -> Any:
    @contextmanager
    def writing(self: MemoryStore, run_id: str) -> Iterator[None]:
        yield

    return writing


def _unlinked(original: Any) -> Any:
    def append(self: EventLog, *args: Any, **how: Any) -> Any:
        if len(self) == 7:
            self._previous = "0" * 64
        return original(self, *args, **how)

    return append


def _chain_unchecked(original: Any) -> Any:
    import json

    def read(content: bytes, *, source: str = "") -> list[dict[str, Any]]:
        return [json.loads(line) for line in content.decode("utf-8", errors="replace").splitlines()]

    return read


def _state_of_the_clock(original: Any) -> Any:
    ticks = iter(range(10**9))

    def willingness(*args: Any) -> Any:
        return np.clip(original(*args) - 0.01 * (next(ticks) % 7), 0.0, 1.0)

    return willingness


def _floors_forgotten(original: Any) -> Any:
    return lambda homes: np.full(len(homes.home_ids), np.nan)


def _dropped_stay(original: Any) -> Any:
    return lambda self, dropped: self


def _dearest_first(original: Any) -> Any:
    def within(activated: Any, options: Any, **how: Any) -> Any:
        found = original(activated, options, **how)
        return found[::-1] if len(set(options.quantity_kw)) == 1 else np.roll(found, 1)

    return within


def _late_taken(original: Any) -> Any:
    def timely(self: Desk, *args: Any) -> Any:
        reason, words = original(self, *args)
        return (Reason.NONE, "") if reason is Reason.LATE else (reason, words)

    return timely


def _second_taken(original: Any) -> Any:
    def timely(self: Desk, request: Any, *args: Any) -> Any:
        reason, words = original(self, request, *args)
        return (Reason.NONE, "") if reason is Reason.SECOND_MESSAGE else (reason, words)

    return timely


def _any_nonce(original: Any) -> Any:
    return lambda one, other: True


BUGS: Mapping[str, Plant] = {
    "the referee lets a home ask less than its reservation": _replace(
        Referee, "review_asks", _without(Refusal.BELOW_RESERVATION)
    ),
    "the referee lets asks rise from round to round": _replace(Referee, "review_asks", _without(Refusal.RETREAT)),
    "an answer contradicts the standing ask": lambda: mock.patch.object(agents, "KW_SLACK", 1e9),
    "floor prices are forgotten": _replace(bidding, "floors_of", _floors_forgotten),
    "offers fall from round to round": _replace(aggregator, "offer_price", _falling_offers),
    "the same power is promised twice": _replace(homes.Homes, "commitments", _promises_forgotten),
    "a home that dropped out stays in the coalition": _replace(BidRequest, "without", _dropped_stay),
    "other options are activated than were chosen": _replace(bidding, "_within", _dearest_first),
    "the market takes more than was bid": _replace(bidding, "clear", _cleared_too_much),
    "the market takes less than was bid at its price": _replace(bidding, "clear", _cleared_too_little),
    "a penalty is paid to the operator": _replace(Ledger, "post", _penalty_swapped),
    "one leg of the ledger is missing": _replace(Ledger, "_rows", _one_sided),
    "owners are rounded down": _replace(settle, "microusd_for_owners", _rounded_down),
    "owners are paid what they promised, not what they gave": _replace(settle, "_pay", _paid_as_promised),
    "losses of batteries are gains": _replace(physics, "_usable", _efficiency_turned),
    "a done effect is done again": _replace(Journal, "effect", _done_again),
    "books are not written with their rows": _replace(MemoryStore, "append", _books_lost),
    "the lock of the writer is gone": _replace(MemoryStore, "writing", _unlocked),
    "a row does not name the one before": _replace(EventLog, "append", _unlinked),
    "the chain is not checked when a log is opened": _replace(journal, "read_events", _chain_unchecked),
    "a strategy depends on what ran before": _replace(bidding, "willingness_of", _state_of_the_clock),
    "late messages are taken": _replace(Desk, "_timely", _late_taken),
    "a second message to one request is taken": _replace(Desk, "_timely", _second_taken),
    "forged nonces are taken": _replace(desk, "same_nonce", _any_nonce),
}

FOUND_BY: Mapping[str, int] = {
    "the referee lets a home ask less than its reservation": 9,
    "the referee lets asks rise from round to round": 3,
    "an answer contradicts the standing ask": 48,
    "floor prices are forgotten": 3,
    "offers fall from round to round": 1,
    "the same power is promised twice": 1,
    "a home that dropped out stays in the coalition": 5,
    "other options are activated than were chosen": 1,
    "the market takes more than was bid": 1,
    "the market takes less than was bid at its price": 5,
    "a penalty is paid to the operator": 1,
    "one leg of the ledger is missing": 1,
    "owners are rounded down": 5,
    "owners are paid what they promised, not what they gave": 1,
    "losses of batteries are gains": 0,
    "a done effect is done again": 2,
    "books are not written with their rows": 0,
    "the lock of the writer is gone": 0,
    "a row does not name the one before": 0,
    "the chain is not checked when a log is opened": 7,
    "a strategy depends on what ran before": 11,
    "late messages are taken": 16,
    "a second message to one request is taken": 9,
    "forged nonces are taken": 16,
}
"""The first seed that finds each bug."""
