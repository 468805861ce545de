"""The parts of the HTML report, each a function from numbers to HTML. Whatever a user named goes through ``text``."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from gridpact import units
from gridpact.report import words
from gridpact.report.page import NONE, name, number, percent, text

OUTCOMES = {
    "awarded": "Awarded",
    "not_cleared": "Not cleared",
    "refused": "Refused by the market's rules",
    "no_bid": "No bid",
    "no_deal": "No deal",
}
_ROWS_SHOWN = 40
_CHECKS = (
    (
        "individually_rational",
        "No member is worse off for taking part",
        "Paid at least what the day as it came cost more than it would have without the sale",
    ),
    ("budget_balanced", "The operator paid out no more than came in", "Revenue covers owners and penalties"),
    (
        "deliverable",
        "Every home can deliver what it promised",
        "All planned days keep every limit of battery, car and meter",
    ),
    ("rules_ok", "The bid keeps the market's rules", "Size, steps, price limits, number of segments, gate closure"),
)
_COUNTS = (
    ("preferences_broken", "Owners' preferences broken", "Backup, car deadline, blackout, export ban, cycle limit"),
    ("double_sold", "Power sold twice", "Homes and intervals in which promises overlap"),
    (
        "ledger_sum_microusd",
        "Sum of the ledger [micro-dollars]",
        "Market, operator and every owner; double entry gives zero",
    ),
)
_METRICS = (
    ("utilization", "Utilisation", "committed of what the fleet could deliver"),
    ("fill", "Fill", "committed of what was requested"),
    ("competitiveness", "Competitiveness", "how far the bid lies below the expected price; negative: above it"),
    ("profit_margin", "Profit margin", "operator's profit of the revenue"),
    ("surplus_share", "Surplus share", "realised of what full information would have found"),
)


_PAYMENT_RULES = {
    "as_agreed": "each owner is paid, for what was delivered, the average price of its activated options",
}


def badge(outcome: str) -> str:
    """An outcome as a small label."""
    return f'<span class="badge {text(outcome)}">{text(OUTCOMES.get(outcome, outcome))}</span>'


def header(result: Mapping[str, Any], *, date: str, homes: int) -> str:
    """Date, outcome, the day in one sentence, and its main figures."""
    return (
        f"<header><h1>gridpact market day · {text(date)} {badge(result['outcome'])}</h1>"
        f'<p class="lead">{text(words.day_sentence(result, homes=homes))}</p>{_tiles(result, homes)}</header>'
    )


def _tiles(result: Mapping[str, Any], homes: int) -> str:
    settlement, delivery, coalition = result["settlement"], result["delivery"], result["coalition"]
    metrics = result["metrics"]
    requested = sum(entry["requested_kw"] for entry in result["opportunities"])
    tiles = [
        (
            "Homes in",
            f"{len(coalition['members'])} of {homes}",
            f"{words.quantity(coalition['options_kw'])} kW agreed as options",
        ),
        (
            "Committed",
            f"{words.quantity(coalition['committed_kw'])} kW",
            f"of {words.quantity(requested)} kW requested",
        ),
    ]
    if result["outcome"] == "awarded":
        tiles += [
            (
                "Delivered",
                number(delivery["delivered_kwh"], 2, "kWh"),
                f"of {number(delivery['committed_kwh'], 2)} kWh promised",
            ),
            (
                "Owners received",
                words.money(settlement["owner_payments_usd"]),
                f"of {words.money(settlement['market_revenue_usd'])} revenue",
            ),
            (
                "Operator kept" if settlement["operator_profit_usd"] >= 0 else "Operator lost",
                words.money(abs(settlement["operator_profit_usd"])),
                f"margin {percent(metrics['profit_margin'])}",
            ),
            (
                "Satisfaction",
                number(metrics["satisfaction_mean"], 2),
                f"of members (0 to 1); all invited {number(metrics['satisfaction_mean_invited'], 2)}",
            ),
        ]
    else:
        tiles += [
            ("Expected price", f"{number(entry['reference_price'])}", words.unit(entry["price_unit"]))
            for entry in result["opportunities"][:1]
        ]
        avoided = [entry["loss_avoided_usd"] for entry in result["outcomes"] if entry["loss_avoided_usd"] is not None]
        if avoided:
            tiles.append(("Loss avoided", words.money(sum(avoided)), "what bidding would have cost the operator"))
        tiles.append(("Paid to anyone", words.money(settlement["owner_payments_usd"]), "nothing sold, nothing owed"))
    cells = "".join(
        f"<div><dt>{text(what)}</dt><dd>{text(value)}<small>{text(of)}</small></dd></div>" for what, value, of in tiles
    )
    return f'<dl class="tiles">{cells}</dl>'


def opportunity_heading(result: Mapping[str, Any], opportunity: Mapping[str, Any], timezone: str) -> str:
    """Name, product, window and what became of it, where the lead does not say it already."""
    outcome = next(entry for entry in result["outcomes"] if entry["opportunity_id"] == opportunity["id"])
    product = words.PRODUCTS[opportunity["product"]]
    least = f", at least {words.quantity(opportunity['minimum_kw'])} kW" if opportunity["minimum_kw"] else ""
    asked = (
        f"{product[0].upper()}{product[1:]}, {words.quantity(opportunity['requested_kw'])} kW requested{least}, "
        f"{words.window(opportunity, timezone)}. Expected price {number(opportunity['reference_price'])} "
        f"{words.unit(opportunity['price_unit'])}, rules {opportunity['rules']}."
    )
    sentence = words.outcome_sentence(result, opportunity["id"])
    method = next((bid["method"] for bid in result["bid"] if bid["opportunity_id"] == opportunity["id"]), None)
    fallback = " The bid was priced by the fallback rule, because the solver failed." if method == "fallback" else ""
    more_than_the_lead = len(result["opportunities"]) > 1 or outcome["outcome"] == "awarded" or fallback
    return f"<h2>{name(opportunity['id'])} {badge(outcome['outcome'])}</h2><p>{text(asked)}</p>" + (
        f'<p class="callout">{text(sentence + fallback)}</p>' if more_than_the_lead else ""
    )


def rounds_sentence(rounds: pd.DataFrame, unit: str) -> str:
    """The negotiation in one sentence."""
    first, last = rounds.iloc[0], rounds.iloc[-1]
    count = len(rounds)
    if count == 1:
        return f"One round at {number(first['price_mean'])} {unit} on average: {number(last['total_kw'], 3)} kW agreed."
    at_first = f"{number(first['accepted_kw'], 3)} kW" if first["accepted_kw"] > 0 else "none"
    return (
        f"Over {count} rounds the mean offer moved from {number(first['price_mean'])} to {number(last['price_mean'])} "
        f"{unit}; "
        f"{number(last['total_kw'], 3)} kW were agreed, {at_first} of it at the first offer."
    )


def homes_table(coalition: pd.DataFrame, option_kw: Mapping[str, float], *, reserve: bool) -> str:
    """Who is in and why others are not, members first, the largest first."""
    rows = coalition.sort_values(["committed_kw", "home_id"], ascending=[False, True], kind="stable")
    inside = int((rows["committed_kw"] > 0).sum())
    records = rows.to_dict("records")
    shown = max(_ROWS_SHOWN, min(inside, 2 * _ROWS_SHOWN))
    homes = f"{words.counted(len(rows), 'home')} {'is' if len(rows) == 1 else 'are'}"
    html = f'<h3>Who is in, and why others are not</h3><p class="sub">{inside:,} of {homes} in.</p>'
    html += _home_table(records[:shown], option_kw, reserve=reserve)
    if len(records) > shown:
        rest = _home_table(records[shown:], option_kw, reserve=reserve)
        html += f"<details><summary>{words.counted(len(records) - shown, 'more home')}</summary>{rest}</details>"
    return f'<div class="card">{html}</div>'


def _columns(*, reserve: bool) -> tuple[tuple[str, str], ...]:
    return (
        ("Home", ""),
        ("In?", "state"),
        ("Committed kW", "n"),
        ("Agreed kW", "n"),
        ("Held kWh" if reserve else "Delivered kWh", "n"),
        ("Paid USD", "n"),
        ("Satisfaction", "n"),
        ("Why", "why"),
    )


def _home_table(rows: Sequence[Mapping[Any, Any]], option_kw: Mapping[str, float], *, reserve: bool) -> str:
    return _table(
        _columns(reserve=reserve), [_home_cells(row, option_kw.get(str(row["home_id"]), 0.0)) for row in rows]
    )


def _home_cells(row: Mapping[Any, Any], option_kw: float) -> list[str]:
    inside = row["committed_kw"] > 0
    return [
        name(row["home_id"]),
        "In" if inside else "Out",
        number(row["committed_kw"], 3) if inside else NONE,
        number(option_kw, 3) if option_kw else NONE,
        number(row["delivered_kwh"], 3) if inside else NONE,
        number(row["paid_usd"], 4) if inside else NONE,
        number(row["satisfaction"], 2),
        text(words.why(str(row["reason"]))),
    ]


def _table(columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]]) -> str:
    """A table whose rows become cards on narrow screens; cells are HTML."""
    head = "".join(f'<th scope="col" class="{css}">{text(title)}</th>' for title, css in columns)
    body = "".join(
        "<tr>" + "".join(_cell(cell, title, css) for cell, (title, css) in zip(row, columns, strict=True)) + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll"><table class="stacked"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _cell(cell: str, title: str, css: str) -> str:
    extra = {"In": " in", NONE: " empty"}.get(cell, "")
    return f'<td class="{css}{extra}" data-label="{text(title)}"><span>{cell}</span></td>'


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
    meaning = f": {_PAYMENT_RULES[rule]}" if rule in _PAYMENT_RULES else ""
    return f"The market paid {_usd(revenue)}. {parts}. Payment rule {rule}{meaning}."


def money_table(ledger: pd.DataFrame, opportunities: Sequence[Mapping[str, Any]]) -> str:
    """The ledger by opportunity and account."""
    rows = []
    for opportunity in opportunities:
        here = ledger[ledger["opportunity_id"] == opportunity["id"]]
        sums = here.groupby("account")["amount_microusd"].sum()
        penalties = here.loc[
            (here["kind"] == "shortfall_penalty") & (here["account"] == "market"), "amount_microusd"
        ].sum()
        amounts = (
            -int(sums.get("market", 0)) + int(penalties),
            int(sums.get("home", 0)),
            int(penalties),
            int(sums.get("operator", 0)),
        )
        rows.append([name(opportunity["id"]), *(number(units.usd(amount), 4) for amount in amounts)])
    titles = ("Market paid USD", "Owners received", "Penalties", "Operator")
    return _table([("Opportunity", ""), *((title, "n") for title in titles)], rows)


def checks(result: Mapping[str, Any]) -> str:
    """What the run checked of itself, and the figures by which it is judged."""
    found = result["checks"]
    items = [_check(found[key], what, how) for key, what, how in _CHECKS]
    for key, what, how in _COUNTS:
        count = found[key]
        items.append(_check(None if count is None else count == 0, f"{what}: {number(count, 0)}", how))
    metrics = result["metrics"]
    facts = [(what, how, percent(metrics[key])) for key, what, how in _METRICS]
    facts.append(("Least satisfied member", "0 to 1", number(metrics["satisfaction_min"], 2)))
    facts.append(
        ("Rebound", "energy taken back outside the window", number(result["delivery"]["rebound_kwh"], 2, "kWh"))
    )
    rows = "".join(
        f"<div><dt>{text(what)}<span>{text(how)}</span></dt><dd>{text(value)}</dd></div>" for what, how, value in facts
    )
    return (
        "<section><h2>What was checked</h2><p>An outsider can recheck all of it from this folder alone, with "
        "<code>gridpact verify</code>, which shares no code with the program that made it.</p>"
        f'<div class="grid two"><div class="card"><h3>Checks</h3><ul class="checks">{"".join(items)}</ul></div>'
        f'<div class="card"><h3>Figures</h3><dl class="facts">{rows}</dl></div></div></section>'
    )


def _check(holds: bool | None, what: str, how: str) -> str:
    css, sign, word = {
        True: ("yes", "✓", "holds"),
        False: ("no", "✕", "does not hold"),
        None: ("", "–", "nothing to check"),
    }[holds]
    tail = "" if holds else f" ({word})"
    return (
        f'<li><i class="mark {css}" role="img" aria-label="{word}">{sign}</i>'
        f"<div><b>{text(what + tail)}</b><span>{text(how)}</span></div></li>"
    )


def footer(result: Mapping[str, Any]) -> str:
    """What identifies the run."""
    run = result["run"]
    strategies = result["negotiation"]["strategies"]
    named = (
        ", ".join(f"{key} {value}" for key, value in strategies.items())
        if isinstance(strategies, Mapping)
        else strategies
    )
    inputs = "".join(
        f"<li>{name(file)} <code>{text(digest[:16])}…</code></li>" for file, digest in run["inputs_sha256"].items()
    )
    return (
        f"<footer><hr><p>Run <code>{text(run['id'])}</code>, seed {text(run['seed'])}, "
        f"gridpact {text(run['version'])}, strategies: {text(named or 'none')}. "
        "Powers are means over the interval; power into a home is positive. "
        "The prices owners named in private are not on this page.</p>"
        f"<details><summary>Inputs (SHA-256)</summary><ul>{inputs}</ul></details></footer>"
    )


def _usd(amount: float) -> str:
    return number(amount, 2 if abs(amount) >= 100 or amount == 0 else 4, "USD")
