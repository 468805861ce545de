"""Charts of the whole day: net load, what changed against the baseline, stored energy, and the money."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.report.page import Figure, Key, label, number

Floats = NDArray[np.float64]
PHASES = ("baseline", "planned", "realised")
_DASHES = {"baseline": "dot", "planned": "dash", "realised": "solid"}
_MARKS = {"baseline": "dot", "planned": "dash", "realised": "line"}
_LABELS = {"baseline": "Baseline (no sale, forecast)", "planned": "Planned", "realised": "Realised"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DayView:
    """The dispatch of a run summed over its homes, with local time."""

    starts: pd.DatetimeIndex
    """Start of every interval, UTC."""
    step_h: float
    timezone: str
    """Zone of the labels."""
    net_kw: Mapping[str, Floats]
    """Net load of all homes by phase, shape (T,) [kW]."""
    change_kw: Mapping[str, Floats]
    """Reduction against the baseline, planned and realised, shape (T,) [kW]."""
    reserve_kw: Floats
    """Reserve held as planned, shape (T,) [kW]."""
    battery_kwh: Mapping[str, Floats]
    """Energy in all batteries by phase, at the horizon's start and each interval's end, shape (T+1,) [kWh]; empty
    where no home has a battery."""
    vehicle_kwh: Mapping[str, Floats]
    """Energy in the cars at the plug by phase, at each interval's end, shape (T,) [kWh]; NaN while none is there;
    empty where no home has a car."""

    @property
    def hours(self) -> Floats:
        """Bounds of the intervals, elapsed since the first start, shape (T+1,) [h]."""
        return np.linspace(0.0, len(self.starts) * self.step_h, len(self.starts) + 1, dtype=np.float64)

    def hour(self, moment: str) -> float:
        """Elapsed time of an ISO time [h]."""
        return float((pd.Timestamp(moment) - self.starts[0]).total_seconds() / 3600.0)


def day_view(dispatch: pd.DataFrame, fleet: pd.DataFrame, *, step_minutes: int, timezone: str) -> DayView | None:
    """Sum ``dispatch`` over homes; ``None`` where it holds no interval."""
    if dispatch.empty:
        return None
    starts = pd.DatetimeIndex(np.sort(dispatch["interval_start"].unique()))
    frames = {phase: dispatch[dispatch["phase"] == phase] for phase in PHASES if (dispatch["phase"] == phase).any()}

    def total(phase: str, column: str) -> Floats:
        summed = frames[phase].groupby("interval_start")[column].sum(min_count=1).reindex(starts)
        return summed.to_numpy(dtype=np.float64)

    net = {phase: np.nan_to_num(total(phase, "net_kw")) for phase in frames}
    change = {}
    if {"baseline", "planned"} <= frames.keys():
        change["planned"] = net["baseline"] - net["planned"]
    if {"baseline", "realised"} <= frames.keys():
        change["realised"] = _baseline_on_the_day(frames, starts) - net["realised"]
    held = np.nan_to_num(total("planned", "reserve_kw")) if "planned" in frames else np.zeros(len(starts))
    begin = float((fleet["battery_soc_fraction"] * fleet["battery_capacity_kwh"]).sum())
    owners = fleet.loc[fleet["battery_capacity_kwh"].fillna(0) > 0, "home_id"]
    battery = {phase: np.insert(np.nan_to_num(total(phase, "battery_soc_kwh")), 0, begin) for phase in frames}
    vehicle = {phase: total(phase, "vehicle_soc_kwh") for phase in frames}
    return DayView(
        starts=starts,
        step_h=step_minutes / 60.0,
        timezone=timezone,
        net_kw=net,
        change_kw=change,
        reserve_kw=held,
        battery_kwh=battery if len(owners) else {},
        vehicle_kwh=vehicle if any(np.isfinite(series).any() for series in vehicle.values()) else {},
    )


def _baseline_on_the_day(frames: Mapping[str, pd.DataFrame], starts: pd.DatetimeIndex) -> Floats:
    """Net load of the baseline's devices on realised load and sun, the reference of delivery, shape (T,) [kW]."""
    both = frames["baseline"].merge(frames["realised"], on=["home_id", "interval_start"], suffixes=("", "_realised"))
    numbers = both.select_dtypes("number").columns
    both[numbers] = both[numbers].fillna(0.0)
    sun = both["solar_kw_realised"] - np.minimum(both["curtailed_kw"], both["solar_kw_realised"])
    net = (
        both["load_kw_realised"]
        + both["battery_charge_kw"]
        - both["battery_discharge_kw"]
        + both["vehicle_charge_kw"]
        - both["vehicle_discharge_kw"]
        + both.get("heat_kw", 0.0)
        - sun
    )
    summed: Floats = net.groupby(both["interval_start"]).sum().reindex(starts).to_numpy(dtype=np.float64)
    return np.nan_to_num(summed)


def net_figure(view: DayView, windows: Sequence[Mapping[str, Any]]) -> tuple[Figure, list[Key]]:
    """Net load of the fleet in each phase."""
    data = [
        _power_line(view, view.net_kw[phase], colour=phase, dash=_DASHES[phase], what=_LABELS[phase].split(" (")[0])
        for phase in view.net_kw
    ]
    keys = [Key(label=_LABELS[phase], colour=phase, mark=_MARKS[phase]) for phase in view.net_kw]
    return {"data": data, "layout": _layout(view, windows, "kW, import positive")}, [*keys, _window_key(view, windows)]


def change_figure(view: DayView, windows: Sequence[Mapping[str, Any]]) -> tuple[Figure, list[Key]]:
    """Reduction against the baseline, with the reserve held."""
    data = []
    keys = []
    if view.reserve_kw.any():
        data.append(_power_line(view, view.reserve_kw, colour="reserve", dash="dashdot", what="Reserve held"))
        keys.append(Key(label="Reserve held", colour="reserve", mark="dash"))
    for phase, series in view.change_kw.items():
        line = _power_line(view, series, colour=phase, dash=_DASHES[phase], what=f"{_LABELS[phase]} reduction")
        if phase == "realised":
            line |= {"fill": "tozeroy", "fillcolor": "@wash"}
        data.append(line)
        keys.append(Key(label=_LABELS[phase], colour=phase, mark=_MARKS[phase]))
    return {"data": data, "layout": _layout(view, windows, "kW below the baseline")}, [
        *keys,
        _window_key(view, windows),
    ]


def battery_figure(view: DayView, windows: Sequence[Mapping[str, Any]]) -> tuple[Figure, list[Key]]:
    """Energy in the fleet's batteries in each phase."""
    return _energy_figure(view, windows, view.battery_kwh, shape="linear")


def vehicle_figure(view: DayView, windows: Sequence[Mapping[str, Any]]) -> tuple[Figure, list[Key]]:
    """Energy in the cars at the plug in each phase, as at the interval's end; a gap while all are away."""
    held = {phase: np.append(series, series[-1]) for phase, series in view.vehicle_kwh.items()}
    return _energy_figure(view, windows, held, shape="hv")


def _energy_figure(
    view: DayView, windows: Sequence[Mapping[str, Any]], energy: Mapping[str, Floats], *, shape: str
) -> tuple[Figure, list[Key]]:
    clock = _clock(view)
    data = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": _rounded(view.hours),
            "y": _rounded(series),
            "line": {"color": f"@{phase}", "width": 2.5, "dash": _DASHES[phase], "shape": shape},
            "hovertext": [
                f"{at} · {_LABELS[phase].split(' (')[0]}: {number(value, 2)} kWh"
                for at, value in zip(clock, series, strict=True)
            ],
            "hoverinfo": "text",
        }
        for phase, series in energy.items()
    ]
    keys = [Key(label=_LABELS[phase], colour=phase, mark=_MARKS[phase]) for phase in energy]
    layout = _layout(view, windows, "kWh")
    layout["yaxis"]["rangemode"] = "tozero"
    return {"data": data, "layout": layout}, [*keys, _window_key(view, windows)]


def money_figure(settlement: Mapping[str, Any]) -> Figure:
    """From what the market paid to what the operator kept, as a waterfall."""
    revenue, owners = settlement["market_revenue_usd"], settlement["owner_payments_usd"]
    penalty, profit = settlement["penalty_usd"], settlement["operator_profit_usd"]
    steps = [
        ("Market<br>pays", revenue, 0.0, "@market"),
        ("Owners<br>receive", -owners, revenue, "@owners"),
        ("Penalties", -penalty, revenue - owners, "@penalty"),
        ("Operator<br>keeps" if profit >= 0 else "Operator<br>loses", profit, 0.0, "@operator"),
    ]
    largest = max(abs(revenue), abs(owners), abs(profit))
    digits = 2 if largest >= 100 else 3 if largest >= 10 else 4
    levels = [revenue, revenue - owners, revenue - owners - penalty]
    reach = [0.0, *levels, profit]
    span = max(reach) - min(reach) or 1.0
    data = [
        {
            "type": "bar",
            "x": [0, 1, 2, 3],
            "y": [round(height, 6) for _, height, _, _ in steps],
            "base": [round(base, 6) for _, _, base, _ in steps],
            "width": 0.62,
            "marker": {"color": [colour for *_, colour in steps]},
            "hovertext": [f"{title.replace('<br>', ' ')}: {number(height, 6)} USD" for title, height, _, _ in steps],
            "hoverinfo": "text",
        }
    ]
    connectors = [
        {
            "type": "line",
            "x0": place + 0.31,
            "x1": place + 0.69,
            "y0": round(level, 6),
            "y1": round(level, 6),
            "line": {"color": "@muted", "width": 1},
        }
        for place, level in enumerate(levels)
    ]
    amounts = [
        {
            "x": place,
            "y": round(max(base, base + height), 6),
            "text": number(height, digits if height else 0),
            "showarrow": False,
            "yanchor": "bottom",
            "font": {"color": "@ink", "size": 13},
        }
        for place, (_, height, base, _) in enumerate(steps)
    ]
    layout = {
        "annotations": amounts,
        "showlegend": False,
        "hovermode": "closest",
        "margin": {"l": 56, "r": 12, "t": 12, "b": 46},
        "xaxis": {
            "tickvals": [0, 1, 2, 3],
            "ticktext": [title for title, *_ in steps],
            "range": [-0.5, 3.5],
            "fixedrange": True,
            "showgrid": False,
            "zeroline": False,
            "tickangle": 0,
            "tickfont": {"size": 13},
        },
        "yaxis": _y_axis("USD")
        | {"range": [min(reach) - (0.14 * span if min(reach) < 0 else 0.0), max(reach) + 0.14 * span]},
        "shapes": connectors,
    }
    return {"data": data, "layout": layout}


def _power_line(view: DayView, series: Floats, *, colour: str, dash: str, what: str) -> dict[str, Any]:
    """A mean power per interval as steps; the last value is drawn to the interval's end."""
    values = np.append(series, series[-1])
    return {
        "type": "scatter",
        "mode": "lines",
        "x": _rounded(view.hours),
        "y": _rounded(values),
        "line": {"color": f"@{colour}", "width": 2.5, "dash": dash, "shape": "hv"},
        "hovertext": [f"{at} · {what}: {number(value, 2)} kW" for at, value in zip(_clock(view), values, strict=True)],
        "hoverinfo": "text",
    }


def _layout(view: DayView, windows: Sequence[Mapping[str, Any]], unit: str) -> dict[str, Any]:
    tick_hours, tick_texts = _ticks(view)
    shapes = []
    for window in windows:
        left, right = view.hour(window["start"]), view.hour(window["end"])
        shapes.append(
            {
                "type": "rect",
                "x0": round(left, 4),
                "x1": round(right, 4),
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "fillcolor": "@window",
                "line": {"width": 0},
                "layer": "below",
            }
        )
    zone = f"local time, {view.timezone}"
    return {
        "hovermode": "x",
        "showlegend": False,
        "margin": {"l": 56, "r": 12, "t": 10, "b": 58},
        "xaxis": {
            "title": {"text": label(zone), "font": {"color": "@muted", "size": 13}, "standoff": 8},
            "tickvals": tick_hours,
            "ticktext": tick_texts,
            "tickangle": 0,
            "range": [0, round(float(view.hours[-1]), 4)],
            "fixedrange": True,
            "gridcolor": "@grid",
            "zeroline": False,
            "tickfont": {"color": "@muted", "size": 12},
            "ticks": "outside",
            "ticklen": 5,
            "tickcolor": "rgba(0,0,0,0)",
        },
        "yaxis": _y_axis(unit),
        "shapes": shapes,
    }


def _y_axis(unit: str) -> dict[str, Any]:
    return {
        "title": {"text": unit, "font": {"color": "@muted", "size": 13}, "standoff": 8},
        "fixedrange": True,
        "gridcolor": "@grid",
        "zerolinecolor": "@muted",
        "tickfont": {"color": "@muted", "size": 12},
        "automargin": True,
        "nticks": 6,
        "ticks": "outside",
        "ticklen": 5,
        "tickcolor": "rgba(0,0,0,0)",
    }


def _ticks(view: DayView) -> tuple[list[float], list[str]]:
    """Local full hours at their elapsed time: every 3 h, or wider apart; dated first and at midnight."""
    every = next(step for step in (3, 6, 12, 24) if view.hours[-1] / step <= 9 or step == 24)
    local = view.starts.tz_convert(view.timezone)
    hours: list[float] = []
    texts: list[str] = []
    for elapsed, moment in zip(view.hours, local, strict=False):
        if moment.minute == 0 and moment.hour % every == 0:
            dated = not texts or moment.hour == 0
            hours.append(round(float(elapsed), 4))
            texts.append(f"{moment:%H:%M}" + (f"<br>{moment.day} {moment:%b}" if dated else ""))
    return hours, texts


def _clock(view: DayView) -> list[str]:
    """Local time of every interval bound, shape (T+1,)."""
    bounds = view.starts[0].tz_convert(view.timezone) + pd.to_timedelta(view.hours, unit="h")
    return [f"{moment:%H:%M %Z}" for moment in bounds]


def _window_key(view: DayView, windows: Sequence[Mapping[str, Any]]) -> Key:
    spans = []
    for window in windows:
        start, end = (pd.Timestamp(window[key]).tz_convert(view.timezone) for key in ("start", "end"))
        spans.append(f"{start:%H:%M} to {end:%H:%M}")
    shown = ", ".join(dict.fromkeys(spans))
    return Key(label=f"Window {shown}" if len(spans) == 1 else f"Windows {shown}", colour="window")


def local_date(moment: str, timezone: str) -> str:
    """Local date of an ISO time, as people write it."""
    day = datetime.fromisoformat(moment).astimezone(ZoneInfo(timezone))
    return f"{day:%A} {day.day} {day:%B %Y}"


def _rounded(values: Floats) -> list[float | None]:
    return [round(float(value), 4) if np.isfinite(value) else None for value in values]
