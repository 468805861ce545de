"""A fleet: one table with a row for each home. The same columns serve 6 homes or a million."""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import available_timezones

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.data.names import why_unusable
from gridpact.errors import GridpactError, InputError, MissingDataError
from gridpact.fleet import cells
from gridpact.fleet.assets import ASSETS
from gridpact.fleet.clock import LocalWindow, check_plugged
from gridpact.fleet.columns import COLUMNS, FURTHER_COLUMNS, PERSONA_NAMES, FleetColumn, Kind, check_names, columns_with
from gridpact.fleet.findings import LISTED, Findings, nearest
from gridpact.fleet.prosumer import Prosumer
from gridpact.horizon import zone

Columns = dict[str, NDArray[Any]]
_SHORTENED = re.compile(r"[0-9][.,][0-9]+E\+[0-9]+", re.IGNORECASE)
"""A long number as a spreadsheet shows it once its last digits are lost."""
LOAD_DEFAULT_KWH = 9800
HEAT_DEFAULT_KWH = 3000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fleet:
    """Checked homes. Make one with `Fleet.from_frame`, `read_fleet`, `generate_fleet` or `demonstration_fleet`."""

    frame: pd.DataFrame
    """One row a home, columns in the order of `FLEET_COLUMNS` and then those of further assets that a home has, index
    0 to n-1. NaN or None: does not have. To change a home, copy the frame and make a new fleet of it."""
    _position: Mapping[str, int] = field(repr=False)

    @classmethod
    def from_frame(
        cls, frame: pd.DataFrame, *, source: str = "fleet", row_numbers: Sequence[int] | None = None
    ) -> "Fleet":
        """A checked fleet of a table with any of the fleet columns; what is missing takes its documented default.

        Args:
            frame: at least the column ``home_id``; cells may be text as in a CSV file.
            source: names the table in messages.
            row_numbers: how the source numbers its rows; from 1 if not given.

        Raises:
            TableError: unknown or missing columns, unusable cells, homes or meters that are there twice; all of them.
            TableRangeError: numbers that are infinite or outside their columns' ranges, and nothing else.
            InputError: there is no home.
        """
        numbers = range(1, len(frame) + 1) if row_numbers is None else row_numbers
        return cls.checked(frame, Findings(source=source, row_numbers=numbers, order=tuple(COLUMNS)))

    @classmethod
    def checked(cls, frame: pd.DataFrame, findings: Findings) -> "Fleet":
        """As `from_frame`, adding to what was found already.

        Raises:
            InputError: as `from_frame`.
        """
        check_names(frame.columns, findings)
        if frame.empty and not findings:
            raise InputError(f"{findings.source} has no home; a fleet needs at least one row")
        if frame.columns.has_duplicates or frame.empty or "home_id" not in frame.columns:
            findings.raise_if_any()
        columns = columns_with(frame.columns)
        table = _parse(frame, columns, findings)
        _fill(table, columns, given=set(frame.columns), place=findings)
        _check(table, findings)
        findings.raise_if_any()
        names = _kept(table)
        checked = pd.DataFrame({name: _series(table[name]) for name in names}, columns=names)
        return cls(frame=checked, _position={home: row for row, home in enumerate(table["home_id"])})

    @property
    def home_ids(self) -> tuple[str, ...]:
        """Names of the homes in the fleet's order."""
        return tuple(self._position)

    def __len__(self) -> int:
        """Number of homes."""
        return len(self._position)

    def __eq__(self, other: object) -> bool:
        """Whether ``other`` is a fleet of equal homes in the same order."""
        return isinstance(other, Fleet) and self.frame.equals(other.frame)

    __hash__ = None  # type: ignore[assignment]

    def row(self, home_id: str) -> Mapping[str, Any]:
        """One home's row: number (NaN if empty), text or None, bool, tuple of windows.

        Raises:
            MissingDataError: there is no such home.
        """
        number = self.position(home_id)
        return {name: _scalar(self.frame[name].iat[number]) for name in self.frame.columns}

    def position(self, home_id: str) -> int:
        """Row number of a home, from 0.

        Raises:
            MissingDataError: there is no such home.
        """
        try:
            return self._position[home_id]
        except KeyError:
            raise MissingDataError(f"the fleet has no home {home_id!r}") from None

    def home(self, home_id: str) -> Prosumer:
        """A typed view of one home.

        Raises:
            MissingDataError: there is no such home.
        """
        return Prosumer.from_row(self.row(home_id))

    def prosumers(self) -> Iterator[Prosumer]:
        """Typed views of every home, in the fleet's order."""
        names = list(self.frame.columns)
        columns = [self.frame[name].tolist() for name in names]
        return (Prosumer.from_row(dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True))

    def subset(self, home_ids: Iterable[str]) -> "Fleet":
        """The fleet of these homes, in the order given.

        Raises:
            MissingDataError: there is no such home.
            InputError: no home, or one that is named twice.
        """
        rows = [self.position(home_id) for home_id in home_ids]
        return Fleet.from_frame(self.frame.iloc[rows].reset_index(drop=True), source="subset of the fleet")


def _scalar(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _series(values: NDArray[Any]) -> pd.Series:
    return pd.Series(values, dtype=values.dtype)


def _parse(frame: pd.DataFrame, columns: Sequence[FleetColumn], place: Findings) -> Columns:
    table: Columns = {}
    for column in columns:
        given = frame[column.name] if column.name in frame.columns else pd.Series([None] * len(frame), dtype=object)
        table[column.name] = cells.parsed(given, column, place, check_window=LocalWindow.parse)
    return table


def _kept(table: Columns) -> list[str]:
    """Columns of the checked table: those of a further asset only where a home has it."""
    unused = {
        column.name
        for asset, columns in FURTHER_COLUMNS.items()
        if not _owned(table, asset).any()
        for column in columns
    }
    return [name for name in table if name not in unused]


def _owned(table: Columns, asset: str) -> NDArray[np.bool_]:
    """Homes that have an asset, shape (homes,)."""
    size = table.get(ASSETS[asset].size)
    return np.zeros(len(table["home_id"]), dtype=np.bool_) if size is None else np.nan_to_num(size) > 0


def _fill(table: Columns, columns: Sequence[FleetColumn], *, given: set[str], place: Findings) -> None:
    """Put in defaults, and empty what belongs to assets that a home does not have."""
    homes = len(place.row_numbers)
    owned = {asset: _owned(table, asset) for asset in ASSETS}
    for column in columns:
        values = table[column.name]
        if column.kind in (Kind.TRUTH, Kind.WINDOWS):
            continue
        empty = np.isnan(values) if column.kind is Kind.NUMBER else np.array([value is None for value in values])
        has = owned[column.device] if column.device else np.ones(homes, dtype=np.bool_)
        if column.device and column.name in ASSETS[column.device].powers:
            _refuse(
                ~has & (np.nan_to_num(values) > 0),
                place,
                column.name,
                lambda row, values=values, column=column: (
                    f"is {values[row]:g}, but {ASSETS[column.device].size} is empty or 0; give both or neither"
                ),
                needs=(ASSETS[column.device].size,),
            )
        default = column.default
        if column.name in ("vehicle_arrive", "vehicle_depart") and column.name in given:
            default = None
        if default is not None:
            values[empty & has] = default
        values[~has] = math.nan if column.kind is Kind.NUMBER else None
    for row, (home, load, meter) in enumerate(
        zip(table["home_id"], table["load_profile"], table["meter_id"], strict=True)
    ):
        if load is None:
            table["load_profile"][row] = f"model:{LOAD_DEFAULT_KWH}:{row + 1}"
        if meter is None:
            table["meter_id"][row] = home
    for row in np.flatnonzero(owned["heat"]).tolist():
        if table["heat_demand_profile"][row] is None:
            table["heat_demand_profile"][row] = f"water:{HEAT_DEFAULT_KWH}:{row + 1}"


def _check(table: Columns, place: Findings) -> None:
    _refuse(
        np.array([home is None for home in table["home_id"]]), place, "home_id", lambda row: "is empty; name each home"
    )
    for name, why in (
        ("home_id", "each home needs a name of its own"),
        ("meter_id", "one premise would be sold twice"),
    ):
        _refuse_twice(table[name], place, name, why)
    _check_shortened(table, place)
    _check_names(table, place)
    _check_zones(table["timezone"], place)
    _check_personas(table["persona"], place)
    for asset in ASSETS.values():
        owned = _owned(table, asset.name)
        for power in asset.needed:
            if owned.any():
                _refuse(
                    owned & np.isnan(table[power]),
                    place,
                    power,
                    lambda row, asset=asset: (
                        f"is empty, but the home has a {asset.words} of {table[asset.size][row]:g} kWh; give its power "
                        "[kW]"
                    ),
                    needs=(asset.size,),
                )
    _check_charge(table, place)
    _check_plugged(table, place)


def _check_zones(names: NDArray[Any], place: Findings) -> None:
    known: list[str] = []
    wrong = 0
    for name in dict.fromkeys(names):
        try:
            zone(name)
        except InputError as problem:
            known = known or sorted(available_timezones())
            wrong += 1
            near = nearest(str(name), known) if wrong <= LISTED else None
            hint = f"; did you mean {near!r}?" if near else ""
            for row in np.flatnonzero(names == name).tolist():
                place.refuse(row, "timezone", f": {problem}{hint}")


def _check_shortened(table: Columns, place: Findings) -> None:
    for column in ("home_id", "meter_id"):
        bad = np.array([value is not None and _SHORTENED.fullmatch(value) is not None for value in table[column]])
        _refuse(
            bad,
            place,
            column,
            lambda row, values=table[column]: (
                f"is {values[row]!r}: a spreadsheet has shortened a long number; format the column as text and enter "
                "the numbers again"
            ),
        )


def _check_names(table: Columns, place: Findings) -> None:
    for column in ("home_id", "meter_id"):
        problems = [None if value is None else why_unusable(value) for value in table[column]]
        _refuse(
            np.array([problem is not None for problem in problems]),
            place,
            column,
            lambda row, values=table[column], problems=problems: f"is {values[row][:40]!r}; it {problems[row]}",
            needs=() if column == "home_id" else ("home_id",),
        )


def _check_personas(words: NDArray[Any], place: Findings) -> None:
    """Any word may name a kind of owner, but one that almost names a known kind is a slip that changes the owner."""
    for word in dict.fromkeys(words):
        near = None if word is None or word in PERSONA_NAMES else nearest(word, PERSONA_NAMES, cutoff=0.85)
        if near:
            for row in np.flatnonzero(words == word).tolist():
                place.refuse(row, "persona", f" is {word!r}; did you mean {near!r}?")


def _check_charge(table: Columns, place: Findings) -> None:
    parts = tuple(f"battery_{part}_fraction" for part in ("min_soc", "soc", "max_soc"))
    low, soc, high = (table[part] for part in parts)
    _refuse(
        (low > soc) | (low > high),
        place,
        "battery_min_soc_fraction",
        lambda row: (
            f"is {low[row]:g}, above battery_soc_fraction {soc[row]:g} or battery_max_soc_fraction {high[row]:g}"
        ),
        needs=parts,
    )
    _refuse(
        soc > high,
        place,
        "battery_soc_fraction",
        lambda row: f"is {soc[row]:g}, above battery_max_soc_fraction {high[row]:g}",
        needs=parts,
    )


def _check_plugged(table: Columns, place: Findings) -> None:
    known: dict[tuple[str | None, str | None], str] = {}
    usable = place.clean("vehicle_arrive", "vehicle_depart")
    for row, pair in enumerate(zip(table["vehicle_arrive"], table["vehicle_depart"], strict=True)):
        if pair not in known:
            known[pair] = _unpaired(*pair)
        if known[pair] and usable[row]:
            place.refuse(row, "vehicle_arrive", f": {known[pair]}", beside="vehicle_depart")


def _unpaired(arrive: str | None, depart: str | None) -> str:
    """What is wrong with a car's times at the plug; empty if nothing is."""
    if (arrive is None) != (depart is None):
        return "one is empty and the other is not; leave both empty for a car that is away all day"
    try:
        check_plugged(arrive or "", depart or "")
    except GridpactError as problem:
        return str(problem)
    return ""


def _refuse(
    bad: NDArray[np.bool_], place: Findings, column: str, say: Callable[..., str], *, needs: Sequence[str] = ()
) -> None:
    """Record a problem in every row where ``bad``; a row whose cells in ``needs`` have one already has it once."""
    if bad.any():
        place.refuse_where(bad, column, say, needs=needs)


def _refuse_twice(values: NDArray[Any], place: Findings, column: str, why: str) -> None:
    named = pd.Series(values, dtype=object)
    again = (named.duplicated() & named.notna()).to_numpy()
    if again.any():
        first = {value: row for row, value in reversed(list(enumerate(values)))}
        place.refuse_where(
            again,
            column,
            lambda row: f"is {values[row]!r} again, as in row {place.row_numbers[first[values[row]]]}; {why}",
            needs=("home_id",),
        )
