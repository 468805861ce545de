"""Who is paid what for what was delivered: from awards, activated options and metered delivery to the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from gridpact import units
from gridpact.errors import InputError
from gridpact.settlement.delivery import Delivery
from gridpact.settlement.ledger import Account, Kind, Ledger

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
    active = options[options["activated"].astype(bool) & (options["quantity_kw"] > 0)]
    prices: dict[tuple[str, str], float] = {}
    worth: dict[tuple[str, str], tuple[float, float]] = {}
    dearest: dict[str, float] = {}
    for opportunity, home, quantity, price in zip(
        active["opportunity_id"], active["home_id"], active["quantity_kw"], active["price"], strict=True
    ):
        sum_usd, sum_kw = worth.get((opportunity, home), (0.0, 0.0))
        worth[opportunity, home] = (sum_usd + price * quantity, sum_kw + quantity)
        dearest[opportunity] = max(price, dearest.get(opportunity, price))
    for key, (sum_usd, sum_kw) in worth.items():
        # To a billionth, so that 60 + 60 averages to 60 and not to a hair below.
        prices[key] = dearest[key[0]] if payment_rule == "uniform" else round(sum_usd / sum_kw, 9)
    return prices


def settle(
    awards: Sequence[Award],
    deliveries: Sequence[Delivery],
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
    mine = [delivery for delivery in deliveries if not delivery.promise.earlier]
    known = {award.opportunity_id for award in awards}
    for delivery in mine:
        if delivery.promise.opportunity_id not in known:
            raise InputError(f"a promise on {delivery.promise.opportunity_id!r} has no award to be settled from")
    ledger = Ledger()
    rows = []
    for award in awards:
        here = [delivery for delivery in mine if delivery.promise.opportunity_id == award.opportunity_id]
        _check_backed(award, here)
        revenue = units.window_value_usd(price=award.price, quantity_kw=award.cleared_kw, window_h=award.window_h)
        ledger.post(
            opportunity_id=award.opportunity_id,
            kind=Kind.MARKET_REVENUE,
            payer=Account.MARKET,
            receiver=Account.OPERATOR,
            amount_microusd=units.microusd(revenue),
            memo=f"{award.cleared_kw:.3f} kW for {award.window_h:g} h at {award.price:.2f}",
        )
        short = max(0.0, sum(d.committed_kwh for d in here) - sum(d.delivered_kwh for d in here))
        ledger.post(
            opportunity_id=award.opportunity_id,
            kind=Kind.SHORTFALL_PENALTY,
            payer=Account.OPERATOR,
            receiver=Account.MARKET,
            amount_microusd=units.microusd(award.penalty_price * short / units.KW_PER_MW),
            memo=f"{short:.6f} kWh short at {award.penalty_price:.2f}",
        )
        for delivery in sorted(here, key=lambda item: item.promise.home):
            home_id = home_ids[delivery.promise.home]
            if (award.opportunity_id, home_id) not in prices:
                raise InputError(f"{home_id!r} owes power to {award.opportunity_id!r} without an activated option")
            price = prices[award.opportunity_id, home_id]
            # Rounding to a microwatt-hour keeps the table, the ledger and a reader's own product in step.
            delivered = round(delivery.delivered_kwh, 9)
            amount = units.microusd_for_owner(price=price, energy_kwh=delivered)
            ledger.post(
                opportunity_id=award.opportunity_id,
                kind=Kind.OWNER_PAYMENT,
                payer=Account.OPERATOR,
                receiver=Account.HOME,
                amount_microusd=amount,
                memo=f"{delivered:.6f} kWh at {price:.6f}",
                home_id=home_id,
            )
            rows.append((award.opportunity_id, home_id, delivery.promise.quantity_kw, delivered, units.usd(amount)))
    committed = sum(delivery.committed_kwh for delivery in mine)
    delivered_kwh = sum(row[3] for row in rows)
    return Settlement(
        payment_rule=payment_rule,
        ledger=ledger,
        paid=pd.DataFrame(rows, columns=list(PAID_COLUMNS)),
        committed_kwh=committed,
        delivered_kwh=delivered_kwh,
        shortfall_kwh=max(0.0, committed - delivered_kwh),
    )


def _check_backed(award: Award, deliveries: Sequence[Delivery]) -> None:
    promised = sum(delivery.promise.quantity_kw for delivery in deliveries)
    if abs(promised - award.cleared_kw) > 1e-6 * max(1, len(deliveries)):
        raise InputError(
            f"{award.opportunity_id!r} cleared {award.cleared_kw} kW, but its homes promised {promised} kW: every "
            "kilowatt that is sold must be somebody's"
        )
    homes = [delivery.promise.home for delivery in deliveries]
    if len(set(homes)) < len(homes):
        raise InputError(f"a home has two promises on {award.opportunity_id!r}; add them up first")
