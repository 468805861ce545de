"""Why each home is in or out, in words with numbers."""

import numpy as np

from gridpact.operation.bidding import Award
from gridpact.report.words import unit


def coalition_reasons(award: Award) -> list[str]:
    """For every home of the fleet, in its order, what decided about it."""
    price_unit = unit(award.call.opportunity.price_unit)
    options, homes = award.options, len(award.committed_kw)
    talked = award.talks.reasons()
    paid = np.where(options.activated, options.price * options.quantity_kw, 0.0)
    called, spent, offered = (
        np.bincount(options.home_index, weights=weights, minlength=homes).tolist()
        for weights in (np.where(options.activated, options.quantity_kw, 0.0), paid, options.quantity_kw)
    )
    cheapest = np.full(homes, np.inf)
    np.minimum.at(cheapest, options.home_index, options.price)
    dropped = set(award.dropped)
    reasons = []
    for number, (home, committed) in enumerate(zip(options.home_ids, award.committed_kw.tolist(), strict=True)):
        if committed > 0:
            text = f"in: {committed:g} kW at {spent[number] / called[number]:.2f} {price_unit}"
            if offered[number] > committed + 1e-9:
                text += f", of {offered[number]:g} kW agreed"
        elif home in award.quotes.reasons:
            text = f"out: {award.quotes.reasons[home]}"
        elif home in dropped:
            text = "out: dropped out before gate closure"
        elif offered[number] > 0:
            text = f"out: {talked[home]}, but {_not_used(award, float(cheapest[number]), price_unit)}"
        else:
            text = f"out: {talked[home]}"
        reasons.append(text)
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
