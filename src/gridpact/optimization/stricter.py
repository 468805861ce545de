"""Two sets of terms at once: of each term the stricter, and a conflict where neither is."""

from typing import Any

from gridpact.errors import InputError
from gridpact.optimization.instructions.windows import week_of, windows_of
from gridpact.optimization.spec import ProblemSpec

LEAST = frozenset(
    {
        "max_kw_per_home",
        "max_share_per_home",
        "max_total_kw",
        "max_members",
        "max_awards_per_home",
        "max_kwh_per_home",
        "max_total_kwh",
        "max_request_fraction",
        "max_owner_price",
        "max_owner_pay_usd",
        "max_bid_steps",
        "max_rounds",
        "risk_tail",
    }
)
"""Terms of which the smaller is the stricter."""
MOST = frozenset(
    {
        "margin",
        "min_total_kw",
        "min_members",
        "soc_reserve_fraction",
        "min_offer_kw",
        "spare_fraction",
        "min_bid_price",
        "min_spread",
        "min_expected_profit_usd",
        "risk_aversion",
    }
)
"""Terms of which the larger is the stricter."""
UNITED = frozenset({"exclude_homes", "exclude_personas"})
SHARED = frozenset({"only_homes", "only_personas", "only_products"})


def stricter_value(name: str, one: Any, other: Any) -> Any:
    """Of two values of a term, as plain values, what keeps both.

    Raises:
        InputError: nothing keeps both, or it cannot be said which is the stricter.
    """
    if one == other:
        return one
    if name in LEAST:
        return min(one, other)
    if name in MOST:
        return max(one, other)
    if name in UNITED:
        return [*one, *(each for each in other if each not in one)]
    if name in SHARED:
        both = [each for each in one if each in other]
        if not both:
            raise InputError(f"{name} is {_said(one)} and {_said(other)}, which have nothing in common")
        return both
    if name == "operating_windows":
        week = week_of(one) & week_of(other)
        if not week.any():
            raise InputError(f"{name} is {_said(one)} and {_said(other)}, which have no minute in common")
        return list(windows_of(week))
    if name == "exclude_assets":
        weeks: dict[str, Any] = {}
        for rule in (*one, *other):
            week = week_of(rule.get("windows", ("00:00-24:00",)))
            weeks[rule["asset"]] = weeks[rule["asset"]] | week if rule["asset"] in weeks else week
        return [{"asset": asset, "windows": list(windows_of(week))} for asset, week in weeks.items()]
    raise InputError(f"{name} is {one:g} and {other:g}, and neither is the stricter; keep one")


def stricter(one: ProblemSpec, other: ProblemSpec) -> ProblemSpec:
    """The terms of both: of what both say the stricter.

    Raises:
        InputError: nothing keeps both.
    """
    said: dict[str, Any] = _said_by(one)
    for name, value in _said_by(other).items():
        said[name] = stricter_value(name, said[name], value) if name in said else value
    return ProblemSpec.from_mapping(said, source="the terms together")


def _said_by(spec: ProblemSpec) -> dict[str, Any]:
    neutral = ProblemSpec().model_dump(mode="json")
    return {name: value for name, value in spec.model_dump(mode="json").items() if value != neutral[name]}


def _said(names: Any) -> str:
    return ", ".join(map(str, names))
