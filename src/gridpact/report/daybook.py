"""The day's power and stored energy against the baseline: the whole fleet, and any home that is shown one by one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.report import sample, words
from gridpact.report.facts import Facts
from gridpact.report.page import label, number, text
from gridpact.report.svg import Axis, Key, Plot, figure, nice_axis
from gridpact.report.tables import Column, cell, table
from gridpact.report.traces import PHASE_WORDS, PHASES, Device, Floats, Traces

MOST_BYTES = 1_500_000
"""Bytes that the days of single homes may take in the page."""
FEWEST_HOMES = 12
_MARKS = {"baseline": "dot", "planned": "dash", "realised": "line", "reserve": "dashdot"}
_WORDS = PHASE_WORDS | {"reserve": "Reserve held (planned)"}
_VISIBLE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One chart of the day: its series for every home, summed for the fleet."""

    key: str
    title: str
    unit: str
    axis: str
    """What its upright axis says."""
    series: Mapping[str, Floats]
    """Shape (H, T), or (H, T+1) where it is energy at the intervals' bounds; NaN where a home has none."""
    at_bounds: bool = False
    zero: bool = False
    """Whether its axis begins at zero."""
    note: str = ""

    def fleet(self) -> dict[str, Floats]:
        """Sums over homes; NaN where no home has a value."""
        return {name: _summed(values) for name, values in self.series.items()}

    def home(self, place: int) -> dict[str, Floats]:
        """Series of one home that has any."""
        mine = {name: values[place] for name, values in self.series.items()}
        return {name: values for name, values in mine.items() if np.isfinite(values).any()}


def _summed(values: Floats) -> Floats:
    some = np.isfinite(values).any(axis=0)
    total: Floats = np.where(some, np.nansum(values, axis=0), np.nan)
    return total


def charts_of(facts: Facts, traces: Traces) -> list[Chart]:
    """Every chart that this run has something for."""
    found = [
        Chart(
            key="net",
            title="Net load at the meter",
            unit="kW",
            axis="kW, import positive",
            series={phase: traces.of(phase, "net_kw") for phase in traces.phases},
        )
    ]
    change = dict(traces.change_kw())
    if traces.has("reserve_kw") and "planned" in traces.phases:
        held = traces.of("planned", "reserve_kw")
        if np.nansum(np.abs(held)) > _VISIBLE:
            change["reserve"] = held
    if any(np.nanmax(np.abs(np.nan_to_num(series))) > _VISIBLE for series in change.values()):
        found.append(
            Chart(
                key="change",
                title="What changed against the baseline",
                unit="kW",
                axis="kW below the baseline",
                series=change,
                note="Above zero: less taken from the grid than without a sale. Below zero: energy taken back, the "
                "rebound. Realised is measured against the baseline's devices on the day's actual load and sun.",
            )
        )
    if traces.has_solar.any():
        found.append(
            Chart(
                key="solar-kw",
                title="Solar: output",
                unit="kW",
                axis="kW out of the panels",
                series={phase: traces.solar_output_kw(phase) for phase in traces.phases},
                zero=True,
                note="After curtailment. Baseline and planned are on the forecast, realised is the sun as it came.",
            )
        )
    for device in traces.devices:
        found += _of_device(facts, traces, device)
    return found


def _of_device(facts: Facts, traces: Traces, device: Device) -> list[Chart]:
    charts = [
        Chart(
            key=f"{device.key}-kw",
            title=f"{device.plural}: power",
            unit="kW",
            axis="kW into them" if device.gives_kw is None else "kW in (out: below zero)",
            series={phase: traces.power_kw(phase, device) for phase in traces.phases},
        )
    ]
    if device.energy_kwh is None or not traces.has(device.energy_kwh):
        return charts
    first = _first_kwh(facts, traces, device)
    energy: dict[str, Floats] = {}
    for phase in traces.phases:
        stored = traces.of(phase, device.energy_kwh)
        energy[phase] = stored if first is None else np.concatenate((first[:, None], stored), axis=1)
    charts.append(
        Chart(
            key=f"{device.key}-kwh",
            title=f"{device.plural}: stored energy",
            unit="kWh",
            axis="kWh",
            series=energy,
            at_bounds=first is not None,
            zero=True,
            note=device.note,
        )
    )
    return charts


def _first_kwh(facts: Facts, traces: Traces, device: Device) -> Floats | None:
    """Energy that ``device`` holds at the first instant, shape (H,) [kWh]; None where the fleet does not tell."""
    share = device.start_fraction
    if share is None or not {share, device.capacity_kwh} <= set(facts.fleet.columns):
        return None
    begin = (facts.fleet[share] * facts.fleet[device.capacity_kwh]).to_numpy(dtype=np.float64, na_value=np.nan)
    first: Floats = np.where(traces.owners(device), begin, np.nan)
    return first


def daybook(facts: Facts) -> tuple[str, Mapping[str, Any]]:
    """The section's body, and what its script needs to read values and to show one home."""
    traces = facts.traces
    if traces is None:
        return '<p class="callout">The run holds no dispatch.</p>', {}
    charts = charts_of(facts, traces)
    drawn = "".join(_figure(facts, traces, chart) for chart in charts)
    shown, rule = _shown(facts, charts)
    data = {
        "clock": traces.clock(facts.timezone),
        "charts": {
            chart.key: {
                "unit": chart.unit,
                "bounds": chart.at_bounds,
                "zero": chart.zero,
                "words": {name: _WORDS[name] for name in chart.series},
            }
            for chart in charts
        },
        "fleet": {chart.key: _ints(chart.fleet()) for chart in charts},
        "homes": [_home(facts, charts, int(home)) for home in shown],
    }
    return (
        f"{_rebound(facts)}{_picker(facts, shown, rule)}"
        f'<div class="grid two days" data-days>{drawn}</div>{_numbers(facts, traces, charts)}'
    ), data


def _rebound(facts: Facts) -> str:
    delivery = facts.result["delivery"]
    if not delivery["committed_kwh"]:
        return ""
    short = float(delivery["shortfall_kwh"])
    sentence = (
        f"{number(delivery['delivered_kwh'], 2)} of {number(delivery['committed_kwh'], 2)} kWh promised were delivered"
        + (f", {number(short, 2)} kWh short" if short >= 0.005 else "")
        + f"; outside the windows the members took {number(delivery['rebound_kwh'], 2)} kWh back."
    )
    return f'<p class="callout">{text(sentence)}</p>'


def _shown(facts: Facts, charts: Sequence[Chart]) -> tuple[NDArray[np.int64], str]:
    """Homes whose own day is in the page, as many as fit."""
    paid = facts.per_home(facts.coalition, "paid_usd")
    agreed = facts.per_home(facts.options, "quantity_kw")
    probe, _ = sample.choose(facts.homes, paid_usd=paid, agreed_kw=agreed, most=8)
    each = max(1, max(len(json.dumps(_home(facts, charts, int(home)))) for home in probe))
    most = min(sample.ALL_UP_TO, max(FEWEST_HOMES, MOST_BYTES // each))
    return sample.choose(facts.homes, paid_usd=paid, agreed_kw=agreed, most=most)


def _home(facts: Facts, charts: Sequence[Chart], home: int) -> dict[str, Any]:
    persona, asset = (groups.names[groups.of[home]] for groups in (facts.personas, facts.devices))
    return {
        "id": label(facts.homes[home], 60),
        "about": f"{persona}, {asset}",
        "s": {chart.key: _ints(mine) for chart in charts if (mine := chart.home(home))},
    }


def _ints(series: Mapping[str, Floats]) -> dict[str, Any]:
    """Series in hundredths; one that equals an earlier one is that one's name."""
    found: dict[str, Any] = {}
    known: dict[str, str] = {}
    for name, values in series.items():
        cells = [round(value * 100) if value == value else None for value in values.tolist()]
        key = json.dumps(cells)
        found[name] = known.get(key, cells)
        known.setdefault(key, name)
    return found


def _picker(facts: Facts, shown: NDArray[np.int64], rule: str) -> str:
    options = "".join(
        f'<option value="{k}">{text(label(facts.homes[home], 60))}</option>' for k, home in enumerate(shown)
    )
    if rule:
        note = f"{len(shown):,} of {len(facts.homes):,} homes can be chosen, sampled: {rule}."
    else:
        note = f"Any of the {words.counted(len(facts.homes), 'home')} can be chosen."
    return (
        '<form class="controls js" aria-label="Whose day is drawn"><label class="whose">Whose day'
        f'<select data-home><option value="">All {len(facts.homes):,} homes together</option>{options}</select></label>'
        f'<p class="note" data-home-about role="status">All homes together. {text(note)}</p></form>'
    )


def _figure(facts: Facts, traces: Traces, chart: Chart) -> str:
    fleet = chart.fleet()
    seen = np.concatenate([values[np.isfinite(values)] for values in fleet.values()] or [np.zeros(1)])
    low, high = (float(seen.min()), float(seen.max())) if len(seen) else (0.0, 1.0)
    plot = Plot(
        x=Axis(low=0.0, high=float(traces.hours[-1]), ticks=traces.ticks(facts.timezone)),
        y=nice_axis(min(0.0, low), max(0.0, high)),
        height=210,
        x_title=f"local time, {facts.timezone}",
        y_title=chart.axis,
    )
    for opportunity in facts.opportunities:
        plot.span(traces.hour(opportunity["start"]), traces.hour(opportunity["end"]), "window")
    order = [name for name in (*PHASES, "reserve") if name in fleet]
    for name in order:
        css = f"l-{name}"
        if chart.at_bounds:
            plot.path(traces.hours, fleet[name], css, name=name)
        else:
            filled = chart.key == "change" and name == "realised"
            plot.steps(traces.hours, fleet[name], css, name=name, filled=filled)
    keys = [Key(label=_WORDS[name], css=f"c-{name} {_MARKS[name]}") for name in order]
    keys.append(_window_key(facts))
    alt = (
        f"{chart.title} of all homes by phase over the day, between {number(low, 1)} and "
        f"{number(high, 1)} {chart.unit}."
    )
    return figure(plot, title=chart.title, alt=alt, keys=keys, note=chart.note, chart=chart.key)


def _window_key(facts: Facts) -> Key:
    spans = []
    for opportunity in facts.opportunities:
        start, end = (pd.Timestamp(opportunity[key]).tz_convert(facts.timezone) for key in ("start", "end"))
        spans.append(f"{start:%H:%M} to {end:%H:%M}")
    once = list(dict.fromkeys(spans))
    shown = ", ".join(once[:3]) + (f" and {len(once) - 3} more" if len(once) > 3 else "")
    return Key(label=f"Window {shown}" if len(spans) == 1 else f"Windows {shown}", css="c-window box")


def _numbers(facts: Facts, traces: Traces, charts: Sequence[Chart]) -> str:
    """Hourly means and the energy at each hour's end, of all homes."""
    per = max(1, round(1.0 / traces.step_h))
    clock = traces.clock(facts.timezone)
    columns = [Column(title="From")]
    cells: list[Floats] = []
    for chart in charts:
        for name, values in chart.fleet().items():
            columns.append(
                Column(title=f"{chart.title}, {_WORDS[name].split(' (')[0].lower()} [{chart.unit}]", numeric=True)
            )
            cells.append(values[1:] if chart.at_bounds else values)
    rows = []
    for first in range(0, len(traces.starts), per):
        row = [cell(text(clock[first]), float(first))]
        for values, column in zip(cells, columns[1:], strict=True):
            part = values[first : first + per]
            part = part[np.isfinite(part)]
            value = None if not len(part) else float(part[-1]) if column.title.endswith("[kWh]") else float(part.mean())
            row.append(cell(number(value, 2), value))
        rows.append(row)
    shown = table(columns, rows, caption="All homes by hour: mean power, energy at the hour's end", css="wide")
    return f'<details class="numbers"><summary>The numbers by hour, all homes</summary>{shown}</details>'
