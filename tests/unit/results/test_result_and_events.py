"""result.json, metrics and the event log are exact, stable and honest about what has no subject."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from pathlib import Path

import numpy as np
import pytest

from gridpact.errors import CorruptLogError, NaiveDatetimeError, StoreError
from gridpact.results import metrics
from gridpact.results.events import EventKind, EventLog, read_events, verify_chain
from gridpact.results.plain import plain, pretty
from gridpact.results.result import (
    BidRecord,
    CommitmentRecord,
    Outcome,
    OutcomeRecord,
    SegmentRecord,
    SettlementRecord,
    run_outcome,
)
from settled_run import END, START, run_result

KEYS = "schema run opportunities outcome outcomes negotiation coalition bid clearing delivery settlement metrics checks"


def test_keys_are_the_contracts_in_its_order():
    content = run_result().to_dict()
    assert " ".join(content) == KEYS
    assert " ".join(content["opportunities"][0]) == (
        "id product direction start end step_minutes requested_kw minimum_kw reference_price price_unit rules"
    )
    assert " ".join(content["metrics"]) == (
        "utilization fill competitiveness profit_margin satisfaction_mean satisfaction_min "
        "satisfaction_mean_invited surplus_share"
    )
    assert " ".join(content["checks"]) == (
        "individually_rational budget_balanced deliverable rules_ok preferences_broken double_sold ledger_sum_microusd"
    )
    assert " ".join(content["negotiation"]["language"]) == "calls fallbacks tokens cost_usd"


def test_same_result_same_bytes():
    first, second = run_result().to_json(), run_result().to_json()
    assert first == second
    assert first.endswith("}\n")
    assert list(json.loads(first)["run"]["inputs_sha256"]) == ["alpha", "fleet"]
    assert json.loads(first)["metrics"]["fill"] == 0.066666667


def test_earlier_promises_are_an_extra_key():
    record = CommitmentRecord(
        run="abc",
        opportunity_id="a",
        home_id="h1",
        product="energy",
        start="2022-07-13T19:00:00-05:00",
        end=END,
        quantity_kw=1.0,
        sustain_h=0.0,
        rules="demo",
    )
    content = replace(run_result(), commitments=(record,)).to_dict()
    assert content["commitments"][0]["start"] == START.isoformat()


@pytest.mark.parametrize(
    ("outcomes", "wanted"),
    [
        (["no_deal", "awarded"], "awarded"),
        (["no_deal", "no_bid", "refused"], "refused"),
        (["no_bid", "no_deal"], "no_bid"),
        (["not_cleared", "refused"], "not_cleared"),
        ([], "no_deal"),
    ],
)
def test_outcome_of_a_run(outcomes, wanted):
    assert run_outcome([Outcome(outcome) for outcome in outcomes]) == wanted
    records = tuple(OutcomeRecord(opportunity_id="x", outcome=Outcome(outcome)) for outcome in outcomes)
    assert replace(run_result(), outcomes=records).to_dict()["outcome"] == wanted


def test_plain_values():
    class Colour(Enum):
        RED = "red"

    given = {
        "a": np.float64(0.1) + np.float64(0.2),
        "b": np.int64(3),
        "c": np.bool_(True),
        "d": float("nan"),
        "e": -0.0,
        "f": {3, 1},
        "g": (np.array([1.5]),),
        "h": datetime(2022, 7, 13, 19, tzinfo=timezone(timedelta(hours=-5))),
        Colour.RED: Colour.RED,
    }
    assert pretty(plain(given)) == pretty(
        {
            "a": 0.3,
            "b": 3,
            "c": True,
            "d": None,
            "e": 0.0,
            "f": [1, 3],
            "g": [[1.5]],
            "h": "2022-07-14T00:00:00+00:00",
            "red": "red",
        }
    )
    assert "-0.0" not in pretty(-1e-12)
    with pytest.raises(StoreError, match="has no form in JSON"):
        plain(object())
    with pytest.raises(NaiveDatetimeError):
        plain(datetime(2022, 7, 13))  # noqa: DTZ001


def test_metrics_by_hand():
    bid = BidRecord(
        opportunity_id="evening",
        segments=(SegmentRecord(quantity_kw=1.0, price=60.0), SegmentRecord(quantity_kw=3.0, price=80.0)),
    )
    record = metrics.summarise(
        opportunities=run_result().opportunities,
        bids=[bid],
        settlement=SettlementRecord(market_revenue_usd=2.0, operator_profit_usd=0.5),
        committed_kw=4.0,
        deliverable_kw=16.0,
        satisfaction_members=[0.9, 0.5],
        satisfaction_left_out=[0.1],
        realised_surplus_usd=0.9,
        full_information_surplus_usd=1.2,
    )
    assert record.utilization == 0.25
    assert record.fill == pytest.approx(4 / 30)
    assert record.competitiveness == pytest.approx((120 - 75) / 120)
    assert record.profit_margin == 0.25
    assert (record.satisfaction_mean, record.satisfaction_min) == (pytest.approx(0.7), 0.5)
    assert record.satisfaction_mean_invited == pytest.approx(0.5)
    assert record.surplus_share == pytest.approx(0.75)


def test_metrics_without_a_subject_are_none():
    record = metrics.summarise(
        opportunities=run_result().opportunities,
        bids=[BidRecord(opportunity_id="evening")],
        settlement=SettlementRecord(),
        committed_kw=0.0,
        deliverable_kw=0.0,
        satisfaction_members=[],
        satisfaction_left_out=[],
        realised_surplus_usd=0.0,
        full_information_surplus_usd=0.0,
    )
    assert record.fill == 0.0
    others = plain(record)
    assert {others[name] for name in others if name != "fill"} == {None}


def log():
    events = EventLog()
    events.append(EventKind.RUN_STARTED, at=START, payload={"seed": 1, "owner": "Zoë"})
    events.append("baseline_frozen", at=START, payload={"homes": 2, "cost_usd": 1 / 3})
    events.append("run_finished", at=END, payload={})
    return events


def test_chain_holds_and_reads_back(tmp_path):
    events = log()
    path = tmp_path / "events.jsonl"
    path.write_bytes(events.to_jsonl())
    rows = verify_chain(path)
    assert rows == events.rows()
    assert rows[0]["previous_hash"] is None
    assert [row["seq"] for row in rows] == [0, 1, 2] == list(range(len(events)))
    assert rows[1]["previous_hash"] == rows[0]["hash"]
    assert list(rows[0]) == sorted(rows[0])
    assert events.to_jsonl() == log().to_jsonl()


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace(b'"homes":2', b'"homes":3'),
        lambda text: text.replace(b'"seed":1', b'"seed":1.0000000000001'),
        lambda text: text.replace(b'"seed":1', b'"seed": 1'),
        lambda text: text.replace("Zoë".encode(), b"Zo\\u00eb"),
        lambda text: b"".join(text.splitlines(keepends=True)[1:]),
        lambda text: b"".join(text.splitlines(keepends=True)[::2]),
        lambda text: b"".join(reversed(text.splitlines(keepends=True))),
        lambda text: text[:-20],
        lambda text: text.replace(b"{", b"[", 1),
        lambda text: b"[]\n",
        lambda text: b'{"seq":0}\n',
        lambda text: b"\xff\n",
    ],
)
def test_any_damage_is_found(damage):
    with pytest.raises(CorruptLogError, match="line"):
        read_events(damage(log().to_jsonl()))


def test_log_refuses_what_cannot_be():
    events = log()
    with pytest.raises(StoreError, match="before the row above"):
        events.append("settled", at=START, payload={})
    with pytest.raises(StoreError, match="not a kind of event"):
        events.append("lunch", at=END, payload={})
    with pytest.raises(NaiveDatetimeError):
        events.append("settled", at=END.replace(tzinfo=None), payload={})
    assert len(events) == 3
    with pytest.raises(StoreError, match="cannot be read"):
        verify_chain(Path("nowhere/events.jsonl"))


def test_times_are_utc():
    events = EventLog()
    events.append("run_started", at=START.astimezone(timezone(timedelta(hours=-5))), payload={})
    assert events.rows()[0]["at"] == datetime(2022, 7, 14, tzinfo=UTC).isoformat()
