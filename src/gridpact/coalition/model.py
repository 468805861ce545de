"""The CVXPY model behind formation and its diagnosis. CVXPY is imported when a model is built, not before."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from gridpact.coalition.problem import FormationProblem

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


LARGEST_DENSE = 1_000_000
"""Homes times rows up to which the total is written out in every home's row."""


def cvxpy() -> Any:
    """CVXPY, which takes a second to import."""
    return import_module("cvxpy")


class CoalitionModel:
    """Activation ``x`` of rows (options, or price levels of several options) in each scenario, and sums of it.

    Rows nest along the scenarios and keep their widths and the market's request; everything else is a term's.
    """

    def __init__(
        self,
        problem: "FormationProblem",
        *,
        row_home: Ints,
        row_kw: Floats,
        row_price: Floats,
        tightened_by: float = 0.0,
    ) -> None:
        """Rows of home (index), width [kW] and price; ``row_home`` is ignored by terms on the total only.

        ``tightened_by`` is kept in hand of every sum of money, against rounding [price unit * kW].
        """
        cp = cvxpy()
        self.problem = problem
        self.row_price = row_price
        self.row_kw = row_kw
        self.tightened_by = tightened_by
        rows, scenarios = len(row_kw), problem.scenarios
        ceiling = np.repeat(row_kw[:, None], scenarios, axis=1)
        self.x = cp.Variable((rows, scenarios), bounds=[np.zeros_like(ceiling), ceiling])
        self.total = cp.sum(self.x, axis=0)
        self.available_kw = float(row_kw.sum())
        self.offering, position = np.unique(row_home, return_inverse=True)
        """Indices of the homes that have a row."""
        self._home_of_row = position
        self.request: Any = self.total <= problem.requested_kw
        self.nesting: list[Any] = [self.x[:, :-1] <= self.x[:, 1:]] if scenarios > 1 else []
        self.extra: list[Any] = []
        self._running: Any = None
        self._homes: Any = None

    @property
    def homes(self) -> Any:
        """Sum of each offering home's rows, expression of shape (offering homes, S) [kW]."""
        if self._homes is None:
            from scipy.sparse import csr_array

            rows = len(self._home_of_row)
            incidence = csr_array(
                (np.ones(rows), (self._home_of_row, np.arange(rows))), shape=(len(self.offering), rows)
            )
            self._homes = incidence @ self.x
        return self._homes

    @property
    def total_by_home(self) -> Any:
        """The scenario totals once for each offering home, expression of shape (offering homes, S) [kW]."""
        total = self.total
        if len(self.offering) * len(self._home_of_row) > LARGEST_DENSE:
            # Written out, every home's row would name every option; a variable for the sum keeps the rows short.
            total = cvxpy().Variable(self.problem.scenarios)
            self.extra.append(total == self.total)
        return np.ones((len(self.offering), 1)) @ total[None, :]

    @property
    def has_running(self) -> bool:
        """Whether a term has asked for `running`."""
        return self._running is not None

    def running(self) -> Any:
        """Boolean (S,): whether the scenario's coalition exists."""
        cp = cvxpy()
        if self._running is None:
            self._running = cp.Variable(self.problem.scenarios, boolean=True)
            most = min(self.problem.requested_kw, self.available_kw)
            self.extra.append(self.total <= most * self._running)
        return self._running

    def booleans(self, shape: tuple[int, ...]) -> Any:
        """New boolean variables."""
        cp = cvxpy()
        return cp.Variable(shape, boolean=True)

    def integers(self, count: int, *, most: int) -> Any:
        """New integer variables from 0 to ``most``, shape (count,)."""
        cp = cvxpy()
        return cp.Variable(count, integer=True, bounds=[np.zeros(count), np.full(count, float(most))])

    def slack(self) -> Any:
        """A new scalar that is not negative."""
        cp = cvxpy()
        return cp.Variable(nonneg=True)

    def money_left(self) -> Any:
        """What each scenario's pay leaves after margin and option cost, expression (S,) [price unit * kW].

        What is kept in hand against rounding is so only in scenarios that run.
        """
        left = cvxpy().multiply(self.problem.payable_prices, self.total) - self.row_price @ self.x
        return left - self.tightened_by * self.running() if self.tightened_by > 0 else left
