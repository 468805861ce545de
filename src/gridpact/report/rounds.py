"""The negotiation round by round: what homes asked, what was offered, what was agreed and how much."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gridpact.report import words
from gridpact.report.facts import Facts
from gridpact.report.page import label, number, text
from gridpact.report.svg import Axis, Key, Plot, figure, nice_axis
from gridpact.report.tables import Column, cell, table

BANDS_FROM = 12
"""Homes from which the spread of asks is drawn as a band instead of home by home."""


def weighted_quantiles(values: pd.Series, weights: pd.Series, at: tuple[float, ...]) -> list[float]:
    """Values below which these shares of the weight lie; NaN without any weight."""
    order = np.argsort(values.to_numpy(), kind="stable")
    sorted_values, total = values.to_numpy()[order], np.cumsum(weights.to_numpy()[order])
    if not len(total) or total[-1] <= 0:
        return [float("nan")] * len(at)
    places = np.searchsorted(total, np.array(at) * total[-1] - 1e-12)
    return [float(sorted_values[min(place, len(sorted_values) - 1)]) for place in places]


def rounds_table(bids: pd.DataFrame, offers: pd.DataFrame) -> pd.DataFrame:
    """Per round of one opportunity: asks, offers and agreements.

    Args:
        bids: rows of ``bids.parquet`` of one opportunity.
        offers: rows of ``offers.parquet`` of one opportunity.

    Returns:
        Columns round; ask_low, ask_mid, ask_high (10, 50 and 90% of the power asked lies below); bidders; offer_low,
        offer_mean, offer_high; homes (that got an offer), took, accepted_kw, total_kw, agreed (mean price of what was
        newly agreed). NaN where a round has none.
    """
    numbers = sorted({int(value) for frame in (bids, offers) for value in frame["round"].unique()})
    rows = []
    total = 0.0
    for number_of in numbers:
        asked, offered = bids[bids["round"] == number_of], offers[offers["round"] == number_of]
        low, mid, high = weighted_quantiles(asked["price"], asked["quantity_kw"], (0.1, 0.5, 0.9))
        taken = offered[offered["accepted_kw"] > 0]
        accepted = float(taken["accepted_kw"].sum())
        total += accepted
        rows.append(
            {
                "round": number_of,
                "bidders": int(asked["home_id"].nunique()),
                "ask_low": low,
                "ask_mid": mid,
                "ask_high": high,
                "homes": int(offered["home_id"].nunique()),
                "offer_low": float(offered["price"].min()) if len(offered) else np.nan,
                "offer_mean": float(offered["price"].mean()) if len(offered) else np.nan,
                "offer_high": float(offered["price"].max()) if len(offered) else np.nan,
                "took": int(taken["home_id"].nunique()),
                "accepted_kw": accepted,
                "total_kw": total,
                "agreed": float((taken["price"] * taken["accepted_kw"]).sum() / accepted) if accepted else np.nan,
            }
        )
    return pd.DataFrame(rows)


def rounds_sentence(rounds: pd.DataFrame, unit: str) -> str:
    """The negotiation in one sentence."""
    offered = rounds[rounds["homes"] > 0]
    if offered.empty:
        return f"Homes asked in {words.counted(len(rounds), 'round')}, but no offer was made."
    first, last = offered.iloc[0], offered.iloc[-1]
    agreed = f"{number(last['total_kw'], 3)} kW"
    if len(offered) == 1:
        return f"One round at {number(first['offer_mean'])} {unit} on average: {agreed} agreed."
    at_first = f"{number(first['accepted_kw'], 3)} kW" if first["accepted_kw"] > 0 else "none"
    begun, ended = number(first["offer_mean"]), number(last["offer_mean"])
    moved = f"stayed at {begun}" if begun == ended else f"moved from {begun} to {ended}"
    return (
        f"Over {len(offered)} rounds the mean offer {moved} {unit}; {agreed} were agreed, {at_first} of it at the "
        "first offer."
    )


def rounds_figures(facts: Facts, opportunity: Mapping[str, Any]) -> str:
    """Prices by round, power by round, and both as a table."""
    bids, offers = facts.here(facts.bids, opportunity), facts.here(facts.offers, opportunity)
    rounds = rounds_table(bids, offers)
    if rounds.empty:
        return '<p class="callout">There were no talks: no home could offer anything.</p>'
    unit = words.unit(opportunity["price_unit"])
    sentence = rounds_sentence(rounds, unit)
    return (
        f'<p class="callout">{sentence}</p><div class="grid two">{_prices(rounds, bids, unit, sentence)}'
        f"{_power(rounds, sentence)}</div>{_numbers(rounds, unit)}"
    )


def _across(rounds: pd.DataFrame) -> Axis:
    numbers = [int(value) for value in rounds["round"]]
    every = max(1, -(-len(numbers) // 12))
    ticks = tuple((float(value), f"{value}") for value in numbers if (value - numbers[0]) % every == 0)
    return Axis(low=numbers[0] - 0.5, high=numbers[-1] + 0.5, ticks=ticks)


def _prices(rounds: pd.DataFrame, bids: pd.DataFrame, unit: str, alt: str) -> str:
    bands = int(rounds["bidders"].max()) > BANDS_FROM
    columns = ["ask_low", "ask_mid", "ask_high", "offer_low", "offer_high", "agreed"]
    values = rounds[columns].to_numpy(dtype=np.float64).ravel()
    seen = values[np.isfinite(values)]
    plot = Plot(
        x=_across(rounds),
        y=nice_axis(min(0.0, float(seen.min())), float(seen.max())),
        height=230,
        x_title="round",
        y_title=unit,
    )
    records = rounds.to_dict("records")
    for row in records:
        at = float(row["round"])
        if row["bidders"]:
            tip = (
                f"round {row['round']}: {words.counted(row['bidders'], 'home')} asked\n10% of the power up to "
                f"{number(row['ask_low'])}, half up to {number(row['ask_mid'])}, 90% up to "
                f"{number(row['ask_high'])} {unit}"
            )
            if bands:
                plot.bar(at - 0.24, at + 0.24, row["ask_low"], row["ask_high"], "askband", tip)
                plot.rule("r-ask", y=row["ask_mid"], to=(at - 0.24, at + 0.24))
            else:
                _each_ask(plot, bids[bids["round"] == row["round"]], at, unit)
        if row["homes"]:
            tip = (
                f"round {row['round']}: offered {number(row['offer_low'])}"
                + (f" to {number(row['offer_high'])}" if row["offer_high"] > row["offer_low"] else "")
                + f" {unit}\nto {words.counted(row['homes'], 'home')}, {row['took']} agreed"
            )
            if row["offer_high"] > row["offer_low"]:
                plot.rule("r-range", x=at, to=(row["offer_low"], row["offer_high"]))
            plot.point(at, row["offer_mean"], "offer", tip, 5.0)
        if row["took"]:
            tip = (
                f"round {row['round']}: {number(row['accepted_kw'], 3)} kW agreed at "
                f"{number(row['agreed'])} {unit} on average"
            )
            plot.marks.append(_diamond(plot, at + 0.34, row["agreed"], tip))
    plot.path(rounds["round"].to_numpy(dtype=np.float64), rounds["offer_mean"].to_numpy(), "l-offer")
    keys = [
        Key(label="Asks: 10 to 90% of the power; bar at half", css="c-ask box")
        if bands
        else Key(label="Mean ask of each home", css="c-ask ring"),
        Key(label="Offer (mean; line: range)", css="c-bid point"),
        Key(label="Agreed in this round (mean)", css="c-in diamond"),
    ]
    return figure(plot, title="Prices come together", alt=alt, keys=keys)


def _each_ask(plot: Plot, asked: pd.DataFrame, at: float, unit: str) -> None:
    weighed = asked.assign(worth=asked["price"] * asked["quantity_kw"]).groupby("home_id", sort=True)
    sums = weighed[["worth", "quantity_kw"]].sum()
    for home, row in sums.iterrows():
        price = float(row["worth"] / row["quantity_kw"]) if row["quantity_kw"] > 0 else float("nan")
        if price == price and price <= plot.y.high:
            tip = (
                f"{label(home)} asked {number(price)} {unit} on average\nfor {number(float(row['quantity_kw']), 3)} kW"
            )
            plot.point(at - 0.16, price, "askring", tip, 4.0)


def _diamond(plot: Plot, x: float, y: float, tip: str) -> str:
    """A square on its tip, which a circle cannot be taken for."""
    down = plot.px(y)
    return (
        f'<svg x="{plot.percent(x)}" y="{down}" overflow="visible"><path class="diamond" d="M0-6.5L6.5 0 0 6.5-6.5 0Z" '
        f'data-t="{text(tip)}"/></svg>'
    )


def _power(rounds: pd.DataFrame, alt: str) -> str:
    top = max(float(rounds["total_kw"].max()), 0.001)
    plot = Plot(x=_across(rounds), y=nice_axis(0.0, top), height=230, x_title="round", y_title="kW agreed")
    for row in rounds.to_dict("records"):
        at, before = float(row["round"]), float(row["total_kw"] - row["accepted_kw"])
        tip = (
            f"round {row['round']}: {row['took']} of {words.counted(row['homes'], 'home')} agreed to "
            f"{number(row['accepted_kw'], 3)} kW\n{number(row['total_kw'], 3)} kW in all"
        )
        if before > 0:
            plot.bar(at - 0.28, at + 0.28, 0.0, before, "was")
            plot.bar(at - 0.28, at + 0.28, 0.0, before, "over")
        plot.bar(at - 0.28, at + 0.28, before, float(row["total_kw"]), "new", tip)
        plot.bar(at - 0.28, at + 0.28, 0.0, float(row["total_kw"]), "hit", tip)
        if len(rounds) <= 8:
            plot.write(
                at, plot.px(float(row["total_kw"])) - 6, number(row["total_kw"], 1 if top < 1000 else 0), "value"
            )
    keys = [Key(label="Newly agreed", css="c-in box"), Key(label="Agreed before", css="c-option stripes")]
    return figure(plot, title="Power agreed", alt=alt, keys=keys)


def _numbers(rounds: pd.DataFrame, unit: str) -> str:
    columns = [
        Column(title="Round"),
        Column(title="Homes that asked", numeric=True),
        Column(title=f"Asks, 10 / 50 / 90% [{unit}]", numeric=True),
        Column(title="Homes offered", numeric=True),
        Column(title=f"Offers [{unit}]", numeric=True),
        Column(title="Homes that agreed", numeric=True),
        Column(title=f"Agreed at, mean [{unit}]", numeric=True),
        Column(title="Agreed [kW]", numeric=True),
        Column(title="In all [kW]", numeric=True),
    ]
    rows = []
    for row in rounds.to_dict("records"):
        asks = " / ".join(number(row[key]) for key in ("ask_low", "ask_mid", "ask_high")) if row["bidders"] else "–"
        offers = "–"
        if row["homes"]:
            same = row["offer_high"] <= row["offer_low"]
            offers = number(row["offer_low"]) + ("" if same else f" to {number(row['offer_high'])}")
        rows.append(
            [
                cell(f"{row['round']}", float(row["round"])),
                cell(f"{row['bidders']:,}", float(row["bidders"])),
                cell(asks, row["ask_mid"]),
                cell(f"{row['homes']:,}", float(row["homes"])),
                cell(offers, row["offer_mean"]),
                cell(f"{row['took']:,}", float(row["took"])),
                cell(number(row["agreed"]), row["agreed"]),
                cell(number(row["accepted_kw"], 3), row["accepted_kw"]),
                cell(number(row["total_kw"], 3), row["total_kw"]),
            ]
        )
    shown = table(columns, rows, caption="Rounds of the negotiation", css="stacked")
    return f'<details class="numbers"><summary>The numbers by round</summary>{shown}</details>'
