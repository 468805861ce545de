"""A fleet's statistics on the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from gridpact.report import words
from gridpact.report.axes import shown
from gridpact.report.screen import MEDIUM, NARROW, open_console, plain_table, shows_unicode, sparkline

MOST_ROWS = 12
QUANTILES = ("minimum", "p10", "median", "p90", "maximum")
_TITLES = {"persona": "By persona", "asset_mix": "By devices", "zone": "By zone", "timezone": "By time zone"}


def show_fleet(description: Mapping[str, Any], *, title: str, console: Console | None = None) -> None:
    """Everything that ``gridpact.fleet.statistics.describe`` found, as tables that fit the screen."""
    out = console or open_console()
    homes = description["homes"]
    out.print(f"[bold]{escape(title)}[/bold]: {words.counted(homes, 'home')}")
    for by, counts in description["homes_by"].items():
        out.print()
        out.print(_counts(_TITLES.get(by, f"By {by}"), counts, homes, width=out.width, unicode=shows_unicode(out)))
    out.print()
    out.print(_assets(description["assets"], width=out.width))
    out.print()
    _show_preferences(description, out)
    _show_plugged(description["vehicles"], description["assets"]["vehicle"]["homes"], out)
    out.print()
    if not description["oddities"]:
        out.print("Nothing unusual in the data.")
        return
    out.print("[bold]Worth a second look[/bold]")
    for oddity in description["oddities"]:
        examples = ", ".join(oddity["examples"]) + (", ..." if oddity["homes"] > len(oddity["examples"]) else "")
        text = f"{oddity['homes']:,} of {homes:,} {oddity['what']} ({examples})"
        out.print(Padding(escape(text), (0, 0, 0, 2)))


def _counts(title: str, counts: Mapping[str, int], homes: int, *, width: int, unicode: bool) -> Table:
    table = plain_table(title)
    table.show_header = False
    table.box = None
    table.add_column("", overflow="fold", max_width=max(12, width - (40 if width >= NARROW else 20)))
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("", justify="right", no_wrap=True)
    bars = width >= NARROW
    if bars:
        table.add_column("", no_wrap=True)
    most = max(counts.values())
    rows = list(counts.items())
    if len(rows) > MOST_ROWS:
        rest = rows[MOST_ROWS - 1 :]
        rows = [*rows[: MOST_ROWS - 1], (f"{len(rest)} others", sum(count for _, count in rest))]
    for name, count in rows:
        bar = ("█" if unicode else "#") * max(1, round(20 * min(1.0, count / most)))
        table.add_row("  " + escape(name), f"{count:,}", f"{count / homes:.1%}", *((bar,) if bars else ()))
    return table


def _assets(assets: Mapping[str, Any], *, width: int) -> Table:
    """Power and energy of each device; shares only where there is room."""
    table = plain_table("Devices")
    quantiles = QUANTILES if width >= MEDIUM else ("minimum", "median", "maximum")
    columns = (*quantiles, "total") if width >= NARROW else ("median", "total")
    table.add_column("", overflow="fold")
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    for device, found in assets.items():
        table.add_row(f"[bold]{escape(device)}[/bold], {found['homes']:,} ({found['share']:.0%})")
        for name, quantity in found["quantities"].items():
            if quantity["spread"] is None or (quantity["total"] is None and width < MEDIUM):
                continue
            total = "" if quantity["total"] is None else shown(quantity["total"])
            cells = [total if column == "total" else shown(quantity["spread"][column]) for column in columns]
            table.add_row("  " + escape(_label(name, device, quantity["unit"])), *cells)
    return table


def _label(column: str, device: str, unit: str) -> str:
    """``battery_charge_kw`` as ``charge [kW]``: the device is the heading, the unit stands apart."""
    name = column.removeprefix(f"{device}_")
    for ending in ("_usd_per_kwh", "_kwh", "_kw", "_fraction", "kw"):
        if name.endswith(ending):
            name = name.removesuffix(ending)
            break
    words_of = (name or "installed").replace("_", " ").replace("soc", "charged")
    words_of = {"cop": "COP", "start": "filled at start", "leak fraction per h": "leak [share/h]"}.get(
        words_of, words_of
    )
    return words_of if unit == "1" else f"{words_of} [{unit}]"


def _show_preferences(description: Mapping[str, Any], out: Console) -> None:
    preferences = description["preferences"]
    columns = (
        ("minimum", "p10", "median", "p90", "maximum") if out.width >= NARROW else ("minimum", "median", "maximum")
    )
    table = plain_table("Owners' wishes")
    table.add_column("", overflow="fold")
    for column in columns:
        table.add_column(column if out.width >= NARROW else column[:3], justify="right", no_wrap=True)
    rows = {f"floor, {name} [USD/MWh]": found for name, found in preferences["floor_usd_per_mwh"].items()}
    for key, what in (("backup_soc_fraction", "backup [share]"), ("max_cycles_per_day", "cycles [1/day]")):
        found = preferences[key]
        rows[f"{what}, {found['homes']:,} of {found['of']:,} batteries"] = found["spread"]
    for name, spread in rows.items():
        if spread is not None:
            table.add_row(escape(name), *(shown(spread[column]) for column in columns))
    out.print(table)
    out.print(
        f"{words.counted(preferences['blackout_homes'], 'home')} with blackout windows, "
        f"{preferences['export_refused_homes']:,} that may not feed in"
    )


def _show_plugged(vehicles: Mapping[str, Any], cars: int, out: Console) -> None:
    if not cars:
        return
    out.print(
        f"{vehicles['plugged_in_homes']:,} of {words.counted(cars, 'car')} come to the plug, "
        f"{vehicles['discharging_homes']:,} of them discharge"
    )
    shares = vehicles["plugged_share_by_hour"]
    line = sparkline(shares, low=0.0, high=1.0, unicode=shows_unicode(out))
    out.print(f"plugged in by local hour, 0 to 100% (highest {max(shares):.0%}):")
    out.print(f"  {line}", no_wrap=True)
    out.print("  0     6     12    18", no_wrap=True)
    if vehicles["left_out_with_dated_times"]:
        out.print(f"  {words.counted(vehicles['left_out_with_dated_times'], 'car')} with dated times left out")
