"""Figures by which a run is judged. Each is None where it has no subject, never a constant.

Figures over several opportunities are ratios of sums, so a large opportunity counts for more than a small one.
"""

from collections.abc import Iterable, Mapping, Sequence

from gridpact.results.result import (
    BidRecord,
    MetricsRecord,
    OpportunityRecord,
    SettlementRecord,
)

SMALLEST_SURPLUS_USD = 1e-6


def utilization(*, committed_kw: float, deliverable_kw: float) -> float | None:
    """Share of what the fleet could deliver that was committed: committed / fleet-deliverable power."""
    return committed_kw / deliverable_kw if deliverable_kw > 0 else None


def fill(*, committed_kw: float, requested_kw: float) -> float | None:
    """Share of the request that was committed: committed / requested power."""
    return committed_kw / requested_kw if requested_kw > 0 else None


def competitiveness(bids: Iterable[BidRecord], reference_prices: Mapping[str, float]) -> float | None:
    """How far the bid lies below the expected price: (reference - quantity-weighted bid price) / reference.

    Args:
        bids: what was bid; bids without segments do not count.
        reference_prices: by opportunity, in its price unit.
    """
    reference = asked = 0.0
    for bid in bids:
        for segment in bid.segments:
            reference += segment.quantity_kw * reference_prices[bid.opportunity_id]
            asked += segment.quantity_kw * segment.price
    return (reference - asked) / reference if reference > 0 else None


def profit_margin(*, operator_profit_usd: float, market_revenue_usd: float) -> float | None:
    """Share of revenue that stays with the operator: operator profit / market revenue."""
    return operator_profit_usd / market_revenue_usd if market_revenue_usd > 0 else None


def mean(values: Sequence[float]) -> float | None:
    """Arithmetic mean; None of nothing."""
    return sum(values) / len(values) if values else None


def surplus_share(*, realised_usd: float, full_information_usd: float) -> float | None:
    """Realised surplus over the surplus that an aggregator who knew every cost would have found.

    Surplus is market revenue less the homes' private costs of what they committed.
    """
    return realised_usd / full_information_usd if full_information_usd > SMALLEST_SURPLUS_USD else None


def summarise(
    *,
    opportunities: Sequence[OpportunityRecord],
    bids: Sequence[BidRecord],
    settlement: SettlementRecord,
    committed_kw: float,
    deliverable_kw: float,
    satisfaction_members: Sequence[float],
    satisfaction_left_out: Sequence[float],
    realised_surplus_usd: float,
    full_information_surplus_usd: float,
) -> MetricsRecord:
    """All metrics of a run.

    Args:
        opportunities: what was asked for.
        bids: what was bid.
        settlement: the money.
        committed_kw: sum over opportunities and homes [kW].
        deliverable_kw: most that the fleet could deliver, summed over opportunities and homes [kW].
        satisfaction_members: of every (opportunity, home) with a commitment, in [0, 1].
        satisfaction_left_out: of every willing home (with options) that was left out, with pay 0, in [0, 1].
        realised_surplus_usd: revenue less private costs of what was committed [USD].
        full_information_surplus_usd: the most it could have been at the clearing prices [USD].
    """
    return MetricsRecord(
        utilization=utilization(committed_kw=committed_kw, deliverable_kw=deliverable_kw),
        fill=fill(committed_kw=committed_kw, requested_kw=sum(record.requested_kw for record in opportunities)),
        competitiveness=competitiveness(bids, {record.id: record.reference_price for record in opportunities}),
        profit_margin=profit_margin(
            operator_profit_usd=settlement.operator_profit_usd, market_revenue_usd=settlement.market_revenue_usd
        ),
        satisfaction_mean=mean(satisfaction_members),
        satisfaction_min=min(satisfaction_members, default=None),
        satisfaction_mean_invited=mean([*satisfaction_members, *satisfaction_left_out]),
        surplus_share=surplus_share(
            realised_usd=realised_surplus_usd, full_information_usd=full_information_surplus_usd
        ),
    )
