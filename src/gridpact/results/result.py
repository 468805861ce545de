"""``result.json`` as types: what a run asked, agreed, delivered and earned, in the order of the contract."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from gridpact.market.opportunity import MarketOpportunity
from gridpact.results.plain import iso, plain, pretty

SCHEMA = "gridpact.result/1"


class Outcome(StrEnum):
    """What became of an opportunity, in the order in which they name a whole run."""

    AWARDED = "awarded"
    NOT_CLEARED = "not_cleared"
    REFUSED = "refused"
    NO_BID = "no_bid"
    NO_DEAL = "no_deal"


def run_outcome(outcomes: Sequence[Outcome]) -> Outcome:
    """The outcome of a run: awarded if any opportunity is, else the first in rank that occurs."""
    return next((outcome for outcome in Outcome if outcome in outcomes), Outcome.NO_DEAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunIdentity:
    """Which run this is; no wall-clock time."""

    id: str
    """Digest of the inputs."""
    seed: int
    version: str
    inputs_sha256: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunityRecord:
    """What the market asked for."""

    id: str
    product: str
    direction: str
    start: datetime
    end: datetime
    step_minutes: int
    requested_kw: float
    minimum_kw: float
    reference_price: float
    price_unit: str
    rules: str

    @classmethod
    def of(cls, opportunity: MarketOpportunity) -> "OpportunityRecord":
        """The record of an opportunity."""
        return cls(
            id=opportunity.opportunity_id,
            product=opportunity.product.value,
            direction=opportunity.direction,
            start=opportunity.start,
            end=opportunity.end,
            step_minutes=opportunity.step_minutes,
            requested_kw=float(opportunity.requested_kw),
            minimum_kw=float(opportunity.minimum_kw),
            reference_price=float(opportunity.reference_price),
            price_unit=opportunity.price_unit,
            rules=opportunity.rules,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRecord:
    """What became of one opportunity, with the number that decided it."""

    opportunity_id: str
    outcome: Outcome
    reason: str | None = None
    """Needed unless awarded."""
    price: float | None = None
    """The market's price, where one is known."""
    loss_avoided_usd: float | None = None
    """For no_bid: what bidding would have cost [USD]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitmentRecord:
    """A promise of an earlier run that binds a home in this one."""

    run: str
    opportunity_id: str
    home_id: str
    product: str
    start: datetime | str
    end: datetime | str
    quantity_kw: float
    sustain_h: float
    rules: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageRecord:
    """Use of a language model."""

    model: str | None = None
    """Its name, such as ``gemini:gemini-2.5-flash``; the key is left out where there is none."""
    calls: int = 0
    """Questions asked."""
    fallbacks: int = 0
    """Those without a valid reply, where the deterministic policy was followed."""
    tokens: int = 0
    """In and out."""
    cost_usd: float | None = 0.0
    """What the provider charges [USD]; None where its price is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NegotiationRecord:
    """How the talks went, over all opportunities."""

    rounds: int
    invited: int
    bids: int
    offers: int
    accepted: int
    refused: int
    expired: int
    price_first: float | None
    """Quantity-weighted, as ``price_final``."""
    price_final: float | None
    strategies: Mapping[str, Any]
    language: LanguageRecord = field(default_factory=LanguageRecord)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoalitionRecord:
    """Who is in."""

    members: tuple[str, ...]
    """Homes with a commitment, each once."""
    options_kw: float
    committed_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRecord:
    """One step of a bid."""

    quantity_kw: float
    """Width [kW]."""
    price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRecord:
    """A limit that kept a bid from being worth more, measured by solving again; see docs/formats.md."""

    limit: str
    value: float | None
    """In ``unit``."""
    unit: str
    step: float | None
    """By how much it was loosened, in ``unit``."""
    worth_usd: float | None
    """Expected gain of that step [USD]."""
    cost_usd: float
    """Expected gain of having no such limit [USD]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BidRecord:
    """What was bid for one opportunity; without segments, nothing was."""

    opportunity_id: str
    segments: tuple[SegmentRecord, ...] = ()
    method: str | None = None
    """optimal or fallback."""
    status: str | None = None
    gap: float | None = None
    solver: str | None = None
    limits: tuple[LimitRecord, ...] | None = None
    """Those that bind, dearest first; None where nothing was measured, and the key is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearingRecord:
    """What the market took of one bid."""

    opportunity_id: str
    price: float | None
    quantity_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    """Energy promised and given, over all opportunities [kWh]."""

    committed_kwh: float = 0.0
    delivered_kwh: float = 0.0
    shortfall_kwh: float = 0.0
    rebound_kwh: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementRecord:
    """Money, over all opportunities [USD]."""

    payment_rule: str = "as_agreed"
    market_revenue_usd: float = 0.0
    owner_payments_usd: float = 0.0
    penalty_usd: float = 0.0
    operator_profit_usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsRecord:
    """How good the run was; see `gridpact.results.metrics`. None where there is no subject."""

    utilization: float | None = None
    fill: float | None = None
    competitiveness: float | None = None
    profit_margin: float | None = None
    satisfaction_mean: float | None = None
    satisfaction_min: float | None = None
    satisfaction_mean_invited: float | None = None
    surplus_share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecksRecord:
    """What the run found when it checked itself. None where there is no subject."""

    individually_rational: bool | None = None
    budget_balanced: bool | None = None
    deliverable: bool | None = None
    rules_ok: bool | None = None
    preferences_broken: int = 0
    double_sold: int = 0
    ledger_sum_microusd: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """Everything in ``result.json``."""

    run: RunIdentity
    opportunities: tuple[OpportunityRecord, ...]
    outcomes: tuple[OutcomeRecord, ...]
    """One for each opportunity, in the same order."""
    negotiation: NegotiationRecord
    coalition: CoalitionRecord
    bid: tuple[BidRecord, ...]
    clearing: tuple[ClearingRecord, ...]
    delivery: DeliveryRecord
    settlement: SettlementRecord
    metrics: MetricsRecord
    checks: ChecksRecord
    commitments: tuple[CommitmentRecord, ...] = ()
    """Promises of earlier runs; the key is left out where there are none."""

    @property
    def outcome(self) -> Outcome:
        """Outcome of the whole run."""
        return run_outcome([record.outcome for record in self.outcomes])

    def to_dict(self) -> dict[str, Any]:
        """Content of ``result.json``: plain values, keys in the contract's order."""
        content: dict[str, Any] = {
            "schema": SCHEMA,
            "run": plain(self.run),
            "opportunities": plain(self.opportunities),
            "outcome": self.outcome.value,
            "outcomes": plain(self.outcomes),
        }
        content["run"]["inputs_sha256"] = dict(sorted(content["run"]["inputs_sha256"].items()))
        if self.commitments:
            content["commitments"] = [
                {**plain(record), "start": _moment(record.start), "end": _moment(record.end)}
                for record in self.commitments
            ]
        for name in ("negotiation", "coalition", "bid", "clearing", "delivery", "settlement", "metrics", "checks"):
            content[name] = plain(getattr(self, name))
        for bid in content["bid"]:
            if bid["limits"] is None:
                del bid["limits"]
        if self.negotiation.language.model is None:
            del content["negotiation"]["language"]["model"]
        return content

    def to_json(self) -> str:
        """Text of ``result.json``: the same for the same result, to the byte."""
        return pretty(self.to_dict())


def _moment(value: datetime | str) -> str:
    return iso(datetime.fromisoformat(value) if isinstance(value, str) else value)
