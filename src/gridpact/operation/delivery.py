"""What really happened after the awards: devices replayed on realised load and sun, delivery, money, owners' limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
from gridpact.settlement.delivery import Promise
from gridpact.settlement.physics import Realisation, baseline_net, simulate
from gridpact.settlement.premises import Premises, Trace
from gridpact.settlement.settle import Award as Cleared
from gridpact.settlement.settle import Settlement, settle

Floats = NDArray[np.float64]


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
    premises = Premises.of_fleet(
        homes.fleet.frame,
        homes.horizon,
        sessions=fleet_day.sessions,
        blackout=fleet_day.blackout,
        demand_kw=fleet_day.demand_kw,
    )
    expected = {"load_kw": fleet_day.load_forecast_kw, "solar_kw": fleet_day.solar_forecast_kw}
    real = {"load_kw": fleet_day.load_realised_kw, "solar_kw": fleet_day.solar_realised_kw}
    baseline = Trace.of_plans(homes.baselines, **expected)
    planned = Trace.of_plans(plan.schedules, **expected)
    promises = _promises(homes)
    shape = (premises.homes, premises.periods)
    dropped = np.array([day.drop_outs.get(home) == "after" for home in premises.home_ids], dtype=np.bool_)
    import_only = np.zeros(shape, dtype=np.bool_)
    for promise in promises:
        if promise.reserve and promise.reduction_only:
            import_only[promise.home, promise.first : promise.stop] = True
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
    settlement = settle(
        [_cleared(award, award.clearing) for award in awards if award.clearing is not None and award.committed_kw],
        deliveries,
        pd.concat([award.options for award in awards], ignore_index=True),
        home_ids=homes.home_ids,
    )
    traces = {"baseline": baseline, "planned": planned, "realised": realised}
    return Delivered(
        premises=premises,
        traces=traces,
        realisation=realisation,
        settlement=settlement,
        rebound_kwh=float(rebound.sum()),
        unkind=broken_preferences(premises, traces),
        unkept=broken_promises(premises, promises, planned=planned, baseline=baseline),
        double_sold=double_sold(
            premises,
            promises,
            planned=planned,
            baseline=baseline,
            meter_ids=[str(meter) for meter in homes.fleet.frame["meter_id"]],
        ),
        gains_usd=_gains(homes, settlement, realised=realised, baseline=baseline, without_kw=without, day=day),
    )


def _promises(homes: Homes) -> list[Promise]:
    """Every home's promises, earlier runs' first, then in the order of award."""
    return [
        Promise(
            opportunity_id=batch.opportunity_ids[int(batch.opportunity[row])],
            home=int(batch.home[row]),
            first=int(batch.first[row]),
            stop=int(batch.stop[row]),
            quantity_kw=float(batch.quantity_kw[row]),
            reserve=bool(batch.reserve[row]),
            sustain_h=float(batch.sustain_h[row]),
            reduction_only=bool(batch.reduction_only[row]),
            earlier=batch is homes.earlier,
        )
        for batch in (homes.earlier, *homes.awarded)
        for row in range(len(batch))
    ]


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
    step_h = homes.horizon.step_h
    wear = homes.problems.battery_wear_usd_per_kwh
    more = (realised.battery_discharge_kw - baseline.battery_discharge_kw).sum(axis=1) * step_h * wear
    # A home that may not export would have curtailed what its baseline's settings send out on a sunnier day.
    exports = homes.problems.export_allowed[:, None]
    lawful = np.where(exports, without_kw, np.maximum(without_kw, 0.0))
    added = _bill(homes, realised.net_kw) - _bill(homes, lawful) + more
    place = {home: number for number, home in enumerate(homes.home_ids)}
    paid = settlement.paid[settlement.paid["committed_kw"] > 0].groupby("home_id")["paid_usd"].sum()
    return {
        str(home): float(amount) - float(added[place[str(home)]])
        for home, amount in paid.items()
        if str(home) not in day.earlier.commitments
    }


def _bill(homes: Homes, net_kw: Floats) -> Floats:
    """Energy bill of each home, shape (homes,) [USD]."""
    fleet_day = homes.day
    bought, sold = np.maximum(net_kw, 0.0), np.maximum(-net_kw, 0.0)
    costs = bought * fleet_day.import_usd_per_kwh - sold * fleet_day.export_usd_per_kwh
    return np.asarray(costs.sum(axis=1) * homes.horizon.step_h, dtype=np.float64)
