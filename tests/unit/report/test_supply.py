"""The merit order and the rounds: the numbers behind their charts."""

import re

import numpy as np
import pandas as pd
import pytest

from audit import synthetic
from gridpact.report import rounds, supply
from gridpact.report.facts import Facts
from unit.report.edited_run import EditedRun


def asks(*rows: tuple[int, str, int, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["round", "home_id", "segment", "quantity_kw", "price"])


@pytest.fixture
def run(tmp_path_factory: pytest.TempPathFactory) -> EditedRun:
    return EditedRun(synthetic.write(tmp_path_factory.mktemp("run") / "day"))


def test_only_the_latest_ask_of_each_home_counts() -> None:
    bids = asks((1, "a", 1, 2.0, 60.0), (2, "a", 1, 2.0, 50.0), (1, "b", 1, 1.0, 70.0))
    assert supply.final_asks(bids)["price"].tolist() == [50.0, 70.0]


def test_a_home_is_cut_where_its_commitment_and_its_options_end() -> None:
    stack = supply.supply_stack(
        asks((1, "a", 1, 2.0, 50.0), (1, "a", 2, 2.0, 60.0), (1, "b", 1, 1.0, 55.0)),
        committed_kw={"a": 2.5},
        option_kw={"a": 3.0, "b": 0.25},
    )
    pieces = list(zip(stack["home_id"], stack["quantity_kw"], stack["price"], stack["state"], strict=True))
    assert pieces == [
        ("a", 2.0, 50.0, "in"),
        ("b", 0.25, 55.0, "option"),
        ("b", 0.75, 55.0, "out"),
        ("a", 0.5, 60.0, "in"),
        ("a", 0.5, 60.0, "option"),
        ("a", 1.0, 60.0, "out"),
    ]
    assert stack["left_kw"].tolist() == [0.0, 2.0, 2.25, 3.0, 3.5, 4.0]


def test_many_bars_are_joined_without_losing_power_or_groups() -> None:
    rng = np.random.default_rng(5)
    bids = asks(*[(1, f"h{k}", 1, float(rng.uniform(0.1, 2)), float(rng.uniform(20, 90))) for k in range(2000)])
    stack = supply.supply_stack(bids, committed_kw={"h3": 5.0}, option_kw={})
    persona = np.array([int(home[1:]) % 3 for home in stack["home_id"]], dtype=np.int64)
    bars = supply.joined(stack, persona, np.zeros(len(stack), dtype=np.int64))
    assert len(bars) <= 3 * supply.SLICES + supply.SLICES
    assert bars["quantity_kw"].sum() == pytest.approx(stack["quantity_kw"].sum())
    assert (np.diff(bars["left_kw"]) > 0).all()
    for group in range(3):
        mine = bars.loc[bars["persona"] == group, "quantity_kw"].sum()
        assert mine == pytest.approx(stack.loc[persona == group, "quantity_kw"].sum())


def test_asks_far_above_the_deal_are_cut_and_said(run: EditedRun) -> None:
    bids = run.tables["bids"]
    run.tables["bids"] = bids.assign(price=bids["price"].where(bids["home_id"] != "h6", 4000.0))
    facts = Facts(run)
    html = supply.supply_figure(facts, facts.opportunities[0], number_of=0)
    assert re.search(r"[\d.]+ kW are asked above the chart&#x27;s top, at up to 4,000 USD/MWh", html)
    ticks = [float(tick.replace(",", "")) for tick in re.findall(r'text-anchor="end">([\d,.]+)<', html)]
    assert max(ticks) < 400


def test_where_nothing_was_sold_the_chart_reaches_what_was_agreed(run: EditedRun) -> None:
    run.nothing_sold("no_bid", reason="too dear", loss_avoided_usd=1.0)
    run.content["opportunities"] = [run.content["opportunities"][0] | {"reference_price": 2.0}]
    facts = Facts(run)
    agreed = float(run.tables["options"]["price"].max())
    assert agreed > 10 * 2.0
    html = supply.supply_figure(facts, facts.opportunities[0], number_of=0)
    ticks = [float(tick.replace(",", "")) for tick in re.findall(r'text-anchor="end">([\d,.]+)<', html)]
    assert max(ticks) >= agreed


def test_negative_prices_have_room(run: EditedRun) -> None:
    run.tables["bids"] = run.tables["bids"].assign(price=-30.0)
    facts = Facts(run)
    html = supply.supply_figure(facts, facts.opportunities[0], number_of=0)
    ticks = re.findall(r'text-anchor="end">(−?[\d,.]+)<', html)
    assert any(tick.startswith("−") for tick in ticks)


def test_state_is_never_told_by_colour_alone(run: EditedRun) -> None:
    facts = Facts(run)
    html = supply.supply_figure(facts, facts.opportunities[0], number_of=0)
    striped = re.findall(r'<rect class="bar [^"]* option[^>]*/>(<rect class="over")?', html)
    assert striped
    assert all(striped)
    for group in facts.assets.names:
        assert f'text-anchor="start">{group},' in html  # a lane of its own, named


def test_rounds_add_up() -> None:
    offers = pd.DataFrame(
        {
            "round": [1, 1, 2, 2],
            "home_id": ["a", "b", "a", "b"],
            "price": [50.0, 52.0, 60.0, 62.0],
            "accepted_kw": [1.0, 0.0, 0.5, 2.0],
        }
    )
    bids = asks((1, "a", 1, 9.0, 55.0), (1, "b", 1, 1.0, 90.0), (2, "a", 1, 5.0, 52.0))
    found = rounds.rounds_table(bids, offers)
    assert found["total_kw"].tolist() == [1.0, 3.5]
    assert found["took"].tolist() == [1, 2]
    assert found["offer_mean"].tolist() == [51.0, 61.0]
    assert found["agreed"].tolist() == [50.0, pytest.approx((0.5 * 60 + 2 * 62) / 2.5)]
    # Nine tenths of the power asked in round 1 is at 55.
    assert found[["ask_low", "ask_mid", "ask_high"]].to_numpy()[0].tolist() == [55.0, 55.0, 55.0]


def test_quantiles_weigh_power_not_rows() -> None:
    prices, power = pd.Series([10.0, 20.0, 30.0]), pd.Series([1.0, 1.0, 8.0])
    assert rounds.weighted_quantiles(prices, power, (0.1, 0.5, 0.9)) == [10.0, 30.0, 30.0]
    assert np.isnan(rounds.weighted_quantiles(prices[:0], power[:0], (0.5,))).all()


def test_large_fleets_show_bands_instead_of_homes(run: EditedRun) -> None:
    facts = Facts(run)
    assert "askring" in rounds.rounds_figures(facts, facts.opportunities[0])
    run.replicate(10)
    facts = Facts(run)
    many = rounds.rounds_figures(facts, facts.opportunities[0])
    assert "askband" in many
    assert "askring" not in many
