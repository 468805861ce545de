"""Random options and formation problems for tests."""

from collections.abc import Sequence

import numpy as np

from gridpact.coalition.problem import FormationProblem
from gridpact.coalition.terms import HomeCap, MinimumMembers, MinimumTotal, ShareCap, Term, TotalCap, WholeLots
from gridpact.messages.books import OptionBook


def option_book(rows: Sequence[tuple[str, float, float]]) -> OptionBook:
    """Options from (home, kW, price) rows; homes in the order of first appearance."""
    homes = tuple(dict.fromkeys(home for home, _, _ in rows))
    ordered = sorted(rows, key=lambda row: (homes.index(row[0]), row[2]))
    index = [homes.index(home) for home, _, _ in ordered]
    return OptionBook(
        opportunity_id="o",
        home_ids=homes,
        home_index=np.array(index, dtype=np.int64),
        segment=np.array([index[: k + 1].count(h) for k, h in enumerate(index)], dtype=np.int64),
        quantity_kw=np.array([kw for _, kw, _ in ordered], dtype=float),
        price=np.array([price for _, _, price in ordered], dtype=float),
    )


def random_options(rng: np.random.Generator, *, homes: int, grid_kw: float = 0.5) -> OptionBook:
    """One to three options a home, widths on a grid, whole-cent prices with many ties."""
    rows = []
    for home in range(homes):
        prices = np.unique(
            rng.choice([20.0, 35.0, 40.0, 55.5, 60.0, 79.99, 80.0, 110.0, -5.0], size=rng.integers(1, 4))
        )
        rows += [(f"h{home:02d}", float(rng.integers(1, 7)) * grid_kw, float(price)) for price in prices]
    return option_book(rows)


def random_problem(rng: np.random.Generator, *, lots: bool, members: bool = False) -> FormationProblem:
    """Up to ten homes and four scenarios, with random terms; every number on a half-kW grid."""
    options = random_options(rng, homes=int(rng.integers(1, 11)))
    scenarios = int(rng.integers(1, 5))
    prices = np.sort(rng.choice(np.arange(-10.0, 140.0, 7.5), size=scenarios, replace=False))
    weights = rng.integers(1, 6, size=scenarios).astype(float)
    most = max(options.total_kw * 0.8, 2.0)
    requested = float(np.ceil(rng.uniform(1.0, most) * 2) / 2)
    terms: list[Term] = []
    if lots:
        terms.append(WholeLots(lot_kw=float(rng.choice([0.5, 1.0, 1.5]))))
    if rng.random() < 0.4:
        terms.append(MinimumTotal(limit_kw=float(np.floor(rng.uniform(0.5, requested) * 2) / 2)))
    if rng.random() < 0.3:
        terms.append(HomeCap(limit_kw=float(rng.integers(1, 6)) * 0.5))
    if rng.random() < 0.3:
        terms.append(TotalCap(limit_kw=float(np.ceil(rng.uniform(0.5, requested) * 2) / 2)))
    if rng.random() < 0.4:
        terms.append(ShareCap(fraction=float(rng.choice([0.2, 0.25, 0.4, 0.5]))))
    if members:
        terms.append(MinimumMembers(count=int(rng.integers(1, 5)), available_kw=options.per_home_kw()))
    return FormationProblem(
        options=options,
        prices=prices,
        probabilities=weights / weights.sum(),
        window_h=float(rng.choice([0.5, 1.0, 2.0])),
        requested_kw=requested,
        margin=float(rng.choice([0.0, 0.0, 0.1, 0.3])),
        max_segments=int(rng.choice([0, 1, 2])),
        terms=tuple(terms),
    )


def wide_problem(rng: np.random.Generator, *, homes: int, scenarios: int) -> FormationProblem:
    """Many homes of one to three options, with terms that couple them drawn at random."""
    counts = rng.integers(1, 4, homes)
    home = np.repeat(np.arange(homes), counts)
    segment = np.arange(len(home)) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    steps = np.round(rng.uniform(0.01, 25.0, len(home)), 2)
    opening = np.repeat(np.round(rng.uniform(20.0, 120.0, homes), 2), counts)
    running = np.cumsum(steps)
    price = np.round(opening + running - np.repeat(running[np.cumsum(counts) - counts], counts), 2)
    options = OptionBook(
        opportunity_id="o",
        home_ids=tuple(f"h{number:05d}" for number in range(homes)),
        home_index=home,
        segment=segment,
        quantity_kw=np.round(rng.uniform(0.2, 3.0, len(home)), 3),
        price=price,
    )
    requested = round(options.total_kw * float(rng.uniform(0.3, 0.8)), 3)
    prices = np.unique(np.round(rng.lognormal(np.log(75.0), 0.4, scenarios), 2))
    terms: list[Term] = []
    if rng.random() < 0.6:
        terms.append(ShareCap(fraction=float(rng.choice([1.2, 2.0, 5.0])) / homes))
    if rng.random() < 0.5:
        count = int(homes * rng.uniform(0.2, 0.7))
        terms.append(MinimumMembers(count=count, available_kw=options.per_home_kw()))
    if rng.random() < 0.4:
        terms.append(MinimumTotal(limit_kw=round(requested * 0.2, 3)))
    if rng.random() < 0.3:
        terms.append(WholeLots(lot_kw=max(1.0, round(requested / 50, 1))))
    return FormationProblem(
        options=options,
        prices=prices,
        probabilities=np.full(len(prices), 1.0 / len(prices)),
        window_h=2.0,
        requested_kw=requested,
        margin=float(rng.choice([0.0, 0.1])),
        max_segments=int(rng.choice([0, 0, 2, 10])),
        terms=tuple(terms),
        gain_usd_per_kw=rng.uniform(0.0, 0.02, homes) if rng.random() < 0.5 else None,
    )
