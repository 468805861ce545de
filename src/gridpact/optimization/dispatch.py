"""Dispatch: every home's plan that keeps what it has promised."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from gridpact.errors import InfeasibleError, InputError
from gridpact.flexibility.home import Commitment, HomeProblem, Schedule
from gridpact.flexibility.model import FlexibilityModel

A = TypeVar("A")
B = TypeVar("B")


class Spread(Protocol):
    """How work on independent homes is spread; the built-in ``map`` is one."""

    def __call__(self, function: Callable[[A], B], items: Iterable[A], /) -> Iterator[B]:
        """Apply ``function`` to each item, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenPromise:
    """A commitment that no schedule of its home keeps together with the earlier ones."""

    home_id: str
    commitment: Commitment
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchPlan:
    """What every home is to do."""

    schedules: tuple[Schedule, ...]
    """In the order of the homes."""
    broken: tuple[BrokenPromise, ...] = ()
    """Commitments that could not be planned; the home keeps its others."""


def plan_dispatch(
    homes: Sequence[HomeProblem],
    baselines: Sequence[Schedule],
    commitments: Mapping[str, Sequence[Commitment]],
    model: FlexibilityModel,
    *,
    spread: Spread = map,
) -> DispatchPlan:
    """Each home's cheapest schedule that keeps its commitments; its baseline where it has none.

    Where a home cannot keep them all, the latest award gives way first, and is reported.

    Args:
        homes: the homes' problems.
        baselines: their frozen schedules, in the same order.
        commitments: promises by home id, in the order of award.
        model: plans one home.
        spread: how homes are spread over workers.

    Raises:
        InputError: commitments of an unknown home, or lists of different length.
    """
    if len(homes) != len(baselines):
        raise InputError(f"dispatch: {len(homes)} homes but {len(baselines)} baselines")
    unknown = set(commitments) - {home.home_id for home in homes}
    if unknown:
        raise InputError(f"dispatch: commitments of home {min(unknown)!r}, which is not in the fleet")
    work = [
        (home, baseline, tuple(commitments.get(home.home_id, ())))
        for home, baseline in zip(homes, baselines, strict=True)
    ]
    plans = list(spread(partial(_plan, model), work))
    return DispatchPlan(
        schedules=tuple(schedule for schedule, _ in plans),
        broken=tuple(promise for _, promises in plans for promise in promises),
    )


def _plan(
    model: FlexibilityModel, work: tuple[HomeProblem, Schedule, tuple[Commitment, ...]]
) -> tuple[Schedule, tuple[BrokenPromise, ...]]:
    home, baseline, promises = work
    broken: list[BrokenPromise] = []
    while promises:
        try:
            return model.schedule(home, baseline, promises), tuple(broken)
        except InfeasibleError as problem:
            broken.append(BrokenPromise(home_id=home.home_id, commitment=promises[-1], reason=str(problem)))
            promises = promises[:-1]
    return baseline, tuple(broken)
