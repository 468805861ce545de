"""The hand-made run folder of the auditor's tests with some of its content replaced: what a report has to cope with."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gridpact.results.run_folder import RunContent, RunFolder


class EditedRun(RunContent):
    """A run whose result and tables are held in memory; asking for anything private fails the test."""

    def __init__(self, folder: Path) -> None:
        source = RunFolder.open(folder)
        self.content: dict[str, Any] = copy.deepcopy(source.result)
        names = ("fleet", "bids", "offers", "options", "coalition", "dispatch", "tariffs")
        self.tables: dict[str, pd.DataFrame] = {name: source.table(name) for name in names}
        self.entries = source.ledger()
        self.log = source.events()

    @property
    def path(self) -> Path:
        return Path("nowhere")

    def read(self, file: str) -> bytes:
        raise AssertionError(f"the report read {file} outside the tables it may read")

    @property
    def result(self) -> dict[str, Any]:
        return self.content

    def table(self, name: str) -> pd.DataFrame:
        return self.tables[name].copy()

    def ledger(self) -> pd.DataFrame:
        return self.entries.copy()

    def events(self) -> list[dict[str, Any]]:
        return copy.deepcopy(self.log)

    def note(self, kind: str, opportunity: str, **more: Any) -> None:
        """Add to what the log says of an opportunity."""
        for row in self.log:
            if row["kind"] == kind and row["payload"].get("opportunity_id") == opportunity:
                row["payload"] |= more

    def replicate(self, times: int) -> None:
        """A fleet of so many copies of every home; the result's totals stay, so only reports can be made of it."""

        def copies(table: pd.DataFrame, column: str = "home_id") -> pd.DataFrame:
            whole = pd.concat([table] * times, ignore_index=True)
            number = np.repeat(np.arange(times), len(table)).astype(str)
            named = whole[column].astype(str)
            return whole.assign(**{column: np.where(named == "", "", named + "-" + pd.Series(number))})

        for key, table in self.tables.items():
            if "home_id" in table:
                self.tables[key] = copies(table)
        self.tables["fleet"]["meter_id"] = self.tables["fleet"]["home_id"]
        self.entries = copies(self.entries)

    def rename_homes(self, names: Mapping[str, str]) -> None:
        """Give homes other ids wherever a report could meet them."""
        for key, table in self.tables.items():
            if "home_id" in table:
                self.tables[key] = table.assign(home_id=table["home_id"].replace(dict(names)))
        self.entries = self.entries.assign(home_id=self.entries["home_id"].replace(dict(names)))
        members = self.content["coalition"]["members"]
        self.content["coalition"]["members"] = [names.get(member, member) for member in members]

    def nothing_sold(self, outcome: str, *, reason: str, loss_avoided_usd: float | None = None) -> None:
        """One energy opportunity that ended without an award."""
        content = self.content
        content["opportunities"] = content["opportunities"][:1]
        kept = content["opportunities"][0]["id"]
        for key, table in self.tables.items():
            if "opportunity_id" in table:
                self.tables[key] = table[table["opportunity_id"] == kept]
        coalition = self.tables["coalition"]
        self.tables["coalition"] = coalition.assign(
            committed_kw=0.0, delivered_kwh=0.0, paid_usd=0.0, satisfaction=float("nan"), reason=reason
        )
        dispatch = self.tables["dispatch"]
        baseline = dispatch[dispatch["phase"] == "baseline"]
        self.tables["dispatch"] = pd.concat([baseline.assign(phase=p) for p in ("baseline", "planned", "realised")])
        self.entries = self.entries.iloc[:0]
        content["outcome"] = outcome
        content["outcomes"] = [
            {
                "opportunity_id": kept,
                "outcome": outcome,
                "reason": reason,
                "price": 45.0 if outcome == "not_cleared" else None,
                "loss_avoided_usd": loss_avoided_usd,
            }
        ]
        content["clearing"] = []
        if outcome not in ("not_cleared", "refused"):
            self.log = [row for row in self.log if row["kind"] != "bid_submitted"]
        content["bid"] = content["bid"][:1] if outcome in ("not_cleared", "refused") else []
        content["coalition"] = {"members": [], "options_kw": 10.5, "committed_kw": 0.0}
        content["delivery"] = dict.fromkeys(content["delivery"], 0.0)
        content["settlement"] |= {key: 0.0 for key in content["settlement"] if key.endswith("_usd")}
        content["metrics"] = dict.fromkeys(content["metrics"])
        content["checks"] |= dict.fromkeys(("individually_rational", "budget_balanced", "deliverable", "rules_ok"))
