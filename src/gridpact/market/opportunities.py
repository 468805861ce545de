"""Opportunity files: one market opportunity or several, as YAML or JSON, with the keys of the run folder."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gridpact.data.files import checked_member
from gridpact.errors import InputError, NaiveDatetimeError, UnitRangeError
from gridpact.horizon import read_iso
from gridpact.market.documents import as_mapping, nearest, read_document
from gridpact.market.opportunity import MarketOpportunity, Product

OPPORTUNITY_KEYS = (
    "id",
    "product",
    "direction",
    "start",
    "end",
    "step_minutes",
    "requested_kw",
    "minimum_kw",
    "reference_price",
    "price_unit",
    "rules",
)
"""Keys of one opportunity, as in a run's result.json."""
REQUIRED_KEYS = ("id", "product", "start", "end", "requested_kw", "reference_price")


def read_opportunities(path: Path | str, *, rules: str = "demo") -> list[MarketOpportunity]:
    """The opportunities in a YAML or JSON file, in file order.

    The file holds one opportunity (a mapping), a list of them, or a mapping with the key ``opportunities``.
    ``direction`` may be left out and is ``up``; ``price_unit`` may be left out and follows the product; ``rules``
    is the argument of that name, ``step_minutes`` 15 and ``minimum_kw`` 0 unless given. A file of rules that an
    opportunity names lies in the same folder, or is ``rules``.

    Raises:
        MissingDataError: no such file, no opportunity in it, or a key is missing.
        InputError: unreadable file, unknown key or product, wrong direction or unit, an id used twice.
        NaiveDatetimeError: a time has no UTC offset.
        UnitRangeError: a number is not finite or out of range.
    """
    file = Path(path)
    content = read_document(file)
    if isinstance(content, Mapping) and "opportunities" in content:
        content = as_mapping(content, where=str(file), known=("opportunities",))["opportunities"]
    entries = content if isinstance(content, list) else [content]
    if not entries or entries == [None]:
        raise InputError(f"{file}: no opportunity in the file; write one with the keys {', '.join(REQUIRED_KEYS)}")
    found: list[MarketOpportunity] = []
    for number, entry in enumerate(entries, start=1):
        where = f"{file}" if len(entries) == 1 else f"{file}, opportunity {number}"
        opportunity = _opportunity(entry, where=where, rules=rules, folder=file.parent)
        if any(opportunity.opportunity_id == other.opportunity_id for other in found):
            raise InputError(f"{where}: the id {opportunity.opportunity_id!r} is used twice; give each its own")
        found.append(opportunity)
    return found


def _opportunity(entry: object, *, where: str, rules: str, folder: Path) -> MarketOpportunity:
    fields = as_mapping(entry, where=where, known=OPPORTUNITY_KEYS, required=REQUIRED_KEYS)
    product = _product(fields["product"], where=where)
    direction = fields.get("direction", "up")
    if direction != "up":
        raise InputError(f"{where}: direction is {direction!r}; only 'up' (less import or more export) can be sold")
    unit = fields.get("price_unit", product.price_unit)
    if unit != product.price_unit:
        raise InputError(
            f"{where}: price_unit is {unit!r}, but {product.value} is priced in {product.price_unit!r}; "
            "convert reference_price and write that unit"
        )
    step = fields.get("step_minutes", 15)
    if not isinstance(step, int) or isinstance(step, bool):
        raise InputError(f"{where}: step_minutes is {step!r}; write a whole number of minutes such as 15")
    try:
        return MarketOpportunity(
            opportunity_id=_text(fields, "id", where=where),
            product=product,
            start=_moment(fields["start"], where=f"{where}: start"),
            end=_moment(fields["end"], where=f"{where}: end"),
            step_minutes=step,
            requested_kw=_number(fields, "requested_kw", where=where),
            minimum_kw=_number(fields, "minimum_kw", where=where) if "minimum_kw" in fields else 0.0,
            reference_price=_number(fields, "reference_price", where=where),
            rules=_rules(_text(fields, "rules", where=where), rules, folder, where) if "rules" in fields else rules,
        )
    except InputError as problem:
        message = str(problem)
        raise type(problem)(message if message.startswith(where) else f"{where}: {message}") from None


def _product(value: object, *, where: str) -> Product:
    names = [product.value for product in Product]
    if not isinstance(value, str) or value not in names:
        raise InputError(f"{where}: product {value!r} is not known; {nearest(value, names)}")
    return Product(value)


def _text(fields: Mapping[str, Any], key: str, *, where: str) -> str:
    value = fields[key]
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{where}: {key} is {value!r}; write text, in quotes where it looks like a number")
    return value


def _rules(name: str, given: str, folder: Path, where: str) -> str:
    """The rules that an opportunity names: gridpact's, those that the user gave, or a file in the opportunity's folder.

    An opportunity may come from somebody else, and shall not make other files be read.
    """
    if name == given or not name.lower().endswith((".yaml", ".yml")):
        return name
    path = checked_member(folder, name) if not Path(name).is_absolute() else None
    if path is None or not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(
            f"{where}: rules is {name!r}; a file of rules lies in the folder of the opportunity file, or is given with "
            "--rules"
        )
    return str(path)


def _number(fields: Mapping[str, Any], key: str, *, where: str) -> float:
    value = fields[key]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{where}: {key} is {value!r}; write a plain number without quotes or units")
    try:
        return float(value)
    except OverflowError:
        raise UnitRangeError(f"{where}: {key} is too large to be a quantity") from None


def _moment(value: object, *, where: str) -> datetime:
    try:
        moment = read_iso(value) if isinstance(value, str) else value
        if isinstance(moment, datetime):
            if moment.utcoffset() is None:
                raise NaiveDatetimeError(
                    f"{where} is {value!s}, which has no UTC offset; write it as 2022-07-13T19:00:00-05:00"
                )
            return moment.astimezone(UTC)
    except (ValueError, OverflowError) as problem:
        if isinstance(problem, NaiveDatetimeError):
            raise
    raise InputError(f"{where} is {value!r}, not an ISO time such as 2022-07-13T19:00:00-05:00")
