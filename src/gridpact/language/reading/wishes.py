"""What an owner asked for, read from free text: every value with the words that say it, and how sure the reader is."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gridpact.fleet.clock import LocalWindow
from gridpact.fleet.columns import COLUMNS, PERSONA_NAMES

Value = float | bool | str | tuple[str, ...]
_MOST_NUMBER = 1e300
"""Beyond what any field takes; greater whole numbers are no floats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeFacts:
    """What is known of the home and is needed to read quantities; nothing of any other home."""

    battery_kwh: float | None = None
    """Usable energy of the battery [kWh]; None: not known, or no battery."""
    vehicle_kwh: float | None = None
    """Usable energy of the car's battery [kWh]; None: not known, or no car."""
    currency: str = "USD"
    """In which the fleet's money is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where in the owner's text a value comes from."""

    start: int
    end: int
    """Place after the last character."""
    words: str = field(repr=False, default="")
    """The owner's words there; empty where they were forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One value that an owner asked for."""

    value: Value
    evidence: Evidence
    confidence: float
    """In [0, 1]: below 0.7 the owner had better be asked."""
    confirmed: bool = False
    source: str = "grammar"
    """``grammar``, ``model``, ``both``, or ``owner`` for what the owner set when confirming."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something in the text that was not made a wish, and why."""

    what: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What one text asks for. What it does not say is not there."""

    found: Mapping[str, Wish] = field(default_factory=dict)
    """By name of the field, in the order of `FIELDS`."""
    notes: tuple[Note, ...] = ()
    language: str = "en"

    def values(self) -> dict[str, Value]:
        """The values alone."""
        return {name: wish.value for name, wish in self.found.items()}

    def ordered(self) -> "Wishes":
        """The same with fields in their order."""
        return replace(self, found={name: self.found[name] for name in FIELDS if name in self.found})


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing that an owner can ask for."""

    name: str
    words: str
    """What a value means, with ``{}`` for it."""
    unit: str = ""
    kind: str = "number"
    """``number``, ``truth``, ``clock``, ``windows`` or ``word``."""
    low: float = 0.0
    high: float = math.inf
    strict: str = "high"
    """Which value limits more: ``high``, ``low``, ``false``, ``early``, ``union``, or ``first`` among words."""


def _like(column: str, **settings: str) -> Field:
    """A field that is a number of the fleet's own column."""
    bounds = COLUMNS[column]
    return Field(
        name=column,
        words=settings["words"],
        unit=bounds.unit,
        strict=settings.get("strict", "high"),
        low=bounds.low,
        high=bounds.high,
    )


FIELDS: dict[str, Field] = {
    each.name: each
    for each in (
        Field(name="participates", kind="truth", strict="false", words="whether the home takes part: {}"),
        Field(name="battery_participates", kind="truth", strict="false", words="whether the battery takes part: {}"),
        Field(name="vehicle_participates", kind="truth", strict="false", words="whether the car takes part: {}"),
        _like("backup_soc_fraction", words="keep at least {} of the battery for outages"),
        Field(name="backup_kwh", unit="kWh", words="keep at least {} kWh in the battery for outages", high=1e3),
        Field(name="backup_hours", unit="h", words="bridge an outage of {} hours", high=24.0 * 30),
        Field(name="critical_load_kw", unit="kW", words="a load of {} kW has to run in an outage", high=1e3),
        Field(
            name="maximum_discharge_fraction",
            unit="1",
            high=1.0,
            strict="low",
            words="draw at most {} of the battery",
        ),
        _like("max_cycles_per_day", strict="low", words="at most {} full cycles a day"),
        Field(name="blackout", kind="windows", strict="union", words="change nothing during {}"),
        _like("floor_usd_per_mwh", words="sell for no less than {} USD/MWh"),
        Field(name="export_allowed", kind="truth", strict="false", words="may feed into the grid: {}"),
        _like("vehicle_required_soc_fraction", words="the car has at least {} when it leaves"),
        Field(name="vehicle_required_kwh", unit="kWh", words="the car has at least {} kWh when it leaves", high=1e3),
        Field(name="vehicle_range_km", unit="km", words="the car can drive at least {} km", high=5e3),
        Field(name="vehicle_ready_by", kind="clock", strict="early", words="the car is ready by {}"),
        Field(
            name="vehicle_discharge_allowed",
            kind="truth",
            strict="false",
            words="the car's battery may be drawn on: {}",
        ),
        Field(name="persona", kind="word", strict="first", words="kind of owner: {}"),
    )
}
"""Everything that can be read, in the order shown."""


def stricter(name: str, one: Value, other: Value) -> Value:
    """Of two values of a field, the one that limits more; for windows, both."""
    choose: dict[str, Callable[[Any, Any], Any]] = {
        "high": max,
        "low": min,
        "false": lambda a, b: a and b,
        "early": lambda a, b: a if clock_minutes(a) <= clock_minutes(b) else b,
        "union": lambda a, b: (*a, *(each for each in b if each not in a)),
        "first": lambda a, b: min(a, b, key=PERSONA_NAMES.index),
    }
    return choose[FIELDS[name].strict](one, other)  # type: ignore[no-any-return]


def covers(name: str, value: Value, wanted: Value) -> bool:
    """Whether ``value`` limits at least as much as ``wanted``."""
    rule = FIELDS[name].strict
    if rule == "high":
        return float(value) >= float(wanted) - 1e-6  # type: ignore[arg-type]
    if rule == "low":
        return float(value) <= float(wanted) + 1e-6  # type: ignore[arg-type]
    if rule == "union":
        have, need = (minutes_of(each) for each in (value, wanted))  # type: ignore[arg-type]
        return need <= have
    if rule == "first":
        return PERSONA_NAMES.index(str(value)) <= PERSONA_NAMES.index(str(wanted))
    return stricter(name, value, wanted) == value


def clock_minutes(text: str) -> int:
    """Minutes since midnight of ``HH:MM``."""
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def minutes_of(windows: tuple[str, ...]) -> set[int]:
    """Minutes of the week, from Monday 00:00, in which any of ``windows`` holds."""
    found: set[int] = set()
    for text in windows:
        window = LocalWindow.parse(text)
        start, end = (int(each.total_seconds()) // 60 for each in (window.start, window.end))
        length = end - start if end > start else end - start + 1440
        for day in window.weekdays:
            found.update((day * 1440 + start + minute) % 10080 for minute in range(length))
    return found


def problem_with(name: str, value: object) -> str:
    """Why ``value`` cannot be one of the field ``name``; empty if it can."""
    each = FIELDS.get(name)
    if each is None:
        return f"there is no field {name!r}; the fields are {', '.join(FIELDS)}"
    match each.kind:
        case "number":
            if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
                return f"{name} is {value!r}; it must be a number"
            if abs(value) > _MOST_NUMBER:
                return f"{name} is too large a number"
            if not each.low <= value <= each.high:
                return f"{name} is {value:g}; it must lie between {each.low:g} and {each.high:g}"
        case "truth":
            if not isinstance(value, bool):
                return f"{name} is {value!r}; it must be true or false"
        case "word":
            if value not in PERSONA_NAMES:
                return f"{name} is {value!r}; it must be one of {', '.join(PERSONA_NAMES)}"
        case "clock":
            if not isinstance(value, str) or not _is_clock(value):
                return f"{name} is {value!r}; it must be a local time such as '07:30'"
        case _:
            if not isinstance(value, tuple | list) or not value or not all(_is_window(part) for part in value):
                return f"{name} is {value!r}; it must list local windows such as 'Mon-Fri 08:00-10:00'"
    return ""


def _is_clock(text: str) -> bool:
    hours, colon, minutes = text.partition(":")
    digits = hours.isascii() and minutes.isascii() and hours.isdigit() and minutes.isdigit()
    return bool(colon) and digits and len(hours) == len(minutes) == 2 and int(hours) < 24 and int(minutes) < 60


def _is_window(text: object) -> bool:
    try:
        LocalWindow.parse(str(text))
    except ValueError:
        return False
    return isinstance(text, str)
