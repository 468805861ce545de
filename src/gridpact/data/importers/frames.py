"""Checked series as the tables that the rest of gridpact reads."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.data.importers.drafts import Quantity
from gridpact.data.importers.findings import Report
from gridpact.data.importers.instants import MICROSECONDS_PER_SECOND
from gridpact.data.importers.load import Loaded, has_exports
from gridpact.data.importers.regular import HOUR_S, Series, kw_per_unit
from gridpact.errors import InputError

PIECE_S = 300
"""The finest grid of a run [s]."""
_DAYS_BACK = {"day-before": 1, "week-before": 7}
Floats = NDArray[np.float64]


def price_frame(loaded: Loaded) -> pd.DataFrame:
    """Prices by interval start, one column a series with its unit in the name; as `read_prices` takes them."""
    options, report = loaded.options, loaded.report
    columns: dict[str, pd.Series] = {}
    for series in loaded.series:
        currency, _, per = series.draft.unit.partition("_per_")
        values = series.values
        if currency != "usd" and options.fx is not None:
            values = values * options.fx
            rule = f"{series.name}: converted from {currency.upper()} at {options.fx:g} USD per {currency.upper()}"
            report.changed("currency", rule, int(np.isfinite(values).sum()))
            currency = "usd"
        elif currency != "usd":
            report.add("currency_not_usd", f"prices stay in {currency.upper()}", file=series.draft.files[0])
        elif options.fx is not None:
            raise InputError("--fx is given, but the prices are in USD already")
        if series.draft.scale != 1.0:
            rule = f"{series.name}: multiplied by {series.draft.scale:g}, from the unit of {series.draft.column!r}"
            report.changed("unit", rule, int(np.isfinite(values).sum()))
        columns[f"{series.name}_{currency}_per_{per}"] = pd.Series(values, index=_index(series.micros))
    frame = pd.DataFrame(columns).sort_index()
    whole = frame.dropna()
    report.changed("fill_gaps", "intervals left out because a series has no price there", len(frame) - len(whole))
    return whole.rename_axis("interval_start")


def profile_frame(loaded: Loaded, *, prefix: str) -> pd.DataFrame:
    """Load and solar profiles with the columns of ``profiles.parquet``.

    Args:
        loaded: checked series.
        prefix: what profiles are called before ``_load`` or ``_solar`` where the series do not say.

    Raises:
        InputError: the step cannot be used or resampled without changing energy.
    """
    found: dict[str, Series] = {series.name: series for series in loaded.series}
    _refuse_exports(loaded)
    powers = {
        name: _power(series, loaded.report) for name, series in found.items() if series.quantity is not Quantity.EXPORT
    }
    _add_controlled(found, powers, loaded.report)
    tables = []
    for name in sorted(powers):
        series = found[name]
        kw = _per_installed(series, powers[name], loaded)
        micros, step_s, kw = _resampled(series, kw, loaded)
        tables.append(_long(f"{prefix}_{name}" if loaded.options.profile is None else name, micros, step_s, kw, loaded))
    if not tables:
        raise InputError("no load or solar series is left")
    return pd.concat(tables, ignore_index=True)


def _refuse_exports(loaded: Loaded) -> None:
    for series in loaded.series:
        if has_exports(series):
            repaired = loaded.options.flag("exports")
            place = int(np.flatnonzero(series.values > 0)[0])
            file, row = series.place_of(place)
            loaded.report.add(
                "exports_present",
                "energy was fed in, so the home's load behind the meter is not known",
                file=file,
                row=row,
                column=series.draft.column,
                value=f"{series.values[place]:g}",
                repaired=repaired,
            )
            if repaired:
                loaded.report.changed(
                    "exports", "what was fed in is left out; load is what was bought", int((series.values > 0).sum())
                )


def _power(series: Series, report: Report) -> Floats:
    """Mean power of each interval [kW]."""
    unit = series.draft.unit
    factor = kw_per_unit(series)
    if factor != 1.0:
        report.changed(
            "unit",
            f"{series.name}: {unit} over {series.step_s} s to kW, times {factor:g}",
            int(np.isfinite(series.values).sum()),
        )
    return series.values * factor


def _add_controlled(found: dict[str, Series], powers: dict[str, Floats], report: Report) -> None:
    """Put load on a circuit of its own to the rest of the home's load."""
    for name in [name for name in powers if found[name].quantity is Quantity.CONTROLLED]:
        load = name.removesuffix(Quantity.CONTROLLED.value) + Quantity.LOAD.value
        if load not in powers:
            continue
        extra = pd.Series(powers.pop(name), index=found[name].micros)
        total = pd.Series(powers[load], index=found[load].micros)
        both = total.add(extra.reindex(total.index))
        powers[load] = np.asarray(both, dtype=np.float64)
        report.changed("controlled_load", f"{name} added to {load}", int(both.notna().sum()))


def _per_installed(series: Series, kw: Floats, loaded: Loaded) -> Floats:
    if series.quantity is not Quantity.SOLAR:
        return kw
    size = loaded.options.solar_kw or series.draft.solar_kw
    if size is None:
        loaded.report.add(
            "solar_size_unknown",
            "the profile is in kW of the whole roof",
            file=series.draft.files[0],
            column=series.draft.column,
        )
        return kw
    loaded.report.changed(
        "solar_size", f"{series.name}: divided by {size:g} kW installed; set solar_kw = {size:g} in the fleet", len(kw)
    )
    return kw / size


def _resampled(series: Series, kw: Floats, loaded: Loaded) -> tuple[NDArray[np.int64], int, Floats]:
    """Interval starts, their length [s] and means, on the step that was asked for; energy stays the same."""
    minutes = loaded.options.resample_minutes
    step_s = series.step_s
    wanted = step_s if minutes is None else minutes * 60
    start_s = series.start_micros // MICROSECONDS_PER_SECOND
    if wanted > step_s:
        if wanted % step_s or start_s % step_s:
            raise InputError(
                f"--resample {minutes}: intervals of {step_s} s do not fit into it exactly; use a multiple"
            )
        skip = -(start_s // step_s) % (wanted // step_s)
        count = (len(kw) - skip) // (wanted // step_s)
        if count < 1:
            raise InputError(f"--resample {minutes}: the data are shorter than one interval")
        kept = kw[skip : skip + count * (wanted // step_s)]
        loaded.report.changed("resample", f"{series.name}: readings at the edges left out", len(kw) - len(kept))
        kw = np.asarray(kept.reshape(count, -1).sum(axis=1) / (wanted // step_s), dtype=np.float64)
        start_s += skip * step_s
    elif wanted < step_s:
        if step_s % wanted:
            raise InputError(f"--resample {minutes}: it does not divide intervals of {step_s} s; use a divisor")
        kw = np.repeat(kw, step_s // wanted)
    if wanted != step_s:
        loaded.report.changed(
            "resample", f"{series.name}: {step_s} s to {wanted} s by means; energy unchanged", len(kw)
        )
    if wanted % PIECE_S or HOUR_S % wanted or start_s % PIECE_S:
        file, row = series.place_of(0)
        loaded.report.add_once(
            "unusable_step", f"intervals of {wanted} s from {start_s % HOUR_S} s past the hour", file=file, row=row or 1
        )
    return (start_s + np.arange(len(kw)) * wanted) * MICROSECONDS_PER_SECOND, wanted, kw


def _long(name: str, micros: NDArray[np.int64], step_s: int, kw: Floats, loaded: Loaded) -> pd.DataFrame:
    days = _DAYS_BACK.get(loaded.options.forecast, 0)
    back = days * 24 * HOUR_S // step_s
    if back >= len(kw):
        raise InputError(f"--forecast {loaded.options.forecast} needs more than {days} days of data; {name} has fewer")
    if not days:
        loaded.report.add("forecast_is_perfect", f"{name}: forecast_kw equals realised_kw", file=loaded.sources[0].name)
    else:
        rule = f"{name}: forecast is the value {days} days before; the first {back} intervals left out"
        loaded.report.changed("forecast", rule, len(kw) - back)
    expected = kw[: len(kw) - back]
    frame = pd.DataFrame(
        {
            "profile": pd.Series([name] * (len(kw) - back), dtype=object),
            "interval_start": _index(micros[back:]),
            "forecast_kw": expected,
            "realised_kw": kw[back:],
        }
    )
    return frame.dropna()


def _index(micros: NDArray[np.int64]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(micros.view("M8[us]")).tz_localize("UTC")
