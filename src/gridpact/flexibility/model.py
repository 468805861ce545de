"""What every model of a home's flexibility offers to the rest of gridpact."""

from collections.abc import Sequence
from typing import Protocol

from gridpact.flexibility.home import Ask, Commitment, CostCurve, HomeProblem, Schedule


class FlexibilityModel(Protocol):
    """Prices and plans one home at a time. Implementations keep no state between calls."""

    def baseline(self, home: HomeProblem) -> Schedule:
        """The home's cheapest schedule without a VPP; ties by least throughput, then earliest charging.

        Raises:
            InfeasibleError: the home's own data allow no schedule; the message names the home and the cause.
        """
        ...

    def cost_curve(
        self,
        home: HomeProblem,
        baseline: Schedule,
        commitments: Sequence[Commitment],
        ask: Ask,
        levels: int = 8,
    ) -> CostCurve:
        """What meeting ``ask`` costs the home on top of ``commitments``, at up to ``levels`` equally spaced powers.

        Every power up to the last point can be promised: `schedule` finds a plan that keeps it and costs no more
        than the line between the points says.

        Raises:
            InfeasibleError: the home cannot keep ``commitments`` themselves.
        """
        ...

    def schedule(self, home: HomeProblem, baseline: Schedule, commitments: Sequence[Commitment]) -> Schedule:
        """The cheapest schedule that keeps every commitment; ties as for the baseline.

        Raises:
            InfeasibleError: no schedule keeps them all; the message names the first that cannot be kept.
        """
        ...
