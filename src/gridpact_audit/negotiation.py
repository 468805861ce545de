"""The negotiation's books: honest asks, offers that never fall, and options that come from accepted offers."""

from collections import defaultdict
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from gridpact_audit.report import Finding, Rule
from gridpact_audit.run import POWER_TOL_KW, USD_TOL, Bools, Floats, Ints, Run, records

BIDS, OFFERS, OPTIONS, COALITION = "bids.parquet", "offers.parquet", "options.parquet", "coalition.parquet"
RESERVATIONS = "private/reservations.parquet"
PRICE_TOL = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class AskCurve:
    """One home's asks in one round: cumulative power [kW], total ask [USD], marginal prices."""

    round: int
    rows: Ints
    quantity_kw: Floats
    total_usd: Floats
    price: Floats

    def at(self, quantity_kw: Floats) -> Floats:
        """Total ask at cumulative powers [USD]."""
        return np.interp(quantity_kw, self.quantity_kw, self.total_usd)


def ask_curves(run: Run) -> dict[tuple[str, str], list[AskCurve]]:
    """Ask curves by opportunity and home, in order of rounds; computed once."""
    if "asks" not in run.memo:
        found: dict[tuple[str, str], list[AskCurve]] = defaultdict(list)
        frame = run.tables[BIDS]
        frame = frame[frame["opportunity_id"].isin(run.opportunity_at)]
        frame = frame.sort_values(["opportunity_id", "home_id", "round", "segment"], kind="stable")
        for _, group in frame.groupby(["opportunity_id", "home_id", "round"], sort=False):
            key = next(records(group, "opportunity_id", "home_id", "round"))
            width, price = group["quantity_kw"].to_numpy(), group["price"].to_numpy()
            paid = width * price * run.opportunity_at[key[0]].window_h / 1000.0
            found[key[0], key[1]].append(
                AskCurve(
                    round=key[2],
                    rows=group["_row"].to_numpy(),
                    quantity_kw=np.concatenate([[0.0], np.cumsum(width)]),
                    total_usd=np.concatenate([[0.0], np.cumsum(paid)]),
                    price=price,
                )
            )
        run.memo["asks"] = dict(found)
    curves: dict[tuple[str, str], list[AskCurve]] = run.memo["asks"]
    return curves


def _steps(
    finding: Finding, frame: pd.DataFrame, keys: list[str], file: str, *, strictly: bool = False
) -> tuple[pd.DataFrame, Bools]:
    """Frame sorted by keys and segment, and where a row continues the group of the row before."""
    ordered = frame.sort_values([*keys, "segment"], kind="stable").reset_index(drop=True)
    same = np.zeros(len(ordered), dtype=np.bool_)
    if len(ordered):
        same[1:] = (ordered[keys].iloc[1:].to_numpy() == ordered[keys].iloc[:-1].to_numpy()).all(axis=1)
    segment = ordered["segment"].to_numpy()
    gap = np.zeros(len(ordered), dtype=np.bool_)
    gap[1:] = same[1:] & (np.diff(segment) != 1)
    gap |= ~same & ~np.isin(segment, (0, 1))
    rows = ordered["_row"].to_numpy()
    finding.where(
        gap, file=file, rows=rows, column="segment", say=lambda _: "segments do not follow one another from 0 or 1"
    )
    void = ~(ordered["quantity_kw"].to_numpy() > 0)
    finding.where(void, file=file, rows=rows, column="quantity_kw", say=lambda _: "a segment has no width")
    return ordered, same


def bids_rise(run: Run, finding: Finding) -> None:
    """Within a round a home's marginal asks never fall from one segment to the next."""
    frame, same = _steps(finding, run.tables[BIDS], ["opportunity_id", "round", "home_id"], BIDS)
    finding.tried(len(frame))
    price = frame["price"].to_numpy()
    bad = np.zeros(len(frame), dtype=np.bool_)
    bad[1:] = same[1:] & ~(price[1:] >= price[:-1] - PRICE_TOL)
    finding.where(
        bad,
        file=BIDS,
        rows=frame["_row"].to_numpy(),
        column="price",
        say=lambda place: f"marginal ask {price[place]:g} is below the segment before ({price[place[0] - 1]:g})",
    )


def asks_never_rise(run: Run, finding: Finding) -> None:
    """From one round to the next a home's total ask rises at no quantity, and no quantity is withdrawn."""
    for (opportunity, home), curves in ask_curves(run).items():
        for before, after in zip(curves[:-1], curves[1:], strict=True):
            finding.tried(1)
            row = int(after.rows[0])
            if after.quantity_kw[-1] < before.quantity_kw[-1] - POWER_TOL_KW:
                finding.add(
                    BIDS, row, "quantity_kw", f"{home} withdraws quantity in round {after.round} of {opportunity}"
                )
                continue
            most = before.quantity_kw[-1]
            levels = np.union1d(before.quantity_kw, after.quantity_kw[after.quantity_kw <= most + POWER_TOL_KW])
            rise = after.at(levels) - before.at(levels)
            if not (rise <= USD_TOL).all():
                worst = int(np.argmax(rise))
                segment = int(np.clip(np.searchsorted(after.quantity_kw, levels[worst]) - 1, 0, len(after.rows) - 1))
                finding.add(
                    BIDS,
                    int(after.rows[segment]),
                    "price",
                    f"{home} asks {rise[worst]:.6f} USD more for {levels[worst]:g} kW in round {after.round} than in "
                    f"round {before.round}",
                )


def asks_cover_cost(run: Run, finding: Finding) -> None:
    """No home asks less than its private cost, or for power that it cannot deliver."""
    for (opportunity, home), curves in ask_curves(run).items():
        known = run.cost_curves.get((opportunity, home))
        for curve in curves:
            finding.tried(1)
            if known is None:
                finding.add(
                    BIDS, int(curve.rows[0]), "home_id", f"{home} bids but has no private cost curve for {opportunity}"
                )
                continue
            quantity, cost = known
            if curve.quantity_kw[-1] > quantity[-1] + POWER_TOL_KW:
                beyond = int(np.argmax(curve.quantity_kw[1:] > quantity[-1] + POWER_TOL_KW))
                finding.add(
                    BIDS,
                    int(curve.rows[beyond]),
                    "quantity_kw",
                    f"{home} asks for {curve.quantity_kw[-1]:g} kW but can deliver {quantity[-1]:g}",
                )
            levels = np.union1d(quantity[quantity <= curve.quantity_kw[-1] + POWER_TOL_KW], curve.quantity_kw)
            short = np.interp(levels, quantity, cost) - curve.at(levels)
            if not (short <= USD_TOL).all():
                worst = int(np.argmax(short))
                segment = int(np.clip(np.searchsorted(curve.quantity_kw, levels[worst]) - 1, 0, len(curve.rows) - 1))
                finding.add(
                    BIDS,
                    int(curve.rows[segment]),
                    "price",
                    f"{home} asks {short[worst]:.6f} USD less than its private cost of {levels[worst]:g} kW",
                )


def reservations_convex(run: Run, finding: Finding) -> None:
    """A private cost curve starts at nothing for nothing, and its marginal cost never falls."""
    frame = run.tables[RESERVATIONS].sort_values(["opportunity_id", "home_id", "quantity_kw"], kind="stable")
    for key, group in frame.groupby(["opportunity_id", "home_id"], sort=False):
        finding.tried(len(group))
        quantity, cost, rows = (group[name].to_numpy() for name in ("quantity_kw", "cost_usd", "_row"))
        if quantity[0] > 0:
            quantity, cost, rows = (np.insert(cells, 0, 0) for cells in (quantity, cost, rows))
        elif abs(cost[0]) > USD_TOL:
            finding.add(RESERVATIONS, int(rows[0]), "cost_usd", f"{key[1]}: doing nothing costs {cost[0]:g} USD")
        width = np.diff(quantity)
        slope = np.diff(cost) / np.where(width > 0, width, np.nan)
        for place in np.flatnonzero(~(np.diff(slope) >= -1e-4)):
            finding.add(RESERVATIONS, int(rows[place + 2]), "cost_usd", f"{key[1]}: the marginal cost falls")


def offers_hold(run: Run, finding: Finding) -> None:
    """Offers never fall, are answered consistently, and are accepted within their cap and not below the ask."""
    frame = run.tables[OFFERS].sort_values(["opportunity_id", "home_id", "round"], kind="stable")
    rounds = int(run.result["negotiation"]["rounds"])
    asks = ask_curves(run)
    finding.tried(len(frame))
    complain = partial(finding.add, OFFERS)
    for key, group in frame.groupby(["opportunity_id", "home_id"], sort=False):
        last_price, taken = -np.inf, 0.0
        curves = {curve.round: curve for curve in asks.get((str(key[0]), str(key[1])), [])}
        columns = ("_row", "round", "price", "cap_kw", "answer", "accepted_kw")
        for row, number, price, cap, answer, accepted in records(group, *columns):
            if number > rounds:
                complain(row, "round", f"round {number}, but the result counts {rounds}")
            if not price >= last_price - PRICE_TOL:
                complain(row, "price", f"the offer to {key[1]} falls from {last_price:g} to {price:g}")
            last_price = price
            if accepted > 0 and answer not in ("accept", "counter"):
                complain(row, "answer", f"{answer!r}, yet {accepted:g} kW are accepted")
            if answer == "accept" and not taken + accepted > 0:
                complain(row, "accepted_kw", "the answer is accept, but nothing is accepted")
            taken += accepted
            if not taken <= cap + POWER_TOL_KW:
                complain(row, "accepted_kw", f"{taken:g} kW accepted in all, above the cap of {cap:g} kW")
            curve = curves.get(number)
            if accepted > 0 and curve is None:
                complain(row, "accepted_kw", f"{key[1]} accepts in round {number} without a bid in it")
            elif accepted > 0 and curve is not None:
                _ask_at_most(curve, taken, price, partial(complain, row))


def _ask_at_most(curve: AskCurve, taken: float, price: float, complain: "partial[None]") -> None:
    if taken > curve.quantity_kw[-1] + POWER_TOL_KW:
        complain("accepted_kw", f"{taken:g} kW accepted, but only {curve.quantity_kw[-1]:g} kW asked for")
        return
    segment = min(int(np.searchsorted(curve.quantity_kw[1:], taken - POWER_TOL_KW)), len(curve.price) - 1)
    if not curve.price[segment] <= price + PRICE_TOL:
        complain("price", f"accepted at {price:g}, below the ask of {curve.price[segment]:g}")


def options_from_offers(run: Run, finding: Finding) -> None:
    """Each home's options at a price are what it accepted at that price, and the other way round.

    The options of a home that dropped out may be void.
    """
    offers, options = run.tables[OFFERS], run.tables[OPTIONS]
    offers = offers[offers["accepted_kw"] > 0]
    finding.tried(len(offers) + len(options))
    books: list[tuple[dict[tuple[str, str, float], float], dict[tuple[str, str, float], int]]] = []
    for frame, column in ((offers, "accepted_kw"), (options, "quantity_kw")):
        kw: dict[tuple[str, str, float], float] = defaultdict(float)
        first: dict[tuple[str, str, float], int] = {}
        for row, name, home, price, quantity in records(frame, "_row", "opportunity_id", "home_id", "price", column):
            kw[name, home, round(price, 6)] += quantity
            first.setdefault((name, home, round(price, 6)), row)
        books.append((kw, first))
    (accepted, offer_row), (optioned, option_row) = books
    for key in dict.fromkeys([*optioned, *accepted]):
        have, agreed = optioned.get(key, 0.0), accepted.get(key, 0.0)
        if abs(have - agreed) <= POWER_TOL_KW or (key[1] in run.dropped and have < agreed):
            continue
        file, row = (OPTIONS, option_row[key]) if key in option_row else (OFFERS, offer_row[key])
        column = "quantity_kw" if file == OPTIONS else "accepted_kw"
        finding.add(file, row, column, f"{key[1]} at {key[2]:g}: {have:g} kW of options, {agreed:g} kW accepted")


def options_rise(run: Run, finding: Finding) -> None:
    """A home's options rise in price by segment; equal prices only where a part of one option was activated."""
    frame, same = _steps(finding, run.tables[OPTIONS], ["opportunity_id", "home_id"], OPTIONS)
    finding.tried(len(frame))
    price, active = frame["price"].to_numpy(), frame["activated"].to_numpy(dtype=np.bool_)
    fall = np.zeros(len(frame), dtype=np.bool_)
    fall[1:] = same[1:] & ~(price[1:] > price[:-1] + PRICE_TOL)
    fall[1:] &= ~((np.abs(price[1:] - price[:-1]) <= PRICE_TOL) & active[:-1] & ~active[1:])
    rows = frame["_row"].to_numpy()
    finding.where(
        fall,
        file=OPTIONS,
        rows=rows,
        column="price",
        say=lambda place: f"option price {price[place]:g} does not rise above the segment before",
    )
    skipped = np.zeros(len(frame), dtype=np.bool_)
    skipped[1:] = same[1:] & active[1:] & ~active[:-1]
    finding.where(
        skipped,
        file=OPTIONS,
        rows=rows,
        column="activated",
        say=lambda _: "activated although a cheaper option of this home is not",
    )


def committed_is_activated(run: Run, finding: Finding) -> None:
    """What a home is committed to is the sum of its activated options."""
    options, coalition = run.tables[OPTIONS], run.tables[COALITION]
    wanted: dict[tuple[str, str], float] = defaultdict(float)
    first: dict[tuple[str, str], int] = {}
    for row, name, home, kw, activated in records(
        options, "_row", "opportunity_id", "home_id", "quantity_kw", "activated"
    ):
        if activated:
            wanted[name, home] += kw
            first.setdefault((name, home), row)
    finding.tried(len(coalition))
    for row, name, home, committed in records(coalition, "_row", "opportunity_id", "home_id", "committed_kw"):
        kw = wanted.pop((name, home), 0.0)
        if not abs(committed - kw) <= POWER_TOL_KW:
            finding.add(COALITION, row, "committed_kw", f"{committed:g} kW, but {kw:g} kW of options are activated")
    for key in wanted:
        finding.add(OPTIONS, first[key], "activated", f"{key[1]} has activated options but no coalition row")


def counts_tie(run: Run, finding: Finding) -> None:
    """The result's negotiation figures are those of the books."""
    offers, options = run.tables[OFFERS], run.tables[OPTIONS]
    said = run.result["negotiation"]
    last = max([0, *offers["round"], *run.tables[BIDS]["round"]])
    total = float(options["quantity_kw"].sum())
    mean = float((options["price"] * options["quantity_kw"]).sum()) / total if total > 0 else None
    gone = options["home_id"].isin(run.dropped)
    holders = {len(options[only].groupby(["opportunity_id", "home_id"])) for only in (~gone, gone | ~gone)}
    for key, good, shown in (
        ("rounds", said["rounds"] >= last, f"the books have round {last}"),
        ("bids", said["bids"] == _pairs(run.tables[BIDS]), f"{_pairs(run.tables[BIDS])} homes bid"),
        ("offers", said["offers"] == len(offers), f"{len(offers)} offers were made"),
        ("accepted", said["accepted"] in holders, f"{max(holders)} homes hold options"),
        ("price_final", _equal(said["price_final"], mean), f"options average {mean}"),
        (
            "invited",
            said["accepted"] + said["refused"] + said["expired"] <= said["invited"],
            "more accepted, refused and expired than were invited",
        ),
    ):
        finding.tried(1)
        if not good:
            finding.add("result.json", None, f"negotiation.{key}", f"{said[key]}, but {shown}")
    first = offers.loc[offers["round"] == offers.groupby("opportunity_id")["round"].transform("min"), "price"]
    low, high = (float(first.min()), float(first.max())) if len(first) else (None, None)
    finding.tried(1)
    if (said["price_first"] is None) != (low is None):
        finding.add("result.json", None, "negotiation.price_first", f"{said['price_first']}, but offers began at {low}")
    elif low is not None and high is not None and not low - PRICE_TOL <= said["price_first"] <= high + PRICE_TOL:
        finding.add(
            "result.json",
            None,
            "negotiation.price_first",
            f"{said['price_first']}, but offers began at {low} to {high}",
        )


def language_ties(run: Run, finding: Finding) -> None:
    """What is said of a language model's use can be: fallbacks among calls, and without a model nothing."""
    said = run.result["negotiation"]["language"]
    model, calls, cost = said.get("model"), said["calls"], said["cost_usd"]
    named = model not in (None, "none")
    for key, good, shown in (
        ("fallbacks", said["fallbacks"] <= calls, f"only {calls} questions were asked"),
        ("calls", named or calls == 0, "no model is named"),
        ("tokens", calls > 0 or said["tokens"] == 0, "no question was asked"),
        ("cost_usd", calls > 0 or not cost, "no question was asked"),
        ("cost_usd", named or cost is not None, "no model is named"),
        (
            "cost_usd",
            not cost or said["tokens"] > 0,
            "no token was used",
        ),
    ):
        finding.tried(1)
        if not good:
            finding.add("result.json", None, f"negotiation.language.{key}", f"{said[key]}, but {shown}")


def _pairs(frame: pd.DataFrame) -> int:
    return len(frame[["opportunity_id", "home_id"]].drop_duplicates())


def _equal(said: float | None, wanted: float | None) -> bool:
    if said is None or wanted is None:
        return said is wanted
    return abs(said - wanted) <= 1e-6


_BOOKS = (BIDS, "result.json", "fleet.parquet")
RULES = (
    Rule(name="negotiation.asks_rise_by_segment", needs=(BIDS,), test=bids_rise),
    Rule(name="negotiation.asks_never_rise_by_round", needs=_BOOKS, test=asks_never_rise),
    Rule(name="negotiation.asks_cover_private_cost", needs=(*_BOOKS, RESERVATIONS), test=asks_cover_cost),
    Rule(name="negotiation.private_cost_is_convex", needs=(RESERVATIONS,), test=reservations_convex),
    Rule(name="negotiation.offers_hold", needs=(OFFERS, *_BOOKS), test=offers_hold),
    Rule(
        name="negotiation.options_come_from_offers",
        needs=(OPTIONS, OFFERS, "fleet.parquet", "events.jsonl"),
        test=options_from_offers,
    ),
    Rule(name="negotiation.options_rise_and_nest", needs=(OPTIONS,), test=options_rise),
    Rule(name="negotiation.committed_is_activated", needs=(OPTIONS, COALITION), test=committed_is_activated),
    Rule(
        name="negotiation.counts_tie",
        needs=(OFFERS, BIDS, OPTIONS, "result.json", "fleet.parquet", "events.jsonl"),
        test=counts_tie,
    ),
    Rule(name="negotiation.language_ties", needs=("result.json",), test=language_ties),
)
