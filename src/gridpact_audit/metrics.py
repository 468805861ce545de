"""Satisfaction, metrics and the result's own checks, recomputed from the tables."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from gridpact_audit import commitments, preferences
from gridpact_audit.market import bid_problems, cleared_kw, clearing_price, entry_of
from gridpact_audit.report import Finding, Rule
from gridpact_audit.run import BASELINE, PLANNED, REALISED, Floats, Opportunity, Run, records

COALITION, OPTIONS, RESULT = "coalition.parquet", "options.parquet", "result.json"
TOL = 1e-6
NO_LOSS_USD = 1e-6
"""A loss below a micro-dollar is rounding [USD]."""
PAY, VOLUME, COMFORT = 0.6, 0.2, 0.2


def comfort(run: Run) -> Floats:
    """SoC margin kept relative to the baseline's, shape (homes,); NaN where a home has no margin to keep.

    (lowest planned energy - floor) / (lowest baseline energy - floor), clipped to 0..1.
    """
    energy = run.cube("battery_soc_kwh")
    floor = run.battery_floor_kwh
    planned, base = energy[PLANNED].min(axis=1) - floor, energy[BASELINE].min(axis=1) - floor
    ratio = np.clip(planned / np.where(base > 1e-9, base, np.nan), 0.0, 1.0)
    return np.asarray(np.where(run.has_battery, ratio, np.nan))


def pay_term(*, paid_usd: float, cost_usd: float, worth_usd: float) -> float:
    """How much of the gap between a home's cost and the energy's worth it was paid, in 0..1."""
    if worth_usd <= cost_usd:
        return 1.0 if paid_usd >= cost_usd - TOL else 0.0
    return min(1.0, max(0.0, (paid_usd - cost_usd) / (worth_usd - cost_usd)))


def weighted(pay: float, volume: float, kept: float) -> float:
    """Weighted mean of the terms that a home has (comfort may be NaN)."""
    terms = [(PAY, pay), (VOLUME, volume)] + ([] if math.isnan(kept) else [(COMFORT, kept)])
    return sum(weight * term for weight, term in terms) / sum(weight for weight, _ in terms)


def _members(run: Run) -> Iterator[tuple[int, Opportunity, str, float, float, float]]:
    """(row, opportunity, home, committed kW, paid USD, satisfaction) of every coalition row with options."""
    frame = run.tables[COALITION]
    columns = ["_row", "opportunity_id", "home_id", "committed_kw", "paid_usd", "satisfaction"]
    for row, name, home, committed, paid, said in records(frame, *columns):
        yield row, run.opportunity_at[name], home, committed, paid, said


def satisfaction(run: Run, finding: Finding) -> None:
    """Each member's satisfaction: 0.6 pay, 0.2 volume, 0.2 comfort, absent terms dropped."""
    options = run.tables[OPTIONS].groupby(["opportunity_id", "home_id"])["quantity_kw"].sum().to_dict()
    kept = comfort(run)
    for row, opportunity, home, committed, paid, said in _members(run):
        if committed <= 0:
            continue
        finding.tried(1)
        worth = opportunity.reference_price * committed * opportunity.window_h / 1000.0
        pay = pay_term(paid_usd=paid, cost_usd=run.cost_at(opportunity.id, home, committed), worth_usd=worth)
        volume = committed / max(options.get((opportunity.id, home), committed), 1e-12)
        wanted = weighted(pay, min(1.0, volume), float(kept[run.home_at[home]]))
        if not abs(said - wanted) <= TOL and not (said == 0.0 and run.result["checks"]["preferences_broken"]):
            finding.add(COALITION, row, "satisfaction", f"{home}: {said!r}, recomputed {wanted:.9f}")


def satisfaction_metrics(run: Run, finding: Finding) -> None:
    """Mean and least satisfaction of members, and the mean that counts willing homes left out with pay 0."""
    said = run.result["metrics"]
    options = run.tables[OPTIONS].groupby(["opportunity_id", "home_id"])["quantity_kw"].sum().to_dict()
    kept = comfort(run)
    members, willing = [], []
    for _, opportunity, home, committed, _, satisfied in _members(run):
        if committed > 0:
            members.append(satisfied)
        elif options.get((opportunity.id, home), 0.0) > 0:
            willing.append(weighted(0.0, 0.0, float(kept[run.home_at[home]])))
    everyone = members + willing
    for key, wanted in (
        ("satisfaction_mean", float(np.mean(members)) if members else None),
        ("satisfaction_min", min(members) if members else None),
        ("satisfaction_mean_invited", float(np.mean(everyone)) if everyone else None),
    ):
        finding.tried(len(members) if wanted is not None else 0)
        _same(finding, f"metrics.{key}", said[key], wanted)


def _same(finding: Finding, path: str, said: float | None, wanted: float | None) -> None:
    if (said is None) != (wanted is None) or (
        said is not None and wanted is not None and not abs(said - wanted) <= TOL * max(1.0, abs(wanted))
    ):
        finding.add(RESULT, None, path, f"{said!r}, recomputed {wanted!r}")


def deliverable_kw(run: Run) -> float:
    """Most that the fleet can deliver, by its private cost curves, over all opportunities [kW]."""
    return sum(float(quantity[-1]) for quantity, _ in run.cost_curves.values())


def market_metrics(run: Run, finding: Finding) -> None:
    """Utilisation, fill, competitiveness and profit margin."""
    said, frame = run.result["metrics"], run.tables[COALITION]
    committed = float(frame["committed_kw"].sum())
    most = deliverable_kw(run)
    requested = sum(opportunity.requested_kw for opportunity in run.opportunities)
    reference = asked = 0.0
    for opportunity in run.opportunities:
        _, bid = entry_of(run, "bid", opportunity.id)
        for segment in [] if bid is None else bid["segments"]:
            reference += segment["quantity_kw"] * opportunity.reference_price
            asked += segment["quantity_kw"] * segment["price"]
    money_made = run.result["settlement"]
    revenue = money_made["market_revenue_usd"]
    for key, wanted in (
        ("utilization", committed / most if most > 0 else None),
        ("fill", committed / requested),
        ("competitiveness", (reference - asked) / reference if reference > 0 else None),
        ("profit_margin", money_made["operator_profit_usd"] / revenue if revenue > 0 else None),
    ):
        finding.tried(1 if wanted is not None else 0)
        _same(finding, f"metrics.{key}", said[key], wanted)


def surplus(run: Run, finding: Finding) -> None:
    """Realised surplus over full-information surplus, at the clearing prices and by the private cost curves."""
    realised = best = 0.0
    frame = run.tables[COALITION]
    for opportunity in run.opportunities:
        price = clearing_price(run, opportunity.id)
        price = opportunity.reference_price if price is None else price
        here = frame[(frame["opportunity_id"] == opportunity.id) & (frame["committed_kw"] > 0)]
        spent = sum(
            run.cost_at(opportunity.id, str(home), float(kw))
            for home, kw in zip(here["home_id"], here["committed_kw"], strict=True)
        )
        realised += price * cleared_kw(run, opportunity.id) * opportunity.window_h / 1000.0 - spent
        best += _full_information(run, opportunity, price)
    wanted = realised / best if best > TOL else None
    finding.tried(1 if wanted is not None else 0)
    _same(finding, "metrics.surplus_share", run.result["metrics"]["surplus_share"], wanted)


def _full_information(run: Run, opportunity: Opportunity, price: float) -> float:
    """Most surplus if the aggregator knew every private cost: cheapest segments first, up to the request [USD]."""
    pieces: list[tuple[float, float]] = []
    for (name, _), (quantity, cost) in run.cost_curves.items():
        if name == opportunity.id:
            width = np.diff(quantity)
            pieces.extend(zip(np.diff(cost) / np.where(width > 0, width, np.nan), width, strict=True))
    worth = price * opportunity.window_h / 1000.0
    room, gained = opportunity.requested_kw, 0.0
    for marginal, extent in sorted(piece for piece in pieces if piece[1] > 0):
        taken = min(room, float(extent))
        if marginal >= worth or taken <= 0:
            break
        gained += (worth - float(marginal)) * taken
        room -= taken
    return gained


def coalition_ties(run: Run, finding: Finding) -> None:
    """The result's members, options and committed power are the tables'."""
    said, frame = run.result["coalition"], run.tables[COALITION]
    finding.tried(3)
    members = sorted(set(frame.loc[frame["committed_kw"] > 0, "home_id"]))
    if sorted(said["members"]) != members:
        finding.add(RESULT, None, "coalition.members", f"{sorted(said['members'])}, but the table has {members}")
    options = float(run.tables[OPTIONS]["quantity_kw"].sum())
    _same(finding, "coalition.options_kw", said["options_kw"], options)
    _same(finding, "coalition.committed_kw", said["committed_kw"], float(frame["committed_kw"].sum()))


def _gains_usd(run: Run) -> list[float]:
    """What each member was paid above what its day really cost more than its baseline's devices would have [USD].

    Both days on realised load and solar, bill plus battery wear. Homes that an earlier run binds are left out: part of
    their pay is in another folder.
    """
    paid: dict[int, float] = {}
    for _, _, home, committed, amount, _ in _members(run):
        if committed > 0:
            paid[run.home_at[home]] = paid.get(run.home_at[home], 0.0) + amount
    bound = {promise.home for promise in run.promises if promise.earlier}
    bill = commitments.energy_bill(run, run.power("net_kw")[REALISED])
    # A home that may not export would have curtailed what its baseline's settings send out on a sunnier day.
    replayed = run.baseline_replay_kw
    lawful = np.where(run.export_allowed[:, None], replayed, np.maximum(replayed, 0.0))
    without = commitments.energy_bill(run, lawful)
    discharge = run.power("battery_discharge_kw")
    more = (discharge[REALISED] - discharge[BASELINE]).sum(axis=1) * run.grid.step_h
    added = bill - without + more * run.amounts("battery_wear_usd_per_kwh")
    return [amount - float(added[home]) for home, amount in paid.items() if home not in bound]


def rational_after(run: Run, finding: Finding) -> None:
    """``individually_rational`` says whether every member gained in the end; null where there is none."""
    gains = _gains_usd(run)
    said = run.result["checks"]["individually_rational"]
    finding.tried(len(gains) if gains else int(said is not None))
    least = min(gains, default=0.0)
    wrong = (said is True and least < -1.1 * NO_LOSS_USD) or (said is False and least > -0.9 * NO_LOSS_USD)
    if (said is None) != (not gains) or wrong:
        shown = f"the least gain of a member is {least:.7f} USD" if gains else "there is no member"
        finding.add(RESULT, None, "checks.individually_rational", f"{said!r}, but {shown}")


def _found(run: Run, *tests: Callable[[Run, Finding], None]) -> int:
    """Problems that other checks find."""
    found = 0
    for test in tests:
        scratch = Finding("scratch")
        test(run, scratch)
        found += scratch.done().problem_count
    return found


def own_checks(run: Run, finding: Finding) -> None:
    """The result's own checks say what the auditor finds.

    ``budget_balanced``: the operator loses nothing. ``deliverable``: the plan keeps every promise. ``rules_ok``: every
    bid is within the rules. All null where there is no award or bid.
    """
    said = run.result["checks"]
    bids = [(o, entry_of(run, "bid", o.id)[1]) for o in run.opportunities]
    broken = [bid_problems(run, o, bid["segments"]) for o, bid in bids if bid is not None and bid["segments"]]
    awarded = bool((run.tables[COALITION]["committed_kw"] > 0).any())
    profit = run.result["settlement"]["operator_profit_usd"]
    kept = not _found(
        run,
        commitments.energy_kept,
        commitments.reserve_net,
        commitments.reserve_headroom,
        commitments.reserve_energy,
    )
    unkind = _found(run, *(rule.test for rule in preferences.RULES))
    twice = _found(run, commitments.no_double_sale, commitments.reserve_headroom)
    for key, wanted, good in (
        ("budget_balanced", profit >= -1e-9 if awarded else None, None),
        ("deliverable", kept if awarded else None, None),
        ("rules_ok", not any(broken) if broken else None, None),
        ("preferences_broken", unkind, (said["preferences_broken"] == 0) == (unkind == 0)),
        ("double_sold", twice, (said["double_sold"] == 0) == (twice == 0)),
        ("ledger_sum_microusd", int(run.ledger["amount_microusd"].sum()), None),
    ):
        finding.tried(1)
        if not (said[key] == wanted if good is None else good):
            finding.add(RESULT, None, f"checks.{key}", f"{said[key]!r}, but the folder shows {wanted!r}")


_TABLES = (COALITION, OPTIONS, RESULT, "fleet.parquet", "dispatch.parquet", "private/reservations.parquet")
RULES = (
    Rule(name="metrics.satisfaction", needs=_TABLES, test=satisfaction),
    Rule(name="metrics.satisfaction_means", needs=_TABLES, test=satisfaction_metrics),
    Rule(name="metrics.market", needs=_TABLES, test=market_metrics),
    Rule(name="metrics.surplus_share", needs=_TABLES, test=surplus),
    Rule(name="metrics.coalition_ties", needs=(COALITION, OPTIONS, RESULT), test=coalition_ties),
    Rule(
        name="metrics.rational_in_the_end",
        needs=(COALITION, RESULT, "fleet.parquet", "dispatch.parquet", "tariffs.parquet"),
        test=rational_after,
    ),
    Rule(name="metrics.own_checks", needs=(*_TABLES, "ledger.csv", "bids.parquet"), test=own_checks),
)
