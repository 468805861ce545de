"""A finished day in plain words, for the terminal and the head of the HTML report."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

PRODUCTS = {"energy": "energy", "spin": "spinning reserve", "nonspin": "non-spinning reserve"}


def money(amount_usd: float) -> str:
    """An amount [USD] with its sign and cents."""
    return f"-{-amount_usd:,.2f} USD" if amount_usd <= -0.005 else f"{abs(amount_usd):,.2f} USD"


def quantity(value: float, digits: int = 3) -> str:
    """A number with at most ``digits`` decimals and no trailing zeros."""
    shown = f"{value:,.{digits}f}"
    shown = shown.rstrip("0").rstrip(".") if "." in shown else shown
    return "0" if shown == "-0" else shown


def counted(number: int, what: str) -> str:
    """``1 home``, ``2 homes``."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def why(reason: str) -> str:
    """A member's reason without the leading ``in:`` or ``out:``, for where that is said beside it."""
    return reason.removeprefix("in: ").removeprefix("out: ")


def unit(price_unit: str) -> str:
    """A price unit as people write it."""
    return "USD/MWh" if price_unit == "usd_per_mwh" else "USD/MW per h"


def window(opportunity: Mapping[str, Any], timezone: str) -> str:
    """A window in local time, with the zone named."""
    start = datetime.fromisoformat(opportunity["start"]).astimezone(ZoneInfo(timezone))
    end = datetime.fromisoformat(opportunity["end"]).astimezone(ZoneInfo(timezone))
    last = f"{end:%H:%M}" if end.date() == start.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"{start:%Y-%m-%d %H:%M} to {last} ({timezone})"


def drop_out_sentences(events: Sequence[Mapping[str, Any]], *, in_vain: bool) -> list[str]:
    """Who dropped out and what came of it, a sentence for each kind, in the order of the log.

    Args:
        events: rows of ``events.jsonl``.
        in_vain: of those whose dropping out changed nothing, or of the others.
    """
    homes: dict[str, dict[str, None]] = {}
    for row in events:
        said = row.get("payload", {})
        if row.get("kind") != "member_dropped" or ("no_effect" in said) != in_vain:
            continue
        if in_vain:
            came = f"Dropping out {said['stage']} had no effect, as {said['no_effect']}"
        elif "formed_again_without" in said:
            came = "Dropped out before gate closure, and the coalition was formed again without"
        else:
            came = "Dropped out after the award, and did not follow the plan"
        homes.setdefault(came, {})[str(said["home_id"])] = None
    return [f"{came}: {_listed(list(names))}." for came, names in homes.items()]


def _listed(names: Sequence[str], most: int = 10) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")


def outcome_sentence(result: Mapping[str, Any], opportunity_id: str) -> str:
    """What became of one opportunity, with the number that decided it."""
    entry = next(item for item in result["outcomes"] if item["opportunity_id"] == opportunity_id)
    opportunity = next(item for item in result["opportunities"] if item["id"] == opportunity_id)
    cleared = next((item for item in result["clearing"] if item["opportunity_id"] == opportunity_id), None)
    product = PRODUCTS[opportunity["product"]]
    price = unit(opportunity["price_unit"])
    match entry["outcome"]:
        case "awarded" if cleared is not None:
            return (
                f"Awarded: {quantity(cleared['quantity_kw'])} kW of {product} at {cleared['price']:,.2f} {price}"
                f" ({quantity(opportunity['requested_kw'])} kW requested)."
            )
        case "not_cleared" if entry["price"] is None or str(entry["reason"]).startswith("the market awarded"):
            return f"Not cleared: {entry['reason']}."
        case "not_cleared":
            return f"Not cleared: the market's price, {entry['price']:,.2f} {price}, was below the bid."
        case "refused":
            return f"Refused by the market's rules: {entry['reason']}."
        case "no_bid":
            return f"No bid: {entry['reason']}; loss avoided {money(entry['loss_avoided_usd'] or 0.0)}."
        case _:
            return f"No deal: {entry['reason']}."


def day_sentence(result: Mapping[str, Any], *, homes: int | None = None) -> str:
    """The day in one sentence.

    Args:
        result: content of ``result.json``.
        homes: homes of the fleet; by default the homes invited to each opportunity.
    """
    opportunities = result["opportunities"]
    if result["outcome"] != "awarded":
        return (
            outcome_sentence(result, result["outcomes"][0]["opportunity_id"]) if opportunities else "Nothing asked for."
        )
    if homes is None:
        homes = result["negotiation"]["invited"] // max(1, len(opportunities))
    members = len(result["coalition"]["members"])
    settlement, delivery = result["settlement"], result["delivery"]
    promised, delivered = delivery["committed_kwh"], delivery["delivered_kwh"]
    kept = "all of it" if delivered >= promised - 0.005 else f"{delivered:,.2f} kWh of it"
    penalty, profit = settlement["penalty_usd"], settlement["operator_profit_usd"]
    took = f" penalties took {money(penalty)}" if penalty >= 0.005 else ""
    return (
        f"{members:,} of {counted(homes, 'home')} promised {promised:,.2f} kWh and delivered {kept}; "
        f"the market paid {money(settlement['market_revenue_usd'])}, "
        f"owners received {money(settlement['owner_payments_usd'])}{',' if took else ''}{took} and "
        f"the operator {'kept' if profit >= 0 else 'lost'} {money(abs(profit))}."
    )
