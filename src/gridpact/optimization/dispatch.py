"""Dispatch: every home's plan that keeps what it has promised."""

from dataclasses import dataclass

import numpy as np

from gridpact.errors import InputError
from gridpact.flexibility.batch import HomeBatch, ScheduleBatch
from gridpact.flexibility.home import Commitment
from gridpact.flexibility.model import FlexibilityModel
from gridpact.flexibility.promises import CommitmentBatch


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenPromise:
    """A commitment that no schedule of its home keeps together with the earlier ones."""

    home_id: str
    commitment: Commitment
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DispatchPlan:
    """What every home is to do."""

    schedules: ScheduleBatch
    """In the order of the homes."""
    broken: tuple[BrokenPromise, ...] = ()
    """Commitments that could not be planned; the home keeps its others."""


def plan_dispatch(
    homes: HomeBatch, baselines: ScheduleBatch, commitments: CommitmentBatch, model: FlexibilityModel
) -> DispatchPlan:
    """Each home's cheapest schedule that keeps its commitments; its baseline where it has none.

    Where a home cannot keep them all, the latest award gives way first, and is reported.

    Args:
        homes: the homes' problems.
        baselines: their frozen schedules, in the same order.
        commitments: promises by home, in the order of award.
        model: plans the homes.

    Raises:
        InputError: homes, baselines and commitments of different numbers of homes.
    """
    if not len(homes) == len(baselines) == commitments.homes:
        raise InputError(
            f"dispatch: {len(homes)} homes, {len(baselines)} baselines and commitments of {commitments.homes} homes"
        )
    schedules, failed = model.schedules(homes, baselines, commitments)
    broken: dict[int, list[BrokenPromise]] = {}
    while failed:
        rows = np.array(sorted(failed), dtype=np.int64)
        last = np.searchsorted(commitments.home, rows, side="right") - 1
        for home, row in zip(rows.tolist(), last.tolist(), strict=True):
            broken.setdefault(home, []).append(
                BrokenPromise(home_id=homes.home_ids[home], commitment=commitments.item(row), reason=failed[home])
            )
        left = np.isin(commitments.home, rows)
        left[last] = False
        commitments = commitments.where(left)
        again, failed = model.schedules(homes, baselines, commitments)
        schedules = schedules.with_rows(rows, again.take(rows))
    return DispatchPlan(
        schedules=schedules, broken=tuple(promise for home in sorted(broken) for promise in broken[home])
    )
