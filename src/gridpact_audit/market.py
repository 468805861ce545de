"""Bids against the market's rules, clearing, nested activation, and outcomes that fit the evidence."""

from typing import Any

import numpy as np

from gridpact_audit.report import Finding, Rule
from gridpact_audit.run import POWER_TOL_KW, Opportunity, Run, UnusableError

RESULT = "result.json"
PRICE_TOL = 1e-6
OUTCOME_ORDER = ("awarded", "not_cleared", "refused", "no_bid", "no_deal")
PRICE_UNITS = {"energy": "usd_per_mwh", "spin": "usd_per_mw_h", "nonspin": "usd_per_mw_h"}


def entry_of(run: Run, key: str, opportunity_id: str) -> tuple[int, dict[str, Any] | None]:
    """Position and content of a list's entry for one opportunity; (-1, None) where there is none."""
    for place, entry in enumerate(run.result[key]):
        if entry["opportunity_id"] == opportunity_id:
            return place, entry
    return -1, None


def cleared_kw(run: Run, opportunity_id: str) -> float:
    """Quantity that the market took [kW]."""
    _, entry = entry_of(run, "clearing", opportunity_id)
    return 0.0 if entry is None else float(entry["quantity_kw"])


def clearing_price(run: Run, opportunity_id: str) -> float | None:
    """Price at which the market cleared, if it did."""
    _, entry = entry_of(run, "clearing", opportunity_id)
    return None if entry is None or entry["price"] is None else float(entry["price"])


def opportunities_within_rules(run: Run, finding: Finding) -> None:
    """Each opportunity is one that its market knows: product, unit, price limits."""
    for opportunity, entry in zip(run.opportunities, run.result["opportunities"], strict=True):
        finding.tried(1)
        path = f"opportunities.{opportunity.position}"
        if not run.book.knows(opportunity.rules):
            finding.add(
                RESULT, None, f"{path}.rules", f"market rules {opportunity.rules!r} are not known to the auditor"
            )
            continue
        if opportunity.product not in run.rule(opportunity, "products"):
            finding.add(RESULT, None, f"{path}.product", f"{opportunity.rules} does not trade {opportunity.product}")
        if entry["price_unit"] != PRICE_UNITS[opportunity.product]:
            finding.add(
                RESULT,
                None,
                f"{path}.price_unit",
                f"{opportunity.product} is priced in {PRICE_UNITS[opportunity.product]}",
            )
        if opportunity.minimum_kw > opportunity.requested_kw:
            finding.add(RESULT, None, f"{path}.minimum_kw", "the least is above the most that is requested")
        least = float(run.rule(opportunity, "minimum_kw") or 0.0)
        most = float(run.rule(opportunity, "maximum_kw") or np.inf)
        if not least - POWER_TOL_KW <= opportunity.requested_kw <= most + POWER_TOL_KW:
            finding.add(
                RESULT,
                None,
                f"{path}.requested_kw",
                f"{opportunity.requested_kw:g} kW is outside {least:g} to {most:g}",
            )
        low, high = _limits(run, opportunity)
        if not low <= opportunity.reference_price <= high:
            finding.add(
                RESULT,
                None,
                f"{path}.reference_price",
                f"{opportunity.reference_price:g} is outside {low:g} to {high:g}",
            )


def _limits(run: Run, opportunity: Opportunity) -> tuple[float, float]:
    low = run.rule(opportunity, "price_floor")
    high = run.rule(opportunity, "price_cap")
    return (-np.inf if low is None else float(low)), (np.inf if high is None else float(high))


def bid_problems(run: Run, opportunity: Opportunity, segments: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Rules that a bid breaks, as (place under the bid's entry, message)."""
    price = np.array([segment["price"] for segment in segments], dtype=np.float64)
    width = np.array([segment["quantity_kw"] for segment in segments], dtype=np.float64)
    low, high = _limits(run, opportunity)
    cap = run.rule(opportunity, "bid_price_cap")
    high = high if cap is None else min(high, float(cap))
    found = []
    for place in np.flatnonzero(np.diff(price) < -PRICE_TOL) + 1:
        found.append((f"segments.{place}.price", f"{price[place]:g} is below the segment before"))
    for place in np.flatnonzero((price < low - PRICE_TOL) | (price > high + PRICE_TOL)):
        found.append((f"segments.{place}.price", f"{price[place]:g} is outside {low:g} to {high:g}"))
    for place in np.flatnonzero(np.abs(price * 100 - np.round(price * 100)) > 1e-4):
        found.append((f"segments.{place}.price", f"{price[place]!r} is finer than 0.01"))
    most = run.rule(opportunity, "max_segments")
    if most and len(segments) > most:
        found.append(("segments", f"{len(segments)} segments; the market takes {most}"))
    least = max(opportunity.minimum_kw, float(run.rule(opportunity, "minimum_kw") or 0.0))
    first = float(width[price <= price.min()].sum()) if len(price) else 0.0
    if first < least - POWER_TOL_KW:
        found.append(("segments.0.quantity_kw", f"{first:g} kW at the lowest price; the least is {least:g}"))
    step = float(run.rule(opportunity, "quantity_step_kw") or 0.0)
    if step > 0:
        for place in np.flatnonzero(np.abs(width / step - np.round(width / step)) * step > 1e-6):
            found.append((f"segments.{place}.quantity_kw", f"{width[place]:g} kW is not in steps of {step:g}"))
    limit = min(opportunity.requested_kw, float(run.rule(opportunity, "maximum_kw") or np.inf))
    if width.sum() > limit + POWER_TOL_KW:
        found.append(("segments", f"{width.sum():g} kW in all; the market takes {limit:g}"))
    return found


def bid_within_rules(run: Run, finding: Finding) -> None:
    """Bid segments rise in price and keep the market's count, price limits, minimum, steps and the request.

    A bid that the market refused is one that breaks a rule; every other may not.
    """
    for opportunity in run.opportunities:
        place, entry = entry_of(run, "bid", opportunity.id)
        if entry is None or not entry["segments"]:
            continue
        finding.tried(len(entry["segments"]))
        if not run.book.knows(opportunity.rules):
            raise UnusableError(f"market rules {opportunity.rules!r} are not known to the auditor")
        _, said = entry_of(run, "outcomes", opportunity.id)
        if said is not None and said["outcome"] == "refused":
            continue
        for where, message in bid_problems(run, opportunity, entry["segments"]):
            finding.add(RESULT, None, f"bid.{place}.{where}", message)


def bid_backed_by_options(run: Run, finding: Finding) -> None:
    """A bid never promises more than the options that stand behind it, nor sells them below their price."""
    frame = run.tables["options.parquet"]
    for opportunity in run.opportunities:
        place, entry = entry_of(run, "bid", opportunity.id)
        if entry is None or not entry["segments"]:
            continue
        finding.tried(1)
        backing = float(frame.loc[frame["opportunity_id"] == opportunity.id, "quantity_kw"].sum())
        offered = sum(segment["quantity_kw"] for segment in entry["segments"])
        if offered > backing + POWER_TOL_KW:
            finding.add(RESULT, None, f"bid.{place}.segments", f"{offered:g} kW are bid on {backing:g} kW of options")


def awards_by_message(run: Run) -> dict[str, dict[str, Any]]:
    """Price and quantity of every award that came as a message and was applied, by opportunity."""
    found = {}
    for _, event in run.events:
        payload = event.get("payload")
        message = payload.get("message") if isinstance(payload, dict) else None
        if event["kind"] == "message_received" and isinstance(message, dict) and message.get("kind") == "award":
            found[str(message.get("opportunity_id"))] = {name: message.get(name) for name in ("price", "quantity_kw")}
    return found


def clearing_follows_bid(run: Run, finding: Finding) -> None:
    """The market takes exactly the segments whose price is at or below the clearing price.

    Where its award came as a message, it may take less, and the entry is what the message says.
    """
    awards = awards_by_message(run)
    for opportunity in run.opportunities:
        place, entry = entry_of(run, "clearing", opportunity.id)
        _, bid = entry_of(run, "bid", opportunity.id)
        segments = [] if bid is None else bid["segments"]
        _, said = entry_of(run, "outcomes", opportunity.id)
        if entry is None:
            if said is not None and said["outcome"] == "awarded":
                finding.add(RESULT, None, "clearing", f"{opportunity.id} is awarded, but has no entry")
            continue
        finding.tried(1)
        price, path = entry["price"], f"clearing.{place}"
        wanted = 0.0
        if price is not None and not (said is not None and said["outcome"] == "refused"):
            wanted = sum(segment["quantity_kw"] for segment in segments if segment["price"] <= price + PRICE_TOL)
        award = awards.get(opportunity.id)
        if award is not None:
            for name, value in award.items():
                if value != entry[name]:
                    finding.add(RESULT, None, f"{path}.{name}", f"{entry[name]}; the award's message says {value}")
            if entry["quantity_kw"] <= wanted + POWER_TOL_KW:
                continue
        if not abs(entry["quantity_kw"] - wanted) <= POWER_TOL_KW:
            finding.add(
                RESULT,
                None,
                f"{path}.quantity_kw",
                f"{entry['quantity_kw']:g} kW cleared; the bid at this price is {wanted:g}",
            )
        low, high = _limits(run, opportunity)
        if price is not None and not low <= price <= high:
            finding.add(RESULT, None, f"{path}.price", f"{price:g} is outside {low:g} to {high:g}")


def award_is_committed(run: Run, finding: Finding) -> None:
    """What cleared is what homes are committed to, opportunity by opportunity."""
    frame = run.tables["coalition.parquet"]
    for opportunity in run.opportunities:
        finding.tried(1)
        here = frame[frame["opportunity_id"] == opportunity.id]
        committed, cleared = float(here["committed_kw"].sum()), cleared_kw(run, opportunity.id)
        if not abs(committed - cleared) <= POWER_TOL_KW * max(1, len(here)):
            row = int(here["_row"].iloc[0]) if len(here) else None
            finding.add(
                "coalition.parquet",
                row,
                "committed_kw",
                f"{opportunity.id}: {committed:g} kW committed, {cleared:g} kW cleared",
            )


def awarded_pays_its_options(run: Run, finding: Finding) -> None:
    """Unless every award is at a loss by instruction, the activated options cost no more than the market pays."""
    frame = run.tables["options.parquet"]
    active = frame[frame["activated"].astype(bool)]
    told = any(event["kind"] == "inputs_read" and event["payload"].get("allow_loss") is True for _, event in run.events)
    said = told or run.result["checks"]["budget_balanced"] is False
    for opportunity in run.opportunities:
        cleared, price = cleared_kw(run, opportunity.id), clearing_price(run, opportunity.id)
        if cleared <= 0 or price is None:
            continue
        finding.tried(1)
        here = active[active["opportunity_id"] == opportunity.id]
        owed = float((here["quantity_kw"] * here["price"]).sum())
        if owed > price * cleared + 0.01 and not said:
            finding.add(
                "options.parquet",
                int(here["_row"].iloc[0]),
                "price",
                f"{opportunity.id}: options average {owed / cleared:g}, the market pays {price:g}; not said",
            )


def outcomes_fit(run: Run, finding: Finding) -> None:
    """Each outcome is what its bid, clearing, options and coalition show; the run's is the first in rank."""
    options, coalition = run.tables["options.parquet"], run.tables["coalition.parquet"]
    for opportunity in run.opportunities:
        finding.tried(1)
        place, entry = entry_of(run, "outcomes", opportunity.id)
        if entry is None:
            finding.add(RESULT, None, "outcomes", f"{opportunity.id} has no outcome")
            continue
        _, bid = entry_of(run, "bid", opportunity.id)
        segments = [] if bid is None else bid["segments"]
        cleared = cleared_kw(run, opportunity.id)
        committed = float(coalition.loc[coalition["opportunity_id"] == opportunity.id, "committed_kw"].sum())
        optioned = float(options.loc[options["opportunity_id"] == opportunity.id, "quantity_kw"].sum())
        path = f"outcomes.{place}"
        for wrong, message in (
            (
                entry["outcome"] == "awarded" and not (segments and cleared > 0 and committed > 0),
                "awarded, but nothing cleared",
            ),
            (
                entry["outcome"] != "awarded" and (cleared > 0 or committed > 0),
                f"{cleared:g} kW cleared, {committed:g} committed",
            ),
            (entry["outcome"] == "not_cleared" and not segments, "not cleared, but nothing was bid"),
            (entry["outcome"] in ("no_bid", "no_deal") and bool(segments), "nothing was to be bid, but there is a bid"),
            (entry["outcome"] == "no_bid" and not optioned > 0, "declined, but there were no options to decline"),
            (entry["outcome"] == "no_deal" and optioned > 0, f"no deal, but there are {optioned:g} kW of options"),
        ):
            if wrong:
                finding.add(RESULT, None, f"{path}.outcome", message)
        if entry["outcome"] == "no_bid" and not (entry["loss_avoided_usd"] or 0.0) >= 0:
            finding.add(RESULT, None, f"{path}.loss_avoided_usd", "a declined bid avoids a loss of zero or more")
        if entry["outcome"] == "no_bid" and entry["loss_avoided_usd"] is None:
            finding.add(RESULT, None, f"{path}.loss_avoided_usd", "a declined bid says which loss it avoids")
        if entry["outcome"] != "awarded" and not entry["reason"]:
            finding.add(RESULT, None, f"{path}.reason", f"{entry['outcome']} needs a reason")
    said = [entry["outcome"] for entry in run.result["outcomes"]]
    first = next((outcome for outcome in OUTCOME_ORDER if outcome in said), None)
    finding.tried(1)
    if run.result["outcome"] != first:
        finding.add(
            RESULT, None, "outcome", f"{run.result['outcome']}, but the opportunities' outcomes make it {first}"
        )


_TIED = (RESULT, "coalition.parquet", "options.parquet", "fleet.parquet")
RULES = (
    Rule(name="market.opportunities_within_rules", needs=(RESULT, "fleet.parquet"), test=opportunities_within_rules),
    Rule(name="market.bid_within_rules", needs=(RESULT, "fleet.parquet"), test=bid_within_rules),
    Rule(name="market.bid_backed_by_options", needs=_TIED, test=bid_backed_by_options),
    Rule(name="market.clearing_follows_bid", needs=(RESULT, "fleet.parquet"), test=clearing_follows_bid),
    Rule(name="market.award_is_committed", needs=_TIED, test=award_is_committed),
    Rule(name="market.awarded_pays_its_options", needs=(*_TIED, "events.jsonl"), test=awarded_pays_its_options),
    Rule(name="market.outcomes_fit_evidence", needs=_TIED, test=outcomes_fit),
)
