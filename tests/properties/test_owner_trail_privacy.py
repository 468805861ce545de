"""An owner's trail is a function of the owner's own rows and of public facts, whatever else a run holds.

A run is taken, and everything in it that belongs to other homes or to the operator is replaced by something random: the
other homes themselves, their number and place, totals, prices, expectations, digests, and how many rows the log has.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridpact.operation.inputs import DayRequest
from gridpact.operation.owner_trail import owner_trail
from gridpact.operation.system import IntegratedNegotiationSystem
from gridpact.operation.trail import RunSource, folder_source
from gridpact.results.run_folder import RunFolder

HOMES = ("maple", "cedar", "willow", "juniper", "sycamore", "oak")
PUBLIC = {
    *("id", "product", "direction", "start", "end", "step_minutes", "requested_kw", "price_unit", "rules"),
    *("opportunity_id", "gate_closure"),
}
"""Of an opportunity; nothing else of it may reach an owner."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    out = tmp_path_factory.mktemp("privacy") / "run"
    request = DayRequest(drop_outs=("cedar@before", "willow@after"))
    return ReadOnce(IntegratedNegotiationSystem().run(request, out=out).path)


class ReadOnce(RunFolder):
    """A folder whose tables are read from disk once."""

    def table(self, name: str, *, home_id: str | None = None) -> pd.DataFrame:
        known = self.__dict__.setdefault("_frames", {})
        if name not in known:
            known[name] = super().table(name)
        frame = known[name]
        return (frame if home_id is None else frame[frame["home_id"] == home_id]).copy()


@dataclass
class Meddled:
    """The files of a run in which all but one home's part is made up."""

    folder: RunFolder
    mine: str
    rng: np.random.Generator

    def __post_init__(self) -> None:
        homes = [str(home) for home in self.folder.table("fleet")["home_id"]]
        kept = [home for home in homes if home == self.mine or self.rng.random() < 0.7]
        self.rng.shuffle(kept)
        self.names = {home: home if home == self.mine else f"x{self.rng.integers(1 << 40)}" for home in kept}
        self.path = self.folder.path

    @property
    def result(self) -> Mapping[str, Any]:
        found = self.scramble(self.folder.result)
        found["opportunities"] = [
            {key: value if key in PUBLIC else self.scramble(value) for key, value in each.items()}
            for each in self.folder.result["opportunities"]
        ]
        found["commitments"] = [
            {**each, "home_id": "x", "quantity_kw": float(self.rng.random())}
            for each in self.folder.result.get("commitments", [])
        ]
        return dict(found)

    def table(self, name: str, *, home_id: str | None = None) -> pd.DataFrame:
        frame = self.folder.table(name)
        if "home_id" not in frame:
            return frame
        parts = [self._changed(frame[frame["home_id"] == home], home) for home in self.names]
        found = pd.concat(parts, ignore_index=True)
        return found if home_id is None else found[found["home_id"] == home_id].reset_index(drop=True)

    def _changed(self, rows: pd.DataFrame, home: str) -> pd.DataFrame:
        if home == self.mine:
            # Why agreed options were not called tells of others.
            if "reason" in rows and "committed_kw" in rows:
                why = rows["reason"].str.replace(r", but .*", lambda _: f", but {self.rng.random()}", regex=True)
                return rows.assign(reason=why, satisfaction=self.rng.random(len(rows)))
            return rows
        rows = rows.assign(home_id=self.names[home])
        for column in rows.columns:
            if rows[column].dtype == np.float64:
                rows[column] = self.rng.random(len(rows)) * 1e3
        return rows

    def ledger(self) -> pd.DataFrame:
        frame = self.folder.ledger()
        other = ~((frame["account"] == "home") & (frame["home_id"] == self.mine))
        frame.loc[other, "amount_microusd"] = self.rng.integers(1 << 30, size=int(other.sum()))
        frame.loc[other & (frame["home_id"] != ""), "home_id"] = "x"
        kept = (~other) | (self.rng.random(len(frame)) < 0.6)
        found = frame[kept].reset_index(drop=True)
        return found.assign(entry_id=[f"{number + self.rng.integers(99):08d}.1" for number in range(len(found))])

    def rows(self) -> list[dict[str, Any]]:
        found = []
        for row in self.folder.events():
            payload, kind = row["payload"], row["kind"]
            if kind in ("run_started", "files_written") or kind.startswith("effect_"):
                payload = self.scramble(payload)
            elif kind == "opportunity_announced":
                payload = {key: value if key in PUBLIC else self.scramble(value) for key, value in payload.items()}
            elif kind == "member_dropped":
                if payload["home_id"] != self.mine and self.rng.random() < 0.5:
                    continue
                payload = {**payload, "formed_again_without": ["x1", "x2"]} if "stage" not in payload else payload
                payload["home_id"] = self.names.get(payload["home_id"], "x3")
            elif kind not in ("replaced_by_policy", "run_finished"):
                payload = {
                    **self.scramble(payload),
                    **{key: payload[key] for key in payload if key == "opportunity_id"},
                }
            for _ in range(1 + int(self.rng.integers(3) if kind in ("bids_collected", "effect_done") else 0)):
                found.append({**row, "payload": payload, "seq": len(found), "at": self.later(row["at"])})
        noise = {"opportunity_id": "?", "round": 1, "what": "ask", "strategy": "s", "reason": "r", "home_ids": ["x4"]}
        found.insert(-2, {**found[-1], "kind": "replaced_by_policy", "payload": noise})
        return found

    def later(self, at: str) -> str:
        return (pd.Timestamp(at) + pd.Timedelta(minutes=int(self.rng.integers(60)))).isoformat()

    def scramble(self, value: Any) -> Any:
        match value:
            case dict():
                return {key: self.scramble(item) for key, item in value.items()}
            case list():
                return [self.scramble(item) for item in value if self.rng.random() < 0.8]
            case bool() | None:
                return value
            case int() | float():
                return float(self.rng.random()) * 100
            case _:
                return f"{value}-{self.rng.integers(1 << 30)}"


def shown(source: RunSource, home: str) -> str:
    told = owner_trail(source, home)
    return told.to_json() + told.to_csv() + "\n".join(entry.text for entry in told.entries)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(home=st.sampled_from(HOMES), seed=st.integers(0, 2**32))
def test_nothing_of_others_or_of_the_operator_moves_an_owners_trail(folder: RunFolder, home: str, seed: int) -> None:
    source = folder_source(folder.path)
    meddled = Meddled(folder, home, np.random.default_rng(seed))
    content: Callable[[], Any] = lambda: meddled  # noqa: E731
    changed = RunSource(rows=meddled.rows(), timezones=dict.fromkeys(source.timezones, "Asia/Tokyo"), content=content)
    assert shown(changed, home) == shown(source, home)


def test_the_run_has_a_home_of_each_fate(folder: RunFolder) -> None:
    assert set(HOMES) == set(folder.table("fleet")["home_id"])
    source = folder_source(folder.path)
    whys = {owner_trail(source, home).head["opportunities"][0]["why"] for home in HOMES}
    assert {"called", "agreed, and not called", "dropped out before gate closure"} <= whys


@pytest.mark.parametrize("table", ["bids", "offers", "options", "coalition"])
def test_the_test_can_fail(folder: RunFolder, table: str) -> None:
    """What is the owner's own does move the trail."""

    class Own(Meddled):
        def table(self, name: str, *, home_id: str | None = None) -> pd.DataFrame:
            frame = self.folder.table(name, home_id=home_id)
            column = "committed_kw" if name == "coalition" else "quantity_kw" if name != "offers" else "price"
            return frame.assign(**{column: frame[column] + 1.0}) if name == table else frame

    source = folder_source(folder.path)
    own = Own(folder, "maple", np.random.default_rng(0))
    content: Callable[[], Any] = lambda: own  # noqa: E731
    changed = RunSource(rows=source.rows, timezones=source.timezones, content=content)
    assert shown(changed, "maple") != shown(source, "maple")


def test_keys_of_an_owners_facts_are_those_of_the_page(folder: RunFolder) -> None:
    """A key that is added must be thought through, and named in docs/trail.md."""
    page = (Path(__file__).parents[2] / "docs" / "trail.md").read_text(encoding="utf-8")
    facts = json.loads(owner_trail(folder_source(folder.path), "maple").to_json())
    named = {*facts, *facts["opportunities"][0], *facts["preferences"]} - {"schema", "view", "entries"}
    assert not {key for key in named if f"`{key}`" not in page}
