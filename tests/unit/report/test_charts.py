"""The numbers behind the charts."""

import numpy as np
import pandas as pd
import pytest

from audit import synthetic
from gridpact.report import day_charts, stack
from unit.report.edited_run import EditedRun

OPPORTUNITY = {
    "id": "evening",
    "requested_kw": 4.0,
    "reference_price": 80.0,
    "price_unit": "usd_per_mwh",
}


def asks(*rows: tuple[int, str, int, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["round", "home_id", "segment", "quantity_kw", "price"])


def test_only_the_latest_ask_of_each_home_counts() -> None:
    bids = asks((1, "a", 1, 2.0, 60.0), (2, "a", 1, 2.0, 50.0), (1, "b", 1, 1.0, 70.0))
    assert stack.final_asks(bids)["price"].tolist() == [50.0, 70.0]


def test_a_home_is_cut_where_its_commitment_and_its_options_end() -> None:
    supply = stack.supply_stack(
        asks((1, "a", 1, 2.0, 50.0), (1, "a", 2, 2.0, 60.0), (1, "b", 1, 1.0, 55.0)),
        committed_kw={"a": 2.5},
        option_kw={"a": 3.0, "b": 0.25},
    )
    pieces = list(zip(supply["home_id"], supply["quantity_kw"], supply["price"], supply["state"], strict=True))
    assert pieces == [
        ("a", 2.0, 50.0, "in"),
        ("b", 0.25, 55.0, "option"),
        ("b", 0.75, 55.0, "out"),
        ("a", 0.5, 60.0, "in"),
        ("a", 0.5, 60.0, "option"),
        ("a", 1.0, 60.0, "out"),
    ]
    assert supply["left_kw"].tolist() == [0.0, 2.0, 2.25, 3.0, 3.5, 4.0]


def test_many_bars_are_merged_without_losing_power() -> None:
    rng = np.random.default_rng(5)
    bids = asks(*[(1, f"h{k}", 1, float(rng.uniform(0.1, 2)), float(rng.uniform(20, 90))) for k in range(2000)])
    supply = stack.supply_stack(bids, committed_kw={"h3": 5.0}, option_kw={})
    opportunity = OPPORTUNITY | {"requested_kw": 5000.0}
    figure, _, _ = stack.stack_figure(supply, opportunity=opportunity, segments=[], clearing=None)
    widths = [width for trace in figure["data"] for width in trace["width"]]
    assert len(widths) <= stack.MOST_BARS + 5
    assert sum(widths) == pytest.approx(supply["quantity_kw"].sum(), abs=0.1)


def test_asks_far_above_the_deal_are_cut_and_said() -> None:
    supply = stack.supply_stack(
        asks((1, "a", 1, 3.0, 50.0), (1, "b", 1, 2.0, 4000.0)), committed_kw={"a": 3.0}, option_kw={}
    )
    segments = [{"quantity_kw": 3.0, "price": 60.0}]
    figure, keys, note = stack.stack_figure(supply, opportunity=OPPORTUNITY, segments=segments, clearing=75.0)
    assert figure["layout"]["yaxis"]["range"][1] < 250
    assert "2.0 kW are asked above the chart's top, at up to 4,000 USD/MWh" in note
    assert "Clearing price, 75.00 USD/MWh" in [key.label for key in keys]
    bid = next(trace for trace in figure["data"] if trace["type"] == "scatter")
    assert (bid["x"], bid["y"]) == ([0.0, 3.0], [60.0, 60.0])


def test_negative_prices_have_room() -> None:
    supply = stack.supply_stack(asks((1, "a", 1, 1.0, -30.0)), committed_kw={}, option_kw={})
    figure, _, _ = stack.stack_figure(supply, opportunity=OPPORTUNITY, segments=[], clearing=-10.0)
    low, high = figure["layout"]["yaxis"]["range"]
    assert low < -30
    assert high > 0


def test_rounds_add_up() -> None:
    offers = pd.DataFrame(
        {
            "round": [1, 1, 2, 2],
            "home_id": ["a", "b", "a", "b"],
            "price": [50.0, 52.0, 60.0, 62.0],
            "accepted_kw": [1.0, 0.0, 0.5, 2.0],
        }
    )
    rounds = stack.rounds_table(offers)
    assert rounds["total_kw"].tolist() == [1.0, 3.5]
    assert rounds["took"].tolist() == [1, 2]
    assert rounds["price_mean"].tolist() == [51.0, 61.0]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> EditedRun:
    return EditedRun(synthetic.write(tmp_path_factory.mktemp("run") / "day"))


def test_change_is_measured_against_the_baselines_devices_on_the_day(run: EditedRun) -> None:
    view = day_charts.day_view(run.tables["dispatch"], run.tables["fleet"], step_minutes=60, timezone="America/Chicago")
    assert view is not None
    assert view.change_kw["planned"][list(synthetic.ENERGY_HOURS)].tolist() == pytest.approx([8.0, 8.0])
    # One home with 1 kW drops out.
    assert view.change_kw["realised"][list(synthetic.ENERGY_HOURS)].tolist() == pytest.approx([7.0, 7.0])
    # Forecast errors alone are no delivery.
    assert view.change_kw["realised"][:6].tolist() == pytest.approx([0.0] * 6)
    assert view.reserve_kw[list(synthetic.SPIN_HOURS)].tolist() == pytest.approx([4.0])
    assert len(view.battery_kwh["planned"]) == 25
    assert np.isnan(view.vehicle_kwh["planned"]).any()


@pytest.mark.parametrize(
    ("start", "periods", "expected"),
    [
        ("2021-11-06T17:00Z", 25, [(0.0, "12:00"), (12.0, "00:00"), (19.0, "06:00")]),
        ("2021-03-13T18:00Z", 23, [(0.0, "12:00"), (12.0, "00:00"), (17.0, "06:00")]),
    ],
)
def test_clock_changes_keep_local_hours_at_their_elapsed_place(
    run: EditedRun, start: str, periods: int, expected: list[tuple[float, str]]
) -> None:
    starts = pd.date_range(start, periods=periods, freq="h")
    flat = np.zeros(periods)
    view = day_charts.DayView(
        starts=starts,
        step_h=1.0,
        timezone="America/Chicago",
        net_kw={"baseline": flat},
        change_kw={},
        reserve_kw=flat,
        battery_kwh={},
        vehicle_kwh={},
    )
    window = {"id": "w", "start": starts[6].isoformat(), "end": starts[8].isoformat()}
    figure, _ = day_charts.net_figure(view, [window])
    axis = figure["layout"]["xaxis"]
    ticks = dict(zip(axis["tickvals"], [tick[:5] for tick in axis["ticktext"]], strict=True))
    assert all(ticks[hour] == clock for hour, clock in expected)
    assert "America/Chicago" in axis["title"]["text"]
    assert (figure["layout"]["shapes"][0]["x0"], figure["layout"]["shapes"][0]["x1"]) == (6.0, 8.0)


@pytest.mark.parametrize(
    ("revenue", "owners", "penalty", "profit"),
    [(10.0, 7.0, 1.0, 2.0), (2.0, 3.0, 0.0, -1.0), (-1.0, 0.0, 0.0, -1.0)],
)
def test_the_waterfall_ends_at_the_operators_profit(
    revenue: float, owners: float, penalty: float, profit: float
) -> None:
    settlement = {
        "market_revenue_usd": revenue,
        "owner_payments_usd": owners,
        "penalty_usd": penalty,
        "operator_profit_usd": profit,
    }
    trace = day_charts.money_figure(settlement)["data"][0]
    assert trace["base"][2] + trace["y"][2] == pytest.approx(trace["y"][3])
    assert ("loses" if profit < 0 else "keeps") in day_charts.money_figure(settlement)["layout"]["xaxis"]["ticktext"][3]
