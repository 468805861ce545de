"""A finished day in plain words, for the terminal and the head of the HTML report."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

PRODUCTS = {"energy": "energy", "spin": "spinning reserve", "nonspin": "non-spinning reserve"}


def money(amount_usd: float) -> str:
    """An amount [USD] with its sign and cents."""
    return f"-{-amount_usd:,.2f} USD" if amount_usd <= -0.005 else f"{abs(amount_usd):,.2f} USD"


def unit(price_unit: str) -> str:
    """A price unit as people write it."""
    return "USD/MWh" if price_unit == "usd_per_mwh" else "USD/MW per h"


def window(opportunity: Mapping[str, Any], timezone: str) -> str:
    """A window in local time, with the zone named."""
    start = datetime.fromisoformat(opportunity["start"]).astimezone(ZoneInfo(timezone))
    end = datetime.fromisoformat(opportunity["end"]).astimezone(ZoneInfo(timezone))
    last = f"{end:%H:%M}" if end.date() == start.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"{start:%Y-%m-%d %H:%M} to {last} ({timezone})"


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
                f"Awarded: {cleared['quantity_kw']:,.3f} kW of {product} at {cleared['price']:,.2f} {price}"
                f" (requested {opportunity['requested_kw']:,.3f} kW)."
            )
        case "not_cleared":
            return f"Not cleared: the market's price, {entry['price']:,.2f} {price}, was below the bid."
        case "refused":
            return f"Refused by the market's rules: {entry['reason']}."
        case "no_bid":
            return f"No bid: {entry['reason']}; loss avoided {money(entry['loss_avoided_usd'] or 0.0)}."
        case _:
            return f"No deal: {entry['reason']}."


def day_sentence(result: Mapping[str, Any]) -> str:
    """The day in one sentence."""
    members, invited = len(result["coalition"]["members"]), result["negotiation"]["invited"]
    money_made, delivery = result["settlement"], result["delivery"]
    if result["outcome"] != "awarded":
        first = result["outcomes"][0]["opportunity_id"] if result["outcomes"] else None
        return outcome_sentence(result, first) if first else "Nothing was asked for."
    return (
        f"{members} of {invited} homes delivered {delivery['delivered_kwh']:,.2f} of {delivery['committed_kwh']:,.2f} kWh; "
        f"the market paid {money(money_made['market_revenue_usd'])}, owners received "
        f"{money(money_made['owner_payments_usd'])} and the operator kept {money(money_made['operator_profit_usd'])}."
    )
