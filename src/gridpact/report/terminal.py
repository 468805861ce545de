"""What the command line prints: progress on standard error, tables and a summary in words on standard output."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import pandas as pd
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gridpact.report import words


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


class Terminal:
    """Prints for people; quiet prints nothing but errors."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._out = Console(highlight=False, soft_wrap=False)
        self._progress = Console(stderr=True, highlight=False, quiet=quiet)

    def __call__(self, stage: str) -> None:
        """Report that a stage has begun."""
        self._progress.print(f"[dim]· {escape(stage)}[/dim]")

    def show_day(self, folder: FinishedRun) -> None:
        """Rounds, members and the summary of one day."""
        result = folder.result
        offers, coalition = folder.table("offers"), folder.table("coalition")
        fleet = folder.table("fleet")
        timezone = str(fleet["timezone"].mode().iloc[0])
        for opportunity in result["opportunities"]:
            self._show_opportunity(opportunity, result, offers, coalition, timezone)
        if result["outcome"] == "awarded" or len(result["opportunities"]) > 1:
            self._out.print()
            self._out.print(f"[bold]{escape(words.day_sentence(result, homes=len(fleet)))}[/bold]")
        checks = result["checks"]
        self._out.print(
            f"Ledger sum {checks['ledger_sum_microusd']} micro-dollars, "
            f"preferences broken {checks['preferences_broken']}, sold twice {checks['double_sold']}."
        )
        self._out.print(f"Report: {folder.path / 'report.html'}", soft_wrap=True)
        self._out.print(f"Recheck it with: gridpact verify {folder.path}", soft_wrap=True)

    def _show_opportunity(
        self,
        opportunity: Mapping[str, Any],
        result: Mapping[str, Any],
        offers: pd.DataFrame,
        coalition: pd.DataFrame,
        timezone: str,
    ) -> None:
        name, unit = opportunity["id"], words.unit(opportunity["price_unit"])
        self._out.print()
        self._out.print(
            f"[bold]{escape(name)}[/bold]: {words.PRODUCTS[opportunity['product']]}, "
            f"{words.quantity(opportunity['requested_kw'])} kW, {words.window(opportunity, timezone)}, "
            f"expected {opportunity['reference_price']:,.2f} {unit}, rules {escape(opportunity['rules'])}"
        )
        here = offers[offers["opportunity_id"] == name]
        if len(here):
            self._out.print(_rounds_table(here, unit))
        members = coalition[(coalition["opportunity_id"] == name)].sort_values(
            ["committed_kw", "home_id"], ascending=[False, True]
        )
        self._show_homes(members, unit)
        self._out.print()
        self._out.print(escape(words.outcome_sentence(result, name)))

    def _show_homes(self, coalition: pd.DataFrame, unit: str) -> None:
        inside = coalition[coalition["committed_kw"] > 0]
        if len(inside):
            self._out.print(_members_table(inside, unit))
        outside = coalition[coalition["committed_kw"] <= 0]
        if len(outside):
            self._out.print(_outside_table(outside, unit))

    def show_scenarios(self, analysis: Any) -> None:
        """One row a price, and the verdict."""
        table = _table("Does it pay? (amounts in USD)")
        wide = self._out.width >= 100
        money_columns = ("market", "owners", "profit", *(("margin",) if wide else ()), "avoided")
        for column in ("price", "outcome", "homes", "kW", *money_columns):
            table.add_column(column, justify="left" if column == "outcome" else "right", no_wrap=True)
        for row in analysis.rows:
            sold = row.outcome == "awarded"
            figures = (
                f"{row.committed_kw:,.2f}",
                f"{row.market_revenue_usd:,.2f}",
                f"{row.owner_payments_usd:,.2f}",
                f"{row.operator_profit_usd:,.2f}",
                *(("-" if row.profit_margin is None else f"{row.profit_margin:.1%}",) if wide else ()),
            )
            table.add_row(
                f"{row.price:,.2f}",
                row.outcome.replace("_", " "),
                str(row.members) if sold else "-",
                *(figures if sold else ("-",) * len(figures)),
                "-" if row.loss_avoided_usd is None else f"{row.loss_avoided_usd:,.2f}",
            )
        self._out.print(table)
        self._out.print()
        for sentence in analysis.sentences:
            self._out.print(escape(sentence))
        if analysis.path is not None:
            self._out.print(f"Run folders: {analysis.path}", soft_wrap=True)

    def show_fleet(self, description: Mapping[str, Any]) -> None:
        """Fleet statistics as a table."""
        table = Table(title="Fleet", title_justify="left")
        table.add_column("what")
        table.add_column("value", justify="right")
        for what, value in description.items():
            if isinstance(value, Mapping):
                for part, number in value.items():
                    table.add_row(escape(f"{what}: {part}"), _number(number))
            else:
                table.add_row(escape(what), _number(value))
        self._out.print(table)

    def show_rules_list(self, profiles: Sequence[Any]) -> None:
        """Names and one line on each profile."""
        table = _table("Rule profiles")
        for column in ("rules", "market", "products"):
            table.add_column(column)
        for profile in profiles:
            table.add_row(escape(profile.name), escape(str(profile.market)), ", ".join(map(str, profile.products)))
        self._out.print(table)

    def show_rules(self, profile: Any) -> None:
        """Every value of a profile with its date, source and whether it was verified."""
        from gridpact.market.rules import describe

        table = Table(title=escape(profile.name), title_justify="left")
        for column in ("rule", "value", "unit", "from", "source", "verified"):
            table.add_column(column, overflow="fold")
        for row in describe(profile):
            table.add_row(*(escape(str(cell)) for cell in row))
        self._out.print(table)


def _number(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    return escape(str(value))


def _table(title: str) -> Table:
    """A table without vertical rules, which leaves the words more room."""
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)


def _rounds_table(offers: pd.DataFrame, unit: str) -> Table:
    table = _table("Rounds")
    for column in ("round", f"offer [{unit}]", "homes asked", "homes agreed", "kW agreed"):
        table.add_column(escape(column), justify="right")
    for number, group in offers.groupby("round"):
        prices = group["price"]
        price = f"{prices.min():,.2f}" if prices.nunique() == 1 else f"{prices.min():,.2f} to {prices.max():,.2f}"
        taken = group["accepted_kw"] > 0
        table.add_row(str(number), price, str(len(group)), str(int(taken.sum())), f"{group['accepted_kw'].sum():,.3f}")
    return table


def _members_table(members: pd.DataFrame, unit: str, most: int = 20) -> Table:
    table = _table(f"In: {words.counted(len(members), 'home')}")
    table.add_column("home", overflow="fold")
    for column in ("kW", "kWh", "paid USD", "satisfied"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column(f"at {unit}", overflow="fold")
    for row in members.head(most).itertuples():
        satisfaction = f"{row.satisfaction:.2f}"
        table.add_row(
            escape(str(row.home_id)),
            f"{row.committed_kw:,.3f}",
            f"{row.delivered_kwh:,.3f}",
            f"{row.paid_usd:,.4f}",
            satisfaction.replace("nan", "-"),
            escape(_terms(str(row.reason), unit)),
        )
    if len(members) > most:
        table.add_row("and", str(len(members) - most), "more", "", "", "see the report")
    return table


def _terms(reason: str, unit: str) -> str:
    """``in: 5 kW at 70.00 USD/MWh, of 7 kW agreed`` without what the table's other columns and heading say."""
    return words.why(reason).partition(" kW at ")[2].replace(f" {unit}", "") or words.why(reason)


def _outside_table(outside: pd.DataFrame, unit: str, most: int = 12, named: int = 4) -> Table:
    """Homes that are not in, those with the same reason in one row, the commonest reason first."""
    table = _table(f"Not in: {words.counted(len(outside), 'home')}")
    table.add_column("home", overflow="fold", max_width=26)
    table.add_column(f"why [prices in {unit}]".replace("[", "\\["), overflow="fold")
    grouped = [(str(reason), list(map(str, rows["home_id"]))) for reason, rows in outside.groupby("reason", sort=True)]
    grouped.sort(key=lambda group: -len(group[1]))
    for reason, homes in grouped[:most]:
        shown = ", ".join(homes[:named])
        if len(homes) > named:
            shown = f"{len(homes)} homes: {', '.join(homes[: named - 2])}, ..."
        table.add_row(escape(shown), escape(words.why(reason).replace(f" {unit}", "")))
    left = sum(len(homes) for _, homes in grouped[most:])
    if left:
        table.add_row(f"and {left} more", "see the report")
    return table
