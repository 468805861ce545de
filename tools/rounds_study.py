"""Do rounds help? Negotiates the same made-up fleets with few and many rounds, and with one posted price.

    .venv/bin/python tools/rounds_study.py --fleets 200 --write docs/rounds.md

Every fleet's baselines and cost curves are computed once; every way of buying then meets the same curves. The same
seed gives the same page, byte for byte.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gridpact import units
from gridpact.fleet.day import build_fleet_day
from gridpact.fleet.generator import generate_fleet
from gridpact.flexibility.batch import CurveBatch
from gridpact.flexibility.highs import HighsModel
from gridpact.flexibility.home import CostCurve
from gridpact.horizon import zone
from gridpact.market.opportunity import MarketOpportunity
from gridpact.market.rules import RuleProfile
from gridpact.market.scenarios import PriceScenarios
from gridpact.negotiation.aggregator import MarketWorth
from gridpact.negotiation.engine import CoreNegotiationEngine
from gridpact.negotiation.supply import Supply
from gridpact.operation.bidding import floors_of, last_asks, willingness_of
from gridpact.operation.homes import freeze_baselines, quote
from gridpact.operation.inputs import DayRequest, prepare_day
from gridpact.operation.surplus import costs_at
from gridpact.optimization.formulation import BidRequest
from gridpact.optimization.spec import ProblemSpec
from gridpact.optimization.tool import OptimizationTool

Floats = NDArray[np.float64]

STRATEGIES = ("concession", "truthful", "tit_for_tat")
ROUNDS = (1, 3, 6)
FRACTIONS = (0.5, 0.6, 0.7, 0.8, 0.9)
"""Posted prices to choose from, as fractions of the market price."""
WHOLE = 1.0
"""Posted for comparison only: at the whole market price the operator is left with nothing."""
POSTED_TO = ("truthful", "concession")
"""Whom prices are posted to; tit_for_tat opens like concession, so that one round of it is the same."""
HOMES = (5, 25)
FIRST_HOURS = (17, 20)
"""The window begins at one of these hours, local time."""
PRICE_MEDIAN, PRICE_SPREAD, PRICE_LIMITS = 280.0, 0.45, (100.0, 800.0)
"""Lognormal market price, clipped [USD/MWh]."""
KW_PER_HOME = (0.5, 2.5)
"""What the market asks for, drawn evenly [kW per home]."""
RESAMPLES = 4000
CENT = 0.005
"""Amounts closer than this are the same [USD]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One fleet on one evening: all that a negotiation needs, and what could be gained."""

    opportunity: MarketOpportunity
    rules: RuleProfile
    scenarios: PriceScenarios
    spec: ProblemSpec
    curves: Sequence[CostCurve]
    floors_usd_per_mwh: Floats
    willingness: Floats
    worth: MarketWorth
    price: float
    """The certain market price [USD/MWh]."""
    full_usd: float
    """Most surplus by private costs alone."""
    floors_usd: float
    """Most surplus if no owner sells below floor or cost; costs are still the private ones."""
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """What came of one way of buying from one fleet."""

    surplus_usd: float
    """Market value of what was sold, less the members' private costs."""
    owners_usd: float
    """What members are paid, less their private costs."""
    sold_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: one way of buying over all fleets."""

    name: str
    surplus: Floats
    """Shape (fleets,) [USD]."""
    owners: Floats
    sold: Floats

    @property
    def deals(self) -> int:
        """Fleets that sold something."""
        return int((self.sold > 0).sum())

    @property
    def owners_share(self) -> float:
        """Owners' share of the realised surplus; NaN where there is none."""
        total = float(self.surplus.sum())
        return float(self.owners.sum()) / total if total > 0 else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Everything measured."""

    full: Floats
    """Full-information surplus, shape (fleets,) [USD]."""
    floors: Floats
    rounds: Mapping[tuple[str, int], Row]
    """By strategy and number of rounds."""
    posted_each: Mapping[tuple[str, float], Row]
    """By strategy of the owners and fraction of the market price."""
    posted: Mapping[str, Row]
    """By strategy, at the fraction that did best on the other half of the fleets."""
    chosen: Mapping[str, tuple[float, float]]
    """Fraction used on even-numbered and on odd-numbered fleets."""

    def ratio(self, row: Row) -> float:
        """Realised surplus as a share of the full-information surplus, over all fleets."""
        return float(row.surplus.sum() / self.full.sum())

    def gain(self, better: Row, worse: Row) -> tuple[float, float, float]:
        """Difference of two ratios and its 95% interval, in points, by resampling fleets in pairs."""
        rng = np.random.default_rng(0)
        picks = rng.integers(len(self.full), size=(RESAMPLES, len(self.full)))
        difference = better.surplus - worse.surplus
        with np.errstate(invalid="ignore", divide="ignore"):
            samples = 100 * difference[picks].sum(axis=1) / self.full[picks].sum(axis=1)
        low, high = np.nanquantile(samples, (0.025, 0.975))
        return 100 * float(difference.sum() / self.full.sum()), float(low), float(high)


def draw_case(number: int, *, seed: int, model: HighsModel) -> Case:
    """Fleet ``number`` of the study of ``seed``, with baselines and cost curves."""
    rng = np.random.default_rng([seed, number])
    homes = int(rng.integers(HOMES[0], HOMES[1] + 1))
    fleet_seed = int(rng.integers(1_000_000))
    day = datetime(2022, 1, 1, int(rng.integers(FIRST_HOURS[0], FIRST_HOURS[1] + 1)), tzinfo=zone("America/Chicago"))
    start = day + timedelta(days=int(rng.integers(364)))
    drawn = PRICE_MEDIAN * float(np.exp(PRICE_SPREAD * rng.standard_normal()))
    price = round(min(max(drawn, PRICE_LIMITS[0]), PRICE_LIMITS[1]), 2)
    kw = round(homes * float(rng.uniform(*KW_PER_HOME)), 1)
    fleet = generate_fleet(homes, seed=fleet_seed)
    market_day = prepare_day(DayRequest(fleet=fleet, start=start, hours=2.0, kw=kw, price=price, seed=fleet_seed))
    fleet_day = build_fleet_day(
        fleet,
        market_day.horizon,
        wholesale=None if market_day.wholesale is None else market_day.wholesale.series,
        seed=fleet_seed,
    )
    state = freeze_baselines(market_day, fleet_day, model)
    call = market_day.calls[0]
    quotes = quote(state, call, spec=market_day.spec, model=model)
    floors = floors_of(state)
    opportunity = call.opportunity
    free = np.full(len(quotes.curves), np.nan)
    return Case(
        opportunity=opportunity,
        rules=call.rules,
        scenarios=call.price.scenarios,
        spec=market_day.spec,
        curves=tuple(quotes.curves),
        floors_usd_per_mwh=floors,
        willingness=willingness_of(state),
        worth=MarketWorth.certain(
            price,
            requested_kw=opportunity.requested_kw,
            margin=market_day.spec.margin,
            price_cap=call.rules.bid_price_cap(opportunity.product),
        ),
        price=price,
        full_usd=most_surplus(opportunity, tuple(quotes.curves), floors=free, price=price),
        floors_usd=most_surplus(opportunity, tuple(quotes.curves), floors=floors, price=price),
        seed=fleet_seed,
    )


def most_surplus(opportunity: MarketOpportunity, curves: Sequence[CostCurve], *, floors: Floats, price: float) -> float:
    """Surplus of the power that is cheapest by private costs, among that which asks no more than ``price`` [USD].

    What a home asks is its reservation, max(cost, floor), rounded up to cents as every price in a negotiation is.
    Without floors the result is the full-information surplus.
    """
    hours, reserve = opportunity.window_h, opportunity.product.is_reserve
    batch = CurveBatch.of(curves)
    asked = Supply.from_curves(batch, floors_usd_per_mwh=floors, window_h=hours, reserve=reserve)
    free = Supply.from_curves(batch, floors_usd_per_mwh=np.full(len(curves), np.nan), window_h=hours, reserve=reserve)
    open_to = (asked.reservation_price <= price) & (free.reservation_price <= price)
    sold, room = np.zeros(free.homes), opportunity.requested_kw
    for place in np.argsort(free.reservation_price, axis=None, kind="stable"):
        home, level = np.unravel_index(place, open_to.shape)
        if open_to[home, level]:
            taken = min(room, float(free.width_kw[home, level]))
            sold[home] += taken
            room -= taken
    return _surplus(opportunity, curves, sold, price=price)


def _surplus(opportunity: MarketOpportunity, curves: Sequence[CostCurve], sold: Floats, *, price: float) -> float:
    value = units.window_value_usd(price=price, quantity_kw=float(sold.sum()), window_h=opportunity.window_h)
    return value - _costs(curves, sold)


def _costs(curves: Sequence[CostCurve], sold: Floats) -> float:
    return float(costs_at(CurveBatch.of(curves), sold).sum())


def play(case: Case, *, strategy: str, rounds: int = 1, posted_price: float | None = None) -> Deal:
    """Negotiate (or post a price), form the coalition with `OptimizationTool` and add up who gains what."""
    talks = CoreNegotiationEngine(strategy, rounds=rounds).negotiate(
        case.opportunity,
        case.curves,
        floors_usd_per_mwh=case.floors_usd_per_mwh,
        willingness=case.willingness,
        worth=case.worth,
        posted_price=posted_price,
        seed=case.seed,
    )
    if not len(talks.options):
        return Deal(surplus_usd=0.0, owners_usd=0.0, sold_kw=0.0)
    request = BidRequest(
        opportunity=case.opportunity,
        rules=case.rules,
        options=talks.options,
        scenarios=case.scenarios,
        ask_price=last_asks(talks),
    )
    decision = OptimizationTool().solve(case.spec, request)
    called, options = decision.curve.activated(case.price), decision.problem.options
    sold = np.bincount(options.home_index, weights=called, minlength=len(case.curves))
    hours = case.opportunity.window_h
    paid = float(options.price @ called) * hours / units.KW_PER_MW
    return Deal(
        surplus_usd=_surplus(case.opportunity, case.curves, sold, price=case.price),
        owners_usd=paid - _costs(case.curves, sold),
        sold_kw=float(sold.sum()),
    )


def run_study(fleets: int, *, seed: int = 0, progress: bool = False) -> Study:
    """Every way of buying over ``fleets`` fleets (at least 2, so that each half has one)."""
    if fleets < 2:
        raise SystemExit("--fleets must be at least 2: the posted fraction is chosen on the other half")
    model = HighsModel()
    full, floors = [], []
    talked: dict[tuple[str, int], list[Deal]] = {(name, rounds): [] for name in STRATEGIES for rounds in ROUNDS}
    posted: dict[tuple[str, float], list[Deal]] = {
        (name, fraction): [] for name in POSTED_TO for fraction in (*FRACTIONS, WHOLE)
    }
    for number in range(fleets):
        case = draw_case(number, seed=seed, model=model)
        full.append(case.full_usd)
        floors.append(case.floors_usd)
        for (name, rounds), deals in talked.items():
            deals.append(play(case, strategy=name, rounds=rounds))
        for (name, fraction), deals in posted.items():
            deals.append(play(case, strategy=name, posted_price=fraction * case.price))
        if progress and (number + 1) % 20 == 0:
            print(f"{number + 1} of {fleets} fleets", file=sys.stderr, flush=True)
    each = {key: _row(f"{key[1]:.0%} of the market price, {key[0]}", deals) for key, deals in posted.items()}
    even = np.arange(fleets) % 2 == 0
    chosen, held_out = {}, {}
    for name in POSTED_TO:
        allowed = {fraction: each[name, fraction] for fraction in FRACTIONS}
        first, second = _best(allowed, on=~even), _best(allowed, on=even)
        chosen[name] = (first, second)
        held_out[name] = _halves(allowed[first], allowed[second], even=even)
    return Study(
        full=np.array(full),
        floors=np.array(floors),
        rounds={key: _row(f"{key[0]}, {key[1]}", deals) for key, deals in talked.items()},
        posted_each=each,
        posted=held_out,
        chosen=chosen,
    )


def _row(name: str, deals: Sequence[Deal]) -> Row:
    return Row(
        name=name,
        surplus=np.array([deal.surplus_usd for deal in deals]),
        owners=np.array([deal.owners_usd for deal in deals]),
        sold=np.array([deal.sold_kw for deal in deals]),
    )


def _best(rows: Mapping[float, Row], *, on: NDArray[np.bool_]) -> float:
    """The fraction with most surplus over the fleets ``on``; the lowest of equals."""
    return max(rows, key=lambda fraction: (round(float(rows[fraction].surplus[on].sum()), 6), -fraction))


def _halves(first: Row, second: Row, *, even: NDArray[np.bool_]) -> Row:
    mixed = replace(first, name="posted price")
    return replace(
        mixed,
        surplus=np.where(even, first.surplus, second.surplus),
        owners=np.where(even, first.owners, second.owners),
        sold=np.where(even, first.sold, second.sold),
    )


def table(study: Study) -> str:
    """The results as a Markdown table."""
    lines = [
        "| buying | rounds | surplus / full information | owners' share of surplus "
        "| operator's surplus [USD] | deals |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name in STRATEGIES:
        lines += [_line(study, name, str(rounds), study.rounds[name, rounds]) for rounds in ROUNDS]
    lines += [_line(study, f"posted price, owners {name}", "-", study.posted[name]) for name in POSTED_TO]
    floors = float(study.floors.sum() / study.full.sum())
    lines.append(
        f"| most that the owners' floors leave | - | {floors:.1%} | - | - | {int((study.floors > CENT).sum())} |"
    )
    lines.append(f"| full information | - | 100.0% | - | - | {int((study.full > CENT).sum())} |")
    return "\n".join(lines)


def _line(study: Study, name: str, rounds: str, row: Row) -> str:
    operator = float((row.surplus - row.owners).sum())
    return f"| {name} | {rounds} | {study.ratio(row):.1%} | {row.owners_share:.1%} | {operator:.2f} | {row.deals} |"


def posted_table(study: Study) -> str:
    """What each fixed fraction would have done on all fleets."""
    lines = [
        "| posted price | surplus / full information | owners' share of surplus | operator's surplus [USD] | deals |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    lines += [_line(study, row.name, "", row).replace("|  |", "|", 1) for row in study.posted_each.values()]
    return "\n".join(lines)


def reading(study: Study) -> str:
    """What the figures say, in words that follow from them alone."""
    said = []
    for name in STRATEGIES:
        one, three, six = (study.rounds[name, rounds] for rounds in ROUNDS)
        said.append(f"- {name}: {_step(study, three, one, '1 to 3')}; {_step(study, six, three, '3 to 6')}.")
    for name in STRATEGIES:
        for owners in POSTED_TO:
            against = _against(study, study.posted[owners], study.rounds[name, 3])
            said.append(f"- Posted to {owners} owners, against 3 rounds with {name} owners: {against}.")
    return "\n".join(said)


def _step(study: Study, better: Row, worse: Row, what: str) -> str:
    points, low, high = study.gain(better, worse)
    more = int((better.surplus > worse.surplus + CENT).sum())
    less = int((better.surplus < worse.surplus - CENT).sum())
    owners = 100 * (better.owners_share - worse.owners_share)
    return (
        f"{what} rounds {_verdict(low, high)} ({points:+.1f} points of surplus, "
        f"95% interval {low:+.1f} to {high:+.1f}; more in {more} fleets, "
        f"less in {less}; owners' share {owners:+.1f} points)"
    )


def _against(study: Study, posted: Row, rounds: Row) -> str:
    points, low, high = study.gain(posted, rounds)
    owners = 100 * (posted.owners_share - rounds.owners_share)
    return (
        f"{points:+.1f} points of surplus (95% interval {low:+.1f} to {high:+.1f}), owners' share {owners:+.1f} points"
    )


def _verdict(low: float, high: float) -> str:
    if low > 0:
        return "help"
    if high < 0:
        return "cost surplus"
    return "change nothing" if max(abs(low), abs(high)) < 0.05 else "make no difference that can be told from chance"


def page(study: Study, *, command: str) -> str:
    """The documentation page."""
    fleets = len(study.full)
    idle = int((study.full <= CENT).sum())
    picked = "; ".join(
        f"{name} owners: {even:.0%} on the even-numbered fleets, {odd:.0%} on the odd-numbered"
        for name, (even, odd) in study.chosen.items()
    )
    tried = ", ".join(f"{fraction:.0%}" for fraction in FRACTIONS)
    low, high = PRICE_LIMITS
    return f"""# Do rounds help?

Made by `{command}`; the same command writes the same page.

{table(study)}

Over {fleets} fleets. {idle} of them had nothing to gain: no home could deliver through the window, or every cost lay
above the market price. They stay in the figures and add nothing to either side of a ratio.

## What the figures say

Intervals come from resampling fleets in pairs ({RESAMPLES} times).

{reading(study)}

{FINDINGS}

All posted prices, each on all fleets (at 100% the operator keeps nothing by construction):

{posted_table(study)}

## What each figure means

- surplus: market value of what was sold at the certain market price, less the members' private costs of it (their cost
  curves). Neither pay nor floors enter: they only decide who has it.
- surplus / full information: sum over fleets of the surplus, divided by the sum of what an aggregator would gain who
  knew every private cost and bought the cheapest power first, up to the request. Fleets with more at stake weigh more.
- owners' share: sum over fleets of pay less private cost, divided by the sum of the surplus. The operator has the rest.
- operator's surplus: market value less pay, summed over fleets [USD].
- deals: fleets that sold anything.
- most that the owners' floors leave: the same, of the power whose max(cost, floor) is at most the market price. The
  distance from it to 100% is the owners' own choice: no way of buying reaches what a floor above the price withholds.
- posted price: one offer to all homes, a fraction of the market price fixed before any ask is known, take it or leave
  it. Of {tried} the fraction with most surplus on one half of the fleets is used on the other half
  ({picked}). Truthful owners take any price that covers their cost and floor, which is what a
  take-it-or-leave-it price calls for; concession owners hold to their opening ask, markup and all, and refuse prices
  that would have been worth it. The first is the fair peer; the second shows what the markup alone costs.

## What was simulated

- Fleets of {HOMES[0]} to {HOMES[1]} homes from `generate_fleet` (zone ercot), with its personas, floors and
  willingness.
- A 2 h window that begins at {FIRST_HOURS[0]}:00 to {FIRST_HOURS[1]}:00 on a random day of 2022, under the
  demonstration's rules.
- A request of {KW_PER_HOME[0]:g} to {KW_PER_HOME[1]:g} kW per home, and a certain market price: lognormal, median
  {PRICE_MEDIAN:g} USD/MWh, log-spread {PRICE_SPREAD:g}, clipped to {low:g} to {high:g}.
- Baselines and 8-level cost curves with `HighsModel`, once per fleet; coalitions with `OptimizationTool`.

## What this does not show

- The market price is certain. Where it is not, options bought early also insure against a low price; not measured here.
- Homes follow the built-in strategies. Owners who learn, or agree among themselves, would ask otherwise; with one
  round an owner who knows it is the last has every reason to test the buyer.
- Prices were drawn high on purpose, so that deals exist with the generator's floors (80 to 350 USD/MWh). At ordinary
  prices most of these owners decline whatever the number of rounds.
- Fleets are small. Delivery, penalties and drop-outs are left out.
"""


FINDINGS = """In short, for 200 fleets and seed 0:

- Rounds pay where owners open above what they need. A single round with such owners prices some of them out; three
  rounds come within 4 points of what the floors leave. Going on to six adds nothing that shows in the surplus.
- Rounds do not help where owners ask what they need from the start: with truthful owners one round does as well
  as three or six. There, more rounds only move money from the owners to the operator.
- That move happens under every strategy. Offers climb from the lowest ask, so that whoever accepts early is paid less,
  and patience is worth money that eager owners do not get. An owner reading this page should know it.
- More rounds are not better in every fleet: in some they realise less surplus, perhaps because what is agreed
  early crowds out power that is cheaper by private cost but asks more; the cause was not measured.
- The fair peer of rounds is a price posted to owners who take what covers cost and floor. It loses the owners who need
  more than the posted fraction. The best fraction tried is at or near the upper edge of the grid: surplus keeps growing
  up to the whole market price, where the operator has nothing. What rounds buy is therefore not surplus alone, but
  surplus with something left for whoever runs the VPP; a posted price leaves the owners a larger share.
- Part of what three rounds gain over one round with concession owners is undoing a markup that those owners hold to by
  construction, even in a round they know to be the last. Owners who take any worthwhile last offer leave less to gain.
- Most of what is missing to 100% is withheld by floors above the market price, not by the way of buying."""


def main() -> None:
    """Run the study; print the tables, or write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fleets", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", type=Path, help="write the documentation page here")
    given = parser.parse_args()
    study = run_study(given.fleets, seed=given.seed, progress=True)
    print(table(study), posted_table(study), reading(study), sep="\n\n")
    if given.write is not None:
        seed = f" --seed {given.seed}" if given.seed else ""
        command = f"python tools/rounds_study.py --fleets {given.fleets}{seed} --write {given.write}"
        given.write.write_text(page(study, command=command), encoding="utf-8")


if __name__ == "__main__":
    main()
