"""Terms that act before the coalition: who is asked, how often, for what, and for how long they talk."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gridpact.market.opportunity import MarketOpportunity, Product
from gridpact.operation.inputs import DayRequest
from gridpact.operation.system import IntegratedNegotiationSystem
from gridpact.optimization.spec import ProblemSpec

START = datetime.fromisoformat("2022-07-13T19:00-05:00")


def opportunity(name: str, hours_later: int, *, kw: float) -> MarketOpportunity:
    start = START + timedelta(hours=hours_later)
    return MarketOpportunity(
        opportunity_id=name,
        product=Product.ENERGY,
        start=start,
        end=start + timedelta(hours=1),
        requested_kw=kw,
        reference_price=80.0,
    )


def day(tmp_path: Path, *, kw: float = 30.0, **terms: Any) -> tuple[dict[str, Any], Path]:
    request = DayRequest(
        opportunities=(opportunity("first", 0, kw=kw), opportunity("second", 1, kw=kw)),
        spec=ProblemSpec.from_mapping(terms),
    )
    folder = IntegratedNegotiationSystem().run(request, out=tmp_path / "run")
    return json.loads((folder.path / "result.json").read_bytes()), folder.path


def members(folder: Path) -> pd.DataFrame:
    frame = pd.read_parquet(folder / "coalition.parquet")
    return frame[frame["committed_kw"] > 0]


def test_nobody_twice(tmp_path: Path) -> None:
    _, free = day(tmp_path / "free", kw=1.0, only_homes=["cedar"])
    assert members(free).groupby("home_id").size().max() == 2
    _, once = day(tmp_path / "once", kw=1.0, only_homes=["cedar"], max_awards_per_home=1)
    assert members(once).groupby("home_id").size().max() == 1
    frame = pd.read_parquet(once / "coalition.parquet")
    assert frame["reason"].str.contains("max_awards_per_home").any()


@pytest.mark.parametrize(
    ("terms", "allowed"),
    [
        ({"only_homes": ["maple", "cedar"]}, {"maple", "cedar"}),
        ({"only_personas": ["aggressive"]}, {"cedar", "willow", "sycamore"}),
        ({"only_homes": ["maple", "cedar"], "exclude_homes": ["oak"]}, {"maple", "cedar"}),
        ({"only_products": ["spin"]}, set()),
    ],
)
def test_others_are_not_asked(tmp_path: Path, terms: dict[str, Any], allowed: set[str]) -> None:
    _, folder = day(tmp_path, **terms)
    called = set(members(folder)["home_id"])
    assert called <= allowed
    assert bool(called) == bool(allowed)


def test_no_longer_talks_than_allowed(tmp_path: Path) -> None:
    _, free = day(tmp_path / "free")
    assert pd.read_parquet(free / "offers.parquet")["round"].max() > 1
    _, short = day(tmp_path / "short", max_rounds=1)
    assert pd.read_parquet(short / "offers.parquet")["round"].max() == 1


def test_owners_are_not_offered_more_than_allowed(tmp_path: Path) -> None:
    _, folder = day(tmp_path, max_owner_price=60.0, min_spread=3.0)
    assert pd.read_parquet(folder / "offers.parquet")["price"].max() <= 60.0
