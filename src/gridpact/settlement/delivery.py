"""Metered delivery against what was promised."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gridpact.errors import InputError
from gridpact.settlement.premises import Floats


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What came of one promise. For reserve, energy means power held times hours."""

    promise: Promise
    committed_kwh: float
    delivered_kwh: float

    @property
    def shortfall_kwh(self) -> float:
        """Promised and not delivered [kWh]."""
        return max(0.0, self.committed_kwh - self.delivered_kwh)


def total_kw(promises: Sequence[Promise], *, reserve: bool, shape: tuple[int, int]) -> Floats:
    """Sum of all energy, or of all reserve, promised in each interval, shape (H, T) [kW]."""
    total = np.zeros(shape)
    for promise in promises:
        if promise.reserve == reserve:
            total[promise.home, promise.first : promise.stop] += promise.quantity_kw
    return total


def reserve_energy_kwh(promises: Sequence[Promise], *, discharge_efficiency: Floats, shape: tuple[int, int]) -> Floats:
    """Energy in the cells that must stand behind the reserve in each interval, shape (H, T) [kWh]."""
    needed = np.zeros(shape)
    for promise in promises:
        if promise.reserve:
            drawn = promise.quantity_kw * promise.sustain_h / discharge_efficiency[promise.home]
            needed[promise.home, promise.first : promise.stop] += drawn
    return needed


def measure(
    promises: Sequence[Promise],
    *,
    baseline_net_kw: Floats,
    realised_net_kw: Floats,
    held_kw: Floats,
    step_h: float,
) -> tuple[Delivery, ...]:
    """What was delivered on each promise, in the order given, which is the order of award.

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
    given = np.asarray(baseline_net_kw - realised_net_kw, dtype=np.float64)
    held = np.array(held_kw, dtype=np.float64)
    found = []
    for promise in promises:
        rest = held if promise.reserve else given
        window = (promise.home, slice(promise.first, promise.stop))
        part = np.clip(rest[window], 0.0, promise.quantity_kw)
        # A solver's rounding is not a shortfall: within a hundredth of a watt the promise was kept.
        part = np.where(part >= promise.quantity_kw - 1e-5, promise.quantity_kw, part)
        rest[window] -= part
        found.append(
            Delivery(
                promise=promise,
                committed_kwh=promise.quantity_kw * (promise.stop - promise.first) * step_h,
                delivered_kwh=float(part.sum()) * step_h,
            )
        )
    return tuple(found)


def rebound_kwh(
    promises: Sequence[Promise], *, baseline_net_kw: Floats, realised_net_kw: Floats, step_h: float
) -> Floats:
    """Energy that each home took back outside its windows, shape (H,) [kWh].

    Counted for homes with a promise of this run, over intervals outside those promises' windows, wherever realised
    net load is above the baseline's.
    """
    more = np.maximum(realised_net_kw - baseline_net_kw, 0.0) * step_h
    outside = np.zeros(more.shape, dtype=np.bool_)
    mine = [promise for promise in promises if not promise.earlier]
    for promise in mine:
        outside[promise.home] = True
    for promise in mine:
        outside[promise.home, promise.first : promise.stop] = False
    return np.asarray(np.where(outside, more, 0.0).sum(axis=1), dtype=np.float64)
