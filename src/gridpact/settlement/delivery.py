"""Metered delivery against what was promised."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridpact.errors import InputError
from gridpact.settlement.premises import Bools, Floats, Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """Power that one home owes through one window."""

    opportunity_id: str
    home: int
    """Row of the fleet."""
    first: int
    stop: int
    """Window as interval indices, half open."""
    quantity_kw: float
    reserve: bool
    """True: power held ready; false: net load below the baseline's."""
    sustain_h: float = 0.0
    """How long a called reserve must run [h]."""
    reduction_only: bool = False
    """True where the market does not count export."""
    earlier: bool = False
    """True for a promise of an earlier run, which that run settles."""

    def __post_init__(self) -> None:
        """Raise InputError where the window is empty or the quantity is not above zero."""
        if self.stop <= self.first or self.first < 0 or not self.quantity_kw > 0:
            raise InputError(
                f"a promise on {self.opportunity_id!r} needs a window and a quantity above zero; got intervals "
                f"{self.first} to {self.stop} and {self.quantity_kw} kW"
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PromiseBook:
    """Promises in order of award, those of earlier runs first; columns of shape (P,), see `Promise`."""

    opportunity_ids: tuple[str, ...]
    """The opportunities that ``opportunity`` counts; a name may be there twice, once as an earlier run's."""
    opportunity: Ints
    home: Ints
    first: Ints
    stop: Ints
    quantity_kw: Floats
    reserve: Bools
    sustain_h: Floats
    reduction_only: Bools
    earlier: Bools

    @classmethod
    def of(cls, promises: Iterable[Promise]) -> "PromiseBook":
        """Single promises, in their order."""
        items = list(promises)
        names = tuple(dict.fromkeys(item.opportunity_id for item in items))
        place = {name: number for number, name in enumerate(names)}

        def column(name: str, dtype: type) -> NDArray[Any]:
            return np.array([getattr(item, name) for item in items], dtype=dtype)

        return cls(
            opportunity_ids=names,
            opportunity=np.array([place[item.opportunity_id] for item in items], dtype=np.int64),
            home=column("home", np.int64),
            first=column("first", np.int64),
            stop=column("stop", np.int64),
            quantity_kw=column("quantity_kw", np.float64),
            reserve=column("reserve", np.bool_),
            sustain_h=column("sustain_h", np.float64),
            reduction_only=column("reduction_only", np.bool_),
            earlier=column("earlier", np.bool_),
        )

    def __len__(self) -> int:
        """Number of promises P."""
        return len(self.home)

    def in_turn(self, which: Bools) -> Iterator[tuple[Ints, slice]]:
        """The promises in the mask ``which``, shape (P,), in groups that share a window and no home.

        A home's promises come in the order of award, so that array work on one group after another does what a loop
        over the promises would.

        Yields:
            Rows of a group, shape (g,), and its window.
        """
        rows = np.flatnonzero(which)
        order = rows[np.argsort(self.home[rows], kind="stable")]
        homes = self.home[order]
        turn = np.arange(len(order)) - np.searchsorted(homes, homes)
        keys = np.stack([turn, self.first[order], self.stop[order]], axis=1)
        for key in np.unique(keys, axis=0):
            yield order[(keys == key).all(axis=1)], slice(int(key[1]), int(key[2]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Deliveries:
    """What came of each promise, shape (P,). For reserve, energy means power held times hours."""

    promises: PromiseBook
    committed_kwh: Floats
    delivered_kwh: Floats

    @property
    def shortfall_kwh(self) -> Floats:
        """Promised and not delivered [kWh]."""
        return np.maximum(0.0, self.committed_kwh - self.delivered_kwh)


def total_kw(promises: PromiseBook, *, reserve: bool, shape: tuple[int, int]) -> Floats:
    """Sum of all energy, or of all reserve, promised in each interval, shape (H, T) [kW]."""
    total = np.zeros(shape)
    for rows, window in promises.in_turn(promises.reserve == reserve):
        total[promises.home[rows], window] += promises.quantity_kw[rows, None]
    return total


def reserve_energy_kwh(promises: PromiseBook, *, discharge_efficiency: Floats, shape: tuple[int, int]) -> Floats:
    """Energy in the cells that must stand behind the reserve in each interval, shape (H, T) [kWh]."""
    needed = np.zeros(shape)
    drawn = promises.quantity_kw * promises.sustain_h / discharge_efficiency[promises.home]
    for rows, window in promises.in_turn(promises.reserve):
        needed[promises.home[rows], window] += drawn[rows, None]
    return needed


def measure(
    promises: PromiseBook,
    *,
    baseline_net_kw: Floats,
    realised_net_kw: Floats,
    held_kw: Floats,
    step_h: float,
) -> Deliveries:
    """What was delivered on each promise.

    Energy in an interval is the baseline's devices' net load on realised load and sun, less realised net load,
    within 0 and the promise; reserve is the power held, within the promise. Promises that overlap in one home
    share what it gave, the earliest award first: no kilowatt counts twice.

    Args:
        promises: in order of award, those of earlier runs first.
        baseline_net_kw: see `gridpact.settlement.physics.baseline_net`, shape (H, T) [kW].
        realised_net_kw: shape (H, T) [kW].
        held_kw: reserve really held, shape (H, T) [kW].
        step_h: length of an interval [h].
    """
    delivered = np.zeros(len(promises))
    for reserve, rest in ((False, baseline_net_kw - realised_net_kw), (True, held_kw.copy())):
        for rows, window in promises.in_turn(promises.reserve == reserve):
            homes, most = promises.home[rows], promises.quantity_kw[rows, None]
            part = np.clip(rest[homes, window], 0.0, most)
            # A solver's rounding is not a shortfall: within a hundredth of a watt the promise was kept.
            part = np.where(part >= most - 1e-5, most, part)
            rest[homes, window] -= part
            delivered[rows] = part.sum(axis=1) * step_h
    return Deliveries(
        promises=promises,
        committed_kwh=promises.quantity_kw * (promises.stop - promises.first) * step_h,
        delivered_kwh=delivered,
    )


def rebound_kwh(promises: PromiseBook, *, baseline_net_kw: Floats, realised_net_kw: Floats, step_h: float) -> Floats:
    """Energy that each home took back outside its windows, shape (H,) [kWh].

    Counted for homes with a promise of this run, over intervals outside those promises' windows, wherever realised
    net load is above the baseline's.
    """
    more = np.maximum(realised_net_kw - baseline_net_kw, 0.0) * step_h
    outside = np.zeros(more.shape, dtype=np.bool_)
    outside[promises.home[~promises.earlier]] = True
    for rows, window in promises.in_turn(~promises.earlier):
        outside[promises.home[rows], window] = False
    return np.asarray(np.where(outside, more, 0.0).sum(axis=1), dtype=np.float64)
