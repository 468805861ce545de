"""Random market days for the end-to-end tests: every product and strategy, drop-outs, silence, clock changes."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from gridpact.fleet.generator import generate_fleet
from gridpact.market.opportunity import MarketOpportunity, Product
from gridpact.operation.inputs import DayRequest
from gridpact.optimization.spec import ProblemSpec

ZONE = ZoneInfo("America/Chicago")
DAYS = (
    date(2021, 2, 15),  # Uri
    date(2021, 3, 13),  # the night loses an hour
    date(2021, 11, 6),  # the night gains an hour
    date(2022, 3, 12),
    date(2022, 7, 13),
    date(2022, 11, 5),
    date(2022, 4, 24),
    date(2021, 9, 2),
    date(2022, 12, 23),
)
STRATEGIES = ("truthful", "concession", "tit_for_tat")
MOST_HOMES = 60
HEAT_SHARE = 0.5
"""Of the homes of every third day."""


def random_request(number: int, *, most_homes: int = MOST_HOMES) -> DayRequest:
    """Day ``number``: the same number gives the same day."""
    rng = np.random.default_rng([2_024, number])
    homes = (
        int(np.clip(rng.geometric(0.07), 1, most_homes)) if rng.random() < 0.8 else int(rng.integers(1, most_homes + 1))
    )
    fleet = generate_fleet(homes, seed=int(rng.integers(1 << 30)), heat_share=HEAT_SHARE if number % 3 == 0 else 0.0)
    day = (
        DAYS[rng.integers(len(DAYS))]
        if rng.random() < 0.6
        else date(2022, 1, 2) + timedelta(days=int(rng.integers(360)))
    )
    opportunities = []
    for k in range(int(rng.choice([1, 1, 1, 2, 3]))):
        product = Product(rng.choice(["energy", "energy", "spin", "nonspin"]))
        hour = int(rng.choice([0, 1, 2, 6, 10, 12, 15, 17, 18, 19, 20, 22]))
        start = datetime.combine(day, time(hour, int(rng.choice([0, 15, 30, 45]))), tzinfo=ZONE).astimezone(UTC)
        end = start + timedelta(hours=float(rng.choice([0.25, 0.5, 1, 1, 2, 2, 4])))
        price = random_price(rng, product)
        requested = float(np.round(rng.uniform(0.3, 3.0) * homes, 1))
        opportunities.append(
            MarketOpportunity(
                opportunity_id=f"{product.value}-{k}",
                product=product,
                start=start,
                end=end,
                requested_kw=requested,
                minimum_kw=float(rng.choice([0, 0, 0, round(requested / 4, 1)])),
                reference_price=price,
            )
        )
    ids = list(fleet.home_ids)
    drop_outs = tuple(
        f"{home}@{rng.choice(['before', 'after'])}"
        for home in rng.choice(ids, size=min(len(ids), int(rng.choice([0, 0, 1, 3]))), replace=False)
    )
    silent = {
        str(home): int(rng.integers(1, 4))
        for home in rng.choice(ids, size=min(len(ids), int(rng.choice([0, 0, 2]))), replace=False)
    }
    return DayRequest(
        fleet=fleet,
        opportunities=tuple(opportunities),
        strategy=str(rng.choice(STRATEGIES)),
        rounds=int(rng.choice([1, 2, 3, 3, 6])),
        spec=random_spec(rng),
        allow_loss=bool(rng.random() < 0.1),
        seed=number,
        drop_outs=drop_outs,
        silent=silent,
    )


def random_price(rng: np.random.Generator, product: Product) -> float:
    """A price between -150 and 2,000, with the weight on prices that somebody would answer."""
    if rng.random() < 0.1:
        return float(np.round(rng.uniform(-150, 0), 2))
    if product.is_reserve:
        return float(np.round(np.exp(rng.uniform(np.log(2), np.log(2000))), 2))
    return float(np.round(np.exp(rng.uniform(np.log(60), np.log(2000))), 2))


def random_spec(rng: np.random.Generator) -> ProblemSpec:
    """Mostly no terms; sometimes a margin, a cap, a share, an exclusion or a reserve of charge."""
    if rng.random() < 0.6:
        return ProblemSpec()
    terms: dict[str, object] = {}
    if rng.random() < 0.4:
        terms["margin"] = round(float(rng.uniform(0, 0.3)), 3)
    if rng.random() < 0.3:
        terms["max_kw_per_home"] = round(float(rng.uniform(0.5, 5)), 2)
    if rng.random() < 0.3:
        terms["max_share_per_home"] = round(float(rng.uniform(0.1, 0.9)), 2)
    if rng.random() < 0.3:
        terms["soc_reserve_fraction"] = round(float(rng.uniform(0.1, 0.6)), 2)
    if rng.random() < 0.2:
        terms["exclude_personas"] = ["conservative"]
    if rng.random() < 0.3:
        terms["satisfaction_weight_usd"] = round(float(rng.uniform(0, 0.5)), 3)
    return ProblemSpec.model_validate(terms)
