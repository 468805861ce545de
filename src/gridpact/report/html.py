"""The report of one run as a single HTML file: self-contained, the same bytes for the same run, nothing private."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gridpact.report import day_charts, sections, stack, words
from gridpact.report.page import Charts, document, number, text
from gridpact.results.run_folder import RunContent

_VISIBLE_KW = 1e-6


def render_report(run: RunContent) -> str:
    """The report of a finished run.

    Args:
        run: the run's files, on disk or about to be written; ``private/`` is not read.

    Returns:
        One HTML document that loads nothing and runs without a network.

    Raises:
        InputError: a file of the run is missing or damaged.
    """
    result = run.result
    fleet = run.table("fleet")
    timezone = str(fleet["timezone"].mode().iloc[0])
    charts = Charts()
    opportunities: Sequence[Mapping[str, Any]] = result["opportunities"]
    tables = {key: run.table(key) for key in ("bids", "offers", "options", "coalition")}
    date = day_charts.local_date(opportunities[0]["start"], timezone)
    parts = [sections.header(result, date=date, homes=len(fleet)), "<main>"]
    parts += [_opportunity(entry, result, tables, charts, timezone) for entry in opportunities]
    parts.append(_dispatch(run.table("dispatch"), fleet, opportunities, charts, timezone))
    parts.append(_money(result, run.ledger(), charts))
    parts += [sections.checks(result), "</main>", sections.footer(result)]
    noscript = (
        "<noscript><p class='callout'>The charts need JavaScript; every number is also in the tables.</p></noscript>"
    )
    return document(title=f"gridpact market day, {date}", body="\n".join([noscript, *parts]), charts=charts)


def _opportunity(
    opportunity: Mapping[str, Any],
    result: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    charts: Charts,
    timezone: str,
) -> str:
    here = {key: table[table["opportunity_id"] == opportunity["id"]] for key, table in tables.items()}
    unit = words.unit(opportunity["price_unit"])
    coalition = here["coalition"]
    committed = {str(home): float(kw) for home, kw in zip(coalition["home_id"], coalition["committed_kw"], strict=True)}
    option_kw = {str(home): float(kw) for home, kw in here["options"].groupby("home_id")["quantity_kw"].sum().items()}
    figures = []
    if len(here["bids"]):
        figures.append(_supply(opportunity, result, here["bids"], committed, option_kw, charts))
    if len(here["offers"]):
        rounds = stack.rounds_table(here["offers"])
        figure, keys = stack.rounds_figure(rounds, unit=unit)
        sentence = sections.rounds_sentence(rounds, unit)
        figures.append(charts.add(figure, title="Rounds of the negotiation", alt=sentence, keys=keys, note=sentence))
    if not figures:
        figures.append('<div class="card"><p>No home asked for anything, so there is no supply to show.</p></div>')
    width = "wide" if len(figures) == 2 else ""
    homes = sections.homes_table(coalition, option_kw, reserve=opportunity["product"] != "energy")
    return (
        f"<section>{sections.opportunity_heading(result, opportunity, timezone)}"
        f'<div class="grid {width}">{"".join(figures)}</div>'
        f'<div class="grid">{homes}</div></section>'
    )


def _supply(
    opportunity: Mapping[str, Any],
    result: Mapping[str, Any],
    bids: pd.DataFrame,
    committed: Mapping[str, float],
    option_kw: Mapping[str, float],
    charts: Charts,
) -> str:
    segments: Sequence[Mapping[str, float]] = next(
        (bid["segments"] for bid in result["bid"] if bid["opportunity_id"] == opportunity["id"]), []
    )
    cleared = next((entry for entry in result["clearing"] if entry["opportunity_id"] == opportunity["id"]), None)
    supply = stack.supply_stack(stack.final_asks(bids), committed_kw=committed, option_kw=option_kw)
    figure, keys, note = stack.stack_figure(
        supply, opportunity=opportunity, segments=segments, clearing=cleared["price"] if cleared else None
    )
    asked = float(supply["quantity_kw"].sum())
    alt = (
        f"Supply stack: {supply['home_id'].nunique()} homes asked to sell {number(asked, 1)} kW in all; "
        f"{number(sum(committed.values()), 3)} kW were committed "
        f"of {number(opportunity['requested_kw'], 1)} kW requested."
    )
    return charts.add(
        figure,
        title="Supply stack: what homes asked for" + (", and our bid" if segments else ""),
        alt=alt,
        keys=keys,
        note=note,
    )


def _dispatch(
    dispatch: pd.DataFrame,
    fleet: pd.DataFrame,
    opportunities: Sequence[Mapping[str, Any]],
    charts: Charts,
    timezone: str,
) -> str:
    view = day_charts.day_view(dispatch, fleet, step_minutes=opportunities[0]["step_minutes"], timezone=timezone)
    if view is None:
        return ""
    figure, keys = day_charts.net_figure(view, opportunities)
    drawn = [
        charts.add(figure, title="Net load of the fleet", alt="Net load of all homes by phase over the day.", keys=keys)
    ]
    if view.reserve_kw.any() or any(np.abs(series).max() > _VISIBLE_KW for series in view.change_kw.values()):
        figure, keys = day_charts.change_figure(view, opportunities)
        drawn.append(
            charts.add(
                figure,
                title="What changed against the baseline",
                alt="Reduction of net load against the baseline: delivery above zero, energy taken back below.",
                keys=keys,
                note="Above zero: less taken from the grid than without a sale. Below zero: energy taken back. "
                "Realised is measured against the baseline's devices on the day's actual load and sun.",
            )
        )
    if view.battery_kwh:
        figure, keys = day_charts.battery_figure(view, opportunities)
        drawn.append(
            charts.add(figure, title="Energy in batteries", alt="Energy in all batteries over the day.", keys=keys)
        )
    if view.vehicle_kwh:
        figure, keys = day_charts.vehicle_figure(view, opportunities)
        note = "Cars at the plug only, so the line jumps as they come and go."
        drawn.append(
            charts.add(figure, title="Energy in cars at the plug", alt="Energy in plugged cars.", keys=keys, note=note)
        )
    return (
        f"<section><h2>Dispatch</h2><p>All {len(fleet)} homes together, noon to noon.</p>"
        f'<div class="grid two">{"".join(drawn)}</div></section>'
    )


def _money(result: Mapping[str, Any], ledger: pd.DataFrame, charts: Charts) -> str:
    settlement = result["settlement"]
    heading = "<section><h2>Where every dollar went</h2>"
    if ledger.empty:
        return heading + "<p>Nothing was sold, so no money moved.</p></section>"
    sentence = sections.money_sentence(settlement)
    title = "From the market to owners and operator"
    chart = charts.add(day_charts.money_figure(settlement), title=title, alt=sentence)
    table = sections.money_table(ledger, result["opportunities"]) if len(result["opportunities"]) > 1 else ""
    words_card = f'<div class="card"><h3>In words</h3><p class="sub">{text(sentence)}</p>{table}</div>'
    return f'{heading}<div class="grid two">{chart}{words_card}</div></section>'
