"""Many homes stacked in one linopy model, solved by HiGHS through its direct interface."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import linopy
import numpy as np
import xarray as xr

from gridpact.flexibility.home import Floats, HomeProblem


def write_model(homes: Sequence[HomeProblem]) -> Any:
    """One model with the dimensions home, time and, for vehicles, session; its objective is the sum of all costs."""
    count, periods, h = len(homes), homes[0].periods, homes[0].step_h
    place = {"home": np.arange(count), "time": np.arange(periods)}
    slots = max((len(home.sessions) for home in homes), default=0)

    def series(name: str) -> Any:
        return xr.DataArray(np.array([getattr(home, name) for home in homes]), dims=("home", "time"), coords=place)

    def number(name: str) -> Any:
        return xr.DataArray(
            np.array([getattr(home, name) for home in homes], dtype=float), coords={"home": place["home"]}
        )

    has = xr.DataArray(np.array([float(home.has_battery) for home in homes]), coords={"home": place["home"]})
    load, sun = series("load_kw"), series("solar_kw")
    buying, selling = series("import_usd_per_kwh"), series("export_usd_per_kwh")
    start = number("battery_start_kwh")
    floor = xr.DataArray(np.zeros((count, periods)), dims=("home", "time"), coords=place) + number("battery_floor_kwh")
    floor[:, -1] = np.maximum(floor[:, -1], start)
    most_sold = xr.DataArray(
        np.array([np.inf if home.export_allowed else 0.0 for home in homes]), coords={"home": place["home"]}
    )

    model = linopy.Model()
    flat = xr.zeros_like(load)
    buy = model.add_variables(lower=flat, name="buy")
    sell = model.add_variables(lower=flat, upper=flat + most_sold, name="sell")
    charge = model.add_variables(lower=flat, upper=flat + number("battery_charge_kw") * has, name="charge")
    discharge = model.add_variables(lower=flat, upper=flat + number("battery_discharge_kw") * has, name="discharge")
    ceiling = np.maximum(flat + number("battery_ceiling_kwh"), floor)
    stored = model.add_variables(lower=floor, upper=ceiling, name="stored")
    curtailed = model.add_variables(lower=flat, upper=sun, name="curtailed")

    into, out = number("battery_charge_efficiency"), number("battery_discharge_efficiency")
    kept = stored - stored.shift(time=1).fillna(0) - charge * into * h + discharge * (h / out)
    began = flat.copy()
    began[:, 0] = start
    model.add_constraints(kept == began, name="storage")
    net = buy - sell - charge + discharge - curtailed
    if slots:
        net = net + _add_vehicles(model, homes, slots, place)
    model.add_constraints(net == load - sun, name="meter")
    _add_cycles(model, homes, discharge * (h / out))
    wear = number("battery_wear_usd_per_kwh")
    model.add_objective(((buy * buying - sell * selling + discharge * wear) * h).sum())
    return model


def _add_vehicles(model: Any, homes: Sequence[HomeProblem], slots: int, place: dict[str, Floats]) -> Any:
    """What vehicles give less what they take, by home and time."""
    count, periods, h = len(homes), homes[0].periods, homes[0].step_h
    shape = (count, slots, periods)
    most_in, most_out, least, most, began = (np.zeros(shape) for _ in range(5))
    for i, home in enumerate(homes):
        for k, session in enumerate(home.sessions):
            span = slice(session.first, session.stop)
            most_in[i, k, span], most_out[i, k, span] = home.vehicle_charge_kw, home.vehicle_discharge_kw
            least[i, k, span] = min(home.vehicle_floor_kwh, session.start_kwh)
            least[i, k, session.stop - 1] = max(least[i, k, session.stop - 1], session.required_kwh)
            most[i, k, session.first :] = home.vehicle_capacity_kwh
            began[i, k, session.first] = session.start_kwh
    dims = ("home", "session", "time")
    coords = {"home": place["home"], "session": np.arange(slots), "time": place["time"]}

    def cube(values: Floats) -> Any:
        return xr.DataArray(values, dims=dims, coords=coords)

    def of_home(name: str) -> Any:
        return xr.DataArray(np.array([getattr(home, name) for home in homes]), coords={"home": place["home"]})

    into_car = model.add_variables(lower=cube(np.zeros(shape)), upper=cube(most_in), name="into_car")
    out_of_car = model.add_variables(lower=cube(np.zeros(shape)), upper=cube(most_out), name="out_of_car")
    in_car = model.add_variables(lower=cube(least), upper=cube(most), name="in_car")
    stored = in_car - in_car.shift(time=1).fillna(0) - into_car * of_home("vehicle_charge_efficiency") * h
    model.add_constraints(
        stored + out_of_car * (h / of_home("vehicle_discharge_efficiency")) == cube(began), name="vehicle"
    )
    return (out_of_car - into_car).sum("session")


def _add_cycles(model: Any, homes: Sequence[HomeProblem], drawn: Any) -> None:
    limited = [i for i, home in enumerate(homes) if np.isfinite(home.cycle_limit_kwh)]
    if not limited:
        return
    limit = xr.DataArray(np.array([homes[i].cycle_limit_kwh for i in limited]), coords={"home": limited})
    for k, (first, stop) in enumerate(homes[limited[0]].cycle_windows):
        window = drawn.isel(home=limited, time=slice(first, stop))
        model.add_constraints(window.sum("time") <= limit, name=f"cycles {k}")


def solve_model(model: Any) -> float:
    """Least cost of all homes together [USD]."""
    with _without_banner():
        status, _ = model.solve(
            "highs",
            io_api="direct",
            progress=False,
            output_flag=False,
            threads=1,
            solver="simplex",
            presolve="off",
            primal_feasibility_tolerance=1e-9,
            dual_feasibility_tolerance=1e-9,
        )
    return float(model.objective.value) if status == "ok" else float("nan")


@contextmanager
def _without_banner() -> Iterator[None]:
    """Keep HiGHS, which is loaded before its options are set, from printing."""
    sys.stdout.flush()
    kept = os.dup(1)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
