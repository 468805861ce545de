"""One market day from end to end: read this file first.

data -> fleet, market -> flexibility -> negotiation -> coalition, optimisation -> clearing -> settlement -> report
"""

from collections.abc import Callable, Mapping

from gridpact.fleet.day import build_fleet_day
from gridpact.flexibility.kernel_model import KernelModel
from gridpact.flexibility.model import FlexibilityModel
from gridpact.language.claims import Checked
from gridpact.language.questions import Nobody, Talker
from gridpact.operation.assembly import FinishedDay, assemble
from gridpact.operation.bidding import Award, bid_for
from gridpact.operation.chronicle import Chronicle
from gridpact.operation.delivery import deliver_and_settle
from gridpact.operation.homes import freeze_baselines
from gridpact.operation.inputs import MarketDay
from gridpact.operation.milestones import begin, note_baseline, note_dispatch, note_drop_outs, note_settlement
from gridpact.operation.outside import LoggedPostbox
from gridpact.operation.recorded import RecordedModel
from gridpact.operation.speaking import speakers_of
from gridpact.optimization.dispatch import plan_dispatch
from gridpact.store.journal import Journal

Progress = Callable[[str], None]


def run_market_day(
    day: MarketDay,
    *,
    model: FlexibilityModel | None = None,
    journal: Journal | None = None,
    kept: Mapping[str, str] | None = None,
    progress: Progress = lambda stage: None,
    talker: Talker | None = None,
    words: Mapping[str, str] | None = None,
) -> FinishedDay:
    """Run ``day``: freeze baselines, negotiate and bid for each opportunity in turn, dispatch, settle.

    Args:
        day: a checked market day, see `prepare_day`.
        model: what prices a home's flexibility; the compiled kernel by default, with HiGHS behind it.
        journal: the run's log, which a run that was broken off goes on with; by default a new one in memory.
        kept: books of the log that hold what the run was asked, by name.
        progress: told the name of each stage as it begins.
        talker: the language model that picks for homes and aggregator where the day asks for one; nobody by default.
        words: what owners wrote of what they want, by home id, for their own home's questions and no other.

    Returns:
        Everything that goes into the run folder.

    Raises:
        InfeasibleError: a home's own data allow no schedule at all.
    """
    chronicle = Chronicle(log=journal if journal is not None else Journal(run_id=day.run_id))
    begin(day, chronicle, kept=kept or {})
    model = RecordedModel(model or KernelModel(), chronicle)

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
    postbox = LoggedPostbox(day, chronicle)
    speakers = speakers_of(day, Checked(talker or Nobody(), home_ids=day.fleet.home_ids), words=words)
    for call in day.calls:
        progress(f"{call.opportunity.opportunity_id}: negotiating and bidding")
        award = bid_for(homes, call, day=day, model=model, chronicle=chronicle, postbox=postbox, speakers=speakers)
        awards.append(award)

    postbox.finish()
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
