"""How much there was to gain, and how much was gained, by the homes' private costs."""

import numpy as np

from gridpact import units
from gridpact.flexibility.batch import CurveBatch
from gridpact.flexibility.home import Floats
from gridpact.operation.bidding import Award


def costs_at(curves: CurveBatch, quantity_kw: Floats) -> Floats:
    """Cost of ``quantity_kw``, shape (N,), on each home's curve, linear between its points, shape (N,) [USD]."""
    rows = np.arange(len(curves))
    # Points beyond a curve's own repeat its last one, so that they are never the point below and the point above.
    below = np.clip((curves.quantity_kw <= quantity_kw[:, None]).sum(axis=1) - 1, 0, curves.counts - 1)
    above = np.minimum(below + 1, curves.counts - 1)
    start_kw, start_usd = curves.quantity_kw[rows, below], curves.cost_usd[rows, below]
    width, rise = curves.quantity_kw[rows, above] - start_kw, curves.cost_usd[rows, above] - start_usd
    slope = np.divide(rise, width, out=np.zeros_like(rise), where=width > 0)
    return np.asarray(np.where(width > 0, slope * (quantity_kw - start_kw) + start_usd, start_usd))


def realised_surplus(award: Award) -> float:
    """Market revenue of what cleared less the members' private costs of what they promised [USD]."""
    if award.clearing is None:
        return 0.0
    costs = float(sum(costs_at(award.quotes.curves, award.committed_kw).tolist()))
    return _worth(award, award.clearing.quantity_kw) - costs


def full_information_surplus(award: Award) -> float:
    """The most that an aggregator who knew every private cost would have gained [USD].

    The cheapest power first, up to the request, at the clearing price (the expected price where nothing was bid).
    """
    curves = award.quotes.curves
    width, rise = np.diff(curves.quantity_kw, axis=1), np.diff(curves.cost_usd, axis=1)
    marginal = rise[width > 0] / width[width > 0]
    width = width[width > 0]
    order = np.lexsort((width, marginal))
    marginal, width = marginal[order], width[order]
    room = np.subtract.accumulate(np.concatenate([[award.call.opportunity.requested_kw], width]))[:-1]
    taken, worth = np.minimum(room, width), _worth(award, 1.0)
    useless = np.flatnonzero((marginal >= worth) | (taken <= 0))
    pieces = int(useless[0]) if useless.size else len(taken)
    gained = np.cumsum((worth - marginal[:pieces]) * taken[:pieces])
    return float(gained[-1]) if pieces else 0.0


def _worth(award: Award, quantity_kw: float) -> float:
    opportunity = award.call.opportunity
    price = opportunity.reference_price if award.clearing is None else award.clearing.price
    return units.window_value_usd(price=price, quantity_kw=quantity_kw, window_h=opportunity.window_h)
