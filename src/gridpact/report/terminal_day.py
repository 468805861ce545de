"""Sparklines of a day for the terminal: what the fleet takes from the grid, and the prices that were possible."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.report import words
from gridpact.report.screen import cuts, sparkline, squeezed

Floats = NDArray[np.float64]
LABEL = 10
"""Width of the names before the lines."""


def load_lines(
    dispatch: pd.DataFrame, opportunities: Sequence[Mapping[str, Any]], *, timezone: str, width: int, unicode: bool
) -> list[str]:
    """The fleet's net load with and without the virtual power plant, on one scale, with the windows marked.

    Args:
        dispatch: content of ``dispatch.parquet``.
        opportunities: as in ``result.json``.
        timezone: for the hours under the lines.
        width: of the terminal [characters].
        unicode: whether block characters can be shown.
    """
    nets = dispatch.groupby(["phase", "interval_start"], observed=True, sort=True)["net_kw"].sum()
    series = {phase: nets[phase] for phase in ("baseline", "planned") if phase in nets.index.get_level_values(0)}
    if len(series) < 2:
        return []
    starts = series["baseline"].index
    most = max(8, width - LABEL - 1)
    lines = {phase: squeezed(values.to_numpy(dtype=np.float64), most) for phase, values in series.items()}
    low, high = min(line.min() for line in lines.values()), max(line.max() for line in lines.values())
    local = ZoneInfo(timezone)
    first, last = (moment.tz_convert(local) for moment in (starts[0], starts[-1] + (starts[1] - starts[0])))
    edges = cuts(len(starts), most)
    marked = _windows(starts, edges, opportunities)
    return [
        f"Fleet net load, {words.quantity(low, 1)} to {words.quantity(high, 1)} kW",
        *(
            f"{phase:<{LABEL}}{sparkline(line, low=float(low), high=float(high), unicode=unicode)}"
            for phase, line in lines.items()
        ),
        f"{'window':<{LABEL}}{marked}",
        f"{'':<{LABEL}}{_hours(starts.tz_convert(local), edges)}",
        f"{'':<{LABEL}}{first:%d %b %H:%M} to {last:%d %b %H:%M}",
    ]


def _windows(starts: pd.DatetimeIndex, edges: Sequence[int], opportunities: Sequence[Mapping[str, Any]]) -> str:
    inside = np.zeros(len(starts), dtype=np.bool_)
    for opportunity in opportunities:
        begins, ends = (pd.Timestamp(opportunity[edge]) for edge in ("start", "end"))
        inside |= np.asarray((starts >= begins) & (starts < ends))
    return "".join(
        "^" if inside[first:stop].any() else " " for first, stop in zip(edges, edges[1:], strict=False)
    ).rstrip()


def _hours(starts: pd.DatetimeIndex, edges: Sequence[int]) -> str:
    """Hours of the local day under the runs in which they begin, as many as have room."""
    a_day = (len(edges) - 1) / max(1e-9, (starts[-1] - starts[0]) / pd.Timedelta(days=1))
    step = next((step for step in (3, 6, 12) if a_day * step / 24 >= 5), 24)
    line = [" "] * (len(edges) + 4)
    for place, (first, stop) in enumerate(zip(edges, edges[1:], strict=False)):
        for moment in starts[first:stop]:
            if moment.minute == 0 and moment.hour % step == 0 and line[max(0, place - 1)] == " ":
                line[place : place + 2] = list(f"{moment.hour:<2}")
                break
    return "".join(line).rstrip()


def price_line(
    events: Sequence[Mapping[str, Any]], opportunity: Mapping[str, Any], *, width: int, unicode: bool
) -> str | None:
    """The price scenarios of one opportunity, cheapest first; each takes room by how likely it is."""
    for event in events:
        payload = event["payload"]
        if event["kind"] == "opportunity_announced" and payload.get("opportunity_id") == opportunity["id"]:
            scenarios = payload.get("scenarios")
            break
    else:
        return None
    if not scenarios or len(scenarios) < 2:
        return None
    prices, likely = (np.array([scenario[name] for scenario in scenarios]) for name in ("price", "probability"))
    count = min(len(prices) if np.ptp(likely) < 1e-9 else 40, 40, max(8, width - LABEL - 1))
    places = (np.arange(count) + 0.5) / count
    shown = prices[np.minimum(np.searchsorted(np.cumsum(likely), places), len(prices) - 1)]
    unit = words.unit(opportunity["price_unit"])
    line = sparkline(shown, low=min(0.0, float(prices[0])), high=float(prices[-1]), unicode=unicode)
    median = prices[int(np.searchsorted(np.cumsum(likely), 0.5 - 1e-12))]
    return (
        f"Prices in {words.counted(len(prices), 'scenario')}: {prices[0]:,.2f} to {prices[-1]:,.2f} {unit}, "
        f"median {median:,.2f}\n{'':<{LABEL}}{line}"
    )
