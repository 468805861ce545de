"""Price risk: a mean that gives the worst outcomes more weight, so that formation stays what it is.

Risk aversion a and tail b ask for (1 - a) E[W] + a CVaR_b[W], where CVaR_b is the mean of the worst outcomes of total
probability b (Rockafellar and Uryasev 2000, doi:10.21314/JOR.2000.038). In its dual form it is the least of all means
whose weights are at most probability/b (Artzner et al. 1999). What a bid curve earns rises with the price unless
coupling terms have it otherwise, so that the worst outcomes are those at the lowest prices: weights that are put there
give an upper bound for every bid, which the bid itself attains wherever its outcomes rise with the price.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.errors import UnitRangeError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskAversion:
    """How much the worst outcomes count."""

    aversion: float
    """Weight of the tail's mean, in [0, 1]."""
    tail: float
    """Probability of the tail, in (0, 1]."""

    def __post_init__(self) -> None:
        """Check; raises UnitRangeError."""
        if not 0 <= self.aversion <= 1 or not 0 < self.tail <= 1:
            raise UnitRangeError(f"risk aversion {self.aversion} must lie in [0, 1] and the tail {self.tail} in (0, 1]")

    def weights(self, probabilities: Floats) -> Floats:
        """Weights of outcomes, worst first, shape (S,), which sum to what ``probabilities`` do."""
        before = np.cumsum(probabilities) - probabilities
        tail = np.clip(self.tail - before, 0.0, probabilities) / min(self.tail, float(probabilities.sum()))
        weighed = (1.0 - self.aversion) * probabilities + self.aversion * tail
        return np.asarray(weighed / weighed.sum() * float(probabilities.sum()))

    def weighed(self, outcomes: Floats, probabilities: Floats) -> float:
        """(1 - a) E[W] + a CVaR_b[W] of ``outcomes`` in any order, both of shape (S,)."""
        order = np.argsort(outcomes, kind="stable")
        return float((outcomes[order] * self.weights(probabilities[order])).sum())
