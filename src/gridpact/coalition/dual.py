"""Upper bounds of what coalitions can be worth, by Lagrangian relaxation; an instance of any size takes array passes.

For one scenario, or a group that shares a coalition, three links between homes are priced: that their power adds up
to the total (lambda, per kW), that the market's pay covers the options' cost (mu), and that enough homes take part (nu,
per member). What is left falls apart into homes once the total is fixed, and is concave in the total, so that the best
total is found exactly, in whole lots, and a share of the total stays what it is. By weak duality every choice of
multipliers gives a valid bound; a cutting-plane method in a box (Kelley 1960) looks for the lowest. Held and Karp
(1971) and Geoffrion (1974) are the sources of the relaxation. Nesting is relaxed too: scenarios are bounded one by one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact import units
from gridpact.coalition.problem import FormationProblem, cumulative_within_homes
from gridpact.coalition.scan import TotalLimits, limits_of
from gridpact.coalition.terms import MinimumMembers
from gridpact.coalition.whole_watts import watts_below

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

WATT = 0.001
MOST_CUTS = 60
"""Evaluations for one scenario; the bound of the best of them is valid however many there are."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pool:
    """The options of a formation problem, and what its terms say, as arrays; worths in price unit * kW."""

    price: Floats
    """Shape (n,), as the next four."""
    gain: Floats
    """Worth of satisfaction per kW, in the price unit."""
    width_kw: Floats
    before_kw: Floats
    """Power of the same home's cheaper options."""
    home: Ints
    homes: int
    limits: TotalLimits
    """Least, most and step of a total [W]."""
    share: float | None
    """Largest share of the total that one home has, before rounding up to a watt."""
    members: int
    """Least number of homes."""
    most_members: float
    """Largest number of homes; bounds know it only by the total that so many can have."""
    cost_limit: float
    """Most that a coalition may cost; bounds know it only by the total that it buys."""
    member_kw: Floats
    """Power from which a home counts, shape (homes,)."""
    able: Bools
    """Homes that can count as members, shape (homes,)."""
    edge_w: Ints
    """Where options begin and end within their homes, rising, shape (2 n,) [W]."""
    edge_order: Ints
    """Place of each edge among all beginnings followed by all ends, shape (2 n,)."""

    @classmethod
    def of(cls, problem: FormationProblem) -> "Pool":
        """The arrays of ``problem``."""
        options, home = problem.options, problem.options.home_index
        width = watts_below(problem.usable_kw()) / 1000.0
        before = cumulative_within_homes(home, width)
        gain = np.zeros(len(width))
        if problem.gain_usd_per_kw is not None:
            gain = problem.gain_usd_per_kw[home] * units.KW_PER_MW / problem.window_h
        share = min((term.share_kw(1.0) for term in problem.terms), default=np.inf)
        members, member_kw = 0, np.zeros(problem.homes)
        for term in problem.terms:
            if isinstance(term, MinimumMembers) and term.count > members:
                members, member_kw = term.count, np.ceil(term.member_kw * 1000.0 - 1e-3) / 1000.0
        able = (problem.home_totals(width) >= member_kw - 1e-9) & (member_kw > 0)
        begin_w, width_w = (np.round(kw * 1000.0).astype(np.int64) for kw in (before, width))
        edges = np.concatenate([begin_w, begin_w + width_w])
        order = np.argsort(edges, kind="stable")
        return cls(
            price=options.price,
            gain=gain,
            width_kw=width,
            before_kw=before,
            home=home,
            homes=problem.homes,
            limits=limits_of(problem),
            share=float(share) if np.isfinite(share) else None,
            members=members,
            most_members=min((term.most_members for term in problem.terms), default=np.inf),
            cost_limit=min((term.cost_limit for term in problem.terms), default=np.inf),
            member_kw=member_kw,
            able=able,
            edge_w=edges[order],
            edge_order=order,
        )

    @property
    def hopeless(self) -> bool:
        """Whether there cannot be a coalition at all."""
        return self.limits.least > self.limits.most or int(self.able.sum()) < self.members


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A bound and where it was found."""

    value: float
    """Most that a coalition is worth at the mean price, at least 0 [price unit * kW]."""
    total_w: int
    """A total that attains it in the relaxation [W]."""
    multipliers: tuple[float, float, float]
    """lambda, mu, nu."""


def total_of(weights: Floats, amounts: Floats | Ints) -> float:
    """Sum of ``weights`` times ``amounts``, in the same order of additions on every machine and with any threads."""
    return float((weights * amounts).sum())


def lowest_bound(
    pool: Pool, *, price: float, payable: float, start: tuple[float, float, float] | None = None, cuts: int = MOST_CUTS
) -> Bound:
    """The lowest bound found for a coalition that is paid ``price`` and may cost ``payable`` per kW on average.

    Args:
        pool: the options and terms.
        price: mean price of the scenarios that share the coalition.
        payable: what the margin leaves of the lowest of their prices.
        start: multipliers to begin with.
        cuts: most evaluations.
    """
    from scipy.optimize import linprog  # takes a while to import, and most runs need none of it

    if pool.hopeless:
        return Bound(value=0.0, total_w=0, multipliers=(price, 0.0, 0.0))
    spread = float(np.ptp(pool.price)) + float(np.ptp(pool.gain)) + 1.0
    at = np.array(start if start is not None else (price, 0.0, 0.0))
    # What a member may cost is at most its power at the widest difference of prices.
    radius = np.array([spread / 4, 0.25, spread * float(pool.member_kw.max(initial=0.0)) / 4 if pool.members else 0.0])
    value, slope, total_w = _relaxed(pool, at, price=price, payable=payable)
    best, centre = Bound(value=value, total_w=total_w, multipliers=(at[0], at[1], at[2])), at
    rows, sides = [np.append(slope, -1.0)], [float(slope @ at) - value]
    for _ in range(cuts - 1):
        if best.value <= 0.0:
            break
        low = centre - radius
        low[1:] = np.maximum(low[1:], 0.0)
        box = [*zip(low, centre + radius, strict=True), (0.0, None)]
        master = linprog(np.array([0.0, 0.0, 0.0, 1.0]), A_ub=np.array(rows), b_ub=np.array(sides), bounds=box)
        if master.status != 0 or best.value - master.fun <= 1e-7 * max(1.0, best.value):
            if master.status != 0 or radius[0] >= spread:
                break
            radius = radius * 4.0
            continue
        at = np.array(master.x[:3])
        value, slope, total_w = _relaxed(pool, at, price=price, payable=payable)
        rows.append(np.append(slope, -1.0))
        sides.append(float(slope @ at) - value)
        if value < best.value:
            if np.any(np.abs(at - centre) >= radius * (1 - 1e-9)):
                radius = radius * 2.0
            best, centre = Bound(value=value, total_w=total_w, multipliers=(at[0], at[1], at[2])), at
        else:
            radius = radius / 2.0
    return best


def _relaxed(pool: Pool, multipliers: Floats, *, price: float, payable: float) -> tuple[float, Floats, int]:
    """Value of the relaxation at some multipliers, a subgradient, shape (3,), and its best total [W]."""
    lam, mu, nu = multipliers
    rent = lam - (1.0 + mu) * pool.price + pool.gain
    worth = np.maximum(rent, 0.0)
    slope = price + mu * payable - lam
    total_w = _best_total(pool, worth, slope)
    total = total_w / 1000.0
    inside = pool.width_kw
    if pool.share is not None:
        inside = np.clip(pool.share * total + WATT - pool.before_kw, 0.0, pool.width_kw)
    taken = np.where(rent > 0, inside, 0.0)
    value = slope * total + total_of(worth, inside)
    gradient = np.array([float(taken.sum()) - total, payable * total - total_of(pool.price, taken), 0.0])
    if pool.members:
        forced = np.clip(pool.member_kw[pool.home] - pool.before_kw, 0.0, pool.width_kw)
        forced = np.where(rent < 0, forced, 0.0)
        loss = np.bincount(pool.home, weights=-rent * forced, minlength=pool.homes)
        joins = pool.able & (loss < nu)
        value += float((nu - loss[joins]).sum()) - nu * pool.members
        pressed = np.where(joins[pool.home], forced, 0.0)
        gradient += [float(pressed.sum()), -total_of(pool.price, pressed), float(joins.sum()) - pool.members]
    if value <= 0.0:
        return 0.0, np.zeros(3), 0
    return value, gradient, total_w


def _best_total(pool: Pool, worth: Floats, slope: float) -> int:
    """The total that is best where a kW of it is worth ``slope``, and homes gain ``worth`` within their shares [W]."""
    limits, share = pool.limits, pool.share
    if share is None:
        return limits.most if slope > 0 else limits.least
    change = np.cumsum(np.concatenate([worth, -worth])[pool.edge_order]) * share
    settled = np.append(np.diff(pool.edge_w) > 0, True)
    falling = np.flatnonzero(settled & (slope + change <= 0.0))
    peak_w = (float(pool.edge_w[falling[0]]) - 1.0) / share if falling.size else float(limits.most)
    below = int(np.floor(min(max(peak_w, limits.least), limits.most) / limits.step + 1e-9)) * limits.step
    # Whole lots on either side of the peak, and one more against rounding.
    candidates = [below + k * limits.step for k in (-1, 0, 1, 2)]

    def gained(total_w: int) -> float:
        within = np.clip(share * total_w / 1000.0 + WATT - pool.before_kw, 0.0, pool.width_kw)
        return slope * total_w / 1000.0 + total_of(worth, within)

    return max((w for w in candidates if limits.least <= w <= limits.most), key=gained)
