"""What owners asked for: backup, blackout, car ready, no export, cycle limit, floor price."""

from functools import partial

import numpy as np

from gridpact_audit import homes
from gridpact_audit.physics import FILE, NEEDS, report
from gridpact_audit.report import Finding, Rule
from gridpact_audit.run import BASELINE, ENERGY_TOL_KWH, PLANNED, POWER_TOL_KW, Floats, Run
from gridpact_audit.tables import PHASES


def backup(run: Run, finding: Finding) -> None:
    """A battery never goes below the owner's backup (or its start energy, where that is lower)."""
    energy, floor = run.cube("battery_soc_kwh"), run.battery_floor_kwh[:, None]
    wants = np.broadcast_to((run.has_battery & (run.amounts("backup_soc_fraction") > 0))[:, None], energy.shape)
    finding.tried(int(wants.sum()))
    bad = wants & ~(energy >= floor - ENERGY_TOL_KWH)
    report(run, finding, bad, "battery_soc_kwh", "energy below the owner's backup", energy, floor)


def blackout(run: Run, finding: Finding) -> None:
    """In an owner's blackout every planned setting is the baseline's."""
    mask = homes.blackouts(run)
    finding.tried(int(mask.sum()))
    for column in run.settings:
        used = run.power(column)
        bad = np.zeros(used.shape, dtype=np.bool_)
        bad[PLANNED] = mask & ~(np.abs(used[PLANNED] - used[BASELINE]) <= POWER_TOL_KW)
        report(run, finding, bad, column, "a setting differs from the baseline in a blackout", used, used[BASELINE])


def car_ready(run: Run, finding: Finding) -> None:
    """At the end of each session the car holds what its owner needs, as far as full power reaches."""
    energy = run.cube("vehicle_soc_kwh")
    for session in homes.cars(run).sessions:
        last = session.stop - 1
        for phase, name in enumerate(PHASES):
            finding.tried(1)
            found = energy[phase, session.home, last]
            row = int(run.rows[phase, session.home, last])
            if row and not found >= session.required_kwh - ENERGY_TOL_KWH:
                finding.add(
                    FILE,
                    row,
                    "vehicle_soc_kwh",
                    f"{name} of {run.home_ids[session.home]} at {run.grid.starts[last].isoformat()}: "
                    f"the car leaves with {found:.6g} kWh, not {session.required_kwh:.6g}",
                )


def no_export(run: Run, finding: Finding) -> None:
    """A home that may not export never has a negative net load."""
    net = run.cube("net_kw")
    banned = np.broadcast_to(~run.export_allowed[:, None], net.shape)
    finding.tried(int(banned.sum()))
    bad = banned & ~(net >= -POWER_TOL_KW)
    report(run, finding, bad, "net_kw", "exports, though it may not", net, np.zeros(1))


def cycles(run: Run, finding: Finding) -> None:
    """Energy drawn from the cells stays within the owner's cycles, each operating day and each local calendar day."""
    limit = run.fleet["max_cycles_per_day"].to_numpy(dtype=np.float64) * run.amounts("battery_capacity_kwh")
    limited = run.has_battery & ~np.isnan(limit)
    if not limited.any():
        return
    efficiency = np.where(run.has_battery, run.amounts("battery_discharge_efficiency"), 1.0)[:, None]
    drawn = run.power("battery_discharge_kw") * run.grid.step_h / np.where(efficiency > 0, efficiency, np.nan)
    for kind, members in homes.day_groups(run):
        used = np.einsum("pht,hdt->phd", drawn, members)
        finding.tried(int(limited.sum()) * used.shape[0] * used.shape[2])
        bad = ~(used <= limit[:, None] + ENERGY_TOL_KWH) & limited[:, None]
        for phase, home, day in np.argwhere(bad):
            inside = np.flatnonzero((members[home, day] > 0) & (drawn[phase, home] > 0))
            finding.add(
                FILE,
                int(run.rows[phase, home, inside[-1]]),
                "battery_discharge_kw",
                f"{PHASES[phase]} of {run.home_ids[home]}: {used[phase, home, day]:.6g} kWh drawn in one {kind}, the "
                f"limit is {limit[home]:.6g}",
            )


def floor_price(run: Run, finding: Finding) -> None:
    """No energy is asked for, or sold as an option, below its owner's floor price."""
    floor = dict(zip(run.home_ids, run.amounts("floor_usd_per_mwh"), strict=True))
    energy = {opportunity.id for opportunity in run.opportunities if not opportunity.reserve}
    for file in ("bids.parquet", "options.parquet"):
        frame = run.tables[file]
        least = frame["home_id"].map(floor).fillna(0.0).to_numpy(dtype=np.float64)
        subject = frame["opportunity_id"].isin(energy).to_numpy() & (least > 0)
        finding.tried(int(subject.sum()))
        price = frame["price"].to_numpy(dtype=np.float64)
        finding.where(
            subject & ~(price >= least - 1e-6),
            file=file,
            rows=frame["_row"].to_numpy(),
            column="price",
            say=partial(_below, price, least),
        )


def _below(price: Floats, least: Floats, place: tuple[int, ...]) -> str:
    return f"{price[place]:g} is below the owner's floor {least[place]:g}"


RULES = (
    Rule(name="preferences.backup", needs=NEEDS, test=backup),
    Rule(name="preferences.blackout", needs=NEEDS, test=blackout),
    Rule(name="preferences.car_ready", needs=NEEDS, test=car_ready),
    Rule(name="preferences.no_export", needs=NEEDS, test=no_export),
    Rule(name="preferences.cycle_limit", needs=NEEDS, test=cycles),
    Rule(
        name="preferences.floor_price",
        needs=("bids.parquet", "options.parquet", "fleet.parquet", "result.json"),
        test=floor_price,
    ),
)
