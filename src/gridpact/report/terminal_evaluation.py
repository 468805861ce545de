"""Figures of an evaluation on a terminal: a table for each set, and one by style."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gridpact.report.page import NONE, label, number
from gridpact.report.screen import open_console

_RATES = (
    ("Right fields", "field_accuracy"),
    ("Stated found", "stated_found"),
    ("Unsafe", "unsafe_readings"),
    ("Invalid", "invalid_replies"),
    ("Deals", "deal_rate"),
)


def show_measured(measured: Sequence[Mapping[str, Any]], *, console: Console | None = None) -> None:
    """Print what was measured.

    Args:
        measured: see `gridpact.language.evaluation.run.Measured.to_dict`.
        console: where to; standard output by default.
    """
    screen = console or open_console()
    for place in dict.fromkeys((each["set"], each["half"]) for each in measured):
        mine = [each for each in measured if (each["set"], each["half"]) == place]
        screen.print(Text(f"{place[0].capitalize()}, {place[1]} half", style="bold"))
        screen.print(_table(mine))
        for each in mine:
            asked = each["asked"]
            if asked["questions"]:
                screen.print(Text(_took(each["answerer"], asked)))
        screen.print(_styles(mine[-1]))
        screen.print()


def _table(measured: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("Answered by", overflow="fold")
    for title in ("Cases", *(title for title, _ in _RATES), "Invented", "Surplus kept"):
        table.add_column(title, justify="right")
    for each in measured:
        cases = f"{each['cases']}" if each["cases"] == each["of_cases"] else f"{each['cases']} of {each['of_cases']}"
        table.add_row(
            Text(label(each["answerer"], 60)),
            cases,
            *(_rate(each[key]) for _, key in _RATES),
            str(each["invented"]),
            NONE if each["surplus_kept"] is None else f"{100 * each['surplus_kept']:.0f}%",
        )
    return table


def _styles(measured: Mapping[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, title=f"By style: {label(measured['answerer'], 60)}", title_justify="left")
    table.add_column("Style", overflow="fold")
    for title in ("Cases", "Right fields", "Stated found", "Unsafe", "Invented"):
        table.add_column(title, justify="right")
    for style, found in measured["by_style"].items():
        rates = (_rate(found[key]) for key in ("field_accuracy", "stated_found", "unsafe_readings"))
        table.add_row(Text(label(style, 40)), str(found["cases"]), *rates, str(found["invented"]))
    return table


def _rate(rate: Mapping[str, Any]) -> str:
    if rate["value"] is None:
        return NONE
    return f"{100 * rate['value']:.0f}% ({100 * rate['low']:.0f}-{100 * rate['high']:.0f})"


def _took(answerer: str, asked: Mapping[str, Any]) -> str:
    failed = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in asked["failures"].items())
    cost = "its price is not known" if asked["cost_usd"] is None else f"{asked['cost_usd']:.4f} USD"
    return (
        f"{label(answerer, 60)}: {asked['questions']:,} questions, {asked['tokens_in']:,} tokens in and "
        f"{asked['tokens_out']:,} out, {cost}, {number(asked['latency_median_s'], 1)} s in the median and "
        f"{number(asked['latency_p95_s'], 1)} s at the 95th percentile"
        + (f"; without a reply: {failed}" if failed else "")
    )
