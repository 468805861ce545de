"""What the command line prints of finished days: tables, sparklines and a summary in words, at any width."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gridpact.report import words
from gridpact.report.screen import MEDIUM, NARROW, open_console, plain_table, shows_unicode
from gridpact.report.terminal_day import load_lines, price_line

_NUMBER = re.compile(r"\d+(?:\.\d+)?")


class FinishedRun(Protocol):
    """What is read of a run folder."""

    @property
    def path(self) -> Any:
        """Where it lies."""

    @property
    def result(self) -> Mapping[str, Any]:
        """Content of ``result.json``."""

    def table(self, name: str) -> pd.DataFrame:
        """Content of one Parquet file, by name without ending."""

    def events(self) -> Sequence[Mapping[str, Any]]:
        """Rows of ``events.jsonl``."""


class Terminal:
    """Prints finished days for people, on standard output."""

    def __init__(self, console: Console | None = None) -> None:
        """Print on ``console``, standard output if not given."""
        self._out = console or open_console()
        self._unicode = shows_unicode(self._out)

    def show_day(self, folder: FinishedRun) -> None:
        """Rounds, members, sparklines and the summary of one day."""
        result = folder.result
        offers, coalition = folder.table("offers"), folder.table("coalition")
        fleet, events = folder.table("fleet"), folder.events()
        timezone = str(fleet["timezone"].mode().iloc[0])
        for opportunity in result["opportunities"]:
            self._show_opportunity(opportunity, result, offers, coalition, events, timezone)
        for sentence in words.drop_out_sentences(events, in_vain=False):
            self._out.print(escape(sentence))
        self._show_load(folder.table("dispatch"), result["opportunities"], timezone)
        if result["outcome"] == "awarded" or len(result["opportunities"]) > 1:
            self._out.print()
            self._out.print(f"[bold]{escape(words.day_sentence(result, homes=len(fleet)))}[/bold]")
        checks = result["checks"]
        self._out.print(
            f"Ledger sum {checks['ledger_sum_microusd']} micro-dollars, "
            f"preferences broken {checks['preferences_broken']}, sold twice {checks['double_sold']}."
        )
        self._out.print(f"Report: {folder.path / 'report.html'}", soft_wrap=True, markup=False)
        self._out.print(f"Recheck it with: gridpact verify {folder.path}", soft_wrap=True, markup=False)

    def _show_load(self, dispatch: pd.DataFrame, opportunities: Sequence[Mapping[str, Any]], timezone: str) -> None:
        lines = load_lines(dispatch, opportunities, timezone=timezone, width=self._out.width, unicode=self._unicode)
        if lines:
            self._out.print()
            self._out.print(escape(lines[0]), style="bold")
        for line in lines[1:]:
            self._out.print(escape(line), no_wrap=True, overflow="crop")

    def _show_opportunity(
        self,
        opportunity: Mapping[str, Any],
        result: Mapping[str, Any],
        offers: pd.DataFrame,
        coalition: pd.DataFrame,
        events: Sequence[Mapping[str, Any]],
        timezone: str,
    ) -> None:
        name, unit = opportunity["id"], words.unit(opportunity["price_unit"])
        self._out.print()
        self._out.print(
            f"[bold]{escape(name)}[/bold]: {words.PRODUCTS[opportunity['product']]}, "
            f"{words.quantity(opportunity['requested_kw'])} kW, {words.window(opportunity, timezone)}, "
            f"expected {opportunity['reference_price']:,.2f} {unit}, rules {escape(opportunity['rules'])}"
        )
        prices = price_line(events, opportunity, width=self._out.width, unicode=self._unicode)
        if prices is not None:
            self._out.print(escape(prices))
        self._out.print()
        here = offers[offers["opportunity_id"] == name]
        if len(here):
            self._out.print(_rounds_table(here, unit, narrow=self._out.width < MEDIUM))
        members = coalition[(coalition["opportunity_id"] == name)].sort_values(
            ["committed_kw", "home_id"], ascending=[False, True]
        )
        self._show_homes(members, unit)
        self._out.print()
        self._out.print(escape(words.outcome_sentence(result, name)))

    def _show_homes(self, coalition: pd.DataFrame, unit: str) -> None:
        inside = coalition[coalition["committed_kw"] > 0]
        if len(inside):
            self._out.print(_members_table(inside, unit, width=self._out.width))
        outside = coalition[coalition["committed_kw"] <= 0]
        if len(outside):
            self._out.print(_outside_table(outside, unit, width=self._out.width))

    def show_scenarios(self, analysis: Any) -> None:
        """One row a price, and the verdict."""
        table = plain_table(f"Does it pay? (prices in {', '.join(analysis.price_units)}; amounts in USD)")
        width = self._out.width
        money = {
            "market": "market_revenue_usd",
            "owners": "owner_payments_usd",
            "profit": "operator_profit_usd",
        }
        if width < MEDIUM:
            del money["market"], money["owners"]
        wide, sizes = width >= 100, width >= NARROW
        headings = [
            "price",
            "outcome",
            *(("homes", "kW") if sizes else ()),
            *money,
            *(("margin",) if wide else ()),
            "avoided",
        ]
        for heading in headings:
            table.add_column(heading, justify="left" if heading == "outcome" else "right", no_wrap=True)
        for row in analysis.rows:
            sold = row.outcome == "awarded"
            margin = "-" if row.profit_margin is None else f"{row.profit_margin:.1%}"
            figures = (
                *((f"{row.members:,}", f"{row.committed_kw:,.2f}") if sizes else ()),
                *(f"{getattr(row, name):,.2f}" for name in money.values()),
                *((margin,) if wide else ()),
            )
            table.add_row(
                f"{row.price:,.2f}",
                row.outcome.replace("_", " "),
                *(figures if sold else ("-",) * len(figures)),
                "-" if row.loss_avoided_usd is None else f"{row.loss_avoided_usd:,.2f}",
            )
        self._out.print(table)
        self._out.print()
        for sentence in analysis.sentences:
            self._out.print(escape(sentence))
        if analysis.path is not None:
            self._out.print(f"Run folders: {analysis.path}", soft_wrap=True, markup=False)


def _rounds_table(offers: pd.DataFrame, unit: str, *, narrow: bool) -> Table:
    """Each round's offers and answers; a home that counters takes a part and asks more for the rest."""
    silent = (~offers["answer"].isin(["accept", "counter", "refuse"])).any()
    headings = ["round", "offered", "kW accepted", "accepting", "countering", "refusing"]
    if narrow:
        headings = ["#", "offered", "kW", "yes", "part", "no"]
    table = plain_table(f"Rounds, offers in {unit}")
    for heading in [*headings, *((("-",) if narrow else ("silent",)) if silent else ())]:
        table.add_column(escape(heading), justify="right")
    for number, group in offers.groupby("round"):
        prices = group["price"]
        price = f"{prices.min():,.2f}" if prices.nunique() == 1 else f"{prices.min():,.2f} to {prices.max():,.2f}"
        counts = group["answer"].value_counts()
        known = [int(counts.get(answer, 0)) for answer in ("accept", "counter", "refuse")]
        rest = [len(group) - sum(known)] if silent else []
        power = f"{group['accepted_kw'].sum():,.{1 if narrow else 3}f}"
        table.add_row(str(number), price, power, *(f"{count:,}" for count in (*known, *rest)))
    return table


def _members_table(members: pd.DataFrame, unit: str, *, width: int, most: int = 20) -> Table:
    table = plain_table(f"In: {words.counted(len(members), 'home')}")
    columns = ["kW", "kWh", "paid USD", "satisfied"]
    if width < MEDIUM:
        columns = ["kW", "kWh", "paid USD"] if width >= NARROW else ["kW", "paid USD"]
    table.add_column("home", overflow="fold")
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    terms = width >= NARROW
    if terms:
        table.add_column(f"at {unit}", overflow="fold")
    for row in members.head(most).itertuples():
        cells = {
            "kW": f"{row.committed_kw:,.3f}",
            "kWh": f"{row.delivered_kwh:,.3f}",
            "paid USD": f"{row.paid_usd:,.4f}",
            "satisfied": f"{row.satisfaction:.2f}".replace("nan", "-"),
        }
        shown = [cells[column] for column in columns]
        table.add_row(escape(str(row.home_id)), *shown, *((escape(_terms(str(row.reason), unit)),) if terms else ()))
    if len(members) > most:
        table.add_row(
            f"and {len(members) - most:,} more", *("" for _ in columns), *(("see the report",) if terms else ())
        )
    return table


def _terms(reason: str, unit: str) -> str:
    """``in: 5 kW at 70.00 USD/MWh, of 7 kW agreed`` without what the table's other columns and heading say."""
    return words.why(reason).partition(" kW at ")[2].replace(f" {unit}", "") or words.why(reason)


def _outside_table(outside: pd.DataFrame, unit: str, *, width: int, most: int = 12, named: int = 4) -> Table:
    """Homes that are not in, the commonest reason first; a row a reason, or a row a kind of it where there are many."""
    table = plain_table(f"Not in: {words.counted(len(outside), 'home')}")
    table.add_column("home", overflow="fold", max_width=26 if width >= NARROW else max(10, width // 3))
    table.add_column(f"why [prices in {unit}]".replace("[", "\\["), overflow="fold")
    grouped = [(str(reason), list(map(str, rows["home_id"]))) for reason, rows in outside.groupby("reason", sort=True)]
    if len(grouped) > most:
        grouped = _by_kind(grouped)
    grouped.sort(key=lambda group: -len(group[1]))
    for reason, homes in grouped[:most]:
        shown = ", ".join(homes[:named])
        if len(homes) > named:
            shown = f"{len(homes):,} homes: {', '.join(homes[: named - 2])}, ..."
        table.add_row(escape(shown), escape(words.why(reason).replace(f" {unit}", "")))
    left = sum(len(homes) for _, homes in grouped[most:])
    if left:
        table.add_row(f"and {left:,} more", "see the report")
    return table


def _by_kind(grouped: Sequence[tuple[str, list[str]]]) -> list[tuple[str, list[str]]]:
    """Reasons that differ in their numbers only as one, which says how far each number reaches."""
    kinds: dict[str, list[tuple[str, list[str]]]] = {}
    for reason, homes in grouped:
        kinds.setdefault(_NUMBER.sub("#", reason), []).append((reason, homes))
    joined = []
    for members in kinds.values():
        columns = zip(*(_NUMBER.findall(reason) for reason, _ in members), strict=True)
        reach = iter([sorted(set(column), key=float) for column in columns])

        def said(_: re.Match[str], reach: Iterator[list[str]] = reach) -> str:
            ends = next(reach)
            return ends[0] if len(ends) == 1 else f"{ends[0]} to {ends[-1]}"

        homes = sorted(home for _, mine in members for home in mine)
        joined.append((_NUMBER.sub(said, members[0][0]), homes))
    return joined
