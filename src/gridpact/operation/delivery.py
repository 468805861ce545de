"""What really happened after the awards: devices replayed on realised load and sun, delivery, money, owners' limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.market.clearing import Clearing
from gridpact.operation.bidding import Award
from gridpact.operation.homes import Homes
from gridpact.operation.inputs import MarketDay
from gridpact.optimization.dispatch import DispatchPlan
from gridpact.settlement import delivery as metering
from gridpact.settlement.checks import Breach, broken_preferences, broken_promises, double_sold
from gridpact.settlement.delivery import PromiseBook
from gridpact.settlement.physics import Realisation, baseline_net, simulate
from gridpact.settlement.premises import CarStays, Premises, Trace
from gridpact.settlement.settle import Award as Cleared
from gridpact.settlement.settle import Settlement, settle

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Delivered:
    """The day after the awards."""

    premises: Premises
    traces: Mapping[str, Trace]
    """By phase: baseline, planned, realised."""
    realisation: Realisation
    settlement: Settlement
    rebound_kwh: float
    unkind: tuple[Breach, ...]
    """Owners' limits that were broken."""
    unkept: tuple[Breach, ...]
    """Promises that the plan does not carry."""
    double_sold: int
    gains_usd: Mapping[str, float]
    """What each member was paid above what its day really cost more than its baseline's devices would have [USD];
    without homes that an earlier run binds, part of whose pay is there."""


def deliver_and_settle(homes: Homes, plan: DispatchPlan, awards: Sequence[Award], *, day: MarketDay) -> Delivered:
    """Replay the plan on what really came, meter it, and settle every award."""
    fleet_day = homes.day
    sessions = fleet_day.sessions
    stays = CarStays(
        home=sessions.home,
        first=sessions.first,
        stop=sessions.stop,
        start_kwh=sessions.start_kwh,
        required_kwh=sessions.required_kwh,
    )
    premises = Premises.of_fleet(
        homes.fleet.frame,
        homes.horizon,
        stays=stays,
        blackout=fleet_day.blackout,
        demand_kw=fleet_day.demand_kw,
    )
    expected = {"load_kw": fleet_day.load_forecast_kw, "solar_kw": fleet_day.solar_forecast_kw}
    real = {"load_kw": fleet_day.load_realised_kw, "solar_kw": fleet_day.solar_realised_kw}
    baseline = Trace.of_plans(homes.baselines, **expected)
    planned = Trace.of_plans(plan.schedules, **expected)
    promises = _promises(homes)
    shape = (premises.homes, premises.periods)
    dropped = np.zeros(premises.homes, dtype=np.bool_)
    dropped[[homes.fleet.position(home) for home, stage in day.drop_outs.items() if stage == "after"]] = True
    import_only = np.zeros(shape, dtype=np.bool_)
    for rows, window in promises.in_turn(promises.reserve & promises.reduction_only):
        import_only[promises.home[rows], window] = True
    realisation = simulate(
        premises,
        planned=planned,
        baseline=baseline,
        dropped=dropped,
        reserve_energy_kwh=metering.reserve_energy_kwh(
            promises, discharge_efficiency=premises.battery_discharge_efficiency, shape=shape
        ),
        reduction_only=import_only,
        **real,
    )
    without = baseline_net(baseline, **real)
    realised = realisation.trace
    deliveries = metering.measure(
        promises,
        baseline_net_kw=without,
        realised_net_kw=realised.net_kw,
        held_kw=realised.reserve_kw,
        step_h=premises.step_h,
    )
    rebound = metering.rebound_kwh(
        promises, baseline_net_kw=without, realised_net_kw=realised.net_kw, step_h=premises.step_h
    )
    sold = [award for award in awards if award.committed_kw.any()]
    settlement = settle(
        [_cleared(award, award.clearing) for award in sold if award.clearing is not None],
        deliveries,
        pd.concat([award.options.to_frame() for award in awards], ignore_index=True),
        home_ids=homes.home_ids,
    )
    unkept = broken_promises(premises, promises, planned=planned, baseline=baseline)
    traces = {"baseline": baseline, "planned": planned, "realised": realised}
    return Delivered(
        premises=premises,
        traces=traces,
        realisation=realisation,
        settlement=settlement,
        rebound_kwh=float(rebound.sum()),
        unkind=broken_preferences(premises, traces),
        unkept=unkept,
        double_sold=double_sold(
            premises, promises, unkept=unkept, meter_ids=list(map(str, homes.fleet.frame["meter_id"].tolist()))
        ),
        gains_usd=_gains(homes, settlement, realised=realised, baseline=baseline, without_kw=without, day=day),
    )


def _promises(homes: Homes) -> PromiseBook:
    """Every home's promises, earlier runs' first, then in the order of award."""
    batches = (homes.earlier, *homes.awarded)
    before = np.cumsum([0, *(len(batch.opportunity_ids) for batch in batches)])

    def column(name: str) -> Any:
        return np.concatenate([getattr(batch, name) for batch in batches])

    return PromiseBook(
        opportunity_ids=tuple(name for batch in batches for name in batch.opportunity_ids),
        opportunity=np.concatenate([batch.opportunity + n for batch, n in zip(batches, before, strict=False)]),
        home=column("home"),
        first=column("first"),
        stop=column("stop"),
        quantity_kw=column("quantity_kw"),
        reserve=column("reserve"),
        sustain_h=column("sustain_h"),
        reduction_only=column("reduction_only"),
        earlier=np.concatenate([np.full(len(batch), batch is homes.earlier) for batch in batches]),
    )


def _cleared(award: Award, clearing: Clearing) -> Cleared:
    return Cleared(
        opportunity_id=award.call.opportunity.opportunity_id,
        price=clearing.price,
        cleared_kw=clearing.quantity_kw,
        window_h=award.call.opportunity.window_h,
        penalty_price=award.call.rules.penalty_price(clearing.price),
    )


def _gains(
    homes: Homes, settlement: Settlement, *, realised: Trace, baseline: Trace, without_kw: Floats, day: MarketDay
) -> dict[str, float]:
    paid: dict[str, float] = {}
    for home, amount in zip(settlement.paid["home_id"].tolist(), settlement.paid["paid_usd"].tolist(), strict=True):
        if home not in day.earlier.commitments:
            paid[home] = paid.get(home, 0.0) + amount
    rows = np.array([homes.fleet.position(home) for home in paid], dtype=np.int64)
    discharged = realised.battery_discharge_kw[rows] - baseline.battery_discharge_kw[rows]
    more = discharged.sum(axis=1) * homes.horizon.step_h * homes.problems.battery_wear_usd_per_kwh[rows]
    # A home that may not export would have curtailed what its baseline's settings send out on a sunnier day.
    exports = homes.problems.export_allowed[rows, None]
    lawful = np.where(exports, without_kw[rows], np.maximum(without_kw[rows], 0.0))
    added = _bill(homes, rows, realised.net_kw[rows]) - _bill(homes, rows, lawful) + more
    return {home: amount - cost for (home, amount), cost in zip(paid.items(), added.tolist(), strict=True)}


def _bill(homes: Homes, rows: Ints, net_kw: Floats) -> Floats:
    """Energy bill of the homes ``rows``, shape (m,), for ``net_kw``, shape (m, T) [USD]."""
    fleet_day = homes.day
    bought, sold = np.maximum(net_kw, 0.0), np.maximum(-net_kw, 0.0)
    costs = bought * fleet_day.import_usd_per_kwh[rows] - sold * fleet_day.export_usd_per_kwh[rows]
    return np.asarray(costs.sum(axis=1) * homes.horizon.step_h, dtype=np.float64)
