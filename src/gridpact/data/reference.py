"""The packaged reference data: ERCOT day-ahead prices of 2021 and 2022, and solar output of typical years.

Prices are real. Solar output is computed from typical meteorological years (TMY3): a typical year, not the price year,
so a day's sun does not go with that day's prices. Sources, licences and digests: ``extracts/provenance.json``.
"""

import json
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.data.grid import mean_of_pieces, pieces
from gridpact.data.names import split_zone
from gridpact.data.parquet import read_own
from gridpact.errors import MissingDataError

PRICES_FILE = "ercot_day_ahead_2021_2022.parquet"
SOLAR_FILE = "solar_typical_year.parquet"
HOURS_PER_YEAR = 8760


def ercot_locations() -> tuple[str, ...]:
    """Hubs and load zones that have packaged prices."""
    return tuple(_read(PRICES_FILE).columns)


def ercot_prices(location: str = "HB_HOUSTON") -> pd.Series:
    """ERCOT day-ahead settlement point prices [USD/MWh], hourly; the index is the interval start, UTC.

    Raises:
        MissingDataError: there is no such hub or load zone.
    """
    if location not in ercot_locations():
        raise MissingDataError(f"no packaged prices at {location!r}; there are {', '.join(ercot_locations())}")
    return _read(PRICES_FILE)[location].astype(np.float64).rename("energy_usd_per_mwh")


def solar_profiles() -> tuple[str, ...]:
    """Names of the packaged solar profiles, ``site:orientation``."""
    return tuple(_read(SOLAR_FILE).columns)


def solar_profile(name: str, interval_starts: pd.DatetimeIndex, timezone: str) -> NDArray[np.float64]:
    """Mean solar output in each interval [kW per installed kW], shape (T,).

    The site's typical year is laid on the home's local standard time, hour by hour, so that a profile of any site can
    stand in for a home elsewhere. 29 February repeats the 28th. Losses of the whole system (14%) are inside.

    Args:
        name: ``site:orientation``, such as ``el_paso:south``.
        interval_starts: aware, in equal steps of a multiple of 5 minutes, shape (T,).
        timezone: IANA zone of the home.

    Raises:
        MissingDataError: there is no such profile.
        NaiveDatetimeError: the times have no offset.
    """
    table = _read(SOLAR_FILE)
    bare = split_zone(name)[0]
    if bare not in table.columns:
        raise MissingDataError(
            f"solar profile {name!r} is neither in the profiles given nor packaged; packaged are "
            f"{', '.join(table.columns)}"
        )
    starts, count = pieces(interval_starts)
    hour = standard_hour_of_year(starts, timezone)
    return mean_of_pieces(table[bare].to_numpy(dtype=np.float64)[hour], count)


def standard_hour_of_year(starts: pd.DatetimeIndex, timezone: str) -> NDArray[np.int64]:
    """Hour of a 365-day year on the local clock without daylight saving, 0 to 8759, shape (T,)."""
    local = starts.tz_convert(timezone)
    saving = _daylight_saving(local)
    standard = local.tz_localize(None) - saving
    day = np.asarray(standard.day_of_year, dtype=np.int64) - 1
    leap = np.asarray(standard.is_leap_year)
    day -= leap & (day >= 59)
    return np.asarray(day * 24 + np.asarray(standard.hour), dtype=np.int64)


def _daylight_saving(local: pd.DatetimeIndex) -> pd.TimedeltaIndex:
    """How far each local time is ahead of standard time; asked once for each UTC offset in each month."""
    offset = (local.tz_localize(None) - local.tz_convert("UTC").tz_localize(None)).as_unit("s").asi8
    month = np.asarray(local.year, dtype=np.int64) * 12 + np.asarray(local.month, dtype=np.int64)
    _, first, place = np.unique(month * 1_000_000 + offset, return_index=True, return_inverse=True)
    saving = [(local[row].dst() or pd.Timedelta(0)) for row in first]
    return pd.TimedeltaIndex(saving)[place]


def provenance() -> dict[str, Any]:
    """Where each packaged file comes from: source, licence, digest, date and what was done to it."""
    text = _folder().joinpath("provenance.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _folder() -> Any:
    return resources.files("gridpact.data").joinpath("extracts")


@lru_cache(maxsize=4)
def _read(name: str) -> pd.DataFrame:
    with _folder().joinpath(name).open("rb") as file:
        return read_own(file).to_pandas(use_threads=False)
