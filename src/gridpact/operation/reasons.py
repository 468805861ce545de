"""Why each home is in or out, in words with numbers."""

from gridpact.operation.bidding import Award
from gridpact.report.words import unit


def coalition_reasons(award: Award) -> dict[str, str]:
    """For every home of the fleet, what decided about it."""
    price_unit = unit(award.call.opportunity.price_unit)
    options = award.options
    agreed = {str(home): rows for home, rows in options.groupby("home_id")}
    reasons = {}
    for curve in award.quotes.curves:
        home = curve.home_id
        if home in award.committed_kw:
            mine = agreed[home][agreed[home]["activated"]]
            price = float((mine["price"] * mine["quantity_kw"]).sum() / mine["quantity_kw"].sum())
            reasons[home] = f"in: {award.committed_kw[home]:g} kW at {price:.2f} {price_unit}"
            offered = float(agreed[home]["quantity_kw"].sum())
            if offered > award.committed_kw[home] + 1e-9:
                reasons[home] += f", of {offered:g} kW agreed"
        elif home in award.quotes.reasons:
            reasons[home] = f"out: {award.quotes.reasons[home]}"
        elif home in award.dropped:
            reasons[home] = "out: dropped out before gate closure"
        elif home in agreed:
            cheapest = float(agreed[home]["price"].min())
            reasons[home] = f"out: {award.talks.reasons[home]}, but {_not_used(award, cheapest, price_unit)}"
        else:
            reasons[home] = f"out: {award.talks.reasons[home]}"
    return reasons


def _not_used(award: Award, cheapest: float, price_unit: str) -> str:
    clearing = award.clearing
    if clearing is None or clearing.quantity_kw <= 0:
        return "nothing was sold"
    if cheapest > clearing.price:
        return f"the market paid {clearing.price:.2f} {price_unit}"
    if clearing.quantity_kw >= award.call.opportunity.requested_kw - 1e-3:
        return "cheaper options filled the request"
    return "the best coalition within the terms did not need it"
