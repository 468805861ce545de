"""What every model of homes' flexibility offers to the rest of gridpact."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from gridpact.errors import InfeasibleError
from gridpact.flexibility.batch import CurveBatch, HomeBatch, ScheduleBatch
from gridpact.flexibility.home import Ask, Commitment, CostCurve, HomeProblem, Schedule
from gridpact.flexibility.promises import AskBatch, CommitmentBatch


@dataclass(slots=True)
class Tally:
    """How many home problems were solved (baselines, curves, plans), and how many of them HiGHS had to solve."""

    solved: int = 0
    by_highs: int = 0

    def add(self, solved: int, by_highs: int) -> None:
        """Count ``solved`` more problems, ``by_highs`` of them solved by HiGHS."""
        self.solved += solved
        self.by_highs += by_highs


class FlexibilityModel(Protocol):
    """Prices and plans many homes at a time. Implementations keep no state between calls that changes an answer.

    A model of single homes becomes one by `OneByOne`.
    """

    @property
    def tally(self) -> Tally:
        """What has been solved so far."""
        ...

    def baselines(self, homes: HomeBatch) -> ScheduleBatch:
        """Each home's cheapest schedule without a VPP; ties by least throughput, then earliest charging.

        Raises:
            InfeasibleError: a home's own data allow no schedule; the message names the home and the cause.
        """
        ...

    def cost_curves(
        self,
        homes: HomeBatch,
        baselines: ScheduleBatch,
        commitments: CommitmentBatch,
        asks: AskBatch,
        levels: int = 8,
    ) -> CurveBatch:
        """What meeting ``asks`` costs each home on top of ``commitments``, at up to ``levels`` equally spaced powers.

        Every power up to the last point can be promised: `schedules` finds a plan that keeps it and costs no more
        than the line between the points says. A home that is not asked has the point at zero only.

        Raises:
            InfeasibleError: a home cannot keep its ``commitments`` themselves.
        """
        ...

    def schedules(
        self, homes: HomeBatch, baselines: ScheduleBatch, commitments: CommitmentBatch
    ) -> tuple[ScheduleBatch, Mapping[int, str]]:
        """Each home's cheapest schedule that keeps every commitment; ties as for the baseline.

        Returns:
            The schedules (the baseline of a home without commitments, and of one that cannot keep them all), and for
            each home that cannot keep them all, by its number, why; the text names the first that cannot be kept.
        """
        ...


class OneByOne(ABC):
    """A `FlexibilityModel` made of a model of single homes, asked home by home."""

    @cached_property
    def tally(self) -> Tally:
        """What has been solved so far; all of it one by one."""
        return Tally()

    @abstractmethod
    def baseline(self, home: HomeProblem) -> Schedule:
        """See `FlexibilityModel.baselines`."""

    @abstractmethod
    def cost_curve(
        self, home: HomeProblem, baseline: Schedule, commitments: Sequence[Commitment], ask: Ask, levels: int = 8
    ) -> CostCurve:
        """See `FlexibilityModel.cost_curves`."""

    @abstractmethod
    def schedule(self, home: HomeProblem, baseline: Schedule, commitments: Sequence[Commitment]) -> Schedule:
        """The cheapest schedule that keeps every commitment; ties as for the baseline.

        Raises:
            InfeasibleError: no schedule keeps them all; the message names the first that cannot be kept.
        """

    def baselines(self, homes: HomeBatch) -> ScheduleBatch:
        """See `FlexibilityModel.baselines`."""
        self.tally.add(len(homes), len(homes))
        return ScheduleBatch.of(self.baseline(home) for home in homes)

    def cost_curves(
        self,
        homes: HomeBatch,
        baselines: ScheduleBatch,
        commitments: CommitmentBatch,
        asks: AskBatch,
        levels: int = 8,
    ) -> CurveBatch:
        """See `FlexibilityModel.cost_curves`."""
        asked = int(asks.asked.sum())
        self.tally.add(asked, asked)
        curves = [
            self.cost_curve(
                homes.home(number), baselines.home(number), commitments.of_home(number), asks.home(number), levels
            )
            if asks.asked[number]
            else CostCurve(home_id=homes.home_ids[number], quantity_kw=np.zeros(1), cost_usd=np.zeros(1))
            for number in range(len(homes))
        ]
        return CurveBatch.of(curves)

    def schedules(
        self, homes: HomeBatch, baselines: ScheduleBatch, commitments: CommitmentBatch
    ) -> tuple[ScheduleBatch, Mapping[int, str]]:
        """See `FlexibilityModel.schedules`."""
        rows, plans, broken = [], [], {}
        self.tally.add(len(commitments.bound), len(commitments.bound))
        for number in commitments.bound.tolist():
            try:
                plan = self.schedule(homes.home(number), baselines.home(number), commitments.of_home(number))
            except InfeasibleError as problem:
                broken[number] = str(problem)
            else:
                rows.append(number)
                plans.append(plan)
        if not rows:
            return baselines, broken
        return baselines.with_rows(np.array(rows, dtype=np.int64), ScheduleBatch.of(plans)), broken
