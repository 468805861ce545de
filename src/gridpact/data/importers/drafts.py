"""Readings as a file has them, before times are placed on the UTC axis and values are judged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gridpact.data.importers.cells import parse_number
from gridpact.data.importers.findings import ReadingStoppedError, Report
from gridpact.data.importers.limits import MAX_READINGS
from gridpact.data.importers.options import ImportOptions
from gridpact.data.importers.sessions import Session


class TooManyReadingsError(ReadingStoppedError):
    """There are more readings than one import takes."""


class Quantity(StrEnum):
    """What a series measures."""

    ENERGY_PRICE = "energy_price"
    RESERVE_PRICE = "reserve_price"
    LOAD = "load"
    CONTROLLED = "controlled"
    """Load on a circuit of its own, such as a water heater."""
    SOLAR = "solar"
    EXPORT = "export"

    @property
    def is_price(self) -> bool:
        """Whether it is a price."""
        return self in (Quantity.ENERGY_PRICE, Quantity.RESERVE_PRICE)


POWER_UNITS: Mapping[str, float] = {"kw": 1.0, "w": 1e-3, "mw": 1e3}
"""Mean power over an interval, and its factor to kW."""
ENERGY_UNITS: Mapping[str, float] = {"kwh": 1.0, "wh": 1e-3, "mwh": 1e3}
"""Energy of an interval, and its factor to kWh."""


@dataclass(slots=True, kw_only=True)
class Draft:
    """One series in the order of its file."""

    name: str
    quantity: Quantity
    unit: str
    """The file's unit: a key of `POWER_UNITS` or `ENERGY_UNITS`, or ``<currency>_per_mwh`` for prices."""
    column: str
    """What the file calls the values."""
    scale: float = 1.0
    """Factor from the file's number to ``unit``."""
    ends: bool = False
    """Whether times are the ends of intervals."""
    solar_kw: float | None = None
    """Installed power that the file states [kW]."""
    times: list[datetime] = field(default_factory=list)
    later: list[bool | None] = field(default_factory=list)
    """Second pass of a repeated hour, where the file says so."""
    seconds: list[int | None] = field(default_factory=list)
    """Length of the interval where the file says so [s]."""
    values: list[float] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    total: list[int] = field(default_factory=lambda: [0])
    """Readings of all series of the import, shared between them."""
    bad: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Entries that hold no number: code of the finding, and the cell."""

    def add(
        self,
        when: datetime,
        text: str,
        *,
        row: int,
        file: str,
        options: ImportOptions,
        later: bool | None = None,
        seconds: int | None = None,
    ) -> None:
        """Add a reading from its cell.

        Raises:
            TooManyReadingsError: the import holds as many as it may.
        """
        self.total[0] += 1
        if self.total[0] > MAX_READINGS:
            raise TooManyReadingsError(f"there are more than {MAX_READINGS} readings")
        value = parse_number(text, decimal=options.decimal)
        if isinstance(value, str):
            self.bad[len(self.times)] = (value, text)
            value = float("nan")
        self.times.append(when)
        self.later.append(later)
        self.seconds.append(seconds)
        self.values.append(value * self.scale)
        self.rows.append(row)
        self.files.append(file)


@dataclass(slots=True, kw_only=True)
class Drafts:
    """All series of a file, and what was learned on the way."""

    series: dict[str, Draft] = field(default_factory=dict)
    zone_name: str | None = None
    """Zone that the format prescribes for its local times."""
    day_zone_name: str | None = None
    """Zone whose days the file's days are; for judging whether days are whole."""
    currency: str = "usd"
    sessions: list[Session] = field(default_factory=list)
    """Charging sessions, where the file holds those."""
    _total: list[int] = field(default_factory=lambda: [0])
    notes: dict[str, str] = field(default_factory=dict)
    """Facts about the file for the provenance."""

    def get(self, name: str, *, quantity: Quantity, unit: str, column: str, ends: bool = False) -> Draft:
        """The series called ``name``, made at its first reading."""
        found = self.series.get(name)
        if found is None:
            found = Draft(name=name, quantity=quantity, unit=unit, column=column, ends=ends, total=self._total)
            self.series[name] = found
        return found

    def stop_if_empty(self, report: Report, *, file: str) -> None:
        """Stop where no reading was found.

        Raises:
            ReadingStoppedError: there is none.
        """
        if not self.sessions and not any(draft.times for draft in self.series.values()):
            code = "no_rows" if not report.errors else "nothing_selected"
            report.stop(code, "no reading is left", file=file)
