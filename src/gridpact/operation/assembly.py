"""A finished day as the files of its run folder."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from gridpact.negotiation.referee import reservations_frame
from gridpact.operation.bidding import Award
from gridpact.operation.chronicle import Chronicle
from gridpact.operation.delivery import Delivered
from gridpact.operation.homes import Homes
from gridpact.operation.inputs import MarketDay
from gridpact.operation.shares import Share, shares_of
from gridpact.operation.surplus import full_information_surplus, realised_surplus
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
    LanguageRecord,
    LimitRecord,
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
    homes: Homes
    awards: Sequence[Award]
    delivered: Delivered
    shares: Sequence[Share]
    """What came of each award for each home."""
    chronicle: Chronicle

    @property
    def ledger(self) -> Ledger:
        """The run's books."""
        return self.delivered.settlement.ledger

    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables of the run folder by name, see `gridpact.results.tables.FORMS`."""
        homes, awards, delivered = self.homes, self.awards, self.delivered
        return {
            "fleet": homes.fleet.frame,
            "profiles": homes.day.profiles_frame(),
            "tariffs": homes.day.tariffs_frame(),
            "bids": _joined([award.talks.bids_frame() for award in awards]),
            "offers": _joined([award.talks.offers_frame() for award in awards]),
            "options": _joined([award.options.to_frame() for award in awards]),
            "coalition": _joined([share.to_frame(award) for share, award in zip(self.shares, awards, strict=True)]),
            "dispatch": dispatch_frame(delivered.premises, delivered.traces, homes.horizon.interval_starts),
            RESERVATIONS: _joined(
                [reservations_frame(a.call.opportunity.opportunity_id, a.quotes.curves) for a in awards]
            ),
        }

    def seal(self, out: Path) -> RunFiles:
        """The run's files as bytes; the log says what they are, and that the run is finished.

        Raises:
            DivergenceError: the log says that they were others.
        """
        files = RunFiles.encode(out, result=self.result, tables=self.tables(), ledger=self.ledger)
        end = self.homes.horizon.end
        digests, writer = files.digests(), f"pyarrow {pa.__version__}"
        before = self.chronicle.log.next_recorded() or {}
        said = before.get("sha256")
        if isinstance(said, dict) and before.get("written_with", writer) != writer:
            # Another release of the Parquet library writes the same tables in other bytes.
            digests |= {file: digest for file, digest in said.items() if file.endswith(".parquet")}
            writer = before["written_with"]
        self.chronicle.note(EventKind.FILES_WRITTEN, at=end, payload={"sha256": digests, "written_with": writer})
        self.chronicle.note(EventKind.RUN_FINISHED, at=end, payload={"outcome": self.result.outcome.value})
        self.chronicle.log.flush()
        return files

    def write(self, out: Path) -> RunFolder:
        """Write the run folder whole, or not at all.

        Raises:
            InputError: ``out`` is a file, or holds something that is not a run.
            StoreError: it cannot be written.
        """
        files = self.seal(out)
        events = self.chronicle.log.to_jsonl()
        with self.chronicle.stage("report"):
            report = render_report(files, events=self.chronicle.log.rows())
        folder = files.write(events=events, performance=self.chronicle.performance(), report_html=report)
        self.chronicle.note(
            EventKind.PUBLISHED,
            at=self.homes.horizon.end,
            payload={"events_sha256": hashlib.sha256(events).hexdigest()},
        )
        self.chronicle.log.flush()
        return folder


def assemble(
    day: MarketDay,
    homes: Homes,
    awards: Sequence[Award],
    delivered: Delivered,
    chronicle: Chronicle,
    *,
    language: LanguageRecord,
) -> FinishedDay:
    """Result of a day, and what its tables and ledger are made of."""
    shares = shares_of(homes, awards, delivered)
    return FinishedDay(
        result=_result(day, awards, delivered, shares=shares, language=language),
        homes=homes,
        awards=awards,
        delivered=delivered,
        shares=shares,
        chronicle=chronicle,
    )


def _joined(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True)


def _result(
    day: MarketDay,
    awards: Sequence[Award],
    delivered: Delivered,
    *,
    shares: Sequence[Share],
    language: LanguageRecord,
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
    committed_kw = float(np.concatenate([award.committed_kw[award.committed_kw > 0] for award in awards]).sum())
    member = np.any([award.committed_kw > 0 for award in awards], axis=0)
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
        negotiation=_negotiation(awards, language),
        coalition=CoalitionRecord(
            members=tuple(delivered.premises.home_ids[home] for home in np.flatnonzero(member)),
            options_kw=float(np.concatenate([award.options.quantity_kw for award in awards]).sum()),
            committed_kw=committed_kw,
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
            committed_kw=committed_kw,
            deliverable_kw=sum(award.quotes.deliverable_kw for award in awards),
            satisfaction_members=[value for share in shares for value in share.satisfaction[share.member].tolist()],
            satisfaction_left_out=[value for share in shares for value in share.satisfaction[share.left_out].tolist()],
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
        limits=None if decision.limits is None else tuple(LimitRecord(**asdict(each)) for each in decision.limits),
    )


def _negotiation(awards: Sequence[Award], language: LanguageRecord) -> NegotiationRecord:
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
        language=language,
    )


def _checks(awards: Sequence[Award], delivered: Delivered) -> ChecksRecord:
    awarded = any(award.committed_kw.any() for award in awards)
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
