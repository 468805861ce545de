"""A home as one linear program for HiGHS by highspy: sparse arrays made at once, and HiGHS's own warm start."""

from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from gridpact.flexibility.home import Floats, HomeProblem, Schedule

Ints = NDArray[np.int64]

OPTIONS: tuple[tuple[str, Any], ...] = (
    ("output_flag", False),
    ("threads", 1),
    ("solver", "simplex"),
    ("presolve", "off"),
    ("primal_feasibility_tolerance", 1e-9),
    ("dual_feasibility_tolerance", 1e-9),
)
"""The fastest of HiGHS's methods on these programs, and tolerances at which costs can be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearHome:
    """The program of one home: minimise cost @ x, lower <= x <= upper, row_lower <= A x <= row_upper."""

    cost: Floats
    lower: Floats
    upper: Floats
    row_lower: Floats
    row_upper: Floats
    matrix: Any
    """Compressed by column."""
    buy: Ints
    sell: Ints


def write_program(home: HomeProblem, baseline: Schedule | None = None) -> LinearHome:
    """The cheapest day of ``home``; with ``baseline``, what it has to keep once it has promised something.

    Columns: bought and sold, battery in, out and stored, sun curtailed, vehicle in, out and stored while plugged.
    """
    periods, h = home.periods, home.step_h
    plugged = np.concatenate([np.arange(s.first, s.stop) for s in home.sessions] or [np.zeros(0, dtype=np.int64)])
    spots = len(plugged)
    edges = np.cumsum([0, *[periods] * 6, *[spots] * 3])
    buy, sell, charge, discharge, stored, curtailed, into_car, out_of_car, in_car = (
        np.arange(a, b) for a, b in zip(edges[:-1], edges[1:], strict=True)
    )
    size = int(edges[-1])
    cost, lower, upper = np.zeros(size), np.zeros(size), np.full(size, np.inf)
    cost[buy], cost[sell] = home.import_usd_per_kwh * h, -home.export_usd_per_kwh * h
    cost[discharge] = home.battery_wear_usd_per_kwh * h
    if not home.export_allowed:
        upper[sell] = 0.0
    upper[charge] = home.battery_charge_kw if home.has_battery else 0.0
    upper[discharge] = home.battery_discharge_kw if home.has_battery else 0.0
    lower[stored], upper[stored] = home.battery_floor_kwh, max(home.battery_ceiling_kwh, home.battery_start_kwh)
    lower[stored[-1]] = max(home.battery_floor_kwh, home.battery_start_kwh)
    upper[curtailed] = home.solar_kw
    upper[into_car], upper[out_of_car] = home.vehicle_charge_kw, home.vehicle_discharge_kw
    upper[in_car] = home.vehicle_capacity_kwh
    first, last = np.zeros(spots, dtype=bool), np.zeros(spots, dtype=bool)
    began, least = np.zeros(spots), np.zeros(spots)
    at = 0
    for s in home.sessions:
        stop = at + s.stop - s.first
        first[at], last[stop - 1], began[at] = True, True, s.start_kwh
        least[at:stop] = min(home.vehicle_floor_kwh, s.start_kwh)
        kept = s.required_kwh if baseline is None else max(s.required_kwh, baseline.vehicle_soc_kwh[s.stop - 1])
        least[stop - 1] = max(least[stop - 1], kept)
        at = stop
    lower[in_car] = least
    if baseline is not None:
        _keep(home, baseline, (charge, discharge, curtailed, into_car, out_of_car), stored, plugged, lower, upper)

    rows = np.arange(periods)
    car_rows = 2 * periods + np.arange(spots)
    inner, ends = ~first, ~last
    parts = [
        (rows, buy, 1.0),
        (rows, sell, -1.0),
        (rows, charge, -1.0),
        (rows, discharge, 1.0),
        (rows, curtailed, -1.0),
        (plugged, into_car, -1.0),
        (plugged, out_of_car, 1.0),
        (periods + rows, stored, 1.0),
        (periods + rows[1:], stored[:-1], -1.0),
        (periods + rows, charge, -home.battery_charge_efficiency * h),
        (periods + rows, discharge, h / home.battery_discharge_efficiency),
        (car_rows, in_car, 1.0),
        (car_rows[inner], in_car[:-1][ends[:-1]] if spots else in_car, -1.0),
        (car_rows, into_car, -home.vehicle_charge_efficiency * h),
        (car_rows, out_of_car, h / home.vehicle_discharge_efficiency),
    ]
    balance = home.load_kw - home.solar_kw
    from_before = np.zeros(periods)
    from_before[0] = home.battery_start_kwh
    row_lower = row_upper = np.concatenate([balance, from_before, began])
    if np.isfinite(home.cycle_limit_kwh):
        count = len(home.cycle_windows)
        for k, (a, b) in enumerate(home.cycle_windows):
            parts.append(
                (np.full(b - a, len(balance) * 2 + spots + k), discharge[a:b], h / home.battery_discharge_efficiency)
            )
        row_lower = np.concatenate([row_lower, np.full(count, -np.inf)])
        row_upper = np.concatenate([row_upper, np.full(count, home.cycle_limit_kwh)])
    where = np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
    values = np.concatenate([np.full(len(part[0]), part[2]) for part in parts])
    matrix = sparse.csc_array((values, where), shape=(len(row_lower), size))
    return LinearHome(
        cost=cost,
        lower=lower,
        upper=upper,
        row_lower=row_lower,
        row_upper=row_upper,
        matrix=matrix,
        buy=buy,
        sell=sell,
    )


def _keep(
    home: HomeProblem,
    baseline: Schedule,
    settings: tuple[Ints, Ints, Ints, Ints, Ints],
    stored: Ints,
    plugged: Ints,
    lower: Floats,
    upper: Floats,
) -> None:
    """End no emptier than in the baseline, keep the operator's reserve, and in a blackout every setting."""
    lower[stored[-1]] = max(lower[stored[-1]], baseline.battery_soc_kwh[-1] if home.has_battery else 0.0)
    if home.operator_reserve_kwh > 0 and home.has_battery:
        kept = np.minimum(home.operator_reserve_kwh, baseline.battery_soc_kwh)
        lower[stored] = np.maximum(lower[stored], kept)
    upper[stored] = np.maximum(upper[stored], lower[stored])
    if not home.blackout.any():
        return
    charge, discharge, curtailed, into_car, out_of_car = settings
    dark, car_dark = home.blackout, home.blackout[plugged]
    for columns, series, chosen in (
        (charge, baseline.battery_charge_kw, dark),
        (discharge, baseline.battery_discharge_kw, dark),
        (curtailed, baseline.curtailed_kw, dark),
        (into_car, baseline.vehicle_charge_kw[plugged], car_dark),
        (out_of_car, baseline.vehicle_discharge_kw[plugged], car_dark),
    ):
        lower[columns[chosen]] = upper[columns[chosen]] = series[chosen]


class HighsHome:
    """A loaded program; kept between solves, HiGHS starts from its last basis."""

    def __init__(self, program: LinearHome) -> None:
        """Hand ``program`` to HiGHS."""
        self._highs: Any = highspy.Highs()
        for name, value in OPTIONS:
            self._highs.setOptionValue(name, value)
        self._program = program
        matrix = program.matrix
        self._highs.passModel(
            len(program.cost),
            len(program.row_lower),
            matrix.nnz,
            int(highspy.MatrixFormat.kColwise),
            int(highspy.ObjSense.kMinimize),
            0.0,
            program.cost,
            program.lower,
            program.upper,
            program.row_lower,
            program.row_upper,
            matrix.indptr.astype(np.int32),
            matrix.indices.astype(np.int32),
            matrix.data,
            np.zeros(len(program.cost), dtype=np.int32),
        )

    def solve(self) -> float:
        """Least cost [USD]; NaN if there is no plan."""
        self._highs.run()
        if self._highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return float("nan")
        return float(self._highs.getInfo().objective_function_value)

    def reprice(self, cost: Floats) -> None:
        """Replace all prices."""
        self._highs.changeColsCost(len(cost), np.arange(len(cost), dtype=np.int32), cost)

    def promise(self, first: int, stop: int, net_kw: Floats) -> None:
        """Hold the meter at ``net_kw`` from interval ``first`` up to ``stop``."""
        for columns, value in (
            (self._program.buy, np.maximum(net_kw, 0.0)),
            (self._program.sell, np.maximum(-net_kw, 0.0)),
        ):
            self._highs.changeColsBounds(stop - first, columns[first:stop].astype(np.int32), value, value)
