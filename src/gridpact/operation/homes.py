"""The homes of a running day: their problems, frozen baselines and what they have promised so far."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

import numpy as np

from gridpact.fleet.day import FleetDay
from gridpact.fleet.fleet import Fleet
from gridpact.flexibility.home import Ask, Commitment, CostCurve, HomeProblem, Schedule
from gridpact.flexibility.model import FlexibilityModel
from gridpact.flexibility.problems import home_problems, replay_cost
from gridpact.horizon import Horizon
from gridpact.operation.inputs import MarketCall, MarketDay
from gridpact.optimization.dispatch import Spread
from gridpact.optimization.spec import ProblemSpec

T = TypeVar("T")


class Tally(Protocol):
    """Is told of each home that a stage has done."""

    def __call__(self, items: Iterable[T], total: int, /) -> Iterable[T]:
        """Yield ``items``, of which there are ``total``, as they are."""


def uncounted(items: Iterable[T], total: int, /) -> Iterable[T]:
    """The `Tally` that counts nothing."""
    del total
    return items


@dataclass(slots=True, kw_only=True)
class Homes:
    """State of the fleet while a day runs."""

    fleet: Fleet
    horizon: Horizon
    day: FleetDay
    problems: Sequence[HomeProblem]
    baselines: Sequence[Schedule]
    commitments: dict[str, tuple[Commitment, ...]] = field(default_factory=dict)
    """Promises by home: of earlier runs first, then this run's in the order of award."""

    @property
    def home_ids(self) -> tuple[str, ...]:
        """Ids in fleet order."""
        return tuple(problem.home_id for problem in self.problems)

    def promise(self, home_id: str, commitment: Commitment) -> None:
        """Bind a home to one more promise."""
        self.commitments[home_id] = (*self.commitments.get(home_id, ()), commitment)


def freeze_baselines(day: MarketDay, fleet_day: FleetDay, model: FlexibilityModel, *, spread: Spread = map) -> Homes:
    """Compute every home's no-VPP schedule once, or take over the one an earlier run of the day froze.

    Raises:
        InfeasibleError: a home's own data allow no schedule at all.
    """
    problems = home_problems(fleet_day, operator_soc_reserve=day.spec.soc_reserve_fraction)
    if day.earlier.runs:
        frozen = [day.earlier.baseline(problem.home_id) for problem in problems]
        baselines = [
            replace(schedule, cost_usd=replay_cost(problem, schedule))
            for problem, schedule in zip(problems, frozen, strict=True)
        ]
    else:
        baselines = list(spread(model.baseline, problems))
    return Homes(
        fleet=day.fleet,
        horizon=day.horizon,
        day=fleet_day,
        problems=problems,
        baselines=baselines,
        commitments=dict(day.earlier.commitments),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotes:
    """What each home can do for one opportunity, and why some can do nothing."""

    curves: Sequence[CostCurve]
    reasons: Mapping[str, str]
    """Only homes that cannot offer anything."""
    asks: Mapping[str, Ask]
    """What was asked of each home that could be asked."""

    @property
    def deliverable_kw(self) -> float:
        """Most that the homes together could promise [kW]."""
        return sum(curve.deliverable_kw for curve in self.curves)


def quote(
    homes: Homes, call: MarketCall, *, spec: ProblemSpec, model: FlexibilityModel, tally: Tally = uncounted
) -> Quotes:
    """Cost curves of every home for one opportunity, on top of what it has promised already."""
    opportunity, rules = call.opportunity, call.rules
    window = homes.horizon.window(opportunity.start, opportunity.end)
    reserve = opportunity.product.is_reserve
    curves: list[CostCurve] = []
    reasons: dict[str, str] = {}
    asks: dict[str, Ask] = {}
    for problem, baseline in tally(zip(homes.problems, homes.baselines, strict=True), len(homes.problems)):
        promises = homes.commitments.get(problem.home_id, ())
        row = homes.fleet.row(problem.home_id)
        reason = _cannot_offer(problem, promises, window, reserve=reserve)
        if reason is None:
            reason = spec.admits(row, opportunity)
        if reason is not None:
            curves.append(_nothing(problem.home_id))
            reasons[problem.home_id] = reason
            continue
        frozen = spec.frozen_assets(opportunity, str(row["timezone"]))
        ask = Ask(
            opportunity_id=opportunity.opportunity_id,
            first=window.start,
            stop=window.stop,
            reserve=reserve,
            sustain_h=rules.sustain_h(opportunity.product) if reserve else 0.0,
            reduction_only=not rules.export_counts,
            frozen_battery="battery" in frozen,
            frozen_vehicle="vehicle" in frozen,
        )
        asks[problem.home_id] = ask
        curve = model.cost_curve(problem, baseline, promises, ask)
        if curve.least_kw > 0:
            # A part of what it could offer would not be covered by a price per kW, and markets call parts.
            curve = _nothing(problem.home_id)
            reasons[problem.home_id] = "what it promised before makes even a little power in this window cost at once"
        elif curve.deliverable_kw <= 0:
            reasons[problem.home_id] = _why_nothing(problem, reserve=reserve)
        curves.append(curve)
    return Quotes(curves=curves, reasons=reasons, asks=asks)


def _nothing(home_id: str) -> CostCurve:
    return CostCurve(home_id=home_id, quantity_kw=np.zeros(1), cost_usd=np.zeros(1))


def _cannot_offer(problem: HomeProblem, promises: Sequence[Commitment], window: slice, *, reserve: bool) -> str | None:
    if problem.blackout.size and problem.blackout[window].any():
        return "the owner's blackout covers part of the window"
    for promise in promises:
        if promise.reserve == reserve and promise.first < window.stop and window.start < promise.stop:
            return f"already promised to {promise.opportunity_id} in this window"
    return None


def _why_nothing(problem: HomeProblem, *, reserve: bool) -> str:
    if not problem.has_battery and not problem.sessions:
        return "no battery or car that could move energy in this window"
    if reserve and not problem.has_battery:
        return "only a battery can hold reserve, and this home has none"
    return "its limits and preferences leave nothing to deliver through the whole window"
