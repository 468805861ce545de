"""The columns of a fleet: order, type, unit, range, default and meaning of each."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

import pyarrow as pa

from gridpact.fleet.findings import Findings, nearest


class Kind(Enum):
    """How a column is stored."""

    TEXT = "text"
    NUMBER = "number"
    TRUTH = "truth"
    WINDOWS = "windows"
    """Local windows: a tuple of texts in the frame, joined by ";" in CSV, list<string> in Parquet."""


PERSONA_NAMES = ("conservative", "moderate", "aggressive")
"""Kinds of owner that mean something to the negotiation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetColumn:
    """One column of a fleet's table."""

    name: str
    kind: Kind
    doc: str
    unit: str = ""
    low: float = 0.0
    """Least number allowed."""
    high: float = float("inf")
    """Largest number allowed."""
    default: str | float | bool | None = None
    """What a missing column or an empty cell becomes; ``None``: stays empty, or see ``doc``."""
    device: str = ""
    """Name of an asset, see `gridpact.fleet.assets`: the value and the default exist only for homes that have it."""

    @property
    def arrow_type(self) -> pa.DataType:
        """Type in Parquet."""
        if self.kind is Kind.NUMBER:
            return pa.float64()
        if self.kind is Kind.TRUTH:
            return pa.bool_()
        return pa.list_(pa.string()) if self.kind is Kind.WINDOWS else pa.string()


def _text(name: str, doc: str, *, default: str | None = None, device: str = "") -> FleetColumn:
    return FleetColumn(name=name, kind=Kind.TEXT, doc=doc, default=default, device=device)


def _amount(
    name: str, unit: str, doc: str, *, high: float, default: float | None = None, device: str = ""
) -> FleetColumn:
    return FleetColumn(name=name, kind=Kind.NUMBER, doc=doc, unit=unit, high=high, default=default, device=device)


def _share(
    name: str, doc: str, *, default: float, device: str = "", low: float = 0.0, high: float = 1.0
) -> FleetColumn:
    return FleetColumn(
        name=name, kind=Kind.NUMBER, doc=doc, unit="1", low=low, high=high, default=default, device=device
    )


FLEET_COLUMNS: tuple[FleetColumn, ...] = (
    _text("home_id", "Unique name of the home; the only column that must be there."),
    _text("zone", "Market zone, for information.", default="ercot"),
    _text("timezone", "IANA time zone in which the owner's times are written.", default="America/Chicago"),
    _amount("battery_capacity_kwh", "kWh", "Usable energy of the battery; empty: no battery.", high=1e3),
    _amount(
        "battery_charge_kw",
        "kW",
        "Most charging power at the terminals; needed with a battery.",
        high=1e3,
        device="battery",
    ),
    _amount(
        "battery_discharge_kw",
        "kW",
        "Most discharging power at the terminals; needed with a battery.",
        high=1e3,
        device="battery",
    ),
    _share("battery_charge_efficiency", "Energy stored per energy taken.", default=0.95, device="battery", low=0.1),
    _share(
        "battery_discharge_efficiency", "Energy delivered per energy drawn.", default=0.95, device="battery", low=0.1
    ),
    _share("battery_soc_fraction", "State of charge at the run's first instant.", default=0.5, device="battery"),
    _share("battery_min_soc_fraction", "Least state of charge.", default=0.1, device="battery"),
    _share("battery_max_soc_fraction", "Largest state of charge.", default=1.0, device="battery"),
    _amount(
        "battery_wear_usd_per_kwh",
        "USD/kWh",
        "Wear per kWh discharged at the terminals.",
        high=10.0,
        default=0.03,
        device="battery",
    ),
    _amount("vehicle_capacity_kwh", "kWh", "Usable energy of the car's battery; empty: no electric car.", high=1e3),
    _amount(
        "vehicle_charge_kw", "kW", "Most charging power at the plug; needed with a car.", high=1e3, device="vehicle"
    ),
    _amount(
        "vehicle_discharge_kw",
        "kW",
        "Most discharging power at the plug; zero: charges only.",
        high=1e3,
        default=0.0,
        device="vehicle",
    ),
    _share("vehicle_charge_efficiency", "Energy stored per energy taken.", default=0.92, device="vehicle", low=0.1),
    _share(
        "vehicle_discharge_efficiency", "Energy delivered per energy drawn.", default=0.92, device="vehicle", low=0.1
    ),
    _share("vehicle_soc_fraction", "State of charge when a time at the plug begins.", default=0.5, device="vehicle"),
    _share("vehicle_required_soc_fraction", "State of charge wanted at departure.", default=0.8, device="vehicle"),
    _text(
        "vehicle_arrive",
        'Local arrival: daily "HH:MM", or dated "YYYY-MM-DDTHH:MM" joined by ";". An empty cell: away all day; '
        "a missing column: 18:00.",
        default="18:00",
        device="vehicle",
    ),
    _text(
        "vehicle_depart",
        "Local departure, written as the arrival. An empty cell: away all day; a missing column: 07:00.",
        default="07:00",
        device="vehicle",
    ),
    _amount("solar_kw", "kW", "Installed solar power; empty: no solar.", high=1e3),
    _text(
        "load_profile", "Household load in kW: a profile's name; by default model:9800:<number of the home, from 1>."
    ),
    _text(
        "solar_profile",
        "Solar output in kW per installed kW: a profile's name.",
        default="el_paso:south",
        device="solar",
    ),
    _text("tariff", "Name of the retail tariff.", default="time_of_use"),
    _share("backup_soc_fraction", "Share of the battery kept for outages.", default=0.0),
    _amount("max_cycles_per_day", "1/day", "Most full cycles a day; empty: unlimited.", high=24.0),
    FleetColumn(
        name="blackout",
        kind=Kind.WINDOWS,
        doc='Local windows in which nothing may change: "HH:MM-HH:MM", with days where not daily, such as '
        '"Mon-Fri 08:00-10:00"; joined by ";".',
    ),
    _amount("floor_usd_per_mwh", "USD/MWh", "Least price at which the owner sells energy.", high=1e5, default=0.0),
    FleetColumn(name="export_allowed", kind=Kind.TRUTH, doc="Whether the home may feed in.", default=True),
    _text("persona", 'Kind of owner: "conservative", "moderate", "aggressive", another word, or empty.'),
    _text("meter_id", "The premise's meter; each may appear once. By default the home_id."),
)

FURTHER_COLUMNS: dict[str, tuple[FleetColumn, ...]] = {
    "heat": (
        _amount(
            "heat_capacity_kwh",
            "kWh",
            "Heat between the coldest and the warmest that the owner finds comfortable; empty: no heat store.",
            high=1e3,
        ),
        _amount(
            "heat_power_kw",
            "kW",
            "Most electric power of the heater or heat pump; needed with a heat store.",
            high=1e3,
            device="heat",
        ),
        _share(
            "heat_cop",
            "Heat made per electricity taken: 1 for a heating element, 2.5 to 4 for a heat pump.",
            default=1.0,
            device="heat",
            low=0.1,
            high=10.0,
        ),
        _share(
            "heat_leak_fraction_per_h",
            "Share of the stored heat that is lost in an hour, on top of the demand.",
            default=0.01,
            device="heat",
            high=0.9,
        ),
        _share("heat_start_fraction", "Share of the band at the run's first instant.", default=0.5, device="heat"),
        _text(
            "heat_demand_profile",
            "Heat drawn from the store in kW: a profile's name; by default water:3000:<number of the home, from 1>.",
            device="heat",
        ),
    ),
}
"""Columns of further assets, by asset: a fleet's table has them only where one of its homes has the asset."""

COLUMN_NAMES: tuple[str, ...] = tuple(column.name for column in FLEET_COLUMNS)
"""The columns that every fleet's table has."""
COLUMNS: dict[str, FleetColumn] = {
    column.name: column for columns in (FLEET_COLUMNS, *FURTHER_COLUMNS.values()) for column in columns
}
"""Every column that a fleet's table can have, by name."""


def columns_with(names: Iterable[str]) -> tuple[FleetColumn, ...]:
    """The columns that every table has, and those of each further asset of which ``names`` holds a column."""
    found = set(names)
    further = (columns for columns in FURTHER_COLUMNS.values() if found & {column.name for column in columns})
    return (*FLEET_COLUMNS, *(column for columns in further for column in columns))


def fleet_schema(names: Iterable[str] = COLUMN_NAMES) -> pa.Schema:
    """Types of ``fleet.parquet`` for a table with the columns ``names``."""
    return pa.schema([pa.field(column.name, column.arrow_type) for column in columns_with(names)])


def hint_for(name: str) -> str:
    """What to write instead of a name that is no fleet column: the nearest that is, or all of them."""
    near = nearest(name, COLUMNS, cutoff=0.5)
    return f"did you mean {near!r}?" if near else f"the columns are {', '.join(COLUMNS)}"


def check_names(names: Iterable[str], findings: Findings) -> None:
    """Record names that are no fleet column, with the nearest that is, or there twice, and a missing home_id."""
    found = list(names)
    for name in dict.fromkeys(found):
        if name not in COLUMNS:
            findings.refuse_header(str(name), f"{name!r} is not a column of a fleet; {hint_for(str(name))}")
        elif found.count(name) > 1:
            findings.refuse_header(str(name), f"column {name!r} is there twice")
    if "home_id" not in found:
        findings.refuse_header("home_id", "there is no column 'home_id', which every fleet needs")
