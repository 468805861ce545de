"""What each market price would have brought: how much would clear, the revenue, and what is left for the operator."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gridpact import units
from gridpact.market.clearing import BidSegment, clear
from gridpact.report import words
from gridpact.report.facts import Facts
from gridpact.report.page import NONE, number, percent, text
from gridpact.report.svg import Axis, Key, Plot, figure, nice_axis
from gridpact.report.tables import Cell, Column, cell, table


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenarios:
    """Prices that were thought possible before gate closure, cheapest first."""

    prices: tuple[float, ...]
    probabilities: tuple[float, ...]

    def __len__(self) -> int:
        """Number of prices."""
        return len(self.prices)


@dataclass(frozen=True, slots=True, kw_only=True)
class AtPrice:
    """What a bid brings at one market price, all of it delivered."""

    price: float
    quantity_kw: float
    revenue_usd: float
    owners_usd: float | None
    """At the prices agreed; None where the log does not say what each segment costs."""

    @property
    def profit_usd(self) -> float | None:
        """Left for the operator [USD]."""
        return None if self.owners_usd is None else self.revenue_usd - self.owners_usd


def scenarios_of(facts: Facts, opportunity: Mapping[str, Any]) -> Scenarios | None:
    """The scenarios that the run's log holds; None where it holds none."""
    entries = facts.event("opportunity_announced", opportunity).get("scenarios") or []
    pairs = sorted((float(entry["price"]), float(entry["probability"])) for entry in entries)
    if not pairs:
        return None
    return Scenarios(prices=tuple(p for p, _ in pairs), probabilities=tuple(q for _, q in pairs))


def at_price(
    price: float,
    segments: Sequence[Mapping[str, Any]],
    *,
    requested_kw: float,
    minimum_kw: float,
    window_h: float,
) -> AtPrice:
    """Clear the bid at ``price``.

    Args:
        price: market price, in the opportunity's unit.
        segments: each with ``quantity_kw`` [kW], ``price`` and, where known, ``owners_usd`` [USD].
        requested_kw: most that the market takes [kW].
        minimum_kw: least that it takes [kW].
        window_h: length of the window [h].
    """
    bid = [BidSegment(quantity_kw=float(s["quantity_kw"]), price=float(s["price"])) for s in segments]
    cleared = clear(bid, price, requested_kw, minimum_kw=minimum_kw)
    ordered = sorted(segments, key=lambda s: float(s["price"]))[: cleared.segments_cleared]
    costs = [s.get("owners_usd") for s in ordered]
    known = all(cost is not None for cost in costs)
    return AtPrice(
        price=price,
        quantity_kw=cleared.quantity_kw,
        revenue_usd=units.window_value_usd(price=price, quantity_kw=cleared.quantity_kw, window_h=window_h),
        owners_usd=sum(float(cost) for cost in costs if cost is not None) if known else None,
    )


def risk(facts: Facts, opportunity: Mapping[str, Any]) -> str:
    """Chart and table of one opportunity."""
    segments = facts.event("bid_submitted", opportunity).get("segments") or facts.bid(opportunity)["segments"]
    scenarios = scenarios_of(facts, opportunity)
    if not segments:
        return _nothing_bid(facts, opportunity, scenarios)
    unit = words.unit(opportunity["price_unit"])
    cleared = facts.clearing(opportunity)
    real = None if cleared is None else float(cleared["price"])
    prices = scenarios.prices if scenarios else tuple(sorted({float(s["price"]) for s in segments}))
    chances: Sequence[float | None] = scenarios.probabilities if scenarios else [None] * len(prices)

    def outcome(price: float) -> AtPrice:
        return at_price(
            price,
            segments,
            requested_kw=float(opportunity["requested_kw"]),
            minimum_kw=float(opportunity["minimum_kw"]),
            window_h=facts.window_h(opportunity),
        )

    found = [outcome(price) for price in prices]
    here = None if real is None else outcome(real)
    sentence = _sentence(found, scenarios, here, unit)
    charts = _charts(
        outcome, segments, found, chances, here, unit=unit, alt=sentence, window_h=facts.window_h(opportunity)
    )
    basis = facts.event("opportunity_announced", opportunity).get("prices")
    source = f"Prices: {basis}." if basis else ""
    if scenarios is None:
        source = "The log of this run holds no price scenarios, so the table shows the bid's own prices. " + source
    return (
        f'<p class="callout">{text(sentence)}</p>{charts}'
        f"{_table(found, chances, here, scenarios, unit)}"
        f'<p class="note">{text(source)} Figures are before penalties: all that clears is taken as '
        "delivered, and owners are "
        "paid the prices they agreed.</p>"
    )


def _nothing_bid(facts: Facts, opportunity: Mapping[str, Any], scenarios: Scenarios | None) -> str:
    unit = words.unit(opportunity["price_unit"])
    saw = ""
    if scenarios is not None:
        low, high = scenarios.prices[0], scenarios.prices[-1]
        saw = (
            f" {words.counted(len(scenarios), 'price')} between {number(low)} and {number(high)} {unit} "
            "were thought possible."
            if low < high
            else f" The price was taken as certain, {number(low)} {unit}."
        )
    basis = facts.event("opportunity_announced", opportunity).get("prices")
    return f'<p class="callout">Nothing was bid, so no price could win or lose anything.{text(saw)}' + (
        f"</p><p class='note'>Prices: {text(basis)}.</p>" if basis else "</p>"
    )


def _sentence(found: Sequence[AtPrice], scenarios: Scenarios | None, here: AtPrice | None, unit: str) -> str:
    parts = []
    if scenarios is not None:
        chance = sum(q for q, at in zip(scenarios.probabilities, found, strict=True) if at.quantity_kw > 0)
        parts.append(f"The bid clears in {percent(chance)} of the prices thought possible")
        if all(at.profit_usd is not None for at in found):
            mean = sum(q * (at.profit_usd or 0.0) for q, at in zip(scenarios.probabilities, found, strict=True))
            worst = min(found, key=lambda at: at.profit_usd or 0.0)
            parts[-1] += (
                f" and is expected to leave the operator {words.money(mean)}; at worst "
                f"{words.money(worst.profit_usd or 0.0)}, at {number(worst.price)} {unit}"
            )
        parts[-1] += "."
    if here is not None:
        parts.append(f"The market cleared at {number(here.price)} {unit}, which took {number(here.quantity_kw, 3)} kW.")
    return " ".join(parts) or "What the bid would sell at each of its own prices."


def _charts(
    outcome: Callable[[float], AtPrice],
    segments: Sequence[Mapping[str, Any]],
    found: Sequence[AtPrice],
    chances: Sequence[float | None],
    here: AtPrice | None,
    *,
    unit: str,
    alt: str,
    window_h: float,
) -> str:
    steps = sorted({float(segment["price"]) for segment in segments})
    seen = [*steps, *(at.price for at in found), *([here.price] if here else [])]
    spread = max(seen) - min(seen) or max(abs(max(seen)), 1.0) * 0.2
    left = min(seen) - 0.06 * spread
    across = nice_axis(min(left, 0.0) if min(seen) < spread else left, max(seen) + 0.06 * spread, count=7, pad=False)
    edges = [across.low, *[p for p in steps if across.low < p < across.high], across.high]
    known = all(at.profit_usd is not None for at in found)
    likeliest = max((q for q in chances if q is not None), default=1.0)
    panels = []
    for kind in ("kw", "usd") if known else ("kw",):

        def value(at: AtPrice, kind: str = kind) -> float:
            return at.quantity_kw if kind == "kw" else at.profit_usd or 0.0

        xs: list[float] = []
        ys: list[float] = []
        for left, right in zip(edges, edges[1:], strict=False):
            sold = outcome(left)
            xs += [left, right]
            ys += [value(sold), value(_moved(sold, right, window_h=window_h))]
        up = nice_axis(min(0.0, *ys), max(*ys, 0.0), count=4)
        plot = Plot(
            x=Axis(low=across.low, high=across.high, ticks=across.ticks),
            y=up,
            height=170,
            x_title=f"market price, {unit}",
            y_title="kW that would clear" if kind == "kw" else "USD left for the operator",
        )
        if here is not None:
            plot.rule("r-clear", x=here.price)
        plot.path(xs, ys, "l-bid" if kind == "kw" else "l-operator")
        for at, chance in zip(found, chances, strict=True):
            tip = (
                f"at {number(at.price)} {unit}"
                + (f" (chance {percent(chance)})" if chance is not None else "")
                + f"\n{number(at.quantity_kw, 3)} kW clear, revenue {number(at.revenue_usd, 2, 'USD')}"
                + (
                    f"\nowners {number(at.owners_usd, 2, 'USD')}, operator {number(at.profit_usd, 2, 'USD')}"
                    if known
                    else ""
                )
            )
            radius = 3.0 + 4.5 * ((chance or 0.0) / likeliest) ** 0.5 if chance is not None else 4.5
            plot.point(at.price, value(at), "risk", tip, radius)
        keys = [Key(label="At any price", css=f"{'c-bid' if kind == 'kw' else 'c-operator'} line")]
        keys.append(
            Key(
                label="A price thought possible (larger: likelier)" if chances[0] is not None else "A price of the bid",
                css="c-risk point",
            )
        )
        if here is not None:
            keys.append(Key(label="Where the market cleared", css="c-text dash"))
        panels.append(
            figure(
                plot,
                title="How much would clear" if kind == "kw" else "What would be left for the operator",
                alt=alt,
                keys=keys,
            )
        )
    return f'<div class="grid two">{"".join(panels)}</div>'


def _moved(at: AtPrice, price: float, *, window_h: float) -> AtPrice:
    """The same quantity at another price."""
    revenue = units.window_value_usd(price=price, quantity_kw=at.quantity_kw, window_h=window_h)
    return replace(at, price=price, revenue_usd=revenue)


def _table(
    found: Sequence[AtPrice],
    chances: Sequence[float | None],
    here: AtPrice | None,
    scenarios: Scenarios | None,
    unit: str,
) -> str:
    columns = [
        Column(title=f"Market price [{unit}]"),
        Column(title="Chance", numeric=True),
        Column(title="Would clear [kW]", numeric=True),
        Column(title="Revenue [USD]", numeric=True),
        Column(title="Owners [USD]", numeric=True),
        Column(title="Operator [USD]", numeric=True),
    ]

    def row(at: AtPrice, chance: float | None, said: str = "") -> list[Cell]:
        return [
            cell(said or number(at.price), at.price),
            cell(percent(chance), chance),
            cell(number(at.quantity_kw, 3), at.quantity_kw),
            cell(number(at.revenue_usd, 4), at.revenue_usd),
            cell(number(at.owners_usd, 4), at.owners_usd),
            cell(number(at.profit_usd, 4), at.profit_usd),
        ]

    rows = [row(at, chance) for at, chance in zip(found, chances, strict=True)]
    if here is not None:
        rows.append(row(here, None, f"{number(here.price)} (came)"))
    foot: list[Cell] = []
    if scenarios is not None:

        def expected(values: Sequence[float | None]) -> float | None:
            if any(value is None for value in values):
                return None
            return sum(q * (value or 0.0) for q, value in zip(scenarios.probabilities, values, strict=True))

        means = [
            (expected([at.price for at in found]), 2),
            (1.0, 0),
            (expected([at.quantity_kw for at in found]), 3),
            (expected([at.revenue_usd for at in found]), 4),
            (expected([at.owners_usd for at in found]), 4),
            (expected([at.profit_usd for at in found]), 4),
        ]
        foot = [cell(f"{number(means[0][0])} expected"), cell(NONE)]
        foot += [cell(number(mean, digits)) for mean, digits in means[2:]]
    shown = table(columns, rows, caption="What each market price would bring", foot=foot, css="stacked")
    return (
        f'<details class="numbers"><summary>{len(rows)} prices, one by one: what each would '
        f"bring</summary>{shown}</details>"
    )
