from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from gridpact.errors import InputError
from gridpact.market.opportunity import MarketOpportunity, Product
from gridpact.optimization.spec import ProblemSpec

CHICAGO = "America/Chicago"
ROW = {"home_id": "h1", "persona": "moderate", "timezone": CHICAGO}


def opportunity(start: str = "2022-07-13T19:00-05:00", end: str = "2022-07-13T21:00-05:00") -> MarketOpportunity:
    return MarketOpportunity(
        opportunity_id="o",
        product=Product.ENERGY,
        start=datetime.fromisoformat(start),
        end=datetime.fromisoformat(end),
        requested_kw=30.0,
        reference_price=80.0,
    )


def write(folder: Path, text: str) -> Path:
    path = folder / "spec.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_no_terms_is_neutral(tmp_path: Path) -> None:
    spec = ProblemSpec()
    assert spec == ProblemSpec.from_yaml(write(tmp_path, ""))
    assert spec.terms(available_kw=np.ones(3)) == ()
    assert spec.admits(ROW, opportunity()) is None
    assert spec.frozen_assets(opportunity(), CHICAGO) == frozenset()


def test_reads_every_term(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        margin: 0.1
        max_kw_per_home: 5
        max_share_per_home: 0.4
        max_total_kw: 25
        min_total_kw: 6
        min_members: 3
        exclude_homes: [h1]
        exclude_personas: [conservative]
        exclude_assets:
          - {asset: vehicle, windows: ["00:00-07:00"]}
          - asset: battery
        operating_windows: ["Mon-Fri 16:00-22:00"]
        soc_reserve_fraction: 0.2
        satisfaction_weight_usd: 0.05
        """,
    )
    spec = ProblemSpec.from_yaml(path)
    assert [term.name for term in spec.terms(available_kw=np.full(4, 9.0))] == [
        "max_kw_per_home",
        "max_share_per_home",
        "max_total_kw",
        "min_total_kw",
        "min_members",
    ]
    assert ProblemSpec.model_validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("margn: 0.1", "unknown term 'margn'; did you mean 'margin'"),
        ("margin: 1.0", "margin is 1.0"),
        ("margin: ten percent", "margin is 'ten percent'"),
        ("margin: .nan", "margin is nan"),
        ("margin: true", "margin is True"),
        ("max_kw_per_home: 0", "max_kw_per_home is 0"),
        ("max_share_per_home: 40", "max_share_per_home is 40"),
        ("min_members: 2.5", "min_members is 2.5"),
        ("min_total_kw: 9\nmax_total_kw: 5", "min_total_kw 9 is above max_total_kw 5"),
        ("operating_windows: ['17-19']", "operating_windows is .*: '17' is not a local time|not a local window"),
        ("exclude_assets: [{asset: heat pump}]", "exclude_assets.0.asset is 'heat pump'"),
        (
            "exclude_assets: [{asset: battery, window: ['00:00-07:00']}]",
            "unknown key 'exclude_assets.0.window'.*windows",
        ),
        ("- margin", "write terms as 'name: value'"),
        ("margin: 0.1\nmargin: 0.2", "written twice"),
        ("margin: [", "not readable as YAML"),
    ],
)
def test_bad_specs_name_the_file_the_key_and_the_cause(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InputError, match=message) as caught:
        ProblemSpec.from_yaml(path)
    assert str(path) in str(caught.value)
    assert "pydantic" not in str(caught.value)


def test_admits() -> None:
    assert "exclude_homes" in str(ProblemSpec(exclude_homes=("h1",)).admits(ROW, opportunity()))
    assert "moderate" in str(ProblemSpec(exclude_personas=("moderate",)).admits(ROW, opportunity()))
    assert ProblemSpec(exclude_personas=("moderate",)).admits({**ROW, "persona": None}, opportunity()) is None


@pytest.mark.parametrize(
    ("windows", "inside"),
    [
        (("16:00-22:00",), True),
        (("19:00-21:00",), True),
        (("19:00-20:00", "20:00-21:00"), True),
        (("19:01-21:00",), False),
        (("16:00-20:59",), False),
        (("Sat,Sun 16:00-22:00",), False),
        (("Wed 16:00-22:00",), True),
        (("22:00-06:00",), False),
        (("18:00-06:00",), True),
    ],
)
def test_operating_windows_are_local_to_the_minute(windows: tuple[str, ...], inside: bool) -> None:
    reason = ProblemSpec(operating_windows=windows).admits(ROW, opportunity())
    assert (reason is None) == inside


def test_operating_windows_follow_each_homes_clock() -> None:
    spec = ProblemSpec(operating_windows=("19:00-21:00",))
    assert spec.admits({**ROW, "timezone": "America/Los_Angeles"}, opportunity()) is not None


def test_no_cars_before_seven() -> None:
    spec = ProblemSpec.from_mapping({"exclude_assets": [{"asset": "vehicle", "windows": ["00:00-07:00"]}]})
    early = opportunity("2022-07-13T06:00-05:00", "2022-07-13T08:00-05:00")
    late = opportunity("2022-07-13T07:00-05:00", "2022-07-13T08:00-05:00")
    assert spec.frozen_assets(early, CHICAGO) == {"vehicle"}
    assert spec.frozen_assets(late, CHICAGO) == frozenset()
    assert spec.frozen_assets(late, "America/Los_Angeles") == {"vehicle"}


def test_windows_on_the_night_the_clock_changes() -> None:
    spec = ProblemSpec.from_mapping({"exclude_assets": [{"asset": "battery", "windows": ["01:30-03:30"]}]})
    spring = opportunity("2022-03-13T03:00-05:00", "2022-03-13T03:30-05:00")
    assert spec.frozen_assets(spring, CHICAGO) == {"battery"}
    after = opportunity("2022-03-13T03:30-05:00", "2022-03-13T04:00-05:00")
    assert spec.frozen_assets(after, CHICAGO) == frozenset()


def test_a_member_with_a_capped_offer_counts_with_what_is_left() -> None:
    terms = ProblemSpec(max_kw_per_home=0.05, min_members=2).terms(available_kw=np.array([3.0, 0.02]))
    assert terms[1].member_kw.tolist() == [0.05, 0.02]  # type: ignore[attr-defined]
