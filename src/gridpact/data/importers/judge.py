"""Whether values can be true: range, unit, outliers, negative load, sun at night, whole days, even coverage."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from gridpact.data.importers.drafts import Quantity
from gridpact.data.importers.findings import Report
from gridpact.data.importers.options import ImportOptions
from gridpact.data.importers.regular import HOUR_S, Series, kw_per_unit

OUTLIER_SPREADS = 20.0
"""An outlier is farther from the median than this many times the distance from the 5th to the 95th percentile, or than
this many times the median where these are one."""
LEAST_READINGS = 21
"""So many that one outlier cannot move the percentiles; a day of hours is enough."""
MOST_PRICE = 100_000.0
"""Beyond any market's cap, per MWh."""
MOST_HOME_KW = 1000.0
"""Beyond any home; fleets refuse it."""
LARGE_HOME_KW, SMALL_HOME_KW = 50.0, 0.01
"""A home's yearly mean lies between; outside, the unit is doubted."""
LARGEST_CENTS = 20.0
"""A week in which no price per MWh is above this is doubted."""
REGISTER_S = 48 * HOUR_S
"""No home's use rises without a fall for as long as this [s]."""
NIGHT_SHARE = 0.02
"""Of the largest output: more than this at night is doubted."""
NIGHT_HOURS = (22.0, 3.0)
"""Local wall-clock hours in which no home below the polar circles has sun worth counting, DST included."""
NOON_HOURS = (10.0, 15.5)
"""Between these the energy-weighted mean of a roof's day lies, DST included."""


def judge_values(series: Series, *, clock: tzinfo | None, options: ImportOptions, report: Report) -> None:
    """Check the values of a series; negative load becomes zero where the user said so."""
    finite = np.isfinite(series.values)
    if not finite.any():
        return
    if series.quantity.is_price:
        _judge_price(series, report)
    else:
        _judge_home(series, options=options, report=report)
        if series.quantity is Quantity.SOLAR and clock is not None:
            _judge_sun(series, clock=clock, report=report)
    _judge_outliers(series, report)


def judge_days(series: Series, *, zone: ZoneInfo | None, report: Report) -> None:
    """Warn where the first or last local day is not whole."""
    if zone is None:
        return
    for moment, edge in ((series.start_micros, "begins"), (series.stop_micros, "ends")):
        local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)).astimezone(zone)
        if (local.hour, local.minute) != (0, 0):
            file, row = series.place_of(0 if edge == "begins" else -1)
            report.add_once(
                "incomplete_day",
                f"the data {edge[:-1]} at {local.isoformat()}, not at a local midnight",
                file=file,
                row=row or 1,
            )


def judge_coverage(all_series: Sequence[Series], *, options: ImportOptions, report: Report) -> None:
    """Check that series that go into one table begin and end together."""
    if len(all_series) < 2:
        return
    first = all_series[0]
    for series in all_series:
        if series.step_s != first.step_s:
            file, row = series.place_of(0)
            report.add(
                "duration_mismatch",
                f"{series.name} has intervals of {series.step_s} s, {first.name} of {first.step_s} s",
                file=file,
                row=row,
                column=series.draft.column,
            )
            return
    start = min(series.start_micros for series in all_series)
    stop = max(series.stop_micros for series in all_series)
    for series in all_series:
        if (series.start_micros, series.stop_micros) != (start, stop):
            late = series.start_micros != start
            file, row = series.place_of(0 if late else -1)
            report.add(
                "uneven_coverage",
                f"{series.name} {'begins later' if late else 'ends earlier'} than another series",
                file=file,
                row=row,
                column=series.draft.column,
                repaired=options.flag("fill_gaps", where=options.fill_gaps == "leave"),
            )


def _cell(series: Series, place: int) -> dict[str, Any]:
    file, row = series.place_of(place)
    return {
        "file": file,
        "row": row,
        "column": series.draft.column,
        "value": f"{series.values[place]:g}",
    }


def _judge_price(series: Series, report: Report) -> None:
    values = series.values
    for place in np.flatnonzero(np.abs(np.nan_to_num(values)) > MOST_PRICE):
        report.add("out_of_range", f"beyond {MOST_PRICE:g} per MWh", **_cell(series, int(place)))
    if HOUR_S % series.step_s or series.step_s % 60:
        file, row = series.place_of(0)
        report.add_once(
            "unusable_step",
            f"intervals are {series.step_s} s long",
            file=file,
            row=row or 1,
            action="prices must be hourly or finer, in minutes that divide an hour",
        )
    known = np.abs(values[np.isfinite(values)])
    if series.quantity is Quantity.ENERGY_PRICE and len(known) >= 12:
        middle, most = float(np.median(known)), float(known.max())
        if 0 < most < 2.0:
            report.add(
                "price_unit_suspect",
                f"the largest price is {most:g}: it looks like a price per kWh",
                file=series.draft.files[0],
                column=series.draft.column,
            )
        elif 0 < most < LARGEST_CENTS and len(known) >= 168:
            report.add(
                "price_unit_suspect",
                f"the largest of {len(known)} prices is {most:g}: it looks like cents per kWh",
                file=series.draft.files[0],
                column=series.draft.column,
            )
        elif middle > 1500:
            report.add(
                "price_unit_suspect",
                f"the median price is {middle:g}: it looks like cents",
                file=series.draft.files[0],
                column=series.draft.column,
            )


def _judge_home(series: Series, *, options: ImportOptions, report: Report) -> None:
    values = series.values
    repaired = options.flag("negative")
    below = np.flatnonzero(np.nan_to_num(values) < 0)
    for place in below:
        report.add(
            "negative_load",
            "load and generation are at least zero",
            repaired=repaired,
            **_cell(series, int(place)),
        )
    if repaired and len(below):
        values[below] = 0.0
        report.changed("negative", f"{series.name}: negative values set to zero", len(below))
    kw = values * kw_per_unit(series)
    over = np.nan_to_num(kw) > MOST_HOME_KW
    for place in np.flatnonzero(over):
        report.add("out_of_range", f"more than {MOST_HOME_KW:g} kW in a home", **_cell(series, int(place)))
    known = kw[np.isfinite(kw)]
    mean = float(known.mean())
    if len(known) >= 24 and not over.all():
        if mean > LARGE_HOME_KW:
            _suspect(series, report, f"the mean is {mean:.3g} kW: it looks like W or Wh, or like more than one home")
        elif 0 < mean < SMALL_HOME_KW and series.quantity is Quantity.LOAD:
            _suspect(series, report, f"the mean is {mean:.3g} kW: it looks like MW or MWh, or like kWh read as Wh")
    steps = np.diff(known)
    long = len(known) * series.step_s >= REGISTER_S
    if len(known) >= 48 and long and (steps >= 0).all() and (steps > 0).mean() > 0.5:
        report.add("register_readings", "no value is below the one before", **_cell(series, 0))
    elif len(known) >= 24 and (steps == 0).all():
        report.add(
            "constant_series",
            f"all {len(known)} values are {values[np.isfinite(values)][0]:g}",
            file=series.draft.files[0],
            column=series.draft.column,
        )


def _suspect(series: Series, report: Report, message: str) -> None:
    report.add("power_unit_suspect", message, file=series.draft.files[0], column=series.draft.column)


def _judge_outliers(series: Series, report: Report) -> None:
    known = series.values[np.isfinite(series.values)]
    if len(known) < LEAST_READINGS:
        return
    low, middle, high = np.percentile(known, [5, 50, 95])
    spread = float(high - low) or abs(float(middle))
    if spread <= 0:
        return
    for place in np.flatnonzero(np.abs(np.nan_to_num(series.values, nan=middle) - middle) > OUTLIER_SPREADS * spread):
        report.add(
            "outlier",
            f"farther from the median {middle:g} than {OUTLIER_SPREADS:g} times the 5th to 95th percentile "
            f"({low:g} to {high:g})",
            **_cell(series, int(place)),
        )


def _judge_sun(series: Series, *, clock: tzinfo, report: Report) -> None:
    index = pd.DatetimeIndex(series.micros.view("M8[us]")).tz_localize("UTC").tz_convert(clock)
    hour = np.asarray(index.hour + index.minute / 60, dtype=np.float64)
    values = np.nan_to_num(series.values)
    most = float(values.max())
    if most <= 0:
        return
    night = (hour >= NIGHT_HOURS[0]) | (hour < NIGHT_HOURS[1])
    for place in np.flatnonzero(night & (values > NIGHT_SHARE * most)):
        report.add(
            "solar_at_night",
            f"output at {index[int(place)].strftime('%H:%M')} local time",
            **_cell(series, int(place)),
        )
    middle = float((hour + series.step_s / 7200) @ values / values.sum())
    if len(values) * series.step_s >= 3 * 24 * HOUR_S and not NOON_HOURS[0] <= middle <= NOON_HOURS[1]:
        report.add(
            "solar_noon_shifted",
            f"the middle of the output is at {middle:.1f} h local time",
            file=series.draft.files[0],
            column=series.draft.column,
        )
