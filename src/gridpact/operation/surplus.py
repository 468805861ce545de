"""How much there was to gain, and how much was gained, by the homes' private costs."""

import numpy as np

from gridpact import units
from gridpact.flexibility.home import CostCurve
from gridpact.operation.bidding import Award


def cost_at(curve: CostCurve, quantity_kw: float) -> float:
    """Cost of ``quantity_kw`` on a curve, linear between its points [USD]."""
    return float(np.interp(quantity_kw, curve.quantity_kw, curve.cost_usd))


def realised_surplus(award: Award) -> float:
    """Market revenue of what cleared less the members' private costs of what they promised [USD]."""
    if award.clearing is None:
        return 0.0
    costs = sum(cost_at(curve, award.committed_kw.get(curve.home_id, 0.0)) for curve in award.quotes.curves)
    return _worth(award, award.clearing.quantity_kw) - costs


def full_information_surplus(award: Award) -> float:
    """The most that an aggregator who knew every private cost would have gained [USD].

    The cheapest power first, up to the request, at the clearing price (the expected price where nothing was bid).
    """
    pieces = []
    for curve in award.quotes.curves:
        for width, cost in zip(np.diff(curve.quantity_kw), np.diff(curve.cost_usd), strict=True):
            if width > 0:
                pieces.append((float(cost / width), float(width)))
    worth, room, gained = _worth(award, 1.0), award.call.opportunity.requested_kw, 0.0
    for marginal, width in sorted(pieces):
        taken = min(room, width)
        if marginal >= worth or taken <= 0:
            break
        gained += (worth - marginal) * taken
        room -= taken
    return gained


def _worth(award: Award, quantity_kw: float) -> float:
    opportunity = award.call.opportunity
    price = opportunity.reference_price if award.clearing is None else award.clearing.price
    return units.window_value_usd(price=price, quantity_kw=quantity_kw, window_h=opportunity.window_h)
