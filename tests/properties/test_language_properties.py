"""Whatever an adviser says, and however it misbehaves, homes' asks and answers stay within their bounds."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.negotiation.advice import AnswerAdvice, BidAdvice, Bonus, Move, Pace, Reply, TacticAdvice
from gridpact.negotiation.aggregator import MarketWorth, Tactic, offer_price
from gridpact.negotiation.concession import Concession
from gridpact.negotiation.engine import CoreNegotiationEngine
from gridpact.negotiation.language import Language
from gridpact.negotiation.strategy import AnswerContext, AskContext, best_response
from negotiation_cases import opportunity
from negotiation_promises import check_everything, negotiations

SAMPLES = 60
DEEP = 2000

NONSENSE = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(),
    st.text(max_size=12),
    st.binary(max_size=4),
    st.lists(st.integers(), max_size=2),
    st.just(object()),
)
MOVES = st.one_of(st.sampled_from(Move), st.sampled_from([m.value for m in Move]), NONSENSE)
REPLIES = st.one_of(st.sampled_from(Reply), st.sampled_from([r.value for r in Reply]), NONSENSE)
DEGREES = st.one_of(st.floats(0, 1), NONSENSE)
BIDS = st.one_of(NONSENSE, st.builds(BidAdvice, move=MOVES, concession=DEGREES, words=NONSENSE))
ANSWERS = st.one_of(NONSENSE, st.builds(AnswerAdvice, reply=REPLIES, share=DEGREES, words=NONSENSE))
PACES = st.one_of(st.sampled_from(Pace), NONSENSE)
BONUSES = st.one_of(st.sampled_from(Bonus), NONSENSE)
TACTICS = st.one_of(NONSENSE, st.builds(TacticAdvice, pace=PACES, bonus=BONUSES, words=NONSENSE))


@dataclass
class Wild:
    """Mostly sensible picks of every kind, by lot, and the nonsense it was made with; at times too few, or an error."""

    nonsense: list[Any]
    fault: str
    seed: int
    asked: int = 0

    def _some(self, count: int, sensible: Any) -> Any:
        self.asked += 1
        rng = np.random.default_rng([self.seed, self.asked])
        if self.fault == "raises" and self.asked % 3 == 0:
            raise RuntimeError("no")
        if self.fault == "not a list" and self.asked % 3 == 0:
            return 7
        extra = {"too few": -1, "too many": 1}.get(self.fault, 0) if self.asked % 3 == 0 else 0
        pool = self.nonsense
        return [
            sensible(rng) if rng.random() < 0.8 else pool[rng.integers(len(pool))] for _ in range(max(count + extra, 0))
        ]

    def advise_bids(self, positions: Any) -> Any:
        return self._some(
            len(positions), lambda rng: BidAdvice(move=rng.choice(list(Move)), concession=float(rng.random()))
        )

    def advise_answers(self, positions: Any) -> Any:
        return self._some(
            len(positions), lambda rng: AnswerAdvice(reply=rng.choice(list(Reply)), share=float(rng.random()))
        )

    def advise_tactic(self, position: Any) -> Any:
        found = self._some(1, lambda rng: TacticAdvice(pace=rng.choice(list(Pace)), bonus=rng.choice(list(Bonus))))
        return found[0] if found else None


WILD = st.builds(
    Wild,
    nonsense=st.lists(st.one_of(BIDS, ANSWERS, TACTICS), min_size=1, max_size=6),
    fault=st.sampled_from(["", "", "", "raises", "too few", "too many", "not a list"]),
    seed=st.integers(0, 1000),
)


class Watched(Language):
    """Checks each answer against its bounds before the referee sees it."""

    def asks(self, context: AskContext) -> Any:
        found = super().asks(context)
        live = context.width_kw > 0
        assert np.isfinite(found).all()
        assert (found >= context.reservation_price)[live].all()
        assert (np.diff(found, axis=1) >= 0).all()
        if context.previous_ask is not None:
            assert (found <= context.previous_ask)[live].all()
        np.testing.assert_allclose(found, np.round(found, 2), rtol=0, atol=1e-9)
        return found

    def answers(self, context: AnswerContext) -> Any:
        found = super().answers(context)
        assert (found <= best_response(context)).all()
        assert (found >= context.accepted_kw).all()
        return found


def check_within_bounds(case: dict[str, Any], wild: Wild) -> None:
    count = len(case["curves"])
    homes = Watched(wild)
    # A market that is worth something, and rounds to talk in: otherwise most draws end without a word.
    case = {
        **case,
        "strategies": {f"h{i}": homes for i in range(count)},
        "tactics": wild,
        "price": case["price"] + 150.0,
        "price_cap": float("inf"),
        "rounds": max(case["rounds"], 2),
        "silent": {},
    }
    result = check_everything(case)
    assert result.summary.replaced == 0, result.summary.replaced_reasons


@settings(max_examples=SAMPLES, deadline=None)
@given(negotiations(agents=(Concession,)), WILD)
def test_any_advice_is_safe(case: dict[str, Any], wild: Wild) -> None:
    check_within_bounds(case, wild)


@pytest.mark.deep
@settings(max_examples=DEEP, deadline=None)
@given(negotiations(agents=(Concession,)), WILD)
def test_any_advice_is_safe_deep(case: dict[str, Any], wild: Wild) -> None:
    check_within_bounds(case, wild)


@settings(max_examples=SAMPLES, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 5), st.floats(-50, 300)), min_size=1, max_size=8),
    st.floats(-50, 400),
    st.sampled_from([0.0, 0.1, 0.5]),
    st.sampled_from([90.0, float("inf")]),
    st.floats(0.1, 12),
    st.integers(1, 6),
    st.lists(st.builds(Tactic, pace=st.sampled_from(Pace), bonus=st.sampled_from(Bonus)), min_size=6, max_size=6),
)
def test_every_tactic_is_safe(
    segments: list[tuple[float, float]],
    market: float,
    margin: float,
    cap: float,
    requested: float,
    rounds: int,
    tactics: list[Tactic],
) -> None:
    width = np.array([[width] for width, _ in segments])
    asks = np.array([[price] for _, price in segments])
    worth = MarketWorth.certain(market, requested_kw=requested, margin=margin, price_cap=cap)
    previous, plain = None, None
    for number in range(1, rounds + 1):
        common = {"round": number, "rounds": rounds}
        offered = offer_price(width, asks, worth, previous=previous, tactic=tactics[number - 1], **common)
        plain = offer_price(width, asks, worth, previous=plain, **common)
        assert previous is None or offered >= previous
        assert offered <= worth.ceiling + 1e-6
        assert offered <= cap + 1e-6
        previous = offered
    assert previous is not None
    assert plain is not None
    if rounds > 1:
        assert previous >= plain  # the last round comes to the shadow price at least


@pytest.mark.parametrize("rounds", [1, 3])
def test_without_an_adviser_the_policy_is_followed_to_the_cent(rounds: int) -> None:
    from negotiation_cases import four_homes

    def talks(strategy: Any) -> Any:
        return CoreNegotiationEngine(strategy, rounds=rounds).negotiate(
            opportunity(),
            four_homes(),
            floors_usd_per_mwh=np.full(4, np.nan),
            willingness=[0.1, 0.5, 0.7, 0.9],
            worth=MarketWorth.certain(95.0, requested_kw=6.0),
        )

    language = Language()
    ours, policy = talks(language), talks("concession")
    assert ours.bids_frame().equals(policy.bids_frame())
    assert ours.offers_frame().drop(columns="reason").equals(policy.offers_frame().drop(columns="reason"))
    assert ours.options.price.tolist() == policy.options.price.tolist()
    assert sum(each.fallbacks for each in language.advised) > 0
