"""A finished day told to its operator: what was asked and bid and why, what came of it, and what limited it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gridpact.report import words
from gridpact.report.page import label

Result = Mapping[str, Any]
DAY, LIMITS = "day", "limits"
HEADINGS = {DAY: "The day in words", LIMITS: "What limited the result"}
_FEW_LIMITS = 6
"""Limits of one bid that are named; beyond, the cheapest are counted."""
_CAPS = {
    "request": "The request",
    "the market's maximum": "The market's maximum",
    "max_kw_per_home": "The cap on each home",
    "max_total_kw": "The cap on the whole bid",
    "min_total_kw": "The operator's minimum",
    "the market's minimum": "The market's minimum",
    "the market's quantity step": "The market's lot size",
    "max_share_per_home": "The share cap",
    "margin": "The operator's margin",
    "min_members": "The least number of homes",
    "max_members": "The largest number of homes",
    "max_segments": "The market's number of bid steps",
    "max_bid_steps": "The operator's number of bid steps",
    "max_kwh_per_home": "The cap on each home's energy",
    "max_total_kwh": "The cap on the bid's energy",
    "max_request_fraction": "The cap on the share of the request",
    "spare_fraction": "The share kept spare",
    "min_offer_kw": "The least offer of a home",
    "max_owner_price": "The cap on owners' prices",
    "max_owner_pay_usd": "The budget for owners",
    "min_spread": "The least spread",
    "min_bid_price": "The lowest bid price",
}
_SMALLEST_USD = 0.00005


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryLine:
    """One sentence, or a few that belong together."""

    part: str
    """``day`` or ``limits``."""
    text: str
    opportunity_id: str = ""
    must: bool = False
    """Whether a shorter telling may not leave it out."""


def operator_story(
    result: Result, *, fleet: pd.DataFrame, options: pd.DataFrame, timezone: str, spec: Mapping[str, Any] | None = None
) -> tuple[StoryLine, ...]:
    """The day and its limits in words.

    Args:
        result: content of ``result.json``.
        fleet: ``fleet.parquet``.
        options: ``options.parquet``.
        timezone: in which times are told.
        spec: the operator's terms, as the run's log holds them.
    """
    lines: list[StoryLine] = []
    for opportunity in result["opportunities"]:
        name = opportunity["id"]
        mine = options[options["opportunity_id"] == name]
        lines += [
            StoryLine(part=DAY, opportunity_id=name, text=text, must=must)
            for text, must in _opportunity(result, opportunity, mine, timezone)
        ]
        lines += [
            StoryLine(part=LIMITS, opportunity_id=name, text=text) for text in _limits(result, opportunity, mine, fleet)
        ]
    if result["outcome"] == "awarded":
        lines.append(StoryLine(part=DAY, text=words.day_sentence(result, homes=len(fleet)), must=True))
    lines += [StoryLine(part=LIMITS, text=text) for text in _standing(spec or {})]
    return tuple(sorted(lines, key=lambda line: line.part != DAY))


def _opportunity(
    result: Result, opportunity: Result, options: pd.DataFrame, timezone: str
) -> Iterator[tuple[str, bool]]:
    unit = words.unit(opportunity["price_unit"])
    product = words.PRODUCTS.get(opportunity["product"], opportunity["product"])
    yield (
        f"The market asked for {words.quantity(opportunity['requested_kw'])} kW of {product}, "
        f"{words.window(opportunity, timezone)}, at an expected price of {opportunity['reference_price']:,.2f} {unit}.",
        False,
    )
    homes, agreed = options["home_id"].nunique(), float(options["quantity_kw"].sum())
    if homes:
        mean = float((options["quantity_kw"] * options["price"]).sum()) / agreed
        yield (
            f"In the talks {words.counted(homes, 'home')} agreed to hold {words.quantity(agreed)} kW ready, at "
            f"{mean:,.2f} {unit} on average.",
            False,
        )
    bid = _entry(result["bid"], opportunity)
    segments = bid["segments"] if bid else []
    if segments:
        total, first, last = sum(each["quantity_kw"] for each in segments), segments[0]["price"], segments[-1]["price"]
        steps = (
            f"in {words.counted(len(segments), 'step')} from {first:,.2f} to {last:,.2f} {unit}"
            if len(segments) > 1
            else f"at {first:,.2f} {unit}"
        )
        how = ""
        if bid and bid["method"] == "fallback":
            how = ", priced by merit order, because the solver failed"
        elif bid and bid.get("limits") is not None:  # measured only where no bid may lose money
            how = ", so that at every price what is called pays for itself"
        yield f"The operator bid {words.quantity(total)} kW {steps}{how}.", False
    yield words.outcome_sentence(result, opportunity["id"]), True


def _entry(entries: Sequence[Result], opportunity: Result) -> Result | None:
    return next((each for each in entries if each["opportunity_id"] == opportunity["id"]), None)


def _limits(result: Result, opportunity: Result, options: pd.DataFrame, fleet: pd.DataFrame) -> Iterator[str]:
    bid = _entry(result["bid"], opportunity)
    if bid is None or not bid["segments"]:
        entry = _entry(result["outcomes"], opportunity)
        if entry is not None and entry["reason"]:
            yield f"Nothing could be bid: {label(entry['reason'], 600)}."
        yield from _floors(result, opportunity, fleet)
        return
    found = bid.get("limits")
    if found is None:
        yield "What its limits were worth was not measured for this bid."
    elif not found:
        yield "No limit of the terms or the rules was found to keep the bid from being worth more."
    for each in (found or [])[:_FEW_LIMITS]:
        yield limit_sentence(each, price_unit=words.unit(opportunity["price_unit"]))
    if found and len(found) > _FEW_LIMITS:
        rest = sum(each["cost_usd"] for each in found[_FEW_LIMITS:])
        yield f"{words.counted(len(found) - _FEW_LIMITS, 'further limit')} cost {_usd(rest)} at most one by one."
    yield from _not_called(result, opportunity, options)
    yield from _floors(result, opportunity, fleet)


def limit_sentence(limit: Result, *, price_unit: str) -> str:
    """One binding limit: where it stands, what it costs, and what a little more of it would have been worth."""
    name, value = limit["limit"], limit["value"]
    unit = price_unit if limit["unit"] == "price" else limit["unit"]
    what = _CAPS.get(name, f"The term {label(name, 80)}")
    at = "" if value is None else f" of {_amount(value, unit)}"
    text = f"{what}{at} binds: without it the bid would be worth {_usd(limit['cost_usd'])} more"
    if limit["worth_usd"] is not None and limit["step"] is not None:
        text += f"; {_step(limit['step'], unit)} would be worth {_usd(limit['worth_usd'])}"
    return f"{text}."


def _amount(value: float, unit: str) -> str:
    if unit == "fraction":
        return f"{words.quantity(100 * value, 2)}%"
    return f"{words.quantity(value)} {unit}".rstrip()


def _step(step: float, unit: str) -> str:
    size = 100 * abs(step) if unit == "fraction" else abs(step)
    one = abs(size - 1) < 1e-9
    single, plural = {
        "fraction": ("percentage point", "percentage points"),
        "homes": ("home", "homes"),
        "steps": ("step", "steps"),
    }.get(unit, (unit, unit))
    count, what = "one" if one else words.quantity(size, 2), single if one else plural
    return f"{count} more {what}" if step > 0 else f"{count} {what} less"


def _usd(amount: float) -> str:
    """Small amounts with the digits that matter."""
    if 0 < amount < _SMALLEST_USD:
        return "less than 0.0001 USD"
    return words.money(amount) if amount >= 10 else f"{words.quantity(amount, 4)} USD"


def _not_called(result: Result, opportunity: Result, options: pd.DataFrame) -> Iterator[str]:
    """What homes had agreed to and the market's price did not call."""
    cleared = _entry(result["clearing"], opportunity)
    left = options[~options["activated"].astype(bool)]
    power = float(left["quantity_kw"].sum())
    if cleared is None or not len(options):
        return
    unit = words.unit(opportunity["price_unit"])
    if power <= 0:
        yield f"All {words.quantity(float(options['quantity_kw'].sum()))} kW that homes agreed to were called."
        return
    cheapest = float(left["price"].min())
    if cheapest > cleared["price"]:
        yield (
            f"{words.quantity(power)} kW that homes agreed to were not called: the cheapest of it asked "
            f"{cheapest:,.2f} {unit}, and the market paid {cleared['price']:,.2f}."
        )
    else:
        yield f"{words.quantity(power)} kW that homes agreed to were not called, from {cheapest:,.2f} {unit} up."


def _floors(result: Result, opportunity: Result, fleet: pd.DataFrame) -> Iterator[str]:
    """Owners whose own lowest price is above what the market paid, or was expected to."""
    if opportunity["product"] != "energy":
        return
    cleared = _entry(result["clearing"], opportunity)
    known = cleared is not None and cleared["price"] is not None
    price = cleared["price"] if cleared is not None and known else opportunity["reference_price"]
    above = int((fleet["floor_usd_per_mwh"].fillna(0.0) > price).sum())
    if above:
        said = "sells" if above == 1 else "sell"
        yield (
            f"Owners' floors: {words.counted(above, 'home')} {said} no energy below a price of their own that is above "
            f"the market's {'' if known else 'expected '}{price:,.2f} {words.unit(opportunity['price_unit'])}."
        )


def _standing(spec: Mapping[str, Any]) -> Iterator[str]:
    """Terms that act on the homes' plans and not on the bid, where nothing was solved again."""
    if spec.get("soc_reserve_fraction"):
        share = words.quantity(100 * float(spec["soc_reserve_fraction"]), 1)
        yield f"The batteries' reserve: every plan kept {share}% of each battery; what that cost was not measured."
    if spec.get("exclude_homes") or spec.get("exclude_personas"):
        yield "Some homes were not asked, because the operator's terms leave them out."
    if spec.get("exclude_assets"):
        yield "Some devices stayed as they were, because the operator's terms leave them out."
