"""Power, energy and money of a finished day, and what other prices would have brought."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from audit import synthetic
from gridpact.coalition.payments import PAYMENT_RULES
from gridpact.report import daybook, money, risk
from gridpact.report.facts import Facts
from gridpact.report.traces import Traces
from unit.report.edited_run import EditedRun

STEP = 60


@pytest.fixture
def run(tmp_path_factory: pytest.TempPathFactory) -> EditedRun:
    return EditedRun(synthetic.write(tmp_path_factory.mktemp("run") / "day"))


def traces_of(run: EditedRun) -> Traces:
    return Traces(run.tables["dispatch"], run.tables["fleet"], step_minutes=STEP)


def test_change_is_measured_against_the_baselines_devices_on_the_day(run: EditedRun) -> None:
    change = {phase: series.sum(axis=0) for phase, series in traces_of(run).change_kw().items()}
    assert change["planned"][list(synthetic.ENERGY_HOURS)].tolist() == pytest.approx([8.0, 8.0])
    # One home with 1 kW drops out.
    assert change["realised"][list(synthetic.ENERGY_HOURS)].tolist() == pytest.approx([7.0, 7.0])
    # Forecast errors alone are no delivery.
    assert change["realised"][:6].tolist() == pytest.approx([0.0] * 6)


def test_rows_in_any_order_give_the_same_arrays(run: EditedRun) -> None:
    before = traces_of(run)
    run.tables["dispatch"] = run.tables["dispatch"].sample(frac=1.0, random_state=3)
    after = traces_of(run)
    for phase in before.phases:
        for column in ("net_kw", "battery_soc_kwh", "vehicle_soc_kwh"):
            np.testing.assert_array_equal(before.of(phase, column), after.of(phase, column))


def test_energy_of_batteries_begins_with_the_fleets_and_cars_away_have_none(run: EditedRun) -> None:
    facts = Facts(run)
    assert facts.traces is not None
    charts = {chart.key: chart for chart in daybook.charts_of(facts, facts.traces)}
    battery = charts["battery-kwh"].fleet()["planned"]
    assert len(battery) == synthetic.HOURS + 1
    fleet = run.tables["fleet"]
    assert battery[0] == pytest.approx((fleet["battery_soc_fraction"] * fleet["battery_capacity_kwh"]).sum())
    assert np.isnan(charts["vehicle-kwh"].fleet()["planned"]).any()
    assert charts["change"].fleet()["reserve"][list(synthetic.SPIN_HOURS)].tolist() == pytest.approx([4.0])


def test_solar_is_drawn_as_what_is_left_after_curtailment(run: EditedRun) -> None:
    """For homes with panels only, on the forecast and as it came."""
    facts = Facts(run)
    assert facts.traces is not None
    solar = {chart.key: chart for chart in daybook.charts_of(facts, facts.traces)}["solar-kw"]
    owners = run.tables["fleet"]["solar_kw"].fillna(0).to_numpy() > 0
    assert owners.any()
    assert not owners.all()
    for phase, series in solar.series.items():
        rows = run.tables["dispatch"][run.tables["dispatch"]["phase"] == phase]
        mine = rows[rows["home_id"].isin(run.tables["fleet"]["home_id"][owners])]
        assert np.isnan(series).all(axis=1).tolist() == (~owners).tolist()
        assert np.nansum(series) == pytest.approx((mine["solar_kw"] - mine["curtailed_kw"].fillna(0)).sum())
    run.tables["fleet"]["solar_kw"] = np.nan
    bare = Facts(run)
    assert bare.traces is not None
    assert "solar-kw" not in {chart.key for chart in daybook.charts_of(bare, bare.traces)}


def test_the_fleet_in_the_page_is_the_sum_of_its_homes(run: EditedRun) -> None:
    _, data = daybook.daybook(Facts(run))
    for key in ("net", "battery-kw"):
        for phase in ("planned", "realised"):
            total = np.zeros(synthetic.HOURS)
            for home in data["homes"]:
                series = home["s"].get(key, {}).get(phase, [0] * synthetic.HOURS)
                series = home["s"][key][series] if isinstance(series, str) else series
                total += np.array(series, dtype=float)
            shown = data["fleet"][key][phase]
            shown = data["fleet"][key][shown] if isinstance(shown, str) else shown
            np.testing.assert_allclose(total, shown, atol=len(data["homes"]))  # hundredths, rounded home by home


@pytest.mark.parametrize(
    ("start", "periods", "expected"),
    [
        ("2021-11-06T17:00Z", 25, [(0.0, "12:00"), (12.0, "00:00"), (19.0, "06:00")]),
        ("2021-03-13T18:00Z", 23, [(0.0, "12:00"), (12.0, "00:00"), (17.0, "06:00")]),
    ],
)
def test_clock_changes_keep_local_hours_at_their_elapsed_place(
    start: str, periods: int, expected: list[tuple[float, str]]
) -> None:
    starts = pd.date_range(start, periods=periods, freq="h")
    dispatch = pd.DataFrame({"phase": "baseline", "home_id": "a", "interval_start": starts, "net_kw": 1.0})
    traces = Traces(dispatch, pd.DataFrame({"home_id": ["a"]}), step_minutes=STEP)
    ticks = {hour: words[:5] for hour, words in traces.ticks("America/Chicago")}
    assert all(ticks[hour] == clock for hour, clock in expected)
    assert traces.hour(starts[6].isoformat()) == 6.0


def test_the_waterfall_is_the_ledger_to_the_microdollar(run: EditedRun) -> None:
    facts = Facts(run)
    parts = money.waterfall(facts)
    assert sum(part.microusd for part in parts[:-1]) == parts[-1].microusd
    ledger = run.ledger()
    operator = ledger.loc[ledger["account"] == "operator", "amount_microusd"].sum()
    assert parts[-1].microusd == operator
    assert -sum(part.microusd for part in parts if part.css == "f-owners") == int(
        ledger.loc[ledger["account"] == "home", "amount_microusd"].sum()
    )
    assert "adds up" in money.money(facts)


def test_owners_are_split_by_kind(run: EditedRun) -> None:
    fleet = run.tables["fleet"]
    run.tables["fleet"] = fleet.assign(persona=["x" if home in ("h1", "h7") else None for home in fleet["home_id"]])
    parts = {part.title: part for part in money.waterfall(Facts(run))}
    ledger = run.ledger()
    mine = ledger[(ledger["kind"] == "owner_payment") & ledger["home_id"].isin(["h1", "h7"])]
    assert parts["Owners: x"].microusd == -int(mine["amount_microusd"].sum())
    assert "Owners: no persona" in parts


def test_what_owners_keep_is_pay_less_the_bill_and_wear_of_the_day(run: EditedRun) -> None:
    facts = Facts(run)
    day = money.owners_day(facts)
    assert day is not None
    assert facts.traces is not None
    tariffs = run.tables["tariffs"].set_index(["tariff", "interval_start"])
    added = 0.0
    fleet = run.tables["fleet"].set_index("home_id")
    dispatch = run.tables["dispatch"].set_index(["phase", "home_id", "interval_start"]).fillna(0.0)
    members = set(run.content["coalition"]["members"])
    for home in members:
        for moment in facts.traces.starts:
            real, base = dispatch.loc[("realised", home, moment)], dispatch.loc[("baseline", home, moment)]
            prices = tariffs.loc[(fleet.loc[home, "tariff"], moment)]
            sun = real["solar_kw"] - min(base["curtailed_kw"], real["solar_kw"])
            devices = sum(
                base[f"{device}_charge_kw"] - base[f"{device}_discharge_kw"] for device in ("battery", "vehicle")
            )
            for sign, net in ((1.0, real["net_kw"]), (-1.0, real["load_kw"] - sun + devices)):
                price = prices["import_usd_per_kwh"] if net > 0 else prices["export_usd_per_kwh"]
                added += sign * net * price
            wear = fleet.loc[home, "battery_wear_usd_per_kwh"]
            drawn = real["battery_discharge_kw"] - base["battery_discharge_kw"]
            added += drawn * (0.0 if pd.isna(wear) else wear)
    assert day.homes == len(members)
    assert day.added_usd == pytest.approx(added, abs=1e-6)
    assert day.paid_usd == pytest.approx(run.content["settlement"]["owner_payments_usd"])


def test_every_payment_rule_is_explained() -> None:
    for rule in PAYMENT_RULES:
        assert rule in money.RULE_WORDS
        assert money.not_guaranteed(rule)
    assert money.not_guaranteed("unheard of") == ""


SEGMENTS = [
    {"quantity_kw": 10.0, "price": 50.0, "owners_usd": 0.9},
    {"quantity_kw": 5.0, "price": 80.0, "owners_usd": 0.7},
]


@pytest.mark.parametrize(
    ("price", "sold", "revenue", "owners"),
    [(49.99, 0.0, 0.0, 0.0), (50.0, 10.0, 1.0, 0.9), (80.0, 15.0, 2.4, 1.6), (-5.0, 0.0, 0.0, 0.0)],
)
def test_a_price_sells_what_it_pays_for(price: float, sold: float, revenue: float, owners: float) -> None:
    found = risk.at_price(price, SEGMENTS, requested_kw=15.0, minimum_kw=0.0, window_h=2.0)
    assert (found.quantity_kw, found.revenue_usd, found.owners_usd) == pytest.approx((sold, revenue, owners))
    assert found.profit_usd == pytest.approx(revenue - owners)


def test_less_than_the_market_takes_sells_nothing_and_costs_nothing() -> None:
    found = risk.at_price(60.0, SEGMENTS, requested_kw=15.0, minimum_kw=12.0, window_h=2.0)
    assert (found.quantity_kw, found.revenue_usd, found.profit_usd) == (0.0, 0.0, 0.0)


def test_without_costs_in_the_log_no_profit_is_claimed() -> None:
    bare = [{key: segment[key] for key in ("quantity_kw", "price")} for segment in SEGMENTS]
    assert risk.at_price(60.0, bare, requested_kw=15.0, minimum_kw=0.0, window_h=2.0).profit_usd is None


def test_risk_weighs_every_scenario(run: EditedRun) -> None:
    opportunity = run.content["opportunities"][0]
    run.note(
        "opportunity_announced",
        opportunity["id"],
        scenarios=[{"price": 40.0, "probability": 0.25}, {"price": 90.0, "probability": 0.75}],
        prices="two prices by hand",
    )
    segments = [segment | {"owners_usd": 0.5} for segment in run.content["bid"][0]["segments"]]
    run.note("bid_submitted", opportunity["id"], segments=segments)
    html = risk.risk(Facts(run), opportunity)
    sold = sum(segment["quantity_kw"] for segment in segments)
    profit = 90.0 * sold * 2.0 / 1000.0 - 0.5 * len(segments)
    assert "clears in 75.0% of the prices thought possible" in html
    assert f"leave the operator {0.75 * profit:,.2f} USD" in html
    assert "two prices by hand" in html
    assert len(re.findall(r'<circle class="risk"', html)) == 4  # two prices in two charts


def test_series_of_equal_phases_are_stored_once(run: EditedRun) -> None:
    _, data = daybook.daybook(Facts(run))
    idle = next(home for home in data["homes"] if home["id"] == "h4")
    assert idle["s"]["net"]["planned"] == "baseline"
    assert json.dumps(data)
