"""``gridpact data``: bring in data that an operator already has, check them, describe them, fetch prices."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridpact.errors import GridpactError
from gridpact.report.words import counted

if TYPE_CHECKING:
    from gridpact.data.importers.findings import Report
    from gridpact.data.importers.options import ImportOptions

data_app = typer.Typer(
    help="Import, check, describe and fetch prices, load, sun and car sessions.", no_args_is_help=True
)

Files = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="Source files of one format; CSV, XML, JSON, ZIP.")
]
KindName = Annotated[
    str | None,
    typer.Option(
        "--kind",
        metavar="NAME",
        help="Importer (see gridpact data formats), or prices, profiles, sessions. Default: by content.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Timezone = Annotated[
    str | None,
    typer.Option("--timezone", metavar="ZONE", help="Zone of times without an offset, e.g. America/Chicago."),
]
Label = Annotated[str | None, typer.Option("--label", help="Whether a time is its interval's start or end.")]
DateOrder = Annotated[str | None, typer.Option("--date-order", help="dmy or mdy, where the year comes last.")]
Decimal = Annotated[str, typer.Option("--decimal", help="point or comma.")]
Encoding = Annotated[str | None, typer.Option("--encoding", help="Encoding of the text, where it is not UTF-8.")]
Unit = Annotated[str | None, typer.Option("--unit", help="Unit where the header has none: kw, w, kwh, wh, mwh.")]
Fx = Annotated[float | None, typer.Option("--fx", metavar="RATE", help="USD for one unit of the file's currency.")]
Locations = Annotated[
    list[str] | None, typer.Option("--location", help="Node, hub, zone, area or customer to take; may be repeated.")
]
Only = Annotated[
    list[str] | None, typer.Option("--only", metavar="COLUMN=VALUE", help="Rows to take; may be repeated.")
]
SeriesNames = Annotated[list[str] | None, typer.Option("--series", help="Output series to keep; may be repeated.")]
FillGaps = Annotated[
    str | None, typer.Option("--fill-gaps", help="linear, previous, same-hour-last-week, or leave (out).")
]
MaxGap = Annotated[float, typer.Option("--max-gap", metavar="H", help="Longest gap to fill \\[h].")]
Duplicates = Annotated[str | None, typer.Option("--duplicates", help="Keep identical, first, last, or mean.")]
Ambiguous = Annotated[
    str | None, typer.Option("--ambiguous", help="Single readings of a repeated hour: earlier, later, or split.")
]
Nonexistent = Annotated[
    str | None, typer.Option("--nonexistent", help="drop readings at local times that were skipped.")
]
BadCells = Annotated[str | None, typer.Option("--bad-cells", help="gap: count cells without a number as gaps.")]
Negative = Annotated[str | None, typer.Option("--negative", help="zero: set negative load or sun to zero.")]
Exports = Annotated[str | None, typer.Option("--exports", help="ignore: take what was bought as the load.")]
BadSessions = Annotated[str | None, typer.Option("--bad-sessions", help="drop: leave out sessions with an error.")]
Forecast = Annotated[str, typer.Option("--forecast", help="What planning sees: perfect, day-before, week-before.")]
Resample = Annotated[
    int | None, typer.Option("--resample", metavar="MINUTES", help="Step of profiles; energy stays the same.")
]
SolarKw = Annotated[float | None, typer.Option("--solar-kw", help="Installed solar power \\[kW].")]
Profile = Annotated[str | None, typer.Option("--profile", help="Name of profiles, before _load and _solar.")]
By = Annotated[str | None, typer.Option("--by", metavar="COLUMN", help="What tells cars or plugs apart.")]
Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="Parquet or CSV file to write.")]


@contextmanager
def _problems_as_messages() -> Iterator[None]:
    try:
        yield
    except GridpactError as problem:
        typer.echo(f"gridpact: {problem}", err=True)
        raise typer.Exit(2) from None
    except BrokenPipeError:
        sys.stderr.close()
        raise typer.Exit(0) from None
    except OSError as problem:
        where = "" if problem.filename is None else f"{problem.filename}: "
        typer.echo(f"gridpact: {where}{problem.strerror or problem}", err=True)
        raise typer.Exit(2) from None


def _options(**given: Any) -> "ImportOptions":
    from gridpact.data.importers.options import ImportOptions
    from gridpact.errors import InputError

    pairs = []
    for text in given.pop("only") or ():
        column, found, value = text.partition("=")
        if not found or not column:
            raise InputError(f"--only {text!r} must be COLUMN=VALUE")
        pairs.append((column, value))
    locations, series = given.pop("locations") or (), given.pop("series") or ()
    return ImportOptions(only=tuple(pairs), locations=tuple(locations), series=tuple(series), **given)


def _show(report: "Report") -> None:
    """Print findings and changes for people, on standard error."""
    from gridpact.data.importers.limits import MAX_FINDINGS_SHOWN

    for finding in report.findings:
        typer.echo(str(finding), err=True)
    for (code, severity), count in sorted(report.counts.items()):
        if count > MAX_FINDINGS_SHOWN:
            typer.echo(f"{severity.value} {code}: {count - MAX_FINDINGS_SHOWN} more of this kind", err=True)
    for change in report.changes:
        typer.echo(f"changed {change.kind}: {change.rule} ({change.count})", err=True)


def _echo_json(content: object) -> None:
    import json

    typer.echo(json.dumps(content, indent=2))


@data_app.command("import")
def data_import(
    files: Files,
    out: Out,
    kind: KindName = None,
    timezone: Timezone = None,
    label: Label = None,
    date_order: DateOrder = None,
    decimal: Decimal = "point",
    encoding: Encoding = None,
    unit: Unit = None,
    fx: Fx = None,
    location: Locations = None,
    only: Only = None,
    series: SeriesNames = None,
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
    by: By = None,
    json: AsJson = False,
) -> None:
    """Read files of one format, check them, and write what --prices, --profiles or --fleet take.

    Errors stop the import unless their repair is named by a flag; nothing is repaired in silence.
    """
    with _problems_as_messages():
        from gridpact.data.importers.convert import ImportRefusedError, import_files

        options = _options(
            timezone=timezone, label=label, date_order=date_order, decimal=decimal, encoding=encoding, unit=unit, fx=fx,
            locations=location, only=only, series=series, fill_gaps=fill_gaps, max_gap_h=max_gap, duplicates=duplicates,
            ambiguous=ambiguous, nonexistent=nonexistent, bad_cells=bad_cells, negative=negative, exports=exports,
            bad_sessions=bad_sessions,
            forecast=forecast, resample_minutes=resample, solar_kw=solar_kw, profile=profile, by=by,
        )  # fmt: skip
        try:
            done = import_files(files, out=out, kind=kind, options=options)
        except ImportRefusedError as problem:
            if json:
                _echo_json({"written": [], **problem.report.plain()})
            raise
        if json:
            written = [str(path) for path in done.files]
            _echo_json({"written": written, "provenance": done.provenance, **done.report.plain()})
            return
        _show(done.report)
        for path in done.files:
            typer.echo(f"wrote {path}")
        typer.echo(f"{done.rows} rows")


@data_app.command("validate")
def data_validate(
    files: Files,
    kind: KindName = None,
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
    json: AsJson = False,
) -> None:
    """Say what is wrong with files, by row and column; exit 0 where an import would pass, 2 where it would not."""
    with _problems_as_messages():
        from gridpact.data.importers.convert import checked_files

        options = _options(
            timezone=timezone, label=label, date_order=date_order, decimal=decimal, encoding=encoding, unit=unit,
            locations=location, only=only, series=series, by=by,
        )  # fmt: skip
        loaded = checked_files(files, kind=kind, options=options)
        name = None if loaded.importer is None else loaded.importer.name
        if json:
            _echo_json({"importer": name, **loaded.report.plain()})
        else:
            _show(loaded.report)
            from gridpact.data.importers.findings import Outcome

            warnings = loaded.report.number(Outcome.WARNING)
            typer.echo(f"{', '.join(map(str, files))}: {name}, {loaded.report.errors} errors, {warnings} warnings")
        if loaded.report.errors:
            raise typer.Exit(2)


@data_app.command("describe")
def data_describe(
    files: Files,
    kind: KindName = None,
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
    json: AsJson = False,
) -> None:
    """Print span, zone, step, units, least, mean and most of what files hold, gaps included."""
    with _problems_as_messages():
        from gridpact.data.importers.convert import provenance_of
        from gridpact.data.importers.describe import describe_loaded
        from gridpact.data.importers.load import load

        options = _options(
            timezone=timezone, label=label, date_order=date_order, decimal=decimal, encoding=encoding, unit=unit,
            locations=location, only=only, series=series, by=by,
        )  # fmt: skip
        loaded = load(files, kind=kind, options=options)
        found = describe_loaded(loaded)
        found["provenance"] = provenance_of(files[0])
        if json:
            _echo_json(found)
        else:
            _print_description(found)
        if not loaded.series and not loaded.sessions:
            _show(loaded.report)
            raise typer.Exit(2)


def _print_description(found: dict[str, Any]) -> None:
    zone = "times with their UTC offset" if found["timezone"] is None else f"local times of {found['timezone']}"
    typer.echo(f"{', '.join(one['name'] for one in found['files'])}: {found['importer']}, {zone}")
    for one in found["series"]:
        typer.echo(
            f"  {one['name']} [{_unit(one['unit'])}]: {one['readings']:,} readings, {one['first']} to {one['end']}, "
            f"every {one['step_minutes']:g} min; min {one['min']:.6g}, mean {one['mean']:.6g}, max {one['max']:.6g}; "
            f"{counted(one['missing_intervals'], 'interval')} missing in {counted(one['gaps'], 'gap')}"
        )
        typer.echo(f"    {one['shape']}")
    if found["sessions"] is not None:
        one = found["sessions"]
        mean = "unknown" if one["mean_kwh"] is None else f"{one['mean_kwh']:.3g} kWh"
        typer.echo(
            f"  {one['sessions']} sessions of {one['cars']} cars, {one['first']} to {one['end']}; "
            f"mean {mean} and {one['mean_stay_h']:.3g} h"
        )
    origin = found["provenance"]
    if origin is not None:
        names = ", ".join(str(one.get("name")) for one in origin.get("sources", []))
        typer.echo(f"  imported by {origin.get('importer')} from {names}")
        for change in origin.get("changes", []):
            typer.echo(f"    changed {change.get('kind')}: {change.get('rule')} ({change.get('count')})")
    if found["findings"]:
        typer.echo("  findings: " + ", ".join(f"{name} {count}" for name, count in found["findings"].items()))


def _unit(unit: str) -> str:
    """``usd_per_mw_h`` as ``USD/MW per h``, ``kw`` as ``kW``."""
    if unit in ("kw", "kwh"):
        return unit.replace("kw", "kW")
    currency, _, rest = unit.partition("_per_")
    return {"mwh": f"{currency.upper()}/MWh", "mw_h": f"{currency.upper()}/MW per h"}.get(rest, unit)


@data_app.command("formats")
def data_formats(json: AsJson = False) -> None:
    """List the importers."""
    with _problems_as_messages():
        from gridpact.data.importers.registry import IMPORTERS

        if json:
            _echo_json({name: {"kind": one.kind.value, "title": one.title} for name, one in IMPORTERS.items()})
            return
        for name, one in IMPORTERS.items():
            typer.echo(f"{name:18} {one.kind.value:9} {one.title}")


@data_app.command("fetch")
def data_fetch(
    iso: Annotated[str, typer.Argument(metavar="ISO", help="caiso, ercot, isone, miso, nyiso, pjm or spp.")],
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="lmp, spp or as.")],
    start: Annotated[str, typer.Option("--start", metavar="DATE", help="First local day, e.g. 2023-08-14.")],
    end: Annotated[str, typer.Option("--end", metavar="DATE", help="Day after the last.")],
    out: Out,
    market: Annotated[
        str | None, typer.Option("--market", help="Such as DAY_AHEAD_HOURLY, REAL_TIME_15_MIN, REAL_TIME_5_MIN.")
    ] = None,
    location: Locations = None,
    python: Annotated[
        Path | None,
        typer.Option(
            "--python", envvar="GRIDPACT_FETCH_PYTHON", metavar="FILE",
            help="Python of another environment that has gridstatus.",
        ),
    ] = None,
    fill_gaps: FillGaps = None,
    max_gap: MaxGap = 3.0,
    json: AsJson = False,
) -> None:  # fmt: skip
    """Fetch market prices over the network through gridstatus, check them, and write what --prices takes."""
    with _problems_as_messages():
        from gridpact.operation.fetch import FetchRequest, fetch_prices

        done = fetch_prices(
            FetchRequest(
                iso=iso, dataset=dataset, start=start, end=end, market=market, locations=tuple(location or ()),
                python=python,
            ),
            out=out,
            options=_options(
                only=None, locations=location, series=None, fill_gaps=fill_gaps, max_gap_h=max_gap
            ),
        )  # fmt: skip
        if json:
            _echo_json(
                {"written": [str(path) for path in done.files], "provenance": done.provenance, **done.report.plain()}
            )
            return
        _show(done.report)
        for path in done.files:
            typer.echo(f"wrote {path}")
