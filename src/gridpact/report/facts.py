"""A finished run as its report needs it: the tables, who owns what, and which homes are shown one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.errors import MissingDataError
from gridpact.report import words
from gridpact.report.page import label
from gridpact.report.traces import DEVICES, Traces
from gridpact.results.run_folder import RunContent

STAGES = ("activated", "option", "bid", "invited")
"""How far a home came, furthest first."""
STAGE_WORDS = {
    "activated": "in: activated",
    "option": "agreed, not called",
    "bid": "asked, no agreement",
    "invited": "invited, asked for nothing",
}
MOST_GROUPS = 6
"""Kinds of owners with a colour of their own; the rest share the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Homes sorted into a few named groups."""

    names: tuple[str, ...]
    """In the order shown; plain text."""
    of: NDArray[np.int64]
    """Group of each home, shape (H,)."""


class Facts:
    """One run, read once. ``private/`` is never read."""

    def __init__(self, run: RunContent, events: Sequence[Mapping[str, Any]] | None = None) -> None:
        """Read the run's files.

        Args:
            run: on disk, or about to be written.
            events: rows of its log; by default the folder's.

        Raises:
            InputError: a file is missing or damaged.
        """
        self.result: Mapping[str, Any] = run.result
        self.fleet = run.table("fleet")
        self.homes = tuple(str(home) for home in self.fleet["home_id"])
        self.place = {home: number for number, home in enumerate(self.homes)}
        self.bids, self.offers, self.options, self.coalition = (
            run.table(key) for key in ("bids", "offers", "options", "coalition")
        )
        self.ledger = run.ledger()
        self._run = run
        self.events = list(_log(run) if events is None else events)
        self.opportunities: Sequence[Mapping[str, Any]] = self.result["opportunities"]
        self.timezone = str(self.fleet["timezone"].mode().iloc[0])

    @cached_property
    def traces(self) -> Traces | None:
        """Dispatch as arrays; None where the table is empty."""
        dispatch = self._run.table("dispatch")
        if dispatch.empty:
            return None
        return Traces(dispatch, self.fleet, step_minutes=int(self.opportunities[0]["step_minutes"]))

    def table(self, name: str) -> pd.DataFrame:
        """Another table of the run."""
        return self._run.table(name)

    @cached_property
    def personas(self) -> Groups:
        """Homes by kind of owner."""
        cells = [_word(value) for value in self.fleet["persona"]]
        return _groups(cells, none="no persona")

    @cached_property
    def assets(self) -> Groups:
        """Homes by the devices they have, the rarer kinds together, for what has few colours or fields."""
        return self._by_devices(most=MOST_GROUPS)

    @cached_property
    def devices(self) -> Groups:
        """Homes by the devices they have, every kind by its name."""
        return self._by_devices(most=None)

    def _by_devices(self, *, most: int | None) -> Groups:
        if self.traces is None:
            return _groups([""] * len(self.homes), none="not known", most=most)
        owned = [(device.singular, self.traces.owners(device)) for device in DEVICES]
        owned.append(("Solar", self.traces.has_solar))
        cells = [
            " + ".join(word if not k else word.lower() for k, word in enumerate(w for w, has in owned if has[home]))
            for home in range(len(self.homes))
        ]
        known = [word.lower() for word, has in owned if word in ("Battery", "Car") or has.any()]
        return _groups(cells, none=f"No {', '.join(known[:-1])} or {known[-1]}", most=most)

    def here(self, table: pd.DataFrame, opportunity: Mapping[str, Any]) -> pd.DataFrame:
        """Rows of one opportunity."""
        rows: pd.DataFrame = table[table["opportunity_id"] == opportunity["id"]]
        return rows

    def members(self, opportunity: Mapping[str, Any]) -> pd.DataFrame:
        """Rows of ``coalition.parquet`` of one opportunity, those of homes that the fleet has."""
        rows = self.here(self.coalition, opportunity)
        return rows.loc[rows["home_id"].isin(self.homes).to_numpy(dtype=np.bool_)]

    def per_home(self, table: pd.DataFrame, column: str) -> NDArray[np.float64]:
        """Sum of ``column`` over each home's rows, shape (H,)."""
        places = np.array([self.place.get(str(home), -1) for home in table["home_id"]], dtype=np.int64)
        known = places >= 0
        values = table[column].to_numpy(dtype=np.float64, na_value=0.0)
        return np.bincount(places[known], weights=values[known], minlength=len(self.homes)).astype(np.float64)

    def stages(self, opportunity: Mapping[str, Any]) -> NDArray[np.int64]:
        """How far each home came, as an index into ``STAGES``, shape (H,)."""
        found = np.full(len(self.homes), STAGES.index("invited"), dtype=np.int64)
        for stage, table in (("bid", self.bids), ("option", self.options)):
            mine = {str(home) for home in self.here(table, opportunity)["home_id"].unique()}
            found[[place for home, place in self.place.items() if home in mine]] = STAGES.index(stage)
        found[self.per_home(self.here(self.coalition, opportunity), "committed_kw") > 0] = STAGES.index("activated")
        return found

    def event(self, kind: str, opportunity: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Payload of the first event of ``kind``, of an opportunity where one is given; empty where there is none."""
        for row in self.events:
            payload = row.get("payload")
            if row.get("kind") != kind or not isinstance(payload, Mapping):
                continue
            if opportunity is None or payload.get("opportunity_id") == opportunity["id"]:
                return payload
        return {}

    def outcome(self, opportunity: Mapping[str, Any]) -> Mapping[str, Any]:
        """What became of an opportunity."""
        return next(entry for entry in self.result["outcomes"] if entry["opportunity_id"] == opportunity["id"])

    def clearing(self, opportunity: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Its clearing, where there was one."""
        return next((item for item in self.result["clearing"] if item["opportunity_id"] == opportunity["id"]), None)

    def bid(self, opportunity: Mapping[str, Any]) -> Mapping[str, Any]:
        """Its bid; without segments where there was none."""
        empty: Mapping[str, Any] = {"segments": [], "method": None, "solver": None}
        return next((item for item in self.result["bid"] if item["opportunity_id"] == opportunity["id"]), empty)

    def window_h(self, opportunity: Mapping[str, Any]) -> float:
        """Length of its window [h]."""
        length = pd.Timestamp(opportunity["end"]) - pd.Timestamp(opportunity["start"])
        return float(length.total_seconds() / 3600.0)

    def heading(self, opportunity: Mapping[str, Any]) -> str:
        """Name of an opportunity as plain text, where there are several; else nothing."""
        if len(self.opportunities) < 2:
            return ""
        return f"{label(opportunity['id'])}: {words.PRODUCTS[opportunity['product']]}"


def _log(run: RunContent) -> list[dict[str, Any]]:
    try:
        return run.events()
    except MissingDataError:
        return []


def _word(value: object) -> str:
    return "" if value is None or value != value else label(value, 24)


def _groups(cells: Sequence[str], *, none: str, most: int | None = MOST_GROUPS) -> Groups:
    counts: dict[str, int] = {}
    for cell in cells:
        counts[cell] = counts.get(cell, 0) + 1
    ordered = sorted(counts, key=lambda cell: (cell == "", -counts[cell], cell))
    kept = ordered if most is None or len(ordered) <= most else ordered[: most - 1]
    # By name, so that a kind keeps its colour from run to run.
    kept = sorted(kept, key=lambda cell: (cell == "", cell))
    names = [cell or none for cell in kept]
    place = {cell: number for number, cell in enumerate(kept)}
    if len(kept) < len(ordered):
        names.append(f"{len(ordered) - len(kept)} other kinds")
    return Groups(
        names=tuple(names),
        of=np.array([place.get(cell, len(kept)) for cell in cells], dtype=np.int64),
    )
