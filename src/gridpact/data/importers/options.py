"""What the user declares about a file, and which repairs the user names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from gridpact.errors import InputError, UnitRangeError
from gridpact.horizon import zone

CHOICES: Mapping[str, tuple[str, ...]] = {
    "label": ("start", "end"),
    "date_order": ("dmy", "mdy"),
    "decimal": ("point", "comma"),
    "fill_gaps": ("linear", "previous", "same-hour-last-week", "leave"),
    "duplicates": ("identical", "first", "last", "mean"),
    "ambiguous": ("earlier", "later", "split"),
    "nonexistent": ("drop",),
    "bad_cells": ("gap",),
    "negative": ("zero",),
    "exports": ("ignore",),
    "bad_sessions": ("drop",),
    "forecast": ("perfect", "day-before", "week-before"),
    "unit": ("kw", "w", "kwh", "wh", "mwh"),
}
"""What each choice may be."""
DEFAULT_MAX_GAP_H = 3.0
RESAMPLE_MINUTES = (5, 10, 15, 20, 30, 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """Declarations and named repairs; None leaves a matter undeclared or unrepaired."""

    timezone: str | None = None
    """IANA zone of times without an offset."""
    label: str | None = None
    """Whether a time is its interval's start or end."""
    date_order: str | None = None
    decimal: str = "point"
    encoding: str | None = None
    unit: str | None = None
    """Unit of household columns whose header has none."""
    fx: float | None = None
    """USD for one unit of the file's currency."""
    locations: tuple[str, ...] = ()
    only: tuple[tuple[str, str], ...] = ()
    """Column and value that rows must have."""
    series: tuple[str, ...] = ()
    """Output series to keep; all where empty."""
    fill_gaps: str | None = None
    max_gap_h: float = DEFAULT_MAX_GAP_H
    duplicates: str | None = None
    ambiguous: str | None = None
    nonexistent: str | None = None
    bad_cells: str | None = None
    negative: str | None = None
    exports: str | None = None
    bad_sessions: str | None = None
    forecast: str = "perfect"
    resample_minutes: int | None = None
    solar_kw: float | None = None
    """Installed solar power [kW]."""
    profile: str | None = None
    """What profiles are called, before _load or _solar."""
    by: str | None = None
    """Column that tells cars or plugs apart."""
    zone: ZoneInfo | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Check every choice.

        Raises:
            InputError: a choice, zone or encoding is not known.
            UnitRangeError: a number is out of range.
        """
        for name, allowed in CHOICES.items():
            value = getattr(self, name)
            if value is not None and value not in allowed:
                raise InputError(f"--{name.replace('_', '-')} is {value!r}; use {', '.join(allowed)}")
        if self.timezone is not None:
            object.__setattr__(self, "zone", zone(self.timezone, what="--timezone"))
        if self.encoding is not None:
            try:
                "x".encode(self.encoding)
            except (LookupError, ValueError, AttributeError):
                raise InputError(f"--encoding {self.encoding!r} is not a text encoding such as cp1252") from None
        for name, value, most in (("fx", self.fx, 1e4), ("solar-kw", self.solar_kw, 1e4)):
            if value is not None and not 0 < value <= most:
                raise UnitRangeError(f"--{name} is {value:g}; it must be above 0 and at most {most:g}")
        if not 0 < self.max_gap_h <= 24 * 31:
            raise UnitRangeError(f"--max-gap is {self.max_gap_h:g} h; it must be above 0 and at most a month")
        if self.resample_minutes is not None and self.resample_minutes not in RESAMPLE_MINUTES:
            raise InputError(
                f"--resample is {self.resample_minutes}; use {', '.join(map(str, RESAMPLE_MINUTES))} minutes"
            )

    def flag(self, name: str, *, where: bool = True) -> str | None:
        """A repair as the user wrote it, such as ``--bad-cells gap``; None where it was not named or not ``where``."""
        value = getattr(self, name)
        return f"--{name.replace('_', '-')} {value}" if where and value is not None else None

    def named(self) -> dict[str, object]:
        """What differs from the defaults, for the provenance."""
        plain = type(self)()
        names = [name for name in self.__dataclass_fields__ if name != "zone"]
        return {name: getattr(self, name) for name in names if getattr(self, name) != getattr(plain, name)}
