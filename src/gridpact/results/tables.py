"""The Parquet files of a run folder: typed columns, keys, one order of rows, the same bytes for the same content."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from gridpact.data.limits import MOST_RUN_TABLE_COLUMNS, MOST_RUN_TABLE_ROWS
from gridpact.data.parquet import ParquetLimits, check_parquet, frame_of
from gridpact.errors import InputError, StoreError

PHASES = ("baseline", "planned", "realised")
RESERVATIONS = "private/reservations"
"""Name of the table that only auditors read."""

TEXT, NUMBER, WHOLE, TRUTH = pa.string(), pa.float64(), pa.int64(), pa.bool_()
TIME, TEXTS = pa.timestamp("us", tz="UTC"), pa.list_(pa.string())


@dataclass(frozen=True, slots=True, kw_only=True)
class TableForm:
    """Columns of one Parquet file. A field that is not nullable has no empty cell."""

    name: str
    schema: pa.Schema
    key: tuple[str, ...]
    """Columns that identify a row and order the rows; homes and opportunities go in the run's order."""
    further: tuple[pa.Schema, ...] = ()
    """Groups of columns that follow the others, each only in runs in which a home has the asset that it belongs to."""

    @property
    def file(self) -> str:
        """Path in the run folder."""
        return f"{self.name}.parquet"

    def schema_with(self, names: Iterable[str]) -> pa.Schema:
        """The columns that are always there, and each further group of which ``names`` holds a column."""
        found = set(names)
        return pa.schema([*self.schema, *(f for group in self.further if found & set(group.names) for f in group)])


def _form(
    name: str,
    key: Sequence[str],
    columns: Mapping[str, pa.DataType],
    *,
    may_be_empty: Sequence[str] = (),
    further: Sequence[Mapping[str, pa.DataType]] = (),
) -> TableForm:
    fields = [pa.field(column, kind, nullable=column in may_be_empty) for column, kind in columns.items()]
    groups = tuple(pa.schema([pa.field(column, kind) for column, kind in group.items()]) for group in further)
    return TableForm(name=name, schema=pa.schema(fields), key=tuple(key), further=groups)


_FLEET: dict[str, pa.DataType] = {
    "home_id": TEXT,
    "zone": TEXT,
    "timezone": TEXT,
    "battery_capacity_kwh": NUMBER,
    "battery_charge_kw": NUMBER,
    "battery_discharge_kw": NUMBER,
    "battery_charge_efficiency": NUMBER,
    "battery_discharge_efficiency": NUMBER,
    "battery_soc_fraction": NUMBER,
    "battery_min_soc_fraction": NUMBER,
    "battery_max_soc_fraction": NUMBER,
    "battery_wear_usd_per_kwh": NUMBER,
    "vehicle_capacity_kwh": NUMBER,
    "vehicle_charge_kw": NUMBER,
    "vehicle_discharge_kw": NUMBER,
    "vehicle_charge_efficiency": NUMBER,
    "vehicle_discharge_efficiency": NUMBER,
    "vehicle_soc_fraction": NUMBER,
    "vehicle_required_soc_fraction": NUMBER,
    "vehicle_arrive": TEXT,
    "vehicle_depart": TEXT,
    "solar_kw": NUMBER,
    "load_profile": TEXT,
    "solar_profile": TEXT,
    "tariff": TEXT,
    "backup_soc_fraction": NUMBER,
    "max_cycles_per_day": NUMBER,
    "blackout": TEXTS,
    "floor_usd_per_mwh": NUMBER,
    "export_allowed": TRUTH,
    "persona": TEXT,
    "meter_id": TEXT,
}
_FLEET_FULL = {"home_id", "zone", "timezone", "load_profile", "tariff", "export_allowed", "meter_id"}
_FLEET_HEAT: dict[str, pa.DataType] = {
    "heat_capacity_kwh": NUMBER,
    "heat_power_kw": NUMBER,
    "heat_cop": NUMBER,
    "heat_leak_fraction_per_h": NUMBER,
    "heat_start_fraction": NUMBER,
    "heat_demand_profile": TEXT,
}
_OPPORTUNITY_HOME: dict[str, pa.DataType] = {"opportunity_id": TEXT, "home_id": TEXT}
_ROUND_HOME: dict[str, pa.DataType] = {"opportunity_id": TEXT, "round": WHOLE, "home_id": TEXT}

FORMS: dict[str, TableForm] = {
    form.name: form
    for form in (
        _form(
            "fleet",
            ("home_id",),
            _FLEET,
            may_be_empty=[name for name in _FLEET if name not in _FLEET_FULL],
            further=[_FLEET_HEAT],
        ),
        _form(
            "profiles",
            ("profile", "interval_start"),
            {"profile": TEXT, "interval_start": TIME, "forecast_kw": NUMBER, "realised_kw": NUMBER},
        ),
        _form(
            "tariffs",
            ("tariff", "interval_start"),
            {"tariff": TEXT, "interval_start": TIME, "import_usd_per_kwh": NUMBER, "export_usd_per_kwh": NUMBER},
        ),
        _form(
            "bids",
            ("opportunity_id", "round", "home_id", "segment"),
            {**_ROUND_HOME, "segment": WHOLE, "quantity_kw": NUMBER, "price": NUMBER},
        ),
        _form(
            "offers",
            ("opportunity_id", "round", "home_id"),
            {
                **_ROUND_HOME,
                "price": NUMBER,
                "cap_kw": NUMBER,
                "answer": TEXT,
                "accepted_kw": NUMBER,
                "reason": TEXT,
            },
            may_be_empty=["reason"],
        ),
        _form(
            "options",
            ("opportunity_id", "home_id", "segment"),
            {**_OPPORTUNITY_HOME, "segment": WHOLE, "quantity_kw": NUMBER, "price": NUMBER, "activated": TRUTH},
        ),
        _form(
            "coalition",
            ("opportunity_id", "home_id"),
            {
                **_OPPORTUNITY_HOME,
                "committed_kw": NUMBER,
                "delivered_kwh": NUMBER,
                "paid_usd": NUMBER,
                "satisfaction": NUMBER,
                "reason": TEXT,
            },
            may_be_empty=["satisfaction"],
        ),
        _form(
            "dispatch",
            ("phase", "home_id", "interval_start"),
            {
                "phase": TEXT,
                "home_id": TEXT,
                "interval_start": TIME,
                "load_kw": NUMBER,
                "solar_kw": NUMBER,
                "curtailed_kw": NUMBER,
                "battery_charge_kw": NUMBER,
                "battery_discharge_kw": NUMBER,
                "vehicle_charge_kw": NUMBER,
                "vehicle_discharge_kw": NUMBER,
                "net_kw": NUMBER,
                "battery_soc_kwh": NUMBER,
                "vehicle_soc_kwh": NUMBER,
                "reserve_kw": NUMBER,
            },
            may_be_empty=[
                "solar_kw",
                "curtailed_kw",
                "battery_charge_kw",
                "battery_discharge_kw",
                "vehicle_charge_kw",
                "vehicle_discharge_kw",
                "battery_soc_kwh",
                "vehicle_soc_kwh",
                "reserve_kw",
            ],
            further=[{"heat_kw": NUMBER, "heat_kwh": NUMBER}],
        ),
        _form(
            RESERVATIONS,
            ("opportunity_id", "home_id", "quantity_kw"),
            {**_OPPORTUNITY_HOME, "quantity_kw": NUMBER, "cost_usd": NUMBER},
        ),
    )
}
"""Every table of a run folder, by name."""


def empty_table(name: str) -> pd.DataFrame:
    """The table ``name`` without rows."""
    return pd.DataFrame(FORMS[name].schema.empty_table().to_pandas(use_threads=False))


def write_table(
    frame: pd.DataFrame, name: str, *, home_ids: Sequence[str] = (), opportunity_ids: Sequence[str] = ()
) -> bytes:
    """Content of ``name``.parquet: the contract's columns, rows sorted by key.

    Args:
        frame: has exactly the contract's columns, in any order; a group of further columns as a whole or not at all.
        name: one of ``FORMS``.
        home_ids: the fleet's homes, whose order the rows follow; the fleet's own rows stay as given.
        opportunity_ids: the run's opportunities, likewise.

    Raises:
        StoreError: a column is missing, unknown or of another type, a cell that must be filled is empty, a number is
            infinite, or a key is there twice.
    """
    form = FORMS[name]
    schema = form.schema_with(frame.columns)
    wanted, given = set(schema.names), set(frame.columns)
    if wanted != given:
        missing, unknown = sorted(wanted - given), sorted(map(str, given - wanted))
        raise StoreError(f"{form.file} needs the columns {missing} and does not know {unknown}")
    order = _order(frame, form, home_ids=home_ids, opportunity_ids=opportunity_ids)
    arrays = [_cells(_taken(frame[field.name], order), field, form.file) for field in schema]
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), sink, compression="zstd", row_group_size=1 << 20)
    return sink.getvalue()


def read_table(content: bytes, name: str, *, source: str = "", home_id: str | None = None) -> pd.DataFrame:
    """The table ``name`` as a frame; times are UTC, lists are lists, empty cells are NaN or None.

    With ``home_id`` only the rows of that home, for tables that have homes; no other row is made into a frame.

    Raises:
        InputError: the content is not that table.
    """
    form = FORMS[name]
    where = source or form.file
    limits = ParquetLimits(rows=MOST_RUN_TABLE_ROWS, columns=MOST_RUN_TABLE_COLUMNS)
    parquet = check_parquet(content, where=where, limits=limits)
    schema = form.schema_with(parquet.names)
    for field in schema:
        if parquet.names.count(field.name) != 1:
            raise InputError(f"{where} lacks the column {field.name}; it is not a table of a whole run")
        found = parquet.schema.field(field.name).type
        if found != field.type:
            raise InputError(f"{where}: column {field.name} has type {str(found)[:60]}, not {field.type}")
    table = parquet.table(schema.names)
    if home_id is not None:
        table = table.filter(pc.field("home_id") == home_id)
    for field in schema:
        if not field.nullable and table.column(field.name).null_count:
            raise InputError(f"{where}: column {field.name} has an empty cell")
    return frame_of(table, where=where)


def _taken(cells: pd.Series, order: NDArray[np.int64] | None) -> pd.Series:
    return cells if order is None else cells.iloc[order]


def _order(
    frame: pd.DataFrame, form: TableForm, *, home_ids: Sequence[str], opportunity_ids: Sequence[str]
) -> NDArray[np.int64] | None:
    """Positions of the rows in key order; None where they are in order already."""
    if form.name == "fleet":
        twice = frame["home_id"][frame["home_id"].duplicated()]
        if len(twice):
            raise StoreError(f"{form.file}: home {twice.iloc[0]!r} is there twice")
        return None
    known: dict[str, Sequence[str]] = {"home_id": home_ids, "opportunity_id": opportunity_ids, "phase": PHASES}
    codes = []
    for name in form.key:
        cells = frame[name]
        if name in known:
            places = {value: place for place, value in enumerate(known[name])}
            code = _codes(cells, places)
            if (code < 0).any():
                raise StoreError(f"{form.file}: {cells.iloc[int(np.argmin(code))]!r} in {name} is not one of the run's")
            codes.append(code)
        elif isinstance(cells.dtype, pd.DatetimeTZDtype):
            codes.append(cells.dt.as_unit("us").astype("int64").to_numpy())
        elif pd.api.types.is_numeric_dtype(cells):
            codes.append(cells.to_numpy())
        else:
            codes.append(pd.factorize(cells, sort=True)[0])
    if _rising(codes):
        return None
    order = np.lexsort(codes[::-1])
    ordered = np.stack([np.asarray(code, dtype=np.float64)[order] for code in codes])
    same = np.flatnonzero((np.diff(ordered, axis=1) == 0).all(axis=0))
    if same.size:
        row = frame.iloc[order[same[0]]]
        raise StoreError(f"{form.file}: the key {', '.join(str(row[name]) for name in form.key)} is there twice")
    return order


def _codes(cells: pd.Series, places: Mapping[str, int]) -> NDArray[np.int64]:
    """Place of each cell in the run's order, -1 for what is not there."""
    if isinstance(cells.dtype, pd.CategoricalDtype):
        of_category = np.array([places.get(value, -1) for value in cells.cat.categories] + [-1], dtype=np.int64)
        return of_category[cells.cat.codes.to_numpy()]
    return np.array([places.get(value, -1) for value in cells.tolist()], dtype=np.int64)


def _rising(keys: Sequence[NDArray[Any]]) -> bool:
    """Whether rows with these keys, the first weighing most, are in order and no two of them the same."""
    risen = np.zeros(max(len(keys[0]) - 1, 0), dtype=np.bool_)
    for values in keys:
        step = np.diff(values)
        if ((step < 0) & ~risen).any():
            return False
        risen |= step > 0
    return bool(risen.all())


def _cells(cells: pd.Series, field: "pa.Field[Any]", file: str) -> "pa.Array[Any]":
    array: pa.Array[Any]
    try:
        if field.type == TIME:
            if not isinstance(cells.dtype, pd.DatetimeTZDtype):
                raise StoreError(f"{file}: column {field.name} has times without a UTC offset")
            array = pa.array(cells.dt.tz_convert("UTC").dt.as_unit("us"), type=TIME)
        elif field.type == NUMBER:
            values = cells.to_numpy(dtype=np.float64, na_value=np.nan) + 0.0
            if np.isinf(values).any():
                raise StoreError(f"{file} row {int(np.isinf(values).argmax()) + 1}: {field.name} is infinite")
            array = pa.array(values, type=NUMBER, mask=np.isnan(values))
        elif isinstance(cells.dtype, pd.CategoricalDtype):
            places = cells.cat.codes.to_numpy().astype(np.int32)
            codes: pa.Array[Any] = pa.array(places, type=pa.int32(), mask=places < 0)
            words = pa.array(cells.cat.categories.tolist(), type=field.type)
            array = pa.DictionaryArray.from_arrays(codes, words).cast(field.type)
        elif field.type == TEXTS:
            array = pa.array([_list(value) for value in cells], type=field.type)
        else:
            array = pa.array(cells.astype(object), type=field.type, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError) as problem:
        raise StoreError(f"{file}: column {field.name} is not {field.type}: {problem}") from problem
    if not field.nullable and array.null_count:
        row = int(np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False))[0]) + 1
        raise StoreError(f"{file} row {row}: {field.name} is empty")
    return array


def _list(value: object) -> list[str] | None:
    """A list cell; None or NaN is empty."""
    if isinstance(value, list | tuple | np.ndarray):
        return [str(item) for item in value]
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return None
    raise TypeError(f"{value!r} is not a list of texts")
