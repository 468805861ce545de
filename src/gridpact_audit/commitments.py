"""Promises kept by the plan: energy, reserve headroom and energy, no double sale, an honest baseline."""

import numpy as np
import pandas as pd

from gridpact_audit import heat, homes
from gridpact_audit.physics import FILE, report
from gridpact_audit.report import Finding, Rule
from gridpact_audit.run import BASELINE, ENERGY_TOL_KWH, PLANNED, POWER_TOL_KW, REALISED, Floats, Run

COST_TOL_USD = 1e-4
PRIVATE_TOL_USD = 1e-3
NEEDS = (FILE, "coalition.parquet", "fleet.parquet", "result.json")
PRICED = (FILE, "fleet.parquet", "tariffs.parquet", "result.json")


def tariff(run: Run, column: str) -> Floats:
    """Retail prices on the grid, shape (homes, intervals) [USD/kWh]; NaN where there is none."""
    frame = run.tables["tariffs.parquet"]
    wide = frame.drop_duplicates(["tariff", "interval_start"]).pivot(
        index="tariff", columns="interval_start", values=column
    )
    wide = wide.reindex(columns=pd.DatetimeIndex(run.grid.starts))
    return np.asarray(wide.reindex(run.fleet["tariff"].astype(object)).to_numpy(dtype=np.float64))


def energy_bill(run: Run, net_kw: Floats) -> Floats:
    """What a net load costs over the horizon, shape (..., homes) [USD]."""
    bought, sold = np.maximum(net_kw, 0.0), np.maximum(-net_kw, 0.0)
    rate = tariff(run, "import_usd_per_kwh") * bought - tariff(run, "export_usd_per_kwh") * sold
    return np.asarray(rate.sum(axis=-1) * run.grid.step_h)


def cost(run: Run) -> Floats:
    """Bill plus battery wear of every phase and home, shape (phases, homes) [USD]."""
    wear = run.power("battery_discharge_kw").sum(axis=2) * run.grid.step_h * run.amounts("battery_wear_usd_per_kwh")
    return np.asarray(energy_bill(run, run.power("net_kw")) + wear)


def baseline_is_cheapest(run: Run, finding: Finding) -> None:
    """The baseline costs no more than the plan, nor than an idle battery with the car charged at once."""
    total = cost(run)
    idle = _idle_cost(run)
    finding.tried(2 * len(run.home_ids))
    for home, name in enumerate(run.home_ids):
        row = int(run.rows[BASELINE, home].min())
        base, plan = total[BASELINE, home], total[PLANNED, home]
        if not base <= plan + COST_TOL_USD + 1e-6 * abs(plan):
            finding.add(FILE, row, "net_kw", f"baseline of {name} costs {base:.6f} USD, its plan only {plan:.6f}")
        if not base <= idle[home] + 1e-3 + 1e-4 * abs(idle[home]):
            finding.add(
                FILE,
                row,
                "net_kw",
                f"baseline of {name} costs {base:.6f} USD; doing nothing would cost {idle[home]:.6f}",
            )


def _idle_cost(run: Run) -> Floats:
    """Cost of leaving the battery alone, charging the car at once to what it needs and heating at full power until warm
    and then holding that, shape (homes,) [USD].

    A feasible day without the VPP, so an upper bound on the cheapest one.
    """
    car = np.zeros((len(run.home_ids), run.grid.periods))
    power, efficiency = run.amounts("vehicle_charge_kw"), run.amounts("vehicle_charge_efficiency")
    for session in homes.cars(run).sessions:
        full = power[session.home] * efficiency[session.home] * run.grid.step_h
        if full <= 0:
            continue
        missing = max(0.0, session.required_kwh - session.start_kwh)
        steps = np.clip(missing / full - np.arange(session.stop - session.first), 0.0, 1.0)
        car[session.home, session.first : session.stop] = steps * power[session.home]
    net = run.power("load_kw")[BASELINE] - run.power("solar_kw")[BASELINE] + car
    if heat.owned(run).any():
        net = net + heat.reach(run)[0]
    net = np.where(run.export_allowed[:, None], net, np.maximum(net, 0.0))
    return energy_bill(run, net)


def uncommitted_as_baseline(run: Run, finding: Finding) -> None:
    """A home that promised nothing is planned as it would have been without the VPP."""
    bound = {promise.home for promise in run.promises}
    total = cost(run)
    for home, name in enumerate(run.home_ids):
        if home in bound:
            continue
        finding.tried(1)
        base, plan = total[BASELINE, home], total[PLANNED, home]
        if not abs(plan - base) <= COST_TOL_USD + 1e-6 * abs(base):
            row = int(run.rows[PLANNED, home].min())
            finding.add(
                FILE, row, "net_kw", f"{name} promised nothing, yet its plan costs {plan:.6f} USD, not {base:.6f}"
            )


def plan_within_private_cost(run: Run, finding: Finding) -> None:
    """What its promises add to a home's planned cost is no more than the private cost that its asks had to cover."""
    total = cost(run)
    private: dict[int, float] = {}
    for promise in run.promises:
        own = run.cost_at(promise.opportunity_id, run.home_ids[promise.home], promise.quantity_kw)
        private[promise.home] = private.get(promise.home, 0.0) + (float("inf") if promise.earlier else own)
    for home, most in private.items():
        if most == float("inf"):
            continue
        finding.tried(1)
        added = total[PLANNED, home] - total[BASELINE, home]
        if not added <= most + PRIVATE_TOL_USD:
            row = int(run.rows[PLANNED, home].min())
            finding.add(
                FILE,
                row,
                "net_kw",
                f"the plan of {run.home_ids[home]} adds {added:.6f} USD, its private cost is {most:.6f}",
            )


def energy_kept(run: Run, finding: Finding) -> None:
    """In each interval of its windows a home's planned net is the baseline's less all energy it promised."""
    promised = run.total_kw(reserve=False)
    net = run.cube("net_kw")
    inside = promised > 0
    finding.tried(int(inside.sum()))
    wanted = net[BASELINE] - promised
    bad = np.zeros(net.shape, dtype=np.bool_)
    bad[PLANNED] = inside & ~(np.abs(net[PLANNED] - wanted) <= POWER_TOL_KW)
    report(run, finding, bad, "net_kw", "planned net is not the baseline's less the energy promised", net, wanted)


def reserve_net(run: Run, finding: Finding) -> None:
    """While holding reserve a home draws no more than its baseline; where export does not count, reserve is import."""
    held, sold = run.total_kw(reserve=True), run.total_kw(reserve=False)
    net = run.cube("net_kw")
    finding.tried(int((held > 0).sum()))
    bad = np.zeros(net.shape, dtype=np.bool_)
    most = net[BASELINE] - sold
    bad[PLANNED] = (held > 0) & ~(net[PLANNED] <= most + POWER_TOL_KW)
    report(run, finding, bad, "net_kw", "draws more than the baseline while holding reserve", net, most)
    bounded = np.zeros(held.shape, dtype=np.bool_)
    for promise in run.promises:
        if promise.reduction_only or (promise.reserve and not run.export_allowed[promise.home]):
            bounded[promise.home, promise.first : promise.stop] = True
    finding.tried(int(bounded.sum()))
    bad = np.zeros(net.shape, dtype=np.bool_)
    bad[PLANNED] = bounded & ~(net[PLANNED] - held >= -POWER_TOL_KW)
    report(run, finding, bad, "net_kw", "promises export where export does not count or is not allowed", net, held)


def reserve_column(run: Run, finding: Finding) -> None:
    """``reserve_kw`` is what was promised in the plan, nothing in the baseline, and no more than that in reality."""
    held = run.total_kw(reserve=True)
    finding.tried(int((held > 0).sum()) or int((run.power("reserve_kw") != 0).sum()))
    column = run.power("reserve_kw")
    bad = np.zeros(column.shape, dtype=np.bool_)
    bad[BASELINE] = np.abs(column[BASELINE]) > POWER_TOL_KW
    report(run, finding, bad, "reserve_kw", "the baseline holds reserve", column, np.zeros(1))
    bad = np.zeros(column.shape, dtype=np.bool_)
    bad[PLANNED] = ~(np.abs(column[PLANNED] - held) <= POWER_TOL_KW)
    bad[REALISED] = ~(column[REALISED] <= held + POWER_TOL_KW)
    report(run, finding, bad, "reserve_kw", "not the reserve that was promised", column, held)


def reserve_headroom(run: Run, finding: Finding) -> None:
    """Discharge and reserve together fit the battery's discharge power: no power is sold twice."""
    held, discharge = run.power("reserve_kw"), run.power("battery_discharge_kw")
    finding.tried(int((held > 0).sum()))
    limit = run.amounts("battery_discharge_kw")[:, None]
    used = discharge + held
    bad = (held > 0) & ~(used <= limit + POWER_TOL_KW)
    report(run, finding, bad, "reserve_kw", "discharge and reserve exceed the battery's power", used, limit)


def reserve_energy(run: Run, finding: Finding) -> None:
    """Throughout a reserve window the battery keeps enough above its floor to run all reserves for their duration."""
    efficiency = run.amounts("battery_discharge_efficiency")
    at_end = np.zeros((len(run.home_ids), run.grid.periods))
    at_start = np.zeros_like(at_end)
    for promise in run.promises:
        if promise.reserve:
            needed = promise.quantity_kw * promise.sustain_h / max(efficiency[promise.home], 1e-9)
            at_end[promise.home, promise.first : promise.stop] += needed
            at_start[promise.home, promise.first] += needed
    energy = run.cube("battery_soc_kwh")
    before = np.concatenate(
        [np.broadcast_to(run.battery_start_kwh[:, None], (3, len(efficiency), 1)), energy[:, :, :-1]], 2
    )
    floor = run.battery_floor_kwh[:, None]
    for level, needed in ((energy, at_end), (before, at_start)):
        finding.tried(int((needed > 0).sum()))
        bad = np.zeros(level.shape, dtype=np.bool_)
        wanted = floor + needed
        bad[PLANNED] = (needed > 0) & ~(level[PLANNED] >= wanted - ENERGY_TOL_KWH)
        report(run, finding, bad, "battery_soc_kwh", "too little energy behind the reserve", level, wanted)


def no_double_sale(run: Run, finding: Finding) -> None:
    """A home never sells more than its options; in one interval its energy and reserve never use the same power."""
    options = run.tables["options.parquet"].groupby(["opportunity_id", "home_id"])["quantity_kw"].sum()
    offered = options.to_dict()
    for promise in run.promises:
        if promise.earlier:
            continue
        finding.tried(1)
        most = offered.get((promise.opportunity_id, run.home_ids[promise.home]), 0.0)
        if not promise.quantity_kw <= most + POWER_TOL_KW:
            finding.add(
                promise.file,
                promise.row,
                "committed_kw",
                f"{promise.quantity_kw:g} kW committed of {most:g} kW of options",
            )
    sold, held = run.total_kw(reserve=False), run.total_kw(reserve=True)
    power = run.power
    moved = power("battery_discharge_kw")[PLANNED] + held
    finding.tried(int(((sold > 0) & (held > 0)).sum()))
    limit = run.amounts("battery_discharge_kw")[:, None]
    bad = np.zeros(run.rows.shape, dtype=np.bool_)
    bad[PLANNED] = (sold > 0) & (held > 0) & ~(moved <= limit + POWER_TOL_KW)
    wide = np.broadcast_to(moved, bad.shape)
    report(run, finding, bad, "battery_discharge_kw", "the same power is sold as energy and as reserve", wide, limit)


RULES = (
    Rule(name="commitments.baseline_is_cheapest", needs=PRICED, test=baseline_is_cheapest),
    Rule(
        name="commitments.uncommitted_as_baseline", needs=(*PRICED, "coalition.parquet"), test=uncommitted_as_baseline
    ),
    Rule(
        name="commitments.plan_within_private_cost",
        needs=(*PRICED, "coalition.parquet", "private/reservations.parquet"),
        test=plan_within_private_cost,
    ),
    Rule(name="commitments.energy_kept", needs=NEEDS, test=energy_kept),
    Rule(name="commitments.reserve_net", needs=NEEDS, test=reserve_net),
    Rule(name="commitments.reserve_column", needs=NEEDS, test=reserve_column),
    Rule(name="commitments.reserve_headroom", needs=NEEDS, test=reserve_headroom),
    Rule(name="commitments.reserve_energy", needs=NEEDS, test=reserve_energy),
    Rule(name="commitments.no_double_sale", needs=(*NEEDS, "options.parquet"), test=no_double_sale),
)
