"""Who is paid what for what was delivered: from awards, activated options and metered delivery to the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from gridpact import units
from gridpact.errors import InputError
from gridpact.settlement.delivery import Deliveries
from gridpact.settlement.ledger import Account, Kind, Ledger
from gridpact.settlement.premises import Floats, Ints

PAYMENT_RULES = ("as_agreed", "uniform")
PAID_COLUMNS = ("opportunity_id", "home_id", "committed_kw", "delivered_kwh", "paid_usd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Award:
    """What the market took of one opportunity's bid."""

    opportunity_id: str
    price: float
    """Clearing price [USD/MWh, or USD/MW per h for reserve]."""
    cleared_kw: float
    window_h: float
    penalty_price: float
    """Price of energy not delivered, or of reserve not held [as ``price``]; see `penalty_price`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Money and energy of a run, tied to its ledger."""

    payment_rule: str
    ledger: Ledger
    paid: pd.DataFrame
    """One row a promise of this run: opportunity_id, home_id, committed_kw, delivered_kwh, paid_usd."""
    committed_kwh: float
    delivered_kwh: float
    shortfall_kwh: float

    @property
    def market_revenue_usd(self) -> float:
        """What the market pays, before penalties [USD]."""
        return units.usd(-self.ledger.total(account=Account.MARKET, kind=Kind.MARKET_REVENUE))

    @property
    def owner_payments_usd(self) -> float:
        """What owners receive [USD]."""
        return units.usd(self.ledger.total(account=Account.HOME))

    @property
    def penalty_usd(self) -> float:
        """What the operator gives back for shortfall [USD]."""
        return units.usd(self.ledger.total(account=Account.MARKET, kind=Kind.SHORTFALL_PENALTY))

    @property
    def operator_profit_usd(self) -> float:
        """What stays with the operator; negative where it loses [USD]."""
        return units.usd(self.ledger.total(account=Account.OPERATOR))


def penalty_price(clearing_price: float, multiplier: float) -> float:
    """Price of what was not delivered: the rules' multiple of the clearing price, at least the price itself.

    Never below zero: at a negative clearing price the revenue was a cost already.
    """
    return max(0.0, clearing_price * max(1.0, multiplier))


def pay_prices(options: pd.DataFrame, *, payment_rule: str = "as_agreed") -> dict[tuple[str, str], float]:
    """Price at which each (opportunity, home) is paid for what it delivers.

    ``as_agreed``: the quantity-weighted average of the home's activated options. ``uniform``: the dearest activated
    option of the opportunity, for every member.

    Args:
        options: columns of ``options.parquet``.
        payment_rule: one of ``PAYMENT_RULES``.

    Raises:
        InputError: the rule is not known.
    """
    if payment_rule not in PAYMENT_RULES:
        raise InputError(f"payment rule {payment_rule!r} is not known; use one of {', '.join(PAYMENT_RULES)}")
    active = options[options["activated"].to_numpy(dtype=np.bool_) & (options["quantity_kw"].to_numpy() > 0)]
    quantity, price = (active[name].to_numpy(dtype=np.float64) for name in ("quantity_kw", "price"))
    places: dict[tuple[str, str], int] = {}
    pairs = zip(active["opportunity_id"].tolist(), active["home_id"].tolist(), strict=True)
    row = np.array([places.setdefault(pair, len(places)) for pair in pairs], dtype=np.int64)
    sums = np.bincount(row, weights=price * quantity), np.bincount(row, weights=quantity)
    dearest: dict[str, float] = {}
    if payment_rule == "uniform":
        for opportunity, asked in zip(active["opportunity_id"].tolist(), price.tolist(), strict=True):
            dearest[opportunity] = max(asked, dearest.get(opportunity, asked))
        return {pair: dearest[pair[0]] for pair in places}
    # To a billionth, so that 60 + 60 averages to 60 and not to a hair below.
    average = [round(usd / kw, 9) for usd, kw in zip(*(each.tolist() for each in sums), strict=True)]
    return dict(zip(places, average, strict=True))


def microusd_for_owners(*, price: ArrayLike, energy_kwh: ArrayLike) -> list[int]:
    """`gridpact.units.microusd_for_owner` for each of many, arrays of shape (n,).

    The product in binary is off by a few parts in 10^16, so that it says for sure where to round, except near the edge
    between two whole numbers; there the exact rule decides.
    """
    prices, energies = np.asarray(price, dtype=np.float64), np.asarray(energy_kwh, dtype=np.float64)
    raw = prices * energies * 1000.0 - 1e-6
    amounts = np.ceil(raw)
    unsure = (np.abs(raw - np.round(raw)) <= 1e-9 + 1e-14 * np.abs(raw)) | ~(np.abs(raw) < 1e12)
    # What is unsure may be beyond 64 bits.
    found: list[int] = np.where(unsure, 0.0, amounts).astype(np.int64).tolist()
    for row in np.flatnonzero(unsure).tolist():
        found[row] = units.microusd_for_owner(price=float(prices[row]), energy_kwh=float(energies[row]))
    return found


def settle(
    awards: Sequence[Award],
    deliveries: Deliveries,
    options: pd.DataFrame,
    *,
    home_ids: Sequence[str],
    payment_rule: str = "as_agreed",
) -> Settlement:
    """Settle every award.

    The market pays clearing price x cleared power x hours. Owners get their price x delivered energy, rounded up to a
    micro-dollar; never more than was activated, since delivery is capped at the promise. The operator pays the
    penalty of each opportunity's shortfall and takes the residue.

    Args:
        awards: one for each opportunity that cleared.
        deliveries: see `gridpact.settlement.delivery.measure`; promises of earlier runs are left out.
        options: columns of ``options.parquet``.
        home_ids: the fleet's homes in order.
        payment_rule: one of ``PAYMENT_RULES``.

    Raises:
        InputError: the rule is not known, a delivery has no award or no activated option, or promises do not add up
            to what was cleared.
    """
    prices = pay_prices(options, payment_rule=payment_rule)
    promises = deliveries.promises
    known = {award.opportunity_id for award in awards}
    mine = np.flatnonzero(~promises.earlier)
    names = np.array([promises.opportunity_ids[number] for number in promises.opportunity[mine]], dtype=object)
    for name in dict.fromkeys(names.tolist()):
        if name not in known:
            raise InputError(f"a promise on {name!r} has no award to be settled from")
    ledger = Ledger()
    rows: list[tuple[str, str, float, float, float]] = []
    for award in awards:
        here = mine[names == award.opportunity_id]
        _check_backed(award, promises.home[here], promises.quantity_kw[here])
        revenue = units.window_value_usd(price=award.price, quantity_kw=award.cleared_kw, window_h=award.window_h)
        ledger.post(
            opportunity_id=award.opportunity_id,
            kind=Kind.MARKET_REVENUE,
            payer=Account.MARKET,
            receiver=Account.OPERATOR,
            amount_microusd=units.microusd(revenue),
            memo=f"{award.cleared_kw:.3f} kW for {award.window_h:g} h at {award.price:.2f}",
        )
        owed, given = (sum(kwh[here].tolist()) for kwh in (deliveries.committed_kwh, deliveries.delivered_kwh))
        short = max(0.0, owed - given)
        ledger.post(
            opportunity_id=award.opportunity_id,
            kind=Kind.SHORTFALL_PENALTY,
            payer=Account.OPERATOR,
            receiver=Account.MARKET,
            amount_microusd=units.microusd(award.penalty_price * short / units.KW_PER_MW),
            memo=f"{short:.6f} kWh short at {award.penalty_price:.2f}",
        )
        rows += _pay(award, deliveries, here, prices, home_ids=home_ids, ledger=ledger)
    committed = sum(deliveries.committed_kwh[mine].tolist())
    delivered_kwh = sum(row[3] for row in rows)
    return Settlement(
        payment_rule=payment_rule,
        ledger=ledger,
        paid=pd.DataFrame(rows, columns=list(PAID_COLUMNS)),
        committed_kwh=committed,
        delivered_kwh=delivered_kwh,
        shortfall_kwh=max(0.0, committed - delivered_kwh),
    )


def _pay(
    award: Award,
    deliveries: Deliveries,
    here: Ints,
    prices: Mapping[tuple[str, str], float],
    *,
    home_ids: Sequence[str],
    ledger: Ledger,
) -> list[tuple[str, str, float, float, float]]:
    """Pay the owners of the promises in the rows ``here``, in the fleet's order; a row of `PAID_COLUMNS` for each."""
    promises = deliveries.promises
    order = here[np.argsort(promises.home[here], kind="stable")]
    homes = [home_ids[home] for home in promises.home[order].tolist()]
    for home_id in homes:
        if (award.opportunity_id, home_id) not in prices:
            raise InputError(f"{home_id!r} owes power to {award.opportunity_id!r} without an activated option")
    agreed = [prices[award.opportunity_id, home_id] for home_id in homes]
    # Rounding to a microwatt-hour keeps the table, the ledger and a reader's own product in step.
    delivered = [round(kwh, 9) for kwh in deliveries.delivered_kwh[order].tolist()]
    amounts = microusd_for_owners(price=agreed, energy_kwh=delivered)
    for home_id, price, energy_kwh, amount in zip(homes, agreed, delivered, amounts, strict=True):
        ledger.post(
            opportunity_id=award.opportunity_id,
            kind=Kind.OWNER_PAYMENT,
            payer=Account.OPERATOR,
            receiver=Account.HOME,
            amount_microusd=amount,
            memo=f"{energy_kwh:.6f} kWh at {price:.6f}",
            home_id=home_id,
        )
    names = [award.opportunity_id] * len(homes)
    return list(
        zip(names, homes, promises.quantity_kw[order].tolist(), delivered, map(units.usd, amounts), strict=True)
    )


def _check_backed(award: Award, homes: Ints, promised_kw: Floats) -> None:
    promised = sum(promised_kw.tolist())
    if abs(promised - award.cleared_kw) > 1e-6 * max(1, len(homes)):
        raise InputError(
            f"{award.opportunity_id!r} cleared {award.cleared_kw} kW, but its homes promised {promised} kW: every "
            "kilowatt that is sold must be somebody's"
        )
    if len(np.unique(homes)) < len(homes):
        raise InputError(f"a home has two promises on {award.opportunity_id!r}; add them up first")
