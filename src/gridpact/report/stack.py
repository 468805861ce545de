"""Charts of one opportunity: the supply stack with the bid, and the rounds of the negotiation."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gridpact.report import words
from gridpact.report.page import Figure, Key, label, number

MOST_BARS = 300
_STATES = ("in", "option", "out")
_STATE_WORDS = {"in": "activated", "option": "option, not activated", "out": "asked, not agreed"}


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
        Columns left_kw, quantity_kw, price, home_id, state (in, option, out), from the cheapest up.
    """
    pieces: list[tuple[float, str, float, str]] = []
    for home, rows in asks.sort_values(["home_id", "segment"], kind="stable").groupby("home_id", sort=True):
        committed = committed_kw.get(str(home), 0.0)
        bounds = (committed, max(committed, option_kw.get(str(home), 0.0)), np.inf)
        reached = 0.0
        for width, price in zip(rows["quantity_kw"], rows["price"], strict=True):
            left = reached
            reached += float(width)
            for state, bound in zip(_STATES, bounds, strict=True):
                right = min(reached, bound)
                if right - left > 1e-9:
                    pieces.append((float(price), str(home), right - left, state))
                    left = right
    stack = pd.DataFrame(pieces, columns=["price", "home_id", "quantity_kw", "state"])
    stack = stack.sort_values(["price", "home_id", "state"], kind="stable", ignore_index=True)
    stack.insert(0, "left_kw", stack["quantity_kw"].cumsum() - stack["quantity_kw"])
    return stack


def _merged(stack: pd.DataFrame) -> pd.DataFrame:
    """At most about MOST_BARS bars: neighbours of one state in one slice of the merit order become one bar."""
    if len(stack) <= MOST_BARS:
        return stack.assign(homes=1)
    total = float(stack["quantity_kw"].sum())
    piece = np.minimum((stack["left_kw"] / total * MOST_BARS).astype(int), MOST_BARS - 1)
    worth = stack["price"] * stack["quantity_kw"]
    groups = stack.assign(worth=worth, piece=piece).groupby(["piece", "state"], sort=True)
    merged = groups.agg(
        quantity_kw=("quantity_kw", "sum"),
        worth=("worth", "sum"),
        homes=("home_id", "nunique"),
        home_id=("home_id", "first"),
    ).reset_index()
    merged["price"] = merged["worth"] / merged["quantity_kw"]
    merged["left_kw"] = merged["quantity_kw"].cumsum() - merged["quantity_kw"]
    return merged


def stack_figure(
    stack: pd.DataFrame,
    *,
    opportunity: Mapping[str, Any],
    segments: Sequence[Mapping[str, float]],
    clearing: float | None,
) -> tuple[Figure, list[Key], str]:
    """Bars of the merit order, the bid as steps, the price as a line; with legend and a note on what is cut off.

    Args:
        stack: from `supply_stack`.
        opportunity: an entry of the result's ``opportunities``.
        segments: the bid's segments, width ``quantity_kw`` [kW] and ``price``.
        clearing: the clearing price; the expected price is drawn where there is none.
    """
    unit = words.unit(opportunity["price_unit"])
    price = opportunity["reference_price"] if clearing is None else clearing
    price_word = "expected price" if clearing is None else "clearing price"
    bid_x, bid_y = _steps(segments)
    right, top, note = _extent(stack, opportunity, price, bid_x, bid_y, unit)
    bars = _merged(stack)
    data: list[dict[str, Any]] = []
    for state in _STATES:
        here = bars[bars["state"] == state]
        data.append(
            {
                "type": "bar",
                "x": _rounded(here["left_kw"]),
                "width": _rounded(here["quantity_kw"]),
                "offset": 0,
                "y": _rounded(here["price"]),
                "hovertext": [
                    (label(row["home_id"]) if row["homes"] == 1 else f"{row['homes']} homes")
                    + f"<br>{number(row['quantity_kw'], 3)} kW asked at {number(row['price'])} {unit}"
                    + f"<br>{_STATE_WORDS[state]}"
                    for row in here.to_dict("records")
                ],
                "hoverinfo": "text",
                "marker": {
                    "color": f"@{state}",
                    "line": {"color": "@card", "width": 1 if len(bars) <= 60 else 0},
                    "pattern": {
                        "shape": "/" if state == "option" else "",
                        "fgcolor": "@card",
                        "fillmode": "overlay",
                        "size": 6,
                    },
                },
            }
        )
    if bid_x:
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": bid_x,
                "y": bid_y,
                "line": {"color": "@bid", "width": 3},
                "hovertext": [f"bid: {number(y)} {unit} up to {number(bid_x[-1], 3)} kW" for y in bid_y],
                "hoverinfo": "text",
            }
        )
    keys = []
    if (stack["state"] == "in").any():
        keys.append(Key(label="In the coalition", colour="in"))
    if (stack["state"] == "option").any():
        keys.append(Key(label="Agreed, not called", colour="option", mark="hatch"))
    if (stack["state"] == "out").any():
        keys.append(Key(label="Asked, not in", colour="out"))
    if bid_x:
        keys.append(Key(label="Our bid", colour="bid", mark="line"))
    keys.append(Key(label=f"{price_word.capitalize()}, {number(price)} {unit}", colour="clear", mark="dash"))
    keys.append(Key(label=f"Requested, {words.quantity(opportunity['requested_kw'])} kW", colour="muted", mark="dot"))
    requested = float(opportunity["requested_kw"])
    low = min(0.0, float(stack["price"].min()), price, *bid_y) if len(stack) else min(0.0, price)
    layout = {
        "barmode": "overlay",
        "bargap": 0,
        "hovermode": "closest",
        "showlegend": False,
        "margin": {"l": 56, "r": 12, "t": 10, "b": 46},
        "xaxis": _axis("kW, cheapest ask first", [0, right]),
        "yaxis": _axis(unit, [low * 1.08, top]),
        "shapes": [
            _line(0, right, price, price, colour="@clear", dash="dash", width=2),
            _line(requested, requested, low * 1.08, top, colour="@muted", dash="dot", width=2),
        ],
    }
    return {"data": data, "layout": layout}, keys, note


def _extent(
    stack: pd.DataFrame, opportunity: Mapping[str, Any], price: float, bid_x: list[float], bid_y: list[float], unit: str
) -> tuple[float, float, str]:
    """Right and upper end of the chart, and a note on what lies beyond: asks far from the deal would hide it."""
    total = float(stack["quantity_kw"].sum())
    used = float(stack.loc[stack["state"] != "out", "quantity_kw"].sum())
    requested = float(opportunity["requested_kw"])
    right = min(max(total, requested * 1.04), max(2.5 * requested, 1.3 * used, *bid_x, 0.0)) * 1.02
    near = [abs(price), abs(float(opportunity["reference_price"])), *map(abs, bid_y)]
    in_use = stack.loc[stack["state"] != "out", "price"]
    near += [abs(float(in_use.max()))] if len(in_use) else []
    highest = float(stack["price"].max()) if len(stack) else 0.0
    top = max(min(highest, 2.4 * max(near)), max(near), 1.0) * 1.08
    shown = stack[stack["left_kw"] < right]
    above = float(shown.loc[shown["price"] > top, "quantity_kw"].sum())
    beyond = total - float(shown["quantity_kw"].sum())
    notes = []
    if above > 0:
        dearest = number(float(shown["price"].max()), 0)
        notes.append(f"{number(above, 1)} kW are asked above the chart's top, at up to {dearest} {unit}.")
    if beyond > 0:
        notes.append(f"{number(beyond, 1)} kW of dearer asks lie to the right of the chart.")
    return right, top, " ".join(notes)


def rounds_table(offers: pd.DataFrame) -> pd.DataFrame:
    """Per round of one opportunity: range and mean of offer prices, homes asked, power accepted [kW]."""
    rounds = offers.groupby("round", sort=True).agg(
        price_low=("price", "min"),
        price_mean=("price", "mean"),
        price_high=("price", "max"),
        homes=("home_id", "nunique"),
        took=("accepted_kw", lambda accepted: int((accepted > 0).sum())),
        accepted_kw=("accepted_kw", "sum"),
    )
    return rounds.assign(total_kw=rounds["accepted_kw"].cumsum()).reset_index()


def rounds_figure(rounds: pd.DataFrame, *, unit: str) -> tuple[Figure, list[Key]]:
    """Offer price above, power agreed below, one column a round."""
    ticks = [int(value) for value in rounds["round"]]
    earlier = rounds["total_kw"] - rounds["accepted_kw"]
    range_text = [
        f"round {row['round']}<br>offered {number(row['price_low'])} to {number(row['price_high'])} {unit}"
        f"<br>to {row['homes']} homes"
        for row in rounds.to_dict("records")
    ]
    agreed_text = [
        f"round {row['round']}<br>{row['took']} of {row['homes']} homes agreed to {number(row['accepted_kw'], 3)} kW"
        f"<br>{number(row['total_kw'], 3)} kW in all"
        for row in rounds.to_dict("records")
    ]
    low, high = float(rounds["price_low"].min()), float(rounds["price_high"].max())
    pad = max(0.25 * (high - low), 0.06 * max(abs(high), 1.0))
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "x": ticks,
            "y": _rounded(rounds["price_mean"]),
            "error_y": {
                "type": "data",
                "array": _rounded(rounds["price_high"] - rounds["price_mean"]),
                "arrayminus": _rounded(rounds["price_mean"] - rounds["price_low"]),
                "color": "@bid",
                "thickness": 1.5,
                "width": 5,
            },
            "line": {"color": "@bid", "width": 3},
            "marker": {"color": "@bid", "size": 8},
            "hovertext": range_text,
            "hoverinfo": "text",
            "yaxis": "y2",
        },
        _bars(ticks, _rounded(earlier), "@option", agreed_text),
        _bars(ticks, _rounded(rounds["accepted_kw"]), "@in", agreed_text),
    ]
    layout = {
        "barmode": "stack",
        "bargap": 0.45,
        "hovermode": "closest",
        "showlegend": False,
        "margin": {"l": 56, "r": 12, "t": 10, "b": 46},
        "xaxis": _axis("round", [ticks[0] - 0.6, ticks[-1] + 0.6])
        | {"tickvals": ticks, "ticktext": [str(tick) for tick in ticks], "anchor": "y", "showgrid": False},
        "yaxis": _axis("kW", [0, max(float(rounds["total_kw"].max()), 0.001) * 1.15])
        | {"domain": [0, 0.44], "nticks": 4},
        "yaxis2": _axis(unit, [low - pad, high + pad]) | {"domain": [0.56, 1], "anchor": "x", "nticks": 4},
    }
    keys = [
        Key(label="Price offered (mean; range over homes)", colour="bid", mark="line"),
        Key(label="Newly agreed", colour="in"),
        Key(label="Agreed before", colour="option"),
    ]
    return {"data": data, "layout": layout}, keys


def _bars(x: list[int], y: list[float], colour: str, texts: list[str]) -> dict[str, Any]:
    return {"type": "bar", "x": x, "y": y, "marker": {"color": colour}, "hovertext": texts, "hoverinfo": "text"}


def _steps(segments: Sequence[Mapping[str, float]]) -> tuple[list[float], list[float]]:
    x: list[float] = []
    y: list[float] = []
    reached = 0.0
    for segment in segments:
        x += [round(reached, 4), round(reached + segment["quantity_kw"], 4)]
        y += [round(segment["price"], 4)] * 2
        reached += segment["quantity_kw"]
    return x, y


def _axis(title: str, limits: Sequence[float]) -> dict[str, Any]:
    return {
        "title": {"text": title, "font": {"color": "@muted", "size": 13}, "standoff": 8},
        "range": [round(float(limit), 4) for limit in limits],
        "fixedrange": True,
        "gridcolor": "@grid",
        "zerolinecolor": "@line",
        "tickfont": {"color": "@muted", "size": 12},
        "automargin": True,
        "nticks": 7,
        "ticks": "outside",
        "ticklen": 5,
        "tickcolor": "rgba(0,0,0,0)",
    }


def _line(x0: float, x1: float, y0: float, y1: float, *, colour: str, dash: str, width: int) -> dict[str, Any]:
    corners = {"x0": x0, "x1": x1, "y0": y0, "y1": y1}
    line = {"color": colour, "dash": dash, "width": width}
    return {"type": "line", **{name: round(float(value), 4) for name, value in corners.items()}, "line": line}


def _rounded(values: pd.Series) -> list[float]:
    return [round(float(value), 4) for value in values]
