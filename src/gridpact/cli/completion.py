"""Values that the shell offers for a flag, where they are a closed set. Each is imported when it is asked for."""

from pathlib import Path

import typer


def _starting(values: object, incomplete: str) -> list[str]:
    return [str(value) for value in values if str(value).startswith(incomplete)]  # type: ignore[attr-defined]


def rules(incomplete: str) -> list[str]:
    """Names of the packaged rule profiles."""
    from gridpact.market.rules import rule_names

    return _starting(rule_names(), incomplete)


def strategies(incomplete: str) -> list[str]:
    """Names of the built-in strategies."""
    from gridpact.negotiation.strategies import STRATEGIES

    return _starting(sorted(STRATEGIES), incomplete)


def tactics(incomplete: str) -> list[str]:
    """Tactics by name."""
    from gridpact.negotiation.tactics import TACTICS

    return _starting(sorted(TACTICS), incomplete)


def products(incomplete: str) -> list[str]:
    """Products that can be sold."""
    from gridpact.market.opportunity import Product

    return _starting([product.value for product in Product], incomplete)


def locations(incomplete: str) -> list[str]:
    """Hubs and zones of the packaged prices."""
    from gridpact.data.reference import ercot_locations

    return _starting(ercot_locations(), incomplete.upper())


def drop_outs(context: typer.Context, incomplete: str) -> list[str]:
    """Homes of the fleet that the command line names so far, and when each may fail."""
    from gridpact.errors import GridpactError
    from gridpact.operation.fleets import resolve_fleet

    name, at, stage = incomplete.partition("@")
    if at:
        return [f"{name}@{each}" for each in ("before", "after") if each.startswith(stage)]
    try:
        fleet = resolve_fleet(context.params.get("fleet"), seed=int(context.params.get("seed") or 0)).fleet
    except (GridpactError, OSError, ValueError):
        return []
    return [f"{home}@" for home in fleet.home_ids[:1000] if home.startswith(name)]


def run_folders(incomplete: str) -> list[str]:
    """Folders below ``runs`` that hold a result."""
    found = sorted(str(result.parent) for result in Path("runs").glob("**/result.json"))
    return _starting(found, incomplete)
