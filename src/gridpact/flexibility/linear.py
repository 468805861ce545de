"""Linear and mixed-integer programs as arrays, solved by HiGHS the same way every time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from gridpact.errors import SolverFailedError
from gridpact.flexibility.home import Bools, Floats

Ints = NDArray[np.int32]

FEASIBILITY = 1e-9
"""Primal and dual feasibility tolerance [kW, kWh, USD per unit]."""
TOLERANCES = ("primal_feasibility_tolerance", "dual_feasibility_tolerance", "mip_feasibility_tolerance")
TIME_LIMIT_S = 20.0
"""Safety net for mixed-integer solves; the node limit, which repeats exactly, is meant to bind first [s]."""


class TripletMatrix:
    """A sparse matrix collected entry by entry."""

    def __init__(self) -> None:
        """Start empty."""
        self._rows: list[NDArray[np.int64]] = []
        self._columns: list[NDArray[np.int64]] = []
        self._values: list[Floats] = []

    def add(self, rows: Any, columns: Any, values: Any) -> None:
        """Add entries; the three arguments broadcast against each other."""
        r, c, v = np.broadcast_arrays(
            np.asarray(rows, dtype=np.int64), np.asarray(columns, dtype=np.int64), np.asarray(values, dtype=float)
        )
        self._rows.append(r.ravel())
        self._columns.append(c.ravel())
        self._values.append(v.ravel())

    def compressed(self, columns: int) -> tuple[Ints, Ints, Floats]:
        """Column starts (columns + 1), row indices and values."""
        rows, cols = np.concatenate(self._rows), np.concatenate(self._columns)
        order = np.lexsort((rows, cols))
        starts = np.searchsorted(cols[order], np.arange(columns + 1))
        return starts.astype(np.int32), rows[order].astype(np.int32), np.concatenate(self._values)[order]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Minimise cost @ x with lower <= x <= upper and row_lower <= A x <= row_upper."""

    cost: Floats
    lower: Floats
    upper: Floats
    row_lower: Floats
    row_upper: Floats
    starts: Ints
    indices: Ints
    values: Floats
    integer: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    """Columns that must be whole numbers; empty if none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """A solved program."""

    objective: float
    columns: Floats
    bound: float
    """Proven lower bound of the objective; equals it for a linear program."""


class Solver:
    """One HiGHS instance that keeps its basis while bounds and costs change."""

    def __init__(self, program: Program, *, node_limit: int | None = None) -> None:
        """Load ``program``; ``node_limit`` bounds a mixed-integer search."""
        highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        options: list[tuple[str, Any]] = [
            ("output_flag", False),
            ("threads", 1),
            ("parallel", "off"),
            ("random_seed", 0),
            ("primal_feasibility_tolerance", FEASIBILITY),
            ("dual_feasibility_tolerance", FEASIBILITY),
        ]
        if program.integer.size:
            options += [
                ("mip_feasibility_tolerance", FEASIBILITY),
                ("mip_rel_gap", 0.0),
                ("mip_abs_gap", 1e-8),
                ("mip_max_nodes", node_limit if node_limit is not None else 20_000),
                ("time_limit", TIME_LIMIT_S),
            ]
        else:
            options.append(("solver", "simplex"))
        for name, value in options:
            highs.setOptionValue(name, value)
        self._highs = highs
        self._integer = bool(program.integer.size)
        crossed = program.lower > program.upper
        self._impossible = bool(np.any(program.lower - program.upper > 10 * FEASIBILITY))
        upper = np.where(crossed, program.lower, program.upper)
        self._load(program, upper)

    def _load(self, program: Program, upper: Floats) -> None:
        highs = self._highs
        columns, rows = len(program.cost), len(program.row_lower)
        integer = program.integer.astype(np.int32) if program.integer.size else np.zeros(columns, dtype=np.int32)
        highs.passModel(
            columns,
            rows,
            len(program.values),
            int(highspy.MatrixFormat.kColwise),
            int(highspy.ObjSense.kMinimize),
            0.0,
            program.cost,
            program.lower,
            upper,
            program.row_lower,
            program.row_upper,
            program.starts,
            program.indices,
            program.values,
            integer,
        )
        self._lower, self._upper = program.lower.copy(), upper.copy()
        self._row_lower, self._row_upper = program.row_lower, program.row_upper
        self._all_columns = np.arange(columns, dtype=np.int32)
        self._all_rows = np.arange(rows, dtype=np.int32)

    def set_cost(self, cost: Floats) -> None:
        """Replace the whole objective."""
        self._highs.changeColsCost(len(cost), self._all_columns, cost)

    def set_bounds(self, columns: Sequence[int] | NDArray[np.integer[Any]], lower: Any, upper: Any) -> None:
        """Replace the bounds of some columns."""
        index = np.asarray(columns, dtype=np.int32)
        low = np.broadcast_to(np.asarray(lower, dtype=float), index.shape).copy()
        high = np.broadcast_to(np.asarray(upper, dtype=float), index.shape).copy()
        self._lower[index], self._upper[index] = low, high
        self._highs.changeColsBounds(len(index), index, low, high)

    def solve(self) -> Solution | None:
        """The optimum, or None if nothing is feasible.

        A mixed-integer solve that meets its limit returns the best point found and the bound proven so far.

        Raises:
            SolverFailedError: HiGHS stopped without an answer.
        """
        if self._impossible:
            return None
        highs = self._highs
        highs.run()
        known = highspy.HighsModelStatus
        none = (known.kInfeasible, known.kUnboundedOrInfeasible)
        refused = highs.getModelStatus() in none
        if refused:
            self._run_again()
        status = highs.getModelStatus()
        if status in none:
            return None
        info = highs.getInfo()
        limited = status in (known.kSolutionLimit, known.kTimeLimit, known.kIterationLimit, known.kInterrupt)
        if status != known.kOptimal and not (self._integer and limited):
            raise SolverFailedError(f"HiGHS stopped with status {highs.modelStatusToString(status)!r}")
        if limited and info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            if refused:
                return None
            raise SolverFailedError("HiGHS met its node limit before it found any schedule")
        objective = float(info.objective_function_value)
        return Solution(
            objective=objective,
            columns=np.array(highs.getSolution().col_value),
            bound=float(info.mip_dual_bound) if self._integer else objective,
        )

    def _run_again(self) -> None:
        """Solve what was called infeasible less strictly.

        A baseline's nine decimals can seem to contradict a promise. A linear program's presolve is stricter than its
        tolerance, so that is left out. A mixed-integer search is as strict without it; ten times the tolerance is as
        much as nine decimals need, and finds the optimum that trying all modes finds.
        """
        highs = self._highs
        changed = (
            [(name, FEASIBILITY, 10 * FEASIBILITY) for name in TOLERANCES]
            if self._integer
            else [("presolve", "choose", "off")]
        )
        for name, _, value in changed:
            highs.setOptionValue(name, value)
        if self._integer:
            highs.clearSolver()  # else it answers from memory
        highs.run()
        for name, value, _ in changed:
            highs.setOptionValue(name, value)

    def solve_in_order(self, costs: Sequence[Floats]) -> Solution | None:
        """Minimise ``costs`` one after the other, each without giving up any of the ones before.

        After each solve the program is narrowed to its optimal face: columns and rows with a non-zero dual value are
        held where they are. By complementary slackness these are exactly the points of equal cost, so no cost row
        with a tolerance is needed, and the basis stays feasible for the next objective.
        """
        solution: Solution | None = None
        first = 0.0
        for stage, cost in enumerate(costs):
            self.set_cost(cost)
            found = self.solve()
            if found is None:
                if solution is None:
                    return None
                break
            if stage == 0:
                first = found.objective
            elif abs(float(costs[0] @ found.columns) - first) > 5e-8:
                break
            solution = found
            if stage + 1 < len(costs):
                self._hold_face()
        return solution

    def _hold_face(self) -> None:
        answer = self._highs.getSolution()
        held = np.abs(np.array(answer.col_dual)) > FEASIBILITY
        at = np.clip(np.array(answer.col_value), self._lower, self._upper)
        if held.any():
            self.set_bounds(self._all_columns[held], at[held], at[held])
        dual, value = np.array(answer.row_dual), np.array(answer.row_value)
        rows = (np.abs(dual) > FEASIBILITY) & (self._row_lower != self._row_upper)
        if rows.any():
            nearer_low = np.abs(value - self._row_lower) < np.abs(value - self._row_upper)
            side = np.where(nearer_low, self._row_lower, self._row_upper)[rows]
            self._highs.changeRowsBounds(int(rows.sum()), self._all_rows[rows], side, side)
