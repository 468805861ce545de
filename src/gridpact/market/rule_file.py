"""Reading a rule profile: dated values with their source, from YAML, each checked.

schema: gridpact.rules/1
name: my_market
market: what the profile stands for
note: anything a reader should know
rules:
  timezone: {value: America/Chicago, effective_from: 2022-01-01, source: rule book 3.1, verified: true}
  price_cap:
    - {products: [energy], value: 9000, effective_from: 2015-06-01, source: order 40268, verified: false}
    - {products: [energy], value: 5000, effective_from: 2022-01-01, source: notice M-A120721-01, verified: true}
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from gridpact import horizon
from gridpact.errors import InputError, MissingDataError, UnitRangeError
from gridpact.market.documents import as_mapping, nearest
from gridpact.market.opportunity import Product

SCHEMA = "gridpact.rules/1"
VALUE_KEYS = ("value", "effective_from", "source", "verified")
GATE_CLOSURE = re.compile(r"day_ahead ([01]\d|2[0-3]):([0-5]\d)|minutes_before (\d{1,5})")

Scalar = str | float | int | bool | tuple[Product, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleValue:
    """One value of one rule, from one date on."""

    rule: str
    products: tuple[Product, ...]
    """Products it holds for; empty where the rule does not depend on the product."""
    value: Scalar
    effective_from: date
    source: str
    """Where the value was found."""
    verified: bool
    """Whether the value was read in a primary source; ``source`` says where its date was not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleKind:
    """What a rule may hold."""

    unit: str
    """Empty: the product's price unit."""
    read: Callable[[Any, str], Scalar]
    """Checks a raw value; the second argument names it in messages."""
    by_product: bool = False
    required: bool = True
    reserve_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleHistory:
    """A whole profile: every dated value."""

    name: str
    market: str
    note: str
    values: tuple[RuleValue, ...]

    def in_force(self, on: date | None) -> tuple[RuleValue, ...]:
        """Values in force on a date; the latest ones for None. A rule that begins later holds from its first value."""
        sold = self._products(on)
        found: list[RuleValue] = []
        for rule, kind in RULES.items():
            for product in sold if kind.by_product else (None,):
                value = self._latest(rule, product, on)
                if value is not None and value not in found:
                    found.append(value)
        return tuple(_only(value, sold) for value in found)

    def _products(self, on: date | None) -> tuple[Product, ...]:
        value = self._latest("products", None, on)
        return value.value if value is not None and isinstance(value.value, tuple) else ()

    def _latest(self, rule: str, product: Product | None, on: date | None) -> RuleValue | None:
        dated = [v for v in self.values if v.rule == rule and (product is None or product in v.products)]
        dated.sort(key=lambda value: value.effective_from)
        begun = [value for value in dated if on is None or value.effective_from <= on]
        return begun[-1] if begun else next(iter(dated), None)


def _only(value: RuleValue, sold: tuple[Product, ...]) -> RuleValue:
    kept = tuple(product for product in value.products if product in sold)
    return RuleValue(
        rule=value.rule,
        products=kept,
        value=value.value,
        effective_from=value.effective_from,
        source=value.source,
        verified=value.verified,
    )


def parse_history(content: object, *, where: str) -> RuleHistory:
    """A profile from a file's content.

    Raises:
        InputError: an unknown key (the nearest is named), a value of the wrong kind, dates that repeat.
        MissingDataError: a rule, or its value for a product, is missing.
        UnitRangeError: a number out of range.
    """
    top = as_mapping(
        content, where=where, known=("schema", "name", "market", "note", "rules"), required=("name", "market", "rules")
    )
    if top.get("schema", SCHEMA) != SCHEMA:
        raise InputError(f"{where}: schema is {top['schema']!r}; this version reads {SCHEMA!r}")
    for key in ("name", "market"):
        if not isinstance(top[key], str) or not top[key].strip():
            raise InputError(f"{where}: {key} is {top[key]!r}; write text")
    required = [name for name, kind in RULES.items() if kind.required and not kind.reserve_only]
    rules = as_mapping(top["rules"], where=f"{where}: rules", known=RULES, required=required)
    values: list[RuleValue] = []
    sold: tuple[Product, ...] = ()
    for name in sorted(rules, key=list(RULES).index):
        entries = rules[name] if isinstance(rules[name], list) else [rules[name]]
        if not entries:
            raise MissingDataError(f"{where}: rules.{name} has no value; add one")
        for number, entry in enumerate(entries, start=1):
            place = f"{where}: rules.{name}" + (f"[{number}]" if len(entries) > 1 else "")
            values.append(_value(name, entry, sold, where=place))
        if name == "products":
            listed = [product for value in values if isinstance(value.value, tuple) for product in value.value]
            sold = tuple(product for product in Product if product in listed)
    history = RuleHistory(
        name=top["name"].strip(),
        market=top["market"].strip(),
        note=" ".join(str(top.get("note") or "").split()),
        values=tuple(values),
    )
    _check_complete(history, sold, where=where)
    for day in sorted({value.effective_from for value in values}):
        _check_consistent(history.in_force(day), where=f"{where}: as of {day.isoformat()}")
    return history


def _value(name: str, entry: object, sold: tuple[Product, ...], *, where: str) -> RuleValue:
    kind = RULES[name]
    known = (*VALUE_KEYS, "products") if kind.by_product else VALUE_KEYS
    fields = as_mapping(entry, where=where, known=known, required=VALUE_KEYS)
    if not isinstance(fields["verified"], bool):
        raise InputError(f"{where}: verified is {fields['verified']!r}; write true or false")
    if not isinstance(fields["source"], str) or not fields["source"].strip():
        raise InputError(f"{where}: source is {fields['source']!r}; write where the value was found")
    products: tuple[Product, ...] = ()
    if kind.by_product:
        default = tuple(p for p in sold if p.is_reserve) if kind.reserve_only else sold
        products = _products(fields["products"], f"{where}: products") if "products" in fields else default
        for product in products:
            if product not in sold:
                raise InputError(f"{where}: {product.value} is not among the products that rules.products lists")
            if kind.reserve_only and not product.is_reserve:
                raise InputError(f"{where}: {name} holds for reserves only, not for {product.value}; leave it out")
    return RuleValue(
        rule=name,
        products=products,
        value=kind.read(fields["value"], f"{where}: value"),
        effective_from=_date(fields["effective_from"], where=f"{where}: effective_from"),
        source=" ".join(fields["source"].split()),
        verified=fields["verified"],
    )


def _check_complete(history: RuleHistory, sold: tuple[Product, ...], *, where: str) -> None:
    seen: set[tuple[str, Product | None, date]] = set()
    for value in history.values:
        for product in value.products or (None,):
            key = (value.rule, product, value.effective_from)
            if key in seen:
                what = value.rule if product is None else f"{value.rule} for {product.value}"
                raise InputError(f"{where}: two values of {what} begin on {value.effective_from.isoformat()}; keep one")
            seen.add(key)
    for rule, kind in RULES.items():
        needed = [p for p in sold if p.is_reserve or not kind.reserve_only] if kind.by_product and kind.required else []
        for product in needed:
            if not any(value.rule == rule and product in value.products for value in history.values):
                raise MissingDataError(f"{where}: rules.{rule} has no value for {product.value}; add one")


def _check_consistent(values: tuple[RuleValue, ...], *, where: str) -> None:
    number: dict[tuple[str, Product], float] = {
        (value.rule, product): float(value.value)
        for value in values
        for product in value.products
        if isinstance(value.value, int | float)
    }
    for low, high in (
        ("price_floor", "price_cap"),
        ("price_floor", "bid_price_cap"),
        ("bid_price_cap", "price_cap"),
        ("minimum_kw", "maximum_kw"),
        ("minimum_window_h", "maximum_window_h"),
    ):
        for (rule, product), least in number.items():
            most = number.get((high, product))
            if rule == low and most is not None and least > most:
                raise InputError(f"{where}: {low} {least:g} is above {high} {most:g} for {product.value}")


def _date(value: object, *, where: str) -> date:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    elif isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise InputError(f"{where} is {value!r}; write a date such as 2022-01-01")


def _number(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{where} is {value!r}; write a plain number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise UnitRangeError(f"{where} is {number}; it must be a finite number")
    return number


def _at_least(least: float) -> Callable[[Any, str], float]:
    def read(value: object, where: str) -> float:
        number = _number(value, where)
        if number < least:
            raise UnitRangeError(f"{where} is {number:g}; it must be at least {least:g}")
        return number

    return read


def _above_zero(value: object, where: str) -> float:
    number = _number(value, where)
    if number <= 0:
        raise UnitRangeError(f"{where} is {number:g}; it must be above zero")
    return number


def _lot(value: object, where: str) -> float:
    number = _above_zero(value, where)
    if abs(number * 1000 - round(number * 1000)) > 1e-6 or number < 0.001 - 1e-12:
        raise UnitRangeError(f"{where} is {number:g} kW; a lot is a whole number of watts, at least 0.001 kW")
    return number


def _whole(value: object, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UnitRangeError(f"{where} is {value!r}; write a whole number of at least 1")
    return value


def _window_step(value: object, where: str) -> int:
    number = _whole(value, where)
    if number > 60 or 60 % number:
        raise UnitRangeError(f"{where} is {number}; write whole minutes that divide an hour")
    return number


def _yes_or_no(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise InputError(f"{where} is {value!r}; write true or false")
    return value


def _timezone(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise InputError(f"{where} is {value!r}; write an IANA time zone such as America/Chicago")
    horizon.zone(value, what=where)
    return value


def _gate(value: object, where: str) -> str:
    if not isinstance(value, str) or not GATE_CLOSURE.fullmatch(value):
        raise InputError(f"{where} is {value!r}; write 'day_ahead HH:MM' (market time) or 'minutes_before N'")
    return value


def _products(value: object, where: str) -> tuple[Product, ...]:
    names = [product.value for product in Product]
    if not isinstance(value, list) or not value:
        raise InputError(f"{where}: write a list of products such as [energy, spin]")
    for name in value:
        if name not in names:
            raise InputError(f"{where}: product {name!r} is not known; {nearest(name, names)}")
    if len(set(value)) < len(value):
        raise InputError(f"{where}: a product is listed twice")
    return tuple(Product(name) for name in value)


RULES: Mapping[str, RuleKind] = {
    "products": RuleKind(unit="", read=_products),
    "timezone": RuleKind(unit="IANA time zone", read=_timezone),
    "gate_closure": RuleKind(unit="market time", read=_gate, by_product=True),
    "minimum_kw": RuleKind(unit="kW", read=_at_least(0.0), by_product=True),
    "maximum_kw": RuleKind(unit="kW", read=_above_zero, by_product=True, required=False),
    "quantity_step_kw": RuleKind(unit="kW", read=_lot),
    "price_floor": RuleKind(unit="", read=_number, by_product=True),
    "price_cap": RuleKind(unit="", read=_number, by_product=True),
    "bid_price_cap": RuleKind(unit="", read=_number, by_product=True, required=False),
    "max_segments": RuleKind(unit="segments", read=_whole),
    "minimum_window_h": RuleKind(unit="h", read=_above_zero, by_product=True, required=False),
    "maximum_window_h": RuleKind(unit="h", read=_above_zero, by_product=True, required=False),
    "window_step_minutes": RuleKind(unit="min", read=_window_step, required=False),
    "sustain_h": RuleKind(unit="h", read=_above_zero, by_product=True, reserve_only=True),
    "export_counts": RuleKind(unit="", read=_yes_or_no),
    "penalty_multiplier": RuleKind(unit="x market price", read=_at_least(1.0)),
}
"""Every rule that a profile may hold, in the order in which it is shown."""
