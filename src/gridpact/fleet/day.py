"""A fleet on a run's time grid: load, sun, tariffs, times at the plug and blackouts as arrays."""

from collections.abc import Callable, Mapping, Sequence
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
from gridpact.fleet.series import NamedSeries, Pair, long_frame
from gridpact.fleet.sessions import Sessions, sessions_of
from gridpact.fleet.tariff import tariff_prices
from gridpact.horizon import Horizon, zone

Floats = NDArray[np.float64]

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
    profiles: tuple[NamedSeries, ...]
    """Every load, solar profile and heat demand in use, forecast and realised [kW]."""
    tariffs: NamedSeries
    """Every tariff in use, import and export [USD/kWh]."""
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

    def profiles_frame(self) -> pd.DataFrame:
        """Every profile in use, with the columns and order of ``profiles.parquet``."""
        found = {name: pair for series in self.profiles for name, pair in series.by_name().items()}
        return long_frame(found, PROFILE_COLUMNS, self.horizon.interval_starts)

    def tariffs_frame(self) -> pd.DataFrame:
        """Every tariff in use, with the columns and order of ``tariffs.parquet``."""
        return long_frame(self.tariffs.by_name(), TARIFF_COLUMNS, self.horizon.interval_starts)


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
    starts, periods = horizon.interval_starts, horizon.periods
    own_profiles = _own(profiles, PROFILE_COLUMNS, starts, what="profile", least=0.0, most=MOST_PROFILE_KW)
    own_tariffs = _own(
        tariffs, TARIFF_COLUMNS, starts, what="tariff", least=-MOST_TARIFF_USD_PER_KWH, most=MOST_TARIFF_USD_PER_KWH
    )

    def loads(names: Sequence[str], timezone: str) -> Pair:
        realised = load_profiles(names, starts, timezone)
        return load_forecast(realised, names, starts, seed=seed), realised

    def suns(names: Sequence[str], timezone: str) -> Pair:
        realised = np.stack([solar_profile(name, starts, timezone) for name in names])
        return sun_forecast(realised, names, starts, seed=seed, timezone=timezone), realised

    def prices(names: Sequence[str], timezone: str) -> Pair:
        found = [tariff_prices(name, starts, timezone, wholesale) for name in names]
        return np.stack([pair[0] for pair in found]), np.stack([pair[1] for pair in found])

    size = np.nan_to_num(frame["solar_kw"].to_numpy(dtype=np.float64))[:, None]
    everyone, sunny = np.ones(len(fleet), dtype=np.bool_), size[:, 0] > 0
    load = _named_series(fleet, "load_profile", everyone, own_profiles, loads)
    sun = _named_series(fleet, "solar_profile", sunny, own_profiles, suns)
    tariff = _named_series(fleet, "tariff", everyone, own_tariffs, prices)
    heat = _heat_series(fleet, own_profiles, starts)
    load_expected, load_realised = load.spread(frame["load_profile"], periods=periods)
    sun_expected, sun_realised = sun.spread(frame["solar_profile"].where(sunny, None), periods=periods)
    buying, selling = tariff.spread(frame["tariff"], periods=periods)
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
        profiles=(load, sun) if heat is None else (load, sun, heat),
        tariffs=tariff,
        demand_kw={} if heat is None else {"heat": heat.spread(frame["heat_demand_profile"], periods=periods)[0]},
    )


def _heat_series(fleet: Fleet, own: Callable[[str], Pair | None], starts: pd.DatetimeIndex) -> NamedSeries | None:
    """The heat demands of the fleet; None where no home has a heat store.

    What is drawn is what was expected: a store that ran short in reality would need a thermostat that breaks the plan,
    and there is none here yet.
    """
    if "heat_demand_profile" not in fleet.frame:
        return None

    def demands(names: Sequence[str], timezone: str) -> Pair:
        demand = heat_demands(names, starts, timezone)
        return demand, demand

    used = fleet.frame["heat_demand_profile"].notna().to_numpy()
    found = _named_series(fleet, "heat_demand_profile", used, own, demands)
    differing = np.argwhere(found.first != found.second)
    if len(differing):
        row, interval = differing[0]
        raise InputError(
            f"profile {found.names[row]!r} is a heat demand, and its forecast_kw and realised_kw differ at "
            f"{starts[interval].isoformat()}; heat that is drawn is heat that was expected in this version: give the "
            "same values in both columns"
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
    build: Callable[[Sequence[str], str], Pair],
) -> NamedSeries:
    """The series behind every name in ``column``.

    A built-in series follows the clock of its homes; the files of a run know it by name alone, so that one name may
    not stand for two series.
    """
    given: dict[str, Pair] = {}
    wanted: dict[str, dict[str, None]] = {}
    pairs = zip(fleet.frame["timezone"].to_numpy()[used], fleet.frame[column].to_numpy()[used], strict=True)
    for timezone, name in dict.fromkeys(pairs):
        mine = given.get(name) or own(name)
        if mine is not None:
            given[name] = mine
            continue
        clock = split_zone(name)[1] or timezone
        zone(clock, what=f"the clock of {column} {name!r}")
        wanted.setdefault(clock, {})[name] = None
    found = NamedSeries.of(given)
    for clock, names in wanted.items():
        found = found.joined(_built(build, list(names), clock, fleet=fleet, column=column), column=column, clock=clock)
    return found


def _built(
    build: Callable[[Sequence[str], str], Pair], names: list[str], clock: str, *, fleet: Fleet, column: str
) -> NamedSeries:
    """The series of ``names``; an error says which home needs it."""
    try:
        first, second = build(names, clock)
    except GridpactError as problem:
        if len(names) > 1:
            for name in names:
                _built(build, [name], clock, fleet=fleet, column=column)
        home = fleet.home_ids[int(np.flatnonzero(fleet.frame[column] == names[0])[0])]
        raise type(problem)(f"home {home!r}, {column}: {problem}") from None
    return NamedSeries(names=tuple(names), first=first, second=second)


def _blackouts(fleet: Fleet, horizon: Horizon) -> NDArray[np.bool_]:
    known: dict[tuple[tuple[str, ...], str], int] = {}
    masks: list[NDArray[np.bool_]] = []
    rows = []
    for windows, timezone in zip(fleet.frame["blackout"].tolist(), fleet.frame["timezone"].tolist(), strict=True):
        key = (tuple(windows), timezone)
        if key not in known:
            known[key] = len(masks)
            masks.append(blackout_mask(windows, horizon=horizon, timezone=timezone))
        rows.append(known[key])
    return np.stack(masks)[rows]
