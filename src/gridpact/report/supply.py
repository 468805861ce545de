"""The supply stack of an opportunity: what homes asked, as a merit order, with the bid and the prices that may come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.report import words
from gridpact.report.facts import Facts, Groups
from gridpact.report.page import label, number, text
from gridpact.report.risk import Scenarios, scenarios_of
from gridpact.report.svg import Axis, Key, Plot, figure, nice_axis
from gridpact.report.tables import Column, cell, table

MOST_BARS = 300
"""Steps of the merit order drawn one by one; beyond, neighbours of one kind are drawn as one."""
SLICES = 110
"""Slices of the merit order in which neighbours are joined."""
NAMED_BARS = 24
STATES = ("in", "option", "out")
_STATE_WORDS = {"in": "in: activated", "option": "agreed, not called", "out": "asked, not agreed"}
_LANE_PX = 30


def final_asks(bids: pd.DataFrame) -> pd.DataFrame:
    """Each home's latest ask of one opportunity: columns home_id, segment, quantity_kw, price."""
    last = bids.groupby("home_id")["round"].transform("max")
    return bids.loc[bids["round"] == last, ["home_id", "segment", "quantity_kw", "price"]]


def supply_stack(
    asks: pd.DataFrame, *, committed_kw: Mapping[str, float], option_kw: Mapping[str, float]
) -> pd.DataFrame:
    """Asks as a merit order, cut where a home's commitment and its options end.

    Args:
        asks: final asks of one opportunity.
        committed_kw: power committed by each home [kW].
        option_kw: power each home agreed to sell if called [kW].

    Returns:
        Columns left_kw, quantity_kw, price, home_id, state (in, option, out), from the cheapest up; pieces of one
        home, price and state are one.
    """
    asks = asks.sort_values(["home_id", "segment"], kind="stable")
    homes = asks["home_id"].astype(str).to_numpy(dtype=object)
    width = asks["quantity_kw"].to_numpy(dtype=np.float64)
    price = asks["price"].to_numpy(dtype=np.float64)
    right = asks.groupby("home_id", sort=False)["quantity_kw"].cumsum().to_numpy(dtype=np.float64)
    left = right - width
    committed = np.array([committed_kw.get(home, 0.0) for home in homes], dtype=np.float64)
    agreed = np.maximum(committed, [option_kw.get(home, 0.0) for home in homes])
    edges = (np.zeros_like(committed), committed, agreed, np.full_like(committed, np.inf))
    pieces = []
    for k, state in enumerate(STATES):
        kw = np.clip(np.minimum(right, edges[k + 1]) - np.maximum(left, edges[k]), 0.0, None)
        pieces.append(pd.DataFrame({"price": price, "home_id": homes, "quantity_kw": kw, "state": state}))
    stack = pd.concat(pieces, ignore_index=True)
    stack = stack[stack["quantity_kw"] > 1e-9]
    stack = stack.groupby(["price", "home_id", "state"], sort=True)[["quantity_kw"]].sum().reset_index()
    stack.insert(0, "left_kw", stack["quantity_kw"].cumsum() - stack["quantity_kw"])
    return stack


def joined(stack: pd.DataFrame, persona: NDArray[np.int64], asset: NDArray[np.int64]) -> pd.DataFrame:
    """The stack with its groups, neighbours joined where there are too many to draw.

    Args:
        stack: from `supply_stack`.
        persona: group of each row's home by persona.
        asset: group of each row's home by devices.
    """
    bars = stack.assign(persona=persona, asset=asset, homes=1)
    if len(bars) <= MOST_BARS:
        return bars
    total = float(stack["quantity_kw"].sum())
    piece = np.minimum((stack["left_kw"] / total * SLICES).astype(int), SLICES - 1)
    bars = bars.assign(worth=bars["price"] * bars["quantity_kw"], piece=piece)
    merged = bars.groupby(["piece", "state", "persona", "asset"], sort=True, as_index=False).agg(
        quantity_kw=("quantity_kw", "sum"),
        worth=("worth", "sum"),
        homes=("home_id", "nunique"),
        home_id=("home_id", "first"),
    )
    merged["price"] = merged["worth"] / merged["quantity_kw"]
    merged = merged.sort_values(["piece", "price"], kind="stable", ignore_index=True)
    merged["left_kw"] = merged["quantity_kw"].cumsum() - merged["quantity_kw"]
    return merged


@dataclass(frozen=True, slots=True, kw_only=True)
class _Extent:
    right: float
    low: float
    top: float
    note: str


def supply_figure(facts: Facts, opportunity: Mapping[str, Any], *, number_of: int) -> str:
    """The chart of one opportunity, with its choice of colours and the numbers behind it."""
    bids = facts.here(facts.bids, opportunity)
    if bids.empty:
        return '<p class="callout">No home asked for anything, so there is no supply to show.</p>'
    unit = words.unit(opportunity["price_unit"])
    coalition, options = facts.here(facts.coalition, opportunity), facts.here(facts.options, opportunity)
    committed = dict(zip(coalition["home_id"].astype(str), coalition["committed_kw"].astype(float), strict=True))
    agreed = {str(home): float(kw) for home, kw in options.groupby("home_id")["quantity_kw"].sum().items()}
    stack = supply_stack(final_asks(bids), committed_kw=committed, option_kw=agreed)
    places = np.array([facts.place[home] for home in stack["home_id"]], dtype=np.int64)
    personas, assets = facts.personas, facts.assets
    bars = joined(stack, personas.of[places], assets.of[places])
    segments: Sequence[Mapping[str, float]] = facts.bid(opportunity)["segments"]
    clearing = facts.clearing(opportunity)
    price = float(opportunity["reference_price"] if clearing is None else clearing["price"])
    said = "expected price" if clearing is None else "clearing price"
    scenarios = scenarios_of(facts, opportunity)
    extent = _extent(stack, opportunity, price, segments, unit)
    plot = _plot(extent, unit, personas, assets, priced=scenarios is not None and len(scenarios) > 1)
    _bars(plot, bars, personas, assets, unit)
    _prices(plot, scenarios, price=price, requested=float(opportunity["requested_kw"]))
    _bid(plot, segments, unit)
    asked = float(stack["quantity_kw"].sum())
    alt = (
        f"Supply stack: {words.counted(int(stack['home_id'].nunique()), 'home')} asked to sell "
        f"{number(asked, 1)} kW in "
        f"all; {number(sum(committed.values()), 3)} kW were committed of {number(opportunity['requested_kw'], 1)} kW "
        f"requested, at a {said} of {number(price)} {unit}."
    )
    keys = [
        Key(label="Solid: in, activated", css="c-ink box"),
        Key(label="Striped: agreed, not called", css="c-ink stripes"),
        Key(label="Pale: asked, not agreed", css="c-ink pale"),
    ]
    if segments:
        keys.append(Key(label="Our bid", css="c-bid line"))
    keys.append(Key(label=f"{said.capitalize()}, {number(price)} {unit}", css="c-text dash"))
    keys.append(Key(label=f"Requested, {words.quantity(opportunity['requested_kw'])} kW", css="c-muted dot"))
    if scenarios is not None and len(scenarios) > 1:
        keys.append(Key(label="Prices thought possible (right margin; longer: likelier)", css="c-risk line"))
    picker = _picker(personas, assets, number_of)
    drawn = figure(
        plot,
        title="Merit order: what homes asked" + (", and our bid" if segments else ""),
        alt=alt,
        keys=keys,
        note=" ".join(filter(None, (extent.note, _off_the_chart(scenarios, plot, unit)))),
        extra=_numbers(stack, personas.of[places], personas, assets.of[places], assets, unit),
    )
    return f'<div class="stack" data-colour="persona">{picker}{drawn}</div>'


def _picker(personas: Groups, assets: Groups, number_of: int) -> str:
    """Which colours the bars have; hidden without the script, the colours' meaning stays."""
    choices = "".join(
        f'<label><input type="radio" name="colour-{number_of}" '
        f'value="{value}"{" checked" if value == "persona" else ""}>'
        f" {words_}</label>"
        for value, words_ in (("persona", "kind of owner"), ("asset", "devices"))
    )
    legends = "".join(
        f'<ul class="key only-{kind}">'
        + "".join(f'<li><i class="c-g{k} box"></i>{text(name)}</li>' for k, name in enumerate(groups.names))
        + "</ul>"
        for kind, groups in (("persona", personas), ("asset", assets))
    )
    return f'<div class="picker"><fieldset class="js"><legend>Colour by</legend>{choices}</fieldset>{legends}</div>'


def _plot(extent: _Extent, unit: str, personas: Groups, assets: Groups, *, priced: bool) -> Plot:
    axis = nice_axis(extent.low, extent.top, count=6)
    ticks = nice_axis(0.0, extent.right, count=8, pad=False).ticks
    lanes = max(len(personas.names), len(assets.names))
    return Plot(
        x=Axis(low=0.0, high=extent.right, ticks=ticks),
        y=Axis(low=min(axis.low, extent.low), high=axis.high, ticks=axis.ticks),
        height=300,
        x_title="kW, cheapest ask first",
        y_title=unit,
        right_px=30 if priced else 14,
        below=_LANE_PX * lanes + 2 if lanes > 1 else 0,
    )


def _bars(plot: Plot, bars: pd.DataFrame, personas: Groups, assets: Groups, unit: str) -> None:
    """Steps of the merit order, and below the axis a lane for each group, so that colour is not needed."""
    records = bars.to_dict("records")
    thin = len(records) > 60
    for row in records:
        left, right = float(row["left_kw"]), float(row["left_kw"] + row["quantity_kw"])
        if left >= plot.x.high:
            break
        who = label(row["home_id"]) if row["homes"] == 1 else f"{row['homes']:,} homes"
        tip = (
            f"{who}\n{number(row['quantity_kw'], 3)} kW asked at {number(row['price'])} {unit}\n"
            f"{_STATE_WORDS[row['state']]}; {personas.names[row['persona']]}; {assets.names[row['asset']]}"
        )
        low, high = sorted((0.0, float(row["price"])))
        css = f"bar p{row['persona']} a{row['asset']} {row['state']}{' thin' if thin else ''}"
        plot.bar(left, right, low, high, css, tip)
        if row["state"] == "option":
            plot.bar(left, right, low, high, "over")
        if len(records) <= NAMED_BARS and plot.px(0.0) - plot.px(high) > 22:
            _name(plot, left, min(right, plot.x.high), label(row["home_id"], 12))
    base = plot.height + 62
    for kind, groups in (("persona", personas), ("asset", assets)):
        if max(len(personas.names), len(assets.names)) < 2:
            continue
        for k, group in enumerate(groups.names):
            top = base + k * _LANE_PX
            cells = [row for row in records if row[kind] == k and row["left_kw"] < plot.x.high]
            power = sum(float(row["quantity_kw"]) for row in records if row[kind] == k)
            plot.labels.append(
                f'<g class="only-{kind}"><text x="0" y="{top}" text-anchor="start">{text(group)}, '
                f"{number(power, 1)} kW</text>"
                f'<rect class="lane" x="0" y="{top + 5}" width="100%" height="9"/>{_lane(plot, cells, top + 5)}</g>'
            )


def _name(plot: Plot, left: float, right: float, who: str) -> None:
    """A home's name on its bar, where it has room: everywhere, on wide screens only, or not at all."""
    share = (right - left) / plot.x.high
    room = len(who) * 7.4 + 6
    if share * 560 >= room:
        css = "onbar" if share * 240 >= room else "onbar roomy"
        plot.write((left + right) / 2, plot.px(0.0) - 8, who, css)


def _lane(plot: Plot, cells: Sequence[Mapping[Any, Any]], top: float) -> str:
    drawn: list[tuple[float, float, str]] = []
    for row in cells:
        left, right = float(row["left_kw"]), min(float(row["left_kw"] + row["quantity_kw"]), plot.x.high)
        if drawn and drawn[-1][2] == row["state"] and left - drawn[-1][1] < 1e-9:
            drawn[-1] = (drawn[-1][0], right, drawn[-1][2])
        else:
            drawn.append((left, right, str(row["state"])))
    css = f"bar thin p{cells[0]['persona']} a{cells[0]['asset']}" if cells else ""
    return "".join(
        f'<rect class="{css} {state}" x="{100 * left / plot.x.high:.3f}%" y="{top}" '
        f'width="{100 * (right - left) / plot.x.high:.3f}%" height="9"/>'
        + (
            f'<rect class="over" x="{100 * left / plot.x.high:.3f}%" y="{top}" '
            f'width="{100 * (right - left) / plot.x.high:.3f}%" height="9"/>'
            if state == "option"
            else ""
        )
        for left, right, state in drawn
    )


def _prices(plot: Plot, scenarios: Scenarios | None, *, price: float, requested: float) -> None:
    plot.rule("r-clear", y=price)
    if requested <= plot.x.high:
        plot.rule("r-requested", x=requested)
    if scenarios is None or len(scenarios) < 2:
        return
    likeliest = max(scenarios.probabilities)
    for value, chance in zip(scenarios.prices, scenarios.probabilities, strict=True):
        if plot.y.low <= value <= plot.y.high:
            plot.beside(value, chance / likeliest, "r-scenario")


def _off_the_chart(scenarios: Scenarios | None, plot: Plot, unit: str) -> str:
    """A note on possible prices that the chart's upright axis does not reach."""
    far = [price for price in (scenarios.prices if scenarios else ()) if not plot.y.low <= price <= plot.y.high]
    if not far:
        return ""
    spread = number(far[0]) if len(far) == 1 else f"{number(far[0])} to {number(far[-1])}"
    return (
        f"{words.counted(len(far), 'possible price')} of {spread} {unit} {'is' if len(far) == 1 else 'are'} not drawn."
    )


def _bid(plot: Plot, segments: Sequence[Mapping[str, float]], unit: str) -> None:
    xs: list[float] = []
    ys: list[float] = []
    reached = 0.0
    for segment in segments:
        end = reached + float(segment["quantity_kw"])
        xs += [min(reached, plot.x.high), min(end, plot.x.high)]
        ys += [float(segment["price"])] * 2
        tip = (
            f"bid: {number(segment['quantity_kw'], 3)} kW at {number(segment['price'])} "
            f"{unit}\n{number(end, 3)} kW in all up to this price"
        )
        plot.point(
            (min(reached, plot.x.high) + min(end, plot.x.high)) / 2, float(segment["price"]), "bidpoint", tip, 3.5
        )
        reached = end
    if xs:
        plot.path(xs, ys, "l-halo")
        plot.path(xs, ys, "l-bid")


def _extent(
    stack: pd.DataFrame,
    opportunity: Mapping[str, Any],
    price: float,
    segments: Sequence[Mapping[str, float]],
    unit: str,
) -> _Extent:
    """Ends of the chart, and a note on what lies beyond: asks far from the deal would hide it."""
    bid_kw = sum(float(segment["quantity_kw"]) for segment in segments)
    bid_prices = [float(segment["price"]) for segment in segments]
    total = float(stack["quantity_kw"].sum())
    used = float(stack.loc[stack["state"] != "out", "quantity_kw"].sum())
    requested = float(opportunity["requested_kw"])
    right = min(max(total, requested * 1.04), max(2.5 * requested, 1.3 * used, bid_kw)) * 1.02
    near = [abs(price), abs(float(opportunity["reference_price"])), *map(abs, bid_prices)]
    in_use = stack.loc[stack["state"] == "in", "price"]
    if in_use.empty:
        # Nothing was sold: what was agreed, or else the cheapest ask, is what the price is to be compared with.
        agreed = stack.loc[stack["state"] == "option", "price"]
        near.append(abs(float(stack["price"].min() if agreed.empty else agreed.max())))
    else:
        near.append(abs(float(in_use.max())))
    highest = float(stack["price"].max())
    top = max(min(highest, 2.4 * max(near)), max(near), 1.0) * 1.05
    shown = stack[stack["left_kw"] < right]
    above = float(shown.loc[shown["price"] > nice_axis(0.0, top, count=6).high, "quantity_kw"].sum())
    beyond = total - float(shown["quantity_kw"].sum())
    notes = []
    if above > 0:
        dearest = number(float(shown["price"].max()), 0)
        notes.append(f"{number(above, 1)} kW are asked above the chart's top, at up to {dearest} {unit}.")
    if beyond > 0:
        notes.append(f"{number(beyond, 1)} kW of dearer asks lie to the right of the chart.")
    low = min(0.0, float(stack["price"].min()), price, *bid_prices)
    return _Extent(right=right, low=low, top=top, note=" ".join(notes))


def _numbers(
    stack: pd.DataFrame,
    persona: NDArray[np.int64],
    personas: Groups,
    asset: NDArray[np.int64],
    assets: Groups,
    unit: str,
) -> str:
    """Supply by kind of owner and by devices, as a fold."""
    rows = []
    for kind, of, groups in (("owner", persona, personas), ("devices", asset, assets)):
        for k, group in enumerate(groups.names):
            mine = stack[of == k]
            power = mine.groupby("state")["quantity_kw"].sum()
            total = float(mine["quantity_kw"].sum())
            mean = float((mine["price"] * mine["quantity_kw"]).sum() / total) if total else None
            rows.append(
                [
                    cell(text(group), group),
                    cell(kind, kind),
                    cell(f"{mine['home_id'].nunique():,}", float(mine["home_id"].nunique())),
                    *(cell(number(float(power.get(s, 0.0)), 3), float(power.get(s, 0.0))) for s in STATES),
                    cell(number(mean), mean),
                ]
            )
    columns = [
        Column(title="Group"),
        Column(title="By"),
        Column(title="Homes that asked", numeric=True),
        Column(title="Activated [kW]", numeric=True),
        Column(title="Agreed, not called [kW]", numeric=True),
        Column(title="Asked, not agreed [kW]", numeric=True),
        Column(title=f"Mean ask [{unit}]", numeric=True),
    ]
    shown = table(columns, rows, caption="Supply by kind of owner and by devices", css="stacked")
    return f'<details class="numbers"><summary>The numbers by group</summary>{shown}</details>'
