"""Awards of earlier runs that bind the homes of this one."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gridpact.errors import InputError
from gridpact.fleet.columns import FURTHER_COLUMNS
from gridpact.fleet.fleet import Fleet
from gridpact.flexibility.devices import DeviceTrace
from gridpact.flexibility.home import Commitment, Schedule
from gridpact.horizon import Horizon
from gridpact.market.opportunity import Product
from gridpact.market.rules import RuleProfile, load_rules
from gridpact.results.run_folder import RunFolder

SETTINGS = (
    "curtailed_kw",
    "battery_charge_kw",
    "battery_discharge_kw",
    "vehicle_charge_kw",
    "vehicle_discharge_kw",
    "net_kw",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierRun:
    """One run folder that this run builds on."""

    run_id: str
    sha256: str
    """Digest of its result.json."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierAwards:
    """What earlier runs of the same operating day have promised, and the baseline they froze."""

    runs: tuple[EarlierRun, ...] = ()
    commitments: Mapping[str, tuple[Commitment, ...]] = field(default_factory=dict)
    """By home."""
    baselines: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    """Frozen baseline rows of ``dispatch``, by home."""
    profiles: pd.DataFrame | None = None
    tariffs: pd.DataFrame | None = None
    records: tuple[Mapping[str, Any], ...] = ()
    """What result.json says of each promise."""

    def baseline(self, home_id: str) -> Schedule:
        """The frozen baseline of ``home_id`` as a schedule whose cost is not yet known."""
        rows = self.baselines[home_id]
        arrays = {name: np.nan_to_num(rows[name].to_numpy(dtype=float)) for name in SETTINGS}
        return Schedule(
            **arrays,
            battery_soc_kwh=np.nan_to_num(rows["battery_soc_kwh"].to_numpy(dtype=float)),
            vehicle_soc_kwh=rows["vehicle_soc_kwh"].to_numpy(dtype=float),
            reserve_kw=np.zeros(len(rows)),
            cost_usd=float("nan"),
            devices={
                name: DeviceTrace(
                    power_kw=rows[f"{name}_kw"].to_numpy(dtype=float),
                    energy_kwh=rows[f"{name}_kwh"].to_numpy(dtype=float),
                )
                for name in FURTHER_COLUMNS
                if f"{name}_kw" in rows and rows[f"{name}_kw"].notna().all()
            },
        )


def read_earlier_awards(
    folders: Sequence[Path], *, fleet: Fleet, horizon: Horizon, rule_files: Mapping[str, Path] | None = None
) -> EarlierAwards:
    """Read the awards of ``folders``, which must be runs of the same fleet and operating day.

    ``rule_files`` says where users' own rule profiles lie now, by the path that the runs know them by.

    A run made with ``--commitments`` carries the earlier promises along, so naming the last run of a chain is enough;
    naming all of them counts each promise once.

    Raises:
        InputError: a folder is not a run, or is of another fleet or operating day.
    """
    if not folders:
        return EarlierAwards()
    rules = _Rules(files=rule_files or {})
    runs, records, seen = [], [], set()
    first: RunFolder | None = None
    for path in folders:
        folder = RunFolder.open(path)
        folder.check_seals()
        _check_same_day(folder, path, fleet=fleet, horizon=horizon, first=first)
        first = first or folder
        digest = hashlib.sha256(folder.result_json().encode()).hexdigest()
        runs.append(EarlierRun(run_id=folder.result["run"]["id"], sha256=digest))
        for record in _promises(folder, rules):
            key = (record["run"], record["opportunity_id"], record["home_id"])
            if key not in seen:
                seen.add(key)
                records.append(record)
    if first is None:
        return EarlierAwards()
    by_home: dict[str, list[Commitment]] = {}
    for record in records:
        window = horizon.window(_moment(record["start"]), _moment(record["end"]), what="an earlier award")
        by_home.setdefault(record["home_id"], []).append(
            Commitment(
                opportunity_id=f"{record['run']}/{record['opportunity_id']}",
                first=window.start,
                stop=window.stop,
                quantity_kw=record["quantity_kw"],
                reserve=record["product"] != Product.ENERGY,
                sustain_h=record["sustain_h"],
                reduction_only=not rules.of(record["rules"], _moment(record["start"])).export_counts,
            )
        )
    dispatch = first.table("dispatch")
    baseline = dispatch[dispatch["phase"] == "baseline"]
    return EarlierAwards(
        runs=tuple(runs),
        commitments={home: tuple(promises) for home, promises in by_home.items()},
        baselines={str(home): rows.sort_values("interval_start") for home, rows in baseline.groupby("home_id")},
        profiles=first.table("profiles"),
        tariffs=first.table("tariffs"),
        records=tuple(records),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """Rule profiles by the name that runs know them by."""

    files: Mapping[str, Path]

    def of(self, name: str, moment: datetime) -> RuleProfile:
        return load_rules(self.files.get(name, name), on=moment.date())


def _promises(folder: RunFolder, rules: "_Rules") -> list[dict[str, Any]]:
    """Promises of a run and those that it carried along."""
    result = folder.result
    promises = [dict(record) for record in result.get("commitments", [])]
    opportunities = {item["id"]: item for item in result["opportunities"]}
    coalition = folder.table("coalition")
    members = coalition[coalition["committed_kw"] > 0]
    for name, home, quantity_kw in zip(
        members["opportunity_id"], members["home_id"], members["committed_kw"], strict=True
    ):
        opportunity = opportunities[name]
        product = Product(opportunity["product"])
        start = _moment(opportunity["start"])
        promises.append(
            {
                "run": result["run"]["id"],
                "opportunity_id": str(name),
                "home_id": str(home),
                "product": product.value,
                "start": opportunity["start"],
                "end": opportunity["end"],
                "quantity_kw": float(quantity_kw),
                "sustain_h": rules.of(opportunity["rules"], start).sustain_h(product) if product.is_reserve else 0.0,
                "rules": opportunity["rules"],
            }
        )
    return promises


def _check_same_day(folder: RunFolder, path: Path, *, fleet: Fleet, horizon: Horizon, first: RunFolder | None) -> None:
    dispatch = folder.table("dispatch")
    starts = dispatch["interval_start"]
    step = folder.result["opportunities"][0]["step_minutes"]
    theirs = (starts.min(), starts.max(), step)
    ours = (horizon.interval_starts[0], horizon.interval_starts[-1], horizon.step_minutes)
    if theirs != ours:
        raise InputError(
            f"--commitments {path} is a run over {theirs[0]} to {theirs[1]} in steps of {step} min; this run covers "
            f"{ours[0]} to {ours[1]} in steps of {ours[2]} min. Awards bind runs of the same operating day"
        )
    before = folder.table("fleet").set_index("home_id")
    now = fleet.frame.set_index("home_id")
    for home in before.index.union(now.index):
        if home not in before.index or home not in now.index:
            where = "this run's fleet" if home not in now.index else str(path)
            raise InputError(f"--commitments {path}: home {home!r} is missing in {where}; use the same fleet")
        ours_row, theirs_row = now.loc[home], before.loc[home]
        for column in now.columns.union(before.columns, sort=False):
            here, there = (_plain(row.get(column)) for row in (ours_row, theirs_row))
            if not _same(here, there):
                raise InputError(
                    f"--commitments {path}: home {home!r} has {column} {there!r} there and {here!r} here; use the same "
                    "fleet"
                )
    if first is not None:
        theirs_baseline, ours_baseline = (
            table[table["phase"] == "baseline"].reset_index(drop=True) for table in (dispatch, first.table("dispatch"))
        )
        if not theirs_baseline.equals(ours_baseline):
            raise InputError(
                f"--commitments {path} was frozen on another baseline than the first folder given; make later runs "
                "with --commitments of the earlier ones"
            )


def _same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, list | tuple | np.ndarray) or isinstance(theirs, list | tuple | np.ndarray):
        return _as_list(ours) == _as_list(theirs)
    if pd.isna(ours) or pd.isna(theirs):
        return bool(pd.isna(ours)) and bool(pd.isna(theirs))
    return bool(ours == theirs)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple | np.ndarray) else []


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
