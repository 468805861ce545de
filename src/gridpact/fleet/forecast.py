"""What was expected beside what happened: a seeded error on load and sun.

Load: the mean over the surrounding hour (nobody foresees when the kettle is on), times 1 + e; e is normal with a
standard deviation of 8%, drawn every three hours and linear between. Sun: times 1 + e, where e has one part for a local
day (10%) and one as above (5%), cut to -40 to +20%. So load is never negative and the sun never shines at night. The
error depends on the seed, the profile's name and the instant, not on the horizon.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.data import noise

Floats = NDArray[np.float64]

LOAD_ERROR = 0.08
SUN_DAY_ERROR, SUN_HOUR_ERROR = 0.10, 0.05
SUN_ERROR_LOW, SUN_ERROR_HIGH = -0.4, 0.2
KNOT_SECONDS = 3 * 3600


def load_forecast(realised_kw: Floats, names: Sequence[str], starts: pd.DatetimeIndex, *, seed: int) -> Floats:
    """Expected load [kW] of profiles, shape (names, T) as ``realised_kw``."""
    error = LOAD_ERROR * _slow_normal(_keys(names, "load", seed), starts)
    return np.asarray(_surrounding_hour(realised_kw, starts) * np.maximum(0.0, 1.0 + error))


def sun_forecast(
    realised_kw: Floats, names: Sequence[str], starts: pd.DatetimeIndex, *, seed: int, timezone: str
) -> Floats:
    """Expected solar output [kW per kW] of profiles, shape (names, T) as ``realised_kw``."""
    days = starts.tz_convert(timezone).tz_localize(None).normalize().as_unit("s").asi8 // 86_400
    by_day = SUN_DAY_ERROR * noise.normal(_keys(names, "sun of a day", seed), days)
    by_hour = SUN_HOUR_ERROR * _slow_normal(_keys(names, "sun", seed), starts)
    return np.asarray(realised_kw * (1.0 + np.clip(by_day + by_hour, SUN_ERROR_LOW, SUN_ERROR_HIGH)))


def _keys(names: Sequence[str], kind: str, seed: int) -> NDArray[np.uint64]:
    return noise.keys("forecast", kind, seed, last=names)


def _slow_normal(keys: NDArray[np.uint64], starts: pd.DatetimeIndex) -> Floats:
    """Normal values at every third hour, linear between, shape (keys, T)."""
    seconds = starts.as_unit("s").asi8
    knot, share = seconds // KNOT_SECONDS, (seconds % KNOT_SECONDS) / KNOT_SECONDS
    knots, place = np.unique(np.concatenate([knot, knot + 1]), return_inverse=True)
    values = noise.normal(keys, knots)[:, place]
    return np.asarray(values[:, : len(knot)] * (1.0 - share) + values[:, len(knot) :] * share)


def _surrounding_hour(values: Floats, starts: pd.DatetimeIndex) -> Floats:
    """Mean over half an hour to either side, less at the ends."""
    step_minutes = 60 if len(starts) < 2 else int((starts[1] - starts[0]) / pd.Timedelta(minutes=1))
    reach = 30 // step_minutes
    total = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1)
    first = np.maximum(0, np.arange(values.shape[1]) - reach)
    stop = np.minimum(values.shape[1], np.arange(values.shape[1]) + reach + 1)
    return np.asarray((total[:, stop] - total[:, first]) / (stop - first))
