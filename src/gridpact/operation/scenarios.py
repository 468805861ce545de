"""Does it pay? The same day at several certain market prices."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from gridpact.errors import InputError
from gridpact.report import words
from gridpact.results.run_folder import RunContent

MOST_PRICES = 50


def folder_name(price: float) -> str:
    """Name of the run folder of one price; different prices have different names."""
    return f"price-{repr(price).removesuffix('.0')}"


def parse_prices(text: str) -> tuple[float, ...]:
    """Prices of a comma-separated list.

    Raises:
        InputError: the list is empty, holds something that is no number, or the same price twice.
    """
    try:
        prices = tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise InputError(f"--prices {text!r} is not a list of numbers such as 120,80,45") from None
    if not prices or len(prices) > MOST_PRICES or not all(map(math.isfinite, prices)):
        raise InputError(f"--prices {text!r}: give 1 to {MOST_PRICES} finite numbers, such as 120,80,45")
    if len(set(prices)) < len(prices):
        raise InputError(f"--prices {text!r} names a price twice")
    return prices


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioRow:
    """One price and what came of it."""

    price: float
    outcome: str
    members: int
    committed_kw: float
    delivered_kwh: float
    market_revenue_usd: float
    owner_payments_usd: float
    penalty_usd: float
    operator_profit_usd: float
    profit_margin: float | None
    satisfaction_mean: float | None
    loss_avoided_usd: float | None
    verdict: str
    """viable, at a loss, or declined."""
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioAnalysis:
    """Economic viability over prices."""

    rows: tuple[ScenarioRow, ...]
    break_even_price: float | None
    """Lowest price tried at which the day pays; None where it never does."""
    path: Path | None
    price_units: tuple[str, ...] = ()
    """Units of the prices in words, one for each kind of product."""

    @property
    def sentences(self) -> tuple[str, ...]:
        """The analysis in words."""
        each = tuple(f"At {row.price:g}: {row.sentence}" for row in self.rows)
        if self.break_even_price is None:
            return (*each, "At none of these prices does the day pay.")
        return (*each, f"Of these prices, the day pays from {self.break_even_price:g} up.")

    def to_json(self) -> str:
        """The analysis as JSON text."""
        content = {
            "rows": [
                {
                    **asdict(row),
                    "path": None if self.path is None else str(self.path / folder_name(row.price)),
                }
                for row in self.rows
            ],
            "break_even_price": self.break_even_price,
            "path": None if self.path is None else str(self.path),
        }
        return json.dumps(content, indent=2, allow_nan=False) + "\n"


def analyse(runs: Sequence[tuple[float, RunContent]], *, path: Path | None) -> ScenarioAnalysis:
    """Compare finished runs, each at one price."""
    rows = tuple(_row(price, run) for price, run in runs)
    paying = [row.price for row in rows if row.verdict == "viable"]
    units = sorted({words.unit(each["price_unit"]) for _, run in runs for each in run.result["opportunities"]})
    return ScenarioAnalysis(rows=rows, break_even_price=min(paying, default=None), path=path, price_units=tuple(units))


def _row(price: float, run: RunContent) -> ScenarioRow:
    result = run.result
    money, losses = result["settlement"], [item["loss_avoided_usd"] for item in result["outcomes"]]
    awarded = result["outcome"] == "awarded"
    verdict = "declined" if not awarded else "viable" if money["operator_profit_usd"] >= 0 else "at a loss"
    return ScenarioRow(
        price=price,
        outcome=result["outcome"],
        members=len(result["coalition"]["members"]),
        committed_kw=result["coalition"]["committed_kw"],
        delivered_kwh=result["delivery"]["delivered_kwh"],
        market_revenue_usd=money["market_revenue_usd"],
        owner_payments_usd=money["owner_payments_usd"],
        penalty_usd=money["penalty_usd"],
        operator_profit_usd=money["operator_profit_usd"],
        profit_margin=result["metrics"]["profit_margin"],
        satisfaction_mean=result["metrics"]["satisfaction_mean"],
        loss_avoided_usd=next((loss for loss in losses if loss is not None), None),
        verdict=verdict,
        sentence=words.day_sentence(result),
    )
