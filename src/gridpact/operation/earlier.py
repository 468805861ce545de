"""What is read of an earlier run's ``result.json``: only this, and checked, as anyone may have written the folder."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from gridpact.errors import InputError
from gridpact.horizon import aware_utc
from gridpact.market.opportunity import Product
from gridpact.market.rules import RuleProfile, load_rules, rule_names


def _time(text: str) -> str:
    aware_utc(datetime.fromisoformat(text), what="a time")
    return text


Name = Annotated[str, Field(min_length=1, max_length=1000)]
Moment = Annotated[str, Field(max_length=50), AfterValidator(_time)]
"""ISO text with a UTC offset."""
Quantity = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class EarlierIdentity(_Facts):
    """Which run it was."""

    id: Name


class EarlierOpportunity(_Facts):
    """What was sold."""

    id: Name
    product: Product
    start: Moment
    end: Moment
    step_minutes: int
    rules: Name


class EarlierPromise(_Facts):
    """What one home owes in one window."""

    run: Name
    opportunity_id: Name
    home_id: Name
    product: Product
    start: Moment
    end: Moment
    quantity_kw: Quantity
    """[kW]"""
    sustain_h: Quantity
    """Longest call [h]."""
    rules: Name

    @property
    def window(self) -> tuple[datetime, datetime]:
        """Start and end, aware."""
        return datetime.fromisoformat(self.start), datetime.fromisoformat(self.end)


class EarlierResult(_Facts):
    """The parts of ``result.json`` that bind a later run."""

    run: EarlierIdentity
    opportunities: Annotated[tuple[EarlierOpportunity, ...], Field(min_length=1, max_length=10_000)]
    commitments: tuple[EarlierPromise, ...] = ()


def earlier_result(content: Mapping[str, Any], *, source: str) -> EarlierResult:
    """The checked parts of a ``result.json``.

    Raises:
        InputError: a part is missing or cannot be used; the message names the first.
    """
    try:
        return EarlierResult.model_validate(dict(content))
    except ValidationError as problem:
        first = problem.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{source}: {place}: {first['msg']}; this is not the result of a run") from None


def earlier_rules(
    promise: EarlierPromise | EarlierOpportunity, *, own: Mapping[str, Path | str], source: str
) -> RuleProfile:
    """The rules that an earlier opportunity was under, on the day it begins.

    A folder may name a file of rules, but it does not decide which files are read: ``own`` holds, by name, where those
    lie that the user of this run gave.

    Raises:
        InputError: the rules are neither gridpact's nor among ``own``.
    """
    if promise.rules not in rule_names() and promise.rules not in own:
        raise InputError(
            f"{source} was made under the rules {promise.rules[:200]!r}, which this run is not given; if they are your "
            "own, give the same path with --rules"
        )
    return load_rules(own.get(promise.rules, promise.rules), on=datetime.fromisoformat(promise.start).date())
