"""A finished day as the files of its run folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gridpact import units
from gridpact.coalition.satisfaction import (
    comfort_satisfaction,
    member_satisfaction,
    pay_satisfaction,
    volume_satisfaction,
)
from gridpact.negotiation.referee import reservations_frame
from gridpact.operation.bidding import Award
from gridpact.operation.chronicle import Chronicle
from gridpact.operation.delivery import Delivered
from gridpact.operation.homes import Homes
from gridpact.operation.inputs import MarketDay
from gridpact.operation.reasons import coalition_reasons
from gridpact.operation.surplus import cost_at, full_information_surplus, realised_surplus
from gridpact.report.html import render_report
from gridpact.results import metrics
from gridpact.results.dispatch import dispatch_frame
from gridpact.results.events import EventKind
from gridpact.results.result import (
    BidRecord,
    ChecksRecord,
    ClearingRecord,
    CoalitionRecord,
    CommitmentRecord,
    DeliveryRecord,
    NegotiationRecord,
    OpportunityRecord,
    OutcomeRecord,
    RunIdentity,
    RunResult,
    SegmentRecord,
    SettlementRecord,
)
from gridpact.results.run_folder import RunFiles, RunFolder
from gridpact.results.tables import RESERVATIONS
from gridpact.settlement.ledger import Ledger

SMALLEST_LOSS_USD = 1e-6
"""A loss below a micro-dollar is rounding."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FinishedDay:
    """Everything that a run leaves behind, before it is written."""

    result: RunResult
    tables: Mapping[str, pd.DataFrame]
    """By name, see `gridpact.results.tables.FORMS`."""
    ledger: Ledger
    chronicle: Chronicle
    ended_at: Any
    """Simulated end of the day, UTC."""

    def write(self, out: Path) -> RunFolder:
        """Write the run folder whole, or not at all.

        Raises:
            InputError: ``out`` is a file, or holds something that is not a run.
            StoreError: it cannot be written.
        """
        files = RunFiles.encode(out, result=self.result, tables=self.tables, ledger=self.ledger)
        self.chronicle.note(EventKind.FILES_WRITTEN, at=self.ended_at, payload={"sha256": files.digests()})
        self.chronicle.note(EventKind.RUN_FINISHED, at=self.ended_at, payload={"outcome": self.result.outcome.value})
        with self.chronicle.stage("report"):
            report = render_report(files, events=self.chronicle.log.rows())
        return files.write(events=self.chronicle.log, performance=self.chronicle.performance(), report_html=report)


def assemble(
    day: MarketDay, homes: Homes, awards: Sequence[Award], delivered: Delivered, chronicle: Chronicle
) -> FinishedDay:
    """Result, tables and ledger of a day."""
    coalition, left_out = _coalition(homes, awards, delivered)
    options = pd.concat([award.options for award in awards], ignore_index=True)
    tables = {
        "fleet": homes.fleet.frame,
        "profiles": homes.day.profiles_frame,
        "tariffs": homes.day.tariffs_frame,
        "bids": pd.concat([award.talks.bids_frame for award in awards], ignore_index=True),
        "offers": pd.concat([award.talks.offers_frame for award in awards], ignore_index=True),
        "options": options,
        "coalition": coalition,
        "dispatch": dispatch_frame(delivered.premises, delivered.traces, homes.horizon.interval_starts),
        RESERVATIONS: pd.concat(
            [reservations_frame(a.call.opportunity.opportunity_id, a.quotes.curves) for a in awards],
            ignore_index=True,
        ),
    }
    result = _result(day, awards, delivered, coalition=coalition, options=options, left_out=left_out)
    return FinishedDay(
        result=result,
        tables=tables,
        ledger=delivered.settlement.ledger,
        chronicle=chronicle,
        ended_at=homes.horizon.end,
    )


def _result(
    day: MarketDay,
    awards: Sequence[Award],
    delivered: Delivered,
    *,
    coalition: pd.DataFrame,
    options: pd.DataFrame,
    left_out: Sequence[float],
) -> RunResult:
    settlement = delivered.settlement
    opportunities = tuple(OpportunityRecord.of(award.call.opportunity) for award in awards)
    bids = tuple(_bid(award) for award in awards)
    money = SettlementRecord(
        payment_rule=settlement.payment_rule,
        market_revenue_usd=settlement.market_revenue_usd,
        owner_payments_usd=settlement.owner_payments_usd,
        penalty_usd=settlement.penalty_usd,
        operator_profit_usd=settlement.operator_profit_usd,
    )
    members = coalition[coalition["committed_kw"] > 0]
    return RunResult(
        run=RunIdentity(id=day.run_id, seed=day.seed, version=day.version, inputs_sha256=day.inputs_sha256),
        opportunities=opportunities,
        outcomes=tuple(
            OutcomeRecord(
                opportunity_id=award.call.opportunity.opportunity_id,
                outcome=award.outcome,
                reason=award.reason,
                price=None if award.clearing is None else award.clearing.price,
                loss_avoided_usd=award.loss_avoided_usd,
            )
            for award in awards
        ),
        negotiation=_negotiation(awards),
        coalition=CoalitionRecord(
            members=tuple(home for home in delivered.premises.home_ids if home in set(members["home_id"])),
            options_kw=float(options["quantity_kw"].sum()),
            committed_kw=float(members["committed_kw"].sum()),
        ),
        bid=bids,
        clearing=tuple(
            ClearingRecord(
                opportunity_id=award.call.opportunity.opportunity_id,
                price=award.clearing.price,
                quantity_kw=award.clearing.quantity_kw,
            )
            for award in awards
            if award.clearing is not None
        ),
        delivery=DeliveryRecord(
            committed_kwh=settlement.committed_kwh,
            delivered_kwh=settlement.delivered_kwh,
            shortfall_kwh=settlement.shortfall_kwh,
            rebound_kwh=delivered.rebound_kwh,
        ),
        settlement=money,
        metrics=metrics.summarise(
            opportunities=opportunities,
            bids=bids,
            settlement=money,
            committed_kw=float(members["committed_kw"].sum()),
            deliverable_kw=sum(award.quotes.deliverable_kw for award in awards),
            satisfaction_members=[float(value) for value in members["satisfaction"]],
            satisfaction_left_out=left_out,
            realised_surplus_usd=sum(realised_surplus(award) for award in awards),
            full_information_surplus_usd=sum(full_information_surplus(award) for award in awards),
        ),
        checks=_checks(awards, delivered),
        commitments=tuple(CommitmentRecord(**record) for record in day.earlier.records),
    )


def _bid(award: Award) -> BidRecord:
    decision = award.decision
    return BidRecord(
        opportunity_id=award.call.opportunity.opportunity_id,
        segments=tuple(SegmentRecord(quantity_kw=s.quantity_kw, price=s.price) for s in decision.curve.segments),
        method=decision.method,
        status=decision.status,
        gap=decision.gap,
        solver=decision.solver,
    )


def _negotiation(awards: Sequence[Award]) -> NegotiationRecord:
    talks = [award.talks.summary for award in awards]
    offered = [t for t in talks if t.price_first is not None]
    power = {id(award.talks.summary): award.talks.options.total_kw for award in awards}
    total = sum(power[id(t)] for t in talks)
    strategies: dict[str, int] = {}
    for talk in talks:
        for name, count in talk.strategies.items():
            strategies[name] = strategies.get(name, 0) + count
    return NegotiationRecord(
        rounds=max((t.rounds for t in talks), default=0),
        invited=sum(t.invited for t in talks),
        bids=sum(t.bids for t in talks),
        offers=sum(t.offers for t in talks),
        accepted=sum(t.accepted for t in talks),
        refused=sum(t.refused for t in talks),
        expired=sum(t.expired for t in talks),
        price_first=offered[0].price_first if offered else None,
        price_final=sum((t.price_final or 0.0) * power[id(t)] for t in talks) / total if total > 0 else None,
        strategies=strategies,
    )


def _checks(awards: Sequence[Award], delivered: Delivered) -> ChecksRecord:
    awarded = any(award.committed_kw for award in awards)
    bids = [award for award in awards if award.decision.curve.segments]
    broken = [a.call.rules.check_bid(a.call.opportunity, a.decision.curve.segments) for a in bids]
    gains = delivered.gains_usd.values()
    return ChecksRecord(
        individually_rational=min(gains) >= -SMALLEST_LOSS_USD if gains else None,
        budget_balanced=delivered.settlement.operator_profit_usd >= 0 if awarded else None,
        deliverable=not delivered.unkept if awarded else None,
        rules_ok=not any(broken) if bids else None,
        preferences_broken=len(delivered.unkind),
        double_sold=delivered.double_sold,
        ledger_sum_microusd=delivered.settlement.ledger.total(),
    )


def _coalition(homes: Homes, awards: Sequence[Award], delivered: Delivered) -> tuple[pd.DataFrame, list[float]]:
    """Rows of ``coalition.parquet``, and the satisfaction of willing homes that were left out."""
    settled = delivered.settlement.paid
    paid = {
        (opportunity, home): (float(energy_kwh), float(amount_usd))
        for opportunity, home, energy_kwh, amount_usd in zip(
            settled["opportunity_id"], settled["home_id"], settled["delivered_kwh"], settled["paid_usd"], strict=True
        )
    }
    comfort = _comfort(homes, delivered)
    unhappy = {breach.home_id for breach in delivered.unkind}
    rows, left_out = [], []
    for award in awards:
        opportunity = award.call.opportunity
        offered = award.options.groupby("home_id")["quantity_kw"].sum().to_dict()
        reasons = coalition_reasons(award)
        for number, (home, curve) in enumerate(zip(homes.home_ids, award.quotes.curves, strict=True)):
            committed = award.committed_kw.get(home, 0.0)
            satisfied = float("nan")
            delivered_kwh = paid_usd = 0.0
            if committed > 0:
                delivered_kwh, paid_usd = paid[opportunity.opportunity_id, home]
                pay = pay_satisfaction(
                    paid_usd=paid_usd,
                    cost_usd=cost_at(curve, committed),
                    value_usd=units.window_value_usd(
                        price=opportunity.reference_price, quantity_kw=committed, window_h=opportunity.window_h
                    ),
                )
                volume = volume_satisfaction(activated_kw=committed, offered_kw=offered[home])
                satisfied = _satisfied(pay, volume, comfort[number], broken=home in unhappy)
            elif offered.get(home, 0.0) > 0:
                satisfied = _satisfied(0.0, 0.0, comfort[number], broken=home in unhappy)
                left_out.append(satisfied)
            rows.append(
                (opportunity.opportunity_id, home, committed, delivered_kwh, paid_usd, satisfied, reasons[home])
            )
    columns = ["opportunity_id", "home_id", "committed_kw", "delivered_kwh", "paid_usd", "satisfaction", "reason"]
    return pd.DataFrame(rows, columns=columns), left_out


def _satisfied(pay: Any, volume: Any, comfort: float, *, broken: bool) -> float:
    return float(member_satisfaction(pay=pay, volume=volume, comfort=comfort, preference_broken=broken))


def _comfort(homes: Homes, delivered: Delivered) -> Any:
    lowest, without = (delivered.traces[phase].battery_soc_kwh.min(axis=1) for phase in ("planned", "baseline"))
    owned = delivered.premises.has_battery
    return comfort_satisfaction(
        lowest_kwh=np.where(owned, lowest, np.nan),
        baseline_lowest_kwh=np.where(owned, without, np.nan),
        floor_kwh=np.where(owned, delivered.premises.battery_backup_kwh, np.nan),
    )
