"""One suite that every kind of asset passes, from a fleet's row to the auditor. A new asset is an entry in CASES."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.spoiling import Folder
from gridpact.errors import InputError
from gridpact.fleet.assets import ASSETS
from gridpact.fleet.columns import COLUMNS, FURTHER_COLUMNS
from gridpact.fleet.day import FleetDay, build_fleet_day
from gridpact.fleet.fleet import Fleet
from gridpact.fleet.io import read_fleet, write_fleet
from gridpact.flexibility.batch import ScheduleBatch
from gridpact.flexibility.highs import HighsModel
from gridpact.flexibility.home import Ask, Commitment, Schedule
from gridpact.flexibility.problems import home_problems
from gridpact.horizon import Horizon
from gridpact.market.opportunity import MarketOpportunity, Product
from gridpact.operation.inputs import DayRequest
from gridpact.operation.system import IntegratedNegotiationSystem
from gridpact.results.tables import FORMS
from gridpact.settlement.assets import FACTS
from gridpact.settlement.physics import simulate
from gridpact.settlement.premises import CarStays, Premises, Trace
from gridpact_audit import audit
from gridpact_audit.run import FURTHER

MODEL = HighsModel()
EVENING = datetime(2022, 7, 14, 0, tzinfo=UTC)
"""19:00 in Chicago."""
HORIZON = Horizon.covering([(EVENING, EVENING.replace(hour=1))], timezone="America/Chicago", step_minutes=15)
BLACKOUT = ["20:30-21:30", "08:00-12:00"]


@dataclass(frozen=True, kw_only=True)
class Case:
    """What the suite has to know of one kind of asset."""

    row: Mapping[str, Any]
    """Cells that give a home the asset."""
    settings: Mapping[str, str]
    """Its columns in ``dispatch.parquet`` that are set, and the fleet's column that limits each."""
    energy: str = ""
    """Its column with what is stored, if it stores."""
    bounds: tuple[float, float] = (0.0, 0.0)
    """What may be stored [kWh]."""
    wrong: Mapping[str, Any] = field(default_factory=dict)
    """Cells that must be refused."""
    tariff: str = "time_of_use"
    """A tariff under which its owner does something without the VPP too."""
    sells: bool = True
    """Whether the asset alone can sell in the evening."""


CASES = {
    "battery": Case(
        row={
            "battery_capacity_kwh": 10.0,
            "battery_charge_kw": 4.0,
            "battery_discharge_kw": 5.0,
            "battery_soc_fraction": 0.6,
        },
        settings={"battery_charge_kw": "battery_charge_kw", "battery_discharge_kw": "battery_discharge_kw"},
        energy="battery_soc_kwh",
        bounds=(1.0, 10.0),
        wrong={
            "battery_capacity_kwh": -1.0,
            "battery_charge_kw": "much",
            "battery_discharge_kw": None,
            "battery_soc_fraction": 1.5,
        },
    ),
    "vehicle": Case(
        row={
            "vehicle_capacity_kwh": 60.0,
            "vehicle_charge_kw": 7.0,
            "vehicle_discharge_kw": 7.0,
            "vehicle_soc_fraction": 0.5,
            "vehicle_arrive": "17:30",
            "vehicle_depart": "07:00",
        },
        settings={"vehicle_charge_kw": "vehicle_charge_kw", "vehicle_discharge_kw": "vehicle_discharge_kw"},
        energy="vehicle_soc_kwh",
        bounds=(9.0, 60.0),
        wrong={
            "vehicle_capacity_kwh": float("inf"),
            "vehicle_charge_kw": None,
            "vehicle_required_soc_fraction": -0.1,
            "vehicle_arrive": "late",
        },
    ),
    "solar": Case(
        row={"solar_kw": 8.0, "solar_profile": "el_paso:south"},
        settings={"curtailed_kw": "solar_kw"},
        wrong={"solar_kw": -2.0},
        sells=False,
    ),
    "heat": Case(
        row={
            "heat_capacity_kwh": 6.0,
            "heat_power_kw": 2.5,
            "heat_cop": 1.5,
            "heat_leak_fraction_per_h": 0.02,
            "heat_start_fraction": 0.4,
            "heat_demand_profile": "water:9000:3",
        },
        settings={"heat_kw": "heat_power_kw"},
        energy="heat_kwh",
        bounds=(0.0, 6.0),
        tariff="flat",
        wrong={
            "heat_capacity_kwh": "warm",
            "heat_power_kw": None,
            "heat_cop": 0.0,
            "heat_leak_fraction_per_h": 0.95,
            "heat_start_fraction": 1.01,
        },
    ),
}
each_asset = pytest.mark.parametrize("name", sorted(CASES))


def test_every_asset_is_in_the_suite() -> None:
    assert set(CASES) == set(ASSETS)


def test_every_layer_knows_the_same_further_assets() -> None:
    further = set(FURTHER_COLUMNS)
    assert set(FACTS) == further
    columns = [name for group in FORMS["dispatch"].further for name in group.names]
    assert sorted(columns) == sorted(f"{name}{unit}" for name in further for unit in ("_kw", "_kwh"))
    assert set(FURTHER) == {f"{name}_kw" for name in further}
    groups = [[column.name for column in FURTHER_COLUMNS[name]] for name in FURTHER_COLUMNS]
    assert [group.names for group in FORMS["fleet"].further] == groups


def fleet_of(*rows: Mapping[str, Any], tariff: str = "time_of_use") -> Fleet:
    common = {"tariff": tariff, "load_profile": "model:9000:5"}
    return Fleet.from_frame(
        pd.DataFrame([{"home_id": f"h{number}"} | common | dict(row) for number, row in enumerate(rows)])
    )


@dataclass(frozen=True, kw_only=True)
class Evening:
    day: FleetDay
    baseline: Schedule
    plan: Schedule
    sold_kw: float


@cache
def evening(name: str) -> Evening:
    """One home with the asset and a blackout, and its plan after it has sold what it can from 19:00 to 20:00."""
    # No export, so that even a roof has something to decide.
    row = {**CASES[name].row, "blackout": "; ".join(BLACKOUT), "export_allowed": name != "solar"}
    fleet = fleet_of(row, tariff=CASES[name].tariff)
    day = build_fleet_day(fleet, HORIZON, wholesale=None, seed=1)
    (home,) = home_problems(day)
    baseline = MODEL.baseline(home)
    window = HORIZON.window(EVENING, EVENING.replace(hour=1))
    ask = Ask(opportunity_id="evening", first=window.start, stop=window.stop, reserve=False)
    most = MODEL.cost_curve(home, baseline, (), ask).deliverable_kw
    promise = Commitment(
        opportunity_id="evening", first=ask.first, stop=ask.stop, quantity_kw=round(0.8 * most, 3), reserve=False
    )
    return Evening(day=day, baseline=baseline, plan=MODEL.schedule(home, baseline, (promise,)), sold_kw=most)


def trace_of(it: Evening, *plans: Schedule) -> tuple[Premises, list[Trace]]:
    day = it.day
    stays = CarStays(**{item.name: getattr(day.sessions, item.name) for item in fields(CarStays)})
    facts = Premises.of_fleet(day.fleet.frame, HORIZON, stays=stays, blackout=day.blackout, demand_kw=day.demand_kw)
    return facts, [
        Trace.of_plans(ScheduleBatch.of([plan]), load_kw=day.load_forecast_kw, solar_kw=day.solar_forecast_kw)
        for plan in plans
    ]


def energy_of(trace: Trace, column: str) -> np.ndarray:
    device = trace.devices.get(column.removesuffix("_kwh"))
    return getattr(trace, column) if device is None else device.energy_kwh


@each_asset
def test_sells_what_it_can(name: str) -> None:
    it = evening(name)
    assert (it.sold_kw > 0.2) == CASES[name].sells
    assert (it.plan is it.baseline) == (it.sold_kw == 0)


@each_asset
def test_schedules_respect_power_and_energy(name: str) -> None:
    it, case = evening(name), CASES[name]
    row = it.day.fleet.row("h0")
    _, traces = trace_of(it, it.baseline, it.plan)
    for trace in traces:
        for setting, limit in case.settings.items():
            power = trace.drawn_kw(setting)
            assert np.all(power >= 0)
            assert np.all(power <= row[limit] + 1e-9)
            assert power.shape == (1, HORIZON.periods)
        if case.energy:
            energy = energy_of(trace, case.energy)
            assert np.nanmin(energy) >= case.bounds[0] - 1e-6
            assert np.nanmax(energy) <= case.bounds[1] + 1e-6
    assert any(trace_of(it, it.baseline)[1][0].drawn_kw(setting).any() for setting in case.settings)


@each_asset
def test_settlement_does_what_was_planned(name: str) -> None:
    it = evening(name)
    facts, (baseline, planned) = trace_of(it, it.baseline, it.plan)
    for told in (baseline, planned):
        real = simulate(
            facts, planned=told, baseline=baseline, load_kw=it.day.load_forecast_kw, solar_kw=it.day.solar_forecast_kw
        )
        assert real.departures == ()
        for setting in CASES[name].settings:
            np.testing.assert_allclose(real.trace.drawn_kw(setting), told.drawn_kw(setting), atol=1e-7)
        np.testing.assert_allclose(real.trace.net_kw, told.net_kw, atol=1e-7)
        if CASES[name].energy:
            energy = CASES[name].energy
            np.testing.assert_allclose(energy_of(real.trace, energy), energy_of(told, energy), atol=1e-6)


@each_asset
def test_settlement_does_no_more_than_the_device_can(name: str) -> None:
    it, case = evening(name), CASES[name]
    facts, (baseline,) = trace_of(it, it.baseline)
    absurd = {setting: np.full((1, HORIZON.periods), 1e4) for setting in case.settings}
    told = _told(baseline, absurd)
    real = simulate(
        facts, planned=told, baseline=baseline, load_kw=it.day.load_forecast_kw, solar_kw=it.day.solar_forecast_kw
    ).trace
    row = it.day.fleet.row("h0")
    for setting, limit in case.settings.items():
        assert np.all(real.drawn_kw(setting) <= row[limit] + 1e-9)
    if case.energy:
        assert np.nanmax(energy_of(real, case.energy)) <= case.bounds[1] + 1e-9


def _told(trace: Trace, settings: Mapping[str, np.ndarray]) -> Trace:
    own = {name: values for name, values in settings.items() if hasattr(trace, name)}
    devices = {
        name: replace(device, power_kw=settings.get(f"{name}_kw", device.power_kw))
        for name, device in trace.devices.items()
    }
    return replace(trace, **own, devices=devices)


@each_asset
def test_nothing_changes_in_a_blackout(name: str) -> None:
    it = evening(name)
    _, (baseline, planned) = trace_of(it, it.baseline, it.plan)
    dark = it.day.blackout
    assert dark.sum() == 20
    for setting in CASES[name].settings:
        np.testing.assert_array_equal(planned.drawn_kw(setting)[dark], baseline.drawn_kw(setting)[dark])


@each_asset
def test_the_owner_ends_with_no_less_than_without_the_vpp(name: str) -> None:
    energy = CASES[name].energy
    if not energy:
        pytest.skip("stores nothing")
    it = evening(name)
    _, (baseline, planned) = trace_of(it, it.baseline, it.plan)
    there = ~np.isnan(energy_of(baseline, energy)[0])
    last = [t for t in range(len(there)) if there[t] and (t + 1 == len(there) or not there[t + 1])]
    assert np.all(energy_of(planned, energy)[0, last] >= energy_of(baseline, energy)[0, last] - 1e-6)


def negotiate(fleet: Fleet, out: Path) -> Path:
    opportunity = MarketOpportunity(
        opportunity_id="evening",
        product=Product.ENERGY,
        start=EVENING,
        end=EVENING.replace(hour=1),
        requested_kw=20.0,
        minimum_kw=0.0,
        reference_price=900.0,
    )
    request = DayRequest(fleet=fleet, opportunities=(opportunity,), seed=4)
    IntegratedNegotiationSystem(progress=lambda stage: None).run(request, out=out)
    return out


@each_asset
def test_an_absent_or_empty_asset_changes_not_a_byte(name: str, tmp_path: Path) -> None:
    other = CASES["vehicle" if name == "battery" else "battery"].row
    mine = [column.name for column in COLUMNS.values() if column.name in CASES[name].row]
    empty: dict[str, Any] = dict.fromkeys(mine) | {ASSETS[name].size: 0.0}
    without, idle = fleet_of(other, {}), fleet_of(other | empty, empty)
    if ASSETS[name].size in without.frame:
        # A zero is written as given; the columns of an asset nobody has are not there at all.
        idle = fleet_of(other | empty | {ASSETS[name].size: None}, empty | {ASSETS[name].size: None})
    assert idle == without
    one, two = negotiate(without, tmp_path / "one"), negotiate(idle, tmp_path / "two")
    for file in sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file()):
        if file.name != "performance.json":
            assert (one / file).read_bytes() == (two / file).read_bytes(), file


@each_asset
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_row_is_read_as_it_was_written(name: str, ending: str, tmp_path: Path) -> None:
    fleet = fleet_of(CASES[name].row, {})
    write_fleet(fleet, tmp_path / f"fleet.{ending}")
    again = read_fleet(tmp_path / f"fleet.{ending}")
    assert again == fleet
    for column, value in CASES[name].row.items():
        assert again.row("h0")[column] == value
    assert getattr(again.home("h0"), name) is not None
    assert getattr(again.home("h1"), name) is None
    assert getattr(again.subset(["h1"]).home("h1"), name) is None


@each_asset
def test_a_wrong_cell_is_refused_by_row_and_column(name: str, tmp_path: Path) -> None:
    for column, value in CASES[name].wrong.items():
        good, bad = CASES[name].row, {**CASES[name].row, column: value}
        frame = pd.DataFrame([{"home_id": "a"} | good, {"home_id": "b"} | bad])
        frame.to_csv(tmp_path / "fleet.csv", index=False)
        with pytest.raises(InputError, match=rf"fleet\.csv row 3, {column}") as told:
            read_fleet(tmp_path / "fleet.csv")
        assert str(told.value).count("\n") == 0


@each_asset
def test_the_auditor_finds_a_changed_trajectory(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    rows = [{**case.row, "load_profile": f"model:9000:{k}"} for k in range(3)]
    clean = negotiate(fleet_of(*rows, tariff=case.tariff), tmp_path / "run")
    report = audit(clean)
    assert report.holds, report.to_text()
    for column in (*case.settings, *([case.energy] if case.energy else [])):
        for phase in ("baseline", "planned", "realised"):
            folder = Folder(clean)
            kept = folder.table("dispatch.parquet")
            cells = [dict(row) for row in kept]
            mine = (row["phase"] == phase and row[column] is not None for row in cells)
            place = next(at for at, there in enumerate(mine) if there)
            cells[place][column] += 0.05
            folder.save("dispatch.parquet", cells)
            folder.reseal()
            found = {(problem.file, problem.row) for check in audit(clean).failed for problem in check.problems}
            assert ("dispatch.parquet", place + 1) in found, (phase, column)
            folder.save("dispatch.parquet", kept)
            folder.reseal()
