"""Delivery recomputed from dispatch, pay recomputed from options, penalties, and a ledger that adds up."""

import math
from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from gridpact_audit.market import cleared_kw, clearing_price
from gridpact_audit.report import Finding, Rule
from gridpact_audit.run import ENERGY_TOL_KWH, REALISED, Run, UnusableError, records

COALITION, LEDGER, OPTIONS, RESULT = "coalition.parquet", "ledger.csv", "options.parquet", "result.json"
MICRO = 1_000_000
SIDES = {
    "market_revenue": ("market", "operator"),
    "shortfall_penalty": ("market", "operator"),
    "owner_payment": ("operator", "home"),
}
SLACK_MICRO = 0.01
"""A product of binary numbers this close above a whole micro-dollar is that number [micro-dollar]."""


def delivered_kwh(run: Run) -> dict[tuple[str, str], float]:
    """Energy (or reserve held times hours) delivered on each promise of this run [kWh].

    Promises that overlap share what the home gave, in award order: no kilowatt counts twice.
    """
    given = run.baseline_replay_kw - run.power("net_kw")[REALISED]
    held = run.power("reserve_kw")[REALISED].copy()
    found = {}
    for promise in run.promises:
        rest = held if promise.reserve else given
        window = (promise.home, slice(promise.first, promise.stop))
        part = np.clip(rest[window], 0.0, promise.quantity_kw)
        rest[window] -= part
        if not promise.earlier:
            found[promise.opportunity_id, run.home_ids[promise.home]] = float(part.sum() * run.grid.step_h)
    return found


def delivery(run: Run, finding: Finding) -> None:
    """Delivered is the net of the baseline's devices on realised load and solar less realised net, 0 to committed."""
    wanted = delivered_kwh(run)
    hours = {name: opportunity.window_h for name, opportunity in run.opportunity_at.items()}
    frame = run.tables[COALITION]
    finding.tried(len(frame))
    for row, name, home, said in records(frame, "_row", "opportunity_id", "home_id", "delivered_kwh"):
        kwh = wanted.get((name, home), 0.0)
        if not abs(said - kwh) <= ENERGY_TOL_KWH * max(1.0, hours.get(name, 1.0)):
            finding.add(COALITION, row, "delivered_kwh", f"{home}: {said:g} kWh, but dispatch shows {kwh:.6g}")


def delivery_totals(run: Run, finding: Finding) -> None:
    """Committed, delivered, shortfall and rebound of the result follow from coalition and dispatch."""
    frame, said = run.tables[COALITION], run.result["delivery"]
    hours = frame["opportunity_id"].map({name: one.window_h for name, one in run.opportunity_at.items()})
    committed = float((frame["committed_kw"] * hours).sum())
    delivered = float(frame["delivered_kwh"].sum())
    for key, wanted in (
        ("committed_kwh", committed),
        ("delivered_kwh", delivered),
        ("shortfall_kwh", max(0.0, committed - delivered)),
        ("rebound_kwh", rebound_kwh(run)),
    ):
        finding.tried(1)
        if not abs(said[key] - wanted) <= ENERGY_TOL_KWH * max(1, len(frame)):
            finding.add(RESULT, None, f"delivery.{key}", f"{said[key]:g}, but the tables give {wanted:.6g}")


def rebound_kwh(run: Run) -> float:
    """Energy taken back outside the windows by homes with a commitment of this run [kWh]."""
    more = np.maximum(run.power("net_kw")[REALISED] - run.baseline_replay_kw, 0.0) * run.grid.step_h
    outside = np.zeros(more.shape, dtype=np.bool_)
    mine = [promise for promise in run.promises if not promise.earlier]
    for promise in mine:
        outside[promise.home] = True
    for promise in mine:
        outside[promise.home, promise.first : promise.stop] = False
    return float(more[outside].sum())


def average_prices(run: Run) -> dict[tuple[str, str], float]:
    """Quantity-weighted price of each home's activated options."""
    frame = run.tables[OPTIONS]
    kw: dict[tuple[str, str], float] = defaultdict(float)
    worth: dict[tuple[str, str], float] = defaultdict(float)
    columns = ("opportunity_id", "home_id", "quantity_kw", "price", "activated")
    for name, home, quantity, price, activated in records(frame, *columns):
        if activated:
            kw[name, home] += quantity
            worth[name, home] += quantity * price
    return {key: worth[key] / total for key, total in kw.items() if total > 0}


def _micro(usd: float) -> int:
    return round(usd * MICRO)


def owners_paid(run: Run, finding: Finding) -> None:
    """Pay is the rule's price times what was delivered, in whole micro-dollars rounded up.

    ``as_agreed`` pays the average activated price; ``uniform`` pays every member the dearest activated price.
    """
    rule = run.result["settlement"]["payment_rule"]
    average = average_prices(run)
    if rule == "uniform":
        top: dict[str, float] = {}
        active = run.tables[OPTIONS][run.tables[OPTIONS]["activated"].astype(bool)]
        for opportunity, price in active.groupby("opportunity_id")["price"].max().items():
            top[str(opportunity)] = float(price)
        average = {key: top[key[0]] for key in average}
    elif rule != "as_agreed":
        raise UnusableError(f"payment rule {rule!r} is not known to the auditor")
    frame = run.tables[COALITION]
    finding.tried(len(frame))
    for row, name, home, kwh, paid_usd in records(
        frame, "_row", "opportunity_id", "home_id", "delivered_kwh", "paid_usd"
    ):
        exact = average.get((name, home), 0.0) * kwh * 1000.0
        paid = paid_usd * MICRO
        if not abs(paid - round(paid)) <= 1e-3:
            finding.add(COALITION, row, "paid_usd", f"{home}: {paid_usd!r} is not in whole micro-dollars")
        if not exact - SLACK_MICRO <= round(paid) < exact + 1.0 + SLACK_MICRO:
            due = math.ceil(exact - SLACK_MICRO)
            finding.add(
                COALITION, row, "paid_usd", f"{home}: paid {round(paid)} micro-dollars; price times delivery is {due}"
            )


def rational_at_award(run: Run, finding: Finding) -> None:
    """At the award each member is promised at least its private cost of what it commits, and its floor price."""
    average, frame = average_prices(run), run.tables[COALITION]
    floor = dict(zip(run.home_ids, run.amounts("floor_usd_per_mwh"), strict=True))
    for row, name, home, committed in records(frame, "_row", "opportunity_id", "home_id", "committed_kw"):
        if not committed > 0:
            continue
        finding.tried(1)
        opportunity = run.opportunity_at[name]
        price = average.get((name, home), float("nan"))
        promised = price * committed * opportunity.window_h / 1000.0
        cost = run.cost_at(name, home, committed)
        if not promised >= cost - 1e-6:
            finding.add(COALITION, row, "committed_kw", f"{home}: promised {promised:.6f} USD, its cost is {cost:.6f}")
        if not opportunity.reserve and not price >= floor[home] - 1e-6:
            finding.add(COALITION, row, "committed_kw", f"{home}: {price:g} is below its floor {floor[home]:g}")


def ledger_balances(run: Run, finding: Finding) -> None:
    """Each transaction, each opportunity and the whole ledger sum to zero; entries are numbered once each."""
    frame = run.ledger
    finding.tried(len(frame))
    twice = frame["entry_id"].duplicated().to_numpy()
    rows = frame["_row"].to_numpy(dtype=np.int64)
    finding.where(twice, file=LEDGER, rows=rows, column="entry_id", say=lambda _: "this entry_id is there already")
    legs: dict[str, int] = defaultdict(int)
    for entry_id, amount in records(frame, "entry_id", "amount_microusd"):
        legs[str(entry_id).rpartition(".")[0]] += amount
    for row, entry_id in records(frame, "_row", "entry_id"):
        if legs.pop(str(entry_id).rpartition(".")[0], 0):
            finding.add(LEDGER, row, "amount_microusd", f"the legs of entry {entry_id} do not sum to zero")
    entries = list(records(frame, "_row", "opportunity_id", "account", "home_id", "amount_microusd", "kind"))
    totals: dict[str, int] = defaultdict(int)
    for _, name, _, _, amount, _ in entries:
        totals[name] += amount
    for row, name, account, home, amount, kind in entries:
        if totals.pop(name, 0):
            finding.add(LEDGER, row, "amount_microusd", f"{name} does not sum to zero from this line on")
        if account not in SIDES.get(kind, SIDES["owner_payment"]):
            finding.add(LEDGER, row, "account", f"a {kind} has no side called {account}")
        if account == "home" and amount < 0:
            finding.add(LEDGER, row, "amount_microusd", f"{home} pays instead of being paid")


def _side(run: Run, opportunity: str | None, account: str, kinds: Iterable[str]) -> int:
    frame = run.ledger
    mine = (frame["account"] == account) & frame["kind"].isin(list(kinds))
    if opportunity is not None:
        mine &= frame["opportunity_id"] == opportunity
    return int(frame.loc[mine, "amount_microusd"].sum())


def ledger_ties_to_owners(run: Run, finding: Finding) -> None:
    """What the ledger gives each home for each opportunity is what the coalition table says it was paid."""
    frame, ledger = run.tables[COALITION], run.ledger
    got: dict[tuple[str, str], int] = defaultdict(int)
    line: dict[tuple[str, str], int] = {}
    for row, name, home, amount, account in records(
        ledger, "_row", "opportunity_id", "home_id", "amount_microusd", "account"
    ):
        if account == "home":
            got[name, home] += amount
            line.setdefault((name, home), row)
    for row, name, home, paid in records(frame, "_row", "opportunity_id", "home_id", "paid_usd"):
        finding.tried(1)
        amount = got.pop((name, home), 0)
        if amount != _micro(paid):
            where = f"line {line[name, home]} of the ledger" if (name, home) in line else "no line of the ledger"
            finding.add(COALITION, row, "paid_usd", f"{home}: {_micro(paid)} micro-dollars, {where} has {amount}")
    for key, amount in got.items():
        if amount:
            finding.add(LEDGER, line[key], "home_id", f"{key[1]} is paid for {key[0]}, but is in no coalition of it")


def market_side(run: Run, finding: Finding) -> None:
    """The market pays clearing price times cleared power times hours, and takes the penalty of the shortfall."""
    frame = run.tables[COALITION]
    for opportunity in run.opportunities:
        finding.tried(1)
        if not run.book.knows(opportunity.rules):
            raise UnusableError(f"market rules {opportunity.rules!r} are not known to the auditor")
        price, cleared = clearing_price(run, opportunity.id) or 0.0, cleared_kw(run, opportunity.id)
        revenue = price * cleared * opportunity.window_h / 1000.0 * MICRO
        here = frame[frame["opportunity_id"] == opportunity.id]
        short = max(0.0, float(here["committed_kw"].sum()) * opportunity.window_h - float(here["delivered_kwh"].sum()))
        multiplier = float(run.rule(opportunity, "penalty_multiplier") or 1.0)
        penalty = max(0.0, price * max(1.0, multiplier)) * short / 1000.0 * MICRO
        for kind, wanted in (("market_revenue", -revenue), ("shortfall_penalty", penalty)):
            found = _side(run, opportunity.id, "market", (kind,))
            if not abs(found - wanted) <= 1.0:
                lines = run.ledger.loc[
                    (run.ledger["opportunity_id"] == opportunity.id) & (run.ledger["kind"] == kind), "_row"
                ]
                row = int(lines.iloc[0]) if len(lines) else None
                finding.add(
                    LEDGER,
                    row,
                    "amount_microusd",
                    f"{opportunity.id}: the market's {kind} is {found}, not {round(wanted)}",
                )


def settlement_ties(run: Run, finding: Finding) -> None:
    """The result's settlement is the ledger's, account by account."""
    said = run.result["settlement"]
    kinds = ("market_revenue", "shortfall_penalty", "owner_payment")
    for key, wanted in (
        ("market_revenue_usd", -_side(run, None, "market", ("market_revenue",))),
        ("penalty_usd", _side(run, None, "market", ("shortfall_penalty",))),
        ("owner_payments_usd", _side(run, None, "home", kinds)),
        ("operator_profit_usd", _side(run, None, "operator", kinds)),
    ):
        finding.tried(1)
        if not abs(said[key] * MICRO - wanted) <= 0.5:
            finding.add(RESULT, None, f"settlement.{key}", f"{said[key]!r}, but the ledger gives {wanted / MICRO!r}")


_MONEY = (LEDGER, COALITION, RESULT, "fleet.parquet")
_DELIVERY = (COALITION, "dispatch.parquet", RESULT, "fleet.parquet")
RULES = (
    Rule(name="money.delivery_from_dispatch", needs=_DELIVERY, test=delivery),
    Rule(name="money.delivery_totals", needs=_DELIVERY, test=delivery_totals),
    Rule(name="money.owners_paid_as_ruled", needs=(COALITION, OPTIONS, RESULT), test=owners_paid),
    Rule(
        name="money.rational_at_award",
        needs=(COALITION, OPTIONS, RESULT, "fleet.parquet", "private/reservations.parquet"),
        test=rational_at_award,
    ),
    Rule(name="money.ledger_balances", needs=(LEDGER,), test=ledger_balances),
    Rule(name="money.ledger_ties_to_owners", needs=_MONEY, test=ledger_ties_to_owners),
    Rule(name="money.market_side", needs=_MONEY, test=market_side),
    Rule(name="money.settlement_ties_to_ledger", needs=(LEDGER, RESULT), test=settlement_ties),
)
