"""Events of a day that belong to no single opportunity."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from gridpact.flexibility.model import FlexibilityModel
from gridpact.operation.bidding import Award
from gridpact.operation.chronicle import TALKS_BEFORE_GATE, Chronicle
from gridpact.operation.delivery import Delivered
from gridpact.operation.homes import Homes
from gridpact.operation.inputs import MarketDay, instruction_facts
from gridpact.optimization.dispatch import DispatchPlan
from gridpact.results.events import LOG_VERSION, EventKind


def begin(day: MarketDay, chronicle: Chronicle, *, kept: Mapping[str, str]) -> None:
    """The run, what it read, and the books that keep that."""
    opening = min(call.gate_closure for call in day.calls) - TALKS_BEFORE_GATE
    chronicle.note(
        EventKind.RUN_STARTED,
        at=opening,
        payload={"run": day.run_id, "seed": day.seed, "version": day.version, "log": LOG_VERSION},
    )
    chronicle.note(
        EventKind.INPUTS_READ,
        at=opening,
        payload={
            "sha256": dict(day.inputs_sha256),
            "kept": dict(kept),
            "homes": len(day.fleet),
            "horizon_start": day.horizon.start,
            "horizon_end": day.horizon.end,
            "wholesale": None if day.wholesale is None else day.wholesale.note,
            "spec": day.spec.facts(),
            **({} if day.instruction is None else {"instruction": instruction_facts(day.instruction)}),
            "strategy": day.strategy,
            "rounds": day.rounds,
            "allow_loss": day.allow_loss,
            "earlier_runs": [run.run_id for run in day.earlier.runs],
        },
    )


def note_baseline(homes: Homes, chronicle: Chronicle) -> None:
    """The frozen baseline, by digest."""
    chronicle.note(
        EventKind.BASELINE_FROZEN,
        at=_now(chronicle, homes),
        payload={
            "homes": len(homes.baselines),
            "intervals": homes.horizon.periods,
            "net_kw_sha256": hashlib.sha256(np.round(homes.baselines.net_kw, 6).astype("<f8").tobytes()).hexdigest(),
            "cost_usd": sum(homes.baselines.cost_usd.tolist()),
        },
    )


def note_dispatch(plan: DispatchPlan, homes: Homes, chronicle: Chronicle, *, model: FlexibilityModel) -> None:
    """The plan, promises that it could not carry, and how many home problems were solved and went to HiGHS."""
    tally = model.tally
    chronicle.note(
        EventKind.DISPATCHED,
        at=_now(chronicle, homes),
        payload={
            "homes_with_promises": len(homes.commitments.bound),
            "cost_usd": sum(plan.schedules.cost_usd.tolist()),
            "problems_solved": tally.solved,
            "problems_by_highs": tally.by_highs,
            "broken": [{"home_id": each.home_id, "reason": each.reason} for each in plan.broken],
        },
    )


def note_drop_outs(day: MarketDay, homes: Homes, awards: Sequence[Award], chronicle: Chronicle) -> None:
    """Homes that do not follow the plan, and those whose dropping out changes nothing.

    Members that drop out before gate closure are noted where their coalition is formed again.
    """
    replaced = {home for award in awards for home in award.dropped}
    bound = {homes.fleet.home_ids[number] for number in homes.commitments.bound.tolist()}
    for home, stage in day.drop_outs.items():
        if home in replaced and stage == "before":
            continue
        payload = {"home_id": home}
        if stage == "before":
            payload |= {"stage": "before gate closure", "no_effect": "it had agreed to nothing"}
        else:
            payload |= {"stage": "after the award", "follows": "its baseline's devices"}
            if home not in bound:
                payload["no_effect"] = "it had promised nothing"
        chronicle.note(EventKind.MEMBER_DROPPED, at=_now(chronicle, homes), payload=payload)


def note_settlement(delivered: Delivered, homes: Homes, chronicle: Chronicle) -> None:
    """Delivery and money."""
    settlement = delivered.settlement
    chronicle.note(
        EventKind.SETTLED,
        at=homes.horizon.end,
        payload={
            "committed_kwh": settlement.committed_kwh,
            "delivered_kwh": settlement.delivered_kwh,
            "rebound_kwh": delivered.rebound_kwh,
            "market_revenue_usd": settlement.market_revenue_usd,
            "owner_payments_usd": settlement.owner_payments_usd,
            "penalty_usd": settlement.penalty_usd,
            "departures_from_plan": len(delivered.realisation.departures),
            "owners_limits_broken": [
                {"home_id": breach.home_id, "phase": breach.phase, "limit": breach.limit} for breach in delivered.unkind
            ],
        },
    )


def _now(chronicle: Chronicle, homes: Homes) -> datetime:
    return homes.horizon.start if chronicle.now is None else chronicle.now
