"""The operator's terms, as the log names them, against what was bid, who was called, and what it cost."""

from collections import defaultdict
from typing import Any

import numpy as np
import pandas as pd

from gridpact_audit.market import clearing_price, entry_of
from gridpact_audit.report import Finding, Rule
from gridpact_audit.run import POWER_TOL_KW, USD_TOL, Opportunity, Run

OPTIONS, COALITION, LOG, RESULT = "options.parquet", "coalition.parquet", "events.jsonl", "result.json"
OFFERS = "offers.parquet"
PRICE_TOL = 1e-6
WATT_KW = 0.001
"""A share of the total is rounded up to a whole watt [kW]."""


def terms_of(run: Run) -> dict[str, Any]:
    """The terms that the log names; those that it does not name ask for nothing."""
    for _, event in run.events:
        if event["kind"] == "inputs_read":
            spec = event["payload"].get("spec")
            return dict(spec) if isinstance(spec, dict) else {}
    return {}


def _allows_loss(run: Run) -> bool:
    return any(event["kind"] == "inputs_read" and event["payload"].get("allow_loss") is True for _, event in run.events)


def bids_keep_terms(run: Run, finding: Finding) -> None:
    """Every bid keeps the terms on its total, its prices, its steps, and what owners are promised for it."""
    terms = terms_of(run)
    for opportunity in run.opportunities:
        place, entry = entry_of(run, "bid", opportunity.id)
        segments = [] if entry is None else entry["segments"]
        if not segments:
            continue
        total = float(sum(segment["quantity_kw"] for segment in segments))
        lowest = min(segment["price"] for segment in segments)
        owners = _promised_usd(run, opportunity)
        hours, products = opportunity.window_h, terms.get("only_products")
        wrong = [
            ("only_products", products and opportunity.product not in products, opportunity.product),
            _above(terms, "max_total_kw", total),
            _above(terms, "max_total_kwh", total * hours),
            _above(terms, "max_request_fraction", total / opportunity.requested_kw),
            _above(terms, "max_bid_steps", len(segments)),
            _above(terms, "max_owner_pay_usd", owners, slack=USD_TOL),
            _below(terms, "min_bid_price", lowest),
            _below(terms, "min_total_kw", float(segments[0]["quantity_kw"])),
        ]
        finding.tried(len(wrong))
        for name, broken, found in wrong:
            if broken:
                path = f"bid.{place}.segments"
                finding.add(RESULT, None, path, f"{name} is {terms[name]}, the bid for {opportunity.id} has {found}")


def _promised_usd(run: Run, opportunity: Opportunity) -> float:
    """What owners are promised if all of the bid is called, as the log says; zero where it does not."""
    for _, event in run.events:
        if event["kind"] == "bid_submitted" and event["payload"].get("opportunity_id") == opportunity.id:
            return float(sum(segment.get("owners_usd", 0.0) for segment in event["payload"].get("segments", ())))
    return 0.0


def _above(terms: dict[str, Any], name: str, value: float, *, slack: float = POWER_TOL_KW) -> tuple[str, bool, float]:
    limit = terms.get(name)
    return name, limit is not None and value > float(limit) + slack, round(value, 6)


def _below(terms: dict[str, Any], name: str, value: float) -> tuple[str, bool, float]:
    limit = terms.get(name)
    return name, limit is not None and value < float(limit) - POWER_TOL_KW, round(value, 6)


def members_keep_terms(run: Run, finding: Finding) -> None:
    """Nobody is called whom the terms leave out, or for more than they allow."""
    terms = terms_of(run)
    frame = run.tables[COALITION]
    frame = frame[frame["committed_kw"] > POWER_TOL_KW]
    persona = dict(zip(run.fleet["home_id"], run.fleet["persona"], strict=True))
    awards: dict[str, int] = defaultdict(int)
    for opportunity in run.opportunities:
        members = frame[frame["opportunity_id"] == opportunity.id]
        if terms.get("max_members") is not None and len(members) > terms["max_members"]:
            finding.add(
                COALITION,
                int(members["_row"].iloc[-1]),
                "committed_kw",
                f"{len(members)} members of at most {terms['max_members']}",
            )
        for home, kw, row in zip(members["home_id"], members["committed_kw"], members["_row"], strict=True):
            finding.tried(1)
            awards[home] += 1
            for name, said in _about(terms, opportunity, str(home), persona.get(home), float(kw), awards[home]):
                finding.add(COALITION, int(row), "committed_kw", f"{name} is {terms[name]}, {home} has {said}")


def _about(
    terms: dict[str, Any], opportunity: Opportunity, home: str, persona: object, kw: float, awards: int
) -> list[tuple[str, object]]:
    checks = [
        ("exclude_homes", home in (terms.get("exclude_homes") or ()), "an award"),
        ("only_homes", bool(terms.get("only_homes")) and home not in terms["only_homes"], "an award"),
        ("exclude_personas", persona in (terms.get("exclude_personas") or ()), persona),
        ("only_personas", bool(terms.get("only_personas")) and persona not in terms["only_personas"], persona),
    ]
    for name, value in (
        ("max_kw_per_home", kw),
        ("max_kwh_per_home", kw * opportunity.window_h),
        ("max_awards_per_home", float(awards)),
    ):
        checks.append(_above(terms, name, value))
    return [(name, said) for name, broken, said in checks if broken]


def options_keep_terms(run: Run, finding: Finding) -> None:
    """What is called costs no more than owners may get, and leaves the margin and the spread at the clearing price."""
    terms = terms_of(run)
    dearest = terms.get("max_owner_price")
    margin, spread = float(terms.get("margin") or 0.0), float(terms.get("min_spread") or 0.0)
    frame = run.tables[OPTIONS]
    called = frame[frame["activated"].astype(bool)]
    for opportunity in run.opportunities:
        mine = called[called["opportunity_id"] == opportunity.id]
        price = clearing_price(run, opportunity.id)
        if not len(mine) or price is None:
            continue
        finding.tried(len(mine))
        paid, kw = mine["price"].to_numpy(dtype=np.float64), mine["quantity_kw"].to_numpy(dtype=np.float64)
        if dearest is not None:
            for place in np.flatnonzero(paid > dearest + PRICE_TOL):
                row = int(mine["_row"].iloc[place])
                finding.add(OPTIONS, row, "price", f"max_owner_price is {dearest}, the option has {paid[place]:g}")
        _check_share(terms, run, opportunity, mine, finding)
        left = (price - margin * abs(price) - spread) * kw.sum() - float(paid @ kw)
        if not _allows_loss(run) and left < -PRICE_TOL * max(abs(price) * kw.sum(), 1.0):
            said = f"margin {margin:g} and spread {spread:g} lack {-left * opportunity.window_h / 1000:.6f} USD"
            finding.add(OPTIONS, int(mine["_row"].iloc[-1]), "price", f"{opportunity.id} clears at {price:g}: {said}")


def _check_share(
    terms: dict[str, Any], run: Run, opportunity: Opportunity, mine: pd.DataFrame, finding: Finding
) -> None:
    """Shares of what was bid at the clearing price; where the market took less, the dearest gave way."""
    share = terms.get("max_share_per_home")
    price = clearing_price(run, opportunity.id)
    _, entry = entry_of(run, "bid", opportunity.id)
    segments = [] if entry is None else entry["segments"]
    bid = sum(each["quantity_kw"] for each in segments if price is not None and each["price"] <= price)
    total = float(mine["quantity_kw"].sum())
    if share is None or abs(total - bid) > POWER_TOL_KW:
        return
    for home, group in mine.groupby("home_id", sort=True):
        kw = float(group["quantity_kw"].sum())
        if kw > float(share) * total + WATT_KW + POWER_TOL_KW:
            row = int(group["_row"].iloc[-1])
            finding.add(OPTIONS, row, "quantity_kw", f"max_share_per_home is {share}, {home} has {kw / total:.4f}")


def rounds_keep_terms(run: Run, finding: Finding) -> None:
    """No more rounds of talks than the terms allow."""
    most = terms_of(run).get("max_rounds")
    frame = run.tables[OFFERS]
    if most is None or not len(frame):
        return
    finding.tried(len(frame))
    for place in np.flatnonzero(frame["round"].to_numpy() > most):
        row = int(frame["_row"].iloc[place])
        finding.add(OFFERS, row, "round", f"max_rounds is {most}, this offer is of round {frame['round'].iloc[place]}")


RULES = (
    Rule(name="terms.bids_keep_them", needs=(LOG, RESULT, "fleet.parquet"), test=bids_keep_terms),
    Rule(name="terms.members_keep_them", needs=(COALITION, LOG, RESULT, "fleet.parquet"), test=members_keep_terms),
    Rule(name="terms.options_keep_them", needs=(OPTIONS, LOG, RESULT, "fleet.parquet"), test=options_keep_terms),
    Rule(name="terms.rounds_keep_them", needs=(OFFERS, LOG), test=rounds_keep_terms),
)
