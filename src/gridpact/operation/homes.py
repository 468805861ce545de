"""The homes of a running day: their problems, frozen baselines and what they have promised so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from gridpact.errors import InputError
from gridpact.fleet.day import FleetDay
from gridpact.fleet.fleet import Fleet
from gridpact.flexibility.batch import CurveBatch, HomeBatch, Ints, ScheduleBatch
from gridpact.flexibility.following import schedules_of
from gridpact.flexibility.home import Bools
from gridpact.flexibility.model import FlexibilityModel
from gridpact.flexibility.problems import home_problems, replay_costs
from gridpact.flexibility.promises import AskBatch, CommitmentBatch, tuples
from gridpact.horizon import Horizon
from gridpact.market.opportunity import MarketOpportunity
from gridpact.operation.inputs import MarketCall, MarketDay
from gridpact.optimization.spec import ProblemSpec

SAME = 1e-6
"""How far rounding may carry a number of an earlier run's baseline from what follows from the others [kW, kWh]."""


@dataclass(slots=True, kw_only=True)
class Homes:
    """State of the fleet while a day runs."""

    fleet: Fleet
    horizon: Horizon
    day: FleetDay
    problems: HomeBatch
    baselines: ScheduleBatch
    earlier: CommitmentBatch
    """Promises of earlier runs."""
    awarded: list[CommitmentBatch] = field(default_factory=list)
    """Promises of this run, in the order of award."""

    @property
    def home_ids(self) -> tuple[str, ...]:
        """Ids in fleet order."""
        return self.problems.home_ids

    @property
    def commitments(self) -> CommitmentBatch:
        """Everything that the homes have promised: earlier runs first, then this run's in the order of award."""
        found = self.earlier
        for award in self.awarded:
            found = found.followed_by(award)
        return found


def freeze_baselines(day: MarketDay, fleet_day: FleetDay, model: FlexibilityModel) -> Homes:
    """Compute every home's no-VPP schedule once, or take over the one an earlier run of the day froze.

    Raises:
        InfeasibleError: a home's own data allow no schedule at all.
        InputError: the earlier run's baseline contradicts itself.
    """
    problems = home_problems(fleet_day, operator_soc_reserve=day.spec.soc_reserve_fraction)
    if day.earlier.runs:
        frozen = ScheduleBatch.of(day.earlier.baseline(home_id) for home_id in problems.home_ids)
        _check_follows(problems, frozen, horizon=day.horizon)
        baselines = replace(frozen, cost_usd=replay_costs(problems, frozen))
    else:
        baselines = model.baselines(problems)
    return Homes(
        fleet=day.fleet,
        horizon=day.horizon,
        day=fleet_day,
        problems=problems,
        baselines=baselines,
        earlier=CommitmentBatch.of(
            {day.fleet.position(home): promises for home, promises in day.earlier.commitments.items()},
            homes=len(problems),
        ),
    )


def _check_follows(problems: HomeBatch, frozen: ScheduleBatch, *, horizon: Horizon) -> None:
    """Raise where net loads or energies are not what loads, sun and the settings beside them make."""
    made = schedules_of(
        problems,
        np.arange(len(problems)),
        battery_kw=frozen.battery_charge_kw - frozen.battery_discharge_kw,
        vehicle_kw=frozen.vehicle_charge_kw - frozen.vehicle_discharge_kw,
        curtailed_kw=frozen.curtailed_kw,
        reserve_kw=frozen.reserve_kw,
        devices=frozen.devices,
    )
    for name in ("net_kw", "battery_soc_kwh", "vehicle_soc_kwh"):
        said, follows = getattr(frozen, name), getattr(made, name)
        off = ~np.isclose(said, follows, rtol=0.0, atol=SAME, equal_nan=True)
        if off.any():
            home, interval = (int(place) for place in np.argwhere(off)[0])
            raise InputError(
                f"--commitments: in the baseline of home {problems.home_ids[home]!r} at "
                f"{horizon.interval_starts[interval].isoformat()}, {name} is {said[home, interval]:.9g}, but its load, "
                f"sun and device settings make {follows[home, interval]:.9g}; restore the run folder from a copy"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotes:
    """What each home can do for one opportunity, and why some can do nothing."""

    curves: CurveBatch
    reasons: Mapping[str, str]
    """Only homes that cannot offer anything."""
    asks: AskBatch
    """What was asked of each home that could be asked."""

    @property
    def deliverable_kw(self) -> float:
        """Most that the homes together could promise [kW]."""
        return float(sum(self.curves.deliverable_kw.tolist()))


def quote(homes: Homes, call: MarketCall, *, spec: ProblemSpec, model: FlexibilityModel) -> Quotes:
    """Cost curves of every home for one opportunity, on top of what it has promised already."""
    opportunity, rules = call.opportunity, call.rules
    window = homes.horizon.window(opportunity.start, opportunity.end)
    reserve = opportunity.product.is_reserve
    commitments = homes.commitments
    reasons = _left_out(homes, spec, opportunity) | _cannot_offer(homes.problems, commitments, window, reserve=reserve)
    asked = np.ones(len(homes.problems), dtype=np.bool_)
    asked[list(reasons)] = False
    frozen, group = _frozen(homes, spec, opportunity)
    asks = AskBatch(
        opportunity_id=opportunity.opportunity_id,
        first=window.start,
        stop=window.stop,
        reserve=reserve,
        sustain_h=rules.sustain_h(opportunity.product) if reserve else 0.0,
        reduction_only=not rules.export_counts,
        asked=asked,
        frozen_battery=np.array(["battery" in names for names in frozen], dtype=np.bool_)[group],
        frozen_vehicle=np.array(["vehicle" in names for names in frozen], dtype=np.bool_)[group],
        frozen_devices=tuples([tuple(sorted(names - {"battery", "vehicle"})) for names in frozen])[group],
    )
    curves = model.cost_curves(homes.problems, homes.baselines, commitments, asks)
    # A part of what such a home could offer would not be covered by a price per kW, and markets call parts.
    costly = curves.least_kw > 0
    if costly.any():
        curves = curves.without(costly)
    reasons |= _why_nothing(homes.problems, asked & (curves.deliverable_kw <= 0), costly=costly, reserve=reserve)
    return Quotes(
        curves=curves,
        reasons={homes.home_ids[number]: reasons[number] for number in sorted(reasons)},
        asks=asks,
    )


def _left_out(homes: Homes, spec: ProblemSpec, opportunity: MarketOpportunity) -> dict[int, str]:
    """Homes that the operator's terms do not ask, with the reason."""
    barred, chosen = set(spec.exclude_homes), set(spec.only_homes)
    known: dict[tuple[bool, bool, str | None, str], str | None] = {}
    found = {}
    names = ("home_id", "persona", "timezone")
    columns = [homes.fleet.frame[name].tolist() for name in names]
    for number, row in enumerate(zip(*columns, strict=True)):
        key = (row[0] in barred, row[0] in chosen, row[1], row[2])
        if key not in known:
            known[key] = spec.admits(dict(zip(names, row, strict=True)), opportunity)
        reason = known[key]
        if reason is not None:
            found[number] = reason
    if spec.max_awards_per_home is not None:
        promised = homes.commitments
        pairs = np.unique(np.stack([promised.home, promised.opportunity]), axis=1)
        awards = np.bincount(pairs[0].astype(np.int64), minlength=len(homes.problems))
        for number in np.flatnonzero(awards >= spec.max_awards_per_home).tolist():
            found.setdefault(number, f"bound by {int(awards[number])} awards of the day already (max_awards_per_home)")
    return found


def _frozen(homes: Homes, spec: ProblemSpec, opportunity: MarketOpportunity) -> tuple[list[frozenset[str]], Ints]:
    """Kinds of devices that the operator's terms leave out, by group of homes, and each home's group, shape (N,)."""
    zones, group = np.unique(homes.fleet.frame["timezone"].to_numpy(dtype=str), return_inverse=True)
    return [spec.frozen_assets(opportunity, str(zone)) for zone in zones], group


def _cannot_offer(problems: HomeBatch, commitments: CommitmentBatch, window: slice, *, reserve: bool) -> dict[int, str]:
    """Homes that are not asked because of a blackout or of what they have promised already, with the reason."""
    found: dict[int, str] = {}
    overlapping = (commitments.first < window.stop) & (window.start < commitments.stop)
    for row in np.flatnonzero((commitments.reserve == reserve) & overlapping).tolist():
        name = commitments.opportunity_ids[int(commitments.opportunity[row])]
        found.setdefault(int(commitments.home[row]), f"already promised to {name} in this window")
    for number in np.flatnonzero(problems.blackout[:, window].any(axis=1)).tolist():
        found[number] = "the owner's blackout covers part of the window"
    return found


def _why_nothing(problems: HomeBatch, which: Bools, *, costly: Bools, reserve: bool) -> dict[int, str]:
    """Why the homes in the mask ``which``, shape (N,), can offer nothing."""
    words = np.full(
        len(problems), "its limits and preferences leave nothing to deliver through the whole window", object
    )
    battery = problems.has_battery
    if reserve:
        words[~battery] = "only a battery can hold reserve, and this home has none"
    words[~battery & ~problems.has_sessions & ~problems.has_devices] = (
        "no battery, car or heat store that could move energy in this window"
    )
    words[costly] = "what it promised before makes even a little power in this window cost at once"
    return {number: words[number] for number in np.flatnonzero(which).tolist()}
