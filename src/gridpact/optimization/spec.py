"""The operator's terms: a closed vocabulary, in YAML or as a mapping. Formulas are in ``docs/problem-spec.md``."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from gridpact.coalition.risk import RiskAversion
from gridpact.coalition.terms import HomeCap, MinimumMembers, MinimumTotal, ShareCap, Term, TotalCap
from gridpact.errors import InputError
from gridpact.fleet.clock import LocalWindow, blackout_mask
from gridpact.horizon import Horizon
from gridpact.market.documents import nearest, read_document
from gridpact.market.opportunity import MarketOpportunity

ProductName = Literal["energy", "spin", "nonspin"]
Asset = Literal["battery", "vehicle", "heat"]
Finite = Annotated[float, Field(allow_inf_nan=False, strict=True, ge=-1e6, le=1e6)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)]
Name = Annotated[str, Field(min_length=1, strict=True)]

MINUTES_PER_HOUR = 60
FIRST_TERMS = frozenset(
    {
        "margin",
        "max_kw_per_home",
        "max_share_per_home",
        "max_total_kw",
        "min_total_kw",
        "min_members",
        "exclude_homes",
        "exclude_personas",
        "exclude_assets",
        "operating_windows",
        "soc_reserve_fraction",
        "satisfaction_weight_usd",
    }
)
"""Terms that logs have always named, neutral or not."""


class AssetExclusion(BaseModel):
    """Devices of one kind that keep their baseline in some local windows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    asset: Asset
    """``battery``, ``vehicle`` or ``heat``."""
    windows: tuple[Name, ...] = ("00:00-24:00",)
    """Local windows of each home, such as ``00:00-07:00`` or ``Mon-Fri 16:00-20:00``; all day by default."""

    @field_validator("windows", mode="after")
    @classmethod
    def _readable(cls, windows: tuple[str, ...]) -> tuple[str, ...]:
        return _checked_windows(windows)


class ProblemSpec(BaseModel):
    """What the operator wants of a bid; every term has a neutral default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    margin: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False, strict=True)] = 0.0
    """Share of the market's pay that the operator keeps at least."""
    max_kw_per_home: Positive | None = None
    """Most that one home sells [kW]."""
    max_share_per_home: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False, strict=True)] | None = None
    """Largest share of the coalition's total that one home has [fraction]."""
    max_total_kw: Positive | None = None
    """Most that is bid [kW]."""
    min_total_kw: NotNegative = 0.0
    """Least that is bid, or nothing [kW]."""
    min_members: Annotated[int, Field(ge=0, strict=True)] = 0
    """Least number of homes in a coalition, or none."""
    exclude_homes: tuple[Name, ...] = ()
    """Ids of homes that are not asked."""
    exclude_personas: tuple[Name, ...] = ()
    """Owners of these personas are not asked."""
    exclude_assets: tuple[AssetExclusion, ...] = ()
    """Devices that stay at their baseline in some local windows."""
    operating_windows: tuple[Name, ...] = ()
    """Local windows inside which the VPP sells; empty is always."""
    soc_reserve_fraction: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, strict=True)] = 0.0
    """Share of every battery that plans keep at every interval's end, or what the baseline keeps where that is less."""
    satisfaction_weight_usd: NotNegative = 0.0
    """Worth of one home's satisfaction going from 0 to 1 [USD]."""
    only_homes: tuple[Name, ...] = ()
    """Ids of the only homes that are asked; empty asks all."""
    only_personas: tuple[Name, ...] = ()
    """Only owners of these personas are asked; empty asks all."""
    only_products: tuple[ProductName, ...] = ()
    """Products that may be sold: ``energy``, ``spin`` or ``nonspin``; empty is all."""
    min_offer_kw: NotNegative = 0.0
    """Homes that agree to less than this in all are not called [kW]."""
    max_members: Annotated[int, Field(gt=0, strict=True)] | None = None
    """Largest number of homes in a coalition."""
    max_awards_per_home: Annotated[int, Field(gt=0, strict=True)] | None = None
    """Most opportunities of a day that bind one home."""
    max_kwh_per_home: Positive | None = None
    """Most energy of one home in an opportunity [kWh]; of reserve, power times the window."""
    max_total_kwh: Positive | None = None
    """Most energy that is bid for an opportunity [kWh]; of reserve, power times the window."""
    max_request_fraction: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False, strict=True)] | None = None
    """Most that is bid of what the market asks for [fraction]."""
    spare_fraction: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False, strict=True)] = 0.0
    """Share of what homes agreed to that is not bid, so that who drops out can be replaced."""
    min_bid_price: Finite | None = None
    """Nothing is bid below this price [USD/MWh; for reserve USD/MW per h]."""
    max_owner_price: Finite | None = None
    """No owner is paid more than this [USD/MWh; for reserve USD/MW per h]."""
    max_owner_pay_usd: NotNegative | None = None
    """Most that owners are promised for one opportunity [USD]."""
    min_spread: NotNegative = 0.0
    """Least that the market pays above what owners get, on top of the margin [USD/MWh; for reserve USD/MW per h]."""
    min_expected_profit_usd: NotNegative = 0.0
    """Nothing is bid for an opportunity that is expected to earn less [USD]."""
    risk_aversion: Annotated[float, Field(ge=0, le=0.95, allow_inf_nan=False, strict=True)] = 0.0
    """Weight of the worst outcomes' mean against the mean of all."""
    risk_tail: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False, strict=True)] = 0.2
    """Probability of the worst outcomes that `risk_aversion` looks at."""
    max_bid_steps: Annotated[int, Field(gt=0, strict=True)] | None = None
    """Most price steps of a bid curve."""
    max_rounds: Annotated[int, Field(gt=0, strict=True)] | None = None
    """Most rounds of negotiation."""

    @field_validator("operating_windows", mode="after")
    @classmethod
    def _readable(cls, windows: tuple[str, ...]) -> tuple[str, ...]:
        return _checked_windows(windows)

    @model_validator(mode="after")
    def _consistent(self) -> "ProblemSpec":
        if self.max_total_kw is not None and self.min_total_kw > self.max_total_kw:
            raise ValueError(f"min_total_kw {self.min_total_kw:g} is above max_total_kw {self.max_total_kw:g}")
        if self.max_members is not None and self.min_members > self.max_members:
            raise ValueError(f"min_members {self.min_members} is above max_members {self.max_members}")
        for kind in ("homes", "personas"):
            both = sorted(set(getattr(self, f"only_{kind}")) & set(getattr(self, f"exclude_{kind}")))
            if both:
                raise ValueError(f"only_{kind} and exclude_{kind} both name {both[0]!r}")
        return self

    def facts(self) -> dict[str, Any]:
        """Plain values for logs: the terms of the first releases always, later ones where they say something."""
        said = self.model_dump(mode="json")
        neutral = ProblemSpec().model_dump(mode="json")
        return {name: value for name, value in said.items() if name in FIRST_TERMS or value != neutral[name]}

    @classmethod
    def from_mapping(cls, content: Mapping[str, Any], *, source: str = "problem spec") -> "ProblemSpec":
        """A spec from plain values, such as a YAML file's content.

        Raises:
            InputError: an unknown key (with the nearest known one) or a value that cannot be used.
        """
        if not isinstance(content, Mapping):
            raise InputError(f"{source}: write terms as 'name: value'; found {type(content).__name__}")
        for key in content:
            if key not in cls.model_fields:
                raise InputError(f"{source}: unknown term {key!r}; {nearest(key, cls.model_fields)}")
        try:
            return cls.model_validate(dict(content))
        except ValidationError as problem:
            raise InputError(f"{source}: {_first_problem(problem)}") from None

    @classmethod
    def from_yaml(cls, path: Path) -> "ProblemSpec":
        """Read a spec from a YAML or JSON file; an empty file is a spec without terms.

        Raises:
            InputError: the file cannot be read, or holds an unknown key or an unusable value.
        """
        content = read_document(Path(path))
        return cls.from_mapping({} if content is None else content, source=str(path))

    def admits(self, row: Mapping[str, Any], opportunity: MarketOpportunity) -> str | None:
        """Why a home (a row of the fleet's table) is not asked; None if it is."""
        if self.only_products and opportunity.product.value not in self.only_products:
            return f"the operator's terms do not sell {opportunity.product.value} (only_products)"
        if self.only_homes and row["home_id"] not in self.only_homes:
            return "the operator's terms ask other homes only (only_homes)"
        if self.only_personas and row["persona"] not in self.only_personas:
            return f"the operator's terms ask {', '.join(self.only_personas)} owners only (only_personas)"
        if row["home_id"] in self.exclude_homes:
            return "the operator's terms leave this home out (exclude_homes)"
        if row["persona"] in self.exclude_personas:
            return f"the operator's terms leave {row['persona']} owners out (exclude_personas)"
        if self.operating_windows and not _covered(self.operating_windows, opportunity, str(row["timezone"])).all():
            windows = ", ".join(self.operating_windows)
            return f"the window is not inside the operator's hours, {windows} local time (operating_windows)"
        return None

    def frozen_assets(self, opportunity: MarketOpportunity, timezone: str) -> frozenset[str]:
        """Kinds of devices (``battery``, ``vehicle``, ``heat``) of a home in ``timezone`` that keep their baseline."""
        return frozenset(
            rule.asset for rule in self.exclude_assets if _covered(rule.windows, opportunity, timezone).any()
        )

    def terms(self, *, available_kw: NDArray[np.float64]) -> tuple[Term, ...]:
        """The terms that coalitions keep, for homes that offer ``available_kw`` (homes,) [kW]."""
        terms: list[Term] = []
        if self.max_kw_per_home is not None:
            cap = HomeCap(limit_kw=self.max_kw_per_home)
            available_kw = np.minimum(available_kw, cap.home_limit_kw)
            terms.append(cap)
        if self.max_share_per_home is not None and self.max_share_per_home < 1:
            terms.append(ShareCap(fraction=self.max_share_per_home))
        if self.max_total_kw is not None:
            terms.append(TotalCap(limit_kw=self.max_total_kw))
        if self.min_total_kw > 0:
            terms.append(MinimumTotal(limit_kw=self.min_total_kw))
        if self.min_members > 1:
            terms.append(MinimumMembers(count=self.min_members, available_kw=available_kw))
        return tuple(terms)

    @property
    def most_for_owners(self) -> float:
        """Most that an owner may be offered, in the opportunity's price unit."""
        return math.inf if self.max_owner_price is None else self.max_owner_price

    def weighed(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weights of price scenarios, cheapest first, shape (S,): their probabilities unless risk is shunned."""
        return probabilities if self.risk is None else self.risk.weights(probabilities)

    @property
    def risk(self) -> RiskAversion | None:
        """How much the worst outcomes count; None where risk is no matter."""
        return RiskAversion(aversion=self.risk_aversion, tail=self.risk_tail) if self.risk_aversion > 0 else None


def _checked_windows(windows: tuple[str, ...]) -> tuple[str, ...]:
    for window in windows:
        LocalWindow.parse(window)
    return windows


def _covered(windows: tuple[str, ...], opportunity: MarketOpportunity, timezone: str) -> NDArray[np.bool_]:
    """Which minutes of the opportunity's window lie in one of the local ``windows``."""
    minutes = max(round(opportunity.window_h * MINUTES_PER_HOUR), 1)
    grid = Horizon(start=opportunity.start, periods=minutes, step_minutes=1, timezone=timezone, day_bounds=(0, minutes))
    return blackout_mask(windows, horizon=grid, timezone=timezone)


def _first_problem(problem: ValidationError) -> str:
    first = problem.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    cause = str(first.get("ctx", {}).get("error", first["msg"]))
    if first["type"] == "extra_forbidden" and len(first["loc"]) > 1:
        return f"unknown key {where!r}; {nearest(first['loc'][-1], AssetExclusion.model_fields)}"
    found = "" if not where or isinstance(first["input"], Mapping) else f" is {first['input']!r}"
    return f"{where}{found}: {cause}" if where else cause
