"""Each term's mathematics in plain words and signs, as ``docs/problem-spec.md`` has it, and what it is for CVXPY."""

from dataclasses import dataclass
from typing import Any

from gridpact.optimization.spec import ProblemSpec

LEGEND = (
    "x[i,s]: power of option i of home h(i) at agreed price c[i], called if the price is p[s]; y[h,s]: home h's sum; "
    "Q[s]: total; H: hours; pi[s]: probability"
)
"""What the letters stand for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """One term in force."""

    term: str
    value: Any
    formula: str
    """Plain text."""
    shape: str
    """What it becomes: constraints and variables by number, or where it acts before formation."""


_ASKED = "no constraint: these homes are not asked"
_WIDTH = "no constraint: options are cut to it"
_FORMULAS: dict[str, tuple[str, str]] = {
    "margin": ("sum_i c[i] x[i,s] <= (p[s] - {v:g}*|p[s]|) Q[s]", "S linear constraints, with min_spread"),
    "max_kw_per_home": ("y[h,s] <= {v:g} kW", _WIDTH),
    "max_share_per_home": ("y[h,s] <= {v:g} Q[s]", "homes x S linear constraints"),
    "max_total_kw": ("Q[s] <= {v:g} kW", "S linear constraints"),
    "min_total_kw": ("Q[s] = 0 or Q[s] >= {v:g} kW", "S constraints with a boolean for each scenario"),
    "min_members": (
        "sum_h z[h,s] >= {v:g} r[s], y[h,s] >= min(0.1 kW, offered[h]) z[h,s]",
        "homes x S booleans and (homes + 1) x S constraints",
    ),
    "exclude_homes": ("y[h,s] = 0 for h in {v}", _ASKED),
    "exclude_personas": ("y[h,s] = 0 for owners that are {v}", _ASKED),
    "exclude_assets": (
        "charge and discharge in the market's window = baseline where it overlaps: {v}",
        "bounds of each home's own problem",
    ),
    "operating_windows": ("y[h,s] = 0 unless the market's window lies in {v}", _ASKED),
    "soc_reserve_fraction": (
        "energy >= min({v:g} capacity, baseline's) at every interval's end",
        "bounds of each home's own problem",
    ),
    "satisfaction_weight_usd": (
        "+ sum_s pi[s] sum_i {v:g} score[h(i)]/offered[h(i)] x[i,s] in the objective",
        "linear part of the objective",
    ),
    "only_homes": ("y[h,s] = 0 unless h in {v}", _ASKED),
    "only_personas": ("y[h,s] = 0 unless the owner is {v}", _ASKED),
    "only_products": ("Q[s] = 0 unless the product is {v}", _ASKED),
    "min_offer_kw": ("y[h,s] = 0 where offered[h] < {v:g} kW", _WIDTH),
    "max_members": (
        "sum_h z[h,s] <= {v:g}, y[h,s] <= offered[h] z[h,s]",
        "homes x S booleans and (homes + 1) x S constraints",
    ),
    "max_awards_per_home": (
        "awards of home h on the day <= {v:g}",
        "no constraint: homes bound so often are not asked",
    ),
    "max_kwh_per_home": ("H y[h,s] <= {v:g} kWh", _WIDTH),
    "max_total_kwh": ("H Q[s] <= {v:g} kWh", "S linear constraints"),
    "max_request_fraction": ("Q[s] <= {v:g} requested", "S linear constraints"),
    "spare_fraction": ("Q[s] <= (1 - {v:g}) sum_h offered[h]", "S linear constraints"),
    "min_bid_price": ("Q[s] = 0 where p[s] < {v:g}; every bid price >= {v:g}", "scenarios are left out"),
    "max_owner_price": ("x[i,s] = 0 where c[i] > {v:g}", _WIDTH),
    "max_owner_pay_usd": ("(H/1000) sum_i c[i] x[i,s] <= {v:g} USD", "S linear constraints"),
    "min_spread": ("sum_i c[i] x[i,s] <= (p[s] - margin*|p[s]| - {v:g}) Q[s]", "S linear constraints, with margin"),
    "min_expected_profit_usd": (
        "Q = 0, or sum_s pi[s] (H/1000) sum_i (p[s] - c[i]) x[i,s] >= {v:g} USD",
        "a test of the optimum",
    ),
    "risk_aversion": (
        "maximise (1 - {v:g}) E[W] + {v:g} CVaR_tail[W], W[s] the worth of scenario s",
        "weights of the objective",
    ),
    "risk_tail": ("CVaR over the worst outcomes of probability {v:g}", "weights of the objective"),
    "max_bid_steps": ("sum_s [Q[s] != Q[s-1]] <= {v:g}", "S booleans, or an exact grouping of scenarios"),
    "max_rounds": ("rounds of talks <= {v:g}", "before formation"),
}


def formulas_of(spec: ProblemSpec) -> tuple[Formula, ...]:
    """The formula of each term of ``spec`` that says something."""
    neutral = ProblemSpec()
    found = []
    for name, (formula, shape) in _FORMULAS.items():
        value = getattr(spec, name)
        if value == getattr(neutral, name):
            continue
        plain = spec.model_dump(mode="json")[name]
        shown = value if isinstance(value, int | float) else words_of(plain)
        found.append(Formula(term=name, value=plain, formula=formula.format(v=shown), shape=shape))
    return tuple(found)


def words_of(value: Any) -> str:
    """A term's value in words."""
    if isinstance(value, dict):
        return f"{value.get('asset')} ({', '.join(value.get('windows', ()))})"
    if isinstance(value, list | tuple):
        return ", ".join(map(words_of, value))
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def formulation_class(spec: ProblemSpec) -> str:
    """What kind of problem the terms make of formation, in words."""
    homes = spec.max_share_per_home is not None or spec.satisfaction_weight_usd > 0
    members = spec.min_members > 1 or spec.max_members is not None
    if members or (homes and (spec.min_total_kw > 0 or spec.max_bid_steps is not None)):
        return "mixed-integer programme (CVXPY, HiGHS); beyond 5,000 rows coalitions with a Lagrangian bound"
    if homes:
        return "linear programme (CVXPY, HiGHS), mixed-integer with the market's lots, minimum or segment limit"
    return "only totals matter: an exact scan of the merit order, at any number of homes"
