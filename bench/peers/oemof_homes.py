"""A home as an energy system of oemof-solph, solved by HiGHS through Pyomo's persistent interface."""

from typing import Any

import numpy as np
import pandas as pd
from oemof import solph

from gridpact.flexibility.home import HomeProblem


def can_be_written(home: HomeProblem) -> bool:
    """Whether oemof-solph has a component for everything that the home has: it has no cycle limits by window."""
    return not np.isfinite(home.cycle_limit_kwh)


def write_model(home: HomeProblem) -> Any:
    """The model of one home: a bus, the meter's two directions, load, sun, and a storage for each device."""
    step = pd.Timedelta(hours=home.step_h)
    index = pd.date_range("2030-01-01 12:00", periods=home.periods + 1, freq=step)
    system = solph.EnergySystem(timeindex=index, infer_last_interval=False)
    bus = solph.Bus("bus")
    flow = solph.flows.Flow
    system.add(
        bus,
        solph.components.Source("buy", outputs={bus: flow(variable_costs=home.import_usd_per_kwh)}),
        solph.components.Sink("load", inputs={bus: flow(nominal_capacity=1.0, fix=home.load_kw)}),
    )
    if home.export_allowed:
        system.add(solph.components.Sink("sell", inputs={bus: flow(variable_costs=-home.export_usd_per_kwh)}))
    if home.solar_kw.any():
        # what is not taken is curtailed
        system.add(solph.components.Source("sun", outputs={bus: flow(nominal_capacity=1.0, maximum=home.solar_kw)}))
    if home.has_battery:
        least = np.full(home.periods + 1, home.battery_floor_kwh / home.battery_capacity_kwh)
        least[-1] = max(least[-1], home.battery_start_kwh / home.battery_capacity_kwh)
        system.add(
            solph.components.GenericStorage(
                "battery",
                inputs={bus: flow(nominal_capacity=home.battery_charge_kw)},
                outputs={
                    bus: flow(nominal_capacity=home.battery_discharge_kw, variable_costs=home.battery_wear_usd_per_kwh)
                },
                nominal_capacity=home.battery_capacity_kwh,
                initial_storage_level=home.battery_start_kwh / home.battery_capacity_kwh,
                min_storage_level=least,
                max_storage_level=home.battery_ceiling_kwh / home.battery_capacity_kwh,
                inflow_conversion_factor=home.battery_charge_efficiency,
                outflow_conversion_factor=home.battery_discharge_efficiency,
                balanced=False,
            )
        )
    for number, session in enumerate(home.sessions):
        plugged = np.zeros(home.periods)
        plugged[session.first : session.stop] = 1.0
        least = np.zeros(home.periods + 1)
        least[session.first : session.stop] = min(home.vehicle_floor_kwh, session.start_kwh) / home.vehicle_capacity_kwh
        least[session.stop :] = session.required_kwh / home.vehicle_capacity_kwh
        system.add(
            solph.components.GenericStorage(
                f"vehicle {number}",
                inputs={bus: flow(nominal_capacity=home.vehicle_charge_kw, maximum=plugged)},
                outputs={bus: flow(nominal_capacity=home.vehicle_discharge_kw, maximum=plugged)},
                nominal_capacity=home.vehicle_capacity_kwh,
                initial_storage_level=session.start_kwh / home.vehicle_capacity_kwh,
                min_storage_level=least,
                inflow_conversion_factor=home.vehicle_charge_efficiency,
                outflow_conversion_factor=home.vehicle_discharge_efficiency,
                balanced=False,
            )
        )
    return solph.Model(system)


def solve_model(model: Any) -> float:
    """Least cost [USD]; oemof-solph raises if there is no plan."""
    model.solve(solver="highs")
    return float(model.objective())
