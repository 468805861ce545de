"""Random market days, audited: whatever is asked for, every promise, kilowatt-hour and micro-dollar holds."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gridpact.fleet.day import build_fleet_day
from gridpact.flexibility.highs import HighsModel
from gridpact.operation.homes import freeze_baselines, quote
from gridpact.operation.inputs import DayRequest, prepare_day
from gridpact.operation.system import IntegratedNegotiationSystem
from gridpact.results.run_folder import RunFolder
from gridpact_audit.audit import audit
from random_days import random_request

SAMPLE = range(12)
DEEP = range(12, 512)
DEEP_BATCHES = 20
EVENING = datetime(2022, 7, 13, 23, tzinfo=UTC)


def run_and_audit(number: int, out: Path) -> str:
    """Run day ``number``; the outcome. Fails with the day's number where the auditor finds anything."""
    request = random_request(number, most_homes=25 if number in SAMPLE else 60)
    folder = IntegratedNegotiationSystem().run(request, out=out / f"day-{number}")
    report = audit(folder.path)
    assert not report.failed, f"day {number}: {report.to_text()}"
    result = folder.result
    assert result["checks"]["ledger_sum_microusd"] == 0
    assert result["checks"]["preferences_broken"] == result["checks"]["double_sold"] == 0
    offers = folder.table("offers")
    assert offers.empty or offers["round"].max() <= request.rounds
    check_never_shared(folder)
    return str(result["outcome"])


def check_never_shared(folder: RunFolder) -> None:
    """Discharge that serves energy and reserve held in the same interval fit into the battery's power together."""
    fleet = folder.table("fleet").set_index("home_id")
    dispatch = folder.table("dispatch")
    planned = dispatch[(dispatch["phase"] == "planned") & (dispatch["reserve_kw"] > 0)]
    most = planned["home_id"].map(fleet["battery_discharge_kw"])
    assert (planned["battery_discharge_kw"].fillna(0) + planned["reserve_kw"] <= most + 1e-6).all()


@pytest.mark.parametrize("number", SAMPLE)
def test_random_day(number: int, tmp_path: Path) -> None:
    run_and_audit(number, tmp_path)


@pytest.mark.deep
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("batch", range(DEEP_BATCHES))
def test_five_hundred_random_days(batch: int, tmp_path: Path) -> None:
    outcomes = Counter(run_and_audit(number, tmp_path) for number in DEEP[batch::DEEP_BATCHES])
    assert outcomes["awarded"] >= sum(outcomes.values()) / 3, outcomes


def test_at_least_half_of_the_days_end_in_an_award(tmp_path: Path) -> None:
    outcomes = Counter(run_and_audit(number, tmp_path) for number in range(12, 22))
    assert outcomes["awarded"] >= 5, outcomes


def test_longer_windows_offer_less_power(tmp_path: Path) -> None:
    """The same start, 15 minutes, 1 hour and 4 hours: no home can promise more for longer."""
    shorter_somewhere = False
    for number in range(4):
        request = random_request(number, most_homes=8)
        powers = []
        for hours in (0.25, 1.0, 4.0):
            opportunity = replace(
                request.opportunities[0], start=EVENING, end=EVENING + timedelta(hours=hours), minimum_kw=0.0
            )
            asked = replace(request, opportunities=(opportunity,), drop_outs=(), silent={})
            powers.append(deliverable_kw(asked))
        quarter, hour, four = powers
        assert (hour <= quarter + 0.0011).all()
        assert (four <= hour + 0.0011).all()
        shorter_somewhere |= bool((four < quarter - 0.1).any())
    assert shorter_somewhere


def deliverable_kw(request: DayRequest) -> NDArray[np.float64]:
    """What each home can promise, shape (homes,) [kW]."""
    day = prepare_day(request)
    fleet_day = build_fleet_day(
        day.fleet, day.horizon, wholesale=day.wholesale.series if day.wholesale else None, seed=request.seed
    )
    model = HighsModel()
    homes = freeze_baselines(day, fleet_day, model)
    quotes = quote(homes, day.calls[0], spec=day.spec, model=model)
    return quotes.curves.deliverable_kw
