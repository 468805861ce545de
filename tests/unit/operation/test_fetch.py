"""Fetching through gridstatus: a stub stands in for it, here and in another Python; nothing goes over a network."""

import functools
import io
import sys
import types
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gridpact.data.prices import read_prices
from gridpact.errors import GridpactError, InputError, MissingDataError
from gridpact.operation.fetch import FetchFailedError, FetchRequest, fetch_prices
from import_samples import gridstatus_lmp, gridstatus_reserves

REQUEST = FetchRequest(
    iso="caiso", dataset="lmp", start="2023-08-14", end="2023-08-17", locations=("TH_SP15_GEN-APND",)
)
STUB = """
import io
import pandas as pd

class CAISO:
    def get_lmp(self, date, end=None, market=None, locations=None):
        assert (date, end, market, locations) == (
            "2023-08-14", "2023-08-17", "DAY_AHEAD_HOURLY", ["TH_SP15_GEN-APND"]
        )
        return pd.read_csv(io.StringIO(TEXT))
"""


def stub(answer: Any) -> types.ModuleType:
    module = types.ModuleType("gridstatus")

    class CAISO:
        def get_lmp(self, date: str, market: str, end: str, locations: Any = None) -> pd.DataFrame:
            calls.append((date, {"end": end, "market": market, "locations": locations}))
            return self.answer()

        def get_lmp_real_time_5_min(self, date: str, end: str) -> pd.DataFrame:
            calls.append((date, {"end": end}))
            return self.answer()

        def get_as_prices(self, date: str, end: str, market: str = "DAM") -> pd.DataFrame:
            assert market == "DAM"
            calls.append((date, {"end": end}))
            return self.answer()

        def answer(self) -> pd.DataFrame:
            if isinstance(answer, Exception):
                raise answer
            return pd.read_csv(io.StringIO(answer))

    calls: list[Any] = []
    module.CAISO = CAISO  # type: ignore[attr-defined]
    module.calls = calls  # type: ignore[attr-defined]
    return module


def test_prices_are_fetched_checked_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = stub(gridstatus_lmp())
    monkeypatch.setitem(sys.modules, "gridstatus", module)
    done = fetch_prices(REQUEST, out=tmp_path / "out.parquet")
    assert done.rows == 72
    asked = {"end": "2023-08-17", "market": "DAY_AHEAD_HOURLY", "locations": ["TH_SP15_GEN-APND"]}
    assert module.calls == [("2023-08-14", asked)]  # type: ignore[attr-defined]
    assert read_prices(tmp_path / "out.parquet").columns == ("th_sp15_gen_apnd_lmp_usd_per_mwh",)
    assert done.provenance["sources"][0]["name"] == "gridstatus_caiso_lmp.csv"


def test_reserve_prices_have_no_market(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = stub(gridstatus_reserves())
    monkeypatch.setitem(sys.modules, "gridstatus", module)
    fetch_prices(
        FetchRequest(iso="caiso", dataset="as", start="2022-10-15", end="2022-10-16"), out=tmp_path / "out.csv"
    )
    assert module.calls == [("2022-10-15", {"end": "2022-10-16"})]  # type: ignore[attr-defined]


def test_the_method_of_a_market_is_used_where_no_location_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = stub(gridstatus_lmp())
    monkeypatch.setitem(sys.modules, "gridstatus", module)
    market = FetchRequest(iso="caiso", dataset="lmp", start="2023-08-14", end="2023-08-17", market="REAL_TIME_5_MIN")
    fetch_prices(market, out=tmp_path / "out.parquet")
    assert module.calls == [("2023-08-14", {"end": "2023-08-17"})]  # type: ignore[attr-defined]
    with pytest.raises(FetchFailedError, match="no spp of caiso"):
        fetch_prices(
            FetchRequest(iso="caiso", dataset="spp", start="2023-08-14", end="2023-08-17"), out=tmp_path / "o.csv"
        )


def test_days_that_failed_are_not_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = stub(gridstatus_lmp(count=48))
    monkeypatch.setitem(sys.modules, "gridstatus", module)
    with pytest.raises(FetchFailedError, match="no data for 1 of 3 days, the first 2023-08-16"):
        fetch_prices(REQUEST, out=tmp_path / "out.parquet")
    answers: list[Any] = []

    @functools.wraps(module.CAISO.get_lmp)  # type: ignore[attr-defined]
    def strict(self: Any, date: str, *, error: str = "ignore", **given: Any) -> pd.DataFrame:
        answers.append(error)
        return pd.read_csv(io.StringIO(gridstatus_lmp()))

    monkeypatch.setattr(module.CAISO, "get_lmp", strict)  # type: ignore[attr-defined]
    fetch_prices(REQUEST, out=tmp_path / "out.parquet")
    assert answers == ["raise"]


def test_without_gridstatus_the_message_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gridstatus", None)
    with pytest.raises(MissingDataError, match=r"gridpact\[fetch\].*--python"):
        fetch_prices(REQUEST, out=tmp_path / "out.parquet")


@pytest.mark.parametrize("problem", [ConnectionError("no route\nto host"), KeyError("LMP"), RuntimeError()])
def test_failures_of_the_network_are_messages(
    problem: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gridstatus", stub(problem))
    with pytest.raises(FetchFailedError, match="gridstatus: ") as caught:
        fetch_prices(REQUEST, out=tmp_path / "out.parquet")
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, GridpactError)


def test_an_answer_with_a_gap_is_refused_like_any_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = gridstatus_lmp().splitlines()
    monkeypatch.setitem(sys.modules, "gridstatus", stub("\n".join([*lines[:9], *lines[10:]]) + "\n"))
    with pytest.raises(InputError, match="gap"):
        fetch_prices(REQUEST, out=tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()


def test_another_python_fetches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gridstatus.py").write_text(f"TEXT = {gridstatus_lmp()!r}\n{STUB}", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    request = FetchRequest(
        **{**{name: getattr(REQUEST, name) for name in REQUEST.__slots__}, "python": Path(sys.executable)}
    )
    assert fetch_prices(request, out=tmp_path / "out.parquet").rows == 72
    (tmp_path / "gridstatus.py").write_text("raise ImportError('No module named gridstatus')\n", encoding="utf-8")
    with pytest.raises(MissingDataError, match="has no gridstatus"):
        fetch_prices(request, out=tmp_path / "out.parquet")
    (tmp_path / "gridstatus.py").write_text("raise RuntimeError('the site is down')\n", encoding="utf-8")
    with pytest.raises(FetchFailedError, match="the site is down"):
        fetch_prices(request, out=tmp_path / "out.parquet")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"iso": "moon"}, "not one of caiso"),
        ({"dataset": "fuel"}, "not one of lmp"),
        ({"start": "14.8.2023"}, "--start"),
        ({"end": "2023-08-14"}, "must be after"),
        ({"python": Path("nowhere")}, "not a file"),
    ],
)
def test_requests_that_cannot_be_meant(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    request = FetchRequest(**{**{name: getattr(REQUEST, name) for name in REQUEST.__slots__}, **change})
    with pytest.raises(GridpactError, match=said):
        fetch_prices(request, out=tmp_path / "out.parquet")
