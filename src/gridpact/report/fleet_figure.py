"""A fleet's statistics as a figure: one SVG file, or one HTML page of the same panels that flows with the screen.

Plain SVG without scripts; colours follow the reader's light or dark setting.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from gridpact.fleet.fleet import Fleet
from gridpact.fleet.statistics import scatter_sample
from gridpact.report import words
from gridpact.report.axes import Axis, shown

FIGURE_ENDINGS = (".html", ".svg")
WIDTH, HEIGHT, GAP = 360, 296, 16
"""Of one panel, in its own units: on a phone one fills the width, on a desktop three do."""
MOST_BARS = 8
LEFT, RIGHT, TOP, BOTTOM, EDGE = 48, 20, 52, 44, 14
_STYLE = """
:root { color-scheme: light dark; --page: #f5f6f4; --card: #ffffff; --ink: #1a2127; --muted: #5b6670; --line: #d9dedb;
  --grid: #e8ebe9; --fill: #0067a5; --soft: #7db8de; --warm: #b3470b; }
@media (prefers-color-scheme: dark) { :root { --page: #12171b; --card: #1a2126; --ink: #e8ecee; --muted: #9caab4;
  --line: #323c44; --grid: #283139; --fill: #56b4e9; --soft: #2f6e94; --warm: #f0935c; } }
svg text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; font-size: 12px;
  fill: var(--ink); font-variant-numeric: tabular-nums; }
svg .title { font-size: 15px; font-weight: 620; }
svg .muted, svg tspan.muted { fill: var(--muted); } svg .end { text-anchor: end; }
svg .middle { text-anchor: middle; } svg .card { fill: var(--card); stroke: var(--line); }
svg .bar { fill: var(--fill); } svg .track { fill: var(--grid); } svg .grid { stroke: var(--grid); }
svg .axis { stroke: var(--line); } svg .mark { stroke: var(--warm); stroke-width: 2; }
svg .dot { fill: var(--fill); fill-opacity: .75; }
"""
_PAGE_STYLE = """
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI",
  Roboto, "Noto Sans", sans-serif; -webkit-text-size-adjust: 100%; }
main { max-width: 1180px; margin: 0 auto; padding: 28px 16px 40px; }
h1 { font-size: 22px; line-height: 1.3; margin: 0; overflow-wrap: anywhere; }
p { margin: 4px 0 0; color: var(--muted); }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr)); gap: 16px;
  margin-top: 20px; }
.panels svg { display: block; width: 100%; height: auto; }
@media print { .panels { grid-template-columns: repeat(2, 1fr); } }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One chart."""

    title: str
    note: str
    """What is shown, under the title."""
    alt: str
    """The chart in words."""
    body: str
    """SVG inside the panel's own box."""


def render_fleet_figure(fleet: Fleet, description: Mapping[str, Any], *, title: str, page: bool) -> str:
    """The figure as text.

    Args:
        fleet: the homes, for the scatter plot.
        description: their statistics, see `gridpact.fleet.statistics.describe`.
        title: what the fleet is called.
        page: whether to make an HTML page; else one SVG.
    """
    panels = _panels(fleet, description)
    if page:
        return _page(panels, title=title, lead=_lead(description))
    return _sheet(panels, title=title, lead=_lead(description))


def _lead(description: Mapping[str, Any]) -> str:
    assets = description["assets"]
    total = {name: found["total"] for asset in assets.values() for name, found in asset["quantities"].items()}
    said = [
        words.counted(description["homes"], "home"),
        f"batteries hold {shown(total['battery_capacity_kwh'])} kWh and give {shown(total['battery_discharge_kw'])} kW",
        f"cars charge at up to {shown(total['vehicle_charge_kw'])} kW",
        f"solar {shown(total['solar_kw'])} kW",
    ]
    if "heat" in assets:
        said.append(
            f"heat stores hold {shown(total['heat_capacity_kwh'])} kWh and take {shown(total['heat_power_kw'])} kW"
        )
    return "; ".join(said)


def _panels(fleet: Fleet, description: Mapping[str, Any]) -> list[Panel]:
    by = description["homes_by"]
    floors = {
        name: f"floor {shown(spread['median'])}"
        for name, spread in description["preferences"]["floor_usd_per_mwh"].items()
        if spread is not None
    }
    return [
        _bars("Devices", "homes by what they have", by["asset_mix"]),
        _scatter(fleet),
        _bars("Owners", "homes by persona, with their median floor [USD/MWh]", by["persona"], details=floors),
        _floors(fleet, description),
        _plugged(description["vehicles"], cars=description["assets"]["vehicle"]["homes"]),
        _bars("Tariffs", "homes by retail tariff", by["tariff"]),
    ]


def _bars(title: str, note: str, counts: Mapping[str, int], *, details: Mapping[str, str] | None = None) -> Panel:
    shown_bars = list(counts.items())
    if len(shown_bars) > MOST_BARS:
        rest = shown_bars[MOST_BARS - 1 :]
        shown_bars = [*shown_bars[: MOST_BARS - 1], (f"{len(rest)} others", sum(count for _, count in rest))]
    total, most = sum(counts.values()), max(count for _, count in shown_bars)
    full = WIDTH - 2 * EDGE
    parts = []
    for place, (name, count) in enumerate(shown_bars):
        y = TOP + 18 + place * 29
        share = f"{count:,} ({count / total:.0%})" if count / total >= 0.01 else f"{count:,} (under 1%)"
        parts.append(
            f'<text x="{EDGE}" y="{y}">{_text(_short(name))}{_detail(details, name)}</text>'
            f'<text class="end muted" x="{WIDTH - EDGE}" y="{y}">{share}</text>'
            f'<rect class="track" x="{EDGE}" y="{y + 5}" width="{full}" height="6" rx="3"/>'
            f'<rect class="bar" x="{EDGE}" y="{y + 5}" width="{max(2.0, full * count / most):.1f}" height="6" rx="3"/>'
        )
    alt = "; ".join(f"{name}: {count:,} homes" for name, count in shown_bars)
    return Panel(title=title, note=note, alt=alt, body="".join(parts))


def _detail(details: Mapping[str, str] | None, name: str) -> str:
    known = (details or {}).get(name)
    return "" if known is None else f'<tspan class="muted">, {_text(known)}</tspan>'


def _scatter(fleet: Fleet) -> Panel:
    kwh, kw, count = scatter_sample(fleet, "battery_capacity_kwh", "battery_discharge_kw")
    title = "Batteries"
    if not count:
        return _empty(title, "no home has a battery")
    across, up = Axis.to(float(kwh.max()), LEFT, WIDTH - RIGHT), Axis.to(float(kw.max()), HEIGHT - BOTTOM, TOP + 8)
    places, times = np.unique(np.column_stack([kwh, kw]), axis=0, return_counts=True)
    dots = "".join(
        f'<circle class="dot" cx="{across.at(x):.1f}" cy="{up.at(y):.1f}" '
        f'r="{min(11.0, 2.5 + 8.5 * float(n) / len(kwh)):.1f}"/>'
        for (x, y), n in zip(places.tolist(), times.tolist(), strict=True)
    )
    sampled = f"{len(kwh):,} of {count:,} batteries" if len(kwh) < count else words.counted(count, "battery")
    note = f"power [kW] by energy [kWh]; {sampled.replace('batterys', 'batteries')}"
    alt = f"{sampled}, {shown(kwh.min())} to {shown(kwh.max())} kWh and {shown(kw.min())} to {shown(kw.max())} kW"
    return Panel(title=title, note=note, alt=alt, body=_frame(across, up, "kWh", "kW") + dots)


def _floors(fleet: Fleet, description: Mapping[str, Any]) -> Panel:
    floors = fleet.frame["floor_usd_per_mwh"].to_numpy(dtype=np.float64)
    floors = floors[~np.isnan(floors)]
    across = Axis.to(max(1.0, float(np.quantile(floors, 0.99))), LEFT, WIDTH - RIGHT)
    edges = np.linspace(0.0, across.most, 21)
    heights, _ = np.histogram(np.clip(floors, 0.0, across.most), bins=edges)
    above = int((floors > across.most).sum())
    median = description["preferences"]["floor_usd_per_mwh"]["all"]["median"]
    note = f"homes by least price; median {shown(median)} USD/MWh"
    alt = f"{note}; from {shown(floors.min())} to {shown(floors.max())}"
    body = _columns(across, [float(edge) for edge in edges], heights.tolist(), "USD/MWh", "homes")
    x = across.at(median)
    line = f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP + 8}" y2="{HEIGHT - BOTTOM}"/>'
    if above:
        note = f"median {shown(median)} USD/MWh; the last bar holds {above:,} homes above {shown(across.most)}"
    return Panel(title="Floor prices", note=note, alt=alt, body=body + line)


def _plugged(vehicles: Mapping[str, Any], *, cars: int) -> Panel:
    left_out = vehicles["left_out_with_dated_times"]
    if cars <= left_out:
        return _empty("Cars at the plug", "no home has a car with daily times at the plug")
    shares = [100.0 * share for share in vehicles["plugged_share_by_hour"]]
    across = Axis(most=24.0, start=LEFT, end=WIDTH - RIGHT, ticks=(0.0, 6.0, 12.0, 18.0, 24.0))
    note = f"share of {cars - left_out:,} cars plugged in, by local hour"
    if left_out:
        note = f"share of {cars - left_out:,} cars by local hour; {left_out:,} with dated times left out"
    alt = f"{note}; highest {max(shares):.0f}%, lowest {min(shares):.0f}%"
    body = _columns(across, [float(hour) for hour in range(25)], shares, "hour", "%", most=100.0)
    return Panel(title="Cars at the plug", note=note, alt=alt, body=body)


def _columns(
    across: Axis,
    edges: Sequence[float],
    heights: Iterable[float],
    x_unit: str,
    y_unit: str,
    *,
    most: float | None = None,
) -> str:
    values = list(heights)
    up = Axis.to(most if most is not None else max(1.0, *values), HEIGHT - BOTTOM, TOP + 8)
    base = HEIGHT - BOTTOM
    bars = "".join(
        f'<rect class="bar" x="{across.at(low) + 0.7:.1f}" y="{up.at(value):.1f}" '
        f'width="{max(0.5, across.at(high) - across.at(low) - 1.4):.1f}" height="{base - up.at(value):.1f}"/>'
        for low, high, value in zip(edges, edges[1:], values, strict=False)
        if value > 0
    )
    return _frame(across, up, x_unit, y_unit) + bars


def _frame(across: Axis, up: Axis, x_unit: str, y_unit: str) -> str:
    rows = "".join(
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{up.at(tick):.1f}" y2="{up.at(tick):.1f}"/>'
        f'<text class="muted end" x="{LEFT - 6}" y="{up.at(tick) + 4:.1f}">{shown(tick)}</text>'
        for tick in up.ticks
    )
    base = HEIGHT - BOTTOM
    labels = "".join(
        f'<text class="muted middle" x="{across.at(tick):.1f}" y="{base + 16}">{shown(tick)}</text>'
        for tick in across.ticks
    )
    units = (
        f'<text class="muted end" x="{WIDTH - RIGHT}" y="{HEIGHT - 10}">{x_unit}</text>'
        f'<text class="muted" x="{EDGE}" y="{HEIGHT - 10}">up: {y_unit}</text>'
    )
    return rows + f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{base}" y2="{base}"/>' + labels + units


def _empty(title: str, note: str) -> Panel:
    return Panel(title=title, note=note, alt=note, body="")


def _inside(panel: Panel) -> str:
    return (
        f'<rect class="card" x=".5" y=".5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="10"/>'
        f'<text class="title" x="{EDGE}" y="25">{_text(panel.title)}</text>'
        f'<text class="muted" x="{EDGE}" y="43">{_text(_short(panel.note, most=58))}</text>{panel.body}'
    )


def _page(panels: Sequence[Panel], *, title: str, lead: str) -> str:
    drawn = "\n".join(
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{_text(f"{panel.title}: {panel.alt}")}">'
        f"{_inside(panel)}</svg>"
        for panel in panels
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{_text(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<style>{_STYLE}{_PAGE_STYLE}</style></head>\n<body><main><h1>{_text(title)}</h1><p>{_text(lead)}</p>\n"
        f'<div class="panels">\n{drawn}\n</div></main></body></html>\n'
    )


def _sheet(panels: Sequence[Panel], *, title: str, lead: str) -> str:
    columns, head = 2, 64
    rows = -(-len(panels) // columns)
    width, height = columns * (WIDTH + GAP) + GAP, head + rows * (HEIGHT + GAP)
    drawn = "\n".join(
        f'<svg x="{GAP + place % columns * (WIDTH + GAP)}" y="{head + place // columns * (HEIGHT + GAP)}" '
        f'width="{WIDTH}" height="{HEIGHT}">{_inside(panel)}</svg>'
        for place, panel in enumerate(panels)
    )
    alt = "; ".join(f"{panel.title}: {panel.alt}" for panel in panels)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label="{_text(alt)}">\n<title>{_text(title)}</title><style>{_STYLE}</style>\n'
        f'<rect width="100%" height="100%" style="fill: var(--page)"/>\n'
        f'<text class="title" x="{GAP}" y="28">{_text(_short(title, most=90))}</text>'
        f'<text class="muted" x="{GAP}" y="48">{_text(lead)}</text>\n{drawn}\n</svg>\n'
    )


def _short(name: str, *, most: int = 36) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _text(value: str) -> str:
    """``value`` as text of SVG or HTML; characters that XML has no place for are shown as a box."""
    return escape("".join(letter if letter.isprintable() else "\ufffd" for letter in value), quote=True)
