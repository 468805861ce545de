"""Market rules as dated data: what may be sold, until when, in which sizes and prices, and what a shortfall costs.

A profile comes with gridpact (``market/profiles``) or from a user's YAML file, see `gridpact.market.rule_file`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple

from gridpact import horizon, units
from gridpact.errors import InputError, MarketRuleError
from gridpact.market.clearing import BidSegment
from gridpact.market.documents import nearest, parse_document, read_document
from gridpact.market.opportunity import MarketOpportunity, Product
from gridpact.market.rule_file import GATE_CLOSURE, RULES, RuleHistory, RuleValue, Scalar, parse_history

_TOLERANCE = 1e-6
"""Quantities [kW] and prices closer than this are the same."""


class RuleRow(NamedTuple):
    """One line of a profile as a table."""

    rule: str
    value: str
    unit: str
    effective_from: str
    source: str
    verified: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleProfile:
    """The rules of one market on one day."""

    name: str
    market: str
    """What the profile stands for."""
    note: str
    """What a reader should know before relying on it; may be empty."""
    values: tuple[RuleValue, ...]
    """Every value in force, with its date, source and whether it was verified."""
    on: date | None = None
    """Day for which the values were picked; None for the latest."""

    @property
    def not_yet_in_force(self) -> tuple[str, ...]:
        """Rules whose earliest known value begins after ``on``: applied all the same, as a what-if."""
        if self.on is None:
            return ()
        return tuple(dict.fromkeys(value.rule for value in self.values if value.effective_from > self.on))

    @property
    def unverified(self) -> tuple[str, ...]:
        """Rules with a value in force that was not read in a primary source."""
        return tuple(dict.fromkeys(value.rule for value in self.values if not value.verified))

    @property
    def timezone(self) -> str:
        """Time zone of the market's clock."""
        return str(self._the("timezone"))

    @property
    def products(self) -> tuple[Product, ...]:
        """What can be sold."""
        value = self._the("products")
        return value if isinstance(value, tuple) else ()

    @property
    def quantity_step_kw(self) -> float:
        """Lot: every traded quantity is a whole number of these [kW]; 0.001 is the finest that gridpact trades."""
        return _float(self._the("quantity_step_kw"))

    @property
    def max_segments(self) -> int:
        """Most segments in a bid."""
        return int(_float(self._the("max_segments")))

    @property
    def export_counts(self) -> bool:
        """Whether energy fed into the grid counts as delivered; false where only less import does."""
        return bool(self._the("export_counts"))

    @property
    def penalty_multiplier(self) -> float:
        """Price of a missing unit as a multiple of the market price; at least 1."""
        return _float(self._the("penalty_multiplier"))

    @property
    def window_step_minutes(self) -> int | None:
        """Windows begin and end on a multiple of this past local midnight [min]; None: on the run's own grid."""
        value = self._find("window_step_minutes")
        return None if value is None else int(_float(value))

    def minimum_kw(self, product: Product) -> float:
        """Least quantity that may be sold [kW]."""
        return _float(self._the("minimum_kw", product))

    def maximum_kw(self, product: Product) -> float:
        """Most quantity that may be sold [kW]; infinite without a limit."""
        value = self._find("maximum_kw", product)
        return float("inf") if value is None else _float(value)

    def price_floor(self, product: Product) -> float:
        """Lowest price of the market, in the product's unit."""
        return _float(self._the("price_floor", product))

    def price_cap(self, product: Product) -> float:
        """Highest price of the market, in the product's unit."""
        return _float(self._the("price_cap", product))

    def bid_price_cap(self, product: Product) -> float:
        """Highest price that a bid may ask, in the product's unit; the market's cap unless the rules say less."""
        value = self._find("bid_price_cap", product)
        return self.price_cap(product) if value is None else _float(value)

    def sustain_h(self, product: Product) -> float:
        """How long a called reserve must be able to run [h]; 0 for energy."""
        return _float(self._the("sustain_h", product)) if product.is_reserve else 0.0

    def minimum_window_h(self, product: Product) -> float:
        """Shortest window [h]; 0 without a limit."""
        value = self._find("minimum_window_h", product)
        return 0.0 if value is None else _float(value)

    def maximum_window_h(self, product: Product) -> float:
        """Longest window [h]; infinite without a limit."""
        value = self._find("maximum_window_h", product)
        return float("inf") if value is None else _float(value)

    def penalty_price(self, clearing_price: float) -> float:
        """What each missing MWh, or MW and hour, costs the operator: never less than what it was paid for it, nor
        below zero. In the unit of ``clearing_price``."""
        return self.penalty_multiplier * max(clearing_price, 0.0)

    def least_kw(self, opportunity: MarketOpportunity) -> float:
        """Least quantity that may clear [kW]: the larger of the rules' and the opportunity's, in whole lots."""
        least = max(self.minimum_kw(opportunity.product), opportunity.minimum_kw)
        lots = -((-least + _TOLERANCE) // self.quantity_step_kw)
        return round(max(lots, 0.0) * self.quantity_step_kw, 6)

    def gate_closure(self, opportunity: MarketOpportunity) -> datetime:
        """Last instant for a bid, aware, UTC.

        ``day_ahead HH:MM`` is that local time on the calendar day before the one on which the window begins.

        Raises:
            MarketRuleError: the product is not sold here.
        """
        self._check_sold(opportunity)
        rule = GATE_CLOSURE.fullmatch(str(self._the("gate_closure", opportunity.product)))
        if rule is None:
            raise MarketRuleError(f"rules {self.name!r}: gate_closure cannot be read")
        if rule[3] is not None:
            return opportunity.start - timedelta(minutes=int(rule[3]))
        market = horizon.zone(self.timezone)
        day = opportunity.start.astimezone(market).date() - timedelta(days=1)
        return datetime.combine(day, time(int(rule[1]), int(rule[2])), tzinfo=market).astimezone(UTC)

    def check_opportunity(self, opportunity: MarketOpportunity) -> None:
        """Check product, window, size and reference price against the rules.

        Raises:
            MarketRuleError: the first rule that the opportunity breaks, and what to change.
        """
        self._check_sold(opportunity)
        self._check_window(opportunity)
        self._check_size(opportunity)
        product, price = opportunity.product, opportunity.reference_price
        for word, limit, outside in (
            ("cap", self.price_cap(product), price > self.price_cap(product)),
            ("floor", self.price_floor(product), price < self.price_floor(product)),
        ):
            if outside:
                side = "above" if word == "cap" else "below"
                raise self._broken(
                    opportunity,
                    f"reference_price {price:g} is {side} the price {word} of {limit:g} {product.price_unit}; no "
                    "market price can lie there",
                )

    def check_bid(self, opportunity: MarketOpportunity, segments: Sequence[BidSegment]) -> list[str]:
        """Every rule that a bid breaks, in words; an empty list where it is within the rules.

        The bid's segments are in the order in which they would be sent.
        """
        if not segments:
            return ["a bid needs at least one segment"]
        product, step = opportunity.product, self.quantity_step_kw
        broken: list[str] = []
        if product not in self.products:
            return [f"{product.value} is not sold under {self.name}; it has {_names(self.products)}"]
        if len(segments) > self.max_segments:
            broken.append(f"{len(segments)} segments are more than the {self.max_segments} allowed")
        floor, cap, unit = self.price_floor(product), self.bid_price_cap(product), product.price_unit
        for number, segment in enumerate(segments, start=1):
            what = f"segment {number}: "
            if number > 1 and segment.price < segments[number - 2].price - _TOLERANCE:
                broken.append(f"{what}price {segment.price:g} is below the {segments[number - 2].price:g} before it")
            if segment.price > cap + _TOLERANCE:
                broken.append(f"{what}price {segment.price:g} is above the bid cap of {cap:g} {unit}")
            if segment.price < floor - _TOLERANCE:
                broken.append(f"{what}price {segment.price:g} is below the floor of {floor:g} {unit}")
            if abs(segment.price * 100 - round(segment.price * 100)) > 1e-4:
                broken.append(f"{what}price {segment.price!r} is finer than 0.01")
            if not _whole_lots(segment.quantity_kw, step):
                broken.append(f"{what}{segment.quantity_kw:g} kW is not a whole number of {step:g} kW lots")
        first = sum(segment.quantity_kw for segment in segments if segment.price <= segments[0].price)
        total = sum(segment.quantity_kw for segment in segments)
        if first < self.least_kw(opportunity) - _TOLERANCE:
            least = self.least_kw(opportunity)
            broken.append(f"{first:g} kW at the lowest price is less than the minimum of {least:g} kW")
        most = min(opportunity.requested_kw, self.maximum_kw(product))
        if total > most + _TOLERANCE:
            broken.append(f"{total:g} kW in all is more than the {most:g} kW that the market takes")
        return broken

    def _check_sold(self, opportunity: MarketOpportunity) -> None:
        if opportunity.product not in self.products:
            raise self._broken(
                opportunity,
                f"{opportunity.product.value} is not sold here; choose one of {_names(self.products)} or other rules",
            )

    def _check_window(self, opportunity: MarketOpportunity) -> None:
        product, length = opportunity.product, opportunity.window_h
        step = self.window_step_minutes or opportunity.step_minutes
        market = horizon.zone(self.timezone)
        for word, moment in (("start", opportunity.start), ("end", opportunity.end)):
            local = moment.astimezone(market)
            past = local.minute * 60 + local.second + local.microsecond / 1e6 + local.hour * 3600
            if past % (step * 60):
                raise self._broken(
                    opportunity,
                    f"{word} {local.isoformat()} is not on the {step}-minute grid; move it to a multiple of {step} min",
                )
        least, most = self.minimum_window_h(product), self.maximum_window_h(product)
        if not least - _TOLERANCE <= length <= most + _TOLERANCE:
            raise self._broken(
                opportunity,
                f"the window lasts {length:g} h; {product.value} windows last {least:g} h or more"
                + (f" and at most {most:g} h" if most < float("inf") else "")
                + "; change its start or end",
            )

    def _check_size(self, opportunity: MarketOpportunity) -> None:
        product, asked, step = opportunity.product, opportunity.requested_kw, self.quantity_step_kw
        least, most = self.minimum_kw(product), self.maximum_kw(product)
        if asked < least - _TOLERANCE:
            raise self._broken(
                opportunity,
                f"requested_kw {asked:g} is less than the market's minimum of {least:g} kW for {product.value}; "
                "request at least that, or use rules without a minimum such as 'demo'",
            )
        if asked > most + _TOLERANCE:
            raise self._broken(
                opportunity, f"requested_kw {asked:g} is more than the {most:g} kW allowed; request less"
            )
        for word, value in (("requested_kw", asked), ("minimum_kw", opportunity.minimum_kw)):
            if not _whole_lots(value, step):
                near = units.floor_kw(round(value / step) * step) or step
                raise self._broken(
                    opportunity, f"{word} {value!r} is no whole number of {step:g} kW lots; write {near:g}, for example"
                )

    def _broken(self, opportunity: MarketOpportunity, text: str) -> MarketRuleError:
        return MarketRuleError(f"opportunity {opportunity.opportunity_id!r} breaks rules {self.name!r}: {text}")

    def _find(self, rule: str, product: Product | None = None) -> Scalar | None:
        for value in self.values:
            if value.rule == rule and (product is None or product in value.products):
                return value.value
        return None

    def _the(self, rule: str, product: Product | None = None) -> Scalar:
        value = self._find(rule, product)
        if value is None:
            what = rule if product is None else f"{rule} for {product.value}"
            sold = "" if product is None or product in self.products else f"; it sells {_names(self.products)}"
            raise MarketRuleError(f"rules {self.name!r} have no {what}{sold}")
        return value


def rule_names() -> tuple[str, ...]:
    """Names of the profiles that come with gridpact, the demonstration first."""
    names = sorted(entry.name.removesuffix(".yaml") for entry in _folder().iterdir() if entry.name.endswith(".yaml"))
    return tuple(sorted(names, key=lambda name: name != "demo"))


def load_rules(name: str | Path, on: date | None = None) -> RuleProfile:
    """The profile called ``name``, or in a user's YAML file, with the values in force on a day.

    Args:
        name: one of `rule_names`, or the path of a ``.yaml`` or ``.yml`` file.
        on: day whose values are picked; None for the latest. A rule whose first known value begins later is applied
            all the same and listed in ``not_yet_in_force``.

    Raises:
        InputError: there is no such profile, or the file is not a usable one.
    """
    text = str(name)
    if text in rule_names():
        history = _packaged(text)
    elif text.lower().endswith((".yaml", ".yml")):
        path = Path(name)
        history = parse_history(read_document(path), where=str(path))
    else:
        raise InputError(
            f"there are no rules called {text!r} ({nearest(text, rule_names())}); to use your own, give a path "
            "that ends in .yaml"
        )
    return RuleProfile(name=history.name, market=history.market, note=history.note, values=history.in_force(on), on=on)


def check_profile_file(path: Path | str) -> RuleProfile:
    """Check a user's own profile and return it with its latest values.

    Raises:
        InputError: what is wrong, with the file, the rule and the entry.
    """
    history = parse_history(read_document(Path(path)), where=str(path))
    if history.name in rule_names():
        raise InputError(f"{path}: the name {history.name!r} is taken by a profile of gridpact's; choose another")
    return load_rules(path)


def describe(profile: RuleProfile) -> list[RuleRow]:
    """A profile's values as table rows: rule, value, unit, effective_from, source, verified ("yes" or "no")."""
    rows = []
    for value in profile.values:
        every = set(value.products) == set(profile.products)
        rows.append(
            RuleRow(
                rule=value.rule if not value.products or every else f"{value.rule} ({_names(value.products)})",
                value=_shown(value.value),
                unit=_unit(value),
                effective_from=value.effective_from.isoformat(),
                source=value.source,
                verified="yes" if value.verified else "no",
            )
        )
    return rows


@cache
def _packaged(name: str) -> RuleHistory:
    text = (_folder() / f"{name}.yaml").read_text(encoding="utf-8")
    return parse_history(parse_document(text, where=f"profiles/{name}.yaml"), where=f"profiles/{name}.yaml")


def _folder() -> Traversable:
    return files("gridpact.market") / "profiles"


def _unit(value: RuleValue) -> str:
    if value.rule in ("price_floor", "price_cap", "bid_price_cap"):
        return ", ".join(dict.fromkeys(product.price_unit for product in value.products))
    return RULES[value.rule].unit


def _shown(value: Scalar) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return _names(value)
    return f"{value:,g}" if isinstance(value, int | float) else value


def _names(products: tuple[Product, ...]) -> str:
    return ", ".join(product.value for product in products)


def _float(value: Scalar) -> float:
    if isinstance(value, tuple):
        raise InputError(f"expected a number, found {_names(value)}")
    return float(value)


def _whole_lots(quantity_kw: float, step_kw: float) -> bool:
    return abs(quantity_kw / step_kw - round(quantity_kw / step_kw)) * step_kw <= _TOLERANCE
