"""Flags that the commands of ``gridpact data`` share, and the groups of them that a command takes as a whole."""

from collections.abc import Callable
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any

import typer

from gridpact.cli.output import problems_as_messages

Files = Annotated[
    list[Path],
    typer.Argument(metavar="FILE...", help="Source files of one format; CSV, XML, JSON, ZIP."),
]
KindName = Annotated[
    str | None,
    typer.Option(
        "--kind",
        metavar="NAME",
        help="Importer (see gridpact data formats), or prices, profiles, sessions. Default: by content.",
    ),
]
Timezone = Annotated[
    str | None,
    typer.Option("--timezone", metavar="ZONE", help="Zone of times without an offset, e.g. America/Chicago."),
]
Label = Annotated[
    str | None,
    typer.Option("--label", metavar="start|end", help="Whether a time is its interval's start or end."),
]
DateOrder = Annotated[
    str | None,
    typer.Option("--date-order", metavar="dmy|mdy", help="dmy or mdy, where the year comes last."),
]
Decimal = Annotated[str, typer.Option("--decimal", metavar="point|comma", help="point or comma.")]
Encoding = Annotated[
    str | None,
    typer.Option("--encoding", metavar="NAME", help="Encoding of the text, where it is not UTF-8."),
]
Unit = Annotated[
    str | None,
    typer.Option("--unit", metavar="UNIT", help="Unit where the header has none: kw, w, kwh, wh, mwh."),
]
Fx = Annotated[
    float | None,
    typer.Option("--fx", metavar="RATE", help="USD for one unit of the file's currency."),
]
Locations = Annotated[
    list[str] | None,
    typer.Option("--location", metavar="NAME", help="Node, hub, zone, area or customer to take; may be repeated."),
]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="COLUMN=VALUE", help="Rows to take; may be repeated."),
]
SeriesNames = Annotated[
    list[str] | None,
    typer.Option("--series", metavar="NAME", help="Output series to keep; may be repeated."),
]
FillGaps = Annotated[
    str | None,
    typer.Option("--fill-gaps", metavar="HOW", help="linear, previous, same-hour-last-week, or leave (out)."),
]
MaxGap = Annotated[float, typer.Option("--max-gap", metavar="H", help="Longest gap to fill \\[h].")]
Duplicates = Annotated[
    str | None,
    typer.Option("--duplicates", metavar="WHICH", help="Keep identical, first, last, or mean."),
]
Ambiguous = Annotated[
    str | None,
    typer.Option("--ambiguous", metavar="PASS", help="Single readings of a repeated hour: earlier, later, or split."),
]
Nonexistent = Annotated[
    str | None,
    typer.Option("--nonexistent", metavar="drop", help="drop readings at local times that were skipped."),
]
BadCells = Annotated[
    str | None,
    typer.Option("--bad-cells", metavar="gap", help="gap: count cells without a number as gaps."),
]
Negative = Annotated[
    str | None,
    typer.Option("--negative", metavar="zero", help="zero: set negative load or sun to zero."),
]
Exports = Annotated[
    str | None,
    typer.Option("--exports", metavar="ignore", help="ignore: take what was bought as the load."),
]
BadSessions = Annotated[
    str | None,
    typer.Option("--bad-sessions", metavar="drop", help="drop: leave out sessions with an error."),
]
Forecast = Annotated[
    str,
    typer.Option("--forecast", metavar="HOW", help="What planning sees: perfect, day-before, week-before."),
]
Resample = Annotated[
    int | None,
    typer.Option("--resample", metavar="MINUTES", help="Step of profiles; energy stays the same."),
]
SolarKw = Annotated[
    float | None,
    typer.Option("--solar-kw", metavar="KW", help="Installed solar power \\[kW]."),
]
Profile = Annotated[
    str | None,
    typer.Option("--profile", metavar="NAME", help="Name of profiles, before _load and _solar."),
]
By = Annotated[
    str | None,
    typer.Option("--by", metavar="COLUMN", help="What tells cars or plugs apart."),
]
Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="Parquet or CSV file to write.")]


def reading(
    *,
    timezone: Timezone = None,
    label: Label = None,
    date_order: DateOrder = None,
    decimal: Decimal = "point",
    encoding: Encoding = None,
    unit: Unit = None,
    location: Locations = None,
    only: Only = None,
    series: SeriesNames = None,
    by: By = None,
) -> dict[str, Any]:
    """Fields of `ImportOptions`: what files do not say themselves, and what of them to take."""
    return {
        "timezone": timezone,
        "label": label,
        "date_order": date_order,
        "decimal": decimal,
        "encoding": encoding,
        "unit": unit,
        "locations": tuple(location or ()),
        "only": tuple(map(_column_and_value, only or ())),
        "series": tuple(series or ()),
        "by": by,
    }


def repairing(
    *,
    fx: Fx = None,
    fill_gaps: FillGaps = None,
    max_gap: MaxGap = 3.0,
    duplicates: Duplicates = None,
    ambiguous: Ambiguous = None,
    nonexistent: Nonexistent = None,
    bad_cells: BadCells = None,
    negative: Negative = None,
    exports: Exports = None,
    bad_sessions: BadSessions = None,
    forecast: Forecast = "perfect",
    resample: Resample = None,
    solar_kw: SolarKw = None,
    profile: Profile = None,
) -> dict[str, Any]:
    """Fields of `ImportOptions`: what to do to the data on their way into a file."""
    return {
        "fx": fx,
        "fill_gaps": fill_gaps,
        "max_gap_h": max_gap,
        "duplicates": duplicates,
        "ambiguous": ambiguous,
        "nonexistent": nonexistent,
        "bad_cells": bad_cells,
        "negative": negative,
        "exports": exports,
        "bad_sessions": bad_sessions,
        "forecast": forecast,
        "resample_minutes": resample,
        "solar_kw": solar_kw,
        "profile": profile,
    }


def with_flags(*groups: Callable[..., dict[str, Any]]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the flags of ``groups``; it takes what they make of them as one mapping, ``how``."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        def flagged(**given: Any) -> None:
            with problems_as_messages():
                how: dict[str, Any] = {}
                for group in groups:
                    how |= group(**{name: given.pop(name) for name in signature(group).parameters})
                command(**given, how=how)

        own = [each for each in signature(command).parameters.values() if each.name != "how"]
        shared = [each for group in groups for each in signature(group).parameters.values()]
        parameters = [each.replace(kind=Parameter.KEYWORD_ONLY) for each in (*own, *shared)]
        flagged.__name__, flagged.__doc__ = command.__name__, command.__doc__
        flagged.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        flagged.__annotations__ = {each.name: each.annotation for each in parameters}
        return flagged

    return decorate


def _column_and_value(text: str) -> tuple[str, str]:
    from gridpact.errors import InputError

    column, found, value = text.partition("=")
    if not found or not column:
        raise InputError(f"--only {text!r} must be COLUMN=VALUE")
    return column, value
