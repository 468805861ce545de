"""The typed columns of every Parquet file in a run folder: names, types, units, what may be empty, and ranges."""

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

TEXT, NUMBER, WHOLE, TRUTH, TIME, TEXTS = "string", "float64", "int64", "bool", "timestamp[us, UTC]", "list<string>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table."""

    name: str
    type: str
    unit: str = ""
    empty: bool = False
    """Whether a cell may be empty ("does not have")."""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One Parquet file."""

    file: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    """Columns that identify a row; rows are sorted by them."""
    further: tuple[tuple[Column, ...], ...] = ()
    """Groups of columns that follow the others, each only in runs in which a home has the asset it belongs to."""

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(column.name for column in self.columns)

    def columns_with(self, names: Iterable[str]) -> tuple[Column, ...]:
        """The columns that are always there, and each further group of which ``names`` holds a column."""
        found = set(names)
        groups = (group for group in self.further if found & {column.name for column in group})
        return (*self.columns, *(column for group in groups for column in group))


def _text(name: str, *, empty: bool = False, choices: tuple[str, ...] = ()) -> Column:
    return Column(name=name, type=TEXT, empty=empty, choices=choices)


def _number(
    name: str, unit: str, *, empty: bool = False, low: float | None = None, high: float | None = None
) -> Column:
    return Column(name=name, type=NUMBER, unit=unit, empty=empty, low=low, high=high)


def _power(name: str, *, empty: bool = False) -> Column:
    return _number(name, "kW", empty=empty, low=0.0)


def _share(name: str, *, empty: bool = False) -> Column:
    return _number(name, "1", empty=empty, low=0.0, high=1.0)


def _whole(name: str, *, low: float = 0) -> Column:
    return Column(name=name, type=WHOLE, low=low)


def _time(name: str) -> Column:
    return Column(name=name, type=TIME)


PHASES = ("baseline", "planned", "realised")
ANSWERS = ("accept", "counter", "refuse", "expired")

FLEET = Table(
    file="fleet.parquet",
    key=("home_id",),
    columns=(
        _text("home_id"),
        _text("zone"),
        _text("timezone"),
        _number("battery_capacity_kwh", "kWh", empty=True, low=0.0),
        _power("battery_charge_kw", empty=True),
        _power("battery_discharge_kw", empty=True),
        _share("battery_charge_efficiency", empty=True),
        _share("battery_discharge_efficiency", empty=True),
        _share("battery_soc_fraction", empty=True),
        _share("battery_min_soc_fraction", empty=True),
        _share("battery_max_soc_fraction", empty=True),
        _number("battery_wear_usd_per_kwh", "USD/kWh discharged", empty=True, low=0.0),
        _number("vehicle_capacity_kwh", "kWh", empty=True, low=0.0),
        _power("vehicle_charge_kw", empty=True),
        _power("vehicle_discharge_kw", empty=True),
        _share("vehicle_charge_efficiency", empty=True),
        _share("vehicle_discharge_efficiency", empty=True),
        _share("vehicle_soc_fraction", empty=True),
        _share("vehicle_required_soc_fraction", empty=True),
        _text("vehicle_arrive", empty=True),
        _text("vehicle_depart", empty=True),
        _power("solar_kw", empty=True),
        _text("load_profile"),
        _text("solar_profile", empty=True),
        _text("tariff"),
        _share("backup_soc_fraction", empty=True),
        _number("max_cycles_per_day", "1/day", empty=True, low=0.0),
        Column(name="blackout", type=TEXTS, empty=True),
        _number("floor_usd_per_mwh", "USD/MWh", empty=True, low=0.0),
        Column(name="export_allowed", type=TRUTH),
        _text("persona", empty=True),
        _text("meter_id"),
    ),
    further=(
        (
            _number("heat_capacity_kwh", "kWh of heat", empty=True, low=0.0),
            _power("heat_power_kw", empty=True),
            _number("heat_cop", "1", empty=True, low=0.1, high=10.0),
            _number("heat_leak_fraction_per_h", "1", empty=True, low=0.0, high=0.9),
            _share("heat_start_fraction", empty=True),
            _text("heat_demand_profile", empty=True),
        ),
    ),
)

PROFILES = Table(
    file="profiles.parquet",
    key=("profile", "interval_start"),
    columns=(
        _text("profile"),
        _time("interval_start"),
        _number("forecast_kw", "kW, or kW per kW where the fleet scales it", low=0.0),
        _number("realised_kw", "kW, or kW per kW where the fleet scales it", low=0.0),
    ),
)

TARIFFS = Table(
    file="tariffs.parquet",
    key=("tariff", "interval_start"),
    columns=(
        _text("tariff"),
        _time("interval_start"),
        _number("import_usd_per_kwh", "USD/kWh"),
        _number("export_usd_per_kwh", "USD/kWh"),
    ),
)

BIDS = Table(
    file="bids.parquet",
    key=("opportunity_id", "round", "home_id", "segment"),
    columns=(
        _text("opportunity_id"),
        _whole("round", low=1),
        _text("home_id"),
        _whole("segment"),
        _power("quantity_kw"),
        _number("price", "price_unit of the opportunity"),
    ),
)

OFFERS = Table(
    file="offers.parquet",
    key=("opportunity_id", "round", "home_id"),
    columns=(
        _text("opportunity_id"),
        _whole("round", low=1),
        _text("home_id"),
        _number("price", "price_unit of the opportunity"),
        _power("cap_kw"),
        _text("answer", choices=ANSWERS),
        _power("accepted_kw"),
        _text("reason", empty=True),
    ),
)

OPTIONS = Table(
    file="options.parquet",
    key=("opportunity_id", "home_id", "segment"),
    columns=(
        _text("opportunity_id"),
        _text("home_id"),
        _whole("segment"),
        _power("quantity_kw"),
        _number("price", "price_unit of the opportunity"),
        Column(name="activated", type=TRUTH),
    ),
)

COALITION = Table(
    file="coalition.parquet",
    key=("opportunity_id", "home_id"),
    columns=(
        _text("opportunity_id"),
        _text("home_id"),
        _power("committed_kw"),
        _number("delivered_kwh", "kWh", low=0.0),
        _number("paid_usd", "USD"),
        _share("satisfaction", empty=True),
        _text("reason"),
    ),
)

DISPATCH = Table(
    file="dispatch.parquet",
    key=("phase", "home_id", "interval_start"),
    columns=(
        _text("phase", choices=PHASES),
        _text("home_id"),
        _time("interval_start"),
        _power("load_kw"),
        _power("solar_kw", empty=True),
        _power("curtailed_kw", empty=True),
        _power("battery_charge_kw", empty=True),
        _power("battery_discharge_kw", empty=True),
        _power("vehicle_charge_kw", empty=True),
        _power("vehicle_discharge_kw", empty=True),
        _number("net_kw", "kW, import positive"),
        _number("battery_soc_kwh", "kWh at the interval's end", empty=True, low=0.0),
        _number("vehicle_soc_kwh", "kWh at the interval's end; empty while away", empty=True, low=0.0),
        _power("reserve_kw", empty=True),
    ),
    further=((_power("heat_kw", empty=True), _number("heat_kwh", "kWh of heat at the interval's end", empty=True)),),
)

RESERVATIONS = Table(
    file="private/reservations.parquet",
    key=("opportunity_id", "home_id", "quantity_kw"),
    columns=(
        _text("opportunity_id"),
        _text("home_id"),
        _number("quantity_kw", "kW, cumulative", low=0.0),
        _number("cost_usd", "USD over the window, total"),
    ),
)

TABLES = (FLEET, PROFILES, TARIFFS, BIDS, OFFERS, OPTIONS, COALITION, DISPATCH, RESERVATIONS)
LEDGER_COLUMNS = ("entry_id", "opportunity_id", "account", "home_id", "amount_microusd", "kind", "memo")
OTHER_FILES = ("result.json", "ledger.csv", "events.jsonl", "performance.json", "report.html")
ALL_FILES = tuple(table.file for table in TABLES) + OTHER_FILES


def type_matches(wanted: str, found: pa.DataType) -> bool:
    """Whether an Arrow type is the one that a column asks for (plain and large strings are the same)."""
    if wanted == TEXT:
        return bool(pa.types.is_string(found) or pa.types.is_large_string(found))
    if wanted == TEXTS:
        return str(found) in ("list<element: string>", "list<item: string>", "large_list<item: large_string>")
    if wanted == TIME:
        return bool(found == pa.timestamp("us", tz="UTC"))
    return bool(found == {NUMBER: pa.float64(), WHOLE: pa.int64(), TRUTH: pa.bool_()}[wanted])
