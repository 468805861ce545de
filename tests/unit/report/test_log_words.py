"""Every kind of row has a sentence, and every row a stage and an opportunity."""

from typing import Any

import pytest

from gridpact.report.log_words import _TELL, LogWords, opportunity_of, stages
from gridpact.results.events import EventKind

AROUND = {EventKind.MEMBER_DROPPED, EventKind.EFFECT_BEGUN, EventKind.EFFECT_DONE}


def row(kind: str, **payload: Any) -> dict[str, Any]:
    return {"kind": kind, "payload": payload}


def test_every_kind_of_row_has_a_sentence_of_its_own() -> None:
    assert set(_TELL) == {kind.value for kind in EventKind}


def test_a_row_of_a_kind_from_the_future_is_named() -> None:
    assert LogWords().sentence(row("moon_landed", feet=2)) == "Moon landed."
    rows = [row("run_started"), row("moon_landed"), row("settled")]
    assert stages(rows) == ["start", "settlement", "settlement"]


def test_an_effect_belongs_to_what_it_was_done_for() -> None:
    rows = [
        row("run_started"),
        row("effect_begun", effect="homes/1"),
        row("effect_done", effect="homes/1"),
        row("baseline_frozen"),
        row("opportunity_announced", opportunity_id="evening"),
        row("effect_begun", effect="homes/2"),
        row("effect_done", effect="homes/2"),
        row("bids_collected", opportunity_id="evening"),
        row("effect_begun", effect="formation/evening/1"),
        row("effect_done", effect="formation/evening/1"),
        row("member_dropped", opportunity_id="evening", home_id="h"),
        row("coalition_formed", opportunity_id="evening"),
        row("effect_begun", effect="homes/3"),
        row("effect_done", effect="homes/3"),
        row("dispatched"),
        row("member_dropped", home_id="h", stage="after the award"),
        row("effect_begun", effect="x"),
    ]
    assert stages(rows) == [
        *("start", "baseline", "baseline", "baseline", "call", "talks", "talks", "talks"),
        *("coalition", "coalition", "coalition", "coalition", "dispatch", "dispatch", "dispatch", "dispatch"),
        "dispatch",
    ]
    assert opportunity_of(rows) == ["", "", "", "", *["evening"] * 8, *[""] * 5]


@pytest.mark.parametrize(
    ("kind", "payload", "said"),
    [
        ("bids_collected", {"round": 2, "homes": 0, "asked_kw": 0.0, "lowest_ask": None}, "no home asked"),
        (
            "answers_collected",
            {"round": 1, "accept": 1, "counter": 0, "refuse": 0, "expired": 2, "accepted_kw": 1.5},
            "Round 1: 1 accepted, 2 did not answer; 1.5 kW were newly agreed.",
        ),
        (
            "replaced_by_policy",
            {"round": 1, "what": "ask", "strategy": "my:Own", "reason": "answers twice", "home_ids": list("abcdefgh")},
            "the asks of a, b, c, d, e, f and 2 more homes were replaced by the built-in policy, because the strategy "
            "my:Own was refused: answers twice.",
        ),
        (
            "member_dropped",
            {"home_id": "oak", "opportunity_id": "e", "formed_again_without": ["oak", "elm"]},
            "oak dropped out before gate closure; the coalition is formed again without oak, elm.",
        ),
        (
            "message_received",
            {"receipt": {"kind": "bid", "verdict": "applied", "home_id": "oak", "round": 2}, "note": "ab"},
            "Round 2: the bid of oak came and counts. A note came with it; its words are kept outside the log.",
        ),
        (
            "message_received",
            {"receipt": {"kind": "award", "verdict": "refused", "words": "the deadline has passed"}},
            "The market's award came and was refused: the deadline has passed.",
        ),
        ("message_received", {"receipt": {"kind": "", "verdict": "refused", "words": "x"}}, "cannot be told whose"),
        ("member_dropped", {"home_id": "oak", "stage": "after the award"}, "oak dropped out after the award"),
        (
            "coalition_formed",
            {"method": "fallback", "expected_value_usd": 2.5, "loss_avoided_usd": None, "diagnosis": None},
            "a simpler one formed the coalition; it is expected to be worth 2.50 USD to the operator.",
        ),
        (
            "coalition_formed",
            {"method": None, "expected_value_usd": None, "loss_avoided_usd": 1.25, "diagnosis": "prices are too low"},
            "No coalition is worth forming; not filling the request avoids a loss of 1.25 USD; prices are too low.",
        ),
        (
            "bid_submitted",
            {"segments": [{"quantity_kw": 1.5, "price": 20.0}], "rules_broken": ["below 100 kW"]},
            "Bid 1.5 kW in 1 step: 1.5 kW at 20.00 USD/MWh. The market's rules refuse it: below 100 kW.",
        ),
        ("market_cleared", {"price": 20.0, "quantity_kw": 0.0}, "cleared at 20.00 USD/MWh and took nothing."),
        (
            "dispatched",
            {
                "homes_with_promises": 1,
                "cost_usd": 1.0,
                "problems_solved": 3,
                "problems_by_highs": 1,
                "broken": [{"home_id": "oak", "reason": "too little sun"}],
            },
            "1 of them by the second solver. Not every promise can be kept: oak: too little sun.",
        ),
        (
            "settled",
            {
                "committed_kwh": 4.0,
                "delivered_kwh": 3.0,
                "market_revenue_usd": 1.0,
                "owner_payments_usd": 0.5,
                "penalty_usd": 0.25,
                "departures_from_plan": 2,
                "owners_limits_broken": [{"home_id": "oak", "phase": "realised", "limit": "backup"}],
            },
            "owners received 0.50 USD, and penalties took 0.25 USD. Limits of owners were broken 1 time: oak (backup). "
            "Homes departed from their plans 2 times.",
        ),
        ("effect_done", {"effect": "words/1", "book": "ab" * 32, "bytes": 2048}, "Done: words/1 (kept as book"),
    ],
)
def test_sentences(kind: str, payload: dict[str, Any], said: str) -> None:
    assert said in LogWords().sentence(row(kind, **payload))


def test_names_cannot_move_the_cursor_or_break_lines() -> None:
    text = LogWords().sentence(row("member_dropped", home_id="a\x1b[2J\nb" + "c" * 500, stage="x"))
    assert text.isprintable()
    assert len(text) < 250
