"""The beginning and the end of the report: the day in one sentence, what was checked, and where it comes from."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from gridpact.report import words
from gridpact.report.facts import Facts
from gridpact.report.money import not_guaranteed
from gridpact.report.page import details, label, name, number, percent, text

OUTCOMES = {
    "awarded": "Awarded",
    "not_cleared": "Not cleared",
    "refused": "Refused by the market's rules",
    "no_bid": "No bid",
    "no_deal": "No deal",
}
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


MOST_NAMED = 4
"""Opportunities that the head of the page names one by one."""


def local_date(moment: str, timezone: str) -> str:
    """Local date of an ISO time, as people write it."""
    day = datetime.fromisoformat(moment).astimezone(ZoneInfo(timezone))
    return f"{day:%A} {day.day} {day:%B %Y}"


def badge(outcome: str) -> str:
    """An outcome as a small label."""
    return f'<span class="badge {text(outcome)}">{text(OUTCOMES.get(outcome, outcome))}</span>'


def header(facts: Facts, *, date: str) -> str:
    """Date, outcome, the day in one sentence, and its main figures."""
    toggle = (
        '<button type="button" class="theme js" data-theme-toggle aria-label="Colours: as the system">'
        '<svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true" focusable="false"><circle '
        'cx="9" cy="9" r="7.2"/>'
        '<path d="M9 1.8a7.2 7.2 0 0 1 0 14.4Z"/></svg><span>Auto</span></button>'
    )
    return (
        f'<header><div class="top"><h1>gridpact market day · {text(date)} '
        f"{badge(facts.result['outcome'])}</h1>{toggle}</div>"
        f'<p class="lead">{text(lead(facts))}</p>{_tiles(facts)}{_asked(facts)}</header>'
    )


def lead(facts: Facts) -> str:
    """The day in one sentence, with what was sold and at what price where a single opportunity says it."""
    result = facts.result
    sentence = words.day_sentence(result, homes=len(facts.homes))
    if result["outcome"] != "awarded" and len(facts.opportunities) > 1:
        counts: dict[str, int] = {}
        for entry in result["outcomes"]:
            counts[entry["outcome"]] = counts.get(entry["outcome"], 0) + 1
        became = ", ".join(f"{OUTCOMES.get(key, key).lower()} {count:,} times" for key, count in counts.items())
        avoided = sum(entry["loss_avoided_usd"] or 0.0 for entry in result["outcomes"])
        saved = f"; loss avoided {words.money(avoided)}" if avoided else ""
        return (
            f"Nothing was sold on {len(facts.opportunities):,} opportunities: "
            f"{became.replace(' 1 times', ' once')}{saved}."
        )
    if result["outcome"] != "awarded":
        return sentence
    if len(facts.opportunities) == 1:
        sale = words.outcome_sentence(result, facts.opportunities[0]["id"]).replace("Awarded: ", "Sold ", 1)
        return f"{sale} {sentence}"
    said = [words.outcome_sentence(result, each["id"]).partition(" (")[0] for each in facts.opportunities]
    sold = [each.removeprefix("Awarded: ") for each in said if each.startswith("Awarded: ")]
    others = len(said) - len(sold)
    rest = f"; {others} more {'opportunity' if others == 1 else 'opportunities'} without an award" if others else ""
    return f"Sold {'; '.join(sold[:MOST_NAMED])}{' and more' if len(sold) > MOST_NAMED else ''}{rest}. {sentence}"


def _asked(facts: Facts) -> str:
    """Each opportunity: what was asked, and what became of it."""
    entries = [f"<li>{_request(facts, opportunity)}</li>" for opportunity in facts.opportunities]
    first = f'<ul class="asked">{"".join(entries[:MOST_NAMED])}</ul>'
    rest = f'<ul class="asked">{"".join(entries[MOST_NAMED:])}</ul>'
    return first + (details(f"{len(entries) - MOST_NAMED} more", rest) if len(entries) > MOST_NAMED else "")


def _request(facts: Facts, opportunity: Mapping[str, Any]) -> str:
    product = words.PRODUCTS[opportunity["product"]]
    least = f", at least {words.quantity(opportunity['minimum_kw'])} kW" if opportunity["minimum_kw"] else ""
    asked = (
        f"{product[0].upper()}{product[1:]}, {words.quantity(opportunity['requested_kw'])} kW requested{least}, "
        f"{words.window(opportunity, facts.timezone)}. Expected price {number(opportunity['reference_price'])} "
        f"{words.unit(opportunity['price_unit'])}, rules {opportunity['rules']}."
    )
    method = facts.bid(opportunity)["method"]
    if method == "fallback":
        asked += " The bid was priced by the fallback rule, because the solver failed."
    several = len(facts.opportunities) > 1
    became = f" {text(words.outcome_sentence(facts.result, opportunity['id']))}" if several else ""
    mark = f" {badge(facts.outcome(opportunity)['outcome'])}" if several else ""
    return f"<b>{name(opportunity['id'])}</b>{mark} {text(asked)}{became}"


def _tiles(facts: Facts) -> str:
    result, homes = facts.result, len(facts.homes)
    settlement, delivery, coalition = result["settlement"], result["delivery"], result["coalition"]
    metrics = result["metrics"]
    requested = sum(entry["requested_kw"] for entry in facts.opportunities)
    tiles = [
        (
            "Homes in",
            f"{len(coalition['members']):,} of {homes:,}",
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
                f"of members (0 to 1); all willing {number(metrics['satisfaction_mean_invited'], 2)}",
            ),
        ]
    else:
        tiles += [
            ("Expected price", f"{number(entry['reference_price'])}", words.unit(entry["price_unit"]))
            for entry in facts.opportunities[:1]
        ]
        avoided = [entry["loss_avoided_usd"] for entry in result["outcomes"] if entry["loss_avoided_usd"] is not None]
        if avoided:
            tiles.append(("Loss avoided", words.money(sum(avoided)), "what bidding would have cost the operator"))
        tiles.append(("Paid to anyone", words.money(settlement["owner_payments_usd"]), "nothing sold, nothing owed"))
    cells = "".join(
        f"<div><dt>{text(what)}</dt><dd>{text(value)}<small>{text(of)}</small></dd></div>" for what, value, of in tiles
    )
    return f'<dl class="tiles">{cells}</dl>'


def checks(facts: Facts) -> str:
    """What the run checked of itself, what no rule promises, the figures by which it is judged, and how to recheck."""
    found, metrics = facts.result["checks"], facts.result["metrics"]
    items = [_check(found[key], what, how) for key, what, how in _CHECKS]
    for key, what, how in _COUNTS:
        count = found[key]
        items.append(_check(None if count is None else count == 0, f"{what}: {number(count, 0)}", how))
    shown = [(what, how, percent(metrics[key])) for key, what, how in _METRICS]
    shown.append(("Least satisfied member", "0 to 1", number(metrics["satisfaction_min"], 2)))
    rebound = number(facts.result["delivery"]["rebound_kwh"], 2, "kWh")
    shown.append(("Rebound", "energy taken back outside the window", rebound))
    return (
        '<div class="grid two">'
        f'<div class="card"><h3>Checks</h3><ul class="checks">{"".join(items)}</ul>{_limits(facts)}</div>'
        f'<div class="card"><h3>Figures</h3>{_facts(shown)}</div></div>{_provenance(facts)}{_verify()}'
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


def _limits(facts: Facts) -> str:
    """What is not guaranteed."""
    rule = facts.result["settlement"]["payment_rule"]
    without = not_guaranteed(rule)
    says = f"The payment rule {label(rule)} does not guarantee {without}. " if without else ""
    return (
        f'<h4>What is not guaranteed</h4><p class="sub">{text(says)}No payment rule can be efficient, '
        "truthful, voluntary and "
        "balanced at once (Myerson and Satterthwaite, 1983). That no member loses is promised on the forecast and "
        "only measured, not corrected, on the day as it came.</p>"
    )


def _facts(entries: list[tuple[str, str, str]]) -> str:
    rows = "".join(
        f"<div><dt>{text(what)}<span>{text(how)}</span></dt><dd>{text(value)}</dd></div>"
        for what, how, value in entries
    )
    return f'<dl class="facts">{rows}</dl>'


def _provenance(facts: Facts) -> str:
    """Where prices and settings come from, as the log says."""
    read = facts.event("inputs_read")
    lines = []
    for opportunity in facts.opportunities:
        announced = facts.event("opportunity_announced", opportunity)
        if announced.get("prices"):
            who = f"{label(opportunity['id'])}: " if len(facts.opportunities) > 1 else ""
            lines.append(("Price scenarios", f"{who}{announced['prices']}"))
        if announced.get("rules_not_yet_in_force"):
            lines.append(("Rules not yet in force", ", ".join(map(str, announced["rules_not_yet_in_force"]))))
        formed = facts.event("coalition_formed", opportunity)
        lines += [("Note", str(note)) for note in formed.get("notes") or []]
        bid = facts.bid(opportunity)
        if bid.get("limits") is None:  # else the page's first section says what limits were worth
            lines += [("Worth more", str(note)) for note in formed.get("shadow_prices") or []]
        if bid["method"]:
            gap = bid.get("gap")
            how = f"{bid['method']}, {bid.get('status')}, by {bid['solver']}" + (f", gap {gap:.2g}" if gap else "")
            lines.append(("Bid", how))
    for in_vain in (False, True):
        lines += [("Drop-outs", said) for said in words.drop_out_sentences(facts.events, in_vain=in_vain)]
    if read.get("wholesale"):
        lines.append(("Retail tariffs", str(read["wholesale"])))
    if read.get("strategy"):
        lines.append(("Strategy", f"{read['strategy']}, at most {read.get('rounds')} rounds"))
    spec = {key: value for key, value in (read.get("spec") or {}).items() if value not in (None, 0, 0.0, [], "")}
    instruction = read.get("instruction") or {}
    if instruction:
        lines.append(("Operator's words", str(instruction.get("text", ""))))
        for each in instruction.get("terms") or []:
            level = " (a default level)" if each.get("vague") else ""
            lines.append(("Read as", f"{each.get('name')} {each.get('value')}{level}, from: {each.get('evidence')}"))
        lines += [("Not understood", str(each.get("text"))) for each in instruction.get("not_understood") or []]
    if spec:
        lines.append(("Operator's terms", ", ".join(f"{key} {value}" for key, value in spec.items())))
    rows = "".join(f"<div><dt>{text(what)}</dt><dd>{text(value)}</dd></div>" for what, value in lines)
    return f'<div class="card"><h3>Where it comes from</h3><dl class="facts long">{rows}</dl></div>' if rows else ""


def _verify() -> str:
    return (
        '<div class="card"><h3>How to verify</h3><p class="sub">Whoever holds the run folder can recheck '
        "physics, owners' "
        "preferences, market rules and every payment with a program that shares no code with the one that made it:</p>"
        "<pre><code>gridpact verify DIR\npython -m gridpact_audit DIR</code></pre>"
        '<p class="sub">This page is drawn from the folder and adds nothing to it; the prices that owners '
        "named in private "
        "are not on it.</p></div>"
    )


def footer(facts: Facts) -> str:
    """What identifies the run."""
    run = facts.result["run"]
    strategies = facts.result["negotiation"]["strategies"]
    named = (
        ", ".join(f"{key} {value}" for key, value in strategies.items())
        if isinstance(strategies, Mapping)
        else strategies
    )
    inputs = "".join(
        f"<li>{name(file)} <code>{text(digest)}</code></li>" for file, digest in run["inputs_sha256"].items()
    )
    return (
        f"<footer><hr><p>Run <code>{text(run['id'])}</code>, seed {text(run['seed'])}, "
        f"gridpact {text(run['version'])}, strategies: {text(named or 'none')}. "
        "Powers are means over the interval; power into a home is positive.</p>"
        f"{details('Inputs (SHA-256)', f'<ul>{inputs}</ul>')}</footer>"
    )
