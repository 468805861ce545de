"""Heat stores: leakage, comfort band, power, and what is left at the end, by the auditor's own equations.

Over an interval of h hours with leak fraction f an hour, power p and demand q,
E' = (1 - f)^h E + (cop p - q) ((1 - f)^h - 1) / ln(1 - f), which is E + (cop p - q) h where nothing leaks.
"""

import numpy as np

from gridpact_audit.physics import FILE, NEEDS, off, report, series
from gridpact_audit.report import Finding, Rule
from gridpact_audit.run import BASELINE, ENERGY_TOL_KWH, PLANNED, POWER_TOL_KW, Bools, Floats, Run, UnusableError

FLEET = "fleet.parquet"
PROFILES = "profiles.parquet"
NEEDED = ("heat_power_kw", "heat_cop", "heat_leak_fraction_per_h", "heat_start_fraction", "heat_demand_profile")
TIGHT = 1e-12
"""A leak fraction below this counts as none: the quotient of two such numbers is all rounding."""


def owned(run: Run) -> Bools:
    """Homes with a heat store, shape (homes,)."""
    return run.amounts("heat_capacity_kwh") > 0


def _start_kwh(run: Run) -> Floats:
    return run.amounts("heat_start_fraction") * run.amounts("heat_capacity_kwh")


def _share_and_hours(run: Run) -> tuple[Floats, Floats]:
    """Share of the energy that an interval leaves, and energy per kW of heat put in throughout it [h]."""
    fraction = np.minimum(run.amounts("heat_leak_fraction_per_h"), 1.0 - 1e-9)
    rate = np.log1p(-fraction)
    lost = np.expm1(rate * run.grid.step_h)
    hours = np.divide(lost, rate, out=np.full(rate.shape, run.grid.step_h), where=fraction > TIGHT)
    return 1.0 + lost, hours


def _demand(run: Run) -> Floats:
    """Heat drawn, shape (homes, intervals) [kW]; zero for homes without a store."""
    if PROFILES not in run.tables:
        raise UnusableError(f"{PROFILES} cannot be used")
    if "heat_demand_profile" not in run.fleet:
        return np.zeros((len(run.fleet), run.grid.periods))
    return np.where(owned(run)[:, None], series(run, "heat_demand_profile", "forecast_kw"), 0.0)


def reach(run: Run) -> tuple[Floats, Floats]:
    """Power and energy of stores that heat at full power until warm and then hold that, shape (homes, intervals).

    What it reaches is the most that any schedule can: the owner is owed no more.
    """
    if "heat reach" not in run.memo:
        share, hours = _share_and_hours(run)
        capacity, most, cop = (run.amounts(f"heat_{name}") for name in ("capacity_kwh", "power_kw", "cop"))
        demand, energy = _demand(run), _start_kwh(run)
        powers, energies = np.zeros(demand.shape), np.zeros(demand.shape)
        for at in range(run.grid.periods):
            cold = share * energy - hours * demand[:, at]
            warm = np.minimum(capacity, cold + hours * cop * most)
            used = np.divide(warm - cold, hours * cop, out=np.zeros_like(warm), where=owned(run) & (cop > 0))
            powers[:, at], energies[:, at] = used, warm
            energy = warm
        run.memo["heat reach"] = powers, energies
    found: tuple[Floats, Floats] = run.memo["heat reach"]
    return found


def present(run: Run, finding: Finding) -> None:
    """Heat columns are there where a home has a store, and only there; its cells are filled, other homes' are empty."""
    has = owned(run)
    in_fleet, in_dispatch = "heat_capacity_kwh" in run.fleet, "heat_kw" in run.tables[FILE]
    for file, there in ((FLEET, in_fleet), (FILE, in_dispatch)):
        if there and not has.any():
            finding.add(file, None, "heat_capacity_kwh" if file == FLEET else "heat_kw", "no home has a heat store")
    if has.any() and not in_dispatch:
        finding.add(FILE, None, "heat_kw", "the column is missing, though a home has a heat store")
    if not in_fleet or not in_dispatch:
        return
    finding.tried(int(has.sum()))
    for name in NEEDED:
        empty = has & run.fleet[name].isna().to_numpy()
        finding.where(
            empty,
            file=FLEET,
            rows=run.fleet["_row"].to_numpy(),
            column=name,
            say=lambda _: "empty, though the home has a heat store",
        )
    for column in ("heat_kw", "heat_kwh"):
        cells = run.cube(column)
        mine = np.broadcast_to(has[:, None], cells.shape)
        absent, ghost = np.isnan(cells) & mine, ~np.isnan(cells) & ~mine
        report(run, finding, absent, column, "empty, though the home has a heat store", cells, np.zeros(1))
        report(run, finding, ghost, column, "a value without a heat store", cells, np.full(1, np.nan))


def demand_as_expected(run: Run, finding: Finding) -> None:
    """Heat that was drawn is heat that was expected."""
    if "heat_demand_profile" not in run.fleet:
        return
    frame = run.tables[PROFILES]
    mine = frame["profile"].isin(set(run.fleet.loc[owned(run), "heat_demand_profile"])).to_numpy()
    finding.tried(int(mine.sum()))
    expected, realised = (frame[f"{name}_kw"].to_numpy(dtype=np.float64) for name in ("forecast", "realised"))
    finding.where(
        mine & ~(np.abs(expected - realised) <= POWER_TOL_KW),
        file=PROFILES,
        rows=frame["_row"].to_numpy(),
        column="realised_kw",
        say=lambda place: f"heat drawn {realised[place]:.6g}, not {expected[place]:.6g} as expected",
    )


def power(run: Run, finding: Finding) -> None:
    """A heater draws between nothing and its power."""
    has, used, limit = owned(run), run.power("heat_kw"), run.amounts("heat_power_kw")[:, None]
    finding.tried(int(has.sum()) * used.shape[0] * used.shape[2])
    report(run, finding, ~(used <= limit + POWER_TOL_KW), "heat_kw", "power above the limit", used, limit)
    report(run, finding, used < -POWER_TOL_KW, "heat_kw", "power below zero", used, np.zeros(1))


def energy(run: Run, finding: Finding) -> None:
    """Heat follows from power, demand and leakage, interval by interval, from the fleet's start."""
    found = run.cube("heat_kwh")
    mine = np.broadcast_to(owned(run)[:, None], found.shape)
    share, hours = _share_and_hours(run)
    start = np.broadcast_to(_start_kwh(run)[:, None], (*found.shape[:2], 1))
    before = np.concatenate([start, found[:, :, :-1]], axis=2)
    heat_kw = run.amounts("heat_cop")[:, None] * run.power("heat_kw") - _demand(run)
    wanted = share[:, None] * before + hours[:, None] * heat_kw
    finding.tried(int(mine.sum()))
    bad = off(found, wanted, ENERGY_TOL_KWH) & mine
    report(run, finding, bad, "heat_kwh", "heat does not follow from power, demand and leakage", found, wanted)


def band(run: Run, finding: Finding) -> None:
    """Heat stays between the coldest and the warmest that is comfortable, as far as full power reaches."""
    found = run.cube("heat_kwh")
    mine = np.broadcast_to(owned(run)[:, None], found.shape)
    low, high = np.minimum(reach(run)[1], 0.0), run.amounts("heat_capacity_kwh")[:, None]
    finding.tried(int(mine.sum()))
    below, above = mine & ~(found >= low - ENERGY_TOL_KWH), mine & ~(found <= high + ENERGY_TOL_KWH)
    report(run, finding, below, "heat_kwh", "colder than the owner finds comfortable", found, low)
    report(run, finding, above & ~below, "heat_kwh", "warmer than the owner finds comfortable", found, high)


def end(run: Run, finding: Finding) -> None:
    """At the end there is as much heat as at the start, as far as full power reaches, and as the baseline leaves."""
    found = run.cube("heat_kwh")
    least = np.stack([np.minimum(_start_kwh(run), reach(run)[1][:, -1])] * len(found))
    least[PLANNED:] = np.fmax(least[PLANNED:], found[BASELINE, :, -1])
    mine = np.broadcast_to(owned(run), least.shape)
    finding.tried(int(mine.sum()))
    bad = np.zeros(found.shape, dtype=np.bool_)
    bad[:, :, -1] = mine & ~(found[:, :, -1] >= least - ENERGY_TOL_KWH)
    wanted = np.repeat(least[:, :, None], found.shape[2], axis=2)
    report(run, finding, bad, "heat_kwh", "less heat at the end than without the VPP", found, wanted)


RULES = (
    Rule(name="physics.heat_present", needs=NEEDS, test=present),
    Rule(name="physics.heat_demand", needs=(*NEEDS, PROFILES), test=demand_as_expected),
    Rule(name="physics.heat_power", needs=NEEDS, test=power),
    Rule(name="physics.heat_energy", needs=(*NEEDS, PROFILES), test=energy),
    Rule(name="physics.heat_band", needs=(*NEEDS, PROFILES), test=band),
    Rule(name="physics.heat_end", needs=(*NEEDS, PROFILES), test=end),
)
