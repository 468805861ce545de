"""How a CVXPY problem is solved, and what may come of it."""

import warnings
from dataclasses import dataclass
from typing import Any, Protocol

from gridpact.errors import InfeasibleError, OptimizationError, SolverFailedError, UnboundedError

MOST_NODES = 20_000
"""Branch-and-bound nodes after which the best coalition found is used and its gap reported."""
MOST_WORK = 1_000_000
"""The same limit as nodes times variables, for larger problems."""
EXACT_VARIABLES = 3_000
"""Up to this size a mixed-integer problem is solved to a gap of 1e-8, beyond it to 1e-4."""


class Solver(Protocol):
    """Solves a CVXPY problem in place."""

    @property
    def name(self) -> str:
        """What to call the solver in results."""
        ...

    def __call__(self, problem: Any) -> None:
        """Solve ``problem``; any exception counts as the solver's failure."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Highs:
    """HiGHS on one thread, with a fixed seed and limits that count work, not seconds: same problem, same answer."""

    name: str = "HiGHS"
    most_nodes: int = MOST_NODES

    def __call__(self, problem: Any) -> None:
        """Solve ``problem`` to tight tolerances."""
        options: dict[str, Any] = {
            "threads": 1,
            "random_seed": 0,
            "primal_feasibility_tolerance": 1e-9,
            "dual_feasibility_tolerance": 1e-9,
        }
        if problem.is_mixed_integer():
            variables = int(sum(variable.size for variable in problem.variables()))
            options |= {
                "mip_feasibility_tolerance": 1e-9,
                "mip_rel_gap": 1e-8 if variables <= EXACT_VARIABLES else 1e-4,
                "mip_abs_gap": 1e-8,
                "mip_max_nodes": min(self.most_nodes, MOST_WORK // max(variables, 1) + 20),
            }
        problem.solve(solver="HIGHS", **options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """What a solver says of the solution it left in the problem's variables."""

    status: str
    """``optimal``, or ``limit`` where it stopped at the best found."""
    gap: float
    """Relative distance to the proven bound; 0 for a linear problem."""


def solve(problem: Any, *, solver: Solver) -> Solved:
    """Solve a CVXPY ``problem``.

    Raises:
        InfeasibleError: no point satisfies the constraints.
        UnboundedError: the objective has no limit.
        SolverFailedError: the solver raised or left no solution.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            solver(problem)
    except OptimizationError:
        raise
    except Exception as failure:
        raise SolverFailedError(f"{solver.name} failed: {type(failure).__name__}: {failure}") from failure
    status = problem.status
    if status in ("infeasible", "infeasible_inaccurate"):
        raise InfeasibleError(f"{solver.name}: no point satisfies every constraint")
    if status in ("unbounded", "unbounded_inaccurate"):
        raise UnboundedError(f"{solver.name}: the objective can grow without limit")
    if status not in ("optimal", "optimal_inaccurate", "user_limit") or any(
        variable.value is None for variable in problem.variables()
    ):
        raise SolverFailedError(f"{solver.name} stopped with status {status!r} and no solution")
    return Solved(status="optimal" if status == "optimal" else "limit", gap=_gap(problem))


def _gap(problem: Any) -> float:
    if not problem.is_mixed_integer():
        return 0.0
    info = getattr(problem.solver_stats, "extra_stats", None)
    gap = float(getattr(info, "mip_gap", 0.0) or 0.0)
    return gap if gap < 1e9 else 1.0
