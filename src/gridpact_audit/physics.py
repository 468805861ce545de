"""Physics of every home and interval in every phase, by the auditor's own equations."""

import numpy as np
import pandas as pd

from gridpact_audit import homes
from gridpact_audit.report import Finding, Rule
from gridpact_audit.run import (
    BASELINE,
    ENERGY_TOL_KWH,
    FURTHER,
    PLANNED,
    POWER_TOL_KW,
    REALISED,
    Bools,
    Floats,
    Run,
    UnusableError,
)
from gridpact_audit.tables import PHASES

FILE = "dispatch.parquet"
NEEDS = (FILE, "fleet.parquet", "result.json")


def report(run: Run, finding: Finding, bad: Bools, column: str, what: str, found: Floats, wanted: Floats) -> None:
    """Record bad cells of shape (phases, homes, intervals) with what was found and what was wanted."""
    wide = np.broadcast_to(wanted, bad.shape)

    def say(place: tuple[int, ...]) -> str:
        where = f"{PHASES[place[0]]} of {run.home_ids[place[1]]} at {run.grid.starts[place[2]].isoformat()}"
        return f"{where}: {what}: {found[place]:.6g}, not {wide[place]:.6g}"

    finding.where(bad & (run.rows > 0), file=FILE, rows=run.rows, column=column, say=say)


def off(found: Floats, wanted: Floats, tolerance: float) -> Bools:
    """Where two arrays differ, counting NaN as a difference."""
    return np.asarray(~(np.abs(found - wanted) <= tolerance + 1e-9 * np.abs(wanted)), dtype=np.bool_)


def balance(run: Run, finding: Finding) -> None:
    """Net load is load plus charging minus discharging plus heating minus solar that was not curtailed."""
    power = run.power
    wanted = (
        power("load_kw")
        + power("battery_charge_kw")
        - power("battery_discharge_kw")
        + power("vehicle_charge_kw")
        - power("vehicle_discharge_kw")
        + sum(power(name) for name in FURTHER)
        - (power("solar_kw") - power("curtailed_kw"))
    )
    net = run.cube("net_kw")
    finding.tried(net.size)
    report(run, finding, off(net, wanted, POWER_TOL_KW), "net_kw", "net load does not balance", net, wanted)


def series(run: Run, name: str, column: str) -> Floats:
    """A fleet's profiles on the grid, shape (homes, intervals); NaN where there is none."""
    frame = run.tables["profiles.parquet"]
    wide = frame.drop_duplicates(["profile", "interval_start"]).pivot(
        index="profile", columns="interval_start", values=column
    )
    wide = wide.reindex(columns=pd.DatetimeIndex(run.grid.starts))
    return np.asarray(wide.reindex(run.fleet[name].astype(object)).to_numpy(dtype=np.float64))


def load_as_profiled(run: Run, finding: Finding) -> None:
    """Load is its profile's: forecast in the baseline and the plan, realised in what happened."""
    load = run.cube("load_kw")
    finding.tried(load.size)
    forecast, realised = series(run, "load_profile", "forecast_kw"), series(run, "load_profile", "realised_kw")
    wanted = np.stack([forecast, forecast, realised])
    report(run, finding, off(load, wanted, POWER_TOL_KW), "load_kw", "load is not its profile's", load, wanted)


def solar_as_profiled(run: Run, finding: Finding) -> None:
    """Solar is its profile times the installed power; a home without a roof has none."""
    solar, size = run.power("solar_kw"), run.amounts("solar_kw")[:, None]
    finding.tried(int((size > 0).sum()) * solar.shape[0] * solar.shape[2])
    forecast, realised = (
        np.where(size > 0, series(run, "solar_profile", name) * size, 0.0) for name in ("forecast_kw", "realised_kw")
    )
    wanted = np.stack([forecast, forecast, realised])
    report(run, finding, off(solar, wanted, POWER_TOL_KW), "solar_kw", "solar is not its profile's", solar, wanted)


def curtailment(run: Run, finding: Finding) -> None:
    """No more is curtailed than the roof makes."""
    curtailed, solar = run.power("curtailed_kw"), run.power("solar_kw")
    finding.tried(int((solar > 0).sum()))
    bad = ~(curtailed <= solar + POWER_TOL_KW)
    report(run, finding, bad, "curtailed_kw", "more curtailed than there is", curtailed, solar)


def power_limits(run: Run, finding: Finding) -> None:
    """Devices stay within their power, do nothing where a home has none, and have a value where it has one."""
    plugged = homes.cars(run).plugged
    battery = run.has_battery[:, None] & np.ones_like(plugged)
    for column, present in (
        ("battery_charge_kw", battery),
        ("battery_discharge_kw", battery),
        ("vehicle_charge_kw", plugged),
        ("vehicle_discharge_kw", plugged),
    ):
        limit = run.amounts(column)[:, None] * present
        finding.tried(int(present.sum()) * len(PHASES))
        used = run.power(column)
        report(run, finding, ~(used <= limit + POWER_TOL_KW), column, "power above the limit", used, limit)
        report(run, finding, used < -POWER_TOL_KW, column, "power below zero", used, np.zeros(1))
        absent = np.isnan(run.cube(column)) & present
        report(run, finding, absent, column, "empty, though the home has the device", run.cube(column), limit)


def exclusive(run: Run, finding: Finding) -> None:
    """A battery never charges and discharges in one interval; nor does a car."""
    for device in ("battery", "vehicle"):
        charge, discharge = run.power(f"{device}_charge_kw"), run.power(f"{device}_discharge_kw")
        finding.tried(int(((charge > 0) | (discharge > 0)).sum()))
        both = np.minimum(charge, discharge)
        bad = ~(both <= POWER_TOL_KW)
        report(run, finding, bad, f"{device}_discharge_kw", "charges and discharges at once", both, np.zeros(1))


def _recursion(run: Run, device: str, before: Floats) -> Floats:
    """Energy at each interval's end from the energy before it and the device's settings."""
    into = np.nan_to_num(run.amounts(f"{device}_charge_efficiency"), nan=1.0)[:, None]
    out = run.amounts(f"{device}_discharge_efficiency")[:, None]
    drawn = np.divide(
        run.power(f"{device}_discharge_kw"),
        out,
        out=np.zeros_like(before),
        where=np.broadcast_to(out > 0, before.shape),
    )
    return np.asarray(before + (into * run.power(f"{device}_charge_kw") - drawn) * run.grid.step_h)


def battery_energy(run: Run, finding: Finding) -> None:
    """Battery energy follows from the settings, interval by interval, from the fleet's start energy."""
    energy = run.cube("battery_soc_kwh")
    start = np.broadcast_to(run.battery_start_kwh[:, None], (*energy.shape[:2], 1))
    wanted = _recursion(run, "battery", np.concatenate([start, energy[:, :, :-1]], axis=2))
    owned = np.broadcast_to(run.has_battery[:, None], energy.shape)
    finding.tried(int(owned.sum()))
    bad = off(energy, wanted, ENERGY_TOL_KWH) & owned
    report(run, finding, bad, "battery_soc_kwh", "energy does not follow from the settings", energy, wanted)
    ghost = (np.nan_to_num(energy) > ENERGY_TOL_KWH) & ~owned
    report(run, finding, ghost, "battery_soc_kwh", "energy without a battery", energy, np.zeros(1))


def battery_bounds(run: Run, finding: Finding) -> None:
    """Battery energy stays between minimum and maximum SoC (or the start, where that is outside)."""
    energy, capacity, start = run.cube("battery_soc_kwh"), run.amounts("battery_capacity_kwh"), run.battery_start_kwh
    low = np.minimum(run.amounts("battery_min_soc_fraction") * capacity, start)[:, None]
    ceiling = run.fleet["battery_max_soc_fraction"].fillna(1.0).to_numpy(dtype=np.float64)
    high = np.maximum(ceiling * capacity, start)[:, None]
    owned = np.broadcast_to(run.has_battery[:, None], energy.shape)
    finding.tried(int(owned.sum()))
    below, above = owned & ~(energy >= low - ENERGY_TOL_KWH), owned & ~(energy <= high + ENERGY_TOL_KWH)
    report(run, finding, below, "battery_soc_kwh", "energy below the minimum", energy, low)
    report(run, finding, above & ~below, "battery_soc_kwh", "energy above the maximum", energy, high)


def battery_end(run: Run, finding: Finding) -> None:
    """At the horizon's end a battery holds its start energy, and under a plan at least what the baseline leaves it."""
    end = run.cube("battery_soc_kwh")[:, :, -1]
    least = np.stack([run.battery_start_kwh] * 3)
    least[PLANNED:] = np.fmax(least[PLANNED:], end[BASELINE])
    owned = np.broadcast_to(run.has_battery, end.shape)
    finding.tried(int(owned.sum()))
    bad = np.zeros(run.rows.shape, dtype=np.bool_)
    bad[:, :, -1] = owned & ~(end >= least - ENERGY_TOL_KWH)
    found, wanted = run.cube("battery_soc_kwh"), np.repeat(least[:, :, None], run.rows.shape[2], axis=2)
    report(run, finding, bad, "battery_soc_kwh", "less energy at the end than without the VPP", found, wanted)


def vehicle_energy(run: Run, finding: Finding) -> None:
    """Car energy starts each session where the fleet says, follows the settings, and is empty while away."""
    cars, energy = homes.cars(run), run.cube("vehicle_soc_kwh")
    before = np.concatenate([np.zeros((*energy.shape[:2], 1)), energy[:, :, :-1]], axis=2)
    before = np.where(cars.begins, cars.start_kwh, before)
    wanted = _recursion(run, "vehicle", before)
    plugged = np.broadcast_to(cars.plugged, energy.shape)
    finding.tried(int(plugged.sum()))
    bad = off(energy, wanted, ENERGY_TOL_KWH) & plugged
    report(run, finding, bad, "vehicle_soc_kwh", "energy does not follow from the settings", energy, wanted)
    away = ~np.isnan(energy) & ~plugged
    report(run, finding, away, "vehicle_soc_kwh", "there is no car at the plug", energy, np.full(1, np.nan))


def vehicle_bounds(run: Run, finding: Finding) -> None:
    """Car energy stays between zero and capacity; discharging never goes below 15% or the arrival energy."""
    cars, energy = homes.cars(run), run.cube("vehicle_soc_kwh")
    capacity = run.amounts("vehicle_capacity_kwh")[:, None]
    low = np.minimum(homes.V2G_FLOOR_FRACTION * capacity, cars.start_kwh)
    high = np.maximum(capacity, cars.start_kwh)
    plugged = np.broadcast_to(cars.plugged, energy.shape)
    finding.tried(int(plugged.sum()))
    below, above = plugged & ~(energy >= low - ENERGY_TOL_KWH), plugged & ~(energy <= high + ENERGY_TOL_KWH)
    report(run, finding, below, "vehicle_soc_kwh", "energy below the car's floor", energy, low)
    report(run, finding, above & ~below, "vehicle_soc_kwh", "energy above the car's capacity", energy, high)


def vehicle_end(run: Run, finding: Finding) -> None:
    """A car leaves each session with at least the energy that the baseline would have left in it."""
    energy = run.cube("vehicle_soc_kwh")
    bad = np.zeros(energy.shape, dtype=np.bool_)
    for session in homes.cars(run).sessions:
        finding.tried(2)
        last = (slice(None), session.home, session.stop - 1)
        bad[last] = ~(energy[last] >= energy[BASELINE, session.home, session.stop - 1] - ENERGY_TOL_KWH)
    bad[BASELINE] = False
    wanted = energy[BASELINE]
    report(run, finding, bad, "vehicle_soc_kwh", "less energy at departure than without the VPP", energy, wanted)


def replays_plan(run: Run, finding: Finding) -> None:
    """What happened is the plan's settings, or the baseline's for a home that dropped out after the award.

    Curtailment follows the realised solar; a home that may not export may curtail more and discharge less.
    """
    solar = run.power("solar_kw")[REALISED]
    finding.tried(len(run.home_ids))
    for home, name in enumerate(run.home_ids):
        reasons = []
        for phase in (PLANNED, BASELINE):
            if phase == BASELINE and name not in run.dropped:
                continue
            wrong = _differs(run, home, phase, solar[home])
            if wrong is None:
                break
            reasons.append(wrong)
        else:
            column, at = reasons[0]
            row = int(run.rows[REALISED, home, at])
            finding.add(
                FILE, row, column, f"realised of {name} at {run.grid.starts[at].isoformat()} is not the planned setting"
            )


def _differs(run: Run, home: int, phase: int, solar: Floats) -> tuple[str, int] | None:
    free = not run.export_allowed[home]
    for column in run.settings:
        wanted, found = run.power(column)[phase, home], run.power(column)[REALISED, home]
        if column == "curtailed_kw":
            wanted = np.minimum(wanted, solar)
        if free and column == "curtailed_kw":
            bad = ~(found >= wanted - POWER_TOL_KW)
        elif free and column not in FURTHER:
            bad = ~(found <= wanted + POWER_TOL_KW)
        else:
            bad = ~(np.abs(found - wanted) <= POWER_TOL_KW)
        if bad.any():
            return column, int(np.argmax(bad))
    return None


def every_phase(run: Run, finding: Finding) -> None:
    """The run has homes and intervals at all."""
    if not run.home_ids or not run.grid.periods:
        raise UnusableError("the fleet is empty")
    finding.tried(len(run.home_ids))


_PROFILED = (*NEEDS, "profiles.parquet")
RULES = (
    Rule(name="physics.has_homes", needs=NEEDS, test=every_phase),
    Rule(name="physics.net_balance", needs=NEEDS, test=balance),
    Rule(name="physics.load_as_profiled", needs=_PROFILED, test=load_as_profiled),
    Rule(name="physics.solar_as_profiled", needs=_PROFILED, test=solar_as_profiled),
    Rule(name="physics.curtailment_within_solar", needs=NEEDS, test=curtailment),
    Rule(name="physics.power_limits", needs=NEEDS, test=power_limits),
    Rule(name="physics.exclusive_charge_discharge", needs=NEEDS, test=exclusive),
    Rule(name="physics.battery_energy", needs=NEEDS, test=battery_energy),
    Rule(name="physics.battery_bounds", needs=NEEDS, test=battery_bounds),
    Rule(name="physics.battery_end", needs=NEEDS, test=battery_end),
    Rule(name="physics.vehicle_energy", needs=NEEDS, test=vehicle_energy),
    Rule(name="physics.vehicle_bounds", needs=NEEDS, test=vehicle_bounds),
    Rule(name="physics.vehicle_end", needs=NEEDS, test=vehicle_end),
    Rule(name="physics.realised_replays_plan", needs=(*NEEDS, "events.jsonl"), test=replays_plan),
)
