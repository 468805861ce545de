"""Statistics of fleets, the names they use, and the figure."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gridpact.errors import TableError
from gridpact.fleet.findings import Findings
from gridpact.fleet.fleet import Fleet
from gridpact.fleet.generator import demonstration_fleet, generate_fleet
from gridpact.fleet.named import check_named
from gridpact.fleet.statistics import MOST_POINTS, describe, plugged_share, scatter_sample
from gridpact.operation.fleets import check_fleet_file
from gridpact.report.fleet_figure import render_fleet_figure

BATTERY = {"battery_capacity_kwh": 10.0, "battery_charge_kw": 5.0, "battery_discharge_kw": 4.0}
CAR = {"vehicle_capacity_kwh": 60.0, "vehicle_charge_kw": 7.2}


def fleet(*rows: dict[str, Any]) -> Fleet:
    return Fleet.from_frame(pd.DataFrame([{"home_id": f"h{number}"} | row for number, row in enumerate(rows)]))


def test_counts_and_totals_are_those_of_the_table() -> None:
    made = generate_fleet(500, seed=3)
    found, frame = describe(made), made.frame
    assert sum(found["homes_by"]["asset_mix"].values()) == found["homes"] == 500
    assert list(found["homes_by"]["persona"].values()) == sorted(found["homes_by"]["persona"].values(), reverse=True)
    for device in ("battery", "vehicle", "solar"):
        held = sum(count for mix, count in found["homes_by"]["asset_mix"].items() if device in mix.split(" + "))
        assert found["assets"][device]["homes"] == held
    kwh = frame["battery_capacity_kwh"].dropna()
    quantity = found["assets"]["battery"]["quantities"]["battery_capacity_kwh"]
    assert quantity["total"] == pytest.approx(kwh.sum())
    assert quantity["spread"]["median"] == pytest.approx(kwh.median())
    assert quantity["spread"]["p90"] == pytest.approx(np.quantile(kwh, 0.9))
    assert found["assets"]["battery"]["quantities"]["battery_soc_fraction"]["total"] is None
    limited = frame.loc[frame["battery_capacity_kwh"] > 0, "max_cycles_per_day"].notna().sum()
    assert found["preferences"]["max_cycles_per_day"]["homes"] == limited


def test_cars_are_at_the_plug_by_local_hour() -> None:
    shares, left_out = plugged_share(
        fleet(
            CAR | {"vehicle_arrive": "18:30", "vehicle_depart": "07:15"},
            CAR | {"vehicle_arrive": "09:00", "vehicle_depart": "10:00"},
            CAR | {"vehicle_arrive": None, "vehicle_depart": None},
            CAR | {"vehicle_arrive": "2022-07-13T18:00", "vehicle_depart": "2022-07-14T07:00"},
            {},
        )
    )
    assert left_out == 1
    assert shares[18] == pytest.approx(0.5 / 3, abs=1e-4)
    assert shares[7] == pytest.approx(0.25 / 3, abs=1e-4)
    assert shares[9] == shares[0] == pytest.approx(1 / 3, abs=1e-4)
    assert shares[12] == 0


def test_oddities_name_the_homes() -> None:
    found = describe(
        fleet(
            BATTERY | {"battery_charge_kw": 60.0, "floor_usd_per_mwh": 90},
            BATTERY | {"backup_soc_fraction": 0.95, "battery_max_soc_fraction": 0.9, "floor_usd_per_mwh": 90},
            {"load_profile": "model:9800:1", "floor_usd_per_mwh": 3000, "backup_soc_fraction": 0.2},
            CAR | {"blackout": "00:00-24:00", "floor_usd_per_mwh": 0.0, "persona": "investor"},
        )
    )["oddities"]
    by_home = {(oddity["what"], *oddity["examples"]) for oddity in found}
    for words, homes in (
        ("under 20 minutes", ("h0",)),
        ("leaves nothing", ("h1",)),
        ("could move energy", ("h2",)),
        ("but have no battery", ("h2",)),
        ("above 2,000", ("h2",)),
        ("share their load profile", ("h0", "h2")),
        ("around the clock", ("h3",)),
        ("at any price", ("h3",)),
        ("persona of their own", ("h3",)),
    ):
        assert any(words in what and examples == homes for what, *listed in by_home for examples in [tuple(listed)])


def test_large_fleets_are_sampled_for_the_scatter_plot() -> None:
    made = generate_fleet(9000, seed=1)
    kwh, kw, count = scatter_sample(made, "battery_capacity_kwh", "battery_discharge_kw")
    assert len(kwh) == len(kw) == MOST_POINTS < count
    drawn = render_fleet_figure(made, describe(made), title="big", page=True)
    assert f"{MOST_POINTS:,} of {count:,} batteries" in drawn


@pytest.mark.parametrize("page", [True, False])
@pytest.mark.parametrize(
    "made",
    [demonstration_fleet(), fleet({}), fleet(CAR), fleet(BATTERY | {"persona": "<b>&\"'"}, {"floor_usd_per_mwh": 9e4})],
    ids=["demonstration", "bare", "car", "markup"],
)
def test_any_fleet_can_be_drawn(made: Fleet, page: bool) -> None:
    drawn = render_fleet_figure(made, describe(made), title="a <title> & more", page=page)
    assert "<title> &" not in drawn
    assert "nan" not in drawn
    assert "http" not in drawn.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")
    for svg in re.findall(r"<svg viewBox.*?</svg>", drawn, flags=re.DOTALL) if page else [drawn]:
        root = ElementTree.fromstring(svg)  # noqa: S314
        assert root.get("role") == "img"
        assert root.get("aria-label")
    assert drawn == render_fleet_figure(made, describe(made), title="a <title> & more", page=page)


def test_names_that_nobody_knows_are_found_by_row_and_column() -> None:
    made = fleet(
        {"tariff": "time_of_us"},
        {"tariff": "mine", "load_profile": "measured-1"},
        {"load_profile": "model:9800", "solar_kw": 4.0, "solar_profile": "el_paso:sout@Mars/Base"},
        {"tariff": "flat@Mars/Base"},
    )
    findings = Findings(source="f", row_numbers=range(2, 6))
    check_named(made, findings, tariffs={"mine"}, profiles={"measured-1"})
    with pytest.raises(TableError) as raised:
        findings.raise_if_any()
    assert [(each.row, each.column) for each in raised.value.problems] == [
        (2, "tariff"),
        (4, "solar_profile"),
        (4, "load_profile"),
        (5, "tariff"),
    ]
    for words in ("did you mean 'time_of_use'?", "did you mean 'el_paso:south'?", "model:9800:17", "Mars/Base"):
        assert words in str(raised.value)


def test_a_fleet_file_is_checked_with_its_own_tariffs(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("Home ID;tariff;solar kW\na;mine;4,5\n", encoding="utf-8")
    starts = pd.date_range("2022-07-13", periods=2, freq="h", tz="UTC").astype(str)
    pd.DataFrame(
        {"tariff": "mine", "interval_start": starts, "import_usd_per_kwh": 0.2, "export_usd_per_kwh": 0.1}
    ).to_csv(tmp_path / "t.csv", index=False)
    without = check_fleet_file(tmp_path / "f.csv")
    assert (without.problem_count, without.problems[0].row, without.problems[0].column) == (1, 2, "tariff")
    check = check_fleet_file(tmp_path / "f.csv", tariffs=tmp_path / "t.csv")
    assert (check.homes, check.problem_count) == (1, 0)
    assert [note.text.split(" (")[0] for note in check.notes] == [
        "cells are separated by semicolons",
        "column 'Home ID' is read as home_id",
        "column 'solar kW' is read as solar_kw",
        "a comma is the decimal mark",
    ]
