"""Where every dollar went: from the market to owners, penalties and the operator, exactly as the ledger has it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact import units
from gridpact.coalition.payments import PAYMENT_RULES
from gridpact.report import words
from gridpact.report.facts import Facts
from gridpact.report.page import name, number, percent, text
from gridpact.report.tables import Column, cell, table
from gridpact.report.traces import Traces

RULE_WORDS = {
    "as_agreed": "each owner is paid, for what was delivered, the average price of its activated options",
    "uniform": "every owner is paid, for what was delivered, the price of the dearest activated option",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One step from the market's revenue to the operator's profit."""

    title: str
    microusd: int
    """Positive: comes in; negative: goes out; the operator's part is what is left."""
    css: str
    homes: int | None = None


def waterfall(facts: Facts) -> list[Part]:
    """Revenue, payments by kind of owner, penalties, and what the operator keeps, in whole micro-dollars.

    The last part is the operator's balance in the ledger and the sum of those before it.
    """
    ledger = facts.ledger
    paid_home = ledger[(ledger["kind"] == "owner_payment") & (ledger["account"] == "home")]
    group = np.array([facts.personas.of[facts.place[home]] for home in paid_home["home_id"]], dtype=np.int64)
    parts = [Part(title="Market pays", microusd=_of(ledger, "market_revenue", "operator"), css="f-market")]
    for k, persona in enumerate(facts.personas.names):
        mine = paid_home[group == k]
        if len(mine):
            total = int(mine["amount_microusd"].sum())
            title = f"Owners: {persona}"
            parts.append(Part(title=title, microusd=-total, css="f-owners", homes=int(mine["home_id"].nunique())))
    parts.append(Part(title="Penalties", microusd=_of(ledger, "shortfall_penalty", "operator"), css="f-penalty"))
    kept = int(ledger.loc[ledger["account"] == "operator", "amount_microusd"].sum())
    title = "Operator keeps" if kept >= 0 else "Operator loses"
    return [*parts, Part(title=title, microusd=kept, css="f-operator")]


def _of(ledger: pd.DataFrame, kind: str, account: str) -> int:
    return int(ledger.loc[(ledger["kind"] == kind) & (ledger["account"] == account), "amount_microusd"].sum())


def money(facts: Facts) -> str:
    """The section's body."""
    if facts.ledger.empty:
        return '<p class="callout">Nothing was sold, so no money moved.</p>'
    parts = waterfall(facts)
    sentence = money_sentence(facts.result["settlement"])
    return (
        f'<p class="callout">{text(sentence)}</p><div class="grid two">{_chart(parts)}'
        f"{_owners(facts)}</div>{_table(parts)}"
        + (_by_opportunity(facts.ledger, facts.opportunities) if len(facts.opportunities) > 1 else "")
    )


def money_sentence(settlement: Mapping[str, Any]) -> str:
    """Where the revenue went, in words."""
    revenue = settlement["market_revenue_usd"]
    parts = f"Owners received {_usd(settlement['owner_payments_usd'])}"
    if revenue > 0:
        parts += f" ({percent(settlement['owner_payments_usd'] / revenue)} of the revenue)"
    parts += f", penalties for short delivery took {_usd(settlement['penalty_usd'])}"
    profit = settlement["operator_profit_usd"]
    parts += f", and the operator {'kept' if profit >= 0 else 'lost'} {_usd(abs(profit))}"
    rule = settlement["payment_rule"]
    meaning = f": {RULE_WORDS[rule]}" if rule in RULE_WORDS else ""
    return f"The market paid {_usd(revenue)}. {parts}. Payment rule {rule}{meaning}."


def not_guaranteed(payment_rule: str) -> str:
    """What a payment rule does not promise, in words; empty for a rule that is not known here."""
    rule = PAYMENT_RULES.get(payment_rule)
    return "" if rule is None else rule.not_guaranteed


def _chart(parts: Sequence[Part]) -> str:
    """A waterfall in rows, so that names of any length fit at any width."""
    before, spans = 0, []
    for part in parts[:-1]:
        spans.append((before, before + part.microusd))
        before += part.microusd
    spans.append((0, parts[-1].microusd))
    low, high = min(0, *(min(span) for span in spans)), max(1, *(max(span) for span in spans))
    most = units.usd(max(abs(low), abs(high)))
    digits = 2 if most >= 100 else 3 if most >= 10 else 4

    def across(microusd: int) -> float:
        return 100.0 * (microusd - low) / (high - low)

    rows = []
    for part, span in zip(parts, spans, strict=True):
        left, right = across(min(span)), across(max(span))
        homes = f" <small>{words.counted(part.homes, 'home')}</small>" if part.homes is not None else ""
        rows.append(
            f"<li><span>{text(part.title)}{homes}</span><b>{number(units.usd(part.microusd), digits, 'USD')}</b>"
            f'<i class="track" style="--zero:{across(0):.3f}%"><i class="{part.css}" '
            f'style="left:{left:.3f}%;width:{right - left:.3f}%"></i></i></li>'
        )
    return (
        f'<div class="card"><h3>From the market to owners and operator</h3><ol class="fall">{"".join(rows)}</ol></div>'
    )


def _table(parts: Sequence[Part]) -> str:
    columns = [
        Column(title="Part"),
        Column(title="Homes", numeric=True),
        Column(title="Amount [USD]", numeric=True),
        Column(title="Left after it [USD]", numeric=True),
    ]
    rows, left = [], 0
    for part in parts[:-1]:
        left += part.microusd
        amount = units.usd(part.microusd)
        rows.append(
            [
                cell(text(part.title), part.title),
                cell(
                    "–" if part.homes is None else f"{part.homes:,}", None if part.homes is None else float(part.homes)
                ),
                cell(number(amount, 6), amount),
                cell(number(units.usd(left), 6), units.usd(left)),
            ]
        )
    foot = [
        cell(text(parts[-1].title)),
        cell("–"),
        cell(number(units.usd(parts[-1].microusd), 6)),
        cell("adds up" if left == parts[-1].microusd else f"differs by {left - parts[-1].microusd} micro-dollars"),
    ]
    shown = table(columns, rows, caption="Every part, in micro-dollars", foot=foot, css="stacked")
    return f'<details class="numbers"><summary>Every part, to the micro-dollar</summary>{shown}</details>'


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnersDay:
    """What selling cost members in bills and wear on the day as it came, and what they gained."""

    homes: int
    left_out: int
    """Members bound by earlier runs, whose cost cannot be told apart."""
    paid_usd: float
    added_usd: float

    @property
    def gain_usd(self) -> float:
        """Paid above the added cost [USD]."""
        return self.paid_usd - self.added_usd


def owners_day(facts: Facts) -> OwnersDay | None:
    """Pay against what the day really cost members more than their baseline's settings would have; None without any."""
    traces = facts.traces
    committed = facts.per_home(facts.coalition, "committed_kw") > 0
    bound = {str(entry["home_id"]) for entry in facts.result.get("commitments") or []}
    earlier = np.array([home in bound for home in facts.homes], dtype=np.bool_)
    members = committed & ~earlier
    if traces is None or not members.any() or not {"baseline", "realised"} <= set(traces.phases):
        return None
    added = _added_usd(facts, traces)
    paid = facts.per_home(facts.coalition, "paid_usd")
    return OwnersDay(
        homes=int(members.sum()),
        left_out=int((committed & earlier).sum()),
        paid_usd=float(paid[members].sum()),
        added_usd=float(added[members].sum()),
    )


def _added_usd(facts: Facts, traces: Traces) -> NDArray[np.float64]:
    """Bill and battery wear of the day as it came, less those of the baseline's devices on it, shape (H,) [USD]."""
    tariffs = facts.table("tariffs")
    tariffs = tariffs[tariffs["tariff"].isin(set(facts.fleet["tariff"]))]
    prices = {
        kind: tariffs.pivot(index="tariff", columns="interval_start", values=f"{kind}_usd_per_kwh")
        .reindex(index=facts.fleet["tariff"], columns=traces.starts)
        .to_numpy(dtype=np.float64)
        for kind in ("import", "export")
    }
    without = traces.baseline_on_the_day_kw()
    # A home that may not export would have curtailed what its baseline's settings send out on a sunnier day.
    exports = facts.fleet["export_allowed"].fillna(True).to_numpy(dtype=np.bool_)[:, None]
    without = np.where(exports, without, np.maximum(without, 0.0))
    more = np.zeros(len(facts.homes))
    for sign, net in ((1.0, np.nan_to_num(traces.of("realised", "net_kw"))), (-1.0, without)):
        cost = np.maximum(net, 0.0) * prices["import"] - np.maximum(-net, 0.0) * prices["export"]
        more += sign * np.nansum(cost, axis=1) * traces.step_h
    wear = facts.fleet["battery_wear_usd_per_kwh"].to_numpy(dtype=np.float64, na_value=0.0)
    worn = np.nan_to_num(traces.of("realised", "battery_discharge_kw")) - np.nan_to_num(
        traces.of("baseline", "battery_discharge_kw")
    )
    added: NDArray[np.float64] = more + worn.sum(axis=1) * traces.step_h * np.nan_to_num(wear)
    return added


def _owners(facts: Facts) -> str:
    """What owners keep of their pay."""
    day = owners_day(facts)
    if day is None or day.added_usd != day.added_usd:
        return '<div class="card"><h3>What owners keep</h3><p class="note">No member\'s cost can be told.</p></div>'
    columns = [Column(title="Members"), Column(title="USD", numeric=True)]
    rows = [
        [cell("Paid by the operator"), cell(number(day.paid_usd, 4))],
        [cell("Less: energy and battery wear that the day cost more"), cell(number(-day.added_usd, 4))],
    ]
    foot = [cell("Gained"), cell(number(day.gain_usd, 4))]
    shown = table(columns, rows, caption="What owners keep", foot=foot, css="plain")
    left = (
        f" {words.counted(day.left_out, 'member')} bound by earlier runs not counted: what each promise "
        "cost cannot be told apart."
        if day.left_out
        else ""
    )
    return (
        f'<div class="card"><h3>What owners keep</h3>{shown}<p '
        f'class="note">{words.counted(day.homes, "member")}. Cost is the '
        "bill and battery wear of the day as it came, less what the baseline's device settings would have cost on the "
        f"same load and sun.{left}</p></div>"
    )


def _by_opportunity(ledger: pd.DataFrame, opportunities: Sequence[Mapping[str, Any]]) -> str:
    columns = [Column(title="Opportunity")] + [
        Column(title=f"{title} [USD]", numeric=True) for title in ("Market paid", "Owners", "Penalties", "Operator")
    ]
    rows = []
    for opportunity in opportunities:
        here = ledger[ledger["opportunity_id"] == opportunity["id"]]
        owners = int(here.loc[here["account"] == "home", "amount_microusd"].sum())
        amounts = (
            _of(here, "market_revenue", "operator"),
            owners,
            -_of(here, "shortfall_penalty", "operator"),
            int(here.loc[here["account"] == "operator", "amount_microusd"].sum()),
        )
        rows.append(
            [cell(name(opportunity["id"]), str(opportunity["id"]))]
            + [cell(number(units.usd(amount), 6), units.usd(amount)) for amount in amounts]
        )
    shown = table(columns, rows, caption="Money by opportunity", css="stacked")
    return f'<div class="card"><h3>By opportunity</h3>{shown}</div>'


def _usd(amount: float) -> str:
    return number(amount, 2 if abs(amount) >= 100 or amount == 0 else 4, "USD")
