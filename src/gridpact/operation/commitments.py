"""Awards of earlier runs that bind the homes of this one."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
from gridpact.operation.earlier import EarlierPromise, EarlierResult, earlier_result, earlier_rules
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
    folders: Sequence[Path], *, fleet: Fleet, horizon: Horizon, rules: Mapping[str, Path | str] | None = None
) -> EarlierAwards:
    """Read the awards of ``folders``, which must be runs of the same fleet and operating day.

    A run made with ``--commitments`` carries the earlier promises along, so naming the last run of a chain is enough;
    naming all of them counts each promise once. ``rules`` are the names of market rules that this run's user gave, and
    where they lie now; a folder may have been made under those and gridpact's, and makes no other file be read.

    Raises:
        InputError: a folder is not a run, is of another fleet or operating day, or was made under other rules.
    """
    if not folders:
        return EarlierAwards()
    own = dict(rules or {})
    runs: list[EarlierRun] = []
    records: dict[tuple[str, str, str], EarlierPromise] = {}
    by_home: dict[str, list[Commitment]] = {}
    first: RunFolder | None = None
    for path in folders:
        folder = RunFolder.open(path)
        folder.check_seals()
        result = earlier_result(folder.result, source=f"--commitments {path}")
        _check_same_day(folder, result, path, fleet=fleet, horizon=horizon, first=first)
        first = first or folder
        digest = hashlib.sha256(folder.read("result.json")).hexdigest()
        runs.append(EarlierRun(run_id=result.run.id, sha256=digest))
        for promise in _promises(folder, result, own=own, source=f"--commitments {path}"):
            key = (promise.run, promise.opportunity_id, promise.home_id)
            if key in records:
                continue
            records[key] = promise
            window = horizon.window(*promise.window, what="an earlier award")
            terms = earlier_rules(promise, own=own, source=f"--commitments {path}")
            by_home.setdefault(promise.home_id, []).append(
                Commitment(
                    opportunity_id=f"{promise.run}/{promise.opportunity_id}",
                    first=window.start,
                    stop=window.stop,
                    quantity_kw=promise.quantity_kw,
                    reserve=promise.product.is_reserve,
                    sustain_h=promise.sustain_h,
                    reduction_only=not terms.export_counts,
                )
            )
    if first is None:
        return EarlierAwards()
    baseline = _baseline(first, fleet=fleet, horizon=horizon)
    return EarlierAwards(
        runs=tuple(runs),
        commitments={home: tuple(promises) for home, promises in by_home.items()},
        baselines={str(home): rows.sort_values("interval_start") for home, rows in baseline.groupby("home_id")},
        profiles=first.table("profiles"),
        tariffs=first.table("tariffs"),
        records=tuple(promise.model_dump(mode="json") for promise in records.values()),
    )


def _promises(
    folder: RunFolder, result: EarlierResult, *, own: Mapping[str, Path | str], source: str
) -> list[EarlierPromise]:
    """Promises of a run and those that it carried along."""
    promises = list(result.commitments)
    opportunities = {each.id: each for each in result.opportunities}
    rules = {each.id: earlier_rules(each, own=own, source=source) for each in result.opportunities}
    coalition = folder.table("coalition")
    members = coalition[coalition["committed_kw"] > 0]
    for name, home, quantity_kw in zip(
        members["opportunity_id"], members["home_id"], members["committed_kw"], strict=True
    ):
        if name not in opportunities:
            raise InputError(f"{source}: coalition.parquet names the opportunity {name!r}, which result.json has not")
        sold = opportunities[name]
        promises.append(
            EarlierPromise.model_construct(
                run=result.run.id,
                opportunity_id=str(name),
                home_id=str(home),
                product=sold.product,
                start=sold.start,
                end=sold.end,
                quantity_kw=_finite(quantity_kw, source=source),
                sustain_h=rules[name].sustain_h(sold.product) if sold.product.is_reserve else 0.0,
                rules=sold.rules,
            )
        )
    known = set(folder.table("fleet")["home_id"])
    for promise in promises:
        if promise.home_id not in known:
            raise InputError(f"{source}: home {promise.home_id!r} has a promise, but is not in its fleet")
    return promises


def _finite(value: float, *, source: str) -> float:
    if not np.isfinite(value):
        raise InputError(f"{source}: coalition.parquet has a committed_kw of {value}")
    return float(value)


def _baseline(folder: RunFolder, *, fleet: Fleet, horizon: Horizon) -> pd.DataFrame:
    """The frozen baseline: one finite row for every home and interval of the operating day."""
    dispatch = folder.table("dispatch")
    baseline = dispatch[dispatch["phase"] == "baseline"].sort_values(["home_id", "interval_start"])
    starts = horizon.interval_starts
    homes = sorted(fleet.home_ids)
    whole = (
        len(baseline) == len(homes) * len(starts)
        and list(baseline["home_id"].iloc[:: len(starts)]) == homes
        and bool((baseline["home_id"].to_numpy() == np.repeat(np.array(homes, dtype=object), len(starts))).all())
        and bool((baseline["interval_start"].to_numpy() == np.tile(starts.to_numpy(), len(homes))).all())
    )
    if not whole:
        raise InputError(
            f"--commitments {folder.path}: dispatch.parquet does not hold one baseline row for every home and interval"
        )
    for name in SETTINGS:
        if np.isinf(baseline[name].to_numpy(dtype=float)).any():
            raise InputError(f"--commitments {folder.path}: dispatch.parquet has an infinite {name}")
    return baseline


def _check_same_day(
    folder: RunFolder,
    result: EarlierResult,
    path: Path,
    *,
    fleet: Fleet,
    horizon: Horizon,
    first: RunFolder | None,
) -> None:
    dispatch = folder.table("dispatch")
    starts = dispatch["interval_start"]
    step = result.opportunities[0].step_minutes
    theirs = (starts.min(), starts.max(), step)
    ours = (horizon.interval_starts[0], horizon.interval_starts[-1], horizon.step_minutes)
    if theirs != ours:
        raise InputError(
            f"--commitments {path} is a run over {theirs[0]} to {theirs[1]} in steps of {step} min; this run covers "
            f"{ours[0]} to {ours[1]} in steps of {ours[2]} min. Awards bind runs of the same operating day"
        )
    before = folder.table("fleet").set_index("home_id")
    if not before.index.is_unique:
        raise InputError(f"--commitments {path}: its fleet has a home twice")
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
