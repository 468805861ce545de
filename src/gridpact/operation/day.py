"""One market day from end to end: read this file first.

data -> fleet, market -> flexibility -> negotiation -> coalition, optimisation -> clearing -> settlement -> report
"""

from collections.abc import Callable

from gridpact.fleet.day import build_fleet_day
from gridpact.flexibility.kernel_model import KernelModel
from gridpact.flexibility.model import FlexibilityModel
from gridpact.operation.assembly import FinishedDay, assemble
from gridpact.operation.bidding import Award, bid_for
from gridpact.operation.chronicle import Chronicle
from gridpact.operation.delivery import deliver_and_settle
from gridpact.operation.homes import freeze_baselines
from gridpact.operation.inputs import MarketDay
from gridpact.operation.milestones import begin, note_baseline, note_dispatch, note_drop_outs, note_settlement
from gridpact.optimization.dispatch import plan_dispatch

Progress = Callable[[str], None]


def run_market_day(
    day: MarketDay,
    *,
    model: FlexibilityModel | None = None,
    progress: Progress = lambda stage: None,
) -> FinishedDay:
    """Run ``day``: freeze baselines, negotiate and bid for each opportunity in turn, dispatch, settle.

    Args:
        day: a checked market day, see `prepare_day`.
        model: what prices a home's flexibility; the compiled kernel by default, with HiGHS behind it.
        progress: told the name of each stage as it begins.

    Returns:
        Everything that goes into the run folder.

    Raises:
        InfeasibleError: a home's own data allow no schedule at all.
    """
    model = model or KernelModel()
    chronicle = Chronicle()
    begin(day, chronicle)

    count = len(day.fleet)
    progress(f"reading {count:,} {'home' if count == 1 else 'homes'} over {day.horizon.periods} intervals")
    with chronicle.stage("fleet"):
        fleet_day = build_fleet_day(
            day.fleet,
            day.horizon,
            wholesale=None if day.wholesale is None else day.wholesale.series,
            seed=day.seed,
            profiles=day.profiles,
            tariffs=day.tariffs,
        )
    with chronicle.stage("baseline"):
        progress("freezing every home's baseline")
        homes = freeze_baselines(day, fleet_day, model)
        note_baseline(homes, chronicle)

    awards: list[Award] = []
    for call in day.calls:
        progress(f"{call.opportunity.opportunity_id}: negotiating and bidding")
        awards.append(bid_for(homes, call, day=day, model=model, chronicle=chronicle))

    with chronicle.stage("dispatch"):
        progress("dispatching")
        plan = plan_dispatch(homes.problems, homes.baselines, homes.commitments, model)
        note_dispatch(plan, homes, chronicle, model=model)
        note_drop_outs(day, homes, awards, chronicle)
    with chronicle.stage("settlement"):
        progress("settling")
        delivered = deliver_and_settle(homes, plan, awards, day=day)
        note_settlement(delivered, homes, chronicle)
    with chronicle.stage("result"):
        return assemble(day, homes, awards, delivered, chronicle)
