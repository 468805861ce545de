"""A fleet on a run's time grid: load, sun, tariffs, times at the plug and blackouts as arrays."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.data.grid import on_grid
from gridpact.data.heat_demand import heat_demands
from gridpact.data.household import load_profiles
from gridpact.data.names import split_zone
from gridpact.data.reference import solar_profile
from gridpact.errors import GridpactError, InputError, MissingDataError, UnitRangeError
from gridpact.fleet.clock import blackout_mask
from gridpact.fleet.fleet import Fleet
from gridpact.fleet.forecast import load_forecast, sun_forecast
from gridpact.fleet.sessions import Sessions, sessions_of
from gridpact.fleet.tariff import tariff_prices
from gridpact.horizon import Horizon, zone

Floats = NDArray[np.float64]
Pair = tuple[Floats, Floats]
"""Forecast and realised, or import and export, each of shape (T,)."""

PROFILE_COLUMNS = ("profile", "interval_start", "forecast_kw", "realised_kw")
TARIFF_COLUMNS = ("tariff", "interval_start", "import_usd_per_kwh", "export_usd_per_kwh")
MOST_PROFILE_KW = 1000.0
"""Above any home's load: a series in watts is caught [kW]."""
MOST_TARIFF_USD_PER_KWH = 100.0
"""Above any market's price cap: a tariff per MWh is caught."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FleetDay:
    """Arrays of shape (homes, T) in the fleet's order, read-only; powers are interval means."""

    fleet: Fleet
    horizon: Horizon
    load_forecast_kw: Floats
    load_realised_kw: Floats
    solar_forecast_kw: Floats
    """Zero for a home without solar."""
    solar_realised_kw: Floats
    import_usd_per_kwh: Floats
    export_usd_per_kwh: Floats
    blackout: NDArray[np.bool_]
    sessions: Sessions
    """Times of every car at the plug."""
    profiles_frame: pd.DataFrame
    """Every profile in use, with the columns and order of ``profiles.parquet``."""
    tariffs_frame: pd.DataFrame
    """Every tariff in use, with the columns and order of ``tariffs.parquet``."""
    demand_kw: Mapping[str, Floats] = field(default_factory=dict)
    """What further assets must give, by asset, only of those that a home has; zero for homes without."""

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                value.flags.writeable = False
        for demand in self.demand_kw.values():
            demand.flags.writeable = False


def build_fleet_day(
    fleet: Fleet,
    horizon: Horizon,
    *,
    wholesale: pd.Series | None,
    seed: int,
    profiles: pd.DataFrame | None = None,
    tariffs: pd.DataFrame | None = None,
) -> FleetDay:
    """Put ``fleet`` on ``horizon``.

    Args:
        fleet: the homes.
        horizon: the run's grid.
        wholesale: wholesale prices [USD/MWh] by interval start, aware; for tariffs that follow them.
        seed: draws the forecast errors.
        profiles: the owner's own profiles with the columns of ``profiles.parquet``; they win over built-in names.
        tariffs: the owner's own tariffs with the columns of ``tariffs.parquet``; they win over built-in names.

    Raises:
        InputError: a profile or tariff is not known, or one name would mean two things.
        MissingDataError: a series does not cover the horizon.
    """
    frame = fleet.frame
    starts = horizon.interval_starts
    own_profiles = _own(profiles, PROFILE_COLUMNS, starts, what="profile", least=0.0, most=MOST_PROFILE_KW)
    own_tariffs = _own(
        tariffs, TARIFF_COLUMNS, starts, what="tariff", least=-MOST_TARIFF_USD_PER_KWH, most=MOST_TARIFF_USD_PER_KWH
    )

    def loads(names: Sequence[str], timezone: str) -> list[Pair]:
        realised = load_profiles(names, starts, timezone)
        return list(zip(load_forecast(realised, names, starts, seed=seed), realised, strict=True))

    def suns(names: Sequence[str], timezone: str) -> list[Pair]:
        realised = np.stack([solar_profile(name, starts, timezone) for name in names])
        expected = sun_forecast(realised, names, starts, seed=seed, timezone=timezone)
        return list(zip(expected, realised, strict=True))

    def prices(names: Sequence[str], timezone: str) -> list[Pair]:
        return [tariff_prices(name, starts, timezone, wholesale) for name in names]

    sunny = np.nan_to_num(frame["solar_kw"].to_numpy(dtype=np.float64)) > 0
    load = _named_series(fleet, "load_profile", np.ones(len(fleet), dtype=np.bool_), own_profiles, loads)
    sun = _named_series(fleet, "solar_profile", sunny, own_profiles, suns)
    tariff = _named_series(fleet, "tariff", np.ones(len(fleet), dtype=np.bool_), own_tariffs, prices)
    heat = _heat_series(fleet, own_profiles, starts)
    size = np.nan_to_num(frame["solar_kw"].to_numpy(dtype=np.float64))[:, None]
    load_expected, load_realised = _spread(load, frame["load_profile"], horizon)
    sun_expected, sun_realised = _spread(sun, frame["solar_profile"].where(sunny, None), horizon)
    buying, selling = _spread(tariff, frame["tariff"], horizon)
    return FleetDay(
        fleet=fleet,
        horizon=horizon,
        load_forecast_kw=load_expected,
        load_realised_kw=load_realised,
        solar_forecast_kw=sun_expected * size,
        solar_realised_kw=sun_realised * size,
        import_usd_per_kwh=buying,
        export_usd_per_kwh=selling,
        blackout=_blackouts(fleet, horizon),
        sessions=sessions_of(fleet, horizon),
        profiles_frame=_long({**load, **sun, **heat}, PROFILE_COLUMNS, starts),
        tariffs_frame=_long(tariff, TARIFF_COLUMNS, starts),
        demand_kw={"heat": _spread(heat, frame["heat_demand_profile"], horizon)[0]} if heat else {},
    )


def _heat_series(fleet: Fleet, own: Callable[[str], Pair | None], starts: pd.DatetimeIndex) -> dict[str, Pair]:
    """The heat demands of the fleet by name; empty where no home has a heat store.

    What is drawn is what was expected: a store that ran short in reality would need a thermostat that breaks the plan,
    and there is none here yet.
    """
    if "heat_demand_profile" not in fleet.frame:
        return {}

    def demands(names: Sequence[str], timezone: str) -> list[Pair]:
        return [(demand, demand) for demand in heat_demands(names, starts, timezone)]

    used = fleet.frame["heat_demand_profile"].notna().to_numpy()
    found = _named_series(fleet, "heat_demand_profile", used, own, demands)
    for name, (expected, realised) in found.items():
        if not np.array_equal(expected, realised):
            at = starts[expected != realised][0].isoformat()
            raise InputError(
                f"profile {name!r} is a heat demand, and its forecast_kw and realised_kw differ at {at}; heat that is "
                "drawn is heat that was expected in this version: give the same values in both columns"
            )
    return found


def _own(
    frame: pd.DataFrame | None,
    columns: tuple[str, ...],
    starts: pd.DatetimeIndex,
    *,
    what: str,
    least: float,
    most: float,
) -> Callable[[str], Pair | None]:
    """Looks up a series of the owner's own by name; None where there is none of that name."""
    if frame is None:
        return lambda name: None
    absent = [column for column in columns if column not in frame.columns]
    if absent:
        raise MissingDataError(f"the {what}s given have no column {absent[0]!r}; they need {', '.join(columns)}")
    groups = {str(name): rows for name, rows in frame.groupby(columns[0], sort=False)}

    def find(name: str) -> Pair | None:
        if name not in groups:
            return None
        rows = groups[name]
        pair = []
        for column in columns[2:]:
            where = f"{what} {name!r}, {column}"
            values = on_grid(rows.set_index("interval_start")[column], starts, what=where)
            if not np.isfinite(values).all():
                raise UnitRangeError(f"{where} is empty or infinite at {starts[~np.isfinite(values)][0].isoformat()}")
            outside = (values < least) | (values > most)
            if outside.any():
                found = values[outside][0]
                raise UnitRangeError(f"{where} is {found:g}; it must be at least {least:g} and at most {most:g}")
            pair.append(values)
        return pair[0], pair[1]

    return find


def _named_series(
    fleet: Fleet,
    column: str,
    used: NDArray[np.bool_],
    own: Callable[[str], Pair | None],
    build: Callable[[Sequence[str], str], list[Pair]],
) -> dict[str, Pair]:
    """The series behind every name in ``column``, by name.

    A built-in series follows the clock of its homes; the files of a run know it by name alone, so that one name may
    not stand for two series.
    """
    found: dict[str, Pair] = {}
    wanted: dict[str, dict[str, None]] = {}
    frame = fleet.frame.loc[used, ["timezone", column]].drop_duplicates()
    for timezone, name in zip(frame["timezone"], frame[column], strict=True):
        given = found.get(name) or own(name)
        if given is not None:
            found[name] = given
            continue
        clock = split_zone(name)[1] or timezone
        zone(clock, what=f"the clock of {column} {name!r}")
        wanted.setdefault(clock, {})[name] = None
    for clock, names in wanted.items():
        for name, pair in zip(names, _built(build, list(names), clock, fleet=fleet, column=column), strict=True):
            before = found.setdefault(name, pair)
            if not all(np.array_equal(a, b) for a, b in zip(before, pair, strict=True)):
                raise InputError(
                    f"{column} {name!r} is used by homes in several time zones and would mean something else in each; "
                    f"write {name}@{clock} for those that follow that clock"
                )
    return found


def _built(
    build: Callable[[Sequence[str], str], list[Pair]], names: list[str], clock: str, *, fleet: Fleet, column: str
) -> list[Pair]:
    """The series of ``names``; an error says which home needs it."""
    try:
        return build(names, clock)
    except GridpactError as problem:
        if len(names) > 1:
            return [_built(build, [name], clock, fleet=fleet, column=column)[0] for name in names]
        home = fleet.home_ids[int(np.flatnonzero(fleet.frame[column] == names[0])[0])]
        raise type(problem)(f"home {home!r}, {column}: {problem}") from None


def _spread(series: dict[str, Pair], names: Iterable[str | None], horizon: Horizon) -> tuple[Floats, Floats]:
    """The series of each home, shape (homes, T); zero where a home has none."""
    place = {name: number for number, name in enumerate(series, start=1)}
    nothing = np.zeros(horizon.periods)
    rows = np.array([0 if name is None else place[name] for name in names])
    first = np.stack([nothing, *(pair[0] for pair in series.values())])
    second = np.stack([nothing, *(pair[1] for pair in series.values())])
    return first[rows], second[rows]


def _long(series: dict[str, Pair], columns: tuple[str, ...], starts: pd.DatetimeIndex) -> pd.DataFrame:
    """Rows of a run folder's table, sorted by name and time."""
    names = sorted(series)
    values = [np.concatenate([series[name][side] for name in names] or [np.zeros(0)]) for side in (0, 1)]
    times = pd.DatetimeIndex(np.tile(starts.tz_localize(None).to_numpy(), len(names))).tz_localize("UTC")
    return pd.DataFrame(
        {
            columns[0]: pd.Series(np.repeat(np.array(names, dtype=object), len(starts)), dtype=object),
            columns[1]: times.as_unit("us"),
            columns[2]: values[0],
            columns[3]: values[1],
        }
    )


def _blackouts(fleet: Fleet, horizon: Horizon) -> NDArray[np.bool_]:
    known: dict[tuple[tuple[str, ...], str], NDArray[np.bool_]] = {}
    rows = []
    for windows, timezone in zip(fleet.frame["blackout"], fleet.frame["timezone"], strict=True):
        key = (tuple(windows), timezone)
        if key not in known:
            known[key] = blackout_mask(windows, horizon=horizon, timezone=timezone)
        rows.append(known[key])
    return np.stack(rows)
