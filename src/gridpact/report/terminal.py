"""What the command line prints: progress on standard error, tables and a summary in words on standard output."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import pandas as pd
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
        timezone = str(folder.table("fleet")["timezone"].mode().iloc[0])
        for opportunity in result["opportunities"]:
            self._show_opportunity(opportunity, result, offers, coalition, timezone)
        self._out.print(f"[bold]{escape(words.day_sentence(result))}[/bold]")
        checks = result["checks"]
        self._out.print(
            f"Ledger sum {checks['ledger_sum_microusd']} micro-dollars, preferences broken {checks['preferences_broken']}, "
            f"sold twice {checks['double_sold']}."
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
            f"{opportunity['requested_kw']:,g} kW, {words.window(opportunity, timezone)}, "
            f"expected {opportunity['reference_price']:,.2f} {unit}, rules {escape(opportunity['rules'])}"
        )
        here = offers[offers["opportunity_id"] == name]
        if len(here):
            self._out.print(_rounds_table(here, unit))
        members = coalition[(coalition["opportunity_id"] == name)].sort_values(
            ["committed_kw", "home_id"], ascending=[False, True]
        )
        self._out.print(_members_table(members))
        self._out.print(escape(words.outcome_sentence(result, name)))

    def show_scenarios(self, analysis: Any) -> None:
        """One row a price, and the verdict."""
        table = Table(title="Does it pay?", title_justify="left")
        for column in ("price", "outcome", "members", "kW", "kWh", "revenue", "owners", "profit", "margin", "viable"):
            table.add_column(column, justify="left" if column in ("outcome", "viable") else "right")
        for row in analysis.rows:
            table.add_row(
                f"{row.price:,.2f}",
                row.outcome,
                str(row.members),
                f"{row.committed_kw:,.2f}",
                f"{row.delivered_kwh:,.2f}",
                f"{row.market_revenue_usd:,.2f}",
                f"{row.owner_payments_usd:,.2f}",
                f"{row.operator_profit_usd:,.2f}",
                "-" if row.profit_margin is None else f"{row.profit_margin:.1%}",
                row.verdict,
            )
        self._out.print(table)
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
        table = Table()
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


def _rounds_table(offers: pd.DataFrame, unit: str) -> Table:
    table = Table(title="Rounds", title_justify="left")
    for column in ("round", f"offer [{unit}]", "offered", "took some", "newly accepted kW"):
        table.add_column(escape(column), justify="right")
    for number, group in offers.groupby("round"):
        prices = group["price"]
        price = f"{prices.min():,.2f}" if prices.nunique() == 1 else f"{prices.min():,.2f} to {prices.max():,.2f}"
        taken = group["accepted_kw"] > 0
        table.add_row(str(number), price, str(len(group)), str(int(taken.sum())), f"{group['accepted_kw'].sum():,.3f}")
    return table


def _members_table(members: pd.DataFrame, most: int = 20) -> Table:
    table = Table(title="Homes", title_justify="left")
    table.add_column("home")
    for column in ("kW", "kWh", "paid USD", "satisfaction"):
        table.add_column(column, justify="right")
    table.add_column("why", overflow="fold")
    for row in members.head(most).itertuples():
        satisfaction = "-" if pd.isna(row.satisfaction) else f"{row.satisfaction:.2f}"
        table.add_row(
            escape(str(row.home_id)),
            f"{row.committed_kw:,.3f}",
            f"{row.delivered_kwh:,.3f}",
            f"{row.paid_usd:,.4f}",
            satisfaction,
            escape(str(row.reason)),
        )
    if len(members) > most:
        table.add_row(f"and {len(members) - most} more", "", "", "", "", "see the report")
    return table
