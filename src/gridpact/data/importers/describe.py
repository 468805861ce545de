"""What a file holds, in numbers."""

from typing import Any

import numpy as np
import pandas as pd

from gridpact.data.importers.load import Loaded
from gridpact.data.importers.regular import HOUR_S, Series

SPARKS = "▁▂▃▄▅▆▇█"
SPARK_WIDTH = 40


def describe_loaded(loaded: Loaded) -> dict[str, Any]:
    """Rows, span, zone, step, and for each series unit, least, mean and most, gaps; as JSON takes it."""
    report = loaded.report
    return {
        "files": [{"name": one.name, "sha256": one.sha256, "bytes": one.size} for one in loaded.sources],
        "importer": None if loaded.importer is None else loaded.importer.name,
        "kind": None if loaded.importer is None else loaded.importer.kind.value,
        "timezone": None if loaded.zone is None else loaded.zone.key,
        "series": [_series(one) for one in loaded.series],
        "sessions": _sessions(loaded),
        "findings": {f"{code}:{severity.value}": count for (code, severity), count in sorted(report.counts.items())},
    }


def _series(series: Series) -> dict[str, Any]:
    known = series.values[np.isfinite(series.values)]
    missing = np.isnan(series.values)
    return {
        "name": series.name,
        "measures": series.quantity.value,
        "column": series.draft.column,
        "unit": series.draft.unit,
        "readings": len(series.draft.times),
        "first": _iso(series.start_micros),
        "end": _iso(series.stop_micros),
        "step_minutes": series.step_s / 60,
        "hours": len(series.values) * series.step_s / HOUR_S,
        "min": float(known.min()) if len(known) else None,
        "mean": float(known.mean()) if len(known) else None,
        "max": float(known.max()) if len(known) else None,
        "missing_intervals": int(missing.sum()),
        "gaps": int((np.diff(missing.astype(np.int64)) == 1).sum()),
        "shape": _spark(series),
    }


def _iso(micros: int) -> str:
    return pd.Timestamp(micros, unit="us", tz="UTC").isoformat()


def _spark(series: Series) -> str:
    """The series in characters, coarse; a space where there is nothing."""
    parts = np.array_split(series.values, min(SPARK_WIDTH, len(series.values)))
    means = np.array([np.mean(part[np.isfinite(part)]) if np.isfinite(part).any() else np.nan for part in parts])
    low, high = np.nanmin(means), np.nanmax(means)
    width = float(high - low) or 1.0
    return "".join(
        " " if np.isnan(mean) else SPARKS[min(len(SPARKS) - 1, int((mean - low) / width * len(SPARKS)))]
        for mean in means
    )


def _sessions(loaded: Loaded) -> dict[str, Any] | None:
    if not loaded.sessions:
        return None
    energies = [one.energy_kwh for one in loaded.sessions if one.energy_kwh is not None]
    stays = [(one.depart - one.arrive).total_seconds() / HOUR_S for one in loaded.sessions]
    return {
        "sessions": len(loaded.sessions),
        "cars": len({one.car for one in loaded.sessions}),
        "first": min(one.arrive for one in loaded.sessions).isoformat(),
        "end": max(one.depart for one in loaded.sessions).isoformat(),
        "mean_kwh": sum(energies) / len(energies) if energies else None,
        "mean_stay_h": sum(stays) / len(stays),
    }
