"""``gridpact data``: bring in data that an operator already has, check them, describe them, fetch prices."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridpact.cli.data_options import (
    Files,
    FillGaps,
    KindName,
    Locations,
    MaxGap,
    Out,
    reading,
    repairing,
    with_flags,
)
from gridpact.cli.options import AsJson
from gridpact.cli.output import ExitCode, print_json, problems_as_messages, say
from gridpact.report.words import counted

if TYPE_CHECKING:
    from gridpact.data.importers.convert import Imported
    from gridpact.data.importers.findings import Report

data_app = typer.Typer(
    help="Import, check, describe and fetch prices, load, sun and car sessions.", no_args_is_help=True
)


def _show(report: "Report") -> None:
    """Print findings and changes for people, on standard error."""
    from gridpact.data.importers.limits import MAX_FINDINGS_SHOWN

    for finding in report.findings:
        say(str(finding))
    for (code, severity), count in sorted(report.counts.items()):
        if count > MAX_FINDINGS_SHOWN:
            say(f"{severity.value} {code}: {count - MAX_FINDINGS_SHOWN} more of this kind")
    for change in report.changes:
        say(f"changed {change.kind}: {change.rule} ({change.count})")


@data_app.command("import")
@with_flags(reading, repairing)
def data_import(files: Files, out: Out, how: dict[str, Any], kind: KindName = None, json: AsJson = False) -> None:
    """Read files of one format, check them, and write what --prices, --profiles or --fleet take.

    Errors stop the import unless their repair is named by a flag; nothing is repaired in silence.
    """
    from gridpact.data.importers.convert import ImportRefusedError, import_files
    from gridpact.data.importers.options import ImportOptions

    try:
        done = import_files(files, out=out, kind=kind, options=ImportOptions(**how))
    except ImportRefusedError as problem:
        if json:
            print_json({"written": [], **problem.report.plain()})
        raise
    _show_written(done, json=json)
    if not json:
        typer.echo(counted(done.rows, "row"))


def _show_written(done: "Imported", *, json: bool) -> None:
    """Print what an import found and wrote."""
    if json:
        written = [str(path) for path in done.files]
        print_json({"written": written, "provenance": done.provenance, **done.report.plain()})
        return
    _show(done.report)
    for path in done.files:
        typer.echo(f"wrote {path}")


@data_app.command("validate")
@with_flags(reading)
def data_validate(files: Files, how: dict[str, Any], kind: KindName = None, json: AsJson = False) -> None:
    """Say what is wrong with files, by row and column; exit 0 where an import would pass, 2 where it would not."""
    from gridpact.data.importers.convert import checked_files
    from gridpact.data.importers.findings import Outcome
    from gridpact.data.importers.options import ImportOptions

    loaded = checked_files(files, kind=kind, options=ImportOptions(**how))
    name = None if loaded.importer is None else loaded.importer.name
    if json:
        print_json({"importer": name, **loaded.report.plain()})
    else:
        _show(loaded.report)
        found = f"{counted(loaded.report.errors, 'error')}, {counted(loaded.report.number(Outcome.WARNING), 'warning')}"
        typer.echo(f"{', '.join(map(str, files))}: {name or 'no known format'}, {found}")
    if loaded.report.errors:
        raise typer.Exit(ExitCode.UNUSABLE)


@data_app.command("describe")
@with_flags(reading)
def data_describe(files: Files, how: dict[str, Any], kind: KindName = None, json: AsJson = False) -> None:
    """Print span, zone, step, units, least, mean and most of what files hold, gaps included."""
    from gridpact.data.importers.convert import provenance_of
    from gridpact.data.importers.describe import describe_loaded
    from gridpact.data.importers.load import load
    from gridpact.data.importers.options import ImportOptions

    loaded = load(files, kind=kind, options=ImportOptions(**how))
    found = describe_loaded(loaded)
    found["provenance"] = provenance_of(files[0])
    if json:
        print_json(found)
    else:
        _print_description(found)
    if not loaded.series and not loaded.sessions:
        _show(loaded.report)
        raise typer.Exit(ExitCode.UNUSABLE)


def _print_description(found: dict[str, Any]) -> None:
    zone = "times with their UTC offset" if found["timezone"] is None else f"local times of {found['timezone']}"
    form = "no known format" if found["importer"] is None else f"{found['importer']}, {zone}"
    typer.echo(f"{', '.join(one['name'] for one in found['files'])}: {form}")
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
    with problems_as_messages():
        from gridpact.data.importers.registry import IMPORTERS

        if json:
            print_json({name: {"kind": one.kind.value, "title": one.title} for name, one in IMPORTERS.items()})
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
    with problems_as_messages():
        from gridpact.data.importers.options import ImportOptions
        from gridpact.operation.fetch import FetchRequest, fetch_prices

        done = fetch_prices(
            FetchRequest(
                iso=iso, dataset=dataset, start=start, end=end, market=market, locations=tuple(location or ()),
                python=python,
            ),
            out=out,
            options=ImportOptions(locations=tuple(location or ()), fill_gaps=fill_gaps, max_gap_h=max_gap),
        )  # fmt: skip
        _show_written(done, json=json)
